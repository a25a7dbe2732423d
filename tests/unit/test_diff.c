// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * What one configuration says otherwise than another: for each kind of key what is told, and that
 * nothing is where only the writing differs.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "diff.h"
#include "feed_networks.h"
#include "util.h"

static struct eg_config *must_parse(const char *text)
{
	struct eg_config *conf = NULL;
	struct eg_err err = {0};
	char line[1024];

	if (eg_config_parse(text, strlen(text), "f", &conf, &err) < 0)
		fail_msg("%s in: %s", eg_err_format(&err, line, sizeof(line)), text);
	return conf;
}

/* All that is told, a line each: "+KEY TEXT@LINE", "-...", "KEY WAS>TEXT". */
static void write_down(void *data, const struct eg_diff *diff)
{
	static const char *const marks[] = {[EG_DIFF_VALUE] = "=",
					    [EG_DIFF_MORE] = "+",
					    [EG_DIFF_LESS] = "-",
					    [EG_DIFF_NETWORK_MORE] = "n+",
					    [EG_DIFF_NETWORK_LESS] = "n-"};
	FILE *out = data;

	(void)fprintf(out, "%s%s ", marks[diff->what], diff->key);
	if (diff->was)
		(void)fprintf(out, "%s>", diff->was);
	(void)fprintf(out, "%s", diff->text);
	if (diff->line)
		(void)fprintf(out, "@%u", diff->line);
	(void)fprintf(out, "%s\n", diff->file ? diff->file : "");
}

/* Compares profile `name` of both, or the files as a whole when it is NULL. Owned by the caller. */
static char *compare(const char *old_text, const char *new_text, const char *name)
{
	struct eg_config *old = must_parse(old_text), *new = must_parse(new_text);
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);
	const struct eg_diff_ear ear = {.tell = write_down, .data = out};

	assert_non_null(out);
	if (name)
		assert_int_equal(eg_diff_profiles(eg_diff_profile(old, name),
						  eg_diff_profile(new, name), &ear),
				 0);
	else
		assert_int_equal(eg_diff_whole(old, new, &ear), 0);
	assert_int_equal(fclose(out), 0);
	eg_config_free(old);
	eg_config_free(new);
	return text;
}

#define A63 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"

