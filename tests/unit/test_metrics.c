// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* What of the helper is measured, and what it answers. The kernel side is stood in for here. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include <cmocka.h>

#include "helper.h"
#include "inforce.h"
#include "server.h"

enum { SESSIONS = 4, SECOND = 1000 };

/* What the stand-ins tell: totals by session's number, which is its index. */
static struct {
	struct eg_totals totals[SESSIONS];
	struct eg_written written[SESSIONS];
	bool no_written;
	const char *feed;
	int refused; /* errno */
} fake;

int eg_bpf_totals_get(struct eg_bpf *bpf, uint64_t session, struct eg_totals *ret)
{
	(void)bpf;
	if (session >= SESSIONS)
		return -ENOENT;
	*ret = fake.totals[session];
	return 0;
}

int eg_bpf_written_get(struct eg_bpf *bpf, uint64_t session, struct eg_written *ret)
{
	(void)bpf;
	if (fake.no_written)
		return -ENOENT;
	*ret = fake.written[session];
	return 0;
}

const char *eg_in_force_feed(const struct eg_helper *helper, uint32_t slot, uint32_t generation,
			     uint32_t line)
{
	(void)helper;
	(void)generation;
	return slot == 3 && line ? fake.feed : NULL;
}

int eg_server_refuse(int fd, int error, const char *format, ...)
{
	(void)fd;
	(void)format;
	fake.refused = error;
	return 0;
}

static struct eg_helper helper;
static struct eg_session sessions[SESSIONS];
static struct eg_in_force in_force[] = {{.name = "default", .slot = 2}, {.name = "ops", .slot = 3}};

static int set_up(void **state)
{
	(void)state;
	memset(&fake, 0, sizeof(fake));
	memset(sessions, 0, sizeof(sessions));
	helper = (struct eg_helper){.config_file = "/etc/e.conf",
				    .in_force = in_force,
				    .n_in_force = 2,
				    .enforcing = true,
				    .started_s = 5,
				    .loaded_s = 6};
	for (size_t i = 0; i < SESSIONS; i++) {
		sessions[i].number = i;
		(void)snprintf(sessions[i].record.profile_name, EG_PROFILE_SIZE, "%s",
			       i % 2 ? "ops" : "default");
		sessions[i].next = helper.buckets[i / 2];
		helper.buckets[i / 2] = &sessions[i];
	}
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	eg_counters_done(&helper.metrics.counters);
	return 0;
}

/* ---- what an answer says */

static struct {
	struct eg_msg_metric_helper helper;
	struct eg_msg_metric_profile profiles[8];
	struct eg_msg_metric_rule rules[EG_COUNTERS_RULES_MAX + 8];
	struct eg_msg_metric_feed feeds[8];
	size_t n_profiles, n_rules, n_feeds;
} got;

static void take(const struct eg_msg *head)
{
	switch (head->type) {
	case EG_MSG_METRIC_HELPER:
		memcpy(&got.helper, head, sizeof(got.helper));
		break;
	case EG_MSG_METRIC_PROFILE:
		memcpy(&got.profiles[got.n_profiles++], head, sizeof(got.profiles[0]));
		break;
	case EG_MSG_METRIC_RULE:
		memcpy(&got.rules[got.n_rules++], head, sizeof(got.rules[0]));
		break;
	default:
		assert_int_equal(head->type, EG_MSG_METRIC_FEED);
		memcpy(&got.feeds[got.n_feeds++], head, sizeof(got.feeds[0]));
	}
}

