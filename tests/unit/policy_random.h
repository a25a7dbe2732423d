/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Random policies and the targets to try them with: networks that nest and collide, addresses and
 * ports at the edges of the rules. The same numbers on every machine.
 */
#ifndef EG_TEST_POLICY_RANDOM_H
#define EG_TEST_POLICY_RANDOM_H

#include <stdint.h>
#include <string.h>
#include <sys/socket.h>

#include "policy.h"

/* xorshift32. random: any state but 0. */
static uint32_t next_random(uint32_t *random)
{
	*random ^= *random << 13;
	*random ^= *random >> 17;
	*random ^= *random << 5;
	return *random;
}

/* 0..n-1 */
static uint32_t below(uint32_t *random, uint32_t n)
{
	return (next_random(random) >> 8) % n;
}

/* Few values a byte, so that networks nest and collide. */
static void random_address(uint32_t *random, uint16_t family, uint8_t *addr)
{
	static const uint8_t fixed6[][16] = {{[15] = 1}, {0}, {0, 0x64, 0xff, 0x9b}, {0x20, 0x02}};
	uint8_t v4[4] = {(uint8_t)(10 + below(random, 2) * 8), (uint8_t)(below(random, 2) * 128),
			 (uint8_t)below(random, 2), (uint8_t)below(random, 3)};

	memset(addr, 0, 16);
	if (below(random, 6) == 0)
		v4[0] = 127;
	else if (below(random, 16) == 0)
		memset(v4, 0, sizeof(v4));
	if (family == AF_INET) {
		memcpy(addr, v4, 4);
		return;
	}
	switch (below(random, 8)) {
	case 0:
	case 1:
		memcpy(addr, fixed6[below(random, 2)], 16);
		break;
	case 2:
		memcpy(addr, fixed6[2], 16);
		memcpy(addr + 12, v4, 4);
		break;
	case 3:
		memcpy(addr, fixed6[3], 16);
		memcpy(addr + 2, v4, 4);
		break;
	default:
		addr[0] = 0x20;
		addr[1] = (uint8_t)(1 + below(random, 2));
		addr[4] = (uint8_t)(below(random, 2) * 128);
		addr[15] = (uint8_t)below(random, 3);
	}
}

/* Network and host part: keeps prefix_len bits, the others become `host`. */
static void cut_address(uint8_t *addr, unsigned int prefix_len, unsigned int bits, bool host)
{
	unsigned int bit;

	for (bit = prefix_len; bit < bits; bit++) {
		uint8_t mask = (uint8_t)(0x80 >> bit % 8);

		addr[bit / 8] = (uint8_t)(host ? addr[bit / 8] | mask : addr[bit / 8] & ~mask);
	}
}

static struct eg_cidr random_network(uint32_t *random)
{
	static const uint8_t lengths4[] = {0, 1, 7, 8, 8, 9, 15, 16, 23, 24, 31, 32};
	static const uint8_t lengths6[] = {0, 8, 15, 16, 33, 40, 95, 96, 104, 127, 128, 128};
	struct eg_cidr net = {.family = below(random, 5) < 3 ? AF_INET : AF_INET6};

	if (below(random, 16) == 0)
		return (struct eg_cidr){.family = AF_UNSPEC};
	random_address(random, net.family, net.addr);
	net.prefix_len = (net.family == AF_INET ? lengths4 : lengths6)[below(random, 12)];
	cut_address(net.addr, net.prefix_len, net.family == AF_INET ? 32 : 128, false);
	return net;
}

static void random_ports(uint32_t *random, struct eg_rule_spec *spec)
{
	static const uint16_t edges[] = {0, 1, 53, 80, 443, 1023, 1024, 65534, 65535};

	spec->port_low = edges[below(random, 9)];
	spec->port_high = spec->port_low;
	if (below(random, 2))
		spec->port_high = edges[below(random, 9)];
	if (spec->port_high < spec->port_low) {
		uint16_t swap = spec->port_low;

		spec->port_low = spec->port_high;
		spec->port_high = swap;
	}
}

