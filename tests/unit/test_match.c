// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Who gets which profile: a table, the manual page's as it is printed there, addresses, groups that
 * are not known, and as many entries as there can be.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <arpa/inet.h>
#include <cmocka.h>

#include "config_helpers.h"
#include "match.h"
#include "match_idle.h"

#define KEY_A "SHA256:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
#define KEY_B "SHA256:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU"

static const char profiles[] =
	"profiles = ( { name = \"a\"; }, { name = \"b\"; }, { name = \"c\"; } );\n";

/* ---- the table */

/* groups: blank separated; NULL = not known. Returns the profile's name and the line of the entry,
 * "default 0" when none matched, "groups" for -EAGAIN. */
static const char *find(const struct eg_config *conf, const char *user, const char *service,
			const char *rhost, const char *key, const char *groups, char buf[128])
{
	const char *names[8];
	struct eg_match_who who = {.user = user,
				   .service = service,
				   .rhost = rhost,
				   .key = key,
				   .groups = names,
				   .groups_known = groups};
	const struct eg_config_match *match = (void *)buf;
	char copy[128] = "", *rest = copy;
	size_t profile = 12345;
	int r;

	if (groups)
		(void)snprintf(copy, sizeof(copy), "%s", groups);
	for (char *name; (name = strsep(&rest, " "));)
		if (*name)
			names[who.n_groups++] = name;
	r = eg_match_find(conf, &who, &profile, &match);
	if (r == -EAGAIN) {
		assert_int_equal(profile, 12345);
		assert_ptr_equal(match, buf);
		return "groups";
	}
	assert_int_equal(r, 0);
	assert_true(profile < conf->n_profiles);
	if (match)
		assert_int_equal(match->profile, profile);
	(void)snprintf(buf, 128, "%s %u", conf->profiles[profile].name, match ? match->line : 0);
	profile = 12345;
	assert_int_equal(eg_match_find(conf, &who, &profile, NULL), 0);
	return buf;
}

