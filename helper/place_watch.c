// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* What the kernel side does not see of places: links that lead elsewhere, and mounts. */
#include <stdlib.h>
#include <string.h>

#include "place_disk.h"
#include "place_work.h"
#include "proto.h"
#include "util.h"

enum { RETRY_MS = 1000 };

/* ---- mounts ---- */

static uint64_t hash_of(const char *path)
{
	uint64_t hash = 0xcbf29ce484222325;

	for (; *path; path++)
		hash = (hash ^ (unsigned char)*path) * 0x100000001b3;
	return hash;
}

/* A mount counts when a place with rules is above it. */
static bool counts(struct eg_place_tree *tree, const char *path)
{
	const char *at = path;
	long index = 0;

	while (*at && index >= 0) {
		size_t n = strcspn(++at, "/");

		if (tree->nodes[index].place.flags & EG_PLACE_RULED)
			return true;
		if (n)
			index = eg_place_tree_child(tree, (uint32_t)index, at, n, false);
		at += n;
	}
	return false;
}

/* Mount points on their way into a list. */
struct list {
	char *text; /* owned */
	size_t n, room;
};

static int add_mount(const char *path, void *arg)
{
	size_t size = strlen(path) + 1;
	struct list *list = arg;
	char *more;

	if (list->room - list->n < size) {
		more = realloc(list->text, 2 * list->room + size);
		if (!more)
			return -ENOMEM;
		list->text = more;
		list->room = 2 * list->room + size;
	}
	memcpy(list->text + list->n, path, size);
	list->n += size;
	return 0;
}

/* What is mounted now, in place of what was. 0 or a negative errno. */
static int list_mounts(struct eg_place_watch *watch)
{
	struct list list = {0};
	int r = eg_place_disk_mounts(add_mount, &list);

	if (r < 0) {
		free(list.text);
		return r;
	}
	free(watch->mounts);
	watch->mounts = list.text;
	watch->n_mounts = list.n;
	return 0;
}

/* Their order does not count. tree: NULL = all of them, else those below places with rules. */
static uint64_t digest(const struct eg_place_watch *watch, struct eg_place_tree *tree)
{
	uint64_t sum = 0;

	for (size_t at = 0; at < watch->n_mounts; at += strlen(watch->mounts + at) + 1)
		if (!tree || counts(tree, watch->mounts + at))
			sum += hash_of(watch->mounts + at);
	return sum;
}

static uint64_t digest_counted(struct eg_places *places, const struct eg_place_watch *watch)
{
	uint64_t sum;

	(void)pthread_mutex_lock(&places->lock); /* fails for what is no mutex only */
	sum = digest(watch, &places->tree);
	(void)pthread_mutex_unlock(&places->lock);
	return sum;
}

static bool have_mounts_changed(struct eg_places *places, struct eg_place_watch *watch)
{
	uint64_t all;

	if (list_mounts(watch) < 0)
		return true;
	all = digest(watch, NULL);
	if (all == watch->all)
		return false;
	if (digest_counted(places, watch) != watch->counted)
		return true;
	watch->all = all;
	return false;
}

/* ---- links ---- */

static void forget_links(struct eg_place_watch *watch)
{
	for (size_t i = 0; i < watch->n_links; i++) {
		free(watch->links[i].path);
		free(watch->links[i].real);
	}
	free(watch->links);
	watch->links = NULL;
	watch->n_links = 0;
}

static bool have_links_changed(struct eg_places *places, const struct eg_place_watch *watch)
{
	uint32_t links = watch->seen_links;
	struct eg_place_real real;

	if (eg_bpf_place_links(places->bpf, &links) < 0 || links != watch->seen_links)
		return true;
	for (size_t i = 0; i < watch->n_links; i++)
		if (eg_place_disk_real(watch->links[i].path, NULL, &real) < 0 ||
		    strcmp(real.path, watch->links[i].real) != 0)
			return true;
	return false;
}

/* ---- both ---- */

int eg_place_watch_begin(struct eg_places *places, struct eg_place_watch *watch)
{
	int r;

	eg_place_watch_done(watch);
	r = eg_bpf_place_links(places->bpf, &watch->seen_links);
	return r < 0 ? r : list_mounts(watch);
}

void eg_place_watch_settle(struct eg_places *places, struct eg_place_watch *watch, bool all)
{
	watch->retry_ms = all ? 0 : eg_proto_now_ms() + RETRY_MS;
	watch->all = digest(watch, NULL);
	watch->counted = digest_counted(places, watch);
	watch->settled = true;
}

bool eg_place_watch_is_stale(struct eg_places *places, struct eg_place_watch *watch)
{
	return !watch->settled || (watch->retry_ms && eg_proto_now_ms() >= watch->retry_ms) ||
	       have_links_changed(places, watch) || have_mounts_changed(places, watch);
}

void eg_place_watch_done(struct eg_place_watch *watch)
{
	forget_links(watch);
	free(watch->mounts);
	*watch = (struct eg_place_watch){0};
}
