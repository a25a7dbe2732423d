// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Datagrams to who reads the log: when there is nobody, when they are back, when they are stuck. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>
#include <cmocka.h>

#include "log_socket.h"
#include "util.h"

static char dir[] = "/tmp/eg_socket.XXXXXX";
static char path[64];

static int make_dir(void **state)
{
	(void)state;
	if (!mkdtemp(dir))
		return -1;
	(void)snprintf(path, sizeof(path), "%s/log", dir);
	return 0;
}

static int remove_dir(void **state)
{
	(void)state;
	(void)unlink(path);
	return rmdir(dir);
}

static int listen_there(void)
{
	struct sockaddr_un addr = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	(void)unlink(path);
	(void)strcpy(addr.sun_path, path);
	assert_true(fd >= 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&addr, sizeof(addr)), 0);
	return fd;
}

static void assert_gets(int fd, const char *text)
{
	char buf[64] = "";

	assert_int_equal(recv(fd, buf, sizeof(buf) - 1, MSG_DONTWAIT), strlen(text));
	assert_string_equal(buf, text);
}

static int64_t now_ms(void)
{
	struct timespec ts;

	assert_int_equal(clock_gettime(CLOCK_MONOTONIC, &ts), 0);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

static void test_nobody_and_back(void **state)
{
	struct eg_log_socket to = {.path = path, .fd = -1};
	int reader;

	(void)state;
	assert_int_equal(eg_log_socket_send(&to, "a", 1), -ENOENT);
	reader = listen_there();
	assert_int_equal(eg_log_socket_send(&to, "b", 1), 0);
	assert_gets(reader, "b");
	assert_int_equal(close(reader), 0);
	assert_int_equal(eg_log_socket_send(&to, "c", 1), -ECONNREFUSED);
	reader = listen_there();
	assert_int_equal(eg_log_socket_send(&to, "d", 1), 0);
	assert_gets(reader, "d");
	/* restarted between two lines: nothing is lost */
	assert_int_equal(close(reader), 0);
	reader = listen_there();
	assert_int_equal(eg_log_socket_send(&to, "e", 1), 0);
	assert_gets(reader, "e");
	assert_int_equal(close(reader), 0);
	assert_int_equal(close(to.fd), 0);
}

/* One wait, and none after it, however many lines there are; and it waits again once it went. */
static void test_stuck(void **state)
{
	struct eg_log_socket to = {.path = path, .fd = -1};
	int reader = listen_there(), sent = 0;
	int64_t before = now_ms(), took;
	char buf[16];

	(void)state;
	while (sent < 1000000 && eg_log_socket_send(&to, "x", 1) == 0)
		sent++;
	assert_in_range(sent, 1, 999999);
	assert_true(to.stuck);
	assert_int_equal(to.waits, 1);
	assert_true(now_ms() - before >= EG_LOG_WAIT_MS);
	before = now_ms();
	for (int i = 0; i < 1000; i++)
		assert_int_equal(eg_log_socket_send(&to, "y", 1), -EAGAIN);
	took = now_ms() - before;
	assert_true(took < EG_LOG_WAIT_MS);
	assert_int_equal(to.waits, 1);
	assert_int_equal(recv(reader, buf, sizeof(buf), 0), 1);
	while (recv(reader, buf, sizeof(buf), MSG_DONTWAIT) == 1)
		;
	assert_int_equal(eg_log_socket_send(&to, "z", 1), 0);
	assert_false(to.stuck);
	assert_gets(reader, "z");
	assert_int_equal(close(reader), 0);
	assert_int_equal(close(to.fd), 0);
}

/* Who can wait is told to, for ten seconds in all. */
static void test_room(void **state)
{
	struct eg_log_socket to = {.path = path, .fd = -1};
	int reader = listen_there();
	int64_t before;
	char buf[16];

	(void)state;
	assert_true(eg_log_socket_has_room(&to, EG_LOG_ROOM_MS, 1)); /* nothing has been sent */
	while (eg_log_socket_send(&to, "x", 1) == 0)
		;
	before = now_ms();
	assert_false(eg_log_socket_has_room(&to, EG_LOG_ROOM_MS, 1000));
	assert_false(eg_log_socket_has_room(&to, EG_LOG_ROOM_MS, 999 + EG_LOG_PATIENCE_MS));
	assert_true(eg_log_socket_has_room(&to, EG_LOG_ROOM_MS, 1000 + EG_LOG_PATIENCE_MS));
	assert_in_range(now_ms() - before, 3 * EG_LOG_ROOM_MS, 30 * EG_LOG_ROOM_MS);
	/* who asks for many does not wait for each */
	before = now_ms();
	for (int i = 0; i < 100; i++)
		assert_false(eg_log_socket_has_room(&to, 0, 1001));
	assert_true(now_ms() - before < 50 * EG_LOG_ROOM_MS);
	while (recv(reader, buf, sizeof(buf), MSG_DONTWAIT) == 1)
		;
	assert_true(eg_log_socket_has_room(&to, EG_LOG_ROOM_MS, 2000));
	assert_int_equal(to.full_ms, 0);
	assert_int_equal(close(reader), 0);
	assert_int_equal(close(to.fd), 0);
}

static void test_too_long(void **state)
{
	struct eg_log_socket to = {.path = path, .fd = -1};
	int reader = listen_there();
	char *big = calloc(1, 8 << 20);

	(void)state;
	assert_non_null(big);
	assert_int_equal(eg_log_socket_send(&to, big, 8 << 20), -EMSGSIZE);
	assert_int_equal(eg_log_socket_send(&to, "a", 1), 0);
	assert_gets(reader, "a");
	free(big);
	assert_int_equal(close(reader), 0);
	assert_int_equal(close(to.fd), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_nobody_and_back),
		cmocka_unit_test(test_stuck),
		cmocka_unit_test(test_room),
		cmocka_unit_test(test_too_long),
	};

	return cmocka_run_group_tests_name("log_socket", tests, make_dir, remove_dir);
}
