// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Setuid: no gain of a denied uid or gid, nor of capabilities, inside a session.
 *
 * Hooks: task_fix_setuid, task_fix_setgid, task_fix_setgroups (the system calls);
 * bprm_creds_from_file (exec of setuid and setgid programs and of programs with file capabilities:
 * exec never calls task_fix_setuid; here the new credentials are computed and the old program still
 * runs, so the caller sees EPERM); capset; userns_create, because in a user namespace of one's own
 * one has every capability. A user namespace somebody else has made is capable.bpf.c's.
 *
 * A gain is an id that is denied and not among the old real, effective, saved and file system ids
 * (for a gid: nor among the groups), or a capability that is not in the old permitted set. Who is
 * root already gains nothing by an id: so sshd can become any user inside the session's cgroup.
 * Programs of setuid.allow may gain. Not covered: ids that are not denied, such as a service's
 * account whose program is setuid.
 */
#include "program.bpf.h"

enum {
	EG_IDS = 4, /* real, effective, saved, file system */
	EG_GROUPS_MAX =
		256, /* of a new list of groups; longer ones are a gain for who is not root */
	EG_GROUP_STEPS = 17, /* NGROUPS_MAX is 65536 */
	EG_CAP_SYS_ADMIN = 21,
};

/* What counts of credentials. */
struct eg_ids {
	__u32 uid[EG_IDS];
	__u32 gid[EG_IDS];
	__u64 groups; /* struct group_info */
	__u64 permitted;
};

struct eg_gain {
	struct eg_ids now, before;
	__u32 policy; /* index; 0 = missing: every gain is refused */
	__u32 groups; /* 1 = compare the groups, too */
	/* Written by eg_judge_gain. */
	__u16 op;
	__u16 pad;
	__u32 id;
};

static __always_inline void eg_ids_of(struct eg_ids *ids, const struct cred *cred)
{
	ids->uid[0] = cred->uid.val;
	ids->uid[1] = cred->euid.val;
	ids->uid[2] = cred->suid.val;
	ids->uid[3] = cred->fsuid.val;
	ids->gid[0] = cred->gid.val;
	ids->gid[1] = cred->egid.val;
	ids->gid[2] = cred->sgid.val;
	ids->gid[3] = cred->fsgid.val;
	ids->groups = (__u64)cred->group_info;
	/* Unknown is no capability before, and so a gain of all that come. */
	bpf_probe_read_kernel(&ids->permitted, sizeof(ids->permitted), &cred->cap_permitted);
}

static __always_inline bool eg_among(const __u32 *ids, __u32 id)
{
	return ids[0] == id || ids[1] == id || ids[2] == id || ids[3] == id;
}

static __always_inline bool eg_is_denied(__u32 policy, __u32 kind, __u32 id)
{
	struct eg_item_key key = {.policy = policy, .kind = kind, .a = id};

	return !policy || bpf_map_lookup_elem(&eg_items, &key);
}

static __always_inline __u32 eg_group_at(__u64 groups, __u32 i)
{
	struct group_info *info = (void *)groups;
	kgid_t gid = {};

	bpf_probe_read_kernel(&gid, sizeof(gid), &info->gid[i]);
	return gid.val;
}

static __always_inline __u32 eg_groups_n(__u64 groups)
{
	return groups ? BPF_CORE_READ((struct group_info *)groups, ngroups) : 0;
}

/* Halving a sorted list of groups; bpf_loop, so that the verifier looks at one step only. */
struct eg_search {
	__u64 groups;
	__u32 low, high; /* the gid is in low..high-1 if anywhere */
	__u32 gid;
	__u32 found;
};

static long eg_search_step(__u32 i, void *arg)
{
	struct eg_search *search = arg;
	__u32 middle = (search->low + search->high) / 2, gid;

	if (search->low >= search->high)
		return 1;
	gid = eg_group_at(search->groups, middle);
	if (gid == search->gid) {
		search->found = 1;
		return 1;
	}
	if (gid < search->gid)
		search->low = middle + 1;
	else
		search->high = middle;
	return 0;
}

/* Is gid in a list of groups? The kernel keeps them sorted. 1 or 0. */
__noinline int eg_in_groups(__u64 groups, __u32 gid)
{
	struct eg_search search = {.groups = groups, .gid = gid};

	search.high = eg_groups_n(groups);
	bpf_loop(EG_GROUP_STEPS, eg_search_step, &search, 0);
	return search.found != 0;
}

