/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * eg_quick (bpf/abi_quick.h): what the kernel side remembers, and how it is made to forget.
 */
#ifndef EG_QUICK_H
#define EG_QUICK_H

#include "abi.h"

/*
 * Maps it. fd: of the map, borrowed. 0 and *ret, which the caller unmaps; or the negative errno of
 * mmap.
 */
int eg_quick_map(int fd, struct eg_quick **ret);

/* NULL is fine. */
void eg_quick_unmap(struct eg_quick *quick);

/* No word that is there counts any more. Does not block. One thread at a time. */
void eg_quick_forget(struct eg_quick *quick);

#endif
