// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Load or take over, attach, pin; and the maps. Pins live in EG_PIN_PARENT/v<ABI>/; a set under construction stands in
 * a directory beside it and is renamed when it is whole, so a set that can be seen is complete.
 */
#include "bpf.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <dirent.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <linux/membarrier.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>

#include "ebpfguard.skel.h"
#include "util.h"

#define STR_(x) #x
#define STR(x)	STR_(x)
#define PIN_DIR EG_PIN_PARENT "/v" STR(PIN_ABI)
#define PIN_ABI 1
#define PIN_NEW EG_PIN_PARENT "/v" STR(PIN_ABI) "_new" /* bpffs allows no dot in a name */

_Static_assert(PIN_ABI == EG_ABI_VERSION, "the pins' directory carries the ABI");

enum { BATCH = 4096 };

struct eg_bpf {
	struct ebpfguard *skel;
	struct ring_buffer *ring;
	eg_bpf_event_fn handle;
	void *handle_arg;
};

__attribute__((format(printf, 3, 4))) static int fail(struct eg_err *err, int error, const char *format, ...)
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

static bool have_pins(void)
{
	return access(PIN_DIR, F_OK) == 0;
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
				    "%s: %s; the pinned set is not complete. Sessions stay as they are; to start anew "
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

/* Pins a link under its program's name. An older link there is replaced in one step: then its program goes. */
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
		return fail(err, -errno, "cannot rename %s to %s: %s", fresh, path, strerror(errno));
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
static int print_all(enum libbpf_print_level level, const char *format, va_list ap)
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
			    "this kernel has no BTF (/sys/kernel/btf/vmlinux): it needs CONFIG_DEBUG_INFO_BTF=y, as "
			    "Debian's kernels from 5.10 on have");
	read_lsm_list(lsm, sizeof(lsm));
	if (!lsm[0])
		return fail(err, -EOPNOTSUPP, "cannot read /sys/kernel/security/lsm: mount securityfs at /sys/kernel/security");
	if (!list_has("/sys/kernel/security/lsm", "bpf"))
		return fail(err, -EOPNOTSUPP,
			    "BPF LSM is not active: \"bpf\" is not in the kernel's LSM list (%s). Add lsm=%s,bpf to the "
			    "kernel command line (GRUB_CMDLINE_LINUX in /etc/default/grub, then update-grub) and reboot; "
			    "the kernel needs CONFIG_BPF_LSM=y",
			    lsm, lsm);
	if (statfs(EG_BPFFS, &fs) < 0 || fs.f_type != BPF_FS_MAGIC)
		return fail(err, -EOPNOTSUPP, "no bpffs at " EG_BPFFS ": mount -t bpf bpf " EG_BPFFS);
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
				    "hook %s is full: the kernel takes only so many programs per hook for everybody. See "
				    "`bpftool link` for whose they are",
				    bpf_program__section_name(prog));
		return fail(err, r, "cannot attach %s: %s", bpf_program__section_name(prog), strerror(-r));
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

	(void)remove_dir(PIN_NEW); /* left by a helper that was killed here; mkdir below tells if it could not go */
	r = make_dir(PIN_NEW, err);
	if (!r)
		r = pin_maps(skel, PIN_NEW, err);
	if (!r)
		r = pin_links(skel, PIN_NEW, err);
	if (!r && rename(PIN_NEW, PIN_DIR) < 0)
		r = fail(err, -errno, "cannot rename " PIN_NEW " to " PIN_DIR ": %s", strerror(errno));
	if (r < 0)
		(void)remove_dir(PIN_NEW);
	return r;
}

static int on_ring(void *arg, void *data, size_t size)
{
	struct eg_bpf *bpf = arg;

	if (size >= sizeof(struct eg_event) && bpf->handle)
		bpf->handle(data, bpf->handle_arg);
	return 0;
}

