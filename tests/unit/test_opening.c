// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Requests to open a session: what each waits for, and what is logged of one that is refused while
 * it does.
 */
#include "opening_world.h"

static void ask_with(struct login *login, bool with_socket)
{
	struct eg_passed passed;

	fake.fds = count_fds();
	passed = make_passed(with_socket);
	assert_int_equal(eg_opening(&login->helper, &login->client, &login->open, &passed), 0);
	eg_passed_done(&passed); /* as server.c */
	if (!login->client.wait)
		assert_int_equal(count_fds(), fake.fds);
}

static void ask(struct login *login)
{
	ask_with(login, false);
}

static void refreshed(struct login *login, int error)
{
	fake.refreshed(&login->helper, &login->client, error);
}

/* How many logins the histogram has, none of them as long as what a clock that is not asked says.
 */
static uint64_t answers(const struct eg_counters *counters)
{
	uint64_t n = 0;

	for (size_t i = 0; i < EG_METRIC_BUCKETS; i++)
		n += counters->logins[i];
	assert_int_equal(counters->logins[EG_METRIC_BUCKETS - 1], 0);
	return n;
}

static void test_ordinary(void **state)
{
	const struct eg_groups none = {.known = true};
	struct login login;

	(void)state;
	set_up(&login, 0);
	fake.needs_groups = true;
	ask(&login);
	assert_int_equal(fake.looks + fake.answer, 0);
	refreshed(&login, 0);
	assert_int_equal(fake.lookups, 1);
	assert_int_equal(fake.answer, 0);
	fake.found(&login.helper, &login.client, 0, &none);
	assert_int_equal(fake.answer, EG_MSG_OPENED);
	assert_int_equal(fake.looks, 1);
	assert_null(login.client.wait);
	assert_int_equal(eg_counters_of(&login.helper.metrics.counters, "")->opened, 1);
	assert_int_equal(answers(&login.helper.metrics.counters), 1);
	eg_counters_done(&login.helper.metrics.counters);
}

/* His start stands in the log already, so his end has to. */
static void test_gone_before_the_answer(void **state)
{
	struct login login;

	(void)state;
	set_up(&login, 0);
	fake.send_error = -EPIPE;
	ask(&login);
	refreshed(&login, 0);
	assert_int_equal(count_fds(), fake.fds);
	assert_int_equal(fake.answer, EG_MSG_OPENED);
	assert_int_equal(fake.ends, 1);
	assert_int_equal(fake.undone, 1);
	assert_non_null(strstr(fake.line, "the answer could not be sent"));
	assert_int_equal(eg_counters_of(&login.helper.metrics.counters, "")->opened, 0);
	eg_counters_done(&login.helper.metrics.counters);
}

/* What came with the request is there while it waits, and closed whatever becomes of it. */
static void test_what_is_passed(void **state)
{
	const struct eg_groups none = {.known = true};
	struct eg_passed passed = EG_PASSED_NONE;
	struct login login;

	(void)state;
	for (int groups = 0; groups < 2; groups++)
		for (int with_socket = 0; with_socket < 2; with_socket++)
			for (int ends = 0; ends < 2; ends++) {
				set_up(&login, 0);
				fake.needs_groups = groups;
				ask_with(&login, with_socket);
				assert_int_equal(count_fds(), fake.fds + 1 + with_socket);
				if (groups)
					refreshed(&login, 0);
				if (ends)
					eg_opening_end(&login.helper, &login.client, -ENOTCONN);
				else if (groups)
					fake.found(&login.helper, &login.client, 0, &none);
				else
					refreshed(&login, 0);
				assert_int_equal(fake.opened, !ends);
				assert_int_equal(count_fds(), fake.fds);
				eg_counters_done(&login.helper.metrics.counters);
			}
	/* Also of one that is exempt, who does not wait. */
	set_up(&login, EG_OPEN_EXEMPT);
	ask_with(&login, true);
	assert_int_equal(fake.looks, 1);
	/* A second one meanwhile, or one without a leaf, is none. */
	set_up(&login, 0);
	assert_int_equal(eg_opening(&login.helper, &login.client, &login.open, &passed), -EBADMSG);
	ask_with(&login, true);
	passed = make_passed(true);
	assert_int_equal(eg_opening(&login.helper, &login.client, &login.open, &passed), -EBADMSG);
	eg_passed_done(&passed);
	eg_opening_end(&login.helper, &login.client, -EBADMSG);
	assert_int_equal(count_fds(), fake.fds);
}

/* Where he comes from is looked for once, and he waits for nothing. */
static void test_exempt(void **state)
{
	struct login login;

	(void)state;
	set_up(&login, EG_OPEN_EXEMPT);
	ask(&login);
	assert_int_equal(fake.answer, EG_MSG_NOT_GUARDED);
	assert_int_equal(fake.looks, 1);
	assert_int_equal(fake.refreshes + fake.opened, 0);
	assert_int_equal(login.helper.metrics.counters.exempt, 1);
	assert_int_equal(answers(&login.helper.metrics.counters), 1);
	set_up(&login, EG_OPEN_EXEMPT);
	fake.origin = -ENOTCONN;
	ask(&login);
	assert_int_equal(fake.answer, EG_MSG_REFUSED);
	assert_int_equal(fake.looks, 1);
	assert_non_null(strstr(fake.line, "reason=\"it cannot be found\""));
	assert_int_equal(login.helper.metrics.counters.exempt, 0);
	assert_int_equal(login.helper.metrics.counters.not_opened[EG_METRIC_SETUP], 1);
	assert_int_equal(answers(&login.helper.metrics.counters), 1);
	set_up(&login, EG_OPEN_EXEMPT);
	fake.proof = -EPERM;
	ask(&login);
	assert_int_equal(fake.answer, EG_MSG_REFUSED);
	assert_non_null(strstr(fake.line, "reason=\"it is no leaf\""));
	assert_int_equal(login.helper.metrics.counters.not_opened[EG_METRIC_CALLER], 1);
}

