# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# shellcheck shell=bash disable=SC2154 # tests/vm/run sets tmp and what the options say
# What differs from run to run: our own files in the guest, and the machine itself.

# Our units and programs, from tests/vm/guest.
machine_files() {
	local stage=$1 g=$HERE/guest units=$1/etc/systemd/system
	install -d "$stage"/usr/lib/vm "$units/vm.target.wants" "$stage"/etc/{tmpfiles.d,ssh/ssh_config.d}
	install -m 0755 "$g"/vm-init "$g"/vm-network "$g"/vm-script "$stage/usr/lib/vm/"
	install -m 0644 "$g"/vm-network.service "$g"/vm-script.service "$units/"
	install -m 0644 "$g/vm-tmpfiles.conf" "$stage/etc/tmpfiles.d/vm.conf"
	# Takes the place of the file that empties /tmp at boot, and what --copy has put there.
	printf 'd /tmp 1777\nd /var/tmp 1777\n' >"$stage/etc/tmpfiles.d/tmp.conf"
	install -m 0644 "$g/ssh.conf" "$stage/etc/ssh/ssh_config.d/vm.conf"
	printf '[Unit]\nRequires=multi-user.target\n' >"$units/vm.target"
	ln -s ../vm-script.service "$units/vm.target.wants/"
}

