// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Who gets which profile, in random configurations, against an evaluator that knows nothing of how
 * it is done.
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

#include "config_helpers.h"
#include "match.h"
#include "match_idle.h"

#define KEY_A "SHA256:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
#define KEY_B "SHA256:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU"

static const char profiles[] =
	"profiles = ( { name = \"a\"; }, { name = \"b\"; }, { name = \"c\"; } );\n";

static uint32_t seed = 20261121;

static uint32_t pick(uint32_t n)
{
	seed ^= seed << 13;
	seed ^= seed >> 17;
	seed ^= seed << 5;
	return seed % n;
}

/* The last user and the last service are in no entry. */
static const char *const users[] = {"alice", "bob", "carol", "dave"};
static const char *const groups[] = {"wheel", "adm", "users"};
static const char *const services[] = {"sshd", "su", "systemd-user", "cockpit"};
static const char *const keys[] = {KEY_A, KEY_B};
/* Networks by first and last address, compared as numbers. */
static const struct {
	const char *text;
	uint32_t first, last;
} networks[] = {
	{"10.0.0.0/8", 0x0a000000, 0x0affffff},	  {"10.0.0.0/9", 0x0a000000, 0x0a7fffff},
	{"10.128.0.0/9", 0x0a800000, 0x0affffff}, {"10.1.0.0/16", 0x0a010000, 0x0a01ffff},
	{"10.1.2.3", 0x0a010203, 0x0a010203},	  {"0.0.0.0/0", 0, 0xffffffff},
};
static const struct {
	const char *text;
	uint32_t address;
	bool is_one;
} hosts[] = {
	{"10.1.2.3", 0x0a010203, true},
	{"10.1.2.4", 0x0a010204, true},
	{"10.2.0.1", 0x0a020001, true},
	{"10.129.0.1", 0x0a810001, true},
	{"11.0.0.1", 0x0b000001, true},
	{"a.example.org", 0, false},
	{"", 0, false},
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
		entry = (struct entry){.users = some(EG_ARRAY_SIZE(users) - 1),
				       .groups = some(EG_ARRAY_SIZE(groups)),
				       .services = some(EG_ARRAY_SIZE(services) - 1),
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

/* ---- entries that decide for nobody */

/* Whom each entry decides for, of all persons there can be: at the services "su" and "systemd-user"
 * nobody comes from an address, or with a key. */
static void find_deciding(const struct entry *entries, size_t n, bool *ret)
{
	struct person p = {0};

	for (p.user = 0; p.user < EG_ARRAY_SIZE(users); p.user++)
		for (p.groups = 0; p.groups < 1U << EG_ARRAY_SIZE(groups); p.groups++)
			for (p.service = 0; p.service < EG_ARRAY_SIZE(services); p.service++)
				for (p.host = 0; p.host < EG_ARRAY_SIZE(hosts); p.host++)
					for (p.key = 0; p.key < 3; p.key++) {
						bool bare = p.service == 1 || p.service == 2;
						size_t i = naive(entries, n, &p);

						if (bare && (hosts[p.host].is_one || p.key < 2))
							continue;
						if (i < n)
							ret[i] = true;
					}
}

/* Entries that are more alike, so that several cover one. */
static struct entry random_alike(void)
{
	unsigned int n = EG_ARRAY_SIZE(networks);
	struct entry entry = {.networks = pick(2) ? 1U << pick(n) : 1 + pick((1U << n) - 1),
			      .profile = pick(4)};

	if (pick(2))
		entry.users = 1 + pick(3);
	if (pick(4) == 0)
		entry.services = 1 + pick(7);
	if (pick(8) == 0)
		entry.keys = 1;
	return entry;
}

static void test_idle_random(void **state)
{
	unsigned int impossible = 0, covered[3] = {0};

	(void)state;
	for (unsigned int round = 0; round < 1000; round++) {
		struct entry entries[12];
		size_t n = 1 + pick(EG_ARRAY_SIZE(entries));
		bool decides[EG_ARRAY_SIZE(entries)] = {false};
		struct eg_config *conf;

		for (size_t i = 0; i < n; i++)
			entries[i] = round % 2 ? random_alike() : random_entry();
		conf = random_config(entries, n);
		find_deciding(entries, n, decides);
		for (size_t i = 0; i < n; i++) {
			const struct eg_config_match *by = NULL;
			size_t work = EG_MATCH_WORK_MAX;
			unsigned int lacks = eg_match_impossible(&conf->matches[i]);
			int r = lacks ? 0 : eg_match_covered(conf, i, &work, &by);

			if (decides[i] != (!lacks && !r))
				fail_msg("round %u, entry %zu %s: lacks %u, covered %d", round, i,
					 decides[i] ? "decides" : "does not decide", lacks, r);
			if (r)
				assert_true(by >= conf->matches && by < &conf->matches[i]);
			impossible += lacks != 0;
			covered[r]++;
		}
		eg_config_free(conf);
	}
	print_message("impossible %u, covered %u %u %u\n", impossible, covered[0], covered[1],
		      covered[2]);
	assert_true(impossible > 30 && covered[0] > 100 && covered[1] > 100 && covered[2] > 30);
}

/* ---- who gets which */

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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_find_random),
		cmocka_unit_test(test_idle_random),
	};

	return cmocka_run_group_tests_name("match_random", tests, NULL, NULL);
}
