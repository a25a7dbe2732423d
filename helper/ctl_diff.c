// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * ebpfguardctl diff: what a new file would change, profile by profile, and for the sessions there
 * are now. The files are read as check reads them; the sessions are the helper's to tell, and
 * without it the rest is said all the same.
 */
#include <err.h>
#include <stdio.h>
#include <stdio_ext.h>
#include <stdlib.h>
#include <string.h>

#include "abi.h"
#include "ctl.h"
#include "ctl_diff.h"
#include "diff.h"
#include "event.h"
#include "util.h"

enum {
	SHOWN_MAX = 20,	   /* elements of one list, on each side; more help nobody */
	EXAMPLES_MAX = 3,  /* networks of a feed, likewise */
	STATUS_TROUBLE = 2 /* as of diff(1) */
};

/* How much of a profile changes. */
struct counts {
	size_t more, less, values, networks_more, networks_less;
};

struct comparison;

/* Two files, and what is told of them to stdout. */
struct printer {
	const struct eg_config *old, *new;
	struct comparison *in; /* that it is of, and which profile of the new file: */
	size_t profile;
	const char *heading;	  /* not printed yet; NULL = it is */
	const char *name;	  /* of the profile; NULL = it is about the file as a whole */
	struct json_object *json; /* changes go there, borrowed; NULL = they are printed */
	char key[256];		  /* of the list at hand */
	struct counts list;	  /* of it */
	struct counts all;	  /* under this heading */
};

/* ---- differences */

static void print_rest(const char *mark, const char *key, size_t n, size_t shown)
{
	char clean[EG_CTL_SAFE_SIZE];

	if (n > shown)
		(void)printf("%s %s: and %zu more\n", mark, eg_ctl_safe(key, clean, sizeof(clean)),
			     n - shown);
}

/* What of the list at hand was too much to be shown. */
static void end_list(struct printer *printer)
{
	const struct counts *n = &printer->list;
	bool networks = n->networks_more || n->networks_less;
	char clean[EG_CTL_SAFE_SIZE];

	if (!printer->json) {
		print_rest("-", printer->key, n->less, SHOWN_MAX);
		print_rest("+", printer->key, n->more, SHOWN_MAX);
	}
	if (networks && printer->json)
		eg_ctl_diff_json_networks(printer->json, printer->name, printer->key,
					  n->networks_more, n->networks_less);
	else if (networks)
		(void)printf("%s: %zu networks more, %zu less\n",
			     eg_ctl_safe(printer->key, clean, sizeof(clean)), n->networks_more,
			     n->networks_less);
	printer->list = (struct counts){0};
	printer->key[0] = '\0';
}

static void begin_list(struct printer *printer, const char *key)
{
	if (printer->heading && !printer->json)
		(void)printf("%s:\n", printer->heading);
	printer->heading = NULL;
	if (strncmp(printer->key, key, sizeof(printer->key) - 1) == 0)
		return;
	end_list(printer);
	(void)snprintf(printer->key, sizeof(printer->key), "%s", key);
}

/* "+ allow: 10.0.0.0/8 at new.conf:3" */
static void print_element(const struct printer *printer, const struct eg_diff *diff, bool more)
{
	const char *file = diff->file ? diff->file : more ? printer->new->file : printer->old->file;
	char key[EG_CTL_SAFE_SIZE], text[EG_CTL_SAFE_SIZE], path[EG_CTL_SAFE_SIZE];

	if (printer->json) {
		eg_ctl_diff_json_change(printer->json, printer->name, diff, file);
		return;
	}
	(void)printf("%c %s: %s", more ? '+' : '-', eg_ctl_safe(diff->key, key, sizeof(key)),
		     eg_ctl_safe(diff->text, text, sizeof(text)));
	if (diff->line)
		(void)printf(" at %s:%u", eg_ctl_safe(file, path, sizeof(path)), diff->line);
	(void)putchar('\n');
}

static void print_value(const struct printer *printer, const struct eg_diff *diff)
{
	char key[EG_CTL_SAFE_SIZE], was[EG_CTL_SAFE_SIZE], text[EG_CTL_SAFE_SIZE];

	if (printer->json) {
		eg_ctl_diff_json_change(printer->json, printer->name, diff, NULL);
		return;
	}

	(void)printf("%s: ", eg_ctl_safe(diff->key, key, sizeof(key)));
	if (diff->was)
		(void)printf("%s -> ", eg_ctl_safe(diff->was, was, sizeof(was)));
	(void)puts(eg_ctl_safe(diff->text, text, sizeof(text)));
}

