// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Characters of UTF-8, as strict as the standard wants it. */
#include "utf8.h"

size_t eg_utf8_decode(const char *text, size_t n, uint32_t *ret)
{
	static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
	const unsigned char *at = (const unsigned char *)text;
	size_t len = *at < 0x80	  ? 1
		     : *at < 0xc0 ? 0
		     : *at < 0xe0 ? 2
		     : *at < 0xf0 ? 3
		     : *at < 0xf8 ? 4
				  : 0;
	uint32_t c = len == 1 ? *at : *at & (0xffU >> (len + 1));

	if (!len || len > n)
		return 0;
	for (size_t i = 1; i < len; i++) {
		if ((at[i] & 0xc0) != 0x80)
			return 0;
		c = c << 6 | (at[i] & 0x3f);
	}
	if (c < least[len] || c > 0x10ffff || (c >= 0xd800 && c < 0xe000))
		return 0;
	*ret = c;
	return len;
}
