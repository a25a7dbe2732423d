#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# A feed of a million networks, by instructions: this machine has one CPU, whose clock counts them (one is a nanosecond).
# How long from the rename until it is in force, how much memory that takes, and what logins meanwhile have to wait.
# clock: instructions
# shellcheck source=tests/vm/lib.sh
. /srv/t/lib.sh
SCRIPT_NAME=million
FILE=/etc/ebpfguard.conf
FEED=/etc/ebpfguard.d/million.txt
LIMIT_MIB=512

good=$(cat $FILE)
mkdir -p /etc/ebpfguard.d
# feed FIRST: every second address from FIRST.0.0.0 on, 900,000 of them, and every second /64, 100,000 of them.
feed() {
	awk -v first="$1" 'BEGIN {
		for (i = 0; i < 900000; i++)
			printf "%d.%d.%d.%d\n", first, int(i / 32768) % 256, int(i / 128) % 256, i % 128 * 2
		for (i = 0; i < 100000; i++)
			printf "2001:db8:%x:%x::/64\n", first + int(i / 32768), i % 32768 * 2
	}'
}
for net in 100.0.0.0/8 101.0.0.0/8; do
	ip route add $net dev dummy0
done
verdicts() { sh_as alice "for a in $*; do $T/try connect udp \$a 9; done" | paste -sd' '; }
generation() { ebpfguardctl status | sed -n 's/^policy: generation \([0-9]*\).*/\1/p'; }
milliseconds() { echo $((${EPOCHREALTIME/./} / 1000)); }
# When the helper said that this generation is in force, by the same clock.
in_force_at() { journalctl -q -u ebpfguard -o json --no-pager | grep "POLICY generation=$1 " | sed -n 's/.*"_SOURCE_REALTIME_TIMESTAMP":"\([0-9]*\)[0-9]\{3\}".*/\1/p' | tail -n 1; }
unit=/sys/fs/cgroup/system.slice/ebpfguard.service
mib() { echo $(($(cat "$unit/$1") >> 20)); }
# All a login takes on this CPU: client, server, PAM, helper, and what else runs meanwhile.
login() {
	local start
	start=$(milliseconds)
	sh_as alice true || fail "a login failed"
	echo $(($(milliseconds) - start))
}

cat >$FILE <<-E2
	deny = [ "18.0.0.0/9" ];
	deny_files = ( "$FEED" );
E2
echo 203.0.113.0/24 >$FEED
is "a feed of one line: 0" 0 "$(ebpfguardctl reload >/dev/null; echo $?)"
feed 100 >/etc/ebpfguard.d/first
feed 101 >/etc/ebpfguard.d/second
is "a million lines each" "1000000 1000000" "$(wc -l </etc/ebpfguard.d/first) $(wc -l </etc/ebpfguard.d/second)"

login >/dev/null # everything is in memory
usual=$(for _ in {1..7}; do login; done | sort -n | sed -n 4p)
echo "# a login, usually: $usual ms; memory of the helper and its maps: $(mib memory.current) MiB"

# measure NAME FILE: renames it over the feed, and logs in again and again, until a while after it is in force: what it replaces goes then.
measure() {
	local before start at during=() after=0 worst half
	before=$(generation)
	start=$(milliseconds)
	mv "$2" $FEED
	while :; do
		during+=("$(login)")
		at=$(in_force_at $((before + 1)))
		[[ $at ]] && ((++after > 2)) && break
		(($(milliseconds) - start < 600000)) || break
		sleep 1
	done
	is "$1: in force" $((before + 1)) "$(generation)"
	worst=$(printf '%s\n' "${during[@]}" | sort -n | tail -n 1)
	echo "# $1: from rename to in force $((at - start)) ms; logins meanwhile, in ms: ${during[*]}"
	echo "# $1: memory, helper and maps: now $(mib memory.current) MiB, at most $(mib memory.peak) MiB; helper alone at most $(($(awk '/VmHWM/ { print $2 }' "/proc/$(systemctl show -p MainPID --value ebpfguard.service)/status") >> 10)) MiB"
	if ((${#during[@]} >= 4 && worst <= 2 * usual)); then
		pass "$1: a login takes at most twice the usual"
	else
		fail "$1: a login takes at most twice the usual: $worst ms, usually $usual, of ${#during[@]}"
	fi
	# Those that came while it went on: a reload gives way to them, or it would have every second moment.
	half=$(printf '%s\n' "${during[@]:0:${#during[@]}-after}" | sort -n | sed -n "$(((${#during[@]} - after + 1) / 2))p")
	if ((2 * half <= 3 * usual)); then
		pass "$1: half of the logins take at most half more than usual"
	else
		fail "$1: half of the logins take at most half more than usual: $half ms, usually $usual"
	fi
	if (($(mib memory.peak) < LIMIT_MIB)); then pass "$1: memory stays below $LIMIT_MIB MiB"; else fail "$1: memory: $(mib memory.peak) MiB"; fi
}
measure "a million for one" /etc/ebpfguard.d/first
is "a million for one: verdicts" "EPERM ok EPERM ok" "$(verdicts 100.0.0.0 100.0.0.1 100.27.119.62 101.0.0.0)"
# The same with nobody there: what it takes by itself.
before=$(generation) start=$(milliseconds)
cp $FEED /etc/ebpfguard.d/third
echo 102.0.0.0 >>/etc/ebpfguard.d/third
start=$(milliseconds)
mv /etc/ebpfguard.d/third $FEED
taken() { [[ $(in_force_at $((before + 1))) ]]; }
sleep 5
until_true 60 taken
is "one line more: in force" $((before + 1)) "$(generation)"
echo "# one line more, and nobody logs in: from rename to in force $(($(in_force_at $((before + 1))) - start)) ms"
measure "a million for another" /etc/ebpfguard.d/second
is "a million for another: verdicts" "ok EPERM ok EPERM" "$(verdicts 100.0.0.0 101.0.0.0 101.0.0.1 101.27.119.62)"

for net in 100.0.0.0/8 101.0.0.0/8; do
	ip route del $net dev dummy0
done
printf '%s\n' "$good" >$FILE
is "back: 0" 0 "$(ebpfguardctl reload >/dev/null; echo $?)"
rm -rf /etc/ebpfguard.d /var/lib/ebpfguard/feeds
all_over
