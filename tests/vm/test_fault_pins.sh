#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# The same as fault_starts of a start that puts programs into the kernel: in the place of those that are pinned, as an
# upgrade does, and where nothing is pinned. Each is work for the verifier, so the faults come one behind the other, each in
# the start after the one before it; and a machine of 6.12 kills where the other kernels' let steps fail.
# shellcheck source=tests/vm/lib.sh
. /srv/t/lib.sh
# shellcheck source=tests/vm/faults.sh
. /srv/t/faults.sh
SCRIPT_NAME=fault_pins
replaced=ENOMEM fresh=kill
[[ $(uname -r) != 6.12* ]] || replaced=kill fresh=ENOMEM
HELD=4

use_faulty_helper
is "the helper with faults runs" active "$(systemctl is-active ebpfguard.service)"
nobody=$(left)
pinned() { find /sys/fs/bpf/ebpfguard | sort; }
usual_pins=$(pinned)

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
alice_has() { ebpfguardctl sessions 2>/dev/null | grep -c ' alice .* pam_login '; }

coproc held { "$T/pam_login" -H -n $HELD -i 100 -a "$PAM_ARGS" alice; }
held_pid=$!
read -r line <&"${held[0]}"
is "sessions are held" "held $HELD" "$line"
in_a_row 'pins_.*' $replaced kill_it
expect "sessions that are held" $HELD "$(alice_has)"
until_true 10 log_has 'ENFORCING .*pins taken over, programs replaced' || wrong+=("programs were not replaced")
verdict "programs are replaced: $replaced at each step"
expect "a login" "$IN" "$(login bob)"
verdict "a login is guarded by the new programs"
eval "exec ${held[1]}>&-"
read -r line <&"${held[0]}"
echo "# held: $line"
matches "sessions that were held: not one is lost, no denied connect came through" \
	"^opened=$HELD refused=0 tries=[0-9]{3,} unguarded=0 tight=0 lost=0" "$line"
wait $held_pid
nothing_is_left
verdict "nothing is left"

unload() {
	systemctl stop ebpfguard.service
	ebpfguard-helper --unload
	systemctl start --no-block ebpfguard.service
}
in_a_row 'fresh_.*' $fresh unload
expect "a login" "$IN" "$(login alice)"
nothing_is_left
verdict "nothing is pinned: $fresh at each step"

rm -f "$FAULT"
use_real_helper
is "the real helper again" active "$(systemctl is-active ebpfguard.service)"
all_over
