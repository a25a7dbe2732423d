/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The daemon's state and the seams between its files. One thread and one epoll set, which do not
 * block longer than a map operation or a walk over the host's tasks. What takes longer is done by
 * threads beside them, each with what it may touch: reload.c, refresh.c, lookup.c, flows.c.
 */
#ifndef EG_HELPER_H
#define EG_HELPER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "account.h"
#include "bpf.h"
#include "cgroup2.h"
#include "config.h"
#include "diag.h"
#include "event.h"
#include "gaps.h"
#include "limit.h"
#include "lookup.h"
#include "match.h"
#include "metrics.h"
#include "pace.h"
#include "people.h"
#include "places.h"
#include "proto.h"

enum {
	EG_PROFILE_DEFAULT = EG_PROFILE_FIRST,
	EG_SESSIONS_PER_USER = 64,
	EG_OPEN_SESSIONS_MAX = EG_SESSIONS_MAX / 2, /* the other half is for user managers */
	EG_CLIENTS_MAX = 256,			    /* logins that wait are among them */
	EG_CLIENT_MS = 5000,			    /* a connection may live that long */
	/* one with a request that waits for something: the module knows how long it wants to, which
	   is no longer than that, and hangs up */
	EG_WAIT_MS = 60000,
	/* What guarded peers may hold of them: su asks too, but must not keep a login out. */
	EG_GUARDED_CLIENTS_MAX = 8,
	EG_GUARDED_CLIENTS_PER_SESSION = 2,
	EG_REAP_MS = 100, /* pause between two walks over the host's tasks */
	/* a caller waiting while we cannot start has that long to say what it wants */
	EG_REFUSE_MS = 200,
	EG_TICK_MS = 1000,
	EG_SURVEY_TICKS = 60, /* managers are looked for that often */
	EG_LOOK_TICKS = 4,    /* each cgroup is looked at that often without being told to */
	EG_BUCKETS = 1024,
	EG_MAJORS_MAX = 32,
	EG_HOST_SIZE = 256,
};

struct eg_helper;

/* Something in the epoll set. handle may free the object it is embedded in: one event is fetched at
 * a time. */
struct eg_source {
	int fd; /* owned by the embedding object; -1 = not watched */
	void (*handle)(struct eg_helper *helper, struct eg_source *source, uint32_t events);
};

/* A live session, or the user manager several sessions of one user share (record.flags
 * EG_GUARD_MANAGER). */
struct eg_session {
	uint64_t number;
	struct eg_record record; /* what eg_records holds */
	struct eg_source events; /* cgroup.events of its cgroup */
	struct eg_person person; /* of record */
	/* the cgroup has no process; tasks moved elsewhere may still carry the label */
	bool empty;
	bool unseen; /* nobody could look: empty is a guess, and its tasks may be in there, too */
	/* its cgroup is there and the packet layer is not: only calls are judged */
	bool unfiltered;
	bool strayed; /* a process of it has made a socket outside of every bound cgroup */
	struct eg_account_of account; /* of what is logged of it */
	uint64_t over_ns; /* CLOCK_BOOTTIME when it was seen to have no task left; 0 = it has */
	uint64_t unrecorded[EG_STORY_MAX]; /* of eg_totals and unwritten, as last reported */
	uint64_t unwritten[EG_STORY_MAX];  /* what was recorded and the log did not take */
	struct eg_totals seen;		   /* as last counted by metrics.c */
	/* what has found nobody to take it: END; lines of SUPPRESSED and LOST; what these count */
	bool unsaid_end;
	uint64_t unsaid_sums, unsaid_count;
	int64_t age_s, aged_s;	 /* it was that old then, CLOCK_BOOTTIME: wall clocks jump */
	int64_t born_ms;	 /* managers: when the kernel reported the cgroup of the record */
	struct eg_session *next; /* in its bucket */
};

