#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# test_ctl_report.sh EBPFGUARDCTL: the log summed up. The numbers, as text and in the page; that the page is one and of its
# owner's; that what users put into the log makes no element of it, which a browser says. TAP.
set -uo pipefail

# shellcheck source=tests/tap.sh
. "$(dirname "$0")/tap.sh"
# shellcheck source=tests/log_sample.sh
. "$(dirname "$0")/log_sample.sh"
CTL=$(readlink -f "$1")
dir=$(readlink -f "$(mktemp -d)")
trap 'rm -rf "$dir"' EXIT
cd "$dir" || exit 1
export TZ=UTC
report() { "$CTL" report "$@" 2>&1; }
number() { sed -n "s/^ *$1: *//p"; }

FORMAT=kv
sample >kv
FORMAT=json
sample >json

# ---- text

is "both formats say the same" "$(report kv)" "$(report json)"
out=$(report kv)
is "refused" 7 "$(number refused <<<"$out")"
is "killed" 1 "$(number 'of these by a kill' <<<"$out")"
is "audited" 2 "$(number 'audited, let through' <<<"$out")"
is "flows" 1 "$(number 'flows ended by a reload' <<<"$out")"
is "sessions" 3 "$(number 'sessions with refusals' <<<"$out")"
is "not written" 57 "$(number 'not written (SUPPRESSED)' <<<"$out")"
is "lost" 20 "$(number 'lost on the way (LOST)' <<<"$out")"
# table NAME: its rows, blanks squeezed.
table() { sed -n "/^$1\$/,/^\$/p" <<<"$out" | sed '1,2d' | tr -s ' ' | sed '/^$/d; s/^ //'; }
is "users" "4 0 alice
2 2 bob
1 0 carol" "$(table Users)"
is "destinations" "4 0 18.4.5.6:443/tcp
0 2 [2001:db8::1]:53/udp" "$(table Destinations)"
is "rules, with file and line" "4 0 18.0.0.0/9 -
0 2 2001:db8::/32 /srv/drop.txt:31
1 0 * -
1 0 files /etc/ebpfguard.conf:3
1 0 setuid -" "$(table Rules)"
is "programs" "4 0 /usr/bin/curl
0 2 /usr/bin/dig
1 0 /bin/bash
1 0 /usr/bin/nc
1 0 /usr/bin/vim" "$(table Programs)"
is "what is no destination" "1 0 bind 0.0.0.0:8080/tcp
1 0 exec /usr/bin/su as uid 0
1 0 file read /etc/shadow" "$(table 'Other objects')"
is "sessions, with address and key" "4 0 17 alice 10.0.0.5 default SHA256:alice
2 2 18 bob 10.0.0.6 default SHA256:bob
1 0 19 carol host.example default -" "$(table Sessions)"
is "what is missing, by operation" "50 0 not written alice 17 connect
20 0 lost on the way to the helper bob 18 connect
7 0 not written alice 17 setuid" "$(table 'Not in the log')"
is "by time" "2026-11-20 10:00 UTC 4
2026-11-20 11:00 UTC 3
2026-11-20 12:00 UTC 2" "$(sed -n '/^Refused and audited by time/,/^$/p' <<<"$out" | sed '1d; /^$/d; s/ *#*$//' | tr -s ' ')"
is "of a user" 2 "$(report --user bob kv | number refused)"
is "of a time" 3 "$(report --since '2026-11-20 11:00' --until 2026-11-20T13:00 kv | number refused)"
sed -n 2p kv | cut -c1-150 >damaged
is "JSON: the numbers of the text" "$(for what in refused "audited, let through" users; do report kv | number "$what"; done | paste -sd' ')" \
	"$(report --json kv | jq -r '[.refused, .audited, (.users | length)] | join(" ")')"
