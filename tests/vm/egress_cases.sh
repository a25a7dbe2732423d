# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# shellcheck shell=bash disable=SC2034 # the ports are for who sources this
# Every way out we know, one a line, for test_egress.sh and test_unguarded.sh:
#
#   NAME|COMMAND|OUTSIDE|BOTH|HOOKS|PACKETS
#
# COMMAND is one of tests/attack/try. The outcomes: outside of any session; guarded; guarded by the hooks alone; by the
# packet layer alone. "-": that layer cannot see it, or judges something else. An outcome may depend on the kernel:
# "ok;7.2=absent:ESOCKTNOSUPPORT". What is absent outside is not tried inside.
#
# 18.0.0.0/9, 2001:db8:bad::/48 and so on are denied, see egress_conf. D, A: denied and allowed, here; *7: elsewhere.
# Asking accomplices and leaving the cgroup are allowed: it is the network's restrictions that are to stop what follows.

egress_conf() {
	cat <<-'EOF'
		deny = [
			"18.0.0.0/9", "2001:db8:bad::/48", "fe80::bad:0/112", "239.18.0.0/16", "ff15:bad::/32", "255.255.255.255",
			"10.1.2.3:7001", "10.1.2.3:7002/udp", "[2001:db8:900d::1]:7001-7002/tcp", "*:7005/udp", "10.1.2.4/icmp",
			"10.1.2.3:7010-7012/tcp", "127.0.0.1:7003-7004", "[::1]:7003"
		];
		allow = [ "18.4.5.8:7000/tcp", "10.1.2.3:7011/tcp" ];
		unix = { same_user = "allow"; };
		leaving = "allow";
	EOF
}
EGRESS_PORTS='7000 7001 7002 7003 7004 7005 7010 7011'

# What anybody may, and goes on working.
control_cases() {
	cat <<-'EOF'
		allowed: tcp|link tcp 10.1.2.3 7000|ok|ok|ok|ok
		allowed: tcp v6|link tcp 2001:db8:900d::1 7000|ok|ok|ok|ok
		allowed: tcp v4-mapped|link tcp ::ffff:10.1.2.3 7000|ok|ok|ok|ok
		allowed: tcp elsewhere|link tcp 10.7.7.7 7000|ok|ok|ok|ok
		allowed: tcp v6 elsewhere|link tcp 2001:db8:900d::7 7000|ok|ok|ok|ok
		allowed: udp connected|link udp 10.1.2.3 7000|ok|ok|ok|ok
		allowed: sendto|datagram udp 10.1.2.3 7000|ok|ok|ok|ok
		allowed: sendto v6|datagram udp 2001:db8:900d::7 7000|ok|ok|ok|ok
		allowed: sendto v4-mapped|datagram udp ::ffff:10.1.2.3 7000|ok|ok|ok|ok
		allowed: sendmmsg|second udp 10.1.2.3 10.1.2.3 7000|ok|ok|ok|ok
		allowed: fast open|fastopen-sendto tcp 10.1.2.3 7000|ok|ok|ok|ok
		allowed: mptcp|link mptcp 10.1.2.3 7000|ok|ok|ok|ok
		allowed: ping|datagram ping 10.1.2.3 0|ok|ok|ok|ok
		allowed: ping v6|datagram ping 2001:db8:900d::1 0|ok|ok|ok|ok
		allowed: AF_UNSPEC datagram|family 4 unspec udp sendto 10.1.2.3 7000|ok|ok|ok|ok
		allowed: AF_INET on AF_INET6|family 6 inet udp connect 10.1.2.3 7000|ok|ok|ok|ok
		allowed: AF_UNSPEC goes to the peer|unspec-connected udp 2001:db8:900d::1 2001:db8:bad::1 7000|ok|ok|ok|ok
		allowed: NAT64|link tcp 64:ff9b::a01:203 7000|ok|ok|ok|ok
		allowed: 6to4|link tcp 2002:a01:203::1 7000|ok|ok|ok|ok
		allowed: link-local|link tcp fe80::900d:1%dummy0 7000|ok|ok|ok|ok
		allowed: broadcast|many dummy0 10.9.9.255 7000|ok|ok|ok|ok
		allowed: multicast|many veth0 239.10.1.2 7000|ok|ok|ok|ok
		allowed: multicast v6|many veth0 ff15:900d::1 7000|ok|ok|ok|ok
		allowed: io_uring|uring-send plain tcp 10.1.2.3 7000|ok|ok|ok|ok
		allowed: io_uring SQPOLL|uring-send polled tcp 10.1.2.3 7000|ok|ok|ok|ok
		allowed: splice|pour splice tcp 10.1.2.3 7000|ok|ok|ok|ok
		allowed: sendfile|pour sendfile tcp 10.1.2.3 7000|ok|ok|ok|ok
		allowed: loopback|link tcp 127.0.0.1 7000|ok|ok|ok|ok
		allowed: loopback v6|link tcp ::1 7000|ok|ok|ok|ok
		allowed: loopback as 0.0.0.0|link tcp 0.0.0.0 7000|ok|ok|ok|ok
		allowed: loopback as ::|link tcp :: 7000|ok|ok|ok|ok
		allowed: netlink|netlink|ok|ok|ok|ok
		allowed: unix stream|socketpair 1 1|ok|ok|ok|ok
		allowed: unix datagram|socketpair 1 2|ok|ok|ok|ok
		allowed: a socket passed within the session|scm-own tcp 10.1.2.3 7000 -- use send|ok|ok|ok|ok
		allowed: tcp in a port range|link tcp 10.1.2.3 7002|ok|ok|ok|ok
		allowed: narrower ports win|link tcp 10.1.2.3 7011|ok|-|-|-
		allowed: a longer prefix with port and protocol|link tcp 18.4.5.8 7000|ok|ok|ok|ok
		allowed: tcp where icmp is denied|link tcp 10.1.2.4 7000|ok|ok|ok|ok
		allowed: tcp where udp is denied|link tcp 10.1.2.3 7002|ok|ok|ok|ok
	EOF
}

