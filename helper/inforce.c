// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * From the configuration's file to the kernel, at start and at each reload, and the last good one
 * for the next start.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "fault.h"
#include "feed.h"
#include "helper.h"
#include "hooks.h"
#include "inforce.h"
#include "log.h"
#include "place_disk.h"
#include "places.h"
#include "util.h"

static bool denies_digests(const struct eg_config_profile *profile)
{
	return profile->exec_deny_sha256.n || profile->exec_deny_sha256_files.n;
}

/* All that one may lack, but digests where none is denied. */
bool eg_inforce_needs(const struct eg_config *config, const struct eg_hook *hook)
{
	if (hook != &eg_hook_digests)
		return true;
	for (size_t i = 0; i < config->n_profiles; i++)
		if (denies_digests(&config->profiles[i]))
			return true;
	return false;
}

/* strict: the whole of what the configuration asks for, or nothing. */
int eg_inforce_check(const struct eg_helper *helper, const struct eg_config *config,
		     struct eg_err *err)
{
	size_t n, others = 0;
	const struct eg_hook *const *missing = eg_bpf_missing(helper->bpf, &n), *first = NULL;

	for (size_t i = 0; i < n && config->strict; i++) {
		if (!eg_inforce_needs(config, missing[i]))
			continue;
		others += first != NULL;
		first = first ? first : missing[i];
	}
	if (!first)
		return 0;
	(void)snprintf(err->text, sizeof(err->text),
		       "strict = true, and this kernel has no hook %s: %s%s. Boot a kernel that "
		       "has it, or set strict = false to go on without",
		       first->name, first->weaker, others ? "; others are missing too" : "");
	return -EOPNOTSUPP;
}

/* Reads the feeds, of which nothing is kept where the kernel can take no digests. */
static int add_digests(const struct eg_helper *helper, const char *config,
		       const struct eg_config_profile *profile, struct eg_policy_image *image,
		       struct eg_err *err)
{
	int r = eg_feed_digests(config, profile, 0, &image->digests, err);

	if (r < 0)
		return r;
	if (!helper->digests_seen)
		eg_digests_done(&image->digests);
	if (image->digests.n)
		image->policy.flags |= EG_POLICY_HASHES;
	return 0;
}

/* The rules of a profile about files: which ones those are here. */
static int find_places(struct eg_helper *helper, struct eg_place_watch *watch,
		       const struct eg_config_profile *profile, struct eg_policy_image *image,
		       struct eg_err *err)
{
	struct eg_place_want *wants eg_auto_free = NULL;
	const char *bad = NULL;
	size_t n = 0;
	int r = eg_fault(load_wanted) ?: eg_places_wanted(profile, &wants, &n);

	if (!r && n)
		r = eg_fault(load_looked_up)
			    ?: eg_places_resolve(helper->places, watch, wants, n, &image->places,
						 &image->n_places, &bad);
	if (r == -EOVERFLOW)
		(void)snprintf(err->text, sizeof(err->text),
			       "too many files and directories: all policies together, the one in "
			       "force included, have room for %d places and %d rules",
			       EG_PLACES_MAX, EG_PLACE_RULES_MAX);
	else if (r < 0)
		(void)snprintf(err->text, sizeof(err->text), "cannot look up %s: %s",
			       bad ? bad : "the files of rules", strerror(-r));
	return r;
}

int eg_inforce_places(struct eg_helper *helper, struct eg_place_watch *watch,
		      const struct eg_config_profile *profile, struct eg_policy_image *image,
		      struct eg_err *err)
{
	int r = find_places(helper, watch, profile, image, err);

	for (size_t i = 0; i < profile->n_groups && !r; i++) {
		const struct eg_config_group *group = &profile->groups[i];
		const struct eg_config_profile alone = {.files_deny_read = group->files_deny_read,
							.files_deny_write = group->files_deny_write,
							.files_allow = group->files_allow};

		r = find_places(helper, watch, &alone, &image->groups[i], err);
	}
	return r;
}

int eg_inforce_image(struct eg_helper *helper, struct eg_place_watch *watch, const char *config,
		     const struct eg_config_profile *profile, struct eg_resolved *resolved,
		     struct eg_policy_image *image, struct eg_err *err)
{
	int r = eg_fault(load_compile) ?: eg_policy_compile(profile, image, err);

	if (!r)
		r = eg_fault(load_resolve) ?: eg_resolve(helper->bpf, profile, resolved, err);
	if (!r)
		r = eg_fault(load_image) ?: eg_resolve_image(resolved, profile, image, err);
	if (!r)
		r = eg_inforce_places(helper, watch, profile, image, err);
	if (!r)
		r = eg_fault(load_digests) ?: add_digests(helper, config, profile, image, err);
	return r;
}

/* Feeds of two configurations; NULL: of none. */
struct feeds_of {
	char **paths[2];
	size_t n[2];
};

static void feeds_of_done(struct feeds_of *feeds)
{
	for (int i = 0; i < 2; i++)
		eg_feeds_paths_done(feeds->paths[i], feeds->n[i]);
}

/* What is ours, and the feeds, which say what sessions are refused as the configuration does. */
static int protect_with(struct eg_helper *helper, struct eg_place_watch *watch,
			const struct eg_config *both[2])
{
	__attribute__((cleanup(feeds_of_done))) struct feeds_of feeds = {0};
	char *config eg_auto_free = realpath(helper->config_file, NULL);
	bool no_memory = !config && errno == ENOMEM; /* else it is not there */
	const char **more eg_auto_free = NULL;
	size_t n = 0;

	for (int i = 0; i < 2; i++) {
		if (!both[i])
			continue;
		feeds.paths[i] = eg_feeds_paths(both[i], &feeds.n[i]);
		if (!feeds.paths[i])
			return -ENOMEM;
	}
	more = calloc(feeds.n[0] + feeds.n[1] + 2, sizeof(*more));
	if (!more || no_memory)
		return -ENOMEM;
	more[n++] = helper->state_dir;
	if (config)
		more[n++] = config;
	for (int i = 0; i < 2; i++)
		for (size_t k = 0; k < feeds.n[i]; k++)
			more[n++] = feeds.paths[i][k];
	return eg_places_protect(helper->places, watch, more, n);
}

