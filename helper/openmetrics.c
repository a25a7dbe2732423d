// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Metrics as text, see openmetrics.h. */
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

/* ---- the format ---- */

#define PREFIX "ebpfguard_"

/* What stands before the samples of a metric. unit: at the end of the name, "" = none. */
static void family(FILE *out, const char *name, const char *type, const char *unit,
		   const char *help)
{
	(void)fprintf(out, "# HELP " PREFIX "%s %s\n# TYPE " PREFIX "%s %s\n", name, help, name,
		      type);
	if (*unit)
		(void)fprintf(out, "# UNIT " PREFIX "%s %s\n", name, unit);
}

/* A metric that has one sample and no labels. */
static void single(FILE *out, const char *name, const char *type, const char *unit,
		   const char *help, uint64_t value)
{
	family(out, name, type, unit, help);
	(void)fprintf(out, PREFIX "%s %llu\n", name, (unsigned long long)value);
}

/*
 * A label's value. Bytes outside of printable ASCII, and the backslash, become the text \xHH, as in
 * the log: so two values never print alike, and none is cut or refused for what it holds. In the
 * format, a backslash is written as two.
 */
static void label(FILE *out, const char *before, const char *value)
{
	(void)fprintf(out, "%s=\"", before);
	for (; *value; value++) {
		unsigned char c = (unsigned char)*value;

		if (c == '"')
			(void)fputs("\\\"", out);
		else if (c >= 0x20 && c < 0x7f && c != '\\')
			(void)fputc(c, out);
		else
			(void)fprintf(out, "\\\\x%02x", c);
	}
	(void)fputc('"', out);
}

static void value_of(FILE *out, uint64_t value)
{
	(void)fprintf(out, "} %llu\n", (unsigned long long)value);
}

/* A metric of each profile, at that offset: a uint64_t, or a uint32_t where narrow. */
static void by_profile(const struct eg_openmetrics *metrics, FILE *out, const char *name,
		       const char *type, const char *help, size_t offset, bool narrow)
{
	const struct eg_msg_metric_profile *list = metrics->profiles.items;

	family(out, name, type, "", help);
	for (size_t i = 0; i < metrics->profiles.n; i++) {
		const char *at = (const char *)&list[i] + offset;

		(void)fprintf(out, PREFIX "%s{", name);
		label(out, "profile", list[i].profile);
		value_of(out, narrow ? *(const uint32_t *)at : *(const uint64_t *)at);
	}
}

#define BY_PROFILE(metrics_, out_, name_, type_, help_, member_)                                   \
	by_profile(metrics_, out_, name_, type_, help_,                                            \
		   offsetof(struct eg_msg_metric_profile, member_),                                \
		   sizeof(((struct eg_msg_metric_profile *)0)->member_) == sizeof(uint32_t))

/* ---- the parts ---- */

static void print_up(const struct eg_openmetrics *metrics, FILE *out)
{
	single(out, "up", "gauge", "", "Whether the helper answered.", metrics->up);
	single(out, "collected_timestamp_seconds", "gauge", "seconds",
	       "When the helper was asked, since the epoch.", metrics->now_s);
}

static void print_helper(const struct eg_msg_metric_helper *helper, FILE *out)
{
	family(out, "info", "gauge", "", "Always 1; the labels say what runs.");
	(void)fputs(PREFIX "info{", out);
	label(out, "version", helper->product);
	(void)fprintf(out, ",abi=\"%u\"", helper->abi);
	label(out, ",kernel", helper->kernel);
	value_of(out, 1);
	single(out, "enforcing", "gauge", "",
	       "Whether the helper saw the kernel refuse what is denied, at its start.",
	       helper->enforcing);
	single(out, "process_start_time_seconds", "gauge", "seconds",
	       "When the helper started, since the epoch.", helper->started_s);
	if (helper->memory)
		single(out, "process_resident_memory_bytes", "gauge", "bytes",
		       "Memory of the helper.", helper->memory);
	if (helper->fds)
		single(out, "process_open_fds", "gauge", "", "Descriptors the helper has open.",
		       helper->fds);
}

