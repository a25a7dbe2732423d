/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * CONTRACT on the helper's two sockets, linked into the module, the helper and ebpfguardctl.
 *
 * Both are AF_UNIX SOCK_SEQPACKET: one message is one read, so there is no framing to get wrong.
 * Every message starts with struct eg_msg and has exactly the size its type demands; MSG_TRUNC,
 * another size, an unknown type or a string without its NUL is an error that closes the connection.
 * Integers are in host order: both ends are one machine.
 *
 *   helper.sock   open, close and version. Any process may connect; see server.c for how a peer is
 *                 proved.
 *   control.sock  the rest, for root outside any session (ebpfguardctl).
 */
#ifndef EG_PROTO_H
#define EG_PROTO_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define EG_HELPER_SOCKET  "/run/ebpfguard/helper.sock"
#define EG_CONTROL_SOCKET "/run/ebpfguard/control.sock"

/* The leaf's name is this and 16 random hex digits; below the cgroup2 root it stands in a directory
 * of our own. */
#define EG_LEAF_PREFIX "ebpfguard-"
#define EG_LEAF_DIR    "ebpfguard"
#define EG_LEAF_RANDOM 16 /* hex digits */

enum {
	EG_PROTO_VERSION = 3,

	EG_USER_SIZE = 256,   /* LOGIN_NAME_MAX on Linux, NUL included */
	EG_SERVICE_SIZE = 64, /* PAM service name */
	EG_RHOST_SIZE = 256,  /* name or address */
	EG_CONN_SIZE = 128,   /* SSH_CONNECTION: "addr port addr port" */
	EG_KEY_SIZE = 16384,  /* SSH_AUTH_INFO_0; several lines when several methods were used */
	EG_TEXT_SIZE = 512,   /* a sentence for the log */
	EG_PROFILE_SIZE = 64, /* profile name */
	EG_FPR_SIZE = 64,     /* "SHA256:" and 43 base64 digits, NUL included */
	EG_GAPS_SIZE = 1024,  /* what is not guarded: sentences, a line each */
	EG_SOURCE_SIZE = 256, /* path of a file that rules stand in */
	EG_FILE_SIZE = 4096,  /* path of a feed or of a cgroup */
	EG_OPS_SIZE = 64,     /* counters by operation: EG_OP_MAX of abi_words.h */

	EG_PROCESSES_MAX = 256, /* in one message */

	EG_MSG_MAX = 20480, /* no message is longer */
};

enum eg_msg_type {
	/* helper.sock */
	EG_MSG_VERSION = 1, /* struct eg_msg */
	EG_MSG_OPEN = 2,    /* struct eg_msg_open and struct eg_passed */
	EG_MSG_CLOSE = 3,   /* struct eg_msg_close */
	/* control.sock */
	EG_MSG_STATUS = 16, /* struct eg_msg */
	/* struct eg_msg; answered by one EG_MSG_SESSION each, then EG_MSG_OK */
	EG_MSG_SESSIONS = 17,
	EG_MSG_RELOAD = 18, /* struct eg_msg */
	EG_MSG_ORDER = 19,  /* struct eg_msg_order; answered when it is carried out */
	/* struct eg_msg; answered by one EG_MSG_METRIC_HELPER, one _PROFILE, _RULE and _FEED each,
	   then EG_MSG_OK */
	EG_MSG_METRICS = 25,
	/* struct eg_msg; answered by one EG_MSG_FEED each, then EG_MSG_OK */
	EG_MSG_FEEDS = 23,
	/* struct eg_msg_about, session 0 = all; answered by EG_MSG_PROCESS, as many as it takes,
	 * then EG_MSG_OK */
	EG_MSG_PROCESSES = 24,
	EG_MSG_DETAILS = 27, /* struct eg_msg_about */
	/* answers */
	EG_MSG_IS_VERSION = 64, /* struct eg_msg_is_version */
	EG_MSG_OPENED = 65,	/* struct eg_msg_opened: guarded from now on */
	EG_MSG_OK = 66,		/* struct eg_msg */
	EG_MSG_REFUSED = 67,	/* struct eg_msg_refused */
	EG_MSG_IS_STATUS = 68,	/* struct eg_msg_is_status */
	EG_MSG_SESSION = 69,	/* struct eg_msg_session */
	/* struct eg_msg: to an open with EG_OPEN_EXEMPT, there is nothing to guard */
	EG_MSG_NOT_GUARDED = 70,
	EG_MSG_ORDERED = 71,	    /* struct eg_msg_ordered */
	EG_MSG_METRIC_HELPER = 80,  /* struct eg_msg_metric_helper */
	EG_MSG_METRIC_PROFILE = 81, /* struct eg_msg_metric_profile */
	EG_MSG_METRIC_RULE = 82,    /* struct eg_msg_metric_rule */
	EG_MSG_METRIC_FEED = 83,    /* struct eg_msg_metric_feed */
	EG_MSG_FEED = 72,	    /* struct eg_msg_feed */
	EG_MSG_PROCESS = 73,	    /* struct eg_msg_process */
	EG_MSG_IS_DETAILS = 74,	    /* struct eg_msg_is_details */
};

