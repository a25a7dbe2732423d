/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Lines of AUDIT for the tests of learn, and what to do with them. Each test uses part of it. */
#ifndef EG_LEARN_HELPERS_H
#define EG_LEARN_HELPERS_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <cmocka.h>

#include "config.h"
#include "learn.h"

/* 2026-11-22 00:00:00 UTC, a Sunday; the tests run in UTC. */
enum { NOW_S = 1795305600, DAY_S = 86400 };

#define FRONT "2026-11-21T10:00:00.123456+00:00 host ebpfguard-helper[123]: "
#define HEAD                                                                                       \
	" session=7 user=alice uid=1000 profile=default rhost=10.99.0.2 rport=47740 tty=pts/0 "    \
	"pid=246 ppid=245 comm=nc exe=/usr/bin/nc.openbsd "
#define TAIL " host=h time=2026-11-21T10:00:00.123Z mono=12.345"
#define LINE(op, rest)                                                                             \
	FRONT "AUDIT " op HEAD rest " errno=0 count=1 layer=call src=- sport=- args=-" TAIL
#define CONNECT LINE("connect", "proto=tcp dst=18.4.5.6 port=7000 rule=18.0.0.0/9")

static inline int parse(const char *text, struct eg_record_line *ret)
{
	return eg_record_line_parse(text, strlen(text), NOW_S, ret);
}

static inline void take(struct eg_learn *learn, const char *text)
{
	struct eg_record_line line;

	assert_int_equal(eg_learn_take(learn, &line, parse(text, &line)), 0);
}

static inline const char *look(enum eg_learn_list list, const char *path)
{
	assert_in_range(list, EG_LEARN_SETUID, EG_LEARN_EXEC);
	return strcmp(path, "/srv/tree") ? NULL
					 : "it is a directory, and all in it would be allowed";
}

/* What is printed, owned by the caller. */
static inline char *print(const struct eg_learn *learn)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	assert_non_null(out);
	assert_int_equal(eg_learn_print(learn, look, out), 0);
	assert_int_equal(fclose(out), 0);
	return text;
}

static inline struct eg_config *must_parse(const char *text)
{
	struct eg_config *config = NULL;
	struct eg_err err = {0};
	char line[1024];

	if (eg_config_parse(text, strlen(text), "f", &config, &err) < 0)
		fail_msg("%s in: %s", eg_err_format(&err, line, sizeof(line)), text);
	return config;
}

/* Times are local ones. */
static inline void live_in_utc(void)
{
	(void)setenv("TZ", "UTC", 1);
	tzset();
}

#endif
