// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The logins of sshd as ebpfguardctl finds them, and what sshd says of its settings. */
#include "ctl_host.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ctl_run.h"
#include "util.h"

enum {
	SSHD_MS = 2000,
	SSHD_OUT = 65536, /* what `sshd -T` prints is a tenth of that */
	ARGS_MAX = 32,
};

static const char *const pam_dirs[] = {"/etc/pam.d", "/usr/lib/pam.d", NULL};

const struct eg_ctl_host eg_ctl_host_here = {
	.proc = "/proc",
	.pam_dirs = pam_dirs,
	.module = EG_PAM_DIR "/" EG_PAM_MODULE,
	.pam_file = "/etc/pam.d/sshd",
	.sshd = "/usr/sbin/sshd",
};

/* ---- logins ---- */

static bool is_sshd(const struct eg_ctl_process *process)
{
	return !strcmp(process->exe, "sshd") || !strcmp(process->exe, "sshd-session");
}

/* What stands behind "sshd: ", or "sshd-session: ", in the title; NULL: it has none. */
static const char *title_of(const struct eg_ctl_process *process)
{
	static const char *const starts[] = {"sshd: ", "sshd-session: "};

	for (size_t i = 0; i < EG_ARRAY_SIZE(starts); i++)
		if (!strncmp(process->args, starts[i], strlen(starts[i])))
			return process->args + strlen(starts[i]);
	return NULL;
}

/* "alice@pts/0", "alice@notty", "alice"; but "alice [priv]" watches over one of these, and
 * "[accepted]", "alice [net]" and the like are on their way. */
bool eg_ctl_is_login(const struct eg_ctl_process *process)
{
	const char *title = title_of(process);

	return is_sshd(process) && title && *title && !strchr(title, '[') && *title != '/';
}

static int add_login(struct eg_ctl_logins *list, const struct eg_ctl_login *login)
{
	if (list->n == list->room) {
		size_t room = list->room ? 2 * list->room : 16;
		void *bigger = realloc(list->items, room * sizeof(*list->items));

		if (!bigger)
			return -ENOMEM;
		list->items = bigger;
		list->room = room;
	}
	list->items[list->n++] = *login;
	return 0;
}

/*
 * Root's process above the one of a login, and the one that accepted the connection. A title is
 * what its process says: without such parents somebody plays sshd, whose own processes are not
 * logins of this host.
 */
static bool find_listener(const struct eg_ctl_host *host, const struct eg_ctl_process *process,
			  uint32_t *ret)
{
	struct eg_ctl_process above;

	*ret = 0;
	if (process->uid == 0 && process->ppid == 1)
		return true; /* a connection that systemd has accepted */
	if (eg_ctl_process_read(host, 0, process->ppid, &above) < 0 || above.uid != 0 ||
	    !is_sshd(&above))
		return false;
	if (process->uid == 0) {
		*ret = above.pid;
		return true;
	}
	*ret = above.ppid == 1 ? 0 : above.ppid;
	return true;
}

static int look_at(const struct eg_ctl_host *host, uint64_t boot_s, uint32_t pid,
		   struct eg_ctl_logins *ret)
{
	struct eg_ctl_process process;
	struct eg_ctl_login login = {0};

	/* gone, or nobody's business */
	if (eg_ctl_process_read(host, boot_s, pid, &process) < 0 || !is_sshd(&process) ||
	    !find_listener(host, &process, &login.listener))
		return 0;
	/* and only then: nobody else's arguments can use up the time that there is for all */
	if (eg_ctl_process_args(host, &process) < 0 || !eg_ctl_is_login(&process))
		return 0;
	login.pid = pid;
	login.uid = process.uid;
	login.ticks = process.ticks;
	login.started_s = process.started_s;
	(void)eg_ctl_user_name(process.uid, login.user);
	login.rport = eg_ctl_process_peer(host, pid, login.from);
	return add_login(ret, &login);
}

static int compare_logins(const void *va, const void *vb)
{
	const struct eg_ctl_login *a = va, *b = vb;

	return (a->pid > b->pid) - (a->pid < b->pid);
}

