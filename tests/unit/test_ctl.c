// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * ebpfguardctl check and explain, as an administrator runs them, about profiles and match: what
 * they print and how they exit. No root and no helper; of this host's users, root and its group are
 * taken for granted.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "util.h"

static char program[4096]; /* the ebpfguardctl that was built with this test */
static char dir[] = "/tmp/eg_ctl.XXXXXX";

/* Runs a command about the text as the file "c"; what it prints on both streams, with the
 * directory's name cut out. Returns its exit status. */
static int run(const char *text, const char *args, char out[8192])
{
	char path[64], command[8192];
	eg_auto_close int fd = -1;
	size_t n, at, len;
	FILE *pipe;
	int status;

	(void)snprintf(path, sizeof(path), "%s/c", dir);
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	(void)snprintf(command, sizeof(command), "'%s' --config %s %s 2>&1", program, path, args);
	pipe = popen(command, "re");
	assert_non_null(pipe);
	n = fread(out, 1, 8191, pipe);
	out[n] = '\0';
	status = pclose(pipe);
	(void)unlink(path);
	assert_true(WIFEXITED(status));
	(void)snprintf(path, sizeof(path), "%s/", dir);
	len = strlen(path);
	for (at = 0; out[at];)
		if (strncmp(out + at, path, len) == 0)
			memmove(out + at, out + at + len, strlen(out + at + len) + 1);
		else
			at++;
	return WEXITSTATUS(status);
}

#define KEY "SHA256:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU"

#define KEY2 "SHA256:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"

static const char file[] =
	"deny = [ \"18.0.0.0/9\" ];\n"
	"profiles = (\n"
	"{ name = \"base\"; extends = \"default\"; setuid = { deny = true; }; },\n"
	"{ name = \"ops\"; extends = \"base\"; mode = \"audit\"; },\n"
	"{ name = \"free\"; } );\n"
	"match = (\n"
	"{ user = [ \"eg_alice\", \"eg_bob\" ]; rhost = \"10.0.0.0/8\";\n"
	"profile = \"ops\"; },\n"
	"{ group = \"root\"; service = \"cron\"; profile = \"free\"; },\n"
	"{ key = \"" KEY "\"; profile = \"free\"; },\n"
	"{ user = \"root\"; profile = \"base\"; } );\n";

#define BASE "deny = [ \"18.0.0.0/9\" ];\nsetuid = { deny = true; };\n"

