/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * CONTRACT between the BPF programs and the helper, as abi.h: the records of the two ring buffers.
 */
#ifndef EG_ABI_EVENT_H
#define EG_ABI_EVENT_H

#include "abi.h"

/* The two ring buffers. */
enum eg_ring_name { EG_RING_EVENTS, EG_RING_STORY, EG_RINGS };

/*
 * Value of eg_wakes, one for each ring: when its reader is woken. It is not for each record, which
 * would cost more than the record does: the one that finds no more than its own length left wakes
 * him, and leaves a quarter of the ring to those that follow. A reader that is about to sleep
 * writes 0, and then looks once more: what came before that has woken nobody. While records come
 * he reads by the clock, and nobody need wake him but for a ring that fills.
 */
struct eg_wake {
	__s64 left;   /* bytes that may still be written; 0 and below: the next record wakes */
	__u64 pad[7]; /* a cache line each */
};
_Static_assert(sizeof(struct eg_wake) == 64, "ABI");

/*
 * A path as the kernel side walks it: components from the leaf up, each ended by NUL, so
 * "/usr/bin/sudo" is "sudo\0bin\0usr\0". The helper turns it round (eg_event_path). len 0 = not
 * known.
 */
struct eg_path {
	__u16 len; /* bytes used in text */
	__u8 cut;  /* 1 = longer or deeper than there was room for; what is here is its tail */
	__u8 pad[5];
	char text[EG_PATH_SIZE]; /* behind len: anything */
} __attribute__((aligned(8)));	 /* so that zeroing its head is a store */
_Static_assert(sizeof(struct eg_path) == 776, "ABI");

/* A record of the ring buffer. Strings are NUL-terminated and raw: escaping is the reader's job. */
struct eg_event {
	__u32 abi;     /* EG_ABI_VERSION */
	__u16 kind;    /* enum eg_event_kind */
	__u16 op;      /* enum eg_op */
	__u64 ts_ns;   /* CLOCK_BOOTTIME */
	__u64 session; /* eg_guard.session */
	__u64 cgroup;  /* id of the task's cgroup; for EG_EVENT_MANAGER and EG_EVENT_STRAY the new
			  one */
	__u32 profile; /* slot */
	__u32 generation;
	__u16 verdict; /* enum eg_verdict */
	__u16 error;   /* positive errno returned to the caller, 0 under audit */
	__u32 tgid;
	__u32 tid;
	__u32 ppid; /* tgid of the real parent */
	__u32 uid;  /* real, initial user namespace */
	__u32 gid;
	__u32 loginuid;	     /* (__u32)-1 = unset */
	__u32 audit_session; /* (__u32)-1 = unset */
	__u32 target_id; /* by op; EG_OP_SETUID, EG_OP_EXEC: the id that would have been gained */
	__u32 reason;	 /* enum eg_reason */
	__u16 family;	 /* AF_INET or AF_INET6 of addr, or the family that is refused; 0 = none */
	__u16 protocol;	 /* IPPROTO_* of the socket or packet */
	__u16 port;	 /* host order: of the peer; bind, listen: our own */
	__u8 has_rule;	 /* 1 = rule is set */
	__u8 has_addr;	 /* 1 = addr is set */
	__u8 addr[16];	 /* network order; AF_INET uses the first four */
	struct eg_rule rule; /* the one that matched */
	__u16 rule_family;   /* AF_INET: rule is about the IPv4 address inside addr (NAT64, 6to4) */
	__u16 level;	     /* EG_OP_SETSOCKOPT */
	__u32 option;	     /* by op; EG_OP_SETSOCKOPT: optname */
	__u8 src[16];	     /* our own end, like addr and of the same family */
	__u16 sport;	     /* host order; 0 = not bound yet */
	__u8 has_src;	     /* 1 = src and sport are set */
	__u8 args_cut;	     /* 1 = there is more of them, or they could not be read */
	__u16 n_args;	     /* bytes used in args */
	__u16 pad[3];
	char comm[EG_COMM_SIZE];
	char tty[EG_TTY_SIZE]; /* as the kernel has it: "pts0"; empty = none */
	char arg[EG_ARG_SIZE]; /* mounts: file system type; EG_OP_UNIX: the socket's name */
	struct eg_path exe;    /* the caller's program */
	struct eg_path object; /* exec: the program; mounts: the target */
	/* the caller's arguments as it has them now, each ended by NUL: what it says of itself;
	 * behind n_args: anything */
	char args[EG_EVENT_ARGS_SIZE];
};
_Static_assert(sizeof(struct eg_event) == 2376, "ABI");

/* The texts of a record in the ring eg_story, in the order in which they stand. */
enum eg_text {
	EG_TOLD_EXE = 0, /* the process's program, as in struct eg_path */
	EG_TOLD_PATH,	 /* EG_STORY_EXEC: the current directory; EG_STORY_OPEN: the file */
	EG_TOLD_ARGS,	 /* EG_STORY_EXEC: as the process got them, each ended by NUL */
	EG_TOLD_TEXTS,
	EG_TOLD_SIZE = 2 * EG_PATH_SIZE + EG_ARGS_SIZE, /* of all */
};

/* What opened a file: bits of eg_told.number. */
enum {
	EG_TOLD_READ = 1U << 0,
	EG_TOLD_WRITE = 1U << 1,
};

/*
 * A record of the ring eg_story: only as long as its texts, so that a burst of programs fits. What
 * does not apply to the kind is zero. Raw, like struct eg_event.
 */
struct eg_told {
	__u32 abi;	  /* EG_ABI_VERSION */
	__u16 kind;	  /* enum eg_story_kind */
	__u16 cut;	  /* 1 << enum eg_text: there is more, or all of it could not be read */
	__u64 ts_ns;	  /* CLOCK_BOOTTIME */
	__u64 session;	  /* eg_guard.session */
	__u64 started_ns; /* EG_STORY_EXIT: when the process was made, CLOCK_BOOTTIME */
	__u32 tgid;
	__u32 ppid; /* tgid of the real parent */
	__u32 uid;  /* real, initial user namespace */
	/* EG_STORY_EXEC: arguments, argv[0] included; EG_STORY_EXIT: as wait() gives it;
	 * EG_STORY_CONNECT: enum eg_op, CONNECT or SENDMSG; EG_STORY_OPEN: EG_TOLD_READ, _WRITE */
	__u32 number;
	__u16 family; /* EG_STORY_CONNECT: as in struct eg_event */
	__u16 protocol;
	__u16 port;
	__u16 pad;
	__u8 addr[16];
	char comm[EG_COMM_SIZE];
	char tty[EG_TTY_SIZE];
	__u16 len[EG_TOLD_TEXTS]; /* bytes of each text */
	__u16 pad2;
	char text[EG_TOLD_SIZE]; /* one behind the other, up to the record's end */
};
_Static_assert(sizeof(struct eg_told) == 128 + EG_TOLD_SIZE, "ABI");

#endif
