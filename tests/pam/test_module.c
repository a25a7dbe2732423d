// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * The module through libpam, against a scripted helper: what it returns, what it logs, how long it
 * takes, by its arguments and by what the helper does; where the leaf stands, and the end of a
 * session.
 */
#include "module.h"

/* --- the table */

static const struct test_case cases[] = {
	{"timeout=1500", GRANT, PAM_SUCCESS, NULL, FAST},
	{"timeout=1500", GUARDED, PAM_SUCCESS, NULL, FAST},
	{"timeout=1500", REFUSE, PAM_SESSION_ERR,
	 "the helper refused to guard the session: no "
	 "profile\\x0aNov 1 sshd",
	 FAST},
	{"timeout=300", SILENT_VERSION, PAM_SESSION_ERR,
	 "did not answer in time when asked to tell", HELD},
	{"timeout=300", SILENT_OPEN, PAM_SESSION_ERR, "did not answer in time when asked to guard",
	 HELD},
	{"timeout=300", LATE_OPEN, PAM_SESSION_ERR, "did not answer in time when asked to guard",
	 HELD},
	/* killed: until the deadline there may be another one */
	{"timeout=300", HANG_UP_ACCEPT, PAM_SESSION_ERR, "systemctl status ebpfguard", HELD},
	{"timeout=300", HANG_UP_VERSION, PAM_SESSION_ERR, "when asked to tell", HELD},
	{"timeout=300", HANG_UP_BETWEEN, PAM_SESSION_ERR, "to guard the session", HELD},
	{"timeout=300", HANG_UP_OPEN, PAM_SESSION_ERR, "when asked to", HELD},
	{"timeout=1500", KILLED_VERSION, PAM_SUCCESS, NULL, FAST},
	{"timeout=1500", KILLED_OPEN, PAM_SUCCESS, NULL, FAST},
	{"timeout=1500", KILLED_ANSWER, PAM_SUCCESS, NULL, FAST},
	{"timeout=1500", REFUSE_VERSION, PAM_SESSION_ERR, "refused to tell its version", FAST},
	{"timeout=1500", GARBAGE_VERSION, PAM_SESSION_ERR, "malformed answer when asked to tell",
	 FAST},
	{"timeout=1500", GARBAGE_OPEN, PAM_SESSION_ERR, "malformed answer when asked to guard",
	 FAST},
	{"timeout=300", EMPTY_OPEN, PAM_SESSION_ERR, "when asked to", HELD},
	{"timeout=1500", SHORT_OPEN, PAM_SESSION_ERR, "malformed answer", FAST},
	{"timeout=1500", LONG_OPEN, PAM_SESSION_ERR, "malformed answer", FAST},
	{"timeout=1500", UNTERMINATED_OPEN, PAM_SESSION_ERR, "malformed answer", FAST},
	{"timeout=1500", TYPE_OPEN, PAM_SESSION_ERR, "answered with message type 66", FAST},
	/* an answer only for exempt users */
	{"timeout=1500", NOT_GUARDED, PAM_SESSION_ERR, "answered with message type 70", FAST},
	{"timeout=1500", NUMBER_OPEN, PAM_SESSION_ERR, "gave no session number", FAST},
	{"timeout=1500", PROTO_VERSION, PAM_SESSION_ERR, "speaks protocol version 4, this module 3",
	 FAST},
	{"timeout=1500", PROTO_OPEN, PAM_SESSION_ERR, "speaks protocol version 77", FAST},
	{"timeout=1500", ABI_VERSION, PAM_SUCCESS, NULL, FAST},
	{"timeout=1500", NONSENSE_VERSION, PAM_SESSION_ERR, "makes no sense", FAST},
	{"timeout=1500", FDS_VERSION, PAM_SESSION_ERR, "malformed answer", FAST},
	{"timeout=1500", FDS_OPEN, PAM_SESSION_ERR, "malformed answer", FAST},
	{"timeout=300", DEAF, PAM_SESSION_ERR, "helper too busy", HELD},
	{"timeout=5000", DEAF_A_WHILE, PAM_SUCCESS, NULL, 250, 5000},
	{"timeout=1500", NOT_ROOT, PAM_SESSION_ERR, "runs as uid 65534, not as root", FAST},
	{"timeout=1500", NOBODY, PAM_SESSION_ERR,
	 "helper.sock: Connection refused; see `systemctl "
	 "status ebpfguard`",
	 FAST},
	{"timeout=1500", NO_SOCKET, PAM_SESSION_ERR, "helper.sock: No such file or directory; see",
	 FAST},
	/* arguments; these never reach the helper */
	{"bogus", GRANT, PAM_SESSION_ERR, "unknown argument: bogus", FAST},
	{"debug=1", GRANT, PAM_SESSION_ERR, "malformed argument: debug=1", FAST},
	{"onerr", GRANT, PAM_SESSION_ERR, "malformed argument: onerr", FAST},
	{"onerr=", GRANT, PAM_SESSION_ERR, "malformed argument: onerr=", FAST},
	{"onerr=maybe", GRANT, PAM_SESSION_ERR, "malformed argument: onerr=maybe", FAST},
	{"timeout", GRANT, PAM_SESSION_ERR, "malformed argument: timeout", FAST},
	{"timeout=", GRANT, PAM_SESSION_ERR, "malformed argument: timeout=", FAST},
	{"timeout=0", GRANT, PAM_SESSION_ERR, "malformed argument: timeout=0", FAST},
	{"timeout=60001", GRANT, PAM_SESSION_ERR, "malformed argument: timeout=60001", FAST},
	{"timeout=-1", GRANT, PAM_SESSION_ERR, "malformed argument: timeout=-1", FAST},
	{"timeout=2s", GRANT, PAM_SESSION_ERR, "malformed argument: timeout=2s", FAST},
	{"timeout=4294967297", GRANT, PAM_SESSION_ERR, "malformed argument: timeout=4294967297",
	 FAST},
	{"socket=run/x", GRANT, PAM_SESSION_ERR, "malformed argument: socket=run/x", FAST},
	{"exempt_user=", GRANT, PAM_SESSION_ERR, "malformed argument: exempt_user=", FAST},
	{"exempt_user=a,,b", GRANT, PAM_SESSION_ERR, "malformed argument: exempt_user=a,,b", FAST},
	{"exempt_user=a,", GRANT, PAM_SESSION_ERR, "malformed argument: exempt_user=a,", FAST},
	{"exempt_group", GRANT, PAM_SESSION_ERR, "malformed argument: exempt_group", FAST},
	{"Debug", GRANT, PAM_SESSION_ERR, "unknown argument: Debug", FAST},
	{"onerrr=fail", GRANT, PAM_SESSION_ERR, "unknown argument: onerrr=fail", FAST},
	{"[a\033b]", GRANT, PAM_SESSION_ERR, "unknown argument: a\\x1bb", FAST},
	/* arguments that are right */
	{"timeout=60000 debug", GRANT, PAM_SUCCESS, NULL, FAST},
	{"timeout=00300", SILENT_OPEN, PAM_SESSION_ERR, "did not answer in time", HELD},
	{"exempt_user=a,b exempt_group=c exempt_user=d", GRANT, PAM_SUCCESS, NULL, FAST},
	{"onerr=fail onerr=fail", GRANT, PAM_SUCCESS, NULL, FAST},
};

