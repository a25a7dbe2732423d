#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# Actions: who tries what is denied with "kill" is dead before the call returns, and nobody else is; "audit" of one
# restriction reports that one only. Every attempt succeeds outside of a session in the same run.
# shellcheck source=tests/vm/lib.sh
. /srv/t/lib.sh
# shellcheck source=tests/vm/cases.sh
. /srv/t/cases.sh
# shellcheck source=tests/vm/actions_cases.sh
. /srv/t/actions_cases.sh
SCRIPT_NAME=actions
CASES_AT_ONCE=1 # a process is traced by one at a time
good=$(cat /etc/ebpfguard.conf)

# What the client's side has seen: connections that came in, datagrams that came in.
seen_by_peer() {
	peer awk '/^Tcp: [0-9]/ { tcp = $7 } /^Udp: [0-9]/ { udp = $2 } END { print tcp, udp }' /proc/net/snmp
}
# Ends of sessions are waited for: their totals are what is compared.
ended() { session_ended "$1"; }
lines() { since_mark | grep -cE " $1 [a-z_]+ session=$SESSION "; }

use_conf kill_conf
outside_manager
actions_world
run_cases "outside, alice" outside outside_alice kill_cases spared_cases
run_cases "outside, root" outside outside_root root_kill_cases
use_conf kill_conf

# ---- kill: dead in the call, refused, counted

before=$(seen_by_peer)
mark
run_cases "kill, alice" both inside_alice kill_cases
ended alice
matches "kill, alice: counted" ' refused=[0-9]+ audited=0 lost=0 .* killed=[0-9]+' "$END"
is "kill, alice: no line that says anything else" 0 "$(lines '(DENY|AUDIT)')"
# sendmmsg's first message is allowed: 50 of them, each answered.
is "kill, alice: no connection and no datagram has reached the denied peer" "0 50" \
	"$(awk '{ print $3 - $1, $4 - $2 }' <<<"$before $(seen_by_peer)")"
mark
run_cases "kill, root" both inside_root root_kill_cases
ended root
is "kill, root: no line that says anything else" 0 "$(lines '(DENY|AUDIT)')"
is "kill, root: what was refused was killed for" "$(sed -n 's/.* refused=\([0-9]*\) .*/\1/p' <<<"$END")" \
	"$(sed -n 's/.* killed=\([0-9]*\).*/\1/p' <<<"$END")"

# One attempt, one line.
mark
is "one attempt: dead" 137 "$(sh_as alice "$T/try link tcp 18.7.7.7 7000; echo \$?" 2>/dev/null)"
ended alice
is "one attempt: one line" 1 "$(lines KILL)"
has_line "one attempt: its line" "KILL connect session=$SESSION user=alice .* comm=try exe=/srv/t/try proto=tcp \
dst=18.7.7.7 port=7000 rule=18.0.0.0/9 errno=EPERM"
matches "one attempt: counted" ' refused=1 audited=0 lost=0 connect=1 killed=1 host=' "$END"

# ---- nobody else

mark
is "siblings and the shell live, the next command works" "137 sibling ok" "$(sh_as alice "sleep 100 & s=\$!
	$T/try link tcp 18.7.7.7 7000; echo \$?; kill -0 \$s && echo sibling; kill \$s; $T/try link tcp 10.7.7.7 7000" 2>/dev/null |
	paste -sd' ')"
is "a shell that tries by itself dies, and its session ends" "" \
	"$(sh_as alice "echo x >/dev/tcp/18.7.7.7/7000; echo still here" 2>/dev/null)"
is "mount by root: killed" 137 "$(sh_as root "mount -t tmpfs none /srv/m/b; echo \$?" 2>/dev/null)"
is "mount by root: nothing is mounted" no "$(mountpoint -q /srv/m/b && echo yes || echo no)"
use_conf spared_conf
mark
run_cases "spared, alice" both inside_alice spared_cases
ended alice
is "spared, alice: nobody was killed" 0 "$(lines KILL)"
has_line "spared, alice: a file that was handed over: refused" "DENY file session=$SESSION user=alice .* errno=EPERM"
use_conf kill_conf

# ---- logins: what they need anyway is no reason to kill

