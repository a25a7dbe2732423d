// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* A helper that does what a script says. */
#include "fake_helper.h"
#include "abi.h"
#include "util.h"

#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

/* Waits for fd to be readable. Returns false when the fake is to stop. */
static bool wait_readable(struct fake_helper *h, int fd, int timeout_ms)
{
	struct pollfd p[2] = {{.fd = h->stop[0], .events = POLLIN}, {.fd = fd, .events = POLLIN}};

	while (poll(p, 2, timeout_ms) < 0 && errno == EINTR)
		;
	return !p[0].revents;
}

static void send_bytes(int fd, const void *buf, size_t n)
{
	(void)send(fd, buf, n, MSG_NOSIGNAL); /* the module may be gone: that is its right */
}

static void send_refusal(int fd)
{
	struct eg_msg_refused m = {.error = EACCES};

	eg_proto_head(&m, EG_MSG_REFUSED, sizeof(m));
	(void)snprintf(m.text, sizeof(m.text),
		       "no profile\nNov 1 sshd: Accepted for root\r\033[2J\x01\xff end");
	(void)eg_proto_send(fd, &m, NULL, 0);
}

static void send_with_fds(int fd, const void *msg, size_t size)
{
	char control[CMSG_SPACE(2 * sizeof(int))] __attribute__((aligned(8))) = {0};
	struct iovec iov = {.iov_base = (void *)(uintptr_t)msg, .iov_len = size};
	struct msghdr mh = {
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = control,
		.msg_controllen = sizeof(control),
	};
	struct cmsghdr *c = CMSG_FIRSTHDR(&mh);
	const int fds[2] = {fd, fd};

	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = CMSG_LEN(sizeof(fds));
	memcpy(CMSG_DATA(c), fds, sizeof(fds));
	(void)sendmsg(fd, &mh, MSG_NOSIGNAL);
}

/* Returns false to hang up. */
static bool answer_version(struct fake_helper *h, int fd)
{
	struct eg_msg_is_version m = {
		.abi = EG_ABI_VERSION, .product = "fake", .takes = EG_TAKES_SOCKET};

	h->n_version++;
	eg_proto_head(&m, EG_MSG_IS_VERSION, sizeof(m));
	switch (h->script) {
	case SILENT_VERSION:
		return true;
	case HANG_UP_VERSION:
		return false;
	case KILLED_VERSION:
		if (h->n_version == 1)
			return false;
		break;
	case KILLED_ANSWER:
		m.guarded = h->n_open == 1;
		m.session = h->n_open == 1 ? FAKE_SESSION : 0;
		break;
	case REFUSE_VERSION:
		send_refusal(fd);
		return true;
	case GARBAGE_VERSION:
		memset(&m, 0xa5, sizeof(m));
		m.head.version = EG_PROTO_VERSION;
		send_bytes(fd, &m, sizeof(m));
		return true;
	case FDS_VERSION:
		send_with_fds(fd, &m, sizeof(m));
		return true;
	case PROTO_VERSION:
		m.head.version = EG_PROTO_VERSION + 1;
		break;
	case ABI_VERSION:
		m.abi = EG_ABI_VERSION + 1;
		break;
	case OLD_VERSION:
		m.takes = 0;
		break;
	case NONSENSE_VERSION:
		m.guarded = 2;
		break;
	case GUARDED:
		m.guarded = 1;
		m.session = 7;
		break;
	default:
		break;
	}
	send_bytes(fd, &m, sizeof(m));
	return h->script != HANG_UP_BETWEEN;
}

/* Has the module given up? Then what is seen of its process says nothing. */
static bool gone(int fd)
{
	struct pollfd p = {.fd = fd};

	return poll(&p, 1, 0) > 0 && (p.revents & POLLHUP);
}

/* What the real helper would check: a root-owned directory that holds the asking process and no
 * other. */
