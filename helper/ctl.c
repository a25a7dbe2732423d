// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * ebpfguardctl: what an administrator asks. check and explain read the configuration and nothing
 * else (ctl_check.c, ctl_config.c); learn, events and report read the log (ctl_log.c); diff reads
 * configurations and asks the running helper as well (ctl_diff.c); the others ask it or give it
 * orders (ctl_ask.c). Here: the command line.
 *
 * Exit status: 0 fine or allow, 1 a finding or a denial or no answer, 2 wrong usage; of diff 1 is a
 * difference and 2 that there is no answer.
 */
#include <err.h>
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ctl.h"
#include "proto.h"
#include "util.h"

enum { FILES_MAX = 4096, SERVICES_MAX = 16 };

static const struct command {
	const char *name;
	int min, max; /* arguments */
	int (*run)(const struct eg_ctl_options *options, char **args);
	const char *synopsis, *help;
} commands[] = {
	{"setup", 0, SERVICES_MAX, eg_ctl_setup, "setup [SERVICE...]",
	 "guard logins, step by step; --undo takes it back"},
	{"check", 0, 1, eg_ctl_check, "check [FILE]",
	 "is the configuration valid, and does it look as meant?"},
	{"explain", 1, 3, eg_ctl_explain, "explain USER [connect|bind TARGET]",
	 "which profile; or allow or deny: ADDR:PORT/PROTO, PORT/PROTO"},
	{"diff", 1, 1, eg_ctl_diff, "diff FILE",
	 "what FILE would change, for the sessions there are now, too"},
	{"learn", 0, FILES_MAX, eg_ctl_learn, "learn --since TIME [FILE...]",
	 "an allow list from what sessions did under audit"},
	{"events", 0, FILES_MAX, eg_ctl_events, "events [FILE...]",
	 "what the log says: who was refused what"},
	{"report", 0, FILES_MAX, eg_ctl_report, "report --since TIME [FILE...]",
	 "the log summed up, as text or a page"},
	{"status", 0, 0, eg_ctl_status, "status", "does the kernel enforce, and which policy?"},
	{"sessions", 0, 0, eg_ctl_sessions, "sessions", "who is guarded"},
	{"session", 1, 1, eg_ctl_session, "session NUMBER", "all about one, with its processes"},
	{"top", 0, 0, eg_ctl_top, "top", "sessions by refusals, anew each second"},
	{"reload", 0, 0, eg_ctl_reload, "reload", "put the configuration in force"},
	{"quarantine", 1, 1, eg_ctl_quarantine, "quarantine SESSION",
	 "cut a session off the network, open flows too"},
	{"release", 1, 1, eg_ctl_release, "release SESSION", "end its quarantine"},
	{"kill", 1, 1, eg_ctl_kill, "kill SESSION", "end it: every process, and the connection"},
	{"tighten", 2, 2, eg_ctl_tighten, "tighten SESSION PROFILE", "give it a stricter profile"},
	{"metrics", 0, 0, eg_ctl_metrics, "metrics", "what was counted, for Prometheus"},
};

#define LOG   "events, report"
#define FILES "check, explain, diff"
#define LIVE  "status, sessions, session, top, reload"
#define DO    "quarantine, release, kill, tighten"

/* Options without a letter have numbers behind those of letters. */
enum { NO_LETTER = 256 };

