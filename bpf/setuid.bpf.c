// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Setuid: no gain of uid 0, and no gain of capabilities, inside a session.
 *
 * Hooks: task_fix_setuid (setuid, setreuid, setresuid, setfsuid), bprm_creds_from_file (exec of
 * setuid programs and of programs with file capabilities: exec never calls task_fix_setuid; here
 * the new credentials are computed and the old program still runs, so the caller sees EPERM). A
 * gain is uid 0 where none of the old real, effective, saved and file system ids was 0, or a
 * capability that is not in the old permitted set. Dropping is always allowed: sshd does it inside
 * the session's cgroup. Not covered yet: other uids (a program that is setuid to a service's
 * account still runs), groups, capset, user namespaces.
 */
#include "policy.bpf.h"

static __always_inline bool eg_has_root(const struct cred *cred)
{
	return !cred->uid.val || !cred->euid.val || !cred->suid.val || !cred->fsuid.val;
}

static __always_inline bool eg_gains_root(const struct cred *new, const struct cred *old)
{
	return eg_has_root(new) && !eg_has_root(old);
}

static __always_inline bool eg_gains_capability(const struct cred *new, const struct cred *old)
{
	__u64 now = 0, before = 0;

	if (bpf_probe_read_kernel(&now, sizeof(now), &new->cap_permitted) ||
	    bpf_probe_read_kernel(&before, sizeof(before), &old->cap_permitted))
		return true; /* unknown is a gain */
	return now & ~before;
}

SEC("lsm/task_fix_setuid")
int BPF_PROG(eg_task_fix_setuid, struct cred *new, const struct cred *old, int flags)
{
	struct eg_detail detail = {.op = EG_OP_SETUID};
	struct eg_view view = {};
	struct eg_who who;

	if (!eg_who_is(bpf_get_current_task_btf(), &who))
		return 0;
	if (!eg_gains_root(new, old))
		return 0;
	if (!eg_flag_refuses(&who, EG_POLICY_DENY_SETUID, &view))
		return 0;
	return eg_refuse(&view, &detail);
}

SEC("lsm/bprm_creds_from_file")
int BPF_PROG(eg_bprm_creds_from_file, struct linux_binprm *bprm, struct file *file)
{
	struct task_struct *task = bpf_get_current_task_btf();
	const struct cred *old = task->real_cred;
	const struct cred *new = bprm->cred;
	struct eg_detail detail = {.op = EG_OP_EXEC};
	struct eg_view view = {};
	struct eg_who who;

	if (!eg_who_is(task, &who))
		return 0;
	if (!eg_gains_root(new, old) && !eg_gains_capability(new, old))
		return 0;
	if (!eg_flag_refuses(&who, EG_POLICY_DENY_SETUID, &view))
		return 0;
	detail.target_id = new->euid.val;
	detail.object.dentry = (__u64)file->f_path.dentry;
	detail.object.mnt = (__u64)file->f_path.mnt;
	return eg_refuse(&view, &detail);
}
