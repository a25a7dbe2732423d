// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * The module under hard conditions: signals, high and missing descriptors, broken surroundings. It
 * leaves no descriptor, no cgroup and no moved process behind.
 */
#include "module.h"
#include "pest.h"

/* The deadline holds while signals rain: they neither extend nor end the wait. */
static void test_deadline_under_signals(void **state)
{
	static const struct test_case silent = {"timeout=300", SILENT_OPEN, PAM_SESSION_ERR,
						"did not answer in time", HELD};
	static const struct test_case deaf = {"timeout=300", DEAF, PAM_SESSION_ERR,
					      "helper too busy", HELD};
	struct pest pest;

	(void)state;
	NEED_CGROUPS();
	assert_int_equal(pest_start(&pest), 0);
	run_case(&silent, false);
	run_case(&deaf, false);
	assert_true(pest_stop(&pest));
}

static void test_high_fds(void **state)
{
	static const struct test_case granted = {"timeout=1500", GRANT, PAM_SUCCESS, NULL, FAST};
	static const struct test_case silent = {"timeout=300", SILENT_OPEN, PAM_SESSION_ERR,
						"did not answer in time", HELD};
	struct rlimit rl, old;
	int null, last;

	(void)state;
	NEED_CGROUPS();
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &old), 0);
	rl = old;
	rl.rlim_cur = old.rlim_max < 4096 ? old.rlim_max : 4096;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &rl), 0);
	null = last = open("/dev/null", O_RDONLY | O_CLOEXEC);
	while (last >= 0 && last < 1100)
		last = fcntl(null, F_DUPFD_CLOEXEC, 0);
	if (last >= 1100) {
		run_case(&granted, false);
		run_case(&silent, false);
	}
	for (int fd = null; fd <= 1100; fd++)
		if (fd >= null)
			(void)close(fd);
	setrlimit(RLIMIT_NOFILE, &old);
	if (last < 1100)
		lacking("RLIMIT_NOFILE is too low");
}

/*
 * Runs in a child, so that it may break its surroundings; the fake helper stays in the parent.
 * Returns through the exit status: 0, or the number of the check that failed.
 */
struct in_child {
	int (*prepare)(pam_handle_t *pamh, void *arg); /* non-zero = 99: not possible here */
	void *arg;
	int want;
	const char *text;
};

static int child_body(const struct in_child *c)
{
	pam_handle_t *pamh = start("alice");
	char home[600], now[600], dir[700];
	int fds, r;

	load_handlers(pamh);
	own_cgroup(home, sizeof(home));
	(void)snprintf(dir, sizeof(dir), "%s%s", scratch.root, home);
	if (c->prepare && c->prepare(pamh, c->arg) != 0)
		return 99;
	fds = count_fds();
	r = pam_open_session(pamh, 0);
	if (r != c->want && c->want >= 0) {
		show_caught();
		return 1;
	}
	if (c->text && !logged(LOG_ERR, c->text)) {
		show_caught();
		return 2;
	}
	if (count_fds() != fds)
		return 3;
	if (r != PAM_SUCCESS)
		return pam_end(pamh, PAM_SUCCESS) ? 4 : 0;
	if (pam_close_session(pamh, 0) != PAM_SUCCESS || pam_end(pamh, PAM_SUCCESS) != PAM_SUCCESS)
		return 5;
	own_cgroup(now, sizeof(now));
	go_to(dir);
	(void)snprintf(dir, sizeof(dir), "%s%s", scratch.root, now);
	return rmdir(dir) ? 6 : 0;
}

