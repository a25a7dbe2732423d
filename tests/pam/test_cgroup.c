// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* cgroup.c: making, entering and undoing in this machine's own cgroup2 tree. */
#include "scratch.h"
#include "cgroup.h"
#include "util.h"

#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/wait.h>

static struct scratch scratch;
static char dir[] = "/tmp/eg-cgroup-XXXXXX";

/* --- making */

/* Writes a file below our temporary directory; returns its path, valid until the second next call.
 */
static const char *put(const char *name, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

static const char *put(const char *name, const char *fmt, ...)
{
	static char path[2][128];
	static int turn;
	char text[2048], *p = path[turn ^= 1];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	(void)snprintf(p, sizeof(path[0]), "%s/%s", dir, name);
	(void)unlink(p);
	assert_int_equal(write_text(p, text), 0);
	return p;
}

#define MOUNT "30 23 0:26 %s %s rw - cgroup2 cgroup2 rw\n"

/* Everything below runs in a mount namespace of its own, in the scratch cgroup. */
#define NEED_CGROUPS()                                                                             \
	do {                                                                                       \
		if (scratch.lack)                                                                  \
			lacking(scratch.lack);                                                     \
		go_to(scratch.base);                                                               \
	} while (0)

static const char *relative(const char *path)
{
	return path + strlen(scratch.root);
}

struct made {
	struct eg_cgroup cg;
	struct eg_why why;
	int fds;
};

/* eg_cgroup_make as if our cgroup were own, and the mounts these. */
static int make(struct made *m, const char *own, const char *mountinfo)
{
	*m = (struct made){.cg = EG_CGROUP_INIT, .fds = count_fds()};
	return eg_cgroup_make(&m->cg, mountinfo, put("cgroup", "0::%s\n", own), &m->why);
}

/* Undoes, and sees that nothing is left. */
static void unmake(struct made *m)
{
	char path[600] = "";

	if (m->cg.path)
		(void)snprintf(path, sizeof(path), "%s", m->cg.path);
	assert_int_equal(eg_cgroup_undo(&m->cg, &m->why), 0);
	assert_int_equal(count_fds(), m->fds);
	if (*path)
		assert_int_not_equal(access(path, F_OK), 0);
	assert_int_equal(eg_cgroup_undo(&m->cg, &m->why), 0); /* safe twice */
	eg_cgroup_done(&m->cg);
}

static void test_make_below_scope(void **state)
{
	struct made m;
	char own[600], deep[200];
	size_t n = strlen(scratch.scope);

	(void)state;
	NEED_CGROUPS();
	assert_int_equal(make(&m, relative(scratch.scope), put("mounts", MOUNT, "/", scratch.root)),
			 0);
	assert_memory_equal(m.cg.path, scratch.scope, n);
	assert_int_equal(strlen(m.cg.name), strlen(EG_LEAF_PREFIX) + EG_LEAF_RANDOM);
	assert_string_equal(m.cg.path + n + 1, m.cg.name);
	assert_int_equal(strspn(m.cg.name + strlen(EG_LEAF_PREFIX), "0123456789abcdef"),
			 EG_LEAF_RANDOM);
	assert_int_equal(eg_cgroup_enter(&m.cg, &m.why), 0);
	own_cgroup(own, sizeof(own));
	assert_string_equal(own, relative(m.cg.path));
	go_to(scratch.base); /* the origin of this make was the empty scope; undo goes there */
	unmake(&m);
	own_cgroup(own, sizeof(own));
	assert_string_equal(own, relative(scratch.scope));
	go_to(scratch.base);

	/* from deeper inside the scope: still directly below the scope */
	(void)snprintf(deep, sizeof(deep), "%s/a", scratch.scope);
	assert_int_equal(mkdir(deep, 0755), 0);
	assert_int_equal(make(&m, relative(deep), put("mounts", MOUNT, "/", scratch.root)), 0);
	assert_string_equal(m.cg.path + n + 1, m.cg.name);
	unmake(&m);
	assert_int_equal(rmdir(deep), 0);
}

/* Two leaves in a row have different names, and a leaf is never re-used. */
static void test_make_names_differ(void **state)
{
	struct made a, b;

	(void)state;
	NEED_CGROUPS();
	assert_int_equal(make(&a, relative(scratch.scope), put("mounts", MOUNT, "/", scratch.root)),
			 0);
	assert_int_equal(make(&b, relative(scratch.scope), put("mounts", MOUNT, "/", scratch.root)),
			 0);
	assert_string_not_equal(a.cg.name, b.cg.name);
	unmake(&b);
	unmake(&a);
}

static void test_make_own_directory(void **state)
{
	struct made m;
	char want[200];
	size_t n;

	(void)state;
	NEED_CGROUPS();
	n = (size_t)snprintf(want, sizeof(want), "%s/" EG_LEAF_DIR "/" EG_LEAF_PREFIX,
			     scratch.root);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(
			make(&m, relative(scratch.base), put("mounts", MOUNT, "/", scratch.root)),
			0);
		assert_memory_equal(m.cg.path, want, n);
		unmake(&m);
	}
}

