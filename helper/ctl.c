// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * ebpfguardctl: what an administrator asks. check and explain read the configuration and nothing
 * else (ctl_config.c); status, sessions and reload ask the running helper (ctl_remote.c). Here: the
 * command line.
 *
 * Exit status: 0 fine or allow, 1 a finding or a denial or no answer, 2 wrong usage.
 */
#include <err.h>
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "ctl.h"
#include "proto.h"
#include "util.h"

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

static const struct command {
	const char *name;
	int min, max; /* arguments */
	int (*run)(const struct eg_ctl_options *options, char **args);
	const char *synopsis, *help;
} commands[] = {
	{"check", 0, 1, eg_ctl_check, "check [FILE]",
	 "is the configuration valid, and does it look as meant?"},
	{"explain", 3, 3, eg_ctl_explain, "explain USER connect|bind TARGET",
	 "allow or deny, and which rule: ADDR:PORT/PROTO, PORT/PROTO"},
	{"status", 0, 0, eg_ctl_status, "status", "does the kernel enforce, and which policy?"},
	{"sessions", 0, 0, eg_ctl_sessions, "sessions", "who is guarded"},
	{"reload", 0, 0, eg_ctl_reload, "reload", "put the configuration in force"},
};

static void usage(FILE *out)
{
	(void)fputs(
		"usage: ebpfguardctl [--config FILE] [--program FILE] [--socket FILE] COMMAND\n",
		out);
	for (size_t i = 0; i < EG_ARRAY_SIZE(commands); i++)
		(void)fprintf(out, "  %-38s %s\n", commands[i].synopsis, commands[i].help);
	(void)fputs(
		"options:\n"
		"  -c, --config FILE                      for check and explain (" EG_CONFIG_FILE
		")\n"
		"  -p, --program FILE                     for explain: what executes it, if it has "
		"rules of its own\n"
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

static int dispatch(const struct eg_ctl_options *options, int argc, char **argv)
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

int main(int argc, char **argv)
{
	static const struct option known[] = {
		{"config", required_argument, NULL, 'c'}, {"program", required_argument, NULL, 'p'},
		{"socket", required_argument, NULL, 's'}, {"help", no_argument, NULL, 'h'},
		{"version", no_argument, NULL, 'V'},	  {0}};
	struct eg_ctl_options options = {.config = EG_CONFIG_FILE, .socket = EG_CONTROL_SOCKET};
	int c;

	if (argc > 0)
		argv[0] = program_invocation_short_name; /* getopt's messages begin as warnx's do */
	while ((c = getopt_long(argc, argv, "c:p:s:hV", known, NULL)) != -1) {
		switch (c) {
		case 'c':
			options.config = optarg;
			break;
		case 'p':
			options.program = optarg;
			break;
		case 's':
			options.socket = optarg;
			break;
		case 'h':
			usage(stdout);
			return flush(EG_CTL_FINE);
		case 'V':
			(void)puts("ebpfguardctl " EG_VERSION);
			return flush(EG_CTL_FINE);
		default:
			return wrong_usage();
		}
	}
	return flush(dispatch(&options, argc - optind, argv + optind));
}
