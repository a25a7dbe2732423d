// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Logins of sshd that are not guarded: how they are found, in a /proc made here. Why they are not:
 * test_ctl_reasons.c.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include <cmocka.h>

#include "ctl_host.h"
#include "ctl_remote.h"
#include "util.h"

static char dir[] = "/tmp/eg_ctl_host.XXXXXX";
static struct eg_ctl_host host = {.proc = dir};

__attribute__((format(printf, 2, 3))) static void put(const char *name, const char *format, ...)
{
	char path[256];
	va_list ap;
	FILE *file;

	(void)snprintf(path, sizeof(path), "%s/%s", dir, name);
	file = fopen(path, "we");
	assert_non_null(file);
	va_start(ap, format);
	assert_true(vfprintf(file, format, ap) >= 0);
	va_end(ap);
	assert_int_equal(fclose(file), 0);
}

static void make(const char *name)
{
	char path[256];

	(void)snprintf(path, sizeof(path), "%s/%s", dir, name);
	assert_int_equal(mkdir(path, 0700), 0);
}

static void link_to(const char *name, const char *target)
{
	char path[256];

	(void)snprintf(path, sizeof(path), "%s/%s", dir, name);
	assert_int_equal(symlink(target, path), 0);
}

static void make_pipe(const char *name)
{
	char path[256];

	(void)snprintf(path, sizeof(path), "%s/%s", dir, name);
	assert_int_equal(mkfifo(path, 0600), 0);
}

/* A process with the descriptor 4 on a socket with its pid for inode. title: NULL = who
 * reads it waits. */
static void put_process(unsigned int pid, unsigned int ppid, unsigned int uid, const char *exe,
			const char *title)
{
	char name[64], socket[64];

	(void)snprintf(name, sizeof(name), "%u", pid);
	make(name);
	(void)snprintf(name, sizeof(name), "%u/stat", pid);
	/* a name that would like to be more than one */
	put(name, "%u (a) R 1 (b) S %u 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 %u 23\n", pid,
	    ppid, 100 * pid);
	(void)snprintf(name, sizeof(name), "%u/status", pid);
	put(name, "Name:\tUid: 7\nUid:\t%u\t0\t0\t0\n", uid);
	(void)snprintf(name, sizeof(name), "%u/cmdline", pid);
	if (title)
		put(name, "%s", title);
	else
		make_pipe(name);
	(void)snprintf(name, sizeof(name), "%u/exe", pid);
	link_to(name, exe);
	(void)snprintf(name, sizeof(name), "%u/fd", pid);
	make(name);
	(void)snprintf(name, sizeof(name), "%u/fd/0", pid);
	link_to(name, "/dev/null");
	(void)snprintf(name, sizeof(name), "%u/fd/4", pid);
	(void)snprintf(socket, sizeof(socket), "socket:[%u]", pid);
	link_to(name, socket);
	(void)snprintf(name, sizeof(name), "%u/net", pid);
	link_to(name, "../net");
}

#define SSHD "/usr/sbin/sshd"

static int make_proc(void **state)
{
	char own[128];

	(void)state;
	if (!mkdtemp(dir))
		return -1;
	put("stat", "cpu 1 2 3\nbtime 1700000000\nprocesses 5\n");
	make("net");
	put("net/tcp",
	    "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid\n"
	    "   0: 00000000:0016 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0  "
	    "      0 20 1 0\n"
	    "   1: 0100007F:0016 0501A8C0:C356 01 00000000:00000000 00:00000000 00000000     0  "
	    "      0 22 1 0\n");
	put("net/tcp6",
	    "  sl  local_address\n"
	    "   0: 00000000000000000000000001000000:0016 B80D0120000000000000000001000000:C357 01 "
	    "00000000:00000000 00:00000000 00000000     0        0 24 1 0\n"
	    "   1: 0000000000000000FFFF00000100007F:0016 0000000000000000FFFF00000501A8C0:C358 01 "
	    "00000000:00000000 00:00000000 00000000     0        0 25 1 0\n");
	put_process(20, 1, 0, SSHD, "sshd: /usr/sbin/sshd -D -o X=y [listener] 0 of 10");
	put_process(21, 20, 0, SSHD, "sshd: alice [priv]");
	put_process(22, 21, 4294967294, SSHD " (deleted)", "sshd: alice@pts/0");
	put_process(23, 22, 4294967294, "/bin/bash", "-bash");
	put_process(24, 20, 0, "/usr/lib/openssh/sshd-session", "sshd-session: root@notty");
	/* accepted by systemd */
	put_process(25, 1, 0, SSHD, "sshd: root@pts/9");
	/* played: by a user, whose parents are not root's */
	put_process(26, 23, 4294967294, SSHD, "sshd: root@pts/0");
	put_process(27, 26, 4294967294, SSHD, "sshd: root@pts/0");
	put_process(31, 23, 4294967294, SSHD, "sshd: /x -E /etc/evil [listener]");
	/* their arguments keep a reader waiting */
	put_process(32, 23, 4294967294, SSHD, NULL);
	put_process(33, 1, 4294967294, SSHD, NULL);
	/* on its way */
	put_process(28, 20, 0, SSHD, "sshd: bob [priv]");
	put_process(29, 28, 4294967293, SSHD, "sshd: bob [net]");
	(void)snprintf(own, sizeof(own), "%s/sshd-test", dir);
	put_process(40, 1, 0, own,
		    "sshd: /x/sshd -D -E /etc/evil -f /etc/a b -p 22 -o UsePAM  yes -oX=y -t "
		    "[listener] 0 of 10");
	put_process(41, 1, 1000, own, "sshd: /x/sshd -o X=y [listener]");
	put_process(42, 1, 0, own, "/x/sshd -D -o");
	make("30"); /* gone */
	make("self");
	return 0;
}

