# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# shellcheck shell=bash disable=SC2154 # T and ATTACK_PIDS come from lib.sh and cases.sh
# Files that may not be read or changed, by every way to them. For test_files.sh; the form is that of egress_cases.sh,
# HOOKS and PACKETS do not apply. All files are alice's, so that it is not the kernel's own rule that keeps her.

F=/srv/w/f
LONG=$(printf 'n%.0s' {1..80})
files_conf() {
	cat <<-EOF
		unix = { same_user = "allow"; };
		leaving = "allow";
		files = {
			deny_read = [
				"$F/secret", "$F/raced", "$F/tree",
				"$F/tree/pub/hidden",
				"$F/later", "$F/link", "$F/prog", "$F/$LONG", "$F/dir/s", "/srv/fat/SECRET.TXT", "/srv/m/over/o",
				"$F/since/x", "/tmp/try-secret"
			];
			deny_write = [ "$F/fixed", "$F/keep", "$F/later", "$F/way/deep/later" ];
			allow = [ "$F/tree/open", "$F/tree/pub", "$F/keep/free", "$F/nowhere/yet" ];
		};
	EOF
}

# A FAT image with one file: of the file systems that every kernel here has, the one that finds a file by its handle when
# it is not in any cache.
fat_image() {
	python3 - "$1" <<-'EOF'
		import struct, sys
		sectors, data = 2880, bytearray(2880 * 512)
		data[0:62] = struct.pack('<3s8sHBHBHHBHHHLLBBBL11s8s', b'\xeb\x3c\x90', b'mkfs.fat', 512, 1, 1, 2, 224, sectors, 0xf0,
		                         9, 18, 2, 0, 0, 0, 0, 0x29, 1, b'NO NAME    ', b'FAT12   ')
		data[510:512] = b'\x55\xaa'
		for fat in (512, 512 * 10):
		    data[fat:fat + 5] = b'\xf0\xff\xff\xff\x0f'
		data[512 * 19:512 * 19 + 32] = struct.pack('<11sBBBHHHHHHHL', b'SECRET  TXT', 0x20, 0, 0, 0, 0x5a21, 0x5a21, 0, 0, 0x5a21, 2, 7)
		data[512 * 33:512 * 33 + 7] = b'secret\n'
		open(sys.argv[1], 'wb').write(data)
	EOF
}

# Made anew before each run: attempts that succeed put another file in the first name's place.
hard_links() {
	ln -f $F/secret /srv/m/hard
	ln -f $F/fixed /srv/m/hard-fixed
}

files_world() {
	modprobe -aq loop vfat nls_cp437 nls_ascii nls_iso8859-1 nls_utf8 overlay
	install -d -m 1777 /run/try
	install -d -m 0777 /srv/try /srv/try/b /srv/w $F $F/tree $F/tree/sub $F/tree/pub $F/tree/mnt $F/keep $F/keep/sub $F/keep/free $F/dir \
		/srv/m /srv/m/bound /srv/m/sub /srv/m/low /srv/m/up /srv/m/work /srv/m/over /srv/fat
	printf 'secret\n' | tee $F/{secret,raced,free,real,tree/a,tree/open,tree/sub/b,tree/pub/c,tree/pub/hidden} \
		$F/{fixed,keep/a,keep/sub/b,keep/free/c,dir/s,"$LONG","${LONG}x","${LONG%?}",other} /srv/m/low/o >/dev/null
	install -d -m 0777 $F/since
	printf 'secret\n' >/tmp/try-secret
	chmod 0666 /tmp/try-secret
	cp /bin/true $F/prog
	cp /bin/true $F/prog2
	ln -sf $F/real $F/link
	chown alice: /srv/m/low/o
	hard_links
	ln -sf $F/secret /srv/m/soft
	ln -sf $F/fixed /srv/m/soft-fixed
	mount --bind $F /srv/m/bound
	mount --bind $F/tree/sub /srv/m/sub
	mount -t tmpfs none $F/tree/mnt
	echo secret >$F/tree/mnt/x
	mount -t overlay -o lowerdir=/srv/m/low,upperdir=/srv/m/up,workdir=/srv/m/work none /srv/m/over
	fat_image /srv/fat.img
	mount -o loop,ro,nfs=nostale_ro,umask=0 /srv/fat.img /srv/fat
	"$T/try" save-handle /srv/fat/SECRET.TXT /srv/m/handle
	chown -hR alice: /srv/w
	chmod 0666 $F/tree/mnt/x
	broker_for root
	broker_for alice
	until_true 30 test -S /run/try/root -a -S /run/try/alice
}

