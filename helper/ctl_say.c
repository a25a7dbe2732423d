// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* What ebpfguardctl's commands say on stderr, or keep for --json: findings; and text of others made
 * fit to print. */
#include <err.h>
#include <search.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ctl.h"
#include "ctl_json.h"
#include "util.h"

char *eg_ctl_safe(const char *text, char *buf, size_t size)
{
	size_t used = 0;

	for (; *text && used + 5 <= size; text++) {
		unsigned char c = (unsigned char)*text;

		if (c >= 0x20 && c < 0x7f)
			buf[used++] = (char)c;
		else
			used += (size_t)snprintf(buf + used, size - used, "\\x%02x", c);
	}
	buf[used] = '\0';
	return buf;
}

/* What was said, for finding it again: "LINE TEXT". Lives as long as the process. */
static void *said;

static int compare_said(const void *a, const void *b)
{
	return strcmp(a, b);
}

static bool was_said(unsigned int line, const char *text)
{
	char *both = NULL;
	void *node;

	if (asprintf(&both, "%u %s", line, text) < 0)
		return false; /* said twice, rather than not at all */
	node = tsearch(both, &said, compare_said);
	if (!node || *(char **)node != both) {
		free(both);
		return node;
	}
	return false;
}

/* As long as there is one, findings go there. */
static struct json_object *kept;

void eg_ctl_findings_keep(void)
{
	kept = eg_ctl_json_array();
}

bool eg_ctl_finding_keep(const char *severity, const char *file, unsigned int line,
			 const char *text)
{
	struct json_object *finding;

	if (!kept)
		return false;
	finding = eg_ctl_json_object();
	eg_ctl_json_add_text(finding, "file", file);
	if (line)
		eg_ctl_json_add_number(finding, "line", line);
	eg_ctl_json_add_text(finding, "severity", severity);
	eg_ctl_json_add_text(finding, "text", text);
	eg_ctl_json_append(kept, finding);
	return true;
}

struct json_object *eg_ctl_findings_take(void)
{
	return eg_take_ptr(&kept);
}

int eg_ctl_warn_at(const struct eg_config *config, unsigned int line, const char *format, ...)
{
	char text[EG_ERR_TEXT_SIZE], file[EG_CTL_SAFE_SIZE], clean[EG_CTL_SAFE_SIZE];
	va_list ap;

	va_start(ap, format);
	(void)vsnprintf(text, sizeof(text), format, ap);
	va_end(ap);
	if (was_said(line, text))
		return 0;
	if (eg_ctl_finding_keep("warning", config->file, line, text))
		return 1;
	(void)fprintf(stderr, "%s:%u: warning: %s\n", eg_ctl_safe(config->file, file, sizeof(file)),
		      line, eg_ctl_safe(text, clean, sizeof(clean)));
	return 1;
}
