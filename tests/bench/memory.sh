#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# What is resident, in KiB, with the sample configuration:
#   memory helper rss|pss|anonymous KB           after a start, and a login
#   memory maps KB                               what the kernel has charged to the unit
#   memory sshd growth KB                        of the monitor of a login, private memory, that the module adds
# shellcheck source=tests/bench/guest.sh
. /srv/t/guest.sh

rollup() { awk -v k="$2:" '$1 == k { print $2 }' "/proc/$1/smaps_rollup"; }
private() { awk '/^Private_/ { n += $2 } END { print n }' "/proc/$1/smaps_rollup"; }
main_pid() { systemctl show -p MainPID --value ebpfguard.service; }

# monitor: the private memory of alice's sshd that is root's, while she is logged in. The median of some.
monitor() {
	local pid
	for _ in 1 2 3 4 5; do
		rm -f $W/in $W/go
		sh_as alice "touch $W/in; until [ -e $W/go ]; do sleep 0.1; done" &
		until [[ -e $W/in ]]; do sleep 0.1; done
		pid=$(pgrep -f '^sshd: alice \[priv\]')
		private "$pid"
		touch $W/go
		wait $!
	done | sort -n | sed -n 3p
}

await_helper
install -m 0600 /usr/share/doc/ebpfguard/ebpfguard.conf.sample $CONF
systemctl restart ebpfguard.service
await_helper
sh_as alice true
sleep 20
pid=$(main_pid)
echo "memory helper rss $(rollup "$pid" Rss)"
echo "memory helper pss $(rollup "$pid" Pss)"
echo "memory helper anonymous $(rollup "$pid" Pss_Anon)"
echo "memory maps $(($(<$CGROUPS/system.slice/ebpfguard.service/memory.current) / 1024))"
with=$(monitor)
sed -i '/pam_ebpfguard/d' /etc/pam.d/sshd
without=$(monitor)
echo "memory sshd with $with"
echo "memory sshd without $without"
echo "memory sshd growth $((with - without))"
