// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * ebpfguardctl setup: the way from an installed package to guarded logins, a step at a time. Each
 * step looks before it changes anything, says what it does, and is undone by --undo; what has been
 * done is passed over, so it can be called again.
 *
 * Three lines are all it changes, each with a mark (setup_text.h): one in each service of PAM, one
 * in the configuration; and it enables the units. No sshd is restarted.
 */
#include <ctype.h>
#include <dirent.h>
#include <err.h>
#include <errno.h>
#include <pwd.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "config.h"
#include "ctl.h"
#include "ctl_host.h"
#include "ctl_remote.h"
#include "ctl_run.h"
#include "ctl_trial.h"
#include "setup_text.h"
#include "util.h"

#define PAM_D	  "/etc/pam.d"
#define STATE_DIR "/var/lib/ebpfguard"
#define ENABLED	  STATE_DIR "/setup-enabled" /* there when setup has enabled the units */

enum {
	OUT_ROOM = 8192,
	ANSWER_ROOM = 256,
	TOOL_MS = 30000,
	START_MS = 180000, /* a slow machine's verifier */
	STEPS = 8,
	SERVICES_MAX = 16,
};

struct setup {
	const struct eg_ctl_options *options;
	char *const *services; /* NULL after the last */
	bool asks;	       /* somebody is there who answers */
	char exempt[ANSWER_ROOM], trial[ANSWER_ROOM];
	const char *added[SERVICES_MAX]; /* services that got a line now */
	size_t n_added;
};

/* ---- talk ---- */

__attribute__((format(printf, 3, 4))) static void step(int n, const char *title, const char *format,
						       ...)
{
	va_list list;

	va_start(list, format);
	(void)printf("%d/%d %-14s ", n, STEPS, title);
	(void)vprintf(format, list);
	(void)puts("");
	(void)fflush(stdout);
	va_end(list);
}

/* Reads an answer; what is empty, or nobody there to give one, is the default. */
static void ask(const struct setup *setup, const char *question, const char *preset,
		char answer[ANSWER_ROOM])
{
	size_t n;

	answer[0] = '\0';
	if (setup->asks) {
		(void)printf("    %s [%s] ", question, preset);
		(void)fflush(stdout);
		if (!fgets(answer, ANSWER_ROOM, stdin))
			answer[0] = '\0';
	}
	n = strcspn(answer, "\n");
	answer[n] = '\0';
	if (!n)
		(void)snprintf(answer, ANSWER_ROOM, "%s", preset);
}

static bool agrees(const struct setup *setup, const char *question, bool preset)
{
	char answer[ANSWER_ROOM];

	ask(setup, question, preset ? "yes" : "no", answer);
	return answer[0] == 'y' || answer[0] == 'Y';
}

/* ---- files ---- */

static void print_text(const void *text, FILE *out)
{
	(void)fputs(text, out);
}

static char *read_text(const char *path)
{
	FILE *file = fopen(path, "re");
	char *text = NULL;
	size_t room = 0;

	if (!file)
		return NULL;
	/* a configuration has no NUL; of an empty file nothing is read, and that is its text */
	if (getdelim(&text, &room, '\0', file) < 0) {
		free(text);
		text = ferror(file) ? NULL : strdup("");
	}
	(void)fclose(file); /* opened for reading only */
	return text;
}

static int write_text(const char *path, const char *text)
{
	struct stat st;
	int r;

	if (stat(path, &st) < 0)
		return -errno;
	r = eg_ctl_save(path, st.st_mode & 07777, print_text, text);
	if (!r && chown(path, st.st_uid, st.st_gid) < 0)
		r = -errno;
	if (r < 0)
		warnx("%s: %s", path, eg_ctl_save_error(r));
	return r;
}

/* ---- the mode ---- */

/* The mode that the file has for those without a profile; -1: it is not right. */
static int mode_of(const char *path)
{
	struct eg_config *config eg_ctl_auto_config = eg_ctl_load(path);

	return config && config->n_profiles ? (int)config->profiles[0].mode : -1;
}

/* Writes the mode, or with NULL puts back what was there, and has it put in force. What is not
 * right then does not stay. */
