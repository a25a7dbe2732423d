/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The module under test, for test programs of it: libpam with a service that names it, its log
 * caught, and that nothing is left behind. Once in a program: it defines syslog() and getpwnam_r(),
 * which libpam's log and the module's look-ups go through (linked with -rdynamic).
 */
#ifndef EG_TESTS_MODULE_H
#define EG_TESTS_MODULE_H

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

__attribute__((format(printf, 2, 0))) static inline void keep_line(int priority, const char *fmt,
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

static inline void show_caught(void)
{
	for (int i = 0; i < caught.n; i++)
		print_message("  log <%d> %s\n", caught.priority[i], caught.text[i]);
}

/* Was there a line of this priority with this text? */
static inline bool logged(int priority, const char *text)
{
	for (int i = 0; i < caught.n; i++)
		if (caught.priority[i] == priority && strstr(caught.text[i], text))
			return true;
	return false;
}

static inline int worst_priority(void)
{
	int worst = LOG_DEBUG;

	for (int i = 0; i < caught.n; i++)
		if (caught.priority[i] < worst)
			worst = caught.priority[i];
	return worst;
}

/* Nothing anybody sends may reach the log as it is. */
static inline void assert_log_is_clean(void)
{
	for (int i = 0; i < caught.n; i++)
		for (const char *p = caught.text[i]; *p; p++)
			if (*p < ' ' || *p > '~')
				fail_msg("raw byte 0x%02x in: %s", (unsigned char)*p,
					 caught.text[i]);
}

/* --- PAM */

static inline int no_conversation(int n, const struct pam_message **msg, struct pam_response **resp,
				  void *data)
{
	(void)n;
	(void)msg;
	(void)resp;
	(void)data;
	return PAM_CONV_ERR;
}

/* A service of its own: the module alone, with args, and with socket= where there is a path. */
static inline void write_stack(const char *service, const char *args, const char *socket_path)
{
	char path[128], text[1024], *s = text;

	s += snprintf(text, sizeof(text), "session required %s %s", EG_MODULE, args);
	if (socket_path)
		s += snprintf(s, sizeof(text) - (size_t)(s - text), " socket=%s", socket_path);
	(void)snprintf(s, sizeof(text) - (size_t)(s - text), "\n");
	(void)snprintf(path, sizeof(path), "%s/%s", confdir, service);
	(void)unlink(path);
	assert_int_equal(write_text(path, text), 0);
}

static inline void write_service(const char *args, const char *socket_path)
{
	write_stack("egtest", args, socket_path);
	write_stack("other", args, socket_path);
}

static inline pam_handle_t *start_as(const char *service, const char *user)
{
	static const struct pam_conv conv = {.conv = no_conversation};
	pam_handle_t *pamh = NULL;

	caught.n = 0;
	assert_int_equal(pam_start_confdir(service, user, &conv, confdir, &pamh), PAM_SUCCESS);
	assert_int_equal(pam_set_item(pamh, PAM_RHOST, "192.0.2.7"), PAM_SUCCESS);
	assert_int_equal(pam_putenv(pamh, "SSH_CONNECTION=192.0.2.7 50122 192.0.2.1 22"),
			 PAM_SUCCESS);
	assert_int_equal(pam_putenv(pamh, "SSH_AUTH_INFO_0=publickey ssh-ed25519 AAAA\n"),
			 PAM_SUCCESS);
	return pamh;
}

static inline pam_handle_t *start(const char *user)
{
	return start_as("egtest", user);
}

/* Makes libpam read its files and dlopen the module, so that what follows is the module alone. */
static inline void load_handlers(pam_handle_t *pamh)
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

static inline void remember(struct before *b)
{
	b->fds = count_fds();
	own_cgroup(b->cgroup, sizeof(b->cgroup));
	b->leaves = count_leaves(scratch.scope);
}

/* The module cleaned up after itself: as if it had never been called. */
static inline void assert_as_before(const struct before *b)
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
static inline void leave_leaf(const char *back)
{
	char now[600], dir[700];

	own_cgroup(now, sizeof(now));
	(void)snprintf(dir, sizeof(dir), "%s%s", scratch.root, back);
	go_to(dir);
	(void)snprintf(dir, sizeof(dir), "%s%s", scratch.root, now);
	if (strstr(now, "/" EG_LEAF_PREFIX))
		assert_int_equal(rmdir(dir), 0);
}

static inline bool inside_leaf_of(const char *parent)
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

/* --- one case */

struct test_case {
	const char *args;
	enum script script;
	int want;	  /* of pam_open_session with onerr=fail */
	const char *text; /* in a LOG_ERR line when want is not PAM_SUCCESS */
	int min_ms, max_ms;
};

#define FAST 0, 1500
#define HELD 300, 1300 /* the deadline, and not a second more */

/* Opens, checks, closes. onerr: NULL or an argument put behind the others. */
static inline void run_case(const struct test_case *c, bool let_in)
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
		assert_int_equal(h.n_open, c->script == KILLED_OPEN ? 2 : 1);
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

/* --- setup */

static inline int group_setup(void **state)
{
	(void)state;
	scratch_init(&scratch);
	return mkdtemp(confdir) ? 0 : -1;
}

static inline int group_teardown(void **state)
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

#endif
