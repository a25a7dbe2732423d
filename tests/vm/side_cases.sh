# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# shellcheck shell=bash disable=SC2154 # T and ATTACK_PIDS come from lib.sh and cases.sh
# Every way out by the side door: other cgroups, other processes, servers that do things for you, and for root the
# kernel and what others execute. For test_side.sh and test_unguarded.sh; the form is that of egress_cases.sh, HOOKS
# and PACKETS do not apply. The tables helper_* need ebpfguard.

# User namespaces lead to cgroup namespaces here.
side_conf() { printf '%s\n' 'setuid = { deny = false; };' 'mount = { deny = true; };'; }

SIDE_CG=/sys/fs/cgroup
side_world() {
	local path
	install -d -m 1777 /run/try /srv/try
	# Two trees to leave for. Who may write to the root's list may move processes from anywhere: so that it is not the
	# kernel's own rule that keeps alice.
	mkdir -p $SIDE_CG/try-free/empty $SIDE_CG/try-alice/empty
	chown -R alice: $SIDE_CG/try-alice
	chown alice: $SIDE_CG/cgroup.procs
	systemctl start user@1000.service

	broker_for root
	broker_for alice
	holder_for root root
	holder_for alice alice
	holder_for bob bob
	# Two more sessions, to be reached into from those of the same user.
	for path in alice root; do
		sh_as "$path" "$T/try serve-unix stream /run/try/$path-session.sock & echo \$! >/run/try/$path-server.pid
			exec $T/try hold $path-session" &
		ATTACK_PIDS+=($!)
	done
	side_servers
	side_files
	until_true 30 side_world_ready
}
side_world_ready() {
	local name
	for name in root alice bob alice-session root-session; do
		[[ -e /run/try/$name.pid ]] || return 1
	done
	[[ -S /run/try/root && -S /run/try/alice && -S /run/try/alice-session.sock && -S /run/try/alice.sock ]]
}

# Stand-ins for services that do what they are asked, under the names of the real ones.
SIDE_SERVICES=(/run/docker.sock /run/containerd/containerd.sock /var/run/crio/crio.sock /run/podman/podman.sock
	/run/libvirt/libvirt-sock /var/lib/lxd/unix.socket /var/lib/incus/unix.socket /run/snapd.socket)
side_servers() {
	local path
	for path in "${SIDE_SERVICES[@]}"; do
		mkdir -p "${path%/*}"
	done
	server_for root stream "${SIDE_SERVICES[@]}" /run/try/root.sock /run/try/foo.sock @try-bar /run/try/plain.sock
	server_for root dgram /run/try/foo.dgram @try-bar.dgram
	systemd-run -q --slice=user.slice --unit=try-loose "$T/try" serve-unix stream /run/try/root-loose.sock
	server_for alice stream /run/try/alice.sock @try-alice
	server_for alice dgram /run/try/alice.dgram @try-alice.dgram
	server_for alice seqpacket /run/try/alice.seq
	server_for bob stream /run/try/bob.sock
	until_true 10 test -S /run/docker.sock -a -S /run/try/foo.dgram -a -S /run/try/alice.dgram -a -S /run/try/plain.sock
	ln -sf /run/docker.sock /run/try/soft.sock
	ln -f /run/docker.sock /run/try/hard.sock
	touch /run/try/bound.sock
	mount --bind /run/docker.sock /run/try/bound.sock
}

# Other names of what must not be changed, made before the session; files of alice's where only root's should be; and
# what the kernel keeps closed to ordinary users of itself.
side_files() {
	local m
	install -d /srv/m/etc /srv/m/cgroup
	mount --bind /etc /srv/m/etc
	mount --bind $SIDE_CG /srv/m/cgroup
	ln -f /etc/crontab /srv/m/hard-crontab
	ln -sf /etc/crontab /srv/m/soft-crontab
	printf '# nothing\n' | tee /etc/cron.d/of-alice >/etc/systemd/system/of-alice.service
	chown alice: /etc/cron.d/of-alice /etc/systemd/system/of-alice.service
	mkdir -p /run/systemd/system
	echo rubbish >/srv/m/rubbish
	# There is nothing behind them here, and the kernel says so after it has asked us.
	mknod /srv/m/sg c 21 0
	mknod /srv/m/mtd c 90 0
	mknod /srv/m/bsg c "$(awk '$2 == "bsg" { print $1; exit } END { print 21 }' /proc/devices | head -n 1)" 77
	mknod /srv/m/watchdog c 10 130
	for m in loop null_blk msr binfmt_misc; do
		modprobe -q "$m"
	done
	mount -t binfmt_misc none /proc/sys/fs/binfmt_misc 2>/dev/null
	[[ -e /dev/nullb0 ]] && chown alice: /dev/nullb0
	sysctl -qw kernel.unprivileged_bpf_disabled=0 kernel.perf_event_paranoid=1
}

