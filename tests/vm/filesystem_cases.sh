# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# shellcheck shell=bash disable=SC2154 # T and ATTACK_PIDS come from lib.sh and cases.sh
# Files that rules are about on btrfs, on overlays and on mounts with other owners. For test_filesystems.sh; the form is
# that of egress_cases.sh, HOOKS and PACKETS do not apply. All files are alice's.

D=/srv/fs
# Names are kept in parts of 31 bytes.
name_of() { printf 'n%.0s' $(seq "$1"); }
filesystems_conf() {
	cat <<-EOF
		leaving = "allow";
		files = {
			deny_read = [
				"$D/a/secret", "$D/a/replaced", "$D/a/later", "$D/a/tree", "$D/b/secret",
				"$D/ov/secret", "$D/ov/tree", "$D/ox/secret", "$D/ox/tree",
				"$D/base/secret", "$D/base/tree", "$D/base/mine",
				"$D/base/$(name_of 31)", "$D/base/$(name_of 62)", "$D/base/$(name_of 255)", "$D/idm/tree", "$D/fat/SECRET.TXT"
			];
			deny_write = [
				"$D/a/fixed", "$D/a/keep", "$D/ov/fixed", "$D/ov/keep", "$D/ox/fixed", "$D/base/fixed", "$D/base/keep",
				"$D/idm/fixed", "$D/idm/keep"
			];
		};
		exec = { deny = [ "$D/a/prog", "$D/a/runs", "$D/ov/prog", "$D/ox/runs", "$D/base/prog" ]; };
	EOF
}

# The same files in a directory: what the rules are about, and one beside each.
fill() { # DIR
	install -d -m 0777 "$1" "$1"/{try,tree,tree/sub,keep,keep/sub,runs}
	printf 'secret\n' | tee "$1"/{secret,replaced,fixed,free,tree/x,tree/sub/y,keep/a,keep/sub/b} >/dev/null
	install -m 0755 /bin/true "$1/prog"
	install -m 0755 /bin/true "$1/runs/prog"
	install -m 0755 /bin/true "$1/prog2"
	chown -R alice: "$1"
}
# An access list with an entry for bob.
put_acl() {
	python3 - "$1" <<-'EOF'
		import os, struct, sys
		e = lambda tag, perm, id=0xffffffff: struct.pack('<HHI', tag, perm, id)
		os.setxattr(sys.argv[1], 'system.posix_acl_access', struct.pack('<I', 2) + e(1, 6) + e(2, 4, 1001) + e(4, 4) +
		            e(16, 4) + e(32, 4))
	EOF
}

