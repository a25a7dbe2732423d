// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * ebpfguardctl: what an administrator asks. check and explain read the configuration and nothing
 * else (ctl_check.c, ctl_config.c), learn the log (ctl_learn.c); status, sessions and reload ask
 * the running helper (ctl_remote.c), and diff both the configuration and the helper (ctl_diff.c).
 * Here: the command line.
 *
 * Exit status: 0 fine or allow, 1 a finding or a denial or no answer, 2 wrong usage; of diff 1 is a
 * difference and 2 that there is no answer.
 */
#include <err.h>
#include <errno.h>
#include <getopt.h>
#include <search.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ctl.h"
#include "proto.h"
#include "util.h"

enum {
	LEARN_FILES_MAX = 4096,
	/* options without a letter */
	OPTION_SINCE = 256,
	OPTION_USER,
	OPTION_PROFILE,
	OPTIONS_END,
};

char *eg_ctl_safe(const char *text, char *buf, size_t size)
{
	size_t used = 0;

	for (; *text && used + 5 <= size; text++) {
		unsigned char c = (unsigned char)*text;

		if (c >= 0x20 && c < 0x7f)
			buf[used++] = (char)c;
		else
			used += (size_t)snprintf(buf + used, size - used, "\\x%02x", c);
	}
	buf[used] = '\0';
	return buf;
}

/* What was said, for finding it again: "LINE TEXT". Lives as long as the process. */
static void *said;

static int compare_said(const void *a, const void *b)
{
	return strcmp(a, b);
}

static bool was_said(unsigned int line, const char *text)
{
	char *both = NULL;
	void *node;

	if (asprintf(&both, "%u %s", line, text) < 0)
		return false; /* said twice, rather than not at all */
	node = tsearch(both, &said, compare_said);
	if (!node || *(char **)node != both) {
		free(both);
		return node;
	}
	return false;
}

int eg_ctl_warn_at(const struct eg_config *config, unsigned int line, const char *format, ...)
{
	char text[EG_ERR_TEXT_SIZE], file[EG_CTL_SAFE_SIZE], clean[EG_CTL_SAFE_SIZE];
	va_list ap;

	va_start(ap, format);
	(void)vsnprintf(text, sizeof(text), format, ap);
	va_end(ap);
	if (was_said(line, text))
		return 0;
	(void)fprintf(stderr, "%s:%u: warning: %s\n", eg_ctl_safe(config->file, file, sizeof(file)),
		      line, eg_ctl_safe(text, clean, sizeof(clean)));
	return 1;
}

static const struct command {
	const char *name;
	int min, max; /* arguments */
	int (*run)(const struct eg_ctl_options *options, char **args);
	const char *synopsis, *help;
} commands[] = {
	{"check", 0, 1, eg_ctl_check, "check [FILE]",
	 "is the configuration valid, and does it look as meant?"},
	{"explain", 1, 3, eg_ctl_explain, "explain USER [connect|bind TARGET]",
	 "which profile; or allow or deny: ADDR:PORT/PROTO, PORT/PROTO"},
	{"diff", 1, 1, eg_ctl_diff, "diff FILE",
	 "what FILE would change, for the sessions there are now, too"},
	{"learn", 0, LEARN_FILES_MAX, eg_ctl_learn, "learn --since TIME [FILE...]",
	 "an allow list from what sessions did under audit"},
	{"status", 0, 0, eg_ctl_status, "status", "does the kernel enforce, and which policy?"},
	{"sessions", 0, 0, eg_ctl_sessions, "sessions", "who is guarded"},
	{"reload", 0, 0, eg_ctl_reload, "reload", "put the configuration in force"},
};

static void usage(FILE *out)
{
	(void)fputs("usage: ebpfguardctl [OPTION...] COMMAND\n", out);
	for (size_t i = 0; i < EG_ARRAY_SIZE(commands); i++)
		(void)fprintf(out, "  %-38s %s\n", commands[i].synopsis, commands[i].help);
	(void)fputs(
		"options:\n"
		"  -c, --config FILE                      for check, explain and diff "
		"(" EG_CONFIG_FILE ")\n"
		"  -p, --program FILE                     for explain connect and bind: the "
		"program "
		"that does it\n"
		"  -S, --service NAME                     for explain: the service of PAM (sshd)\n"
		"  -r, --rhost ADDR                       for explain: where the user comes from\n"
		"  -k, --key SHA256:...                   for explain: the key of the login\n"
		"      --since TIME                       for learn: \"YYYY-MM-DD HH:MM\", today, "
		"-2h, ...\n"
		"      --user NAME                        for learn: who logged in\n"
		"      --profile NAME                     for learn: what the session had\n"
		"  -s, --socket FILE                      where the helper listens "
		"(" EG_CONTROL_SOCKET ")\n"
		"  -h, --help\n"
		"  -V, --version\n",
		out);
}

