// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* What setup changes, see ctl_change.h. */
#include "ctl_change.h"

#include <dirent.h>
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "config.h"
#include "ctl_host.h"
#include "ctl_run.h"
#include "setup_text.h"
#include "util.h"

/* Units that setup has enabled, a line each. */
#define ENABLED EG_CTL_STATE_DIR "/setup-enabled"

enum {
	OUT_ROOM = 8192,
	PATH_ROOM = 320, /* NAME_MAX, and a directory */
	TOOL_MS = 30000,
	START_MS = 180000, /* a slow machine's verifier */
};

/* In the order in which they are started; they are stopped the other way round. */
static const char *const units[] = {"ebpfguard.socket", "ebpfguard.service"};
enum { UNITS = EG_ARRAY_SIZE(units) };

/* ---- files ---- */

static void print_text(const void *text, FILE *out)
{
	(void)fputs(text, out);
}

/* Returns 0 with *ret, the caller's; -EINVAL: there is a NUL in it; or another negative errno. */
static int read_text(const char *path, char **ret)
{
	FILE *file = fopen(path, "re");
	char *text = NULL;
	size_t room = 0;
	ssize_t n;
	int r = 0;

	if (!file)
		return -errno;
	/* All of it, when there is no NUL; of an empty file nothing is read: that is its text. */
	errno = 0;
	n = getdelim(&text, &room, '\0', file);
	if (n < 0 && (!feof(file) || ferror(file)))
		r = errno ? -errno : -EIO;
	else if (n > 0 && strlen(text) != (size_t)n)
		r = -EINVAL;
	(void)fclose(file); /* opened for reading only */
	if (n < 0 && !r) {
		free(text);
		text = strdup("");
		r = text ? 0 : -ENOMEM;
	}
	if (r < 0) {
		free(text);
		return r;
	}
	*ret = text;
	return 0;
}

/* As it is: its owner and its mode stay. */
static int write_text(const char *path, const char *text)
{
	struct stat st;
	int r;

	if (stat(path, &st) < 0)
		r = -errno;
	else
		r = eg_ctl_save(path, st.st_mode & 07777, print_text, text);
	if (!r && chown(path, st.st_uid, st.st_gid) < 0)
		r = -errno;
	if (r < 0)
		warnx("%s: %s", path, eg_ctl_save_error(r));
	return r;
}

static const char *read_error(int error)
{
	return error == -EINVAL ? "there is a NUL byte in it" : strerror(-error);
}

/* ---- lines of PAM ---- */

/* Does a service ask for the module, in its file or in one that it includes? */
static bool asks_for_it(const char *service)
{
	struct eg_pam_use *use eg_auto_free = calloc(1, sizeof(*use));

	return use && eg_pam_read(eg_ctl_host_here.pam_dirs, service, use) == 0 && use->found;
}

static void path_of(const char *service, char path[PATH_ROOM])
{
	(void)snprintf(path, PATH_ROOM, EG_CTL_PAM_D "/%s", service);
}

int eg_ctl_line_add(const char *service, const char *exempt_user)
{
	char path[PATH_ROOM];
	char *before eg_auto_free = NULL, *after eg_auto_free = NULL, *args eg_auto_free = NULL;
	int r;

	path_of(service, path);
	r = read_text(path, &before);
	if (r < 0) {
		warnx("%s: %s", path,
		      r == -ENOENT ? "there is no such service of PAM" : read_error(r));
		return r;
	}
	if (asks_for_it(service))
		return -EEXIST;
	if (asprintf(&args, "exempt_user=%s", exempt_user) < 0) {
		args = NULL;
		return -ENOMEM;
	}
	r = eg_setup_pam_add(before, args, &after);
	if (r == -ENOTSUP)
		warnx("%s: lines of it end in a backslash, and go on in the next: put the line of "
		      "pam_ebpfguard(8) there by hand",
		      path);
	else if (r < 0)
		warnx("%s: %s", path, strerror(-r));
	return r < 0 ? r : write_text(path, after);
}

