// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Which refusal gets a line, and where all the others are counted. */
#include "account.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "util.h"

int eg_account_init(struct eg_account *account, const struct eg_limits *limits,
		    const struct eg_account_seams *seams, void *arg)
{
	*account = (struct eg_account){
		.limits = *limits, .fold = eg_fold_new(), .seams = seams, .arg = arg};
	return account->fold ? 0 : -ENOMEM;
}

void eg_account_done(struct eg_account *account)
{
	eg_fold_free(account->fold);
	account->fold = NULL;
}

static int64_t window_ms(const struct eg_account *account)
{
	return (int64_t)account->limits.window * 1000;
}

/* ---- counts by operation and verdict */

static void add(struct eg_written *to, const struct eg_written *what)
{
	for (int op = 0; op < EG_OP_MAX; op++) {
		to->refused[op] += what->refused[op];
		to->audited[op] += what->audited[op];
	}
}

/* from - what, where that is more than nothing. Is there any? */
static bool rest_of(const struct eg_written *from, const struct eg_written *what,
		    struct eg_written *ret)
{
	bool any = false;

	for (int op = 0; op < EG_OP_MAX; op++) {
		__u64 refused = from->refused[op], audited = from->audited[op];

		ret->refused[op] = refused > what->refused[op] ? refused - what->refused[op] : 0;
		ret->audited[op] = audited > what->audited[op] ? audited - what->audited[op] : 0;
		any = any || ret->refused[op] || ret->audited[op];
	}
	return any;
}

static void counts_of(const struct eg_totals *totals, struct eg_written *ret)
{
	memcpy(ret->refused, totals->refused, sizeof(ret->refused));
	memcpy(ret->audited, totals->audited, sizeof(ret->audited));
}

/* ---- a line */

/* What is in the log with this line. A session without an entry has nothing there. */
static void plan(struct eg_account *account, const struct eg_written *counts,
		 struct eg_writing *writing)
{
	if (account->seams->written_get(account->arg, writing->session, &writing->after) < 0)
		writing->after = (struct eg_written){0};
	add(&writing->after, counts);
	/* If it cannot be noted, a helper that is killed now counts this line once more. */
	(void)account->seams->writing_put(account->arg, writing);
}

static void commit(struct eg_account *account, const struct eg_writing *writing)
{
	/* Likewise. */
	(void)account->seams->written_put(account->arg, writing->session, &writing->after);
	/* By the time before, a line would count for a second that is over sooner than its own. */
	eg_account_charge(account, account->seams->written_ms());
}

/* The log has not taken it, for certain: nobody is to say it once more. */
static void abandon(struct eg_account *account)
{
	static const struct eg_writing nothing;

	/* If it cannot be noted, one that is killed now says it with a mark. */
	(void)account->seams->writing_put(account->arg, &nothing);
}

/* must: as in the seam. False: the log has not taken it. */
static bool write_sum(struct eg_account *account, uint64_t session,
		      const struct eg_account_sum *sum, bool must)
{
	struct eg_writing writing = {.session = session};

	plan(account, &sum->counts, &writing);
	if (account->seams->sum(account->arg, session, sum, must) < 0) {
		abandon(account);
		return false;
	}
	commit(account, &writing);
	return true;
}

void eg_account_charge(struct eg_account *account, int64_t now_ms)
{
	eg_limit_charge(&account->all, now_ms);
}

uint64_t eg_account_sum_count(const struct eg_account_sum *sum)
{
	uint64_t count = 0;

	for (int op = 0; op < EG_OP_MAX; op++)
		count += sum->counts.refused[op] + sum->counts.audited[op];
	for (int kind = 0; kind < EG_ACCOUNT_KINDS; kind++)
		count += sum->others[kind];
	return count;
}

/* ---- limits */

static bool may_write(struct eg_account *account, struct eg_account_of *of, int64_t now_ms)
{
	bool is_busy = eg_limit_is_busy(&of->limit, &account->limits, now_ms);

	return eg_limit_room(&account->all, &account->limits, is_busy, now_ms) > account->kept &&
	       eg_limit_take(&of->limit, &account->limits, now_ms);
}

/* NULL: out of memory. Then what is left out is found as missing. */
static struct eg_account_left *leave(struct eg_account_of *of, int64_t now_ms)
{
	if (!of->left)
		of->left = calloc(1, sizeof(*of->left));
	eg_limit_leave(&of->limit, now_ms);
	of->due = of->due || !of->left;
	return of->left;
}

static void leave_out(struct eg_account_of *of, const struct eg_event *event, uint64_t count,
		      int64_t now_ms)
{
	struct eg_account_left *left = leave(of, now_ms);

	if (left)
		*eg_fold_counter(&left->counts, event) += count;
}

/* The line of one record, or of the repeats that it is the first of. What the log does not take is
 * left out. */
