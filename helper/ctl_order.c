// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* ebpfguardctl quarantine, release, kill and tighten: orders for a session. */
#include <err.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ctl.h"
#include "ctl_ask.h"
#include "ctl_json.h"
#include "diff.h"
#include "proto.h"
#include "util.h"

enum { ORDER_S = 15 /* the helper takes four at most, but other work may come first */ };

/* "1 session", "2 sessions" */
static const char *many(uint32_t n)
{
	return n == 1 ? "" : "s";
}

static void print_reach(const struct eg_msg_ordered *done, const char *what)
{
	(void)printf("session %" PRIu64 " %s", done->session, what);
	if (done->sessions > 1)
		(void)printf(", and %u session%s opened from within it", done->sessions - 1,
			     many(done->sessions - 1));
	if (done->managers)
		(void)printf(", and %s manager%s, which serve%s all sessions of a user",
			     done->managers == 1 ? "its user's" : "their users'",
			     many(done->managers), done->managers == 1 ? "s" : "");
	(void)putchar('\n');
}

static void print_flows(const struct eg_msg_ordered *done)
{
	if (done->reset || done->left)
		(void)printf("open TCP flows: %u reset, %u could not be and are blocked\n",
			     done->reset, done->left);
	if (done->unsettled)
		(void)puts("open TCP flows are still looked for, to reset them; they are blocked");
}

static void print_end(const struct eg_msg_ordered *done)
{
	print_reach(done, done->survivors ? "was to end" : "has ended");
	(void)printf("processes: %u killed\n",
		     done->processes > done->survivors ? done->processes - done->survivors : 0);
}

/* What was done, for programs; the same for all orders. */
static void print_json(const struct eg_msg_ordered *done, enum eg_do what)
{
	static const char *const words[] = {[EG_DO_QUARANTINE] = "quarantine",
					    [EG_DO_RELEASE] = "release",
					    [EG_DO_KILL] = "kill",
					    [EG_DO_TIGHTEN] = "tighten"};
	struct json_object *json = eg_ctl_json_object();

	eg_ctl_json_add_text(json, "order", words[what]);
	eg_ctl_json_add_number(json, "session", done->session);
	eg_ctl_json_add_number(json, "sessions", done->sessions);
	eg_ctl_json_add_number(json, "managers", done->managers);
	if (what == EG_DO_QUARANTINE || what == EG_DO_TIGHTEN) {
		eg_ctl_json_add_number(json, "flows_reset", done->reset);
		eg_ctl_json_add_number(json, "flows_left", done->left);
		eg_ctl_json_add_bool(json, "flows_settled", !done->unsettled);
	}
	if (what == EG_DO_TIGHTEN)
		eg_ctl_json_add_number(json, "apart", done->apart);
	if (what == EG_DO_KILL) {
		eg_ctl_json_add_number(json, "processes", done->processes);
		eg_ctl_json_add_number(json, "survivors", done->survivors);
	}
	eg_ctl_json_add_text(json, "text", done->text);
	eg_ctl_json_print(json);
}

/* Asks the helper for it. Returns the exit status; *ret is the answer when that is
 * EG_CTL_FINE. */
static int order(const struct eg_ctl_options *options, enum eg_do what, uint64_t session,
		 const char *profile, union eg_ctl_answer *ret)
{
	struct eg_ctl_line line eg_ctl_auto_line = {.fd = -1};
	struct eg_msg_order request = {.session = session, .what = what};

	(void)snprintf(request.profile, sizeof(request.profile), "%s", profile);
	eg_proto_head(&request, EG_MSG_ORDER, sizeof(request));
	if (eg_ctl_ask(options, &request, ORDER_S, &line) < 0 ||
	    eg_ctl_hear(&line, EG_MSG_ORDERED, 0, ret) < 0)
		return EG_CTL_FINDING;
	if (options->json)
		print_json(&ret->ordered, what);
	return EG_CTL_FINE;
}

/* Quarantine and tighten: what is not in force. Returns the exit status. */
static int print_gap(const struct eg_msg_ordered *done)
{
	char clean[4 * EG_TEXT_SIZE];

	if (!done->text[0])
		return EG_CTL_FINE;
	warnx("%s", eg_ctl_safe(done->text, clean, sizeof(clean)));
	return EG_CTL_FINDING;
}

int eg_ctl_quarantine(const struct eg_ctl_options *options, char **args)
{
	union eg_ctl_answer answer;
	uint64_t session;

	if (!eg_ctl_session_number(args[0], &session))
		return EG_CTL_USAGE;
	if (order(options, EG_DO_QUARANTINE, session, "", &answer) != EG_CTL_FINE)
		return EG_CTL_FINDING;
	if (!options->json) {
		print_reach(&answer.ordered, "is cut off");
		print_flows(&answer.ordered);
	}
	return print_gap(&answer.ordered);
}

