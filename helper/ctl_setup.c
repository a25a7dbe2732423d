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
#include "ctl_change.h"
#include "ctl_host.h"
#include "ctl_remote.h"
#include "ctl_run.h"
#include "ctl_trial.h"
#include "util.h"

#define SSHD "sshd"

enum {
	OUT_ROOM = 8192,
	ANSWER_ROOM = 256,
	TOOL_MS = 30000,
	STEPS = 8,
	SERVICES_MAX = 16,
};

struct setup {
	const struct eg_ctl_options *options;
	char *const *services; /* NULL after the last */
	bool asks;	       /* somebody is there who answers */
	bool enforcing;	       /* logins over SSH were guarded, with rules in force, before us */
	bool tried;	       /* a login was */
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

/* Reads an answer; what is empty is the default, as where nobody is asked. False: whoever was asked
 * has left, or wants us to stop. */
static bool ask(const struct setup *setup, const char *question, const char *preset,
		char answer[ANSWER_ROOM])
{
	size_t n;
	int c;

	answer[0] = '\0';
	if (setup->asks) {
		(void)printf("    %s [%s] ", question, preset);
		(void)fflush(stdout);
		if (!fgets(answer, ANSWER_ROOM, stdin) || eg_ctl_run_stopped()) {
			(void)puts("");
			return false;
		}
		/* What has no room is not the next answer. */
		for (c = strchr(answer, '\n') ? '\n' : 0; c != '\n' && c != EOF;)
			c = getchar();
	}
	n = strcspn(answer, "\n");
	answer[n] = '\0';
	if (!n)
		(void)snprintf(answer, ANSWER_ROOM, "%s", preset);
	return true;
}

static bool agrees(const struct setup *setup, const char *question, bool preset)
{
	char answer[ANSWER_ROOM];

	return ask(setup, question, preset ? "yes" : "no", answer) &&
	       (answer[0] == 'y' || answer[0] == 'Y');
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
	int uses;

	(void)setup;
	/* Without it sshd does not even say its settings; with ssh.socket it may not be there. */
	if (mkdir("/run/sshd", 0755) < 0 && errno != EEXIST)
		warn("/run/sshd");
	uses = eg_ctl_uses_pam(&eg_ctl_host_here, 0);
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

static int start_helper(struct setup *setup)
{
	struct eg_msg_is_status status = {0};

	if (eg_ctl_units_enable() || eg_ctl_status_ask(setup->options, &status) < 0)
		return 1;
	if (!status.enforcing) {
		warnx("the helper has not seen the kernel refuse anything: ebpfguardctl status");
		return 1;
	}
	step(4, "helper", "runs, and has seen the kernel refuse a connect");
	return 0;
}

/* Does PAM have the module for those who log in over SSH? Says why it cannot tell: -1. */
static int sshd_has_line(struct eg_pam_use *use)
{
	int r = use ? eg_pam_read(eg_ctl_host_here.pam_dirs, SSHD, use) : -ENOMEM;

	if (r < 0)
		warnx(EG_CTL_PAM_D "/" SSHD ": %s", strerror(-r));
	return r < 0 ? -1 : use->found;
}

/* Profiles with a mode of their own: audit mode at the top is not theirs. */
static int accept_others(const struct setup *setup, const struct eg_config *config)
{
	char clean[EG_CTL_SAFE_SIZE];
	size_t n = 0;

	for (size_t i = 1; i < config->n_profiles; i++) {
		if (config->profiles[i].mode != EG_MODE_ENFORCE)
			continue;
		n++;
		(void)printf("    profile %s enforces all the same: it needs a mode of its own\n",
			     eg_ctl_safe(config->profiles[i].name, clean, sizeof(clean)));
	}
	if (!n || setup->options->enforce || agrees(setup, "go on with that?", false))
		return 0;
	warnx("sessions would be under rules that nobody has tried");
	return 1;
}

static int begin_audit(struct setup *setup)
{
	struct eg_pam_use *use eg_auto_free = calloc(1, sizeof(*use));
	struct eg_config *config eg_ctl_auto_config = eg_ctl_load(setup->options->config);
	int line = sshd_has_line(use);
	bool is_on;

	if (!config || line < 0)
		return 1;
	is_on = config->profiles[0].mode == EG_MODE_AUDIT;
	if (line && !is_on) {
		setup->enforcing = true;
		step(5, "audit mode",
		     "logins over SSH are guarded already, and mode = \"enforce\" "
		     "stays");
		return 0;
	}
	if (!is_on && !agrees(setup,
			      "mode is \"enforce\": put \"audit\" there for the trial, which "
			      "refuses nothing?",
			      true)) {
		warnx("nothing was changed: sessions would be under rules that nobody has tried");
		return 1;
	}
	if (eg_ctl_mode_set(setup->options, EG_MODE_AUDIT))
		return 1;
	step(5, "audit mode",
	     is_on ? "is on: nothing is refused, only reported"
		   : "is on now: nothing is refused, only reported");
	if (line)
		return 0;
	eg_config_free(config);
	config = eg_ctl_load(setup->options->config);
	return config ? accept_others(setup, config) : 1;
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
	else if (!ask(setup, "who is to get in unguarded, whatever happens to the helper?", preset,
		      setup->exempt))
		return 1;
	if (!*setup->exempt) {
		warnx("say who is to get in whatever happens: --exempt-user NAME");
		return 1;
	}
	return is_user(setup->exempt) ? 0 : 1;
}

static int add_line(struct setup *setup, const char *service)
{
	int r;

	if (!is_plain(service)) {
		warnx("\"%s\" is no name of a service of PAM", service);
		return 1;
	}
	r = eg_ctl_line_add(service, setup->exempt);
	if (r == -EEXIST) {
		step(6, "PAM", EG_CTL_PAM_D "/%s has a line of the module, which stays as it is",
		     service);
		return 0;
	}
	if (r < 0)
		return 1;
	setup->added[setup->n_added++] = service;
	step(6, "PAM", EG_CTL_PAM_D "/%s: session required " EG_PAM_MODULE " exempt_user=%s",
	     service, setup->exempt);
	return 0;
}

static int add_lines(struct setup *setup)
{
	int r = choose_exempt(setup);

	for (size_t i = 0; !r && setup->services[i]; i++) {
		if (setup->n_added == SERVICES_MAX) {
			warnx("more than %d services at a time: name the others in another run",
			      SERVICES_MAX);
			return 1;
		}
		r = add_line(setup, setup->services[i]);
	}
	return r;
}

/* ---- the trial ---- */

static int choose_trial(struct setup *setup, const struct eg_pam_use *use)
{
	char preset[ANSWER_ROOM];

	eg_ctl_trial_person(use, preset, sizeof(preset));
	if (setup->options->trial_user)
		(void)snprintf(setup->trial, sizeof(setup->trial), "%s",
			       setup->options->trial_user);
	else if (!ask(setup, "whose login is to be tried, who is not exempt?", preset,
		      setup->trial))
		return 1;
	return is_user(setup->trial) ? 0 : 1;
}

static int try_logins(struct setup *setup)
{
	struct eg_pam_use *use eg_auto_free = calloc(1, sizeof(*use));
	int line = sshd_has_line(use);

	for (size_t i = 0; setup->services[i]; i++)
		if (!line || strcmp(setup->services[i], SSHD) != 0)
			step(7, "trial login",
			     "not by %s: try that by hand before you close this shell",
			     setup->services[i]);
	if (line <= 0)
		return line < 0;
	if (choose_trial(setup, use) || eg_ctl_trial(setup->options, setup->trial, true))
		return 1;
	step(7, "trial login", "%s gets in, and is guarded", setup->trial);
	if (eg_ctl_trial(setup->options, setup->exempt, false))
		return 1;
	step(7, "trial login", "%s gets in, and is not", setup->exempt);
	setup->tried = true;
	return 0;
}

static int enforce(struct setup *setup)
{
	const char *wish = "put mode = \"enforce\" there now?";

	if (setup->enforcing) {
		step(STEPS, "enforcement", "is on already");
		return 0;
	}
	if (!setup->options->enforce && !agrees(setup, wish, false)) {
		step(STEPS, "enforcement",
		     "not yet. See what would be refused: ebpfguardctl events "
		     "--verdict audit; then: ebpfguardctl setup --enforce");
		return 0;
	}
	if (eg_ctl_run_stopped() || eg_ctl_mode_set(setup->options, EG_MODE_ENFORCE))
		return 1;
	if (!setup->tried) {
		step(STEPS, "enforcement", "is on");
		return 0;
	}
	if (eg_ctl_trial(setup->options, setup->trial, true)) {
		warnx("back to audit mode");
		(void)eg_ctl_mode_set(setup->options, EG_MODE_AUDIT);
		return 1;
	}
	step(STEPS, "enforcement", "is on; %s still gets in", setup->trial);
	return 0;
}

/* ---- all of it ---- */

static int stop_here(struct setup *setup)
{
	/* Nobody is to be locked out by what has not worked. */
	for (size_t i = 0; i < setup->n_added; i++)
		(void)eg_ctl_line_remove(setup->added[i]);
	warnx("setup stops here; what it has changed so far: ebpfguardctl setup --undo");
	return EG_CTL_FINDING;
}

int eg_ctl_setup(const struct eg_ctl_options *options, char **args)
{
	static int (*const steps[])(struct setup *
				    setup) = {check_kernel, check_sshd, check_config, start_helper,
					      begin_audit,  add_lines,	try_logins,   enforce};
	static char *const only_sshd[] = {(char *)SSHD, NULL};
	struct setup setup = {.options = options, .services = *args ? args : only_sshd};

	setup.asks = !options->yes && isatty(STDIN_FILENO);
	if (options->undo && *args) {
		warnx("setup: --undo is for all that setup has changed: it takes no service");
		return EG_CTL_USAGE;
	}
	if (geteuid() != 0) {
		warnx("setup changes " EG_CTL_PAM_D ": run it as root");
		return EG_CTL_FINDING;
	}
	if (!options->undo && !setup.asks && !options->yes) {
		warnx("there is no terminal to answer at: add --yes and --exempt-user NAME");
		return EG_CTL_USAGE;
	}
	/* From here on what was begun is ended, whoever hangs up. */
	eg_ctl_run_watch();
	if (options->undo) {
		int failed = eg_ctl_changes_undo(options);

		(void)puts("    sessions that are open stay guarded until they end");
		return failed ? EG_CTL_FINDING : EG_CTL_FINE;
	}
	(void)puts("Keep this shell open until a new login has worked.");
	for (size_t i = 0; i < EG_ARRAY_SIZE(steps); i++)
		if (steps[i](&setup) || eg_ctl_run_stopped())
			return stop_here(&setup);
	return EG_CTL_FINE;
}
