/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Who wakes the helper: see struct eg_wake. BPF_RB_FORCE_WAKEUP and not the kernel's own choice,
 * which wakes only a reader that has read everything before: behind a record that woke nobody, it
 * never wakes again.
 */
#ifndef EG_WAKE_BPF_H
#define EG_WAKE_BPF_H

#include "maps.bpf.h"

enum { EG_RING_HEADER = 8 }; /* what the ring adds to a record, include/uapi: BPF_RINGBUF_HDR_SZ */

/*
 * Is the reader to be woken for a record of that size? To be asked when the record has its place in
 * the ring, and not before: a reader that has just gone to sleep looks for it there. NULL = no;
 * otherwise eg_wake_done is to follow, unless he cannot be woken.
 */
static __always_inline struct eg_wake *eg_wake_due(__u32 ring, __u32 size)
{
	struct eg_wake *wake = bpf_map_lookup_elem(&eg_wakes, &ring);
	__s64 taken = size + EG_RING_HEADER;

	if (!wake || __sync_fetch_and_add(&wake->left, -taken) > taken)
		return NULL;
	return wake;
}

/* He is, by a record that is not submitted yet. size: of the ring. */
static __always_inline void eg_wake_done(struct eg_wake *wake, __u32 size)
{
	*(volatile __s64 *)&wake->left = size / 4;
}

/* Sends a reserved event off. */
static __always_inline void eg_event_submit(struct eg_event *e)
{
	struct eg_wake *wake = eg_wake_due(EG_RING_EVENTS, sizeof(*e));

	if (!wake) {
		bpf_ringbuf_submit(e, BPF_RB_NO_WAKEUP);
		return;
	}
	eg_wake_done(wake, EG_EVENTS_SIZE);
	bpf_ringbuf_submit(e, BPF_RB_FORCE_WAKEUP);
}

#endif