files_world_ends() {
	kill "${ATTACK_PIDS[@]}" 2>/dev/null
	wait "${ATTACK_PIDS[@]}" 2>/dev/null
	ATTACK_PIDS=()
	umount /srv/m/bound /srv/m/sub $F/since /srv/m/over /srv/fat
	rm -rf /srv/m /srv/try /srv/w /run/try /srv/fat /srv/fat.img /tmp/try-secret
	rmdir /sys/fs/cgroup/try-stray 2>/dev/null
}

# ---- reading

read_cases() {
	cat <<-EOF
		allowed: a file without a rule|read $F/free|ok|ok|-|-
		allowed: a file in a denied tree|read $F/tree/open|ok|ok|-|-
		allowed: a tree in a denied tree|read $F/tree/pub/c|ok|ok|-|-
		allowed: listing such a tree|read $F/tree/pub|ok|ok|-|-
		allowed: what may not be written|read $F/fixed|ok|ok|-|-
		allowed: a program|run $F/prog2|ok|ok|-|-
		allowed: a longer name|read $F/${LONG}x|ok|ok|-|-
		allowed: a shorter name|read $F/${LONG%?}|ok|ok|-|-
		allowed: moving what has no rule|read-moved $F/other /srv/try/moved|ok|ok|-|-
		allowed: linking what has no rule|read-linked $F/other /srv/try/linked|ok|ok|-|-
		allowed: an ordinary file handed over|scm file $F/free 0 -- fd-read|ok|ok|-|-
		read|read $F/secret|ok|EPERM|-|-
		read and write|read-update $F/secret|ok|EPERM|-|-
		by a relative name|read-chdir $F/keep ../secret|ok|EPERM|-|-
		by a directory's descriptor|read-there $F secret|ok|EPERM|-|-
		by dots|read $F/keep/../keep/./../secret|ok|EPERM|-|-
		by a symbolic link|read /srv/m/soft|ok|EPERM|-|-
		by a hard link|read /srv/m/hard|ok|EPERM|-|-
		by a bind mount|read /srv/m/bound/secret|ok|EPERM|-|-
		by a bind mount of a part of a tree|read /srv/m/sub/b|ok|EPERM|-|-
		by /proc/self/root|read /proc/self/root$F/secret|ok|EPERM|-|-
		by /proc/self/cwd|read-chdir $F /proc/self/cwd/secret|ok|EPERM|-|-
		by O_PATH, opened again|read-reopened $F/secret|ok|EPERM|-|-
		by io_uring|read-uring $F/secret|ok|EPERM|-|-
		mmap|read-mapped $F/secret|ok|EPERM|-|-
		sendfile|read-sent $F/secret|ok|EPERM|-|-
		exec|run $F/prog|ok|EPERM|-|-
		the program, read|read $F/prog|ok|EPERM|-|-
		a tree: its list|read $F/tree|ok|EPERM|-|-
		a tree: a file|read $F/tree/a|ok|EPERM|-|-
		a tree: deeper|read $F/tree/sub/b|ok|EPERM|-|-
		a tree: denied again below what is allowed|read $F/tree/pub/hidden|ok|EPERM|-|-
		a tree: what is mounted there|read $F/tree/mnt/x|ok|EPERM|-|-
		a tree: the root of what is mounted there|read $F/tree/mnt|ok|EPERM|-|-
		a name of 80 bytes|read $F/$LONG|ok|EPERM|-|-
		a link's name|read $F/link|ok|EPERM|-|-
		where the link leads|read $F/real|ok|EPERM|-|-
		on an overlay|read /srv/m/over/o|ok|EPERM|-|-
		in /tmp, of which the helper has its own|read /tmp/try-secret|ok|EPERM|-|-
		moved|read-moved $F/secret /srv/try/moved|ok|EPERM|-|-
		moved out of a tree|read-moved $F/tree/a /srv/try/moved|ok|EPERM|-|-
		a tree, moved|read-moved $F/tree/sub /srv/try/moved|ok|EPERM|-|-
		exchanged|read-exchanged $F/tree/a /srv/try/exchanged|ok|EPERM|-|-
		linked|read-linked $F/secret /srv/try/linked|ok|EPERM|-|-
		linked out of a tree|read-linked $F/tree/a /srv/try/linked|ok|EPERM|-|-
		by a new symbolic link|read-symlinked $F/secret /srv/try/symlinked|ok|EPERM|-|-
		handed over|scm file $F/secret 0 -- fd-read|ok|CTRUNC|-|-
		handed over, a file of a tree|scm file $F/tree/a 0 -- fd-read|ok|CTRUNC|-|-
		handed over for writing, opened for both|scm file $F/secret 2 -- fd-read|ok|CTRUNC|-|-
		fetched|getfd file $F/secret 0 -- fd-read|ok|EPERM|-|-
		moved out by root|stray read $F/secret|ok|EPERM|-|-
	EOF
}
alice_read_cases() {
	cat <<-EOF
		in a mount namespace of one's own|user-mntns read $F/secret|ok|EPERM|-|-
		bound there|user-mntns read-bound $F /srv/try/b /srv/try/b/secret|ok|EPERM|-|-
		a file of a tree, bound there|user-mntns read-bound $F/tree/a /srv/w/f/free /srv/w/f/free|ok|EPERM|-|-
	EOF
}
root_read_cases() {
	cat <<-EOF
		in a mount namespace|mntns read $F/secret|ok|EPERM|-|-
		bound there|mntns read-bound $F /srv/try/b /srv/try/b/secret|ok|EPERM|-|-
		in a chroot|read-chroot /srv/m/bound /secret|ok|EPERM|-|-
		by its handle|read-handle $F/secret $F|ok|EPERM|-|-
		by its handle, a file of a tree|read-handle $F/tree/sub/b $F|ok|EPERM|-|-
		by its handle, looked up before|read-handle /srv/fat/SECRET.TXT /srv/fat|ok|EPERM|-|-
		brought along|late file $F/secret 0 -- fd-read-again|ok|EPERM|-|-
	EOF
}
# After drop_caches.
uncached_cases() {
	cat <<-EOF
		by a handle, in no cache|read-saved-handle /srv/m/handle /srv/fat|ok|EPERM|-|-
	EOF
}
# A file that was not there when the rule was loaded, and others in the place of those that were.
replaced_cases() {
	cat <<-EOF
		replaced: by rename|read $F/secret|ok|EPERM|-|-
		replaced: made anew|read $F/$LONG|ok|EPERM|-|-
		replaced: a link to another file|read $F/prog|ok|EPERM|-|-
		replaced: what the name leads to now|read $F/elsewhere|ok|EPERM|-|-
		new: not there when the rule was made|read $F/later|ok|EPERM|-|-
		replaced: a tree|read $F/tree/a|ok|EPERM|-|-
		replaced: a tree, deeper|read $F/tree/new/deep|ok|EPERM|-|-
		replaced: what is allowed in it|read $F/tree/pub/c|ok|ok|-|-
		replaced: what is denied again in that|read $F/tree/pub/hidden|ok|EPERM|-|-
		replaced: a directory on the way|read $F/dir/s|ok|EPERM|-|-
		mounted since: a name in it|read $F/since/x|ok|EPERM|-|-
		the old one, by its link|read /srv/m/hard|ok|EPERM|-|-
		linked by root since|read /srv/m/hard-later|ok|EPERM|-|-
		made on the way by root|read $F/way/deep/later|ok|ok|-|-
		made on the way by root, to be changed|file-write $F/way/deep/later|ok|EPERM|-|-
	EOF
}

