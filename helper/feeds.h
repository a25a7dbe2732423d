/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Feeds of networks on the disk: all that a configuration names are read and judged, and of each
 * the last good one is kept. Never logs.
 *
 * To put a configuration in force: eg_feeds_load, then eg_policy_compile and what follows, and when
 * all went well eg_feeds_keep. So what was never in force is no last good one.
 */
#ifndef EG_FEEDS_H
#define EG_FEEDS_H

#include "feed_networks.h"

/* Of deny_files and allow_files together, in one profile: twice what a family takes. */
enum { EG_FEEDS_NETWORKS_MAX = 2 * EG_FEED_NETWORKS_MAX };

/* A feed as it was read, for all profiles that name it with the same settings. */
struct eg_feed {
	struct eg_config_feed as; /* its settings; the path is owned, networks is not used */
	struct eg_networks networks;
	size_t n_networks;     /* how many it had when it was read */
	uint64_t bytes;	       /* of the file that was read, or of the last good one */
	int64_t mtime_s;       /* likewise, CLOCK_REALTIME */
	bool last_good;	       /* the file was refused, and this is its last good one */
	struct eg_err refused; /* then: why */
	bool staged;	       /* a copy waits for eg_feeds_keep */
	bool kept;	       /* it was the last good one then */
	struct eg_err unkept;  /* why a copy could not be made; no text: it could, or need not */
};

struct eg_feeds {
	struct eg_feed *list; /* owned */
	size_t n;
	char config[EG_PATH_TEXT_SIZE]; /* the configuration that names them */
};

/*
 * Reads the feeds of all profiles, and has these refer to them. Each must be a regular file of root
 * or `owner` that neither group nor others can write.
 * state_dir: where the directory "feeds" is or will be, with the last good ones; NULL: there are
 * none, and none is kept, as for who only looks (`ebpfguardctl`, -t).
 * A feed that is missing, unreadable, bad and strict, too long, empty or has shrunk too much is
 * replaced by its last good one. Blocks on the disk only.
 * Returns 0 and *ret (eg_feeds_done); without a last good one what the file was refused for:
 * -EINVAL, -ENODATA, -E2BIG, -EFBIG, -EPERM, or the negative errno of open or read; -EINVAL when
 * profiles name one file with different settings; -E2BIG above EG_FEEDS_NETWORKS_MAX in a profile;
 * -ENOMEM. Each with *reterr filled, and no profile refers to anything.
 */
int eg_feeds_load(struct eg_config *config, unsigned int owner, const char *state_dir,
		  struct eg_feeds *ret, struct eg_err *reterr);

/* The first `compiled` profiles have been: forgets the networks that no other refers to. What is in
 * the kernel needs them no more, and a million is a lot to have beside it. */
void eg_feeds_release(struct eg_feeds *feeds, const struct eg_config *config, size_t compiled);

/* Makes what was loaded the last good ones: it is in force. Blocks on the disk only. What cannot be
 * kept leaves the older one, and is in feed->unkept. */
void eg_feeds_keep(struct eg_feeds *feeds, const char *state_dir);

/*
 * Removes the copies that none of these feeds has, and those that were staged for a load that came
 * to nothing. For when neither the configuration in force nor the one that a start would fall back
 * on names others: what sessions keep of a profile that is no longer configured is compiled, and
 * stays with the kernel over restarts. Other files stay. Blocks on the disk only.
 */
void eg_feeds_prune(const struct eg_feeds *feeds, const char *state_dir);

/* What people should hear of: refused feeds (serious), what could not be kept (serious), and lines
 * that were passed over: the first of each, then how many more. One call for each. Where the
 * configuration names the feed is told with all that its file has caused. */
void eg_feeds_tell(const struct eg_feeds *feeds,
		   void (*tell)(void *data, bool serious, const struct eg_err *what), void *data);

/*
 * Where the feeds of a configuration are, of networks and of digests: what sessions must not write.
 * Absolute paths without "." and "..", sorted, each once; a feed whose path has ".." is left out
 * when it is not there. Returns them and *ret_n (eg_feeds_paths_done); NULL: no memory.
 */
char **eg_feeds_paths(const struct eg_config *config, size_t *ret_n);
void eg_feeds_paths_done(char **paths, size_t n);

/* Are the feeds of two configurations the same files? a: NULL, there is none. For want of memory
 * they are not. */
bool eg_feeds_have_same_paths(const struct eg_config *a, const struct eg_config *b);

/* Releases what it owns and zeroes it; fine on a zeroed one. The profiles of config, NULL when it
 * is gone, refer to nothing any more; what is compiled needs no feeds. */
void eg_feeds_done(struct eg_feeds *feeds, struct eg_config *config);

#endif