/* One configuration a row. */
static const struct {
	const char *match; /* from line 2 on */
	const char *user, *service, *rhost, *key, *groups;
	const char *expected;
} table[] = {
	/* nothing matches */
	{"match = ();", "alice", "sshd", "10.0.0.1", "", NULL, "default 0"},
	{"", "alice", "sshd", "10.0.0.1", "", NULL, "default 0"},
	{"match = ( { user = \"alice\"; profile = \"a\"; } );", "bob", "sshd", "", "", NULL,
	 "default 0"},
	/* the first in the file, not the narrowest */
	{"match = ( { service = \"sshd\"; profile = \"a\"; },\n"
	 "{ user = \"alice\"; service = \"sshd\"; profile = \"b\"; } );",
	 "alice", "sshd", "", "", NULL, "a 2"},
	{"match = ( { user = \"alice\"; service = \"sshd\"; profile = \"b\"; },\n"
	 "{ service = \"sshd\"; profile = \"a\"; } );",
	 "bob", "sshd", "", "", NULL, "a 3"},
	{"match = ( { rhost = \"10.0.0.0/8\"; profile = \"a\"; },\n"
	 "{ rhost = \"10.1.0.0/16\"; profile = \"b\"; } );",
	 "alice", "sshd", "10.1.0.1", "", NULL, "a 2"},
	/* "default" can be chosen, too */
	{"match = ( { user = \"alice\"; profile = \"default\"; },\n{ profile = \"a\"; } );",
	 "alice", "sshd", "", "", NULL, "default 2"},
	{"match = ( { user = \"alice\"; profile = \"default\"; },\n{ profile = \"a\"; } );", "bob",
	 "sshd", "", "", NULL, "a 3"},
	/* all criteria of an entry */
	{"match = ( { user = \"alice\"; rhost = \"10.0.0.0/8\"; profile = \"a\"; } );", "alice",
	 "sshd", "11.0.0.1", "", NULL, "default 0"},
	{"match = ( { user = \"alice\"; rhost = \"10.0.0.0/8\"; profile = \"a\"; } );", "bob",
	 "sshd", "10.0.0.1", "", NULL, "default 0"},
	{"match = ( { user = \"alice\"; rhost = \"10.0.0.0/8\"; profile = \"a\"; } );", "alice",
	 "sshd", "10.0.0.1", "", NULL, "a 2"},
	/* any of a list */
	{"match = ( { user = [ \"alice\", \"bob\" ]; service = ( \"su\", \"sshd\" ); "
	 "profile = \"a\"; } );",
	 "bob", "sshd", "", "", NULL, "a 2"},
	{"match = ( { user = [ \"alice\", \"bob\" ]; service = ( \"su\", \"sshd\" ); "
	 "profile = \"a\"; } );",
	 "bob", "cron", "", "", NULL, "default 0"},
	/* names are compared whole, and as they are written */
	{"match = ( { user = \"alice\"; profile = \"a\"; } );", "alic", "", "", "", NULL,
	 "default 0"},
	{"match = ( { user = \"alice\"; profile = \"a\"; } );", "alice2", "", "", "", NULL,
	 "default 0"},
	{"match = ( { user = \"alice\"; profile = \"a\"; } );", "Alice", "", "", "", NULL,
	 "default 0"},
	{"match = ( { user = \"alice\"; profile = \"a\"; } );", "", "", "", "", NULL, "default 0"},
	{"match = ( { user = \"alice\"; profile = \"a\"; } );", NULL, NULL, NULL, NULL, NULL,
	 "default 0"},
	/* keys */
	{"match = ( { key = \"" KEY_A "\"; profile = \"a\"; } );", "x", "", "", KEY_A, NULL, "a 2"},
	{"match = ( { key = \"" KEY_A "\"; profile = \"a\"; } );", "x", "", "", KEY_B, NULL,
	 "default 0"},
	{"match = ( { key = \"" KEY_A "\"; profile = \"a\"; } );", "x", "", "", "", NULL,
	 "default 0"},
	{"match = ( { key = [ \"" KEY_A "\", \"" KEY_B "\" ]; profile = \"a\"; } );", "x", "", "",
	 KEY_B, NULL, "a 2"},
	/* groups: any of the user's, any of the entry's */
	{"match = ( { group = \"wheel\"; profile = \"a\"; } );", "x", "", "", "", "users wheel",
	 "a 2"},
	{"match = ( { group = \"wheel\"; profile = \"a\"; } );", "x", "", "", "", "users wheels",
	 "default 0"},
	{"match = ( { group = \"wheel\"; profile = \"a\"; } );", "wheel", "", "", "", "",
	 "default 0"},
	{"match = ( { group = [ \"adm\", \"wheel\" ]; profile = \"a\"; } );", "x", "", "", "",
	 "wheel", "a 2"},
	/* groups that are not known: asked for only where they decide */
	{"match = ( { group = \"wheel\"; profile = \"a\"; } );", "x", "", "", "", NULL, "groups"},
	{"match = ( { group = \"wheel\"; user = \"y\"; profile = \"a\"; } );", "x", "", "", "",
	 NULL, "default 0"},
	{"match = ( { group = \"wheel\"; rhost = \"10.0.0.0/8\"; profile = \"a\"; } );", "x", "",
	 "11.0.0.1", "", NULL, "default 0"},
	{"match = ( { group = \"wheel\"; rhost = \"10.0.0.0/8\"; profile = \"a\"; } );", "x", "",
	 "10.0.0.1", "", NULL, "groups"},
	{"match = ( { user = \"x\"; profile = \"b\"; },\n{ group = \"wheel\"; profile = \"a\"; } "
	 ");",
	 "x", "", "", "", NULL, "b 2"},
	{"match = ( { group = \"wheel\"; profile = \"a\"; },\n{ user = \"x\"; profile = \"b\"; } "
	 ");",
	 "x", "", "", "", NULL, "groups"},
	{"match = ( { group = \"wheel\"; profile = \"a\"; },\n{ user = \"x\"; profile = \"b\"; } "
	 ");",
	 "x", "", "", "", "", "b 3"},
	/* the last entry may be for everybody */
	{"match = ( { user = \"y\"; profile = \"b\"; },\n{ profile = \"c\"; } );", "x", "", "", "",
	 NULL, "c 3"},
	{"match = ( { profile = \"c\"; } );", NULL, NULL, NULL, NULL, NULL, "c 2"},
};

