// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Configuration files that are none or grow: judged by the descriptor, and read to a limit. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>
#include <cmocka.h>

#include "config.h"
#include "config_scan.h"
#include "util.h"

static char dir[] = "/tmp/eg_scan.XXXXXX", path[64];

static int set_up_dir(void **state)
{
	(void)state;
	if (!mkdtemp(dir))
		return -1;
	(void)snprintf(path, sizeof(path), "%s/f", dir);
	return 0;
}

static int tear_down_dir(void **state)
{
	(void)state;
	return rmdir(dir); /* each test removes what it made */
}

static void make_file(off_t size)
{
	eg_auto_close int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(ftruncate(fd, size), 0);
}

/* message: NULL where the file is taken */
static void check_file(const char *name, int error, const char *message)
{
	struct eg_config *config = NULL;
	struct eg_err err = {0};
	char line[1024] = "", expected[1024] = "";
	int r = eg_config_load(name, geteuid(), &config, NULL, NULL, &err);

	if (r < 0)
		(void)eg_err_format(&err, line, sizeof(line));
	if (message)
		(void)snprintf(expected, sizeof(expected), "%s%s", name, message);
	assert_string_equal(line, expected);
	assert_int_equal(r, error);
	assert_int_equal(config == NULL, r < 0);
	eg_config_free(config);
}

/* The largest is read, and found to be zeroes; a byte more, and it is not. */
static void test_file_size(void **state)
{
	(void)state;
	make_file(EG_CONFIG_SIZE_MAX);
	check_file(path, -EINVAL, ":1: NUL byte; a configuration is plain text");
	make_file(EG_CONFIG_SIZE_MAX + 1);
	check_file(path, -EFBIG, ": larger than 67108864 bytes");
	make_file((off_t)1 << 40);
	check_file(path, -EFBIG, ": larger than 67108864 bytes");
	(void)unlink(path);
}

/* What is left of a file whose writing was interrupted is no policy without rules. */
static void test_file_empty(void **state)
{
	eg_auto_close int fd = -1;

	(void)state;
	make_file(0);
	check_file(path, -ENODATA,
		   ": empty, as a file is whose writing was interrupted; to have no rules, write a "
		   "comment");
	fd = open(path, O_WRONLY | O_CLOEXEC);
	assert_true(fd >= 0 && write(fd, "\n", 1) == 1);
	check_file(path, 0, NULL);
	(void)unlink(path);
}

/* One that grows after it was judged, as an endless one would, is read to the limit. */
static void test_file_grows(void **state)
{
	struct eg_err err = {0};
	const struct eg_config_report report = {.file = path, .reterr = &err};
	off_t sizes[] = {0, 4095, 4096, 65536};

	(void)state;
	for (size_t i = 0; i < EG_ARRAY_SIZE(sizes); i++) {
		eg_auto_close int fd = -1;
		eg_auto_free char *text = NULL;
		char line[1024];
		size_t n = 0;

		make_file(1);
		fd = eg_config_open(&report, geteuid(), 65536);
		assert_true(fd >= 0);
		assert_int_equal(truncate(path, sizes[i]), 0); /* shrinks, too */
		assert_int_equal(eg_config_read(&report, fd, 65536, &text, &n), 0);
		assert_int_equal(n, sizes[i]);
		assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
		free(eg_take_ptr(&text));
		for (int more = 1; more <= 1 << 20; more <<= 10) {
			assert_int_equal(truncate(path, 65536 + more), 0);
			assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
			assert_int_equal(eg_config_read(&report, fd, 65536, &text, &n), -EFBIG);
			assert_null(text);
			/* it has not gone on to the end of it */
			assert_true(lseek(fd, 0, SEEK_CUR) <= 2 * 65536);
			(void)snprintf(line, sizeof(line), "%s: larger than 65536 bytes", path);
			assert_string_equal(eg_err_format(&err, (char[1024]){0}, 1024), line);
		}
	}
	(void)unlink(path);
}

static void make_socket(void)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	eg_auto_close int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	(void)strcpy(address.sun_path, path);
	assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
}

/* None of these may block, as an open or a read of a FIFO would, also with somebody at its end. */
static void test_file_is_none(void **state)
{
	static const char *const targets[] = {"/dev/zero", "/dev/null", "/proc/self", "."};
	char link[80], below[80];

	(void)state;
	(void)snprintf(link, sizeof(link), "%s/link", dir);
	(void)snprintf(below, sizeof(below), "%s/f/f", dir);
	for (size_t i = 0; i < EG_ARRAY_SIZE(targets); i++) {
		assert_int_equal(symlink(targets[i], link), 0);
		check_file(link, -EINVAL, ": not a regular file");
		(void)unlink(link);
	}
	assert_int_equal(symlink("link", link), 0);
	check_file(link, -ELOOP, ": Too many levels of symbolic links");
	(void)unlink(link);
	make_socket();
	check_file(path, -ENXIO, ": No such device or address");
	(void)unlink(path);
	assert_int_equal(mkfifo(path, 0600), 0);
	for (int held = 0; held < 2; held++) {
		eg_auto_close int fd = held ? open(path, O_RDWR | O_CLOEXEC) : -1;

		assert_int_equal(fd >= 0, held);
		assert_true(!held || write(fd, "deny=[];", 8) == 8);
		check_file(path, -EINVAL, ": not a regular file");
	}
	(void)unlink(path);
	make_file(0);
	check_file(below, -ENOTDIR, ": Not a directory");
	(void)unlink(path);
	check_file("", -ENOENT, "No such file or directory");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_file_size),
		cmocka_unit_test(test_file_empty),
		cmocka_unit_test(test_file_grows),
		cmocka_unit_test(test_file_is_none),
	};

	return cmocka_run_group_tests_name("config_scan_file", tests, set_up_dir, tear_down_dir);
}
