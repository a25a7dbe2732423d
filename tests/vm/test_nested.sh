#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# A session opened from within a guarded one is guarded like it: ssh to this host by any of its names, su, sudo; also as
# a user who is exempt. And what runs for users without a login: managers of those who linger, cron, at.
# shellcheck source=tests/vm/lib.sh
. /srv/t/lib.sh
SCRIPT_NAME=nested
DENIED="$T/try connect udp 18.4.5.6 9" # EPERM when guarded; UDP needs no server
SSH_OPTIONS="-n -o ConnectTimeout=30"

pam_line() { # SERVICE OPTIONS...
	local service=$1
	shift
	sed -i '/pam_ebpfguard.so/d' "/etc/pam.d/$service"
	sed -i "0,/^@include common-session\(-noninteractive\)\?$/s//&\nsession required pam_ebpfguard.so timeout=30000 $*/" "/etc/pam.d/$service"
	grep -q pam_ebpfguard "/etc/pam.d/$service" || echo "session required pam_ebpfguard.so timeout=30000 $*" >>"/etc/pam.d/$service"
}
no_pam_line() { sed -i '/pam_ebpfguard.so/d' "/etc/pam.d/$1"; }
sessions_left() { ebpfguardctl sessions | grep -vcE ' manager |^ *SESSION'; }
restarted() {
	systemctl restart ebpfguard.service
	until_true 60 ebpfguardctl status >/dev/null
}

cp /etc/ebpfguard.conf /tmp/conf.before
for s in sshd su su-l sudo sudo-i cron atd; do cp "/etc/pam.d/$s" "/tmp/pam.$s" 2>/dev/null; done
pam_line sshd exempt_user=carol
for user in alice bob carol; do
	install -o "$user" -g "$user" -m 0600 /root/.ssh/id_ed25519 "/home/$user/.ssh/id_ed25519"
done

# ---- ssh to this host

mark
is "alice to alice@127.0.0.1: guarded" EPERM "$(sh_as alice "ssh $SSH_OPTIONS alice@127.0.0.1 '$DENIED'")"
outer=$(since_mark | sed -n 's/.*START session=\([0-9]*\) user=alice .* rhost=10.99.0.2 .*/\1/p' | head -n 1)
logged "the log names the session it came from" "START session=[0-9]+ user=alice .* rhost=127.0.0.1 .* origin=$outer cgroup="
logged "a session from elsewhere has no origin" "START session=$outer user=alice .* origin=- cgroup="

mark
is "carol from the peer is exempt" ok "$(sh_as carol "$DENIED")"
logged "and said to be" "pam_ebpfguard\(sshd:session\): exempt user=carol by=exempt_user$"

for address in 127.0.0.1 127.3.4.5 ::1 10.99.0.1 fd99::1 10.1.2.3 2001:db8:900d::1 ::ffff:127.0.0.1 \
	fe80::900d:1%dummy0; do
	mark
	is "alice to exempt carol@$address: guarded" EPERM \
		"$(sh_as alice "ssh $SSH_OPTIONS carol@$address '$DENIED'")"
	logged "$address: the module says so" "user=carol is exempt, but comes from a guarded session: guarded like that session=[0-9]+ profile=default"
done
logged "carol's session has alice's as origin" "START session=[0-9]+ user=carol uid=[0-9]+ profile=default .* origin=[1-9][0-9]* cgroup="
is "a client socket bound to a device is found" EPERM \
	"$(sh_as alice "ssh $SSH_OPTIONS -o BindInterface=lo carol@127.0.0.1 '$DENIED'")"
is "a client with an address of its choice is found" EPERM \
	"$(sh_as alice "ssh $SSH_OPTIONS -b 10.1.2.3 carol@10.99.0.1 '$DENIED'")"

if nft -f - <<<'table ip eg { chain out { type nat hook output priority -100; tcp dport 2222 redirect to :22; }; }' 2>/tmp/nft; then
	is "a client whose packets are redirected is found" EPERM \
		"$(sh_as alice "ssh $SSH_OPTIONS -p 2222 carol@10.99.0.1 '$DENIED'")"
	nft delete table ip eg
else
	skip "a client whose packets are redirected is found" "$(head -n 1 /tmp/nft)"
fi

is "two hops, alice, bob, carol: guarded" EPERM \
	"$(sh_as alice "ssh $SSH_OPTIONS bob@127.0.0.1 \"ssh $SSH_OPTIONS carol@::1 '$DENIED'\"")"
is "two hops, alice, carol, carol: guarded" EPERM \
	"$(sh_as alice "ssh $SSH_OPTIONS carol@127.0.0.1 \"ssh $SSH_OPTIONS carol@::1 '$DENIED'\"")"
is "ssh -J, whose second hop sshd makes: guarded" EPERM \
	"$(sh_as alice "ssh $SSH_OPTIONS -J alice@127.0.0.1 carol@127.0.0.1 '$DENIED'")"
