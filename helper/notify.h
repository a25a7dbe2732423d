/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What systemd is told of the helper's state (sd_notify(3)). Without systemd nobody is. */
#ifndef EG_NOTIFY_H
#define EG_NOTIFY_H

void eg_notify_ready(void);
void eg_notify_reloading(void);
void eg_notify_stopping(void);

#endif