/* A container: the mount shows only our part of the tree, under a name with a space. */
static void test_make_mount_of_a_part(void **state)
{
	char point[64], escaped[80], want[256], own[64];
	struct made m;
	size_t n;

	(void)state;
	NEED_CGROUPS();
	(void)snprintf(point, sizeof(point), "%s/a b", dir);
	(void)snprintf(escaped, sizeof(escaped), "%s/a\\040b", dir);
	(void)snprintf(own, sizeof(own), "%s/session-1.scope", relative(scratch.base));
	assert_int_equal(mkdir(point, 0755), 0);
	if (mount(scratch.base, point, NULL, MS_BIND, NULL) < 0)
		lacking("no bind mounts");
	assert_int_equal(make(&m, own, put("mounts", MOUNT, relative(scratch.base), escaped)), 0);
	n = (size_t)snprintf(want, sizeof(want), "%s/session-1.scope/" EG_LEAF_PREFIX, point);
	assert_memory_equal(m.cg.path, want, n);
	unmake(&m);

	/* the kernel's own words for this mount are the same */
	assert_int_equal(make(&m, own, "/proc/self/mountinfo"), 0);
	unmake(&m);

	/* without a scope: our directory below the mount's top, and its owner matters */
	assert_int_equal(make(&m, relative(scratch.base),
			      put("mounts", MOUNT, relative(scratch.base), escaped)),
			 0);
	unmake(&m);
	(void)snprintf(want, sizeof(want), "%s/" EG_LEAF_DIR, scratch.base);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(i ? chmod(want, 0775) : chown(want, 1000, 1000), 0);
		assert_int_equal(make(&m, relative(scratch.base),
				      put("mounts", MOUNT, relative(scratch.base), escaped)),
				 -EPERM);
		assert_non_null(strstr(m.why.text, "/" EG_LEAF_DIR " is not root's alone"));
		unmake(&m);
		assert_int_equal(chown(want, 0, 0), 0);
	}
	assert_int_equal(rmdir(want), 0);

	/* our cgroup is not in that part */
	assert_int_equal(
		make(&m, "/elsewhere", put("mounts", MOUNT, relative(scratch.base), escaped)),
		-ENOENT);
	unmake(&m);
	assert_int_equal(umount(point), 0);
	assert_int_equal(rmdir(point), 0);
}

/* The whole tree is preferred to a part, whatever stands first; what is no cgroup2 is passed over.
 */
static void test_make_chooses_mount(void **state)
{
	struct made m;
	char part[64];

	(void)state;
	NEED_CGROUPS();
	(void)snprintf(part, sizeof(part), "%s/part", dir);
	assert_int_equal(mkdir(part, 0755), 0);
	if (mount(scratch.base, part, NULL, MS_BIND, NULL) < 0)
		lacking("no bind mounts");
	assert_int_equal(make(&m, relative(scratch.scope),
			      put("mounts", MOUNT MOUNT MOUNT MOUNT, relative(scratch.base), part,
				  "/", "/nonexistent", "/", "/tmp", "/", scratch.root)),
			 0);
	assert_memory_equal(m.cg.path, scratch.scope, strlen(scratch.scope));
	unmake(&m);
	assert_int_equal(umount(part), 0);
	assert_int_equal(rmdir(part), 0);
}

