// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* From paths to places and the rules about them: links followed, ways kept, mounts found. */
#include "place_work.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "place_disk.h"
#include "util.h"

enum { LINKS_MAX = 1024 /* that are watched */ };

void eg_place_work_done(struct eg_place_work *work)
{
	free(work->rules);
	free(work->nodes);
	free(work->ids);
	free(work->owners);
}

/* Room for one more. 0 or -ENOMEM. */
static int grow(void *list, size_t n, size_t *room, size_t size)
{
	void **at = list, *more;

	if (n < *room)
		return 0;
	more = reallocarray(*at, *room ? 2 * *room : 256, size);
	if (!more)
		return -ENOMEM;
	*at = more;
	*room = *room ? 2 * *room : 256;
	return 0;
}

/* ---- rules ---- */

/* The rule of a node, made when there is none yet. */
static struct eg_place_rule *rule_of(struct eg_place_work *work, uint32_t index)
{
	struct eg_place_node *node = eg_place_node_at(work, index);

	if (node->round == work->places->round && node->rule)
		return &work->rules[node->rule - 1].rule;
	if (grow(&work->rules, work->n_rules, &work->rules_room, sizeof(*work->rules)) < 0)
		return NULL;
	work->rules[work->n_rules] = (struct eg_policy_place){.place = node->place.id};
	node->rule = (uint32_t)++work->n_rules;
	return &work->rules[node->rule - 1].rule;
}

/* Where two say something about the same, deny wins, and then the first. */
static void merge(struct eg_place_rule *rule, uint32_t ask, bool denied, uint32_t line)
{
	uint32_t bit = 1U << ask;

	if (rule->denied & bit || (rule->about & bit && !denied))
		return;
	rule->about |= bit;
	rule->denied |= denied ? bit : 0;
	rule->line[ask] = line;
}

int eg_place_work_rule(struct eg_place_work *work, uint32_t index, uint32_t about, uint32_t denied,
		       const uint32_t line[EG_ASK_MAX])
{
	struct eg_place_rule *rule = rule_of(work, index);

	struct eg_place_node *node = eg_place_node_at(work, index);

	if (!rule)
		return -ENOMEM;
	if (!(node->place.flags & EG_PLACE_RULED)) {
		node->place.flags |= EG_PLACE_RULED;
		node->changed = true;
	}
	for (uint32_t ask = 0; ask < EG_ASK_MAX; ask++)
		if (about & 1U << ask)
			merge(rule, ask, denied & 1U << ask, line[ask]);
	return 0;
}

/* The directories on the way to what must not be changed must keep their names, or another could
 * come in their place. */
static int keep_way(struct eg_place_work *work, uint32_t index, uint32_t line)
{
	uint32_t at = eg_place_node_at(work, index)->parent;

	for (; at; at = eg_place_node_at(work, at)->parent) {
		struct eg_place_rule *rule = rule_of(work, at);

		if (!rule)
			return -ENOMEM;
		if (rule->denied & 1U << EG_ASK_KEEP)
			break;
		merge(rule, EG_ASK_KEEP, true, line);
	}
	return 0;
}

/* ---- paths ---- */

int eg_place_work_touch(struct eg_place_work *work, uint32_t index, bool ask)
{
	uint32_t round = work->places->round;

	for (;; index = eg_place_node_at(work, index)->parent) {
		struct eg_place_node *node = eg_place_node_at(work, index);

		if (node->round != round) {
			node->round = round;
			node->rule = 0;
			node->asked = false;
		} else if (node->asked || !ask) {
			return 0;
		}
		if (ask) {
			if (grow(&work->nodes, work->n_nodes, &work->nodes_room,
				 sizeof(*work->nodes)) < 0)
				return -ENOMEM;
			work->nodes[work->n_nodes++] = index;
			node->asked = true;
		}
		if (!index)
			return 0;
	}
}

/* The node of a path, in this round. Index or a negative errno. */
static long enter(struct eg_place_work *work, const char *path, bool ask)
{
	long index = eg_place_tree_find(&work->places->tree, path, true);
	int r = index < 0 ? (int)index : eg_place_work_touch(work, (uint32_t)index, ask);

	return r < 0 ? r : index;
}

