/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Whether two compiled policies are the same. Pure. */
#ifndef EG_POLICY_SUM_H
#define EG_POLICY_SUM_H

#include <stdint.h>

#include "policy.h"

enum { EG_SUM_SIZE = 32 };

/* Adds all that is put into maps to a digest that begins as zeroes, but for the generation: what is
 * the same needs no new maps. */
void eg_policy_sum(const struct eg_policy_image *image, uint8_t sum[EG_SUM_SIZE]);

#endif
