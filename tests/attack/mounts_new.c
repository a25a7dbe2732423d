// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Mounting by the calls of the new mount API, and the rest of the old ones. Nothing is undone here:
 * "mntns" and "user-mntns" give an attempt a mount namespace of its own. */
#include <errno.h>
#include <fcntl.h>
#include <linux/mount.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "try.h"

enum { NR_OPEN_TREE_ATTR = 467 };

/* ---- where ---- */

static int in_mntns(char **arg)
{
	int r = outcome(unshare(CLONE_NEWNS));

	return r ? r : run_words(arg);
}

/* With a user namespace of its own, an ordinary user may mount. */
static int in_user_mntns(char **arg)
{
	int r = outcome(unshare(CLONE_NEWUSER | CLONE_NEWNS));

	return r ? r : run_words(arg);
}

static int nothing(char **arg)
{
	(void)arg;
	return 0;
}

/* "both FIRST , SECOND": the first that fails is the outcome. */
static int both(char **arg)
{
	char **second = arg;
	int r;

	while (*second && strcmp(*second, ",") != 0)
		second++;
	if (!*second)
		return EINVAL;
	*second++ = NULL;
	r = run_words(arg);
	return r ? r : run_words(second);
}

/* ---- mount(2) ---- */

static int mount_type(char **arg)
{
	return outcome(mount("none", arg[1], arg[0], 0, NULL));
}

/* A type's name means nothing with MS_BIND. */
static int bind_typed(char **arg)
{
	return outcome(mount(arg[1], arg[2], arg[0], MS_BIND, NULL));
}

static int rbind(char **arg)
{
	return outcome(mount(arg[0], arg[1], NULL, MS_BIND | MS_REC, NULL));
}

static int move(char **arg)
{
	return outcome(mount(arg[0], arg[1], NULL, MS_MOVE, NULL));
}

static int remount_bind(char **arg)
{
	return outcome(mount(NULL, arg[0], NULL, MS_REMOUNT | MS_BIND | MS_NOSUID, NULL));
}

static int propagation(char **arg)
{
	static const struct {
		const char *name;
		unsigned long flag;
	} kinds[] = {
		{"shared", MS_SHARED},
		{"private", MS_PRIVATE},
		{"slave", MS_SLAVE},
		{"unbindable", MS_UNBINDABLE},
	};

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (!strcmp(kinds[i].name, arg[0]))
			return outcome(mount(NULL, arg[1], NULL, kinds[i].flag, NULL));
	return EINVAL;
}

static int unmount(char **arg)
{
	int flags = !strcmp(arg[0], "plain")	  ? 0
		    : !strcmp(arg[0], "detach")	  ? MNT_DETACH
		    : !strcmp(arg[0], "nofollow") ? UMOUNT_NOFOLLOW
						  : MNT_FORCE;

	return outcome(umount2(arg[1], flags));
}

static int try_chroot(char **arg)
{
	return outcome(chroot(arg[0]));
}

/* ---- the new calls ---- */

static int new_mount(const char *type, int *ret)
{
	int fs = (int)syscall(SYS_fsopen, type, FSOPEN_CLOEXEC);

	if (fs < 0 || syscall(SYS_fsconfig, fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0) < 0)
		return errno;
	*ret = (int)syscall(SYS_fsmount, fs, FSMOUNT_CLOEXEC, 0);
	return outcome(*ret);
}

int detached_mount(const char *type)
{
	return new_mount(type, &premade.fd);
}

int detached_tree(const char *dir)
{
	return outcome(premade.fd = (int)syscall(SYS_open_tree, AT_FDCWD, dir,
						 OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC));
}

static int attach(int fd, const char *dir)
{
	return outcome(syscall(SYS_move_mount, fd, "", AT_FDCWD, dir, MOVE_MOUNT_F_EMPTY_PATH));
}

static int fsmount_type(char **arg)
{
	int fd, r = new_mount(arg[0], &fd);

	return r ? r : attach(fd, arg[1]);
}

/* Used without being attached anywhere. */
static int detached(char **arg)
{
	int fd, r = new_mount(arg[0], &fd);

	return r ? r : outcome(openat(fd, ".", O_RDONLY | O_DIRECTORY));
}

