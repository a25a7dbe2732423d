/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What is in force: a table of profiles and the slots of the kernel they have, and how a
 * configuration gets there.
 */
#ifndef EG_INFORCE_H
#define EG_INFORCE_H

#include "bpf.h"
#include "config.h"
#include "feeds.h"
#include "match.h"
#include "policy_sum.h"
#include "proto.h"
#include "resolve.h"

struct eg_helper;
struct eg_hook;

/* In the helper's state directory: the text of the last configuration that was in force. */
#define EG_LAST_GOOD "last-good.conf"

/* A profile that sessions have, or may get. */
struct eg_in_force {
	/* as in records; empty = a slot that is taken, nobody knows by whom */
	char name[EG_PROFILE_SIZE];
	uint32_t slot;
	/* of helper->config; NULL = it is no longer there, and its last policy stays for who has
	 * it */
	const struct eg_config_profile *profile;
	struct eg_resolved resolved; /* what the host says of it */
	uint8_t sum[EG_SUM_SIZE];    /* of the policy as it was put; zeroes = not known */
	uint32_t prefixes4, prefixes6, digests;
	/* owned: of the policy that the kernel side has; NULL = that knows its rules itself */
	struct eg_attribution *attribution;
};

/* ---- profiles.c: the table ---- */

/* At start, before anything is put in force: the slots that pinned records tell of are taken. 0 or
 * -ENOMEM. */
int eg_in_force_load(struct eg_helper *helper);
void eg_in_force_free(struct eg_helper *helper);

/* The entry of a profile. NULL: there is none. */
struct eg_in_force *eg_in_force_find(const struct eg_helper *helper, const char *name);

/* The entry of the profile that somebody gets. 0 and *ret; -EAGAIN when it depends on groups that
 * are not known; -ENOENT when there is no configuration. */
int eg_in_force_match(const struct eg_helper *helper, const struct eg_match_who *who,
		      const struct eg_in_force **ret);

/*
 * Slots for n profiles of a configuration, see slots.h. Only looks at the table. slots: n, filled.
 * 0, -ENOSPC or -ENOMEM, each with *reterr.
 */
int eg_in_force_slots(const struct eg_helper *helper, const struct eg_config_profile *profiles,
		      size_t n, uint32_t *slots, struct eg_err *reterr);

/* Has a session this slot, or one that it was made in? */
bool eg_in_force_is_used(const struct eg_helper *helper, uint32_t slot);

/*
 * Forgets the profiles that are neither configured nor anybody's, so that nobody gets them any
 * more. slots: theirs, each to be dropped (eg_bpf_profile_drop) before slots are assigned again;
 * that waits for the kernel. Returns how many.
 */
size_t eg_in_force_sweep(struct eg_helper *helper, uint32_t slots[EG_PROFILES_MAX]);

/* The feed that a rule's line is of, by the profile in the slot. NULL: of none, or of a policy that
 * is no longer in force. Borrowed. */
const char *eg_in_force_feed(const struct eg_helper *helper, uint32_t slot, uint32_t generation,
			     uint32_t line);

/*
 * Looks up anew what the configuration's paths lead to, when that has changed in a way that the
 * kernel side does not see: programs that are exceptions were replaced (an upgrade; the old ones'
 * identities may come back as another file's), links lead elsewhere, something was mounted. Cheap
 * when nothing has, but the disk may let it wait: for the thread of refresh.c. Of the helper it
 * uses the kernel side, the table, what that refers to, and what is not used elsewhere.
 * renewed: by slot, true where a policy is no longer what it was. Logs.
 */
void eg_in_force_refresh(struct eg_helper *helper, bool renewed[EG_PROFILES_MAX]);

/* The loop's part of it: these policies are not known any more. */
void eg_in_force_renewed(struct eg_helper *helper, const bool renewed[EG_PROFILES_MAX]);

/* ---- inforce.c: a configuration on its way ---- */

/* One of its profiles. */
struct eg_load_profile {
	struct eg_in_force entry;     /* as it will be */
	struct eg_prepared *prepared; /* NULL = the policy in force is the same */
};

/*
 * The steps: begin, prepare, swap, settle, and done at any time. prepare and settle may take long,
 * for a million rules seconds, and may run in a thread beside the loop: of the helper they use the
 * kernel side, the places, and what does not change meanwhile. A refresh may run beside these, and
 * beside begin, but not beside swap and done; the three are the loop's, and quick when settle comes
 * before done.
 */
