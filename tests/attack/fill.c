// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * fill HOOK [N]: attaches programs that do nothing to an LSM hook until the kernel takes no more,
 * or until there are N; prints "full N" or "attached N", and keeps them until its standard input
 * ends.
 */
#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <err.h>
#include <errno.h>
#include <linux/bpf.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { MOST = 64 };

/* A program that allows everything. Its descriptor. */
static int load(int btf_id)
{
	const struct bpf_insn allow[] = {
		{.code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0, .imm = 0},
		{.code = BPF_JMP | BPF_EXIT},
	};
	LIBBPF_OPTS(bpf_prog_load_opts, opts, .expected_attach_type = BPF_LSM_MAC,
		    .attach_btf_id = (__u32)btf_id);
	int fd = bpf_prog_load(BPF_PROG_TYPE_LSM, "fill", "GPL", allow,
			       sizeof(allow) / sizeof(allow[0]), &opts);

	if (fd < 0)
		err(1, "cannot load a program");
	return fd;
}

int main(int argc, char **argv)
{
	int most = argc > 2 ? atoi(argv[2]) : MOST, n, btf_id;
	char byte;

	if (argc < 2)
		errx(2, "usage: fill HOOK [N]");
	btf_id = libbpf_find_vmlinux_btf_id(argv[1], BPF_LSM_MAC);
	if (btf_id < 0)
		errx(1, "the kernel has no hook %s", argv[1]);
	for (n = 0; n < most; n++)
		if (bpf_raw_tracepoint_open(NULL, load(btf_id)) < 0)
			break;
	if (n < most && errno != E2BIG)
		err(1, "cannot attach number %d", n + 1);
	(void)printf("%s %d\n", n < most ? "full" : "attached", n);
	(void)fflush(stdout);
	while (read(0, &byte, 1) > 0)
		;
	return 0;
}
