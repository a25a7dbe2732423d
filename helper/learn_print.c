// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Evidence as a part of a configuration. What stands outside of comments is elements of lists in
 * quotes, escaped; what stands in comments is words of the log, which have no newline, or escaped.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "config.h"
#include "config_apply.h"
#include "learn.h"
#include "util.h"

enum { TIME_SIZE = 32 };

/* The lists, and what is said above one that has elements. */
static const struct list {
	const char *group, *name; /* group: NULL = it stands outside of groups */
	const char *path;	  /* both */
	size_t most;		  /* elements that the list takes */
	const char *note;
} lists[EG_LEARN_LISTS] = {
	[EG_LEARN_ALLOW] = {NULL, "allow", "allow", EG_LEARN_ITEMS_MAX,
			    "# Addresses and ports one by one. Together with default = \"deny\" "
			    "these and loopback are all\n# that is reached.\n"},
	[EG_LEARN_BIND] = {"bind", "allow", "bind.allow", EG_LEARN_ITEMS_MAX,
			   "# Exceptions from bind.deny. Port 0 is one that the kernel picks.\n"},
	[EG_LEARN_SOCKETS] =
		{"sockets", "allow", "sockets.allow", EG_LEARN_ITEMS_MAX,
		 "# CAREFUL: all sockets of the kind. What is sent by AF_PACKET and "
		 "the like is not judged by\n# deny and allow. The log does not tell "
		 "a raw socket of a protocol from one of its own kind: should\n"
		 "# \"sctp\", \"dccp\" or \"udplite\" not be enough, it was \"raw\".\n"},
	[EG_LEARN_SETUID] = {"setuid", "allow", "setuid.allow", EG_CONFIG_TEXTS_MAX,
			     "# CAREFUL: whoever may use such a program gains by it, whatever it "
			     "is used for.\n"},
	[EG_LEARN_MOUNT] = {"mount", "allow", "mount.allow", EG_CONFIG_TEXTS_MAX,
			    "# CAREFUL: on such a place everything can be mounted, by who has the "
			    "right.\n"},
	[EG_LEARN_FILES] =
		{"files", "allow", "files.allow", EG_LEARN_ITEMS_MAX,
		 "# CAREFUL: an exception is for reading and writing. Where only "
		 "\"read\" is meant, name the path in\n# files.deny_write as well, which "
		 "wins for the same path. For that reason, too, what files.deny_read\n"
		 "# or files.deny_write names by just this path is to be taken out "
		 "there.\n"},
	[EG_LEARN_EXEC] = {"exec", "allow_only", "exec.allow_only", EG_LEARN_ITEMS_MAX,
			   "# CAREFUL: add these to the list that the profile has; alone, they "
			   "are all that may be run.\n"},
	[EG_LEARN_NONE] = {NULL, NULL, NULL, 0, NULL},
};

struct printer {
	const struct eg_learn *learn;
	struct eg_learn_choice *choices; /* as many as items */
	FILE *out;
};

/* ---- parts */

static const char *utc(int64_t time_s, char buf[TIME_SIZE])
{
	time_t t = (time_t)time_s;
	struct tm tm;

	if (!gmtime_r(&t, &tm) || !strftime(buf, TIME_SIZE, "%Y-%m-%dT%H:%M:%SZ", &tm))
		(void)strcpy(buf, "-");
	return buf;
}

static void print_set(FILE *out, const char *what, const struct eg_learn_set *set)
{
	(void)fprintf(out, "; %s%s", what, set->n > 1 ? "s" : "");
	for (size_t i = 0; i < set->n; i++)
		(void)fprintf(out, "%s %s", i ? "," : "", set->words[i]);
	if (set->more)
		(void)fputs(" and others", out);
}

/* "connect, sendmsg, 12 times, 2026-... to 2026-...; user alice; program /usr/bin/curl; session 1"
 */
static void print_evidence(FILE *out, const struct eg_learn_item *item)
{
	char first[TIME_SIZE], last[TIME_SIZE];

	for (size_t i = 0; i < item->how.n; i++)
		(void)fprintf(out, "%s, ", item->how.words[i]);
	(void)fprintf(out, "%llu time%s, %s", (unsigned long long)item->count,
		      item->count == 1 ? "" : "s", utc(item->first_s, first));
	if (item->last_s != item->first_s)
		(void)fprintf(out, " to %s", utc(item->last_s, last));
	print_set(out, "user", &item->users);
	print_set(out, "program", &item->programs);
	print_set(out, "session", &item->sessions);
	(void)fputc('\n', out);
}

/* ---- what becomes of an item */

static int compare_choices(const void *va, const void *vb)
{
	const struct eg_learn_item *a = ((const struct eg_learn_choice *)va)->item,
				   *b = ((const struct eg_learn_choice *)vb)->item;
	int order = (a->list > b->list) - (a->list < b->list);

	if (order == 0)
		order = strcmp(a->text, b->text);
	if (order == 0)
		order = strcmp(a->why_not ? a->why_not : "", b->why_not ? b->why_not : "");
	return order;
}

const char *eg_learn_list_name(enum eg_learn_list list)
{
	return lists[list].path;
}