side_world_ends() {
	# shellcheck disable=SC2046 # numbers
	kill "${ATTACK_PIDS[@]}" $(cat /run/try/{alice,root}-{session,server}.pid) 2>/dev/null
	wait "${ATTACK_PIDS[@]}" 2>/dev/null
	systemctl stop try-loose.service
	ATTACK_PIDS=()
	umount /srv/m/etc /srv/m/cgroup /run/try/bound.sock
	rm -rf /srv/m /srv/try /run/try /etc/cron.d/of-alice /etc/systemd/system/of-alice.service "${SIDE_SERVICES[@]}"
	systemctl stop user@1000.service
	chown root: $SIDE_CG/cgroup.procs
	sleep 0.3
	rmdir $SIDE_CG/try-free/empty $SIDE_CG/try-alice/empty $SIDE_CG/try-{free,alice} $SIDE_CG/try-stray 2>/dev/null
}

# ---- leaving: cgroups

leaving_cases() {
	cat <<-'EOF'
		allowed: reading another's list|file-read /sys/fs/cgroup/try-free/cgroup.procs|ok|ok|-|-
		cgroup.procs of a cgroup of one's own|move-to /try-alice|ok|EPERM|-|-
		cgroup.procs, below|move-to /try-alice/empty|ok|EPERM|-|-
		cgroup.procs by another mount|file-write /srv/m/cgroup/try-alice/cgroup.procs|ok|EPERM|-|-
		cgroup.procs by io_uring|uring-open /sys/fs/cgroup/try-alice/cgroup.procs|ok|EPERM|-|-
		cgroup.procs in another cgroup namespace|cgroupns file-write /sys/fs/cgroup/try-alice/cgroup.procs|ok|EPERM|-|-
		cgroup.threads|cgroup-open /try-alice cgroup.threads|ok|EPERM|-|-
		cgroup.subtree_control|cgroup-open /try-alice cgroup.subtree_control|ok|EPERM|-|-
		a new cgroup elsewhere|cgroup-mkdir /try-alice|ok|EPERM|-|-
		a new cgroup in the manager's|cgroup-mkdir /user.slice/user-1000.slice/user@1000.service|ok|EPERM|-|-
		removing a cgroup elsewhere|cgroup-rmdir /try-alice/empty|ok|EPERM|-|-
		mode of a cgroup file elsewhere|cgroup-chmod /try-alice cgroup.procs|ok|EPERM|-|-
		clone3 into another cgroup|clone-into /try-alice nothing|ok|EPERM|-|-
		clone3 into another cgroup, moved out by root|stray clone-into /try-alice nothing|ok|EPERM|-|-
		cgroup.procs, moved out by root|stray move-to /try-alice|ok|EPERM|-|-
	EOF
}

root_leaving_cases() {
	cat <<-'EOF'
		allowed: a cgroup below one's own|cgroup-mkdir own|ok|ok|-|-
		allowed: into a cgroup below one's own|move-below|ok|ok|-|-
		clone3, even into a cgroup below|subcgroup nothing|ok|EPERM|-|-
		allowed: one's own cgroup.freeze|cgroup-open own cgroup.freeze|ok|ok|-|-
		cgroup.procs of the root|move-to /|ok|EPERM|-|-
		cgroup.procs of another|move-to /try-free|ok|EPERM|-|-
		cgroup.procs of the parent|cgroup-open parent cgroup.procs|ok|EPERM|-|-
		cgroup.procs of another session|cgroup-open of-root-session cgroup.procs|ok|EPERM|-|-
		cgroup.procs by another mount|file-write /srv/m/cgroup/try-free/cgroup.procs|ok|EPERM|-|-
		cgroup.procs in another cgroup namespace|cgroupns file-write /sys/fs/cgroup/try-free/cgroup.procs|ok|EPERM|-|-
		cgroup.procs by O_PATH|file-reopen /sys/fs/cgroup/try-free/cgroup.procs|ok|EPERM|-|-
		cgroup.threads|cgroup-open /try-free cgroup.threads|ok|EPERM|-|-
		cgroup.subtree_control|cgroup-open /try-free cgroup.subtree_control|ok|EPERM|-|-
		cgroup.type|cgroup-open /try-free cgroup.type|ok|EPERM|-|-
		cgroup.freeze|cgroup-write /try-free cgroup.freeze 0|ok|EPERM|-|-
		cgroup.kill|cgroup-write /try-free/empty cgroup.kill 1|ok|EPERM|-|-
		cgroup.freeze of another session|cgroup-open of-root-session cgroup.freeze|ok|EPERM|-|-
		cgroup.kill of a service|cgroup-open /system.slice/ssh.service cgroup.procs|ok|EPERM|-|-
		cgroup.max.depth|cgroup-write /try-free cgroup.max.depth max|ok|EPERM|-|-
		a new cgroup elsewhere|cgroup-mkdir /try-free|ok|EPERM|-|-
		a new cgroup at the root|cgroup-mkdir /|ok|EPERM|-|-
		removing a cgroup elsewhere|cgroup-rmdir /try-free/empty|ok|EPERM|-|-
		mode of a cgroup file elsewhere|cgroup-chmod /try-free cgroup.procs|ok|EPERM|-|-
		attribute of a cgroup elsewhere|cgroup-xattr /try-free|ok|EPERM|-|-
		clone3 into another cgroup|clone-into /try-free nothing|ok|EPERM|-|-
		clone3 into another session|clone-into of-root-session nothing|ok|EPERM|-|-
		cgroup.procs handed over|scm file /sys/fs/cgroup/try-free/cgroup.procs 1 -- fd-write 0|ok|CTRUNC|-|-
	EOF
}

