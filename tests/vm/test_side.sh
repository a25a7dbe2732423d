#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# Every way out by the side door: it works outside of a session, and inside it is refused, with a line in the log.
# shellcheck source=tests/vm/lib.sh
. /srv/t/lib.sh
# shellcheck source=tests/vm/cases.sh
. /srv/t/cases.sh
# shellcheck source=tests/vm/side_cases.sh
. /srv/t/side_cases.sh
SCRIPT_NAME=side
CASES_AT_ONCE=1 # a process is traced by one at a time
good=$(cat /etc/ebpfguard.conf)

use_conf side_conf
side_world
systemctl show -P MainPID ebpfguard.service >/run/try/helper.pid
# alice's manager is guarded while she has a session: what it does unguarded is in test_unguarded.sh.
outside_cases "outside, alice" outside_alice leaving_cases alice_trace_cases unix_cases unix_deny_cases passed_side_cases \
	tamper_cases
outside_cases "outside, root" outside_root root_leaving_cases root_trace_cases root_unix_cases root_kernel_cases \
	root_process_cases root_file_cases
run_cases "outside, root" outside outside_root helper_trace_cases helper_cases

mark
run_cases "guarded, alice" both inside_alice leaving_cases
refusals_logged alice "$REFUSED"
who='session=[0-9]+ user=alice uid=1000 profile=default .*comm=try exe=/srv/t/try'
has_line "log: a cgroup" "DENY cgroup $who path=.*/cgroup.procs reason=outside rule=leaving errno=EPERM"
mark
run_cases "guarded, alice" both inside_alice alice_trace_cases
refusals_logged alice "$REFUSED"
has_line "log: ptrace" "DENY ptrace $who target_pid=[0-9]+ reason=outside rule=leaving errno=EPERM"
mark
run_cases "guarded, alice" both inside_alice unix_cases
refusals_logged alice "$REFUSED"
has_line "log: a service" "DENY unix $who path=/run/docker.sock reason=service rule=unix.services errno=EPERM"
mark
run_cases "guarded, alice" both inside_alice tamper_cases
refusals_logged alice "$REFUSED"
run_cases "guarded, alice" both inside_alice manager_side_cases

for table in root_leaving_cases root_trace_cases root_unix_cases root_kernel_cases root_process_cases root_file_cases \
	helper_trace_cases helper_cases; do
	mark
	run_cases "guarded, root" both inside_root $table
	refusals_logged root "$REFUSED"
done

use_conf passed_side_conf
run_cases "guarded, alice" both inside_alice passed_side_cases
use_conf unix_deny_conf
run_cases "guarded, alice" both inside_alice unix_deny_cases
run_cases "guarded, root" both inside_root unix_deny_cases
use_conf unix_allow_conf
run_cases "guarded, alice" both inside_alice unix_allow_cases
run_cases "guarded, root" both inside_root root_unix_allow_cases

side_world_ends
printf '%s\n' "$good" >/etc/ebpfguard.conf
is "the configuration is put back" 0 "$(ebpfguardctl reload >/dev/null; echo $?)"
all_over