static void print_policy(const struct eg_msg_metric_helper *helper, FILE *out)
{
	static const char *const results[EG_METRIC_RELOADS] = {"success", "failure"};

	single(out, "policy_generation", "gauge", "",
	       "Number of the policy in force; 0 when there is none.", helper->generation);
	single(out, "policy_loaded_timestamp_seconds", "gauge", "seconds",
	       "When the policy in force was loaded, since the epoch; 0 when there is none.",
	       helper->loaded_s);
	single(out, "policy_load_failed", "gauge", "",
	       "Whether the last load of the configuration was refused, as a whole or in part.",
	       helper->failed);
	single(out, "reload_last_timestamp_seconds", "gauge", "seconds",
	       "When the last reload ended, since the epoch; 0 when there was none.",
	       helper->tried_s);
	family(out, "reloads_total", "counter", "", "Reloads of the configuration, by result.");
	for (size_t i = 0; i < EG_METRIC_RELOADS; i++)
		(void)fprintf(out, PREFIX "reloads_total{result=\"%s\"} %llu\n", results[i],
			      (unsigned long long)helper->reloads[i]);
}

/* Age on the clock of who asks: now_s is when he did. */
static void print_feeds(const struct eg_openmetrics *metrics, FILE *out)
{
	const struct eg_msg_metric_feed *list = metrics->feeds.items;

	family(out, "feed_age_seconds", "gauge", "seconds",
	       "Time since a feed's file was modified; +Inf when it cannot be looked at.");
	for (size_t i = 0; i < metrics->feeds.n; i++) {
		uint64_t at = list[i].modified_s, now = metrics->now_s;

		(void)fputs(PREFIX "feed_age_seconds{", out);
		label(out, "feed", list[i].path);
		if (at)
			value_of(out, now > at ? now - at : 0);
		else
			(void)fputs("} +Inf\n", out);
	}
}

static void print_sessions(const struct eg_openmetrics *metrics, FILE *out)
{
	static const char *const unguarded[EG_METRIC_UNGUARDED_MAX] = {"manager", "jobs", "other"};

	BY_PROFILE(metrics, out, "sessions", "gauge", "Guarded sessions.", sessions);
	BY_PROFILE(metrics, out, "managers", "gauge", "Guarded managers of users.", managers);
	BY_PROFILE(metrics, out, "sessions_opened_total", "counter", "Sessions that began.",
		   opened);
	BY_PROFILE(metrics, out, "sessions_ended_total", "counter",
		   "Sessions whose last process has ended.", ended);
	single(out, "sessions_unfiltered", "gauge", "",
	       "Sessions and managers without the packet layer.", metrics->helper.unfiltered);
	family(out, "sessions_unguarded", "gauge", "",
	       "What runs for users and is known not to be guarded.");
	for (size_t i = 0; i < EG_METRIC_UNGUARDED_MAX; i++)
		(void)fprintf(out, PREFIX "sessions_unguarded{reason=\"%s\"} %llu\n", unguarded[i],
			      (unsigned long long)metrics->helper.unguarded[i]);
	if (!metrics->n_ssh_unguarded)
		return;
	family(out, "ssh_logins_unguarded", "gauge", "",
	       "Logins by ssh that no session has, by reason.");
	for (size_t i = 0; i < metrics->n_ssh_unguarded; i++)
		(void)fprintf(out, PREFIX "ssh_logins_unguarded{reason=\"%s\"} %llu\n",
			      metrics->ssh_unguarded[i].reason,
			      (unsigned long long)metrics->ssh_unguarded[i].n);
}

/* Text of a time in ms as seconds, as OpenMetrics wants bounds: "0.001", "0.5", "10.0". */
static char *bound(uint32_t ms, char *buf, size_t size)
{
	size_t n = (size_t)snprintf(buf, size, "%u.%03u", ms / 1000, ms % 1000);

	while (buf[n - 1] == '0' && buf[n - 2] != '.')
		buf[--n] = '\0';
	return buf;
}

static void print_durations(const struct eg_msg_metric_helper *helper, FILE *out)
{
	unsigned long long n = 0;
	char le[32];

	family(out, "login_duration_seconds", "histogram", "seconds",
	       "Time from a login's request to its answer, refusals included.");
	for (size_t i = 0; i < EG_METRIC_BUCKETS; i++) {
		uint32_t ms = eg_counters_bucket_ms(i);

		n += helper->logins[i];
		(void)fprintf(out, PREFIX "login_duration_seconds_bucket{le=\"%s\"} %llu\n",
			      ms ? bound(ms, le, sizeof(le)) : "+Inf", n);
	}
	(void)fprintf(out,
		      PREFIX "login_duration_seconds_sum %llu.%09llu\n" PREFIX
			     "login_duration_seconds_count %llu\n",
		      (unsigned long long)(helper->login_ns / 1000000000),
		      (unsigned long long)(helper->login_ns % 1000000000), n);
}

