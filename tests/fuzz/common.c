// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* What goes on around a target: before its first input, after its last, and when one fails. */
#include "fuzz.h"

#include <signal.h>
#include <time.h>

void eg_fuzz_failed(const char *file, int line, const char *what)
{
	(void)fprintf(stderr, "%s:%d: does not hold: %s\n", file, line, what);
	abort();
}

/*
 * libFuzzer counts seconds on the wall, of which a busy machine gives it few. With EG_FUZZ_SECONDS
 * it ends after so many of CPU time: it takes SIGUSR1 for a wish to end well.
 */
static void end_after(time_t seconds)
{
	struct sigevent event = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGUSR1};
	const struct itimerspec when = {.it_value.tv_sec = seconds};
	timer_t timer;

	must(timer_create(CLOCK_PROCESS_CPUTIME_ID, &event, &timer) == 0);
	must(timer_settime(timer, 0, &when, NULL) == 0);
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	const char *seconds = getenv("EG_FUZZ_SECONDS");

	(void)argc;
	(void)argv;
	must(setenv("TZ", "UTC", 1) == 0);
	tzset();
	if (seconds)
		end_after(strtol(seconds, NULL, 10));
	return 0;
}
