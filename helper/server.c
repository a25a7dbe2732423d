// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * The two sockets. helper.sock takes open (opening.c), close and version; control.sock the rest.
 * Who may ask what is a table; who asks is peer.c's.
 */
#include "server.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include "fault.h"
#include "inforce.h"
#include "log.h"
#include "order.h"
#include "util.h"

/* ---- answers ---- */

int eg_server_send(int fd, const void *msg)
{
	return eg_proto_send(fd, msg, NULL, eg_proto_now_ms());
}

int eg_server_refuse(int fd, int error, const char *format, ...)
{
	struct eg_msg_refused msg = {.error = -error};
	va_list ap;

	va_start(ap, format);
	(void)vsnprintf(msg.text, sizeof(msg.text), format, ap);
	va_end(ap);
	eg_proto_head(&msg, EG_MSG_REFUSED, sizeof(msg));
	return eg_server_send(fd, &msg);
}

/* ---- helper.sock ---- */

static int on_version(struct eg_helper *helper, struct eg_client *client, const void *request,
		      struct eg_passed *passed)
{
	struct eg_msg_is_version msg = {
		.abi = EG_ABI_VERSION, .product = EG_VERSION, .takes = EG_TAKES_SOCKET};
	struct eg_guard guard = {0};
	int r = eg_fault(open_version) ?: eg_peer_guard(helper, &client->peer, &guard);

	(void)request;
	(void)passed;
	if (r < 0)
		return r;
	msg.guarded = r == 1;
	msg.session = guard.session;
	eg_proto_head(&msg, EG_MSG_IS_VERSION, sizeof(msg));
	return eg_server_send(client->source.fd, &msg);
}

void eg_server_log(struct eg_helper *helper, const char *format, ...)
{
	char line[1024];
	va_list ap;

	if (!eg_limit_take(&helper->door_limit, &eg_limits_default, eg_proto_now_ms()))
		return;
	va_start(ap, format);
	(void)vsnprintf(line, sizeof(line), format, ap);
	va_end(ap);
	eg_log(LOG_WARNING, "%s", line);
}

/* A guarded peer may close its own session: its label says which that is, the number is only a
 * claim. */
static int on_close(struct eg_helper *helper, struct eg_client *client, const void *request,
		    struct eg_passed *passed)
{
	const struct eg_msg_close *msg = request;
	struct eg_session *session = eg_session_find(helper, msg->session);
	struct eg_guard guard = {0};
	struct eg_msg ok;

	(void)passed;
	if (!session || eg_peer_guard(helper, &client->peer, &guard) != 1 ||
	    guard.session != msg->session)
		return eg_server_refuse(client->source.fd, -EACCES, "not a process of session %llu",
					(unsigned long long)msg->session);
	eg_session_closed(helper, session);
	eg_proto_head(&ok, EG_MSG_OK, sizeof(ok));
	return eg_server_send(client->source.fd, &ok);
}

/* ---- control.sock ---- */

static int on_status(struct eg_helper *helper, struct eg_client *client, const void *request,
		     struct eg_passed *passed)
{
	(void)request;
	(void)passed;
	return eg_control_status(helper, client->source.fd);
}

static int on_sessions(struct eg_helper *helper, struct eg_client *client, const void *request,
		       struct eg_passed *passed)
{
	(void)request;
	(void)passed;
	return eg_control_sessions(helper, client->source.fd);
}

static int on_feeds(struct eg_helper *helper, struct eg_client *client, const void *request,
		    struct eg_passed *passed)
{
	(void)request;
	(void)passed;
	return eg_inquiry_feeds(helper, client->source.fd);
}

static int on_processes(struct eg_helper *helper, struct eg_client *client, const void *request,
			struct eg_passed *passed)
{
	const struct eg_msg_about *msg = request;

	(void)passed;
	return eg_inquiry_processes(helper, client->source.fd, msg->session);
}

static int on_details(struct eg_helper *helper, struct eg_client *client, const void *request,
		      struct eg_passed *passed)
{
	const struct eg_msg_about *msg = request;

	(void)passed;
	return eg_inquiry_details(helper, client->source.fd, msg->session);
}

static int on_reload(struct eg_helper *helper, struct eg_client *client, const void *request,
		     struct eg_passed *passed)
{
	/* It takes its time, and the answer goes by a descriptor of its own. */
	int fd = fcntl(client->source.fd, F_DUPFD_CLOEXEC, 0);

