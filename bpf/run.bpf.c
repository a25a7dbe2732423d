// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Programs that must not be run: by the place where they are, by what they hold.
 *
 * Hooks: bprm_check_security, for each step of an exec: the file, then the interpreter that its
 * first line or binfmt_misc names. mmap_file and file_mprotect, by which a file becomes code
 * without an exec: the dynamic loader called by hand, a program's own loader (PT_INTERP),
 * libraries. There exec.deny holds, as a file system mounted noexec would; exec.allow_only is about
 * programs.
 * Digests are taken in a second program for bprm_check_security that may sleep: the kernel reads
 * the whole file (IMA). It comes after ours or before it, whichever refuses first is the last.
 *
 * Not covered: what an interpreter reads as its input (sh /tmp/script), or rewritten after the
 * digest of the script was taken; code that a program reads into memory of its own; mappings of
 * files that never had a name (memfd), which just-in-time compilers live by.
 */
#include "files.bpf.h"

enum {
	EG_PROT_EXEC = 4,	 /* include/uapi/asm-generic/mman-common.h */
	EG_HASH_ALGO_SHA256 = 4, /* include/uapi/linux/hash_info.h */
	EG_HEX_SIZE = 2 * EG_HASH_SIZE + 1,
};

/* A file that is about to become code, and what is wrong about that. Kernel pointers as numbers. */
struct eg_running {
	__u64 dentry;
	__u64 mnt; /* struct vfsmount */
	__u32 how; /* enum eg_run */
	__u32 nameless;
	__u32 unknown; /* 1 = the digest is not known */
	__u32 reason;  /* enum eg_reason; written, as is line, when a policy refuses */
	__u32 line;
};

static __always_inline void eg_running_file(struct eg_running *run, struct file *file, __u32 how)
{
	run->dentry = (__u64)BPF_CORE_READ(file, f_path.dentry);
	run->mnt = (__u64)BPF_CORE_READ(file, f_path.mnt);
	run->nameless = !BPF_CORE_READ(file, f_inode, i_nlink);
	run->how = how;
}

/* Is it in a mount namespace that ordinary users can make and mount in as they like? */
static __always_inline bool eg_is_private_mount(__u64 vfsmount)
{
	struct mount *mnt = (void *)(vfsmount - bpf_core_field_offset(struct mount, mnt));
	struct mnt_namespace *ns = BPF_CORE_READ(mnt, mnt_ns);

	return ns && BPF_CORE_READ(ns, user_ns, parent);
}

/* Was it mounted by whom a name space of their own lets mount? What is on it is theirs, and where a
 * program of theirs serves it, so are the numbers of files. */
static __always_inline bool eg_is_private_fs(struct dentry *dentry)
{
	return BPF_CORE_READ(dentry, d_sb, s_user_ns, parent);
}

/* ---- by place ---- */

/* What the rules of a policy say about its place. flags: those that are about how it becomes code.
 * 1 = it must not, the reason is in *run. */
static __noinline int eg_place_refuses(struct eg_running *run, __u32 policy, __u32 flags)
{
	struct eg_place_ask ask = {
		.dentry = run->dentry, .mnt = run->mnt, .policy = policy, .ask = EG_ASK_RUN};

	if (eg_place_judge(&ask)) {
		run->reason = ask.nowhere ? EG_REASON_NOWHERE : EG_REASON_PLACE;
		run->line = ask.line;
		return 1;
	}
	if (!(flags & EG_POLICY_RUNS_ONLY))
		return 0;
	/* It may be allowed by where it is mounted, and whoever may mount can mount it anywhere. In
	 * a name space of a user's own that is no answer. */
	if (ask.found && eg_is_private_fs((void *)run->dentry)) {
		ask.found = 0;
	} else if (ask.found && eg_is_private_mount(run->mnt)) {
		ask.mnt = 0;
		ask.found = 0;
		eg_place_judge(&ask);
	}
	if (ask.found)
		return 0;
	run->reason = EG_REASON_ONLY;
	run->line = 0;
	return 1;
}

