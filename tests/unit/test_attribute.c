// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Records whose rule the kernel side does not know: from which policy they get it, for how long
 * that is kept, and that they get none when that is not known any more.
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

#include "attribute.h"
#include "helper.h"
#include "inforce.h"
#include "policy_model.h"

static struct {
	uint64_t produced, consumed;
} ring;

void eg_bpf_events_positions(struct eg_bpf *bpf, uint64_t *ret_produced, uint64_t *ret_consumed)
{
	(void)bpf;
	*ret_produced = ring.produced;
	*ret_consumed = ring.consumed;
}

enum { SLOT = 5, OTHER_SLOT = 6 };

/* A policy whose one rule about 18.0.0.0/9 stands in that line, with one about 2001:db8::/32 in the
 * next and 10.1.0.0/16 in the one behind it. */
static struct eg_attribution *policy(uint32_t slot, uint32_t generation, unsigned int line)
{
	struct eg_config_rule list[] = {
		rule("18.0.0.0/9", false, line), rule("2001:db8::/32", false, line + 1),
		rule("10.1.0.0/16", false, line + 2), rule("18.1.0.0/16", true, line + 3)};
	struct eg_config_profile profile = {.egress = {list, 4}};
	struct eg_policy_image image = {0};
	struct eg_attribution *ret = NULL;

	must_compile(&profile, &image);
	assert_int_equal(eg_attribution_new(&image, true, true, slot, generation, &ret), 0);
	assert_non_null(ret);
	eg_policy_done(&image);
	return ret;
}

static struct eg_event event(uint32_t slot, uint32_t generation, const char *text)
{
	struct eg_policy_target t = target(text, EG_PROTO_TCP, 443);
	struct eg_event e = {.abi = EG_ABI_VERSION,
			     .kind = EG_EVENT_VERDICT,
			     .op = EG_OP_CONNECT,
			     .profile = slot,
			     .generation = generation,
			     .verdict = EG_VERDICT_DENY,
			     .reason = EG_REASON_RULE,
			     .family = t.family,
			     .has_rule = 1,
			     .has_addr = 1,
			     .rule = {.verdict = EG_VERDICT_DENY, .line = EG_LINE_UNKNOWN},
			     .rule_family = t.family};

	memcpy(e.addr, t.addr, sizeof(e.addr));
	return e;
}

/* The line and length that a record gets, as "LINE/LENGTH"; "-": it keeps what it has. */
static void must_be(const struct eg_helper *helper, const struct eg_event *e, const char *want)
{
	struct eg_event buf;
	const struct eg_event *got = eg_attribute_event(helper, e, &buf);
	char text[32] = "-";

	if (got->rule.line != EG_LINE_UNKNOWN)
		(void)snprintf(text, sizeof(text), "%u/%u", got->rule.line, got->rule.prefix_len);
	assert_string_equal(text, want);
}

static void must_say(const struct eg_helper *helper, uint32_t slot, uint32_t generation,
		     const char *address, const char *want)
{
	struct eg_event e = event(slot, generation, address);

	must_be(helper, &e, want);
}

static void test_in_force(void **state)
{
	struct eg_in_force table[2] = {{.slot = SLOT, .attribution = policy(SLOT, 3, 100)},
				       {.slot = OTHER_SLOT}};
	struct eg_helper helper = {.in_force = table, .n_in_force = 2, .generation = 4};

	(void)state;
	must_say(&helper, SLOT, 3, "18.4.5.6", "100/9");
	must_say(&helper, SLOT, 4, "18.4.5.6", "100/9"); /* unchanged by a reload */
	must_say(&helper, SLOT, 3, "2001:db8::1", "101/32");
	/* before it was in force, another slot, one without */
	must_say(&helper, SLOT, 2, "18.4.5.6", "-");
	must_say(&helper, OTHER_SLOT, 3, "18.4.5.6", "-");
	must_say(&helper, 7, 3, "18.4.5.6", "-");
	/* what no rule denies: the record and the policy disagree, and nothing is made up */
	must_say(&helper, SLOT, 3, "19.4.5.6", "-");
	must_say(&helper, SLOT, 3, "18.1.5.6", "-");
	eg_attribution_free(table[0].attribution);
}

static void test_embedded(void **state)
{
	struct eg_in_force table = {.slot = SLOT, .attribution = policy(SLOT, 3, 100)};
	struct eg_helper helper = {.in_force = &table, .n_in_force = 1, .generation = 3};
	static const struct {
		const char *address, *want;
		bool inside;
	} cases[] = {
		{"64:ff9b::10.1.2.3", "102/16", true},
		{"64:ff9b::10.1.2.3", "-", false},
		{"2002:0a01:203::1", "102/16", true},
		{"2002:0a02:203::1", "-", true},
		{"::ffff:10.1.2.3", "102/16", true},
		{"::ffff:10.1.2.3", "102/16", false},
		{"2001:db8::1", "-", true},
		{"2001:db8::1", "101/32", false},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct eg_event e = event(SLOT, 3, cases[i].address);

		e.rule_family = cases[i].inside ? AF_INET : AF_INET6;
		must_be(&helper, &e, cases[i].want);
	}
	eg_attribution_free(table.attribution);
}

