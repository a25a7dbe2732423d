/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The built-in lists into the kernel: which files those are on this host. Never logs. */
#ifndef EG_PLACES_H
#define EG_PLACES_H

#include <stddef.h>

#include "bpf.h"

/* Identities of our open files. list: owned. */
struct eg_places_ids {
	struct eg_file *list;
	size_t n;
};

/* Reads them: all at once, since each read walks over all descriptors. 0 or a negative errno. */
int eg_places_ids(struct eg_bpf *bpf, struct eg_places_ids *ret);

/* The identity of a descriptor that was open then; NULL = not among them. */
const struct eg_file *eg_places_id(const struct eg_places_ids *ids, int fd);

/*
 * Puts the protected places in force: the built-in list and more (n absolute paths, borrowed). A
 * path is protected by the name in its directory, and by what is there now under whatever name; one
 * whose directory is not there, by the name that is missing first.
 * Returns 0; -EOVERFLOW when they are too many; or another negative errno: those in force before
 * stay.
 */
int eg_places_put(struct eg_bpf *bpf, const char *const *more, size_t n);

/* Puts the built-in names of sockets in force. 0 or a negative errno. */
int eg_places_put_sockets(struct eg_bpf *bpf);

#endif
