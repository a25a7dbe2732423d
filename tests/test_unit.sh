#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# The systemd units: do they parse, how much do they leave open, and are the lists in them the same as in the code and
# in the manual page. TAP. Asks systemd-analyze of this machine; no systemd has to run.
set -uo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/.." || exit 1
dest=$(mktemp -d)
trap 'rm -rf "$dest"' EXIT
n=0

result() { # STATUS DESCRIPTION
	n=$((n + 1))
	if (($1)); then echo "not ok $n - $2"; else echo "ok $n - $2"; fi
}
is() { # DESCRIPTION EXPECTED GOT
	if [[ $2 == "$3" ]]; then
		result 0 "$1"
	else
		result 1 "$1"
		printf '#   expected: %s\n#   got:      %s\n' "$2" "$3"
	fi
}

# --- lists
words() { grep -o "$1" | sort -u | paste -sd' '; }
bounding=$(sed -n 's/^CapabilityBoundingSet=//p' conf/ebpfguard.service | words 'CAP_[A-Z_]*')
kept=$(sed -n 's/^\t{CAP_[A-Z_]*, "\(CAP_[A-Z_]*\)"},$/\1/p' helper/privilege.c | words 'CAP_[A-Z_]*')
page=$(sed -n '/^\.Sh PRIVILEGES/,/^\.Sh/p' helper/ebpfguard-helper.8 | sed -n 's/^\.It Dv \(CAP_[A-Z_]*\)$/\1/p' | words '.*')
is "the unit has what the helper keeps, and two for the start" \
	"$(words 'CAP_[A-Z_]*' <<<"$kept CAP_PERFMON CAP_DAC_OVERRIDE")" "$bounding"
is "the manual page has the same" "$bounding" "$page"

# What a crash loop must not run into.
for unit in service socket; do
	is "ebpfguard.$unit: no limit of starts" 1 "$(sed -n '/^\[Unit\]/,/^\[S/p' "conf/ebpfguard.$unit" | grep -cx 'StartLimitIntervalSec=0')"
done
is "ebpfguard.socket: no limit of triggers" 1 "$(sed -n '/^\[Socket\]/,$p' conf/ebpfguard.socket | grep -cx 'TriggerLimitIntervalSec=0')"
is "ebpfguard.service: restarted, and at once" "Restart=always RestartSec=100ms" \
	"$(grep -xE 'Restart(Sec)?=.*' conf/ebpfguard.service | paste -sd' ')"

# --- what systemd says
if ! command -v systemd-analyze >/dev/null || ! command -v jq >/dev/null; then
	for what in "the units are as systemd wants them" "the score is that of ebpfguard-helper(8)" "the score is below 2.5" "each line has its reason" "the metrics' unit"; do
		n=$((n + 1))
		echo "ok $n - $what # SKIP systemd-analyze or jq is missing (tests/setup check)"
	done
	echo "1..$n"
	exit 0
fi
make -s install DESTDIR="$dest" SBINDIR="$dest/sbin" UNITDIR="$dest/units" >/dev/null || exit 1
# install puts DESTDIR in front of SBINDIR, the units name SBINDIR
mkdir -p "$dest/sbin" && cp -a "$dest$dest/sbin/." "$dest/sbin/"
units=$dest$dest/units
is "the units are as systemd wants them" "" \
	"$(cd "$units" && SYSTEMD_LOG_LEVEL=warning systemd-analyze verify --man=no ./ebpfguard.service ./ebpfguard.socket \
		./ebpfguard-metrics.service ./ebpfguard-metrics.timer 2>&1)"

security() { systemd-analyze security --offline=true --no-pager "$@"; }
score() { security "$1" | sed -n 's/.*exposure level for .*: \([0-9.]*\) .*/\1/p'; }
is "the score is that of ebpfguard-helper(8)" "$(sed -n '/systemd-analyze security/,+1s/^says \([0-9]\.[0-9]\) of 10,.*/\1/p' helper/ebpfguard-helper.8)" \
	"$(score "$units/ebpfguard.service")"
is "the score is below 2.5" yes "$(awk -v s="$(score "$units/ebpfguard.service")" 'BEGIN { print s != "" && s < 2.5 ? "yes" : s }')"
echo "# ebpfguard-metrics.service: $(score "$units/ebpfguard-metrics.service")"

# unexplained UNIT: lines that find something and that no comment of the unit names: NAME, or ~PART behind a NAME.
unexplained() {
	local name comments
	comments=$(grep '^#' "$1")
	security --json=short "$1" | jq -r '.[] | select(.exposure != null) | .name' | while IFS= read -r name; do
		case $comments in
		*"$name"[:,]*) ;;
		*"${name#*=}"[:,]*) [[ $name == *=~* ]] || echo "$name" ;;
		*) echo "$name" ;;
		esac
	done
}
is "ebpfguard.service: each line that finds something has its reason" "" "$(unexplained "$units/ebpfguard.service")"
echo "1..$n"
