/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Large structs as small inputs: a list of patches to one that is there already. Each is an offset
 * (two bytes, the least first), a count n, and n bytes; a count of 0 is followed by two bytes of
 * length and one byte that fills. Any bytes are such a list.
 */
#ifndef EG_FUZZ_PATCH_H
#define EG_FUZZ_PATCH_H

#include <stdint.h>
#include <string.h>

/* Applies the patches; what would go beyond its end is cut. Returns the end of the last byte that
 * was patched. */
static inline size_t patch(const uint8_t *data, size_t n, void *to, size_t size)
{
	uint8_t *bytes = to;
	size_t end = 0;

	while (n >= 4) {
		size_t at = (data[0] | (size_t)data[1] << 8) % size, count = data[2];
		size_t used = 3 + count;
		int fill = -1;

		if (!count) {
			if (n < 6)
				break;
			count = data[3] | (size_t)data[4] << 8;
			fill = data[5];
			used = 6;
		} else if (used > n) {
			used = n;
			count = n - 3;
		}
		if (count > size - at)
			count = size - at;
		if (fill < 0)
			memcpy(bytes + at, data + 3, count);
		else
			memset(bytes + at, fill, count);
		end = at + count > end ? at + count : end;
		data += used;
		n -= used;
	}
	return end;
}

#endif
