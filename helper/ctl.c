// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * ebpfguardctl: what an administrator asks. check and explain read the configuration and nothing
 * else; status, sessions and reload ask the running helper over one connection with a deadline.
 *
 * Exit status: 0 fine or allow, 1 a finding or a denial or no answer, 2 wrong usage.
 */
#include <arpa/inet.h>
#include <ctype.h>
#include <err.h>
#include <errno.h>
#include <getopt.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <time.h>

#include "abi.h"
#include "cidr.h"
#include "config.h"
#include "event.h"
#include "policy.h"
#include "proto.h"
#include "util.h"

enum {
	FINE = 0,
	FINDING = 1, /* also: denied, refused, not reached */
	USAGE = 2,

	ANSWER_S = 5, /* a helper that takes longer is taken for stuck */
	TIME_SIZE = 32,
	/* A message's text, "file:line: " included, with every byte escaped. */
	SAFE_SIZE = 4 * (EG_ERR_TEXT_SIZE + EG_PATH_TEXT_SIZE + 16),
};

/* What the command line says apart from the command and its arguments. */
struct options {
	const char *config;
	const char *socket;
};

/* ---- text ---- */

/* Makes text of others fit to print: bytes outside 0x20..0x7e become \xHH, blanks stay. Returns
 * buf. */
static char *safe(const char *text, char *buf, size_t size)
{
	size_t used = 0;

	for (; *text && used + 5 <= size; text++) {
		unsigned char c = (unsigned char)*text;

		if (c >= 0x20 && c < 0x7f)
			buf[used++] = (char)c;
		else
			used += (size_t)snprintf(buf + used, size - used, "\\x%02x", c);
	}
	buf[used] = '\0';
	return buf;
}

/* Seconds since the epoch as local time without a blank, so that it is one column. Returns buf. */
static char *local_time(uint64_t seconds, char *buf, size_t size)
{
	time_t t = (time_t)seconds;
	struct tm tm;

	if (!seconds || !localtime_r(&t, &tm) || !strftime(buf, size, "%Y-%m-%dT%H:%M:%S%z", &tm))
		(void)snprintf(buf, size, "-");
	return buf;
}

/* ---- configuration ---- */

static void config_free_p(struct eg_config **config)
{
	eg_config_free(*config);
}

#define auto_config __attribute__((cleanup(config_free_p)))

/* Loads, or says on stderr why not. Returns NULL then. The caller frees. */
static struct eg_config *load(const char *path)
{
	struct eg_config *config = NULL;
	struct eg_err error = {0};
	char text[EG_ERR_TEXT_SIZE + EG_PATH_TEXT_SIZE + 16], clean[SAFE_SIZE];

	if (eg_config_load(path, geteuid(), &config, NULL, NULL, &error) == 0)
		return config;
	/* No "ebpfguardctl: " in front: an editor finds file and line at the start. */
	(void)fprintf(stderr, "%s\n",
		      safe(eg_err_format(&error, text, sizeof(text)), clean, sizeof(clean)));
	return NULL;
}

/* One finding of check: where, and what. Counted by the caller. */
__attribute__((format(printf, 3, 4))) static void
warn_at(const struct eg_config *config, unsigned int line, const char *format, ...)
{
	char text[EG_ERR_TEXT_SIZE], file[SAFE_SIZE], clean[SAFE_SIZE];
	va_list ap;

	va_start(ap, format);
	(void)vsnprintf(text, sizeof(text), format, ap);
	va_end(ap);
	(void)fprintf(stderr, "%s:%u: warning: %s\n", safe(config->file, file, sizeof(file)), line,
		      safe(text, clean, sizeof(clean)));
}

/* By network, deny before allow: the two of one network stand side by side. */
static int compare_rules(const void *va, const void *vb)
{
	const struct eg_config_rule *a = *(const struct eg_config_rule *const *)va;
	const struct eg_config_rule *b = *(const struct eg_config_rule *const *)vb;
	int order = eg_cidr_compare(&a->cidr, &b->cidr);

	return order ? order : (int)a->allow - (int)b->allow;
}

