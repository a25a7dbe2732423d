/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The two forms of a record, read back: what is a number in one is one in the other. */
#ifndef EG_TEST_FORMS_H
#define EG_TEST_FORMS_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "fields.h"
#include "record_line.h"

static inline const struct eg_record_field *field_of(const struct eg_record_line *line,
						     const char *key)
{
	for (size_t i = 0; i < line->n_fields; i++)
		if (strcmp(line->fields[i].key, key) == 0)
			return &line->fields[i];
	return NULL;
}

/* Whoever adds a field that is a number, and not to the reader of lines, finds out here. */
static inline void forms_agree(const struct eg_fields *fields)
{
	static struct eg_record_line of_kv, of_json;
	char kv[EG_LINE_MAX], json[EG_LINE_MAX];
	int n_kv = eg_fields_kv(fields, kv, sizeof(kv));
	int n_json = eg_fields_json(fields, json, sizeof(json)), r;

	assert_true(n_kv > 0 && n_json > 0);
	/* Operations and numbers that there are not are read in neither. */
	r = eg_record_line_parse(kv, (size_t)n_kv, 0, &of_kv);
	assert_int_equal(eg_record_line_parse(json, (size_t)n_json, 0, &of_json), r);
	if (r < 0)
		return;
	for (size_t i = 0; i < of_json.n_fields; i++) {
		const struct eg_record_field *field = &of_json.fields[i],
					     *same = field_of(&of_kv, field->key);

		/* a name may be "-", too */
		if (same && same->type != field->type)
			fail_msg("%s: another type in %s", field->key, kv);
	}
}

#endif
