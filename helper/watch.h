/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Feeds that change: written anew, or replaced by rename, which is how most programs do it. Told by
 * the kernel (inotify) where it can, and looked for once a minute, for file systems of other hosts.
 */
#ifndef EG_WATCH_H
#define EG_WATCH_H

#include <stdbool.h>
#include <stdint.h>

struct eg_helper;

/*
 * Begins to watch the feeds of the configuration in force, and no others. since: CLOCK_REALTIME, in
 * ns, before the first of them was read: one that has changed since counts as changed. Logs.
 */
void eg_watch_renew(struct eg_helper *helper, int64_t since_ns);

/* Once a second: reloads when a feed has changed, and has then been left alone for a moment.
 * look: look at the files, too. */
void eg_watch_tick(struct eg_helper *helper, int64_t now_ms, bool look);

void eg_watch_close(struct eg_helper *helper);

#endif