# ---- leaving: processes

trace_cases() { # WHO: in the name of the caller's user
	cat <<-EOF
		$1: ptrace attach|attach $1|ok|EPERM|-|-
		$1: ptrace seize|seize $1|ok|EPERM|-|-
		$1: ptrace attach by a thread|thread attach $1|ok|EPERM|-|-
		$1: /proc/PID/mem for writing|mem-write $1|ok|EACCES|-|-
		$1: /proc/PID/mem for reading|mem-read $1|ok|EACCES|-|-
		$1: process_vm_writev|vm-write $1|ok|EPERM|-|-
		$1: process_vm_readv|vm-read $1|ok|EPERM|-|-
		$1: pidfd_getfd|take-fd $1|ok|EPERM|-|-
	EOF
}
# Looking only, where root may: ps and lsof do. Looking is enough to write to another's pipe: root is not kept from it.
look_cases() { # WHO OUTCOME
	cat <<-EOF
		$1: /proc/PID/fd|proc-file $1 fd/100|ok|$2|-|-
		$1: /proc/PID/root|proc-file $1 root/etc/passwd|ok|$2|-|-
		$1: /proc/PID/cwd|proc-file $1 cwd/.|ok|$2|-|-
		$1: /proc/PID/environ|proc-file $1 environ|ok|$2|-|-
		$1: /proc/PID/maps|proc-file $1 maps|ok|$2|-|-
		$1: a pipe of its, by /proc/PID/fd|proc-pipe $1|ok|$2|-|-
	EOF
}
alice_trace_cases() {
	trace_cases alice
	trace_cases alice-session
	look_cases alice EACCES
	look_cases alice-session EACCES
	own_trace_cases
	cat <<-'EOF'
		alice: name space by its file|enter-file user alice|EINVAL|EACCES|-|-
		alice: move_pages|move-pages alice|ok|EPERM|-|-
		alice: ptrace attach, moved out by root|stray attach alice|ok|EPERM|-|-
	EOF
}
root_trace_cases() {
	trace_cases root
	trace_cases root-session
	trace_cases bob
	look_cases root ok
	look_cases root-session ok
	own_trace_cases
	cat <<-'EOF'
		PID 1: ptrace seize|seize 1|ok|EPERM|-|-
		PID 1: pidfd_getfd|take-fd-0 1|ok|EPERM|-|-
		PID 1: /proc/PID/mem|proc-file 1 mem|EIO|EACCES|-|-
		PID 1: name space by pidfd|enter-pidfd mnt 1|ok|ok|-|-
	EOF
}
helper_trace_cases() {
	cat <<-'EOF'
		helper: ptrace attach|attach helper|ok|EPERM|-|-
		helper: ptrace seize|seize helper|ok|EPERM|-|-
		helper: /proc/PID/mem|proc-file helper mem|EIO|EACCES|-|-
		helper: pidfd_getfd|take-fd-0 helper|ok|EPERM|-|-
	EOF
}
own_trace_cases() {
	cat <<-'EOF'
		own: ptrace attach|with-child attach child|ok|ok|-|-
		own: ptrace seize|with-child seize child|ok|ok|-|-
		own: /proc/PID/mem|with-child mem-write child|ok|ok|-|-
		own: process_vm_writev|with-child vm-write child|ok|ok|-|-
		own: process_vm_readv|with-child vm-read child|ok|ok|-|-
		own: pidfd_getfd|with-child take-fd child|ok|ok|-|-
		own: /proc/PID/fd|with-child proc-file child fd/100|ok|ok|-|-
		own: /proc/PID/environ|with-child proc-file child environ|ok|ok|-|-
		own: kill|with-child kill child 9|ok|ok|-|-
		own: limits|with-child same-prlimit child|ok|ok|-|-
		own: scheduling|with-child same-scheduler child|ok|ok|-|-
	EOF
}

