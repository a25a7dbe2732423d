// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * ask CASE [ARG]: talks to the helper's sockets the way an attacker with uid 0 would, and prints
 * the answer as one word
 * or a few: "opened", "ok", "version guarded=0|1", "refused ERRNO", "closed" (the helper hung up),
 * or what failed.
 */
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "proto.h"

enum { TROUBLE = 2, ANSWER_MS = 5000 };

static union {
	struct eg_msg head;
	struct eg_msg_is_version version;
	struct eg_msg_refused refused;
	struct eg_msg_opened opened;
	char bytes[EG_MSG_MAX];
} answer;

static int dial(const char *path)
{
	struct sockaddr_un addr = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	struct timeval limit = {.tv_sec = ANSWER_MS / 1000};

	snprintf(addr.sun_path, sizeof(addr.sun_path), "%s", path);
	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit)) < 0)
		err(TROUBLE, "socket");
	if (connect(fd, (struct sockaddr *)&addr, sizeof(addr)) < 0) {
		printf("connect %s\n", strerrorname_np(errno));
		exit(0);
	}
	return fd;
}

/* Sends raw bytes with up to n descriptors, however wrong. */
static void send_raw(int fd, const void *bytes, size_t size, const int *fds, size_t n)
{
	struct iovec iov = {.iov_base = (void *)bytes, .iov_len = size};
	union {
		struct cmsghdr align;
		char bytes[CMSG_SPACE(4 * sizeof(int))];
	} control = {0};
	struct msghdr msg = {.msg_iov = &iov, .msg_iovlen = 1};

	if (n) {
		struct cmsghdr *c;

		msg.msg_control = &control;
		msg.msg_controllen = CMSG_SPACE(n * sizeof(int));
		c = CMSG_FIRSTHDR(&msg);
		c->cmsg_level = SOL_SOCKET;
		c->cmsg_type = SCM_RIGHTS;
		c->cmsg_len = CMSG_LEN(n * sizeof(int));
		memcpy(CMSG_DATA(c), fds, n * sizeof(int));
	}
	if (sendmsg(fd, &msg, MSG_NOSIGNAL) < 0) {
		printf("send %s\n", strerrorname_np(errno));
		exit(0);
	}
}

static void print_answer(int fd)
{
	ssize_t n = recv(fd, &answer, sizeof(answer), 0);

	if (n <= 0) {
		printf("%s\n", n == 0 || errno == ECONNRESET ? "closed" : strerrorname_np(errno));
		return;
	}
	switch (answer.head.type) {
	case EG_MSG_OPENED:
		puts("opened");
		break;
	case EG_MSG_OK:
		puts("ok");
		break;
	case EG_MSG_IS_VERSION:
		printf("version guarded=%u\n", answer.version.guarded);
		break;
	case EG_MSG_REFUSED:
		printf("refused %s\n", strerrorname_np(answer.refused.error));
		break;
	default:
		printf("type %u\n", answer.head.type);
	}
}

static struct eg_msg_open open_message(void)
{
	struct eg_msg_open msg = {
		.uid = 4242, .user = "mallory", .service = "sshd", .rhost = "192.0.2.7"};

	eg_proto_head(&msg, EG_MSG_OPEN, sizeof(msg));
	return msg;
}

static int open_dir(const char *path)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		err(TROUBLE, "%s", path);
	return fd;
}

/* open DIR [FILE]: asks for a session for that directory; FILE is passed off as the unix socket
 * that a client came by. */
static void ask_open(const char *path, const char *file)
{
	struct eg_msg_open msg = open_message();
	int fds[2] = {open_dir(path)}, fd = dial(EG_HELPER_SOCKET);

	if (file) {
		snprintf(msg.connection, sizeof(msg.connection), "UNKNOWN 65535 UNKNOWN 65535");
		fds[1] = open(file, O_RDONLY | O_CLOEXEC);
		if (fds[1] < 0)
			err(TROUBLE, "%s", file);
	}
	send_raw(fd, &msg, sizeof(msg), fds, file ? 2 : 1);
	print_answer(fd);
}

/* enter DIR [FILE]: makes the directory, enters it, asks as above, goes back and removes it: what
 * the module does, by hand. */
