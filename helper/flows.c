// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Open flows that a reload has denied. The packet layer blocks them from that instant; here their
 * sockets are reset (SOCK_DESTROY), so that programs see an error and do not hang.
 *
 * Sockets are listed and reset from inside their network namespace, so something has to go there.
 * That is a thread for each reload, which ends where it has got to: setns(2) acts on one thread
 * only, so no failure can strand the main one in a session's namespace, and logins do not wait,
 * although users can make thousands of namespaces, each a walk over the kernel's table of TCP
 * sockets. Not a child process: it would keep our lock and the clients' connections open. The
 * thread shares nothing that changes: it uses descriptors of pinned objects and one end of a socket
 * pair, which carries to the main thread what it did, one message a flow. Only that one logs.
 *
 * Not covered: a socket left in a namespace where its session has no task any more. Its packets are
 * dropped all the same.
 */
#include "helper.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "attribute.h"
#include "event.h"
#include "inforce.h"
#include "log.h"
#include "order.h"
#include "util.h"

enum {
	NAMESPACES_MAX = 4096, /* visited for one reload; flows in further ones are blocked only */
	ANSWER_MS = 1000,      /* the kernel answers at once */
	LOOK_TICKS = 3,	       /* after a reload, before the second walk */
	DIAG_SIZE = 8192,
};

/* What the thread says of one flow, or, with flow.session 0, of itself. */
struct result {
	struct eg_denied_flow flow;
	int error;   /* 0 = it was reset, or a negative errno */
	int no_diag; /* 1 = this kernel cannot reset sockets */
};

struct netns {
	dev_t dev;
	ino_t ino;
};

/* One walk. out, troubled and the list are the thread's, the rest is the main thread's. */
struct eg_flows {
	struct eg_source in;
	pthread_t thread;
	struct eg_bpf *bpf;
	int out;
	atomic_bool stop;
	bool again;    /* another reload came meanwhile */
	bool second;   /* what cannot be reset was said by the first */
	bool troubled; /* said so once, which is enough */
	struct netns *list;
	size_t n;
};

/* ---- the thread: asking the kernel ---- */

struct request {
	struct nlmsghdr head;
	struct inet_diag_req_v2 body;
};

static int diag_open(void)
{
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_SOCK_DIAG);

	return fd < 0 ? -errno : fd;
}

/* The errno in an answer to request seq: 1 = not an answer to it, 0 or negative = the answer. */
static int answer_in(const char *buf, size_t n, uint32_t seq)
{
	struct nlmsghdr head;
	int error;

	if (n < sizeof(head))
		return 1;
	memcpy(&head, buf, sizeof(head));
	/* Both kinds that end a request begin with its errno; what a dump lists is not asked. */
	if (head.nlmsg_seq != seq || n < NLMSG_LENGTH(sizeof(error)) ||
	    (head.nlmsg_type != NLMSG_ERROR && head.nlmsg_type != NLMSG_DONE))
		return 1;
	memcpy(&error, buf + NLMSG_HDRLEN, sizeof(error));
	return error < 0 ? error : 0;
}

/* Sends a request and waits for how it ended. Returns 0 or the negative errno. */
static int ask(int fd, struct request *request)
{
	static const struct sockaddr_nl kernel = {.nl_family = AF_NETLINK};
	char buf[DIAG_SIZE];
	int64_t deadline;

	request->head.nlmsg_len = sizeof(*request);
	if (sendto(fd, request, sizeof(*request), MSG_NOSIGNAL, (const struct sockaddr *)&kernel,
		   sizeof(kernel)) < 0)
		return -errno;
	deadline = eg_proto_now_ms() + ANSWER_MS; /* only now: sending may load a module */
	for (;;) {
		struct pollfd p = {.fd = fd, .events = POLLIN};
		int64_t left = deadline - eg_proto_now_ms();
		ssize_t n;
		int r;

		if (left <= 0 || poll(&p, 1, (int)left) < 0)
			return -ETIMEDOUT;
		n = recv(fd, buf, sizeof(buf), MSG_DONTWAIT);
		if (n < 0 && errno != EAGAIN && errno != EINTR)
			return -errno;
		r = n < 0 ? 1 : answer_in(buf, (size_t)n, request->head.nlmsg_seq);
		if (r <= 0)
			return r;
	}
}

/*
 * Does the kernel answer questions about TCP sockets at all? A dump of sockets in no state lists
 * nothing and ends well when tcp_diag is there (asking loads it). Without this, ENOENT to a reset
 * could mean that the socket has gone, which is fine, or that there is no inet_diag, which is not.
 */
