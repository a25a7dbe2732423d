/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * CONTRACT on control.sock, part of proto.h, which includes it: what ebpfguardctl asks of the
 * helper and has it do, and the answers.
 */
#ifndef EG_PROTO_CONTROL_H
#define EG_PROTO_CONTROL_H

#include "proto.h"

enum { EG_VERSIONS_MAX = 8 };

/* Another ABI version that guards sessions: those that were opened under it, by what it has
 * pinned. */
struct eg_msg_version {
	uint32_t abi;
	uint32_t sessions; /* when they were last counted */
};

struct eg_msg_is_status {
	struct eg_msg head;
	uint32_t abi;
	uint32_t enforcing;  /* 1 = the helper saw a denied connect refused at its start */
	uint32_t audit;	     /* by enum eg_restriction: what the default profile only reports */
	uint32_t generation; /* of the policy in force; 0 = there is none */
	uint64_t started_s;  /* CLOCK_REALTIME of the helper's start */
	uint64_t loaded_s;   /* CLOCK_REALTIME of the policy's load */
	uint32_t sessions;   /* live, user managers not counted */
	uint32_t managers;   /* user managers guarded */
	uint32_t prefixes4;  /* in the default profile */
	uint32_t prefixes6;
	uint64_t lost;	     /* records that found the ring full, all live sessions */
	uint32_t unfiltered; /* sessions and managers without the packet layer */
	uint32_t kill;	     /* like audit: for what the default profile kills */
	char product[32];
	char kernel[64];
	char hooks_missing[256];       /* names, space separated; empty = none */
	char last_error[EG_TEXT_SIZE]; /* why the last reload was refused; empty = it was not */
	/* what runs for users and is not guarded, "WHAT: REASON" a line; empty = nothing known */
	char gaps[EG_GAPS_SIZE];
	struct eg_msg_version versions[EG_VERSIONS_MAX];
	uint32_t n_versions;
	uint32_t pad;
};

struct eg_msg_session {
	struct eg_msg head;
	uint64_t session;
	uint64_t cgroup;    /* id */
	uint64_t started_s; /* CLOCK_REALTIME */
	uint64_t refused;
	uint64_t audited;
	uint32_t uid;
	uint32_t leader; /* tgid of sshd's monitor, 0 for a user manager */
	uint32_t flags;	 /* EG_GUARD_MANAGER */
	uint32_t closed; /* 1 = PAM has closed it, processes remain */
	char user[EG_USER_SIZE];
	char service[EG_SERVICE_SIZE];
	char rhost[EG_RHOST_SIZE];
	char profile[EG_PROFILE_SIZE];
	char key[EG_FPR_SIZE];
};

/* What an administrator can have done to a session: struct eg_msg_order.what. */
enum eg_do {
	EG_DO_QUARANTINE = 1, /* nothing leaves by the network and nothing comes in */
	EG_DO_RELEASE,	      /* the end of that */
	EG_DO_KILL,	      /* every process ends, and the connection */
	EG_DO_TIGHTEN,	      /* another profile */
};

struct eg_msg_order {
	struct eg_msg head;
	uint64_t session;
	uint32_t what; /* enum eg_do */
	uint32_t pad;
	char profile[EG_PROFILE_SIZE]; /* EG_DO_TIGHTEN; empty otherwise */
};

/* What was done. It is in force. */
struct eg_msg_ordered {
	struct eg_msg head;
	uint64_t session;
	uint32_t sessions;  /* the session and those opened from within it */
	uint32_t managers;  /* managers of their users, which serve all of a user's sessions */
	uint32_t apart;	    /* EG_DO_TIGHTEN: of those, what an earlier order kept as they were */
	uint32_t processes; /* EG_DO_KILL: were there */
	uint32_t survivors; /* EG_DO_KILL: would not end in time */
	uint32_t reset;	    /* open TCP flows */
	uint32_t left;	    /* TCP flows that could not be reset; their packets are dropped */
	uint32_t unsettled; /* 1 = open flows are still looked for; their packets are dropped */
	/* EG_DO_KILL: which ones would not end; else what has a gap; empty = nothing to say */
	char text[EG_TEXT_SIZE];
};

/* ---- metrics: what grows does so while the helper runs, and starts at 0 with it ---- */

/* What stopped a login from being guarded. */
enum eg_metric_refused {
	EG_METRIC_CALLER = 0,	 /* the caller has not proved that it is in a leaf of its own */
	EG_METRIC_LIMIT,	 /* too many sessions, of all or of the user, or no resources */
	EG_METRIC_CONFIGURATION, /* there is no valid one */
	EG_METRIC_SETUP,    /* it could not be bound or labelled, or where it comes from told */
	EG_METRIC_FILES,    /* files that rules are about could not be looked up, or not yet */
	EG_METRIC_GROUPS,   /* the user's groups could not, or not yet */
	EG_METRIC_HANGUP,   /* the caller did not wait for the answer */
	EG_METRIC_SHUTDOWN, /* the helper ended */
	EG_METRIC_REFUSED_MAX,
};

/* What runs for users and is not guarded. */
enum eg_metric_unguarded {
	EG_METRIC_MANAGER = 0, /* a user's manager */
	EG_METRIC_JOBS,	       /* jobs of cron or atd: their PAM stacks do not ask */
	EG_METRIC_UNGUARDED_MAX,
};

enum eg_metric_reload { EG_METRIC_LOADED = 0, EG_METRIC_NOT_LOADED, EG_METRIC_RELOADS };