struct eg_helper {
	struct eg_bpf *bpf;
	struct eg_versions *versions; /* versions.h; NULL = there are no others */
	struct eg_cgroup2 cgroup2;
	struct eg_config *config;     /* in force; NULL = there is none and sessions are refused */
	struct eg_in_force *in_force; /* owned: its profiles, and older ones; see inforce.h */
	size_t n_in_force;
	struct eg_attribution *retired; /* owned: of policies that were replaced; attribute.h */
	struct eg_reload *reload;	/* reload.c, while one goes on */
	struct eg_refresh *refresh;	/* refresh.c; NULL = nobody has asked yet */
	struct eg_watch *watch;		/* watch.c: of feeds; NULL = there is no configuration */
	struct eg_msg_feed *feeds;	/* inquiry.c: those in force; owned, n_feeds */
	size_t n_feeds;
	size_t n_lookups;	  /* lookup.c: questions without an answer */
	struct eg_places *places; /* files and directories that rules are about */
	/* of the policies in force; the refresh's, while one goes on */
	struct eg_place_watch place_watch;
	/* devices that sessions must not open, 0 at the end; the refresh's */
	uint32_t majors[EG_MAJORS_MAX];
	const char *config_file;
	const char *state_dir;
	char host[EG_HOST_SIZE]; /* of the last record */
	uint32_t generation;
	char last_error[EG_TEXT_SIZE]; /* why the last load was refused; empty = it was not */
	struct eg_gaps gaps;
	int64_t started_s, loaded_s; /* CLOCK_REALTIME */
	bool enforcing;		     /* seen, not assumed: selftest.c */
	bool packets_seen;	     /* the same of the packet layer, where loopback works */
	bool digests_seen;	     /* the same of digests: the kernel can take them */
	bool stop;
	bool debug;
	int64_t alive_every_ms; /* systemd wants a sign of life that often; 0 = none */
	int64_t alive_ms;	/* when it last got one */

	int epoll_fd;
	struct eg_source listeners[2], signals, timer;
	struct eg_ring_of {
		struct eg_source source;
		struct eg_pace pace;
		uint64_t ticked; /* what had been read of it at the last tick */
	} rings[EG_RINGS];	 /* rings.c */
	struct eg_client *clients;
	size_t n_clients;
	struct eg_limit door_limit;    /* for lines about peers that are turned away */
	struct eg_account account;     /* of what is logged and counted of all sessions */
	int64_t read_ms;	       /* when the ring was last read, CLOCK_MONOTONIC... */
	unsigned int read_max;	       /* ...and how many records at most */
	struct eg_limit unknown_limit; /* for lines of sessions that are over */
	struct eg_metrics metrics;

	struct eg_session *buckets[EG_BUCKETS];
	size_t n_sessions, n_managers;
	struct eg_people people; /* all of them */
	/* CLOCK_BOOTTIME: what was recorded before is in the log */
	uint64_t story_ns;
	unsigned int ticks;	     /* of the timer, EG_TICK_MS each */
	struct eg_flows *flows;	     /* flows.c, while it looks for flows; NULL = it does not */
	unsigned int flows_ticks;    /* until it looks once more; 0 = it need not */
	bool strays_filtered;	     /* stray.c: its programs are at the root of all cgroups */
	bool strays_failed;	     /* they could not be, which was said */
	int64_t strays_seen_ms;	     /* when there was last a session that has strayed */
	struct eg_order_job *orders; /* order.c: those that are not answered yet */
	uint64_t ending;	     /* order_move.c: id of its cgroup, the last there was */
	bool reap_due;		     /* some session went empty */
	int64_t reap_after_ms;	     /* not before */
};

/* ---- main.c: loop ---- */

/* Watches source->fd. events: EPOLL*. Returns 0 or a negative errno. */
int eg_loop_add(struct eg_helper *helper, struct eg_source *source, uint32_t events);

/* ---- rings.c: events and what is recorded, as they come ---- */

/* Watches both rings. 0 or a negative errno. */
int eg_rings_open(struct eg_helper *helper);

/* How long the loop may wait on their account, in milliseconds; -1 = for ever. */
int eg_rings_wait_ms(const struct eg_helper *helper);

/* Reads some of each that it is time for. */
void eg_rings_read(struct eg_helper *helper);

/* Once a second: what they took of memory is given back when nothing came. */
void eg_rings_tick(struct eg_helper *helper);

/* ---- peer.c: who asks ---- */

/* A process that asked. */
struct eg_peer {
	pid_t pid;
	uid_t uid;
	int pidfd;
};

/*
 * Who made this connection. Returns 0 and *ret, whose pidfd is the caller's to close; -ESRCH when
 * it is in a pid namespace out of sight; or the negative errno of getsockopt or pidfd_open.
 */
int eg_peer_of(int fd, struct eg_peer *ret);

/*
 * Is the peer guarded, by its label or by a bound cgroup above it? Returns 1 and the guard, all
 * zero when it is another version's (versions.h); 0; or a negative errno, to be taken for yes.
 */
int eg_peer_guard(struct eg_helper *helper, const struct eg_peer *peer, struct eg_guard *ret);

/* Likewise the guard of the nearest bound cgroup at or above a path below the mount. */
int eg_peer_guard_above(struct eg_helper *helper, const char *path, struct eg_guard *ret);

