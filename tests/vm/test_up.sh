#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# Every way up: it works outside of a session, and inside it is refused, with a line in the log.
# shellcheck source=tests/vm/lib.sh
. /srv/t/lib.sh
# shellcheck source=tests/vm/cases.sh
. /srv/t/cases.sh
# shellcheck source=tests/vm/up_cases.sh
. /srv/t/up_cases.sh
SCRIPT_NAME=up
good=$(cat /etc/ebpfguard.conf)
# The accomplice is the same user's.
up_conf() { printf '%s\n' 'setuid = { deny = true; };' 'mount = { deny = true; };' 'unix = { same_user = "allow"; };'; }

up_world
outside_manager
outside_cases "outside, alice" outside_alice setuid_cases manager_up_cases setuid_allow_cases mount_cases ceiling_cases
outside_cases "outside, root" outside_root root_setuid_cases root_mount_cases root_mount_allow_cases root_ceiling_cases
systemctl stop user@1000.service

use_conf up_conf
mark
run_cases "guarded, alice" both inside_alice setuid_cases
refusals_logged alice "$REFUSED"
who='session=[0-9]+ user=alice uid=1000 profile=default .*comm=try exe=/srv/t/try'
has_line "log: exec" "DENY exec $who path=/srv/priv/suid-root target=0 rule=setuid errno=EPERM"
has_line "log: a setgid program" "DENY exec $who path=/srv/priv/sgid-shadow .*rule=setuid errno=EPERM"
has_line "log: a user namespace" "DENY userns $who .*rule=setuid errno=EPERM"
run_cases "guarded, alice" both inside_alice manager_up_cases
mark
run_cases "guarded, root" both inside_root root_setuid_cases
refusals_logged root "$REFUSED"
who='session=[0-9]+ user=root uid=1000 profile=default .*comm=try exe=/srv/t/try'
has_line "log: setuid" "DENY setuid $who target=0 rule=setuid errno=EPERM"
has_line "log: setgid" "DENY setgid $who gid=42 rule=setuid errno=EPERM"
has_line "log: setgroups" "DENY setgroups $who gid=4 rule=setuid errno=EPERM"
mark
run_cases "guarded, root" both inside_root root_mount_cases
refusals_logged root "$REFUSED"
who='session=[0-9]+ user=root uid=0 profile=default .*comm=try exe=/srv/t/try'
has_line "log: mount" "DENY mount $who path=/srv/m/b type=tmpfs rule=mount errno=EPERM"
has_line "log: umount" "DENY umount $who path=/srv/m/a .*rule=mount errno=EPERM"

use_conf setuid_allow_conf
run_cases "guarded, alice" both inside_alice setuid_allow_cases
use_conf mount_conf
run_cases "guarded, alice" both inside_alice mount_cases
use_conf mount_allow_conf
run_cases "guarded, root" both inside_root root_mount_allow_cases
use_conf ceiling_conf
run_cases "guarded, alice" both inside_alice ceiling_cases
mark
run_cases "guarded, root" both inside_root root_ceiling_cases
has_line "log: capability" "DENY capability $who cap=CAP_SYS_ADMIN reason=ceiling rule=capabilities errno=EPERM"

up_world_ends
printf '%s\n' "$good" >/etc/ebpfguard.conf
is "the configuration is put back" 0 "$(ebpfguardctl reload >/dev/null; echo $?)"
all_over
