/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Private to the bpf*.c files: the descriptors behind struct eg_bpf, and the pins they come from.
 */
#ifndef EG_BPF_MAPS_H
#define EG_BPF_MAPS_H

#include <pthread.h>

#include "bpf.h"
#include "hooks.h"
#include "ring.h"

#define EG_PIN_STR_(x) #x
#define EG_PIN_STR(x)  EG_PIN_STR_(x)
#define EG_PIN_DIR     EG_PIN_PARENT "/v" EG_PIN_STR(EG_ABI)
/* A set under construction. bpffs allows no dot in a name. */
#define EG_PIN_NEW     EG_PIN_DIR "_new"

/* What we use of the set once it is pinned; bpf.c knows the names. */
enum eg_map {
	EG_MAP_SESSIONS,
	EG_MAP_LABELS,
	EG_MAP_MANAGERS,
	EG_MAP_PROFILES,
	EG_MAP_POLICIES,
	EG_MAP_TRIES4,
	EG_MAP_TRIES6,
	EG_MAP_FLAT_1, /* one for each class of tables, see abi_flat.h */
	EG_MAP_FLAT_LAST = EG_MAP_FLAT_1 + EG_FLAT_LAST - 1,
	EG_MAP_SEGMENTS,
	EG_MAP_HASHES,
	EG_MAP_ITEMS,
	EG_MAP_NAMES,
	EG_MAP_PLACES,
	EG_MAP_PLACE_NAMES,
	EG_MAP_LEARNED,
	EG_MAP_LINKED,
	EG_MAP_LINKED_INSIDE,
	EG_MAP_PLACE_RULES,
	EG_MAP_FLOWS,
	EG_MAP_CONNECTIONS,
	EG_MAP_TOTALS,
	EG_MAP_RECORDS,
	EG_MAP_ORDERS,
	EG_MAP_WRITTEN,
	EG_MAP_WRITING,
	EG_MAP_STATE,
	EG_MAP_HELPER,
	EG_MAP_LINKS,
	EG_MAP_QUICK,
	EG_MAP_EVENTS,
	EG_MAP_STORY,
	EG_MAP_WAKES,
	EG_N_MAPS,
};

/* Programs of the packet layer. */
enum eg_packets {
	EG_PACKETS_OUT,
	EG_PACKETS_IN,
	EG_PACKETS_STRAY_OUT,
	EG_PACKETS_STRAY_IN,
	EG_N_PACKETS,
};

struct eg_packets_prog {
	int fd;	     /* owned */
	uint32_t id; /* the kernel's */
};

/* Those of one set of pins. */
struct eg_packets_set {
	struct eg_packets_prog progs[EG_N_PACKETS];
	/* the kernel's id of the set's eg_state: programs that use it are of this set, whatever
	   build they are of */
	uint32_t state;
};

struct eg_quick;

struct eg_bpf {
	int maps[EG_N_MAPS];
	int iter_label, iter_members, iter_flows; /* links of the iterators */
	int iter_files;				  /* a program: each use makes its own link */
	struct eg_packets_set packets;
	struct eg_quick *quick; /* eg_quick, mapped */
	struct eg_ring rings[EG_RINGS];
	bool stop[EG_RINGS];   /* the record being handled is the last of this read */
	struct eg_wake *wakes; /* eg_wakes, mapped: EG_RINGS of them */
	eg_bpf_event_fn handle;
	void *handle_arg;
	pthread_mutex_t state_lock; /* of eg_state, while it is changed */
	/* of eg_items, while those of a policy in force are replaced, and while it is walked to see
	   which policies are there: what is put anew moves, and the walk could miss it */
	pthread_mutex_t items_lock;
	/* by slot and group: index of what its programs have besides, as last put; 0 = none */
	uint32_t own[EG_PROFILES_MAX][EG_PROGRAM_POLICIES_MAX];
	unsigned int last_class; /* of tables: the kernel has no arrays for those behind it */
	bool prepared[EG_POLICIES_MAX]; /* filled, or to be dropped: not to be used */
	eg_bpf_told_fn tell;
	void *tell_arg;
	/* hooks the kernel lacks, nothing instead; and, it may be, eg_hook_digests */
	const struct eg_hook *missing[EG_HOOKS_MAX + 1];
	size_t n_missing;
};

/* The one entry of eg_state. fd: of that map. 0 or a negative errno. */
int eg_bpf_state_get(int fd, struct eg_state *ret);
int eg_bpf_state_put(int fd, const struct eg_state *state);

/* Changes it: several threads do, each another part. change: returns 0, or a negative errno and
 * nothing is written. Returns that, or a negative errno of the map. */
int eg_bpf_state_change(struct eg_bpf *bpf, int (*change)(struct eg_state *state, void *arg),
			void *arg);

/*
 * Reads an iterator to its end. link: its pin, borrowed; *ret: the *ret_n bytes it wrote, owned by
 * the caller; NULL ret: only run it. 0 or a negative errno.
 */
int eg_bpf_iterate(int link, char **ret, size_t *ret_n);

/* bpf_rings.c: takes up both rings and eg_wakes, whose descriptors are there. 0, or a negative
 * errno with *reterr, and something may be open. close: also of what is not. */
int eg_bpf_rings_open(struct eg_bpf *bpf, struct eg_err *reterr);
void eg_bpf_rings_close(struct eg_bpf *bpf);

struct bpf_object;

/* Turns off the programs of an object that is open, but not loaded, that the running kernel has no
 * hook for; bpf->missing gets what is weaker. 0; -EOPNOTSUPP when a hook that must be there is not;
 * or another negative errno; each with *reterr. */
