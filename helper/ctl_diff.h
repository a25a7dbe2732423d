/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What ebpfguardctl diff says with --json: changes as objects in an array. */
#ifndef EG_CTL_DIFF_H
#define EG_CTL_DIFF_H

#include "ctl_json.h"
#include "diff.h"

/* One difference. profile: NULL = of the file as a whole; file: where it is written. */
void eg_ctl_diff_json_change(struct json_object *array, const char *profile,
			     const struct eg_diff *diff, const char *file);

/* How many networks of feeds come and go. */
void eg_ctl_diff_json_networks(struct json_object *array, const char *profile, const char *key,
			       size_t more, size_t less);

/* A profile that comes or goes as a whole. */
void eg_ctl_diff_json_profile(struct json_object *array, const char *profile, bool comes,
			      const char *file, unsigned int line);

#endif
