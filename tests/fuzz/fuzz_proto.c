// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Messages on the helper's sockets, as a peer may send them: any bytes, with descriptors or
 * without. The first two bytes say what comes with them and what the reader expects; the rest are
 * patches (patch.h) to a message that is zero.
 */
#include "fuzz.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "patch.h"
#include "proto.h"
#include "util.h"

enum {
	SEND_FDS = 3,	      /* how many descriptors come along */
	WANT_FD = 1 << 2,     /* the reader takes one or two */
	SMALL = 1 << 3,	      /* the reader's buffer is smaller than the message */
	FILL_IN = 1 << 4,     /* version and size are right */
	OURS = 1 << 5,	      /* sent by eg_proto_send */
	NOBODY = 1 << 6,      /* nothing is sent, and the peer stays, or... */
	HUNG_UP = 1 << 7,     /* ...goes */
	CREDENTIALS = 1 << 8, /* the kernel tells the reader who it was */
	FULL = 1 << 9,	      /* the peer does not read: nothing more finds room */
	WAIT = 1 << 10,	      /* not only once, with NOBODY or FULL */
};

const unsigned int eg_fuzz_mutations = 30000;

union message {
	struct eg_msg head;
	uint64_t room[EG_MSG_MAX / sizeof(uint64_t) + 8];
};

/* The lowest number that is free: two calls give the same when nothing was left open. */
static int free_fd(void)
{
	int fd = open("/dev/null", O_RDONLY | O_CLOEXEC), number = fd;

	must(fd >= 0 && close(fd) == 0);
	return number;
}

static void send_raw(int to, const void *msg, size_t n, unsigned int n_fds)
{
	char control[CMSG_SPACE(SEND_FDS * sizeof(int))]
		__attribute__((aligned(__alignof__(struct cmsghdr)))) = {0};
	struct iovec iov = {.iov_base = (void *)(uintptr_t)msg, .iov_len = n};
	struct msghdr mh = {.msg_iov = &iov, .msg_iovlen = 1};
	const int fds[SEND_FDS] = {to, to, to};

	if (n_fds) {
		struct cmsghdr *cmsg;

		mh.msg_control = control;
		mh.msg_controllen = CMSG_SPACE(n_fds * sizeof(int));
		cmsg = CMSG_FIRSTHDR(&mh);
		cmsg->cmsg_level = SOL_SOCKET;
		cmsg->cmsg_type = SCM_RIGHTS;
		cmsg->cmsg_len = CMSG_LEN(n_fds * sizeof(int));
		memcpy(CMSG_DATA(cmsg), fds, n_fds * sizeof(int));
	}
	must(sendmsg(to, &mh, MSG_NOSIGNAL) == (ssize_t)n);
}

/* What eg_proto_check says must agree with what can be seen from outside. */
static int check_bytes(const union message *msg, size_t n)
{
	int r = eg_proto_check(msg, n);

	if (n < sizeof(msg->head)) {
		must(r == -EMSGSIZE);
		return r;
	}
	must((msg->head.version != EG_PROTO_VERSION) == (r == -EPROTONOSUPPORT));
	if (r != -EPROTONOSUPPORT)
		must((eg_proto_size(msg->head.type) == 0) == (r == -ENOMSG));
	if (r == 0 || r == -EBADMSG)
		must(n == msg->head.size && n == eg_proto_size(msg->head.type) && n <= EG_MSG_MAX);
	else
		must(r == -EPROTONOSUPPORT || r == -ENOMSG || r == -EMSGSIZE);
	return r;
}