btrfs_world() {
	truncate -s 160M /srv/bt.img
	mkfs.btrfs -q /srv/bt.img
	mount -o loop,user_subvol_rm_allowed /srv/bt.img $D/bt
	chmod 0777 $D/bt
	LOOP=$(findmnt -no SOURCE $D/bt)
	# The top directory of each subvolume is number 256, and of the generation of the transaction that made it: made in
	# one transaction two were one directory to us (ebpfguard.conf(5) says so).
	"$T/try" subvolume $D/bt a
	sync -f $D/bt
	"$T/try" subvolume $D/bt b
	mount -o subvol=a "$LOOP" $D/a
	mount -o subvol=b "$LOOP" $D/b
	# Each subvolume counts files from 257, and those of one transaction have one generation: what is made here at the
	# same time must not be one file by chance.
	"$T/try" flood $D/b/number 1000
	"$T/try" flood $D/bt/number 2000
	fill $D/a
	fill $D/b
	fill $D/bt/low
	"$T/try" subvolume $D/a/keep sub2
	"$T/try" subvolume $D/a/try sub2
	chown alice: $D/a/keep/sub2 $D/a/try/sub2
	printf "secret\n" | tee $D/a/keep/{verity,acl} >/dev/null
	chown alice: $D/a/keep/{verity,acl}
	put_acl $D/a/keep/acl
	"$T/try" snapshot $D/a $D/bt snap
	"$T/try" snapshot-fixed $D/a $D/bt ro
	# Other owners than on the disk: 5000 is seen as alice.
	fill $D/bt/idm
	chown -R 5000:5000 $D/bt/idm
	chmod -R go-w $D/bt/idm
	chmod 0777 $D/bt/idm/try
	"$T/try" mapped $D/bt/idm $D/idm 5000 1000
}
overlay_world() {
	local n
	fill /srv/ol/low
	install -d -m 0777 -o alice /srv/ol/{up,work,up2,work2}
	mount -t overlay -o lowerdir=/srv/ol/low,upperdir=/srv/ol/up,workdir=/srv/ol/work none $D/ov
	# Layers on two file systems, where an overlay has its own numbers for directories.
	mount -t overlay -o lowerdir=$D/bt/low,upperdir=/srv/ol/up2,workdir=/srv/ol/work2 none $D/ox
	# What alice makes overlays of her own of.
	fill $D/base
	for n in 30 31 32 61 62 63 254 255; do echo secret >"$D/base/$(name_of $n)"; done
	chmod 0666 $D/base/n*
	install -d -m 0777 -o alice $D/work $D/empty $D/empty2 $D/own
}
filesystems_world() {
	modprobe -aq loop btrfs overlay vfat nls_cp437 nls_ascii nls_iso8859-1 nls_utf8
	install -d -m 0777 $D $D/{bt,a,b,idm,ov,ox,fat,try}
	btrfs_world >/dev/null 2>&1 # mkfs.btrfs talks, and attempts say how they went
	overlay_world
	fat_image /srv/fat.img
	mount -o loop,ro,umask=0 /srv/fat.img $D/fat
}
filesystems_world_ends() {
	umount $D/ov $D/ox $D/idm $D/a $D/b $D/bt $D/fat
	rm -rf $D /srv/ol /srv/bt.img /srv/fat.img
}

# ---- on file systems as they are mounted

