// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * profiles and match in the configuration: what they say, what is inherited and from where, limits,
 * and what is printed of a profile. Each key by itself is test_config_keys.c's.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "config_helpers.h"

/* ---- what is inherited */

/* "LINE:TEXT" of each, blank separated; "-" = not set. */
static const char *texts_text(const struct eg_config_texts *list, char buf[512])
{
	(void)strcpy(buf, list->set ? "" : "-");
	for (size_t i = 0; i < list->n; i++)
		(void)snprintf(buf + strlen(buf), 512 - strlen(buf), "%s%u:%s", i ? " " : "",
			       list->list[i].line, list->list[i].text);
	return buf;
}

/* Likewise, with + and - for what allows and denies. */
static const char *rules_text(const struct eg_config_rules *rules, char buf[512])
{
	char text[EG_RULE_TEXT_SIZE];

	buf[0] = '\0';
	for (size_t i = 0; i < rules->n; i++)
		(void)snprintf(buf + strlen(buf), 512 - strlen(buf), "%s%u:%c%s", i ? " " : "",
			       rules->list[i].line, rules->list[i].allow ? '+' : '-',
			       eg_rule_format(&rules->list[i].spec, text));
	return buf;
}

static void check_texts(const struct eg_config_texts *list, const char *expected)
{
	char buf[512];

	assert_string_equal(texts_text(list, buf), expected);
}

static void check_rules(const struct eg_config_rules *rules, const char *expected)
{
	char buf[512];

	assert_string_equal(rules_text(rules, buf), expected);
}

static void test_profiles_inherit(void **state)
{
	struct eg_config *conf = must_parse("mode = \"audit\";\n"
					    "deny = [\"18.0.0.0/9\"];\n"
					    "allow = [\"18.1.0.0/16\"];\n"
					    "setuid = { deny = true; users = [\"root\"]; };\n"
					    "rules = ( { programs = [\"/a\"]; } );\n"
					    "profiles = (\n"
					    "{ name = \"alone\"; },\n"
					    "{ name = \"ops\"; extends = \"default\";\n"
					    "  deny = [\"10.0.0.0/8\",\n"
					    "  \"11.0.0.0/8\"]; setuid = { users = []; }; },\n"
					    "{ name = \"more.1\"; extends = \"ops\";\n"
					    "  mode = \"enforce\"; allow = [];\n"
					    "  rules = ( { programs = [\"/b\"]; },\n"
					    "{ programs = [\"/c\"]; } ); } );\n");
	const struct eg_config_profile *list = conf->profiles;

	(void)state;
	assert_int_equal(conf->n_profiles, 4);
	assert_string_equal(list[0].name, "default");
	assert_int_equal(list[0].line, 0);
	assert_int_equal(list[0].parent, 0);
	/* without extends: the schema's defaults, not the top level's */
	assert_string_equal(list[1].name, "alone");
	assert_string_equal(list[1].extends, "");
	assert_int_equal(list[1].parent, 1);
	assert_int_equal(list[1].line, 7);
	assert_int_equal(list[1].mode, EG_MODE_ENFORCE);
	assert_int_equal(list[1].egress.n, 0);
	assert_false(list[1].deny_setuid);
	assert_true(list[1].deny_services);
	assert_int_equal(list[1].actions[EG_ON_LEAVING], EG_ACTION_PROFILE);
	assert_int_equal(list[1].n_groups, 0);
	check_texts(&list[1].setuid_users, "-");
	/* each key by itself, with the lines where they are written */
	assert_int_equal(list[2].parent, 0);
	assert_int_equal(list[2].mode, EG_MODE_AUDIT);
	check_rules(&list[2].egress, "9:-10.0.0.0/8 10:-11.0.0.0/8 3:+18.1.0.0/16");
	assert_true(list[2].deny_setuid);
	check_texts(&list[2].setuid_users, "");
	assert_int_equal(list[2].n_groups, 1);
	check_texts(&list[2].groups[0].programs, "5:/a");
	/* over two steps */
	assert_int_equal(list[3].parent, 2);
	assert_string_equal(list[3].extends, "ops");
	assert_int_equal(list[3].mode, EG_MODE_ENFORCE);
	check_rules(&list[3].egress, "9:-10.0.0.0/8 10:-11.0.0.0/8");
	check_texts(&list[3].setuid_users, "");
	assert_int_equal(list[3].n_groups, 2);
	check_texts(&list[3].groups[1].programs, "14:/c");
	/* and nothing has come up */
	check_rules(&list[0].egress, "2:-18.0.0.0/9 3:+18.1.0.0/16");
	check_texts(&list[0].setuid_users, "4:root");
	assert_int_equal(list[0].n_groups, 1);
	eg_config_free(conf);
}

