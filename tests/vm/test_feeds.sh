#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# Feeds of networks in force: what they deny, how they change under running sessions, and when they are not believed.
# shellcheck source=tests/vm/lib.sh
. /srv/t/lib.sh
SCRIPT_NAME=feeds
FILE=/etc/ebpfguard.conf
D=/etc/ebpfguard.d

good=$(cat $FILE)
mkdir -p $D
denied() { sh_as alice "for a in $*; do $T/try connect udp \$a 9; done" | paste -sd' '; }
reload() { ebpfguardctl reload 2>&1; echo "status $?"; }
generation() { ebpfguardctl status | sed -n 's/^policy: generation \([0-9]*\).*/\1/p'; }
later() { [[ $(generation) -gt $1 ]]; }

# So that attempts beside the networks have somewhere to go.
for net in 19.0.0.0/8 100.0.0.0/8 203.0.112.0/24; do
	ip route add $net dev dummy0
done

cat >$D/drop.txt <<'E2'
; Spamhaus DROP List 2026/11/21
18.0.0.0/9 ; SBL000001
203.0.113.0/24 ; SBL000002
E2
cat >$D/level1.netset <<'E2'
# firehol_level1
198.51.100.0/24
2001:db8:bad::/48
E2
printf '%s\n' '{"cidr":"192.0.2.0/24","sblid":"SBL1","rir":"arin"}' '{"type":"metadata","timestamp":1}' >$D/drop.json
printf '10.1.2.0/24\n' >$D/allowed.txt
cat >$FILE <<E2
deny = [ "10.0.0.0/8" ];
deny_files = ( "$D/drop.txt", "$D/level1.netset", "$D/drop.json" );
allow_files = ( "$D/allowed.txt" );
E2
is "feeds: 0" "status 0" "$(reload | tail -n 1)"
mark
is "each of them denies" "EPERM EPERM EPERM EPERM" "$(denied 18.4.5.6 203.0.113.9 198.51.100.7 192.0.2.1)"
is "beside them" "ok ok" "$(denied 19.4.5.6 203.0.112.9)"
is "allow_files: the longer prefix" "ok EPERM" "$(denied 10.1.2.3 10.1.3.3)"
logged "the line names feed and line" "DENY connect .* dst=203[.]0[.]113[.]9 .*feed=$D/drop.txt line=3"
logged "of JSON, too" "DENY connect .* dst=192[.]0[.]2[.]1 .*feed=$D/drop.json line=1"
matches "explain names it" "deny.*203[.]0[.]113[.]0/24.*$D/drop.txt:3" "$(ebpfguardctl explain alice connect 203.0.113.9:443/tcp)"

# ---- they change by themselves, for a session that is there
cat >/tmp/tries <<E2
#!/bin/bash
until [[ -e /tmp/at.end ]]; do
	if [[ -e /tmp/at.go ]]; then
		rm -f /tmp/at.go
		for a in 18.4.5.6 100.64.0.1; do $T/try connect udp \$a 9; done | paste -sd' ' >/tmp/at.tmp
		mv /tmp/at.tmp /tmp/at.out
	fi
	sleep 0.1
done
E2
chmod 755 /tmp/tries
rm -f /tmp/at.*
outcome() {
	rm -f /tmp/at.out
	runuser -u alice -- touch /tmp/at.go
	until_true 30 test -e /tmp/at.out && cat /tmp/at.out
}
sh_as alice /tmp/tries &
session=$!
until_true 60 eval 'ebpfguardctl sessions | grep -q sshd'
is "a session: before" "EPERM ok" "$(outcome)"
before=$(generation)
echo "100.64.0.0/10 ; SBL000003" >>$D/drop.txt
until_true 60 later "$before"
is "a line is added: without reload" "EPERM EPERM" "$(outcome)"
before=$(generation)
printf '18.0.0.0/9\n203.0.113.0/24\n' >$D/drop.new
mv $D/drop.new $D/drop.txt
until_true 60 later "$before"
is "renamed over: without reload" "EPERM ok" "$(outcome)"
before=$(generation)
ln -s drop.txt $D/link.txt
sed -i "s,$D/drop.txt,$D/link.txt," $FILE
reload >/dev/null
before=$(generation)
printf '18.0.0.0/9\n100.64.0.0/10\n' >$D/elsewhere.txt
ln -sfn elsewhere.txt $D/link.new && mv -T $D/link.new $D/link.txt
until_true 60 later "$before"
is "a link that leads elsewhere: without reload" "EPERM EPERM" "$(outcome)"

