// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* See random.h. Small pools of networks and ports, so that rules meet often. */
#include "random.h"

#include <arpa/inet.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "util.h"

enum { BASES = 4, LIST_MAX = 24, PORTS_MAX = 12, WORD_SIZE = 80 };

uint32_t eg_random_below(struct eg_random *random, uint32_t n)
{
	/* xorshift64*, Marsaglia 2003 and Vigna 2016 */
	random->state ^= random->state >> 12;
	random->state ^= random->state << 25;
	random->state ^= random->state >> 27;
	return (uint32_t)((random->state * 0x2545f4914f6cdd1dULL) >> 33) % n;
}

static bool chance(struct eg_random *random, uint32_t percent)
{
	return eg_random_below(random, 100) < percent;
}

/* ---- configurations ---- */

struct bases {
	uint8_t v4[BASES][4];
	uint8_t v6[BASES][16];
};

/* One list of a configuration as it is written; the same rule twice would be an error. */
struct list {
	char rule[LIST_MAX][WORD_SIZE];
	uint32_t n;
};

static void random_bytes(struct eg_random *random, uint8_t *to, size_t n)
{
	for (size_t i = 0; i < n; i++)
		to[i] = (uint8_t)eg_random_below(random, 256);
}

static void make_bases(struct eg_random *random, struct bases *ret)
{
	static const uint8_t v4[][4] = {{127, 0, 0, 1}, {10, 0, 0, 0}, {18, 4, 5, 6}, {0, 0, 0, 0}};
	static const char *const v6[] = {"::1", "2001:db8::", "64:ff9b::", "2002::", "fd00::1"};

	for (size_t i = 0; i < BASES; i++) {
		random_bytes(random, ret->v4[i], sizeof(ret->v4[i]));
		if (chance(random, 60))
			memcpy(ret->v4[i], v4[eg_random_below(random, EG_ARRAY_SIZE(v4))], 4);
		(void)inet_pton(AF_INET6, v6[eg_random_below(random, EG_ARRAY_SIZE(v6))],
				ret->v6[i]);
		/* Rules of IPv6 networks that carry the IPv4 ones of other rules. */
		if (ret->v6[i][1] == 0x64)
			memcpy(ret->v6[i] + 12, ret->v4[i], 4);
		else if (ret->v6[i][1] == 0x02)
			memcpy(ret->v6[i] + 2, ret->v4[i], 4);
	}
}

/* Cuts addr to a network of len bits after turning some of its last three. */
static void make_network(struct eg_random *random, uint8_t *addr, uint32_t size, uint32_t len)
{
	for (uint32_t bit = len > 3 ? len - 3 : 0; bit < len; bit++)
		if (chance(random, 25))
			addr[bit / 8] ^= (uint8_t)(0x80U >> bit % 8);
	for (uint32_t bit = len; bit < 8 * size; bit++)
		addr[bit / 8] &= (uint8_t) ~(0x80U >> bit % 8);
}

static uint32_t random_len(struct eg_random *random, uint32_t bits)
{
	static const uint32_t fours[] = {0, 1, 4, 8, 8, 9, 16, 16, 24, 31, 32, 32};
	static const uint32_t sixes[] = {0, 3, 16, 16, 32, 48, 48, 64, 96, 96, 127, 128, 128};

	if (chance(random, 30))
		return eg_random_below(random, bits + 1);
	return bits == 32 ? fours[eg_random_below(random, EG_ARRAY_SIZE(fours))]
			  : sixes[eg_random_below(random, EG_ARRAY_SIZE(sixes))];
}

static uint16_t random_port(struct eg_random *random)
{
	static const uint16_t ports[] = {0, 1, 22, 53, 80, 443, 1023, 1024, 8000, 8999, 65535};

	if (chance(random, 30))
		return (uint16_t)eg_random_below(random, 65536);
	return ports[eg_random_below(random, EG_ARRAY_SIZE(ports))];
}

/* "443" or "8000-8999" */
static void write_ports(struct eg_random *random, char *to, size_t size)
{
	uint16_t a = random_port(random), b = random_port(random);

	if (a > b) {
		uint16_t c = a;

		a = b;
		b = c;
	}
	if (a == b || chance(random, 40))
		(void)snprintf(to, size, "%u", a);
	else
		(void)snprintf(to, size, "%u-%u", a, b == 65535 && !a ? b - 1U : b);
}

