// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The policy compiler: flags, which of two rules stays, limits, and 10,000 random policies against
 * the oracle. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <arpa/inet.h>
#include <cmocka.h>

#include "policy.h"
#include "util.h"

enum { SEED = 20240229, POLICIES = 10000, RULES = 24, ADDRESSES = 20 };

static struct eg_config_rule rule(const char *network, bool allow, unsigned int line)
{
	struct eg_config_rule r = {.allow = allow, .line = line};
	const char *why = NULL;

	assert_int_equal(eg_cidr_parse(network, &r.cidr, &why), 0);
	return r;
}

static const struct eg_config_rule *explain(const struct eg_config_profile *profile,
					    const char *text)
{
	struct eg_cidr host = {0};
	const char *why = NULL;

	assert_int_equal(eg_cidr_parse(text, &host, &why), 0);
	return eg_policy_explain(profile, host.family, host.addr);
}

static void test_compile_flags(void **state)
{
	struct eg_config_rule rules[] = {rule("10.0.0.0/8", false, 1),
					 rule("2001:db8::/32", true, 2)};
	const struct {
		struct eg_config_profile profile;
		uint32_t flags;
	} cases[] = {
		{{.n_rules = 0}, 0},
		{{.mode = EG_MODE_AUDIT}, EG_POLICY_AUDIT},
		{{.deny_setuid = true}, EG_POLICY_DENY_SETUID},
		{{.deny_mount = true}, EG_POLICY_DENY_MOUNT},
		{{.rules = rules, .n_rules = 1}, EG_POLICY_RULES4},
		{{.rules = rules + 1, .n_rules = 1}, EG_POLICY_RULES6},
		{{.mode = EG_MODE_AUDIT,
		  .deny_setuid = true,
		  .deny_mount = true,
		  .rules = rules,
		  .n_rules = 2},
		 EG_POLICY_AUDIT | EG_POLICY_DENY_SETUID | EG_POLICY_DENY_MOUNT | EG_POLICY_RULES4 |
			 EG_POLICY_RULES6},
	};
	size_t i;

	(void)state;
	for (i = 0; i < EG_ARRAY_SIZE(cases); i++) {
		struct eg_policy_image image = {0};

		assert_int_equal(eg_policy_compile(&cases[i].profile, &image), 0);
		assert_int_equal(image.flags, cases[i].flags);
		assert_int_equal(image.n_entries4 != 0, (image.flags & EG_POLICY_RULES4) != 0);
		assert_int_equal(image.n_entries6 != 0, (image.flags & EG_POLICY_RULES6) != 0);
		eg_policy_done(&image);
	}
}

static void test_compile_entries(void **state)
{
	struct eg_config_rule rules[] = {
		rule("18.0.0.0/9", false, 4),	rule("10.1.0.0/16", false, 5),
		rule("10.0.0.0/8", true, 6),	rule("10.0.0.0/9", true, 7),
		rule("2001:db8::/32", true, 8),
	};
	const struct eg_config_profile profile = {.rules = rules, .n_rules = EG_ARRAY_SIZE(rules)};
	static const struct eg_policy_entry4 expected[] = {
		{{8, {10}}, {EG_VERDICT_ALLOW, 8, {0}, 6}},
		{{9, {10}}, {EG_VERDICT_ALLOW, 9, {0}, 7}},
		{{16, {10, 1}}, {EG_VERDICT_DENY, 16, {0}, 5}},
		{{9, {18}}, {EG_VERDICT_DENY, 9, {0}, 4}},
	};
	static const struct eg_policy_entry6 expected6 = {{32, {0x20, 0x01, 0x0d, 0xb8}},
							  {EG_VERDICT_ALLOW, 32, {0}, 8}};
	struct eg_policy_image image = {0};

	(void)state;
	assert_int_equal(eg_policy_compile(&profile, &image), 0);
	assert_int_equal(image.n_entries4, EG_ARRAY_SIZE(expected));
	assert_memory_equal(image.entries4, expected, sizeof(expected));
	assert_int_equal(image.n_entries6, 1);
	assert_memory_equal(image.entries6, &expected6, sizeof(expected6));
	eg_policy_done(&image);
	assert_null(image.entries4);
	eg_policy_done(&image); /* fine on a zeroed one */
}

/* One network in both lists, either first; and in one list twice, which only a feed could do. */
static void test_compile_same_network(void **state)
{
	struct eg_config_rule orders[][3] = {
		{rule("10.0.0.0/8", false, 1), rule("10.0.0.0/8", true, 2),
		 rule("10.0.0.0/8", true, 3)},
		{rule("10.0.0.0/8", true, 1), rule("10.0.0.0/8", false, 2),
		 rule("10.0.0.0/8", false, 3)},
		{rule("10.0.0.0/8", true, 1), rule("10.0.0.0/8", true, 2),
		 rule("10.0.0.0/8", true, 3)},
	};
	static const struct eg_rule expected[] = {{EG_VERDICT_DENY, 8, {0}, 1},
						  {EG_VERDICT_DENY, 8, {0}, 2},
						  {EG_VERDICT_ALLOW, 8, {0}, 1}};
	size_t i;

	(void)state;
	for (i = 0; i < EG_ARRAY_SIZE(orders); i++) {
		const struct eg_config_profile profile = {.rules = orders[i], .n_rules = 3};
		struct eg_policy_image image = {0};

		assert_int_equal(eg_policy_compile(&profile, &image), 0);
		assert_int_equal(image.n_entries4, 1);
		assert_memory_equal(&image.entries4[0].value, &expected[i], sizeof(expected[i]));
		assert_int_equal(explain(&profile, "10.1.2.3")->line, expected[i].line);
		eg_policy_done(&image);
	}
}