/* A new list of groups, looked through one by one. */
struct eg_new_groups {
	__u64 groups, before;
	__u32 n;
	__u32 policy;
	__u32 gid[EG_IDS]; /* of before */
	__u32 found;	   /* 1 = id is gained */
	__u32 id;
};

static long eg_new_group(__u32 i, void *arg)
{
	struct eg_new_groups *new = arg;
	__u32 gid;

	if (i >= new->n)
		return 1;
	gid = eg_group_at(new->groups, i);
	if (!eg_is_denied(new->policy, EG_ITEM_GID, gid) || eg_among(new->gid, gid) ||
	    eg_in_groups(new->before, gid))
		return 0;
	new->id = gid;
	new->found = 1;
	return 1;
}

/* The first denied gid of the new list that was not there before. 1 = gain->id has it. */
__noinline int eg_judge_groups(struct eg_gain *gain)
{
	struct eg_new_groups new = {};

	if (!gain)
		return 1;
	new.groups = gain->now.groups;
	new.before = gain->before.groups;
	new.policy = gain->policy;
	new.n = eg_groups_n(new.groups);
	__builtin_memcpy(new.gid, gain->before.gid, sizeof(new.gid));
	gain->id = 0;
	if (new.n > EG_GROUPS_MAX)
		return 1;
	bpf_loop(EG_GROUPS_MAX, eg_new_group, &new, 0);
	gain->id = new.id;
	return new.found != 0;
}

static __always_inline bool eg_gains(struct eg_gain *gain, __u16 op, __u32 id)
{
	gain->op = op;
	gain->id = id;
	return true;
}

static __always_inline bool eg_gains_uid(struct eg_gain *gain)
{
	for (int i = 0; i < EG_IDS; i++) {
		__u32 id = gain->now.uid[i];

		if (!eg_among(gain->before.uid, id) && eg_is_denied(gain->policy, EG_ITEM_UID, id))
			return eg_gains(gain, EG_OP_SETUID, id);
	}
	return false;
}

static __always_inline bool eg_gains_gid(struct eg_gain *gain)
{
	for (int i = 0; i < EG_IDS; i++) {
		__u32 id = gain->now.gid[i];

		if (!eg_among(gain->before.gid, id) &&
		    eg_is_denied(gain->policy, EG_ITEM_GID, id) &&
		    !eg_in_groups(gain->before.groups, id))
			return eg_gains(gain, EG_OP_SETGID, id);
	}
	return false;
}

/* Number of the lowest bit that is set. clang 14 has no __builtin_ctzll for BPF. */
static __always_inline __u32 eg_lowest(__u64 bits)
{
	__u32 n = 0;

	for (__u32 half = 32; half; half /= 2) {
		if (bits & ((1ULL << half) - 1))
			continue;
		bits >>= half;
		n += half;
	}
	return n;
}

/* Are the new credentials more than the old? 1 = yes: op and id of *gain say what. */
__noinline int eg_judge_gain(struct eg_gain *gain)
{
	__u64 more;

	if (!gain)
		return 1;
	more = gain->now.permitted & ~gain->before.permitted;
	if (!eg_among(gain->before.uid, 0)) {
		if (eg_gains_uid(gain) || eg_gains_gid(gain))
			return 1;
		if (gain->groups && eg_judge_groups(gain)) {
			gain->op = EG_OP_SETGROUPS;
			return 1;
		}
	}
	if (!more)
		return 0;
	gain->id = eg_lowest(more);
	gain->op = EG_OP_CAPSET;
	return 1;
}

/* Is the file one that may gain? */
static __always_inline bool eg_is_exception(const struct eg_view *view, struct file *file)
{
	struct eg_item_key key = {.policy = view->policy, .kind = EG_ITEM_PROGRAM};
	struct inode *inode = file->f_inode;

	if (!view->policy || !(view->flags & (EG_POLICY_PROGRAMS | EG_POLICY_BY_PROGRAM)))
		return false;
	key.a = inode->i_ino;
	key.b = (__u64)inode->i_sb->s_dev << 32 | inode->i_generation;
	if (bpf_map_lookup_elem(&eg_items, &key))
		return true;
	key.policy = eg_view_own(view);
	return key.policy && bpf_map_lookup_elem(&eg_items, &key);
}

/* Judges new credentials for both guards, if there are any. file: the program, NULL when it is a
 * call. */
