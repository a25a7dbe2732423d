// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "versions.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fault.h"
#include "log.h"
#include "util.h"
#include "version.h"

enum {
	LOOK_TICKS = 5,	   /* a version is looked at that often */
	BIRTH_MS = 10000,  /* by then a cgroup that was being made can be opened */
	MANAGER_LEVEL = 3, /* user.slice/user-UID.slice/user@UID.service */
};

struct version {
	unsigned int abi;
	struct eg_bpf_version *set; /* owned */
	uint32_t sessions;	    /* under it, when it was last looked at */
	int64_t retired_ms;	    /* when it had none left; 0 = it has */
	bool failed;		    /* it could not be dropped, which was said */
};

struct eg_versions {
	struct version list[EG_VERSIONS_MAX];
	size_t n;
	unsigned int ticks;
};

/* ---- who is under it ---- */

static int compare_members(const void *va, const void *vb)
{
	const struct eg_member *a = va, *b = vb;

	return (a->session > b->session) - (a->session < b->session);
}

/* Has a cgroup that it binds a process? 1, 0 or a negative errno. */
static int is_populated(int dirfd)
{
	int fd eg_auto_close = openat(dirfd, "cgroup.events", O_RDONLY | O_CLOEXEC);
	int r = fd < 0 ? -errno : eg_cgroup2_populated(fd);

	return r == -ENODEV || r == -ENOENT ? 0 : r;
}

/* A user's manager is no session: ours is to guard it, too, before theirs lets it go. 0 or a
 * negative errno. */
static int take_manager(struct eg_helper *helper, uint64_t cgroup, uint32_t uid)
{
	struct eg_guard guard;
	int r = eg_bpf_binding_get(helper->bpf, cgroup, &guard);

	return r == -ENOENT ? eg_survey_guard(helper, uid) : r;
}

/*
 * What is in one of its cgroups? 1: a session; 0: nobody, or a manager that we guard as well; or a
 * negative errno. One that is gone may be a manager's that is just being made: see BIRTH_MS.
 */
static int look_at_cgroup(struct eg_helper *helper, uint64_t cgroup)
{
	int fd eg_auto_close = eg_cgroup2_open_id(&helper->cgroup2, cgroup);
	char path[EG_CGROUP_PATH_SIZE];
	uint32_t uid;
	int r;

	if (fd < 0)
		return fd == -ESTALE ? 0 : fd;
	r = eg_cgroup2_path(&helper->cgroup2, fd, path, sizeof(path));
	if (r < 0)
		return r == -ENOENT ? 0 : r;
	if (r == MANAGER_LEVEL && eg_version_is_manager(path, &uid))
		return take_manager(helper, cgroup, uid);
	return is_populated(fd);
}

/* Those without a label in sight: processes that were put into a session's cgroup. */
static int count_cgroups(struct eg_helper *helper, struct eg_bpf_version *set, uint32_t *ret)
{
	uint64_t *ids eg_auto_free = NULL;
	size_t n = 0;
	int r = eg_bpf_version_bound(set, &ids, &n), failed = r;

	*ret = 0;
	for (size_t i = 0; i < n; i++) {
		r = look_at_cgroup(helper, ids[i]);
		if (r < 0)
			failed = r;
		else
			*ret += (uint32_t)r;
	}
	return failed < 0 ? failed : 0;
}

/* The greatest number is not to be given again while its session lives. */
static void skip_numbers(struct eg_helper *helper, const struct eg_member *members, size_t n)
{
	if (n) /* a number that stands for two sessions confuses people, and nobody else */
		(void)eg_bpf_session_skip(helper->bpf, members[n - 1].session);
}

/* How many sessions are under it; a negative errno: it cannot be told, or a manager is not guarded
 * by us. */
static int count(struct eg_helper *helper, struct version *version)
{
	struct eg_member *members eg_auto_free = NULL;
	size_t n = 0;
	int r = eg_bpf_version_members(version->set, &members, &n);

	if (r < 0)
		return r;
	if (n)
		qsort(members, n, sizeof(*members), compare_members);
	skip_numbers(helper, members, n);
	version->sessions = eg_version_sessions(members, n);
	return version->sessions ? 0 : count_cgroups(helper, version->set, &version->sessions);
}

/* ---- its end ---- */

