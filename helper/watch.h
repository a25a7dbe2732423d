/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Feeds that change: written anew, or replaced by rename, which is how most programs do it. Told by
 * the kernel (inotify) where it can, and looked for once a minute, for file systems of other hosts.
 */
#ifndef EG_WATCH_H
#define EG_WATCH_H

#include <stdbool.h>
#include <stdint.h>

struct eg_config;
struct eg_helper;
struct eg_watch;

/*
 * Begins to watch the feeds of a configuration, before the first of them is read: what changes from
 * here on is not missed. Any thread. Asks the disk, so it blocks as long as that does. Logs.
 * Returns it, for eg_watch_renew or eg_watch_drop; NULL: no memory.
 */
struct eg_watch *eg_watch_begin(const struct eg_config *config);

/* Puts it in place of the one before: its configuration is in force. watch: taken; NULL, which it
 * logs: that one stays. */
void eg_watch_renew(struct eg_helper *helper, struct eg_watch *watch);

/* Releases one that came to nothing. NULL is fine. */
void eg_watch_drop(struct eg_watch *watch);

/* Once a second: reloads when a feed has changed, and has then been left alone for a moment.
 * look: look at the files, too. */
void eg_watch_tick(struct eg_helper *helper, int64_t now_ms, bool look);

void eg_watch_close(struct eg_helper *helper);

#endif
