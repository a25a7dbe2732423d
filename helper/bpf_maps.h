/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Private to bpf.c and bpf_maps.c: the descriptors behind struct eg_bpf.
 */
#ifndef EG_BPF_MAPS_H
#define EG_BPF_MAPS_H

#include "bpf.h"

/* What we use of the set once it is pinned; bpf.c knows the names. */
enum eg_map {
	EG_MAP_SESSIONS,
	EG_MAP_LABELS,
	EG_MAP_MANAGERS,
	EG_MAP_PROFILES,
	EG_MAP_POLICIES,
	EG_MAP_TRIES4,
	EG_MAP_TRIES6,
	EG_MAP_TOTALS,
	EG_MAP_RECORDS,
	EG_MAP_STATE,
	EG_MAP_EVENTS,
	EG_N_MAPS,
};

struct ring_buffer;

struct eg_bpf {
	int maps[EG_N_MAPS];
	int iter_label, iter_members; /* links of the task iterators */
	struct ring_buffer *ring;
	eg_bpf_event_fn handle;
	void *handle_arg;
};

/* The one entry of eg_state. fd: of that map. 0 or a negative errno. */
int eg_bpf_state_get(int fd, struct eg_state *ret);
int eg_bpf_state_put(int fd, const struct eg_state *state);

#endif
