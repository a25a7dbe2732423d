// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * The tables of the manual page's section PRECEDENCE, row by row as they are printed there: by what
 * explains verdicts, and by what is compiled for the kernel. So neither the page nor the code can
 * change without the other.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "action.h"
#include "config_dump.h"
#include "config_helpers.h"
#include "feed_networks.h"
#include "match.h"
#include "policy_model.h"

enum { CELLS_MAX = 5, TEXT_SIZE = 4096, FEEDS = 4 };

/* ---- rows of the page */

/* What mdoc would make of a cell: without the macro in front, with characters for their names. */
static void clean(char *cell)
{
	const char *from = strncmp(cell, "Li ", 3) == 0 ? cell + 3 : cell;

	while (*from) {
		bool quote = strncmp(from, "\\(dq", 4) == 0;

		if (strncmp(from, "\\&", 2) == 0) {
			from += 2;
			continue;
		}
		*cell++ = (char)(quote ? '"' : *from);
		from += quote ? 4 : 1;
	}
	*cell = '\0';
}

/* Calls check for each row of the table of n cells under the subsection; at least `least`. */
static void for_rows(const char *title, size_t n, size_t least, void (*check)(char **cells))
{
	eg_auto_free char *page = read_whole(page_path), *table = NULL, *section = NULL;
	char start[128], *rest, *row, *cells[CELLS_MAX];
	size_t rows = 0;

	(void)snprintf(start, sizeof(start), "\n.Ss %s\n", title);
	section = between(page, "\n.Sh PRECEDENCE\n", "\n.Sh ");
	rest = strstr(section, start);
	if (!rest)
		fail_msg("PRECEDENCE has no table \"%s\"", title);
	table = between(rest, "\n.It Sy ", "\n.El");
	rest = strchr(table + 1, '\n') + 1; /* behind the heads of the columns */
	for (; (row = strsep(&rest, "\n")); rows++) {
		cut_row(row, cells, n);
		for (size_t i = 0; i < n; i++)
			clean(cells[i]);
		check(cells);
	}
	if (rows < least)
		fail_msg("%s: %zu rows, expected at least %zu", title, rows, least);
}

/* A cell as a piece of a configuration. */
static const char *or_nothing(const char *cell)
{
	return strcmp(cell, "none") == 0 ? "" : cell;
}

/* ---- who gets which profile: first group, second group, user, profile */

static void check_match(char **cells)
{
	const struct eg_match_who who = {.user = cells[2], .service = "sshd", .groups_known = true};
	struct eg_config *conf;
	char text[TEXT_SIZE];
	size_t profile = 0;
	bool two = *or_nothing(cells[1]);

	(void)snprintf(
		text, sizeof(text),
		"profiles = ({ name = \"a\"; }, { name = \"b\"; });\nmatch = ({ %s }%s%s%s);",
		cells[0], two ? ", { " : "", or_nothing(cells[1]), two ? " }" : "");
	conf = must_parse(text);
	assert_int_equal(eg_match_find(conf, &who, &profile, NULL), 0);
	if (strcmp(conf->profiles[profile].name, cells[3]) != 0)
		fail_msg("%s: the page says %s, it is %s", text, cells[3],
			 conf->profiles[profile].name);
	eg_config_free(conf);
}

static void test_match(void **state)
{
	(void)state;
	for_rows("Who gets which profile", 4, 6, check_match);
}

/* ---- what a profile has: outside, what a extends, in a, in b, what b has */

static void check_extends(char **cells)
{
	eg_auto_free char *has = NULL, *expected = NULL;
	struct eg_config *conf, *alone;
	char text[TEXT_SIZE], extends[64] = "";

	if (*or_nothing(cells[1]))
		(void)snprintf(extends, sizeof(extends), "extends = \"%s\"; ", cells[1]);
	(void)snprintf(text, sizeof(text),
		       "%s profiles = ({ name = \"a\"; %s%s }, "
		       "{ name = \"b\"; extends = \"a\"; %s });",
		       or_nothing(cells[0]), extends, or_nothing(cells[2]), or_nothing(cells[3]));
	conf = must_parse(text);
	alone = must_parse(or_nothing(cells[4]));
	has = dump(conf, 2);
	expected = dump(alone, 0);
	eg_config_free(conf);
	eg_config_free(alone);
	if (strcmp(has, expected) != 0)
		fail_msg("%s: the page says b has %s, it has %s", text, cells[4], has);
}

