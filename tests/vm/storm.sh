# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# shellcheck shell=bash disable=SC2034,SC2154 # what it sets is for those who source it; faults.sh sets nobody
# Sourced, behind faults.sh, by the tests that kill or replace the helper under load: logins that come and go while others are
# held, each trying all the time what it may not, and what there is to be when all of that is over.

STORM=$(mktemp -d)
declare -A STORM_PID=() STORM_FD=()

# start_logins NAME OPTION... USER...: of pam_login, in the background, until end_logins NAME.
start_logins() {
	local fd
	rm -f "$STORM/$1.in"
	mkfifo "$STORM/$1.in"
	(
		# Else the others would not see their end.
		for fd in "${STORM_FD[@]}"; do exec {fd}>&-; done
		exec "$T/pam_login" "${@:2}" <"$STORM/$1.in" >"$STORM/$1" 2>"$STORM/$1.said"
	) &
	STORM_PID[$1]=$!
	exec {fd}>"$STORM/$1.in"
	STORM_FD[$1]=$fd
}
# hold_logins NAME N OPTION... USER: all are open when it returns.
all_are_held() { grep -q ^held "$STORM/$1"; }
hold_logins() {
	start_logins "$1" -H -n "$2" "${@:3}"
	until_true 120 all_are_held "$1"
	is "sessions are held: $1" "held $2" "$(cat "$STORM/$1")"
}
# end_logins NAME: $said is its last line.
end_logins() {
	local fd=${STORM_FD[$1]}
	exec {fd}>&-
	unset "STORM_FD[$1]"
	wait "${STORM_PID[$1]}"
	said=$(tail -n 1 "$STORM/$1")
	echo "# $1: $said"
	head -n 20 "$STORM/$1.said" | sed 's/^/#   | /'
}

# The sessions that are held, with their numbers and profiles: those of before, all of them, and no other.
sessions_of() { # USER
	ebpfguardctl --json sessions 2>/dev/null |
		jq -r --arg user "$1" '.sessions[] | select(.user == $user) | "\(.session) \(.user) \(.profile)"' | sort -n
}

# What the kernel has of ours, and of anybody's but systemd's, whose units come and go: each program, map and link by name.
# eg_segment: a load that changes something leaves one that it has waited with, a fresh start has none yet.
bpf_objects() {
	{
		bpftool -j prog show | jq -r '.[] | "prog \(.type) \(.name)"'
		bpftool -j map show | jq -r '.[] | "map \(.type) \(.name)"'
		bpftool -j link show | jq -r '.[] | "link \(.type)"'
	} | grep -Ev ' sd_| eg_segment' | sort | uniq -c
}
pinned() { find /sys/fs/bpf/ebpfguard | sort; }

# Programs that others have just taken the place of go when the kernel gets to it.
one_of_each() { ! bpf_objects | grep -Eq '^ *([2-9]|[0-9]{2,}) prog [a-z_]+ eg_'; }

# look_around: what there is while nobody is logged in. all_is_back compares.
look_around() {
	until_true 60 no_session_left # of logins that were tried before
	until_true 60 one_of_each
	nobody=$(left)
	usual=$(descriptors)
	usual_pins=$(pinned)
	usual_objects=$(bpf_objects)
	echo "# $(wc -l <<<"$usual_pins") pins, $usual descriptors; nobody is logged in: $nobody"
}
objects_are_usual() { [[ $(bpf_objects) == "$usual_objects" ]]; }
all_is_back() {
	nothing_is_left
	descriptors_are "$usual"
	expect "pins" "$usual_pins" "$(pinned)"
	# What is no longer used goes when the kernel gets to it.
	until_true 60 objects_are_usual ||
		wrong+=("programs, maps and links: $(diff <(echo "$usual_objects") <(bpf_objects) | paste -sd';')")
	expect "leaves" "" "$(find "$CGROUPS" -type d -name 'ebpfguard-*')"
}

# The helper's own process, as quickly as that can be told: by its cgroup. Its child of the self-test is another.
helper_process() {
	local stat
	process=''
	while read -r pid; do
		read -r stat <"/proc/$pid/stat" || continue
		[[ $stat != *"(ebpfguard-helpe) "?" 1 "* ]] || process=$pid
	done </sys/fs/cgroup/system.slice/ebpfguard.service/cgroup.procs
	[[ $process ]]
} 2>/dev/null