static const struct {
	const char *args, *out;
	int status;
} explained[] = {
	{"explain nobody_here",
	 "ebpfguardctl: nobody_here: there is no such user here\n"
	 "profile: default\nmatch: no entry matches\n\n"
	 "deny = [ \"18.0.0.0/9\" ];\n",
	 0},
	{"explain root", "profile: base\nmatch: c:11: user root\nextends: default\n\n" BASE, 0},
	{"explain eg_alice --rhost 10.1.2.3",
	 "ebpfguardctl: eg_alice: there is no such user here\n"
	 "profile: ops\nmatch: c:7: user eg_alice (one of 2), rhost 10.0.0.0/8\n"
	 "extends: base at c:3\nextends: default\n\nmode = \"audit\";\n" BASE,
	 0},
	{"explain eg_alice --rhost ::ffff:10.1.2.3 connect 18.4.5.6:443/tcp",
	 "ebpfguardctl: eg_alice: there is no such user here\n"
	 "allow (audit: would be denied by 18.0.0.0/9 at c:1; it is reported and let through)\n",
	 0},
	{"explain eg_alice --rhost fe80::1%eth0 connect 18.4.5.6:443/tcp",
	 "ebpfguardctl: eg_alice: there is no such user here\n"
	 "deny 18.0.0.0/9 at c:1\n",
	 1},
	{"explain eg_alice connect 18.4.5.6:443/tcp",
	 "ebpfguardctl: eg_alice: there is no such user here\n"
	 "deny 18.0.0.0/9 at c:1\n",
	 1},
	{"explain eg_alice --key " KEY " connect 18.4.5.6:443/tcp",
	 "ebpfguardctl: eg_alice: there is no such user here\n"
	 "allow default (no rule names this)\n",
	 0},
	{"explain x --key " KEY,
	 "ebpfguardctl: x: there is no such user here\n"
	 "profile: free\nmatch: c:10: key " KEY "\n\n",
	 0},
	/* groups are looked up where they decide: for cron only */
	{"explain root --service cron", "profile: free\nmatch: c:9: group root, service cron\n\n",
	 0},
	{"explain nobody_here --service cron",
	 "ebpfguardctl: nobody_here: there is no such user here, so taken to be in no group\n"
	 "profile: default\nmatch: no entry matches\n\ndeny = [ \"18.0.0.0/9\" ];\n",
	 0},
	{"explain",
	 "ebpfguardctl: explain: too few arguments\n"
	 "usage: ebpfguardctl explain USER [connect|bind TARGET]\n",
	 2},
	{"explain ''", "ebpfguardctl: USER is empty\n", 2},
	{"explain x bind", "ebpfguardctl: bind: TARGET is missing\n", 2},
	{"explain x sing song",
	 "ebpfguardctl: sing: cannot explain this; expected connect or bind\n", 2},
	{"explain x --key MD5:x",
	 "ebpfguardctl: --key: \"MD5:x\" is no fingerprint of a key: SHA256: and 43 characters, as "
	 "ssh-keygen -l prints it\n",
	 2},
	{"explain x --key SHA256:x",
	 "ebpfguardctl: --key: \"SHA256:x\" is no fingerprint of a key: SHA256: and 43 characters, "
	 "as "
	 "ssh-keygen -l prints it\n",
	 2},
	{"explain x --rhost ''",
	 "ebpfguardctl: --rhost: \"\" is no address such as 192.0.2.1 or 2001:db8::1\n", 2},
	{"explain x --rhost '10.0.0.0/8'",
	 "ebpfguardctl: --rhost: \"10.0.0.0/8\" is no address such as 192.0.2.1 or 2001:db8::1\n",
	 2},
	{"explain x --rhost 'host.example'",
	 "ebpfguardctl: --rhost: \"host.example\" is no address such as 192.0.2.1 or 2001:db8::1\n",
	 2},
	{"explain x --rhost '%eth0'",
	 "ebpfguardctl: --rhost: \"%eth0\" is no address such as 192.0.2.1 or 2001:db8::1\n", 2},
	{"explain x --rhost '10.1.2'",
	 "ebpfguardctl: --rhost: \"10.1.2\" is no address such as 192.0.2.1 or 2001:db8::1\n", 2},
	{"explain x --service ''", "ebpfguardctl: --service is empty\n", 2},
	{"explain x --service cron --rhost 192.0.2.1",
	 "ebpfguardctl: --rhost: sessions of the service \"cron\" come from no address\n", 2},
	{"explain x --service sudo --key " KEY,
	 "ebpfguardctl: --key: sessions of the service \"sudo\" have none\n", 2},
};

static void check_run(const char *text, const char *args, const char *expected, int expected_status)
{
	char out[8192];
	int status = run(text, args, out);

	if (strcmp(out, expected) != 0 || status != expected_status)
		fail_msg("%s: status %d, expected %d\n%sexpected\n%s", args, status,
			 expected_status, out, expected);
}

static void test_explain(void **state)
{
	(void)state;
	for (size_t i = 0; i < EG_ARRAY_SIZE(explained); i++)
		check_run(file, explained[i].args, explained[i].out, explained[i].status);
}

/* Of lists the element that holds is told, wherever it stands. */
static void test_explain_which(void **state)
{
	static const char text[] =
		"profiles = ( { name = \"a\"; } ); match = ( { user = [ \"x\", \"root\", \"y\" ];\n"
		"group = [ \"eg_none\", \"root\" ]; service = [ \"dropbear\", \"sshd\" ];\n"
		"rhost = [ \"10.0.0.0/8\", \"192.0.2.0/24\", \"192.0.2.0/25\", \"2001:db8::/32\" "
		"];\n"
		"key = [ \"" KEY2 "\", \"" KEY "\" ]; profile = \"a\"; } );\n";
	char out[8192];

	(void)state;
	check_run(
		text, "explain root --rhost 192.0.2.9 --key " KEY,
		"profile: a\nmatch: c:1: user root (one of 3), group root (one of 2), service sshd "
		"(one of 2), rhost 192.0.2.0/24 (one of 4), key " KEY " (one of 2)\n\n",
		0);
	assert_int_equal(
		run(text, "explain root --service dropbear --rhost 2001:db8::1 --key " KEY2, out),
		0);
	assert_non_null(strstr(out, "service dropbear (one of 2), rhost 2001:db8::/32 (one of 4), "
				    "key " KEY2 " (one of 2)\n"));
}

