// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* A configuration on its way into force, step by step (inforce.h), and what is said of it. */
#include "helper.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "action.h"
#include "attribute.h"
#include "fault.h"
#include "hooks.h"
#include "inforce.h"
#include "last_good.h"
#include "log.h"
#include "util.h"
#include "watch.h"

/* ---- what is said of a policy ---- */

/* For people: the rules they wrote, not the entries these became. "*" is of both families. */
static void count_networks(struct eg_in_force *entry, const struct eg_config_profile *profile)
{
	entry->prefixes4 = entry->prefixes6 = 0;
	for (size_t i = 0; i < profile->egress.n; i++) {
		uint16_t family = profile->egress.list[i].spec.net.family;

		entry->prefixes4 += family != AF_INET6;
		entry->prefixes6 += family != AF_INET;
	}
	for (size_t i = 0; i < profile->feeds.n; i++) {
		const struct eg_networks *networks = profile->feeds.list[i].networks;

		for (size_t k = 0; networks && k < networks->n; k++)
			*(networks->list[k].net.family == AF_INET ? &entry->prefixes4
								  : &entry->prefixes6) += 1;
	}
}

static void explain(const struct eg_config *config, int error, struct eg_err *err)
{
	if (!err->file[0])
		(void)snprintf(err->file, sizeof(err->file), "%s", config->file);
	if (err->text[0])
		return;
	if (error == -EOVERFLOW)
		(void)snprintf(
			err->text, sizeof(err->text),
			"too many users, groups, programs, mount targets, names or files: all "
			"policies together, the one in force included, have room for %d "
			"ids and files, %d names and %d rules about files",
			EG_ITEMS_MAX, EG_NAMES_MAX, EG_PLACE_RULES_MAX);
	else if (error == -ENOSPC)
		(void)snprintf(err->text, sizeof(err->text),
			       "too many profiles and groups of rules: those in force, those that "
			       "sessions still have from earlier and the new ones have room for %d "
			       "together; let these sessions end, and reload",
			       EG_POLICIES_MAX - 1);
	else
		(void)snprintf(err->text, sizeof(err->text), "cannot put the policy in force: %s",
			       strerror(-error));
}

static void log_exceptions(const struct eg_helper *helper, const struct eg_in_force *entry)
{
	for (size_t i = 0; i < entry->resolved.n_files; i++) {
		const struct eg_resolved_file *file = &entry->resolved.files[i];

		if (file->trouble)
			eg_log(LOG_WARNING, "%s:%u: %s %s: %s", helper->config->file,
			       file->text->line, file->text->text,
			       file->kind == EG_ITEM_RULES ? "gets no rules of its own"
							   : "is no exception",
			       file->trouble);
	}
}

/* Said at each load: what is denied is not. */
static void log_digests(const struct eg_helper *helper)
{
	if (!helper->digests_seen && eg_inforce_needs(helper->config, &eg_hook_digests))
		eg_log(LOG_WARNING,
		       "%s: exec.deny_sha256 and exec.deny_sha256_files are NOT in force: this "
		       "kernel takes no SHA-256 digests of files. It needs CONFIG_IMA=y with "
		       "SHA-256 as its default, and no other ima_hash= on its command line",
		       helper->config->file);
}

static void add_actions(struct eg_fields *fields, const char *key,
			const struct eg_config_profile *profile, enum eg_action action)
{
	uint32_t mask = eg_action_mask(profile, action);
	char list[EG_ACTION_LIST_SIZE];

	eg_fields_add_word(fields, key, mask ? eg_action_list(mask, list) : NULL);
}

static void log_profile(struct eg_helper *helper, const struct eg_in_force *entry)
{
	const struct eg_config_profile *profile = entry->profile;
	struct eg_fields fields;

	eg_fields_begin(&fields, "POLICY", NULL);
	eg_fields_add_number(&fields, "generation", helper->generation);
	eg_fields_add_word(&fields, "mode", profile->mode == EG_MODE_AUDIT ? "audit" : "enforce");
	eg_fields_add_word(&fields, "profile", entry->name);
	add_actions(&fields, "audit", profile, EG_ACTION_AUDIT);
	add_actions(&fields, "kill", profile, EG_ACTION_KILL);
	eg_fields_add_word(&fields, "default", profile->default_deny ? "deny" : "allow");
	eg_fields_add_number(&fields, "prefixes4", entry->prefixes4);
	eg_fields_add_number(&fields, "prefixes6", entry->prefixes6);
	eg_fields_add_word(&fields, "setuid", profile->deny_setuid ? "deny" : "allow");
	eg_fields_add_word(&fields, "mount", profile->deny_mount ? "deny" : "allow");
	eg_fields_add_number(&fields, "digests", entry->digests);
	eg_fields_add_word(&fields, "file", helper->config->file);
	(void)eg_report_put(helper, LOG_NOTICE, &fields);
}

