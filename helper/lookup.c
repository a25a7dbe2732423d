// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Groups of a user by NSS, in a thread (lookup.h). */
#include "lookup.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pthread.h>
#include <pwd.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "fault.h"
#include "helper.h"
#include "util.h"

enum {
	GROUPS_MAX = 65536,	  /* NGROUPS_MAX */
	ENTRY_SIZE_MAX = 1 << 24, /* of a group's line: its members */
};

struct eg_lookup {
	struct eg_source done; /* readable when the thread has ended */
	pthread_t thread;
	int out; /* the thread's end */
	char *user;
	char **names; /* owned, as are the names */
	size_t n;
	const char **found; /* owned: those of names that the user is in */
	size_t n_found;
	int error;
	eg_lookup_fn fn; /* NULL = forgotten */
	void *arg;
};

static void release(struct eg_lookup *lookup)
{
	eg_close_p(&lookup->done.fd);
	eg_close_p(&lookup->out);
	for (size_t i = 0; i < lookup->n; i++)
		free(lookup->names[i]);
	free(lookup->names);
	free(lookup->found);
	free(lookup->user);
	free(lookup);
}

/* ---- the thread ---- */

/* The user's own group. 0, -ENOENT when there is no such user, or another negative errno. */
static int find_own(const char *user, gid_t *ret)
{
	size_t size = 16384;
	char *buf eg_auto_free = malloc(size);
	struct passwd entry, *found = NULL;
	int r = buf ? getpwnam_r(user, &entry, buf, size, &found) : ENOMEM;

	if (!r && found)
		*ret = entry.pw_gid;
	return r ? -r : found ? 0 : -ENOENT;
}

/* All the user's groups. *ret: owned by the caller. How many, or a negative errno. */
static int find_all(const char *user, gid_t own, gid_t **ret)
{
	int room = 256;

	for (;;) {
		gid_t *list = calloc((size_t)room, sizeof(*list));
		int n = room;

		if (!list)
			return -ENOMEM;
		if (getgrouplist(user, own, list, &n) >= 0) {
			*ret = list;
			return n;
		}
		free(list);
		if (room >= GROUPS_MAX)
			return -E2BIG;
		room = n > room && n < GROUPS_MAX ? n : GROUPS_MAX;
	}
}

/* A group's number. 0, -ENOENT, or another negative errno. */
static int find_group(const char *name, gid_t *ret)
{
	for (size_t size = 16384; size <= ENTRY_SIZE_MAX; size *= 4) {
		char *buf eg_auto_free = malloc(size);
		struct group entry, *found = NULL;
		int r = buf ? getgrnam_r(name, &entry, buf, size, &found) : ENOMEM;

		if (r == ERANGE)
			continue;
		if (!r && found)
			*ret = entry.gr_gid;
		return r ? -r : found ? 0 : -ENOENT;
	}
	return -E2BIG;
}

static int look(struct eg_lookup *lookup)
{
	gid_t *list eg_auto_free = NULL, own = 0, gid = 0;
	int n, r = find_own(lookup->user, &own);

	n = r < 0 ? r : find_all(lookup->user, own, &list);
	if (n < 0)
		return n;
	for (size_t i = 0; i < lookup->n; i++) {
		r = find_group(lookup->names[i], &gid);
		if (r < 0 && r != -ENOENT && r != -ESRCH)
			return r;
		for (int k = 0; !r && k < n; k++)
			if (list[k] == gid) {
				lookup->found[lookup->n_found++] = lookup->names[i];
				break;
			}
	}
	return 0;
}

static void *run(void *arg)
{
	struct eg_lookup *lookup = arg;

	lookup->error = eg_fault(open_groups_look) ?: look(lookup);
	eg_close_p(&lookup->out);
	lookup->out = -1;
	return NULL;
}

/* ---- the loop ---- */

static void on_done(struct eg_helper *helper, struct eg_source *source, uint32_t events)
{
	struct eg_lookup *lookup =
		(struct eg_lookup *)((char *)source - offsetof(struct eg_lookup, done));
	struct eg_groups groups = {0};

	(void)events;
	(void)pthread_join(lookup->thread, NULL); /* only fails for one that is none */
	helper->n_lookups--;
	groups = (struct eg_groups){
		.names = lookup->found, .n = lookup->n_found, .known = !lookup->error};
	if (lookup->fn)
		lookup->fn(helper, lookup->arg, lookup->error, &groups);
	release(lookup);
}

static struct eg_lookup *new_lookup(const char *user, const char *const *names, size_t n)
{
	struct eg_lookup *lookup = calloc(1, sizeof(*lookup));
	bool whole;

	if (!lookup)
		return NULL;
	lookup->done.fd = lookup->out = -1;
	lookup->user = strdup(user);
	lookup->names = calloc(n + 1, sizeof(*lookup->names));
	lookup->found = calloc(n + 1, sizeof(*lookup->found));
	whole = lookup->user && lookup->names && lookup->found;
	for (; whole && lookup->n < n; lookup->n++) {
		lookup->names[lookup->n] = strdup(names[lookup->n]);
		whole = lookup->names[lookup->n];
	}
	if (whole)
		return lookup;
	release(lookup);
	return NULL;
}

int eg_lookup_start(struct eg_helper *helper, const char *user, const char *const *names, size_t n,
		    eg_lookup_fn done, void *arg, struct eg_lookup **ret)
{
	struct eg_lookup *lookup;
	int pair[2], r;

	if (helper->n_lookups >= EG_LOOKUPS_MAX)
		return -EBUSY;
	lookup = new_lookup(user, names, n);
	if (!lookup)
		return -ENOMEM;
	r = eg_fault(open_groups_thread) < 0 || pipe2(pair, O_CLOEXEC) < 0 ? -errno : 0;
	if (!r) {
		lookup->done = (struct eg_source){.fd = pair[0], .handle = on_done};
		lookup->out = pair[1];
		lookup->fn = done;
		lookup->arg = arg;
		r = eg_loop_add(helper, &lookup->done, EPOLLIN);
	}
	if (!r)
		r = -pthread_create(&lookup->thread, NULL, run, lookup);
	if (r < 0) {
		release(lookup);
		return r;
	}
	helper->n_lookups++;
	*ret = lookup;
	return 0;
}

void eg_lookup_forget(struct eg_lookup *lookup)
{
	if (lookup)
		lookup->fn = NULL;
}
