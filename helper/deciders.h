/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Which network's rule decides for an address. A flat table of the kernel side (flat.h) says that
 * an address is refused and not by which rule: its records have EG_LINE_UNKNOWN. What that was is
 * kept here, in few bytes for each network, and looked up for those that are told. Pure: memory
 * only.
 */
#ifndef EG_DECIDERS_H
#define EG_DECIDERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "abi.h"
#include "policy.h"

struct eg_deciders;

/*
 * Keeps what the entries of a compiled policy say: of one address family or of both. Addresses are
 * kept as long as the longest prefix needs them, so that IPv4 takes at most nine bytes for each
 * network, and IPv6 down to /48 eleven.
 * image: borrowed, not needed afterwards. Gives way (give_way.h).
 * Returns 0 and *ret (eg_deciders_free), or -ENOMEM.
 */
int eg_deciders_new(const struct eg_policy_image *image, bool four, bool six,
		    struct eg_deciders **ret);

/*
 * The rule that refuses an address for every protocol and port.
 * family: AF_INET with addr of 4 bytes, or AF_INET6 with 16, network order; judged as it stands.
 * False, *ret as it was: that is no such rule, but a default, a rule that allows, or one of those
 * that name protocols or ports; or the family is not kept.
 */
bool eg_deciders_find(const struct eg_deciders *deciders, uint16_t family, const uint8_t *addr,
		      struct eg_rule *ret);

/* Bytes that it takes. */
size_t eg_deciders_size(const struct eg_deciders *deciders);

/* NULL is fine. */
void eg_deciders_free(struct eg_deciders *deciders);

#endif