static void test_table_onerr_fail(void **state)
{
	(void)state;
	NEED_CGROUPS();
	for (size_t i = 0; i < EG_ARRAY_SIZE(cases); i++)
		run_case(&cases[i], false);
}

/* The same failures, let in: PAM_SUCCESS, LOG_ALERT, and just as much cleaned up. */
static void test_table_onerr_succeed(void **state)
{
	(void)state;
	NEED_CGROUPS();
	for (size_t i = 0; i < EG_ARRAY_SIZE(cases); i++)
		if (!strstr(cases[i].args, "onerr=fail"))
			run_case(&cases[i], true);
}

/* onerr is honoured wherever it stands. */
static void test_onerr_before_a_wrong_argument(void **state)
{
	static const struct test_case c = {"onerr=succeed bogus debug", GRANT, PAM_SESSION_ERR,
					   "unknown argument: bogus", FAST};

	(void)state;
	NEED_CGROUPS();
	run_case(&c, true);
}

/* --- where the leaf stands */

static void test_leaf_without_scope(void **state)
{
	char dir[128];
	struct before before;
	struct fake_helper h;
	pam_handle_t *pamh;

	(void)state;
	NEED_CGROUPS();
	go_to(scratch.base);
	remember(&before);
	(void)snprintf(dir, sizeof(dir), "%s/" EG_LEAF_DIR, scratch.root);
	assert_int_equal(fake_start(&h, GRANT), 0);
	write_service("debug", h.path);
	for (int round = 0; round < 2; round++) { /* our directory made, and found */
		struct stat st;

		pamh = start("alice");
		assert_int_equal(pam_open_session(pamh, 0), PAM_SUCCESS);
		assert_true(inside_leaf_of(dir));
		assert_int_equal(stat(dir, &st), 0);
		assert_int_equal(st.st_uid, 0);
		assert_int_equal(st.st_mode & 022, 0);
		assert_true(logged(LOG_DEBUG, "guarded user=alice session=17 profile=default "));
		leave_leaf(before.cgroup);
		pam_end(pamh, PAM_SUCCESS);
	}
	fake_stop(&h);
	assert_int_equal(h.n_bad_open, 0);
	assert_as_before(&before);
}

