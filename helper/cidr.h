/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Networks in CIDR notation. Pure: no I/O, no name look-up, no allocation.
 */
#ifndef EG_CIDR_H
#define EG_CIDR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { EG_CIDR_TEXT_SIZE = 50 }; /* longest "IPv6/128", NUL included */

/* An IPv4 or IPv6 network. A v4-mapped one (::ffff:a.b.c.d/96+n) is stored as the IPv4 network it
 * means. */
struct eg_cidr {
	uint16_t family;    /* AF_INET or AF_INET6 */
	uint8_t prefix_len; /* 0..32 or 0..128 */
	uint8_t pad;
	/* network order, host bits zero; AF_INET uses the first four, the rest is zero */
	uint8_t addr[16];
};

/*
 * Parses "a.b.c.d/n", "h:h::h/n" or an address alone (/32, /128). Strict: no blanks, no leading
 * zeros in IPv4 octets or the length, no scope id, host bits must be zero.
 * text: NUL-terminated, borrowed. reterr: on failure a constant phrase that goes on from the text
 * ("has host bits set").
 * Returns 0 and fills *ret; -EINVAL for anything else, *ret untouched.
 */
int eg_cidr_parse(const char *text, struct eg_cidr *ret, const char **reterr);

/* As eg_cidr_parse, but host bits may be set and are cleared: names the network a mistaken text
 * probably means. */
int eg_cidr_parse_loose(const char *text, struct eg_cidr *ret, const char **reterr);

/* An address alone, as logins have it: the scope of a link-local one ("fe80::1%eth0") is passed
 * over. Returns 0 and fills *ret; -EINVAL for anything else, a name or NULL, *ret untouched. */
int eg_cidr_parse_host(const char *text, struct eg_cidr *ret);

/* Writes canonical text with its length always given. buf: EG_CIDR_TEXT_SIZE bytes. Returns buf. */
char *eg_cidr_format(const struct eg_cidr *cidr, char *buf);

/* Is addr (4 or 16 bytes by family, network order) inside the network? */
bool eg_cidr_contains(const struct eg_cidr *cidr, uint16_t family, const uint8_t *addr);

/* Total order: family, address, length; for qsort and for finding duplicates. <0, 0, >0. */
int eg_cidr_compare(const struct eg_cidr *a, const struct eg_cidr *b);

/* Is each address of the network in one of the n of a list? The list is sorted by eg_cidr_compare;
 * networks in it may lie within each other, and be of either family. */
bool eg_cidr_covered(const struct eg_cidr *cidr, const struct eg_cidr *list, size_t n);

#endif