static void ask_enter(const char *path, const char *file)
{
	char procs[4096], own[4096] = "";
	FILE *self = fopen("/proc/self/cgroup", "re");
	int fd;

	if (!self || !fgets(own, sizeof(own), self))
		err(TROUBLE, "/proc/self/cgroup");
	own[strcspn(own, "\n")] = '\0';
	if (mkdir(path, 0755) < 0 && errno != EEXIST) {
		printf("mkdir %s\n", strerrorname_np(errno));
		return;
	}
	snprintf(procs, sizeof(procs), "%s/cgroup.procs", path);
	fd = open(procs, O_WRONLY | O_CLOEXEC);
	if (fd < 0 || write(fd, "0", 1) != 1) {
		printf("enter %s\n", strerrorname_np(errno));
		return;
	}
	ask_open(path, file);
	snprintf(procs, sizeof(procs), "/sys/fs/cgroup%.3000s/cgroup.procs", own + 3);
	fd = open(procs, O_WRONLY | O_CLOEXEC);
	if (fd < 0 || write(fd, "0", 1) != 1 || rmdir(path) < 0)
		warn("going back");
}

/* sleeper DIR: asks for a directory another process is in, and this one is not. */
static void ask_for_other(const char *path)
{
	char procs[4096];
	pid_t pid;
	int fd;

	if (mkdir(path, 0755) < 0 && errno != EEXIST)
		err(TROUBLE, "%s", path);
	snprintf(procs, sizeof(procs), "%s/cgroup.procs", path);
	pid = fork();
	if (pid == 0) {
		pause();
		_exit(0);
	}
	fd = open(procs, O_WRONLY | O_CLOEXEC);
	if (fd < 0 || dprintf(fd, "%d", (int)pid) < 0) {
		printf("enter %s\n", strerrorname_np(errno));
	} else {
		ask_open(path, NULL);
	}
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	for (int i = 0; i < 100 && rmdir(path) < 0; i++)
		usleep(10000);
}

static void ask_plain(const char *socket, uint16_t type)
{
	struct eg_msg msg;
	int fd = dial(socket);

	eg_proto_head(&msg, (enum eg_msg_type)type, sizeof(msg));
	send_raw(fd, &msg, sizeof(msg), NULL, 0);
	print_answer(fd);
}

static void ask_close(const char *session)
{
	struct eg_msg_close msg = {.session = strtoull(session, NULL, 10)};
	int fd = dial(EG_HELPER_SOCKET);

	eg_proto_head(&msg, EG_MSG_CLOSE, sizeof(msg));
	send_raw(fd, &msg, sizeof(msg), NULL, 0);
	print_answer(fd);
}

/* Every way a message can be malformed; each on a connection of its own. */
static void ask_malformed(const char *which)
{
	struct eg_msg_open open_msg = open_message();
	struct eg_msg_close close_msg = {0};
	int fd = dial(EG_HELPER_SOCKET);
	int dirs[3] = {open_dir("/sys/fs/cgroup"), open_dir("/tmp"), open_dir("/tmp")};
	char big[65536] = {0};

	eg_proto_head(&close_msg, EG_MSG_CLOSE, sizeof(close_msg));
	if (!strcmp(which, "short")) {
		send_raw(fd, &open_msg, 3, NULL, 0);
	} else if (!strcmp(which, "cut")) {
		send_raw(fd, &open_msg, sizeof(open_msg) - 1, dirs, 1);
	} else if (!strcmp(which, "long")) {
		memcpy(big, &open_msg, sizeof(open_msg));
		send_raw(fd, big, sizeof(open_msg) + 1, dirs, 1);
	} else if (!strcmp(which, "huge")) {
		send_raw(fd, big, sizeof(big), NULL, 0);
	} else if (!strcmp(which, "version")) {
		open_msg.head.version++;
		send_raw(fd, &open_msg, sizeof(open_msg), dirs, 1);
	} else if (!strcmp(which, "type")) {
		open_msg.head.type = 999;
		send_raw(fd, &open_msg, sizeof(open_msg), dirs, 1);
	} else if (!strcmp(which, "size")) {
		open_msg.head.size--;
		send_raw(fd, &open_msg, sizeof(open_msg), dirs, 1);
	} else if (!strcmp(which, "unterminated")) {
		memset(open_msg.user, 'a', sizeof(open_msg.user));
		send_raw(fd, &open_msg, sizeof(open_msg), dirs, 1);
	} else if (!strcmp(which, "no-fd")) {
		send_raw(fd, &open_msg, sizeof(open_msg), NULL, 0);
	} else if (!strcmp(which, "three-fds")) {
		send_raw(fd, &open_msg, sizeof(open_msg), dirs, 3);
	} else if (!strcmp(which, "fd-with-close")) {
		send_raw(fd, &close_msg, sizeof(close_msg), dirs, 1);
	} else {
		errx(TROUBLE, "no such case: %s", which);
	}
	print_answer(fd);
}