static void test_leaf_directly_below_scope(void **state)
{
	struct before before;
	struct fake_helper h;
	pam_handle_t *pamh;
	char deep[200];

	(void)state;
	NEED_CGROUPS();
	(void)snprintf(deep, sizeof(deep), "%s/deeper", scratch.scope);
	assert_int_equal(mkdir(deep, 0755), 0);
	go_to(deep);
	remember(&before);
	assert_int_equal(fake_start(&h, GRANT), 0);
	write_service("", h.path);
	pamh = start("alice");
	assert_int_equal(pam_open_session(pamh, 0), PAM_SUCCESS);
	assert_true(inside_leaf_of(scratch.scope));
	leave_leaf(before.cgroup);
	pam_end(pamh, PAM_SUCCESS);
	/* and back to where it came from, not to the scope */
	fake_script(&h, REFUSE);
	pamh = start("alice");
	assert_int_equal(pam_open_session(pamh, 0), PAM_SESSION_ERR);
	pam_end(pamh, PAM_SUCCESS);
	fake_stop(&h);
	assert_as_before(&before);
	go_to(scratch.scope);
	assert_int_equal(rmdir(deep), 0);
}

/* --- the end of a session */

static void test_close(void **state)
{
	static const struct {
		enum script script;
		const char *text;
		int min_ms, max_ms;
	} table[] = {
		{GRANT, NULL, FAST},
		{REFUSE_CLOSE, "the helper refused to close the session: no profile\\x0a", FAST},
		{HANG_UP_CLOSE, "hung up when asked to close", FAST},
		{SILENT_CLOSE, "did not answer in time when asked to close", HELD},
		{NO_SOCKET, "cannot connect to the helper's socket", FAST},
	};

	(void)state;
	NEED_CGROUPS();
	for (size_t i = 0; i < EG_ARRAY_SIZE(table); i++) {
		struct before before;
		struct fake_helper h;
		pam_handle_t *pamh;
		int64_t t0, took;

		remember(&before);
		assert_int_equal(
			fake_start(&h, table[i].script == NO_SOCKET ? GRANT : table[i].script), 0);
		write_service("timeout=300", h.path);
		pamh = start("alice");
		assert_int_equal(pam_open_session(pamh, 0), PAM_SUCCESS);
		caught.n = 0;
		if (table[i].script == NO_SOCKET)
			fake_stop(&h);
		t0 = eg_proto_now_ms();
		assert_int_equal(pam_close_session(pamh, 0), PAM_SUCCESS);
		took = eg_proto_now_ms() - t0;
		assert_true(took >= table[i].min_ms && took < table[i].max_ms);
		assert_true(inside_leaf_of(scratch.scope)); /* close moves nobody */
		if (table[i].text)
			assert_true(logged(LOG_WARNING, table[i].text));
		assert_int_equal(caught.n, table[i].text ? 1 : 0);
		assert_log_is_clean();
		leave_leaf(before.cgroup);
		pam_end(pamh, PAM_SUCCESS);
		if (table[i].script != NO_SOCKET)
			fake_stop(&h);
		assert_as_before(&before);
	}
}

