// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * fake_metrics SOCKET [MODE]: stands in for the helper towards `ebpfguardctl metrics`: answers each
 * connection with numbers that are always the same, and says "ready" on stdout when it listens.
 * MODE: "short" breaks off in the middle, "refuse" refuses. Ends with its stdin.
 */
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "abi.h"
#include "proto.h"
#include "util.h"

/* What user or administrator may have called something: it forges no line and no label. */
static const char hostile[] = "/feeds/a\"} 1\nebpfguard_up 7 \\ \x1b[31m\xff{b";

static void tell(int fd, void *msg, enum eg_msg_type type, size_t size)
{
	eg_proto_head(msg, type, size);
	if (eg_proto_send(fd, msg, NULL, eg_proto_now_ms() + 1000) < 0)
		perror("fake_metrics: send");
}

static void tell_helper(int fd)
{
	struct eg_msg_metric_helper msg = {
		.abi = 6,
		.enforcing = 1,
		.generation = 7,
		.unfiltered = 1,
		.failed = 0,
		.unsaid = 21,
		.now_s = 1000000100,
		.started_s = 1000000000,
		.loaded_s = 1000000050,
		.tried_s = 1000000060,
		.reloads = {3, 1},
		.exempt = 4,
		.refused = {1, 2, 3, 4, 5, 6, 7, 8},
		.unguarded = {1, 2},
		.suppressed = 99,
		.logins = {1, 0, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 3},
		.login_ns = 30012345678,
		.memory = 12 << 20,
		.fds = 17,
		.product = "0.1.0",
		.kernel = "6.12.0-\"amd64\"",
	};

	tell(fd, &msg, EG_MSG_METRIC_HELPER, sizeof(msg));
}

static void tell_profile(int fd, const char *name, uint64_t factor)
{
	struct eg_msg_metric_profile msg = {
		.killed = factor,
		.lost = 2 * factor,
		.packets = 3 * factor,
		.packets_audited = 4 * factor,
		.opened = 5 * factor,
		.ended = 4 * factor,
		.sessions = (uint32_t)factor,
		.managers = 1,
	};

	msg.refused[EG_OP_CONNECT] = 1000 * factor;
	msg.refused[EG_OP_EXEC] = 1; /* of one name in the log, so of one here */
	msg.refused[EG_OP_RUN] = 10;
	msg.refused[EG_OP_INGRESS] = 5;
	msg.audited[EG_OP_SETUID] = 6;
	msg.audited[EG_OP_MAX - 1] = factor == 1 ? 0 : 8; /* no operation of ours */
	(void)snprintf(msg.profile, sizeof(msg.profile), "%s", name);
	tell(fd, &msg, EG_MSG_METRIC_PROFILE, sizeof(msg));
}

static void tell_rule(int fd, enum eg_metric_rule kind, const char *source, uint32_t line)
{
	struct eg_msg_metric_rule msg = {
		.hits = 1 + line, .kind = kind, .line = line, .profile = "default"};

	(void)snprintf(msg.source, sizeof(msg.source), "%s", source);
	tell(fd, &msg, EG_MSG_METRIC_RULE, sizeof(msg));
}

static void tell_feed(int fd, const char *path, uint64_t modified_s)
{
	struct eg_msg_metric_feed msg = {.modified_s = modified_s};

	(void)snprintf(msg.path, sizeof(msg.path), "%s", path);
	tell(fd, &msg, EG_MSG_METRIC_FEED, sizeof(msg));
}

static void refuse(int fd)
{
	struct eg_msg_refused msg = {.error = EALREADY, .text = "no"};

	tell(fd, &msg, EG_MSG_REFUSED, sizeof(msg));
}

static void answer(int fd, const char *mode)
{
	union {
		struct eg_msg head;
		uint64_t room[EG_MSG_MAX / sizeof(uint64_t)];
	} request;
	struct eg_msg ok;

	if (eg_proto_recv(fd, &request, sizeof(request), NULL, eg_proto_now_ms() + 1000) <= 0)
		return;
	eg_proto_head(&ok, EG_MSG_OK, sizeof(ok));
	if (request.head.type == EG_MSG_PROCESSES) /* it guards none */
		tell(fd, &ok, EG_MSG_OK, sizeof(ok));
	if (request.head.type != EG_MSG_METRICS)
		return;
	if (!strcmp(mode, "refuse")) {
		refuse(fd);
		return;
	}
	tell_helper(fd);
	tell_profile(fd, "default", 1);
	if (!strcmp(mode, "short"))
		return;
	tell_profile(fd, "ops", 2);
	tell_rule(fd, EG_METRIC_RULE_LINE, "/etc/ebpfguard.conf", 12);
	tell_rule(fd, EG_METRIC_RULE_LINE, hostile, 12);
	tell_rule(fd, EG_METRIC_RULE_DEFAULT, "", 0);
	tell_rule(fd, EG_METRIC_RULE_BUILTIN, "", 0);
	tell_rule(fd, EG_METRIC_RULE_OTHER, "", 0);
	tell_feed(fd, hostile, 1000000000);
	tell_feed(fd, "/feeds/gone", 0);
	tell_feed(fd, "/feeds/of-tomorrow", UINT64_C(1) << 40);
	tell(fd, &ok, EG_MSG_OK, sizeof(ok));
}

int main(int argc, char **argv)
{
	struct sockaddr_un addr = {.sun_family = AF_UNIX};
	int listener = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

	if (argc < 2 || strlen(argv[1]) >= sizeof(addr.sun_path))
		return 2;
	(void)strcpy(addr.sun_path, argv[1]);
	if (listener < 0 || bind(listener, (struct sockaddr *)&addr, sizeof(addr)) < 0 ||
	    listen(listener, 8) < 0) {
		perror("fake_metrics");
		return 1;
	}
	(void)puts("ready");
	(void)fflush(stdout);
	for (;;) {
		struct pollfd p[] = {{.fd = listener, .events = POLLIN}, {.fd = 0}};

		if (poll(p, 2, -1) < 0 || p[1].revents)
			return 0;
		if (p[0].revents) {
			int fd eg_auto_close = accept4(listener, NULL, NULL, SOCK_CLOEXEC);

			answer(fd, argc > 2 ? argv[2] : "");
		}
	}
}
