// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The log file: where it may be and what it may be; rotation; a disk that is full. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

#include "log_file.h"
#include "util.h"

static char dir[] = "/tmp/eg_log.XXXXXX";
static char path[64], other[64];

static int set_up(void **state)
{
	(void)state;
	(void)snprintf(path, sizeof(path), "%s/f", dir);
	(void)snprintf(other, sizeof(other), "%s/other", dir);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	(void)unlink(path);
	(void)rmdir(path);
	(void)unlink(other);
	return chmod(dir, 0700);
}

static int make_dir(void **state)
{
	(void)state;
	return mkdtemp(dir) ? 0 : -1;
}

static int remove_dir(void **state)
{
	(void)state;
	return rmdir(dir);
}

static void write_file(const char *name, const char *text, mode_t mode)
{
	int fd eg_auto_close = open(name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	assert_int_equal(fchmod(fd, mode), 0);
}

static void assert_holds(const char *name, const char *text)
{
	int fd eg_auto_close = open(name, O_RDONLY | O_CLOEXEC);
	char buf[256] = "";

	assert_true(fd >= 0);
	assert_int_equal(read(fd, buf, sizeof(buf) - 1), strlen(text));
	assert_string_equal(buf, text);
}

static int try_open(const char **ret_why)
{
	int fd = eg_log_file_open(path, geteuid(), ret_why);

	if (fd >= 0)
		assert_int_equal(close(fd), 0);
	return fd < 0 ? fd : 0;
}

static int line(struct eg_log_file *file, const char *text, int64_t now_ms)
{
	char buf[64];

	(void)strcpy(buf, text);
	return eg_log_file_write(file, buf, strlen(buf), geteuid(), now_ms);
}

/* ---- opening */

static void test_open_new(void **state)
{
	const char *why;
	struct stat st;

	(void)state;
	(void)umask(022);
	assert_int_equal(try_open(&why), 0);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0640);
}

static void test_open_refused(void **state)
{
	const char *why;

	(void)state;
	assert_int_equal(symlink("other", path), 0);
	assert_int_equal(try_open(&why), -ELOOP);
	assert_string_equal(why, "a symbolic link is not followed");
	assert_int_equal(access(other, F_OK), -1); /* nothing was made behind it */
	assert_int_equal(unlink(path), 0);
	assert_int_equal(mkfifo(path, 0600), 0);
	assert_int_equal(try_open(&why), -EINVAL);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(mkdir(path, 0700), 0);
	assert_int_equal(try_open(&why), -EISDIR);
	assert_int_equal(rmdir(path), 0);
	write_file(path, "", 0660);
	assert_int_equal(try_open(&why), -EPERM);
	assert_string_equal(why, "others than root can write it");
	write_file(path, "", 0602);
	assert_int_equal(try_open(&why), -EPERM);
	write_file(path, "", 0644);
	assert_int_equal(try_open(&why), 0);
}

static void test_open_directory(void **state)
{
	static const mode_t modes[] = {0770, 0702, 01777};
	const char *why;

	(void)state;
	for (size_t i = 0; i < EG_ARRAY_SIZE(modes); i++) {
		assert_int_equal(chmod(dir, modes[i]), 0);
		assert_int_equal(try_open(&why), -EPERM);
		assert_string_equal(why, "others than root can write in a directory above");
	}
	assert_int_equal(chmod(dir, 0755), 0); /* that /tmp is sticky is fine */
	assert_int_equal(try_open(&why), 0);
	assert_int_equal(eg_log_file_open("/nowhere/x/f", geteuid(), &why), -ENOENT);
	/* The directory of somebody else, if we can make one. */
	if (geteuid() == 0) {
		assert_int_equal(chown(dir, 1, 0), 0);
		assert_int_equal(try_open(&why), -EPERM);
		assert_int_equal(chown(dir, 0, 0), 0);
		assert_int_equal(chown(path, 1, 0), 0);
		assert_int_equal(try_open(&why), -EPERM);
	}
}

/* ---- rotation */

