// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Which profile has which slot of the kernel's, and what is looked up anew for those in force. A
 * slot belongs to a name for as long as a session has it: a profile that was taken out of the
 * configuration keeps its last policy for them.
 */
#include "helper.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "attribute.h"
#include "inforce.h"
#include "log.h"
#include "slots.h"
#include "util.h"

/* ---- table ---- */

struct eg_in_force *eg_in_force_find(const struct eg_helper *helper, const char *name)
{
	for (size_t i = 0; i < helper->n_in_force; i++)
		if (!strcmp(helper->in_force[i].name, name))
			return &helper->in_force[i];
	return NULL;
}

int eg_in_force_match(const struct eg_helper *helper, const struct eg_match_who *who,
		      const struct eg_in_force **ret)
{
	size_t index;
	int r = helper->config ? eg_match_find(helper->config, who, &index, NULL) : -ENOENT;

	if (r < 0)
		return r;
	*ret = eg_in_force_find(helper, helper->config->profiles[index].name);
	return *ret ? 0 : -ENOENT;
}

static bool is_taken(const struct eg_helper *helper, uint32_t slot)
{
	for (size_t i = 0; i < helper->n_in_force; i++)
		if (helper->in_force[i].slot == slot)
			return true;
	return false;
}

static int take(struct eg_helper *helper, const char *name, uint32_t slot)
{
	struct eg_in_force *more;

	if (is_taken(helper, slot))
		return 0;
	more = reallocarray(helper->in_force, helper->n_in_force + 1, sizeof(*more));
	if (!more)
		return -ENOMEM;
	helper->in_force = more;
	more[helper->n_in_force] = (struct eg_in_force){.slot = slot};
	(void)snprintf(more[helper->n_in_force].name, sizeof(more->name), "%s", name);
	helper->n_in_force++;
	return 0;
}

int eg_in_force_load(struct eg_helper *helper)
{
	struct eg_record record;
	uint64_t number = 0;
	int r = 0;

	while (!r && (r = eg_bpf_record_next(helper->bpf, &number)) == 0)
		if (eg_bpf_record_get(helper->bpf, number, &record) == 0)
			r = take(helper, record.profile_name, record.profile);
	r = r == -ENOENT ? 0 : r;
	/* Those that only labels of nested sessions name: their slots are not to be given away. */
	number = 0;
	while (!r && (r = eg_bpf_record_next(helper->bpf, &number)) == 0)
		if (eg_bpf_record_get(helper->bpf, number, &record) == 0 && record.origin)
			r = take(helper, "", record.origin);
	return r == -ENOENT ? 0 : r;
}

void eg_in_force_free(struct eg_helper *helper)
{
	for (size_t i = 0; i < helper->n_in_force; i++) {
		eg_resolved_done(&helper->in_force[i].resolved);
		eg_attribution_free(helper->in_force[i].attribution);
	}
	eg_attribution_free_all(helper);
	free(helper->in_force);
	helper->in_force = NULL;
	helper->n_in_force = 0;
}

int eg_in_force_slots(const struct eg_helper *helper, const struct eg_config_profile *profiles,
		      size_t n, uint32_t *slots, struct eg_err *reterr)
{
	struct eg_slot *taken eg_auto_free = calloc(helper->n_in_force + 1, sizeof(*taken));

	if (!taken)
		return eg_err_fail(reterr, -ENOMEM, "out of memory");
	for (size_t i = 0; i < helper->n_in_force; i++) {
		const struct eg_in_force *entry = &helper->in_force[i];

		taken[i] = (struct eg_slot){
			.name = entry->name, .slot = entry->slot, .left = !entry->profile};
	}
	return eg_slots_assign(taken, helper->n_in_force, profiles, n, slots, reterr);
}

bool eg_in_force_is_used(const struct eg_helper *helper, uint32_t slot)
{
	for (size_t i = 0; i < EG_BUCKETS; i++)
		for (const struct eg_session *s = helper->buckets[i]; s; s = s->next)
			if (s->record.profile == slot || s->record.origin == slot)
				return true;
	return false;
}

size_t eg_in_force_sweep(struct eg_helper *helper, uint32_t slots[EG_PROFILES_MAX])
{
	size_t n = 0, stay = 0;

	for (size_t i = 0; i < helper->n_in_force; i++) {
		struct eg_in_force *entry = &helper->in_force[i];

		if (entry->profile || eg_in_force_is_used(helper, entry->slot)) {
			helper->in_force[stay++] = *entry;
			continue;
		}
		slots[n++] = entry->slot;
		eg_resolved_done(&entry->resolved);
		eg_attribution_retire(helper, entry->attribution, helper->generation);
	}
	helper->n_in_force = stay;
	return n;
}