is "ssh -L in the session: guarded" EPERM "$(sh_as alice "
	ssh -n -f -o ExitOnForwardFailure=yes -L 2200:127.0.0.1:22 alice@127.0.0.1 sleep 20 >/dev/null 2>&1
	ssh $SSH_OPTIONS -p 2200 carol@127.0.0.1 '$DENIED'")"
peer ssh -n -f -o ExitOnForwardFailure=yes -L "2201:$HOST:22" "alice@$HOST" sleep 20 >/dev/null 2>&1
is "ssh -L from the peer through a guarded session: guarded" EPERM \
	"$(peer ssh -n -p 2201 carol@127.0.0.1 "$DENIED")"
is "a service of alice's manager: guarded" EPERM \
	"$(sh_as alice "systemd-run --user --quiet --pipe --wait ssh $SSH_OPTIONS carol@127.0.0.1 $DENIED")"
is "a scope of alice's manager: guarded" EPERM \
	"$(sh_as alice "systemd-run --user --quiet --scope ssh $SSH_OPTIONS carol@127.0.0.1 '$DENIED' 2>/dev/null")"
is "carol's manager, asked from the nested session: guarded" EPERM \
	"$(sh_as alice "ssh $SSH_OPTIONS carol@127.0.0.1 'systemd-run --user --quiet --pipe --wait $DENIED'")"

# Moved out of its cgroup by root: the label tells.
cat >/tmp/moved <<E2
#!/bin/bash
echo \$\$ >/tmp/moved.pid
for i in {1..300}; do [[ -e /tmp/moved.go ]] && break; sleep 0.1; done
ssh $SSH_OPTIONS carol@127.0.0.1 '$DENIED'
E2
chmod 755 /tmp/moved
rm -f /tmp/moved.go
install -o alice -m 0644 /dev/null /tmp/moved.pid
sh_as alice /tmp/moved >/tmp/moved.out 2>&1 &
login=$!
until_true 30 test -s /tmp/moved.pid
cat /tmp/moved.pid >/sys/fs/cgroup/cgroup.procs
touch /tmp/moved.go
wait "$login"
is "a process moved out by root: guarded" EPERM "$(cat /tmp/moved.out)"

# ---- not from within a guarded session

mark
is "root outside to exempt carol@127.0.0.1: not guarded" ok "$(ssh -n carol@127.0.0.1 "$DENIED")"
logged "the helper was asked" "pam_ebpfguard\(sshd:session\): user=carol comes from no guarded session: not guarded"
is "exempt carol to carol@127.0.0.1: not guarded" ok \
	"$(sh_as carol "ssh $SSH_OPTIONS carol@127.0.0.1 '$DENIED'")"
mark
is "root outside to alice@127.0.0.1: guarded as ever" EPERM "$(ssh -n alice@127.0.0.1 "$DENIED")"
logged "and from no session" "START session=[0-9]+ user=alice .* rhost=127.0.0.1 .* origin=- cgroup="
none_left() { [[ $(sessions_left) == 0 ]]; }
until_true 30 none_left
is "no leaf is left" "" "$(find /sys/fs/cgroup -type d -name 'ebpfguard-*')"

# A client that hangs up before it is looked for leaves no trace: no login then.
printf '#!/bin/sh\ntouch /run/pausing."$PAM_USER"\nsleep 6\n' >/srv/pause
chmod 0755 /srv/pause
sed -i '0,/^session required pam_ebpfguard.so/s//session optional pam_exec.so \/srv\/pause\n&/' /etc/pam.d/sshd
mark
sh_as alice "ssh $SSH_OPTIONS carol@127.0.0.1 true & until test -e /run/pausing.carol; do sleep 0.2; done; kill -KILL \$!" >/dev/null 2>&1
# The login goes on to our line by itself, past pam_systemd and the pause.
until_true 60 log_has "the client is on this host and has hung up"
logged "a client that has hung up is refused" "REFUSED open user=carol .*reason=\"the client is on this host and has hung up\""
logged "by the module as well" "cannot guard the session of user carol: .* has hung up; login refused"
sed -i '/pam_exec.so/d' /etc/pam.d/sshd
rm -f /srv/pause

# ---- without the helper

systemctl mask --now --quiet ebpfguard.socket ebpfguard.service 2>/dev/null
systemctl stop ebpfguard.service ebpfguard.socket 2>/dev/null
is "no helper: exempt carol from the peer gets in" ok "$(sh_as carol "$DENIED")"
mark
is "no helper: exempt carol from this host does not" "" "$(ssh -n carol@127.0.0.1 "$DENIED" 2>/dev/null)"
logged "no helper: the log says why" "cannot guard the session of user carol: .*login refused \(onerr=fail\)"
systemctl unmask --quiet ebpfguard.socket ebpfguard.service 2>/dev/null
systemctl start ebpfguard.socket
restarted

# ---- su, sudo

