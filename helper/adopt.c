// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* What a helper finds at its start: sessions that an earlier one guarded. And leaves that nobody
 * uses, at its start and later. */
#include "helper.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "fault.h"
#include "log.h"
#include "order.h"
#include "util.h"
#include "versions.h"

enum { ORPHAN_S = 60 }; /* a login takes a few seconds at most */

/* Without its cgroup being watched it is looked at each second, and ends by its labels. */
static int adopt_one(struct eg_helper *helper, uint64_t number, const struct eg_record *record)
{
	struct eg_session *session =
		eg_fault(adopt_table) ? NULL : eg_session_add(helper, number, record);
	int fd eg_auto_close = -1;

	if (!session)
		return -ENOMEM;
	eg_metrics_adopt(helper, session);
	session->account.due = true; /* what an earlier helper had in memory is missing */
	if (record->cgroup)
		fd = eg_fault(adopt_cgroup) ?: eg_cgroup2_open_id(&helper->cgroup2, record->cgroup);
	if (fd >= 0)
		eg_session_filter(helper, session, fd); /* an older build's programs are replaced */
	if (fd < 0 || eg_fault(adopt_watch) < 0 || eg_session_watch(helper, session, fd) < 0) {
		session->empty = session->unseen = true;
		helper->reap_due = true;
	}
	return 0;
}

/* ---- logins that were under way ---- */

/* Who carries labels when the helper starts; n 0 and list NULL: it could not be told. */
struct members {
	struct eg_member *list;
	size_t n;
};

/* Nobody but the process that asked: else it was let in, whatever the record says. */
static bool is_only(const struct members *members, uint64_t number, uint32_t leader)
{
	for (size_t i = 0; i < members->n; i++)
		if (members->list[i].session == number && members->list[i].tgid != leader)
			return false;
	return members->list;
}

static void drop_label(struct eg_helper *helper, uint64_t number, uint32_t leader)
{
	int pidfd eg_auto_close = (int)syscall(SYS_pidfd_open, leader, 0);
	struct eg_guard guard;

	/* It may have exited, and its number be another's. */
	if (pidfd >= 0 && eg_bpf_label_get(helper->bpf, pidfd, &guard) == 0 &&
	    guard.session == number)
		(void)eg_bpf_label_drop(helper->bpf, pidfd);
}

/*
 * The helper was killed before it could answer: the caller has been refused, or waits and asks
 * again, from the same cgroup. As eg_session_undo, by the record: some of it was never there.
 */
static void take_back(struct eg_helper *helper, uint64_t number, const struct eg_record *record)
{
	drop_label(helper, number, record->leader);
	(void)eg_bpf_unbind(helper->bpf, record->cgroup);
	eg_bpf_order_drop(helper->bpf, number);
	(void)eg_fault(adopt_take_back);
	eg_bpf_record_drop(helper->bpf, number); /* last: until then we find it */
	eg_log(LOG_NOTICE,
	       "session %llu of user %s was being opened when the helper ended: taken back",
	       (unsigned long long)number, record->user);
}

enum { STEP = 64 };

/* Those of one look through the table, which must not change meanwhile. Returns how many, or a
 * negative errno. */
static int find_under_way(struct eg_helper *helper, uint64_t *numbers)
{
	struct eg_record record;
	uint64_t number = 0;
	int n = 0, r = 0;

	while (n < STEP && (r = eg_bpf_record_next(helper->bpf, &number)) == 0)
		if (eg_bpf_record_get(helper->bpf, number, &record) == 0 &&
		    record.flags & EG_GUARD_OPENING)
			numbers[n++] = number;
	return r < 0 && r != -ENOENT ? r : n;
}

/* The flag stays with those that are taken up all the same: then they are looked at again. */
static int take_back_all(struct eg_helper *helper)
{
	struct members members = {0};
	uint64_t numbers[STEP];
	int n = find_under_way(helper, numbers);

	if (n > 0 && eg_bpf_members(helper->bpf, &members.list, &members.n) < 0)
		return 0; /* they end when no task of theirs is left */
	for (int i = 0; i < n; i++) {
		struct eg_record record;

		if (eg_bpf_record_get(helper->bpf, numbers[i], &record) == 0 &&
		    is_only(&members, numbers[i], record.leader))
			take_back(helper, numbers[i], &record);
	}
	free(members.list);
	return n < 0 ? n : 0;
}

static int adopt_all(struct eg_helper *helper)
{
	uint64_t number = 0;
	int n = 0, r;

	while ((r = eg_fault(adopt_walk) ?: eg_bpf_record_next(helper->bpf, &number)) == 0) {
		struct eg_record record;

		r = eg_fault(adopt_record) ?: eg_bpf_record_get(helper->bpf, number, &record);
		if (!r)
			r = adopt_one(helper, number, &record);
		if (r < 0)
			return r;
		n++;
	}
	return r == -ENOENT ? n : r;
}

/* ---- leaves that nobody uses ---- */

/*
 * Leaves of our own directory that nobody uses: sshd was killed between making one and asking for a
 * guard, or --unload ended the guarding while somebody was in it. Young ones may belong to a login
 * that is on its way. (Those below a logind scope go with it.)
 */
void eg_adopt_sweep(struct eg_helper *helper)
{
	int fd = eg_cgroup2_open_path(&helper->cgroup2, EG_LEAF_DIR);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *entry;

	while (dir && (entry = readdir(dir))) {
		struct stat st;
		struct eg_guard guard;

		if (strncmp(entry->d_name, EG_LEAF_PREFIX, strlen(EG_LEAF_PREFIX)) ||
		    fstatat(fd, entry->d_name, &st, AT_SYMLINK_NOFOLLOW) < 0 ||
		    time(NULL) - st.st_ctime < ORPHAN_S ||
		    eg_bpf_binding_get(helper->bpf, st.st_ino, &guard) != -ENOENT)
			continue;
		(void)unlinkat(fd, entry->d_name, AT_REMOVEDIR); /* EBUSY: somebody is in it */
	}
	if (dir)
		(void)closedir(dir);
	else
		eg_close_p(&fd);
}

int eg_adopt_sessions(struct eg_helper *helper, struct eg_err *reterr)
{
	int n = eg_fault(adopt_under_way) ?: take_back_all(helper);

	if (!n)
		n = adopt_all(helper);
	if (n < 0)
		return eg_err_fail(reterr, n,
				   "cannot take over the sessions there are: %s; they stay guarded",
				   strerror(-n));
	eg_order_adopt(helper);
	(void)eg_fault(adopt_accounts);
	eg_accounts_resume(helper);
	(void)eg_fault(adopt_strays);
	eg_stray_adopt(helper);
	(void)eg_fault(adopt_sweep);
	eg_adopt_sweep(helper);
	(void)eg_fault(adopt_survey);
	eg_survey(helper);
	eg_versions_start(helper);
	return n;
}
