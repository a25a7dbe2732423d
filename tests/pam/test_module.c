// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * The module through libpam, against a scripted helper: what it returns, what it logs, how long it
 * takes, and that it leaves no descriptor, no cgroup and no moved process behind.
 *
 * libpam's log goes through syslog(), which this program defines itself (linked with -rdynamic).
 */
#include "scratch.h"
#include "address.h"
#include "fake_helper.h"
#include "util.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <dlfcn.h>
#include <pthread.h>
#include <pwd.h>
#include <sched.h>
#include <security/pam_appl.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <syslog.h>

#ifndef EG_MODULE
#error "EG_MODULE: absolute path of the module under test"
#endif

static struct scratch scratch;
static char confdir[] = "/tmp/eg-pam-XXXXXX";

/* --- syslog, caught */

enum { LINES_MAX = 256, LINE_MAX_ = 2600 };

static struct {
	int n;
	int priority[LINES_MAX];
	char text[LINES_MAX][LINE_MAX_];
} caught;

/* Accounts for the names the tests make up, so that any bytes can be a user name. libpam looks them
 * up with this. */
#define NO_ACCOUNT "ghost"
enum { SOME_UID = 4242 };

int getpwnam_r(const char *name, struct passwd *pwd, char *buf, size_t size, struct passwd **result)
{
	static int (*real)(const char *, struct passwd *, char *, size_t, struct passwd **);
	int r;

	if (!real)
		*(void **)&real = dlsym(RTLD_NEXT, "getpwnam_r");
	r = real(name, pwd, buf, size, result);
	if (r || *result || !strcmp(name, NO_ACCOUNT))
		return r;
	*pwd = (struct passwd){.pw_name = (char *)name,
			       .pw_passwd = (char *)"x",
			       .pw_uid = SOME_UID,
			       .pw_gid = SOME_UID,
			       .pw_gecos = (char *)"",
			       .pw_dir = (char *)"/",
			       .pw_shell = (char *)"/bin/sh"};
	*result = pwd;
	return 0;
}

__attribute__((format(printf, 3, 4))) void __syslog_chk(int priority, int flag, const char *fmt,
							...);
__attribute__((format(printf, 3, 0))) void __vsyslog_chk(int priority, int flag, const char *fmt,
							 va_list ap);

__attribute__((format(printf, 2, 0))) static void keep_line(int priority, const char *fmt,
							    va_list ap)
{
	int n = caught.n < LINES_MAX ? caught.n++ : LINES_MAX - 1;

	caught.priority[n] = LOG_PRI(priority);
	(void)vsnprintf(caught.text[n], LINE_MAX_, fmt, ap);
}

__attribute__((format(printf, 2, 0))) void vsyslog(int priority, const char *fmt, va_list ap)
{
	keep_line(priority, fmt, ap);
}

void __vsyslog_chk(int priority, int flag, const char *fmt, va_list ap)
{
	(void)flag;
	keep_line(priority, fmt, ap);
}

void syslog(int priority, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	keep_line(priority, fmt, ap);
	va_end(ap);
}

void __syslog_chk(int priority, int flag, const char *fmt, ...)
{
	va_list ap;

	(void)flag;
	va_start(ap, fmt);
	keep_line(priority, fmt, ap);
	va_end(ap);
}

static void show_caught(void)
{
	for (int i = 0; i < caught.n; i++)
		print_message("  log <%d> %s\n", caught.priority[i], caught.text[i]);
}

/* Was there a line of this priority with this text? */
static bool logged(int priority, const char *text)
{
	for (int i = 0; i < caught.n; i++)
		if (caught.priority[i] == priority && strstr(caught.text[i], text))
			return true;
	return false;
}

static int worst_priority(void)
{
	int worst = LOG_DEBUG;

	for (int i = 0; i < caught.n; i++)
		if (caught.priority[i] < worst)
			worst = caught.priority[i];
	return worst;
}

/* Nothing anybody sends may reach the log as it is. */
static void assert_log_is_clean(void)
{
	for (int i = 0; i < caught.n; i++)
		for (const char *p = caught.text[i]; *p; p++)
			if (*p < ' ' || *p > '~')
				fail_msg("raw byte 0x%02x in: %s", (unsigned char)*p,
					 caught.text[i]);
}

/* --- PAM */

static int no_conversation(int n, const struct pam_message **msg, struct pam_response **resp,
			   void *data)
{
	(void)n;
	(void)msg;
	(void)resp;
	(void)data;
	return PAM_CONV_ERR;
}