# ---- unix sockets

service_cases() {
	local path
	for path in "${SIDE_SERVICES[@]}"; do
		echo "service: $path|unix stream $path|ok|EPERM|-|-"
	done
	cat <<-'EOF'
		service: by a symbolic link|unix stream /run/try/soft.sock|ok|EPERM|-|-
		service: by a hard link|unix stream /run/try/hard.sock|ok|EPERM|-|-
		service: by a bind mount|unix stream /run/try/bound.sock|ok|EPERM|-|-
		service: by a relative name|unix-there stream /run docker.sock|ok|EPERM|-|-
		service: by dots|unix stream /run/../run/./docker.sock|ok|EPERM|-|-
		service: by /proc/self/root|unix stream /proc/self/root/run/docker.sock|ok|EPERM|-|-
		service: moved out by root|stray unix stream /run/docker.sock|ok|EPERM|-|-
	EOF
}
unix_cases() {
	service_cases
	cat <<-'EOF'
		allowed: the system bus, for a user|unix stream /run/dbus/system_bus_socket|ok|ok|-|-
		allowed: the log|unix-send /dev/log|ok|ok|-|-
		allowed: the user's bus|unix stream /run/user/1000/bus|ok|ok|-|-
		allowed: another user's server|unix stream /run/try/bob.sock|ok|ok|-|-
		allowed: a server of root's|unix stream /run/try/root.sock|ok|ok|-|-
		allowed: another session's server|unix stream /run/try/alice-session.sock|ok|ok|-|-
		same user: stream|unix stream /run/try/alice.sock|ok|EPERM|-|-
		same user: abstract|unix stream @try-alice|ok|EPERM|-|-
		same user: seqpacket|unix seqpacket /run/try/alice.seq|ok|EPERM|-|-
		same user: datagram|unix-send /run/try/alice.dgram|ok|EPERM|-|-
		same user: datagram, connected|unix dgram /run/try/alice.dgram|ok|EPERM|-|-
		same user: datagram, abstract|unix-send @try-alice.dgram|ok|EPERM|-|-
		same user: from a thread|thread unix stream /run/try/alice.sock|ok|EPERM|-|-
		same user: moved out by root|stray unix stream /run/try/alice.sock|ok|EPERM|-|-
	EOF
}
root_unix_cases() {
	service_cases
	cat <<-'EOF'
		allowed: the log|unix-send /dev/log|ok|ok|-|-
		allowed: a user's server|unix stream /run/try/bob.sock|ok|ok|-|-
		same user: root's, of a login|unix stream /run/try/root-loose.sock|ok|EPERM|-|-
		service: systemd's private socket|unix stream /run/systemd/private|ok|EPERM|-|-
		service: the system bus, for root|unix stream /run/dbus/system_bus_socket|ok|EPERM|-|-
	EOF
}
unix_allow_conf() { echo 'unix = { same_user = "allow"; services = "allow"; };'; }
unix_allow_cases() {
	cat <<-'EOF'
		opened: a service|unix stream /run/docker.sock|ok|ok|-|-
		opened: same user|unix stream /run/try/alice.sock|ok|ok|-|-
		opened: same user, datagram|unix-send @try-alice.dgram|ok|ok|-|-
	EOF
}
root_unix_allow_cases() {
	cat <<-'EOF'
		opened: a service|unix stream /run/docker.sock|ok|ok|-|-
		opened: the system bus|unix stream /run/dbus/system_bus_socket|ok|ok|-|-
	EOF
}
unix_deny_conf() {
	echo 'unix = { deny = [ "/run/try/foo.sock", "@try-bar", "/run/try/foo.dgram", "@try-bar.dgram" ]; };'
}
unix_deny_cases() {
	cat <<-'EOF'
		named: a path|unix stream /run/try/foo.sock|ok|EPERM|-|-
		named: abstract|unix stream @try-bar|ok|EPERM|-|-
		named: datagram|unix-send /run/try/foo.dgram|ok|EPERM|-|-
		named: datagram, connected|unix dgram /run/try/foo.dgram|ok|EPERM|-|-
		named: datagram, abstract|unix-send @try-bar.dgram|ok|EPERM|-|-
		not named|unix stream /run/try/plain.sock|ok|ok|-|-
	EOF
}

