// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Places into the kernel: each path gets its number (place_tree.c), what is there its identity
 * (place_ids.c), and each policy its rules by these numbers (place_work.c).
 */
#include "places.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "builtin.h"
#include "place_disk.h"
#include "place_work.h"
#include "util.h"

/* ---- open and close ---- */

/* The identities that the kernel side knows for the numbers. */
static int load_files(struct eg_places *places)
{
	struct eg_file_id *ids eg_auto_free = NULL;
	struct eg_place *of eg_auto_free = NULL;
	size_t n = 0;
	int r = eg_bpf_places_get(places->bpf, EG_PLACES_SEEN, (void **)&ids, &of, &n);

	for (size_t i = 0; i < n && !r; i++) {
		long index = eg_place_tree_by_id(&places->tree, of[i].id);

		if (index >= 0)
			places->tree.nodes[index].file = ids[i];
	}
	return r;
}

static int load(struct eg_places *places)
{
	struct eg_place_key *keys eg_auto_free = NULL;
	struct eg_place *names eg_auto_free = NULL;
	uint32_t last = 0;
	size_t n = 0;
	int r = eg_bpf_place_last_get(places->bpf, &last);

	if (!r)
		r = eg_place_tree_init(&places->tree, last);
	if (!r)
		r = eg_bpf_places_get(places->bpf, EG_PLACES_NAMED, (void **)&keys, &names, &n);
	if (!r)
		r = eg_place_tree_load(&places->tree, keys, names, n);
	return r < 0 ? r : load_files(places);
}

int eg_places_open(struct eg_bpf *bpf, struct eg_places **ret)
{
	struct eg_places *places = calloc(1, sizeof(*places));
	int r;

	if (!places)
		return -ENOMEM;
	places->bpf = bpf;
	(void)pthread_mutex_init(&places->lock, NULL); /* always works without attributes */
	(void)pthread_mutex_init(&places->protecting, NULL);
	r = load(places);
	if (r < 0)
		eg_places_close(places);
	else
		*ret = places;
	return r;
}

void eg_places_close(struct eg_places *places)
{
	if (!places)
		return;
	eg_place_tree_done(&places->tree);
	(void)pthread_mutex_destroy(&places->lock);
	(void)pthread_mutex_destroy(&places->protecting);
	free(places);
}

/* ---- resolve ---- */

static int compare_rules(const void *va, const void *vb)
{
	const struct eg_policy_place *a = va, *b = vb;

	return (a->place > b->place) - (a->place < b->place);
}

/* One at a time: the tree and the maps are of all policies. */
static void lock(struct eg_places *places)
{
	(void)pthread_mutex_lock(&places->lock); /* fails for what is no mutex only */
}

static void unlock(struct eg_places *places)
{
	(void)pthread_mutex_unlock(&places->lock);
}

static int work_all(struct eg_place_work *work, const struct eg_place_want *wants, size_t n,
		    const char **ret_bad)
{
	int r;

	work->places->round++;
	r = eg_place_work_touch(work, 0, true);
	for (size_t i = 0; i < n && !r; i++) {
		r = eg_place_work_add(work, &wants[i]);
		if (r == -ENOTDIR)
			r = 0; /* nothing can be there */
		if (r < 0)
			*ret_bad = wants[i].path;
	}
	if (!r && n)
		r = eg_place_work_mounts(work);
	return r < 0 ? r : eg_place_work_publish(work);
}

int eg_places_resolve(struct eg_places *places, struct eg_place_watch *watch,
		      const struct eg_place_want *wants, size_t n,
		      struct eg_policy_place **ret_rules, size_t *ret_n, const char **ret_bad)
{
	__attribute__((cleanup(eg_place_work_done))) struct eg_place_work work = {.places = places,
										  .watch = watch};
	int r;

	lock(places);
	r = work_all(&work, wants, n, ret_bad);
	unlock(places);
	if (r < 0)
		return r;
	qsort(work.rules, work.n_rules, sizeof(*work.rules), compare_rules);
	*ret_n = work.n_rules;
	*ret_rules = eg_take_ptr(&work.rules);
	return 0;
}

