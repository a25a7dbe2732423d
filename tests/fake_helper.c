// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * fake_helper SOCKET SCRIPT: answers ebpfguardctl as the script says, until it is killed or two
 * minutes are over.
 *
 * A line of the script is a message: its name, then KEY=VALUE words. In values \xHH is a byte. Of a
 * session, grow=N is added to what it was refused each time that somebody asks. A process with
 * asks=N is there for so many questions. "refuse=TEXT" as a
 * message of its own refuses everything.
 */
#include <err.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "proto.h"
#include "util.h"

enum { MESSAGES_MAX = 4096, LIFE_S = 120, SEND_MS = 5000 };

union message {
	struct eg_msg head;
	struct eg_msg_is_status status;
	struct eg_msg_session session;
	struct eg_msg_feed feed;
	struct eg_msg_process process;
	struct eg_msg_is_details details;
	struct eg_msg_about about;
	struct eg_msg_refused refused;
	uint64_t room[EG_MSG_MAX / sizeof(uint64_t)];
};

struct told {
	union message *message;
	uint64_t grow, asks; /* 0 = without end */
	bool gone;
};

static struct told told[MESSAGES_MAX];
static size_t n_told;

#define FIELD(type_, t, member_, text_)                                                            \
	{                                                                                          \
		type_, #member_, offsetof(struct t, member_), sizeof(((struct t *)0)->member_),    \
			text_                                                                      \
	}
#define STATUS(member_, text_)	FIELD(EG_MSG_IS_STATUS, eg_msg_is_status, member_, text_)
#define SESSION(member_, text_) FIELD(EG_MSG_SESSION, eg_msg_session, member_, text_)
#define FEED(member_, text_)	FIELD(EG_MSG_FEED, eg_msg_feed, member_, text_)
#define ORDERED(member_, text_) FIELD(EG_MSG_ORDERED, eg_msg_ordered, member_, text_)
#define DETAILS(member_, text_) FIELD(EG_MSG_IS_DETAILS, eg_msg_is_details, member_, text_)

static const struct {
	uint16_t type;
	const char *key;
	size_t offset, size;
	int is_text;
} fields[] = {
	STATUS(abi, 0),
	STATUS(enforcing, 0),
	STATUS(audit, 0),
	STATUS(generation, 0),
	STATUS(started_s, 0),
	STATUS(loaded_s, 0),
	STATUS(sessions, 0),
	STATUS(managers, 0),
	STATUS(lost, 0),
	STATUS(unfiltered, 0),
	STATUS(kill, 0),
	STATUS(product, 1),
	STATUS(kernel, 1),
	STATUS(hooks_missing, 1),
	STATUS(last_error, 1),
	STATUS(gaps, 1),
	STATUS(n_versions, 0),
	STATUS(versions[0].abi, 0),
	STATUS(versions[0].sessions, 0),
	STATUS(versions[1].abi, 0),
	STATUS(versions[1].sessions, 0),
	SESSION(session, 0),
	SESSION(cgroup, 0),
	SESSION(started_s, 0),
	SESSION(refused, 0),
	SESSION(audited, 0),
	SESSION(uid, 0),
	SESSION(leader, 0),
	SESSION(flags, 0),
	SESSION(closed, 0),
	SESSION(user, 1),
	SESSION(service, 1),
	SESSION(rhost, 1),
	SESSION(profile, 1),
	SESSION(key, 1),
	FEED(bytes, 0),
	FEED(mtime_s, 0),
	FEED(networks, 0),
	FEED(bad, 0),
	FEED(allow, 0),
	FEED(last_good, 0),
	FEED(profile, 1),
	FEED(path, 1),
	DETAILS(session, 0),
	DETAILS(origin, 0),
	DETAILS(rport, 0),
	DETAILS(unfiltered, 0),
	DETAILS(orders, 0),
	DETAILS(killed, 0),
	DETAILS(lost, 0),
	DETAILS(packets, 0),
	DETAILS(cgroup, 1),
	ORDERED(session, 0),
	ORDERED(sessions, 0),
	ORDERED(managers, 0),
	ORDERED(apart, 0),
	ORDERED(processes, 0),
	ORDERED(survivors, 0),
	ORDERED(reset, 0),
	ORDERED(left, 0),
	ORDERED(unsettled, 0),
	ORDERED(text, 1),
	/* of operation 1, connect */
	{EG_MSG_IS_DETAILS, "connect", offsetof(struct eg_msg_is_details, refused[1]), 8, 0},
};

static const struct {
	const char *name;
	uint16_t type;
} names[] = {
	{"status", EG_MSG_IS_STATUS}, {"session", EG_MSG_SESSION},    {"feed", EG_MSG_FEED},
	{"process", EG_MSG_PROCESS},  {"details", EG_MSG_IS_DETAILS}, {"refuse", EG_MSG_REFUSED},
	{"ordered", EG_MSG_ORDERED},
};

/* Undoes \xHH in place. */
static void unescape(char *text)
{
	char *to = text;

	while (*text) {
		unsigned int byte;

		if (text[0] == '\\' && text[1] == 'x' && sscanf(text + 2, "%2x", &byte) == 1) {
			*to++ = (char)byte;
			text += 4;
		} else {
			*to++ = *text++;
		}
	}
	*to = '\0';
}

