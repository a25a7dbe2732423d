/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The cgroup2 file system as the helper sees it: ids, paths, members. A number or a path is a
 * claim, a descriptor is evidence, so everything here starts from a directory's descriptor. Never
 * logs.
 */
#ifndef EG_CGROUP2_H
#define EG_CGROUP2_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

enum { EG_CGROUP_PATH_SIZE = 4096 };

struct eg_cgroup2 {
	int root_fd;			/* the mount, O_DIRECTORY; owned */
	char root[EG_CGROUP_PATH_SIZE]; /* where it is mounted, no trailing slash */
};

/* Finds the cgroup2 mount (also where it is not /sys/fs/cgroup). Returns 0, -ENOENT, or a negative
 * errno. */
int eg_cgroup2_open(struct eg_cgroup2 *ret);
void eg_cgroup2_close(struct eg_cgroup2 *cg);

/* Opens a directory below the mount, path relative with or without a leading slash. Descriptor or
 * negative errno. */
int eg_cgroup2_open_path(const struct eg_cgroup2 *cg, const char *path);

/* Opens the cgroup with this id. Needs CAP_DAC_READ_SEARCH. Descriptor, -ESTALE when it is gone, or
 * negative errno. */
int eg_cgroup2_open_id(const struct eg_cgroup2 *cg, uint64_t id);

/* Id of a cgroup directory. Returns 0; -ENOTDIR or -EXDEV when dirfd is not a directory of a
 * cgroup2 file system. */
int eg_cgroup2_id(int dirfd, uint64_t *ret);

/* Path below the mount ("/user.slice/..."), and its depth. Returns the level, -ENOENT when removed,
 * or negative errno. */
int eg_cgroup2_path(const struct eg_cgroup2 *cg, int dirfd, char *buf, size_t size);

/* Path of a process's cgroup. Returns 0 or a negative errno. */
int eg_cgroup2_of_pid(pid_t pid, char *buf, size_t size);

/* Is pid the one and only process in this directory's cgroup.procs? 1 yes, 0 no, or negative
 * errno. */
int eg_cgroup2_holds_only(int dirfd, pid_t pid);

/* Has the cgroup or a descendant a process? 1, 0, -ENODEV when it is gone, or another negative
 * errno. */
int eg_cgroup2_populated(int events_fd);

/*
 * Is this a place where the module makes leaves: EG_LEAF_DIR below the root, or a logind session
 * scope; and has the leaf a name the module gives? Pure.
 */
bool eg_cgroup2_is_leaf(const char *path);

#endif