static int protect(struct eg_places *places, struct eg_place_watch *watch,
		   const struct eg_place_want *wants, size_t n)
{
	struct eg_policy_place *rules eg_auto_free = NULL;
	size_t n_rules = 0;
	const char *bad;
	int r = eg_places_resolve(places, watch, wants, n, &rules, &n_rules, &bad);

	if (!r)
		r = eg_bpf_place_rules_put(places->bpf, EG_PLACE_BUILTIN, rules, n_rules);
	return r < 0 ? r : eg_bpf_place_rules_keep(places->bpf, EG_PLACE_BUILTIN, rules, n_rules);
}

int eg_places_protect(struct eg_places *places, struct eg_place_watch *watch,
		      const char *const *more, size_t n)
{
	size_t n_builtin;
	const char *const *builtin = eg_builtin_places(&n_builtin);
	struct eg_place_want *wants eg_auto_free = calloc(n_builtin + n, sizeof(*wants));
	int r;

	if (!wants)
		return -ENOMEM;
	for (size_t i = 0; i < n_builtin + n; i++)
		wants[i] = (struct eg_place_want){.path = i < n_builtin ? builtin[i]
									: more[i - n_builtin],
						  .about = 1U << EG_ASK_WRITE,
						  .denied = 1U << EG_ASK_WRITE};
	(void)pthread_mutex_lock(&places->protecting); /* fails for what is no mutex only */
	watch->turn = ++places->turn;
	r = protect(places, watch, wants, n_builtin + n);
	(void)pthread_mutex_unlock(&places->protecting);
	return r;
}

bool eg_places_protected_last(struct eg_places *places, const struct eg_place_watch *watch)
{
	bool last;

	(void)pthread_mutex_lock(&places->protecting);
	last = watch->turn == places->turn;
	(void)pthread_mutex_unlock(&places->protecting);
	return last;
}

/* ---- what a profile wants ---- */

enum {
	READ = 1U << EG_ASK_READ,
	WRITE = 1U << EG_ASK_WRITE,
	RUN = 1U << EG_ASK_RUN,
	RECORD = 1U << EG_ASK_RECORD,
};

/* Lists of a profile, and what each says about its paths. */
static const struct {
	size_t offset;
	uint32_t about, denied;
} lists[] = {
	{offsetof(struct eg_config_profile, files_deny_read), READ, READ},
	{offsetof(struct eg_config_profile, files_deny_write), WRITE, WRITE},
	{offsetof(struct eg_config_profile, files_allow), READ | WRITE, 0},
	{offsetof(struct eg_config_profile, exec_deny), RUN, RUN},
	{offsetof(struct eg_config_profile, exec_allow_only), RUN, 0},
	{offsetof(struct eg_config_profile, record_open), RECORD, RECORD},
};

static const struct eg_config_texts *list_of(const struct eg_config_profile *profile, size_t i)
{
	return (const void *)((const char *)profile + lists[i].offset);
}

int eg_places_wanted(const struct eg_config_profile *profile, struct eg_place_want **ret,
		     size_t *ret_n)
{
	struct eg_place_want *wants;
	size_t n = 0;

	for (size_t i = 0; i < EG_ARRAY_SIZE(lists); i++)
		n += list_of(profile, i)->n;
	wants = calloc(n + 1, sizeof(*wants));
	if (!wants)
		return -ENOMEM;
	n = 0;
	for (size_t i = 0; i < EG_ARRAY_SIZE(lists); i++)
		for (size_t j = 0; j < list_of(profile, i)->n; j++)
			wants[n++] =
				(struct eg_place_want){.path = list_of(profile, i)->list[j].text,
						       .about = lists[i].about,
						       .denied = lists[i].denied,
						       .line = list_of(profile, i)->list[j].line};
	*ret = wants;
	*ret_n = n;
	return 0;
}

/* ---- sweep ---- */

/* The rules there are. */
struct used {
	struct eg_policy_place *list; /* owned, sorted, each place once */
	size_t n;
};

