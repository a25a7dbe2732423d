// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * The module opened and closed EG_OPENS times in one process, whatever the helper does, under
 * signals, with descriptors beyond 1023, without stdio: nothing grows, and nobody's descriptor is
 * written to. `make soak-module` does it 10,000 times under each condition.
 *
 * The helper is another process, as it is in life: it sees which descriptors this one has.
 */
#include "module.h"
#include "growth.h"
#include "pest.h"

#include <sys/mman.h>
#include <sys/prctl.h>

/* The sanitizers', where they are linked in. */
__attribute__((weak)) void __sanitizer_set_report_fd(void *fd);
__attribute__((weak)) int __lsan_do_recoverable_leak_check(void);
const char *__asan_default_options(void);

/* What was freed is kept for so long; with the usual 256 MiB a run's memory grows to its end. */
const char *__asan_default_options(void)
{
	return "quarantine_size_mb=16:thread_local_quarantine_size_kb=64";
}

enum {
	OPENS = 350,		    /* unless EG_OPENS says another number */
	SHORT_MS = 25,		    /* deadline where the helper lets it pass */
	FIRST_OURS = 1100,	    /* with all below taken: beyond select()'s FD_SETSIZE */
	HEAP_GROWTH_MAX = 256,	    /* over all opens; a lost one byte a round is more */
	RSS_GROWTH_MAX = 256 << 10, /* pages, and what the allocator keeps */
};

/* --- helpers, all in one other process */

enum helper { SCRIPTED, TOO_BUSY, NOT_ROOTS, GONE, NEVER_THERE, N_HELPERS };

static struct {
	struct fake_helper h[N_HELPERS];
	bool ready;
} * shared;
static pid_t helpers;	      /* 0 = none */
static int helpers_stop = -1; /* closed = end */
static struct pest pest = {.stop = true};

static int run_helpers(int stop)
{
	static const enum script scripts[N_HELPERS] = {GRANT, DEAF, NOT_ROOT, NOBODY, NO_SOCKET};
	char byte;

	for (int i = 0; i < N_HELPERS; i++)
		if (fake_start(&shared->h[i], scripts[i]) < 0)
			return 1;
	__atomic_store_n(&shared->ready, true, __ATOMIC_SEQ_CST);
	while (read(stop, &byte, 1) < 0 && errno == EINTR)
		;
	for (int i = 0; i < N_HELPERS; i++)
		fake_stop(&shared->h[i]);
	return 0;
}

