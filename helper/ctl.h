/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * ebpfguardctl's commands, and what they share. Each reads its arguments, prints its answer and
 * says on stderr why there is none.
 */
#ifndef EG_CTL_H
#define EG_CTL_H

#include <stddef.h>

#include "config.h"

enum {
	/* exit status */
	EG_CTL_FINE = 0,
	EG_CTL_FINDING = 1, /* also: denied, refused, not reached */
	EG_CTL_USAGE = 2,

	/* A message's text, "file:line: " included, with every byte escaped. */
	EG_CTL_SAFE_SIZE = 4 * (EG_ERR_TEXT_SIZE + EG_PATH_TEXT_SIZE + 16),
};

/* What the command line says apart from the command and its arguments. Borrowed from argv. */
struct eg_ctl_options {
	const char *config;  /* path */
	const char *program; /* path, for explain; NULL = any */
	const char *socket;  /* path of control.sock */
};

/*
 * Makes text of others fit to print: bytes outside 0x20..0x7e become \xHH, blanks stay. What does
 * not fit is left out. Pure.
 * text: NUL-terminated, borrowed; buf: size bytes, at least one.
 * Returns buf.
 */
char *eg_ctl_safe(const char *text, char *buf, size_t size);

/* Prints an error of the configuration to stderr, without "ebpfguardctl: " in front: an editor
 * finds file and line at the start. */
void eg_ctl_print_error(const struct eg_err *error);

/* Loads a configuration, or says on stderr why not and returns NULL. Free with eg_config_free. */
struct eg_config *eg_ctl_load(const char *path);

/* Frees one at the end of its scope. */
void eg_ctl_config_free(struct eg_config **config);
#define eg_ctl_auto_config __attribute__((cleanup(eg_ctl_config_free)))

/* One finding of check, to stderr: where, and what. Counted by the caller. */
__attribute__((format(printf, 3, 4))) void
eg_ctl_warn_at(const struct eg_config *config, unsigned int line, const char *format, ...);

/* Finds regular files among those that the profile's lists of files deny, and in the trees, that
 * have names besides those found there. Reads directories. Returns how many findings, or -ENOMEM.
 */
int eg_ctl_find_links(const struct eg_config *config, const struct eg_config_profile *profile);

/*
 * The commands. args: as many as the command takes at most, NULL after the last.
 * Return the exit status. check and explain look at files and nothing else; the others ask the
 * helper and wait five seconds for it at most.
 */
int eg_ctl_check(const struct eg_ctl_options *options, char **args);	/* [FILE] */
int eg_ctl_explain(const struct eg_ctl_options *options, char **args);	/* USER connect TARGET */
int eg_ctl_status(const struct eg_ctl_options *options, char **args);	/* none */
int eg_ctl_sessions(const struct eg_ctl_options *options, char **args); /* none */
int eg_ctl_reload(const struct eg_ctl_options *options, char **args);	/* none */

#endif