int eg_inforce_protect(struct eg_helper *helper, struct eg_place_watch *watch,
		       const struct eg_config *next)
{
	const struct eg_config *both[] = {helper->config, next};
	int r = eg_fault(load_protect) ?: protect_with(helper, watch, both);

	if (r < 0)
		eg_log(LOG_ERR,
		       "cannot take in the files that sessions must not change: %s; those taken in "
		       "before stay protected, and it is tried again",
		       r == -EOVERFLOW ? "they are too many" : strerror(-r));
	return r;
}

void eg_inforce_sweep(struct eg_helper *helper)
{
	int r = eg_fault(load_sweep) ?: eg_places_sweep(helper->places);

	if (r < 0)
		eg_log(LOG_WARNING,
		       "cannot forget the files that no rule is about any more: %s; that is tried "
		       "again",
		       strerror(-r));
}

int eg_inforce_devices(struct eg_helper *helper)
{
	uint32_t majors[EG_MAJORS_MAX] = {0};
	int n = eg_place_disk_majors(majors, EG_MAJORS_MAX), r;

	if (n < 0 || !memcmp(majors, helper->majors, sizeof(majors)))
		return n < 0 ? n : 0;
	r = eg_bpf_majors_put(helper->bpf, majors, (size_t)n);
	if (!r)
		memcpy(helper->majors, majors, sizeof(majors));
	return r;
}

/* ---- start ---- */

/* Nobody waits yet: all steps at once. */
static int load_now(struct eg_helper *helper, const char *path, bool keep, struct eg_err *err)
{
	struct eg_load load = {0};
	int r;

	eg_load_begin(&load, helper, path, keep);
	r = eg_load_prepare(&load);
	if (!r)
		r = eg_load_swap(&load);
	if (!r)
		eg_load_settle(&load);
	*err = load.err;
	eg_load_done(&load);
	return r;
}

/* The configuration, else the last good one, else none: sessions are refused then. Returns 0, or
 * -EOPNOTSUPP when the configuration demands hooks that the kernel lacks. */
static int first_load(struct eg_helper *helper, struct eg_err *reterr)
{
	char path[EG_PATH_TEXT_SIZE], text[EG_TEXT_SIZE];
	struct eg_err err = {0};
	int r = eg_fault(start_load) ?: load_now(helper, helper->config_file, true, &err);

	if (err.text[0])
		(void)eg_err_format(&err, helper->last_error, sizeof(helper->last_error));
	if (!r)
		return 0;
	eg_log(LOG_ERR, "%s; there is none in force", helper->last_error);
	if (r == -EOPNOTSUPP) {
		(void)snprintf(reterr->text, sizeof(reterr->text), "%s", helper->last_error);
		return r;
	}
	(void)snprintf(path, sizeof(path), "%s/" EG_LAST_GOOD, helper->state_dir);
	r = load_now(helper, path, false, &err);
	if (!r) {
		eg_log(LOG_ERR,
		       "the last good configuration is enforced instead, from %s: mend %s, then "
		       "run ebpfguardctl reload",
		       path, helper->config_file);
		return 0;
	}
	eg_log(LOG_ERR,
	       "no last good configuration either (%s): every session but exempt ones is refused",
	       eg_err_format(&err, text, sizeof(text)));
	if (r == -EOPNOTSUPP)
		*reterr = err;
	return r == -EOPNOTSUPP ? r : 0;
}

static void log_hooks(struct eg_helper *helper)
{
	size_t n;
	const struct eg_hook *const *missing = eg_bpf_missing(helper->bpf, &n);

	for (size_t i = 0; i < n; i++)
		if (missing[i] != &eg_hook_digests) /* said when digests are denied */
			eg_log(LOG_WARNING, "hook %s is missing: %s", missing[i]->name,
			       missing[i]->weaker);
}

/* What sessions must leave alone: us, and the services and files of the built-in lists. */
static int protect(struct eg_helper *helper, struct eg_err *err)
{
	int r = eg_fault(start_helper) ?: eg_bpf_helper_set(helper->bpf, (uint32_t)getpid());

	if (!r)
		r = eg_fault(start_places) ?: eg_places_open(helper->bpf, &helper->places);
	if (!r)
		r = eg_fault(start_place_watch)
			    ?: eg_place_watch_begin(helper->places, &helper->place_watch);
	if (!r)
		r = eg_fault(start_sockets) ?: eg_places_put_sockets(helper->bpf);
	if (!r)
		r = eg_fault(start_devices) ?: eg_inforce_devices(helper);
	if (r < 0)
		(void)snprintf(err->text, sizeof(err->text),
			       "cannot put the built-in lists in force: %s", strerror(-r));
	else
		(void)eg_inforce_protect(helper, &helper->place_watch, NULL); /* each load does */
	return r;
}

int eg_inforce_start(struct eg_helper *helper, struct eg_err *reterr)
{
	int r;

	log_hooks(helper);
	r = eg_fault(start_table) ?: eg_in_force_load(helper);
	if (!r)
		r = protect(helper, reterr);
	return r < 0 ? r : first_load(helper, reterr);
}
