// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * File systems that lie above or beside others: overlays of one's own, subvolumes and snapshots of
 * btrfs, mounts with other owners. For attempts at files that rules are about, and for the world
 * that these need.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/btrfs.h>
#include <linux/btrfs_tree.h>
#include <linux/fs.h>
#include <linux/fsverity.h>
#include <linux/mount.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "try.h"

enum { TEXT_SIZE = 1024 };

static int put(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : write(fd, text, strlen(text));

	if (fd >= 0)
		(void)close(fd);
	return outcome(n);
}

/* ---- overlays ---- */

/* In a mount namespace where we are root, if we are not already. */
static int in_own_mounts(char **arg)
{
	char map[64];
	uid_t uid = getuid();
	gid_t gid = getgid();
	int r;

	if (unshare(uid ? CLONE_NEWUSER | CLONE_NEWNS : CLONE_NEWNS) < 0)
		return errno;
	if (!uid && mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
		return errno;
	if (uid) {
		(void)put("/proc/self/setgroups", "deny");
		snprintf(map, sizeof(map), "%d %d 1", (int)uid, (int)uid);
		r = put("/proc/self/uid_map", map);
		snprintf(map, sizeof(map), "%d %d 1", (int)gid, (int)gid);
		r = r ? r : put("/proc/self/gid_map", map);
		if (r)
			return r;
	}
	return run_words(arg);
}

/* UPPER "-": none, and WORK is a second layer below. */
static int overlay(char **arg)
{
	char text[TEXT_SIZE];

	if (!strcmp(arg[1], "-"))
		snprintf(text, sizeof(text), "lowerdir=%s:%s", arg[0], arg[2]);
	else
		snprintf(text, sizeof(text), "lowerdir=%s,upperdir=%s,workdir=%s%s", arg[0], arg[1],
			 arg[2], getuid() ? ",userxattr" : "");
	return outcome(mount("none", arg[3], "overlay", 0, text));
}

static int set(int fs, const char *key, const char *value)
{
	return outcome(syscall(SYS_fsconfig, fs, FSCONFIG_SET_STRING, key, value, 0));
}

/* By the new calls, used without being attached anywhere: DIR is not needed. */
static int overlay_detached(char **arg)
{
	char text[TEXT_SIZE];
	int fs = (int)syscall(SYS_fsopen, "overlay", FSOPEN_CLOEXEC), fd, r;

	if (fs < 0)
		return errno;
	snprintf(text, sizeof(text), "%s:%s", arg[0], arg[1]);
	r = set(fs, "lowerdir", text);
	if (!r)
		r = outcome(syscall(SYS_fsconfig, fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0));
	if (r)
		return r;
	fd = (int)syscall(SYS_fsmount, fs, FSMOUNT_CLOEXEC, 0);
	r = outcome(fd);
	r = r ? r : outcome(fchdir(fd));
	return r ? r : run_words(arg + 2);
}

/* ---- btrfs ---- */

static int at_dir(const char *dir, unsigned long request, void *what)
{
	int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC), r;

	if (fd < 0)
		return errno;
	r = outcome(ioctl(fd, request, what));
	(void)close(fd);
	return r;
}

static void name_to(char *to, size_t size, const char *name)
{
	snprintf(to, size, "%s", name);
}

static int subvolume(char **arg)
{
	struct btrfs_ioctl_vol_args v = {0};

	name_to(v.name, sizeof(v.name), arg[1]);
	return at_dir(arg[0], BTRFS_IOC_SUBVOL_CREATE, &v);
}

/* By the other call, and away again. */
static int subvolume_tried(char **arg)
{
	struct btrfs_ioctl_vol_args_v2 v = {0};
	char path[TEXT_SIZE];
	int r;

	name_to(v.name, sizeof(v.name), arg[1]);
	r = at_dir(arg[0], BTRFS_IOC_SUBVOL_CREATE_V2, &v);
	snprintf(path, sizeof(path), "%s/%s", arg[0], arg[1]);
	if (!r)
		(void)rmdir(path);
	return r;
}

static int snapshot_old(char **arg)
{
	struct btrfs_ioctl_vol_args v = {.fd = open(arg[0], O_RDONLY | O_DIRECTORY | O_CLOEXEC)};

	if (v.fd < 0)
		return errno;
	name_to(v.name, sizeof(v.name), arg[2]);
	return at_dir(arg[1], BTRFS_IOC_SNAP_CREATE, &v);
}