static int change_mode(const struct setup *setup, const char *mode)
{
	const char *path = setup->options->config;
	char *before eg_auto_free = read_text(path), *after eg_auto_free = NULL;
	enum eg_mode wanted = mode && !strcmp(mode, "audit") ? EG_MODE_AUDIT : EG_MODE_ENFORCE;
	char *none[] = {NULL};
	int r, now;

	if (!before) {
		warn("%s", path);
		return 1;
	}
	r = mode ? eg_setup_mode_set(before, mode, &after) : eg_setup_mode_undo(before, &after);
	if (r == -ENOTSUP)
		warnx("%s: mode stands on a line with other things: give it one of its own", path);
	if (r < 0)
		return 1;
	if (!after || write_text(path, after) < 0)
		return after ? 1 : 0;
	now = mode_of(path);
	if (now >= 0 && (!mode || now == (int)wanted) &&
	    eg_ctl_reload(setup->options, none) == EG_CTL_FINE)
		return 0;
	warnx("%s does not work with mode = \"%s\": it is as it was", path, mode ? mode : "...");
	(void)write_text(path, before);
	return 1;
}

/* ---- the steps ---- */

static int check_kernel(struct setup *setup)
{
	const char *const argv[] = {EG_SBIN_DIR "/ebpfguard-helper", "--check-kernel", NULL};
	char out[OUT_ROOM], clean[EG_CTL_SAFE_SIZE];
	int r = eg_ctl_run(argv, out, sizeof(out), true, TOOL_MS);

	(void)setup;
	out[r >= 0 ? strcspn(out, "\n") : 0] = '\0';
	if (r == 0) {
		step(1, "kernel", "%s", eg_ctl_safe(out, clean, sizeof(clean)));
		return 0;
	}
	warnx("kernel: %s", r < 0 ? strerror(-r) : eg_ctl_safe(out, clean, sizeof(clean)));
	return 1;
}

static int check_sshd(struct setup *setup)
{
	int uses = eg_ctl_uses_pam(&eg_ctl_host_here, 0);

	(void)setup;
	if (uses > 0) {
		step(2, "sshd", "UsePAM yes");
		return 0;
	}
	if (uses == 0)
		warnx("sshd -T says UsePAM no: without PAM no login comes to the module. Write "
		      "\"UsePAM yes\" into /etc/ssh/sshd_config, then systemctl reload ssh");
	else
		warnx("%s -T does not answer: %s", eg_ctl_host_here.sshd, strerror(-uses));
	return 1;
}

static int check_config(struct setup *setup)
{
	char *none[] = {NULL};
	struct eg_config *config eg_ctl_auto_config = eg_ctl_load(setup->options->config);

	if (!config)
		return 1;
	step(3, "configuration", "%s:", setup->options->config);
	/* Findings are for people to judge; what the helper would not take is not. */
	if (eg_ctl_check(setup->options, none) != EG_CTL_FINE && !eg_ctl_is_right(config))
		return 1;
	return 0;
}

static bool units_enabled(void)
{
	static const char *const argv[] = {"systemctl",	       "is-enabled",	    "--quiet",
					   "ebpfguard.socket", "ebpfguard.service", NULL};
	char out[OUT_ROOM];

	return eg_ctl_run(argv, out, sizeof(out), true, TOOL_MS) == 0;
}

static int start_helper(struct setup *setup)
{
	static const char *const enable[] = {
		"systemctl", "enable", "--now", "ebpfguard.socket", "ebpfguard.service", NULL};
	struct eg_msg_is_status status = {0};
	bool enabled = units_enabled();
	char out[OUT_ROOM];
	int r = eg_ctl_run(enable, out, sizeof(out), true, START_MS);

	if (r) {
		warnx("systemctl enable --now: %s\nsee: journalctl -u ebpfguard.service",
		      r < 0 ? strerror(-r) : out);
		return 1;
	}
	if (!enabled && (mkdir(STATE_DIR, 0700) == 0 || errno == EEXIST))
		(void)eg_ctl_save(ENABLED, 0600, print_text, "by ebpfguardctl setup\n");
	if (eg_ctl_status_ask(setup->options, &status) < 0)
		return 1;
	if (!status.enforcing) {
		warnx("the helper has not seen the kernel refuse anything: ebpfguardctl status");
		return 1;
	}
	step(4, "helper", "runs, and has seen the kernel refuse a connect");
	return 0;
}