static void test_extends(void **state)
{
	(void)state;
	for_rows("What a profile has", 5, 11, check_extends);
}

/* ---- rules: "deny 10.0.0.0/8, feed allow 10.1.0.0/16, default deny" */

/* A policy in the making: texts of a configuration, and what feeds list. */
struct making {
	char lists[4][512]; /* deny, allow, and these of the program */
	char feeds[2][512], listed[FEEDS][64];
	size_t n_feeds;
	bool feed_allows[FEEDS], default_deny;
};

static void add_rule(struct making *making, const char *text, bool allow, bool own)
{
	char *list = making->lists[own * 2 + allow];

	(void)snprintf(list + strlen(list), 512 - strlen(list), "%s\"%s\"", *list ? ", " : "",
		       text);
}

static void add_feed(struct making *making, const char *network, bool allow)
{
	char *list = making->feeds[allow];

	assert_true(making->n_feeds < FEEDS);
	(void)snprintf(list + strlen(list), 512 - strlen(list), "%s\"/feed%zu\"", *list ? ", " : "",
		       making->n_feeds);
	assert_true(strlen(network) < 63);
	(void)snprintf(making->listed[making->n_feeds], 64, "%.62s\n", network);
	making->feed_allows[making->n_feeds++] = allow;
}

/* The rules of a cell, of everybody or of the program. */
static void add_cell(struct making *making, const char *cell, bool own)
{
	char copy[256], *rest = copy, *part;

	(void)snprintf(copy, sizeof(copy), "%s", or_nothing(cell));
	while ((part = strsep(&rest, ","))) {
		char verb[16] = "", text[64] = "";
		bool feed = sscanf(part, " feed %15s %63s", verb, text) == 2, allow;

		if (!feed && sscanf(part, " %15s %63s", verb, text) != 2) {
			assert_int_equal(strspn(part, " "), strlen(part));
			continue;
		}
		allow = strcmp(verb, "allow") == 0;
		if (strcmp(verb, "default") == 0)
			making->default_deny = strcmp(text, "deny") == 0;
		else if (!allow && strcmp(verb, "deny") != 0)
			fail_msg("no word for a rule: \"%s\"", verb);
		else if (feed)
			add_feed(making, text, allow);
		else
			add_rule(making, text, allow, own);
	}
}

/* bind: the rules are of ports. */
static struct eg_config *make_config(const struct making *making, bool bind)
{
	const char *before = bind ? "bind = {" : "", *after = bind ? "};" : "";
	char text[TEXT_SIZE];

	(void)snprintf(text, sizeof(text),
		       "default = \"%s\"; %s deny = [%s]; allow = [%s]; %s "
		       "deny_files = [%s]; allow_files = [%s]; "
		       "rules = ({ programs = [\"/p\"]; %s deny = [%s]; allow = [%s]; %s });",
		       making->default_deny ? "deny" : "allow", before, making->lists[0],
		       making->lists[1], after, making->feeds[0], making->feeds[1], before,
		       making->lists[2], making->lists[3], after);
	return must_parse(text);
}

/* "10.1.2.3 443/tcp", "10.1.2.3 icmp", "80/tcp" */
static struct eg_policy_target read_target(const char *cell)
{
	char address[64] = "", protocol[16] = "";
	unsigned int port = 0;
	uint8_t proto = 0;

	if (strchr(cell, ' ')) {
		assert_int_equal(sscanf(cell, "%63s", address), 1);
		cell = strchr(cell, ' ') + 1;
	}
	if (sscanf(cell, "%u/%15s", &port, protocol) != 2)
		assert_int_equal(sscanf(cell, "%15s", protocol), 1);
	assert_int_equal(eg_rule_protocol(protocol, &proto), 0);
	return target(*address ? address : "0.0.0.0", proto, (uint16_t)port);
}

/* ---- addresses */

