#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# test_ctl_live.sh EBPFGUARDCTL: status, sessions, session, top and the completion, with a helper that is played. Its text
# is as hostile as users can make it. TAP.
set -uo pipefail

# shellcheck source=tests/tap.sh
. "$(dirname "$0")/tap.sh"
CTL=$(readlink -f "$1")
FAKE=$(dirname "$CTL")/tests/fake_helper
COMPLETION=$(readlink -f "$(dirname "$0")/../conf/ebpfguardctl.bash-completion")
dir=$(mktemp -d)
helper='' sleeper=''
ends() { [[ -z $1 ]] || kill "$1" 2>/dev/null; }
trap 'ends "$helper"; ends "$sleeper"; rm -rf "$dir"' EXIT
cd "$dir" || exit 1
export TZ=UTC
unset NO_COLOR

# play SCRIPT: has the helper say this from now on.
play() {
	ends "$helper"
	rm -f socket
	printf '%s\n' "$1" >script
	"$FAKE" socket script &
	helper=$!
	for _ in {1..200}; do
		[[ -S socket ]] && return
		sleep 0.05
	done
}
ctl() { "$CTL" -s socket "$@"; }
matches() { # DESCRIPTION PATTERN TEXT
	# shellcheck disable=SC2053 # a pattern
	[[ $3 == $2 ]] && is "$1" yes yes || is "$1" "$2" "$3"
}
# Are there no bytes but printable ASCII and newlines?
clean() { is "$1: nothing but printable ASCII" '' "$(LC_ALL=C tr -d '\n\040-\176' <<<"$2" | od -c | head -n 3 | grep -v '^0000000$')"; }

