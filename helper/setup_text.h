/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The texts that ebpfguardctl setup changes, a PAM service's and the configuration: each gets one
 * line, which a mark at its end tells from what others wrote, and loses it again. Pure.
 */
#ifndef EG_SETUP_TEXT_H
#define EG_SETUP_TEXT_H

/* At the end of our lines; for PAM and for libconfig a comment. */
#define EG_SETUP_MARK "# ebpfguardctl setup"

/*
 * Adds the session line to a service: behind the first line that includes what the distribution has
 * for all sessions (pam_systemd is in there), before anything that follows it; else at the end.
 * args: of the module, in one text; may be empty.
 * Returns 0 with *ret, the caller's; -EEXIST: there is a line of the module, whoever wrote it;
 * -ENOTSUP: there are lines that go on in the next one; or -ENOMEM.
 */
int eg_setup_pam_add(const char *text, const char *args, char **ret);

/* Takes our lines out. Returns how many with *ret, the caller's, or -ENOMEM. */
int eg_setup_pam_remove(const char *text, char **ret);

/*
 * Writes mode = "MODE" into the configuration, in the place of the line that has one outside of
 * all groups, or at its beginning. What was there is kept in the mark.
 * Returns 0 with *ret, the caller's; -ENOTSUP: that mode stands on a line with other things; or
 * -ENOMEM.
 */
int eg_setup_mode_set(const char *text, const char *mode, char **ret);

/* Puts back what our mark keeps. Returns 1 with *ret, the caller's; 0: there is no mark; or
 * -ENOMEM. */
int eg_setup_mode_undo(const char *text, char **ret);

#endif
