// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Why a login of sshd is not guarded, and which processes are logins. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "ctl_host.h"
#include "ctl_remote.h"
#include "util.h"

/* ---- why ---- */

static const struct eg_pam_use line = {.found = true}, no_line = {.found = false},
			       exempt_alice = {.found = true, .exempt_users = "bob,alice"},
			       exempt_adm = {.found = true, .exempt_groups = "adm"},
			       lenient = {.found = true, .onerr = true},
			       optional = {.found = true, .optional = true};

static const struct {
	const char *name;
	struct eg_ctl_evidence evidence;
	enum eg_ctl_why why;
	const char *text;
} reasons[] = {
	{"nothing is known",
	 {.use = &no_line, .uses_pam = -1},
	 EG_CTL_WHY_UNKNOWN,
	 "not known: see the log"},
	{"no line",
	 {.use = &no_line, .pam_read = true, .uses_pam = 0, .started_s = 1, .installed_s = 2},
	 EG_CTL_WHY_NO_LINE,
	 "no line of pam_ebpfguard.so in /etc/pam.d/sshd"},
	{"sshd does not use PAM",
	 {.use = &exempt_alice, .pam_read = true, .uses_pam = 0, .started_s = 1, .installed_s = 2},
	 EG_CTL_WHY_NO_PAM,
	 "UsePAM no: sshd does not ask PAM"},
	{"exempt by name",
	 {.use = &exempt_alice, .pam_read = true, .uses_pam = 1, .started_s = 1, .installed_s = 2},
	 EG_CTL_WHY_EXEMPT,
	 "exempt: exempt_user=alice"},
	{"exempt by group",
	 {.use = &exempt_adm, .pam_read = true, .uses_pam = 1},
	 EG_CTL_WHY_EXEMPT,
	 "exempt: exempt_group=adm"},
	{"older",
	 {.use = &lenient, .pam_read = true, .uses_pam = 1, .started_s = 1, .installed_s = 2},
	 EG_CTL_WHY_OLDER,
	 "older than the installation: the module or its line has changed since"},
	{"as old",
	 {.use = &line, .pam_read = true, .uses_pam = 1, .started_s = 2, .installed_s = 2},
	 EG_CTL_WHY_UNKNOWN,
	 "not known: see the log"},
	{"age not known",
	 {.use = &line, .pam_read = true, .uses_pam = 1, .started_s = 0, .installed_s = 2},
	 EG_CTL_WHY_UNKNOWN,
	 "not known: see the log"},
	{"onerr",
	 {.use = &lenient, .pam_read = true, .uses_pam = -1, .started_s = 3, .installed_s = 2},
	 EG_CTL_WHY_ONERR,
	 "let in by onerr=succeed: the log says what failed"},
	{"optional",
	 {.use = &optional, .pam_read = true, .uses_pam = 1},
	 EG_CTL_WHY_ONERR,
	 "let in because the line's control lets failures pass: the log says what failed"},
};

static void test_reasons(void **state)
{
	static const char *const groups[] = {"users", "adm"};

	(void)state;
	for (size_t i = 0; i < EG_ARRAY_SIZE(reasons); i++) {
		struct eg_ctl_evidence evidence = reasons[i].evidence;
		char text[EG_CTL_WHY_SIZE];

		print_message("# %s\n", reasons[i].name);
		evidence.user = "alice";
		evidence.groups = groups;
		evidence.n_groups = EG_ARRAY_SIZE(groups);
		assert_int_equal(eg_ctl_unguarded_why(&evidence, text), reasons[i].why);
		assert_string_equal(text, reasons[i].text);
		/* who is in no group, and has another name */
		evidence.user = "ali";
		evidence.n_groups = 0;
		assert_int_not_equal(eg_ctl_unguarded_why(&evidence, text), EG_CTL_WHY_EXEMPT);
	}
}

/* ---- which processes ---- */

static const struct {
	const char *exe, *args;
	bool is_login;
} titles[] = {
	{"sshd", "sshd: alice@pts/0", true},
	{"sshd", "sshd: alice@notty", true},
	{"sshd", "sshd: alice", true}, /* ssh -N */
	{"sshd-session", "sshd-session: alice@pts/1", true},
	{"sshd-session", "sshd: alice@pts/1", true},
	{"sshd", "sshd: alice [priv]", false},
	{"sshd", "sshd: alice [net]", false},
	{"sshd", "sshd: [accepted]", false},
	{"sshd", "sshd: /usr/sbin/sshd -D [listener] 0 of 10-100 startups", false},
	{"sshd", "/usr/sbin/sshd", false},
	{"sshd", "", false},
	{"sshd-auth", "sshd-auth: alice [net]", false},
	{"bash", "sshd: alice@pts/0", false},
	{"", "sshd: alice@pts/0", false},
};

static void test_titles(void **state)
{
	(void)state;
	for (size_t i = 0; i < EG_ARRAY_SIZE(titles); i++) {
		struct eg_ctl_process process = {0};

		print_message("# %s\n", titles[i].args);
		(void)snprintf(process.exe, sizeof(process.exe), "%s", titles[i].exe);
		(void)snprintf(process.args, sizeof(process.args), "%s", titles[i].args);
		process.n_args = strlen(titles[i].args) + 1;
		assert_int_equal(eg_ctl_is_login(&process), titles[i].is_login);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_reasons),
		cmocka_unit_test(test_titles),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
