// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * A source of groups for NSS that hangs (nsswitch.conf: "group: files egslow"): when
 * ebpfguard-helper asks for the groups of carol it waits as long as there is a file /run/egslow.
 * Others get nothing at once: sshd asks too, before our turn comes.
 */
#include <errno.h>
#include <grp.h>
#include <nss.h>
#include <string.h>
#include <unistd.h>

enum nss_status _nss_egslow_initgroups_dyn(const char *user, gid_t group, long *start, long *size,
					   gid_t **groups, long limit, int *error);

enum nss_status _nss_egslow_initgroups_dyn(const char *user, gid_t group, long *start, long *size,
					   gid_t **groups, long limit, int *error)
{
	(void)group;
	(void)start;
	(void)size;
	(void)groups;
	(void)limit;
	while (!strcmp(user, "carol") &&
	       !strcmp(program_invocation_short_name, "ebpfguard-helper") &&
	       access("/run/egslow", F_OK) == 0)
		(void)usleep(100000);
	*error = ENOENT;
	return NSS_STATUS_NOTFOUND;
}
