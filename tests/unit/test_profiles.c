// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * profiles and match in the configuration: what is inherited, key by key; wrong files with the
 * exact message for each; limits; mutations.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "config.h"
#include "util.h"

static int parse(const char *text, size_t n, struct eg_config **ret, char line[1024])
{
	struct eg_err err = {0};
	int r = eg_config_parse(text, n, "f", ret, &err);

	line[0] = '\0';
	if (r < 0)
		(void)eg_err_format(&err, line, 1024);
	return r;
}

static struct eg_config *must_parse(const char *text)
{
	struct eg_config *conf = NULL;
	char line[1024];

	if (parse(text, strlen(text), &conf, line) < 0)
		fail_msg("%s in: %.200s", line, text);
	return conf;
}

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

/* Each key of a profile: how to set it twice differently, and where it is seen. */
static const struct {
	const char *key, *one, *other;
} keys[] = {
	{"mode", "mode = \"audit\";", "mode = \"enforce\";"},
	{"action", "action = \"kill\";", "action = \"deny\";"},
	{"default", "default = \"deny\";", "default = \"allow\";"},
	{"deny", "deny = [\"10.0.0.0/8\"];", "deny = [\"11.0.0.0/8\"];"},
	{"allow", "allow = [\"10.0.0.0/8\"];", "allow = [\"11.0.0.0/8\"];"},
	{"egress.action", "egress = { action = \"kill\"; };", "egress = { action = \"audit\"; };"},
	{"bind.deny", "bind = { deny = [\"80\"]; };", "bind = { deny = [\"81\"]; };"},
	{"bind.allow", "bind = { allow = [\"80\"]; };", "bind = { allow = [\"81\"]; };"},
	{"bind.action", "bind = { action = \"kill\"; };", "bind = { action = \"audit\"; };"},
	{"sockets.allow", "sockets = { allow = [\"raw\"]; };",
	 "sockets = { allow = [\"AF_VSOCK\"]; };"},
	{"sockets.action", "sockets = { action = \"kill\"; };",
	 "sockets = { action = \"audit\"; };"},
	{"setuid.deny", "setuid = { deny = true; };", "setuid = { deny = false; };"},
	{"setuid.users", "setuid = { users = [\"a\"]; };", "setuid = { users = [\"b\"]; };"},
	{"setuid.groups", "setuid = { groups = [\"a\"]; };", "setuid = { groups = [\"b\"]; };"},
	{"setuid.allow", "setuid = { allow = [\"/a\"]; };", "setuid = { allow = [\"/b\"]; };"},
	{"setuid.action", "setuid = { action = \"kill\"; };", "setuid = { action = \"audit\"; };"},
	{"mount.deny", "mount = { deny = true; };", "mount = { deny = false; };"},
	{"mount.allow", "mount = { allow = [\"/a\"]; };", "mount = { allow = [\"/b\"]; };"},
	{"mount.action", "mount = { action = \"kill\"; };", "mount = { action = \"audit\"; };"},
	{"capabilities.deny", "capabilities = { deny = [\"BPF\"]; };",
	 "capabilities = { deny = [\"CHOWN\"]; };"},
	{"capabilities.action", "capabilities = { action = \"kill\"; };",
	 "capabilities = { action = \"audit\"; };"},
	{"unix.deny", "unix = { deny = [\"/a\"]; };", "unix = { deny = [\"/b\"]; };"},
	{"unix.services", "unix = { services = \"allow\"; };", "unix = { services = \"deny\"; };"},
	{"unix.same_user", "unix = { same_user = \"allow\"; };",
	 "unix = { same_user = \"deny\"; };"},
	{"unix.action", "unix = { action = \"kill\"; };", "unix = { action = \"audit\"; };"},
	{"files.deny_read", "files = { deny_read = [\"/a\"]; };",
	 "files = { deny_read = [\"/b\"]; };"},
	{"files.deny_write", "files = { deny_write = [\"/a\"]; };",
	 "files = { deny_write = [\"/b\"]; };"},
	{"files.allow", "files = { allow = [\"/a\"]; };", "files = { allow = [\"/b\"]; };"},
	{"files.action", "files = { action = \"kill\"; };", "files = { action = \"audit\"; };"},
	{"exec.deny_sha256",
	 "exec = { deny_sha256 = "
	 "[\"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855\"]; };",
	 "exec = { deny_sha256 = "
	 "[\"f3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855\"]; };"},
	{"exec.deny", "exec = { deny = [\"/a\"]; };", "exec = { deny = [\"/b\"]; };"},
	{"exec.allow_only", "exec = { allow_only = [\"/a\"]; };",
	 "exec = { allow_only = [\"/b\"]; };"},
	{"exec.deny_sha256_files", "exec = { deny_sha256_files = [\"/a\"]; };",
	 "exec = { deny_sha256_files = [\"/b\"]; };"},
	{"exec.action", "exec = { action = \"kill\"; };", "exec = { action = \"audit\"; };"},
	{"leaving", "leaving = \"allow\";", "leaving = \"audit\";"},
	{"tampering", "tampering = \"allow\";", "tampering = \"audit\";"},
	{"record.connect", "record = { connect = \"all\"; };", "record = { connect = \"none\"; };"},
	{"record.exec", "record = { exec = true; };", "record = { exec = false; };"},
	{"record.open", "record = { open = [\"/a\"]; };", "record = { open = [\"/b\"]; };"},
	{"rules[].programs", "rules = ({ programs = [\"/a\"]; });",
	 "rules = ({ programs = [\"/b\"]; });"},
	{"rules[].deny", "rules = ({ programs = [\"/a\"]; deny = [\"10.0.0.0/8\"]; });",
	 "rules = ({ programs = [\"/a\"]; deny = [\"11.0.0.0/8\"]; });"},
	{"rules[].allow", "rules = ({ programs = [\"/a\"]; allow = [\"10.0.0.0/8\"]; });",
	 "rules = ({ programs = [\"/a\"]; allow = [\"11.0.0.0/8\"]; });"},
	{"rules[].bind.deny", "rules = ({ programs = [\"/a\"]; bind = { deny = [\"80\"]; }; });",
	 "rules = ({ programs = [\"/a\"]; bind = { deny = [\"81\"]; }; });"},
	{"rules[].bind.allow", "rules = ({ programs = [\"/a\"]; bind = { allow = [\"80\"]; }; });",
	 "rules = ({ programs = [\"/a\"]; bind = { allow = [\"81\"]; }; });"},
	{"rules[].setuid.allow",
	 "rules = ({ programs = [\"/a\"]; setuid = { allow = [\"/c\"]; }; });",
	 "rules = ({ programs = [\"/a\"]; setuid = { allow = [\"/d\"]; }; });"},
	{"rules[].files.deny_read",
	 "rules = ({ programs = [\"/a\"]; files = { deny_read = [\"/c\"]; }; });",
	 "rules = ({ programs = [\"/a\"]; files = { deny_read = [\"/d\"]; }; });"},
	{"rules[].files.deny_write",
	 "rules = ({ programs = [\"/a\"]; files = { deny_write = [\"/c\"]; }; });",
	 "rules = ({ programs = [\"/a\"]; files = { deny_write = [\"/d\"]; }; });"},
	{"deny_files", "deny_files = (\"/a\", { file = \"/b\"; strict = true; shrink = 10; });",
	 "deny_files = (\"/c\");"},
	{"allow_files", "allow_files = (\"/a\");",
	 "allow_files = ({ file = \"/a\"; shrink = 9; });"},
	{"rules[].files.allow",
	 "rules = ({ programs = [\"/a\"]; files = { allow = [\"/c\"]; }; });",
	 "rules = ({ programs = [\"/a\"]; files = { allow = [\"/d\"]; }; });"},
};