/* What a guard says: 0 = nothing against it, else how strict it is about it, see eg_rank. */
static __noinline int eg_guard_refuses(const struct eg_guard *guard, struct eg_running *run)
{
	struct eg_view view = {};

	/* exec has no rules for programs of their own */
	eg_view_of(guard, &view);
	if (!view.policy) {
		run->reason = EG_REASON_POLICY;
		run->line = 0;
		return eg_rank(&view, EG_ON_EXEC);
	}
	if (run->how == EG_RUN_EXEC)
		view.flags &= EG_POLICY_RUNS | EG_POLICY_RUNS_ONLY;
	else
		view.flags &= EG_POLICY_RUNS;
	if (!view.flags)
		return 0;
	if (run->how == EG_RUN_EXEC && run->nameless) {
		run->reason = EG_REASON_NAMELESS;
		run->line = 0;
		return eg_rank(&view, EG_ON_EXEC);
	}
	return eg_place_refuses(run, view.policy, view.flags) ? eg_rank(&view, EG_ON_EXEC) : 0;
}

/* Counts, reports, and says what the hook returns. hex: of the digest, or NULL. */
static __noinline int eg_refuse_run(const struct eg_guard *guard, const struct eg_running *run,
				    const char *hex)
{
	struct eg_detail detail = {.op = EG_OP_RUN,
				   .option = run->how,
				   .reason = run->reason,
				   .object = {.dentry = run->dentry, .mnt = run->mnt}};
	struct eg_view view = {};

	eg_view_of(guard, &view);
	detail.rule.verdict = EG_VERDICT_DENY;
	detail.rule.line = run->line;
	detail.arg = hex;
	return eg_refuse(&view, &detail);
}

/* Do both guards of a task say the same? Those of an ordinary member are the same session. */
static __always_inline bool eg_is_twin(const struct eg_who *who)
{
	return who->guard[EG_BY_CGROUP] && who->guard[EG_BY_LABEL] &&
	       eg_is_alike(who->guard[EG_BY_CGROUP], who->guard[EG_BY_LABEL]);
}

/* Refuses what one of the guards refuses: the strictest, the first of equals. */
static __always_inline int eg_judge_run(struct eg_running *run)
{
	const struct eg_guard *by = NULL;
	__u32 reason = 0, line = 0;
	struct eg_who who;
	int worst = 0;

	if (!eg_who_look(bpf_get_current_task_btf(), &who) || eg_is_trusted(&who))
		return 0;
	for (int i = 0; i < EG_GUARDS; i++) {
		int rank;

		if (!who.guard[i] || (i && eg_is_twin(&who)))
			continue;
		rank = eg_guard_refuses(who.guard[i], run);
		if (rank <= worst)
			continue;
		by = who.guard[i];
		worst = rank;
		reason = run->reason;
		line = run->line;
	}
	if (!by)
		return 0;
	run->reason = reason;
	run->line = line;
	return eg_refuse_run(by, run, NULL);
}

SEC("lsm/bprm_check_security")
int BPF_PROG(eg_run_check, struct linux_binprm *bprm)
{
	struct eg_running run = {};

	if (eg_is_nobody(bpf_get_current_task_btf()))
		return 0;
	eg_running_file(&run, bprm->file, EG_RUN_EXEC);
	return eg_hook_result(eg_judge_run(&run));
}

/* The file may be NULL, which the verifier of some kernels does not believe: so it is read as a
 * number. */
SEC("lsm/mmap_file")
int eg_mmap_file(unsigned long long *ctx)
{
	struct eg_running run = {};
	struct file *file = NULL;

	if (!(ctx[2] & EG_PROT_EXEC) || eg_is_nobody(bpf_get_current_task_btf()))
		return 0;
	if (bpf_probe_read_kernel(&file, sizeof(file), &ctx[0]) || !file)
		return 0;
	eg_running_file(&run, file, EG_RUN_MAP);
	return eg_hook_result(eg_judge_run(&run));
}

SEC("lsm/file_mprotect")
int BPF_PROG(eg_file_mprotect, struct vm_area_struct *vma, unsigned long reqprot,
	     unsigned long prot)
{
	struct eg_running run = {};
	struct file *file;

	if (!(prot & EG_PROT_EXEC) || eg_is_nobody(bpf_get_current_task_btf()))
		return 0;
	file = BPF_CORE_READ(vma, vm_file);
	if (!file)
		return 0;
	eg_running_file(&run, file, EG_RUN_MAP);
	return eg_hook_result(eg_judge_run(&run));
}