static void receive(int fd, unsigned int how, const union message *sent, ssize_t expected)
{
	union message got;
	size_t size = how & SMALL ? 16 : sizeof(got);
	bool wants = how & WANT_FD;
	struct eg_passed passed = {.dir = -2, .socket = -2};
	ssize_t n = eg_proto_recv(fd, &got, size, wants ? &passed : NULL, 0);
	unsigned int n_fds = n > 0 ? how & SEND_FDS : 0;

	must(n == expected);
	if (n > 0)
		must(memcmp(&got, sent, (size_t)n) == 0);
	if (n < 0 || !wants) {
		must(passed.dir == -2 && passed.socket == -2);
		return;
	}
	must((passed.dir >= 0) == (n_fds >= 1) && (passed.socket >= 0) == (n_fds == 2));
	if (passed.dir >= 0)
		must(fcntl(passed.dir, F_GETFD) & FD_CLOEXEC);
	if (passed.socket >= 0)
		must(fcntl(passed.socket, F_GETFD) & FD_CLOEXEC);
	eg_passed_done(&passed);
}

/* What a reader must say. n: bytes of the message; r: what eg_proto_check says of them. */
static ssize_t expected_of(unsigned int how, size_t n, int r)
{
	unsigned int n_fds = how & SEND_FDS;

	if (n_fds > (how & WANT_FD ? 2U : 0U) || r < 0 || ((how & SMALL) && n > 16))
		return -EBADMSG;
	return (ssize_t)n;
}

/* Until when to wait: not at all, or for a moment. */
static int64_t deadline_of(unsigned int how)
{
	return how & WAIT ? eg_proto_now_ms() + 1 : 0;
}

/* Nobody sends: to wait for it takes no longer than it may. */
static void receive_nothing(int *pair, unsigned int how)
{
	struct eg_msg got;

	if (how & HUNG_UP)
		must(shutdown(pair[1], SHUT_RDWR) == 0);
	must(eg_proto_recv(pair[0], &got, sizeof(got), NULL, deadline_of(how)) ==
	     (how & HUNG_UP ? 0 : -ETIMEDOUT));
}

/* Nobody reads. */
static void send_to_full(int *pair, unsigned int how)
{
	struct eg_msg msg;
	int r = 0;

	eg_proto_head(&msg, EG_MSG_VERSION, sizeof(msg));
	must(eg_proto_check(&msg, sizeof(msg)) == 0);
	if (how & HUNG_UP)
		must(shutdown(pair[1], SHUT_RDWR) == 0);
	for (int i = 0; i < 10000 && r == 0; i++)
		r = eg_proto_send(pair[0], &msg, NULL, deadline_of(how));
	must(r == (how & HUNG_UP ? -EPIPE : -ETIMEDOUT));
}

static void exchange(int *pair, unsigned int how, const union message *msg, size_t n)
{
	int r = check_bytes(msg, n);

	if (how & CREDENTIALS)
		must(setsockopt(pair[0], SOL_SOCKET, SO_PASSCRED, &(int){1}, sizeof(int)) == 0);
	if ((how & OURS) && n >= sizeof(msg->head) && msg->head.size == n) {
		const struct eg_passed passed = {.dir = how & 3 ? pair[1] : -1,
						 .socket = how & 2 ? pair[1] : -1};

		if ((how & SEND_FDS) == SEND_FDS)
			how &= ~1U;
		must(eg_proto_send(pair[1], msg, &passed, 0) == 0);
	} else if (n) {
		send_raw(pair[1], msg, n, how & SEND_FDS);
	} else {
		return; /* an empty message looks like the end */
	}
	receive(pair[0], how, msg, expected_of(how, n, r));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	union message *msg = calloc(1, sizeof(*msg));
	unsigned int how = size >= 2 ? data[0] | (unsigned int)data[1] << 8 : 0;
	int before = free_fd(), pair[2];
	size_t n;

	must(msg);
	n = patch(size >= 2 ? data + 2 : data, size >= 2 ? size - 2 : 0, msg, sizeof(*msg));
	if (how & FILL_IN) {
		size_t known = eg_proto_size(msg->head.type);

		n = known ? known : n;
		eg_proto_head(msg, msg->head.type, n);
	}
	must(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) == 0);
	if (how & FULL)
		send_to_full(pair, how);
	else if (how & NOBODY)
		receive_nothing(pair, how);
	else
		exchange(pair, how, msg, n);
	must(close(pair[0]) == 0 && close(pair[1]) == 0);
	must(free_fd() == before);
	free(msg);
	return 0;
}
