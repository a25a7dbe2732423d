// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * probe [OPTION...] PROBE...: what one system call costs, in nanoseconds, which are instructions in
 * a machine started with --icount. Each is made with as little behind the hook as there can be:
 *
 *   connect   connect() of a connected TCP socket: EISCONN
 *   connect_new   the same, each time to an address it was not before
 *   connect6  the same to IPv6 addresses, ::/0 of them all
 *   refused   connect() to a denied address: EPERM and its event
 *   sendmsg   sendto() with MSG_OOB on a UDP socket: EOPNOTSUPP
 *   file_open open() and close() of /etc/passwd
 *   setuid    setuid() to what one is
 *   fork      fork(), the child's end and wait
 *   exec      execve() of this program by itself
 *   spawn     fork(), execve() of this program, which ends, and wait
 *   udp       a datagram to oneself, and reading it
 *   tcp       connect, accept and close on this host, both ends here
 *   networks, networks6   print the first N networks (-n), one a line; measure nothing
 *
 *   -h N      addresses in the first N networks of networks.h; without, in none of them
 *   -f N      and not in the first ones, but in those behind so many
 *   -r N      rounds; 25, more of those that vary. -n N: calls in one; 256, fewer of the long ones
 *   -w FILE   waits until FILE is there: who started it may have moved it elsewhere
 *   -g FILE   rounds by turns without and with the calls, for who wants to see what they do: each
 *             begins when FILE.N is there, N from 0, and prints "ready" when it is over
 *
 * Prints "PROBE COST" a line: the least of the rounds, as the clock's interrupts are in some, for
 * one call, rounded. Any other result of a call than the one above ends it with status 1.
 */
#include <arpa/inet.h>
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "networks.h"

enum { CALLS_MAX = 4096, ROUNDS = 25, EXECS = 40 };

static struct {
	unsigned int rounds, calls, hits, from, next;
	int fd, listener;
	const char *gate;
	struct sockaddr_in to[CALLS_MAX], own;
	struct sockaddr_in6 to6[CALLS_MAX];
} run;

static uint64_t now(void)
{
	struct timespec ts;

	(void)clock_gettime(CLOCK_MONOTONIC_RAW, &ts);
	return (uint64_t)ts.tv_sec * 1000000000U + (uint64_t)ts.tv_nsec;
}

/* A call's result that is not the one wanted: what was measured is something else. */
static void want(const char *what, long result, int error)
{
	if (error ? result < 0 && errno == error : result >= 0)
		return;
	err(1, "%s: not %s but %ld", what, error ? strerrorname_np(error) : "success", result);
}

/* ---- what is done before ---- */

static struct sockaddr_in make_address(uint32_t i)
{
	uint32_t address = run.hits ? eg_bench_hit(run.from + i % run.hits) : eg_bench_miss(i);

	return (struct sockaddr_in){
		.sin_family = AF_INET, .sin_port = htons(443), .sin_addr.s_addr = htonl(address)};
}

static void make_addresses(void)
{
	for (uint32_t i = 0; i < CALLS_MAX; i++) {
		uint32_t address;

		run.to[i] = make_address(i);
		address = run.to[i].sin_addr.s_addr;
		run.to6[i] =
			(struct sockaddr_in6){.sin6_family = AF_INET6, .sin6_port = htons(443)};
		run.to6[i].sin6_addr.s6_addr[0] = 0x2a;
		memcpy(&run.to6[i].sin6_addr.s6_addr[2], &address, sizeof(address));
	}
}

/* A socket of this host that listens, or waits for datagrams; its address in run.own. */
static int own_socket(int type)
{
	struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t size = sizeof(at);
	int fd = socket(AF_INET, type | SOCK_CLOEXEC, 0);

	want("bind", bind(fd, (struct sockaddr *)&at, size), 0);
	if (type == SOCK_STREAM)
		want("listen", listen(fd, 16), 0);
	want("getsockname", getsockname(fd, (struct sockaddr *)&at, &size), 0);
	run.own = at;
	return fd;
}

static void prepare_connected(void)
{
	int listener = own_socket(SOCK_STREAM);

	run.fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	want("connect", connect(run.fd, (struct sockaddr *)&run.own, sizeof(run.own)), 0);
	(void)close(listener);
}

