/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * CONTRACT between the BPF programs and the helper, part of abi.h: the numbers for what was
 * attempted, why it was refused, and what is said of it.
 */
#ifndef EG_ABI_WORDS_H
#define EG_ABI_WORDS_H

/* What was attempted. Also the index into eg_totals.refused. */
enum eg_op {
	EG_OP_NONE = 0,
	EG_OP_CONNECT = 1,
	EG_OP_SENDMSG = 2,
	EG_OP_SETUID = 3, /* setuid family */
	EG_OP_EXEC =
		4, /* exec that would gain what option, EG_OP_SETUID .. EG_OP_CAPSET, is about */
	EG_OP_MOUNT = 5,
	EG_OP_REMOUNT = 6,
	EG_OP_UMOUNT = 7,
	EG_OP_MOVE_MOUNT = 8,
	EG_OP_PIVOT_ROOT = 9,
	EG_OP_FORK = 10,   /* the child could not be labelled */
	EG_OP_SOCKET = 11, /* a socket of a family or protocol that is not open */
	EG_OP_BIND = 12,
	EG_OP_LISTEN = 13,
	EG_OP_RECEIVE = 14,    /* a socket or an io_uring made outside, handed in */
	EG_OP_SETSOCKOPT = 15, /* source routing */
	EG_OP_EGRESS = 16,     /* packet layer: a flow's packets dropped on their way out */
	EG_OP_INGRESS = 17,    /* packet layer: on their way in */
	EG_OP_SETGID = 18,     /* setgid family; target_id is the gid */
	EG_OP_SETGROUPS = 19,
	EG_OP_CAPSET = 20,     /* target_id: first capability that would have been gained */
	EG_OP_USERNS = 21,     /* a new user namespace */
	EG_OP_CAPABILITY = 22, /* target_id is the capability */
	EG_OP_CGROUP = 23,     /* a cgroup file written, or a child cloned into another cgroup */
	EG_OP_PTRACE = 24,     /* target_id: tgid of the process */
	EG_OP_UNIX = 25,       /* connect or send to a unix socket; arg is its name */
	EG_OP_SIGNAL = 26,     /* target_id: tgid of the process; option: the signal */
	EG_OP_PROCESS = 27,    /* limits or scheduling of the process target_id */
	EG_OP_FILE = 28,       /* option: enum eg_access; object is the file */
	EG_OP_KERNEL = 29,     /* option: enum eg_kernel */
	EG_OP_MOUNT_ATTR =
		30,	/* mount_setattr, open_tree, fsopen and its like; option: the system call */
	EG_OP_RUN = 31, /* a program that must not be run; option: enum eg_run; object: the file */
	EG_OP_MAX = 64, /* a power of two */
};

/* Why an attempt was refused, where no rule of the policy's lists is the reason. */
enum eg_reason {
	EG_REASON_RULE = 0,	/* eg_event.rule, or the switch that EG_OP_SETUID .. stand for */
	EG_REASON_DEFAULT,	/* no rule names the address, and the default is deny */
	EG_REASON_FAMILY,	/* eg_event.family is not open */
	EG_REASON_PROTOCOL,	/* eg_event.protocol is not open */
	EG_REASON_FOREIGN,	/* a socket made outside the session */
	EG_REASON_RING,		/* an io_uring */
	EG_REASON_SOURCE_ROUTE, /* option or control message that names another first hop */
	EG_REASON_MALFORMED,  /* cannot be judged: more control messages or headers than we read */
	EG_REASON_POLICY,     /* the policy, or a part of it, is missing */
	EG_REASON_OUTSIDE,    /* a process or cgroup that is not the session's own */
	EG_REASON_SERVICE,    /* the socket of a service on the built-in list */
	EG_REASON_NAME,	      /* the socket's name is in unix.deny */
	EG_REASON_SAME_USER,  /* the socket of a process of the same user that is less guarded */
	EG_REASON_PROTECTED,  /* a file, device or process on the built-in list */
	EG_REASON_CEILING,    /* capabilities.deny */
	EG_REASON_PLACE,      /* a rule about files or programs: eg_event.rule.line says which */
	EG_REASON_ONLY,	      /* exec.allow_only does not name it */
	EG_REASON_HASH,	      /* its digest is denied; eg_event.rule.line: of which list */
	EG_REASON_NO_HASH,    /* digests are denied, and the kernel cannot tell this file's */
	EG_REASON_NAMELESS,   /* a program without a name: memfd, O_TMPFILE, removed */
	EG_REASON_NOWHERE,    /* a file whose place in the tree cannot be told, see files.bpf.c */
	EG_REASON_LAYER,      /* an overlay, while files are kept: see mount.bpf.c */
	EG_REASON_QUARANTINE, /* the session is cut off, EG_ORDER_QUARANTINE */
};

