#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# What a login costs, in instructions of all that runs for it: module, helper, kernel, log.
#   login open|close SESSIONS NS     what the module's caller waits, with so many sessions open
#   login total SESSIONS COST        opening and closing one, everywhere, while nobody else does
#   login burst SESSIONS COST        the same of one in a row of them
#   login rate SESSIONS NUMBER       logins in a second of one such CPU, a billion instructions, in a row
#   login tick SESSIONS COST         the helper, in a second in which nothing happens
#   login growth SESSIONS RATIO      the total, in that with one session
#   login ssh with|without COST      a whole login by ssh; login adds percent NUMBER
#   HELD   how many sessions; SSH: without, no logins by ssh
# shellcheck source=tests/bench/guest.sh
. /srv/t/guest.sh
# shellcheck disable=SC1091 # tests/bench/run writes it
. /srv/t/wanted
read -ra held <<<"${HELD:-1 100 2000}"
LOGINS=60

# What has run so far on this CPU, of whatever process, in ns.
busy() { awk '$1 == "cpu0" { print $8 }' /proc/schedstat; }
helper_busy() { cut -d' ' -f1 "/proc/$(systemctl show -p MainPID --value ebpfguard.service)/schedstat"; }
median() { sort -n | awk '{ v[NR] = $1 } END { print v[int((NR + 1) / 2)] }'; }

# A user may have 64 sessions.
users=()
for ((i = 0; i <= 40; i++)); do
	users+=("u$i")
	echo "u$i:x:$((2000 + i)):$((2000 + i))::/tmp:/bin/sh" >>/etc/passwd
	echo "u$i:x:$((2000 + i)):" >>/etc/group
	echo "u$i:*:19000:0:99999:7:::" >>/etc/shadow
done

# open_and_close SESSIONS: so many logins one after the other, while others are open.
open_and_close() {
	local before after said
	"$T/pam_login" -m -n 10 -a timeout=60000 carol >/dev/null
	sleep 3
	before=$(busy)
	said=$("$T/pam_login" -m -n $LOGINS -a timeout=60000 carol) || die "logins: $said"
	sleep 3 # their end
	after=$(busy)
	sed -n "s/^open_ns=\([0-9]*\) close_ns=\([0-9]*\) .*/login open $1 \1\nlogin close $1 \2/p" <<<"$said"
	sleep 6
	idle=$(($(busy) - after)) # what runs anyway, in so long
	after=$(((after - before - idle / 2) / LOGINS))
	echo "login burst $1 $after"
	echo "login rate $1 $((1000000000 / after))"
}

# With its end, for which there is a third of a second.
# undisturbed N: all that runs for so many logins at a time, none or one: the lower quartile, because the helper's clock
# strikes in two of five.
undisturbed() {
	local before
	for _ in {1..24}; do
		sleep "0.$((RANDOM % 900 + 100))"
		before=$(busy)
		"$T/pam_login" -m -n "$1" -a timeout=60000 carol >/dev/null </dev/null || die "a login failed"
		sleep 0.35
		echo $(($(busy) - before))
	done | sort -n | sed -n 6p
}
alone() {
	local total
	total=$(($(undisturbed 1) - $(undisturbed 0)))
	echo "login total $1 $total"
	[[ ${first-} ]] || first=$total
	echo "login growth $1 $(awk -v a="$total" -v b="$first" 'BEGIN { printf "%.3f", a / b }')"
}

tick() {
	local before
	sleep 3
	before=$(helper_busy)
	sleep 20
	echo "login tick $1 $((($(helper_busy) - before) / 20))"
}

with_sessions() {
	local pipe pid line
	coproc all { "$T/pam_login" -o -H -n "$1" -p 8 -i 3600000 -a timeout=60000 "${users[@]}"; }
	# shellcheck disable=SC2154 # coproc sets it
	pid=$all_PID
	read -r line <&"${all[0]}"
	[[ $line == "held $1" ]] || die "sessions: $line, not $1"
	sleep $(($1 / 100 + 5)) # the log takes 100 lines of their starts in a second
	open_and_close "$1"
	alone "$1"
	tick "$1"
	pipe=${all[1]}
	exec {pipe}>&-
	wait "$pid"
	until_true 300 no_session_left || die "sessions are left"
}

by_ssh() {
	local i before
	sh_as alice true
	sleep 15 # her manager goes
	for ((i = 0; i < 7; i++)); do
		before=$(busy)
		sh_as alice true || die "ssh"
		sleep 15
		echo $(($(busy) - before))
	done | median
}

await_helper
for n in "${held[@]}"; do with_sessions "$n"; done
[[ ${SSH-1} ]] || exit 0
with=$(by_ssh)
sed -i '/pam_ebpfguard/d' /etc/pam.d/sshd
without=$(by_ssh)
echo "login ssh with $with"
echo "login ssh without $without"
echo "login adds percent $(awk -v a="$with" -v b="$without" 'BEGIN { printf "%.2f", (a / b - 1) * 100 }')"
