/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* A file that records are appended to, and that may be rotated away under us. */
#ifndef EG_LOG_FILE_H
#define EG_LOG_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "eg_err.h"

/* Initialise with {.fd = -1}. */
struct eg_log_file {
	char path[EG_PATH_TEXT_SIZE];
	int fd;		   /* owned; -1 = it could not be opened */
	bool broken;	   /* it ends in a part of a line */
	int64_t looked_ms; /* when it was last seen to be the one at the path; 0 = never */
};

/*
 * Opens it, or makes it with mode 0640. owner: who may own it and the directories above besides
 * root. Returns a descriptor, owned by the caller, or with *ret_why, a constant phrase:
 * -EINVAL when it is not a regular file (a link is none); -EPERM when others than root may write
 * it, or its directory, or put another in the place of one above; or the negative errno of a call.
 */
int eg_log_file_open(const char *path, unsigned int owner, const char **ret_why);

/* From now on this is the file. path: copied; fd: taken, -1 = to be opened. */
void eg_log_file_set(struct eg_log_file *file, const char *path, int fd);

/*
 * Appends a line, n bytes that end in a newline, in one write. Once a second at most it looks
 * whether the path still names this file, and opens the one that is there now, or that is not yet.
 * now_ms: any clock that does not jump. Returns 0; or a negative errno, and what there is of the
 * line will be ended by a newline before the next: -ENOSPC, -EFBIG, -EDQUOT, ...
 */
int eg_log_file_write(struct eg_log_file *file, char *line, size_t n, unsigned int owner,
		      int64_t now_ms);

void eg_log_file_close(struct eg_log_file *file);

#endif
