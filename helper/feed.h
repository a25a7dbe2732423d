/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Feeds: files beside the configuration that list what is denied, one entry a line. Read when the
 * policy is compiled. Never logs.
 */
#ifndef EG_FEED_H
#define EG_FEED_H

#include "config.h"
#include "digest.h"

enum {
	EG_FEED_SIZE_MAX = 512 << 20, /* bytes of one feed: a million digests with file names fit */
	EG_FEED_LINE_MAX = 65536,     /* bytes of one line */
};

/*
 * All digests that a profile denies: those of exec.deny_sha256, and those in the feeds of
 * exec.deny_sha256_files. config: the file that the profile is of, for errors; owner: as for
 * eg_config_load. Blocks on the disk only.
 * Returns 0 and *ret (eg_digests_done); -EINVAL for a line that is no digest; -E2BIG above
 * EG_HASHES_MAX different ones; -ENOMEM; or what eg_config_open returns; each with *reterr.
 */
int eg_feed_digests(const char *config, const struct eg_config_profile *profile, unsigned int owner,
		    struct eg_digests *ret, struct eg_err *reterr);

#endif