/* Networks that stand in both lists. Returns how many, or -ENOMEM. */
static int find_doubles(const struct eg_config *config, const struct eg_config_profile *profile)
{
	const struct eg_config_rule **sorted eg_auto_free =
		calloc(profile->n_rules + 1, sizeof(const void *));
	char net[EG_CIDR_TEXT_SIZE];
	int found = 0;

	if (!sorted)
		return -ENOMEM;
	for (size_t i = 0; i < profile->n_rules; i++)
		sorted[i] = &profile->rules[i];
	qsort(sorted, profile->n_rules, sizeof(const void *), compare_rules);
	for (size_t i = 1; i < profile->n_rules; i++) {
		const struct eg_config_rule *deny = sorted[i - 1], *allow = sorted[i];

		if (eg_cidr_compare(&deny->cidr, &allow->cidr) || deny->allow == allow->allow)
			continue;
		warn_at(config, allow->line,
			"allow %s has no effect: line %u denies the same network, and deny wins",
			eg_cidr_format(&allow->cidr, net), deny->line);
		found++;
	}
	return found;
}

/* Without deny an allow list forbids nothing: likely it was meant to. Returns how many findings. */
static int find_lone_allow(const struct eg_config *config, const struct eg_config_profile *profile)
{
	for (size_t i = 0; i < profile->n_rules; i++)
		if (!profile->rules[i].allow)
			return 0;
	if (!profile->n_rules)
		return 0;
	warn_at(config, profile->rules[0].line,
		"allow has no effect: without deny everything is allowed; to refuse the rest add "
		"deny = [ \"0.0.0.0/0\", \"::/0\" ];");
	return 1;
}

/* The rule that denies an address, NULL when it is allowed. */
static const struct eg_config_rule *denying(const struct eg_config_profile *profile,
					    const struct eg_cidr *address)
{
	const struct eg_config_rule *rule =
		eg_policy_explain(profile, address->family, address->addr);

	return rule && !rule->allow ? rule : NULL;
}

static int find_denied(const struct eg_config *config, const struct eg_config_profile *profile,
		       const char *address, const char *what)
{
	const struct eg_config_rule *rule;
	struct eg_cidr host = {0};
	const char *why;
	char net[EG_CIDR_TEXT_SIZE];

	if (eg_cidr_parse(address, &host, &why) < 0)
		return 0; /* from the environment: not an address, nothing to say about it */
	rule = denying(profile, &host);
	if (!rule)
		return 0;
	warn_at(config, rule->line, "deny %s covers %s, %s", eg_cidr_format(&rule->cidr, net),
		address, what);
	return 1;
}

/* Where this shell was logged in from, by $SSH_CONNECTION. Returns false when it was not, or not
 * from an address. */
static bool client_address(char *buf, size_t size)
{
	const char *connection = getenv("SSH_CONNECTION");
	size_t n =
		connection ? strcspn(connection, " %") : 0; /* '%': scope of a link-local address */

	if (!n || n >= size)
		return false;
	memcpy(buf, connection, n);
	buf[n] = '\0';
	return true;
}

/* Returns how many findings, or a negative errno. */
static int find_all(const struct eg_config *config)
{
	static const struct {
		const char *address, *what;
	} local[] = {
		{"127.0.0.1", "this host itself: its name server, mail and databases"},
		{"127.0.0.53", "the name server of systemd-resolved"},
		{"::1", "this host itself: its name server, mail and databases"},
	};
	const struct eg_config_profile *profile = &config->profiles[0];
	int found = find_doubles(config, profile);
	char client[INET6_ADDRSTRLEN];

	if (found < 0)
		return found;
	found += find_lone_allow(config, profile);
	for (size_t i = 0; i < EG_ARRAY_SIZE(local); i++)
		found += find_denied(config, profile, local[i].address, local[i].what);
	if (client_address(client, sizeof(client)))
		found += find_denied(config, profile, client,
				     "the address you are logged in from: this connection stays, "
				     "sessions cannot "
				     "open new ones to there");
	return found;
}