# A process with arguments that would like to be more.
bash -c 'exec -a "$1" sleep 100' - $'x\e[2J\n  1 root y' &
sleeper=$!
until [[ $(tr '\0' ' ' <"/proc/$sleeper/cmdline") == *"100 " && $(readlink "/proc/$sleeper/exe") == */*sleep* ]]; do sleep 0.05; done
# What others have chosen: a newline, an escape, a byte that is no UTF-8, a quote and a backslash, CSI as one character.
evil='a\x0ab\x1b[31m\xff\x22\x5c\xc2\x9b=c'
play "status abi=6 enforcing=1 generation=7 started_s=1795000000 loaded_s=1795000100 lost=3 kernel=$evil product=$evil gaps=jobs\\x20$evil\\x0aanother hooks_missing=userns_create\\x20$evil n_versions=2 versions[0].abi=5 versions[0].sessions=2 versions[1].abi=9 versions[1].sessions=1
session session=12 user=zoe uid=1002 rhost=2001:db8::1 service=sshd profile=ops started_s=1795000000
session session=3 user=$evil uid=1001 rhost=$evil service=$evil profile=$evil started_s=1795000000 refused=5 audited=2 grow=10 key=$evil closed=1 leader=77 cgroup=99
feed path=/srv/$evil networks=1234 bad=3 bytes=9999 mtime_s=1795000000 profile=$evil
feed path=/srv/ok allow=1 networks=1 last_good=1 profile=ops
details session=3 rport=50022 origin=12 orders=1 connect=5 killed=1 packets=4 unfiltered=1 cgroup=/x/$evil
process session=3 pid=$sleeper flags=1
process session=3 pid=4999999
process session=12 pid=$$"

# ---- status

out=$(ctl status 2>&1)
is "status" 0 $?
clean status "$out"
is "status: one line each" 1 "$(grep -c '^enforcing: yes (at its start the helper saw a denied connect refused)$' <<<"$out")"
matches "status: a feed" '*feed: deny /srv/a\\x0ab\\x1b\[31m\\xff\\x22\\x5c\\xc2\\x9b\\x3dc profile=* 1234 networks, 3 lines passed over, 9999 bytes, * old*' "$out"
matches "status: a last good copy" '*feed: allow /srv/ok profile=ops: 1 networks, *; the file was refused, this is its last good copy*' "$out"
matches "status: a hook" '*hooks: all that are needed; of the others are missing:*missing: userns_create: *' "$out"
is "status: gaps" 'not guarded: jobs a|not guarded: b\x1b[31m\xff"\\xc2\x9b=c|not guarded: another' \
	"$(grep '^not guarded: ' <<<"$out" | paste -sd'|')"
matches "status: logins that are not guarded" '*ssh session*not guarded: *' "$out"
is "status: sessions under other versions, a line each" "2, guarded 1, guarded" \
	"$(sed -n 's/^sessions under version [59]: \([0-9]*, [a-z]*\) by the policy they had; .*/\1/p' <<<"$out" | paste -sd' ')"
json=$(ctl status --json)
clean "status --json" "$json"
raw=$'a\nb\e[31m\\xff"\\x5c\u009b=c'
is "status --json: values" "$raw|7|deny|1234|2026-11-18T11:06:40Z|true|userns_create" \
	"$(jq -r '[.kernel, .generation, .feeds[0].list, .feeds[0].networks, .started, .feeds[1].last_good, .hooks_missing[0]] | join("|")' <<<"$json")"
is "status --json: gaps" "jobs ${raw/$'\n'/|}|another" "$(jq -r '.not_guarded | join("|")' <<<"$json")"
is "status --json: other versions" "5 2 9 1" "$(jq -r '[.other_versions[] | .abi, .sessions] | join(" ")' <<<"$json")"
is "status --json: lists" "array array array array" "$(jq -r '[.ssh_not_guarded, .ssh_other_version, .not_guarded, .reports_only] | map(type) | join(" ")' <<<"$json")"

# ---- sessions

out=$(ctl sessions 2>&1)
is "sessions" 0 $?
clean sessions "$out"
is "sessions: a header and a line each, by number" "SESSION 3 12" "$(awk '{ print $1 }' <<<"$out" | xargs)"
is "sessions: processes" "2 closed" "$(awk '$1 == 3 { print $10, $11 }' <<<"$out")"
json=$(ctl sessions --json)
clean "sessions --json" "$json"
is "sessions --json" "3|$raw|$raw|2|closed|1" \
	"$(jq -r '.sessions[0] | [.session, .user, .rhost, .processes, .state, (.refused > 4 | if . then 1 else 0 end)] | join("|")' <<<"$json")"
is "sessions --json: what is not known is not there" false "$(jq '.sessions[1] | has("key")' <<<"$json")"

# ---- session

out=$(ctl session 3 2>&1)
is "session" 0 $?
clean session "$out"
matches "session: its record" '*port: 50022*opened in session: 12*leader: 77*cgroup: /x/a\\x0ab*quarantined: yes*packets: not filtered*connect: refused=5 audited=0*killed: 1*' "$out"
is "session: its processes" "  $sleeper $(id -un) x STRAY x\\x1b[2J\\x0a  1 root y 100|  4999999 (ended)" \
	"$(grep -E "^  ($sleeper|4999999) " <<<"$out" | sed -E 's/20[0-9-]+T[0-9:+]+/x/' | paste -sd'|')"
json=$(ctl session 3 --json)
clean "session --json" "$json"
is "session --json" "$raw|50022|connect|5|true|$sleeper|"$'x\e[2J\n  1 root y|100' \
	"$(jq -r '[.user, .rport, .operations[0].op, .operations[0].refused, .process_list[0].stray, .process_list[0].pid] + .process_list[0].args | join("|")' <<<"$json")"
is "session: none of that number" "1 ebpfguardctl: there is no session 4; see: ebpfguardctl sessions" "$(out=$(ctl session 4 2>&1); echo "$? $out")"
for wrong in '' 0 -1 3x 99999999999999999999999; do
	is "session: \"$wrong\" is no number" 2 "$(ctl -- session "$wrong" >/dev/null 2>&1; echo $?)"
done
is "session is not sessions: an option of one" 0 "$(ctl --json session 3 >/dev/null 2>&1; echo $?)"

# A tree: this shell, and below it a child of its child.
bash -c 'sleep 100 & echo $! >grandchild; wait' &
child=$!
until [[ -s grandchild ]]; do sleep 0.05; done
grandchild=$(<grandchild)
play "session session=5 user=x
details session=5
process session=5 pid=$grandchild
process session=5 pid=$$
process session=5 pid=$child"
is "session: a tree" "  $$|    $child|      $grandchild" "$(ctl session 5 | grep -oE "^ +($$|$child|$grandchild)\b" | paste -sd'|')"
# It has left the session while it was looked at: its number may be somebody else's by now.
play "session session=5 user=x
details session=5
process session=5 pid=$$ asks=1
process session=5 pid=$child"
is "session: a number that was given again" "  $$ (ended)|  $child $(id -un)" "$(ctl session 5 | grep -oE "^ +($$|$child) [^ ]*" | paste -sd'|')"
play "session session=5 user=x
details session=5
process session=5 pid=$$ asks=1"
is "session --json: a number that was given again" "{\"pid\":$$,\"stray\":false,\"args\":[]}" "$(ctl session 5 --json | jq -c '.process_list[0]')"
ends "$grandchild"
wait "$child"

# ---- session: its last events, from the end of the log as configured

# event SECOND TEXT [SESSION]: a record of then.
event() {
	printf 'DENY connect session=%s user=x uid=1 profile=default rhost=- rport=0 tty=- pid=1 ppid=1 comm=x exe=/%s proto=tcp dst=192.0.2.1 port=1 rule=x errno=EPERM count=1 layer=call host=h time=%s mono=1.000\n' \
		"${3:-5}" "$2" "$(date -ud "@$1" +%FT%T.000Z)"
}
# much BYTES: what others have written.
much() { yes "2026-11-20T10:00:00.000000+00:00 h sshd[1]: $(printf '%01000d' 0)" | head -c "$1"; echo; }
began=1795000000
play "session session=5 user=x started_s=$began
details session=5"
printf 'log = { destination = "file"; file = "%s"; };\n' "$dir/long" >conf
last() { ctl -c conf session 5 2>&1 | sed '1,/^last events:/d' | sed -E 's|^.* (/[a-z]+) .*$|\1|' | paste -sd' '; }
all="(only the end of the log was read; for all of them: ebpfguardctl -c conf --session 5 --since \"$(date -d "@$began" '+%F %T')\" events)"
{ event $((began + 1)) one; event $((began + 2)) two; } >long
is "session: its last events" "/one /two" "$(last)"
{ event $((began + 1)) far; much 9000000; event $((began + 2)) near; } >long
is "session: a long log is not read as a whole" "/near $all" "$(last)"
{ event $((began + 1)) far; much 9000000; for i in {a..j}; do event $((began + 2)) "$i"; done; } >long
is "session: as many as are shown" "/a /b /c /d /e /f /g /h /i /j" "$(last)"
{ event $((began - 9)) old 4; much 9000000; event $((began - 8)) old 4; event $((began + 2)) near; } >long
is "session: what is far from the end is older than the session" "/near" "$(last)"
{ event $((began + 1)) far; much 3000000; event $((began + 1)) before; much 6000000; } >long.1
event $((began + 2)) near >long
is "session: the file that was rotated is read from its end, too" "/before /near $all" "$(last)"
{ much 9000000; event $((began + 2)) near; } >long
is "session: both together are not too much" "/near $all" "$(last)"
# As much of the log is read as there is time for, however long it is: the file has a hole of a terabyte.
truncate -s 1T long
echo >>long
event $((began + 3)) last >>long
is "session: in no more time for a longer one" "/last $all" "$(timeout 60 bash -c "$(declare -f ctl last); CTL='$CTL'; last")"
is "session --json: its last events are there, too" '[{"event":"refusal","session":5,"exe":"/last"}] true' \
	"$(ctl -c conf session 5 --json | jq -c '.events | map({event, session, exe})') $(ctl -c conf session 5 --json | jq .events_cut)"
rm -f long long.1
{ event $((began + 1)) one; event $((began + 2)) two; } >long
is "session --json: the events are those of events --json" "$("$CTL" -c conf events --json | jq -cs .)" "$(ctl -c conf session 5 --json | jq -c .events)"
is "session --json: and all of them" false "$(ctl -c conf session 5 --json | jq .events_cut)"
rm -f long
is "session --json: without a log it says so" "1 null" "$(out=$(ctl -c conf session 5 --json 2>/dev/null); echo "$? $(jq '.events[0]' <<<"$out")")"
mkdir journal
cat >journal/journalctl <<-END
	#!/bin/bash
	printf '%s\n' "\$@" >"$dir/journal/asked"
	cat "$dir/lines"
END
chmod 755 journal/journalctl
of_journal() { PATH=$dir/journal:$PATH ctl session 5 2>&1 | sed '1,/^last events:/d' | sed -E 's|^.* (/[a-z]+) .*$|\1|' | paste -sd' '; }
event $((began + 2)) near >lines
is "session: of the journal" "/near" "$(of_journal)"
is "session: so many lines of the journal are asked for" "--lines=20000" "$(grep -e '^--lines' journal/asked)"
{ yes x | head -n 19999; event $((began + 2)) near; } >lines
is "session: of a long journal" "/near ${all/ -c conf/}" "$(of_journal)"

# ---- colours

play "status enforcing=1 generation=1
session session=1 user=a refused=1"
is "no colour in a pipe" 0 "$(ctl sessions | grep -c $'\e')"
tty() { script -qec "$1" /dev/null </dev/null; } # COMMAND: on a terminal
is "colours on a terminal" 1 "$(TERM=xterm tty "'$CTL' -s socket sessions" | grep -c $'\e\[31m')"
is "not with NO_COLOR" 0 "$(NO_COLOR=1 TERM=xterm tty "'$CTL' -s socket sessions" | grep -c $'\e\[')"
is "not on a dumb terminal" 0 "$(TERM=dumb tty "'$CTL' -s socket sessions" | grep -c $'\e\[')"

# ---- top

play "session session=1 user=slow rhost=10.0.0.1 profile=default refused=1000 grow=1
session session=2 user=quick rhost=10.0.0.2 profile=default grow=50
session session=3 user=$evil rhost=$evil profile=$evil"
out=$(ctl -b 2 top)
is "top -b" 0 $?
clean "top -b" "$out"
is "top -b: two snapshots" 2 "$(grep -c ^SESSION <<<"$out")"
is "top -b: no line is longer than a screen" '' "$(awk 'length > 80' <<<"$out")"
is "top -b: the one that is refused most now is first" "2 quick" "$(awk '/^SESSION/ { n++; getline; if (n == 2) print $1, $2 }' <<<"$out")"
out=$(ctl top --json)
is "top --json" "3 1000" "$(jq -r '[(.sessions | length), (.sessions[] | select(.user == "slow") | .refused | if . >= 1000 then 1000 else . end)] | join(" ")' <<<"$out")"
# Destinations, from the log as configured: each line is read once, however long the log is.
line() { # TIME ADDRESS [VERDICT]
	printf '%s connect session=1 user=slow uid=1 profile=default rhost=10.0.0.1 rport=1 tty=- pid=1 ppid=1 comm=x exe=/x proto=tcp dst=%s port=443 rule=x errno=%s count=1 layer=call host=h time=%s mono=1.000\n' \
		"${3:-DENY}" "$2" "$([[ ${3:-} == AUDIT ]] && echo 0 || echo EPERM)" "$1"
}
printf 'log = { destination = "file"; file = "%s"; };\n' "$dir/log" >conf
now=$(date -u -d '+1 hour' +%FT%T.000Z) # not before top begins, however late that is
# what is far from the end is not read, though it were of interest
(line "$now" 192.0.2.9; yes x | head -c 2000000) >log
touch snapshots
"$CTL" -s socket -c conf -b 100 top >snapshots 2>&1 &
top=$!
# snapshots N: until there are so many more. A line is in the second one: the first may have been begun before.
snapshots() {
	local i until=$(($(grep -c ^SESSION snapshots) + $1))
	for ((i = 0; i < 300 && $(grep -c ^SESSION snapshots) < until; i++)); do sleep 0.1; done
}
snapshots 1
line "$now" 192.0.2.1 >>log
line "$now" 192.0.2.2 | head -c 50 >>log
snapshots 2
line "$now" 192.0.2.2 | tail -c +51 >>log
snapshots 2
mv log log.1
line "$now" 192.0.2.3 >log
snapshots 2
line "$now" 192.0.2.1 >>log
snapshots 2
ends "$top"
wait "$top"
out=$(<snapshots)
is "top: destinations of a log in a file" "192.0.2.1:443/tcp 2|192.0.2.2:443/tcp 1|192.0.2.3:443/tcp 1" "$(tac <<<"$out" | sed '/^DESTINATIONS/q' | grep -o '192.*' | tr -s ' ' | sort | paste -sd'|')"
# Of the journal: a line is of up to log.window before the journal got it, and each counts once.
mkdir reads
cat >reads/journalctl <<-END
	#!/bin/bash
	# lines by their number, which is their cursor; all of them came after it was asked for the first time
	from=0
	for arg; do
		case \$arg in
		--since=@*) echo "\${arg#*@}" >>"$dir/reads/since" ;;
		--after-cursor=s=*) from=\${arg##*=} ;;
		--until=*) exit 1 ;;
		esac
	done
	echo >>"$dir/reads/looks"
	n=\$(wc -l <"$dir/reads/lines")
	((n)) || { echo '-- No entries --' && exit 1; }
	tail -n +\$((from + 1)) "$dir/reads/lines" | head -n \$((n - from)) | sed 's/^/2026-11-20T10:00:00+0000 h ebpfguard-helper[1]: /'
	echo "-- cursor: s=\$n"
