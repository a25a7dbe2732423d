/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Sabotage: one thing of a policy is changed behind the compiler's back, which the oracle must
 * notice. Each is false when the policy has nothing of the kind; trouble ends the program.
 */
#ifndef EG_TEST_SPOIL_H
#define EG_TEST_SPOIL_H

#include "bpf_maps.h"
#include "oracle.h"

/* The verdict, or the line, of one network in the trie that no rule inside it hides. *ret: the
 * question about its address, but for the slot. */
bool eg_spoil_entry(struct eg_bpf *bpf, uint32_t policy, bool line, struct eg_oracle *ret);

/* The verdict of a segment in the middle of all n; whether a question meets it is a matter of
 * luck. */
bool eg_spoil_segment(struct eg_bpf *bpf, uint32_t policy, size_t n);

/* The second boundary in the window of the IPv4 table moves by one; likewise. */
bool eg_spoil_table(struct eg_bpf *bpf, uint32_t policy);

/* All lines of networks, as if the helper kept the deciders of another configuration. */
void eg_spoil_lines(struct eg_policy_image *image);

#endif
