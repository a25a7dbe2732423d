#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# test_ctl_events.sh EBPFGUARDCTL: what the log says, in both formats, from files, the standard input and the journal; what
# is asked for; what users put into it; following it. TAP.
set -uo pipefail

# shellcheck source=tests/tap.sh
. "$(dirname "$0")/tap.sh"
# shellcheck source=tests/log_sample.sh
. "$(dirname "$0")/log_sample.sh"
CTL=$(readlink -f "$1")
dir=$(readlink -f "$(mktemp -d)")
follower=
trap 'rm -rf "$dir"; [[ -z $follower ]] || kill "$follower"' EXIT
cd "$dir" || exit 1
export TZ=UTC
events() { "$CTL" events "$@" 2>&1; }
# rows: without the head, blanks squeezed.
rows() { events "$@" | sed '/^TIME /d' | tr -s ' ' | sed 's/ $//'; }

FORMAT=kv
sample >kv
FORMAT=json
sample >json
behind "$helper" <kv >kv.syslog
behind "$helper" <json >json.syslog

# ---- all of it, in each form

all='2026-11-20 09:00:00 START - alice 17 10.0.0.5 - profile=default 1 - SHA256:alice
2026-11-20 10:00:00 DENY connect alice 17 10.0.0.5 /usr/bin/curl 18.4.5.6:443/tcp 1 18.0.0.0/9 SHA256:alice
2026-11-20 10:00:05 DENY connect alice 17 10.0.0.5 /usr/bin/curl 18.4.5.6:443/tcp 3 18.0.0.0/9 SHA256:alice
2026-11-20 11:00:00 AUDIT sendmsg bob 18 10.0.0.6 /usr/bin/dig [2001:db8::1]:53/udp 2 2001:db8::/32 (/srv/drop.txt:31) SHA256:bob
2026-11-20 11:30:00 KILL exec bob 18 10.0.0.6 /bin/bash /usr/bin/su as uid 0 1 setuid SHA256:bob
2026-11-20 12:00:00 DENY bind bob 18 10.0.0.6 /usr/bin/nc 0.0.0.0:8080/tcp 1 * SHA256:bob
2026-11-20 12:30:00 DENY file carol 19 host.example /usr/bin/vim read /etc/shadow 1 files (/etc/ebpfguard.conf:3) -
2026-11-20 13:00:00 SUPPRESSED - alice 17 - - INCOMPLETE: 57 not written (connect 50, setuid 7) - - -
2026-11-20 13:00:01 LOST - bob 18 - - INCOMPLETE: 20 lost on the way to the helper (connect 20) - - -
2026-11-20 14:00:00 RESET - alice 17 10.0.0.5 - 18.4.5.7:22/tcp 1 18.0.0.0/9 -
2026-11-20 15:00:00 END - alice 17 - - uid=1000 profile=default seconds=21600 refused=4 audited=0 lost=0 connect=4 1 - -'
for form in kv json kv.syslog json.syslog; do
	is "all of $form" "$all" "$(rows $form)"
	is "--json of $form is the record" "$(cat json)" "$(events --json $form)"
done
is "standard input" "$all" "$(rows - <kv)"
is "several files" "$all
$all" "$(rows kv json)"
is "the head names the columns" "TIME VERDICT OP USER SESSION FROM PROGRAM WHAT COUNT RULE KEY" "$(events kv | sed -n '1p' | tr -s ' ')"
is "columns stand under their names" "$(events kv | sed -n '1s/USER.*//p' | wc -c)" "$(events kv | sed -n '3s/alice.*//p' | wc -c)"
is "local time" "2026-11-20 11:00:00" "$(TZ=Europe/Berlin events --op connect kv | sed -n '2s/ DENY.*//p')"

# What has no column stands with what the record is about.
for FORMAT in kv json; do
	{
		record 2026-11-20T10:00:00 'REFUSED open' user=alice pid=812 uid=0 errno=28 'reason=no room'
		record 2026-11-20T10:00:00 STRAY session=17 user=alice pid=812 cgroup=/user.slice
		record 2026-11-20T10:00:00 POLICY generation=7 mode=enforce profile=ops prefixes4=3
		record 2026-11-20T10:00:00 QUARANTINE session=17 user=alice uid=1000 profile=ops order=16 by_uid=0 by_loginuid=1001 by_pid=9
		refusal 2026-11-20T10:00:00 'DENY connect' 17 alice 10.0.0.5 - /usr/bin/curl 1 proto=tcp dst=18.4.5.6 port=443 rule=18.0.0.0/9 replayed=yes
	} >others
	is "$FORMAT: other records" "REFUSED open alice - - - pid=812 uid=0 errno=28 reason=no\x20room 1
