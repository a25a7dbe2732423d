// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Mounting, old ways and new: what mount.deny is about. Controls leave nothing: they run in a
 * namespace. */
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/mount.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "try.h"

static int try_mount(char **arg)
{
	return outcome(mount("none", arg[0], "tmpfs", 0, NULL));
}

static int try_bind(char **arg)
{
	return outcome(mount(arg[0], arg[1], NULL, MS_BIND, NULL));
}

static int try_remount(char **arg)
{
	return outcome(mount(NULL, arg[0], NULL, MS_REMOUNT, NULL));
}

static int try_umount(char **arg)
{
	return outcome(umount2(arg[0], MNT_DETACH));
}

/* In a child with a mount namespace of its own: where it works, only the child's root has
 * changed. */
static int try_pivot(char **arg)
{
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		if (unshare(CLONE_NEWNS) < 0)
			_exit(errno);
		_exit(outcome(syscall(SYS_pivot_root, arg[0], arg[1])));
	}
	if (pid < 0 || waitpid(pid, &status, 0) < 0 || !WIFEXITED(status))
		err(TROUBLE, "child");
	return WEXITSTATUS(status);
}

/* fsopen, fsconfig, fsmount, move_mount: the new way to mount. The outcome is move_mount's. */
static int try_fsmount(char **arg)
{
	int fs = (int)syscall(SYS_fsopen, "tmpfs", 0), fd;

	if (fs < 0 || syscall(SYS_fsconfig, fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0) < 0)
		return errno;
	fd = (int)syscall(SYS_fsmount, fs, 0, 0);
	if (fd < 0)
		return errno;
	return outcome(syscall(SYS_move_mount, fd, "", AT_FDCWD, arg[0], MOVE_MOUNT_F_EMPTY_PATH));
}

const struct operation mount_ops[] = {
	{"mount", 1, try_mount, "DIR"},
	{"bind", 2, try_bind, "DIR DIR"},
	{"remount", 1, try_remount, "DIR"},
	{"umount", 1, try_umount, "DIR"},
	{"pivot", 2, try_pivot, "DIR DIR"},
	{"fsmount", 1, try_fsmount, "DIR"},
	{0},
};
