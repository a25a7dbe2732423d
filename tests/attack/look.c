// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* What tests ask about the product's maps. */
#include <err.h>
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

const struct operation look_ops[] = {
	{"count", 1, count, "PINNED-MAP..."},
	{0},
};