static int remove_proc(void **state)
{
	char command[64];

	(void)state;
	(void)snprintf(command, sizeof(command), "rm -rf %s", dir);
	return system(command);
}

static void test_logins(void **state)
{
	struct eg_ctl_logins logins eg_ctl_auto_logins = {0};
	const struct eg_ctl_login *items;

	(void)state;
	assert_int_equal(eg_ctl_logins_find(&host, &logins), 0);
	assert_int_equal(logins.n, 3);
	items = logins.items;
	assert_int_equal(items[0].pid, 22);
	assert_int_equal(items[0].listener, 20);
	assert_string_equal(items[0].user, "4294967294"); /* nobody has that number */
	assert_string_equal(items[0].from, "192.168.1.5");
	assert_int_equal(items[0].rport, 0xc356);
	assert_int_equal(items[0].started_s, 1700000000 + 2200 / sysconf(_SC_CLK_TCK));
	assert_int_equal(items[1].pid, 24);
	assert_string_equal(items[1].user, "root");
	assert_string_equal(items[1].from, "2001:db8::1");
	assert_int_equal(items[1].listener, 20);
	assert_int_equal(items[2].pid, 25);
	assert_string_equal(items[2].from, "192.168.1.5");
	assert_int_equal(items[2].listener, 0);
}

static void test_processes(void **state)
{
	struct eg_ctl_process process;
	char from[EG_CTL_FROM_SIZE];
	const char *arg;

	(void)state;
	assert_int_equal(eg_ctl_process_read(&host, 5, 22, &process), 0);
	assert_int_equal(process.ppid, 21);
	assert_int_equal(process.uid, 4294967294);
	assert_int_equal(process.ticks, 2200);
	assert_string_equal(process.exe, "sshd");
	assert_int_equal(eg_ctl_process_read(&host, 5, 30, &process), -ESRCH);
	assert_int_equal(eg_ctl_process_read(&host, 5, 99, &process), -ESRCH);
	/* a listening socket is no connection */
	assert_int_equal(eg_ctl_process_peer(&host, 20, from), 0);
	assert_string_equal(from, "-");
	memcpy(process.args, "a\0\0b c\0", 7);
	process.n_args = 7;
	arg = eg_ctl_process_arg(&process, NULL);
	assert_string_equal(arg, "a");
	arg = eg_ctl_process_arg(&process, arg);
	assert_string_equal(arg, "");
	arg = eg_ctl_process_arg(&process, arg);
	assert_string_equal(arg, "b c");
	assert_null(eg_ctl_process_arg(&process, arg));
	process.n_args = 0;
	assert_null(eg_ctl_process_arg(&process, NULL));
}

/* ---- sshd -T ---- */

static void put_sshd(const char *script)
{
	char path[128];

	put("sshd-test", "#!/bin/sh\n%s\n", script);
	(void)snprintf(path, sizeof(path), "%s/sshd-test", dir);
	assert_int_equal(chmod(path, 0700), 0);
}

