/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The three forms of a record, each read back: by the product's reader, or for the journal, whose
 * reader is another program, by one of our own. (fuzz_lines.c)
 */
#ifndef EG_FUZZ_LINES_H
#define EG_FUZZ_LINES_H

#include "fields.h"

/* believed: the record is one that the kernel side and the helper make, so who reads its lines must
 * take them; of others they may say that they are none. */
void check_lines(const struct eg_fields *fields, bool believed);

#endif
