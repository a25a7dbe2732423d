/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What the disk says of paths: identities, links, mounts. Blocks as long as it does. Never logs. */
#ifndef EG_PLACE_DISK_H
#define EG_PLACE_DISK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bpf.h"

/*
 * Opens paths and asks the kernel which files those are, as many at a time as we may have
 * descriptors. The last component is not followed; a symbolic link is no file here.
 * path_of: writes the i-th path (PATH_MAX bytes), or returns a negative errno: then it has none.
 * ret: n identities, all zero where there is nothing. 0 or a negative errno.
 */
int eg_place_disk_ids(struct eg_bpf *bpf, size_t n,
		      int (*path_of)(size_t i, char *buf, const void *arg), const void *arg,
		      struct eg_file_id *ret);

/* The entry of a descriptor among what eg_bpf_files says, which is sorted by them; NULL = it has
 * none. */
const struct eg_file *eg_place_disk_file(const struct eg_file *files, size_t n, int fd);

/* A path without its links. */
struct eg_place_real {
	char path[4096]; /* PATH_MAX; what is not there stays as it was written */
	/* bytes of the given path before the component that is the first link; 0 = none is */
	size_t first_link;
	bool lasting; /* what is there is a file or directory, or there is nothing; not "/" */
};

/* The directories on the way to the path that was looked at last: they are there, and no links. */
struct eg_place_way {
	char path[4096];  /* PATH_MAX */
	size_t n;	  /* bytes of it; 0 = nothing is known */
	const char *root; /* a constant: where process 1 has its own; NULL = not known yet */
};

/*
 * path: absolute and plain. way: of one look at many paths, zeroed for the first: what it knows is
 * not asked again, which is most of the work where neighbours follow each other. NULL is fine.
 * 0; -ELOOP; -ENAMETOOLONG; -ENOTDIR; or another negative errno.
 */
int eg_place_disk_real(const char *path, struct eg_place_way *way, struct eg_place_real *ret);

/* Calls each for every mount point, in no order, but for those of file systems that may not answer
 * (network, automount). Stops at a negative return, which it returns. 0 or a negative errno. */
int eg_place_disk_mounts(int (*each)(const char *path, void *arg), void *arg);

/* Majors of character devices that lead to disks in their own words, or are watchdogs, and whose
 * numbers the kernel gives out as it goes. majors: n of them at most. How many, or a negative
 * errno. */
int eg_place_disk_majors(uint32_t *majors, size_t n);

#endif
