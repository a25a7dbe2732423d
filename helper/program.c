// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Which programs rules and exceptions can name, see program.h. */
#include "program.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "util.h"

enum { SCRIPT_HEAD = 256 /* BINPRM_BUF_SIZE: what the kernel reads of it */ };

/* Could only root put something else at this path? Each directory on the way is looked at. */
static bool is_roots_alone(const char *path)
{
	char prefix[PATH_MAX];
	size_t n = strlen(path);

	if (n >= sizeof(prefix))
		return false;
	for (size_t i = 1; i <= n; i++) {
		struct stat st;

		if (i > 1 && i < n && path[i] != '/')
			continue;
		memcpy(prefix, path, i);
		prefix[i] = '\0';
		if (stat(prefix, &st) < 0 || st.st_uid != 0 || st.st_mode & (S_IWGRP | S_IWOTH))
			return false;
	}
	return true;
}

/* The same for a path and where its links lead. */
static bool is_safe(const char *path)
{
	char *real eg_auto_free = realpath(path, NULL);

	return real && is_roots_alone(path) && is_roots_alone(real);
}

/* The first bytes of a file, zeros behind them. How many, or a negative errno. */
static ssize_t read_head(const char *path, char ret[SCRIPT_HEAD + 1])
{
	int fd eg_auto_close = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	ssize_t n;

	memset(ret, 0, SCRIPT_HEAD + 1);
	n = fd < 0 ? -1 : read(fd, ret, SCRIPT_HEAD);
	return n < 0 ? -errno : n;
}

/* Does it start as a script does? The kernel runs its interpreter, and that is what counts. */
static bool is_script(const char *path)
{
	char head[SCRIPT_HEAD + 1];

	return read_head(path, head) >= 2 && head[0] == '#' && head[1] == '!';
}

const char *eg_program_trouble(const char *path, const struct stat *st, bool with_rules)
{
	if (!S_ISREG(st->st_mode))
		return "it is not a program";
	if (!is_safe(path))
		return "others than root could put something else in its place";
	if (with_rules && is_script(path))
		return "it is a script, and what counts is its interpreter";
	return NULL;
}

int eg_program_interpreter(const char *path, char ret[PATH_MAX])
{
	char head[SCRIPT_HEAD + 1], *name = head + 2;
	ssize_t n = read_head(path, head);
	size_t len;

	if (n < 0)
		return (int)n;
	if (n < 2 || head[0] != '#' || head[1] != '!')
		return -ENOEXEC;
	name += strspn(name, " \t");
	len = strcspn(name, " \t\n");
	if (!len)
		return -ENOEXEC;
	memcpy(ret, name, len);
	ret[len] = '\0';
	return 0;
}
