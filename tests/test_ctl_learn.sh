#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# test_ctl_learn.sh EBPFGUARDCTL: from a log to a configuration that allows what the log says was done: where lines come
# from, whose they are, and that check takes what comes out and explain says allow. TAP.
set -uo pipefail

# shellcheck source=tests/tap.sh
. "$(dirname "$0")/tap.sh"
CTL=$(readlink -f "$1")
dir=$(readlink -f "$(mktemp -d)")
trap 'rm -rf "$dir"' EXIT
cd "$dir" || exit 1
unset SSH_CONNECTION
export TZ=UTC
has() { # DESCRIPTION PATTERN TEXT: a line of the text matches the pattern
	n=$((n + 1))
	if grep -qE -- "$2" <<<"$3"; then
		echo "ok $n - $1"
	else
		printf 'not ok %d - %s\n#   no line matches: %s\n#   in: %s\n' "$n" "$1" "$2" "${3//$'\n'/$'\n'#       }"
	fi
}
# audit OPERATION FIELDS [USER [PROFILE]]: a line's message.
audit() {
	printf 'AUDIT %s session=7 user=%s uid=1000 profile=%s rhost=10.99.0.2 rport=47740 tty=- pid=246 ppid=245 comm=nc exe=/usr/bin/nc.openbsd %s errno=0 count=1 layer=call src=- sport=- args=- host=h time=TIME mono=1.234' \
		"$1" "${3:-alice}" "${4:-default}" "$2"
}
# new TIME MESSAGE: a line as rsyslog of Debian 12 and 13 writes it; old: before that.
# TIME in the message is the same; end: what each record ends with.
new() { printf '%s.123456+00:00 host ebpfguard-helper[123]: %s\n' "$1" "${2//time=TIME/time=$1.123Z}"; }
old() { printf '%s host ebpfguard-helper[123]: %s\n' "$1" "${2//time=TIME/time=$(date -ud "$1" +%FT%T.123Z)}"; }
end='host=h time=TIME mono=1.234'
learn() { "$CTL" learn "$@" 2>&1; }
# elements TEXT: what stands outside of comments, blanks aside.
elements() { grep -v '^[[:space:]]*#' <<<"$1" | tr -d ' \t\n'; }

# ---- the whole way

mkdir "$dir/a\" *"
touch "$dir/a\" */"$'\n'b "$dir/tool"
{
	new 2026-11-20T10:00:00 "$(audit connect 'proto=tcp dst=18.4.5.6 port=7000 rule=18.0.0.0/9')"
	old 'Nov 20 10:00:01' "$(audit connect 'proto=tcp dst=18.4.5.6 port=7000 rule=18.0.0.0/9')"
	new 2026-11-20T10:00:02 "$(audit sendmsg 'proto=udp dst=2001:db8::1 port=53 rule=default')"
	new 2026-11-20T10:00:03 "$(audit bind 'proto=tcp src=0.0.0.0 port=8080 rule=*')"
	new 2026-11-20T10:00:04 "$(audit socket 'family=AF_PACKET proto=768 rule=sockets')"
	new 2026-11-20T10:00:05 "$(audit exec 'path=/usr/bin/su target=0 rule=setuid')"
	new 2026-11-20T10:00:06 "$(audit mount 'path=/mnt type=tmpfs rule=mount')"
	new 2026-11-20T10:00:07 "$(audit file "access=read path=$dir/a\\x22\\x20\\x2a/\\x0ab reason=place rule=files line=3")"
	new 2026-11-20T10:00:07 "$(audit file "access=read path=$dir reason=place rule=files line=3")"
	new 2026-11-20T10:00:08 "$(audit exec "path=$dir/tool how=exec reason=only rule=exec.allow_only")"
	new 2026-11-20T10:00:09 "$(audit ptrace 'target_pid=7 reason=outside rule=leaving')"
	new 2026-11-20T10:00:10 'SUPPRESSED session=7 user=alice count=57 connect=57 '"$end"
	new 2026-11-20T10:00:10 'LOST session=8 user=bob count=3 connect=3 '"$end"
	new 2026-11-20T10:00:10 'UNRECORDED session=8 user=bob exec=1 exit=0 connect=4 open=0 '"$end"
	new 2026-11-20T10:00:11 'END session=7 user=alice uid=1000 profile=default seconds=4 refused=0 audited=9 lost=2 connect=9 '"$end"
	# not the helper's, whatever they look like
	echo "2026-11-20T10:00:00Z host sshd[1]: Invalid user ebpfguard-helper[1]: $(audit connect 'proto=tcp dst=1.1.1.1 port=1 rule=default')"
	echo "2026-11-20T10:00:00Z host bash: $(audit connect 'proto=tcp dst=1.1.1.2 port=1 rule=default')"
	new 2026-11-20T10:00:12 'DENY connect session=7'
} >log
touch -d '2026-11-21' log
out=$(learn log)
is "a log: status" 0 $?
is "a log: elements" 'allow=["18.4.5.6:7000/tcp","[2001:db8::1]:53/udp"];bind={allow=["8080/tcp"];};sockets={allow=["AF_PACKET"];};setuid={allow=["/usr/bin/su"];};mount={allow=["/mnt"];};files={allow=["'"$dir"'/a\"*/\x0Ab"];};exec={allow_only=["'"$dir"'/tool"];};' \
	"$(elements "$out")"
