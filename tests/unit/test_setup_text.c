// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The lines that ebpfguardctl setup adds to a service of PAM and to the configuration. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "setup_text.h"
#include "util.h"

#define LINE "session required pam_ebpfguard.so exempt_user=admin " EG_SETUP_MARK "\n"

static const struct {
	const char *before, *after; /* after: NULL = there is a line already */
} services[] = {
	{"auth x\n@include common-session\nsession required pam_env.so\n",
	 "auth x\n@include common-session\n" LINE "session required pam_env.so\n"},
	{"session include password-auth\nsession include postlogin\n",
	 "session include password-auth\n" LINE "session include postlogin\n"},
	{"session   include   system-remote-login\n",
	 "session   include   system-remote-login\n" LINE},
	{"auth include password-auth\nsession required pam_unix.so\n",
	 "auth include password-auth\nsession required pam_unix.so\n" LINE},
	{"session required pam_unix.so", "session required pam_unix.so\n" LINE},
	{"", LINE},
	{"#@include common-session\n", "#@include common-session\n" LINE},
	{"@include common-session-noninteractive\n",
	 "@include common-session-noninteractive\n" LINE},
	{"@include common-session\nsession optional pam_ebpfguard.so\n", NULL},
	{"-session required /lib/security/pam_ebpfguard.so\n", NULL},
	{LINE, NULL},
	{"a\r\n@include common-session\r\nb\r\n", "a\r\n@include common-session\r\n" LINE "b\r\n"},
};

/* Behind a line that goes on, ours would be a part of it. */
static const char *const joined[] = {
	"@include common-session\nsession optional pam_x.so a=1 \\\n",
	"@include common-session \\\n",
	"session required \\\npam_ebpfguard.so\n",
	"session optional pam_x.so \\",
};

static void test_pam_joined(void **state)
{
	(void)state;
	for (size_t i = 0; i < EG_ARRAY_SIZE(joined); i++) {
		char *text eg_auto_free = NULL;

		assert_int_equal(eg_setup_pam_add(joined[i], "", &text), -ENOTSUP);
		assert_null(text);
	}
}

static void test_pam(void **state)
{
	(void)state;
	for (size_t i = 0; i < EG_ARRAY_SIZE(services); i++) {
		char *text eg_auto_free = NULL, *back eg_auto_free = NULL;
		int r = eg_setup_pam_add(services[i].before, "exempt_user=admin", &text);

		print_message("# %s\n", services[i].before);
		if (!services[i].after) {
			assert_int_equal(r, -EEXIST);
			continue;
		}
		assert_int_equal(r, 0);
		assert_string_equal(text, services[i].after);
		assert_int_equal(eg_setup_pam_remove(text, &back), 1);
		/* but for the end of a last line that had none */
		assert_memory_equal(back, services[i].before, strlen(services[i].before));
		assert_true(strlen(back) <= strlen(services[i].before) + 1);
	}
}

static void test_pam_others(void **state)
{
	const char *text = "session required pam_ebpfguard.so\n# ebpfguardctl setup is fine\n";
	char *back eg_auto_free = NULL;

	(void)state;
	assert_int_equal(eg_setup_pam_remove(text, &back), 0);
	assert_string_equal(back, text);
}

static const struct {
	const char *before, *after; /* after: NULL = -ENOTSUP */
} modes[] = {
	{"mode = \"audit\";\n",
	 "mode = \"enforce\"; # ebpfguardctl setup, before: mode = \"audit\";\n"},
	{"# a\n  mode : \"audit\" # for now\ndeny = [];\n",
	 "# a\nmode = \"enforce\"; # ebpfguardctl setup, before:   mode : \"audit\" # for now\n"
	 "deny = [];\n"},
	{"deny = [];\n", "mode = \"enforce\"; # ebpfguardctl setup, before: -\ndeny = [];\n"},
	{"", "mode = \"enforce\"; # ebpfguardctl setup, before: -\n"},
	{"profiles = ( { name = \"a\"; mode = \"audit\"; } );\n",
	 "mode = \"enforce\"; # ebpfguardctl setup, before: -\n"
	 "profiles = ( { name = \"a\"; mode = \"audit\"; } );\n"},
	{"/* mode = \"audit\"; */ // mode = \"audit\"\nx = \"mode = \\\"\";\nmode=\"audit\";",
	 "/* mode = \"audit\"; */ // mode = \"audit\"\nx = \"mode = \\\"\";\n"
	 "mode = \"enforce\"; # ebpfguardctl setup, before: mode=\"audit\";\n"},
	{"xmode = 1; log = { mode = 2; };\nmode=\"audit\"\n",
	 "xmode = 1; log = { mode = 2; };\n"
	 "mode = \"enforce\"; # ebpfguardctl setup, before: mode=\"audit\"\n"},
	{"Mode = \"audit\";\n",
	 "mode = \"enforce\"; # ebpfguardctl setup, before: -\nMode = \"audit\";\n"},
	{"a = 1;\r\nmode = \"audit\";\r\n",
	 "a = 1;\r\nmode = \"enforce\"; # ebpfguardctl setup, before: mode = \"audit\";\r\n"},
	{"deny = []; mode = \"audit\";\n", NULL},
	{"mode = \"audit\"; deny = [];\n", NULL},
	{"mode = # which\n\"audit\";\n", NULL},
};

static void test_mode(void **state)
{
	(void)state;
	for (size_t i = 0; i < EG_ARRAY_SIZE(modes); i++) {
		char *text eg_auto_free = NULL, *back eg_auto_free = NULL;
		char *twice eg_auto_free = NULL, *none eg_auto_free = NULL;
		int r = eg_setup_mode_set(modes[i].before, "enforce", &text);

		print_message("# %s\n", modes[i].before);
		if (!modes[i].after) {
			assert_int_equal(r, -ENOTSUP);
			continue;
		}
		assert_int_equal(r, 0);
		assert_string_equal(text, modes[i].after);
		/* What there is to go back to is what stood there at first. */
		assert_int_equal(eg_setup_mode_set(text, "enforce", &twice), 0);
		assert_string_equal(twice, text);
		assert_int_equal(eg_setup_mode_undo(text, &back), 1);
		assert_memory_equal(back, modes[i].before, strlen(modes[i].before));
		assert_true(strlen(back) <= strlen(modes[i].before) + 1);
		assert_int_equal(eg_setup_mode_undo(back, &none), 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_pam), cmocka_unit_test(test_pam_others),
		cmocka_unit_test(test_pam_joined), cmocka_unit_test(test_mode)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