/* ---- match */

static void test_match_values(void **state)
{
	struct eg_config *conf =
		must_parse("profiles = ( { name = \"a\"; } );\n"
			   "match = (\n"
			   "{ user = \"alice\"; profile = \"a\"; },\n"
			   "{ group = [ \"wheel\",\n"
			   "\"EX\\\\domain users\" ]; service = ( \"sshd\" );\n"
			   "rhost = [ \"10.0.0.0/8\", \"2001:db8::1\" ]; profile = \"default\";\n"
			   "key = \"SHA256:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU\"; },\n"
			   "{ profile = \"a\"; } );");
	const struct eg_config_match *list = conf->matches;
	char text[EG_CIDR_TEXT_SIZE];

	(void)state;
	assert_int_equal(conf->n_matches, 3);
	assert_int_equal(list[0].line, 3);
	assert_int_equal(list[0].profile, 1);
	check_texts(&list[0].user, "3:alice");
	check_texts(&list[0].group, "-");
	check_texts(&list[0].service, "-");
	check_texts(&list[0].rhost, "-");
	check_texts(&list[0].key, "-");
	assert_int_equal(list[1].line, 4);
	assert_int_equal(list[1].profile, 0);
	check_texts(&list[1].user, "-");
	check_texts(&list[1].group, "4:wheel 5:EX\\domain users");
	check_texts(&list[1].service, "5:sshd");
	check_texts(&list[1].rhost, "6:10.0.0.0/8 6:2001:db8::1");
	check_texts(&list[1].key, "7:SHA256:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU");
	assert_string_equal(eg_cidr_format(&list[1].networks[0], text), "10.0.0.0/8");
	assert_string_equal(eg_cidr_format(&list[1].networks[1], text), "2001:db8::1/128");
	assert_int_equal(list[2].line, 8);
	check_texts(&list[2].user, "-");
	eg_config_free(conf);
}

/* ---- limits */

#define A61 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"

#define THREE "{programs=[\"/a\"]},{programs=[\"/b\"]},{programs=[\"/c\"]}"

static void test_limits(void **state)
{
	(void)state;
	assert_int_equal(EG_CONFIG_PROFILES_MAX, 127);
	check_numbered("profiles=(", "{name=\"p#\"}", 126, ");", "");
	check_numbered("profiles=(", "{name=\"p#\"}", 127, ");",
		       "f:1: profiles: 127 profiles are too many; besides \"default\" there can "
		       "be 126");
	check_numbered("match=(", "{user=\"u#\";profile=\"default\"}", 4096, ");", "");
	check_numbered("match=(", "{user=\"u#\";profile=\"default\"}", 4097, ");",
		       "f:1: match: 4097 entries are too many; it takes 4096");
	check_numbered("match=({profile=\"default\";user=[", "\"u#\"", 256, "]});", "");
	check_numbered("match=({profile=\"default\";user=[", "\"u#\"", 257, "]});",
		       "f:1: match[0].user: 257 entries are too many; it takes 256");
	/* the longest that are taken */
	check_numbered("profiles=({name=\"" A61 "bb\"});match=({service=\"" A61
		       "bb\";profile=\"" A61 "bb\"},",
		       "{user=\"u#\";profile=\"default\"}", 1, ");", "");
	/* policies: each profile, and each group of programs in it, inherited ones too */
	check_numbered("rules=(" THREE ");profiles=(", "{name=\"p#\";extends=\"default\"}", 124,
		       ");", "");
	check_numbered("rules=(" THREE ");profiles=(", "{name=\"p#\";extends=\"default\"}", 125,
		       ");",
		       "f:125: profiles and the groups of their rules are more than 500, counting "
		       "in each what it extends");
}

