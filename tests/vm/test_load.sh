#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# Thousands of sessions one after the other: nothing grows with them, judged by the slope of what the helper and the kernel
# have each time all are over; thousands of them at once; and twenty people who log in by ssh at the same moment.
# EG_OPENS, EG_HELD: how many; `make soak` has 100000 of the first.
# shellcheck source=tests/vm/lib.sh
. /srv/t/lib.sh
# shellcheck source=tests/vm/faults.sh
. /srv/t/faults.sh
SCRIPT_NAME=load
OPENS=${EG_OPENS:-3000} HELD=${EG_HELD:-2000} SSH=20
SAMPLES=15 AT_ONCE=4
W=/srv/load
mkdir -p $W

# A user may have 64 sessions.
users=()
for ((i = 0; i <= HELD / 60; i++)); do
	users+=("u$i")
	echo "u$i:x:$((2000 + i)):$((2000 + i))::/tmp:/bin/sh" >>/etc/passwd
	echo "u$i:x:$((2000 + i)):" >>/etc/group
	echo "u$i:*:19000:0:99999:7:::" >>/etc/shadow
done

# ---- what is measured, and what it may gain in a thousand sessions

# A huge page would hide what is added to it.
echo never >/sys/kernel/mm/transparent_hugepage/enabled
columns=(memory descriptors maps programs links charged cgroups dying pins)
# memory, charged: in KiB. What is charged to the unit are maps, mostly; not counted is what the kernel drops when memory is
# wanted: it keeps the names of leaves that are gone. What fits between what is in use of the heap is not seen: of 3000
# sessions, some hundred bytes each. dying: cgroups that are removed and held by something.
bounds=(32 1 1 1 1 100 1 5 1)
unit=$CGROUPS/system.slice/ebpfguard.service
reclaimable() { sed -n 's/^slab_reclaimable //p' "$unit/memory.stat"; }
charged() { echo $((($(cat $unit/memory.current) - $(reclaimable)) / 1024)); }
sample() {
	local pid
	pid=$(helper_pid)
	echo "$1 $(awk '$1 == "Pss_Anon:" { print $2 }' "/proc/$pid/smaps_rollup") $(descriptors) $("$T/try" objects)" \
		"$(charged)" \
		"$(awk '/^nr_(dying_)?descendants / { printf "%d ", $2 }' $CGROUPS/cgroup.stat)" \
		"$(find /sys/fs/bpf/ebpfguard | wc -l)"
}
# slope COLUMN <SAMPLES: per thousand, by least squares.
slope() {
	awk -v c="$1" '{ x = $1 / 1000; y = $c; n++; sx += x; sy += y; xx += x * x; xy += x * y }
		END { printf "%.2f\n", (n * xy - sx * sy) / (n * xx - sx * sx) }'
}
is_above() { awk -v a="$1" -v b="$2" 'BEGIN { exit !(a + 0 > b + 0) }'; }

