// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Leaving the session's cgroup, and reaching into those of others. */
#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "try.h"

enum { PATH_SIZE = 8192 };

/* "own" is the caller's, "of-WHO" that of a process, "parent" the one above the caller's; else a
 * path below /sys/fs/cgroup. */
static int dir_of(const char *word, char path[static PATH_SIZE])
{
	char name[64], line[PATH_SIZE - 64] = "";
	FILE *f;

	if (*word == '/') {
		snprintf(path, PATH_SIZE, "/sys/fs/cgroup%s", strcmp(word, "/") != 0 ? word : "");
		return 0;
	}
	snprintf(name, sizeof(name), "/proc/%d/cgroup",
		 (int)(strncmp(word, "of-", 3) != 0 ? getpid() : pid_of(word + 3)));
	f = fopen(name, "re");
	if (!f || !fgets(line, sizeof(line), f))
		return errno ? errno : ENOENT;
	(void)fclose(f);
	line[strcspn(line, "\n")] = '\0';
	if (!strcmp(word, "parent"))
		*strrchr(line, '/') = '\0';
	snprintf(path, PATH_SIZE, "/sys/fs/cgroup%s", line + 3);
	return 0;
}

static int file_of(const char *word, const char *file, char path[static PATH_SIZE])
{
	int r = dir_of(word, path);
	size_t n = strlen(path);

	snprintf(path + n, PATH_SIZE - n, "/%s", file);
	return r;
}

/* Writes text to a file of a cgroup. */
static int write_file(char **arg)
{
	char path[PATH_SIZE];
	int fd, r = file_of(arg[0], arg[1], path);

	if (r)
		return r;
	fd = open(path, O_WRONLY | O_CLOEXEC);
	return outcome(fd < 0 ? -1 : write(fd, arg[2], strlen(arg[2])));
}

/* Opens it for writing only: where the write itself would do harm. */
static int open_file(char **arg)
{
	char path[PATH_SIZE];
	int r = file_of(arg[0], arg[1], path);

	return r ? r : outcome(open(path, O_RDWR | O_CLOEXEC));
}

static int move_to(char **arg)
{
	return write_file((char *[]){arg[0], "cgroup.procs", "0"});
}

/* Undone at once. */
static int make_dir(char **arg)
{
	char path[PATH_SIZE], name[32];
	int r;

	snprintf(name, sizeof(name), "try-%d", (int)getpid());
	r = file_of(arg[0], name, path);
	if (!r)
		r = outcome(mkdir(path, 0755));
	if (!r)
		(void)rmdir(path);
	return r;
}

/* Made again at once. */
static int remove_dir(char **arg)
{
	char path[PATH_SIZE];
	int r = dir_of(arg[0], path);

	if (!r)
		r = outcome(rmdir(path));
	if (!r)
		(void)mkdir(path, 0755);
	return r;
}

static int set_mode(char **arg)
{
	char path[PATH_SIZE];
	struct stat st;
	int r = file_of(arg[0], arg[1], path);

	if (!r)
		r = outcome(stat(path, &st));
	return r ? r : outcome(chmod(path, st.st_mode & 07777));
}

static int set_xattr(char **arg)
{
	char path[PATH_SIZE];
	int r = dir_of(arg[0], path);

	if (!r)
		r = outcome(setxattr(path, "user.try", "x", 1, 0));
	return r ? r : outcome(removexattr(path, "user.try"));
}

static int clone_into(char **arg)
{
	char path[PATH_SIZE];
	int fd, r = dir_of(arg[0], path);

	if (r)
		return r;
	fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return fd < 0 ? errno : in_child(arg + 1, CLONE_INTO_CGROUP, fd);
}

/* Control: below one's own, and back. */
static int move_below(char **arg)
{
	char dir[PATH_SIZE], path[PATH_SIZE + 64], name[32];
	int fd, r;

	(void)arg;
	snprintf(name, sizeof(name), "below-%d", (int)getpid());
	r = file_of("own", name, dir);
	if (!r)
		r = outcome(mkdir(dir, 0755));
	if (r)
		return r;
	snprintf(path, sizeof(path), "%s/cgroup.procs", dir);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	r = outcome(fd < 0 ? -1 : write(fd, "0", 1));
	if (!r)
		r = move_to((char *[]){"parent"});
	(void)rmdir(dir);
	return r;
}

const struct operation cgroup_ops[] = {
	{"move-to", 1, move_to, "CGROUP"},
	{"cgroup-write", 3, write_file, "CGROUP FILE TEXT"},
	{"cgroup-open", 2, open_file, "CGROUP FILE"},
	{"cgroup-mkdir", 1, make_dir, "CGROUP"},
	{"cgroup-rmdir", 1, remove_dir, "CGROUP"},
	{"cgroup-chmod", 2, set_mode, "CGROUP FILE"},
	{"cgroup-xattr", 1, set_xattr, "CGROUP"},
	{"clone-into", 2, clone_into, "CGROUP OPERATION..."},
	{"move-below", 0, move_below, ""},
	{0},
};