configure 'deny = ["18.0.0.0/9", "2001:db8:bad::/48"];' 'setuid = { deny = false; };'
for line in without with; do
	if [[ $line == with ]]; then
		for s in su su-l sudo sudo-i; do [[ -e /etc/pam.d/$s ]] && pam_line "$s" exempt_user=carol; done
	fi
	is "su -, $line the PAM line: guarded" EPERM "$(sh_as alice "echo bob | su - bob -c '$DENIED' 2>/dev/null")"
	is "su - carol, $line the PAM line: guarded" EPERM \
		"$(sh_as alice "echo carol | su - carol -c '$DENIED' 2>/dev/null")"
	is "sudo -i, $line the PAM line: guarded" EPERM "$(sh_as alice "sudo -n -i $DENIED 2>/dev/null")"
	is "sudo -i -u carol, $line the PAM line: guarded" EPERM \
		"$(sh_as alice "sudo -n -i -u carol $DENIED 2>/dev/null")"
	is "sudo, then ssh to carol, $line the PAM line: guarded" EPERM \
		"$(sh_as alice "sudo -n ssh $SSH_OPTIONS -i /home/alice/.ssh/id_ed25519 carol@127.0.0.1 $DENIED 2>/dev/null")"
done
mark
is "root outside, su - bob: guarded by the PAM line" EPERM "$(su - bob -c "$DENIED")"
logged "as a session of service su-l" "START session=[0-9]+ user=bob .* service=su-l? "
is "root outside, su - carol: exempt" ok "$(su - carol -c "$DENIED")"
for s in su su-l sudo sudo-i; do no_pam_line "$s" 2>/dev/null; done

# ---- cron, at

restarted
matches "status: jobs of cron are not guarded" "not guarded: jobs of cron: /etc/pam.d/cron has no pam_ebpfguard.so line" "$(ebpfguardctl status)"
matches "status: jobs of atd are not guarded" "not guarded: jobs of atd: /etc/pam.d/atd has no pam_ebpfguard.so line" "$(ebpfguardctl status)"

jobs_guarded() {
	local out
	for s in cron atd; do pam_line "$s"; done
	systemctl restart cron.service atd.service
	mark
	rm -f /tmp/cron.out /tmp/at.out
	echo "* * * * * $DENIED >/tmp/cron.out 2>&1" | crontab -u alice -
	runuser -u alice -- sh -c "cd / && echo '$DENIED >/tmp/at.out 2>&1' | at now" 2>/dev/null
	until_true 60 test -s /tmp/at.out || since_mark | grep -E 'DENY|atd' | tail -n 5 | sed 's/^/#   | /'
	is "a job of at: guarded" EPERM "$(cat /tmp/at.out 2>/dev/null)"
	logged "at: a session of its own" "START session=[0-9]+ user=alice .* service=atd "
	until_true 90 test -s /tmp/cron.out
	is "a job of cron: guarded" EPERM "$(cat /tmp/cron.out)"
	logged "cron: a session of its own" "START session=[0-9]+ user=alice .* service=cron "
	crontab -u alice -r
	restarted
	out=$(ebpfguardctl status)
	if [[ $out == *"jobs of"* ]]; then fail "status: nothing about jobs now"; else pass "status: nothing about jobs now"; fi
	for s in cron atd; do no_pam_line "$s"; done
	systemctl restart cron.service atd.service
}
jobs_guarded

# ---- managers without a login

user_run() { # USER COMMAND
	runuser -u "$1" -- env XDG_RUNTIME_DIR="/run/user/$(id -u "$1")" \
		systemd-run --user --quiet --pipe --wait bash -c "$2" 2>&1
}
until_true 60 no_session_left
systemctl stop ebpfguard.service ebpfguard.socket
loginctl enable-linger bob
until_true 60 systemctl is-active --quiet "user@$(id -u bob).service"
systemctl start ebpfguard.socket ebpfguard.service
restarted
matches "a lingering manager is guarded from the helper's start on" " bob +[0-9]+ .* systemd-user .*manager" "$(ebpfguardctl sessions)"
is "what it runs is refused" EPERM "$(user_run bob "$DENIED")"
loginctl enable-linger alice
bound() { ebpfguardctl sessions | grep -Eq ' alice +[0-9]+ .*manager'; }
if until_true 75 bound; then pass "one that starts later is guarded within a minute"; else fail "one that starts later is guarded within a minute"; fi
is "and what it runs is refused" EPERM "$(user_run alice "$DENIED")"
systemctl stop "user@$(id -u alice).service"
systemctl start "user@$(id -u alice).service"
is "and still after it was started anew" EPERM "$(user_run alice "$DENIED")"
restarted
is "and after the helper was" EPERM "$(user_run alice "$DENIED")"
sh_as alice true
sleep 12
matches "a lingering manager is guarded after the last logout" " alice +[0-9]+ .* systemd-user .*manager" "$(ebpfguardctl sessions)"
loginctl disable-linger alice
loginctl disable-linger bob

cp /tmp/conf.before /etc/ebpfguard.conf
for s in sshd su su-l sudo sudo-i cron atd; do [[ -e /tmp/pam.$s ]] && cp "/tmp/pam.$s" "/etc/pam.d/$s"; done
for user in alice bob carol; do rm -f "/home/$user/.ssh/id_ed25519"; done
ebpfguardctl reload >/dev/null
all_over