static void start_helpers(void)
{
	int p[2];

	fflush(NULL);
	assert_int_equal(pipe2(p, O_CLOEXEC), 0);
	memset(shared, 0, sizeof(*shared));
	helpers = fork();
	if (helpers == 0) {
		close(p[1]);
		(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
		go_home(&scratch);
		_exit(run_helpers(p[0]));
	}
	close(p[0]);
	helpers_stop = p[1];
	for (int i = 0; i < 500 && !__atomic_load_n(&shared->ready, __ATOMIC_SEQ_CST); i++)
		(void)usleep(10000);
	assert_true(shared->ready);
}

/* After this the helpers' counters are final. Returns their exit status. */
static int stop_helpers(void)
{
	int status = 0;

	eg_close_p(&helpers_stop);
	helpers_stop = -1;
	while (helpers && waitpid(helpers, &status, 0) < 0 && errno == EINTR)
		;
	helpers = 0;
	return status;
}

/* --- what the helper does, in turn */

struct turn {
	const char *service; /* in stacks[] */
	enum script script;  /* of SCRIPTED */
	int want;	     /* of pam_open_session, or EITHER */
	bool session;	     /* is there one to close, when it is PAM_SUCCESS? */
};

#define EITHER (-1) /* granted or refused, depending on which of two clocks was first */

static const struct {
	const char *name;
	const char *args;
	enum helper helper;
} stacks[] = {
	{"quick", "timeout=60000", SCRIPTED},
	{"short", "timeout=25", SCRIPTED},
	{"debug", "timeout=60000 debug", SCRIPTED},
	{"alert", "timeout=60000 onerr=succeed", SCRIPTED},
	{"wrong", "timeout=60000 tiemout=1", SCRIPTED},
	{"busy", "timeout=25", TOO_BUSY},
	{"other-uid", "timeout=60000", NOT_ROOTS},
	{"gone", "timeout=60000", GONE},
	{"never", "timeout=60000", NEVER_THERE},
};

static const struct turn turns[] = {
	{"quick", GRANT, PAM_SUCCESS, true},
	{"quick", REFUSE, PAM_SESSION_ERR, false},
	{"short", SILENT_VERSION, PAM_SESSION_ERR, false},
	{"short", HANG_UP_BETWEEN, PAM_SESSION_ERR, false},
	{"short", HANG_UP_ACCEPT, PAM_SESSION_ERR, false},
	{"debug", GRANT, PAM_SUCCESS, true},
	{"short", LATE_OPEN, EITHER, true},
	{"short", HANG_UP_VERSION, PAM_SESSION_ERR, false},
	{"quick", GUARDED, PAM_SUCCESS, false},
	{"quick", GARBAGE_VERSION, PAM_SESSION_ERR, false},
	{"busy", GRANT, PAM_SESSION_ERR, false},
	{"alert", GRANT, PAM_SUCCESS, true},
	{"alert", REFUSE, PAM_SUCCESS, false},
	{"quick", GARBAGE_OPEN, PAM_SESSION_ERR, false},
	{"quick", FDS_VERSION, PAM_SESSION_ERR, false},
	{"quick", FDS_OPEN, PAM_SESSION_ERR, false},
	{"short", SILENT_OPEN, PAM_SESSION_ERR, false},
	{"short", HANG_UP_OPEN, PAM_SESSION_ERR, false},
	{"short", EMPTY_OPEN, PAM_SESSION_ERR, false},
	{"quick", SHORT_OPEN, PAM_SESSION_ERR, false},
	{"quick", LONG_OPEN, PAM_SESSION_ERR, false},
	{"quick", UNTERMINATED_OPEN, PAM_SESSION_ERR, false},
	{"wrong", GRANT, PAM_SESSION_ERR, false},
	{"quick", HANG_UP_CLOSE, PAM_SUCCESS, true},
	{"quick", REFUSE_CLOSE, PAM_SUCCESS, true},
	{"short", SILENT_CLOSE, EITHER, true},
	{"other-uid", GRANT, PAM_SESSION_ERR, false},
	{"gone", GRANT, PAM_SESSION_ERR, false},
	{"never", GRANT, PAM_SESSION_ERR, false},
	{"quick", ABI_VERSION, PAM_SUCCESS, true},
	{"quick", PROTO_OPEN, PAM_SESSION_ERR, false},
	{"quick", NUMBER_OPEN, PAM_SESSION_ERR, false},
	{"quick", TYPE_OPEN, PAM_SESSION_ERR, false},
	{"quick", NOT_GUARDED, PAM_SESSION_ERR, false},
	{"quick", NONSENSE_VERSION, PAM_SESSION_ERR, false},
};

enum { N_TURNS = sizeof(turns) / sizeof(turns[0]) };

/* --- conditions */

struct conditions {
	bool high;  /* all descriptors below FIRST_OURS are taken */
	bool none;  /* but 0..2 are closed */
	bool owned; /* 0..2 are sockets of the application's */
};

static struct {
	int stdio[3];	/* copies of 0..2 */
	int theirs[3];	/* the other ends of owned ones */
	ino_t inode[3]; /* of the owned ones */
	struct rlimit nofile;
	bool away;
} kept = {.theirs = {-1, -1, -1}};

static ino_t inode_of(int fd)
{
	struct stat st = {0};

	return fstat(fd, &st) < 0 ? 0 : st.st_ino;
}

static void own_stdio(void)
{
	for (int i = 0; i < 3; i++) {
		int p[2];

		assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, p), 0);
		assert_int_equal(dup2(p[0], i), i);
		close(p[0]);
		kept.theirs[i] = p[1];
		kept.inode[i] = inode_of(i);
	}
}

/* A failing test speaks when it is over: then stdio is back. What sanitizers say goes to a copy. */
static void conditions_begin(const struct conditions *c)
{
	struct rlimit rl;
	int null = open("/dev/null", O_RDONLY | O_CLOEXEC), fd;

	assert_int_equal(getrlimit(RLIMIT_NOFILE, &kept.nofile), 0);
	rl = kept.nofile;
	rl.rlim_cur = 4096;
	if (rl.rlim_cur > rl.rlim_max || setrlimit(RLIMIT_NOFILE, &rl) < 0)
		lacking("RLIMIT_NOFILE is too low");
	fflush(NULL);
	for (int i = 0; i < 3; i++)
		kept.stdio[i] = fcntl(i, F_DUPFD_CLOEXEC, 2000);
	kept.away = true;
	if (__sanitizer_set_report_fd)
		__sanitizer_set_report_fd((void *)(intptr_t)kept.stdio[2]);
	if (c->owned)
		own_stdio();
	for (int i = 0; i < 3 && c->none; i++)
		close(i);
	do
		fd = fcntl(null, F_DUPFD_CLOEXEC, 3);
	while (c->high && fd >= 0 && fd < FIRST_OURS);
	close(fd);
	assert_true(fd >= (c->high ? FIRST_OURS : 3));
}