int eg_bpf_open(struct eg_bpf **ret, bool *ret_adopted, bool verbose, struct eg_err *reterr)
{
	struct eg_bpf *bpf = calloc(1, sizeof(*bpf));
	bool adopted;
	int r;

	if (!bpf)
		return fail(reterr, -ENOMEM, "out of memory");
	(void)libbpf_set_print(verbose ? print_all : NULL);
	r = check_kernel(reterr);
	if (!r)
		r = make_dir(EG_PIN_PARENT, reterr);
	adopted = have_pins();
	if (!r) {
		bpf->skel = ebpfguard__open();
		if (!bpf->skel)
			r = fail(reterr, -errno, "cannot open the BPF object in this binary: %s", strerror(errno));
	}
	if (!r && adopted)
		r = adopt_maps(bpf->skel, reterr);
	if (!r) {
		r = ebpfguard__load(bpf->skel);
		if (r < 0)
			(void)fail(reterr, r,
				   "the kernel refused the BPF programs: %s (%d). Run ebpfguard-helper -d for the "
				   "verifier's words",
				   strerror(-r), -r);
	}
	if (!r)
		r = attach_all(bpf->skel, reterr);
	if (!r)
		r = adopted ? pin_links(bpf->skel, PIN_DIR, reterr) : pin_fresh(bpf->skel, reterr);
	if (!r) {
		bpf->ring = ring_buffer__new(bpf_map__fd(bpf->skel->maps.eg_events), on_ring, bpf, NULL);
		if (!bpf->ring)
			r = fail(reterr, -errno, "cannot map the ring buffer: %s", strerror(errno));
	}
	if (r < 0) {
		eg_bpf_close(bpf);
		return r;
	}
	*ret_adopted = adopted;
	*ret = bpf;
	return 0;
}

void eg_bpf_close(struct eg_bpf *bpf)
{
	if (!bpf)
		return;
	ring_buffer__free(bpf->ring);
	ebpfguard__destroy(bpf->skel);
	free(bpf);
}

/* ---- policies ---- */

static int fd_of(const struct bpf_map *map)
{
	return bpf_map__fd(map);
}

int eg_bpf_profile_get(struct eg_bpf *bpf, uint32_t slot, struct eg_profile *ret)
{
	return bpf_map_lookup_elem(fd_of(bpf->skel->maps.eg_profiles), &slot, ret);
}

/* An index in eg_policies no slot refers to. Derived from the map each time, so it needs no memory of its own. */
static int free_policy_index(struct eg_bpf *bpf, uint32_t *ret)
{
	bool used[EG_POLICIES_MAX] = {true};
	struct eg_profile profile;

	for (uint32_t slot = 0; slot < EG_PROFILES_MAX; slot++) {
		int r = eg_bpf_profile_get(bpf, slot, &profile);

		if (r < 0)
			return r;
		if (profile.policy < EG_POLICIES_MAX)
			used[profile.policy] = true;
	}
	for (uint32_t i = 1; i < EG_POLICIES_MAX; i++) {
		if (!used[i]) {
			*ret = i;
			return 0;
		}
	}
	return -ENOSPC;
}

/* Fills a trie in batches from parallel arrays; falls back to one call an entry where batches are not known. */
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

/* A new trie with these entries. Returns its descriptor or a negative errno. */
static int make_trie(const char *name, const void *entries, size_t n, size_t key_size)
{
	LIBBPF_OPTS(bpf_map_create_opts, opts, .map_flags = BPF_F_NO_PREALLOC);
	int fd = bpf_map_create(BPF_MAP_TYPE_LPM_TRIE, name, (uint32_t)key_size, sizeof(struct eg_rule), EG_PREFIXES_MAX,
				&opts);
	int r;

	if (fd < 0)
		return fd;
	r = fill(fd, entries, n, key_size, sizeof(struct eg_rule));
	if (r < 0) {
		(void)close(fd);
		return r;
	}
	return fd;
}

_Static_assert(sizeof(struct eg_policy_entry4) == sizeof(struct eg_lpm4_key) + sizeof(struct eg_rule), "fill");
_Static_assert(sizeof(struct eg_policy_entry6) == sizeof(struct eg_lpm6_key) + sizeof(struct eg_rule), "fill");

/* Puts both tries of a policy where its index will look for them. */
static int put_tries(struct eg_bpf *bpf, uint32_t index, const struct eg_policy_image *image)
{
	int fd4 eg_auto_close = -1;
	int fd6 eg_auto_close = -1;
	int r = 0;

	if (image->flags & EG_POLICY_RULES4) {
		fd4 = make_trie("eg_lpm4", image->entries4, image->n_entries4, sizeof(struct eg_lpm4_key));
		if (fd4 < 0)
			return fd4;
		r = bpf_map_update_elem(fd_of(bpf->skel->maps.eg_tries4), &index, &fd4, BPF_ANY);
	}
	if (!r && image->flags & EG_POLICY_RULES6) {
		fd6 = make_trie("eg_lpm6", image->entries6, image->n_entries6, sizeof(struct eg_lpm6_key));
		if (fd6 < 0)
			return fd6;
		r = bpf_map_update_elem(fd_of(bpf->skel->maps.eg_tries6), &index, &fd6, BPF_ANY);
	}
	return r;
}

