// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Which socket a login came by: real ones, over loopback, beside others that it could be taken for.
 */
#include "ends.h"
#include "skip.h"
#include "util.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

/* ---- text */

static const char v4[] = "192.0.2.7 50122 192.0.2.1 22";

static void test_parse(void **state)
{
	static const struct {
		const char *text;
		const char *peer, *own; /* as IPv6; NULL: names no addresses */
		unsigned int peer_port, own_port;
	} cases[] = {
		{v4, "::ffff:192.0.2.7", "::ffff:192.0.2.1", 50122, 22},
		{"2001:db8::7 1 2001:db8::1 65535", "2001:db8::7", "2001:db8::1", 1, 65535},
		{"fe80::1%eth0 1 fe80::2%eth0 2", "fe80::1", "fe80::2", 1, 2},
		{"::ffff:192.0.2.7 1 192.0.2.1 2", "::ffff:192.0.2.7", "::ffff:192.0.2.1", 1, 2},
		{"", NULL, NULL, 0, 0},
		{"UNKNOWN 65535 UNKNOWN 65535", NULL, NULL, 0, 0},
		{"192.0.2.7 50122 192.0.2.1", NULL, NULL, 0, 0},
		{"192.0.2.7 65536 192.0.2.1 22", NULL, NULL, 0, 0},
		{"192.0.2.7 1 192.0.2.1 65536", NULL, NULL, 0, 0},
		{"192.0.2 1 192.0.2.1 2", NULL, NULL, 0, 0},
		{"client 1 192.0.2.1 2", NULL, NULL, 0, 0},
		{"192.0.2.7 x 192.0.2.1 2", NULL, NULL, 0, 0},
	};

	(void)state;
	for (size_t i = 0; i < EG_ARRAY_SIZE(cases); i++) {
		struct eg_end peer = {0}, own = {0};
		uint8_t addr[16];

		if (eg_ends_parse(cases[i].text, &peer, &own) != (cases[i].peer != NULL))
			fail_msg("%s", cases[i].text);
		if (!cases[i].peer)
			continue;
		assert_int_equal(inet_pton(AF_INET6, cases[i].peer, addr), 1);
		assert_memory_equal(peer.addr, addr, sizeof(addr));
		assert_int_equal(inet_pton(AF_INET6, cases[i].own, addr), 1);
		assert_memory_equal(own.addr, addr, sizeof(addr));
		assert_int_equal(peer.port, cases[i].peer_port);
		assert_int_equal(own.port, cases[i].own_port);
	}
}

