# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# shellcheck shell=bash disable=SC2154 # T and ATTACK_PIDS come from lib.sh and cases.sh
# Every way up: another identity, more capabilities, mounts; for test_up.sh and test_unguarded.sh. The form is that of
# egress_cases.sh. HOOKS and PACKETS do not apply: "-".

# Copies of the attack program with every privilege a file can give, made by root outside of any session; places to
# mount on. Nothing an attempt mounts is seen by others: the mounts here are private meanwhile.
PRIV=/srv/priv
up_world() {
	local name group
	install -d -m 1777 /run/try
	for group in docker lxd libvirt; do
		getent group $group >/dev/null || groupadd -r $group
	done
	install -d "$PRIV"
	for name in plain suid-root suid-bob sgid-shadow sgid-sudo sgid-docker sgid-lxd sgid-libvirt sgid-games cap-net-raw cap-setuid \
		cap-sys-admin cap-inheritable; do
		install -m 0755 "$T/try" "$PRIV/$name"
	done
	chown bob: "$PRIV/suid-bob"
	chmod 4755 "$PRIV"/suid-*
	for name in shadow sudo docker lxd libvirt games; do
		chgrp "$name" "$PRIV/sgid-$name"
		chmod 2755 "$PRIV/sgid-$name"
	done
	"$T/try" file-caps "$PRIV/cap-net-raw" 13 ep >/dev/null
	"$T/try" file-caps "$PRIV/cap-setuid" 7 ep >/dev/null
	"$T/try" file-caps "$PRIV/cap-sys-admin" 21 ep >/dev/null
	"$T/try" file-caps "$PRIV/cap-inheritable" 13 ei >/dev/null
	printf '#!%s is-root\n' "$PRIV/suid-root" >"$PRIV/script"
	chmod 0755 "$PRIV/script"
	ln -f "$PRIV/suid-root" "$PRIV/hard-link"
	ln -sf suid-root "$PRIV/soft-link"
	cp -p /usr/bin/sudo "$PRIV/sudo-copy"
	ln -f /usr/bin/sudo "$PRIV/sudo-link"

	mount --make-rprivate /
	install -d /srv/m/{a,b,c,newroot} /mnt/ok
	mount -t tmpfs none /srv/m/a
	mount -t tmpfs none /srv/m/newroot
	mkdir /srv/m/newroot/old
	ln -sfn /srv/m/b /srv/m/link-b
	ln -sfn /mnt/ok /srv/m/link-ok
	touch /srv/m/file

	broker_for root
	broker_for alice
	holder_for alice ns userns
	holder_for bob bob
	until_true 20 test -S /run/try/root -a -S /run/try/alice -a -e /run/try/ns.pid -a -e /run/try/bob.pid
}

up_world_ends() {
	kill "${ATTACK_PIDS[@]}" 2>/dev/null
	wait "${ATTACK_PIDS[@]}" 2>/dev/null
	ATTACK_PIDS=()
	umount /srv/m/a /srv/m/newroot
	mount --make-rshared /
	rm -rf "$PRIV" /srv/m /mnt/ok /run/try
	rmdir /sys/fs/cgroup/try-stray 2>/dev/null
}

# ---- identity