static void write_service(const char *args, const char *socket_path)
{
	char path[128], text[1024], *s = text;

	s += snprintf(text, sizeof(text), "session required %s %s", EG_MODULE, args);
	if (socket_path)
		s += snprintf(s, sizeof(text) - (size_t)(s - text), " socket=%s", socket_path);
	(void)snprintf(s, sizeof(text) - (size_t)(s - text), "\n");
	(void)snprintf(path, sizeof(path), "%s/egtest", confdir);
	(void)unlink(path);
	assert_int_equal(write_text(path, text), 0);
	(void)snprintf(path, sizeof(path), "%s/other", confdir);
	(void)unlink(path);
	assert_int_equal(write_text(path, text), 0);
}

static pam_handle_t *start(const char *user)
{
	static const struct pam_conv conv = {.conv = no_conversation};
	pam_handle_t *pamh = NULL;

	caught.n = 0;
	assert_int_equal(pam_start_confdir("egtest", user, &conv, confdir, &pamh), PAM_SUCCESS);
	assert_int_equal(pam_set_item(pamh, PAM_RHOST, "192.0.2.7"), PAM_SUCCESS);
	assert_int_equal(pam_putenv(pamh, "SSH_CONNECTION=192.0.2.7 50122 192.0.2.1 22"),
			 PAM_SUCCESS);
	assert_int_equal(pam_putenv(pamh, "SSH_AUTH_INFO_0=publickey ssh-ed25519 AAAA\n"),
			 PAM_SUCCESS);
	return pamh;
}

/* Makes libpam read its files and dlopen the module, so that what follows is the module alone. */
static void load_handlers(pam_handle_t *pamh)
{
	(void)pam_acct_mgmt(pamh, 0);
	caught.n = 0;
}

/* --- before and after */

struct before {
	int fds;
	char cgroup[600];
	int leaves;
};

static void remember(struct before *b)
{
	b->fds = count_fds();
	own_cgroup(b->cgroup, sizeof(b->cgroup));
	b->leaves = count_leaves(scratch.scope);
}

/* The module cleaned up after itself: as if it had never been called. */
static void assert_as_before(const struct before *b)
{
	char now[600];

	own_cgroup(now, sizeof(now));
	assert_string_equal(now, b->cgroup);
	assert_int_equal(count_leaves(scratch.scope), b->leaves);
	/* The fake helper is a thread of this process: its end of a connection may last a moment
	 * longer. */
	for (int i = 0; i < 200 && count_fds() != b->fds; i++)
		(void)usleep(10000);
	assert_int_equal(count_fds(), b->fds);
}

/* What the real helper does once the cgroup is empty. Call it while inside the leaf. */
static void leave_leaf(const char *back)
{
	char now[600], dir[700];

	own_cgroup(now, sizeof(now));
	(void)snprintf(dir, sizeof(dir), "%s%s", scratch.root, back);
	go_to(dir);
	(void)snprintf(dir, sizeof(dir), "%s%s", scratch.root, now);
	if (strstr(now, "/" EG_LEAF_PREFIX))
		assert_int_equal(rmdir(dir), 0);
}

static bool inside_leaf_of(const char *parent)
{
	char now[600], want[300];
	size_t n;

	own_cgroup(now, sizeof(now));
	n = (size_t)snprintf(want, sizeof(want), "%s/" EG_LEAF_PREFIX,
			     parent + strlen(scratch.root));
	return strncmp(now, want, n) == 0 && strlen(now) == n + EG_LEAF_RANDOM &&
	       strspn(now + n, "0123456789abcdef") == EG_LEAF_RANDOM;
}

#define NEED_CGROUPS()                                                                             \
	do {                                                                                       \
		if (scratch.lack)                                                                  \
			lacking(scratch.lack);                                                     \
		go_to(scratch.scope);                                                              \
	} while (0)

/* --- the table */

struct test_case {
	const char *args;
	enum script script;
	int want;	  /* of pam_open_session with onerr=fail */
	const char *text; /* in a LOG_ERR line when want is not PAM_SUCCESS */
	int min_ms, max_ms;
};

