// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The built-in lists. Each group says why it is here. */
#include "builtin.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "abi.h"
#include "util.h"

static const struct eg_builtin_socket sockets[] = {
	/* Containers: who may ask these starts root's programs on the host's file system. */
	{"/run/docker.sock", 0},
	{"/run/cri-dockerd.sock", 0},
	{"/run/containerd/containerd.sock", 0},
	{"/run/docker/containerd/containerd.sock", 0},
	{"/run/k3s/containerd/containerd.sock", 0},
	{"/run/crio/crio.sock", 0},
	{"/run/podman/podman.sock", 0},
	{"/run/buildkit/buildkitd.sock", 0},
	{"/var/lib/lxd/unix.socket", 0},
	{"/var/snap/lxd/common/lxd/unix.socket", 0},
	{"/var/snap/lxd/common/lxd-user/unix.socket", 0},
	{"/var/lib/incus/unix.socket", 0},
	{"/var/lib/incus/unix.socket.user", 0},
	{"/run/incus/unix.socket", 0},

	/* Virtual machines: they get any disk and run any program as their emulator. Those named
	 * -ro can only look and are left open. */
	{"/run/libvirt/libvirt-sock", 0},
	{"/run/libvirt/libvirt-admin-sock", 0},
	{"/run/libvirt/virtqemud-sock", 0},
	{"/run/libvirt/virtqemud-admin-sock", 0},
	{"/run/libvirt/virtlxcd-sock", 0},
	{"/run/libvirt/virtlxcd-admin-sock", 0},
	{"/run/libvirt/virtxend-sock", 0},
	{"/run/libvirt/virtxend-admin-sock", 0},
	{"/run/libvirt/virtvboxd-sock", 0},
	{"/run/libvirt/virtvboxd-admin-sock", 0},
	{"/run/libvirt/virtchd-sock", 0},
	{"/run/libvirt/virtchd-admin-sock", 0},
	{"/run/libvirt/virtproxyd-admin-sock", 0},
	{"/run/libvirt/virtinterfaced-sock", 0},
	{"/run/libvirt/virtinterfaced-admin-sock", 0},
	{"/run/libvirt/virtnetworkd-sock", 0},
	{"/run/libvirt/virtnetworkd-admin-sock", 0},
	{"/run/libvirt/virtnodedevd-sock", 0},
	{"/run/libvirt/virtnodedevd-admin-sock", 0},
	{"/run/libvirt/virtnwfilterd-sock", 0},
	{"/run/libvirt/virtnwfilterd-admin-sock", 0},
	{"/run/libvirt/virtsecretd-sock", 0},
	{"/run/libvirt/virtsecretd-admin-sock", 0},
	{"/run/libvirt/virtstoraged-sock", 0},
	{"/run/libvirt/virtstoraged-admin-sock", 0},
	{"/run/libvirt/virtlogd-sock", 0},
	{"/run/libvirt/virtlogd-admin-sock", 0},
	{"/run/libvirt/virtlockd-sock", 0},
	{"/run/libvirt/virtlockd-admin-sock", 0},

	/* Packages and builds: their programs run outside the session, root's among them. */
	{"/run/snapd.socket", 0},
	{"/nix/var/nix/daemon-socket/socket", 0},
	{"/var/guix/daemon-socket/socket", 0},

	/* systemd: starts units, mounts images, sets devices up. Left open: journal, notify, userdb
	 * and resolve, which programs need and which run nothing. */
	{"/run/systemd/private", 0},
	{"/run/systemd/io.systemd.Manager", 0},
	{"/run/systemd/machine/io.systemd.Machine", 0},
	{"/run/systemd/io.systemd.Machine", 0},
	{"/run/systemd/io.systemd.Import", 0},
	{"/run/systemd/io.systemd.sysext", 0},
	{"/run/systemd/io.systemd.MountFileSystem", 0},
	{"/run/systemd/io.systemd.NamespaceResource", 0},
	{"/run/systemd/io.systemd.Credentials", 0},
	{"/run/systemd/io.systemd.Repart", 0},
	{"/run/udev/control", 0},
	{"/run/udev/io.systemd.udev", 0},
	{"/run/udev/io.systemd.Udev", 0},

	/* sshd at a unix socket, which systemd 256 and newer make without being asked: a session
	 * opened through it has no client address to be traced back by. */
	{"/run/ssh-unix-local/socket", 0},
	{"/run/host/unix-export/ssh", 0},

	/* What stands in for polkit's setuid program since polkit 125: with a password it gives a
	 * session the rights of root at services. */
	{"/run/polkit/agent-helper.socket", 0},

	/* Others that run commands for root, or as another user for anybody. */
	{"/run/supervisor.sock", 0},
	{"/run/supervisor/supervisor.sock", 0},
	{"/run/fail2ban/fail2ban.sock", 0},
	{"/run/NetworkManager/private", 0},
	{"/run/criu_service.socket", 0},

	/* Ours: what ebpfguardctl asks. */
	{"/run/ebpfguard/control.sock", 0},

	/* The system bus, which has systemd, machined and others behind it. Those ask polkit about
	 * anybody but root, so only root is refused. */
	{"/run/dbus/system_bus_socket", EG_SOCKET_ROOT},

	/* Root may speak for any service there: "STOPPING=1" would have systemd stop the helper. */
	{"/run/systemd/notify", EG_SOCKET_ROOT},
};

