#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# Events: what a refused connect costs beside the making of its event, "refused WHO INSN" and "refused ratio R"; how often
# the helper is woken while refusals come at that pace, "wakeups PACE N in MS", and the most of them, "wakeups per-ms R"; and
# what it takes of memory with the sample configuration, at its start and after all that, "memory helper rss KIB".
# shellcheck source=tests/bench/guest.sh
. /srv/t/guest.sh

# refused_by PROGRAM: of event.bpf.c.
refused_by() {
	local fd pid line
	coproc event { "$T/event" "$1"; }
	# shellcheck disable=SC2154 # of the coprocess
	pid=$event_PID
	read -r line <&"${event[0]}" && [[ $line == attached ]] || die "event $1 does not start"
	"$T/probe" -h 100 refused
	fd=${event[1]}
	exec {fd}>&-
	wait "$pid"
	await_no_programs
}

rss() { awk '$1 == "VmRSS:" { print $2 }' "/proc/$(systemctl show -P MainPID ebpfguard.service)/status"; }
slept() { awk '$1 == "voluntary_ctxt_switches:" { print $2 }' "/proc/$(systemctl show -P MainPID ebpfguard.service)/status"; }

# woken NAME ATTEMPTS PAUSES: how often while so many are refused, one every so many microseconds.
woken() {
	local before took
	rm -f $W/go $W/burst
	in_session "$T/try paced 18.4.5.6 $2 $3 $W/go >$W/burst.new; mv $W/burst.new $W/burst; sleep 5" &
	until pgrep -x try >/dev/null; do sleep 0.1; done
	sleep 3
	before=$(slept)
	touch $W/go
	until [[ -e $W/burst ]]; do sleep 0.1; done
	before=$(($(slept) - before))
	read -r _ _ took <$W/burst
	wait $!
	echo "wakeups $1 $before in $took"
	awk -v what="$1" -v n="$before" -v ms="$took" 'BEGIN { printf "wakeups %s-per-ms %.2f\n", what, n / ms }'
}

await_helper
sample=/usr/share/doc/ebpfguard/ebpfguard.conf.sample
[[ ! -e $sample ]] || cp $sample $CONF
systemctl restart ebpfguard.service
sleep 3
echo "memory helper-at-start rss $(rss)"
configure 'deny = ["18.0.0.0/9"];'
most=0
for what in 'burst 30000 0' 'slow 4000 200-500' 'looks 1000 1900-2600'; do
	# shellcheck disable=SC2086 # words
	woken $what | tee $W/woken
	most=$(awk -v most="$most" '$2 ~ /per-ms$/ && $3 > most { most = $3 } END { print most }' $W/woken)
done
echo "wakeups per-ms $most"
sleep 5
echo "memory helper rss $(rss)"

policy 100
in_session "$T/probe -h 100 refused >$W/out"
ours=$(awk '{ print $2 }' $W/out)
unload
floor=$(refused_by floor | awk '{ print $2 }')
build=$(refused_by build | awk '{ print $2 }')
echo "refused floor $floor"
echo "refused build $((build - floor))"
echo "refused ours $((ours - floor))"
awk -v o="$((ours - floor))" -v b="$((build - floor))" 'BEGIN { printf "refused ratio %.3f\n", o / b }'
