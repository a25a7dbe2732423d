// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * The end of a set of pins, of whatever version: nothing here knows what is in its values. A pin
 * that is not what it should be is passed over, and removed like the others.
 */
#include "bpf_maps.h"

#include <bpf/bpf.h>
#include <dirent.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cgroup2.h"
#include "fault.h"
#include "util.h"

#define GONE "_gone"

/* A map of the set that has this type. Its descriptor; -ENOENT when there is none, as in a set that
 * was never whole; or another negative errno. */
static int open_map(const char *dir, const char *name, enum bpf_map_type type,
		    struct bpf_map_info *ret)
{
	int fd eg_auto_close = eg_bpf_pin_open_in(dir, "map", name);
	struct bpf_map_info info = {0};
	uint32_t size = sizeof(info);
	int r;

	if (fd < 0)
		return fd;
	r = bpf_obj_get_info_by_fd(fd, &info, &size);
	if (r < 0)
		return r;
	if (info.type != type)
		return -ENOENT;
	*ret = info;
	return eg_take_fd(&fd);
}

/* Deletes every entry of a hash map. */
static int empty_map(const char *dir, const char *name)
{
	struct bpf_map_info info;
	int fd eg_auto_close = open_map(dir, name, BPF_MAP_TYPE_HASH, &info);
	void *key eg_auto_free = NULL;
	int r = 0;

	if (fd < 0)
		return fd == -ENOENT ? 0 : fd;
	key = calloc(1, info.key_size);
	if (!key)
		return -ENOMEM;
	while (!r && bpf_map_get_next_key(fd, NULL, key) == 0)
		r = bpf_map_delete_elem(fd, key);
	return r;
}

/* Then nothing is bound, and packet programs pass everything. */
static int clear_state(const char *dir)
{
	struct bpf_map_info info;
	int fd eg_auto_close = open_map(dir, "eg_state", BPF_MAP_TYPE_ARRAY, &info);
	void *zeroes eg_auto_free = NULL;
	uint32_t first = 0;

	if (fd < 0)
		return fd == -ENOENT ? 0 : fd;
	zeroes = calloc(1, info.value_size);
	return zeroes ? bpf_map_update_elem(fd, &first, zeroes, BPF_ANY) : -ENOMEM;
}

/* Takes the set's packet programs from the cgroups that are bound. What fails there stays, and
 * passes everything. */
static void detach(const char *dir, const struct eg_cgroup2 *cgroup2)
{
	struct bpf_map_info info;
	int state eg_auto_close = open_map(dir, "eg_state", BPF_MAP_TYPE_ARRAY, &info);
	uint32_t id = state < 0 ? 0 : info.id;
	int fd eg_auto_close = open_map(dir, "eg_sessions", BPF_MAP_TYPE_HASH, &info);
	uint64_t keys[2];
	int at = 0;
	bool more = fd >= 0 && id && info.key_size == sizeof(keys[0]) &&
		    bpf_map_get_next_key(fd, NULL, &keys[0]) == 0;

	for (; more; at = !at) {
		int cgroup eg_auto_close = eg_cgroup2_open_id(cgroup2, keys[at]);

		if (cgroup >= 0)
			(void)eg_bpf_packets_remove(cgroup, id);
		more = bpf_map_get_next_key(fd, &keys[at], &keys[!at]) == 0;
	}
	if (id)
		(void)eg_bpf_packets_remove(cgroup2->root_fd, id);
}

/*
 * Links end with their pins. Packet programs do not: they stay attached to each session's cgroup
 * until that one goes, or they are detached. So the bindings go before the pins, and before them
 * the templates that would make new ones.
 */
static int end(const char *dir, const struct eg_cgroup2 *cgroup2)
{
	int r = empty_map(dir, "eg_managers"), gone;

	if (cgroup2)
		detach(dir, cgroup2);
	if (!r)
		r = empty_map(dir, "eg_sessions");
	if (!r)
		r = clear_state(dir);
	(void)eg_fault(drop_emptied);
	gone = eg_bpf_pin_remove_dir(dir);
	return gone < 0 ? gone : r;
}

static bool ends_with(const char *text, const char *tail)
{
	size_t n = strlen(text), n_tail = strlen(tail);

	return n > n_tail && !strcmp(text + n - n_tail, tail);
}

/* First the name by which each start knows that this is to be finished: else half a set would be
 * taken for one that is guarding, and tasks whose cgroup is not bound any more for strays. */
int eg_bpf_drop(const char *dir, const struct eg_cgroup2 *cgroup2)
{
	char gone[EG_PATH_TEXT_SIZE];
	int r;

	if (ends_with(dir, GONE) || ends_with(dir, "_new")) /* no start takes it for a set */
		return end(dir, cgroup2);
	(void)snprintf(gone, sizeof(gone), "%s" GONE, dir);
	r = end(gone, cgroup2); /* of an earlier one; none is fine */
	if (r < 0)
		return r;
	if (rename(dir, gone) < 0)
		return errno == ENOENT ? 0 : -errno;
	(void)eg_fault(drop_gone);
	return end(gone, cgroup2);
}

/* Sets of other versions are ours too: what a helper was upgraded from is to go with it. */
int eg_bpf_unload(const struct eg_cgroup2 *cgroup2)
{
	DIR *parent = opendir(EG_PIN_PARENT);
	struct dirent *entry;
	int r = 0;

	if (!parent)
		return errno == ENOENT ? 0 : -errno;
	while ((entry = readdir(parent))) {
		char path[EG_PATH_TEXT_SIZE + sizeof(EG_PIN_PARENT)];
		int one;

		if (entry->d_name[0] != 'v')
			continue;
		(void)snprintf(path, sizeof(path), EG_PIN_PARENT "/%s", entry->d_name);
		one = eg_bpf_drop(path, cgroup2);
		if (one < 0)
			r = one;
	}
	(void)closedir(parent); /* opened for reading only */
	/* Of sets whose pins somebody has removed: they pass everything, but cost each packet of
	 * the host a look. */
	if (cgroup2 && !r)
		r = eg_bpf_packets_remove(cgroup2->root_fd, 0);
	if (rmdir(EG_PIN_PARENT) < 0 && errno != ENOENT && !r)
		return -errno;
	return r;
}
