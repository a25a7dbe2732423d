// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * profiles and match in the configuration: wrong files with the exact message for each, and
 * mutations of them.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "config_helpers.h"

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
			  "exec, leaving, tampering, record, rules, strict, managers, log, "
			  "profiles, match"},
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
	 "f:2: profiles[0].exec.allow_only: an empty list would refuse everything; "
	 "to refuse nothing, leave the key out, or, when the profile extends one that has it, "
	 "write [ \"/\" ]"},
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

/* What that message proposes is taken, and takes the place of what was inherited. */
static void test_allow_only_undone(void **state)
{
	static const char text[] = "exec = { allow_only = [\"/usr\"]; };\n"
				   "profiles = ( { name = \"a\"; extends = \"default\";\n"
				   "exec = { allow_only = [\"/\"]; }; } );";
	struct eg_config *conf;

	(void)state;
	conf = must_parse(text);
	assert_int_equal(conf->profiles[1].exec_allow_only.n, 1);
	assert_string_equal(conf->profiles[1].exec_allow_only.list[0].text, "/");
	eg_config_free(conf);
}

static void test_parse_wrong(void **state)
{
	(void)state;
	for (size_t i = 0; i < EG_ARRAY_SIZE(wrong); i++)
		check_wrong(wrong[i].text, wrong[i].message);
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

/* ---- mutations */

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
		cmocka_unit_test(test_parse_wrong),
		cmocka_unit_test(test_allow_only_undone),
		cmocka_unit_test(test_parse_nul),
		cmocka_unit_test(test_parse_mutated),
	};

	return cmocka_run_group_tests_name("profiles_wrong", tests, NULL, NULL);
}