static int tree_plain(char **arg)
{
	return outcome(syscall(SYS_open_tree, AT_FDCWD, arg[0], OPEN_TREE_CLOEXEC));
}

static int tree_clone(char **arg)
{
	return detached_tree(arg[0]);
}

static int tree_recursive(char **arg)
{
	return outcome(syscall(SYS_open_tree, AT_FDCWD, arg[0],
			       OPEN_TREE_CLONE | 0x8000 /* AT_RECURSIVE */));
}

static int tree_attach(char **arg)
{
	int r = detached_tree(arg[0]);

	return r ? r : attach(premade.fd, arg[1]);
}

/* Handed over by somebody else. */
static int fd_attach(char **arg)
{
	return attach(premade.fd, arg[0]);
}

static int move_new(char **arg)
{
	return outcome(syscall(SYS_move_mount, AT_FDCWD, arg[0], AT_FDCWD, arg[1], 0));
}

static int set_attr(char **arg)
{
	struct mount_attr attr = {.attr_set = MOUNT_ATTR_NOSUID};

	return outcome(syscall(SYS_mount_setattr, AT_FDCWD, arg[0], 0U, &attr, sizeof(attr)));
}

static int set_propagation(char **arg)
{
	struct mount_attr attr = {.propagation = MS_UNBINDABLE};

	return outcome(syscall(SYS_mount_setattr, AT_FDCWD, arg[0], 0U, &attr, sizeof(attr)));
}

/* The same on a mount one was handed. */
static int fd_attr(char **arg)
{
	struct mount_attr attr = {.attr_set = MOUNT_ATTR_NOSUID};

	(void)arg;
	return outcome(syscall(SYS_mount_setattr, premade.fd, "", (unsigned)AT_EMPTY_PATH, &attr,
			       sizeof(attr)));
}

static int tree_attr(char **arg)
{
	struct mount_attr attr = {.attr_set = MOUNT_ATTR_NOSUID};
	long r = syscall(NR_OPEN_TREE_ATTR, AT_FDCWD, arg[0], OPEN_TREE_CLONE, &attr, sizeof(attr));

	return r < 0 && errno == ENOSYS ? ABSENT - ENOSYS : outcome(r);
}

static int reconfigure(char **arg)
{
	int fs = (int)syscall(SYS_fspick, AT_FDCWD, arg[0], FSPICK_CLOEXEC);

	if (fs < 0)
		return errno;
	return outcome(syscall(SYS_fsconfig, fs, FSCONFIG_CMD_RECONFIGURE, NULL, NULL, 0));
}

const struct operation mount_new_ops[] = {
	{"mntns", 1, in_mntns, "OPERATION..."},
	{"user-mntns", 1, in_user_mntns, "OPERATION..."},
	{"nothing", 0, nothing, ""},
	{"both", 3, both, "OPERATION... , OPERATION..."},
	{"mount-type", 2, mount_type, "TYPE DIR"},
	{"bind-typed", 3, bind_typed, "TYPE DIR DIR"},
	{"rbind", 2, rbind, "DIR DIR"},
	{"move", 2, move, "DIR DIR"},
	{"remount-bind", 1, remount_bind, "DIR"},
	{"propagation", 2, propagation, "shared|private|slave|unbindable DIR"},
	{"unmount", 2, unmount, "plain|detach|nofollow|force DIR"},
	{"chroot", 1, try_chroot, "DIR"},
	{"fsmount-type", 2, fsmount_type, "TYPE DIR"},
	{"detached", 1, detached, "TYPE"},
	{"tree-plain", 1, tree_plain, "DIR"},
	{"tree-clone", 1, tree_clone, "DIR"},
	{"tree-recursive", 1, tree_recursive, "DIR"},
	{"tree-attach", 2, tree_attach, "DIR DIR"},
	{"tree-attr", 1, tree_attr, "DIR"},
	{"fd-attach", 1, fd_attach, "DIR"},
	{"fd-attr", 0, fd_attr, ""},
	{"move-new", 2, move_new, "DIR DIR"},
	{"set-attr", 1, set_attr, "DIR"},
	{"set-propagation", 1, set_propagation, "DIR"},
	{"reconfigure", 1, reconfigure, "DIR"},
	{0},
};
