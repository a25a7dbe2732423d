#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# The units at work: what the helper may do while it runs, in which order things start, what happens to sshd when the helper
# cannot start, and to a helper that hangs.
# shellcheck source=tests/vm/lib.sh
. /srv/t/lib.sh
SCRIPT_NAME=boot

pam_line() { sed -i "s/^session required pam_ebpfguard.so.*/session required pam_ebpfguard.so $*/" /etc/pam.d/sshd; }
# login USER: "in" or "out".
login() { [[ $(sh_as "$1" echo in 2>/dev/null) == in ]] && echo in || echo out; }
show() { systemctl show --value -p "$2" "$1"; }
helper_pid() { show ebpfguard.service MainPID; }
helper_is() { [[ $(systemctl is-active ebpfguard.service) == "$1" ]]; }
is_new_helper() { [[ $(helper_pid) != 0 && $(helper_pid) != "$1" ]] && helper_is active; }

# mask CAPABILITY...: as /proc/PID/status has it.
mask() {
	local name set=0
	for name; do
		case $name in
		CAP_DAC_OVERRIDE) set=$((set | 1 << 1)) ;;
		CAP_DAC_READ_SEARCH) set=$((set | 1 << 2)) ;;
		CAP_NET_ADMIN) set=$((set | 1 << 12)) ;;
		CAP_SYS_PTRACE) set=$((set | 1 << 19)) ;;
		CAP_SYS_ADMIN) set=$((set | 1 << 21)) ;;
		CAP_PERFMON) set=$((set | 1 << 38)) ;;
		CAP_BPF) set=$((set | 1 << 39)) ;;
		*) echo "$name?" ;;
		esac
	done
	printf '%016x\n' "$set"
}
# of FIELD: what all threads of the helper have there.
of() { awk -v f="$1:" '$1 == f { print $2 }' "/proc/$(helper_pid)/task/"*/status | sort -u | paste -sd' '; }

