/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What the attack programs share. Each way is a function that makes one attempt and returns its
 * outcome; try.c finds it by name and prints the outcome as one word.
 */
#ifndef TRY_H
#define TRY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/types.h>

enum {
	TROUBLE = 2,	/* exit status: the attempt could not be made at all */
	WORDS_MAX = 32, /* of one command, the final NULL included */
};

/*
 * An outcome: 0 when it worked, the errno of the call that failed, or one of these. "Worked" means
 * that what was sent has reached the other side and was answered, where there is another side.
 */
enum {
	SILENT = -1,	/* no call failed, and nothing came back */
	KILLED = -3,	/* the process has died by SIGKILL within the call */
	MARKED = -4,	/* it has, but not before it went on */
	TRUNCATED = -2, /* a descriptor was sent to us and withheld: MSG_CTRUNC */
	ABSENT = -1000, /* ABSENT - errno: the kernel does not have it */
};

struct operation {
	const char *name; /* NULL ends a table */
	int args;	  /* at least */
	int (*run)(char **arg);
	const char *synopsis;
};

extern const struct operation call_ops[], identity_ops[], mount_ops[], look_ops[], serve_ops[],
	connect_ops[], send_ops[], form_ops[], route_ops[], raw_ops[], family_ops[], sctp_ops[],
	uring_ops[], pass_ops[], where_ops[], bind_ops[], incoming_ops[], broker_ops[], gain_ops[],
	mount_new_ops[], ceiling_ops[], trace_ops[], cgroup_ops[], unix_ops[], door_ops[],
	file_ops[], kill_ops[], read_ops[], story_ops[], steal_ops[], run_ops[], layer_ops[],
	watch_ops[], disguise_ops[], flood_ops[];

/* Runs "OPERATION ARG..." (NULL-terminated) and returns its outcome. Ends the process with TROUBLE
 * when there is no such operation. */
int run_words(char **word);

/* The outcome as a word. */
const char *outcome_text(int outcome, char buf[static 40]);

/* Outcome of a call that returned r. */
int outcome(long r);

/* ---- net_where.c ---- */

/* Runs the operation in a child, by clone3 with these flags; fd: of the cgroup for
 * CLONE_INTO_CGROUP. Returns its outcome. */
int in_child(char **arg, uint64_t flags, int fd);

/* Reads the outcome that a child prints into the pipe, and waits for its end. */
int ended(pid_t pid, int pipe_fd);

/* ---- trace.c ---- */

/* A process by number, "child", or the name it holds itself ready under. Ends the process when
 * there is no such name. */
pid_t pid_of(const char *who);

/* Opens /proc/WHO/ns/NS. Returns a descriptor, or -1 and errno. */
int open_ns(const char *ns, const char *who);

/* ---- mounts_new.c: premade.fd becomes a mount that is attached nowhere. 0 or errno ---- */

int detached_mount(const char *type);
int detached_tree(const char *dir);

/* ---- net.c ---- */

struct address {
	struct sockaddr_storage sa;
	socklen_t len;
};

/* host: numeric, IPv6 with %interface if need be. No such address: ends the process. */
struct address parse(const char *host, const char *port);
struct sockaddr *sockaddr_of(struct address *a);

/*
 * Makes a socket. proto: tcp udp mptcp udplite sctp dccp ping, "sctp-many" (one-to-many),
 * "raw-icmp", "raw-udp", "raw" (IPPROTO_RAW, a header of its own).
 * Returns 0 and fills *ret, or the outcome: ABSENT when the kernel lacks the protocol.
 */
int make_socket(int family, const char *proto, int *ret);

/* No answer in that time: silent. TRY_LIMIT_MS in the environment, or three seconds: generous, the
 * machines are emulated. */
int limit_ms(void);

/* No connecting or sending on this socket blocks longer than limit_ms(). make_socket() has done
 * it. */
void limit_waiting(int fd);

/* connect(); SILENT when that limit is over. */
int connect_in_time(int fd, const void *sa, socklen_t len);

/* Sends what the other side answers: an echo request on ICMP sockets, a few bytes elsewhere. sa:
 * NULL when connected. Returns 0, SILENT or errno. */
int send_to(int fd, const void *sa, socklen_t len, int flags);

/* The bytes send_to() sends, for those who send them otherwise. Returns their number. */
size_t message_for(int fd, char buf[static 64]);

/* Waits for the answer. 0, SILENT, or the errno of receiving. */
int answered(int fd);

/* Both, on a connected socket. */
int exchange(int fd);

/* Is a socket that is bound, and listens if it can, reached under its own name? 0 or an outcome. */
int reachable(int fd);

/* Milliseconds of CLOCK_MONOTONIC. */
int64_t now_ms(void);

/* ---- uring.c: just enough of liburing ---- */

struct io_uring_sqe;

struct ring {
	int fd;
	bool polled;	 /* IORING_SETUP_SQPOLL: a kernel thread of the maker submits */
	uint32_t off[8]; /* head, tail, mask, array and flags of submission; head, tail, cqes */
	void *map;
	struct io_uring_sqe *sqes;
};

enum { RING_POLLED = 1, RING_BYTES = 4096, RING_ENTRIES = 8 };

/* A new ring. Returns 0 or an outcome. */
int ring_make(struct ring *ret, int flags);

/* Maps a ring made by another process: fd, polled and off are set. 0 or an outcome. */
int ring_map(struct ring *ring);

/* Submits one request and waits for its result: 0 or more, negative errno, or -ETIME when none came
 * within limit_ms(). */
int ring_do(struct ring *ring, const struct io_uring_sqe *sqe);

/* Gives the ring a table of one registered file. fd: -1 = empty. 0 or an outcome. */
int ring_register(struct ring *ring, int fd);

/* Does the kernel know this opcode? */
bool ring_knows(struct ring *ring, int opcode);

/* ---- what was made outside the session ---- */

/* Set by scm, getfd, late, msgring before the operation that uses them; -1 and unmade otherwise. */
struct premade {
	int fd;
	struct ring ring; /* fd -1 when there is none */
};
extern struct premade premade;

/*
 * Makes something to hand over, as words say: "tcp|udp|udplite ADDR PORT" a connected socket, "free
 * PROTO FAMILY" a socket without an address, "bound PROTO ADDR PORT", "ring", "polled-ring",
 * "ring-with ..." and "polled-ring-with ..." a ring that has such a socket as its file 0; "file
 * PATH FLAGS" an open file, "detached TYPE" and "tree DIR" a mount, "ns NS WHO" a name space,
 * "pair" one end of a socketpair whose other end says again what it hears.
 * Returns 0 and fills premade, or an outcome.
 */
int prepare(char **word);

#endif