STRAY - alice 17 - - pid=812 cgroup=/user.slice 1
POLICY - - - - - generation=7 mode=enforce profile=ops prefixes4=3 1
QUARANTINE - alice 17 - - uid=1000 profile=ops order=16 by_uid=0 by_loginuid=1001 by_pid=9 1
DENY connect alice 17 10.0.0.5 /usr/bin/curl 18.4.5.6:443/tcp replayed 1" "$(rows others | cut -d' ' -f3- | sed 's/ 18.0.0.0.*//; s/ - -$//')"
	is "$FORMAT: one destination, replayed or not" "18.4.5.6:443/tcp" "$("$CTL" report --json others | jq -r '.destinations[].destination')"
done

# ---- what is asked for

# found ARGUMENT...: the times of the events found, without those that say that something is missing.
found() { rows "$@" kv | sed '/ INCOMPLETE: /d; s/^[^ ]* \([^ ]*\) .*/\1/' | tr '\n' ' '; }
is "--dst" "10:00:00 10:00:05 " "$(found --dst 18.4.5.6)"
is "--dst, a network" "10:00:00 10:00:05 14:00:00 " "$(found --dst 18.4.0.0/16)"
is "--dst, IPv6" "11:00:00 " "$(found --dst 2001:db8::/64)"
is "--port" "10:00:00 10:00:05 " "$(found --port 443)"
is "--user" "11:00:00 11:30:00 12:00:00 " "$(found --user bob)"
is "--session" "12:30:00 " "$(found --session 19)"
is "--verdict deny" "10:00:00 10:00:05 12:00:00 12:30:00 " "$(found --verdict deny)"
is "--verdict kill" "11:30:00 " "$(found --verdict kill)"
is "--verdict reset" "14:00:00 " "$(found --verdict reset)"
is "--verdict start" "09:00:00 " "$(found --verdict start)"
is "--op" "12:30:00 " "$(found --op file)"
is "--program, a path" "10:00:00 10:00:05 " "$(found --program /usr/bin/curl)"
is "--program, a name" "11:00:00 " "$(found --program dig)"
is "--program, another path" "" "$(found --program /bin/curl)"
is "--key" "11:00:00 11:30:00 12:00:00 " "$(found --key SHA256:bob)"
is "--rhost" "09:00:00 10:00:00 10:00:05 14:00:00 " "$(found --rhost 10.0.0.5)"
is "--rhost, a network" "11:00:00 11:30:00 12:00:00 " "$(found --rhost 10.0.0.6/31)"
refusal 2026-11-20T10:00:00 'DENY connect' 17 alice fe80::1%eth0 - /usr/bin/curl 1 proto=tcp dst=18.4.5.6 port=443 rule=18.0.0.0/9 >scoped
is "--rhost, a link-local one" "fe80::1%eth0 fe80::1%eth0" "$(rows --rhost fe80::1 scoped | cut -d' ' -f7) $(rows --rhost fe80::/64 scoped | cut -d' ' -f7)"
is "--profile" "09:00:00 10:00:00 10:00:05 11:00:00 11:30:00 12:00:00 12:30:00 14:00:00 15:00:00 " "$(found --profile default)"
is "--profile, another" "" "$(found --profile ops)"
is "--rule" "10:00:00 10:00:05 14:00:00 " "$(found --rule 18.0)"
is "--rule, of a feed" "11:00:00 " "$(found --rule drop.txt)"
is "--since" "14:00:00 15:00:00 " "$(found --since '2026-11-20 13:30')"
is "--until" "09:00:00 10:00:00 " "$(found --until '2026-11-20 10:00:01')"
is "--since and --until" "10:00:00 10:00:05 " "$(found --since '2026-11-20 09:30' --until '2026-11-20 10:30')"
is "several of them" "10:00:05 " "$(found --dst 18.4.5.6 --since 2026-11-20T10:00:01 --user alice --op connect)"
is "-n" "14:00:00 15:00:00 " "$(found -n 2)"
is "-n, of what is asked for" "10:00:05 " "$(found -n 1 --op connect)"
is "-n, more than there are" "10:00:00 10:00:05 " "$(found -n 100 --op connect)"