static const struct row {
	int letter;	  /* 0 = none */
	const char *name; /* without "--" */
	const char *arg;  /* what the usage calls its argument; NULL = a flag */
	size_t at;	  /* in struct eg_ctl_options: const char *, or bool */
	const char *commands, *help;
} rows[] = {
#define TEXT(member) offsetof(struct eg_ctl_options, member)
	{'c', "config", "FILE", TEXT(config),
	 "check, explain, diff, learn, events, report, session, top, tighten",
	 "the configuration (" EG_CONFIG_FILE ")"},
	{'s', "socket", "FILE", TEXT(socket), "diff, " LIVE ", " DO ", metrics",
	 "where the helper listens (" EG_CONTROL_SOCKET ")"},
	{'p', "program", "FILE", TEXT(program), "explain, " LOG, "the program that does it"},
	{'S', "service", "NAME", TEXT(service), "explain", "the service of PAM (sshd)"},
	{'r', "rhost", "ADDR", TEXT(rhost), "explain, " LOG, "where the user comes from"},
	{'k', "key", "SHA256:...", TEXT(key), "explain, " LOG, "the key of the login"},
	{0, "since", "TIME", TEXT(since), "learn, " LOG,
	 "\"YYYY-MM-DD HH:MM\", today, yesterday, -2h, ..."},
	{0, "until", "TIME", TEXT(until), LOG, "likewise"},
	{0, "user", "NAME", TEXT(user), "learn, " LOG, "who logged in"},
	{0, "profile", "NAME", TEXT(profile), "learn, " LOG, "what the session had"},
	{0, "session", "N", TEXT(session), LOG, "the number of one"},
	{0, "verdict", "WORD", TEXT(verdict), LOG, "deny, audit, kill, ... or a kind of record"},
	{0, "op", "OP", TEXT(op), LOG, "what was tried: connect, setuid, ..."},
	{0, "dst", "ADDR[/LEN]", TEXT(dst), LOG, "where to"},
	{0, "port", "N", TEXT(port), LOG, "the port there"},
	{0, "rule", "TEXT", TEXT(rule), LOG, "a part of the rule, or of its feed's path"},
	{'f', "follow", NULL, TEXT(follow), "events", "and what is to come"},
	{'n', "last", "N", TEXT(last), "events", "only the last ones"},
	{0, "html", "FILE", TEXT(html), "report", "a page, in place of text"},
	{'b', "snapshots", "N", TEXT(snapshots), "top", "N times as text, without a screen"},
	{0, "output", "FILE", TEXT(output), "metrics", "written there at once, not to stdout"},
	{0, "force", NULL, TEXT(force), "tighten", "to a looser one, too"},
	{0, "exempt-user", "NAME", TEXT(exempt_user), "setup", "who gets in unguarded, always"},
	{0, "trial-user", "NAME", TEXT(trial_user), "setup", "whose login is tried"},
	{0, "enforce", NULL, TEXT(enforce), "setup", "not only audit"},
	{'y', "yes", NULL, TEXT(yes), "setup", "ask nothing"},
	{0, "undo", NULL, TEXT(undo), "setup", "take back what setup has changed"},
	{0, "json", NULL, TEXT(json), FILES ", learn, " LOG ", " LIVE ", " DO ", metrics",
	 "JSON in place of text"},
#undef TEXT
};

enum { N_ROWS = EG_ARRAY_SIZE(rows) };

static void usage(FILE *out)
{
	(void)fputs("usage: ebpfguardctl [OPTION...] COMMAND\n", out);
	for (size_t i = 0; i < EG_ARRAY_SIZE(commands); i++)
		(void)fprintf(out, "  %-38s %s\n", commands[i].synopsis, commands[i].help);
	(void)fputs("options:\n", out);
	for (size_t i = 0; i < N_ROWS; i++) {
		char letter[4] = "   ", name[40];

		if (rows[i].letter)
			(void)snprintf(letter, sizeof(letter), "-%c,", rows[i].letter);
		(void)snprintf(name, sizeof(name), "--%s%s%s", rows[i].name, rows[i].arg ? " " : "",
			       rows[i].arg ? rows[i].arg : "");
		(void)fprintf(out, "  %s %-24s %s\n%32sfor %s\n", letter, name, rows[i].help, "",
			      rows[i].commands);
	}
	(void)fputs("  -h, --help\n"
		    "  -V, --version\n",
		    out);
}

/* Not all of the usage: what was wrong would be out of sight. */
static int wrong_usage(void)
{
	(void)fputs("see: ebpfguardctl --help\n", stderr);
	return EG_CTL_USAGE;
}

/* What cannot be meant together, by name. */
static const struct {
	const char *a, *b, *why;
} apart[] = {
	{"follow", "last", "--follow begins with what comes, or with --since, and has no last"},
	{"follow", "until", "--follow has no end, and --until is one"},
	{"undo", "enforce", "--undo takes back what --enforce does"},
	{"undo", "exempt-user", "--undo asks for nobody"},
	{"undo", "trial-user", "--undo asks for nobody"},
};