END
chmod 755 reads/journalctl
touch reads/{lines,looks}
PATH=$dir/reads:$PATH "$CTL" -s socket -b 60 top >destinations 2>&1 &
top=$!
# looks N: that many more.
looks() {
	local i until=$(($(wc -l <reads/looks) + $1))
	for ((i = 0; i < 300 && $(wc -l <reads/looks) < until; i++)); do sleep 0.1; done
}
looks 2
began=$(date -ud "@$(head -n 1 reads/since)" +%FT%T.000Z)
line "$began" 192.0.2.1 >>reads/lines
looks 2
(line "$began" 192.0.2.2 AUDIT; line "$began" 192.0.2.1; line "$began" 192.0.2.3) >>reads/lines
looks 3
kill "$top"
wait "$top" 2>/dev/null
is "top: destinations of the journal" "192.0.2.1:443/tcp 2|192.0.2.3:443/tcp 1" \
	"$(tac destinations | sed '/^DESTINATIONS/q' | grep -o '192.*' | tr -s ' ' | sort | paste -sd'|')"
is "top without a terminal" 2 "$(ctl top >/dev/null 2>&1 </dev/null; echo $?)"
for wrong in 0 x 2x -1; do is "top -b $wrong" 2 "$(ctl -b "$wrong" top >/dev/null 2>&1; echo $?)"; done
is "-b is top's" 2 "$(ctl -b 1 sessions >/dev/null 2>&1; echo $?)"