static void test_uses_pam(void **state)
{
	char path[128];
	time_t begin;

	(void)state;
	(void)snprintf(path, sizeof(path), "%s/sshd-test", dir);
	host.sshd = path;
	put_sshd("echo port 22; echo usepam yes; echo x");
	assert_int_equal(eg_ctl_uses_pam(&host, 0), 1);
	put_sshd("echo usepam no");
	assert_int_equal(eg_ctl_uses_pam(&host, 0), 0);
	put_sshd("echo Port 22; echo UsePAM no; echo x"); /* OpenSSH 10.6 */
	assert_int_equal(eg_ctl_uses_pam(&host, 0), 0);
	/* with the listener's settings, and nothing else that it was started with */
	put_sshd("[ \"$(printf '%s|' \"$@\")\" = '-T|-f|/etc/a b|-o|UsePAM  yes|-oX=y|' ] && "
		 "echo usepam yes || echo usepam no");
	assert_int_equal(eg_ctl_uses_pam(&host, 40), 1);
	put_sshd("[ \"$*\" = '-T -o' ] && echo usepam yes || echo usepam no");
	assert_int_equal(eg_ctl_uses_pam(&host, 42), 1);
	/* not of a user's process that has the number by now, of another program, of nobody */
	put_sshd("echo usepam yes");
	assert_int_equal(eg_ctl_uses_pam(&host, 41), -EACCES);
	assert_int_equal(eg_ctl_uses_pam(&host, 20), -EACCES);
	assert_int_equal(eg_ctl_uses_pam(&host, 31), -EACCES);
	assert_int_equal(eg_ctl_uses_pam(&host, 99), -ESRCH);
	put_sshd("echo notusepam no");
	assert_true(eg_ctl_uses_pam(&host, 0) < 0);
	put_sshd("exit 1");
	assert_true(eg_ctl_uses_pam(&host, 0) < 0);
	begin = time(NULL);
	put_sshd("exec sleep 30");
	assert_true(eg_ctl_uses_pam(&host, 0) < 0);
	assert_true(time(NULL) - begin < 20);
	host.sshd = "/nowhere/sshd";
	assert_true(eg_ctl_uses_pam(&host, 0) < 0);
	host.sshd = NULL;
	assert_true(eg_ctl_uses_pam(&host, 0) < 0);
}

/* ---- which of them, by a helper that is played */

static uint32_t guarded, of_version;
static void (*meanwhile)(void);

int eg_ctl_processes_ask(const struct eg_ctl_options *options, uint64_t session,
			 struct eg_ctl_processes *ret)
{
	(void)options;
	(void)session;
	(void)ret;
	if (meanwhile)
		meanwhile();
	return 0;
}

const struct eg_process *eg_ctl_processes_find(const struct eg_ctl_processes *list, uint32_t pid)
{
	static const struct eg_process ours, others = {.flags = EG_PROCESS_VERSION};

	(void)list;
	return pid == guarded ? &ours : pid == of_version ? &others : NULL;
}

void eg_ctl_processes_done(struct eg_ctl_processes *list)
{
	(void)list;
}

int eg_ctl_groups_find(const char *user, struct eg_ctl_groups *ret)
{
	(void)user;
	(void)ret;
	return -ENOMEM; /* no line here exempts a group */
}

void eg_ctl_groups_done(struct eg_ctl_groups *groups)
{
	(void)groups;
}

static void find(struct eg_ctl_logins *logins, struct eg_ctl_unguarded *ret)
{
	static const char *const pam_dirs[] = {dir, NULL};
	static char path[128];

	(void)snprintf(path, sizeof(path), "%s/sshd-test", dir);
	host.sshd = path;
	host.pam_dirs = pam_dirs;
	host.module = host.pam_file = "/nowhere";
	put("sshd", "session required pam_ebpfguard.so\n");
	assert_int_equal(eg_ctl_unguarded_find(NULL, &host, logins, ret), 0);
}

/* A host may have several sshd, with settings of their own: each is asked once. */
static void test_each_sshd(void **state)
{
	struct eg_ctl_login items[] = {{.pid = 22, .ticks = 2200, .listener = 40},
				       {.pid = 24, .ticks = 2400, .listener = 42},
				       {.pid = 25, .ticks = 2500, .listener = 42},
				       {.pid = 28, .ticks = 2800, .listener = 40}};
	struct eg_ctl_logins logins = {.items = items, .n = EG_ARRAY_SIZE(items)};
	struct eg_ctl_unguarded list eg_ctl_auto_unguarded = {0};
	char path[128];
	struct stat st;

	(void)state;
	(void)snprintf(path, sizeof(path), "%s/asked", dir);
	put_sshd("printf x >>\"${0%/*}/asked\"; [ \"$*\" = '-T -o' ] && echo usepam no || "
		 "echo usepam yes");
	find(&logins, &list);
	assert_int_equal(list.n, 4);
	assert_int_equal(list.items[0].why, EG_CTL_WHY_UNKNOWN);
	assert_int_equal(list.items[1].why, EG_CTL_WHY_NO_PAM);
	assert_int_equal(list.items[2].why, EG_CTL_WHY_NO_PAM);
	assert_int_equal(list.items[3].why, EG_CTL_WHY_UNKNOWN);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_size, 2);
}

