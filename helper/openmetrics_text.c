// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Metrics as text, see openmetrics.h. */
#include "openmetrics.h"

static void family(void *out, const struct eg_openmetrics_family *family)
{
	(void)fprintf(out, "# HELP %s %s\n# TYPE %s %s\n", family->name, family->help, family->name,
		      family->type);
	if (*family->unit)
		(void)fprintf(out, "# UNIT %s %s\n", family->name, family->unit);
}

/*
 * A label. Bytes of the value outside of printable ASCII, and the backslash, become the text \xHH,
 * as in the log: so two values never print alike, and none is cut or refused for what it holds. In
 * the format, a backslash is written as two.
 */
static void put_label(FILE *out, const struct eg_openmetrics_label *label)
{
	(void)fprintf(out, "%s=\"", label->name);
	for (const char *value = label->value; *value; value++) {
		unsigned char c = (unsigned char)*value;

		if (c == '"')
			(void)fputs("\\\"", out);
		else if (c >= 0x20 && c < 0x7f && c != '\\')
			(void)fputc(c, out);
		else
			(void)fprintf(out, "\\\\x%02x", c);
	}
	(void)fputc('"', out);
}

static void sample(void *out, const struct eg_openmetrics_sample *sample)
{
	(void)fputs(sample->name, out);
	for (size_t i = 0; i < sample->n_labels; i++) {
		(void)fputc(i ? ',' : '{', out);
		put_label(out, &sample->labels[i]);
	}
	(void)fprintf(out, "%s %s\n", sample->n_labels ? "}" : "", sample->value);
}

void eg_openmetrics_print(const struct eg_openmetrics *metrics, FILE *out)
{
	static const struct eg_openmetrics_sink text = {family, sample};

	eg_openmetrics_walk(metrics, &text, out);
	(void)fputs("# EOF\n", out);
}
