// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * What the kernel side is told of places that have lost their rules. It and the disk, where all is
 * there and nothing is a link, are stood in for.
 */
#include <errno.h>
#include <limits.h>
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

enum { ROOM = 64 };

/* The maps: of each place what it is, by its number. */
static struct {
	uint32_t named[ROOM], seen[ROOM]; /* flags */
	char name[ROOM][EG_PLACE_NAME_SIZE];
	const struct eg_policy_place *rules; /* there are */
	size_t n_rules;
	int error;
} fake;

int eg_place_disk_ids(struct eg_bpf *bpf, size_t n,
		      int (*path_of)(size_t i, char *buf, const void *arg), const void *arg,
		      struct eg_file_id *ret)
{
	char path[PATH_MAX];

	(void)bpf;
	memset(ret, 0, n * sizeof(*ret));
	for (size_t i = 0; i < n; i++) {
		assert_int_equal(path_of(i, path, arg), 0);
		ret[i].dev = 1;
		for (const char *p = path; *p; p++)
			ret[i].ino = ret[i].ino * 31 + (unsigned char)*p;
	}
	return 0;
}

int eg_place_disk_real(const char *path, struct eg_place_way *way, struct eg_place_real *ret)
{
	(void)way;
	(void)strcpy(ret->path, path);
	ret->first_link = 0;
	ret->lasting = true;
	return 0;
}

int eg_bpf_places_get(struct eg_bpf *bpf, enum eg_bpf_places kind, void **ret_keys,
		      struct eg_place **ret_places, size_t *ret_n)
{
	(void)bpf;
	(void)kind;
	*ret_keys = NULL;
	*ret_places = NULL;
	*ret_n = 0;
	return 0;
}

int eg_bpf_places_put(struct eg_bpf *bpf, enum eg_bpf_places kind, const void *keys,
		      const struct eg_place *places, size_t n)
{
	const struct eg_place_key *names = keys;

	(void)bpf;
	for (size_t i = 0; i < n; i++) {
		assert_true(places[i].id < ROOM);
		if (kind == EG_PLACES_SEEN)
			fake.seen[places[i].id] = places[i].flags;
		if (kind != EG_PLACES_NAMED)
			continue;
		fake.named[places[i].id] = places[i].flags;
		memcpy(fake.name[places[i].id], names[i].name, EG_PLACE_NAME_SIZE);
	}
	return fake.error;
}

int eg_bpf_places_drop(struct eg_bpf *bpf, enum eg_bpf_places kind, const void *keys, size_t n)
{
	(void)bpf;
	(void)kind;
	(void)keys;
	(void)n;
	return 0;
}

int eg_bpf_places_unlink(struct eg_bpf *bpf, bool (*is_live)(uint32_t place, const void *arg),
			 const void *arg)
{
	(void)bpf;
	(void)is_live;
	(void)arg;
	return 0;
}

int eg_bpf_place_last_get(struct eg_bpf *bpf, uint32_t *ret)
{
	(void)bpf;
	*ret = 0;
	return 0;
}

int eg_bpf_place_last_set(struct eg_bpf *bpf, uint32_t last)
{
	(void)bpf;
	(void)last;
	return 0;
}

int eg_bpf_place_rules_put(struct eg_bpf *bpf, uint32_t index, const struct eg_policy_place *rules,
			   size_t n)
{
	(void)bpf;
	(void)index;
	(void)rules;
	(void)n;
	return 0;
}

int eg_bpf_place_rules_keep(struct eg_bpf *bpf, uint32_t index, const struct eg_policy_place *rules,
			    size_t n)
{
	return eg_bpf_place_rules_put(bpf, index, rules, n);
}

int eg_bpf_place_rules_used(struct eg_bpf *bpf, struct eg_policy_place **ret, size_t *ret_n)
{
	(void)bpf;
	*ret = calloc(fake.n_rules + 1, sizeof(**ret));
	assert_non_null(*ret);
	for (size_t i = 0; i < fake.n_rules; i++)
		(*ret)[i] = fake.rules[i];
	*ret_n = fake.n_rules;
	return 0;
}

int eg_bpf_sockets_put(struct eg_bpf *bpf, const struct eg_policy_name *names, size_t n)
{
	(void)bpf;
	(void)names;
	(void)n;
	return 0;
}

/* ---- the cases */

static bool is_marked(const char *name)
{
	for (size_t i = 0; i < ROOM; i++)
		if (!strcmp(fake.name[i], name)) {
			assert_int_equal(fake.named[i], fake.seen[i]);
			return fake.named[i] & EG_PLACE_RULED;
		}
	fail();
	return false;
}

/* Looks the paths up; the rules about them are what there is, then. */
static void look_up(struct eg_places *places, const struct eg_place_want *wants, size_t n)
{
	struct eg_place_watch watch = {0};
	struct eg_policy_place *rules = NULL;
	const char *bad = NULL;
	size_t n_rules = 0;

	assert_int_equal(eg_places_resolve(places, &watch, wants, n, &rules, &n_rules, &bad), 0);
	free((void *)fake.rules);
	fake.rules = rules;
	fake.n_rules = n_rules;
}

static void test_marks(void **state)
{
	const uint32_t read = 1U << EG_ASK_READ, write = 1U << EG_ASK_WRITE;
	const struct eg_place_want wants[] = {
		{"/srv/deep/data/file", write, write, 0}, /* what keeps its way */
		{"/srv", read, read, 0},
		{"/srv/deep", read, read, 0},
	};
	struct eg_places *places;

	(void)state;
	memset(&fake, 0, sizeof(fake));
	assert_int_equal(eg_places_open(NULL, &places), 0);
	look_up(places, wants, 3);
	assert_int_equal(eg_places_sweep(places), 0);
	assert_true(is_marked("srv") && is_marked("deep") && is_marked("file"));
	assert_false(is_marked("data"));
	look_up(places, wants, 2);
	eg_places_hold(places);
	assert_int_equal(eg_places_sweep(places), 0);
	assert_true(is_marked("deep")); /* somebody's rules may be on their way */
	eg_places_release(places);
	assert_int_equal(eg_places_sweep(places), 0);
	assert_false(is_marked("deep")); /* it has a rule: that it keeps its name */
	assert_true(is_marked("srv") && is_marked("file"));
	look_up(places, wants, 3);
	assert_true(is_marked("deep"));
	look_up(places, wants, 1);
	fake.error = -ENOMEM;
	assert_int_equal(eg_places_sweep(places), -ENOMEM);
	fake.error = 0;
	look_up(places, wants, 1); /* tells it, with all that is news */
	assert_false(is_marked("srv") || is_marked("deep"));
	assert_true(is_marked("file"));
	eg_places_close(places);
	free((void *)fake.rules);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_marks),
	};

	return cmocka_run_group_tests_name("places", tests, NULL, NULL);
}
