// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* What the running kernel has: all it must have, and which programs to leave out where it lacks, or
 * does not need, their hook. */
#include "bpf_maps.h"

#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>
#include <sys/vfs.h>

#include "hooks.h"
#include "util.h"

/* ---- what it must have ---- */

/* Is `word` in the comma list in path? */
static bool list_has(const char *path, const char *word)
{
	char text[1024] = "", *at = text;
	int fd eg_auto_close = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);

	if (n <= 0)
		return false;
	text[n] = '\0';
	for (char *one = strsep(&at, ",\n"); one; one = strsep(&at, ",\n"))
		if (!strcmp(one, word))
			return true;
	return false;
}

static void read_lsm_list(char *buf, size_t size)
{
	int fd eg_auto_close = open("/sys/kernel/security/lsm", O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, buf, size - 1);

	buf[n > 0 ? n : 0] = '\0';
	buf[strcspn(buf, "\n")] = '\0';
}

/* Has the running kernel this kind of map? */
static bool kernel_has_map(const struct btf *btf, const char *name)
{
	int32_t id = btf__find_by_name_kind(btf, "bpf_map_type", BTF_KIND_ENUM);
	const struct btf_type *t = id < 0 ? NULL : btf__type_by_id(btf, (uint32_t)id);
	bool has = false;

	for (unsigned int i = 0; t && i < btf_vlen(t) && !has; i++)
		has = !strcmp(btf__name_by_offset(btf, btf_enum(t)[i].name_off), name);
	return has;
}

/* Not by its number, as distributions add to old kernels. Before the list of LSMs, which would have
 * people change the command line of a kernel that cannot guard anyway. */
static int check_age(struct eg_err *err)
{
	static const struct {
		const char *map, *without;
	} came[] = {
		{"BPF_MAP_TYPE_TASK_STORAGE",
		 "its BPF programs cannot label processes (no task storage)"},
		/* Not used, but of 6.1, the oldest that is tried. What comes before would not get
		 * our programs past its verifier, and systemd would start us over and over. */
		{"BPF_MAP_TYPE_USER_RINGBUF",
		 "its BPF is that of a Linux before 6.1 (no user ring buffers)"},
	};
	struct btf *btf = btf__load_vmlinux_btf();
	struct utsname kernel = {0};
	int r = 0;

	if (!btf)
		return eg_err_fail(err, -errno, "cannot read /sys/kernel/btf/vmlinux: %s",
				   strerror(errno));
	(void)uname(&kernel);
	for (size_t i = 0; i < EG_ARRAY_SIZE(came) && !r; i++)
		if (!kernel_has_map(btf, came[i].map))
			r = eg_err_fail(err, -EOPNOTSUPP,
					"this kernel, %s, is too old: %s. Boot Linux 6.1 or newer",
					kernel.release, came[i].without);
	btf__free(btf);
	return r;
}

int eg_bpf_kernel_check(struct eg_err *err)
{
	struct statfs fs;
	char lsm[512];
	int r;

	if (access("/sys/kernel/btf/vmlinux", R_OK) < 0)
		return eg_err_fail(err, -EOPNOTSUPP,
				   "this kernel has no BTF (/sys/kernel/btf/vmlinux): it needs "
				   "CONFIG_DEBUG_INFO_BTF=y, as "
				   "Debian's kernels from 5.10 on have");
	r = check_age(err);
	if (r < 0)
		return r;
	read_lsm_list(lsm, sizeof(lsm));
	if (!lsm[0])
		return eg_err_fail(err, -EOPNOTSUPP,
				   "cannot read /sys/kernel/security/lsm: mount securityfs at "
				   "/sys/kernel/security");
	if (!list_has("/sys/kernel/security/lsm", "bpf"))
		return eg_err_fail(
			err, -EOPNOTSUPP,
			"BPF LSM is not active: \"bpf\" is not in the kernel's LSM list (%s). "
			"Add lsm=%s,bpf to the "
			"kernel command line (GRUB_CMDLINE_LINUX in /etc/default/grub, then "
			"update-grub) and reboot; "
			"the kernel needs CONFIG_BPF_LSM=y",
			lsm, lsm);
	if (statfs(EG_BPFFS, &fs) < 0 || fs.f_type != BPF_FS_MAGIC)
		return eg_err_fail(err, -EOPNOTSUPP,
				   "no bpffs at " EG_BPFFS ": mount -t bpf bpf " EG_BPFFS);
	return 0;
}

