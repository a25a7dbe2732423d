// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Who gets which profile: the manual page's table as it is printed there, more rows, addresses,
 * groups that are not known, and random configurations against an evaluator that knows nothing of
 * how it is done.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <arpa/inet.h>
#include <cmocka.h>

#include "match.h"
#include "util.h"

#define KEY_A "SHA256:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
#define KEY_B "SHA256:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU"

static struct eg_config *must_parse(const char *text)
{
	struct eg_config *conf = NULL;
	struct eg_err err = {0};
	char line[1024];

	if (eg_config_parse(text, strlen(text), "f", &conf, &err) < 0)
		fail_msg("%s in: %s", eg_err_format(&err, line, sizeof(line)), text);
	return conf;
}

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

/* What stands between two lines of the page; the caller frees it. */
static char *between(const char *page, const char *start, const char *end)
{
	const char *from = strstr(page, start), *to = from ? strstr(from, end) : NULL;

	if (!to)
		fail_msg("the page has no \"%s\" before \"%s\"", start, end);
	return strndup(from, (size_t)(to - from));
}

/* One row: ".It USER Ta GROUPS Ta SERVICE Ta FROM Ta PROFILE Ta NUMBER". */
static void check_row(const struct eg_config *conf, char *row)
{
	char *cells[6] = {0}, *rest = row + strlen(".It "), buf[128], expected[128];
	size_t entry;

	for (size_t i = 0; i < EG_ARRAY_SIZE(cells); i++) {
		char *end = rest ? strstr(rest, " Ta ") : NULL;

		assert_non_null(rest);
		cells[i] = rest;
		rest = end ? end + strlen(" Ta ") : NULL;
		if (end)
			*end = '\0';
	}
	assert_null(rest);
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
	static const char path[] = "conf/ebpfguard.conf.5";
	eg_auto_free char *page = calloc(1, 1 << 20), *text = NULL, *rows = NULL;
	FILE *f = fopen(path, "re");
	struct eg_config *conf;
	char *rest, *row;
	size_t n = 0;

	(void)state;
	if (!f)
		fail_msg("%s: run this from the top of the tree", path);
	assert_non_null(page);
	(void)fread(page, 1, (1 << 20) - 1, f);
	(void)fclose(f);
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

/* ---- random ones */

static uint32_t seed = 20261121;

static uint32_t pick(uint32_t n)
{
	seed ^= seed << 13;
	seed ^= seed >> 17;
	seed ^= seed << 5;
	return seed % n;
}

static const char *const users[] = {"alice", "bob", "carol"};
static const char *const groups[] = {"wheel", "adm", "users"};
static const char *const services[] = {"sshd", "su", "systemd-user"};
static const char *const keys[] = {KEY_A, KEY_B};
/* Networks by first and last address, compared as numbers. */
static const struct {
	const char *text;
	uint32_t first, last;
} networks[] = {
	{"10.0.0.0/8", 0x0a000000, 0x0affffff},
	{"10.1.0.0/16", 0x0a010000, 0x0a01ffff},
	{"10.1.2.3", 0x0a010203, 0x0a010203},
	{"0.0.0.0/0", 0, 0xffffffff},
};
static const struct {
	const char *text;
	uint32_t address;
	bool is_one;
} hosts[] = {
	{"10.1.2.3", 0x0a010203, true}, {"10.1.2.4", 0x0a010204, true},
	{"10.2.0.1", 0x0a020001, true}, {"11.0.0.1", 0x0b000001, true},
	{"a.example.org", 0, false},	{"", 0, false},
};

/* An entry as the generator knows it: bit i = the i-th of the names above; 0 = no criterion. */
struct entry {
	unsigned int users, groups, services, keys, networks, profile;
};

struct person {
	unsigned int user, groups, service, host, key; /* groups: bits; key 2 = none */
};

static bool entry_holds(const struct entry *entry, const struct person *person)
{
	bool from = !entry->networks;

	for (unsigned int i = 0; i < EG_ARRAY_SIZE(networks); i++)
		if (entry->networks >> i & 1 && hosts[person->host].is_one &&
		    hosts[person->host].address >= networks[i].first &&
		    hosts[person->host].address <= networks[i].last)
			from = true;
	return from && (!entry->users || entry->users >> person->user & 1) &&
	       (!entry->services || entry->services >> person->service & 1) &&
	       (!entry->keys || (person->key < 2 && entry->keys >> person->key & 1)) &&
	       (!entry->groups || entry->groups & person->groups);
}

/* Index of the entry that decides, n = none. */
static size_t naive(const struct entry *entries, size_t n, const struct person *person)
{
	size_t i = 0;

	while (i < n && !entry_holds(&entries[i], person))
		i++;
	return i;
}

static void write_list(char *text, size_t size, const char *key, unsigned int bits,
		       const char *(*name)(unsigned int i))
{
	const char *separator = "";

	if (!bits)
		return;
	(void)snprintf(text + strlen(text), size - strlen(text), "%s = [", key);
	for (unsigned int i = 0; bits >> i; i++)
		if (bits >> i & 1) {
			(void)snprintf(text + strlen(text), size - strlen(text), "%s\"%s\"",
				       separator, name(i));
			separator = ", ";
		}
	(void)strcat(text, "]; ");
}

static const char *user_name(unsigned int i)
{
	return users[i];
}

static const char *group_name(unsigned int i)
{
	return groups[i];
}

static const char *service_name(unsigned int i)
{
	return services[i];
}

static const char *key_name(unsigned int i)
{
	return keys[i];
}

static const char *network_name(unsigned int i)
{
	return networks[i].text;
}

/* Bits of some of n, or none of them, which is no criterion. */
static unsigned int some(unsigned int n)
{
	return pick(2) ? 0 : 1 + pick((1U << n) - 1);
}

static struct entry random_entry(void)
{
	struct entry entry;

	do
		entry = (struct entry){.users = some(EG_ARRAY_SIZE(users)),
				       .groups = some(EG_ARRAY_SIZE(groups)),
				       .services = some(EG_ARRAY_SIZE(services)),
				       .keys = some(EG_ARRAY_SIZE(keys)),
				       .networks = some(EG_ARRAY_SIZE(networks)),
				       .profile = pick(4)};
	while (!entry.users && !entry.groups && !entry.services && !entry.keys && !entry.networks);
	return entry;
}

static struct eg_config *random_config(const struct entry *entries, size_t n)
{
	static const char *const names[] = {"default", "a", "b", "c"};
	char text[8192] = "";

	(void)snprintf(text, sizeof(text), "%smatch = (", profiles);
	for (size_t i = 0; i < n; i++) {
		(void)strcat(text, i ? ",\n{ " : "\n{ ");
		write_list(text, sizeof(text), "user", entries[i].users, user_name);
		write_list(text, sizeof(text), "group", entries[i].groups, group_name);
		write_list(text, sizeof(text), "service", entries[i].services, service_name);
		write_list(text, sizeof(text), "key", entries[i].keys, key_name);
		write_list(text, sizeof(text), "rhost", entries[i].networks, network_name);
		(void)snprintf(text + strlen(text), sizeof(text) - strlen(text),
			       "profile = \"%s\"; }", names[entries[i].profile]);
	}
	(void)strcat(text, " );\n");
	return must_parse(text);
}

/* What we say of the person, with groups known and without. Without, we must ask for them exactly
 * when being in all groups and in none makes a difference to which entry decides. */
static unsigned int check_person(const struct eg_config *conf, const struct entry *entries,
				 size_t n, const struct person *person)
{
	struct person all = *person, none = *person;
	const char *names[EG_ARRAY_SIZE(groups)];
	struct eg_match_who who = {.user = users[person->user],
				   .service = services[person->service],
				   .rhost = hosts[person->host].text,
				   .key = person->key < 2 ? keys[person->key] : "",
				   .groups = names,
				   .groups_known = true};
	const struct eg_config_match *match = NULL;
	size_t expected = naive(entries, n, person), profile = 0;
	bool depends;

	for (unsigned int i = 0; i < EG_ARRAY_SIZE(groups); i++)
		if (person->groups >> i & 1)
			names[who.n_groups++] = groups[i];
	assert_int_equal(eg_match_find(conf, &who, &profile, &match), 0);
	assert_ptr_equal(match, expected < n ? &conf->matches[expected] : NULL);
	assert_int_equal(profile, expected < n ? entries[expected].profile : 0);
	all.groups = (1U << EG_ARRAY_SIZE(groups)) - 1;
	none.groups = 0;
	depends = naive(entries, n, &all) != naive(entries, n, &none);
	who.groups_known = false;
	assert_int_equal(eg_match_find(conf, &who, &profile, &match), depends ? -EAGAIN : 0);
	if (!depends)
		assert_ptr_equal(match, expected < n ? &conf->matches[expected] : NULL);
	return (expected < n) | (unsigned int)depends << 1;
}

static void test_find_random(void **state)
{
	unsigned int seen[4] = {0};

	(void)state;
	print_message("seed %u\n", seed);
	for (unsigned int round = 0; round < 400; round++) {
		struct entry entries[12];
		size_t n = 1 + pick(EG_ARRAY_SIZE(entries));
		struct eg_config *conf;

		for (size_t i = 0; i < n; i++)
			entries[i] = random_entry();
		conf = random_config(entries, n);
		for (unsigned int i = 0; i < 200; i++) {
			const struct person person = {
				.user = pick(EG_ARRAY_SIZE(users)),
				.groups = pick(1U << EG_ARRAY_SIZE(groups)),
				.service = pick(EG_ARRAY_SIZE(services)),
				.host = pick(EG_ARRAY_SIZE(hosts)),
				.key = pick(3),
			};

			seen[check_person(conf, entries, n, &person)]++;
		}
		eg_config_free(conf);
	}
	for (size_t i = 0; i < EG_ARRAY_SIZE(seen); i++) /* every kind of answer was there */
		assert_true(seen[i] > 1000);
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_find_table),  cmocka_unit_test(test_find_page),
		cmocka_unit_test(test_find_rhost),  cmocka_unit_test(test_groups),
		cmocka_unit_test(test_find_random), cmocka_unit_test(test_find_many),
	};

	return cmocka_run_group_tests_name("match", tests, NULL, NULL);
}
