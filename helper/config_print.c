// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * A profile as the text of a configuration: what of it is not at its default, by the schema's rows.
 */
#include "config_apply.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "capability.h"
#include "util.h"

struct printer {
	FILE *out;
	size_t most; /* elements of one list, 0 = all */
	/* of the list at hand: */
	size_t n, total;
	const char *indent;
};

/* ---- values */

void eg_config_print_string(FILE *out, const char *text)
{
	(void)fputc('"', out);
	for (; *text; text++) {
		unsigned char c = (unsigned char)*text;

		if (c == '"' || c == '\\')
			(void)fprintf(out, "\\%c", c);
		else if (c >= ' ' && c <= '~')
			(void)fputc(c, out);
		else
			(void)fprintf(out, "\\x%02X", c);
	}
	(void)fputc('"', out);
}

/* One element of a list, on a line of its own where they are more than three. */
static void print_element(struct printer *printer, const char *text)
{
	bool lines = printer->total > 3;

	printer->n++;
	if (printer->most && printer->n > printer->most)
		return;
	if (lines)
		(void)fprintf(printer->out, "%s\n%s\t", printer->n > 1 ? "," : "", printer->indent);
	else
		(void)fputs(printer->n > 1 ? ", " : " ", printer->out);
	eg_config_print_string(printer->out, text);
}

static void begin_list(struct printer *printer, size_t total)
{
	printer->n = 0;
	printer->total = total;
	(void)fputc('[', printer->out);
}

static void end_list(struct printer *printer)
{
	if (printer->most && printer->n > printer->most)
		(void)fprintf(printer->out, "\n%s\t# ... %zu more", printer->indent,
			      printer->n - printer->most);
	if (printer->total > 3)
		(void)fprintf(printer->out, "\n%s]", printer->indent);
	else
		(void)fputs(" ]", printer->out);
}

static size_t count_rules(const struct eg_config_rules *rules, bool allow)
{
	size_t n = 0;

	for (size_t i = 0; i < rules->n; i++)
		n += rules->list[i].allow == allow;
	return n;
}

static void print_rules(struct printer *printer, const struct eg_config_key *row,
			const struct eg_config_rules *rules)
{
	char text[EG_RULE_TEXT_SIZE];

	begin_list(printer, count_rules(rules, row->value));
	for (size_t i = 0; i < rules->n; i++) {
		const struct eg_config_rule *rule = &rules->list[i];

		if (rule->allow != (bool)row->value)
			continue;
		print_element(printer, row->type == EG_CONFIG_PORTS
					       ? eg_rule_format_ports(&rule->spec, text)
					       : eg_rule_format(&rule->spec, text));
	}
	end_list(printer);
}

static void print_sockets(struct printer *printer, const struct eg_config_profile *profile)
{
	begin_list(printer, (size_t)__builtin_popcountll(profile->families) +
				    (size_t)__builtin_popcount(profile->protocols));
	for (unsigned int i = 0; i < 64; i++)
		if (profile->families >> i & 1)
			print_element(printer, eg_config_family_name(i));
	for (unsigned int i = 0; i < 32; i++)
		if (profile->protocols >> i & 1)
			print_element(printer, eg_config_protocol_name(1U << i));
	end_list(printer);
}

static void print_capabilities(struct printer *printer, uint64_t bits)
{
	begin_list(printer, (size_t)__builtin_popcountll(bits));
	for (unsigned int i = 0; i < 64; i++)
		if (bits >> i & 1)
			print_element(printer, eg_capability_name(i));
	end_list(printer);
}

static void print_texts(struct printer *printer, const struct eg_config_texts *texts)
{
	begin_list(printer, texts->n);
	for (size_t i = 0; i < texts->n; i++)
		print_element(printer, texts->list[i].text);
	end_list(printer);
}

static size_t count_feeds(const struct eg_config_feeds *feeds, bool allow)
{
	size_t n = 0;

	for (size_t i = 0; i < feeds->n; i++)
		n += feeds->list[i].allow == allow;
	return n;
}

static void print_feeds(struct printer *printer, const struct eg_config_key *row,
			const struct eg_config_feeds *feeds)
{
	const char *before = "(";

	for (size_t i = 0; i < feeds->n; i++) {
		const struct eg_config_feed *feed = &feeds->list[i];

		if (feed->allow != (bool)row->value)
			continue;
		(void)fprintf(printer->out, "%s { file = ", before);
		eg_config_print_string(printer->out, feed->path);
		(void)fprintf(printer->out, "; strict = %s; shrink = %u; }",
			      feed->strict ? "true" : "false", feed->shrink);
		before = ",";
	}
	(void)fputs(" )", printer->out);
}

