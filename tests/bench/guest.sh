# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# shellcheck shell=bash disable=SC2034,SC2154,SC2015 # what is set is for others; coprocesses set held_PID, peer_PID
# Sourced by the benchmarks inside the guest, whose clock counts instructions. Each result is a line of words, the number
# last, on the standard output; what else is said goes to the standard error.
# shellcheck source=tests/vm/lib.sh
. /srv/t/lib.sh

CONF=/etc/ebpfguard.conf
FEED=/etc/ebpfguard.d/bench
B=$CGROUPS/bench
W=/srv/bench
mkdir -p "$W" "${FEED%/*}"
chmod 0777 "$W" # alice writes there; not sticky, or she could not write what root has made

note() { echo "# $*" >&2; }
die() { echo "error: $*" >&2; exit 1; }

# The helper's first start is the verifier's.
await_helper() {
	until [[ $(systemctl is-active ebpfguard.service) != activating ]]; do sleep 0.2; done
	systemctl is-active --quiet ebpfguard.service || die "the helper does not run"
	sed -i 's/^session required pam_ebpfguard[.]so$/& timeout=60000/' /etc/pam.d/sshd
	# What runs beside it is in the way of numbers that are to repeat.
	systemctl stop cron.service atd.service 2>/dev/null
}

# policy SIZE [6]: so many networks denied, and as many of IPv6; in force when it returns.
policy() {
	local family files=() out
	for family in '' ${2-}; do
		"$T/probe" -n "$1" "networks$family" >"$FEED$family.new"
		mv "$FEED$family.new" "$FEED$family.txt"
		files+=("{ file = \"$FEED$family.txt\"; shrink = 100; }")
	done
	printf '%s\n' "deny_files = ( $(IFS=, && echo "${files[*]}") );" 'setuid = { deny = true; };' 'mount = { deny = true; };' >$CONF
	out=$(ebpfguardctl reload 2>&1) || die "reload: $out"
	out=$(ebpfguardctl status | sed -n 's/^prefixes: //p')
	[[ $out == "$1 IPv4, $((${#files[@]} > 1 ? $1 : 0)) IPv6" ]] || die "$out are in force, not $1"
}

# in_session COMMAND: as alice, in a session that is opened by libpam, without sshd.
in_session() {
	"$T/pam_login" -a timeout=60000 -x "$1" alice >"$W/login" || die "the session: $(<"$W/login")"
}

# hold_session, let_go: somebody else is guarded meanwhile.
hold_session() {
	coproc held { "$T/pam_login" -H -n 1 -a timeout=60000 -x 'exec sleep 100000' bob; }
	read -r _ <&"${held[0]}"
}
let_go() {
	local fd=${held[1]} pid=$held_PID
	pkill -u bob -x sleep
	exec {fd}>&-
	wait "$pid"
	until_true 60 no_session_left || die "sessions are left"
}

# Ends our guard, or what stands in for others. The kernel takes the programs off its hooks a moment later.
no_programs() { ! bpftool prog list | grep -q ': lsm '; }
await_no_programs() { until_true 60 no_programs || die "programs are left: $(bpftool prog list | grep ': lsm ')"; }
unload() {
	systemctl stop ebpfguard.service ebpfguard.socket
	ebpfguard-helper --unload >&2 || die "cannot unload"
	await_no_programs
}

# with PEER [OPTION...] -- COMMAND...: while the stand-in is attached.
with() {
	local options=() fd pid
	while [[ $1 != -- ]]; do options+=("$1") && shift; done
	shift
	coproc peer { "$T/peers" "${options[@]}"; }
	pid=$peer_PID
	read -r line <&"${peer[0]}" && [[ $line == attached ]] || die "peers ${options[*]} does not start"
	"$@"
	fd=${peer[1]}
	exec {fd}>&-
	wait "$pid"
	await_no_programs
}

# in_cgroup DIR COMMAND...: in that cgroup, made first.
in_cgroup() {
	mkdir -p "$1"
	(echo "$BASHPID" >"$1/cgroup.procs" && shift && exec "$@")
}
