/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What event.c shares with event_socket.c and event_act.c, which know what the single operations
 * add to a line. Pure.
 */
#ifndef EG_EVENT_LINE_H
#define EG_EVENT_LINE_H

#include <stdbool.h>

#include "event.h"

/* A line that grows. Its parts are bounded so that the longest fits: see the assertion in event.c.
 */
struct eg_line {
	char *buf; /* EG_LINE_MAX bytes */
	size_t used;
};

/* Appends text that is known to be harmless. */
__attribute__((format(printf, 2, 3))) void eg_line_add(struct eg_line *line, const char *format,
						       ...);

/* Appends " KEY=WORD", escaped and at most EG_LINE_WORD_SIZE long. */
void eg_line_add_word(struct eg_line *line, const char *key, const char *raw);

/* The same for a field of the record, size bytes, EG_ARG_SIZE at most, which may lack its NUL. */
void eg_line_add_field(struct eg_line *line, const char *key, const char *raw, size_t size);

/*
 * The same for a path. Its last component is what people look for: one that gets too long by
 * escaping is cut at its front. A component is shorter than EG_NAME_SIZE, so the last one always
 * fits. empty: stands for a path without components.
 */
void eg_line_add_path(struct eg_line *line, const char *key, const struct eg_path *path,
		      const char *empty);

/* Appends the terminal as people know it; raw: EG_TTY_SIZE bytes. */
void eg_line_add_tty(struct eg_line *line, const char *raw);

/* Appends protocol, address and port of the other end. */
void eg_line_add_peer(struct eg_line *line, uint16_t family, uint16_t protocol, const uint8_t *addr,
		      uint16_t port);

/* Appends which line of which feed the rule is, when it is of one. feed: NULL = not known. */
void eg_line_add_feed(struct eg_line *line, const struct eg_rule *rule, const char *feed);

/* Writes a byte as it stands in a word: as it is, or as \xHH. out: 4 bytes. Returns how many. */
size_t eg_line_escape(unsigned char c, char *out);

/* Appends what an operation on sockets was about, and its rule. Returns false when it is not one.
 */
bool eg_line_add_socket(struct eg_line *line, const struct eg_event *e);

/* Appends what any other operation was about, and its rule. */
void eg_line_add_act(struct eg_line *line, const struct eg_event *e);

#endif