/* The same request twice on one connection, as a guarded root that recorded one would. */
static void ask_replay(const char *path)
{
	struct eg_msg_open msg = open_message();
	int dir = open_dir(path), fd = dial(EG_HELPER_SOCKET);

	for (int i = 0; i < 2; i++) {
		send_raw(fd, &msg, sizeof(msg), &dir, 1);
		print_answer(fd);
	}
}

/*
 * stale FILE: a child connects to control.sock and exits; its number goes into FILE, for somebody
 * outside the session to take. When FILE.go is there, the connection asks for a reload: the helper
 * must not mistake the stranger for the peer.
 */
static void ask_stale(const char *file)
{
	char go[4096];
	struct eg_msg msg;
	FILE *out;
	pid_t pid;
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

	pid = fork();
	if (pid == 0) {
		struct sockaddr_un addr = {.sun_family = AF_UNIX, .sun_path = EG_CONTROL_SOCKET};

		_exit(connect(fd, (struct sockaddr *)&addr, sizeof(addr)) < 0 ? errno : 0);
	}
	usleep(300000); /* the helper accepts */
	waitpid(pid, NULL, 0);
	out = fopen(file, "we");
	if (!out || fprintf(out, "%d\n", (int)pid) < 0 || fclose(out))
		err(TROUBLE, "%s", file);
	snprintf(go, sizeof(go), "%s.go", file);
	for (int i = 0; i < 100 && access(go, F_OK) < 0; i++)
		usleep(50000);
	eg_proto_head(&msg, EG_MSG_RELOAD, sizeof(msg));
	send_raw(fd, &msg, sizeof(msg), NULL, 0);
	print_answer(fd);
}

/* hold SECONDS: keeps as many connections to helper.sock as it can get, and says how many were
 * still open at the end. */
static void ask_hold(const char *seconds)
{
	enum { MANY = 200 };
	int fds[MANY], n = 0;
	char byte;

	for (int i = 0; i < MANY; i++) {
		fds[i] = dial(EG_HELPER_SOCKET);
		usleep(5000);
	}
	sleep((unsigned int)atoi(seconds));
	for (int i = 0; i < MANY; i++)
		n += recv(fds[i], &byte, 1, MSG_DONTWAIT) < 0 && errno == EAGAIN;
	printf("%d open\n", n);
}

int main(int argc, char **argv)
{
	const char *what = argc > 1 ? argv[1] : "", *arg = argc > 2 ? argv[2] : NULL;
	const char *file = argc > 3 ? argv[3] : NULL;

	if (!strcmp(what, "version"))
		ask_plain(EG_HELPER_SOCKET, EG_MSG_VERSION);
	else if (!strcmp(what, "reload"))
		ask_plain(EG_HELPER_SOCKET, EG_MSG_RELOAD);
	else if (!strcmp(what, "control-reload"))
		ask_plain(EG_CONTROL_SOCKET, EG_MSG_RELOAD);
	else if (!strcmp(what, "control-status"))
		ask_plain(EG_CONTROL_SOCKET, EG_MSG_STATUS);
	else if (!strcmp(what, "open") && arg)
		ask_open(arg, file);
	else if (!strcmp(what, "enter") && arg)
		ask_enter(arg, file);
	else if (!strcmp(what, "for-other") && arg)
		ask_for_other(arg);
	else if (!strcmp(what, "close") && arg)
		ask_close(arg);
	else if (!strcmp(what, "malformed") && arg)
		ask_malformed(arg);
	else if (!strcmp(what, "replay") && arg)
		ask_replay(arg);
	else if (!strcmp(what, "stale") && arg)
		ask_stale(arg);
	else if (!strcmp(what, "hold") && arg)
		ask_hold(arg);
	else
		errx(TROUBLE, "usage: ask version|reload|control-reload|control-status|"
			      "{open|enter} DIR [FILE]|{for-other|replay} DIR|close N|"
			      "malformed CASE|stale FILE|hold SECONDS");
	return 0;
}
