/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The kernel side as the helper sees it: load or take over, attach, and the maps. The bpf*.c files
 * are the only ones that include libbpf, bpf.c the only one with the skeleton. None of these
 * functions logs.
 */
#ifndef EG_BPF_H
#define EG_BPF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "abi_event.h"
#include "config.h"
#include "pace.h"
#include "policy.h"

#define EG_BPFFS      "/sys/fs/bpf"
#define EG_PIN_PARENT EG_BPFFS "/ebpfguard"

struct eg_bpf;
struct eg_cgroup2;
struct eg_hook;

/* Which of the maps that know places. */
enum eg_bpf_places {
	EG_PLACES_SEEN,	   /* eg_places: keys are struct eg_file_id */
	EG_PLACES_LEARNED, /* eg_learned: likewise */
	EG_PLACES_NAMED,   /* eg_place_names: keys are struct eg_place_key */
};

enum eg_bpf_start {
	EG_BPF_FRESH,	 /* nothing was pinned */
	EG_BPF_ADOPTED,	 /* programs and maps of this very build were: taken up as they are */
	EG_BPF_REPLACED, /* another build's: its maps kept, its programs replaced */
};

/* Everything the kernel must have, looked at before the verifier would say it in its own words
 * (bpf_kernel.c). Returns 0, or a negative errno with *reterr saying what to do. */
int eg_bpf_kernel_check(struct eg_err *reterr);

/*
 * Makes the kernel side be there, pinned below EG_PIN_PARENT so that it outlives this process, and
 * takes it up. A set of pins of this ABI is taken over whole or not at all: programs of this build
 * stay as they are, those of another build are replaced one by one, the new attached before the old
 * goes, so no session is unguarded for a moment. Needs CAP_BPF, CAP_PERFMON, CAP_SYS_ADMIN and a
 * bpffs at EG_BPFFS. Blocks for the verifier (well under a second on real machines) unless adopted.
 * verbose: libbpf's and the verifier's words to stderr.
 * Returns 0, *ret (eg_bpf_close) and *ret_start; a negative errno with *reterr naming what is
 * missing and what to do.
 */
int eg_bpf_open(struct eg_bpf **ret, enum eg_bpf_start *ret_start, bool verbose,
		struct eg_err *reterr);

/* The optional hooks the running kernel lacks, without those that another hook makes up for.
 * *ret_n: how many. Borrowed. */
const struct eg_hook *const *eg_bpf_missing(const struct eg_bpf *bpf, size_t *ret_n);

/* Adds to them what has been found out by trying: eg_hook_digests. Once. */
void eg_bpf_lacks(struct eg_bpf *bpf, const struct eg_hook *hook);

/* Gives up our descriptors. What is pinned goes on enforcing. NULL is fine. */
void eg_bpf_close(struct eg_bpf *bpf);

/* Unbinds everything and removes every pin, those of other versions too: enforcement ends, packets
 * included. For uninstallation. cgroup2: NULL = there is none, and packet programs that are still
 * attached pass everything. Returns 0 or a negative errno; no pins is fine. */
int eg_bpf_unload(const struct eg_cgroup2 *cgroup2);

/* A policy that stands in the maps and is not in force, or whose predecessor is still there. */
struct eg_prepared;

/*
 * A compiled policy goes in force for a slot in three steps.
 * prepare: fills new tries, lists and sets. May take long; only one thread at a time may prepare,
 * settle, abandon or replace. slot: EG_PROFILE_SELFTEST..EG_PROFILES_MAX - 1; generation: for
 * people. Returns 0 and *ret; -ENOSPC when no policy index is free; -EOVERFLOW when eg_items or
 * eg_names is full; or the negative errno of a map operation; nothing of it is left then.
 * swap: puts it in force by one value; quick. Returns 0 or a negative errno, the old one then stays
 * and what was prepared is to be abandoned.
 * settle: after the swap of all n: waits until no program can still see the old ones, then frees
 * them and the list's entries.
 * abandon: drops what was not swapped; NULL is fine.
 */
