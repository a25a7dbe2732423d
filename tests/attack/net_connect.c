// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Ways to connect. */
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <string.h>
#include <sys/sendfile.h>
#include <unistd.h>

#include "try.h"

/* The plain way, for every protocol that can: connect, send, be answered. */
static int try_link(char **arg)
{
	struct address a = parse(arg[1], arg[2]);
	int fd, r = make_socket(a.sa.ss_family, arg[0], &fd);

	if (!r)
		r = connect_in_time(fd, &a.sa, a.len);
	return r ? r : exchange(fd);
}

/* connect() returns at once and the handshake goes on by itself. */
static int try_nonblocking(char **arg)
{
	struct address a = parse(arg[1], arg[2]);
	int fd, r = make_socket(a.sa.ss_family, arg[0], &fd), error = 0;
	struct pollfd p = {.events = POLLOUT};
	socklen_t len = sizeof(error);

	if (r)
		return r;
	(void)fcntl(fd, F_SETFL, O_NONBLOCK);
	if (connect(fd, sockaddr_of(&a), a.len) < 0 && errno != EINPROGRESS)
		return errno;
	p.fd = fd;
	if (poll(&p, 1, limit_ms()) == 0)
		return SILENT;
	(void)getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &len);
	return error ? error : exchange(fd);
}

/* UDP: connected to an allowed address, then to another. Filters that go by the first are
 * evaded. */
static int try_reconnect(char **arg)
{
	struct address first = parse(arg[1], arg[3]), second = parse(arg[2], arg[3]);
	int fd, r = make_socket(second.sa.ss_family, arg[0], &fd);

	if (!r)
		r = outcome(connect(fd, sockaddr_of(&first), first.len));
	if (!r)
		r = exchange(fd); /* that one must work, or the attempt is none */
	if (r)
		return r;
	r = outcome(connect(fd, sockaddr_of(&second), second.len));
	return r ? r : exchange(fd);
}

/* TCP: a dissolved connection's socket is connected anew. */
static int try_dissolve(char **arg)
{
	struct address first = parse(arg[1], arg[3]), second = parse(arg[2], arg[3]);
	struct sockaddr none = {.sa_family = AF_UNSPEC};
	int fd, r = make_socket(second.sa.ss_family, arg[0], &fd);

	if (!r)
		r = connect_in_time(fd, &first.sa, first.len);
	if (!r)
		r = exchange(fd);
	if (!r)
		r = outcome(connect(fd, &none, sizeof(none)));
	if (!r)
		r = connect_in_time(fd, &second.sa, second.len);
	return r ? r : exchange(fd);
}

/* With TCP_FASTOPEN_CONNECT, connect() sends nothing; the first write does. */
static int try_fastopen_connect(char **arg)
{
	struct address a = parse(arg[0], arg[1]);
	int fd, r = make_socket(a.sa.ss_family, "tcp", &fd), one = 1;

	if (!r)
		r = outcome(setsockopt(fd, IPPROTO_TCP, TCP_FASTOPEN_CONNECT, &one, sizeof(one)));
	if (!r)
		r = connect_in_time(fd, &a.sa, a.len);
	return r ? r : exchange(fd);
}

/* How many subflows of an MPTCP socket have been answered. */
static int established(int fd)
{
	enum { LEVEL_MPTCP = 284, TCPINFO = 2, SUBFLOWS = 8 };
	struct {
		uint32_t size_head, n, size_kernel, size_user;
		struct tcp_info info[SUBFLOWS];
	} all = {.size_head = 16, .size_user = sizeof(struct tcp_info)};
	socklen_t len = sizeof(all);
	int n = 0;

	if (getsockopt(fd, LEVEL_MPTCP, TCPINFO, &all, &len) < 0)
		return 0;
	for (uint32_t i = 0; i < all.n && i < SUBFLOWS; i++)
		n += all.info[i].tcpi_state == TCP_ESTABLISHED;
	return n;
}

/*
 * An MPTCP server that is allowed says it has another address too, and the kernel connects there by
 * itself: nobody calls connect().
 */
static int try_mptcp_subflow(char **arg)
{
	struct address a = parse(arg[0], arg[1]);
	int64_t end = now_ms() + limit_ms();
	int fd, r = make_socket(a.sa.ss_family, "mptcp", &fd);

	if (!r)
		r = connect_in_time(fd, &a.sa, a.len);
	if (!r)
		r = exchange(fd);
	while (!r && established(fd) < 2) {
		if (now_ms() > end)
			return SILENT;
		(void)usleep(20000);
	}
	return r;
}