# From an accomplice of the same user's, whom a session may not talk to unless that is allowed.
passed_side_conf() {
	side_conf
	echo 'unix = { same_user = "allow"; };'
}
passed_side_cases() {
	cat <<-'EOF'
		cgroup.procs handed over|scm file /sys/fs/cgroup/try-alice/cgroup.procs 1 -- fd-write 0|ok|CTRUNC|-|-
		cgroup.procs fetched|getfd file /sys/fs/cgroup/try-alice/cgroup.procs 1 -- fd-write 0|ok|EPERM|-|-
		cgroup.procs, handed over to be opened|scm file /sys/fs/cgroup/try-alice/cgroup.procs 0x200000 -- fd-reopen|ok|EPERM|-|-
		handed over: a cron file|scm file /etc/cron.d/of-alice 1 -- fd-write x|ok|CTRUNC|-|-
		a socketpair, connected outside|scm pair -- pair-speaks|ok|ok|-|-
		a name space of a process, handed over|scm ns uts alice -- fd-nothing|ok|ok|-|-
		an ordinary file, handed over for writing|scm file /home/alice/.profile 1 -- fd-nothing|ok|ok|-|-
	EOF
}

# In a session of the manager's own in the log.
manager_side_cases() {
	cat <<-'EOF'
		by the user manager|manager move-to /try-alice|ok|EPERM|-|-
		clone3 into another cgroup by the user manager, guarded there|manager clone-into /try-alice bpf-map|ok|EPERM|-|-
		alice: ptrace attach by the user manager|manager attach alice|ok|EPERM|-|-
		service: by the user manager|manager unix stream /run/docker.sock|ok|EPERM|-|-
		same user: by the user manager|manager unix stream /run/try/alice.sock|ok|EPERM|-|-
	EOF
}

# ---- tampering

