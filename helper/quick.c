// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* What the kernel side remembers of cgroups: forgotten by counting up. */
#include "quick.h"

#include <errno.h>
#include <stddef.h>
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

static void count(struct eg_quick *quick, __u64 to)
{
	__atomic_store_n(&quick->bindings, to, __ATOMIC_SEQ_CST);
}

void eg_quick_forget(struct eg_quick *quick)
{
	if (quick->bindings < EG_QUICK_WIPING - EG_QUICK_ONE) {
		count(quick, quick->bindings + EG_QUICK_ONE);
		return;
	}
	/* Once in 16 million logins. Should the helper be killed in here, every task is looked up
	 * the long way until the next change, which comes here again. */
	count(quick, EG_QUICK_WIPING);
	for (size_t i = 0; i < EG_QUICK_WORDS; i++)
		__atomic_store_n(&quick->words[i], 0, __ATOMIC_RELAXED);
	count(quick, EG_QUICK_ONE);
}
