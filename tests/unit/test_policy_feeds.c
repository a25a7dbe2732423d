// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Policies with feeds: precedence beside rules, which file and line is named, limits, the oracle
 * against the compiler, and what a feed of a million lines takes.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <time.h>
#include <cmocka.h>

#include "feed_networks.h"
#include "policy_model.h"
#include "policy_random.h"
#include "util.h"

#define MILLION 1000000

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_UNDEFINED__)
#define SLOW 1
#else
#define SLOW 0
#endif

static void read_feed(const struct eg_config_feed *feed, const char *text, size_t n,
		      struct eg_networks *ret)
{
	struct eg_err err = {0};
	const struct eg_config_report report = {.file = feed->path, .reterr = &err};

	if (eg_feed_networks_parse(&report, feed, text, n, ret) < 0)
		fail_msg("line %u: %s", err.line, err.text);
}

/* ---- precedence */

static void test_precedence(void **state)
{
	static const char bad[] = "# x\n192.0.2.0/24\n192.0.2.0/24\n10.0.0.0/8\n127.0.0.0/8\n"
				  "2001:db8::/32\n198.51.100.0/24\n",
			  more[] = "192.0.2.0/24\n203.0.113.0/24\n",
			  good[] = "192.0.2.0/24\n192.0.2.7\n10.0.0.0/9\n";
	const struct eg_config_rule rules[] = {
		rule("192.0.2.9", false, 1),
		rule("198.51.100.0/24", false, 2),
		rule("10.1.0.0/16", true, 3),
		rule("203.0.113.0/24:443/tcp", true, 4),
		rule("203.0.113.64/26:443/tcp", true, 5),
	};
	struct eg_config_feed feeds[] = {
		{.path = "bad"}, {.path = "more"}, {.path = "good", .allow = true}};
	const struct eg_config_profile profile = {.egress = {(void *)rules, EG_ARRAY_SIZE(rules)},
						  .feeds = {feeds, EG_ARRAY_SIZE(feeds)}};
	static const struct {
		const char *address;
		bool deny;
		const char *feed; /* NULL: the configuration */
		unsigned int line;
	} cases[] = {
		/* of equal ones deny, and the first line of the first file */
		{"192.0.2.1", true, "bad", 2},
		{"192.0.2.7", false, "good", 2},
		{"192.0.2.9", true, NULL, 1},
		/* the configuration's before a feed's */
		{"198.51.100.1", true, NULL, 2},
		{"10.128.0.1", true, "bad", 4},
		{"10.0.0.1", false, "good", 3},
		{"10.1.0.1", false, NULL, 3},
		{"127.0.0.1", true, "bad", 5},
		/* deny for all ports, and the same network's allow for one */
		{"203.0.113.1", true, "more", 2},
		/* what a longer network leaves open is the feed's */
		{"203.0.113.65", false, NULL, 5},
		{"2001:db8::1", true, "bad", 6},
		{"::ffff:192.0.2.1", true, "bad", 2},
		{"64:ff9b::192.0.2.1", true, "bad", 2},
		{"192.0.3.1", false, NULL, 0},
	};
	struct eg_networks networks[3] = {0};
	struct eg_policy_image image = {0};

	(void)state;
	read_feed(&feeds[0], bad, strlen(bad), &networks[0]);
	read_feed(&feeds[1], more, strlen(more), &networks[1]);
	read_feed(&feeds[2], good, strlen(good), &networks[2]);
	for (size_t i = 0; i < 3; i++)
		feeds[i].networks = &networks[i];
	must_compile(&profile, &image);
	for (size_t i = 0; i < EG_ARRAY_SIZE(cases); i++) {
		struct eg_policy_target t = target(cases[i].address, EG_PROTO_TCP, 443);
		struct eg_policy_answer want = eg_policy_explain(&profile, &t);
		struct verdict got = kernel(&image, &t);
		const struct eg_config_feed *feed;
		unsigned int line = got.rule.line;

		feed = eg_config_feed_of(&profile, got.rule.line, &line);
		if (got.deny != cases[i].deny || line != cases[i].line || !feed != !cases[i].feed ||
		    (feed && strcmp(feed->path, cases[i].feed) != 0))
			fail_msg("%s: deny %d, %s:%u", cases[i].address, got.deny,
				 feed ? feed->path : "-", line);
		assert_int_equal(want.deny, got.deny);
		assert_int_equal(want.line, got.rule.line);
		assert_ptr_equal(want.feed, feed);
		if (feed)
			assert_int_equal(want.network->line, line);
		assert_int_equal(want.reason, cases[i].line ? EG_REASON_RULE : EG_REASON_DEFAULT);
	}
	/* Another port of what 443 is allowed for. */
	assert_int_equal(
		eg_policy_explain(&profile, &(struct eg_policy_target){.family = AF_INET,
								       .proto = EG_PROTO_TCP,
								       .port = 80,
								       .addr = {203, 0, 113, 65}})
			.network->line,
		2);
	eg_policy_done(&image);
	for (size_t i = 0; i < 3; i++)
		eg_networks_done(&networks[i]);
}

