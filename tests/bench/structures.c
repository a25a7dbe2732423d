// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Tries and tables in the kernel, for tests and benchmarks. */
#include "structures.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "lookup.skel.h"
#include "util.h"

enum { BATCH = 4096, SMALLEST = 4096 };

static int make_array(unsigned int class)
{
	LIBBPF_OPTS(bpf_map_create_opts, opts,
		    .map_flags = class < EG_FLAT_MAPPED_FROM ? 0 : BPF_F_MMAPABLE);

	return bpf_map_create(BPF_MAP_TYPE_ARRAY, "eg_flat", sizeof(uint32_t),
			      (uint32_t)eg_flat_size(class), 1, &opts);
}

/* The last class there are arrays for. */
static uint32_t find_last(void)
{
	uint32_t last = EG_FLAT_LAST;

	for (; last > EG_FLAT_LAST_SMALL; last--) {
		int fd eg_auto_close = make_array(last);

		if (fd >= 0)
			break;
	}
	return last;
}

/* The number behind eg_flat_; 0: another map. */
static unsigned int class_of(const struct bpf_map *map)
{
	unsigned int number = 0;

	return sscanf(bpf_map__name(map), "eg_flat_%u", &number) == 1 ? number : 0;
}

static bool is_needed(const struct bpf_map *map)
{
	const char *name = bpf_map__name(map);

	return class_of(map) || strncmp(name, "eg_tries", 8) == 0 ||
	       strncmp(name, "lookup", 6) == 0 || bpf_map__is_internal(map);
}

void structures_open(struct structures *s)
{
	struct bpf_map *map = NULL;

	*s = (struct structures){.skel = lookup_bpf__open(), .last = find_last()};
	if (!s->skel)
		err(1, "lookup.bpf.o");
	s->skel->rodata_flat->eg_flat_last = s->last;
	bpf_object__for_each_map(map, s->skel->obj) {
		if (!is_needed(map))
			(void)bpf_map__set_autocreate(map, false);
		else if (class_of(map) > s->last &&
			 bpf_map__set_value_size(bpf_map__inner_map(map), SMALLEST) < 0)
			err(1, "%s", bpf_map__name(map));
	}
	if (lookup_bpf__load(s->skel) < 0)
		err(1, "the programs do not load");
	s->asked = mmap(NULL, LOOKUP_ASKED * sizeof(*s->asked), PROT_READ | PROT_WRITE, MAP_SHARED,
			bpf_map__fd(s->skel->maps.lookup_asked), 0);
	if (s->asked == MAP_FAILED)
		err(1, "mmap");
}

void structures_close(struct structures *s)
{
	(void)munmap(s->asked, LOOKUP_ASKED * sizeof(*s->asked));
	lookup_bpf__destroy(s->skel);
	*s = (struct structures){0};
}

static uint32_t key_of(uint32_t policy, bool v6)
{
	return 2 * policy + v6;
}

static struct bpf_map *outer_trie(struct structures *s, bool v6)
{
	return v6 ? s->skel->maps.eg_tries6 : s->skel->maps.eg_tries4;
}

/* ---- the trie */

static void fill_trie(int fd, const struct structures_entries *from)
{
	bool v6 = from->entries6;
	size_t key_size = v6 ? sizeof(struct eg_lpm6_key) : sizeof(struct eg_lpm4_key);
	char *keys eg_auto_free = malloc(BATCH * key_size);
	struct eg_entry *values eg_auto_free = malloc(BATCH * sizeof(*values));

	if (!keys || !values)
		err(1, "memory");
	for (size_t done = 0; done < from->n;) {
		uint32_t count = from->n - done < BATCH ? (uint32_t)(from->n - done) : BATCH;

		for (size_t i = 0; i < count; i++) {
			if (v6) {
				memcpy(keys + i * key_size, &from->entries6[done + i].key,
				       key_size);
				values[i] = from->entries6[done + i].value;
			} else {
				memcpy(keys + i * key_size, &from->entries4[done + i].key,
				       key_size);
				values[i] = from->entries4[done + i].value;
			}
		}
		if (bpf_map_update_batch(fd, keys, values, &count, NULL) < 0)
			err(1, "trie");
		done += count;
	}
}

int structures_trie(struct structures *s, uint32_t policy, const struct structures_entries *from)
{
	LIBBPF_OPTS(bpf_map_create_opts, opts, .map_flags = BPF_F_NO_PREALLOC);
	bool v6 = from->entries6;
	int fd = bpf_map_create(BPF_MAP_TYPE_LPM_TRIE, "eg_trie",
				v6 ? sizeof(struct eg_lpm6_key) : sizeof(struct eg_lpm4_key),
				sizeof(struct eg_entry), EG_PREFIXES_MAX, &opts);

	if (fd < 0)
		err(1, "trie");
	fill_trie(fd, from);
	if (bpf_map_update_elem(bpf_map__fd(outer_trie(s, v6)), &policy, &fd, 0) < 0)
		err(1, "eg_tries");
	return fd;
}

/* ---- the table */