#define FAST 0, 1500
#define HELD 300, 1300 /* the deadline, and not a second more */

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
	{"timeout=1500", HANG_UP_ACCEPT, PAM_SESSION_ERR, "systemctl status ebpfguard", FAST},
	{"timeout=1500", HANG_UP_VERSION, PAM_SESSION_ERR, "hung up when asked to tell", FAST},
	{"timeout=1500", HANG_UP_OPEN, PAM_SESSION_ERR, "hung up when asked to guard", FAST},
	{"timeout=1500", REFUSE_VERSION, PAM_SESSION_ERR, "refused to tell its version", FAST},
	{"timeout=1500", GARBAGE_VERSION, PAM_SESSION_ERR, "malformed answer when asked to tell",
	 FAST},
	{"timeout=1500", GARBAGE_OPEN, PAM_SESSION_ERR, "malformed answer when asked to guard",
	 FAST},
	{"timeout=1500", EMPTY_OPEN, PAM_SESSION_ERR, "hung up when asked to guard", FAST},
	{"timeout=1500", SHORT_OPEN, PAM_SESSION_ERR, "malformed answer", FAST},
	{"timeout=1500", LONG_OPEN, PAM_SESSION_ERR, "malformed answer", FAST},
	{"timeout=1500", UNTERMINATED_OPEN, PAM_SESSION_ERR, "malformed answer", FAST},
	{"timeout=1500", TYPE_OPEN, PAM_SESSION_ERR, "answered with message type 66", FAST},
	/* an answer only for exempt users */
	{"timeout=1500", NOT_GUARDED, PAM_SESSION_ERR, "answered with message type 70", FAST},
	{"timeout=1500", NUMBER_OPEN, PAM_SESSION_ERR, "gave no session number", FAST},
	{"timeout=1500", PROTO_VERSION, PAM_SESSION_ERR, "speaks protocol version 3, this module 2",
	 FAST},
	{"timeout=1500", PROTO_OPEN, PAM_SESSION_ERR, "speaks protocol version 77", FAST},
	{"timeout=1500", ABI_VERSION, PAM_SESSION_ERR, "the helper (fake) has ABI", FAST},
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

/* Opens, checks, closes. onerr: NULL or an argument put behind the others. */
static void run_case(const struct test_case *c, bool let_in)
{
	int want = let_in ? PAM_SUCCESS : c->want, r;
	struct fake_helper h;
	struct before before, during;
	char args[300];
	pam_handle_t *pamh;
	int64_t t0, took;

	remember(&before);
	assert_int_equal(fake_start(&h, c->script), 0);
	(void)snprintf(args, sizeof(args), "%s%s", c->args, let_in ? " onerr=succeed" : "");
	write_service(args, h.path);
	pamh = start("alice");
	load_handlers(pamh);
	remember(&during);

	t0 = eg_proto_now_ms();
	r = pam_open_session(pamh, 0);
	took = eg_proto_now_ms() - t0;

	if (r != want || (c->text && !logged(LOG_ERR, c->text) && !logged(LOG_ALERT, c->text))) {
		show_caught();
		fail_msg("args '%s' script %d: returned %d, wanted %d and '%s'", args, c->script, r,
			 want, c->text ? c->text : "");
	}
	assert_log_is_clean();
	if (took < c->min_ms || took >= c->max_ms)
		fail_msg("args '%s' script %d took %d ms", args, c->script, (int)took);

	if (c->want == PAM_SUCCESS && c->script != GUARDED) {
		assert_true(inside_leaf_of(scratch.scope));
		assert_true(worst_priority() >= LOG_DEBUG); /* routine is quiet */
	} else if (c->want == PAM_SUCCESS) {
		assert_true(logged(LOG_INFO, "user=alice stays in session=7: already guarded"));
		assert_as_before(&during);
	} else {
		assert_as_before(&during);
		if (let_in)
			assert_true(logged(LOG_ALERT, "session of user alice is NOT guarded: "));
		else
			assert_true(logged(LOG_ERR, "login refused (onerr=fail)"));
	}

	caught.n = 0;
	/* libpam itself refuses to close what did not open */
	assert_int_equal(pam_close_session(pamh, 0),
			 r == PAM_SUCCESS ? PAM_SUCCESS : PAM_PERM_DENIED);
	assert_int_equal(caught.n, 0);
	leave_leaf(before.cgroup);
	assert_int_equal(pam_end(pamh, PAM_SUCCESS), PAM_SUCCESS);
	fake_stop(&h);

	assert_as_before(&before);
	if (c->want == PAM_SUCCESS && c->script != GUARDED) {
		assert_int_equal(h.n_open, 1);
		assert_int_equal(h.n_bad_open, 0);
		assert_int_equal(h.n_close, 1);
		assert_int_equal(h.closed, FAKE_SESSION);
		assert_string_equal(h.open.user, "alice");
		assert_string_equal(h.open.service, "egtest");
		assert_string_equal(h.open.rhost, "192.0.2.7");
		assert_string_equal(h.open.connection, "192.0.2.7 50122 192.0.2.1 22");
		assert_string_equal(h.open.auth_info, "publickey ssh-ed25519 AAAA\n");
	} else {
		assert_int_equal(h.n_close, 0);
	}
}

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
	assert_int_equal(h.open.flags, c->asked ? EG_OPEN_EXEMPT : 0);
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

/* --- hard conditions */

static void ignore(int sig)
{
	(void)sig;
}

struct pest {
	pthread_t target;
	volatile bool stop;
};

static void *pester(void *arg)
{
	struct pest *p = arg;

	while (!p->stop) {
		pthread_kill(p->target, SIGUSR1);
		sched_yield();
	}
	return NULL;
}

