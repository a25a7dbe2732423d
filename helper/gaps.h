/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What runs for users and is not guarded: a sentence each, as far as there is room, and numbers of
 * all. Pure. */
#ifndef EG_GAPS_H
#define EG_GAPS_H

#include <stdint.h>

#include "proto.h"
#include "proto_control.h"

struct eg_gaps {
	char text[EG_GAPS_SIZE];	     /* a line each */
	uint64_t n[EG_METRIC_UNGUARDED_MAX]; /* of each kind */
	uint64_t more;			     /* that the text has no room for */
};

/* Adds one: a sentence of one line. */
__attribute__((format(printf, 3, 4))) void
eg_gaps_add(struct eg_gaps *gaps, enum eg_metric_unguarded kind, const char *format, ...);

/* Says at the end of the text how many it leaves out. Nothing can be added then. */
void eg_gaps_end(struct eg_gaps *gaps);

#endif
