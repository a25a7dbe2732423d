// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* ebpfguardctl report for programs: the log summed up as one JSON object. */
#include <ctype.h>
#include <stdio.h>

#include "audit.h"
#include "ctl_json.h"
#include "ctl_report.h"

enum { KEY_SIZE = 32, HOUR_S = 3600 };

/* "File and line" -> "file_and_line". */
static const char *key_of(const char *column, char buf[KEY_SIZE])
{
	size_t n = 0;

	for (; column[n] && n + 1 < KEY_SIZE; n++)
		buf[n] = (char)(column[n] == ' ' ? '_' : tolower((unsigned char)column[n]));
	buf[n] = '\0';
	return buf;
}

static struct json_object *json_of_row(const struct eg_audit_head *head,
				       const struct eg_tally_row *row)
{
	struct json_object *json = eg_ctl_json_object();

	for (size_t i = 0; head->columns[i]; i++) {
		char key[KEY_SIZE];
		size_t n;
		const char *cell = eg_tally_cell(row, i, &n);

		if (n && !(n == 1 && *cell == '-'))
			eg_ctl_json_add(json, key_of(head->columns[i], key),
					json_object_new_string_len(cell, (int)n));
	}
	eg_ctl_json_add_number(json, "refused", row->refused);
	eg_ctl_json_add_number(json, "audited", row->audited);
	eg_ctl_json_add_time(json, "first", (uint64_t)(row->first_ms / 1000));
	eg_ctl_json_add_time(json, "last", (uint64_t)(row->last_ms / 1000));
	return json;
}

static struct json_object *json_of_table(const struct eg_audit *audit, enum eg_audit_table table)
{
	const struct eg_tally *tally = &audit->tables[table];
	struct json_object *array = eg_ctl_json_array();

	for (size_t i = 0; i < tally->n; i++)
		eg_ctl_json_append(array, json_of_row(&eg_audit_heads[table], tally->rows[i]));
	return array;
}

/* How many attempts each table does not have, since there were too many names. */
static struct json_object *json_of_others(const struct eg_audit *audit)
{
	struct json_object *json = eg_ctl_json_object();

	for (int table = 0; table < EG_AUDIT_TABLES; table++)
		eg_ctl_json_add_number(json, eg_audit_heads[table].id, audit->tables[table].others);
	return json;
}

/* Those in which there was something. */
static struct json_object *json_of_hours(const struct eg_audit *audit)
{
	struct json_object *array = eg_ctl_json_array();

	for (size_t i = 0; i < audit->n_hours; i++) {
		struct json_object *json;

		if (!audit->hours[i][0] && !audit->hours[i][1])
			continue;
		json = eg_ctl_json_object();
		eg_ctl_json_add_time(json, "hour",
				     (uint64_t)(audit->first_hour + (int64_t)i) * HOUR_S);
		eg_ctl_json_add_number(json, "refused", audit->hours[i][0]);
		eg_ctl_json_add_number(json, "audited", audit->hours[i][1]);
		eg_ctl_json_append(array, json);
	}
	return array;
}

void eg_ctl_report_json(const struct eg_audit *audit)
{
	struct json_object *json = eg_ctl_json_object();
	int64_t begin_ms, end_ms;

	eg_audit_range(audit, &begin_ms, &end_ms);
	eg_ctl_json_add_time(json, "begin", (uint64_t)(begin_ms / 1000));
	eg_ctl_json_add_time(json, "end", (uint64_t)(end_ms / 1000));
	eg_ctl_json_add_number(json, "refused", audit->refused);
	eg_ctl_json_add_number(json, "killed", audit->killed);
	eg_ctl_json_add_number(json, "audited", audit->audited);
	eg_ctl_json_add_number(json, "flows", audit->flows);
	eg_ctl_json_add_number(json, "sessions_started", audit->started);
	eg_ctl_json_add_number(json, "suppressed", audit->suppressed);
	eg_ctl_json_add_number(json, "lost", audit->lost);
	eg_ctl_json_add_number(json, "cut_lines", audit->broken);
	eg_ctl_json_add(json, "hours", json_of_hours(audit));
	for (int table = 0; table < EG_AUDIT_TABLES; table++)
		eg_ctl_json_add(json, eg_audit_heads[table].id,
				json_of_table(audit, (enum eg_audit_table)table));
	eg_ctl_json_add(json, "not_listed", json_of_others(audit));
	eg_ctl_json_print(json);
}
