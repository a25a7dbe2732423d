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

#include "helper.h"
#include "hooks.h"
#include "log.h"
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

/* strict: the whole of what the configuration asks for, or nothing. */
static int check_hooks(const struct eg_helper *helper, const struct eg_config *config,
		       struct eg_err *err)
{
	size_t n;
	const struct eg_hook *const *missing = eg_bpf_missing(helper->bpf, &n);

	if (!config->strict || !n)
		return 0;
	(void)snprintf(err->text, sizeof(err->text),
		       "strict = true, and this kernel has no hook %s: %s%s. Boot a kernel that "
		       "has it, or set strict = false to go on without",
		       missing[0]->name, missing[0]->weaker,
		       n > 1 ? "; others are missing too" : "");
	return -EOPNOTSUPP;
}

/* The policy of a profile, with all that the host has to say to it. */
static int make_image(struct eg_helper *helper, const struct eg_config_profile *profile,
		      struct eg_resolved *resolved, struct eg_policy_image *image,
		      struct eg_err *err)
{
	int r = eg_policy_compile(profile, image, err);

	if (!r)
		r = eg_resolve(helper->bpf, profile, resolved, err);
	return r < 0 ? r : eg_resolve_image(resolved, profile, image, err);
}

static void explain(const struct eg_config *config, int error, struct eg_err *err)
{
	(void)snprintf(err->file, sizeof(err->file), "%s", config->file);
	if (err->text[0])
		return;
	if (error == -EOVERFLOW)
		(void)snprintf(err->text, sizeof(err->text),
			       "too many users, groups, programs, mount targets or names: all "
			       "policies together, the one in force included, have room for %d "
			       "ids and files and %d names",
			       EG_ITEMS_MAX, EG_NAMES_MAX);
	else
		(void)snprintf(err->text, sizeof(err->text), "cannot put the policy in force: %s",
			       strerror(-error));
}

/* Files may have come and gone since the last time. */
static void protect_places(struct eg_helper *helper)
{
	char *config eg_auto_free = realpath(helper->config_file, NULL);
	const char *more[] = {helper->state_dir, config};
	int r = eg_places_put(helper->bpf, more, config ? 2 : 1);

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
			eg_log(LOG_WARNING, "%s:%u: %s is no exception: %s", helper->config->file,
			       file->text->line, file->text->text, file->trouble);
	}
}

/* Compiles and puts in force. Takes config on success only. */
static int apply(struct eg_helper *helper, struct eg_config *config, struct eg_err *err)
{
	struct eg_policy_image image = {0};
	struct eg_resolved resolved = {0};
	uint32_t generation = helper->generation + 1;
	int r = check_hooks(helper, config, err);

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
		helper->loaded_s = time(NULL);
		log_exceptions(helper);
		protect_places(helper);
		eg_flows_reset(helper);
	}
	eg_policy_done(&image);
	return r;
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
	const struct eg_config_profile *profile;

	assert(helper->config);
	profile = &helper->config->profiles[0];
	eg_log(LOG_NOTICE,
	       "POLICY generation=%u mode=%s default=%s prefixes4=%u prefixes6=%u setuid=%s "
	       "mount=%s "
	       "file=%s",
	       helper->generation, profile->mode == EG_MODE_AUDIT ? "audit" : "enforce",
	       profile->default_deny ? "deny" : "allow", helper->prefixes4, helper->prefixes6,
	       profile->deny_setuid ? "deny" : "allow", profile->deny_mount ? "deny" : "allow",
	       helper->config->file);
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
		eg_log(LOG_WARNING, "hook %s is missing: %s", missing[i]->name, missing[i]->weaker);
}

/* What sessions must leave alone: us, and the services and files of the built-in lists. */
static int protect(struct eg_helper *helper, struct eg_err *err)
{
	int r = eg_bpf_helper_set(helper->bpf, (uint32_t)getpid());

	if (!r)
		r = eg_places_put_sockets(helper->bpf);
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
