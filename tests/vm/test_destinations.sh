#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# Where records go and how they are written: JSON in syslog, fields in the journal, a file that is rotated, replaced and
# full; and that a log nobody reads holds no login up.
# shellcheck source=tests/vm/lib.sh
. /srv/t/lib.sh
# shellcheck source=tests/vm/logins.sh
. /srv/t/logins.sh
SCRIPT_NAME=destinations
good=$(cat /etc/ebpfguard.conf)
file=/var/log/ebpfguard/ebpfguard.log
denied='deny = [ "18.0.0.0/9" ];'
refused() { is "$1: refused" EPERM "$(sh_as alice "$T/try" connect tcp 18.4.5.6 "$2")"; }
# json EXPRESSION: of the last refusal among the lines on stdin.
json() {
	python3 -c '
import json, sys
found = [json.loads(line) for line in sys.stdin if "\"refusal\"" in line]
r = found[-1] if found else {}
print(eval(sys.argv[1]))' "$1"
}
what='r.get("verdict"), r.get("op"), r.get("user"), r.get("dst"), r.get("port"), r.get("errno"), r.get("service"), type(r.get("mono")).__name__'
is_in() { until_true 20 grep -Eq -- "$2" "$1"; }

mark
configure "$denied" 'log = { format = "json"; };'
refused "json" 7001
logged "json: in syslog" 'ebpfguard-helper\[[0-9]+\]: [{]"event":"refusal",.*"port":7001,'
is "json: what is in it" "('deny', 'connect', 'alice', '18.4.5.6', 7001, 'EPERM', 'sshd', 'float')" \
	"$(since_mark | grep -o '{.*' | json "$what")"
logged "json: the end" '[{]"event":"end",.*"user":"alice",.*"refused":1,'

configure "$denied" 'log = { destination = "journal"; facility = "local3"; };'
refused "journal" 7002
in_journal() { journalctl --sync; journalctl -q --no-pager -o cat EBPFGUARD_PORT=7002 EBPFGUARD_VERDICT=deny "$@" | grep -q .; }
if until_true 20 in_journal; then pass "journal: by its fields"; else fail "journal: by its fields"; fi
session=$(journalctl -q --no-pager -o json EBPFGUARD_PORT=7002 | python3 -c 'import json,sys; print(json.loads(sys.stdin.readline())["EBPFGUARD_SESSION"])')
matches "journal: journalctl EBPFGUARD_SESSION=$session has the line" "DENY connect session=$session user=alice .* mono=[0-9.]+" \
	"$(journalctl -q --no-pager -o cat "EBPFGUARD_SESSION=$session" EBPFGUARD_EVENT=refusal)"
is "journal: facility, priority, unit" "19 5 ebpfguard.service" "$(journalctl -q --no-pager -o json EBPFGUARD_PORT=7002 |
	python3 -c 'import json,sys; r=json.loads(sys.stdin.readline()); print(r["SYSLOG_FACILITY"], r["PRIORITY"], r["_SYSTEMD_UNIT"])')"

mark
configure "$denied" 'log = { destination = "file"; };'
refused "file" 7003
if is_in $file 'DENY .* port=7003 .* mono=[0-9]+[.][0-9]{3}$'; then pass "file: it is there"; else fail "file: it is there"; fi
is "file: mode and owner" "640 root" "$(stat -c '%a %U' $file)"
matches "file: events reads it" "DENY +connect .*18.4.5.6:7003/tcp" "$(ebpfguardctl events --port 7003)"
is "file: and syslog has none" 0 "$(since_mark | grep -c ' DENY ')"
mv $file $file.1
sleep 1.1
refused "rotated" 7004
if is_in $file 'DENY .* port=7004 '; then pass "rotated: into the new one"; else fail "rotated: into the new one"; fi
# In one step: else a line that comes late makes the file anew before.
ln -s /etc/forged $file.link
mv -T $file.link $file
out=$(ebpfguardctl reload 2>&1)
matches "a link: refused, with the line" '/etc/ebpfguard.conf(:[0-9]+)?: log.file: cannot write .*symbolic' "$out"
refused "a link: the old rules stay" 7005
is "a link: is not followed" no "$([[ -e /etc/forged ]] && echo yes || echo no)"
rm -f $file
# A small disk in its place that is full.
mount -t tmpfs -o size=64k,mode=0755 tmpfs /var/log/ebpfguard
systemctl restart ebpfguard.service
dd if=/dev/zero of=/var/log/ebpfguard/fill bs=1k 2>/dev/null
mark
# More than what the file's last page has room for.
is "full: each is refused" "31 EPERM" "$(sh_as alice "for p in {7100..7130}; do $T/try connect tcp 18.4.5.6 \$p; done" | sort | uniq -c | xargs)"
logged "full: it is said" 'cannot write /var/log/ebpfguard/ebpfguard.log: '
rm -f /var/log/ebpfguard/fill
until_true 30 grep -q ' END .*user=alice .* connect=31 ' $file || sleep 1.1
refused "room again" 7007
# Of that session: the one before may have a line left out, too, while the link was there.
number=$(sed -n 's/.* END session=\([0-9]*\) .* connect=31 .*/\1/p' $file)
lines=$(grep -Ec ' DENY connect .* port=71[0-3][0-9] .* mono=[0-9]+[.][0-9]{3}$' $file)
left_out=$(sed -n "s/.* SUPPRESSED session=$number .* count=\([0-9]*\) .*/\1/p" $file | paste -sd+ | sed 's/^$/0/')
is "room again: what the file did not take is counted" 31 "$((lines + left_out))"
((lines + left_out == 31)) || sed 's/^/# | /' $file
if is_in $file 'DENY .* port=7007 .* mono=[0-9]+[.][0-9]{3}$'; then pass "room again: written"; else fail "room again: written"; fi
umount -l /var/log/ebpfguard
systemctl restart ebpfguard.service # a mount namespace that was made with the small disk in it keeps it

# Nobody reads: logins go on. Three of them write too little to fill the socket, so that is done here.
cat >/srv/fill.py <<'E2'
import errno, socket
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.setblocking(False)
s.connect("/run/systemd/journal/socket")
try:
    for _ in range(100000):
        s.send(b"MESSAGE=full\n")
    print("took all")
except OSError as e:
    print(errno.errorcode[e.errno])
E2
# logins WHAT: three of them; how long they take in milliseconds, in $took.
logins() {
	local start=${EPOCHREALTIME/./} i
	for i in 1 2 3; do refused "$1, login $i" $((7010 + i)); done
	took=$(((${EPOCHREALTIME/./} - start) / 1000))
}
configure "$denied" 'log = { destination = "journal"; };'
is "journald's own limit is lifted" 0 "$(systemctl show -P LogRateLimitIntervalUSec ebpfguard.service)"
logins "journald reads"
usual=$took
journald=$(systemctl show -P MainPID systemd-journald.service)
kill -STOP "$journald"
is "journald stopped: the socket takes no more" EAGAIN "$(python3 /srv/fill.py)"
logins "journald stopped"
is "journald stopped: all the while" "T (stopped) EAGAIN" "$(sed -n 's/^State:\t//p' "/proc/$journald/status") $(python3 /srv/fill.py)"
kill -CONT "$journald"
# pam_unix, logind and sshd want to write as well, and some wait for a while.
if ((took < 3 * usual + 10000)); then
	pass "journald stopped: three logins took $took ms, before $usual"
else
	fail "journald stopped: three logins took $took ms, before $usual"
fi
rm /srv/fill.py

printf '%s\n' "$good" >/etc/ebpfguard.conf
ebpfguardctl reload
all_over