static void drop_tries(struct eg_bpf *bpf, uint32_t index)
{
	/* ENOENT is usual: a policy has tries only for the families it has rules for. */
	(void)bpf_map_delete_elem(fd_of(bpf->skel->maps.eg_tries4), &index);
	(void)bpf_map_delete_elem(fd_of(bpf->skel->maps.eg_tries6), &index);
}

int eg_bpf_policy_put(struct eg_bpf *bpf, uint32_t slot, const struct eg_policy_image *image, uint32_t generation)
{
	struct eg_policy policy = {.flags = image->flags, .generation = generation};
	struct eg_profile before, after = {.generation = generation};
	int r = eg_bpf_profile_get(bpf, slot, &before);

	if (!r)
		r = free_policy_index(bpf, &after.policy);
	if (r < 0)
		return r;
	drop_tries(bpf, after.policy); /* of a helper that was killed between filling and swapping */
	r = put_tries(bpf, after.policy, image);
	if (!r)
		r = bpf_map_update_elem(fd_of(bpf->skel->maps.eg_policies), &after.policy, &policy, BPF_ANY);
	if (!r)
		r = bpf_map_update_elem(fd_of(bpf->skel->maps.eg_profiles), &slot, &after, BPF_ANY);
	if (r < 0) {
		drop_tries(bpf, after.policy);
		return r;
	}
	if (!before.policy)
		return 0;
	/* A program may have read the old index just before the swap: let it finish before its tries go. */
	if (syscall(SYS_membarrier, MEMBARRIER_CMD_GLOBAL, 0, 0) == 0)
		drop_tries(bpf, before.policy);
	return 0;
}

/* ---- bindings and labels ---- */

/* Adds a level to the list the programs test. It must be there before the binding is. */
static int add_level(struct eg_bpf *bpf, unsigned int level)
{
	int fd = fd_of(bpf->skel->maps.eg_state);
	struct eg_state state;
	uint32_t zero = 0;
	int r = bpf_map_lookup_elem(fd, &zero, &state);

	if (r < 0)
		return r;
	for (uint32_t i = 0; i < state.n_levels && i < EG_LEVELS_MAX; i++)
		if (state.levels[i] == level)
			return 0;
	if (state.n_levels >= EG_LEVELS_MAX || level > UINT16_MAX)
		return -ENOSPC;
	state.levels[state.n_levels++] = (uint16_t)level;
	return bpf_map_update_elem(fd, &zero, &state, BPF_ANY);
}

int eg_bpf_bind(struct eg_bpf *bpf, uint64_t cgroup, unsigned int level, const struct eg_guard *guard)
{
	int r = add_level(bpf, level);

	if (r < 0)
		return r;
	r = bpf_map_update_elem(fd_of(bpf->skel->maps.eg_sessions), &cgroup, guard, BPF_NOEXIST);
	return r == -E2BIG ? -ENOSPC : r;
}

int eg_bpf_binding_get(struct eg_bpf *bpf, uint64_t cgroup, struct eg_guard *ret)
{
	return bpf_map_lookup_elem(fd_of(bpf->skel->maps.eg_sessions), &cgroup, ret);
}

int eg_bpf_unbind(struct eg_bpf *bpf, uint64_t cgroup)
{
	return bpf_map_delete_elem(fd_of(bpf->skel->maps.eg_sessions), &cgroup);
}

int eg_bpf_label_get(struct eg_bpf *bpf, int pidfd, struct eg_guard *ret)
{
	return bpf_map_lookup_elem(fd_of(bpf->skel->maps.eg_labels), &pidfd, ret);
}

int eg_bpf_label_put(struct eg_bpf *bpf, int pidfd, const struct eg_guard *guard)
{
	return bpf_map_update_elem(fd_of(bpf->skel->maps.eg_labels), &pidfd, guard, BPF_NOEXIST);
}

int eg_bpf_label_drop(struct eg_bpf *bpf, int pidfd)
{
	return bpf_map_delete_elem(fd_of(bpf->skel->maps.eg_labels), &pidfd);
}

/* ---- iterators ---- */

