// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Load or take over, attach, pin. A set under construction stands in a directory beside the real
 * one and is renamed when it is whole, so a set that can be seen is complete.
 */
#include "bpf_maps.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <dirent.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ebpfguard.skel.h"
#include "fault.h"
#include "key.h"
#include "quick.h"
#include "util.h"

static const char *const map_names[EG_N_MAPS] = {
	[EG_MAP_SESSIONS] = "eg_sessions",
	[EG_MAP_LABELS] = "eg_labels",
	[EG_MAP_MANAGERS] = "eg_managers",
	[EG_MAP_PROFILES] = "eg_profiles",
	[EG_MAP_POLICIES] = "eg_policies",
	[EG_MAP_TRIES4] = "eg_tries4",
	[EG_MAP_TRIES6] = "eg_tries6",
	[EG_MAP_FLAT_1] = "eg_flat_1",
	[EG_MAP_FLAT_1 + 1] = "eg_flat_2",
	[EG_MAP_FLAT_1 + 2] = "eg_flat_3",
	[EG_MAP_FLAT_1 + 3] = "eg_flat_4",
	[EG_MAP_FLAT_1 + 4] = "eg_flat_5",
	[EG_MAP_FLAT_1 + 5] = "eg_flat_6",
	[EG_MAP_FLAT_1 + 6] = "eg_flat_7",
	[EG_MAP_FLAT_1 + 7] = "eg_flat_8",
	[EG_MAP_FLAT_1 + 8] = "eg_flat_9",
	[EG_MAP_FLAT_1 + 9] = "eg_flat_10",
	[EG_MAP_FLAT_1 + 10] = "eg_flat_11",
	[EG_MAP_FLAT_1 + 11] = "eg_flat_12",
	[EG_MAP_SEGMENTS] = "eg_segments",
	[EG_MAP_HASHES] = "eg_hashes",
	[EG_MAP_ITEMS] = "eg_items",
	[EG_MAP_NAMES] = "eg_names",
	[EG_MAP_PLACES] = "eg_places",
	[EG_MAP_PLACE_NAMES] = "eg_place_names",
	[EG_MAP_LEARNED] = "eg_learned",
	[EG_MAP_LINKED] = "eg_linked",
	[EG_MAP_LINKED_INSIDE] = "eg_linked_inside",
	[EG_MAP_PLACE_RULES] = "eg_place_rules",
	[EG_MAP_FLOWS] = "eg_flows",
	[EG_MAP_CONNECTIONS] = "eg_connections",
	[EG_MAP_TOTALS] = "eg_totals",
	[EG_MAP_RECORDS] = "eg_records",
	[EG_MAP_ORDERS] = "eg_orders",
	[EG_MAP_WRITTEN] = "eg_written",
	[EG_MAP_WRITING] = "eg_writing",
	[EG_MAP_STATE] = "eg_state",
	[EG_MAP_HELPER] = "eg_helper",
	[EG_MAP_LINKS] = "eg_links",
	[EG_MAP_QUICK] = "eg_quick",
	[EG_MAP_EVENTS] = "eg_events",
	[EG_MAP_STORY] = "eg_story",
	[EG_MAP_WAKES] = "eg_wakes",
};

/* ---- pins ---- */

#define SHARED_SECTION ".data."

/* Maps with pins: all but libbpf's own (.rodata and the like), which hold constants only. Variables
 * that programs and helper share have a section of their own, and are named like it. */
static bool is_shared_map(const struct bpf_map *map)
{
	return !bpf_map__is_internal(map) || strstr(bpf_map__name(map), SHARED_SECTION);
}

/* Path of a map's pin, in which bpffs allows no dot: .data.quick is map_eg_quick. */
static int map_pin_path(char *buf, size_t size, const char *dir, const struct bpf_map *map)
{
	const char *name = bpf_map__name(map), *section = strstr(name, SHARED_SECTION);
	char variable[32];

	if (section && snprintf(variable, sizeof(variable), "eg_%s",
				section + strlen(SHARED_SECTION)) >= (int)sizeof(variable))
		return -ENAMETOOLONG;
	return eg_bpf_pin_path(buf, size, dir, "map", section ? variable : name);
}

