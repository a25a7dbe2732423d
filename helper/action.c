// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Which action is in force for which restriction, and their names. */
#include "action.h"

#include <stdio.h>
#include <string.h>

static const char *const names[EG_ON_MAX] = {
	[EG_ON_EGRESS] = "egress",	 [EG_ON_BIND] = "bind",
	[EG_ON_SOCKETS] = "sockets",	 [EG_ON_SETUID] = "setuid",
	[EG_ON_MOUNT] = "mount",	 [EG_ON_CAPABILITIES] = "capabilities",
	[EG_ON_UNIX] = "unix",		 [EG_ON_LEAVING] = "leaving",
	[EG_ON_TAMPERING] = "tampering", [EG_ON_FILES] = "files",
	[EG_ON_EXEC] = "exec",
};

enum eg_action eg_action_of(const struct eg_config_profile *profile, enum eg_restriction on)
{
	enum eg_action own = profile->actions[on];

	if (profile->mode == EG_MODE_AUDIT)
		return EG_ACTION_AUDIT;
	return own == EG_ACTION_PROFILE ? profile->action : own;
}

uint32_t eg_action_mask(const struct eg_config_profile *profile, enum eg_action action)
{
	uint32_t mask = 0;

	for (unsigned int on = 0; on < EG_ON_MAX; on++)
		if (eg_action_of(profile, (enum eg_restriction)on) == action)
			mask |= 1U << on;
	return mask;
}

int eg_action_is_all(uint32_t mask)
{
	return mask == (1U << EG_ON_MAX) - 1;
}

char *eg_action_list(uint32_t mask, char buf[EG_ACTION_LIST_SIZE])
{
	size_t used = 0;

	(void)strcpy(buf, "-");
	for (unsigned int on = 0; on < EG_ON_MAX; on++)
		if (mask & 1U << on && used < EG_ACTION_LIST_SIZE)
			used += (size_t)snprintf(buf + used, EG_ACTION_LIST_SIZE - used, "%s%s",
						 used ? "," : "", names[on]);
	return buf;
}
