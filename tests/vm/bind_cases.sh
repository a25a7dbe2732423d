# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# shellcheck shell=bash
# Every way to get a port, for test_bind.sh and test_unguarded.sh; the form is that of egress_cases.sh. There is no packet
# layer here: what holds a port has bound it. "ok" means that it is reached there.

# The accomplices that hand sockets over are outside and the same user's: those doors must be open, or nothing passes.
bind_conf() {
	cat <<-'EOF'
		leaving = "allow";
		unix = { same_user = "allow"; };
		bind = {
			deny = [ "1-1023", "8000-8099", "8200-8299/tcp", "8300-8399/udp", "0/tcp" ];
			allow = [ "8080/tcp", "8050-8059" ];
		};
	EOF
}

bind_cases() {
	cat <<-'EOF'
		allowed: tcp|port tcp 0.0.0.0 9001|ok|ok|ok|-
		allowed: tcp v6|port tcp :: 9002|ok|ok|ok|-
		allowed: tcp on one address|port tcp 10.1.2.3 9003|ok|ok|ok|-
		allowed: udp|port udp 0.0.0.0 9004|ok|ok|ok|-
		allowed: udp v6, picked|port udp :: 0|ok|ok|ok|-
		allowed: an exception of one protocol|port tcp 0.0.0.0 8080|ok|ok|ok|-
		allowed: an exception's range|port udp 0.0.0.0 8055|ok|ok|ok|-
		allowed: udp where tcp is denied|port udp 0.0.0.0 8200|ok|ok|ok|-
		allowed: tcp where udp is denied|port tcp 0.0.0.0 8300|ok|ok|ok|-
		allowed: a port picked for an outgoing socket|link tcp 10.1.2.3 7000|ok|ok|ok|-
		allowed: a port picked for a datagram|datagram udp 10.1.2.3 7000|ok|ok|ok|-
		allowed: udp, port for later|no-port udp 0.0.0.0|ok|ok|ok|-
		allowed: io_uring|uring-bind plain tcp 0.0.0.0 9005|ok;6.1=absent:EINVAL|ok|ok|-
		tcp|port tcp 0.0.0.0 8001|ok|EPERM|EPERM|-
		tcp, first of the range|port tcp 0.0.0.0 8000|ok|EPERM|EPERM|-
		tcp, last of the range|port tcp 0.0.0.0 8099|ok|EPERM|EPERM|-
		tcp, one past the range|port tcp 0.0.0.0 8100|ok|ok|ok|-
		tcp v6|port tcp :: 8002|ok|EPERM|EPERM|-
		tcp v4-mapped|port tcp ::ffff:0.0.0.0 8003|ok|EPERM|EPERM|-
		tcp v4-mapped, one address|port tcp ::ffff:10.1.2.3 8004|ok|EPERM|EPERM|-
		tcp on loopback|port tcp 127.0.0.1 8005|ok|EPERM|EPERM|-
		tcp v6 on loopback|port tcp ::1 8006|ok|EPERM|EPERM|-
		udp|port udp 0.0.0.0 8007|ok|EPERM|EPERM|-
		udp v6|port udp :: 8008|ok|EPERM|EPERM|-
		udp v4-mapped|port udp ::ffff:127.0.0.1 8009|ok|EPERM|EPERM|-
		exception is for tcp|port udp 0.0.0.0 8080|ok|EPERM|EPERM|-
		tcp rule|port tcp 0.0.0.0 8201|ok|EPERM|EPERM|-
		tcp rule, mptcp|port mptcp 0.0.0.0 8202|ok|EPERM|EPERM|-
		tcp rule, mptcp v6|port mptcp :: 8203|ok|EPERM|EPERM|-
		udp rule|port udp 0.0.0.0 8301|ok|EPERM|EPERM|-
		udp rule, v4-mapped|port udp ::ffff:0.0.0.0 8302|ok|EPERM|EPERM|-
		AF_UNSPEC|port-unspec tcp 8010|ok|EPERM|EPERM|-
		AF_UNSPEC, udp|port-unspec udp 8011|ok|EPERM|EPERM|-
		length 24|port tcp :: 8012 24|ok|EPERM|EPERM|-
		length 128|port tcp 0.0.0.0 8013 128|ok|EPERM|EPERM|-
		length 128 v6|port udp :: 8014 128|ok|EPERM|EPERM|-
		port 0 is the kernel's pick|port tcp 0.0.0.0 0|ok|EPERM|EPERM|-
		port 0 v6|port tcp :: 0|ok|EPERM|EPERM|-
		port 0, mptcp|port mptcp 0.0.0.0 0|ok|EPERM|EPERM|-
		port for later|no-port tcp 0.0.0.0|ok|EPERM|EPERM|-
		listen without bind|listen-unbound tcp 4|ok|EPERM|EPERM|-
		listen without bind v6|listen-unbound tcp 6|ok|EPERM|EPERM|-
		listen without bind, mptcp|listen-unbound mptcp 4|ok|EPERM|EPERM|-
		io_uring bind|uring-bind plain tcp 0.0.0.0 8015|ok;6.1=absent:EINVAL|EPERM|EPERM|-
		io_uring bind by a worker|uring-bind async udp :: 8016|ok;6.1=absent:EINVAL|EPERM|EPERM|-
		io_uring bind by SQPOLL|uring-bind polled tcp ::ffff:0.0.0.0 8017|ok;6.1=absent:EINVAL|EPERM|EPERM|-
		io_uring listen without bind|uring-listen plain 4|ok;6.1=absent:EINVAL|EPERM|EPERM|-
		io_uring listen by SQPOLL|uring-listen polled 6|ok;6.1=absent:EINVAL|EPERM|EPERM|-
		a thread|thread port tcp 0.0.0.0 8018|ok|EPERM|EPERM|-
		a vfork child|vfork port tcp 0.0.0.0 8019|ok|EPERM|EPERM|-
		another program|exec-self port udp 0.0.0.0 8020|ok|EPERM|EPERM|-
		user namespace|userns port tcp 0.0.0.0 8021|ok|EPERM|EPERM|-
		network namespace|netns 127.0.0.9 port tcp 0.0.0.0 8022|ok|EPERM|EPERM|-
		network namespace, low port|netns 127.0.0.9 port tcp 0.0.0.0 80|ok|EPERM|EPERM|-
		moved out by root|stray port tcp 0.0.0.0 8023|ok|EPERM|EPERM|-
		passed: bound|scm bound tcp 0.0.0.0 8024 -- use-listen|ok|CTRUNC|CTRUNC|-
		passed: not bound|scm free tcp 4 -- use-listen|ok|CTRUNC|CTRUNC|-
		fetched: bound|getfd bound tcp 0.0.0.0 8025 -- use-listen|ok|EPERM|EPERM|-
		brought along: bound|late bound tcp 0.0.0.0 8026 -- use-listen|ok|EPERM|EPERM|-
		brought along: not bound|late free tcp 6 -- use-listen|ok|EPERM|EPERM|-
		brought along: bound, a port that may be|late bound tcp 0.0.0.0 9006 -- use-listen|ok|ok|ok|-
		udplite is not open|port udplite 0.0.0.0 9007|ok;7.2=absent:EPROTONOSUPPORT|EPERM|EPERM|-
		sctp is not open|port sctp 0.0.0.0 9008|ok|EPERM|EPERM|-
	EOF
}