static void test_feed_of(void **state)
{
	struct eg_config_feed feeds[EG_FEEDS_MAX] = {{0}};
	const struct eg_config_profile profile = {.feeds = {feeds, EG_FEEDS_MAX}}, none = {0};
	unsigned int line = 7;

	(void)state;
	assert_null(eg_config_feed_of(&profile, 0, &line));
	assert_null(eg_config_feed_of(&profile, EG_CONFIG_SIZE_MAX + 1, &line));
	assert_null(eg_config_feed_of(&profile, EG_LINE_FEEDS - 1, &line));
	assert_null(eg_config_feed_of(&none, EG_LINE_FEEDS + 1, &line));
	assert_null(eg_config_feed_of(&profile, UINT32_MAX, &line));
	assert_null(eg_config_feed_of(
		&profile, EG_LINE_FEEDS + ((uint32_t)EG_FEEDS_MAX << EG_LINE_BITS), &line));
	assert_int_equal(line, 7);
	assert_ptr_equal(eg_config_feed_of(&profile, EG_LINE_FEEDS + 1, &line), feeds);
	assert_int_equal(line, 1);
	assert_ptr_equal(
		eg_config_feed_of(&profile,
				  EG_LINE_FEEDS + ((uint32_t)EG_FEEDS_MAX << EG_LINE_BITS) - 1,
				  &line),
		feeds + EG_FEEDS_MAX - 1);
	assert_int_equal(line, EG_FEED_NETWORKS_LINES - 1);
}

/* ---- limits */

static void test_not_read(void **state)
{
	struct eg_config_feed feed = {.path = "/feed", .line = 3};
	const struct eg_config_profile profile = {.feeds = {&feed, 1}};
	struct eg_policy_image image = {0};
	struct eg_err err = {0};

	(void)state;
	assert_int_equal(eg_policy_compile(&profile, &image, &err), -EINVAL);
	assert_int_equal(err.line, 3);
	assert_string_equal(err.text, "/feed has not been read; please report this as a bug");
	assert_null(image.entries4);
}

/* n different hosts, in the order of no sort. */
static struct eg_network *hosts(unsigned int n, unsigned int first)
{
	struct eg_network *list = calloc(n, sizeof(*list));

	assert_non_null(list);
	for (unsigned int i = 0; i < n; i++) {
		uint32_t address = (first + i) * 2654435761U;

		list[i].line = i + 1;
		list[i].net = (struct eg_cidr){.family = AF_INET, .prefix_len = 32};
		memcpy(list[i].net.addr, &address, sizeof(address));
	}
	return list;
}

