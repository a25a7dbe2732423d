// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Doors into the kernel: what root could use to lift the guard. Nothing is carried through: what
 * is handed to a call is rubbish, and a complaint about the rubbish shows that the door was open:
 * that is "ok". What a kernel is built without is "absent".
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <linux/perf_event.h>
#include <linux/reboot.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/io.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/swap.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "try.h"

/* complaint: the errno that comes behind the door. */
static int door(long r, int complaint)
{
	if (r < 0 && errno == complaint)
		return 0;
	return r < 0 && errno == ENOSYS ? ABSENT - ENOSYS : outcome(r);
}

static int bpf(int cmd, union bpf_attr *attr)
{
	return (int)syscall(SYS_bpf, cmd, attr, sizeof(*attr));
}

/* ---- bpf and perf ---- */

/* The shortest program there is, of a type anybody may load where that is allowed. */
static int bpf_load(char **arg)
{
	struct bpf_insn code[] = {
		{.code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = 0, .imm = 0},
		{.code = BPF_JMP | BPF_EXIT},
	};
	union bpf_attr attr = {.prog_type = BPF_PROG_TYPE_SOCKET_FILTER,
			       .insns = (uint64_t)(uintptr_t)code,
			       .insn_cnt = 2,
			       .license = (uint64_t)(uintptr_t) "GPL"};

	(void)arg;
	return outcome(bpf(BPF_PROG_LOAD, &attr));
}

static int bpf_map(char **arg)
{
	union bpf_attr attr = {
		.map_type = BPF_MAP_TYPE_ARRAY, .key_size = 4, .value_size = 4, .max_entries = 1};

	(void)arg;
	return outcome(bpf(BPF_MAP_CREATE, &attr));
}

static int bpf_get(char **arg)
{
	union bpf_attr attr = {.pathname = (uint64_t)(uintptr_t)arg[0]};

	return outcome(bpf(BPF_OBJ_GET, &attr));
}

/* No program, map or link at all is an answer as well. */
static int bpf_next(char **arg)
{
	union bpf_attr attr = {0};
	int cmd = !strcmp(arg[0], "map")    ? BPF_MAP_GET_NEXT_ID
		  : !strcmp(arg[0], "link") ? BPF_LINK_GET_NEXT_ID
					    : BPF_PROG_GET_NEXT_ID;

	return door(bpf(cmd, &attr), ENOENT);
}

static int perf(char **arg)
{
	struct perf_event_attr attr = {.type = PERF_TYPE_SOFTWARE,
				       .size = sizeof(attr),
				       .config = PERF_COUNT_SW_CPU_CLOCK,
				       .exclude_kernel = !strcmp(arg[0], "user"),
				       .exclude_hv = 1};

	return outcome(syscall(SYS_perf_event_open, &attr, 0, -1, -1, 0));
}

/* ---- code for the kernel ---- */

static int module(char **arg)
{
	(void)arg;
	return door(syscall(SYS_init_module,
			    "rubbish, but long enough to be looked at: ...........",
			    sizeof("rubbish, but long enough to be looked at: ..........."), ""),
		    ENOEXEC);
}

static int module_file(char **arg)
{
	return door(syscall(SYS_finit_module, open(arg[0], O_RDONLY | O_CLOEXEC), "", 0), ENOEXEC);
}

static int module_remove(char **arg)
{
	(void)arg;
	return door(syscall(SYS_delete_module, "no_such_module", O_NONBLOCK), ENOENT);
}

/* No segment: what was loaded, nothing here, is dropped. */
static int kexec(char **arg)
{
	(void)arg;
	return door(syscall(SYS_kexec_load, 0UL, 0UL, NULL, 0UL), EBUSY);
}

static int kexec_file(char **arg)
{
	int fd = open(arg[0], O_RDONLY | O_CLOEXEC);

	return door(syscall(SYS_kexec_file_load, fd, -1, 1UL, "", 4UL /* no initramfs */), ENOEXEC);
}

