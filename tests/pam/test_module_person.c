// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The module through libpam: who is exempt, and what PAM says about the person. */
#include "module.h"

/* --- exemptions */

static void test_exempt(void **state)
{
	static const struct {
		const char *args, *user, *text;
		bool exempt;
	} table[] = {
		{"exempt_user=root", "root", "exempt user=root by=exempt_user", true},
		{"exempt_user=a,b exempt_user=c,root", "root", "exempt user=root", true},
		{"bogus exempt_user=root", "root", "exempt user=root", true},
		{"exempt_user=a,,root", "root", "exempt user=root", true},
		{"exempt_user=,root,", "root", "exempt user=root", true},
		{"timeout=x onerr=y exempt_group=root", "root",
		 "exempt user=root by=exempt_group group=root", true},
		{"exempt_group=nosuchgroup,root", "root", "by=exempt_group group=root", true},
		{"exempt_user=roo", "root", NULL, false},
		{"exempt_user=rootx", "root", NULL, false},
		{"exempt_user=Root", "root", NULL, false},
		{"exempt_user=root", "roo", NULL, false},
		{"exempt_user=*", "root", NULL, false},
		{"exempt_group=nosuchgroup", "root", NULL, false},
		{"exempt_group=root", "nosuchuser", NULL, false},
		{"exempt_users=root", "root", NULL, false},
	};

	(void)state;
	for (size_t i = 0; i < EG_ARRAY_SIZE(table); i++) {
		pam_handle_t *pamh;
		int r;

		/* Without a helper: exemption must not need one. */
		write_service(table[i].args, "/nonexistent/helper.sock");
		pamh = start(table[i].user);
		r = pam_open_session(pamh, 0);
		if ((r == PAM_SUCCESS) != table[i].exempt)
			fail_msg("'%s' for %s: %d", table[i].args, table[i].user, r);
		if (table[i].text)
			assert_true(logged(LOG_NOTICE, table[i].text));
		if (table[i].exempt)
			assert_int_equal(worst_priority(), LOG_NOTICE);
		caught.n = 0;
		if (table[i].exempt)
			assert_int_equal(pam_close_session(pamh, 0), PAM_SUCCESS);
		assert_int_equal(caught.n, 0);
		assert_int_equal(pam_end(pamh, PAM_SUCCESS), PAM_SUCCESS);
	}
}

/* From this host the exemption might be the way out of a guarded session: the helper is asked. */
struct local_case {
	const char *rhost, *connection; /* NULL = not set */
	const char *args;
	enum script script;
	int want, priority;
	const char *text;
	bool asked, inside;
};

