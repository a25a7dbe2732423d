#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# Tools by which people become somebody else, mount, or have something done outside of their session: what each says in a
# session, beside the same outside of one. The manual has a section on it, which these lines are the proof of.
# flavour: tools
# shellcheck source=tests/vm/lib.sh
. /srv/t/lib.sh
# shellcheck source=tests/vm/logins.sh
. /srv/t/logins.sh
SCRIPT_NAME=tools

work=$(mktemp -d)
chmod 0755 "$work"
good=$(cat /etc/ebpfguard.conf)
DENIED="$T/try connect tcp 18.4.5.6 7000"
"$T/try" serve 7000 &
server=$!
own_key
trixie=''
[[ -e /usr/bin/run0 ]] && trixie=1
# alice may do everything with her password: for sudo she is in sudoers, for polkit in the group sudo.
usermod -aG sudo alice
groupadd -f friends
gpasswd -a alice friends >/dev/null
# On a busy emulated machine the usual digest takes too long for whom polkit lets wait.
printf '%s\n' root:root alice:alice bob:bob | chpasswd -c SHA256 -s 1000
groupadd -f closed
# What the packages do when they are installed; an archive of cpio keeps no such attributes.
setcap cap_net_raw+ep /usr/bin/ping
sysctl -q net.ipv4.ping_group_range='1 0'
mkdir "$work/mounted"

# A table: NAME|COMMAND|OUTSIDE|GUARDED, the last two patterns for "what it said, status N". $TYPE types alice's password.
# pkexec: polkit asks the agent of its parent, so bash must not become pkexec for want of a command behind it. An agent of
# pkexec's own, which is root's, polkit 128 does not believe.
TYPE="env SYSTEMD_BUS_TIMEOUT=300 python3 /srv/typing.py"
not="Operation not permitted status 126"


alice_tools() {
	cat <<-E2
		sudo|sudo -n id -u|^0 status 0$|sudo: $not
		sudo -l|sudo -n -l|NOPASSWD.* status 0$|sudo: $not
		su|echo root \| su -c 'id -u'|0 status 0$|su: $not
		su to another user|echo bob \| su bob -c 'id -un'|bob status 0$|su: $not
		pkexec|$TYPE alice bash -c 'mkfifo ~/up; pkttyagent -p \$\$ --notify-fd 4 4>~/up & cat ~/up; rm ~/up; pkexec id -u; exit \$?'|0 status 0$|pkexec: $not
		passwd|$TYPE alice passwd -S|alice P .*status 0$|passwd: $not
		chsh|$TYPE alice chsh -s /bin/bash|^Password: status 0$|chsh: $not
		chfn|$TYPE alice chfn -r 1|^Password: status 0$|chfn: $not
		newgrp to a group of hers|echo 'id -gn' \| newgrp friends|^friends status 0$|newgrp: $not
		newgrp to a group with a password|echo 'id -gn' \| newgrp closed|status 1$|newgrp: $not
		sg|sg friends 'id -gn'|^friends status 0$|sg: $not
		mount|mount -t tmpfs none /mnt|must be superuser.* status|mount: $not
		umount|umount /dev/shm|must be superuser.* status|umount: $not
		ping with a file capability|ping -c 1 -W 20 10.1.2.3 \| grep -o '1 received'|^1 received status 0$|ping: Operation not permitted status 1$
		fusermount3|fusermount3 -V|fusermount3 version.* status 0$|fusermount3: $not
		sshfs|mkdir -p ~/far; sshfs localhost:/etc ~/far && ls ~/far/hostname; fusermount3 -u ~/far|/far/hostname status 0$|fusermount3: $not
		unshare -Ur|unshare -Ur id -u|^0 status 0$|unshare: unshare failed: Operation not permitted status 1$
		bwrap|bwrap --ro-bind / / --unshare-all id -un|alice status 0$|bwrap: .* status 1$
		strace of a setuid program|strace -o /dev/null sudo -n id -u|status 1$|status 1$
		loginctl list-sessions|loginctl list-sessions \| grep -c alice|^[1-9][0-9]* status 0$|^[1-9][0-9]* status 0$
		crontab -l|crontab -l|no crontab for alice status 1$|no crontab for alice status 1$
		crontab, a new one|echo '0 0 1 1 * true' \| crontab -; crontab -r|status 0$|status 1$
		at|echo true \| at now + 1 year|^warning.*job [0-9]+ at .* status 0$|status 1$
		atq|atq|status 0$|status
		systemd-run --user|systemd-run --user --quiet --wait --pipe $DENIED|^ok status 0$|^EPERM status 0$
		systemd-run --user --scope|systemd-run --user --quiet --scope $DENIED|^ok status 0$|^EPERM status 0$
		systemd-run --user --machine|rm -f ~/by-machine; systemd-run --user --machine=alice@.host --quiet --wait bash -c '$DENIED >~/by-machine' && cat ~/by-machine|^ok status 0$|^EPERM status 0$
		systemd-run, the system's|$TYPE alice systemd-run --quiet --wait --pipe id -u|COMPLETE ==== 0 status 0$|FAILED ==== .* status 1$
		systemctl start|$TYPE alice systemctl restart cron|COMPLETE ==== status 0$|FAILED ==== .*Access denied.* status [14]$
		machinectl shell|$TYPE alice machinectl shell root@.host /usr/bin/id -u|COMPLETE ==== .* 0 .*status 0$|FAILED ==== .*Access denied status 1$
	E2
	[[ ! $trixie ]] || echo "run0|$TYPE alice run0 id -u|COMPLETE ==== .*0 .*status 0\$|FAILED ==== .* status 1\$"
}

