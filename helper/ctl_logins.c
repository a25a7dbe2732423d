// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Which of the host's logins by ssh no session has, and why: for ebpfguardctl status and
 * metrics. */
#include <err.h>
#include <errno.h>
#include <stdlib.h>

#include "ctl_host.h"
#include "ctl_remote.h"
#include "util.h"

void eg_ctl_unguarded_done(struct eg_ctl_unguarded *list)
{
	free(list->items);
	free(list->versions);
}

/* It may have ended while the helper was asked, and is in no session for that. */
static bool has_ended(const struct eg_ctl_host *host, const struct eg_ctl_login *login)
{
	struct eg_ctl_process now;
	int r = eg_ctl_process_read(host, 0, login->pid, &now);

	/* one that nobody has waited for yet has no program any more */
	return r == -ESRCH || (!r && (now.ticks != login->ticks || !*now.exe));
}

/* Does the sshd of this one use PAM? Each of a host's daemons is asked once. */
static int uses_pam(const struct eg_ctl_host *host, const struct eg_ctl_processes *members,
		    const struct eg_ctl_unguarded *list, size_t index)
{
	uint32_t listener = list->items[index].login->listener;

	for (size_t i = 0; i < index; i++)
		if (list->items[i].login->listener == listener)
			return list->items[i].uses_pam;
	if (listener && eg_ctl_processes_find(members, listener))
		return -EACCES;
	return eg_ctl_uses_pam(host, listener);
}

/* Says why each of them is not; what is the same for all is looked at once. */
static void explain_all(const struct eg_ctl_host *host, const struct eg_ctl_processes *members,
			struct eg_ctl_unguarded *list)
{
	struct eg_pam_use *use eg_auto_free = calloc(1, sizeof(*use));
	struct eg_ctl_evidence evidence = {.use = use};

	if (!use)
		errx(EG_CTL_FINDING, "out of memory");
	evidence.pam_read = eg_pam_read(host->pam_dirs, "sshd", use) == 0;
	evidence.installed_s = eg_ctl_installed_s(host, use);
	for (size_t i = 0; i < list->n; i++) {
		const struct eg_ctl_login *login = list->items[i].login;
		struct eg_ctl_groups groups = {0};

		if (*use->exempt_groups && eg_ctl_groups_find(login->user, &groups) < 0)
			errx(EG_CTL_FINDING, "out of memory");
		list->items[i].uses_pam = evidence.uses_pam = uses_pam(host, members, list, i);
		evidence.user = login->user;
		evidence.groups = groups.names;
		evidence.n_groups = groups.n;
		evidence.started_s = login->started_s;
		list->items[i].why = eg_ctl_unguarded_why(&evidence, list->items[i].text);
		eg_ctl_groups_done(&groups);
	}
}

int eg_ctl_unguarded_find(const struct eg_ctl_options *options, const struct eg_ctl_host *host,
			  const struct eg_ctl_logins *logins, struct eg_ctl_unguarded *ret)
{
	struct eg_ctl_processes members eg_ctl_auto_processes = {0};
	int r;

	if (!logins->n)
		return 0;
	r = eg_ctl_processes_ask(options, 0, &members);
	if (r < 0)
		return r;
	ret->n = ret->n_versions = 0;
	ret->items = calloc(logins->n, sizeof(*ret->items));
	ret->versions = calloc(logins->n, sizeof(struct eg_ctl_login *));
	if (!ret->items || !ret->versions)
		errx(EG_CTL_FINDING, "out of memory");
	for (size_t i = 0; i < logins->n; i++) {
		const struct eg_ctl_login *login = &logins->items[i];
		const struct eg_process *member = eg_ctl_processes_find(&members, login->pid);

		if (!member && !has_ended(host, login))
			ret->items[ret->n++].login = login;
		else if (member && member->flags & EG_PROCESS_VERSION)
			ret->versions[ret->n_versions++] = login;
	}
	if (ret->n)
		explain_all(host, &members, ret);
	return 0;
}
