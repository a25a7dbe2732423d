#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# Each step of a login fails, and the helper is killed at each: a login is refused whole, or goes on with the next helper,
# and is never let in without a guard; nothing is left, and the next one works. All points of helper/fault.h that a login
# passes are gone through.
# shellcheck source=tests/vm/lib.sh
. /srv/t/lib.sh
# shellcheck source=tests/vm/faults.sh
. /srv/t/faults.sh
SCRIPT_NAME=faults

good=$(cat $CONF)
# Groups have to be looked up, and bob's manager is left to his logins.
printf '%s\n' "$good" 'profiles = ( { name = "ops"; extends = "default"; } );' \
	'match = ( { group = "sudo"; profile = "ops"; } ); managers = { exempt = [ "bob" ]; };' >$CONF
use_faulty_helper
is "the helper with faults runs" active "$(systemctl is-active ebpfguard.service)"
nobody=$(left)
echo "# nobody is logged in: $nobody"
is "a login without a fault" "$IN" "$(login -c alice)"
nothing_is_left
verdict "and nothing is left of it"
usual=$(descriptors)

# step_fails POINT MEANING OPTION...
step_fails() {
	local expected=$IN
	[[ $2 != FAILS ]] || expected=$OUT
	inject "$1 ENOMEM"
	expect "it fails: the login" "$expected" "$(login "${@:3}")"
	was_reached
	if [[ $2 == FAILS ]] && ! until_true 10 log_has 'pam_ebpfguard\(pam_login:session\): .*[^ ]; login refused'; then
		wrong+=("the log does not say why")
	fi
	nothing_is_left
	descriptors_are "$usual"
}

# killed_at POINT OPTION...: the login waits for the next helper.
killed_at() {
	local pid
	pid=$(helper_pid)
	inject "$1 kill"
	expect "killed: the login" "$IN" "$(login "${@:2}")"
	was_reached
	until_true 60 is_another "$pid" || wrong+=("no other helper")
	nothing_is_left
}

start=$SECONDS
while read -r point meaning; do
	mark
	[[ $meaning == NO_STEP ]] || step_fails "$point" "$meaning" -c alice
	killed_at "$point" -c alice
	verdict "$point"
done < <(points 'open_.*')
expect "the login" "$IN" "$(login alice)"
nothing_is_left
descriptors_are "$usual"
verdict "a login after all that"
echo "# $((SECONDS - start)) s"

# The same with a manager that runs: each time another one.
no_manager() { [[ ! -e /sys/fs/cgroup/user.slice/user-1001.slice/user@1001.service ]]; }
new_manager() {
	systemctl stop user@1001.service user-1001.slice
	until_true 20 no_manager
	nothing_is_left
	systemctl start user@1001.service
}
manager_is_bound() { [[ $(ebpfguardctl sessions | grep -c 'systemd-user') == 1 ]]; }
while read -r point meaning; do
	mark
	new_manager
	inject "$point ENOMEM"
	expect "it fails: the login" "$OUT" "$(login bob)"
	was_reached
	expect "the next login" "$IN" "$(login bob)"
	manager_is_bound || wrong+=("the manager is not guarded")
	new_manager
	pid=$(helper_pid)
	inject "$point kill"
	expect "killed: the login" "$IN" "$(login bob)"
	was_reached
	manager_is_bound || wrong+=("the manager is not guarded after the kill")
	until_true 60 is_another "$pid" || wrong+=("no other helper")
	verdict "$point"
done < <(points 'manager_.*')
systemctl stop user@1001.service user-1001.slice
until_true 20 no_manager
nothing_is_left
verdict "nothing is left of bob's manager"

# Half of a session is not taken for a whole one: killed between the binding and the label, the session that the next helper
# opens has all of it.
mark
inject 'open_label kill'
coproc held { "$T/pam_login" -H -n 1 -i 200 -a "$PAM_ARGS" alice; }
held_pid=$!
read -r line <&"${held[0]}"
is "killed before the label: the session is opened" "held 1" "$line"
was_reached
expect "sessions and managers" "2 1" "$(counts eg_records eg_sessions)"
expect "tasks with a label" 2 "$(labelled_tasks)"
expect "packet filters" 2 "$(bpftool cgroup show "$CGROUPS"/ebpfguard/ebpfguard-* | grep -c ' eg_packet_')"
expect "lines of its start" 1 "$(until_true 10 log_has 'START session' && since_mark | grep -c 'START session')"
verdict "killed before the label: nothing is missing in it"
eval "exec ${held[1]}>&-"
wait $held_pid
nothing_is_left
verdict "nothing is left of it"

# ---- as configured

PAM_ARGS="timeout=60000 onerr=succeed"
mark
inject 'open_bind ENOMEM'
is "onerr=succeed: let in" "opened=1 refused=0 tries=1 unguarded=1 tight=0 lost=0" "$(login alice)"
logged "onerr=succeed: and said" "pam_ebpfguard\(pam_login:session\): .*alice.*NOT guarded"
nothing_is_left
verdict "onerr=succeed: nothing is left"
# No other helper in time: refused, and what was half done is taken back all the same.
PAM_ARGS="timeout=1000"
mark
pid=$(helper_pid)
inject 'open_label kill' 'start_lock sleep 3000'
is "killed, and the next is late: refused" "$OUT" "$(login alice)"
until_true 60 is_another "$pid"
logged "and what was half done is taken back" "session [0-9]+ of user alice was being opened when the helper ended: taken back"
nothing_is_left
verdict "nothing is left of it"
PAM_ARGS=timeout=60000

rm -f "$FAULT"
printf '%s\n' "$good" >$CONF
use_real_helper
is "the real helper again" active "$(systemctl is-active ebpfguard.service)"
all_over
