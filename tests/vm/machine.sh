# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# shellcheck shell=bash disable=SC2154 # tests/vm/run sets tmp and what the options say
# What differs from run to run: our own files in the guest, and the machine itself.

# Our units and programs, from tests/vm/guest.
machine_files() {
	local stage=$1 g=$HERE/guest units=$1/etc/systemd/system
	install -d "$stage"/usr/lib/vm "$stage"/var/lib/vm "$units/vm.target.wants" "$stage"/etc/{tmpfiles.d,ssh/ssh_config.d}
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

# The kernel unpacks archive after archive; cpio pads each to 512 bytes.
machine_initrd() {
	overlay_cpio "$stage" "$base" >"$tmp/overlay"
	cat "$base/cpio" "$kdir/modules.cpio" "$tmp/overlay" >"$tmp/initrd"
}

# What qemu is to be: sets args, and params for the kernel.
machine_args() {
	# norandmaps: qemu translates code anew for each address it is seen at, so libraries that move from process to process
	# make starting a program cost five times as much. no_timer_check: on a busy host too few ticks come while the kernel
	# counts them, and it panics.
	params=(console=ttyS0 rdinit=/usr/lib/vm/vm-init panic=-1 oops=panic mitigations=off cryptomgr.notests=1 nokaslr nowatchdog
		norandmaps no_timer_check rcupdate.rcu_cpu_stall_suppress=1 loglevel=5 systemd.unit=vm.target systemd.show_status=auto
		# Of process 1 itself: polkit's answer comes when somebody has typed a password, on a slow machine.
		SYSTEMD_BUS_TIMEOUT=300)
	# shellcheck disable=SC2054 # the commas are qemu's
	args=(-display none -nodefaults -no-reboot -m "$mem"
		-serial "file:$tmp/console" -device virtio-serial-pci
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
	if [[ $ready ]]; then
		# shellcheck disable=SC2054 # qemu's again
		args+=(-drive "file=$tmp/task.img,format=raw,if=virtio,cache=unsafe")
	fi
	: >"$tmp/console"
	: >"$tmp/output"
	: >"$tmp/status"
}

# ---- a machine that has booted

TASK_MIB=256 # of the disk that brings the script

# By all that the boot depends on; the files by their contents, as their times are those of the build.
ready_name() {
	local args params ready=$1
	machine_args
	{
		echo "$1 ${params[*]} ${args[*]} $append" | sed "s|$tmp||g"
		qemu-system-x86_64 --version
		image_name "$suite" "$flavour"
		kernel_name "$kernel"
		cat "$HERE/machine.sh"
		tar -c --sort=name --mtime=@0 --owner=0 --group=0 --numeric-owner -C "$stage" .
	} | sha256sum | cut -c1-12 | sed "s/^/$1-/"
}

# TEMP becomes a directory with the machine's state, from when it was up and asked for a script.
ready_make() {
	local out=$1 qemu i args params
	trap '' PIPE # of a machine that has ended there is something to be said
	say "booting $kernel, $suite, to start from there (once a build) ..."
	mkdir -p "$out"
	machine_initrd
	truncate -s "${TASK_MIB}M" "$tmp/task.img"
	machine_args
	mkfifo "$tmp/monitor"
	setpriv --pdeathsig KILL qemu-system-x86_64 "${args[@]}" -kernel "$tmp/vmlinuz" -initrd "$tmp/initrd" \
		-append "${params[*]} $append" -monitor stdio <"$tmp/monitor" >"$tmp/qemu" 2>&1 &
	qemu=$!
	exec {monitor}>"$tmp/monitor"
	for ((i = 0; i < 5 * timeout; i++)); do
		[[ ! -s $tmp/status ]] && kill -0 "$qemu" 2>/dev/null || break
		sleep 0.2
	done
	# It waits for the state to be written before it reads on.
	printf '%s\n' 'migrate_set_parameter max-bandwidth 16G' "migrate \"exec:cat >$out/state\"" quit >&"$monitor"
	exec {monitor}>&-
	wait "$qemu" || true
	rm "$tmp/initrd"
	[[ $(<"$tmp/status") == ready && -s $out/state ]] && return
	tail -n 5 "$tmp/qemu" >&2
	console_tail
	return 1
}

# The disk: where the archive begins, in MiB, and how long it is; the archive itself.
machine_task() {
	local size
	date +%s.%N >"$1/var/lib/vm/now"
	head -c 32 /dev/urandom >"$1/var/lib/vm/random"
	tar -c --owner=0 --group=0 -C "$1" . >"$tmp/task.tar"
	size=$((($(stat -c %s "$tmp/task.tar") + 1048575) / 1048576))
	((size < TASK_MIB)) || die "the files for the guest, $size MiB, do not fit on a disk of $TASK_MIB"
	{
		printf '%-511s\n' "TASK $size"
		head -c $((1048576 - 512)) /dev/zero
		cat "$tmp/task.tar"
	} >"$tmp/task.img"
	truncate -s "${TASK_MIB}M" "$tmp/task.img"
	rm -r "$tmp/task.tar" "$1"
}

# ---- the run

# Start qemu, show the output as it comes, and exit with the script's status.
machine_run() {
	local qemu watchdog reader cutter='' first status late='' rc=0
	local -a args params boot
	machine_args
	boot=(-kernel "$tmp/vmlinuz" -initrd "$tmp/initrd" -append "${params[*]} $append")
	[[ -z $ready ]] || boot=(-incoming "exec:cat $ready")
	if [[ $shell ]]; then
		[[ -t 0 ]] || die "--shell needs a terminal"
		# No window size crosses a serial line.
		params+=("systemd.setenv=VM_TERM=${TERM:-vt102}" "systemd.setenv=VM_SIZE=$(stty size | tr ' ' ,)")
		qemu-system-x86_64 "${args[@]}" -chardev stdio,id=tty,signal=off -serial chardev:tty \
			-kernel "$tmp/vmlinuz" -initrd "$tmp/initrd" -append "${params[*]} $append" || rc=$?
	else
		# Dies with us, even if we are killed.
		setpriv --pdeathsig KILL \
			qemu-system-x86_64 "${args[@]}" "${boot[@]}" </dev/null >"$tmp/qemu" 2>&1 &
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
	[[ -z $console ]] || cp "$tmp/console" "$console"
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
