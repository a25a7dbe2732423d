#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# What ebpfguardctl says of what there is now: status, with each login by ssh that is not guarded and why; one session with
# its processes and last events; feeds.
# shellcheck source=tests/vm/lib.sh
. /srv/t/lib.sh
SCRIPT_NAME=live
good=$(cat /etc/ebpfguard.conf)
pam=$(cat /etc/pam.d/sshd)
ours=$(grep pam_ebpfguard /etc/pam.d/sshd)
# shellcheck disable=SC2001 # a pattern
line() { sed "s|^session required pam_ebpfguard.*|$1|" <<<"$pam" >/etc/pam.d/sshd; }
unguarded() { ebpfguardctl status | sed -n 's/^ssh session.*not guarded: //p'; }
# hold USER: is logged in from here on, until drop USER.
hold() {
	sh_as "$1" "echo >/tmp/held; exec sleep 300" &
	until_true 60 test -e /tmp/held
	rm -f /tmp/held
	sleep 1
}
drop() {
	pkill -u "$1" -x sleep
	wait
}

# ---- a guarded one

is "nobody: none is unguarded" none "$(unguarded)"
sh_as alice "$T/try connect tcp 18.4.5.6 7007; echo >/tmp/held; exec sleep 300" >/dev/null &
until_true 60 test -e /tmp/held
rm -f /tmp/held
is "guarded: none is unguarded" none "$(unguarded)"
is "guarded: JSON" '[]' "$(ebpfguardctl status --json | jq -c .ssh_not_guarded)"
n=$(ebpfguardctl sessions --json | jq -r '.sessions[] | select(.user == "alice" and .state == "open") | .session')
out=$(ebpfguardctl session "$n")
matches "session: sshd and sleep" "processes: [2-9].*sshd(-session)?: alice.*sleep 300" "$out"
matches "session: cgroup" "cgroup: /.*ebpfguard-" "$out"
matches "session: what it was refused, and when" "last events:.* DENY +connect .*18.4.5.6:7007/tcp" "$(until_true 10 eval "ebpfguardctl session $n | grep -q 7007"; ebpfguardctl session "$n" | paste -sd' ')"
matches "session: not cut off" '^(false|null)$' "$(ebpfguardctl session "$n" --json | jq .quarantined)"
ebpfguardctl quarantine "$n" >/dev/null
is "session: cut off" true "$(ebpfguardctl session "$n" --json | jq .quarantined)"
ebpfguardctl release "$n" >/dev/null
# Another one, which begins when top looks already.
ebpfguardctl top -b 120 --json >/tmp/top &
top=$!
until_true 60 test -s /tmp/top
sh_as alice "$T/try connect tcp 18.4.5.6 7008; echo >/tmp/held; exec sleep 300" >/dev/null &
until_true 60 test -e /tmp/held
rm -f /tmp/held
other=$(ebpfguardctl sessions --json | jq -r ".sessions[] | select(.user == \"alice\" and .state == \"open\" and .session != $n) | .session")
matches "top: there is another session" '^[0-9]+$' "$other"
# Is there a snapshot with both?
shown() {
	jq -es --argjson other "$other" 'any(.[]; any(.sessions[]; .session == $other and .user == "alice" and .refused == 1) and
		any(.destinations[]; .destination == "18.4.5.6:7008/tcp" and .refused == 1))' /tmp/top >/dev/null 2>&1
}
if until_true 60 shown; then
	pass "top: the session and the destination"
else
	fail "top: the session and the destination"
	tail -n 1 /tmp/top | sed 's/^/#   | /'
fi
kill "$top"
is "status: JSON" true "$(ebpfguardctl status --json | jq .enforcing)"
drop alice

# ---- those that are not

line "$ours exempt_user=bob,alice"
hold alice
json_unguarded() { ebpfguardctl status --json | jq -r '.ssh_not_guarded[] | [.user, .rhost, .reason, .text] | join("|")'; }
matches "exempt" "alice pid=[0-9]+ from=10.99.0.2 since=20.*: exempt: exempt_user=alice" "$(unguarded)"
is "exempt: JSON" "alice|10.99.0.2|exempt|exempt: exempt_user=alice" "$(json_unguarded)"
drop alice
line "$ours exempt_group=alice"
hold alice
matches "exempt by group" "alice .*: exempt: exempt_group=alice" "$(unguarded)"
drop alice
line "# none"
hold alice
matches "no line" "alice .*: no line of pam_ebpfguard.so in /etc/pam.d/sshd" "$(unguarded)"
matches "no line: JSON" '^alice[|]10[.]99[.]0[.]2[|]no-line[|]' "$(json_unguarded)"
sleep 2
line "$ours"
matches "older" "alice .*: older than the installation" "$(unguarded)"
drop alice
line "$ours onerr=succeed"
sleep 2
systemctl stop ebpfguard.service ebpfguard.socket
hold alice
systemctl start ebpfguard.socket
until_true 120 systemctl start ebpfguard.service
matches "onerr" "alice .*: let in by onerr=succeed" "$(unguarded)"
drop alice
echo "$pam" >/etc/pam.d/sshd
echo "UsePAM no" >/etc/ssh/sshd_config.d/00-live.conf
systemctl restart ssh
sleep 2
hold alice
matches "UsePAM no" "alice .*: UsePAM no" "$(unguarded)"
drop alice
rm /etc/ssh/sshd_config.d/00-live.conf
systemctl restart ssh

# ---- feeds

printf '10.5.0.0/16\nbad\n' >/etc/feed
chmod 600 /etc/feed
printf '%s\ndeny_files = ( "/etc/feed" );\n' "$good" >/etc/ebpfguard.conf
ebpfguardctl reload >/dev/null
matches "feed" "feeds: 1.*feed: deny /etc/feed profile=default: 1 networks, 1 lines passed over, 16 bytes, [0-9]+ s old" "$(ebpfguardctl status)"
echo 'bad' >/etc/feed
ebpfguardctl reload >/dev/null
matches "feed: last good" "feed: deny /etc/feed profile=default: 1 networks, .*last good copy" "$(ebpfguardctl status)"
echo "$good" >/etc/ebpfguard.conf
ebpfguardctl reload >/dev/null
matches "no feed" "feeds: 0" "$(ebpfguardctl status)"
rm -f /etc/feed
all_over
