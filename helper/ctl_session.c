// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* ebpfguardctl session NUMBER: all that is known of one session, and its processes as a tree. */
#include <err.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "abi.h"
#include "ctl_host.h"
#include "ctl_log.h"
#include "ctl_sessions.h"
#include "ctl_text.h"
#include "event.h"
#include "util.h"

enum {
	LAST_EVENTS = 10,
	INDENT_MAX = 20, /* levels; deeper ones stand under each other */
	WORD_SIZE = 4 * EG_FILE_SIZE,
	ARGS_SHOWN = 160, /* bytes of a command line in text, escapes included */
};

/* ---- the tree ---- */

/* A process of the session, and where it stands in the tree: indices, NONE = none. */
struct node {
	struct eg_ctl_process process;
	uint32_t flags; /* EG_PROCESS_* */
	bool gone;	/* it has ended since the helper was asked */
	bool withheld;	/* its arguments did not come */
	size_t parent, child, next;
	unsigned int depth;
};
#define NONE ((size_t)-1)

struct tree {
	struct node *nodes; /* owned; by pid */
	size_t n, root;	    /* the first of those without a parent here */
};

static void tree_done(struct tree *tree)
{
	free(tree->nodes);
}
#define auto_tree __attribute__((cleanup(tree_done)))

static int compare_pid(const void *key, const void *item)
{
	const uint32_t *pid = key;
	const struct node *node = item;

	return (*pid > node->process.pid) - (*pid < node->process.pid);
}

/* They were looked at one after the other, and numbers are given again: a parent is older than its
 * children, or the tree could have a circle in it. */
static bool is_older(const struct eg_ctl_process *parent, const struct eg_ctl_process *child)
{
	return parent->ticks < child->ticks ||
	       (parent->ticks == child->ticks && parent->pid < child->pid);
}

/* From the last to the first, so that siblings stand by pid. */
static void link_nodes(struct tree *tree)
{
	tree->root = NONE;
	for (size_t i = tree->n; i-- > 0;) {
		struct node *node = &tree->nodes[i], *parent = NULL;
		size_t *list = &tree->root;

		if (!node->gone)
			parent = bsearch(&node->process.ppid, tree->nodes, tree->n,
					 sizeof(*tree->nodes), compare_pid);
		if (parent && !parent->gone && is_older(&parent->process, &node->process)) {
			node->parent = (size_t)(parent - tree->nodes);
			list = &parent->child;
		}
		node->next = *list;
		*list = i;
	}
}

static void read_tree(const struct eg_ctl_host *host, const struct eg_process *members, size_t n,
		      struct tree *ret)
{
	uint64_t boot_s = eg_ctl_boot_s(host);

	ret->nodes = calloc(n + 1, sizeof(*ret->nodes));
	if (!ret->nodes)
		errx(EG_CTL_FINDING, "out of memory");
	for (size_t i = 0; i < n; i++) {
		struct node *node = &ret->nodes[ret->n++];

		node->parent = node->child = node->next = NONE;
		node->flags = members[i].flags;
		node->gone = eg_ctl_process_read(host, boot_s, members[i].pid, &node->process) < 0;
		node->process.pid = members[i].pid;
		node->withheld =
			!node->gone && eg_ctl_process_args(host, &node->process) == -ETIMEDOUT;
	}
}

/* Numbers are given again: what is no longer of the session, after it was read, may be of anybody.
 * members: sorted by pid. */
static void forget_others(struct tree *tree, const struct eg_process *members, size_t n)
{
	size_t k = 0;

	for (size_t i = 0; i < tree->n; i++) {
		struct node *node = &tree->nodes[i];

		while (k < n && members[k].pid < node->process.pid)
			k++;
		if (k < n && members[k].pid == node->process.pid)
			continue;
		node->gone = true;
		node->withheld = false;
		node->process.n_args = 0;
	}
}

/* The next one in the order that they are printed in. */
static size_t step(struct tree *tree, size_t at)
{
	const struct node *node = &tree->nodes[at];

	if (node->child != NONE) {
		tree->nodes[node->child].depth = node->depth + 1;
		return node->child;
	}
	while (node->next == NONE && node->parent != NONE)
		node = &tree->nodes[node->parent];
	if (node->next != NONE)
		tree->nodes[node->next].depth = node->depth;
	return node->next;
}

/* ---- for people ---- */