static void test_explain_no_match(void **state)
{
	(void)state;
	check_run("# nothing", "explain root", "profile: default\nmatch: no entries\n\n", 0);
	check_run("match = ( { profile = \"default\"; } );", "explain root",
		  "profile: default\nmatch: c:1: everybody\n\n", 0);
	check_run("match = ( { profile = \"x\"; } );", "explain root",
		  "c:1: match[0].profile: there is no profile \"x\"\n", 1);
}

static void test_explain_long_list(void **state)
{
	char text[1024] = "deny = [", out[8192], *at;

	(void)state;
	for (int i = 0; i < 23; i++)
		(void)snprintf(text + strlen(text), sizeof(text) - strlen(text), "%s\"10.0.0.%d\"",
			       i ? "," : "", i);
	(void)strcat(text, "];");
	assert_int_equal(run(text, "explain root", out), 0);
	at = strstr(out, "\t\"10.0.0.19/32\"\n");
	assert_non_null(at);
	assert_string_equal(at, "\t\"10.0.0.19/32\"\n\t# ... 3 more\n];\n");
}

/* ---- check */

#define NAMES "profiles = ( { name = \"a\"; }, { name = \"b\"; } ); match = (\n"
#define WHOM(line, by)                                                                             \
	"c:" line ": warning: this entry of match never decides: whom it matches, the one on "     \
	"line " by " does before it\n"
#define UNUSED(line, name)                                                                         \
	"c:" line ": warning: nobody gets the profile \"" name "\": add an entry to match, such "  \
	"as { user = \"...\"; profile = \"" name "\"; }\n"
#define ONE "c: valid, 1 warning\n"
#define TWO "c: valid, 2 warnings\n"

/* What the first entry takes, and the second: covered when a warning is expected. */
static const struct {
	const char *first, *second;
	bool covered;
} pairs[] = {
	{"user = \"root\";", "user = \"root\";", true},
	{"user = \"root\";", "user = \"root\"; service = \"sshd\";", true},
	{"user = \"root\"; service = \"sshd\";", "user = \"root\";", false},
	{"service = [ \"su\", \"sshd\" ];", "service = \"sshd\";", true},
	{"service = \"sshd\";", "service = [ \"su\", \"sshd\" ];", false},
	{"user = \"root\";", "group = \"root\";", false},
	{"group = \"root\";", "group = \"root\"; user = \"root\";", true},
	{"rhost = \"10.0.0.0/8\";", "rhost = \"10.1.0.0/16\";", true},
	{"rhost = \"10.0.0.0/8\";", "rhost = [ \"10.1.0.0/16\", \"10.0.0.0/8\" ];", true},
	{"rhost = \"10.0.0.0/8\";", "rhost = [ \"10.1.0.0/16\", \"::1\" ];", false},
	{"rhost = \"10.1.0.0/16\";", "rhost = \"10.0.0.0/8\";", false},
	{"rhost = \"0.0.0.0/0\";", "rhost = \"::/0\";", false},
	{"rhost = [ \"0.0.0.0/0\", \"::/0\" ];", "service = \"sshd\";", false},
	{"rhost = \"10.0.0.0/8\";", "rhost = \"::ffff:10.1.0.0/112\";", true},
	{"key = \"" KEY "\";", "key = \"" KEY "\"; rhost = \"::1\";", true},
	{"service = \"sshd\";", "", false},
	{"service = \"sshd\"; rhost = \"10.0.0.0/8\";",
	 "service = \"sshd\"; rhost = \"10.0.0.1\"; "
	 "user = \"root\";",
	 true},
};

static void test_check_covered(void **state)
{
	(void)state;
	for (size_t i = 0; i < EG_ARRAY_SIZE(pairs); i++) {
		char text[1024];

		(void)snprintf(text, sizeof(text),
			       NAMES "{ %s profile = \"a\"; },\n"
				     "{ %s profile = \"b\"; } );",
			       pairs[i].first, pairs[i].second);
		/* what is never decided gives nobody its profile, either */
		check_run(text, "check",
			  pairs[i].covered ? WHOM("3", "2") UNUSED("1", "b") TWO : "c: fine\n",
			  pairs[i].covered);
	}
}

