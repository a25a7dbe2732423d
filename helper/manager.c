// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * User managers. `systemd-run --user` starts programs in user@UID.service and, with --scope, has
 * PID 1 move the caller
 * there: an ordinary user's way out of any session cgroup. So that cgroup is guarded too, as a
 * session of its own that all sessions of the user share. The kernel side binds it when it is made
 * anew (eg_cgroup_mkdir).
 */
#include "helper.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "fault.h"
#include "log.h"
#include "order.h"
#include "util.h"

enum {
	MANAGER_LEVEL = 3,
	BIRTH_MS = 10000, /* by then a cgroup that was being made can be opened */
};

struct eg_session *eg_manager_find(struct eg_helper *helper, uint32_t uid)
{
	struct eg_person *person = eg_people_manager(&helper->people, uid);

	return person ? (struct eg_session *)((char *)person - offsetof(struct eg_session, person))
		      : NULL;
}

struct eg_match_who eg_manager_who(const char *user, const struct eg_groups *groups)
{
	return (struct eg_match_who){.user = user,
				     .service = "systemd-user",
				     .groups = groups->names,
				     .n_groups = groups->n,
				     .groups_known = groups->known};
}

static int new_manager(struct eg_helper *helper, uint32_t uid, const char *user,
		       const char *profile_name, uint32_t profile, struct eg_session **ret)
{
	struct eg_record record = {
		.started_s = (uint64_t)time(NULL),
		.uid = uid,
		.profile = profile,
		.flags = EG_GUARD_MANAGER,
		.service = "systemd-user",
	};
	uint64_t number;
	int r = eg_fault(open_manager_record) ?: eg_bpf_session_number(helper->bpf, &number);

	(void)snprintf(record.user, sizeof(record.user), "%s", user);
	(void)snprintf(record.profile_name, sizeof(record.profile_name), "%s", profile_name);
	if (!r)
		r = eg_bpf_record_put(helper->bpf, number, &record, true);
	if (r < 0)
		return r;
	*ret = eg_fault(open_manager_table) ? NULL : eg_session_add(helper, number, &record);
	if (!*ret) {
		eg_bpf_record_drop(helper->bpf, number);
		return -ENOMEM;
	}
	(*ret)->empty = true; /* until a cgroup is found */
	return 0;
}

/* Writes the record back. A failure leaves an older one in the map, which a restarted helper
 * corrects by looking. */
static int remember(struct eg_helper *helper, struct eg_session *manager, uint64_t cgroup)
{
	if (manager->record.cgroup == cgroup)
		return 0;
	manager->record.cgroup = cgroup;
	return eg_bpf_record_put(helper->bpf, manager->number, &manager->record, false);
}

static struct eg_guard guard_of(struct eg_helper *helper, const struct eg_session *manager)
{
	return (struct eg_guard){.session = manager->number,
				 .profile = eg_order_slot(helper, manager),
				 .flags = EG_GUARD_MANAGER};
}

/* Lets the cgroup the record names go, when it is another than `next`. */
static void release_old(struct eg_helper *helper, struct eg_session *manager, uint64_t next)
{
	if (!manager->record.cgroup || manager->record.cgroup == next)
		return;
	(void)eg_bpf_unbind(helper->bpf, manager->record.cgroup); /* gone already is fine */
	eg_session_unwatch(manager);
	manager->unfiltered = false;
}

/* Binds the manager's cgroup if there is one, and labels the tasks that were in it before. */
static int bind_running(struct eg_helper *helper, struct eg_session *manager)
{
	struct eg_guard guard = guard_of(helper, manager);
	char path[128];
	uint64_t id, before;
	bool known;
	int fd eg_auto_close = -1;
	int r;

	(void)snprintf(path, sizeof(path), "user.slice/user-%u.slice/user@%u.service",
		       manager->record.uid, manager->record.uid);
	fd = eg_fault(open_manager_cgroup) ?: eg_cgroup2_open_path(&helper->cgroup2, path);
	if (fd < 0)
		return fd == -ENOENT ? 0 : fd;
	r = eg_cgroup2_id(fd, &id);
	if (r < 0)
		return r;
	release_old(helper, manager, id);
	known = manager->record.cgroup == id && manager->events.fd >= 0;
	before = manager->record.cgroup == id ? id : 0;
	/* Before the binding, or nobody would find that one if we were killed behind it. */
	r = eg_fault(manager_remember) ?: remember(helper, manager, id);
	/* It may carry the number of an earlier record of this user: the kernel side was first. */
	if (!r)
		r = eg_fault(manager_bind) ?: eg_bpf_rebind(helper->bpf, id, MANAGER_LEVEL, &guard);
	if (r < 0)
		(void)remember(helper, manager, before);
	else
		r = eg_fault(manager_packets) ?: eg_bpf_packets_attach(helper->bpf, fd);
	if (r < 0)
		return r;
	manager->unfiltered = false;
	if (known)
		return 0;
	r = eg_fault(manager_watch) ?: eg_session_watch(helper, manager, fd);
	if (!r)
		r = eg_fault(manager_label) ?: eg_bpf_label_all(helper->bpf);
	return r;
}