/* Arguments with blanks between them, fit to print; cut when they are many. */
static void print_command(const struct eg_ctl_process *process)
{
	char word[ARGS_SHOWN + 8];
	size_t room = ARGS_SHOWN;

	if (!process->n_args)
		(void)printf("[%s]", eg_event_escape(process->exe, word, sizeof(word)));
	for (const char *arg = eg_ctl_process_arg(process, NULL); arg && room > 8;
	     arg = eg_ctl_process_arg(process, arg)) {
		(void)eg_ctl_safe(arg, word, room);
		(void)printf("%s%s", arg == process->args ? "" : " ", word);
		room -= strlen(word) < room - 1 ? strlen(word) + 1 : room;
	}
	(void)puts(room > 8 ? "" : "...");
}

static void print_tree(struct tree *tree)
{
	char user[EG_USER_SIZE], word[4 * EG_USER_SIZE], since[EG_CTL_TIME_SIZE];

	(void)printf("processes: %zu\n", tree->n);
	for (size_t i = tree->root; i != NONE; i = step(tree, i)) {
		const struct node *node = &tree->nodes[i];
		unsigned int depth = node->depth < INDENT_MAX ? node->depth : INDENT_MAX;

		(void)printf("  %*s%u ", (int)(2 * depth), "", node->process.pid);
		if (node->gone) {
			(void)puts("(ended)");
			continue;
		}
		(void)eg_ctl_user_name(node->process.uid, user);
		(void)printf("%s %s %s", eg_event_escape(user, word, sizeof(word)),
			     eg_ctl_local_time(node->process.started_s, since, sizeof(since)),
			     node->flags & EG_PROCESS_STRAY ? "STRAY " : "");
		if (node->withheld)
			(void)fputs("(its arguments cannot be read in time) ", stdout);
		print_command(&node->process);
	}
}

static void print_word(const char *name, const char *text)
{
	char word[WORD_SIZE];

	(void)printf("%s: %s\n", name, eg_event_escape(text, word, sizeof(word)));
}

static void print_number(const char *name, uint64_t value)
{
	if (value)
		(void)printf("%s: %llu\n", name, (unsigned long long)value);
}

static void print_counters(const struct eg_msg_is_details *details)
{
	for (uint16_t op = 0; op < EG_OPS_SIZE; op++)
		if (details->refused[op] || details->audited[op])
			(void)printf("%s: refused=%llu audited=%llu\n", eg_event_op_name(op),
				     (unsigned long long)details->refused[op],
				     (unsigned long long)details->audited[op]);
	print_number("killed", details->killed);
	print_number("lost", details->lost);
	print_number("packets", details->packets);
	print_number("packets audited", details->packets_audited);
}

static void print_session(const struct eg_msg_session *s, const struct eg_msg_is_details *details)
{
	char since[EG_CTL_TIME_SIZE];

	(void)printf("session: %llu\n", (unsigned long long)s->session);
	print_word("user", s->user);
	(void)printf("uid: %u\n", s->uid);
	print_word("from", s->rhost);
	print_number("port", details->rport);
	print_word("service", s->service);
	print_word("profile", s->profile);
	print_word("key", s->key);
	(void)printf("since: %s\nstate: %s\n",
		     eg_ctl_local_time(s->started_s, since, sizeof(since)),
		     eg_ctl_session_state(s));
	print_number("opened in session", details->origin);
	print_number("leader", s->leader);
	print_word("cgroup", details->cgroup);
	if (details->orders & EG_ORDER_QUARANTINE)
		(void)printf("quarantined: %syes%s\n", eg_ctl_color(EG_CTL_BAD),
			     eg_ctl_color(EG_CTL_PLAIN));
	if (details->unfiltered)
		(void)puts("packets: not filtered (see the log)");
	(void)printf("refused: %s%llu%s\naudited: %llu\n",
		     eg_ctl_color(s->refused ? EG_CTL_BAD : EG_CTL_PLAIN),
		     (unsigned long long)s->refused, eg_ctl_color(EG_CTL_PLAIN),
		     (unsigned long long)s->audited);
	print_counters(details);
}

static int print_all(const struct eg_ctl_options *options, const struct eg_msg_session *session,
		     const struct eg_msg_is_details *details, struct tree *tree)
{
	print_session(session, details);
	print_tree(tree);
	(void)puts("last events:");
	return eg_ctl_events_last(options, session, LAST_EVENTS, NULL) < 0 ? EG_CTL_FINDING
									   : EG_CTL_FINE;
}

/* ---- for programs ---- */

static struct json_object *json_of_node(const struct node *node)
{
	const struct eg_ctl_process *process = &node->process;
	struct json_object *json = eg_ctl_json_object(), *args = eg_ctl_json_array();
	char user[EG_USER_SIZE];

