# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# shellcheck shell=bash disable=SC2154,SC1091 # HERE, VM, REPO and BUILD are set by tests/vm/run
# ebpfguard itself: built for the guest's suite, installed into a staging directory.

host_suite() { (. /etc/os-release && echo "${VERSION_CODENAME:-unknown}"); }

# product_make SUITE STAGE: "make install" with the build machine's tools, or in an SDK where its libraries would not fit.
# Two runs at once must not build in the same directory: cached() locks the SDK, the lock file the build.
product_make() {
	local suite=$1 stage=$2 lock name
	mkdir -p "$stage" "$VM"
	exec {lock}>>"$VM/.lock-product-$suite"
	flock -x "$lock"
	# A make above us has its own idea of flags and jobs.
	unset MAKEFLAGS MFLAGS MAKELEVEL MAKEOVERRIDES DESTDIR
	if [[ $suite == "$(host_suite)" ]]; then
		make -s -C "$REPO" BUILD="$BUILD" DESTDIR="$stage" install >&2 ||
			die "ebpfguard does not build or install (make -C $REPO install), see above"
	else
		name=$(sdk_name "$suite")
		cached "sdk-$suite" "$name" sdk_make "$suite"
		need_root "building for Debian $suite"
		mkdir -p "$BUILD/$suite"
		# A mount namespace of its own: nothing stays mounted, whatever happens.
		# shellcheck disable=SC2016 # the inner shell expands them
		unshare -m --propagation private bash -euc '
			mount --rbind /dev "$1/dev"; mount -t proc proc "$1/proc"
			mount --bind "$2" "$1/src"; mount --bind "$3" "$1/out"; mount --bind "$4" "$1/mnt"
			exec chroot "$1" make -s -C /src BUILD=/out DESTDIR=/mnt install
		' bash "$VM/$name" "$REPO" "$BUILD/$suite" "$stage" >&2 ||
			die "ebpfguard does not build or install for Debian $suite (in $VM/$name), see above"
		cached_done "sdk-$suite"
	fi
	exec {lock}>&-
	compgen -G "$stage/usr/lib/*/security/pam_ebpfguard.so" >/dev/null ||
		die "make install left no pam_ebpfguard.so below $stage/usr/lib/*/security; look at PAMDIR in the Makefile"
}

# What an administrator does after installing: enable the units, write the configuration, add the PAM line.
# product_enable STAGE BASE CONF
product_enable() {
	local stage=$1 base=$2 conf=$3 unit target wants
	for unit in ebpfguard.socket ebpfguard.service; do
		[[ -f $stage/lib/systemd/system/$unit || -f $stage/usr/lib/systemd/system/$unit ]] ||
			die "make install left no $unit; look at UNITDIR in the Makefile"
		while read -r target; do
			wants=$stage/etc/systemd/system/$target.wants
			mkdir -p "$wants"
			ln -sf "/lib/systemd/system/$unit" "$wants/$unit"
		done < <(sed -n 's/^WantedBy=//p' "$stage"/{,usr/}lib/systemd/system/"$unit" 2>/dev/null | tr -s ' ' '\n')
	done
	# With several machines at a time on two cores the emulated verifier takes its time.
	mkdir -p "$stage/etc/systemd/system/ebpfguard.service.d"
	printf '[Service]\nTimeoutStartSec=600\n' >"$stage/etc/systemd/system/ebpfguard.service.d/emulated.conf"
	mkdir -p "$stage/etc/pam.d"
	install -m 0600 "$conf" "$stage/etc/ebpfguard.conf"
	install -m 0644 "$base/sshd" "$stage/etc/pam.d/sshd"
	# Behind pam_systemd, which common-session has, and before pam_env: on Debian 12 that reads ~/.pam_environment
	# (user_readenv=1) and lets a user overwrite what sshd says of the connection and the key.
	sed -i '/^@include common-session/a session required pam_ebpfguard.so' "$stage/etc/pam.d/sshd"
	grep -q pam_ebpfguard "$stage/etc/pam.d/sshd" || die "the guest's /etc/pam.d/sshd has no @include common-session"
}
