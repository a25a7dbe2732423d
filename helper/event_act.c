// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * The record of a refusal that is not about the network: ids and capabilities, mounts, other
 * processes, servers on unix sockets, files, the kernel.
 */
#include "event_line.h"

#include "capability.h"
#include "util.h"

/* ---- parts ---- */

/* A word by its number; the number where it has none. */
static void add_choice(struct eg_fields *line, const char *key, const char *const *words, size_t n,
		       uint32_t number)
{
	if (number < n && words[number])
		eg_fields_add_word(line, key, words[number]);
	else
		eg_fields_add_format(line, key, "%u", number);
}

static void add_target(struct eg_fields *line, const struct eg_event *e)
{
	eg_fields_add_number(line, "target", e->target_id);
}

static void add_gid(struct eg_fields *line, const struct eg_event *e)
{
	eg_fields_add_number(line, "gid", e->target_id);
}

static void add_capability(struct eg_fields *line, const struct eg_event *e)
{
	const char *name = eg_capability_name(e->target_id);

	if (name)
		eg_fields_add_format(line, "cap", "CAP_%s", name);
	else
		eg_fields_add_format(line, "cap", "%u", e->target_id);
}

static void add_exec(struct eg_fields *line, const struct eg_event *e)
{
	eg_line_add_path(line, "path", &e->object, "-");
	if (e->option == EG_OP_SETGID)
		add_gid(line, e);
	else if (e->option == EG_OP_CAPSET)
		add_capability(line, e);
	else
		add_target(line, e);
}

static void add_mount(struct eg_fields *line, const struct eg_event *e)
{
	/* Only remount does not say where: there no components do not mean the root. */
	eg_line_add_path(line, "path", &e->object, e->op == EG_OP_REMOUNT ? "-" : "/");
	eg_fields_add_text(line, "type", e->arg, sizeof(e->arg));
}

static void add_syscall(struct eg_fields *line, const struct eg_event *e)
{
	/* From 424 on a call has one number on every architecture. */
	static const char *const words[] = {
		[428] = "open_tree",	 [429] = "move_mount",	   [430] = "fsopen",
		[431] = "fsconfig",	 [432] = "fsmount",	   [433] = "fspick",
		[442] = "mount_setattr", [467] = "open_tree_attr",
	};

	if (e->option > INT32_MAX) /* a negative errno: the kernel side does not know */
		eg_fields_add_none(line, "syscall");
	else
		add_choice(line, "syscall", words, EG_ARRAY_SIZE(words), e->option);
}

static void add_cgroup(struct eg_fields *line, const struct eg_event *e)
{
	eg_line_add_path(line, "path", &e->object, "-");
}

static void add_process(struct eg_fields *line, const struct eg_event *e)
{
	eg_fields_add_number(line, "target_pid", e->target_id);
}

static void add_signal(struct eg_fields *line, const struct eg_event *e)
{
	eg_fields_add_number(line, "target_pid", e->target_id);
	eg_fields_add_number(line, "signal", e->option);
}

static void add_server(struct eg_fields *line, const struct eg_event *e)
{
	eg_fields_add_text(line, "path", e->arg, sizeof(e->arg));
}

static void add_file(struct eg_fields *line, const struct eg_event *e)
{
	static const char *const words[] = {
		[EG_ACCESS_WRITE] = "write",   [EG_ACCESS_TRUNCATE] = "truncate",
		[EG_ACCESS_CREATE] = "create", [EG_ACCESS_REMOVE] = "remove",
		[EG_ACCESS_RENAME] = "rename", [EG_ACCESS_LINK] = "link",
		[EG_ACCESS_ATTR] = "attr",     [EG_ACCESS_READ] = "read",
	};

	add_choice(line, "access", words, EG_ARRAY_SIZE(words), e->option);
	eg_line_add_path(line, "path", &e->object, "-");
}

static void add_kernel(struct eg_fields *line, const struct eg_event *e)
{
	static const char *const words[] = {
		[EG_KERNEL_BPF] = "bpf",     [EG_KERNEL_PERF] = "perf",
		[EG_KERNEL_LOAD] = "load",   [EG_KERNEL_LOCKDOWN] = "lockdown",
		[EG_KERNEL_MKNOD] = "mknod", [EG_KERNEL_TTY] = "tty",
	};

	add_choice(line, "what", words, EG_ARRAY_SIZE(words), e->option);
	eg_fields_add_number(line, "number", e->target_id);
	eg_line_add_path(line, "path", &e->object, "-");
}

/* ---- programs that must not be run ---- */