# What root has to do without, and what not.
root_tools() {
	cat <<-E2
		sudo to a user|sudo -n -u alice id -un|^alice status 0$|^alice status 0$
		su to a user|su - alice -c 'id -un'|^alice status 0$|^alice status 0$
		su to a user is guarded|su - alice -c '$DENIED'|^ok status 0$|^EPERM status 0$
		pkexec|pkexec --user alice id -un|^alice status 0$|status 127$
		passwd|echo alice:alice \| chpasswd|status 0$|status 1$
		passwd -S|passwd -S alice|^alice P .*status 0$|^alice P .*status 0$
		chsh|chsh -s /bin/bash alice|status 0$|status 1$
		useradd|useradd eve && userdel eve|status 0$|status [1-9][0-9]*$
		newgrp|echo 'id -gn' \| newgrp friends|^friends status 0$|^friends status 0$
		mount|mount -t tmpfs none /mnt && umount /mnt|status 0$|permission denied.* status 32$
		umount|umount $work/mounted|^status 0$|umount: .* status 32$
		fusermount3|fusermount3 -V|version.* status 0$|version.* status 0$
		unshare -m|unshare -m id -u|^0 status 0$|unshare: .*Operation not permitted status 1$
		unshare -Ur|unshare -Ur id -u|^0 status 0$|^0 status 0$
		bwrap|bwrap --ro-bind / / id -u|^0 status 0$|bwrap: .* status 1$
		ping|ping -c 1 -W 20 10.1.2.3 \| grep -o '1 received'|^1 received status 0$|status 1$
		crontab, a new one|echo '0 0 1 1 * true' \| crontab - && crontab -r|status 0$|status 1$
		at|echo true \| at now + 1 year|job [0-9]+ at .* status 0$|status 1$
		loginctl|loginctl list-sessions|root.* status 0$|^Failed to connect to .*bus.*: Operation not permitted.* status 1$
		systemctl|systemctl restart cron|status 0$|Operation not permitted.* status [14]$
		systemd-run|systemd-run --quiet --wait --pipe $DENIED|^ok status 0$|^Failed to connect to .*bus.*: Operation not permitted.* status 1$
		systemd-run --scope|systemd-run --quiet --scope $DENIED|^ok status 0$|^Failed to connect to .*bus.*: Operation not permitted.* status 1$
		systemd-run --user --machine|rm -f ~alice/by-machine; systemd-run --user --machine=alice@.host --quiet --wait bash -c '$DENIED >~/by-machine' && cat ~alice/by-machine|^ok status 0$|Operation not permitted.* status 1$
		machinectl shell|machinectl shell alice@.host /usr/bin/id -un|alice .*status 0$|Operation not permitted.* status 1$
		sysctl|sysctl -w kernel.core_pattern=core|status 0$|status [1-9][0-9]*$
		modprobe|modprobe dm-mod|status 0$|status 1$
	E2
	[[ ! $trixie ]] || echo "run0|run0 --pipe id -u|0 status 0\$|status 1\$"
}

