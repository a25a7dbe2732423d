# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# shellcheck shell=bash disable=SC2154 # HERE, VM, REPO and BUILD are set by tests/vm/run
# Debian's kernels: downloaded and unpacked below $VM, never installed; the modules the guest needs as an archive.

kernel_name() { echo "kernel-$1-$({ versions kernel "$1"; cat "$HERE/kernel.sh"; } | hash_of -)"; }

# apt with state, cache and sources of its own, so that the host's are neither used nor changed.
private_apt() {
	local dir=$1 cmd=$2
	shift 2
	APT_CONFIG="$dir/apt.conf" "$cmd" "$@"
}

private_apt_init() {
	local dir=$1
	shift
	mkdir -p "$dir"/{state/lists/partial,cache/archives/partial,etc/apt.conf.d,etc/preferences.d,etc/sources.list.d}
	: >"$dir/status"
	deb_lines "$@" >"$dir/etc/sources.list"
	cat >"$dir/apt.conf" <<-EOF
		Dir "$dir";
		Dir::State "$dir/state";
		Dir::State::status "$dir/status";
		Dir::Cache "$dir/cache";
		Dir::Etc "$dir/etc";
		Dir::Etc::parts "$dir/etc/apt.conf.d";
		APT::Architecture "amd64";
		APT::Architectures "amd64";
		APT::Sandbox::User "root";
		Acquire::Languages "none";
		Acquire::Retries "3";
		Acquire::Check-Valid-Until "false";
	EOF
}

# The package and version to fetch: as the versions file names them, or the newest of the series.
# kernel_choose APT SERIES PACKAGE VERSION
kernel_choose() {
	local apt=$1 series=${2%%@*} package=$3 version=$4 found p v best='' best_v=''
	found=$(private_apt "$apt" apt-cache madison "$package" 2>/dev/null | awk '{ print $3 }')
	if grep -qxF -- "$version" <<<"$found"; then
		echo "$package $version"
		return
	fi
	while read -r p v; do
		if [[ -z $best ]] || dpkg --compare-versions "$v" gt "$best_v"; then
			best=$p best_v=$v
		fi
	done < <(private_apt "$apt" apt-cache pkgnames linux- |
		grep -E "^linux-(image|binary)-${series//./\\.}\.[0-9][0-9a-z.+-]*-cloud-amd64\$" |
		xargs -r env APT_CONFIG="$apt/apt.conf" apt-cache madison | awk '{ print $1, $3 }')
	[[ -n $best ]] || die "no cloud kernel $series on $MIRROR; give another series or mirror suite in tests/vm/versions"
	say "the mirror has dropped $package $version, taking $best $best_v; tests/vm/versions should name it"
	echo "$best $best_v"
}

# TEMP becomes a directory with vmlinuz and modules.cpio.
kernel_make() {
	local out=$1 series=$2 apt=$1/apt release from to d f chosen package version
	local -a v names
	read -ra v <<<"$(versions kernel "$series")"
	say "fetching kernel $series (once) ..."
	mkdir -p "$out"
	private_apt_init "$apt" "${v[@]:3}"
	private_apt "$apt" apt-get -qq update || die "cannot read $MIRROR for ${v[*]:3}; is the network up?"
	chosen=$(kernel_choose "$apt" "$series" "${v[0]}" "${v[1]}")
	read -r package version <<<"$chosen"
	names=("$package=$version")
	# From 7 on the package is split; linux-base-X holds modules.order and modules.builtin.
	if [[ $package == linux-binary-* ]]; then
		names+=("${package/linux-binary-/linux-modules-}=$version" "${package/linux-binary-/linux-base-}=$version")
	fi
	(cd "$apt" && private_apt "$apt" apt-get -qq download "${names[@]}") || die "downloading ${names[*]} failed"
	for d in "$apt"/*.deb; do
		dpkg-deb -x "$d" "$out/unpacked"
	done

	release=${package#linux-image-}
	release=${release#linux-binary-}
	from=$out/unpacked/lib/modules/$release
	[[ -d $from ]] || from=$out/unpacked/usr/lib/modules/$release
	[[ -d $from ]] || die "$package holds no modules for $release; its layout changed, look at tests/vm/kernel.sh"
	# linux-image-* has it in /boot, linux-binary-* beside the modules.
	if [[ -e $out/unpacked/boot/vmlinuz-$release ]]; then
		cp "$out/unpacked/boot/vmlinuz-$release" "$out/vmlinuz"
	else
		cp "$from/vmlinuz" "$out/vmlinuz"
	fi

	# What a session could reach for: every protocol and file system that is small, no hardware.
	to=$out/modules/usr/lib/modules/$release
	mkdir -p "$to/kernel"
	cp "$from"/modules.{order,builtin*} "$to"
	for d in net crypto lib mm arch/x86/crypto drivers/virtio drivers/char drivers/tty drivers/vhost drivers/net/tun.ko \
		drivers/net/dummy.ko drivers/net/veth.ko drivers/net/tap.ko drivers/net/macvlan.ko drivers/net/ipvlan \
		drivers/net/vxlan drivers/net/wireguard drivers/net/bonding drivers/net/vrf.ko drivers/net/netconsole.ko \
		drivers/net/netkit.ko drivers/block/virtio_blk.ko drivers/block/loop.ko \
		drivers/block/zram drivers/block/nbd.ko drivers/block/null_blk drivers/md/dm-mod.ko drivers/crypto/virtio fs/fuse fs/overlayfs fs/nls fs/squashfs fs/binfmt_misc.ko \
		fs/autofs fs/configfs fs/btrfs fs/ext4 fs/jbd2 fs/mbcache.ko fs/isofs fs/fat fs/nfs fs/nfs_common fs/lockd fs/smb \
		fs/cifs fs/netfs fs/9p fs/fscache fs/efivarfs; do
		# X.ko may be X.ko.xz; what a series lacks is left out.
		mkdir -p "$to/kernel/$(dirname "$d")"
		for f in "$from/kernel/$d" "$from/kernel/$d".*; do
			[[ ! -e $f ]] || cp -a "$f" "$to/kernel/$(dirname "$d")/"
		done
	done
	# depmod only knows /lib/modules.
	ln -s usr/lib "$out/modules/lib"
	depmod -b "$out/modules" "$release"
	rm "$out/modules/lib"
	(cd "$out/modules" && find usr/lib/modules | LC_ALL=C sort | cpio -o -H newc -R 0:0 --quiet) >"$out/modules.cpio"
	rm -rf "$out/apt" "$out/unpacked" "$out/modules"
}