static void hear(void *data, const struct eg_diff *diff)
{
	struct printer *printer = data;

	begin_list(printer, diff->key);
	switch (diff->what) {
	case EG_DIFF_VALUE:
		printer->all.values++;
		print_value(printer, diff);
		break;
	case EG_DIFF_MORE:
		printer->all.more++;
		if (++printer->list.more <= SHOWN_MAX || printer->json)
			print_element(printer, diff, true);
		break;
	case EG_DIFF_LESS:
		printer->all.less++;
		if (++printer->list.less <= SHOWN_MAX || printer->json)
			print_element(printer, diff, false);
		break;
	case EG_DIFF_NETWORK_MORE:
		printer->all.networks_more++;
		if (++printer->list.networks_more <= EXAMPLES_MAX)
			print_element(printer, diff, true);
		break;
	case EG_DIFF_NETWORK_LESS:
		printer->all.networks_less++;
		if (++printer->list.networks_less <= EXAMPLES_MAX)
			print_element(printer, diff, false);
		break;
	}
}

static bool any(const struct counts *counts)
{
	return counts->more || counts->less || counts->values || counts->networks_more ||
	       counts->networks_less;
}

/* ---- profiles */

/* What becomes of a profile that the new file has, by its index there. */
struct change {
	const struct eg_config_profile *old; /* NULL = it appears */
	struct counts counts;
	struct counts networks[2]; /* of deny_files and allow_files; they are in counts, too */
};

struct comparison {
	const struct eg_config *old, *new;
	struct change *changes; /* owned: one for each profile of the new file */
	bool any;
	/* borrowed: an array, for what changes; NULL = it is printed */
	struct json_object *json;
};

static void comparison_done(struct comparison *comparison)
{
	free(comparison->changes);
}

/* A profile before the i-th that has the same feeds as that one, before and after; NULL = none. */
static const struct change *find_like(const struct comparison *in, size_t i, bool allow)
{
	for (size_t j = 0; j < i; j++) {
		const struct change *like = &in->changes[j];

		if (like->old && eg_diff_same_feeds(like->old, in->changes[i].old, allow) &&
		    eg_diff_same_feeds(&in->new->profiles[j], &in->new->profiles[i], allow))
			return like;
	}
	return NULL;
}

/* Networks of feeds. Sorting millions takes seconds: not once for each profile that has them. */
static int compare_networks(void *data, bool allow)
{
	struct printer *printer = data;
	struct comparison *in = printer->in;
	size_t i = printer->profile;
	const struct eg_diff_ear ear = {.tell = hear, .data = printer};
	const struct change *like = find_like(in, i, allow);
	struct counts *networks = &in->changes[i].networks[allow], *all = &printer->all;
	size_t more = all->networks_more, less = all->networks_less;
	int err;

	if (!like) {
		err = eg_diff_networks(in->changes[i].old, &in->new->profiles[i], allow, &ear);
		networks->networks_more = all->networks_more - more;
		networks->networks_less = all->networks_less - less;
		return err;
	}
	*networks = like->networks[allow];
	if (!any(networks))
		return 0;
	begin_list(printer, allow ? "allow_files" : "deny_files");
	printer->list.networks_more = networks->networks_more;
	printer->list.networks_less = networks->networks_less;
	all->networks_more += networks->networks_more;
	all->networks_less += networks->networks_less;
	return 0;
}

static int compare_profile(struct comparison *in, size_t i)
{
	const struct eg_config_profile *new = &in->new->profiles[i];
	char heading[EG_CONFIG_LABEL_SIZE + 16], file[EG_CTL_SAFE_SIZE];
	struct printer printer = {.old = in->old,
				  .new = in->new,
				  .in = in,
				  .profile = i,
				  .heading = heading,
				  .name = new->name,
				  .json = in->json};
	const struct eg_diff_ear ear = {hear, &printer, compare_networks};
	int err;

	(void)snprintf(heading, sizeof(heading), "profile %s", new->name);
	in->changes[i].old = eg_diff_profile(in->old, new->name);
	if (!in->changes[i].old && in->json)
		eg_ctl_diff_json_profile(in->json, new->name, true, in->new->file, new->line);
	else if (!in->changes[i].old)
		(void)printf("profile %s: is new, at %s:%u\n", new->name,
			     eg_ctl_safe(in->new->file, file, sizeof(file)), new->line);
	if (!in->changes[i].old) {
		in->any = true;
		return 0;
	}
	err = eg_diff_profiles(in->changes[i].old, new, &ear);
	end_list(&printer);
	in->changes[i].counts = printer.all;
	in->any |= any(&printer.all);
	return err;
}