static void conditions_end(void)
{
	if (!kept.away)
		return;
	for (int i = 0; i < 3; i++) {
		(void)dup2(kept.stdio[i], i);
		close(kept.stdio[i]);
		eg_close_p(&kept.theirs[i]);
		kept.theirs[i] = -1;
	}
	if (__sanitizer_set_report_fd)
		__sanitizer_set_report_fd((void *)(intptr_t)STDERR_FILENO);
	for (int fd = 3; fd < 2000; fd++)
		if (fd != helpers_stop)
			close(fd);
	(void)setrlimit(RLIMIT_NOFILE, &kept.nofile);
	kept.away = false;
}

/* Owned descriptors are what they were, and nobody wrote to them. */
static void assert_stdio_untouched(const struct conditions *c)
{
	char byte;

	for (int i = 0; i < 3; i++) {
		if (c->none)
			assert_int_equal(fcntl(i, F_GETFD), -1);
		if (!c->owned)
			continue;
		assert_int_equal(inode_of(i), kept.inode[i]);
		assert_int_equal(recv(kept.theirs[i], &byte, 1, MSG_DONTWAIT), -1);
		assert_int_equal(errno, EAGAIN);
	}
}

/* --- one open and close */

struct tally {
	int n_granted, n_refused, n_sessions;
};

static void run_turn(const struct turn *turn, const struct before *before, struct tally *tally)
{
	struct fake_helper *h = &shared->h[SCRIPTED];
	pam_handle_t *pamh;
	bool session;
	char now[600];
	int r;

	fake_script(h, turn->script);
	__atomic_store_n(&h->late_ms, SHORT_MS - 6 + rand() % 10, __ATOMIC_SEQ_CST);
	pamh = start_as(turn->service, "alice");
	r = pam_open_session(pamh, 0);
	session = r == PAM_SUCCESS && turn->session;
	if (turn->want == EITHER ? r != PAM_SUCCESS && r != PAM_SESSION_ERR : r != turn->want) {
		show_caught();
		fail_msg("%s, script %d: %d", turn->service, turn->script, r);
	}
	if ((worst_priority() <= LOG_ERR) !=
	    (r != PAM_SUCCESS || (!session && turn->script != GUARDED))) {
		show_caught();
		fail_msg("%s, script %d: %d, and a wrong priority", turn->service, turn->script, r);
	}
	assert_log_is_clean();
	own_cgroup(now, sizeof(now));
	if (session)
		assert_true(inside_leaf_of(scratch.scope));
	else
		assert_string_equal(now, before->cgroup);
	assert_int_equal(pam_close_session(pamh, 0),
			 r == PAM_SUCCESS ? PAM_SUCCESS : PAM_PERM_DENIED);
	leave_leaf(before->cgroup);
	assert_int_equal(pam_end(pamh, PAM_SUCCESS), PAM_SUCCESS);
	assert_int_equal(count_leaves(scratch.scope), before->leaves);
	tally->n_granted += r == PAM_SUCCESS;
	tally->n_refused += r != PAM_SUCCESS;
	tally->n_sessions += session;
}

static void run_turns(int n, const struct conditions *c, struct tally *tally)
{
	struct before before;
	sigset_t mask = {0}, now = {0}; /* the call fills in only what the kernel has */

	(void)pthread_sigmask(SIG_SETMASK, NULL, &mask);
	n_samples = 0;
	remember(&before);
	for (int i = 0; i < n; i++) {
		run_turn(&turns[i % N_TURNS], &before, tally);
		if ((i + 1) % N_TURNS)
			continue;
		assert_as_before(&before);
		assert_stdio_untouched(c);
		take_sample(i + 1);
	}
	(void)pthread_sigmask(SIG_SETMASK, NULL, &now);
	assert_memory_equal(&mask, &now, sizeof(mask));
}