# on_screen INPUT COMMAND: in a terminal of 80x24, with what is typed; then the terminal's state and the status.
on_screen() {
	(sleep 1; printf '%s' "$1"; sleep 0.5) |
		TERM=xterm script -qec "stty rows 24 cols 80; before=\$(stty -g); $2; s=\$?; [ \"\$before\" = \"\$(stty -g)\" ] && echo same=\$s || echo changed=\$s" /dev/null
}
out=$(on_screen sq "'$CTL' -s socket top")
matches "top: draws" '*ebpfguard: 3 sessions*quick*' "$out"
matches "top: leaves the other screen, and the terminal as it was" $'*\e\[?1049l*same=0*' "$out"
matches "top: what users have chosen is escaped" '*a\\x0ab\\x1b\[31m*' "$out"
matches "top: s sorts by something else" '*by rate*efused*' "$out"
for signal in TERM:143 INT:130 HUP:129; do
	out=$(on_screen '' "timeout --foreground --preserve-status -s ${signal%:*} 2 '$CTL' -s socket top" 2>&1)
	matches "top: SIG${signal%:*} ends it, and leaves the terminal in order" $'*\e\[?1049l*same='"${signal#*:}*" "$out"
done
out=$(on_screen q "'$CTL' -s none top")
matches "top: without a helper it says so after the screen" $'*\e\[?1049l*cannot reach the helper at none*same=1*' "$out"
is "top: a terminal that can do nothing" 1 "$(TERM=nonsense tty "'$CTL' -s socket top; echo =\$?" | grep -c '^=1')"

