// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Whose sessions there are, see people.h. */
#include "people.h"

#include <string.h>

/* Neighbouring numbers, which users have, are in buckets of their own. */
static size_t bucket_of_uid(uint32_t uid)
{
	return uid % EG_PEOPLE_BUCKETS;
}

/* FNV-1a. */
static size_t bucket_of_name(const char *name)
{
	uint32_t hash = 2166136261U;

	for (; *name; name++)
		hash = (hash ^ (unsigned char)*name) * 16777619U;
	return (hash ^ hash >> 16) % EG_PEOPLE_BUCKETS;
}

void eg_people_add(struct eg_people *people, struct eg_person *person)
{
	struct eg_person **by_uid = &people->by_uid[bucket_of_uid(person->uid)];
	struct eg_person **by_name = &people->by_name[bucket_of_name(person->name)];

	person->next_by_uid = *by_uid;
	*by_uid = person;
	person->next_by_name = *by_name;
	*by_name = person;
}

void eg_people_take_out(struct eg_people *people, struct eg_person *person)
{
	struct eg_person **at = &people->by_uid[bucket_of_uid(person->uid)];

	while (*at != person)
		at = &(*at)->next_by_uid;
	*at = person->next_by_uid;
	at = &people->by_name[bucket_of_name(person->name)];
	while (*at != person)
		at = &(*at)->next_by_name;
	*at = person->next_by_name;
}

/* The first of this user that is a manager, or is none. */
static struct eg_person *find(const struct eg_people *people, uint32_t uid, bool manager)
{
	struct eg_person *person = people->by_uid[bucket_of_uid(uid)];

	while (person && (person->uid != uid || person->manager != manager))
		person = person->next_by_uid;
	return person;
}

struct eg_person *eg_people_manager(const struct eg_people *people, uint32_t uid)
{
	return find(people, uid, true);
}

bool eg_people_has_session(const struct eg_people *people, uint32_t uid)
{
	return find(people, uid, false) != NULL;
}

size_t eg_people_sessions(const struct eg_people *people, const char *name)
{
	const struct eg_person *person = people->by_name[bucket_of_name(name)];
	size_t n = 0;

	for (; person; person = person->next_by_name)
		n += !person->manager && !strcmp(person->name, name);
	return n;
}
