// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The records that are made by the helper itself: which are written, and where they go when the log
 * does not take them. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "forms.h"
#include "helper.h"
#include "log.h"
#include "page_helpers.h"

/* ---- what it works on */

static struct {
	int totals_error, log_error, message_error;
	unsigned int refused;	   /* of the operation connect */
	bool all;		   /* whatever can be counted was */
	char record[EG_LINE_MAX];  /* the last that the log took */
	char message[EG_LINE_MAX]; /* likewise, of the helper's own */
	char anyhow[EG_LINE_MAX];  /* likewise, what must get somewhere */
	int anyhow_priority;
} world;

int eg_bpf_totals_get(struct eg_bpf *bpf, uint64_t session, struct eg_totals *ret)
{
	(void)bpf;
	(void)session;
	if (world.totals_error)
		return world.totals_error;
	*ret = (struct eg_totals){0};
	ret->refused[EG_OP_CONNECT] = world.refused;
	if (world.all)
		memset(ret, 1, sizeof(*ret));
	return 0;
}

int eg_log_record(int priority, const struct eg_fields *fields)
{
	(void)priority;
	forms_agree(fields);
	assert_in_page(fields);
	if (!world.log_error)
		assert_true(eg_fields_kv(fields, world.record, sizeof(world.record)) > 0);
	return world.log_error;
}

int eg_log_line(int priority, const char *line)
{
	(void)priority;
	if (!world.message_error)
		(void)snprintf(world.message, sizeof(world.message), "%s", line);
	return world.message_error;
}

int eg_log_anyhow(int priority, const char *line)
{
	world.anyhow_priority = priority;
	(void)snprintf(world.anyhow, sizeof(world.anyhow), "%s", line);
	return 0;
}

int64_t eg_session_age_s(const struct eg_session *session)
{
	return session->age_s;
}

static int set_up(void **state)
{
	(void)state;
	memset(&world, 0, sizeof(world));
	return 0;
}

/* ---- tests */

static struct eg_helper helper;
static struct eg_session session = {
	.number = 7, .record = {.user = "u", .profile_name = "p"}, .age_s = 34};

static void test_end(void **state)
{
	static const char begins[] = "END session=7 user=u uid=0 profile=p seconds=34 ";

	(void)state;
	world.refused = 3;
	eg_report_end(&helper, &session);
	assert_memory_equal(world.record, begins, sizeof(begins) - 1);
	assert_non_null(strstr(world.record, " refused=3 audited=0 lost=0 connect=3 host="));
}

static void test_kinds(void **state)
{
	struct eg_session one = {.number = 8,
				 .record = {.user = "1",
					    .profile_name = "2",
					    .rhost = "3",
					    .rport = 4,
					    .service = "5",
					    .key = "6",
					    .leader = 7,
					    .origin_session = 8},
				 .unrecorded = {1, 2, 3, 4}};
	struct eg_peer peer = {.pid = 1, .uid = 2};

	(void)state;
	eg_report_start(&helper, &one, "/a");
	assert_memory_equal(world.record, "START ", 6);
	eg_report_lost(&helper, &one);
	assert_memory_equal(world.record, "UNRECORDED ", 11);
	eg_report_refused_open(&helper, "1", &peer, -EPERM, "not now");
	assert_memory_equal(world.record, "REFUSED ", 8);
	eg_report_refused_request(&helper, 9, &peer, 8, "not now");
	assert_memory_equal(world.record, "REFUSED ", 8);
}

/* An earlier helper was killed while it forgot the session: that one has said it. */
static void test_end_said(void **state)
{
	(void)state;
	world.totals_error = -ENOENT;
	eg_report_end(&helper, &session);
	assert_string_equal(world.record, "");
	assert_string_equal(world.message, "");
}

/* Who can say it again is told; who cannot has it among the helper's messages. */
static void test_sum_refused(void **state)
{
	static const char says[] = "SUPPRESSED session=7 user=u count=5 connect=5 host=";
	struct eg_account_sum sum = {0};

	(void)state;
	sum.counts.refused[EG_OP_CONNECT] = 5;
	assert_int_equal(eg_report_sum(&helper, 7, &session, &sum, false), 0);
	assert_memory_equal(world.record, says, sizeof(says) - 1);
	world.log_error = -ENOSPC;
	assert_int_equal(eg_report_sum(&helper, 7, &session, &sum, false), -ENOSPC);
	assert_string_equal(world.message, "");
	assert_int_equal(eg_report_sum(&helper, 7, &session, &sum, true), 0);
	assert_memory_equal(world.message, says, sizeof(says) - 1);
}