# ---- refused

play 'refuse text=no\x1b[2J'
for command in status sessions "session 1" "-b 1 top" reload; do
	# shellcheck disable=SC2086 # words
	out=$(ctl $command 2>&1)
	is "$command: refused" "1 ebpfguardctl: the helper refused: no\\x1b[2J" "$? $out"
done
play "status enforcing=1 generation=1"
is "reload --json" '{"reloaded":true}' "$(ctl reload --json)"

# ---- JSON of the commands that read files

play "session session=1 user=root service=sshd profile=default
session session=2 user=$evil service=sshd profile=gone rhost=10.0.0.1"
printf '%s\n' 'deny = [ "18.0.0.0/9", "127.0.0.1" ];' 'allow = [ "18.0.0.0/9" ];' 'files = { deny_read = [ "/a\x1b\xff" ]; };' \
	'profiles = ( { name = "ops"; extends = "default"; mode = "audit"; } );' 'match = ( { user = "root"; profile = "ops"; } );' >conf
printf '%s\n' 'mode = "audit";' 'deny = [ "10.0.0.0/8" ];' 'profiles = ( { name = "new"; } );' 'match = ( { user = "root"; profile = "new"; } );' >conf2
printf '%s\n' '' 'deny = 5;' >wrong
chmod 600 conf conf2 wrong
json=$("$CTL" --json check conf 2>errors)
is "check --json: status" "1 " "$? $(<errors)"
clean "check --json" "$json"
is "check --json" "conf true 2 conf:1:warning conf:2:warning" \
	"$(jq -r '[.file, .valid, .warnings] + (.findings | sort_by(.line) | map("\(.file):\(.line):\(.severity)")) | join(" ")' <<<"$json")"