static void set_field(struct told *one, const char *key, char *value)
{
	union message *m = one->message;

	unescape(value);
	if (m->head.type == EG_MSG_REFUSED) {
		(void)snprintf(m->refused.text, sizeof(m->refused.text), "%s", value);
		return;
	}
	if (m->head.type == EG_MSG_PROCESS) {
		struct eg_process *process = &m->process.list[0];

		m->process.n = 1;
		if (!strcmp(key, "asks"))
			one->asks = strtoull(value, NULL, 10);
		else if (!strcmp(key, "session"))
			process->session = strtoull(value, NULL, 10);
		else if (!strcmp(key, "pid"))
			process->pid = (uint32_t)strtoul(value, NULL, 10);
		else
			process->flags = (uint32_t)strtoul(value, NULL, 10);
		return;
	}
	if (!strcmp(key, "grow")) {
		one->grow = strtoull(value, NULL, 10);
		return;
	}
	for (size_t i = 0; i < EG_ARRAY_SIZE(fields); i++) {
		uint64_t number = strtoull(value, NULL, 10);
		char *at = (char *)m + fields[i].offset;

		if (fields[i].type != m->head.type || strcmp(fields[i].key, key) != 0)
			continue;
		if (fields[i].is_text)
			(void)snprintf(at, fields[i].size, "%s", value);
		else
			memcpy(at, &number, fields[i].size); /* little-endian is what we test on */
		return;
	}
	errx(1, "no field %s", key);
}

static void read_script(const char *path)
{
	FILE *file = fopen(path, "re");
	char *line eg_auto_free = NULL;
	size_t room = 0;

	if (!file)
		err(1, "%s", path);
	while (getline(&line, &room, file) > 0 && n_told < MESSAGES_MAX) {
		char *at = line, *name, *word;
		struct told *one = &told[n_told];
		size_t i = 0;

		line[strcspn(line, "\n")] = '\0';
		name = strsep(&at, " ");
		while (i < EG_ARRAY_SIZE(names) && strcmp(names[i].name, name) != 0)
			i++;
		if (i == EG_ARRAY_SIZE(names))
			errx(1, "no message %s", name);
		one->message = calloc(1, sizeof(*one->message));
		if (!one->message)
			err(1, NULL);
		eg_proto_head(one->message, names[i].type, eg_proto_size(names[i].type));
		while ((word = strsep(&at, " "))) {
			char *key = strsep(&word, "=");

			if (word)
				set_field(one, key, word);
		}
		n_told++;
	}
	(void)fclose(file);
}

/* Says all messages of a type; number: of the session that is asked for, 0 = any. */
static void say(int fd, uint16_t type, uint64_t number)
{
	for (size_t i = 0; i < n_told; i++) {
		union message *m = told[i].message;
		uint64_t of =
			type == EG_MSG_PROCESS ? m->process.list[0].session : m->session.session;

		if (m->head.type != type || (number && of != number) || told[i].gone)
			continue;
		told[i].gone = told[i].asks && !--told[i].asks;
		(void)eg_proto_send(fd, m, NULL, eg_proto_now_ms() + SEND_MS);
		if (type == EG_MSG_SESSION)
			m->session.refused += told[i].grow;
	}
}

static void serve(int fd)
{
	union message asked;
	struct eg_msg ok;

	if (eg_proto_recv(fd, &asked, sizeof(asked), NULL, eg_proto_now_ms() + SEND_MS) <= 0)
		return;
	for (size_t i = 0; i < n_told; i++)
		if (told[i].message->head.type == EG_MSG_REFUSED) {
			say(fd, EG_MSG_REFUSED, 0);
			return;
		}
	eg_proto_head(&ok, EG_MSG_OK, sizeof(ok));
	if (asked.head.type == EG_MSG_STATUS)
		say(fd, EG_MSG_IS_STATUS, 0);
	else if (asked.head.type == EG_MSG_DETAILS)
		say(fd, EG_MSG_IS_DETAILS, asked.about.session);
	else if (asked.head.type == EG_MSG_SESSIONS)
		say(fd, EG_MSG_SESSION, 0);
	else if (asked.head.type == EG_MSG_FEEDS)
		say(fd, EG_MSG_FEED, 0);
	else if (asked.head.type == EG_MSG_ORDER)
		say(fd, EG_MSG_ORDERED, 0);
	else if (asked.head.type == EG_MSG_PROCESSES)
		say(fd, EG_MSG_PROCESS, asked.about.session);
	(void)eg_proto_send(fd, &ok, NULL, eg_proto_now_ms() + SEND_MS);
}

int main(int argc, char **argv)
{
	struct sockaddr_un addr = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

	if (argc != 3)
		errx(2, "usage: fake_helper SOCKET SCRIPT");
	read_script(argv[2]);
	(void)snprintf(addr.sun_path, sizeof(addr.sun_path), "%s", argv[1]);
	(void)unlink(addr.sun_path);
	if (fd < 0 || bind(fd, (struct sockaddr *)&addr, sizeof(addr)) < 0 || listen(fd, 8) < 0)
		err(1, "%s", argv[1]);
	(void)alarm(LIFE_S);
	for (;;) {
		int client eg_auto_close = accept4(fd, NULL, NULL, SOCK_CLOEXEC);

		if (client >= 0)
			serve(client);
	}
}