static void test_find_table(void **state)
{
	(void)state;
	for (size_t i = 0; i < EG_ARRAY_SIZE(table); i++) {
		char text[1024], buf[128];
		struct eg_config *conf;
		const char *got;

		(void)snprintf(text, sizeof(text), "%s%s", profiles, table[i].match);
		conf = must_parse(text);
		got = find(conf, table[i].user, table[i].service, table[i].rhost, table[i].key,
			   table[i].groups, buf);
		if (strcmp(got, table[i].expected) != 0)
			fail_msg("row %zu: %s: expected %s, got %s", i, table[i].match,
				 table[i].expected, got);
		eg_config_free(conf);
	}
}

/* ---- the manual page's example and table, read from the page */

/* One row: ".It USER Ta GROUPS Ta SERVICE Ta FROM Ta PROFILE Ta NUMBER". */
static void check_row(const struct eg_config *conf, char *row)
{
	char *cells[6], buf[128], expected[128];
	size_t entry;

	cut_row(row, cells, EG_ARRAY_SIZE(cells));
	entry = strtoul(cells[5], NULL, 10);
	assert_true(entry <= conf->n_matches);
	(void)snprintf(expected, sizeof(expected), "%s %u", cells[4],
		       entry ? conf->matches[entry - 1].line : 0);
	find(conf, cells[0], cells[2], strcmp(cells[3], "-") ? cells[3] : "", "", cells[1], buf);
	if (strcmp(buf, expected) != 0)
		fail_msg("%s in %s from %s: the page says %s, it is %s", cells[0], cells[1],
			 cells[3], expected, buf);
}

static void test_find_page(void **state)
{
	eg_auto_free char *page = read_whole(page_path), *text = NULL, *rows = NULL;
	struct eg_config *conf;
	char *rest, *row;
	size_t n = 0;

	(void)state;
	rest = strstr(page, "\n.Sh PROFILES AND MATCHING\n");
	assert_non_null(rest);
	text = between(rest, "profiles = (\n", ".Ed\n");
	rows = between(rest, ".It alice", ".El\n");
	conf = must_parse(text);
	for (rest = rows; (row = strsep(&rest, "\n")) && *row; n++)
		check_row(conf, row);
	assert_true(n >= 13);
	eg_config_free(conf);
}

/* ---- rhost */

static const struct {
	const char *networks, *rhost;
	bool in;
} addresses[] = {
	{"\"10.0.0.0/8\"", "10.255.255.255", true},
	{"\"10.0.0.0/8\"", "11.0.0.0", false},
	{"\"10.0.0.1\"", "10.0.0.1", true},
	{"\"10.0.0.1\"", "10.0.0.2", false},
	{"\"10.0.0.0/8\"", "::ffff:10.1.2.3", true},
	{"\"::ffff:10.0.0.0/104\"", "10.1.2.3", true},
	{"\"::/0\"", "::ffff:10.1.2.3", false},
	{"\"::/0\"", "10.1.2.3", false},
	{"\"0.0.0.0/0\"", "2001:db8::1", false},
	{"\"0.0.0.0/0\"", "10.1.2.3", true},
	{"\"2001:db8::/32\"", "2001:db8:ffff::1", true},
	{"\"2001:db8::/32\"", "2001:DB8:FFFF:0:0::1", true},
	{"\"2001:db8::/32\"", "2001:db9::1", false},
	{"\"fe80::/10\"", "fe80::1%eth0", true},
	{"\"fe80::/10\"", "fe80::1%", true},
	{"\"fe80::/10\"", "%eth0", false},
	{"[ \"192.0.2.0/24\", \"2001:db8::/32\" ]", "2001:db8::1", true},
	{"[ \"192.0.2.0/24\", \"2001:db8::/32\" ]", "192.0.2.1", true},
	{"[ \"192.0.2.0/24\", \"2001:db8::/32\" ]", "192.0.3.1", false},
	/* what is no address is in no network */
	{"[ \"0.0.0.0/0\", \"::/0\" ]", "", false},
	{"[ \"0.0.0.0/0\", \"::/0\" ]", NULL, false},
	{"[ \"0.0.0.0/0\", \"::/0\" ]", "host.example.org", false},
	{"[ \"0.0.0.0/0\", \"::/0\" ]", "10.example.org", false},
	{"[ \"0.0.0.0/0\", \"::/0\" ]", "UNKNOWN", false},
	{"[ \"0.0.0.0/0\", \"::/0\" ]", "10.0.0.0/8", false},
	{"[ \"0.0.0.0/0\", \"::/0\" ]", "10.0.0.1 ", false},
	{"[ \"0.0.0.0/0\", \"::/0\" ]", "010.0.0.1", false},
	{"[ \"0.0.0.0/0\", \"::/0\" ]", "10.1", false},
	{"[ \"0.0.0.0/0\", \"::/0\" ]", "167772161", false},
	{"[ \"0.0.0.0/0\", \"::/0\" ]", "[::1]", false},
	{"[ \"0.0.0.0/0\", \"::/0\" ]", "10.0.0.1:22", false},
	{"[ \"0.0.0.0/0\", \"::/0\" ]", "1111:2222:3333:4444:5555:6666:7777:8888:9999:aaaa:bbbb",
	 false},
};

