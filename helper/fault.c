// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Faults, for tests: this file is no part of the product (fault.h). /run/ebpfguard/fault holds
 * lines "POINT ACTION [COUNT [SKIP]]", of which the first counts. It is read at each point, so a
 * test can change it while the helper runs. ACTION: the name of an errno, which the step fails
 * with; "kill", "stop": the helper sends itself that signal; "sleep MS"; "leak": the step works,
 * and something of each kind is left behind: memory, a descriptor and a map, a pin, a cgroup.
 * COUNT: how often, then the line goes, and with the last one the file, which shows that the point
 * was reached; 0 = for as long as it is there. SKIP: how often the point is passed before.
 *
 * Run as "ebpfguard-helper-faults --faults" it prints the points and what a failure there means.
 */
#ifndef EG_FAULTS
#define EG_FAULTS /* for who looks at this file without building it */
#endif
#include "fault.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bpf.h"

#define FAULT_FILE "/run/ebpfguard/fault"

enum { LEAK_BYTES = 8192 }; /* more than what is free between what is in use */

static const struct {
	const char *name, *meaning;
} points[] = {
#define EG_FAULT_ROW(name, meaning) {#name, #meaning},
	EG_FAULT_POINTS(EG_FAULT_ROW)
#undef EG_FAULT_ROW
};

struct order {
	char point[64], action[32];
	unsigned int ms, count, skip;
	char rest[512]; /* the lines behind it */
};

static bool read_order(struct order *ret)
{
	FILE *file = fopen(FAULT_FILE, "re");
	int n = 0;

	if (!file)
		return false;
	*ret = (struct order){.count = 1};
	n = fscanf(file, "%63s %31s", ret->point, ret->action);
	if (n == 2 && !strcmp(ret->action, "sleep"))
		n = fscanf(file, "%u", &ret->ms) == 1 ? 2 : 0;
	/* Both may be missing; the line's end is not passed over. */
	if (n == 2 && fscanf(file, "%*1[ ]%u%*1[ ]%u", &ret->count, &ret->skip) != EOF)
		(void)fscanf(file, " %511[^\1]", ret->rest);
	(void)fclose(file); /* opened for reading only */
	return n == 2;
}

/* With a rename: the test may read it at any time. What has been done goes, and the next line is
 * the first. */
static void write_order(const struct order *order)
{
	FILE *file = fopen(FAULT_FILE ".new", "we");
	char ms[16] = "";

	if (!file)
		return;
	if (!strcmp(order->action, "sleep"))
		(void)snprintf(ms, sizeof(ms), "%u ", order->ms);
	if (order->count)
		(void)fprintf(file, "%s %s %s%u %u\n", order->point, order->action, ms,
			      order->count, order->skip);
	(void)fprintf(file, "%s", order->rest);
	(void)fclose(file);
	(void)rename(FAULT_FILE ".new", FAULT_FILE);
}

/* Is it the turn of this point? Then *ret is what is to be done, and counted. */
static bool take_order(enum eg_fault_point point, struct order *ret)
{
	if (!read_order(ret) || strcmp(ret->point, points[point].name) != 0)
		return false;
	if (!ret->skip && !ret->count)
		return true;
	if (ret->skip) {
		ret->skip--;
		write_order(ret);
		return false;
	}
	ret->count--;
	if (ret->count || ret->rest[0])
		write_order(ret);
	else
		(void)unlink(FAULT_FILE);
	return true;
}

static int errno_of(const char *name)
{
	for (int e = 1; e < 256; e++) {
		const char *known = strerrorname_np(e);

		if (known && !strcmp(known, name))
			return e;
	}
	return EINVAL; /* a mistake of the test's, which expects another */
}

/* A map is a descriptor and memory of the kernel's. */
static void leak(void)
{
	static unsigned int n;
	static void *volatile last; /* or the compiler would leave it out */
	void **memory = calloc(1, LEAK_BYTES);
	char path[128];
	int fd = bpf_map_create(BPF_MAP_TYPE_ARRAY, "leak", 4, LEAK_BYTES, 1, NULL);

	if (memory)
		*memory = last;
	last = memory;
	(void)snprintf(path, sizeof(path), EG_PIN_PARENT "/leak_%u", ++n);
	(void)bpf_obj_pin(fd, path);
	(void)snprintf(path, sizeof(path), "/sys/fs/cgroup/ebpfguard/leak.%u", n);
	(void)mkdir(path, 0755);
}

static int carry_out(const struct order *order)
{
	if (!strcmp(order->action, "kill"))
		(void)kill(getpid(), SIGKILL);
	else if (!strcmp(order->action, "stop"))
		(void)kill(getpid(), SIGSTOP);
	else if (!strcmp(order->action, "sleep"))
		(void)poll(NULL, 0, (int)order->ms);
	else if (!strcmp(order->action, "leak"))
		leak();
	else
		return errno_of(order->action);
	return 0;
}

int eg_fault_at(enum eg_fault_point point)
{
	static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
	struct order order;
	int saved = errno;
	bool due;

	(void)pthread_mutex_lock(&lock); /* fails for what is no mutex only */
	due = take_order(point, &order);
	(void)pthread_mutex_unlock(&lock);
	errno = due ? carry_out(&order) : 0;
	if (!errno) {
		errno = saved;
		return 0;
	}
	return -errno;
}

/* glibc passes them what main gets. */
__attribute__((constructor)) static void list(int argc, char **argv)
{
	if (argc != 2 || strcmp(argv[1], "--faults") != 0)
		return;
	for (size_t i = 0; i < sizeof(points) / sizeof(points[0]); i++)
		(void)printf("%s %s\n", points[i].name, points[i].meaning);
	(void)fflush(stdout);
	_exit(0);
}