# Connecting, sending, and the forms of an address.
way_cases() {
	cat <<-'EOF'
		connect tcp|link tcp 18.4.5.6 7000|ok|EPERM|EPERM|silent
		connect tcp v6|link tcp 2001:db8:bad::1 7000|ok|EPERM|EPERM|silent
		connect tcp elsewhere|link tcp 18.7.7.7 7000|ok|EPERM|EPERM|silent
		connect tcp v6 elsewhere|link tcp 2001:db8:bad::7 7000|ok|EPERM|EPERM|silent
		connect non-blocking|nonblocking tcp 18.4.5.6 7000|ok|EPERM|EPERM|silent
		connect non-blocking v6|nonblocking tcp 2001:db8:bad::7 7000|ok|EPERM|EPERM|silent
		connect udp and send|link udp 18.4.5.6 7000|ok|EPERM|EPERM|EPERM
		connect udp v6 and send|link udp 2001:db8:bad::1 7000|ok|EPERM|EPERM|EPERM
		connect udp again|reconnect udp 10.1.2.3 18.4.5.6 7000|ok|EPERM|EPERM|EPERM
		connect udp v6 again|reconnect udp 2001:db8:900d::7 2001:db8:bad::7 7000|ok|EPERM|EPERM|EPERM
		connect tcp again, dissolved|dissolve tcp 10.1.2.3 18.4.5.6 7000|ok|EPERM|EPERM|silent
		mptcp|link mptcp 18.4.5.6 7000|ok|EPERM|EPERM|silent
		mptcp v6|link mptcp 2001:db8:bad::1 7000|ok|EPERM|EPERM|silent
		mptcp non-blocking|nonblocking mptcp 18.7.7.7 7000|ok|EPERM|EPERM|silent
		TCP_FASTOPEN_CONNECT and write|fastopen-connect 18.4.5.6 7000|ok|EPERM|EPERM|silent
		TCP_FASTOPEN_CONNECT v6|fastopen-connect 2001:db8:bad::1 7000|ok|EPERM|EPERM|silent
		MSG_FASTOPEN sendto|fastopen-sendto tcp 18.4.5.6 7000|ok|EPERM|EPERM|silent
		MSG_FASTOPEN sendto v6|fastopen-sendto tcp 2001:db8:bad::7 7000|ok|EPERM|EPERM|silent
		MSG_FASTOPEN sendmsg|fastopen-sendmsg tcp 18.7.7.7 7000|ok|EPERM|EPERM|silent
		MSG_FASTOPEN v4-mapped|fastopen-sendto tcp ::ffff:18.4.5.6 7000|ok|EPERM|EPERM|silent
		MSG_FASTOPEN mptcp|fastopen-sendto mptcp 18.4.5.6 7000|ok;6.1=absent:EOPNOTSUPP|EPERM|EPERM|silent
		sendto|datagram udp 18.4.5.6 7000|ok|EPERM|EPERM|EPERM
		sendto v6|datagram udp 2001:db8:bad::1 7000|ok|EPERM|EPERM|EPERM
		sendto elsewhere|datagram udp 18.7.7.7 7000|ok|EPERM|EPERM|EPERM
		sendmsg|message udp 18.4.5.6 7000|ok|EPERM|EPERM|EPERM
		sendmsg v6|message udp 2001:db8:bad::7 7000|ok|EPERM|EPERM|EPERM
		sendmmsg, the second|second udp 10.1.2.3 18.4.5.6 7000|ok|EPERM|EPERM|EPERM
		sendmmsg v6, the second|second udp 2001:db8:900d::7 2001:db8:bad::7 7000|ok|EPERM|EPERM|EPERM
		sendto aside of the peer|aside udp 10.1.2.3 18.4.5.6 7000|ok|EPERM|EPERM|EPERM
		sendto v6 aside of the peer|aside udp 2001:db8:900d::1 2001:db8:bad::1 7000|ok|EPERM|EPERM|EPERM
		ping|datagram ping 18.4.5.6 0|ok|EPERM|EPERM|EPERM
		ping v6|datagram ping 2001:db8:bad::1 0|ok|EPERM|EPERM|silent
		ping connected|link ping 18.7.7.7 0|ok|EPERM|EPERM|EPERM
		ping v6 connected|link ping 2001:db8:bad::7 0|ok|EPERM|EPERM|silent
		splice|pour splice tcp 18.4.5.6 7000|ok|EPERM|EPERM|silent
		sendfile|pour sendfile tcp 18.4.5.6 7000|ok|EPERM|EPERM|silent
		splice udp|pour splice udp 18.4.5.6 7000|ok|EPERM|EPERM|EPERM
		write udp|pour write udp 18.4.5.6 7000|ok|EPERM|EPERM|EPERM
		v4-mapped tcp|link tcp ::ffff:18.4.5.6 7000|ok|EPERM|EPERM|silent
		v4-mapped udp|link udp ::ffff:18.4.5.6 7000|ok|EPERM|EPERM|EPERM
		v4-mapped sendto|datagram udp ::ffff:18.7.7.7 7000|ok|EPERM|EPERM|EPERM
		v4-mapped mptcp|link mptcp ::ffff:18.4.5.6 7000|ok|EPERM|EPERM|silent
		AF_UNSPEC datagram|family 4 unspec udp sendto 18.4.5.6 7000|ok|EPERM|EPERM|EPERM
		AF_INET on AF_INET6, connect|family 6 inet udp connect 18.4.5.6 7000|ok|EPERM|EPERM|EPERM
		AF_INET on AF_INET6, sendto|family 6 inet udp sendto 18.4.5.6 7000|ok|EPERM|EPERM|EPERM
		length 24 connect|length connect tcp 2001:db8:bad::1 7000 24|ok|EPERM|EPERM|silent
		length 24 sendto|length sendto udp 2001:db8:bad::1 7000 24|ok|EPERM|EPERM|EPERM
		length 64 v6 connect|length connect tcp 2001:db8:bad::1 7000 64|ok|EPERM|EPERM|silent
		length 100 v6 sendto|length sendto udp 2001:db8:bad::1 7000 100|ok|EPERM|EPERM|EPERM
		length 127 v6 connect udp|length connect udp 2001:db8:bad::1 7000 127|ok|EPERM|EPERM|EPERM
		length 128 v6 sendto|length sendto udp 2001:db8:bad::1 7000 128|ok|EPERM|EPERM|EPERM
		length 64 v4 connect|length connect tcp 18.4.5.6 7000 64|ok|EPERM|EPERM|silent
		length 100 v4 sendto|length sendto udp 18.4.5.6 7000 100|ok|EPERM|EPERM|EPERM
		length 127 v4 connect|length connect tcp 18.4.5.6 7000 127|ok|EPERM|EPERM|silent
		length 128 v4 sendto|length sendto udp 18.4.5.6 7000 128|ok|EPERM|EPERM|EPERM
		scope id, link-local|link tcp fe80::bad:1%dummy0 7000|ok|EPERM|EPERM|silent
		scope id, link-local sendto|datagram udp fe80::bad:1%dummy0 7000|ok|EPERM|EPERM|EPERM
		scope id on a global address|link tcp 2001:db8:bad::1%veth0 7000|ok|EPERM|EPERM|silent
		0.0.0.0 is loopback|link tcp 0.0.0.0 7003|ok|EPERM|EPERM|silent
		0.0.0.0 is loopback, sendto|datagram udp 0.0.0.0 7003|ok|EPERM|EPERM|EPERM
		:: is loopback|link tcp :: 7003|ok|EPERM|EPERM|silent
		:: is loopback, sendto|datagram udp :: 7003|ok|EPERM|EPERM|EPERM
		::ffff:0.0.0.0 is loopback|link tcp ::ffff:0.0.0.0 7003|ok|EPERM|EPERM|silent
		0.0.0.0 after bind|any-after-bind tcp 18.4.5.6 0.0.0.0 7000|ok|EPERM|EPERM|silent
		0.0.0.0 after bind, udp|any-after-bind udp 18.4.5.6 0.0.0.0 7000|ok|EPERM|EPERM|EPERM
		::ffff:0.0.0.0 after bind|any-after-bind tcp ::ffff:18.4.5.6 ::ffff:0.0.0.0 7000|ok|EPERM|EPERM|silent
		:: after a mapped bind|any-after-bind tcp ::ffff:127.0.0.1 :: 7004|ok|EPERM|EPERM|silent
		:: after a mapped bind, udp|any-after-bind udp ::ffff:127.0.0.1 :: 7004|ok|EPERM|EPERM|EPERM
		0.0.0.0 from a chosen address|any-by pktinfo dummy0 ::ffff:18.4.5.6 0.0.0.0 7000|ok|EPERM|EPERM|EPERM
		::ffff:0.0.0.0 from a chosen address|any-by pktinfo dummy0 ::ffff:18.4.5.6 ::ffff:0.0.0.0 7000|ok|EPERM|EPERM|EPERM
		::ffff:0.0.0.0 from a chosen v6 address|any-by pktinfo6 dummy0 ::ffff:18.4.5.6 ::ffff:0.0.0.0 7000|ok|EPERM|EPERM|EPERM
		0.0.0.0 by an interface|any-by interface dummy0 :: 0.0.0.0 7000|ok|EPERM|EPERM|EPERM
		0.0.0.0 by the socket's interface|any-by unicast dummy0 :: 0.0.0.0 7000|ok|EPERM|EPERM|EPERM
		0.0.0.0 connected by an interface|any-connected dummy0 0.0.0.0 7000|ok|EPERM|EPERM|EPERM
		NAT64|link tcp 64:ff9b::1204:506 7000|ok|EPERM|EPERM|silent
		NAT64 sendto|datagram udp 64:ff9b::1204:506 7000|ok|EPERM|EPERM|EPERM
		6to4|link tcp 2002:1204:506::1 7000|ok|EPERM|EPERM|silent
		6to4 sendto|datagram udp 2002:1204:506::1 7000|ok|EPERM|EPERM|EPERM
		port 0|link tcp 18.4.5.6 0|ECONNREFUSED|EPERM|EPERM|silent
		port 0, v6|link tcp 2001:db8:bad::7 0|ECONNREFUSED|EPERM|EPERM|silent
		broadcast|many dummy0 18.9.9.255 7000|ok|EPERM|EPERM|EPERM
		broadcast, limited|limited-broadcast dummy0 7000|ok|EPERM|EPERM|EPERM
		multicast|many veth0 239.18.4.5 7000|ok|EPERM|EPERM|EPERM
		multicast v6|many veth0 ff15:bad::1 7000|ok|EPERM|EPERM|EPERM
		port rule, tcp|link tcp 10.1.2.3 7001|ok|EPERM|EPERM|silent
		port rule, udp|datagram udp 10.1.2.3 7001|ok|EPERM|EPERM|EPERM
		port rule of one protocol|datagram udp 10.1.2.3 7002|ok|EPERM|EPERM|EPERM
		port range, v6|link tcp 2001:db8:900d::1 7002|ok|EPERM|EPERM|silent
		port range|link tcp 10.1.2.3 7010|ok|EPERM|EPERM|silent
		port rule, any address|datagram udp 10.7.7.7 7005|ok|EPERM|EPERM|EPERM
		port rule, any address v6|datagram udp 2001:db8:900d::1 7005|ok|EPERM|EPERM|EPERM
		port rule, v4-mapped|link tcp ::ffff:10.1.2.3 7001|ok|EPERM|EPERM|silent
		port rule, mptcp|link mptcp 10.1.2.3 7001|ok|EPERM|EPERM|silent
		exception is for one port|link tcp 18.4.5.8 7001|ok|EPERM|EPERM|silent
		exception is for one protocol|datagram udp 18.4.5.8 7000|ok|EPERM|EPERM|EPERM
		icmp rule|datagram ping 10.1.2.4 0|ok|EPERM|EPERM|EPERM
	EOF
}

