// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * ebpfguardctl status: what the helper says of itself, and the logins of sshd that it does not
 * guard, which only a look at the host shows.
 */
#include <err.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "abi.h"
#include "action.h"
#include "ctl_host.h"
#include "ctl_json.h"
#include "ctl_remote.h"
#include "ctl_text.h"
#include "event.h"
#include "hooks.h"
#include "util.h"

enum { AGE_SIZE = 32 };

#define SEEN	 "at its start the helper saw a denied connect refused"
#define NOT_SEEN "the helper has not seen the kernel refuse anything"

/* ---- for people ---- */

static void print_actions(const char *what, uint32_t restrictions)
{
	char names[EG_ACTION_LIST_SIZE];

	if (restrictions)
		(void)printf("%s: %s\n", what, eg_action_list(restrictions, names));
}

static void print_policy(const struct eg_msg_is_status *status)
{
	char since[EG_CTL_TIME_SIZE];

	if (!status->generation) {
		(void)puts("mode: none\npolicy: none (sessions that are not exempt are refused)");
		return;
	}
	if (eg_action_is_all(status->audit)) {
		(void)puts("mode: audit (reports, refuses nothing)");
	} else {
		(void)puts("mode: enforce");
		print_actions("reports only", status->audit);
		print_actions("kills", status->kill);
	}
	(void)printf("policy: generation %u, in force since %s\n", status->generation,
		     eg_ctl_local_time(status->loaded_s, since, sizeof(since)));
}

static void print_helper(const struct eg_msg_is_status *status)
{
	char product[4 * sizeof(status->product)], kernel[4 * sizeof(status->kernel)];
	char started[EG_CTL_TIME_SIZE];

	(void)printf("version: %s, ABI %u\n",
		     eg_event_escape(status->product, product, sizeof(product)), status->abi);
	(void)printf("running since: %s\n",
		     eg_ctl_local_time(status->started_s, started, sizeof(started)));
	(void)printf("kernel: %s\n", eg_event_escape(status->kernel, kernel, sizeof(kernel)));
}

/* Said only where something is amiss. A manager that is not running has no packets: it is fine. */
static void print_packets(const struct eg_msg_is_status *status)
{
	unsigned int all = status->sessions + status->managers;

	if (status->unfiltered)
		(void)printf("packets: filtered for %u of %u sessions and managers (see the log)\n",
			     all > status->unfiltered ? all - status->unfiltered : 0, all);
}

/* One line for each hook; what is weaker without it is known to us as it is to the helper. */
static void print_missing(const struct eg_msg_is_status *status)
{
	char names[sizeof(status->hooks_missing)], clean[4 * sizeof(names)], *at = names;

	(void)snprintf(names, sizeof(names), "%s", status->hooks_missing);
	for (char *name = strsep(&at, " "); name; name = strsep(&at, " ")) {
		const struct eg_hook *hook = eg_hooks_optional(name);

		if (*name)
			(void)printf("missing: %s%s%s\n", eg_ctl_safe(name, clean, sizeof(clean)),
				     hook ? ": " : "", hook ? hook->weaker : "");
	}
}

/* What runs for users and is not guarded: a line each. */
static void print_gaps(const char *gaps)
{
	char line[EG_GAPS_SIZE], clean[4 * EG_GAPS_SIZE];

	while (*gaps) {
		size_t n = strcspn(gaps, "\n");

		(void)snprintf(line, sizeof(line), "%.*s", (int)n, gaps);
		(void)printf("not guarded: %s\n", eg_ctl_safe(line, clean, sizeof(clean)));
		gaps += n + (gaps[n] == '\n');
	}
}

