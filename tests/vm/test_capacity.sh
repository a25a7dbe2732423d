#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# As many networks as a configuration may have, and one more.
# shellcheck source=tests/vm/lib.sh
. /srv/t/lib.sh
SCRIPT_NAME=capacity
FILE=/etc/ebpfguard.conf

good=$(cat $FILE)
# Every second address from 100.0.0.0 on, 900,000 of them, and every second /64 from 2001:db8:100:: on, 100,000 of them:
# beside each network is one that is not denied.
networks() { # EXTRA...
	awk -v extra="$*" 'BEGIN {
		printf "deny = [\n"
		for (i = 0; i < 900000; i++)
			printf "\"100.%d.%d.%d\",\n", int(i / 32768) % 256, int(i / 128) % 256, i % 128 * 2
		for (i = 0; i < 100000; i++)
			printf "\"2001:db8:%x:%x::/64\"%s\n", 256 + int(i / 32768), i % 32768 * 2, i < 99999 || extra ? "," : ""
		if (extra) printf "\"%s\"\n", extra
		printf "];\n"
	}'
}
# So that attempts beside the networks have somewhere to go.
ip route add 100.0.0.0/8 dev dummy0
ip -6 route add 2001:db8:100::/40 dev dummy0

tries() { bpftool map list | grep -c lpm_trie; }
# Names of all maps; bpftool's own come and go.
maps() { bpftool map list | sed -n 's/^[0-9]*: \([a-z_]*  *name [^ ]*\|[a-z_]*\).*/\1/p' | grep -v ' pid_iter' | sort; }
exec 3>&1 # the times are for people, also where output is captured
seconds() { # COMMAND...: runs it, and says how long that took here
	local start=$SECONDS status
	"$@"
	status=$?
	echo "# $((SECONDS - start)) s: $*" >&3
	return $status
}
# reload: its words, and its status at the end.
reload() { seconds ebpfguardctl reload 2>&1; echo "status $?"; }
generation() { ebpfguardctl status | sed -n 's/^policy: generation \([0-9]*\).*/\1/p'; }

# first, middle and last of each family, then what is beside them.
denied="100.0.0.0 100.13.187.160 100.27.119.62 2001:db8:100::1 2001:db8:101:86a0::1 2001:db8:103:d3e::1"
beside="100.0.0.1 100.13.187.161 100.27.119.63 100.27.119.64 2001:db8:100:1::1 2001:db8:101:86a1::1 2001:db8:103:d3f::1 2001:db8:103:d40::1"
attempts() { for a in $1; do echo "$T/try connect udp $a 9;"; done; }
expect() { for _ in $1; do echo "$2"; done | paste -sd' '; }
# in_force WHERE: the million is what sessions are judged by.
in_force() {
	is "$1: denied" "$(expect "$denied" EPERM)" "$(sh_as alice "$(attempts "$denied")" | paste -sd' ')"
	is "$1: beside each" "$(expect "$beside" ok)" "$(sh_as alice "$(attempts "$beside")" | paste -sd' ')"
}

is "outside: every one of them works" "$(expect "$denied $beside" ok)" \
	"$(runuser -u alice -- bash -c "$(attempts "$denied $beside")" | paste -sd' ')"
# The first replacement of a policy makes a small map that stays (bpf_policies.c, wait_for_programs).
small=$(cat $FILE)
echo 'allow = [ "18.1.0.0/16" ];' >>$FILE
ebpfguardctl reload >/dev/null
printf '%s\n' "$small" >$FILE
ebpfguardctl reload >/dev/null
tries_before=$(tries) maps_before=$(maps)

# ---- the most there may be

seconds networks >$FILE
is "the file names a million networks" 1000000 "$(grep -c '^"' $FILE)"
is "no network stands there twice" 1000000 "$(grep '^"' $FILE | tr -d ',' | sort -u | wc -l)"
is "check: 0" 0 "$(seconds ebpfguardctl check >/tmp/check 2>&1; echo $?)"
is "explain: denied, by line 900002" "1 900002" \
	"$(out=$(seconds ebpfguardctl explain alice connect '[2001:db8:100::1]:9/udp' 2>/dev/null); echo "$? $(grep -o 'ebpfguard.conf:[0-9]*' <<<"$out" | cut -d: -f2)")"
before=$(generation)
is "reload: 0" "status 0" "$(reload | tail -n 1)"
matches "status: the numbers" "prefixes: (90000[0-9]) IPv4, (10000[0-9]) IPv6" "$(ebpfguardctl status | grep prefixes)"
in_force "a million"
echo "# helper: $(grep VmHWM "/proc/$(systemctl show -p MainPID --value ebpfguard.service)/status" | tr -s '\t ' ' ')"
tries_million=$(tries) maps_million=$(maps) before=$(generation)

# ---- one more

networks 100.27.119.64 >$FILE
is "the file names one more" 1000001 "$(grep -c '^"' $FILE)"
mark
out=$(reload)
matches "one more: refused, with file and line and the limit" "$FILE:1: .*1000001 .*1000000.*status 1" "$(paste -sd' ' <<<"$out")"
logged "one more: in the log too" "$FILE:1: .*1000001 .*1000000.*the policy in force stays"
matches "one more: check says so as well" "$FILE:1: .*1000001 .*1000000" "$(ebpfguardctl check 2>&1)"
is "one more: the generation is the old one" "$before" "$(generation)"
matches "one more: status shows why" "last error: .*$FILE:1: .*1000001" "$(ebpfguardctl status)"
in_force "one more"
is "one more: the network in question is not denied" ok "$(sh_as alice "$T/try connect udp 100.27.119.64 9")"
is "one more: no trie is left behind" "$tries_million" "$(tries)"
is "one more: no map is left behind" "$maps_million" "$(maps)"

# ---- a million in place of a million, and back

networks >$FILE
is "the same million anew: 0" "status 0" "$(reload | tail -n 1)"
is "the same million anew: a new generation" $((before + 1)) "$(generation)"
one_set() { [[ $(tries) == "$tries_million" && $(maps) == "$maps_million" ]]; }
if until_true 60 one_set; then pass "the old million is gone"; else fail "the old million is gone: $(tries) tries"; fi

mark
seconds systemctl restart ebpfguard.service
is "restart with a million: the helper runs" active "$(systemctl is-active ebpfguard.service)"
matches "restart with a million: enforcing" "enforcing: yes" "$(ebpfguardctl status)"
in_force "restart with a million"

printf '%s\n' "$good" >$FILE
is "back to the small one: 0" "status 0" "$(reload | tail -n 1)"
as_before() { [[ $(tries) == "$tries_before" && $(maps) == "$maps_before" ]]; }
if until_true 60 as_before; then
	pass "as many maps as before"
else
	fail "as many maps as before: tries $tries_before, now $(tries)"
	diff <(echo "$maps_before") <(maps) | sed 's/^/# /'
fi
is "the small policy is in force" "EPERM ok" "$(sh_as alice "$T/try connect udp 18.4.5.6 9; $T/try connect udp 100.0.0.0 9" | paste -sd' ')"
ip route del 100.0.0.0/8 dev dummy0
ip -6 route del 2001:db8:100::/40 dev dummy0
all_over