static const struct local_case local_cases[] = {
	{"127.0.0.1", "127.0.0.1 50122 127.0.0.1 22", "", NOT_GUARDED, PAM_SUCCESS, LOG_NOTICE,
	 "user=root comes from no guarded session: not guarded", true, false},
	{"127.0.0.1", "127.0.0.1 50122 127.0.0.1 22", "", GRANT, PAM_SUCCESS, LOG_NOTICE,
	 "user=root is exempt, but comes from a guarded session: guarded like that session=17 "
	 "profile=default",
	 true, true},
	{"127.0.0.1", "127.0.0.1 50122 127.0.0.1 22", "", GUARDED, PAM_SUCCESS, LOG_INFO,
	 "user=root stays in session=7: already guarded", false, false},
	{"127.0.0.1", "127.0.0.1 50122 127.0.0.1 22", "", REFUSE, PAM_SESSION_ERR, LOG_ERR,
	 "login refused (onerr=fail)", true, false},
	{"127.0.0.1", "127.0.0.1 50122 127.0.0.1 22", "", NO_SOCKET, PAM_SESSION_ERR, LOG_ERR,
	 "login refused (onerr=fail)", false, false},
	{"127.0.0.1", "127.0.0.1 50122 127.0.0.1 22", "onerr=succeed", NO_SOCKET, PAM_SUCCESS,
	 LOG_ALERT, "NOT guarded", false, false},
	/* Wrong arguments must not keep an exempt user out. */
	{"127.0.0.1", "127.0.0.1 50122 127.0.0.1 22", "bogus", NOT_GUARDED, PAM_SUCCESS, LOG_NOTICE,
	 "exempt user=root by=exempt_user from=this-host", true, false},
	{"::1", "::1 50122 ::1 22", "", GRANT, PAM_SUCCESS, LOG_NOTICE, "guarded like", true, true},
	{"::ffff:127.0.0.1", NULL, "", GRANT, PAM_SUCCESS, LOG_NOTICE, "guarded like", true, true},
	{"127.9.9.9", NULL, "", GRANT, PAM_SUCCESS, LOG_NOTICE, "guarded like", true, true},
	/* UseDNS: a name, and the address in SSH_CONNECTION */
	{"localhost", "127.0.0.1 50122 127.0.0.1 22", "", GRANT, PAM_SUCCESS, LOG_NOTICE,
	 "guarded like", true, true},
	/* each of the two is enough */
	{"192.0.2.7", "127.0.0.1 50122 127.0.0.1 22", "", GRANT, PAM_SUCCESS, LOG_NOTICE,
	 "guarded like", true, true},
	{"127.0.0.1", "192.0.2.7 50122 192.0.2.1 22", "", GRANT, PAM_SUCCESS, LOG_NOTICE,
	 "guarded like", true, true},
	/* sshd behind a unix socket */
	{"UNKNOWN", "UNKNOWN 65535 UNKNOWN 65535", "", GRANT, PAM_SUCCESS, LOG_NOTICE,
	 "guarded like", true, true},
	/* elsewhere, or no client at all: without the helper */
	{"192.0.2.7", "192.0.2.7 50122 192.0.2.1 22", "", NO_SOCKET, PAM_SUCCESS, LOG_NOTICE,
	 "exempt user=root by=exempt_user", false, false},
	{"2001:db8::7", NULL, "", NO_SOCKET, PAM_SUCCESS, LOG_NOTICE,
	 "exempt user=root by=exempt_user", false, false},
	{"some.host", NULL, "", NO_SOCKET, PAM_SUCCESS, LOG_NOTICE,
	 "exempt user=root by=exempt_user", false, false},
	{NULL, NULL, "", NO_SOCKET, PAM_SUCCESS, LOG_NOTICE, "exempt user=root by=exempt_user",
	 false, false},
};

static void run_local(const struct local_case *c)
{
	char env[128] = "SSH_CONNECTION";
	struct fake_helper h;
	struct before before;
	pam_handle_t *pamh;
	int r;

	remember(&before);
	assert_int_equal(fake_start(&h, c->script), 0);
	(void)snprintf(env + strlen(env), sizeof(env) - strlen(env), "%s%s",
		       c->connection ? "=" : "", c->connection ? c->connection : "");
	{
		char args[128];

		(void)snprintf(args, sizeof(args), "exempt_user=root %s", c->args);
		write_service(args, h.path);
	}
	pamh = start("root");
	assert_int_equal(pam_set_item(pamh, PAM_RHOST, c->rhost), PAM_SUCCESS);
	assert_int_equal(pam_putenv(pamh, env), PAM_SUCCESS);
	r = pam_open_session(pamh, 0);
	if (r != c->want || !logged(c->priority, c->text)) {
		show_caught();
		fail_msg("rhost '%s' script %d: returned %d, wanted %d and '%s'",
			 c->rhost ? c->rhost : "", c->script, r, c->want, c->text);
	}
	assert_log_is_clean();
	assert_int_equal(inside_leaf_of(scratch.scope), c->inside);
	assert_int_equal(count_leaves(scratch.scope), before.leaves + c->inside);
	(void)pam_close_session(pamh, 0);
	leave_leaf(before.cgroup);
	assert_int_equal(pam_end(pamh, PAM_SUCCESS), PAM_SUCCESS);
	fake_stop(&h);
	assert_int_equal(h.n_open, c->asked);
	assert_int_equal(h.n_bad_open, 0);
	assert_int_equal(h.n_close, c->inside);
	assert_int_equal(h.open.flags, c->asked ? EG_OPEN_EXEMPT | EG_OPEN_LOOKED : 0);
	assert_as_before(&before);
}

static void test_exempt_from_this_host(void **state)
{
	(void)state;
	NEED_CGROUPS();
	for (size_t i = 0; i < EG_ARRAY_SIZE(local_cases); i++)
		run_local(&local_cases[i]);
}