/* ---- hooks ---- */

/* Has a struct of the running kernel this member? Not knowing is yes. */
static bool kernel_has_member(const struct btf *btf, const char *type, const char *member)
{
	int32_t id = btf__find_by_name_kind(btf, type, BTF_KIND_STRUCT);
	bool has = id < 0;

	if (id >= 0) {
		const struct btf_type *t = btf__type_by_id(btf, (uint32_t)id);
		const struct btf_member *m = btf_members(t);

		for (unsigned int i = 0; i < btf_vlen(t) && !has; i++)
			has = !strcmp(btf__name_by_offset(btf, m[i].name_off), member);
	}
	return has;
}

/* Has the running kernel this LSM hook? */
static bool kernel_has_hook(const struct btf *btf, const char *hook)
{
	char name[EG_NAME_SIZE];

	(void)snprintf(name, sizeof(name), "bpf_lsm_%s", hook);
	return !eg_hooks_is_blind(hook) && btf__find_by_name_kind(btf, name, BTF_KIND_FUNC) >= 0;
}

/* Remembers an optional hook that is missing, for people. One that another makes up for is nothing
 * to tell. */
static void note_missing(struct eg_bpf *bpf, const struct btf *btf, const struct eg_hook *hook)
{
	if (hook->instead && kernel_has_hook(btf, hook->instead))
		return;
	for (size_t i = 0; i < bpf->n_missing; i++)
		if (bpf->missing[i] == hook)
			return;
	bpf->missing[bpf->n_missing++] = hook;
}

/* Leaves out the programs whose hook the running kernel lacks, where it may. */
static int leave_out_hooks(struct eg_bpf *bpf, struct bpf_object *object, const struct btf *btf,
			   struct eg_err *err)
{
	struct bpf_program *prog;

	bpf_object__for_each_program(prog, object) {
		const char *name = eg_hooks_of_section(bpf_program__section_name(prog));
		const struct eg_hook *hook;

		if (!name || kernel_has_hook(btf, name))
			continue;
		hook = eg_hooks_optional(name);
		if (!hook)
			return eg_err_fail(
				err, -EOPNOTSUPP,
				"this kernel has no LSM hook %s, which guarding needs: it is "
				"too old, or built without a security option",
				name);
		note_missing(bpf, btf, hook);
		if (bpf_program__set_autoload(prog, false) < 0)
			return eg_err_fail(err, -EINVAL, "cannot leave out the program for %s",
					   name);
	}
	return 0;
}

/* Leaves out what stands for hooks that others took the place of: since 6.5, when sockets lost
 * sendpage, splice and sendfile go by sendmsg. */
static int leave_out_unneeded(struct bpf_object *object, const struct btf *btf)
{
	struct bpf_program *prog = bpf_object__find_program_by_name(object, "eg_file_permission");

	if (!prog || kernel_has_member(btf, "proto_ops", "sendpage"))
		return 0;
	return bpf_program__set_autoload(prog, false);
}

int eg_bpf_kernel_fit(struct eg_bpf *bpf, struct bpf_object *object, struct eg_err *reterr)
{
	struct btf *btf = btf__load_vmlinux_btf();
	int r;

	if (!btf)
		return eg_err_fail(reterr, -errno, "cannot read /sys/kernel/btf/vmlinux: %s",
				   strerror(errno));
	r = leave_out_hooks(bpf, object, btf, reterr);
	if (!r && leave_out_unneeded(object, btf) < 0)
		r = eg_err_fail(reterr, -EINVAL, "cannot choose among the BPF programs");
	btf__free(btf);
	if (r < 0)
		return r;
	r = eg_bpf_networks_fit(object);
	if (r < 0)
		return eg_err_fail(reterr, r, "cannot make arrays for tables of networks: %s",
				   strerror(-r));
	bpf->last_class = (unsigned int)r;
	return 0;
}

const struct eg_hook *const *eg_bpf_missing(const struct eg_bpf *bpf, size_t *ret_n)
{
	*ret_n = bpf->n_missing;
	return bpf->missing;
}

void eg_bpf_lacks(struct eg_bpf *bpf, const struct eg_hook *hook)
{
	bpf->missing[bpf->n_missing++] = hook;
}