/* How long ago, in the unit that fits. */
static char *age(uint64_t since_s, char buf[AGE_SIZE])
{
	long long s = (long long)time(NULL) - (long long)since_s;

	if (!since_s)
		(void)snprintf(buf, AGE_SIZE, "age not known");
	else if (s < 120)
		(void)snprintf(buf, AGE_SIZE, "%lld s old", s < 0 ? 0 : s);
	else if (s < 2 * 3600)
		(void)snprintf(buf, AGE_SIZE, "%lld min old", s / 60);
	else if (s < 2 * 86400)
		(void)snprintf(buf, AGE_SIZE, "%lld h old", s / 3600);
	else
		(void)snprintf(buf, AGE_SIZE, "%lld days old", s / 86400);
	return buf;
}

static void print_feeds(const struct eg_ctl_feed_list *feeds)
{
	char path[4 * EG_FILE_SIZE], profile[4 * EG_PROFILE_SIZE], old[AGE_SIZE];

	(void)printf("feeds: %zu\n", feeds->n);
	for (size_t i = 0; i < feeds->n; i++) {
		const struct eg_msg_feed *feed = &feeds->items[i];

		(void)printf("feed: %s %s profile=%s: %u networks, %u lines passed over, %llu "
			     "bytes, %s%s\n",
			     feed->allow ? "allow" : "deny",
			     eg_event_escape(feed->path, path, sizeof(path)),
			     eg_event_escape(feed->profile, profile, sizeof(profile)),
			     feed->networks, feed->bad, (unsigned long long)feed->bytes,
			     age(feed->mtime_s, old),
			     feed->last_good ? "; the file was refused, this is its last good copy"
					     : "");
	}
}

/* Sessions from before an upgrade, or a downgrade: a line for each version. */
static void print_versions(const struct eg_msg_is_status *status)
{
	for (uint32_t i = 0; i < status->n_versions && i < EG_VERSIONS_MAX; i++)
		(void)printf("sessions under version %u: %u, guarded by the policy they had; "
			     "changes of policy, orders and the log do not reach them\n",
			     status->versions[i].abi, status->versions[i].sessions);
}

static void print_logins_of_versions(const struct eg_ctl_unguarded *list)
{
	char user[4 * EG_USER_SIZE], from[4 * EG_CTL_FROM_SIZE], since[EG_CTL_TIME_SIZE];

	for (size_t i = 0; i < list->n_versions; i++) {
		const struct eg_ctl_login *login = list->versions[i];

		(void)printf("ssh session under another version: %s pid=%u from=%s since=%s: "
			     "guarded by the policy it had\n",
			     eg_event_escape(login->user, user, sizeof(user)), login->pid,
			     eg_event_escape(login->from, from, sizeof(from)),
			     eg_ctl_local_time(login->started_s, since, sizeof(since)));
	}
}

static void print_unguarded(const struct eg_ctl_unguarded *list)
{
	char user[4 * EG_USER_SIZE], from[4 * EG_CTL_FROM_SIZE], since[EG_CTL_TIME_SIZE];
	char why[4 * EG_CTL_WHY_SIZE];

	if (list->error)
		(void)printf("ssh sessions not guarded: not known: %s\n", strerror(list->error));
	else if (!list->n)
		(void)puts("ssh sessions not guarded: none");
	for (size_t i = 0; i < list->n; i++) {
		const struct eg_ctl_login *login = list->items[i].login;

		(void)printf("ssh session not guarded: %s pid=%u from=%s since=%s: %s\n",
			     eg_event_escape(login->user, user, sizeof(user)), login->pid,
			     eg_event_escape(login->from, from, sizeof(from)),
			     eg_ctl_local_time(login->started_s, since, sizeof(since)),
			     eg_ctl_safe(list->items[i].text, why, sizeof(why)));
	}
}

