# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# shellcheck shell=bash
# Sourced by the benchmarks inside the guest, whose clock counts instructions. Each result is a line of words, the number
# last, on the standard output; what else is said goes to the standard error.
# shellcheck source=tests/vm/lib.sh
. /srv/t/lib.sh

CONF=/etc/ebpfguard.conf
FEED=/etc/ebpfguard.d/bench.txt
B=$CGROUPS/bench
W=/srv/bench
mkdir -p "$W" "${FEED%/*}"
chmod 1777 "$W" # alice writes there

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
	local out
	"$T/probe" -n "$1" networks >"$FEED.new"
	[[ ${2-} != 6 ]] || "$T/probe" -n "$1" networks6 >>"$FEED.new"
	mv "$FEED.new" "$FEED"
	printf '%s\n' "deny_files = ( \"$FEED\" );" 'setuid = { deny = true; };' 'mount = { deny = true; };' >$CONF
	out=$(ebpfguardctl reload 2>&1) || die "reload: $out"
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
