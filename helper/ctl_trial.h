/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* A login tried out, of ebpfguardctl setup. */
#ifndef EG_CTL_TRIAL_H
#define EG_CTL_TRIAL_H

#include <stdbool.h>

#include "ctl.h"
#include "pam_file.h"

/* Whose login to try: somebody of this host's people who has a shell and is not exempt by the lines
 * of PAM; else root. ret: size bytes. */
void eg_ctl_trial_person(const struct eg_pam_use *use, char *ret, size_t size);

/*
 * Logs a user in over SSH on this host: by an sshd of its own with this host's settings and PAM
 * stack, on a port of 127.0.0.1 that nobody else uses, with a key made for it. The host's sshd, its
 * keys and the user's are not touched, and nothing is left.
 * guarded: the helper must know the session; else it must not.
 * Takes a minute at most. Returns 0, or 1 after saying on stderr what was not as it should be.
 */
int eg_ctl_trial(const struct eg_ctl_options *options, const char *user, bool guarded);

#endif