int eg_ctl_line_remove(const char *service)
{
	char path[PATH_ROOM];
	char *before eg_auto_free = NULL, *after eg_auto_free = NULL;
	int n;

	path_of(service, path);
	n = read_text(path, &before);
	/* What has a NUL has no line of setup's, which does not write into such a file. */
	if (n == -EINVAL)
		return 0;
	if (!n)
		n = eg_setup_pam_remove(before, &after);
	if (n < 0)
		warnx("%s: %s", path, strerror(-n));
	if (n <= 0)
		return n;
	if (write_text(path, after) < 0)
		return -EIO;
	(void)printf("    %s: the line is out; who logs in now is not guarded\n", path);
	return n;
}

/* Calls with each service of a directory. links: AT_SYMLINK_NOFOLLOW leaves links out. Returns the
 * sum, or a negative errno: of one that fails, when all were called. */
static int each_service(const char *path, int links, int (*call)(const char *service))
{
	DIR *dir = opendir(path);
	const struct dirent *entry;
	struct stat st;
	int sum = 0, failed = 0, r;

	if (!dir)
		return errno == ENOENT ? 0 : -errno;
	while ((errno = 0, entry = readdir(dir))) {
		if (fstatat(dirfd(dir), entry->d_name, &st, links) < 0 || !S_ISREG(st.st_mode))
			continue;
		r = call(entry->d_name);
		sum += r > 0 ? r : 0;
		failed = r < 0 ? r : failed;
	}
	if (errno)
		failed = -errno;
	(void)closedir(dir);
	return failed < 0 ? failed : sum;
}

/* ---- the mode ---- */

/* The mode that the file has for those without a profile; -1: it is not right. */
static int mode_of(const char *path)
{
	struct eg_config *config eg_ctl_auto_config = eg_ctl_load(path);

	return config && config->n_profiles ? (int)config->profiles[0].mode : -1;
}

static bool reload(const struct eg_ctl_options *options)
{
	char *none[] = {NULL};

	return eg_ctl_reload(options, none) == EG_CTL_FINE;
}

int eg_ctl_mode_set(const struct eg_ctl_options *options, enum eg_mode mode)
{
	const char *path = options->config, *word = mode == EG_MODE_AUDIT ? "audit" : "enforce";
	char *before eg_auto_free = NULL, *after eg_auto_free = NULL;
	bool changes = mode_of(path) != (int)mode;
	int r = changes ? read_text(path, &before) : 0;

	if (r < 0) {
		warnx("%s: %s", path, read_error(r));
		return 1;
	}
	if (!changes)
		return reload(options) ? 0 : 1; /* it may be in the file only */
	r = eg_setup_mode_set(before, word, &after);
	if (r == -ENOTSUP)
		warnx("%s: mode stands on a line with other things: give it one of its own", path);
	else if (r < 0)
		warnx("%s: %s", path, strerror(-r));
	if (r < 0 || write_text(path, after) < 0)
		return 1;
	if (mode_of(path) == (int)mode && reload(options))
		return 0;
	warnx("%s does not work with mode = \"%s\": it is as it was", path, word);
	if (write_text(path, before) == 0)
		(void)reload(options); /* says itself what is wrong */
	return 1;
}

/* What cannot be put in force is put there all the same: the helper takes it when it comes up. */
static int mode_undo(const struct eg_ctl_options *options)
{
	char *before eg_auto_free = NULL, *after eg_auto_free = NULL;
	int r = read_text(options->config, &before);

	if (!r)
		r = eg_setup_mode_undo(before, &after);
	if (r < 0)
		warnx("%s: %s", options->config, read_error(r));
	if (r <= 0)
		return r < 0;
	if (write_text(options->config, after) < 0)
		return 1;
	(void)printf("    %s: mode is what it was\n", options->config);
	if (reload(options))
		return 0;
	warnx("it is not in force: the helper has not taken it; ebpfguardctl reload, when it runs");
	return 1;
}

/* ---- units ---- */

static bool is_enabled(const char *unit)
{
	const char *const argv[] = {"systemctl", "is-enabled", "--quiet", unit, NULL};
	char out[OUT_ROOM];

	return eg_ctl_run(argv, out, sizeof(out), true, TOOL_MS) == 0;
}

/* Is it in the list of those that setup has enabled? */
static bool is_kept(const char *list, const char *unit)
{
	size_t n = strlen(unit);

	for (const char *at = list; at && *at; at = strchr(at, '\n'), at += at != NULL)
		if (!strncmp(at, unit, n) && at[n] == '\n')
			return true;
	return false;
}

