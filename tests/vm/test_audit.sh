#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# Audit mode: nothing is refused, and what would have been is reported once: not again for each send on the connection,
# and not by the packet layer, which sees the packets of a call that was let through.
# shellcheck source=tests/vm/lib.sh
. /srv/t/lib.sh
# shellcheck source=tests/vm/cases.sh
. /srv/t/cases.sh
SCRIPT_NAME=audit
good=$(cat /etc/ebpfguard.conf)

audit_conf() {
	cat <<-'EOF2'
		mode = "audit";
		deny = ["18.0.0.0/9", "2001:db8:bad::/48"];
		bind = { deny = ["7777"]; };
	EOF2
}

# What would be refused, one a line: COMMAND|OPERATION|HOW OFTEN. Each reaches its goal.
attempts() {
	cat <<-'EOF2'
		link tcp 18.7.7.7 7000|connect|1
		link mptcp 18.7.7.7 7000|connect|1
		link udp 18.7.7.7 7000|connect|1
		link tcp 2001:db8:bad::7 7000|connect|1
		datagram udp 2001:db8:bad::7 7000|sendmsg|1
		port tcp 127.0.0.1 7777|bind|2
		link tcp 10.7.7.7 7000|connect|0
	EOF2
}

ip netns exec client "$T/try" echo 7000 &
server=$!
echo_answers() { [[ $("$T/try" link tcp 10.7.7.7 7000) == ok ]]; }
until_true 20 echo_answers
use_conf audit_conf

while IFS='|' read -r command operation n; do
	mark
	# shellcheck disable=SC2086 # words
	is "$command: ok" ok "$(sh_as alice "$T/try" $command </dev/null)"
	until_true 20 log_has 'END session=[0-9]+ user=alice '
	is "$command: lines" "$n" "$(since_mark | grep -Ec 'AUDIT (connect|sendmsg|bind|listen) ')"
	is "$command: nothing is refused" 0 "$(since_mark | grep -c 'DENY ')"
	is "$command: nothing from the packet layer" 0 "$(since_mark | grep -Ec 'AUDIT (egress|ingress) ')"
	((n)) && has_line "$command: the operation" "AUDIT $operation session=[0-9]+ user=alice .* errno=0"
	has_line "$command: counted" "END session=[0-9]+ user=alice .* refused=0 audited=$n lost=0"
done < <(attempts)

# A socket that is not open, for root.
mark
is "raw: ok" ok "$(sh_as root "$T/try" socket 2 3 17)"
has_line "raw: the socket" "AUDIT socket session=[0-9]+ user=root .* rule=sockets errno=0"

kill "$server"
wait "$server" 2>/dev/null
printf '%s\n' "$good" >/etc/ebpfguard.conf
ebpfguardctl reload
all_over
