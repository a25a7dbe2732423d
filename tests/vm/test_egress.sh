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
good=$(cat /etc/ebpfguard.conf)

# shellcheck disable=SC2086 # ports
attack_world $EGRESS_PORTS

# ---- outside, with the helper running: what test_unguarded.sh gives where it is not installed
systemctl start user@1000.service
run_cases "outside, alice" outside outside_alice control_cases way_cases more_cases passed_cases incoming_cases \
	kernel_cases manager_cases open_cases
run_cases "outside, root" outside outside_root root_cases root_open_cases
systemctl stop user@1000.service

# ---- both layers
use_conf egress_conf
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
matches "log: and its packets are counted" ' refused=7 .* ingress=7 packets=[0-9]+$' "$END"
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
use_conf open_conf
run_cases "hooks alone, alice" hooks without_packets_alice open_cases
run_cases "hooks alone, root" hooks without_packets_root root_open_cases

# ---- the packet layer alone
use_conf egress_conf
hooks_off
run_cases "packets alone, alice" packets inside_alice control_cases way_cases more_cases passed_cases incoming_cases \
	kernel_cases manager_cases open_cases
run_cases "packets alone, root" packets inside_root root_cases root_open_cases

attack_world_ends
printf '%s\n' "$good" >/etc/ebpfguard.conf
all_on_again
all_over
