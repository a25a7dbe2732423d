// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * try OPERATION [ARG...]: makes one attempt and prints its outcome as one word: "ok", the name of
 * the errno, "silent" (no call failed, nothing came back), "CTRUNC" (a descriptor was withheld),
 * "killed" and "marked" (see kills.c), or "absent:ERRNO" (the kernel does not have the protocol).
 *
 * try all JOBS: reads such commands, one a line, makes JOBS attempts at a time, each in a process
 * of its own, and prints the outcomes in the order of the lines. A line "-" is passed on as it
 * is. What hangs is "hung", what dies is "trouble".
 *
 * Every denial in the tests is one of these run inside a session, next to the same one run
 * outside as the control. The exit status is 0 whatever the outcome; 2 when the attempt could not
 * be made at all.
 */
#include <err.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "try.h"

enum { LINES_MAX = 1000, JOBS_MAX = 64, HANG_SEC = 40 };

static const struct operation *const tables[] = {
	call_ops,     send_ops,	  connect_ops, form_ops,  route_ops, raw_ops,	    family_ops,
	sctp_ops,     uring_ops,  pass_ops,    where_ops, bind_ops,  incoming_ops,  broker_ops,
	identity_ops, mount_ops,  look_ops,    serve_ops, gain_ops,  mount_new_ops, ceiling_ops,
	trace_ops,    cgroup_ops, unix_ops,    door_ops,  file_ops,  kill_ops,	    read_ops,
	story_ops,    steal_ops,  run_ops,     layer_ops, watch_ops, disguise_ops,  flood_ops,
};
enum { N_TABLES = sizeof(tables) / sizeof(tables[0]) };

struct premade premade = {.fd = -1, .ring = {.fd = -1}};

const char *outcome_text(int result, char buf[static 40])
{
	if (result <= ABSENT)
		snprintf(buf, 40, "absent:%s", strerrorname_np(ABSENT - result));
	else if (result == SILENT)
		return "silent";
	else if (result == TRUNCATED)
		return "CTRUNC";
	else if (result == KILLED)
		return "killed";
	else if (result == MARKED)
		return "marked";
	else if (result < 0)
		snprintf(buf, 40, "outcome %d", result);
	else
		return result ? strerrorname_np(result) : "ok";
	return buf;
}

static void usage(void)
{
	for (size_t i = 0; i < N_TABLES; i++)
		for (const struct operation *op = tables[i]; op->name; op++)
			fprintf(stderr, "usage: try %s %s\n", op->name, op->synopsis);
	fprintf(stderr, "usage: try all JOBS\n");
	exit(TROUBLE);
}

int run_words(char **word)
{
	int n = 0;

	while (word[n])
		n++;
	for (size_t i = 0; n && i < N_TABLES; i++)
		for (const struct operation *op = tables[i]; op->name; op++)
			if (!strcmp(op->name, word[0]) && n - 1 >= op->args)
				return op->run(word + 1);
	warnx("no such operation, or arguments missing: %s", n ? word[0] : "");
	usage();
	return TROUBLE;
}

/* ---- many ---- */

struct job {
	pid_t pid;
	int out; /* where its outcome comes from */
	char text[40];
};

static void start(struct job *job, char *line)
{
	char *word[WORDS_MAX] = {NULL}, text[40], *save = NULL;
	const char *result;
	int pipe_fd[2], n = 0;

	(void)fflush(NULL);
	if (pipe(pipe_fd) < 0 || (job->pid = fork()) < 0)
		err(TROUBLE, "fork");
	if (job->pid) {
		(void)close(pipe_fd[1]);
		job->out = pipe_fd[0];
		return;
	}
	(void)close(pipe_fd[0]);
	/* A group of its own: what it leaves running can be ended with it. */
	(void)setpgid(0, 0);
	(void)alarm(HANG_SEC);
	for (char *w = strtok_r(line, " ", &save); w && n < WORDS_MAX - 1;
	     w = strtok_r(NULL, " ", &save))
		word[n++] = w;
	result = outcome_text(run_words(word), text);
	(void)dprintf(pipe_fd[1], "%s\n", result);
	_exit(0);
}

static void finish(struct job *job, int status)
{
	ssize_t n;

	/* Before reading: what is left running has the other end too. */
	(void)kill(-job->pid, SIGKILL);
	n = read(job->out, job->text, sizeof(job->text) - 1);
	(void)close(job->out);
	if (n > 0)
		job->text[strcspn(job->text, "\n")] = '\0';
	else
		strcpy(job->text,
		       WIFSIGNALED(status) && WTERMSIG(status) == SIGALRM ? "hung" : "trouble");
	job->pid = 0;
}

static void wait_one(struct job *jobs, size_t n)
{
	int status;
	pid_t pid = wait(&status);

	for (size_t i = 0; i < n; i++)
		if (pid > 0 && jobs[i].pid == pid)
			finish(&jobs[i], status);
}

static void all(size_t at_once)
{
	static struct job jobs[LINES_MAX];
	char *line = NULL;
	size_t size = 0, n = 0, running = 0;

	for (; n < LINES_MAX && getline(&line, &size, stdin) > 0; n++) {
		line[strcspn(line, "\n")] = '\0';
		if (!strcmp(line, "-")) {
			strcpy(jobs[n].text, "-");
			continue;
		}
		if (running == at_once)
			wait_one(jobs, n);
		else
			running++;
		start(&jobs[n], line);
	}
	while (running--)
		wait_one(jobs, n);
	for (size_t i = 0; i < n; i++)
		puts(jobs[i].text);
	free(line);
}

int main(int argc, char **argv)
{
	char text[40];
	int jobs = argc == 3 && !strcmp(argv[1], "all") ? atoi(argv[2]) : 0;

	(void)signal(SIGPIPE, SIG_IGN);
	if (argc < 2)
		usage();
	if (jobs > 0)
		all((size_t)(jobs < JOBS_MAX ? jobs : JOBS_MAX));
	else
		puts(outcome_text(run_words(argv + 1), text));
	return 0;
}
