/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * From settings to what the kernel looks up. Pure: memory only, never logs, never blocks.
 *
 * Precedence of egress rules, everywhere: among the rules that match address, protocol and port,
 * the longest prefix decides; at equal length deny does; an address no rule names gets the
 * profile's default. Loopback (127.0.0.0/8, ::1) is as if allowed by rules of just that length, so
 * only a rule that names loopback itself closes it. An IPv6 address that carries an IPv4 one (NAT64
 * 64:ff9b::/96, 6to4 2002::/16) is denied also when a rule denies the IPv4 address. A network in a
 * feed is a rule like any other, for every protocol and port; of rules that say the same, the one
 * in the configuration is named, then the one in the first feed.
 * Precedence of bind rules: the narrowest range of ports that holds the port decides; at equal
 * width deny does; a port no rule names may be bound.
 * Rules of a group of programs stand beside those of the profile, for these programs only: at equal
 * length, or width, the group's decide over the profile's, whichever denies.
 */
#ifndef EG_POLICY_H
#define EG_POLICY_H

#include <stddef.h>
#include <stdint.h>

#include "abi.h"
#include "config.h"
#include "digest.h"

/* One entry for a trie: key and value as the maps take them. */
struct eg_policy_entry4 {
	struct eg_lpm4_key key;
	struct eg_entry value;
};

struct eg_policy_entry6 {
	struct eg_lpm6_key key;
	struct eg_entry value;
};

/* One entry of eg_items; its key.policy is 0 until it is put. */
struct eg_policy_item {
	struct eg_item_key key;
	uint32_t line;
	uint32_t pad;
};

/* One entry of eg_names, likewise. */
struct eg_policy_name {
	struct eg_name_key key;
	uint32_t flags; /* EG_SOCKET_* */
};

/* One entry of eg_place_rules, of the policy that has it. */
struct eg_policy_place {
	uint32_t place; /* eg_place.id */
	struct eg_place_rule rule;
};

/*
 * A compiled profile. Entries are sorted by address then length, and no key stands twice; what they
 * and bind refer to in segments is within bounds. All of it is owned by the image.
 */
struct eg_policy_image {
	struct eg_policy policy; /* generation 0; flags with RULES4, RULES6 and SEGMENTS */
	enum eg_nets_in nets_in; /* what its networks are to be put into */
	bool is_group;		 /* of programs: it stands in another image's groups */
	struct eg_policy_entry4 *entries4;
	size_t n_entries4;
	struct eg_policy_entry6 *entries6;
	size_t n_entries6;
	struct eg_segment *segments;
	size_t n_segments;
	/* what the host says of the profile's texts: filled in by resolve.c, none after compiling
	 */
	struct eg_policy_item *items;
	size_t n_items;
	struct eg_policy_name *names;
	size_t n_names;
	/* of programs that must not be run: filled in by feed.c, none after compiling, as is
	 * EG_POLICY_HASHES */
	struct eg_digests digests;
	struct eg_policy_place *places; /* sorted by place; filled in by places.c */
	size_t n_places;
	/*
	 * One for each of profile->groups, in their order: what these say and nothing else, for the
	 * kernel asks the profile's policy too. They have no groups of their own. The image's items
	 * of EG_ITEM_RULES have a group's number, from 1, as their line until they are put.
	 */
	struct eg_policy_image *groups;
	size_t n_groups;
};

/*
 * Compiles one profile. Its feeds must have been read (feeds.h), and are not needed any more then.
 * Returns 0 and fills *ret (release with eg_policy_done); -E2BIG above EG_PREFIXES_MAX in a family,
 * EG_LIST_MAX in one list or EG_SEGMENTS_MAX in all; -EINVAL when a feed has not been read;
 * -ENOMEM. Each with *reterr saying which and at which line; its file is left empty when that is
 * the configuration.
 */
int eg_policy_compile(const struct eg_config_profile *profile, struct eg_policy_image *ret,
		      struct eg_err *reterr);

/* Releases what the image owns and zeroes it; fine on a zeroed one. */
void eg_policy_done(struct eg_policy_image *image);

struct eg_network; /* feed_networks.h */

/* A destination (or the peer of one that comes in). */
struct eg_policy_target {
	uint16_t family;  /* AF_INET, AF_INET6 */
	uint8_t proto;	  /* enum eg_proto */
	uint16_t port;	  /* host order; 0 for protocols without ports */
	uint8_t addr[16]; /* network order; AF_INET uses the first four */
};

/* What the definition at the top says. */
struct eg_policy_answer {
	bool deny;
	enum eg_reason reason; /* RULE, or DEFAULT when no rule decided */
	/* borrowed from the profile; NULL = a feed's, default or loopback */
	const struct eg_config_rule *rule;
	/* a network of a feed, likewise; NULL = none */
	const struct eg_config_feed *feed;
	const struct eg_network *network;
	uint32_t line; /* as eg_rule.line; 0 = default or loopback */
	bool embedded; /* the rule denies the IPv4 address inside an IPv6 one */
};

/*
 * The verdict for a target by the definition above, straight from the settings, without tries: what
 * `explain` prints and what the tests hold compiler and kernel against. A v4-mapped address is
 * judged as IPv4; 0.0.0.0 as 127.0.0.1 and :: as ::1, which is where the kernel sends them. Feeds
 * that have not been read say nothing.
 */
struct eg_policy_answer eg_policy_explain(const struct eg_config_profile *profile,
					  const struct eg_policy_target *target);

/* The same for a program of one of the profile's groups; NULL: for one of none. */
struct eg_policy_answer eg_policy_explain_for(const struct eg_config_profile *profile,
					      const struct eg_config_group *group,
					      const struct eg_policy_target *target);

/* The group that names the program by this path, NULL when none does. */
const struct eg_config_group *eg_policy_group_of(const struct eg_config_profile *profile,
						 const char *program);

/* Does an IPv6 target carry an IPv4 address that must not be denied by a rule either (NAT64, 6to4)?
 * *ret: that address, network order, when it does. It is judged as it stands; 0.0.0.0 is none. */
bool eg_policy_embedded(const struct eg_policy_target *target, uint8_t ret[4]);

/* What the definition says about bind and listen on a port (0 = the kernel picks). */
struct eg_policy_answer eg_policy_explain_bind(const struct eg_config_profile *profile,
					       uint8_t proto, uint16_t port);
struct eg_policy_answer eg_policy_explain_bind_for(const struct eg_config_profile *profile,
						   const struct eg_config_group *group,
						   uint8_t proto, uint16_t port);

#endif
