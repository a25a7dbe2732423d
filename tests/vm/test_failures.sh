#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# When the helper is away or its configuration is broken: who gets in, who does not, and what the log says.
# shellcheck source=tests/vm/lib.sh
. /srv/t/lib.sh
SCRIPT_NAME=failures

pam_line() { sed -i "s/^session required pam_ebpfguard.so.*/session required pam_ebpfguard.so $*/" /etc/pam.d/sshd; }
# login USER: "in" or "out".
login() { [[ $(sh_as "$1" echo in 2>/dev/null) == in ]] && echo in || echo out; }
milliseconds() { echo $(($(date +%s%N) / 1000000)); }

systemctl mask --now --quiet ebpfguard.socket ebpfguard.service 2>/dev/null
systemctl stop ebpfguard.service ebpfguard.socket
is "the helper is away" inactive "$(systemctl is-active ebpfguard.service)"

mark
pam_line "exempt_user=carol"
start=$(milliseconds)
is "onerr=fail refuses alice" out "$(login alice)"
elapsed=$(($(milliseconds) - start))
logged "onerr=fail: the log says why and what happens" "pam_ebpfguard\(sshd:session\): .*(/run/ebpfguard/helper.sock|helper).*refused"
echo "# a refused login took $elapsed ms here"

mark
is "an exempt user gets in" in "$(login carol)"
is "an exempt user's session is not guarded" ok "$(sh_as carol "$T/try connect udp 18.4.5.6 9")"
logged "exempt: reported" "pam_ebpfguard\(sshd:session\): .*exempt.*carol"

mark
pam_line "onerr=succeed exempt_user=carol"
is "onerr=succeed lets alice in" in "$(login alice)"
logged "onerr=succeed: said, and that the session is not guarded" "pam_ebpfguard\(sshd:session\): .*alice.*NOT guarded"
is "onerr=succeed: an exempt user gets in as well" in "$(login carol)"
# Its priority is alert: the journal keeps it.
matches "onerr=succeed: at LOG_ALERT" "NOT guarded" "$(journalctl -q -p alert --no-pager | tail -n 3)"

# The socket is there, nobody answers: the deadline holds.
mark
pam_line "timeout=1500"
mkdir -p /run/ebpfguard
rm -f /run/ebpfguard/helper.sock
python3 -c '
import socket, time
s = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
s.bind("/run/ebpfguard/helper.sock")
s.listen(8)
time.sleep(60)' &
silent=$!
until_true 10 test -S /run/ebpfguard/helper.sock
start=$(milliseconds)
is "a silent helper: refused" out "$(login alice)"
elapsed=$(($(milliseconds) - start))
logged "a silent helper: the log says so" "pam_ebpfguard\(sshd:session\): .*did not answer in time.*login refused"
echo "# that login took $elapsed ms here"
kill $silent
rm -f /run/ebpfguard/helper.sock
# From here on logins wait for a helper that is just starting: emulated, its start takes longer than the default allows.
pam_line "timeout=30000"

systemctl unmask --quiet ebpfguard.socket ebpfguard.service 2>/dev/null
systemctl start ebpfguard.socket
# Nobody starts the service: the login does, through the socket.
is "socket activation: a login starts the helper" in "$(login alice)"
is "the helper runs" active "$(systemctl is-active ebpfguard.service)"

# 50 rapid kills, each of a process of its own: the socket unit is never given up, and a login works after.
kills=0 last=0 end=$((SECONDS + 240))
while ((kills < 50 && SECONDS < end)); do
	pid=$(systemctl show -p MainPID --value ebpfguard.service)
	((pid > 0 && pid != last)) || continue
	kill -9 "$pid" && kills=$((kills + 1)) last=$pid
done
is "50 helpers were killed" 50 "$kills"
is "after 50 kills the socket unit is active" active "$(systemctl is-active ebpfguard.socket)"
until_true 120 eval '[[ $(systemctl is-active ebpfguard.service) == active ]]'
is "after 50 kills the service unit is active, too" active "$(systemctl is-active ebpfguard.service)"
is "after 50 kills a login works" in "$(login alice)"
is "after 50 kills it is guarded" EPERM "$(sh_as alice "$T/try connect udp 18.4.5.6 9")"

# A session that was open when the helper died is guarded without it, adopted by the next, and its end is noticed.
sh_as alice 'for i in {1..300}; do if [ -e /tmp/go ]; then rm -f /tmp/go; '"$T/try connect udp 18.4.5.6 9"' >/tmp/went; fi; sleep 0.1; done' &
until_true 20 pgrep -u alice -f 'tmp/went' >/dev/null
systemctl stop ebpfguard.service ebpfguard.socket
runuser -u alice -- touch /tmp/go
until_true 20 test -s /tmp/went
is "helper gone: an open session is still guarded" EPERM "$(cat /tmp/went)"
mark
systemctl start ebpfguard.socket ebpfguard.service
logged "restart: pins taken over" "ENFORCING .* start=\"pins taken over\""
logged "restart: the session is taken up" "took over [0-9]+ sessions"
logged "restart: the refusal that happened meanwhile is reported" "DENY connect session=[0-9]+ user=alice .* dst=18.4.5.6 "
pkill -u alice -f 'tmp/went'
logged "restart: the end of the session is noticed" "END session=[0-9]+ user=alice "

