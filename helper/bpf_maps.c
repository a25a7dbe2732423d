// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The maps: policies in force, who is guarded, what was counted. */
#include "bpf_maps.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>

#include "util.h"

enum { BATCH = 4096 };

int eg_bpf_state_get(int fd, struct eg_state *ret)
{
	uint32_t zero = 0;

	return bpf_map_lookup_elem(fd, &zero, ret);
}

int eg_bpf_state_put(int fd, const struct eg_state *state)
{
	uint32_t zero = 0;

	return bpf_map_update_elem(fd, &zero, state, BPF_ANY);
}

int eg_bpf_helper_set(struct eg_bpf *bpf, uint32_t tgid)
{
	struct eg_state state;
	int r = eg_bpf_state_get(bpf->maps[EG_MAP_STATE], &state);

	if (r < 0)
		return r;
	state.helper = tgid;
	return eg_bpf_state_put(bpf->maps[EG_MAP_STATE], &state);
}

/* ---- policies ---- */

int eg_bpf_profile_get(struct eg_bpf *bpf, uint32_t slot, struct eg_profile *ret)
{
	return bpf_map_lookup_elem(bpf->maps[EG_MAP_PROFILES], &slot, ret);
}

/* What a new policy of a slot takes the place of, and where it goes. */
struct places {
	uint32_t base;
	uint32_t own[EG_PROGRAM_POLICIES_MAX];
	bool all[EG_POLICIES_MAX]; /* those above */
	bool old[EG_POLICIES_MAX]; /* the policy in force and what it has for programs */
	bool is_new;		   /* there was none in force */
};

/* Indices in eg_policies that nothing refers to, for a policy with so many groups. Derived from the
 * maps each time, so it needs no memory of its own. */
static int find_places(struct eg_bpf *bpf, uint32_t slot, size_t n_groups, struct places *ret)
{
	bool used[EG_POLICIES_MAX] = {true};
	struct eg_profile profile;
	uint32_t before = 0;
	size_t n = 0;
	int r = 0;

	for (uint32_t i = 0; i < EG_PROFILES_MAX; i++) {
		r = eg_bpf_profile_get(bpf, i, &profile);
		if (r < 0)
			return r;
		if (profile.policy >= EG_POLICIES_MAX)
			continue;
		used[profile.policy] = true;
		if (i == slot)
			before = profile.policy;
	}
	ret->is_new = !before;
	ret->old[before] = before != 0;
	r = eg_bpf_sets_owned(bpf, before, used, ret->old);
	for (uint32_t i = 1; !r && i < EG_POLICIES_MAX && n <= n_groups; i++) {
		if (used[i])
			continue;
		ret->all[i] = true;
		*(n ? &ret->own[n - 1] : &ret->base) = i;
		n++;
	}
	if (r < 0)
		return r;
	return n > n_groups ? 0 : -ENOSPC;
}

/* Fills a trie in batches. entries: n pairs of key and value, one behind the other. */
static int fill(int fd, const void *entries, size_t n, size_t key_size, size_t value_size)
{
	size_t stride = key_size + value_size;
	char *keys eg_auto_free = malloc(BATCH * key_size);
	char *values eg_auto_free = malloc(BATCH * value_size);

	if (!keys || !values)
		return -ENOMEM;
	for (size_t done = 0; done < n;) {
		uint32_t count = n - done < BATCH ? (uint32_t)(n - done) : BATCH;
		const char *from = (const char *)entries + done * stride;
		int r;

		for (uint32_t i = 0; i < count; i++) {
			memcpy(keys + i * key_size, from + i * stride, key_size);
			memcpy(values + i * value_size, from + i * stride + key_size, value_size);
		}
		r = bpf_map_update_batch(fd, keys, values, &count, NULL);
		if (r < 0)
			return r;
		done += count;
	}
	return 0;
}

