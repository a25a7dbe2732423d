// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* LSM hooks that a kernel may lack. */
#include "hooks.h"

#include <string.h>

#include "util.h"

static const struct eg_hook hooks[] = {
	{"task_fix_setgroups", "setgroups is not judged", NULL},	/* since 5.19 */
	{"userns_create", "new user namespaces are not refused", NULL}, /* since 6.1 */
	/* Since 6.2 ftruncate has a hook of its own; before, it went by that of truncate. */
	{"file_truncate", "protected files that are open can be cut", "path_truncate"},
	{"path_truncate", "protected files can be cut by name", "file_truncate"},
	/* Since 6.2; before, access lists are attributes like others. */
	{"inode_set_acl", "access lists of protected files are not judged", "inode_setxattr"},
	{"inode_remove_acl", "access lists of protected files can be removed", "inode_removexattr"},
	/* Since 6.8 compat calls have a hook of their own. */
	{"file_ioctl_compat", "requests of 32-bit programs to devices are not judged",
	 "file_ioctl"},
	/* Since 6.17, with file_setattr(); before, there was ioctl() alone. */
	{"inode_file_setattr", "flags of protected files are not judged", "file_ioctl"},
	{"perf_event_open", "performance events are not refused", NULL},
};
const struct eg_hook eg_hook_digests = {
	"ima", "programs are not refused by their digests (exec.deny_sha256)", NULL};
_Static_assert(EG_ARRAY_SIZE(hooks) <= EG_HOOKS_MAX, "EG_HOOKS_MAX");

const struct eg_hook *eg_hooks_table(size_t *ret_n)
{
	*ret_n = EG_ARRAY_SIZE(hooks);
	return hooks;
}

const struct eg_hook *eg_hooks_optional(const char *name)
{
	for (size_t i = 0; i < EG_ARRAY_SIZE(hooks); i++)
		if (!strcmp(hooks[i].name, name))
			return &hooks[i];
	return NULL;
}

const char *eg_hooks_of_section(const char *section)
{
	static const char *const kinds[] = {"lsm/", "lsm.s/"};

	for (size_t i = 0; i < EG_ARRAY_SIZE(kinds); i++)
		if (!strncmp(section, kinds[i], strlen(kinds[i])))
			return section + strlen(kinds[i]);
	return NULL;
}

bool eg_hooks_is_blind(const char *name)
{
#ifdef EG_BLIND_HOOK
	return !strcmp(name, EG_BLIND_HOOK);
#else
	(void)name;
	return false;
#endif
}
