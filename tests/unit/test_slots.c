// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Slots for profiles: who keeps one, who gets a free one, and when there is none what is said. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "abi.h"
#include "slots.h"

enum { N_SLOTS = EG_PROFILES_MAX - EG_PROFILE_FIRST };

static struct eg_config_profile profiles[EG_CONFIG_PROFILES_MAX];
static char names[N_SLOTS][EG_CONFIG_LABEL_SIZE];
static struct eg_slot taken[N_SLOTS];
static uint32_t slots[EG_CONFIG_PROFILES_MAX];

/* A configuration of n: "default", and new ones. */
static void configure(size_t n)
{
	memset(profiles, 0, sizeof(profiles));
	for (size_t i = 0; i < n; i++) {
		(void)snprintf(profiles[i].name, sizeof(profiles[i].name), i ? "new%zu" : "default",
			       i);
		profiles[i].line = (unsigned int)i;
	}
}

/* n slots are taken, from the first: by "default", and by others, the last of which are left. */
static void take(size_t n, size_t n_left)
{
	memset(taken, 0, sizeof(taken));
	for (size_t i = 0; i < n; i++) {
		(void)snprintf(names[i], sizeof(names[i]), i ? "old%zu" : "default", i);
		taken[i] = (struct eg_slot){.name = names[i],
					    .slot = (uint32_t)(EG_PROFILE_FIRST + i),
					    .left = i >= n - n_left};
	}
}

static void test_first(void **state)
{
	struct eg_err err = {0};

	(void)state;
	configure(3);
	assert_int_equal(eg_slots_assign(NULL, 0, profiles, 3, slots, &err), 0);
	for (uint32_t i = 0; i < 3; i++)
		assert_int_equal(slots[i], EG_PROFILE_FIRST + i);
}

/* A name that has a slot keeps it, also when it comes back; others get those that are free. */
static void test_kept(void **state)
{
	struct eg_err err = {0};

	(void)state;
	configure(4);
	take(5, 2);
	taken[2].slot = 100;
	(void)strcpy(profiles[1].name, "old4"); /* left, and back */
	(void)strcpy(profiles[3].name, "old2");
	assert_int_equal(eg_slots_assign(taken, 5, profiles, 4, slots, &err), 0);
	assert_int_equal(slots[0], EG_PROFILE_FIRST);
	assert_int_equal(slots[1], EG_PROFILE_FIRST + 4);
	assert_int_equal(slots[2], EG_PROFILE_FIRST + 2);
	assert_int_equal(slots[3], 100);
}

/* All profiles that there can be, with new names: there is room beside the old ones. */
static void test_all_renamed(void **state)
{
	struct eg_err err = {0};
	bool used[EG_PROFILES_MAX] = {0};

	(void)state;
	configure(EG_CONFIG_PROFILES_MAX);
	take(EG_CONFIG_PROFILES_MAX, 0);
	assert_int_equal(eg_slots_assign(taken, EG_CONFIG_PROFILES_MAX, profiles,
					 EG_CONFIG_PROFILES_MAX, slots, &err),
			 0);
	assert_int_equal(slots[0], EG_PROFILE_FIRST);
	for (size_t i = 1; i < EG_CONFIG_PROFILES_MAX; i++) {
		assert_in_range(slots[i], EG_PROFILE_FIRST + EG_CONFIG_PROFILES_MAX,
				EG_PROFILES_MAX - 1);
		assert_false(used[slots[i]]);
		used[slots[i]] = true;
	}
}

static void check_full(size_t n_taken, size_t n_left, const char *message)
{
	struct eg_err err = {0};

	take(n_taken, n_left);
	configure(EG_CONFIG_PROFILES_MAX);
	assert_int_equal(
		eg_slots_assign(taken, n_taken, profiles, EG_CONFIG_PROFILES_MAX, slots, &err),
		message ? -ENOSPC : 0);
	assert_string_equal(err.text, message ? message : "");
	assert_int_equal(err.line, message ? EG_CONFIG_PROFILES_MAX - 1 : 0);
}

/* What sessions still have from earlier can be in the way. It is named, and what to do. */
static void test_full(void **state)
{
	enum { ROOM = N_SLOTS - (EG_CONFIG_PROFILES_MAX - 1) };

	(void)state;
	check_full(ROOM, 1, NULL);
	check_full(ROOM + 1, 1,
		   "no room for profile \"new126\": sessions still have 1 that are no longer "
		   "configured (old128); let them end, or give profiles their old names, and "
		   "reload");
	check_full(ROOM + 1, 4,
		   "no room for profile \"new126\": sessions still have 4 that are no longer "
		   "configured (old125, old126, old127, old128); let them end, or give profiles "
		   "their old names, and reload");
	check_full(ROOM + 1, 6,
		   "no room for profile \"new126\": sessions still have 6 that are no longer "
		   "configured (old123, old124, old125, old126 and 2 more); let them end, or give "
		   "profiles their old names, and reload");
}

/* Names as long as they can be, and slots that nobody knows by whom they are taken. */
static void test_full_names(void **state)
{
	enum { N = EG_CONFIG_PROFILES_MAX + 2 };
	struct eg_err err = {0};

	(void)state;
	configure(EG_CONFIG_PROFILES_MAX);
	take(N, 6);
	for (size_t i = N - 6; i < N; i++)
		(void)memset(names[i], 'a' + (int)(i % 26), sizeof(names[i]) - 1);
	assert_int_equal(eg_slots_assign(taken, N, profiles, EG_CONFIG_PROFILES_MAX, slots, &err),
			 -ENOSPC);
	assert_non_null(strstr(err.text, " and 2 more); let them end, or give profiles their old "
					 "names, and reload"));
	for (size_t i = N - 6; i < N; i++)
		taken[i].name = "";
	assert_int_equal(eg_slots_assign(taken, N, profiles, EG_CONFIG_PROFILES_MAX, slots, &err),
			 -ENOSPC);
	assert_non_null(strstr(err.text, "(6 others)"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_first),	    cmocka_unit_test(test_kept),
		cmocka_unit_test(test_all_renamed), cmocka_unit_test(test_full),
		cmocka_unit_test(test_full_names),
	};

	return cmocka_run_group_tests_name("slots", tests, NULL, NULL);
}