static void test_find_rhost(void **state)
{
	(void)state;
	for (size_t i = 0; i < EG_ARRAY_SIZE(addresses); i++) {
		char text[512], buf[128];
		struct eg_config *conf;

		(void)snprintf(text, sizeof(text),
			       "%smatch = ( { rhost = %s; profile = \"a\"; } );", profiles,
			       addresses[i].networks);
		conf = must_parse(text);
		if (strcmp(find(conf, "x", "sshd", addresses[i].rhost, "", NULL, buf),
			   addresses[i].in ? "a 2" : "default 0") != 0)
			fail_msg("%s in %s: got %s", addresses[i].rhost, addresses[i].networks,
				 buf);
		eg_config_free(conf);
	}
}

/* ---- which element it was */

/* Of several that hold it is the first of the entry, not of who asks. */
static void test_explain(void **state)
{
	struct eg_config *conf =
		must_parse("match = ( { group = [ \"a\", \"b\", \"c\" ]; rhost = [ \"10.0.0.0/8\", "
			   "\"192.0.2.0/24\", \"192.0.2.0/25\" ]; profile = \"default\"; } );");
	static const char *const groups[] = {"z", "c", "b"};
	const struct eg_match_who who = {
		.user = "u", .rhost = "192.0.2.1", .groups = groups, .n_groups = 3};
	struct eg_match_reason why = eg_match_explain(&conf->matches[0], &who);

	(void)state;
	assert_string_equal(why.group, "b");
	assert_string_equal(why.rhost, "192.0.2.0/24");
	assert_null(why.user);
	assert_null(why.service);
	assert_null(why.key);
	eg_config_free(conf);
}

/* ---- groups */

static void check_groups(const char *match, const char *expected)
{
	char text[1024], all[256] = "";
	eg_auto_free const char **names = NULL;
	struct eg_config *conf;
	size_t n = 12345;

	(void)snprintf(text, sizeof(text), "%s%s", profiles, match);
	conf = must_parse(text);
	names = eg_match_groups(conf, &n);
	assert_non_null(names);
	for (size_t i = 0; i < n; i++)
		(void)snprintf(all + strlen(all), sizeof(all) - strlen(all), "%s%s", i ? " " : "",
			       names[i]);
	assert_string_equal(all, expected);
	eg_config_free(conf);
}

static void test_groups(void **state)
{
	(void)state;
	check_groups("", "");
	check_groups("match = ( { user = \"wheel\"; profile = \"a\"; } );", "");
	check_groups("match = ( { group = [ \"wheel\", \"adm\" ]; profile = \"a\"; },\n"
		     "{ user = \"z\"; group = \"b\"; profile = \"a\"; },\n"
		     "{ group = ( \"adm\", \"b\", \"wheel2\" ); profile = \"b\"; } );",
		     "adm b wheel wheel2");
}

/* ---- many */

