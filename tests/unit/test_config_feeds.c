// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* deny_files and allow_files in the configuration: what is valid, what is wrong and where. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "abi.h"
#include "config.h"
#include "util.h"

static int parse(const char *text, struct eg_config **ret, char line[1024])
{
	struct eg_err err = {0};
	int r = eg_config_parse(text, strlen(text), "f", ret, &err);

	line[0] = '\0';
	if (r < 0)
		(void)eg_err_format(&err, line, 1024);
	return r;
}

/* "LINE:deny|allow:lenient|strict:SHRINK:PATH ..." */
static void check(const char *text, const char *wanted)
{
	char got[1024] = "", line[1024];
	struct eg_config *config = NULL;
	size_t n = 0;

	if (parse(text, &config, line) < 0)
		fail_msg("%s: %s", text, line);
	for (size_t i = 0; i < config->profiles[0].feeds.n; i++) {
		const struct eg_config_feed *feed = &config->profiles[0].feeds.list[i];

		assert_null(feed->networks);
		n += (size_t)snprintf(got + n, sizeof(got) - n, "%s%u:%s:%s:%u:%s", i ? " " : "",
				      feed->line, feed->allow ? "allow" : "deny",
				      feed->strict ? "strict" : "lenient", feed->shrink,
				      feed->path);
	}
	assert_string_equal(got, wanted);
	eg_config_free(config);
}

static void test_valid(void **state)
{
	(void)state;
	check("", "");
	check("deny_files = [];\nallow_files = ();", "");
	check("deny_files = [\"/a\",\n\"/b c\"];", "1:deny:lenient:50:/a 2:deny:lenient:50:/b c");
	check("allow_files = ( \"/a\" );", "1:allow:lenient:50:/a");
	check("allow_files = [\"/c\"];\ndeny_files = ( \"/a\",\n"
	      "{ file = \"/b\"; strict = true; shrink = 0; },\n{ shrink = 100; file = \"/d\" } );",
	      "2:deny:lenient:50:/a 3:deny:strict:0:/b 4:deny:lenient:100:/d "
	      "1:allow:lenient:50:/c");
	check("deny_files = ( { file = \"/a\"; strict = false; } );", "1:deny:lenient:50:/a");
}

#define EXAMPLE                                                                                    \
	"expected a path in quotes such as \"/etc/ebpfguard/drop.txt\", or a group such as "       \
	"{ file = \"/etc/ebpfguard/drop.txt\"; strict = true; }, got "

