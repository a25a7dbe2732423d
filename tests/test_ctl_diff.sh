#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# test_ctl_diff.sh EBPFGUARDCTL: what "ebpfguardctl diff" says of two files when there is no helper to ask, and that check,
# explain and diff need no root. What it says of sessions: tests/unit/test_ctl_diff.c. TAP.
set -uo pipefail

# shellcheck source=tests/tap.sh
. "$(dirname "$0")/tap.sh"
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
chmod 755 "$dir"
# A copy: where it was built others than its owner may have no way to.
cp "$(readlink -f "$1")" "$dir/ebpfguardctl" || exit 1
cd "$dir" || exit 1
unset SSH_CONNECTION
no_helper="ebpfguardctl: cannot reach the helper at $dir/none: No such file or directory; see: systemctl status ebpfguard.service ebpfguard.socket
ebpfguardctl: so nothing is said of sessions; what is said of the files is complete"
# As somebody who owns nothing here.
nobody() { setpriv --reuid=65534 --regid=65534 --clear-groups "$@"; }
# diffed [COMMAND...]: all that is said of the files old and new, one stream after the other, and the status.
diffed() {
	local out status
	out=$("$@" ./ebpfguardctl -c old -s "$dir/none" diff new 2>errors)
	status=$?
	printf '%s\n' "$out"
	cat errors
	echo "status $status"
}
# says DESCRIPTION OLD NEW EXPECTED STATUS: the files' texts; what is said but for the helper's line.
says() {
	printf '%s\n' "$2" >old
	printf '%s\n' "$3" >new
	is "$1" "$4"$'\n'"$no_helper"$'\n'"status $5" "$(diffed)"
}

says "the same file" 'deny = [ "18.0.0.0/9" ];' 'deny = [ "18.0.0.0/9" ];' "nothing changes" 0
says "written otherwise" 'deny = [ "18.0.0.0/9", "1.2.3.4" ];' $'# new\nmode = "enforce";\ndeny = [ "1.2.3.4/32", "18.0.0.0/9" ];' \
	"nothing changes" 0
says "a rule more and one less, and a value" 'deny = [ "18.0.0.0/9", "1.2.3.4" ];' \
	$'mode = "audit";\ndeny = [ "1.2.3.4",\n"10.0.0.0/8" ];' "profile default:
mode: enforce -> audit
- deny: 18.0.0.0/9 at old:1
+ deny: 10.0.0.0/8 at new:3" 1
says "profiles and match" $'profiles = ( { name = "a"; }, { name = "b"; mode = "audit"; } );\nmatch = ( { user = "x"; profile = "b"; } );' \
	$'profiles = (\n{ name = "b"; mode = "enforce"; },\n{ name = "c"; } );\nmatch = ( { user = "x"; profile = "c"; } );' \
	"profile b:
mode: audit -> enforce
profile c: is new, at new:3
profile a: is not there any more (it was at old:1); sessions that have it keep what it says now
the file as a whole:
- match: user x: b at old:2
+ match: user x: c at new:4" 1
says "text of others is escaped" '' $'files = { deny_read = [ "/a\\x1b[2J" ]; };' "profile default:
+ files.deny_read: /a\\x1b[2J at new:1" 1

# ---- long lists and feeds

rules=$(printf '"10.0.0.%d", ' {1..24})
says "a long list is cut" "deny = [ ${rules%, } ];" '' "profile default:
$(printf -- '- deny: 10.0.0.%d/32 at old:1\n' {1..20})
- deny: and 4 more" 1

printf '10.0.%d.1\n' {0..9} >feed
printf '10.0.%d.1\n' {5..99} >feed2
chmod 600 feed feed2
says "another feed" "deny_files = ( \"$dir/feed\" );" "deny_files = ( \"$dir/feed2\" );" "profile default:
- deny_files: $dir/feed at old:1
+ deny_files: $dir/feed2 at new:1
- deny_files: 10.0.0.1/32 at $dir/feed:1
- deny_files: 10.0.1.1/32 at $dir/feed:2
- deny_files: 10.0.2.1/32 at $dir/feed:3
+ deny_files: 10.0.10.1/32 at $dir/feed2:6
+ deny_files: 10.0.11.1/32 at $dir/feed2:7
+ deny_files: 10.0.12.1/32 at $dir/feed2:8
deny_files: 90 networks more, 5 less" 1
says "networks of feeds stand with the feeds" "deny_files = ( \"$dir/feed\" );" \
	"allow_files = ( \"$dir/feed2\" ); bind = { deny = [ \"80\" ]; };" "profile default:
- deny_files: $dir/feed at old:1
- deny_files: 10.0.0.1/32 at $dir/feed:1
- deny_files: 10.0.1.1/32 at $dir/feed:2
- deny_files: 10.0.2.1/32 at $dir/feed:3
deny_files: 0 networks more, 10 less
+ allow_files: $dir/feed2 at new:1
+ allow_files: 10.0.5.1/32 at $dir/feed2:1
+ allow_files: 10.0.6.1/32 at $dir/feed2:2
+ allow_files: 10.0.7.1/32 at $dir/feed2:3
allow_files: 95 networks more, 0 less
+ bind.deny: 80 at new:1" 1
says "a feed's settings" "deny_files = ( \"$dir/feed\" );" "deny_files = ( { file = \"$dir/feed\"; shrink = 20; } );" \
	"profile default:
deny_files[$dir/feed].shrink: 50 -> 20" 1
says "a feed that a second profile has, too" \
	"deny_files = ( \"$dir/feed\" ); profiles = ( { name = \"a\"; extends = \"default\"; } ); match = ( { user = \"x\"; profile = \"a\"; } );" \
	"profiles = ( { name = \"a\"; extends = \"default\"; } ); match = ( { user = \"x\"; profile = \"a\"; } );" "profile default:
- deny_files: $dir/feed at old:1
- deny_files: 10.0.0.1/32 at $dir/feed:1
- deny_files: 10.0.1.1/32 at $dir/feed:2
- deny_files: 10.0.2.1/32 at $dir/feed:3
deny_files: 0 networks more, 10 less
profile a:
- deny_files: $dir/feed at old:1
deny_files: 0 networks more, 10 less" 1

# As many as a feed takes: a few lines, and soon.
for i in 0 1; do
	awk -v odd="$i" 'BEGIN { for (i = 0; i < 1000000; i++) { j = 2 * i + odd * i % 2
		printf "%d.%d.%d.%d\n", 20 + j / 16777216, j / 65536 % 256, j / 256 % 256, j % 256 } }' >"big$i"
	chmod 600 "big$i"