static void print_value(struct printer *printer, const struct eg_config_key *row, const void *owner)
{
	const void *field = (const char *)owner + row->offset;

	switch (row->type) {
	case EG_CONFIG_WORD:
		eg_config_print_string(printer->out, row->words[*(const unsigned int *)field]);
		break;
	case EG_CONFIG_WORD_BOOL:
		eg_config_print_string(printer->out, row->words[*(const bool *)field]);
		break;
	case EG_CONFIG_BOOL:
		(void)fputs(*(const bool *)field ? "true" : "false", printer->out);
		break;
	case EG_CONFIG_NETWORKS:
	case EG_CONFIG_PORTS:
		print_rules(printer, row, field);
		break;
	case EG_CONFIG_FEEDS:
		print_feeds(printer, row, field);
		break;
	case EG_CONFIG_SOCKETS:
		print_sockets(printer, owner);
		break;
	case EG_CONFIG_CAPABILITIES:
		print_capabilities(printer, *(const uint64_t *)field);
		break;
	default: /* lists of strings */
		print_texts(printer, field);
	}
}

static bool is_default(const struct eg_config_key *row, const void *owner)
{
	const struct eg_config_profile *profile = owner; /* sockets are of a profile only */
	const void *field = (const char *)owner + row->offset;

	switch (row->type) {
	case EG_CONFIG_WORD:
		return *(const unsigned int *)field == (unsigned int)row->value;
	case EG_CONFIG_WORD_BOOL:
	case EG_CONFIG_BOOL:
		return *(const bool *)field == (bool)row->value;
	case EG_CONFIG_NETWORKS:
	case EG_CONFIG_PORTS:
		return count_rules(field, row->value) == 0;
	case EG_CONFIG_FEEDS:
		return count_feeds(field, row->value) == 0;
	case EG_CONFIG_SOCKETS:
		return !profile->families && !profile->protocols;
	case EG_CONFIG_CAPABILITIES:
		return *(const uint64_t *)field == 0;
	default:
		return !((const struct eg_config_texts *)field)->set;
	}
}

/* ---- rows */

/* Rows of one kind, and the struct they are in. */
struct rows {
	const struct eg_config_schema *schema;
	enum eg_config_owner owner;
	const void *of;
	size_t skip; /* of each path */
};

static const char *name_of(const struct rows *rows, size_t i)
{
	return rows->schema->keys[i].path + rows->skip;
}

static bool is_printed(const struct rows *rows, size_t i)
{
	const struct eg_config_key *row = &rows->schema->keys[i];

	return row->owner == rows->owner && !is_default(row, rows->of);
}

/* Do both stand in the same group? n: length of the group's name. */
static bool same_group(const char *a, const char *b, size_t n)
{
	return strncmp(a, b, n) == 0 && a[n] == '.' && b[n] == '.';
}

/* The group that the i-th row stands in, unless one before it had that printed. */
static void print_group(struct printer *printer, const struct rows *rows, size_t i)
{
	const char *name = name_of(rows, i);
	size_t n = strcspn(name, ".");

	for (size_t j = 0; j < i; j++)
		if (is_printed(rows, j) && same_group(name, name_of(rows, j), n))
			return;
	(void)fprintf(printer->out, "%s%.*s = {", printer->indent, (int)n, name);
	for (size_t j = i; j < rows->schema->n; j++) {
		if (!is_printed(rows, j) || !same_group(name, name_of(rows, j), n))
			continue;
		(void)fprintf(printer->out, " %s = ", name_of(rows, j) + n + 1);
		print_value(printer, &rows->schema->keys[j], rows->of);
		(void)fputc(';', printer->out);
	}
	(void)fputs(" };\n", printer->out);
}

static void print_rows(struct printer *printer, const struct rows *rows)
{
	for (size_t i = 0; i < rows->schema->n; i++) {
		if (!is_printed(rows, i))
			continue;
		if (strchr(name_of(rows, i), '.')) {
			print_group(printer, rows, i);
			continue;
		}
		(void)fprintf(printer->out, "%s%s = ", printer->indent, name_of(rows, i));
		print_value(printer, &rows->schema->keys[i], rows->of);
		(void)fputs(";\n", printer->out);
	}
}

/* ---- doors */

void eg_config_print(const struct eg_config_profile *profile, size_t most, FILE *out)
{
	struct printer printer = {.out = out, .most = most, .indent = ""};
	struct rows rows = {
		.schema = eg_config_schema(), .owner = EG_CONFIG_OF_PROFILE, .of = profile};

	print_rows(&printer, &rows);
	if (!profile->n_groups)
		return;
	rows.owner = EG_CONFIG_OF_GROUP;
	rows.skip = strlen(EG_CONFIG_GROUPS_PREFIX);
	printer.indent = "\t\t";
	(void)fputs(EG_CONFIG_GROUPS " = (\n", out);
	for (size_t i = 0; i < profile->n_groups; i++) {
		rows.of = &profile->groups[i];
		(void)fputs("\t{\n", out);
		print_rows(&printer, &rows);
		(void)fputs(i + 1 < profile->n_groups ? "\t},\n" : "\t}\n", out);
	}
	(void)fputs(");\n", out);
}