/* A scope that a user made in a part of the tree he owns is no logind session. */
static void test_make_scope_of_a_user(void **state)
{
	struct made m;
	char want[128];
	size_t n;

	(void)state;
	NEED_CGROUPS();
	n = (size_t)snprintf(want, sizeof(want), "%s/" EG_LEAF_DIR "/" EG_LEAF_PREFIX,
			     scratch.root);
	for (int i = 0; i < 3; i++) {
		const char *who = i == 1 ? scratch.base : scratch.scope;

		assert_int_equal(i == 2 ? chmod(who, 0777) : chown(who, 1000, 1000), 0);
		assert_int_equal(
			make(&m, relative(scratch.scope), put("mounts", MOUNT, "/", scratch.root)),
			0);
		assert_memory_equal(m.cg.path, want, n);
		unmake(&m);
		assert_int_equal(chown(who, 0, 0), 0);
		assert_int_equal(chmod(who, 0755), 0);
	}
}

static void test_make_failures(void **state)
{
	struct made m;
	char path[256];

	(void)state;
	NEED_CGROUPS();
	/* files */
	assert_int_equal(make(&m, "/", "/nonexistent/mountinfo"), -ENOENT);
	assert_string_equal(m.why.text,
			    "cannot open /nonexistent/mountinfo: No such file or directory");
	unmake(&m);
	assert_int_equal(make(&m, "/", dir), -EISDIR);
	unmake(&m);
	m.fds = count_fds();
	assert_int_equal(eg_cgroup_make(&m.cg, "/proc/self/mountinfo", "/nonexistent", &m.why),
			 -ENOENT);
	unmake(&m);
	assert_int_equal(eg_cgroup_make(&m.cg, "/proc/self/mountinfo", put("c", "1:x:/\n"), &m.why),
			 -ENOENT);
	unmake(&m);
	assert_int_equal(make(&m, "/", "/dev/zero"), -EFBIG);
	unmake(&m);
	/* mounts */
	assert_int_equal(make(&m, "/", put("mounts", "none\n")), -ENOENT);
	assert_non_null(strstr(m.why.text, "no usable cgroup2 mount in /tmp/"));
	unmake(&m);
	assert_int_equal(make(&m, "/../x", put("mounts", MOUNT, "/", scratch.root)), -ENOENT);
	unmake(&m);
	/* our own cgroup is gone, or a scope on its way */
	assert_int_equal(make(&m, "/eg-gone", put("mounts", MOUNT, "/", scratch.root)), -ENOENT);
	assert_non_null(strstr(m.why.text, "cannot open our own cgroup"));
	unmake(&m);
	/* limits of the tree */
	(void)snprintf(path, sizeof(path), "%s/cgroup.max.descendants", scratch.scope);
	assert_int_equal(write_text(path, "0"), 0);
	assert_int_equal(make(&m, relative(scratch.scope), put("mounts", MOUNT, "/", scratch.root)),
			 -EAGAIN);
	assert_non_null(strstr(m.why.text, "cgroup.max.descendants"));
	unmake(&m);
	assert_int_equal(write_text(path, "max"), 0);
}

static void test_enter_threaded(void **state)
{
	char thr[200], path[256];
	struct made m;

	(void)state;
	NEED_CGROUPS();
	/* a threaded cgroup below scope makes scope a "domain threaded", and its new children
	 * invalid */
	(void)snprintf(thr, sizeof(thr), "%s/thr", scratch.scope);
	assert_int_equal(mkdir(thr, 0755), 0);
	(void)snprintf(path, sizeof(path), "%s/cgroup.type", thr);
	if (write_text(path, "threaded") < 0)
		lacking("no threaded cgroups");
	assert_int_equal(make(&m, relative(scratch.scope), put("mounts", MOUNT, "/", scratch.root)),
			 0);
	assert_int_equal(eg_cgroup_enter(&m.cg, &m.why), -EOPNOTSUPP);
	assert_non_null(strstr(m.why.text, "threaded"));
	unmake(&m);
	assert_int_equal(rmdir(thr), 0);
	/* the type "domain threaded" goes with its last threaded child */
}

