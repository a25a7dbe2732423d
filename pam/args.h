/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Arguments of the module's line in /etc/pam.d: pam_ebpfguard(8). */
#ifndef EG_PAM_ARGS_H
#define EG_PAM_ARGS_H

#include <stdbool.h>

struct eg_args {
	int timeout_ms;
	const char *socket; /* PAM's string, borrowed */
	bool onerr_succeed;
	bool debug;
	unsigned int n_bad; /* the caller's: arguments that were refused */
};

/*
 * Takes in one argument. args: keeps what arg does not name, and refers to arg as long as it is
 * used. Exemptions are only looked at for their form. Returns 0, -ENOENT for a name we do not know,
 * -EINVAL or -ERANGE for its value; then nothing has changed. Pure, never blocks.
 */
int eg_args_parse(struct eg_args *args, const char *arg);

#endif
