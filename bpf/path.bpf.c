// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Names of files. Paths for people: the text in an event. Nothing is decided by it, because what it
 * reads may change under it. And what is decided by, device, inode and generation, for the helper
 * to learn of files it has opened.
 */
#include "path.bpf.h"

__noinline int eg_path_walk(struct eg_path *out, const struct eg_where *where)
{
	struct dentry *dentry;
	struct mount *mnt;

	if (!out || !where)
		return 0;
	dentry = (void *)where->dentry;
	mnt = (void *)(where->mnt - bpf_core_field_offset(struct mount, mnt));
	out->cut = 1;
	for (int i = 0; i < EG_PATH_DEPTH; i++) {
		struct dentry *up = BPF_CORE_READ(mnt, mnt.mnt_root);

		if (!dentry || dentry == up) { /* where it is mounted */
			struct mount *above = BPF_CORE_READ(mnt, mnt_parent);

			if (above == mnt) {
				out->cut = 0;
				break;
			}
			dentry = BPF_CORE_READ(mnt, mnt_mountpoint);
			mnt = above;
			continue;
		}
		up = BPF_CORE_READ(dentry, d_parent);
		if (dentry == up) { /* in no mount, or not below its root */
			out->cut = 0;
			break;
		}
		if (!eg_path_add(out, BPF_CORE_READ(dentry, d_name.name)))
			break;
		dentry = up;
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
