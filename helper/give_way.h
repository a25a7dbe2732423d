/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * A thread with much to do that is in no hurry lets others go first, where there are few
 * processors. A nice value would say so to the kernel, but takes a system call that the unit goes
 * without. So the thread looks up now and then, and sleeps when others have wanted its processor
 * meanwhile: nine times as long as they have waited, and no longer than nine times what it has
 * computed. That leaves it a tenth where others are busy all the time, as a nice value of 10 would.
 *
 * Not from a signal's handler: it would sleep with what others wait for, malloc()'s locks and those
 * of NSS modules.
 */
#ifndef EG_GIVE_WAY_H
#define EG_GIVE_WAY_H

/* From here on the calling thread gives way; never one that others wait for. */
void eg_way_begin(void);
void eg_way_end(void);

/*
 * Called in each turn of loops that may have a million. Costs an addition in most of them, and in
 * threads that do not give way. Sleeps up to 90 ms.
 */
void eg_way_give(void);

#endif
