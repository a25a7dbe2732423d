#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# A guarded login over real SSH: what is refused, what works, what is logged; and the same attempts outside.
# shellcheck source=tests/vm/lib.sh
. /srv/t/lib.sh
SCRIPT_NAME=login

# The attempts, one a line: NAME|COMMAND|OUTCOME GUARDED|OUTCOME OUTSIDE. 7000 is served on every address.
attempts() {
	cat <<-'EOF'
		connect tcp allowed|try connect tcp 10.1.2.3 7000|ok|ok
		connect tcp denied|try connect tcp 18.4.5.6 7000|EPERM|ok
		connect tcp allowed v6|try connect tcp 2001:db8:900d::1 7000|ok|ok
		connect tcp denied v6|try connect tcp 2001:db8:bad::1 7000|EPERM|ok
		connect tcp denied v4-mapped|try connect tcp ::ffff:18.4.5.6 7000|EPERM|ok
		connect tcp allowed v4-mapped|try connect tcp ::ffff:10.1.2.3 7000|ok|ok
		connect udp denied|try connect udp 18.4.5.6 7000|EPERM|ok
		sendto udp allowed|try sendto udp 10.1.2.3 7000|ok|ok
		sendto udp denied|try sendto udp 18.4.5.6 7000|EPERM|ok
		sendto udp denied v6|try sendto udp 2001:db8:bad::1 7000|EPERM|ok
		sendto udp denied v4-mapped|try sendto udp ::ffff:18.4.5.6 7000|EPERM|ok
		sendmsg udp denied|try sendmsg udp 18.4.5.6 7000|EPERM|ok
		sendmmsg second denied|try sendmmsg udp 10.1.2.3 18.4.5.6 7000|EPERM|ok
		sendmmsg both allowed|try sendmmsg udp 10.1.2.3 10.1.2.3 7000|ok|ok
		fast open denied|try fastopen tcp 18.4.5.6 7000|EPERM|ok
		fast open allowed|try fastopen tcp 10.1.2.3 7000|ok|ok
		AF_UNSPEC denied|try unspec udp 18.4.5.6 7000|EPERM|ok
		AF_UNSPEC allowed|try unspec udp 10.1.2.3 7000|ok|ok
		short sockaddr_in6 denied|try short-in6 udp 2001:db8:bad::1 7000|EPERM|ok
		loopback|try connect tcp 127.0.0.1 7000|ok|ok
		exec of sudo|try exec /usr/bin/sudo -n true|EPERM|ok
		exec of su|try exec /usr/bin/su --version|EPERM|ok
		exec of an ordinary program|try exec /bin/true|ok|ok
	EOF
}

# What a guarded root tries. Run in a mount namespace of its own, so that what works leaves nothing behind.
root_attempts() {
	cat <<-'EOF'
		mount|try mount /mnt|EPERM|ok
		bind|try bind /root /mnt|EPERM|ok
		remount|try remount /dev/shm|EPERM|ok
		umount|try umount /dev/shm|EPERM|ok
		fsmount and move_mount|try fsmount /mnt|EPERM|ok
		pivot_root|try pivot /srv/newroot /srv/newroot/old|EPERM|ok
		setuid back to root after dropping|try regain|EPERM|ok
		connect tcp denied|try connect tcp 18.4.5.6 7000|EPERM|ok
	EOF
}

# all_commands TABLE: a shell script that runs each command of the table and prints one outcome a line.
all_commands() { "$1" | while IFS='|' read -r _ command _; do echo "$T/${command/ / }"; done; }

# compare TABLE COLUMN OUTPUT WHERE
compare() {
	local i=0 name command guarded outside expected got
	mapfile -t got <<<"$3"
	while IFS='|' read -r name command guarded outside; do
		[[ $2 == guarded ]] && expected=$guarded || expected=$outside
		is "$4: $name: $expected" "$expected" "${got[i]:-nothing}"
		i=$((i + 1))
	done < <("$1")
}

mark
"$T/try" serve 7000 &
server=$!
until_true 10 "$T/try" connect tcp 127.0.0.1 7000 >/dev/null

# What pivot_root needs: a new root that is a mount, on a mount that is not shared.
mkdir -p /srv/newroot
mount -t tmpfs none /srv/newroot
mkdir /srv/newroot/old
mount --make-private /srv/newroot
mount --make-private /

# Outside first: each attempt is shown to succeed where there is no guard.
compare attempts outside "$(runuser -u alice -- bash -c "$(all_commands attempts)")" "outside, alice"
compare root_attempts outside "$(unshare -m bash -c "$(all_commands root_attempts)")" "outside, root"

