/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Putting a path together: what is shared by the ways to walk one (path.bpf.c, event.bpf.c). */
#ifndef EG_PATH_BPF_H
#define EG_PATH_BPF_H

#include "policy.bpf.h"

/* Adds a component, a kernel string, behind those that are there. False: there is no room, or it
 * cannot be read. */
static __always_inline bool eg_path_add(struct eg_path *out, const void *name)
{
	/* Read back each time: a number the verifier cannot follow keeps a loop's states alike, so
	 * it prunes. */
	__u32 at = *(volatile __u16 *)&out->len;
	char *to;
	long n;

	/* Kept in registers: 6.1 forgets what it knows of a number that went through the stack. */
	barrier_var(at);
	if (at > EG_PATH_SIZE - EG_NAME_SIZE)
		return false;
	to = out->text + at;
	barrier_var(to);
	n = bpf_probe_read_kernel_str(to, EG_NAME_SIZE, name);
	if (n <= 0 || n > EG_NAME_SIZE)
		return false;
	out->len = at + n;
	return true;
}

#endif