# ---- changing

write_cases() {
	cat <<-EOF
		allowed: a file without a rule|file-write $F/free|ok|ok|-|-
		allowed: what may not be read|file-write $F/secret|ok|ok|-|-
		allowed: a new file in a tree in a denied one|file-create $F/keep/free/new|ok|ok|-|-
		allowed: a file there|file-replace $F/keep/free/c|ok|ok|-|-
		write|file-write $F/fixed|ok|EPERM|-|-
		append|file-update $F/fixed|ok|EPERM|-|-
		O_TRUNC|file-empty $F/fixed|ok|EPERM|-|-
		truncate|file-truncate $F/fixed|ok|EPERM|-|-
		fallocate|write-allocated $F/fixed|ok|EPERM|-|-
		unlink|file-remove $F/fixed|ok|EPERM|-|-
		replace by rename|file-replace $F/fixed|ok|EPERM|-|-
		exchange|file-exchange $F/fixed|ok|EPERM|-|-
		rename away|file-rename-away $F/fixed|ok|EPERM|-|-
		link|file-link $F/fixed|ok|EPERM|-|-
		chmod|file-chmod $F/fixed|ok|EPERM|-|-
		chown|file-chown $F/fixed|ok|EPERM|-|-
		by a symbolic link|file-write /srv/m/soft-fixed|ok|EPERM|-|-
		by a hard link|file-write /srv/m/hard-fixed|ok|EPERM|-|-
		by a bind mount|file-write /srv/m/bound/fixed|ok|EPERM|-|-
		by /proc/self/root|file-write /proc/self/root$F/fixed|ok|EPERM|-|-
		by a relative name|file-chdir $F/tree ../fixed|ok|EPERM|-|-
		by O_PATH|file-reopen $F/fixed|ok|EPERM|-|-
		by io_uring|uring-open $F/fixed|ok|EPERM|-|-
		unlink by io_uring|uring-remove $F/fixed|ok|EPERM|-|-
		handed over|scm file $F/fixed 1 -- fd-nothing|ok|CTRUNC|-|-
		a tree: a file|file-write $F/keep/a|ok|EPERM|-|-
		a tree: deeper|file-remove $F/keep/sub/b|ok|EPERM|-|-
		a tree: a new file|file-create $F/keep/new|ok|EPERM|-|-
		a tree: by rename|file-rename-in $F/keep/new|ok|EPERM|-|-
		a tree: by link|file-link-in $F/keep/new|ok|EPERM|-|-
		a tree: a file that had no name|write-tmpfile $F/keep/new|ok|EPERM|-|-
		a tree: a symbolic link|file-symlink $F/keep/new|ok|EPERM|-|-
		a tree: a directory|file-mkdir $F/keep/new|ok|EPERM|-|-
		a tree: a pipe|file-pipe $F/keep/new|ok|EPERM|-|-
		a tree: a socket|file-socket $F/keep/new|ok|EPERM|-|-
		a tree: itself|dir-replaced $F/keep|ok|EPERM|-|-
		a tree: a directory in it|dir-replaced $F/keep/sub|ok|EPERM|-|-
		the way: a directory|dir-replaced $F|ok|EPERM|-|-
		the way: further up|dir-replaced /srv/w|EACCES|EACCES|-|-
		the way: a link in place of a directory|file-symlink $F/way|ok|EPERM|-|-
		the way: something renamed to it|file-rename-in $F/way|ok|EPERM|-|-
		not there: made|file-create $F/later|ok|EPERM|-|-
		not there: by rename|file-rename-in $F/later|ok|EPERM|-|-
		not there: by link|file-link-in $F/later|ok|EPERM|-|-
		not there: a directory|dir-mkdir $F/later|ok|EPERM|-|-
		moved out by root|stray file-write $F/fixed|ok|EPERM|-|-
		allowed: a directory on the way to a name|dir-mkdir $F/way|ok|ok|-|-
	EOF
}
root_write_cases() {
	write_cases | sed 's/^the way: further up.*/the way: further up|dir-replaced \/srv\/w|ok|EPERM|-|-/'
	cat <<-EOF
		xattr|file-xattr $F/fixed|ok|EPERM|-|-
		by its handle|by-handle $F/fixed|ok|EPERM|-|-
		in another mount namespace|mntns file-write $F/fixed|ok|EPERM|-|-
		in a chroot|file-chroot /srv/m/bound /fixed|ok|EPERM|-|-
		brought along: ftruncate|late file $F/fixed 0x401 -- fd-truncate|ok|EPERM|-|-
		covered by a mount|mntns read-bound $F/free $F/fixed $F/fixed|ok|EPERM|-|-
	EOF
}
manager_file_cases() {
	cat <<-EOF
		by the user manager|manager read $F/secret|ok|EPERM|-|-
		changed by the user manager|manager file-write $F/fixed|ok|EPERM|-|-
	EOF
}