static void test_wrong(void **state)
{
	static const struct {
		const char *text, *message;
	} cases[] = {
		{"deny_files = \"/a\";", "f:1: deny_files: expected a list of files such as "
					 "( \"/etc/ebpfguard/drop.txt\" ), got \"/a\""},
		{"deny_files = { file = \"/a\"; };",
		 "f:1: deny_files: expected a list of files such as "
		 "( \"/etc/ebpfguard/drop.txt\" ), got a group"},
		{"allow_files = true;", "f:1: allow_files: expected a list of files such as "
					"( \"/etc/ebpfguard/drop.txt\" ), got a boolean"},
		{"deny_files = [ 1 ];", "f:1: deny_files[0]: " EXAMPLE "an integer"},
		{"deny_files = ( \"/a\",\n( \"/b\" ) );", "f:2: deny_files[1]: " EXAMPLE "a list"},
		{"deny_files = [ \"a\" ];",
		 "f:1: deny_files[0]: \"a\" is not an absolute path such "
		 "as /etc/ebpfguard/drop.txt"},
		{"deny_files = [ \"\" ];",
		 "f:1: deny_files[0]: \"\" is not an absolute path such as "
		 "/etc/ebpfguard/drop.txt"},
		{"allow_files = (\n{\nfile = \"a\"; } );",
		 "f:3: allow_files[0].file: \"a\" is not an absolute path such as "
		 "/etc/ebpfguard/drop.txt"},
		{"deny_files = ( { file = 1; } );",
		 "f:1: deny_files[0].file: " EXAMPLE "an integer"},
		{"deny_files = ( {} );",
		 "f:1: deny_files[0]: names no file; add file = \"/etc/ebpfguard/drop.txt\";"},
		{"deny_files = ( {\nstrict = true; } );",
		 "f:1: deny_files[0]: names no file; add file = \"/etc/ebpfguard/drop.txt\";"},
		{"deny_files = ( { file = \"/a\"; strict = 1; } );",
		 "f:1: deny_files[0].strict: expected true or false, got an integer"},
		{"deny_files = ( { file = \"/a\"; strict = \"yes\"; } );",
		 "f:1: deny_files[0].strict: expected true or false, got \"yes\""},
		{"deny_files = ( { file = \"/a\";\nshrink = 101; } );",
		 "f:2: deny_files[0].shrink: expected percent, a number from 0 to 100, got 101"},
		{"deny_files = ( { file = \"/a\"; shrink = -1; } );",
		 "f:1: deny_files[0].shrink: expected percent, a number from 0 to 100, got -1"},
		{"deny_files = ( { file = \"/a\"; shrink = 50.0; } );",
		 "f:1: deny_files[0].shrink: expected percent, a number from 0 to 100, got a "
		 "number"},
		{"deny_files = ( { file = \"/a\"; shrink = \"50%\"; } );",
		 "f:1: deny_files[0].shrink: expected percent, a number from 0 to 100, got "
		 "\"50%\""},
		{"deny_files = ( { file = \"/a\"; shrink = 50L; } );",
		 "f:1: deny_files[0].shrink: expected percent, a number from 0 to 100, got an "
		 "integer with L"},
		{"deny_files = ( { file = \"/a\";\nformat = \"auto\"; } );",
		 "f:2: deny_files[0]: unknown key \"format\"; known here: file, strict, shrink"},
		{"deny_files = ( { file = \"/a\"; file = \"/b\"; } );", NULL},
		{"deny_files = ( \"/a\",\n\"/b\",\n{ file = \"/a\"; } );",
		 "f:3: deny_files[2]: \"/a\" stands here twice; first on line 1"},
		{"allow_files = ( \"/b\", \"/a\" );\ndeny_files = ( \"/a\" );",
		 "f:1: allow_files[1]: \"/a\" stands in deny_files already, on line 2; a file is "
		 "named once"},
		{"deny_file = [ \"/a\" ];",
		 "f:1: unknown key \"deny_file\"; did you mean \"deny_files\"?"},
	};

	(void)state;
	for (size_t i = 0; i < EG_ARRAY_SIZE(cases); i++) {
		struct eg_config *config = NULL;
		char line[1024];

		if (parse(cases[i].text, &config, line) != -EINVAL)
			fail_msg("%s: taken", cases[i].text);
		if (cases[i].message)
			assert_string_equal(line, cases[i].message);
		else
			assert_string_not_equal(line, "");
		assert_null(config);
	}
}

static void test_limit(void **state)
{
	for (int n = EG_FEEDS_MAX; n <= EG_FEEDS_MAX + 1; n++) {
		char text[4096] = "deny_files = [\"/x\"]; allow_files = [", line[1024];
		struct eg_config *config = NULL;
		size_t len = strlen(text);

		for (int i = 1; i < n; i++)
			len += (size_t)snprintf(text + len, sizeof(text) - len, "%s\"/%d\"",
						i > 1 ? "," : "", i);
		(void)snprintf(text + len, sizeof(text) - len, "];");
		if (n == EG_FEEDS_MAX) {
			assert_int_equal(parse(text, &config, line), 0);
			assert_int_equal(config->profiles[0].feeds.n, EG_FEEDS_MAX);
			eg_config_free(config);
			continue;
		}
		assert_int_equal(parse(text, &config, line), -EINVAL);
		assert_string_equal(line, "f:1: allow_files: 65 files are too many; deny_files and "
					  "allow_files together take 64");
	}
	(void)state;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_valid),
		cmocka_unit_test(test_wrong),
		cmocka_unit_test(test_limit),
	};

	return cmocka_run_group_tests_name("config_feeds", tests, NULL, NULL);
}
