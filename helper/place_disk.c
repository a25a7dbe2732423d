// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* What the disk says of paths: identities, links, mounts. */
#include "place_disk.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "util.h"

enum {
	AT_ONCE = 500, /* descriptors; the usual limit is 1024 */
	LINKS_MAX = 40,
};
_Static_assert(sizeof(((struct eg_place_real *)0)->path) == PATH_MAX, "PATH_MAX");

/* ---- where we look ---- */

/* As process 1 sees it: systemd may have given us a /tmp of our own, and file systems that we may
 * not write to. */
#define INIT_ROOT "/proc/1/root"

/* The path by which that is reached, in buf (PLACE_SIZE bytes). */
enum { PLACE_SIZE = PATH_MAX + sizeof(INIT_ROOT) };

static const char *find_root(void)
{
	return access(INIT_ROOT "/.", F_OK) == 0 ? INIT_ROOT : "";
}

/* root: of find_root, which is asked once for many. */
static const char *place_of(const char *root, const char *path, char *buf)
{
	(void)snprintf(buf, PLACE_SIZE, "%s%s", root, path);
	return buf;
}

/* ---- identities ---- */

/* A descriptor, or -1 where there is nothing that is a place by itself. */
static int open_place(const char *root, const char *path)
{
	char place[PLACE_SIZE];
	int fd eg_auto_close = open(place_of(root, path, place), O_PATH | O_NOFOLLOW | O_CLOEXEC);
	struct stat st;

	return fd < 0 || fstat(fd, &st) < 0 || S_ISLNK(st.st_mode) ? -1 : eg_take_fd(&fd);
}

static int compare_fds(const void *va, const void *vb)
{
	const struct eg_file *a = va, *b = vb;

	return (a->fd > b->fd) - (a->fd < b->fd);
}

const struct eg_file *eg_place_disk_file(const struct eg_file *files, size_t n, int fd)
{
	const struct eg_file wanted = {.fd = (uint32_t)fd};

	return n ? bsearch(&wanted, files, n, sizeof(*files), compare_fds) : NULL;
}

/* What the kernel says of n descriptors; -1 among them is none. */
static int ask_kernel(struct eg_bpf *bpf, const int *fds, size_t n, struct eg_file_id *ret)
{
	struct eg_file *files = NULL;
	size_t n_files = 0;
	int r = eg_bpf_files(bpf, &files, &n_files);

	for (size_t i = 0; i < n && !r; i++) {
		const struct eg_file *file =
			fds[i] < 0 ? NULL : eg_place_disk_file(files, n_files, fds[i]);

		if (file)
			ret[i] = (struct eg_file_id){
				.ino = file->ino, .dev = file->dev, .gen = file->gen};
		else if (fds[i] >= 0)
			r = -ENODATA; /* opened just now: the kernel did not list all */
	}
	free(files);
	return r;
}

int eg_place_disk_ids(struct eg_bpf *bpf, size_t n,
		      int (*path_of)(size_t i, char *buf, const void *arg), const void *arg,
		      struct eg_file_id *ret)
{
	const char *root = find_root();
	int fds[AT_ONCE], r = 0;
	char path[PATH_MAX];

	memset(ret, 0, n * sizeof(*ret));
	for (size_t done = 0; done < n && !r; done += AT_ONCE) {
		size_t count = n - done < AT_ONCE ? n - done : AT_ONCE;

		for (size_t i = 0; i < count; i++)
			fds[i] = path_of(done + i, path, arg) < 0 ? -1 : open_place(root, path);
		r = ask_kernel(bpf, fds, count, ret + done);
		for (size_t i = 0; i < count; i++)
			eg_close_p(&fds[i]);
	}
	return r;
}

/* ---- links ---- */

/* Puts another path in front of what is left of one. buf: PATH_MAX. */
static int put_in_front(char *rest, const char *link, size_t n)
{
	size_t left = strlen(rest);

	if (n + 1 + left >= PATH_MAX)
		return -ENAMETOOLONG;
	memmove(rest + n + 1, rest, left + 1);
	memcpy(rest, link, n);
	rest[n] = '/';
	return 0;
}

/* Adds a component, "." and ".." taken at their word: what stands there has no links. */
static int append_component(char *path, size_t *len, const char *name, size_t n)
{
	if (n == 1 && name[0] == '.')
		return 0;
	if (n == 2 && name[0] == '.' && name[1] == '.') {
		while (*len && path[--*len] != '/')
			;
		path[*len] = '\0';
		return 0;
	}
	if (*len + 1 + n >= PATH_MAX)
		return -ENAMETOOLONG;
	path[*len] = '/';
	memcpy(path + *len + 1, name, n);
	*len += 1 + n;
	path[*len] = '\0';
	return 0;
}

/* How much of a path is known to be directories: up to a slash or its end. */
static size_t known_part(const struct eg_place_way *way, const char *path)
{
	size_t at = 0, n = 0;

	for (; at < way->n && path[at] == way->path[at]; at++)
		if (path[at] == '/')
			n = at;
	return at == way->n && (!path[at] || path[at] == '/') ? at : n;
}

