/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What an administrator orders for a session: quarantine, release, kill, tighten. What is ordered
 * stands in eg_orders, which outlives the helper, and ends with the session.
 *
 * An order is for the session and for those that were opened from within it, however deep. All but
 * kill are for the managers of their users too, which would be a way out: these serve all sessions
 * of a user. And so for what was opened from within these.
 */
#ifndef EG_ORDER_H
#define EG_ORDER_H

#include "helper.h"
#include "server.h"

/* ---- order_plan.c: pure ---- */

/*
 * Puts slot `to` in the place of slot `from` for a session. bound: the slot that its cgroup's guard
 * names, 0 = not known. record: as it is, and as it is to be; order: likewise.
 * Returns 0; -ENOENT when the session does not have the slot; -EBUSY when an earlier order has put
 * another in place of one of its two, which the kernel has room for once: nothing is changed then.
 */
int eg_order_swap(struct eg_order *order, struct eg_record *record, uint32_t bound, uint32_t from,
		  uint32_t to, const char *name);

/*
 * Puts the order for a session right that a helper has left which was killed before it had changed
 * all that eg_order_swap says: its record counts. bound: as above. True: the order has changed;
 * with from 0 it changes no slot.
 */
bool eg_order_mend(struct eg_order *order, const struct eg_record *record, uint32_t bound);

/* ---- order.c ---- */

/* An EG_MSG_ORDER. Answers when it is carried out, on a descriptor of its own. 0, or a negative
 * errno closes the connection. */
int eg_order(struct eg_helper *helper, struct eg_client *client, const void *request,
	     struct eg_passed *passed);

/* A walk of flows.c has reset a flow of the session, or could not: error. */
void eg_order_flow(struct eg_helper *helper, uint64_t session, int error);

/* flows.c has looked at all flows there were: answers who waits for that. */
void eg_order_settled(struct eg_helper *helper);

/* Once a second: answers those who have waited for long enough. */
void eg_order_tick(struct eg_helper *helper, int64_t now_ms);

/* At start, with the sessions taken over: drops what is ordered for none of them, and finishes what
 * an earlier helper had begun. */
void eg_order_adopt(struct eg_helper *helper);

/*
 * What is ordered for one session and must hold for another that was opened from within it, or that
 * is the manager of its user: quarantine. from: number of a session, 0 = none. To be called before
 * the other one is bound. 0 or a negative errno.
 */
int eg_order_inherit(struct eg_helper *helper, uint64_t from, const struct eg_session *to);

/* The slot that a session's guards in the kernel name: that of its record, but for one that was
 * tightened. */
uint32_t eg_order_slot(struct eg_helper *helper, const struct eg_session *session);

/* May flows of a session on this host have been cut off, so that neither end is told of it? While
 * there are orders, or open flows are reset after a reload. */
bool eg_order_may_cut(struct eg_helper *helper);

/* Lets go of who waits. */
void eg_order_close(struct eg_helper *helper);

/* ---- between order*.c ---- */

/* Who ordered it. */
struct eg_order_by {
	pid_t pid;
	uid_t uid;
	uint32_t loginuid; /* (uint32_t)-1 = unset or not known */
};

/* An order that is not answered yet. */
struct eg_order_job {
	struct eg_source timer; /* order_kill.c: its steps; -1 = none */
	struct eg_helper *helper;
	int fd; /* who waits; owned */
	int64_t deadline_ms;
	struct eg_order_by by;
	enum eg_do what;
	bool move_all; /* order_kill.c: a session's cgroup would not be killed as it stands */
	struct eg_msg_ordered answer;
	struct eg_order_job *next;
};

/* The sessions that an order is for: the one itself first, managers last. */
struct eg_order_set {
	struct eg_session **list; /* owned, the sessions are not */
	size_t n, n_sessions;	  /* the first n_sessions are no managers, or were named */
};

/* Collects them. managers: with those of their users, and what was opened from within these.
 * Returns 0 or -ENOMEM; release it either way. */
int eg_order_collect(struct eg_helper *helper, uint64_t number, bool managers,
		     struct eg_order_set *ret);
void eg_order_set_done(struct eg_order_set *set);
/* Takes out of a set whoever is in the other. */
void eg_order_set_remove(struct eg_order_set *set, const struct eg_order_set *other);
bool eg_order_set_has(const struct eg_order_set *set, const struct eg_session *session);
#define eg_order_auto_set __attribute__((cleanup(eg_order_set_done)))

/* ---- order_cut.c ---- */

/* Puts all of the set into quarantine, its first as the one that was named. 0, or a negative errno:
 * nothing has changed. */
int eg_order_cut(struct eg_helper *helper, const struct eg_order_set *set);
/* Ends it for all of the set. 0, or a negative errno: it may have ended for some. */
int eg_order_uncut(struct eg_helper *helper, const struct eg_order_set *set);
bool eg_order_is_cut(struct eg_helper *helper, const struct eg_session *session);

/*
 * Takes out of the set whom another session's quarantine is for as well. Returns the number of one
 * that the set's first is cut off with, 0 = it is with none; or -ENOMEM.
 */
int64_t eg_order_keep_others(struct eg_helper *helper, struct eg_order_set *set);

/* A record in the log for each session of the set. before: the profile that the one that was named
 * had, NULL = it has not changed. */
void eg_order_report(const char *word, const struct eg_order_job *job,
		     const struct eg_order_set *set, const char *before);

/* Sends the answer, and ends the job. */
void eg_order_answer(struct eg_order_job *job);

/* Is the session being killed? */
bool eg_order_is_ending(struct eg_helper *helper, const struct eg_session *session);

/* ---- order_move.c: a cgroup of our own for those who are to be killed and are in none that is */

/* Moves a process there. 0 or a negative errno. */
int eg_order_move(struct eg_helper *helper, unsigned int pid);

/*
 * Kills whoever was moved there, of the set or of another session that is being killed. A process
 * that is of neither had a number that was another's when it was to be moved: it is put out, with a
 * line in the log. 0 or a negative errno: nobody has been killed.
 */
int eg_order_kill_moved(struct eg_helper *helper, const struct eg_order_set *set);

/* Removes it, unless somebody is in it. */
void eg_order_move_done(struct eg_helper *helper);

/* Has the kernel kill whoever is in a cgroup or below. dir: borrowed. 0 or a negative errno. */
int eg_order_kill_in(int dir);

/* ---- order_kill.c */

/* Kills all processes of the job's session and of those opened from within it, in steps of the
 * loop; answers when none is left, or it has taken too long. Takes the job when it returns 0; else
 * a negative errno. */
int eg_order_kill(struct eg_order_job *job);

#endif
