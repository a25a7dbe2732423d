// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Settings to trie entries. The kernel's look-up gives the longest prefix by itself; all that is
 * decided here is which of two rules for one network stays.
 */
#include "policy.h"

#include <errno.h>
#include <netinet/in.h>
#include <string.h>

#include "util.h"

size_t eg_policy_select(const struct eg_config *conf, const char *user, const char *service,
			const char *rhost, const char *key)
{
	(void)conf; /* one profile today: whoever asks gets it */
	(void)user;
	(void)service;
	(void)rhost;
	(void)key;
	return 0;
}

/* Among rules for one network the one that stays comes first: deny, then the earlier line. */
static int compare_values(const struct eg_rule *a, const struct eg_rule *b)
{
	if (a->verdict != b->verdict)
		return a->verdict == EG_VERDICT_DENY ? -1 : 1;
	return (a->line > b->line) - (a->line < b->line);
}

static int compare_entries4(const void *va, const void *vb)
{
	const struct eg_policy_entry4 *a = va, *b = vb;
	int order = memcmp(a->key.addr, b->key.addr, sizeof(a->key.addr));

	if (order == 0)
		order = (int)a->key.prefix_len - (int)b->key.prefix_len;
	return order ? order : compare_values(&a->value, &b->value);
}

static int compare_entries6(const void *va, const void *vb)
{
	const struct eg_policy_entry6 *a = va, *b = vb;
	int order = memcmp(a->key.addr, b->key.addr, sizeof(a->key.addr));

	if (order == 0)
		order = (int)a->key.prefix_len - (int)b->key.prefix_len;
	return order ? order : compare_values(&a->value, &b->value);
}

static size_t unique4(struct eg_policy_entry4 *entries, size_t n)
{
	size_t i, kept = 0;

	for (i = 0; i < n; i++)
		if (kept == 0 ||
		    memcmp(&entries[kept - 1].key, &entries[i].key, sizeof(entries[i].key)) != 0)
			entries[kept++] = entries[i];
	return kept;
}

static size_t unique6(struct eg_policy_entry6 *entries, size_t n)
{
	size_t i, kept = 0;

	for (i = 0; i < n; i++)
		if (kept == 0 ||
		    memcmp(&entries[kept - 1].key, &entries[i].key, sizeof(entries[i].key)) != 0)
			entries[kept++] = entries[i];
	return kept;
}

static struct eg_rule rule_value(const struct eg_config_rule *rule)
{
	return (struct eg_rule){
		.verdict = rule->allow ? EG_VERDICT_ALLOW : EG_VERDICT_DENY,
		.prefix_len = rule->cidr.prefix_len,
		.line = rule->line,
	};
}

static void fill4(struct eg_policy_entry4 *entry, const struct eg_config_rule *rule)
{
	*entry = (struct eg_policy_entry4){.key.prefix_len = rule->cidr.prefix_len,
					   .value = rule_value(rule)};
	memcpy(entry->key.addr, rule->cidr.addr, sizeof(entry->key.addr));
}

static void fill6(struct eg_policy_entry6 *entry, const struct eg_config_rule *rule)
{
	*entry = (struct eg_policy_entry6){.key.prefix_len = rule->cidr.prefix_len,
					   .value = rule_value(rule)};
	memcpy(entry->key.addr, rule->cidr.addr, sizeof(entry->key.addr));
}

static void fill(struct eg_policy_image *image, const struct eg_config_profile *profile)
{
	size_t i;

	for (i = 0; i < profile->n_rules; i++)
		if (profile->rules[i].cidr.family == AF_INET)
			fill4(&image->entries4[image->n_entries4++], &profile->rules[i]);
		else
			fill6(&image->entries6[image->n_entries6++], &profile->rules[i]);
}

static void sort(struct eg_policy_image *image)
{
	qsort(image->entries4, image->n_entries4, sizeof(*image->entries4), compare_entries4);
	qsort(image->entries6, image->n_entries6, sizeof(*image->entries6), compare_entries6);
	image->n_entries4 = unique4(image->entries4, image->n_entries4);
	image->n_entries6 = unique6(image->entries6, image->n_entries6);
}

static uint32_t image_flags(const struct eg_policy_image *image,
			    const struct eg_config_profile *profile)
{
	return (profile->mode == EG_MODE_AUDIT ? EG_POLICY_AUDIT : 0U) |
	       (profile->deny_setuid ? EG_POLICY_DENY_SETUID : 0U) |
	       (profile->deny_mount ? EG_POLICY_DENY_MOUNT : 0U) |
	       (image->n_entries4 ? EG_POLICY_RULES4 : 0U) |
	       (image->n_entries6 ? EG_POLICY_RULES6 : 0U);
}

static int image_init(struct eg_policy_image *image, const struct eg_config_profile *profile)
{
	size_t i, n4 = 0;

	for (i = 0; i < profile->n_rules; i++)
		n4 += profile->rules[i].cidr.family == AF_INET;
	/* One more than needed, so that none is not zero bytes and NULL always means no memory. */
	image->entries4 = calloc(n4 + 1, sizeof(*image->entries4));
	image->entries6 = calloc(profile->n_rules - n4 + 1, sizeof(*image->entries6));
	return image->entries4 && image->entries6 ? 0 : -ENOMEM;
}

static int build(struct eg_policy_image *image, const struct eg_config_profile *profile)
{
	int err = image_init(image, profile);

	if (err < 0)
		return err;
	fill(image, profile);
	sort(image);
	if (image->n_entries4 > EG_PREFIXES_MAX || image->n_entries6 > EG_PREFIXES_MAX)
		return -E2BIG;
	image->flags = image_flags(image, profile);
	return 0;
}

int eg_policy_compile(const struct eg_config_profile *profile, struct eg_policy_image *ret)
{
	struct eg_policy_image image = {0};
	int err = build(&image, profile);

	if (err < 0) {
		eg_policy_done(&image);
		return err;
	}
	*ret = image;
	return 0;
}

void eg_policy_done(struct eg_policy_image *image)
{
	free(image->entries4);
	free(image->entries6);
	*image = (struct eg_policy_image){0};
}

/* Does rule a decide over rule b, when both contain the address? */
static bool decides_over(const struct eg_config_rule *a, const struct eg_config_rule *b)
{
	if (!b)
		return true;
	if (a->cidr.prefix_len != b->cidr.prefix_len)
		return a->cidr.prefix_len > b->cidr.prefix_len;
	return !a->allow && b->allow;
}

const struct eg_config_rule *eg_policy_explain(const struct eg_config_profile *profile,
					       uint16_t family, const uint8_t *addr)
{
	static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};
	const struct eg_config_rule *best = NULL;
	size_t i;

	if (family == AF_INET6 && memcmp(addr, mapped, sizeof(mapped)) == 0) {
		family = AF_INET;
		addr += sizeof(mapped);
	}
	for (i = 0; i < profile->n_rules; i++)
		if (eg_cidr_contains(&profile->rules[i].cidr, family, addr) &&
		    decides_over(&profile->rules[i], best))
			best = &profile->rules[i];
	return best;
}