int eg_place_disk_real(const char *path, struct eg_place_way *way, struct eg_place_real *ret)
{
	const char *root = way && way->root ? way->root : find_root();
	char rest[PATH_MAX], link[PATH_MAX], place[PLACE_SIZE];
	size_t len = way ? known_part(way, path) : 0, known = len;
	struct stat st = {.st_mode = S_IFDIR};
	bool there = true;
	int links = 0, r;

	if (strlen(path) >= sizeof(rest))
		return -ENAMETOOLONG;
	(void)strcpy(rest, path + len);
	memcpy(ret->path, path, len);
	ret->path[len] = '\0';
	ret->first_link = 0;
	while (*rest) {
		size_t skip = strspn(rest, "/"), n = strcspn(rest + skip, "/"), before = len;
		ssize_t to = -1;

		if (!n)
			break;
		r = append_component(ret->path, &len, rest + skip, n);
		if (r < 0)
			return r;
		if (there)
			there = lstat(place_of(root, len ? ret->path : "/", place), &st) == 0;
		if (there && !links && S_ISDIR(st.st_mode))
			known = len;
		if (there && S_ISLNK(st.st_mode) && len > before)
			to = readlink(place_of(root, ret->path, place), link, sizeof(link));
		memmove(rest, rest + skip + n, strlen(rest + skip + n) + 1);
		if (to < 0)
			continue;
		if (to >= (ssize_t)sizeof(link) || ++links > LINKS_MAX)
			return to >= (ssize_t)sizeof(link) ? -ENAMETOOLONG : -ELOOP;
		if (links == 1)
			ret->first_link = before ? before : 1;
		r = put_in_front(rest, link, (size_t)to);
		if (r < 0)
			return r;
		len = link[0] == '/' ? 0 : before;
		ret->path[len] = '\0';
		st.st_mode = S_IFDIR;
	}
	if (!len)
		(void)strcpy(ret->path, "/");
	if (way) {
		way->root = root;
		memcpy(way->path, path, known);
		way->n = known;
	}
	ret->lasting = len && (!there || S_ISREG(st.st_mode) || S_ISDIR(st.st_mode));
	return 0;
}

/* ---- mounts ---- */

/* "\040" and its like, in place. */
static void unescape(char *text)
{
	char *to = text;

	for (; *text; text++) {
		unsigned int octal;

		if (*text == '\\' && sscanf(text, "\\%3o", &octal) == 1) {
			*to++ = (char)octal;
			text += 3;
		} else {
			*to++ = *text;
		}
	}
	*to = '\0';
}

static bool may_hang(const char *type)
{
	static const char *const types[] = {"nfs", "cifs", "smb", "fuse",     "autofs",
					    "9p",  "ceph", "afs", "glusterfs"};

	for (size_t i = 0; i < EG_ARRAY_SIZE(types); i++)
		if (!strncmp(type, types[i], strlen(types[i])))
			return true;
	return false;
}

/* A line of mountinfo. NULL = none that counts. */
static char *mount_point(char *line)
{
	char *at = line, *type = strstr(line, " - ");

	if (!type || may_hang(type + 3))
		return NULL;
	for (int i = 0; i < 4 && at; i++) { /* number, parent, device, root */
		at = strchr(at, ' ');
		if (at)
			at++;
	}
	if (!at)
		return NULL;
	at[strcspn(at, " ")] = '\0';
	unescape(at);
	return at[0] == '/' ? at : NULL;
}

int eg_place_disk_mounts(int (*each)(const char *path, void *arg), void *arg)
{
	FILE *file = fopen("/proc/1/mountinfo", "re");
	char *line eg_auto_free = NULL;
	size_t size = 0;
	int r = 0;

	if (!file)
		file = fopen("/proc/self/mountinfo", "re");
	if (!file)
		return -errno;
	while (!r && getline(&line, &size, file) > 0) {
		char *path = mount_point(line);

		if (path)
			r = each(path, arg);
	}
	(void)fclose(file); /* opened for reading only */
	return r;
}

/* ---- devices ---- */

int eg_place_disk_majors(uint32_t *majors, size_t n)
{
	static const char *const names[] = {
		"bsg", "nvme", "nvme-generic",	     "nvme-subsystem", "watchdog", "mtd",
		"sg",  "ubi0", "megaraid_sas_ioctl", "cciss",	       "st",	   "aac"};
	FILE *file = fopen("/proc/devices", "re");
	char line[256], name[64];
	unsigned int major;
	size_t found = 0;

	if (!file)
		return -errno;
	while (fgets(line, sizeof(line), file) && strncmp(line, "Block", 5) != 0)
		if (sscanf(line, " %u %63s", &major, name) == 2)
			for (size_t i = 0; i < EG_ARRAY_SIZE(names) && found < n; i++)
				if (!strcmp(names[i], name))
					majors[found++] = major;
	(void)fclose(file); /* opened for reading only */
	return (int)found;
}
