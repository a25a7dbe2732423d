// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* ebpfguardctl report: the log summed up, as text or as a page in a file. */
#include <err.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "ctl_log.h"
#include "ctl_report.h"
#include "util.h"

static int take(void *arg, const struct eg_record_line *line, int err)
{
	return eg_audit_take(arg, line, err);
}

static void print_page(const void *audit, FILE *out)
{
	eg_audit_print_html(audit, out);
}

/* ---- the command */

static int print(const struct eg_ctl_options *options, const struct eg_audit *audit)
{
	char clean[EG_CTL_SAFE_SIZE];
	/* nobody but its owner may read the page */
	int r = options->html ? eg_ctl_save(options->html, 0600, print_page, audit) : 0;

	if (options->json)
		eg_ctl_report_json(audit);
	else if (!options->html)
		eg_audit_print_text(audit, stdout);
	if (r < 0)
		warnx("%s: %s", eg_ctl_safe(options->html, clean, sizeof(clean)),
		      eg_ctl_save_error(r));
	return r == 0 && audit->refused + audit->audited + audit->suppressed + audit->lost +
				       audit->flows + audit->started
		       ? EG_CTL_FINE
		       : EG_CTL_FINDING;
}

int eg_ctl_report(const struct eg_ctl_options *options, char **args)
{
	__attribute__((cleanup(eg_audit_done))) struct eg_audit audit = {0};
	struct eg_ctl_log log = {.command = "report",
				 .files = args,
				 .since = options->since,
				 .now_s = time(NULL),
				 .take = take,
				 .arg = &audit};

	if (!args[0] && !options->since) {
		warnx("report: --since is missing, such as --since yesterday");
		return EG_CTL_USAGE;
	}
	if (!eg_ctl_log_is_known(options, args))
		return EG_CTL_FINDING;
	if (!eg_ctl_log_match(options, log.now_s, args, &audit.match))
		return EG_CTL_USAGE;
	if (!audit.match.until_ms)
		log.until = options->until;
	audit.now_ms = log.now_s * 1000;
	if (eg_ctl_log_read(options, &log) < 0)
		return EG_CTL_FINDING;
	eg_audit_finish(&audit);
	return print(options, &audit);
}