/* ---- the steps ---- */

/* Is this the policy that the slot had as the load began? */
static bool is_same(const struct eg_load *load, uint32_t slot, const uint8_t sum[EG_SUM_SIZE])
{
	for (size_t i = 0; i < load->n_before; i++)
		if (load->before[i].slot == slot)
			return !memcmp(load->before[i].sum, sum, EG_SUM_SIZE);
	return false;
}

/* What the kernel side's tables do not say. */
static int keep_deciders(const struct eg_load *load, const struct eg_policy_image *image,
			 struct eg_load_profile *one)
{
	uint32_t tables = eg_bpf_policy_tables(one->prepared);

	return eg_attribution_new(image, tables & EG_POLICY_TABLE4, tables & EG_POLICY_TABLE6,
				  one->entry.slot, load->generation, &one->entry.attribution);
}

/* One profile: compiled, and in maps when it is another than before. */
static int prepare_one(struct eg_load *load, size_t i, uint32_t slot, struct eg_load_profile *ret)
{
	const struct eg_config_profile *profile = &load->config->profiles[i];
	struct eg_helper *helper = load->helper;
	struct eg_policy_image image = {0};
	int r = eg_inforce_image(helper, &load->place_watch, load->config->file, profile,
				 &ret->entry.resolved, &image, &load->err);

	if (!r) {
		(void)snprintf(ret->entry.name, sizeof(ret->entry.name), "%s", profile->name);
		ret->entry.slot = slot;
		ret->entry.profile = profile;
		ret->entry.digests = (uint32_t)image.digests.n;
		count_networks(&ret->entry, profile);
		eg_feeds_release(&load->feeds, load->config, i + 1);
		eg_policy_sum(&image, ret->entry.sum);
		if (!is_same(load, slot, ret->entry.sum))
			r = eg_bpf_policy_prepare(helper->bpf, slot, &image, load->generation,
						  &ret->prepared);
	}
	if (!r && ret->prepared)
		r = keep_deciders(load, &image, ret);
	eg_policy_done(&image);
	return r;
}

static int prepare_all(struct eg_load *load)
{
	size_t n = load->config->n_profiles;
	uint32_t *slots eg_auto_free = calloc(n, sizeof(*slots));
	int r;

	load->profiles = eg_fault(load_memory) ? NULL : calloc(n, sizeof(*load->profiles));
	if (!slots || !load->profiles)
		return -ENOMEM;
	r = eg_fault(load_slots)
		    ?: eg_in_force_slots(load->helper, load->config->profiles, n, slots,
					 &load->err);
	for (size_t i = 0; i < n && !r; i++)
		r = prepare_one(load, i, slots[i], &load->profiles[i]);
	return r;
}

/* All that depends on which files there are: while it is held, nothing of it is swept. */
static int look_up(struct eg_load *load)
{
	struct eg_places *places = load->helper->places;
	int r;

	load->looked_up = true;
	eg_places_hold(places);
	r = eg_fault(load_places) ?: eg_place_watch_begin(places, &load->place_watch);
	if (!r)
		r = prepare_all(load);
	if (!r) {
		/* Files may have come and gone; and until the swap, both have feeds. */
		bool all = !eg_inforce_protect(load->helper, &load->place_watch, load->config);

		eg_place_watch_settle(places, &load->place_watch, all);
		r = eg_fault(load_prepared);
	}
	eg_places_release(places);
	return r;
}

void eg_load_begin(struct eg_load *load, struct eg_helper *helper, const char *path, bool keep)
{
	size_t n = helper->n_in_force;

	*load = (struct eg_load){.helper = helper, .path = path, .keep = keep, .log_fd = -1};
	load->generation = helper->generation + 1;
	load->before = calloc(n + 1, sizeof(*load->before));
	for (size_t i = 0; i < n && load->before; i++) {
		load->before[i].slot = helper->in_force[i].slot;
		memcpy(load->before[i].sum, helper->in_force[i].sum, EG_SUM_SIZE);
	}
	load->n_before = load->before ? n : 0; /* without it, all is put anew */
}

/* A reload is refused. At a start, that nothing can be logged must not refuse every login: it is
 * said, and tried again as long as it takes. */
static int prepare_log(struct eg_load *load)
{
	struct eg_err err = {0};
	int r = eg_fault(load_log) ?: eg_log_prepare(load->config, &load->log_fd, &err);
	char text[EG_ERR_TEXT_SIZE + EG_PATH_TEXT_SIZE + 16];

	if (r < 0 && load->helper->config) {
		load->err = err;
		return r;
	}
	if (r < 0)
		eg_log(LOG_ERR, "%s; records are lost until it can be",
		       eg_err_format(&err, text, sizeof(text)));
	return 0;
}

