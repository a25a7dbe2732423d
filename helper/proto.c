// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Messages on the helper's sockets: what a well-formed one is, and how one travels. */
#include "proto.h"
#include "util.h"

#include <limits.h>
#include <poll.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#ifndef SCM_PIDFD
#define SCM_PIDFD 0x04 /* Linux 6.5; glibc 2.36 does not know it */
#endif

enum {
	STRINGS_MAX = 5, /* string fields in one message */
	/* Descriptors taken in only to be closed; the kernel drops the rest itself. */
	STRAY_FDS_MAX = 8,
};

struct field {
	size_t offset;
	size_t size; /* 0 = no more fields */
};

/* What a message of one type looks like. */
struct layout {
	uint16_t type;
	size_t size;
	struct field strings[STRINGS_MAX];
	struct field pad; /* must be zero */
	size_t flags;	  /* offset of a uint32_t, 0 = the message has none */
	uint32_t known;	  /* flags there are */
};

#define FIELD(type_, member_)                                                                      \
	{                                                                                          \
		offsetof(type_, member_), sizeof(((type_ *)0)->member_)                            \
	}

static const struct layout layouts[] = {
	{.type = EG_MSG_VERSION, .size = sizeof(struct eg_msg)},
	{.type = EG_MSG_OPEN,
	 .flags = offsetof(struct eg_msg_open, flags),
	 .known = EG_OPEN_FLAGS,
	 .size = sizeof(struct eg_msg_open),
	 .strings = {FIELD(struct eg_msg_open, user), FIELD(struct eg_msg_open, service),
		     FIELD(struct eg_msg_open, rhost), FIELD(struct eg_msg_open, connection),
		     FIELD(struct eg_msg_open, auth_info)}},
	{.type = EG_MSG_CLOSE, .size = sizeof(struct eg_msg_close)},
	{.type = EG_MSG_STATUS, .size = sizeof(struct eg_msg)},
	{.type = EG_MSG_SESSIONS, .size = sizeof(struct eg_msg)},
	{.type = EG_MSG_RELOAD, .size = sizeof(struct eg_msg)},
	{.type = EG_MSG_ORDER,
	 .size = sizeof(struct eg_msg_order),
	 .strings = {FIELD(struct eg_msg_order, profile)},
	 .pad = FIELD(struct eg_msg_order, pad)},
	{.type = EG_MSG_ORDERED,
	 .size = sizeof(struct eg_msg_ordered),
	 .strings = {FIELD(struct eg_msg_ordered, text)}},
	{.type = EG_MSG_METRICS, .size = sizeof(struct eg_msg)},
	{.type = EG_MSG_METRIC_HELPER,
	 .size = sizeof(struct eg_msg_metric_helper),
	 .strings = {FIELD(struct eg_msg_metric_helper, product),
		     FIELD(struct eg_msg_metric_helper, kernel)}},
	{.type = EG_MSG_METRIC_PROFILE,
	 .size = sizeof(struct eg_msg_metric_profile),
	 .strings = {FIELD(struct eg_msg_metric_profile, profile)}},
	{.type = EG_MSG_METRIC_RULE,
	 .size = sizeof(struct eg_msg_metric_rule),
	 .strings = {FIELD(struct eg_msg_metric_rule, profile),
		     FIELD(struct eg_msg_metric_rule, source)}},
	{.type = EG_MSG_METRIC_FEED,
	 .size = sizeof(struct eg_msg_metric_feed),
	 .strings = {FIELD(struct eg_msg_metric_feed, path)}},
	{.type = EG_MSG_FEEDS, .size = sizeof(struct eg_msg)},
	{.type = EG_MSG_PROCESSES, .size = sizeof(struct eg_msg_about)},
	{.type = EG_MSG_DETAILS, .size = sizeof(struct eg_msg_about)},
	{.type = EG_MSG_IS_VERSION,
	 .size = sizeof(struct eg_msg_is_version),
	 .strings = {FIELD(struct eg_msg_is_version, product)}},
	{.type = EG_MSG_OPENED,
	 .size = sizeof(struct eg_msg_opened),
	 .strings = {FIELD(struct eg_msg_opened, profile)}},
	{.type = EG_MSG_OK, .size = sizeof(struct eg_msg)},
	{.type = EG_MSG_NOT_GUARDED, .size = sizeof(struct eg_msg)},
	{.type = EG_MSG_REFUSED,
	 .size = sizeof(struct eg_msg_refused),
	 .strings = {FIELD(struct eg_msg_refused, text)},
	 .pad = FIELD(struct eg_msg_refused, pad)},
	{.type = EG_MSG_IS_STATUS,
	 .size = sizeof(struct eg_msg_is_status),
	 .strings = {FIELD(struct eg_msg_is_status, product),
		     FIELD(struct eg_msg_is_status, kernel),
		     FIELD(struct eg_msg_is_status, hooks_missing),
		     FIELD(struct eg_msg_is_status, last_error),
		     FIELD(struct eg_msg_is_status, gaps)}},
	{.type = EG_MSG_SESSION,
	 .size = sizeof(struct eg_msg_session),
	 .strings = {FIELD(struct eg_msg_session, user), FIELD(struct eg_msg_session, service),
		     FIELD(struct eg_msg_session, rhost), FIELD(struct eg_msg_session, profile),
		     FIELD(struct eg_msg_session, key)}},
	{.type = EG_MSG_FEED,
	 .size = sizeof(struct eg_msg_feed),
	 .strings = {FIELD(struct eg_msg_feed, profile), FIELD(struct eg_msg_feed, path)}},
	{.type = EG_MSG_PROCESS,
	 .size = sizeof(struct eg_msg_process),
	 .pad = FIELD(struct eg_msg_process, pad)},
	{.type = EG_MSG_IS_DETAILS,
	 .size = sizeof(struct eg_msg_is_details),
	 .pad = FIELD(struct eg_msg_is_details, pad),
	 .strings = {FIELD(struct eg_msg_is_details, cgroup)}},
};