static int add_want(struct eg_place_work *work, const struct eg_place_want *want, long index)
{
	uint32_t line[EG_ASK_MAX];
	int r;

	if (index < 0)
		return (int)index;
	for (size_t i = 0; i < EG_ASK_MAX; i++)
		line[i] = want->line;
	r = eg_place_work_rule(work, (uint32_t)index, want->about, want->denied, line);
	if (!r && want->denied & 1U << EG_ASK_WRITE)
		r = keep_way(work, (uint32_t)index, want->line);
	return r;
}

/* Notes a path with links, to see whether they lead elsewhere later. */
static int note_link(struct eg_place_watch *watch, const char *path, const char *real)
{
	struct eg_place_link link = {0}, *more;

	if (watch->n_links == LINKS_MAX)
		return 0;
	for (size_t i = 0; i < watch->n_links; i++)
		if (!strcmp(watch->links[i].path, path) && !strcmp(watch->links[i].real, real))
			return 0;
	more = reallocarray(watch->links, watch->n_links + 1, sizeof(*more));
	if (!more)
		return -ENOMEM;
	watch->links = more;
	link.path = strdup(path);
	link.real = strdup(real);
	if (!link.path || !link.real) {
		free(link.path);
		free(link.real);
		return -ENOMEM;
	}
	watch->links[watch->n_links++] = link;
	return 0;
}

/* Not where somebody has made a link to / or to a device: everybody writes to /dev/null. */
int eg_place_work_add(struct eg_place_work *work, const struct eg_place_want *want)
{
	char plain[PATH_MAX], way[PATH_MAX];
	struct eg_place_real real;
	int r = eg_place_plain(want->path, plain, sizeof(plain));

	if (r < 0)
		return r;
	r = eg_place_disk_real(plain, &work->way, &real);
	/* Links that lead nowhere, or further than a path may be long: who made them may be a user,
	 * whose links must not make a load fail. It is meant by its own name, then. */
	if (r == -EACCES || r == -ELOOP || r == -ENAMETOOLONG)
		r = 0, real.first_link = 0;
	if (r < 0)
		return r;
	if (!real.first_link)
		return add_want(work, want, enter(work, plain, true));
	r = add_want(work, want, enter(work, plain, false));
	if (r < 0)
		return r;
	memcpy(way, plain, real.first_link);
	way[real.first_link] = '\0';
	if (real.first_link > 1)
		r = (int)enter(work, way, true);
	if (r >= 0 && real.lasting)
		r = add_want(work, want, enter(work, real.path, true));
	return r < 0 ? r : note_link(work->watch, plain, real.path);
}

/* ---- mounts ---- */

/* What is mounted below a place has, where a hook knows no mount, only its own root: that is as if
 * it was named with the rules that apply there. */
static int add_mount(const char *path, struct eg_place_work *work)
{
	uint32_t line[EG_ASK_MAX] = {0}, about = 0, denied = 0, round = work->places->round;
	const char *at = path;
	long index = 0;

	while (*at && index >= 0) {
		const struct eg_place_node *node = eg_place_node_at(work, (uint32_t)index);
		size_t n = strcspn(++at, "/");

		for (uint32_t ask = 0; ask < EG_ASK_KEEP && node->round == round && node->rule;
		     ask++) {
			const struct eg_place_rule *rule = &work->rules[node->rule - 1].rule;

			if (!(rule->about & 1U << ask))
				continue;
			about |= 1U << ask;
			denied = (denied & ~(1U << ask)) | (rule->denied & 1U << ask);
			line[ask] = rule->line[ask];
		}
		if (n)
			index = eg_place_tree_child(&work->places->tree, (uint32_t)index, at, n,
						    about != 0);
		at += n;
	}
	if (!about || index <= 0)
		return index == -ENOENT || index >= 0 ? 0 : (int)index;
	index = eg_place_work_touch(work, (uint32_t)index, true) < 0 ? -ENOMEM : index;
	if (index < 0)
		return (int)index;
	if (eg_place_node_at(work, (uint32_t)index)->rule) { /* what its own rule is about stays */
		uint32_t own =
			work->rules[eg_place_node_at(work, (uint32_t)index)->rule - 1].rule.about;

		about &= ~own;
		denied &= ~own;
	}
	return about ? eg_place_work_rule(work, (uint32_t)index, about, denied, line) : 0;
}

int eg_place_work_mounts(struct eg_place_work *work)
{
	int r = 0;

	for (size_t at = 0; at < work->watch->n_mounts && !r;
	     at += strlen(work->watch->mounts + at) + 1)
		r = add_mount(work->watch->mounts + at, work);
	return r;
}