static int64_t since(int64_t *start)
{
	int64_t now = eg_clock_ns(CLOCK_MONOTONIC), taken = now - *start;

	*start = now;
	return taken;
}

static struct bpf_map *outer_table(struct structures *s, unsigned int class)
{
	char name[32];

	(void)snprintf(name, sizeof(name), "eg_flat_%u", class);
	return bpf_object__find_map_by_name(s->skel->obj, name);
}

/* Small ones by a copy, the others through their memory. */
static int write_table(const struct eg_flat_plan *plan, struct structures_times *times,
		       int64_t *start)
{
	size_t size = eg_flat_size(plan->flat.class);
	bool mapped = plan->flat.class >= EG_FLAT_MAPPED_FROM;
	int fd = make_array(plan->flat.class);
	uint32_t zero = 0;
	void *to = fd < 0 ? MAP_FAILED
			  : mmap(NULL, size, PROT_READ | PROT_WRITE,
				 mapped ? MAP_SHARED : MAP_PRIVATE | MAP_ANONYMOUS,
				 mapped ? fd : -1, 0);

	if (to == MAP_FAILED)
		err(1, "table");
	times->make = since(start);
	eg_flat_write(plan, to);
	if (!mapped && bpf_map_update_elem(fd, &zero, to, 0) < 0)
		err(1, "table");
	(void)munmap(to, size);
	times->write = since(start);
	return fd;
}

int structures_table(struct structures *s, uint32_t policy, const struct structures_entries *from,
		     struct eg_flat *ret, struct structures_times *ret_times)
{
	bool v6 = from->entries6;
	uint32_t key = key_of(policy, v6);
	struct structures_times times = {0};
	struct eg_flat_plan plan = {0};
	int64_t start = eg_clock_ns(CLOCK_MONOTONIC);
	int r = v6 ? eg_flat_plan6(from->entries6, from->n, &plan)
		   : eg_flat_plan4(from->entries4, from->n, &plan),
	    fd = -1;

	if (r < 0)
		errx(1, "plan: %s", strerror(-r));
	times.plan = since(&start);
	if (plan.flat.class <= s->last) {
		fd = write_table(&plan, &times, &start);
		if (bpf_map_update_elem(bpf_map__fd(s->skel->maps.lookup_shapes), &key, &plan.flat,
					0) < 0 ||
		    bpf_map_update_elem(bpf_map__fd(outer_table(s, plan.flat.class)), &key, &fd,
					0) < 0)
			err(1, "table");
		times.put = since(&start);
	}
	if (ret)
		*ret = plan.flat;
	if (ret_times)
		*ret_times = times;
	eg_flat_plan_done(&plan);
	return fd;
}

void structures_drop(struct structures *s, uint32_t policy, bool v6)
{
	int shapes = bpf_map__fd(s->skel->maps.lookup_shapes);
	uint32_t key = key_of(policy, v6);
	struct eg_flat flat = {0}, none = {0};

	(void)bpf_map_delete_elem(bpf_map__fd(outer_trie(s, v6)), &policy);
	(void)bpf_map_lookup_elem(shapes, &key, &flat);
	(void)bpf_map_update_elem(shapes, &key, &none, 0);
	if (flat.class) /* by itself: each waits for programs that run */
		(void)bpf_map_delete_elem(bpf_map__fd(outer_table(s, flat.class)), &key);
}

size_t structures_memory(int fd)
{
	char path[64], line[128];
	size_t bytes = 0;
	FILE *f = NULL;

	(void)snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", fd);
	f = fopen(path, "re");
	if (!f)
		err(1, "%s", path);
	while (fgets(line, sizeof(line), f))
		if (sscanf(line, "memlock: %zu", &bytes) == 1)
			break;
	(void)fclose(f);
	return bytes;
}

int64_t structures_run(struct structures *s, const char *program, uint32_t policy, uint32_t first,
		       uint32_t n, struct lookup_run *ret)
{
	LIBBPF_OPTS(bpf_test_run_opts, opts);
	struct lookup_run run = {.policy = policy, .first = first, .n = n};
	int runs = bpf_map__fd(s->skel->maps.lookup_runs);
	char packet[64] = {0}, name[32];
	const struct bpf_program *prog = NULL;
	uint32_t zero = 0;
	int64_t start;

	(void)snprintf(name, sizeof(name), "lookup_%s", program);
	prog = bpf_object__find_program_by_name(s->skel->obj, name);
	if (!prog || bpf_map_update_elem(runs, &zero, &run, 0) < 0)
		err(1, "%s", name);
	opts.data_in = packet;
	opts.data_size_in = sizeof(packet);
	opts.repeat = 1;
	/* of this thread: others that want the processor do not count */
	start = eg_clock_ns(CLOCK_THREAD_CPUTIME_ID);
	if (bpf_prog_test_run_opts(bpf_program__fd(prog), &opts) < 0 || opts.retval != 0)
		err(1, "%s", name);
	start = eg_clock_ns(CLOCK_THREAD_CPUTIME_ID) - start;
	if (bpf_map_lookup_elem(runs, &zero, &run) < 0)
		err(1, "%s", name);
	if (ret)
		*ret = run;
	return start;
}