is "JSON: each table adds up" true "$(report --json kv | jq '([.users[].refused] | add) == .refused and ([.hours[].refused] | add) == .refused')"
is "JSON: of both formats the same" "$(report --json kv)" "$(report --json json)"
is "a line that was cut" 1 "$(report damaged | number 'lines that were cut')"
is "status: something" 0 "$(report kv >/dev/null; echo $?)"
is "status: nothing" 1 "$(report --user nobody kv >/dev/null; echo $?)"
for what in RESET START; do
	grep "^$what " kv >only
	is "status: $what alone is something" 0 "$(report only >/dev/null; echo $?)"
done
# More names than are kept: how many there are is not known, and what is not listed is counted.
refusal=$(FORMAT=kv; sample | sed -n 2p)
for ((i = 0; i < 10100; i++)); do echo "${refusal/18.4.5.6/18.4.$((i / 250)).$((i % 250))}"; done >many
out=$(report many)
is "many destinations" "more than 10000" "$(number destinations <<<"$out")"
is "many destinations: there is one user" 1 "$(number users <<<"$out")"
is "many destinations, JSON: all are counted" "10100 0" \
	"$(report --json many | jq -r '"\(([.destinations[].refused] | add) + .not_listed.destinations) \(.not_listed.users)"')"
report --html many.html many
is "many destinations, the page" 'more than 10&#8239;000' "$(sed -n 's/.*id="destinations-number">\([^<]*\)<.*/\1/p' many.html)"
rm -f many many.html only
# The axis has numbers that people read.
sed -n 2p kv | sed 's/ count=1 / count=1500000 /' >much
report --html much.html much
is "the axis" "0 500k 1M 1.5M 2M" "$(sed -n 's/.*class="tick end"[^>]*>\([^<]*\)<.*/\1/p' much.html | xargs)"
rm -f much much.html
is "no time" "2 ebpfguardctl: report: --since is missing, such as --since yesterday" "$(out=$(report); echo "$? $out")"

# ---- the page, as a file

report --html page.html kv
is "the page: mode" 600 "$(stat -c %a page.html)"
is "the page: ASCII" "" "$(LC_ALL=C tr -d ' -~\n' <page.html)"
is "the page: loads nothing, runs nothing" 0 "$(grep -ciE '<(script|link|img|iframe|object|embed)|[[:space:]](src|href|style|on[a-z]+)=|url\(|@import|https?:' page.html)"
style=$(sed '0,/<style>/s/.*<style>/<style>/; /<style>/,$!d' page.html)
style=${style#<style>}
style=${style%%</style>*}
is "the page: the hash is that of its style" \
	"$(printf %b "$(printf %s "$style" | sha256sum | cut -d' ' -f1 | sed 's/../\\x&/g')" | base64)" \
	"$(sed -n "s/.*style-src 'sha256-\([^']*\)'.*/\1/p" page.html)"
is "the page: default-src none" 1 "$(grep -c "Content-Security-Policy.*default-src 'none'" page.html)"
ln page.html before
report --html page.html json
is "the page takes the place of the one before" 1 "$([[ page.html -ef before ]]; echo $?)"
is "the page: nothing is left behind" "before damaged json kv page.html" "$(echo *)"
mkdir taken
is "the page cannot be put there: said" "1 ebpfguardctl: taken: Is a directory" "$(out=$(report --html taken kv); echo "$? $out")"
is "the page cannot be put there: nothing is left behind" "before damaged json kv page.html taken" "$(echo *)"
ln -s /nowhere link
mkfifo special
for what in link special; do
	is "a page in place of what is no file, $what: said" "1 ebpfguardctl: $what: is no regular file, and is not replaced" \
		"$(out=$(report --html $what kv); echo "$? $out")"
done
is "a page in place of what is no file: it stays" "/nowhere fifo" "$(readlink link) $(stat -c %F special)"
rm link special
is "no such directory" "1 ebpfguardctl: none/page: No such file or directory" "$(out=$(report --html none/page kv); echo "$? $out")"

