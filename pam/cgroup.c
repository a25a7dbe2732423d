// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Find the cgroup2 tree, make the session's leaf at the right place, enter it, and take all that
 * back. */
#include "cgroup.h"
#include "util.h"

#include <linux/magic.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/vfs.h>

enum {
	/* A container host may have tens of thousands of mounts; more than this is not a mount
	   table. */
	PROC_TEXT_MAX = 16 << 20,
	PROC_TEXT_STEP = 16 << 10,
	DIR_FLAGS = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC,
};

/* --- files and directories */

static int read_all(int fd, char **ret_text)
{
	eg_auto_free char *text = NULL;
	size_t used = 0, size = 0;

	for (;;) {
		ssize_t n;

		if (size - used < 2) {
			char *bigger;

			if (size >= PROC_TEXT_MAX)
				return -EFBIG;
			size = size ? size * 2 : PROC_TEXT_STEP;
			bigger = realloc(text, size);
			if (!bigger)
				return -ENOMEM;
			text = bigger;
		}
		n = read(fd, text + used, size - used - 1);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (n == 0)
			break;
		used += (size_t)n;
	}
	text[used] = '\0';
	*ret_text = eg_take_ptr(&text);
	return 0;
}

/* The text of a /proc file. Owned by the caller. */
static int read_proc(const char *path, char **ret_text, struct eg_why *reterr_why)
{
	eg_auto_close int fd = eg_fd_above_stdio(open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY));
	int r;

	if (fd < 0)
		return eg_why_set(reterr_why, fd, "cannot open %s: %m", path);
	r = read_all(fd, ret_text);
	if (r < 0)
		return eg_why_set(reterr_why, r, "cannot read %s: %m", path);
	return 0;
}

static int open_dir(int at, const char *path)
{
	return eg_fd_above_stdio(openat(at, path, DIR_FLAGS));
}

/* Is this directory root's, so that no user can move processes in or out through it? 0, -EPERM,
 * fstat's errno. */
static int check_owner(int fd)
{
	struct stat st = {0};

	if (fstat(fd, &st) < 0)
		return -errno;
	return st.st_uid == 0 && !(st.st_mode & (S_IWGRP | S_IWOTH)) ? 0 : -EPERM;
}

/* Opens the mount's top when it is what mountinfo says: something else may be mounted over it
 * since. */
static int open_mount(const struct eg_mount *mount)
{
	eg_auto_close int fd = open_dir(AT_FDCWD, mount->point);
	struct statfs fs = {0};

	if (fd < 0)
		return fd;
	if (fstatfs(fd, &fs) < 0)
		return -errno;
	if (fs.f_type != CGROUP2_SUPER_MAGIC)
		return -ENOENT;
	return eg_take_fd(&fd);
}

/*
 * The first usable mount, of those whose root is "/" or of the others. 1 and both results, 0 =
 * none, -ENOMEM; *error is why the last unusable one was that.
 */
static int find_mount_pass(const char *mountinfo, const char *own, bool whole, int *error,
			   struct eg_mount *ret_mount, int *ret_fd)
{
	struct eg_mount mount = {0};
	int r;

	while ((r = eg_mount_next(&mountinfo, &mount)) > 0) {
		bool is_whole = strcmp(mount.root, "/") == 0;
		int fd = -ENOENT;

		if (is_whole == whole && eg_cgroup_below(own, mount.root))
			fd = open_mount(&mount);
		if (fd >= 0) {
			*ret_mount = mount;
			*ret_fd = fd;
			return 1;
		}
		if (fd != -ENOENT)
			*error = fd;
		eg_mount_done(&mount);
	}
	return r;
}

static int find_mount(const char *path, const char *own, struct eg_mount *ret_mount, int *ret_fd,
		      struct eg_why *reterr_why)
{
	eg_auto_free char *text = NULL;
	int r = read_proc(path, &text, reterr_why), error = -ENOENT;

	if (!text)
		return r;
	r = find_mount_pass(text, own, true, &error, ret_mount, ret_fd);
	if (r == 0)
		r = find_mount_pass(text, own, false, &error, ret_mount, ret_fd);
	if (r == 0)
		return eg_why_set(reterr_why, error,
				  "no usable cgroup2 mount in %s for our cgroup %s: %m", path, own);
	if (r < 0)
		return eg_why_set(reterr_why, r, "cannot search %s: %m", path);
	return 0;
}

static int find_own_path(const char *self, char **ret_path, struct eg_why *reterr_why)
{
	eg_auto_free char *text = NULL;
	int r = read_proc(self, &text, reterr_why);

	if (!text)
		return r;
	r = eg_cgroup_own_path(text, ret_path);
	if (r < 0)
		return eg_why_set(reterr_why, r, "no usable line \"0::\" in %s: %m", self);
	return 0;
}