static void ask(void)
{
	union {
		struct eg_msg head;
		uint64_t room[EG_MSG_MAX / sizeof(uint64_t)];
	} buf;
	int pair[2];

	memset(&got, 0, sizeof(got));
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), 0);
	assert_int_equal(eg_metrics_answer(&helper, pair[0]), 0);
	/* The answer has a descriptor of its own. */
	(void)close(pair[0]);
	for (;;) {
		assert_true(eg_proto_recv(pair[1], &buf, sizeof(buf), NULL,
					  eg_proto_now_ms() + 10 * SECOND) > 0);
		if (buf.head.type == EG_MSG_OK)
			break;
		take(&buf.head);
	}
	/* Nothing comes after, and the connection is closed when the thread has ended. */
	assert_int_equal(
		eg_proto_recv(pair[1], &buf, sizeof(buf), NULL, eg_proto_now_ms() + 10 * SECOND),
		0);
	(void)close(pair[1]);
	for (int i = 0; i < 1000 && atomic_load(&helper.metrics.answers); i++)
		(void)usleep(1000);
	assert_int_equal(atomic_load(&helper.metrics.answers), 0);
}

/* ---- the cases */

static void test_refusals_by_profile(void **state)
{
	(void)state;
	fake.totals[0].refused[EG_OP_CONNECT] = 1;
	fake.totals[2].refused[EG_OP_CONNECT] = 10;
	fake.totals[1].audited[EG_OP_SETUID] = 100;
	sessions[3].record.flags = EG_GUARD_MANAGER;
	sessions[3].unfiltered = true;
	ask();
	ask(); /* once more: nothing is counted twice */
	assert_int_equal(got.n_profiles, 2);
	assert_string_equal(got.profiles[0].profile, "default");
	assert_int_equal(got.profiles[0].refused[EG_OP_CONNECT], 11);
	assert_int_equal(got.profiles[0].sessions, 2);
	assert_int_equal(got.profiles[0].managers, 0);
	assert_string_equal(got.profiles[1].profile, "ops");
	assert_int_equal(got.profiles[1].audited[EG_OP_SETUID], 100);
	assert_int_equal(got.profiles[1].sessions, 1);
	assert_int_equal(got.profiles[1].managers, 1);
	assert_int_equal(got.helper.unfiltered, 1);
	assert_int_equal(got.helper.enforcing, 1);
	assert_int_equal(got.helper.started_s, 5);
	assert_int_equal(got.helper.loaded_s, 6);
	assert_true(got.helper.memory > 100000);
	assert_true(got.helper.fds >= 3 && got.helper.fds < 1000);
	assert_true(got.helper.now_s >= 1000000000);
}

/* Looked at a last time, then gone: what it was refused stays counted. */
static void test_session_ends(void **state)
{
	(void)state;
	fake.totals[0].refused[EG_OP_CONNECT] = 7;
	eg_metrics_look(&helper, &sessions[0]);
	fake.totals[0].refused[EG_OP_CONNECT] = 9;
	eg_metrics_look(&helper, &sessions[0]);
	helper.buckets[0] = helper.buckets[1] = NULL;
	ask();
	assert_int_equal(got.profiles[0].refused[EG_OP_CONNECT], 9);
	assert_int_equal(got.profiles[0].sessions, 0);
}

static void test_take_over(void **state)
{
	(void)state;
	fake.totals[0].refused[EG_OP_CONNECT] = 50;
	fake.written[0].refused[EG_OP_CONNECT] = 42;
	eg_metrics_adopt(&helper, &sessions[0]);
	fake.totals[1].refused[EG_OP_CONNECT] = 5; /* without an account */
	eg_metrics_adopt(&helper, &sessions[1]);
	fake.no_written = true;
	fake.totals[2].refused[EG_OP_CONNECT] = 100;
	eg_metrics_adopt(&helper, &sessions[2]);
	ask();
	assert_int_equal(got.profiles[0].refused[EG_OP_CONNECT], 8 + 100);
	assert_int_equal(got.profiles[1].refused[EG_OP_CONNECT], 5);
}

static void test_profile_that_is_gone(void **state)
{
	(void)state;
	(void)snprintf(sessions[1].record.profile_name, EG_PROFILE_SIZE, "old");
	fake.totals[1].refused[EG_OP_BIND] = 3;
	ask();
	assert_int_equal(got.n_profiles, 3);
	assert_string_equal(got.profiles[2].profile, "old");
	assert_int_equal(got.profiles[2].refused[EG_OP_BIND], 3);
}