# A broken configuration: refused whole, the old policy stays; after a restart the last good one is in force.
good=$(cat /etc/ebpfguard.conf)
mark
echo 'dney = ["10.0.0.0/8"];' >/etc/ebpfguard.conf
is "ebpfguard-helper -t: 1 for a bad file" 1 "$(ebpfguard-helper -t >/dev/null 2>&1; echo $?)"
is "ebpfguard-helper --unload: not while one runs" 1 "$(ebpfguard-helper --unload >/dev/null 2>&1; echo $?)"
systemctl reload ebpfguard 2>/dev/null
logged "bad configuration: file, line and what is wrong" "/etc/ebpfguard.conf:1: unknown key .*dney.*deny.*the policy in force stays"
is "bad configuration: the old policy stays" EPERM "$(sh_as alice "$T/try connect udp 18.4.5.6 9")"
is "ebpfguardctl check: 1" 1 "$(ebpfguardctl check >/dev/null 2>&1; echo $?)"
is "ebpfguardctl status: 1" 1 "$(ebpfguardctl status >/dev/null 2>&1; echo $?)"
is "ebpfguardctl reload: 1" 1 "$(ebpfguardctl reload >/dev/null 2>&1; echo $?)"
mark
systemctl restart ebpfguard.service
logged "restart with a bad configuration: the last good one" "the last good configuration is enforced instead"
is "restart with a bad configuration: guarded" EPERM "$(sh_as alice "$T/try connect udp 18.4.5.6 9")"
rm -f /var/lib/ebpfguard/last-good.conf
systemctl restart ebpfguard.service
is "no configuration at all: refused" out "$(login alice)"
pam_line "exempt_user=carol"
is "no configuration at all: the exempt administrator gets in" in "$(login carol)"
pam_line "timeout=30000"
printf '%s\n' "$good" >/etc/ebpfguard.conf
is "ebpfguard-helper -t: 0 for a good file" 0 "$(ebpfguard-helper -t >/dev/null 2>&1; echo $?)"
is "ebpfguardctl reload: 0" 0 "$(ebpfguardctl reload >/dev/null 2>&1; echo $?)"
is "mended: guarded" EPERM "$(sh_as alice "$T/try connect udp 18.4.5.6 9")"

# Everything denied, loopback by name: sshd's own connection was made outside and lives on.
printf '%s\n' 'deny = ["0.0.0.0/0", "::/0", "127.0.0.0/8", "::1"];' 'setuid = { deny = true; };' 'mount = { deny = true; };' >/etc/ebpfguard.conf
ebpfguardctl reload >/dev/null
is "all denied: log in, work, log out" "work EPERM EPERM 0" \
	"$({ sh_as alice "echo work; $T/try connect udp 10.1.2.3 9; $T/try connect udp 127.0.0.1 9"; echo $?; } | paste -sd' ')"
out=$(peer ssh -tt "alice@$HOST" 'tty >/dev/null && echo terminal; exit 7' </dev/null 2>/dev/null | tr -d '\r')
is "all denied: an interactive login" "terminal" "$out"
is "all denied: exit status comes back" 7 "$(sh_as alice 'exit 7'; echo $?)"

# Without logind the leaf stands in our own directory, and the session is guarded all the same.
sed -i.was '/pam_systemd/d' /etc/pam.d/common-session
printf '%s\n' "$good" >/etc/ebpfguard.conf
ebpfguardctl reload >/dev/null
out=$(sh_as bob "$T/try connect udp 10.1.2.3 9; $T/try connect udp 18.4.5.6 9; cat /proc/self/cgroup" | paste -sd' ')
matches "no logind session: guarded, in a leaf of our own directory" \
	'^ok EPERM 0::/ebpfguard/ebpfguard-[0-9a-f]{16}$' "$out"
mv /etc/pam.d/common-session.was /etc/pam.d/common-session

# Audit: reported, not refused.
mark
printf '%s\n' 'mode = "audit";' 'deny = ["18.0.0.0/9"];' 'setuid = { deny = true; };' >/etc/ebpfguard.conf
ebpfguardctl reload >/dev/null
is "audit: nothing is refused" "ok ok" \
	"$(sh_as alice "$T/try connect udp 18.4.5.6 9; $T/try exec /usr/bin/sudo -n true" | paste -sd' ')"
logged "audit: reported" "AUDIT connect session=[0-9]+ user=alice .* dst=18.4.5.6 .* rule=18.0.0.0/9 errno=0"
logged "audit: exec reported" "AUDIT exec session=[0-9]+ user=alice .* path=/usr/bin/sudo "

printf '%s\n' "$good" >/etc/ebpfguard.conf
mark
systemctl kill -s HUP ebpfguard.service
logged "SIGHUP reloads" "POLICY generation=[0-9]+ mode=enforce "
is "ebpfguardctl explain: deny" 1 "$(ebpfguardctl explain alice connect 18.4.5.6:443/tcp >/dev/null; echo $?)"
is "ebpfguardctl explain: allow" 0 "$(ebpfguardctl explain alice connect 10.1.2.3:443/tcp >/dev/null; echo $?)"
all_over
