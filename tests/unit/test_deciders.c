// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Which network's rule decides: random policies against the naive search, and what is kept. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "deciders.h"
#include "feed_networks.h"
#include "policy_model.h"
#include "policy_random.h"

enum { POLICIES = 600, ADDRESSES = 250, RULES = 16, MANY = 1000000 };

static struct eg_deciders *deciders_of(const struct eg_policy_image *image, bool four, bool six)
{
	struct eg_deciders *deciders = NULL;

	assert_int_equal(eg_deciders_new(image, four, six, &deciders), 0);
	return deciders;
}

/* What the table's answer "refused" would have to stand for; NULL: it does not say that. */
static const struct eg_rule *naive(const struct eg_policy_image *image,
				   const struct eg_policy_target *t)
{
	const struct eg_entry *e =
		t->family == AF_INET ? look_up4(image, t->addr) : look_up6(image, t->addr);

	return e && !e->n && e->rule.verdict == EG_VERDICT_DENY && e->rule.line ? &e->rule : NULL;
}

static void test_random(void **state)
{
	unsigned int found = 0, none = 0;
	uint32_t random = 99;

	(void)state;
	for (unsigned int i = 0; i < POLICIES; i++) {
		struct eg_config_rule list[RULES];
		struct eg_config_profile profile = {.egress = random_rules(&random, list, RULES),
						    .default_deny = i % 2};
		struct eg_policy_image image = {0};
		struct eg_deciders *deciders;

		must_compile(&profile, &image);
		deciders = deciders_of(&image, true, true);
		for (unsigned int n = 0; n < ADDRESSES; n++) {
			struct eg_policy_target t = random_target(&random, &profile.egress);
			const struct eg_rule *want = naive(&image, &t);
			struct eg_rule got = {.line = 7777};

			if (eg_deciders_find(deciders, t.family, t.addr, &got) != (want != NULL))
				fail_msg("policy %u, address %u", i, n);
			if (want)
				assert_memory_equal(&got, want, sizeof(got));
			else
				assert_int_equal(got.line, 7777);
			*(want ? &found : &none) += 1;
		}
		eg_deciders_free(deciders);
		eg_policy_done(&image);
	}
	print_message("%u decided by a rule, %u not\n", found, none);
	assert_true(found > 10000 && none > 10000);
}

/* Each of 33 networks around an address, and the one beside each. */
static void test_nested(void **state)
{
	struct eg_config_rule list[33];
	struct eg_config_profile profile = {.egress = {list, 33}};
	struct eg_policy_image image = {0};
	struct eg_deciders *deciders;
	struct eg_rule got;

	(void)state;
	for (unsigned int i = 0; i <= 32; i++) {
		char text[64];
		uint32_t net = i ? 0xffffffffU << (32 - i) : 0;

		(void)snprintf(text, sizeof(text), "%u.%u.%u.%u/%u", net >> 24, net >> 16 & 255,
			       net >> 8 & 255, net & 255, i);
		list[i] = rule(text, false, i + 1);
	}
	must_compile(&profile, &image);
	deciders = deciders_of(&image, true, false);
	for (unsigned int i = 0; i <= 32; i++) {
		uint32_t net = i ? 0xffffffffU << (32 - i) : 0;
		uint32_t addr = i < 32 ? net & ~(1U << (31 - i)) : net;
		const uint8_t bytes[4] = {(uint8_t)(addr >> 24), (uint8_t)(addr >> 16),
					  (uint8_t)(addr >> 8), (uint8_t)addr};

		assert_true(eg_deciders_find(deciders, AF_INET, bytes, &got));
		assert_int_equal(got.prefix_len, i);
		assert_int_equal(got.line, i + 1);
	}
	eg_deciders_free(deciders);
	eg_policy_done(&image);
}

/* A rule for all protocols, that is all there is about a network, may be one of a shorter one: as
 * the compiler does not make, and might. */