/* Reads an iterator to its end. *ret: what it wrote, owned by the caller; NULL ret: only run it. */
static int run_iterator(struct bpf_link *link, char **ret, size_t *ret_n)
{
	int fd eg_auto_close = bpf_iter_create(bpf_link__fd(link));
	char *text eg_auto_free = NULL;
	size_t used = 0, size = 0;

	if (fd < 0)
		return fd;
	for (;;) {
		ssize_t n;

		if (size - used < 4096) {
			char *more = realloc(text, size + 65536);

			if (!more)
				return -ENOMEM;
			text = more;
			size += 65536;
		}
		n = read(fd, text + used, size - used);
		if (n < 0 && (errno == EAGAIN || errno == EINTR))
			continue;
		if (n < 0)
			return -errno;
		if (!n)
			break;
		used += (size_t)n;
	}
	if (ret) {
		*ret = eg_take_ptr(&text);
		*ret_n = used;
	}
	return 0;
}

int eg_bpf_label_all(struct eg_bpf *bpf)
{
	return run_iterator(bpf->skel->links.eg_iter_label, NULL, NULL);
}

int eg_bpf_members(struct eg_bpf *bpf, struct eg_member **ret, size_t *ret_n)
{
	char *text = NULL;
	size_t n = 0;
	int r = run_iterator(bpf->skel->links.eg_iter_members, &text, &n);

	if (r < 0)
		return r;
	*ret = (struct eg_member *)text;
	*ret_n = n / sizeof(struct eg_member);
	return 0;
}

/* ---- managers, records, totals ---- */

enum { MANAGER_LEVEL = 3 /* user.slice/user-UID.slice/user@UID.service */ };

int eg_bpf_manager_set(struct eg_bpf *bpf, uint32_t uid, const struct eg_guard *guard)
{
	int fd = fd_of(bpf->skel->maps.eg_managers);
	int r;

	if (!guard) {
		r = bpf_map_delete_elem(fd, &uid);
		return r == -ENOENT ? 0 : r;
	}
	r = add_level(bpf, MANAGER_LEVEL);
	return r < 0 ? r : bpf_map_update_elem(fd, &uid, guard, BPF_ANY);
}

int eg_bpf_session_number(struct eg_bpf *bpf, uint64_t *ret)
{
	int fd = fd_of(bpf->skel->maps.eg_state);
	struct eg_state state;
	uint32_t zero = 0;
	int r = bpf_map_lookup_elem(fd, &zero, &state);

	if (r < 0)
		return r;
	state.next_session++;
	r = bpf_map_update_elem(fd, &zero, &state, BPF_ANY);
	if (r < 0)
		return r;
	*ret = state.next_session;
	return 0;
}

int eg_bpf_record_put(struct eg_bpf *bpf, uint64_t session, const struct eg_record *record, bool is_new)
{
	static const struct eg_totals none;
	int records = fd_of(bpf->skel->maps.eg_records);
	int r = bpf_map_update_elem(records, &session, record, is_new ? BPF_NOEXIST : BPF_EXIST);

	if (r < 0 || !is_new)
		return r;
	r = bpf_map_update_elem(fd_of(bpf->skel->maps.eg_totals), &session, &none, BPF_NOEXIST);
	if (r < 0)
		(void)bpf_map_delete_elem(records, &session);
	return r;
}

int eg_bpf_record_get(struct eg_bpf *bpf, uint64_t session, struct eg_record *ret)
{
	return bpf_map_lookup_elem(fd_of(bpf->skel->maps.eg_records), &session, ret);
}

void eg_bpf_record_drop(struct eg_bpf *bpf, uint64_t session)
{
	/* Gone already is fine: dropping is what undo and the end of a session both do. */
	(void)bpf_map_delete_elem(fd_of(bpf->skel->maps.eg_totals), &session);
	(void)bpf_map_delete_elem(fd_of(bpf->skel->maps.eg_records), &session);
}

int eg_bpf_totals_get(struct eg_bpf *bpf, uint64_t session, struct eg_totals *ret)
{
	return bpf_map_lookup_elem(fd_of(bpf->skel->maps.eg_totals), &session, ret);
}

int eg_bpf_record_next(struct eg_bpf *bpf, uint64_t *session)
{
	return bpf_map_get_next_key(fd_of(bpf->skel->maps.eg_records), *session ? session : NULL, session);
}

/* ---- events ---- */

int eg_bpf_events_fd(struct eg_bpf *bpf)
{
	return ring_buffer__epoll_fd(bpf->ring);
}

void eg_bpf_events_set(struct eg_bpf *bpf, eg_bpf_event_fn handle, void *arg)
{
	bpf->handle = handle;
	bpf->handle_arg = arg;
}

int eg_bpf_events_read(struct eg_bpf *bpf)
{
	int r = ring_buffer__consume(bpf->ring);

	return r < 0 ? r : 0;
}
