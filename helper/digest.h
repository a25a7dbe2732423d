/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * SHA-256 digests: their text, and sets of them that are filled one by one. Pure: memory only,
 * never logs.
 */
#ifndef EG_DIGEST_H
#define EG_DIGEST_H

#include <stddef.h>
#include <stdint.h>

#include "abi.h"

enum { EG_DIGEST_TEXT = 64 /* hex digits */ };

/* An entry of eg_hashes: key and value as the map takes them. */
struct eg_digest {
	struct eg_hash hash;
	uint32_t line; /* of the configuration */
};
_Static_assert(sizeof(struct eg_digest) == EG_HASH_SIZE + 4, "key and value");

/* Different digests, in the order in which they came. Zeroed, it is empty. */
struct eg_digests {
	struct eg_digest *list; /* owned */
	size_t n, room;
	uint32_t *table; /* owned: open addressing, index in list + 1; 0 = free */
	size_t size;	 /* of the table, a power of two */
};

/* Reads n bytes, which must be 64 hex digits of either case. 0, or -EINVAL with *ret as it was. */
int eg_digest_parse(const char *text, size_t n, struct eg_hash *ret);

/*
 * Reads a line of a feed, n bytes without its newline: a digest, alone or with more behind a blank
 * (sha256sum), a comma or a semicolon (CSV); the digest may stand in quotes. Blanks around it and a
 * CR at the end do not count.
 * Returns 1 and *ret; 0 for an empty line or one that begins with '#'; -EINVAL with *ret_why, a
 * constant phrase that goes on from "line ...".
 */
int eg_digest_parse_line(const char *line, size_t n, struct eg_hash *ret, const char **ret_why);

/* Adds a digest; one that is there already keeps its line. 1 = added, 0 = it was there, -E2BIG
 * above EG_HASHES_MAX, -ENOMEM. */
int eg_digests_add(struct eg_digests *to, const struct eg_hash *hash, uint32_t line);

/* Releases what the set owns and zeroes it; fine on a zeroed one. */
void eg_digests_done(struct eg_digests *digests);

#endif