static void test_networks_limit(void **state)
{
	eg_auto_free struct eg_network *one = hosts(MILLION, 1), *two = hosts(MILLION, MILLION / 2);
	/* loopback is one, too */
	const size_t n_two = EG_PREFIXES_MAX - 1 - (MILLION / 2 - 1);
	struct eg_networks networks[2] = {{.list = one, .n = MILLION}, {.list = two, .n = n_two}};
	struct eg_config_feed feeds[] = {{.path = "/one", .networks = &networks[0]},
					 {.path = "/two", .networks = &networks[1]}};
	const struct eg_config_profile profile = {.feeds = {feeds, 2}};
	struct eg_policy_image image = {0};
	struct eg_err err = {0};

	(void)state;
	must_compile(&profile, &image);
	assert_int_equal(image.n_entries4, EG_PREFIXES_MAX);
	eg_policy_done(&image);
	networks[1].n++;
	/* the highest address, which is what does not fit any more */
	memset(two[n_two].net.addr, 0xff, 4);
	assert_int_equal(eg_policy_compile(&profile, &image, &err), -E2BIG);
	assert_string_equal(err.file, "/two");
	assert_int_equal(err.line, n_two + 1);
	assert_string_equal(err.text, "more than 1048576 different IPv4 networks");
}

/* ---- the oracle against the compiler */

enum { POLICIES = 400, ADDRESSES = 250, RULES = 12, FEEDS = 4, NETWORKS = 12 };

static void random_feed(uint32_t *random, struct eg_config_feed *feed, struct eg_networks *networks,
			struct eg_network *list)
{
	*networks = (struct eg_networks){.list = list, .n = below(random, NETWORKS)};
	for (size_t i = 0; i < networks->n; i++) {
		list[i].line = (uint32_t)i + 1;
		do {
			list[i].net = random_network(random);
		} while (list[i].net.family == AF_UNSPEC);
	}
	*feed = (struct eg_config_feed){.path = "f", .networks = networks};
}

struct random_policy {
	struct eg_config_rule rules[RULES];
	struct eg_config_feed feeds[FEEDS];
	struct eg_networks networks[FEEDS];
	struct eg_network lists[FEEDS][NETWORKS];
	struct eg_config_profile profile;
};

static void make_policy(uint32_t *random, unsigned int i, struct random_policy *ret)
{
	size_t n = below(random, FEEDS) + 1, n_deny = below(random, (uint32_t)n + 1);

	ret->profile = (struct eg_config_profile){.default_deny = i % 2,
						  .egress = random_rules(random, ret->rules, RULES),
						  .feeds = {ret->feeds, n}};
	for (size_t k = 0; k < n; k++) {
		random_feed(random, &ret->feeds[k], &ret->networks[k], ret->lists[k]);
		ret->feeds[k].allow = k >= n_deny;
	}
}

/* A target of the rules or of a feed. */
static struct eg_policy_target make_target(uint32_t *random, const struct random_policy *policy)
{
	size_t feed = below(random, (uint32_t)policy->profile.feeds.n);
	struct eg_config_rule as_rules[NETWORKS];
	struct eg_config_rules rules = {as_rules, policy->networks[feed].n};

	if (below(random, 3) == 0)
		return random_target(random, &policy->profile.egress);
	for (size_t i = 0; i < rules.n; i++)
		as_rules[i].spec = (struct eg_rule_spec){.net = policy->lists[feed][i].net,
							 .protocol = EG_PROTO_ANY,
							 .port_high = UINT16_MAX};
	return random_target(random, &rules);
}

