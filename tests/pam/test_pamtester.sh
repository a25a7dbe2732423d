#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# The module as a black box: pamtester below pam_wrapper, without a helper. TAP.
set -u
so=$(realpath "${1:?usage: test_pamtester.sh MODULE}")
wrapper=$(PATH=$PATH:/sbin:/usr/sbin ldconfig -p | awk '/libpam_wrapper\.so/ { print $NF; exit }')

lacking() {
	if [ "${EG_MUST_RUN:-}" = 1 ]; then
		echo "1..1"
		echo "not ok 1 - EG_MUST_RUN=1, but $1"
		exit 1
	fi
	echo "1..0 # SKIP $1"
	exit 0
}

command -v pamtester >/dev/null || lacking 'no pamtester'
[ -n "$wrapper" ] || lacking 'no pam_wrapper'

dir=$(mktemp -d) || exit 1
trap 'rm -rf "$dir"' EXIT
n=0
bad=0

try() { # try NAME WANTED(0 or 1) ARGUMENTS
	n=$((n + 1))
	echo "session required $so socket=$dir/nobody.sock $3" >"$dir/egtest"
	LD_PRELOAD=$wrapper PAM_WRAPPER=1 PAM_WRAPPER_SERVICE_DIR=$dir \
		pamtester egtest root open_session close_session >"$dir/out" 2>&1
	got=$?
	[ $got -eq 0 ] || got=1
	if [ $got -eq "$2" ]; then
		echo "ok $n - $1"
	else
		echo "not ok $n - $1"
		sed 's/^/# /' "$dir/out"
		bad=1
	fi
}

echo 1..5
try 'refused without a helper' 1 ''
try 'let in by onerr=succeed' 0 'onerr=succeed'
try 'let in by exempt_user' 0 'exempt_user=nobody,root'
try 'let in by exempt_group' 0 'exempt_group=root'
try 'refused for a wrong argument' 1 'exempt_user=nobody tiemout=5'
exit $bad