done
echo "deny_files = ( \"$dir/big0\" );" >old
echo "deny_files = ( \"$dir/big1\" );" >new
begin=$SECONDS
is "two feeds of a million lines" "profile default:
- deny_files: $dir/big0 at old:1
+ deny_files: $dir/big1 at new:1
- deny_files: 20.0.0.2/32 at $dir/big0:2
+ deny_files: 20.0.0.3/32 at $dir/big1:2
- deny_files: 20.0.0.6/32 at $dir/big0:4
+ deny_files: 20.0.0.7/32 at $dir/big1:4
- deny_files: 20.0.0.10/32 at $dir/big0:6
+ deny_files: 20.0.0.11/32 at $dir/big1:6
deny_files: 500000 networks more, 500000 less
status 1" "$(diffed | grep -v ^ebpfguardctl)"
is "within a minute" 1 $((SECONDS - begin < 60))

# ---- errors

fails() { # DESCRIPTION OLD NEW EXPECTED
	printf '%s\n' "$2" >old
	printf '%s\n' "$3" >new
	is "$1" $'\n'"$4"$'\nstatus 2' "$(diffed)"
}
fails "a mistake in the new file" '' $'\ndeny = 5;' 'new:2: deny: expected an array of networks such as [ "10.0.0.0/8" ], got an integer'
fails "a mistake in the old one" 'deny = 5;' '' 'old:1: deny: expected an array of networks such as [ "10.0.0.0/8" ], got an integer'
fails "what the helper would not take" '' 'setuid = { users = [ "no-such-user" ]; };' \
	'new:1: setuid.users: there is no user "no-such-user"'
fails "a feed that is not there" '' "deny_files = ( \"$dir/missing\" );" "$dir/missing: No such file or directory (deny_files at new:1)"
echo >old
rm -f new
is "no new file" $'\nnew: No such file or directory\nstatus 2' "$(diffed)"
./ebpfguardctl diff >/dev/null 2>errors
is "no argument" "2 ebpfguardctl: diff: too few arguments" "$? $(head -n 1 errors)"

echo 'deny = [ "1.2.3.4" ];' >new
is "a full disk" "2 ebpfguardctl: cannot write: No space left on device" \
	"$(out=$(./ebpfguardctl -c old -s "$dir/none" diff new 2>&1 >/dev/full); echo "$? $out")"

# ---- options of other commands

# foreign NAME COMMANDS COMMAND...
foreign() {
	local what=$1 commands=$2
	shift 2
	is "$what is not for ${*: -1}" "2 ebpfguardctl: ${*: -1}: $what is an option of: $commands" \
		"$(out=$(./ebpfguardctl "$@" 2>&1); echo "$? $(head -n 1 <<<"$out")")"
}
foreign --since "learn, events, report" --since today check
foreign --user "learn, events, report" --user x explain
foreign --profile "learn, events, report" --profile x diff
foreign --config "check, explain, diff, learn, events, report, session, top, tighten" -c new status
foreign --html report --html x events
foreign --socket "diff, status, sessions, session, top, reload, quarantine, release, kill, tighten, metrics" -s none check
foreign --program "explain, events, report" -p /bin/true diff
foreign --service explain -S sshd reload
foreign --rhost "explain, events, report" -r ::1 sessions
foreign --key "explain, events, report" -k x check
foreign --force tighten --force kill
is "an option of the command's own" "0 new: fine" "$(out=$(./ebpfguardctl -c new check 2>&1); echo "$? $out")"

# ---- no root

if ((EUID)); then
	n=$((n + 1))
	echo "ok $n - without root # SKIP only root can become somebody else"
else
	echo 'deny = [ "18.0.0.0/9" ];' >old
	echo "deny = [ \"18.0.0.0/10\" ]; deny_files = ( \"$dir/feed\" );" >new
	chmod 644 old new feed
	is "diff without root" "profile default:
- deny: 18.0.0.0/9 at old:1
+ deny: 18.0.0.0/10 at new:1
+ deny_files: $dir/feed at new:1
+ deny_files: 10.0.0.1/32 at $dir/feed:1
+ deny_files: 10.0.1.1/32 at $dir/feed:2
+ deny_files: 10.0.2.1/32 at $dir/feed:3
deny_files: 10 networks more, 0 less
$no_helper
status 1" "$(diffed nobody)"
	is "check without root" "new: fine" "$(nobody ./ebpfguardctl check new 2>&1)"
	is "explain without root" "deny 10.0.3.1/32 at $dir/feed:4" \
		"$(nobody ./ebpfguardctl -c new explain root connect 10.0.3.1:1/tcp 2>&1)"
	chmod 600 feed
	is "diff of what cannot be read" $'\n'"$dir/feed: Permission denied (deny_files at new:1)"$'\nstatus 2' "$(diffed nobody)"
fi
echo "1..$n"