/* Only what the kernel side left open is filled in. */
static void test_others(void **state)
{
	struct eg_in_force table = {.slot = SLOT, .attribution = policy(SLOT, 3, 100)};
	struct eg_helper helper = {.in_force = &table, .n_in_force = 1, .generation = 3};
	struct eg_event buf, e = event(SLOT, 3, "18.4.5.6");

	(void)state;
	e.rule.line = 12;
	assert_ptr_equal(eg_attribute_event(&helper, &e, &buf), &e);
	e = event(SLOT, 3, "18.4.5.6");
	e.reason = EG_REASON_DEFAULT;
	assert_ptr_equal(eg_attribute_event(&helper, &e, &buf), &e);
	e = event(SLOT, 3, "18.4.5.6");
	e.has_rule = 0;
	assert_ptr_equal(eg_attribute_event(&helper, &e, &buf), &e);
	e = event(SLOT, 3, "18.4.5.6");
	e.has_addr = 0;
	assert_ptr_equal(eg_attribute_event(&helper, &e, &buf), &e);
	e = event(SLOT, 3, "18.4.5.6");
	e.family = AF_UNIX;
	assert_ptr_equal(eg_attribute_event(&helper, &e, &buf), &e);
	e = event(SLOT, 3, "18.4.5.6");
	e.kind = EG_EVENT_STRAY;
	assert_ptr_equal(eg_attribute_event(&helper, &e, &buf), &e);
	/* and all the rest of it stays */
	e = event(SLOT, 3, "18.4.5.6");
	e.tgid = 4711;
	assert_ptr_equal(eg_attribute_event(&helper, &e, &buf), &buf);
	assert_int_equal(buf.rule.verdict, EG_VERDICT_DENY);
	assert_int_equal(buf.rule.protocol, EG_PROTO_ANY);
	assert_int_equal(buf.rule.port_high, 65535);
	buf.rule = e.rule;
	assert_memory_equal(&buf, &e, sizeof(e));
	eg_attribution_free(table.attribution);
}

static void test_flows(void **state)
{
	struct eg_in_force table = {.slot = SLOT, .attribution = policy(SLOT, 3, 100)};
	struct eg_helper helper = {.in_force = &table, .n_in_force = 1, .generation = 4};
	struct eg_event e = event(SLOT, 3, "::ffff:18.4.5.6");
	struct eg_denied_flow flow = {.profile = SLOT,
				      .generation = 4,
				      .family = AF_INET6,
				      .rule_family = AF_INET,
				      .reason = EG_REASON_RULE,
				      .rule = {.line = EG_LINE_UNKNOWN}};
	struct eg_denied_flow older = flow, known = flow;

	(void)state;
	memcpy(flow.raddr, e.addr, 16);
	eg_attribute_flow(&helper, &flow);
	assert_int_equal(flow.rule.line, 100);
	older.generation = 2;
	memcpy(older.raddr, e.addr, 16);
	eg_attribute_flow(&helper, &older);
	assert_int_equal(older.rule.line, EG_LINE_UNKNOWN);
	known.rule.line = 9;
	memcpy(known.raddr, e.addr, 16);
	eg_attribute_flow(&helper, &known);
	assert_int_equal(known.rule.line, 9);
	eg_attribution_free(table.attribution);
}

/* Two reloads, and their records read late. */
static void test_retired(void **state)
{
	struct eg_in_force table = {.slot = SLOT, .attribution = policy(SLOT, 3, 100)};
	struct eg_helper helper = {.in_force = &table, .n_in_force = 1, .generation = 3};

	(void)state;
	ring.consumed = 1000;
	eg_attribution_retire(&helper, NULL, 3);
	assert_null(helper.retired);
	eg_attribution_retire(&helper, table.attribution, 4);
	table.attribution = policy(SLOT, 5, 200);
	must_say(&helper, SLOT, 3, "18.4.5.6", "100/9");
	must_say(&helper, SLOT, 4, "18.4.5.6", "100/9");
	must_say(&helper, SLOT, 5, "18.4.5.6", "200/9");
	eg_attribution_retire(&helper, table.attribution, 5);
	table.attribution = policy(SLOT, 6, 300);
	/* Programs may still use the old ones: all that is read changes nothing. */
	ring.produced = ring.consumed = 2000;
	eg_attribution_tick(&helper);
	must_say(&helper, SLOT, 4, "18.4.5.6", "100/9");
	must_say(&helper, SLOT, 5, "18.4.5.6", "200/9");
	must_say(&helper, SLOT, 6, "18.4.5.6", "300/9");
	/* Not any more; but there are records left. */
	ring.produced = 3000;
	eg_attribution_settled(&helper);
	ring.produced = 4000;
	eg_attribution_settled(&helper); /* of others: theirs are not to be waited for */
	ring.consumed = 2999;
	eg_attribution_tick(&helper);
	must_say(&helper, SLOT, 4, "18.4.5.6", "100/9");
	ring.consumed = 3000;
	eg_attribution_tick(&helper);
	must_say(&helper, SLOT, 4, "18.4.5.6", "-");
	must_say(&helper, SLOT, 5, "18.4.5.6", "-");
	must_say(&helper, SLOT, 6, "18.4.5.6", "300/9");
	assert_null(helper.retired);
	eg_attribution_retire(&helper, table.attribution, 6);
	table.attribution = NULL;
	must_say(&helper, SLOT, 7, "18.4.5.6", "-"); /* in a trie, which knows its rules */
	eg_attribution_free_all(&helper);
	assert_null(helper.retired);
}

static void test_nothing_kept(void **state)
{
	const struct eg_policy_image image = {0};
	struct eg_attribution *ret = (void *)1;

	(void)state;
	assert_int_equal(eg_attribution_new(&image, false, false, SLOT, 1, &ret), 0);
	assert_null(ret);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_in_force), cmocka_unit_test(test_embedded),
		cmocka_unit_test(test_others),	 cmocka_unit_test(test_flows),
		cmocka_unit_test(test_retired),	 cmocka_unit_test(test_nothing_kept),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