# ---- not believed
before=$(generation)
mark
: >$D/elsewhere.txt
logged "it turns up empty: said" "$D/link.txt: lists no network; .*its last good copy, of 2 networks, stays in force"
until_true 60 later "$before"
is "it turns up empty: the last good one stays" "EPERM EPERM" "$(outcome)"
mark
systemctl restart ebpfguard.service
until_true 60 ebpfguardctl status >/dev/null
is "over a restart, too" "EPERM EPERM" "$(outcome)"
logged "and is said at start" "$D/link.txt: lists no network; .*its last good copy, of 2 networks, stays in force"
seq -f '100.%g.0.0/16' 0 99 >$D/elsewhere.txt
echo 18.0.0.0/9 >>$D/elsewhere.txt
until_true 60 eval '[[ $(outcome) == "EPERM EPERM" ]]'
mark
reload >/dev/null
seq -f '100.%g.0.0/16' 0 9 >$D/elsewhere.txt
logged "it shrinks to a tenth: said" "$D/link.txt: lists 10 networks, and the last good one 101: .* stays in force"
is "it shrinks to a tenth: the last good one stays" "EPERM EPERM" "$(outcome)"
seq -f '100.%g.0.0/16' 0 89 >$D/elsewhere.txt
before=$(generation)
until_true 60 later "$before"
is "it loses a tenth: taken" "ok EPERM" "$(outcome)"

# ---- bad lines
mark
printf '18.0.0.0/9\nnonsense\n100.64.0.0/10\n' >$D/drop.txt
cat >$FILE <<E2
deny_files = ( "$D/drop.txt" );
E2
is "a bad line: taken" "status 0" "$(reload | tail -n 1)"
logged "a bad line: named" "$D/drop.txt:2: .*nonsense.*; passed over"
is "a bad line: the others hold" "EPERM EPERM" "$(outcome)"
cat >$FILE <<E2
deny_files = ( { file = "$D/strict.txt"; strict = true; } );
E2
cp $D/drop.txt $D/strict.txt
matches "strict: refused, with file and line" "strict.txt:2: .*nonsense.*status 1" "$(reload | paste -sd' ')"
is "strict: what was in force stays" "EPERM EPERM" "$(outcome)"
chmod 666 $D/strict.txt
sed -i /nonsense/d $D/strict.txt
matches "others may write it: refused" "strict.txt.*status 1" "$(reload | paste -sd' ')"
chmod 644 $D/strict.txt
is "mended: taken" "status 0" "$(reload | tail -n 1)"

# ---- root in a session must leave them alone, as the configuration
ways="file-write file-empty file-truncate file-remove file-replace file-rename-away file-exchange file-link file-chmod"
tamper() { $1 "for way in $ways; do $T/try \$way $2; done" | paste -sd' '; }
all() { tr ' ' '\n' <<<"$ways" | sed "s/.*/$1/" | paste -sd' '; }
outside() { bash -c "$1"; }
in_session() { sh_as root "$1"; }
mkdir -p /srv/digests /srv/try # where `try` has its spare names
printf '%064d\n' 1 >/srv/digests/list
printf '18.0.0.0/9\n100.64.0.0/10\n' >$D/drop.txt
ln -sfn drop.txt $D/link.txt
echo 18.0.0.0/9 >$D/beside.txt
cat >$FILE <<E2
deny_files = ( "$D/link.txt" );
exec = { deny_sha256_files = [ "/srv/digests/list" ]; };
E2
is "tampering: in force" "status 0" "$(reload | tail -n 1)"
# Before anything else touches them: a second load would hide that the first had not done it.
for feed in $D/drop.txt /srv/digests/list; do
	is "tampering: $feed, at once" "$(all EPERM)" "$(tamper in_session "$feed")"
done
for feed in $D/drop.txt /srv/digests/list; do
	is "tampering: $feed, outside" "$(all ok)" "$(tamper outside "$feed")"
	until_true 60 ebpfguardctl status >/dev/null
	is "tampering: $feed, root in a session" "$(all EPERM)" "$(tamper in_session "$feed")"
done
is "tampering: the link, root in a session" "EPERM EPERM" \
	"$(sh_as root "for way in file-remove file-rename-away; do $T/try \$way $D/link.txt; done" | paste -sd' ')"
is "tampering: a directory with one, root in a session" "EPERM" "$(sh_as root "$T/try file-rename-away /srv/digests")"
is "tampering: a file beside, root in a session" "$(all ok)" "$(tamper in_session $D/beside.txt)"
cat >$FILE <<E2
deny_files = ( "$D/drop.txt" );
E2
reload >/dev/null
is "tampering: no feed any more, root in a session" "$(all ok)" "$(tamper in_session /srv/digests/list)"
rm -r /srv/digests /srv/try

# ---- copies of feeds that are no longer named
copies() { find /var/lib/ebpfguard/feeds -name '*.last' | wc -l; }
is "copies: of what is named, and no others" 1 "$(copies)"
echo 'deny_files = ( "/nonexistent.txt" );' >$FILE
matches "copies: a reload that is refused" "nonexistent.*status 1" "$(reload | paste -sd' ')"
is "copies: removes none" 1 "$(copies)"
printf 'deny = [ "18.0.0.0/9" ];\n' >$FILE
is "copies: none is named" "status 0" "$(reload | tail -n 1)"
is "copies: none stays" 0 "$(copies)"

touch /tmp/at.end
wait $session
printf '%s\n' "$good" >$FILE
is "back: 0" "status 0" "$(reload | tail -n 1)"
for net in 19.0.0.0/8 100.0.0.0/8 203.0.112.0/24; do
	ip route del $net dev dummy0
done
rm -rf $D /tmp/at.* /var/lib/ebpfguard/feeds
all_over