static int adopt_maps(struct ebpfguard *skel, struct eg_err *err)
{
	struct bpf_map *map;

	bpf_object__for_each_map(map, skel->obj) {
		char path[EG_PATH_TEXT_SIZE];
		int fd eg_auto_close = -1;
		int r;

		if (!is_shared_map(map))
			continue;
		r = map_pin_path(path, sizeof(path), EG_PIN_DIR, map);
		if (r < 0)
			return eg_err_fail(err, r, "pin path too long");
		fd = eg_fault(pins_take) ?: bpf_obj_get(path);
		if (fd < 0)
			return eg_err_fail(
				err, fd,
				"%s: %s; the pinned set is not complete. Sessions stay as they "
				"are; to start anew "
				"without them run: ebpfguard-helper --unload",
				path, strerror(-fd));
		r = bpf_map__reuse_fd(map, fd);
		if (r < 0)
			return eg_err_fail(err, r, "%s: cannot take over: %s", path, strerror(-r));
	}
	return 0;
}

static int pin_maps(struct ebpfguard *skel, const char *dir, struct eg_err *err)
{
	struct bpf_map *map;

	bpf_object__for_each_map(map, skel->obj) {
		char path[EG_PATH_TEXT_SIZE];
		int r;

		if (!is_shared_map(map))
			continue;
		r = map_pin_path(path, sizeof(path), dir, map);
		if (!r)
			r = eg_fault(fresh_map) ?: bpf_obj_pin(bpf_map__fd(map), path);
		if (r < 0)
			return eg_err_fail(err, r, "cannot pin %s: %s", path, strerror(-r));
	}
	return 0;
}

/* Those of the packet layer are attached to each session's cgroup (bpf_packets.c), and the list of
 * our own files to ourselves (eg_bpf_files): what is pinned of them is the program. Of all others
 * it is the link. */
static bool is_attached_later(const struct bpf_program *prog)
{
	return bpf_program__type(prog) == BPF_PROG_TYPE_CGROUP_SKB ||
	       !strcmp(bpf_program__name(prog), "eg_iter_files");
}

/* Programs for hooks that this kernel can do without (eg_bpf_kernel_fit) are not loaded. */
static bool is_loaded(const struct bpf_program *prog)
{
	return bpf_program__autoload(prog);
}

static const char *pin_kind(const struct bpf_program *prog)
{
	return is_attached_later(prog) ? "prog" : "link";
}

/* Pins what stands for each program, in place of an older build's: then that one's goes. */
static int pin_programs(struct ebpfguard *skel, const char *dir, struct eg_err *err)
{
	const struct bpf_object_skeleton *s = skel->skeleton;

	for (int i = 0; i < s->prog_cnt; i++) {
		const struct bpf_program *prog = *s->progs[i].prog;
		int fd, r;

		if (!is_loaded(prog))
			continue;
		fd = is_attached_later(prog) ? bpf_program__fd(prog)
					     : bpf_link__fd(*s->progs[i].link);
		r = eg_bpf_pin_replace(dir, pin_kind(prog), s->progs[i].name, fd);
		if (r < 0)
			return eg_err_fail(err, r, "cannot pin %s in %s: %s", s->progs[i].name, dir,
					   strerror(-r));
	}
	return 0;
}

/* ---- load and attach ---- */

/* libbpf's own words: for -d only, they are long. */
__attribute__((format(printf, 2, 0))) static int print_all(enum libbpf_print_level level,
							   const char *format, va_list ap)
{
	return level == LIBBPF_DEBUG ? 0 : vfprintf(stderr, format, ap);
}

static int attach_all(struct ebpfguard *skel, struct eg_err *err)
{
	const struct bpf_object_skeleton *s = skel->skeleton;

	for (int i = 0; i < s->prog_cnt; i++) {
		struct bpf_program *prog = *s->progs[i].prog;
		int r;

		if (is_attached_later(prog) || !is_loaded(prog))
			continue;
		*s->progs[i].link = eg_fault(pins_attach) ? NULL : bpf_program__attach(prog);
		if (*s->progs[i].link)
			continue;
		r = -errno;
		if (r == -E2BIG)
			return eg_err_fail(
				err, r,
				"hook %s is full: the kernel takes only so many programs per "
				"hook for everybody. See "
				"`bpftool link` for whose they are",
				bpf_program__section_name(prog));
		return eg_err_fail(err, r, "cannot attach %s: %s", bpf_program__section_name(prog),
				   strerror(-r));
	}
	return 0;
}

static int make_dir(const char *path, struct eg_err *err)
{
	if (mkdir(path, 0700) < 0 && errno != EEXIST)
		return eg_err_fail(err, -errno, "cannot create %s: %s", path, strerror(errno));
	return 0;
}