static void forget(struct eg_versions *versions, struct version *version)
{
	size_t at = (size_t)(version - versions->list);

	eg_bpf_version_close(version->set);
	memmove(version, version + 1, (versions->n - at - 1) * sizeof(*version));
	versions->n--;
}

/* Leaves that stand in our own directory; those below a logind scope go with it. */
static void remove_leaves(struct eg_helper *helper, struct eg_bpf_version *set)
{
	uint64_t *ids eg_auto_free = NULL;
	size_t n = 0;

	(void)eg_bpf_version_bound(set, &ids, &n); /* a start removes what stays */
	for (size_t i = 0; i < n; i++) {
		int fd eg_auto_close = eg_cgroup2_open_id(&helper->cgroup2, ids[i]);
		char path[EG_CGROUP_PATH_SIZE];

		if (fd >= 0 && eg_cgroup2_path(&helper->cgroup2, fd, path, sizeof(path)) >= 0 &&
		    eg_cgroup2_is_leaf(path))
			(void)unlinkat(helper->cgroup2.root_fd, path + 1, AT_REMOVEDIR);
	}
}

static void drop(struct eg_helper *helper, struct version *version)
{
	int r;

	remove_leaves(helper, version->set);
	r = eg_bpf_version_drop(version->set, &helper->cgroup2);
	if (r < 0) {
		if (!version->failed)
			eg_log(LOG_WARNING,
			       "no session is left under version %u, but what it has pinned cannot "
			       "be removed: %s; trying again",
			       version->abi, strerror(-r));
		version->failed = true;
		return;
	}
	eg_log(LOG_NOTICE, "no session is left under version %u: its programs and pins are dropped",
	       version->abi);
	forget(helper->versions, version);
}

/*
 * First it binds no managers any more; a while later, when one that was just being made would have
 * been found, it goes.
 */
static void look(struct eg_helper *helper, struct version *version)
{
	int64_t now = eg_proto_now_ms();
	int r = count(helper, version);

	if (r < 0 || version->sessions)
		version->retired_ms = 0;
	else if (version->retired_ms && now - version->retired_ms > BIRTH_MS)
		drop(helper, version);
	else if (!version->retired_ms && eg_bpf_version_retire(version->set) == 0)
		version->retired_ms = now;
}

void eg_versions_tick(struct eg_helper *helper)
{
	struct eg_versions *versions = helper->versions;

	if (!versions || versions->ticks++ % LOOK_TICKS)
		return;
	for (size_t i = versions->n; i-- > 0;)
		look(helper, &versions->list[i]);
}

/* ---- taking them up ---- */

/* Each bound cgroup has its packet programs, also where that helper was killed before it could
 * attach them. How many have not, because it failed. */
static unsigned int filter(struct eg_helper *helper, struct eg_bpf_version *set)
{
	uint64_t *ids eg_auto_free = NULL;
	unsigned int failed = 0;
	size_t n = 0;
	int r = eg_bpf_version_bound(set, &ids, &n);

	for (size_t i = 0; i < n; i++) {
		int fd eg_auto_close = eg_cgroup2_open_id(&helper->cgroup2, ids[i]);

		if (fd >= 0 ? eg_bpf_version_packets(set, fd) < 0 : fd != -ESTALE)
			failed++;
	}
	return failed + (r < 0);
}

static void say(const struct version *version, unsigned int unfiltered)
{
	if (!version->sessions) {
		eg_log(LOG_NOTICE,
		       "version %u, which has programs pinned, has no sessions: it is "
		       "going to be dropped",
		       version->abi);
		return;
	}
	eg_log(LOG_NOTICE,
	       "%u sessions stay under version %u, pinned in " EG_PIN_PARENT
	       "/v%u, by the policy they had: changes of policy, orders (kill, quarantine, "
	       "tighten) and the logging of events do not reach them",
	       version->sessions, version->abi, version->abi);
	if (unfiltered)
		eg_log(LOG_ERR,
		       "%u of the cgroups that version %u guards may have no packet filter; calls "
		       "are judged, but not the flows that are open, nor peers that connect in",
		       unfiltered, version->abi);
}

/*
 * Its strays have no helper that would hear of them: so their packets are looked at from now on,
 * whether there are any or not. And it has to know whom its sessions are to leave alone.
 */