static void test_random(void **state)
{
	unsigned int of_feed[2] = {0}, of_config[2] = {0}, of_default[2] = {0}, i, n;
	unsigned int decided_over = 0; /* the configuration's rules alone would say otherwise */
	uint32_t random = 4711;

	(void)state;
	for (i = 0; i < POLICIES; i++) {
		struct random_policy policy;
		struct eg_policy_image image = {0};

		make_policy(&random, i, &policy);
		must_compile(&policy.profile, &image);
		for (n = 0; n < ADDRESSES; n++) {
			struct eg_policy_target t = make_target(&random, &policy);
			struct eg_policy_answer want = eg_policy_explain(&policy.profile, &t);
			struct verdict got = kernel(&image, &t);
			struct eg_config_profile without = policy.profile;

			assert_int_equal(got.deny, want.deny);
			assert_int_equal(got.embedded, want.embedded);
			assert_int_equal(got.rule.line, want.line);
			if (want.feed) {
				assert_int_equal(got.rule.prefix_len, want.network->net.prefix_len);
				assert_int_equal(got.rule.protocol, EG_PROTO_ANY);
				of_feed[want.deny]++;
			} else {
				(want.rule ? of_config : of_default)[want.deny]++;
			}
			without.feeds.n = 0;
			decided_over += eg_policy_explain(&without, &t).deny != want.deny;
		}
		eg_policy_done(&image);
	}
	print_message("feeds: %u denied, %u allowed; rules: %u, %u; default: %u, %u; decided over "
		      "rules: %u\n",
		      of_feed[1], of_feed[0], of_config[1], of_config[0], of_default[1],
		      of_default[0], decided_over);
	for (i = 0; i < 2; i++)
		assert_true(of_feed[i] > 1000 && of_config[i] > 1000 && of_default[i] > 1000);
	assert_true(decided_over > 1000);
}

/* ---- a million lines */

static double seconds(void)
{
	return (double)clock() / CLOCKS_PER_SEC;
}

static long peak_mib(void)
{
	struct rusage usage = {0};

	assert_int_equal(getrusage(RUSAGE_SELF, &usage), 0);
	return usage.ru_maxrss / 1024;
}

static void compile_million(const char *name, bool six)
{
	size_t size = (size_t)MILLION * 80, n = 0;
	eg_auto_free char *text = malloc(size);
	struct eg_networks networks = {0};
	struct eg_config_feed feed = {.path = "f", .networks = &networks};
	const struct eg_config_profile profile = {.feeds = {&feed, 1}};
	struct eg_policy_image image = {0};
	double start, parsed, compiled;

	assert_non_null(text);
	for (uint32_t i = 0; i < MILLION; i++) {
		uint32_t a = i * 2654435761U; /* all different, in no order */

		n += (size_t)(six ? snprintf(text + n, size - n, "2001:db8:%x:%x::/64 ; SBL%u\n",
					     a >> 16, a & 0xffff, i)
				  : snprintf(text + n, size - n, "%u.%u.%u.%u\n", a >> 24,
					     a >> 16 & 255, a >> 8 & 255, a & 255));
	}
	start = seconds();
	read_feed(&feed, text, n, &networks);
	parsed = seconds();
	must_compile(&profile, &image);
	compiled = seconds();
	print_message("a million %s lines: parsed in %.2f s, compiled in %.2f s; peak %ld MiB, the "
		      "text of %zu MiB included\n",
		      name, parsed - start, compiled - parsed, peak_mib(), n >> 20);
	assert_int_equal(networks.n, MILLION);
	assert_int_equal(six ? image.n_entries6 : image.n_entries4, MILLION + 1); /* loopback */
	if (!SLOW) {
		assert_true(peak_mib() < 512);
		assert_true(compiled - start < 30); /* a slow machine; here it is below 3 */
	}
	eg_policy_done(&image);
	eg_networks_done(&networks);
}

static void test_million(void **state)
{
	(void)state;
	compile_million("IPv4", false);
	compile_million("IPv6", true);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_precedence), cmocka_unit_test(test_feed_of),
		cmocka_unit_test(test_not_read),   cmocka_unit_test(test_million),
		cmocka_unit_test(test_random),	   cmocka_unit_test(test_networks_limit),
	};

	return cmocka_run_group_tests_name("policy_feeds", tests, NULL, NULL);
}