int eg_bpf_policy_prepare(struct eg_bpf *bpf, uint32_t slot, const struct eg_policy_image *image,
			  uint32_t generation, struct eg_prepared **ret);
int eg_bpf_policy_swap(struct eg_bpf *bpf, const struct eg_prepared *prepared);
/* EG_POLICY_TABLE4, _TABLE6: which of its networks are in flat tables, that do not say which rule
 * decides. */
uint32_t eg_bpf_policy_tables(const struct eg_prepared *prepared);
void eg_bpf_policies_settle(struct eg_bpf *bpf, struct eg_prepared **list, size_t n);
void eg_bpf_policy_abandon(struct eg_bpf *bpf, struct eg_prepared *prepared);

/* All of that for one policy. */
int eg_bpf_policy_put(struct eg_bpf *bpf, uint32_t slot, const struct eg_policy_image *image,
		      uint32_t generation);

/* The policy in force for a slot is that of another generation, too. 0; -ENOENT when there is none;
 * or another negative errno. */
int eg_bpf_policy_renumber(struct eg_bpf *bpf, uint32_t slot, uint32_t generation);

/* The last generation that some slot has: none before it is given again, while the pins live. */
uint32_t eg_bpf_generation(struct eg_bpf *bpf);

/* Takes the policy of a slot away: whoever has that slot is denied everything. Only for one that
 * nobody has. 0 or a negative errno. */
int eg_bpf_profile_drop(struct eg_bpf *bpf, uint32_t slot);

/*
 * Replaces the items of the policy in force for a slot: files that are exceptions were replaced.
 * New ones are there before old ones go. Returns 0; -EOVERFLOW when eg_items is full; or another
 * negative errno: some new ones may then be in force, and none is missing that was.
 */
int eg_bpf_items_replace(struct eg_bpf *bpf, uint32_t slot, const struct eg_policy_image *image);

/* Replaces the built-in names of sockets. New ones are there before old ones go. Returns 0;
 * -EOVERFLOW when the map is full; or another negative errno, with everything that was there still
 * there. */
int eg_bpf_sockets_put(struct eg_bpf *bpf, const struct eg_policy_name *names, size_t n);

/* Replaces the set of majors of devices that are disks or watchdogs. Likewise. */
int eg_bpf_majors_put(struct eg_bpf *bpf, const uint32_t *majors, size_t n);

/*
 * Places, see abi.h. get: all of them, *ret_keys and *ret_places owned by the caller. put: adds or
 * replaces n of them; drop: those that are not there are fine. last: the greatest number given.
 * Returns 0; -EOVERFLOW when the map is full; or another negative errno, with some of it done.
 */
int eg_bpf_places_get(struct eg_bpf *bpf, enum eg_bpf_places kind, void **ret_keys,
		      struct eg_place **ret_places, size_t *ret_n);
int eg_bpf_places_put(struct eg_bpf *bpf, enum eg_bpf_places kind, const void *keys,
		      const struct eg_place *places, size_t n);
int eg_bpf_places_drop(struct eg_bpf *bpf, enum eg_bpf_places kind, const void *keys, size_t n);
int eg_bpf_place_last_get(struct eg_bpf *bpf, uint32_t *ret);
int eg_bpf_place_last_set(struct eg_bpf *bpf, uint32_t last);

/* Has files with several names (eg_linked) forget places that are no more. 0 or a negative
 * errno. */
int eg_bpf_places_unlink(struct eg_bpf *bpf, bool (*is_live)(uint32_t place, const void *arg),
			 const void *arg);

/* How many symbolic links have come to stand for places. 0 or a negative errno. */
int eg_bpf_place_links(struct eg_bpf *bpf, uint32_t *ret);

/*
 * The rules of one policy about places. put: adds or replaces; keep: drops all others of that
 * policy (rules: sorted by place); used: the places that any policy has a rule about, sorted, each
 * once with what these are about, *ret owned by the caller. index: of the policy, 0 for the
 * built-in list. 0, -EOVERFLOW, or another negative errno.
 */
