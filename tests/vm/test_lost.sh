#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# Nobody empties the buffer of events: what is refused is refused all the same, and each refusal is in a line, or counted as
# left out by the limit of lines, or counted as lost.
# shellcheck source=tests/vm/lib.sh
. /srv/t/lib.sh
# shellcheck source=tests/vm/cases.sh
. /srv/t/cases.sh
SCRIPT_NAME=lost
N=4000 # of the 2,200 that the buffer has room for
W=/srv/lost
mkdir -p $W
chmod 1777 $W

cat >$W/refused.py <<'E2'
import errno, os, socket, sys, time
where, n = sys.argv[1], int(sys.argv[2])
open(where + "/ready", "w").close()
while not os.path.exists(where + "/go"):
    time.sleep(0.1)
s, said = socket.socket(socket.AF_INET, socket.SOCK_DGRAM), {}
for _ in range(n):
    try:
        s.connect(("18.4.5.6", 9))
        word = "ok"
    except OSError as e:
        word = errno.errorcode[e.errno]
    said[word] = said.get(word, 0) + 1
with open(where + "/new", "w") as f:
    print(*(f"{said[word]} {word}" for word in sorted(said)), file=f)
os.rename(where + "/new", where + "/said")
E2

echo 'deny = ["18.0.0.0/9"];' >$W/conf
good=$(cat /etc/ebpfguard.conf)
cat $W/conf >/etc/ebpfguard.conf
ebpfguardctl reload >/dev/null
is "outside: none is refused" "$N ok" "$(mkdir -m 1777 $W/out; touch $W/out/go; runuser -u alice -- python3 $W/refused.py $W/out $N; cat $W/out/said)"

watchdog off
mark
sh_as alice "python3 $W/refused.py $W $N" &
login=$!
until_true 60 test -e $W/ready
pid=$(systemctl show -P MainPID ebpfguard.service)
kill -STOP "$pid"
touch $W/go
until_true 300 test -e $W/said
is "with nobody to listen: every one is refused" "$N EPERM" "$(cat $W/said)"
kill -CONT "$pid"
wait $login
session_ended alice
lost=$(counted LOST)
left_out=$(counted SUPPRESSED)
matches "the totals: all of them" " refused=$N audited=0 lost=[1-9][0-9]* connect=$N host=" "$END"
is "what the kernel could not write is what is counted as lost" "$lost" "$(sed -n 's/.* lost=\([0-9]*\).*/\1/p' <<<"$END")"
is "lines, left out ($left_out) and lost ($lost): all of them" $N $(($(lines_of '[a-z]+') + left_out + lost))
echo "# $END"
is "and then: refused" EPERM "$(sh_as alice "$T/try connect udp 18.4.5.6 9")"

printf '%s\n' "$good" >/etc/ebpfguard.conf
watchdog on
rm -rf $W
all_over
