/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * From the helper's answers to EG_MSG_METRICS to a text that Prometheus takes, in either of its
 * formats: the classic one (node_exporter's textfile collector), where "# UNIT" and "# EOF" are
 * comments, and OpenMetrics. So there are no exemplars, no timestamps and no types that the first
 * lacks, and counters have "_total" in their names everywhere. Pure: never logs.
 */
#ifndef EG_OPENMETRICS_H
#define EG_OPENMETRICS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "proto.h"

enum {
	/* of answers of one type: more than any helper sends */
	EG_OPENMETRICS_MAX = 4096,
};

/* Answers of one type. */
struct eg_openmetrics_list {
	void *items; /* owned */
	size_t n, room;
};

/* Zeroed, there is nothing. */
struct eg_openmetrics {
	bool up;	/* the helper has answered; else only that is printed, and now_s */
	uint64_t now_s; /* CLOCK_REALTIME, of who asks */
	struct eg_msg_metric_helper helper;
	struct eg_openmetrics_list profiles, rules, feeds; /* of struct eg_msg_metric_... */
	/* logins by ssh that no session has, by reason; borrowed; n 0 = not known */
	const struct eg_openmetrics_reason {
		const char *reason; /* a word */
		uint64_t n;
	} * ssh_unguarded;
	size_t n_ssh_unguarded;
};

/* Takes in one answer, checked by eg_proto_check; borrowed. Returns 1 when there are more to come,
 * 0 after the last, which sets up; -EPROTO for one that does not belong here or is too much;
 * -ENOMEM. */
int eg_openmetrics_add(struct eg_openmetrics *metrics, const struct eg_msg *answer);

/* What goes before the samples of a metric. */
struct eg_openmetrics_family {
	const char *name, *type; /* of a counter the name ends in "_total" */
	const char *unit;	 /* at the end of the name; "" = none */
	const char *help;	 /* a sentence */
};

struct eg_openmetrics_label {
	const char *name, *value; /* the value is raw */
};

struct eg_openmetrics_sample {
	const char *name; /* the family's, or that and "_bucket", "_sum" or "_count" */
	const struct eg_openmetrics_label *labels;
	size_t n_labels;
	const char *value; /* decimal, or "+Inf" */
};

/* Takes all of it: each family, and its samples behind it. What it is told of is borrowed. */
struct eg_openmetrics_sink {
	void (*family)(void *arg, const struct eg_openmetrics_family *family);
	void (*sample)(void *arg, const struct eg_openmetrics_sample *sample);
};

/* Tells the sink. arg: passed on. */
void eg_openmetrics_walk(const struct eg_openmetrics *metrics,
			 const struct eg_openmetrics_sink *sink, void *arg);

/* Prints all of it as text. Whether that went well is for the caller to see (ferror). In
 * openmetrics_text.c. */
void eg_openmetrics_print(const struct eg_openmetrics *metrics, FILE *out);

/* Releases what it owns and zeroes it. */
void eg_openmetrics_done(struct eg_openmetrics *metrics);

#endif