static const struct eg_msg_metric_rule *rule(const char *profile, enum eg_metric_rule kind,
					     const char *source, uint32_t line)
{
	for (size_t i = 0; i < got.n_rules; i++)
		if (got.rules[i].kind == kind && got.rules[i].line == line &&
		    !strcmp(got.rules[i].source, source) && !strcmp(got.rules[i].profile, profile))
			return &got.rules[i];
	return NULL;
}

static void test_rules(void **state)
{
	struct eg_event event = {.profile = 3, .rule.line = 12};

	(void)state;
	eg_metrics_event(&helper, &sessions[1], &event);
	eg_metrics_event(&helper, NULL, &event);
	/* The policy of the session it comes from: that one's rule. */
	event.profile = 2;
	eg_metrics_event(&helper, &sessions[1], &event);
	event = (struct eg_event){.profile = 3, .rule.line = EG_LINE_FEEDS + 77};
	fake.feed = "/var/feed";
	eg_metrics_event(&helper, &sessions[1], &event);
	fake.feed = NULL;
	eg_metrics_event(&helper, &sessions[1], &event);
	event = (struct eg_event){.profile = 3, .reason = EG_REASON_DEFAULT};
	eg_metrics_event(&helper, &sessions[1], &event);
	event.reason = EG_REASON_PROTECTED;
	eg_metrics_event(&helper, &sessions[1], &event);
	event = (struct eg_event){
		.profile = 3, .reason = EG_REASON_RULE, .rule.line = EG_LINE_UNKNOWN};
	eg_metrics_event(&helper, &sessions[1], &event);
	event = (struct eg_event){.reason = EG_REASON_PROTECTED};
	event.profile = 200; /* of no profile that is known */
	eg_metrics_event(&helper, &sessions[1], &event);
	ask();
	assert_int_equal(got.n_rules, 7);
	assert_int_equal(rule("ops", EG_METRIC_RULE_LINE, "/etc/e.conf", 12)->hits, 2);
	assert_int_equal(rule("default", EG_METRIC_RULE_LINE, "/etc/e.conf", 12)->hits, 1);
	assert_int_equal(rule("ops", EG_METRIC_RULE_LINE, "/var/feed", 77)->hits, 1);
	assert_int_equal(rule("ops", EG_METRIC_RULE_LINE, EG_COUNTERS_OTHER, 77)->hits, 1);
	assert_int_equal(rule("ops", EG_METRIC_RULE_DEFAULT, "", 0)->hits, 1);
	assert_int_equal(rule("ops", EG_METRIC_RULE_BUILTIN, "", 0)->hits, 2);
	assert_int_equal(rule("ops", EG_METRIC_RULE_OTHER, "", 0)->hits, 1);
}

/* More than a socket takes at once: the loop does not wait for who reads. */
static void test_long_answer(void **state)
{
	int64_t before;
	int pair[2];

	(void)state;
	for (uint32_t i = 1; i <= EG_COUNTERS_RULES_MAX + 3; i++) {
		const struct eg_event event = {.profile = 3, .rule.line = i};

		eg_metrics_event(&helper, &sessions[1], &event);
	}
	ask();
	assert_int_equal(got.n_rules, EG_COUNTERS_RULES_MAX + 1);
	assert_int_equal(rule(EG_COUNTERS_OTHER, EG_METRIC_RULE_OTHER, "", 0)->hits, 3);

	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), 0);
	before = eg_proto_now_ms();
	for (int i = 0; i < EG_METRICS_ANSWERS_MAX; i++)
		assert_int_equal(eg_metrics_answer(&helper, pair[0]), 0);
	assert_int_equal(fake.refused, 0);
	assert_int_equal(eg_metrics_answer(&helper, pair[0]), 0);
	assert_int_equal(fake.refused, -EAGAIN);
	assert_true(eg_proto_now_ms() - before < SECOND / 2);
	/* each is given a second: all are still at it */
	assert_int_equal(atomic_load(&helper.metrics.answers), EG_METRICS_ANSWERS_MAX);
	(void)close(pair[1]); /* nobody reads: the threads end */
	(void)close(pair[0]);
	for (int i = 0; i < 5000 && atomic_load(&helper.metrics.answers); i++)
		(void)usleep(1000);
	assert_int_equal(atomic_load(&helper.metrics.answers), 0);
}

