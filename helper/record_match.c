// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Which records are asked for. */
#include "record_match.h"

#include <string.h>

#include "abi_event.h"
#include "event.h"
#include "util.h"

static bool is(const struct eg_record_line *line, const char *key, const char *asked)
{
	const char *value = asked ? eg_record_get(line, key) : NULL;

	return !asked || (value && strcmp(value, asked) == 0);
}

static bool is_word(const char *word, const char *asked)
{
	return !asked || (word && strcmp(word, asked) == 0);
}

bool eg_record_is_gap(const struct eg_record_line *line)
{
	return line->kind == EG_RECORD_SUPPRESSED || line->kind == EG_RECORD_LOST;
}

/* Can what is missing be of this kind, or have this verdict? */
static bool can_be_missing(const char *verdict)
{
	return strcmp(verdict, "refusal") == 0 || strcmp(verdict, "flow") == 0 ||
	       eg_record_kind_of_event("refusal", verdict) ||
	       eg_record_kind_of_event("flow", verdict);
}

const char *eg_record_peer_key(const struct eg_record_line *line)
{
	/* Who comes in is the source; what is bound or listened on is our own. */
	if (line->op && strcmp(line->op, "ingress") == 0)
		return "src";
	if (line->op && (strcmp(line->op, "bind") == 0 || strcmp(line->op, "listen") == 0))
		return NULL;
	return eg_record_get(line, "dst") ? "dst" : NULL;
}

/* asked: family 0 = any. What is no address, such as a name, is in no network. */
static bool is_in(const char *address, const struct eg_cidr *asked)
{
	struct eg_cidr host;

	if (!asked->family)
		return true;
	return eg_cidr_parse_host(address, &host) == 0 &&
	       eg_cidr_contains(asked, host.family, host.addr);
}

static bool is_program(const struct eg_record_line *line, const char *asked)
{
	const char *exe = eg_record_get(line, "exe"), *name = exe ? strrchr(exe, '/') : NULL;

	if (!asked || is(line, "exe", asked))
		return true;
	if (strchr(asked, '/'))
		return false;
	return (name && strcmp(name + 1, asked) == 0) || is(line, "comm", asked);
}

static bool is_rule(const struct eg_record_line *line, const char *asked)
{
	const char *rule = eg_record_get(line, "rule"), *feed = eg_record_get(line, "feed");

	return !asked || (rule && strstr(rule, asked)) || (feed && strstr(feed, asked));
}

static bool is_then(const struct eg_record_match *match, int64_t time_ms)
{
	return (!match->since_ms || time_ms >= match->since_ms) &&
	       (!match->until_ms || time_ms <= match->until_ms);
}

bool eg_record_may_match(const struct eg_record_match *match, const struct eg_record_line *line)
{
	return !line->time_ms || is_then(match, line->time_ms);
}

bool eg_record_matches(const struct eg_record_match *match, const struct eg_record_line *line)
{
	const char *peer = eg_record_peer_key(line);

	if (!is_then(match, line->time_ms) || !is(line, "session", match->session) ||
	    !is(line, "user", match->user))
		return false;
	if (eg_record_is_gap(line))
		return !match->verdict || is_word(line->event, match->verdict) ||
		       can_be_missing(match->verdict);
	return (!match->verdict || is_word(line->verdict, match->verdict) ||
		is_word(line->event, match->verdict)) &&
	       is(line, "profile", match->profile) && is(line, "key", match->key) &&
	       is_word(line->op, match->op) && is(line, "port", match->port) &&
	       is_program(line, match->program) && is_rule(line, match->rule) &&
	       is_in(peer ? eg_record_get(line, peer) : NULL, &match->peer) &&
	       is_in(eg_record_get(line, "rhost"), &match->rhost);
}

bool eg_record_is_verdict(const char *text)
{
	static const char *const verdicts[] = {"deny", "audit", "kill", "reset", "block"};

	for (size_t i = 0; i < EG_ARRAY_SIZE(verdicts); i++)
		if (strcmp(text, verdicts[i]) == 0)
			return true;
	/* "refusal" and "flow" are found by any of their verdicts. */
	return eg_record_kind_of_event(text, "deny") || eg_record_kind_of_event(text, "reset");
}

bool eg_record_is_op(const char *text)
{
	for (uint16_t op = 1; op < EG_OP_MAX; op++)
		if (strcmp(eg_event_op_name(op), text) == 0)
			return true;
	return false;
}