static void test_exempt_from_a_guarded_session(void **state)
{
	struct login login;

	(void)state;
	set_up(&login, EG_OPEN_EXEMPT);
	fake.origin = 1;
	ask(&login);
	assert_int_equal(fake.answer, 0);
	assert_int_equal(fake.refreshes, 1);
	refreshed(&login, 0);
	assert_int_equal(fake.opened, 1);
	assert_int_equal(fake.answer, EG_MSG_OPENED);
	eg_counters_done(&login.helper.metrics.counters);
}

/* What is logged of one that ends while it waits, for the groups or before that. */
static void test_reason_of_an_end(void **state)
{
	static const struct {
		int why;
		const char *files, *groups;
		enum eg_metric_refused class_of_files, class_of_groups;
	} ends[] = {
		{-ENOTCONN, "the caller hung up after ", "the caller hung up after ",
		 EG_METRIC_HANGUP, EG_METRIC_HANGUP},
		/* at once: nobody is to blame */
		{-ECONNRESET, " ms\"", " ms\"", EG_METRIC_HANGUP, EG_METRIC_HANGUP},
		{-ETIMEDOUT, "time is over: after ", " ms the user's groups were not known",
		 EG_METRIC_FILES, EG_METRIC_GROUPS},
		{-EUSERS, "\"too many connections", "\"too many connections", EG_METRIC_LIMIT,
		 EG_METRIC_LIMIT},
		{-ESHUTDOWN, "\"the helper ends", "\"the helper ends", EG_METRIC_SHUTDOWN,
		 EG_METRIC_SHUTDOWN},
		{-EBADMSG, "\"the connection is closed: Bad message\"",
		 "\"the connection is closed: Bad message\"", EG_METRIC_HANGUP, EG_METRIC_HANGUP},
	};
	struct login login;

	(void)state;
	for (size_t i = 0; i < sizeof(ends) / sizeof(*ends); i++)
		for (int groups = 0; groups < 2; groups++) {
			char errno_text[32];

			set_up(&login, 0);
			fake.needs_groups = groups;
			ask(&login);
			if (groups)
				refreshed(&login, 0);
			eg_opening_end(&login.helper, &login.client, ends[i].why);
			(void)snprintf(errno_text, sizeof(errno_text), " errno=%d ", -ends[i].why);
			assert_non_null(strstr(fake.line, "REFUSED open user=carol pid=7 "));
			assert_non_null(strstr(fake.line, errno_text));
			assert_non_null(strstr(fake.line, groups ? ends[i].groups : ends[i].files));
			assert_null(login.client.wait);
			assert_int_equal(login.helper.metrics.counters
						 .not_opened[groups ? ends[i].class_of_groups
								    : ends[i].class_of_files],
					 1);
			assert_int_equal(answers(&login.helper.metrics.counters), 0);
			fake.line[0] = '\0'; /* and nothing when nothing waits */
			eg_opening_end(&login.helper, &login.client, ends[i].why);
			assert_string_equal(fake.line, "");
		}
}

/* Who waits for a second has waited for somebody. */
static void test_late_hang_up(void **state)
{
	struct login login;

	(void)state;
	for (int groups = 0; groups < 2; groups++) {
		set_up(&login, 0);
		fake.needs_groups = groups;
		ask(&login);
		if (groups)
			refreshed(&login, 0);
		(void)usleep(1000000);
		eg_opening_end(&login.helper, &login.client, -ENOTCONN);
		assert_non_null(strstr(fake.line, groups ? " ms, when the user's groups"
							 : " ms, when the files that rules"));
	}
}

/* Other files may count as well when the groups come and the policy is another one: it is not the
 * groups that were not known. */
static void test_reason_of_no_refresh(void **state)
{
	const struct eg_groups none = {.known = true};
	struct login login;

	(void)state;
	set_up(&login, 0);
	fake.needs_groups = true;
	ask(&login);
	refreshed(&login, 0);
	login.helper.generation++;
	fake.refresh_error = -ENOMEM;
	fake.found(&login.helper, &login.client, 0, &none);
	assert_int_equal(fake.answer, EG_MSG_REFUSED);
	assert_non_null(strstr(fake.line, "cannot see whether files"));
	set_up(&login, 0);
	fake.needs_groups = true;
	ask(&login);
	refreshed(&login, 0);
	fake.found(&login.helper, &login.client, -EIO, &none);
	assert_non_null(strstr(fake.line, "cannot look up the user's groups"));
	assert_int_equal(login.helper.metrics.counters.not_opened[EG_METRIC_GROUPS], 1);
	set_up(&login, 0);
	ask(&login);
	refreshed(&login, -EIO);
	assert_non_null(strstr(fake.line, "cannot see whether files"));
	assert_int_equal(login.helper.metrics.counters.not_opened[EG_METRIC_FILES], 1);
	assert_int_equal(answers(&login.helper.metrics.counters), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ordinary),
		cmocka_unit_test(test_gone_before_the_answer),
		cmocka_unit_test(test_what_is_passed),
		cmocka_unit_test(test_exempt),
		cmocka_unit_test(test_exempt_from_a_guarded_session),
		cmocka_unit_test(test_reason_of_an_end),
		cmocka_unit_test(test_late_hang_up),
		cmocka_unit_test(test_reason_of_no_refresh),
	};

	return cmocka_run_group_tests_name("opening", tests, NULL, NULL);
}
