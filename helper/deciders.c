// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Which network's rule decides for an address: the sorted entries of a policy, in few bytes. */
#include "deciders.h"

#include <errno.h>
#include <netinet/in.h>
#include <string.h>

#include "give_way.h"
#include "util.h"

enum { ADDR_MAX = 16 };

/* What a network says, when it is not the line of a rule for every protocol and port that denies.
 * No line has these bits. */
#define SAYS_NOTHING UINT32_MAX
#define SAYS_RULE    (1U << 31) /* | index in rules */

/* Of one family, sorted by address, then length. All owned. */
struct nets {
	size_t n;
	size_t stride; /* bytes kept of each address; the others are zero */
	uint8_t *addrs;
	uint8_t *lens;
	uint32_t *says;
	struct eg_rule *rules; /* those that are about another network than the one they stand at */
	size_t n_rules;
};

struct eg_deciders {
	struct nets four, six;
};

/* ---- making ---- */

/* Both kinds of entries, as one. */
struct entry {
	uint8_t len;
	const uint8_t *addr;
	const struct eg_entry *value;
};

static struct entry entry4(const struct eg_policy_image *image, size_t i)
{
	const struct eg_policy_entry4 *e = &image->entries4[i];

	return (struct entry){(uint8_t)e->key.prefix_len, e->key.addr, &e->value};
}

static struct entry entry6(const struct eg_policy_image *image, size_t i)
{
	const struct eg_policy_entry6 *e = &image->entries6[i];

	return (struct entry){(uint8_t)e->key.prefix_len, e->key.addr, &e->value};
}

typedef struct entry (*entry_fn)(const struct eg_policy_image *image, size_t i);

static bool is_refusal(const struct eg_entry *value)
{
	return !value->n && value->rule.verdict == EG_VERDICT_DENY && value->rule.line;
}

/* As the line alone says it: see say(). */
static bool is_usual(const struct entry *entry)
{
	const struct eg_rule *rule = &entry->value->rule;

	return rule->prefix_len == entry->len && rule->protocol == EG_PROTO_ANY &&
	       !rule->port_low && rule->port_high == UINT16_MAX && rule->line < SAYS_RULE;
}

/* How much room it takes. */
static void measure(const struct eg_policy_image *image, entry_fn get, size_t n, struct nets *ret)
{
	for (size_t i = 0; i < n; i++) {
		struct entry entry = get(image, i);
		size_t bytes = (entry.len + 7U) / 8;

		eg_way_give();
		ret->stride = bytes > ret->stride ? bytes : ret->stride;
		ret->n_rules += is_refusal(entry.value) && !is_usual(&entry);
	}
}

static int make(const struct eg_policy_image *image, entry_fn get, size_t n, struct nets *ret)
{
	size_t n_rules = 0;

	measure(image, get, n, ret);
	/* One more than needed, so that NULL always means no memory. */
	ret->addrs = malloc(n * ret->stride + 1);
	ret->lens = malloc(n + 1);
	ret->says = calloc(n + 1, sizeof(*ret->says));
	ret->rules = calloc(ret->n_rules + 1, sizeof(*ret->rules));
	if (!ret->addrs || !ret->lens || !ret->says || !ret->rules)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++) {
		struct entry entry = get(image, i);

		eg_way_give();
		memcpy(ret->addrs + i * ret->stride, entry.addr, ret->stride);
		ret->lens[i] = entry.len;
		ret->says[i] = SAYS_NOTHING;
		if (!is_refusal(entry.value))
			continue;
		ret->says[i] = entry.value->rule.line;
		if (is_usual(&entry))
			continue;
		ret->says[i] = SAYS_RULE | (uint32_t)n_rules;
		ret->rules[n_rules++] = entry.value->rule;
	}
	ret->n = n;
	return 0;
}

