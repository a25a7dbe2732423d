// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * When what the rules are about has to be looked up anew: after which changes, and how soon after a
 * look that failed. The kernel and the disk are stood in for.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "place_disk.h"
#include "place_work.h"
#include "places.h"

/* What there is. */
static struct {
	uint32_t links;
	const char *mounts[4], *real;
	int error; /* of looking at mounts */
} fake;

int eg_bpf_place_links(struct eg_bpf *bpf, uint32_t *ret)
{
	(void)bpf;
	*ret = fake.links;
	return 0;
}

int eg_place_disk_mounts(int (*add)(const char *path, void *arg), void *arg)
{
	int r = fake.error;

	for (size_t i = 0; i < sizeof(fake.mounts) / sizeof(*fake.mounts) && !r; i++)
		if (fake.mounts[i])
			r = add(fake.mounts[i], arg);
	return r;
}

int eg_place_disk_real(const char *path, struct eg_place_way *way, struct eg_place_real *ret)
{
	(void)path;
	(void)way;
	(void)strcpy(ret->path, fake.real);
	return 0;
}

/* ---- the cases */

static struct eg_places places;

/* A place with a rule, and one without. */
static int set_up(void **state)
{
	long ruled;

	(void)state;
	memset(&fake, 0, sizeof(fake));
	fake.mounts[0] = "/";
	places = (struct eg_places){.lock = PTHREAD_MUTEX_INITIALIZER};
	if (eg_place_tree_init(&places.tree, 0) < 0)
		return -1;
	ruled = eg_place_tree_find(&places.tree, "/srv/data", true);
	places.tree.nodes[ruled].place.flags |= EG_PLACE_RULED;
	return eg_place_tree_find(&places.tree, "/opt", true) < 0;
}

static int tear_down(void **state)
{
	(void)state;
	eg_place_tree_done(&places.tree);
	return 0;
}

static void look(struct eg_place_watch *watch, bool all)
{
	assert_int_equal(eg_place_watch_begin(&places, watch), 0);
	eg_place_watch_settle(&places, watch, all);
}

static void test_mounts(void **state)
{
	struct eg_place_watch watch = {0};

	(void)state;
	assert_true(eg_place_watch_is_stale(&places, &watch)); /* nothing was looked up */
	look(&watch, true);
	assert_false(eg_place_watch_is_stale(&places, &watch));
	fake.mounts[1] = "/opt/elsewhere";
	assert_false(eg_place_watch_is_stale(&places, &watch));
	fake.mounts[2] = "/srv/data/here";
	assert_true(eg_place_watch_is_stale(&places, &watch));
	look(&watch, true);
	assert_false(eg_place_watch_is_stale(&places, &watch));
	fake.error = -EIO;
	assert_true(eg_place_watch_is_stale(&places, &watch));
	assert_int_equal(eg_place_watch_begin(&places, &watch), -EIO);
	fake.error = 0;
	assert_true(eg_place_watch_is_stale(&places, &watch)); /* it was not settled */
	eg_place_watch_done(&watch);
}

static void test_links(void **state)
{
	struct eg_place_watch watch = {0};

	(void)state;
	look(&watch, true);
	fake.links++;
	assert_true(eg_place_watch_is_stale(&places, &watch));
	look(&watch, true);
	assert_false(eg_place_watch_is_stale(&places, &watch));
	watch.links = calloc(1, sizeof(*watch.links));
	assert_non_null(watch.links);
	watch.links[0] = (struct eg_place_link){.path = strdup("/l"), .real = strdup("/a")};
	watch.n_links = 1;
	fake.real = "/a";
	assert_false(eg_place_watch_is_stale(&places, &watch));
	fake.real = "/b";
	assert_true(eg_place_watch_is_stale(&places, &watch));
	eg_place_watch_done(&watch);
}

/* Not each login pays for a look that fails; what has changed since is looked at at once. */
static void test_retry(void **state)
{
	struct eg_place_watch watch = {0};

	(void)state;
	look(&watch, false);
	assert_false(eg_place_watch_is_stale(&places, &watch));
	assert_true(watch.retry_ms > 1000);
	watch.retry_ms -= 1000; /* a second passes */
	assert_true(eg_place_watch_is_stale(&places, &watch));
	look(&watch, false);
	assert_false(eg_place_watch_is_stale(&places, &watch));
	fake.mounts[1] = "/srv/data/here";
	assert_true(eg_place_watch_is_stale(&places, &watch));
	look(&watch, true);
	assert_int_equal(watch.retry_ms, 0);
	assert_false(eg_place_watch_is_stale(&places, &watch));
	eg_place_watch_done(&watch);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_mounts, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_links, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_retry, set_up, tear_down),
	};

	return cmocka_run_group_tests_name("place_watch", tests, NULL, NULL);
}
