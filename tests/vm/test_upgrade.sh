#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# The package is upgraded and downgraded, EG_UPGRADES times, while sessions are held and others come and go, each trying
# without end what it may not: nothing that is denied ever works, no session is lost, no login is refused before its deadline,
# and at the end there is nothing that was not there before. The two versions have different programs (tests/vm/packages.sh).
# product: packages
# shellcheck source=tests/vm/lib.sh
. /srv/t/lib.sh
# shellcheck source=tests/vm/faults.sh
. /srv/t/faults.sh
# shellcheck source=tests/vm/storm.sh
. /srv/t/storm.sh
SCRIPT_NAME=upgrade
UPGRADES=${EG_UPGRADES:-1} HELD=4 DEADLINE=60000 EVERY=150

# to NAME: installs that version; the helper that was restarted for it is ready when dpkg is.
to() {
	local out
	out=$(dpkg -i /srv/t/packages/"$1"/*.deb 2>&1) || wrong+=("dpkg -i: $(tail -n 5 <<<"$out" | paste -sd' ')")
	until_true 600 is_active || wrong+=("the helper does not run")
}
version_of() { dpkg-deb -f /srv/t/packages/"$1"/ebpfguard_*.deb Version; }
runs() { ebpfguard-helper -V | sed 's/^ebpfguard-helper //'; }

# Emulated, the verifier takes its time.
mkdir -p /run/systemd/system/ebpfguard.service.d
printf '[Service]\nTimeoutStartSec=600\n' >/run/systemd/system/ebpfguard.service.d/emulated.conf
is "the machine has no ebpfguard" "" "$(command -v ebpfguard-helper)"
to first
verdict "it is installed"
printf '%s\n' 'deny = ["18.0.0.0/9"];' >$CONF
is "the configuration is taken" 0 "$(ebpfguardctl reload >/dev/null 2>&1; echo $?)"
is "a login" "$IN" "$(login alice)"
is "the control: without a guard, what is tried works and is counted" \
	"opened=1 refused=0 tries=1 unguarded=1 tight=0 lost=0" "$(PAM_ARGS=exempt_user=carol login carol 2>/dev/null)"
look_around
first_pins=$usual_pins

hold_logins held $HELD -i $EVERY -a "$PAM_ARGS" alice
alices=$(sessions_of alice)
start_logins storm -n 0 -p 2 -t 1000 -i $EVERY -a "timeout=$DEADLINE" -T $DEADLINE bob carol

# changed NAME: what there is to be after the change to that version.
changed() {
	local start=$SECONDS version
	version=$(version_of "$1")
	mark
	to "$1"
	expect "its version" "$version" "$(runs)"
	until_true 20 log_has "ENFORCING .*version=${version//[+.]/.} .*start=\"pins taken over, programs replaced\"" ||
		wrong+=("the log does not say that programs were replaced")
	expect "sessions that are held" "$alices" "$(sessions_of alice)"
	echo "# to $1: $((SECONDS - start)) s"
}
for ((i = 1; i <= UPGRADES; i++)); do
	changed next
	expect "a pin more" "$pins/link_eg_iter_next" \
		"$(comm -13 <(echo "$first_pins") <(pinned))"
	expect "a login" "$IN" "$(login bob)"
	verdict "upgraded, $i"
	changed first
	expect "pins" "$first_pins" "$(pinned)"
	expect "a login" "$IN" "$(login bob)"
	verdict "downgraded, $i"
done
# An upgrade over another ABI version comes here: "changed abi", and what is different in its pins.

end_logins storm
matches "logins meanwhile: none is refused early, lost, or lets a denied connect through" \
	'^opened=[0-9]{2,} refused=[0-9]+ tries=[0-9]{3,} unguarded=0 tight=0 lost=0 .* early=0 ' "$said"
end_logins held
matches "sessions that were held: not one is lost, no denied connect came through" \
	"^opened=$HELD refused=0 tries=[0-9]{3,} unguarded=0 tight=0 lost=0 " "$said"
all_is_back
verdict "all is as it was before"

dpkg -r libpam-ebpfguard ebpfguard >/dev/null 2>&1
is "removed: nothing is pinned" "" "$(pinned 2>/dev/null)"
rm -rf "$STORM" /run/systemd/system/ebpfguard.service.d