/* The two ends may be built by different compilers; and no message may be longer than a reader's
 * buffer. */
_Static_assert(sizeof(struct eg_msg) == 8, "contract");
_Static_assert(sizeof(struct eg_msg_open) == 17104, "contract");
_Static_assert(sizeof(struct eg_msg_close) == 16, "contract");
_Static_assert(sizeof(struct eg_msg_is_version) == 56, "contract");
_Static_assert(sizeof(struct eg_msg_opened) == 80, "contract");
_Static_assert(sizeof(struct eg_msg_refused) == 528, "contract");
_Static_assert(sizeof(struct eg_msg_is_status) == 2032, "contract");
_Static_assert(sizeof(struct eg_msg_session) == 768, "contract");
_Static_assert(sizeof(struct eg_msg_order) == 88, "contract");
_Static_assert(sizeof(struct eg_msg_ordered) == 560, "contract");
_Static_assert(sizeof(struct eg_msg_metric_helper) == 408, "contract");
_Static_assert(sizeof(struct eg_msg_metric_profile) == 1152, "contract");
_Static_assert(sizeof(struct eg_msg_metric_rule) == 344, "contract");
_Static_assert(sizeof(struct eg_msg_metric_feed) == 272, "contract");
_Static_assert(sizeof(struct eg_msg_about) == 16, "contract");
_Static_assert(sizeof(struct eg_msg_feed) == 4200, "contract");
_Static_assert(sizeof(struct eg_msg_process) == 4112, "contract");
_Static_assert(sizeof(struct eg_msg_is_details) == 5192, "contract");
_Static_assert(sizeof(struct eg_msg_open) <= EG_MSG_MAX, "contract");

static const struct layout *find_layout(uint16_t type)
{
	for (size_t i = 0; i < EG_ARRAY_SIZE(layouts); i++)
		if (layouts[i].type == type)
			return &layouts[i];
	return NULL;
}

