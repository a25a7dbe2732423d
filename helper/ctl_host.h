/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What ebpfguardctl sees of this host by itself: processes in /proc, the logins of sshd among them,
 * and why one of these is not guarded.
 */
#ifndef EG_CTL_HOST_H
#define EG_CTL_HOST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "pam_file.h"
#include "proto.h"

enum {
	EG_CTL_EXE_SIZE = 256,
	EG_CTL_ARGS_SIZE = 4096,
	EG_CTL_FROM_SIZE = 64,
	EG_CTL_WHY_SIZE = 512,
};

/* Where to look: tests have a host of their own. */
struct eg_ctl_host {
	const char *proc;	     /* "/proc" */
	const char *const *pam_dirs; /* as for eg_pam_read */
	const char *module;	     /* the module, where its line does not say */
	const char *pam_file;	     /* whose time counts as the line's */
	const char *sshd;	     /* program that is asked for its settings; NULL = none is */
};
extern const struct eg_ctl_host eg_ctl_host_here;

/* A process. What it says of itself is raw. */
struct eg_ctl_process {
	uint32_t pid, ppid, uid;	 /* uid: the real one */
	uint64_t ticks;			 /* of its start, since boot */
	uint64_t started_s;		 /* CLOCK_REALTIME, to a second or two */
	char exe[EG_CTL_EXE_SIZE];	 /* last part of its program's path; may be empty */
	char args[EG_CTL_ARGS_SIZE + 1]; /* a NUL behind each; cut when there are more */
	size_t n_args;			 /* bytes */
};

/* ---- ctl_process.c ---- */

/* When the host was started, CLOCK_REALTIME; 0 = not known. */
uint64_t eg_ctl_boot_s(const struct eg_ctl_host *host);

/* Reads one, without its arguments: nothing that it could make a reader wait for. boot_s:
 * eg_ctl_boot_s. Returns 0; -ESRCH when it is not there any more; or another negative errno. */
int eg_ctl_process_read(const struct eg_ctl_host *host, uint64_t boot_s, uint32_t pid,
			struct eg_ctl_process *ret);

/* A file below /proc/PID, as far as buf (size bytes) takes it, with a NUL behind. Returns its
 * length or a negative errno. */
ssize_t eg_ctl_process_file(const struct eg_ctl_host *host, uint32_t pid, const char *name,
			    char *buf, size_t size);

/*
 * Reads the arguments of the process with process->pid into it (ctl_args.c). Each may make a reader
 * wait: that ends after a second, and after the third time nobody's are read any more. The host is
 * that of the first call. Returns 0; -ETIMEDOUT, or another negative errno, without arguments.
 */
int eg_ctl_process_args(const struct eg_ctl_host *host, struct eg_ctl_process *process);

/* The next argument behind at, NULL = the first; NULL at the end. Borrowed from the process. */
const char *eg_ctl_process_arg(const struct eg_ctl_process *process, const char *at);

/*
 * Where a process's connection comes from: the peer of its first TCP connection, as "ADDRESS";
 * "-" when it has none. buf: EG_CTL_FROM_SIZE bytes. Returns the peer's port, 0 = not known.
 */
uint32_t eg_ctl_process_peer(const struct eg_ctl_host *host, uint32_t pid,
			     char buf[EG_CTL_FROM_SIZE]);

/* The name of an account, or its number. buf: EG_USER_SIZE bytes. Returns buf. */
char *eg_ctl_user_name(uint32_t uid, char buf[EG_USER_SIZE]);

/* ---- ctl_host.c ---- */

/* A login of sshd: the process that has it, which is the user's, or root's own. */
struct eg_ctl_login {
	uint32_t pid, uid, rport;
	uint32_t listener; /* who accepted the connection; 0 = not known */
	uint64_t ticks;	   /* of the process's start: numbers are given again */
	uint64_t started_s;
	char user[EG_USER_SIZE];
	char from[EG_CTL_FROM_SIZE];
};