static int cmd_check(const struct options *options, char **args)
{
	const char *path = args[0] ? args[0] : options->config;
	struct eg_config *config auto_config = load(path);
	char clean[SAFE_SIZE];
	int found;

	if (!config)
		return FINDING;
	found = find_all(config);
	if (found < 0) {
		warnx("%s", strerror(-found));
		return FINDING;
	}
	if (found)
		(void)printf("%s: valid, %d warning%s\n", safe(path, clean, sizeof(clean)), found,
			     found > 1 ? "s" : "");
	else
		(void)printf("%s: fine\n", safe(path, clean, sizeof(clean)));
	return found ? FINDING : FINE;
}

/* ---- explain ---- */

/* A destination as explain takes it. */
struct target {
	struct eg_cidr host;
	unsigned int port;
};

static int bad_target(const char *text, const char *why)
{
	char clean[SAFE_SIZE];

	warnx("%s: %s; expected ADDR:PORT/PROTO such as 192.0.2.1:443/tcp or [2001:db8::1]:53/udp",
	      safe(text, clean, sizeof(clean)), why);
	return -EINVAL;
}

/* Decimal digits only, 0..65535. */
static bool parse_port(const char *text, size_t n, unsigned int *ret)
{
	unsigned int port = 0;

	if (!n || n > 5)
		return false;
	for (size_t i = 0; i < n; i++) {
		if (!isdigit((unsigned char)text[i]))
			return false;
		port = port * 10 + (unsigned int)(text[i] - '0');
	}
	*ret = port;
	return port <= UINT16_MAX;
}

/* Address without its brackets into ret: IPv6 has them, IPv4 has not. */
static int parse_host(const char *text, size_t n, struct target *ret, const char **ret_why)
{
	bool brackets = n >= 2 && text[0] == '[' && text[n - 1] == ']';
	char host[INET6_ADDRSTRLEN];
	const char *why; /* speaks of networks */

	*ret_why = "not an address";
	if (brackets) {
		text++;
		n -= 2;
	}
	if (!n || n >= sizeof(host) || memchr(text, '/', n))
		return -EINVAL;
	memcpy(host, text, n);
	host[n] = '\0';
	if (!brackets && strchr(host, ':')) {
		*ret_why = "an IPv6 address needs brackets";
		return -EINVAL;
	}
	if (brackets && !strchr(host, ':')) {
		*ret_why = "brackets are for IPv6 addresses";
		return -EINVAL;
	}
	return eg_cidr_parse(host, &ret->host, &why);
}

/* Returns 0, or -EINVAL with the reason printed. */
static int parse_target(const char *text, struct target *ret)
{
	const char *slash = strrchr(text, '/'), *colon, *why;

	if (!slash)
		return bad_target(text, "no protocol");
	if (strcmp(slash, "/tcp") && strcmp(slash, "/udp"))
		return bad_target(text, "the protocol is neither tcp nor udp");
	colon = memrchr(text, ':', (size_t)(slash - text));
	if (!colon || memchr(colon, ']', (size_t)(slash - colon)))
		return bad_target(text, "no port");
	if (!parse_port(colon + 1, (size_t)(slash - colon - 1), &ret->port))
		return bad_target(text, "the port is not a number from 0 to 65535");
	if (parse_host(text, (size_t)(colon - text), ret, &why) < 0)
		return bad_target(text, why);
	return 0;
}

/* Rules name no protocol or port yet, so the address alone decides. */
static int explain_connect(const struct eg_config *config, const struct eg_config_profile *profile,
			   const struct target *target)
{
	const struct eg_config_rule *rule =
		eg_policy_explain(profile, target->host.family, target->host.addr);
	char net[EG_CIDR_TEXT_SIZE], file[SAFE_SIZE];

	if (!rule) {
		(void)puts("allow (no rule names this address)");
		return FINE;
	}
	(void)eg_cidr_format(&rule->cidr, net);
	(void)safe(config->file, file, sizeof(file));
	if (rule->allow) {
		(void)printf("allow %s at %s:%u\n", net, file, rule->line);
		return FINE;
	}
	if (profile->mode == EG_MODE_AUDIT) {
		(void)printf("allow (audit: would be denied by %s at %s:%u; it is reported and let "
			     "through)\n",
			     net, file, rule->line);
		return FINE;
	}
	(void)printf("deny %s at %s:%u\n", net, file, rule->line);
	return FINDING;
}