# io_uring, other families, source routing, and where an attempt is made from.
more_cases() {
	cat <<-'EOF'
		io_uring connect|uring-connect plain tcp 18.4.5.6 7000|ok|EPERM|EPERM|silent
		io_uring connect v6|uring-connect plain tcp 2001:db8:bad::1 7000|ok|EPERM|EPERM|silent
		io_uring connect by a worker|uring-connect async tcp 18.4.5.6 7000|ok|EPERM|EPERM|silent
		io_uring connect by SQPOLL|uring-connect polled tcp 18.4.5.6 7000|ok|EPERM|EPERM|silent
		io_uring connect udp and send|uring-send plain udp 18.4.5.6 7000|ok|EPERM|EPERM|EPERM
		io_uring connect and send by SQPOLL|uring-send polled udp 18.4.5.6 7000|ok|EPERM|EPERM|EPERM
		io_uring sendmsg|uring-sendmsg plain udp 18.4.5.6 7000|ok|EPERM|EPERM|EPERM
		io_uring sendmsg by a worker|uring-sendmsg async udp 2001:db8:bad::7 7000|ok|EPERM|EPERM|EPERM
		io_uring sendmsg by SQPOLL|uring-sendmsg polled udp 18.4.5.6 7000|ok|EPERM|EPERM|EPERM
		io_uring sendmsg MSG_FASTOPEN|uring-sendmsg plain tcp 18.4.5.6 7000|ok|EPERM|EPERM|silent
		io_uring send with an address|uring-sendto plain udp 18.4.5.6 7000|ok|EPERM|EPERM|EPERM
		io_uring socket and connect|uring-socket plain 2 1 0 18.4.5.6 7000|ok|EPERM|EPERM|silent
		io_uring socket by SQPOLL|uring-socket polled 2 1 0 18.4.5.6 7000|ok|EPERM|EPERM|silent
		io_uring socket without a descriptor|uring-direct plain 18.4.5.6 7000|ok|EPERM|EPERM|silent
		io_uring socket of another family|uring-socket plain 40 1 0|ok|EPERM|EPERM|-
		io_uring socket of another protocol|uring-socket plain 2 5 132|ok|EPERM|EPERM|-
		io_uring splice|uring-splice tcp 18.4.5.6 7000|ok|EPERM|EPERM|silent
		udplite|link udplite 18.4.5.6 7000|ok;7.2=absent:EPROTONOSUPPORT|EPERM|EPERM|EPERM
		udplite v6 sendto|datagram udplite 2001:db8:bad::1 7000|ok;7.2=absent:EPROTONOSUPPORT|EPERM|EPERM|EPERM
		udplite v4-mapped|datagram udplite ::ffff:18.4.5.6 7000|ok;7.2=absent:EPROTONOSUPPORT|EPERM|EPERM|EPERM
		sctp|link sctp 18.4.5.6 7000|ok|EPERM|EPERM|silent
		sctp v6|link sctp 2001:db8:bad::1 7000|ok|EPERM|EPERM|silent
		sctp connectx|connectx 7000 18.4.5.6|ok|EPERM|EPERM|silent
		sctp sendto|datagram sctp-many 18.4.5.6 7000|ok|EPERM|EPERM|silent
		dccp|link dccp 18.4.5.6 7000|ok;7.2=absent:ESOCKTNOSUPPORT|EPERM|EPERM|silent
		dccp v6|link dccp 2001:db8:bad::1 7000|ok;7.2=absent:ESOCKTNOSUPPORT|EPERM|EPERM|silent
		vsock|vsock stream 7000|ok|EPERM|EPERM|-
		vsock seqpacket|socket 40 5 0|ok|EPERM|EPERM|-
		alg|alg|ok|EPERM|EPERM|-
		smc|smc family 18.4.5.6 7000|absent:EAFNOSUPPORT|-|-|-
		smc by protocol|smc protocol 18.4.5.6 7000|absent:EPROTONOSUPPORT|-|-|-
		smc by TCP_ULP|smc ulp 18.4.5.6 7000|absent:ENOENT|-|-|-
		tipc|socket 30 2 0|ok|EPERM|EPERM|-
		rds|socket 21 5 0|ok|EPERM|EPERM|-
		kcm|socket 41 5 0|ok|EPERM|EPERM|-
		routing header option|route-option udp segments 2001:db8:bad::7 2001:db8:900d::7 7000|ok|EPERM|EPERM|EPERM
		routing header option by io_uring|uring-route plain udp 2001:db8:bad::7 2001:db8:900d::7 7000|ok;6.1=absent:EOPNOTSUPP|EPERM|EPERM|EPERM
		routing header in packet options|route-option udp mobile-pktoptions 2001:db8:bad::7 2001:db8:900d::7 7000|ok|EPERM|EPERM|EPERM
		routing header by a flow label|route-option udp mobile-flowlabel 2001:db8:bad::7 2001:db8:900d::7 7000|ok|EPERM|EPERM|EPERM
		routing header control message|route-message udp mobile 2001:db8:bad::7 2001:db8:900d::7 7000|ok|EPERM|EPERM|EPERM
		routing header control message, old|route-message udp mobile2292 2001:db8:bad::7 2001:db8:900d::7 7000|ok|EPERM|EPERM|EPERM
		routing header behind a few|route-hidden udp mobile 2001:db8:bad::7 2001:db8:900d::7 7000 5|ok|EPERM|EPERM|EPERM
		routing header behind others|route-hidden udp mobile 2001:db8:bad::7 2001:db8:900d::7 7000 20|ok|EPERM|EPERM|EPERM
		a thread|thread link tcp 18.4.5.6 7000|ok|EPERM|EPERM|silent
		a child|fork link tcp 18.4.5.6 7000|ok|EPERM|EPERM|silent
		a vfork child|vfork link tcp 18.4.5.6 7000|ok|EPERM|EPERM|silent
		another program|exec-self link tcp 18.4.5.6 7000|ok|EPERM|EPERM|silent
		user namespace|userns link tcp 18.4.5.6 7000|ok|EPERM|EPERM|silent
		cgroup namespace|cgroupns link tcp 18.4.5.6 7000|ok|EPERM|EPERM|silent
		network namespace|netns 18.4.5.6 link tcp 18.4.5.6 7000|ok|EPERM|EPERM|silent
		network namespace, udp|netns 18.4.5.6 datagram udp 18.4.5.6 7000|ok|EPERM|EPERM|EPERM
		network namespace, v6|netns 2001:db8:bad::9 link tcp 2001:db8:bad::9 7000|ok|EPERM|EPERM|silent
		moved out by root|stray link tcp 18.4.5.6 7000|ok|EPERM|EPERM|silent
		moved out by root, udp|stray datagram udp 18.4.5.6 7000|ok|EPERM|EPERM|EPERM
		moved out by root, mptcp|stray link mptcp 10.1.2.3 7000|ok|EPERM|EPERM|EPERM
		moved out by root, another family|stray vsock stream 7000|ok|EPERM|EPERM|-
	EOF
}