void eg_proto_head(void *msg, enum eg_msg_type type, size_t size)
{
	const struct eg_msg head = {
		.version = EG_PROTO_VERSION,
		.type = (uint16_t)type,
		.size = (uint32_t)size,
	};

	memcpy(msg, &head, sizeof(head));
}

size_t eg_proto_size(uint16_t type)
{
	const struct layout *layout = find_layout(type);

	return layout ? layout->size : 0;
}

static int check_fields(const struct layout *layout, const char *msg)
{
	uint32_t flags = 0;

	if (layout->flags)
		memcpy(&flags, msg + layout->flags, sizeof(flags));
	if (flags & ~layout->known)
		return -EBADMSG;
	for (size_t i = 0; i < STRINGS_MAX && layout->strings[i].size; i++)
		if (!memchr(msg + layout->strings[i].offset, '\0', layout->strings[i].size))
			return -EBADMSG;
	for (size_t i = 0; i < layout->pad.size; i++)
		if (msg[layout->pad.offset + i])
			return -EBADMSG;
	return 0;
}

int eg_proto_check(const void *msg, size_t n)
{
	const struct layout *layout;
	struct eg_msg head;

	if (n < sizeof(head))
		return -EMSGSIZE;
	memcpy(&head, msg, sizeof(head));
	/* The version first: what another version means by type and size is not ours to say. */
	if (head.version != EG_PROTO_VERSION)
		return -EPROTONOSUPPORT;
	layout = find_layout(head.type);
	if (!layout)
		return -ENOMSG;
	if (n != layout->size || head.size != n)
		return -EMSGSIZE;
	return check_fields(layout, msg);
}

int64_t eg_proto_now_ms(void)
{
	return eg_clock_ns(CLOCK_MONOTONIC) / 1000000;
}

/* Waits for events on fd. A signal does not extend the wait. Returns 0, -ETIMEDOUT or poll's
 * negative errno. */
static int wait_for(int fd, short events, int64_t deadline_ms)
{
	for (;;) {
		struct pollfd p = {.fd = fd, .events = events};
		int64_t now = eg_proto_now_ms();
		int n;

		if (deadline_ms <= now)
			return -ETIMEDOUT;
		n = poll(&p, 1, deadline_ms - now > INT_MAX ? INT_MAX : (int)(deadline_ms - now));
		if (n > 0)
			return 0; /* also on POLLERR and POLLHUP: the next call on fd says what it
				     is */
		if (n < 0 && errno != EINTR)
			return -errno;
	}
}

static bool must_wait(int error)
{
	return error == EAGAIN || error == EWOULDBLOCK || error == EINTR;
}

enum { FDS_MAX = sizeof(struct eg_passed) / sizeof(int) };

/* In the order in which they travel. */
static size_t list_fds(const struct eg_passed *passed, int fds[FDS_MAX])
{
	if (!passed || passed->dir < 0)
		return 0;
	fds[0] = passed->dir;
	fds[1] = passed->socket;
	return passed->socket < 0 ? 1 : 2;
}

static void attach_fds(struct msghdr *mh, char *control, size_t size, const int *fds, size_t n)
{
	struct cmsghdr *cmsg;

	memset(control, 0, size);
	mh->msg_control = control;
	mh->msg_controllen = CMSG_SPACE(n * sizeof(*fds));
	cmsg = CMSG_FIRSTHDR(mh);
	cmsg->cmsg_level = SOL_SOCKET;
	cmsg->cmsg_type = SCM_RIGHTS;
	cmsg->cmsg_len = CMSG_LEN(n * sizeof(*fds));
	memcpy(CMSG_DATA(cmsg), fds, n * sizeof(*fds));
}

void eg_passed_done(struct eg_passed *passed)
{
	eg_close_p(&passed->dir);
	eg_close_p(&passed->socket);
	*passed = EG_PASSED_NONE;
}