static int probe(int fd)
{
	struct request request = {
		.head = {.nlmsg_type = SOCK_DIAG_BY_FAMILY,
			 .nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP,
			 .nlmsg_seq = 1},
		.body = {.sdiag_family = AF_INET, .sdiag_protocol = IPPROTO_TCP},
	};

	return ask(fd, &request);
}

static int reset(int fd, const struct eg_denied_flow *flow, uint32_t seq)
{
	struct request request = {
		.head = {.nlmsg_type = SOCK_DESTROY,
			 .nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK,
			 .nlmsg_seq = seq},
		.body = {.sdiag_family = (uint8_t)flow->family,
			 .sdiag_protocol = IPPROTO_TCP,
			 .idiag_states = UINT32_MAX,
			 .id = {.idiag_sport = htons(flow->lport),
				.idiag_dport = htons(flow->rport),
				.idiag_if = flow->interface,
				.idiag_cookie = {(uint32_t)flow->cookie,
						 (uint32_t)(flow->cookie >> 32)}}},
	};

	memcpy(request.body.id.idiag_src, flow->laddr, sizeof(flow->laddr));
	memcpy(request.body.id.idiag_dst, flow->raddr, sizeof(flow->raddr));
	return ask(fd, &request);
}

/* ---- the thread: one namespace after the other ---- */

/* False: nobody listens any more. */
static bool tell(struct eg_flows *flows, const struct result *result)
{
	return send(flows->out, result, sizeof(*result), MSG_NOSIGNAL) == sizeof(*result) &&
	       !atomic_load(&flows->stop);
}

static bool tell_trouble(struct eg_flows *flows, int error)
{
	if (flows->troubled)
		return !atomic_load(&flows->stop);
	flows->troubled = true;
	return tell(flows, &(struct result){.error = error});
}

/* Resets the denied flows of the namespace the thread is in. */
static bool visit(struct eg_flows *flows)
{
	struct eg_denied_flow *denied eg_auto_free = NULL;
	int fd eg_auto_close = -1;
	size_t n = 0;
	int able, r = eg_bpf_denied_flows(flows->bpf, &denied, &n);
	bool go_on = true;

	if (r < 0)
		return tell_trouble(flows, r);
	if (!n)
		return true;
	fd = diag_open();
	able = fd < 0 ? fd : probe(fd);
	for (size_t i = 0; i < n && go_on; i++) {
		struct result result = {.flow = denied[i], .error = able};

		if (!able)
			result.error = reset(fd, &denied[i], (uint32_t)i + 2);
		/* Gone since it was listed, or replaced by another with the same ends. */
		if (!able && (result.error == -ENOENT || result.error == -ESTALE))
			continue;
		/* No handler, no such netlink protocol, no CONFIG_INET_DIAG_DESTROY. */
		result.no_diag = result.error == -ENOENT || result.error == -EPROTONOSUPPORT ||
				 result.error == -EOPNOTSUPP;
		go_on = tell(flows, &result);
	}
	return go_on;
}

/* Adds a namespace to those visited. 1 = new, 0 = it is known, or a negative errno. */
static int add_namespace(struct eg_flows *flows, int fd)
{
	struct netns *more;
	struct stat st;

	if (fstat(fd, &st) < 0)
		return -errno;
	for (size_t i = 0; i < flows->n; i++)
		if (flows->list[i].dev == st.st_dev && flows->list[i].ino == st.st_ino)
			return 0;
	if (flows->n == NAMESPACES_MAX)
		return -E2BIG;
	more = realloc(flows->list, (flows->n + 1) * sizeof(*more));
	if (!more)
		return -ENOMEM;
	flows->list = more;
	flows->list[flows->n++] = (struct netns){.dev = st.st_dev, .ino = st.st_ino};
	return 1;
}

