// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Metrics from the answers of the helper, see openmetrics.h. */
#include "openmetrics.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "abi.h"
#include "counters.h"
#include "event.h"
#include "util.h"

/* ---- taking in ---- */

static int append(struct eg_openmetrics_list *list, const void *item, size_t size)
{
	if (list->n == EG_OPENMETRICS_MAX)
		return -EPROTO;
	if (list->n == list->room) {
		size_t room = list->room ? 2 * list->room : 16;
		void *bigger = realloc(list->items, room * size);

		if (!bigger)
			return -ENOMEM;
		list->items = bigger;
		list->room = room;
	}
	memcpy((char *)list->items + list->n++ * size, item, size);
	return 1;
}

int eg_openmetrics_add(struct eg_openmetrics *metrics, const struct eg_msg *answer)
{
	switch (answer->type) {
	case EG_MSG_METRIC_HELPER:
		memcpy(&metrics->helper, answer, sizeof(metrics->helper));
		return 1;
	case EG_MSG_METRIC_PROFILE:
		return append(&metrics->profiles, answer, sizeof(struct eg_msg_metric_profile));
	case EG_MSG_METRIC_RULE:
		return append(&metrics->rules, answer, sizeof(struct eg_msg_metric_rule));
	case EG_MSG_METRIC_FEED:
		return append(&metrics->feeds, answer, sizeof(struct eg_msg_metric_feed));
	case EG_MSG_OK:
		metrics->up = metrics->helper.head.type == EG_MSG_METRIC_HELPER;
		return metrics->up ? 0 : -EPROTO;
	default:
		return -EPROTO;
	}
}

void eg_openmetrics_done(struct eg_openmetrics *metrics)
{
	free(metrics->profiles.items);
	free(metrics->rules.items);
	free(metrics->feeds.items);
	*metrics = (struct eg_openmetrics){0};
}

/* ---- families and samples ---- */

/* Where all of it goes. */
struct to {
	const struct eg_openmetrics_sink *sink;
	void *arg;
};

#define PREFIX "ebpfguard_"

/* What stands before the samples of a metric. unit: at the end of the name, "" = none. */
static void family(const struct to *to, const char *name, const char *type, const char *unit,
		   const char *help)
{
	const struct eg_openmetrics_family what = {name, type, unit, help};

	to->sink->family(to->arg, &what);
}

static void put(const struct to *to, const char *name, const char *value,
		const struct eg_openmetrics_label *labels, size_t n)
{
	const struct eg_openmetrics_sample what = {name, labels, n, value};

	to->sink->sample(to->arg, &what);
}

static void put_number(const struct to *to, const char *name, uint64_t value,
		       const struct eg_openmetrics_label *labels, size_t n)
{
	char text[24];

	(void)snprintf(text, sizeof(text), "%llu", (unsigned long long)value);
	put(to, name, text, labels, n);
}

/* A sample with one label. */
static void put_with(const struct to *to, const char *name, const char *label, const char *of,
		     uint64_t value)
{
	put_number(to, name, value, (const struct eg_openmetrics_label[]){{label, of}}, 1);
}

/* A metric that has one sample and no labels. */
static void single(const struct to *to, const char *name, const char *type, const char *unit,
		   const char *help, uint64_t value)
{
	family(to, name, type, unit, help);
	put_number(to, name, value, NULL, 0);
}

/* A metric of each profile, at that offset: a uint64_t, or a uint32_t where narrow. */
static void by_profile(const struct eg_openmetrics *metrics, const struct to *to, const char *name,
		       const char *type, const char *help, size_t offset, bool narrow)
{
	const struct eg_msg_metric_profile *list = metrics->profiles.items;

	family(to, name, type, "", help);
	for (size_t i = 0; i < metrics->profiles.n; i++) {
		const char *at = (const char *)&list[i] + offset;

		put_with(to, name, "profile", list[i].profile,
			 narrow ? *(const uint32_t *)at : *(const uint64_t *)at);
	}
}