/* Returns the child's status. */
static int run_child(const struct in_child *c, enum script script, struct fake_helper *h)
{
	struct before before;
	int status = -1;
	pid_t child;

	remember(&before);
	assert_int_equal(fake_start(h, script), 0);
	write_service("timeout=5000", h->path);
	fflush(NULL);
	child = fork();
	if (child == 0)
		_exit(child_body(c));
	assert_int_equal(waitpid(child, &status, 0), child);
	fake_stop(h);
	assert_as_before(&before);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static int close_stdio(pam_handle_t *pamh, void *arg)
{
	(void)pamh;
	(void)arg;
	for (int fd = 0; fd < 3; fd++)
		(void)close(fd);
	return 0;
}

static void test_closed_stdio(void **state)
{
	const struct in_child granted = {close_stdio, NULL, PAM_SUCCESS, NULL};
	const struct in_child refused = {close_stdio, NULL, PAM_SESSION_ERR, NULL};
	struct fake_helper h;

	(void)state;
	NEED_CGROUPS();
	assert_int_equal(run_child(&granted, GRANT, &h), 0);
	assert_int_equal(h.n_open, 1);
	assert_int_equal(h.n_bad_open, 0);
	assert_int_equal(h.n_low_fds, 0);
	assert_int_equal(run_child(&refused, REFUSE, &h), 0);
	assert_int_equal(h.n_low_fds, 0);
}

/* Leaves room for *arg more descriptors. */
static int few_fds(pam_handle_t *pamh, void *arg)
{
	const int *more = arg;
	struct rlimit rl;
	int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);

	(void)pamh;
	if (fd < 0 || getrlimit(RLIMIT_NOFILE, &rl) < 0)
		return -1;
	for (int i = 3; i < fd; i++) /* no holes below */
		if (fcntl(i, F_GETFD) < 0 && dup2(fd, i) < 0)
			return -1;
	rl.rlim_cur = (rlim_t)fd + 1 + (rlim_t)*more;
	return setrlimit(RLIMIT_NOFILE, &rl);
}

/* Whatever descriptor is the one too many: refused, nothing left behind; with enough it works
 * again. */
static void test_out_of_fds_at_each_step(void **state)
{
	int room, n_ok = 0, n_refused = 0;

	(void)state;
	NEED_CGROUPS();
	for (room = 0; room < 12; room++) {
		const struct in_child c = {few_fds, &room, -1, NULL};
		struct fake_helper h;

		assert_int_equal(run_child(&c, GRANT, &h), 0);
		*(h.n_close ? &n_ok : &n_refused) += 1;
		assert_int_equal(h.n_bad_open, 0);
	}
	assert_true(n_ok > 0);
	assert_true(n_refused > 2);
}

static int own_mounts(void)
{
	if (unshare(CLONE_NEWNS) < 0)
		return -1;
	return mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL);
}

static int without_proc(pam_handle_t *pamh, void *arg)
{
	(void)pamh;
	(void)arg;
	return own_mounts() < 0 ? -1 : umount2("/proc", MNT_DETACH);
}

static int without_cgroup2(pam_handle_t *pamh, void *arg)
{
	(void)pamh;
	(void)arg;
	return own_mounts() < 0 ? -1 : umount2(scratch.root, MNT_DETACH);
}

static int read_only_cgroup2(pam_handle_t *pamh, void *arg)
{
	(void)pamh;
	(void)arg;
	if (own_mounts() < 0)
		return -1;
	return mount(NULL, scratch.root, NULL, MS_REMOUNT | MS_BIND | MS_RDONLY, NULL);
}

/* Something else was mounted over the cgroup2 that mountinfo still lists. */
static int covered_cgroup2(pam_handle_t *pamh, void *arg)
{
	(void)pamh;
	(void)arg;
	return own_mounts() < 0 ? -1 : mount("none", scratch.root, "tmpfs", 0, NULL);
}

static void test_broken_surroundings(void **state)
{
	static const struct in_child table[] = {
		{without_proc, NULL, PAM_SESSION_ERR,
		 "cannot open /proc/self/cgroup: No such file or directory; login refused"},
		{without_cgroup2, NULL, PAM_SESSION_ERR,
		 "no usable cgroup2 mount in /proc/self/mountinfo"},
		{read_only_cgroup2, NULL, PAM_SESSION_ERR, "Read-only file system"},
		{covered_cgroup2, NULL, PAM_SESSION_ERR,
		 "no usable cgroup2 mount in /proc/self/mountinfo"},
	};

	(void)state;
	NEED_CGROUPS();
	for (size_t i = 0; i < EG_ARRAY_SIZE(table); i++) {
		struct fake_helper h;
		int r = run_child(&table[i], GRANT, &h);

		if (r == 99)
			lacking("no mount namespaces here");
		assert_int_equal(r, 0);
		assert_int_equal(h.n_open, 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_deadline_under_signals),
		cmocka_unit_test(test_high_fds),
		cmocka_unit_test(test_closed_stdio),
		cmocka_unit_test(test_out_of_fds_at_each_step),
		cmocka_unit_test(test_broken_surroundings),
	};

	return cmocka_run_group_tests_name("module hard", tests, group_setup, group_teardown);
}
