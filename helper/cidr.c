// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Networks in CIDR notation: text to bits and back. inet_pton and inet_ntop do the addresses; what
 * they leave open (lengths, host bits, v4-mapped) is decided here.
 */
#include "cidr.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

enum { BITS4 = 32, BITS6 = 128, MAPPED_BITS = 96, MAPPED_BYTES = 12 };

static const uint8_t mapped_prefix[MAPPED_BYTES] = {[10] = 0xff, [11] = 0xff};

static const char not_address[] =
	"is not an IPv4 or IPv6 network such as 10.0.0.0/8 or 2001:db8::/32";
static const char bad_length4[] = "needs a prefix length from 0 to 32, without leading zeros";
static const char bad_length6[] = "needs a prefix length from 0 to 128, without leading zeros";
static const char host_bits[] = "has host bits set";

static unsigned int family_bits(uint16_t family)
{
	return family == AF_INET ? BITS4 : BITS6;
}

/* The length after the slash: decimal digits only, no sign, no leading zero. */
static int parse_length(const char *text, unsigned int max, uint8_t *ret)
{
	unsigned int value = 0;
	size_t i;

	if (!text[0] || (text[0] == '0' && text[1]))
		return -EINVAL;
	for (i = 0; text[i]; i++) {
		if (i == 3 || text[i] < '0' || text[i] > '9')
			return -EINVAL;
		value = value * 10 + (unsigned int)(text[i] - '0');
	}
	if (value > max)
		return -EINVAL;
	*ret = (uint8_t)value;
	return 0;
}

/* Not every libc's inet_pton refuses "010.0.0.1", which some readers take for octal. */
static bool has_padded_octet(const char *text)
{
	size_t i;

	for (i = 0; text[i]; i++)
		if (text[i] == '0' && (i == 0 || text[i - 1] == '.') && text[i + 1] >= '0' &&
		    text[i + 1] <= '9')
			return true;
	return false;
}

static int parse_address(const char *text, struct eg_cidr *ret)
{
	if (inet_pton(AF_INET, text, ret->addr) == 1 && !has_padded_octet(text)) {
		ret->family = AF_INET;
		return 0;
	}
	memset(ret->addr, 0, sizeof(ret->addr));
	if (inet_pton(AF_INET6, text, ret->addr) == 1) {
		ret->family = AF_INET6;
		return 0;
	}
	return -EINVAL;
}

/* ::ffff:a.b.c.d reaches IPv4 hosts, so only an IPv4 rule would be looked up for it. */
static void unmap(struct eg_cidr *cidr)
{
	if (cidr->family != AF_INET6 || cidr->prefix_len < MAPPED_BITS ||
	    memcmp(cidr->addr, mapped_prefix, MAPPED_BYTES) != 0)
		return;
	cidr->family = AF_INET;
	cidr->prefix_len -= MAPPED_BITS;
	memmove(cidr->addr, cidr->addr + MAPPED_BYTES, 4);
	memset(cidr->addr + 4, 0, sizeof(cidr->addr) - 4);
}

/* Clears the host bits; true when there were any. */
static bool clear_host_bits(struct eg_cidr *cidr)
{
	size_t i = cidr->prefix_len / 8;
	uint8_t host = (uint8_t)(0xff >> (cidr->prefix_len % 8));
	bool found = false;

	for (; i < family_bits(cidr->family) / 8; i++, host = 0xff) {
		found |= (cidr->addr[i] & host) != 0;
		cidr->addr[i] &= (uint8_t)~host;
	}
	return found;
}

static int parse(const char *text, struct eg_cidr *ret, bool *ret_host_bits, const char **reterr)
{
	char address[INET6_ADDRSTRLEN] = "";
	const char *slash = strchr(text, '/');
	size_t n = slash ? (size_t)(slash - text) : strlen(text);
	struct eg_cidr cidr = {0};

	*reterr = not_address;
	if (n == 0 || n >= sizeof(address))
		return -EINVAL;
	memcpy(address, text, n);
	if (parse_address(address, &cidr) < 0)
		return -EINVAL;
	cidr.prefix_len = (uint8_t)family_bits(cidr.family);
	*reterr = cidr.family == AF_INET ? bad_length4 : bad_length6;
	if (slash && parse_length(slash + 1, cidr.prefix_len, &cidr.prefix_len) < 0)
		return -EINVAL;
	*ret_host_bits = clear_host_bits(&cidr);
	unmap(&cidr);
	*ret = cidr;
	return 0;
}