/* First start: build the whole set aside, then let it be seen. */
static int pin_fresh(struct ebpfguard *skel, struct eg_err *err)
{
	int r;

	/* left by a helper that was killed here; mkdir below tells if it could not go */
	(void)eg_bpf_pin_remove_dir(EG_PIN_NEW);
	r = eg_fault(fresh_dir) ?: make_dir(EG_PIN_NEW, err);
	if (!r)
		r = pin_maps(skel, EG_PIN_NEW, err);
	if (!r)
		r = eg_fault(fresh_program) ?: pin_programs(skel, EG_PIN_NEW, err);
	if (!r)
		r = eg_fault(fresh_seen);
	if (!r && rename(EG_PIN_NEW, EG_PIN_DIR) < 0)
		r = eg_err_fail(err, -errno, "cannot rename " EG_PIN_NEW " to " EG_PIN_DIR ": %s",
				strerror(errno));
	if (r < 0)
		(void)eg_bpf_pin_remove_dir(EG_PIN_NEW);
	return r;
}

/* Is this a pin of a program that the object has? Those of maps are not asked about. */
static bool is_known_pin(const struct bpf_object_skeleton *s, const char *pin)
{
	if (strncmp(pin, "link_", 5) != 0 && strncmp(pin, "prog_", 5) != 0)
		return true;
	for (int i = 0; i < s->prog_cnt; i++)
		if (!strcmp(pin + 5, s->progs[i].name) &&
		    !strncmp(pin, pin_kind(*s->progs[i].prog), 4))
			return true;
	return false;
}

/* Drops programs of an older build that this one has no successor for. */
static void unpin_strangers(struct ebpfguard *skel)
{
	DIR *dir = opendir(EG_PIN_DIR);
	struct dirent *entry;

	while (dir && (entry = readdir(dir)))
		if (!is_known_pin(skel->skeleton, entry->d_name))
			/* still there: an old rule more, never one less */
			(void)unlinkat(dirfd(dir), entry->d_name, 0);
	if (dir)
		(void)closedir(dir);
}

/* Are all programs pinned, and of this very object? Then there is nothing to load: a restart takes
 * no verifier. */
static bool is_current(struct ebpfguard *skel, const uint8_t *build)
{
	const struct bpf_object_skeleton *s = skel->skeleton;
	int fd eg_auto_close = eg_bpf_pin_open("map", map_names[EG_MAP_STATE]);
	struct eg_state state;

	if (fd < 0 || eg_bpf_state_get(fd, &state) < 0 || memcmp(state.build, build, EG_BUILD_SIZE))
		return false;
	for (int i = 0; i < s->prog_cnt; i++) {
		int pin eg_auto_close = -1;

		if (!is_loaded(*s->progs[i].prog))
			continue;
		pin = eg_bpf_pin_open(pin_kind(*s->progs[i].prog), s->progs[i].name);
		if (pin < 0)
			return false;
	}
	return true;
}

/* Says which object the pinned programs come from. NULL = from more than one: they are being
 * replaced. */
static int sign(const uint8_t *build, struct eg_err *err)
{
	int fd eg_auto_close = eg_bpf_pin_open("map", map_names[EG_MAP_STATE]);
	struct eg_state state;
	int r = fd < 0 ? fd : eg_bpf_state_get(fd, &state);

	if (!r) {
		memset(state.build, 0, sizeof(state.build));
		if (build)
			memcpy(state.build, build, sizeof(state.build));
		r = eg_bpf_state_put(fd, &state);
	}
	return r < 0 ? eg_err_fail(err, r, "cannot write eg_state: %s", strerror(-r)) : 0;
}

/* Loads this binary's programs, onto the pinned maps if there are any, attaches them, and pins them
 * over the old. */
static int load(struct ebpfguard *skel, bool adopted, const uint8_t *build, struct eg_err *err)
{
	int r = adopted ? adopt_maps(skel, err) : 0;

	if (r < 0)
		return r;
	r = eg_fault(pins_load) ?: ebpfguard__load(skel);
	if (r < 0)
		return eg_err_fail(
			err, r,
			"the kernel refused the BPF programs: %s (%d). Run ebpfguard-helper -d "
			"for the verifier's words",
			strerror(-r), -r);
	r = attach_all(skel, err);
	if (!r && adopted)
		r = eg_fault(pins_unsign) ?: sign(NULL, err);
	if (!r)
		r = adopted ? pin_programs(skel, EG_PIN_DIR, err) : pin_fresh(skel, err);
	if (r < 0)
		return r;
	if (!adopted)
		return eg_fault(fresh_sign) ?: sign(build, err);
	(void)eg_fault(pins_strangers);
	unpin_strangers(skel);
	return eg_fault(pins_sign) ?: sign(build, err);
}

