/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Which rule it was, where the kernel side does not know: records that have EG_LINE_UNKNOWN get
 * their rule here, before anything is made of them.
 *
 * A record names slot and generation of the policy that has decided, and a generation is given once
 * while the pins live. So what decided is kept beyond the reload that replaces it, until the
 * records that were written before are read. What nobody knows any more (an earlier helper's, read
 * after it was killed) stays EG_LINE_UNKNOWN, and is told without a rule: never with a wrong one.
 */
#ifndef EG_ATTRIBUTE_H
#define EG_ATTRIBUTE_H

#include <stdbool.h>
#include <stdint.h>

#include "abi_event.h"
#include "deciders.h"

struct eg_helper;

/* By what the policy of a slot decides, or has decided. */
struct eg_attribution {
	struct eg_deciders *by; /* owned */
	uint32_t slot;
	uint32_t from, to; /* generations; to: once it is retired */
	bool settled;	   /* all of its records are in the ring, up to: */
	uint64_t until;
	struct eg_attribution *next; /* of those that are retired, the newest first */
};

/*
 * Keeps what the kernel side will not know of a policy of that slot and generation.
 * image: borrowed; four, six: of which families. Takes time where there are many networks.
 * Returns 0 and *ret (owned: free, or retire), NULL when there is nothing to keep; or -ENOMEM.
 */
int eg_attribution_new(const struct eg_policy_image *image, bool four, bool six, uint32_t slot,
		       uint32_t generation, struct eg_attribution **ret);

/* NULL is fine. */
void eg_attribution_free(struct eg_attribution *attribution);

/* Takes one whose policy has been replaced. to: the last generation that had it. NULL is fine. */
void eg_attribution_retire(struct eg_helper *helper, struct eg_attribution *attribution,
			   uint32_t to);

/* No program uses policies any more that were replaced before: the last of their records are
 * written. */
void eg_attribution_settled(struct eg_helper *helper);

/* Once a second: forgets those whose records are all read. */
void eg_attribution_tick(struct eg_helper *helper);

/* At the end. */
void eg_attribution_free_all(struct eg_helper *helper);

/* The record with its rule: *buf, or the record itself where there is nothing to fill in. */
const struct eg_event *eg_attribute_event(const struct eg_helper *helper,
					  const struct eg_event *event, struct eg_event *buf);

/* Likewise, in place. */
void eg_attribute_flow(const struct eg_helper *helper, struct eg_denied_flow *flow);

#endif
