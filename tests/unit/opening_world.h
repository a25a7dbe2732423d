/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Stand-ins for whom a request to open a session asks, for the tests of opening.c. */
#ifndef EG_OPENING_WORLD_H
#define EG_OPENING_WORLD_H

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

#include "log.h"
#include "origin.h"
#include "refresh.h"
#include "server.h"

/* What the stand-ins are told, and tell. */
static struct {
	int origin, proof; /* what is found out */
	bool needs_groups;
	int looks, opened, refreshes, lookups; /* how often it was asked for */
	int refresh_error;
	eg_refresh_fn refreshed;
	eg_lookup_fn found;
	int answer; /* type of the last, 0 = none */
	int send_error;
	int ends, undone;
	char line[1024];
	struct stat leaf, socket; /* what is passed; all zero = nothing */
	int fds;		  /* open before it */
} fake;

/* Is that what the descriptor is for? -1 is for nothing. */
static bool is_file(int fd, struct stat file)
{
	struct stat st = {0};

	if (fd < 0)
		return !file.st_ino;
	return fstat(fd, &st) == 0 && st.st_dev == file.st_dev && st.st_ino == file.st_ino;
}

static int count_fds(void)
{
	int n = 0;

	for (int fd = 0; fd < 256; fd++)
		n += fcntl(fd, F_GETFD) >= 0;
	return n;
}

int eg_peer_prove_leaf(struct eg_helper *helper, const struct eg_peer *peer, int dirfd,
		       char *ret_path, size_t size, int *ret_level, const char **ret_reason)
{
	(void)helper;
	(void)peer;
	assert_true(is_file(dirfd, fake.leaf));
	(void)snprintf(ret_path, size, "/leaf");
	*ret_level = 1;
	*ret_reason = "it is no leaf";
	return fake.proof;
}

int eg_origin_find(struct eg_helper *helper, const struct eg_peer *peer,
		   const struct eg_msg_open *request, int socket, struct eg_origin *ret,
		   struct eg_err *reterr)
{
	(void)helper;
	(void)peer;
	(void)request;
	(void)ret;
	assert_true(is_file(socket, fake.socket));
	fake.looks++;
	return fake.origin < 0 ? eg_err_fail(reterr, fake.origin, "it cannot be found")
			       : fake.origin;
}

int eg_session_open(struct eg_helper *helper, const struct eg_msg_open *request,
		    const struct eg_peer *peer, const struct eg_groups *groups,
		    const struct eg_passed *passed, const char *path, int level,
		    struct eg_session **ret, struct eg_err *reterr)
{
	static struct eg_session session = {.number = 3};
	struct eg_origin origin;
	int r = eg_origin_find(helper, peer, request, passed->socket, &origin, reterr);

	(void)groups;
	assert_true(is_file(passed->dir, fake.leaf));
	(void)path;
	(void)level;
	fake.opened++;
	*ret = !r && request->flags & EG_OPEN_EXEMPT ? NULL : &session;
	return r < 0 ? r : 0;
}

void eg_session_undo(struct eg_helper *helper, struct eg_session *session,
		     const struct eg_peer *peer)
{
	(void)helper;
	(void)session;
	(void)peer;
	fake.undone++;
}

void eg_report_end(struct eg_helper *helper, struct eg_session *session)
{
	(void)helper;
	(void)session;
	assert_int_equal(fake.undone, 0);
	fake.ends++;
}

int eg_session_needs_groups(struct eg_helper *helper, const struct eg_msg_open *request)
{
	(void)helper;
	(void)request;
	return fake.needs_groups;
}

int eg_refresh_ask(struct eg_helper *helper, eg_refresh_fn fn, void *arg,
		   struct eg_refresh_wait **ret)
{
	(void)helper;
	(void)arg;
	*ret = NULL;
	fake.refreshed = fn;
	fake.refreshes++;
	return fake.refresh_error;
}

void eg_refresh_forget(struct eg_helper *helper, struct eg_refresh_wait *wait)
{
	(void)helper;
	(void)wait;
}

int eg_lookup_start(struct eg_helper *helper, const char *user, const char *const *names, size_t n,
		    eg_lookup_fn done, void *arg, struct eg_lookup **ret)
{
	(void)helper;
	(void)user;
	(void)names;
	(void)n;
	*ret = arg; /* anything but NULL */
	fake.found = done;
	fake.lookups++;
	return 0;
}

void eg_lookup_forget(struct eg_lookup *lookup)
{
	(void)lookup;
}

int eg_server_send(int fd, const void *msg)
{
	(void)fd;
	fake.answer = ((const struct eg_msg *)msg)->type;
	return fake.send_error;
}

int eg_server_refuse(int fd, int error, const char *format, ...)
{
	(void)fd;
	(void)format;
	assert_true(error < 0);
	fake.answer = EG_MSG_REFUSED;
	return 0;
}

void eg_server_log(struct eg_helper *helper, const char *format, ...)
{
	(void)helper;
	(void)format;
}

void eg_server_drop(struct eg_helper *helper, struct eg_client *client, int why)
{
	eg_opening_end(helper, client, why);
}

void eg_report_refused_open(struct eg_helper *helper, const char *user, const struct eg_peer *peer,
			    int error, const char *reason)
{
	assert_non_null(helper);
	(void)snprintf(fake.line, sizeof(fake.line),
		       "REFUSED open user=%s pid=%d errno=%d reason=\"%s\"", user, (int)peer->pid,
		       -error, reason);
}

/* ---- a login */

static struct eg_config config;

struct login {
	struct eg_helper helper;
	struct eg_client client;
	struct eg_msg_open open;
};

static void set_up(struct login *login, unsigned int flags)
{
	memset(&fake, 0, sizeof(fake));
	*login = (struct login){.helper.config = &config,
				.client = {.source.fd = -1, .peer = {.pid = 7, .pidfd = -1}},
				.open = {.flags = flags, .user = "carol"}};
}

/* What is passed: a leaf, and a socket or not. */
static struct eg_passed make_passed(bool with_socket)
{
	struct eg_passed passed = {.dir = open("/dev/null", O_RDONLY | O_CLOEXEC), .socket = -1};

	assert_true(passed.dir >= 0);
	assert_int_equal(fstat(passed.dir, &fake.leaf), 0);
	if (with_socket) {
		passed.socket = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
		assert_true(passed.socket >= 0);
		assert_int_equal(fstat(passed.socket, &fake.socket), 0);
	}
	return passed;
}

#endif
