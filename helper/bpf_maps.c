// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The maps: who is guarded, what was counted. Policies are bpf_policies.c's. */
#include "bpf_maps.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "fault.h"
#include "util.h"

uint32_t eg_bpf_map_id(int fd)
{
	struct bpf_map_info info = {0};
	uint32_t size = sizeof(info);

	return bpf_obj_get_info_by_fd(fd, &info, &size) < 0 ? 0 : info.id;
}

int eg_bpf_state_get(int fd, struct eg_state *ret)
{
	uint32_t zero = 0;

	return bpf_map_lookup_elem(fd, &zero, ret);
}

int eg_bpf_state_put(int fd, const struct eg_state *state)
{
	uint32_t zero = 0;

	return bpf_map_update_elem(fd, &zero, state, BPF_ANY);
}

int eg_bpf_state_change(struct eg_bpf *bpf, int (*change)(struct eg_state *state, void *arg),
			void *arg)
{
	int fd = bpf->maps[EG_MAP_STATE], r;
	struct eg_state state;

	(void)pthread_mutex_lock(&bpf->state_lock); /* fails for what is no mutex only */
	r = eg_bpf_state_get(fd, &state);
	if (!r)
		r = change(&state, arg);
	if (!r)
		r = eg_bpf_state_put(fd, &state);
	(void)pthread_mutex_unlock(&bpf->state_lock);
	return r;
}

int eg_bpf_helper_set(struct eg_bpf *bpf, uint32_t tgid)
{
	uint32_t zero = 0;

	return bpf_map_update_elem(bpf->maps[EG_MAP_HELPER], &zero, &tgid, BPF_ANY);
}

/* ---- bindings and labels ---- */

/* Adds a level to the list the programs test. It must be there before the binding is. */
static int note_level(struct eg_state *state, void *arg)
{
	unsigned int level = *(const unsigned int *)arg;

	for (uint32_t i = 0; i < state->n_levels && i < EG_LEVELS_MAX; i++)
		if (state->levels[i] == level)
			return 0;
	if (state->n_levels >= EG_LEVELS_MAX || level > UINT16_MAX)
		return -ENOSPC;
	state->levels[state->n_levels++] = (uint16_t)level;
	return 0;
}

static int add_level(struct eg_bpf *bpf, unsigned int level)
{
	return eg_bpf_state_change(bpf, note_level, &level);
}

static int put_binding(struct eg_bpf *bpf, uint64_t cgroup, unsigned int level,
		       const struct eg_guard *guard, uint64_t flags)
{
	int r = add_level(bpf, level);

	if (!r)
		r = bpf_map_update_elem(bpf->maps[EG_MAP_SESSIONS], &cgroup, guard, flags);
	if (!r)
		eg_bpf_forget(bpf);
	return r == -E2BIG ? -ENOSPC : r;
}

int eg_bpf_bind(struct eg_bpf *bpf, uint64_t cgroup, unsigned int level,
		const struct eg_guard *guard)
{
	return eg_fault(open_level) ?: put_binding(bpf, cgroup, level, guard, BPF_NOEXIST);
}

int eg_bpf_rebind(struct eg_bpf *bpf, uint64_t cgroup, unsigned int level,
		  const struct eg_guard *guard)
{
	return put_binding(bpf, cgroup, level, guard, BPF_ANY);
}

int eg_bpf_binding_get(struct eg_bpf *bpf, uint64_t cgroup, struct eg_guard *ret)
{
	return bpf_map_lookup_elem(bpf->maps[EG_MAP_SESSIONS], &cgroup, ret);
}

int eg_bpf_unbind(struct eg_bpf *bpf, uint64_t cgroup)
{
	int r = bpf_map_delete_elem(bpf->maps[EG_MAP_SESSIONS], &cgroup);

	if (!r)
		eg_bpf_forget(bpf);
	return r;
}

int eg_bpf_label_get(struct eg_bpf *bpf, int pidfd, struct eg_guard *ret)
{
	struct eg_label label;
	int r = bpf_map_lookup_elem(bpf->maps[EG_MAP_LABELS], &pidfd, &label);

	if (!r)
		*ret = label.guard;
	return r;
}

int eg_bpf_label_put(struct eg_bpf *bpf, int pidfd, const struct eg_guard *guard)
{
	const struct eg_label label = {.guard = *guard};

	return bpf_map_update_elem(bpf->maps[EG_MAP_LABELS], &pidfd, &label, BPF_NOEXIST);
}

int eg_bpf_label_drop(struct eg_bpf *bpf, int pidfd)
{
	int r = bpf_map_delete_elem(bpf->maps[EG_MAP_LABELS], &pidfd);

	if (!r)
		eg_bpf_forget(bpf);
	return r;
}

/* ---- iterators ---- */

int eg_bpf_iterate(int link, char **ret, size_t *ret_n)
{
	int fd eg_auto_close = bpf_iter_create(link);
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
	return eg_bpf_iterate(bpf->iter_label, NULL, NULL);
}

int eg_bpf_members(struct eg_bpf *bpf, struct eg_member **ret, size_t *ret_n)
{
	char *text = NULL;
	size_t n = 0;
	int r = eg_bpf_iterate(bpf->iter_members, &text, &n);

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
	int fd = bpf->maps[EG_MAP_MANAGERS];
	int r;

	if (!guard) {
		r = bpf_map_delete_elem(fd, &uid);
		return r == -ENOENT ? 0 : r;
	}
	r = add_level(bpf, MANAGER_LEVEL);
	return r < 0 ? r : bpf_map_update_elem(fd, &uid, guard, BPF_ANY);
}