setuid_cases() {
	cat <<-EOF
		allowed: an ordinary program|via path $PRIV/plain is-euid 1000|ok|ok|-|-
		allowed: setuid to another user|via path $PRIV/suid-bob is-euid 1001|ok|ok|-|-
		allowed: and back from there|via path $PRIV/suid-bob setresuid 1000|ok|ok|-|-
		allowed: setgid to a harmless group|via path $PRIV/sgid-games is-egid games|ok|ok|-|-
		allowed: ssh-agent is setgid|exec /usr/bin/ssh-agent true|ok|ok|-|-
		allowed: sudo by the dynamic linker gains nothing|exec /lib64/ld-linux-x86-64.so.2 /usr/bin/sudo -V|ok|ok|-|-
		setuid root|via path $PRIV/suid-root is-euid 0|ok|EPERM|-|-
		setuid root, execveat|via at $PRIV/suid-root is-euid 0|ok|EPERM|-|-
		setuid root, by descriptor|via fd $PRIV/suid-root is-euid 0|ok|EPERM|-|-
		setuid root, by /proc/self/fd|via proc $PRIV/suid-root is-euid 0|ok|EPERM|-|-
		setuid root, hard link|via path $PRIV/hard-link is-euid 0|ok|EPERM|-|-
		setuid root, symbolic link|via path $PRIV/soft-link is-euid 0|ok|EPERM|-|-
		setuid root, /proc/self/root|via path /proc/self/root$PRIV/suid-root is-euid 0|ok|EPERM|-|-
		setuid root, a script's interpreter|via path $PRIV/script|ok|EPERM|-|-
		setuid root, by a setuid program of another|via path $PRIV/suid-bob via path $PRIV/suid-root is-euid 0|ok|EPERM|-|-
		setuid root, from a thread|thread via path $PRIV/suid-root is-euid 0|ok|EPERM|-|-
		setuid root, from a vfork child|vfork via path $PRIV/suid-root is-euid 0|ok|EPERM|-|-
		setuid root, moved out by root|stray via path $PRIV/suid-root is-euid 0|ok|EPERM|-|-
		sudo|exec /usr/bin/sudo -n true|ok|EPERM|-|-
		su|exec /usr/bin/su --version|ok|EPERM|-|-
		passwd|exec /usr/bin/passwd --status|ok|EPERM|-|-
		newgrp|exec /usr/bin/newgrp|ok|EPERM|-|-
		setgid shadow|via path $PRIV/sgid-shadow is-egid shadow|ok|EPERM|-|-
		setgid shadow, by descriptor|via fd $PRIV/sgid-shadow is-egid shadow|ok|EPERM|-|-
		setgid sudo|via path $PRIV/sgid-sudo is-egid sudo|ok|EPERM|-|-
		setgid docker|via path $PRIV/sgid-docker is-egid docker|ok|EPERM|-|-
		setgid lxd|via path $PRIV/sgid-lxd is-egid lxd|ok|EPERM|-|-
		setgid libvirt|via path $PRIV/sgid-libvirt is-egid libvirt|ok|EPERM|-|-
		chage is setgid shadow|exec /usr/bin/chage -l alice|ok|EPERM|-|-
		file capability: net_raw|via path $PRIV/cap-net-raw has-cap 13|ok|EPERM|-|-
		file capability: setuid|via path $PRIV/cap-setuid setuid 0|ok|EPERM|-|-
		file capability: sys_admin|via path $PRIV/cap-sys-admin has-cap 21|ok|EPERM|-|-
		file capability: sys_admin, by descriptor|via fd $PRIV/cap-sys-admin has-cap 21|ok|EPERM|-|-
		user namespace: unshare|userns has-cap 21|ok|EPERM|-|-
		user namespace: clone|clone-userns has-cap 21|ok|EPERM|-|-
		user namespace: clone3|clone3-userns has-cap 21|ok|EPERM|-|-
		user namespace: with mounts|user-mntns has-cap 21|ok|EPERM|-|-
		user namespace: moved out by root|stray userns has-cap 21|ok|EPERM|-|-
		user namespace of a process, by its file|enter-file user ns has-cap 21|ok|EACCES|-|-
		user namespace of a process, by pidfd|enter-pidfd user ns has-cap 21|ok|EPERM|-|-
		user namespace of a process, handed over|scm ns user ns -- enter-fd user has-cap 21|ok|EPERM|-|-
	EOF
}

# In a session of the manager's own in the log.
manager_up_cases() {
	cat <<-EOF
		setuid root, by the user manager|manager via path $PRIV/suid-root is-euid 0|ok|EPERM|-|-
		user namespace: by the user manager|manager userns has-cap 21|ok|EPERM|-|-
	EOF
}