static void test_rotation(void **state)
{
	struct eg_log_file file = {.fd = -1};

	(void)state;
	eg_log_file_set(&file, path, -1);
	assert_int_equal(line(&file, "a\n", 1000), 0);
	assert_int_equal(rename(path, other), 0);
	assert_int_equal(line(&file, "b\n", 1999), 0); /* it has looked a moment ago */
	assert_int_equal(line(&file, "c\n", 2000), 0);
	assert_holds(other, "a\nb\n");
	assert_holds(path, "c\n");
	assert_int_equal(unlink(path), 0);
	write_file(path, "new\n", 0640);
	assert_int_equal(line(&file, "d\n", 3000), 0);
	assert_holds(path, "new\nd\n");
	/* emptied where it is */
	assert_int_equal(truncate(path, 0), 0);
	assert_int_equal(line(&file, "e\n", 4000), 0);
	assert_holds(path, "e\n");
	eg_log_file_close(&file);
}

/* What is put in its place is judged like the first, and tried again. */
static void test_rotation_refused(void **state)
{
	struct eg_log_file file = {.fd = -1};

	(void)state;
	eg_log_file_set(&file, path, -1);
	assert_int_equal(line(&file, "a\n", 1000), 0);
	assert_int_equal(rename(path, other), 0);
	assert_int_equal(symlink("other", path), 0);
	assert_int_equal(line(&file, "b\n", 2000), -ELOOP);
	assert_int_equal(line(&file, "b\n", 2500), -EBADF);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(line(&file, "c\n", 2999), -EBADF);
	assert_int_equal(line(&file, "d\n", 3000), 0);
	assert_holds(other, "a\n");
	assert_holds(path, "d\n");
	eg_log_file_close(&file);
}

/* ---- a full disk */

static void test_full(void **state)
{
	struct rlimit whole, limit = {10, 10};
	struct eg_log_file file = {.fd = -1};

	(void)state;
	(void)signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &whole), 0);
	limit.rlim_max = whole.rlim_max;
	eg_log_file_set(&file, path, -1);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
	assert_int_equal(line(&file, "first\n", 1000), 0);
	assert_int_equal(line(&file, "second\n", 1001), -ENOSPC); /* a part of it is there */
	assert_int_equal(line(&file, "third\n", 1002), -EFBIG);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &whole), 0);
	assert_int_equal(line(&file, "fourth\n", 1003), 0);
	assert_holds(path, "first\nseco\nfourth\n");
	eg_log_file_close(&file);
}

/* Only the newline has no room: the line is there, and must not count as one that is not. */
static void test_full_but_newline(void **state)
{
	struct rlimit whole, limit = {10, 10};
	struct eg_log_file file = {.fd = -1};

	(void)state;
	(void)signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &whole), 0);
	limit.rlim_max = whole.rlim_max;
	eg_log_file_set(&file, path, -1);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
	assert_int_equal(line(&file, "first\n", 1000), 0);
	assert_int_equal(line(&file, "next\n", 1001), 0);
	assert_int_equal(line(&file, "third\n", 1002), -EFBIG);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &whole), 0);
	assert_int_equal(line(&file, "fourth\n", 1003), 0);
	assert_holds(path, "first\nnext\nfourth\n");
	eg_log_file_close(&file);
}

/* A part of a line that an earlier helper has left is ended, too. */
static void test_part(void **state)
{
	struct eg_log_file file = {.fd = -1};
	const char *why;

	(void)state;
	write_file(path, "DENY conn", 0640);
	eg_log_file_set(&file, path, eg_log_file_open(path, geteuid(), &why));
	assert_true(file.fd >= 0);
	assert_int_equal(line(&file, "a\n", 1000), 0);
	assert_holds(path, "DENY conn\na\n");
	eg_log_file_close(&file);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_open_new, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_open_refused, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_open_directory, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_rotation, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_rotation_refused, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_full, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_full_but_newline, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_part, set_up, tear_down),
	};

	return cmocka_run_group_tests_name("log_file", tests, make_dir, remove_dir);
}