static void print_gone(struct comparison *in)
{
	char file[EG_CTL_SAFE_SIZE];

	for (size_t i = 0; i < in->old->n_profiles; i++) {
		const struct eg_config_profile *old = &in->old->profiles[i];

		if (eg_diff_profile(in->new, old->name))
			continue;
		if (in->json)
			eg_ctl_diff_json_profile(in->json, old->name, false, in->old->file,
						 old->line);
		else
			(void)printf("profile %s: is not there any more (it was at %s:%u); "
				     "sessions that have it keep what it says now\n",
				     old->name, eg_ctl_safe(in->old->file, file, sizeof(file)),
				     old->line);
		in->any = true;
	}
}

/* Prints all differences. Returns 0 or -ENOMEM. */
static int compare(struct comparison *in)
{
	struct printer whole = {
		.old = in->old, .new = in->new, .heading = "the file as a whole", .json = in->json};
	const struct eg_diff_ear ear = {.tell = hear, .data = &whole};
	int err = 0;

	in->changes = calloc(in->new->n_profiles, sizeof(*in->changes));
	if (!in->changes)
		return -ENOMEM;
	for (size_t i = 0; i < in->new->n_profiles && !err; i++)
		err = compare_profile(in, i);
	if (err)
		return err;
	print_gone(in);
	err = eg_diff_whole(in->old, in->new, &ear);
	end_list(&whole);
	in->any |= any(&whole.all);
	if (!in->any && !err && !in->json)
		(void)puts("nothing changes");
	return err;
}

/* ---- sessions */

static void print_counts(const struct counts *counts)
{
	const char *separator = "";

	if (counts->more || counts->less) {
		(void)printf("%zu rule%s more, %zu less", counts->more,
			     counts->more == 1 ? "" : "s", counts->less);
		separator = ", ";
	}
	if (counts->values) {
		(void)printf("%s%zu setting%s", separator, counts->values,
			     counts->values == 1 ? "" : "s");
		separator = ", ";
	}
	if (counts->networks_more || counts->networks_less)
		(void)printf("%s%zu networks of feeds more, %zu less", separator,
			     counts->networks_more, counts->networks_less);
}

static void print_change(const struct comparison *in, const char *profile)
{
	const struct eg_config_profile *new = eg_diff_profile(in->new, profile);
	const struct change *change = new ? &in->changes[new - in->new->profiles] : NULL;

	if (!change) {
		(void)printf("its profile is not in the new file: keeps what it has");
	} else if (!change->old) {
		(void)printf("its profile is in the new file only, and comes into force for it");
	} else if (any(&change->counts)) {
		(void)printf("its profile changes: ");
		print_counts(&change->counts);
	} else {
		(void)printf("unchanged");
	}
}

/* Whether who logs in like this gets another profile from then on. Returns 0 or -ENOMEM. */
static int print_next(const struct comparison *in, const struct eg_msg_session *session)
{
	const struct eg_ctl_options as = {
		.service = session->service, .rhost = session->rhost, .key = session->key};
	const struct eg_config_profile *next = NULL;
	const struct eg_config_match *match = NULL;
	char file[EG_CTL_SAFE_SIZE];
	int err = eg_ctl_choose(in->new, &as, session->user, &next, &match, NULL);

	if (err < 0)
		return err;
	if (strcmp(next->name, session->profile) == 0)
		return 0;
	(void)printf("; a new login like it gets %s", next->name);
	if (match)
		(void)printf(" by %s:%u", eg_ctl_safe(in->new->file, file, sizeof(file)),
			     match->line);
	return 0;
}

static int print_sessions(const struct comparison *in, const struct eg_ctl_sessions *sessions)
{
	int err = 0;

	(void)puts(sessions->n ? "sessions:" : "sessions: none");
	for (size_t i = 0; i < sessions->n && !err; i++) {
		const struct eg_msg_session *session = &sessions->items[i];
		char user[4 * EG_USER_SIZE], rhost[4 * EG_RHOST_SIZE], profile[EG_CTL_SAFE_SIZE];

		(void)printf("%llu %s from %s, %s%s: ", (unsigned long long)session->session,
			     eg_event_escape(session->user, user, sizeof(user)),
			     eg_event_escape(session->rhost, rhost, sizeof(rhost)),
			     eg_ctl_safe(session->profile, profile, sizeof(profile)),
			     session->flags & EG_GUARD_MANAGER ? " (manager)" : "");
		print_change(in, session->profile);
		err = print_next(in, session);
		(void)putchar('\n');
	}
	return err;
}