# What comes in is from there; the own end is none that anybody reached.
{
	refusal 2026-11-20T10:00:00 'DENY ingress' 7 alice 10.0.0.5 - - 1 proto=tcp src=18.4.5.9 port=51234 rule=18.0.0.0/9 dst=10.0.0.2 dport=22 |
		sed 's/ src=10.0.0.2 sport=40112//; s/,"src":"10.0.0.2","sport":40112//'
} >incoming
is "--dst, of what came in" "18.4.5.9:51234/tcp" "$(rows --dst 18.4.5.9 incoming | cut -d' ' -f9)"
is "--dst, of what came in: not the own end" "" "$(rows --dst 10.0.0.2 incoming)"

# Nobody may believe it to be all.
missing() { rows "$@" kv | sed -n '/ INCOMPLETE: /s/^[^ ]* [^ ]* \([^ ]*\) .*/\1/p' | tr '\n' ' '; }
is "what is missing is shown, whatever is asked for" "SUPPRESSED LOST " "$(missing --dst 18.4.5.6)"
is "what is missing, of the user" "SUPPRESSED " "$(missing --dst 18.4.5.6 --user alice)"
is "what is missing, of the session" "LOST " "$(missing --session 18 --verdict deny)"
is "what is missing, of refusals" "SUPPRESSED LOST " "$(missing --verdict refusal)"
is "what is missing, of flows" "SUPPRESSED LOST SUPPRESSED LOST " "$(missing --verdict flow)$(missing --verdict reset)"
is "what is missing, of the time" "" "$(missing --until '2026-11-20 12:00')"
is "what is missing, of another kind" "" "$(missing --verdict start)"

# The question of the manual: who, with which program, from which address and key, in one line each.
is "who tried to reach 18.4.5.6" "alice 10.0.0.5 /usr/bin/curl SHA256:alice
alice 10.0.0.5 /usr/bin/curl SHA256:alice" "$(rows --since '2026-11-20' --dst 18.4.5.6 kv | sed '/ INCOMPLETE: /d' | cut -d' ' -f5,7,8,12)"

# ---- exit status

status() { events "$@" >/dev/null; echo $?; }
is "status: found" 0 "$(status --dst 18.4.5.6 kv)"
is "status: nothing" 1 "$(status --dst 1.2.3.4 kv)"
is "status: only that something is missing" 1 "$(status --verdict suppressed kv)"
is "status: no file" 1 "$(status none)"
is "status: a full disk" "1 ebpfguardctl: cannot write: No space left on device" "$(out=$("$CTL" events kv 2>&1 >/dev/full); echo "$? $out")"
fails() { # DESCRIPTION MESSAGE ARGUMENT...
	local what=$1 expected=$2 got status
	shift 2
	got=$(events "$@" 2>&1)
	status=$?
	is "$what" "2 ebpfguardctl: $expected" "$status ${got%%$'\n'*}"
}
fails "a time that is none" '--until: x: no time that is understood for files; expected "YYYY-MM-DD [HH:MM[:SS]]", today, yesterday, now, "2h ago" or -2h (s, min, h, d)' --until x kv
printf 'log = { destination = "file"; file = "%s"; };\n' "$dir/kv" >in_file.conf
chmod 600 in_file.conf
is "the file that is configured" "14:00:00 " "$(rows --config in_file.conf --since '2026-11-20 13:30' | sed -n 's/^[^ ]* \([^ ]*\) RESET .*/\1/p') "
fails "a time that is none, for the file that is configured" '--since: 1 hour ago: no time that is understood for files; expected "YYYY-MM-DD [HH:MM[:SS]]", today, yesterday, now, "2h ago" or -2h (s, min, h, d)' --config in_file.conf --since '1 hour ago'
# A configuration that cannot be read does not say where the log is: nothing is asked in its place.
unknown() { # DESCRIPTION FILE MESSAGE COMMAND...
	local what=$1 file=$2 expected=$3
	shift 3
	is "$what: $1" "1 $expected
ebpfguardctl: so it is not known where the log is" "$(out=$("$CTL" -c "$file" "$@" 2>&1); echo "$? $out")"
}
printf 'log = { destination = 5; };\n' >wrong.conf
chmod 600 wrong.conf
mistake='log.destination: expected "syslog" or "journal" or "file", got an integer'
for command in 'events' 'report --since today' 'learn --since today' 'session 1' 'top --json'; do
	# shellcheck disable=SC2086 # words
	unknown "no such configuration" none.conf 'none.conf: No such file or directory' $command
	# shellcheck disable=SC2086 # words
	unknown "a configuration with a mistake" wrong.conf "wrong.conf:1: $mistake" $command
