// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Cgroups in the texts of /proc/self/mountinfo and /proc/self/cgroup. Pure: memory only.
 */
#include "cgroup.h"
#include "util.h"

#include <string.h>

/* The n-th field (from 0) of a line that ends at `end`: its start, and its length in *ret_len. NULL
 * = too few. */
static const char *field(const char *line, const char *end, int n, size_t *ret_len)
{
	const char *p = line;

	for (;;) {
		const char *space = memchr(p, ' ', (size_t)(end - p));

		if (n-- == 0) {
			*ret_len = (size_t)((space ? space : end) - p);
			return p;
		}
		if (!space)
			return NULL;
		p = space + 1;
	}
}

/* mountinfo's \NNN for space, tab, newline, backslash and '#'. Returns a new string or NULL without
 * memory. */
static char *unescape(const char *text, size_t n)
{
	char *out = malloc(n + 1), *o = out;

	if (!out)
		return NULL;
	for (size_t i = 0; i < n; i++) {
		const char *t = text + i;

		if (*t == '\\' && n - i > 3 && t[1] >= '0' && t[1] <= '3' && t[2] >= '0' &&
		    t[2] <= '7' && t[3] >= '0' && t[3] <= '7') {
			*o++ = (char)((t[1] - '0') << 6 | (t[2] - '0') << 3 | (t[3] - '0'));
			i += 3;
		} else {
			*o++ = *t;
		}
	}
	*o = '\0';
	return out;
}

/* "36 35 98:0 /root /mount/point options [optional...] - fstype source options":
 * proc_pid_mountinfo(5) */
static int parse_mount(const char *line, const char *end, struct eg_mount *ret_mount)
{
	static const char type[] = " - cgroup2 ";
	const char *sep = memmem(line, (size_t)(end - line), " - ", 3), *root, *point;
	size_t root_len, point_len;
	struct eg_mount mount = {0};

	if (!sep || (size_t)(end - sep) < sizeof(type) - 1 ||
	    memcmp(sep, type, sizeof(type) - 1) != 0)
		return 0;
	root = field(line, sep, 3, &root_len);
	point = field(line, sep, 4, &point_len);
	if (!root || !point || *root != '/' || *point != '/')
		return 0;
	mount.root = unescape(root, root_len);
	mount.point = unescape(point, point_len);
	if (!mount.root || !mount.point) {
		eg_mount_done(&mount);
		return -ENOMEM;
	}
	*ret_mount = mount;
	return 1;
}

int eg_mount_next(const char **cursor, struct eg_mount *ret_mount)
{
	while (**cursor) {
		const char *line = *cursor, *end = strchrnul(line, '\n');
		int r;

		*cursor = *end ? end + 1 : end;
		r = parse_mount(line, end, ret_mount);
		if (r)
			return r;
	}
	return 0;
}

void eg_mount_done(struct eg_mount *mount)
{
	free(mount->root);
	free(mount->point);
	*mount = (struct eg_mount){0};
}

int eg_cgroup_own_path(const char *text, char **ret_path)
{
	for (const char *line = text; *line;) {
		const char *end = strchrnul(line, '\n');

		if (strncmp(line, "0::", 3) == 0) {
			char *path;

			if (line[3] != '/')
				return -EBADMSG;
			path = strndup(line + 3, (size_t)(end - line) - 3);
			if (!path)
				return -ENOMEM;
			*ret_path = path;
			return 0;
		}
		line = *end ? end + 1 : end;
	}
	return -ENOENT;
}

static bool has_dotdot(const char *path)
{
	for (const char *p = path; (p = strstr(p, "..")); p += 2)
		if ((p == path || p[-1] == '/') && (p[2] == '/' || p[2] == '\0'))
			return true;
	return false;
}

const char *eg_cgroup_below(const char *path, const char *root)
{
	size_t n = strlen(root);

	while (n > 0 && root[n - 1] == '/')
		n--;
	/* A cgroup namespace shows what is outside of it as "/../x": we cannot name that through
	 * our mount. */
	if (has_dotdot(path) || has_dotdot(root) || strncmp(path, root, n) != 0)
		return NULL;
	if (path[n] != '/' && path[n] != '\0')
		return NULL;
	return path + n + strspn(path + n, "/");
}

size_t eg_cgroup_scope_len(const char *path)
{
	const char *p = path;

	while (*p) {
		const char *start = p + strspn(p, "/"), *end = strchrnul(start, '/');
		static const char head[] = "session-", tail[] = ".scope";
		size_t n = (size_t)(end - start);

		if (n > sizeof(head) + sizeof(tail) - 2 &&
		    memcmp(start, head, sizeof(head) - 1) == 0 &&
		    memcmp(end - (sizeof(tail) - 1), tail, sizeof(tail) - 1) == 0)
			return (size_t)(end - path);
		p = end;
	}
	return 0;
}
