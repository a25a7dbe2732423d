#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# make install and uninstall, into a directory: what comes, with which modes, and that the configuration is nobody's but
# the administrator's. TAP.
set -uo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/.." || exit 1
dest=$(mktemp -d)
trap 'rm -rf "$dest"' EXIT
n=0
unknown() { git status --porcelain --untracked-files=all 2>/dev/null; }
before=$(unknown)

is() { # DESCRIPTION EXPECTED GOT
	n=$((n + 1))
	if [[ $2 == "$3" ]]; then
		echo "ok $n - $1"
	else
		printf 'not ok %d - %s\n#   expected: %s\n#   got:      %s\n' "$n" "$1" "$2" "$3"
	fi
}
mode() { stat -c %a "$dest$1" 2>&1; }
quietly() { make -s "$@" DESTDIR="$dest" >/dev/null; }

quietly install
is "install succeeds" 0 $?
is "the helper" 755 "$(mode /usr/sbin/ebpfguard-helper)"
is "the command" 755 "$(mode /usr/sbin/ebpfguardctl)"
is "one module" 1 "$(find "$dest/usr/lib" -name pam_ebpfguard.so -perm 644 | wc -l)"
is "the configuration is root's to read" 600 "$(mode /etc/ebpfguard.conf)"
is "the units, with their paths filled in" 0 "$(grep -rc '@[A-Z]*@' "$dest/lib/systemd/system" | awk -F: '{n += $2} END {print n}')"
is "four manual pages" 4 "$(find "$dest/usr/share/man" -type f | wc -l)"
is "four units" 4 "$(find "$dest/lib/systemd/system" -type f -perm 644 | wc -l)"
is "the dashboard and the alerts" "grafana-dashboard.json prometheus-alerts.yml" \
	"$(cd "$dest/usr/share/doc/ebpfguard/examples" && echo *)"
is "a sample for logrotate" 644 "$(mode /usr/share/doc/ebpfguard/ebpfguard.logrotate)"
is "the completion" 644 "$(mode /usr/share/bash-completion/completions/ebpfguardctl)"
is "PAM is left alone" no "$([[ -e $dest/etc/pam.d ]] && echo yes || echo no)"

echo '# mine' >"$dest/etc/ebpfguard.conf"
quietly install
is "a second install keeps the configuration" '# mine' "$(cat "$dest/etc/ebpfguard.conf")"
quietly uninstall
is "uninstall leaves the configuration and nothing else" "$dest/etc/ebpfguard.conf" "$(find "$dest" -type f)"
is "a build leaves nothing outside build/" "$before" "$(unknown)"
echo "1..$n"
