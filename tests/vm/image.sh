# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# shellcheck shell=bash disable=SC2154 # HERE, VM, REPO and BUILD are set by tests/vm/run
# The root file systems: the guest's, with its users and keys but nothing of ours, and the SDK that builds for it.

# Two flavours of guest: "plain" boots fast; "tools" has programs that people work with, and is four times as large.
image_kind() { if [[ $2 == plain ]]; then echo "root-$1"; else echo "$2-$1"; fi; }
image_packages() {
	versions guest "$1" all
	[[ $2 == plain ]] || versions "$2" "$1" all
}
# image_name SUITE FLAVOUR
image_name() {
	echo "$(image_kind "$@")-$({ versions suite "$1"; image_packages "$@"; cat "$HERE/image.sh"; } | hash_of -)"
}
sdk_name() { echo "sdk-$1-$({ versions suite "$1"; versions sdk "$1" all; cat "$HERE/image.sh"; } | hash_of -)"; }

# debootstrap_into DIR SUITE PACKAGES [OPTION...]
debootstrap_into() {
	local dir=$1 suite=$2 packages=$3 sources=() mirror=()
	shift 3
	need_root "building a Debian $suite root file system"
	command -v mmdebstrap >/dev/null || die "mmdebstrap is missing; run tests/setup demo"
	read -ra mirror <<<"$(versions suite "$suite")"
	mapfile -t sources < <(deb_lines "${mirror[@]}")
	mmdebstrap --quiet --mode=root --variant=essential --format=directory --architectures=amd64 \
		--include="${packages// /,}" \
		--aptopt='Acquire::Check-Valid-Until "false"' --aptopt='Acquire::Retries "3"' \
		--aptopt='APT::Install-Recommends "false"' \
		--dpkgopt='path-exclude=/usr/share/man/*' --dpkgopt='path-exclude=/usr/share/locale/*' \
		--dpkgopt='path-exclude=/usr/share/doc/*' --dpkgopt='path-exclude=/usr/share/info/*' \
		"$@" "$suite" "$dir" "${sources[@]}"
}

