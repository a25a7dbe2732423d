/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Rules for networks and ports that can never decide, because others come before them wherever they
 * speak. Pure: memory only.
 */
#ifndef EG_POLICY_LIVE_H
#define EG_POLICY_LIVE_H

#include "config.h"

/*
 * Which rules decide about something, as eg_policy_explain_for names them. Feeds do not count: what
 * they say changes.
 * group: NULL: the profile's own rules are asked about, for programs that have none; else the
 * group's, one of the profile's groups. Not all of the profile's rules that come before those of a
 * group are seen, so that some of the latter which never decide may pass for such that do.
 * ret_egress, ret_bind: one for each rule of the list, false before; set where it decides.
 * Returns 0; -ENOMEM; -E2BIG where eg_policy_compile would say so, with group also when the two do
 * not fit together.
 */
int eg_policy_live(const struct eg_config_profile *profile, const struct eg_config_group *group,
		   bool *ret_egress, bool *ret_bind);

#endif
