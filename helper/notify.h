/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What systemd is told of the helper's state (sd_notify(3)). Without systemd nobody is. */
#ifndef EG_NOTIFY_H
#define EG_NOTIFY_H

#include <stdint.h>

void eg_notify_ready(void);
void eg_notify_reloading(void);
void eg_notify_stopping(void);

/* How often systemd wants a sign of life: three times within WatchdogSec=, so that one may be late.
 * 0 = never, and what the environment says of another process does not count. */
int64_t eg_notify_alive_every_ms(void);
/* The sign. Does not block: one that systemd has no room for is lost. */
void eg_notify_alive(void);

#endif
