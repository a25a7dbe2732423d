#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# Guest instructions of one call through a hook: "insn PROBE WHO STATE COST". WHO: nothing, empty (a program that does
# nothing), ours, teleport and ebpfguard (stand-ins). STATE: idle (no session anywhere), unguarded (somebody else is guarded),
# guarded-SIZE, depth-N (unguarded, so deep in the cgroups), guarded-depth-N, refused.
#   PROBES SIZES DEPTHS WHO   what is measured; see the defaults
# shellcheck source=tests/bench/guest.sh
. /srv/t/guest.sh
# shellcheck disable=SC1091 # tests/bench/run writes it
. /srv/t/wanted
read -ra probes <<<"${PROBES:-connect connect6 sendmsg file_open setuid clone noexec fork exec}"
read -ra sizes <<<"${SIZES:-100 10000 100000 1000000}"
read -ra depths <<<"${DEPTHS-2 4 6 8}"
who=" ${WHO:-ours teleport ebpfguard} "
NETWORK_PROBES=' connect connect6 sendmsg refused '

# measured WHO STATE <probe's lines
measured() { sed "s/^\([^ ]*\) \(.*\)/insn \1 $1 $2 \2/"; }
# networked: the probes whose cost depends on the policy, of those asked for.
networked() { for p in "${probes[@]}"; do [[ $NETWORK_PROBES != *" $p "* ]] || echo "$p"; done | xargs; }
sixes=''
[[ " ${probes[*]} " != *' connect6 '* ]] || sixes=6
plain() { "$T/probe" "${probes[@]}"; }

ours_guarded() {
	local size names=${probes[*]}
	for size in "${sizes[@]}"; do
		policy "$size" $sixes
		in_session "$T/probe $names >$W/out"
		measured ours "guarded-$size" <$W/out
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
		mkdir -p "$dir" && echo "$pid" >"$dir/cgroup.procs" && touch $W/go || die "cannot move the probe"
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
	hold_session
	plain | measured ours unguarded
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
		# The allowed ones are those behind the denied: an address of the first hits them.
		# shellcheck disable=SC2086
		with -c $B -a "$size" teleport -- in_cgroup $B "$T/probe" -h "$size" $names | measured teleport "allowed-$size"
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
[[ $who != *' teleport '* ]] || teleport
[[ $who != *' ebpfguard '* ]] || ebpfguard
