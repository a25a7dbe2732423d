// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * ebpfguardctl diff with a helper that is played here: what becomes of each session there is. No
 * root; of this host's users, root and its group are taken for granted.
 */
#include <fcntl.h>
#include <libgen.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "abi.h"
#include "proto.h"
#include "util.h"

enum { DEADLINE_MS = 20000, OUT_SIZE = 8192 };

static char program[4096]; /* the ebpfguardctl that was built with this test */
static char dir[] = "/tmp/eg_ctl_diff.XXXXXX";

#define KEY "SHA256:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU"

static const struct eg_msg_session sessions[] = {
	/* not by number: the table is sorted */
	{.session = 4,
	 .user = "eg_carol",
	 .service = "sshd",
	 .rhost = "10.1.1.1",
	 .profile = "ops"},
	{.session = 1,
	 .user = "eg_alice",
	 .service = "sshd",
	 .rhost = "10.1.1.1",
	 .profile = "default"},
	{.session = 2,
	 .user = "eg_bob",
	 .service = "sshd",
	 .rhost = "192.0.2.1",
	 .profile = "vendor"},
	{.session = 3, .user = "eg_dave", .service = "sshd", .profile = "default", .key = KEY},
	{.session = 5,
	 .user = "root",
	 .service = "systemd-user",
	 .profile = "ops",
	 .flags = EG_GUARD_MANAGER},
	{.session = 6,
	 .user = "e\"v=i\nl",
	 .service = "sshd",
	 .rhost = "x\x1b[2J",
	 .profile = "new"},
};

static void send_session(int fd, const struct eg_msg_session *session)
{
	struct eg_msg_session copy = *session;

	eg_proto_head(&copy, EG_MSG_SESSION, sizeof(copy));
	(void)eg_proto_send(fd, &copy, NULL, eg_proto_now_ms() + DEADLINE_MS);
}

/* Answers one question about sessions, in a child. refuse: says no instead. */
static pid_t play_helper(int listening, bool refuse)
{
	pid_t child = fork();
	struct eg_msg_refused no = {.error = 1, .text = "not you"};
	union {
		struct eg_msg head;
		uint64_t room[EG_MSG_MAX / sizeof(uint64_t)];
	} asked;
	struct eg_msg ok;
	int fd;

	assert_true(child >= 0);
	if (child)
		return child;
	(void)alarm(60);
	fd = accept4(listening, NULL, NULL, SOCK_CLOEXEC);
	if (fd < 0 ||
	    eg_proto_recv(fd, &asked, sizeof(asked), NULL, eg_proto_now_ms() + DEADLINE_MS) <= 0 ||
	    asked.head.type != EG_MSG_SESSIONS)
		_exit(1);
	eg_proto_head(&no, EG_MSG_REFUSED, sizeof(no));
	eg_proto_head(&ok, EG_MSG_OK, sizeof(ok));
	for (size_t i = 0; !refuse && i < EG_ARRAY_SIZE(sessions); i++)
		send_session(fd, &sessions[i]);
	_exit(eg_proto_send(fd, refuse ? (void *)&no : (void *)&ok, NULL,
			    eg_proto_now_ms() + DEADLINE_MS) < 0
		      ? 1
		      : 0);
}

static void write_file(const char *name, const char *text)
{
	char path[64];
	eg_auto_close int fd = -1;

	(void)snprintf(path, sizeof(path), "%s/%s", dir, name);
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
}

static int run_once(const char *old, const char *new, bool refuse, char out[OUT_SIZE])
{
	struct sockaddr_un addr = {.sun_family = AF_UNIX};
	eg_auto_close int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	char command[8192];
	int status, helper;
	FILE *pipe;
	pid_t child;

	write_file("old", old);
	write_file("new", new);
	(void)snprintf(addr.sun_path, sizeof(addr.sun_path), "%s/s", dir);
	(void)unlink(addr.sun_path);
	assert_int_equal(bind(fd, (struct sockaddr *)&addr, sizeof(addr)), 0);
	assert_int_equal(listen(fd, 1), 0);
	child = play_helper(fd, refuse);
	(void)snprintf(command, sizeof(command), "cd %s && '%s' -c old -s %s diff new 2>&1", dir,
		       program, addr.sun_path);
	pipe = popen(command, "re");
	assert_non_null(pipe);
	out[fread(out, 1, OUT_SIZE - 1, pipe)] = '\0';
	status = pclose(pipe);
	assert_int_equal(waitpid(child, &helper, 0), child);
	if (strstr(out, "no answer from the helper within"))
		return -1;
	if (helper || !WIFEXITED(status))
		fail_msg("played helper %#x, command %#x, which said: %s", helper, status, out);
	return WEXITSTATUS(status);
}

