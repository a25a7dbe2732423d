// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Ask the helper, with a deadline. */
#include "client.h"
#include "util.h"

#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

enum {
	RETRY_MS = 20, /* between two connects while the helper's queue is full, or it hangs up */
};

/* Where to look when the helper is not there. */
#define EG_SEE "; see `systemctl status ebpfguard`"

/* Any answer we may get; what is longer is truncated, and so malformed. Small: PAM may run on a
 * thread's stack. */
union answer {
	struct eg_msg head;
	struct eg_msg_is_version is_version;
	struct eg_msg_opened opened;
	struct eg_msg_refused refused;
};

/* The listener's credentials are those of the process that called listen(): systemd or the helper,
 * root both. */
static int check_listener(int fd, const char *path, struct eg_why *reterr_why)
{
	struct ucred cred = {0};
	socklen_t len = sizeof(cred);

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &cred, &len) < 0)
		return eg_why_set(reterr_why, -errno, "cannot tell who listens on %s: %m", path);
	if (cred.uid != 0)
		return eg_why_set(reterr_why, -EPERM,
				  "the listener on %s runs as uid %u, not as root", path, cred.uid);
	return 0;
}

/* connect() that waits while the queue is full. A unix socket is connected at once or not at all.
 */
static int connect_until(int fd, const struct sockaddr_un *addr, int64_t deadline_ms)
{
	while (connect(fd, (const struct sockaddr *)addr, sizeof(*addr)) < 0) {
		int64_t left;

		if (errno != EAGAIN && errno != EINTR)
			return -errno;
		left = deadline_ms - eg_proto_now_ms();
		if (left <= 0)
			return -ETIMEDOUT;
		(void)poll(NULL, 0, left < RETRY_MS ? (int)left : RETRY_MS); /* only a pause */
	}
	return 0;
}