#define BY_PROFILE(metrics_, to_, name_, type_, help_, member_)                                    \
	by_profile(metrics_, to_, PREFIX name_, type_, help_,                                      \
		   offsetof(struct eg_msg_metric_profile, member_),                                \
		   sizeof(((struct eg_msg_metric_profile *)0)->member_) == sizeof(uint32_t))

/* ---- the parts ---- */

static void tell_up(const struct eg_openmetrics *metrics, const struct to *to)
{
	single(to, PREFIX "up", "gauge", "", "Whether the helper answered.", metrics->up);
	single(to, PREFIX "collected_timestamp_seconds", "gauge", "seconds",
	       "When the helper was asked, since the epoch.", metrics->now_s);
}

static void tell_helper(const struct eg_msg_metric_helper *helper, const struct to *to)
{
	char abi[16];
	const struct eg_openmetrics_label labels[] = {
		{"version", helper->product}, {"abi", abi}, {"kernel", helper->kernel}};

	family(to, PREFIX "info", "gauge", "", "Always 1; the labels say what runs.");
	(void)snprintf(abi, sizeof(abi), "%u", helper->abi);
	put_number(to, PREFIX "info", 1, labels, EG_ARRAY_SIZE(labels));
	single(to, PREFIX "enforcing", "gauge", "",
	       "Whether the helper saw the kernel refuse what is denied, at its start.",
	       helper->enforcing);
	single(to, PREFIX "process_start_time_seconds", "gauge", "seconds",
	       "When the helper started, since the epoch.", helper->started_s);
	if (helper->memory)
		single(to, PREFIX "process_resident_memory_bytes", "gauge", "bytes",
		       "Memory of the helper.", helper->memory);
	if (helper->fds)
		single(to, PREFIX "process_open_fds", "gauge", "",
		       "Descriptors the helper has open.", helper->fds);
}

static void tell_policy(const struct eg_msg_metric_helper *helper, const struct to *to)
{
	static const char *const results[EG_METRIC_RELOADS] = {"success", "failure"};

	single(to, PREFIX "policy_generation", "gauge", "",
	       "Number of the policy in force; 0 when there is none.", helper->generation);
	single(to, PREFIX "policy_loaded_timestamp_seconds", "gauge", "seconds",
	       "When the policy in force was loaded, since the epoch; 0 when there is none.",
	       helper->loaded_s);
	single(to, PREFIX "policy_load_failed", "gauge", "",
	       "Whether the last load of the configuration was refused, as a whole or in part.",
	       helper->failed);
	single(to, PREFIX "reload_last_timestamp_seconds", "gauge", "seconds",
	       "When the last reload ended, since the epoch; 0 when there was none.",
	       helper->tried_s);
	family(to, PREFIX "reloads_total", "counter", "",
	       "Reloads of the configuration, by result.");
	for (size_t i = 0; i < EG_METRIC_RELOADS; i++)
		put_with(to, PREFIX "reloads_total", "result", results[i], helper->reloads[i]);
}

/* Age on the clock of who asks: now_s is when he did. */
static void tell_feeds(const struct eg_openmetrics *metrics, const struct to *to)
{
	const struct eg_msg_metric_feed *list = metrics->feeds.items;

	family(to, PREFIX "feed_age_seconds", "gauge", "seconds",
	       "Time since a feed's file was modified; +Inf when it cannot be looked at.");
	for (size_t i = 0; i < metrics->feeds.n; i++) {
		uint64_t at = list[i].modified_s, now = metrics->now_s;
		const struct eg_openmetrics_label labels[] = {{"feed", list[i].path}};

		if (at)
			put_number(to, PREFIX "feed_age_seconds", now > at ? now - at : 0, labels,
				   1);
		else
			put(to, PREFIX "feed_age_seconds", "+Inf", labels, 1);
	}
}

