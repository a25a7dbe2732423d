// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The table of hooks a kernel may lack, and which hook a program is for. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "hooks.h"
#include "proto.h"
#include "util.h"

static void test_table_is_sound(void **state)
{
	size_t n, names = 0;
	const struct eg_hook *hooks = eg_hooks_table(&n);

	(void)state;
	assert_in_range(n, 1, EG_HOOKS_MAX);
	for (size_t i = 0; i < n; i++) {
		assert_true(hooks[i].name[0] && hooks[i].weaker[0]);
		assert_null(strchr(hooks[i].name, ' ')); /* status separates names by blanks */
		assert_ptr_equal(eg_hooks_optional(hooks[i].name), &hooks[i]); /* none twice */
		assert_false(hooks[i].instead && !strcmp(hooks[i].instead, hooks[i].name));
		names += strlen(hooks[i].name) + 1;
	}
	assert_null(eg_hooks_optional(eg_hook_digests.name)); /* no kernel has such a hook */
	names += strlen(eg_hook_digests.name) + 1;
	assert_in_range(names, 1, sizeof(((struct eg_msg_is_status *)0)->hooks_missing));
}

static void test_optional_unknown(void **state)
{
	static const char *const needed[] = {"socket_connect", "task_alloc", "", "userns",
					     "userns_create2"};

	(void)state;
	for (size_t i = 0; i < EG_ARRAY_SIZE(needed); i++)
		assert_null(eg_hooks_optional(needed[i]));
	assert_non_null(eg_hooks_optional("userns_create"));
}

static void test_of_section(void **state)
{
	static const struct {
		const char *section, *hook;
	} cases[] = {
		{"lsm/file_open", "file_open"},
		{"lsm.s/bprm_creds_from_file", "bprm_creds_from_file"},
		{"lsm/", ""},
		{"lsm_cgroup/socket_bind", NULL},
		{"tp_btf/cgroup_mkdir", NULL},
		{"iter/task", NULL},
		{"cgroup_skb/egress", NULL},
		{"", NULL},
	};

	(void)state;
	for (size_t i = 0; i < EG_ARRAY_SIZE(cases); i++) {
		const char *hook = eg_hooks_of_section(cases[i].section);

		if (cases[i].hook)
			assert_string_equal(hook, cases[i].hook);
		else
			assert_null(hook);
	}
}

/* The product sees every hook there is. */
static void test_blind_is_not_built_in(void **state)
{
	size_t n;
	const struct eg_hook *hooks = eg_hooks_table(&n);

	(void)state;
	for (size_t i = 0; i < n; i++)
		assert_false(eg_hooks_is_blind(hooks[i].name));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_table_is_sound),
		cmocka_unit_test(test_optional_unknown),
		cmocka_unit_test(test_of_section),
		cmocka_unit_test(test_blind_is_not_built_in),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
