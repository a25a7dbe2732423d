// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Where links lead: in a tree of our own, one path at a time, and many with what was found for
 * their neighbours, which must make no difference.
 */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

#include "place_disk.h"

static char top[] = "/tmp/eg-place-disk-XXXXXX";

/* Not asked here. */
int eg_bpf_files(struct eg_bpf *bpf, struct eg_file **ret, size_t *ret_n)
{
	(void)bpf;
	(void)ret;
	(void)ret_n;
	return -ENOSYS;
}

/* ---- the tree */

static const char *const dirs[] = {"a", "a/b", "a/b/c", "a/bc", "d", "d/e"};
static const char *const files[] = {"a/f", "a/b/f", "a/b/c/f", "a/bc/f", "d/e/f"};
static const struct {
	const char *path, *to; /* "@" at its start = the top */
} links[] = {
	{"a/l", "b"},	      {"a/b/up", "../../d"}, {"d/l", "@/a/b"}, {"d/e/gone", "nowhere"},
	{"a/loop", "loop"},   {"a/b/root", "/"},     {"a/bd", "bc"},   {"d/null", "/dev/null"},
	{"a/b/c/l", "../c/"},
};

static const char *at(const char *path, char buf[4096])
{
	(void)snprintf(buf, 4096, "%s%s%s", top, *path ? "/" : "", path);
	return buf;
}

static int make_tree(void **state)
{
	char path[4096], to[4096];
	int fd;

	(void)state;
	if (!mkdtemp(top))
		return -1;
	for (size_t i = 0; i < sizeof(dirs) / sizeof(*dirs); i++)
		if (mkdir(at(dirs[i], path), 0755) < 0)
			return -1;
	for (size_t i = 0; i < sizeof(files) / sizeof(*files); i++) {
		fd = open(at(files[i], path), O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
		if (fd < 0)
			return -1;
		(void)close(fd);
	}
	for (size_t i = 0; i < sizeof(links) / sizeof(*links); i++)
		if (symlink(links[i].to[0] == '@' ? at(links[i].to + 2, to) : links[i].to,
			    at(links[i].path, path)) < 0)
			return -1;
	return 0;
}

static int remove_tree(void **state)
{
	char path[4096];

	(void)state;
	for (size_t i = 0; i < sizeof(links) / sizeof(*links); i++)
		(void)unlink(at(links[i].path, path));
	for (size_t i = 0; i < sizeof(files) / sizeof(*files); i++)
		(void)unlink(at(files[i], path));
	for (size_t i = sizeof(dirs) / sizeof(*dirs); i-- > 0;)
		(void)rmdir(at(dirs[i], path));
	return rmdir(top);
}

/* ---- one at a time */

static void test_real_one(void **state)
{
	static const struct {
		const char *path, *real, *before; /* before: the part without links; NULL = all */
		int error;
		bool lasting;
	} cases[] = {
		{"a/b/f", "a/b/f", NULL, 0, true},
		{"a/b", "a/b", NULL, 0, true},
		{"a/none", "a/none", NULL, 0, true},
		{"none/none/none", "none/none/none", NULL, 0, true},
		{"a/l", "a/b", "a", 0, true},
		{"a/l/c/f", "a/b/c/f", "a", 0, true},
		{"a/b/up/e/f", "d/e/f", "a/b", 0, true},
		{"d/l/up/l/f", "a/b/f", "d", 0, true},
		{"d/e/gone/x", "d/e/nowhere/x", "d/e", 0, true},
		{"a/bd/f", "a/bc/f", "a", 0, true},
		{"a/loop", "", NULL, -ELOOP, false},
		{"d/null", NULL, "d", 0, false},
	};
	struct eg_place_real real;
	char path[4096], want[4096];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		assert_int_equal(eg_place_disk_real(at(cases[i].path, path), NULL, &real),
				 cases[i].error);
		if (cases[i].error)
			continue;
		assert_string_equal(real.path,
				    cases[i].real ? at(cases[i].real, want) : "/dev/null");
		assert_int_equal(real.first_link,
				 cases[i].before ? strlen(at(cases[i].before, want)) : 0);
		assert_int_equal(real.lasting, cases[i].lasting);
	}
	assert_int_equal(eg_place_disk_real("/", NULL, &real), 0);
	assert_string_equal(real.path, "/");
	assert_false(real.lasting);
}

static void test_real_too_long(void **state)
{
	struct eg_place_way way = {0};
	struct eg_place_real real;
	char path[5000];

	(void)state;
	memset(path, 'x', sizeof(path) - 1);
	path[0] = '/';
	path[sizeof(path) - 1] = '\0';
	assert_int_equal(eg_place_disk_real(path, NULL, &real), -ENAMETOOLONG);
	assert_int_equal(eg_place_disk_real(path, &way, &real), -ENAMETOOLONG);
}

/* ---- many */

/* A path of up to five names of the tree, with and without our top. */
static const char *random_path(char buf[4096])
{
	static const char *const names[] = {"a", "b",  "c",    "bc",   "bd",   "d",    "e",  "f",
					    "l", "up", "gone", "loop", "root", "null", "no", "ab"};
	size_t n = (size_t)rand() % 6;

	(void)strcpy(buf, rand() % 8 ? top : "");
	for (size_t i = 0; i < n; i++) {
		(void)strcat(buf, "/");
		(void)strcat(buf, names[(size_t)rand() % (i < 2 && rand() % 4 ? 2 : 16)]);
	}
	if (!*buf)
		(void)strcpy(buf, "/");
	return buf;
}

static void test_real_neighbours(void **state)
{
	struct eg_place_way way = {0};
	struct eg_place_real alone, among;
	char path[4096];
	size_t known = 0;

	(void)state;
	srand(1);
	for (int i = 0; i < 20000; i++) {
		int r = eg_place_disk_real(random_path(path), NULL, &alone);

		assert_int_equal(eg_place_disk_real(path, &way, &among), r);
		known += way.n > strlen(top);
		if (r < 0)
			continue;
		assert_string_equal(among.path, alone.path);
		assert_int_equal(among.first_link, alone.first_link);
		assert_int_equal(among.lasting, alone.lasting);
	}
	assert_true(known > 5000); /* there was something to be known */
}

/* What is known is not asked again: here is what is gained by it. */
static void test_real_asks_once(void **state)
{
	struct eg_place_way way = {0};
	struct eg_place_real real;
	char path[4096], other[4096];

	(void)state;
	assert_int_equal(eg_place_disk_real(at("a/b/c/f", path), &way, &real), 0);
	assert_int_equal(rename(at("a/b", path), at("a/moved", other)), 0);
	assert_int_equal(symlink("moved", path), 0);
	assert_int_equal(eg_place_disk_real(at("a/b/c/g", other), &way, &real), 0);
	assert_int_equal(real.first_link, 0);
	assert_int_equal(eg_place_disk_real(at("a/b/c/g", other), NULL, &real), 0);
	assert_int_equal(real.first_link, strlen(at("a", other)));
	assert_int_equal(unlink(path), 0);
	assert_int_equal(rename(at("a/moved", other), path), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_real_one),
		cmocka_unit_test(test_real_too_long),
		cmocka_unit_test(test_real_neighbours),
		cmocka_unit_test(test_real_asks_once),
	};

	return cmocka_run_group_tests_name("place_disk", tests, make_tree, remove_tree);
}