# What was made outside. The packet layer goes by the cgroup a socket was made in, and sees none of it.
passed_cases() {
	cat <<-'EOF'
		passed: tcp, connected|scm tcp 18.4.5.6 7000 -- use send|ok|CTRUNC|CTRUNC|-
		passed: tcp, not connected|scm free tcp 4 -- use-connect 18.4.5.6 7000|ok|CTRUNC|CTRUNC|-
		passed: tcp v6, not connected|scm free tcp 6 -- use-connect 2001:db8:bad::1 7000|ok|CTRUNC|CTRUNC|-
		passed: udp, connected|scm udp 18.4.5.6 7000 -- use send|ok|CTRUNC|CTRUNC|-
		passed: udp, not connected|scm free udp 4 -- use-sendto 18.4.5.6 7000|ok|CTRUNC|CTRUNC|-
		passed: udplite|scm udplite 18.4.5.6 7000 -- use send|ok;7.2=absent:EPROTONOSUPPORT|CTRUNC|CTRUNC|-
		passed: for splice|scm tcp 18.4.5.6 7000 -- use splice|ok|CTRUNC|CTRUNC|-
		passed: for sendfile|scm tcp 18.4.5.6 7000 -- use sendfile|ok|CTRUNC|CTRUNC|-
		passed: received by io_uring|scm-ring tcp 18.4.5.6 7000 -- use send|ok|CTRUNC|CTRUNC|-
		passed: a ring|scm ring -- uring-connect plain tcp 18.4.5.6 7000|absent:EINVAL|-|-|-
		passed within the session|scm-own free udp 4 -- use-sendto 18.4.5.6 7000|ok|EPERM|EPERM|EPERM
		fetched: tcp, connected|getfd tcp 18.4.5.6 7000 -- use send|ok|EPERM|EPERM|-
		fetched: tcp, not connected|getfd free tcp 4 -- use-connect 18.4.5.6 7000|ok|EPERM|EPERM|-
		fetched: udp, not connected|getfd free udp 6 -- use-sendto ::ffff:18.4.5.6 7000|ok|EPERM|EPERM|-
		fetched: udp, connected|getfd udp 18.4.5.6 7000 -- use write|ok|EPERM|EPERM|-
		fetched: a ring|getfd ring -- uring-connect plain tcp 18.4.5.6 7000|ok|EPERM|EPERM|-
		fetched: a ring with a socket|getfd ring-with free tcp 4 -- fixed connect 18.4.5.6 7000|ok|EPERM|EPERM|-
		fetched: a ring with a connected socket|getfd ring-with tcp 18.4.5.6 7000 -- fixed send|ok|EPERM|EPERM|-
		fetched: a polled ring|getfd polled-ring-with tcp 18.4.5.6 7000 -- fixed send|ok|EPERM|EPERM|-
		MSG_RING: tcp, not connected|into free tcp 4 -- fixed connect 18.4.5.6 7000|ok|EPERM|EPERM|-
		MSG_RING: tcp, connected|into tcp 18.4.5.6 7000 -- fixed send|ok|EPERM|EPERM|-
		MSG_RING: udp, connected|into udp 2001:db8:bad::1 7000 -- fixed send|ok|EPERM|EPERM|-
		MSG_RING: splice|into tcp 18.4.5.6 7000 -- fixed splice|ok|EPERM|EPERM|-
		MSG_RING: a ring|into ring -- uring-connect plain tcp 18.4.5.6 7000|absent:EBADF|-|-|-
		brought along: a ring|late ring -- uring-connect plain tcp 18.4.5.6 7000|ok|EPERM|EPERM|silent
		brought along: a ring, sendmsg|late ring -- uring-sendmsg plain udp 18.4.5.6 7000|ok|EPERM|EPERM|EPERM
		brought along: a polled ring|late polled-ring -- uring-connect plain tcp 18.4.5.6 7000|ok|EPERM|EPERM|silent
		brought along: a ring with a socket|late ring-with free tcp 4 -- fixed connect 18.4.5.6 7000|ok|EPERM|EPERM|-
		brought along: tcp, connected|late tcp 18.4.5.6 7000 -- use send|ok|EPERM|EPERM|-
		brought along: udp, connected|late udp 18.4.5.6 7000 -- use write|ok|EPERM|EPERM|-
		brought along: udp, AF_UNSPEC|late udp 2001:db8:bad::1 7000 -- use send|ok|EPERM|EPERM|-
		brought along: tcp, splice|late tcp 18.4.5.6 7000 -- use splice|ok|EPERM|EPERM|-
		brought along: tcp, sendfile|late tcp 18.4.5.6 7000 -- use sendfile|ok|EPERM|EPERM|-
		brought along: tcp, not connected|late free tcp 4 -- use-connect 18.4.5.6 7000|ok|EPERM|EPERM|-
	EOF
}