static int cmd_explain(const struct options *options, char **args)
{
	struct eg_config *config auto_config = NULL;
	struct target target = {0};
	char clean[SAFE_SIZE];

	if (!args[0][0]) {
		warnx("USER is empty");
		return USAGE;
	}
	if (strcmp(args[1], "connect")) {
		warnx("%s: cannot explain this; expected connect",
		      safe(args[1], clean, sizeof(clean)));
		return USAGE;
	}
	if (parse_target(args[2], &target) < 0)
		return USAGE;
	config = load(options->config);
	if (!config)
		return FINDING;
	return explain_connect(config,
			       &config->profiles[eg_policy_select(config, args[0], "sshd", "", "")],
			       &target);
}

/* ---- the helper ---- */

union answer {
	struct eg_msg head;
	struct eg_msg_refused refused;
	struct eg_msg_is_status status;
	struct eg_msg_session session;
	uint64_t room[EG_MSG_MAX / sizeof(uint64_t)];
};

/* A connection and until when we wait. */
struct line {
	int fd;
	int64_t deadline_ms;
};

static void line_close_p(struct line *line)
{
	eg_close_p(&line->fd);
}

#define auto_line __attribute__((cleanup(line_close_p)))

/* Says why the helper cannot be asked, and what to do. Returns -error. */
static int not_reached(const char *path, int error)
{
	char clean[SAFE_SIZE];

	(void)safe(path, clean, sizeof(clean));
	if (error == EACCES)
		warnx("%s: %s: only root may ask the helper", clean, strerror(error));
	else if (error == EPERM)
		warnx("%s: %s: is this shell in a guarded session? Those may not ask the helper",
		      clean, strerror(error));
	else
		warnx("cannot reach the helper at %s: %s; see: systemctl status ebpfguard.service "
		      "ebpfguard.socket",
		      clean, strerror(error));
	return -error;
}

/* Connects and sends one request. Returns 0, or a negative errno with the reason printed. */
static int ask(const struct options *options, enum eg_msg_type type, struct line *ret)
{
	const struct timeval limit = {
		.tv_sec = ANSWER_S}; /* also bounds connect when the backlog is full */
	struct sockaddr_un addr = {.sun_family = AF_UNIX};
	struct eg_msg request;
	size_t n = strlen(options->socket);
	int r;

	if (n >= sizeof(addr.sun_path))
		return not_reached(options->socket, ENAMETOOLONG);
	memcpy(addr.sun_path, options->socket, n);
	ret->deadline_ms = eg_proto_now_ms() + ANSWER_S * 1000;
	ret->fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	if (ret->fd < 0 ||
	    setsockopt(ret->fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit)) < 0 ||
	    connect(ret->fd, (const struct sockaddr *)&addr, sizeof(addr)) < 0)
		return not_reached(options->socket, errno == EAGAIN ? ETIMEDOUT : errno);
	eg_proto_head(&request, type, sizeof(request));
	r = eg_proto_send(ret->fd, &request, -1, ret->deadline_ms);
	return r < 0 ? not_reached(options->socket, -r) : 0;
}

static void say_refused(const struct eg_msg_refused *refused)
{
	char clean[SAFE_SIZE];

	if (refused->error == EALREADY)
		warnx("the helper refused: this shell is in a guarded session; ask from outside");
	else
		warnx("the helper refused: %s", safe(refused->text, clean, sizeof(clean)));
}

/*
 * Receives one answer of an expected type; other is a second one that is fine, 0 = none.
 * Returns 0, or a negative errno with the reason printed.
 */
