#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# Every way out: it works outside of a session, and inside it is refused by both layers together, by the hooks alone
# and by the packet layer alone. The log has a line for each refused call and none for what a hook has stopped already.
# shellcheck source=tests/vm/lib.sh
. /srv/t/lib.sh
# shellcheck source=tests/vm/cases.sh
. /srv/t/cases.sh
# shellcheck source=tests/vm/egress_cases.sh
. /srv/t/egress_cases.sh
SCRIPT_NAME=egress
strays_filtered && start_anew
good=$(cat /etc/ebpfguard.conf)

# shellcheck disable=SC2086 # ports
attack_world $EGRESS_PORTS

# ---- outside, with the helper running: what test_unguarded.sh gives where it is not installed
outside_manager
outside_cases "outside, alice" outside_alice control_cases way_cases more_cases passed_cases incoming_cases \
	kernel_cases manager_cases open_cases
outside_cases "outside, root" outside_root root_cases root_open_cases
run_cases "outside, alice" outside outside_alice stray_cases
systemctl stop user@1000.service

# ---- both layers
use_conf egress_conf
is "no session has strayed, and nothing is at the root of all cgroups" 0 "$(stray_filters)"
mark
run_cases "guarded, alice" both inside_alice control_cases way_cases more_cases passed_cases
calls_logged alice "$REFUSED"
mark
run_cases "guarded, root" both inside_root root_cases
calls_logged root "$REFUSED"

mark
run_cases "guarded, alice" both inside_alice incoming_cases
session_ended alice
is "log: one line for each flow that came in" 7 "$(lines_of ingress)"
matches "log: and its packets are counted" ' refused=7 .* ingress=7 packets=[0-9]+ host=' "$END"

mark
is "sessions have strayed: programs are at the root" 2 "$(stray_filters)"
run_cases "guarded, alice" both inside_alice stray_cases
session_ended alice
is "log: who is moved out has a line" 9 "$(since_mark | grep -cE " STRAY session=$SESSION user=alice pid=[0-9]+ cgroup=/try-stray ")"
is "log: one line for each flow that came in to who was moved out" 6 "$(lines_of ingress)"
is "log: and one for the socket that strays do not get" 1 "$(lines_of socket)"
matches "log: they are counted" ' refused=7 .* ingress=6 packets=[0-9]+ host=' "$END"
run_cases "guarded, alice" both inside_alice kernel_cases manager_cases

use_conf open_conf
mark
run_cases "guarded, alice" both inside_alice open_cases
calls_logged alice "$REFUSED"
run_cases "guarded, root" both inside_root root_open_cases

# ---- the hooks alone
use_conf egress_conf
run_cases "hooks alone, alice" hooks without_packets_alice control_cases way_cases more_cases passed_cases \
	incoming_cases
run_cases "hooks alone, root" hooks without_packets_root root_cases
mark
run_cases "hooks alone, alice" hooks without_packets_alice stray_cases
is "hooks alone: there is nothing at the root" 0 "$(stray_filters)"
session_ended alice
is "hooks alone: a line for each refused connection to who was moved out" 3 "$(lines_of ingress)"
matches "hooks alone: it has no process" " DENY ingress session=$SESSION user=alice .* pid=- ppid=- comm=- exe=- proto=tcp src=18.7.7.7 port=[0-9]+ rule=18.0.0.0/9 errno=EPERM" "$(since_mark | grep -m1 " ingress session=$SESSION .* src=18.7.7.7 ")"
use_conf open_conf
run_cases "hooks alone, alice" hooks without_packets_alice open_cases
run_cases "hooks alone, root" hooks without_packets_root root_open_cases

# ---- the packet layer alone
use_conf egress_conf
systemctl restart ebpfguard.service
is "a socket of one that was moved out" EPERM "$(sh_as alice "$T/try stray datagram udp 18.4.5.6 7000")"
if until_true 20 strays_filtered; then pass "brings the programs at the root"; else fail "brings the programs at the root"; fi
hooks_off
run_cases "packets alone, alice" packets inside_alice control_cases way_cases more_cases passed_cases incoming_cases \
	stray_cases kernel_cases manager_cases open_cases
run_cases "packets alone, root" packets inside_root root_cases root_open_cases

attack_world_ends
printf '%s\n' "$good" >/etc/ebpfguard.conf
all_on_again
is "unloading has taken the programs at the root" 0 "$(stray_filters)"
all_over
