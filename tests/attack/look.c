// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* What tests ask about the product's maps. */
#include <err.h>
#include <errno.h>
#include <linux/bpf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "try.h"

/* Number of entries of a pinned map. */
static unsigned int count_one(const char *path)
{
	union bpf_attr attr = {.pathname = (uint64_t)(uintptr_t)path};
	char key[256] = {0}, next[256] = {0};
	bool first = true;
	unsigned int n = 0;
	int fd = (int)syscall(SYS_bpf, BPF_OBJ_GET, &attr, sizeof(attr));

	if (fd < 0)
		err(TROUBLE, "%s", path);
	for (;;) {
		union bpf_attr step = {.map_fd = (uint32_t)fd,
				       .key = first ? 0 : (uint64_t)(uintptr_t)key,
				       .next_key = (uint64_t)(uintptr_t)next};

		if (syscall(SYS_bpf, BPF_MAP_GET_NEXT_KEY, &step, sizeof(step)) < 0)
			break;
		memcpy(key, next, sizeof(key));
		first = false;
		n++;
	}
	(void)close(fd);
	return n;
}

static int count(char **arg)
{
	for (; *arg; arg++)
		printf("%u\n", count_one(*arg));
	exit(0);
}

/* How many of a kind the kernel has, by the command that goes from id to id. */
static unsigned int count_ids(int next_id)
{
	union bpf_attr attr = {0};
	unsigned int n = 0;

	for (; syscall(SYS_bpf, next_id, &attr, sizeof(attr)) == 0; n++)
		attr.start_id = attr.next_id;
	return n;
}

static int objects(char **arg)
{
	(void)arg;
	printf("%u %u %u\n", count_ids(BPF_MAP_GET_NEXT_ID), count_ids(BPF_PROG_GET_NEXT_ID),
	       count_ids(BPF_LINK_GET_NEXT_ID));
	exit(0);
}

/* Puts entries into a pinned map until it is full: keys 2^63 and up. Prints how many. */
static int fill(char **arg)
{
	union bpf_attr attr = {.pathname = (uint64_t)(uintptr_t)*arg};
	static char value[1 << 16];
	uint64_t key = 1ULL << 63;
	unsigned int n = 0;
	union bpf_attr put = {.key = (uint64_t)(uintptr_t)&key,
			      .value = (uint64_t)(uintptr_t)value,
			      .flags = BPF_NOEXIST};
	int fd = (int)syscall(SYS_bpf, BPF_OBJ_GET, &attr, sizeof(attr));

	if (fd < 0)
		err(TROUBLE, "%s", *arg);
	put.map_fd = (uint32_t)fd;
	for (; syscall(SYS_bpf, BPF_MAP_UPDATE_ELEM, &put, sizeof(put)) == 0; n++)
		key++;
	if (errno != E2BIG)
		err(TROUBLE, "%s after %u", *arg, n);
	printf("%u\n", n);
	exit(0);
}

/* Takes those out again. */
static int empty(char **arg)
{
	union bpf_attr attr = {.pathname = (uint64_t)(uintptr_t)*arg};
	uint64_t key = 1ULL << 63;
	union bpf_attr drop = {.key = (uint64_t)(uintptr_t)&key};
	int fd = (int)syscall(SYS_bpf, BPF_OBJ_GET, &attr, sizeof(attr));

	if (fd < 0)
		err(TROUBLE, "%s", *arg);
	drop.map_fd = (uint32_t)fd;
	while (syscall(SYS_bpf, BPF_MAP_DELETE_ELEM, &drop, sizeof(drop)) == 0)
		key++;
	exit(0);
}

const struct operation look_ops[] = {
	{"count", 1, count, "PINNED-MAP..."},
	{"objects", 0, objects, ""},
	{"fill", 1, fill, "PINNED-MAP"},
	{"empty", 1, empty, "PINNED-MAP"},
	{0},
};
