// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The tree of places, against a plain list of paths. */
#include <errno.h>
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "place_tree.h"
#include "util.h"

enum { PATHS = 3000, PATH_SIZE = 1024 };

static uint32_t id_of(struct eg_place_tree *tree, const char *path, bool make)
{
	long index = eg_place_tree_find(tree, path, make);

	assert_true(index >= 0);
	return tree->nodes[index].place.id;
}

static void test_find_root(void **state)
{
	struct eg_place_tree tree;

	(void)state;
	assert_int_equal(eg_place_tree_init(&tree, 0), 0);
	assert_int_equal(eg_place_tree_find(&tree, "/", false), 0);
	assert_int_equal(tree.nodes[0].place.id, EG_PLACE_ROOT);
	assert_int_equal(eg_place_tree_find(&tree, "/a", false), -ENOENT);
	assert_int_equal(tree.n, 1);
	eg_place_tree_done(&tree);
	eg_place_tree_done(&tree);
}

/* Numbers go on where they ended, whatever is in the tree. */
static void test_find_numbers(void **state)
{
	struct eg_place_tree tree;

	(void)state;
	assert_int_equal(eg_place_tree_init(&tree, 41), 0);
	assert_int_equal(id_of(&tree, "/a/b", true), 43);
	assert_int_equal(id_of(&tree, "/a", false), 42);
	assert_int_equal(id_of(&tree, "/a/c", true), 44);
	assert_int_equal(tree.last_id, 44);
	assert_true(tree.nodes[eg_place_tree_by_id(&tree, 42)].place.flags & EG_PLACE_NAMES);
	assert_false(tree.nodes[eg_place_tree_by_id(&tree, 44)].place.flags & EG_PLACE_NAMES);
	assert_int_equal(eg_place_tree_by_id(&tree, 45), -ENOENT);
	eg_place_tree_done(&tree);
}

/* Names up to 255 bytes, piece by piece: no two of them are one, and none is what a shorter one
 * holds. */
static void test_find_long_names(void **state)
{
	struct eg_place_tree tree;
	char path[2 * NAME_MAX + 8], other[2 * NAME_MAX + 8];
	uint32_t ids[NAME_MAX + 1], below[NAME_MAX + 1];

	(void)state;
	assert_int_equal(eg_place_tree_init(&tree, 0), 0);
	for (int n = 1; n <= NAME_MAX; n++) {
		(void)sprintf(path, "/%0*d", n, 0);
		ids[n] = id_of(&tree, path, true);
		(void)sprintf(path, "/%0*d/0", n, 0);
		below[n] = id_of(&tree, path, true);
	}
	for (int n = 1; n <= NAME_MAX; n++) {
		for (int m = 1; m < n; m++)
			assert_true(ids[n] != ids[m] && below[n] != below[m] && ids[n] != below[m]);
		(void)sprintf(path, "/%0*d", n, 0);
		assert_int_equal(id_of(&tree, path, false), ids[n]);
	}
	(void)sprintf(other, "/%0*d", NAME_MAX + 1, 0);
	assert_int_equal(eg_place_tree_find(&tree, other, true), -ENAMETOOLONG);
	eg_place_tree_done(&tree);
}

/* Few different components, so that paths meet. */
static void random_path(char *path)
{
	int depth = 1 + rand() % 6;

	*path = '\0';
	for (int i = 0; i < depth; i++) {
		int n = rand() % 20 ? 1 : 25 + rand() % 80;

		path += sprintf(path, "/%c%0*d", 'a' + rand() % 3, n, rand() % 3);
	}
}

static size_t add_random(struct eg_place_tree *tree, char (*paths)[PATH_SIZE], uint32_t *ids)
{
	size_t n = 0;

	for (size_t i = 0; i < PATHS; i++) {
		size_t j = 0;

		random_path(paths[n]);
		while (j < n && strcmp(paths[j], paths[n]) != 0)
			j++;
		ids[n] = id_of(tree, paths[n], true);
		if (j < n)
			assert_int_equal(ids[n], ids[j]);
		else
			n++;
	}
	return n;
}

static void assert_different(const uint32_t *ids, size_t n)
{
	for (size_t i = 0; i < n; i++)
		for (size_t j = 0; j < i; j++)
			assert_true(ids[i] != ids[j]);
}

