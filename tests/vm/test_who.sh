#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# Who tried to reach 18.4.5.6 yesterday, with which program, from which client address and key: the manual page's command,
# as it stands there, among other people's attempts, other days and other destinations.
# shellcheck source=tests/vm/lib.sh
. /srv/t/lib.sh
SCRIPT_NAME="who"
fpr=$(ssh-keygen -lf /root/.ssh/id_ed25519.pub | awk '{ print $2 }')
shown=${fpr:0:20}
good=$(cat /etc/ebpfguard.conf)
echo 'deny = ["18.0.0.0/9"];' >/etc/ebpfguard.conf
ebpfguardctl reload >/dev/null
# Noon, so that no test is on two days. Forward only: what journalctl finds where a clock was put back in one boot is
# another matter.
first=$(date +%F)
at() { date -s "$(date -d "$first 12:00 $1" '+%F %T')" >/dev/null; }
reach() { sh_as "$1" "$2" >/dev/null 2>&1; }

reach carol "nc -w1 18.4.5.6 7000"
at "1 day"
mark
reach bob "nc -w1 18.4.5.7 7000"
reach alice "nc -w1 18.4.5.6 7000; python3 -c 'import socket; socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b\"x\", (\"18.4.5.6\", 53))'; true"
logged "yesterday: in the log" 'DENY sendmsg .*user=alice .* dst=18.4.5.6 port=53 '
at "2 days"
mark
reach carol "nc -w1 18.4.5.6 7000"
logged "today: in the log" 'END session=[0-9]+ user=carol '

command=$(zcat -f /usr/share/man/man8/ebpfguardctl.8* | sed -n 's/^# \(ebpfguardctl events --since yesterday --until today --dst 18\.4\.5\.6\)$/\1/p')
start=$EPOCHREALTIME
out=$(eval "$command" 2>&1)
status=$?
end=$EPOCHREALTIME
echo "# \$ $command: $(((${end/./} - ${start/./}) / 1000)) ms"
printf '# %s\n' "${out//$'\n'/$'\n# '}"
is "who: status" 0 "$status"
is "who: alice alone" "alice alice" "$(awk 'NR > 1 { print $5 }' <<<"$out" | paste -sd' ')"
matches "who: nc, from where, to what, with which key" \
	"$(date -d yesterday +%F) 12:0[0-9]:[0-9]+ DENY +connect +alice +[0-9]+ +10\.99\.0\.2 +/usr/bin/nc\.[a-z]+ +18\.4\.5\.6:7000/tcp +1 +18\.0\.0\.0/9 .*${shown//+/[+]}" "$out"
matches "who: python3" "DENY +sendmsg +alice .* /usr/bin/python3[.0-9]* +18\.4\.5\.6:53/udp " "$out"
is "who: the whole key" "$fpr" "$(eval "$command --json" | jq -r .key | sort -u)"

printf '%s\n' "$good" >/etc/ebpfguard.conf
ebpfguardctl reload >/dev/null
all_over