static void take_up(struct eg_helper *helper, struct version *version)
{
	unsigned int unfiltered = 0;
	int r = count(helper, version);

	if (version->sessions || r < 0) {
		unfiltered = filter(helper, version->set);
		if (eg_bpf_version_strays(version->set, helper->cgroup2.root_fd) < 0)
			unfiltered++;
	}
	(void)eg_bpf_version_helper(version->set, (uint32_t)getpid()); /* an array: cannot fail */
	say(version, unfiltered);
}

static void add(struct eg_helper *helper, unsigned int abi)
{
	struct eg_versions *versions = helper->versions;
	struct version *version = &versions->list[versions->n];
	struct eg_err err = {0};
	int r;

	*version = (struct version){.abi = abi};
	r = eg_fault(versions_open) ?: eg_bpf_version_open(abi, &version->set, &err);
	if (r < 0) {
		eg_log(LOG_WARNING,
		       EG_PIN_PARENT "/v%u is not a set of pins that this version can look "
				     "after: %s; whom it guards it goes on guarding, and it "
				     "stays, until: ebpfguard-helper --unload",
		       abi, err.text[0] ? err.text : strerror(-r));
		return;
	}
	versions->n++;
	take_up(helper, version);
}

void eg_versions_start(struct eg_helper *helper)
{
	unsigned int abis[EG_VERSIONS_MAX];
	int n = eg_bpf_versions_list(abis, EG_ARRAY_SIZE(abis), &helper->cgroup2);

	if (n < 0)
		eg_log(LOG_WARNING,
		       "cannot read " EG_PIN_PARENT ": %s; sessions of other versions stay as they "
		       "are",
		       strerror(-n));
	if (n <= 0)
		return;
	helper->versions = calloc(1, sizeof(*helper->versions));
	if (!helper->versions)
		return;
	if (n > EG_VERSIONS_MAX)
		eg_log(LOG_WARNING, EG_PIN_PARENT ": of %d other versions, %d are looked after", n,
		       EG_VERSIONS_MAX);
	for (int i = 0; i < n && i < EG_VERSIONS_MAX; i++)
		add(helper, abis[i]);
}

void eg_versions_close(struct eg_helper *helper)
{
	struct eg_versions *versions = helper->versions;

	while (versions && versions->n) {
		struct version *last = &versions->list[versions->n - 1];

		/* else a number that is nobody's stays protected */
		(void)eg_bpf_version_helper(last->set, 0);
		forget(versions, last);
	}
	free(eg_take_ptr(&helper->versions));
}

/* ---- what others ask ---- */

int eg_versions_bind(struct eg_helper *helper, uint64_t cgroup)
{
	struct eg_versions *versions = helper->versions;
	int r = 0;

	for (size_t i = 0; versions && i < versions->n && !r; i++)
		r = eg_bpf_version_binds(versions->list[i].set, cgroup);
	return r;
}

int eg_versions_label(struct eg_helper *helper, int pidfd)
{
	struct eg_versions *versions = helper->versions;
	int r = 0;

	for (size_t i = 0; versions && i < versions->n && !r; i++)
		r = eg_bpf_version_labels(versions->list[i].set, pidfd);
	return r;
}

static int append(struct eg_member **list, size_t *n, const struct eg_member *more, size_t n_more)
{
	struct eg_member *longer = realloc(*list, (*n + n_more + 1) * sizeof(**list));

	if (!longer)
		return -ENOMEM;
	if (n_more)
		memcpy(longer + *n, more, n_more * sizeof(*more));
	*list = longer;
	*n += n_more;
	return 0;
}

int eg_versions_members(struct eg_helper *helper, struct eg_member **ret, size_t *ret_n)
{
	struct eg_versions *versions = helper->versions;
	struct eg_member *all eg_auto_free = NULL;
	size_t n_all = 0;

	for (size_t i = 0; versions && i < versions->n; i++) {
		struct eg_member *members eg_auto_free = NULL;
		size_t n = 0;
		int r = eg_bpf_version_members(versions->list[i].set, &members, &n);

		if (!r)
			r = append(&all, &n_all, members, n);
		if (r < 0)
			return r;
	}
	*ret = eg_take_ptr(&all);
	*ret_n = n_all;
	return 0;
}

void eg_versions_status(const struct eg_helper *helper, struct eg_msg_is_status *ret)
{
	const struct eg_versions *versions = helper->versions;

	for (size_t i = 0; versions && i < versions->n; i++)
		ret->versions[ret->n_versions++] = (struct eg_msg_version){
			.abi = versions->list[i].abi, .sessions = versions->list[i].sessions};
}
