// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * The connection a session came in by. sshd has it open among its descriptors; found there and
 * marked, it lives on whatever the deny list says: tightening a policy must not cut off the very
 * administrator who does it.
 */
#include "origin.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#include "util.h"

enum { SOCKETS_MAX = 256 /* sshd has about ten; more are not looked at */ };

static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};

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

/* The address an end is at. A scope id is left out: the port tells links apart well enough. */
static bool parse_end(char *address, unsigned int port, struct eg_end *ret)
{
	struct eg_end end = {.port = (uint16_t)port};

	if (port > UINT16_MAX)
		return false;
	address[strcspn(address, "%")] = '\0';
	if (inet_pton(AF_INET, address, end.addr + sizeof(mapped)) == 1)
		memcpy(end.addr, mapped, sizeof(mapped));
	else if (inet_pton(AF_INET6, address, end.addr) != 1)
		return false;
	*ret = end;
	return true;
}

bool eg_connection_ends(const char *text, struct eg_end *ret_peer, struct eg_end *ret_own)
{
	char peer[EG_CONN_SIZE], own[EG_CONN_SIZE];
	unsigned int peer_port, own_port;

	_Static_assert(EG_CONN_SIZE == 128, "the widths below");
	return sscanf(text, "%127s %u %127s %u", peer, &peer_port, own, &own_port) == 4 &&
	       parse_end(peer, peer_port, ret_peer) && parse_end(own, own_port, ret_own);
}

/* Is this socket's name, own or peer's, that end? */
static bool is_at(int fd, int (*name)(int, struct sockaddr *, socklen_t *),
		  const struct eg_end *end)
{
	union {
		struct sockaddr any;
		struct sockaddr_in in;
		struct sockaddr_in6 in6;
	} addr = {0};
	socklen_t size = sizeof(addr);
	struct eg_end found = {0};

	if (name(fd, &addr.any, &size) < 0)
		return false;
	if (addr.any.sa_family == AF_INET) {
		memcpy(found.addr, mapped, sizeof(mapped));
		memcpy(found.addr + sizeof(mapped), &addr.in.sin_addr, sizeof(addr.in.sin_addr));
		found.port = ntohs(addr.in.sin_port);
	} else if (addr.any.sa_family == AF_INET6) {
		memcpy(found.addr, &addr.in6.sin6_addr, sizeof(found.addr));
		found.port = ntohs(addr.in6.sin6_port);
	} else {
		return false;
	}
	return found.port == end->port && !memcmp(found.addr, end->addr, sizeof(found.addr));
}

static bool is_stream(int fd)
{
	int type = 0;
	socklen_t size = sizeof(type);

	return getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &size) == 0 && type == SOCK_STREAM;
}

/* Does the name of a descriptor in /proc say that it is a socket? */
static bool is_socket(int dir, const char *name)
{
	char target[16] = "";

	return readlinkat(dir, name, target, sizeof(target) - 1) > 0 &&
	       !strncmp(target, "socket:[", 8);
}

/* The listing says only which numbers to try; the pidfd says whose they are. */
int eg_connection_socket(const struct eg_peer *peer, bool (*wanted)(int fd, const void *arg),
			 const void *arg)
{
	int refused = 0, result = -ENOENT;
	struct dirent *entry;
	char path[64];
	DIR *dir;

	(void)snprintf(path, sizeof(path), "/proc/%d/fd", (int)peer->pid);
	dir = opendir(path);
	if (!dir)
		return -errno;
	for (int left = SOCKETS_MAX; result < 0 && left && (entry = readdir(dir));) {
		int fd eg_auto_close = -1;

		if (!is_socket(dirfd(dir), entry->d_name))
			continue;
		left--;
		fd = (int)syscall(SYS_pidfd_getfd, peer->pidfd, atoi(entry->d_name), 0);
		if (fd < 0)
			refused = -errno;
		else if (wanted(fd, arg))
			result = eg_take_fd(&fd);
	}
	(void)closedir(dir); /* opened for reading only */
	return result < 0 && refused ? refused : result;
}

struct ends {
	struct eg_end client, own;
};

static bool is_between(int fd, const void *arg)
{
	const struct ends *ends = arg;

	return is_stream(fd) && is_at(fd, getpeername, &ends->client) &&
	       is_at(fd, getsockname, &ends->own);
}

int eg_connection_find(const struct eg_peer *peer, const char *connection)
{
	struct ends ends;

	if (!eg_connection_ends(connection, &ends.client, &ends.own))
		return -ENOENT;
	return eg_connection_socket(peer, is_between, &ends);
}

int eg_connection_mark(struct eg_helper *helper, const struct eg_peer *peer, const char *connection,
		       uint64_t session)
{
	int fd eg_auto_close = eg_connection_find(peer, connection);

	return fd < 0 ? fd : eg_bpf_connection_set(helper->bpf, fd, session);
}