tamper_cases() {
	cat <<-'EOF'
		allowed: one's own keys|file-update /home/alice/.ssh/authorized_keys|ok|ok|-|-
		allowed: a pipe|device pipe 0 0|ok|ok|-|-
		bpf: a program|bpf-load|ok|EPERM|-|-
		bpf: a map|bpf-map|ok|EPERM|-|-
		perf|perf user|ok|EPERM|-|-
		a block device|door-write /dev/nullb0|ok|EPERM|-|-
		a cron file of one's own|file-write /etc/cron.d/of-alice|ok|EPERM|-|-
		a unit of one's own|file-update /etc/systemd/system/of-alice.service|ok|EPERM|-|-
		mode of a cron file of one's own|file-chmod /etc/cron.d/of-alice|ok|EPERM|-|-
	EOF
}
root_kernel_cases() {
	cat <<-'EOF'
		allowed: /dev/null|door-write /dev/null|ok|ok|-|-
		allowed: reading a setting|file-read /proc/sys/kernel/core_pattern|ok|ok|-|-
		allowed: a pipe|device pipe 0 0|ok|ok|-|-
		bpf: a program|bpf-load|ok|EPERM|-|-
		bpf: a map|bpf-map|ok|EPERM|-|-
		bpf: the next program|bpf-next prog|ok|EPERM|-|-
		bpf: the next map|bpf-next map|ok|EPERM|-|-
		bpf: the next link|bpf-next link|ok|EPERM|-|-
		bpf: moved out by root|stray bpf-next prog|ok|EPERM|-|-
		perf|perf kernel|ok|EPERM|-|-
		init_module|module|ok|EPERM|-|-
		finit_module|module-file /srv/m/rubbish|ok|EPERM|-|-
		delete_module|module-remove|ok|EPERM|-|-
		kexec_load|kexec|ok|EPERM|-|-
		kexec_file_load|kexec-file /srv/m/rubbish|ok|EPERM|-|-
		ioperm|ioperm|ok|EPERM|-|-
		iopl|iopl|ok|EPERM|-|-
		/dev/mem|door-read /dev/mem|ok|EPERM|-|-
		/dev/port|door-write /dev/port|absent:ENOENT|-|-|-
		/proc/kcore|door-read /proc/kcore|ok|EPERM|-|-
		/dev/cpu/0/msr|door-write /dev/cpu/0/msr|absent:ENOENT|-|-|-
		tracefs: kprobe_events|door-write /sys/kernel/tracing/kprobe_events|ok|EPERM|-|-
		tracefs: set_event|door-write /sys/kernel/tracing/set_event|ok|EPERM|-|-
		debugfs|door-write /sys/kernel/debug/clear_warn_once|ok|EPERM|-|-
		core_pattern|same-value /proc/sys/kernel/core_pattern|ok|EPERM|-|-
		modprobe|same-value /proc/sys/kernel/modprobe|ok|EPERM|-|-
		another setting|same-value /proc/sys/kernel/printk|ok|EPERM|-|-
		a setting of the network|same-value /proc/sys/net/ipv4/ip_forward|ok|EPERM|-|-
		a setting of cgroups and names|same-value /proc/sys/user/max_user_namespaces|ok|EPERM|-|-
		core_pattern by /proc/self/root|same-value /proc/self/root/proc/sys/kernel/core_pattern|ok|EPERM|-|-
		core_pattern by O_PATH|file-reopen /proc/sys/kernel/core_pattern|ok|EPERM|-|-
		core_pattern by io_uring|uring-open /proc/sys/kernel/core_pattern|ok|EPERM|-|-
		core_pattern handed over|scm file /proc/sys/kernel/core_pattern 1 -- fd-nothing|ok|CTRUNC|-|-
		core_pattern, moved out by root|stray same-value /proc/sys/kernel/core_pattern|ok|EPERM|-|-
		sysrq|same-value /proc/sys/kernel/sysrq|ok|EPERM|-|-
		sysrq-trigger|sysrq|ok|EPERM|-|-
		binfmt_misc|door-write /proc/sys/fs/binfmt_misc/register|ok|EPERM|-|-
		uevent_helper|door-write /sys/kernel/uevent_helper|absent:ENOENT|-|-|-
		sysfs: a device|same-value /sys/class/net/dummy0/tx_queue_len|ok|EPERM|-|-
		sysfs: uevent|door-write /sys/class/net/dummy0/uevent|ok|EPERM|-|-
		sysfs: power|door-write /sys/power/state|ok|EPERM|-|-
		a block device|door-write /dev/nullb0|ok|EPERM|-|-
		a loop device|door-write /dev/loop0|ok|EPERM|-|-
		a disk in its own words: sg|file-write /srv/m/sg|ENXIO|EPERM|-|-
		a disk in its own words: mtd|file-write /srv/m/mtd|ENXIO|EPERM|-|-
		a disk in its own words: bsg|file-write /srv/m/bsg|ENXIO|EPERM|-|-
		a watchdog|file-write /srv/m/watchdog|ENODEV|EPERM|-|-
		mknod: a block device|device block 7 0|ok|EPERM|-|-
		mknod: memory|device char 1 1|ok|EPERM|-|-
		reboot|reboot|ok|EPERM|-|-
		a holder's terminal|type-into root|ok|EPERM|-|-
	EOF
}

process_cases() { # WHO
	cat <<-EOF
		$1: kill|kill $1 23|ok|EPERM|-|-
		$1: tgkill|tgkill $1 23|ok|EPERM|-|-
		$1: tkill|tkill $1 23|ok|EPERM|-|-
		$1: pidfd_send_signal|pidfd-signal $1 23|ok|EPERM|-|-
		$1: rt_sigqueueinfo|sigqueue $1 23|ok|EPERM|-|-
		$1: rt_tgsigqueueinfo|tgsigqueue $1 23|ok|EPERM|-|-
		$1: kill, moved out by root|stray kill $1 23|ok|EPERM|-|-
		$1: prlimit|same-prlimit $1|ok|EPERM|-|-
		$1: sched_setscheduler|same-scheduler $1|ok|EPERM|-|-
		$1: sched_setparam|same-param $1|ok|EPERM|-|-
		$1: sched_setattr|same-attr $1|ok|EPERM|-|-
		$1: setpriority|same-priority $1|ok|EPERM|-|-
		$1: ioprio_set|same-io-priority $1|ok|EPERM|-|-
		$1: sched_setaffinity|same-affinity $1|ok|EPERM|-|-
		$1: oom_score_adj|same-proc $1 oom_score_adj|ok|EPERM|-|-
	EOF
}
root_process_cases() { process_cases 1; }