int eg_manager_guard(struct eg_helper *helper, uint32_t uid, const char *user,
		     const char *profile_name, uint32_t profile)
{
	struct eg_session *manager = eg_manager_find(helper, uid);
	struct eg_guard guard;
	int r;

	if (!manager) {
		r = new_manager(helper, uid, user, profile_name, profile, &manager);
		if (r < 0)
			return r;
	}
	/* The template first: a manager made between the two steps is bound by the kernel side. */
	guard = guard_of(helper, manager);
	r = eg_fault(open_manager_set) ?: eg_bpf_manager_set(helper->bpf, uid, &guard);
	return r < 0 ? r : bind_running(helper, manager);
}

/*
 * The kernel reports a new cgroup before it can be opened (kernfs activates it a little later), so
 * one that cannot be opened now is not gone: its binding stays, and eg_manager_settle looks again.
 */
void eg_manager_made(struct eg_helper *helper, const struct eg_event *event)
{
	struct eg_session *manager = eg_session_find(helper, event->session);
	int fd eg_auto_close = -1;

	if (!manager)
		manager = eg_manager_find(helper, event->uid);
	if (!manager) {
		/* The user's last session ended between the cgroup's birth and this record. */
		(void)eg_bpf_unbind(helper->bpf, event->cgroup);
		return;
	}
	release_old(helper, manager, event->cgroup);
	(void)remember(helper, manager, event->cgroup);
	manager->born_ms = eg_proto_now_ms();
	manager->empty = true;
	manager->unfiltered = false;
	fd = eg_cgroup2_open_id(&helper->cgroup2, event->cgroup);
	if (fd < 0)
		return; /* settle tries again */
	eg_session_filter(helper, manager, fd);
	(void)eg_session_watch(helper, manager, fd); /* or settle does */
}

/*
 * Finds out what became of the cgroup. Only ESTALE says that it is gone, and only for one that is
 * not just being made; any other error leaves the binding, because a lack of descriptors must not
 * lift a guard.
 */
static void look_at_cgroup(struct eg_helper *helper, struct eg_session *manager)
{
	int fd eg_auto_close = eg_cgroup2_open_id(&helper->cgroup2, manager->record.cgroup);

	if (fd == -ESTALE && eg_proto_now_ms() - manager->born_ms > BIRTH_MS) {
		release_old(helper, manager, 0);
		(void)remember(helper, manager, 0);
	} else if (fd >= 0 && manager->events.fd < 0) {
		eg_session_filter(helper, manager, fd);
		(void)eg_session_watch(helper, manager, fd); /* or at the next look */
	}
}

void eg_manager_settle(struct eg_helper *helper, struct eg_session *manager)
{
	if (!manager->empty)
		return;
	if (manager->record.cgroup)
		look_at_cgroup(helper, manager);
	if (manager->record.cgroup || eg_people_has_session(&helper->people, manager->record.uid) ||
	    eg_survey_lingers(manager->record.user)) {
		manager->over_ns = 0;
		return;
	}
	if (!eg_story_is_told(helper, manager) || !eg_accounts_over(helper, manager)) {
		helper->reap_due = true; /* some of its lines are still to be written */
		return;
	}
	eg_story_check(helper, manager);
	eg_report_unsaid(manager);
	(void)eg_bpf_manager_set(helper->bpf, manager->record.uid, NULL); /* absent is fine */
	eg_log(LOG_DEBUG, "manager of uid %u is gone", manager->record.uid);
	eg_session_drop(helper, manager);
}