done
is "no such configuration: nor is it needed for a file" 0 "$(status -c none.conf kv)"
# in_etc FILE COMMAND...: with FILE, or none, as the configuration by default, which nobody else sees.
in_etc() {
	unshare -m bash -c 'mount -t tmpfs none /etc && if [[ -n $1 ]]; then cp "$1" /etc/ebpfguard.conf; fi || exit 99; shift; "$@"' - "$@" 2>&1
}
fails "a session that is none" '--session: 1x: is not such a number' --session 1x kv
fails "a port that is none" '--port: 65536: is not such a number' --port 65536 kv
fails "a network that is none" '--dst: 18.4.5.6/8: has host bits set' --dst 18.4.5.6/8 kv
fails "a verdict that is none" '--verdict: maybe: there is no such one' --verdict maybe kv
fails "an operation that is none" '--op: fly: there is no such one' --op fly kv
fails "-n of nothing" '-n: 0: is not such a number' -n 0 kv
fails "-n and -f" 'events: --follow begins with what comes, or with --since, and has no last' -f -n 3 kv
fails "--until and -f" 'events: --follow has no end, and --until is one' -f --until now kv
fails "-f of two" 'events: --follow is for one file' -f kv json
fails "another command's option" 'events: --service is an option of: explain' --service x kv

# ---- what users put into it

hostile=$'x session=1 user=root\n2026-11-20T10:00:00Z h ebpfguard-helper[1]: DENY \e[31m\x9b"\\\xff\u202e'
for FORMAT in kv json; do
	refusal 2026-11-20T10:00:00 'DENY file' 7 "$hostile" "$hostile" "$hostile" "/$hostile" 1 access=read "path=/$hostile" rule=files >bad
	is "$FORMAT: hostile names make one line" 2 "$(events bad | wc -l)"
	is "$FORMAT: hostile names stay printable" "" "$(events bad | LC_ALL=C tr -d ' -~\n')"
	is "$FORMAT: hostile names stay in their columns" 7 "$(rows bad | cut -d' ' -f6)"
	is "$FORMAT: hostile names in JSON" "1 $(printf '%s' "$hostile" | LC_ALL=C sed 's/\\/\\x5c/g; s/\xff/\\xff/; s/\x9b/\\x9b/; s/\xe2\x80\xae/\xe2\x80\xae/' | md5sum)" \
		"$(events --json bad | wc -l) $(events --json bad | jq -j .user | LC_ALL=C sed 's/\\xe2\\x80\\xae/\xe2\x80\xae/' | md5sum)"
	is "$FORMAT: JSON is printable" "" "$(events --json bad | LC_ALL=C tr -d ' -~\n')"
done
{
	cat kv.syslog
	sed -n "1s|^\(.\{200\}\).*|\1|p" kv.syslog
	sed -n "2s|^\(.\{200\}\).*|\1|p" json.syslog
	echo "2026-11-20T10:00:00Z host sshd[1]: Invalid user ebpfguard-helper[1]: $(sed -n 2p kv)"
} >damaged
is "lines that were cut are told of, others' are not the helper's" "$all
ebpfguardctl: INCOMPLETE: 2 lines have been cut, or are not the helper's, and are not shown" "$(rows damaged)"

is "lines that were cut, of another time, are not" "" "$(rows --since 2026-11-21 damaged)"
is "lines that were cut, of before" 1 "$(rows --until '2026-11-20 10:00:01' damaged | grep -c INCOMPLETE:' 2 lines')"

