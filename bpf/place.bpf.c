// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Places: which of the rules about files decides about a file. Everything that is about files by
 * name asks here: reading and changing (files.bpf.c), running, recording.
 *
 * A file is looked at from where it is, not by the path that was used: from its directory entry up
 * to the root of its file system, and on from the mount point where the caller's mount is known. By
 * whatever path, link, mount or root directory it is reached, its parents are the same. At each
 * step it may be a place by its identity, as the helper or learn.bpf.c has seen it, or by its name
 * in a directory that is a place.
 * Not covered: the directories below overlayfs, which are other files than those seen through it.
 */
#include "place.bpf.h"

enum {
	/* Walks: each knows one more replaced directory than the one before. */
	EG_HEAL_MAX = 16,
	EG_NAME_PARTS = 9, /* of a name of 255 bytes */
	EG_PART = EG_PLACE_NAME_SIZE - 1,
	EG_DCACHE_DISCONNECTED = 1 << 5, /* include/linux/dcache.h */
};

/* ---- what is known ---- */

__noinline int eg_known_of(struct eg_known *known, __u64 inode)
{
	struct eg_file_id id = {};
	struct eg_place *place;

	if (!known)
		return 0;
	known->seen.id = known->seen.flags = 0;
	known->learned.id = known->learned.flags = 0;
	if (!inode)
		return 0;
	eg_file_id_of(&id, (struct inode *)inode);
	place = bpf_map_lookup_elem(&eg_places, &id);
	if (place)
		known->seen = *place;
	place = eg_learned_of(&id);
	if (place)
		known->learned = *place;
	return 0;
}

__noinline int eg_named_find(struct eg_named *n)
{
	struct eg_place_key key = {};
	struct eg_place *place;
	__u64 text;

	if (!n)
		return 0;
	key.dir = n->dir;
	text = n->text;
	for (int i = 0; i < EG_NAME_PARTS; i++) {
		char rest = 0;
		long len;

		__builtin_memset(key.name, 0, sizeof(key.name));
		len = bpf_probe_read_kernel_str(key.name, sizeof(key.name), (void *)text);
		if (len <= 1)
			return 0;
		place = bpf_map_lookup_elem(&eg_place_names, &key);
		if (!place)
			return 0;
		text += EG_PART;
		if (len == EG_PLACE_NAME_SIZE)
			bpf_probe_read_kernel(&rest, sizeof(rest), (void *)text);
		if (!rest) {
			n->place = *place;
			return 1;
		}
		key.dir = place->id;
		key.part = 1;
	}
	return 0;
}

/* ---- judging ---- */

/* A walk upwards, a step at a time: bpf_loop, so that the verifier looks at one step only. The
 * stack is short: no field is larger than it must be. */
struct eg_climb {
	__u64 at;	       /* struct dentry */
	__u64 mnt;	       /* struct mount; 0 = not known */
	__u64 root;	       /* struct inode of what is mounted on it; 0 = was not come from */
	struct eg_known known; /* of what is at */
	__u32 line;
	__u16 policy, own;
	__u8 ask;  /* enum eg_about */
	__u8 keep; /* 1 = what is at must be asked for EG_ASK_KEEP, too */
	__u8 found;
	__u8 denied;
	__u8 healed;  /* 1 = a directory was noted: another walk sees more */
	__u8 nowhere; /* 1 = it ends where there is no way up */
};

/* decided: what is asked has its answer. 1 = it has, now or before. */
static __always_inline int eg_consider_rule(struct eg_climb *c, __u32 policy, __u32 place,
					    int decided)
{
	struct eg_place_rule_key key = {.policy = policy, .place = place};
	struct eg_place_rule *rule;
	__u32 ask = c->ask;

	rule = bpf_map_lookup_elem(&eg_place_rules, &key);
	if (!rule || ask >= EG_ASK_KEEP)
		return decided;
	if (!decided && rule->about & 1U << ask) {
		decided = 1;
		c->found = 1;
		if (rule->denied & 1U << ask) {
			c->denied = 1;
			c->line = rule->line[ask];
		}
	}
	if (c->keep && rule->denied & 1U << EG_ASK_KEEP) {
		c->found = c->denied = 1;
		c->line = rule->line[EG_ASK_KEEP];
	}
	return decided;
}

/* 1 = the place has a rule about what is asked. */
__noinline int eg_consider(struct eg_climb *c, __u32 place)
{
	int decided = 0;

	if (!c || !place)
		return 0;
	if (c->own)
		decided = eg_consider_rule(c, c->own, place, 0);
	return eg_consider_rule(c, c->policy, place, decided);
}

static __always_inline void eg_note(struct eg_climb *c, const struct eg_file_id *id,
				    const struct eg_place *place)
{
	struct eg_place value = *place; /* 6.1 takes none from what a global function is passed */

	/* Only what sessions do is judged. */
	if (eg_remember(id, &value, true))
		c->nowhere = 1;
	else
		c->healed = 1;
}

/* A directory that came to its name unseen, or that was forgotten: what is below it can be a place
 * only when it is known itself. */
__noinline int eg_heal(struct eg_climb *c, const struct eg_place *place)
{
	struct eg_file_id id = {};
	struct dentry *dentry;
	struct inode *inode;

	if (!c || !place)
		return 0;
	dentry = (void *)c->at;
	inode = BPF_CORE_READ(dentry, d_inode);
	if (!inode || !(place->flags & EG_PLACE_NAMES) || c->known.seen.id == place->id ||
	    c->known.learned.id == place->id)
		return 0;
	eg_file_id_of(&id, inode);
	eg_note(c, &id, place);
	return 0;
}

