/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What is written in vain, as check collects it. A profile has what it extends from the same lines:
 * in one of them an entry may have no effect, and in another it is what counts. So it is told of
 * only when all profiles have been seen, and none is there in which it has one.
 */
#ifndef EG_CTL_IDLE_H
#define EG_CTL_IDLE_H

#include <stdbool.h>
#include <stddef.h>

#include "config.h"

/* In which list an entry is: one of the first six, and what else is to be said of it. */
enum {
	EG_CTL_IDLE_EGRESS,
	EG_CTL_IDLE_BIND,
	EG_CTL_IDLE_FILES,
	EG_CTL_IDLE_EXEC,
	EG_CTL_IDLE_SETUID,
	EG_CTL_IDLE_MOUNT,
	EG_CTL_IDLE_ALLOW = 1U << 3, /* of rules: not deny */
	EG_CTL_IDLE_GROUP = 1U << 4, /* of the rules of programs */
	EG_CTL_IDLE_LIST = 1U << 5,  /* the list as a whole, which begins with the entry */
};

/* An entry as it is written, the same wherever it is taken over. Borrowed: spec and text. */
struct eg_ctl_entry {
	unsigned int list; /* EG_CTL_IDLE_* */
	unsigned int line;
	const struct eg_rule_spec *spec; /* of rules */
	const char *text;		 /* of others */
};

/* An entry in one profile. */
struct eg_ctl_seen {
	struct eg_ctl_entry entry;
	size_t nr;     /* in the order in which they were seen */
	char *warning; /* owned; NULL: it has an effect */
};

struct eg_ctl_idle {
	const struct eg_config *config; /* borrowed; to be set, the rest zero */
	struct eg_ctl_seen *list;	/* owned */
	size_t n, room;
	int err; /* -ENOMEM: there was none for one of them */
};

/* The entry of a list of rules, or of texts. */
struct eg_ctl_entry eg_ctl_entry_rule(unsigned int list, const struct eg_config_rule *rule);
struct eg_ctl_entry eg_ctl_entry_text(unsigned int list, const struct eg_config_text *text);

/* In a profile the entry has no effect: what to say when it has none in any. A want of memory is
 * for eg_ctl_idle_tell to say. */
__attribute__((format(printf, 3, 4))) void
eg_ctl_idle_add(struct eg_ctl_idle *idle, struct eg_ctl_entry entry, const char *format, ...);

/* In a profile it has one. */
void eg_ctl_idle_live(struct eg_ctl_idle *idle, struct eg_ctl_entry entry);

/* Says what has none in any profile, each once: what was to be said of it first. To be called once.
 * Returns how many findings, or -ENOMEM. */
int eg_ctl_idle_tell(struct eg_ctl_idle *idle);

void eg_ctl_idle_done(struct eg_ctl_idle *idle);

#endif
