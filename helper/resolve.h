/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What the host says of a profile's texts: ids of users and groups, identities of programs and
 * mount targets, names for the kernel's look-ups. Asks NSS and the disk, so it blocks as long as
 * they do. Never logs.
 */
#ifndef EG_RESOLVE_H
#define EG_RESOLVE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bpf.h"
#include "config.h"
#include "policy.h"

/* A program or target that is an exception, as it was found. */
struct eg_resolved_file {
	const struct eg_config_text *text; /* of the profile, borrowed */
	enum eg_item kind;		   /* EG_ITEM_PROGRAM, EG_ITEM_TARGET, EG_ITEM_RULES */
	size_t group;	     /* number of the group it stands in, from 1; 0 = the profile itself */
	const char *trouble; /* why it is no exception, a constant phrase; NULL = it is one */
	struct eg_item_key key; /* valid without trouble */
	/* by stat, to see whether it has changed; all zero = it was not there */
	uint64_t dev, ino;
	int64_t ctime_ns;
};

/* A profile's answers. The profile must outlive them. */
struct eg_resolved {
	struct eg_policy_item *ids; /* owned: users and groups */
	size_t n_ids;
	struct eg_resolved_file *files; /* owned */
	size_t n_files;
	size_t n_groups; /* of the profile */
};

/*
 * Looks everything up. bpf: for the identities of files.
 * Returns 0 and *ret (release with eg_resolved_done); -ENOENT when a user or group that the file
 * names does not exist; -EEXIST when two groups of rules name one program, by two paths; -ENOMEM;
 * or another negative errno. Each with *reterr, its file left empty.
 * A program or target that is not there, or that others than root could replace, is no error: see
 * trouble.
 */
int eg_resolve(struct eg_bpf *bpf, const struct eg_config_profile *profile, struct eg_resolved *ret,
	       struct eg_err *reterr);

/* Has one of the files changed since, or come? An upgrade replaces programs. One stat() each. */
bool eg_resolve_is_stale(const struct eg_resolved *resolved);

/* Makes all files stale: what is in force may be something else than was found. */
void eg_resolved_distrust(struct eg_resolved *resolved);

/* Looks the files up again, and puts the items of the slot's policy in force anew. 0 or a negative
 * errno. */
int eg_resolve_again(struct eg_bpf *bpf, uint32_t slot, struct eg_resolved *resolved);

/*
 * Fills the items and names of a compiled image, and the items of its groups. Pure.
 * Returns 0; -ENAMETOOLONG or -ENOMEM with *reterr, its file left empty.
 */
int eg_resolve_image(const struct eg_resolved *resolved, const struct eg_config_profile *profile,
		     struct eg_policy_image *image, struct eg_err *reterr);

/* Releases what it owns and zeroes it; fine on a zeroed one. */
void eg_resolved_done(struct eg_resolved *resolved);

#endif