static void write_line(struct eg_account *account, struct eg_account_of *of,
		       const struct eg_event *event, const struct eg_account_line *how,
		       int64_t now_ms)
{
	struct eg_writing writing = {
		.session = event->session, .ts_ns = event->ts_ns, .op = event->op};
	struct eg_account_sum sum = {.lost = true, .replayed = how->replayed};

	*eg_fold_counter(&sum.counts, event) = how->count;
	plan(account, &sum.counts, &writing);
	if (account->seams->line(account->arg, event, how) == 0) {
		commit(account, &writing);
	} else if (how->replayed) {
		/* the mark must not get lost */
		(void)write_sum(account, event->session, &sum, true);
	} else {
		abandon(account);
		leave_out(of, event, how->count, now_ms);
	}
}

bool eg_account_take(struct eg_account *account, struct eg_account_of *of,
		     enum eg_account_kind kind, int64_t now_ms)
{
	if (may_write(account, of, now_ms)) {
		eg_account_charge(account, now_ms);
		return true;
	}
	eg_account_leave(of, kind, now_ms);
	return false;
}

void eg_account_leave(struct eg_account_of *of, enum eg_account_kind kind, int64_t now_ms)
{
	struct eg_account_left *left = leave(of, now_ms);

	if (left)
		left->others[kind]++;
}

/* What the log does not take is said later. */
static void say_left_out(struct eg_account *account, struct eg_account_of *of, bool must,
			 int64_t now_ms)
{
	struct eg_account_left *left = eg_take_ptr(&of->left);
	struct eg_account_sum sum = {0};

	of->limit.left_out = false;
	if (!left)
		return;
	sum.counts = left->counts;
	memcpy(sum.others, left->others, sizeof(sum.others));
	if (write_sum(account, of->number, &sum, must)) {
		free(left);
		return;
	}
	of->left = left;
	eg_limit_leave(&of->limit, now_ms);
}

/* ---- records */

/* An earlier helper may have written a line that eg_written does not have, and its record is not in
 * the ring: what it counts is said once more. */
static void say_again(struct eg_account *account)
{
	struct eg_account_sum sum = {.lost = true, .replayed = true};
	struct eg_writing earlier = account->earlier;
	struct eg_written written = {0};

	account->earlier.session = 0;
	if (!earlier.session || account->earlier_is_written)
		return;
	(void)account->seams->written_get(account->arg, earlier.session, &written);
	if (rest_of(&earlier.after, &written, &sum.counts))
		(void)write_sum(account, earlier.session, &sum, true);
}

/* The first record after a start: is it the one that an earlier helper was about to write? Then it
 * is done with here. */
static bool is_earlier(struct eg_account *account, struct eg_account_of *of,
		       const struct eg_event *event, int64_t now_ms)
{
	const struct eg_account_line again = {.count = 1, .replayed = true};
	const struct eg_writing *earlier = &account->earlier;

	if (!earlier->session)
		return false;
	if (earlier->session != event->session || !earlier->ts_ns ||
	    earlier->ts_ns != event->ts_ns || earlier->op != event->op) {
		say_again(account);
		return false;
	}
	account->earlier.session = 0;
	if (!account->earlier_is_written)
		write_line(account, of, event, &again, now_ms);
	return true;
}

void eg_account_resume(struct eg_account *account, const struct eg_writing *earlier)
{
	struct eg_written written;

	if (!earlier->session ||
	    account->seams->written_get(account->arg, earlier->session, &written) < 0)
		return; /* that session is over, and all of it is said */
	account->earlier = *earlier;
	account->earlier_is_written = !memcmp(&written, &earlier->after, sizeof(written));
}

void eg_account_resumed(struct eg_account *account)
{
	say_again(account);
}

void eg_account_event(struct eg_account *account, struct eg_account_of *of,
		      const struct eg_event *event, int64_t now_ms)
{
	static const struct eg_account_line once = {.count = 1};

	if (is_earlier(account, of, event, now_ms) || eg_fold_repeat(account->fold, event, now_ms))
		return;
	if (!may_write(account, of, now_ms)) {
		leave_out(of, event, 1, now_ms);
		return;
	}
	write_line(account, of, event, &once, now_ms);
	eg_fold_begin(account->fold, event, now_ms, window_ms(account));
}

/* ---- what is due */

struct due {
	struct eg_account *account;
	int64_t now_ms;
};

static void on_folded(const struct eg_folded *folded, void *arg)
{
	struct due *due = arg;
	struct eg_account *account = due->account;
	struct eg_account_of *of = account->seams->find(account->arg, folded->event.session);
	struct eg_account_line how = {.count = folded->count, .last_ns = folded->last_ns};

	if (!of)
		return; /* eg_account_drop has seen to it that there is none */
	if (may_write(account, of, due->now_ms))
		write_line(account, of, &folded->event, &how, due->now_ms);
	else
		leave_out(of, &folded->event, folded->count, due->now_ms);
}

void eg_account_tick(struct eg_account *account, int64_t now_ms)
{
	struct due due = {account, now_ms};

	eg_fold_tick(account->fold, now_ms, window_ms(account), on_folded, &due);
}