static bool is_given(const bool given[N_ROWS], const char *name)
{
	for (size_t i = 0; i < N_ROWS; i++)
		if (given[i] && strcmp(rows[i].name, name) == 0)
			return true;
	return false;
}

static bool goes_together(const struct command *command, const bool given[N_ROWS])
{
	for (size_t i = 0; i < EG_ARRAY_SIZE(apart); i++) {
		if (!is_given(given, apart[i].a) || !is_given(given, apart[i].b))
			continue;
		warnx("%s: %s", command->name, apart[i].why);
		return false;
	}
	return true;
}

/* Is it one of the words of such a list? */
static bool names(const char *list, const char *word)
{
	size_t n = strlen(word);

	for (const char *at = strstr(list, word); at; at = strstr(at + n, word))
		if ((at == list || at[-1] == ' ') && (!at[n] || at[n] == ','))
			return true;
	return false;
}

/* Is each option that was given one of the command's? One without effect was meant to have one. */
static bool takes(const struct command *command, const bool given[N_ROWS])
{
	for (size_t i = 0; i < N_ROWS; i++) {
		if (!given[i] || names(rows[i].commands, command->name))
			continue;
		warnx("%s: --%s is an option of: %s\nusage: ebpfguardctl [OPTION...] %s",
		      command->name, rows[i].name, rows[i].commands, command->synopsis);
		return false;
	}
	return true;
}

static int dispatch(const struct eg_ctl_options *options, const bool given[N_ROWS], int argc,
		    char **argv)
{
	char clean[EG_CTL_SAFE_SIZE];

	if (!argc) {
		warnx("no command");
		usage(stderr);
		return EG_CTL_USAGE;
	}
	for (size_t i = 0; i < EG_ARRAY_SIZE(commands); i++) {
		const struct command *command = &commands[i];

		if (strcmp(command->name, argv[0]))
			continue;
		if (!takes(command, given) || !goes_together(command, given))
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

static int value_of(size_t row)
{
	return rows[row].letter ? rows[row].letter : NO_LETTER + (int)row;
}

/* What getopt_long wants to know. known: N_ROWS + 3; letters: 2 * N_ROWS + 3. */
static void describe(struct option *known, char *letters)
{
	size_t n;

	for (n = 0; n < N_ROWS; n++) {
		known[n] = (struct option){.name = rows[n].name,
					   .has_arg = rows[n].arg ? required_argument : no_argument,
					   .val = value_of(n)};
		if (!rows[n].letter)
			continue;
		*letters++ = (char)rows[n].letter;
		if (rows[n].arg)
			*letters++ = ':';
	}
	known[n++] = (struct option){"help", no_argument, NULL, 'h'};
	known[n++] = (struct option){"version", no_argument, NULL, 'V'};
	known[n] = (struct option){0};
	memcpy(letters, "hV", sizeof("hV"));
}

/* Takes one option over. False: there is none of that value. */
static bool take(struct eg_ctl_options *options, bool given[N_ROWS], int c)
{
	for (size_t i = 0; i < N_ROWS; i++) {
		char *to = (char *)options + rows[i].at;

		if (value_of(i) != c)
			continue;
		if (rows[i].arg)
			*(const char **)to = optarg;
		else
			*(bool *)to = true;
		given[i] = true;
		return true;
	}
	return false;
}

int main(int argc, char **argv)
{
	struct eg_ctl_options options = {
		.config = EG_CONFIG_FILE, .socket = EG_CONTROL_SOCKET, .service = "sshd"};
	struct option known[N_ROWS + 3];
	char letters[2 * N_ROWS + 3];
	bool given[N_ROWS] = {false};
	int c;

	describe(known, letters);
	if (argc > 0)
		argv[0] = program_invocation_short_name; /* getopt's messages begin as warnx's do */
	while ((c = getopt_long(argc, argv, letters, known, NULL)) != -1) {
		if (c == 'h') {
			usage(stdout);
			return flush(EG_CTL_FINE);
		}
		if (c == 'V') {
			(void)puts("ebpfguardctl " EG_VERSION);
			return flush(EG_CTL_FINE);
		}
		if (!take(&options, given, c))
			return wrong_usage();
	}
	options.config_given = is_given(given, "config");
	return flush(dispatch(&options, given, argc - optind, argv + optind));
}
