// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Why a login of sshd is not guarded: what decides it. */
#include "ctl_host.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "util.h"

const char *eg_ctl_why_word(enum eg_ctl_why why)
{
	static const char *const words[] = {
		[EG_CTL_WHY_UNKNOWN] = "unknown",  [EG_CTL_WHY_NO_LINE] = "no-line",
		[EG_CTL_WHY_NO_PAM] = "usepam-no", [EG_CTL_WHY_EXEMPT] = "exempt",
		[EG_CTL_WHY_OLDER] = "older",	   [EG_CTL_WHY_ONERR] = "onerr",
	};

	return words[why];
}

/* Do the exemptions of the line hold for the user? */
static bool is_exempt(const struct eg_ctl_evidence *evidence, char text[EG_CTL_WHY_SIZE])
{
	if (eg_pam_lists(evidence->use->exempt_users, evidence->user)) {
		(void)snprintf(text, EG_CTL_WHY_SIZE, "exempt: exempt_user=%s", evidence->user);
		return true;
	}
	for (size_t i = 0; i < evidence->n_groups; i++) {
		if (!eg_pam_lists(evidence->use->exempt_groups, evidence->groups[i]))
			continue;
		(void)snprintf(text, EG_CTL_WHY_SIZE, "exempt: exempt_group=%s",
			       evidence->groups[i]);
		return true;
	}
	return false;
}

/* What there is no doubt about comes first: without a line, or without PAM, no login is guarded. An
 * exemption is not, either, however old the session is. */
enum eg_ctl_why eg_ctl_unguarded_why(const struct eg_ctl_evidence *evidence,
				     char text[EG_CTL_WHY_SIZE])
{
	enum eg_ctl_why why = EG_CTL_WHY_UNKNOWN;
	const char *words = "not known: see the log";

	if (evidence->pam_read && !evidence->use->found) {
		why = EG_CTL_WHY_NO_LINE;
		words = "no line of " EG_PAM_MODULE " in /etc/pam.d/sshd";
	} else if (evidence->uses_pam == 0) {
		why = EG_CTL_WHY_NO_PAM;
		words = "UsePAM no: sshd does not ask PAM";
	} else if (evidence->pam_read && is_exempt(evidence, text)) {
		return EG_CTL_WHY_EXEMPT;
	} else if (evidence->installed_s && evidence->started_s &&
		   evidence->started_s < evidence->installed_s) {
		why = EG_CTL_WHY_OLDER;
		words = "older than the installation: the module or its line has changed since";
	} else if (evidence->pam_read && evidence->use->onerr) {
		why = EG_CTL_WHY_ONERR;
		words = "let in by onerr=succeed: the log says what failed";
	} else if (evidence->pam_read && evidence->use->optional) {
		why = EG_CTL_WHY_ONERR;
		words = "let in because the line's control lets failures pass: the log says what "
			"failed";
	}
	(void)snprintf(text, EG_CTL_WHY_SIZE, "%s", words);
	return why;
}

/* When a file was put there: an unpacked one has an older time of its content. */
static uint64_t changed_s(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 ? (uint64_t)st.st_ctim.tv_sec : 0;
}

uint64_t eg_ctl_installed_s(const struct eg_ctl_host *host, const struct eg_pam_use *use)
{
	uint64_t line = changed_s(host->pam_file),
		 module = changed_s(*use->module == '/' ? use->module : host->module);

	return line > module ? line : module;
}
