// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* What systemd is told, over a socket that stands in for its own, and what it asks for. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
#include <cmocka.h>

#include "notify.h"
#include "util.h"

static char dir[] = "/tmp/eg_notify.XXXXXX";
static char path[64];

static int make_dir(void **state)
{
	(void)state;
	if (!mkdtemp(dir))
		return -1;
	(void)snprintf(path, sizeof(path), "%s/notify", dir);
	return 0;
}

static int remove_dir(void **state)
{
	(void)state;
	(void)unlink(path);
	return rmdir(dir);
}

static int listen_at(const char *name, size_t n)
{
	struct sockaddr_un addr = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	memcpy(addr.sun_path, name, n);
	assert_true(fd >= 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&addr,
			      (socklen_t)(offsetof(struct sockaddr_un, sun_path) + n)),
			 0);
	return fd;
}

static void assert_gets(int fd, const char *text)
{
	char buf[64] = "";

	assert_int_equal(recv(fd, buf, sizeof(buf) - 1, MSG_DONTWAIT), strlen(text));
	assert_string_equal(buf, text);
}

static void test_states_are_told(void **state)
{
	int fd eg_auto_close = listen_at(path, strlen(path));

	(void)state;
	assert_int_equal(setenv("NOTIFY_SOCKET", path, 1), 0);
	eg_notify_ready();
	assert_gets(fd, "READY=1");
	eg_notify_reloading();
	assert_gets(fd, "RELOADING=1");
	eg_notify_alive();
	assert_gets(fd, "WATCHDOG=1");
	eg_notify_stopping();
	assert_gets(fd, "STOPPING=1");
}

static void test_abstract_name(void **state)
{
	char name[64];
	int n = snprintf(name, sizeof(name), "@eg-notify-%d", (int)getpid());
	int fd eg_auto_close = -1;

	(void)state;
	assert_int_equal(setenv("NOTIFY_SOCKET", name, 1), 0);
	name[0] = '\0';
	fd = listen_at(name, (size_t)n);
	eg_notify_ready();
	assert_gets(fd, "READY=1");
}

/* Nobody, an empty name, one that is too long, somebody who is not there. */
static void test_nobody_to_tell(void **state)
{
	char name[256];

	(void)state;
	(void)unsetenv("NOTIFY_SOCKET");
	eg_notify_ready();
	assert_int_equal(setenv("NOTIFY_SOCKET", "", 1), 0);
	eg_notify_ready();
	memset(name, 'n', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	assert_int_equal(setenv("NOTIFY_SOCKET", name, 1), 0);
	eg_notify_ready();
	assert_int_equal(setenv("NOTIFY_SOCKET", "/nowhere/notify", 1), 0);
	eg_notify_ready();
}

/* systemd does not read: a sign of life does not wait until it does. */
static void test_alive_does_not_wait(void **state)
{
	struct sockaddr_un addr = {.sun_family = AF_UNIX};
	int sender eg_auto_close = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	int fd eg_auto_close = -1;
	int sent = 0;

	(void)state;
	(void)unlink(path);
	fd = listen_at(path, strlen(path));
	(void)strcpy(addr.sun_path, path);
	while (sendto(sender, "x", 1, MSG_DONTWAIT, (struct sockaddr *)&addr, sizeof(addr)) == 1)
		sent++;
	assert_int_equal(errno, EAGAIN);
	assert_true(sent > 0);
	assert_int_equal(setenv("NOTIFY_SOCKET", path, 1), 0);
	(void)alarm(10); /* would end the test */
	eg_notify_alive();
	(void)alarm(0);
}

static void test_how_often(void **state)
{
	static const struct {
		const char *usec;
		bool own, others;
		int64_t expected;
	} cases[] = {
		{NULL, false, false, 0},
		{"30000000", false, false, 10000},
		{"30000000", true, false, 10000},
		{"30000000", false, true, 0},
		{"1000", false, false, 1}, /* often, not never */
		{"0", false, false, 0},
		{"", false, false, 0},
		{"-30000000", false, false, 0},
		{"30000000s", false, false, 0},
		{"99999999999999999999999", false, false, 0},
	};

	(void)state;
	for (size_t i = 0; i < EG_ARRAY_SIZE(cases); i++) {
		char pid[32];

		(void)unsetenv("WATCHDOG_USEC");
		(void)unsetenv("WATCHDOG_PID");
		if (cases[i].usec)
			assert_int_equal(setenv("WATCHDOG_USEC", cases[i].usec, 1), 0);
		(void)snprintf(pid, sizeof(pid), "%d", (int)(cases[i].own ? getpid() : 1));
		if (cases[i].own || cases[i].others)
			assert_int_equal(setenv("WATCHDOG_PID", pid, 1), 0);
		assert_int_equal(eg_notify_alive_every_ms(), cases[i].expected);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_states_are_told), cmocka_unit_test(test_abstract_name),
		cmocka_unit_test(test_nobody_to_tell),	cmocka_unit_test(test_alive_does_not_wait),
		cmocka_unit_test(test_how_often),
	};

	return cmocka_run_group_tests(tests, make_dir, remove_dir);
}