/* An address of the host's own that is not loopback. 203.0.113.9 is nobody's: documentation. */
static void test_address(void **state)
{
	static const struct {
		const char *text;
		bool one, local;
	} table[] = {
		{"127.0.0.1", true, true},
		{"127.255.0.9", true, true},
		{"::1", true, true},
		{"::ffff:127.0.0.1", true, true},
		{"203.0.113.9", true, false},
		{"2001:db8::9", true, false},
		{"::ffff:203.0.113.9", true, false},
		{"", false, false},
		{"localhost", false, false},
		{"127.0.0.1 ", false, false},
		{"127.1", false, false},
		{"UNKNOWN", false, false},
		{"1111:2222:3333:4444:5555:6666:7777:8888:9999:1111:2222:3333:4444:5555:6666",
		 false, false},
	};
	char text[INET6_ADDRSTRLEN] = "";
	struct sockaddr_in name = {.sin_family = AF_INET, .sin_port = htons(9)};
	socklen_t size = sizeof(name);
	eg_auto_close int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	(void)state;
	for (size_t i = 0; i < EG_ARRAY_SIZE(table); i++)
		if (eg_address_is_one(table[i].text) != table[i].one ||
		    eg_address_is_local(table[i].text) != table[i].local)
			fail_msg("%s", table[i].text);
	assert_int_equal(inet_pton(AF_INET, "203.0.113.9", &name.sin_addr), 1);
	if (connect(fd, (struct sockaddr *)&name, sizeof(name)) < 0 ||
	    getsockname(fd, (struct sockaddr *)&name, &size) < 0)
		return; /* no route anywhere: then there is nothing but loopback */
	assert_non_null(inet_ntop(AF_INET, &name.sin_addr, text, sizeof(text)));
	assert_true(eg_address_is_local(text));
}

/* --- what PAM says about the person */

static void test_person_limits(void **state)
{
	char user[EG_USER_SIZE + 1], rhost[EG_RHOST_SIZE + 1];
	struct fake_helper h;
	struct before before;

	(void)state;
	NEED_CGROUPS();
	remember(&before);
	memset(user, 'u', sizeof(user));
	memset(rhost, 'r', sizeof(rhost));
	assert_int_equal(fake_start(&h, GRANT), 0);
	write_service("", h.path);
	for (int over = 0; over < 4; over++) { /* nothing, the user, the rhost, both */
		pam_handle_t *pamh;

		user[EG_USER_SIZE - 1 + (over & 1)] = '\0';
		rhost[EG_RHOST_SIZE - 1 + (over >> 1)] = '\0';
		pamh = start(user);
		assert_int_equal(pam_set_item(pamh, PAM_RHOST, rhost), PAM_SUCCESS);
		assert_int_equal(pam_open_session(pamh, 0), over ? PAM_SESSION_ERR : PAM_SUCCESS);
		if (over)
			assert_true(logged(LOG_ERR, over & 1 ? "the user name has 256 bytes"
							     : "the remote host name has 256"));
		leave_leaf(before.cgroup);
		pam_end(pamh, PAM_SUCCESS);
		user[EG_USER_SIZE - 1] = 'u';
		rhost[EG_RHOST_SIZE - 1] = 'r';
	}
	fake_stop(&h);
	assert_as_before(&before);
}

static void test_person_hostile_name(void **state)
{
	static const char user[] = "ali\nce x=\"1\" \033[2J\\\xc3\xa4";
	struct before before;
	struct fake_helper h;
	pam_handle_t *pamh;

	(void)state;
	NEED_CGROUPS();
	remember(&before);
	assert_int_equal(fake_start(&h, REFUSE), 0);
	write_service("debug", h.path);
	pamh = start(user);
	assert_int_equal(pam_open_session(pamh, 0), PAM_SESSION_ERR);
	assert_log_is_clean();
	assert_true(logged(LOG_ERR, "user ali\\x0ace\\x20x\\x3d\\x221\\x22\\x20\\x1b[2J\\x5c\\xc3"
				    "\\xa4: the helper refused"));
	pam_end(pamh, PAM_SUCCESS);
	fake_stop(&h);
	assert_string_equal(h.open.user, user); /* the helper gets it as it is */
	assert_as_before(&before);
}

static void test_person_without_account(void **state)
{
	struct before before;
	struct fake_helper h;
	pam_handle_t *pamh;

	(void)state;
	NEED_CGROUPS();
	remember(&before);
	assert_int_equal(fake_start(&h, GRANT), 0);
	write_service("", h.path);
	pamh = start(NO_ACCOUNT);
	assert_int_equal(pam_open_session(pamh, 0), PAM_SESSION_ERR);
	assert_true(logged(LOG_ERR, "there is no account of that name"));
	pam_end(pamh, PAM_SUCCESS);
	fake_stop(&h);
	assert_int_equal(h.n_open, 0);
	assert_as_before(&before);
}

