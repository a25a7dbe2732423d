#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# Each step of a reload fails, and the helper is killed at each: the old policy is in force whole, or the new one, for the
# sessions there are and for new ones; who asked is told; the next reload works, and nothing of the one that failed stays.
# shellcheck source=tests/vm/lib.sh
. /srv/t/lib.sh
# shellcheck source=tests/vm/faults.sh
. /srv/t/faults.sh
SCRIPT_NAME=fault_reloads

good=$(cat $CONF)
D=/etc/ebpfguard.d # the service has a /tmp of its own
mkdir -p $D
chmod 755 $D
printf '203.0.113.0/24\n' >$D/feed
printf '%064d\n' 7 >$D/digests

# policy DENIED ALLOWED: something of everything that a policy can have, in two profiles: networks in tries, which those of
# programs need, and in tables. 18.1.1.1 is denied in each.
policy() {
	cat <<-E2
		deny = [ "18.1.1.1", "$1", "2001:db8:bad::/48", "198.51.100.0/24:443/tcp" ]; allow = [ "$2" ];
		deny_files = ( "$D/feed" );
		files = { deny_read = [ "/root" ]; };
		exec = { deny_sha256_files = [ "$D/digests" ]; };
		unix = { deny = [ "@$1" ]; };
		setuid = { deny = true; };
		mount = { deny = true; allow = [ "fuse" ]; };
		rules = ( { programs = [ "/usr/bin/true" ]; allow = [ "18.0.0.0/9" ]; } );
		profiles = ( { name = "ops"; extends = "default"; bind = { deny = [ "1-1023" ]; }; rules = ( ); egress = { lookup = "table"; }; } );
		match = ( { user = "alice"; profile = "ops"; } );
	E2
}
policy 18.4.5.6 18.4.5.7 >$D/old
policy 18.4.5.7 18.4.5.6 >$D/new
put() { cp "$D/$1" $CONF.next && mv $CONF.next $CONF; }
is "both policies are good" "" "$(for p in old new; do ebpfguardctl check $D/$p 2>&1 >/dev/null; done)"

put old
use_faulty_helper
is "the helper with faults runs" active "$(systemctl is-active ebpfguard.service)"
reload() { ebpfguardctl reload >$D/said 2>&1; echo $?; }

# Which one sessions of two users are under: old, new, or "neither". The old one denies the first address and allows the
# second, the new one the other way round.
in_force() {
	local line
	line=$(login -d 18.4.5.6 -k 18.4.5.7 -n 2 -p 2 "$@")
	case $line in
	'opened=2 '*' unguarded=0 tight=0 '*) echo old ;;
	'opened=2 '*' unguarded=2 tight=2 '*) echo new ;;
	*) echo "neither: $line" ;;
	esac
}
# What policies take: inner maps, and entries.
in_maps() {
	echo "$(bpftool map show | grep -cE ' name (eg_lpm4|eg_lpm6|eg_flat|eg_segment|eg_hash_set) ') maps," \
		"$(counts eg_{items,names,place_rules}) entries"
}
has_in_maps() { [[ $(in_maps) == "$1" ]]; }

is "a reload without a fault" 0 "$(reload)"
is "what it gives" old "$(in_force alice bob)"
usual_maps=$(in_maps)

# Sessions of both profiles that try what neither policy lets them.
coproc held { "$T/pam_login" -H -n 4 -i 50 -a "$PAM_ARGS" -d 18.1.1.1 -k 10.1.2.3 alice bob; }
held_pid=$!
read -r line <&"${held[0]}"
is "sessions are held" "held 4" "$line"
nobody=$(left) usual=$(descriptors)
echo "# a policy: $usual_maps; $usual descriptors"

next_works() {
	put old
	expect "the next reload" 0 "$(reload)"
	until_true 10 has_in_maps "$usual_maps" || wrong+=("in the maps: $(in_maps), not $usual_maps")
	descriptors_are "$usual"
}

# step_fails POINT MEANING SKIP POLICY: the reload is to put that policy in force.
step_fails() {
	put "$4"
	inject "$1 ENOMEM 1 $3"
	if [[ $2 == FAILS ]]; then
		expect "it fails: the reload" 1 "$(reload)"
		[[ -s $D/said ]] || wrong+=("nobody is told why")
	else
		expect "it fails: the reload" 0 "$(reload)"
	fi
	was_reached
	case $1/$2 in
	policy_swap/*) # one value a profile: each has the old or the new one whole
		[[ $(in_force alice alice)$(in_force bob bob) == @(oldold|oldnew|newold) ]] ||
			wrong+=("in force: $(in_force alice alice), $(in_force bob bob)")
		;;
	*/FAILS) expect "it fails: in force" old "$(in_force alice bob)" ;;
	*) expect "it fails: in force" "$4" "$(in_force alice bob)" ;;
	esac
	next_works
}

# killed_at POINT SKIP POLICY
killed_at() {
	local pid
	pid=$(helper_pid)
	put "$3"
	inject "$1 kill 1 $2"
	reload >/dev/null
	was_reached
	until_true 60 is_another "$pid" || wrong+=("no other helper")
	expect "killed: in force" "$3" "$(in_force alice bob)"
	next_works
}

# at POINT MEANING [SKIP POLICY HOW]
at() {
	mark
	[[ $2 == NO_STEP ]] || step_fails "$1" "$2" "${3:-0}" "${4:-new}"
	killed_at "$1" "${3:-0}" "${4:-new}"
	verdict "$1${5:+, $5}"
}

start=$SECONDS
while read -r point meaning; do
	at "$point" "$meaning"
done < <(points '(reload|load|policy)_.*' 'policy_renumber.*')
for point in policy_room policy_put policy_swap; do
	at "$point" FAILS 1 new "after the first profile"
done
while read -r point meaning; do
	at "$point" "$meaning" 0 old "nothing else has changed"
done < <(points 'policy_renumber.*')
echo "# $((SECONDS - start)) s"
expect "in force" old "$(in_force alice bob)"
verdict "after all that"

eval "exec ${held[1]}>&-"
read -r line <&"${held[0]}"
matches "the sessions that were held: no connect that is denied" \
	'^opened=4 refused=0 tries=[0-9]{3,} unguarded=0 tight=0 lost=0' "$line"
wait $held_pid

rm -rf "$FAULT" $D
printf '%s\n' "$good" >$CONF
use_real_helper
is "the real helper again" active "$(systemctl is-active ebpfguard.service)"
all_over
