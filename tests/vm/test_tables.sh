#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# A policy whose networks are in flat tables: verdicts as with tries, changed under a running session; and each line says
# which rule it was, which the kernel does not know: also when it was written before a reload and is read after.
# shellcheck source=tests/vm/lib.sh
. /srv/t/lib.sh
SCRIPT_NAME=tables
FILE=/etc/ebpfguard.conf
D=/etc/ebpfguard.d

good=$(cat $FILE)
mkdir -p $D
for net in 18.77.0.0/16 19.0.0.0/8 100.0.0.0/8; do
	ip route add $net dev dummy0
done
# tables: of them that are in the kernel. tries: likewise, but for the self-test's.
tables() { bpftool map show | grep -c ' name eg_flat '; }
tries() { bpftool map show | grep -cE ' name eg_lpm[46] '; }
denied() { sh_as alice "for a in $*; do $T/try connect udp \$a 9; done" | paste -sd' '; }
reload() { ebpfguardctl reload 2>&1; echo "status $?"; }

# policy LOOKUP
policy() {
	cat <<-E2
		deny = [ "18.0.0.0/9", "10.0.0.0/8:443/tcp", "2001:db8:bad::/48" ];
		allow = [ "18.4.0.0/16" ];
		deny_files = ( "$D/list" );
		egress = { lookup = "$1"; };
	E2
}
for ((i = 0; i < 200; i++)); do echo "100.$i.0.0/16"; done >$D/list

policy trie >$FILE
is "in tries: reload" "status 0" "$(reload | tail -n 1)"
no_table=$(tables) with_tries=$(tries)
is "in tries: no table" 0 "$no_table"
addresses="18.5.6.7 18.4.5.6 100.199.1.1 100.200.1.1 19.4.5.6 64:ff9b::18.5.6.7 2001:db8:bad::1"
in_tries=$(denied "$addresses")
policy table >$FILE
is "in tables: reload" "status 0" "$(reload | tail -n 1)"
is "in tables: one for each family" 2 "$(tables)"
is "and two tries fewer" $((with_tries - 2)) "$(tries)"
mark
is "the same verdicts" "$in_tries" "$(denied "$addresses")"
matches "some of them refuse" "^EPERM ok EPERM ok ok EPERM EPERM$" "$in_tries"
logged "the rule of the configuration" "DENY connect .* dst=18[.]5[.]6[.]7 .* rule=18[.]0[.]0[.]0/9 .* line=1 "
logged "of IPv6" "DENY connect .* dst=2001:db8:bad::1 .* rule=2001:db8:bad::/48 .* line=1 "
logged "of the IPv4 address inside" "DENY connect .* dst=64:ff9b::1205:607 .* rule=18[.]0[.]0[.]0/9 "
logged "of a feed" "DENY connect .* dst=100[.]199[.]1[.]1 .* rule=100[.]199[.]0[.]0/16 feed=$D/list line=200 "
is "nothing without its rule" "" "$(since_mark | grep 'DENY connect' | grep 'rule=-')"
mark
is "with a port: the list decides" "EPERM ok" \
	"$(sh_as alice "$T/try connect tcp 10.1.2.3 443; $T/try connect udp 10.1.2.3 443" | sed 's/^E[A-OQ-Z].*/ok/' | paste -sd' ')"
logged "with a port: the kernel knows the rule" "DENY connect .* dst=10[.]1[.]2[.]3 .* rule=10[.]0[.]0[.]0/8:443/tcp "
matches "ebpfguardctl events: the rule" "DENY +connect .*18.5.6.7:9/udp.*18.0.0.0/9" "$(ebpfguardctl events --dst 18.5.6.7)"
matches "metrics count by feed and line" "rule=\"200\",source=\"$D/list\"" "$(ebpfguardctl metrics | grep 'rule' | grep "$D/list")"
policy auto >$FILE
is "auto: reload" "status 0" "$(reload | tail -n 1)"
is "auto: a table for many, a trie for few" "1" "$(tables)"

# ---- rules of programs: their networks and the profile's are compared by length, which tables do not know

{
	policy table
	echo "rules = ( { programs = [ \"$T/try\" ]; allow = [ \"18.0.0.0/8\", \"18.77.0.0/16\" ]; } );"
} >$FILE
is "rules of a program: reload" "status 0" "$(reload | tail -n 1)"
is "rules of a program: the other family has its table" 1 "$(tables)"
is "rules of a program: the longer network decides" "ok EPERM ok EPERM" "$(denied 18.77.1.1 18.5.6.7 18.4.5.6 100.199.1.1)"

# ---- records that were written under the policy before

policy table >$FILE
reload >/dev/null
mark
pid=$(systemctl show -p MainPID --value ebpfguard.service)
cat >/tmp/late <<E2
#!/bin/bash
touch /tmp/late.in
until [[ -e /tmp/late.go ]]; do sleep 0.1; done
$T/try connect udp 18.77.1.1 9
touch /tmp/late.done
until [[ -e /tmp/late.end ]]; do sleep 0.1; done
E2
chmod 755 /tmp/late
rm -f /tmp/late.*
sh_as alice /tmp/late >/dev/null &
session=$!
until_true 60 test -e /tmp/late.in
{
	echo "# other lines"
	echo
	policy table | sed 's,18.0.0.0/9,18.64.0.0/10,'
} >$FILE.next
kill -STOP "$pid"
touch /tmp/late.go
until_true 30 test -e /tmp/late.done
mv $FILE.next $FILE
kill -HUP "$pid"
kill -CONT "$pid"
logged "written before a reload, read after: the rule it was" "DENY connect .* dst=18[.]77[.]1[.]1 .* rule=18[.]0[.]0[.]0/9 .* line=1 "
since_mark | grep 'dst=18.77.1.1' | sed 's/^/#   | /'
until_true 30 log_has "POLICY generation=.* profile=default"
touch /tmp/late.end
wait $session
mark
is "and then the new one" "EPERM" "$(denied 18.77.1.1)"
logged "and then the new one: the line" "DENY connect .* dst=18[.]77[.]1[.]1 .* rule=18[.]64[.]0[.]0/10 .* line=3 "

# A helper that is killed takes with it what it knew: the next says no rule, and not a wrong one.
rm -f /tmp/late.*
sh_as alice /tmp/late >/dev/null &
session=$!
until_true 60 test -e /tmp/late.in
pid=$(systemctl show -p MainPID --value ebpfguard.service)
kill -STOP "$pid"
touch /tmp/late.go
until_true 30 test -e /tmp/late.done
policy table >$FILE
mark
kill -KILL "$pid"
until_true 120 ebpfguardctl status >/dev/null
logged "an earlier helper's record: no rule rather than another" "DENY connect .* dst=18[.]77[.]1[.]1 .* rule=- "
is "nor a line" "" "$(since_mark | grep 'dst=18.77.1.1' | grep -E ' line=[0-9]')"
touch /tmp/late.end
wait $session
mark
is "and then with its rule again" "EPERM" "$(denied 18.77.1.1)"
logged "and then with its rule again: the line" "DENY connect .* dst=18[.]77[.]1[.]1 .* rule=18[.]0[.]0[.]0/9 .* line=1 "

for net in 18.77.0.0/16 19.0.0.0/8 100.0.0.0/8; do
	ip route del $net dev dummy0
done
printf '%s\n' "$good" >$FILE
is "back: 0" 0 "$(ebpfguardctl reload >/dev/null; echo $?)"
rm -rf $D /tmp/late* /var/lib/ebpfguard/feeds
all_over