static void tell_sessions(const struct eg_openmetrics *metrics, const struct to *to)
{
	static const char *const unguarded[EG_METRIC_UNGUARDED_MAX] = {"manager", "jobs"};

	BY_PROFILE(metrics, to, "sessions", "gauge", "Guarded sessions.", sessions);
	BY_PROFILE(metrics, to, "managers", "gauge", "Guarded managers of users.", managers);
	BY_PROFILE(metrics, to, "sessions_opened_total", "counter", "Sessions that began.", opened);
	BY_PROFILE(metrics, to, "sessions_ended_total", "counter",
		   "Sessions whose last process has ended.", ended);
	single(to, PREFIX "sessions_unfiltered", "gauge", "",
	       "Sessions and managers without the packet layer.", metrics->helper.unfiltered);
	family(to, PREFIX "sessions_unguarded", "gauge", "",
	       "What runs for users and is known not to be guarded.");
	for (size_t i = 0; i < EG_METRIC_UNGUARDED_MAX; i++)
		put_with(to, PREFIX "sessions_unguarded", "reason", unguarded[i],
			 metrics->helper.unguarded[i]);
	if (!metrics->n_ssh_unguarded)
		return;
	family(to, PREFIX "ssh_logins_unguarded", "gauge", "",
	       "Logins by ssh that no session has, by reason.");
	for (size_t i = 0; i < metrics->n_ssh_unguarded; i++)
		put_with(to, PREFIX "ssh_logins_unguarded", "reason",
			 metrics->ssh_unguarded[i].reason, metrics->ssh_unguarded[i].n);
}

/* Text of a time in ms as seconds, as OpenMetrics wants bounds: "0.001", "0.5", "10.0". */
static char *bound(uint32_t ms, char *buf, size_t size)
{
	size_t n = (size_t)snprintf(buf, size, "%u.%03u", ms / 1000, ms % 1000);

	while (buf[n - 1] == '0' && buf[n - 2] != '.')
		buf[--n] = '\0';
	return buf;
}

static void tell_durations(const struct eg_msg_metric_helper *helper, const struct to *to)
{
	char text[48];
	uint64_t n = 0;

	family(to, PREFIX "login_duration_seconds", "histogram", "seconds",
	       "Time from a login's request to its answer, refusals included.");
	for (size_t i = 0; i < EG_METRIC_BUCKETS; i++) {
		uint32_t ms = eg_counters_bucket_ms(i);

		n += helper->logins[i];
		put_with(to, PREFIX "login_duration_seconds_bucket", "le",
			 ms ? bound(ms, text, sizeof(text)) : "+Inf", n);
	}
	(void)snprintf(text, sizeof(text), "%llu.%09llu",
		       (unsigned long long)(helper->login_ns / 1000000000),
		       (unsigned long long)(helper->login_ns % 1000000000));
	put(to, PREFIX "login_duration_seconds_sum", text, NULL, 0);
	put_number(to, PREFIX "login_duration_seconds_count", n, NULL, 0);
}

static void tell_logins(const struct eg_msg_metric_helper *helper, const struct to *to)
{
	static const char *const reasons[EG_METRIC_REFUSED_MAX] = {
		"caller", "limit",  "configuration", "setup",
		"files",  "groups", "hangup",	     "shutdown"};

	single(to, PREFIX "logins_exempt_total", "counter", "",
	       "Logins that were not to be guarded.", helper->exempt);
	family(to, PREFIX "logins_refused_total", "counter", "",
	       "Logins that could not be guarded, by the class of the reason.");
	for (size_t i = 0; i < EG_METRIC_REFUSED_MAX; i++)
		put_with(to, PREFIX "logins_refused_total", "reason", reasons[i],
			 helper->refused[i]);
	tell_durations(helper, to);
}

/* ---- refusals ---- */

static bool is_same_op(size_t a, size_t b)
{
	return !strcmp(eg_event_op_name((uint16_t)a), eg_event_op_name((uint16_t)b));
}

/* Those of an operation and of others that have its name: of two operations one name is "exec". */
static uint64_t sum_of(const uint64_t *by_op, size_t op)
{
	uint64_t n = 0;

	for (size_t i = op; i < EG_METRIC_OPS; i++)
		n += is_same_op(i, op) ? by_op[i] : 0;
	return n;
}

/* Was the name's turn before? */
static bool is_repeated(size_t op)
{
	for (size_t i = 0; i < op; i++)
		if (is_same_op(i, op))
			return true;
	return false;
}

