// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * What comes to stand for a name that is a place, and what gets another name.
 *
 * Hooks: d_instantiate, inode_rename and inode_link, for every task of the host: it is noted
 * (eg_learned, eg_linked) before anybody can open it by that name.
 *
 * Not covered: hard links to files in a tree that were made while nobody had a rule about it.
 */
#include "place.bpf.h"

enum {
	EG_S_IFMT = 0170000, /* include/uapi/linux/stat.h */
	EG_S_IFLNK = 0120000,
};

/* 1 = the current task is in a session. */
__noinline int eg_is_inside(void)
{
	struct eg_who who;

	return eg_who_is(bpf_get_current_task_btf(), &who) && !eg_is_trusted(&who);
}

/* ---- names ---- */

static __always_inline void eg_count_link(void)
{
	__u32 zero = 0;
	__u32 *links = bpf_map_lookup_elem(&eg_links, &zero);

	if (links)
		__sync_fetch_and_add(links, 1);
}

/* What has that name now, or is about to have it, is that place. */
static __always_inline void eg_learn(struct dentry *dir, struct dentry *name, struct inode *inode)
{
	struct eg_file_id id = {};
	struct eg_place *before;
	struct eg_known known;
	struct eg_named n = {};

	if (!inode)
		return;
	eg_known_of(&known, (__u64)BPF_CORE_READ(dir, d_inode));
	if (!eg_is_named(&n, &known.seen, name) && !eg_is_named(&n, &known.learned, name))
		return;
	eg_file_id_of(&id, inode);
	before = eg_learned_of(&id);
	if (before && before->id == n.place.id && before->flags == n.place.flags)
		return;
	if ((BPF_CORE_READ(inode, i_mode) & EG_S_IFMT) == EG_S_IFLNK)
		eg_count_link();
	(void)eg_remember(&id, &n.place, eg_is_inside());
}

/* A new file, a new name, or the first look at one that is there: before it can be found. */
SEC("lsm/d_instantiate")
int BPF_PROG(eg_d_instantiate, struct dentry *dentry, struct inode *inode)
{
	struct dentry *dir = dentry->d_parent;

	/* Who is his own directory has no name in one: sockets and pipes, which are many. */
	if (inode && dir != dentry)
		eg_learn(dir, dentry, inode);
	return 0;
}

/* Whoever renames, after the kernel has found that he may. For an exchange it comes twice. */
SEC("lsm/inode_rename")
int BPF_PROG(eg_inode_rename, struct inode *old_dir, struct dentry *old_dentry,
	     struct inode *new_dir, struct dentry *new_dentry)
{
	eg_learn(BPF_CORE_READ(new_dentry, d_parent), new_dentry,
		 BPF_CORE_READ(old_dentry, d_inode));
	return 0;
}

/* ---- other names ---- */

/* The way up from a name: what the file is besides (eg_places, eg_learned) is not asked for itself,
 * only for the directories above it. */
struct eg_upwards {
	__u64 at; /* struct dentry */
	struct eg_linked_walk walk;
};

static __always_inline void eg_walk_add(struct eg_linked_walk *walk, const struct eg_place *place)
{
	if (!place->id || !(place->flags & EG_PLACE_RULED))
		return;
	for (int i = 0; i < EG_LINKED_PLACES; i++) {
		if (walk->place[i] == place->id)
			return;
		if (walk->place[i])
			continue;
		walk->place[i] = place->id;
		return;
	}
}

static long eg_climb_ruled(__u32 i, void *arg)
{
	struct eg_upwards *up = arg;
	struct dentry *dentry = (void *)up->at, *parent;
	struct eg_known known;
	struct eg_named n = {};

	parent = BPF_CORE_READ(dentry, d_parent);
	if (parent == dentry)
		return 1;
	eg_known_of(&known, (__u64)BPF_CORE_READ(parent, d_inode));
	if (eg_is_named(&n, &known.seen, dentry))
		eg_walk_add(&up->walk, &n.place);
	if (eg_is_named(&n, &known.learned, dentry))
		eg_walk_add(&up->walk, &n.place);
	eg_walk_add(&up->walk, &known.learned);
	/* What the helper knows it by is what has a rule now. */
	eg_walk_add(&up->walk, &known.seen);
	up->at = (__u64)parent;
	return up->walk.place[EG_LINKED_PLACES - 1] ? 1 : 0;
}

static __always_inline bool eg_walk_is(const struct eg_linked_walk *a,
				       const struct eg_linked_walk *b)
{
	bool same = true;

	for (int i = 0; i < EG_LINKED_PLACES; i++)
		same = same && a->place[i] == b->place[i];
	return same;
}

/* The first that were noted stay: whatever a file is linked to later, it is what it was. */
static __always_inline void eg_linked_add(struct eg_linked *linked,
					  const struct eg_linked_walk *walk)
{
	if (!walk->place[0])
		return;
	for (int i = 0; i < EG_LINKED_WALKS; i++) {
		if (eg_walk_is(&linked->walk[i], walk))
			return;
		if (linked->walk[i].place[0])
			continue;
		linked->walk[i] = *walk;
		return;
	}
}

/* A second name for what is in a place: there it is still that, and all that it was before. */
SEC("lsm/inode_link")
int BPF_PROG(eg_inode_link, struct dentry *old_dentry)
{
	struct inode *inode = BPF_CORE_READ(old_dentry, d_inode);
	struct eg_upwards up = {.at = (__u64)old_dentry};
	struct eg_linked linked = {}, *before;
	struct eg_linked_walk seen = {};
	struct eg_file_id id = {};
	struct eg_known known;

	if (!inode)
		return 0;
	eg_file_id_of(&id, inode);
	before = eg_linked_of(&id);
	if (before)
		linked = *before;
	eg_known_of(&known, (__u64)inode);
	/* Two that it is itself: neither is above the other. */
	if (known.learned.id)
		eg_walk_add(&seen, &known.seen);
	else
		eg_walk_add(&up.walk, &known.seen);
	eg_walk_add(&up.walk, &known.learned);
	bpf_loop(EG_WALK_MAX, eg_climb_ruled, &up, 0);
	eg_linked_add(&linked, &seen);
	eg_linked_add(&linked, &up.walk);
	if (!linked.walk[0].place[0])
		return 0;
	/* As eg_remember. */
	if (!eg_is_inside())
		(void)bpf_map_update_elem(&eg_linked, &id, &linked, BPF_ANY);
	else if (bpf_map_update_elem(&eg_linked, &id, &linked, BPF_EXIST))
		(void)bpf_map_update_elem(&eg_linked_inside, &id, &linked, BPF_ANY);
	return 0;
}