mark
work=$(mktemp -d)
chmod 0755 "$work"
head -c 100000 /dev/urandom >"$work/file"
is "a login works" "alice root" "$(sh_as alice id -un) $(sh_as root id -un)"
matches "a login with a terminal works" '^/dev/pts/[0-9]+$' "$(peer ssh -tt "alice@$HOST" tty </dev/null 2>/dev/null | tr -d '\r')"
peer scp -q "$work/file" "alice@$HOST:copy"
is "scp works" "$(sha256sum <"$work/file")" "$(sha256sum </home/alice/copy)"
printf 'put %s sftp-copy\n' "$work/file" | peer sftp -q -b - "alice@$HOST" >/dev/null
is "sftp works" "$(sha256sum <"$work/file")" "$(sha256sum </home/alice/sftp-copy)"
is "none of it is killed" "" "$(since_mark | grep -o ' KILL .*')"
read -r first status last < <(sh_as alice "systemctl show -P MainPID user@1000.service
	systemd-run --user --wait -q --unit=try-kill $T/try link tcp 18.7.7.7 7000
	systemctl --user show -P ExecMainStatus try-kill.service; systemctl --user reset-failed
	systemctl show -P MainPID user@1000.service" 2>/dev/null | paste -sd' ')
is "by the user's manager: dead" 9 "$status"
is "the user's manager lives" "$first" "$last"

# sshd does what the client asks: refused, and the session goes on.
mark
peer ssh -f -N -M -S "$work/fwd" -L 127.0.0.1:9002:18.7.7.7:7000 "alice@$HOST"
peer timeout 10 bash -c 'exec 3<>/dev/tcp/127.0.0.1/9002; cat <&3' >/dev/null 2>&1
logged "-L to a denied address: refused, by sshd" "DENY connect session=[0-9]+ user=alice .* comm=sshd.* dst=18.7.7.7 "
peer ssh -S "$work/fwd" -O forward -R 10.99.0.1:7777:127.0.0.1:22 x >/dev/null 2>&1
logged "-R at a denied port: refused, by sshd" "DENY bind session=[0-9]+ user=alice .* comm=sshd.* port=7777 "
is "the connection goes on" "alice" "$(peer ssh -n -S "$work/fwd" "alice@$HOST" id -un)"
is "sshd is not killed" 0 "$(since_mark | grep -c ' KILL ')"
peer ssh -S "$work/fwd" -O exit x 2>/dev/null
rm -rf "$work" /home/alice/copy /home/alice/sftp-copy

# ---- what it says

status=$(ebpfguardctl status)
matches "status: what kills" $'\nkills: egress,bind,sockets,setuid,mount,capabilities,unix,leaving,tampering,files,exec\n' "$status"
matches "explain" '^kill 18\.0\.0\.0/9 at ' "$(ebpfguardctl explain alice connect 18.7.7.7:7000/tcp)"

# ---- audit of one restriction

while IFS='|' read -r on operation command; do
	audit_one_conf "$on" >/etc/ebpfguard.conf
	ebpfguardctl reload >/dev/null || fail "$on, audit: the configuration is taken"
	# Another that must still be refused.
	other='link tcp 18.7.7.7 7000' refused=connect
	[[ $on == egress ]] && other='port tcp 10.99.0.1 7777' refused=bind
	mark
	is "$on, audit: $command: ok; $other: EPERM" "ok EPERM" \
		"$(sh_as root "$T/try $command; $T/try $other" </dev/null 2>/dev/null | paste -sd' ')"
	ended root
	has_line "$on, audit: reported" " AUDIT $operation session=$SESSION user=root .* errno=0"
	has_line "$on, audit: the other is refused" " DENY $refused session=$SESSION user=root .* errno=EPERM"
	is "$on, audit: nothing else is refused" 1 "$(lines DENY)"
	is "$on, audit: nothing from the packet layer" 0 "$(since_mark | grep -cE ' (egress|ingress) session=')"
done < <(audit_one_cases)
matches "status: what only reports" $'\nreports only: exec\n' "$(ebpfguardctl status)"

use_conf shadow_conf
run_cases "audited, root" both inside_root shadow_cases
use_conf mixed_conf
mark
run_cases "mixed, root" both inside_root mixed_cases
ended root
for line in 'AUDIT setuid' 'DENY connect' 'KILL mount' 'AUDIT file' 'KILL ptrace' 'DENY socket'; do
	has_line "mixed: $line" " $line session=$SESSION "
done
matches "status: mixed" $'\nreports only: setuid,tampering\nkills: mount,leaving\n' "$(ebpfguardctl status)"

# ---- connections that are open when the policy changes: audited they stay, with kill they are reset and nobody dies

flow() { # CONFIGURATION [LINE-TO-WAIT-FOR]: until the reset, which follows the reload, a send is an attempt
	rm -f /run/try/open /run/try/go
	echo '' >/etc/ebpfguard.conf
	ebpfguardctl reload >/dev/null
	sh_as alice 'exec 3<>/dev/tcp/18.7.7.7/7000; touch /run/try/open; until test -e /run/try/go; do sleep 0.1; done
		echo hello >&3; read -t 10 -r -u 3 x; echo "got $x"' >/run/try/flow 2>/dev/null &
	until_true 30 test -e /run/try/open
	"$1" >/etc/ebpfguard.conf
	ebpfguardctl reload >/dev/null
	[[ -z ${2:-} ]] || until_true 30 log_has "$2"
	touch /run/try/go
	wait $!
	cat /run/try/flow
}
egress_audit_conf() { echo 'deny = [ "18.0.0.0/9" ]; egress = { action = "audit"; }; action = "kill";'; }
mark
is "an open connection under egress.action audit goes on" "got hello" "$(flow egress_audit_conf)"
ended alice
is "and is reported once" 1 "$(lines AUDIT)"
has_line "by the call" " AUDIT sendmsg session=$SESSION user=alice .* dst=18.7.7.7 port=7000 rule=18.0.0.0/9 errno=0"
matches "and counted once" ' refused=0 audited=1 lost=0 sendmsg=1( packets_audited=[0-9]+)? host=' "$END"
since_mark | grep -E ' (AUDIT|RESET|BLOCK|DENY|KILL) ' | sed 's/^/# /'
# Of this session: another's may have a line that comes late.
is "and not reset" "" "$(since_mark | grep -E " (RESET|BLOCK|DENY|KILL) .*session=$SESSION ")"
mark
is "an open connection that is now denied with kill: its shell lives" "got " "$(flow kill_conf ' RESET session=')"
ended alice
has_line "it is reset" " RESET session=$SESSION "
is "nobody is killed" 0 "$(lines KILL)"
since_mark | grep -E ' (RESET|KILL|DENY) ' | sed 's/^/# /'

actions_world_ends
printf '%s\n' "$good" >/etc/ebpfguard.conf
is "the configuration is put back" 0 "$(ebpfguardctl reload >/dev/null; echo $?)"
all_over