static void test_person_nobody(void **state)
{
	struct before before;
	struct fake_helper h;
	pam_handle_t *pamh;

	(void)state;
	NEED_CGROUPS();
	remember(&before);
	assert_int_equal(fake_start(&h, GRANT), 0);
	write_service("exempt_user=root", h.path);
	pamh = start(NULL);
	assert_int_equal(pam_open_session(pamh, 0), PAM_SESSION_ERR);
	assert_true(logged(LOG_ERR, "PAM names no user"));
	assert_int_equal(pam_set_item(pamh, PAM_USER, ""), PAM_SUCCESS);
	assert_int_equal(pam_open_session(pamh, 0), PAM_SESSION_ERR);
	pam_end(pamh, PAM_SUCCESS);
	fake_stop(&h);
	assert_as_before(&before);
}

/* Opens once with this SSH_AUTH_INFO_0 and checks what reached the helper. */
static void check_auth_info(const char *value, const char *want, bool warns)
{
	struct before before;
	struct fake_helper h;
	pam_handle_t *pamh;
	char *env = malloc(strlen(value) + 32);

	assert_non_null(env);
	remember(&before);
	assert_int_equal(fake_start(&h, GRANT), 0);
	write_service("", h.path);
	pamh = start("alice");
	(void)sprintf(env, "SSH_AUTH_INFO_0=%s", value);
	assert_int_equal(pam_putenv(pamh, env), PAM_SUCCESS);
	free(env);
	assert_int_equal(pam_open_session(pamh, 0), PAM_SUCCESS);
	assert_int_equal(logged(LOG_WARNING, "SSH_AUTH_INFO_0 is too long"), warns);
	leave_leaf(before.cgroup);
	pam_end(pamh, PAM_SUCCESS);
	fake_stop(&h);
	assert_string_equal(h.open.auth_info, want);
	assert_int_equal(h.open.uid, SOME_UID);
	assert_as_before(&before);
}

static void test_person_auth_info(void **state)
{
	static char text[3 * EG_KEY_SIZE], want[EG_KEY_SIZE];

	(void)state;
	NEED_CGROUPS();
	/* the longest that fits */
	memset(text, 'k', EG_KEY_SIZE - 1);
	memcpy(want, text, EG_KEY_SIZE);
	check_auth_info(text, want, false);
	/* one more byte, and no line end: nothing rather than half a key */
	text[EG_KEY_SIZE - 1] = 'k';
	check_auth_info(text, "", true);
	/* lines: the whole ones that fit */
	memset(text, 'k', sizeof(text) - 1);
	for (size_t i = 999; i < sizeof(text); i += 1000)
		text[i] = '\n';
	text[sizeof(text) - 1] = '\0';
	memcpy(want, text, 16000);
	want[16000] = '\0';
	check_auth_info(text, want, true);
	check_auth_info("", "", false);
}

static void test_person_connection_too_long(void **state)
{
	char env[EG_CONN_SIZE + 32] = "SSH_CONNECTION=";
	struct before before;
	struct fake_helper h;
	pam_handle_t *pamh;

	(void)state;
	NEED_CGROUPS();
	remember(&before);
	assert_int_equal(fake_start(&h, GRANT), 0);
	write_service("", h.path);
	pamh = start("alice");
	memset(env + strlen(env), '1', EG_CONN_SIZE);
	assert_int_equal(pam_putenv(pamh, env), PAM_SUCCESS);
	assert_int_equal(pam_open_session(pamh, 0), PAM_SESSION_ERR);
	assert_true(logged(LOG_ERR, "SSH_CONNECTION has 128 bytes, the limit is 127"));
	pam_end(pamh, PAM_SUCCESS);
	fake_stop(&h);
	assert_as_before(&before);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_exempt),
		cmocka_unit_test(test_exempt_from_this_host),
		cmocka_unit_test(test_address),
		cmocka_unit_test(test_person_limits),
		cmocka_unit_test(test_person_hostile_name),
		cmocka_unit_test(test_person_nobody),
		cmocka_unit_test(test_person_without_account),
		cmocka_unit_test(test_person_auth_info),
		cmocka_unit_test(test_person_connection_too_long),
	};

	return cmocka_run_group_tests_name("module person", tests, group_setup, group_teardown);
}