root_file_cases() {
	cat <<-'EOF'
		allowed: a file that is not on the list|file-write /etc/motd|ok|ok|-|-
		allowed: replacing one|file-replace /etc/motd|ok|ok|-|-
		allowed: a new file|file-create /etc/try-new|ok|ok|-|-
		allowed: reading what is on the list|file-read /etc/crontab|ok|ok|-|-
		write|file-write /etc/crontab|ok|EPERM|-|-
		append|file-update /etc/crontab|ok|EPERM|-|-
		O_TRUNC|file-empty /etc/crontab|ok|EPERM|-|-
		truncate|file-truncate /etc/crontab|ok|EPERM|-|-
		unlink|file-remove /etc/crontab|ok|EPERM|-|-
		replace by rename|file-replace /etc/crontab|ok|EPERM|-|-
		exchange|file-exchange /etc/crontab|ok|EPERM|-|-
		rename away|file-rename-away /etc/crontab|ok|EPERM|-|-
		link|file-link /etc/crontab|ok|EPERM|-|-
		chmod|file-chmod /etc/crontab|ok|EPERM|-|-
		chown|file-chown /etc/crontab|ok|EPERM|-|-
		xattr|file-xattr /etc/crontab|ok|EPERM|-|-
		chattr|file-flags /etc/crontab|ok|EPERM|-|-
		by a symbolic link|file-write /srv/m/soft-crontab|ok|EPERM|-|-
		by a hard link|file-write /srv/m/hard-crontab|ok|EPERM|-|-
		by a bind mount|file-write /srv/m/etc/crontab|ok|EPERM|-|-
		by /proc/self/root|file-write /proc/self/root/etc/crontab|ok|EPERM|-|-
		by /proc/self/cwd|file-chdir /etc /proc/self/cwd/crontab|ok|EPERM|-|-
		by a relative name|file-chdir /etc/cron.d ../crontab|ok|EPERM|-|-
		in a chroot|file-chroot /srv/m /etc/crontab|ok|EPERM|-|-
		in another mount namespace|mntns file-write /etc/crontab|ok|EPERM|-|-
		by O_PATH|file-reopen /etc/crontab|ok|EPERM|-|-
		by its handle|by-handle /etc/crontab|ok|EPERM|-|-
		by io_uring|uring-open /etc/crontab|ok|EPERM|-|-
		unlink by io_uring|uring-remove /etc/crontab|ok|EPERM|-|-
		moved out by root|stray file-write /etc/crontab|ok|EPERM|-|-
		handed over for writing|scm file /etc/crontab 1 -- fd-nothing|ok|CTRUNC|-|-
		handed over for reading, opened again|scm file /etc/crontab 0 -- fd-reopen|ok|EPERM|-|-
		fetched|getfd file /etc/crontab 1 -- fd-truncate|ok|EPERM|-|-
		brought along: write|late file /etc/crontab 0x401 -- fd-truncate|ok|EPERM|-|-
		new in /etc/cron.d|file-create /etc/cron.d/try-new|ok|EPERM|-|-
		new in /etc/cron.d, by rename|file-rename-in /etc/cron.d/try-new|ok|EPERM|-|-
		new in /etc/cron.d, by link|file-link-in /etc/cron.d/try-new|ok|EPERM|-|-
		new in /etc/cron.d, a symbolic link|file-symlink /etc/cron.d/try-new|ok|EPERM|-|-
		new in /etc/cron.d, a directory|file-mkdir /etc/cron.d/try-new|ok|EPERM|-|-
		new in /etc/cron.d, a pipe|file-pipe /etc/cron.d/try-new|ok|EPERM|-|-
		new in /etc/cron.d, a socket|file-socket /etc/cron.d/try-new|ok|EPERM|-|-
		new in /etc/cron.d, by a bind mount|file-create /srv/m/etc/cron.d/try-new|ok|EPERM|-|-
		/etc/cron.d itself|file-rename-away /etc/cron.d|ok|EPERM|-|-
		/etc/cron.daily|file-create /etc/cron.daily/try-new|ok|EPERM|-|-
		/var/spool/cron|file-create /var/spool/cron/crontabs/root|ok|EPERM|-|-
		/var/spool/cron/atjobs|file-create /var/spool/cron/atjobs/try-new|ok|EPERM|-|-
		/etc/pam.d: write|file-write /etc/pam.d/sshd|ok|EPERM|-|-
		/etc/pam.d: replace|file-replace /etc/pam.d/sshd|ok|EPERM|-|-
		/etc/pam.d: new|file-create /etc/pam.d/try-new|ok|EPERM|-|-
		/etc/pam.d itself|file-rename-away /etc/pam.d|ok|EPERM|-|-
		/etc/systemd/system: new|file-create /etc/systemd/system/try-new.service|ok|EPERM|-|-
		/etc/systemd/system: symbolic link|file-symlink /etc/systemd/system/try-new.service|ok|EPERM|-|-
		/etc/systemd/system: deeper|file-create /etc/systemd/system/multi-user.target.wants/try-new.service|ok|EPERM|-|-
		/run/systemd/system: new|file-create /run/systemd/system/try-new.service|ok|EPERM|-|-
		/usr/lib/systemd/system: new|file-create /usr/lib/systemd/system/try-new.service|ok|EPERM|-|-
		/usr/lib/systemd/system: replace|file-replace /usr/lib/systemd/system/ssh.service|ok|EPERM|-|-
		/etc/ld.so.preload|file-create /etc/ld.so.preload|ok|EPERM|-|-
		/etc/ld.so.preload by rename|file-rename-in /etc/ld.so.preload|ok|EPERM|-|-
		/etc/sudoers: write|file-write /etc/sudoers|ok|EPERM|-|-
		/etc/sudoers.d: new|file-create /etc/sudoers.d/try-new|ok|EPERM|-|-
		authorized_keys of root's|file-update /root/.ssh/authorized_keys|ok|EPERM|-|-
		authorized_keys of root's, replaced|file-replace /root/.ssh/authorized_keys|ok|EPERM|-|-
		authorized_keys of a user's|file-update /home/bob/.ssh/authorized_keys|ok|EPERM|-|-
		authorized_keys of a user's, replaced|file-replace /home/bob/.ssh/authorized_keys|ok|EPERM|-|-
		authorized_keys of a user without|file-create /home/bob/.ssh/authorized_keys2|ok|EPERM|-|-
		authorized_keys: .ssh renamed away|file-rename-away /home/bob/.ssh|ok|EPERM|-|-
	EOF
}

