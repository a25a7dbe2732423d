// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Where messages and records go, and in which form: what syslog and journald would get is caught
 * here; files are real.
 */
#include <fcntl.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "event_helpers.h"
#include "record_line.h"
#include "log.h"
#include "log_socket.h"

static struct {
	char path[64], bytes[EG_JOURNAL_MAX];
	size_t n;
	int sent;
	size_t most; /* longer ones are refused; 0 = none are */
	int error, wait_ms;
} fake;

int eg_log_socket_send(struct eg_log_socket *to, const char *bytes, size_t n)
{
	fake.sent++;
	to->waits += fake.error == -EAGAIN;
	if (fake.most && n > fake.most)
		return -EMSGSIZE;
	(void)snprintf(fake.path, sizeof(fake.path), "%s", to->path);
	assert_true(n < sizeof(fake.bytes));
	memcpy(fake.bytes, bytes, n);
	fake.bytes[n] = '\0';
	fake.n = n;
	return fake.error;
}

bool eg_log_socket_has_room(struct eg_log_socket *to, int wait_ms, int64_t now_ms)
{
	(void)snprintf(fake.path, sizeof(fake.path), "%s", to->path);
	fake.wait_ms = wait_ms;
	assert_true(now_ms > 0);
	return !fake.error;
}

static char dir[] = "/tmp/eg_logs.XXXXXX";
static char path[64];

static int make_dir(void **state)
{
	(void)state;
	if (!mkdtemp(dir))
		return -1;
	(void)snprintf(path, sizeof(path), "%s/f", dir);
	return 0;
}

static int remove_dir(void **state)
{
	(void)state;
	(void)unlink(path);
	return rmdir(dir);
}

static int set_up(void **state)
{
	(void)state;
	(void)unlink(path);
	memset(&fake, 0, sizeof(fake));
	eg_log_set(&(struct eg_config_log){.facility = EG_LOG_AUTHPRIV}, -1);
	return 0;
}

static struct eg_fields record(void)
{
	struct eg_event_session session = full_session();
	struct eg_event e = full_event();
	struct eg_fields fields;

	e.verdict = EG_VERDICT_AUDIT;
	e.error = 0;
	assert_int_equal(eg_event_make(&e, &session, &added, &fields), 0);
	return fields;
}

/* All that the file holds; a static buffer. */
static const char *file_text(void)
{
	static char text[4 * EG_LINE_MAX];
	int fd eg_auto_close = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n;

	assert_true(fd >= 0);
	n = read(fd, text, sizeof(text) - 1);
	assert_true(n >= 0);
	text[n] = '\0';
	return text;
}

static void test_syslog(void **state)
{
	static const struct {
		enum eg_log_facility facility;
		const char *front;
	} cases[] = {
		{EG_LOG_AUTH, "<37>"},	  {EG_LOG_AUTHPRIV, "<85>"},	{EG_LOG_DAEMON, "<29>"},
		{EG_LOG_LOCAL0, "<133>"}, {EG_LOG_LOCAL0 + 7, "<189>"},
	};
	struct eg_fields fields = record();
	char tag[64];

	(void)state;
	(void)snprintf(tag, sizeof(tag), " ebpfguard-helper[%d]: ", (int)getpid());
	for (size_t i = 0; i < EG_ARRAY_SIZE(cases); i++) {
		struct eg_config_log config = {.facility = cases[i].facility};
		const char *at;

		eg_log_set(&config, -1);
		assert_int_equal(eg_log_record(LOG_NOTICE, &fields), 0);
		assert_string_equal(fake.path, "/dev/log");
		assert_memory_equal(fake.bytes, cases[i].front, strlen(cases[i].front));
		at = strstr(fake.bytes, tag);
		assert_non_null(at);
		/* "Nov 22 08:00:00" */
		assert_int_equal(at - fake.bytes - (ptrdiff_t)strlen(cases[i].front), 15);
		assert_memory_equal(at + strlen(tag), "AUDIT connect session=17 ", 25);
		config.format = EG_LOG_JSON;
		eg_log_set(&config, -1);
		assert_int_equal(eg_log_record(LOG_NOTICE, &fields), 0);
		assert_memory_equal(strstr(fake.bytes, tag) + strlen(tag), "{\"event\":", 9);
	}
	fake.error = -EAGAIN;
	assert_int_equal(eg_log_record(LOG_NOTICE, &fields), -EAGAIN);
}

