// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The last configuration that was in force, on the disk. */
#include "last_good.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "fault.h"
#include "helper.h"
#include "inforce.h"
#include "log.h"
#include "util.h"

/* A disk that is nearly full takes a part of it. 0 or a negative errno. */
static int write_whole(int fd, const char *text, size_t n)
{
	ssize_t written = write(fd, text, n);

	if (written != (ssize_t)n)
		return written < 0 ? -errno : -ENOSPC;
	return fsync(fd) < 0 ? -errno : 0;
}

static int replace_last_good(int dir, const char *text, size_t n)
{
	int fd eg_auto_close = openat(dir, EG_LAST_GOOD ".new",
				      O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
	int r = fd < 0 ? -errno : write_whole(fd, text, n);

	if (!r)
		r = eg_fault(load_kept);
	if (!r && renameat(dir, EG_LAST_GOOD ".new", dir, EG_LAST_GOOD) < 0)
		r = -errno;
	if (r < 0) /* what room there is, others need; it is not there when it could not be made */
		(void)unlinkat(dir, EG_LAST_GOOD ".new", 0);
	else if (fsync(dir) < 0)
		r = -errno;
	return r;
}

bool eg_last_good_keep(const char *state_dir, const char *text, size_t n)
{
	int dir eg_auto_close =
		eg_fault(load_keep) ?: open(state_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int r = dir < 0 ? -errno : replace_last_good(dir, text, n);

	if (!r)
		return true;
	eg_log(LOG_WARNING,
	       "cannot keep the configuration as %s/" EG_LAST_GOOD ": %s; an older one stays there",
	       state_dir, strerror(-r));
	return false;
}
