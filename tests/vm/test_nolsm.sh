#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# A kernel booted without bpf in its LSM list: the helper does not start, and says what to add.
# shellcheck source=tests/vm/lib.sh
. /srv/t/lib.sh
SCRIPT_NAME=nolsm
is "bpf is not in the list" no "$(tr , '\n' </sys/kernel/security/lsm | grep -qx bpf && echo yes || echo no)"
out=$(ebpfguard-helper -d 2>&1)
is "the helper does not start" 78 $?
matches "it names the parameter and keeps the list there is" "Add lsm=$(cat /sys/kernel/security/lsm),bpf to the kernel command line" "$out"
is "status: not enforcing" 1 "$(ebpfguardctl status >/dev/null 2>&1; echo $?)"

sleep 3
starts=$(systemctl show -p NRestarts --value ebpfguard.service)
is "systemd does not start it over and over" 0 "$starts"
mark
is "a login is refused" "" "$(sh_as alice echo in 2>/dev/null)"
logged "the login's log line has the reason" "pam_ebpfguard\(sshd:session\): .*BPF LSM is not active.*login refused"
sleep 3
is "the socket unit is still there for the next" active "$(systemctl is-active ebpfguard.socket)"
lines=$(grep -c 'cannot start' /var/log/auth.log)
((lines < 6)) && pass "few words about it: $lines lines" || fail "few words about it: $lines lines"