static void read_feeds(struct eg_config_profile *profile, const struct making *making,
		       struct eg_networks networks[FEEDS])
{
	for (size_t i = 0; i < profile->feeds.n; i++) {
		struct eg_config_feed *feed = &profile->feeds.list[i];
		size_t at = strtoul(feed->path + strlen("/feed"), NULL, 10);
		struct eg_err err = {0};
		const struct eg_config_report report = {.file = feed->path, .reterr = &err};

		assert_int_equal(feed->allow, making->feed_allows[at]);
		if (eg_feed_networks_parse(&report, feed, making->listed[at],
					   strlen(making->listed[at]), &networks[at]) < 0)
			fail_msg("%s", err.text);
		assert_int_equal(networks[at].n, 1);
		feed->networks = &networks[at];
	}
}

/* By the definition, and as the kernel finds it, for a program that has rules and one that has
 * none. */
static void check_verdict(const struct making *making, const char *remote, bool program,
			  const char *says)
{
	struct eg_config *conf = make_config(making, false);
	struct eg_config_profile *profile = &conf->profiles[0];
	struct eg_networks networks[FEEDS] = {{0}};
	struct eg_policy_target t = read_target(remote);
	struct eg_policy_image image = {0};
	bool deny = strcmp(says, "deny") == 0, explained, compiled;

	assert_true(deny || strcmp(says, "allow") == 0);
	read_feeds(profile, making, networks);
	must_compile(profile, &image);
	explained = eg_policy_explain_for(profile, program ? profile->groups : NULL, &t).deny;
	compiled = kernel_for(&image, program ? image.groups : NULL, &t).deny;
	if (explained != deny || compiled != deny)
		fail_msg("deny %s, allow %s, feeds %s, %s, program %s, %s, to %s: the page says "
			 "%s, explained %s, compiled %s",
			 making->lists[0], making->lists[1], making->feeds[0], making->feeds[1],
			 making->lists[2], making->lists[3], remote, says,
			 explained ? "deny" : "allow", compiled ? "deny" : "allow");
	eg_policy_done(&image);
	for (size_t i = 0; i < FEEDS; i++)
		eg_networks_done(&networks[i]);
	eg_config_free(conf);
}

/* deny, allow, default, remote end, verdict */
static void check_address(char **cells)
{
	struct making making = {0};
	char cell[256];

	for (int allow = 0; allow < 2; allow++) {
		const char *rule = or_nothing(cells[allow]);
		bool feed = strncmp(rule, "feed ", 5) == 0;

		(void)snprintf(cell, sizeof(cell), "%s%s %s", feed ? "feed " : "",
			       allow ? "allow" : "deny", rule + (feed ? 5 : 0));
		if (*rule)
			add_cell(&making, cell, false);
	}
	(void)snprintf(cell, sizeof(cell), "default %s", cells[2]);
	add_cell(&making, cell, false);
	check_verdict(&making, cells[3], false, cells[4]);
	check_verdict(&making, cells[3], true, cells[4]); /* without rules of its own */
}

static void test_addresses(void **state)
{
	(void)state;
	for_rows("Addresses", 5, 31, check_address);
}

/* for everybody, for the program, remote end, verdict */
static void check_program(char **cells)
{
	struct making making = {0};

	add_cell(&making, cells[0], false);
	add_cell(&making, cells[1], true);
	check_verdict(&making, cells[2], true, cells[3]);
}

static void test_programs(void **state)
{
	(void)state;
	for_rows("Addresses, for a program with rules of its own", 4, 14, check_program);
}

/* ---- ports to bind: for everybody, for the program, port, verdict */

static void check_port(char **cells)
{
	struct eg_policy_target t = read_target(cells[2]);
	struct eg_policy_image image = {0};
	struct making making = {0};
	struct eg_config *conf;
	bool deny = strcmp(cells[3], "deny") == 0, explained, compiled;

	assert_true(deny || strcmp(cells[3], "allow") == 0);
	add_cell(&making, cells[0], false);
	add_cell(&making, cells[1], true);
	conf = make_config(&making, true);
	must_compile(&conf->profiles[0], &image);
	explained = eg_policy_explain_bind_for(&conf->profiles[0], conf->profiles[0].groups,
					       t.proto, t.port)
			    .deny;
	compiled = bind_both(&image, image.groups, &t).verdict == EG_VERDICT_DENY;
	if (explained != deny || compiled != deny)
		fail_msg("%s, program %s, %s: the page says %s, explained %s, compiled %s",
			 cells[0], cells[1], cells[2], cells[3], explained ? "deny" : "allow",
			 compiled ? "deny" : "allow");
	eg_policy_done(&image);
	eg_config_free(conf);
}