int eg_ctl_release(const struct eg_ctl_options *options, char **args)
{
	union eg_ctl_answer answer;
	uint64_t session;

	if (!eg_ctl_session_number(args[0], &session))
		return EG_CTL_USAGE;
	if (order(options, EG_DO_RELEASE, session, "", &answer) != EG_CTL_FINE)
		return EG_CTL_FINDING;
	if (!options->json)
		print_reach(&answer.ordered, "is released");
	return EG_CTL_FINE;
}

int eg_ctl_kill(const struct eg_ctl_options *options, char **args)
{
	union eg_ctl_answer answer;
	char clean[4 * EG_TEXT_SIZE];
	uint64_t session;

	if (!eg_ctl_session_number(args[0], &session))
		return EG_CTL_USAGE;
	if (order(options, EG_DO_KILL, session, "", &answer) != EG_CTL_FINE)
		return EG_CTL_FINDING;
	if (!options->json)
		print_end(&answer.ordered);
	if (!answer.ordered.survivors)
		return EG_CTL_FINE;
	warnx("%u process%s would not end; %s", answer.ordered.survivors,
	      answer.ordered.survivors == 1 ? "" : "es",
	      eg_ctl_safe(answer.ordered.text, clean, sizeof(clean)));
	return EG_CTL_FINDING;
}

/* ---- tighten ---- */

/* The profile that a session has now. False: said on stderr. */
static bool profile_of(const struct eg_ctl_options *options, uint64_t session,
		       char ret[EG_PROFILE_SIZE])
{
	struct eg_ctl_sessions list eg_ctl_auto_sessions = {0};
	const struct eg_msg_session *found;

	if (eg_ctl_sessions_ask(options, &list) < 0)
		return false;
	found = eg_ctl_sessions_find(&list, session);
	if (found)
		(void)snprintf(ret, EG_PROFILE_SIZE, "%s", found->profile);
	else
		warnx("there is no session %" PRIu64, session);
	return found;
}

/* By what the configuration says: the helper has the same, or will with the next reload. */
static bool is_tighter(const struct eg_ctl_options *options, uint64_t session, const char *name)
{
	struct eg_config *config eg_ctl_auto_config = eg_ctl_load(options->config);
	const struct eg_config_profile *next, *now;
	char has[EG_PROFILE_SIZE], clean[EG_CTL_SAFE_SIZE], old[EG_CTL_SAFE_SIZE];
	const char *key;

	if (!config || !profile_of(options, session, has))
		return false;
	(void)eg_ctl_safe(name, clean, sizeof(clean));
	(void)eg_ctl_safe(has, old, sizeof(old));
	next = eg_diff_profile(config, name);
	if (!next) {
		warnx("%s has no profile %s", options->config, clean);
		return false;
	}
	now = eg_diff_profile(config, has);
	if (!now) {
		warnx("session %" PRIu64 " has profile %s, which is no longer configured, so it is "
		      "not known whether %s is as strict; with --force it gets it all the same",
		      session, old, clean);
		return false;
	}
	key = eg_ctl_looser(next, now);
	if (!key)
		return true;
	warnx("%s is not as strict as %s, which session %" PRIu64 " has: see %s; with --force it "
	      "gets it all the same",
	      clean, old, session, key);
	return false;
}

int eg_ctl_tighten(const struct eg_ctl_options *options, char **args)
{
	union eg_ctl_answer answer;
	uint64_t session;

	if (!eg_ctl_session_number(args[0], &session))
		return EG_CTL_USAGE;
	if (strlen(args[1]) >= EG_PROFILE_SIZE) {
		warnx("no profile has a name that long");
		return EG_CTL_FINDING;
	}
	if (!options->force && !is_tighter(options, session, args[1]))
		return EG_CTL_FINDING;
	if (order(options, EG_DO_TIGHTEN, session, args[1], &answer) != EG_CTL_FINE)
		return EG_CTL_FINDING;
	if (!options->json) {
		print_reach(&answer.ordered, "has the new profile");
		print_flows(&answer.ordered);
	}
	if (!answer.ordered.apart)
		return print_gap(&answer.ordered);
	(void)print_gap(&answer.ordered);
	warnx("%u more, opened from within it, could not get it besides what an earlier order "
	      "gave them: tighten or kill each by its number",
	      answer.ordered.apart);
	return EG_CTL_FINDING;
}
