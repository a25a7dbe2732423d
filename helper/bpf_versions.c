// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * What other versions have pinned: the few maps and programs that abi.h makes the same in all of
 * them, looked at before they are used. Their values are never read.
 */
#include "bpf_maps.h"

#include <bpf/bpf.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fault.h"
#include "util.h"
#include "version.h"

struct eg_bpf_version {
	char dir[64];
	int sessions, labels, managers, state, helper; /* maps; owned */
	int members;				       /* link of the iterator; owned */
	struct eg_packets_set packets;
	void *value; /* room for one of sessions or labels */
};

/* ---- finding them ---- */

/* Half a set, of a helper that was killed when it was making or removing it: there is no other
 * than us. */
static void remove_rest(const char *name, const struct eg_cgroup2 *cgroup2)
{
	char path[sizeof(EG_PIN_PARENT) + NAME_MAX + 1];

	(void)snprintf(path, sizeof(path), EG_PIN_PARENT "/%s", name);
	(void)eg_bpf_drop(path, cgroup2); /* what stays is tried again at the next start */
}

static int compare(const void *va, const void *vb)
{
	const unsigned int *a = va, *b = vb;

	return (*a > *b) - (*a < *b);
}

int eg_bpf_versions_list(unsigned int *ret, size_t max, const struct eg_cgroup2 *cgroup2)
{
	DIR *dir = opendir(EG_PIN_PARENT);
	struct dirent *entry;
	size_t n = 0;

	if (!dir)
		return errno == ENOENT ? 0 : -errno;
	while ((entry = readdir(dir))) {
		unsigned int abi = EG_ABI;
		enum eg_version_dir what = eg_version_dir(entry->d_name, &abi);

		/* Ours under construction is bpf.c's. */
		if (what == EG_VERSION_GONE || (what == EG_VERSION_NEW && abi != EG_ABI))
			remove_rest(entry->d_name, cgroup2);
		else if (what == EG_VERSION_SET && abi != EG_ABI && n++ < max)
			ret[n - 1] = abi;
	}
	(void)closedir(dir); /* opened for reading only */
	qsort(ret, n < max ? n : max, sizeof(*ret), compare);
	return (int)n;
}

/* ---- taking one up ---- */

/* Opens a map that must be like that. value_size: 0 = any; *ret_value_size: the largest so far.
 * Its descriptor or a negative errno. */
static int take_map(const char *dir, const char *name, const struct bpf_map_info *like,
		    uint32_t *ret_value_size, struct eg_err *err)
{
	int fd eg_auto_close = eg_bpf_pin_open_in(dir, "map", name);
	struct bpf_map_info info = {0};
	uint32_t size = sizeof(info);
	int r = fd < 0 ? fd : bpf_obj_get_info_by_fd(fd, &info, &size);

	if (r < 0)
		return eg_err_fail(err, r, "map_%s: %s", name, strerror(-r));
	if (info.type != like->type || info.key_size != like->key_size ||
	    (like->value_size && info.value_size != like->value_size) ||
	    (like->max_entries && info.max_entries != like->max_entries))
		return eg_err_fail(err, -EINVAL,
				   "map_%s is of another kind: type %u, key %u, value %u, %u "
				   "entries",
				   name, info.type, info.key_size, info.value_size,
				   info.max_entries);
	if (info.value_size > *ret_value_size)
		*ret_value_size = info.value_size;
	return eg_take_fd(&fd);
}

static int take_maps(struct eg_bpf_version *version, struct eg_err *err)
{
	static const struct bpf_map_info hash64 = {.type = BPF_MAP_TYPE_HASH, .key_size = 8},
					 hash32 = {.type = BPF_MAP_TYPE_HASH, .key_size = 4},
					 storage = {.type = BPF_MAP_TYPE_TASK_STORAGE,
						    .key_size = 4},
					 one = {.type = BPF_MAP_TYPE_ARRAY,
						.key_size = 4,
						.max_entries = 1},
					 number = {.type = BPF_MAP_TYPE_ARRAY,
						   .key_size = 4,
						   .value_size = 4,
						   .max_entries = 1};
	const struct {
		const char *name;
		const struct bpf_map_info *like;
		int *fd;
	} maps[] = {
		{"eg_sessions", &hash64, &version->sessions},
		{"eg_managers", &hash32, &version->managers},
		{"eg_labels", &storage, &version->labels},
		{"eg_state", &one, &version->state},
		{"eg_helper", &number, &version->helper},
	};
	uint32_t value_size = 1;

	for (size_t i = 0; i < EG_ARRAY_SIZE(maps); i++) {
		*maps[i].fd = take_map(version->dir, maps[i].name, maps[i].like, &value_size, err);
		if (*maps[i].fd < 0)
			return *maps[i].fd;
	}
	version->value = malloc(value_size);
	return version->value ? 0 : eg_err_fail(err, -ENOMEM, "out of memory");
}