int eg_bpf_kernel_fit(struct eg_bpf *bpf, struct bpf_object *object, struct eg_err *reterr);

/* ---- bpf_inner.c ---- */

struct bpf_object;
struct eg_flat_plan; /* flat.h */

/*
 * New maps with what a policy has: tries of its networks, a flat table as planned, segments,
 * digests. Each returns a descriptor, the caller's, or a negative errno of the kernel; a table
 * -E2BIG where it is larger than the kernel's arrays can be.
 */
int eg_bpf_inner_trie4(const struct eg_policy_image *image);
int eg_bpf_inner_trie6(const struct eg_policy_image *image);
int eg_bpf_inner_table(const struct eg_flat_plan *plan);
int eg_bpf_inner_segments(const struct eg_segment *segments, size_t n);
int eg_bpf_inner_hashes(const struct eg_digests *digests);

/* Puts an inner map where a key of an outer one will look for it. made: its descriptor, taken, or a
 * negative errno, which is returned. */
int eg_bpf_inner_put(struct eg_bpf *bpf, enum eg_map outer, uint32_t index, int made);
void eg_bpf_inner_drop(struct eg_bpf *bpf, enum eg_map outer, uint32_t index);

/*
 * bpf_networks.c: the networks of a policy, in tables or tries. put: where its index will look for
 * them; policy: says in the end which it has. 0 or a negative errno, with some of it put.
 */
int eg_bpf_networks_put(struct eg_bpf *bpf, uint32_t index, const struct eg_policy_image *image,
			struct eg_policy *policy);
void eg_bpf_networks_drop(struct eg_bpf *bpf, uint32_t index);

/* Makes the maps of tables, in an object that is open and not loaded, such as the running kernel
 * has: without arrays of large values, those classes stay empty. Returns the last class that there
 * can be, or a negative errno. */
int eg_bpf_networks_fit(struct bpf_object *object);

/*
 * bpf_sets.c: the sets of a policy, by its index. put: 0, -EOVERFLOW when a map is full, or another
 * negative errno, with some of it put. own: indices of the image's groups, which must be put before
 * it. drop: of all policies whose index is set in `which` (EG_POLICIES_MAX), in one walk.
 */
int eg_bpf_sets_put(struct eg_bpf *bpf, uint32_t index, const struct eg_policy_image *image,
		    const uint32_t *own);
void eg_bpf_sets_drop(struct eg_bpf *bpf, const bool *which);

/*
 * bpf_sets.c: which policies are there: sets in `used` those of policies that are set already and
 * have groups, and in `old` those of the policy `of`. Both EG_POLICIES_MAX. 0 or a negative errno.
 */
int eg_bpf_sets_owned(struct eg_bpf *bpf, uint32_t of, bool *used, bool *old);

/* bpf_briefs.c: what the kernel side remembers is void. Behind each change of a binding or a label,
 * before anybody is told. Any thread. */
void eg_bpf_forget(struct eg_bpf *bpf);

/*
 * What the short way knows of the policy of a slot. forget: nothing, nor what it has led to; before
 * the policy in force is changed. tell: what is so now, or nothing while there are orders; behind
 * each change, of a policy or of the number of orders. Any thread.
 */
void eg_bpf_brief_forget(struct eg_bpf *bpf, uint32_t slot);
void eg_bpf_brief_tell(struct eg_bpf *bpf, uint32_t slot);
void eg_bpf_briefs_tell(struct eg_bpf *bpf); /* of all slots */

/* ---- bpf_packets.c ---- */

/* Takes up the programs that are pinned in a directory. close: also of one that init has made
 * empty. 0 or a negative errno, with nothing open. */
int eg_bpf_packets_open(const char *dir, struct eg_packets_set *ret);
void eg_bpf_packets_init(struct eg_packets_set *set);
void eg_bpf_packets_close(struct eg_packets_set *set);

/* As eg_bpf_packets_attach and eg_bpf_strays_attach, for any set. */
int eg_bpf_packets_put(const struct eg_packets_set *set, int dirfd);
int eg_bpf_packets_put_strays(const struct eg_packets_set *set, int root_fd);

/* Detaches from a cgroup what a set has attached there. state: of the set; 0 = of any set. 0 or a
 * negative errno. */
int eg_bpf_packets_remove(int dirfd, uint32_t state);

/* ---- bpf_pins.c ---- */

/* Path of a pin: kind is "map", "link" or "prog". Returns 0 or -ENAMETOOLONG. */
int eg_bpf_pin_path(char *buf, size_t size, const char *dir, const char *kind, const char *name);

/* The kernel's id of a map. 0 = it cannot be told. */
uint32_t eg_bpf_map_id(int fd);

/* Opens a pin of any directory, and one of the set in force. Descriptor or a negative errno. */
int eg_bpf_pin_open_in(const char *dir, const char *kind, const char *name);
int eg_bpf_pin_open(const char *kind, const char *name);

/* Pins fd; an older pin of that name is replaced in one step. 0 or a negative errno. */
int eg_bpf_pin_replace(const char *dir, const char *kind, const char *name, int fd);

/* bpf_drop.c: ends what a set of pins enforces, packets included, and removes them. dir: of the
 * set; cgroup2: NULL = packet programs stay where they are attached, and pass everything. Killed in
 * between, it can be done again. 0 or a negative errno. */
int eg_bpf_drop(const char *dir, const struct eg_cgroup2 *cgroup2);

/* Removes a directory of pins. 0, also when there is none, or a negative errno. */
int eg_bpf_pin_remove_dir(const char *path);

#endif
