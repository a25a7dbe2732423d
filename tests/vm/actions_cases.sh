# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# shellcheck shell=bash disable=SC2154 # T and ATTACK_PIDS come from lib.sh and cases.sh
# What is denied with another action than to refuse it, for test_actions.sh; the form is that of egress_cases.sh, HOOKS
# and PACKETS do not apply. "dying N": N processes make the attempt, one after the other, until one survives; "killed":
# each has died within the call. Outside the first survives.

kill_conf() {
	cat <<-'EOF'
		action = "kill";
		deny = [ "18.0.0.0/9", "2001:db8:bad::/48" ];
		bind = { deny = [ "7777" ]; };
		setuid = { deny = true; };
		mount = { deny = true; };
		capabilities = { deny = [ "SYS_TIME" ]; };
		files = { deny_read = [ "/srv/m/secret" ]; deny_write = [ "/srv/m/kept" ]; };
		exec = { deny = [ "/srv/priv/unwanted", "/srv/priv/unwanted-true" ]; };
	EOF
}

ACTIONS_CG=/sys/fs/cgroup/try-alice
actions_world() {
	modprobe -q vsock_loopback
	install -d -m 1777 /run/try
	install -d /srv/priv /srv/m/a /srv/m/b
	install -m 4755 "$T/try" /srv/priv/suid-root
	install -m 0755 "$T/try" /srv/priv/unwanted
	install -m 0755 /bin/true /srv/priv/unwanted-true
	echo secret >/srv/m/secret
	install -m 0666 /dev/null /srv/m/kept
	mount --make-rprivate /
	mount -t tmpfs none /srv/m/a
	mkdir -p $ACTIONS_CG
	chown -R alice: $ACTIONS_CG
	chown alice: /sys/fs/cgroup/cgroup.procs
	echo '# nothing' >/etc/cron.d/of-alice
	chown alice: /etc/cron.d/of-alice
	sysctl -qw kernel.unprivileged_bpf_disabled=0
	systemctl start user@1000.service
	as_accomplice root ip netns exec client "$T/try" echo 7000
	as_accomplice root ip netns exec client "$T/try" broker /run/try/client
	broker_for alice
	holder_for alice alice
	holder_for root root
	server_for alice stream /run/try/alice.sock
	until_true 30 actions_world_ready
}
actions_world_ready() {
	[[ -e /run/try/alice.pid && -e /run/try/root.pid && -S /run/try/alice.sock && -S /run/try/alice && -S /run/try/client &&
		$("$T/try" link tcp 10.7.7.7 7000) == ok ]]
}

actions_world_ends() {
	kill "${ATTACK_PIDS[@]}" 2>/dev/null
	wait "${ATTACK_PIDS[@]}" 2>/dev/null
	ATTACK_PIDS=()
	umount /srv/m/a
	mount --make-rshared /
	rm -rf /srv/priv /srv/m /run/try /etc/cron.d/of-alice
	chown root: /sys/fs/cgroup/cgroup.procs
	rmdir $ACTIONS_CG
}