static void check_open(struct fake_helper *h, int fd, int dir)
{
	eg_auto_close int procs = dir < 0 ? -1 : openat(dir, "cgroup.procs", O_RDONLY | O_CLOEXEC);
	char text[256] = "", want[32];
	struct ucred cred = {0};
	socklen_t len = sizeof(cred);
	struct stat st = {0};

	(void)getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &cred, &len);
	(void)snprintf(want, sizeof(want), "%d\n", (int)cred.pid);
	if (procs < 0 || read(procs, text, sizeof(text) - 1) < 0 || strcmp(text, want) != 0 ||
	    fstat(dir, &st) < 0 || st.st_uid != 0 || (st.st_mode & 022))
		h->n_bad_open += !gone(fd);
}

/* Returns false for what a helper of before an upgrade does not bear. */
static bool check_socket(struct fake_helper *h, int fd)
{
	struct stat st = {0};

	if (h->script == OLD_VERSION && (fd >= 0 || h->open.flags & EG_OPEN_LOOKED))
		return false;
	if (fd >= 0 && fstat(fd, &st) == 0) {
		h->n_sockets++;
		h->socket_ino = st.st_ino;
	}
	return true;
}

/* The module's descriptors must not be where somebody else's output goes. */
static void check_low_fds(struct fake_helper *h, int fd)
{
	struct ucred cred = {0};
	socklen_t len = sizeof(cred);
	struct stat st;
	char path[64];

	(void)getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &cred, &len);
	for (int i = 0; i < 3 && cred.pid != getpid(); i++) {
		(void)snprintf(path, sizeof(path), "/proc/%d/fd/%d", (int)cred.pid, i);
		if (lstat(path, &st) == 0)
			h->n_low_fds += !gone(fd);
	}
}

static bool answer_open(struct fake_helper *h, int fd)
{
	union {
		struct eg_msg_opened m;
		char bytes[EG_MSG_MAX];
	} a = {.m = {.session = FAKE_SESSION, .profile = "default"}};
	size_t n = sizeof(a.m);

	eg_proto_head(&a, EG_MSG_OPENED, sizeof(a.m));
	switch (h->script) {
	case SILENT_OPEN:
		return true;
	case HANG_UP_OPEN:
	case KILLED_ANSWER:
		return false;
	case KILLED_OPEN:
		if (h->n_open == 1)
			return false;
		break;
	case REFUSE:
		send_refusal(fd);
		return true;
	case LATE_OPEN:
		if (!wait_readable(h, -1, h->late_ms))
			return false;
		break;
	case GARBAGE_OPEN:
		memset(a.bytes, 0x5a, sizeof(a.m));
		a.m.head.version = EG_PROTO_VERSION;
		break;
	case EMPTY_OPEN:
		n = 0;
		break;
	case SHORT_OPEN:
		n--;
		break;
	case LONG_OPEN:
		n = sizeof(a.bytes);
		a.m.head.size = (uint32_t)n;
		break;
	case UNTERMINATED_OPEN:
		memset(a.m.profile, 'p', sizeof(a.m.profile));
		break;
	case TYPE_OPEN:
		n = sizeof(struct eg_msg);
		eg_proto_head(&a, EG_MSG_OK, n);
		break;
	case NOT_GUARDED:
		n = sizeof(struct eg_msg);
		eg_proto_head(&a, EG_MSG_NOT_GUARDED, n);
		break;
	case NUMBER_OPEN:
		a.m.session = 0;
		break;
	case PROTO_OPEN:
		a.m.head.version = 77;
		break;
	case FDS_OPEN:
		send_with_fds(fd, &a, n);
		return true;
	default:
		break;
	}
	send_bytes(fd, &a, n);
	return true;
}

static bool answer_close(struct fake_helper *h, int fd)
{
	struct eg_msg ok;

	h->n_close++;
	if (h->script == HANG_UP_CLOSE)
		return false;
	if (h->script == SILENT_CLOSE)
		return true;
	if (h->script == REFUSE_CLOSE) {
		send_refusal(fd);
		return true;
	}
	eg_proto_head(&ok, EG_MSG_OK, sizeof(ok));
	send_bytes(fd, &ok, sizeof(ok));
	return true;
}

