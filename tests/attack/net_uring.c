// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Ways of io_uring. MODE: "plain" submits in the caller, "async" hands the request to a worker of
 * the kernel, "polled" has a kernel thread fetch it: then no system call is made at all.
 */
#include <errno.h>
#include <linux/io_uring.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "try.h"

/* Not in the headers of the oldest Debian. */
enum { OP_BIND = 56, OP_LISTEN = 57 };

/* The ring to use: one made before, or a new one. */
static int get_ring(struct ring *ring, const char *mode)
{
	if (premade.ring.fd >= 0) {
		*ring = premade.ring;
		return 0;
	}
	return ring_make(ring, !strcmp(mode, "polled") ? RING_POLLED : 0);
}

/* A request; flags as MODE wants them. */
static struct io_uring_sqe request(const char *mode, int opcode, int fd)
{
	return (struct io_uring_sqe){.opcode = (uint8_t)opcode,
				     .fd = fd,
				     .flags = !strcmp(mode, "async") ? IOSQE_ASYNC : 0};
}

/* The result as an outcome. */
static int as_outcome(int result)
{
	if (result == -ETIME)
		return SILENT;
	return result < 0 ? -result : 0;
}

static int do_connect(struct ring *ring, const char *mode, int fd, struct address *a, int flags)
{
	struct io_uring_sqe sqe = request(mode, IORING_OP_CONNECT, fd);

	sqe.addr = (uint64_t)(uintptr_t)&a->sa;
	sqe.off = a->len;
	sqe.flags |= (uint8_t)flags;
	return as_outcome(ring_do(ring, &sqe));
}

static int do_send(struct ring *ring, const char *mode, int fd, int opcode, int flags)
{
	struct io_uring_sqe sqe = request(mode, opcode, fd);
	static char buf[64];

	sqe.len = (uint32_t)message_for(fd, buf);
	sqe.addr = (uint64_t)(uintptr_t)buf;
	sqe.flags |= (uint8_t)flags;
	return as_outcome(ring_do(ring, &sqe));
}

static int try_uring_connect(char **arg)
{
	struct address a = parse(arg[2], arg[3]);
	struct ring ring;
	int fd, r = make_socket(a.sa.ss_family, arg[1], &fd);

	if (!r)
		r = get_ring(&ring, arg[0]);
	if (!r)
		r = do_connect(&ring, arg[0], fd, &a, 0);
	return r ? r : exchange(fd);
}

/* All of it by the ring, writing included. */
static int try_uring_send(char **arg)
{
	struct address a = parse(arg[2], arg[3]);
	struct ring ring;
	int fd, r = make_socket(a.sa.ss_family, arg[1], &fd);

	if (!r)
		r = get_ring(&ring, arg[0]);
	if (!r)
		r = do_connect(&ring, arg[0], fd, &a, 0);
	if (!r)
		r = do_send(&ring, arg[0], fd, IORING_OP_SEND, 0);
	return r ? r : answered(fd);
}

static int try_uring_sendmsg(char **arg)
{
	struct address a = parse(arg[2], arg[3]);
	char buf[64];
	struct iovec iov = {.iov_base = buf};
	struct msghdr msg = {
		.msg_name = &a.sa, .msg_namelen = a.len, .msg_iov = &iov, .msg_iovlen = 1};
	struct io_uring_sqe sqe;
	struct ring ring;
	int fd, r = make_socket(a.sa.ss_family, arg[1], &fd);

	if (!r)
		r = get_ring(&ring, arg[0]);
	if (r)
		return r;
	iov.iov_len = message_for(fd, buf);
	sqe = request(arg[0], IORING_OP_SENDMSG, fd);
	sqe.addr = (uint64_t)(uintptr_t)&msg;
	sqe.len = 1;
	if (!strcmp(arg[1], "tcp"))
		sqe.msg_flags = MSG_FASTOPEN;
	r = as_outcome(ring_do(&ring, &sqe));
	if (r == EINPROGRESS) /* the handshake is under way, our bytes are not */
		return exchange(fd);
	return r ? r : answered(fd);
}

