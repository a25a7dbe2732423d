/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Programs that ebpfguardctl asks or has do something. */
#ifndef EG_CTL_RUN_H
#define EG_CTL_RUN_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* From now on SIGINT, SIGTERM and SIGHUP do not end us: what waits is cut short, and stopped says
 * so. SIGPIPE neither. */
void eg_ctl_run_watch(void);
bool eg_ctl_run_stopped(void);

/*
 * Runs a program to its end, which is found as a shell would find it, with nothing to read.
 * argv: NULL behind the last; borrowed. out: takes what it prints, size bytes, cut to fit, with a
 * NUL behind. errors: what it says on stderr is taken, too, and else goes nowhere.
 * timeout_ms: then it is killed.
 * Returns its exit status, 127 when there is no such program, 128 + N when signal N has ended it,
 * -ETIMEDOUT, or another negative errno.
 */
int eg_ctl_run(const char *const *argv, char *out, size_t size, bool errors, int timeout_ms);

/* A program that goes on. */
struct eg_ctl_child {
	pid_t pid; /* 0 = there is none */
	int in;	   /* write end of what it reads; -1 = none */
	int out;   /* read end of what it prints, stderr too */
};
#define EG_CTL_CHILD_NONE                                                                          \
	{                                                                                          \
		.pid = 0, .in = -1, .out = -1                                                      \
	}

/* Starts one. Returns 0, or a negative errno. */
int eg_ctl_child_start(const char *const *argv, struct eg_ctl_child *ret);

/* Reads on behind the *used bytes in buf, for so long or until it says `word`, NULL = until it
 * ends. Of what has no room the beginning is kept without a word, else the end. True: it has
 * said it. */
bool eg_ctl_child_says(const struct eg_ctl_child *child, const char *word, char *buf, size_t size,
		       size_t *used, int timeout_ms);

/* Closes both ends and waits for it, or kills it after so long. Returns as eg_ctl_run. */
int eg_ctl_child_end(struct eg_ctl_child *child, int timeout_ms);

#endif
