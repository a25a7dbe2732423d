// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* A login tried out, see ctl_trial.h. */
#include "ctl_trial.h"

#include <arpa/inet.h>
#include <err.h>
#include <errno.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ctl_host.h"
#include "ctl_run.h"
#include "util.h"

enum {
	PATH_ROOM = 128,
	OUT_ROOM = 4096,
	TOOL_MS = 30000,  /* for ssh-keygen, systemd-run, systemctl */
	LOGIN_MS = 60000, /* from connecting to the first word */
	END_MS = 10000,
	TRIES = 50, /* to reach the port, */
	AGAIN_MS = 200,
	UID_PEOPLE = 1000, /* from there on, as login.defs has it */
	UID_NOBODY = 65534,
};

/* What the session says first; and what says so, in which it does not stand. */
#define HELLO	  "ebpfguard-trial-is-in"
#define SAY_HELLO "echo ebpfguard-trial''-is-in; cat"

struct trial {
	char dir[PATH_ROOM]; /* empty: there is none */
	char key[PATH_ROOM + 16], public[PATH_ROOM + 32];
	char host_key[PATH_ROOM + 16], host_public[PATH_ROOM + 32];
	char known_hosts[PATH_ROOM + 16];
	char fingerprint[EG_FPR_SIZE];
	char unit[64];
	int port;
	bool listens;
	struct eg_ctl_child ssh;
};

/* ---- who ---- */

static bool is_exempt(const struct eg_pam_use *use, const struct passwd *who)
{
	struct eg_ctl_groups groups = {0};
	bool exempt = eg_pam_lists(use->exempt_users, who->pw_name);

	if (!exempt && use->exempt_groups[0] && eg_ctl_groups_find(who->pw_name, &groups) == 0)
		for (size_t i = 0; i < groups.n && !exempt; i++)
			exempt = eg_pam_lists(use->exempt_groups, groups.names[i]);
	eg_ctl_groups_done(&groups);
	return exempt;
}

static bool has_shell(const struct passwd *who)
{
	return who->pw_shell && *who->pw_shell && !strstr(who->pw_shell, "nologin") &&
	       !strstr(who->pw_shell, "/false");
}

void eg_ctl_trial_person(const struct eg_pam_use *use, char *ret, size_t size)
{
	const struct passwd *who;

	(void)snprintf(ret, size, "root");
	setpwent();
	/* cppcheck-suppress getpwentCalled ; there is one thread */
	while ((who = getpwent())) {
		if (who->pw_uid < UID_PEOPLE || who->pw_uid == UID_NOBODY || !has_shell(who))
			continue;
		if (is_exempt(use, who))
			continue;
		(void)snprintf(ret, size, "%s", who->pw_name);
		break;
	}
	endpwent();
}

/* ---- the keys ---- */

/* Makes a pair of keys. */
static int make_key(const char *path, const char *public)
{
	const char *const argv[] = {"ssh-keygen",      "-q", "-t", "ed25519", "-N", "", "-C",
				    "ebpfguard trial", "-f", path, NULL};
	char out[OUT_ROOM];
	int r = eg_ctl_run(argv, out, sizeof(out), true, TOOL_MS);

	if (r == 127)
		warnx("there is no ssh-keygen: install openssh-client, the trial needs it");
	else if (r)
		warnx("ssh-keygen has failed: %s", r < 0 ? strerror(-r) : out);
	return r || chmod(public, 0644) < 0;
}

/* sshd reads the user's as the user: the directory is everybody's to look into, and its name is
 * new. */
static int make_keys(struct trial *trial)
{
	char out[OUT_ROOM], *at, *end;
	int r;

	(void)snprintf(trial->dir, sizeof(trial->dir), "/run/ebpfguard-trial.XXXXXX");
	if (!mkdtemp(trial->dir)) {
		warn("cannot make %s", trial->dir);
		trial->dir[0] = '\0';
		return 1;
	}
	(void)snprintf(trial->key, sizeof(trial->key), "%s/key", trial->dir);
	(void)snprintf(trial->public, sizeof(trial->public), "%s.pub", trial->key);
	(void)snprintf(trial->host_key, sizeof(trial->host_key), "%s/host", trial->dir);
	(void)snprintf(trial->host_public, sizeof(trial->host_public), "%s.pub", trial->host_key);
	(void)snprintf(trial->known_hosts, sizeof(trial->known_hosts), "%s/known", trial->dir);
	const char *const show[] = {"ssh-keygen", "-l", "-E", "sha256", "-f", trial->public, NULL};

	if (make_key(trial->key, trial->public) || make_key(trial->host_key, trial->host_public) ||
	    chmod(trial->dir, 0755) < 0)
		return 1;
	r = eg_ctl_run(show, out, sizeof(out), true, TOOL_MS);
	at = r ? NULL : strstr(out, "SHA256:");
	end = at ? strchr(at, ' ') : NULL;
	if (!end || (size_t)(end - at) >= sizeof(trial->fingerprint)) {
		warnx("ssh-keygen -l says nothing of the key %s", trial->public);
		return 1;
	}
	*end = '\0';
	memcpy(trial->fingerprint, at, (size_t)(end - at) + 1);
	return 0;
}