/* EG_OP_FILE: what would have been done to the file. */
enum eg_access {
	EG_ACCESS_WRITE = 1, /* opened for writing */
	EG_ACCESS_TRUNCATE,
	EG_ACCESS_CREATE, /* made: file, directory, link, socket */
	EG_ACCESS_REMOVE,
	EG_ACCESS_RENAME,
	EG_ACCESS_LINK, /* given a second name */
	EG_ACCESS_ATTR, /* mode, owner, attributes */
	EG_ACCESS_READ, /* opened for reading, or received open for it */
};

/* EG_OP_RUN: how it would have become code. */
enum eg_run {
	EG_RUN_EXEC = 1, /* execve(), as a program, a script or an interpreter */
	EG_RUN_MAP,	 /* mapped executable: by the dynamic loader called by hand, as a library */
};

/*
 * What a policy can do something else about than refuse: struct eg_policy.audit and .kill have a
 * bit for each, and so have the keys of the configuration.
 */
enum eg_restriction {
	EG_ON_EGRESS = 0, /* connect, send, receive, source routing; the packet layer */
	EG_ON_BIND,
	EG_ON_SOCKETS,
	EG_ON_SETUID,
	EG_ON_MOUNT,
	EG_ON_CAPABILITIES,
	EG_ON_UNIX,
	EG_ON_LEAVING,
	EG_ON_TAMPERING,
	EG_ON_FILES,
	EG_ON_EXEC,
	EG_ON_MAX,
};

/* How strict a policy is about what it denies. Of two policies that apply, and of two restrictions,
 * the higher counts: ebpfguard.conf(5), PRECEDENCE. */
enum {
	EG_RANK_NONE = 0, /* it denies nothing */
	EG_RANK_AUDIT,	  /* it reports */
	EG_RANK_DENY,	  /* it refuses */
	EG_RANK_KILL,
};

/* EG_OP_KERNEL: what would have been done to the kernel. */
enum eg_kernel {
	EG_KERNEL_BPF = 1, /* bpf(); target_id is its command */
	EG_KERNEL_PERF,	   /* perf_event_open() */
	EG_KERNEL_LOAD, /* a module, kernel image or policy loaded; target_id: kernel_read_file_id
			 */
	EG_KERNEL_LOCKDOWN, /* /dev/mem, kcore, msr, tracefs and so on; target_id: lockdown_reason
			     */
	EG_KERNEL_MKNOD,    /* a device file made */
	EG_KERNEL_TTY,	    /* characters put into a terminal's input */
};

/* What a record in the ring buffer says. */
enum eg_event_kind {
	EG_EVENT_VERDICT = 1, /* an attempt was refused, or would have been under audit */
	EG_EVENT_MANAGER = 2, /* a user manager's cgroup was made and bound by the kernel side */
	/* a labelled process was moved to a cgroup that is not guarded by its label's profile; with
	 * EG_OP_SOCKET: it has made a socket where no cgroup is bound */
	EG_EVENT_STRAY = 3,
};

/* What a record of the other ring buffer says: what a session did. Also the index into
 * eg_totals.recorded. */
enum eg_story_kind {
	EG_STORY_EXEC = 0, /* a program has begun */
	EG_STORY_EXIT,	   /* a process that has a record of EG_STORY_EXEC is over */
	EG_STORY_CONNECT,  /* a call to connect, or the first send of a socket to an address */
	EG_STORY_OPEN,	   /* a file that record.open names was opened */
	EG_STORY_MAX,
};

enum eg_verdict {
	EG_VERDICT_ALLOW = 0,
	EG_VERDICT_DENY = 1,
	EG_VERDICT_AUDIT = 2, /* would have been denied; the policy only audits */
	EG_VERDICT_KILL = 3,  /* denied, and SIGKILL is on its way to the process */
};

#endif