# fs_cases DIR: what holds on each.
fs_cases() {
	cat <<-EOF
		$1: allowed: a file without a rule|read $1/free|ok|ok|-|-
		$1: allowed: writing what may not be read|file-write $1/secret|ok|ok|-|-
		$1: allowed: changing a file|file-replace $1/free|ok|ok|-|-
		$1: allowed: a program|run $1/prog2|ok|ok|-|-
		$1: read|read $1/secret|ok|EPERM|-|-
		$1: by io_uring|read-uring $1/secret|ok|EPERM|-|-
		$1: by O_PATH, opened again|read-reopened $1/secret|ok|EPERM|-|-
		$1: linked|read-linked $1/secret $1/try/linked|ok|EPERM|-|-
		$1: moved|read-moved $1/secret $1/try/moved|ok|EPERM|-|-
		$1: a tree|read $1/tree/x|ok|EPERM|-|-
		$1: a tree, deeper|read $1/tree/sub/y|ok|EPERM|-|-
		$1: moved out of a tree|read-moved $1/tree/x $1/try/moved|ok|EPERM|-|-
		$1: write|file-write $1/fixed|ok|EPERM|-|-
		$1: truncate|file-truncate $1/fixed|ok|EPERM|-|-
		$1: unlink|file-remove $1/fixed|ok|EPERM|-|-
		$1: replace|file-replace $1/fixed|ok|EPERM|-|-
		$1: chmod|file-chmod $1/fixed|ok|EPERM|-|-
	EOF
}
btrfs_cases() {
	fs_cases $D/a
	cat <<-EOF
		btrfs: allowed: the same names in another subvolume|read $D/b/tree/x|ok|ok|-|-
		btrfs: allowed: a file of a snapshot|read $D/bt/snap/free|ok|ok|-|-
		btrfs: allowed: a new subvolume|subvolume-tried $D/a/try new|ok|ok|-|-
		btrfs: allowed: a snapshot|snapshot-tried $D/b $D/a/try new|ok|ok|-|-
		btrfs: allowed: a subvolume away|subvolume-destroyed $D/a/try sub2|ok|ok|-|-
		btrfs: another subvolume|read $D/b/secret|ok|EPERM|-|-
		btrfs: by the mount of the whole|read $D/bt/a/secret|ok|EPERM|-|-
		btrfs: a tree, by the mount of the whole|read $D/bt/a/tree/x|ok|EPERM|-|-
		btrfs: another subvolume, by the mount of the whole|read $D/bt/b/secret|ok|EPERM|-|-
		btrfs: a snapshot|read $D/bt/snap/secret|ok|EPERM|-|-
		btrfs: a snapshot, a tree|read $D/bt/snap/tree/sub/y|ok|EPERM|-|-
		btrfs: a snapshot of one's own|both snapshot $D/a $D/bt mine , read $D/bt/mine/secret|ok|EEXIST|-|-
		btrfs: a snapshot of one's own, read later|read $D/bt/mine/secret|ok|EPERM|-|-
		btrfs: a program|run $D/a/prog|ok|EPERM|-|-
		btrfs: a program of a tree|run $D/a/runs/prog|ok|EPERM|-|-
		btrfs: a program, in a snapshot|run $D/bt/snap/prog|ok|EPERM|-|-
		btrfs: a tree: a new file|file-create $D/a/keep/new|ok|EPERM|-|-
		btrfs: a tree: a new subvolume|subvolume-tried $D/a/keep new|ok|EPERM|-|-
		btrfs: a tree: a snapshot into it|snapshot-tried $D/b $D/a/keep new|ok|EPERM|-|-
		btrfs: a tree: a snapshot into it, by the older call|snapshot-old-tried $D/b $D/a/keep new|ok|EPERM|-|-
		btrfs: a tree: a subvolume destroyed|subvolume-destroyed $D/a/keep sub2|ok|EPERM|-|-
		btrfs: an access list|acl-removed $D/a/keep/acl|ok|EPERM|-|-
	EOF
}
root_btrfs_cases() {
	cat <<-EOF
		btrfs: by its handle|read-handle $D/a/secret $D/a|ok|EPERM|-|-
		btrfs: by its handle and another mount|read-handle $D/a/secret $D/bt|ok|EPERM|-|-
		btrfs: by its handle, a file of a tree|read-handle $D/a/tree/sub/y $D/bt|ok|EPERM|-|-
		btrfs: sent away with its subvolume|sent $D/bt/ro|ok|EPERM|-|-
		btrfs: searched for in its trees|searched $D/bt|ok|EPERM|-|-
		btrfs: fs-verity|verity $D/a/keep/verity|ok|EPERM|-|-
	EOF
}
overlay_cases() {
	fs_cases $D/ov
	fs_cases $D/ox
	cat <<-EOF
		overlay: a program|run $D/ov/prog|ok|EPERM|-|-
		overlay: a program of a tree|run $D/ox/runs/prog|ok|EPERM|-|-
		overlay: a tree: a new file|file-create $D/ov/keep/new|ok|EPERM|-|-
		overlay: a tree: a file from below|file-write $D/ov/keep/sub/b|ok|EPERM|-|-
	EOF
}
# What the conf page says: a file of a layer is another.
layer_cases() {
	cat <<-EOF
		layers: by the directory below: not covered|read /srv/ol/low/secret|ok|ok|-|-
		layers: a tree, by the directory below: not covered|read /srv/ol/low/tree/x|ok|ok|-|-
	EOF
}
mapped_cases() {
	fs_cases $D/idm | grep -v -e /secret -e prog2 -e /tree/sub
	cat <<-EOF
		mapped: a tree: a new file|file-create $D/idm/keep/new|ok|EPERM|-|-
		mapped: a tree: a directory|file-mkdir $D/idm/keep/new|ok|EPERM|-|-
		mapped: a tree: unlink|file-remove $D/idm/keep/a|ok|EPERM|-|-
		mapped: rename away|file-rename-away $D/idm/fixed|ok|EPERM|-|-
		mapped: link|file-link $D/idm/fixed|ok|EPERM|-|-
		mapped: linked out of a tree|read-linked $D/idm/tree/x $D/idm/try/linked|ok|EPERM|-|-
		mapped: allowed: a new file|file-create $D/idm/new|ok|ok|-|-
	EOF
}

# ---- on overlays that a session makes