# Users, keys and the start-up of the guest. Runs once per image, on the unpacked directory.
image_customize() {
	local root=$1 flavour=$2 u home
	for u in alice bob carol; do
		chroot "$root" useradd -m -s /bin/bash "$u"
	done
	# So that su and sudo can be tried with a password. The machine has no network.
	printf '%s\n' root:root alice:alice bob:bob carol:carol | chroot "$root" chpasswd
	for u in alice carol; do
		echo "$u ALL=(ALL:ALL) NOPASSWD: ALL" >"$root/etc/sudoers.d/$u"
		chmod 0440 "$root/etc/sudoers.d/$u"
	done

	# Host keys now: making them at boot costs seconds of emulation.
	rm -f "$root"/etc/ssh/ssh_host_*
	chroot "$root" ssh-keygen -q -t ed25519 -N '' -C vm -f /etc/ssh/ssh_host_ed25519_key
	install -d -m 0700 "$root/root/.ssh"
	chroot "$root" ssh-keygen -q -t ed25519 -N '' -C root@vm -f /root/.ssh/id_ed25519
	for u in root alice bob carol; do
		home=/home/$u
		[[ $u == root ]] && home=/root
		chroot "$root" install -d -m 0700 -o "$u" -g "$u" "$home/.ssh"
		chroot "$root" install -m 0600 -o "$u" -g "$u" /root/.ssh/id_ed25519.pub "$home/.ssh/authorized_keys"
	done

	echo vm >"$root/etc/hostname"
	printf '127.0.0.1 localhost\n127.0.1.1 vm\n::1 localhost ip6-localhost\n10.99.0.2 client\n' \
		>"$root/etc/hosts"
	: >"$root/etc/resolv.conf"
	# An empty machine-id would be a first boot, with every unit preset anew.
	echo 0123456789abcdef0123456789abcdef >"$root/etc/machine-id"
	rm -f "$root/var/lib/dbus/machine-id"
	ln -s /etc/machine-id "$root/var/lib/dbus/machine-id"

	: >"$root/etc/default/locale"
	# A refused login prints them, and a test reads what a login prints.
	rm -f "$root"/etc/update-motd.d/*
	: >"$root/etc/motd"

	# No udev here: a getty on a device waits for it for 90 s. tmp.mount, which only trixie has, would hide what --copy
	# puts into /tmp. The rest only costs start-up time, much of it emulated.
	mkdir -p "$root/etc/systemd/system-generators"
	for u in systemd-getty-generator systemd-gpt-auto-generator systemd-fstab-generator systemd-ssh-generator; do
		ln -sf /dev/null "$root/etc/systemd/system-generators/$u"
	done
	for u in getty.target getty@tty1.service apt-daily.timer apt-daily-upgrade.timer dpkg-db-backup.timer \
		e2scrub_all.timer e2scrub_reap.service fstrim.timer logrotate.timer systemd-timesyncd.service \
		systemd-random-seed.service systemd-update-utmp-runlevel.service nftables.service \
		systemd-networkd.service systemd-firstboot.service systemd-sysusers.service systemd-hwdb-update.service \
		systemd-journal-catalog-update.service systemd-update-done.service ldconfig.service tmp.mount \
		modprobe@drm.service modprobe@efi_pstore.service modprobe@dm_mod.service modprobe@loop.service \
		dev-hugepages.mount systemd-pcrextend.socket systemd-pcrlock.socket systemd-mountfsd.socket; do
		ln -sf /dev/null "$root/etc/systemd/system/$u"
	done

	# None of it is read in the guest, and all of it would sit in its memory.
	# mkfs.btrfs is all that is used of btrfs-progs.
	rm -f "$root"/usr/bin/btrfs* "$root"/bin/btrfs*
	rm -rf "$root"/usr/share/{perl,lintian,bash-completion,zsh,doc-base,common-licenses,bug,pixmaps} \
		"$root"/usr/lib/x86_64-linux-gnu/{gconv,perl,perl5} "$root"/usr/lib/python3*/{test,pydoc_data,idlelib,lib2to3} \
		"$root"/usr/lib/udev/hwdb.d "$root"/usr/lib/binfmt.d/python* "$root"/var/lib/apt/lists "$root"/var/cache/{apt,debconf} "${root:?}"/boot/*
	find "$root/var/log" -type f -delete
	if [[ $flavour == plain ]]; then
		rm -rf "$root/usr/share/polkit-1"
	else
		image_tools "$root"
	fi
}

# The tools: what nobody here asks them for.
image_tools() {
	local root=$1
	# The tests of OpenSSH want Twisted and PuTTY for two scripts that are not among ours.
	rm -rf "$root"/usr/share/vim/vim*/{doc,tutor,lang,spell,pack,print,indent,compiler,keymap} "$root"/usr/lib/python3/dist-packages/* \
		"$root"/usr/bin/{putty*,plink,pscp,psftp,lto-dump*,x86_64-linux-gnu-lto-dump*} \
		"$root"/usr/lib/gcc/x86_64-linux-gnu/*/{lto1,lto-wrapper,plugin,libasan*,libtsan*,liblsan*,libubsan*} \
		"$root"/usr/lib/x86_64-linux-gnu/lib{asan,tsan,lsan,hwasan}.so* "$root"/usr/lib/git-core/{git-gui,gitk,mergetools}
}

# TEMP becomes a directory with cpio (the archive), dirs (its directories) and sshd (its /etc/pam.d/sshd).
image_make() {
	local out=$1 suite=$2 flavour=$3 root=$1/root
	say "building the Debian $suite guest, $flavour (once, a minute or two) ..."
	mkdir -p "$out"
	debootstrap_into "$root" "$suite" "$(image_packages "$suite" "$flavour" | xargs)"
	image_customize "$root" "$flavour"
	(cd "$root" && find . -mindepth 1 -type d -printf '%P\n' >../dirs)
	# With an entry for the root itself: the kernel's rootfs starts with the mode of /tmp.
	(cd "$root" && find . | LC_ALL=C sort | cpio -o -H newc --quiet >../cpio)
	cp "$root/etc/pam.d/sshd" "$out/sshd"
	rm -rf --one-file-system "$root"
}

sdk_make() {
	say "building the Debian $2 build environment (once, about two minutes) ..."
	debootstrap_into "$1" "$2" "$(versions sdk "$2" all)"
	mkdir -p "$1/src" "$1/out"
}
