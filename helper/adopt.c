// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* What a helper finds at its start: sessions that an earlier one guarded, and leaves that nobody
 * uses. */
#include "helper.h"

#include <dirent.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "log.h"
#include "order.h"
#include "util.h"

enum { ORPHAN_S = 60 }; /* a login takes a few seconds at most */

static void adopt_one(struct eg_helper *helper, uint64_t number, const struct eg_record *record)
{
	struct eg_session *session = eg_session_add(helper, number, record);
	int fd eg_auto_close = -1;

	if (!session) {
		eg_log(LOG_ERR,
		       "out of memory: session %llu stays guarded but its end will not be noticed",
		       (unsigned long long)number);
		return;
	}
	eg_metrics_adopt(helper, session);
	session->account.due = true; /* what an earlier helper had in memory is missing */
	if (record->cgroup)
		fd = eg_cgroup2_open_id(&helper->cgroup2, record->cgroup);
	if (fd >= 0)
		eg_session_filter(helper, session, fd); /* an older build's programs are replaced */
	if (fd < 0 || eg_session_watch(helper, session, fd) < 0) {
		session->empty = true;
		helper->reap_due = true;
	}
}

/*
 * Leaves of our own directory that nobody uses: sshd was killed between making one and asking for a
 * guard. Young ones may belong to a login that is on its way. (Those below a logind scope go with
 * it.)
 */
static void sweep_leaves(struct eg_helper *helper)
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

int eg_adopt_sessions(struct eg_helper *helper)
{
	uint64_t number = 0;
	int n = 0;

	while (eg_bpf_record_next(helper->bpf, &number) == 0) {
		struct eg_record record;

		if (eg_bpf_record_get(helper->bpf, number, &record) < 0)
			continue;
		adopt_one(helper, number, &record);
		n++;
	}
	eg_order_adopt(helper);
	eg_accounts_resume(helper);
	eg_stray_adopt(helper);
	sweep_leaves(helper);
	eg_survey(helper);
	return n;
}