/* Is there something to look for that never came? */
static bool is_missing(const struct eg_account_of *of, const struct eg_totals *totals)
{
	return of->search || (totals && (of->due || totals->lost != of->lost));
}

void eg_account_tick_of(struct eg_account *account, struct eg_account_of *of,
			const struct eg_totals *totals, int64_t now_ms)
{
	bool is_due = eg_limit_is_due(&of->limit, now_ms);

	/* Of most sessions there is nothing to say, and how much room there is takes a sum. */
	if (!is_due && !is_missing(of, totals))
		return;
	/* What is counted can wait, but not for floods to end: as the quiet. */
	if (!eg_limit_room(&account->all, &account->limits, false, now_ms))
		return;
	if (is_due)
		say_left_out(account, of, false, now_ms);
	if (is_missing(of, totals))
		(void)eg_account_settle(account, of, false, now_ms); /* or the next time */
}

uint64_t eg_account_last_lines(const struct eg_account *account)
{
	return account->limits.rate < EG_ACCOUNT_LAST_LINES ? account->limits.rate
							    : EG_ACCOUNT_LAST_LINES;
}

/* Of a session that is over. What was left out is said whether there is room or not. */
static void flush(struct eg_account *account, struct eg_account_of *of, bool must, int64_t now_ms)
{
	struct due due = {account, now_ms};

	account->kept = eg_account_last_lines(account);
	eg_fold_flush(account->fold, of->number, on_folded, &due);
	account->kept = 0;
	say_left_out(account, of, must, now_ms);
}

uint64_t eg_account_flush(struct eg_account *account, struct eg_account_of *of, int64_t now_ms)
{
	struct due due = {account, now_ms};
	uint64_t others = 0;

	eg_fold_flush(account->fold, of->number, on_folded, &due);
	if (eg_limit_room(&account->all, &account->limits, false, now_ms))
		say_left_out(account, of, false, now_ms);
	for (int kind = 0; of->left && kind < EG_ACCOUNT_KINDS; kind++)
		others += of->left->others[kind];
	return others;
}

/* ---- what never came */

/* Begins, or goes on. False: not yet. */
static bool has_seen_all(struct eg_account *account, struct eg_account_of *of)
{
	uint64_t produced, consumed;

	if (!of->search) {
		of->search = calloc(1, sizeof(*of->search));
		if (!of->search)
			return false;
		/* A record is written before it is counted: what is counted now is in the ring up
		 * to here, or has been. */
		if (account->seams->totals_get(account->arg, of->number, &of->search->totals) < 0)
			return true; /* nothing counts for it */
		account->seams->positions(account->arg, &produced, &consumed);
		of->search->until = produced;
	}
	account->seams->positions(account->arg, &produced, &consumed);
	return consumed >= of->search->until;
}

/* What is in the log and what waits for its line. */
static void known(struct eg_account *account, const struct eg_account_of *of,
		  struct eg_written *ret)
{
	if (account->seams->written_get(account->arg, of->number, ret) < 0)
		*ret = (struct eg_written){0};
	eg_fold_sum(account->fold, of->number, ret);
	if (of->left)
		add(ret, &of->left->counts);
}

bool eg_account_settle(struct eg_account *account, struct eg_account_of *of, bool is_over,
		       int64_t now_ms)
{
	struct eg_account_sum sum = {.lost = true};
	struct eg_written counted, seen;
	struct eg_totals totals;

	if (!has_seen_all(account, of))
		return false;
	totals = of->search->totals;
	free(eg_take_ptr(&of->search));
	/* What came meanwhile hides some of what did not: looked for once more when it has calmed
	 * down. */
	of->due = of->lost != totals.lost;
	of->lost = totals.lost;
	counts_of(&totals, &counted);
	known(account, of, &seen);
	if (is_over)
		flush(account, of, false, now_ms);
	if (rest_of(&counted, &seen, &sum.counts) && !write_sum(account, of->number, &sum, false)) {
		of->due = true;
		return false;
	}
	if (!is_over || account->seams->totals_get(account->arg, of->number, &totals) < 0)
		return !is_over || !of->left;
	/* One that was seen and is not counted yet makes both differ, too. */
	counts_of(&totals, &counted);
	known(account, of, &seen);
	return !of->left && !memcmp(&counted, &seen, sizeof(counted));
}

void eg_account_give_up(struct eg_account *account, struct eg_account_of *of, int64_t now_ms)
{
	struct eg_account_sum sum = {.lost = true};
	struct eg_written counted, seen;
	struct eg_totals totals;

	flush(account, of, true, now_ms);
	if (account->seams->totals_get(account->arg, of->number, &totals) < 0)
		return; /* nothing counts for it */
	counts_of(&totals, &counted);
	known(account, of, &seen);
	if (rest_of(&counted, &seen, &sum.counts))
		(void)write_sum(account, of->number, &sum, true);
}

void eg_account_drop(struct eg_account *account, struct eg_account_of *of)
{
	eg_fold_flush(account->fold, of->number, NULL, NULL);
	free(eg_take_ptr(&of->left));
	free(eg_take_ptr(&of->search));
}