out=$(sh_as alice "$(all_commands attempts); loginctl --no-legend list-sessions; cat /proc/self/cgroup")
compare attempts guarded "$out" "guarded, alice"
matches "loginctl shows the session" 'alice' "$(grep -v '^0::' <<<"$out" | tail -n 3)"
matches "the session is a leaf below logind's scope" \
	'^0::/user.slice/user-1000.slice/session-[^/]+.scope/ebpfguard-[0-9a-f]{16}$' "$(tail -n 1 <<<"$out")"

out=$(sh_as root "unshare -m bash -c '$(all_commands root_attempts)' 2>&1")
# A mount namespace of one's own is made with unshare(1), which remounts / private: refused as well.
matches "guarded, root: unshare -m is refused its mount" 'Operation not permitted' "$out"
out=$(sh_as root "$(all_commands root_attempts)")
compare root_attempts guarded "$out" "guarded, root"
umount /srv/newroot
mount --make-rshared /

who='session=[0-9]+ user=alice uid=1000 profile=default rhost=10.99.0.2 rport=[0-9]+ tty=- pid=[0-9]+ ppid=[0-9]+'
logged "log: session start" "START session=[0-9]+ user=alice uid=1000 profile=default rhost=10.99.0.2 rport=[0-9]+ service=sshd key=SHA256:[A-Za-z0-9+/]{43} "
logged "log: connect" "DENY connect $who comm=try exe=/srv/t/try proto=tcp dst=18.4.5.6 port=7000 rule=18.0.0.0/9 errno=EPERM"
logged "log: connect v6" "DENY connect $who comm=try exe=/srv/t/try proto=tcp dst=2001:db8:bad::1 port=7000 rule=2001:db8:bad::/48 errno=EPERM"
logged "log: sendmsg" "DENY sendmsg $who comm=try exe=/srv/t/try proto=udp dst=18.4.5.6 port=7000 rule=18.0.0.0/9 errno=EPERM"
logged "log: sudo" "DENY exec $who comm=try exe=/srv/t/try path=/usr/bin/sudo target=0 rule=setuid errno=EPERM"
logged "log: mount by root" "DENY mount session=[0-9]+ user=root uid=0 .* path=/mnt type=tmpfs rule=mount errno=EPERM"
logged "log: setuid" "DENY setuid session=[0-9]+ user=root uid=1000 .* target=0 rule=setuid errno=EPERM"
logged "log: session end with totals" "END session=[0-9]+ user=alice uid=1000 profile=default seconds=[0-9]+ refused=15 audited=0 lost=0 connect=4 sendmsg=9 exec=2"

# The leader is marked, and nobody inherits it: sshd's monitor is the one, the shell and its children are not.
sh_as alice 'sleep 300' &
slept=$!
until_true 20 pgrep -u alice -x sleep >/dev/null
members() { python3 -c '
import struct, sys
data = sys.stdin.buffer.read()
rows = [struct.unpack_from("<QIIII", data, at) for at in range(0, len(data), 24)]
session = [row[0] for row in rows if open(f"/proc/{row[1]}/comm").read() == "sleep\n"][0]
rows = [row for row in rows if row[0] == session]
print(sum(row[3] & 1 for row in rows), len(rows) > 2)' <"$pins/link_eg_iter_members"; }
is "one leader among the session's tasks" "1 True" "$(members)"
pkill -u alice -x sleep
wait "$slept"

# The fingerprint is the one ssh-keygen prints.
fpr=$(ssh-keygen -lf /root/.ssh/id_ed25519.pub | cut -d' ' -f2)
logged "log: the key's fingerprint is ssh-keygen's" "START session=[0-9]+ user=alice .* key=${fpr//+/[+]} "

# What the user writes into ~/.pam_environment does not get into the log.
printf '%s\n' 'SSH_CONNECTION DEFAULT="192.0.2.66 4242 10.99.0.1 22"' 'SSH_AUTH_INFO_0 DEFAULT="publickey ssh-ed25519 AAAA"' \
	>/home/alice/.pam_environment
chown alice: /home/alice/.pam_environment
mark
sh_as alice true
logged "log: a forged environment changes nothing" "START session=[0-9]+ user=alice .* rhost=10.99.0.2 rport=[0-9]+ service=sshd key=${fpr//+/[+]} "
if log_has 'START .* rport=(4242|0) '; then fail "log: the forged port is not there"; else pass "log: the forged port is not there"; fi
rm /home/alice/.pam_environment

# A terminal: the event names it.
mark
peer ssh -tt "alice@$HOST" "$T/try connect tcp 18.4.5.6 7000" </dev/null >/dev/null 2>&1
logged "log: the terminal of a pty login" "DENY connect session=[0-9]+ user=alice uid=1000 profile=default rhost=10.99.0.2 rport=[0-9]+ tty=pts/[0-9]+ "

kill "$server"
all_over