kill_cases() {
	cat <<-'EOF'
		connect|dying 200 link tcp 18.7.7.7 7000|ok|killed|-|-
		connect, v6|dying 50 link tcp 2001:db8:bad::7 7000|ok|killed|-|-
		connect, mptcp|dying 50 link mptcp 18.7.7.7 7000|ok|killed|-|-
		connect, udp|dying 200 link udp 18.7.7.7 7000|ok|killed|-|-
		sendto|dying 200 datagram udp 18.7.7.7 7000|ok|killed|-|-
		sendmmsg, the second|dying 50 second udp 10.7.7.7 18.7.7.7 7000|ok|killed|-|-
		fast open|dying 50 fastopen-sendto tcp 18.7.7.7 7000|ok|killed|-|-
		io_uring|dying 50 uring-connect plain tcp 18.7.7.7 7000|ok|killed|-|-
		io_uring, a worker|dying 50 uring-connect async tcp 18.7.7.7 7000|ok|killed|-|-
		io_uring, SQPOLL|dying 50 uring-connect polled tcp 18.7.7.7 7000|ok|killed|-|-
		io_uring, SQPOLL, sendto|dying 20 uring-sendto polled udp 18.7.7.7 7000|ok|killed|-|-
		bind|dying 200 port tcp 10.99.0.1 7777|ok|killed|-|-
		bind, udp|dying 50 port udp 10.99.0.1 7777|ok|killed|-|-
		socket family|dying 200 socket 40 1 0|ok|killed|-|-
		exec of a setuid program|dying 200 execute /srv/priv/suid-root is-euid 0|ok|killed|-|-
		user namespace|dying 100 userns nothing|ok|killed|-|-
		unix socket|dying 200 unix stream /run/try/alice.sock|ok|killed|-|-
		ptrace|dying 100 attach alice|ok|killed|-|-
		memory of another process|dying 50 vm-write alice|ok|killed|-|-
		cgroup|dying 100 cgroup-open /try-alice cgroup.threads|ok|killed|-|-
		clone into a cgroup|dying 100 clone-into /try-alice nothing|ok|killed|-|-
		file of cron|dying 100 file-write /etc/cron.d/of-alice|ok|killed|-|-
		file of cron, by io_uring|dying 50 uring-open /etc/cron.d/of-alice|ok|killed|-|-
		a file, read|dying 200 file-read /srv/m/secret|ok|killed|-|-
		a file, written|dying 200 file-write /srv/m/kept|ok|killed|-|-
		a file, by io_uring|dying 50 uring-open /srv/m/kept|ok|killed|-|-
		a program|dying 200 execute /srv/priv/unwanted is-euid 0|ok|killed|-|-
		a program, by its loader|dying 50 execute /lib64/ld-linux-x86-64.so.2 /srv/priv/unwanted-true|ok|killed|-|-
		bpf|dying 50 bpf-map|ok|killed|-|-
		one thread of several|dying-threads 50 link tcp 18.7.7.7 7000|ok|killed|-|-
		one thread of several, exec|dying-threads 20 execute /srv/priv/suid-root is-euid 0|ok|killed|-|-
		one thread of several, SQPOLL|dying-threads 20 uring-connect polled tcp 18.7.7.7 7000|ok|killed|-|-
		its parent lives: fork|beside fork link tcp 18.7.7.7 7000|ok|killed|-|-
		its parent lives: vfork|beside vfork link tcp 18.7.7.7 7000|ok|killed|-|-
		its parent lives: vfork, exec|beside vfork execute /srv/priv/suid-root is-euid 0|ok|killed|-|-
		its parent lives: shared memory|beside share link tcp 18.7.7.7 7000|ok|killed|-|-
	EOF
}

root_kill_cases() {
	cat <<-'EOF'
		raw socket|dying 100 socket 2 3 17|ok|killed|-|-
		setuid|dying 200 demoted setuid 0|ok|killed|-|-
		setgid|dying 50 demoted setgid shadow|ok|killed|-|-
		setgroups|dying 50 demoted setgroups adm|ok|killed|-|-
		mount|dying 200 mntns mount-type tmpfs /srv/m/b|ok|killed|-|-
		umount|dying 50 mntns unmount plain /srv/m/a|ok|killed|-|-
		fsmount|dying 50 mntns fsmount-type tmpfs /srv/m/b|ok|killed|-|-
		mount_setattr|dying 50 mntns set-attr /srv/m/a|ok|killed|-|-
		capability|dying 200 same-time|ok|killed|-|-
		file of cron|dying 200 file-write /etc/crontab|ok|killed|-|-
		a setting of the kernel|dying 50 same-value /proc/sys/kernel/printk|ok|killed|-|-
		bpf|dying 50 bpf-map|ok|killed|-|-
		limits of process 1|dying 50 same-prlimit 1|ok|killed|-|-
		ptrace|dying 50 attach root|ok|killed|-|-
		process 1 of a pid namespace|beside pidns link tcp 18.7.7.7 7000|ok|killed|-|-
	EOF
}