static int take_members(struct eg_bpf_version *version, struct eg_err *err)
{
	struct bpf_link_info info = {0};
	uint32_t size = sizeof(info);
	struct eg_member *members eg_auto_free = NULL;
	size_t n;
	int fd = eg_bpf_pin_open_in(version->dir, "link", "eg_iter_members");
	int r = fd;

	version->members = fd;
	if (r >= 0)
		r = bpf_obj_get_info_by_fd(fd, &info, &size);
	if (r >= 0 && info.type != BPF_LINK_TYPE_ITER)
		r = -EINVAL;
	if (r >= 0)
		r = eg_bpf_version_members(version, &members, &n);
	return r < 0 ? eg_err_fail(err, r, "link_eg_iter_members: %s", strerror(-r)) : 0;
}

int eg_bpf_version_open(unsigned int abi, struct eg_bpf_version **ret, struct eg_err *reterr)
{
	struct eg_bpf_version *version = calloc(1, sizeof(*version));
	int r;

	if (!version)
		return eg_err_fail(reterr, -ENOMEM, "out of memory");
	(void)snprintf(version->dir, sizeof(version->dir), EG_PIN_PARENT "/v%u", abi);
	version->sessions = version->labels = version->managers = version->state = -1;
	version->helper = version->members = -1;
	eg_bpf_packets_init(&version->packets);
	r = take_maps(version, reterr);
	if (!r)
		r = take_members(version, reterr);
	if (!r) {
		r = eg_bpf_packets_open(version->dir, &version->packets);
		if (r < 0)
			(void)eg_err_fail(reterr, r, "packet programs: %s", strerror(-r));
	}
	if (r < 0) {
		eg_bpf_version_close(version);
		return r;
	}
	*ret = version;
	return 0;
}

void eg_bpf_version_close(struct eg_bpf_version *version)
{
	if (!version)
		return;
	eg_close_p(&version->sessions);
	eg_close_p(&version->labels);
	eg_close_p(&version->managers);
	eg_close_p(&version->state);
	eg_close_p(&version->helper);
	eg_close_p(&version->members);
	eg_bpf_packets_close(&version->packets);
	free(version->value);
	free(version);
}

/* ---- what it says ---- */

static int has(int fd, const void *key, void *value)
{
	int r = bpf_map_lookup_elem(fd, key, value);

	return r == -ENOENT ? 0 : r < 0 ? r : 1;
}

int eg_bpf_version_binds(struct eg_bpf_version *version, uint64_t cgroup)
{
	return has(version->sessions, &cgroup, version->value);
}

int eg_bpf_version_labels(struct eg_bpf_version *version, int pidfd)
{
	return has(version->labels, &pidfd, version->value);
}

int eg_bpf_version_members(struct eg_bpf_version *version, struct eg_member **ret, size_t *ret_n)
{
	char *text eg_auto_free = NULL;
	size_t n = 0;
	int r = eg_bpf_iterate(version->members, &text, &n);

	if (r < 0)
		return r;
	if (n % sizeof(struct eg_member))
		return -EPROTO;
	*ret = (struct eg_member *)eg_take_ptr(&text);
	*ret_n = n / sizeof(struct eg_member);
	return 0;
}

/* Nobody binds there any more but the kernel side, managers that are made anew: one that is missed
 * or comes twice is seen at the next look. */
int eg_bpf_version_bound(struct eg_bpf_version *version, uint64_t **ret, size_t *ret_n)
{
	uint64_t *ids eg_auto_free = calloc(EG_SESSIONS_MAX, sizeof(*ids));
	size_t n = 0, room = EG_SESSIONS_MAX;
	int r = ids ? bpf_map_get_next_key(version->sessions, NULL, &ids[0]) : -ENOMEM;

	for (; r == 0; r = bpf_map_get_next_key(version->sessions, &ids[n - 1], &ids[n])) {
		if (++n < room)
			continue;
		room *= 2;
		void *more = realloc(ids, room * sizeof(*ids));

		if (!more)
			return -ENOMEM;
		ids = more;
	}
	if (r != -ENOENT)
		return r;
	*ret = eg_take_ptr(&ids);
	*ret_n = n;
	return 0;
}

/* ---- what is done about it ---- */

int eg_bpf_version_packets(struct eg_bpf_version *version, int dirfd)
{
	return eg_bpf_packets_put(&version->packets, dirfd);
}

int eg_bpf_version_strays(struct eg_bpf_version *version, int root_fd)
{
	return eg_bpf_packets_put_strays(&version->packets, root_fd);
}

int eg_bpf_version_helper(struct eg_bpf_version *version, uint32_t tgid)
{
	uint32_t zero = 0;

	return bpf_map_update_elem(version->helper, &zero, &tgid, BPF_ANY);
}

int eg_bpf_version_retire(struct eg_bpf_version *version)
{
	uint32_t uid;
	int r = 0;

	while (!r && bpf_map_get_next_key(version->managers, NULL, &uid) == 0)
		r = bpf_map_delete_elem(version->managers, &uid);
	return r;
}

int eg_bpf_version_drop(struct eg_bpf_version *version, const struct eg_cgroup2 *cgroup2)
{
	return eg_bpf_drop(version->dir, cgroup2);
}
