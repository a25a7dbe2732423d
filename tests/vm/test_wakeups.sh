#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# The helper is woken once a millisecond at most, however refusals and recorded calls come; each is in the log all the same,
# at once when it is the only one, and none waits for somebody who has not been woken.
# shellcheck source=tests/vm/lib.sh disable=SC2317 # all_there is defined anew
. /srv/t/lib.sh
SCRIPT_NAME=wakeups
W=/srv/wakeups
mkdir -p $W
chmod 1777 $W
good=$(cat /etc/ebpfguard.conf)
AT_ONCE_MS=150 # a machine that shares its processors stands still for some of it
server=10.99.0.2

# One line a refusal, whatever their number; or as few as a sample configuration has.
configured() {
	configure 'deny = ["18.0.0.0/9"];' "${1-}" "${2-}"
}
every='log = { rate = 100000; session_rate = 100000; session_burst = 100000; window = 0; };'

helper() { systemctl show -P MainPID ebpfguard.service; }
slept() { awk '$1 == "voluntary_ctxt_switches:" { print $2 }' "/proc/$(helper)/status"; }
# latencies KIND: milliseconds from what has happened to its line, in the order of the lines. mono= is when it happened.
latencies() {
	journalctl -q -t ebpfguard-helper --since "$since" -o json --output-fields=MESSAGE,_SOURCE_REALTIME_TIMESTAMP |
		python3 -c '
import datetime, json, re, sys
for line in sys.stdin:
    e = json.loads(line)
    if not isinstance(e.get("MESSAGE"), str) or not e["MESSAGE"].startswith(sys.argv[1] + " "):
        continue
    said = re.search(r" time=(\S+)Z", e["MESSAGE"])[1]
    at = datetime.datetime.fromisoformat(said + "+00:00").timestamp()
    print(round(int(e["_SOURCE_REALTIME_TIMESTAMP"]) / 1000 - at * 1000))' "$1"
}
# begin COMMAND...: alice does it when the file is there; for $W/said. The helper has nothing to do until then.
begin() {
	rm -f $W/{go,ready,said}
	mark
	sh_as alice "touch $W/ready; $* >$W/said.new; mv $W/said.new $W/said; until test -e $W/end; do sleep 0.1; done" &
	login=$!
	until_true 60 test -e $W/ready
	sleep 2
	since=@$(date +%s)
	before=$(slept)
	touch $W/go
}
# finish: *ret_wakeups, and what attempts have said.
finish() {
	until_true 120 test -e $W/said
	wakeups=$(($(slept) - before))
	read -r refused allowed took <$W/said
	until_true 60 all_there
	touch $W/end
	wait "$login"
	rm -f $W/end
	until_true 60 log_has ' END .* user=alice '
}
all_there() { true; } # defined anew below
# The journal: on a busy machine it does not hand everything on to rsyslog.
journal() { journalctl -q -t ebpfguard-helper --since "$since" -o cat; }
ports() { journal | grep "^$1 .* user=alice .*$what" | grep -oE ' port=[0-9]+' | sort -u | wc -l; }
# accounted KIND: those that have a line, and those that a log which could not follow has only a number of.
accounted() {
	echo $(($(ports "$1") + $(journal | grep -E '^(SUPPRESSED|LOST) .* user=alice ' | grep -oE ' count=[0-9]+' |
		awk -F= '{ n += $2 } END { print n + 0 }')))
}
lines_there() { (($(accounted "$kind") >= n)); }
lost() { since_mark | sed -nE 's/.* END .* user=alice .* lost=([0-9]+) .*/\1/p'; }

# few WHAT: no more than one a millisecond; 20 for the second that goes by anyhow.
few() {
	if ((wakeups > 0 && wakeups <= took + 20)); then pass "$1: woken $wakeups times in $took ms"; else fail "$1: woken $wakeups times in $took ms"; fi
}

# ---- how often

configured
begin "nice $T/try paced 18.4.5.6 30000 0 $W/go"
finish
is "burst: every one is refused" "30000 0" "$refused $allowed"
few burst
echo "wakeups burst $wakeups $took"

# Slower than one look takes, and faster than a millisecond: one wake-up each would be three times too many.
begin "$T/try paced 18.4.5.6 4000 200-500 $W/go"
finish
is "slowly: every one is refused" "4000 0" "$refused $allowed"
few slowly
echo "wakeups slow $wakeups $took"

begin "$T/try paced 18.4.5.6 400 1900-2600 $W/go"
finish
few "as slow as looks are"

# ---- at once, and none is left

# check KIND WHAT: lines of all of them; what their delay was.
check() {
	local late
	is "$2: a line for each" "$n" "$(ports "$1")"
	late=$(latencies "$1" | awk -v most=$AT_ONCE_MS '$1 > most { n++ } END { print n + 0 }')
	# A machine that is busy with others stands still now and then.
	if ((late <= 1 || late <= n / 50)); then
		pass "$2: at once: $(latencies "$1" | sort -n | awk '{ a[NR] = $1 } END { print a[int((NR + 1) / 2)] " ms, at most " a[NR] }')"
	else
		fail "$2: $late of $n lines came more than $AT_ONCE_MS ms late"
	fi
}
configured "$every"
kind=DENY what=''
all_there() { lines_there; }
n=20
begin "$T/try paced 18.4.5.6 $n 150000 $W/go"
finish
check DENY "one by one"

# The second comes about when the helper goes to sleep. When nobody is woken for it, it waits for the next or for the tick.
n=300
begin "$T/try paced 18.4.5.6 $n 220000,1800-2900 $W/go"
finish
check DENY "in pairs"

# A burst of more than a ring takes is not asked for here: none is lost.
n=1500
begin "$T/try paced 18.4.5.6 $n 0-300 $W/go"
finish
is "many: all are told of" "$n" "$(accounted DENY)"
is "many: the ring had room" 0 "$(lost)"

# ---- a helper that is killed in between; who is down reads nothing, and the ring has room for all

n=1500
begin "$T/try paced 18.4.5.6 $n 500-1500 $W/go"
sleep 0.5
kill -9 "$(helper)"
systemctl reset-failed ebpfguard.service
until_true 120 systemctl start ebpfguard.service 2>/dev/null
finish
is "killed: all are told of" "$n" "$(accounted DENY)"
is "killed: the ring had room" 0 "$(lost)"
n=10
begin "$T/try paced 18.4.5.6 $n 150000 $W/go"
finish
check DENY "behind it"

# ---- what is recorded

configured 'record = { connect = "all"; };'
kind=CONNECT what="dst=$server"
n=4000
begin "$T/try paced $server $n 200-500 $W/go"
finish
is "recorded: none is refused" "0 $n" "$refused $allowed"
is "recorded: a line for each" "$n" "$(ports CONNECT)"
echo "wakeups recorded $wakeups $took"
few recorded
n=20
begin "$T/try paced $server $n 150000 $W/go"
finish
check CONNECT "recorded one by one"
n=200
begin "$T/try paced $server $n 220000,1800-2900 $W/go"
finish
check CONNECT "recorded in pairs"

# ---- memory: it does not stay as large as it was when the rings were full

rss() { awk '$1 == "VmRSS:" { print $2 }' "/proc/$(helper)/status"; }
sleep 3
echo "memory helper rss $(rss)"
if (($(rss) < 16 * 1024)); then pass "memory: $(rss) KiB"; else fail "memory: $(rss) KiB"; fi

printf '%s\n' "$good" >/etc/ebpfguard.conf
ebpfguardctl reload >/dev/null
rm -rf $W
all_over