int eg_bpf_place_rules_put(struct eg_bpf *bpf, uint32_t index, const struct eg_policy_place *rules,
			   size_t n);
int eg_bpf_place_rules_keep(struct eg_bpf *bpf, uint32_t index, const struct eg_policy_place *rules,
			    size_t n);
int eg_bpf_place_rules_used(struct eg_bpf *bpf, struct eg_policy_place **ret, size_t *ret_n);

/* Replaces the rules about places of the policy in force for a slot: what its paths lead to has
 * changed. 0 or a negative errno, with none missing that was there. */
int eg_bpf_place_rules_renew(struct eg_bpf *bpf, uint32_t slot,
			     const struct eg_policy_image *image);

/* Says which process is to be left alone by sessions: ours, or 0. tgid: in the initial pid
 * namespace. 0 or a negative errno. */
int eg_bpf_helper_set(struct eg_bpf *bpf, uint32_t tgid);

/* Our own open files as the kernel names them, O_PATH descriptors too. *ret: array of *ret_n, owned
 * by the caller. 0 or a negative errno. */
int eg_bpf_files(struct eg_bpf *bpf, struct eg_file **ret, size_t *ret_n);

/* What is in force for a slot. Returns 0 or a negative errno. */
int eg_bpf_profile_get(struct eg_bpf *bpf, uint32_t slot, struct eg_profile *ret);

/*
 * Binds a cgroup. level: its depth below the cgroup2 root, 1..65535.
 * Returns 0; -EEXIST when it is bound already; -ENOSPC when the table or the list of levels is
 * full.
 */
int eg_bpf_bind(struct eg_bpf *bpf, uint64_t cgroup, unsigned int level,
		const struct eg_guard *guard);
/* The same for a cgroup that may be bound already: the guard is replaced in one step. */
int eg_bpf_rebind(struct eg_bpf *bpf, uint64_t cgroup, unsigned int level,
		  const struct eg_guard *guard);
int eg_bpf_binding_get(struct eg_bpf *bpf, uint64_t cgroup, struct eg_guard *ret); /* 0, -ENOENT */
int eg_bpf_unbind(struct eg_bpf *bpf, uint64_t cgroup);				   /* 0, -ENOENT */

/* The label of a process's main thread. Returns 0, -ENOENT (no label), -ESRCH (gone), or
 * -ENOMEM. */
int eg_bpf_label_get(struct eg_bpf *bpf, int pidfd, struct eg_guard *ret);
int eg_bpf_label_put(struct eg_bpf *bpf, int pidfd, const struct eg_guard *guard);
int eg_bpf_label_drop(struct eg_bpf *bpf, int pidfd);

/* Labels every task below a bound cgroup that has no label yet. Walks all tasks of the host. 0 or
 * negative errno. */
int eg_bpf_label_all(struct eg_bpf *bpf);

/* Every labelled task. *ret: array of *ret_n, owned by the caller. Walks all tasks of the host. 0
 * or negative errno. */
int eg_bpf_members(struct eg_bpf *bpf, struct eg_member **ret, size_t *ret_n);

/*
 * The packet layer for a bound cgroup and all below it: attaches this build's egress and ingress
 * programs to the directory, in place of an older build's where one is there. They stay until the
 * cgroup is removed, whatever becomes of us. Needs CAP_NET_ADMIN. Doing it twice is fine.
 * dirfd: of the cgroup, borrowed. Returns 0 or a negative errno: -EPERM also when a cgroup above
 * has a program that allows no others.
 */
int eg_bpf_packets_attach(struct eg_bpf *bpf, int dirfd);

/*
 * The same for strays: programs at the root of all cgroups that judge the sockets with a mark and
 * cost every packet of the host a look. They stay until they are detached. root_fd: of the cgroup2
 * mount, borrowed. attach and detach return 0 or a negative errno, twice is fine; detach ends
 * those of any build of this version. attached: are there any?
 */
