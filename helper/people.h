/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Whose sessions there are: a table of them by user and by name, so that what a login asks takes no
 * longer with thousands of sessions than with one. Pure.
 */
#ifndef EG_PEOPLE_H
#define EG_PEOPLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { EG_PEOPLE_BUCKETS = 1024 };

/* A session, or a user's manager. Embedded in what it stands for. */
struct eg_person {
	uint32_t uid;
	bool manager;
	const char *name; /* of the user, borrowed: as long as it is in the table */
	struct eg_person *next_by_uid, *next_by_name;
};

/* All zero is an empty one. It holds no memory of its own. */
struct eg_people {
	struct eg_person *by_uid[EG_PEOPLE_BUCKETS], *by_name[EG_PEOPLE_BUCKETS];
};

/* person: uid, manager and name are set, and stay as they are until it is taken out. */
void eg_people_add(struct eg_people *people, struct eg_person *person);

/* person: in the table. */
void eg_people_take_out(struct eg_people *people, struct eg_person *person);

/* The manager of a user; NULL = there is none. */
struct eg_person *eg_people_manager(const struct eg_people *people, uint32_t uid);

/* Has this user a session? */
bool eg_people_has_session(const struct eg_people *people, uint32_t uid);

/* How many sessions there are by this name, whatever their user's number was. */
size_t eg_people_sessions(const struct eg_people *people, const char *name);

#endif
