/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Characters of UTF-8. Pure. */
#ifndef EG_UTF8_H
#define EG_UTF8_H

#include <stddef.h>
#include <stdint.h>

/*
 * The character that a text of n bytes, at least one, begins with, into *ret. Returns how many
 * bytes it is; 0 when these are no valid one (RFC 3629): cut, longer than it need be, half of a
 * pair, or beyond what there is. *ret is untouched then.
 */
size_t eg_utf8_decode(const char *text, size_t n, uint32_t *ret);

#endif