int eg_bpf_strays_attach(struct eg_bpf *bpf, int root_fd);
int eg_bpf_strays_detach(struct eg_bpf *bpf, int root_fd);
bool eg_bpf_strays_attached(struct eg_bpf *bpf, int root_fd);

/*
 * Says that a socket is the connection its session came in by: not judged by its peer, or
 * tightening a policy would cut the administrator off. fd: any socket, borrowed. 0 or a negative
 * errno.
 */
int eg_bpf_connection_set(struct eg_bpf *bpf, int fd, uint64_t session);

/*
 * The sessions' TCP sockets in the caller's network namespace whose peer the policy in force
 * denies. *ret: array of *ret_n, owned by the caller. Walks all TCP sockets there. 0 or a negative
 * errno.
 */
int eg_bpf_denied_flows(struct eg_bpf *bpf, struct eg_denied_flow **ret, size_t *ret_n);

/* Should this user's manager be made anew, it is bound at once. NULL guard: no longer. 0 or
 * negative errno. */
int eg_bpf_manager_set(struct eg_bpf *bpf, uint32_t uid, const struct eg_guard *guard);

/* A session number never used before. Returns 0 or a negative errno. */
int eg_bpf_session_number(struct eg_bpf *bpf, uint64_t *ret);
/* Has it give none up to that one any more: another version has given them. 0 or a negative
 * errno. */
int eg_bpf_session_skip(struct eg_bpf *bpf, uint64_t used);

/* Records, totals and what of these is written, by session number. put makes all three, zeroed but
 * for the record; drop removes them. */
int eg_bpf_record_put(struct eg_bpf *bpf, uint64_t session, const struct eg_record *record,
		      bool is_new);
int eg_bpf_record_get(struct eg_bpf *bpf, uint64_t session, struct eg_record *ret);
void eg_bpf_record_drop(struct eg_bpf *bpf, uint64_t session);
int eg_bpf_totals_get(struct eg_bpf *bpf, uint64_t session, struct eg_totals *ret);
/* What of the totals is in the log, and the line that is being written. put: only for a session
 * that has a record. 0 or a negative errno. */
int eg_bpf_written_get(struct eg_bpf *bpf, uint64_t session, struct eg_written *ret);
int eg_bpf_written_put(struct eg_bpf *bpf, uint64_t session, const struct eg_written *written);
int eg_bpf_writing_get(struct eg_bpf *bpf, struct eg_writing *ret);
int eg_bpf_writing_put(struct eg_bpf *bpf, const struct eg_writing *writing);

/* Steps through the session numbers that have a record: *session 0 starts. Returns 0, -ENOENT at
 * the end. */
int eg_bpf_record_next(struct eg_bpf *bpf, uint64_t *session);

/*
 * What is ordered for a session, see struct eg_order. get: 0, or -ENOENT with *ret zeroed. put: one
 * that orders nothing is dropped. drop: absent is fine. count: sets right how many there are, after
 * a helper that was killed; put and drop do it themselves. next: as eg_bpf_record_next. 0 or a
 * negative errno.
 */
int eg_bpf_order_get(struct eg_bpf *bpf, uint64_t session, struct eg_order *ret);
int eg_bpf_order_put(struct eg_bpf *bpf, uint64_t session, const struct eg_order *order);
void eg_bpf_order_drop(struct eg_bpf *bpf, uint64_t session);
int eg_bpf_orders_count(struct eg_bpf *bpf);
int eg_bpf_order_next(struct eg_bpf *bpf, uint64_t *session);

/*
 * When a ring is to be read, see pace.h. fd: becomes readable with a record that wakes, for the
 * edge of EPOLLET; borrowed. left: what there is, and in *ret_read what has been read, in bytes
 * since the ring was made. wake: the next record does; whoever then sleeps looks once more before.
 * rest: none has come for a while, and memory that many took is given back.
 */