/* EG_PREFIXES_MAX different networks fit, one more does not, and *ret is then untouched. */
static void test_compile_limit(void **state)
{
	size_t i, n = EG_PREFIXES_MAX + 1;
	struct eg_config_rule *rules = calloc(n, sizeof(*rules));
	struct eg_config_profile profile = {.rules = rules, .n_rules = n};
	struct eg_policy_image image = {.flags = 77};

	(void)state;
	assert_non_null(rules);
	for (i = 0; i < n; i++)
		rules[i] = (struct eg_config_rule){
			.cidr = {.family = AF_INET,
				 .prefix_len = 32,
				 .addr = {(uint8_t)(i >> 24), (uint8_t)(i >> 16), (uint8_t)(i >> 8),
					  (uint8_t)i}}};
	assert_int_equal(eg_policy_compile(&profile, &image), -E2BIG);
	assert_int_equal(image.flags, 77);
	assert_null(image.entries4);
	profile.n_rules--;
	assert_int_equal(eg_policy_compile(&profile, &image), 0);
	assert_int_equal(image.n_entries4, EG_PREFIXES_MAX);
	eg_policy_done(&image);
	free(rules);
}

static void test_explain_precedence(void **state)
{
	struct eg_config_rule rules[] = {
		rule("0.0.0.0/0", false, 1),	rule("::/0", false, 2),
		rule("10.1.2.0/24", false, 3),	rule("10.0.0.0/8", true, 4),
		rule("2001:db8::/32", true, 5),
	};
	const struct eg_config_profile profile = {.rules = rules, .n_rules = EG_ARRAY_SIZE(rules)};
	static const struct {
		const char *addr;
		unsigned int line;
	} cases[] = {
		{"8.8.8.8", 1}, {"10.9.9.9", 4}, {"10.1.2.3", 3}, {"::1", 2}, {"2001:db8::1", 5},
	};
	const uint8_t mapped[16] = {[10] = 0xff, 0xff, 10, 1, 2, 3};
	size_t i;

	(void)state;
	for (i = 0; i < EG_ARRAY_SIZE(cases); i++)
		assert_int_equal(explain(&profile, cases[i].addr)->line, cases[i].line);
	assert_int_equal(eg_policy_explain(&profile, AF_INET6, mapped)->line, 3);
}

static void test_explain_no_rule(void **state)
{
	struct eg_config_rule rules[] = {rule("10.0.0.0/8", false, 1), rule("::/0", false, 2)};
	const struct eg_config_profile none = {.n_rules = 0};
	const struct eg_config_profile some = {.rules = rules, .n_rules = 2};
	const uint8_t mapped[16] = {[10] = 0xff, 0xff, 11, 0, 0, 1};

	(void)state;
	assert_null(explain(&none, "10.1.2.3"));
	assert_null(explain(&some, "11.0.0.1"));
	assert_null(
		eg_policy_explain(&some, AF_INET6, mapped)); /* judged as IPv4: ::/0 is not asked */
}

static void test_select_default(void **state)
{
	struct eg_config_profile profile = {.name = "default"};
	const struct eg_config conf = {.profiles = &profile, .n_profiles = 1};

	(void)state;
	assert_int_equal(eg_policy_select(&conf, "alice", "sshd", "10.0.0.5", ""), 0);
}

/* xorshift32: the same numbers on every machine. */
static uint32_t next_random(uint32_t *random)
{
	*random ^= *random << 13;
	*random ^= *random >> 17;
	*random ^= *random << 5;
	return *random;
}

/*
 * Text of a random host or network. Few values per byte and the same few lengths, so that networks
 * nest and collide; a quarter is IPv4 as v4-mapped IPv6.
 */
static void random_network(uint32_t *random, char *buf, size_t size)
{
	static const unsigned int lengths[] = {0, 1, 7, 8, 9, 15, 16, 23, 24, 31, 32};
	unsigned int length = lengths[next_random(random) % EG_ARRAY_SIZE(lengths)];
	unsigned int a = next_random(random) % 4 * 64 + next_random(random) % 2,
		     b = next_random(random) % 3, c = next_random(random) % 2 * 128,
		     d = next_random(random) % 3;

	switch (next_random(random) % 4) {
	case 0:
		(void)snprintf(buf, size, "::ffff:%u.%u.%u.%u/%u", a, b, c, d, 96 + length);
		break;
	case 1:
		(void)snprintf(buf, size, "%x:%x::%x:%x/%u", a << 8, b, c, d,
			       next_random(random) % 2 ? length : 96 + length);
		break;
	default:
		(void)snprintf(buf, size, "%u.%u.%u.%u/%u", a, b, c, d, length);
	}
}