static void test_find_many(void **state)
{
	static const char before[] = "profiles = ( { name = \"a\"; } ); match = (\n";
	char *text = malloc(EG_CONFIG_MATCHES_MAX * 128), *at = text, buf[128];
	struct eg_config *conf;

	(void)state;
	assert_non_null(text);
	at += sprintf(at, "%s", before);
	for (int i = 0; i < EG_CONFIG_MATCHES_MAX; i++)
		at += sprintf(at,
			      "%s{ user = \"u%d\"; service = \"sshd\"; rhost = \"10.0.0.0/8\"; "
			      "group = \"g%d\"; profile = \"a\"; }",
			      i ? ",\n" : "", i, i);
	(void)strcpy(at, " );");
	conf = must_parse(text);
	assert_int_equal(conf->n_matches, EG_CONFIG_MATCHES_MAX);
	assert_string_equal(find(conf, "u4095", "sshd", "10.9.9.9", "", "g4095", buf), "a 4097");
	assert_string_equal(find(conf, "u4095", "sshd", "10.9.9.9", "", "g4094", buf), "default 0");
	assert_string_equal(find(conf, "u4096", "sshd", "10.9.9.9", "", NULL, buf), "default 0");
	eg_config_free(conf);
	free(text);
}

/* ---- entries that decide for nobody */

enum { SECONDS_MAX = 15 }; /* of this process; without a limit to the work it is minutes */

/* As many entries as there can be, each of n users at an address of its own, only that the second
 * and the last are as the first. apart: the users of each are others. */
static struct eg_config *many_alike(unsigned int n, bool apart)
{
	size_t size = EG_CONFIG_MATCHES_MAX * (128 + n * 16UL);
	char *text = malloc(size), *at = text;
	struct eg_config *conf;

	assert_non_null(text);
	at += sprintf(at, "profiles = ( { name = \"a\"; } ); match = (");
	for (unsigned int i = 0; i < EG_CONFIG_MATCHES_MAX; i++) {
		unsigned int like = i == 1 || i == EG_CONFIG_MATCHES_MAX - 1 ? 0 : i;

		at += sprintf(at, "%s\n{ service = [ \"sshd\", \"cockpit\" ]; user = [ ",
			      i ? "," : "");
		for (unsigned int k = 0; k < n; k++)
			at += sprintf(at, "%s\"u%u\"", k ? "," : "", k + (apart ? like * n : 0));
		at += sprintf(at, " ]; rhost = \"10.0.%u.%u\"; profile = \"a\"; }", like / 256,
			      like % 256);
	}
	(void)strcpy(at, " );");
	conf = must_parse(text);
	free(text);
	return conf;
}

/* Returns how many entries are found to decide for nobody. *ret_work: what is left. */
static unsigned int count_idle(const struct eg_config *conf, size_t *ret_work)
{
	const struct eg_config_match *by = NULL;
	size_t work = EG_MATCH_WORK_MAX;
	clock_t start = clock();
	unsigned int found = 0;

	for (size_t i = 0; i < conf->n_matches; i++)
		if (eg_match_covered(conf, i, &work, &by)) {
			assert_ptr_equal(by, &conf->matches[0]);
			found++;
		}
	assert_true((clock() - start) / CLOCKS_PER_SEC < SECONDS_MAX);
	*ret_work = work;
	return found;
}

static void test_idle_many(void **state)
{
	/* and how many are found: with so few users all are looked at */
	static const struct {
		unsigned int n;
		bool apart;
		unsigned int found;
	} rows[] = {{1, true, 2}, {1, false, 2}, {60, true, 1}, {60, false, 1}};

	(void)state;
	for (size_t i = 0; i < EG_ARRAY_SIZE(rows); i++) {
		struct eg_config *conf = many_alike(rows[i].n, rows[i].apart);
		size_t work = 0;

		assert_int_equal(count_idle(conf, &work), rows[i].found);
		assert_int_equal(work > 0, rows[i].found == 2);
		eg_config_free(conf);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_find_table), cmocka_unit_test(test_find_page),
		cmocka_unit_test(test_find_rhost), cmocka_unit_test(test_groups),
		cmocka_unit_test(test_find_many),  cmocka_unit_test(test_explain),
		cmocka_unit_test(test_idle_many),
	};

	return cmocka_run_group_tests_name("match", tests, NULL, NULL);
}
