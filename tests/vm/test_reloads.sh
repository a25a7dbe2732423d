#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# A thousand reloads under a hundred sessions that never stop asking: what is denied before and after is denied all the
# time, and what is allowed is allowed. Fewer, without EG_RELOADS, where ten minutes are not enough for a thousand.
# shellcheck source=tests/vm/lib.sh
. /srv/t/lib.sh
SCRIPT_NAME=reloads
FILE=/etc/ebpfguard.conf
D=/tmp/reloads
RELOADS=${EG_RELOADS:-1000} LEAST=${EG_RELOADS:-300} LIMIT=600 SESSIONS=100

good=$(cat $FILE)
cp /etc/pam.d/su /tmp/su.before
# Sessions without sshd: a hundred logins are five minutes here.
cat >/etc/pam.d/su <<-'E2'
	auth sufficient pam_rootok.so
	account required pam_permit.so
	session required pam_ebpfguard.so timeout=60000
E2
rm -rf $D
mkdir -m 755 $D
mkdir -p /etc/ebpfguard.d
printf '203.0.113.0/24\n18.0.0.0/10\n' >/etc/ebpfguard.d/list

# What is asked for: of default (bob), where an absent rule would allow, and of ops (alice), where one would deny.
denied="deny 18.4.5.6 deny 2001:db8:bad::1"
allowed="allow 10.1.2.3 allow 2001:db8:900d::1"
# variant NUMBER: the same for these, with other rules around them: wider and narrower ones, of a feed, for a program;
# profiles in front of theirs and none, other groups of rules.
variant() {
	local i=$1 n
	echo 'deny = [ "18.0.0.0/9", "2001:db8:bad::/48"'
	for ((n = 0; n < i * 7; n++)); do echo ", \"10.$((2 + i)).$n.0/24\", \"2001:db8:$((100 + n)):$i::/64\""; done
	((i % 2)) && echo ', "18.4.0.0/16", "18.4.5.6:1-1000/udp"'
	echo ' ]; allow = [ "10.1.2.0/24"'
	((i % 3)) && echo ', "18.0.0.0/8", "2001:db8::/32", "18.4.5.7"'
	echo ' ];'
	((i % 4 == 1)) && echo 'deny_files = ( "/etc/ebpfguard.d/list" );'
	((i % 4 == 2)) && echo 'rules = ( { programs = [ "/usr/bin/true" ]; allow = [ "18.0.0.0/9" ]; } ); bind = { deny = [ "1-1023" ]; };'
	((i % 5 == 3)) && echo 'files = { deny_read = [ "/root" ]; };'
	echo 'profiles = ('
	((i % 2)) && echo '{ name = "first"; deny = [ "10.0.0.0/8", "0.0.0.0/0" ]; },'
	echo '{ name = "ops"; extends = "default"; default = "deny"; allow = [ "10.1.2.3", "2001:db8:900d::/48"'
	((i % 3 == 1)) && echo ', "10.1.0.0/16", "10.1.2.4:9/udp"'
	echo ' ]; } ); match = ( { user = "alice"; profile = "ops"; }'
	((i % 2)) && echo ', { user = "nobody"; profile = "first"; }'
	echo ' );'
}
VARIANTS=20
for ((i = 0; i < VARIANTS; i++)); do variant $i >$D/v$i; done
bad=$(for ((i = 0; i < VARIANTS; i++)); do ebpfguardctl check $D/v$i >/dev/null 2>$D/err || cat $D/err; done)
is "all variants are good" "" "$bad"
cp $D/v0 $FILE
is "the first is in force" 0 "$(ebpfguardctl reload >/dev/null; echo $?)"
guarded() { ebpfguardctl sessions | grep -c ' su '; }
there() { (($(guarded) >= $1)); }
# Two ask twenty times a second, the others every ten: on a busy machine more would be all that it does.
for ((i = 0; i < SESSIONS; i++)); do
	user=alice pause=10000000
	((i % 2)) && user=bob
	((i < 2)) && pause=50000
	setsid su -s /bin/sh -c "exec $T/try watch $D/start $D/end $pause $denied $allowed" $user >$D/out.$i 2>&1 </dev/null &
	((i % 10 != 9)) || until_true 60 there $((i + 1))
done
is "sessions" $SESSIONS "$(guarded)"
touch $D/start

generation() { ebpfguardctl status | sed -n 's/^policy: generation \([0-9]*\).*/\1/p'; }
before=$(generation) start=$SECONDS failed=0
for ((i = 1; i <= RELOADS && (i <= LEAST || SECONDS - start < LIMIT); i++)); do
	cp $D/v$((i * 7 % VARIANTS)) $FILE.new
	mv $FILE.new $FILE
	ebpfguardctl reload >/dev/null 2>>$D/failed || failed=$((failed + 1))
	((i % 50)) || echo "# $i reloads: $((SECONDS - start)) s"
done
RELOADS=$((i - 1))
echo "# $RELOADS reloads: $((SECONDS - start)) s"
is "reloads that failed" 0 $failed
is "each was one" $((before + RELOADS)) "$(generation)"
is "sessions, still" $SESSIONS "$(guarded)"
touch $D/end
wait

# asks of each, wrong of all
cat $D/out.* >$D/outs
is "each has asked" "$SESSIONS" "$(awk '$1 >= 8' $D/outs | wc -l)"
is "two of them: more often than there were reloads" 2 "$(cat $D/out.0 $D/out.1 | awk -v n="$RELOADS" '$1 >= 4 * n' | wc -l)"
echo "# asked $(awk '{ n += $1 } END { print n }' $D/outs) times"
is "wrong verdicts" 0 "$(awk '{ n += $2 } END { print n + 0 }' $D/outs)"
awk '$2 != 0 { print "#   " $0 }' $D/outs | head

# The watcher itself: it notices one that is wrong.
# shellcheck disable=SC2086 # words: verdicts and addresses
is "the control: a wrong verdict is counted" "4 2 18.4.5.6:ok" "$($T/try watch / / 0 $denied $allowed)"

cp /tmp/su.before /etc/pam.d/su
rm -rf $D /etc/ebpfguard.d
printf '%s\n' "$good" >$FILE
is "back" 0 "$(ebpfguardctl reload >/dev/null; echo $?)"
all_over