int eg_deciders_new(const struct eg_policy_image *image, bool four, bool six,
		    struct eg_deciders **ret)
{
	struct eg_deciders *new = calloc(1, sizeof(*new));
	int r = new ? 0 : -ENOMEM;

	if (!r && four)
		r = make(image, entry4, image->n_entries4, &new->four);
	if (!r && six)
		r = make(image, entry6, image->n_entries6, &new->six);
	if (r < 0) {
		eg_deciders_free(new);
		return r;
	}
	*ret = new;
	return 0;
}

static void nets_done(struct nets *nets)
{
	free(nets->addrs);
	free(nets->lens);
	free(nets->says);
	free(nets->rules);
}

void eg_deciders_free(struct eg_deciders *deciders)
{
	if (!deciders)
		return;
	nets_done(&deciders->four);
	nets_done(&deciders->six);
	free(deciders);
}

static size_t nets_size(const struct nets *nets)
{
	return nets->n * (nets->stride + sizeof(*nets->lens) + sizeof(*nets->says)) +
	       nets->n_rules * sizeof(*nets->rules);
}

size_t eg_deciders_size(const struct eg_deciders *deciders)
{
	return sizeof(*deciders) + nets_size(&deciders->four) + nets_size(&deciders->six);
}

/* ---- looking ---- */

/* An address cut to so many bits. */
static void cut(const uint8_t *addr, unsigned int bits, uint8_t ret[ADDR_MAX])
{
	memset(ret, 0, ADDR_MAX);
	memcpy(ret, addr, (bits + 7) / 8);
	if (bits % 8)
		ret[bits / 8] &= (uint8_t)(0xff00 >> bits % 8);
}

/* How many of the entries stand before or at a network. */
static size_t count_to(const struct nets *nets, const uint8_t *addr, unsigned int len)
{
	size_t low = 0, high = nets->n;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		int order = memcmp(nets->addrs + middle * nets->stride, addr, nets->stride);

		/* Where the part that is kept is the same, the rest of the entry's is zero. */
		if (order < 0 || (order == 0 && nets->lens[middle] <= len))
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* Bits that an address has in common with an entry's, which ends where it is not kept. */
static unsigned int common(const struct nets *nets, size_t i, const uint8_t *addr)
{
	const uint8_t *entry = nets->addrs + i * nets->stride;
	unsigned int n = 0;

	while (n < 8 * nets->stride && !((entry[n / 8] ^ addr[n / 8]) & 0x80 >> n % 8))
		n++;
	return n;
}

/*
 * The longest network with the address: its place + 1, 0 = there is none. Whatever stands between
 * it and the address is within it. So it is the last before the address, or else no longer than
 * what both have in common: then it is looked for as if the address ended there.
 */
static size_t longest(const struct nets *nets, const uint8_t *addr, unsigned int bits)
{
	for (;;) {
		uint8_t key[ADDR_MAX];
		unsigned int same;
		size_t n;

		cut(addr, bits, key);
		n = count_to(nets, key, bits);
		if (!n)
			return 0;
		same = common(nets, n - 1, addr);
		if (nets->lens[n - 1] <= same)
			return n;
		bits = same;
	}
}

bool eg_deciders_find(const struct eg_deciders *deciders, uint16_t family, const uint8_t *addr,
		      struct eg_rule *ret)
{
	const struct nets *nets = family == AF_INET ? &deciders->four : &deciders->six;
	size_t at = longest(nets, addr, family == AF_INET ? 32 : 128);
	uint32_t says = at ? nets->says[at - 1] : SAYS_NOTHING;

	if (says == SAYS_NOTHING)
		return false;
	if (says & SAYS_RULE)
		*ret = nets->rules[says & ~SAYS_RULE];
	else
		*ret = (struct eg_rule){.verdict = EG_VERDICT_DENY,
					.prefix_len = nets->lens[at - 1],
					.protocol = EG_PROTO_ANY,
					.line = says,
					.port_high = UINT16_MAX};
	return true;
}