int eg_learn_choose(const struct eg_learn *learn, eg_learn_look look, struct eg_learn_choice **ret)
{
	struct eg_learn_choice *choices = calloc(learn->n_items + 1, sizeof(*choices));
	size_t taken[EG_LEARN_LISTS] = {0};

	if (!choices)
		return -ENOMEM;
	for (size_t i = 0; i < learn->n_items; i++)
		choices[i].item = learn->items[i];
	qsort(choices, learn->n_items, sizeof(*choices), compare_choices);
	for (size_t i = 0; i < learn->n_items; i++) {
		const struct eg_learn_item *item = choices[i].item;
		const char *why = item->why_not;

		if (!why && item->text[0] == '/')
			why = look(item->list, item->text);
		if (!why && taken[item->list]++ >= lists[item->list].most)
			why = "there are more than the list takes";
		choices[i].why_not = why;
	}
	*ret = choices;
	return 0;
}

/* ---- the head */

static void print_missing_line(FILE *out, const char *what, uint64_t n)
{
	if (n)
		(void)fprintf(out, "# INCOMPLETE, %s: %llu\n", what, (unsigned long long)n);
}

static void print_missing(const struct eg_learn *learn, FILE *out)
{
	struct eg_learn_missing missing;

	eg_learn_gaps_sum(&learn->gaps, &missing);
	print_missing_line(out, "lines that the helper's limit left out (SUPPRESSED)",
			   learn->suppressed);
	print_missing_line(out, "events that never reached the helper (LOST, and lost= of END)",
			   missing.lost);
	if (missing.lost_open)
		(void)fprintf(out, "#   of these, of sessions that have no END so far: %llu\n",
			      (unsigned long long)missing.lost_open);
	print_missing_line(out, "lines that have been cut, or are not the helper's", learn->broken);
	print_missing_line(out,
			   "lines about more different things than are kept; ask for less with "
			   "--user, --profile or --since",
			   learn->dropped);
	if (missing.unrecorded)
		(void)fprintf(
			out,
			"# Recordings that are not in the log (UNRECORDED, and END), from which "
			"nothing is proposed: %llu\n",
			(unsigned long long)missing.unrecorded);
}

static void print_head(const struct eg_learn *learn, FILE *out)
{
	char first[TIME_SIZE], last[TIME_SIZE];

	(void)fputs("# Proposed by ebpfguardctl learn. Audit shows what was done, not what is "
		    "right: what somebody did\n"
		    "# who should not have is here, too. Look at each element before you take "
		    "it.\n",
		    out);
	if (learn->lines)
		(void)fprintf(out, "# Profile %s, %llu line%s of AUDIT, %s to %s.\n",
			      learn->found_profile, (unsigned long long)learn->lines,
			      learn->lines == 1 ? "" : "s", utc(learn->first_s, first),
			      utc(learn->last_s, last));
	else
		(void)fputs("# There is no line of AUDIT.\n", out);
	print_missing(learn, out);
	(void)fputs("# A list here is for joining with the one that the profile has: it does not "
		    "hold what that allows already.\n",
		    out);
}

/* ---- lists */

static void print_elements(const struct printer *printer, enum eg_learn_list list)
{
	const char *indent = lists[list].group ? "\t\t" : "\t";
	size_t n = 0;

	for (size_t i = 0; i < printer->learn->n_items; i++) {
		const struct eg_learn_choice *choice = &printer->choices[i];

		if (choice->item->list != list || choice->why_not)
			continue;
		(void)fprintf(printer->out, "%s\n%s# ", n++ ? "," : "", indent);
		print_evidence(printer->out, choice->item);
		(void)fputs(indent, printer->out);
		eg_config_print_string(printer->out, choice->item->text);
	}
}

/* What is for a person to decide. */
static void print_others(const struct printer *printer)
{
	for (size_t i = 0; i < printer->learn->n_items; i++) {
		const struct eg_learn_choice *choice = &printer->choices[i];
		const struct eg_learn_item *item = choice->item;
		const char *list = eg_learn_list_name(item->list);

		if (!choice->why_not)
			continue;
		(void)fprintf(printer->out, "# NOT PROPOSED%s%s: ", list ? " for " : "",
			      list ? list : "");
		eg_config_print_string(printer->out, item->text);
		(void)fprintf(printer->out, ": %s%s%s.\n#   ", choice->why_not,
			      item->where ? ": " : "", item->where ? item->where : "");
		print_evidence(printer->out, item);
	}
}

static bool has_elements(const struct printer *printer, enum eg_learn_list list)
{
	for (size_t i = 0; i < printer->learn->n_items; i++)
		if (printer->choices[i].item->list == list && !printer->choices[i].why_not)
			return true;
	return false;
}

static void print_list(const struct printer *printer, enum eg_learn_list list)
{
	const char *group = lists[list].group;

	if (!has_elements(printer, list))
		return;
	(void)fprintf(printer->out, "\n%s", lists[list].note);
	if (group)
		(void)fprintf(printer->out, "%s = {\n\t", group);
	(void)fprintf(printer->out, "%s = [", lists[list].name);
	print_elements(printer, list);
	(void)fputs(group ? "\n\t];\n};\n" : "\n];\n", printer->out);
}

int eg_learn_print(const struct eg_learn *learn, eg_learn_look look, FILE *out)
{
	struct eg_learn_choice *choices eg_auto_free = NULL;
	struct printer printer = {.learn = learn, .out = out};
	int r = eg_learn_choose(learn, look, &choices);

	if (r < 0)
		return r;
	printer.choices = choices;
	print_head(learn, out);
	for (int list = 0; list < EG_LEARN_LISTS; list++)
		print_list(&printer, (enum eg_learn_list)list);
	if (learn->n_items)
		(void)fputc('\n', out);
	print_others(&printer);
	return 0;
}
