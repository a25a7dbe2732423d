// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * A configuration's text to libconfig's tree, with the line of every setting in its hook.
 */
#include "config_apply.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "util.h"

/* Gives each setting its line from the scan. Recurses EG_CONFIG_DEPTH_MAX deep at most: the scan
 * has seen to that. */
static void set_lines(const config_setting_t *parent, const struct eg_config_scan *scan,
		      size_t *next)
{
	int i, n = config_setting_length(parent);

	for (i = 0; i < n && *next < scan->n_lines; i++) {
		config_setting_t *child = eg_config_element(parent, i);

		config_setting_set_hook(child, (void *)(uintptr_t)scan->lines[(*next)++]);
		if (config_setting_is_aggregate(child))
			set_lines(child, scan, next);
	}
}

static int count_settings(const config_setting_t *parent)
{
	int i, n = config_setting_length(parent), total = n;

	for (i = 0; i < n; i++)
		if (config_setting_is_aggregate(eg_config_element(parent, i)))
			total += count_settings(eg_config_element(parent, i));
	return total;
}

static int fail_parse(const struct eg_config_report *report, const config_t *tree)
{
	unsigned int line = (unsigned int)config_error_line(tree);
	const char *why = config_error_text(tree);

	if (why && strstr(why, "mismatched"))
		return eg_config_fail(report, -EINVAL, line,
				      "the elements of an array must all be of one type");
	return eg_config_fail(
		report, -EINVAL, line,
		"syntax error near line %u: settings are written key = value; and elements are "
		"separated by commas",
		line);
}

int eg_config_parse_text(const struct eg_config_report *report, config_t *tree, const char *text)
{
	__attribute__((cleanup(eg_config_scan_done))) struct eg_config_scan scan = {
		.report = report, .at = text, .end = text + strlen(text), .line = 1};
	size_t next = 0;
	int err = eg_config_scan(&scan);

	if (err < 0)
		return err;
	config_set_include_dir(tree, "/dev/null"); /* a second lock: the scan refuses @include */
	if (!config_read_string(tree, text))
		return fail_parse(report, tree);
	set_lines(config_root_setting(tree), &scan, &next);
	if ((size_t)count_settings(config_root_setting(tree)) != scan.n_lines)
		return eg_config_fail(
			report, -EINVAL, 0,
			"cannot be read in one way only; please report this as a bug");
	return 0;
}
