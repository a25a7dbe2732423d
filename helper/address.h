/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Is an address one of this host's? Linked into the module and the helper. */
#ifndef EG_ADDRESS_H
#define EG_ADDRESS_H

#include <stdbool.h>

/*
 * Does this host have the address, in the caller's network namespace? Loopback, or one a socket can
 * be bound to. text: IPv4 or IPv6 as sshd writes it, a scope behind '%' is fine; borrowed. What
 * cannot be found out counts as yes: who asks is stricter then. With net.ipv4.ip_nonlocal_bind
 * every address is one. Returns false also for what is no address. Never blocks.
 */
bool eg_address_is_local(const char *text);

/* Is this an address at all, and not a name? Pure. */
bool eg_address_is_one(const char *text);

#endif