/* What a helper finds in the maps of the one before is what that had. */
static void test_load(void **state)
{
	static char paths[PATHS + 1][PATH_SIZE];
	static uint32_t ids[PATHS + 1];
	struct eg_place_tree tree, again;
	struct eg_place_key *keys;
	struct eg_place *places;
	size_t n;

	(void)state;
	srand(5);
	assert_int_equal(eg_place_tree_init(&tree, 0), 0);
	n = add_random(&tree, paths, ids);
	assert_different(ids, n);
	keys = calloc(tree.n, sizeof(*keys));
	places = calloc(tree.n, sizeof(*places));
	for (size_t i = 1; i < tree.n; i++) { /* the other way round */
		keys[tree.n - 1 - i] = tree.nodes[i].key;
		places[tree.n - 1 - i] = tree.nodes[i].place;
	}
	assert_int_equal(eg_place_tree_init(&again, 7), 0);
	assert_int_equal(eg_place_tree_load(&again, keys, places, tree.n - 1), 0);
	assert_int_equal(again.n, tree.n);
	assert_int_equal(again.last_id, tree.last_id);
	for (size_t i = 0; i < n; i++)
		assert_int_equal(id_of(&again, paths[i], false), ids[i]);
	for (size_t i = 1; i < again.n; i++)
		assert_true(again.nodes[i].place.id > again.nodes[i - 1].place.id &&
			    again.nodes[i].parent < i);
	eg_place_tree_done(&again);

	/* Half of it: what hangs in the air is left out, and nothing breaks. */
	assert_int_equal(eg_place_tree_init(&again, 7), 0);
	assert_int_equal(eg_place_tree_load(&again, keys, places, tree.n / 2), 0);
	for (size_t i = 1; i < again.n; i++)
		assert_int_equal(again.nodes[again.nodes[i].parent].place.id,
				 again.nodes[i].key.dir);
	eg_place_tree_done(&again);
	eg_place_tree_done(&tree);
	free(keys);
	free(places);
}

static bool is_third(const struct eg_place_node *node, const void *arg)
{
	(void)arg;
	return node->place.id % 3 == 0;
}

static void test_prune(void **state)
{
	static char paths[PATHS + 1][PATH_SIZE];
	static uint32_t ids[PATHS + 1];
	struct eg_place_tree tree;
	size_t n, before;
	uint32_t last;

	(void)state;
	srand(6);
	assert_int_equal(eg_place_tree_init(&tree, 0), 0);
	n = add_random(&tree, paths, ids);
	before = tree.n;
	last = tree.last_id;
	assert_int_equal(eg_place_tree_prune(&tree, is_third, NULL), 0);
	assert_true(tree.n > 1 && tree.n < before);
	for (size_t i = 0; i < n; i++) {
		long index = eg_place_tree_find(&tree, paths[i], false);

		if (ids[i] % 3 == 0)
			assert_true(index > 0 && tree.nodes[index].place.id == ids[i]);
		else if (index >= 0) /* on the way */
			assert_int_equal(tree.nodes[index].place.id, ids[i]);
	}
	for (size_t i = 1; i < tree.n; i++)
		assert_int_equal(tree.nodes[tree.nodes[i].parent].place.id, tree.nodes[i].key.dir);
	/* A number is never given twice. */
	assert_int_equal(id_of(&tree, "/new", true), last + 1);
	eg_place_tree_done(&tree);
}

static void test_plain(void **state)
{
	static const struct {
		const char *path, *plain; /* NULL = refused */
	} cases[] = {
		{"/", "/"},	    {"//", "/"},	{"/a", "/a"},	      {"/a/", "/a"},
		{"//a//b", "/a/b"}, {"/a/./b", "/a/b"}, {"/.", "/"},	      {"/a/.", "/a"},
		{"/..", NULL},	    {"/a/../b", NULL},	{"/a/..b", "/a/..b"}, {"a", NULL},
		{"", NULL},	    {"/...", "/..."},
	};
	char buf[8];

	(void)state;
	for (size_t i = 0; i < EG_ARRAY_SIZE(cases); i++) {
		if (cases[i].plain) {
			assert_int_equal(eg_place_plain(cases[i].path, buf, sizeof(buf)), 0);
			assert_string_equal(buf, cases[i].plain);
		} else {
			assert_int_equal(eg_place_plain(cases[i].path, buf, sizeof(buf)), -EINVAL);
		}
	}
	assert_int_equal(eg_place_plain("/123456", buf, sizeof(buf)), 0);
	assert_int_equal(eg_place_plain("/1234567", buf, sizeof(buf)), -ENAMETOOLONG);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_find_root),	cmocka_unit_test(test_find_numbers),
		cmocka_unit_test(test_find_long_names), cmocka_unit_test(test_load),
		cmocka_unit_test(test_prune),		cmocka_unit_test(test_plain),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