# "demoted": alice's ids with all of root's capabilities.
root_setuid_cases() {
	cat <<-EOF
		allowed: setuid to a user|setuid 1000|ok|ok|-|-
		allowed: setgid to a user's group|setgid 1000|ok|ok|-|-
		allowed: setgid to shadow, for root|setgid shadow|ok|ok|-|-
		allowed: setgroups, for root|setgroups adm|ok|ok|-|-
		allowed: user namespace, for root|userns nothing|ok|ok|-|-
		allowed: dropping capabilities|drop-caps|ok|ok|-|-
		allowed: away from root and back|euid-and-back 1000|ok|ok|-|-
		allowed: setuid program of root's|via path $PRIV/suid-root is-euid 0|ok|ok|-|-
		allowed: another user after dropping|demoted setuid 1001|ok|ok|-|-
		allowed: another group after dropping|demoted setgid games|ok|ok|-|-
		allowed: other groups after dropping|demoted setgroups games|ok|ok|-|-
		setuid|demoted setuid 0|ok|EPERM|-|-
		setreuid|demoted setreuid 0|ok|EPERM|-|-
		setresuid|demoted setresuid 0|ok|EPERM|-|-
		setfsuid|demoted setfsuid 0|ok|EPERM|-|-
		setuid in a thread|demoted thread setuid 0|ok|EPERM|-|-
		setgid|demoted setgid shadow|ok|EPERM|-|-
		setgid to root|demoted setgid root|ok|EPERM|-|-
		setegid|demoted setegid docker|ok|EPERM|-|-
		setgid lxd|demoted setgid lxd|ok|EPERM|-|-
		setgid libvirt|demoted setgid libvirt|ok|EPERM|-|-
		setregid|demoted setregid sudo|ok|EPERM|-|-
		setresgid|demoted setresgid kmem|ok|EPERM|-|-
		setfsgid|demoted setfsgid disk|ok|EPERM|-|-
		setgroups|demoted setgroups adm|ok|EPERM|-|-
		setgroups to root|demoted setgroups root|ok|EPERM|-|-
		inheritable capability|inheriting 13 via path $PRIV/cap-inheritable has-cap 13|ok|EPERM|-|-
		exec by a root without capabilities|capless via path $PRIV/plain has-cap 21|ok|EPERM|-|-
		setuid root after dropping|as 1000 via path $PRIV/suid-root is-euid 0|ok|EPERM|-|-
		setgid shadow after dropping|as 1000 via path $PRIV/sgid-shadow is-egid shadow|ok|EPERM|-|-
		file capability after dropping|as 1000 via path $PRIV/cap-sys-admin has-cap 21|ok|EPERM|-|-
		user namespace after dropping|as 1000 userns has-cap 21|ok|EPERM|-|-
		user namespace by a root without capabilities|capless userns has-cap 21|ok|EPERM|-|-
	EOF
}

setuid_allow_conf() { echo 'setuid = { deny = true; allow = [ "/usr/bin/sudo" ]; };'; }
setuid_allow_cases() {
	cat <<-EOF
		named: sudo|via path /usr/bin/sudo -n $PRIV/plain is-root|ok|ok|-|-
		named: sudo by descriptor|via fd /usr/bin/sudo -n $PRIV/plain is-root|ok|ok|-|-
		named: sudo's other name|via path $PRIV/sudo-link -n $PRIV/plain is-root|ok|ok|-|-
		named: sudo to another user|via path /usr/bin/sudo -n -u bob $PRIV/plain is-euid 1001|ok|ok|-|-
		not named: a copy of sudo|via path $PRIV/sudo-copy -n $PRIV/plain is-root|ok|EPERM|-|-
		not named: su|exec /usr/bin/su --version|ok|EPERM|-|-
		not named: setuid root|via path $PRIV/suid-root is-euid 0|ok|EPERM|-|-
		not named: user namespace|userns has-cap 21|ok|EPERM|-|-
	EOF
}

# ---- mounts

