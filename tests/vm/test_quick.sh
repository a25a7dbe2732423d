#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# What the kernel side remembers never lets out who is guarded: of a cgroup from before it was bound, of tasks that were
# moved, of a policy from before a reload, of a session that an administrator has given an order for.
# shellcheck source=tests/vm/lib.sh
. /srv/t/lib.sh
SCRIPT_NAME=quick
DENIED="$T/try connect udp 18.4.5.6 9"
OTHER="$T/try connect udp 10.99.0.2 9"
saved=$(cat /etc/ebpfguard.conf)
work=$(mktemp -d)
chmod 0777 "$work"

# quick: "count N", and "brief SLOT POLICY IPV4 IPV6" of those that are not zero.
quick() {
	bpftool -j map dump pinned "$pins/map_eg_quick" | python3 -c '
import json, sys
quick = json.load(sys.stdin)[0]["formatted"]["value"][".data.quick"][0]["eg_quick"]
print("count", quick["count"] >> 40)
for slot, b in enumerate(quick["briefs"]):
    if any(b.values()):
        print("brief", slot, b["policy"], b["ipv4"], b["ipv6"])'
}
count() { quick | sed -n 's/^count //p'; }
# By the name of a profile: its brief, "- - -" for none. The slot is the helper's business: in a machine of one profile
# it is the first one.
brief() { quick | sed -n 's/^brief 2 [0-9]* //p' | grep . || echo none; }

# session NAME USER: a session that does what is put into $work/NAME.do, a command line, and writes what it says.
# in_it NAME COMMAND...
session() {
	rm -f "$work/$1".*
	cat >"$work/$1.sh" <<-SH
		echo \$\$ >$work/$1.pid
		while :; do
			[ -e $work/$1.do ] && { mv $work/$1.do $work/$1.now; sh $work/$1.now >$work/$1.new 2>&1; mv $work/$1.new $work/$1.out; }
			[ -e $work/$1.end ] && exit
			sleep 0.05
		done
	SH
	sh_as "$2" "exec sh $work/$1.sh" &
	until_true 60 test -s "$work/$1.pid"
}
in_it() {
	rm -f "$work/$1.out"
	echo "${*:2}" >"$work/$1.new.do"
	mv "$work/$1.new.do" "$work/$1.do"
	until_true 30 test -e "$work/$1.out"
	cat "$work/$1.out"
}
end_of() { touch "$work/$1.end"; }
to_cgroup() { echo "$1" >"$CGROUPS$2/cgroup.procs"; }
cgroup_of() { sed -n 's/^0:://p' "/proc/$1/cgroup"; }

# ---- a cgroup in which somebody asked before it was bound

cat >/etc/systemd/user/egtry.service <<EOT
[Service]
ExecStart=/bin/sh -c 'while sleep 0.1; do $DENIED >$work/unit.new 2>&1; mv $work/unit.new $work/unit.out; done'
EOT
mkdir -p /etc/systemd/user/default.target.wants
ln -s ../egtry.service /etc/systemd/user/default.target.wants/egtry.service
unit_says() { [[ $(cat "$work/unit.out" 2>/dev/null) == "$1" ]]; }
bob=$(id -u bob)
# That of sessions before us lives on for ten seconds: it is bound, and reads no new units.
systemctl stop "user@$bob.service"
systemctl start "user@$bob.service"
until_true 60 unit_says ok
is "a manager from before: its services are nobody's" ok "$(cat "$work/unit.out")"
was=$(count)
session b bob
is "a session binds it: a service that runs is refused from then on" EPERM "$(sleep 0.5; cat "$work/unit.out")"
matches "and it was counted up" "^[1-9]" "$(($(count) - was))"
end_of b
wait
until_true 60 no_session_left
rm -f /etc/systemd/user/default.target.wants/egtry.service /etc/systemd/user/egtry.service
systemctl stop "user@$bob.service"

# ---- tasks that are moved, to where everything is known

mkdir -p "$CGROUPS/eg_nobody/a/b"
sh -c "echo \$\$ >$work/n.pid; while [ ! -e $work/n.end ]; do
	[ -e $work/n.do ] && { rm $work/n.do; $DENIED >$work/n.new; mv $work/n.new $work/n.out; }; sleep 0.05; done" &
until_true 10 test -s "$work/n.pid"
nobody=$(cat "$work/n.pid")
nobody_says() { rm -f "$work/n.out"; touch "$work/n.do"; until_true 30 test -e "$work/n.out"; cat "$work/n.out"; }
to_cgroup "$nobody" /eg_nobody/a/b
is "nobody's, three levels down" ok "$(nobody_says)"
mark
session a alice
pid=$(cat "$work/a.pid")
leaf=$(cgroup_of "$pid")
is "a member in its leaf" EPERM "$(in_it a "$DENIED")"
is "and what is not denied" ok "$(in_it a "$OTHER")"
to_cgroup "$pid" /eg_nobody/a/b
is "a member, moved to where nobody's tasks have just asked" EPERM "$(in_it a "$DENIED")"
is "nobody's, beside it" ok "$(nobody_says)"
is "the same again, in turns" "EPERM ok EPERM ok" "$(in_it a "$DENIED") $(nobody_says) $(in_it a "$DENIED") $(nobody_says)"
to_cgroup "$pid" "$leaf"
is "moved back" EPERM "$(in_it a "$DENIED")"
to_cgroup "$nobody" "$leaf"
is "nobody's task, moved into a session's leaf" EPERM "$(nobody_says)"
to_cgroup "$nobody" /eg_nobody/a/b
is "and out again: it has no label" ok "$(nobody_says)"
mkdir "$CGROUPS$leaf/deep"
to_cgroup "$pid" "$leaf/deep"
is "a member in a cgroup made later below its leaf" EPERM "$(in_it a "$DENIED")"
to_cgroup "$pid" "$leaf"
until_true 10 rmdir "$CGROUPS$leaf/deep" 2>/dev/null # of a command that it waits for

