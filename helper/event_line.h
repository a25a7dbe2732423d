/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What event.c shares with event_socket.c, event_act.c and event_story.c, which know what the
 * single operations add to a record. Pure.
 */
#ifndef EG_EVENT_LINE_H
#define EG_EVENT_LINE_H

#include <stdbool.h>

#include "event.h"

/* Adds a path. empty: stands for one without components; "-" = it is not known. */
void eg_line_add_path(struct eg_fields *line, const char *key, const struct eg_path *path,
		      const char *empty);

/* Adds the terminal as people know it; raw: EG_TTY_SIZE bytes. */
void eg_line_add_tty(struct eg_fields *line, const char *raw);

/* Adds protocol, address and port of the other end. */
void eg_line_add_peer(struct eg_fields *line, uint16_t family, uint16_t protocol,
		      const uint8_t *addr, uint16_t port);

/* Adds which line of which feed the rule is, when it is of one. feed: NULL = not known. */
void eg_line_add_feed(struct eg_fields *line, const struct eg_rule *rule, const char *feed);

/* Adds what an operation on sockets was about, and its rule. Returns false when it is not one.
 */
bool eg_line_add_socket(struct eg_fields *line, const struct eg_event *e);

/* Adds our own end of the flow, where the operation has said which the other is. */
void eg_line_add_own_end(struct eg_fields *line, const struct eg_event *e);

/* Adds what any other operation was about, and its rule. */
void eg_line_add_act(struct eg_fields *line, const struct eg_event *e);

#endif
