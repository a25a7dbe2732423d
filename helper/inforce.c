// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * What is in force: from the configuration's file to the kernel, at start and at each reload, and
 * the last good one for the next start.
 */
#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "action.h"
#include "feed.h"
#include "helper.h"
#include "hooks.h"
#include "log.h"
#include "place_disk.h"
#include "places.h"
#include "util.h"

#define LAST_GOOD "last-good.conf"

/* For people: the rules they wrote, not the entries these became. "*" is of both families. */
static void count_networks(struct eg_helper *helper, const struct eg_config_profile *profile)
{
	helper->prefixes4 = helper->prefixes6 = 0;
	for (size_t i = 0; i < profile->egress.n; i++) {
		uint16_t family = profile->egress.list[i].spec.net.family;

		helper->prefixes4 += family != AF_INET6;
		helper->prefixes6 += family != AF_INET;
	}
}

/* Does the configuration need this? All that one may lack, but digests where none is denied. */
static bool is_needed(const struct eg_config *config, const struct eg_hook *hook)
{
	const struct eg_config_profile *profile = &config->profiles[0];

	return hook != &eg_hook_digests || profile->exec_deny_sha256.n ||
	       profile->exec_deny_sha256_files.n;
}

/* strict: the whole of what the configuration asks for, or nothing. */
static int check_hooks(const struct eg_helper *helper, const struct eg_config *config,
		       struct eg_err *err)
{
	size_t n, others = 0;
	const struct eg_hook *const *missing = eg_bpf_missing(helper->bpf, &n), *first = NULL;

