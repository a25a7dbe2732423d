#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# What there is only so much of runs out, or is taken away: the table of ebpfguard-helper(8), "WHEN SOMETHING RUNS OUT", row by
# row. In each, sessions try what is denied and what is not all the time; somebody logs in; the log says what it is about; and
# all is well again without anybody's help once it is over. What fills the log's own disk is in test_destinations.sh, and
# no memory at each step in test_faults.sh.
# shellcheck source=tests/vm/lib.sh
. /srv/t/lib.sh
# shellcheck source=tests/vm/faults.sh
. /srv/t/faults.sh
SCRIPT_NAME=limits

SOON=timeout=3000 # the deadline of who is to be refused for it
good=$(cat $CONF)
nobody=$(left)

# override LINE...: a drop-in for the service; without lines there is none.
override() {
	mkdir -p $FAULT_DROP_IN
	if (($#)); then printf '%s\n' '[Service]' "$@" >$FAULT_DROP_IN/zz-limits.conf; else rm -f $FAULT_DROP_IN/zz-limits.conf; fi
	systemctl daemon-reload
}
# crash: the helper is killed, if it has not been by then; the next one starts by itself, or tries to.
crash() {
	local pid
	pid=$(helper_pid)
	[[ -z $pid ]] || kill -9 "$pid"
}
restarts() { systemctl show -p NRestarts --value ebpfguard.service; }
has_restarted() { (($(restarts) >= $1)); }
is_another_now() { until_true 120 is_another "$1"; }
says() { until_true 20 log_has "$1" || wrong+=("the log does not say: $1"); }

# hold N [OPTION...] USER...: sessions that go on until release; held says how many there are, said what it says at the end.
D=$(mktemp -d)
hold() {
	rm -f "$D/$1".*
	mkfifo "$D/$1.in"
	"$T/pam_login" -H "${@:2}" <"$D/$1.in" >"$D/$1.out" &
	echo $! >"$D/$1.pid"
	eval "exec {in_$1}>'$D/$1.in'"
	until_true 100 test -s "$D/$1.out"
}
held() { sed -n 's/^held //p' "$D/$1.out"; }
release() {
	eval "exec {in_$1}>&-"
	wait "$(cat "$D/$1.pid")"
	sed -n 's/ slowest_ms=.*//; /^opened=/p' "$D/$1.out"
}
without_tries() { sed 's/ tries=[0-9]*//'; }

# row NAME: sessions begin, and go on until it is over.
row() {
	name=$1
	mark
	hold row -n 2 -i 50 -a "$PAM_ARGS" alice bob
	expect "sessions" 2 "$(held row)"
}
# during TEXT: what was seen while it lasted.
during() { verdict "$name: $1"; }
# over: it is over, and mends itself.
over() {
	until_true 200 is_active || wrong+=("the helper does not start")
	expect "a login" "$IN" "$(login alice)"
	release row >"$D/line"
	line=$(cat "$D/line")
	[[ $line =~ ^opened=2\ refused=0\ tries=[0-9]{2,}\ unguarded=0\ tight=0\ lost=0 ]] || wrong+=("sessions meanwhile: $line")
	nothing_is_left
	verdict "$name: it mends itself, and sessions were guarded all the time"
	echo "# ${line:-nothing}"
}
refused_soon() { expect "a login" "$OUT" "$(PAM_ARGS=$SOON login alice)"; }

# ---- bpffs has no size: it is read-only. A login pins nothing, a start opens what is pinned for writing.

row "bpffs read-only"
mount -o remount,ro /sys/fs/bpf
expect "a pin" "Read-only file system" "$(mkdir /sys/fs/bpf/x 2>&1 | sed 's/.*: //')"
expect "a login" "$IN" "$(login alice)"
expect "a reload" 0 "$(ebpfguardctl reload >/dev/null 2>&1; echo $?)"
during "logins and reloads go on"
crash
says 'cannot start: .*Read-only file system'
refused_soon
during "the helper cannot start, and says why; a login is refused"
mount -o remount,rw /sys/fs/bpf
over

# ---- maps

row "as many sessions as a user may have"
hold carol -o -n 66 -p 4 -i 1000 -a "$PAM_ARGS" carol
expect "sessions" 64 "$(held carol)"
says 'carol.* 64 guarded sessions already; login refused'
expect "somebody else's login" "$IN" "$(login bob)"
release carol >"$D/line"
expect "his sessions" "opened=64 refused=2 unguarded=0 tight=0 lost=0" "$(without_tries <"$D/line")"
during "the next is refused, others are not"
over

for map in sessions records totals written; do
	row "map eg_$map full"
	n=$("$T/try" fill "$pins/map_eg_$map")
	((n > 8000)) || wrong+=("only $n went in")
	refused_soon
	says 'cannot (guard|record) .*; login refused'
	if [[ $map == sessions ]]; then
		seen=$(sh_as alice echo in 2>/dev/null; echo "status $?")
		[[ $seen == status\ [1-9]* ]] || wrong+=("by ssh: $seen")
	fi
	during "a login is refused, and why is said"
	"$T/try" empty "$pins/map_eg_$map"
	over
done

row "cgroups full"
echo 2 >$CGROUPS/ebpfguard/cgroup.max.descendants
refused_soon
says 'cannot make cgroup .*cgroup.max.descendants.*login refused'
during "a login is refused, and why is said"
echo max >$CGROUPS/ebpfguard/cgroup.max.descendants
over

# ---- memory: killed as soon as it starts, again and again

row "memory limit"
# The kernel describes each of these deaths at length, on a console that is slow here, and the journal takes it all.
dmesg -n 1
override MemoryMax=2M RestartSec=1s
before=$(restarts)
crash
until_true 120 has_restarted $((before + 4)) || wrong+=("restarts: $(restarts), before $before")
was_oom() { [[ $(journalctl -q --no-pager -u ebpfguard.service -n 60) == *oom-kill* ]]; }
until_true 20 was_oom || wrong+=("nobody was out of memory")
refused_soon
expect "a login, onerr=succeed" "${IN/unguarded=0/unguarded=1}" "$(PAM_ARGS="$SOON onerr=succeed" login alice)"
says 'alice.*NOT guarded'
expect "the socket" active "$(systemctl is-active ebpfguard.socket)"
during "the helper is killed at each start; a login is refused, or let in where that is wanted"
override
over

# ---- descriptors

row "descriptors"
pid=$(helper_pid)
override LimitNOFILE=$(($(descriptors) + 20))
crash
is_another_now "$pid" || wrong+=("it does not start")
hold carol -o -n 40 -p 1 -i 1000 -a "$SOON" carol
n=$(held carol)
says 'Too many open files.*; login refused'
((n >= 1 && n < 40)) || wrong+=("sessions: $n")
release carol >"$D/line"
expect "sessions" "opened=$n refused=$((40 - n)) unguarded=0 tight=0 lost=0" "$(without_tries <"$D/line")"
nothing_is_left_of_them() { [[ $(ebpfguardctl sessions 2>/dev/null | grep -c ' carol ') == 0 ]]; }
until_true 30 nothing_is_left_of_them || wrong+=("carol's sessions stay")
expect "a login" "$IN" "$(login carol)"
during "who comes when there are none is refused, and why is said; the next is not"
# More who connect and say nothing than there are descriptors. The helper must not turn in a circle until they are gone.
ticks() { awk '{ print $14 + $15 }' "/proc/$(helper_pid)/stat"; }
before=$(ticks) began=${EPOCHREALTIME/./}
python3 -c '
import socket, time
all = [socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) for i in range(30)]
for s in all:
    s.connect("/run/ebpfguard/helper.sock")
time.sleep(4)'
busy=$((($(ticks) - before) * 10)) took=$(((${EPOCHREALTIME/./} - began) / 1000))
((busy * 2 < took)) || wrong+=("the helper was busy for $busy of $took ms")
says 'refusing a connection of pid .*: Too many open files'
expect "a login that waits" "$IN" "$(login alice)"
during "callers who say nothing take all of them: logins wait until they are gone"
override
crash
over

# ---- files

# Files in it are open for writing, so the file system itself cannot be: it is covered by a view of it that is.
row "/run read-only"
mount --rbind /run /run
mount -o remount,bind,ro /run
expect "/run" "Read-only file system" "$(mkdir /run/x 2>&1 | sed 's/.*: //')"
is "/run read-only: by ssh" "EPERM ok" "$(sh_as alice "$T/try connect udp 18.4.5.6 9; $T/try connect udp 10.1.2.3 9" | paste -sd' ')"
expect "a login" "$IN" "$(login alice)"
expect "a reload" 0 "$(ebpfguardctl reload >/dev/null 2>&1; echo $?)"
during "logins and reloads go on"
pid=$(helper_pid)
crash
if (($(systemctl --version | awk 'NR == 1 { print $2 }') <= 252)); then
	is_another_now "$pid" || wrong+=("no other helper")
	expect "a login" "$IN" "$(login alice)"
	during "the next helper starts"
else
	until_true 60 eval 'journalctl -q -u ebpfguard.service -n 50 | grep -q "status=226/NAMESPACE"' || wrong+=("systemd does not say 226/NAMESPACE")
	refused_soon
	during "systemd cannot start the next helper, and says so; a login is refused"
fi
umount -l /run
crash # its mount namespace keeps the view
over

row "/var full"
before=$(cat /var/lib/ebpfguard/last-good.conf)
mount -t tmpfs -o size=64k,mode=0700 tmpfs /var/lib/ebpfguard
printf '%s\n' "$before" >/var/lib/ebpfguard/last-good.conf
dd if=/dev/zero of=/var/lib/ebpfguard/fill bs=1k 2>/dev/null
mkdir -p /etc/ebpfguard.d
seq -f '203.0.113.%g' 1 250 >/etc/ebpfguard.d/list
printf '%s\n' "$good" 'deny_files = ( "/etc/ebpfguard.d/list" );' >$CONF
crash
until_true 100 is_active || wrong+=("it does not start")
expect "a reload" 0 "$(ebpfguardctl reload >/dev/null 2>&1; echo $?)"
says 'cannot keep the configuration as /var/lib/ebpfguard/last-good.conf: No space left on device; an older one stays there'
expect "what is kept" "$before" "$(cat /var/lib/ebpfguard/last-good.conf)"
expect "a login, by the new rules" "$IN" "$(login -d 203.0.113.7 alice)"
expect "no part of a file" "fill last-good.conf" "$(find /var/lib/ebpfguard -type f -printf '%f\n' | sort | paste -sd' ')"
during "new rules are in force; that they could not be kept is said"
rm /var/lib/ebpfguard/fill
expect "a reload" 0 "$(ebpfguardctl reload >/dev/null 2>&1; echo $?)"
expect "what is kept" "$(cat $CONF)" "$(cat /var/lib/ebpfguard/last-good.conf)"
umount -l /var/lib/ebpfguard
printf '%s\n' "$good" >$CONF
rm -rf /etc/ebpfguard.d
crash # its mount namespace keeps the small disk
over

# ---- syslog: nobody reads, and the queue is full

row "syslog stuck"
pkill -STOP -x systemd-journal
pkill -STOP -x rsyslogd
python3 -c '
import socket
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.connect("/dev/log")
s.setblocking(False)
n = 0
try:
    while True:
        s.send(b"<7>filler: " + b"x" * 200)
        n += 1
except BlockingIOError:
    print("#", n, "lines fill the queue")'
began=$SECONDS pid=$(helper_pid)
for i in 1 2 3; do expect "login $i" "$IN" "$(login carol)"; done
echo "# three logins: $((SECONDS - began)) s"
expect "the same helper" "$pid" "$(helper_pid)"
pkill -CONT -x systemd-journal
pkill -CONT -x rsyslogd
during "logins go on"
has_ends() { (($(since_mark | grep -c ' END .* user=carol .* connect=1 ') >= 3)); }
until_true 60 has_ends || wrong+=("lines of their ends: $(since_mark | grep -c ' END .* user=carol ')")
during "what is counted is said once it is read again"
over

# ---- clocks. Nothing below reads the journal, which wants them to go forward.

row "clock jumps"
pid=$(helper_pid)
for to in +10min +20years -7years; do
	mark
	date -s "$to" >/dev/null
	expect "$to: a login" "$IN" "$(login carol)"
	says " END .* user=carol .* seconds=[0-9]{1,2} .* time=$(date -u +%Y)-"
	expect "$to: a reload" 0 "$(ebpfguardctl reload >/dev/null 2>&1; echo $?)"
	expect "$to: the same helper" "$pid" "$(helper_pid)"
	expect "$to: sessions" 2 "$(ebpfguardctl sessions | grep -c ' pam_login ')"
	during "$to: logins go on, and last as long as they do"
done
mark
over
says ' END .* user=alice .* seconds=[0-9]{1,3} '
during "sessions are as old as they are"
rm -rf "$D"
all_over