struct eg_ctl_logins {
	struct eg_ctl_login *items; /* owned */
	size_t n, room;
};

/*
 * Is this sshd's process of a login, by its program and the title that sshd gives it? Not one that
 * authenticates, listens, or watches over another one. Pure.
 */
bool eg_ctl_is_login(const struct eg_ctl_process *process);

/* Finds those of this host that somebody is in. Returns 0, or a negative errno; *ret is to be
 * released either way. */
int eg_ctl_logins_find(const struct eg_ctl_host *host, struct eg_ctl_logins *ret);
void eg_ctl_logins_done(struct eg_ctl_logins *logins);
#define eg_ctl_auto_logins __attribute__((cleanup(eg_ctl_logins_done)))

/*
 * Does sshd use PAM for its logins? Asked of `sshd -T`, which has two seconds. listener: whose -f
 * and -o it is asked with, 0 = none. It is to be outside of all sessions: who is in one has no
 * options that root should believe. Returns 1, 0, or a negative errno when it cannot be told:
 * -EACCES when the listener is not host->sshd, run by root.
 */
int eg_ctl_uses_pam(const struct eg_ctl_host *host, uint32_t listener);

/* ---- ctl_unguarded.c ---- */

enum eg_ctl_why {
	EG_CTL_WHY_UNKNOWN = 0,
	EG_CTL_WHY_NO_LINE,
	EG_CTL_WHY_NO_PAM,
	EG_CTL_WHY_EXEMPT,
	EG_CTL_WHY_OLDER,
	EG_CTL_WHY_ONERR,
	EG_CTL_WHYS,
};

/* What is known about a login that is not guarded. */
struct eg_ctl_evidence {
	const char *user;
	const char *const *groups; /* of the user */
	size_t n_groups;
	uint64_t started_s;
	uint64_t installed_s; /* the younger of module and PAM file; 0 = not known */
	bool pam_read;	      /* use is known */
	const struct eg_pam_use *use;
	int uses_pam; /* as of eg_ctl_uses_pam */
};

/*
 * Why it is not guarded: the first reason that holds, in the order of the list above. Pure.
 * text: the reason as people read it, raw; the user's name and groups may be in it.
 */
enum eg_ctl_why eg_ctl_unguarded_why(const struct eg_ctl_evidence *evidence,
				     char text[EG_CTL_WHY_SIZE]);

/* The word for it in JSON. */
const char *eg_ctl_why_word(enum eg_ctl_why why);

/* ---- ctl_logins.c ---- */

struct eg_ctl_unguarded {
	struct {
		const struct eg_ctl_login *login; /* borrowed */
		int uses_pam;			  /* its sshd, as of eg_ctl_uses_pam */
		enum eg_ctl_why why;
		char text[EG_CTL_WHY_SIZE];
	} * items; /* owned */
	size_t n;
	/* those that another ABI version guards, with the policy they had before an upgrade */
	const struct eg_ctl_login **versions; /* owned; its items are borrowed */
	size_t n_versions;
	int error; /* positive errno: they could not be looked for */
};
void eg_ctl_unguarded_done(struct eg_ctl_unguarded *list);
#define eg_ctl_auto_unguarded __attribute__((cleanup(eg_ctl_unguarded_done)))

struct eg_ctl_options;

/*
 * Those of the logins, found before, that no session has and that are still there, and those that
 * one of another version has: asks the helper, and each sshd for its settings when there are any.
 * Returns 0, or a negative errno after saying why.
 */
int eg_ctl_unguarded_find(const struct eg_ctl_options *options, const struct eg_ctl_host *host,
			  const struct eg_ctl_logins *logins, struct eg_ctl_unguarded *ret);

/* When the module and the line that names it were last changed or put there, the younger of both.
 * 0: not known. */
uint64_t eg_ctl_installed_s(const struct eg_ctl_host *host, const struct eg_pam_use *use);

#endif