/* ---- by digest ---- */

/* Does a policy that applies deny digests? */
static __always_inline bool eg_wants_digest(const struct eg_who *who)
{
	struct eg_view view = {};
	bool wants = false;

	for (int i = 0; i < EG_GUARDS; i++) {
		if (!who->guard[i])
			continue;
		eg_view_of(who->guard[i], &view);
		if (view.flags & EG_POLICY_HASHES)
			wants = true;
	}
	return wants;
}

enum { EG_HASH_TRIES = 2 };

/* As eg_guard_refuses. A reload does not wait for programs that may sleep: should the set be gone,
 * the policy in force has another. */
static __noinline int eg_guard_refuses_hash(const struct eg_guard *guard, struct eg_running *run,
					    const struct eg_hash *hash)
{
	struct eg_hash key = *hash;

	for (int i = 0; i < EG_HASH_TRIES; i++) {
		struct eg_view view = {};
		__u32 policy, *line;
		void *set;

		eg_view_of(guard, &view);
		if (!view.policy)
			return 0; /* eg_run_check does not */
		if (!(view.flags & EG_POLICY_HASHES))
			return 0;
		if (run->unknown) {
			run->reason = EG_REASON_NO_HASH;
			run->line = 0;
			return eg_rank(&view, EG_ON_EXEC);
		}
		policy = view.policy;
		set = bpf_map_lookup_elem(&eg_hashes, &policy);
		if (!set)
			continue;
		line = bpf_map_lookup_elem(set, &key);
		if (!line)
			return 0;
		run->reason = EG_REASON_HASH;
		run->line = *line;
		return eg_rank(&view, EG_ON_EXEC);
	}
	run->reason = EG_REASON_POLICY;
	run->line = 0;
	return 2; /* see eg_rank */
}

static const char eg_hex_digits[] = "0123456789abcdef";

static __always_inline void eg_hex_of(char hex[EG_HEX_SIZE], const struct eg_hash *hash)
{
	for (int i = 0; i < 2 * EG_HASH_SIZE; i++) {
		__u8 digit = i & 1 ? hash->sha256[i / 2] : hash->sha256[i / 2] >> 4;

		hex[i] = eg_hex_digits[digit & 15];
	}
	hex[EG_HEX_SIZE - 1] = '\0';
}

static __noinline int eg_refuse_hash(const struct eg_guard *guard, const struct eg_running *run,
				     const struct eg_hash *hash)
{
	char hex[EG_HEX_SIZE];

	if (run->unknown)
		return eg_refuse_run(guard, run, NULL);
	eg_hex_of(hex, hash);
	return eg_refuse_run(guard, run, hex);
}

SEC("lsm.s/bprm_check_security")
int BPF_PROG(eg_run_digest, struct linux_binprm *bprm)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct eg_running run = {};
	struct eg_hash hash = {};
	const struct eg_guard *by = NULL;
	__u32 reason = 0, line = 0;
	struct eg_who who;
	int worst = 0;

	if (!eg_who_is(task, &who) || eg_is_trusted(&who) || !eg_wants_digest(&who))
		return 0;
	eg_running_file(&run, bprm->file, EG_RUN_EXEC);
	run.unknown = bpf_ima_file_hash(bprm->file, &hash, sizeof(hash)) != EG_HASH_ALGO_SHA256;
	/* That took its time: what was looked up before it is no longer to be used. */
	if (!eg_who_look(task, &who))
		return 0;
	for (int i = 0; i < EG_GUARDS; i++) {
		int rank;

		if (!who.guard[i] || (i && eg_is_twin(&who)))
			continue;
		rank = eg_guard_refuses_hash(who.guard[i], &run, &hash);
		if (rank <= worst)
			continue;
		by = who.guard[i];
		worst = rank;
		reason = run.reason;
		line = run.line;
	}
	if (!by)
		return 0;
	run.reason = reason;
	run.line = line;
	return eg_hook_result(eg_refuse_hash(by, &run, &hash));
}
