// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * The configuration: lists of strings that are wrong, with the exact message for each, how long
 * they and their elements can be, and mutations.
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
	/* users and groups */
	{"setuid = { users = \"root\"; };",
	 "f:1: setuid.users: expected an array of names or numbers in quotes such as "
	 "[ \"root\", \"1000\" ], got \"root\""},
	{"setuid = { groups = [\n0\n]; };",
	 "f:2: setuid.groups[0]: expected a name or number in quotes such as \"root\" or "
	 "\"1000\", got an integer"},
	{"setuid = { users = [\"\"]; };", "f:1: setuid.users[0]: \"\" is empty"},
	{"setuid = { users = [\"-1\"]; };",
	 "f:1: setuid.users[0]: \"-1\" begins with -, as no name does"},
	{"setuid = { users = [\"00\"]; };", "f:1: setuid.users[0]: \"00\" " ID},
	{"setuid = { groups = [\"root\",\n\"4294967295\"]; };",
	 "f:2: setuid.groups[1]: \"4294967295\" " ID},
	{"setuid = { groups = [\"99999999999999999999\"]; };",
	 "f:1: setuid.groups[0]: \"99999999999999999999\" " ID},
	{"setuid = { users = [\"a:b\"]; };", "f:1: setuid.users[0]: \"a:b\" " NAME_LETTERS},
	{"setuid = { users = [\"/root\"]; };", "f:1: setuid.users[0]: \"/root\" " NAME_LETTERS},
	{"setuid = { users = [\"a\tb\"]; };", "f:1: setuid.users[0]: \"a\\x09b\" " NAME_LETTERS},
	{"setuid = { users = [\"a\x7f\"]; };", "f:1: setuid.users[0]: \"a\\x7F\" " NAME_LETTERS},
	{"setuid = { users = [\"root\",\n\"bob\",\n\"root\"]; };",
	 "f:3: setuid.users[2]: \"root\" stands here twice; first on line 1"},
	{"managers = { exempt = \"backup\"; };",
	 "f:1: managers.exempt: expected an array of names of users such as [ \"backup\" ], got "
	 "\"backup\""},
	{"managers = { exempt = [33]; };",
	 "f:1: managers.exempt[0]: expected a name in quotes such "
	 "as \"backup\", got an integer"},
	{"managers = { exempt = [\"33\"]; };",
	 "f:1: managers.exempt[0]: \"33\" is a number; expected the user's name"},
	{"managers = { exempt = [\"\"]; };", "f:1: managers.exempt[0]: \"\" is empty"},
	{"managers = { exempt = [\"a\",\n\"a\"]; };",
	 "f:2: managers.exempt[1]: \"a\" stands here twice; first on line 1"},
	/* programs, mounts and sockets */
	{"setuid = { allow = true; };",
	 "f:1: setuid.allow: expected an array of absolute paths such as [ \"/usr/bin/sudo\" ], "
	 "got a boolean"},
	{"setuid = { allow = [1]; };", "f:1: setuid.allow[0]: expected an absolute path in quotes "
				       "such as \"/usr/bin/sudo\", got an integer"},
	{"setuid = {\n allow = [\n\"sudo\"]; };",
	 "f:3: setuid.allow[0]: \"sudo\" is not an absolute path such as /usr/bin/sudo"},
	{"setuid = { allow = [\"\"]; };",
	 "f:1: setuid.allow[0]: \"\" is not an absolute path such as /usr/bin/sudo"},
	{"setuid = { allow = [\"/a\",\n\"/a\"]; };",
	 "f:2: setuid.allow[1]: \"/a\" stands here twice; first on line 1"},
	{"mount = { allow = true; };",
	 "f:1: mount.allow: expected an array of file system types and absolute paths such as "
	 "[ \"tmpfs\", \"/mnt\" ], got a boolean"},
	{"mount = { allow = [1]; };",
	 "f:1: mount.allow[0]: expected a file system type or absolute path in quotes such as "
	 "\"tmpfs\" or \"/mnt\", got an integer"},
	{"mount = { allow = [\"\"]; };", "f:1: mount.allow[0]: \"\" " MOUNT},
	{"mount = { allow = [\"mnt/usb\"]; };", "f:1: mount.allow[0]: \"mnt/usb\" " MOUNT},
	{"mount = { allow = [\"./m\"]; };", "f:1: mount.allow[0]: \"./m\" " MOUNT},
	{"mount = { allow = [\"a.b/c\"]; };", "f:1: mount.allow[0]: \"a.b/c\" " MOUNT},
	{"mount = { allow = [\"tmpfs \"]; };", "f:1: mount.allow[0]: \"tmpfs \" " MOUNT},
	{"mount = { allow = [\"ext4\",\n\"fuse.sshfs\"]; };",
	 "f:2: mount.allow[1]: \"fuse.sshfs\" has a part behind a dot, which is not compared; "
	 "write "
	 "what stands before it"},
	{"mount = { allow = [\"fuse\",\n\"fuse\"]; };",
	 "f:2: mount.allow[1]: \"fuse\" stands here twice; first on line 1"},
	{"files = { deny_read = true; };",
	 "f:1: files.deny_read: expected an array of absolute paths such as "
	 "[ \"/etc/shadow\", \"/srv\" ], got a boolean"},
	{"files = { deny_write = [1]; };", "f:1: files.deny_write[0]: expected an absolute path in "
					   "quotes such as \"/etc/shadow\", got an integer"},
	{"files = { allow = [\"a\"]; };",
	 "f:1: files.allow[0]: \"a\" is not an absolute path such as /etc/shadow"},
	{"files = { allow = [\"/a/../b\"]; };", "f:1: files.allow[0]: \"/a/../b\" has a component "
						"\"..\"; write the path without it"},
	{"files = { allow = [\"/a\",\n\"/b\",\n\"/a\"]; };",
	 "f:3: files.allow[2]: \"/a\" stands here twice; first on line 1"},
	{"files = { deny = [\"/a\"]; };",
	 "f:1: unknown key \"files.deny\"; known here: files.deny_read, files.deny_write, "
	 "files.allow, files.action"},
	{"unix = { deny = \"@x\"; };",
	 "f:1: unix.deny: expected an array of names of sockets such as "
	 "[ \"/run/mysqld/mysqld.sock\", \"@name\" ], got \"@x\""},
	{"unix = { deny = [1]; };", "f:1: unix.deny[0]: expected a name in quotes such as "
				    "\"/run/mysqld/mysqld.sock\" or \"@name\", got an integer"},
	{"unix = { deny = [\"x\"]; };", "f:1: unix.deny[0]: \"x\" " SERVER},
	{"unix = { deny = [\"\"]; };", "f:1: unix.deny[0]: \"\" " SERVER},
	{"unix = { deny = [\"@\"]; };", "f:1: unix.deny[0]: \"@\" names no socket"},
	{"unix = { deny = [\"/\"]; };", "f:1: unix.deny[0]: \"/\" names no socket"},
	{"unix = { deny = [\"@x\",\n\"/x\",\n\"@x\"]; };",
	 "f:3: unix.deny[2]: \"@x\" stands here twice; first on line 1"},
	/* programs that must not be run */
	{"exec = [ \"/tmp\" ];",
	 "f:1: exec: expected a group such as { deny = [ \"/tmp\" ]; }, got an array"},
	{"exec = { allow = []; };",
	 "f:1: unknown key \"exec.allow\"; known here: "
	 "exec.deny_sha256, exec.deny, exec.allow_only, exec.deny_sha256_files, exec.action"},
	{"exec = { deny = [\"bin/sh\"]; };",
	 "f:1: exec.deny[0]: \"bin/sh\" is not an absolute path such as /etc/shadow"},
	{"exec = { deny = [\"/b\",\n\"/a\",\n\"/b\", \"/a\"]; };",
	 "f:3: exec.deny[2]: \"/b\" stands here twice; first on line 1"},
	{"exec = { allow_only = \"/usr\"; };",
	 "f:1: exec.allow_only: expected an array of absolute paths such as "
	 "[ \"/etc/shadow\", \"/srv\" ], got \"/usr\""},
	{"exec = {\nallow_only = []; };",
	 "f:2: exec.allow_only: an empty list would refuse everything; to refuse nothing, leave "
	 "the key out"},
	{"exec = { deny_sha256 = true; };",
	 "f:1: exec.deny_sha256: expected an array of SHA-256 digests in hex, as sha256sum prints "
	 "them, got a boolean"},
	{"exec = { deny_sha256 = [1]; };", "f:1: exec.deny_sha256[0]: expected a digest in quotes, "
					   "64 hex digits, got an integer"},
	{"exec = { deny_sha256 = [\"\"]; };",
	 "f:1: exec.deny_sha256[0]: \"\" is no SHA-256 digest: 64 hex digits"},
	{"exec = { deny_sha256 = [\"" DIGEST "\",\n\"" DIGEST "0\"]; };",
	 "f:2: exec.deny_sha256[1]: \"" DIGEST "...\" is no SHA-256 digest: 64 hex digits"},
	{"exec = { deny_sha256_files = [\"feed\"]; };",
	 "f:1: exec.deny_sha256_files[0]: \"feed\" is not an absolute path such as "
	 "/usr/bin/sudo"},
	/* capabilities */
	{"capabilities = { deny = \"SYS_ADMIN\"; };",
	 "f:1: capabilities.deny: expected an array of capabilities such as "
	 "[ \"SYS_ADMIN\", \"NET_RAW\" ], got \"SYS_ADMIN\""},
	{"capabilities = { deny = [21]; };", "f:1: capabilities.deny[0]: expected a capability in "
					     "quotes such as \"SYS_ADMIN\", got an integer"},
	{"capabilities = { deny = [\"SYS_ADMN\"]; };",
	 "f:1: capabilities.deny[0]: unknown capability \"SYS_ADMN\"; did you mean \"SYS_ADMIN\"?"},
	{"capabilities = { deny = [\"KILL\",\n\"cap_sysadmin\"]; };",
	 "f:2: capabilities.deny[1]: unknown capability \"cap_sysadmin\"; did you mean "
	 "\"SYS_ADMIN\"?"},
	{"capabilities = { deny = [\"ALL\"]; };",
	 "f:1: capabilities.deny[0]: unknown capability \"ALL\"" CAPABILITIES},
	{"capabilities = { deny = [\"\"]; };",
	 "f:1: capabilities.deny[0]: unknown capability \"\"" CAPABILITIES},
	{"capabilities = { deny = [\"CAP_\"]; };",
	 "f:1: capabilities.deny[0]: unknown capability \"CAP_\"" CAPABILITIES},
	{"capabilities = { deny = [\"CAP_CAP_BPF\"]; };",
	 "f:1: capabilities.deny[0]: unknown capability \"CAP_CAP_BPF\"" CAPABILITIES},
	{"capabilities = { deny = [\"BPF\",\n\"cap_bpf\"]; };",
	 "f:2: capabilities.deny[1]: \"cap_bpf\" stands here twice; first on line 1"},
};

