/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * LSM hooks that a kernel may lack, and what is weaker then. Pure: a table and its look-up. A hook
 * that is not in it is one that the helper does not start without.
 */
#ifndef EG_HOOKS_H
#define EG_HOOKS_H

#include <stdbool.h>
#include <stddef.h>

enum { EG_HOOKS_MAX = 16 /* optional hooks */ };

struct eg_hook {
	const char *name;    /* as in lsm/NAME */
	const char *weaker;  /* what a kernel without it does not do; for people */
	const char *instead; /* the hook that does the same there; NULL = none does */
};

/* Not a hook, but as optional as one: the kernel's way to take a SHA-256 digest of a file (IMA). */
extern const struct eg_hook eg_hook_digests;

/* All optional hooks. *ret_n: how many, EG_HOOKS_MAX at most. */
const struct eg_hook *eg_hooks_table(size_t *ret_n);

/* The optional hook of that name; NULL = there must be one. */
const struct eg_hook *eg_hooks_optional(const char *name);

/* Name of the hook in a program's section, "lsm/NAME" or "lsm.s/NAME". Borrowed from section; NULL
 * for programs of another kind. */
const char *eg_hooks_of_section(const char *section);

/* Is this build made to take the hook for missing, although the kernel has it? For the tests
 * (EG_BLIND_HOOK); never in the product. */
bool eg_hooks_is_blind(const char *name);

#endif
