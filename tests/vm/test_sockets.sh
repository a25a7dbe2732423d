#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# A guarded root asks the helper's sockets for anything but its own close: refused, and it stays guarded. The controls:
# an unguarded root is served.
# shellcheck source=tests/vm/lib.sh
. /srv/t/lib.sh
SCRIPT_NAME=sockets
OWN=/sys/fs/cgroup/ebpfguard/ebpfguard-0123456789abcdef
OTHER=/sys/fs/cgroup/ebpfguard/ebpfguard-fedcba9876543210

# Controls, outside.
is "outside: version" "version guarded=0" "$("$T/ask" version)"
is "outside: status on control.sock" "type 68" "$("$T/ask" control-status)"
is "outside: open for a leaf it entered" opened "$("$T/ask" enter $OWN)"
is "outside: open with a file for the socket it came by" "refused EINVAL" "$("$T/ask" enter /sys/fs/cgroup/ebpfguard/ebpfguard-00112233445566aa /etc/passwd)"
is "outside: open for a cgroup it is not in" "refused EPERM" "$("$T/ask" for-other $OTHER)"
is "outside: open for a cgroup that is no leaf" "refused EPERM" "$("$T/ask" open /sys/fs/cgroup/system.slice)"
is "outside: open for a directory that is no cgroup" "refused EXDEV" "$("$T/ask" open /tmp)"
is "outside: reload on helper.sock" closed "$("$T/ask" reload)"
is "outside: close of a session that is not its own" "refused EACCES" "$("$T/ask" close 1)"
for case in short cut long huge version type size unterminated no-fd three-fds fd-with-close; do
	is "outside: malformed: $case" closed "$("$T/ask" malformed $case)"
done
is "alice: the socket is not hers" "connect EACCES" "$(runuser -u alice -- "$T/ask" version)"

# By default a guarded root does not get as far as control.sock, nor to making leaves.
is "guarded root: control.sock" "connect EPERM" "$(sh_as root "$T/ask control-status")"
is "guarded root: a leaf of its making" "mkdir EPERM" "$(sh_as root "$T/ask enter $OWN")"