static void test_parse_wrong(void **state)
{
	size_t i;

	(void)state;
	assert_true(EG_ARRAY_SIZE(wrong) >= 40);
	for (i = 0; i < EG_ARRAY_SIZE(wrong); i++)
		check_wrong(wrong[i].text, wrong[i].message);
}

/* A list of n different numbers for a key of the group; owned by the caller. */
static char *texts_text(const char *before, const char *start, unsigned int n)
{
	char *text = malloc(strlen(before) + (size_t)n * (strlen(start) + 16) + 8), *at = text;
	unsigned int i;

	assert_non_null(text);
	at += sprintf(at, "%s", before);
	for (i = 0; i < n; i++)
		at += sprintf(at, "%s\"%s%u\"", i ? "," : "", start, i);
	(void)strcpy(at, "]};");
	return text;
}

static void test_parse_texts_limit(void **state)
{
	static const struct {
		const char *key, *before, *start;
	} cases[] = {
		{"setuid.users", "setuid={users=[", ""},
		{"setuid.groups", "setuid={groups=[", "g"},
		{"setuid.allow", "setuid={allow=[", "/usr/bin/"},
		{"mount.allow", "mount={allow=[", "fs"},
		{"unix.deny", "unix={deny=[", "@"},
		{"managers.exempt", "managers={exempt=[", "u"},
	};
	size_t i;

	(void)state;
	for (i = 0; i < EG_ARRAY_SIZE(cases); i++) {
		eg_auto_free char *most =
			texts_text(cases[i].before, cases[i].start, EG_CONFIG_TEXTS_MAX);
		eg_auto_free char *more =
			texts_text(cases[i].before, cases[i].start, EG_CONFIG_TEXTS_MAX + 1);
		struct eg_config *conf = must_parse(most);
		char line[1024], expected[128];

		eg_config_free(conf);
		assert_int_equal(parse(more, strlen(more), &conf, line), -EINVAL);
		(void)snprintf(expected, sizeof(expected),
			       "f:1: %s: 257 entries are too many; it takes 256", cases[i].key);
		assert_string_equal(line, expected);
	}
}

