// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Being connected to, by a peer that is really elsewhere: the broker in the other network
 * namespace. */
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "broker.h"

/* Answers one datagram or connection with what it has said. 0 or errno. */
static int echo_once(int fd, bool stream)
{
	struct address from = {.len = sizeof(from.sa)};
	struct pollfd p = {.events = POLLIN};
	char buf[64];
	ssize_t n;

	if (!stream) {
		n = recvfrom(fd, buf, sizeof(buf), MSG_DONTWAIT, sockaddr_of(&from), &from.len);
		return n < 0 ? 0
			     : outcome(sendto(fd, buf, (size_t)n, 0, sockaddr_of(&from), from.len));
	}
	p.fd = accept4(fd, NULL, NULL, SOCK_CLOEXEC);
	if (p.fd < 0 || poll(&p, 1, limit_ms()) <= 0)
		return 0;
	n = recv(p.fd, buf, sizeof(buf), 0);
	return n <= 0 ? 0 : outcome(send(p.fd, buf, (size_t)n, MSG_NOSIGNAL));
}

/*
 * PROTO SOURCE LISTEN-ADDR ADDR PORT: listens, and has SOURCE connect in to ADDR. The outcome is
 * the peer's, or ours when answering fails.
 */
static int try_incoming(char **arg)
{
	struct address a = parse(arg[2], arg[4]);
	struct broker_answer answer;
	bool stream = strncmp(arg[0], "udp", 3) != 0;
	int fd, to, one = 1, r = make_socket(a.sa.ss_family, arg[0], &fd);
	struct pollfd p[2] = {{.events = POLLIN}, {.events = POLLIN}};
	char *ask[] = {!strcmp(arg[0], "mptcp") ? "tcp" : arg[0], arg[1], arg[3], arg[4], NULL};

	if (!r)
		r = outcome(setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)));
	if (!r)
		r = outcome(bind(fd, sockaddr_of(&a), a.len));
	if (!r && stream)
		r = outcome(listen(fd, 8));
	if (r)
		return r;
	to = ask_broker("client", "link", ask);
	if (to < 0)
		return -to;
	p[0].fd = fd;
	p[1].fd = to;
	while (poll(p, 2, 3 * limit_ms()) > 0) {
		if (p[0].revents && (r = echo_once(fd, stream)))
			return r;
		if (p[1].revents)
			return recv(to, &answer, sizeof(answer), 0) == sizeof(answer)
				       ? answer.outcome
				       : EBADMSG;
	}
	return SILENT;
}

const struct operation incoming_ops[] = {
	{"incoming", 5, try_incoming, "PROTO SOURCE LISTEN-ADDR ADDR PORT"},
	{0},
};