machine_script() {
	local dir=$1/var/lib/vm script=$2
	shift 2
	install -d "$dir"
	install -m 0755 "$script" "$dir/script"
	: >"$dir/args"
	(($# == 0)) || printf '%s\0' "$@" >"$dir/args"
}

# machine_copy STAGE FILE:GUESTPATH
machine_copy() {
	local stage=$1 from=${2%:*} to=${2##*:}
	[[ $2 == *:/* ]] || die "--copy $2: want FILE:/PATH/IN/THE/GUEST"
	[[ $to != /run/* && $to != /dev/* && $to != /proc/* && $to != /sys/* ]] ||
		die "--copy $2: a file system will be mounted over it; choose another place"
	[[ -e $from ]] || die "--copy $2: no file $from"
	mkdir -p "$stage$(dirname "$to")"
	cp -aL -T "$from" "$stage$to"
}

# /lib, /bin and /sbin are symlinks in the guest, which an archive with such a directory would replace.
machine_merge_usr() {
	local d
	for d in bin sbin lib lib64; do
		if [[ -d $1/$d ]]; then
			mkdir -p "$1/usr/$d"
			cp -a "$1/$d/." "$1/usr/$d"
			rm -r "${1:?}/$d"
		fi
	done
}

# Whether KVM runs a kernel here: the device may be there and hang, so boot something, with a deadline. Once per boot.
kvm_works() {
	local cache pid i
	[[ -r /dev/kvm && -w /dev/kvm ]] || return 1
	cache=$VM/.kvm-$(</proc/sys/kernel/random/boot_id)
	if [[ ! -e $cache ]]; then
		# Without a root file system the kernel panics, and panic=-1 ends the machine.
		qemu-system-x86_64 -accel kvm -cpu host -smp 2 -m 512 -display none -nodefaults -no-reboot \
			-serial "file:$tmp/kvm" -kernel "$tmp/vmlinuz" -append 'console=ttyS0 panic=-1' </dev/null >/dev/null 2>&1 &
		pid=$!
		disown "$pid"
		# Polled, not waited for: a process stuck in the device may not even die when killed.
		for ((i = 0; i < 80; i++)); do
			kill -0 "$pid" 2>/dev/null || break
			sleep 0.1
		done
		kill -KILL "$pid" 2>/dev/null || true
		if ((i < 80)) && grep -q 'Kernel panic' "$tmp/kvm" 2>/dev/null; then
			echo yes >"$tmp/kvm-verdict"
		else
			echo no >"$tmp/kvm-verdict"
		fi
		rm -f "$VM"/.kvm-*
		mv "$tmp/kvm-verdict" "$cache"
	fi
	[[ $(<"$cache") == yes ]]
}

# power_cut QEMU: after what --cut says. SIGKILL takes the guest's memory and leaves what qemu has written in this machine's
# page cache: a disk that keeps what it was sent, and a machine that had not sent all.
power_cut() {
	local qemu=$1 line=${cut%:*} seconds=${cut##*:}
	until [[ -z $line ]] || grep -qxF -- "$line" "$tmp/output"; do sleep 0.05; done
	sleep "$seconds"
	: >"$tmp/cut"
	kill -KILL "$qemu"
}

console_tail() {
	say "the end of the console:"
	tail -n 40 "$tmp/console" 2>/dev/null | tr -d '\r' >&2 || true
}

# Start qemu, show the output as it comes, and exit with the script's status.
machine_boot() {
	local qemu watchdog reader cutter='' first status late='' rc=0 log=$tmp/console
	local -a args params
	# norandmaps: qemu translates code anew for each address it is seen at, so libraries that move from process to process
	# make starting a program cost five times as much. no_timer_check: on a busy host too few ticks come while the kernel
	# counts them, and it panics.
	params=(console=ttyS0 rdinit=/usr/lib/vm/vm-init panic=-1 oops=panic mitigations=off cryptomgr.notests=1 nokaslr nowatchdog
		norandmaps no_timer_check rcupdate.rcu_cpu_stall_suppress=1 loglevel=5 systemd.unit=vm.target systemd.show_status=auto
		# Of process 1 itself: polkit's answer comes when somebody has typed a password, on a slow machine.
		SYSTEMD_BUS_TIMEOUT=300)
	# shellcheck disable=SC2054 # the commas are qemu's
	args=(-display none -nodefaults -no-reboot -m "$mem" -kernel "$tmp/vmlinuz" -initrd "$tmp/initrd"
		-serial "file:$log" -device virtio-serial-pci
		-chardev "file,id=output,path=$tmp/output" -device virtserialport,chardev=output,name=output
		-chardev "file,id=status,path=$tmp/status" -device virtserialport,chardev=status,name=status)
	if [[ $disk ]]; then
		params+=(VM_DISK=/dev/vda)
		# unsafe: nobody cuts this machine's power, so what the guest flushes need not wait for its disk.
		# shellcheck disable=SC2054 # qemu's again
		args+=(-drive "file=$disk,format=raw,if=virtio,cache=unsafe")
	fi
	if [[ $icount ]]; then
		# shellcheck disable=SC2054 # qemu's again
		args+=(-accel tcg -icount 'shift=0,align=off,sleep=off' -smp 1 -rtc base=2026-01-01,clock=vm)
	elif kvm_works; then
		args+=(-accel kvm -cpu host -smp 2)
	else
		# One host thread for both CPUs: with a thread each, qemu 7.2 now and then lets one run code the other is
		# just patching (static keys), and the guest panics. Two machines at once use both cores instead.
		# shellcheck disable=SC2054 # qemu's again
		args+=(-accel tcg,thread=single -smp 2)
	fi
	: >"$log"
	: >"$tmp/output"
	: >"$tmp/status"

	if [[ $shell ]]; then
		[[ -t 0 ]] || die "--shell needs a terminal"
		# No window size crosses a serial line.
		params+=("systemd.setenv=VM_TERM=${TERM:-vt102}" "systemd.setenv=VM_SIZE=$(stty size | tr ' ' ,)")
		qemu-system-x86_64 "${args[@]}" -chardev stdio,id=tty,signal=off -serial chardev:tty \
			-append "${params[*]} $append" || rc=$?
	else
		# Dies with us, even if we are killed.
		setpriv --pdeathsig KILL \
			qemu-system-x86_64 "${args[@]}" -append "${params[*]} $append" </dev/null >"$tmp/qemu" 2>&1 &
		qemu=$!
		sleep "$timeout" &
		watchdog=$!
		# A file between the machine and our reader: a slow reader must not stop the guest's CPUs.
		tail -n +1 -s 0.1 -f --pid="$qemu" "$tmp/output" &
		reader=$!
		children+=("$qemu" "$watchdog" "$reader")
		if [[ $cut ]]; then
			power_cut "$qemu" &
			cutter=$!
			children+=("$cutter")
		fi
		wait -n -p first "$qemu" "$watchdog" || rc=$?
		if [[ $first == "$watchdog" ]]; then
			late=1
			kill -KILL "$qemu"
			wait "$qemu" || true
		else
			kill "$watchdog"
			wait "$watchdog" || true
		fi
		wait "$reader" || true
		[[ -z $cutter ]] || kill "$cutter" 2>/dev/null || true
		children=()
	fi
	[[ -z $console ]] || cp "$log" "$console"
	status=$(<"$tmp/status")
	[[ ! -e $tmp/cut ]] || exit 137
	if [[ $status =~ ^[0-9]+$ ]]; then
		exit "$status"
	elif [[ $late ]]; then
		say "error: no answer within $timeout s (kernel $kernel, $suite)"
		console_tail
		exit 124
	fi
	cat "$tmp/qemu" >&2 2>/dev/null || true
	say "error: the machine ended without the script's status (kernel $kernel, $suite, qemu status $rc)"
	console_tail
	exit 125
}
