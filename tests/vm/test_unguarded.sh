#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# What every attempt gives where nobody is guarded: the same with our helper running (test_egress.sh and the like) and
# on a machine that has never seen it (here). Whatever differs is our doing.
# shellcheck source=tests/vm/lib.sh
. /srv/t/lib.sh
# shellcheck source=tests/vm/cases.sh
. /srv/t/cases.sh
# shellcheck source=tests/vm/egress_cases.sh
. /srv/t/egress_cases.sh
# shellcheck source=tests/vm/bind_cases.sh
. /srv/t/bind_cases.sh
# shellcheck source=tests/vm/up_cases.sh
. /srv/t/up_cases.sh
# shellcheck source=tests/vm/side_cases.sh
. /srv/t/side_cases.sh
SCRIPT_NAME=unguarded

# shellcheck disable=SC2086 # ports
attack_world $EGRESS_PORTS
systemctl start user@1000.service
run_cases "outside, alice" outside outside_alice control_cases way_cases more_cases passed_cases incoming_cases \
	kernel_cases manager_cases open_cases
run_cases "outside, root" outside outside_root root_cases root_open_cases
CASES_AT_ONCE=1
run_cases "outside, alice, bind" outside outside_alice bind_cases bind_open_cases
run_cases "outside, root, bind" outside outside_root root_bind_cases
systemctl stop user@1000.service
attack_world_ends

CASES_AT_ONCE=8
up_world
systemctl start user@1000.service
run_cases "outside, alice, up" outside outside_alice setuid_cases manager_up_cases setuid_allow_cases mount_cases ceiling_cases
run_cases "outside, root, up" outside outside_root root_setuid_cases root_mount_cases root_mount_allow_cases \
	root_ceiling_cases
up_world_ends
CASES_AT_ONCE=1
side_world
run_cases "outside, alice, side" outside outside_alice leaving_cases alice_trace_cases unix_cases unix_deny_cases passed_side_cases \
	manager_side_cases tamper_cases
run_cases "outside, root, side" outside outside_root root_leaving_cases root_trace_cases root_unix_cases \
	root_kernel_cases root_process_cases root_file_cases
side_world_ends
