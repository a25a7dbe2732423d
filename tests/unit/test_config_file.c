// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The configuration on the disk: whose it may be, and what it may be. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <cmocka.h>

#include "config_helpers.h"

static char dir[] = "/tmp/eg_config.XXXXXX";

static int set_up_dir(void **state)
{
	(void)state;
	return mkdtemp(dir) ? 0 : -1;
}

static int tear_down_dir(void **state)
{
	(void)state;
	return rmdir(dir); /* each test removes what it made */
}

static int load(const char *path, unsigned int owner, char line[1024])
{
	struct eg_config *conf = NULL;
	struct eg_err err = {0};
	int r = eg_config_load(path, owner, &conf, NULL, NULL, &err);

	line[0] = '\0';
	if (r < 0)
		(void)eg_err_format(&err, line, 1024);
	eg_config_free(conf);
	return r;
}

static void write_file(const char *path, const char *text, mode_t mode)
{
	eg_auto_close int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	assert_int_equal(fchmod(fd, mode), 0);
}

static void test_load_good_file(void **state)
{
	struct eg_config *conf = NULL;
	struct eg_err err = {0};
	char path[64], link[64];
	eg_auto_free char *text = NULL;
	size_t n = 0;

	(void)state;
	(void)snprintf(path, sizeof(path), "%s/f", dir);
	(void)snprintf(link, sizeof(link), "%s/link", dir);
	write_file(path, "deny = [\"18.0.0.0/9\"];", 0644);
	assert_int_equal(symlink("f", link), 0);
	assert_int_equal(eg_config_load(link, getuid(), &conf, &text, &n, &err), 0);
	assert_int_equal(conf->profiles[0].egress.n, 1);
	assert_string_equal(conf->file, link);
	assert_int_equal(n, 22);
	assert_memory_equal(text, "deny = [\"18.0.0.0/9\"];", n);
	eg_config_free(conf);
	(void)unlink(link);
	(void)unlink(path);
}

static void check_load(const char *path, unsigned int owner, int error, const char *message)
{
	char line[1024], expected[1024];

	assert_int_equal(load(path, owner, line), error);
	(void)snprintf(expected, sizeof(expected), "%s%s", path, message);
	assert_string_equal(line, error ? expected : "");
}

static void test_load_bad_content(void **state)
{
	char path[64];

	(void)state;
	(void)snprintf(path, sizeof(path), "%s/f", dir);
	write_file(path, "\ndney = [];", 0600);
	check_load(path, getuid(), -EINVAL, ":2: unknown key \"dney\"; did you mean \"deny\"?");
	(void)unlink(path);
}

static void test_load_writable(void **state)
{
	char path[64];

	(void)state;
	(void)snprintf(path, sizeof(path), "%s/f", dir);
	write_file(path, "", 0620);
	check_load(path, getuid(), -EPERM,
		   ": writable by others than its owner (mode 0620): run chmod go-w");
	write_file(path, "", 0602);
	check_load(path, getuid(), -EPERM,
		   ": writable by others than its owner (mode 0602): run chmod go-w");
	(void)unlink(path);
}

static void test_load_other_owner(void **state)
{
	char path[64], message[128];

	(void)state;
	(void)snprintf(path, sizeof(path), "%s/f", dir);
	write_file(path, "", 0600);
	if (getuid() == 0)
		assert_int_equal(chown(path, 12345, 0), 0);
	(void)snprintf(message, sizeof(message), ": owned by uid %u; expected uid 77: run chown 77",
		       getuid() == 0 ? 12345 : getuid());
	check_load(path, 77, -EPERM, message);
	(void)unlink(path);
}

/* None of these may block: the test would hang. */
static void test_load_not_regular(void **state)
{
	char path[64];

	(void)state;
	(void)snprintf(path, sizeof(path), "%s/f", dir);
	assert_int_equal(mkfifo(path, 0600), 0);
	check_load(path, getuid(), -EINVAL, ": not a regular file");
	(void)unlink(path);
	check_load(path, getuid(), -ENOENT, ": No such file or directory");
	check_load(dir, getuid(), -EINVAL, ": not a regular file");
	check_load("/dev/null", getuid(), -EINVAL, ": not a regular file");
}

static void test_load_too_big(void **state)
{
	char path[64];

	(void)state;
	(void)snprintf(path, sizeof(path), "%s/f", dir);
	write_file(path, "", 0600);
	assert_int_equal(truncate(path, EG_CONFIG_SIZE_MAX + 1), 0);
	check_load(path, getuid(), -EFBIG, ": larger than 67108864 bytes");
	(void)unlink(path);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_load_good_file),	 cmocka_unit_test(test_load_bad_content),
		cmocka_unit_test(test_load_writable),	 cmocka_unit_test(test_load_other_owner),
		cmocka_unit_test(test_load_not_regular), cmocka_unit_test(test_load_too_big),
	};

	return cmocka_run_group_tests_name("config_file", tests, set_up_dir, tear_down_dir);
}