/* A new trie with these entries. Returns its descriptor or a negative errno. */
static int make_trie(const char *name, const void *entries, size_t n, size_t key_size)
{
	LIBBPF_OPTS(bpf_map_create_opts, opts, .map_flags = BPF_F_NO_PREALLOC);
	int fd eg_auto_close = bpf_map_create(BPF_MAP_TYPE_LPM_TRIE, name, (uint32_t)key_size,
					      sizeof(struct eg_entry), EG_PREFIXES_MAX, &opts);
	int r = fd < 0 ? fd : fill(fd, entries, n, key_size, sizeof(struct eg_entry));

	return r < 0 ? r : eg_take_fd(&fd);
}

_Static_assert(sizeof(struct eg_policy_entry4) ==
		       sizeof(struct eg_lpm4_key) + sizeof(struct eg_entry),
	       "fill");
_Static_assert(sizeof(struct eg_policy_entry6) ==
		       sizeof(struct eg_lpm6_key) + sizeof(struct eg_entry),
	       "fill");

/* Writes the segments in batches: their keys are just their places. */
static int fill_segments(int fd, const struct eg_segment *segments, size_t n)
{
	uint32_t *keys eg_auto_free = malloc(BATCH * sizeof(*keys));

	if (!keys)
		return -ENOMEM;
	for (size_t done = 0; done < n;) {
		uint32_t count = n - done < BATCH ? (uint32_t)(n - done) : BATCH;
		int r;

		for (uint32_t i = 0; i < count; i++)
			keys[i] = (uint32_t)done + i;
		r = bpf_map_update_batch(fd, keys, segments + done, &count, NULL);
		if (r < 0)
			return r;
		done += count;
	}
	return 0;
}

/* A new array of segments: as long as they are, which BPF_F_INNER_MAP allows. */
static int make_segments(const struct eg_segment *segments, size_t n)
{
	LIBBPF_OPTS(bpf_map_create_opts, opts, .map_flags = BPF_F_INNER_MAP);
	int fd eg_auto_close =
		bpf_map_create(BPF_MAP_TYPE_ARRAY, "eg_segment", sizeof(uint32_t),
			       sizeof(struct eg_segment), n ? (uint32_t)n : 1, &opts);
	int r = fd < 0 ? fd : fill_segments(fd, segments, n);

	return r < 0 ? r : eg_take_fd(&fd);
}

/* A new set of digests: with room for them only, and that in one piece, so that adding them needs
 * no memory that might not be there. */
static int make_hashes(const struct eg_digests *digests)
{
	uint32_t room = digests->n ? (uint32_t)digests->n : 1;
	int fd eg_auto_close = bpf_map_create(BPF_MAP_TYPE_HASH, "eg_hash_set",
					      sizeof(struct eg_hash), sizeof(uint32_t), room, NULL);
	int r = fd < 0 ? fd
		       : fill(fd, digests->list, digests->n, sizeof(struct eg_hash),
			      sizeof(uint32_t));

	return r < 0 ? r : eg_take_fd(&fd);
}

/* Puts an inner map where the policy's index will look for it. made: its descriptor, taken, or a
 * negative errno, which is returned. */
static int put_inner(struct eg_bpf *bpf, enum eg_map outer, uint32_t index, int made)
{
	int fd eg_auto_close = made;

	return fd < 0 ? fd : bpf_map_update_elem(bpf->maps[outer], &index, &fd, BPF_ANY);
}

/* Puts tries, segments, digests and sets of a policy where its index will look for them. */
static int put_parts(struct eg_bpf *bpf, uint32_t index, const struct eg_policy_image *image,
		     const uint32_t *own)
{
	uint32_t flags = image->policy.flags;
	int r = 0;

	if (flags & EG_POLICY_RULES4)
		r = put_inner(bpf, EG_MAP_TRIES4, index,
			      make_trie("eg_lpm4", image->entries4, image->n_entries4,
					sizeof(struct eg_lpm4_key)));
	if (!r && flags & EG_POLICY_RULES6)
		r = put_inner(bpf, EG_MAP_TRIES6, index,
			      make_trie("eg_lpm6", image->entries6, image->n_entries6,
					sizeof(struct eg_lpm6_key)));
	if (!r && flags & EG_POLICY_SEGMENTS)
		r = put_inner(bpf, EG_MAP_SEGMENTS, index,
			      make_segments(image->segments, image->n_segments));
	if (!r && flags & EG_POLICY_HASHES)
		r = put_inner(bpf, EG_MAP_HASHES, index, make_hashes(&image->digests));
	return r < 0 ? r : eg_bpf_sets_put(bpf, index, image, own);
}