# With the protocols opened.
bind_open_conf() {
	bind_conf
	echo 'sockets = { allow = [ "sctp", "dccp", "udplite" ]; };'
}

bind_open_cases() {
	cat <<-'EOF'
		opened: udplite|port udplite 0.0.0.0 8030|ok;7.2=absent:EPROTONOSUPPORT|EPERM|EPERM|-
		opened: udplite v6|port udplite :: 8031|ok;7.2=absent:EPROTONOSUPPORT|EPERM|EPERM|-
		opened: udplite, allowed|port udplite 0.0.0.0 8301|ok;7.2=absent:EPROTONOSUPPORT|ok|ok|-
		opened: sctp|port sctp 0.0.0.0 8032|ok|EPERM|EPERM|-
		opened: sctp v6|port sctp :: 8033|ok|EPERM|EPERM|-
		opened: sctp, allowed|port sctp 0.0.0.0 9010|ok|ok|ok|-
		opened: sctp bindx|bindx 8034 10.1.2.3|ok|EPERM|EPERM|-
		opened: sctp bindx, two addresses|bindx 8035 10.1.2.3 10.1.2.4|ok|EPERM|EPERM|-
		opened: sctp bindx v4-mapped|bindx 8036 ::ffff:10.1.2.3|ok|EPERM|EPERM|-
		opened: sctp bindx, allowed|bindx 9011 10.1.2.3|ok|ok|ok|-
		opened: dccp|port dccp 0.0.0.0 8037|ok;7.2=absent:ESOCKTNOSUPPORT|EPERM|EPERM|-
		opened: dccp v6|port dccp :: 8038|ok;7.2=absent:ESOCKTNOSUPPORT|EPERM|EPERM|-
	EOF
}

root_bind_cases() {
	cat <<-'EOF'
		low port|port tcp 0.0.0.0 80|ok|EPERM|EPERM|-
		low port v6|port tcp :: 443|ok|EPERM|EPERM|-
		low port udp|port udp 0.0.0.0 53|ok|EPERM|EPERM|-
		last of the low|port tcp 0.0.0.0 1023|ok|EPERM|EPERM|-
		first of the others|port tcp 0.0.0.0 1024|ok|ok|ok|-
		nested cgroup|subcgroup port tcp 0.0.0.0 8040|ok|EPERM|EPERM|-
		child in another cgroup|other-cgroup port tcp 0.0.0.0 8041|ok|EPERM|EPERM|-
		another user|as 1001 port tcp 0.0.0.0 8042|ok|EPERM|EPERM|-
	EOF
}