/* All of a profile as text, owned by the caller. */
static char *profile_text(const struct eg_config_profile *profile)
{
	char *text = NULL;
	size_t n = 0;
	FILE *out = open_memstream(&text, &n);

	assert_non_null(out);
	eg_config_print(profile, 0, out);
	assert_int_equal(fclose(out), 0);
	return text;
}

/* The i-th profile of the file, as text. */
static char *text_of(const char *file, size_t i)
{
	struct eg_config *conf = must_parse(file);
	char *text;

	assert_true(i < conf->n_profiles);
	text = profile_text(&conf->profiles[i]);
	eg_config_free(conf);
	return text;
}

static void check_same(const char *key, const char *file, size_t i, const char *other_file,
		       size_t other)
{
	eg_auto_free char *a = text_of(file, i), *b = text_of(other_file, other);

	if (strcmp(a, b) != 0)
		fail_msg("%s: profile %zu of %s\nis\n%s\nexpected\n%s", key, i, file, a, b);
}

static void test_keys_inherit(void **state)
{
	(void)state;
	for (size_t i = 0; i < EG_ARRAY_SIZE(keys); i++) {
		eg_auto_free char *one = text_of(keys[i].one, 0),
				  *other = text_of(keys[i].other, 0);
		char text[1024];

		assert_string_not_equal(one, other);		 /* so all below can fail */
		check_same(keys[i].key, one, 0, keys[i].one, 0); /* text, and back */
		(void)snprintf(text, sizeof(text),
			       "%s profiles = ({ name = \"p\"; extends = \"default\"; }, "
			       "{ name = \"q\"; extends = \"p\"; }, { name = \"r\"; });",
			       keys[i].one);
		check_same(keys[i].key, text, 0, keys[i].one, 0);
		check_same(keys[i].key, text, 1, keys[i].one, 0);
		check_same(keys[i].key, text, 2, keys[i].one, 0);
		check_same(keys[i].key, text, 3, "", 0);
		(void)snprintf(text, sizeof(text),
			       "profiles = ({ name = \"p\"; extends = \"default\"; %s },"
			       "{ name = \"q\"; %s }, { name = \"r\"; extends = \"p\"; }); %s",
			       keys[i].other, keys[i].one, keys[i].one);
		check_same(keys[i].key, text, 1, keys[i].other, 0);
		check_same(keys[i].key, text, 2, keys[i].one, 0);
		check_same(keys[i].key, text, 3, keys[i].other, 0);
	}
}

