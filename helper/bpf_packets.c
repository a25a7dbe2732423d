// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The packet layer: its programs at the sessions' cgroups and, for strays, at the root of all; and
 * the sockets it is to know about. */
#include "bpf_maps.h"

#include <bpf/bpf.h>
#include <string.h>

#include "fault.h"
#include "util.h"

enum { ATTACHED_MAX = 64 /* BPF_CGROUP_MAX_PROGS, include/linux/bpf-cgroup-defs.h */ };

static const struct {
	const char *name; /* shorter than BPF_OBJ_NAME_LEN: the kernel cuts names there */
	enum bpf_attach_type type;
} programs[EG_N_PACKETS] = {
	[EG_PACKETS_OUT] = {"eg_packet_out", BPF_CGROUP_INET_EGRESS},
	[EG_PACKETS_IN] = {"eg_packet_in", BPF_CGROUP_INET_INGRESS},
	[EG_PACKETS_STRAY_OUT] = {"eg_stray_out", BPF_CGROUP_INET_EGRESS},
	[EG_PACKETS_STRAY_IN] = {"eg_stray_in", BPF_CGROUP_INET_INGRESS},
};

enum { MAPS_MAX = 64 /* MAX_USED_MAPS, include/linux/bpf_verifier.h */ };

/* maps: NULL, or takes the ids of the maps it uses, MAPS_MAX, and zeroes behind them. */
static int info_of(int fd, struct bpf_prog_info *ret, uint32_t *maps)
{
	struct bpf_prog_info info = {0};
	uint32_t size = sizeof(info);
	int r;

	if (maps) {
		memset(maps, 0, MAPS_MAX * sizeof(*maps));
		info.nr_map_ids = MAPS_MAX;
		info.map_ids = (uintptr_t)maps;
	}
	r = bpf_obj_get_info_by_fd(fd, &info, &size);
	if (r < 0)
		return r;
	*ret = info;
	return 0;
}

void eg_bpf_packets_init(struct eg_packets_set *set)
{
	*set = (struct eg_packets_set){0};
	for (size_t i = 0; i < EG_N_PACKETS; i++)
		set->progs[i].fd = -1;
}

void eg_bpf_packets_close(struct eg_packets_set *set)
{
	for (size_t i = 0; i < EG_N_PACKETS; i++)
		eg_close_p(&set->progs[i].fd);
	eg_bpf_packets_init(set);
}

static int open_all(const char *dir, struct eg_packets_set *set)
{
	int state eg_auto_close = eg_bpf_pin_open_in(dir, "map", "eg_state");

	if (state < 0)
		return state;
	set->state = eg_bpf_map_id(state);
	if (!set->state)
		return -EINVAL;
	for (size_t i = 0; i < EG_N_PACKETS; i++) {
		struct bpf_prog_info info;
		int fd = eg_bpf_pin_open_in(dir, "prog", programs[i].name);
		int r;

		if (fd < 0)
			return fd;
		set->progs[i].fd = fd;
		r = info_of(fd, &info, NULL);
		if (r < 0)
			return r;
		if (info.type != BPF_PROG_TYPE_CGROUP_SKB)
			return -EINVAL;
		set->progs[i].id = info.id;
	}
	return 0;
}

int eg_bpf_packets_open(const char *dir, struct eg_packets_set *ret)
{
	int r;

	eg_bpf_packets_init(ret);
	r = open_all(dir, ret);
	if (r < 0)
		eg_bpf_packets_close(ret);
	return r;
}

/* Is it of that set? state: as for eg_bpf_packets_remove. */
static bool is_of_set(int fd, const char *name, uint32_t state)
{
	uint32_t maps[MAPS_MAX];
	struct bpf_prog_info info;

	if (info_of(fd, &info, maps) < 0 || strcmp(info.name, name))
		return false;
	for (size_t i = 0; i < MAPS_MAX && state; i++)
		if (maps[i] == state)
			return true;
	return !state;
}

/* A program of that name and set among those attached. Its descriptor, or -ENOENT. */
static int find(const uint32_t *ids, uint32_t n, const char *name, uint32_t state)
{
	for (uint32_t i = 0; i < n; i++) {
		int fd eg_auto_close = bpf_prog_get_fd_by_id(ids[i]);

		/* not there any more: then it is not attached either */
		if (fd >= 0 && is_of_set(fd, name, state))
			return eg_take_fd(&fd);
	}
	return -ENOENT;
}