has "a log: evidence" '^	# connect, 2 times, 2026-11-20T10:00:00Z to 2026-11-20T10:00:01Z; user alice; program /usr/bin/nc.openbsd; session 7$' "$out"
has "a log: not what is right" '^# .*Audit shows what was done, not what is right' "$out"
has "a log: lines left out" '^# INCOMPLETE, .*[(]SUPPRESSED[)]: 57$' "$out"
has "a log: lines lost" '^# INCOMPLETE, .*[(]LOST, and lost= of END[)]: 5$' "$out"
has "a log: lines lost, of a session that goes on" '^#   of these, of sessions that have no END so far: 3$' "$out"
has "a log: what was not recorded" '^# Recordings that are not in the log [(]UNRECORDED, .*: 5$' "$out"
has "a log: a directory" "^# NOT PROPOSED for files.allow: \"$dir\": it is a directory" "$out"
has "a log: what has no list" '^# NOT PROPOSED: "ptrace reason=outside rule=leaving": there is no list' "$out"

# The same for programs.
json=$("$CTL" learn --json log)
is "--json: status" 0 $?
is "--json: one line, in ASCII" "1 " "$(wc -l <<<"$json") $(LC_ALL=C tr -d ' -~\n' <<<"$json")"
is "--json: the head" "default 11 2026-11-20T10:00:00Z 2026-11-20T10:00:09Z" "$(jq -r '[.profile, .lines, .first, .last] | join(" ")' <<<"$json")"
is "--json: what is missing" "57 5 3 5 0 0" "$(jq -r '[.suppressed, .lost, .lost_without_end, .unrecorded, .cut_lines, .dropped] | join(" ")' <<<"$json")"
is "--json: elements" "$(elements "$out" | grep -oE '"([^"\]|\\.)*"' | sort)" \
	"$(jq -c '.proposed[].element' <<<"$json" | sed 's/\\n/\\x0A/; s/ //g' | sort)"
is "--json: their lists" "allow allow bind.allow sockets.allow setuid.allow mount.allow files.allow exec.allow_only" "$(jq -r '.proposed[].list' <<<"$json" | xargs)"
is "--json: evidence" '["18.4.5.6:7000/tcp",2,"2026-11-20T10:00:00Z","2026-11-20T10:00:01Z",["connect"],["alice"],["/usr/bin/nc.openbsd"],["7"],[]]' \
	"$(jq -c '.proposed[0] | [.element, .count, .first, .last, .how, .users, .programs, .sessions, .more]' <<<"$json")"
is "--json: what is not proposed" "files.allow: $dir: it is a directory, and all in it would be allowed
null: ptrace reason=outside rule=leaving: there is no list of exceptions from this" "$(jq -r '.not_proposed[] | "\(.list): \(.element): \(.why_not)"' <<<"$json")"

# ---- what is not as the log has it

mkdir -m 711 closed
mkdir -m 700 closed/in
mkdir -m 777 open
for file in closed/in/x open/su own; do cp /bin/true $file; done
((EUID)) || chown 65534 own
{
	new 2026-11-20T10:00:00 "$(audit file "access=read path=$dir/gone reason=place rule=files line=3")"
	new 2026-11-20T10:00:00 "$(audit exec "path=$dir/tool/x how=exec reason=only rule=exec.allow_only")"
	new 2026-11-20T10:00:00 "$(audit mount "path=$dir/nowhere type=tmpfs rule=mount")"
	for file in closed/in/x open/su own vim.basic; do
		new 2026-11-20T10:00:00 "$(audit exec "path=$dir/$file target=0 rule=setuid")"
	done
} >log2
chmod 711 "$dir"
out2=$(learn log2)
gone='there is nothing by this name any more'
has "a file that is gone" "^# NOT PROPOSED for files.allow: \"$dir/gone\": $gone" "$out2"
has "a program that is gone" "^# NOT PROPOSED for exec.allow_only: \"$dir/tool/x\": $gone" "$out2"
has "a place that is gone" "^# NOT PROPOSED for mount.allow: \"$dir/nowhere\": $gone" "$out2"
has "a program that runs what it is told" "^# NOT PROPOSED for setuid.allow: \"$dir/vim.basic\": it does as root" "$out2"
is "and nothing else" "" "$(elements "$out2")"
if ((!EUID)); then
	has "a program that is not root's" "^# NOT PROPOSED for setuid.allow: \"$dir/own\": it is not root's" "$out2"
	has "a program in a directory of everybody's" "^# NOT PROPOSED for setuid.allow: \"$dir/open/su\": others than root can write a directory above" "$out2"
	cp "$CTL" ctl
	has "who is not root is told" "^# NOT PROPOSED for setuid.allow: \"$dir/closed/in/x\": it may not be looked at; run this as root" \
		"$(setpriv --reuid=65534 --regid=65534 --clear-groups ./ctl learn - <log2 2>&1)"
fi

# Into a profile that denies it all, it allows what was done and nothing beside.
{
	echo 'default = "deny";'
	printf '%s\n' "$out" | sed 's/^bind = {/bind = { deny = [ "*" ];/'
} >conf
has "check takes it" '^conf: (fine|valid, )' "$("$CTL" check conf 2>&1)"
for question in 'allow connect 18.4.5.6:7000/tcp' 'deny connect 18.4.5.6:7001/tcp' 'deny connect 18.4.5.7:7000/tcp' \
	'deny connect 18.4.5.6:7000/udp' 'allow connect [2001:db8::1]:53/udp' 'deny connect [2001:db8::2]:53/udp' \
	'allow bind 8080/tcp' 'deny bind 8081/tcp' 'deny connect 1.1.1.1:1/tcp'; do
	# shellcheck disable=SC2086 # words
	is "explain: $question" "${question%% *}" "$("$CTL" -c conf explain root ${question#* } 2>&1 | cut -d' ' -f1)"
done

# ---- where from, whose

is "standard input" "$out" "$(learn - <log)"
is "two files" 'allow=["1.2.3.4:5/tcp","18.4.5.6:7000/tcp"];' "$(
	new 2026-11-20T10:00:00 "$(audit connect 'proto=tcp dst=18.4.5.6 port=7000 rule=default')" >a
	new 2026-11-20T10:00:00 "$(audit connect 'proto=tcp dst=1.2.3.4 port=5 rule=default')" >b
	elements "$(learn a b)"
)"
{
	new 2026-11-19T10:00:00 "$(audit connect 'proto=tcp dst=1.1.1.1 port=1 rule=default')"
	new 2026-11-20T10:00:00 "$(audit connect 'proto=tcp dst=1.1.1.2 port=1 rule=default' bob)"
	new 2026-11-20T10:00:00 "$(audit connect 'proto=tcp dst=1.1.1.3 port=1 rule=default' bob ops)"
} >log
is "since" 'allow=["1.1.1.2:1/tcp"];' "$(elements "$(learn --profile default --since '2026-11-20 09:00' log)")"
is "since: after all" "" "$(elements "$(learn --profile default --since 2026-11-20T10:00:01 log)")"
is "a user" 'allow=["1.1.1.1:1/tcp"];' "$(elements "$(learn --user alice log)")"
is "a profile" 'allow=["1.1.1.3:1/tcp"];' "$(elements "$(learn --profile ops log)")"
is "several profiles" "1 ebpfguardctl: there are lines of several profiles, and one list for all would allow each what the others did; choose with --profile: default ops" \
	"$(out=$(learn log); echo "$? $out")"
is "--json: several profiles" "1 " "$(out=$("$CTL" learn --json log 2>/dev/null); echo "$? $out")"
is "--json: nothing" "1 0 [] []" "$(out=$(learn --json --user nobody log); echo "$? $(jq -c '.lines, .proposed, .not_proposed' <<<"$out" | xargs)")"
is "nothing: status" 1 "$(learn --user nobody log >/dev/null; echo $?)"
has "nothing: said" '^# There is no line of AUDIT' "$(learn --user nobody log)"

is "a profile that no line has" "1 ebpfguardctl: there are no lines of profile none; there are of: default ops" \
	"$(out=$(learn --profile none log); echo "$? $out")"
is "a profile that no line has, of this user" "1 ebpfguardctl: there are no lines of profile none; there are of: default" \
	"$(out=$(learn --profile none --user alice log); echo "$? $out")"

new 2026-11-20T10:00:00 "$(audit connect 'proto=tcp dst=1.1.1.1 port=1 rule=1.1.1.1/32 feed=/srv/a\x20b line=17')" >log
is "--json: a feed that names just the address" '/srv/a\x20b:17' "$(learn --json log | jq -r '.not_proposed[0].where')"
has "a feed that names just the address" '^# NOT PROPOSED for allow: "1.1.1.1:1/tcp": a feed in deny_files denies just this address, .* it is in: /srv/a\\x20b:17[.]$' \
	"$(learn log)"
# Who writes a line of his own has a number there, or none: no line of what is printed, which is to be put into a file.
new 2026-11-20T10:00:00 "$(audit connect 'proto=tcp dst=1.1.1.1 port=1 rule=1.1.1.1/32 feed=/srv/a line=3\x0aallow\x3d\x1b[2J')" >forged
is "a line of a feed that is no number" "/srv/a:0" "$(learn --json forged | jq -r '.not_proposed[0].where')"
is "a line of a feed that is no number makes no line" "" "$(learn forged | grep -E $'^allow=|\e')"

# Lines that were cut: the time is known, and whose when that stands before the end.
{
	new 2026-11-19T10:00:00 "$(audit connect 'proto=tcp')" | sed 's/ mono=.*//'
	new 2026-11-20T10:00:00 "$(audit connect 'proto=tcp')" | sed 's/ mono=.*//'
	new 2026-11-20T10:00:00 "$(audit connect 'proto=tcp' bob)" | sed 's/ mono=.*//'
	new 2026-11-20T10:00:00 "$(audit connect 'proto=tcp')" | sed 's/lice .*//'
} >log
damaged() { learn "$@" log | sed -n 's/^# INCOMPLETE, lines that have been cut.*: //p'; }
is "damaged lines: all" 4 "$(damaged)"
is "damaged lines: since" 3 "$(damaged --since 2026-11-20)"
is "damaged lines: of a user" 3 "$(damaged --user alice)"
is "damaged lines: of another, since" 2 "$(damaged --since 2026-11-20 --user bob)"

# A line without its end, and one that is longer than any.
{
	new 2026-11-20T10:00:00 "$(audit connect 'proto=tcp dst=1.1.1.1 port=1 rule=default')" | sed 's/ mono=.*//'
	new 2026-11-20T10:00:00 "$(audit connect "proto=tcp dst=1.1.1.2 port=1 rule=$(printf '%040000d' 0)")"
	head -c 100000 /dev/zero
	echo
	new 2026-11-20T10:00:00 "$(audit connect 'proto=tcp dst=1.1.1.3 port=1 rule=default')" | tr -d '\n'
} >log
out=$(learn log)
is "damaged lines are passed over" 'allow=["1.1.1.3:1/tcp"];' "$(elements "$out")"
has "damaged lines are counted" '^# INCOMPLETE, lines that have been cut.*: 1$' "$out"

# ---- errors

fails() { # DESCRIPTION STATUS TEXT ARGUMENT...
	local what=$1 expected="$2 $3" got status
	shift 3
	got=$(learn "$@")
	status=$?
	is "$what" "$expected" "$status $got"
}
fails "no time" 2 "ebpfguardctl: learn: --since is missing, such as --since yesterday"
for time in bogus '' '2026-11-20 ' '--user' $'today\n'; do
	has "a time that is none: ${time@Q}" '^ebpfguardctl: --since: .*no time that is understood for files' "$(learn "--since=$time" log)"
	learn "--since=$time" log >/dev/null
	is "a time that is none: ${time@Q}: status" 2 $?
done
for day in 2026-02-30 2026-02-29 '2026-11-31 10:00'; do
	fails "a day that no calendar has: $day" 2 "ebpfguardctl: --since: $day: there is no such day" "--since=$day" log
	fails "a day that no calendar has, of the journal: $day" 2 "ebpfguardctl: --since: $day: there is no such day" "--since=$day"
done
# Real ones, and for what is not installed the bytes that one begins with.
gzip -c log >packed.gz
printf '\xfd7zXZ\x00\n' >packed.xz
printf '\x28\xb5\x2f\xfd\n' >packed.zst
printf 'BZh91AY\n' >packed.bz2
for pair in gz=zcat xz=xzcat zst=zstdcat bz2=bzcat; do
	fails "a compressed log: ${pair%=*}" 1 \
		"ebpfguardctl: packed.${pair%=*}: is compressed; unpack it: ${pair#*=} packed.${pair%=*} | ebpfguardctl learn ... -" \
		"packed.${pair%=*}"
done
is "a compressed log on standard input" \
	"1 ebpfguardctl: standard input: is compressed; unpack it: zcat FILE | ebpfguardctl learn ... -" \
	"$(out=$(learn - <packed.gz); echo "$? $out")"
is "a compressed log behind another" 1 "$(learn log packed.gz >/dev/null; echo $?)"
is "a compressed log, unpacked" "$(learn log)" "$(zcat packed.gz | learn -)"
fails "a file that is not there" 1 "ebpfguardctl: none: No such file or directory" none
fails "a directory" 1 "ebpfguardctl: .: Is a directory" .

# ---- the journal

mkdir bin
cat >bin/journalctl <<-'END'
	#!/bin/bash
	printf '%s\n' "$@" >"$EG_SAID"
	cat "$EG_JOURNAL"
	exit "${EG_STATUS:-0}"
END
chmod +x bin/journalctl
export EG_SAID=$dir/said EG_JOURNAL=$dir/journal
{
	echo '-- Boot 0123456789abcdef --'
	echo "2026-11-20T10:00:00+0000 host ebpfguard-helper[123]: $(audit connect 'proto=tcp dst=1.2.3.4 port=5 rule=default' | sed 's/TIME/2026-11-20T10:00:00.000Z/')"
} >journal
# shellcheck disable=SC2016 # not to be expanded, that is the point
since='2 hours ago; touch x $(touch x) `touch x`'
is "the journal" 'allow=["1.2.3.4:5/tcp"];' "$(elements "$(PATH=$dir/bin:$PATH learn --since "$since")")"
is "the journal: what is asked" "--output=short-iso
--utc
--all
--no-pager
--since=$since
_SYSTEMD_UNIT=ebpfguard.service
_UID=0
SYSLOG_IDENTIFIER=ebpfguard-helper" "$(cat said)"
is "the journal: no shell" 1 "$([[ ! -e x ]]; echo $((!$?)))"
is "journalctl fails" "1 ebpfguardctl: journalctl has failed; logs that are not in the journal can be given as files" \
	"$(out=$(EG_STATUS=1 PATH=$dir/bin:$PATH learn --since today); echo "$? $out")"
rm bin/journalctl
is "no journalctl" "1 ebpfguardctl: cannot run journalctl: No such file or directory
ebpfguardctl: journalctl has failed; logs that are not in the journal can be given as files" \
	"$(out=$(PATH=$dir/bin learn --since today); echo "$? $out")"
echo "1..$n"