root_mount_cases() {
	cat <<-'EOF'
		allowed: a mount namespace|mntns nothing|ok|ok|-|-
		allowed: chroot|chroot /srv/m|ok|ok|-|-
		allowed: open_tree without a clone|tree-plain /srv/m/a|ok|ok|-|-
		mount tmpfs|mntns mount-type tmpfs /srv/m/b|ok|EPERM|-|-
		mount proc|mntns mount-type proc /srv/m/b|ok|EPERM|-|-
		bind|mntns bind /root /srv/m/b|ok|EPERM|-|-
		bind a file|mntns bind /srv/m/file /etc/motd|ok|EPERM|-|-
		rbind|mntns rbind / /srv/m/b|ok|EPERM|-|-
		remount|mntns remount /srv/m/a|ok|EPERM|-|-
		remount of a bind|mntns remount-bind /srv/m/a|ok|EPERM|-|-
		move|mntns move /srv/m/a /srv/m/b|ok|EPERM|-|-
		propagation shared|mntns propagation shared /srv/m/a|ok|EPERM|-|-
		propagation private|mntns propagation private /srv/m/a|ok|EPERM|-|-
		propagation slave|mntns propagation slave /srv/m/a|ok|EPERM|-|-
		propagation unbindable|mntns propagation unbindable /srv/m/a|ok|EPERM|-|-
		umount|mntns unmount plain /srv/m/a|ok|EPERM|-|-
		umount, lazy|mntns unmount detach /srv/m/a|ok|EPERM|-|-
		umount, no link|mntns unmount nofollow /srv/m/a|ok|EPERM|-|-
		umount, force|mntns unmount force /srv/m/a|ok|EPERM|-|-
		pivot_root|pivot /srv/m/newroot /srv/m/newroot/old|ok|EPERM|-|-
		fsmount and move_mount|mntns fsmount-type tmpfs /srv/m/b|ok|EPERM|-|-
		fsmount, used unattached|mntns detached tmpfs|ok|EPERM|-|-
		fsmount of proc, used unattached|detached proc|ok|EPERM|-|-
		fsmount, moved out by root|stray detached tmpfs|ok|EPERM|-|-
		move_mount|mntns move-new /srv/m/a /srv/m/b|ok|EPERM|-|-
		open_tree clone|mntns tree-clone /srv/m/a|ok|EPERM|-|-
		open_tree clone, recursive|mntns tree-recursive /|ok|EPERM|-|-
		open_tree clone, attached|mntns tree-attach /srv/m/a /srv/m/b|ok|EPERM|-|-
		mount_setattr|mntns set-attr /srv/m/a|ok|EPERM|-|-
		mount_setattr, propagation|mntns set-propagation /srv/m/a|ok|EPERM|-|-
		open_tree_attr|mntns tree-attr /srv/m/a|ok;6.1=absent:ENOSYS;6.12=absent:ENOSYS|EPERM|-|-
		fspick and reconfigure|mntns reconfigure /srv/m/a|ok|EPERM|-|-
		handed over: a mount, attached|mntns scm detached tmpfs -- fd-attach /srv/m/b|ok|EPERM|-|-
		handed over: a clone, attached|mntns scm tree /srv/m/a -- fd-attach /srv/m/b|ok|EPERM|-|-
		handed over: a mount, its flags|mntns scm detached tmpfs -- fd-attr|ok|EPERM|-|-
		moved out by root: mount|mntns stray mount-type tmpfs /srv/m/b|ok|EPERM|-|-
		another cgroup namespace: mount|mntns cgroupns mount-type tmpfs /srv/m/b|ok|EPERM|-|-
	EOF
}

# An ordinary user may mount in a user namespace, where the configuration lets him have one.
mount_conf() { printf '%s\n' 'setuid = { deny = false; };' 'mount = { deny = true; };'; }
mount_cases() {
	cat <<-'EOF'
		allowed: user and mount namespace|user-mntns nothing|ok|ok|-|-
		in a user namespace: mount tmpfs|user-mntns mount-type tmpfs /srv/m/b|ok|EPERM|-|-
		in a user namespace: bind|user-mntns bind /etc /srv/m/b|ok|EPERM|-|-
		in a user namespace: rbind|user-mntns rbind / /srv/m/b|ok|EPERM|-|-
		in a user namespace: remount of a bind|user-mntns remount-bind /srv/m/a|ok|EPERM|-|-
		in a user namespace: propagation|user-mntns propagation private /srv/m/a|ok|EPERM|-|-
		in a user namespace: fsmount|user-mntns fsmount-type tmpfs /srv/m/b|ok|EPERM|-|-
		in a user namespace: fsmount, unattached|user-mntns detached tmpfs|ok|EPERM|-|-
		in a user namespace: open_tree clone|user-mntns tree-recursive /srv|ok|EPERM|-|-
		in a user namespace: mount_setattr|user-mntns set-attr /srv/m/a|ok|EPERM|-|-
		in a user namespace: moved out by root|stray user-mntns mount-type tmpfs /srv/m/b|ok|EPERM|-|-
	EOF
}

