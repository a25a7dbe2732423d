/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Names of capabilities, as capabilities(7) has them but without "CAP_". Pure.
 */
#ifndef EG_CAPABILITY_H
#define EG_CAPABILITY_H

#include <stddef.h>

/* "SYS_ADMIN" for CAP_SYS_ADMIN; NULL for a number that none has. They count up from 0 without a
 * gap. */
const char *eg_capability_name(unsigned int number);

/* Length of "CAP_" in front of a name, in small letters or capitals; 0 when it is not there. */
size_t eg_capability_prefix(const char *name);

/* The number of a name, with or without "CAP_", in small letters or capitals. Returns 0, or -EINVAL
 * when none is named so. */
int eg_capability_parse(const char *name, unsigned int *ret);

#endif