/* What was seen by both sides, and what it cost. */
static void judge(const struct conditions *c, const struct tally *tally)
{
	const struct fake_helper *h = &shared->h[SCRIPTED];
	unsigned long n_signals = pested.n[0] + pested.n[1] + pested.n[2] + pested.n[3];

	print_message("# %d granted (%d sessions), %d refused; %lu signals; heap %+lld bytes, "
		      "%+.2f an open; resident %+lld KiB, %+.1f bytes an open\n",
		      tally->n_granted, tally->n_sessions, tally->n_refused, n_signals,
		      (long long)growth(HEAP), slope(HEAP), (long long)growth(RSS) / 1024,
		      slope(RSS));
	assert_true(n_signals >= (unsigned long)(tally->n_granted + tally->n_refused));
	for (int i = 0; i < N_PEST_SIGNALS; i++)
		assert_true(pested.n[i] > 0);
	assert_int_equal(pested.n_strange, 0);
	assert_int_equal(h->n_close, tally->n_sessions);
	assert_true(h->n_open >= tally->n_sessions);
	assert_int_equal(h->n_bad_open, 0);
	if (c->none)
		assert_int_equal(h->n_low_fds, 0);
	assert_true(growth(HEAP) <= HEAP_GROWTH_MAX);
	/* A sanitizer keeps what was freed, for a while. */
	if (!growth_sanitized())
		assert_true(growth(RSS) <= RSS_GROWTH_MAX);
}

static void run_under(const struct conditions *c)
{
	const char *wanted = getenv("EG_OPENS");
	int n = wanted ? atoi(wanted) : OPENS;
	struct tally tally = {0};

	NEED_CGROUPS();
	/* whole rounds, three at the least: one to warm up and two to compare */
	n = (n < 3 * N_TURNS ? 3 * N_TURNS : n + N_TURNS - 1) / N_TURNS * N_TURNS;
	start_helpers();
	for (size_t i = 0; i < EG_ARRAY_SIZE(stacks); i++)
		write_stack(stacks[i].name, stacks[i].args, shared->h[stacks[i].helper].path);
	write_stack("other", "", NULL); /* libpam complains where there is none */
	conditions_begin(c);
	assert_int_equal(pest_start(&pest), 0);
	run_turns(n, c, &tally);
	assert_true(pest_stop(&pest));
	if (__lsan_do_recoverable_leak_check)
		assert_int_equal(__lsan_do_recoverable_leak_check(), 0);
	conditions_end();
	assert_int_equal(stop_helpers(), 0);
	judge(c, &tally);
}

static void test_opens(void **state)
{
	(void)state;
	run_under(&(struct conditions){0});
}

static void test_opens_beyond_fd_1024(void **state)
{
	(void)state;
	run_under(&(struct conditions){.high = true});
}

static void test_opens_without_stdio(void **state)
{
	(void)state;
	run_under(&(struct conditions){.none = true});
}

static void test_opens_beyond_fd_1024_without_stdio(void **state)
{
	(void)state;
	run_under(&(struct conditions){.high = true, .none = true});
}

static void test_opens_with_sockets_for_stdio(void **state)
{
	(void)state;
	run_under(&(struct conditions){.owned = true});
}

/* --- setup */

static int teardown(void **state)
{
	(void)state;
	if (!pest.stop)
		(void)pest_stop(&pest);
	conditions_end();
	if (!scratch.lack)
		leave_leaf(scratch.scope + strlen(scratch.root)); /* where it failed inside one */
	return stop_helpers();
}

static void *module;

static int soak_setup(void **state)
{
	/* Never unloaded: what a report says about addresses in it can be told in words. */
	module = dlopen(EG_MODULE, RTLD_NOW | RTLD_NODELETE);
	if (!module)
		return -1;
	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1,
		      0);
	return shared == MAP_FAILED ? -1 : group_setup(state);
}

static int soak_teardown(void **state)
{
	char path[64];

	(void)dlclose(module);
	for (size_t i = 0; i < EG_ARRAY_SIZE(stacks); i++) {
		(void)snprintf(path, sizeof(path), "%s/%s", confdir, stacks[i].name);
		(void)unlink(path);
	}
	return group_teardown(state);
}

/* malloc()'s cache counts as in use, and fills for thousands of opens: without it the count is
 * exact. It is only read at start. */
static void without_malloc_cache(char **argv)
{
	if (getenv("GLIBC_TUNABLES"))
		return;
	(void)setenv("GLIBC_TUNABLES", "glibc.malloc.tcache_count=0", 1);
	(void)execv("/proc/self/exe", argv); /* else with the cache */
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(test_opens, teardown),
		cmocka_unit_test_teardown(test_opens_beyond_fd_1024, teardown),
		cmocka_unit_test_teardown(test_opens_without_stdio, teardown),
		cmocka_unit_test_teardown(test_opens_beyond_fd_1024_without_stdio, teardown),
		cmocka_unit_test_teardown(test_opens_with_sockets_for_stdio, teardown),
	};

	(void)argc;
	without_malloc_cache(argv);
	return cmocka_run_group_tests_name("module soak", tests, soak_setup, soak_teardown);
}