static int begin_audit(struct setup *setup)
{
	bool done = mode_of(setup->options->config) == EG_MODE_AUDIT;

	if (!done && !agrees(setup,
			     "mode is \"enforce\": put \"audit\" there for the trial, which "
			     "refuses nothing?",
			     true)) {
		warnx("nothing was changed: sessions would be under rules that nobody has tried");
		return 1;
	}
	if (!done && change_mode(setup, "audit"))
		return 1;
	step(5, "audit mode",
	     done ? "is on: nothing is refused, only reported"
		  : "is on now: nothing is refused, only reported");
	return 0;
}

/* A name as it may stand in a line of PAM. */
static bool is_plain(const char *name)
{
	for (const char *at = name; *at; at++)
		if (!isalnum((unsigned char)*at) && !strchr("._-", *at))
			return false;
	return *name;
}

static bool is_user(const char *name)
{
	if (is_plain(name) && getpwnam(name))
		return true;
	warnx("there is no user \"%s\"", name);
	return false;
}

static int choose_exempt(struct setup *setup)
{
	const char *preset = setup->options->exempt_user;

	if (!preset)
		preset = getenv("SUDO_USER");
	if (!preset)
		preset = "";
	if (setup->options->exempt_user || !setup->asks)
		(void)snprintf(setup->exempt, sizeof(setup->exempt), "%s", preset);
	else
		ask(setup, "who is to get in unguarded, whatever happens to the helper?", preset,
		    setup->exempt);
	if (!*setup->exempt) {
		warnx("say who is to get in whatever happens: --exempt-user NAME");
		return 1;
	}
	return is_user(setup->exempt) ? 0 : 1;
}

static int add_line(struct setup *setup, const char *service)
{
	char path[ANSWER_ROOM + sizeof(PAM_D)], args[ANSWER_ROOM + 16];
	char *before eg_auto_free = NULL, *after eg_auto_free = NULL;
	int r;

	(void)snprintf(path, sizeof(path), PAM_D "/%s", service);
	before = is_plain(service) ? read_text(path) : NULL;
	if (!before) {
		warnx("%s: there is no such service of PAM", path);
		return 1;
	}
	(void)snprintf(args, sizeof(args), "exempt_user=%s", setup->exempt);
	r = eg_setup_pam_add(before, args, &after);
	if (r == -EEXIST) {
		step(6, "PAM", "%s has a line of the module, which stays as it is", path);
		return 0;
	}
	if (r < 0 || write_text(path, after) < 0)
		return 1;
	setup->added[setup->n_added++] = service;
	step(6, "PAM", "%s: session required pam_ebpfguard.so %s", path, args);
	return 0;
}

static int remove_line(const char *service)
{
	char path[sizeof(PAM_D) + ANSWER_ROOM];
	char *before eg_auto_free = NULL, *after eg_auto_free = NULL;
	int n;

	(void)snprintf(path, sizeof(path), PAM_D "/%s", service);
	before = read_text(path);
	n = before ? eg_setup_pam_remove(before, &after) : 0;

	if (n > 0 && write_text(path, after) < 0)
		return -EIO;
	if (n > 0)
		(void)printf("    %s: the line is out; who logs in now is not guarded\n", path);
	return n;
}

static int add_lines(struct setup *setup)
{
	int r = choose_exempt(setup);

	for (size_t i = 0; !r && setup->services[i] && i < SERVICES_MAX; i++)
		r = add_line(setup, setup->services[i]);
	return r;
}

/* ---- the trial ---- */