/* Goes to a task's namespace, unless it was visited. False: no more. */
static bool visit_task(struct eg_flows *flows, uint32_t tid)
{
	char path[64];
	int fd eg_auto_close = -1;
	int r;

	(void)snprintf(path, sizeof(path), "/proc/%u/ns/net", tid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		/* ENOENT, ESRCH: it has ended; its sockets went with it, or others hold them. */
		return errno == ENOENT || errno == ESRCH ? true : tell_trouble(flows, -errno);
	r = add_namespace(flows, fd);
	if (r > 0 && setns(fd, CLONE_NEWNET) < 0)
		r = -errno;
	if (r < 0)
		return tell_trouble(flows, r) && r != -E2BIG;
	return r ? visit(flows) : true;
}

static void *run(void *arg)
{
	struct eg_flows *flows = arg;
	struct eg_member *members eg_auto_free = NULL;
	size_t n = 0;
	/* The host's, also where no task of a session is in it. Ours is another under the unit,
	 * with nothing in it. */
	bool go_on = visit_task(flows, 1);
	int r;

	/* Every task below a bound cgroup has a label then, also those that came in unlabelled. */
	r = eg_bpf_label_all(flows->bpf);
	if (!r)
		r = eg_bpf_members(flows->bpf, &members, &n);
	if (r < 0)
		(void)tell_trouble(flows, r); /* and that was all */
	for (size_t i = 0; i < n && go_on && !atomic_load(&flows->stop); i++)
		go_on = visit_task(flows, members[i].tid);
	free(flows->list);
	eg_close_p(&flows->out); /* which says that we are done */
	return NULL;
}

/* ---- the main thread ---- */

static void report(struct eg_helper *helper, const struct result *result)
{
	struct eg_session *session = eg_session_find(helper, result->flow.session);
	struct eg_denied_flow flow = result->flow;
	struct eg_event_session who;
	struct eg_event_added added;
	struct eg_fields fields;
	char reason[32];

	if (result->flow.session)
		eg_order_flow(helper, result->flow.session, result->error);
	if (result->error && helper->flows && helper->flows->second)
		return;
	if (!result->flow.session) {
		eg_log(LOG_WARNING,
		       "cannot look for all open flows that are denied now: %s; their packets are "
		       "dropped, but programs may wait for them",
		       strerror(-result->error));
		return;
	}
	if (session && !eg_accounts_take(helper, session, EG_ACCOUNT_FLOW))
		return;
	eg_attribute_flow(helper, &flow);
	eg_report_who(session, &who);
	eg_report_added(helper, &added);
	who.feed = eg_in_force_feed(helper, flow.profile, flow.generation, flow.rule.line);
	(void)snprintf(reason, sizeof(reason), "errno-%d", -result->error);
	eg_event_make_flow(&flow, &who,
			   result->no_diag ? "no-inet-diag"
			   : result->error ? reason
					   : NULL,
			   &added, &fields);
	if (eg_log_record(result->error ? LOG_WARNING : LOG_NOTICE, &fields) < 0 && session)
		eg_account_leave(&session->account, EG_ACCOUNT_FLOW, eg_proto_now_ms());
}

/* The thread has hung up and ends by itself right after, or is told to. */
static void finish(struct eg_helper *helper)
{
	struct eg_flows *flows = helper->flows;
	bool again = flows->again;

	atomic_store(&flows->stop, true);
	(void)shutdown(flows->in.fd, SHUT_RDWR); /* a send that waits for us ends */
	(void)pthread_join(flows->thread, NULL); /* only fails for a thread that is none */
	eg_close_p(&flows->in.fd);
	free(flows);
	helper->flows = NULL;
	if (again)
		eg_flows_reset(helper);
	else
		eg_order_settled(helper);
}

static void on_result(struct eg_helper *helper, struct eg_source *source, uint32_t events)
{
	struct result result;
	ssize_t n = recv(source->fd, &result, sizeof(result), MSG_DONTWAIT);

	(void)events;
	if (n == sizeof(result))
		report(helper, &result);
	else if (n >= 0 || (errno != EAGAIN && errno != EINTR))
		finish(helper);
}

static int start(struct eg_helper *helper, struct eg_flows *flows)
{
	int pair[2], r;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return -errno;
	flows->bpf = helper->bpf;
	flows->in = (struct eg_source){.fd = pair[0], .handle = on_result};
	flows->out = pair[1];
	r = eg_loop_add(helper, &flows->in, EPOLLIN);
	if (!r)
		r = -pthread_create(&flows->thread, NULL, run, flows);
	if (r < 0) {
		(void)close(pair[0]); /* which takes it out of the loop */
		(void)close(pair[1]);
	}
	return r;
}

static void walk(struct eg_helper *helper, bool second)
{
	struct eg_flows *flows = calloc(1, sizeof(*flows));
	int r;

	if (flows)
		flows->second = second;
	r = flows ? start(helper, flows) : -ENOMEM;
	if (r < 0) {
		free(flows);
		report(helper, &(struct result){.error = r});
		eg_order_settled(helper);
		return;
	}
	helper->flows = flows;
}

void eg_flows_reset(struct eg_helper *helper)
{
	helper->flows_ticks = LOOK_TICKS;
	if (helper->flows)
		helper->flows->again = true;
	else
		walk(helper, false);
}

void eg_flows_tick(struct eg_helper *helper)
{
	if (!helper->flows_ticks || --helper->flows_ticks)
		return;
	if (helper->flows)
		helper->flows_ticks = 1;
	else
		walk(helper, true);
}

void eg_flows_close(struct eg_helper *helper)
{
	if (!helper->flows)
		return;
	helper->flows->again = false;
	finish(helper);
}