static int hear(const struct line *line, enum eg_msg_type type, uint16_t other, union answer *ret)
{
	ssize_t n = eg_proto_recv(line->fd, ret, sizeof(*ret), NULL, line->deadline_ms);

	if (n == -ETIMEDOUT)
		warnx("no answer from the helper within %d seconds; see: systemctl status "
		      "ebpfguard",
		      ANSWER_S);
	else if (n == 0 || n == -ECONNRESET)
		warnx("the helper closed the connection without an answer; see: journalctl -u "
		      "ebpfguard");
	else if (n < 0)
		warnx("cannot read the helper's answer: %s; does its version differ from "
		      "ours, " EG_VERSION "?",
		      strerror((int)-n));
	if (n <= 0)
		return n ? (int)n : -ECONNRESET;
	if (ret->head.type == type || (other && ret->head.type == other))
		return 0;
	if (ret->head.type == EG_MSG_REFUSED)
		say_refused(&ret->refused);
	else
		warnx("the helper gave an answer of type %u, which does not belong to the question",
		      ret->head.type);
	return -EPROTO;
}

/* ---- status ---- */

static void print_policy(const struct eg_msg_is_status *status)
{
	char since[TIME_SIZE];

	if (!status->generation) {
		(void)puts("mode: none\npolicy: none (sessions that are not exempt are refused)");
		return;
	}
	(void)printf("mode: %s\n", status->audit ? "audit (reports, refuses nothing)" : "enforce");
	(void)printf("policy: generation %u, in force since %s\n", status->generation,
		     local_time(status->loaded_s, since, sizeof(since)));
}

static void print_helper(const struct eg_msg_is_status *status)
{
	char product[4 * sizeof(status->product)], kernel[4 * sizeof(status->kernel)];
	char started[TIME_SIZE];

	(void)printf("version: %s, ABI %u\n",
		     eg_event_escape(status->product, product, sizeof(product)), status->abi);
	(void)printf("running since: %s\n",
		     local_time(status->started_s, started, sizeof(started)));
	(void)printf("kernel: %s\n", eg_event_escape(status->kernel, kernel, sizeof(kernel)));
}

static void print_status(const struct eg_msg_is_status *status)
{
	char hooks[4 * sizeof(status->hooks_missing)], error[4 * EG_TEXT_SIZE];

	(void)printf("enforcing: %s\n",
		     status->enforcing
			     ? "yes (at its start the helper saw a denied connect refused)"
			     : "no (the helper has not seen the kernel refuse anything)");
	print_policy(status);
	(void)printf("prefixes: %u IPv4, %u IPv6\n", status->prefixes4, status->prefixes6);
	(void)printf("sessions: %u\n", status->sessions);
	(void)printf("managers: %u\n", status->managers);
	(void)printf("lost: %llu\n", (unsigned long long)status->lost);
	print_helper(status);
	if (status->hooks_missing[0])
		(void)printf("missing: %s\n", safe(status->hooks_missing, hooks, sizeof(hooks)));
	(void)printf("last error: %s\n", status->last_error[0]
						 ? safe(status->last_error, error, sizeof(error))
						 : "none");
}

static int cmd_status(const struct options *options, char **args)
{
	struct line line auto_line = {.fd = -1};
	union answer answer;

	(void)args;
	if (ask(options, EG_MSG_STATUS, &line) < 0 || hear(&line, EG_MSG_IS_STATUS, 0, &answer) < 0)
		return FINDING;
	print_status(&answer.status);
	return answer.status.enforcing && answer.status.generation && !answer.status.last_error[0]
		       ? FINE
		       : FINDING;
}

/* ---- sessions ---- */

enum { COLUMNS = 11, CELL_SIZE = 4 * EG_USER_SIZE };

struct row {
	char cell[COLUMNS][CELL_SIZE];
};

struct list {
	struct eg_msg_session *items; /* owned */
	size_t n, room;
};

static const char *state_of(const struct eg_msg_session *session)
{
	if (session->flags & EG_GUARD_MANAGER)
		return "manager";
	return session->closed ? "closed" : "open";
}