/* A word that is longer than any address is not written past its place. */
static void test_parse_long(void **state)
{
	struct eg_end peer, own;
	char text[1024];

	(void)state;
	memset(text, '1', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	assert_false(eg_ends_parse(text, &peer, &own));
	(void)snprintf(text + 500, sizeof(text) - 500, " 1 192.0.2.1 2");
	assert_false(eg_ends_parse(text, &peer, &own));
}

/* ---- sockets */

union name {
	struct sockaddr any;
	struct sockaddr_in in;
	struct sockaddr_in6 in6;
	struct sockaddr_un un;
};

struct pair {
	int listener, client, server;
	char text[256]; /* SSH_CONNECTION, as sshd at server would have it */
};

static void say_end(int fd, int (*of)(int, struct sockaddr *, socklen_t *), char *buf, size_t size)
{
	union name name;
	socklen_t n = sizeof(name);
	char address[INET6_ADDRSTRLEN];
	const char *plain = address;

	assert_int_equal(of(fd, &name.any, &n), 0);
	if (name.any.sa_family == AF_INET)
		(void)inet_ntop(AF_INET, &name.in.sin_addr, address, sizeof(address));
	else
		(void)inet_ntop(AF_INET6, &name.in6.sin6_addr, address, sizeof(address));
	if (!strncmp(address, "::ffff:", 7)) /* so does sshd */
		plain = address + 7;
	(void)snprintf(
		buf, size, "%s %u", plain,
		ntohs(name.any.sa_family == AF_INET ? name.in.sin_port : name.in6.sin6_port));
}

/* A connection from a socket of one family to one of another, at loopback. */
static void connect_pair(struct pair *pair, int client_family, int server_family)
{
	union name to = {0}, from = {0};
	socklen_t size = sizeof(to);
	char peer[100], own[100];

	pair->listener = socket(server_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	pair->client = socket(client_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (pair->listener < 0 || pair->client < 0)
		skip_because("no IPv6");
	to.any.sa_family = (sa_family_t)server_family;
	if (server_family == AF_INET)
		to.in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	else if (client_family == AF_INET6)
		to.in6.sin6_addr = in6addr_loopback;
	if (bind(pair->listener, &to.any, sizeof(to)) < 0)
		skip_because("no such loopback address");
	assert_int_equal(listen(pair->listener, 1), 0);
	assert_int_equal(getsockname(pair->listener, &to.any, &size), 0);
	if (client_family != server_family) {
		from.in = (struct sockaddr_in){.sin_family = AF_INET,
					       .sin_port = to.in6.sin6_port,
					       .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
		to = from;
	}
	assert_int_equal(connect(pair->client, &to.any, sizeof(to)), 0);
	pair->server = accept4(pair->listener, NULL, NULL, SOCK_CLOEXEC);
	assert_true(pair->server >= 0);
	say_end(pair->server, getpeername, peer, sizeof(peer));
	say_end(pair->server, getsockname, own, sizeof(own));
	(void)snprintf(pair->text, sizeof(pair->text), "%s %s", peer, own);
}

static void done(struct pair *pair)
{
	eg_close_p(&pair->listener);
	eg_close_p(&pair->client);
	eg_close_p(&pair->server);
}

static void test_tcp(void **state)
{
	static const int families[][2] = {
		{AF_INET, AF_INET}, {AF_INET6, AF_INET6}, {AF_INET, AF_INET6} /* v4-mapped */};

	(void)state;
	for (size_t i = 0; i < EG_ARRAY_SIZE(families); i++) {
		struct pair pair, other;

		connect_pair(&pair, families[i][0], families[i][1]);
		connect_pair(&other, families[i][0], families[i][1]);
		assert_true(eg_ends_are_of(pair.server, pair.text));
		assert_true(eg_ends_came_by(pair.server, pair.text));
		assert_false(eg_ends_are_of(pair.client, pair.text)); /* the wrong way round */
		assert_false(eg_ends_are_of(pair.listener, pair.text));
		assert_false(eg_ends_are_of(other.server, pair.text));
		assert_false(eg_ends_are_of(pair.server, other.text));
		assert_false(eg_ends_came_by(pair.server, ""));
		assert_false(eg_ends_came_by(pair.server, "UNKNOWN 65535 UNKNOWN 65535"));
		assert_false(eg_ends_accepted(pair.server));
		done(&pair);
		done(&other);
	}
}

static void test_no_such_socket(void **state)
{
	int udp = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), tcp, file, line[2];
	union name to = {.in = {.sin_family = AF_INET, .sin_port = htons(9)}};
	char text[256], peer[100], own[100];

	(void)state;
	/* Ends as they should be, of another type. */
	to.in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	assert_int_equal(connect(udp, &to.any, sizeof(to.in)), 0);
	say_end(udp, getpeername, peer, sizeof(peer));
	say_end(udp, getsockname, own, sizeof(own));
	(void)snprintf(text, sizeof(text), "%s %s", peer, own);
	assert_false(eg_ends_came_by(udp, text));
	tcp = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	file = open("/dev/null", O_RDONLY | O_CLOEXEC);
	assert_int_equal(pipe2(line, O_CLOEXEC), 0);
	assert_false(eg_ends_came_by(tcp, v4));
	assert_false(eg_ends_came_by(file, v4));
	assert_false(eg_ends_came_by(line[0], v4));
	assert_false(eg_ends_came_by(-1, v4));
	assert_false(eg_ends_accepted(-1));
	(void)close(file);
	assert_false(eg_ends_came_by(file, v4));
	assert_false(eg_ends_accepted(line[1]));
	(void)close(udp);
	(void)close(tcp);
	(void)close(line[0]);
	(void)close(line[1]);
}

static void test_unix(void **state)
{
	static const char unknown[] = "UNKNOWN 65535 UNKNOWN 65535";
	union name to = {.un = {.sun_family = AF_UNIX}};
	struct pair pair;
	int both[2];

	(void)state;
	/* An abstract name: nothing to remove. */
	(void)snprintf(to.un.sun_path + 1, sizeof(to.un.sun_path) - 1, "eg-ends-%d", (int)getpid());
	pair.listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	pair.client = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(bind(pair.listener, &to.any, sizeof(to.un)), 0);
	assert_int_equal(listen(pair.listener, 1), 0);
	assert_int_equal(connect(pair.client, &to.any, sizeof(to.un)), 0);
	pair.server = accept4(pair.listener, NULL, NULL, SOCK_CLOEXEC);
	assert_true(eg_ends_accepted(pair.server));
	assert_true(eg_ends_came_by(pair.server, unknown));
	assert_false(eg_ends_came_by(pair.server, ""));
	assert_false(eg_ends_came_by(pair.server, v4));
	assert_false(eg_ends_accepted(pair.client));
	assert_false(eg_ends_accepted(pair.listener));
	/* What sshd's own processes talk over. */
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, both), 0);
	assert_false(eg_ends_accepted(both[0]));
	(void)close(both[0]);
	(void)close(both[1]);
	done(&pair);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_parse), cmocka_unit_test(test_parse_long),
		cmocka_unit_test(test_tcp),   cmocka_unit_test(test_no_such_socket),
		cmocka_unit_test(test_unix),
	};

	return cmocka_run_group_tests_name("ends", tests, NULL, NULL);
}
