/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What the rules of a profile and of its feeds name in one family, in the order in which it is
 * compiled. Pure: memory only.
 */
#ifndef EG_POLICY_NETS_H
#define EG_POLICY_NETS_H

#include "config.h"

/* Networks that no line of a file stands for; they come after those of the same network that do. */
#define EG_NET_LOOPBACK (UINT32_MAX - 1)
#define EG_NET_DEFAULT	UINT32_MAX

/* A rule in one family: "*" is in both. */
struct eg_net {
	uint8_t addr[16];
	uint8_t prefix_len;
	/* index in profile->egress; of a feed's network, its line as eg_rule.line has it, which is
	 * above all of those; or EG_NET_* */
	uint32_t rule;
};

struct eg_nets {
	struct eg_net *list; /* owned; by address, then length, then rule */
	size_t n;
};

/*
 * Collects those of one family, AF_INET or AF_INET6; none when it has neither rules nor a default
 * that denies. The profile's feeds must have been read.
 * Returns 0 and *ret (eg_nets_done); -EINVAL when one has not, -ENOMEM; each with *reterr.
 */
int eg_nets_collect(const struct eg_config_profile *profile, uint16_t family, struct eg_nets *ret,
		    struct eg_err *reterr);

/* Are these one network? */
bool eg_nets_equal(const struct eg_net *a, const struct eg_net *b);

/* Is the inner network in the outer one, or the same? */
bool eg_nets_around(const struct eg_net *outer, const struct eg_net *inner);

/* Releases what it owns and zeroes it. */
void eg_nets_done(struct eg_nets *nets);

#endif