/* A policy has only the parts that its rules need. The kernel waits for all programs at each
 * removal from such a map, be there something to remove or not: look-ups cost nothing. */
static void drop_inner(struct eg_bpf *bpf, enum eg_map outer, uint32_t index)
{
	uint32_t id;

	if (bpf_map_lookup_elem(bpf->maps[outer], &index, &id) == 0)
		(void)bpf_map_delete_elem(bpf->maps[outer], &index);
}

/* Of all policies whose index is set. */
static void drop_parts(struct eg_bpf *bpf, const bool *which)
{
	static const enum eg_map outer[] = {EG_MAP_TRIES4, EG_MAP_TRIES6, EG_MAP_SEGMENTS,
					    EG_MAP_HASHES};

	for (uint32_t index = 1; index < EG_POLICIES_MAX; index++)
		for (size_t i = 0; which[index] && i < EG_ARRAY_SIZE(outer); i++)
			drop_inner(bpf, outer[i], index);
	eg_bpf_sets_drop(bpf, which);
}

/*
 * A program may have read the old index just before the swap: it must finish before what the index
 * leads to goes. An update of an array of maps returns only when programs that ran at the time have
 * (kernel/bpf/syscall.c, maybe_wait_bpf_programs); index 0 is no policy's. On failure the old parts
 * stay until their index is used again.
 */
static int wait_for_programs(struct eg_bpf *bpf)
{
	return put_inner(bpf, EG_MAP_SEGMENTS, 0, make_segments(NULL, 0));
}

/* A policy where nothing refers to it yet. */
static int put_one(struct eg_bpf *bpf, uint32_t index, const struct eg_policy_image *image,
		   uint32_t generation, const uint32_t *own)
{
	struct eg_policy policy = image->policy;
	int r = put_parts(bpf, index, image, own);

	policy.generation = generation;
	return r < 0 ? r
		     : bpf_map_update_elem(bpf->maps[EG_MAP_POLICIES], &index, &policy, BPF_ANY);
}

int eg_bpf_policy_put(struct eg_bpf *bpf, uint32_t slot, const struct eg_policy_image *image,
		      uint32_t generation)
{
	struct places places = {0};
	int r = find_places(bpf, slot, image->n_groups, &places);
	const struct eg_profile after = {.policy = places.base, .generation = generation};

	if (r < 0)
		return r;
	/* of a helper that was killed between filling and swapping */
	drop_parts(bpf, places.all);
	for (size_t i = 0; i < image->n_groups && !r; i++)
		r = put_one(bpf, places.own[i], &image->groups[i], generation, NULL);
	if (!r)
		r = put_one(bpf, places.base, image, generation, places.own);
	if (!r)
		r = bpf_map_update_elem(bpf->maps[EG_MAP_PROFILES], &slot, &after, BPF_ANY);
	if (r < 0) {
		drop_parts(bpf, places.all);
		return r;
	}
	memcpy(bpf->own[slot], places.own, sizeof(places.own));
	if (!places.is_new && wait_for_programs(bpf) == 0)
		drop_parts(bpf, places.old);
	return 0;
}

/* ---- bindings and labels ---- */

/* Adds a level to the list the programs test. It must be there before the binding is. */
static int add_level(struct eg_bpf *bpf, unsigned int level)
{
	struct eg_state state;
	int r = eg_bpf_state_get(bpf->maps[EG_MAP_STATE], &state);

	if (r < 0)
		return r;
	for (uint32_t i = 0; i < state.n_levels && i < EG_LEVELS_MAX; i++)
		if (state.levels[i] == level)
			return 0;
	if (state.n_levels >= EG_LEVELS_MAX || level > UINT16_MAX)
		return -ENOSPC;
	state.levels[state.n_levels++] = (uint16_t)level;
	return eg_bpf_state_put(bpf->maps[EG_MAP_STATE], &state);
}