/* A long message is cut, not more. */
static void test_message(void **state)
{
	static char text[3 * EG_LINE_MAX];

	(void)state;
	memset(text, 'x', sizeof(text) - 1);
	eg_log(LOG_ERR, "%s", text);
	assert_string_equal(fake.path, "/dev/log");
	assert_memory_equal(fake.bytes, "<83>", 4);
	assert_in_range(fake.n, EG_LINE_MAX, EG_LINE_MAX + 64);
	fake.n = 0;
	eg_log(LOG_DEBUG, "not wanted");
	assert_int_equal(fake.n, 0);
}

/* What syslog does not take is said on stderr, be that a socket as of a unit, a pipe or a file; and
 * nobody waits for a reader of that. */
static void test_anyhow(void **state)
{
	static const char says[] = "<4>ebpfguard-helper: lost\n";
	int was = dup(STDERR_FILENO), ends[2], r = 0;
	char bytes[64] = "";
	ssize_t n;

	(void)state;
	fake.error = -EAGAIN;
	for (int how = 0; how < 2; how++) {
		assert_int_equal(how ? pipe(ends) : socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
		assert_true(dup2(ends[1], STDERR_FILENO) >= 0);
		r = eg_log_anyhow(LOG_WARNING, "lost");
		(void)dup2(was, STDERR_FILENO);
		assert_int_equal(r, 0);
		n = read(ends[0], bytes, sizeof(bytes));
		assert_int_equal(n, sizeof(says) - 1);
		assert_memory_equal(bytes, says, sizeof(says) - 1);
		/* until it is full */
		(void)alarm(20);
		(void)dup2(ends[1], STDERR_FILENO);
		for (int i = 0; i < 1000000 && !r; i++)
			r = eg_log_anyhow(LOG_WARNING, "lost");
		(void)dup2(was, STDERR_FILENO);
		(void)alarm(0);
		assert_int_equal(r, -EAGAIN);
		(void)close(ends[0]);
		(void)close(ends[1]);
	}
	/* syslog is better */
	fake.error = 0;
	assert_int_equal(eg_log_anyhow(LOG_WARNING, "taken"), 0);
	assert_non_null(strstr(fake.bytes, "]: taken"));
	(void)close(was);
}

static void test_journal(void **state)
{
	struct eg_config_log config = {.facility = EG_LOG_AUTHPRIV, .destination = EG_LOG_JOURNAL};
	struct eg_fields fields = record();

	(void)state;
	eg_log_set(&config, -1);
	assert_int_equal(eg_log_record(LOG_NOTICE, &fields), 0);
	assert_string_equal(fake.path, "/run/systemd/journal/socket");
	assert_memory_equal(fake.bytes, "MESSAGE=AUDIT connect session=17 ", 33);
	assert_non_null(strstr(fake.bytes, "\nPRIORITY=5\n"));
	assert_non_null(strstr(fake.bytes, "\nSYSLOG_FACILITY=10\n"));
	assert_non_null(strstr(fake.bytes, "\nEBPFGUARD_ARGS="));
	/* too long for the socket: without the arguments, and not at all */
	fake.most = fake.n - 1;
	fake.sent = 0;
	assert_int_equal(eg_log_record(LOG_NOTICE, &fields), 0);
	assert_int_equal(fake.sent, 2);
	assert_null(strstr(fake.bytes, "\nEBPFGUARD_ARGS="));
	assert_non_null(strstr(fake.bytes, "\nEBPFGUARD_MONO="));
	fake.most = 100;
	assert_int_equal(eg_log_record(LOG_NOTICE, &fields), -EMSGSIZE);
	/* room is asked for where the records go */
	fake.path[0] = '\0';
	fake.error = -EAGAIN;
	assert_false(eg_log_has_room(true));
	assert_int_equal(fake.wait_ms, EG_LOG_ROOM_MS);
	assert_string_equal(fake.path, "/run/systemd/journal/socket");
	fake.error = 0;
	assert_true(eg_log_has_room(false));
	assert_int_equal(fake.wait_ms, 0);
	/* one that had to wait is told of once */
	(void)eg_log_has_waited(); /* in the tests before */
	fake.most = 0;
	fake.error = -EAGAIN;
	assert_int_equal(eg_log_record(LOG_NOTICE, &fields), -EAGAIN);
	assert_true(eg_log_has_waited());
	assert_false(eg_log_has_waited());
	fake.error = 0;
	/* messages do not go there */
	fake.most = 0;
	eg_log(LOG_ERR, "x");
	assert_string_equal(fake.path, "/dev/log");
}

/* What learn reads, as rsyslog would have written it; and JSON alone. */
static void test_file(void **state)
{
	struct eg_config config = {.file = "c", .log = {.destination = EG_LOG_FILE}};
	struct eg_fields fields = record();
	static struct eg_record_line line;
	struct eg_err err = {0};
	const char *text, *second;
	int fd = -1;

	(void)state;
	config.log.file = (struct eg_config_text){.text = path, .line = 7};
	assert_int_equal(eg_log_prepare(&config, &fd, &err), 0);
	assert_true(fd >= 0);
	eg_log_set(&config.log, fd);
	assert_int_equal(eg_log_record(LOG_NOTICE, &fields), 0);
	assert_int_equal(eg_log_record(LOG_NOTICE, &fields), 0);
	text = file_text();
	second = strchr(text, '\n') + 1;
	assert_int_equal(eg_record_line_parse(text, (size_t)(second - text - 1), time(NULL), &line),
			 0);
	assert_true(line.n_fields > 3);
	assert_string_equal(eg_record_get(&line, "user"), "alice");
	assert_int_equal(eg_record_line_parse(second, strlen(second) - 1, time(NULL), &line), 0);
	assert_int_equal(fake.sent, 0);
	assert_int_equal(truncate(path, 0), 0);
	config.log.format = EG_LOG_JSON;
	eg_log_set(&config.log, -1); /* opened at the first record */
	assert_int_equal(eg_log_record(LOG_NOTICE, &fields), 0);
	text = file_text();
	assert_memory_equal(text, "{\"event\":", 9);
	assert_string_equal(text + strlen(text) - 2, "}\n");
}

static void test_file_refused(void **state)
{
	struct eg_config config = {.file = "c", .log = {.destination = EG_LOG_FILE}};
	struct eg_fields fields = record();
	struct eg_err err = {0};
	char text[512], expected[512];
	int fd = -1;

	(void)state;
	config.log.file = (struct eg_config_text){.text = path, .line = 7};
	assert_int_equal(symlink("/nowhere", path), 0);
	assert_int_equal(eg_log_prepare(&config, &fd, &err), -ELOOP);
	(void)snprintf(expected, sizeof(expected), "c:7: log.file: cannot write %s: %s (%s)", path,
		       strerror(ELOOP), "a symbolic link is not followed");
	assert_string_equal(eg_err_format(&err, text, sizeof(text)), expected);
	/* in force all the same: each record fails, which is said once */
	eg_log_set(&config.log, -1);
	for (int i = 0; i < 100; i++)
		assert_true(eg_log_record(LOG_NOTICE, &fields) < 0);
	assert_int_equal(fake.sent, 1);
	assert_non_null(strstr(fake.bytes, "cannot write /tmp/eg_logs."));
	/* nothing is opened for another destination */
	config.log.destination = EG_LOG_SYSLOG;
	assert_int_equal(eg_log_prepare(&config, &fd, &err), 0);
	assert_int_equal(fd, -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_syslog, set_up),
		cmocka_unit_test_setup(test_message, set_up),
		cmocka_unit_test_setup(test_anyhow, set_up),
		cmocka_unit_test_setup(test_journal, set_up),
		cmocka_unit_test_setup(test_file, set_up),
		cmocka_unit_test_setup(test_file_refused, set_up),
	};

	return cmocka_run_group_tests_name("log", tests, make_dir, remove_dir);
}