# ---- colours

if command -v script >/dev/null; then
	colours() { script -qec "$1 $CTL events --verdict deny $dir/kv" /dev/null </dev/null | grep -c $'\e'; }
	is "colours on a terminal" 6 "$(colours 'TERM=xterm')"
	is "colours: NO_COLOR" 0 "$(colours 'TERM=xterm NO_COLOR=1')"
	is "colours: a dumb terminal" 0 "$(colours 'TERM=dumb')"
else
	n=$((n + 1))
	echo "ok $n - colours # SKIP there is no script(1)"
fi
is "no colours elsewhere" 0 "$(events kv | grep -c $'\e')"

# ---- following a file

# await TEXT: it comes within ten seconds.
await() {
	local i
	for ((i = 0; i < 100; i++)); do
		grep -qF -- "$1" followed && echo yes && return
		sleep 0.1
	done
	cat followed
}
# is_at BYTE: that is as far as the follower has read the log.
is_at() {
	local fd
	for fd in /proc/"$follower"/fd/*; do
		[[ $(readlink "$fd") == "$dir/log" ]] && grep -q "^pos:[[:blank:]]*$1\$" "/proc/$follower/fdinfo/${fd##*/}" && return
	done
	return 1
}
# reaches BYTE: until it is.
reaches() {
	local i
	for ((i = 0; i < 300; i++)); do
		is_at "$1" && return
		sleep 0.1
	done
	is "-f: gets to byte $1 of the log" yes no
}
sed -n 2p kv >log
"$CTL" events -f --json log >followed 2>&1 &
follower=$!
reaches "$(stat -c %s log)"
sed -n 4p kv | tr -d '\n' >>log
reaches "$(stat -c %s log)"
sleep 0.4
is "-f: a line is not shown before its end" "" "$(cat followed)"
echo >>log
is "-f: what comes" yes "$(await '"op":"sendmsg"')"
is "-f: what was there is not shown" 0 "$(grep -c '"op":"connect"' followed)"
sed -n 5p kv >>log
mv log log.1
sed -n 6p kv >log
is "-f: the end of a file that was rotated" yes "$(await '"op":"exec"')"
is "-f: the new one" yes "$(await '"op":"bind"')"
: >log
reaches 0
sed -n 7p kv >>log
is "-f: a file that was emptied" yes "$(await '"op":"file"')"
kill "$follower"
wait "$follower" 2>/dev/null
is "-f: each once" 4 "$(wc -l <followed)"
"$CTL" events -f --since 2026-11-20 kv >followed 2>&1 &
follower=$!
is "-f --since: what was there" yes "$(await ' END ')"
kill "$follower"
wait "$follower" 2>/dev/null
sed -n 2p kv >rotated.1
sed -n 4p kv >rotated
printf 'log = { destination = "file"; file = "%s"; };\n' "$dir/rotated" >rotated.conf
chmod 600 rotated.conf
"$CTL" -c rotated.conf events -f --since 2026-11-20 --json >followed 2>&1 &
follower=$!
is "-f --since, as configured: what is there" yes "$(await '"op":"sendmsg"')"
is "-f --since, as configured: and in the file before" '"connect" "sendmsg"' "$(jq .op followed | xargs -d '\n')"
sed -n 5p kv >>rotated
is "-f --since, as configured: what comes" yes "$(await '"op":"exec"')"
kill "$follower"
wait "$follower" 2>/dev/null
follower=

# ---- the journal

mkdir bin
cat >bin/journalctl <<-'END'
	#!/bin/bash
	printf '%s\n' "$@" >"$EG_SAID"
	echo "${SYSTEMD_COLORS-}" >"$EG_SAID.colours"
	# by when it got them, as the journal does
	since='' until=9
	for arg; do
		case $arg in
		--since=*) since=$(date -ud "${arg#*=}" +%FT%T) ;;
		--until=*) until=$(date -ud "${arg#*=}" +%FT%T) ;;
		esac
	done
	while IFS= read -r line; do
		[[ ${line:0:19} < $since || ${line:0:19} > $until ]] || printf '%s\n' "$line"
	done <"$EG_JOURNAL"