static int try_logins(struct setup *setup)
{
	struct eg_pam_use *use eg_auto_free = calloc(1, sizeof(*use));
	char preset[ANSWER_ROOM];

	if (!use || eg_pam_read(eg_ctl_host_here.pam_dirs, "sshd", use) < 0)
		return 1;
	eg_ctl_trial_person(use, preset, sizeof(preset));
	if (setup->options->trial_user)
		(void)snprintf(setup->trial, sizeof(setup->trial), "%s",
			       setup->options->trial_user);
	else
		ask(setup, "whose login is to be tried, who is not exempt?", preset, setup->trial);
	if (!is_user(setup->trial) || eg_ctl_trial(setup->options, setup->trial, true))
		return 1;
	step(7, "trial login", "%s gets in, and is guarded", setup->trial);
	if (eg_ctl_trial(setup->options, setup->exempt, false))
		return 1;
	step(7, "trial login", "%s gets in, and is not", setup->exempt);
	return 0;
}

static int enforce(struct setup *setup)
{
	const char *wish = "put mode = \"enforce\" there now?";

	if (!setup->options->enforce && !agrees(setup, wish, false)) {
		step(STEPS, "enforcement",
		     "not yet. See what would be refused: ebpfguardctl events "
		     "--verdict audit; then: ebpfguardctl setup --enforce");
		return 0;
	}
	if (change_mode(setup, "enforce"))
		return 1;
	if (eg_ctl_trial(setup->options, setup->trial, true)) {
		warnx("back to audit mode");
		(void)change_mode(setup, "audit");
		return 1;
	}
	step(STEPS, "enforcement", "is on; %s still gets in", setup->trial);
	return 0;
}

/* ---- undo ---- */

/* Of all services: also those that another run has named. */
static int remove_lines(void)
{
	DIR *dir = opendir(PAM_D);
	const struct dirent *entry;
	int n = 0, r = 0;

	if (!dir)
		return -errno;
	while ((entry = readdir(dir)) && r >= 0) {
		r = entry->d_name[0] == '.' ? 0 : remove_line(entry->d_name);
		n += r > 0;
	}
	(void)closedir(dir);
	return r < 0 ? r : n;
}

static int undo(struct setup *setup)
{
	static const char *const disable[] = {"systemctl",	   "disable",	       "--now",
					      "ebpfguard.service", "ebpfguard.socket", NULL};
	char out[OUT_ROOM];
	int lines = remove_lines();
	int failed = lines < 0;

	if (!lines)
		(void)puts("    no service of PAM has a line of setup's");
	failed |= change_mode(setup, NULL);
	if (access(ENABLED, F_OK) == 0) {
		failed |= eg_ctl_run(disable, out, sizeof(out), true, START_MS) != 0;
		failed |= unlink(ENABLED) < 0;
		(void)puts("    ebpfguard.service and ebpfguard.socket are disabled");
	}
	(void)puts("    sessions that are open stay guarded until they end");
	return failed ? EG_CTL_FINDING : EG_CTL_FINE;
}

/* ---- all of it ---- */

int eg_ctl_setup(const struct eg_ctl_options *options, char **args)
{
	static int (*const steps[])(struct setup *
				    setup) = {check_kernel, check_sshd, check_config, start_helper,
					      begin_audit,  add_lines,	try_logins,   enforce};
	static char *const only_sshd[] = {(char *)"sshd", NULL};
	struct setup setup = {.options = options, .services = *args ? args : only_sshd};
	size_t i;

	setup.asks = !options->yes && isatty(STDIN_FILENO);
	if (geteuid() != 0) {
		warnx("setup changes /etc/pam.d: run it as root");
		return EG_CTL_FINDING;
	}
	if (options->undo)
		return undo(&setup);
	if (!setup.asks && !options->yes) {
		warnx("there is no terminal to answer at: add --yes and --exempt-user NAME");
		return EG_CTL_USAGE;
	}
	(void)puts("Keep this shell open until a new login has worked.");
	for (i = 0; i < EG_ARRAY_SIZE(steps) && !steps[i](&setup); i++)
		continue;
	if (i == EG_ARRAY_SIZE(steps))
		return EG_CTL_FINE;
	/* Nobody is to be locked out by what has not worked. */
	for (size_t j = 0; j < setup.n_added; j++)
		(void)remove_line(setup.added[j]);
	warnx("setup stops here; what it has changed so far: ebpfguardctl setup --undo");
	return EG_CTL_FINDING;
}
