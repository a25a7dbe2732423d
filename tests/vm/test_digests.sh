#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# As many digests as a policy may have, and one more.
# shellcheck source=tests/vm/lib.sh
. /srv/t/lib.sh
SCRIPT_NAME=digests
FILE=/etc/ebpfguard.conf
FEED=/etc/ebpfguard-feed
MOST=1048576

good=$(cat $FILE)
exec 3>&1 # the times are for people, also where output is captured
seconds() { # COMMAND...: runs it, and says how long that took here
	local start=$SECONDS status
	"$@"
	status=$?
	echo "# $((SECONDS - start)) s: $*" >&3
	return $status
}
sets() { bpftool map list | grep -c 'name eg_hash_set'; }
generation() { ebpfguardctl status | sed -n 's/^policy: generation \([0-9]*\).*/\1/p'; }
free_mib() { free -m | awk '/^Mem:/ { print $7 }'; }
# Random ones; the programs' at the beginning and the end.
digests() { # N
	sha256sum </srv/d/first | cut -d' ' -f1
	python3 -c 'import os, sys; print(os.urandom(32 * int(sys.argv[1])).hex("\n", 32))' $(($1 - 2))
	sha256sum </srv/d/last | cut -d' ' -f1
}
attempts="$T/try via path /srv/d/first nothing; $T/try via path /srv/d/last nothing; $T/try via path /srv/d/beside nothing"
in_force() { is "$1: denied, denied, beside them" "EPERM EPERM ok" "$(sh_as alice "$attempts" | paste -sd' ')"; }

install -d /srv/d
for name in first last beside; do
	(cat "$T/try"; echo $name) >/srv/d/$name
	chmod 0755 /srv/d/$name
done
is "outside: they work" "ok ok ok" "$(runuser -u alice -- bash -c "$attempts" | paste -sd' ')"
sets_before=$(sets)

digests $MOST >$FEED
is "a feed of as many as there may be" $MOST "$(LC_ALL=C sort -u $FEED | wc -l)"
echo "exec = { deny_sha256_files = [ \"$FEED\" ]; };" >$FILE
seconds ebpfguardctl check >/tmp/check 2>&1
is "check: 0" 0 $?
mib=$(free_mib)
is "reload: 0" 0 "$(seconds ebpfguardctl reload >/dev/null; echo $?)"
echo "# memory: $((mib - $(free_mib))) MiB less than before; helper: $(grep VmHWM "/proc/$(systemctl show -p MainPID --value ebpfguard.service)/status" | tr -s '\t ' ' ')"
bpftool map list | grep -A1 'name eg_hash_set' | sed 's/^/# /'
matches "the log counts them" " digests=$MOST file=" "$(grep -F 'POLICY generation' /var/log/auth.log | tail -n 1)"
in_force "a million"
before=$(generation)

# The same again in a second feed is no more; another one is.
cp $FEED $FEED.2
echo "exec = { deny_sha256_files = [ \"$FEED\", \"$FEED.2\" ]; };" >$FILE
is "all of them twice: 0" 0 "$(seconds ebpfguardctl reload >/dev/null; echo $?)"
in_force "all of them twice"
before=$(generation)
printf '%064d\n' 7 >>$FEED.2
matches "one more: refused, with file, line and the limit" "$FEED.2:$((MOST + 1)): more than $MOST different digests" "$(seconds ebpfguardctl reload 2>&1)"
matches "one more: check says so as well" "$FEED.2:$((MOST + 1)): more than $MOST" "$(ebpfguardctl check 2>&1)"
matches "one more: status shows why" "last error: .*$FEED.2:$((MOST + 1)): " "$(ebpfguardctl status)"
is "one more: the generation is the old one" "$before" "$(generation)"
in_force "one more"

printf '%s\n' "$good" >$FILE
is "back to none: 0" 0 "$(ebpfguardctl reload >/dev/null; echo $?)"
as_before() { [[ $(sets) == "$sets_before" ]]; }
if until_true 60 as_before; then pass "no set is left behind"; else fail "no set is left behind: $(sets)"; fi
is "back to none: nothing is denied" "ok ok ok" "$(sh_as alice "$attempts" | paste -sd' ')"
rm -rf /srv/d $FEED $FEED.2
all_over
