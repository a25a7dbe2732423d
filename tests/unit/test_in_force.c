// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * The table of profiles in force: who leaves it, and what is looked up anew for whom. The kernel,
 * the disk and the host are stood in for.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "helper.h"
#include "inforce.h"
#include "log.h"

/* What the stand-ins are told, and tell. */
static struct {
	const struct eg_config_profile *bad; /* cannot be looked up */
	bool unprotected;		     /* what is ours cannot be */
	int looks, renewed, protects, settled, sweeps;
	bool all; /* as settled */
	char line[512];
} fake;

int eg_bpf_record_next(struct eg_bpf *bpf, uint64_t *session)
{
	(void)bpf;
	(void)session;
	return -ENOENT;
}

int eg_bpf_record_get(struct eg_bpf *bpf, uint64_t session, struct eg_record *ret)
{
	(void)bpf;
	(void)session;
	(void)ret;
	return -ENOENT;
}

void eg_bpf_events_positions(struct eg_bpf *bpf, uint64_t *ret_produced, uint64_t *ret_consumed)
{
	(void)bpf;
	*ret_produced = *ret_consumed = 0;
}

int eg_bpf_place_rules_renew(struct eg_bpf *bpf, uint32_t slot, const struct eg_policy_image *image)
{
	(void)bpf;
	(void)slot;
	(void)image;
	fake.renewed++;
	return 0;
}

int eg_inforce_places(struct eg_helper *helper, struct eg_place_watch *watch,
		      const struct eg_config_profile *profile, struct eg_policy_image *image,
		      struct eg_err *reterr)
{
	(void)helper;
	(void)watch;
	(void)image;
	fake.looks++;
	return profile == fake.bad ? eg_err_fail(reterr, -EOVERFLOW, "too many") : 0;
}

int eg_inforce_protect(struct eg_helper *helper, struct eg_place_watch *watch,
		       const struct eg_config *next)
{
	(void)helper;
	(void)watch;
	(void)next;
	fake.protects++;
	return fake.unprotected ? -ENOMEM : 0;
}

void eg_inforce_sweep(struct eg_helper *helper)
{
	(void)helper;
	fake.sweeps++;
}

int eg_inforce_devices(struct eg_helper *helper)
{
	(void)helper;
	return 0;
}

void eg_places_hold(struct eg_places *places)
{
	(void)places;
}

void eg_places_release(struct eg_places *places)
{
	(void)places;
}

bool eg_place_watch_is_stale(struct eg_places *places, struct eg_place_watch *watch)
{
	(void)places;
	(void)watch;
	return true;
}

int eg_place_watch_begin(struct eg_places *places, struct eg_place_watch *watch)
{
	(void)places;
	(void)watch;
	return 0;
}

void eg_place_watch_settle(struct eg_places *places, struct eg_place_watch *watch, bool all)
{
	(void)places;
	(void)watch;
	fake.settled++;
	fake.all = all;
}

bool eg_resolve_is_stale(const struct eg_resolved *resolved)
{
	(void)resolved;
	return false;
}

int eg_resolve_again(struct eg_bpf *bpf, uint32_t slot, struct eg_resolved *resolved)
{
	(void)bpf;
	(void)slot;
	(void)resolved;
	return 0;
}

void eg_resolved_done(struct eg_resolved *resolved)
{
	memset(resolved, 0, sizeof(*resolved));
}

void eg_log(int priority, const char *format, ...)
{
	va_list ap;

	(void)priority;
	va_start(ap, format);
	(void)vsnprintf(fake.line, sizeof(fake.line), format, ap);
	va_end(ap);
}

/* ---- the cases */

enum { N = 6 };

static struct eg_config config;
static struct eg_config_profile profiles[N];

/* Profiles at slots from 10 on; those that `configured` has a bit for are. */
static void set_up(struct eg_helper *helper, unsigned int configured)
{
	memset(&fake, 0, sizeof(fake));
	*helper = (struct eg_helper){.config = &config, .n_in_force = N};
	helper->in_force = calloc(N, sizeof(*helper->in_force));
	assert_non_null(helper->in_force);
	for (uint32_t i = 0; i < N; i++) {
		helper->in_force[i].slot = 10 + i;
		(void)snprintf(helper->in_force[i].name, EG_PROFILE_SIZE, "p%u", i);
		if (configured & 1U << i)
			helper->in_force[i].profile = &profiles[i];
	}
}

static void test_sweep(void **state)
{
	struct eg_session session = {.record = {.profile = 11, .origin = 14}};
	uint32_t slots[EG_PROFILES_MAX];
	struct eg_helper helper;

	(void)state;
	set_up(&helper, 1U << 3);
	helper.buckets[5] = &session;
	assert_int_equal(eg_in_force_sweep(&helper, slots), 3);
	assert_int_equal(slots[0], 10);
	assert_int_equal(slots[1], 12);
	assert_int_equal(slots[2], 15);
	assert_int_equal(helper.n_in_force, 3);
	assert_non_null(eg_in_force_find(&helper, "p1"));
	assert_non_null(eg_in_force_find(&helper, "p3"));
	assert_non_null(eg_in_force_find(&helper, "p4"));
	assert_int_equal(eg_in_force_sweep(&helper, slots), 0);
	assert_int_equal(helper.n_in_force, 3);
	eg_in_force_free(&helper);
}

static void test_refresh(void **state)
{
	bool renewed[EG_PROFILES_MAX] = {false};
	struct eg_helper helper;

	(void)state;
	set_up(&helper, 0x3e);
	eg_in_force_refresh(&helper, renewed);
	assert_int_equal(fake.renewed, 5);
	assert_true(renewed[11] && !renewed[10]);
	assert_int_equal(fake.settled, 1);
	assert_true(fake.all);
	assert_int_equal(fake.sweeps, 1);
	eg_in_force_free(&helper);
}

/* The others get what there is to know, and it is known that it was not all. */
static void test_refresh_fails_for_one(void **state)
{
	bool renewed[EG_PROFILES_MAX] = {false};
	struct eg_helper helper;

	(void)state;
	set_up(&helper, 0x3e);
	fake.bad = &profiles[2];
	eg_in_force_refresh(&helper, renewed);
	assert_int_equal(fake.looks, 5);
	assert_int_equal(fake.renewed, 4);
	assert_int_equal(fake.protects, 1);
	assert_int_equal(fake.settled, 1);
	assert_false(fake.all);
	assert_int_equal(fake.sweeps, 0);
	assert_non_null(strstr(fake.line, "too many"));
	fake.bad = NULL;
	fake.unprotected = true;
	eg_in_force_refresh(&helper, renewed);
	assert_int_equal(fake.settled, 2);
	assert_false(fake.all);
	eg_in_force_free(&helper);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sweep),
		cmocka_unit_test(test_refresh),
		cmocka_unit_test(test_refresh_fails_for_one),
	};

	return cmocka_run_group_tests_name("in_force", tests, NULL, NULL);
}