/* A datagram with its address in the request: IORING_OP_SEND_ZC has had that from the start. */
static int try_uring_sendto(char **arg)
{
	struct address a = parse(arg[2], arg[3]);
	static char buf[64];
	struct io_uring_sqe sqe;
	struct ring ring;
	int fd, r = make_socket(a.sa.ss_family, arg[1], &fd);

	if (!r)
		r = get_ring(&ring, arg[0]);
	if (r)
		return r;
	sqe = request(arg[0], IORING_OP_SEND_ZC, fd);
	sqe.len = (uint32_t)message_for(fd, buf);
	sqe.addr = (uint64_t)(uintptr_t)buf;
	sqe.addr2 = (uint64_t)(uintptr_t)&a.sa;
	sqe.addr_len = (uint16_t)a.len;
	r = as_outcome(ring_do(&ring, &sqe));
	return r ? r : answered(fd);
}

/* A socket option set by the ring, since 6.7: a routing header by way of HOP. */
static int try_uring_route(char **arg)
{
	enum { OP_URING_CMD = 46, SOCKET_URING_OP_SETSOCKOPT = 3 };
	struct address hop = parse(arg[2], "0"), a = parse(arg[3], arg[4]);
	static unsigned char header[40] = {0, 4, 4, 1, 1}; /* as in net_route.c */
	struct io_uring_sqe sqe;
	struct ring ring;
	int fd, r = make_socket(AF_INET6, arg[1], &fd);

	if (!r)
		r = get_ring(&ring, arg[0]);
	if (r)
		return r;
	memcpy(header + 8, &((struct sockaddr_in6 *)&a.sa)->sin6_addr, 16);
	memcpy(header + 24, &((struct sockaddr_in6 *)&hop.sa)->sin6_addr, 16);
	sqe = request(arg[0], OP_URING_CMD, fd);
	sqe.off = SOCKET_URING_OP_SETSOCKOPT;
	sqe.addr = IPPROTO_IPV6 | (uint64_t)IPV6_RTHDR << 32; /* level, optname */
	sqe.file_index = sizeof(header);		      /* optlen */
	sqe.addr3 = (uint64_t)(uintptr_t)header;	      /* optval */
	r = as_outcome(ring_do(&ring, &sqe));
	if (r == EOPNOTSUPP)
		return ABSENT - r;
	if (!r)
		r = send_to(fd, &a.sa, a.len, 0);
	return r ? r : answered(fd);
}

/* The socket, too, is made by the ring: no socket() is seen. */
static int try_uring_socket(char **arg)
{
	struct io_uring_sqe sqe = request(arg[0], IORING_OP_SOCKET, atoi(arg[1]));
	struct ring ring;
	int r = get_ring(&ring, arg[0]), fd;

	if (r)
		return r;
	if (!ring_knows(&ring, IORING_OP_SOCKET))
		return ABSENT - EINVAL;
	sqe.off = (uint64_t)atoi(arg[2]);
	sqe.len = (uint32_t)atoi(arg[3]);
	fd = ring_do(&ring, &sqe);
	if (fd < 0 || !arg[4])
		return as_outcome(fd);
	struct address a = parse(arg[4], arg[5]);

	r = do_connect(&ring, arg[0], fd, &a, 0);
	return r ? r : exchange(fd);
}

/* The same into the ring's own table: the process never has a descriptor. */
static int try_uring_direct(char **arg)
{
	struct address a = parse(arg[1], arg[2]);
	struct io_uring_sqe sqe = request(arg[0], IORING_OP_SOCKET, a.sa.ss_family);
	struct ring ring;
	int r = get_ring(&ring, arg[0]);

	if (!r)
		r = ring_register(&ring, -1);
	if (r)
		return r;
	sqe.off = SOCK_STREAM;
	sqe.file_index = 1; /* slot 0 */
	r = as_outcome(ring_do(&ring, &sqe));
	if (r)
		return r;
	premade.ring = ring;
	return run_words((char *[]){"fixed", "connect", arg[1], arg[2], NULL});
}

static int splice_into(struct ring *ring, int fd, int flags)
{
	struct io_uring_sqe sqe = request("plain", IORING_OP_SPLICE, fd);
	char buf[64];
	size_t n = message_for(fd, buf);
	int pipe_fd[2];

	if (pipe(pipe_fd) < 0 || write(pipe_fd[1], buf, n) < 0)
		return errno;
	sqe.splice_fd_in = pipe_fd[0];
	sqe.splice_off_in = UINT64_MAX;
	sqe.off = UINT64_MAX;
	sqe.len = (uint32_t)n;
	sqe.flags |= (uint8_t)flags;
	return as_outcome(ring_do(ring, &sqe));
}