/* Nobody reads any log: whose end it is and what is missing is said once, where it can be. */
static void test_unsaid(void **state)
{
	struct eg_account_sum sum = {.lost = true};

	(void)state;
	helper.metrics.counters.unsaid = 0;
	session.record.user[0] = '\n';
	world.log_error = -EAGAIN;
	sum.counts.refused[EG_OP_CONNECT] = 5;
	/* syslog takes it */
	assert_int_equal(eg_report_sum(&helper, 7, &session, &sum, true), 0);
	eg_report_end(&helper, &session);
	eg_report_unsaid(&session);
	assert_string_equal(world.anyhow, "");
	assert_int_equal(helper.metrics.counters.unsaid, 0);
	/* nor does syslog */
	world.message_error = -EAGAIN;
	assert_int_equal(eg_report_sum(&helper, 7, &session, &sum, true), 0);
	assert_int_equal(eg_report_sum(&helper, 7, &session, &sum, true), 0);
	eg_report_end(&helper, &session);
	assert_int_equal(helper.metrics.counters.unsaid, 3);
	eg_report_unsaid(&session);
	assert_string_equal(
		world.anyhow,
		"session 7 of user \\x0a is over, and neither the log nor syslog took its "
		"END and 2 lines that count 10 events: that is missing there");
	assert_int_equal(world.anyhow_priority, LOG_WARNING);
	/* once */
	world.anyhow[0] = '\0';
	eg_report_unsaid(&session);
	assert_string_equal(world.anyhow, "");
	/* of a session that is not known any more the number is all there is, and it is counted */
	assert_int_equal(eg_report_sum(&helper, 8, NULL, &sum, true), 0);
	assert_int_equal(helper.metrics.counters.unsaid, 4);
	/* what will be tried again is not lost */
	assert_int_equal(eg_report_sum(&helper, 7, &session, &sum, false), -EAGAIN);
	assert_int_equal(helper.metrics.counters.unsaid, 4);
	eg_report_unsaid(&session);
	assert_string_equal(world.anyhow, "");
	session.record.user[0] = 'u';
}

/* Each kind of record with all that can be in it: eg_log_record above looks it up in the page. */
static void test_in_page(void **state)
{
	static const struct eg_event stray = {.session = 7, .tgid = 5};
	static const struct eg_peer peer = {.pid = 5, .uid = 1000};
	struct eg_account_sum sum;

	(void)state;
	world.all = true;
	session.record.origin_session = 3;
	memset(session.unwritten, 1, sizeof(session.unwritten));
	eg_report_start(&helper, &session, "/x");
	assert_memory_equal(world.record, "START ", 6);
	eg_report_stray(&helper, &session, &stray, "/x");
	assert_memory_equal(world.record, "STRAY ", 6);
	eg_report_lost(&helper, &session);
	assert_memory_equal(world.record, "UNRECORDED ", 11);
	eg_report_end(&helper, &session);
	assert_non_null(strstr(world.record, " recorded_open="));
	memset(&sum, 1, sizeof(sum));
	for (int lost = 0; lost < 2; lost++) {
		sum.lost = lost;
		assert_int_equal(eg_report_sum(&helper, 7, &session, &sum, true), 0);
		assert_non_null(strstr(world.record, " replayed=yes "));
	}
	eg_report_refused_open(&helper, "u", &peer, -EPERM, "why");
	assert_memory_equal(world.record, "REFUSED open ", 13);
	eg_report_refused_request(&helper, 1, &peer, 7, "why");
	assert_memory_equal(world.record, "REFUSED request ", 16);
	memset(session.unwritten, 0, sizeof(session.unwritten));
	session.record.origin_session = 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_end, set_up),
		cmocka_unit_test_setup(test_kinds, set_up),
		cmocka_unit_test_setup(test_end_said, set_up),
		cmocka_unit_test_setup(test_sum_refused, set_up),
		cmocka_unit_test_setup(test_unsaid, set_up),
		cmocka_unit_test_setup(test_in_page, set_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
