#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# What the helper has counted is what was done: refusals, sessions, logins, reloads; over the end of a session, a reload
# that fails, a helper that is stopped and one that is killed. And the unit that writes it for node_exporter works as
# hardened as it is.
# shellcheck source=tests/vm/lib.sh
. /srv/t/lib.sh
SCRIPT_NAME=metrics
good=$(cat /etc/ebpfguard.conf)
start_anew

metric() { # SERIES: its value now; 0 when it is not there
	ebpfguardctl metrics | awk -v want="$1" '{ value = $NF; sub(/ [^ ]*$/, "") } $0 == want { print value; found = 1 } END { if (!found) print 0 }'
}
refused() { metric "ebpfguard_refusals_total{profile=\"default\",operation=\"$1\",layer=\"$2\",verdict=\"deny\"}"; }
grown() { [[ $(metric "$1") -ge $2 ]]; }

printf '%s\n' 'deny = [' '  "18.0.0.0/9"' '];' >/etc/ebpfguard.conf
ebpfguardctl reload
is "nothing yet: up" 1 "$(metric ebpfguard_up)"
is "nothing yet: enforcing" 1 "$(metric ebpfguard_enforcing)"
is "nothing yet: refusals" 0 "$(refused connect call)"
is "nothing yet: logins" 0 "$(metric ebpfguard_login_duration_seconds_count)"

# ---- a session

sh_as alice "for i in 1 2 3; do $T/try connect tcp 18.4.5.6 7000; done" >/dev/null
until_true 60 grown 'ebpfguard_sessions_ended_total{profile="default"}' 1
is "a session: began" 1 "$(metric 'ebpfguard_sessions_opened_total{profile="default"}')"
is "a session: ended" 1 "$(metric 'ebpfguard_sessions_ended_total{profile="default"}')"
is "a session: is over" 0 "$(metric 'ebpfguard_sessions{profile="default"}')"
is "a session: refusals, which stay" 3 "$(refused connect call)"
is "a session: by what" 3 "$(metric 'ebpfguard_rule_hits_total{profile="default",rule="2",source="/etc/ebpfguard.conf"}')"
is "a session: its login" 1 "$(metric ebpfguard_login_duration_seconds_count)"
is "a session: none was refused" 0 "$(ebpfguardctl metrics | awk '/^ebpfguard_logins_refused_total/ { n += $NF } END { print n }')"

# ---- who hangs up before the answer, or while it is sent: the helper does not mind

pid=$(systemctl show -P MainPID ebpfguard.service)
# Each time a little later. How long it takes to ask at all depends on the machine: until some have been heard.
hang_ups=0 reloads=0
while ((hang_ups < 30 || (reloads < 2 && hang_ups < 300))); do
	hang_ups=$((hang_ups + 1))
	after=0.$(printf %02d $((hang_ups % 60 + 1)))
	timeout -s KILL "$after" ebpfguardctl metrics >/dev/null 2>&1
	timeout -s KILL "$after" ebpfguardctl reload >/dev/null 2>&1
	((hang_ups % 30)) || reloads=$(metric 'ebpfguard_reloads_total{result="success"}')
done
ebpfguardctl reload
is "hang-ups: the helper is the same" "$pid" "$(systemctl show -P MainPID ebpfguard.service)"
if ((reloads > 1)); then pass "hang-ups: there were reloads ($reloads, of $hang_ups)"; else fail "hang-ups: there were reloads ($reloads, of $hang_ups)"; fi
reloads=$(metric 'ebpfguard_reloads_total{result="success"}')

# ---- reloads

echo 'deny = [' >/etc/ebpfguard.conf
ebpfguardctl reload 2>/dev/null
is "a reload that fails" "1 1" "$(metric 'ebpfguard_reloads_total{result="failure"}') $(metric ebpfguard_policy_load_failed)"
printf '%s\n' 'deny = [' '  "18.0.0.0/9"' '];' >/etc/ebpfguard.conf
ebpfguardctl reload
is "one that does not" "$((reloads + 1)) 0" "$(metric 'ebpfguard_reloads_total{result="success"}') $(metric ebpfguard_policy_load_failed)"

# ---- the next helper: what happened meanwhile counts, what the last one has written to the log does not count again

