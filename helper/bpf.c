// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Load or take over, attach, pin. Pins live in EG_PIN_PARENT/v<ABI>/; a set under construction
 * stands in a directory beside it and is renamed when it is whole, so a set that can be seen is
 * complete.
 */
#include "bpf_maps.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <dirent.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#include "ebpfguard.skel.h"
#include "key.h"
#include "util.h"

#define STR_(x) #x
#define STR(x)	STR_(x)
#define PIN_DIR EG_PIN_PARENT "/v" STR(PIN_ABI)
#define PIN_ABI 1
#define PIN_NEW EG_PIN_PARENT "/v" STR(PIN_ABI) "_new" /* bpffs allows no dot in a name */

_Static_assert(PIN_ABI == EG_ABI_VERSION, "the pins' directory carries the ABI");

static const char *const map_names[EG_N_MAPS] = {
	"eg_sessions", "eg_labels", "eg_managers", "eg_profiles", "eg_policies", "eg_tries4",
	"eg_tries6",   "eg_totals", "eg_records",  "eg_state",	  "eg_events",
};

__attribute__((format(printf, 3, 4))) static int fail(struct eg_err *err, int error,
						      const char *format, ...)
{
	va_list ap;

	memset(err, 0, sizeof(*err));
	va_start(ap, format);
	(void)vsnprintf(err->text, sizeof(err->text), format, ap);
	va_end(ap);
	return error;
}

/* ---- pins ---- */

static int pin_path(char *buf, size_t size, const char *dir, const char *kind, const char *name)
{
	int n = snprintf(buf, size, "%s/%s_%s", dir, kind, name);

	return n > 0 && (size_t)n < size ? 0 : -ENAMETOOLONG;
}

/* Removes a directory of pins. Only files are in it. */
static int remove_dir(const char *path)
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

int eg_bpf_unload(void)
{
	int a = remove_dir(PIN_NEW), b = remove_dir(PIN_DIR);

	if (rmdir(EG_PIN_PARENT) < 0 && errno != ENOENT && !a && !b)
		return -errno;
	return a ? a : b;
}

/* Maps with pins: all but libbpf's own (.rodata and the like), which hold constants only. */
static bool is_shared_map(const struct bpf_map *map)
{
	return !bpf_map__is_internal(map);
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
		r = pin_path(path, sizeof(path), PIN_DIR, "map", bpf_map__name(map));
		if (r < 0)
			return fail(err, r, "pin path too long");
		fd = bpf_obj_get(path);
		if (fd < 0)
			return fail(err, fd,
				    "%s: %s; the pinned set is not complete. Sessions stay as they "
				    "are; to start anew "
				    "without them run: ebpfguard-helper --unload",
				    path, strerror(-fd));
		r = bpf_map__reuse_fd(map, fd);
		if (r < 0)
			return fail(err, r, "%s: cannot take over: %s", path, strerror(-r));
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
		r = pin_path(path, sizeof(path), dir, "map", bpf_map__name(map));
		if (!r)
			r = bpf_obj_pin(bpf_map__fd(map), path);
		if (r < 0)
			return fail(err, r, "cannot pin %s: %s", path, strerror(-r));
	}
	return 0;
}

/* Pins a link under its program's name. An older link there is replaced in one step: then its
 * program goes. */
static int pin_link(const char *dir, const char *name, int link_fd, struct eg_err *err)
{
	char path[EG_PATH_TEXT_SIZE], fresh[EG_PATH_TEXT_SIZE];
	int r = pin_path(path, sizeof(path), dir, "link", name);

	if (!r)
		r = pin_path(fresh, sizeof(fresh), dir, "new", name);
	if (r < 0)
		return fail(err, r, "pin path too long");
	(void)unlink(fresh); /* left by a helper that was killed here */
	r = bpf_obj_pin(link_fd, fresh);
	if (r < 0)
		return fail(err, r, "cannot pin %s: %s", fresh, strerror(-r));
	if (rename(fresh, path) < 0)
		return fail(err, -errno, "cannot rename %s to %s: %s", fresh, path,
			    strerror(errno));
	return 0;
}

