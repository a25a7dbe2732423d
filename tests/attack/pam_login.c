// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * pam_login [OPTION...] USER...: logins without sshd, which takes seconds of an emulated machine.
 * Each is a process that opens a session by a PAM stack of its own with nothing in it but
 * pam_ebpfguard.so, has a child become the user and try what a session may not and what it may,
 * and closes the session.
 *
 *   -n N      logins in all, the users in turn; 1. 0: until the standard input ends
 *   -p N      at once; 1
 *   -H        hold: all of them at once. "held N" is printed when all are open, and each tries and
 *             tries until the standard input ends. With -p only so many are being opened at a time
 *   -o        one process a session, and no other program: it tries itself, and stays root. The
 *             module is loaded once for all of them
 *   -a ARGS   of the module; none
 *   -s NAME   PAM's service; pam_login
 *   -c        each by a TCP connection from this host, as SSH_CONNECTION says
 *   -d ADDR   what a session may not connect to; 18.4.5.6
 *   -k ADDR   what it may; 10.1.2.3
 *   -i MS     pause between two tries; 20
 *   -t MS     each session tries for that long; 0: once
 *   -T MS     the module's deadline: who is refused before it is "early"
 *   -x CMD    what a session does instead of trying: a command for sh, as the user
 *   -m        says what opening and closing take, on average: elapsed, and of the caller's CPU
 *   -L        whom the module lets in past that deadline is "late", has no guard and tries nothing
 *
 * Prints "opened=N refused=N tries=N unguarded=N tight=N lost=N slowest_ms=N early=N late=N".
 * tries: pairs of connects; unguarded: the first one did not give EPERM, which is said with the
 * time, too; tight: the second one did; lost: sessions whose process died. The status is 0 when
 * nothing was refused, unguarded, tight or lost.
 */
#include "pam_session.h"

#include <arpa/inet.h>
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <pwd.h>
#include <security/pam_appl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static struct {
	const char *args, *service, *denied, *allowed, *command;
	unsigned int n, at_once, pause_ms, stay_ms, deadline_ms;
	bool hold, connects, alone, lets_in, measures;
	char dir[64];
	struct counters *counters;
	int memory;	    /* where they are */
	int hold_fd;	    /* ends when sessions are to end */
	pam_handle_t *pamh; /* of -o: each process has a copy */
} run = {.args = "",
	 .service = "pam_login",
	 .denied = "18.4.5.6",
	 .allowed = "10.1.2.3",
	 .n = 1,
	 .pause_ms = 20,
	 .hold_fd = -1};

/* ---- in the session, as the user: another program, as a shell is ---- */

static void become(const char *user)
{
	const struct passwd *pw = getpwnam(user);

	if (!pw || initgroups(user, pw->pw_gid) < 0 || setgid(pw->pw_gid) < 0 ||
	    setuid(pw->pw_uid) < 0)
		err(TROUBLE, "cannot become %s", user);
}

/* What a session is to do, as arguments of a program; session() has the order. Overwritten by the
 * next call. */
static void make_words(bool hold, char *word[WORDS])
{
	static char number[4][16];
	const int value[] = {run.memory, hold ? run.hold_fd : -1, (int)run.pause_ms,
			     (int)run.stay_ms};

	for (size_t i = 0; i < sizeof(value) / sizeof(value[0]); i++) {
		(void)snprintf(number[i], sizeof(number[i]), "%d", value[i]);
		word[i] = number[i];
	}
	word[4] = (char *)run.denied;
	word[5] = (char *)run.allowed;
}

static void start_session(const char *user)
{
	char *argv[2 + WORDS + 1] = {(char *)"pam_login", (char *)"--session"};

	become(user);
	if (run.command)
		(void)execl("/bin/sh", "sh", "-c", run.command, (char *)NULL);
	make_words(run.hold, argv + 2);
	(void)execv("/proc/self/exe", argv);
	_exit(NO_CHILD);
}

/* ---- one login ---- */

static int converse(int n, const struct pam_message **msg, struct pam_response **resp, void *arg)
{
	(void)n;
	(void)msg;
	(void)resp;
	(void)arg;
	return PAM_CONV_ERR; /* nobody asks anything */
}

/* A connection from this host, both ends ours; text: as SSH_CONNECTION. */
static void make_connection(char *text, size_t size)
{
	struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	struct sockaddr_in from;
	socklen_t n = sizeof(at);
	int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int client = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (bind(listener, (struct sockaddr *)&at, n) < 0 || listen(listener, 1) < 0 ||
	    getsockname(listener, (struct sockaddr *)&at, &n) < 0 ||
	    connect(client, (struct sockaddr *)&at, n) < 0 ||
	    getsockname(client, (struct sockaddr *)&from, &n) < 0 ||
	    accept4(listener, NULL, NULL, SOCK_CLOEXEC) < 0)
		err(TROUBLE, "cannot connect to this host");
	(void)close(listener);
	(void)snprintf(text, size, "SSH_CONNECTION=127.0.0.1 %u 127.0.0.1 %u", ntohs(from.sin_port),
		       ntohs(at.sin_port));
}

