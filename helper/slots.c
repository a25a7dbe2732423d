// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Slots for profiles, see slots.h.
 */
#include "slots.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

enum { NAMED = 4 /* at most, of the profiles that are in the way */ };

static bool is_taken(const struct eg_slot *taken, size_t n_taken, uint32_t slot)
{
	for (size_t i = 0; i < n_taken; i++)
		if (taken[i].slot == slot)
			return true;
	return false;
}

static const struct eg_slot *find(const struct eg_slot *taken, size_t n_taken, const char *name)
{
	for (size_t i = 0; i < n_taken; i++)
		if (strcmp(taken[i].name, name) == 0)
			return &taken[i];
	return NULL;
}

/* Does one of the profiles take this slot over? */
static bool is_wanted(const struct eg_slot *slot, const struct eg_config_profile *profiles,
		      size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (strcmp(slot->name, profiles[i].name) == 0)
			return true;
	return false;
}

/* Says which profile has no slot, and which ones sessions would have to leave. */
static int fail(const struct eg_slot *taken, size_t n_taken,
		const struct eg_config_profile *profiles, size_t n,
		const struct eg_config_profile *last, struct eg_err *reterr)
{
	char names[NAMED * (EG_CONFIG_LABEL_SIZE + 2)] = "", more[48] = "";
	size_t n_left = 0, n_named = 0;

	for (size_t i = 0; i < n_taken; i++) {
		if (!taken[i].left || is_wanted(&taken[i], profiles, n))
			continue;
		n_left++;
		if (n_named == NAMED || !taken[i].name[0])
			continue;
		(void)snprintf(names + strlen(names), sizeof(names) - strlen(names), "%s%s",
			       n_named++ ? ", " : "", taken[i].name);
	}
	if (n_left > n_named)
		(void)snprintf(more, sizeof(more), "%s%zu %s", n_named ? " and " : "",
			       n_left - n_named, n_named ? "more" : "others");
	return eg_err_fail_at(
		reterr, -ENOSPC, last->line,
		"no room for profile \"%s\": sessions still have %zu that are no longer "
		"configured (%s%s); let them end, or give profiles their old names, and reload",
		last->name, n_left, names, more);
}

int eg_slots_assign(const struct eg_slot *taken, size_t n_taken,
		    const struct eg_config_profile *profiles, size_t n, uint32_t *slots,
		    struct eg_err *reterr)
{
	uint32_t next = EG_PROFILE_FIRST + 1;

	for (size_t i = 0; i < n; i++) {
		const struct eg_slot *has = find(taken, n_taken, profiles[i].name);

		if (!i || has) {
			slots[i] = i ? has->slot : EG_PROFILE_FIRST;
			continue;
		}
		while (next < EG_PROFILES_MAX && is_taken(taken, n_taken, next))
			next++;
		if (next == EG_PROFILES_MAX)
			return fail(taken, n_taken, profiles, n, &profiles[i], reterr);
		slots[i] = next++;
	}
	return 0;
}
