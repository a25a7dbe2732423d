/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What config.c and config_scan.c share: how an error is reported, and the scan that goes before
 * libconfig. Pure.
 */
#ifndef EG_CONFIG_SCAN_H
#define EG_CONFIG_SCAN_H

#include <stdbool.h>
#include <stddef.h>

#include "config.h"

enum {
	EG_CONFIG_QUOTE_MAX = 64, /* bytes of the file that one message repeats */
	/* all escaped, two quotes, "..." and NUL */
	EG_CONFIG_QUOTE_SIZE = 4 * EG_CONFIG_QUOTE_MAX + 6,
};

/* Who hears of an error: goes first to every function that can refuse something. */
struct eg_config_report {
	const char *file;
	struct eg_err *reterr;
};

/* A named setting, for finding the same name twice in one group. */
struct eg_config_scan_name {
	const char *text; /* in the scanned text */
	size_t n;
	unsigned int group; /* number of the group it stands in, 0 = the file */
	unsigned int line;
};

struct eg_config_scan_open {
	char bracket;
	unsigned int group;
	unsigned int n_names;
	unsigned int line;
};

/*
 * The lexer's state. `lines` gets one line per setting or element in the order of the text, which
 * is the order of a walk through libconfig's tree.
 */
struct eg_config_scan {
	const struct eg_config_report *report;
	const char *at;	 /* next byte */
	const char *end; /* where the text's NUL stands; "\n" is before it, so at[1] can be read */
	unsigned int line;
	bool named;	   /* a name was read, the next value belongs to it */
	bool after_string; /* the last token was a string */
	struct eg_config_scan_open open[EG_CONFIG_DEPTH_MAX + 1]; /* [0] is the file itself */
	unsigned int depth;
	unsigned int n_groups;
	unsigned int *lines; /* owned */
	size_t n_lines, lines_size;
	struct eg_config_scan_name *names; /* owned */
	size_t n_names, names_size;
};

/* Fills report->reterr and returns err, a negative errno. line: from 1; 0 = the file as a whole. A
 * long text is cut. */
__attribute__((format(printf, 4, 5))) int eg_config_fail(const struct eg_config_report *report,
							 int err, unsigned int line,
							 const char *format, ...);

/* The same for -ENOMEM. */
int eg_config_fail_memory(const struct eg_config_report *report);

/*
 * Opens the file that the report is about, and judges what was opened: a regular file of root (or
 * of `owner`) that neither group nor others can write, size_max bytes at most. Returns its
 * descriptor, or a negative errno as eg_config_load, with the report filled. In config_file.c.
 */
int eg_config_open(const struct eg_config_report *report, unsigned int owner, size_t size_max);

/*
 * Reads what eg_config_open has opened to its end, size_max bytes at most: it may have grown since.
 * Returns 0 with *ret, owned by the caller, and *ret_n; -EFBIG, -ENOMEM or the negative errno of
 * read, with the report filled. In config_file.c.
 */
int eg_config_read(const struct eg_config_report *report, int fd, size_t size_max, char **ret,
		   size_t *ret_n);

/*
 * Bytes of the file as a message may show them: printable ASCII but quote and backslash as it is,
 * the rest as \xHH, cut after EG_CONFIG_QUOTE_MAX. Also valid UTF-8 becomes \xHH: it can reverse
 * text and draw look-alikes, and no value needs it.
 */
char *eg_config_quote(char buf[EG_CONFIG_QUOTE_SIZE], const char *bytes, size_t n);

/*
 * Reads a text to its end.
 * scan: report, at, end and line (1) are set, the rest is zero; borrows the text, which ends in a
 * newline and NUL and holds no other NUL. Release with eg_config_scan_done, also after an error.
 * Returns 0 with lines filled, -EINVAL or -ENOMEM with the report filled.
 */
int eg_config_scan(struct eg_config_scan *scan);

/* Releases what a scan owns. */
void eg_config_scan_done(struct eg_config_scan *scan);

#endif
