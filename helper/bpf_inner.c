// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The maps that a policy has of its own: each is made and filled before anything refers to it. */
#include "bpf_maps.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <string.h>
#include <sys/mman.h>

#include "flat.h"
#include "give_way.h"
#include "util.h"

enum { BATCH = 1024 }; /* some milliseconds: a reload gives way between them */

/* Fills a trie in batches. entries: n pairs of key and value, one behind the other. */
static int fill(int fd, const void *entries, size_t n, size_t key_size, size_t value_size)
{
	size_t stride = key_size + value_size;
	char *keys eg_auto_free = malloc(BATCH * key_size);
	char *values eg_auto_free = malloc(BATCH * value_size);

	if (!keys || !values)
		return -ENOMEM;
	for (size_t done = 0; done < n;) {
		uint32_t count = n - done < BATCH ? (uint32_t)(n - done) : BATCH;
		const char *from = (const char *)entries + done * stride;
		int r;

		for (uint32_t i = 0; i < count; i++) {
			eg_way_give();
			memcpy(keys + i * key_size, from + i * stride, key_size);
			memcpy(values + i * value_size, from + i * stride + key_size, value_size);
		}
		r = bpf_map_update_batch(fd, keys, values, &count, NULL);
		if (r < 0)
			return r;
		done += count;
	}
	return 0;
}

/* A new trie with these entries. */
static int make_trie(const char *name, const void *entries, size_t n, size_t key_size)
{
	LIBBPF_OPTS(bpf_map_create_opts, opts, .map_flags = BPF_F_NO_PREALLOC);
	int fd eg_auto_close = bpf_map_create(BPF_MAP_TYPE_LPM_TRIE, name, (uint32_t)key_size,
					      sizeof(struct eg_entry), EG_PREFIXES_MAX, &opts);
	int r = fd < 0 ? fd : fill(fd, entries, n, key_size, sizeof(struct eg_entry));

	return r < 0 ? r : eg_take_fd(&fd);
}

_Static_assert(sizeof(struct eg_policy_entry4) ==
		       sizeof(struct eg_lpm4_key) + sizeof(struct eg_entry),
	       "fill");
_Static_assert(sizeof(struct eg_policy_entry6) ==
		       sizeof(struct eg_lpm6_key) + sizeof(struct eg_entry),
	       "fill");

int eg_bpf_inner_trie4(const struct eg_policy_image *image)
{
	return make_trie("eg_lpm4", image->entries4, image->n_entries4, sizeof(struct eg_lpm4_key));
}

int eg_bpf_inner_trie6(const struct eg_policy_image *image)
{
	return make_trie("eg_lpm6", image->entries6, image->n_entries6, sizeof(struct eg_lpm6_key));
}

/* Writes the segments in batches: their keys are just their places. */
static int fill_segments(int fd, const struct eg_segment *segments, size_t n)
{
	uint32_t *keys eg_auto_free = malloc(BATCH * sizeof(*keys));

	if (!keys)
		return -ENOMEM;
	for (size_t done = 0; done < n;) {
		uint32_t count = n - done < BATCH ? (uint32_t)(n - done) : BATCH;
		int r;

		for (uint32_t i = 0; i < count; i++) {
			eg_way_give();
			keys[i] = (uint32_t)done + i;
		}
		r = bpf_map_update_batch(fd, keys, segments + done, &count, NULL);
		if (r < 0)
			return r;
		done += count;
	}
	return 0;
}

/* As long as they are, which BPF_F_INNER_MAP allows. */
int eg_bpf_inner_segments(const struct eg_segment *segments, size_t n)
{
	LIBBPF_OPTS(bpf_map_create_opts, opts, .map_flags = BPF_F_INNER_MAP);
	int fd eg_auto_close =
		bpf_map_create(BPF_MAP_TYPE_ARRAY, "eg_segment", sizeof(uint32_t),
			       sizeof(struct eg_segment), n ? (uint32_t)n : 1, &opts);
	int r = fd < 0 ? fd : fill_segments(fd, segments, n);

	return r < 0 ? r : eg_take_fd(&fd);
}

/* With room for them only, and that in one piece, so that adding them needs no memory that might
 * not be there. */
int eg_bpf_inner_hashes(const struct eg_digests *digests)
{
	uint32_t room = digests->n ? (uint32_t)digests->n : 1;
	int fd eg_auto_close = bpf_map_create(BPF_MAP_TYPE_HASH, "eg_hash_set",
					      sizeof(struct eg_hash), sizeof(uint32_t), room, NULL);
	int r = fd < 0 ? fd
		       : fill(fd, digests->list, digests->n, sizeof(struct eg_hash),
			      sizeof(uint32_t));

	return r < 0 ? r : eg_take_fd(&fd);
}

int eg_bpf_inner_put(struct eg_bpf *bpf, enum eg_map outer, uint32_t index, int made)
{
	int fd eg_auto_close = made;

	return fd < 0 ? fd : bpf_map_update_elem(bpf->maps[outer], &index, &fd, BPF_ANY);
}

static int fill_small_table(int fd, const struct eg_flat_plan *plan, size_t size)
{
	void *table eg_auto_free = calloc(1, size);
	uint32_t zero = 0;

	if (!table)
		return -ENOMEM;
	eg_flat_write(plan, table);
	return bpf_map_update_elem(fd, &zero, table, BPF_ANY);
}

/* Small ones are written at once. Large ones through the map's own memory: a copy would need as
 * much again. */
static int fill_table(int fd, const struct eg_flat_plan *plan, size_t size)
{
	void *table;

	if (plan->flat.class < EG_FLAT_MAPPED_FROM)
		return fill_small_table(fd, plan, size);
	table = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (table == MAP_FAILED)
		return -errno;
	eg_flat_write(plan, table);
	(void)munmap(table, size); /* fails only for what is none */
	return 0;
}

int eg_bpf_inner_table(const struct eg_flat_plan *plan)
{
	LIBBPF_OPTS(bpf_map_create_opts, opts,
		    .map_flags = plan->flat.class < EG_FLAT_MAPPED_FROM ? 0 : BPF_F_MMAPABLE);
	size_t size = eg_flat_size(plan->flat.class);
	int fd eg_auto_close = bpf_map_create(BPF_MAP_TYPE_ARRAY, "eg_flat", sizeof(uint32_t),
					      (uint32_t)size, 1, &opts);
	int r = fd < 0 ? fd : fill_table(fd, plan, size);

	return r < 0 ? r : eg_take_fd(&fd);
}

/* A policy has only the parts that its rules need. The kernel waits for all programs at each
 * removal from such a map, be there something to remove or not: look-ups cost nothing. */
void eg_bpf_inner_drop(struct eg_bpf *bpf, enum eg_map outer, uint32_t index)
{
	uint32_t id;

	if (bpf_map_lookup_elem(bpf->maps[outer], &index, &id) == 0)
		(void)bpf_map_delete_elem(bpf->maps[outer], &index);
}
