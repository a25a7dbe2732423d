// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Pins: files of bpffs that keep programs, links and maps alive while no helper runs. */
#include "bpf_maps.h"

#include <bpf/bpf.h>
#include <dirent.h>
#include <stdio.h>
#include <string.h>

#include "fault.h"
#include "util.h"

int eg_bpf_pin_path(char *buf, size_t size, const char *dir, const char *kind, const char *name)
{
	int n = snprintf(buf, size, "%s/%s_%s", dir, kind, name);

	return n > 0 && (size_t)n < size ? 0 : -ENAMETOOLONG;
}

int eg_bpf_pin_open(const char *kind, const char *name)
{
	char path[EG_PATH_TEXT_SIZE];
	int r = eg_bpf_pin_path(path, sizeof(path), EG_PIN_DIR, kind, name);

	return r < 0 ? r : bpf_obj_get(path);
}

int eg_bpf_pin_replace(const char *dir, const char *kind, const char *name, int fd)
{
	char path[EG_PATH_TEXT_SIZE], fresh[EG_PATH_TEXT_SIZE];
	int r = eg_bpf_pin_path(path, sizeof(path), dir, kind, name);

	if (!r)
		r = eg_bpf_pin_path(fresh, sizeof(fresh), dir, "new", name);
	if (r < 0)
		return r;
	(void)unlink(fresh); /* left by a helper that was killed here */
	r = eg_fault(pins_program) ?: bpf_obj_pin(fd, fresh);
	if (r < 0)
		return r;
	return eg_fault(pins_program_seen) < 0 || rename(fresh, path) < 0 ? -errno : 0;
}

int eg_bpf_pin_remove_dir(const char *path)
{
	DIR *dir = opendir(path);
	struct dirent *entry;
	int r = 0;

	if (!dir)
		return errno == ENOENT ? 0 : -errno;
	while ((entry = readdir(dir))) {
		if (!strcmp(entry->d_name, ".") || !strcmp(entry->d_name, ".."))
			continue;
		if (unlinkat(dirfd(dir), entry->d_name, 0) < 0)
			r = -errno;
	}
	(void)closedir(dir); /* opened for reading only */
	return rmdir(path) < 0 ? -errno : r;
}

/* Deletes every entry of a pinned hash map whose keys are not longer than eight bytes. */
static int empty_map(const char *dir, const char *name)
{
	char path[EG_PATH_TEXT_SIZE];
	int r = eg_bpf_pin_path(path, sizeof(path), dir, "map", name);
	int fd eg_auto_close = r < 0 ? r : bpf_obj_get(path);
	uint64_t key = 0;

	if (fd < 0)
		return fd == -ENOENT ? 0 : fd; /* a set that was never whole */
	while (!r && bpf_map_get_next_key(fd, NULL, &key) == 0)
		r = bpf_map_delete_elem(fd, &key);
	return r;
}

/* Takes the levels of bindings back: then nothing is bound, and packet programs pass everything. */
static int clear_levels(const char *dir)
{
	char path[EG_PATH_TEXT_SIZE];
	int r = eg_bpf_pin_path(path, sizeof(path), dir, "map", "eg_state");
	int fd eg_auto_close = r < 0 ? r : bpf_obj_get(path);
	struct eg_state state;

	if (fd < 0)
		return fd == -ENOENT ? 0 : fd; /* a set that was never whole */
	r = eg_bpf_state_get(fd, &state);
	if (r < 0)
		return r;
	state.n_levels = 0;
	return eg_bpf_state_put(fd, &state);
}

/*
 * Links end with their pins. Packet programs do not: they stay attached to each session's cgroup
 * until that one goes. So the bindings go first, and before them the templates that would make new
 * ones.
 */
static int unload_dir(const char *dir)
{
	int r = empty_map(dir, "eg_managers"), gone;

	if (!r)
		r = empty_map(dir, "eg_sessions");
	if (!r)
		r = clear_levels(dir);
	gone = eg_bpf_pin_remove_dir(dir);
	return gone < 0 ? gone : r;
}

/* Sets of other versions are ours too: what a helper was upgraded from is to go with it. */
int eg_bpf_unload(void)
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
		one = unload_dir(path);
		if (one < 0)
			r = one;
	}
	(void)closedir(parent); /* opened for reading only */
	if (rmdir(EG_PIN_PARENT) < 0 && errno != ENOENT && !r)
		return -errno;
	return r;
}