static int pin_links(struct ebpfguard *skel, const char *dir, struct eg_err *err)
{
	const struct bpf_object_skeleton *s = skel->skeleton;

	for (int i = 0; i < s->prog_cnt; i++) {
		struct bpf_link *link = *s->progs[i].link;
		int r;

		if (!link)
			continue;
		r = pin_link(dir, s->progs[i].name, bpf_link__fd(link), err);
		if (r < 0)
			return r;
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

/* Is `word` in the comma list in path? */
static bool list_has(const char *path, const char *word)
{
	char text[1024] = "", *at = text;
	int fd eg_auto_close = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);

	if (n <= 0)
		return false;
	text[n] = '\0';
	for (char *one = strsep(&at, ",\n"); one; one = strsep(&at, ",\n"))
		if (!strcmp(one, word))
			return true;
	return false;
}

static void read_lsm_list(char *buf, size_t size)
{
	int fd eg_auto_close = open("/sys/kernel/security/lsm", O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, buf, size - 1);

	buf[n > 0 ? n : 0] = '\0';
	buf[strcspn(buf, "\n")] = '\0';
}

/* Everything the kernel must have, checked before the verifier would say it in its own words. */
static int check_kernel(struct eg_err *err)
{
	struct statfs fs;
	char lsm[512];

	if (access("/sys/kernel/btf/vmlinux", R_OK) < 0)
		return fail(err, -EOPNOTSUPP,
			    "this kernel has no BTF (/sys/kernel/btf/vmlinux): it needs "
			    "CONFIG_DEBUG_INFO_BTF=y, as "
			    "Debian's kernels from 5.10 on have");
	read_lsm_list(lsm, sizeof(lsm));
	if (!lsm[0])
		return fail(err, -EOPNOTSUPP,
			    "cannot read /sys/kernel/security/lsm: mount securityfs at "
			    "/sys/kernel/security");
	if (!list_has("/sys/kernel/security/lsm", "bpf"))
		return fail(err, -EOPNOTSUPP,
			    "BPF LSM is not active: \"bpf\" is not in the kernel's LSM list (%s). "
			    "Add lsm=%s,bpf to the "
			    "kernel command line (GRUB_CMDLINE_LINUX in /etc/default/grub, then "
			    "update-grub) and reboot; "
			    "the kernel needs CONFIG_BPF_LSM=y",
			    lsm, lsm);
	if (statfs(EG_BPFFS, &fs) < 0 || fs.f_type != BPF_FS_MAGIC)
		return fail(err, -EOPNOTSUPP,
			    "no bpffs at " EG_BPFFS ": mount -t bpf bpf " EG_BPFFS);
	return 0;
}

static int attach_all(struct ebpfguard *skel, struct eg_err *err)
{
	const struct bpf_object_skeleton *s = skel->skeleton;

	for (int i = 0; i < s->prog_cnt; i++) {
		struct bpf_program *prog = *s->progs[i].prog;
		int r;

		*s->progs[i].link = bpf_program__attach(prog);
		if (*s->progs[i].link)
			continue;
		r = -errno;
		if (r == -E2BIG)
			return fail(err, r,
				    "hook %s is full: the kernel takes only so many programs per "
				    "hook for everybody. See "
				    "`bpftool link` for whose they are",
				    bpf_program__section_name(prog));
		return fail(err, r, "cannot attach %s: %s", bpf_program__section_name(prog),
			    strerror(-r));
	}
	return 0;
}

static int make_dir(const char *path, struct eg_err *err)
{
	if (mkdir(path, 0700) < 0 && errno != EEXIST)
		return fail(err, -errno, "cannot create %s: %s", path, strerror(errno));
	return 0;
}

/* First start: build the whole set aside, then let it be seen. */
static int pin_fresh(struct ebpfguard *skel, struct eg_err *err)
{
	int r;

	/* left by a helper that was killed here; mkdir below tells if it could not go */
	(void)remove_dir(PIN_NEW);
	r = make_dir(PIN_NEW, err);
	if (!r)
		r = pin_maps(skel, PIN_NEW, err);
	if (!r)
		r = pin_links(skel, PIN_NEW, err);
	if (!r && rename(PIN_NEW, PIN_DIR) < 0)
		r = fail(err, -errno, "cannot rename " PIN_NEW " to " PIN_DIR ": %s",
			 strerror(errno));
	if (r < 0)
		(void)remove_dir(PIN_NEW);
	return r;
}

/* Drops programs of an older build that this one has no successor for. */
static void unpin_strangers(struct ebpfguard *skel)
{
	const struct bpf_object_skeleton *s = skel->skeleton;
	DIR *dir = opendir(PIN_DIR);
	struct dirent *entry;

	while (dir && (entry = readdir(dir))) {
		bool ours = strncmp(entry->d_name, "link_", 5) != 0;

		for (int i = 0; i < s->prog_cnt && !ours; i++)
			ours = !strcmp(entry->d_name + 5, s->progs[i].name);
		if (!ours)
			/* still there: an old rule more, never one less */
			(void)unlinkat(dirfd(dir), entry->d_name, 0);
	}
	if (dir)
		(void)closedir(dir);
}

static int open_pin(const char *kind, const char *name)
{
	char path[EG_PATH_TEXT_SIZE];
	int r = pin_path(path, sizeof(path), PIN_DIR, kind, name);

	return r < 0 ? r : bpf_obj_get(path);
}

/* Are all programs pinned, and of this very object? Then there is nothing to load: a restart takes
 * no verifier. */
static bool is_current(struct ebpfguard *skel, const uint8_t *build)
{
	const struct bpf_object_skeleton *s = skel->skeleton;
	int fd eg_auto_close = open_pin("map", map_names[EG_MAP_STATE]);
	struct eg_state state;

	if (fd < 0 || eg_bpf_state_get(fd, &state) < 0 || memcmp(state.build, build, EG_BUILD_SIZE))
		return false;
	for (int i = 0; i < s->prog_cnt; i++) {
		int link eg_auto_close = open_pin("link", s->progs[i].name);

		if (link < 0)
			return false;
	}
	return true;
}

/* Says which object the pinned programs come from. NULL = from more than one: they are being
 * replaced. */
static int sign(const uint8_t *build, struct eg_err *err)
{
	int fd eg_auto_close = open_pin("map", map_names[EG_MAP_STATE]);
	struct eg_state state;
	int r = fd < 0 ? fd : eg_bpf_state_get(fd, &state);

	if (!r) {
		memset(state.build, 0, sizeof(state.build));
		if (build)
			memcpy(state.build, build, sizeof(state.build));
		r = eg_bpf_state_put(fd, &state);
	}
	return r < 0 ? fail(err, r, "cannot write eg_state: %s", strerror(-r)) : 0;
}

/* Loads this binary's programs, onto the pinned maps if there are any, attaches them, and pins them
 * over the old. */
static int load(struct ebpfguard *skel, bool adopted, const uint8_t *build, struct eg_err *err)
{
	int r = adopted ? adopt_maps(skel, err) : 0;

	if (r < 0)
		return r;
	r = ebpfguard__load(skel);
	if (r < 0)
		return fail(err, r,
			    "the kernel refused the BPF programs: %s (%d). Run ebpfguard-helper -d "
			    "for the verifier's words",
			    strerror(-r), -r);
	r = attach_all(skel, err);
	if (!r && adopted)
		r = sign(NULL, err);
	if (!r)
		r = adopted ? pin_links(skel, PIN_DIR, err) : pin_fresh(skel, err);
	if (r < 0)
		return r;
	if (adopted)
		unpin_strangers(skel);
	return sign(build, err);
}

static int on_ring(void *arg, void *data, size_t size)
{
	struct eg_bpf *bpf = arg;

	if (size >= sizeof(struct eg_event) && bpf->handle)
		bpf->handle(data, bpf->handle_arg);
	return 0;
}

/* Takes up the descriptors of a set that is whole. */
static int open_set(struct eg_bpf *bpf, struct eg_err *err)
{
	for (size_t i = 0; i < EG_N_MAPS; i++) {
		bpf->maps[i] = open_pin("map", map_names[i]);
		if (bpf->maps[i] < 0)
			return fail(err, bpf->maps[i], "cannot open the pin of %s: %s",
				    map_names[i], strerror(-bpf->maps[i]));
	}
	bpf->iter_label = open_pin("link", "eg_iter_label");
	bpf->iter_members = open_pin("link", "eg_iter_members");
	if (bpf->iter_label < 0 || bpf->iter_members < 0)
		return fail(err, -ENOENT, "cannot open the pins of the task iterators");
	bpf->ring = ring_buffer__new(bpf->maps[EG_MAP_EVENTS], on_ring, bpf, NULL);
	return bpf->ring ? 0 : fail(err, -errno, "cannot map the ring buffer: %s", strerror(errno));
}

static struct eg_bpf *new_bpf(void)
{
	struct eg_bpf *bpf = calloc(1, sizeof(*bpf));

	if (!bpf)
		return NULL;
	for (size_t i = 0; i < EG_N_MAPS; i++)
		bpf->maps[i] = -1;
	bpf->iter_label = -1;
	bpf->iter_members = -1;
	return bpf;
}

int eg_bpf_open(struct eg_bpf **ret, enum eg_bpf_start *ret_start, bool verbose,
		struct eg_err *reterr)
{
	struct eg_bpf *bpf = new_bpf();
	struct ebpfguard *skel = NULL;
	enum eg_bpf_start how = EG_BPF_FRESH;
	uint8_t build[EG_BUILD_SIZE];
	int r;

	if (!bpf)
		return fail(reterr, -ENOMEM, "out of memory");
	(void)libbpf_set_print(verbose ? print_all : NULL);
	r = check_kernel(reterr);
	if (!r)
		r = make_dir(EG_PIN_PARENT, reterr);
	if (!r) {
		skel = ebpfguard__open();
		if (!skel)
			r = fail(reterr, -errno, "cannot open the BPF object in this binary: %s",
				 strerror(errno));
	}
	if (!r) {
		eg_key_sha256(skel->skeleton->data, skel->skeleton->data_sz, build);
		if (access(PIN_DIR, F_OK) == 0)
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
	ring_buffer__free(bpf->ring);
	for (size_t i = 0; i < EG_N_MAPS; i++)
		eg_close_p(&bpf->maps[i]);
	eg_close_p(&bpf->iter_label);
	eg_close_p(&bpf->iter_members);
	free(bpf);
}
