#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# Every way to run what must not be run: it works outside of a session, and inside it is refused, with one line in the
# log.
# shellcheck source=tests/vm/lib.sh
. /srv/t/lib.sh
# shellcheck source=tests/vm/cases.sh
. /srv/t/cases.sh
# shellcheck source=tests/vm/exec_cases.sh
. /srv/t/exec_cases.sh
SCRIPT_NAME='exec'
CASES_AT_ONCE=4
good=$(cat /etc/ebpfguard.conf)
who='session=[0-9]+ user=alice uid=1000 profile=default .*comm=try exe=/srv/t/try'

exec_world
exec_hash_world
outside_manager
run_cases "outside, alice" outside outside_alice exec_deny_cases manager_exec_cases exec_only_cases mounted_over_cases \
	exec_both_cases exec_hash_cases manager_hash_cases
run_cases "outside, root" outside outside_root exec_deny_cases root_exec_cases exec_only_cases exec_both_cases exec_hash_cases
systemctl stop user@1000.service

# A file that got another name while only a tree further up was denied: what it is known as since then must not hide it.
outer_conf() { exec_base_conf; echo "exec = { deny = [ \"$R\" ]; };"; }
use_conf outer_conf
is "outside, a file of the tree by a name given to it now: ok" ok "$(outside_alice "$T/try run-by linked $R/no/own nothing")"
use_conf exec_deny_conf
mark
run_cases "deny, alice" both inside_alice exec_deny_cases
calls_logged alice "$REFUSED"
has_line "log: a program" "DENY exec $who path=$R/no/prog how=exec reason=program rule=exec.deny line=[0-9]+ errno=EPERM"
has_line "log: mapped" "DENY exec $who path=$R/no/id how=map reason=program rule=exec.deny line=[0-9]+ errno=EPERM"
has_line "log: nameless" "DENY exec $who path=[^ ]+ how=exec reason=nameless rule=exec errno=EPERM"
run_cases "deny, alice" both inside_alice manager_exec_cases
mark
run_cases "deny, root" both inside_root exec_deny_cases root_exec_cases
calls_logged root "$REFUSED"

use_conf exec_only_conf
mark
run_cases "only, alice" both inside_alice exec_only_cases mounted_over_cases
calls_logged alice "$REFUSED"
has_line "log: not named" "DENY exec $who path=$R/yes/prog how=exec reason=only rule=exec.allow_only errno=EPERM"
is "only: a shell's everyday work" "2 x 3" "$(sh_as alice 'echo 2; cd /tmp && echo x >f.$$ && cat f.$$ && rm f.$$; printf "a\nb\nc\n" | sort | wc -l' | paste -sd' ')"
is "only: sftp" 0 "$(peer sftp -b - alice@$HOST <<<'ls /' >/dev/null 2>&1; echo $?)"
mark
run_cases "only, root" both inside_root exec_only_cases
calls_logged root "$REFUSED"
use_conf exec_both_conf
mark
run_cases "both, alice" both inside_alice exec_both_cases
calls_logged alice "$REFUSED"
run_cases "both, root" both inside_root exec_both_cases

use_conf exec_hash_conf
matches "digests: counted in the log" "POLICY .* digests=4 file=" "$(grep -F 'POLICY generation' /var/log/auth.log | tail -n 1)"
mark
run_cases "hash, alice" both inside_alice exec_hash_cases
calls_logged alice "$REFUSED"
digest=$(sha256sum <$R/yes/bad | cut -d' ' -f1)
has_line "log: a digest" "DENY exec $who path=$R/yes/bad how=exec sha256=$digest reason=hash rule=exec.deny_sha256 line=[0-9]+ errno=EPERM"
run_cases "hash, alice" both inside_alice manager_hash_cases
mark
run_cases "hash, root" both inside_root exec_hash_cases
calls_logged root "$REFUSED"

# Digests change while a session tries without end: it is never refused for want of a policy, and never let through.
mark
rm -f /srv/try/going /srv/try/stop
sh_as alice "until test -e /srv/try/stop; do $R/yes/better nothing; $R/yes/bad nothing; : >/srv/try/going
	done 2>/dev/null | sort | uniq -c" >/tmp/loop &
until_true 60 test -e /srv/try/going
for _ in 1 2 3 4 5; do ebpfguardctl reload >/dev/null; done
touch /srv/try/stop
wait $!
matches "reloads: the program that is not denied always works" "^ *[0-9]+ ok$" "$(</tmp/loop)"
is "reloads: every refusal for its digest" "" "$(since_mark | grep ' DENY exec ' | grep -v 'reason=hash')"

# ---- audit

audit_conf() { exec_deny_conf; echo 'mode = "audit";'; }
use_conf audit_conf
mark
is "audit: everything works" "ok ok ok" "$(sh_as alice "$T/try via path $R/no/prog nothing; $T/try run-by memfd $R/yes/prog nothing; $T/try map-exec $R/no/id" | paste -sd' ')"
logged "audit: reported" "AUDIT exec .* path=$R/no/prog how=exec reason=program .*errno=0"
logged "audit: reported, mapped" "AUDIT exec .* path=$R/no/id how=map reason=program .*errno=0"

# ---- feeds that are wrong

is "before: in force" 0 "$(use_conf exec_hash_conf >/dev/null; ebpfguardctl check >/dev/null 2>&1; echo $?)"
exec_hash_conf >/etc/ebpfguard.conf
ebpfguardctl reload >/dev/null
lines=$(wc -l </etc/ebpfguard-feed)
echo 'not a digest' >>/etc/ebpfguard-feed
matches "a bad line: check" "/etc/ebpfguard-feed:$((lines + 1)): .not a digest. holds no SHA-256 digest" "$(ebpfguardctl check 2>&1)"
matches "a bad line: reload" "/etc/ebpfguard-feed:$((lines + 1)): .not a digest. holds no SHA-256 digest" "$(ebpfguardctl reload 2>&1)"
matches "a bad line: helper -t" "/etc/ebpfguard-feed:$((lines + 1)): " "$(ebpfguard-helper -t 2>&1)"
is "a bad line: what was in force stays" EPERM "$(sh_as alice "$T/try via path $R/yes/bad nothing")"
chmod 0666 /etc/ebpfguard-feed
matches "writable by others: refused" "/etc/ebpfguard-feed: writable by others" "$(ebpfguardctl reload 2>&1)"
rm /etc/ebpfguard-feed
matches "not there: refused" "/etc/ebpfguard-feed: No such file" "$(ebpfguardctl reload 2>&1)"
is "not there: what was in force stays" EPERM "$(sh_as alice "$T/try via path $R/yes/bad nothing")"

exec_world_ends
printf '%s\n' "$good" >/etc/ebpfguard.conf
is "the configuration is put back" 0 "$(ebpfguardctl reload >/dev/null; echo $?)"
all_over