static const char *random_protocol(struct eg_random *random, bool ports)
{
	static const char *const words[] = {"tcp", "udp", "sctp", "dccp", "udplite", "icmp"};

	if (chance(random, 60))
		return words[eg_random_below(random, 2)];
	return words[eg_random_below(random, EG_ARRAY_SIZE(words) - (ports ? 1 : 0))];
}

static void write_rule(struct eg_random *random, const struct bases *bases, char *to, size_t size)
{
	bool ports = chance(random, 40), six = chance(random, 40);
	uint32_t bits = six ? 128 : 32, len = random_len(random, bits);
	char text[INET6_ADDRSTRLEN], tail[WORD_SIZE / 2] = "";
	uint8_t addr[16] = {0};
	int n;

	if (ports) {
		tail[0] = ':';
		write_ports(random, tail + 1, sizeof(tail) - 1);
	}
	n = (int)strlen(tail);
	if (chance(random, ports ? 60 : 30))
		(void)snprintf(tail + n, sizeof(tail) - (size_t)n, "/%s",
			       random_protocol(random, ports));
	memcpy(addr,
	       six ? bases->v6[eg_random_below(random, BASES)]
		   : bases->v4[eg_random_below(random, BASES)],
	       bits / 8);
	make_network(random, addr, bits / 8, len);
	(void)inet_ntop(six ? AF_INET6 : AF_INET, addr, text, sizeof(text));
	if (chance(random, 4))
		(void)snprintf(to, size, "*%s", tail);
	else if (six && ports)
		(void)snprintf(to, size, "[%s]/%u%s", text, len, tail);
	else
		(void)snprintf(to, size, "%s/%u%s", text, len, tail);
}

static void write_bind(struct eg_random *random, char *to, size_t size)
{
	char ports[WORD_SIZE / 2];

	if (chance(random, 10))
		(void)snprintf(ports, sizeof(ports), "*");
	else
		write_ports(random, ports, sizeof(ports));
	if (chance(random, 50))
		(void)snprintf(to, size, "%s/%s", ports, random_protocol(random, true));
	else
		(void)snprintf(to, size, "%s", ports);
}

/* Takes the rule written behind the last one, unless it is in the list already. */
static void keep(struct list *list)
{
	for (uint32_t i = 0; i < list->n; i++)
		if (!strcmp(list->rule[i], list->rule[list->n]))
			return;
	list->n++;
}

/* One rule a line, so that the line names it. */
static void print_list(FILE *out, const char *key, const struct list *list)
{
	(void)fprintf(out, "%s = [", key);
	for (uint32_t i = 0; i < list->n; i++)
		(void)fprintf(out, "%s\n\t\"%s\"", i ? "," : "", list->rule[i]);
	(void)fprintf(out, "\n];\n");
}

char *eg_random_config(struct eg_random *random)
{
	static const char *const defaults[] = {"", "default = \"allow\";\n",
					       "default = \"deny\";\n", "default = \"deny\";\n"};
	static const char *const keys[] = {"deny", "allow"};
	struct bases bases = {0};
	size_t n = 0;
	char *text = NULL;
	FILE *out = open_memstream(&text, &n);

	if (!out)
		return NULL;
	make_bases(random, &bases);
	(void)fputs(defaults[eg_random_below(random, EG_ARRAY_SIZE(defaults))], out);
	for (size_t k = 0; k < 2; k++) {
		uint32_t wanted = eg_random_below(random, LIST_MAX);
		struct list list = {.n = 0};

		while (wanted--) {
			write_rule(random, &bases, list.rule[list.n], WORD_SIZE);
			keep(&list);
		}
		print_list(out, keys[k], &list);
	}
	(void)fputs("bind = {\n", out);
	for (size_t k = 0; k < 2; k++) {
		uint32_t wanted = eg_random_below(random, PORTS_MAX);
		struct list list = {.n = 0};

		while (wanted--) {
			write_bind(random, list.rule[list.n], WORD_SIZE);
			keep(&list);
		}
		print_list(out, keys[k], &list);
	}
	(void)fputs("};\n", out);
	if (fclose(out) != 0)
		return NULL;
	return text;
}

/* ---- questions ---- */

/* The address before (down) or behind. */
static void step(uint8_t *addr, uint32_t size, bool down)
{
	for (uint32_t i = size; i-- > 0;) {
		addr[i] = (uint8_t)(down ? addr[i] - 1 : addr[i] + 1);
		if (addr[i] != (down ? 0xff : 0x00))
			return;
	}
}

