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

int eg_bpf_pin_open_in(const char *dir, const char *kind, const char *name)
{
	char path[EG_PATH_TEXT_SIZE];
	int r = eg_bpf_pin_path(path, sizeof(path), dir, kind, name);

	return r < 0 ? r : bpf_obj_get(path);
}

int eg_bpf_pin_open(const char *kind, const char *name)
{
	return eg_bpf_pin_open_in(EG_PIN_DIR, kind, name);
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