static void fill_row(const struct eg_msg_session *s, struct row *row)
{
	(void)snprintf(row->cell[0], CELL_SIZE, "%llu", (unsigned long long)s->session);
	(void)eg_event_escape(s->user, row->cell[1], CELL_SIZE);
	(void)snprintf(row->cell[2], CELL_SIZE, "%u", s->uid);
	(void)eg_event_escape(s->rhost, row->cell[3], CELL_SIZE);
	(void)eg_event_escape(s->service, row->cell[4], CELL_SIZE);
	(void)eg_event_escape(s->profile, row->cell[5], CELL_SIZE);
	(void)local_time(s->started_s, row->cell[6], CELL_SIZE);
	(void)snprintf(row->cell[7], CELL_SIZE, "%llu", (unsigned long long)s->refused);
	(void)snprintf(row->cell[8], CELL_SIZE, "%llu", (unsigned long long)s->audited);
	(void)snprintf(row->cell[9], CELL_SIZE, "%s", state_of(s));
	(void)eg_event_escape(s->key, row->cell[10], CELL_SIZE);
}

static void print_row(const struct row *row, const int *widths)
{
	for (size_t i = 0; i < COLUMNS - 1; i++)
		(void)printf("%-*s  ", widths[i], row->cell[i]);
	(void)puts(row->cell[COLUMNS - 1]); /* last: no blanks behind it */
}

static void widen(const struct row *row, int *widths)
{
	for (size_t i = 0; i < COLUMNS; i++) {
		int n = (int)strlen(row->cell[i]);

		if (n > widths[i])
			widths[i] = n;
	}
}

static void print_sessions(const struct list *list)
{
	static const struct row header = {{"SESSION", "USER", "UID", "FROM", "SERVICE", "PROFILE",
					   "SINCE", "REFUSED", "AUDITED", "STATE", "KEY"}};
	int widths[COLUMNS] = {0};
	struct row row;

	widen(&header, widths);
	for (size_t i = 0; i < list->n; i++) {
		fill_row(&list->items[i], &row);
		widen(&row, widths);
	}
	print_row(&header, widths);
	for (size_t i = 0; i < list->n; i++) {
		fill_row(&list->items[i], &row);
		print_row(&row, widths);
	}
}

static int append(struct list *list, const struct eg_msg_session *session)
{
	if (list->n == EG_SESSIONS_MAX)
		return -EPROTO; /* more than there can be: not our helper */
	if (list->n == list->room) {
		size_t room = list->room ? 2 * list->room : 64;
		void *bigger = realloc(list->items, room * sizeof(*list->items));

		if (!bigger)
			return -ENOMEM;
		list->items = bigger;
		list->room = room;
	}
	list->items[list->n++] = *session;
	return 0;
}

static int compare_sessions(const void *va, const void *vb)
{
	const struct eg_msg_session *a = va, *b = vb;

	return (a->session > b->session) - (a->session < b->session);
}

/* Takes in the whole list, whatever is in it so far is the caller's. Returns 0, or a negative errno
 * after saying why. */
static int collect(const struct line *line, struct list *list)
{
	union answer answer;
	int r = 0;

	while (!r) {
		r = hear(line, EG_MSG_SESSION, EG_MSG_OK, &answer);
		if (r < 0)
			return r;
		if (answer.head.type == EG_MSG_OK)
			return 0;
		r = append(list, &answer.session);
	}
	warnx("cannot take in the list: %s", strerror(-r));
	return r;
}

/* The whole list first, the table after: a slow terminal must not hold the helper up. */
static int cmd_sessions(const struct options *options, char **args)
{
	struct line line auto_line = {.fd = -1};
	struct list list = {0};
	int r;

	(void)args;
	if (ask(options, EG_MSG_SESSIONS, &line) < 0)
		return FINDING;
	r = collect(&line, &list);
	if (!r) {
		if (list.n)
			qsort(list.items, list.n, sizeof(*list.items), compare_sessions);
		print_sessions(&list);
	}
	free(list.items);
	return r < 0 ? FINDING : FINE;
}

