// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Names of files. Paths for people: the text in an event. Nothing is decided by it, because what it
 * reads may change under it. And what is decided by, device, inode and generation, for the helper
 * to learn of files it has opened.
 */
#include "policy.bpf.h"

__noinline int eg_path_walk(struct eg_path *out, const struct eg_where *where)
{
	struct dentry *dentry;
	struct mount *mnt;

	if (!out || !where)
		return 0;
	dentry = (void *)where->dentry;
	mnt = (void *)(where->mnt - bpf_core_field_offset(struct mount, mnt));
	out->len = 0;
	out->cut = 1;
	for (int i = 0; i < EG_PATH_DEPTH; i++) {
		struct dentry *parent = BPF_CORE_READ(dentry, d_parent);
		struct dentry *root = BPF_CORE_READ(mnt, mnt.mnt_root);
		/* Read back each time: a number the verifier cannot follow keeps the loop's states
		 * alike, so it prunes. */
		__u32 at = *(volatile __u16 *)&out->len;
		char *to;
		long n;

		if (dentry == root || dentry == parent) {
			struct mount *up = BPF_CORE_READ(mnt, mnt_parent);

			if (up == mnt || dentry != root) {
				out->cut = 0;
				break;
			}
			dentry = BPF_CORE_READ(mnt, mnt_mountpoint);
			mnt = up;
			continue;
		}
		/* Kept in registers: 6.1 forgets what it knows of a number that went through the
		 * stack. */
		barrier_var(at);
		if (at > EG_PATH_SIZE - EG_NAME_SIZE)
			break;
		to = out->text + at;
		barrier_var(to);
		n = bpf_probe_read_kernel_str(to, EG_NAME_SIZE, BPF_CORE_READ(dentry, d_name.name));
		if (n <= 0 || n > EG_NAME_SIZE)
			break;
		out->len = at + n;
		dentry = parent;
	}
	return 0;
}

/* Lists the open files of the reader, which names its own process when it makes the iterator. */
SEC("iter/task_file")
int eg_iter_files(struct bpf_iter__task_file *ctx)
{
	struct task_struct *task = ctx->task;
	struct file *file = ctx->file;
	struct eg_file out = {};

	if (!task || !file || task->tgid != (int)(bpf_get_current_pid_tgid() >> 32))
		return 0;
	out.fd = ctx->fd;
	out.dev = file->f_inode->i_sb->s_dev;
	out.ino = file->f_inode->i_ino;
	out.gen = file->f_inode->i_generation;
	out.mode = file->f_inode->i_mode;
	bpf_seq_write(ctx->meta->seq, &out, sizeof(out));
	return 0;
}