/*
 * Everything a leaf must be before it is bound: a cgroup2 directory that is root's alone, where the
 * module makes them, not guarded yet, and with the peer as its only process.
 * dirfd: borrowed; ret_path: size bytes, where it is; ret_level: its depth.
 * Returns 0, or a negative errno with a constant phrase for the log in *ret_reason.
 */
int eg_peer_prove_leaf(struct eg_helper *helper, const struct eg_peer *peer, int dirfd,
		       char *ret_path, size_t size, int *ret_level, const char **ret_reason);

/* ---- server.c: the two sockets ---- */

enum eg_door { EG_DOOR_HELPER = 0, EG_DOOR_CONTROL = 1 };

/* Starts to listen: on descriptors systemd passed (fds, may be fewer) or on sockets of our own. 0
 * or negative errno. */
int eg_server_open(struct eg_helper *helper, const int *fds, size_t n_fds, struct eg_err *reterr);
void eg_server_close(struct eg_helper *helper);

/*
 * For a helper that cannot start: answers the callers that wait in the backlog of systemd's sockets
 * with a refusal. Left there, they would have systemd start us again at once, forever, and learn
 * nothing but a time-out.
 */
void eg_server_refuse_waiting(const int *fds, size_t n_fds, int error, const char *text);
void eg_server_tick(struct eg_helper *helper, int64_t now_ms);

/* ---- control.c: what ebpfguardctl asks. Each sends its answer on fd. 0, or a negative errno
 * closes the client. ---- */
int eg_control_status(struct eg_helper *helper, int fd);
int eg_control_sessions(struct eg_helper *helper, int fd);

/* ---- inquiry.c: the same, what is asked for in more detail ---- */
struct eg_feeds;

/* The feeds of what is put in force now: helper->config is, and these are its. Replaces what was
 * known of others; for want of memory nothing is known then. */
void eg_inquiry_feeds_note(struct eg_helper *helper, const struct eg_feeds *feeds);
int eg_inquiry_feeds(struct eg_helper *helper, int fd);
/* session: 0 = all. Walks the host's tasks. */
int eg_inquiry_processes(struct eg_helper *helper, int fd, uint64_t session);
int eg_inquiry_details(struct eg_helper *helper, int fd, uint64_t session);

/* ---- session.c ---- */

/* Does it depend on the user's groups which profiles this login gets? */
int eg_session_needs_groups(struct eg_helper *helper, const struct eg_msg_open *request);

/*
 * Guards a proven leaf. passed: what came with the request, borrowed; path, level: of the leaf;
 * peer: its only process; groups: of the user, those that match names, or unknown when it does not
 * depend on them.
 * Returns 0 and the session, NULL when the request is EG_OPEN_EXEMPT and comes from no guarded
 * session; -ELOOP when it would be under more than two different policies; -EUSERS (too many for
 * one user), -ENOSPC, or another negative errno with everything undone and *reterr filled.
 */
int eg_session_open(struct eg_helper *helper, const struct eg_msg_open *request,
		    const struct eg_peer *peer, const struct eg_groups *groups,
		    const struct eg_passed *passed, const char *path, int level,
		    struct eg_session **ret, struct eg_err *reterr);

/* Takes an open back that could not be answered. */
void eg_session_undo(struct eg_helper *helper, struct eg_session *session,
		     const struct eg_peer *peer);

/* PAM said close: noted, and guarded on. */
void eg_session_closed(struct eg_helper *helper, struct eg_session *session);

struct eg_session *eg_session_find(struct eg_helper *helper, uint64_t number);

/* Watches a session's cgroup, opened anew. dirfd: borrowed. Returns 0 or a negative errno. */
int eg_session_watch(struct eg_helper *helper, struct eg_session *session, int dirfd);

/* Stops watching; fine when it is not watched. */
void eg_session_unwatch(struct eg_session *session);

/*
 * Attaches the packet layer to a session's cgroup, at take-over or for a manager made anew, when
 * nobody is left to refuse: a failure is logged once and shown by status. dirfd: borrowed.
 */
void eg_session_filter(struct eg_helper *helper, struct eg_session *session, int dirfd);

/* A session object from a record, in the table. NULL when out of memory. */
struct eg_session *eg_session_add(struct eg_helper *helper, uint64_t number,
				  const struct eg_record *record);

/* How long ago it was opened, in seconds, whatever the wall clock has done meanwhile. */
int64_t eg_session_age_s(const struct eg_session *session);