/* Rules of what is extended count in each, against the limit of one profile and that of all. */
static void test_limits_inherited(void **state)
{
	(void)state;
	check_numbered("bind={deny=[", "\"#\"", EG_CONFIG_PORTS_MAX - 1,
		       "]};profiles=({name=\"a\";extends=\"default\";bind={allow=[\"1\"]}});", "");
	check_numbered(
		"bind={deny=[", "\"#\"", EG_CONFIG_PORTS_MAX - 1,
		"]};profiles=(\n{name=\"a\";extends=\"default\";\nbind={allow=[\"1\",\"2\"]}});",
		"f:4097: profiles[0].bind.allow: 4097 rules are too many; deny and allow "
		"together take 4096");
}

static void test_limit_entries(void **state)
{
	enum { EACH = 16000 }; /* 125 times that is what fits */
	eg_auto_free char *rules = malloc(EACH * 24);
	char *at = rules;

	(void)state;
	assert_non_null(rules);
	for (int i = 0; i < EACH; i++)
		at += sprintf(at, "%s\"10.%d.%d.0/24\"", i ? "," : "deny=[", i / 256, i % 256);
	(void)strcpy(at, "];profiles=(");
	check_numbered(rules, "{name=\"p#\";extends=\"default\"}", 124, ");", "");
	check_numbered(rules, "{name=\"p#\";extends=\"default\"}", 125, ");",
		       "f:125: the lists of all profiles have more than 2000000 entries, counting "
		       "in each what it extends");
}

/* ---- printing */

static void test_print(void **state)
{
	struct eg_config *conf = must_parse(
		"deny = [\"10.0.0.0/8\", \"11.0.0.0/8\", \"12.0.0.0/8\", \"13.0.0.0/8\", "
		"\"14.0.0.0/8\"];\n"
		"setuid = { users = [\"a\\\"b\\\\c\", \"\\xc3\\xa4\"]; groups = []; };\n"
		"rules = ({ programs = [\"/a\"]; bind = { allow = [\"80/tcp\"]; }; });");
	char *text = NULL;
	size_t n = 0;
	FILE *out = open_memstream(&text, &n);

	(void)state;
	assert_non_null(out);
	eg_config_print(&conf->profiles[0], 4, out);
	assert_int_equal(fclose(out), 0);
	assert_string_equal(text, "deny = [\n\t\"10.0.0.0/8\",\n\t\"11.0.0.0/8\",\n"
				  "\t\"12.0.0.0/8\",\n\t\"13.0.0.0/8\"\n\t# ... 1 more\n];\n"
				  "setuid = { users = [ \"a\\\"b\\\\c\", \"\\xC3\\xA4\" ]; "
				  "groups = [ ]; };\n"
				  "rules = (\n\t{\n\t\tprograms = [ \"/a\" ];\n"
				  "\t\tbind = { allow = [ \"80/tcp\" ]; };\n\t}\n);\n");
	eg_config_free(conf);
	conf = must_parse(text); /* what is cut parses, too */
	assert_int_equal(conf->profiles[0].egress.n, 4);
	eg_config_free(conf);
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_profiles_inherit), cmocka_unit_test(test_match_values),
		cmocka_unit_test(test_limits),		 cmocka_unit_test(test_limits_inherited),
		cmocka_unit_test(test_limit_entries),	 cmocka_unit_test(test_print),
	};

	return cmocka_run_group_tests_name("profiles", tests, NULL, NULL);
}