/* What decided. */
enum eg_metric_rule {
	EG_METRIC_RULE_LINE = 0, /* a line of a file */
	EG_METRIC_RULE_DEFAULT,	 /* no rule names the address */
	EG_METRIC_RULE_BUILTIN,	 /* a switch, or a built-in list */
	EG_METRIC_RULE_OTHER, /* all for which there was no room, or that are not known any more */
	EG_METRIC_RULES,
};

enum {
	EG_METRIC_OPS = 64,	/* enum eg_op */
	EG_METRIC_BUCKETS = 14, /* of a login's duration, see eg_counters_bucket_ms */
};

struct eg_msg_metric_helper {
	struct eg_msg head;
	uint32_t abi;
	uint32_t enforcing; /* as in eg_msg_is_status, as the next two */
	uint32_t generation;
	uint32_t unfiltered;
	uint32_t failed;    /* 1 = the last load of the configuration was refused */
	uint32_t unsaid;    /* lines that neither the log nor syslog has taken */
	uint64_t now_s;	    /* CLOCK_REALTIME, as all in seconds here */
	uint64_t started_s; /* the helper */
	uint64_t loaded_s;  /* the policy in force */
	uint64_t tried_s;   /* the last reload's end; 0 = there was none */
	uint64_t reloads[EG_METRIC_RELOADS];
	uint64_t exempt; /* logins that were not to be guarded */
	uint64_t refused[EG_METRIC_REFUSED_MAX];
	uint64_t unguarded[EG_METRIC_UNGUARDED_MAX]; /* now */
	uint64_t suppressed;			     /* lines of the log left out */
	uint64_t logins[EG_METRIC_BUCKETS];	     /* answered, by duration, not cumulated */
	uint64_t login_ns;			     /* all of them together */
	uint64_t memory;			     /* bytes resident; 0 = not known */
	uint64_t fds;				     /* descriptors open; 0 = not known */
	char product[32];
	char kernel[64];
};

/* One for each profile that is in force or was had by a session. */
struct eg_msg_metric_profile {
	struct eg_msg head;
	uint64_t refused[EG_METRIC_OPS]; /* attempts, by enum eg_op, those killed for included */
	uint64_t audited[EG_METRIC_OPS];
	uint64_t killed; /* processes */
	uint64_t lost;	 /* records that found the ring full */
	uint64_t packets;
	uint64_t packets_audited;
	uint64_t opened; /* sessions */
	uint64_t ended;
	uint32_t sessions; /* now */
	uint32_t managers;
	char profile[EG_PROFILE_SIZE];
};

/* One for each rule that has decided. */
struct eg_msg_metric_rule {
	struct eg_msg head;
	uint64_t hits;
	uint32_t kind; /* enum eg_metric_rule */
	uint32_t line; /* in source; 0 = not in a line */
	char profile[EG_PROFILE_SIZE];
	char source[EG_SOURCE_SIZE]; /* the file; empty = in none */
};

/* One for each feed of the configuration in force. */
struct eg_msg_metric_feed {
	struct eg_msg head;
	uint64_t modified_s; /* 0 = it cannot be looked at */
	char path[EG_SOURCE_SIZE];
};

/* A question about one session. */
struct eg_msg_about {
	struct eg_msg head;
	uint64_t session;
};

/* A feed of networks of one profile, as it was loaded for the policy in force. */
struct eg_msg_feed {
	struct eg_msg head;
	uint64_t bytes;	   /* of the file that was read */
	uint64_t mtime_s;  /* its CLOCK_REALTIME */
	uint32_t networks; /* that it lists */
	uint32_t bad;	   /* lines passed over */
	uint32_t allow;	   /* 1 = of allow_files */
	/* 1 = the file was refused; what is in force is its last good copy, and bytes and
	 * mtime_s are that one's */
	uint32_t last_good;
	char profile[EG_PROFILE_SIZE];
	char path[EG_FILE_SIZE];
};

/* Processes that belong to sessions by their label. */
struct eg_process {
	uint64_t session; /* 0 = of another version's, see EG_PROCESS_VERSION */
	uint32_t pid;	  /* tgid, in the initial pid namespace */
	uint32_t flags;	  /* EG_PROCESS_* */
};

enum {
	EG_PROCESS_STRAY = 1U << 0,   /* in a cgroup that no guard binds */
	EG_PROCESS_MANAGER = 1U << 1, /* of a user manager */
	EG_PROCESS_VERSION = 1U << 2, /* another ABI version's programs guard it */
};

struct eg_msg_process {
	struct eg_msg head;
	uint32_t n; /* of list */
	uint32_t pad;
	struct eg_process list[EG_PROCESSES_MAX];
};

/* What EG_MSG_SESSION leaves out. */
struct eg_msg_is_details {
	struct eg_msg head;
	uint64_t session;
	uint64_t origin;     /* session that it was opened in; 0 = in none */
	uint32_t rport;	     /* the client's port; 0 = not known */
	uint32_t unfiltered; /* 1 = without the packet layer */
	uint32_t orders;     /* EG_ORDER_* in force for it */
	uint32_t pad;
	uint64_t refused[EG_OPS_SIZE]; /* by enum eg_op */
	uint64_t audited[EG_OPS_SIZE];
	uint64_t killed, lost, packets, packets_audited; /* as in struct eg_totals */
	char cgroup[EG_FILE_SIZE];			 /* path below the mount; may be empty */
};

#endif
