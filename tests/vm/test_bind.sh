#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# Every way to get a port: it works outside of a session, and inside it is refused, with a line in the log.
# shellcheck source=tests/vm/lib.sh
. /srv/t/lib.sh
# shellcheck source=tests/vm/cases.sh
. /srv/t/cases.sh
# shellcheck source=tests/vm/bind_cases.sh
. /srv/t/bind_cases.sh
SCRIPT_NAME=bind
CASES_AT_ONCE=1 # they take each other's ports
good=$(cat /etc/ebpfguard.conf)

attack_world 7000
outside_cases "outside, alice" outside_alice bind_cases bind_open_cases
outside_cases "outside, root" outside_root root_bind_cases

use_conf bind_conf
mark
run_cases "guarded, alice" both inside_alice bind_cases
calls_logged alice "$REFUSED"
who='session=[0-9]+ user=alice uid=1000 profile=default .*comm=try exe=/srv/t/try'
has_line "log: bind" "DENY bind $who proto=tcp src=0.0.0.0 port=8001 rule=8000-8099 errno=EPERM"
has_line "log: bind v6" "DENY bind $who proto=udp src=:: port=8008 rule=8000-8099 errno=EPERM"
has_line "log: a rule of one protocol" "DENY bind $who proto=mptcp src=0.0.0.0 port=8202 rule=8200-8299/tcp errno=EPERM"
has_line "log: listen" "DENY listen $who proto=tcp src=0.0.0.0 port=0 rule=0/tcp errno=EPERM"
mark
run_cases "guarded, root" both inside_root root_bind_cases
calls_logged root "$REFUSED"
use_conf bind_open_conf
mark
run_cases "guarded, alice" both inside_alice bind_open_cases
calls_logged alice "$REFUSED"

# The packet layer has no part in it.
use_conf bind_conf
run_cases "hooks alone, alice" hooks without_packets_alice bind_cases

attack_world_ends
printf '%s\n' "$good" >/etc/ebpfguard.conf
is "the configuration is put back" 0 "$(ebpfguardctl reload >/dev/null; echo $?)"
all_over
