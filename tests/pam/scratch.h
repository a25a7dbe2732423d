/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * A corner of the machine's own cgroup2 tree for one test program: <cgroup2>/eg-test-PID and
 * session-1.scope below it. What a test needs and this machine lacks skips it, or fails it when
 * EG_MUST_RUN=1.
 */
#ifndef EG_TESTS_SCRATCH_H
#define EG_TESTS_SCRATCH_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "proto.h"

struct scratch {
	char root[64];	  /* the cgroup2 mount */
	char origin[512]; /* our cgroup at the start, relative to root, with leading slash */
	char base[128];	  /* root/eg-test-PID */
	char scope[160];  /* base/session-1.scope */
	const char *lack; /* why nothing can be tested; NULL = fine */
	bool own_dir_was; /* root/ebpfguard existed before us */
};

static inline bool must_run(void)
{
	const char *v = getenv("EG_MUST_RUN");

	return v && strcmp(v, "1") == 0;
}

/* Ends the test as skipped, with its reason; under EG_MUST_RUN as failed. */
#define lacking(reason)                                                                            \
	do {                                                                                       \
		if (must_run())                                                                    \
			fail_msg("EG_MUST_RUN=1, but %s", reason);                                 \
		print_message("SKIP: %s\n", reason);                                               \
		skip();                                                                            \
	} while (0)

static inline int write_text(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC | O_CREAT, 0644);
	ssize_t n = fd < 0 ? -1 : write(fd, text, strlen(text));
	int saved = errno;

	if (fd >= 0)
		close(fd);
	return n == (ssize_t)strlen(text) ? 0 : -saved;
}

static inline int read_text(const char *path, char *to, size_t size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, to, size - 1);

	if (fd >= 0)
		close(fd);
	to[n > 0 ? n : 0] = '\0';
	return n < 0 ? -1 : 0;
}

/* Our cgroup as the kernel says it: "/a/b". */
static inline void own_cgroup(char *to, size_t size)
{
	char text[8192], *p;

	assert_int_equal(read_text("/proc/self/cgroup", text, sizeof(text)), 0);
	p = strstr(text, "0::");
	assert_non_null(p);
	p[strcspn(p, "\n")] = '\0';
	(void)snprintf(to, size, "%s", p + 3);
}

/* Moves the whole process. */
static inline void go_to(const char *dir)
{
	char procs[1024];

	(void)snprintf(procs, sizeof(procs), "%s/cgroup.procs", dir);
	assert_int_equal(write_text(procs, "0"), 0);
}

/* Leaves below a directory: how many of the names the module makes. */
static inline int count_leaves(const char *dir)
{
	DIR *d = opendir(dir);
	int n = 0;

	for (struct dirent *e; d && (e = readdir(d));)
		n += strncmp(e->d_name, EG_LEAF_PREFIX, strlen(EG_LEAF_PREFIX)) == 0;
	if (d)
		closedir(d);
	return n;
}

static inline int count_fds(void)
{
	int n = 0;

	for (int fd = 0; fd < 4096; fd++)
		n += fcntl(fd, F_GETFD) >= 0;
	return n;
}

/* Works as a cmocka group setup too: never fails, says what is lacking in s->lack. */
static inline void scratch_init(struct scratch *s)
{
	static const char *const roots[] = {"/sys/fs/cgroup/unified", "/sys/fs/cgroup"};
	char path[256];
	struct statfs fs;

	memset(s, 0, sizeof(*s));
	for (size_t i = 0; i < 2 && !*s->root; i++)
		if (statfs(roots[i], &fs) == 0 && fs.f_type == CGROUP2_SUPER_MAGIC)
			(void)snprintf(s->root, sizeof(s->root), "%s", roots[i]);
	if (geteuid() != 0)
		s->lack = "not root";
	else if (!*s->root)
		s->lack = "no cgroup2 mount";
	if (s->lack)
		return;
	own_cgroup(s->origin, sizeof(s->origin));
	(void)snprintf(path, sizeof(path), "%s/" EG_LEAF_DIR, s->root);
	s->own_dir_was = access(path, F_OK) == 0;
	(void)snprintf(s->base, sizeof(s->base), "%s/eg-test-%d", s->root, (int)getpid());
	(void)snprintf(s->scope, sizeof(s->scope), "%s/session-1.scope", s->base);
	if (mkdir(s->base, 0755) < 0 || mkdir(s->scope, 0755) < 0)
		s->lack = "cannot make cgroups";
}

static inline void go_home(const struct scratch *s)
{
	char dir[600];

	(void)snprintf(dir, sizeof(dir), "%s%s", s->root, s->origin);
	go_to(dir);
}

static inline void scratch_done(const struct scratch *s)
{
	char path[256];

	if (s->lack)
		return;
	go_home(s);
	(void)rmdir(s->scope);
	if (rmdir(s->base) < 0)
		print_error("left behind: %s: %s\n", s->base, strerror(errno));
	(void)snprintf(path, sizeof(path), "%s/" EG_LEAF_DIR, s->root);
	if (!s->own_dir_was)
		(void)rmdir(path);
}

#endif
