/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The socket that a login came by. The helper marks it, so that a policy that is tightened does not
 * cut off who is logged in, and looks from it where the login comes from. It is this process's, so
 * it is passed: the helper need not be able to take what others have open.
 */
#ifndef EG_PAM_SOCKET_H
#define EG_PAM_SOCKET_H

#include <stdbool.h>

/*
 * Looks through the descriptors of this process for what SSH_CONNECTION tells of (ends.h), the
 * lowest first.
 * connection: NULL or empty = the service names none, and nothing is looked at, since who called it
 * may have left any number of descriptors to it. *ret_looked: false = it could not be told.
 * Returns a duplicate (at least 3, O_CLOEXEC, owned by the caller), or -1. Never blocks.
 */
int eg_socket_find(const char *connection, bool *ret_looked);

#endif