static struct eg_cidr random_cidr(uint32_t *random)
{
	struct eg_cidr cidr = {0};
	const char *why = NULL;
	char text[64];

	random_network(random, text, sizeof(text));
	if (eg_cidr_parse_loose(text, &cidr, &why) < 0)
		fail_msg("\"%s\" %s", text, why);
	return cidr;
}

/* What the kernel's trie does, bit by bit and apart from eg_cidr_contains. */
static bool key_matches(const uint8_t *key, const uint8_t *addr, unsigned int prefix_len)
{
	unsigned int bit;

	for (bit = 0; bit < prefix_len; bit++)
		if (((key[bit / 8] ^ addr[bit / 8]) >> (7 - bit % 8)) & 1)
			return false;
	return true;
}

static const struct eg_rule *look_up4(const struct eg_policy_image *image, const uint8_t *addr)
{
	const struct eg_policy_entry4 *best = NULL, *e;

	for (e = image->entries4; e < image->entries4 + image->n_entries4; e++)
		if (key_matches(e->key.addr, addr, e->key.prefix_len) &&
		    (!best || e->key.prefix_len > best->key.prefix_len))
			best = e;
	return best ? &best->value : NULL;
}

static const struct eg_rule *look_up6(const struct eg_policy_image *image, const uint8_t *addr)
{
	const struct eg_policy_entry6 *best = NULL, *e;

	for (e = image->entries6; e < image->entries6 + image->n_entries6; e++)
		if (key_matches(e->key.addr, addr, e->key.prefix_len) &&
		    (!best || e->key.prefix_len > best->key.prefix_len))
			best = e;
	return best ? &best->value : NULL;
}

static void check_address(const struct eg_config_profile *profile,
			  const struct eg_policy_image *image, uint32_t *random)
{
	struct eg_cidr host = random_cidr(random);
	const struct eg_rule *got =
		host.family == AF_INET ? look_up4(image, host.addr) : look_up6(image, host.addr);
	const struct eg_config_rule *want = NULL;
	uint8_t mapped[16] = {[10] = 0xff, 0xff};

	if (host.family == AF_INET &&
	    next_random(random) % 2) { /* the same host by its other name */
		memcpy(mapped + 12, host.addr, 4);
		want = eg_policy_explain(profile, AF_INET6, mapped);
	} else {
		want = eg_policy_explain(profile, host.family, host.addr);
	}
	assert_int_equal(got != NULL, want != NULL);
	if (!want)
		return;
	assert_int_equal(got->verdict, want->allow ? EG_VERDICT_ALLOW : EG_VERDICT_DENY);
	assert_int_equal(got->prefix_len, want->cidr.prefix_len);
	assert_int_equal(got->line, want->line);
}

static void check_sorted(const struct eg_policy_image *image)
{
	size_t i;

	for (i = 1; i < image->n_entries4; i++) {
		int order = memcmp(image->entries4[i - 1].key.addr, image->entries4[i].key.addr, 4);

		assert_true(order < 0 || (order == 0 && image->entries4[i - 1].key.prefix_len <
								image->entries4[i].key.prefix_len));
	}
	for (i = 1; i < image->n_entries6; i++) {
		int order =
			memcmp(image->entries6[i - 1].key.addr, image->entries6[i].key.addr, 16);

		assert_true(order < 0 || (order == 0 && image->entries6[i - 1].key.prefix_len <
								image->entries6[i].key.prefix_len));
	}
}

static void test_compile_random(void **state)
{
	struct eg_config_rule rules[RULES];
	uint32_t random = SEED;
	unsigned int i, n;

	(void)state;
	print_message("seed %u, %u policies of up to %u rules, %u addresses each\n", SEED, POLICIES,
		      RULES, ADDRESSES);
	for (i = 0; i < POLICIES; i++) {
		struct eg_config_profile profile = {.rules = rules,
						    .n_rules = next_random(&random) % RULES};
		struct eg_policy_image image = {0};

		for (n = 0; n < profile.n_rules; n++)
			rules[n] = (struct eg_config_rule){.cidr = random_cidr(&random),
							   .allow = next_random(&random) % 2,
							   .line = n + 1};
		assert_int_equal(eg_policy_compile(&profile, &image), 0);
		check_sorted(&image);
		for (n = 0; n < ADDRESSES; n++)
			check_address(&profile, &image, &random);
		eg_policy_done(&image);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_compile_flags),
		cmocka_unit_test(test_compile_entries),
		cmocka_unit_test(test_compile_same_network),
		cmocka_unit_test(test_compile_limit),
		cmocka_unit_test(test_compile_random),
		cmocka_unit_test(test_explain_precedence),
		cmocka_unit_test(test_explain_no_rule),
		cmocka_unit_test(test_select_default),
	};

	return cmocka_run_group_tests_name("policy", tests, NULL, NULL);
}
