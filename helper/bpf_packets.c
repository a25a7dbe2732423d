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

static int info_of(int fd, struct bpf_prog_info *ret)
{
	struct bpf_prog_info info = {0};
	uint32_t size = sizeof(info);
	int r = bpf_obj_get_info_by_fd(fd, &info, &size);

	if (r < 0)
		return r;
	*ret = info;
	return 0;
}

int eg_bpf_packets_open(struct eg_bpf *bpf)
{
	for (size_t i = 0; i < EG_N_PACKETS; i++) {
		struct bpf_prog_info info;
		int fd = eg_bpf_pin_open("prog", programs[i].name);
		int r;

		if (fd < 0)
			return fd;
		bpf->packets[i].fd = fd;
		r = info_of(fd, &info);
		if (r < 0)
			return r;
		bpf->packets[i].id = info.id;
	}
	return 0;
}

/* A program of ours, by an older build, among those attached. Its descriptor, or -ENOENT. */
static int find_older(const uint32_t *ids, uint32_t n, const char *name)
{
	for (uint32_t i = 0; i < n; i++) {
		struct bpf_prog_info info;
		int fd eg_auto_close = bpf_prog_get_fd_by_id(ids[i]);

		/* not there any more: then it is not attached either */
		if (fd >= 0 && info_of(fd, &info) == 0 && !strcmp(info.name, name))
			return eg_take_fd(&fd);
	}
	return -ENOENT;
}

static int attach_one(struct eg_bpf *bpf, int dirfd, enum eg_packets which)
{
	LIBBPF_OPTS(bpf_prog_attach_opts, opts, .flags = BPF_F_ALLOW_MULTI);
	enum bpf_attach_type type = programs[which].type;
	uint32_t ids[ATTACHED_MAX], n = ATTACHED_MAX;
	int older eg_auto_close = -1;
	int r = bpf_prog_query(dirfd, type, 0, NULL, ids, &n);

	if (r < 0)
		return r;
	for (uint32_t i = 0; i < n; i++)
		if (ids[i] == bpf->packets[which].id)
			return 0;
	older = find_older(ids, n, programs[which].name);
	if (older >= 0) {
		opts.flags |= BPF_F_REPLACE;
		opts.replace_prog_fd = older;
	}
	return bpf_prog_attach_opts(bpf->packets[which].fd, dirfd, type, &opts);
}

int eg_bpf_packets_attach(struct eg_bpf *bpf, int dirfd)
{
	int r = attach_one(bpf, dirfd, EG_PACKETS_OUT);

	if (!r)
		r = eg_fault(open_packets_in);
	return r < 0 ? r : attach_one(bpf, dirfd, EG_PACKETS_IN);
}

/* ---- strays ---- */

/* The program of that name at the root. Its descriptor, -ENOENT, or another negative errno. */
static int find_attached(int root_fd, enum eg_packets which)
{
	uint32_t ids[ATTACHED_MAX], n = ATTACHED_MAX;
	int r = bpf_prog_query(root_fd, programs[which].type, 0, NULL, ids, &n);

	return r < 0 ? r : find_older(ids, n, programs[which].name);
}

static int detach_one(int root_fd, enum eg_packets which)
{
	int fd eg_auto_close = find_attached(root_fd, which);

	if (fd < 0)
		return fd == -ENOENT ? 0 : fd;
	return bpf_prog_detach2(fd, root_fd, programs[which].type);
}

int eg_bpf_strays_attach(struct eg_bpf *bpf, int root_fd)
{
	int r = attach_one(bpf, root_fd, EG_PACKETS_STRAY_OUT);

	return r < 0 ? r : attach_one(bpf, root_fd, EG_PACKETS_STRAY_IN);
}

int eg_bpf_strays_detach(int root_fd)
{
	int out = detach_one(root_fd, EG_PACKETS_STRAY_OUT);
	int in = detach_one(root_fd, EG_PACKETS_STRAY_IN);

	return out < 0 ? out : in;
}

bool eg_bpf_strays_attached(int root_fd)
{
	int out eg_auto_close = find_attached(root_fd, EG_PACKETS_STRAY_OUT);
	int in eg_auto_close = find_attached(root_fd, EG_PACKETS_STRAY_IN);

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
