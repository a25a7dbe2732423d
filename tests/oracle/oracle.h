/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What oracle.c asks of oracle.bpf.c, and what comes back. Both compilers read it. */
#ifndef EG_ORACLE_H
#define EG_ORACLE_H

#include "abi.h"

enum {
	EG_ORACLE_QUERIES = 32, /* of one run */
	EG_ORACLE_END = 0,	/* behind the last one */
	EG_ORACLE_EGRESS = 1,
	EG_ORACLE_BIND = 2,
};

/* One entry of the map eg_oracle: the upper part is the question, the lower the answer. */
struct eg_oracle {
	__u32 kind; /* EG_ORACLE_* */
	__u32 slot; /* profile, in eg_profiles */
	__u16 family;
	__u16 port; /* host order */
	__u8 proto; /* enum eg_proto */
	__u8 pad[3];
	__u32 source; /* IPv4 address the socket is bound to, network order, 0 = none */
	__u8 addr[16];

	__u32 done; /* 1 = answered */
	__u32 denied;
	__u32 generation;
	__u32 reason; /* enum eg_reason; this and the rest where denied */
	struct eg_rule rule;
	__u16 rule_family;
	__u16 has_rule;
};
_Static_assert(sizeof(struct eg_oracle) == 68, "no padding that is not named");

#endif
