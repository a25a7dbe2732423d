/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What is recorded of a session, as the hooks that let it happen tell it.
 */
#ifndef EG_RECORD_BPF_H
#define EG_RECORD_BPF_H

#include "files.bpf.h"
#include "socket.bpf.h"

/*
 * Records that a call has been let through to ask->target, if one of the guards' policies wants to
 * know. cookie: the socket's, so that each of its peers is told once; 0 = every call is. Always 0.
 */
int eg_tell_target(struct eg_ask *ask, __u64 cookie);

/*
 * Records that a file is opened, if one of the policies of those who guard the current task names
 * it. change: as eg_change_of_file leaves it. Always 0.
 */
int eg_tell_open(struct eg_change *change);

#endif