mount_allow_conf() { echo 'mount = { deny = true; allow = [ "tmpfs", "/mnt/ok" ]; };'; }
root_mount_allow_cases() {
	cat <<-'EOF'
		named type: mount|mntns mount-type tmpfs /srv/m/b|ok|ok|-|-
		named type: fsmount and move_mount|mntns fsmount-type tmpfs /srv/m/b|ok|ok|-|-
		named type: fsmount, unattached|mntns detached tmpfs|ok|ok|-|-
		named type: another|mntns mount-type proc /srv/m/b|ok|EPERM|-|-
		named type: another, fsmount|mntns fsmount-type proc /srv/m/b|ok|EPERM|-|-
		named type: another, unattached|mntns detached proc|ok|EPERM|-|-
		named type: does not open binds|mntns bind-typed tmpfs /root /srv/m/b|ok|EPERM|-|-
		named target: bind|mntns bind /root /mnt/ok|ok|ok|-|-
		named target: bind through a link|mntns bind /root /srv/m/link-ok|ok|ok|-|-
		named target: mount|mntns mount-type proc /mnt/ok|ok|ok|-|-
		named target: bind and umount|mntns both bind /root /mnt/ok , unmount plain /mnt/ok|ok|ok|-|-
		named target: bind elsewhere|mntns bind /root /srv/m/b|ok|EPERM|-|-
		named target: bind elsewhere through a link|mntns bind /root /srv/m/link-b|ok|EPERM|-|-
		named target: bind elsewhere by dots|mntns bind /root /mnt/ok/../../srv/m/b|ok|EPERM|-|-
		named type: umount|mntns unmount plain /srv/m/a|ok|ok|-|-
		named type: umount of another|mntns unmount detach /sys/fs/cgroup|ok|EPERM|-|-
		named target: move elsewhere|mntns both bind /root /mnt/ok , move /mnt/ok /srv/m/b|ok|EPERM|-|-
		neither: pivot_root|pivot /srv/m/newroot /srv/m/newroot/old|ok|EPERM|-|-
		neither: propagation|mntns propagation shared /srv/m/a|ok|EPERM|-|-
		neither: mount_setattr|mntns set-attr /srv/m/a|ok|EPERM|-|-
	EOF
}

# ---- capabilities

ceiling_conf() {
	cat <<-'EOF'
		setuid = { deny = false; };
		mount = { deny = false; };
		capabilities = { deny = [ "SYS_ADMIN", "NET_ADMIN", "SYS_TIME", "CHOWN", "FOWNER", "SYS_NICE", "SYS_RESOURCE", "SYSLOG",
			"SETPCAP", "SYS_CHROOT", "KILL", "NET_BIND_SERVICE" ]; };
	EOF
}
root_ceiling_cases() {
	cat <<-'EOF'
		allowed: setuid|setuid 1000|ok|ok|-|-
		allowed: setgid|setgid shadow|ok|ok|-|-
		allowed: another's file by DAC_OVERRIDE|file-write /home/bob/.profile|ok|ok|-|-
		allowed: one's own file|same-mode /srv/m/file|ok|ok|-|-
		allowed: a lower priority|nice 5|ok|ok|-|-
		SYS_ADMIN: host name|same-hostname|ok|EPERM|-|-
		SYS_ADMIN: trusted attribute|trusted-xattr /srv/m/file|ok|EPERM|-|-
		SYS_ADMIN: mount namespace|mntns nothing|ok|EPERM|-|-
		SYS_ADMIN: mount|both mount-type tmpfs /srv/m/c , unmount plain /srv/m/c|ok|EPERM|-|-
		SYS_ADMIN: in a user namespace|user-hostname|ok|EPERM|-|-
		SYS_TIME: clock|same-time|ok|EPERM|-|-
		SYS_TIME: frequency|same-frequency|ok|EPERM|-|-
		NET_ADMIN: interface|same-flags dummy0|ok|EPERM|-|-
		NET_ADMIN: in a user namespace|user-netns lo|ok|EPERM|-|-
		CHOWN|chown-to 1001 /srv/m/file|ok|EPERM|-|-
		FOWNER|same-mode /home/bob/.profile|ok|EPERM|-|-
		SYS_NICE|nice -5|ok|EACCES|-|-
		SYS_RESOURCE|raise-limit|ok|EPERM|-|-
		SYSLOG|kernel-log|ok|EPERM|-|-
		SETPCAP|bounding-drop 13|ok|EPERM|-|-
		SYS_CHROOT|chroot /srv/m|ok|EPERM|-|-
		KILL|kill bob 0|ok|EPERM|-|-
		NET_BIND_SERVICE|port tcp 127.0.0.1 81|ok|EACCES|-|-
		moved out by root|stray same-hostname|ok|EPERM|-|-
	EOF
}
ceiling_cases() {
	cat <<-'EOF'
		allowed: user namespace|userns nothing|ok|ok|-|-
		SYS_ADMIN: host name in a user namespace|user-hostname|ok|EPERM|-|-
		SYS_ADMIN: mount in a user namespace|user-mntns mount-type tmpfs /srv/m/b|ok|EPERM|-|-
		NET_ADMIN: interface in a user namespace|user-netns lo|ok|EPERM|-|-
		SYS_CHROOT: in a user namespace|userns chroot /srv/m|ok|EPERM|-|-
	EOF
}
