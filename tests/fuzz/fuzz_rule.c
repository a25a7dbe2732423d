// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Networks and rules as people write them, one a line; and how networks lie within each other. */
#include "fuzz.h"

#include <errno.h>
#include <netinet/in.h>

#include "rule.h"
#include "util.h"

enum { NETS_MAX = 8 };

const unsigned int eg_fuzz_mutations = 150000;

static size_t size_of(uint16_t family)
{
	return family == AF_INET ? 4 : 16;
}

/* ---- networks */

static bool same_net(const struct eg_cidr *a, const struct eg_cidr *b)
{
	return memcmp(a, b, sizeof(*a)) == 0;
}

/* Bit by bit, to compare with. */
static bool contains(const struct eg_cidr *net, uint16_t family, const uint8_t *addr)
{
	if (net->family != family)
		return false;
	for (unsigned int i = 0; i < net->prefix_len; i++)
		if ((net->addr[i / 8] ^ addr[i / 8]) & 0x80 >> i % 8)
			return false;
	return true;
}

static void check_net(const struct eg_cidr *net)
{
	char text[EG_CIDR_TEXT_SIZE];
	const char *why = NULL;
	struct eg_cidr again = {0};

	must(net->family == AF_INET || net->family == AF_INET6);
	must(net->prefix_len <= 8 * size_of(net->family));
	must(net->pad == 0);
	for (size_t i = net->prefix_len; i < 8 * sizeof(net->addr); i++)
		must(!(net->addr[i / 8] & 0x80 >> i % 8));
	must(eg_cidr_format(net, text) == text && eg_fuzz_is_line(text, strlen(text)));
	must(eg_cidr_parse(text, &again, &why) == 0 && same_net(net, &again) && !why);
	must(eg_cidr_compare(net, &again) == 0);
	must(eg_cidr_contains(net, net->family, net->addr));
}

/* Returns whether the text is a network. */
static bool check_cidr(const char *text, struct eg_cidr *ret)
{
	const struct eg_cidr untouched = {.family = 0xffff};
	struct eg_cidr strict = untouched, loose = {0};
	const char *why = NULL, *why_loose = NULL;
	int r = eg_cidr_parse(text, &strict, &why);
	int r_loose = eg_cidr_parse_loose(text, &loose, &why_loose);

	must(r == 0 || r == -EINVAL);
	must((r == 0) == !why && (r_loose == 0) == !why_loose);
	if (r < 0)
		must(same_net(&strict, &untouched));
	else
		must(r_loose == 0 && same_net(&strict, &loose));
	if (r_loose == 0)
		check_net(&loose);
	*ret = loose;
	return r_loose == 0;
}

/* An address by itself or with a zone, as PAM_RHOST has it. */
static void check_host(const char *text)
{
	const struct eg_cidr untouched = {.family = 0xffff};
	struct eg_cidr host = untouched;
	int r = eg_cidr_parse_host(text, &host);

	must(r == 0 || r == -EINVAL);
	if (r < 0) {
		must(same_net(&host, &untouched));
		return;
	}
	check_net(&host);
	must(host.prefix_len == 8 * size_of(host.family));
}

/* ---- rules */

static bool same_rule(const struct eg_rule_spec *a, const struct eg_rule_spec *b)
{
	return same_net(&a->net, &b->net) && eg_rule_compare(a, b) == 0;
}

static void check_spec(const struct eg_rule_spec *spec)
{
	static const uint16_t ports[] = {0, 1, 443, 65535};

	must(spec->port_low <= spec->port_high);
	must(spec->protocol == EG_PROTO_ANY || eg_rule_protocol_name(spec->protocol));
	for (uint8_t proto = 0; proto <= EG_PROTO_MAX; proto++)
		for (size_t i = 0; i < EG_ARRAY_SIZE(ports); i++)
			must(!eg_rule_is_plain(spec) || eg_rule_matches(spec, proto, ports[i]));
	if (spec->protocol != EG_PROTO_ANY) {
		must(eg_rule_matches(spec, spec->protocol, spec->port_low));
		must(!eg_rule_matches(spec, EG_PROTO_OTHER, spec->port_low));
	}
}

