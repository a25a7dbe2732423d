/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The session's cgroup: where it belongs, how it is made, entered and left again. Parsing is pure;
 * making takes the two /proc texts as arguments, so that tests can lay out any host. Nothing here
 * logs.
 */
#ifndef EG_PAM_CGROUP_H
#define EG_PAM_CGROUP_H

#include "common.h"
#include "proto.h"

#include <stdbool.h>
#include <stddef.h>

/* One line of mountinfo that is a cgroup2 mount. Octal escapes are resolved; both strings are owned
 * (free()). */
struct eg_mount {
	char *root;  /* the cgroup that is visible as the mount's top, "/" on a host */
	char *point; /* where it is mounted, absolute */
};

/* A leaf and the way back. Zero bytes are not an empty one: start with EG_CGROUP_INIT. */
struct eg_cgroup {
	int origin_fd; /* the process's cgroup.procs of before, write-only; -1 = none */
	int parent_fd; /* directory the leaf stands in */
	int fd;	       /* the leaf's directory, O_RDONLY: what the helper is shown */
	bool made;     /* the leaf is ours to remove */
	bool entered;  /* this process is in it */
	char *origin;  /* path in the cgroup tree, for messages */
	char *path;    /* the leaf's, from the file system's root, for messages */
	char name[sizeof(EG_LEAF_PREFIX) + EG_LEAF_RANDOM];
};

#define EG_CGROUP_INIT                                                                             \
	{                                                                                          \
		.origin_fd = -1, .parent_fd = -1, .fd = -1                                         \
	}

/*
 * Finds the next cgroup2 mount in the text of /proc/PID/mountinfo. Pure.
 * cursor: points into the text, borrowed; moved behind the line found, to the end when there is
 * none. Returns 1 and fills *ret_mount (owned by the caller, eg_mount_done), 0 when there are no
 * more, -ENOMEM. A line that does not parse is skipped.
 */
int eg_mount_next(const char **cursor, struct eg_mount *ret_mount);

/* Frees the strings. Accepts a zeroed one. */
void eg_mount_done(struct eg_mount *mount);

/*
 * Takes the process's path in the unified hierarchy ("0::PATH") from the text of /proc/PID/cgroup.
 * Pure. Returns 0 and *ret_path (absolute, owned by the caller), -ENOENT when there is no such
 * line, -EBADMSG when the path is not absolute, -ENOMEM.
 */
int eg_cgroup_own_path(const char *text, char **ret_path);

/*
 * A cgroup's path as seen below a mount with this root. Pure; returns a pointer into path, without
 * leading slashes
 * ("" is the mount's top), or NULL when path is not below root or contains "..": it lies outside of
 * our view.
 */
const char *eg_cgroup_below(const char *path, const char *root);

/*
 * Length of the part of path that ends with the outermost component session-*.scope, which is how
 * logind names a session; 0 when there is none. Pure. path: relative or absolute.
 */
size_t eg_cgroup_scope_len(const char *path);

/*
 * Makes a leaf for this process, without entering it: below its logind session scope when it is in
 * one that is root's all the way down, else in <cgroup2>/ebpfguard/, which is made when missing.
 * cg: EG_CGROUP_INIT; on failure too it must be given to eg_cgroup_undo or eg_cgroup_done.
 * mountinfo, self: paths of files with the format of /proc/self/mountinfo and /proc/self/cgroup.
 * Returns 0; on failure fills *reterr_why and returns
 *   -ENOENT   a file or a cgroup2 mount is missing, or our cgroup is not visible there
 *   -EFBIG    a /proc file beyond all reason
 *   -EPERM    our directory below the root is not root's alone
 *   -EEXIST   the leaf's random name exists
 *   -EAGAIN   no random bytes yet, or a limit of cgroups is reached
 *   and the negative errno of open, mkdir, fstat otherwise (-EROFS, -EACCES, -EMFILE, -ENOMEM ...).
 * Does not block beyond the kernel's own locks.
 */
int eg_cgroup_make(struct eg_cgroup *cg, const char *mountinfo, const char *self,
		   struct eg_why *reterr_why);

/*
 * Moves this process (all its threads) into the leaf made before.
 * Returns 0, or fills *reterr_why and returns -EOPNOTSUPP (the parent is a threaded cgroup) or
 * write's errno.
 */
int eg_cgroup_enter(struct eg_cgroup *cg, struct eg_why *reterr_why);

/*
 * Takes back whatever was done: moves this process to where it came from, removes the leaf, closes
 * everything. Safe at any stage, also twice. The shared <cgroup2>/ebpfguard stays: another login
 * may be using it. Returns 0, or fills *reterr_why with what is left behind and returns the first
 * negative errno. cg is done then too.
 */
int eg_cgroup_undo(struct eg_cgroup *cg, struct eg_why *reterr_why);

/* Closes and frees, changes no cgroup. Safe twice. */
void eg_cgroup_done(struct eg_cgroup *cg);

#endif
