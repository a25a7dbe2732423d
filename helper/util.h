/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Scope-bound release of memory and file descriptors, and the few one-liners every file needs. libc
 * only: the PAM module includes this too. No assert(), no I/O.
 */
#ifndef EG_UTIL_H
#define EG_UTIL_H

#include <errno.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#define EG_ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

static inline void eg_free_p(void *p)
{
	free(*(void **)p);
}

/* Closes *fd when it is one. errno is kept: a clean-up must not hide why we are leaving. */
static inline void eg_close_p(int *fd)
{
	int saved = errno;

	if (*fd >= 0)
		/* nothing can be done about a failed close of a descriptor we give up */
		(void)close(*fd);
	errno = saved;
}

/* One of the clocks that are always there. */
static inline int64_t eg_clock_ns(clockid_t clock)
{
	struct timespec ts = {0};

	(void)clock_gettime(clock, &ts);
	return (int64_t)ts.tv_sec * 1000000000 + ts.tv_nsec;
}

#define eg_auto_free  __attribute__((cleanup(eg_free_p)))
#define eg_auto_close __attribute__((cleanup(eg_close_p)))

/* Hands a descriptor over: the variable no longer owns it. */
static inline int eg_take_fd(int *fd)
{
	int taken = *fd;

	*fd = -1;
	return taken;
}

static inline void *eg_take_ptr_(void *p)
{
	void **pp = (void **)p, *taken = *pp;

	*pp = NULL;
	return taken;
}
#define eg_take_ptr(pp) ((__typeof__(*(pp)))eg_take_ptr_(pp))

#endif
