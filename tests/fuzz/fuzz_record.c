// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * A line of a log, which holds whatever others have written there. What is believed to be the
 * helper's is printed as JSON, and that is believed to say the same.
 */
#include "fuzz.h"

#include <errno.h>

#include "record_line.h"
#include "record_print.h"

enum { NOW_S = 1795305600 /* 2026-11-22 00:00:00 UTC */ };

const unsigned int eg_fuzz_mutations = 40000;

/* Two of them are too much for a stack under ASan. */
static struct eg_record_line line, again;

static bool is_in_store(const struct eg_record_line *of, const char *text)
{
	return text >= of->store && text < of->store + of->used;
}

/* What holds for every line that has a kind, believed or not. */
static void check_fields(const struct eg_record_line *of)
{
	must(of->n_fields <= EG_RECORD_FIELDS_MAX && of->used <= sizeof(of->store));
	for (size_t i = 0; i < of->n_fields; i++) {
		const struct eg_record_field *field = &of->fields[i];

		must(is_in_store(of, field->key));
		must(is_in_store(of, field->value) || field->type == EG_RECORD_YES);
		must(eg_record_get(of, field->key) == field->value);
	}
}

static char *print_json(const struct eg_record_line *of, size_t *ret_n)
{
	char *text = NULL;
	FILE *out = open_memstream(&text, ret_n);

	must(out);
	eg_record_print_json(of, out);
	must(fclose(out) == 0);
	return text;
}

static void check_columns(const struct eg_record_line *of)
{
	char *text = NULL;
	size_t n = 0;
	FILE *out = open_memstream(&text, &n);

	must(out);
	eg_record_print(of, false, out);
	must(fclose(out) == 0);
	must(n && text[n - 1] == '\n' && eg_fuzz_is_line(text, n - 1));
	free(text);
}

static bool same_text(const char *a, const char *b)
{
	return a == b || (a && b && strcmp(a, b) == 0);
}

static void check_same(const struct eg_record_line *a, const struct eg_record_line *b)
{
	const char *arg_a = a->args, *arg_b = b->args;

	must(a->kind == b->kind && a->event == b->event && a->verdict == b->verdict);
	must(same_text(a->op, b->op) && a->time_ms == b->time_ms && a->n_fields == b->n_fields);
	for (size_t i = 0; i < a->n_fields; i++) {
		must(same_text(a->fields[i].key, b->fields[i].key));
		must(same_text(a->fields[i].value, b->fields[i].value));
	}
	must(!a->args == !b->args && a->n_args == b->n_args && a->args_cut == b->args_cut);
	for (size_t i = 0; i < a->n_args; i++) {
		must(same_text(arg_a, arg_b));
		arg_a += strlen(arg_a) + 1;
		arg_b += strlen(arg_b) + 1;
	}
}

static void check_believed(const struct eg_record_line *of)
{
	size_t n = 0, n_again = 0;
	char *json = print_json(of, &n), *json_again;

	must(of->kind < EG_RECORD_KINDS && of->event);
	must(n && json[n - 1] == '\n' && eg_fuzz_is_line(json, n - 1));
	if (n - 1 <= EG_RECORD_LINE_MAX) { /* escapes may have made it longer */
		must(eg_record_line_parse(json, n - 1, NOW_S, &again) == 0);
		check_same(of, &again);
		json_again = print_json(&again, &n_again);
		must(strcmp(json, json_again) == 0);
		free(json_again);
	}
	free(json);
	check_columns(of);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = malloc(size ? size : 1);
	int r;

	must(text);
	if (size)
		memcpy(text, data, size);
	r = eg_record_line_parse(text, size, NOW_S, &line);
	must(r == 0 || r == -ENOMSG || r == -EBADMSG);
	if (r == -EBADMSG)
		check_fields(&line);
	if (r == 0) {
		check_fields(&line);
		check_believed(&line);
	}
	free(text);
	return 0;
}