static int snapshot_new(char **arg, uint64_t flags)
{
	struct btrfs_ioctl_vol_args_v2 v = {.flags = flags};

	v.fd = open(arg[0], O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (v.fd < 0)
		return errno;
	name_to(v.name, sizeof(v.name), arg[2]);
	return at_dir(arg[1], BTRFS_IOC_SNAP_CREATE_V2, &v);
}

static int snapshot(char **arg)
{
	return snapshot_new(arg, 0);
}

static int snapshot_fixed(char **arg)
{
	return snapshot_new(arg, BTRFS_SUBVOL_RDONLY);
}

/* By either call, and away again. */
static int snapshot_gone(char **arg, int r)
{
	struct btrfs_ioctl_vol_args v = {0};

	name_to(v.name, sizeof(v.name), arg[2]);
	if (!r)
		(void)at_dir(arg[1], BTRFS_IOC_SNAP_DESTROY, &v);
	return r;
}

static int snapshot_tried(char **arg)
{
	return snapshot_gone(arg, snapshot(arg));
}

static int snapshot_old_tried(char **arg)
{
	return snapshot_gone(arg, snapshot_old(arg));
}

/* A subvolume removed without a look at what is in it, and one made in its place. */
static int subvolume_destroyed(char **arg)
{
	struct btrfs_ioctl_vol_args v = {0};
	int r;

	name_to(v.name, sizeof(v.name), arg[1]);
	r = at_dir(arg[0], BTRFS_IOC_SNAP_DESTROY, &v);
	return r ? r : subvolume(arg);
}

/* All that a subvolume holds, without opening a file of it. It must be read-only. */
static int sent(char **arg)
{
	int fds[2], dir = open(arg[0], O_RDONLY | O_DIRECTORY | O_CLOEXEC), r, status;
	struct btrfs_ioctl_send_args send = {0};
	char buf[4096];
	ssize_t n, all = 0;
	pid_t pid;

	if (dir < 0 || pipe2(fds, O_CLOEXEC) < 0)
		return errno;
	pid = fork();
	if (!pid) {
		(void)close(fds[0]);
		send.send_fd = fds[1];
		_exit(outcome(ioctl(dir, BTRFS_IOC_SEND, &send)));
	}
	(void)close(fds[1]);
	while ((n = read(fds[0], buf, sizeof(buf))) > 0)
		all += n;
	if (waitpid(pid, &status, 0) < 0 || !WIFEXITED(status))
		return EIO;
	r = WEXITSTATUS(status);
	return r ? r : all > 0 ? 0 : ENODATA;
}

/* The trees in which btrfs keeps what small files hold. */
static int searched(char **arg)
{
	struct btrfs_ioctl_search_args s = {.key = {.max_objectid = UINT64_MAX,
						    .max_offset = UINT64_MAX,
						    .max_transid = UINT64_MAX,
						    .min_type = BTRFS_EXTENT_DATA_KEY,
						    .max_type = BTRFS_EXTENT_DATA_KEY,
						    .nr_items = 16}};
	int r = at_dir(arg[0], BTRFS_IOC_TREE_SEARCH, &s);

	return r ? r : s.key.nr_items ? 0 : ENODATA;
}

/* ---- what an open descriptor is enough for ---- */

/* Nobody can write to the file after that. */
static int verity(char **arg)
{
	struct fsverity_enable_arg v = {.version = 1, .hash_algorithm = 1, .block_size = 4096};
	int fd = open(arg[0], O_RDONLY | O_CLOEXEC), r;

	if (fd < 0)
		return errno;
	r = outcome(ioctl(fd, FS_IOC_ENABLE_VERITY, &v));
	return r == ENOTTY || r == EOPNOTSUPP ? ABSENT - r : r;
}

/* Where the file system has it, the owner makes it another file for who goes by the generation. */
static int version(char **arg)
{
	long generation = 1;
	int fd = open(arg[0], O_WRONLY | O_CLOEXEC);

	return fd < 0 ? errno : outcome(ioctl(fd, FS_IOC_SETVERSION, &generation));
}

/* An access list taken away, and put back. */
static int acl_removed(char **arg)
{
	const char *name = "system.posix_acl_access";
	char acl[256];
	ssize_t n = getxattr(arg[0], name, acl, sizeof(acl));
	int r = outcome(n < 0 ? -1 : removexattr(arg[0], name));

	if (!r)
		(void)setxattr(arg[0], name, acl, (size_t)n, 0);
	return r;
}

/* ---- mounts with other owners ---- */

/* A user namespace that maps the owners on the disk to those that are seen. */
static int make_map(int on_disk, int seen)
{
	char path[64], map[64];
	pid_t pid = fork();
	int fd;

	if (!pid) {
		if (unshare(CLONE_NEWUSER) < 0)
			_exit(1);
		(void)raise(SIGSTOP);
		_exit(0);
	}
	if (pid < 0 || waitpid(pid, NULL, WUNTRACED) < 0)
		return -1;
	snprintf(map, sizeof(map), "%d %d 1", on_disk, seen);
	snprintf(path, sizeof(path), "/proc/%d/uid_map", (int)pid);
	(void)put(path, map);
	snprintf(path, sizeof(path), "/proc/%d/gid_map", (int)pid);
	(void)put(path, map);
	snprintf(path, sizeof(path), "/proc/%d/ns/user", (int)pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	(void)kill(pid, SIGKILL);
	(void)waitpid(pid, NULL, 0);
	return fd;
}

/* FROM TO ON-DISK SEEN */
static int mapped(char **arg)
{
	struct mount_attr attr = {.attr_set = MOUNT_ATTR_IDMAP};
	int tree =
		(int)syscall(SYS_open_tree, AT_FDCWD, arg[0], OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);
	int map = make_map(atoi(arg[2]), atoi(arg[3]));

	if (tree < 0 || map < 0)
		return errno;
	attr.userns_fd = (uint64_t)map;
	if (syscall(SYS_mount_setattr, tree, "", (unsigned)AT_EMPTY_PATH, &attr, sizeof(attr)) < 0)
		return errno;
	return outcome(
		syscall(SYS_move_mount, tree, "", AT_FDCWD, arg[1], MOVE_MOUNT_F_EMPTY_PATH));
}

/* A copy of a mount that is attached nowhere. */
static int in_tree(char **arg)
{
	int fd = (int)syscall(SYS_open_tree, AT_FDCWD, arg[0], OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);
	int r = outcome(fd < 0 ? -1 : fchdir(fd));

	return r ? r : run_words(arg + 1);
}

/* ---- many ---- */

/* Made and removed by one name, N times: each is another file. */
static int flood(char **arg)
{
	int n = atoi(arg[1]);

	for (int i = 0; i < n; i++) {
		int fd = open(arg[0], O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

		if (fd < 0 || close(fd) < 0 || unlink(arg[0]) < 0)
			return errno;
	}
	return 0;
}

const struct operation layer_ops[] = {
	{"own-mounts", 1, in_own_mounts, "OPERATION..."},
	{"overlay", 4, overlay, "LOWER UPPER|- WORK DIR"},
	{"overlay-detached", 3, overlay_detached, "LOWER LOWER OPERATION..."},
	{"subvolume", 2, subvolume, "DIR NAME"},
	{"subvolume-tried", 2, subvolume_tried, "DIR NAME"},
	{"subvolume-destroyed", 2, subvolume_destroyed, "DIR NAME"},
	{"snapshot", 3, snapshot, "OF DIR NAME"},
	{"snapshot-fixed", 3, snapshot_fixed, "OF DIR NAME"},
	{"snapshot-tried", 3, snapshot_tried, "OF DIR NAME"},
	{"snapshot-old-tried", 3, snapshot_old_tried, "OF DIR NAME"},
	{"sent", 1, sent, "SUBVOLUME"},
	{"searched", 1, searched, "DIR"},
	{"verity", 1, verity, "FILE"},
	{"version", 1, version, "FILE"},
	{"acl-removed", 1, acl_removed, "FILE"},
	{"mapped", 4, mapped, "FROM TO ON-DISK SEEN"},
	{"in-tree", 2, in_tree, "DIR OPERATION..."},
	{"flood", 2, flood, "FILE N"},
	{0},
};
