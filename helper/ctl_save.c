// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Files that ebpfguardctl makes: readers see them whole, or what was there before. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ctl.h"
#include "util.h"

/* Writes to the descriptor, which it takes. */
static int write_all(int fd, void (*print)(const void *arg, FILE *out), const void *arg)
{
	FILE *out = fdopen(fd, "w");
	int r = 0;

	if (!out) {
		(void)close(fd);
		return -ENOMEM;
	}
	print(arg, out);
	if (fflush(out) != 0 || ferror(out) || fsync(fileno(out)) < 0)
		r = errno ? -errno : -EIO;
	if (fclose(out) != 0 && !r)
		r = errno ? -errno : -EIO;
	return r;
}

/* /dev/null, and the link /dev/stdout, would be gone for everybody. Of a directory rename() says
 * what it is. */
static bool is_special(const char *path)
{
	struct stat st;

	return lstat(path, &st) == 0 && !S_ISREG(st.st_mode) && !S_ISDIR(st.st_mode);
}

const char *eg_ctl_save_error(int error)
{
	return error == -EOPNOTSUPP ? "is no regular file, and is not replaced" : strerror(-error);
}

int eg_ctl_save(const char *path, unsigned int mode, void (*print)(const void *arg, FILE *out),
		const void *arg)
{
	char *temporary eg_auto_free = NULL;
	int fd, r;

	if (is_special(path))
		return -EOPNOTSUPP;
	if (asprintf(&temporary, "%s.XXXXXX", path) < 0) {
		temporary = NULL;
		return -ENOMEM;
	}
	fd = mkostemp(temporary, O_CLOEXEC); /* mode 0600 */
	if (fd < 0)
		return -errno;
	if (fchmod(fd, mode) < 0) {
		r = -errno;
		(void)close(fd);
	} else {
		r = write_all(fd, print, arg);
	}
	if (!r && rename(temporary, path) < 0)
		r = -errno;
	if (r < 0)
		(void)unlink(temporary); /* it is of no use, and says nothing wrong */
	return r;
}