/* One row above for each key that may stand in a profile. */
static void test_keys_all_here(void **state)
{
	const char *const *known = eg_config_keys();
	size_t n = 0, i, k;

	(void)state;
	for (k = 0; known[k]; k++) {
		if (strcmp(known[k], "strict") == 0 || strcmp(known[k], "managers.exempt") == 0 ||
		    strncmp(known[k], "profiles[]", 10) == 0 ||
		    strncmp(known[k], "match[]", 7) == 0)
			continue;
		for (i = 0; i < EG_ARRAY_SIZE(keys) && strcmp(keys[i].key, known[k]) != 0; i++)
			;
		if (i == EG_ARRAY_SIZE(keys))
			fail_msg("%s is not tried in a profile", known[k]);
		n++;
	}
	assert_int_equal(n, EG_ARRAY_SIZE(keys));
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

/* ---- what is refused, in which words */

#define P(keys) "profiles = (\n{ " keys " } );"
#define N(keys) P("name = \"a\"; " keys)
#define M(keys) "profiles = ( { name = \"ops\"; } );\nmatch = (\n{ " keys " profile = \"ops\"; } );"
#define LETTERS ": 1 to 63 letters, digits, \"_\", \".\" and \"-\""
#define FPR	"is no fingerprint of a key: SHA256: and 43 characters, as ssh-keygen -l prints it"
#define NETWORK "is not an IPv4 or IPv6 network such as 10.0.0.0/8 or 2001:db8::/32"
#define A61	"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define SERVICE                                                                                    \
	"holds what no name of a service does: a blank, a slash or a character that is not "       \
	"printable ASCII"

static const struct {
	const char *text, *message;
} wrong[] = {
	/* the lists */
	{"profiles = { name = \"a\"; };",
	 "f:1: profiles: expected a list of groups such as ( { name = \"ops\"; extends = "
	 "\"default\"; mode = \"audit\"; } ), got a group"},
	{"profiles = [ \"a\" ];",
	 "f:1: profiles: expected a list of groups such as ( { name = \"ops\"; extends = "
	 "\"default\"; mode = \"audit\"; } ), got an array"},
	{"profiles = ( { name = \"a\"; },\n7 );",
	 "f:2: profiles[1]: expected a group such as { name = \"ops\"; extends = \"default\"; "
	 "mode = \"audit\"; }, got an integer"},
	{"match = { };", "f:1: match: expected a list of groups such as ( { group = \"wheel\"; "
			 "profile = \"ops\"; } ), got a group"},
	{"match = ( [ ] );", "f:1: match[0]: expected a group such as { group = \"wheel\"; "
			     "profile = \"ops\"; }, got an array"},
	{"profile = ( );", "f:1: unknown key \"profile\"; did you mean \"profiles\"?"},
	{"matches = ( );", "f:1: unknown key \"matches\"; did you mean \"match\"?"},
	/* unknown keys */
	{N("dney = [];"),
	 "f:2: unknown key \"profiles[].dney\"; did you mean \"profiles[].deny\"?"},
	{N("nmae = \"\";"),
	 "f:2: unknown key \"profiles[].nmae\"; did you mean \"profiles[].name\"?"},
	{N("setuid = {\ndney = true; };"), "f:3: unknown key \"profiles[].setuid.dney\"; did you "
					   "mean \"profiles[].setuid.deny\"?"},
	{N("colour = 1;"),
	 "f:2: unknown key \"profiles[].colour\"; known here: mode, action, default, deny, allow, "
	 "deny_files, allow_files, egress, bind, sockets, setuid, mount, capabilities, unix, "
	 "files, exec, leaving, "
	 "tampering, record, rules, name, extends"},
	{N("rules = ( { programs = [\"/a\"];\nmode = \"audit\"; } );"),
	 "f:3: unknown key \"profiles[].rules[].mode\"; known here: rules[].programs, "
	 "rules[].deny, rules[].allow, rules[].bind, rules[].setuid, rules[].files"},
	{N("strict = true;"),
	 "f:2: \"profiles[].strict\": strict is for the whole file; set it outside of profiles"},
	{N("managers = { exempt = []; };"), "f:2: \"profiles[].managers\": managers is for the "
					    "whole file; set it outside of profiles"},
	{N("match = ( );"),
	 "f:2: \"profiles[].match\": match is for the whole file; set it outside of profiles"},
	{N("profiles = ( );"), "f:2: \"profiles[].profiles\": profiles is for the whole file; set "
			       "it outside of profiles"},
	{"name = \"a\";", "f:1: unknown key \"name\"; known here: mode, action, default, deny, "
			  "allow, deny_files, allow_files, egress, bind, sockets, setuid, mount, "
			  "capabilities, unix, files, "
			  "exec, leaving, tampering, record, rules, strict, managers, profiles, "
			  "match"},
	{M("users = \"a\";"), "f:3: unknown key \"match[].users\"; did you mean \"match[].user\"?"},
	{M("tty = \"a\";"),
	 "f:3: unknown key \"match[].tty\"; known here: match[].user, match[].group, "
	 "match[].service, match[].rhost, match[].key, match[].profile"},
	/* repeated keys */
	{N("mode = \"audit\";\nmode = \"audit\";"), "f:3: \"mode\" is set twice; first on line 2"},
	{N("bind = { deny = [];\ndeny = []; };"), "f:3: \"deny\" is set twice; first on line 2"},
	{M("user = \"a\";\nuser = \"b\";"), "f:4: \"user\" is set twice; first on line 3"},
	{"profiles = ();\nprofiles = ();", "f:2: \"profiles\" is set twice; first on line 1"},
	{"match = ();\nmatch = ();", "f:2: \"match\" is set twice; first on line 1"},
	/* names */
	{P("mode = \"audit\";"), "f:2: profiles[0]: has no name; add name = \"ops\";"},
	{"profiles = ( { name = \"a\"; },\n{ } );",
	 "f:2: profiles[1]: has no name; add name = \"ops\";"},
	{P("name = 1;"),
	 "f:2: profiles[0].name: expected a profile's name in quotes such as \"ops\", got an "
	 "integer"},
	{P("name = [\"a\"];"),
	 "f:2: profiles[0].name: expected a profile's name in quotes such as \"ops\", got an "
	 "array"},
	{P("name = \"\";"), "f:2: profiles[0].name: \"\" is no name for a profile" LETTERS},
	{P("name = \"a b\";"), "f:2: profiles[0].name: \"a b\" is no name for a profile" LETTERS},
	{P("name = \"\\xc3\\xa4\";"),
	 "f:2: profiles[0].name: \"\\xC3\\xA4\" is no name for a profile" LETTERS},
	{P("name = \"" A61 "bbb\";"),
	 "f:2: profiles[0].name: \"" A61 "bbb\" is no name for a profile" LETTERS},
	{P("name = \"default\";"), "f:2: profiles[0].name: \"default\" is what the keys outside "
				   "of profiles make; choose another name"},
	{"profiles = ( { name = \"a\"; },\n{ name = \"b\"; },\n{ name = \"a\"; } );",
	 "f:3: profiles[2].name: \"a\" is the name of the profile on line 1"},
	/* extends */
	{N("extends = true;"), "f:2: profiles[0].extends: expected a profile's name in quotes such "
			       "as \"ops\", got a boolean"},
	{N("extends = \"\";"), "f:2: profiles[0].extends: \"\" is no name for a profile" LETTERS},
	{N("extends = \"a\";"), "f:2: profiles[0].extends: no profile \"a\" stands above this one; "
				"a profile can extend \"default\" and those before it in the list"},
	{"profiles = ( { name = \"a\";\nextends = \"b\"; }, { name = \"b\"; extends = \"a\"; } );",
	 "f:2: profiles[0].extends: no profile \"b\" stands above this one; a profile can extend "
	 "\"default\" and those before it in the list"},
	/* values inside profiles */
	{N("mode = \"on\";"),
	 "f:2: profiles[0].mode: expected \"enforce\" or \"audit\", got \"on\""},
	{N("deny = [ \"10.0.0.1/8\" ];"), "f:2: profiles[0].deny[0]: \"10.0.0.1/8\" has host bits "
					  "set; the network is 10.0.0.0/8"},
	{N("bind = { deny = [ \"x\" ]; };"),
	 "f:2: profiles[0].bind.deny[0]: \"x\" is not a port such as 8080, a range such as "
	 "8000-8999 or \"*\" for all"},
	{N("setuid = { users = [ \"a\",\n\"a\" ]; };"),
	 "f:3: profiles[0].setuid.users[1]: \"a\" stands here twice; first on line 2"},
	{N("bind = [ ];"), "f:2: profiles[].bind: expected a group such as { deny = [ "
			   "\"1-1023/tcp\" ]; }, got an array"},
	{N("capabilities = { deny = [ \"BFP\" ]; };"),
	 "f:2: profiles[0].capabilities.deny[0]: unknown capability \"BFP\"; did you mean "
	 "\"BPF\"?"},
	{N("rules = ( { programs = [ \"/a\" ]; files = { deny_read = [\n\"b\" ]; }; } );"),
	 "f:3: profiles[0].rules[0].files.deny_read[0]: \"b\" is not an absolute path such as "
	 "/etc/shadow"},
	{N("rules = ( { deny = [ ]; } );"), "f:2: profiles[0].rules[0]: names no programs; add "
					    "programs = [ \"/usr/bin/git\" ];"},
	{N("rules = ( { programs = [ \"/a\" ]; },\n{ programs = [ \"/a\" ]; } );"),
	 "f:3: profiles[0].rules[1].programs[0]: \"/a\" has rules of its own already, on line 2; a "
	 "program is named once"},
	{N("exec = { allow_only = []; };"),
	 "f:2: profiles[0].exec.allow_only: an empty list would refuse everything; to refuse "
	 "nothing, leave the key out"},
	/* what libconfig would take */
	{N("mode = 4294967297;"), "f:2: \"4294967297\" is out of range; integers go from "
				  "-2147483648 to 2147483647"},
	{M("user = 4294967297;"), "f:3: \"4294967297\" is out of range; integers go from "
				  "-2147483648 to 2147483647"},
	{P("name = \"a\\x00b\";"), "f:2: \\x00 in a string"},
	{N("@include \"x\""), "f:2: @include is not allowed; all settings stand in this file"},
	{N("rules = ( { files = { deny_read = ( ( (\n( ) ) ) ); }; } );"),
	 "f:3: nested deeper than 8"},
	{N("rules = ( { programs = ( ( (\n) ) ); } );"),
	 "f:2: profiles[0].rules[0].programs[0]: expected an absolute path in quotes such as "
	 "\"/usr/bin/sudo\", got a list"},
	/* match: the profile */
	{"match = ( { user = \"a\"; } );",
	 "f:1: match[0]: names no profile; add profile = \"default\";"},
	{"profiles = ( { name = \"ops\"; } ); match = (\n{ user = \"a\"; } );",
	 "f:2: match[0]: names no profile; add profile = \"ops\";"},
	{"match = ( { user = \"a\";\nprofile = \"ops\"; } );",
	 "f:2: match[0].profile: there is no profile \"ops\""},
	{"profiles = ( { name = \"ops\"; } ); match = ( { user = \"a\"; profile = \"opz\"; } );",
	 "f:1: match[0].profile: there is no profile \"opz\"; did you mean \"ops\"?"},
	{"match = ( { profile = 7; } );", "f:1: match[0].profile: expected a profile's name in "
					  "quotes such as \"ops\", got an integer"},
	{"match = ( { profile = \"a/b\"; } );",
	 "f:1: match[0].profile: \"a/b\" is no name for a profile" LETTERS},
	/* match: for everybody */
	{"match = (\n{ profile = \"default\"; },\n{ user = \"a\"; profile = \"default\"; } );",
	 "f:2: match[0]: matches everybody, and so nobody is left for those behind it; move it to "
	 "the end, or add user, group, service, rhost or key"},
	/* match: the criteria */
	{M("user = 7;"), "f:3: match[0].user: expected a name in quotes such as \"backup\", or an "
			 "array of them, got an integer"},
	{M("user = { };"), "f:3: match[0].user: expected a name in quotes such as \"backup\", or "
			   "an array of them, got a group"},
	{M("user = [ 7 ];"), "f:3: match[0].user[0]: expected a name in quotes such as "
			     "\"backup\", got an integer"},
	{M("user = [ ];"),
	 "f:3: match[0].user: an empty list would match nobody; for everybody, leave the key out"},
	{M("user = \"\";"), "f:3: match[0].user: \"\" is empty"},
	{M("user = \"1000\";"),
	 "f:3: match[0].user: \"1000\" is a number; expected the user's name"},
	{M("user = [ \"a\",\n\"1000\" ];"),
	 "f:4: match[0].user[1]: \"1000\" is a number; expected the user's name"},
	{M("user = [ \"a\",\n\"a\" ];"),
	 "f:4: match[0].user[1]: \"a\" stands here twice; first on line 3"},
	{M("user = \"a:b\";"), "f:3: match[0].user: \"a:b\" holds what no name does: a colon, a "
			       "slash or a control character"},
	{M("group = 7;"), "f:3: match[0].group: expected a group's name in quotes such as "
			  "\"wheel\", or an array of them, got an integer"},
	{M("group = \"27\";"),
	 "f:3: match[0].group: \"27\" is a number; expected the group's name"},
	{M("group = \"-a\";"), "f:3: match[0].group: \"-a\" begins with -, as no name does"},
	{M("service = true;"), "f:3: match[0].service: expected a service of PAM in quotes such as "
			       "\"sshd\", or an array of them, got a boolean"},
	{M("service = \"\";"), "f:3: match[0].service: \"\" is empty"},
	{M("service = \"a b\";"), "f:3: match[0].service: \"a b\" " SERVICE},
	{M("service = \"/a\";"), "f:3: match[0].service: \"/a\" " SERVICE},
	{M("service = \"\x7f\";"), "f:3: match[0].service: \"\\x7F\" " SERVICE},
	{M("service = \"" A61 "bbb\";"),
	 "f:3: match[0].service: \"" A61 "bbb\" is longer than 63 bytes"},
	{M("rhost = 10;"), "f:3: match[0].rhost: expected an address or network in quotes such as "
			   "\"10.0.0.0/8\", or an array of them, got an integer"},
	{M("rhost = \"\";"), "f:3: match[0].rhost: \"\" is empty"},
	{M("rhost = \"10.0.0.1/8\";"),
	 "f:3: match[0].rhost: \"10.0.0.1/8\" has host bits set; the network is 10.0.0.0/8"},
	{M("rhost = [ \"::1\",\n\"host.example.org\" ];"),
	 "f:4: match[0].rhost[1]: \"host.example.org\" " NETWORK},
	{M("rhost = \"*\";"), "f:3: match[0].rhost: \"*\" " NETWORK},
	{M("rhost = \"10.0.0.0/8:22\";"), "f:3: match[0].rhost: \"10.0.0.0/8:22\" needs a prefix "
					  "length from 0 to 32, without leading zeros"},
	{M("key = 1;"), "f:3: match[0].key: expected a key's fingerprint in quotes such as "
			"\"SHA256:...\", or an array of them, got an integer"},
	{M("key = \"SHA256:\";"), "f:3: match[0].key: \"SHA256:\" " FPR},
	{M("key = \"MD5:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU\";"),
	 "f:3: match[0].key: \"MD5:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU\" " FPR},
	{M("key = \"SHA256:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\";"),
	 "f:3: match[0].key: \"SHA256:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\" " FPR},
	{M("key = \"SHA256:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFV\";"),
	 "f:3: match[0].key: \"SHA256:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFV\" " FPR},
	{M("key = \"SHA256:47DEQpj8HBSa-_TImW+5JCeuQeRkm5NMpJWZG3hSuFU\";"),
	 "f:3: match[0].key: \"SHA256:47DEQpj8HBSa-_TImW+5JCeuQeRkm5NMpJWZG3hSuFU\" " FPR},
};

static void test_parse_wrong(void **state)
{
	(void)state;
	for (size_t i = 0; i < EG_ARRAY_SIZE(wrong); i++) {
		struct eg_config *conf = NULL;
		char line[1024];

		if (parse(wrong[i].text, strlen(wrong[i].text), &conf, line) != -EINVAL)
			fail_msg("taken: %s", wrong[i].text);
		assert_string_equal(line, wrong[i].message);
		assert_null(conf);
	}
}

static void test_parse_nul(void **state)
{
	static const char text[] = "profiles = (\n{ name = \"a\0b\"; } );";
	struct eg_config *conf = NULL;
	char line[1024];

	(void)state;
	assert_int_equal(parse(text, sizeof(text) - 1, &conf, line), -EINVAL);
	assert_string_equal(line, "f:2: NUL byte; a configuration is plain text");
}

/* ---- limits */

/* A text of before, n times a unit with its number in it, and after; owned by the caller. */
static char *numbered(const char *before, const char *unit, unsigned int n, const char *after)
{
	size_t size = strlen(before) + (strlen(unit) + 16) * (size_t)n + strlen(after) + 1;
	char *text = malloc(size), *at = text;

	assert_non_null(text);
	at += sprintf(at, "%s", before);
	for (unsigned int i = 0; i < n; i++) {
		at += sprintf(at, "%s", i ? ",\n" : "");
		for (const char *c = unit; *c; c++)
			at += *c == '#' ? sprintf(at, "%u", i) : sprintf(at, "%c", *c);
	}
	(void)strcpy(at, after);
	return text;
}

static void check_numbered(const char *before, const char *unit, unsigned int n, const char *after,
			   const char *message)
{
	eg_auto_free char *text = numbered(before, unit, n, after);
	struct eg_config *conf = NULL;
	char line[1024];

	(void)parse(text, strlen(text), &conf, line);
	assert_string_equal(line, message);
	eg_config_free(conf);
}

static void test_limits(void **state)
{
	(void)state;
	assert_int_equal(EG_CONFIG_PROFILES_MAX, 254);
	check_numbered("profiles=(", "{name=\"p#\"}", 253, ");", "");
	check_numbered("profiles=(", "{name=\"p#\"}", 254, ");",
		       "f:1: profiles: 254 profiles are too many; besides \"default\" there can "
		       "be 253");
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
	check_numbered("rules=({programs=[\"/a\"]});profiles=(",
		       "{name=\"p#\";extends=\"default\"}", 249, ");", "");
	check_numbered("rules=({programs=[\"/a\"]});profiles=(",
		       "{name=\"p#\";extends=\"default\"}", 250, ");",
		       "f:250: profiles and the groups of their rules are more than 500, counting "
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
	enum { EACH = 8000 }; /* 250 times that is what fits */
	eg_auto_free char *rules = malloc(EACH * 24);
	char *at = rules;

	(void)state;
	assert_non_null(rules);
	for (int i = 0; i < EACH; i++)
		at += sprintf(at, "%s\"10.%d.%d.0/24\"", i ? "," : "deny=[", i / 256, i % 256);
	(void)strcpy(at, "];profiles=(");
	check_numbered(rules, "{name=\"p#\";extends=\"default\"}", 249, ");", "");
	check_numbered(rules, "{name=\"p#\";extends=\"default\"}", 250, ");",
		       "f:250: the lists of all profiles have more than 2000000 entries, counting "
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

/* ---- mutations: never a crash, always 0 or one clean line */

static void check_mutant(const char *text, size_t n)
{
	eg_auto_free char *exact = malloc(n ? n : 1);
	struct eg_config *conf = NULL;
	char line[1024];
	int r;

	assert_non_null(exact);
	memcpy(exact, text, n);
	r = parse(exact, n, &conf, line);
	eg_config_free(conf);
	if (r == 0)
		return;
	if (r != -EINVAL)
		fail_msg("%d for %.*s", r, (int)n, text);
	assert_true(strlen(line) > 6);
	assert_null(strstr(line, "one way only"));
	for (size_t i = 0; line[i]; i++)
		assert_in_range(line[i], ' ', '~');
}

static void mutate(const char *original)
{
	size_t n = strlen(original);
	eg_auto_free char *text = strdup(original);

	assert_non_null(text);
	for (size_t i = 0; i < n; i++) {
		check_mutant(text, i);
		check_mutant(text + i, n - i);
		for (unsigned int bit = 0; bit < 8; bit++) {
			text[i] = (char)(original[i] ^ (1 << bit));
			check_mutant(text, n);
		}
		memmove(text + i, original + i + 1, n - i);
		check_mutant(text, n - 1);
		memcpy(text, original, n + 1);
	}
}

static void test_parse_mutated(void **state)
{
	(void)state;
	mutate("deny = [\"18.0.0.0/9\"];\n"
	       "profiles = ( { name = \"a\"; extends = \"default\"; mode = \"audit\"; },\n"
	       "{ name = \"b-1\"; extends = \"a\"; bind = { deny = [\"80\"]; };\n"
	       "rules = ( { programs = [\"/a\"]; files = { deny_read = (\"/b\"); }; } ); } );\n"
	       "match = ( { user = \"x\"; profile = \"a\"; },\n"
	       "{ group = [\"g\", \"h\"]; service = \"sshd\"; rhost = \"10.0.0.0/8\";\n"
	       "key = \"SHA256:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU\"; profile = \"b-1\"; "
	       "},\n"
	       "{ profile = \"default\"; } );\n");
	for (size_t i = 0; i < EG_ARRAY_SIZE(wrong); i++)
		mutate(wrong[i].text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_profiles_inherit), cmocka_unit_test(test_keys_inherit),
		cmocka_unit_test(test_keys_all_here),	 cmocka_unit_test(test_match_values),
		cmocka_unit_test(test_parse_wrong),	 cmocka_unit_test(test_parse_nul),
		cmocka_unit_test(test_limits),		 cmocka_unit_test(test_limits_inherited),
		cmocka_unit_test(test_limit_entries),	 cmocka_unit_test(test_print),
		cmocka_unit_test(test_parse_mutated),
	};

	return cmocka_run_group_tests_name("profiles", tests, NULL, NULL);
}