/* Likewise what is mounted on it, but for the mounts of those who may mount only what is theirs. */
__noinline int eg_heal_root(struct eg_climb *c, const struct eg_place *place)
{
	const struct eg_place *known;
	struct eg_file_id id = {};
	struct inode *root;

	if (!c || !place)
		return 0;
	root = (void *)c->root;
	if (!root || !(place->flags & EG_PLACE_NAMES) ||
	    bpf_get_current_task_btf()->cred->user_ns->parent)
		return 0;
	eg_file_id_of(&id, root);
	known = bpf_map_lookup_elem(&eg_places, &id);
	if (known && known->id == place->id)
		return 0;
	known = eg_learned_of(&id);
	if (!known || known->id != place->id)
		eg_note(c, &id, place);
	return 0;
}

/* What is at may be a place by its name in a directory that is one. */
__noinline int eg_consider_name(struct eg_climb *c, const struct eg_place *dir)
{
	struct eg_named n = {};

	if (!c || !dir || !eg_is_named(&n, dir, (void *)c->at))
		return 0;
	eg_consider(c, n.place.id);
	eg_heal(c, &n.place);
	eg_heal_root(c, &n.place);
	return 0;
}

/* From the root of a file system to where it is mounted. 1 = that was the last. */
__noinline int eg_climb_on(struct eg_climb *c)
{
	struct dentry *root;
	struct mount *mnt, *up;

	if (!c)
		return 1;
	root = (void *)c->at;
	mnt = (void *)c->mnt;
	if (BPF_CORE_READ(root, d_flags) & EG_DCACHE_DISCONNECTED &&
	    BPF_CORE_READ(root, d_sb, s_root) != root) {
		c->nowhere = 1;
		return 1;
	}
	if (!mnt)
		return 1;
	up = BPF_CORE_READ(mnt, mnt_parent);
	if (up == mnt)
		return 1;
	c->root = (__u64)BPF_CORE_READ(mnt, mnt.mnt_root, d_inode);
	root = BPF_CORE_READ(mnt, mnt_mountpoint);
	c->at = (__u64)root;
	c->mnt = (__u64)up;
	eg_known_of(&c->known, (__u64)BPF_CORE_READ(root, d_inode));
	return 0;
}

/*
 * What the file was when it got another name. Directories have one only. It can only take away:
 * what is allowed there says nothing about the name that is used. And the file has left these
 * places, so what keeps their names does not ask for its.
 */
__noinline int eg_consider_linked(struct eg_climb *c)
{
	struct eg_file_id id = {};
	struct eg_linked *linked;
	struct dentry *dentry;
	struct inode *inode;
	__u8 keep;

	if (!c)
		return 0;
	dentry = (void *)c->at;
	inode = BPF_CORE_READ(dentry, d_inode);
	if (!inode)
		return 0;
	eg_file_id_of(&id, inode);
	linked = eg_linked_of(&id);
	keep = c->keep;
	c->keep = 0;
	for (int i = 0; linked && i < EG_LINKED_WALKS; i++)
		for (int k = 0; k < EG_LINKED_PLACES; k++)
			if (eg_consider(c, linked->walk[i].place[k]))
				break;
	c->keep = keep;
	c->found = c->denied;
	return 0;
}

static long eg_climb_step(__u32 i, void *arg)
{
	struct eg_climb *c = arg;
	struct dentry *dentry = (void *)c->at;
	struct dentry *parent = BPF_CORE_READ(dentry, d_parent);
	struct eg_known above;

	if (!i) {
		eg_known_of(&c->known, (__u64)BPF_CORE_READ(dentry, d_inode));
		eg_consider_linked(c);
	}
	eg_consider(c, c->known.seen.id);
	if (c->root)
		eg_heal_root(c, &c->known.seen);
	if (c->known.learned.id != c->known.seen.id)
		eg_consider(c, c->known.learned.id);
	if (parent == dentry) {
		int over = c->found ? 1 : eg_climb_on(c);

		/* clang 19 knows that this is 0 or 1, the verifier does not. */
		barrier_var(over);
		return over ? 1 : 0;
	}
	eg_known_of(&above, (__u64)BPF_CORE_READ(parent, d_inode));
	eg_consider_name(c, &above.seen);
	if (above.learned.id != above.seen.id)
		eg_consider_name(c, &above.learned);
	c->keep = 0;
	c->root = 0;
	c->known = above;
	c->at = (__u64)parent;
	return c->found ? 1 : 0;
}

__noinline int eg_place_judge(struct eg_place_ask *ask)
{
	struct eg_climb c = {};
	long steps = 0;

	if (!ask)
		return 1;
	for (int i = 0; i < EG_HEAL_MAX; i++) {
		c.at = ask->dentry;
		c.mnt = ask->mnt ? ask->mnt - bpf_core_field_offset(struct mount, mnt) : 0;
		c.policy = ask->policy;
		c.own = ask->own;
		c.ask = ask->ask;
		c.keep = ask->keep;
		c.root = 0;
		c.found = c.denied = c.line = c.healed = c.nowhere = 0;
		steps = bpf_loop(EG_WALK_MAX, eg_climb_step, &c, 0);
		if (!c.healed)
			break;
	}
	ask->found = c.found;
	ask->denied = c.denied;
	ask->line = c.line;
	ask->nowhere = c.healed || steps == EG_WALK_MAX || (c.nowhere && !c.found);
	return ask->denied || ask->nowhere;
}