static __always_inline int eg_judge_creds(const struct cred *new, const struct cred *old,
					  struct file *file, bool groups)
{
	struct eg_gain gain = {.groups = groups};
	struct eg_detail detail = {};
	struct eg_view view = {};
	struct eg_who who;
	__u32 worst = 0;

	if (!eg_who_look(bpf_get_current_task_btf(), &who))
		return 0;
	eg_ids_of(&gain.now, new);
	eg_ids_of(&gain.before, old);
	for (int i = 0; i < EG_GUARDS; i++) {
		struct eg_view one;
		__u32 rank;

		if (!who.guard[i])
			continue;
		eg_view_of(who.guard[i], &one);
		if (one.policy && !(one.flags & EG_POLICY_DENY_SETUID))
			continue;
		if (file && eg_is_exception(&one, file))
			continue;
		gain.policy = one.policy;
		rank = eg_rank(&one, EG_ON_SETUID);
		if (!eg_judge_gain(&gain) || rank <= worst)
			continue;
		view = one;
		worst = rank;
		detail.op = file ? EG_OP_EXEC : gain.op;
		detail.option = gain.op;
		detail.target_id = gain.id;
	}
	if (!worst)
		return 0;
	if (file) {
		detail.object.dentry = (__u64)file->f_path.dentry;
		detail.object.mnt = (__u64)file->f_path.mnt;
	}
	return eg_refuse(&view, &detail);
}

SEC("lsm/task_fix_setuid")
int BPF_PROG(eg_task_fix_setuid, struct cred *new, const struct cred *old, int flags)
{
	if (eg_is_nobody(bpf_get_current_task_btf()))
		return 0;
	return eg_hook_result(eg_judge_creds(new, old, NULL, false));
}

SEC("lsm/task_fix_setgid")
int BPF_PROG(eg_task_fix_setgid, struct cred *new, const struct cred *old, int flags)
{
	if (eg_is_nobody(bpf_get_current_task_btf()))
		return 0;
	return eg_hook_result(eg_judge_creds(new, old, NULL, false));
}

SEC("lsm/task_fix_setgroups")
int BPF_PROG(eg_task_fix_setgroups, struct cred *new, const struct cred *old)
{
	if (eg_is_nobody(bpf_get_current_task_btf()))
		return 0;
	return eg_hook_result(eg_judge_creds(new, old, NULL, true));
}

SEC("lsm/capset")
int BPF_PROG(eg_capset, struct cred *new, const struct cred *old)
{
	if (eg_is_nobody(bpf_get_current_task_btf()))
		return 0;
	return eg_hook_result(eg_judge_creds(new, old, NULL, false));
}

/* The loader of a program that has rules of its own is to take nothing from the environment. Not
 * inlined, for the stack's sake. */
static __noinline int eg_secure_program(struct linux_binprm *bprm)
{
	struct eg_file_id program = {};
	struct eg_who who;

	if (!eg_who_look(bpf_get_current_task_btf(), &who))
		return 0;
	eg_program_id_of(&program, bprm->file->f_inode);
	if (eg_program_is_listed(&who, &program))
		bpf_bprm_opts_set(bprm, BPF_F_BPRM_SECUREEXEC);
	return 0;
}

SEC("lsm/bprm_creds_from_file")
int BPF_PROG(eg_bprm_creds_from_file, struct linux_binprm *bprm, struct file *file)
{
	if (eg_is_nobody(bpf_get_current_task_btf()))
		return 0;
	eg_secure_program(bprm);
	return eg_hook_result(
		eg_judge_creds(bprm->cred, bpf_get_current_task_btf()->real_cred, file, false));
}

SEC("lsm/userns_create")
int BPF_PROG(eg_userns_create, const struct cred *cred)
{
	struct eg_detail detail = {.op = EG_OP_USERNS};
	struct eg_view view = {};
	__u64 effective = 0;
	struct eg_who who;

	if (!eg_who_is(bpf_get_current_task_btf(), &who))
		return 0;
	bpf_probe_read_kernel(&effective, sizeof(effective), &cred->cap_effective);
	/* Who may do everything gains nothing. */
	if ((!cred->user_ns->parent && effective >> EG_CAP_SYS_ADMIN & 1) ||
	    !eg_flag_refuses(&who, EG_POLICY_DENY_SETUID, EG_ON_SETUID, &view))
		return 0;
	return eg_hook_result(eg_refuse(&view, &detail));
}