/* --- the place for the leaf */

/*
 * Opens a directory below the mount one component at a time, as long as each is root's: below one
 * that is a user's (a delegated one, where he can make a session-1.scope himself) he could walk out
 * of the leaf. Returns the descriptor, -EPERM for a component of another owner, openat's errno.
 */
static int open_roots_own(int top_fd, const char *path, size_t len)
{
	eg_auto_free char *copy = strndup(path, len);
	eg_auto_close int fd = -1;
	char *save = NULL;

	if (!copy)
		return -ENOMEM;
	for (char *p = strtok_r(copy, "/", &save); p; p = strtok_r(NULL, "/", &save)) {
		int next = open_dir(fd < 0 ? top_fd : fd, p), r;

		if (next < 0)
			return next;
		eg_close_p(&fd);
		fd = next;
		r = check_owner(fd);
		if (r < 0)
			return r;
	}
	return eg_take_fd(&fd);
}

/* <cgroup2>/ebpfguard, made when missing. What exists there must be a directory, and root's alone.
 */
static int open_own_dir(int top_fd, const char *point, struct eg_why *reterr_why)
{
	eg_auto_close int fd = -1;
	int r;

	if (mkdirat(top_fd, EG_LEAF_DIR, 0755) < 0 && errno != EEXIST)
		return eg_why_set(reterr_why, -errno, "cannot make %s/" EG_LEAF_DIR ": %m", point);
	fd = open_dir(top_fd, EG_LEAF_DIR);
	if (fd < 0)
		return eg_why_set(reterr_why, fd, "cannot open %s/" EG_LEAF_DIR ": %m", point);
	r = check_owner(fd);
	if (r < 0)
		return eg_why_set(reterr_why, r, "%s/" EG_LEAF_DIR " is not root's alone: %m",
				  point);
	return eg_take_fd(&fd);
}

/* Opens the directory the leaf belongs in and names it in *ret_path (owned by the caller). */
static int open_parent(int top_fd, const struct eg_mount *mount, const char *below, char **ret_path,
		       struct eg_why *reterr_why)
{
	size_t scope = eg_cgroup_scope_len(below);
	eg_auto_close int fd = -1;
	const char *point = strcmp(mount->point, "/") == 0 ? "" : mount->point;
	char *path = NULL;

	if (scope) {
		fd = open_roots_own(top_fd, below, scope);
		if (fd < 0 && fd != -EPERM)
			return eg_why_set(reterr_why, fd, "cannot open session scope %s/%.*s: %m",
					  point, (int)scope, below);
	}
	if (fd < 0) {
		scope = 0;
		fd = open_own_dir(top_fd, point, reterr_why);
		if (fd < 0)
			return fd;
	}
	if (asprintf(&path, "%s/%.*s", point, scope ? (int)scope : (int)strlen(EG_LEAF_DIR),
		     scope ? below : EG_LEAF_DIR) < 0)
		return eg_why_set(reterr_why, -ENOMEM, "no memory for a path");
	*ret_path = path;
	return eg_take_fd(&fd);
}

/* Opens the way back first: a process that could not return must not leave. */
static int open_origin(struct eg_cgroup *cg, int top_fd, const struct eg_mount *mount,
		       const char *below, struct eg_why *reterr_why)
{
	eg_auto_close int dir = -1;

	if (asprintf(&cg->origin, "%s/%s", mount->point, below) < 0) {
		cg->origin = NULL;
		return eg_why_set(reterr_why, -ENOMEM, "no memory for a path");
	}
	dir = open_dir(top_fd, *below ? below : ".");
	if (dir < 0)
		return eg_why_set(reterr_why, dir, "cannot open our own cgroup %s: %m", cg->origin);
	cg->origin_fd = eg_fd_above_stdio(openat(dir, "cgroup.procs", O_WRONLY | O_CLOEXEC));
	if (cg->origin_fd < 0)
		return eg_why_set(reterr_why, cg->origin_fd, "cannot open %s/cgroup.procs: %m",
				  cg->origin);
	return 0;
}

/* --- the leaf */

static int choose_name(char *name, size_t size)
{
	unsigned char random[EG_LEAF_RANDOM / 2];
	size_t used = sizeof(EG_LEAF_PREFIX) - 1;
	ssize_t n;

	do /* not blocking: at boot, waiting for entropy would outlast any deadline */
		n = getrandom(random, sizeof(random), GRND_NONBLOCK);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return -errno;
	if (n != (ssize_t)sizeof(random))
		return -EAGAIN;
	memcpy(name, EG_LEAF_PREFIX, used);
	for (size_t i = 0; i < sizeof(random); i++, used += 2)
		(void)snprintf(name + used, size - used, "%02x", random[i]); /* fits by its type */
	return 0;
}