/* Head of every message. */
struct eg_msg {
	uint16_t version; /* EG_PROTO_VERSION */
	uint16_t type;	  /* enum eg_msg_type */
	uint32_t size;	  /* of the whole message, this head included */
};

/* struct eg_msg_open.flags */
enum {
	/* The user is exempt: guarded only when the login comes from a guarded session, and then
	 * like that one. */
	EG_OPEN_EXEMPT = 1U << 0,
	/* The caller has looked for the socket that the login came by: if it is not passed, there
	 * is none. Only for a helper that says EG_TAKES_SOCKET; older modules do not look. */
	EG_OPEN_LOOKED = 1U << 1,
	EG_OPEN_FLAGS = EG_OPEN_EXEMPT | EG_OPEN_LOOKED, /* all there are */
};

/* struct eg_msg_is_version.takes */
enum {
	/* With EG_MSG_OPEN, the socket that the login came by. */
	EG_TAKES_SOCKET = 1U << 0,
};

/* Descriptors that travel with a message, in this order; -1 = none. */
struct eg_passed {
	int dir;    /* the leaf's directory; without it there is no socket either */
	int socket; /* that the login came by, see ends.h; a claim */
};
#define EG_PASSED_NONE ((struct eg_passed){.dir = -1, .socket = -1})

/* Asks for the caller's session to be guarded. The caller is the only process in the directory it
 * passes. */
struct eg_msg_open {
	struct eg_msg head;
	uint32_t uid;	/* of user, resolved by the caller: the helper never asks NSS */
	uint32_t flags; /* EG_OPEN_* */
	char user[EG_USER_SIZE];
	char service[EG_SERVICE_SIZE];
	char rhost[EG_RHOST_SIZE];     /* PAM_RHOST; may be empty */
	char connection[EG_CONN_SIZE]; /* SSH_CONNECTION; may be empty */
	char auth_info[EG_KEY_SIZE];   /* SSH_AUTH_INFO_0; may be empty */
};

/* Says that PAM has closed the session. It stays guarded until its last process is gone. */
struct eg_msg_close {
	struct eg_msg head;
	uint64_t session; /* number from eg_msg_opened; a claim, checked against the caller */
};

struct eg_msg_is_version {
	struct eg_msg head;
	uint32_t abi;	  /* EG_ABI_VERSION of the helper */
	uint32_t guarded; /* 1 = the caller is already in a guarded session: do not move it */
	uint64_t session; /* its number, when guarded */
	char product[28]; /* version of the package */
	uint32_t takes;	  /* EG_TAKES_*: what a caller may do that older helpers would not bear */
};

struct eg_msg_opened {
	struct eg_msg head;
	uint64_t session;
	char profile[EG_PROFILE_SIZE];
};

struct eg_msg_refused {
	struct eg_msg head;
	int32_t error; /* positive errno: EALREADY, EACCES, ENOSPC, ... */
	uint32_t pad;
	char text[EG_TEXT_SIZE];
};

/* Fills the head of a message of `size` bytes. msg: at least a struct eg_msg, borrowed. Cannot
 * fail. */
void eg_proto_head(void *msg, enum eg_msg_type type, size_t size);

/* Size a message of this type must have; 0 for a type we do not know. Pure. */
size_t eg_proto_size(uint16_t type);

/*
 * Is this a well-formed message? Checks version, type, that head.size == n == eg_proto_size(type),
 * and that each of its strings ends inside its field. Pure.
 * msg: n bytes, aligned for uint64_t, borrowed.
 * Returns 0, -EPROTONOSUPPORT for another version, -ENOMSG for an unknown type, -EMSGSIZE for a
 * wrong length,
 * -EBADMSG for an unterminated string, non-zero padding or an unknown flag.
 */
int eg_proto_check(const void *msg, size_t n);

/* Closes what is there. */
void eg_passed_done(struct eg_passed *passed);
#define eg_auto_passed __attribute__((cleanup(eg_passed_done)))

/*
 * Sends one message, with the descriptors passed (borrowed; NULL = none). MSG_NOSIGNAL. Blocks at
 * most until the deadline on CLOCK_MONOTONIC, in ms; a deadline in the past tries once.
 * Returns 0, -ETIMEDOUT, or the negative errno of sendmsg or poll.
 */
int eg_proto_send(int fd, const void *msg, const struct eg_passed *passed, int64_t deadline_ms);

/*
 * Receives one message into buf (size bytes, aligned for uint64_t) and checks it (eg_proto_check).
 * ret_passed: NULL when no descriptor is expected; otherwise receives one or two, or none,
 * O_CLOEXEC, owned by the caller. Any descriptor that is not expected is closed and is an error.
 * Returns the message's length, 0 when the peer hung up, -ETIMEDOUT, -EBADMSG (truncated,
 * unexpected descriptor or eg_proto_check), or the negative errno of recvmsg or poll. Blocks at
 * most until deadline_ms.
 */
ssize_t eg_proto_recv(int fd, void *buf, size_t size, struct eg_passed *ret_passed,
		      int64_t deadline_ms);

/* Now on CLOCK_MONOTONIC, in ms: what the deadlines above count in. */
int64_t eg_proto_now_ms(void);

#include "proto_control.h"

#endif