	(void)request;
	(void)passed;
	if (fd < 0)
		return -errno;
	eg_reload(helper, fd);
	return 0;
}

static int on_metrics(struct eg_helper *helper, struct eg_client *client, const void *request,
		      struct eg_passed *passed)
{
	(void)request;
	(void)passed;
	return eg_metrics_answer(helper, client->source.fd);
}

/* ---- requests ---- */

enum guarded_peer { GUARDED_MAY, GUARDED_MAY_NOT };

static const struct request {
	uint16_t type;
	enum eg_door door;
	enum guarded_peer guarded;
	bool takes_fds;
	int (*handle)(struct eg_helper *helper, struct eg_client *client, const void *request,
		      struct eg_passed *passed);
} requests[] = {
	{EG_MSG_VERSION, EG_DOOR_HELPER, GUARDED_MAY, false, on_version},
	{EG_MSG_OPEN, EG_DOOR_HELPER, GUARDED_MAY_NOT, true, eg_opening},
	{EG_MSG_CLOSE, EG_DOOR_HELPER, GUARDED_MAY, false, on_close},
	{EG_MSG_STATUS, EG_DOOR_CONTROL, GUARDED_MAY_NOT, false, on_status},
	{EG_MSG_SESSIONS, EG_DOOR_CONTROL, GUARDED_MAY_NOT, false, on_sessions},
	{EG_MSG_RELOAD, EG_DOOR_CONTROL, GUARDED_MAY_NOT, false, on_reload},
	{EG_MSG_ORDER, EG_DOOR_CONTROL, GUARDED_MAY_NOT, false, eg_order},
	{EG_MSG_METRICS, EG_DOOR_CONTROL, GUARDED_MAY_NOT, false, on_metrics},
	{EG_MSG_FEEDS, EG_DOOR_CONTROL, GUARDED_MAY_NOT, false, on_feeds},
	{EG_MSG_PROCESSES, EG_DOOR_CONTROL, GUARDED_MAY_NOT, false, on_processes},
	{EG_MSG_DETAILS, EG_DOOR_CONTROL, GUARDED_MAY_NOT, false, on_details},
};

static const struct request *find_request(enum eg_door door, uint16_t type)
{
	for (size_t i = 0; i < EG_ARRAY_SIZE(requests); i++)
		if (requests[i].door == door && requests[i].type == type)
			return &requests[i];
	return NULL;
}

/* Returns 0 to keep the connection, a negative errno to close it. */
static int serve(struct eg_helper *helper, struct eg_client *client)
{
	union {
		struct eg_msg head;
		uint64_t align;
		char bytes[EG_MSG_MAX];
	} buf;
	const struct request *request;
	struct eg_guard guard = {0};
	struct eg_passed passed eg_auto_passed = EG_PASSED_NONE;
	ssize_t n = eg_proto_recv(client->source.fd, &buf, sizeof(buf), &passed, eg_proto_now_ms());
	int r;

	if (n <= 0)
		return n ? (int)n : -ENOTCONN;
	request = find_request(client->door, buf.head.type);
	if (!request || (passed.dir >= 0 && !request->takes_fds))
		return -EBADMSG;
	if (request->guarded == GUARDED_MAY_NOT) {
		r = eg_fault(open_guarded) ?: eg_peer_guard(helper, &client->peer, &guard);
		if (r) {
			eg_report_refused_request(
				helper, buf.head.type, &client->peer, guard.session,
				r > 0 ? "the caller is in a guarded session" : strerror(-r));
			return eg_server_refuse(client->source.fd, -EALREADY, "already guarded");
		}
	}
	return request->handle(helper, client, &buf, &passed);
}

/* ---- connections ---- */

void eg_server_drop(struct eg_helper *helper, struct eg_client *client, int why)
{
	struct eg_client **at = &helper->clients;

	while (*at != client)
		at = &(*at)->next;
	*at = client->next;
	helper->n_clients--;
	eg_opening_end(helper, client, why);
	/* Not by closing it alone: an answer on its way (reload.c, metrics.c) has a descriptor of
	 * the same connection, and with that epoll would go on to tell of a client that is gone. */
	(void)epoll_ctl(helper->epoll_fd, EPOLL_CTL_DEL, client->source.fd, NULL);
	eg_close_p(&client->source.fd);
	eg_close_p(&client->peer.pidfd);
	free(client);
}

