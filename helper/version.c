// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "version.h"

#include <stdio.h>
#include <string.h>

enum { DIGITS = 10 };

enum eg_version_dir eg_version_dir(const char *name, unsigned int *ret_abi)
{
	static const struct {
		const char *rest;
		enum eg_version_dir dir;
	} kinds[] = {{"", EG_VERSION_SET}, {"_new", EG_VERSION_NEW}, {"_gone", EG_VERSION_GONE}};
	char back[2 + DIGITS];
	unsigned int abi;

	if (sscanf(name, "v%9u", &abi) != 1)
		return EG_VERSION_NONE;
	/* "v+1", "v01" and the like are nobody's */
	(void)snprintf(back, sizeof(back), "v%u", abi);
	if (strncmp(name, back, strlen(back)) != 0)
		return EG_VERSION_NONE;
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		if (strcmp(name + strlen(back), kinds[i].rest) != 0)
			continue;
		*ret_abi = abi;
		return kinds[i].dir;
	}
	return EG_VERSION_NONE;
}

uint32_t eg_version_sessions(const struct eg_member *members, size_t n)
{
	const struct eg_member *last = NULL;
	uint32_t count = 0;

	for (size_t i = 0; i < n; i++) {
		if (members[i].flags & EG_GUARD_MANAGER && !members[i].stray)
			continue;
		count += !last || last->session != members[i].session;
		last = &members[i];
	}
	return count;
}

bool eg_version_is_manager(const char *path, uint32_t *ret_uid)
{
	char back[128];
	uint32_t uid;

	if (sscanf(path, "/user.slice/user-%10u.slice/", &uid) != 1)
		return false;
	(void)snprintf(back, sizeof(back), "/user.slice/user-%u.slice/user@%u.service", uid, uid);
	if (strcmp(path, back) != 0)
		return false;
	*ret_uid = uid;
	return true;
}
