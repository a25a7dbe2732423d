/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What the files of PAM say of our module: whether a service asks it for its sessions, and with
 * which arguments. Never logs.
 */
#ifndef EG_PAM_FILE_H
#define EG_PAM_FILE_H

#include <stdbool.h>
#include <stddef.h>

#define EG_PAM_MODULE "pam_ebpfguard.so"

enum {
	EG_PAM_DEPTH_MAX = 8, /* files that include files */
	EG_PAM_WORDS_MAX = 64,
	EG_PAM_LIST_SIZE = 4096, /* names, with commas between them */
};

/* The session lines of a service that name our module, taken together. Zeroed, there is none. */
struct eg_pam_use {
	bool found;
	bool onerr;			      /* onerr=succeed */
	bool optional;			      /* the line's control lets a failure pass */
	char module[EG_PAM_LIST_SIZE];	      /* as the first one names it */
	char exempt_users[EG_PAM_LIST_SIZE];  /* comma list; what does not fit is left out */
	char exempt_groups[EG_PAM_LIST_SIZE]; /* likewise */
};

/*
 * Takes a line apart as libpam does: words between blanks, or in brackets, where \] stands for ].
 * A comment is none of them. line: NUL-terminated, changed, borrowed by words.
 * Returns how many; what is beyond EG_PAM_WORDS_MAX is left out. Pure.
 */
size_t eg_pam_split(char *line, char *words[EG_PAM_WORDS_MAX]);

/*
 * Takes in one logical line. Changes it. *ret_include: NULL, or the file that it includes for
 * sessions, which borrows the line. Pure.
 */
void eg_pam_take_line(struct eg_pam_use *use, char *line, const char **ret_include);

/* Is a name in a comma list? Pure. */
bool eg_pam_lists(const char *list, const char *name);

/*
 * Reads the file of a service and those it includes, each from the first of the directories that
 * has it. dirs: NULL after the last; borrowed. Blocks on the disk only.
 * Returns 0 with *use filled, added to what is there; or a negative errno when the service's own
 * file cannot be read. An included one that cannot be says nothing.
 */
int eg_pam_read(const char *const *dirs, const char *service, struct eg_pam_use *use);

#endif