static pam_handle_t *start_pam(const char *user)
{
	static const struct pam_conv conv = {.conv = converse};
	pam_handle_t *pamh = NULL;

	if (pam_start_confdir(run.service, user, &conv, run.dir, &pamh) != PAM_SUCCESS)
		errx(TROUBLE, "pam_start_confdir");
	return pamh;
}

static void set_connection(pam_handle_t *pamh)
{
	char connection[128];

	make_connection(connection, sizeof(connection));
	if (pam_set_item(pamh, PAM_RHOST, "127.0.0.1") != PAM_SUCCESS ||
	    pam_putenv(pamh, connection) != PAM_SUCCESS)
		errx(TROUBLE, "pam_putenv");
}

static void note_time(unsigned int ms)
{
	unsigned int *slowest = &run.counters->slowest_ms;
	unsigned int seen = __atomic_load_n(slowest, __ATOMIC_SEQ_CST);

	while (ms > seen && !__atomic_compare_exchange_n(slowest, &seen, ms, false,
							 __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST))
		;
}

/* The same without the user's program, in this process. */
static void stay_alone(void)
{
	char *word[WORDS];

	make_words(run.hold, word);
	(void)session(word);
	if (run.hold) { /* the pause may be so long that it has not tried for a while */
		make_words(false, word);
		(void)session(word);
	}
}

static void stay(const char *user)
{
	int status = 0;
	pid_t child = fork();

	if (child == 0)
		start_session(user);
	if (child < 0 || waitpid(child, &status, 0) < 0 || status)
		count(&run.counters->lost);
}

static void note_refused(const char *user, unsigned int took_ms)
{
	count(&run.counters->refused);
	if (took_ms >= run.deadline_ms)
		return;
	count(&run.counters->early);
	(void)fprintf(stderr, "REFUSED after %u of %u ms: %s\n", took_ms, run.deadline_ms, user);
}

/* pam_open_session or pam_close_session, with a look at the clocks. */
static int timed(int (*call)(pam_handle_t *, int), pam_handle_t *pamh, uint64_t *ns)
{
	uint64_t since = now_ns(CLOCK_MONOTONIC), cpu = now_ns(CLOCK_PROCESS_CPUTIME_ID);
	int r = call(pamh, 0);

	(void)__atomic_add_fetch(ns, now_ns(CLOCK_MONOTONIC) - since, __ATOMIC_SEQ_CST);
	(void)__atomic_add_fetch(&run.counters->cpu_ns, now_ns(CLOCK_PROCESS_CPUTIME_ID) - cpu,
				 __ATOMIC_SEQ_CST);
	return r;
}

static void login(const char *user)
{
	pam_handle_t *pamh = run.pamh ?: start_pam(user);
	unsigned int took_ms;
	int r;

	if (run.pamh && pam_set_item(pamh, PAM_USER, user) != PAM_SUCCESS)
		errx(TROUBLE, "pam_set_item");
	if (run.connects)
		set_connection(pamh);
	took_ms = now_ms();
	r = timed(pam_open_session, pamh, &run.counters->open_ns);
	took_ms = now_ms() - took_ms;
	note_time(took_ms);
	if (r != PAM_SUCCESS) {
		note_refused(user, took_ms);
		(void)pam_end(pamh, r);
		return;
	}
	count(&run.counters->opened);
	if (run.lets_in && took_ms >= run.deadline_ms)
		count(&run.counters->late);
	else if (run.alone)
		stay_alone();
	else
		stay(user);
	(void)timed(pam_close_session, pamh, &run.counters->close_ns);
	(void)pam_end(pamh, PAM_SUCCESS);
}

/* ---- all of them ---- */

/* libpam misses "other" in the log when it is not there. */
static const char *const stacks[] = {NULL, "other"};

static void write_stacks(void)
{
	char path[128];

	(void)snprintf(run.dir, sizeof(run.dir), "/tmp/pam_login.XXXXXX");
	if (!mkdtemp(run.dir))
		err(TROUBLE, "%s", run.dir);
	for (size_t i = 0; i < sizeof(stacks) / sizeof(stacks[0]); i++) {
		FILE *file;

		(void)snprintf(path, sizeof(path), "%s/%s", run.dir,
			       stacks[i] ? stacks[i] : run.service);
		file = fopen(path, "we");
		if (!file ||
		    fprintf(file, "session required pam_ebpfguard.so %s\n", run.args) < 0 ||
		    fclose(file))
			err(TROUBLE, "%s", path);
	}
}