# script TABLE: runs each command in a shell and prints "what it said status N" in one line.
script() {
	local command
	cat <<-'E2'
		try() {
			out=$(timeout 300 bash -c "$1" 2>&1 </dev/null)
			status=$?
			echo "$(tr -d '\r' <<<"$out" | tail -n 3 | paste -sd' ') status $status" | sed 's/^ //'
		}
	E2
	"$1" | sed 's/\\|/\x01/g' | while IFS='|' read -r _ command _; do
		printf 'try %q\n' "${command//$'\x01'/|}"
	done
}

# compare WHERE TABLE COLUMN OUTPUT
compare() {
	local i=0 name outside guarded got
	mapfile -t got <<<"$4"
	while IFS='|' read -r name _ outside guarded; do
		[[ $3 == guarded ]] || guarded=$outside
		matches "$1: $name" "$guarded" "${got[i]:-nothing}"
		i=$((i + 1))
	done < <("$2" | sed 's/\\|/\x01/g')
	# For whoever writes the manual.
	for ((i = 0; i < ${#got[@]}; i++)); do
		echo "# $1: $("$2" | sed -n "$((i + 1))s/|.*//p"): ${got[i]}"
	done
}
script alice_tools >"$work/alice"
script root_tools >"$work/root"

# ---- outside

rules=('deny = ["18.0.0.0/9"];' 'setuid = { deny = true; };' 'mount = { deny = true; };')
configure "${rules[@]}" 'managers = { exempt = ["alice", "root"]; };'
unguard_logins
mount -t tmpfs none "$work/mounted"
compare "outside, alice" alice_tools outside "$(sh_as alice "bash $work/alice" 2>&1)"
compare "outside, root" root_tools outside "$(sh_as root "bash $work/root" 2>&1)"
guard_logins
until_true 60 no_manager
for job in $(atq | cut -f 1); do atrm "$job"; done
modprobe -r dm-mod

# ---- guarded

configure "${rules[@]}"
mount -t tmpfs none "$work/mounted"
mark
compare "guarded, alice" alice_tools guarded "$(sh_as alice "bash $work/alice" 2>&1)"
for program in sudo su pkexec passwd newgrp mount umount fusermount3; do
	logged "log: $program" "DENY exec .* user=alice .* path=/usr/bin/$program target=0 rule=setuid errno=EPERM"
done
logged "log: the helper of polkit's agent" "DENY (exec|unix) .* user=alice .* path=(/usr/lib/polkit-1/polkit-agent-helper-1 target=0 rule=setuid|/run/polkit/agent-helper.socket reason=service)"
logged "log: user namespaces" "DENY userns .* user=alice .* comm=unshare .* rule=setuid errno=EPERM"
compare "guarded, root" root_tools guarded "$(sh_as root "bash $work/root" 2>&1)"

# Debian 13 has no such capability, and lets everybody open ping sockets.
setcap -r /usr/bin/ping
sysctl -q net.ipv4.ping_group_range='0 2147483647'
for user in alice root; do
	out=$(sh_as "$user" "ping -c 1 -W 20 10.1.2.3 | grep -o '1 received'; ping -c 1 -W 5 18.4.5.6" 2>&1 | paste -sd' ')
	matches "guarded, $user: ping without a file capability" '^1 received.* Operation not permitted' "$out"
done

# One's own session may be ended, and a manager that stays without one is guarded.
sh_as alice 'loginctl terminate-session $XDG_SESSION_ID; sleep 30' >/dev/null 2>&1
matches "loginctl terminate-session: the login is over" '^(255|143|129|137)$' $?
is "loginctl enable-linger" "status 0" "$(sh_as alice 'loginctl enable-linger; echo status $?' 2>&1 | paste -sd' ')"
is "loginctl enable-linger: she does" alice "$(ls /var/lib/systemd/linger)"
is "systemd-run --user of a manager that lingers" EPERM \
	"$(sh_as alice "systemd-run --user --quiet --wait --pipe $DENIED" 2>&1)"
loginctl disable-linger alice

# ---- one program is allowed

configure 'deny = ["18.0.0.0/9"];' 'setuid = { deny = true; allow = ["/usr/bin/sudo"]; };' 'mount = { deny = true; };'
out=$(sh_as alice "sudo -n id -u; sudo -n $DENIED; sudo -n su -c '$DENIED'; sudo -n mount -t tmpfs none /mnt; su -c id; sudo -n systemctl restart cron" 2>&1)
matches "sudo allowed: root, and guarded" '^0 EPERM EPERM ' "$(paste -sd' ' <<<"$out")"
matches "sudo allowed: no mount" 'mount: /mnt: permission denied' "$out"
matches "sudo allowed: su is not" 'su: Operation not permitted' "$out"
matches "sudo allowed: no system bus" 'Failed to connect to .*: Operation not permitted' "$out"

# ---- jobs: with the line in PAM they are guarded like a login, without it they are not

cat >/srv/job <<E2
#!/bin/bash
$DENIED >/tmp/\$1.tmp
mv /tmp/\$1.tmp /tmp/\$1
E2
chmod 0755 /srv/job
# Runners: where jobs are made.
outside() { runuser -u alice -- bash -c "$1"; }
inside() { sh_as alice "$1"; }
# jobs_of_alice TAG RUNNER WHERE EXPECTED: one of at and one of cron.
jobs_of_alice() {
	local tag=$1 made
	made=$("$2" "cd /tmp; $DENIED; echo '/srv/job at.$tag' | at now; echo '* * * * * /srv/job cron.$tag' | crontab -" 2>&1)
	[[ $2 == inside ]] && matches "jobs made in a session, $3: by one that is guarded" '^EPERM' "$made"
	# The next minute comes sooner.
	date -s "$(date +%H:%M):57" >/dev/null
	systemctl restart cron
	until_true 30 test -e "/tmp/at.$tag"
	until_true 90 test -e "/tmp/cron.$tag"
	is "at job made $2, $3" "$4" "$(cat "/tmp/at.$tag" 2>&1)"
	is "cron job made $2, $3" "$4" "$(cat "/tmp/cron.$tag" 2>&1)"
	crontab -u alice -r
}
jobs_of_alice bare outside "without the line in PAM" ok
# With tampering allowed sessions can make jobs, and they run where jobs run.
configure "${rules[@]}" 'tampering = "allow";'
jobs_of_alice bare-inside inside "without the line in PAM" ok
for service in cron atd; do
	sed -i.before '$a session required pam_ebpfguard.so' /etc/pam.d/$service
done
systemctl restart atd
jobs_of_alice line-inside inside "with the line in PAM" EPERM
configure "${rules[@]}"
mark
jobs_of_alice line outside "with the line in PAM" EPERM
logged "log: the session of cron" 'START session=[0-9]+ user=alice .* service=cron '
logged "log: the session of at" 'START session=[0-9]+ user=alice .* service=atd '
for service in cron atd; do
	mv /etc/pam.d/$service.before /etc/pam.d/$service
done

printf '%s\n' "$good" >/etc/ebpfguard.conf
ebpfguardctl reload >/dev/null
kill "$server"
umount "$work/mounted"
gpasswd -d alice sudo >/dev/null
rm -rf "$work" /srv/job /tmp/at.* /tmp/cron.* /home/alice/by-machine
all_over
