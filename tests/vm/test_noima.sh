#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# A kernel whose digests are not SHA-256 (ima_hash=sha1): denied digests are not in force, which is said, and nobody is
# locked out.
# shellcheck source=tests/vm/lib.sh
. /srv/t/lib.sh
SCRIPT_NAME=noima
good=$(cat /etc/ebpfguard.conf)

matches "the machine is booted like that" "ima_hash=sha1" "$(</proc/cmdline)"
matches "status: what is missing" "ima" "$(ebpfguardctl status | grep -i missing)"
matches "status: enforcing all the same" "enforcing: yes" "$(ebpfguardctl status)"
install -d /srv/d /srv/no
install -m 0755 "$T/try" /srv/no/prog
(cat "$T/try"; echo bad) >/srv/d/bad
chmod 0755 /srv/d/bad
digest=$(sha256sum </srv/d/bad | cut -d' ' -f1)

mark
is "without digests: reload" 0 "$(ebpfguardctl reload >/dev/null; echo $?)"
is "without digests: no warning" "" "$(since_mark | grep -i 'sha256')"
echo 'strict = true;' >>/etc/ebpfguard.conf
is "without digests: strict does not mind" 0 "$(ebpfguardctl reload >/dev/null 2>&1; echo $?)"

echo "exec = { deny = [ \"/srv/no\" ]; deny_sha256 = [ \"$digest\" ]; };" >/etc/ebpfguard.conf
mark
is "with digests: reload" 0 "$(ebpfguardctl reload >/dev/null; echo $?)"
logged "with digests: said" "exec.deny_sha256 and exec.deny_sha256_files are NOT in force"
is "with digests: a denied one goes, places hold, nobody is locked out" "ok EPERM ok" \
	"$(sh_as alice "$T/try via path /srv/d/bad nothing; $T/try via path /srv/no/prog nothing; echo ok" | paste -sd' ')"

echo 'strict = true;' >>/etc/ebpfguard.conf
matches "with digests: strict refuses" "strict = true, and this kernel has no hook ima: " "$(ebpfguardctl reload 2>&1)"
is "strict: what was in force stays" EPERM "$(sh_as alice "$T/try via path /srv/no/prog nothing")"

rm -rf /srv/d /srv/no
printf '%s\n' "$good" >/etc/ebpfguard.conf
is "the configuration is put back" 0 "$(ebpfguardctl reload >/dev/null; echo $?)"
all_over