/* The same for programs. Returns 0 or -ENOMEM. */
static int json_sessions(const struct comparison *in, const struct eg_ctl_sessions *sessions,
			 struct json_object *array)
{
	for (size_t i = 0; i < sessions->n; i++) {
		const struct eg_msg_session *session = &sessions->items[i];
		const struct eg_config_profile *new = eg_diff_profile(in->new, session->profile),
					       *next = NULL;
		const struct change *change = new ? &in->changes[new - in->new->profiles] : NULL;
		const struct eg_ctl_options as = {
			.service = session->service, .rhost = session->rhost, .key = session->key};
		struct json_object *json = eg_ctl_json_object();
		const struct eg_config_match *match = NULL;
		int err = eg_ctl_choose(in->new, &as, session->user, &next, &match, NULL);

		eg_ctl_json_append(array, json);
		if (err < 0)
			return err;
		eg_ctl_json_add_number(json, "session", session->session);
		eg_ctl_json_add_text(json, "user", session->user);
		eg_ctl_json_add_text(json, "rhost", session->rhost);
		eg_ctl_json_add_text(json, "profile", session->profile);
		eg_ctl_json_add_text(json, "change",
				     !change		    ? "profile-gone"
				     : !change->old	    ? "profile-new"
				     : any(&change->counts) ? "changes"
							    : "unchanged");
		eg_ctl_json_add_text(json, "next_profile", next->name);
	}
	return 0;
}

/* ---- the command */

static int out_of_memory(int err)
{
	warnx("%s", strerror(-err));
	return STATUS_TROUBLE;
}

/* Says so at once: what comes after has errors of its own, and nobody who could read it. */
static int cannot_write(void)
{
	warn("cannot write");
	__fpurge(stdout);
	clearerr(stdout);
	return STATUS_TROUBLE;
}

/* All of it in one object: sessions are left out when the helper does not tell. Returns 0 or
 * -ENOMEM. */
static int say_json(const struct eg_ctl_options *options, struct comparison *in)
{
	struct json_object *json = eg_ctl_json_object(), *array = eg_ctl_json_array();
	struct eg_ctl_sessions sessions eg_ctl_auto_sessions = {0};
	int err;

	eg_ctl_json_add_text(json, "old", in->old->file);
	eg_ctl_json_add_text(json, "new", in->new->file);
	in->json = eg_ctl_json_array();
	eg_ctl_json_add(json, "changes", in->json);
	err = compare(in);
	if (!err && eg_ctl_sessions_ask(options, &sessions) == 0) {
		err = json_sessions(in, &sessions, array);
		eg_ctl_json_add(json, "sessions", array);
	} else {
		(void)json_object_put(array);
	}
	if (!err)
		eg_ctl_json_print(json);
	else
		(void)json_object_put(json);
	return err;
}

/* The same for people. */
static int say(const struct eg_ctl_options *options, struct comparison *in, int *ret_status)
{
	struct eg_ctl_sessions sessions eg_ctl_auto_sessions = {0};
	int err = compare(in);

	if (err < 0)
		return err;
	/* Verdicts first: the helper may take its seconds. */
	if (fflush(stdout) != 0 || ferror(stdout)) {
		*ret_status = cannot_write();
		return 0;
	}
	if (eg_ctl_sessions_ask(options, &sessions) == 0)
		return print_sessions(in, &sessions);
	warnx("so nothing is said of sessions; what is said of the files is complete");
	return 0;
}

int eg_ctl_diff(const struct eg_ctl_options *options, char **args)
{
	struct eg_config *old eg_ctl_auto_config = NULL, *new eg_ctl_auto_config = NULL;
	struct eg_feeds old_feeds eg_ctl_auto_feeds = {0}, new_feeds eg_ctl_auto_feeds = {0};
	__attribute__((cleanup(comparison_done))) struct comparison comparison = {0};
	int err, status = EG_CTL_FINE;

	old = eg_ctl_load(options->config);
	new = eg_ctl_load(args[0]);
	if (!old || !new || eg_ctl_feeds_load(old, &old_feeds) < 0 ||
	    eg_ctl_feeds_load(new, &new_feeds) < 0 || !eg_ctl_is_right(new))
		return STATUS_TROUBLE;
	comparison.old = old;
	comparison.new = new;
	err = options->json ? say_json(options, &comparison) : say(options, &comparison, &status);
	if (err < 0)
		return out_of_memory(err);
	if (options->json && (fflush(stdout) != 0 || ferror(stdout)))
		return cannot_write();
	if (status)
		return status;
	return comparison.any ? EG_CTL_FINDING : EG_CTL_FINE;
}