# ends: lines of sessions that are over, by now.
ends() { grep -c ' END session=' /var/log/auth.log; }
has_ended() { (($(ends) >= $1)); }
# open_and_close N FILE: so many sessions, and a sample each time all of a part are over. The first two parts make what is made
# once: they are not in it.
open_and_close() {
	local i part=$(($1 / SAMPLES)) said
	: >"$2"
	for ((i = -1; i <= SAMPLES; i++)); do
		: >/var/log/auth.log # in memory, as all files here
		said=$(login -o -n $part -p "$AT_ONCE" "${users[@]}")
		expect "sessions" "opened=$part refused=0 tries=$part unguarded=0 tight=0 lost=0" "$said"
		nothing_is_left
		until_true 60 has_ended $part
		expect "lines of their ends" $part "$(ends)"
		((i < 1)) || sample $((i * part)) >>"$2"
		((${#wrong[@]} < 20)) || break
	done
}

systemctl restart ebpfguard.service
nobody=$(left)
start=$SECONDS
open_and_close "$OPENS" $W/samples
verdict "$OPENS sessions: each is guarded, nothing of it stays, and its end is said"
echo "# $((SECONDS - start)) s"
echo "# ${columns[*]}"
sed -n '1p;$p' $W/samples | sed 's/^/# /'
for i in "${!columns[@]}"; do
	by=$(slope $((i + 2)) <$W/samples)
	if is_above "$by" "${bounds[i]}"; then
		fail "${columns[i]}: $by more in a thousand sessions, not ${bounds[i]}"
		awk -v c=$((i + 2)) '{ printf("%s%s", NR > 1 ? " " : "#   ", $c) } END { print "" }' $W/samples
	else
		pass "${columns[i]}: $by more in a thousand sessions, at most ${bounds[i]}"
	fi
done

names=$(reclaimable)
echo 64M >$unit/memory.reclaim 2>/dev/null # there is not so much
if (($(reclaimable) < names / 4)); then
	pass "what the kernel keeps of them, $((names / 1024)) KiB, it gives back"
else
	fail "what the kernel keeps of them, $((names / 1024)) KiB, it gives back: $(($(reclaimable) / 1024)) KiB are left"
fi

# ---- the control: a helper that leaves something of each kind behind in each session

use_faulty_helper
login "${users[@]}" >/dev/null
nothing_is_left
inject 'open_whole leak 0'
SAMPLES=6 AT_ONCE=1 open_and_close 150 $W/leaks
rm -f $FAULT
verdict "the control: sessions of a helper that leaks"
for i in "${!columns[@]}"; do
	by=$(slope $((i + 2)) <$W/leaks)
	case ${columns[i]} in
	programs | links | dying) continue ;;
	esac
	if is_above "$by" "${bounds[i]}"; then
		pass "the control: ${columns[i]}: $by in a thousand sessions is noticed"
	else
		fail "the control: ${columns[i]}: $by in a thousand sessions is not noticed"
	fi
done
rmdir $CGROUPS/ebpfguard/leak.*
rm -f /sys/fs/bpf/ebpfguard/leak_*
use_real_helper

# ---- at once

before=$(descriptors)
start=$SECONDS
mark
# The host has room for 4096. Each tries what is denied at the beginning and at the end, not in between: that would be a line
# of the log each time.
wanted=$HELD
((HELD <= 4096)) || HELD=4096
coproc held { "$T/pam_login" -o -H -n "$wanted" -p 8 -i 3600000 -a "$PAM_ARGS" "${users[@]}"; }
held_pid=$!
read -r line <&"${held[0]}"
is "$HELD sessions at once" "held $HELD" "$line"
echo "# $((SECONDS - start)) s"
is "all are listed" "$HELD" "$(ebpfguardctl sessions | grep -c ' pam_login ')"
((wanted == HELD)) || until_true 20 log_has ' 4096 sessions are guarded already.*; login refused' || wrong+=("the log does not say why")
# Each user has a record for his manager, should it start.
expect "records and bindings" "$((HELD + ${#users[@]})) $HELD" "$(counts eg_records eg_sessions)"
expect "labels" "$HELD" "$(labelled_tasks)"
descriptors_are $((before + HELD)) # one each
verdict "$HELD sessions: each has a record, a binding, a label and one descriptor"
if ((wanted == HELD)); then
	is "one more login, by ssh" "EPERM ok" \
		"$(sh_as alice "$T/try connect udp 18.4.5.6 9; $T/try connect udp 10.1.2.3 9" | paste -sd' ')"
else
	mark
	is "no room for one more: by ssh" "" "$(sh_as alice echo in)"
	logged "no room for one more: it is said" 'REFUSED open .*user=alice .*4096 sessions are guarded already'
fi
pid=$(helper_pid)
kill -9 "$pid"
until_true 60 is_another "$pid"
are_listed() { [[ $(ebpfguardctl sessions 2>/dev/null | grep -c ' pam_login ') == "$HELD" ]]; }
if until_true 120 are_listed; then # at first it has a lot to look at
	pass "the next helper has taken them over"
else
	fail "the next helper has taken them over"
fi
eval "exec ${held[1]}>&-"
read -r line <&"${held[0]}"
wait $held_pid
matches "$HELD sessions: each tried, at the beginning and at the end, none was unguarded or lost" \
	"^opened=$HELD refused=$((wanted - HELD)) tries=$((2 * HELD)) unguarded=0 tight=0 lost=0" "$line"
until_true 300 is_nothing_left # a line of the log for each end
nothing_is_left
verdict "$HELD sessions: nothing is left"

# ---- by ssh, all in the same moment

# sshd lets ten come by itself.
printf 'MaxStartups 100\nLoginGraceTime 300\n' >/etc/ssh/sshd_config.d/load.conf
systemctl reload ssh.service
mark
rm -f $W/go $W/ssh.*
start=$SECONDS
for ((i = 0; i < SSH; i++)); do
	who=(alice bob carol)
	sh_as "${who[i % 3]}" "$T/try connect udp 18.4.5.6 9; $T/try connect udp 10.1.2.3 9; until [ -e $W/go ]; do sleep 1; done" \
		>"$W/ssh.$i" 2>&1 &
done
all_in() { [[ $(cat $W/ssh.* | grep -c '^ok$') == "$SSH" ]]; }
until_true 300 all_in
echo "# $((SECONDS - start)) s"
is "$SSH logins at once: all are in" "$SSH" "$(ebpfguardctl sessions | grep -c ' sshd ')"
is "$SSH logins at once: each is guarded" "$SSH EPERM,$SSH ok" "$(cat $W/ssh.* | sort | uniq -c | xargs -n 2 | paste -sd,)"
touch $W/go
wait
rm -rf $W /etc/ssh/sshd_config.d/load.conf
systemctl reload ssh.service
sed -i '/^u[0-9]*:/d' /etc/passwd /etc/group /etc/shadow
all_over
