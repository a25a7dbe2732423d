/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Which of the kernel's slots the profiles of a new configuration get. Pure.
 *
 * A slot belongs to a name for as long as the name is configured or a session has it. A
 * configuration has EG_CONFIG_PROFILES_MAX profiles at most, half of the slots: so one that names
 * all of them anew has room beside the one in force, and only what sessions still have from earlier
 * ones can be in its way.
 */
#ifndef EG_SLOTS_H
#define EG_SLOTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "config.h"

/* A slot that is taken. */
struct eg_slot {
	const char *name; /* borrowed; empty = nobody knows by whom */
	uint32_t slot;
	bool left; /* no longer configured: sessions have it from earlier */
};

/*
 * Slots for the n profiles of a configuration, "default" first: those that their names have, and
 * for others free ones. slots: n, filled. Returns 0; -ENOSPC, with reterr saying which profile has
 * none, what is in its way and what to do; its line is the profile's.
 */
int eg_slots_assign(const struct eg_slot *taken, size_t n_taken,
		    const struct eg_config_profile *profiles, size_t n, uint32_t *slots,
		    struct eg_err *reterr);

#endif