static int try_uring_splice(char **arg)
{
	struct address a = parse(arg[1], arg[2]);
	struct ring ring;
	int fd, r = make_socket(a.sa.ss_family, arg[0], &fd);

	if (!r)
		r = get_ring(&ring, "plain");
	if (!r)
		r = connect_in_time(fd, &a.sa, a.len);
	if (!r)
		r = splice_into(&ring, fd, 0);
	return r ? r : answered(fd);
}

/*
 * Static, and this program is linked to fixed addresses: what a polled ring's thread reads and
 * writes is the memory of the ring's maker, where they are the same.
 */
static char fixed_out[16] = "ping\0\0fixed file", fixed_in[64];

static int fixed_do(struct ring *ring, int opcode, char *buf, size_t n)
{
	struct io_uring_sqe sqe = request("plain", opcode, 0);
	int r;

	sqe.addr = (uint64_t)(uintptr_t)buf;
	sqe.len = (uint32_t)n;
	sqe.flags |= IOSQE_FIXED_FILE;
	r = ring_do(ring, &sqe);
	return as_outcome(r ? r : -ECONNRESET);
}

/* On file 0 of a ring that has been made, or filled, elsewhere. */
static int try_fixed(char **arg)
{
	struct ring *ring = &premade.ring;
	int r = 0;

	if (!strcmp(arg[0], "connect")) {
		struct address a = parse(arg[1], arg[2]);

		r = do_connect(ring, "plain", 0, &a, IOSQE_FIXED_FILE);
	}
	if (!r && !strcmp(arg[0], "splice"))
		r = splice_into(ring, 0, IOSQE_FIXED_FILE);
	else if (!r)
		r = fixed_do(ring, IORING_OP_SEND, fixed_out, sizeof(fixed_out));
	return r ? r : fixed_do(ring, IORING_OP_RECV, fixed_in, sizeof(fixed_in));
}

/* Binding, and listening, by the ring: since 6.11. */
static int try_uring_bind(char **arg)
{
	struct address a = parse(arg[2], arg[3]);
	struct io_uring_sqe sqe;
	struct ring ring;
	int fd, r = make_socket(a.sa.ss_family, arg[1], &fd);

	if (!r)
		r = get_ring(&ring, arg[0]);
	if (r)
		return r;
	if (!ring_knows(&ring, OP_BIND))
		return ABSENT - EINVAL;
	sqe = request(arg[0], OP_BIND, fd);
	sqe.addr = (uint64_t)(uintptr_t)&a.sa;
	sqe.addr2 = a.len;
	r = as_outcome(ring_do(&ring, &sqe));
	if (!r && !strcmp(arg[1], "tcp"))
		r = outcome(listen(fd, 1));
	return r ? r : reachable(fd);
}

static int try_uring_listen(char **arg)
{
	struct io_uring_sqe sqe;
	struct ring ring;
	int fd, r = make_socket(atoi(arg[1]) == 6 ? AF_INET6 : AF_INET, "tcp", &fd);

	if (!r)
		r = get_ring(&ring, arg[0]);
	if (r)
		return r;
	if (!ring_knows(&ring, OP_LISTEN))
		return ABSENT - EINVAL;
	sqe = request(arg[0], OP_LISTEN, fd);
	sqe.len = 1;
	r = as_outcome(ring_do(&ring, &sqe));
	return r ? r : reachable(fd);
}

const struct operation uring_ops[] = {
	{"uring-connect", 4, try_uring_connect, "MODE PROTO ADDR PORT"},
	{"uring-send", 4, try_uring_send, "MODE PROTO ADDR PORT"},
	{"uring-sendmsg", 4, try_uring_sendmsg, "MODE PROTO ADDR PORT"},
	{"uring-sendto", 4, try_uring_sendto, "MODE PROTO ADDR PORT"},
	{"uring-route", 5, try_uring_route, "MODE PROTO HOP ADDR PORT"},
	{"uring-socket", 4, try_uring_socket, "MODE FAMILY TYPE PROTOCOL [ADDR PORT]"},
	{"uring-direct", 3, try_uring_direct, "MODE ADDR PORT"},
	{"uring-splice", 3, try_uring_splice, "PROTO ADDR PORT"},
	{"fixed", 1, try_fixed, "connect|send|splice [ADDR PORT]"},
	{"uring-bind", 4, try_uring_bind, "MODE PROTO ADDR PORT"},
	{"uring-listen", 2, try_uring_listen, "MODE 4|6"},
	{0},
};