int eg_proto_send(int fd, const void *msg, const struct eg_passed *passed, int64_t deadline_ms)
{
	char control[CMSG_SPACE(FDS_MAX * sizeof(int))]
		__attribute__((aligned(__alignof__(struct cmsghdr))));
	struct eg_msg head;
	struct iovec iov;
	struct msghdr mh = {.msg_iov = &iov, .msg_iovlen = 1};
	int fds[FDS_MAX], r;
	size_t n_fds = list_fds(passed, fds);

	memcpy(&head, msg, sizeof(head));
	iov = (struct iovec){.iov_base = (void *)(uintptr_t)msg, .iov_len = head.size};
	if (n_fds)
		attach_fds(&mh, control, sizeof(control), fds, n_fds);

	for (;;) {
		ssize_t n = sendmsg(fd, &mh, MSG_NOSIGNAL | MSG_DONTWAIT);

		if (n >= 0)
			return (size_t)n == head.size ? 0 : -EMSGSIZE; /* cannot be on SEQPACKET */
		if (!must_wait(errno))
			return -errno;
		r = wait_for(fd, POLLOUT, deadline_ms);
		if (r < 0)
			return r;
	}
}

/* Takes the descriptors out of one control message; keeps as many as there are places for, closes
 * the others. Returns how many. */
static size_t take_fds(struct cmsghdr *cmsg, struct eg_passed *passed)
{
	size_t n = (cmsg->cmsg_len - CMSG_LEN(0)) / sizeof(int);

	if (cmsg->cmsg_level != SOL_SOCKET ||
	    (cmsg->cmsg_type != SCM_RIGHTS && cmsg->cmsg_type != SCM_PIDFD))
		return 0; /* credentials carry no descriptor */
	for (size_t i = 0; i < n; i++) {
		int fd;

		memcpy(&fd, CMSG_DATA(cmsg) + i * sizeof(fd), sizeof(fd));
		if (passed->dir < 0)
			passed->dir = fd;
		else if (passed->socket < 0)
			passed->socket = fd;
		else
			(void)close(fd); /* not asked for, nothing to do about a failure */
	}
	return n;
}

/* One recvmsg. Whatever arrives with it is owned here until it is known to be wanted. */
static ssize_t receive_once(int fd, void *buf, size_t size, struct eg_passed *ret_passed)
{
	char control[CMSG_SPACE(sizeof(int) * STRAY_FDS_MAX) + CMSG_SPACE(sizeof(struct ucred))]
		__attribute__((aligned(__alignof__(struct cmsghdr))));
	struct iovec iov = {.iov_base = buf, .iov_len = size};
	struct msghdr mh = {
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = control,
		.msg_controllen = sizeof(control),
	};
	eg_auto_passed struct eg_passed got = EG_PASSED_NONE;
	size_t n_fds = 0;
	ssize_t n = recvmsg(fd, &mh, MSG_CMSG_CLOEXEC | MSG_DONTWAIT);

	if (n < 0)
		return -errno;
	for (struct cmsghdr *c = CMSG_FIRSTHDR(&mh); c; c = CMSG_NXTHDR(&mh, c))
		n_fds += take_fds(c, &got);
	if (n_fds > (ret_passed && n > 0 ? FDS_MAX : 0) ||
	    (mh.msg_flags & (MSG_TRUNC | MSG_CTRUNC)))
		return -EBADMSG;
	if (n > 0 && eg_proto_check(buf, (size_t)n) < 0)
		return -EBADMSG;
	if (ret_passed)
		*ret_passed = (struct eg_passed){.dir = eg_take_fd(&got.dir),
						 .socket = eg_take_fd(&got.socket)};
	return n;
}

ssize_t eg_proto_recv(int fd, void *buf, size_t size, struct eg_passed *ret_passed,
		      int64_t deadline_ms)
{
	for (;;) {
		ssize_t n = receive_once(fd, buf, size, ret_passed);
		int r;

		if (n >= 0 || !must_wait((int)-n))
			return n;
		r = wait_for(fd, POLLIN, deadline_ms);
		if (r < 0)
			return r;
	}
}