# What only root can.
root_cases() {
	cat <<-'EOF'
		allowed: tcp|link tcp 10.1.2.3 7000|ok|ok|ok|ok
		allowed: netlink|netlink|ok|ok|ok|ok
		connect tcp|link tcp 18.4.5.6 7000|ok|EPERM|EPERM|silent
		sendto v6|datagram udp 2001:db8:bad::1 7000|ok|EPERM|EPERM|EPERM
		raw icmp|datagram raw-icmp 18.4.5.6 0|ok|EPERM|EPERM|EPERM
		raw icmp connected|link raw-icmp 18.7.7.7 0|ok|EPERM|EPERM|EPERM
		raw icmp v6|datagram raw-icmp 2001:db8:bad::1 0|ok|EPERM|EPERM|EPERM
		raw udp|raw-udp inet 18.4.5.6 7000|ok|EPERM|EPERM|EPERM
		raw udp v6|raw-udp inet 2001:db8:bad::7 7000|ok|EPERM|EPERM|EPERM
		raw udp v6, family 0|raw-udp unspec 2001:db8:bad::7 7000|ok|EPERM|EPERM|EPERM
		raw, own header|header 10.99.0.1 18.7.7.7 18.7.7.7 7000|ok|EPERM|EPERM|EPERM
		raw, own header to another|header 10.99.0.1 10.7.7.7 18.7.7.7 7000|ok|EPERM|EPERM|EPERM
		raw v6, own header|header6 fd99::1 2001:db8:bad::7 2001:db8:bad::7 7000|ok|EPERM|EPERM|EPERM
		raw v6, own header to another|header6 fd99::1 2001:db8:900d::7 2001:db8:bad::7 7000|ok|EPERM|EPERM|EPERM
		packet socket|packet veth0 10.99.0.1 18.7.7.7 7000|ok|EPERM|EPERM|-
		xdp|xdp|ok|EPERM|EPERM|-
		af_key|socket 15 3 2|ok|EPERM|EPERM|-
		l2tp over ip|socket 2 2 115|ok|EPERM|EPERM|-
		io_uring raw socket|uring-socket plain 2 3 1|ok|EPERM|EPERM|-
		io_uring packet socket by SQPOLL|uring-socket polled 17 3 0|ok|EPERM|EPERM|-
		another user|as 1001 link tcp 18.4.5.6 7000|ok|EPERM|EPERM|silent
		another user, udp|as 1001 datagram udp 18.4.5.6 7000|ok|EPERM|EPERM|EPERM
		network namespace|netns 18.4.5.6 link tcp 18.4.5.6 7000|ok|EPERM|EPERM|silent
		cgroup namespace|cgroupns link tcp 18.4.5.6 7000|ok|EPERM|EPERM|silent
		nested cgroup|subcgroup link tcp 18.4.5.6 7000|ok|EPERM|EPERM|silent
		nested twice, udp|subcgroup subcgroup datagram udp 18.4.5.6 7000|ok|EPERM|EPERM|EPERM
		child in another cgroup|other-cgroup link tcp 18.4.5.6 7000|ok|EPERM|EPERM|silent
		moved out|stray datagram udp 18.4.5.6 7000|ok|EPERM|EPERM|EPERM
		LSRR option|route-option udp lsrr 18.7.7.7 10.7.7.7 7000|ok|EPERM|EPERM|EPERM
		LSRR option, ping|route-option ping lsrr 18.7.7.7 10.7.7.7 0|ok|EPERM|EPERM|EPERM
		SSRR option|route-option udp ssrr 18.8.8.8 10.7.7.7 7000|ok|EPERM|EPERM|EPERM
		LSRR control message|route-message udp lsrr 18.7.7.7 10.7.7.7 7000|ok|EPERM|EPERM|EPERM
		SSRR control message|route-message udp ssrr 18.8.8.8 10.7.7.7 7000|ok|EPERM|EPERM|EPERM
		LSRR behind other control messages|route-hidden udp lsrr 18.7.7.7 10.7.7.7 7000 20|ok|EPERM|EPERM|EPERM
		LSRR behind a few|route-hidden udp lsrr 18.7.7.7 10.7.7.7 7000 5|ok|EPERM|EPERM|EPERM
		passed: a packet socket|scm packet -- link tcp 10.1.2.3 7000|ok|CTRUNC|CTRUNC|-
		fetched: udp, not connected|getfd free udp 4 -- use-sendto 18.4.5.6 7000|ok|EPERM|EPERM|-
		brought along: a polled ring|late polled-ring -- uring-sendmsg plain udp 18.4.5.6 7000|ok|EPERM|EPERM|EPERM
	EOF
}