static int make_leaf(struct eg_cgroup *cg, const char *parent, struct eg_why *reterr_why)
{
	int r = choose_name(cg->name, sizeof(cg->name));

	if (r < 0)
		return eg_why_set(reterr_why, r, "no random bytes for the cgroup's name: %m");
	if (asprintf(&cg->path, "%s/%s", parent, cg->name) < 0) {
		cg->path = NULL;
		return eg_why_set(reterr_why, -ENOMEM, "no memory for a path");
	}
	if (mkdirat(cg->parent_fd, cg->name, 0755) < 0)
		return eg_why_set(reterr_why, -errno,
				  errno == EAGAIN ? "cannot make cgroup %s: limit of "
						    "cgroup.max.depth or cgroup.max.descendants "
						    "reached above it"
						  : "cannot make cgroup %s: %m",
				  cg->path);
	cg->made = true;
	cg->fd = open_dir(cg->parent_fd, cg->name);
	if (cg->fd < 0)
		return eg_why_set(reterr_why, cg->fd, "cannot open cgroup %s: %m", cg->path);
	r = check_owner(cg->fd);
	if (r < 0)
		return eg_why_set(reterr_why, r, "cgroup %s is not root's alone: %m", cg->path);
	return 0;
}

static int make_below(struct eg_cgroup *cg, int top_fd, const struct eg_mount *mount,
		      const char *own, struct eg_why *reterr_why)
{
	const char *below = eg_cgroup_below(own, mount->root); /* not NULL: find_mount saw to it */
	eg_auto_free char *parent = NULL;
	int r = open_origin(cg, top_fd, mount, below, reterr_why);

	if (r < 0)
		return r;
	cg->parent_fd = open_parent(top_fd, mount, below, &parent, reterr_why);
	if (cg->parent_fd < 0)
		return cg->parent_fd;
	return make_leaf(cg, parent, reterr_why);
}

int eg_cgroup_make(struct eg_cgroup *cg, const char *mountinfo, const char *self,
		   struct eg_why *reterr_why)
{
	eg_auto_free char *own = NULL;
	eg_auto_close int top_fd = -1;
	struct eg_mount mount = {0};
	int r = find_own_path(self, &own, reterr_why);

	if (r < 0)
		return r;
	r = find_mount(mountinfo, own, &mount, &top_fd, reterr_why);
	if (!mount.point)
		return r;
	r = make_below(cg, top_fd, &mount, own, reterr_why);
	eg_mount_done(&mount);
	return r;
}

/* "0" is the writing process, all its threads, in whatever pid namespace it is. */
static int move_here(int procs_fd)
{
	ssize_t n;

	do
		n = write(procs_fd, "0", 1);
	while (n < 0 && errno == EINTR);
	return n < 0 ? -errno : 0;
}

int eg_cgroup_enter(struct eg_cgroup *cg, struct eg_why *reterr_why)
{
	eg_auto_close int procs =
		eg_fd_above_stdio(openat(cg->fd, "cgroup.procs", O_WRONLY | O_CLOEXEC));
	int r;

	if (procs < 0)
		return eg_why_set(reterr_why, procs, "cannot open %s/cgroup.procs: %m", cg->path);
	r = move_here(procs);
	if (r == -EOPNOTSUPP)
		return eg_why_set(reterr_why, r,
				  "cannot enter cgroup %s: its parent is a threaded cgroup or has "
				  "processes under a controller",
				  cg->path);
	if (r < 0)
		return eg_why_set(reterr_why, r, "cannot enter cgroup %s from %s: %m", cg->path,
				  cg->origin);
	cg->entered = true;
	return 0;
}

int eg_cgroup_undo(struct eg_cgroup *cg, struct eg_why *reterr_why)
{
	int r = 0;

	if (cg->entered)
		r = move_here(cg->origin_fd);
	if (r < 0)
		(void)eg_why_set(reterr_why, r, "cannot go back to cgroup %s: %m; still in %s",
				 cg->origin, cg->path);
	else if (cg->made && unlinkat(cg->parent_fd, cg->name, AT_REMOVEDIR) < 0 && errno != ENOENT)
		r = eg_why_set(reterr_why, -errno, "cannot remove cgroup %s: %m", cg->path);
	eg_cgroup_done(cg);
	return r;
}

void eg_cgroup_done(struct eg_cgroup *cg)
{
	eg_close_p(&cg->origin_fd);
	eg_close_p(&cg->parent_fd);
	eg_close_p(&cg->fd);
	free(cg->origin);
	free(cg->path);
	*cg = (struct eg_cgroup)EG_CGROUP_INIT;
}
