#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# The same as fault_starts of a start that puts programs into the kernel: in the place of those that are pinned, as an
# upgrade does, and where nothing is pinned. Each is work for the verifier, so the faults come one behind the other, each in
# the start after the one before it; and a machine of 6.12 kills where the other kernels' let steps fail.
# shellcheck source=tests/vm/lib.sh
. /srv/t/lib.sh
# shellcheck source=tests/vm/faults.sh
. /srv/t/faults.sh
# shellcheck source=tests/vm/storm.sh
. /srv/t/storm.sh
SCRIPT_NAME=fault_pins
replaced=ENOMEM fresh=kill
[[ $(uname -r) != 6.12* ]] || replaced=kill fresh=ENOMEM
HELD=4

use_faulty_helper
is "the helper with faults runs" active "$(systemctl is-active ebpfguard.service)"
look_around

# In the middle of the pins: what is seen then is half old and half new.
skips() {
	case $1 in
	pins_take | fresh_map) echo 10 ;;
	pins_program) echo 20 ;;
	pins_program_seen) echo 40 ;;
	pins_attach) echo 30 ;;
	*) echo 0 ;;
	esac
}
# in_a_row REGEX ACTION: all points, but those where nothing can fail, in starts one after the other.
in_a_row() {
	local lines=() point meaning start=$SECONDS
	while read -r point meaning; do
		[[ $2 != kill && $meaning == NO_STEP ]] || lines+=("$point $2 1 $(skips "$point")")
	done < <(points "$1")
	mark
	inject "${lines[@]}"
	"${@:3}"
	if ! until_true 900 reached; then
		wrong+=("not reached: $(cat $FAULT)")
		rm -f $FAULT
	fi
	until_true 200 is_active || wrong+=("it does not start")
	expect "pins" "$usual_pins" "$(pinned)"
	[[ $2 == kill ]] || until_true 10 has_refusals ${#lines[@]} ||
		wrong+=("starts that say why they fail: $(refusals_to_start), not ${#lines[@]}")
	echo "# ${#lines[@]} points: $((SECONDS - start)) s"
}
refusals_to_start() { since_mark | grep -c 'cannot start: .*[^ ]'; }
has_refusals() { [[ $(refusals_to_start) == "$1" ]]; }
# What makes the pinned programs none that a start would take over as they are: one is not there. It only lists.
kill_it() {
	rm -f "$pins/link_eg_iter_flows"
	kill -9 "$(helper_pid)"
}
# Who logs in meanwhile waits, and may be refused when that takes more than a minute: eight times the verifier.
logins_meanwhile() { start_logins storm -n 0 -t 200 -a "$PAM_ARGS" -T 60000 "$@"; }
they_were_guarded() {
	end_logins storm
	[[ $said =~ ^opened=[1-9].*unguarded=0\ tight=0\ lost=0\ .*\ early=0\  ]] || wrong+=("logins meanwhile: $said")
}

hold_logins held $HELD -i 100 -a "$PAM_ARGS" alice
alices=$(sessions_of alice)
logins_meanwhile bob
in_a_row 'pins_.*' $replaced kill_it
expect "sessions that are held" "$alices" "$(sessions_of alice)"
they_were_guarded
until_true 10 log_has 'ENFORCING .*pins taken over, programs replaced' || wrong+=("programs were not replaced")
verdict "programs are replaced: $replaced at each step"
expect "a login" "$IN" "$(login bob)"
verdict "a login is guarded by the new programs"
end_logins held
matches "sessions that were held: not one is lost, no denied connect came through" \
	"^opened=$HELD refused=0 tries=[0-9]{3,} unguarded=0 tight=0 lost=0 " "$said"
all_is_back
verdict "all is as it was before"

unload() {
	systemctl stop ebpfguard.service
	ebpfguard-helper --unload
	logins_meanwhile alice bob # which start it
}
in_a_row 'fresh_.*' $fresh unload
they_were_guarded
expect "a login" "$IN" "$(login alice)"
all_is_back
verdict "nothing is pinned: $fresh at each step"

rm -rf "$FAULT" "$STORM"
use_real_helper
is "the real helper again" active "$(systemctl is-active ebpfguard.service)"
all_over
