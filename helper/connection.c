// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * The connection a session came in by. sshd has it open, and the module passes it; marked, it lives
 * on whatever the deny list says: tightening a policy must not cut off the very administrator who
 * does it.
 */
#include "origin.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

#include "ends.h"

uint32_t eg_connection_port(const char *connection, const char *rhost)
{
	unsigned char address[sizeof(struct in6_addr)];
	size_t n = strcspn(connection, " ");
	unsigned int port;

	if (sscanf(connection, "%*s %u", &port) != 1 || port > UINT16_MAX)
		return 0;
	/* With UseDNS sshd gives a name, and then there is nothing to compare. */
	if (inet_pton(AF_INET, rhost, address) != 1 && inet_pton(AF_INET6, rhost, address) != 1)
		return port;
	return strlen(rhost) == n && !strncmp(connection, rhost, n) ? port : 0;
}

int eg_connection_mark(struct eg_helper *helper, int socket, const char *connection,
		       uint64_t session)
{
	return eg_ends_are_of(socket, connection)
		       ? eg_bpf_connection_set(helper->bpf, socket, session)
		       : -ENOENT;
}
