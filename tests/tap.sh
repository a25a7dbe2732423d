# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# shellcheck shell=bash
# Sourced by the tests of ebpfguardctl: one TAP line a comparison, counted in n.

n=0

is() { # DESCRIPTION EXPECTED GOT
	n=$((n + 1))
	if [[ $2 == "$3" ]]; then
		echo "ok $n - $1"
	else
		printf 'not ok %d - %s\n#   expected: %s\n#   got:      %s\n' "$n" "$1" "${2//$'\n'/$'\n'#             }" \
			"${3//$'\n'/$'\n'#             }"
	fi
}
