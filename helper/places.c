// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The built-in lists into the kernel. */
#include "places.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "builtin.h"
#include "util.h"

/* ---- identities ---- */

int eg_places_ids(struct eg_bpf *bpf, struct eg_places_ids *ret)
{
	return eg_bpf_files(bpf, &ret->list, &ret->n);
}

const struct eg_file *eg_places_id(const struct eg_places_ids *ids, int fd)
{
	for (size_t i = 0; i < ids->n; i++)
		if (ids->list[i].fd == (uint32_t)fd)
			return &ids->list[i];
	return NULL;
}

/* ---- places ---- */

/* A place before its identity is known. */
struct open_place {
	int fd; /* owned */
	uint32_t flags;
	char name[EG_PLACE_NAME_SIZE];
};

struct collection {
	struct open_place *list; /* owned */
	size_t n, room;
};

static int add(struct collection *to, int fd, const char *name, uint32_t flags)
{
	struct open_place *place;

	if (to->n == to->room) {
		size_t room = to->room ? 2 * to->room : 512;
		void *more = realloc(to->list, room * sizeof(*to->list));

		if (!more)
			return -ENOMEM;
		to->list = more;
		to->room = room;
	}
	if (strlen(name) >= sizeof(place->name))
		return -ENAMETOOLONG;
	place = &to->list[to->n];
	*place = (struct open_place){.fd = fcntl(fd, F_DUPFD_CLOEXEC, 0), .flags = flags};
	if (place->fd < 0)
		return -errno;
	memcpy(place->name, name, strlen(name));
	to->n++;
	return 0;
}

/* Cuts the last component off. Returns it, or NULL when none is left; dir then is "/". */
static char *cut(char *dir)
{
	char *slash = strrchr(dir, '/');

	if (!slash[1])
		return NULL;
	if (slash == dir) {
		memmove(slash + 2, slash + 1, strlen(slash + 1) + 1);
		slash[1] = '\0';
		return slash + 2;
	}
	*slash = '\0';
	return slash + 1;
}

/*
 * Adds the name in its directory, or the first name on the way that is not there; and the
 * directories above, which must keep their names, or another could come in their place.
 */
static int add_name(struct collection *to, const char *path)
{
	char dir[PATH_MAX + 1], *name;
	bool named = false;
	int r = 0;

	if (path[0] != '/' || strlen(path) >= PATH_MAX)
		return -EINVAL;
	memcpy(dir, path, strlen(path) + 1);
	while (!r && (name = cut(dir))) {
		int fd eg_auto_close = open(dir, O_PATH | O_DIRECTORY | O_CLOEXEC);

		if (fd < 0 && errno != ENOENT)
			return -errno;
		if (fd >= 0 && !named)
			r = add(to, fd, name, EG_PLACE_TREE);
		if (fd >= 0 && !r && dir[1])
			r = add(to, fd, "", 0);
		named = named || fd >= 0;
	}
	return r;
}

/* Is what a path leads to right now to be protected whatever its name? Not where somebody has made
 * a link to / or to a device: everybody writes to /dev/null. */
static bool is_lasting(int fd, const char *real)
{
	struct stat st;

	return fd >= 0 && real && real[1] && fstat(fd, &st) == 0 &&
	       (S_ISREG(st.st_mode) || S_ISDIR(st.st_mode));
}

/* Adds a path, and what is there now; where links lead to it, its real path too. */
static int add_path(struct collection *to, const char *path)
{
	char *real eg_auto_free = realpath(path, NULL);
	int fd eg_auto_close = open(path, O_PATH | O_CLOEXEC);
	int r = add_name(to, path);

	if (!r && is_lasting(fd, real)) {
		r = add(to, fd, "", EG_PLACE_TREE);
		if (!r && strcmp(real, path) != 0)
			r = add_name(to, real);
	}
	/* not a directory on the way: then there is nothing to protect */
	return r == -ENOTDIR ? 0 : r;
}

static int collect(struct collection *to, const char *const *paths, size_t n)
{
	int r = 0;

	for (size_t i = 0; i < n && !r; i++)
		r = add_path(to, paths[i]);
	return r;
}

static void collection_done(struct collection *collection)
{
	for (size_t i = 0; i < collection->n; i++)
		eg_close_p(&collection->list[i].fd);
	free(collection->list);
}

/* Adds to the list, or to what is there with that key: a directory may be a place of its own, and
 * on the way to others. */
static void merge(struct eg_place *places, size_t *n, const struct eg_place *place)
{
	for (size_t i = 0; i < *n; i++) {
		if (memcmp(&places[i].key, &place->key, sizeof(place->key)) != 0)
			continue;
		places[i].flags |= place->flags;
		return;
	}
	places[(*n)++] = *place;
}

/* Gives each its identity. places: room for all; *ret_n: how many are different. Returns 0 or a
 * negative errno. */
static int identify(struct eg_bpf *bpf, const struct collection *from, struct eg_place *places,
		    size_t *ret_n)
{
	struct eg_places_ids ids = {0};
	int r = eg_places_ids(bpf, &ids);

	*ret_n = 0;
	for (size_t i = 0; i < from->n && !r; i++) {
		const struct open_place *found = &from->list[i];
		const struct eg_file *id = eg_places_id(&ids, found->fd);
		struct eg_place place = {.flags = found->flags};

		if (!id) {
			r = -ENODATA; /* opened just now: the kernel did not list all */
			break;
		}
		place.key.ino = id->ino;
		place.key.dev = id->dev;
		place.key.gen = id->gen;
		memcpy(place.key.name, found->name, sizeof(found->name));
		merge(places, ret_n, &place);
	}
	free(ids.list);
	return r;
}

int eg_places_put(struct eg_bpf *bpf, const char *const *more, size_t n)
{
	__attribute__((cleanup(collection_done))) struct collection found = {0};
	struct eg_place *places eg_auto_free = NULL;
	size_t n_builtin, n_places;
	const char *const *builtin = eg_builtin_places(&n_builtin);
	int r = collect(&found, builtin, n_builtin);

	if (!r)
		r = collect(&found, more, n);
	if (r < 0)
		return r;
	places = calloc(found.n + 1, sizeof(*places));
	r = places ? identify(bpf, &found, places, &n_places) : -ENOMEM;
	return r < 0 ? r : eg_bpf_places_put(bpf, places, n_places);
}

/* ---- sockets ---- */

static void add_socket(struct eg_policy_name *names, size_t *n, const char *name, uint32_t flags)
{
	struct eg_policy_name *to = &names[(*n)++];

	*to = (struct eg_policy_name){.key.kind = EG_NAME_SOCKET, .flags = flags};
	(void)strncpy(to->key.name, name, sizeof(to->key.name) - 1); /* the list has none longer */
}

int eg_places_put_sockets(struct eg_bpf *bpf)
{
	size_t n_sockets, n = 0;
	const struct eg_builtin_socket *sockets = eg_builtin_sockets(&n_sockets);
	struct eg_policy_name *names eg_auto_free = calloc(2 * n_sockets, sizeof(*names));

	if (!names)
		return -ENOMEM;
	for (size_t i = 0; i < n_sockets; i++) {
		char buf[EG_ARG_SIZE];
		const char *twin = eg_builtin_twin(sockets[i].name, buf, sizeof(buf));

		add_socket(names, &n, sockets[i].name, sockets[i].flags);
		if (twin)
			add_socket(names, &n, twin, sockets[i].flags);
	}
	return eg_bpf_sockets_put(bpf, names, n);
}