# With sockets.allow: what has been opened is judged by its addresses.
open_conf() {
	egress_conf
	echo 'sockets = { allow = [ "AF_PACKET", "AF_VSOCK", "raw", "sctp", "dccp", "udplite" ]; };'
}

open_cases() {
	cat <<-'EOF'
		opened: udplite|link udplite 18.4.5.6 7000|ok;7.2=absent:EPROTONOSUPPORT|EPERM|EPERM|-
		opened: udplite sendto v4-mapped|datagram udplite ::ffff:18.4.5.6 7000|ok;7.2=absent:EPROTONOSUPPORT|EPERM|EPERM|-
		opened: udplite, allowed|link udplite 10.1.2.3 7000|ok;7.2=absent:EPROTONOSUPPORT|ok|ok|ok
		opened: udplite port rule|datagram udplite 10.1.2.3 7001|ok;7.2=absent:EPROTONOSUPPORT|EPERM|EPERM|EPERM
		opened: udplite, a rule for udp only|datagram udplite 10.1.2.3 7002|ok;7.2=absent:EPROTONOSUPPORT|ok|ok|ok
		opened: sctp|link sctp 18.4.5.6 7000|ok|EPERM|EPERM|-
		opened: sctp v6|link sctp 2001:db8:bad::1 7000|ok|EPERM|EPERM|-
		opened: sctp, allowed|link sctp 10.1.2.3 7000|ok|ok|ok|ok
		opened: sctp port rule|link sctp 10.1.2.3 7001|ok|EPERM|EPERM|silent
		opened: sctp sendto|datagram sctp-many 18.4.5.6 7000|ok|EPERM|EPERM|-
		opened: sctp sendmsg v6|message sctp-many 2001:db8:bad::7 7000|ok|EPERM|EPERM|-
		opened: sctp connectx|connectx 7000 18.4.5.6|ok|EPERM|EPERM|-
		opened: sctp connectx, the second|connectx 7000 10.1.2.3 18.4.5.6|ok|EPERM|EPERM|-
		opened: sctp connectx v4-mapped|connectx 7000 ::ffff:18.4.5.6|ok|EPERM|EPERM|-
		opened: sctp further address by message|sctp-extra 10.1.2.3 18.4.5.6 7000|ok|EPERM|EPERM|silent
		opened: dccp|link dccp 18.4.5.6 7000|ok;7.2=absent:ESOCKTNOSUPPORT|EPERM|EPERM|-
		opened: dccp, allowed|link dccp 10.1.2.3 7000|ok;7.2=absent:ESOCKTNOSUPPORT|ok|ok|ok
		opened: vsock|vsock stream 7000|ok|ok|ok|ok
		opened: alg is not|alg|ok|EPERM|EPERM|-
	EOF
}

