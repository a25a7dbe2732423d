// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* What needs a capability each, done so that nothing changes: capabilities.deny. */
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/klog.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/timex.h>
#include <sys/xattr.h>
#include <time.h>
#include <unistd.h>

#include "try.h"

/* SYS_ADMIN */
static int same_hostname(char **arg)
{
	char name[65] = "";

	(void)arg;
	(void)gethostname(name, sizeof(name) - 1);
	return outcome(sethostname(name, strlen(name)));
}

/* In user and name spaces of one's own. */
static int user_hostname(char **arg)
{
	int r = outcome(unshare(CLONE_NEWUSER | CLONE_NEWUTS));

	return r ? r : same_hostname(arg);
}

static int trusted_xattr(char **arg)
{
	int r = outcome(setxattr(arg[0], "trusted.try", "x", 1, 0));

	return r ? r : outcome(removexattr(arg[0], "trusted.try"));
}

/* SYS_TIME */
static int same_time(char **arg)
{
	struct timespec now;

	(void)arg;
	(void)clock_gettime(CLOCK_REALTIME, &now);
	return outcome(clock_settime(CLOCK_REALTIME, &now));
}

static int same_frequency(char **arg)
{
	struct timex t = {.modes = 0};

	(void)arg;
	if (adjtimex(&t) < 0)
		return errno;
	t.modes = ADJ_FREQUENCY;
	return outcome(adjtimex(&t));
}

/* NET_ADMIN */
static int same_flags(char **arg)
{
	struct ifreq ifr = {0};
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	strncpy(ifr.ifr_name, arg[0], sizeof(ifr.ifr_name) - 1);
	if (fd < 0 || ioctl(fd, SIOCGIFFLAGS, &ifr) < 0)
		return errno;
	return outcome(ioctl(fd, SIOCSIFFLAGS, &ifr));
}

static int user_netns(char **arg)
{
	int r = outcome(unshare(CLONE_NEWUSER | CLONE_NEWNET));

	return r ? r : same_flags(arg);
}

/* CHOWN, FOWNER */
static int chown_to(char **arg)
{
	struct stat st;
	int r = outcome(stat(arg[1], &st));

	if (!r)
		r = outcome(chown(arg[1], (uid_t)atoi(arg[0]), (gid_t)-1));
	return r ? r : outcome(chown(arg[1], st.st_uid, (gid_t)-1));
}

static int same_mode(char **arg)
{
	struct stat st;
	int r = outcome(stat(arg[0], &st));

	return r ? r : outcome(chmod(arg[0], st.st_mode & 07777));
}

/* SYS_NICE, SYS_RESOURCE, SYSLOG, SETPCAP, KILL */
static int be_nice(char **arg)
{
	return outcome(setpriority(PRIO_PROCESS, 0, atoi(arg[0])));
}

static int raise_limit(char **arg)
{
	struct rlimit limit;

	(void)arg;
	(void)getrlimit(RLIMIT_CORE, &limit);
	limit.rlim_cur = limit.rlim_max = 4096;
	(void)setrlimit(RLIMIT_CORE, &limit);
	limit.rlim_max = 8192;
	return outcome(setrlimit(RLIMIT_CORE, &limit));
}

static int kernel_log(char **arg)
{
	char buf[64];

	(void)arg;
	return outcome(klogctl(3 /* SYSLOG_ACTION_READ_ALL */, buf, sizeof(buf)));
}

static int bounding_drop(char **arg)
{
	return outcome(prctl(PR_CAPBSET_DROP, atoi(arg[0]), 0, 0, 0));
}

const struct operation ceiling_ops[] = {
	{"same-hostname", 0, same_hostname, ""},       {"user-hostname", 0, user_hostname, ""},
	{"trusted-xattr", 1, trusted_xattr, "FILE"},   {"same-time", 0, same_time, ""},
	{"same-frequency", 0, same_frequency, ""},     {"same-flags", 1, same_flags, "INTERFACE"},
	{"user-netns", 1, user_netns, "INTERFACE"},    {"chown-to", 2, chown_to, "UID FILE"},
	{"same-mode", 1, same_mode, "FILE"},	       {"nice", 1, be_nice, "NUMBER"},
	{"raise-limit", 0, raise_limit, ""},	       {"kernel-log", 0, kernel_log, ""},
	{"bounding-drop", 1, bounding_drop, "NUMBER"}, {0},
};
