// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* event floor|build: attaches that program of event.bpf.c, prints "attached", and keeps it until
 * its standard input ends. */
#include <bpf/libbpf.h>
#include <err.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "event.skel.h"

/* Of the product's maps those that making an event needs. */
static bool is_wanted(const struct bpf_map *map)
{
	const char *name = bpf_map__name(map);

	return !strcmp(name, "eg_events") || !strcmp(name, "eg_wakes") || bpf_map__is_internal(map);
}

int main(int argc, char **argv)
{
	struct event *event = event__open();
	struct bpf_program *program;
	struct bpf_map *map;
	char byte;

	if (!event)
		err(1, "event__open");
	if (argc != 2)
		errx(2, "usage: event floor|build");
	bpf_object__for_each_program(program, event->obj) {
		const char *name = bpf_program__name(program);
		size_t n = strlen(argv[1]);

		(void)bpf_program__set_autoload(program,
						!strncmp(name, argv[1], n) && name[n] == '_');
	}
	bpf_object__for_each_map(map, event->obj)
		(void)bpf_map__set_autocreate(map, is_wanted(map));
	if (event__load(event) < 0)
		err(1, "cannot load the program");
	if (event__attach(event) < 0)
		err(1, "cannot attach the program");
	(void)printf("attached\n");
	(void)fflush(stdout);
	while (read(0, &byte, 1) > 0)
		;
	return 0;
}