# above OPERATION...: what lies below it is the tree; under: the tree is its upper layer.
above() { echo "own-mounts both overlay $D/base - $D/empty $D/own , $*"; }
under() { echo "own-mounts both overlay $D/empty $D/base $D/work $D/own , $*"; }
own_overlay_cases() {
	cat <<-EOF
		own mounts: allowed: another type|own-mounts mount-type tmpfs $D/own|ok|ok|-|-
		own mounts: allowed: a copy that is nowhere: a file without a rule|own-mounts in-tree $D/base read free|ok|ok|-|-
		own overlay: a file without a rule|$(above read $D/own/free)|ok|EPERM|-|-
		own overlay: read|$(above read $D/own/secret)|ok|EPERM|-|-
		own overlay: a tree|$(above read $D/own/tree/x)|ok|EPERM|-|-
		own overlay: that is nowhere|own-mounts overlay-detached $D/base $D/empty read tree/x|ok|EPERM|-|-
		own overlay: a program|$(above run $D/own/prog)|ok|EPERM|-|-
		own overlay above: read|$(under read $D/own/secret)|ok|EPERM|-|-
		own overlay above: moved out of a tree|$(under read-moved $D/own/tree/x $D/own/try/moved)|ok|EPERM|-|-
		own overlay above: linked out of a tree|$(under read-linked $D/own/tree/x $D/own/try/linked)|ok|EPERM|-|-
		own overlay above: write|$(under file-write $D/own/fixed)|ok|EPERM|-|-
		own overlay above: truncate|$(under file-truncate $D/own/fixed)|ok|EPERM|-|-
		own overlay above: chmod|$(under file-chmod $D/own/fixed)|ok|EPERM|-|-
		own overlay above: unlink|$(under file-remove $D/own/fixed)|ok|EPERM|-|-
		own overlay above: rename away|$(under file-rename-away $D/own/fixed)|ok|EPERM|-|-
		own overlay above: a new file|$(under file-create $D/own/keep/new)|ok|EPERM|-|-
		own overlay above: a new directory|$(under file-mkdir $D/own/keep/new)|ok|EPERM|-|-
		own mounts: a copy that is nowhere|own-mounts in-tree $D/base read secret|ok|EPERM|-|-
		own mounts: a copy that is nowhere, of a subvolume|own-mounts in-tree $D/a read secret|ok|EPERM|-|-
		own mounts: a copy of a tree that is nowhere|own-mounts in-tree $D/base/tree read x|ok|EPERM|-|-
	EOF
}
# With mount.allow: what one is to expect of it.
overlay_allowed_conf() { filesystems_conf; echo 'mount = { allow = [ "overlay" ]; };'; }
overlay_allowed_cases() { echo "own overlay: named in mount.allow|$(above read $D/own/free)|ok|ok|-|-"; }
# ext2 and some of ext4 let an owner set it; the hook comes before the file system is asked.
base_cases() {
	cat <<-EOF
		the generation of a file|version $D/base/secret|ENOTTY|EPERM|-|-
		the generation of another|version $D/base/free|ENOTTY|EPERM|-|-
		a name of 31 bytes|read $D/base/$(name_of 31)|ok|EPERM|-|-
		a name of 62 bytes|read $D/base/$(name_of 62)|ok|EPERM|-|-
		a name of 255 bytes|read $D/base/$(name_of 255)|ok|EPERM|-|-
		allowed: a name of 30 bytes|read $D/base/$(name_of 30)|ok|ok|-|-
		allowed: a name of 32 bytes|read $D/base/$(name_of 32)|ok|ok|-|-
		allowed: a name of 61 bytes|read $D/base/$(name_of 61)|ok|ok|-|-
		allowed: a name of 63 bytes|read $D/base/$(name_of 63)|ok|ok|-|-
		allowed: a name of 254 bytes|read $D/base/$(name_of 254)|ok|ok|-|-
		FAT: read|read $D/fat/SECRET.TXT|ok|EPERM|-|-
	EOF
}

# ---- names without case

uncased_cases() {
	cat <<-EOF
		FAT: in another case, in no cache: not covered|read $D/fat/secret.txt|ok|ok|-|-
	EOF
}