struct eg_load {
	struct eg_helper *helper;
	const char *path;	  /* borrowed */
	bool keep;		  /* the text is to be kept as the last good one */
	struct eg_config *config; /* owned, until the swap */
	char *text;		  /* owned: what was parsed */
	size_t n_text;
	struct eg_watch *watch; /* owned: of its feeds, from before they are read */
	struct eg_feeds feeds;
	struct eg_load_profile *profiles; /* owned, one for each of config->profiles */
	struct eg_in_force *before;	  /* owned: slots and sums of the table as the load began */
	size_t n_before;
	struct eg_place_watch place_watch; /* of what was looked up */
	bool looked_up;			   /* what is known of places may have changed */
	uint32_t generation;
	int log_fd;	   /* owned, until the swap: of eg_log_prepare */
	bool swapped;	   /* it is in force */
	int unswapped;	   /* -errno of a profile's policy that could not be put in force */
	struct eg_err err; /* when prepare failed, or unswapped is set */
};

/* path: borrowed; keep: see above. What stands in *load is overwritten. */
void eg_load_begin(struct eg_load *load, struct eg_helper *helper, const char *path, bool keep);

/* Reads the configuration at load->path, compiles it, and puts all of it into maps, not in force.
 * 0, or a negative errno with load->err and nothing changed in what is in force. Protects what
 * sessions must leave alone, and logs when that fails. */
int eg_load_prepare(struct eg_load *load);

/* Puts it in force: one value a profile. Logs, but not the errors it returns: -ENOMEM, and nothing
 * has happened. */
int eg_load_swap(struct eg_load *load);

/* After the swap: frees what was in force before, and does what may come after. Logs. Without one:
 * drops what was prepared, and waits for the kernel with each policy. */
void eg_load_settle(struct eg_load *load);

/* Releases what the load still has, and drops what was neither swapped nor settled. */
void eg_load_done(struct eg_load *load);

/*
 * At start: says what the kernel lacks, protects what sessions must not touch, and puts a policy in
 * force: the configuration, else the last good one, else none. helper->generation: the one before.
 * Returns 0; -EOPNOTSUPP when the configuration demands hooks that the kernel lacks; or another
 * negative errno. Each with *reterr.
 */
int eg_inforce_start(struct eg_helper *helper, struct eg_err *reterr);

/* Does the configuration need a hook that the kernel may lack? */
bool eg_inforce_needs(const struct eg_config *config, const struct eg_hook *hook);

/* Is there everything that the configuration demands? 0, or -EOPNOTSUPP with *reterr. */
int eg_inforce_check(const struct eg_helper *helper, const struct eg_config *config,
		     struct eg_err *reterr);

/* The policy of a profile, with all that the host has to say to it. config: the file that it is of,
 * for errors. Returns 0, or a negative errno with *reterr; either way *ret_resolved and *ret are
 * the caller's to release. */
int eg_inforce_image(struct eg_helper *helper, struct eg_place_watch *watch, const char *config,
		     const struct eg_config_profile *profile, struct eg_resolved *ret_resolved,
		     struct eg_policy_image *ret, struct eg_err *reterr);

/* The built-in list of files, and what is ours, with what is there now: helper->config's feeds, and
 * those of the one that is to come, NULL if there is none. 0; or a negative errno, which it logs:
 * then what was protected stays so, and it is to be tried again. */
int eg_inforce_protect(struct eg_helper *helper, struct eg_place_watch *watch,
		       const struct eg_config *next);

/* Has the kernel side forget files that no rule is about any more. Logs. */
void eg_inforce_sweep(struct eg_helper *helper);

/* Which files the rules of a profile are about here, those of its groups included. image: compiled;
 * its places are replaced. 0 or a negative errno with *reterr. */
int eg_inforce_places(struct eg_helper *helper, struct eg_place_watch *watch,
		      const struct eg_config_profile *profile, struct eg_policy_image *image,
		      struct eg_err *reterr);

/* Modules that were loaded since have brought devices. 0 or a negative errno. */
int eg_inforce_devices(struct eg_helper *helper);

/* ---- reload.c: in the background ---- */

/*
 * Starts to load the configuration anew, beside the loop: logins and events go on. During one, it
 * is done once more after it. waiter: a descriptor of a client to be told how it ended, taken; -1 =
 * nobody waits. The outcome is logged, and stands in helper->last_error.
 */
void eg_reload(struct eg_helper *helper, int waiter);

/* A refresh has ended: takes the step that waited for it, when there is one. */
void eg_reload_go_on(struct eg_helper *helper);

/* At the end: waits for the step that runs. */
void eg_reload_close(struct eg_helper *helper);

#endif
