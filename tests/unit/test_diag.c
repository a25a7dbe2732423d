// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The client's end of a connection is found, whatever it is bound to. Over loopback. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "diag.h"
#include "skip.h"

union name {
	struct sockaddr any;
	struct sockaddr_in in;
	struct sockaddr_in6 in6;
};

/* A connection over loopback: fd[0] the client's end. */
struct pair {
	int fd[2];
	union name client, server;
};

static int family_of(const char *address)
{
	return strchr(address, ':') ? AF_INET6 : AF_INET;
}

static socklen_t set_name(union name *name, const char *address)
{
	memset(name, 0, sizeof(*name));
	name->any.sa_family = (sa_family_t)family_of(address);
	if (family_of(address) == AF_INET)
		return inet_pton(AF_INET, address, &name->in.sin_addr) == 1 ? sizeof(name->in) : 0;
	return inet_pton(AF_INET6, address, &name->in6.sin6_addr) == 1 ? sizeof(name->in6) : 0;
}

/* False: this machine has no such address. device: to bind the client to, or NULL. */
static bool connect_pair(struct pair *pair, const char *address, const char *device)
{
	union name name;
	socklen_t size = set_name(&name, address);
	int listener = socket(family_of(address), SOCK_STREAM | SOCK_CLOEXEC, 0);

	pair->fd[0] = socket(family_of(address), SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (listener < 0 || pair->fd[0] < 0 || bind(listener, &name.any, size) < 0 ||
	    listen(listener, 1) < 0)
		return false;
	size = sizeof(pair->server);
	assert_int_equal(getsockname(listener, &pair->server.any, &size), 0);
	if (device)
		assert_int_equal(setsockopt(pair->fd[0], SOL_SOCKET, SO_BINDTODEVICE, device,
					    (socklen_t)strlen(device)),
				 0);
	assert_int_equal(connect(pair->fd[0], &pair->server.any, size), 0);
	pair->fd[1] = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
	assert_true(pair->fd[1] >= 0);
	size = sizeof(pair->client);
	assert_int_equal(getsockname(pair->fd[0], &pair->client.any, &size), 0);
	close(listener);
	return true;
}

static void to_end(const union name *name, struct eg_end *ret)
{
	memset(ret, 0, sizeof(*ret));
	if (name->any.sa_family == AF_INET) {
		ret->port = ntohs(name->in.sin_port);
		memset(ret->addr + 10, 0xff, 2);
		memcpy(ret->addr + 12, &name->in.sin_addr, 4);
	} else {
		ret->port = ntohs(name->in6.sin6_port);
		memcpy(ret->addr, &name->in6.sin6_addr, 16);
	}
}

struct seen {
	struct eg_end client, server;
	struct eg_diag_socket socket;
	int n;
};

static int see(const struct eg_diag_socket *socket, void *arg)
{
	struct seen *seen = arg;

	if (memcmp(&socket->local, &seen->client, sizeof(seen->client)) ||
	    memcmp(&socket->remote, &seen->server, sizeof(seen->server)))
		return 0;
	seen->socket = *socket;
	seen->n++;
	return 0;
}

/* Looks for the client's end of a pair. */
static void look(const struct pair *pair, struct seen *seen)
{
	int diag = eg_diag_open();
	int r;

	memset(seen, 0, sizeof(*seen));
	to_end(&pair->client, &seen->client);
	to_end(&pair->server, &seen->server);
	assert_true(diag >= 0);
	r = eg_diag_at_port(diag, seen->client.port, see, seen);
	if (r == -ENOENT)
		skip_because("this kernel has no inet_diag");
	assert_int_equal(r, 0);
	close(diag);
}

static void test_finds_the_client(void **state)
{
	static const struct {
		const char *address, *device;
	} table[] = {{"127.0.0.1", NULL},	 {"127.3.4.5", NULL}, {"::1", NULL},
		     {"::ffff:127.0.0.1", NULL}, {"127.0.0.1", "lo"}, {"::1", "lo"}};
	struct pair pair;
	struct seen seen;

	(void)state;
	for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++) {
		if (!connect_pair(&pair, table[i].address, table[i].device)) {
			assert_int_equal(family_of(table[i].address), AF_INET6); /* no IPv6 here */
			continue;
		}
		look(&pair, &seen);
		assert_int_equal(seen.n, 1);
		assert_true(seen.socket.inode != 0);
		assert_true(seen.socket.cgroup != 0);
		close(pair.fd[0]);
		close(pair.fd[1]);
	}
}

/* A client that has closed is there without a cgroup, one that has reset the connection is not. */
static void test_sees_that_it_closed(void **state)
{
	const struct linger reset = {.l_onoff = 1};
	struct pair pair;
	struct seen seen;

	(void)state;
	assert_true(connect_pair(&pair, "127.0.0.1", NULL));
	close(pair.fd[0]);
	close(pair.fd[1]);
	look(&pair, &seen);
	assert_int_equal(seen.n, 1);
	assert_int_equal(seen.socket.cgroup, 0);

	assert_true(connect_pair(&pair, "127.0.0.1", NULL));
	assert_int_equal(setsockopt(pair.fd[0], SOL_SOCKET, SO_LINGER, &reset, sizeof(reset)), 0);
	close(pair.fd[0]);
	look(&pair, &seen);
	assert_int_equal(seen.n, 0);
	close(pair.fd[1]);
}

static int stop(const struct eg_diag_socket *socket, void *arg)
{
	(void)socket;
	(void)arg;
	return -ELOOP;
}

static void test_passes_an_error_on(void **state)
{
	struct pair pair;
	int diag = eg_diag_open();

	(void)state;
	assert_true(connect_pair(&pair, "127.0.0.1", NULL));
	assert_int_equal(eg_diag_at_port(diag, ntohs(pair.client.in.sin_port), stop, NULL), -ELOOP);
	close(diag);
	close(pair.fd[0]);
	close(pair.fd[1]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_finds_the_client),
		cmocka_unit_test(test_sees_that_it_closed),
		cmocka_unit_test(test_passes_an_error_on),
	};

	return cmocka_run_group_tests_name("diag", tests, NULL, NULL);
}