static void test_other_rule(void **state)
{
	struct eg_policy_entry4 entries[2] = {
		{{8, {10}}, {.rule = {EG_VERDICT_DENY, 8, EG_PROTO_TCP, 0, 5, 1, 2}}},
		{{32, {10, 1, 2, 3}}, {.rule = {EG_VERDICT_DENY, 8, EG_PROTO_ANY, 0, 6, 0, 65535}}},
	};
	const struct eg_policy_image image = {.entries4 = entries, .n_entries4 = 2};
	struct eg_deciders *deciders = deciders_of(&image, true, false);
	struct eg_rule got;

	(void)state;
	assert_true(eg_deciders_find(deciders, AF_INET, (const uint8_t[]){10, 1, 2, 4}, &got));
	assert_memory_equal(&got, &entries[0].value.rule, sizeof(got));
	assert_true(eg_deciders_find(deciders, AF_INET, (const uint8_t[]){10, 1, 2, 3}, &got));
	assert_memory_equal(&got, &entries[1].value.rule, sizeof(got));
	assert_false(eg_deciders_find(deciders, AF_INET, (const uint8_t[]){11, 1, 2, 3}, &got));
	eg_deciders_free(deciders);
}

/* Nothing, one family only, and nothing but everything. */
static void test_little(void **state)
{
	static const uint8_t addr[16] = {10, 1, 2, 3};
	struct eg_config_rule list[] = {rule("10.0.0.0/8", false, 3), rule("*", false, 4)};
	struct eg_config_profile profile = {.egress = {list, 2}};
	struct eg_policy_image image = {0};
	struct eg_deciders *deciders = deciders_of(&image, true, true);
	struct eg_rule got;

	(void)state;
	assert_false(eg_deciders_find(deciders, AF_INET, addr, &got));
	assert_false(eg_deciders_find(deciders, AF_INET6, addr, &got));
	eg_deciders_free(deciders);
	must_compile(&profile, &image);
	deciders = deciders_of(&image, false, true);
	assert_false(eg_deciders_find(deciders, AF_INET, addr, &got));
	assert_true(eg_deciders_find(deciders, AF_INET6, addr, &got));
	assert_int_equal(got.line, 4);
	assert_int_equal(got.prefix_len, 0);
	eg_deciders_free(deciders);
	eg_deciders_free(NULL);
	eg_policy_done(&image);
}

/* A million lines of a feed: nine bytes each, and every one of them is found. */
static void test_million(void **state)
{
	struct eg_network *list = calloc(MANY, sizeof(*list));
	struct eg_networks networks = {.list = list, .n = MANY};
	struct eg_config_feed feed = {.path = "f", .networks = &networks};
	struct eg_config_profile profile = {.feeds = {&feed, 1}};
	struct eg_policy_image image = {0};
	struct eg_deciders *deciders;

	(void)state;
	assert_non_null(list);
	for (uint32_t i = 0; i < MANY; i++) {
		uint32_t net = 0x10000000U + i * 512;

		list[i] = (struct eg_network){
			.net = {.family = AF_INET,
				.prefix_len = 24,
				.addr = {(uint8_t)(net >> 24), (uint8_t)(net >> 16),
					 (uint8_t)(net >> 8), 0}},
			.line = i + 1};
	}
	must_compile(&profile, &image);
	deciders = deciders_of(&image, true, true);
	assert_true(eg_deciders_size(deciders) <= 9 * (size_t)MANY + 4096);
	for (uint32_t i = 0; i < MANY; i += 997) {
		uint8_t addr[4];
		struct eg_rule got;

		memcpy(addr, list[i].net.addr, 4);
		addr[3] = 77;
		if (addr[0] == 127)
			continue;
		assert_true(eg_deciders_find(deciders, AF_INET, addr, &got));
		assert_int_equal(got.line, EG_LINE_FEEDS + i + 1);
		assert_int_equal(got.prefix_len, 24);
		addr[2] |= 1;
		assert_false(eg_deciders_find(deciders, AF_INET, addr, &got));
	}
	eg_deciders_free(deciders);
	eg_policy_done(&image);
	free(list);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_random),	   cmocka_unit_test(test_nested),
		cmocka_unit_test(test_other_rule), cmocka_unit_test(test_little),
		cmocka_unit_test(test_million),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
