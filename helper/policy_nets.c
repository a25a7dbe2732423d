// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Networks that a policy is compiled from: of rules, of feeds, loopback and the default. */
#include "policy_nets.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

#include "feed_networks.h"
#include "give_way.h"
#include "util.h"

static unsigned int loopback_length(uint16_t family)
{
	return family == AF_INET ? 8 : 128;
}

static void add(struct eg_nets *to, const uint8_t *addr, unsigned int prefix_len, uint32_t rule)
{
	struct eg_net *net = &to->list[to->n++];

	*net = (struct eg_net){.prefix_len = (uint8_t)prefix_len, .rule = rule};
	if (addr)
		memcpy(net->addr, addr, sizeof(net->addr));
}

static int compare(const void *va, const void *vb)
{
	const struct eg_net *a = va, *b = vb;
	int order;

	eg_way_give();
	order = memcmp(a->addr, b->addr, sizeof(a->addr));

	if (order == 0)
		order = (int)a->prefix_len - (int)b->prefix_len;
	return order ? order : (a->rule > b->rule) - (a->rule < b->rule);
}

static bool is_in_family(const struct eg_config_rule *rule, uint16_t family)
{
	return rule->spec.net.family == family || rule->spec.net.family == AF_UNSPEC;
}

static void add_feed(struct eg_nets *to, const struct eg_networks *networks, uint16_t family,
		     uint32_t number)
{
	uint32_t base = EG_LINE_FEEDS + (number << EG_LINE_BITS);
	size_t i;

	for (i = 0; i < networks->n; i++)
		if (networks->list[i].net.family == family)
			add(to, networks->list[i].net.addr, networks->list[i].net.prefix_len,
			    base + networks->list[i].line);
}

/* A policy without what a feed denies must not come into being by a caller's mistake. */
static int fail_feed(const struct eg_config_feed *feed, struct eg_err *reterr)
{
	*reterr = (struct eg_err){.line = feed->line};
	(void)snprintf(reterr->text, sizeof(reterr->text),
		       "%.256s has not been read; please report this as a bug", feed->path);
	return -EINVAL;
}

/* How many there are at most. */
static int count(const struct eg_config_profile *profile, uint16_t family, size_t *ret,
		 struct eg_err *reterr)
{
	size_t i, k, n = 2; /* loopback and default */

	for (i = 0; i < profile->egress.n; i++)
		n += is_in_family(&profile->egress.list[i], family);
	for (i = 0; i < profile->feeds.n; i++) {
		const struct eg_networks *networks = profile->feeds.list[i].networks;

		if (!networks)
			return fail_feed(&profile->feeds.list[i], reterr);
		for (k = 0; k < networks->n; k++)
			n += networks->list[k].net.family == family;
	}
	*ret = n;
	return 0;
}

int eg_nets_collect(const struct eg_config_profile *profile, uint16_t family, struct eg_nets *ret,
		    struct eg_err *reterr)
{
	static const uint8_t loopback[][16] = {{127}, {[15] = 1}};
	const struct eg_config_rules *rules = &profile->egress;
	struct eg_nets nets = {0};
	size_t i, n = 0;
	int err = count(profile, family, &n, reterr);

	if (err < 0)
		return err;
	nets.list = calloc(n, sizeof(*nets.list));
	if (!nets.list) {
		*reterr = (struct eg_err){.text = "not enough memory"};
		return -ENOMEM;
	}
	for (i = 0; i < rules->n; i++)
		if (is_in_family(&rules->list[i], family))
			add(&nets, rules->list[i].spec.net.addr, rules->list[i].spec.net.prefix_len,
			    (uint32_t)i);
	for (i = 0; i < profile->feeds.n; i++)
		add_feed(&nets, profile->feeds.list[i].networks, family, (uint32_t)i);
	if (profile->default_deny)
		add(&nets, NULL, 0, EG_NET_DEFAULT);
	if (nets.n)
		add(&nets, loopback[family == AF_INET6], loopback_length(family), EG_NET_LOOPBACK);
	qsort(nets.list, nets.n, sizeof(*nets.list), compare);
	*ret = nets;
	return 0;
}

bool eg_nets_equal(const struct eg_net *a, const struct eg_net *b)
{
	return a->prefix_len == b->prefix_len && memcmp(a->addr, b->addr, sizeof(a->addr)) == 0;
}

bool eg_nets_around(const struct eg_net *outer, const struct eg_net *inner)
{
	size_t whole = outer->prefix_len / 8;
	unsigned int rest = outer->prefix_len % 8;

	if (outer->prefix_len > inner->prefix_len || memcmp(outer->addr, inner->addr, whole) != 0)
		return false;
	return rest == 0 || (outer->addr[whole] ^ inner->addr[whole]) >> (8 - rest) == 0;
}

void eg_nets_done(struct eg_nets *nets)
{
	free(nets->list);
	*nets = (struct eg_nets){0};
}
