// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * The configuration: wrong keys and wrong values, with the exact message for each, and mutations of
 * them.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "config_helpers.h"
#include "config_messages.h"

static const struct {
	const char *text, *message;
} wrong[] = {
	/* unknown keys */
	{"\n\ndney = [];", "f:3: unknown key \"dney\"; did you mean \"deny\"?"},
	{"Deny = [];", "f:1: unknown key \"Deny\"; did you mean \"deny\"?"},
	{"den = [];", "f:1: unknown key \"den\"; did you mean \"deny\"?"},
	{"denny = [];", "f:1: unknown key \"denny\"; did you mean \"deny\"?"},
	{"allows = [];", "f:1: unknown key \"allows\"; did you mean \"allow\"?"},
	{"set-uid = { deny = true; };", "f:1: unknown key \"set-uid\"; did you mean \"setuid\"?"},
	{"colour = 1;", "f:1: unknown key \"colour\"" KNOWN},
	{"x = 1;", "f:1: unknown key \"x\"" KNOWN},
	{"* = 1;", "f:1: unknown key \"*\"" KNOWN},
	{"profile = { deny = []; };", "f:1: unknown key \"profile\"; did you mean \"profiles\"?"},
	{"socket = { allow = []; };", "f:1: unknown key \"socket\"; did you mean \"sockets\"?"},
	{"bind = {\n forbid = [];\n};",
	 "f:2: unknown key \"bind.forbid\"; known here: bind.deny, bind.allow, bind.action"},
	{"sockets = { deny = []; };",
	 "f:1: unknown key \"sockets.deny\"; known here: sockets.allow, sockets.action"},
	{"setuid = {\n dney = true;\n};",
	 "f:2: unknown key \"setuid.dney\"; did you mean \"setuid.deny\"?"},
	{"mount = {\n options = 1;\n};",
	 "f:2: unknown key \"mount.options\"; known here: mount.deny, mount.allow, mount.action"},
	{"a123456789b123456789c123456789d123456789e123456789f123456789g123456789 = 1;",
	 "f:1: unknown key "
	 "\"a123456789b123456789c123456789d123456789e123456789f123456789g123...\"" KNOWN},
	/* wrong types and values */
	{"\nmode = \"enforcing\";",
	 "f:2: mode: expected \"enforce\" or \"audit\", got \"enforcing\""},
	{"mode = \"\";", "f:1: mode: expected \"enforce\" or \"audit\", got \"\""},
	{"mode = \"AUDIT\";", "f:1: mode: expected \"enforce\" or \"audit\", got \"AUDIT\""},
	{"mode = 1;", "f:1: mode: expected \"enforce\" or \"audit\", got an integer"},
	{"mode = 5000000000L;",
	 "f:1: mode: expected \"enforce\" or \"audit\", got an integer with L"},
	{"mode = 1.5;", "f:1: mode: expected \"enforce\" or \"audit\", got a number"},
	{"mode = [\"audit\"];", "f:1: mode: expected \"enforce\" or \"audit\", got an array"},
	{"mode = true;", "f:1: mode: expected \"enforce\" or \"audit\", got a boolean"},
	{"deny = \"10.0.0.0/8\";",
	 "f:1: deny: expected an array of networks such as [ \"10.0.0.0/8\" ], got \"10.0.0.0/8\""},
	{"allow = { };",
	 "f:1: allow: expected an array of networks such as [ \"10.0.0.0/8\" ], got a group"},
	{"deny = true;",
	 "f:1: deny: expected an array of networks such as [ \"10.0.0.0/8\" ], got a boolean"},
	{"setuid = true;", "f:1: setuid: expected a group such as { deny = true; }, got a boolean"},
	{"mount = ( );", "f:1: mount: expected a group such as { deny = true; }, got a list"},
	{"setuid = { deny = 1; };", "f:1: setuid.deny: expected true or false, got an integer"},
	{"mount = {\n deny = \"yes\";\n};", "f:2: mount.deny: expected true or false, got \"yes\""},
	{"mount = { deny = [ \"10.0.0.0/8\" ]; };",
	 "f:1: mount.deny: expected true or false, got an array"},
	{"default = \"refuse\";", "f:1: default: expected \"allow\" or \"deny\", got \"refuse\""},
	{"default = { deny = []; };", "f:1: default: expected \"allow\" or \"deny\", got a group"},
	{"default = true;", "f:1: default: expected \"allow\" or \"deny\", got a boolean"},
	{"bind = [ \"80\" ];",
	 "f:1: bind: expected a group such as { deny = [ \"1-1023/tcp\" ]; }, got an array"},
	{"sockets = [ \"raw\" ];",
	 "f:1: sockets: expected a group such as { allow = [ \"AF_PACKET\" ]; }, got an array"},
	{"bind = { deny = \"80\"; };",
	 "f:1: bind.deny: expected an array of ports such as [ \"1-1023/tcp\" ], got \"80\""},
	{"sockets = { allow = true; };", "f:1: sockets.allow: expected an array of names such as "
					 "[ \"AF_PACKET\", \"raw\" ], got a boolean"},
	/* ports */
	{"bind = {\n allow = [ 80 ];\n};", "f:2: bind.allow[0]: expected ports in quotes such as "
					   "\"8000-8999/tcp\", got an integer"},
	{"bind = { deny = [\n\"80\",\n\"10.0.0.0/8\"]; };",
	 "f:3: bind.deny[1]: \"10.0.0.0/8\" is not a port such as 8080, a range such as "
	 "8000-8999 or \"*\" for all"},
	{"bind = { deny = [\"90-80\"]; };",
	 "f:1: bind.deny[0]: \"90-80\" has a range of ports that ends before it begins"},
	{"bind = { deny = [\"0/icmp\"]; };",
	 "f:1: bind.deny[0]: \"0/icmp\" names icmp, which has no ports"},
	{"bind = { deny = [\n\"*\",\n\"0-65535\"]; };",
	 "f:3: bind.deny[1]: \"0-65535\" stands here twice; first on line 2"},
	/* rules of programs */
	{"rules = { programs = [\"/a\"]; };", "f:1: rules: expected a list of groups such as ( { "
					      "programs = [ \"/usr/bin/git\" ]; allow = "
					      "[ \"10.0.0.0/8\" ]; } ), got a group"},
	{"rules = [\"/a\"];", "f:1: rules: expected a list of groups such as ( { programs = [ "
			      "\"/usr/bin/git\" ]; allow = [ \"10.0.0.0/8\" ]; } ), got an array"},
	{"rules = (\n{ programs = [\"/a\"]; },\n7);",
	 "f:3: rules[1]: expected a group such as { programs = [ \"/usr/bin/git\" ]; allow = "
	 "[ \"10.0.0.0/8\" ]; }, got an integer"},
	{"rules = ({ deny = [\"10.0.0.0/8\"]; });",
	 "f:1: rules[0]: names no programs; add programs = [ \"/usr/bin/git\" ];"},
	{"rules = ({ programs = []; });",
	 "f:1: rules[0]: names no programs; add programs = [ \"/usr/bin/git\" ];"},
	{"rules = ({ programs = [\"git\"]; });",
	 "f:1: rules[0].programs[0]: \"git\" is not an absolute path such as /usr/bin/sudo"},
	{"rules = ({ programs = [\"/a\"]; },\n{ programs = [\"/b\"];\ndeny = [\"10.0.0.0/8\", "
	 "\"x\"]; });",
	 "f:3: rules[1].deny[1]: \"x\"" NETWORK},
	{"rules = ({ programs = [\"/a\"]; bind = { allow = [80]; }; });",
	 "f:1: rules[0].bind.allow[0]: expected ports in quotes such as \"8000-8999/tcp\", got an "
	 "integer"},
	{"rules = ({ programs = [\"/a\"]; dney = []; });",
	 "f:1: unknown key \"rules[].dney\"; did you mean \"rules[].deny\"?"},
	{"rules = ({ programs = [\"/a\"]; mode = \"audit\"; });",
	 "f:1: unknown key \"rules[].mode\"; known here: rules[].programs, rules[].deny, "
	 "rules[].allow, rules[].bind, rules[].setuid, rules[].files"},
	{"rules = ({ programs = [\"/a\"]; setuid = { deny = true; }; });",
	 "f:1: unknown key \"rules[].setuid.deny\"; known here: rules[].setuid.allow"},
	{"rules = ({ programs = [\"/a\"]; bind = [\"80\"]; });",
	 "f:1: rules[].bind: expected a group such as { deny = [ \"1-1023/tcp\" ]; }, got an "
	 "array"},
	{"rules = ({ programs = [\"/a\",\n\"/a\"]; });",
	 "f:2: rules[0].programs[1]: \"/a\" stands here twice; first on line 1"},
	{"rules = ({ programs = [\"/a\",\n\"/b\"]; },\n{ programs = [\"/c\", \"/b\"]; });",
	 "f:3: rules[1].programs[1]: \"/b\" has rules of its own already, on line 2; a program is "
	 "named once"},
	/* sockets */
	{"sockets = { allow = [\"raw\",\n\"AF_PAKCET\"]; };",
	 "f:2: sockets.allow[1]: unknown name \"AF_PAKCET\"; did you mean \"AF_PACKET\"?"},
	{"sockets = { allow = [\"af_vsock\"]; };",
	 "f:1: sockets.allow[0]: unknown name \"af_vsock\"; did you mean \"AF_VSOCK\"?"},
	{"sockets = { allow = [\"packet\"]; };",
	 "f:1: sockets.allow[0]: unknown name \"packet\"; did you mean \"AF_PACKET\"?"},
	{"sockets = { allow = [\"RAW\"]; };",
	 "f:1: sockets.allow[0]: unknown name \"RAW\"; did you mean \"raw\"?"},
	{"sockets = { allow = [\"tcp\"]; };", "f:1: sockets.allow[0]: unknown name \"tcp\"" NAMES},
	{"sockets = { allow = [\"\"]; };", "f:1: sockets.allow[0]: unknown name \"\"" NAMES},
	{"sockets = { allow = [17]; };", "f:1: sockets.allow[0]: expected a name in quotes such as "
					 "\"AF_PACKET\", got an integer"},
	{"sockets = { allow = [\"raw\",\n\"sctp\",\n\"raw\"]; };",
	 "f:3: sockets.allow[2]: \"raw\" stands here twice; first on line 1"},
	{"sockets = { allow = [\"AF_UNIX\",\n\"AF_LOCAL\"]; };",
	 "f:2: sockets.allow[1]: \"AF_LOCAL\" stands here twice; first on line 1"},
	/* keys of doors */
	{"setuid = {\n user = [];\n};",
	 "f:2: unknown key \"setuid.user\"; did you mean \"setuid.users\"?"},
	{"setuid = { programs = []; };", "f:1: unknown key \"setuid.programs\"; known here: "
					 "setuid.deny, setuid.users, setuid.groups, setuid.allow, "
					 "setuid.action"},
	{"unix = { sameuser = 1; };",
	 "f:1: unknown key \"unix.sameuser\"; did you mean \"unix.same_user\"?"},
	{"capability = { };", "f:1: unknown key \"capability\"" KNOWN},
	{"capabilties = { };", "f:1: unknown key \"capabilties\"; did you mean \"capabilities\"?"},
	{"tempering = \"deny\";", "f:1: unknown key \"tempering\"; did you mean \"tampering\"?"},
	{"manager = { };", "f:1: unknown key \"manager\"; did you mean \"managers\"?"},
	{"capabilities = [ \"SYS_ADMIN\" ];", "f:1: capabilities: expected a group such as "
					      "{ deny = [ \"SYS_ADMIN\" ]; }, got an array"},
	{"unix = \"deny\";", "f:1: unix: expected a group such as "
			     "{ deny = [ \"/run/mysqld/mysqld.sock\" ]; }, got \"deny\""},
	{"managers = [ \"backup\" ];", "f:1: managers: expected a group such as "
				       "{ exempt = [ \"backup\" ]; }, got an array"},
	/* recording */
	{"record = true;", "f:1: record: expected a group such as { connect = \"all\"; }, "
			   "got a boolean"},
	{"record = { run = true; };", "f:1: unknown key \"record.run\"; known here: "
				      "record.connect, record.exec, record.open"},
	{"record = { exec = \"all\"; };", "f:1: record.exec: expected true or false, got \"all\""},
	{"record = {\nconnect = true; };",
	 "f:2: record.connect: expected \"none\" or \"all\", got a boolean"},
	{"record = { connect = \"some\"; };",
	 "f:1: record.connect: expected \"none\" or \"all\", got \"some\""},
	{"record = { open = [ \"/etc/\",\n\"etc\" ]; };",
	 "f:2: record.open[1]: \"etc\" is not an absolute path such as /etc/shadow"},
	{"record = { open = \"/etc/\"; };", "f:1: record.open: expected an array of absolute paths "
					    "such as [ \"/etc/shadow\", \"/srv\" ], "
					    "got \"/etc/\""},
	{"record = { open = [ \"/etc\",\n\"/etc\" ]; };",
	 "f:2: record.open[1]: \"/etc\" stands here twice; first on line 1"},
	/* words and booleans of doors */
	{"leaving = false;",
	 "f:1: leaving: expected \"deny\" or \"kill\" or \"audit\" or \"allow\", got a boolean"},
	{"tampering = \"no\";",
	 "f:1: tampering: expected \"deny\" or \"kill\" or \"audit\" or \"allow\", got \"no\""},
	{"action = \"audit\";", "f:1: action: expected \"deny\" or \"kill\", got \"audit\""},
	{"action = \"\";", "f:1: action: expected \"deny\" or \"kill\", got \"\""},
	{"actoin = \"kill\";", "f:1: unknown key \"actoin\"; did you mean \"action\"?"},
	WRONG_ACTION("egress"),
	WRONG_ACTION("bind"),
	WRONG_ACTION("sockets"),
	WRONG_ACTION("setuid"),
	WRONG_ACTION("mount"),
	WRONG_ACTION("capabilities"),
	WRONG_ACTION("unix"),
	WRONG_ACTION("files"),
	WRONG_ACTION("exec"),
	{"egress = \"kill\";",
	 "f:1: egress: expected a group such as { action = \"kill\"; }, got \"kill\""},
	{"exec = { actoin = \"kill\"; };",
	 "f:1: unknown key \"exec.actoin\"; did you mean \"exec.action\"?"},
	{"unix = {\nservices = true; };",
	 "f:2: unix.services: expected \"allow\" or \"deny\", got a boolean"},
	{"unix = { same_user = [ \"allow\" ]; };",
	 "f:1: unix.same_user: expected \"allow\" or \"deny\", got an array"},
	{"strict = \"true\";", "f:1: strict: expected true or false, got \"true\""},
	{"strict = 1;", "f:1: strict: expected true or false, got an integer"},
};

static void test_parse_wrong(void **state)
{
	size_t i;

	(void)state;
	assert_true(EG_ARRAY_SIZE(wrong) >= 40);
	for (i = 0; i < EG_ARRAY_SIZE(wrong); i++)
		check_wrong(wrong[i].text, wrong[i].message);
}

static void test_parse_mutated(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < EG_ARRAY_SIZE(wrong); i++)
		mutate(wrong[i].text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_parse_wrong),
		cmocka_unit_test(test_parse_mutated),
	};

	return cmocka_run_group_tests_name("config", tests, NULL, NULL);
}