static void remove_stacks(void)
{
	char path[128];

	for (size_t i = 0; i < sizeof(stacks) / sizeof(stacks[0]); i++) {
		(void)snprintf(path, sizeof(path), "%s/%s", run.dir,
			       stacks[i] ? stacks[i] : run.service);
		(void)unlink(path);
	}
	(void)rmdir(run.dir);
}

static void share_counters(void)
{
	run.memory = memfd_create("counters", 0); /* the sessions have it, through exec */
	if (run.memory < 0 || ftruncate(run.memory, sizeof(struct counters)) < 0)
		err(TROUBLE, "memfd_create");
	run.counters = mmap(NULL, sizeof(struct counters), PROT_READ | PROT_WRITE, MAP_SHARED,
			    run.memory, 0);
	if (run.counters == MAP_FAILED)
		err(TROUBLE, "mmap");
}

/* A login that has ended, of those that go on. */
static void reap(unsigned int *going)
{
	int status;

	if (wait(&status) < 0)
		err(TROUBLE, "wait");
	(*going)--;
	if (status)
		count(&run.counters->lost);
}

static unsigned int answered(void)
{
	return __atomic_load_n(&run.counters->opened, __ATOMIC_SEQ_CST) +
	       __atomic_load_n(&run.counters->refused, __ATOMIC_SEQ_CST);
}

/* As many as there are to be; those that are held go on. Returns how many do. */
static unsigned int start_all(char **users, unsigned int n_users, int hold_end)
{
	unsigned int going = 0, most = run.hold ? run.n : run.at_once ?: 1;

	for (unsigned int i = 0; run.n ? i < run.n : !has_ended(0, 0); i++) {
		pid_t pid;

		while (going >= most)
			reap(&going);
		while (run.hold && run.at_once && i - answered() >= run.at_once)
			(void)poll(NULL, 0, 1);
		pid = fork();
		if (pid < 0)
			err(TROUBLE, "fork");
		if (pid == 0) {
			(void)close(hold_end);
			login(users[i % n_users]);
			_exit(0);
		}
		going++;
	}
	return going;
}

/* Until all that are held are open, or refused; then until the standard input ends. */
static void hold(void)
{
	while (answered() < run.n)
		(void)poll(NULL, 0, 10);
	(void)printf("held %u\n", run.counters->opened);
	(void)fflush(stdout);
	while (!has_ended(0, -1))
		;
}

static int report(void)
{
	const struct counters *c = run.counters;

	(void)printf("opened=%u refused=%u tries=%u unguarded=%u tight=%u lost=%u slowest_ms=%u "
		     "early=%u late=%u\n",
		     c->opened, c->refused, c->tries, c->unguarded, c->tight, c->lost,
		     c->slowest_ms, c->early, c->late);
	return c->refused || c->unguarded || c->tight || c->lost;
}

static void options(int argc, char **argv)
{
	int c;

	while ((c = getopt(argc, argv, "n:p:Hoa:s:cd:k:i:t:T:Lx:m")) != -1) {
		switch (c) {
		case 'n':
			run.n = (unsigned int)atoi(optarg);
			break;
		case 'p':
			run.at_once = (unsigned int)atoi(optarg);
			break;
		case 'H':
			run.hold = true;
			break;
		case 'o':
			run.alone = true;
			break;
		case 'a':
			run.args = optarg;
			break;
		case 's':
			run.service = optarg;
			break;
		case 'c':
			run.connects = true;
			break;
		case 'd':
			run.denied = optarg;
			break;
		case 'k':
			run.allowed = optarg;
			break;
		case 'i':
			run.pause_ms = (unsigned int)atoi(optarg);
			break;
		case 't':
			run.stay_ms = (unsigned int)atoi(optarg);
			break;
		case 'T':
			run.deadline_ms = (unsigned int)atoi(optarg);
			break;
		case 'L':
			run.lets_in = true;
			break;
		case 'x':
			run.command = optarg;
			break;
		case 'm':
			run.measures = true;
			break;
		default:
			errx(TROUBLE, "see the comment in pam_login.c");
		}
	}
	if (optind >= argc || (run.hold && !run.n))
		errx(TROUBLE, "usage: pam_login [OPTION...] USER...");
}

int main(int argc, char **argv)
{
	int hold_pipe[2];
	unsigned int going;

	if (argc == 2 + WORDS && !strcmp(argv[1], "--session"))
		return session(argv + 2);
	options(argc, argv);
	(void)signal(SIGPIPE, SIG_IGN);
	share_counters();
	write_stacks();
	if (pipe(hold_pipe) < 0) /* the sessions have the end that is read */
		err(TROUBLE, "pipe");
	run.hold_fd = hold_pipe[0];
	if (run.alone)
		run.pamh = start_pam(argv[optind]);
	going = start_all(argv + optind, (unsigned int)(argc - optind), hold_pipe[1]);
	if (run.hold)
		hold();
	(void)close(hold_pipe[1]);
	while (going)
		reap(&going);
	remove_stacks();
	return report();
}
