// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* cgroup2: find the mount, derive ids from descriptors, read who is in. */
#include "cgroup2.h"

#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <linux/magic.h>
#include <mntent.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#include "proto.h"
#include "util.h"

/* kernel: include/linux/exportfs.h, FILEID_KERNFS. Its handle is the 64-bit id. */
enum { FILEID_KERNFS = 0xfe };

union kernfs_handle {
	struct file_handle handle;
	struct {
		unsigned int bytes;
		int type;
		uint64_t id;
	} __attribute__((packed)) fields;
};

int eg_cgroup2_open(struct eg_cgroup2 *ret)
{
	FILE *mounts = setmntent("/proc/self/mounts", "re");
	struct mntent entry;
	char text[EG_CGROUP_PATH_SIZE];
	int r = -ENOENT;

	if (!mounts)
		return -errno;
	while (r == -ENOENT && getmntent_r(mounts, &entry, text, sizeof(text))) {
		int fd;

		if (strcmp(entry.mnt_type, "cgroup2"))
			continue;
		fd = open(entry.mnt_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		if (fd < 0)
			continue;
		ret->root_fd = fd;
		(void)snprintf(ret->root, sizeof(ret->root), "%s", entry.mnt_dir);
		r = 0;
	}
	(void)endmntent(mounts); /* always 1 */
	return r;
}

void eg_cgroup2_close(struct eg_cgroup2 *cg)
{
	eg_close_p(&cg->root_fd);
	cg->root_fd = -1;
}

int eg_cgroup2_open_path(const struct eg_cgroup2 *cg, const char *path)
{
	int fd;

	while (*path == '/')
		path++;
	fd = openat(cg->root_fd, *path ? path : ".",
		    O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

int eg_cgroup2_open_id(const struct eg_cgroup2 *cg, uint64_t id)
{
	union kernfs_handle h = {.fields = {.bytes = sizeof(id), .type = FILEID_KERNFS, .id = id}};
	int fd = open_by_handle_at(cg->root_fd, &h.handle, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

int eg_cgroup2_id(int dirfd, uint64_t *ret)
{
	union kernfs_handle h = {.fields = {.bytes = sizeof(h.fields.id)}};
	struct statfs fs;
	int mount_id;

	if (fstatfs(dirfd, &fs) < 0)
		return -errno;
	if (fs.f_type != CGROUP2_SUPER_MAGIC)
		return -EXDEV;
	if (name_to_handle_at(dirfd, "", &h.handle, &mount_id, AT_EMPTY_PATH) < 0)
		return -errno;
	if (h.fields.type != FILEID_KERNFS || h.fields.bytes != sizeof(h.fields.id))
		return -EXDEV;
	*ret = h.fields.id;
	return 0;
}

int eg_cgroup2_path(const struct eg_cgroup2 *cg, int dirfd, char *buf, size_t size)
{
	static const char gone[] = " (deleted)";
	char self[64], path[EG_CGROUP_PATH_SIZE];
	size_t root = strlen(cg->root), len;
	struct stat st;
	int level = 0;
	ssize_t n;

	if (fstat(dirfd, &st) < 0)
		return -errno;
	(void)snprintf(self, sizeof(self), "/proc/self/fd/%d", dirfd);
	n = readlink(self, path, sizeof(path) - 1);
	if (n < 0)
		return -errno;
	path[n] = '\0';
	len = (size_t)n;
	if (!st.st_nlink || (len >= sizeof(gone) && !strcmp(path + len - (sizeof(gone) - 1), gone)))
		return -ENOENT;
	if (strncmp(path, cg->root, root) || (path[root] && path[root] != '/'))
		return -EXDEV;
	if ((size_t)snprintf(buf, size, "%s", path[root] ? path + root : "/") >= size)
		return -ENAMETOOLONG;
	for (const char *c = buf; *c; c++)
		level += *c == '/' && c[1];
	return level;
}

/* Reads a small file at a directory into buf as text. Returns its length or a negative errno. */
static ssize_t read_at(int dirfd, const char *name, char *buf, size_t size)
{
	int fd eg_auto_close = openat(dirfd, name, O_RDONLY | O_CLOEXEC);
	ssize_t n;

	if (fd < 0)
		return -errno;
	n = read(fd, buf, size - 1);
	if (n < 0)
		return -errno;
	buf[n] = '\0';
	return n;
}

int eg_cgroup2_of_pid(pid_t pid, char *buf, size_t size)
{
	char name[64], text[EG_CGROUP_PATH_SIZE + 512] = {0}, *at;
	ssize_t n;

	(void)snprintf(name, sizeof(name), "/proc/%d/cgroup", (int)pid);
	n = read_at(AT_FDCWD, name, text, sizeof(text));
	if (n < 0)
		return (int)n;
	at = !strncmp(text, "0::", 3) ? text : strstr(text, "\n0::");
	if (!at)
		return -ENOENT;
	at += *at == '\n' ? 4 : 3;
	at[strcspn(at, "\n")] = '\0';
	return (size_t)snprintf(buf, size, "%s", at) < size ? 0 : -ENAMETOOLONG;
}

int eg_cgroup2_holds_only(int dirfd, pid_t pid)
{
	char text[64], expected[32];
	ssize_t n = read_at(dirfd, "cgroup.procs", text, sizeof(text));

	if (n < 0)
		return (int)n;
	(void)snprintf(expected, sizeof(expected), "%d\n", (int)pid);
	return !strcmp(text, expected);
}

int eg_cgroup2_populated(int events_fd)
{
	char text[256];
	ssize_t n = pread(events_fd, text, sizeof(text) - 1, 0);

	if (n < 0)
		return -errno;
	text[n] = '\0';
	return strstr(text, "populated 1") != NULL;
}

bool eg_cgroup2_is_leaf(const char *path)
{
	static const char *const places[] = {"/" EG_LEAF_DIR "/",
					     "/user.slice/user-*.slice/session-*.scope/"};
	const char *name = strrchr(path, '/');
	char place[EG_CGROUP_PATH_SIZE];
	size_t digits;

	if (!name || strncmp(name + 1, EG_LEAF_PREFIX, strlen(EG_LEAF_PREFIX)))
		return false;
	digits = strspn(name + 1 + strlen(EG_LEAF_PREFIX), "0123456789abcdef");
	if (digits != EG_LEAF_RANDOM || name[1 + strlen(EG_LEAF_PREFIX) + digits])
		return false;
	(void)snprintf(place, sizeof(place), "%.*s", (int)(name + 1 - path), path);
	for (size_t i = 0; i < EG_ARRAY_SIZE(places); i++)
		if (!fnmatch(places[i], place, FNM_PATHNAME))
			return true;
	return false;
}
