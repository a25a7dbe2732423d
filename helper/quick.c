// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* What the kernel side remembers: forgotten by counting up. */
#include "quick.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>
#include <sys/mman.h>

#include "fault.h"

int eg_quick_map(int fd, struct eg_quick **ret)
{
	void *at = eg_fault(start_quick)
			   ? MAP_FAILED
			   : mmap(NULL, sizeof(**ret), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	if (at == MAP_FAILED)
		return -errno;
	*ret = at;
	return 0;
}

void eg_quick_unmap(struct eg_quick *quick)
{
	if (quick)
		(void)munmap(quick, sizeof(*quick));
}

static void set(struct eg_quick *quick, __u64 count)
{
	__atomic_store_n(&quick->count, count, __ATOMIC_SEQ_CST);
}

void eg_quick_forget(struct eg_quick *quick)
{
	if (quick->count < EG_QUICK_WIPING - EG_QUICK_ONE) {
		set(quick, quick->count + EG_QUICK_ONE);
		return;
	}
	/* Once in 16 million changes. Should the helper be killed in here, everything is looked up
	 * the long way until the next change, which comes here again. */
	set(quick, EG_QUICK_WIPING);
	memset(quick->cgroups, 0, sizeof(quick->cgroups));
	memset(quick->tasks, 0, sizeof(quick->tasks));
	memset(quick->peers, 0, sizeof(quick->peers));
	set(quick, EG_QUICK_ONE);
}