int eg_bpf_ring_fd(struct eg_bpf *bpf, enum eg_ring_name ring);
enum eg_ring_left eg_bpf_ring_left(struct eg_bpf *bpf, enum eg_ring_name ring, uint64_t *ret_read);
void eg_bpf_ring_wake(struct eg_bpf *bpf, enum eg_ring_name ring);
void eg_bpf_ring_rest(struct eg_bpf *bpf, enum eg_ring_name ring);

/*
 * Reads events: calls handle for each record there is, but for no more than max. 0 or a negative
 * errno. A record that is just being written stops it, too.
 * positions: where the kernel side writes next and what has been read, in bytes since the ring was
 * made. EG_BPF_EVENTS_ALL: as many as there can be at once.
 */
enum { EG_BPF_EVENTS_ALL = EG_EVENTS_SIZE / sizeof(struct eg_event) + 1 };
typedef void (*eg_bpf_event_fn)(const struct eg_event *event, void *arg);
int eg_bpf_events_read(struct eg_bpf *bpf, unsigned int max);
/* From within the handler: this record is the last of the read that is going on. */
void eg_bpf_events_stop(struct eg_bpf *bpf);
void eg_bpf_events_positions(struct eg_bpf *bpf, uint64_t *ret_produced, uint64_t *ret_consumed);
void eg_bpf_events_set(struct eg_bpf *bpf, eg_bpf_event_fn handle, void *arg);

/*
 * The same for what is recorded (struct eg_told, size bytes of it, not checked), a step at a time.
 * read: takes max records at most; returns 1 when there are more, 0, or a negative errno.
 */
typedef void (*eg_bpf_told_fn)(const struct eg_told *told, size_t size, void *arg);
int eg_bpf_story_read(struct eg_bpf *bpf, unsigned int max);
void eg_bpf_story_stop(struct eg_bpf *bpf);
void eg_bpf_story_set(struct eg_bpf *bpf, eg_bpf_told_fn tell, void *arg);

/*
 * ---- bpf_versions.c: what other versions have pinned; abi.h says what is relied on ----
 */
struct eg_bpf_version;

/*
 * The numbers of other versions that have a set of pins, ascending. Removes, besides, what a helper
 * that was killed has left of sets under construction or being removed (eg_bpf_unload). Returns how
 * many there are,
 * of which max are in ret; or a negative errno.
 */
int eg_bpf_versions_list(unsigned int *ret, size_t max, const struct eg_cgroup2 *cgroup2);

/* Takes one up. Returns 0 and *ret (eg_bpf_version_close), or a negative errno with *reterr, when
 * the set is not what abi.h says. close: NULL is fine. */
int eg_bpf_version_open(unsigned int abi, struct eg_bpf_version **ret, struct eg_err *reterr);
void eg_bpf_version_close(struct eg_bpf_version *version);

/* Is this cgroup, not one above it, bound; has the process a label? 1, 0 or a negative errno. */
int eg_bpf_version_binds(struct eg_bpf_version *version, uint64_t cgroup);
int eg_bpf_version_labels(struct eg_bpf_version *version, int pidfd);

/* As eg_bpf_members; and the ids of all cgroups that are bound, owned by the caller. */
int eg_bpf_version_members(struct eg_bpf_version *version, struct eg_member **ret, size_t *ret_n);
int eg_bpf_version_bound(struct eg_bpf_version *version, uint64_t **ret, size_t *ret_n);

/* As eg_bpf_packets_attach, eg_bpf_strays_attach and eg_bpf_helper_set, for that version. */
int eg_bpf_version_packets(struct eg_bpf_version *version, int dirfd);
int eg_bpf_version_strays(struct eg_bpf_version *version, int root_fd);
int eg_bpf_version_helper(struct eg_bpf_version *version, uint32_t tgid);

/* Users' managers that are made from now on are not bound. 0 or a negative errno. */
int eg_bpf_version_retire(struct eg_bpf_version *version);

/* Ends it: see eg_bpf_unload. 0 or a negative errno. */
int eg_bpf_version_drop(struct eg_bpf_version *version, const struct eg_cgroup2 *cgroup2);

#endif