int eg_load_prepare(struct eg_load *load)
{
	int r = eg_fault(load_config)
			?: eg_config_load(load->path, 0, &load->config, &load->text, &load->n_text,
					  &load->err);

	if (r < 0)
		return r;
	r = prepare_log(load);
	if (!r)
		r = eg_fault(load_hooks)
			    ?: eg_inforce_check(load->helper, load->config, &load->err);
	if (!r) {
		load->watch = eg_watch_begin(load->config);
		r = eg_fault(load_feeds)
			    ?: eg_feeds_load(load->config, 0, load->helper->state_dir, &load->feeds,
					     &load->err);
	}
	if (r < 0)
		return r;
	r = look_up(load);
	if (r < 0)
		explain(load->config, r, &load->err);
	return r;
}

/* Puts one profile in force. What fails here is a value of an array that is there. */
static void swap_one(struct eg_load *load, struct eg_load_profile *one)
{
	struct eg_bpf *bpf = load->helper->bpf;
	int r = one->prepared ? eg_bpf_policy_swap(bpf, one->prepared)
			      : eg_bpf_policy_renumber(bpf, one->entry.slot, load->generation);

	if (!r)
		return;
	eg_bpf_policy_abandon(bpf, eg_take_ptr(&one->prepared));
	memset(one->entry.sum, 0, sizeof(one->entry.sum));
	load->unswapped =
		eg_err_fail(&load->err, r,
			    "cannot put the policy of profile %s in force: %s; it has the "
			    "one it had before, or none: run ebpfguardctl reload",
			    one->entry.name, strerror(-r));
	(void)snprintf(load->err.file, sizeof(load->err.file), "%s", load->path);
	eg_log(LOG_ERR, "%s", load->err.text);
}

/*
 * A refresh may have renewed a policy after it was found to be what the load would put there. It
 * may have looked earlier or later than the load has: neither is to be believed, and the next
 * refresh looks again.
 */
static void distrust_renewed(struct eg_load *load, struct eg_load_profile *one)
{
	const struct eg_helper *helper = load->helper;

	for (size_t i = 0; i < helper->n_in_force && !one->prepared; i++) {
		const struct eg_in_force *now = &helper->in_force[i];

		if (now->slot != one->entry.slot || !memcmp(now->sum, one->entry.sum, EG_SUM_SIZE))
			continue;
		memset(one->entry.sum, 0, sizeof(one->entry.sum));
		eg_resolved_distrust(&one->entry.resolved);
		load->place_watch.settled = false;
	}
}

/* The new table: what is configured, and behind it what sessions still have. */
static struct eg_in_force *new_table(struct eg_load *load, size_t *ret_n)
{
	struct eg_helper *helper = load->helper;
	size_t n = load->config->n_profiles;
	struct eg_in_force *table = calloc(n + helper->n_in_force, sizeof(*table));

	for (size_t i = 0; i < n && table; i++) {
		table[i] = load->profiles[i].entry;
		load->profiles[i].entry.resolved = (struct eg_resolved){0}; /* taken */
		load->profiles[i].entry.attribution = NULL;
	}
	for (size_t i = 0; i < helper->n_in_force && table; i++) {
		struct eg_in_force *old = &helper->in_force[i];
		bool stays = true;

		for (size_t k = 0; k < load->config->n_profiles && stays; k++)
			stays = table[k].slot != old->slot;
		eg_resolved_done(&old->resolved);
		if (!stays)
			continue;
		table[n] = *old;
		table[n++].profile = NULL;
	}
	*ret_n = n;
	return table;
}

/* What is known of a policy stays as long as that is in force, and is known after that. table: the
 * new one, of n; helper->in_force is still the old one. */
static void hand_over(struct eg_load *load, struct eg_in_force *table, size_t n)
{
	struct eg_helper *helper = load->helper;

	for (size_t i = 0; i < n && i < load->config->n_profiles; i++) {
		struct eg_attribution *new = eg_take_ptr(&table[i].attribution);

		table[i].attribution = NULL;
		for (size_t k = 0; k < helper->n_in_force; k++)
			if (helper->in_force[k].slot == table[i].slot)
				table[i].attribution =
					eg_take_ptr(&helper->in_force[k].attribution);
		if (!load->profiles[i].prepared) { /* it has not been replaced */
			eg_attribution_free(new);
			continue;
		}
		eg_attribution_retire(helper, table[i].attribution, load->generation - 1);
		table[i].attribution = new;
	}
}