static const struct {
	const char *old, *new, *told;
} cases[] = {
	{"", "", ""},
	/* written otherwise */
	{"mode = \"enforce\"; default = \"allow\"; setuid = { users = [ \"root\" ]; };", "", ""},
	{"deny = [ \"18.0.0.0/9\", \"2001:db8::/32\" ];",
	 "\n\ndeny = [ \"2001:0db8::/32\", \"18.0.0.0/9\" ];", ""},
	{"deny = [ \"1.2.3.4\" ];", "deny = [ \"1.2.3.4/32\" ];", ""},
	{"setuid = { groups = [ \"sudo\", \"adm\" ]; };",
	 "setuid = { groups = [ \"adm\", \"sudo\" ]; };", ""},
	{"capabilities = { deny = [ \"CAP_SYS_ADMIN\" ]; };",
	 "capabilities = { deny = [ \"sys_admin\" ]; };", ""},
	{"files = { deny_read = [ \"/a//b/\", \"/c/.\", \"/\" ]; };",
	 "files = { deny_read = [ \"/c\", \"/./a/b\", \"//.\" ]; };", ""},
	{"exec = { deny_sha256 = [ \"" A63 "B\" ]; };",
	 "exec = { deny_sha256 = [ \"" A63 "b\" ]; };", ""},
	{"egress = { action = \"deny\"; }; leaving = \"deny\";", "tampering = \"deny\";", ""},
	{"action = \"kill\"; mode = \"audit\";",
	 "action = \"kill\"; mode = \"audit\"; files = { action = \"kill\"; };", ""},
	/* not quite the same */
	{"files = { deny_read = [ \"/a/b\", \"/c/.d\", \"/e\" ]; };",
	 "files = { deny_read = [ \"/a/bb\", \"/c/d\", \"/e/f\" ]; };",
	 "-files.deny_read /a/b@1\n-files.deny_read /c/.d@1\n-files.deny_read /e@1\n"
	 "+files.deny_read /a/bb@1\n+files.deny_read /c/d@1\n+files.deny_read /e/f@1\n"},
	{"unix = { deny = [ \"/run//x\" ]; };", "unix = { deny = [ \"/run/x\" ]; };",
	 "-unix.deny /run//x@1\n+unix.deny /run/x@1\n"},
	{"egress = { action = \"deny\"; };", "action = \"kill\"; egress = { action = \"deny\"; };",
	 "=action deny>kill\n"},
	{"egress = { action = \"deny\"; };", "action = \"kill\";",
	 "=action deny>kill\n=egress.action deny>not set\n"},
	{"", "action = \"kill\"; egress = { action = \"deny\"; };",
	 "=action deny>kill\n=egress.action not set>deny\n"},
	{"action = \"kill\";", "action = \"kill\"; egress = { action = \"deny\"; };",
	 "=egress.action not set>deny\n"},
	/* the order of the files */
	{"deny = [ \"9.0.0.1\", \"1.0.0.1\", \"5.0.0.1\", \"3.0.0.1\" ];",
	 "deny = [ \"8.0.0.1\", \"5.0.0.1\", \"2.0.0.1\" ];",
	 "-deny 9.0.0.1/32@1\n-deny 1.0.0.1/32@1\n-deny 3.0.0.1/32@1\n"
	 "+deny 8.0.0.1/32@1\n+deny 2.0.0.1/32@1\n"},
	/* each kind of key */
	{"", "mode = \"audit\"; action = \"kill\"; egress = { action = \"audit\"; };",
	 "=mode enforce>audit\n=action deny>kill\n=egress.action not set>audit\n"},
	{"tampering = \"allow\";", "", "=tampering allow>not set\n"},
	{"default = \"deny\";", "", "=default deny>allow\n"},
	{"mount = { deny = true; };", "", "=mount.deny true>false\n"},
	{"deny = [ \"18.0.0.0/9\", \"1.2.3.4\" ];",
	 "deny = [ \"1.2.3.4\",\n\"18.0.0.0/9:443/tcp\" ]; allow = [ \"18.0.0.0/9\" ];",
	 "-deny 18.0.0.0/9@1\n+deny 18.0.0.0/9:443/tcp@2\n+allow 18.0.0.0/9@2\n"},
	{"bind = { deny = [ \"80/tcp\" ]; };", "bind = { deny = [ \"80/udp\" ]; };",
	 "-bind.deny 80/tcp@1\n+bind.deny 80/udp@1\n"},
	{"sockets = { allow = [ \"AF_PACKET\", \"raw\" ]; };",
	 "sockets = { allow = [ \"AF_VSOCK\", \"raw\", \"sctp\" ]; };",
	 "-sockets.allow AF_PACKET\n+sockets.allow AF_VSOCK\n+sockets.allow sctp\n"},
	{"capabilities = { deny = [ \"SYS_ADMIN\" ]; };", "", "-capabilities.deny SYS_ADMIN\n"},
	/* what is not set is the default */
	{"", "setuid = { users = [ \"daemon\" ]; };",
	 "-setuid.users root\n+setuid.users daemon@1\n"},
	{"", "exec = { allow_only = [ \"/usr\" ]; };",
	 "=exec.allow_only not set (every one)>set (only these)\n+exec.allow_only /usr@1\n"},
	{"files = { allow = [ \"/a\", \"/b\" ]; };", "files = { allow = [ \"/b\", \"/c\" ]; };",
	 "-files.allow /a@1\n+files.allow /c@1\n"},
	{"deny_files = ( \"/a\", { file = \"/b\"; shrink = 20; } );",
	 "deny_files = ( { file = \"/b\"; strict = true; } ); allow_files = ( \"/a\" );",
	 "-deny_files /a@1\n=deny_files[/b].strict false>true\n"
	 "=deny_files[/b].shrink 20>50\n+allow_files /a@1\n"},
	/* rules, by program */
	{"rules = ( { programs = [ \"/p\", \"/q\" ]; allow = [ \"1.2.3.4\" ]; } );",
	 "rules = ( { programs = [ \"/q\" ]; allow = [ \"1.2.3.4\" ]; },\n"
	 "{ programs = [ \"/p\" ]; allow = [ \"1.2.3.4\" ]; } );",
	 ""},
	{"rules = ( { programs = [ \"/p\", \"/q\" ]; allow = [ \"1.2.3.4\" ]; } );",
	 "rules = ( { programs = [ \"/q\", \"/r\" ]; allow = [ \"1.2.3.5\" ]; } );",
	 "-rules[].programs /p@1\n-rules[/p].allow 1.2.3.4/32@1\n"
	 "-rules[/q].allow 1.2.3.4/32@1\n+rules[/q].allow 1.2.3.5/32@1\n"
	 "+rules[].programs /r@1\n+rules[/r].allow 1.2.3.5/32@1\n"},
	/* a group's programs are told about once where they differ alike */
	{"", "rules = ( { programs = [ \"/p\", \"/q\" ]; allow = [ \"1.2.3.4\" ]; } );",
	 "+rules[].programs /p@1\n+rules[/p].allow 1.2.3.4/32@1\n+rules[].programs /q@1\n"},
};