/* A connected socket of IPv6: the address is looked at before that is found. */
static void prepare_connected6(void)
{
	struct sockaddr_in6 at = {.sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT};
	socklen_t size = sizeof(at);
	int listener = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);

	want("bind", bind(listener, (struct sockaddr *)&at, size), 0);
	want("listen", listen(listener, 1), 0);
	want("getsockname", getsockname(listener, (struct sockaddr *)&at, &size), 0);
	run.fd = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
	want("connect", connect(run.fd, (struct sockaddr *)&at, size), 0);
	(void)close(listener);
}

static void prepare_datagram(void)
{
	run.fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	want("socket", run.fd, 0);
}

static void prepare_own_datagram(void)
{
	run.fd = own_socket(SOCK_DGRAM);
}

static void prepare_listener(void)
{
	run.listener = own_socket(SOCK_STREAM);
}

static void prepare_nothing(void)
{
}

/* ---- one call ---- */

static void call_connect(unsigned int i)
{
	want("connect", connect(run.fd, (struct sockaddr *)&run.to[i], sizeof(run.to[i])), EISCONN);
}

static void call_connect_new(unsigned int i)
{
	struct sockaddr_in to = make_address(CALLS_MAX + run.next++);

	(void)i;
	want("connect_new", connect(run.fd, (struct sockaddr *)&to, sizeof(to)), EISCONN);
}

static void call_connect6(unsigned int i)
{
	want("connect6", connect(run.fd, (struct sockaddr *)&run.to6[i], sizeof(run.to6[i])),
	     EISCONN);
}

static void call_refused(unsigned int i)
{
	want("refused", connect(run.fd, (struct sockaddr *)&run.to[i], sizeof(run.to[i])), EPERM);
}

static void call_sendmsg(unsigned int i)
{
	want("sendmsg",
	     sendto(run.fd, "", 1, MSG_OOB, (struct sockaddr *)&run.to[i], sizeof(run.to[i])),
	     EOPNOTSUPP);
}

static void call_file_open(unsigned int i)
{
	int fd = open("/etc/passwd", O_RDONLY | O_CLOEXEC);

	(void)i;
	want("open", fd, 0);
	(void)close(fd);
}

static void call_setuid(unsigned int i)
{
	(void)i;
	want("setuid", setuid(getuid()), 0);
}

static void call_fork(unsigned int i)
{
	pid_t pid = fork();

	(void)i;
	if (!pid)
		_exit(0);
	want("fork", pid, 0);
	want("wait", waitpid(pid, NULL, 0), 0);
}

static void call_udp(unsigned int i)
{
	char byte;

	(void)i;
	want("sendto", sendto(run.fd, "", 1, 0, (struct sockaddr *)&run.own, sizeof(run.own)), 0);
	want("recv", recv(run.fd, &byte, 1, 0), 0);
}

static void call_tcp(unsigned int i)
{
	int client = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), server;

	(void)i;
	want("connect", connect(client, (struct sockaddr *)&run.own, sizeof(run.own)), 0);
	server = accept4(run.listener, NULL, NULL, SOCK_CLOEXEC);
	want("accept", server, 0);
	(void)close(client);
	(void)close(server);
}

static void call_spawn(unsigned int i)
{
	pid_t pid = fork();

	(void)i;
	if (!pid) {
		(void)execl("/proc/self/exe", "probe", (char *)NULL);
		_exit(1);
	}
	want("fork", pid, 0);
	want("wait", waitpid(pid, NULL, 0), 0);
}

/* ---- rounds ---- */

static void await(const char *path)
{
	while (access(path, F_OK) < 0)
		(void)usleep(1000);
}

static const struct probe {
	const char *name;
	unsigned int calls;
	unsigned int rounds;
	unsigned int rest_us; /* before each round: the kernel frees what the last one left */
	void (*prepare)(void);
	void (*call)(unsigned int i);
} probes[] = {
	{"connect", 256, ROUNDS, 0, prepare_connected, call_connect},
	{"connect_new", 256, ROUNDS, 0, prepare_connected, call_connect_new},
	{"connect6", 256, ROUNDS, 0, prepare_connected6, call_connect6},
	{"refused", 16, ROUNDS, 0, prepare_datagram, call_refused},
	{"sendmsg", 256, ROUNDS, 0, prepare_datagram, call_sendmsg},
	{"file_open", 64, ROUNDS, 0, prepare_nothing, call_file_open},
	{"setuid", 8, ROUNDS, 30000, prepare_nothing, call_setuid},
	{"fork", 4, ROUNDS, 0, prepare_nothing, call_fork},
	{"spawn", 4, ROUNDS, 0, prepare_nothing, call_spawn},
	{"udp", 64, ROUNDS, 0, prepare_own_datagram, call_udp},
	{"tcp", 8, 8 * ROUNDS, 0, prepare_listener, call_tcp},
};