# ---- what only a machine with ebpfguard has

helper_cases() {
	local conf=/etc/ebpfguard.conf bin=/usr/sbin/ebpfguard-helper
	process_cases helper
	cat <<-EOF
		control.sock|unix seqpacket /run/ebpfguard/control.sock|ok|EPERM|-|-
		helper.sock is open|unix seqpacket /run/ebpfguard/helper.sock|ok|ok|-|-
		cgroup of the helper: freeze|cgroup-open /system.slice/ebpfguard.service cgroup.freeze|ok|EPERM|-|-
		cgroup of the helper: kill|cgroup-open of-helper cgroup.procs|ok|EPERM|-|-
		systemd is told in the helper's name|notify helper STATUS=try|ok|EPERM|-|-
		configuration: write|file-write $conf|ok|EPERM|-|-
		configuration: O_TRUNC|file-empty $conf|ok|EPERM|-|-
		configuration: truncate|file-truncate $conf|ok|EPERM|-|-
		configuration: unlink|file-remove $conf|ok|EPERM|-|-
		configuration: replace|file-replace $conf|ok|EPERM|-|-
		configuration: rename away|file-rename-away $conf|ok|EPERM|-|-
		configuration: link|file-link $conf|ok|EPERM|-|-
		configuration: chmod|file-chmod $conf|ok|EPERM|-|-
		configuration: xattr|file-xattr $conf|ok|EPERM|-|-
		configuration: by a bind mount|file-write /srv/m$conf|ok|EPERM|-|-
		configuration: by its handle|by-handle $conf|ok|EPERM|-|-
		configuration: handed over|scm file $conf 1 -- fd-nothing|ok|CTRUNC|-|-
		program: replace|file-replace $bin|ok|EPERM|-|-
		program: rename away|file-rename-away $bin|ok|EPERM|-|-
		program: chmod|file-chmod $bin|ok|EPERM|-|-
		ebpfguardctl: write|file-write /usr/sbin/ebpfguardctl|ok|EPERM|-|-
		module: write|file-write /usr/lib/x86_64-linux-gnu/security/pam_ebpfguard.so|ok|EPERM|-|-
		module: replace|file-replace /usr/lib/x86_64-linux-gnu/security/pam_ebpfguard.so|ok|EPERM|-|-
		state: new|file-create /var/lib/ebpfguard/try-new|ok|EPERM|-|-
		state itself|file-rename-away /var/lib/ebpfguard|ok|EPERM|-|-
		sockets: new|file-create /run/ebpfguard/try-new|ok|EPERM|-|-
		sockets: renamed|file-rename-away /run/ebpfguard/helper.sock|ok|EPERM|-|-
		pins: a map is fetched|bpf-get $pins/map_eg_sessions|ok|EPERM|-|-
		pins: rename away|file-rename-away $pins/map_eg_sessions|ok|EPERM|-|-
		pins: new|file-mkdir $pins/try-new|ok|EPERM|-|-
		pins: chmod|file-chmod $pins/map_eg_sessions|ok|EPERM|-|-
		pins themselves|file-rename-away /sys/fs/bpf/ebpfguard|ok|EPERM|-|-
	EOF
}