int eg_bpf_bind(struct eg_bpf *bpf, uint64_t cgroup, unsigned int level,
		const struct eg_guard *guard)
{
	int r = add_level(bpf, level);

	if (r < 0)
		return r;
	r = bpf_map_update_elem(bpf->maps[EG_MAP_SESSIONS], &cgroup, guard, BPF_NOEXIST);
	return r == -E2BIG ? -ENOSPC : r;
}

int eg_bpf_rebind(struct eg_bpf *bpf, uint64_t cgroup, unsigned int level,
		  const struct eg_guard *guard)
{
	int r = add_level(bpf, level);

	if (r < 0)
		return r;
	r = bpf_map_update_elem(bpf->maps[EG_MAP_SESSIONS], &cgroup, guard, BPF_ANY);
	return r == -E2BIG ? -ENOSPC : r;
}

int eg_bpf_binding_get(struct eg_bpf *bpf, uint64_t cgroup, struct eg_guard *ret)
{
	return bpf_map_lookup_elem(bpf->maps[EG_MAP_SESSIONS], &cgroup, ret);
}

int eg_bpf_unbind(struct eg_bpf *bpf, uint64_t cgroup)
{
	return bpf_map_delete_elem(bpf->maps[EG_MAP_SESSIONS], &cgroup);
}

int eg_bpf_label_get(struct eg_bpf *bpf, int pidfd, struct eg_guard *ret)
{
	struct eg_label label;
	int r = bpf_map_lookup_elem(bpf->maps[EG_MAP_LABELS], &pidfd, &label);

	if (!r)
		*ret = label.guard;
	return r;
}

int eg_bpf_label_put(struct eg_bpf *bpf, int pidfd, const struct eg_guard *guard)
{
	const struct eg_label label = {.guard = *guard};

	return bpf_map_update_elem(bpf->maps[EG_MAP_LABELS], &pidfd, &label, BPF_NOEXIST);
}

int eg_bpf_label_drop(struct eg_bpf *bpf, int pidfd)
{
	return bpf_map_delete_elem(bpf->maps[EG_MAP_LABELS], &pidfd);
}

/* ---- iterators ---- */

int eg_bpf_iterate(int link, char **ret, size_t *ret_n)
{
	int fd eg_auto_close = bpf_iter_create(link);
	char *text eg_auto_free = NULL;
	size_t used = 0, size = 0;

	if (fd < 0)
		return fd;
	for (;;) {
		ssize_t n;

		if (size - used < 4096) {
			char *more = realloc(text, size + 65536);

			if (!more)
				return -ENOMEM;
			text = more;
			size += 65536;
		}
		n = read(fd, text + used, size - used);
		if (n < 0 && (errno == EAGAIN || errno == EINTR))
			continue;
		if (n < 0)
			return -errno;
		if (!n)
			break;
		used += (size_t)n;
	}
	if (ret) {
		*ret = eg_take_ptr(&text);
		*ret_n = used;
	}
	return 0;
}

int eg_bpf_label_all(struct eg_bpf *bpf)
{
	return eg_bpf_iterate(bpf->iter_label, NULL, NULL);
}

int eg_bpf_members(struct eg_bpf *bpf, struct eg_member **ret, size_t *ret_n)
{
	char *text = NULL;
	size_t n = 0;
	int r = eg_bpf_iterate(bpf->iter_members, &text, &n);

	if (r < 0)
		return r;
	*ret = (struct eg_member *)text;
	*ret_n = n / sizeof(struct eg_member);
	return 0;
}

/* ---- managers, records, totals ---- */

enum { MANAGER_LEVEL = 3 /* user.slice/user-UID.slice/user@UID.service */ };