# override LINE...: a drop-in for the service, in [Service]; without lines there is none.
DROP_IN=/run/systemd/system/ebpfguard.service.d/zz-boot.conf # after that of tests/vm/product.sh
override() {
	mkdir -p "${DROP_IN%/*}"
	if (($#)); then printf '%s\n' '[Service]' "$@" >"$DROP_IN"; else rm -f "$DROP_IN"; fi
	systemctl daemon-reload
}

# Everything starts as at boot: in one transaction, with the order that the units ask for. Prints how many seconds it took
# until sshd ran, or that it does not.
cat >/run/systemd/system/eg-boot.target <<'E2'
[Unit]
Wants=ebpfguard.socket ebpfguard.service ssh.service
After=ebpfguard.socket ebpfguard.service ssh.service
E2
boot() {
	local start
	systemctl stop eg-boot.target ssh.service ebpfguard.service ebpfguard.socket
	systemctl reset-failed ssh.service ebpfguard.service ebpfguard.socket 2>/dev/null
	start=$SECONDS
	timeout 600 systemctl start eg-boot.target
	if [[ $(systemctl is-active ssh.service) == active ]]; then echo $((SECONDS - start)); else echo never; fi
}
# is_below DESCRIPTION LIMIT NUMBER
is_below() { if [[ $3 =~ ^[0-9]+$ ]] && (($3 < $2)); then pass "$1"; else fail "$1: $3, not below $2"; fi; }

# --- while it runs
first=$(helper_pid)
read -ra listed < <(sed -n 's/^CapabilityBoundingSet=//p' "$(show ebpfguard.service FragmentPath)" | paste -sd' ')
read -ra kept <<<"$(printf '%s\n' "${listed[@]}" | grep -vxE 'CAP_PERFMON|CAP_DAC_OVERRIDE' | paste -sd' ')"
is "seven capabilities are listed" "7 5" "${#listed[@]} ${#kept[@]}"
is "the helper may have no others" "$(mask "${listed[@]}")" "$(of CapBnd)"
is "the helper has those that are listed, but those of the start" "$(mask "${kept[@]}")" "$(of CapPrm)"
is "they are in effect" "$(mask "${kept[@]}")" "$(of CapEff)"
is "none is inherited" "0000000000000000 0000000000000000" "$(of CapInh) $(of CapAmb)"
is "nothing that it executes gets more; system calls are filtered" "1 2" "$(of NoNewPrivs) $(of Seccomp)"
is "a network of its own" differs \
	"$([[ $(readlink "/proc/$first/ns/net") == "$(readlink /proc/1/ns/net)" ]] && echo same || echo differs)"
in_mounts() { nsenter -t "$first" -m -- "$@" 2>&1; }
matches "it cannot write to /sys" 'Read-only file system' "$(in_mounts mkdir /sys/fs/cgroup/../x)"
is "but to its pins and to cgroups" "0 0" \
	"$(in_mounts rmdir --ignore-fail-on-non-empty /sys/fs/bpf/ebpfguard; echo $?) $(in_mounts mkdir /sys/fs/cgroup/eg-boot && in_mounts rmdir /sys/fs/cgroup/eg-boot; echo $?)"
is "memory and tasks are limited" "yes 128" \
	"$([[ $(show ebpfguard.service MemoryMax) =~ ^[0-9]+$ ]] && echo yes) $(show ebpfguard.service TasksMax)"
is "its directory for leaves is open to who is in them" 755 "$(stat -c %a /sys/fs/cgroup/ebpfguard)"
is "systemctl reload works under the same limits" 0 "$(systemctl reload ebpfguard.service >/dev/null 2>&1; echo $?)"
if log_has 'ebpfguard-helper.*: (without CAP_|cannot give up)'; then fail "no capability is missed"; else pass "no capability is missed"; fi

# --- in order
is_below "as at boot: sshd runs" 300 "$(boot)"
is "as at boot: the helper runs" active "$(systemctl is-active ebpfguard.service)"
ready=$(show ebpfguard.service ActiveEnterTimestampMonotonic)
sshd=$(show ssh.service ExecMainStartTimestampMonotonic)
if ((ready > 0 && ready <= sshd)); then
	pass "sshd starts when the helper is ready"
else
	fail "sshd starts when the helper is ready: at $sshd, it was at $ready"
fi
is "as at boot: a login is guarded" EPERM "$(sh_as alice "$T/try connect udp 18.4.5.6 9")"

# Between two tries of a helper systemd begins what has waited for the first. In this machine the 100 ms of the unit are
# often over before it has come to that, and then sshd waits for the next try.
SLOW=RestartSec=3s

# --- a helper that crashes as soon as it starts
pam_line "timeout=2000 exempt_user=carol"
override ExecStart= ExecStart=/bin/false $SLOW
is_below "it crashes at start: sshd runs all the same" 60 "$(boot)"
is "it crashes at start: alice is refused, carol is exempt" "out in" "$(login alice) $(login carol)"
override ExecStart= ExecStart=/bin/false
sleep 10
is "it crashes at start, again and again: the socket is there" active "$(systemctl is-active ebpfguard.socket)"
crashes=$(show ebpfguard.service NRestarts)
if ((crashes >= 5)); then pass "it crashes at start: it is tried more than five times"; else fail "it crashes at start: tried $crashes times"; fi
pam_line "timeout=2000 onerr=succeed"
is "it crashes at start, and onerr=succeed" in "$(login alice)"
pam_line "timeout=30000"
override
# Nobody starts anything: that was the last crash.
if until_true 120 helper_is active; then pass "mended: it starts by itself"; else fail "mended: it starts by itself"; fi
is "mended: a login is guarded" EPERM "$(sh_as alice "$T/try connect udp 18.4.5.6 9")"

# --- a helper that never gets ready
pam_line "timeout=2000 exempt_user=carol"
override ExecStart= 'ExecStart=/bin/sleep infinity' TimeoutStartSec=8 $SLOW
took=$(boot)
is_below "it hangs at start: sshd waits for its time-out, not for ever" 60 "$took"
if [[ $took =~ ^[0-9]+$ ]] && ((took >= 7)); then pass "it hangs at start: sshd did wait"; else fail "it hangs at start: sshd did wait: $took s"; fi
is "it hangs at start: alice is refused, carol is exempt" "out in" "$(login alice) $(login carol)"
pam_line "timeout=30000"
override
systemctl restart ebpfguard.service
is "mended: a login works" in "$(login alice)"

# --- a configuration that is wrong, and none before it
good=$(cat /etc/ebpfguard.conf)
echo 'dney = ["10.0.0.0/8"];' >/etc/ebpfguard.conf
rm -f /var/lib/ebpfguard/last-good.conf
pam_line "timeout=30000 exempt_user=carol"
is_below "no configuration: sshd runs" 300 "$(boot)"
is "no configuration: the helper runs, alice is refused, carol is exempt" "active out in" \
	"$(systemctl is-active ebpfguard.service) $(login alice) $(login carol)"
printf '%s\n' "$good" >/etc/ebpfguard.conf
is "mended: reload is enough" "0 in" "$(ebpfguardctl reload >/dev/null 2>&1; echo $?) $(login alice)"
pam_line "timeout=30000"

# --- a helper that hangs while it runs
limit=$(($(show ebpfguard.service WatchdogUSec | sed 's/s$//')))
is "the watchdog's time" 30 "$limit"
until_true $((limit + 15)) false
pid=$(helper_pid)
is "one that turns is left alone" "0 active" "$(show ebpfguard.service NRestarts) $(systemctl is-active ebpfguard.service)"
sh_as alice 'for i in {1..1000}; do if [ -e /tmp/go ]; then rm -f /tmp/go; '"$T/try connect udp 18.4.5.6 9"' >/tmp/went.new; mv /tmp/went.new /tmp/went; fi; sleep 0.2; done' &
loop=$!
goes() { # what alice's session gets now
	rm -f /tmp/went
	runuser -u alice -- touch /tmp/go
	until_true 20 test -s /tmp/went
	cat /tmp/went
}
is "a session before it hangs: guarded" EPERM "$(goes)"
mark
kill -STOP "$pid"
began=$SECONDS
is "it hangs: the session is guarded" EPERM "$(goes)"
if until_true $((limit + 60)) is_new_helper "$pid"; then
	pass "it hangs: another takes its place"
else
	fail "it hangs: another takes its place"
	kill -CONT "$pid"
fi
echo "# after $((SECONDS - began)) s"
matches "it hangs: killed by the watchdog" 'Watchdog timeout' "$(journalctl -q --no-pager -u ebpfguard.service -n 30)"
logged "the next helper: pins taken over" "ENFORCING .*start=\"pins taken over\""
logged "the next helper: the session is taken up" "took over [0-9]+ sessions"
logged "the next helper: what was refused meanwhile is reported" "DENY connect session=[0-9]+ user=alice .* dst=18.4.5.6 "
is "the next helper: the session is guarded" EPERM "$(goes)"
is "the next helper: a login is guarded" EPERM "$(sh_as alice "$T/try connect udp 18.4.5.6 9")"
is "the next helper has no more capabilities" "$(mask "${kept[@]}")" "$(of CapEff)"
pkill -u alice -f 'tmp/went'
wait "$loop"
rm -f /run/systemd/system/eg-boot.target
systemctl daemon-reload
all_over
