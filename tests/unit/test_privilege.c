// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * What is left after capabilities were given up, as the kernel shows it. Each try is a child: what
 * it gives up does not come back. As somebody else than root there is little to give up.
 */
#include <errno.h>
#include <inttypes.h>
#include <linux/capability.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "privilege.h"
#include "skip.h"
#include "util.h"

/* Of capabilities(7), by their numbers there; stated once more, not taken from what is tested. */
static const uint64_t kept = 1ULL << CAP_BPF | 1ULL << CAP_NET_ADMIN | 1ULL << CAP_SYS_ADMIN |
			     1ULL << CAP_DAC_READ_SEARCH | 1ULL << CAP_SYS_PTRACE;

/* A set of this process. */
static uint64_t set_of(const char *name)
{
	FILE *file = fopen("/proc/self/status", "re");
	char line[256];
	uint64_t set = UINT64_MAX;

	while (file && fgets(line, sizeof(line), file))
		if (!strncmp(line, name, strlen(name)))
			(void)sscanf(line + strlen(name), ": %" SCNx64, &set);
	if (file)
		(void)fclose(file);
	return set;
}

/* The status of a child that runs this; it says what it found otherwise. */
static int in_child(int (*run)(void))
{
	int status = -1;
	pid_t pid = fork();

	if (pid == 0)
		_exit(run());
	assert_true(pid > 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static int check(const char *what, uint64_t expected, uint64_t got)
{
	if (expected == got)
		return 0;
	(void)printf("# %s: expected %" PRIx64 ", got %" PRIx64 "\n", what, expected, got);
	return 1;
}

static int drop(void)
{
	uint64_t before = set_of("CapPrm"), bounds = set_of("CapBnd");
	char missing[512];
	int bad;

	if (eg_privilege_drop(missing, sizeof(missing)))
		return 2;
	bad = check("permitted", before & kept, set_of("CapPrm"));
	bad |= check("effective", before & kept, set_of("CapEff"));
	bad |= check("inheritable", 0, set_of("CapInh"));
	bad |= check("ambient", 0, set_of("CapAmb"));
	bad |= check("bounding", before & 1ULL << CAP_SETPCAP ? bounds & kept : bounds,
		     set_of("CapBnd"));
	bad |= check("no_new_privs", 1, (uint64_t)prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0));
	bad |= check("missing is said", (before & kept) != kept, missing[0] != '\0');
	return bad;
}

static void test_only_the_listed_stay(void **state)
{
	(void)state;
	if (!(set_of("CapPrm") & ~kept))
		skip_because("this user has nothing to give up");
	assert_int_equal(in_child(drop), 0);
}

/* Without CAP_SETPCAP, as under the unit: the bounding set stays as it is. */
static int drop_twice(void)
{
	char missing[512];

	return eg_privilege_drop(missing, sizeof(missing)) ? 2 : drop();
}

static void test_again_without_setpcap(void **state)
{
	(void)state;
	assert_int_equal(in_child(drop_twice), 0);
}

static int name_missing(void)
{
	struct __user_cap_header_struct head = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct none[_LINUX_CAPABILITY_U32S_3] = {0};
	char missing[512], cut[8];

	if (syscall(SYS_capset, &head, none) < 0 || eg_privilege_drop(missing, sizeof(missing)) ||
	    eg_privilege_drop(cut, sizeof(cut)))
		return 2;
	return strcmp(missing, " CAP_BPF CAP_NET_ADMIN CAP_SYS_ADMIN CAP_DAC_READ_SEARCH "
			       "CAP_SYS_PTRACE") ||
	       strcmp(cut, " CAP_BP");
}

static void test_what_is_missing_is_named(void **state)
{
	(void)state;
	assert_int_equal(in_child(name_missing), 0);
}

static void *wait_for_end(void *arg)
{
	char byte;

	(void)!read(*(int *)arg, &byte, 1);
	return NULL;
}

/* A second thread would keep all it has. */
static int drop_beside_a_thread(void)
{
	uint64_t before = set_of("CapPrm");
	pthread_t thread;
	char missing[512];
	int line[2], r;

	if (pipe(line) < 0 || pthread_create(&thread, NULL, wait_for_end, &line[0]))
		return 2;
	r = eg_privilege_drop(missing, sizeof(missing));
	return r != -EBUSY || set_of("CapPrm") != before;
}

static void test_not_beside_a_thread(void **state)
{
	(void)state;
	assert_int_equal(in_child(drop_beside_a_thread), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_only_the_listed_stay),
		cmocka_unit_test(test_again_without_setpcap),
		cmocka_unit_test(test_what_is_missing_is_named),
		cmocka_unit_test(test_not_beside_a_thread),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