static void tell_op(const struct eg_msg_metric_profile *profile, size_t op, const struct to *to)
{
	const char *name = eg_event_op_name((uint16_t)op);
	const char *layer = op == EG_OP_EGRESS || op == EG_OP_INGRESS ? "packet" : "call";
	const struct {
		const char *verdict;
		uint64_t n;
	} parts[] = {{"deny", sum_of(profile->refused, op)},
		     {"audit", sum_of(profile->audited, op)}};

	for (size_t i = 0; i < EG_ARRAY_SIZE(parts); i++) {
		/* No operation of ours: nothing to show, as a rule. */
		if (!strcmp(name, "?") && !parts[i].n)
			continue;
		put_number(to, PREFIX "refusals_total", parts[i].n,
			   (const struct eg_openmetrics_label[]){{"profile", profile->profile},
								 {"operation", name},
								 {"layer", layer},
								 {"verdict", parts[i].verdict}},
			   4);
	}
}

static void tell_refusals(const struct eg_openmetrics *metrics, const struct to *to)
{
	const struct eg_msg_metric_profile *list = metrics->profiles.items;

	family(to, PREFIX "refusals_total", "counter", "",
	       "Attempts that were refused, or let through and reported (verdict audit).");
	for (size_t i = 0; i < metrics->profiles.n; i++)
		for (size_t op = 0; op < EG_METRIC_OPS; op++)
			if (!is_repeated(op))
				tell_op(&list[i], op, to);
	BY_PROFILE(metrics, to, "kills_total", "counter",
		   "Refusals for which the process was killed.", killed);
	BY_PROFILE(metrics, to, "packets_dropped_total", "counter",
		   "Packets that the packet layer dropped.", packets);
	BY_PROFILE(metrics, to, "packets_audited_total", "counter",
		   "Packets that the packet layer would have dropped.", packets_audited);
	BY_PROFILE(metrics, to, "events_lost_total", "counter",
		   "Refusals whose record found the ring buffer full: no line has their details.",
		   lost);
	single(to, PREFIX "lines_suppressed_total", "counter", "",
	       "Refusals without a line of their own in the log, for its rate.",
	       metrics->helper.suppressed);
}

/* Not for a limit: nobody was there to take them. */
static void tell_unsaid(const struct eg_msg_metric_helper *helper, const struct to *to)
{
	single(to, PREFIX "lines_lost_total", "counter", "",
	       "Lines that neither the log nor syslog took, other than of refusals.",
	       helper->unsaid);
}

static void tell_rules(const struct eg_openmetrics *metrics, const struct to *to)
{
	static const char *const kinds[EG_METRIC_RULES] = {"?", "default", "builtin", "other"};
	const struct eg_msg_metric_rule *list = metrics->rules.items;

	family(to, PREFIX "rule_hits_total", "counter", "",
	       "Refusals by what decided: a line of a file, or a word for what is in no line.");
	for (size_t i = 0; i < metrics->rules.n; i++) {
		char line[16];
		const char *rule = kinds[list[i].kind < EG_METRIC_RULES ? list[i].kind : 0];

		(void)snprintf(line, sizeof(line), "%u", list[i].line);
		put_number(to, PREFIX "rule_hits_total", list[i].hits,
			   (const struct eg_openmetrics_label[]){
				   {"profile", list[i].profile},
				   {"rule", list[i].kind == EG_METRIC_RULE_LINE ? line : rule},
				   {"source", list[i].source}},
			   3);
	}
}

void eg_openmetrics_walk(const struct eg_openmetrics *metrics,
			 const struct eg_openmetrics_sink *sink, void *arg)
{
	const struct to where = {sink, arg}, *to = &where;

	tell_up(metrics, to);
	if (!metrics->up)
		return;
	tell_helper(&metrics->helper, to);
	tell_policy(&metrics->helper, to);
	tell_feeds(metrics, to);
	tell_sessions(metrics, to);
	tell_logins(&metrics->helper, to);
	tell_refusals(metrics, to);
	tell_unsaid(&metrics->helper, to);
	tell_rules(metrics, to);
}
