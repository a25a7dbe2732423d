// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * peers [-c CGROUP] [-d N] [-a N] empty|teleport|ebpfguard: attaches the stand-ins of peers.bpf.c,
 * prints "attached", and keeps them until its standard input ends.
 *
 *   -c CGROUP   the directory of the cgroup that is restricted
 *   -d N        so many networks of networks.h are denied
 *   -a N        so many are allowed, those behind the denied ones, and this host; without, all are
 */
#include <arpa/inet.h>
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "networks.h"
#include "peers.skel.h"

struct network {
	uint32_t length, address;
};

static struct {
	const char *cgroup;
	uint32_t denied, allowed;
} run;

static void put(const struct bpf_map *map, const void *key)
{
	const uint32_t yes = 1;

	if (bpf_map_update_elem(bpf_map__fd(map), key, &yes, BPF_ANY) < 0)
		err(1, "%s", bpf_map__name(map));
}

static void put_networks(const struct bpf_map *map, uint32_t from, uint32_t n)
{
	for (uint32_t i = from; i < from + n; i++) {
		unsigned int length;
		struct network key = {.address = htonl(eg_bench_network(i, &length))};

		key.length = length;
		put(map, &key);
	}
}

static void fill_maps(const struct peers *peers)
{
	const struct network all = {0}, host = {.length = 8, .address = htonl(127U << 24)};
	uint64_t nobody = 2; /* an inode, so that its map is not empty */
	struct stat st;

	put(peers->maps.denied_executables, &nobody);
	if (!run.cgroup)
		return;
	if (stat(run.cgroup, &st) < 0)
		err(1, "%s", run.cgroup);
	nobody = st.st_ino; /* a cgroup's number is that of its directory */
	put(peers->maps.restricted, &nobody);
	put_networks(peers->maps.denied, 0, run.denied);
	put_networks(peers->maps.allowed, run.denied, run.allowed);
	put(peers->maps.allowed, run.allowed ? &host : &all);
}

int main(int argc, char **argv)
{
	struct peers *peers = peers__open();
	struct bpf_program *program;
	char byte;
	int c;

	if (!peers)
		err(1, "peers__open");
	while ((c = getopt(argc, argv, "c:d:a:")) != -1) {
		if (c == 'c')
			run.cgroup = optarg;
		else if (c == 'd')
			run.denied = (uint32_t)atoi(optarg);
		else if (c == 'a')
			run.allowed = (uint32_t)atoi(optarg);
		else
			errx(2, "see the comment in peers.c");
	}
	if (optind + 1 != argc)
		errx(2, "usage: peers [OPTION...] empty|teleport|ebpfguard");
	bpf_object__for_each_program(program, peers->obj) {
		const char *name = bpf_program__name(program);
		size_t n = strlen(argv[optind]);

		(void)bpf_program__set_autoload(program,
						!strncmp(name, argv[optind], n) && name[n] == '_');
	}
	if (peers__load(peers) < 0)
		err(1, "cannot load the programs");
	fill_maps(peers);
	if (peers__attach(peers) < 0)
		err(1, "cannot attach the programs");
	(void)printf("attached\n");
	(void)fflush(stdout);
	while (read(0, &byte, 1) > 0)
		;
	return 0;
}
