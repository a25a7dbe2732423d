/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * From settings to what the kernel looks up. Pure: memory only, never logs, never blocks.
 *
 * Precedence, everywhere: the longest prefix that contains the address wins; at equal length deny
 * wins; an address no rule names is allowed.
 */
#ifndef EG_POLICY_H
#define EG_POLICY_H

#include <stddef.h>
#include <stdint.h>

#include "abi.h"
#include "config.h"

/* One entry for a trie: key and value as the maps take them. */
struct eg_policy_entry4 {
	struct eg_lpm4_key key;
	struct eg_rule value;
};

struct eg_policy_entry6 {
	struct eg_lpm6_key key;
	struct eg_rule value;
};

/* A compiled profile. Entries are sorted by address then length, and no key stands twice. */
struct eg_policy_image {
	uint32_t flags; /* EG_POLICY_*, RULES4 and RULES6 included */
	struct eg_policy_entry4 *entries4;
	size_t n_entries4;
	struct eg_policy_entry6 *entries6;
	size_t n_entries6;
};

/* Which profile a person gets. Today always the first. Returns its index in conf->profiles. */
size_t eg_policy_select(const struct eg_config *conf, const char *user, const char *service,
			const char *rhost, const char *key);

/*
 * Compiles one profile.
 * Returns 0 and fills *ret (release with eg_policy_done), -E2BIG above EG_PREFIXES_MAX in a family,
 * -ENOMEM.
 */
int eg_policy_compile(const struct eg_config_profile *profile, struct eg_policy_image *ret);

/* Releases what the image owns and zeroes it; fine on a zeroed one. */
void eg_policy_done(struct eg_policy_image *image);

/*
 * The rule for an address by the definition above, straight from the settings: what `explain`
 * prints and what the tests hold the tries against. addr: 4 or 16 bytes by family; a v4-mapped IPv6
 * address is judged as IPv4.
 * Returns the deciding rule (borrowed from profile) or NULL when none matches.
 */
const struct eg_config_rule *eg_policy_explain(const struct eg_config_profile *profile,
					       uint16_t family, const uint8_t *addr);

#endif
