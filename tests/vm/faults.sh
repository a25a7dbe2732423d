# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# shellcheck shell=bash disable=SC2034 # what it sets is for those who source it
# Sourced by the tests of faults: the helper whose steps can be made to fail (helper/fault.c) in the place of the real one,
# logins through libpam, and what there is to be when nobody is logged in.
#
# A test collects what is wrong at a point in `wrong` and ends it with verdict: one line of TAP a point and an action.

HELPER=$T/ebpfguard-helper-faults
FAULT=/run/ebpfguard/fault
CONF=/etc/ebpfguard.conf
FAULT_DROP_IN=/run/systemd/system/ebpfguard.service.d
PAM_ARGS=timeout=60000 # emulated, beside others
wrong=()

# points REGEX: of the list in helper/fault.h, "NAME MEANING" a line.
points() { "$HELPER" --faults | grep -E "^($1) " | grep -Ev "^(${2:-$}) "; }

use_faulty_helper() {
	systemctl stop ebpfguard.service
	mkdir -p "$FAULT_DROP_IN"
	printf '[Service]\nExecStart=\nExecStart=%s\n' "$HELPER" >"$FAULT_DROP_IN/helper.conf"
	systemctl daemon-reload
	systemctl start ebpfguard.socket ebpfguard.service
}
use_real_helper() {
	rm -f "$FAULT" "$FAULT_DROP_IN/helper.conf"
	systemctl daemon-reload
	systemctl restart ebpfguard.service
}

# inject "POINT ACTION [COUNT [SKIP]]"...: the first is due, then the next.
inject() {
	printf '%s\n' "$@" >"$FAULT.made"
	mv "$FAULT.made" "$FAULT"
}
reached() { [[ ! -e $FAULT ]]; }
# All that was injected has happened.
was_reached() {
	until_true 30 reached && return
	wrong+=("the point was not reached")
	rm -f "$FAULT"
}

# Nothing while there is none: systemd's 0 would be everybody here to kill.
helper_pid() {
	local pid
	pid=$(systemctl show -p MainPID --value ebpfguard.service)
	((pid == 0)) || echo "$pid"
}
is_active() { [[ $(systemctl is-active ebpfguard.service) == active ]]; }
is_another() { is_active && [[ $(helper_pid) != "$1" ]]; }
descriptors() { find "/proc/$(helper_pid)/fd" -mindepth 1 2>/dev/null | wc -l; }

# verdict NAME: one result.
verdict() {
	if ((${#wrong[@]})); then
		fail "$1"
		printf '#   %s\n' "${wrong[@]}"
		since_mark | grep -E 'ebpfguard|pam_' | grep -Ev ' (DENY|END) ' | tail -n 8 | sed 's/^/#   | /'
	else
		pass "$1"
	fi
	wrong=()
}

# expect WHAT EXPECTED GOT
expect() { [[ $2 == "$3" ]] || wrong+=("$1: expected $2, got $3"); }

# ---- logins

# login [OPTION...] USER...: of pam_login; prints its line without how long they took.
login() { "$T/pam_login" -a "$PAM_ARGS" "$@" | sed 's/ slowest_ms=.*//'; }
IN='opened=1 refused=0 tries=1 unguarded=0 tight=0 lost=0'
OUT='opened=0 refused=1 tries=0 unguarded=0 tight=0 lost=0'

# ---- what is left

# counts MAP...: of their entries, by one program: there are many points.
counts() { "$T/try" count "${@/#/$pins/map_}" | paste -sd' '; }
# What there is of sessions; $nobody is what it is when nobody is logged in.
left() {
	echo "$(counts eg_{records,sessions,managers,totals,written,orders}) labels=$(labelled_tasks)" \
		"leaves=$(compgen -G "$CGROUPS/ebpfguard/ebpfguard-*" | wc -l)"
}
nobody=''
is_nothing_left() { [[ $(left) == "$nobody" ]]; }
# Sessions end, and the helper has noticed.
nothing_is_left() {
	until_true 30 is_nothing_left || wrong+=("left: $(left), not $nobody")
}
has_descriptors() { [[ $(descriptors) == "$1" ]]; }
# descriptors_are N: no more than that, when what goes on in the background is over.
descriptors_are() {
	until_true 10 has_descriptors "$1" || wrong+=("descriptors: $(descriptors), not $1:" \
		"$(find "/proc/$(helper_pid)/fd" -mindepth 1 -printf '%l ' | tr ' ' '\n' | sort | uniq -c | paste -sd' ')")
}