static void go_by_turns(const struct probe *probe)
{
	for (unsigned int r = 0; r < (run.rounds ?: probe->rounds); r++) {
		char path[256];

		(void)snprintf(path, sizeof(path), "%s.%u", run.gate, r);
		await(path);
		for (unsigned int i = 0; r % 2 && i < (run.calls ?: probe->calls); i++)
			probe->call(i);
		(void)printf("ready\n");
		(void)fflush(stdout);
	}
}

static void measure(const struct probe *probe)
{
	unsigned int calls = run.calls ?: probe->calls, rounds = run.rounds ?: probe->rounds;
	uint64_t least = UINT64_MAX;

	probe->prepare();
	if (run.gate)
		return go_by_turns(probe);
	for (unsigned int r = 0; r < rounds; r++) {
		uint64_t took;

		(void)usleep(probe->rest_us);
		took = now();
		for (unsigned int i = 0; i < calls; i++)
			probe->call(i);
		took = now() - took;
		if (r && took < least) /* the first one brings everything into memory */
			least = took;
	}
	(void)printf("%s %llu\n", probe->name, (unsigned long long)((least + calls / 2) / calls));
	(void)fflush(stdout);
}

/* Itself, again and again: argv is "probe --exec LEFT SINCE LEAST". */
static void exec_again(unsigned int left, uint64_t least)
{
	char text[3][24];
	char *argv[] = {(char *)"probe", (char *)"--exec", text[0], text[1], text[2], NULL};

	(void)snprintf(text[0], sizeof(text[0]), "%u", left);
	(void)snprintf(text[2], sizeof(text[2]), "%020llu", (unsigned long long)least);
	(void)snprintf(text[1], sizeof(text[1]), "%020llu", (unsigned long long)now());
	(void)execv("/proc/self/exe", argv);
	err(1, "exec");
}

static int executed(char **word)
{
	unsigned int left = (unsigned int)atoi(word[0]);
	uint64_t took = now() - strtoull(word[1], NULL, 10), least = strtoull(word[2], NULL, 10);

	if (left < EXECS && took < least)
		least = took;
	if (left)
		exec_again(left - 1, least);
	(void)printf("exec %llu\n", (unsigned long long)least);
	return 0;
}

static void measure_exec(void)
{
	pid_t pid = fork();
	int status = 0;

	if (!pid)
		exec_again(EXECS, UINT64_MAX / 4);
	want("fork", pid, 0);
	if (waitpid(pid, &status, 0) < 0 || status)
		errx(1, "exec: status %d", status);
}

static void print_networks(bool ipv6)
{
	for (uint32_t i = 0; i < run.calls; i++) {
		unsigned int length;
		uint32_t network = eg_bench_network(i, &length);
		struct in_addr in = {.s_addr = htonl(network)};

		if (ipv6)
			(void)printf("2a00:%x:%x::/%u\n", network >> 16, network & 0xffff,
				     length + 16);
		else
			(void)printf("%s/%u\n", inet_ntoa(in), length);
	}
}

static void measure_named(const char *name)
{
	if (!strcmp(name, "exec"))
		return measure_exec();
	if (!strncmp(name, "networks", strlen("networks")))
		return print_networks(name[strlen("networks")] == '6');
	for (size_t i = 0; i < sizeof(probes) / sizeof(probes[0]); i++)
		if (!strcmp(name, probes[i].name))
			return measure(&probes[i]);
	errx(2, "no probe %s: see the comment in probe.c", name);
}

int main(int argc, char **argv)
{
	int c;

	if (argc == 5 && !strcmp(argv[1], "--exec"))
		return executed(argv + 2);
	while ((c = getopt(argc, argv, "h:f:r:n:w:g:")) != -1) {
		if (c == 'h')
			run.hits = (unsigned int)atoi(optarg);
		else if (c == 'f')
			run.from = (unsigned int)atoi(optarg);
		else if (c == 'r')
			run.rounds = (unsigned int)atoi(optarg);
		else if (c == 'n')
			run.calls = (unsigned int)atoi(optarg);
		else if (c == 'w')
			await(optarg);
		else if (c == 'g')
			run.gate = optarg;
		else
			errx(2, "see the comment in probe.c");
	}
	make_addresses();
	for (int i = optind; i < argc; i++)
		measure_named(argv[i]);
	return 0;
}