/* By which of the keys, and what one can say besides. */
static void add_run(struct eg_fields *line, const struct eg_event *e)
{
	static const char *const ways[] = {[EG_RUN_EXEC] = "exec", [EG_RUN_MAP] = "map"};
	static const struct {
		const char *word, *rule;
	} why[] = {
		[EG_REASON_PLACE] = {"program", "exec.deny"},
		[EG_REASON_ONLY] = {"only", "exec.allow_only"},
		[EG_REASON_HASH] = {"hash", "exec.deny_sha256"},
		[EG_REASON_NO_HASH] = {"no-hash", "exec.deny_sha256"},
		[EG_REASON_NAMELESS] = {"nameless", "exec"},
		[EG_REASON_NOWHERE] = {"nowhere", "exec"},
	};
	bool known = e->reason < EG_ARRAY_SIZE(why) && why[e->reason].word;

	eg_line_add_path(line, "path", &e->object, "-");
	add_choice(line, "how", ways, EG_ARRAY_SIZE(ways), e->option);
	if (e->arg[0])
		eg_fields_add_text(line, "sha256", e->arg, sizeof(e->arg));
	eg_fields_add_word(line, "reason", known ? why[e->reason].word : NULL);
	eg_fields_add_word(line, "rule", known ? why[e->reason].rule : NULL);
	if (e->rule.line)
		eg_fields_add_number(line, "line", e->rule.line);
}

/* ---- operations ---- */

static const struct act {
	void (*add)(struct eg_fields *line, const struct eg_event *e); /* NULL = nothing to add */
	/* the key of the configuration that it stands for where the reason does not say; NULL = the
	 * operation has no rule, it just failed */
	const char *rule;
	bool reasoned; /* the line gives the reason */
} acts[EG_OP_MAX] = {
	[EG_OP_SETUID] = {add_target, "setuid", false},
	[EG_OP_EXEC] = {add_exec, "setuid", false},
	[EG_OP_SETGID] = {add_gid, "setuid", false},
	[EG_OP_SETGROUPS] = {add_gid, "setuid", false},
	[EG_OP_CAPSET] = {add_capability, "setuid", false},
	[EG_OP_USERNS] = {NULL, "setuid", false},
	[EG_OP_MOUNT] = {add_mount, "mount", false},
	[EG_OP_REMOUNT] = {add_mount, "mount", false},
	[EG_OP_UMOUNT] = {add_mount, "mount", false},
	[EG_OP_MOVE_MOUNT] = {add_mount, "mount", false},
	[EG_OP_PIVOT_ROOT] = {add_mount, "mount", false},
	[EG_OP_MOUNT_ATTR] = {add_syscall, "mount", false},
	[EG_OP_CAPABILITY] = {add_capability, "capabilities", true},
	[EG_OP_CGROUP] = {add_cgroup, "leaving", true},
	[EG_OP_PTRACE] = {add_process, "leaving", true},
	[EG_OP_UNIX] = {add_server, "", true},
	[EG_OP_SIGNAL] = {add_signal, "tampering", true},
	[EG_OP_PROCESS] = {add_process, "tampering", true},
	[EG_OP_FILE] = {add_file, "files", true},
	[EG_OP_KERNEL] = {add_kernel, "tampering", true},
};

/* Reasons that are about one key of the configuration, whatever was tried; empty = not known. */
static const struct reason {
	const char *word, *rule;
} reasons[] = {
	[EG_REASON_POLICY] = {"", ""},
	[EG_REASON_OUTSIDE] = {"outside", "leaving"},
	[EG_REASON_SERVICE] = {"service", "unix.services"},
	[EG_REASON_NAME] = {"name", "unix.deny"},
	[EG_REASON_SAME_USER] = {"same-user", "unix.same_user"},
	[EG_REASON_PROTECTED] = {"protected", "tampering"},
	[EG_REASON_CEILING] = {"ceiling", "capabilities"},
	/* of files or exec, as the operation says */
	[EG_REASON_PLACE] = {"place", NULL},
	[EG_REASON_NOWHERE] = {"nowhere", NULL},
	[EG_REASON_LAYER] = {"overlay", "files"},
};

void eg_line_add_act(struct eg_fields *line, const struct eg_event *e)
{
	const struct act act = e->op < EG_OP_MAX ? acts[e->op] : (struct act){0};
	struct reason reason = {"", act.rule};

	if (e->op == EG_OP_RUN) {
		add_run(line, e);
		return;
	}
	if (e->reason < EG_ARRAY_SIZE(reasons) && reasons[e->reason].word)
		reason = (struct reason){reasons[e->reason].word, reasons[e->reason].rule
									  ? reasons[e->reason].rule
									  : act.rule};
	if (act.add)
		act.add(line, e);
	if (act.reasoned)
		eg_fields_add_word(line, "reason", reason.word);
	if (e->op != EG_OP_FORK)
		eg_fields_add_word(line, "rule", reason.rule);
	if ((e->reason == EG_REASON_PLACE || e->reason == EG_REASON_HASH) && e->rule.line)
		eg_fields_add_number(line, "line", e->rule.line);
}