static int wrong_usage(void)
{
	usage(stderr);
	return EG_CTL_USAGE;
}

/* Whose options are whose. */
static const struct {
	int c;
	const char *name, *commands;
} taken[] = {
	{'c', "--config", "check, explain, diff"},
	{'p', "--program", "explain"},
	{'S', "--service", "explain"},
	{'r', "--rhost", "explain"},
	{'k', "--key", "explain"},
	{OPTION_SINCE, "--since", "learn"},
	{OPTION_USER, "--user", "learn"},
	{OPTION_PROFILE, "--profile", "learn"},
	{'s', "--socket", "diff, status, sessions, reload"},
};

/* Is each option that was given one of the command's? One without effect was meant to have one. */
static bool takes(const struct command *command, const bool given[OPTIONS_END])
{
	for (size_t i = 0; i < EG_ARRAY_SIZE(taken); i++) {
		if (!given[taken[i].c] || strstr(taken[i].commands, command->name))
			continue;
		warnx("%s: %s is an option of: %s\nusage: ebpfguardctl [OPTION...] %s",
		      command->name, taken[i].name, taken[i].commands, command->synopsis);
		return false;
	}
	return true;
}

static int dispatch(const struct eg_ctl_options *options, const bool given[OPTIONS_END], int argc,
		    char **argv)
{
	char clean[EG_CTL_SAFE_SIZE];

	if (!argc) {
		warnx("no command");
		return wrong_usage();
	}
	for (size_t i = 0; i < EG_ARRAY_SIZE(commands); i++) {
		const struct command *command = &commands[i];

		if (strcmp(command->name, argv[0]))
			continue;
		if (!takes(command, given))
			return EG_CTL_USAGE;
		if (argc - 1 >= command->min && argc - 1 <= command->max)
			return command->run(options, argv + 1);
		warnx("%s: too %s arguments\nusage: ebpfguardctl %s", command->name,
		      argc - 1 < command->min ? "few" : "many", command->synopsis);
		return EG_CTL_USAGE;
	}
	warnx("%s: no such command", eg_ctl_safe(argv[0], clean, sizeof(clean)));
	return wrong_usage();
}

/* A verdict nobody could read is not one: a full disk or a closed pipe must not look like success.
 */
static int flush(int status)
{
	if (fflush(stdout) == 0 && !ferror(stdout))
		return status;
	warn("cannot write");
	return EG_CTL_FINDING;
}

/* Where the argument of an option goes; NULL: it has none. */
static const char **option_of(struct eg_ctl_options *options, int c)
{
	switch (c) {
	case 'c':
		return &options->config;
	case 'p':
		return &options->program;
	case 's':
		return &options->socket;
	case 'S':
		return &options->service;
	case 'r':
		return &options->rhost;
	case 'k':
		return &options->key;
	case OPTION_SINCE:
		return &options->since;
	case OPTION_USER:
		return &options->user;
	case OPTION_PROFILE:
		return &options->profile;
	default:
		return NULL;
	}
}

int main(int argc, char **argv)
{
	static const struct option known[] = {{"config", required_argument, NULL, 'c'},
					      {"program", required_argument, NULL, 'p'},
					      {"service", required_argument, NULL, 'S'},
					      {"rhost", required_argument, NULL, 'r'},
					      {"key", required_argument, NULL, 'k'},
					      {"since", required_argument, NULL, OPTION_SINCE},
					      {"user", required_argument, NULL, OPTION_USER},
					      {"profile", required_argument, NULL, OPTION_PROFILE},
					      {"socket", required_argument, NULL, 's'},
					      {"help", no_argument, NULL, 'h'},
					      {"version", no_argument, NULL, 'V'},
					      {0}};
	struct eg_ctl_options options = {
		.config = EG_CONFIG_FILE, .socket = EG_CONTROL_SOCKET, .service = "sshd"};
	bool given[OPTIONS_END] = {false};
	int c;

	if (argc > 0)
		argv[0] = program_invocation_short_name; /* getopt's messages begin as warnx's do */
	while ((c = getopt_long(argc, argv, "c:p:s:S:r:k:hV", known, NULL)) != -1) {
		const char **option = option_of(&options, c);

		if (option) {
			*option = optarg;
			given[c] = true;
		} else if (c == 'h') {
			usage(stdout);
			return flush(EG_CTL_FINE);
		} else if (c == 'V') {
			(void)puts("ebpfguardctl " EG_VERSION);
			return flush(EG_CTL_FINE);
		} else {
			return wrong_usage();
		}
	}
	return flush(dispatch(&options, given, argc - optind, argv + optind));
}
