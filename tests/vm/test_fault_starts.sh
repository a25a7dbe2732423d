#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# Each step of a start that takes over what an earlier helper has pinned fails, and the helper is killed at each, while
# sessions try what they may not and others log in without end: nothing that is denied ever works, all sessions are there
# after each start, no login is refused, and the pins are those there were.
# shellcheck source=tests/vm/lib.sh
. /srv/t/lib.sh
# shellcheck source=tests/vm/faults.sh
. /srv/t/faults.sh
# shellcheck source=tests/vm/storm.sh
. /srv/t/storm.sh
SCRIPT_NAME=fault_starts
HELD=6

use_faulty_helper
is "the helper with faults runs" active "$(systemctl is-active ebpfguard.service)"
look_around
hold_logins held $HELD -i 100 -a "$PAM_ARGS" alice
alices=$(sessions_of alice)
start_logins storm -n 0 -t 200 -a "$PAM_ARGS" bob carol

alice_has() { ebpfguardctl sessions 2>/dev/null | grep -c ' alice .* pam_login '; }
# As many logins as before, and one more by now.
all_is_well() {
	until_true 60 is_active || wrong+=("it does not start")
	expect "sessions that are held" $HELD "$(alice_has)"
	expect "pins" "$usual_pins" "$(pinned)"
}

# started "POINT ACTION"...: the helper is killed, and that happens to the next ones.
started() {
	local pid
	pid=$(helper_pid)
	inject "$@"
	kill -9 "$pid" 2>/dev/null || wrong+=("there is no helper to be killed")
	was_reached
	until_true 60 is_another "$pid"
	all_is_well
}

start=$SECONDS
while read -r point meaning; do
	mark
	case $meaning in
	FAILS)
		started "$point ENOMEM" "$point kill"
		until_true 10 log_has 'cannot start: .*[^ ]' || wrong+=("the log does not say why")
		;;
	GOES_ON)
		started "$point ENOMEM"
		! log_has 'cannot start' || wrong+=("it has not gone on")
		started "$point kill"
		;;
	NO_STEP) started "$point kill" ;;
	esac
	verdict "$point"
done < <(points '(start|test|adopt)_.*' adopt_take_back)
# A login that was under way is taken back: half of that, and then the rest.
mark
pid=$(helper_pid)
inject 'open_label kill' 'adopt_take_back kill'
was_reached
until_true 60 is_another "$pid"
all_is_well
verdict "adopt_take_back: killed"
echo "# $((SECONDS - start)) s"

# The control: what is counted can be counted.
is "the control: without a guard it is counted" "opened=1 refused=0 tries=1 unguarded=1 tight=0 lost=0" \
	"$(PAM_ARGS="exempt_user=alice" login alice)"

is "the sessions that were held are those of before" "$alices" "$(sessions_of alice)"
end_logins storm
matches "logins meanwhile: none is refused, none lets a denied connect through" \
	'^opened=[0-9]{2,} refused=0 tries=[0-9]{3,} unguarded=0 tight=0 lost=0 ' "$said"
end_logins held
matches "sessions that were held: not one is lost, no denied connect came through" \
	"^opened=$HELD refused=0 tries=[0-9]{3,} unguarded=0 tight=0 lost=0 " "$said"
all_is_back
verdict "all is as it was before"

rm -rf "$FAULT" "$STORM"
use_real_helper
is "the real helper again" active "$(systemctl is-active ebpfguard.service)"
all_over