static void print_status(const struct eg_msg_is_status *status,
			 const struct eg_ctl_feed_list *feeds,
			 const struct eg_ctl_unguarded *unguarded)
{
	char error[4 * EG_TEXT_SIZE];

	(void)printf("enforcing: %s%s%s (%s)\n",
		     eg_ctl_color(status->enforcing ? EG_CTL_GOOD : EG_CTL_BAD),
		     status->enforcing ? "yes" : "no", eg_ctl_color(EG_CTL_PLAIN),
		     status->enforcing ? SEEN : NOT_SEEN);
	print_policy(status);
	(void)printf("prefixes: %u IPv4, %u IPv6\n", status->prefixes4, status->prefixes6);
	print_feeds(feeds);
	(void)printf("sessions: %u\n", status->sessions);
	(void)printf("managers: %u\n", status->managers);
	print_versions(status);
	print_logins_of_versions(unguarded);
	print_packets(status);
	print_gaps(status->gaps);
	print_unguarded(unguarded);
	(void)printf("lost: %llu\n", (unsigned long long)status->lost);
	print_helper(status);
	(void)printf("hooks: %s\n", status->hooks_missing[0]
					    ? "all that are needed; of the others are missing:"
					    : "all there are");
	print_missing(status);
	(void)printf("last error: %s\n",
		     status->last_error[0] ? eg_ctl_safe(status->last_error, error, sizeof(error))
					   : "none");
}

/* ---- for programs ---- */

/* Words of a list, with any of the separators between them, as an array. */
static struct json_object *words(const char *text, const char *separators)
{
	struct json_object *array = eg_ctl_json_array();

	for (text += strspn(text, separators); *text; text += strspn(text, separators)) {
		size_t n = strcspn(text, separators);

		eg_ctl_json_append(array, eg_ctl_json_text(text, n));
		text += n;
	}
	return array;
}

static struct json_object *json_of_feed(const struct eg_msg_feed *feed)
{
	struct json_object *json = eg_ctl_json_object();
	int64_t now = (int64_t)time(NULL);

	eg_ctl_json_add_text(json, "path", feed->path);
	eg_ctl_json_add_text(json, "list", feed->allow ? "allow" : "deny");
	eg_ctl_json_add_text(json, "profile", feed->profile);
	eg_ctl_json_add_number(json, "networks", feed->networks);
	eg_ctl_json_add_number(json, "passed_over", feed->bad);
	eg_ctl_json_add_number(json, "bytes", feed->bytes);
	eg_ctl_json_add_time(json, "modified", feed->mtime_s);
	if (feed->mtime_s && now >= (int64_t)feed->mtime_s)
		eg_ctl_json_add_number(json, "age", (uint64_t)now - feed->mtime_s);
	eg_ctl_json_add_bool(json, "last_good", feed->last_good);
	return json;
}

static struct json_object *json_of_login(const struct eg_ctl_login *login)
{
	struct json_object *json = eg_ctl_json_object();

	eg_ctl_json_add_text(json, "user", login->user);
	eg_ctl_json_add_number(json, "uid", login->uid);
	eg_ctl_json_add_number(json, "pid", login->pid);
	if (login->rport) {
		eg_ctl_json_add_text(json, "rhost", login->from);
		eg_ctl_json_add_number(json, "rport", login->rport);
	}
	eg_ctl_json_add_time(json, "start", login->started_s);
	return json;
}

static struct json_object *json_of_versions(const struct eg_msg_is_status *status)
{
	struct json_object *array = eg_ctl_json_array();

	for (uint32_t i = 0; i < status->n_versions && i < EG_VERSIONS_MAX; i++) {
		struct json_object *json = eg_ctl_json_object();

		eg_ctl_json_add_number(json, "abi", status->versions[i].abi);
		eg_ctl_json_add_number(json, "sessions", status->versions[i].sessions);
		eg_ctl_json_append(array, json);
	}
	return array;
}

static struct json_object *json_of_logins_of_versions(const struct eg_ctl_unguarded *list)
{
	struct json_object *array = eg_ctl_json_array();

	for (size_t i = 0; i < list->n_versions; i++)
		eg_ctl_json_append(array, json_of_login(list->versions[i]));
	return array;
}

static struct json_object *json_of_unguarded(const struct eg_ctl_unguarded *list)
{
	struct json_object *array = eg_ctl_json_array(), *json;

	for (size_t i = 0; i < list->n; i++) {
		json = json_of_login(list->items[i].login);
		eg_ctl_json_add_text(json, "reason", eg_ctl_why_word(list->items[i].why));
		eg_ctl_json_add_text(json, "text", list->items[i].text);
		eg_ctl_json_append(array, json);
	}
	return array;
}

