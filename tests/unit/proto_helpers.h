/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Every message there is, for tests of them. */
#ifndef EG_TEST_PROTO_HELPERS_H
#define EG_TEST_PROTO_HELPERS_H

#include "proto.h"
#include "skip.h"
#include "util.h"

#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <cmocka.h>

union any {
	struct eg_msg head;
	struct eg_msg_open open;
	struct eg_msg_close close;
	struct eg_msg_is_version is_version;
	struct eg_msg_opened opened;
	struct eg_msg_refused refused;
	struct eg_msg_is_status is_status;
	struct eg_msg_session session;
	struct eg_msg_metric_helper metric_helper;
	struct eg_msg_about about;
	struct eg_msg_feed feed;
	struct eg_msg_process process;
	struct eg_msg_is_details is_details;
	uint64_t room[EG_MSG_MAX / sizeof(uint64_t)];
};

struct string {
	size_t offset, size;
};

#define STRING(t, m)                                                                               \
	{                                                                                          \
		offsetof(t, m), sizeof(((t *)0)->m)                                                \
	}

/* Written out a second time, on purpose: the oracle for the table in proto.c. */
static const struct {
	enum eg_msg_type type;
	size_t size;
	struct string strings[6];
} all[] = {
	{EG_MSG_VERSION, sizeof(struct eg_msg), {{0}}},
	{EG_MSG_OPEN,
	 sizeof(struct eg_msg_open),
	 {STRING(struct eg_msg_open, user), STRING(struct eg_msg_open, service),
	  STRING(struct eg_msg_open, rhost), STRING(struct eg_msg_open, connection),
	  STRING(struct eg_msg_open, auth_info)}},
	{EG_MSG_CLOSE, sizeof(struct eg_msg_close), {{0}}},
	{EG_MSG_STATUS, sizeof(struct eg_msg), {{0}}},
	{EG_MSG_SESSIONS, sizeof(struct eg_msg), {{0}}},
	{EG_MSG_RELOAD, sizeof(struct eg_msg), {{0}}},
	{EG_MSG_ORDER, sizeof(struct eg_msg_order), {STRING(struct eg_msg_order, profile)}},
	{EG_MSG_ORDERED, sizeof(struct eg_msg_ordered), {STRING(struct eg_msg_ordered, text)}},
	{EG_MSG_METRICS, sizeof(struct eg_msg), {{0}}},
	{EG_MSG_METRIC_HELPER,
	 sizeof(struct eg_msg_metric_helper),
	 {STRING(struct eg_msg_metric_helper, product),
	  STRING(struct eg_msg_metric_helper, kernel)}},
	{EG_MSG_METRIC_PROFILE,
	 sizeof(struct eg_msg_metric_profile),
	 {STRING(struct eg_msg_metric_profile, profile)}},
	{EG_MSG_METRIC_RULE,
	 sizeof(struct eg_msg_metric_rule),
	 {STRING(struct eg_msg_metric_rule, profile), STRING(struct eg_msg_metric_rule, source)}},
	{EG_MSG_METRIC_FEED,
	 sizeof(struct eg_msg_metric_feed),
	 {STRING(struct eg_msg_metric_feed, path)}},
	{EG_MSG_FEEDS, sizeof(struct eg_msg), {{0}}},
	{EG_MSG_PROCESSES, sizeof(struct eg_msg_about), {{0}}},
	{EG_MSG_DETAILS, sizeof(struct eg_msg_about), {{0}}},
	{EG_MSG_IS_VERSION,
	 sizeof(struct eg_msg_is_version),
	 {STRING(struct eg_msg_is_version, product)}},
	{EG_MSG_OPENED, sizeof(struct eg_msg_opened), {STRING(struct eg_msg_opened, profile)}},
	{EG_MSG_OK, sizeof(struct eg_msg), {{0}}},
	{EG_MSG_NOT_GUARDED, sizeof(struct eg_msg), {{0}}},
	{EG_MSG_REFUSED, sizeof(struct eg_msg_refused), {STRING(struct eg_msg_refused, text)}},
	{EG_MSG_IS_STATUS,
	 sizeof(struct eg_msg_is_status),
	 {STRING(struct eg_msg_is_status, product), STRING(struct eg_msg_is_status, kernel),
	  STRING(struct eg_msg_is_status, hooks_missing),
	  STRING(struct eg_msg_is_status, last_error), STRING(struct eg_msg_is_status, gaps)}},
	{EG_MSG_SESSION,
	 sizeof(struct eg_msg_session),
	 {STRING(struct eg_msg_session, user), STRING(struct eg_msg_session, service),
	  STRING(struct eg_msg_session, rhost), STRING(struct eg_msg_session, profile),
	  STRING(struct eg_msg_session, key)}},
	{EG_MSG_FEED,
	 sizeof(struct eg_msg_feed),
	 {STRING(struct eg_msg_feed, profile), STRING(struct eg_msg_feed, path)}},
	{EG_MSG_PROCESS, sizeof(struct eg_msg_process), {{0}}},
	{EG_MSG_IS_DETAILS,
	 sizeof(struct eg_msg_is_details),
	 {STRING(struct eg_msg_is_details, cgroup)}},
};

/* A valid message of row i: every string as long as it may be. Returns its size. */
static inline size_t fill(size_t i, union any *m)
{
	memset(m, 0, sizeof(*m));
	eg_proto_head(m, all[i].type, all[i].size);
	for (const struct string *s = all[i].strings; s->size; s++)
		memset((char *)m + s->offset, 'x', s->size - 1);
	return all[i].size;
}

#endif