matches "check --json: what is found" 'allow 18.0.0.0/9 has no effect*' "$(jq -r '.findings[] | select(.line == 2) | .text' <<<"$json")"
json=$("$CTL" --json check wrong 2>errors)
is "check --json: a mistake" "1  false wrong:2:error" "$? $(<errors) $(jq -r '[.valid, (.findings[] | "\(.file):\(.line):\(.severity)")] | join(" ")' <<<"$json")"
is "check --json: fine" '0 {"file":"conf2","valid":true,"warnings":0,"findings":[]}' \
	"$(echo 'deny = [ "10.0.0.0/8" ];' >conf3; chmod 600 conf3; out=$("$CTL" --json check conf3); echo "$? ${out//conf3/conf2}")"
printf '10.0.0.1\nbad\n' >feed
echo "deny_files = ( \"$dir/feed\" );" >conf3
chmod 600 feed
is "check --json: a line of a feed" "1 1 $dir/feed:2:warning" \
	"$(out=$("$CTL" --json check conf3); echo "$? $(jq -r '[.warnings, (.findings[] | "\(.file):\(.line):\(.severity)")] | join(" ")' <<<"$out")")"
json=$("$CTL" -c conf --json explain root)
clean "explain --json" "$json"
is "explain --json: the profile" "ops 5 root default" "$(jq -r '[.profile, .match.line, .match.user, .extends[0]] | join(" ")' <<<"$json")"
# explains DESCRIPTION USER TARGET EXPECTED
explains() { is "explain --json: $1" "$4" "$(out=$("$CTL" -c conf --json explain "$2" connect "$3" 2>/dev/null); echo "$? $(jq -r '[.verdict, .audit, .reason, .rule, .line] | join(" ")' <<<"$out")")"; }
explains "denied" nobody 18.4.5.6:443/tcp "1 deny false rule 18.0.0.0/9 1"
explains "under audit" root 18.4.5.6:443/tcp "0 allow true rule 18.0.0.0/9 1"
explains "by default" nobody 10.4.5.6:443/tcp "0 allow false default  "
explains "no such socket" nobody 10.4.5.6:443/sctp "1 deny false sockets  "
json=$("$CTL" -c conf -s socket --json diff conf2 2>/dev/null)
is "diff --json: status" 1 $?
clean "diff --json" "$json"
is "diff --json: changes" "default.mode:value enforce->audit|default.deny:more 10.0.0.0/8@conf2:2|default.allow:less 18.0.0.0/9@conf:2|ops:profile-gone|new:profile-new" \
	"$(jq -r '[.changes[] | select(.key == "mode" and .profile == "default") | "\(.profile).\(.key):\(.change) \(.was)->\(.text)"] +
		[.changes[] | select(.key == "deny" and .change == "more" and .profile == "default") | "\(.profile).\(.key):\(.change) \(.text)@\(.file):\(.line)"] +
		[.changes[] | select(.key == "allow" and .profile == "default") | "\(.profile).\(.key):\(.change) \(.text)@\(.file):\(.line)"] +
		[.changes[] | select(.change == "profile-gone") | "\(.profile):\(.change)"] +
		[.changes[] | select(.change == "profile-new") | "\(.profile):\(.change)"] | join("|")' <<<"$json")"
is "diff --json: sessions" "1 root changes new|2 $raw profile-gone default" \
	"$(jq -r '.sessions | map("\(.session) \(.user) \(.change) \(.next_profile)") | join("|")' <<<"$json")"
is "diff --json: the same" "0 [] false" "$(out=$("$CTL" -c conf -s none --json diff conf 2>/dev/null); echo "$? $(jq -c '.changes' <<<"$out") $(jq 'has("sessions")' <<<"$out")")"

# ---- completion

play "session session=17 user=a
session session=18 user=b"
mkdir bin
printf '#!/bin/bash\nexec "%s" -s "%s/socket" "$@"\n' "$CTL" "$dir" >bin/ebpfguardctl
chmod 755 bin/ebpfguardctl
# completes WORD...: what the last one can become.
completes() {
	PATH=$dir/bin:$PATH bash --norc -c '. "$1"; shift
		COMP_WORDS=(ebpfguardctl "$@") COMP_CWORD=$#
		_ebpfguardctl; printf "%s\n" "${COMPREPLY[@]}" | sort | paste -sd" "' - "$COMPLETION" "$@"
}
is "completion: commands" "session sessions" "$(completes sess)"
is "completion: every command" "$(ctl --help | sed -n 's/^  \([a-z][a-z]*\) .*/\1/p' | sort | paste -sd' ')" "$(completes '')"
is "completion: options" "--snapshots --socket" "$(completes --s | tr ' ' '\n' | grep -E 'snap|sock' | paste -sd' ')"
is "completion: behind an option with a value" "status" "$(completes --socket x stat)"
is "completion: behind the name of a file to write" "metrics" "$(completes --output x metr)"
is "completion: each option, too, when there is no answer" "$("$CTL" --help | grep -oE -- '--[a-z][a-z0-9-]*' | sort -u | paste -sd' ')" \
	"$(sed -n "s/^\tlocal options='\(.*\)'/\1/p" "$COMPLETION" | tr ' ' '\n' | sort | paste -sd' ')"
is "every command has --json, but setup, which talks with somebody" \
	"$("$CTL" --help | sed -n 's/^  \([a-z][a-z]*\) .*/\1/p' | grep -vx setup | sort | paste -sd' ')" \
	"$("$CTL" --help | grep -A 1 -e ' --json ' | sed -n 's/^ *for //p' | tr -d , | tr ' ' '\n' | sort | paste -sd' ')"
is "completion: behind an option with its value" "session sessions" "$(completes --config = /x sess)"
is "completion: the same in one word" "session sessions" "$(completes --config=/x sess)"
is "completion: of an option's value" "a file" "$(touch 'a file'; completes --config = a)"
is "completion: of an option's value, which is empty" yes "$([[ $(completes --config =) == *"a file"* ]] && echo yes)"
is "completion: options between arguments do not count" "connect" "$(completes explain --service sshd root con)"
is "completion: of another command" "default" "$(completes tighten --force 17 def)"
is "completion: words" "bind connect" "$(completes explain root '')"
is "completion: users" "root" "$(completes explain roo)"
is "completion: profiles" "default" "$(completes --profile defau)"
if ((EUID)); then
	is "completion: only root asks the helper" "" "$(completes session '')"
else
	is "completion: sessions" "17 18" "$(completes session '')"
fi
touch "a file"
is "completion: files" "a file" "$(completes check a)"

# ---- orders

ordered='ordered session=3 sessions=2 managers=1 reset=4 left=1 unsettled=1 processes=7 survivors=1'
play "session session=3 user=zoe profile=default
$ordered"
out=$(ctl quarantine 3)
is "quarantine" 0 $?
matches "quarantine: what it reached" "session 3 is cut off, and 1 session opened from within it, and its user's manager*4 reset, 1 could not*" "$out"
is "quarantine: JSON" '{"order":"quarantine","session":3,"sessions":2,"managers":1,"flows_reset":4,"flows_left":1,"flows_settled":false}' \
	"$(ctl quarantine 3 --json | jq -c 'del(.text)')"
play "session session=3 user=zoe profile=default
$ordered text=77\\x20($evil)"
out=$(ctl quarantine 3 2>&1)
is "quarantine: with a gap" 1 $?
matches "quarantine: the gap is said" "*77 (*" "$out"
clean "quarantine: with a gap" "$out"
out=$(ctl kill 3 2>&1)
is "kill: one would not end" 1 $?
clean "kill" "$out"
is "kill: JSON" '[7,1,"77 (a\nb\u001b[31m\\xff\"\\x5c\u009b=c)"]' "$(ctl kill 3 --json 2>/dev/null | jq -ac '[.processes, .survivors, .text]')"
is "quarantine: no number" 2 "$(ctl quarantine x 2>/dev/null; echo $?)"

echo "1..$n"