/* Returns the exit status. A machine so busy that the played helper does not run for five seconds
 * gets another try. */
static int run(const char *old, const char *new, bool refuse, char out[OUT_SIZE])
{
	int status = -1;

	for (int i = 0; i < 3 && status < 0; i++)
		status = run_once(old, new, refuse, out);
	return status;
}

static const char old_text[] =
	"deny = [ \"18.0.0.0/9\" ];\n"
	"profiles = ( { name = \"ops\"; mode = \"audit\"; }, { name = \"vendor\"; } );\n"
	"match = ( { user = \"eg_carol\"; profile = \"ops\"; },\n"
	"{ user = \"eg_bob\"; profile = \"vendor\"; } );\n";
static const char new_text[] =
	"deny = [ \"18.0.0.0/10\", \"1.2.3.4\" ]; default = \"deny\";\n"
	"profiles = ( { name = \"ops\"; mode = \"audit\"; }, { name = \"new\"; } );\n"
	"match = ( { user = \"eg_carol\"; rhost = \"10.0.0.0/8\"; profile = \"ops\"; },\n"
	"{ key = \"" KEY "\"; profile = \"new\"; },\n"
	"{ group = \"root\"; service = \"systemd-user\"; profile = \"new\"; } );\n";

static void test_sessions(void **state)
{
	static const char expected[] =
		"sessions:\n"
		"1 eg_alice from 10.1.1.1, default: its profile changes: 2 rules more, 1 less, 1 "
		"setting\n"
		"2 eg_bob from 192.0.2.1, vendor: its profile is not in the new file: keeps what "
		"it has; a new login like it gets default\n"
		"3 eg_dave from -, default: its profile changes: 2 rules more, 1 less, 1 setting; "
		"a new login like it gets new by new:4\n"
		"4 eg_carol from 10.1.1.1, ops: unchanged\n"
		"5 root from -, ops (manager): unchanged; a new login like it gets new by new:5\n"
		"6 e\\x22v\\x3di\\x0al from x\\x1b[2J, new: its profile is in the new file only, "
		"and comes into force for it; a new login like it gets default\n";
	char out[OUT_SIZE];
	const char *from;

	(void)state;
	assert_int_equal(run(old_text, new_text, false, out), 1);
	from = strstr(out, "sessions:");
	assert_non_null(from);
	/* Of users who are not on this host is said that they are in no group. */
	while ((from = strstr(out, "ebpfguardctl: "))) {
		const char *end = strchr(from, '\n') + 1;

		assert_non_null(strstr(from, "there is no such user here"));
		memmove((char *)from, end, strlen(end) + 1);
	}
	assert_string_equal(strstr(out, "sessions:"), expected);
}

static void test_nothing_changes(void **state)
{
	char out[OUT_SIZE];

	(void)state;
	assert_int_equal(run(old_text, old_text, false, out), 0);
	assert_int_equal(strncmp(out, "nothing changes\nsessions:\n1 eg_alice", 36), 0);
	assert_non_null(strstr(out, "2 eg_bob from 192.0.2.1, vendor: unchanged\n"));
}

static void test_refused(void **state)
{
	char out[OUT_SIZE];

	(void)state;
	assert_int_equal(run(old_text, old_text, true, out), 0);
	assert_string_equal(out, "nothing changes\nebpfguardctl: the helper refused: not you\n"
				 "ebpfguardctl: so nothing is said of sessions; what is said of "
				 "the files is complete\n");
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sessions),
		cmocka_unit_test(test_nothing_changes),
		cmocka_unit_test(test_refused),
	};
	char here[4096];
	ssize_t n = readlink("/proc/self/exe", here, sizeof(here) - 1);
	char command[64];
	int failed;

	(void)argc;
	(void)argv;
	if (n <= 0 || !mkdtemp(dir))
		return 1;
	here[n] = '\0';
	(void)snprintf(program, sizeof(program), "%s/../../ebpfguardctl", dirname(here));
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	(void)snprintf(command, sizeof(command), "rm -rf %s", dir);
	return system(command) == 0 ? failed : 1;
}
