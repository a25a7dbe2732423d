#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# A kernel booted without bpf in its LSM list: the helper does not start, and says what to add.
. /srv/t/lib.sh
SCRIPT_NAME=nolsm
is "bpf is not in the list" no "$(tr , '\n' </sys/kernel/security/lsm | grep -qx bpf && echo yes || echo no)"
out=$(ebpfguard-helper -d 2>&1)
is "the helper does not start" 1 $?
matches "it names the parameter and keeps the list there is" "Add lsm=$(cat /sys/kernel/security/lsm),bpf to the kernel command line" "$out"
is "status: not enforcing" 1 "$(ebpfguardctl status >/dev/null 2>&1; echo $?)"
