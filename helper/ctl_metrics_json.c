// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* ebpfguardctl metrics for programs: families and their samples as one JSON object. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "ctl_json.h"
#include "ctl_metrics.h"

struct families {
	struct json_object *list, *samples; /* samples: of the last one in list */
	const char *name;		    /* of that one */
};

static void family(void *arg, const struct eg_openmetrics_family *family)
{
	struct json_object *json = eg_ctl_json_object();
	struct families *families = arg;

	families->samples = eg_ctl_json_array();
	families->name = family->name;
	eg_ctl_json_add_text(json, "name", family->name);
	eg_ctl_json_add_text(json, "type", family->type);
	eg_ctl_json_add_text(json, "unit", family->unit);
	eg_ctl_json_add_text(json, "help", family->help);
	eg_ctl_json_add(json, "samples", families->samples);
	eg_ctl_json_append(families->list, json);
}

/* There is no number for what is not known, or infinite: NULL. */
static struct json_object *json_of_value(const char *value)
{
	char *end;
	double number;

	if (!strchr(value, '.') && *value >= '0' && *value <= '9')
		return eg_ctl_json_number(strtoull(value, NULL, 10));
	number = strtod(value, &end);
	return *end || *value == '+' ? NULL : json_object_new_double_s(number, value);
}

static void sample(void *arg, const struct eg_openmetrics_sample *sample)
{
	struct json_object *json = eg_ctl_json_object(), *labels = eg_ctl_json_object();
	struct families *families = arg;

	if (strcmp(sample->name, families->name) != 0)
		eg_ctl_json_add_text(json, "name", sample->name);
	for (size_t i = 0; i < sample->n_labels; i++)
		eg_ctl_json_add(
			labels, sample->labels[i].name,
			eg_ctl_json_text(sample->labels[i].value, strlen(sample->labels[i].value)));
	eg_ctl_json_add(json, "labels", labels);
	eg_ctl_json_add(json, "value", json_of_value(sample->value));
	eg_ctl_json_append(families->samples, json);
}

void eg_ctl_metrics_json(const struct eg_openmetrics *metrics, FILE *out)
{
	static const struct eg_openmetrics_sink sink = {family, sample};
	struct families families = {.list = eg_ctl_json_array()};
	struct json_object *json = eg_ctl_json_object();

	eg_openmetrics_walk(metrics, &sink, &families);
	eg_ctl_json_add(json, "families", families.list);
	eg_ctl_json_write(json, out);
}
