// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * /etc/ebpfguard.conf on the disk: opened once, judged by that descriptor, read whole.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "config_scan.h"
#include "util.h"

/* May this file say what sessions are allowed? Whoever can write it could lift every restriction.
 */
static int check_file(const struct eg_config_report *report, int fd, unsigned int owner,
		      size_t size_max)
{
	struct stat st = {0};

	if (fstat(fd, &st) < 0)
		return eg_config_fail(report, -errno, 0, "fstat: %s", strerror(errno));
	if (!S_ISREG(st.st_mode))
		return eg_config_fail(report, -EINVAL, 0, "not a regular file");
	if (st.st_uid != 0 && st.st_uid != owner)
		return eg_config_fail(report, -EPERM, 0,
				      "owned by uid %u; expected uid %u: run chown %u", st.st_uid,
				      owner, owner);
	if (st.st_mode & (S_IWGRP | S_IWOTH)) /* an ACL's widest entry shows as the group's */
		return eg_config_fail(
			report, -EPERM, 0,
			"writable by others than its owner (mode %04o): run chmod go-w",
			st.st_mode & 07777U);
	if ((uint64_t)st.st_size > size_max)
		return eg_config_fail(report, -EFBIG, 0, "larger than %zu bytes", size_max);
	return 0;
}

int eg_config_open(const struct eg_config_report *report, unsigned int owner, size_t size_max)
{
	/* Links are followed and then what was opened is judged. A FIFO or a device must not hold
	 * us up. */
	eg_auto_close int fd = open(report->file, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	int err;

	if (fd < 0)
		return eg_config_fail(report, -errno, 0, "%s", strerror(errno));
	err = check_file(report, fd, owner, size_max);
	return err < 0 ? err : eg_take_fd(&fd);
}

int eg_config_read(const struct eg_config_report *report, int fd, size_t size_max, char **ret,
		   size_t *ret_n)
{
	eg_auto_free char *text = NULL;
	size_t n = 0, size = 0;
	char *bigger = NULL;
	ssize_t got = 1;

	while (got > 0) {
		if (n > size_max)
			return eg_config_fail(report, -EFBIG, 0, "larger than %zu bytes", size_max);
		if (n == size) {
			size = size ? size * 2 : 4096;
			bigger = realloc(text, size);
			if (!bigger)
				return eg_config_fail_memory(report);
			text = bigger;
		}
		got = read(fd, text + n, size - n);
		if (got < 0)
			return eg_config_fail(report, -errno, 0, "read: %s", strerror(errno));
		n += (size_t)got;
	}
	*ret = eg_take_ptr(&text);
	*ret_n = n;
	return 0;
}

int eg_config_load(const char *path, unsigned int owner, struct eg_config **ret, char **ret_text,
		   size_t *ret_n, struct eg_err *reterr)
{
	const struct eg_config_report report = {.file = path, .reterr = reterr};
	eg_auto_close int fd = eg_config_open(&report, owner, EG_CONFIG_SIZE_MAX);
	eg_auto_free char *text = NULL;
	size_t n = 0;
	int err;

	if (fd < 0)
		return fd;
	err = eg_config_read(&report, fd, EG_CONFIG_SIZE_MAX, &text, &n);
	if (err < 0)
		return err;
	/* Nobody writes that, and without a word it would lift every rule there was. */
	if (!n)
		return eg_config_fail(&report, -ENODATA, 0,
				      "empty, as a file is whose writing was interrupted; to have "
				      "no rules, write a comment");
	err = eg_config_parse(text, n, path, ret, reterr);
	if (err < 0)
		return err;
	if (ret_text) {
		*ret_text = eg_take_ptr(&text);
		*ret_n = n;
	}
	return 0;
}