int eg_ctl_logins_find(const struct eg_ctl_host *host, struct eg_ctl_logins *ret)
{
	uint64_t boot_s = eg_ctl_boot_s(host);
	DIR *dir = opendir(host->proc);
	const struct dirent *entry;
	int r = 0;

	if (!dir)
		return -errno;
	while (!r && (entry = readdir(dir))) {
		char *end;
		unsigned long pid = strtoul(entry->d_name, &end, 10);

		if (pid && !*end)
			r = look_at(host, boot_s, (uint32_t)pid, ret);
	}
	(void)closedir(dir);
	if (ret->n)
		qsort(ret->items, ret->n, sizeof(*ret->items), compare_logins);
	return r;
}

void eg_ctl_logins_done(struct eg_ctl_logins *logins)
{
	free(logins->items);
	*logins = (struct eg_ctl_logins){0};
}

/* ---- settings ---- */

/*
 * Of the options that a listener was started with, those that say how it is set up: -f and -o. No
 * others: -E would have root write where a title says. The title is "sshd: /usr/sbin/sshd -D -f
 * FILE [listener] ...", that of an old one its arguments, where words that belong together are no
 * longer told apart: what has no '-' in front goes on. text: changed, borrowed by argv from *n on.
 */
static void take_options(struct eg_ctl_process *listener, char *argv[ARGS_MAX], size_t *n)
{
	char *text = listener->args, *end, *word;
	enum { OTHERS, OPTION, VALUE } in = OTHERS;

	for (size_t i = 0; i + 1 < listener->n_args; i++)
		if (!text[i])
			text[i] = ' ';
	end = strstr(text, " [listener]");
	if (end)
		*end = '\0';
	if (!strncmp(text, "sshd: ", 6))
		text += 6;
	(void)strsep(&text, " "); /* the program */
	while ((word = strsep(&text, " ")) && *n < ARGS_MAX) {
		if (*word == '-') {
			in = word[1] != 'f' && word[1] != 'o' ? OTHERS : word[2] ? VALUE : OPTION;
			if (in != OTHERS)
				argv[(*n)++] = word;
		} else if (in == VALUE) {
			word[-1] = ' '; /* of the same value */
		} else if (in == OPTION && *word) {
			argv[(*n)++] = word;
			in = VALUE;
		}
	}
}

/* Is it this very program? A title is believed of no other, whatever its name. */
static bool runs(const struct eg_ctl_host *host, uint32_t pid, const char *program)
{
	struct stat its, wanted;
	char path[64];

	(void)snprintf(path, sizeof(path), "%s/%u/exe", host->proc, pid);
	return stat(path, &its) == 0 && stat(program, &wanted) == 0 &&
	       its.st_dev == wanted.st_dev && its.st_ino == wanted.st_ino;
}

int eg_ctl_uses_pam(const struct eg_ctl_host *host, uint32_t listener)
{
	struct eg_ctl_process process;
	/* -T first: behind an option without its value it would be that */
	char *argv[ARGS_MAX + 1] = {(char *)host->sshd, (char *)"-T"};
	char *out eg_auto_free = malloc(SSHD_OUT);
	const char *at;
	size_t n = 2;
	int r;

	if (!host->sshd || !out)
		return -ENOENT;
	if (listener) {
		r = eg_ctl_process_read(host, 0, listener, &process);
		/* root's: a user could have the number by now */
		if (!r && (process.uid != 0 || !runs(host, listener, host->sshd)))
			r = -EACCES;
		if (!r)
			r = eg_ctl_process_args(host, &process);
		if (r < 0)
			return r;
		take_options(&process, argv, &n);
	}
	r = eg_ctl_run((const char *const *)argv, out, SSHD_OUT, false, SSHD_MS);
	if (r < 0)
		return r;
	/* in small letters; OpenSSH 10.6 writes it as the man page does */
	at = strcasestr(out, "\nusepam ");
	at = at ? at + 8 : strncasecmp(out, "usepam ", 7) ? NULL : out + 7;
	if (!at)
		return -EPROTO;
	return !strncmp(at, "yes", 3);
}