/* ---- reload ---- */

static int cmd_reload(const struct options *options, char **args)
{
	struct line line auto_line = {.fd = -1};
	union answer answer;

	(void)args;
	if (ask(options, EG_MSG_RELOAD, &line) < 0 || hear(&line, EG_MSG_OK, 0, &answer) < 0)
		return FINDING;
	(void)puts("reloaded");
	return FINE;
}

/* ---- command line ---- */

static const struct command {
	const char *name;
	int min, max; /* arguments */
	int (*run)(const struct options *options, char **args);
	const char *synopsis, *help;
} commands[] = {
	{"check", 0, 1, cmd_check, "check [FILE]",
	 "is the configuration valid, and does it look as meant?"},
	{"explain", 3, 3, cmd_explain, "explain USER connect ADDR:PORT/PROTO",
	 "allow or deny, and which rule says so"},
	{"status", 0, 0, cmd_status, "status", "does the kernel enforce, and which policy?"},
	{"sessions", 0, 0, cmd_sessions, "sessions", "who is guarded"},
	{"reload", 0, 0, cmd_reload, "reload", "put the configuration in force"},
};

static void usage(FILE *out)
{
	(void)fputs("usage: ebpfguardctl [--config FILE] [--socket FILE] COMMAND\n", out);
	for (size_t i = 0; i < EG_ARRAY_SIZE(commands); i++)
		(void)fprintf(out, "  %-38s %s\n", commands[i].synopsis, commands[i].help);
	(void)fputs(
		"options:\n"
		"  -c, --config FILE                      for check and explain (" EG_CONFIG_FILE
		")\n"
		"  -s, --socket FILE                      where the helper listens "
		"(" EG_CONTROL_SOCKET ")\n"
		"  -h, --help\n"
		"  -V, --version\n",
		out);
}

static int wrong_usage(void)
{
	usage(stderr);
	return USAGE;
}

static int dispatch(const struct options *options, int argc, char **argv)
{
	char clean[SAFE_SIZE];

	if (!argc) {
		warnx("no command");
		return wrong_usage();
	}
	for (size_t i = 0; i < EG_ARRAY_SIZE(commands); i++) {
		const struct command *command = &commands[i];

		if (strcmp(command->name, argv[0]))
			continue;
		if (argc - 1 >= command->min && argc - 1 <= command->max)
			return command->run(options, argv + 1);
		warnx("%s: too %s arguments\nusage: ebpfguardctl %s", command->name,
		      argc - 1 < command->min ? "few" : "many", command->synopsis);
		return USAGE;
	}
	warnx("%s: no such command", safe(argv[0], clean, sizeof(clean)));
	return wrong_usage();
}

/* A verdict nobody could read is not one: a full disk or a closed pipe must not look like success.
 */
static int flush(int status)
{
	if (fflush(stdout) == 0 && !ferror(stdout))
		return status;
	warn("cannot write");
	return FINDING;
}

int main(int argc, char **argv)
{
	static const struct option known[] = {{"config", required_argument, NULL, 'c'},
					      {"socket", required_argument, NULL, 's'},
					      {"help", no_argument, NULL, 'h'},
					      {"version", no_argument, NULL, 'V'},
					      {0}};
	struct options options = {.config = EG_CONFIG_FILE, .socket = EG_CONTROL_SOCKET};
	int c;

	if (argc > 0)
		argv[0] = program_invocation_short_name; /* getopt's messages begin as warnx's do */
	while ((c = getopt_long(argc, argv, "c:s:hV", known, NULL)) != -1) {
		switch (c) {
		case 'c':
			options.config = optarg;
			break;
		case 's':
			options.socket = optarg;
			break;
		case 'h':
			usage(stdout);
			return flush(FINE);
		case 'V':
			(void)puts("ebpfguardctl " EG_VERSION);
			return flush(FINE);
		default:
			return wrong_usage();
		}
	}
	return flush(dispatch(&options, argc - optind, argv + optind));
}
