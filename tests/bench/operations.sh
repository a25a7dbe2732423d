#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# Guest instructions of whole operations, "insn OPERATION WHO STATE COST": a datagram sent and read (udp), a connection made,
# accepted and closed (tcp), on this host. Set up as a user would: nothing; systemd's IPAddressDeny= on the slices of users;
# an nftables set for a cgroup; ours; and the stand-ins. STATE: idle, unguarded (somebody else is guarded), guarded-SIZE.
#   SIZE   networks, for all but systemd, which has the three of the sample; 10000
# shellcheck source=tests/bench/guest.sh
. /srv/t/guest.sh
# shellcheck disable=SC1091 # tests/bench/run writes it
. /srv/t/wanted
size=${SIZE:-10000}
measured() { sed "s/^\([^ ]*\) \(.*\)/insn \1 $1 $2 \2/"; }
operations=(udp tcp)
plain() { "$T/probe" "${operations[@]}"; }

ours() {
	policy "$size"
	plain | measured ours idle
	hold_session
	plain | measured ours unguarded
	let_go
	in_session "$T/probe ${operations[*]} >$W/out"
	measured ours "guarded-$size" <$W/out
}

# systemd attaches its programs to what runs in the slice.
filters() { bpftool cgroup tree | grep -q sd_fw_egress; }
by_systemd() {
	local dir=/etc/systemd/system/user-.slice.d
	mkdir -p $dir
	printf '[Slice]\nIPAddressDeny=18.0.0.0/9 2001:db8:bad::/48 203.0.113.0/24\n' >$dir/bench.conf
	systemctl daemon-reload
	systemd-run --quiet --scope --slice=user-1000.slice sleep 100000 &
	if until_true 20 filters; then
		plain | measured systemd unguarded
		systemd-run --quiet --scope --slice=user-1000.slice "$T/probe" "${operations[@]}" | measured systemd guarded
	else
		note "systemd attaches no programs here"
	fi
	pkill -x sleep
	rm -r $dir
	systemctl daemon-reload
	systemctl stop user-1000.slice
}

by_nftables() {
	{
		echo 'table inet bench { set denied { type ipv4_addr; flags interval; elements = {'
		"$T/probe" -n "$size" networks | paste -sd,
		echo '} }'
		echo 'chain out { type filter hook output priority 0; socket cgroupv2 level 1 "bench" ip daddr @denied drop; }'
		echo '}'
	} >$W/rules
	nft -f $W/rules || die "nft"
	plain | measured nftables unguarded
	in_cgroup $B "$T/probe" "${operations[@]}" | measured nftables "guarded-$size"
	nft delete table inet bench
}

await_helper
mkdir -p $B
ours
unload
plain | measured nothing -
with empty -- plain | measured empty -
with -c $B -d "$size" teleport -- plain | measured teleport unguarded
with -c $B -d "$size" teleport -- in_cgroup $B "$T/probe" "${operations[@]}" | measured teleport "guarded-$size"
with ebpfguard -- plain | measured ebpfguard unguarded
by_systemd
plain | measured nothing after-systemd
by_nftables