	eg_ctl_json_add_number(json, "pid", process->pid);
	eg_ctl_json_add_bool(json, "stray", node->flags & EG_PROCESS_STRAY);
	for (const char *arg = eg_ctl_process_arg(process, NULL); arg;
	     arg = eg_ctl_process_arg(process, arg))
		eg_ctl_json_append(args, eg_ctl_json_text(arg, strlen(arg)));
	eg_ctl_json_add(json, "args", args);
	if (node->withheld)
		eg_ctl_json_add_bool(json, "args_withheld", true);
	if (node->gone)
		return json;
	eg_ctl_json_add_number(json, "ppid", process->ppid);
	eg_ctl_json_add_number(json, "uid", process->uid);
	eg_ctl_json_add_text(json, "user", eg_ctl_user_name(process->uid, user));
	eg_ctl_json_add_time(json, "start", process->started_s);
	eg_ctl_json_add_text(json, "exe", process->exe);
	return json;
}

static void add_details(struct json_object *json, const struct eg_msg_is_details *details)
{
	struct json_object *operations = eg_ctl_json_array(), *one;

	for (uint16_t op = 0; op < EG_OPS_SIZE; op++) {
		if (!details->refused[op] && !details->audited[op])
			continue;
		one = eg_ctl_json_object();
		eg_ctl_json_add_text(one, "op", eg_event_op_name(op));
		eg_ctl_json_add_number(one, "refused", details->refused[op]);
		eg_ctl_json_add_number(one, "audited", details->audited[op]);
		eg_ctl_json_append(operations, one);
	}
	if (details->rport)
		eg_ctl_json_add_number(json, "rport", details->rport);
	if (details->origin)
		eg_ctl_json_add_number(json, "origin", details->origin);
	eg_ctl_json_add_text(json, "cgroup_path", details->cgroup);
	eg_ctl_json_add_bool(json, "quarantined", details->orders & EG_ORDER_QUARANTINE);
	eg_ctl_json_add_bool(json, "filtered", !details->unfiltered);
	eg_ctl_json_add(json, "operations", operations);
	eg_ctl_json_add_number(json, "killed", details->killed);
	eg_ctl_json_add_number(json, "lost", details->lost);
	eg_ctl_json_add_number(json, "packets", details->packets);
	eg_ctl_json_add_number(json, "packets_audited", details->packets_audited);
}

static int json_session(const struct eg_ctl_options *options, const struct eg_msg_session *session,
			const struct eg_msg_is_details *details, struct tree *tree)
{
	struct json_object *json = eg_ctl_session_json(session, tree->n),
			   *list = eg_ctl_json_array();
	int r;

	add_details(json, details);
	for (size_t i = tree->root; i != NONE; i = step(tree, i))
		eg_ctl_json_append(list, json_of_node(&tree->nodes[i]));
	eg_ctl_json_add(json, "process_list", list);
	r = eg_ctl_events_last(options, session, LAST_EVENTS, json);
	eg_ctl_json_print(json);
	return r < 0 ? EG_CTL_FINDING : EG_CTL_FINE;
}

/* ---- the command ---- */

int eg_ctl_session(const struct eg_ctl_options *options, char **args)
{
	struct eg_ctl_sessions list eg_ctl_auto_sessions = {0};
	struct eg_ctl_processes processes eg_ctl_auto_processes = {0},
					  still eg_ctl_auto_processes = {0};
	struct tree tree auto_tree = {0};
	const struct eg_msg_session *session;
	struct eg_msg_is_details details;
	char *const no_files[] = {NULL};
	uint64_t number;

	if (!eg_ctl_session_number(args[0], &number))
		return EG_CTL_USAGE;
	if (!eg_ctl_log_is_known(options, no_files) || eg_ctl_sessions_ask(options, &list) < 0)
		return EG_CTL_FINDING;
	session = eg_ctl_sessions_find(&list, number);
	if (!session)
		warnx("there is no session %" PRIu64 "; see: ebpfguardctl sessions", number);
	if (!session || eg_ctl_details_ask(options, number, &details) < 0 ||
	    eg_ctl_processes_ask(options, number, &processes) < 0)
		return EG_CTL_FINDING;
	read_tree(&eg_ctl_host_here, processes.items, processes.n, &tree);
	if (eg_ctl_processes_ask(options, number, &still) < 0)
		return EG_CTL_FINDING;
	forget_others(&tree, still.items, still.n);
	link_nodes(&tree);
	return options->json ? json_session(options, session, &details, &tree)
			     : print_all(options, session, &details, &tree);
}