/* EG_OPENS opens by as many handles while a thread never stops signalling: all granted, nothing
 * leaked. */
static void test_many_opens_under_signals(void **state)
{
	struct sigaction sa = {.sa_handler = ignore}; /* no SA_RESTART */
	struct pest pest = {.target = pthread_self()};
	const char *wanted = getenv("EG_OPENS");
	int n = wanted ? atoi(wanted) : 1000;
	struct before before;
	struct fake_helper h;
	pthread_t thread;

	(void)state;
	NEED_CGROUPS();
	remember(&before);
	assert_int_equal(fake_start(&h, GRANT), 0);
	write_service("timeout=60000", h.path);
	sigaction(SIGUSR1, &sa, NULL);
	assert_int_equal(pthread_create(&thread, NULL, pester, &pest), 0);
	for (int i = 0; i < n; i++) {
		pam_handle_t *pamh = start("alice");
		int r = pam_open_session(pamh, 0);

		if (r != PAM_SUCCESS)
			show_caught();
		assert_int_equal(r, PAM_SUCCESS);
		assert_int_equal(pam_close_session(pamh, 0), PAM_SUCCESS);
		leave_leaf(before.cgroup);
		pam_end(pamh, PAM_SUCCESS);
	}
	pest.stop = true;
	pthread_join(thread, NULL);
	fake_stop(&h);
	assert_int_equal(h.n_open, n);
	assert_int_equal(h.n_bad_open, 0);
	assert_int_equal(h.n_close, n);
	assert_as_before(&before);
}

/* The deadline holds while signals rain: they neither extend nor end the wait. */
static void test_deadline_under_signals(void **state)
{
	static const struct test_case silent = {"timeout=300", SILENT_OPEN, PAM_SESSION_ERR,
						"did not answer in time", HELD};
	static const struct test_case deaf = {"timeout=300", DEAF, PAM_SESSION_ERR,
					      "helper too busy", HELD};
	struct sigaction sa = {.sa_handler = ignore};
	struct pest pest = {.target = pthread_self()};
	pthread_t thread;

	(void)state;
	NEED_CGROUPS();
	sigaction(SIGUSR1, &sa, NULL);
	assert_int_equal(pthread_create(&thread, NULL, pester, &pest), 0);
	run_case(&silent, false);
	run_case(&deaf, false);
	pest.stop = true;
	pthread_join(thread, NULL);
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
	struct rlimit rl;
	int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);

	(void)pamh;
	if (fd < 0 || getrlimit(RLIMIT_NOFILE, &rl) < 0)
		return -1;
	for (int i = 3; i < fd; i++) /* no holes below */
		if (fcntl(i, F_GETFD) < 0 && dup2(fd, i) < 0)
			return -1;
	rl.rlim_cur = (rlim_t)(fd + 1 + *(int *)arg);
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

static int group_setup(void **state)
{
	(void)state;
	scratch_init(&scratch);
	return mkdtemp(confdir) ? 0 : -1;
}

static int group_teardown(void **state)
{
	char path[64];

	(void)state;
	for (int i = 0; i < 2; i++) {
		(void)snprintf(path, sizeof(path), "%s/%s", confdir, i ? "other" : "egtest");
		(void)unlink(path);
	}
	(void)rmdir(confdir);
	scratch_done(&scratch);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_dlopen),
		cmocka_unit_test(test_exempt),
		cmocka_unit_test(test_exempt_from_this_host),
		cmocka_unit_test(test_address),
		cmocka_unit_test(test_table_onerr_fail),
		cmocka_unit_test(test_table_onerr_succeed),
		cmocka_unit_test(test_onerr_before_a_wrong_argument),
		cmocka_unit_test(test_person_limits),
		cmocka_unit_test(test_person_hostile_name),
		cmocka_unit_test(test_person_nobody),
		cmocka_unit_test(test_person_without_account),
		cmocka_unit_test(test_person_auth_info),
		cmocka_unit_test(test_person_connection_too_long),
		cmocka_unit_test(test_leaf_without_scope),
		cmocka_unit_test(test_leaf_directly_below_scope),
		cmocka_unit_test(test_close),
		cmocka_unit_test(test_child_ends_handle),
		cmocka_unit_test(test_open_twice),
		cmocka_unit_test(test_deadline_under_signals),
		cmocka_unit_test(test_high_fds),
		cmocka_unit_test(test_closed_stdio),
		cmocka_unit_test(test_out_of_fds_at_each_step),
		cmocka_unit_test(test_broken_surroundings),
		cmocka_unit_test(test_many_opens_under_signals),
	};

	return cmocka_run_group_tests_name("module", tests, group_setup, group_teardown);
}