static void on_client(struct eg_helper *helper, struct eg_source *source, uint32_t events)
{
	struct eg_client *client =
		(struct eg_client *)((char *)source - offsetof(struct eg_client, source));
	int r = events & EPOLLIN ? serve(helper, client) : -ENOTCONN;

	if (r >= 0)
		return;
	if (r != -ENOTCONN)
		eg_server_log(helper, "closing the connection of pid %d: %s", (int)client->peer.pid,
			      strerror(-r));
	eg_server_drop(helper, client, r);
}

/* May this guarded peer have one more connection? Guarded peers share a few, so that they cannot
 * keep logins out. */
static bool within_quota(const struct eg_helper *helper, uint64_t session)
{
	size_t all = 0, own = 0;

	for (const struct eg_client *c = helper->clients; c; c = c->next) {
		all += c->guarded_by != 0;
		own += c->guarded_by == session;
	}
	return all < EG_GUARDED_CLIENTS_MAX && own < EG_GUARDED_CLIENTS_PER_SESSION;
}

/* Makes room for a new connection by dropping the oldest, which stands last in the list. */
static void make_room(struct eg_helper *helper)
{
	struct eg_client *oldest = helper->clients;

	if (helper->n_clients < EG_CLIENTS_MAX)
		return;
	while (oldest->next)
		oldest = oldest->next;
	eg_server_log(helper, "too many connections: dropping the oldest, of pid %d",
		      (int)oldest->peer.pid);
	eg_server_drop(helper, oldest, -EUSERS);
}

/* Who connected, and may it? Fills *ret_peer (its pidfd is then the caller's) and *ret_session. 0
 * or negative errno. */
static int admit(struct eg_helper *helper, int fd, struct eg_peer *ret_peer, uint64_t *ret_session)
{
	struct eg_guard guard = {0};
	struct eg_peer peer = {.pidfd = -1};
	int r = eg_fault(open_admit) ?: eg_peer_of(fd, &peer);

	if (!r && peer.uid != 0)
		r = -EACCES;
	if (!r)
		r = eg_peer_guard(helper, &peer, &guard);
	if (r == 1 && !guard.session)
		guard.session = EG_GUARDED_ELSEWHERE;
	if (r == 1 && !within_quota(helper, guard.session))
		r = -EUSERS;
	if (r < 0) {
		eg_server_log(helper, "refusing a connection of pid %d uid %u: %s", (int)peer.pid,
			      (unsigned int)peer.uid, strerror(-r));
		eg_close_p(&peer.pidfd);
		return r;
	}
	*ret_peer = peer;
	*ret_session = guard.session;
	return 0;
}

static void add_client(struct eg_helper *helper, int *fd, enum eg_door door,
		       const struct eg_peer *peer, uint64_t session)
{
	struct eg_client *client = calloc(1, sizeof(*client));
	int pidfd = peer->pidfd, r;

	if (!client) {
		eg_close_p(&pidfd);
		return;
	}
	client->source = (struct eg_source){.fd = eg_take_fd(fd), .handle = on_client};
	client->door = door;
	client->peer = *peer;
	client->guarded_by = session;
	client->deadline_ms = eg_proto_now_ms() + EG_CLIENT_MS;
	client->next = helper->clients;
	helper->clients = client;
	helper->n_clients++;
	r = eg_loop_add(helper, &client->source, EPOLLIN);
	if (r < 0)
		eg_server_drop(helper, client, r);
}

