// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Which socket the module passes with its question: the one that SSH_CONNECTION tells of, wherever
 * it is among the descriptors, and no other; to helpers that take one.
 */
#include "module.h"

#include <sys/un.h>

struct connection {
	int listener, client, server;
	char text[256]; /* SSH_CONNECTION= and its value */
};

static ino_t inode_of(int fd)
{
	struct stat st = {0};

	assert_int_equal(fstat(fd, &st), 0);
	return st.st_ino;
}

static void connect_with(struct connection *c, struct sockaddr *to, socklen_t size)
{
	c->listener = socket(to->sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	c->client = socket(to->sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(bind(c->listener, to, size), 0);
	assert_int_equal(listen(c->listener, 1), 0);
	assert_int_equal(getsockname(c->listener, to, &size), 0);
	assert_int_equal(connect(c->client, to, size), 0);
	c->server = accept4(c->listener, NULL, NULL, SOCK_CLOEXEC);
	assert_true(c->server >= 0);
}

static void connect_tcp(struct connection *c)
{
	struct sockaddr_in to = {.sin_family = AF_INET}, from;
	socklen_t size = sizeof(from);

	to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	connect_with(c, (struct sockaddr *)&to, sizeof(to));
	assert_int_equal(getpeername(c->server, (struct sockaddr *)&from, &size), 0);
	(void)snprintf(c->text, sizeof(c->text), "SSH_CONNECTION=127.0.0.1 %u 127.0.0.1 %u",
		       ntohs(from.sin_port), ntohs(to.sin_port));
}

static void connect_unix(struct connection *c)
{
	struct sockaddr_un to = {.sun_family = AF_UNIX};

	/* abstract */
	(void)snprintf(to.sun_path + 1, sizeof(to.sun_path) - 1, "eg-module-%d", (int)getpid());
	connect_with(c, (struct sockaddr *)&to, sizeof(to));
	(void)snprintf(c->text, sizeof(c->text), "SSH_CONNECTION=UNKNOWN 65535 UNKNOWN 65535");
}

static void hang_up(struct connection *c)
{
	eg_close_p(&c->listener);
	eg_close_p(&c->client);
	eg_close_p(&c->server);
}

/* Opens and closes a session; text: NULL = no SSH_CONNECTION. The login is let in, and nothing is
 * left; what came is in *h. */
static void open_with(const char *text, enum script script, struct fake_helper *h)
{
	struct before before;
	pam_handle_t *pamh;
	int r;

	remember(&before);
	assert_int_equal(fake_start(h, script), 0);
	write_service("timeout=1500", h->path);
	pamh = start("alice");
	assert_int_equal(pam_putenv(pamh, text ? text : "SSH_CONNECTION"), PAM_SUCCESS);
	load_handlers(pamh);
	r = pam_open_session(pamh, 0);
	if (r != PAM_SUCCESS) {
		show_caught();
		fail_msg("%s: %d", text ? text : "no connection", r);
	}
	assert_int_equal(pam_close_session(pamh, 0), PAM_SUCCESS);
	leave_leaf(before.cgroup);
	assert_int_equal(pam_end(pamh, PAM_SUCCESS), PAM_SUCCESS);
	fake_stop(h);
	assert_as_before(&before);
	assert_int_equal(h->n_bad_open, 0);
}

static void assert_passed(const struct fake_helper *h, ino_t inode)
{
	assert_true(h->open.flags & EG_OPEN_LOOKED);
	assert_int_equal(h->n_sockets, h->n_open);
	assert_int_equal(h->socket_ino, inode);
}

static void assert_none(const struct fake_helper *h, bool looked)
{
	assert_int_equal(!!(h->open.flags & EG_OPEN_LOOKED), looked);
	assert_int_equal(h->n_sockets, 0);
	assert_true(h->n_open >= 1);
}

static void test_connection(void **state)
{
	struct connection c, other;
	struct fake_helper h;

	(void)state;
	NEED_CGROUPS();
	connect_tcp(&other);
	connect_tcp(&c);
	open_with(c.text, GRANT, &h);
	assert_passed(&h, inode_of(c.server));
	open_with(other.text, GRANT, &h);
	assert_passed(&h, inode_of(other.server));
	/* the next helper, too */
	open_with(c.text, KILLED_OPEN, &h);
	assert_int_equal(h.n_open, 2);
	assert_passed(&h, inode_of(c.server));
	/* one of before an upgrade would hang up */
	open_with(c.text, OLD_VERSION, &h);
	assert_none(&h, false);
	open_with(NULL, GRANT, &h);
	assert_none(&h, true);
	open_with("SSH_CONNECTION=", GRANT, &h);
	assert_none(&h, true);
	open_with("SSH_CONNECTION=UNKNOWN 65535 UNKNOWN 65535", GRANT, &h);
	assert_none(&h, true);
	hang_up(&other);
	open_with(other.text, GRANT, &h);
	assert_none(&h, true);
	hang_up(&c);
}

static void test_unix_socket(void **state)
{
	struct connection c, tcp;
	struct fake_helper h;
	int pair[2];

	(void)state;
	NEED_CGROUPS();
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
	connect_tcp(&tcp);
	connect_unix(&c);
	open_with(c.text, GRANT, &h);
	assert_passed(&h, inode_of(c.server));
	open_with(NULL, GRANT, &h);
	assert_none(&h, true);
	open_with("SSH_CONNECTION=192.0.2.7 50122 192.0.2.1 22", GRANT, &h);
	assert_none(&h, true);
	hang_up(&c);
	open_with(c.text, GRANT, &h);
	assert_none(&h, true);
	hang_up(&tcp);
	(void)close(pair[0]);
	(void)close(pair[1]);
}

/* Wherever it is among them; who has more than are looked through is let in all the same, and the
 * helper is told that it was not looked for. */
static void test_many_descriptors(void **state)
{
	enum { MANY = 4300 };
	struct rlimit old, more;
	struct connection c;
	struct fake_helper h;
	int null = open("/dev/null", O_RDONLY | O_CLOEXEC), high;

	(void)state;
	NEED_CGROUPS();
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &old), 0);
	more = old;
	more.rlim_cur = old.rlim_max < 2 * MANY ? old.rlim_max : 2 * MANY;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &more), 0);
	connect_tcp(&c);
	high = fcntl(c.server, F_DUPFD_CLOEXEC, MANY);
	if (high < 0) {
		hang_up(&c);
		(void)close(null);
		lacking("RLIMIT_NOFILE is too low");
	}
	(void)close(c.server);
	c.server = high;
	open_with(c.text, GRANT, &h);
	assert_passed(&h, inode_of(c.server));
	for (int fd = null; fd < MANY - 1;)
		fd = fcntl(null, F_DUPFD_CLOEXEC, 0);
	open_with(c.text, GRANT, &h);
	assert_none(&h, false);
	for (int fd = null; fd < MANY; fd++)
		if (fd != c.client && fd != c.listener)
			(void)close(fd);
	hang_up(&c);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &old), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_connection),
		cmocka_unit_test(test_unix_socket),
		cmocka_unit_test(test_many_descriptors),
	};

	return cmocka_run_group_tests_name("module_socket", tests, group_setup, group_teardown);
}