static void test_ports(void **state)
{
	(void)state;
	for_rows("Ports to bind", 4, 11, check_port);
}

/* ---- what is done: mode, action, egress.action, what is done */

static unsigned int rank_of(const struct eg_config_profile *profile)
{
	struct eg_policy_image image = {0};
	unsigned int rank = EG_RANK_DENY;

	must_compile(profile, &image);
	if (image.policy.audit >> EG_ON_EGRESS & 1)
		rank = EG_RANK_AUDIT;
	else if (image.policy.kill >> EG_ON_EGRESS & 1)
		rank = EG_RANK_KILL;
	eg_policy_done(&image);
	return rank;
}

static const char *const ranks[] = {
	[EG_RANK_NONE] = "allow",
	[EG_RANK_AUDIT] = "audit",
	[EG_RANK_DENY] = "deny",
	[EG_RANK_KILL] = "kill",
};

static void check_action(char **cells)
{
	char text[TEXT_SIZE] = "";
	struct eg_config *conf;
	unsigned int rank;

	(void)snprintf(text, sizeof(text), "mode = \"%s\"; ", cells[0]);
	if (strcmp(cells[1], "not set") != 0)
		(void)snprintf(text + strlen(text), sizeof(text) - strlen(text),
			       "action = \"%s\"; ", cells[1]);
	if (strcmp(cells[2], "not set") != 0)
		(void)snprintf(text + strlen(text), sizeof(text) - strlen(text),
			       "egress = { action = \"%s\"; };", cells[2]);
	conf = must_parse(text);
	rank = rank_of(&conf->profiles[0]);
	if (strcmp(ranks[rank], cells[3]) != 0)
		fail_msg("%s: the page says %s, it is %s", text, cells[3], ranks[rank]);
	eg_config_free(conf);
}

static void test_actions(void **state)
{
	(void)state;
	for_rows("What is done", 4, 10, check_action);
}

/* ---- sessions within sessions: one policy, the other, what is done. That the kernel asks both and
 * takes the higher rank is for tests/vm/test_profiles.sh to see. */

static unsigned int rank_about(const char *word, const struct eg_policy_target *t)
{
	char text[TEXT_SIZE];
	struct eg_config *conf;
	unsigned int rank = EG_RANK_NONE;

	(void)snprintf(text, sizeof(text), "%s egress = { action = \"%s\"; };",
		       strcmp(word, "allow") ? "deny = [\"18.0.0.0/9\"];" : "",
		       strcmp(word, "allow") ? word : "kill");
	conf = must_parse(text);
	if (eg_policy_explain(&conf->profiles[0], t).deny)
		rank = rank_of(&conf->profiles[0]);
	eg_config_free(conf);
	return rank;
}

static void check_nested(char **cells)
{
	struct eg_policy_target t = target("18.4.5.6", EG_PROTO_TCP, 443);
	unsigned int one = rank_about(cells[0], &t), other = rank_about(cells[1], &t);

	if (strcmp(ranks[one > other ? one : other], cells[2]) != 0)
		fail_msg("%s and %s: the page says %s", cells[0], cells[1], cells[2]);
}

static void test_nested(void **state)
{
	(void)state;
	for_rows("Sessions within sessions", 3, 10, check_nested);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_match),	  cmocka_unit_test(test_extends),
		cmocka_unit_test(test_addresses), cmocka_unit_test(test_programs),
		cmocka_unit_test(test_ports),	  cmocka_unit_test(test_actions),
		cmocka_unit_test(test_nested),
	};

	return cmocka_run_group_tests_name("precedence", tests, NULL, NULL);
}