/* Takes up the descriptors of a set that is whole. */
static int open_set(struct eg_bpf *bpf, struct eg_err *err)
{
	int r;

	for (size_t i = 0; i < EG_N_MAPS; i++) {
		bpf->maps[i] = eg_fault(start_maps) ?: eg_bpf_pin_open("map", map_names[i]);
		if (bpf->maps[i] < 0)
			return eg_err_fail(err, bpf->maps[i], "cannot open the pin of %s: %s",
					   map_names[i], strerror(-bpf->maps[i]));
	}
	bpf->iter_label = eg_fault(start_iterators) ?: eg_bpf_pin_open("link", "eg_iter_label");
	bpf->iter_members = eg_bpf_pin_open("link", "eg_iter_members");
	bpf->iter_flows = eg_bpf_pin_open("link", "eg_iter_flows");
	bpf->iter_files = eg_bpf_pin_open("prog", "eg_iter_files");
	if (bpf->iter_label < 0 || bpf->iter_members < 0 || bpf->iter_flows < 0 ||
	    bpf->iter_files < 0)
		return eg_err_fail(err, -ENOENT, "cannot open the pins of the iterators");
	r = eg_fault(start_packets) ?: eg_bpf_packets_open(EG_PIN_DIR, &bpf->packets);
	if (r < 0)
		return eg_err_fail(err, r, "cannot open the pins of the packet programs: %s",
				   strerror(-r));
	r = eg_quick_map(bpf->maps[EG_MAP_QUICK], &bpf->quick);
	if (r < 0)
		return eg_err_fail(err, r, "cannot map eg_quick: %s", strerror(-r));
	eg_bpf_briefs_tell(bpf);
	return eg_bpf_rings_open(bpf, err);
}

static struct eg_bpf *new_bpf(void)
{
	struct eg_bpf *bpf = calloc(1, sizeof(*bpf));

	if (!bpf)
		return NULL;
	for (size_t i = 0; i < EG_N_MAPS; i++)
		bpf->maps[i] = -1;
	bpf->iter_label = bpf->iter_members = bpf->iter_flows = bpf->iter_files = -1;
	eg_bpf_packets_init(&bpf->packets);
	bpf->state_lock = (pthread_mutex_t)PTHREAD_MUTEX_INITIALIZER;
	bpf->items_lock = (pthread_mutex_t)PTHREAD_MUTEX_INITIALIZER;
	return bpf;
}

int eg_bpf_open(struct eg_bpf **ret, enum eg_bpf_start *ret_start, bool verbose,
		struct eg_err *reterr)
{
	struct eg_bpf *bpf = eg_fault(start_memory) ? NULL : new_bpf();
	struct ebpfguard *skel = NULL;
	enum eg_bpf_start how = EG_BPF_FRESH;
	uint8_t build[EG_BUILD_SIZE];
	int r;

	if (!bpf)
		return eg_err_fail(reterr, -ENOMEM, "out of memory");
	(void)libbpf_set_print(verbose ? print_all : NULL);
	r = eg_fault(start_kernel) ?: eg_bpf_kernel_check(reterr);
	if (!r)
		r = eg_fault(start_dir) ?: make_dir(EG_PIN_PARENT, reterr);
	if (!r) {
		skel = eg_fault(start_object) ? NULL : ebpfguard__open();
		if (!skel)
			r = eg_err_fail(reterr, -errno,
					"cannot open the BPF object in this binary: %s",
					strerror(errno));
	}
	if (!r)
		r = eg_fault(start_fit) ?: eg_bpf_kernel_fit(bpf, skel->obj, reterr);
	if (!r) {
		eg_key_sha256(skel->skeleton->data, skel->skeleton->data_sz, build);
		if (access(EG_PIN_DIR, F_OK) == 0)
			how = is_current(skel, build) ? EG_BPF_ADOPTED : EG_BPF_REPLACED;
		if (how != EG_BPF_ADOPTED)
			r = load(skel, how == EG_BPF_REPLACED, build, reterr);
	}
	ebpfguard__destroy(skel);
	if (!r)
		r = open_set(bpf, reterr);
	if (r < 0) {
		eg_bpf_close(bpf);
		return r;
	}
	*ret_start = how;
	*ret = bpf;
	return 0;
}

void eg_bpf_close(struct eg_bpf *bpf)
{
	if (!bpf)
		return;
	eg_quick_unmap(bpf->quick);
	eg_bpf_rings_close(bpf);
	for (size_t i = 0; i < EG_N_MAPS; i++)
		eg_close_p(&bpf->maps[i]);
	eg_close_p(&bpf->iter_label);
	eg_close_p(&bpf->iter_members);
	eg_close_p(&bpf->iter_flows);
	eg_close_p(&bpf->iter_files);
	eg_bpf_packets_close(&bpf->packets);
	free(bpf);
}