/* The key is known, and nobody is asked about it: whoever else listens is not talked to. */
static void print_known(const void *arg, FILE *out)
{
	const struct trial *trial = arg;
	FILE *file = fopen(trial->host_public, "re");
	char line[512];

	if (file && fgets(line, sizeof(line), file))
		(void)fprintf(out, "[127.0.0.1]:%d %s", trial->port, line);
	if (file)
		(void)fclose(file); /* opened for reading only */
}

/* ---- its sshd ---- */

static struct sockaddr_in local_port(int port)
{
	return (struct sockaddr_in){.sin_family = AF_INET,
				    .sin_port = htons((uint16_t)port),
				    .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
}

/* One that is free now. Should somebody take it meanwhile, the trial fails, and that is all. */
static int free_port(void)
{
	int fd eg_auto_close = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct sockaddr_in in = local_port(0);
	socklen_t n = sizeof(in);

	if (fd < 0 || bind(fd, (struct sockaddr *)&in, sizeof(in)) < 0 ||
	    getsockname(fd, (struct sockaddr *)&in, &n) < 0)
		return -1;
	return ntohs(in.sin_port);
}

static bool is_reached(int port)
{
	struct sockaddr_in in = local_port(port);

	for (int i = 0; i < TRIES && !eg_ctl_run_stopped(); i++) {
		int fd eg_auto_close = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

		if (fd >= 0 && connect(fd, (struct sockaddr *)&in, sizeof(in)) == 0)
			return true;
		(void)usleep(AGAIN_MS * 1000U);
	}
	return false;
}

/*
 * By systemd: not below this shell's session, where pam_systemd would make none of its own. What is
 * said with -o goes before the host's sshd_config; but where that says ListenAddress or HostKey, it
 * is added: so it may bind to no other port. root: may root log in, whatever the host says?
 */
static int start_sshd(struct trial *trial, bool root)
{
	char listen[64], keys[PATH_ROOM + 64], host_key[PATH_ROOM + 32], unit[80], allow[64];
	char out[OUT_ROOM];
	const char *const argv[] = {
		"systemd-run", "--quiet", "--collect", unit,
		/* sshd has to have it, and with ssh.socket nobody else makes it */
		"--property=RuntimeDirectory=sshd", "--property=RuntimeDirectoryMode=0755",
		"--property=RuntimeDirectoryPreserve=yes", "--property=RuntimeMaxSec=180",
		"--property=SocketBindDeny=any", allow, eg_ctl_host_here.sshd, "-D", "-e", "-o",
		"AddressFamily=any", "-o", listen, "-o", host_key, "-o",
		"HostKeyAlgorithms=ssh-ed25519", "-o", keys, "-o", "AuthorizedKeysCommand=none",
		"-o", "TrustedUserCAKeys=none", "-o", "PidFile=none", "-o", "StrictModes=no", "-o",
		"PubkeyAuthentication=yes", "-o", "AuthenticationMethods=publickey", "-o",
		"ForceCommand=none", root ? "-o" : NULL, "PermitRootLogin=prohibit-password", NULL};
	int r;

	trial->port = free_port();
	if (trial->port < 0) {
		warn("no port of 127.0.0.1 can be had");
		return 1;
	}
	r = eg_ctl_save(trial->known_hosts, 0600, print_known, trial);
	if (r < 0) {
		warnx("%s: %s", trial->known_hosts, eg_ctl_save_error(r));
		return 1;
	}
	(void)snprintf(trial->unit, sizeof(trial->unit), "ebpfguard-trial-%d-%d.service",
		       (int)getpid(), trial->port);
	(void)snprintf(unit, sizeof(unit), "--unit=%s", trial->unit);
	(void)snprintf(allow, sizeof(allow), "--property=SocketBindAllow=tcp:%d", trial->port);
	(void)snprintf(listen, sizeof(listen), "ListenAddress=127.0.0.1:%d", trial->port);
	(void)snprintf(keys, sizeof(keys), "AuthorizedKeysFile=%s", trial->public);
	(void)snprintf(host_key, sizeof(host_key), "HostKey=%s", trial->host_key);
	r = eg_ctl_run(argv, out, sizeof(out), true, TOOL_MS);
	trial->listens = r == 0;
	if (r) {
		warnx("systemd-run cannot start an sshd for the trial: %s",
		      r < 0 ? strerror(-r) : out);
		return 1;
	}
	if (is_reached(trial->port))
		return 0;
	if (!eg_ctl_run_stopped())
		warnx("the sshd of the trial does not listen; see: journalctl -u %s", trial->unit);
	return 1;
}

/* ---- the login ---- */

/* Does the helper know a session that came in by the key of the trial? 1, 0, -1 = no answer. */
static int is_known(const struct eg_ctl_options *options, const struct trial *trial)
{
	struct eg_ctl_sessions eg_ctl_auto_sessions sessions = {0};

	if (eg_ctl_sessions_ask(options, &sessions) < 0)
		return -1;
	for (size_t i = 0; i < sessions.n; i++)
		if (!strncmp(sessions.items[i].key, trial->fingerprint, EG_FPR_SIZE))
			return 1;
	return 0;
}

static int log_in(struct trial *trial, const char *user)
{
	char port[16], known[PATH_ROOM + 64], out[OUT_ROOM], clean[EG_CTL_SAFE_SIZE];
	const char *const argv[] = {"ssh",	 "-F",
				    "none",	 "-T",
				    "-i",	 trial->key,
				    "-p",	 port,
				    "-l",	 user,
				    "-o",	 "BatchMode=yes",
				    "-o",	 "IdentitiesOnly=yes",
				    "-o",	 "StrictHostKeyChecking=yes",
				    "-o",	 known,
				    "-o",	 "HostKeyAlgorithms=ssh-ed25519",
				    "-o",	 "LogLevel=ERROR",
				    "127.0.0.1", SAY_HELLO,
				    NULL};
	size_t used = 0;
	int r;

	(void)snprintf(known, sizeof(known), "UserKnownHostsFile=%s", trial->known_hosts);
	(void)snprintf(port, sizeof(port), "%d", trial->port);
	r = eg_ctl_child_start(argv, &trial->ssh);
	if (r < 0) {
		warnx("cannot run ssh: %s", strerror(-r));
		return 1;
	}
	if (eg_ctl_child_says(&trial->ssh, HELLO, out, sizeof(out), &used, LOGIN_MS))
		return 0;
	if (eg_ctl_run_stopped())
		return 1;
	warnx("%s cannot log in: ssh says: %s\nsee: journalctl -u %s -t ebpfguard-helper -t sshd",
	      user, used ? eg_ctl_safe(out, clean, sizeof(clean)) : "nothing", trial->unit);
	return 1;
}

static int look(const struct eg_ctl_options *options, const struct trial *trial, const char *user,
		bool guarded)
{
	int known = is_known(options, trial);

	if (known < 0)
		return 1;
	if (known == guarded)
		return 0;
	if (guarded)
		warnx("%s got in, and the helper knows nothing of the session: is the user exempt, "
		      "or is there an optional line of the module? see: ebpfguardctl status",
		      user);
	else
		warnx("%s is to be exempt, and was guarded: see exempt_user= in /etc/pam.d/sshd",
		      user);
	return 1;
}

static void clear_away(struct trial *trial)
{
	const char *const stop[] = {"systemctl", "stop", trial->unit, NULL};
	char out[OUT_ROOM];

	(void)eg_ctl_child_end(&trial->ssh, END_MS); /* its cat ends when it has no more to read */
	if (trial->listens && eg_ctl_run(stop, out, sizeof(out), true, TOOL_MS) != 0)
		warnx("the sshd of the trial goes on for three minutes: systemctl stop %s",
		      trial->unit);
	if (!trial->dir[0])
		return;
	(void)unlink(trial->key);
	(void)unlink(trial->public);
	(void)unlink(trial->host_key);
	(void)unlink(trial->host_public);
	(void)unlink(trial->known_hosts);
	if (rmdir(trial->dir) < 0)
		warn("cannot remove %s", trial->dir);
}

int eg_ctl_trial(const struct eg_ctl_options *options, const char *user, bool guarded)
{
	struct trial trial = {.ssh = EG_CTL_CHILD_NONE};
	int r = make_keys(&trial);

	/* The exempt one is to get in as this host has it. */
	if (!r)
		r = start_sshd(&trial, guarded);
	if (!r)
		r = log_in(&trial, user);
	if (!r)
		r = look(options, &trial, user, guarded);
	clear_away(&trial);
	return r;
}
