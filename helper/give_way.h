/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * A thread with much to do that is in no hurry lets others go first, where there are few
 * processors. A nice value would say so to the kernel, but takes a system call that the unit goes
 * without. So the thread is interrupted after each few milliseconds that it has computed, and
 * sleeps when others have wanted its processor meanwhile: nine times as long as they have waited,
 * and no longer than nine times what it has computed. That leaves it a tenth where others are busy
 * all the time, as a nice value of 10 would.
 */
#ifndef EG_GIVE_WAY_H
#define EG_GIVE_WAY_H

#include <stdbool.h>
#include <stdint.h>
#include <time.h>

struct eg_way {
	timer_t timer;
	bool on;
	/* at the last interruption: how often the kernel has taken the processor away, what it has
	 * computed, and when that was */
	long preempted;
	int64_t cpu_ns, now_ns;
};

/*
 * From here on the calling thread gives way; never one that others wait for. way: stays where it is
 * until eg_way_end. It has a real-time signal of its own meanwhile, which restarts calls that it
 * interrupts. Without timers, it goes on like any other.
 */
void eg_way_begin(struct eg_way *way);
void eg_way_end(struct eg_way *way);

#endif