static const struct eg_policy_place *find_used(const struct used *used, uint32_t place)
{
	const struct eg_policy_place wanted = {.place = place};

	return used->n ? bsearch(&wanted, used->list, used->n, sizeof(*used->list), compare_rules)
		       : NULL;
}

static bool is_used(const struct eg_place_node *node, const void *arg)
{
	return find_used(arg, node->place.id) != NULL;
}

/*
 * Takes their mark from places that are left only for being on the way to others: of a file that
 * gets another name only the nearest few that have it are remembered.
 */
static int unmark(struct eg_places *places, const struct used *used)
{
	bool any = false;

	for (size_t i = 0; i < places->tree.n; i++) {
		struct eg_place_node *node = &places->tree.nodes[i];
		const struct eg_policy_place *has = find_used(used, node->place.id);

		if (!(node->place.flags & EG_PLACE_RULED) ||
		    (has && has->rule.about & ~(1U << EG_ASK_KEEP)))
			continue;
		node->place.flags &= ~(uint32_t)EG_PLACE_RULED;
		node->changed = any = true;
	}
	return any ? eg_place_work_put(places) : 0;
}

/* Drops what the tree has no number for from a map. */
static int sweep_map(struct eg_places *places, enum eg_bpf_places kind, size_t key_size)
{
	struct eg_place *of eg_auto_free = NULL;
	char *keys eg_auto_free = NULL;
	size_t n = 0, gone = 0;
	int r = eg_bpf_places_get(places->bpf, kind, (void **)&keys, &of, &n);

	for (size_t i = 0; i < n && !r; i++)
		if (eg_place_tree_by_id(&places->tree, of[i].id) < 0)
			memmove(keys + gone++ * key_size, keys + i * key_size, key_size);
	return r < 0 ? r : eg_bpf_places_drop(places->bpf, kind, keys, gone);
}

static bool is_live(uint32_t place, const void *arg)
{
	return eg_place_tree_by_id(arg, place) >= 0;
}

static int sweep(struct eg_places *places)
{
	struct used used = {0};
	int r = eg_bpf_place_rules_used(places->bpf, &used.list, &used.n);

	if (!r)
		r = eg_place_tree_prune(&places->tree, is_used, &used);
	if (!r)
		r = unmark(places, &used);
	free(used.list);
	if (!r)
		r = sweep_map(places, EG_PLACES_SEEN, sizeof(struct eg_file_id));
	if (!r)
		r = eg_bpf_places_unlink(places->bpf, is_live, &places->tree);
	return r < 0 ? r : sweep_map(places, EG_PLACES_NAMED, sizeof(struct eg_place_key));
}

int eg_places_sweep(struct eg_places *places)
{
	int r;

	lock(places);
	r = places->holders ? 0 : sweep(places);
	unlock(places);
	return r;
}

void eg_places_hold(struct eg_places *places)
{
	lock(places);
	places->holders++;
	unlock(places);
}

void eg_places_release(struct eg_places *places)
{
	lock(places);
	places->holders--;
	unlock(places);
}

/* ---- sockets ---- */

static void add_socket(struct eg_policy_name *names, size_t *n, const char *name, uint32_t flags)
{
	struct eg_policy_name *to = &names[(*n)++];

	*to = (struct eg_policy_name){.key.kind = EG_NAME_SOCKET, .flags = flags};
	(void)strncpy(to->key.name, name, sizeof(to->key.name) - 1); /* the list has none longer */
}

int eg_places_put_sockets(struct eg_bpf *bpf)
{
	size_t n_sockets, n = 0;
	const struct eg_builtin_socket *sockets = eg_builtin_sockets(&n_sockets);
	struct eg_policy_name *names eg_auto_free = calloc(2 * n_sockets, sizeof(*names));

	if (!names)
		return -ENOMEM;
	for (size_t i = 0; i < n_sockets; i++) {
		char buf[EG_ARG_SIZE];
		const char *twin = eg_builtin_twin(sockets[i].name, buf, sizeof(buf));

		add_socket(names, &n, sockets[i].name, sockets[i].flags);
		if (twin)
			add_socket(names, &n, twin, sockets[i].flags);
	}
	return eg_bpf_sockets_put(bpf, names, n);
}
