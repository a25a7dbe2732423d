// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Asking the running helper: one connection with a deadline, and words for what goes wrong. */
#include "ctl_ask.h"

#include <err.h>
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>

#include "util.h"

void eg_ctl_line_close(struct eg_ctl_line *line)
{
	eg_close_p(&line->fd);
}

/* Says why the helper cannot be asked, and what to do. Returns -error. */
static int not_reached(const char *path, int error)
{
	char clean[EG_CTL_SAFE_SIZE];

	(void)eg_ctl_safe(path, clean, sizeof(clean));
	if (error == EACCES)
		warnx("%s: %s: only root may ask the helper", clean, strerror(error));
	else if (error == EPERM)
		warnx("%s: %s: is this shell in a guarded session? Those may not ask the helper",
		      clean, strerror(error));
	else
		warnx("cannot reach the helper at %s: %s; see: systemctl status ebpfguard.service "
		      "ebpfguard.socket",
		      clean, strerror(error));
	return -error;
}

int eg_ctl_ask(const struct eg_ctl_options *options, const void *request, int seconds,
	       struct eg_ctl_line *ret)
{
	const struct timeval limit = {
		.tv_sec = EG_CTL_ANSWER_S}; /* also bounds connect when the backlog is full */
	struct sockaddr_un addr = {.sun_family = AF_UNIX};
	size_t n = strlen(options->socket);
	int r;

	if (n >= sizeof(addr.sun_path))
		return not_reached(options->socket, ENAMETOOLONG);
	memcpy(addr.sun_path, options->socket, n);
	ret->seconds = seconds;
	ret->deadline_ms = eg_proto_now_ms() + seconds * 1000;
	ret->fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	if (ret->fd < 0 ||
	    setsockopt(ret->fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit)) < 0 ||
	    connect(ret->fd, (const struct sockaddr *)&addr, sizeof(addr)) < 0)
		return not_reached(options->socket, errno == EAGAIN ? ETIMEDOUT : errno);
	r = eg_proto_send(ret->fd, request, NULL, ret->deadline_ms);
	return r < 0 ? not_reached(options->socket, -r) : 0;
}

int eg_ctl_ask_type(const struct eg_ctl_options *options, enum eg_msg_type type, int seconds,
		    struct eg_ctl_line *ret)
{
	struct eg_msg request;

	eg_proto_head(&request, type, sizeof(request));
	return eg_ctl_ask(options, &request, seconds, ret);
}

static void say_refused(const struct eg_msg_refused *refused)
{
	char clean[EG_CTL_SAFE_SIZE];

	if (refused->error == EALREADY)
		warnx("the helper refused: this shell is in a guarded session; ask from outside");
	else
		warnx("the helper refused: %s", eg_ctl_safe(refused->text, clean, sizeof(clean)));
}

int eg_ctl_hear(const struct eg_ctl_line *line, enum eg_msg_type type, uint16_t other,
		union eg_ctl_answer *ret)
{
	ssize_t n = eg_proto_recv(line->fd, ret, sizeof(*ret), NULL, line->deadline_ms);

	if (n == -ETIMEDOUT)
		warnx("no answer from the helper within %d seconds; see: systemctl status "
		      "ebpfguard",
		      line->seconds);
	else if (n == 0 || n == -ECONNRESET)
		warnx("the helper closed the connection without an answer; see: journalctl -u "
		      "ebpfguard");
	else if (n < 0)
		warnx("cannot read the helper's answer: %s; does its version differ from "
		      "ours, " EG_VERSION "?",
		      strerror((int)-n));
	if (n <= 0)
		return n ? (int)n : -ECONNRESET;
	if (ret->head.type == type || (other && ret->head.type == other))
		return 0;
	if (ret->head.type == EG_MSG_REFUSED)
		say_refused(&ret->refused);
	else
		warnx("the helper gave an answer of type %u, which does not belong to the question",
		      ret->head.type);
	return -EPROTO;
}