static void on_connect(struct eg_helper *helper, struct eg_source *source, uint32_t events)
{
	enum eg_door door =
		source == &helper->listeners[EG_DOOR_CONTROL] ? EG_DOOR_CONTROL : EG_DOOR_HELPER;
	int fd eg_auto_close = -1;
	struct eg_peer peer;
	uint64_t session;

	(void)events;
	make_room(helper);
	fd = accept4(source->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	if (fd < 0)
		return; /* hung up again, or no descriptor is left: the tick frees those of idle
			   clients */
	if (admit(helper, fd, &peer, &session) == 0)
		add_client(helper, &fd, door, &peer, session);
}

void eg_server_tick(struct eg_helper *helper, int64_t now_ms)
{
	for (struct eg_client *client = helper->clients, *next; client; client = next) {
		next = client->next;
		if (now_ms > client->deadline_ms)
			eg_server_drop(helper, client, -ETIMEDOUT);
	}
}

/* ---- listening ---- */

static int listen_at(const char *path, struct eg_err *err)
{
	struct sockaddr_un addr = {.sun_family = AF_UNIX};
	int fd eg_auto_close = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	mode_t mask;
	int r;

	(void)snprintf(addr.sun_path, sizeof(addr.sun_path), "%s", path);
	if (mkdir("/run/ebpfguard", 0755) < 0 && errno != EEXIST) {
		(void)snprintf(err->text, sizeof(err->text), "cannot create /run/ebpfguard: %s",
			       strerror(errno));
		return -errno;
	}
	(void)unlink(
		path); /* nobody listens there: we hold the lock, and systemd passed no socket */
	mask = umask(0177);
	r = fd < 0 || bind(fd, (struct sockaddr *)&addr, sizeof(addr)) < 0 ||
			    listen(fd, SOMAXCONN) < 0
		    ? -errno
		    : 0;
	(void)umask(mask);
	if (r < 0) {
		(void)snprintf(err->text, sizeof(err->text), "cannot listen on %s: %s", path,
			       strerror(-r));
		return r;
	}
	return eg_take_fd(&fd);
}

/* Which of our doors is a socket systemd passed? -1 = neither. */
static int door_of(int fd)
{
	struct sockaddr_un addr = {0};
	socklen_t size = sizeof(addr);

	if (getsockname(fd, (struct sockaddr *)&addr, &size) < 0 || addr.sun_family != AF_UNIX)
		return -1;
	if (!strcmp(addr.sun_path, EG_HELPER_SOCKET))
		return EG_DOOR_HELPER;
	return strcmp(addr.sun_path, EG_CONTROL_SOCKET) ? -1 : EG_DOOR_CONTROL;
}

/* One waiting caller: let it say what it wants, tell it no. */
static void refuse_one(int fd, int error, const char *text)
{
	union {
		struct eg_msg head;
		uint64_t align;
		char bytes[EG_MSG_MAX];
	} buf;
	struct eg_passed passed eg_auto_passed = EG_PASSED_NONE;

	if (eg_proto_recv(fd, &buf, sizeof(buf), &passed, eg_proto_now_ms() + EG_REFUSE_MS) > 0)
		/* it may have gone: then nobody needs the answer */
		(void)eg_server_refuse(fd, error, "%s", text);
}

void eg_server_refuse_waiting(const int *fds, size_t n_fds, int error, const char *text)
{
	for (size_t i = 0; i < n_fds; i++) {
		(void)fcntl(fds[i], F_SETFL, O_NONBLOCK);
		for (size_t k = 0; k < EG_CLIENTS_MAX; k++) {
			int fd eg_auto_close =
				accept4(fds[i], NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

			if (fd < 0)
				break;
			refuse_one(fd, error, text);
		}
	}
}

int eg_server_open(struct eg_helper *helper, const int *fds, size_t n_fds, struct eg_err *reterr)
{
	static const char *const paths[] = {EG_HELPER_SOCKET, EG_CONTROL_SOCKET};

	for (size_t i = 0; i < n_fds; i++) {
		int door = door_of(fds[i]);

		if (door < 0 || helper->listeners[door].fd >= 0) {
			(void)snprintf(
				reterr->text, sizeof(reterr->text),
				"systemd passed a socket that is not one of " EG_HELPER_SOCKET
				" and " EG_CONTROL_SOCKET ": check ebpfguard.socket");
			return -EINVAL;
		}
		helper->listeners[door].fd = fds[i];
	}
	for (size_t i = 0; i < EG_ARRAY_SIZE(paths); i++) {
		struct eg_source *source = &helper->listeners[i];
		int r;

		if (source->fd < 0) {
			r = listen_at(paths[i], reterr);
			if (r < 0)
				return r;
			source->fd = r;
		}
		(void)fcntl(source->fd, F_SETFL, O_NONBLOCK);
		source->handle = on_connect;
		r = eg_fault(start_server) ?: eg_loop_add(helper, source, EPOLLIN);
		if (r < 0)
			return r;
	}
	return 0;
}

void eg_server_close(struct eg_helper *helper)
{
	while (helper->clients)
		eg_server_drop(helper, helper->clients, -ESHUTDOWN);
	for (size_t i = 0; i < EG_ARRAY_SIZE(helper->listeners); i++) {
		eg_close_p(&helper->listeners[i].fd);
		helper->listeners[i].fd = -1;
	}
}