static void serve(struct fake_helper *h, int fd)
{
	union {
		struct eg_msg head;
		struct eg_msg_open open;
		struct eg_msg_close close;
	} m;
	bool more = h->script != HANG_UP_ACCEPT;

	while (more && wait_readable(h, fd, -1)) {
		eg_auto_passed struct eg_passed passed = EG_PASSED_NONE;

		if (eg_proto_recv(fd, &m, sizeof(m), &passed, eg_proto_now_ms() + 1000) <= 0)
			return;
		check_low_fds(h, fd);
		if (m.head.type == EG_MSG_VERSION) {
			more = answer_version(h, fd);
		} else if (m.head.type == EG_MSG_OPEN) {
			h->n_open++;
			h->open = m.open;
			check_open(h, fd, passed.dir);
			more = check_socket(h, passed.socket) && answer_open(h, fd);
		} else if (m.head.type == EG_MSG_CLOSE) {
			h->closed = m.close.session;
			more = answer_close(h, fd);
		}
	}
}

static void *run(void *arg)
{
	struct fake_helper *h = arg;

	if (h->script == DEAF_A_WHILE && !wait_readable(h, -1, 300))
		return NULL;
	while (wait_readable(h, h->script == DEAF ? -1 : h->listen_fd, -1)) {
		eg_auto_close int fd = accept4(h->listen_fd, NULL, NULL, SOCK_CLOEXEC);

		if (fd >= 0)
			serve(h, fd);
	}
	return NULL;
}

/* Connects until the queue is full. The queue's connections hang up as soon as somebody accepts
 * them. */
static void fill_queue(struct fake_helper *h, const struct sockaddr_un *addr)
{
	for (; h->n_fill < (int)EG_ARRAY_SIZE(h->fill); h->n_fill++) {
		int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

		if (connect(fd, (const struct sockaddr *)addr, sizeof(*addr)) < 0) {
			close(fd);
			break;
		}
		/* Half closed: the fake reads the end and goes on to the next. */
		(void)shutdown(fd, SHUT_WR);
		h->fill[h->n_fill] = fd;
	}
}

static int listen_as(struct fake_helper *h, bool root)
{
	bool deaf = h->script == DEAF || h->script == DEAF_A_WHILE;
	int r;

	if (!root && seteuid(65534) < 0)
		return -1;
	r = listen(h->listen_fd, deaf ? 1 : 64);
	if (!root && seteuid(0) < 0)
		return -1;
	return r;
}

int fake_start(struct fake_helper *h, enum script script)
{
	struct sockaddr_un addr = {.sun_family = AF_UNIX};

	memset(h, 0, sizeof(*h));
	h->script = script;
	h->late_ms = FAKE_LATE_MS;
	h->listen_fd = h->stop[0] = h->stop[1] = -1;
	(void)snprintf(h->dir, sizeof(h->dir), "/tmp/eg-fake-XXXXXX");
	if (!mkdtemp(h->dir))
		return -1;
	(void)snprintf(h->path, sizeof(h->path), "%s/helper.sock", h->dir);
	if (script == NO_SOCKET)
		return 0;
	(void)memcpy(addr.sun_path, h->path, strlen(h->path) + 1);
	h->listen_fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	if (h->listen_fd < 0 ||
	    bind(h->listen_fd, (const struct sockaddr *)&addr, sizeof(addr)) < 0)
		return -1;
	if (script == NOBODY)
		return 0;
	if (listen_as(h, script != NOT_ROOT) < 0 || pipe2(h->stop, O_CLOEXEC) < 0)
		return -1;
	if (script == DEAF || script == DEAF_A_WHILE)
		fill_queue(h, &addr);
	h->running = pthread_create(&h->thread, NULL, run, h) == 0;
	return h->running ? 0 : -1;
}

void fake_script(struct fake_helper *h, enum script script)
{
	__atomic_store_n(&h->script, script, __ATOMIC_SEQ_CST);
}

void fake_stop(struct fake_helper *h)
{
	if (h->running) {
		(void)!write(h->stop[1], "x", 1);
		(void)pthread_join(h->thread, NULL);
	}
	while (h->n_fill > 0)
		close(h->fill[--h->n_fill]);
	eg_close_p(&h->listen_fd);
	eg_close_p(&h->stop[0]);
	eg_close_p(&h->stop[1]);
	(void)unlink(h->path);
	(void)rmdir(h->dir);
}
