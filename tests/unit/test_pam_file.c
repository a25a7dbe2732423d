// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* What the files of PAM say of our module: lines, brackets, includes, continuations. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "pam_file.h"
#include "util.h"

static const struct {
	const char *line;
	bool found, onerr, optional;
	const char *users, *groups, *include;
} lines[] = {
	{"session required pam_ebpfguard.so\n", true, false, false, "", "", NULL},
	{"\tSESSION  Required\t/x/y/pam_ebpfguard.so onerr=succeed", true, true, false, "", "",
	 NULL},
	{"session required pam_ebpfguard.so onerr=succeed onerr=fail", true, false, false, "", "",
	 NULL},
	{"-session optional pam_ebpfguard.so", true, false, true, "", "", NULL},
	{"session [success=ok default=bad] pam_ebpfguard.so exempt_user=a,b exempt_user=c "
	 "exempt_group=adm",
	 true, false, false, "a,b,c", "adm", NULL},
	{"session [default=ignore] pam_ebpfguard.so", true, false, true, "", "", NULL},
	{"session [default=ignore session_err=die] pam_ebpfguard.so", true, false, false, "", "",
	 NULL},
	{"session required pam_ebpfguard.so [exempt_user=a b\\],c]", true, false, false, "a b],c",
	 "", NULL},
	{"#session required pam_ebpfguard.so", false, false, false, "", "", NULL},
	{"session required pam_x.so # pam_ebpfguard.so", false, false, false, "", "", NULL},
	{"session required pam_ebpfguard.so.old", false, false, false, "", "", NULL},
	{"session required pam_exec.so pam_ebpfguard.so", false, false, false, "", "", NULL},
	{"auth required pam_ebpfguard.so", false, false, false, "", "", NULL},
	{"session required", false, false, false, "", "", NULL},
	{"", false, false, false, "", "", NULL},
	{"@include common-session", false, false, false, "", "", "common-session"},
	{"session include x", false, false, false, "", "", "x"},
	{"session  substack /etc/y", false, false, false, "", "", "/etc/y"},
	{"auth include x", false, false, false, "", "", NULL},
	{"session [unclosed pam_ebpfguard.so", false, false, false, "", "", NULL},
};

static void test_lines(void **state)
{
	(void)state;
	for (size_t i = 0; i < EG_ARRAY_SIZE(lines); i++) {
		char *line eg_auto_free = strdup(lines[i].line);
		struct eg_pam_use use = {0};
		const char *include;

		print_message("# %s\n", lines[i].line);
		eg_pam_take_line(&use, line, &include);
		assert_int_equal(use.found, lines[i].found);
		assert_int_equal(use.onerr, lines[i].onerr);
		assert_int_equal(use.optional, lines[i].optional);
		assert_string_equal(use.exempt_users, lines[i].users);
		assert_string_equal(use.exempt_groups, lines[i].groups);
		if (lines[i].include)
			assert_string_equal(include, lines[i].include);
		else
			assert_null(include);
	}
}

static void test_lists(void **state)
{
	(void)state;
	assert_true(eg_pam_lists("a,bc,d", "a"));
	assert_true(eg_pam_lists("a,bc,d", "bc"));
	assert_true(eg_pam_lists("a,bc,d", "d"));
	assert_false(eg_pam_lists("a,bc,d", "b"));
	assert_false(eg_pam_lists("a,bc,d", "bc,d"));
	assert_false(eg_pam_lists("a,,d", ""));
	assert_false(eg_pam_lists("", "a"));
}

static void test_many_words(void **state)
{
	char line[4 * EG_PAM_WORDS_MAX + 64] = "session required pam_ebpfguard.so", *words[64];

	(void)state;
	for (int i = 0; i < EG_PAM_WORDS_MAX; i++)
		(void)strcat(line, " x");
	assert_int_equal(eg_pam_split(line, words), EG_PAM_WORDS_MAX);
}

/* More exemptions than there is room for: those that fit stay whole. */
static void test_long_lists(void **state)
{
	static struct eg_pam_use use;
	char line[4096], name[512];
	const char *include;

	(void)state;
	memset(name, 'n', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	for (int i = 0; i < 20; i++) {
		(void)snprintf(line, sizeof(line),
			       "session required pam_ebpfguard.so exempt_user=%s", name);
		eg_pam_take_line(&use, line, &include);
	}
	assert_int_equal(strlen(use.exempt_users), 7 * 512 + 511);
	assert_true(eg_pam_lists(use.exempt_users, name));
}

static char dir[] = "/tmp/eg_pam_file.XXXXXX";

static void put(const char *name, const char *text)
{
	char path[64];
	FILE *file;

	(void)snprintf(path, sizeof(path), "%s/%s", dir, name);
	file = fopen(path, "we");
	assert_non_null(file);
	assert_int_equal(fputs(text, file) < 0, 0);
	assert_int_equal(fclose(file), 0);
}

static int make_dir(void **state)
{
	(void)state;
	return mkdtemp(dir) ? 0 : -1;
}

static int remove_dir(void **state)
{
	char command[64];

	(void)state;
	(void)snprintf(command, sizeof(command), "rm -rf %s", dir);
	return system(command);
}

static void test_files(void **state)
{
	const char *const dirs[] = {"/nowhere", dir, NULL};
	struct eg_pam_use use = {0};

	(void)state;
	assert_int_equal(eg_pam_read(dirs, "sshd", &use), -ENOENT);
	put("sshd", "auth required pam_unix.so\n@include missing\n@include common\n");
	put("common", "session include more");
	put("more", "session required \\\n  pam_ebpfguard.so \\\n onerr=succeed\\\n");
	assert_int_equal(eg_pam_read(dirs, "sshd", &use), 0);
	assert_true(use.found);
	assert_true(use.onerr);
	/* one that includes itself comes to an end */
	put("more", "@include more\nsession required pam_other.so\n");
	memset(&use, 0, sizeof(use));
	assert_int_equal(eg_pam_read(dirs, "sshd", &use), 0);
	assert_false(use.found);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lines),	   cmocka_unit_test(test_lists),
		cmocka_unit_test(test_many_words), cmocka_unit_test(test_long_lists),
		cmocka_unit_test(test_files),
	};

	return cmocka_run_group_tests(tests, make_dir, remove_dir);
}
