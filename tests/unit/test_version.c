// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Pins of other versions: which directories are sets, who holds one, whose cgroup is a manager's.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <cmocka.h>

#include "util.h"
#include "version.h"

static void test_dir(void **state)
{
	static const struct {
		const char *name;
		enum eg_version_dir what;
		unsigned int abi;
	} table[] = {
		{"v7", EG_VERSION_SET, 7},
		{"v0", EG_VERSION_SET, 0},
		{"v4711", EG_VERSION_SET, 4711},
		{"v123456789", EG_VERSION_SET, 123456789},
		{"v7_new", EG_VERSION_NEW, 7},
		{"v7_gone", EG_VERSION_GONE, 7},
		{"", EG_VERSION_NONE, 0},
		{"v", EG_VERSION_NONE, 0},
		{"7", EG_VERSION_NONE, 0},
		{"V7", EG_VERSION_NONE, 0},
		{"v07", EG_VERSION_NONE, 0},
		{"v+7", EG_VERSION_NONE, 0},
		{"v-7", EG_VERSION_NONE, 0},
		{"v 7", EG_VERSION_NONE, 0},
		{"v7 ", EG_VERSION_NONE, 0},
		{"v7x", EG_VERSION_NONE, 0},
		{"v7_old", EG_VERSION_NONE, 0},
		{"v7_new_gone", EG_VERSION_NONE, 0},
		{"v1234567890", EG_VERSION_NONE, 0},
		{"v99999999999999999999", EG_VERSION_NONE, 0},
		{"views", EG_VERSION_NONE, 0},
	};

	(void)state;
	for (size_t i = 0; i < EG_ARRAY_SIZE(table); i++) {
		unsigned int abi = 0;

		if (eg_version_dir(table[i].name, &abi) != table[i].what || abi != table[i].abi)
			fail_msg("%s: %d of %u", table[i].name, eg_version_dir(table[i].name, &abi),
				 abi);
	}
}

static void test_sessions(void **state)
{
	static const struct eg_member members[] = {
		{.session = 1, .tgid = 10, .tid = 10},
		{.session = 1, .tgid = 10, .tid = 11},
		{.session = 2, .tgid = 20, .tid = 20, .flags = EG_GUARD_MANAGER},
		{.session = 2, .tgid = 21, .tid = 21, .flags = EG_GUARD_MANAGER},
		{.session = 3, .tgid = 30, .tid = 30, .stray = 1},
		{.session = 4, .tgid = 40, .tid = 40, .flags = EG_GUARD_LEADER},
		{.session = 5, .tgid = 50, .tid = 50, .flags = EG_GUARD_MANAGER},
		{.session = 5, .tgid = 51, .tid = 51, .flags = EG_GUARD_MANAGER, .stray = 1},
	};
	/* with the first N of them */
	static const uint32_t expected[] = {0, 1, 1, 1, 1, 2, 3, 3, 4};

	(void)state;
	for (size_t n = 0; n < EG_ARRAY_SIZE(expected); n++)
		assert_int_equal(eg_version_sessions(members, n), expected[n]);
}

/* A helper of any version finds these where they are: a change takes another contract. */
static void test_member_never_changes(void **state)
{
	(void)state;
	assert_int_equal(sizeof(struct eg_member), 24);
	assert_int_equal(offsetof(struct eg_member, session), 0);
	assert_int_equal(offsetof(struct eg_member, tgid), 8);
	assert_int_equal(offsetof(struct eg_member, tid), 12);
	assert_int_equal(offsetof(struct eg_member, flags), 16);
	assert_int_equal(offsetof(struct eg_member, stray), 20);
	assert_int_equal(EG_GUARD_MANAGER, 2);
}

static void test_is_manager(void **state)
{
	static const struct {
		const char *path;
		bool is;
		uint32_t uid;
	} table[] = {
		{"/user.slice/user-1000.slice/user@1000.service", true, 1000},
		{"/user.slice/user-0.slice/user@0.service", true, 0},
		{"/user.slice/user-4294967294.slice/user@4294967294.service", true, 4294967294U},
		{"/user.slice/user-1000.slice/user@1001.service", false, 0},
		{"/user.slice/user-1000.slice/user@1000.service/app.slice", false, 0},
		{"/user.slice/user-1000.slice/session-2.scope/ebpfguard-0123456789abcdef", false,
		 0},
		{"/user.slice/user-01000.slice/user@1000.service", false, 0},
		{"/x/user.slice/user-1000.slice/user@1000.service", false, 0},
		{"/ebpfguard/ebpfguard-0123456789abcdef", false, 0},
		{"/", false, 0},
		{"", false, 0},
	};

	(void)state;
	for (size_t i = 0; i < EG_ARRAY_SIZE(table); i++) {
		uint32_t uid = 0;

		if (eg_version_is_manager(table[i].path, &uid) != table[i].is ||
		    uid != table[i].uid)
			fail_msg("%s: uid %u", table[i].path, uid);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_dir),
		cmocka_unit_test(test_sessions),
		cmocka_unit_test(test_member_never_changes),
		cmocka_unit_test(test_is_manager),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