/* First or last address of the network, the one beyond, or one inside. */
static void near_network(struct eg_random *random, const struct eg_cidr *net, uint8_t *addr)
{
	uint32_t size = net->family == AF_INET ? 4 : 16, where = eg_random_below(random, 5);
	uint8_t noise[16];

	memcpy(addr, net->addr, sizeof(net->addr));
	random_bytes(random, noise, sizeof(noise));
	for (uint32_t bit = net->prefix_len; bit < 8 * size; bit++) {
		uint8_t mask = (uint8_t)(0x80U >> bit % 8);

		if (where >= 3 || (where == 2 && noise[bit / 8] & mask))
			addr[bit / 8] |= mask;
	}
	if (where == 1)
		step(addr, size, true);
	else if (where == 4)
		step(addr, size, false);
}

static void near_rule(struct eg_random *random, const struct eg_rule_spec *spec,
		      struct eg_oracle *ret)
{
	struct eg_cidr net = spec->net;

	if (net.family == AF_UNSPEC)
		net.family = chance(random, 50) ? AF_INET : AF_INET6;
	ret->family = net.family;
	near_network(random, &net, ret->addr);
	ret->proto = spec->protocol;
	if (spec->protocol == EG_PROTO_ANY || chance(random, 20))
		ret->proto = (uint8_t)eg_random_below(random, EG_PROTO_MAX);
	switch (eg_random_below(random, 5)) {
	case 0:
		ret->port = spec->port_low;
		break;
	case 1:
		ret->port = spec->port_high;
		break;
	case 2:
		ret->port = (uint16_t)(spec->port_low - 1);
		break;
	case 3:
		ret->port = (uint16_t)(spec->port_high + 1);
		break;
	default:
		ret->port = random_port(random);
		break;
	}
}

/* Addresses with a meaning of their own. */
static void special(struct eg_random *random, struct eg_oracle *ret)
{
	static const char *const addrs[] = {
		"127.0.0.1",
		"127.255.255.255",
		"126.255.255.255",
		"128.0.0.0",
		"0.0.0.0",
		"255.255.255.255",
		"::1",
		"::2",
		"::",
		"::ffff:127.0.0.1",
		"::ffff:0.0.0.0",
		"64:ff9b::",
		"64:ff9b::7f00:1",
		"2002:7f00:1::1",
		"2002::1",
		"64:ff9b:1::1",
	};
	const char *text = addrs[eg_random_below(random, EG_ARRAY_SIZE(addrs))];

	ret->family = strchr(text, ':') ? AF_INET6 : AF_INET;
	(void)inet_pton(ret->family, text, ret->addr);
	ret->proto = (uint8_t)eg_random_below(random, EG_PROTO_MAX);
	ret->port = random_port(random);
	if (chance(random, 30))
		ret->source = htonl(0x0a010203);
}

/* Writes an IPv4 address as an IPv6 one that means it or carries it. */
static void disguise(struct eg_random *random, struct eg_oracle *ret)
{
	uint8_t v4[4], *to = ret->addr;

	memcpy(v4, to, sizeof(v4));
	memset(to, 0, sizeof(ret->addr));
	ret->family = AF_INET6;
	switch (eg_random_below(random, 3)) {
	case 0:
		to[10] = to[11] = 0xff;
		memcpy(to + 12, v4, sizeof(v4));
		break;
	case 1:
		to[1] = 0x64;
		to[2] = 0xff;
		to[3] = 0x9b;
		memcpy(to + 12, v4, sizeof(v4));
		break;
	default:
		to[0] = 0x20;
		to[1] = 0x02;
		memcpy(to + 2, v4, sizeof(v4));
		random_bytes(random, to + 6, 10);
		break;
	}
}

void eg_random_query(struct eg_random *random, const struct eg_config_profile *profile,
		     struct eg_oracle *ret)
{
	const struct eg_config_rules *rules;

	memset(ret, 0, sizeof(*ret));
	ret->kind = chance(random, 25) ? EG_ORACLE_BIND : EG_ORACLE_EGRESS;
	rules = ret->kind == EG_ORACLE_BIND ? &profile->bind : &profile->egress;
	if (!rules->n || chance(random, 10))
		special(random, ret);
	else
		near_rule(random, &rules->list[eg_random_below(random, (uint32_t)rules->n)].spec,
			  ret);
	if (ret->kind == EG_ORACLE_EGRESS && ret->family == AF_INET && chance(random, 40))
		disguise(random, ret);
	/* As the hooks ask: only what has ports has one, and what may be bound has ports. */
	if (ret->kind == EG_ORACLE_BIND && !eg_rule_has_ports(ret->proto))
		ret->proto = EG_PROTO_TCP;
	if (!eg_rule_has_ports(ret->proto))
		ret->port = 0;
}
