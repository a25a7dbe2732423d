/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What ebpfguardctl's commands print with --json: one object, on one line, in ASCII. Out of memory
 * ends the program.
 */
#ifndef EG_CTL_JSON_H
#define EG_CTL_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <json-c/json.h>

/* A new object or array; the caller's until it is added to another. */
struct json_object *eg_ctl_json_object(void);
struct json_object *eg_ctl_json_array(void);

/*
 * Text of others, n bytes that may be anything: valid UTF-8 stands for itself, any other byte and
 * the backslash become \xHH, as text, so that the value is unambiguous.
 */
struct json_object *eg_ctl_json_text(const char *bytes, size_t n);

/* A word of the log, which is escaped there already: it stays as it is. */
struct json_object *eg_ctl_json_word(const char *word);

struct json_object *eg_ctl_json_number(uint64_t value);

/* Add to an object; value is given away. A key is a literal. NULL or empty text, and seconds 0, are
 * left out: not known. */
void eg_ctl_json_add(struct json_object *object, const char *key, struct json_object *value);
void eg_ctl_json_add_text(struct json_object *object, const char *key, const char *text);
void eg_ctl_json_add_number(struct json_object *object, const char *key, uint64_t value);
void eg_ctl_json_add_bool(struct json_object *object, const char *key, bool value);
/* Seconds since the epoch, as RFC 3339 in UTC. */
void eg_ctl_json_add_time(struct json_object *object, const char *key, uint64_t seconds);

/* Adds to an array. */
void eg_ctl_json_append(struct json_object *array, struct json_object *value);

/* Writes it as a line, and releases it. Characters beyond ASCII, DEL too, are written as \uXXXX: a
 * terminal takes some of them for orders. */
void eg_ctl_json_write(struct json_object *value, FILE *out);

/* The same on the standard output. */
void eg_ctl_json_print(struct json_object *value);

#endif
