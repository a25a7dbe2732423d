# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# shellcheck shell=bash
# Sourced by the test scripts inside the guest. Results are TAP lines: ok, not ok, ok # SKIP reason.
#
# /srv/t/ holds this directory's scripts, the configuration files and the attack programs, world-readable.

T=/srv/t
HOST=10.99.0.1 # the guarded machine as its peer sees it
TAP_N=0
# shellcheck disable=SC1091 # tests/vm/suite writes it
[[ ! -e $T/settings ]] || . "$T/settings"

pass() {
	TAP_N=$((TAP_N + 1))
	echo "ok $TAP_N - ${SCRIPT_NAME:-?}: $*"
}

fail() {
	TAP_N=$((TAP_N + 1))
	echo "not ok $TAP_N - ${SCRIPT_NAME:-?}: $*"
}

skip() { # DESCRIPTION REASON
	TAP_N=$((TAP_N + 1))
	echo "ok $TAP_N - ${SCRIPT_NAME:-?}: $1 # SKIP $2"
}

# is DESCRIPTION EXPECTED GOT
is() {
	if [[ $2 == "$3" ]]; then
		pass "$1"
	else
		fail "$1"
		printf '#   expected: %s\n#   got:      %s\n' "$2" "$3"
	fi
}

# matches DESCRIPTION REGEX TEXT
matches() {
	if [[ $3 =~ $2 ]]; then
		pass "$1"
	else
		fail "$1"
		printf '#   expected to match: %s\n#   got: %s\n' "$2" "$3"
	fi
}

# Runs a command as a peer on the network.
peer() { ip netns exec client "$@"; }

# Logs in from the peer. sh_as USER COMMAND...
sh_as() {
	local user=$1
	shift
	peer ssh -n "$user@$HOST" "$@"
}

# until_true SECONDS COMMAND...: waits for a condition instead of a guess. The clock is the guest's.
until_true() {
	local end=$((SECONDS + $1))
	shift
	until "$@"; do
		((SECONDS < end)) || return 1
		sleep 0.2
	done
}

# Lines of auth.log written since mark(), once rsyslog has them. logged SECONDS REGEX prints the first match.
mark() { LOG_MARK=$(wc -l </var/log/auth.log); }
since_mark() { tail -n "+$((${LOG_MARK:-0} + 1))" /var/log/auth.log; }
log_has() { since_mark | grep -Eq -- "$1"; }
logged() { # DESCRIPTION REGEX
	if until_true 10 log_has "$2"; then
		pass "$1"
	else
		fail "$1"
		printf '#   no line since the mark matches: %s\n' "$2"
		since_mark | grep -E 'ebpfguard|pam_' | tail -n 12 | sed 's/^/#   | /'
	fi
}

# configure LINE...: the whole of the configuration, which is in force then.
configure() {
	local out
	printf '%s\n' "$@" >/etc/ebpfguard.conf
	out=$(ebpfguardctl reload 2>&1) || fail "reload: $out"
}

pins=/sys/fs/bpf/ebpfguard/v7
map_count() { "$T/try" count "$pins/map_$1"; }
labelled_tasks() { echo $(($(wc -c <"$pins/link_eg_iter_members") / 24)); }
# The programs for strays, at the root of all cgroups.
CGROUPS=/sys/fs/cgroup
stray_filters() { bpftool cgroup show "$CGROUPS" 2>/dev/null | grep -c eg_stray_; }
strays_filtered() { [[ $(stray_filters) == 2 ]]; }
# Guarding ends and begins anew: what an earlier test has left there goes.
start_anew() {
	systemctl stop ebpfguard.service ebpfguard.socket
	ebpfguard-helper --unload
	systemctl start ebpfguard.socket
	# On a busy machine the emulated verifier takes longer than the unit's time-out.
	until_true 120 systemctl start ebpfguard.service 2>/dev/null
}
# watchdog off|on: before and after a test that lets the helper stand still for long. systemd takes it up at a start.
watchdog() {
	local drop_in=/run/systemd/system/ebpfguard.service.d/zz-watchdog.conf # after that of tests/vm/product.sh
	mkdir -p "${drop_in%/*}"
	case $1 in
	off) printf '[Service]\nWatchdogSec=0\n' >"$drop_in" ;;
	on) rm "$drop_in" ;;
	esac
	systemctl daemon-reload
	systemctl restart ebpfguard.service
}
no_label() { [[ $(labelled_tasks) == 0 ]]; }
no_session_left() { [[ $(map_count eg_records) == 0 && $(map_count eg_sessions) == 0 ]]; }

# The sessions of a test and all they left in the kernel are gone. systemd stops a user's manager ten seconds after the
# last logout.
all_over() {
	if until_true 60 no_session_left; then
		pass "nothing is left: map entries"
	else
		fail "nothing is left: map entries"
		ebpfguardctl sessions | sed 's/^/#   | /'
		echo "#   | bindings: $(map_count eg_sessions), records: $(map_count eg_records)"
		journalctl -q --no-pager -n 20 | sed 's/^/#   | /'
		systemd-cgls --no-pager /user.slice | sed 's/^/#   | /'
	fi
	until_true 20 no_label # of a task that is being taken down
	is "nothing is left: labels" 0 "$(labelled_tasks)"
	is "nothing is left: cgroups" "" "$(find /sys/fs/cgroup -type d -name 'ebpfguard-*')"
}