int eg_client_connect(const char *path, int64_t deadline_ms, struct eg_why *reterr_why)
{
	struct sockaddr_un addr = {.sun_family = AF_UNIX};
	eg_auto_close int fd = -1;
	int r;

	if (strlen(path) >= sizeof(addr.sun_path))
		return eg_why_set(reterr_why, -ENAMETOOLONG, "socket path %s: %m", path);
	memcpy(addr.sun_path, path, strlen(path) + 1);

	fd = eg_fd_above_stdio(socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
	if (fd < 0)
		return eg_why_set(reterr_why, fd, "cannot make a socket: %m");
	r = connect_until(fd, &addr, deadline_ms);
	if (r == -ETIMEDOUT)
		return eg_why_set(
			reterr_why, r,
			"helper too busy: its socket %s took no connection in time" EG_SEE, path);
	if (r < 0)
		return eg_why_set(reterr_why, r,
				  "cannot connect to the helper's socket %s: %m" EG_SEE, path);
	r = check_listener(fd, path, reterr_why);
	if (r < 0)
		return r;
	return eg_take_fd(&fd);
}

/* Says what came instead of a well-formed answer. */
static int explain_receive(ssize_t n, const union answer *answer, const char *what,
			   struct eg_why *reterr_why)
{
	if (n == 0)
		return eg_why_set(reterr_why, -ECONNRESET,
				  "the helper hung up when asked to %s" EG_SEE, what);
	if (n == -ETIMEDOUT)
		return eg_why_set(reterr_why, -ETIMEDOUT,
				  "the helper did not answer in time when asked to %s" EG_SEE,
				  what);
	/* The buffer was zero before: whatever is there came from the helper. */
	if (n == -EBADMSG && answer->head.version && answer->head.version != EG_PROTO_VERSION)
		return eg_why_set(reterr_why, -EPROTO,
				  "the helper speaks protocol version %u, this module %d: restart "
				  "ebpfguard.service after an upgrade",
				  answer->head.version, EG_PROTO_VERSION);
	if (n == -EBADMSG)
		return eg_why_set(reterr_why, -EPROTO,
				  "the helper sent a malformed answer when asked to %s", what);
	return eg_why_set(reterr_why, (int)n,
			  "no answer from the helper when asked to %s: %m" EG_SEE, what);
}

/*
 * Sends one message and takes one answer of the type wanted, or of another that is fine too (0 =
 * there is none). what: "to ..." for messages.
 * Returns 0 and fills *answer, or fills *reterr_why.
 */
static int ask(int fd, const void *msg, const struct eg_passed *passed, enum eg_msg_type wanted,
	       uint16_t other, const char *what, int64_t deadline_ms, union answer *answer,
	       struct eg_why *reterr_why)
{
	ssize_t n;
	int r = eg_proto_send(fd, msg, passed, deadline_ms);

	if (r < 0)
		return eg_why_set(reterr_why, r, "cannot ask the helper to %s: %m" EG_SEE, what);
	*answer = (union answer){0};
	n = eg_proto_recv(fd, answer, sizeof(*answer), NULL, deadline_ms);
	if (n <= 0)
		return explain_receive(n, answer, what, reterr_why);
	if (answer->head.type == EG_MSG_REFUSED)
		return eg_why_set(reterr_why, -EACCES, "the helper refused to %s: %s", what,
				  answer->refused.text);
	if (answer->head.type != wanted && (!other || answer->head.type != other))
		return eg_why_set(reterr_why, -EPROTO,
				  "the helper answered with message type %u when asked to %s",
				  answer->head.type, what);
	return 0;
}

int eg_client_version(int fd, int64_t deadline_ms, struct eg_client_state *ret,
		      struct eg_why *reterr_why)
{
	struct eg_msg msg = {0};
	union answer answer;
	int r;

	eg_proto_head(&msg, EG_MSG_VERSION, sizeof(msg));
	r = ask(fd, &msg, NULL, EG_MSG_IS_VERSION, 0, "tell its version", deadline_ms, &answer,
		reterr_why);
	if (r < 0)
		return r;
	/* Its ABI is between it and its BPF programs: a helper that was not restarted yet after an
	 * upgrade guards as well as the next one. */
	if (answer.is_version.guarded > 1)
		return eg_why_set(reterr_why, -EPROTO,
				  "the helper's version answer makes no sense");
	*ret = (struct eg_client_state){
		.guarded = answer.is_version.guarded,
		.session = answer.is_version.session,
		.takes_socket = answer.is_version.takes & EG_TAKES_SOCKET,
	};
	return 0;
}

bool eg_client_try_again(int error, int64_t deadline_ms)
{
	int64_t left = deadline_ms - eg_proto_now_ms();

	if ((error != -ECONNRESET && error != -EPIPE) || left <= 0)
		return false;
	(void)poll(NULL, 0, left < RETRY_MS ? (int)left : RETRY_MS); /* only a pause */
	return eg_proto_now_ms() < deadline_ms;
}

int eg_client_reach(const char *path, int64_t deadline_ms, struct eg_client_state *ret,
		    struct eg_why *reterr_why)
{
	int r;

	do {
		eg_auto_close int fd = eg_client_connect(path, deadline_ms, reterr_why);

		r = fd < 0 ? fd : eg_client_version(fd, deadline_ms, ret, reterr_why);
		if (r == 0)
			return eg_take_fd(&fd);
	} while (eg_client_try_again(r, deadline_ms));
	return r;
}

/* Copies a string that must fit. to is zero. */
static int fill(char *to, size_t size, const char *from, const char *name,
		struct eg_why *reterr_why)
{
	size_t n = from ? strlen(from) : 0;

	if (n >= size)
		return eg_why_set(reterr_why, -ENAMETOOLONG, "%s has %zu bytes, the limit is %zu",
				  name, n, size - 1);
	if (n)
		memcpy(to, from, n);
	return 0;
}

/* Copies the whole lines that fit, so that half a key never looks like a key. Returns whether
 * something was left out. */
static bool fill_lines(char *to, size_t size, const char *from)
{
	size_t n = from ? strlen(from) : 0;
	bool cut = n >= size;

	if (cut) {
		const char *newline = memrchr(from, '\n', size - 1);

		n = newline ? (size_t)(newline - from) + 1 : 0;
	}
	if (n)
		memcpy(to, from, n);
	return cut;
}

int eg_client_fill(const struct eg_client_person *person, struct eg_msg_open *ret_msg,
		   bool *ret_cut, struct eg_why *reterr_why)
{
	int r;

	if (!person->user || !*person->user)
		return eg_why_set(reterr_why, -EINVAL, "PAM names no user");
	if (!person->service || !*person->service)
		return eg_why_set(reterr_why, -EINVAL, "PAM names no service");
	memset(ret_msg, 0, sizeof(*ret_msg));
	eg_proto_head(ret_msg, EG_MSG_OPEN, sizeof(*ret_msg));
	r = fill(ret_msg->user, EG_USER_SIZE, person->user, "the user name", reterr_why);
	if (r == 0)
		r = fill(ret_msg->service, EG_SERVICE_SIZE, person->service, "the service name",
			 reterr_why);
	if (r == 0)
		r = fill(ret_msg->rhost, EG_RHOST_SIZE, person->rhost, "the remote host name",
			 reterr_why);
	if (r == 0)
		r = fill(ret_msg->connection, EG_CONN_SIZE, person->connection, "SSH_CONNECTION",
			 reterr_why);
	if (r == 0)
		*ret_cut = fill_lines(ret_msg->auth_info, EG_KEY_SIZE, person->auth_info);
	return r;
}

int eg_client_open(int fd, bool takes_socket, struct eg_msg_open *msg,
		   const struct eg_passed *passed, int64_t deadline_ms,
		   struct eg_msg_opened *ret_opened, struct eg_why *reterr_why)
{
	struct eg_passed all = *passed;
	union answer answer;
	int r;

	if (!takes_socket) {
		msg->flags &= ~(uint32_t)EG_OPEN_LOOKED;
		all.socket = -1;
	}
	r = ask(fd, msg, &all, EG_MSG_OPENED, msg->flags & EG_OPEN_EXEMPT ? EG_MSG_NOT_GUARDED : 0,
		"guard the session", deadline_ms, &answer, reterr_why);
	if (r < 0)
		return r;
	if (answer.head.type == EG_MSG_NOT_GUARDED)
		return 1;
	if (!answer.opened.session)
		return eg_why_set(reterr_why, -EPROTO, "the helper gave no session number");
	*ret_opened = answer.opened;
	return 0;
}

int eg_client_close(int fd, uint64_t session, int64_t deadline_ms, struct eg_why *reterr_why)
{
	struct eg_msg_close msg = {.session = session};
	union answer answer;

	eg_proto_head(&msg, EG_MSG_CLOSE, sizeof(msg));
	return ask(fd, &msg, NULL, EG_MSG_OK, 0, "close the session", deadline_ms, &answer,
		   reterr_why);
}