static const struct {
	const char *text, *out;
	int status;
} checked[] = {
	{"# nothing", "c: fine\n", 0},
	{"",
	 "c: empty, as a file is whose writing was interrupted; to have no rules, write a "
	 "comment\n",
	 1},
	{"match = ( { profile = \"default\"; } );", "c: fine\n", 0},
	/* a profile nobody gets; what another extends is had by that one */
	{"profiles = ( { name = \"a\"; } );", UNUSED("1", "a") ONE, 1},
	{"profiles = ( { name = \"a\"; }, { name = \"b\"; extends = \"a\"; } );\n"
	 "match = ( { profile = \"b\"; } );",
	 "c: fine\n", 0},
	{"profiles = ( { name = \"a\"; },\n{ name = \"b\"; extends = \"a\"; } );\n"
	 "match = ( { profile = \"a\"; } );",
	 UNUSED("2", "b") ONE, 1},
	/* users and groups */
	{"match = ( { user = [ \"root\",\n\"eg_nobody\" ]; profile = \"default\"; } );",
	 "c:2: warning: match: there is no user \"eg_nobody\" on this host\n" ONE, 1},
	{"match = ( { group = [ \"root\",\n\"eg_nobody\" ]; profile = \"default\"; } );",
	 "c:2: warning: match: there is no group \"eg_nobody\" on this host\n" ONE, 1},
	/* what is near, in every profile, and once where it is inherited */
	{"deny = [ \"::1\" ]; profiles = ( { name = \"a\"; extends = \"default\"; } );\n"
	 "match = ( { profile = \"a\"; } );",
	 "c:1: warning: deny ::1/128 covers ::1, this host itself: its name server, mail and "
	 "databases\n" ONE,
	 1},
	{"profiles = (\n{ name = \"a\"; deny = [ \"::1\" ]; } ); match = ( { profile = \"a\"; } );",
	 "c:2: warning: deny ::1/128 covers ::1, this host itself: its name server, mail and "
	 "databases\n" ONE,
	 1},
	{"profiles = (\n{ name = \"a\"; deny = [ \"192.0.2.0/24\" ]; } );\n"
	 "match = ( { profile = \"a\"; } );",
	 "c:2: warning: deny 192.0.2.0/24 covers 192.0.2.7, the address you are logged in from: "
	 "this connection stays, sessions cannot open new ones to there\n" ONE,
	 1},
	/* the others' findings, in a profile */
	{"profiles = (\n{ name = \"a\"; allow = [ \"10.0.0.0/8\" ]; } );\n"
	 "match = ( { profile = \"a\"; } );",
	 "c:2: warning: allow has no effect: without deny everything is allowed; to refuse the "
	 "rest add default = \"deny\";\n" ONE,
	 1},
	{"profiles = (\n{ name = \"a\"; setuid = { users = [ \"eg_nobody\" ]; }; } );",
	 "c:2: setuid.users: there is no user \"eg_nobody\"\n", 1},
	{"profiles = (\n{ name = \"a\"; exec = { deny_sha256_files = [ \"/eg/nothing\" ]; }; } );",
	 "/eg/nothing: No such file or directory (exec.deny_sha256_files at c:2)\n", 1},
};

static void test_check(void **state)
{
	(void)state;
	for (size_t i = 0; i < EG_ARRAY_SIZE(checked); i++)
		check_run(checked[i].text, "check", checked[i].out, checked[i].status);
}

static int set_up(void **state)
{
	(void)state;
	(void)setenv("SSH_CONNECTION", "192.0.2.7 50000 192.0.2.1 22", 1);
	return mkdtemp(dir) ? 0 : -1;
}

static int tear_down(void **state)
{
	(void)state;
	return rmdir(dir);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_explain),		 cmocka_unit_test(test_explain_which),
		cmocka_unit_test(test_explain_no_match), cmocka_unit_test(test_explain_long_list),
		cmocka_unit_test(test_check_covered),	 cmocka_unit_test(test_check),
	};

	if (argc < 1)
		return 1;
	(void)snprintf(program, sizeof(program), "%s/../../ebpfguardctl", dirname(argv[0]));
	return cmocka_run_group_tests_name("ctl", tests, set_up, tear_down);
}
