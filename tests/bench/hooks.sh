#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# Guest instructions of one call through a hook: "insn PROBE WHO STATE COST". WHO: nothing, empty (a program that does
# nothing), ours, teleport and ebpfguard (stand-ins). STATE: idle (no session anywhere), unguarded (somebody else is guarded),
# guarded-SIZE (networks denied), both-SIZE (as many allowed besides, one of which is asked for), depth-N (unguarded, so deep
# in the cgroups), guarded-depth-N, refused.
# "progs PROBE WHO STATE RUNS COST": how many programs ran in one call, and what they took of it: where the call itself
# differs by more than they take, as it is long, or frees what others have left.
#   PROBES SIZES DEPTHS WHO   what is measured; see the defaults
# shellcheck source=tests/bench/guest.sh
. /srv/t/guest.sh
# shellcheck disable=SC1091 # tests/bench/run writes it
. /srv/t/wanted
read -ra probes <<<"${PROBES:-connect connect_new connect6 sendmsg file_open setuid fork exec spawn}"
read -ra sizes <<<"${SIZES:-100 10000 100000 1000000}"
read -ra depths <<<"${DEPTHS-2 4 6 8}"
who=" ${WHO:-ours teleport ebpfguard} "
NETWORK_PROBES=' connect connect_new connect6 sendmsg refused '
PROGRAM_PROBES=' setuid fork spawn '

# measured WHO STATE <probe's lines
measured() { sed "s/^\([^ ]*\) \(.*\)/insn \1 $1 $2 \2/"; }
# networked: the probes whose cost depends on the policy, of those asked for.
networked() { for p in "${probes[@]}"; do [[ $NETWORK_PROBES != *" $p "* ]] || echo "$p"; done | xargs; }
sixes=''
[[ " ${probes[*]} " != *' connect6 '* ]] || sixes=6
plain() { "$T/probe" "${probes[@]}"; }

# What the kernel says its BPF programs have run and taken so far: "RUNS NANOSECONDS".
ran() { bpftool -j prog show | jq -r '[.[] | [.run_cnt // 0, .run_time_ns // 0]] | transpose | map(add) | @tsv'; }
# programs HOW WHO STATE, HOW: in_session or eval. Rounds with the calls, and without them for what runs anyway; the least
# of each, because the clock's interrupts are in some. Nobody else does much meanwhile: we wait for a line. Of programs that
# all do nothing each run costs the same, so of these it is what one costs that counts, and not who else ran some.
TURNS=16
declare -A calls=([setuid]=2000 [fork]=200 [spawn]=50)
programs() {
	local p i pipe
	sysctl -qw kernel.bpf_stats_enabled=1
	for p in "${probes[@]}"; do
		[[ $PROGRAM_PROBES == *" $p "* ]] || continue
		rm -f $W/{go.*,pipe}
		mkfifo -m 0666 $W/pipe
		"$1" "$T/probe -g $W/go -n ${calls[$p]} -r $TURNS $p >$W/pipe" &
		exec {pipe}<$W/pipe
		for ((i = 0; i < TURNS; i++)); do
			ran
			: >$W/go.$i
			read -r _ <&"$pipe"
		done >$W/ran
		ran >>$W/ran
		wait $!
		exec {pipe}<&-
		awk -v n="${calls[$p]}" -v said="progs $p $2 $3" '
			NR > 1 {
				r = NR % 2; runs = $1 - was[1]; took = $2 - was[2]
				if (!(r in least) || took < least[r]) { least[r] = took; ran[r] = runs }
				if (runs && (!one || took / runs < one)) one = took / runs
			}
			{ split($0, was) }
			END {
				runs = (ran[1] - ran[0]) / n; took = (least[1] - least[0]) / n
				if (said ~ / empty /) took = int(runs + 0.5) * one
				printf "%s %.1f %.0f\n", said, runs, took
			}' $W/ran
	done
	sysctl -qw kernel.bpf_stats_enabled=0
}

ours_guarded() {
	local size names=${probes[*]}
	for size in "${sizes[@]}"; do
		policy "$size" $sixes
		in_session "$T/probe $names >$W/out"
		measured ours "guarded-$size" <$W/out
		[[ $size != "${sizes[0]}" ]] || programs in_session ours "guarded-$size"
		names=$(networked) # the others don't look at it
		[[ $names ]] || break
	done
}

ours_refused() {
	[[ " ${probes[*]} " == *' refused '* ]] || return 0
	in_session "$T/probe -h 100 refused >$W/out"
	measured ours refused <$W/out
}

# Deeper below the leaf, which is at 2.
ours_at_depth() {
	local depth pid leaf dir
	policy 10000 $sixes
	for depth in "${depths[@]}"; do
		rm -f $W/go
		in_session "$T/probe -w $W/go $(networked) >$W/out" &
		until pid=$(pgrep -x probe); do sleep 0.1; done
		leaf=$CGROUPS$(sed -n 's/^0:://p' "/proc/$pid/cgroup") dir=$leaf
		for ((i = 2; i < depth; i++)); do dir+=/d; done
		if ! mkdir -p "$dir" || ! echo "$pid" >"$dir/cgroup.procs"; then die "cannot move the probe"; fi
		touch $W/go
		wait $!
		measured ours "guarded-depth-$depth" <$W/out
		[[ $dir == "$leaf" ]] || (cd "$leaf" && rmdir -p "${dir#"$leaf"/}")
	done
	until_true 60 no_session_left || die "sessions are left"
	hold_session
	for depth in "${depths[@]}"; do
		dir=$B
		for ((i = 1; i < depth; i++)); do dir+=/d; done
		in_cgroup "$dir" "$T/probe" "${probes[@]}" | measured ours "depth-$depth"
	done
	let_go
}

ours() {
	policy 100 $sixes
	plain | measured ours idle
	programs eval ours idle
	hold_session
	plain | measured ours unguarded
	programs eval ours unguarded
	let_go
	ours_guarded
	[[ ! $(networked) ]] || ((!${#depths[@]})) || ours_at_depth
	policy 100 $sixes
	ours_refused
}

# The stand-ins know IPv4 only.
teleport() {
	local size names
	names=$(networked | sed 's/connect6\|refused//g')
	[[ $names ]] || return 0
	# shellcheck disable=SC2086 # words
	with -c $B -d 100 teleport -- "$T/probe" $names | measured teleport unguarded
	for size in "${sizes[@]}"; do
		# shellcheck disable=SC2086
		with -c $B -d "$size" teleport -- in_cgroup $B "$T/probe" $names | measured teleport "guarded-$size"
		((size <= 100000)) || continue # both tries of a million do not fit in memory
		# The allowed ones are those behind the denied.
		# shellcheck disable=SC2086
		with -c $B -d "$size" -a "$size" teleport -- in_cgroup $B "$T/probe" -f "$size" -h "$size" $names |
			measured teleport "both-$size"
	done
}

ebpfguard() {
	local names
	names=$(for p in "${probes[@]}"; do [[ $p != connect && $p != file_open && $p != setuid ]] || echo "$p"; done | xargs)
	# shellcheck disable=SC2086 # words
	[[ ! $names ]] || with ebpfguard -- "$T/probe" $names | measured ebpfguard unguarded
}

await_helper
mkdir -p $B
[[ $who != *' ours '* ]] || ours
unload
probes=("${probes[@]/refused/}")
mapfile -t probes < <(printf '%s\n' "${probes[@]}" | grep .)
plain | measured nothing -
with empty -- plain | measured empty -
with empty -- programs eval empty -
[[ $who != *' teleport '* ]] || teleport
[[ $who != *' ebpfguard '* ]] || ebpfguard