static void test_feeds(void **state)
{
	char path[] = "/tmp/eg-metrics.XXXXXX", gone[] = "/tmp/eg-metrics-gone";
	const struct timespec times[2] = {{.tv_sec = 1000}, {.tv_sec = 2000}};
	struct eg_config_feed feeds[] = {{.path = path}, {.path = gone}};
	struct eg_config_text digests[] = {{.text = path}};
	struct eg_config_profile profiles[2] = {
		{.feeds = {feeds, 2}},
		{.feeds = {feeds, 2}, .exec_deny_sha256_files = {.list = digests, .n = 1}}};
	struct eg_config config = {.profiles = profiles, .n_profiles = 2};
	int fd = mkostemp(path, O_CLOEXEC);

	(void)state;
	assert_true(fd >= 0);
	assert_int_equal(futimens(fd, times), 0);
	helper.config = &config;
	helper.generation = 4;
	ask();
	(void)close(fd);
	(void)unlink(path);
	assert_int_equal(got.helper.generation, 4);
	assert_int_equal(got.n_feeds, 2);
	/* by their names */
	assert_string_equal(got.feeds[1].path, path);
	assert_int_equal(got.feeds[1].modified_s, 2000);
	assert_int_equal(got.feeds[0].modified_s, 0);
}

static void test_the_rest(void **state)
{
	(void)state;
	eg_metrics_suppressed(&helper, 3);
	eg_metrics_suppressed(&helper, 4);
	eg_gaps_add(&helper.gaps, EG_METRIC_JOBS, "jobs of cron: x");
	(void)snprintf(helper.last_error, sizeof(helper.last_error), "no");
	eg_counters_reload(&helper.metrics.counters, EG_METRIC_NOT_LOADED, 8);
	helper.metrics.counters.not_opened[EG_METRIC_SHUTDOWN] = 5;
	helper.metrics.counters.exempt = 6;
	eg_counters_login(&helper.metrics.counters, 1500000);
	eg_counters_of(&helper.metrics.counters, "ops")->opened = 2;
	eg_counters_of(&helper.metrics.counters, "ops")->ended = 1;
	ask();
	assert_int_equal(got.helper.suppressed, 7);
	assert_int_equal(got.helper.unguarded[EG_METRIC_JOBS], 1);
	assert_int_equal(got.helper.failed, 1);
	assert_int_equal(got.helper.reloads[EG_METRIC_NOT_LOADED], 1);
	assert_int_equal(got.helper.tried_s, 8);
	assert_int_equal(got.helper.refused[EG_METRIC_SHUTDOWN], 5);
	assert_int_equal(got.helper.exempt, 6);
	assert_int_equal(got.helper.logins[1], 1);
	assert_int_equal(got.helper.login_ns, 1500000);
	assert_int_equal(got.helper.generation, 0);
	assert_string_equal(got.profiles[0].profile, "ops");
	assert_int_equal(got.profiles[0].opened, 2);
	assert_int_equal(got.profiles[0].ended, 1);
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(test_refusals_by_profile),
		CASE(test_session_ends),
		CASE(test_take_over),
		CASE(test_profile_that_is_gone),
		CASE(test_rules),
		CASE(test_long_answer),
		CASE(test_feeds),
		CASE(test_the_rest),
	};

	return cmocka_run_group_tests_name("metrics", tests, NULL, NULL);
}
