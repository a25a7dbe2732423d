/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * CONTRACT between the BPF programs and the helper: every struct that lives in a map;
 * abi_event.h has those that travel in the ring buffers.
 *
 * Both compilers read these files (clang -target bpf and the host's cc); the static assertions make
 * them agree, so there is never a second copy of a struct. Only fixed-width types; padding is named
 * and must be zero, because hash maps compare keys as bytes.
 *
 * A change of any layout or of a meaning raises EG_ABI: pins live below a directory that carries
 * it.
 *
 * What a helper of any version may rely on in the set of any other, and so never changes. A set
 * that does not keep to it is left alone (helper/bpf_versions.c).
 *   vN                      directory with the pins of version N, a decimal number; each is named
 *                           KIND_NAME, its kind being map, link or prog. vN_new is under
 *                           construction, vN_gone is being removed; neither guards anybody.
 *   link_*                  all that is attached by a link: removed, it is not any more.
 *   map_eg_sessions         hash; key: __u64, the id of a cgroup. With an entry it is bound, and
 *                           whatever is in it or below is guarded. Values are the version's own.
 *   map_eg_managers         hash; key: __u32, a uid. Without an entry, that user's manager is not
 *                           bound when it is made anew.
 *   map_eg_labels           task storage. A task with an entry is guarded, wherever it is.
 *   map_eg_state            array of one entry. With all of it zero, and nothing bound, packet
 *                           programs that are still attached pass everything.
 *   map_eg_helper           array of one __u32: tgid of the helper, see maps.bpf.h.
 *   link_eg_iter_members    of an iterator over tasks: a struct eg_member for each task with a
 *                           label. That struct and EG_GUARD_MANAGER stay as they are.
 *   prog_eg_packet_out, _in       cgroup_skb programs for each bound cgroup
 *   prog_eg_stray_out, _in        for the root of all cgroups; the four use map_eg_state
 *   /run/ebpfguard/lock     is locked by the one helper there is.
 */
#ifndef EG_ABI_H
#define EG_ABI_H

#include <linux/types.h>

#include "abi_flat.h"
#include "abi_words.h"

/*
 * EG_ABI_OTHER: another version for tests/vm/test_versions.sh, whose structs are laid out in
 * another way. EG_OTHER_LAYOUT stands first in what a helper must not read of another version.
 */
#ifdef EG_ABI_OTHER
#define EG_ABI		4711
#define EG_OTHER_LAYOUT __u64 other_layout[16];
enum { EG_OTHER_SIZE = 128 };
#else
#define EG_ABI 8
#define EG_OTHER_LAYOUT
enum { EG_OTHER_SIZE = 0 };
#endif

enum {
	EG_ABI_VERSION = EG_ABI,

	/* Profile slots (index into eg_profiles). Slot 0 never names a policy: what refers to it is
	 * denied. */
	EG_PROFILE_NONE = 0,
	EG_PROFILE_SELFTEST = 1, /* the helper's own proof that the kernel enforces */
	EG_PROFILE_FIRST = 2,	 /* first slot for a profile of the configuration */
	EG_PROFILES_MAX = 256,
	/* Compiled policies: one per profile in force and one for each group of programs it has
	 * rules for, as many again while a reload swaps. */
	EG_POLICIES_MAX = 1024,
	EG_PROGRAM_POLICIES_MAX = 64, /* groups of programs in one profile */

	EG_SESSIONS_MAX = 8192, /* live sessions, user managers included */
	/* distinct cgroup levels bindings stand at; descendants may be deeper */
	EG_LEVELS_MAX = 8,
	EG_EVENTS_SIZE = 1U << 22,  /* bytes of the ring buffer; a power of two and whole pages */
	EG_STORY_SIZE = 1U << 23,   /* of the one for what is recorded: some 20,000 commands */
	EG_PREFIXES_MAX = 1U << 20, /* prefixes per family in one policy */
	/* Of the lists that say which protocols and ports a network's rules are for. */
	EG_SEGMENTS_MAX = 1U << 22, /* in one policy, 16 bytes each */
	EG_LIST_MAX = 4096,	    /* in one list; what a look-up searches, 12 steps */
	EG_FLOWS_MAX = 1U << 16,    /* flows remembered as reported, for all sessions */
	EG_ITEMS_MAX = 1U << 16,    /* entries of eg_items, for all policies */
	EG_NAMES_MAX = 1U << 14,    /* entries of eg_names, likewise */
	/* Of files and directories that rules name, for all policies: with those learned at run
	 * time, those on the way to them, and both once more while a reload swaps. */
	EG_PLACES_MAX = 1U << 19,      /* entries of eg_places, and of eg_place_names */
	EG_PLACE_RULES_MAX = 1U << 19, /* entries of eg_place_rules */
	EG_LEARNED_MAX = 1U << 16,     /* entries of eg_learned, eg_linked, and _inside */
	EG_HASHES_MAX = 1U << 20,      /* digests in one policy */

	/* eg_rule.line of networks that stand in feeds: EG_LINE_FEEDS + the feed's number in its
	 * profile << EG_LINE_BITS + the line there. Below that: of the configuration, whose size
	 * keeps it there. */
	EG_LINE_BITS = 24,
	EG_LINE_FEEDS = 1U << 27,
	EG_FEEDS_MAX = 64, /* feeds of networks in one profile */

	EG_FLOW_REFUSED = 0x80, /* in eg_flow.direction */

	EG_BUILD_SIZE = 32, /* SHA-256 */

	EG_COMM_SIZE = 16, /* TASK_COMM_LEN */
	EG_TTY_SIZE = 32,
	EG_HASH_SIZE = 32,	  /* SHA-256, of programs */
	EG_ARGS_SIZE = 2048,	  /* arguments of a recorded program, see struct eg_told */
	EG_EVENT_ARGS_SIZE = 512, /* of a process that is refused something, see struct eg_event */
	EG_ARG_SIZE = 112,	  /* a word of the attempt: file system type, name of a socket */
	EG_PATH_SIZE = 768, /* see struct eg_path; room for 512 bytes and one component more */
	/* longest path component, NAME_MAX and its NUL: a component is whole or not there */
	EG_NAME_SIZE = 256,
	EG_PATH_DEPTH = 24, /* components walked before a path counts as cut */
};

/* eg_rule.line in records, of a rule that denies: the kernel side does not know which it is,
 * helper/attribute.h does. By itself: newer compilers make all of an enum unsigned for it. */
enum { EG_LINE_UNKNOWN = 1U << 31 };

/* struct eg_policy.flags */
enum {
	/* rules for programs of their own: eg_items has EG_ITEM_RULES */
	EG_POLICY_BY_PROGRAM = 1U << 0,
	EG_POLICY_DENY_SETUID = 1U << 1, /* no gain of uid 0 or of capabilities */
	EG_POLICY_DENY_MOUNT = 1U << 2,
	/* eg_lpm4 has a trie for this policy: not finding it means deny */
	EG_POLICY_RULES4 = 1U << 3,
	EG_POLICY_RULES6 = 1U << 4,
	/* some entry has a list, or there is one for bind: for the helper and for people, the
	 * kernel side looks for the segments wherever an entry says so */
	EG_POLICY_SEGMENTS = 1U << 5,
	EG_POLICY_PROGRAMS = 1U << 6, /* setuid.allow names some: eg_items has them */
	EG_POLICY_MOUNTS = 1U << 7,   /* mount.allow names types (eg_names) or targets (eg_items) */
	EG_POLICY_DENY_LEAVING = 1U << 8,   /* cgroups and processes of others */
	EG_POLICY_DENY_TAMPERING = 1U << 9, /* kernel, helper, and what others execute */
	EG_POLICY_DENY_SERVICES = 1U << 10, /* unix sockets on the built-in list */
	EG_POLICY_DENY_SAME_USER =
		1U << 11, /* unix sockets of the same user's less guarded processes */
	EG_POLICY_UNIX_NAMES = 1U << 12,     /* unix.deny names some: eg_names has them */
	EG_POLICY_READS = 1U << 13,	     /* files.deny_read: eg_place_rules has some */
	EG_POLICY_WRITES = 1U << 14,	     /* files.deny_write likewise */
	EG_POLICY_RUNS = 1U << 15,	     /* exec.deny likewise */
	EG_POLICY_RUNS_ONLY = 1U << 16,	     /* exec.allow_only: what no rule names is refused */
	EG_POLICY_HASHES = 1U << 17,	     /* eg_hashes has a set for this policy */
	EG_POLICY_RECORD_EXEC = 1U << 18,    /* record.exec: programs and their ends */
	EG_POLICY_RECORD_CONNECT = 1U << 19, /* record.connect = "all" */
	EG_POLICY_RECORD_OPEN = 1U << 20,    /* record.open: eg_place_rules has some */
	/* with RULES4: the networks are in a flat table, and not in a trie */
	EG_POLICY_TABLE4 = 1U << 21,
	EG_POLICY_TABLE6 = 1U << 22,
};

/*
 * Protocols as rules tell them apart: the upper half of eg_segment.from. A packet or socket has
 * exactly one; MPTCP is TCP, ICMP is both ICMPs. Those from EG_PROTO_TCP to EG_PROTO_UDPLITE but
 * ICMP have ports; the others are looked up as port 0.
 */
enum eg_proto {
	EG_PROTO_OTHER = 0, /* matched by rules that name neither protocol nor port */
	EG_PROTO_TCP = 1,
	EG_PROTO_UDP = 2,
	EG_PROTO_ICMP = 3,
	EG_PROTO_SCTP = 4,
	EG_PROTO_DCCP = 5,
	EG_PROTO_UDPLITE = 6,
	EG_PROTO_MAX = 7,
	EG_PROTO_ANY = 255, /* in eg_rule only: the rule names no protocol */
};

/* eg_policy.protocols: what may be opened on AF_INET and AF_INET6 besides TCP, UDP, MPTCP, ICMP. */
enum {
	EG_OPEN_RAW = 1U << 0, /* SOCK_RAW, whatever its protocol */
	EG_OPEN_SCTP = 1U << 1,
	EG_OPEN_DCCP = 1U << 2,
	EG_OPEN_UDPLITE = 1U << 3,
};

/* struct eg_guard.flags */
enum {
	/* label only: sshd's monitor; never inherited, cleared on exec */
	EG_GUARD_LEADER = 1U << 0,
	EG_GUARD_MANAGER = 1U << 1, /* user@UID.service, shared by all sessions of one user */
	/* label only: forked by a leader, no exec since; it still has to become the user. Never
	 * inherited, cleared on exec */
	EG_GUARD_FRESH = 1U << 2,
	/* label only: has made sockets outside of every bound cgroup, and the helper was told */
	EG_GUARD_MARKED = 1U << 3,
	/* label only, beside LEADER: sshd for root, whose monitor itself does what the client asks
	 * (forwarding to unix sockets): it is trusted with nothing but logging in */
	EG_GUARD_SERVES = 1U << 4,
	/* eg_record.flags only: the login that asked for it has had no answer yet */
	EG_GUARD_OPENING = 1U << 5,
};

/* Who guards: the value of eg_sessions (key: cgroup id) and of eg_labels (task storage). Written
 * whole. */
struct eg_guard {
#ifdef EG_ABI_OTHER
	__u32 flags;
	__u32 profile;
	__u64 session;
#else
	__u64 session; /* number, counted from 1, never reused while its record lives */
	__u32 profile; /* slot in eg_profiles */
	__u32 flags;   /* EG_GUARD_* */
#endif
};
_Static_assert(sizeof(struct eg_guard) == 16, "ABI");

/* A file as rules and exceptions know it. All zero: none. */
struct eg_file_id {
	__u64 ino;
	__u32 dev; /* super_block.s_dev */
	__u32 gen; /* inode.i_generation */
};
_Static_assert(sizeof(struct eg_file_id) == 16, "ABI");

/*
 * Value of eg_labels (task storage). The guard comes first: who wants only that reads no further.
 * program: what the task runs since its last exec, none when somebody else had a hand in that: see
 * program.bpf.c.
 */
struct eg_label {
	struct eg_guard guard;
	struct eg_file_id program;
};
_Static_assert(sizeof(struct eg_label) == 32, "ABI");

/* Value of eg_profiles. One aligned 8-byte store: this is the one value a reload swaps. */
struct eg_profile {
	__u32 policy;	  /* index into eg_policies; 0 = none, which denies */
	__u32 generation; /* reload that wrote it, for people */
};
_Static_assert(sizeof(struct eg_profile) == 8, "ABI");

/*
 * Value of eg_policies: what applies to the sessions of a profile; or what a group of programs has
 * besides, found by EG_ITEM_RULES of the former, asked first, and with nothing of it in it.
 * Complete before a profile refers to it, never changed while one does.
 */
struct eg_policy {
	__u32 flags; /* EG_POLICY_* */
	__u32 generation;
	__u64 families; /* bit n: sockets of family n may be made; the usual four are in here too */
	__u32 protocols; /* EG_OPEN_* */
	__u32 bind_list; /* index of the first segment for bind and listen */
	__u32 bind_n;	 /* segments of that list; 0 = every port may be bound */
	__u32 pad;
	__u64 capabilities; /* bit n: capability n is refused */
	/* bit n: restriction n (enum eg_restriction) only reports; kills who tries. Never both. */
	__u32 audit;
	__u32 kill;
	struct eg_flat flat4, flat6; /* with TABLE4, TABLE6: how to read these */
};
_Static_assert(sizeof(struct eg_policy) == 128, "ABI");

/* What an entry of eg_items says about its policy. */
enum eg_item {
	EG_ITEM_UID = 1, /* a: uid that must not be gained */
	EG_ITEM_GID,	 /* a: gid likewise */
	EG_ITEM_PROGRAM, /* a, b: file of setuid.allow, see struct eg_file */
	EG_ITEM_TARGET,	 /* a, b: directory or file of mount.allow */
	EG_ITEM_MAJOR,	 /* a: of character devices that are disks or watchdogs; policy 0 */
	EG_ITEM_RULES,	 /* a, b: program with rules of its own; the value is their index */
};

/* Key of eg_items: small sets of numbers, one for each policy and kind. The value (__u32) is the
 * line of the configuration, 0 for a default; for EG_ITEM_RULES an index. */
struct eg_item_key {
	__u32 policy; /* index */
	__u32 kind;   /* enum eg_item */
	__u64 a;      /* uid, gid, or eg_file.ino */
	__u64 b;      /* 0, or eg_file.dev << 32 | eg_file.gen */
};
_Static_assert(sizeof(struct eg_item_key) == 24, "ABI");

/* What an entry of eg_names says. */
enum eg_name {
	EG_NAME_FSTYPE = 1, /* file system type of mount.allow, without what follows a dot */
	EG_NAME_SOCKET, /* the name a unix socket was bound to; an abstract one starts with '@' */
};

/* Value of eg_names: for sockets; 0 otherwise. */
enum {
	EG_SOCKET_ROOT = 1U << 0, /* refused to uid 0 only: the system bus */
};

/* Key of eg_names. policy 0: the built-in list, for every policy with EG_POLICY_DENY_SERVICES. */
struct eg_name_key {
	__u32 policy;
	__u32 kind;		/* enum eg_name */
	char name[EG_ARG_SIZE]; /* NUL to the end */
};
_Static_assert(sizeof(struct eg_name_key) == 120, "ABI");

/*
 * Places: files and directories that rules are about, and the directories on the way to them. They
 * make a tree of names: a number stands for each path, given by the helper and never used for
 * another while the pins live, so that a place is one thing however many policies name it, and
 * what the kernel side learns about it (a new file in its name) holds for all of them.
 *
 * eg_places knows those that are there by their identity; eg_place_names by a name in the directory
 * that is a place itself, there or not, and be it replaced; eg_learned is eg_places as the kernel
 * side fills it in. What a policy says about a place is in eg_place_rules; what the built-in list
 * says (tampering) is there as policy 0.
 */
enum { EG_PLACE_NAME_SIZE = 32 };

/* Value of the three. */
struct eg_place {
	__u32 id;    /* from 1 */
	__u32 flags; /* EG_PLACE_* */
};
_Static_assert(sizeof(struct eg_place) == 8, "ABI");

enum {
	/* eg_place_names has names in this directory, or the name goes on: see eg_place_key */
	EG_PLACE_NAMES = 1U << 0,
	EG_PLACE_RULED = 1U << 1, /* some policy has a rule about it */
};

/*
 * Value of eg_linked: which places a file with several names was in when it got them. What it is by
 * the name that is used counts besides.
 *
 * A walk is the places upwards from one of its names that somebody had a rule about, the nearest
 * first: as on any way up, the first with a rule about what is asked decides. Walks are in the
 * order they were found.
 */
enum { EG_LINKED_PLACES = 4, EG_LINKED_WALKS = 3 };
struct eg_linked_walk {
	__u32 place[EG_LINKED_PLACES]; /* eg_place.id; 0: none, nor behind it */
};
struct eg_linked {
	struct eg_linked_walk walk[EG_LINKED_WALKS]; /* one without places: free, as behind it */
};
_Static_assert(sizeof(struct eg_linked) == 48, "ABI");

/*
 * Key of eg_place_names. A name that does not fit is cut in pieces of EG_PLACE_NAME_SIZE - 1 bytes:
 * the first stands for a place without rules, in which the second is looked for as part 1, and so
 * on.
 */
struct eg_place_key {
	__u32 dir;		       /* eg_place.id */
	__u32 part;		       /* 0; 1 for all pieces but the first */
	char name[EG_PLACE_NAME_SIZE]; /* NUL to the end */
};
_Static_assert(sizeof(struct eg_place_key) == 40, "ABI");

/* Key of eg_place_rules. */
struct eg_place_rule_key {
	__u32 policy; /* index; 0: the built-in list */
	__u32 place;  /* eg_place.id */
};
_Static_assert(sizeof(struct eg_place_rule_key) == 8, "ABI");

/* What is asked about a file. */
enum eg_about {
	EG_ASK_READ = 0, /* files.deny_read, files.allow */
	EG_ASK_WRITE,	 /* files.deny_write, files.allow; changes of every kind */
	EG_ASK_RUN,	 /* exec.deny, exec.allow_only */
	EG_ASK_RECORD,	 /* record.open */
	/* of a directory or link on the way to what may not be changed: may it lose its name? Not
	 * of what is below it. */
	EG_ASK_KEEP,
	EG_ASK_MAX,
};

/*
 * Value of eg_place_rules. A file is judged by the nearest place, itself first and then the
 * directories above it, whose rule is about what is asked: `about` has the bit. There the bit in
 * `denied` decides, so what is about it and not denied is allowed.
 */
struct eg_place_rule {
	__u32 about;		/* 1 << enum eg_about */
	__u32 denied;		/* 1 << enum eg_about */
	__u32 line[EG_ASK_MAX]; /* of the configuration */
};
_Static_assert(sizeof(struct eg_place_rule) == 28, "ABI");

/* Key of the sets in eg_hashes, one set for each policy. The value (__u32): line of the
 * configuration that names the digest or the file it comes from. */
struct eg_hash {
	__u8 sha256[EG_HASH_SIZE];
};
_Static_assert(sizeof(struct eg_hash) == 32, "ABI");

/* Written by the iterator eg_iter_files: an open file of the reader as the kernel names it. stat()
 * has other numbers on btrfs and overlayfs. */
struct eg_file {
	__u32 fd;
	__u32 dev; /* super_block.s_dev */
	__u64 ino;
	__u32 gen; /* inode.i_generation */
	__u32 mode;
};
_Static_assert(sizeof(struct eg_file) == 24, "ABI");

/* Keys of the longest-prefix tries; addr in network order. */
struct eg_lpm4_key {
	__u32 prefix_len; /* 0..32 */
	__u8 addr[4];
};
_Static_assert(sizeof(struct eg_lpm4_key) == 8, "ABI");

struct eg_lpm6_key {
	__u32 prefix_len; /* 0..128 */
	__u8 addr[16];
};
_Static_assert(sizeof(struct eg_lpm6_key) == 20, "ABI");

/*
 * A rule as a look-up gives it: verdict, and what names the rule to people. Its network is the
 * address asked for cut to prefix_len, so no table of rules is needed.
 */
struct eg_rule {
	__u8 verdict; /* EG_VERDICT_ALLOW or EG_VERDICT_DENY */
	__u8 prefix_len;
	__u8 protocol; /* EG_PROTO_*, EG_PROTO_ANY when the rule names none */
	__u8 pad;
	__u32 line; /* in the configuration file, from 1, or in a feed, see EG_LINE_FEEDS; 0 = not
		     * from a rule: the default, loopback; EG_LINE_UNKNOWN: of the rest, only the
		     * verdict is set */
	__u16 port_low; /* ports it is for, host order; 0..65535 when it names none */
	__u16 port_high;
};
_Static_assert(sizeof(struct eg_rule) == 12, "ABI");

/*
 * Value of the tries. n 0: `rule` decides for every protocol and port. Otherwise the list does and
 * `rule` is zero. Lists are complete: what shorter prefixes say is in them already.
 */
struct eg_entry {
	struct eg_rule rule;
	__u32 list; /* index of its first segment */
	__u32 n;    /* segments, 0..EG_LIST_MAX */
};
_Static_assert(sizeof(struct eg_entry) == 20, "ABI");

/*
 * Value of the segments, an array of its own for each policy. A list is sorted by `from` and its
 * first is 0; a segment decides from there to the next one's `from`.
 */
struct eg_segment {
	__u32 from; /* enum eg_proto << 16 | port, host order */
	struct eg_rule rule;
};
_Static_assert(sizeof(struct eg_segment) == 16, "ABI");

/*
 * Key of eg_flows: a flow that was reported in that generation. The value (__u64) counts its
 * packets. cookie 0: reported by a hook under audit, whatever the socket.
 */
struct eg_flow {
	__u64 session;
	__u64 cookie;  /* of the socket */
	__u8 addr[16]; /* the peer's, network order; IPv4 in the first four */
	__u32 generation;
	__u16 port;	/* the peer's, host order */
	__u8 proto;	/* enum eg_proto */
	__u8 direction; /* EG_OP_EGRESS or EG_OP_INGRESS, with EG_FLOW_REFUSED: its packets are */
};
_Static_assert(sizeof(struct eg_flow) == 40, "ABI");

/* Written by the iterator eg_iter_flows: a TCP socket of a session whose peer is denied now. */
struct eg_denied_flow {
	__u64 session;
	__u64 cookie;
	__u32 profile; /* slot whose policy denies */
	__u32 uid;
	__u16 family; /* EG_AF_INET or EG_AF_INET6, of the socket: what sock_diag must be asked */
	__u16 lport;  /* host order */
	__u16 rport;
	__u16 pad;
	__u8 laddr[16]; /* as the socket has them: v4-mapped stays */
	__u8 raddr[16];
	struct eg_rule rule;
	__u32 reason;	   /* enum eg_reason */
	__u32 interface;   /* sk_bound_dev_if */
	__u32 rule_family; /* as in eg_event */
	__u32 generation;  /* of the policy that denies */
	__u32 pad2;
};
_Static_assert(sizeof(struct eg_denied_flow) == 96, "ABI");

/* Value of eg_state (one entry). Written by the helper. */
struct eg_state {
	EG_OTHER_LAYOUT
	__u64 next_session; /* helper's counter, here so that it survives the helper */
	__u32 n_levels;	    /* used entries of levels */
	__u32 n_orders;	    /* entries of eg_orders; 0 = nobody need look there */
	/* cgroup levels some binding stands at; appended to, taken back by --unload only */
	__u16 levels[EG_LEVELS_MAX];
	/* digest of the object the pinned programs come from; zero = not all are pinned */
	__u8 build[EG_BUILD_SIZE];
	__u32 last_place; /* the greatest eg_place.id that was ever given */
	__u32 pad;
};
_Static_assert(sizeof(struct eg_state) == 72 + EG_OTHER_SIZE, "ABI");

#include "abi_session.h"
#include "abi_quick.h"

#endif