static const char *const places[] = {
	/* Runs commands at times and on occasions. */
	"/etc/cron.d",
	"/etc/cron.hourly",
	"/etc/cron.daily",
	"/etc/cron.weekly",
	"/etc/cron.monthly",
	"/etc/cron.yearly",
	"/etc/crontab",
	"/etc/anacrontab",
	"/etc/cron.allow",
	"/etc/cron.deny",
	"/etc/at.allow",
	"/etc/at.deny",
	"/var/spool/cron",
	"/var/spool/at",
	"/etc/logrotate.conf",
	"/etc/logrotate.d",
	"/etc/rsyslog.conf",
	"/etc/rsyslog.d",
	"/etc/update-motd.d",
	"/etc/inetd.conf",
	"/etc/inetd.d",
	"/etc/xinetd.conf",
	"/etc/xinetd.d",
	"/etc/acpi",
	"/etc/supervisor",
	"/etc/fail2ban",
	"/etc/cloud",
	"/var/lib/cloud",
	"/etc/letsencrypt/renewal-hooks",
	"/etc/ca-certificates",

	/* Starts and sets the system up. */
	"/etc/systemd",
	"/run/systemd/system",
	"/run/systemd/system.control",
	"/run/systemd/system.attached",
	"/run/systemd/transient",
	"/run/systemd/generator",
	"/run/systemd/generator.early",
	"/run/systemd/generator.late",
	"/run/systemd/system-generators",
	"/run/systemd/user",
	"/run/systemd/user.control",
	"/run/systemd/user-generators",
	"/run/systemd/nspawn",
	"/run/systemd/network",
	"/var/lib/systemd/linger",
	"/etc/init.d",
	"/etc/rc.local",
	"/etc/rc0.d",
	"/etc/rc1.d",
	"/etc/rc2.d",
	"/etc/rc3.d",
	"/etc/rc4.d",
	"/etc/rc5.d",
	"/etc/rc6.d",
	"/etc/rcS.d",
	"/etc/inittab",
	"/etc/insserv.conf",
	"/etc/fstab",
	"/etc/crypttab",
	"/etc/default",
	"/etc/tmpfiles.d",
	"/run/tmpfiles.d",
	"/etc/sysusers.d",
	"/run/sysusers.d",
	"/etc/binfmt.d",
	"/run/binfmt.d",
	"/etc/udev",
	"/run/udev/rules.d",
	"/etc/modprobe.conf",
	"/etc/modprobe.d",
	"/run/modprobe.d",
	"/etc/modules",
	"/etc/modules-load.d",
	"/run/modules-load.d",
	"/etc/depmod.d",
	"/etc/sysctl.conf",
	"/etc/sysctl.d",
	"/run/sysctl.d",
	"/etc/kernel",
	"/etc/kernel-img.conf",
	"/etc/dkms",
	"/var/lib/dkms",
	"/etc/initramfs-tools",
	"/etc/grub.d",
	"/boot",
	"/efi",

	/* Network scripts run as root when a link comes up; firewalls are other guards. */
	"/etc/network",
	"/run/network",
	"/etc/NetworkManager",
	"/run/NetworkManager/conf.d",
	"/run/NetworkManager/system-connections",
	"/etc/netplan",
	"/run/netplan",
	"/etc/dhcp",
	"/etc/dhcpcd.conf",
	"/etc/ppp",
	"/etc/wpa_supplicant",
	"/etc/resolvconf",
	"/etc/nftables.conf",
	"/etc/iptables",
	"/etc/ufw",
	"/etc/firewalld",

	/* Decides who gets in and who becomes whom. authorized_keys is a rule of its own. */
	"/etc/pam.d",
	"/etc/pam.conf",
	"/etc/security",
	"/etc/nsswitch.conf",
	"/etc/passwd",
	"/etc/passwd-",
	"/etc/group",
	"/etc/group-",
	"/etc/shadow",
	"/etc/shadow-",
	"/etc/gshadow",
	"/etc/gshadow-",
	"/etc/subuid",
	"/etc/subgid",
	"/etc/sudo.conf",
	"/etc/sudoers",
	"/etc/sudoers.d",
	"/etc/doas.conf",
	"/etc/shells",
	"/etc/login.defs",
	"/etc/securetty",
	"/etc/nologin",
	"/etc/hosts.allow",
	"/etc/hosts.deny",
	"/etc/hosts.equiv",
	"/etc/shosts.equiv",
	"/etc/skel",
	"/etc/adduser.conf",
	"/etc/deluser.conf",
	"/etc/ssh",
	"/root/.rhosts",
	"/root/.shosts",
	"/root/.k5login",
	"/etc/krb5.conf",
	"/etc/krb5.keytab",
	"/etc/sssd",
	"/etc/nslcd.conf",
	"/etc/ldap",
	"/etc/polkit-1",
	"/run/polkit-1",
	"/var/lib/polkit-1",
	"/etc/dbus-1",
	"/run/dbus-1",
	"/etc/apparmor",
	"/etc/apparmor.d",
	"/etc/selinux",
	"/etc/audit",

	/* Read by everybody's shell at login, root's own among them. */
	"/etc/profile",
	"/etc/profile.d",
	"/etc/bash.bashrc",
	"/etc/bash_completion.d",
	"/etc/environment",
	"/etc/environment.d",
	"/etc/zsh",
	"/etc/csh.cshrc",
	"/etc/csh.login",
	"/etc/csh.logout",
	"/etc/csh",
	"/etc/fish",
	"/etc/xdg",
	"/etc/X11",
	"/root/.profile",
	"/root/.bash_profile",
	"/root/.bash_login",
	"/root/.bash_logout",
	"/root/.bash_aliases",
	"/root/.bashrc",
	"/root/.zshenv",
	"/root/.zprofile",
	"/root/.zshrc",
	"/root/.zlogin",
	"/root/.cshrc",
	"/root/.tcshrc",
	"/root/.login",
	"/root/.pam_environment",
	"/root/.forward",

	/* Programs and libraries everybody executes, and what decides which. The first four are
	 * links on a merged /usr. */
	"/bin",
	"/sbin",
	"/lib",
	"/lib64",
	"/usr/bin",
	"/usr/sbin",
	"/usr/lib",
	"/usr/lib32",
	"/usr/lib64",
	"/usr/libx32",
	"/usr/libexec",
	"/usr/games",
	"/usr/share",
	"/usr/src",
	"/usr/local/bin",
	"/usr/local/sbin",
	"/usr/local/lib",
	"/usr/local/libexec",
	"/usr/local/games",
	"/usr/local/etc",
	"/usr/local/share",
	"/etc/alternatives",
	"/etc/ld.so.preload",
	"/etc/ld.so.conf",
	"/etc/ld.so.conf.d",
	"/etc/ld.so.cache",
	"/etc/python3",
	"/etc/perl",
	"/etc/ssl/openssl.cnf",
	"/etc/gss",
	"/etc/p11-kit",
	"/etc/pkcs11",

	/* Packages: their scripts run as root. */
	"/etc/apt",
	"/etc/dpkg",
	"/etc/needrestart",
	"/etc/debconf.conf",
	"/var/lib/dpkg",
	"/var/lib/ucf",

	/* Container and machine managers start what is written here. */
	"/etc/docker",
	"/etc/containerd",
	"/etc/containers",
	"/etc/crio",
	"/etc/cni",
	"/etc/kubernetes",
	"/etc/libvirt",
	"/etc/qemu",
	"/etc/lxc",

	/* Our own. The socket directory is the socket unit's. */
	"/etc/ebpfguard.conf",
	"/etc/ebpfguard",
	"/var/lib/ebpfguard",
	"/run/ebpfguard",
};

const struct eg_builtin_socket *eg_builtin_sockets(size_t *ret_n)
{
	*ret_n = EG_ARRAY_SIZE(sockets);
	return sockets;
}

const char *const *eg_builtin_places(size_t *ret_n)
{
	*ret_n = EG_ARRAY_SIZE(places);
	return places;
}

const char *eg_builtin_twin(const char *name, char *buf, size_t size)
{
	static const char run[] = "/run/", var_run[] = "/var/run/";
	bool is_run = !strncmp(name, run, strlen(run));
	int n;

	if (!is_run && strncmp(name, var_run, strlen(var_run)) != 0)
		return NULL;
	n = is_run ? snprintf(buf, size, "%s%s", var_run, name + strlen(run))
		   : snprintf(buf, size, "%s%s", run, name + strlen(var_run));
	return n > 0 && (size_t)n < size ? buf : NULL;
}
