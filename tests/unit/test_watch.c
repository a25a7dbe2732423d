// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Feeds that change, on a real file system: what is read anew, also when it changes while a
 * configuration is loaded. The loop and reloads are stood in for.
 */
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
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

#include "helper.h"
#include "inforce.h"
#include "log.h"
#include "watch.h"

static struct {
	struct eg_source *source;
	int reloads, lines;
} fake;

int eg_loop_add(struct eg_helper *helper, struct eg_source *source, uint32_t events)
{
	(void)helper;
	(void)events;
	fake.source = source;
	return 0;
}

void eg_reload(struct eg_helper *helper, int waiter)
{
	(void)helper;
	assert_int_equal(waiter, -1);
	fake.reloads++;
}

void eg_log(int priority, const char *format, ...)
{
	(void)format;
	fake.lines += priority <= LOG_WARNING;
}

/* ---- files: two of them, and a link to the first, all made long before */

static char dir[] = "/tmp/eg-watch-XXXXXX";
static char feed[PATH_MAX]; /* a name in the directory that is a link */

static const char *at(const char *name)
{
	static char path[2][PATH_MAX];
	static int turn;

	turn = !turn;
	(void)snprintf(path[turn], PATH_MAX, "%s/%s", dir, name);
	return path[turn];
}

static void write_to(const char *name, const char *text)
{
	int fd = open(at(name), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	(void)close(fd);
}

/* As ln -sfn does in one step. */
static void point(const char *name, const char *target)
{
	assert_int_equal(symlink(target, at("new")), 0);
	assert_int_equal(rename(at("new"), at(name)), 0);
}

static struct eg_config_feed list[1];
static struct eg_config_profile profiles[1];
static struct eg_config config;
static struct eg_helper helper;

static int set_up(void **state)
{
	(void)state;
	(void)strcpy(dir + sizeof(dir) - 7, "XXXXXX");
	if (!mkdtemp(dir) || mkdir(at("v1"), 0700) || mkdir(at("v2"), 0700))
		return -1;
	write_to("v1/drop", "18.0.0.0/9\n");
	write_to("v2/drop", "18.0.0.0/9\n");
	point("drop", "v1/drop");
	point("current", "v1");
	memset(&fake, 0, sizeof(fake));
	helper = (struct eg_helper){.config = &config};
	(void)snprintf(feed, sizeof(feed), "%s", at("drop"));
	list[0].path = feed;
	profiles[0].feeds.list = list;
	profiles[0].feeds.n = 1;
	config.profiles = profiles;
	config.n_profiles = 1;
	return 0;
}

static int tear_down(void **state)
{
	char command[64];

	(void)state;
	eg_watch_close(&helper);
	(void)snprintf(command, sizeof(command), "rm -rf %s", dir);
	return system(command);
}

/* The loop: what the kernel tells, and then the time that a feed is left alone for. Reloads that
 * are asked for. */
static int turn(bool look)
{
	struct pollfd p = {.fd = fake.source->fd, .events = POLLIN};
	int before = fake.reloads;

	if (poll(&p, 1, 0) > 0)
		fake.source->handle(&helper, fake.source, (uint32_t)p.revents);
	eg_watch_tick(&helper, eg_proto_now_ms(), look);
	eg_watch_tick(&helper, eg_proto_now_ms() + 2000, false);
	return fake.reloads - before;
}

static void load(void)
{
	eg_watch_renew(&helper, eg_watch_begin(&config));
	assert_int_equal(fake.lines, 0);
}

/* ---- the cases */

static void test_change(void **state)
{
	(void)state;
	load();
	assert_int_equal(turn(true), 0);
	write_to("v2/drop", "18.0.0.0/10\n"); /* it is nobody's */
	assert_int_equal(turn(true), 0);
	write_to("v1/drop", "18.0.0.0/10\n");
	assert_int_equal(turn(false), 1);
	point("drop", "v2/drop");
	assert_int_equal(turn(false), 1);
	load();
	write_to("v2/drop", "18.0.0.0/11\n");
	assert_int_equal(turn(false), 1);
	assert_int_equal(rename(at("v1/drop"), at("v2/drop")), 0);
	assert_int_equal(turn(false), 1);
	assert_int_equal(turn(false), 0);
}

/* A load takes seconds: what changes meanwhile may have been read before it did. */
static void test_change_during_a_load(void **state)
{
	struct eg_watch *next;

	(void)state;
	load();
	next = eg_watch_begin(&config);
	eg_watch_renew(&helper, next);
	assert_int_equal(turn(true), 0);
	next = eg_watch_begin(&config);
	write_to("v1/drop", "18.0.0.0/10\n");
	eg_watch_renew(&helper, next);
	assert_int_equal(turn(false), 1);
	next = eg_watch_begin(&config);
	point("drop", "v2/drop"); /* to a file that is older than all of this */
	eg_watch_renew(&helper, next);
	assert_int_equal(turn(false), 1);
	load();
	assert_int_equal(turn(true), 0);
}

/* A link on the way is not watched: within a minute, then. */
static void test_link_on_the_way(void **state)
{
	struct eg_watch *next;

	(void)state;
	(void)snprintf(feed, sizeof(feed), "%s", at("current/drop"));
	next = eg_watch_begin(&config);
	point("current", "v2");
	eg_watch_renew(&helper, next);
	assert_int_equal(turn(true), 1);
	assert_int_equal(turn(true), 0);
}

/* A change that has not had its moment of quiet, of a load that comes to nothing, and of one that
 * had no memory. */
static void test_pending(void **state)
{
	struct eg_watch *next;

	(void)state;
	load();
	write_to("v1/drop", "18.0.0.0/10\n");
	fake.source->handle(&helper, fake.source, POLLIN);
	eg_watch_drop(eg_watch_begin(&config));
	eg_watch_renew(&helper, NULL);
	assert_int_equal(fake.lines, 1);
	fake.lines = 0;
	next = eg_watch_begin(&config);
	eg_watch_renew(&helper, next);
	assert_int_equal(turn(false), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_change, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_change_during_a_load, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_link_on_the_way, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_pending, set_up, tear_down),
	};

	return cmocka_run_group_tests_name("watch", tests, NULL, NULL);
}
