/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What ebpfguardctl setup changes on a host, and how that is taken back: a line in services of PAM
 * and one in the configuration, each with a mark (setup_text.h), and units that are enabled. All of
 * it says on stderr what did not work.
 */
#ifndef EG_CTL_CHANGE_H
#define EG_CTL_CHANGE_H

#include <stdbool.h>

#include "ctl.h"

#define EG_CTL_PAM_D	 "/etc/pam.d"
#define EG_CTL_STATE_DIR "/var/lib/ebpfguard"

/*
 * Gives a service the session line of the module, with exempt_user=.
 * Returns 0; -EEXIST when it asks for the module already, in its file or in one that it includes,
 * which is no error and said by nobody; or another negative errno.
 */
int eg_ctl_line_add(const char *service, const char *exempt_user);

/* Takes lines of setup's out of a service and says so on stdout. Returns how many there were, or a
 * negative errno. */
int eg_ctl_line_remove(const char *service);

/*
 * Writes mode into the configuration, for those without a profile that says another, and has it
 * put in force: does not change what says so already. What does not work then is put back.
 * Returns 0, or 1.
 */
int eg_ctl_mode_set(const struct eg_ctl_options *options, enum eg_mode mode);

/* Enables and starts the units, and keeps which were not enabled before. Returns 0, or 1. */
int eg_ctl_units_enable(void);

/*
 * Takes all of it back, in all services: what was changed by earlier runs, too. What cannot be
 * taken back does not keep the rest from it. The units go on while a service asks for the module:
 * else nobody could log in by it. Says on stdout what it has done. Returns 0, or 1.
 */
int eg_ctl_changes_undo(const struct eg_ctl_options *options);

#endif
