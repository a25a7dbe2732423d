// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* ebpfguardctl's look at single processes. */
#include "ctl_host.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "util.h"

enum {
	PATH_SIZE = 512,
	TEXT_SIZE = 4096,
	LISTENING = 0x0A, /* TCP_LISTEN, as /proc/net/tcp has it */
};

ssize_t eg_ctl_process_file(const struct eg_ctl_host *host, uint32_t pid, const char *name,
			    char *buf, size_t size)
{
	char path[PATH_SIZE];
	int fd eg_auto_close = -1;
	size_t used = 0;
	ssize_t n = 1;

	(void)snprintf(path, sizeof(path), "%s/%u/%s", host->proc, pid, name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return errno == ENOENT ? -ESRCH : -errno;
	while (used + 1 < size && n > 0) {
		n = read(fd, buf + used, size - 1 - used);
		used += n > 0 ? (size_t)n : 0;
	}
	if (n < 0)
		return -errno;
	buf[used] = '\0';
	return (ssize_t)used;
}

uint64_t eg_ctl_boot_s(const struct eg_ctl_host *host)
{
	unsigned long long boot = 0;
	char path[PATH_SIZE], *line eg_auto_free = NULL;
	size_t room = 0;
	FILE *file;

	(void)snprintf(path, sizeof(path), "%s/stat", host->proc);
	file = fopen(path, "re");
	while (file && !boot && getline(&line, &room, file) >= 0)
		if (sscanf(line, "btime %llu", &boot) != 1)
			boot = 0;
	if (file)
		(void)fclose(file); /* opened for reading only */
	return boot;
}

/* Parent and start. The name in parentheses may hold anything: what counts is behind the last. */
static int read_stat(const struct eg_ctl_host *host, struct eg_ctl_process *process)
{
	char text[TEXT_SIZE];
	ssize_t n = eg_ctl_process_file(host, process->pid, "stat", text, sizeof(text));
	unsigned long long ticks;
	const char *at;

	if (n < 0)
		return (int)n;
	at = strrchr(text, ')');
	if (!at || sscanf(at + 1,
			  " %*c %u %*d %*d %*d %*d %*u %*u %*u %*u %*u %*u %*u %*d %*d %*d %*d %*d "
			  "%*d %llu",
			  &process->ppid, &ticks) != 2)
		return -EPROTO;
	process->ticks = ticks;
	return 0;
}

static int read_uid(const struct eg_ctl_host *host, struct eg_ctl_process *process)
{
	char text[TEXT_SIZE];
	ssize_t n = eg_ctl_process_file(host, process->pid, "status", text, sizeof(text));
	const char *at;

	if (n < 0)
		return (int)n;
	at = strstr(text, "\nUid:"); /* the name before it has no newline: the kernel writes \n */
	return at && sscanf(at, "\nUid: %u", &process->uid) == 1 ? 0 : -EPROTO;
}

/* The last part of the program's path, also when the file has been replaced since. */
static void read_exe(const struct eg_ctl_host *host, struct eg_ctl_process *process)
{
	static const char deleted[] = " (deleted)";
	char path[PATH_SIZE], target[TEXT_SIZE];
	const char *slash;
	ssize_t n;

	(void)snprintf(path, sizeof(path), "%s/%u/exe", host->proc, process->pid);
	n = readlink(path, target, sizeof(target) - 1);
	process->exe[0] = '\0';
	if (n < 0)
		return; /* a kernel thread, or not ours to see */
	target[n] = '\0';
	if ((size_t)n > sizeof(deleted) && !strcmp(target + n - (sizeof(deleted) - 1), deleted))
		target[(size_t)n - (sizeof(deleted) - 1)] = '\0';
	slash = strrchr(target, '/');
	(void)snprintf(process->exe, sizeof(process->exe), "%.255s", slash ? slash + 1 : target);
}

int eg_ctl_process_read(const struct eg_ctl_host *host, uint64_t boot_s, uint32_t pid,
			struct eg_ctl_process *ret)
{
	struct eg_ctl_process process = {.pid = pid};
	long hz = sysconf(_SC_CLK_TCK);
	int r = read_stat(host, &process);

	if (!r)
		r = read_uid(host, &process);
	if (r)
		return r;
	process.started_s = boot_s ? boot_s + process.ticks / (uint64_t)(hz > 0 ? hz : 100) : 0;
	read_exe(host, &process);
	*ret = process;
	return 0;
}

const char *eg_ctl_process_arg(const struct eg_ctl_process *process, const char *at)
{
	const char *next = at ? at + strlen(at) + 1 : process->args;

	return next < process->args + process->n_args ? next : NULL;
}

/* ---- its connection ---- */

/* The inode of the socket behind a descriptor; 0: it is none. */
static unsigned long long socket_inode(int dirfd, const char *name)
{
	char target[64];
	ssize_t n = readlinkat(dirfd, name, target, sizeof(target) - 1);
	unsigned long long inode = 0;

	if (n < 0)
		return 0;
	target[n] = '\0';
	return sscanf(target, "socket:[%llu]", &inode) == 1 ? inode : 0;
}

/* An address as /proc/net has it: words in the host's order, four or sixteen bytes. */
static bool read_address(const char *hex, char buf[EG_CTL_FROM_SIZE])
{
	size_t n = strspn(hex, "0123456789ABCDEF") / 8;
	struct in6_addr addr;
	uint32_t word[4];

	if (n != 1 && n != 4)
		return false;
	for (size_t i = 0; i < n; i++)
		if (sscanf(hex + 8 * i, "%8x", &word[i]) != 1)
			return false;
	memcpy(&addr, word, 4 * n);
	if (n == 4 && IN6_IS_ADDR_V4MAPPED(&addr))
		return inet_ntop(AF_INET, &addr.s6_addr[12], buf, EG_CTL_FROM_SIZE);
	return inet_ntop(n == 1 ? AF_INET : AF_INET6, &addr, buf, EG_CTL_FROM_SIZE);
}

/* Looks a socket up in one of the tables of the process's network namespace. Returns the peer's
 * port, 0 = it is not there. */
static uint32_t find_peer(const struct eg_ctl_host *host, uint32_t pid, const char *table,
			  unsigned long long inode, char buf[EG_CTL_FROM_SIZE])
{
	char path[PATH_SIZE], *line eg_auto_free = NULL, peer[40];
	unsigned long long found;
	unsigned int port = 0, state;
	size_t room = 0;
	FILE *file;

	(void)snprintf(path, sizeof(path), "%s/%u/net/%s", host->proc, pid, table);
	file = fopen(path, "re");
	while (file && getline(&line, &room, file) >= 0) {
		if (sscanf(line, " %*d: %*[0-9A-F]:%*x %39[0-9A-F]:%x %x %*s %*s %*s %*u %*u %llu",
			   peer, &port, &state, &found) == 4 &&
		    found == inode && state != LISTENING && read_address(peer, buf))
			break;
		port = 0;
	}
	if (file)
		(void)fclose(file); /* opened for reading only */
	return port;
}

uint32_t eg_ctl_process_peer(const struct eg_ctl_host *host, uint32_t pid,
			     char buf[EG_CTL_FROM_SIZE])
{
	enum { FDS_MAX = 64 }; /* the connection is among the first */
	char path[PATH_SIZE];
	int fd eg_auto_close = -1;

	(void)snprintf(buf, EG_CTL_FROM_SIZE, "-");
	(void)snprintf(path, sizeof(path), "%s/%u/fd", host->proc, pid);
	fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	for (unsigned int i = 0; fd >= 0 && i < FDS_MAX; i++) {
		unsigned long long inode;
		uint32_t port;
		char name[16];

		(void)snprintf(name, sizeof(name), "%u", i);
		inode = socket_inode(fd, name);
		if (!inode)
			continue;
		port = find_peer(host, pid, "tcp", inode, buf);
		if (!port)
			port = find_peer(host, pid, "tcp6", inode, buf);
		if (port)
			return port;
	}
	return 0;
}

char *eg_ctl_user_name(uint32_t uid, char buf[EG_USER_SIZE])
{
	const struct passwd *account = getpwuid(uid);

	if (account)
		(void)snprintf(buf, EG_USER_SIZE, "%s", account->pw_name);
	else
		(void)snprintf(buf, EG_USER_SIZE, "%u", uid);
	return buf;
}