/* Guarded by another version's programs: not by this one, and no finding. */
static void test_other_version(void **state)
{
	struct eg_ctl_login items[] = {
		{.pid = 21, .ticks = 2100}, {.pid = 22, .ticks = 2200}, {.pid = 24, .ticks = 2400}};
	struct eg_ctl_logins logins = {.items = items, .n = EG_ARRAY_SIZE(items)};
	struct eg_ctl_unguarded list eg_ctl_auto_unguarded = {0};

	(void)state;
	guarded = 21;
	of_version = 22;
	put_sshd("echo usepam yes");
	find(&logins, &list);
	guarded = of_version = 0;
	assert_int_equal(list.n, 1);
	assert_ptr_equal(list.items[0].login, &items[2]);
	assert_int_equal(list.n_versions, 1);
	assert_ptr_equal(list.versions[0], &items[1]);
}

static void end_some(void)
{
	char command[128];

	(void)snprintf(command, sizeof(command), "cd %s && rm -r 24 && rm 28/exe", dir);
	assert_int_equal(system(command), 0);
	put("25/stat", "25 (x) S 1 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 2501 23\n");
}

/* Who has left while the helper was asked is in no session, and no finding: neither when it has
 * gone, nor when its number is another's or only its exit status is left. */
static void test_ended(void **state)
{
	struct eg_ctl_login items[] = {{.pid = 21, .ticks = 2100},
				       {.pid = 22, .ticks = 2200},
				       {.pid = 24, .ticks = 2400},
				       {.pid = 25, .ticks = 2500},
				       {.pid = 28, .ticks = 2800}};
	struct eg_ctl_logins logins = {.items = items, .n = EG_ARRAY_SIZE(items)};
	struct eg_ctl_unguarded list eg_ctl_auto_unguarded = {0};

	(void)state;
	guarded = 21;
	meanwhile = end_some;
	put_sshd("echo usepam yes");
	find(&logins, &list);
	assert_int_equal(list.n, 1);
	assert_int_equal(list.items[0].login->pid, 22);
}

/* The last test: in the end nobody's arguments are read. */
static void test_arguments(void **state)
{
	struct eg_ctl_process process = {.pid = 22}, late = {.pid = 32};
	int64_t begin = eg_proto_now_ms();

	(void)state;
	assert_int_equal(eg_ctl_process_args(&host, &process), 0);
	assert_string_equal(process.args, "sshd: alice@pts/0");
	assert_int_equal(process.n_args, strlen(process.args));
	process.pid = 99;
	assert_int_equal(eg_ctl_process_args(&host, &process), -ESRCH);
	assert_int_equal(process.n_args, 0);
	for (int i = 0; i < 3; i++) {
		process.pid = 22;
		assert_int_equal(eg_ctl_process_args(&host, &process), 0);
		assert_int_equal(eg_ctl_process_args(&host, &late), -ETIMEDOUT);
		assert_int_equal(late.n_args, 0);
	}
	assert_int_equal(eg_ctl_process_args(&host, &process), -ETIMEDOUT);
	assert_true(eg_proto_now_ms() - begin < 10000);
}

static void test_installed(void **state)
{
	struct eg_ctl_host here = {.module = "/nowhere", .pam_file = "/nowhere"};
	struct eg_pam_use use = {0};
	char path[128];

	(void)state;
	assert_int_equal(eg_ctl_installed_s(&here, &use), 0);
	(void)snprintf(path, sizeof(path), "%s/stat", dir);
	here.module = path;
	assert_true(eg_ctl_installed_s(&here, &use) + 600 > (uint64_t)time(NULL));
	here.module = "/nowhere";
	(void)snprintf(use.module, sizeof(use.module), "%s", path);
	assert_true(eg_ctl_installed_s(&here, &use) + 600 > (uint64_t)time(NULL));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_logins),	      cmocka_unit_test(test_processes),
		cmocka_unit_test(test_uses_pam),      cmocka_unit_test(test_installed),
		cmocka_unit_test(test_other_version), cmocka_unit_test(test_each_sshd),
		cmocka_unit_test(test_ended),	      cmocka_unit_test(test_arguments),
	};

	return cmocka_run_group_tests(tests, make_proc, remove_proc);
}