root_open_cases() {
	cat <<-'EOF'
		opened: raw icmp|datagram raw-icmp 18.4.5.6 0|ok|EPERM|EPERM|-
		opened: raw icmp connected|link raw-icmp 18.4.5.6 0|ok|EPERM|EPERM|-
		opened: raw icmp v6|datagram raw-icmp 2001:db8:bad::1 0|ok|EPERM|EPERM|-
		opened: raw icmp, icmp rule|datagram raw-icmp 10.1.2.4 0|ok|EPERM|-|EPERM
		opened: raw icmp, allowed|datagram raw-icmp 10.1.2.3 0|ok|ok|ok|ok
		opened: raw udp|raw-udp inet 18.4.5.6 7000|ok|EPERM|EPERM|-
		opened: raw udp, port rule|raw-udp inet 10.1.2.3 7001|ok|EPERM|-|EPERM
		opened: raw udp v6|raw-udp inet 2001:db8:bad::7 7000|ok|EPERM|EPERM|-
		opened: raw udp v6, family 0|raw-udp unspec 2001:db8:bad::7 7000|ok|EPERM|EPERM|-
		opened: raw, own header|header 10.99.0.1 18.7.7.7 18.7.7.7 7000|ok|EPERM|EPERM|-
		opened: raw, own header to another|header 10.99.0.1 10.7.7.7 18.7.7.7 7000|ok|EPERM|-|EPERM
		opened: raw v6, own header|header6 fd99::1 2001:db8:bad::7 2001:db8:bad::7 7000|ok|EPERM|EPERM|-
		opened: raw v6, own header to another|header6 fd99::1 2001:db8:900d::7 2001:db8:bad::7 7000|ok|EPERM|-|EPERM
		opened: raw, own header, allowed|header 10.99.0.1 10.7.7.7 10.7.7.7 7000|ok|ok|ok|ok
		opened: packet socket, its answer comes in|packet veth0 10.99.0.1 18.7.7.7 7000|ok|silent|ok|silent
		opened: xdp is not|xdp|ok|EPERM|EPERM|-
	EOF
}

