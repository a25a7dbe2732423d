/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What is done about an attempt: refuse it, kill who makes it as well, or only report it. Pure.
 *
 * Precedence, the first that applies: the profile's mode "audit"; the restriction's own action; the
 * profile's action; deny.
 */
#ifndef EG_ACTION_H
#define EG_ACTION_H

#include <stddef.h>
#include <stdint.h>

#include "config.h"

enum { EG_ACTION_LIST_SIZE = 128 }; /* the names of all restrictions, NUL included */

/* What is in force for a restriction: DENY, KILL, AUDIT or ALLOW. */
enum eg_action eg_action_of(const struct eg_config_profile *profile, enum eg_restriction on);

/* The restrictions whose action in force is this one: bit n = enum eg_restriction n. */
uint32_t eg_action_mask(const struct eg_config_profile *profile, enum eg_action action);

/* Does the mask hold every restriction there is? */
int eg_action_is_all(uint32_t mask);

/* The names of the mask's restrictions as the configuration has them, separated by commas; "-" when
 * it holds none. Returns buf. */
char *eg_action_list(uint32_t mask, char buf[EG_ACTION_LIST_SIZE]);

#endif