int eg_cidr_parse(const char *text, struct eg_cidr *ret, const char **reterr)
{
	struct eg_cidr cidr = {0};
	const char *why = NULL;
	bool found = false;

	if (parse(text, &cidr, &found, &why) < 0 || found) {
		*reterr = found ? host_bits : why;
		return -EINVAL;
	}
	*ret = cidr;
	return 0;
}

int eg_cidr_parse_loose(const char *text, struct eg_cidr *ret, const char **reterr)
{
	const char *why = NULL;
	bool found = false;

	if (parse(text, ret, &found, &why) < 0) {
		*reterr = why;
		return -EINVAL;
	}
	return 0;
}

int eg_cidr_parse_host(const char *text, struct eg_cidr *ret)
{
	size_t n = text ? strcspn(text, "%") : 0;
	char address[INET6_ADDRSTRLEN];
	const char *why;

	if (!n || n >= sizeof(address) || memchr(text, '/', n))
		return -EINVAL;
	memcpy(address, text, n);
	address[n] = '\0';
	return eg_cidr_parse(address, ret, &why);
}

char *eg_cidr_format(const struct eg_cidr *cidr, char *buf)
{
	char address[INET6_ADDRSTRLEN] = "?";

	(void)inet_ntop(cidr->family, cidr->addr, address, sizeof(address)); /* "?" for no family */
	(void)snprintf(buf, EG_CIDR_TEXT_SIZE, "%s/%u", address, cidr->prefix_len);
	return buf;
}

bool eg_cidr_contains(const struct eg_cidr *cidr, uint16_t family, const uint8_t *addr)
{
	size_t whole = cidr->prefix_len / 8;
	uint8_t host = (uint8_t)(0xff >> (cidr->prefix_len % 8));

	if (cidr->family != family || memcmp(cidr->addr, addr, whole) != 0)
		return false;
	return cidr->prefix_len % 8 == 0 ||
	       ((cidr->addr[whole] ^ addr[whole]) & (uint8_t)~host) == 0;
}

int eg_cidr_compare(const struct eg_cidr *a, const struct eg_cidr *b)
{
	int order;

	if (a->family != b->family)
		return a->family < b->family ? -1 : 1;
	order = memcmp(a->addr, b->addr, sizeof(a->addr));
	return order ? order : (int)a->prefix_len - (int)b->prefix_len;
}

/* The first address behind the network; false: there is none. */
static bool step_behind(const struct eg_cidr *cidr, uint8_t addr[16])
{
	unsigned int bit = cidr->prefix_len;

	memcpy(addr, cidr->addr, sizeof(cidr->addr));
	while (bit-- > 0) { /* adds one where the network ends, and carries */
		uint8_t mask = (uint8_t)(0x80 >> bit % 8);

		addr[bit / 8] ^= mask;
		if (addr[bit / 8] & mask)
			return true;
	}
	return false;
}

bool eg_cidr_covered(const struct eg_cidr *cidr, const struct eg_cidr *list, size_t n)
{
	struct eg_cidr at = *cidr; /* by its address: the first that none has held so far */

	for (size_t i = 0; i < n; i++) {
		if (list[i].family != cidr->family)
			continue;
		if (!eg_cidr_contains(&list[i], at.family, at.addr)) {
			if (memcmp(list[i].addr, at.addr, sizeof(at.addr)) > 0)
				return false; /* and so are all behind it */
			continue;
		}
		if (!step_behind(&list[i], at.addr) || !eg_cidr_contains(cidr, at.family, at.addr))
			return true;
	}
	return false;
}