static void check_rule(const char *text)
{
	struct eg_rule_spec spec = {0}, loose = {0}, again = {0};
	const char *why = NULL, *why_loose = NULL;
	char canonical[EG_RULE_TEXT_SIZE];
	int r = eg_rule_parse(text, &spec, &why);
	int r_loose = eg_rule_parse_loose(text, &loose, &why_loose);

	must((r == 0) == !why && (r_loose == 0) == !why_loose);
	must(r_loose == 0 || r < 0);
	if (r == 0)
		must(same_rule(&spec, &loose));
	if (r_loose < 0)
		return;
	check_spec(&loose);
	must(strlen(eg_rule_format(&loose, canonical)) < sizeof(canonical));
	must(eg_rule_parse(canonical, &again, &why) == 0 && same_rule(&loose, &again));
}

static void check_ports(const char *text)
{
	struct eg_rule_spec spec = {0}, again = {0};
	char canonical[EG_RULE_TEXT_SIZE];
	const char *why = NULL;
	int r = eg_rule_parse_ports(text, &spec, &why);

	must((r == 0) == !why);
	if (r < 0)
		return;
	must(spec.protocol != EG_PROTO_ICMP && spec.net.family == AF_UNSPEC);
	check_spec(&spec);
	must(strlen(eg_rule_format_ports(&spec, canonical)) < sizeof(canonical));
	must(eg_rule_parse_ports(canonical, &again, &why) == 0 && same_rule(&spec, &again));
}

/* ---- networks within each other */

static int compare(const void *a, const void *b)
{
	return eg_cidr_compare(a, b);
}

/* The address behind the network; false: there is none. */
static bool behind(const struct eg_cidr *net, uint8_t addr[16])
{
	memcpy(addr, net->addr, 16);
	for (size_t bit = net->prefix_len; bit < 8 * size_of(net->family); bit++)
		addr[bit / 8] |= (uint8_t)(0x80 >> bit % 8);
	for (size_t i = size_of(net->family); i-- > 0;)
		if (++addr[i])
			return true;
	return false;
}

static bool one_contains(const struct eg_cidr *list, size_t n, uint16_t family, const uint8_t *addr)
{
	for (size_t i = 0; i < n; i++)
		if (contains(&list[i], family, addr))
			return true;
	return false;
}

/* A network is covered when its first address is, and each of it that stands behind another one:
 * nowhere else can a gap begin. */
static bool is_covered(const struct eg_cidr *net, const struct eg_cidr *list, size_t n)
{
	uint8_t addr[16];

	if (!one_contains(list, n, net->family, net->addr))
		return false;
	for (size_t i = 0; i < n; i++)
		if (list[i].family == net->family && behind(&list[i], addr) &&
		    contains(net, net->family, addr) && !one_contains(list, n, net->family, addr))
			return false;
	return true;
}

/* The first one, and the others as a list. */
static void check_covered(struct eg_cidr *nets, size_t n)
{
	if (n < 2)
		return;
	for (size_t i = 1; i < n; i++) {
		must(eg_cidr_contains(&nets[0], nets[i].family, nets[i].addr) ==
		     contains(&nets[0], nets[i].family, nets[i].addr));
		must((eg_cidr_compare(&nets[0], &nets[i]) > 0) ==
		     (eg_cidr_compare(&nets[i], &nets[0]) < 0));
	}
	qsort(nets + 1, n - 1, sizeof(*nets), compare);
	must(eg_cidr_covered(&nets[0], nets + 1, n - 1) == is_covered(&nets[0], nets + 1, n - 1));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct eg_cidr nets[NETS_MAX];
	const uint8_t *end = data + size;
	size_t n = 0;

	for (int i = 0; i < NETS_MAX && data <= end; i++) {
		const uint8_t *newline =
			data < end ? memchr(data, '\n', (size_t)(end - data)) : NULL;
		char *line = eg_fuzz_text(data, (size_t)((newline ? newline : end) - data));

		n += check_cidr(line, &nets[n]);
		check_rule(line);
		check_ports(line);
		check_host(line);
		free(line);
		data = newline ? newline + 1 : end + 1;
	}
	check_covered(nets, n);
	return 0;
}
