// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* ebpfguardctl metrics: what the helper has counted, for Prometheus. */
#include <err.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "ctl.h"
#include "ctl_ask.h"
#include "ctl_host.h"
#include "ctl_metrics.h"

#define auto_metrics __attribute__((cleanup(eg_openmetrics_done)))

/* Returns 0, or a negative errno after saying why. */
static int collect(const struct eg_ctl_options *options, struct eg_openmetrics *metrics)
{
	struct eg_ctl_line line eg_ctl_auto_line = {.fd = -1};
	union eg_ctl_answer answer;
	int r = eg_ctl_ask_type(options, EG_MSG_METRICS, EG_CTL_ANSWER_S, &line);

	if (!r)
		r = eg_ctl_hear(&line, EG_MSG_METRIC_HELPER, 0, &answer);
	if (r < 0)
		return r;
	r = eg_openmetrics_add(metrics, &answer.head);
	while (r > 0) {
		ssize_t n = eg_proto_recv(line.fd, &answer, sizeof(answer), NULL, line.deadline_ms);

		r = n > 0 ? eg_openmetrics_add(metrics, &answer.head) : n ? (int)n : -ECONNRESET;
	}
	if (r < 0)
		warnx("the helper's answer breaks off: %s", strerror(-r));
	return r;
}

static void print(const void *metrics, FILE *out)
{
	eg_openmetrics_print(metrics, out);
}

static void print_json(const void *metrics, FILE *out)
{
	eg_ctl_metrics_json(metrics, out);
}

/* For the collector, which need not be root's. Returns 0, or a negative errno after saying why. */
static int write_file(const struct eg_ctl_options *options, const struct eg_openmetrics *metrics)
{
	const char *path = options->output;
	char clean[EG_CTL_SAFE_SIZE];
	int r = eg_ctl_save(path, 0644, options->json ? print_json : print, metrics);

	if (r < 0)
		warnx("cannot write %s: %s", eg_ctl_safe(path, clean, sizeof(clean)),
		      eg_ctl_save_error(r));
	return r;
}

/* Counts the logins by ssh that no session has, and returns of how many reasons; 0 when the host
 * cannot be looked at: then there are no such numbers. */
static size_t count_unguarded(const struct eg_ctl_options *options,
			      struct eg_openmetrics_reason counts[EG_CTL_WHYS])
{
	struct eg_ctl_logins logins eg_ctl_auto_logins = {0};
	struct eg_ctl_unguarded list eg_ctl_auto_unguarded = {0};

	for (int why = 0; why < EG_CTL_WHYS; why++)
		counts[why] = (struct eg_openmetrics_reason){.reason = eg_ctl_why_word(why)};
	if (eg_ctl_logins_find(&eg_ctl_host_here, &logins) < 0 ||
	    eg_ctl_unguarded_find(options, &eg_ctl_host_here, &logins, &list) < 0)
		return 0;
	for (size_t i = 0; i < list.n; i++)
		counts[list.items[i].why].n++;
	return EG_CTL_WHYS;
}

/* Does the error say that the helper does not run, or not as it should? One that refuses to answer
 * us does. */
static bool is_down(int error)
{
	return error != -EPROTO && error != -EPERM && error != -EACCES;
}

int eg_ctl_metrics(const struct eg_ctl_options *options, char **args)
{
	struct eg_openmetrics_reason counts[EG_CTL_WHYS];
	struct eg_openmetrics metrics auto_metrics = {0};
	int asked = collect(options, &metrics), r = 0;

	(void)args;
	if (asked < 0 && !is_down(asked))
		return EG_CTL_FINDING; /* nothing is known: what was written before goes stale */
	metrics.up = !asked;
	if (metrics.up) {
		metrics.n_ssh_unguarded = count_unguarded(options, counts);
		metrics.ssh_unguarded = counts;
	}
	metrics.now_s = (uint64_t)time(NULL);
	if (options->output)
		r = write_file(options, &metrics);
	else if (options->json)
		print_json(&metrics, stdout);
	else
		print(&metrics, stdout);
	return asked < 0 || r < 0 ? EG_CTL_FINDING : EG_CTL_FINE;
}
