/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Policies for tests: rules from text, and the kernel's look-up on a compiled image, written down
 * once more. Wants cmocka.h before it.
 */
#ifndef EG_TEST_POLICY_MODEL_H
#define EG_TEST_POLICY_MODEL_H

#include <string.h>
#include <arpa/inet.h>

#include "policy.h"

static inline struct eg_config_rule rule(const char *text, bool allow, unsigned int line)
{
	struct eg_config_rule r = {.allow = allow, .line = line};
	const char *why = NULL;

	if (eg_rule_parse(text, &r.spec, &why) < 0)
		fail_msg("\"%s\" %s", text, why);
	return r;
}

static inline struct eg_config_rule ports(const char *text, bool allow, unsigned int line)
{
	struct eg_config_rule r = {.allow = allow, .line = line};
	const char *why = NULL;

	if (eg_rule_parse_ports(text, &r.spec, &why) < 0)
		fail_msg("\"%s\" %s", text, why);
	return r;
}

static inline struct eg_policy_target target(const char *text, uint8_t proto, uint16_t port)
{
	struct eg_policy_target t = {.family = AF_INET, .proto = proto, .port = port};

	if (inet_pton(AF_INET, text, t.addr) == 1)
		return t;
	t.family = AF_INET6;
	assert_int_equal(inet_pton(AF_INET6, text, t.addr), 1);
	return t;
}

static inline void must_compile(const struct eg_config_profile *profile,
				struct eg_policy_image *image)
{
	struct eg_err err = {0};

	if (eg_policy_compile(profile, image, &err) < 0)
		fail_msg("line %u: %s", err.line, err.text);
}

/* ---- the kernel's look-up, on the compiled image */

struct verdict {
	bool deny, embedded, list; /* list: found in a list */
	struct eg_rule rule;	   /* zero when there was no entry */
};

/* What the kernel's trie does, bit by bit and apart from eg_cidr_contains. */
static inline bool key_matches(const uint8_t *key, const uint8_t *addr, unsigned int prefix_len)
{
	unsigned int bit;

	for (bit = 0; bit < prefix_len; bit++)
		if (((key[bit / 8] ^ addr[bit / 8]) >> (7 - bit % 8)) & 1)
			return false;
	return true;
}

static inline const struct eg_entry *look_up4(const struct eg_policy_image *image,
					      const uint8_t *addr)
{
	const struct eg_policy_entry4 *best = NULL, *e;

	for (e = image->entries4; e < image->entries4 + image->n_entries4; e++)
		if ((!best || e->key.prefix_len > best->key.prefix_len) &&
		    key_matches(e->key.addr, addr, e->key.prefix_len))
			best = e;
	return best ? &best->value : NULL;
}

static inline const struct eg_entry *look_up6(const struct eg_policy_image *image,
					      const uint8_t *addr)
{
	const struct eg_policy_entry6 *best = NULL, *e;

	for (e = image->entries6; e < image->entries6 + image->n_entries6; e++)
		if ((!best || e->key.prefix_len > best->key.prefix_len) &&
		    key_matches(e->key.addr, addr, e->key.prefix_len))
			best = e;
	return best ? &best->value : NULL;
}

static inline const struct eg_rule *search(const struct eg_policy_image *image, uint32_t list,
					   uint32_t n, uint8_t proto, uint16_t port)
{
	uint32_t at = (uint32_t)proto << 16 | port, low = 0, high = n;

	while (high - low > 1) {
		uint32_t middle = low + (high - low) / 2;

		if (image->segments[list + middle].from <= at)
			low = middle;
		else
			high = middle;
	}
	return &image->segments[list + low].rule;
}

static inline struct verdict look(const struct eg_policy_image *image,
				  const struct eg_policy_target *t)
{
	const struct eg_entry *e =
		t->family == AF_INET ? look_up4(image, t->addr) : look_up6(image, t->addr);
	struct verdict v = {0};

	if (!e)
		return v;
	v.list = e->n > 0;
	v.rule = e->n ? *search(image, e->list, e->n, t->proto, t->port) : e->rule;
	v.deny = v.rule.verdict == EG_VERDICT_DENY;
	return v;
}

/* The address as the hooks hand it to the look-up. */
static inline struct eg_policy_target as_seen(struct eg_policy_target t)
{
	static const uint8_t zero[16] = {0}, mapped[12] = {[10] = 0xff, 0xff};

	if (t.family == AF_INET6 && !memcmp(t.addr, mapped, 12)) {
		t.family = AF_INET;
		memcpy(t.addr, t.addr + 12, 4);
	}
	if (t.family == AF_INET && !memcmp(t.addr, zero, 4)) {
		t.addr[0] = 127;
		t.addr[3] = 1;
	} else if (t.family == AF_INET6 && !memcmp(t.addr, zero, 16)) {
		t.addr[15] = 1;
	}
	return t;
}

/* One policy and, over it, what a group of programs has (NULL: none): as eg_decide in
 * verdict.bpf.c. */
static inline struct verdict look_both(const struct eg_policy_image *image,
				       const struct eg_policy_image *group,
				       const struct eg_policy_target *t)
{
	struct verdict v = look(image, t), own = {0};

	if (group)
		own = look(group, t);
	return own.rule.line && own.rule.prefix_len >= v.rule.prefix_len ? own : v;
}

static inline struct verdict kernel_for(const struct eg_policy_image *image,
					const struct eg_policy_image *group,
					const struct eg_policy_target *t)
{
	static const uint8_t nat64[12] = {0, 0x64, 0xff, 0x9b}, six_to_four[2] = {0x20, 2};
	struct eg_policy_target seen = as_seen(*t), inside = seen;
	struct verdict v = look_both(image, group, &seen), w;
	size_t at = !memcmp(seen.addr, nat64, 12) ? 12 : 2;

	if (v.deny || seen.family != AF_INET6 ||
	    (at == 2 && memcmp(seen.addr, six_to_four, 2) != 0))
		return v;
	inside.family = AF_INET;
	memcpy(inside.addr, seen.addr + at, 4);
	if (!inside.addr[0] && !inside.addr[1] && !inside.addr[2] && !inside.addr[3])
		return v;
	w = look_both(image, group, &inside);
	w.embedded = true;
	return w.deny && w.rule.line ? w : v;
}

static inline struct verdict kernel(const struct eg_policy_image *image,
				    const struct eg_policy_target *t)
{
	return kernel_for(image, NULL, t);
}

/* As eg_bind_verdict in verdict.bpf.c. */
static inline struct eg_rule bind_rule(const struct eg_policy_image *image,
				       const struct eg_policy_target *t)
{
	if (!image->policy.bind_n)
		return (struct eg_rule){0};
	return *search(image, image->policy.bind_list, image->policy.bind_n, t->proto, t->port);
}

static inline struct eg_rule bind_both(const struct eg_policy_image *image,
				       const struct eg_policy_image *group,
				       const struct eg_policy_target *t)
{
	struct eg_rule base = bind_rule(image, t), own = bind_rule(group, t);

	if (own.line &&
	    (!base.line || own.port_high - own.port_low <= base.port_high - base.port_low))
		return own;
	return base;
}

#endif
