/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * CONTRACT between the BPF programs and the helper, part of abi.h, which includes it: what is kept
 * of each session, by its number.
 */
#ifndef EG_ABI_SESSION_H
#define EG_ABI_SESSION_H

/* Value of eg_totals (key: session number). The kernel side adds, the helper reads. */
struct eg_totals {
	EG_OTHER_LAYOUT
	__u64 refused[EG_OP_MAX];	/* attempts refused, by operation */
	__u64 audited[EG_OP_MAX];	/* attempts let through under audit */
	__u64 killed;			/* of those refused: the process was sent SIGKILL */
	__u64 lost;			/* of both: records that found the ring full */
	__u64 recorded[EG_STORY_MAX];	/* what was to be recorded, by kind */
	__u64 unrecorded[EG_STORY_MAX]; /* of these: what found the ring full */
	__u64 packets; /* packets the packet layer dropped, the reported ones included */
	__u64 packets_audited;
	/* not 0: a task of its label has been moved, or cloned, to where another guard is the
	 * nearest, or none; until then those in its cgroup are all that there are */
	__u64 left;
};
_Static_assert(sizeof(struct eg_totals) == 1128 + EG_OTHER_SIZE, "ABI");

/* struct eg_order.flags */
enum {
	/* Nothing leaves by the network and nothing comes in, whatever the policy says, and audited
	 * or not; the connection that the session came in by goes on. */
	EG_ORDER_QUARANTINE = 1U << 0,
	EG_ORDER_ENDING = 1U << 1, /* its processes are being killed: there are to be no more */
	EG_ORDER_NAMED = 1U << 2,  /* quarantined by its own number; for the helper */
};

/*
 * Value of eg_orders (key: session number): what an administrator has ordered for one session, over
 * what it was opened with. Written by the helper.
 */
struct eg_order {
	EG_OTHER_LAYOUT
	__u32 from;  /* guards of the session that name this slot... */
	__u32 to;    /* ...stand for this one; both 0 = as opened */
	__u32 flags; /* EG_ORDER_* */
	__u32 pad;
};
_Static_assert(sizeof(struct eg_order) == 16 + EG_OTHER_SIZE, "ABI");

/*
 * Value of eg_written (key: session number): how many of the attempts in eg_totals are in the log,
 * in a line of their own, folded into one, or in a line that counts what was left out. Of the
 * helper alone, and pinned: one that comes after it counts on from here.
 */
struct eg_written {
	__u64 refused[EG_OP_MAX]; /* by enum eg_op */
	__u64 audited[EG_OP_MAX];
};
_Static_assert(sizeof(struct eg_written) == 1024, "ABI");

/*
 * The one entry of eg_writing: the line that the helper is about to write, or has written last. One
 * that is killed leaves it behind: the next one sees by eg_written whether the line is in the log
 * for certain, or may be.
 */
struct eg_writing {
	__u64 session; /* 0 = nothing */
	__u64 ts_ns;   /* of the record that the line is about, or of the first; 0 = it has none */
	__u32 op;      /* of that record */
	__u32 pad;
	struct eg_written after; /* eg_written of the session with that line */
};
_Static_assert(sizeof(struct eg_writing) == 1048, "ABI");

enum {
	EG_RECORD_USER_SIZE = 256,
	EG_RECORD_SERVICE_SIZE = 64,
	EG_RECORD_RHOST_SIZE = 256,
	EG_RECORD_PROFILE_SIZE = 64,
	EG_RECORD_KEY_SIZE = 64,
};

/* Value of eg_records (key: session number): what a restarted helper needs to go on. Helper only;
 * NUL-terminated. */
struct eg_record {
	EG_OTHER_LAYOUT
	__u64 cgroup;	 /* id; for a user manager that is not running, the last one */
	__u64 started_s; /* CLOCK_REALTIME */
	__u32 uid;
	__u32 leader;  /* tgid of sshd's monitor; 0 for a user manager */
	__u32 profile; /* slot */
	__u32 flags;   /* EG_GUARD_MANAGER, EG_GUARD_OPENING */
	__u32 closed;  /* 1 = PAM has closed it */
	__u32 rport;   /* client's port, 0 = not known */
	/* opened from within that session, 0 = not from within one; its policy applies as well, by
	 * the labels */
	__u64 origin_session;
	__u32 origin; /* slot of that policy, 0 = none */
	__u32 pad;
	char user[EG_RECORD_USER_SIZE];
	char service[EG_RECORD_SERVICE_SIZE];
	char rhost[EG_RECORD_RHOST_SIZE];
	char profile_name[EG_RECORD_PROFILE_SIZE];
	char key[EG_RECORD_KEY_SIZE]; /* "SHA256:..." or empty */
};
_Static_assert(sizeof(struct eg_record) == 760 + EG_OTHER_SIZE, "ABI");

/* Written by the task iterator eg_iter_members, one a task that carries a label. The same in every
 * version, see abi.h. */
struct eg_member {
	__u64 session;
	__u32 tgid;
	__u32 tid;
	__u32 flags; /* EG_GUARD_* of the label */
	__u32 stray; /* 1 = neither its cgroup nor one above is bound */
};
_Static_assert(sizeof(struct eg_member) == 24, "ABI");

#endif