static void add_policy(struct json_object *json, const struct eg_msg_is_status *status)
{
	char names[EG_ACTION_LIST_SIZE];

	eg_ctl_json_add_text(json, "mode",
			     !status->generation	       ? "none"
			     : eg_action_is_all(status->audit) ? "audit"
							       : "enforce");
	eg_ctl_json_add(json, "reports_only",
			words(status->audit ? eg_action_list(status->audit, names) : "", ", "));
	eg_ctl_json_add(json, "kills",
			words(status->kill ? eg_action_list(status->kill, names) : "", ", "));
	eg_ctl_json_add_number(json, "generation", status->generation);
	eg_ctl_json_add_time(json, "loaded", status->loaded_s);
	eg_ctl_json_add_number(json, "prefixes_ipv4", status->prefixes4);
	eg_ctl_json_add_number(json, "prefixes_ipv6", status->prefixes6);
}

static void json_status(const struct eg_msg_is_status *status, const struct eg_ctl_feed_list *feeds,
			const struct eg_ctl_unguarded *unguarded)
{
	struct json_object *json = eg_ctl_json_object(), *array = eg_ctl_json_array();

	eg_ctl_json_add_bool(json, "enforcing", status->enforcing);
	eg_ctl_json_add_text(json, "evidence", status->enforcing ? SEEN : NOT_SEEN);
	add_policy(json, status);
	for (size_t i = 0; i < feeds->n; i++)
		eg_ctl_json_append(array, json_of_feed(&feeds->items[i]));
	eg_ctl_json_add(json, "feeds", array);
	eg_ctl_json_add_number(json, "sessions", status->sessions);
	eg_ctl_json_add_number(json, "managers", status->managers);
	eg_ctl_json_add(json, "other_versions", json_of_versions(status));
	eg_ctl_json_add_number(json, "unfiltered", status->unfiltered);
	eg_ctl_json_add(json, "not_guarded", words(status->gaps, "\n"));
	if (!unguarded->error) {
		eg_ctl_json_add(json, "ssh_not_guarded", json_of_unguarded(unguarded));
		eg_ctl_json_add(json, "ssh_other_version", json_of_logins_of_versions(unguarded));
	}
	eg_ctl_json_add_number(json, "lost", status->lost);
	eg_ctl_json_add_text(json, "version", status->product);
	eg_ctl_json_add_number(json, "abi", status->abi);
	eg_ctl_json_add_time(json, "started", status->started_s);
	eg_ctl_json_add_text(json, "kernel", status->kernel);
	eg_ctl_json_add(json, "hooks_missing", words(status->hooks_missing, " "));
	eg_ctl_json_add_text(json, "last_error", status->last_error);
	eg_ctl_json_print(json);
}

/* The logins first: one that is found and has begun since is among the processes then. */
int eg_ctl_status(const struct eg_ctl_options *options, char **args)
{
	struct eg_ctl_feed_list feeds eg_ctl_auto_feed_list = {0};
	struct eg_ctl_logins logins eg_ctl_auto_logins = {0};
	struct eg_ctl_unguarded unguarded eg_ctl_auto_unguarded = {0};
	struct eg_msg_is_status status;

	(void)args;
	unguarded.error = -eg_ctl_logins_find(&eg_ctl_host_here, &logins);
	if (eg_ctl_status_ask(options, &status) < 0 || eg_ctl_feeds_ask(options, &feeds) < 0 ||
	    eg_ctl_unguarded_find(options, &eg_ctl_host_here, &logins, &unguarded) < 0)
		return EG_CTL_FINDING;
	if (options->json)
		json_status(&status, &feeds, &unguarded);
	else
		print_status(&status, &feeds, &unguarded);
	return status.enforcing && status.generation && !status.last_error[0] && !status.unfiltered
		       ? EG_CTL_FINE
		       : EG_CTL_FINDING;
}
