// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Which feeds have changed (watch.h). Directories are watched, because a file that is replaced is
 * another one. */
#include "watch.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include "helper.h"
#include "inforce.h"
#include "log.h"
#include "util.h"

enum {
	QUIET_MS = 1000, /* a feed that is being written is left alone for so long */
	LATE_MS = 10000, /* but is read then, even if it never rests */
};

/* A feed, or what a link to one leads to. */
struct watched {
	char *path; /* owned */
	struct stat was;
	bool there;
};

struct eg_watch {
	struct eg_source events; /* inotify */
	struct watched *list;	 /* owned */
	size_t n;
	int64_t first_ms, last_ms; /* of the changes that were not read; 0 = none */
};

/* ---- what there is to watch ---- */

static void look_at(struct watched *one)
{
	one->there = stat(one->path, &one->was) == 0;
}

static bool has_changed(const struct watched *one)
{
	struct stat now;
	bool there = stat(one->path, &now) == 0;

	return there != one->there ||
	       (there &&
		(now.st_ino != one->was.st_ino || now.st_dev != one->was.st_dev ||
		 now.st_size != one->was.st_size || now.st_mtim.tv_sec != one->was.st_mtim.tv_sec ||
		 now.st_mtim.tv_nsec != one->was.st_mtim.tv_nsec));
}

static void note(struct eg_watch *watch)
{
	watch->last_ms = eg_proto_now_ms();
	if (!watch->first_ms)
		watch->first_ms = watch->last_ms;
}

static bool is_watched(const struct eg_watch *watch, const char *path)
{
	for (size_t i = 0; i < watch->n; i++)
		if (!strcmp(watch->list[i].path, path))
			return true;
	return false;
}

/* Watches the directory that a file is in: one watch for all of them, the kernel sees to that. */
static int watch_directory(struct eg_watch *watch, const char *path)
{
	char dir[PATH_MAX];
	const char *slash = strrchr(path, '/');
	size_t n;

	if (!slash)
		return -EINVAL;
	n = slash == path ? 1 : (size_t)(slash - path);
	if (n >= sizeof(dir))
		return -ENAMETOOLONG;
	memcpy(dir, path, n);
	dir[n] = '\0';
	return inotify_add_watch(watch->events.fd, dir,
				 IN_CLOSE_WRITE | IN_MOVED_TO | IN_MOVED_FROM | IN_DELETE |
					 IN_ONLYDIR) < 0
		       ? -errno
		       : 0;
}

static int add(struct eg_watch *watch, const char *path)
{
	struct watched *more;
	int r;

	if (is_watched(watch, path))
		return 0;
	more = reallocarray(watch->list, watch->n + 1, sizeof(*more));
	if (!more)
		return -ENOMEM;
	watch->list = more;
	more[watch->n] = (struct watched){.path = strdup(path)};
	if (!more[watch->n].path)
		return -ENOMEM;
	r = watch_directory(watch, path);
	look_at(&more[watch->n++]);
	return r;
}

/* The file and, where its name is a link, what that leads to: asked when the link is watched. */
static void add_feed(struct eg_watch *watch, const char *path)
{
	int r = add(watch, path);
	char *real eg_auto_free = realpath(path, NULL);

	if (!r && real)
		r = add(watch, real);
	if (r < 0)
		eg_log(LOG_WARNING,
		       "cannot watch the feed %s: %s; changes are noticed within a minute", path,
		       strerror(-r));
}

static void add_all(struct eg_watch *watch, const struct eg_config *config)
{
	for (size_t i = 0; i < config->n_profiles; i++) {
		const struct eg_config_profile *profile = &config->profiles[i];

		for (size_t k = 0; k < profile->feeds.n; k++)
			add_feed(watch, profile->feeds.list[k].path);
		for (size_t k = 0; k < profile->exec_deny_sha256_files.n; k++)
			add_feed(watch, profile->exec_deny_sha256_files.list[k].text);
	}
}

/* ---- what happens ---- */

static const char *name_of(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

/* By its name alone: a file of that name elsewhere costs a look. */
static bool is_feed(const struct eg_watch *watch, const char *name)
{
	for (size_t i = 0; i < watch->n; i++)
		if (!strcmp(name_of(watch->list[i].path), name))
			return true;
	return false;
}

static void on_events(struct eg_helper *helper, struct eg_source *source, uint32_t events)
{
	char buf[16384] __attribute__((aligned(__alignof__(struct inotify_event))));
	ssize_t n = read(source->fd, buf, sizeof(buf));

	(void)events;
	for (ssize_t at = 0; at < n;) {
		const struct inotify_event *event = (const struct inotify_event *)(buf + at);

		/* With more than it can hold the kernel says only that. */
		if (event->mask & IN_Q_OVERFLOW ||
		    (event->len && is_feed(helper->watch, event->name)))
			note(helper->watch);
		at += (ssize_t)(sizeof(*event) + event->len);
	}
}

void eg_watch_tick(struct eg_helper *helper, int64_t now_ms, bool look)
{
	struct eg_watch *watch = helper->watch;

	if (!watch)
		return;
	for (size_t i = 0; i < watch->n && look; i++)
		if (has_changed(&watch->list[i])) {
			note(watch);
			look_at(&watch->list[i]);
		}
	if (!watch->first_ms ||
	    (now_ms - watch->last_ms < QUIET_MS && now_ms - watch->first_ms < LATE_MS))
		return;
	watch->first_ms = 0;
	eg_log(LOG_INFO, "a feed has changed: loading anew");
	eg_reload(helper, -1);
}

/* ---- open and close ---- */

void eg_watch_drop(struct eg_watch *watch)
{
	if (!watch)
		return;
	for (size_t i = 0; i < watch->n; i++)
		free(watch->list[i].path);
	free(watch->list);
	eg_close_p(&watch->events.fd);
	free(watch);
}

static void warn(int error)
{
	eg_log(LOG_WARNING,
	       "cannot watch feeds: %s; changes are noticed within a minute, or by ebpfguardctl "
	       "reload",
	       strerror(-error));
}

struct eg_watch *eg_watch_begin(const struct eg_config *config)
{
	struct eg_watch *watch = calloc(1, sizeof(*watch));

	if (!watch)
		return NULL;
	watch->events = (struct eg_source){.fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK),
					   .handle = on_events};
	if (watch->events.fd < 0)
		warn(-errno);
	add_all(watch, config);
	return watch;
}

/* Of the old watch's events some may not have been read: the new one has those that count. */
void eg_watch_renew(struct eg_helper *helper, struct eg_watch *watch)
{
	struct eg_watch *old = helper->watch;
	int r = !watch		       ? -ENOMEM
		: watch->events.fd < 0 ? 0
				       : eg_loop_add(helper, &watch->events, EPOLLIN);

	if (r < 0)
		warn(r);
	if (!watch)
		return;
	/* A change that waits for its quiet moment is not forgotten. */
	if (old) {
		watch->first_ms = old->first_ms;
		watch->last_ms = old->last_ms;
	}
	helper->watch = watch;
	eg_watch_drop(old);
}

void eg_watch_close(struct eg_helper *helper)
{
	eg_watch_drop(helper->watch);
	helper->watch = NULL;
}
