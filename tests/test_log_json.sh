#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# test_log_json.sh EBPFGUARDCTL: records as JSON, made by test_fields beside it, read back by jq: whatever a user writes
# into a name or an argument comes back to the last byte, and nothing else has changed. TAP.
set -uo pipefail

# shellcheck source=tests/tap.sh
. "$(dirname "$0")/tap.sh"

records=$(dirname "$1")/tests/unit/test_fields
# What a string of the log stands for, as hex: a backslash is the beginning of \\xHH there, and of nothing else.
bytes() { printf '%b' "$1" | od -An -v -tx1 | tr -d ' \n'; }

keys='["event","verdict","op","session","user","uid","profile","rhost","rport","tty","pid","ppid","comm","exe","path",'
keys+='"rule","errno","count","layer","service","loginuid","audit_session","config","host","args","time","mono"]'

seen=0
while read -r hex && read -r json; do
	seen=$((seen + 1))
	for key in .user .rhost .service '.args[1]'; do
		is "$hex: $key" "$hex" "$(bytes "$(jq -r "$key" <<<"$json")")"
	done
	is "$hex: the keys" "$keys" "$(jq -c keys_unsorted <<<"$json")"
	is "$hex: the rest" '["refusal","deny","mount",17,1000,"curl",2]' \
		"$(jq -c '[.event, .verdict, .op, .session, .uid, .args[0], (.args | length)]' <<<"$json")"
	is "$hex: no control character" "" "$(LC_ALL=C tr -d '\040-\176\200-\377' <<<"$json" | tr -d '\n')"
done < <("$records" print)
is "records" yes "$([[ $seen -ge 15 ]] && echo yes)"
echo "1..$n"