int eg_bpf_manager_set(struct eg_bpf *bpf, uint32_t uid, const struct eg_guard *guard)
{
	int fd = bpf->maps[EG_MAP_MANAGERS];
	int r;

	if (!guard) {
		r = bpf_map_delete_elem(fd, &uid);
		return r == -ENOENT ? 0 : r;
	}
	r = add_level(bpf, MANAGER_LEVEL);
	return r < 0 ? r : bpf_map_update_elem(fd, &uid, guard, BPF_ANY);
}

int eg_bpf_session_number(struct eg_bpf *bpf, uint64_t *ret)
{
	struct eg_state state;
	int r = eg_bpf_state_get(bpf->maps[EG_MAP_STATE], &state);

	if (r < 0)
		return r;
	state.next_session++;
	r = eg_bpf_state_put(bpf->maps[EG_MAP_STATE], &state);
	if (r < 0)
		return r;
	*ret = state.next_session;
	return 0;
}

int eg_bpf_record_put(struct eg_bpf *bpf, uint64_t session, const struct eg_record *record,
		      bool is_new)
{
	static const struct eg_totals none;
	int records = bpf->maps[EG_MAP_RECORDS];
	int r = bpf_map_update_elem(records, &session, record, is_new ? BPF_NOEXIST : BPF_EXIST);

	if (r < 0 || !is_new)
		return r;
	r = bpf_map_update_elem(bpf->maps[EG_MAP_TOTALS], &session, &none, BPF_NOEXIST);
	if (r < 0)
		(void)bpf_map_delete_elem(records, &session);
	return r;
}

int eg_bpf_record_get(struct eg_bpf *bpf, uint64_t session, struct eg_record *ret)
{
	return bpf_map_lookup_elem(bpf->maps[EG_MAP_RECORDS], &session, ret);
}

void eg_bpf_record_drop(struct eg_bpf *bpf, uint64_t session)
{
	/* Gone already is fine: dropping is what undo and the end of a session both do. */
	(void)bpf_map_delete_elem(bpf->maps[EG_MAP_TOTALS], &session);
	(void)bpf_map_delete_elem(bpf->maps[EG_MAP_RECORDS], &session);
}

int eg_bpf_totals_get(struct eg_bpf *bpf, uint64_t session, struct eg_totals *ret)
{
	return bpf_map_lookup_elem(bpf->maps[EG_MAP_TOTALS], &session, ret);
}

int eg_bpf_record_next(struct eg_bpf *bpf, uint64_t *session)
{
	return bpf_map_get_next_key(bpf->maps[EG_MAP_RECORDS], *session ? session : NULL, session);
}

/* ---- events ---- */

int eg_bpf_events_fd(struct eg_bpf *bpf)
{
	return ring_buffer__epoll_fd(bpf->ring);
}

void eg_bpf_events_set(struct eg_bpf *bpf, eg_bpf_event_fn handle, void *arg)
{
	bpf->handle = handle;
	bpf->handle_arg = arg;
}

int eg_bpf_events_read(struct eg_bpf *bpf)
{
	int r = ring_buffer__consume(bpf->ring);

	return r < 0 ? r : 0;
}

/* ---- what is recorded ---- */

int eg_bpf_story_fd(struct eg_bpf *bpf)
{
	return ring_buffer__epoll_fd(bpf->story);
}

void eg_bpf_story_set(struct eg_bpf *bpf, eg_bpf_told_fn tell, void *arg)
{
	bpf->tell = tell;
	bpf->tell_arg = arg;
}

int eg_bpf_story_read(struct eg_bpf *bpf, unsigned int max)
{
	struct pollfd more = {.fd = eg_bpf_story_fd(bpf), .events = POLLIN};
	int r;

	bpf->story_left = max;
	r = ring_buffer__consume(bpf->story);
	if (r < 0 && r != -EAGAIN)
		return r;
	/* The ring, not what was read, says whether it is empty: a record that is just being
	 * written stops the reader. */
	r = poll(&more, 1, 0);
	return r < 0 ? -errno : r;
}
