/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What is wrong, where, and what to do: text for people. (err.h is the C library's.) */
#ifndef EG_ERR_H
#define EG_ERR_H

#include <stddef.h>

enum {
	EG_ERR_TEXT_SIZE = 512,
	EG_PATH_TEXT_SIZE = 256,
};

struct eg_err {
	char file[EG_PATH_TEXT_SIZE];
	unsigned int line; /* from 1; 0 = the file as a whole */
	char text[EG_ERR_TEXT_SIZE];
};

/* Fills *err with a text, no file, and a line or none; a text that is too long is cut. Returns
 * error. */
__attribute__((format(printf, 3, 4))) int eg_err_fail(struct eg_err *err, int error,
						      const char *format, ...);
__attribute__((format(printf, 4, 5))) int
eg_err_fail_at(struct eg_err *err, int error, unsigned int line, const char *format, ...);

/* Adds to the text; of what is there as much is cut as that takes. Longer than
 * 3/4 of a text it is cut itself. */
__attribute__((format(printf, 2, 3))) void eg_err_append(struct eg_err *err, const char *format,
							 ...);

/* Writes "file:line: text" ("file: text" for line 0, "text" without a file) as one line. buf: size
 * bytes. Returns buf. */
char *eg_err_format(const struct eg_err *err, char *buf, size_t size);

#endif