/* Before they are enabled: else nobody would know, when that is cut short. */
static int keep(void)
{
	char *list eg_auto_free = NULL;
	char text[256] = "";
	int r = read_text(ENABLED, &list);

	for (size_t i = 0; i < UNITS; i++) {
		size_t used = strlen(text);

		if (is_kept(list, units[i]) || !is_enabled(units[i]))
			(void)snprintf(text + used, sizeof(text) - used, "%s\n", units[i]);
	}
	if (!*text || (list && !strcmp(list, text)))
		return 0;
	if (r == -ENOENT && mkdir(EG_CTL_STATE_DIR, 0700) < 0 && errno != EEXIST)
		r = -errno;
	else
		r = eg_ctl_save(ENABLED, 0600, print_text, text);
	if (r < 0)
		warnx("cannot keep in " ENABLED " what is enabled now: %s", eg_ctl_save_error(r));
	return r < 0;
}

int eg_ctl_units_enable(void)
{
	const char *const argv[] = {"systemctl", "enable", "--now", units[0], units[1], NULL};
	char out[OUT_ROOM];
	int r;

	if (keep())
		return 1;
	r = eg_ctl_run(argv, out, sizeof(out), true, START_MS);
	if (r)
		warnx("systemctl enable --now: %s\nsee: journalctl -u ebpfguard.service",
		      r < 0 ? strerror(-r) : out);
	return r != 0;
}

static int say_who_asks(const char *service)
{
	if (!asks_for_it(service))
		return 0;
	warnx("the service %s of PAM still asks for the module, by a line that setup has not "
	      "written",
	      service);
	return 1;
}

/* How many services ask for the module. */
static int still_asked(void)
{
	int sum = 0;

	for (const char *const *dir = eg_ctl_host_here.pam_dirs; *dir; dir++) {
		int r = each_service(*dir, 0, say_who_asks);

		if (r < 0)
			warnx("%s: %s", *dir, strerror(-r));
		sum += r ? 1 : 0;
	}
	return sum;
}

static int units_undo(void)
{
	char *list eg_auto_free = NULL;
	const char *off[UNITS + 4] = {"systemctl", "disable", "--now"};
	const char *on[UNITS + 4] = {"systemctl", "enable", "--now"};
	char out[OUT_ROOM];
	size_t n_off = 3, n_on = 3;
	int r = read_text(ENABLED, &list);

	if (r < 0) {
		if (r != -ENOENT)
			warnx(ENABLED ": %s", read_error(r));
		return r != -ENOENT;
	}
	if (still_asked()) {
		warnx("ebpfguard.socket and ebpfguard.service stay enabled: nobody could log in "
		      "there. Take the line out, then again: ebpfguardctl setup --undo");
		return 1;
	}
	for (size_t i = UNITS; i-- > 0;)
		if (is_kept(list, units[i]))
			off[n_off++] = units[i];
		else if (is_enabled(units[i]))
			on[n_on++] = units[i];
	r = n_off > 3 ? eg_ctl_run(off, out, sizeof(out), true, START_MS) : 0;
	/* The service takes the socket with it, by its Also=. */
	if (!r && n_on > 3)
		r = eg_ctl_run(on, out, sizeof(out), true, START_MS);
	if (r) {
		warnx("systemctl: %s", r < 0 ? strerror(-r) : out);
		return 1;
	}
	for (size_t i = 3; i < n_off; i++)
		(void)printf("    %s is disabled\n", off[i]);
	if (unlink(ENABLED) < 0)
		warn(ENABLED);
	return access(ENABLED, F_OK) == 0;
}

/* ---- all of it ---- */

int eg_ctl_changes_undo(const struct eg_ctl_options *options)
{
	/* into what a link leads to setup does not write */
	int lines = each_service(EG_CTL_PAM_D, AT_SYMLINK_NOFOLLOW, eg_ctl_line_remove);
	int failed = lines < 0;

	if (!lines)
		(void)puts("    no service of PAM has a line of setup's");
	failed |= mode_undo(options);
	failed |= units_undo();
	return failed;
}