static int take_number(struct eg_state *state, void *arg)
{
	*(uint64_t *)arg = ++state->next_session;
	return 0;
}

int eg_bpf_session_number(struct eg_bpf *bpf, uint64_t *ret)
{
	return eg_bpf_state_change(bpf, take_number, ret);
}

static int skip_numbers(struct eg_state *state, void *arg)
{
	uint64_t used = *(const uint64_t *)arg;

	if (state->next_session < used)
		state->next_session = used;
	return 0;
}

int eg_bpf_session_skip(struct eg_bpf *bpf, uint64_t used)
{
	return eg_bpf_state_change(bpf, skip_numbers, &used);
}

int eg_bpf_record_put(struct eg_bpf *bpf, uint64_t session, const struct eg_record *record,
		      bool is_new)
{
	static const struct eg_totals none;
	static const struct eg_written nothing;
	int records = bpf->maps[EG_MAP_RECORDS];
	int r = bpf_map_update_elem(records, &session, record, is_new ? BPF_NOEXIST : BPF_EXIST);

	if (r < 0 || !is_new)
		return r;
	r = eg_fault(open_record_written)
		    ?: bpf_map_update_elem(bpf->maps[EG_MAP_WRITTEN], &session, &nothing, BPF_ANY);
	if (!r)
		r = eg_fault(open_record_totals)
			    ?: bpf_map_update_elem(bpf->maps[EG_MAP_TOTALS], &session, &none,
						   BPF_NOEXIST);
	if (r < 0)
		eg_bpf_record_drop(bpf, session);
	return r;
}

int eg_bpf_record_get(struct eg_bpf *bpf, uint64_t session, struct eg_record *ret)
{
	return bpf_map_lookup_elem(bpf->maps[EG_MAP_RECORDS], &session, ret);
}

void eg_bpf_record_drop(struct eg_bpf *bpf, uint64_t session)
{
	/* Gone already is fine: dropping is what undo and the end of a session both do. */
	(void)bpf_map_delete_elem(bpf->maps[EG_MAP_TOTALS], &session);
	(void)bpf_map_delete_elem(bpf->maps[EG_MAP_WRITTEN], &session);
	(void)bpf_map_delete_elem(bpf->maps[EG_MAP_RECORDS], &session);
}

int eg_bpf_totals_get(struct eg_bpf *bpf, uint64_t session, struct eg_totals *ret)
{
	return bpf_map_lookup_elem(bpf->maps[EG_MAP_TOTALS], &session, ret);
}

int eg_bpf_written_get(struct eg_bpf *bpf, uint64_t session, struct eg_written *ret)
{
	return bpf_map_lookup_elem(bpf->maps[EG_MAP_WRITTEN], &session, ret);
}

int eg_bpf_written_put(struct eg_bpf *bpf, uint64_t session, const struct eg_written *written)
{
	return bpf_map_update_elem(bpf->maps[EG_MAP_WRITTEN], &session, written, BPF_EXIST);
}

int eg_bpf_writing_get(struct eg_bpf *bpf, struct eg_writing *ret)
{
	uint32_t zero = 0;

	return bpf_map_lookup_elem(bpf->maps[EG_MAP_WRITING], &zero, ret);
}

int eg_bpf_writing_put(struct eg_bpf *bpf, const struct eg_writing *writing)
{
	uint32_t zero = 0;

	return bpf_map_update_elem(bpf->maps[EG_MAP_WRITING], &zero, writing, BPF_ANY);
}

int eg_bpf_record_next(struct eg_bpf *bpf, uint64_t *session)
{
	return bpf_map_get_next_key(bpf->maps[EG_MAP_RECORDS], *session ? session : NULL, session);
}

/* ---- orders ---- */

int eg_bpf_order_next(struct eg_bpf *bpf, uint64_t *session)
{
	return bpf_map_get_next_key(bpf->maps[EG_MAP_ORDERS], *session ? session : NULL, session);
}

static int set_orders(struct eg_state *state, void *arg)
{
	state->n_orders = *(const uint32_t *)arg;
	return 0;
}

int eg_bpf_orders_count(struct eg_bpf *bpf)
{
	uint64_t session = 0;
	uint32_t n = 0;
	int r = 0;

	while (n < EG_SESSIONS_MAX && (r = eg_bpf_order_next(bpf, &session)) == 0)
		n++;
	/* One that is too small would make orders void. */
	if (r < 0 && r != -ENOENT)
		return r;
	r = eg_bpf_state_change(bpf, set_orders, &n);
	eg_bpf_briefs_tell(bpf);
	return r;
}

int eg_bpf_order_get(struct eg_bpf *bpf, uint64_t session, struct eg_order *ret)
{
	*ret = (struct eg_order){0};
	return bpf_map_lookup_elem(bpf->maps[EG_MAP_ORDERS], &session, ret);
}

int eg_bpf_order_put(struct eg_bpf *bpf, uint64_t session, const struct eg_order *order)
{
	int r;

	if (!order->from && !order->flags) {
		eg_bpf_order_drop(bpf, session);
		return 0;
	}
	r = bpf_map_update_elem(bpf->maps[EG_MAP_ORDERS], &session, order, BPF_ANY);
	return r < 0 ? r : eg_bpf_orders_count(bpf);
}

void eg_bpf_order_drop(struct eg_bpf *bpf, uint64_t session)
{
	/* A count that is too large costs time, and nothing else. */
	if (bpf_map_delete_elem(bpf->maps[EG_MAP_ORDERS], &session) == 0)
		(void)eg_bpf_orders_count(bpf);
}