int eg_load_swap(struct eg_load *load)
{
	struct eg_helper *helper = load->helper;
	struct eg_in_force *table;
	size_t n;

	for (size_t i = 0; i < load->config->n_profiles; i++)
		distrust_renewed(load, &load->profiles[i]);
	table = eg_fault(load_table) ? NULL : new_table(load, &n);
	if (!table)
		return -ENOMEM;
	eg_stray_settle(helper);
	for (size_t i = 0; i < load->config->n_profiles; i++)
		swap_one(load, &load->profiles[i]);
	(void)eg_fault(load_swapped);
	for (size_t i = 0; i < load->config->n_profiles; i++)
		memcpy(table[i].sum, load->profiles[i].entry.sum, EG_SUM_SIZE);
	hand_over(load, table, n);
	free(helper->in_force);
	helper->in_force = table;
	helper->n_in_force = n;
	eg_place_watch_done(&helper->place_watch);
	helper->place_watch = load->place_watch;
	load->place_watch = (struct eg_place_watch){0}; /* taken */
	/* A refresh that looked before the load has may have put its look in force after. And
	 * what is no feed any more is looked at once again, as what it is now. */
	if (!eg_places_protected_last(helper->places, &helper->place_watch) ||
	    (helper->config && !eg_feeds_have_same_paths(helper->config, load->config)))
		helper->place_watch.settled = false;
	eg_config_free(helper->config);
	helper->config = eg_take_ptr(&load->config);
	eg_accounts_configure(helper);
	load->swapped = true;
	eg_log_set(&helper->config->log, eg_take_fd(&load->log_fd));
	eg_inquiry_feeds_note(helper, &load->feeds);
	helper->generation = load->generation;
	helper->loaded_s = time(NULL);
	for (size_t i = 0; i < n; i++) {
		if (table[i].profile) {
			log_exceptions(helper, &table[i]);
			log_profile(helper, &table[i]);
		} else if (table[i].name[0] && eg_in_force_is_used(helper, table[i].slot)) {
			eg_log(LOG_WARNING,
			       "profile %s is no longer configured: sessions that have it keep its "
			       "last policy until they end",
			       table[i].name);
		}
	}
	log_digests(helper);
	eg_watch_renew(helper, eg_take_ptr(&load->watch));
	eg_flows_reset(helper);
	return 0;
}

static void tell_feed(void *data, bool serious, const struct eg_err *what)
{
	char text[EG_ERR_TEXT_SIZE + EG_PATH_TEXT_SIZE + 16];

	(void)data;
	eg_log(serious ? LOG_ERR : LOG_WARNING, "%s", eg_err_format(what, text, sizeof(text)));
}

/* Drops what was prepared for a configuration that is not in force. */
static void abandon(struct eg_load *load)
{
	for (size_t i = 0; load->config && load->profiles && i < load->config->n_profiles; i++)
		eg_bpf_policy_abandon(load->helper->bpf, eg_take_ptr(&load->profiles[i].prepared));
}

static void settle(struct eg_load *load)
{
	struct eg_helper *helper = load->helper;
	struct eg_prepared *list[EG_PROFILES_MAX];
	size_t n = 0;

	for (size_t i = 0; i < helper->config->n_profiles; i++)
		if (load->profiles[i].prepared)
			list[n++] = eg_take_ptr(&load->profiles[i].prepared);
	eg_bpf_policies_settle(helper->bpf, list, n);
	eg_inforce_sweep(helper);
	eg_feeds_keep(&load->feeds, helper->state_dir);
	eg_feeds_tell(&load->feeds, tell_feed, NULL);
	/* Until then a start could fall back on one that names other feeds. */
	if (load->keep && eg_last_good_keep(helper->state_dir, load->text, load->n_text))
		eg_feeds_prune(&load->feeds, helper->state_dir);
}

void eg_load_settle(struct eg_load *load)
{
	if (load->swapped)
		settle(load);
	else
		abandon(load);
}

static void profile_done(struct eg_in_force *entry)
{
	eg_resolved_done(&entry->resolved);
	eg_attribution_free(entry->attribution);
}

void eg_load_done(struct eg_load *load)
{
	abandon(load);
	for (size_t i = 0; load->config && load->profiles && i < load->config->n_profiles; i++)
		profile_done(&load->profiles[i].entry);
	free(load->profiles);
	free(load->before);
	free(load->text);
	eg_place_watch_done(&load->place_watch);
	eg_close_p(&load->log_fd);
	eg_watch_drop(load->watch);
	eg_feeds_done(&load->feeds, load->config ? load->config : load->helper->config);
	eg_config_free(load->config);
	memset(load, 0, sizeof(*load));
	load->log_fd = -1;
}