# A peer elsewhere connects in. The hooks do not see who is accepted, but may not answer.
incoming_cases() {
	cat <<-'EOF'
		incoming: tcp, allowed|incoming tcp 10.7.7.7 0.0.0.0 10.99.0.1 7101|ok|ok|ok|ok
		incoming: tcp v6, allowed|incoming tcp 2001:db8:900d::7 :: fd99::1 7102|ok|ok|ok|ok
		incoming: udp, allowed|incoming udp 10.7.7.7 0.0.0.0 10.99.0.1 7103|ok|ok|ok|ok
		incoming: tcp|incoming tcp 18.7.7.7 0.0.0.0 10.99.0.1 7104|ok|silent|EPERM|silent
		incoming: tcp v6|incoming tcp 2001:db8:bad::7 :: fd99::1 7105|ok|silent|EPERM|silent
		incoming: tcp, v4-mapped listener|incoming tcp 18.7.7.7 :: 10.99.0.1 7106|ok|silent|EPERM|silent
		incoming: mptcp listener|incoming mptcp 18.7.7.7 0.0.0.0 10.99.0.1 7107|ok|silent|EPERM|silent
		incoming: udp|incoming udp 18.7.7.7 0.0.0.0 10.99.0.1 7108|ok|silent|EPERM|silent
		incoming: udp v6|incoming udp 2001:db8:bad::7 :: fd99::1 7109|ok|silent|EPERM|silent
		incoming: udp, v4-mapped|incoming udp 18.7.7.7 :: 10.99.0.1 7110|ok|silent|EPERM|silent
	EOF
}

# The same, to a process that root has moved out of its session. Here a hook sees who asks for a connection, too.
stray_cases() {
	cat <<-'EOF'
		incoming: moved out, tcp, allowed|stray incoming tcp 10.7.7.7 0.0.0.0 10.99.0.1 7111|ok|ok|ok|ok
		incoming: moved out, udp v6, allowed|stray incoming udp 2001:db8:900d::7 :: fd99::1 7112|ok|ok|ok|ok
		incoming: moved out, tcp|stray incoming tcp 18.7.7.7 0.0.0.0 10.99.0.1 7113|ok|silent|silent|silent
		incoming: moved out, tcp v6|stray incoming tcp 2001:db8:bad::7 :: fd99::1 7114|ok|silent|silent|silent
		incoming: moved out, tcp, v4-mapped listener|stray incoming tcp 18.7.7.7 :: 10.99.0.1 7115|ok|silent|silent|silent
		incoming: moved out, mptcp listener|stray incoming mptcp 18.7.7.7 0.0.0.0 10.99.0.1 7116|ok|EPERM|EPERM|EPERM
		incoming: moved out, udp|stray incoming udp 18.7.7.7 0.0.0.0 10.99.0.1 7117|ok|silent|EPERM|silent
		incoming: moved out, udp v6|stray incoming udp 2001:db8:bad::7 :: fd99::1 7118|ok|silent|EPERM|silent
		incoming: moved out, udp, v4-mapped|stray incoming udp 18.7.7.7 :: 10.99.0.1 7119|ok|silent|EPERM|silent
	EOF
}

# What the kernel does by itself on a session's behalf: no call is made, so only packets show it.
kernel_cases() {
	cat <<-'EOF'
		mptcp: a server announces another address|mptcp-subflow 10.7.7.7 7000|ok|silent|-|silent
	EOF
}

# The user's systemd runs it: elsewhere, but guarded as well. In a session of the manager's own in the log.
manager_cases() {
	cat <<-'EOF'
		user manager: service|manager link tcp 18.4.5.6 7000|ok|EPERM|EPERM|silent
		user manager: service, udp|manager datagram udp 18.4.5.6 7000|ok|EPERM|EPERM|EPERM
		user manager: nested cgroup|manager subcgroup link tcp 18.4.5.6 7000|ok|EPERM|EPERM|silent
		user manager: scope|scope link tcp 18.4.5.6 7000|ok|EPERM|EPERM|silent
		user manager: allowed|manager link tcp 10.1.2.3 7000|ok|ok|ok|ok
	EOF
}
