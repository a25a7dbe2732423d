/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What fields_encode.c and fields_journal.c share. Pure. */
#ifndef EG_FIELDS_ENCODE_H
#define EG_FIELDS_ENCODE_H

#include "fields.h"

enum { EG_FIELDS_EVENT_SIZE = 32 };

/* A buffer that fills: what has no room marks it, and nothing is added any more. One byte stays
 * free. */
struct eg_out {
	char *buf;
	size_t size, used;
	bool full;
};

void eg_out_put(struct eg_out *out, const void *bytes, size_t n);

/* At most 127 bytes. */
__attribute__((format(printf, 2, 3))) void eg_out_putf(struct eg_out *out, const char *format, ...);

/* Is there a value to be written in the forms that leave out what is not known? */
bool eg_fields_is_known(const struct eg_field *field);

bool eg_fields_is_args(const struct eg_field *field);

/* Numbers and arguments as kv has them. */
void eg_fields_put_simple(struct eg_out *out, const struct eg_fields *fields,
			  const struct eg_field *field);

#endif
