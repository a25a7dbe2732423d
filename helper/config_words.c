// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Names that settings take: what sockets may be opened, and which name was probably meant; the
 * capabilities' are capability.c's.
 */
#include "config_apply.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#include "capability.h"
#include "util.h"

enum {
	PREFIX = 3, /* "AF_" */
	/* Younger than the oldest C library we build with. linux/socket.h. */
	FAMILY_SMC = 43,
	FAMILY_XDP = 44,
	FAMILY_MCTP = 45,
};

/* Families as systemd's RestrictAddressFamilies= names them. */
static const struct {
	const char *name;
	unsigned int number;
} families[] = {
	{"AF_UNIX", AF_UNIX},
	{"AF_LOCAL", AF_LOCAL},
	{"AF_FILE", AF_FILE},
	{"AF_INET", AF_INET},
	{"AF_AX25", AF_AX25},
	{"AF_IPX", AF_IPX},
	{"AF_APPLETALK", AF_APPLETALK},
	{"AF_NETROM", AF_NETROM},
	{"AF_BRIDGE", AF_BRIDGE},
	{"AF_ATMPVC", AF_ATMPVC},
	{"AF_X25", AF_X25},
	{"AF_INET6", AF_INET6},
	{"AF_ROSE", AF_ROSE},
	{"AF_DECnet", AF_DECnet},
	{"AF_NETBEUI", AF_NETBEUI},
	{"AF_SECURITY", AF_SECURITY},
	{"AF_KEY", AF_KEY},
	{"AF_NETLINK", AF_NETLINK},
	{"AF_ROUTE", AF_ROUTE},
	{"AF_PACKET", AF_PACKET},
	{"AF_ASH", AF_ASH},
	{"AF_ECONET", AF_ECONET},
	{"AF_ATMSVC", AF_ATMSVC},
	{"AF_RDS", AF_RDS},
	{"AF_SNA", AF_SNA},
	{"AF_IRDA", AF_IRDA},
	{"AF_PPPOX", AF_PPPOX},
	{"AF_WANPIPE", AF_WANPIPE},
	{"AF_LLC", AF_LLC},
	{"AF_IB", AF_IB},
	{"AF_MPLS", AF_MPLS},
	{"AF_CAN", AF_CAN},
	{"AF_TIPC", AF_TIPC},
	{"AF_BLUETOOTH", AF_BLUETOOTH},
	{"AF_IUCV", AF_IUCV},
	{"AF_RXRPC", AF_RXRPC},
	{"AF_ISDN", AF_ISDN},
	{"AF_PHONET", AF_PHONET},
	{"AF_IEEE802154", AF_IEEE802154},
	{"AF_CAIF", AF_CAIF},
	{"AF_ALG", AF_ALG},
	{"AF_NFC", AF_NFC},
	{"AF_VSOCK", AF_VSOCK},
	{"AF_KCM", AF_KCM},
	{"AF_QIPCRTR", AF_QIPCRTR},
	{"AF_SMC", FAMILY_SMC},
	{"AF_XDP", FAMILY_XDP},
	{"AF_MCTP", FAMILY_MCTP},
};

static const struct {
	const char *name;
	uint32_t open;
} protocols[] = {
	{"raw", EG_OPEN_RAW},
	{"sctp", EG_OPEN_SCTP},
	{"dccp", EG_OPEN_DCCP},
	{"udplite", EG_OPEN_UDPLITE},
};

int eg_config_socket(const char *name, unsigned int *ret_family, uint32_t *ret_protocol)
{
	size_t i;

	for (i = 0; i < EG_ARRAY_SIZE(families); i++)
		if (strcmp(families[i].name, name) == 0) {
			*ret_family = families[i].number;
			*ret_protocol = 0;
			return 0;
		}
	for (i = 0; i < EG_ARRAY_SIZE(protocols); i++)
		if (strcmp(protocols[i].name, name) == 0) {
			*ret_family = 0;
			*ret_protocol = protocols[i].open;
			return 0;
		}
	return -EINVAL;
}

const char *eg_config_family_name(unsigned int number)
{
	size_t i;

	for (i = 0; i < EG_ARRAY_SIZE(families); i++)
		if (families[i].number == number)
			return families[i].name;
	return NULL;
}

const char *eg_config_protocol_name(uint32_t open)
{
	size_t i;

	for (i = 0; i < EG_ARRAY_SIZE(protocols); i++)
		if (protocols[i].open == open)
			return protocols[i].name;
	return NULL;
}

unsigned int eg_config_distance(const char *a, const char *b)
{
	unsigned int d[EG_CONFIG_HINT_MAX + 1][EG_CONFIG_HINT_MAX + 1] = {{0}};
	size_t i, j, na = strlen(a), nb = strlen(b);

	for (i = 0; i <= na; i++)
		for (j = 0; j <= nb; j++) {
			unsigned int best = (unsigned int)(i + j); /* when either is empty */

			if (i && j) {
				best = d[i - 1][j - 1] + ((a[i - 1] | 0x20) != (b[j - 1] | 0x20));
				best = d[i - 1][j] + 1 < best ? d[i - 1][j] + 1 : best;
				best = d[i][j - 1] + 1 < best ? d[i][j - 1] + 1 : best;
			}
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] &&
			    d[i - 2][j - 2] + 1 < best)
				best = d[i - 2][j - 2] + 1;
			d[i][j] = best;
		}
	return d[na][nb];
}

/* Keeps candidate when it is nearer than *best and fewer than half of its significant letters
 * differ. */
static void keep_nearer(const char *name, const char *word, const char *candidate,
			unsigned int *best, const char **ret)
{
	unsigned int edits = eg_config_distance(name, word);
	size_t significant = strlen(candidate);

	if (strncmp(candidate, "AF_", PREFIX) == 0)
		significant -= PREFIX;
	if (edits >= *best || 2 * edits >= significant)
		return;
	*best = edits;
	*ret = candidate;
}

const char *eg_config_socket_nearest(const char *name)
{
	const char *nearest = NULL;
	unsigned int best = 3;
	size_t i;

	if (strlen(name) > EG_CONFIG_HINT_MAX)
		return NULL;
	for (i = 0; i < EG_ARRAY_SIZE(families); i++) {
		keep_nearer(name, families[i].name, families[i].name, &best, &nearest);
		keep_nearer(name, families[i].name + PREFIX, families[i].name, &best, &nearest);
	}
	for (i = 0; i < EG_ARRAY_SIZE(protocols); i++)
		keep_nearer(name, protocols[i].name, protocols[i].name, &best, &nearest);
	return nearest;
}

const char *eg_config_capability_nearest(const char *name)
{
	const char *nearest = NULL;
	unsigned int best = 3, i;

	name += eg_capability_prefix(name);
	if (strlen(name) > EG_CONFIG_HINT_MAX)
		return NULL;
	for (i = 0; eg_capability_name(i); i++)
		keep_nearer(name, eg_capability_name(i), eg_capability_name(i), &best, &nearest);
	return nearest;
}
