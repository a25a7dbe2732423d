/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Which refusal gets a line, and where all the others are counted. Pure: the maps, the ring and the
 * log are seams.
 *
 * The kernel's counters, eg_totals, are the truth; eg_written says how many of these are in the
 * log. What is in neither a line nor in memory, waiting for one, never reached us: it found the
 * ring full, has no record, or an earlier helper was killed with it. It gets a line that counts it.
 * When a session is over, both maps are equal for each operation.
 *
 * A line is written between two writes to maps: what eg_written will be (eg_writing), the line,
 * eg_written. Whoever comes after one that was killed in between knows which line may be in the log
 * already; it is written once more, with a mark. That holds only while the ring is read on behind a
 * record after its line: the handler returns, then the consumer's position moves.
 */
#ifndef EG_ACCOUNT_H
#define EG_ACCOUNT_H

#include <stdbool.h>
#include <stdint.h>

#include "abi_event.h"
#include "fold.h"
#include "limit.h"

/* Lines that are left out for the limit and are not about a refusal that the kernel counts. */
enum eg_account_kind { EG_ACCOUNT_STRAY, EG_ACCOUNT_FLOW, EG_ACCOUNT_KINDS };

/* What a line adds to the record it is about. */
struct eg_account_line {
	uint64_t count;
	uint64_t last_ns; /* count > 1: eg_event.ts_ns of the last */
	bool replayed;	  /* it may be in the log already */
};

/* A line that counts. */
struct eg_account_sum {
	struct eg_written counts;
	uint64_t others[EG_ACCOUNT_KINDS];
	bool lost;     /* the records never reached us; else they were left out for the limit */
	bool replayed; /* as above */
};

/* How many attempts and other lines it stands for. */
uint64_t eg_account_sum_count(const struct eg_account_sum *sum);

/* What of a session was left out, or is looked for. */
struct eg_account_left {
	struct eg_written counts;
	uint64_t others[EG_ACCOUNT_KINDS];
};

struct eg_account_search {
	struct eg_totals totals; /* what the kernel had counted... */
	uint64_t until;		 /* ...before the ring's producer was here */
};

/* A session's part. Zeroed, it is ready; eg_account_drop releases it. */
struct eg_account_of {
	uint64_t number;
	struct eg_limit limit;
	struct eg_account_left *left;	  /* NULL = nothing */
	struct eg_account_search *search; /* NULL = nothing is looked for */
	uint64_t lost;			  /* eg_totals.lost when it was last looked for */
	bool due;			  /* is to be looked for whatever eg_totals.lost is */
};

/* The world. Those that return int: 0 or a negative errno. */
struct eg_account_seams {
	/* The time now, when a line has been written: that may have taken a while. */
	int64_t (*written_ms)(void);
	int (*totals_get)(void *arg, uint64_t session, struct eg_totals *ret);
	int (*written_get)(void *arg, uint64_t session, struct eg_written *ret);
	int (*written_put)(void *arg, uint64_t session, const struct eg_written *written);
	int (*writing_put)(void *arg, const struct eg_writing *writing);
	/* the ring: where the kernel side writes next, and what has been read */
	void (*positions)(void *arg, uint64_t *ret_produced, uint64_t *ret_consumed);
	/* the session's part, NULL when there is none */
	struct eg_account_of *(*find)(void *arg, uint64_t session);
	/* the log: a negative errno when it has not taken it. must: there is no next time, so it is
	 * said wherever it can be; 0 */
	int (*line)(void *arg, const struct eg_event *event, const struct eg_account_line *how);
	int (*sum)(void *arg, uint64_t session, const struct eg_account_sum *sum, bool must);
};

/* The last lines of a session: SUPPRESSED, LOST, END. */
enum { EG_ACCOUNT_LAST_LINES = 3 };

struct eg_account {
	struct eg_limits limits;
	uint64_t kept; /* lines that others than those must leave room for now */
	struct eg_limit_all all;
	struct eg_fold *fold;
	struct eg_writing earlier; /* what an earlier helper left; session 0 = nothing to be done */
	bool earlier_is_written;   /* its line is in the log for certain */
	const struct eg_account_seams *seams;
	void *arg;
};

/* limits: of the configuration. seams: borrowed; arg goes to each. 0 or -ENOMEM. */
int eg_account_init(struct eg_account *account, const struct eg_limits *limits,
		    const struct eg_account_seams *seams, void *arg);
void eg_account_done(struct eg_account *account);

/*
 * After a start, in this order: what eg_writing holds; at most one record of the ring, by
 * eg_account_event; and what that was not. All sessions must be found by then, and nothing may be
 * written before.
 */
void eg_account_resume(struct eg_account *account, const struct eg_writing *earlier);
void eg_account_resumed(struct eg_account *account);

/* A verdict's record of a session, the ring's next: writes its line, folds it or leaves it out. */
void eg_account_event(struct eg_account *account, struct eg_account_of *of,
		      const struct eg_event *event, int64_t now_ms);

/* May a line of that kind be written? Then it is counted as written, else as left out. */
bool eg_account_take(struct eg_account *account, struct eg_account_of *of,
		     enum eg_account_kind kind, int64_t now_ms);

/* The log has not taken one that was to be written: it is left out. */
void eg_account_leave(struct eg_account_of *of, enum eg_account_kind kind, int64_t now_ms);

/* A line was written that no limit holds back. */
void eg_account_charge(struct eg_account *account, int64_t now_ms);

/* Once a second: repeats that are due. */
void eg_account_tick(struct eg_account *account, int64_t now_ms);

/* Once a second, for each session: what was left out, when it is time to say so, and goes on with
 * what is looked for. totals: as the kernel has them now, to look for what never came, if there is
 * any; NULL = not now. */
void eg_account_tick_of(struct eg_account *account, struct eg_account_of *of,
			const struct eg_totals *totals, int64_t now_ms);

/* For how many lines there must be room when a session ends; with a lower limit, for as many as it
 * has. */
uint64_t eg_account_last_lines(const struct eg_account *account);

/*
 * Looks for what never came. is_over: the session has no task left; then all that waits for a line
 * gets one, while there is room for the last lines, or is counted in one. Returns true when
 * everything the kernel had counted when this began is in the log or waits for its line, and when
 * is_over: the kernel's counts and those of the lines are equal. False: more must be read from the
 * ring before, or the log has not taken a line; call again.
 */
bool eg_account_settle(struct eg_account *account, struct eg_account_of *of, bool is_over,
		       int64_t now_ms);

/* A session that is over ends although its counts are not equal: all that has no line is counted in
 * one, what is still in the ring as well. */
void eg_account_give_up(struct eg_account *account, struct eg_account_of *of, int64_t now_ms);

/*
 * The helper stops: what waits for a line of the session gets one, or is counted in one, as far as
 * there is room for lines. The rest is not in eg_written, and neither is what the log does not
 * take: the next helper finds that it is missing there, and counts on.
 * Returns how many lines are left that the kernel does not count, so that nobody will.
 */
uint64_t eg_account_flush(struct eg_account *account, struct eg_account_of *of, int64_t now_ms);

/* Releases the session's part. Nothing is written. */
void eg_account_drop(struct eg_account *account, struct eg_account_of *of);

#endif
