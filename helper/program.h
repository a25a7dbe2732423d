/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Programs that rules and exceptions name: which of them the helper takes for one. What counts is
 * the file that a path leads to. Asks the disk, and never logs.
 */
#ifndef EG_PROGRAM_H
#define EG_PROGRAM_H

#include <limits.h>
#include <stdbool.h>
#include <sys/stat.h>

/*
 * Why a file gets no rules of its own, or is no exception. It is there.
 * path: absolute, as the configuration names it; st: of what it leads to. with_rules: it stands in
 * rules[].programs, where a script is none.
 * Returns a constant phrase; NULL = nothing is wrong.
 */
const char *eg_program_trouble(const char *path, const struct stat *st, bool with_rules);

/*
 * What the kernel runs for a script, by its first line.
 * Returns 0 and the path, which need not be there, or be absolute; -ENOEXEC when the file is none
 * or names no interpreter; or the negative errno of open or read.
 */
int eg_program_interpreter(const char *path, char ret[PATH_MAX]);

#endif
