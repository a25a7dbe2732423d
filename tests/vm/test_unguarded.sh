#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# What every attempt gives where nobody is guarded: the same with our helper running (test_egress.sh, test_bind.sh) and
# on a machine that has never seen it (here). Whatever differs is our doing.
# shellcheck source=tests/vm/lib.sh
. /srv/t/lib.sh
# shellcheck source=tests/vm/cases.sh
. /srv/t/cases.sh
# shellcheck source=tests/vm/egress_cases.sh
. /srv/t/egress_cases.sh
# shellcheck source=tests/vm/bind_cases.sh
. /srv/t/bind_cases.sh
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