static int port_access(char **arg)
{
	(void)arg;
	return outcome(ioperm(0x80, 1, 1));
}

static int port_level(char **arg)
{
	(void)arg;
	return outcome(iopl(3));
}

/* ---- files of the kernel ---- */

static int open_as(const char *path, int flags)
{
	int fd = open(path, flags | O_CLOEXEC | O_NONBLOCK);

	return fd < 0 && (errno == ENOENT || errno == ENXIO) ? ABSENT - errno : outcome(fd);
}

static int door_read(char **arg)
{
	return open_as(arg[0], O_RDONLY);
}

static int door_write(char **arg)
{
	return open_as(arg[0], O_WRONLY);
}

/* What it says is written back. */
static int same_value(char **arg)
{
	char buf[4096];
	int fd = open(arg[0], O_RDWR | O_CLOEXEC);
	ssize_t n;

	if (fd < 0)
		return errno == ENOENT ? ABSENT - ENOENT : errno;
	n = read(fd, buf, sizeof(buf));
	return outcome(n < 0 ? -1 : pwrite(fd, buf, n ? (size_t)n : 1, 0));
}

/* Sysrq's help. */
static int sysrq(char **arg)
{
	int fd = open("/proc/sysrq-trigger", O_WRONLY | O_CLOEXEC);

	(void)arg;
	return outcome(fd < 0 ? -1 : write(fd, "h", 1));
}

static int device(char **arg)
{
	char path[64];
	mode_t type = *arg[0] == 'b' ? S_IFBLK : *arg[0] == 'c' ? S_IFCHR : S_IFIFO;
	int r;

	snprintf(path, sizeof(path), "/run/try/device-%d", (int)getpid());
	r = outcome(
		mknod(path, type | 0600, makedev((unsigned)atoi(arg[1]), (unsigned)atoi(arg[2]))));
	(void)unlink(path);
	return r;
}

/* ---- and the rest ---- */

static int restart(char **arg)
{
	(void)arg;
	return door(syscall(SYS_reboot, LINUX_REBOOT_MAGIC1, LINUX_REBOOT_MAGIC2, 0xbad, NULL),
		    EINVAL);
}

static int accounting(char **arg)
{
	(void)arg;
	return outcome(syscall(SYS_acct, NULL));
}

static int swap_on(char **arg)
{
	(void)arg;
	return door(swapon("/no/such/file", 0), ENOENT);
}

static int by_handle(char **arg)
{
	union {
		struct file_handle head;
		char bytes[sizeof(struct file_handle) + 128];
	} h = {.head = {.handle_bytes = 128}};
	int id, dir = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (name_to_handle_at(AT_FDCWD, arg[0], &h.head, &id, 0) < 0)
		return errno;
	return outcome(open_by_handle_at(dir, &h.head, O_WRONLY | O_CLOEXEC));
}

const struct operation door_ops[] = {
	{"bpf-load", 0, bpf_load, ""},
	{"bpf-map", 0, bpf_map, ""},
	{"bpf-get", 1, bpf_get, "PINNED"},
	{"bpf-next", 1, bpf_next, "prog|map|link"},
	{"perf", 1, perf, "user|kernel"},
	{"module", 0, module, ""},
	{"module-file", 1, module_file, "FILE"},
	{"module-remove", 0, module_remove, ""},
	{"kexec", 0, kexec, ""},
	{"kexec-file", 1, kexec_file, "FILE"},
	{"ioperm", 0, port_access, ""},
	{"iopl", 0, port_level, ""},
	{"door-read", 1, door_read, "FILE"},
	{"door-write", 1, door_write, "FILE"},
	{"same-value", 1, same_value, "FILE"},
	{"sysrq", 0, sysrq, ""},
	{"device", 3, device, "block|char|pipe MAJOR MINOR"},
	{"reboot", 0, restart, ""},
	{"acct", 0, accounting, ""},
	{"swapon", 0, swap_on, ""},
	{"by-handle", 1, by_handle, "FILE"},
	{0},
};
