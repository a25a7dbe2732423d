// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Servers on unix sockets, and who may talk to them. A name that starts with '@' is abstract. */
#include <err.h>
#include <errno.h>
#include <poll.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "try.h"

enum { NAMES_MAX = 40 };

static int type_of(const char *word)
{
	return !strcmp(word, "dgram")	    ? SOCK_DGRAM
	       : !strcmp(word, "seqpacket") ? SOCK_SEQPACKET
					    : SOCK_STREAM;
}

static socklen_t name(const char *word, struct sockaddr_un *ret)
{
	*ret = (struct sockaddr_un){.sun_family = AF_UNIX};
	snprintf(ret->sun_path, sizeof(ret->sun_path), "%s", word);
	if (*word != '@')
		return sizeof(*ret);
	ret->sun_path[0] = '\0';
	return (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(word));
}

/* ---- the server ---- */

static int listen_at(int type, const char *word)
{
	struct sockaddr_un a;
	socklen_t len = name(word, &a);
	int fd = socket(AF_UNIX, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (*word != '@')
		(void)unlink(word);
	if (fd < 0 || bind(fd, (struct sockaddr *)&a, len) < 0)
		err(TROUBLE, "%s", word);
	if (*word != '@')
		(void)chmod(word, 0666);
	if (type != SOCK_DGRAM && listen(fd, 64) < 0)
		err(TROUBLE, "%s", word);
	return fd;
}

/* Accepts and hangs up, or swallows, until killed. */
static int serve_unix(char **arg)
{
	struct pollfd p[NAMES_MAX];
	int type = type_of(arg[0]), fd;
	nfds_t n = 0;
	char buf[256];

	for (char **word = arg + 1; *word && n < NAMES_MAX; word++)
		p[n++] = (struct pollfd){.fd = listen_at(type, *word), .events = POLLIN};
	for (;;) {
		(void)poll(p, n, -1);
		for (nfds_t i = 0; i < n; i++) {
			if (!p[i].revents)
				continue;
			if (type == SOCK_DGRAM) {
				(void)recv(p[i].fd, buf, sizeof(buf), 0);
			} else {
				fd = accept(p[i].fd, NULL, NULL);
				if (fd >= 0)
					(void)close(fd);
			}
		}
	}
	return 0;
}

/* ---- the attempts ---- */

static int connect_unix(char **arg)
{
	struct sockaddr_un a;
	socklen_t len = name(arg[1], &a);
	int fd = socket(AF_UNIX, type_of(arg[0]) | SOCK_CLOEXEC, 0);

	return outcome(fd < 0 ? -1 : connect(fd, (struct sockaddr *)&a, len));
}

static int send_unix(char **arg)
{
	struct sockaddr_un a;
	socklen_t len = name(arg[0], &a);
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	return outcome(sendto(fd, "try", 3, 0, (struct sockaddr *)&a, len));
}

/* By a name relative to the directory. */
static int connect_there(char **arg)
{
	int r = outcome(chdir(arg[1]));

	return r ? r : connect_unix((char *[]){arg[0], arg[2], NULL});
}

/* Tells systemd something in the name of a service's process: root may say who it is. */
static int notify(char **arg)
{
	struct sockaddr_un a;
	struct iovec iov = {.iov_base = arg[1], .iov_len = strlen(arg[1])};
	union {
		struct cmsghdr head;
		char bytes[CMSG_SPACE(sizeof(struct ucred))];
	} control = {.head = {.cmsg_level = SOL_SOCKET,
			      .cmsg_type = SCM_CREDENTIALS,
			      .cmsg_len = CMSG_LEN(sizeof(struct ucred))}};
	struct msghdr msg = {.msg_name = &a,
			     .msg_namelen = name("/run/systemd/notify", &a),
			     .msg_iov = &iov,
			     .msg_iovlen = 1,
			     .msg_control = &control,
			     .msg_controllen = sizeof(control)};
	struct ucred cred = {.pid = pid_of(arg[0]), .uid = getuid(), .gid = getgid()};
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	memcpy(CMSG_DATA(&control.head), &cred, sizeof(cred));
	return outcome(sendmsg(fd, &msg, 0));
}

/* A socketpair's end, handed over by somebody else: is there an answer? */
static int pair_speaks(char **arg)
{
	struct pollfd p = {.fd = premade.fd, .events = POLLIN};
	char buf[8];

	(void)arg;
	if (send(premade.fd, "hello", 5, MSG_NOSIGNAL) < 0)
		return errno;
	if (poll(&p, 1, limit_ms()) < 1)
		return SILENT;
	return outcome(recv(premade.fd, buf, sizeof(buf), 0));
}

const struct operation unix_ops[] = {
	{"serve-unix", 2, serve_unix, "stream|dgram|seqpacket NAME..."},
	{"unix", 2, connect_unix, "stream|dgram|seqpacket NAME"},
	{"unix-send", 1, send_unix, "NAME"},
	{"unix-there", 3, connect_there, "TYPE DIR NAME"},
	{"notify", 2, notify, "WHO TEXT"},
	{"pair-speaks", 0, pair_speaks, ""},
	{0},
};
