// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Preloaded into sshd under valgrind, which needs system calls and descriptors of its own: sshd's
 * process without privileges gets no seccomp filter (sshd goes on without where a kernel has none),
 * and keeps its limit of descriptors. No PAM module runs in that process.
 */
#include <errno.h>
#include <stdarg.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { N_ARGS = 4 };

__attribute__((visibility("default"))) int prctl(int option, ...)
{
	unsigned long arg[N_ARGS];
	va_list ap;

	va_start(ap, option);
	for (int i = 0; i < N_ARGS; i++)
		arg[i] = va_arg(ap, unsigned long);
	va_end(ap);
	if (option == PR_SET_SECCOMP) {
		errno = EINVAL;
		return -1;
	}
	return (int)syscall(SYS_prctl, option, arg[0], arg[1], arg[2], arg[3]);
}

__attribute__((visibility("default"))) int setrlimit(__rlimit_resource_t resource,
						     const struct rlimit *limit)
{
	if (resource == RLIMIT_NOFILE && limit->rlim_max <= 1)
		return 0;
	return prlimit(0, resource, limit, NULL);
}
