// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* A digest of a compiled policy. */
#include "policy_sum.h"

#include <string.h>

#include "key.h"

static void add(uint8_t sum[EG_SUM_SIZE], const void *data, size_t n)
{
	uint8_t both[2 * EG_SUM_SIZE];

	memcpy(both, sum, EG_SUM_SIZE);
	eg_key_sha256(n ? data : "", n, both + EG_SUM_SIZE);
	eg_key_sha256(both, sizeof(both), sum);
}

void eg_policy_sum(const struct eg_policy_image *image, uint8_t sum[EG_SUM_SIZE])
{
	add(sum, &image->policy, sizeof(image->policy));
	add(sum, &image->nets_in, sizeof(image->nets_in));
	add(sum, image->entries4, image->n_entries4 * sizeof(*image->entries4));
	add(sum, image->entries6, image->n_entries6 * sizeof(*image->entries6));
	add(sum, image->segments, image->n_segments * sizeof(*image->segments));
	add(sum, image->items, image->n_items * sizeof(*image->items));
	add(sum, image->names, image->n_names * sizeof(*image->names));
	add(sum, image->digests.list, image->digests.n * sizeof(*image->digests.list));
	add(sum, image->places, image->n_places * sizeof(*image->places));
	for (size_t i = 0; i < image->n_groups; i++)
		eg_policy_sum(&image->groups[i], sum);
}
