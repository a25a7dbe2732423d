#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# A kernel that is too old to guard, of Debian 11: the helper says so and nothing else, is not started over and over, and
# logins go by onerr.
# shellcheck source=tests/vm/lib.sh
. /srv/t/lib.sh
SCRIPT_NAME=oldkernel
TOO_OLD="this kernel, $(uname -r), is too old: its BPF programs cannot label processes \(no task storage\)\. Boot Linux 6\.1 or newer"

pam_line() { sed -i "s/^session required pam_ebpfguard.so.*/session required pam_ebpfguard.so $*/" /etc/pam.d/sshd; }
restarts() { systemctl show -p NRestarts --value ebpfguard.service; }

matches "the kernel is one of 5.10" '^5\.10\.' "$(uname -r)"
out=$(ebpfguard-helper -d 2>&1)
is "the helper does not start" 78 $?
matches "it says that the kernel is too old" "$TOO_OLD" "$out"
is "and not what to change on its command line" "" "$(grep -o 'lsm=.*' <<<"$out")"
is "nothing of ours is in the kernel" "" "$(ls /sys/fs/bpf/ebpfguard 2>/dev/null)"
is "the unit has failed with that status" "failed 78" \
	"$(systemctl is-active ebpfguard.service) $(systemctl show -p ExecMainStatus --value ebpfguard.service)"
is "sshd runs all the same" active "$(systemctl is-active ssh.service)"
is "status: not enforcing" 1 "$(ebpfguardctl status >/dev/null 2>&1; echo $?)"

mark
is "a login is refused" "" "$(sh_as alice echo in 2>/dev/null)"
logged "with the reason" "pam_ebpfguard\(sshd:session\): .*$TOO_OLD.*login refused"
pam_line exempt_user=carol timeout=30000
is "who is exempt gets in" in "$(sh_as carol echo in 2>/dev/null)"
pam_line onerr=succeed timeout=30000
mark
is "onerr=succeed: she is let in" in "$(sh_as alice echo in 2>/dev/null)"
logged "onerr=succeed: with the reason, and that nobody guards" "pam_ebpfguard\(sshd:session\): session of user alice is NOT guarded: .*$TOO_OLD.*onerr=succeed"
pam_line timeout=30000

is "the socket unit is still there for the next" active "$(systemctl is-active ebpfguard.socket)"
is "systemd does not start it over and over" 0 "$(restarts)"
# At boot, and for each login that asked.
lines=$(grep -cE 'ebpfguard-helper.*cannot start: this kernel' /var/log/auth.log)
if ((lines > 0 && lines < 6)); then pass "few words about it: $lines lines"; else fail "few words about it: $lines lines"; fi
