// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Things to be recorded: many programs, and ends of all kinds. */
#include <err.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>

#include "try.h"

enum { STATUSES = 200 };

static int exits(char **arg)
{
	exit(atoi(arg[0]));
}

/* Programs one after the other, each with its number, which its status is made of too, and with one
 * argument more if there is one. Prints how many ended as they should. */
static int storm(char **arg)
{
	int n = atoi(arg[0]), good = 0;

	for (int i = 0; i < n; i++) {
		char number[12], status[12];
		char *const argv[] = {"try", "exits", status, number, arg[1], NULL};
		char *const envp[] = {NULL};
		int how = 0;
		pid_t pid;

		(void)snprintf(number, sizeof(number), "%d", i);
		(void)snprintf(status, sizeof(status), "%d", i % STATUSES);
		if (posix_spawn(&pid, "/proc/self/exe", NULL, NULL, argv, envp))
			err(TROUBLE, "posix_spawn");
		if (waitpid(pid, &how, 0) == pid && WIFEXITED(how) &&
		    WEXITSTATUS(how) == i % STATUSES)
			good++;
	}
	printf("%d\n", good);
	exit(0);
}

const struct operation story_ops[] = {
	{"exits", 1, exits, "STATUS"},
	{"storm", 1, storm, "PROGRAMS [ARGUMENT]"},
	{0},
};
