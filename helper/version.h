/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What abi.h says of the pins of other versions, as far as it is text and numbers. Pure. */
#ifndef EG_VERSION_H
#define EG_VERSION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "abi.h"

enum eg_version_dir {
	EG_VERSION_NONE = 0, /* not a directory of ours */
	EG_VERSION_SET,	     /* "v12" */
	EG_VERSION_NEW,	     /* "v12_new": under construction, or left over */
	EG_VERSION_GONE,     /* "v12_gone": being removed, or left over */
};

/* What a name among the pins stands for; *ret_abi: of which version, unless EG_VERSION_NONE. */
enum eg_version_dir eg_version_dir(const char *name, unsigned int *ret_abi);

/* How many sessions hold a version's set: by labels, those of users' managers not counted, as ours
 * guard these, unless they are where nothing binds them. members: n, sorted by session. */
uint32_t eg_version_sessions(const struct eg_member *members, size_t n);

/* The uid in "/user.slice/user-UID.slice/user@UID.service". False: it is another path. */
bool eg_version_is_manager(const char *path, uint32_t *ret_uid);

#endif
