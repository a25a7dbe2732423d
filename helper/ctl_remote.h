/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What ebpfguardctl's commands have from the running helper. See ctl.h for the sessions. */
#ifndef EG_CTL_REMOTE_H
#define EG_CTL_REMOTE_H

#include "ctl.h"
#include "proto.h"

/* The feeds in force. */
struct eg_ctl_feed_list {
	struct eg_msg_feed *items; /* owned */
	size_t n, room;
};

/* Processes of sessions, by session and pid. */
struct eg_ctl_processes {
	struct eg_process *items; /* owned */
	size_t n, room;
};

/*
 * Each asks the helper. session: 0 = of all. Returns 0 with *ret, or a negative errno after saying
 * why on stderr; *ret is to be released either way.
 */
int eg_ctl_status_ask(const struct eg_ctl_options *options, struct eg_msg_is_status *ret);
int eg_ctl_feeds_ask(const struct eg_ctl_options *options, struct eg_ctl_feed_list *ret);
int eg_ctl_processes_ask(const struct eg_ctl_options *options, uint64_t session,
			 struct eg_ctl_processes *ret);
int eg_ctl_details_ask(const struct eg_ctl_options *options, uint64_t session,
		       struct eg_msg_is_details *ret);

void eg_ctl_feed_list_done(struct eg_ctl_feed_list *list);
void eg_ctl_processes_done(struct eg_ctl_processes *list);
#define eg_ctl_auto_feed_list __attribute__((cleanup(eg_ctl_feed_list_done)))
#define eg_ctl_auto_processes __attribute__((cleanup(eg_ctl_processes_done)))

/* How many processes of the list are the session's. */
size_t eg_ctl_processes_of(const struct eg_ctl_processes *list, uint64_t session);

/* Does any session have this process? NULL: none. Borrowed. */
const struct eg_process *eg_ctl_processes_find(const struct eg_ctl_processes *list, uint32_t pid);

#endif