/* Forgets a session: binding, record, totals, table. No log. */
void eg_session_drop(struct eg_helper *helper, struct eg_session *session);

/* Ends, with a line in the log, the sessions that have no task left. */
void eg_session_reap(struct eg_helper *helper);

/* A record of the ring buffer. eg_bpf_event_fn. */
void eg_session_event(const struct eg_event *event, void *arg);

/* Once a second: summary lines, strays. */
void eg_session_tick(struct eg_helper *helper, int64_t now_ms);

/* Releases the table; kernel state stays. */
void eg_session_free_all(struct eg_helper *helper);

/* ---- report.c: what records have in common, and the records of a session ---- */

/* What every record gets from us, as it is now; its host and config are good until the next call
 * and the next reload. */
void eg_report_added(struct eg_helper *helper, struct eg_event_added *ret);

/* What a session's records say of it, borrowed from it. NULL: it is not known any more. */
void eg_report_who(const struct eg_session *session, struct eg_event_session *ret);

/* Adds host and time, and writes a record that nobody counts. One that its destination does not
 * take goes where the helper's own messages go. Returns 0, or a negative errno when syslog does not
 * take it either: it is lost, which metrics count. */
int eg_report_put(struct eg_helper *helper, int priority, struct eg_fields *fields);

void eg_report_start(struct eg_helper *helper, const struct eg_session *session, const char *path);
/* Refusals that have no line: SUPPRESSED or LOST. session: NULL = not known any more. 0, or a
 * negative errno when the destination has not taken it; must: as eg_report_put then, and 0: what is
 * lost is noted in the session. */
int eg_report_sum(struct eg_helper *helper, uint64_t number, struct eg_session *session,
		  const struct eg_account_sum *sum, bool must);
void eg_report_end(struct eg_helper *helper, struct eg_session *session);
/* The last thing that is said of a session: whether its END or its sums were lost. */
void eg_report_unsaid(struct eg_session *session);
/* What of the recording is missing, session->unrecorded. */
void eg_report_lost(struct eg_helper *helper, const struct eg_session *session);
/* session: NULL = not known any more; path: where the process is now, raw; "-" = not known. */
void eg_report_stray(struct eg_helper *helper, const struct eg_session *session,
		     const struct eg_event *event, const char *path);
/* A session that was not opened, and a request that was not served; the latter is limited, since
 * guarded peers cause it. error: negative errno. */
void eg_report_refused_open(struct eg_helper *helper, const char *user, const struct eg_peer *peer,
			    int error, const char *reason);
void eg_report_refused_request(struct eg_helper *helper, uint16_t type, const struct eg_peer *peer,
			       uint64_t session, const char *reason);

/* ---- accounts.c: which refusals have a line, where the others are counted; see account.h ---- */

/* Before the ring is read. 0 or -ENOMEM. */
int eg_accounts_open(struct eg_helper *helper);
void eg_accounts_close(struct eg_helper *helper);

/* Takes the limits of the configuration in force. */
void eg_accounts_configure(struct eg_helper *helper);

/* At start, when all sessions are in the table, and before anything of theirs is written: goes on
 * where an earlier helper was killed. */
void eg_accounts_resume(struct eg_helper *helper);

/* A verdict's record, the ring's next. session: NULL = it is over. */
void eg_accounts_event(struct eg_helper *helper, struct eg_session *session,
		       const struct eg_event *event);

/* Reads no more than max records of the ring; up to EG_ACCOUNTS_STEP, none behind one whose line
 * had to wait. What is left stays for the next turn. 0 or a negative errno. */
enum { EG_ACCOUNTS_STEP = 64 }; /* before the loop looks at what else there is */
int eg_accounts_read(struct eg_helper *helper, unsigned int max);

/* May a line of that kind be written? If not, it is counted. */
bool eg_accounts_take(struct eg_helper *helper, struct eg_session *session,
		      enum eg_account_kind kind);

/* Are all refusals of a session without tasks in the log, in a line or counted in one? Reads some
 * of the ring and writes what waits; to be asked again until it is true. */
bool eg_accounts_over(struct eg_helper *helper, struct eg_session *session);

/* Once a second: what has waited long enough is written. */
void eg_accounts_tick(struct eg_helper *helper, int64_t now_ms);

/* Likewise of one session. totals: as the kernel has them now; NULL = not looked at this time. */
void eg_accounts_tick_of(struct eg_helper *helper, struct eg_session *session,
			 const struct eg_totals *totals, int64_t now_ms);

/* The helper stops: what waits in memory is written, as far as the limits let it; refusals that are
 * left the next helper counts. */