# With those doors open the helper itself must refuse. Its own close comes last.
good=$(cat /etc/ebpfguard.conf)
echo 'leaving = "allow"; unix = { services = "allow"; };' >>/etc/ebpfguard.conf
is "configuration: doors open" 0 "$(ebpfguardctl reload >/dev/null; echo $?)"
mark
out=$(sh_as root "
	leaf=/sys/fs/cgroup\$(sed -n s/^0:://p /proc/self/cgroup)
	echo \"version: \$($T/ask version)\"
	echo \"own leaf: \$($T/ask open \$leaf)\"
	echo \"other leaf: \$($T/ask enter $OWN)\"
	echo \"other: \$($T/ask for-other $OTHER)\"
	echo \"own directory: \$($T/ask enter \$leaf/ebpfguard-0123456789abcdef)\"
	echo \"scope: \$($T/ask open \$(dirname \$leaf))\"
	echo \"replay: \$($T/ask replay \$leaf | paste -sd,)\"
	echo \"reload: \$($T/ask reload)\"
	echo \"control reload: \$($T/ask control-reload)\"
	echo \"control status: \$($T/ask control-status)\"
	for case in short cut long huge version type size unterminated no-fd three-fds fd-with-close; do
		echo \"malformed \$case: \$($T/ask malformed \$case)\"
	done
	number=\$(ebpfguardctl sessions 2>&1)
	echo \"ctl: \$number\" | head -n 1
	echo \"foreign close: \$($T/ask close 999999)\"
	echo \"still: \$($T/try connect udp 18.4.5.6 9)\"
")
line() { sed -n "s/^$1: //p" <<<"$out"; }
is "guarded root: version says so" "version guarded=1" "$(line version)"
is "guarded root: open for its own leaf" "refused EALREADY" "$(line 'own leaf')"
is "guarded root: open for a leaf of its making" "refused EALREADY" "$(line 'other leaf')"
is "guarded root: open for a pid that is not it" "refused EALREADY" "$(line other)"
is "guarded root: open for a directory below its leaf" "refused EALREADY" "$(line 'own directory')"
is "guarded root: open for logind's scope" "refused EALREADY" "$(line scope)"
is "guarded root: replay" "refused EALREADY,refused EALREADY" "$(line replay)"
is "guarded root: reload on helper.sock" closed "$(line reload)"
is "guarded root: reload on control.sock" "refused EALREADY" "$(line 'control reload')"
is "guarded root: status on control.sock" "refused EALREADY" "$(line 'control status')"
for case in short cut long huge version type size unterminated three-fds fd-with-close; do
	is "guarded root: malformed: $case" closed "$(line "malformed $case")"
done
is "guarded root: malformed: no-fd" "refused EALREADY" "$(line 'malformed no-fd')"
is "guarded root: close of another session" "refused EACCES" "$(line 'foreign close')"
is "guarded root: still guarded" EPERM "$(line still)"
logged "guarded root: reported" 'REFUSED request type=2 pid=[0-9]+ uid=0 session=[0-9]+ reason="the caller is in a guarded session"'

# Its own close is taken, and changes nothing about the guard.
out=$(sh_as root "number=\$($T/ask version >/dev/null; sed -n 's/.*START session=\([0-9]*\) user=root.*/\1/p' /var/log/auth.log | tail -n 1)
	$T/ask close \$number; $T/try connect udp 18.4.5.6 9" | paste -sd' ')
is "guarded root: its own close is taken and it stays guarded" "ok EPERM" "$out"

# A connection whose maker has exited, and whose number a stranger outside the session then has.
rm -f /tmp/stale /tmp/stale.go
mark
sh_as root "$T/ask stale /tmp/stale" >/tmp/stale.out 2>&1 &
asking=$!
until_true 20 test -s /tmp/stale
number=$(cat /tmp/stale)
for _ in {1..50}; do
	echo $((number - 1)) >/proc/sys/kernel/ns_last_pid
	sleep 30 &
	stranger=$!
	((stranger == number)) && break
	kill "$stranger"
done
is "stale connection: a stranger has its maker's number" "$number" "$stranger"
touch /tmp/stale.go
wait "$asking"
kill "$stranger" 2>/dev/null
matches "stale connection: nothing is reloaded" "^(refused EALREADY|closed)$" "$(cat /tmp/stale.out)"
if log_has "POLICY generation"; then fail "stale connection: no new policy"; else pass "stale connection: no new policy"; fi

# A guarded root that holds all the connections it can get keeps nobody out.
sh_as root "$T/ask hold 6" >/tmp/hold.out 2>&1 &
holding=$!
sleep 3
is "connections held by a guarded root: a login gets in" in "$(sh_as alice echo in)"
wait "$holding"
matches "connections held by a guarded root: it had few" "^[0-2] open$" "$(cat /tmp/hold.out)"

# A second helper started by hand harms nothing.
out=$(ebpfguard-helper -d 2>&1)
is "a second helper: exit status" 1 $?
matches "a second helper: says why" "another ebpfguard-helper is running" "$out"
is "a second helper: logins go on" EPERM "$(sh_as alice "$T/try connect udp 18.4.5.6 9")"

# su inside a session: never moved, never loosened, although su has the PAM line too.
echo 'session required pam_ebpfguard.so' >>/etc/pam.d/su
is "su - inside a session stays in it" EPERM "$(sh_as root "su - bob -c '$T/try connect udp 18.4.5.6 9'" | tail -n 1)"
sed -i '$d' /etc/pam.d/su
rmdir $OWN $OTHER 2>/dev/null
printf '%s\n' "$good" >/etc/ebpfguard.conf
is "the configuration is put back" 0 "$(ebpfguardctl reload >/dev/null; echo $?)"
all_over