# What a policy that kills leaves alone.
spared_cases() {
	cat <<-'EOF'
		allowed: tcp|link tcp 10.7.7.7 7000|ok|ok|-|-
		allowed: bind|port tcp 10.99.0.1 7778|ok|ok|-|-
		looking at another process|proc-file alice environ|ok|EACCES|-|-
		a file that is handed over|scm file /etc/cron.d/of-alice 1 -- fd-write x|ok|CTRUNC|-|-
		a denied peer connects in|incoming tcp 18.7.7.7 0.0.0.0 10.99.0.1 7104|ok|silent|-|-
	EOF
}
spared_conf() {
	kill_conf
	echo 'unix = { same_user = "allow"; };'
}

# ---- audit of one restriction, the others still refuse

audit_one_conf() { # RESTRICTION
	local on=$1 key
	echo 'deny = [ "18.0.0.0/9" ];'
	for key in bind setuid mount capabilities unix files exec; do
		printf '%s = {%s' $key "$([[ $on == "$key" ]] && echo ' action = "audit";')"
		case $key in
		bind) printf ' deny = [ "7777" ];' ;;
		setuid | mount) printf ' deny = true;' ;;
		capabilities) printf ' deny = [ "SYS_TIME" ];' ;;
		files) printf ' deny_read = [ "/srv/m/secret" ];' ;;
		exec) printf ' deny = [ "/srv/priv/unwanted" ];' ;;
		esac
		echo ' };'
	done
	case $on in
	egress | sockets) echo "$on = { action = \"audit\"; };" ;;
	leaving | tampering) echo "$on = \"audit\";" ;;
	esac
}

# RESTRICTION|OPERATION IN THE LOG|COMMAND, for root
audit_one_cases() {
	cat <<-'EOF'
		egress|connect|link tcp 18.7.7.7 7000
		bind|bind|port tcp 10.99.0.1 7777
		sockets|socket|socket 2 3 17
		setuid|setuid|demoted setuid 0
		mount|mount|mntns mount-type tmpfs /srv/m/b
		mount|mount_attr|mntns set-attr /srv/m/a
		capabilities|capability|same-time
		unix|unix|unix stream /run/dbus/system_bus_socket
		leaving|ptrace|attach root
		tampering|file|file-write /etc/crontab
		tampering|kernel|bpf-map
		files|file|file-read /srv/m/secret
		exec|exec|via path /srv/priv/unwanted is-euid 0
	EOF
}

# What is audited must not hide what another restriction refuses about the same call.
shadow_conf() {
	cat <<-'EOF'
		mount = { deny = true; };
		capabilities = { deny = [ "SYS_ADMIN" ]; action = "audit"; };
		sockets = { action = "audit"; };
		tampering = "audit";
		files = { deny_write = [ "/etc/crontab" ]; };
		deny = [ "18.0.0.0/9" ];
	EOF
}
shadow_cases() {
	cat <<-'EOF'
		audited: SYS_ADMIN|same-hostname|ok|ok|-|-
		audited: SYS_ADMIN, refused: mount_setattr|mntns set-attr /srv/m/a|ok|EPERM|-|-
		audited: a file of cron, refused: the same as a file|file-write /etc/crontab|ok|EPERM|-|-
		audited: a raw socket|socket 2 3 17|ok|ok|-|-
	EOF
}

mixed_conf() {
	cat <<-'EOF'
		deny = [ "18.0.0.0/9" ];
		egress = { action = "deny"; };
		setuid = { deny = true; action = "audit"; };
		mount = { deny = true; action = "kill"; };
		tampering = "audit";
		leaving = "kill";
	EOF
}
mixed_cases() {
	cat <<-'EOF'
		setuid: audited|demoted setuid 0|ok|ok|-|-
		egress: refused|dying 1 link tcp 18.7.7.7 7000|ok|EPERM|-|-
		mount: killed|dying 1 mntns mount-type tmpfs /srv/m/b|ok|killed|-|-
		tampering: audited|file-write /etc/crontab|ok|ok|-|-
		leaving: killed|dying 1 attach root|ok|killed|-|-
		sockets: refused|dying 1 socket 2 3 17|ok|EPERM|-|-
	EOF
}