/* In place of an older build's. Those of another version's set stay beside it. */
static int attach_one(const struct eg_packets_set *set, int dirfd, enum eg_packets which)
{
	LIBBPF_OPTS(bpf_prog_attach_opts, opts, .flags = BPF_F_ALLOW_MULTI);
	enum bpf_attach_type type = programs[which].type;
	uint32_t ids[ATTACHED_MAX], n = ATTACHED_MAX;
	int older eg_auto_close = -1;
	int r = bpf_prog_query(dirfd, type, 0, NULL, ids, &n);

	if (r < 0)
		return r;
	for (uint32_t i = 0; i < n; i++)
		if (ids[i] == set->progs[which].id)
			return 0;
	older = find(ids, n, programs[which].name, set->state);
	if (older >= 0) {
		opts.flags |= BPF_F_REPLACE;
		opts.replace_prog_fd = older;
	}
	return bpf_prog_attach_opts(set->progs[which].fd, dirfd, type, &opts);
}

int eg_bpf_packets_put(const struct eg_packets_set *set, int dirfd)
{
	int r = attach_one(set, dirfd, EG_PACKETS_OUT);

	if (!r)
		r = eg_fault(open_packets_in);
	return r < 0 ? r : attach_one(set, dirfd, EG_PACKETS_IN);
}

int eg_bpf_packets_attach(struct eg_bpf *bpf, int dirfd)
{
	return eg_bpf_packets_put(&bpf->packets, dirfd);
}

/* The program of that name at a cgroup. Its descriptor, -ENOENT, or another negative errno. */
static int find_attached(int dirfd, enum eg_packets which, uint32_t state)
{
	uint32_t ids[ATTACHED_MAX], n = ATTACHED_MAX;
	int r = bpf_prog_query(dirfd, programs[which].type, 0, NULL, ids, &n);

	return r < 0 ? r : find(ids, n, programs[which].name, state);
}

/* Of any set there may be several. */
static int detach(int dirfd, enum eg_packets which, uint32_t state)
{
	for (;;) {
		int fd eg_auto_close = find_attached(dirfd, which, state);
		int r;

		if (fd < 0)
			return fd == -ENOENT ? 0 : fd;
		r = bpf_prog_detach2(fd, dirfd, programs[which].type);
		if (r < 0)
			return r;
	}
}

int eg_bpf_packets_remove(int dirfd, uint32_t state)
{
	int r = 0;

	for (size_t i = 0; i < EG_N_PACKETS; i++) {
		int one = detach(dirfd, (enum eg_packets)i, state);

		if (one < 0)
			r = one;
	}
	return r;
}

/* ---- strays ---- */

int eg_bpf_packets_put_strays(const struct eg_packets_set *set, int root_fd)
{
	int r = attach_one(set, root_fd, EG_PACKETS_STRAY_OUT);

	return r < 0 ? r : attach_one(set, root_fd, EG_PACKETS_STRAY_IN);
}

int eg_bpf_strays_attach(struct eg_bpf *bpf, int root_fd)
{
	return eg_bpf_packets_put_strays(&bpf->packets, root_fd);
}

int eg_bpf_strays_detach(struct eg_bpf *bpf, int root_fd)
{
	return eg_bpf_packets_remove(root_fd, bpf->packets.state);
}

bool eg_bpf_strays_attached(struct eg_bpf *bpf, int root_fd)
{
	int out eg_auto_close = find_attached(root_fd, EG_PACKETS_STRAY_OUT, bpf->packets.state);
	int in eg_auto_close = find_attached(root_fd, EG_PACKETS_STRAY_IN, bpf->packets.state);

	return out >= 0 || in >= 0;
}

int eg_bpf_connection_set(struct eg_bpf *bpf, int fd, uint64_t session)
{
	return bpf_map_update_elem(bpf->maps[EG_MAP_CONNECTIONS], &fd, &session, BPF_ANY);
}

int eg_bpf_denied_flows(struct eg_bpf *bpf, struct eg_denied_flow **ret, size_t *ret_n)
{
	char *text = NULL;
	size_t n = 0;
	int r = eg_bpf_iterate(bpf->iter_flows, &text, &n);

	if (r < 0)
		return r;
	*ret = (struct eg_denied_flow *)text;
	*ret_n = n / sizeof(struct eg_denied_flow);
	return 0;
}