const char *eg_in_force_feed(const struct eg_helper *helper, uint32_t slot, uint32_t generation,
			     uint32_t line)
{
	const struct eg_config_feed *feed = NULL;
	unsigned int at;

	for (size_t i = 0; i < helper->n_in_force && generation == helper->generation; i++)
		if (helper->in_force[i].slot == slot && helper->in_force[i].profile)
			feed = eg_config_feed_of(helper->in_force[i].profile, line, &at);
	return feed ? feed->path : NULL;
}

/* ---- what has changed on the host ---- */

/* True: the items in force are others now, or not known. */
static bool refresh_exceptions(struct eg_helper *helper, struct eg_in_force *entry)
{
	int r;

	if (!eg_resolve_is_stale(&entry->resolved))
		return false;
	r = eg_resolve_again(helper->bpf, entry->slot, &entry->resolved);
	eg_log(r < 0 ? LOG_ERR : LOG_NOTICE,
	       "programs or mount targets that are exceptions of profile %s have changed: %s",
	       entry->name, r < 0 ? strerror(-r) : "taken in anew");
	return true;
}

static int refresh_places(struct eg_helper *helper, const struct eg_in_force *entry,
			  struct eg_err *err)
{
	struct eg_policy_image image = {.n_groups = entry->profile->n_groups};
	int r;

	image.groups = calloc(image.n_groups + 1, sizeof(*image.groups));
	if (!image.groups)
		image.n_groups = 0;
	r = image.groups
		    ? eg_inforce_places(helper, &helper->place_watch, entry->profile, &image, err)
		    : -ENOMEM;
	if (!r)
		r = eg_bpf_place_rules_renew(helper->bpf, entry->slot, &image);
	eg_policy_done(&image);
	return r;
}

/* One that fails keeps the others from nothing. 0, or the first's negative errno with *err. */
static int refresh_each(struct eg_helper *helper, bool *renewed, struct eg_err *err)
{
	int first = 0;

	for (size_t i = 0; i < helper->n_in_force; i++) {
		struct eg_err one = {0};
		int r = 0;

		if (!helper->in_force[i].profile)
			continue;
		renewed[helper->in_force[i].slot] = true;
		r = refresh_places(helper, &helper->in_force[i], &one);
		if (r >= 0 || first)
			continue;
		first = r;
		*err = one;
	}
	return first;
}

static void refresh_all_places(struct eg_helper *helper, bool *renewed)
{
	struct eg_err err = {0};
	int r;

	eg_places_hold(helper->places);
	r = eg_place_watch_begin(helper->places, &helper->place_watch);
	if (!r) {
		bool all;

		r = refresh_each(helper, renewed, &err);
		all = !eg_inforce_protect(helper, &helper->place_watch, NULL) && !r;
		eg_place_watch_settle(helper->places, &helper->place_watch, all);
	}
	eg_places_release(helper->places);
	if (!r)
		eg_inforce_sweep(helper);
	eg_log(r < 0 ? LOG_ERR : LOG_INFO, "files that rules are about have changed: %s",
	       r >= 0	     ? "taken in anew"
	       : err.text[0] ? err.text
			     : strerror(-r));
}

void eg_in_force_refresh(struct eg_helper *helper, bool renewed[EG_PROFILES_MAX])
{
	int r = eg_inforce_devices(helper);

	if (r < 0)
		eg_log(LOG_ERR, "cannot list the devices that sessions must not open: %s",
		       strerror(-r));
	for (size_t i = 0; i < helper->n_in_force; i++)
		if (helper->in_force[i].profile && refresh_exceptions(helper, &helper->in_force[i]))
			renewed[helper->in_force[i].slot] = true;
	if (helper->config && eg_place_watch_is_stale(helper->places, &helper->place_watch))
		refresh_all_places(helper, renewed);
}

void eg_in_force_renewed(struct eg_helper *helper, const bool renewed[EG_PROFILES_MAX])
{
	for (size_t i = 0; i < helper->n_in_force; i++)
		if (renewed[helper->in_force[i].slot])
			memset(helper->in_force[i].sum, 0, sizeof(helper->in_force[i].sum));
}