/* The application forks, and the child ends its copy of the handle: the session is none of its
 * business. */
static void test_child_ends_handle(void **state)
{
	struct before before;
	struct fake_helper h;
	pam_handle_t *pamh;
	int status = -1;
	pid_t child;

	(void)state;
	NEED_CGROUPS();
	remember(&before);
	assert_int_equal(fake_start(&h, GRANT), 0);
	write_service("", h.path);
	pamh = start("alice");
	assert_int_equal(pam_open_session(pamh, 0), PAM_SUCCESS);
	child = fork();
	if (child == 0)
		_exit(pam_end(pamh, PAM_SUCCESS | PAM_DATA_SILENT));
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
	assert_true(inside_leaf_of(scratch.scope));
	assert_int_equal(h.n_close, 0);
	assert_int_equal(pam_close_session(pamh, 0), PAM_SUCCESS);
	leave_leaf(before.cgroup);
	pam_end(pamh, PAM_SUCCESS);
	fake_stop(&h);
	assert_int_equal(h.n_close, 1);
	assert_as_before(&before);
}

/* A second open on the same handle finds itself guarded; the first session's number is kept. */
static void test_open_twice(void **state)
{
	struct before before;
	struct fake_helper h;
	pam_handle_t *pamh;

	(void)state;
	NEED_CGROUPS();
	remember(&before);
	assert_int_equal(fake_start(&h, GRANT), 0);
	write_service("", h.path);
	pamh = start("alice");
	assert_int_equal(pam_open_session(pamh, 0), PAM_SUCCESS);
	fake_script(&h, GUARDED);
	assert_int_equal(pam_open_session(pamh, 0), PAM_SUCCESS);
	assert_true(logged(LOG_INFO, "already guarded"));
	assert_int_equal(pam_close_session(pamh, 0), PAM_SUCCESS);
	leave_leaf(before.cgroup);
	pam_end(pamh, PAM_SUCCESS);
	fake_stop(&h);
	assert_int_equal(h.n_open, 1);
	assert_int_equal(h.closed, FAKE_SESSION);
	assert_as_before(&before);
}

static void test_dlopen(void **state)
{
	void *m = dlopen(EG_MODULE, RTLD_NOW);

	(void)state;
	assert_non_null(m);
	assert_non_null(dlsym(m, "pam_sm_open_session"));
	assert_non_null(dlsym(m, "pam_sm_close_session"));
	assert_null(dlsym(m, "pam_sm_authenticate"));
	dlclose(m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_dlopen),
		cmocka_unit_test(test_table_onerr_fail),
		cmocka_unit_test(test_table_onerr_succeed),
		cmocka_unit_test(test_onerr_before_a_wrong_argument),
		cmocka_unit_test(test_leaf_without_scope),
		cmocka_unit_test(test_leaf_directly_below_scope),
		cmocka_unit_test(test_close),
		cmocka_unit_test(test_child_ends_handle),
		cmocka_unit_test(test_open_twice),
	};

	return cmocka_run_group_tests_name("module", tests, group_setup, group_teardown);
}
