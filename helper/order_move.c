// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Processes that are to be killed and are in no cgroup of which all are: they are moved to one of
 * ours, and the kernel kills whoever is in there. That takes no capability, where a signal to
 * others' processes does.
 *
 * A process can only be moved by its number, which may be another's by then. So before the kernel
 * is asked to kill, the label of each one in there is looked at, and whoever has none of those that
 * count is put out again.
 */
#include "order.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "log.h"
#include "util.h"

/* No leaf by its name. There only while it is needed. */
static const char place[] = EG_LEAF_DIR "/ending";

enum { LOOKS = 4 }; /* at who is in there: who is put out may have made others meanwhile */

static int write_at(int dir, const char *name, const char *text)
{
	int fd eg_auto_close = openat(dir, name, O_WRONLY | O_CLOEXEC);

	return fd < 0 || write(fd, text, strlen(text)) < 0 ? -errno : 0;
}

static int move_to(int dir, unsigned int pid)
{
	char text[16];

	(void)snprintf(text, sizeof(text), "%u", pid);
	return write_at(dir, "cgroup.procs", text);
}

int eg_order_kill_in(int dir)
{
	return write_at(dir, "cgroup.kill", "1");
}

int eg_order_move(struct eg_helper *helper, unsigned int pid)
{
	int dir eg_auto_close = -1;

	if (mkdirat(helper->cgroup2.root_fd, place, 0755) < 0 && errno != EEXIST)
		return -errno;
	dir = eg_cgroup2_open_path(&helper->cgroup2, place);
	if (dir < 0)
		return dir;
	(void)eg_cgroup2_id(dir, &helper->ending); /* so that it is not reported as a stray */
	return move_to(dir, pid);
}

void eg_order_move_done(struct eg_helper *helper)
{
	/* EBUSY: another session is being killed, or somebody waits for a device */
	(void)unlinkat(helper->cgroup2.root_fd, place, AT_REMOVEDIR);
}

/* Is the process to be killed? 1, 0, or a negative errno when it cannot be told. */
static int is_wanted(struct eg_helper *helper, const struct eg_order_set *set, unsigned int pid)
{
	int pidfd eg_auto_close = (int)syscall(SYS_pidfd_open, (pid_t)pid, 0);
	struct eg_session *session;
	struct eg_guard label;
	int r;

	if (pidfd < 0)
		return -errno;
	r = eg_bpf_label_get(helper->bpf, pidfd, &label);
	if (r < 0)
		return r == -ENOENT ? 0 : r;
	session = eg_session_find(helper, label.session);
	return session && (eg_order_set_has(set, session) || eg_order_is_ending(helper, session));
}

/* Returns how many are in there that may not be killed. */
static int put_out(struct eg_helper *helper, const struct eg_order_set *set, int dir)
{
	int fd = openat(dir, "cgroup.procs", O_RDONLY | O_CLOEXEC);
	FILE *procs = fd < 0 ? NULL : fdopen(fd, "r");
	unsigned int pid;
	int n = 0;

	if (!procs) {
		eg_close_p(&fd);
		return 1;
	}
	while (fscanf(procs, "%u", &pid) == 1) {
		int wanted = is_wanted(helper, set, pid);

		if (wanted == 1 || wanted == -ESRCH)
			continue;
		n++;
		if (wanted < 0)
			continue; /* the next step may know */
		eg_log(LOG_WARNING,
		       "process %u was moved to the cgroup %s, but is of no session that is being "
		       "killed: it lives, in the root of all cgroups",
		       pid, place);
		(void)move_to(helper->cgroup2.root_fd, pid); /* else the next look finds it */
	}
	(void)fclose(procs); /* opened for reading only */
	return n;
}

int eg_order_kill_moved(struct eg_helper *helper, const struct eg_order_set *set)
{
	int dir eg_auto_close = eg_cgroup2_open_path(&helper->cgroup2, place);
	int others = 1;

	if (dir < 0)
		return dir == -ENOENT ? 0 : dir;
	for (int i = 0; i < LOOKS && others; i++)
		others = put_out(helper, set, dir);
	return others ? -EAGAIN : eg_order_kill_in(dir);
}
