// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Capabilities that go after the start. By system calls, not libcap: that is two calls, and one
 * library less in the process that guards. The unit's CapabilityBoundingSet= has the same names and
 * those of the start: CAP_PERFMON, which the kernel asks for where programs are loaded (the
 * verifier lets them read kernel memory by it), and CAP_DAC_OVERRIDE, to make our directory at the
 * root of all cgroups, where not even its owner may write. tests/test_unit.sh compares the two
 * lists, and the manual page's.
 */
#include "privilege.h"

#include <errno.h>
#include <linux/capability.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "util.h"

/* What stays, each with the calls that fail without it. */
static const struct {
	unsigned int capability;
	const char *name;
} kept[] = {
	/* bpf(2): every map operation where kernel.unprivileged_bpf_disabled is set, as in Debian;
	 * making the tries of a reload; reading the iterators. */
	{CAP_BPF, "CAP_BPF"},
	/* bpf(BPF_PROG_ATTACH), BPF_PROG_QUERY: the packet programs of each session's cgroup;
	 * SOCK_DESTROY of flows that a reload denies. */
	{CAP_NET_ADMIN, "CAP_NET_ADMIN"},
	/* setns(2) to network namespaces: flows of sessions that have their own, and where a login
	 * comes from; BPF_PROG_GET_FD_BY_ID: an older helper's program at a cgroup. */
	{CAP_SYS_ADMIN, "CAP_SYS_ADMIN"},
	/* open_by_handle_at(2): from a cgroup's id to its directory; stat(2) below directories that
	 * are closed to root without it: what is in homes; feeds that belong to others. */
	{CAP_DAC_READ_SEARCH, "CAP_DAC_READ_SEARCH"},
	/* /proc/PID/fd of a session's processes, ns/net of theirs and of sshd's; /proc/1/root:
	 * files as they are outside of the unit's mounts. */
	{CAP_SYS_PTRACE, "CAP_SYS_PTRACE"},
};

enum { WORDS = _LINUX_CAPABILITY_U32S_3, MORE_MAX = 64 };

static int get(struct __user_cap_data_struct data[WORDS])
{
	struct __user_cap_header_struct head = {.version = _LINUX_CAPABILITY_VERSION_3};

	return syscall(SYS_capget, &head, data) < 0 ? -errno : 0;
}

static int set(const struct __user_cap_data_struct data[WORDS])
{
	struct __user_cap_header_struct head = {.version = _LINUX_CAPABILITY_VERSION_3};

	return syscall(SYS_capset, &head, data) < 0 ? -errno : 0;
}

static uint64_t kept_mask(void)
{
	uint64_t mask = 0;

	for (size_t i = 0; i < EG_ARRAY_SIZE(kept); i++)
		mask |= 1ULL << kept[i].capability;
	return mask;
}

/* A directory has a link for each in it, and two of its own. */
static int check_alone(void)
{
	struct stat st;

	if (stat("/proc/self/task", &st) < 0)
		return -errno;
	return st.st_nlink == 3 ? 0 : -EBUSY;
}

/*
 * Nothing that we execute gets them back: root's programs would, up to the bounding set. Under the
 * unit that has only ours, and to make it smaller takes CAP_SETPCAP, which we have not got there;
 * no_new_privs holds without.
 */
static int close_ways_back(uint64_t mask)
{
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 ||
	    prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) < 0)
		return -errno;
	for (unsigned int i = 0; i < MORE_MAX; i++)
		if (!(mask & 1ULL << i) && prctl(PR_CAPBSET_DROP, i, 0, 0, 0) < 0)
			/* EINVAL: the kernel has no more of them */
			return errno == EPERM || errno == EINVAL ? 0 : -errno;
	return 0;
}

static void name_missing(const struct __user_cap_data_struct data[WORDS], char *buf, size_t size)
{
	size_t used = 0;

	buf[0] = '\0';
	for (size_t i = 0; i < EG_ARRAY_SIZE(kept); i++) {
		unsigned int at = kept[i].capability;

		if (!(data[at / 32].permitted & 1U << at % 32) && used < size)
			used += (size_t)snprintf(buf + used, size - used, " %s", kept[i].name);
	}
}

int eg_privilege_drop(char *ret_missing, size_t size)
{
	struct __user_cap_data_struct data[WORDS] = {0};
	uint64_t mask = kept_mask();
	int r = check_alone();

	if (!r)
		r = get(data);
	if (!r)
		r = close_ways_back(mask);
	if (r < 0)
		return r;
	for (unsigned int i = 0; i < WORDS; i++) {
		data[i].permitted &= (uint32_t)(mask >> 32 * i);
		data[i].effective = data[i].permitted;
		data[i].inheritable = 0;
	}
	r = set(data);
	if (!r)
		name_missing(data, ret_missing, size);
	return r;
}