/* --- taking back */

static void test_undo_busy(void **state)
{
	struct made m;
	char path[600], own[600];
	pid_t child;

	(void)state;
	NEED_CGROUPS();
	assert_int_equal(make(&m, relative(scratch.base), put("mounts", MOUNT, "/", scratch.root)),
			 0);
	(void)snprintf(path, sizeof(path), "%s", m.cg.path);
	assert_int_equal(eg_cgroup_enter(&m.cg, &m.why), 0);
	child = fork(); /* somebody is in the leaf beside us */
	if (child == 0) {
		/* A failing assertion below must not leave it behind. */
		(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
		(void)pause();
		_exit(0);
	}
	assert_int_equal(eg_cgroup_undo(&m.cg, &m.why), -EBUSY);
	assert_non_null(strstr(m.why.text, "cannot remove cgroup"));
	assert_int_equal(count_fds(), m.fds);
	own_cgroup(own, sizeof(own));
	assert_string_equal(own, relative(scratch.base)); /* we are back all the same */
	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
	assert_int_equal(rmdir(path), 0);
}

static void test_undo_origin_gone(void **state)
{
	struct made m;
	char origin[200], path[600];

	(void)state;
	NEED_CGROUPS();
	(void)snprintf(origin, sizeof(origin), "%s/origin", scratch.base);
	assert_int_equal(mkdir(origin, 0755), 0);
	go_to(origin);
	assert_int_equal(make(&m, relative(origin), put("mounts", MOUNT, "/", scratch.root)), 0);
	(void)snprintf(path, sizeof(path), "%s", m.cg.path);
	assert_int_equal(eg_cgroup_enter(&m.cg, &m.why), 0);
	assert_int_equal(rmdir(origin), 0);
	assert_int_equal(eg_cgroup_undo(&m.cg, &m.why), -ENODEV);
	assert_non_null(strstr(m.why.text, "cannot go back to cgroup"));
	assert_int_equal(count_fds(), m.fds);
	go_to(scratch.base);
	assert_int_equal(rmdir(path), 0);
}

static void test_undo_leaf_gone(void **state)
{
	struct made m;

	(void)state;
	NEED_CGROUPS();
	assert_int_equal(make(&m, relative(scratch.scope), put("mounts", MOUNT, "/", scratch.root)),
			 0);
	assert_int_equal(rmdir(m.cg.path), 0); /* systemd or the helper was quicker */
	unmake(&m);
}

static int group_setup(void **state)
{
	(void)state;
	scratch_init(&scratch);
	if (!scratch.lack &&
	    (unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0))
		print_message("# no mount namespace of our own\n");
	return mkdtemp(dir) ? 0 : -1;
}

static int group_teardown(void **state)
{
	static const char *const names[] = {"mounts", "cgroup", "c"};
	char path[64];

	(void)state;
	for (size_t i = 0; i < EG_ARRAY_SIZE(names); i++) {
		(void)snprintf(path, sizeof(path), "%s/%s", dir, names[i]);
		(void)unlink(path);
	}
	(void)rmdir(dir);
	scratch_done(&scratch);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_make_below_scope),
		cmocka_unit_test(test_make_names_differ),
		cmocka_unit_test(test_make_own_directory),
		cmocka_unit_test(test_make_mount_of_a_part),
		cmocka_unit_test(test_make_chooses_mount),
		cmocka_unit_test(test_make_scope_of_a_user),
		cmocka_unit_test(test_make_failures),
		cmocka_unit_test(test_enter_threaded),
		cmocka_unit_test(test_undo_busy),
		cmocka_unit_test(test_undo_origin_gone),
		cmocka_unit_test(test_undo_leaf_gone),
	};

	return cmocka_run_group_tests_name("cgroup", tests, group_setup, group_teardown);
}