# ---- policies

rule6='deny = ["2001:db8:bad::/48"];'
reload_to() { printf '%s\n' "$@" >/etc/ebpfguard.conf && ebpfguardctl reload >/dev/null; }
reload_to "$rule6"
is "no rule about IPv4: brief" "255 0" "$(brief | sed 's/ [1-9][0-9]*$/ 0/')"
is "and allowed" ok "$(in_it a "$DENIED")"
reload_to 'deny = ["18.0.0.0/9"];'
is "a rule about it: not open any more" "1 255" "$(brief)"
is "and refused" EPERM "$(in_it a "$DENIED")"
is "what no rule is about" ok "$(in_it a "$OTHER")"
is "IPv6, which is open" "$("$T/try" connect udp 2001:db8:bad::1 9)" "$(in_it a "$T/try connect udp 2001:db8:bad::1 9")"

# The short way reports what it refuses as the long one does, which decides for a cgroup below that of the session.
reported() {
	local n
	n=$(log_lines)
	in_it a "$1" >"$work/said"
	until_true 10 more_lines "$n"
	echo "$(cat "$work/said"): $(newest_line | sed -E 's/^.*ebpfguard-helper\[[0-9]*\]: //; s/ (pid|ppid|cgroup|time|mono)=[^ ]*//g')"
}
log_lines() { since_mark | grep -Ec ' (DENY|AUDIT) connect '; }
more_lines() { (($(log_lines) > $1)); }
newest_line() { since_mark | grep -E ' (DENY|AUDIT) connect ' | tail -n 1; }
# both NAME PATTERN COMMAND
both() {
	local short long
	short=$(reported "$3")
	matches "$1" "$2" "$short"
	mkdir "$CGROUPS$leaf/deep"
	to_cgroup "$pid" "$leaf/deep"
	long=$(reported "$3")
	to_cgroup "$pid" "$leaf"
	until_true 10 rmdir "$CGROUPS$leaf/deep" 2>/dev/null
	is "$1: the long way says the same" "$short" "$long"
}
both "a rule" '^EPERM: DENY .* proto=udp dst=18.4.5.6 port=9 rule=18.0.0.0/9 ' "$DENIED"
both "over TCP" '^EPERM: DENY .* proto=tcp dst=18.4.5.6 port=80 rule=18.0.0.0/9 ' "$T/try connect tcp 18.4.5.6 80"
reload_to 'deny = ["18.0.0.0/9"];' 'egress = { action = "audit"; };'
both "audit" '^ok: AUDIT .* dst=18.4.5.6 port=9 ' "$DENIED"
reload_to 'default = "deny";' 'allow = ["10.99.0.0/16"];'
both "the default" '^EPERM: DENY .* dst=18.4.5.6 port=9 ' "$DENIED"
is "and what is allowed" ok "$(in_it a "$OTHER")"
reload_to 'deny = ["18.0.0.0/9:9"];'
both "a port" '^EPERM: DENY .* dst=18.4.5.6 port=9 ' "$DENIED"
is "and another" ok "$(in_it a "$T/try connect udp 18.4.5.6 10")"
# More networks than a trie is kept for: the rule is found later, by its address.
mapfile -t many < <(for i in $(seq 0 3000); do echo "\"18.$((i / 250)).$((i % 250)).0/24\","; done)
reload_to "deny = [${many[*]} \"18.200.0.0/16\"];"
both "a table" '^EPERM: DENY .* dst=18.4.5.6 port=9 rule=18.4.5.0/24 ' "$DENIED"
reload_to 'deny = ["18.0.0.0/9"];'

reload_to "$rule6" 'record = { connect = "all"; };'
is "connections are recorded: no brief" none "$(brief)"
reload_to "$rule6"
matches "and again" "^255 " "$(brief)"

# ---- orders

number=$(since_mark | sed -n 's/.*START session=\([0-9]*\) user=alice .* rhost=10.99.0.2 .*/\1/p' | tail -n 1)
is "before an order" ok "$(in_it a "$DENIED")"
ebpfguardctl quarantine "$number" >/dev/null
is "cut off: no brief" none "$(brief)"
is "cut off" EPERM "$(in_it a "$DENIED")"
ebpfguardctl release "$number" >/dev/null
matches "released: brief again" "^255 " "$(brief)"
is "released" ok "$(in_it a "$DENIED")"

# ---- without the helper

was=$(count)
pkill -9 -x ebpfguard-helpe || pkill -9 -f /ebpfguard-helper
until_true 60 ebpfguardctl status >/dev/null
matches "a helper that was killed: briefs are told anew" "^255 " "$(brief)"
is "a session from before it" ok "$(in_it a "$DENIED")"
reload_to 'deny = ["18.0.0.0/9"];'
is "and it is refused what is denied from now on" EPERM "$(in_it a "$DENIED")"
if (($(count) >= was)); then
	pass "the count goes on"
else
	fail "the count goes on: $was, then $(count)"
fi

end_of a
touch "$work/n.end"
wait
rmdir -p "$CGROUPS/eg_nobody/a/b" 2>/dev/null
echo "$saved" >/etc/ebpfguard.conf
ebpfguardctl reload >/dev/null
all_over
rm -rf "$work"