	for (size_t i = 0; i < n && config->strict; i++) {
		if (!is_needed(config, missing[i]))
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
static int add_digests(const struct eg_helper *helper, const struct eg_config_profile *profile,
		       struct eg_policy_image *image, struct eg_err *err)
{
	int r = eg_feed_digests(profile, 0, &image->digests, err);

	if (r < 0)
		return r;
	if (!helper->digests_seen)
		eg_digests_done(&image->digests);
	if (image->digests.n)
		image->policy.flags |= EG_POLICY_HASHES;
	return 0;
}

/* The rules of a profile about files: which ones those are here. */
static int find_places(struct eg_helper *helper, const struct eg_config_profile *profile,
		       struct eg_policy_image *image, struct eg_err *err)
{
	struct eg_place_want *wants eg_auto_free = NULL;
	const char *bad = NULL;
	size_t n = 0;
	int r = eg_places_wanted(profile, &wants, &n);

	if (!r && n)
		r = eg_places_resolve(helper->places, wants, n, &image->places, &image->n_places,
				      &bad);
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

/* The same with those of its groups of programs, which the image has. */
static int find_all_places(struct eg_helper *helper, const struct eg_config_profile *profile,
			   struct eg_policy_image *image, struct eg_err *err)
{
	int r = find_places(helper, profile, image, err);

	for (size_t i = 0; i < profile->n_groups && !r; i++) {
		const struct eg_config_group *group = &profile->groups[i];
		const struct eg_config_profile alone = {.files_deny_read = group->files_deny_read,
							.files_deny_write = group->files_deny_write,
							.files_allow = group->files_allow};

		r = find_places(helper, &alone, &image->groups[i], err);
	}
	return r;
}

/* The policy of a profile, with all that the host has to say to it. */
static int make_image(struct eg_helper *helper, const struct eg_config_profile *profile,
		      struct eg_resolved *resolved, struct eg_policy_image *image,
		      struct eg_err *err)
{
	int r = eg_policy_compile(profile, image, err);

	if (!r)
		r = eg_resolve(helper->bpf, profile, resolved, err);
	if (!r)
		r = eg_resolve_image(resolved, profile, image, err);
	if (!r)
		r = find_all_places(helper, profile, image, err);
	return r < 0 ? r : add_digests(helper, profile, image, err);
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
	else
		(void)snprintf(err->text, sizeof(err->text), "cannot put the policy in force: %s",
			       strerror(-error));
}

/* Files may have come and gone since the last time. */
static void protect_places(struct eg_helper *helper)
{
	char *config eg_auto_free = realpath(helper->config_file, NULL);
	const char *more[] = {helper->state_dir, config};
	int r = eg_places_protect(helper->places, more, config ? 2 : 1);

	if (!r)
		r = eg_places_sweep(helper->places);
	if (r < 0)
		eg_log(LOG_ERR,
		       "cannot take in the files that sessions must not change: %s; those taken in "
		       "before stay protected",
		       r == -EOVERFLOW ? "they are too many" : strerror(-r));
}

static void log_exceptions(const struct eg_helper *helper)
{
	for (size_t i = 0; i < helper->resolved.n_files; i++) {
		const struct eg_resolved_file *file = &helper->resolved.files[i];

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
	if (!helper->digests_seen && is_needed(helper->config, &eg_hook_digests))
		eg_log(LOG_WARNING,
		       "%s: exec.deny_sha256 and exec.deny_sha256_files are NOT in force: this "
		       "kernel takes no SHA-256 digests of files. It needs CONFIG_IMA=y with "
		       "SHA-256 as its default, and no other ima_hash= on its command line",
		       helper->config->file);
}

/* Compiles and puts in force. Takes config on success only. */
static int apply(struct eg_helper *helper, struct eg_config *config, struct eg_err *err)
{
	struct eg_policy_image image = {0};
	struct eg_resolved resolved = {0};
	uint32_t generation = helper->generation + 1;
	int r = check_hooks(helper, config, err);

	eg_places_begin(helper->places);
	if (!r)
		r = make_image(helper, &config->profiles[0], &resolved, &image, err);
	if (!r) {
		eg_stray_settle(helper);
		r = eg_bpf_policy_put(helper->bpf, EG_PROFILE_DEFAULT, &image, generation);
	}
	if (r < 0) {
		explain(config, r, err);
		eg_resolved_done(&resolved);
	} else {
		eg_resolved_done(&helper->resolved);
		helper->resolved = resolved;
		eg_config_free(helper->config);
		helper->config = config;
		helper->generation = generation;
		count_networks(helper, &config->profiles[0]);
		helper->digests = (uint32_t)image.digests.n;
		helper->loaded_s = time(NULL);
		log_exceptions(helper);
		log_digests(helper);
		protect_places(helper);
		eg_places_settled(helper->places);
		eg_flows_reset(helper);
	}
	eg_policy_done(&image);
	return r;
}

/* Modules that were loaded since have brought devices. */
static int protect_devices(struct eg_helper *helper)
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

void eg_helper_refresh(struct eg_helper *helper)
{
	struct eg_policy_image image = {0};
	struct eg_err err = {0};
	int r = protect_devices(helper);

	if (r < 0)
		eg_log(LOG_ERR, "cannot list the devices that sessions must not open: %s",
		       strerror(-r));
	if (!helper->config || !eg_places_are_stale(helper->places))
		return;
	eg_places_begin(helper->places);
	image.n_groups = helper->config->profiles[0].n_groups;
	image.groups = calloc(image.n_groups + 1, sizeof(*image.groups));
	if (!image.groups)
		image.n_groups = 0;
	r = image.groups ? find_all_places(helper, &helper->config->profiles[0], &image, &err)
			 : -ENOMEM;
	if (!r)
		r = eg_bpf_place_rules_renew(helper->bpf, EG_PROFILE_DEFAULT, &image);
	if (r < 0)
		eg_log(LOG_ERR, "files that rules are about have changed: %s",
		       err.text[0] ? err.text : strerror(-r));
	else
		protect_places(helper);
	if (!r)
		eg_log(LOG_INFO, "files that rules are about have changed: taken in anew");
	eg_places_settled(helper->places);
	eg_policy_done(&image);
}

/* Keeps the text of a good configuration for the next start, replaced in one step. Losing it is not
 * an error now. */
static void keep_last_good(struct eg_helper *helper, const char *text, size_t n)
{
	int dir eg_auto_close = open(helper->state_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int fd eg_auto_close = -1;

	if (dir >= 0)
		fd = openat(dir, LAST_GOOD ".new",
			    O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0 || write(fd, text, n) != (ssize_t)n || fsync(fd) < 0 ||
	    renameat(dir, LAST_GOOD ".new", dir, LAST_GOOD) < 0)
		eg_log(LOG_WARNING,
		       "cannot keep the configuration as %s/" LAST_GOOD
		       ": %s; an older one stays there",
		       helper->state_dir, strerror(errno));
}

static void log_loaded(const struct eg_helper *helper)
{
	char audit[EG_ACTION_LIST_SIZE], kill[EG_ACTION_LIST_SIZE];
	const struct eg_config_profile *profile;

	assert(helper->config);
	profile = &helper->config->profiles[0];
	eg_log(LOG_NOTICE,
	       "POLICY generation=%u mode=%s audit=%s kill=%s default=%s prefixes4=%u "
	       "prefixes6=%u setuid=%s mount=%s digests=%u file=%s",
	       helper->generation, profile->mode == EG_MODE_AUDIT ? "audit" : "enforce",
	       eg_action_list(eg_action_mask(profile, EG_ACTION_AUDIT), audit),
	       eg_action_list(eg_action_mask(profile, EG_ACTION_KILL), kill),
	       profile->default_deny ? "deny" : "allow", helper->prefixes4, helper->prefixes6,
	       profile->deny_setuid ? "deny" : "allow", profile->deny_mount ? "deny" : "allow",
	       helper->digests, helper->config->file);
}

int eg_helper_reload(struct eg_helper *helper)
{
	struct eg_config *config = NULL;
	char *text eg_auto_free = NULL;
	struct eg_err err = {0};
	size_t n = 0;
	int r = eg_config_load(helper->config_file, 0, &config, &text, &n, &err);

	if (!r)
		r = apply(helper, config, &err);
	if (r) {
		eg_config_free(config == helper->config ? NULL : config);
		(void)eg_err_format(&err, helper->last_error, sizeof(helper->last_error));
		eg_log(LOG_ERR, "%s; %s", helper->last_error,
		       helper->config ? "the policy in force stays" : "there is none in force");
		return r;
	}
	helper->last_error[0] = '\0';
	keep_last_good(helper, text, n);
	log_loaded(helper);
	return 0;
}

/* At start: the configuration, else the last good one, else none: sessions are refused then.
 * Returns 0, or -EOPNOTSUPP when the configuration demands hooks that the kernel lacks. */
static int first_load(struct eg_helper *helper, struct eg_err *reterr)
{
	struct eg_config *config = NULL;
	char path[EG_PATH_TEXT_SIZE], text[EG_TEXT_SIZE];
	struct eg_err err = {0};
	int r;

	r = eg_helper_reload(helper);
	if (r == -EOPNOTSUPP)
		(void)snprintf(reterr->text, sizeof(reterr->text), "%s", helper->last_error);
	if (r == 0 || r == -EOPNOTSUPP)
		return r;
	(void)snprintf(path, sizeof(path), "%s/" LAST_GOOD, helper->state_dir);
	r = eg_config_load(path, 0, &config, NULL, NULL, &err);
	if (!r)
		r = apply(helper, config, &err);
	if (r) {
		eg_config_free(config);
		eg_log(LOG_ERR,
		       "no last good configuration either (%s): every session but exempt ones is "
		       "refused",
		       eg_err_format(&err, text, sizeof(text)));
		if (r == -EOPNOTSUPP)
			*reterr = err;
		return r == -EOPNOTSUPP ? r : 0;
	}
	eg_log(LOG_ERR,
	       "the last good configuration is enforced instead, from %s: mend %s, then run "
	       "ebpfguardctl reload",
	       path, helper->config_file);
	log_loaded(helper);
	return 0;
}

/* ---- start ---- */

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
	int r = eg_bpf_helper_set(helper->bpf, (uint32_t)getpid());

	if (!r)
		r = eg_places_open(helper->bpf, &helper->places);
	if (!r)
		r = eg_places_put_sockets(helper->bpf);
	if (!r)
		r = protect_devices(helper);
	if (r < 0)
		(void)snprintf(err->text, sizeof(err->text),
			       "cannot put the built-in lists in force: %s", strerror(-r));
	else
		protect_places(helper);
	return r;
}

int eg_inforce_start(struct eg_helper *helper, struct eg_err *reterr)
{
	int r;

	log_hooks(helper);
	r = protect(helper, reterr);
	return r < 0 ? r : first_load(helper, reterr);
}
