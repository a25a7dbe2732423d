// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * How much work each of our pinned programs was for this kernel's verifier: NAME and the number of
 * instructions that it looked at, a line each. By the pins, whose names are whole: the kernel cuts
 * its own.
 */
#include <bpf/bpf.h>
#include <dirent.h>
#include <err.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "bpf_maps.h"

/* The program of a pin: itself, or the one of the link. A descriptor, or a negative errno. */
static int program_of(const char *name)
{
	struct bpf_link_info info = {0};
	__u32 size = sizeof(info);
	char path[512];
	int fd, r;

	(void)snprintf(path, sizeof(path), "%s/%s", EG_PIN_DIR, name);
	fd = bpf_obj_get(path);
	if (fd < 0 || !strncmp(name, "prog_", 5))
		return fd;
	r = bpf_obj_get_info_by_fd(fd, &info, &size);
	(void)close(fd);
	return r < 0 ? r : bpf_prog_get_fd_by_id(info.prog_id);
}

int main(void)
{
	DIR *dir = opendir(EG_PIN_DIR);
	struct dirent *entry;

	if (!dir)
		err(1, "%s", EG_PIN_DIR);
	while ((entry = readdir(dir))) {
		struct bpf_prog_info info = {0};
		__u32 size = sizeof(info);
		int fd;

		if (strncmp(entry->d_name, "link_", 5) != 0 &&
		    strncmp(entry->d_name, "prog_", 5) != 0)
			continue;
		fd = program_of(entry->d_name);
		if (fd < 0 || bpf_obj_get_info_by_fd(fd, &info, &size) < 0)
			err(1, "%s", entry->d_name);
		(void)printf("%s %u\n", entry->d_name + 5, info.verified_insns);
		(void)close(fd);
	}
	(void)closedir(dir);
	return 0;
}
