// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Feeds of networks as ebpfguardctl's check and explain read them: the files, and no copies. */
#include <stdio.h>
#include <unistd.h>

#include "ctl.h"
#include "util.h"

/* A line that is passed over is no mistake, and what is printed here is what check counts. */
static void print(void *data, bool serious, const struct eg_err *what)
{
	struct eg_err warning = *what;
	int *found = data;

	(void)serious; /* nothing is without last good copies */
	++*found;
	if (eg_ctl_finding_keep("warning", what->file, what->line, what->text))
		return;
	(void)snprintf(warning.text, sizeof(warning.text), "warning: %.*s",
		       (int)(sizeof(warning.text) - sizeof("warning: ")), what->text);
	eg_ctl_print_error(&warning);
}

int eg_ctl_feeds_load(struct eg_config *config, struct eg_feeds *ret)
{
	struct eg_err error = {0};
	int found = 0, err = eg_feeds_load(config, geteuid(), NULL, ret, &error);

	if (err < 0) {
		eg_ctl_print_error(&error);
		return err;
	}
	eg_feeds_tell(ret, print, &found);
	return found;
}

void eg_ctl_feeds_done(struct eg_feeds *feeds)
{
	eg_feeds_done(feeds, NULL); /* the configuration is on its way out, too */
}