/*
 * The source address is chosen by binding to it, here to a denied one. Connecting to 0.0.0.0 then
 * means that address and not loopback.
 */
static int try_any_after_bind(char **arg)
{
	struct address local = parse(arg[1], "0"), any = parse(arg[2], arg[3]);
	int fd, r = make_socket(any.sa.ss_family, arg[0], &fd);

	if (!r)
		r = outcome(bind(fd, sockaddr_of(&local), local.len));
	if (!r)
		r = connect_in_time(fd, &any.sa, any.len);
	return r ? r : exchange(fd);
}

/* A file that holds what the server answers. */
static int file_with(int fd)
{
	char buf[64];
	size_t n = message_for(fd, buf);
	int file = open("/tmp", O_TMPFILE | O_RDWR, 0600);

	if (file >= 0 && (write(file, buf, n) < 0 || lseek(file, 0, SEEK_SET) < 0))
		return -1;
	return file;
}

/* sendfile() into a connected socket: kernels before 6.5 asked no hook for it. */
static int send_by_file(int fd)
{
	int file = file_with(fd), r = outcome(sendfile(fd, file, NULL, 16));

	return r ? r : answered(fd);
}

/* splice() from a pipe: the same. */
static int send_by_splice(int fd)
{
	char buf[64];
	size_t n = message_for(fd, buf);
	int pipe_fd[2];

	if (pipe(pipe_fd) < 0 || write(pipe_fd[1], buf, n) < 0 ||
	    splice(pipe_fd[0], NULL, fd, NULL, n, 0) < 0)
		return errno;
	return answered(fd);
}

/* vmsplice and tee aside, write() is the one that looks least like the network. */
static int send_by_write(int fd)
{
	char buf[64];
	size_t n = message_for(fd, buf);
	int r = outcome(write(fd, buf, n));

	return r ? r : answered(fd);
}

static int send_by(const char *how, int fd)
{
	if (!strcmp(how, "sendfile"))
		return send_by_file(fd);
	if (!strcmp(how, "splice"))
		return send_by_splice(fd);
	if (!strcmp(how, "write"))
		return send_by_write(fd);
	return exchange(fd);
}

static int try_pour(char **arg)
{
	struct address a = parse(arg[2], arg[3]);
	int fd, r = make_socket(a.sa.ss_family, arg[1], &fd);

	if (!r)
		r = connect_in_time(fd, &a.sa, a.len);
	return r ? r : send_by(arg[0], fd);
}

/* The socket has been made elsewhere, and connected. */
static int try_use(char **arg)
{
	return send_by(arg[0], premade.fd);
}

/* The socket has been made elsewhere, and is ours to connect. */
static int try_use_connect(char **arg)
{
	struct address a = parse(arg[0], arg[1]);
	int r = connect_in_time(premade.fd, &a.sa, a.len);

	return r ? r : exchange(premade.fd);
}

static int try_use_sendto(char **arg)
{
	struct address a = parse(arg[0], arg[1]);
	int r = send_to(premade.fd, &a.sa, a.len, 0);

	return r ? r : answered(premade.fd);
}

const struct operation connect_ops[] = {
	{"link", 3, try_link, "PROTO ADDR PORT"},
	{"nonblocking", 3, try_nonblocking, "PROTO ADDR PORT"},
	{"reconnect", 4, try_reconnect, "PROTO ALLOWED DENIED PORT"},
	{"dissolve", 4, try_dissolve, "PROTO ALLOWED DENIED PORT"},
	{"fastopen-connect", 2, try_fastopen_connect, "ADDR PORT"},
	{"mptcp-subflow", 2, try_mptcp_subflow, "ADDR PORT"},
	{"any-after-bind", 4, try_any_after_bind, "PROTO LOCAL ANY PORT"},
	{"pour", 4, try_pour, "sendfile|splice|write PROTO ADDR PORT"},
	{"use", 1, try_use, "send|sendfile|splice|write"},
	{"use-connect", 2, try_use_connect, "ADDR PORT"},
	{"use-sendto", 2, try_use_sendto, "ADDR PORT"},
	{0},
};