END
chmod +x bin/journalctl
export EG_SAID=$dir/said EG_JOURNAL=$dir/kv.syslog PATH=$dir/bin:$PATH
is "the journal" "$all" "$(rows --since 2026-11-20)"
is "the journal: what is asked" "--output=short-iso
--utc
--all
--no-pager
--since=2026-11-20
_SYSTEMD_UNIT=ebpfguard.service
_UID=0
SYSLOG_IDENTIFIER=ebpfguard-helper" "$(cat said)"
SYSTEMD_COLORS=1 rows --until 'last tuesday' >/dev/null
is "the journal: without its colours, which would be a part of lines" 0 "$(cat said.colours)"
is "the journal: its own times" "--until=last tuesday" "$(sed -n 5p said)"
# Repeats are written when their window is over: the line is of the day before, which the journal does not know.
FORMAT=kv refusal 2026-11-20T23:59:55 'DENY connect' 17 alice 10.0.0.5 - /usr/bin/curl 4000 proto=tcp dst=18.4.5.6 port=443 rule=18.0.0.0/9 |
	sed "s/^/2026-11-21T00:00:04.000000+00:00 bastion1 $helper: /" >late.syslog
# counts DAY: of the repeats that day, and what the report has of them.
counts() {
	local day=(--since "$1" --until "$(date -ud "$1 +1 day" +%F)")
	echo "$(EG_JOURNAL=$dir/late.syslog rows "${day[@]}" | cut -d' ' -f10 | xargs) $(EG_JOURNAL=$dir/late.syslog "$CTL" report --json "${day[@]}" | jq .refused)"
}
is "the journal: repeats of just before midnight are of that day" "4000 4000" "$(counts 2026-11-20)"
is "the journal: and not of the next" " 0" "$(counts 2026-11-21)"
rows -f >/dev/null
is "the journal: followed" "--follow
--lines=0" "$(sed -n 5,6p said)"
rows -f --since 2026-11-20 >/dev/null
is "the journal: followed from a time" "--since=2026-11-20
--follow
--no-tail" "$(sed -n 5,7p said)"
mkdir quiet
printf '#!/bin/bash\necho $$ >"%s"\nexec sleep 100\n' "$dir/quiet/pid" >quiet/journalctl
chmod +x quiet/journalctl
PATH=$dir/quiet:$PATH "$CTL" events -f >/dev/null 2>&1 &
follower=$!
for ((i = 0; i < 200 && !$(stat -c %s quiet/pid 2>/dev/null || echo 0); i++)); do sleep 0.05; done
kill -KILL "$follower"
wait "$follower" 2>/dev/null
follower=
for ((i = 0; i < 100; i++)); do
	kill -0 "$(<quiet/pid)" 2>/dev/null || break
	sleep 0.1
done
is "the journal: followed by somebody who is killed, it ends, too" gone "$(kill "$(<quiet/pid)" 2>/dev/null && echo stays || echo gone)"
# By default there need not be a configuration; one that is there and cannot be read is told of.
if in_etc '' true >/dev/null; then
	is "the journal: no configuration" "0 $all" "$(out=$(in_etc '' "$CTL" events); s=$?; echo "$s $(sed '/^TIME /d' <<<"$out" | tr -s ' ' | sed 's/ $//')")"
	is "the journal: a configuration with a mistake" "0 /etc/ebpfguard.conf:1: $mistake
ebpfguardctl: so it is not known where the log is; the journal is asked" \
		"$(out=$(in_etc wrong.conf "$CTL" events --op exec); echo "$? $out" | head -n 2)"
else
	n=$((n + 1))
	echo "ok $n - the configuration by default # SKIP no mount namespace can be made here"
fi
# A file of the helper's own, by the configuration: a time that only the journal understands must not mean "all".
printf 'log = { destination = "file"; file = "%s"; };\n' "$dir/kv" >conf
is "the helper's own file" "$all" "$(rows --config conf --since 2026-11-20)"
is "its times are ours" "2 ebpfguardctl: --since: last tuesday: no time tha" \
	"$(out=$(events --config conf --since 'last tuesday'); echo "$? $out" | cut -c 1-50)"
: >kv.syslog
is "the journal has nothing: it says what to do" 1 "$(events --since today | grep -c 'give the log as a file$')"
echo "1..$n"