# ---- what users put into it

# The same log twice: with names that are harmless, and with names that want to be more than that.
attack=$'</title></td></svg><script>document.title="forged"</script><img src=x onerror=document.title="forged"><b id=forged>\'"\e[31m\n<!--&lt;'
FORMAT=json
# with NAME: two lines in which it is wherever a user's text can be.
with() {
	refusal 2026-11-20T10:00:00 'DENY file' 7 "$1" "$1" "$1" "/$1" 1200 access=read "path=/$1" "rule=$1" "feed=$1" line=3
	refusal 2026-11-20T10:00:00 'DENY connect' 7 "$1" "$1" "$1" "/$1" 1 proto=tcp "dst=$1" port=1 "rule=$1"
}
with harmless >log
report --html harmless.html log
report log >harmless.txt
with "$attack" >log
report --html hostile.html log
report log >hostile.txt
is "hostile: text stays printable" "" "$(LC_ALL=C tr -d ' -~\n' <hostile.txt)"
is "hostile: no line of the text is forged" "$(wc -l <harmless.txt)" "$(wc -l <hostile.txt)"

# ---- the page, in a browser

# dom FILE: the page as a browser has it, scripts on: a forged one would run.
dom() {
	timeout 120 chromium --headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking \
		--disable-component-update --disable-sync "--user-data-dir=$dir/profile" --dump-dom "file://$dir/$1" 2>/dev/null
}
value() { sed -n "s/.*id=\"$1-number\">\([^<]*\)<.*/\1/p" | sed 's/&nbsp;//g; s/\xe2\x80\xaf//g'; }
elements() { grep -oE '<[a-z]+[0-9]?' | sort | uniq -c; }

# Whether there is a browser that runs here is asked with a page of our own: the product's may be what is wrong.
echo '<!DOCTYPE html><title>x</title><p id=probe>here</p>' >probe.html
browser=yes
if ! command -v chromium >/dev/null; then
	browser="there is no chromium"
elif [[ $(dom probe.html) != *'<p id="probe">here</p>'* ]]; then
	browser="chromium does not run here"
fi
if [[ $browser != yes ]]; then
	n=$((n + 1))
	echo "ok $n - the page in a browser # SKIP $browser"
	echo "1..$n"
	exit
fi
plain=$(dom page.html)
is "browser: the page" 1 "$(grep -c '<main>' <<<"$plain")"
is "browser: refused" 7 "$(value refused <<<"$plain")"
is "browser: audited" 2 "$(value audited <<<"$plain")"
is "browser: destinations" 2 "$(value destinations <<<"$plain")"
is "browser: charts" 5 "$(grep -o '<svg' <<<"$plain" | wc -l)"
is "browser: what is missing" 1 "$(grep -c '57 attempts were counted and not written .* 20 records were lost' <<<"$plain")"
hostile=$(dom hostile.html)
is "hostile: the numbers are there" 1201 "$(value refused <<<"$hostile")"
is "hostile: no element is forged" "$(dom harmless.html | elements)" "$(elements <<<"$hostile")"
is "hostile: the title" 1 "$(grep -c '<title>ebpfguard: what sessions were refused</title>' <<<"$hostile")"
is "hostile: no attribute" 0 "$(grep -cE '<[^>]*(onerror|forged)' <<<"$hostile")"
is "hostile: the name is there as text" 1 "$(grep -m1 -c '<td>&lt;/title&gt;&lt;/td&gt;&lt;/svg&gt;&lt;script&gt;document.title\\x3d\\x22forged\\x22&lt;/script&gt;' <<<"$hostile")"
# The policy of the page, not luck: a script that somebody puts into it does not run.
sed 's|</main>|<script>document.title="forged"</script></main>|' page.html >forged.html
is "the page's policy stops scripts" 1 "$(dom forged.html | grep -c '<title>ebpfguard')"
echo "1..$n"
