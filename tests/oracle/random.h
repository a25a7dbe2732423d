/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Random configurations, and questions near the edges of their rules. Same seed, same sequence. */
#ifndef EG_ORACLE_RANDOM_H
#define EG_ORACLE_RANDOM_H

#include <stdint.h>

#include "config.h"
#include "oracle.h"

struct eg_random {
	uint64_t state; /* not 0 */
};

uint32_t eg_random_below(struct eg_random *random, uint32_t n);

/* The text of a configuration: networks within each other, with ports and protocols, both lists,
 * both defaults, bind rules. Owned by the caller; NULL when memory is out. */
char *eg_random_config(struct eg_random *random);

/* A question: half of them one step off the edge of a rule. kind, family, port, proto, source and
 * addr of *ret are set, the rest is zero. */
void eg_random_query(struct eg_random *random, const struct eg_config_profile *profile,
		     struct eg_oracle *ret);

#endif