static struct eg_rule_spec random_spec(uint32_t *random)
{
	struct eg_rule_spec spec = {
		.net = random_network(random), .protocol = EG_PROTO_ANY, .port_high = UINT16_MAX};

	if (below(random, 3) == 0)
		return spec;
	if (below(random, 3))
		spec.protocol = (uint8_t)(EG_PROTO_TCP + below(random, EG_PROTO_MAX - 1));
	if (spec.protocol != EG_PROTO_ICMP && below(random, 4))
		random_ports(random, &spec);
	return spec;
}

/* Up to max - 1 rules into list; lines from 1. */
static struct eg_config_rules random_rules(uint32_t *random, struct eg_config_rule *list,
					   unsigned int max)
{
	struct eg_config_rules rules = {.list = list, .n = below(random, max)};
	size_t i;

	for (i = 0; i < rules.n; i++)
		list[i] = (struct eg_config_rule){.spec = random_spec(random),
						  .allow = below(random, 2),
						  .line = (unsigned int)i + 1};
	return rules;
}

/* The same for bind. */
static inline struct eg_config_rules random_bind(uint32_t *random, struct eg_config_rule *list,
						 unsigned int max)
{
	struct eg_config_rules rules = random_rules(random, list, max);
	size_t i;

	for (i = 0; i < rules.n; i++) {
		list[i].spec.net = (struct eg_cidr){.family = AF_UNSPEC};
		if (list[i].spec.protocol == EG_PROTO_ICMP)
			list[i].spec.protocol = EG_PROTO_ANY;
	}
	return rules;
}

static void step_address(uint8_t *addr, size_t n, bool up)
{
	size_t i;

	for (i = n; i-- > 0;) {
		addr[i] = (uint8_t)(addr[i] + (up ? 1 : -1));
		if (addr[i] != (up ? 0 : 0xff))
			return;
	}
}

/* An IPv4 target as one of the IPv6 addresses that mean it or carry it. */
static void wrap_address(uint32_t *random, struct eg_policy_target *target)
{
	uint8_t v4[4];

	memcpy(v4, target->addr, 4);
	memset(target->addr, 0, 16);
	target->family = AF_INET6;
	switch (below(random, 3)) {
	case 0:
		target->addr[10] = target->addr[11] = 0xff;
		memcpy(target->addr + 12, v4, 4);
		break;
	case 1:
		memcpy(target->addr, (const uint8_t[]){0, 0x64, 0xff, 0x9b}, 4);
		memcpy(target->addr + 12, v4, 4);
		break;
	default:
		memcpy(target->addr, (const uint8_t[]){0x20, 0x02}, 2);
		memcpy(target->addr + 2, v4, 4);
	}
}

/* First or last address of a rule's network or the one beside it, a port at the edge of its range;
 * or anything. */
static inline struct eg_policy_target random_target(uint32_t *random,
						    const struct eg_config_rules *rules)
{
	struct eg_policy_target t = {.family = below(random, 2) ? AF_INET : AF_INET6,
				     .proto = (uint8_t)below(random, EG_PROTO_MAX)};
	uint32_t edge = below(random, 4);

	random_address(random, t.family, t.addr);
	t.port = (uint16_t)next_random(random);
	if (rules->n && below(random, 8)) {
		const struct eg_rule_spec *spec =
			&rules->list[below(random, (uint32_t)rules->n)].spec;

		if (spec->net.family != AF_UNSPEC) {
			size_t n = spec->net.family == AF_INET ? 4 : 16;

			t.family = spec->net.family;
			memcpy(t.addr, spec->net.addr, 16);
			cut_address(t.addr, spec->net.prefix_len, (unsigned int)n * 8, edge & 1);
			if (edge & 2 && below(random, 2))
				step_address(t.addr, n, edge & 1);
		}
		if (below(random, 4) && spec->protocol != EG_PROTO_ANY)
			t.proto = spec->protocol;
		t.port = (uint16_t)((below(random, 2) ? spec->port_low : spec->port_high) +
				    below(random, 3) - 1);
	}
	if (!eg_rule_has_ports(t.proto))
		t.port = 0;
	if (t.family == AF_INET && below(random, 3) == 0)
		wrap_address(random, &t);
	return t;
}

#endif
