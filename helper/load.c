// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* A configuration on its way into force, step by step (inforce.h), and what is said of it. */
#include "helper.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "action.h"
#include "fault.h"
#include "hooks.h"
#include "inforce.h"
#include "key.h"
#include "log.h"
#include "util.h"
#include "watch.h"

/* ---- what a policy is ---- */

static void sum_add(uint8_t sum[EG_SUM_SIZE], const void *data, size_t n)
{
	uint8_t both[2 * EG_SUM_SIZE];

	memcpy(both, sum, EG_SUM_SIZE);
	eg_key_sha256(n ? data : "", n, both + EG_SUM_SIZE);
	eg_key_sha256(both, sizeof(both), sum);
}

/* A digest of all that is put into maps, but for the generation: what is the same needs no new
 * maps. */
static void sum_of(const struct eg_policy_image *image, uint8_t sum[EG_SUM_SIZE])
{
	sum_add(sum, &image->policy, sizeof(image->policy));
	sum_add(sum, image->entries4, image->n_entries4 * sizeof(*image->entries4));
	sum_add(sum, image->entries6, image->n_entries6 * sizeof(*image->entries6));
	sum_add(sum, image->segments, image->n_segments * sizeof(*image->segments));
	sum_add(sum, image->items, image->n_items * sizeof(*image->items));
	sum_add(sum, image->names, image->n_names * sizeof(*image->names));
	sum_add(sum, image->digests.list, image->digests.n * sizeof(*image->digests.list));
	sum_add(sum, image->places, image->n_places * sizeof(*image->places));
	for (size_t i = 0; i < image->n_groups; i++)
		sum_of(&image->groups[i], sum);
}

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
		sum_of(&image, ret->entry.sum);
		if (!is_same(load, slot, ret->entry.sum))
			r = eg_bpf_policy_prepare(helper->bpf, slot, &image, load->generation,
						  &ret->prepared);
	}
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

/* A disk that is nearly full takes a part of it. 0 or a negative errno. */
static int write_whole(int fd, const char *text, size_t n)
{
	ssize_t written = write(fd, text, n);

	if (written != (ssize_t)n)
		return written < 0 ? -errno : -ENOSPC;
	return fsync(fd) < 0 ? -errno : 0;
}

static int replace_last_good(int dir, const char *text, size_t n)
{
	int fd eg_auto_close = openat(dir, EG_LAST_GOOD ".new",
				      O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
	int r = fd < 0 ? -errno : write_whole(fd, text, n);

	if (!r)
		r = eg_fault(load_kept);
	if (!r && renameat(dir, EG_LAST_GOOD ".new", dir, EG_LAST_GOOD) < 0)
		r = -errno;
	if (r < 0) /* what room there is, others need; it is not there when it could not be made */
		(void)unlinkat(dir, EG_LAST_GOOD ".new", 0);
	else if (fsync(dir) < 0)
		r = -errno;
	return r;
}

/* Keeps the text of a good configuration for the next start, replaced in one step; on the disk
 * before the reload is answered, and before copies of feeds go that the one before named. Losing it
 * is not an error now, and logged. */
static bool keep_last_good(struct eg_helper *helper, const char *text, size_t n)
{
	int dir eg_auto_close =
		eg_fault(load_keep) ?: open(helper->state_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int r = dir < 0 ? -errno : replace_last_good(dir, text, n);

	if (!r)
		return true;
	eg_log(LOG_WARNING,
	       "cannot keep the configuration as %s/" EG_LAST_GOOD ": %s; an older one stays there",
	       helper->state_dir, strerror(-r));
	return false;
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
	if (load->keep && keep_last_good(helper, load->text, load->n_text))
		eg_feeds_prune(&load->feeds, helper->state_dir);
}

void eg_load_settle(struct eg_load *load)
{
	if (load->swapped)
		settle(load);
	else
		abandon(load);
}

void eg_load_done(struct eg_load *load)
{
	abandon(load);
	for (size_t i = 0; load->config && load->profiles && i < load->config->n_profiles; i++)
		eg_resolved_done(&load->profiles[i].entry.resolved);
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