static void test_profiles(void **state)
{
	(void)state;
	for (size_t i = 0; i < EG_ARRAY_SIZE(cases); i++) {
		eg_auto_free char *told = compare(cases[i].old, cases[i].new, "default");

		if (strcmp(told, cases[i].told) != 0)
			fail_msg("%s\n>> %s\nexpected:\n%s\ngot:\n%s", cases[i].old, cases[i].new,
				 cases[i].told, told);
	}
}

static void test_profile_takes_over(void **state)
{
	eg_auto_free char *told =
		compare("profiles = ( { name = \"a\"; extends = \"default\"; } );",
			"deny = [ \"1.2.3.4\" ]; profiles = ( { name = \"a\"; extends = "
			"\"default\"; } );",
			"a");

	(void)state;
	assert_string_equal(told, "+deny 1.2.3.4/32@1\n");
}

static void test_whole(void **state)
{
	static const struct {
		const char *old, *new, *told;
	} whole[] = {
		{"", "strict = true; managers = { exempt = [ \"backup\" ]; };",
		 "=strict false>true\n+managers.exempt backup@1\n"},
		{"log = { format = \"kv\"; rate = 100; window = 5; };", "", ""},
		{"log = { format = \"json\"; facility = \"local7\"; rate = 1; };",
		 "log = { destination = \"file\"; file = \"/var/log/x\"; window = 0; };",
		 "=log.format json>kv\n=log.facility local7>authpriv\n"
		 "=log.destination syslog>file\n"
		 "=log.file /var/log/ebpfguard/ebpfguard.log>/var/log/x\n"
		 "=log.rate 1>100\n=log.window 5>0\n"},
		{"match = ( { user = \"a\"; profile = \"default\"; } );",
		 "\nmatch = ( { user = [ \"a\" ]; profile = \"default\"; } );", ""},
		{"match = ( { user = \"a\"; rhost = \"10.0.0.0/8\"; profile = \"default\"; } );",
		 "match = ( { user = [ \"a\", \"b\" ]; profile = \"default\"; },\n{ profile = "
		 "\"default\"; } );",
		 "-match user a, rhost 10.0.0.0/8: default@1\n"
		 "+match user a or b: default@1\n+match everybody: default@2\n"},
		/* elements are a set, and networks the same however they are written */
		{"match = ( { user = [ \"b\", \"a\" ]; rhost = [ \"2001:db8:0::1\", \"10.1.2.3\" "
		 "]; "
		 "profile = \"default\"; } );",
		 "match = ( { user = [ \"a\", \"b\" ]; rhost = [ \"10.1.2.3/32\", \"2001:db8::1\" "
		 "]; "
		 "profile = \"default\"; } );",
		 ""},
		/* they are shown as they are written, in the order of the files */
		{"match = ( { user = [ \"z\", \"a\" ]; rhost = \"2001:db8:0::1\"; profile = "
		 "\"default\"; },\n{ user = \"b\"; profile = \"default\"; } );",
		 "match = ( { user = \"y\"; profile = \"default\"; },\n{ user = \"c\"; profile = "
		 "\"default\"; } );",
		 "-match user z or a, rhost 2001:db8:0::1: default@1\n-match user b: default@2\n"
		 "+match user y: default@1\n+match user c: default@2\n"},
		{"match = ( { user = [ \"b\", \"a\" ]; profile = \"default\"; },\n{ user = \"c\"; "
		 "profile = \"default\"; } );",
		 "match = ( { user = \"c\"; profile = \"default\"; },\n{ user = [ \"a\", \"b\" ]; "
		 "profile = \"default\"; } );",
		 "=match another order, from the entry on line 1 on\n"},
		{"match = ( { user = \"a\"; profile = \"default\"; }, { user = \"b\"; profile = "
		 "\"default\"; } );",
		 "match = ( { user = \"b\"; profile = \"default\"; },\n{ user = \"a\"; profile = "
		 "\"default\"; } );",
		 "=match another order, from the entry on line 1 on\n"},
		/* what has gone is not another order of what stays */
		{"match = ( { user = \"x\"; profile = \"default\"; },{ user = \"a\"; profile = "
		 "\"default\"; },{ user = \"b\"; profile = \"default\"; } );",
		 "match = ( { user = \"a\"; profile = \"default\"; },{ user = \"b\"; profile = "
		 "\"default\"; } );",
		 "-match user x: default@1\n"},
	};

	(void)state;
	for (size_t i = 0; i < EG_ARRAY_SIZE(whole); i++) {
		eg_auto_free char *told = compare(whole[i].old, whole[i].new, NULL);

		if (strcmp(told, whole[i].told) != 0)
			fail_msg("%zu: expected:\n%s\ngot:\n%s", i, whole[i].told, told);
	}
}