/* The lists of files have one limit together. */
static void test_parse_files_limit(void **state)
{
	enum { HALF = EG_CONFIG_FILES_MAX / 2 };
	char *text = malloc(2 * HALF * 12 + 100), *at = text, line[1024];
	struct eg_config *conf = NULL;

	(void)state;
	assert_non_null(text);
	at += sprintf(at, "files={deny_read=[");
	for (int i = 0; i < HALF; i++)
		at += sprintf(at, "%s\"/d%d\"", i ? "," : "", i);
	at += sprintf(at, "];\nallow=[");
	for (int i = 0; i < HALF; i++)
		at += sprintf(at, "%s\"/a%d\"", i ? "," : "", i);
	(void)strcpy(at, "];};");
	conf = must_parse(text);
	assert_int_equal(conf->profiles[0].files_allow.n, HALF);
	eg_config_free(conf);
	(void)strcpy(at, ",\"/a0b\"];};");
	assert_int_equal(parse(text, strlen(text), &conf, line), -EINVAL);
	assert_string_equal(line, "f:2: files.allow: 100001 entries are too many; all lists of "
				  "files together take 100000");
	free(text);
}

static void test_parse_text_length(void **state)
{
	static const char a64[] =
		"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
	static const struct {
		const char *key, *before;
		size_t n; /* that many still fit */
		const char *why;
	} cases[] = {
		{"setuid.users", "setuid={users=[\"", 255, "is longer than 255 bytes"},
		{"managers.exempt", "managers={exempt=[\"", 255, "is longer than 255 bytes"},
		{"mount.allow", "mount={allow=[\"", 31, "is longer than 31 bytes, as no type is"},
		{"files.allow", "files={allow=[\"/", 255,
		 "has a component of more than 255 bytes, as no name has"},
		{"unix.deny", "unix={deny=[\"@", 106,
		 "is longer than 107 bytes, as no socket's name is"},
		{"unix.deny", "unix={deny=[\"/", 106,
		 "is longer than 107 bytes, as no socket's name is"},
	};
	size_t i;

	(void)state;
	for (i = 0; i < EG_ARRAY_SIZE(cases); i++) {
		char first = cases[i].before[strlen(cases[i].before) - 1], message[256];

		check_repeat(cases[i].before, "a", cases[i].n, "\"]}", "");
		(void)snprintf(message, sizeof(message), "f:1: %s[0]: \"%.*s%.*s%s\" %s",
			       cases[i].key, first == '"' ? 0 : 1, &first,
			       cases[i].n < 64 ? (int)cases[i].n + 1 : 64 - (first != '"'), a64,
			       cases[i].n < 64 ? "" : "...", cases[i].why);
		check_repeat(cases[i].before, "a", cases[i].n + 1, "\"]}", message);
	}
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
		cmocka_unit_test(test_parse_wrong),	  cmocka_unit_test(test_parse_texts_limit),
		cmocka_unit_test(test_parse_files_limit), cmocka_unit_test(test_parse_text_length),
		cmocka_unit_test(test_parse_mutated),
	};

	return cmocka_run_group_tests_name("config_texts", tests, NULL, NULL);
}
