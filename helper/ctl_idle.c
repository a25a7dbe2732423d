// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * What is written in vain, see ctl_idle.h.
 */
#include "ctl_idle.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ctl.h"
#include "util.h"

struct eg_ctl_entry eg_ctl_entry_rule(unsigned int list, const struct eg_config_rule *rule)
{
	return (struct eg_ctl_entry){.list = list | (rule->allow ? EG_CTL_IDLE_ALLOW : 0U),
				     .line = rule->line,
				     .spec = &rule->spec};
}

struct eg_ctl_entry eg_ctl_entry_text(unsigned int list, const struct eg_config_text *text)
{
	return (struct eg_ctl_entry){.list = list, .line = text->line, .text = text->text};
}

/* ---- collect */

/* Takes warning. */
static void see(struct eg_ctl_idle *idle, struct eg_ctl_entry entry, char *warning)
{
	if (idle->n == idle->room) {
		size_t room = idle->room ? 2 * idle->room : 64;
		struct eg_ctl_seen *list = reallocarray(idle->list, room, sizeof(*list));

		if (!list) {
			free(warning);
			idle->err = -ENOMEM;
			return;
		}
		idle->list = list;
		idle->room = room;
	}
	idle->list[idle->n] = (struct eg_ctl_seen){entry, idle->n, warning};
	idle->n++;
}

void eg_ctl_idle_add(struct eg_ctl_idle *idle, struct eg_ctl_entry entry, const char *format, ...)
{
	char *text = NULL;
	va_list ap;
	int r;

	va_start(ap, format);
	r = vasprintf(&text, format, ap);
	va_end(ap);
	if (r < 0)
		idle->err = -ENOMEM;
	else
		see(idle, entry, text);
}

void eg_ctl_idle_live(struct eg_ctl_idle *idle, struct eg_ctl_entry entry)
{
	if (idle->config->n_profiles > 1) /* else no other has it */
		see(idle, entry, NULL);
}

/* ---- tell */

static int compare_entries(const struct eg_ctl_entry *a, const struct eg_ctl_entry *b)
{
	if (a->line != b->line)
		return a->line < b->line ? -1 : 1;
	if (a->list != b->list)
		return a->list < b->list ? -1 : 1;
	return a->spec ? eg_rule_compare(a->spec, b->spec) : strcmp(a->text, b->text);
}

/* Of an entry those first that have an effect, then as they were seen. */
static int compare_seen(const void *va, const void *vb)
{
	const struct eg_ctl_seen *a = va, *b = vb;
	int order = compare_entries(&a->entry, &b->entry);

	if (order == 0)
		order = !!a->warning - !!b->warning;
	return order ? order : (a->nr > b->nr) - (a->nr < b->nr);
}

int eg_ctl_idle_tell(struct eg_ctl_idle *idle)
{
	int found = 0;

	if (idle->err < 0)
		return idle->err;
	if (idle->n) /* qsort takes no NULL */
		qsort(idle->list, idle->n, sizeof(*idle->list), compare_seen);
	for (size_t i = 0; i < idle->n; i++) {
		const struct eg_ctl_seen *seen = &idle->list[i];

		if (i && compare_entries(&seen[-1].entry, &seen->entry) == 0)
			continue;
		if (seen->warning)
			found +=
				eg_ctl_warn_at(idle->config, seen->entry.line, "%s", seen->warning);
	}
	return found;
}

void eg_ctl_idle_done(struct eg_ctl_idle *idle)
{
	for (size_t i = 0; i < idle->n; i++)
		free(idle->list[i].warning);
	free(idle->list);
}