/* ---- networks of feeds */

static void read_feed(const char *text, bool allow, struct eg_networks *ret)
{
	struct eg_err err = {0};
	const struct eg_config_report report = {"feed", &err};
	const struct eg_config_feed feed = {.allow = allow};

	assert_int_equal(eg_feed_networks_parse(&report, &feed, text, strlen(text), ret), 0);
}

static char *compare_networks(const struct eg_config_profile *old,
			      const struct eg_config_profile *new, bool allow)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);
	const struct eg_diff_ear ear = {.tell = write_down, .data = out};

	assert_non_null(out);
	assert_int_equal(eg_diff_networks(old, new, allow, &ear), 0);
	assert_int_equal(fclose(out), 0);
	return text;
}

/* Old: feeds a and b deny. New: c denies, d allows. */
static void test_networks(void **state)
{
	struct eg_networks a = {0}, b = {0}, c = {0}, d = {0};
	struct eg_config_feed before[] = {{.path = (char *)"/a", .networks = &a},
					  {.path = (char *)"/b", .networks = &b}};
	struct eg_config_feed after[] = {{.path = (char *)"/c", .networks = &c},
					 {.path = (char *)"/d", .allow = true, .networks = &d}};
	const struct eg_config_profile old = {.feeds = {before, 2}}, new = {.feeds = {after, 2}};
	eg_auto_free char *denied = NULL, *allowed = NULL, *same = NULL;

	(void)state;
	read_feed("10.0.0.0/8\n1.2.3.4\n1.2.3.4\n", false, &a);
	read_feed("1.2.3.4\n2001:db8::/32\n", false, &b);
	read_feed("# one\n2001:db8::/32\n1.2.3.4/31\n10.0.0.0/8\n10.0.0.0/9\n", false, &c);
	read_feed("10.0.0.0/8\n", true, &d);
	denied = compare_networks(&old, &new, false);
	assert_string_equal(denied, "n+deny_files 1.2.3.4/31@3/c\nn-deny_files 1.2.3.4/32@2/a\n"
				    "n+deny_files 10.0.0.0/9@5/c\n");
	allowed = compare_networks(&old, &new, true);
	assert_string_equal(allowed, "n+allow_files 10.0.0.0/8@1/d\n");
	same = compare_networks(&new, &new, false);
	assert_string_equal(same, "");
	assert_true(eg_diff_same_feeds(&old, &old, false));
	assert_false(eg_diff_same_feeds(&old, &new, false));
	assert_true(eg_diff_same_feeds(&(struct eg_config_profile){0}, &old, true));
	eg_networks_done(&a);
	eg_networks_done(&b);
	eg_networks_done(&c);
	eg_networks_done(&d);
}

/* The same as a feed of its own, in another order: nothing differs. */
static void test_networks_other_order(void **state)
{
	struct eg_networks a = {0}, b = {0};
	struct eg_config_feed before[] = {{.path = (char *)"/a", .networks = &a}};
	struct eg_config_feed after[] = {{.path = (char *)"/b", .networks = &b}};
	const struct eg_config_profile old = {.feeds = {before, 1}}, new = {.feeds = {after, 1}};
	eg_auto_free char *told = NULL, *more = NULL;

	(void)state;
	read_feed("10.0.0.0/8\n1.2.3.4\n", false, &a);
	read_feed("1.2.3.4\n10.0.0.0/8\n1.2.3.4\n", false, &b);
	told = compare_networks(&old, &new, false);
	assert_string_equal(told, "");
	eg_networks_done(&b);
	read_feed("10.0.0.0/8\n1.2.3.5\n", false, &b);
	more = compare_networks(&old, &new, false);
	assert_string_equal(more, "n-deny_files 1.2.3.4/32@2/a\nn+deny_files 1.2.3.5/32@2/b\n");
	eg_networks_done(&a);
	eg_networks_done(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_profiles),
		cmocka_unit_test(test_profile_takes_over),
		cmocka_unit_test(test_whole),
		cmocka_unit_test(test_networks),
		cmocka_unit_test(test_networks_other_order),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
