/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What every file of the module needs: a sentence that says why a step failed, and descriptors
 * above stdio. */
#ifndef EG_PAM_COMMON_H
#define EG_PAM_COMMON_H

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h> /* vsnprintf; no stream is ever used */
#include <unistd.h>

/* Why a step failed, for the log: what, where, errno's text. Raw bytes: whoever logs it escapes it.
 */
struct eg_why {
	char text[1024]; /* NUL-terminated, cut when longer; empty = nothing failed */
};

/* The work of eg_why_set. error: negative errno, for %m. */
__attribute__((format(printf, 3, 4))) static inline void
eg_why_format(struct eg_why *why, int error, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	errno = -error;
	(void)vsnprintf(why->text, sizeof(why->text), fmt, ap); /* cut is fine: it is for people */
	va_end(ap);
}

/*
 * Writes the sentence and gives the error back, so that a failing step is one statement: return
 * eg_why_set(...). why: borrowed, overwritten. error: negative errno. Then printf's format, with %m
 * for the text of -error. Yields error: a macro, so that analysers see that a failure stays one.
 * Never blocks.
 */
#define eg_why_set(why, error, ...)                                                                \
	({                                                                                         \
		const int eg_error_ = (error);                                                     \
		eg_why_format((why), eg_error_, __VA_ARGS__);                                      \
		eg_error_;                                                                         \
	})

/*
 * Moves a new descriptor above 0..2. A service may run with its stdio closed; a socket that landed
 * there would be taken for somebody's output. fd: what open() or socket() returned, O_CLOEXEC,
 * owned by this call; -1 is passed on with errno. Returns the descriptor (at least 3, O_CLOEXEC,
 * owned by the caller) or the negative errno.
 */
static inline int eg_fd_above_stdio(int fd)
{
	int high;

	if (fd < 0)
		return -errno;
	if (fd > STDERR_FILENO)
		return fd;
	high = fcntl(fd, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
	if (high < 0)
		high = -errno;
	(void)close(fd); /* ours and new: nothing is lost */
	return high;
}

#endif