static void print_logins(const struct eg_msg_metric_helper *helper, FILE *out)
{
	static const char *const reasons[EG_METRIC_REFUSED_MAX] = {
		"caller", "limit",  "configuration", "setup",
		"files",  "groups", "hangup",	     "shutdown"};

	single(out, "logins_exempt_total", "counter", "", "Logins that were not to be guarded.",
	       helper->exempt);
	family(out, "logins_refused_total", "counter", "",
	       "Logins that could not be guarded, by the class of the reason.");
	for (size_t i = 0; i < EG_METRIC_REFUSED_MAX; i++)
		(void)fprintf(out, PREFIX "logins_refused_total{reason=\"%s\"} %llu\n", reasons[i],
			      (unsigned long long)helper->refused[i]);
	print_durations(helper, out);
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

static void print_op(const struct eg_msg_metric_profile *profile, size_t op, FILE *out)
{
	const char *name = eg_event_op_name((uint16_t)op);
	const struct {
		const char *verdict;
		uint64_t n;
	} parts[] = {{"deny", sum_of(profile->refused, op)},
		     {"audit", sum_of(profile->audited, op)}};

	for (size_t i = 0; i < EG_ARRAY_SIZE(parts); i++) {
		/* No operation of ours: nothing to show, as a rule. */
		if (!strcmp(name, "?") && !parts[i].n)
			continue;
		(void)fputs(PREFIX "refusals_total{", out);
		label(out, "profile", profile->profile);
		(void)fprintf(out, ",operation=\"%s\",layer=\"%s\",verdict=\"%s\"", name,
			      op == EG_OP_EGRESS || op == EG_OP_INGRESS ? "packet" : "call",
			      parts[i].verdict);
		value_of(out, parts[i].n);
	}
}

static void print_refusals(const struct eg_openmetrics *metrics, FILE *out)
{
	const struct eg_msg_metric_profile *list = metrics->profiles.items;

	family(out, "refusals_total", "counter", "",
	       "Attempts that were refused, or let through and reported (verdict audit).");
	for (size_t i = 0; i < metrics->profiles.n; i++)
		for (size_t op = 0; op < EG_METRIC_OPS; op++)
			if (!is_repeated(op))
				print_op(&list[i], op, out);
	BY_PROFILE(metrics, out, "kills_total", "counter",
		   "Refusals for which the process was killed.", killed);
	BY_PROFILE(metrics, out, "packets_dropped_total", "counter",
		   "Packets that the packet layer dropped.", packets);
	BY_PROFILE(metrics, out, "packets_audited_total", "counter",
		   "Packets that the packet layer would have dropped.", packets_audited);
	BY_PROFILE(metrics, out, "events_lost_total", "counter",
		   "Refusals whose record found the ring buffer full: no line has their details.",
		   lost);
	single(out, "lines_suppressed_total", "counter", "",
	       "Refusals without a line of their own in the log, for its rate.",
	       metrics->helper.suppressed);
}

static void print_rules(const struct eg_openmetrics *metrics, FILE *out)
{
	static const char *const kinds[EG_METRIC_RULES] = {"?", "default", "builtin", "other"};
	const struct eg_msg_metric_rule *list = metrics->rules.items;

	family(out, "rule_hits_total", "counter", "",
	       "Refusals by what decided: a line of a file, or a word for what is in no line.");
	for (size_t i = 0; i < metrics->rules.n; i++) {
		(void)fputs(PREFIX "rule_hits_total{", out);
		label(out, "profile", list[i].profile);
		if (list[i].kind == EG_METRIC_RULE_LINE)
			(void)fprintf(out, ",rule=\"%u\"", list[i].line);
		else
			(void)fprintf(out, ",rule=\"%s\"",
				      kinds[list[i].kind < EG_METRIC_RULES ? list[i].kind : 0]);
		label(out, ",source", list[i].source);
		value_of(out, list[i].hits);
	}
}

void eg_openmetrics_print(const struct eg_openmetrics *metrics, FILE *out)
{
	print_up(metrics, out);
	if (metrics->up) {
		print_helper(&metrics->helper, out);
		print_policy(&metrics->helper, out);
		print_feeds(metrics, out);
		print_sessions(metrics, out);
		print_logins(&metrics->helper, out);
		print_refusals(metrics, out);
		print_rules(metrics, out);
	}
	(void)fputs("# EOF\n", out);
}