# begin PORT...: a session that tries these, and two more when told to.
begin() {
	rm -f /tmp/ready /tmp/go /tmp/done
	mark
	sh_as alice "nohup sh -c 'for p in $*; do $T/try connect tcp 18.4.5.6 \$p; done; >/tmp/ready; while [ ! -e /tmp/go ]; do sleep 0.2; done
		for p in 7011 7012; do $T/try connect tcp 18.4.5.6 \$p; done; >/tmp/done; sleep 600' </dev/null >/dev/null 2>&1 &"
	until_true 60 test -e /tmp/ready
}
meanwhile() {
	: >/tmp/go
	until_true 60 test -e /tmp/done
}
end() { # WHAT COUNT
	is "$1: a session" 1 "$(metric 'ebpfguard_sessions{profile="default"}')"
	pkill -u alice -x sleep
	until_true 60 grown 'ebpfguard_sessions_ended_total{profile="default"}' 1
	is "$1: counted once" "$2" "$(refused connect call)"
}

begin 7000 7000 7000 7000
is "before it is stopped" 7 "$(refused connect call)"
is "before it is stopped: a session" 1 "$(metric 'ebpfguard_sessions{profile="default"}')"
systemctl stop ebpfguard.service ebpfguard.socket
out=$(ebpfguardctl metrics 2>/dev/null)
is "no helper: status, and what is said" "1 0" "$? $(awk '$1 == "ebpfguard_up" { print $2 }' <<<"$out")"
meanwhile
systemctl start ebpfguard.socket
until_true 120 systemctl start ebpfguard.service 2>/dev/null
is "after a stop: what happened meanwhile" 2 "$(refused connect call)"
end "after a stop" 2

# One that is killed leaves a line of which it is not known whether it is in the log.
begin 7001 7002 7003 7004
is "before it is killed" 6 "$(refused connect call)"
until_true 30 log_has 'DENY connect .* port=7004 ' || fail "before it is killed: in the log"
dropin=/run/systemd/system/ebpfguard.service.d
mkdir -p $dropin
printf '[Service]\nRestart=no\n' >$dropin/stays.conf
systemctl daemon-reload
systemctl kill -s KILL ebpfguard.service
down() { ! systemctl is-active --quiet ebpfguard.service; }
until_true 30 down
meanwhile
is "killed: nobody has started another" failed "$(systemctl is-active ebpfguard.service)"
rm -r $dropin
systemctl daemon-reload
until_true 120 systemctl start ebpfguard.service 2>/dev/null
n=$(refused connect call)
if ((n >= 2 && n <= 3)); then pass "after a kill: what happened meanwhile ($n)"; else fail "after a kill: what happened meanwhile ($n)"; fi
end "after a kill" "$n"

# ---- for node_exporter

dir=/var/lib/prometheus/node-exporter
install -d -o nobody "$dir"
systemctl start ebpfguard-metrics.service
is "the unit: result" success "$(systemctl show -P Result ebpfguard-metrics.service)"
is "the unit: the file" "644 1" "$(stat -c %a "$dir/ebpfguard.prom") $(awk '$1 == "ebpfguard_up" { print $2 }' "$dir/ebpfguard.prom")"
is "the unit: nothing besides" ebpfguard.prom "$(ls "$dir")"
systemctl stop ebpfguard.service ebpfguard.socket
systemctl start ebpfguard-metrics.service 2>/dev/null
is "the unit without a helper: result" exit-code "$(systemctl show -P Result ebpfguard-metrics.service)"
is "the unit without a helper: the file" 0 "$(awk '$1 == "ebpfguard_up" { print $2 }' "$dir/ebpfguard.prom")"
is "the timer is off" disabled "$(systemctl is-enabled ebpfguard-metrics.timer)"
systemctl start ebpfguard-metrics.timer
rm -f "$dir/ebpfguard.prom"
until_true 60 test -e "$dir/ebpfguard.prom"
is "the timer: the file" yes "$([[ -e $dir/ebpfguard.prom ]] && echo yes)"
systemctl stop ebpfguard-metrics.timer

printf '%s\n' "$good" >/etc/ebpfguard.conf
systemctl start ebpfguard.socket
until_true 120 systemctl start ebpfguard.service 2>/dev/null
all_over