void eg_accounts_flush(struct eg_helper *helper);

/* ---- story.c: what is recorded ---- */

/* A record of the story's ring. eg_bpf_told_fn. */
void eg_story_record(const struct eg_told *told, size_t size, void *arg);

/* Logs some of what was recorded; what is left stays for the next turn. 0 or a negative errno. */
int eg_story_read(struct eg_helper *helper);

/* Is all that a session without tasks did in the log? Reads some of it. */
bool eg_story_is_told(struct eg_helper *helper, struct eg_session *session);

/* Says what of a session's recording was left out, when there is more of it than was said. */
void eg_story_check(struct eg_helper *helper, struct eg_session *session);
/* The same by totals that the kernel has given just now. */
void eg_story_compare(struct eg_helper *helper, struct eg_session *session,
		      const struct eg_totals *totals);

/* ---- adopt.c ---- */

/*
 * At start: takes up the sessions the pinned records tell of, and takes back those whose login has
 * had no answer. Returns how many it took up; or a negative errno with *reterr when one could not
 * be: it is guarded on, but its end would not be noticed.
 */
int eg_adopt_sessions(struct eg_helper *helper, struct eg_err *reterr);

/* Removes cgroups for sessions that no session uses, when they are old enough. Once a minute. */
void eg_adopt_sweep(struct eg_helper *helper);

/* ---- stray.c ---- */

/* A record of kind EG_EVENT_STRAY. */
void eg_stray_event(struct eg_helper *helper, const struct eg_event *event);

/*
 * Before a policy is put in force: the packets of every stray there is are judged from here on.
 * Reads the events there are, and walks the host's tasks.
 */
void eg_stray_settle(struct eg_helper *helper);

/* At start, with the sessions taken over: goes on with what an earlier helper has begun. */
void eg_stray_adopt(struct eg_helper *helper);

/* Once a second: ends the filter when it has not been needed for long. */
void eg_stray_tick(struct eg_helper *helper, int64_t now_ms);

/* ---- flows.c ---- */

/*
 * The policy in force may have changed: resets the sessions' TCP flows that it denies. Returns at
 * once; what was done is logged as the loop goes on. One walk at a time: called during one, it
 * starts another after it.
 */
void eg_flows_reset(struct eg_helper *helper);

/* Looks once more a little later: for connections that were being made when the policy changed, and
 * for what a walk over a table that grows can miss. */
void eg_flows_tick(struct eg_helper *helper);

/* Stops looking. Blocks for one walk over the TCP sockets at most. */
void eg_flows_close(struct eg_helper *helper);

/* ---- manager.c ---- */

/* What a user's manager is matched by: it has neither address nor key. */
struct eg_match_who eg_manager_who(const char *user, const struct eg_groups *groups);

/* Guards the user's manager: the one there is and any that is made anew. Returns 0 or a negative
 * errno. */
int eg_manager_guard(struct eg_helper *helper, uint32_t uid, const char *user,
		     const char *profile_name, uint32_t profile);

/* The kernel side bound a new manager: watch it. */
void eg_manager_made(struct eg_helper *helper, const struct eg_event *event);

/* Its cgroup is gone, or the user's last session is: let go of what is no longer there. */
void eg_manager_settle(struct eg_helper *helper, struct eg_session *manager);
struct eg_session *eg_manager_find(struct eg_helper *helper, uint32_t uid);

/* ---- survey.c: what runs for users without a login ---- */

/*
 * Guards the managers that run and those of users who linger, whoever has a session: what was
 * arranged earlier must not run unguarded. What cannot be guarded goes to helper->gaps and, when it
 * is new, to the log. Cheap when nothing has changed.
 */
void eg_survey(struct eg_helper *helper);

/* Guards a user's manager that runs, whoever is exempt. 0 or a negative errno. */
int eg_survey_guard(struct eg_helper *helper, uint32_t uid);

/* Is this user's manager to run without a login? */
bool eg_survey_lingers(const char *user);

/* ---- selftest.c ---- */

/*
 * Guards a child of our own with a policy that denies 192.0.2.0/24 and lets it try. Blocks up to a
 * second.
 * Returns 0 when the denied connect gave EPERM and an allowed one did not; helper->packets_seen
 * says whether a packet from a denied address was dropped while one from another address came,
 * helper->digests_seen whether a file with a denied digest was not executed while another was.
 * Otherwise a negative errno with *reterr.
 */
int eg_selftest(struct eg_helper *helper, struct eg_err *reterr);

#endif
