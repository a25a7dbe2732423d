// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* cgroup_text.c: the two texts of /proc, as tables. */
#include "scratch.h"
#include "cgroup.h"
#include "util.h"

static void test_mount_next(void **state)
{
	static const struct {
		const char *text;
		const char *mounts[4][2]; /* root, point */
	} table[] = {
		{"", {{0}}},
		{"\n\n", {{0}}},
		{"38 31 0:36 / /sys/fs/cgroup/unified rw,nosuid - cgroup2 cgroup2 rw\n",
		 {{"/", "/sys/fs/cgroup/unified"}}},
		/* no newline at the end; optional fields; other types with the word in them */
		{"30 23 0:26 / /sys/fs/cgroup rw shared:4 master:5 - cgroup2 cgroup2 rw,nsdelegate",
		 {{"/", "/sys/fs/cgroup"}}},
		{"30 23 0:26 / /sys/fs/cgroup rw - tmpfs cgroup2 rw\n"
		 "31 23 0:27 / /a rw - cgroup cgroup2 rw\n"
		 "32 23 0:28 / /b rw - cgroup22 x rw\n",
		 {{0}}},
		{"1 2 0:3 / /x - ext4 /dev/sda rw\n"
		 "2 2 0:4 /docker/ab /c\\040d\\011e\\012f\\134g\\043 rw - cgroup2 none rw\n"
		 "3 2 0:4 / /second rw - cgroup2 none rw\n",
		 {{"/docker/ab", "/c d\te\nf\\g#"}, {"/", "/second"}}},
		/* escapes that are none stay */
		{"2 2 0:4 / /a\\04 rw - cgroup2 none rw\n3 2 0:4 / /\\9 rw - cgroup2 none rw\n"
		 "4 2 0:4 / /\\777 rw - cgroup2 none rw\n5 2 0:4 / /\\ rw - cgroup2 none rw\n",
		 {{"/", "/a\\04"}, {"/", "/\\9"}, {"/", "/\\777"}, {"/", "/\\"}}},
		/* broken lines are skipped */
		{"- cgroup2 \n - cgroup2 \n1 2 - cgroup2 x y\n1 2 3 4 - cgroup2 x\n"
		 "1 2 3 rel /x rw - cgroup2 x y\n1 2 3 / rel rw - cgroup2 x y\n"
		 "1 2 3 / /x rw - cgroup2\n1 2 3 / /good rw - cgroup2 \n",
		 {{"/", "/good"}}},
	};

	(void)state;
	for (size_t i = 0; i < EG_ARRAY_SIZE(table); i++) {
		const char *cursor = table[i].text;
		struct eg_mount m = {0};
		size_t n = 0;

		while (eg_mount_next(&cursor, &m) == 1) {
			assert_true(n < 4 && table[i].mounts[n][0]);
			assert_string_equal(m.root, table[i].mounts[n][0]);
			assert_string_equal(m.point, table[i].mounts[n][1]);
			eg_mount_done(&m);
			n++;
		}
		assert_true(n == 4 || !table[i].mounts[n][0]);
		assert_int_equal(*cursor, '\0');
		eg_mount_done(&m); /* twice is fine */
	}
}

static void test_own_path(void **state)
{
	static const struct {
		const char *text, *want;
		int error;
	} table[] = {
		{"0::/\n", "/", 0},
		{"9:name=systemd:/x\n1:cpu:/y\n0::/user.slice/a b:c\n", "/user.slice/a b:c", 0},
		{"0::/no-newline", "/no-newline", 0},
		{"0::/../outside\n", "/../outside", 0},
		{"0::/z\n0::/second\n", "/z", 0},
		{"", NULL, -ENOENT},
		{"10::/x\n1:cpu:/0::/\n", NULL, -ENOENT},
		{"0:\n", NULL, -ENOENT},
		{"0::\n", NULL, -EBADMSG},
		{"0::rel\n", NULL, -EBADMSG},
	};

	(void)state;
	for (size_t i = 0; i < EG_ARRAY_SIZE(table); i++) {
		char *path = NULL;

		assert_int_equal(eg_cgroup_own_path(table[i].text, &path), table[i].error);
		if (table[i].want)
			assert_string_equal(path, table[i].want);
		else
			assert_null(path);
		free(path);
	}
}

static void test_below(void **state)
{
	static const struct {
		const char *path, *root, *want;
	} table[] = {
		{"/", "/", ""},
		{"/a/b", "/", "a/b"},
		{"/a/b", "/a", "b"},
		{"/a/b", "/a/", "b"},
		{"/a", "/a", ""},
		{"/a/", "/a", ""},
		{"//a", "/", "a"},
		{"/ab", "/a", NULL},
		{"/", "/a", NULL},
		{"/b", "/a", NULL},
		{"/../b", "/", NULL},
		{"/a/..", "/", NULL},
		{"/..", "/", NULL},
		{"/a", "/..", NULL},
		{"/../x/y", "/../x", NULL},
		{"/a..b/..c/d..", "/", "a..b/..c/d.."},
		{"/..../x", "/", "..../x"},
	};

	(void)state;
	for (size_t i = 0; i < EG_ARRAY_SIZE(table); i++) {
		const char *got = eg_cgroup_below(table[i].path, table[i].root);

		if (!table[i].want)
			assert_null(got);
		else
			assert_string_equal(got, table[i].want);
	}
}

static void test_scope_len(void **state)
{
	static const struct {
		const char *path, *scope;
	} table[] = {
		{"user.slice/user-0.slice/session-1.scope",
		 "user.slice/user-0.slice/session-1.scope"},
		{"/user.slice/session-c12.scope/x/y", "/user.slice/session-c12.scope"},
		{"session-1.scope/session-2.scope", "session-1.scope"},
		{"session-1.scope", "session-1.scope"},
		{"session-1.scope/", "session-1.scope"},
		{"", ""},
		{"/", ""},
		{"session-.scope", ""},
		{"session-1.scopex", ""},
		{"xsession-1.scope", ""},
		{"session-1.service", ""},
		{"session.scope", ""},
		{".scope/session-", ""},
		{"user@1000.service/app.slice/run-1.scope", ""},
	};

	(void)state;
	for (size_t i = 0; i < EG_ARRAY_SIZE(table); i++) {
		size_t n = eg_cgroup_scope_len(table[i].path);

		assert_int_equal(n, strlen(table[i].scope));
		assert_memory_equal(table[i].path, table[i].scope, n);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_mount_next),
		cmocka_unit_test(test_own_path),
		cmocka_unit_test(test_below),
		cmocka_unit_test(test_scope_len),
	};

	return cmocka_run_group_tests_name("cgroup_text", tests, NULL, NULL);
}
