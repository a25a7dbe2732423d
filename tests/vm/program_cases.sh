# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# shellcheck shell=bash disable=SC2154 # T comes from lib.sh
# Rules for programs of their own: what they open and close, and every way we know to pass for such a program. For
# test_programs.sh and test_unguarded.sh; the form is that of egress_cases.sh.
#
# Each theft ends in the program's own process, or in what passes for it: outside of a session it says "ok". What is
# not stolen from says EPERM ("be-good"), or is refused like anybody else.

PROG=/srv/prog EVIL=/srv/evil
LIBS=/usr/lib/x86_64-linux-gnu

program_world() {
	local name
	install -d "$PROG" "$EVIL/lib"
	install -d -m 1777 /run/try
	for name in allowed shut climber upgraded copy; do
		install -m 0755 "$T/try" "$PROG/$name"
	done
	install -m 0755 "$T/dynamic" "$PROG/dynamic"
	install -m 0755 "$T/dynamic" "$PROG/dynamic-copy"
	ln -f "$PROG/allowed" "$PROG/hard-link"
	ln -sfn allowed "$PROG/soft-link"
	printf '#!%s by-script\n# link tcp 18.4.5.6 7000\n' "$PROG/allowed" >"$PROG/script"
	printf '#!/bin/sh\n%s link tcp 18.4.5.6 7000\n' "$T/try" >"$PROG/listed-script"
	chmod 0755 "$PROG/script" "$PROG/listed-script"
	install -m 0755 "$T/try" "$PROG/alices"
	chown alice: "$PROG/alices"
	install -m 4755 "$T/try" "$PROG/suid-root"
	install -d -o alice /srv/files/tree/more
	tee /srv/files/{secret,open,tree/a,tree/more/b} <<<text >/dev/null
	chown -R alice: /srv/files
	install -m 0755 "$T/libegnothing.so.1" "$LIBS/"
	install -m 0755 "$T/libsteal.so" "$EVIL/"
	install -m 0755 "$T/libsteal.so" "$EVIL/lib/libegnothing.so.1"
	ldconfig
	sysctl -qw kernel.yama.ptrace_scope=0 2>/dev/null
	sysctl -qw fs.protected_hardlinks=0
}

program_world_ends() {
	rm -rf "$PROG" "$EVIL" /srv/files "$LIBS/libegnothing.so.1"
	ldconfig
	sysctl -qw fs.protected_hardlinks=1
}

program_conf() {
	cat <<-EOF
		deny = [ "18.0.0.0/9", "2001:db8:bad::/48" ];
		files = { deny_read = [ "/srv/files/secret", "/srv/files/tree" ]; deny_write = [ "/srv/files" ]; };
		bind = { deny = [ "7200-7299/tcp" ]; };
		unix = { same_user = "allow"; };
		leaving = "allow";
		rules = (
			{ programs = [ "$PROG/allowed", "$PROG/dynamic", "$PROG/upgraded" ];
			  allow = [ "18.0.0.0/9", "2001:db8:bad::/48" ]; deny = [ "18.4.5.8" ];
			  bind = { allow = [ "7200-7209/tcp" ]; deny = [ "7300/tcp" ]; };
			  files = { allow = [ "/srv/files/secret", "/srv/files/tree" ]; deny_read = [ "/srv/files/tree/more" ]; }; },
			{ programs = [ "$PROG/shut" ]; deny = [ "10.7.7.7", "*:7002" ]; },
			{ programs = [ "$PROG/listed-script", "$PROG/alices", "$PROG/missing" ]; allow = [ "18.0.0.0/9" ]; }
		);
	EOF
}

# What a rule opens for its programs, in both layers, and for nobody else.
program_cases() {
	local a="via path $PROG/allowed"
	cat <<-EOF
		tcp|$a link tcp 18.4.5.6 7000|ok|ok|ok|ok
		tcp elsewhere|$a link tcp 18.7.7.7 7000|ok|ok|ok|ok
		tcp v6|$a link tcp 2001:db8:bad::1 7000|ok|ok|ok|ok
		tcp v4-mapped|$a link tcp ::ffff:18.4.5.6 7000|ok|ok|ok|ok
		udp|$a datagram udp 18.4.5.6 7000|ok|ok|ok|ok
		udp connected|$a link udp 18.7.7.7 7000|ok|ok|ok|ok
		udp v6|$a datagram udp 2001:db8:bad::7 7000|ok|ok|ok|ok
		mptcp|$a link mptcp 18.4.5.6 7000|ok|ok|ok|ok
		fast open|$a fastopen-sendto tcp 18.4.5.6 7000|ok|ok|ok|ok
		io_uring|$a uring-connect plain tcp 18.4.5.6 7000|ok|ok|ok|ok
		io_uring SQPOLL|$a uring-send polled tcp 18.4.5.6 7000|ok|ok|ok|ok
		splice|$a pour splice tcp 18.4.5.6 7000|ok|ok|ok|ok
		what everybody may|$a link tcp 10.7.7.7 7000|ok|ok|ok|ok
		a longer rule of its own denies|$a link tcp 18.4.5.8 7000|ok|EPERM|EPERM|silent
		by a hard link|via path $PROG/hard-link link tcp 18.4.5.6 7000|ok|ok|ok|ok
		by a symbolic link|via path $PROG/soft-link link tcp 18.4.5.6 7000|ok|ok|ok|ok
		by descriptor|via fd $PROG/allowed link tcp 18.4.5.6 7000|ok|ok|ok|ok
		by /proc/self/fd|via proc $PROG/allowed link tcp 18.4.5.6 7000|ok|ok|ok|ok
		as a script's interpreter|via path $PROG/script|ok|ok|ok|ok
		its child|$a fork link tcp 18.4.5.6 7000|ok|ok|ok|ok
		its thread|$a thread link tcp 18.4.5.6 7000|ok|ok|ok|ok
		its child of its thread|$a thread fork link tcp 18.4.5.6 7000|ok|ok|ok|ok
		executed by itself|$a exec-self link tcp 18.4.5.6 7000|ok|ok|ok|ok
		executed by a thread of it|$a thread becomes $PROG/allowed link tcp 18.4.5.6 7000|ok|ok|ok|ok
		in a network name space of its own making|$a netns 18.9.9.9 link tcp 18.9.9.9 7000|ok|ok|ok|-
		the dynamically linked one|via path $PROG/dynamic link tcp 18.4.5.6 7000|ok|ok|ok|ok
		a socket that another made|scm-own free tcp 4 -- via path $PROG/copy be-good|EPERM|EPERM|-|-
		bind|$a port tcp 127.0.0.1 7201|ok|ok|ok|-
		bind: ports that are denied to it, too|$a port tcp 127.0.0.1 7222|ok|EPERM|EPERM|-
		bind: ports that are denied to it alone|$a port tcp 127.0.0.1 7300|ok|EPERM|EPERM|-
		another program: bind there|via path $PROG/copy port tcp 127.0.0.1 7301|ok|ok|ok|-
		another program: bind|via path $PROG/copy port tcp 127.0.0.1 7202|ok|EPERM|EPERM|-
		another program: tcp|link tcp 18.4.5.6 7000|ok|EPERM|EPERM|silent
		another program: tcp elsewhere|link tcp 18.7.7.7 7000|ok|EPERM|EPERM|silent
		another program: tcp v6|link tcp 2001:db8:bad::1 7000|ok|EPERM|EPERM|silent
		another program: udp|datagram udp 18.4.5.6 7000|ok|EPERM|EPERM|EPERM
		another program: 18.4.5.8|link tcp 18.4.5.8 7000|ok|EPERM|EPERM|silent
		denied to one program|via path $PROG/shut link tcp 10.7.7.7 7000|ok|EPERM|EPERM|silent
		denied to one program: udp|via path $PROG/shut datagram udp 10.7.7.7 7000|ok|EPERM|EPERM|EPERM
		denied to one program: a port anywhere|via path $PROG/shut link tcp 10.1.2.3 7002|ok|EPERM|EPERM|silent
		that one: what is denied to all|via path $PROG/shut link tcp 18.4.5.6 7000|ok|EPERM|EPERM|silent
		that one: what is not denied|via path $PROG/shut link tcp 10.1.2.3 7000|ok|ok|ok|ok
		to no other|link tcp 10.7.7.7 7000|ok|ok|ok|ok
		to no other: the port|link tcp 10.1.2.3 7002|ok|ok|ok|ok
	EOF
}

# Passing for a program, or getting it to work for one.
steal_cases() {
	local to="link tcp 18.4.5.6 7000" a="$PROG/allowed" d="via path $PROG/dynamic" steal="with-env STEAL=18.4.5.6:7000"
	local here="with-env STEAL=10.1.2.3:7000"
	cat <<-EOF
		a copy|via path $PROG/copy $to|ok|EPERM|EPERM|silent
		LD_PRELOAD|$steal with-env LD_PRELOAD=$EVIL/libsteal.so $d be-good|ok|EPERM|-|EPERM
		LD_LIBRARY_PATH|$steal with-env LD_LIBRARY_PATH=$EVIL/lib $d be-good|ok|EPERM|-|EPERM
		LD_AUDIT|$steal with-env LD_AUDIT=$EVIL/libsteal.so $d be-good|ok|EPERM|-|EPERM
		LD_PRELOAD of a program without rules is none of our business|$here with-env LD_PRELOAD=$EVIL/libsteal.so via path $PROG/dynamic-copy be-good|ok|ok|ok|ok
		LD_PRELOAD of one with rules is ignored whatever it does|$here with-env LD_PRELOAD=$EVIL/libsteal.so $d be-good|ok|EPERM|-|EPERM
		the dynamic loader by hand|via path /lib64/ld-linux-x86-64.so.2 $PROG/dynamic $to|ok|EPERM|EPERM|silent
		the dynamic loader by hand, with a library|$steal via path /lib64/ld-linux-x86-64.so.2 --preload $EVIL/libsteal.so $PROG/dynamic be-good|ok|EPERM|-|EINPROGRESS
		PTRACE_ATTACH|by-attach $a $to|ok|EPERM|EPERM|silent
		PTRACE_SEIZE|by-seize $a $to|ok|EPERM|EPERM|silent
		PTRACE_TRACEME and exec|by-traceme $a $to|ok|EPERM|EPERM|silent
		a tracer that was there before the exec|by-seize-exec $a $to|ok|EPERM|EPERM|silent
		/proc/PID/mem|by-mem $a $to|ok|EPERM|EPERM|silent
		process_vm_writev|by-vm-write $a $to|ok|EPERM|EPERM|silent
		memory lent to a child|by-lent $a $to|ok|EPERM|EPERM|silent
		the same by udp|by-mem $a datagram udp 18.4.5.6 7000|ok|EPERM|EPERM|EPERM
		and then a child of it|by-mem $a fork $to|ok|EPERM|EPERM|silent
		and then a thread of it|by-mem $a thread $to|ok|EPERM|EPERM|silent
		but not what it executes then|by-mem $a exec-self $to|ok|ok|ok|ok
		its socket by pidfd_getfd|by-socket $a tcp 18.4.5.6 7000|ok|EPERM|EPERM|-
		its socket by exec|via path $a connect-and-exec $PROG/copy tcp 18.4.5.6 7000|ok|EPERM|EPERM|-
		its socket, not connected yet|via path $a socket-and-exec $PROG/copy tcp 18.4.5.6 7000|ok|EPERM|EPERM|-
		what it executes|via path $a becomes $PROG/copy $to|ok|EPERM|EPERM|silent
		what a thread of it executes|via path $a thread becomes $PROG/copy $to|ok|EPERM|EPERM|silent
		what a child of it executes|via path $a fork becomes $PROG/copy $to|ok|EPERM|EPERM|silent
		a child that borrows its memory|via path $a vfork $to|ok|EPERM|EPERM|silent
		a library in a mount name space|$steal mounted-over $EVIL/libsteal.so $LIBS/libegnothing.so.1 $d be-good|ok|EPERM|-|EINPROGRESS
		a library below another root|$steal other-root $EVIL/libsteal.so $LIBS/libegnothing.so.1 $d be-good|ok|EPERM|-|EINPROGRESS
		the program in a user name space|in-userns via path $a $to|ok|EPERM|EPERM|silent
		another file over the program|mounted-over $PROG/copy $a via path $a $to|ok|EPERM|EPERM|silent
		PR_SET_MM_EXE_FILE|pass-for $a $to|ok|EPERM|EPERM|silent
		a supervisor's library (SECCOMP_ADDFD)|$steal supervised $EVIL/libsteal.so $PROG/dynamic be-good|ok|EPERM|-|EINPROGRESS
		working directory and root shared|via path $PROG/copy sharing-fs becomes $a $to|ok|EPERM|EPERM|silent
		the user's own file|via path $PROG/alices $to|ok|EPERM|EPERM|silent
		a script that is listed|via path $PROG/listed-script|ok|EPERM|EPERM|silent
	EOF
}

# Files that are closed to everybody else.
program_file_cases() {
	local a="via path $PROG/allowed"
	cat <<-EOF
		a file|$a read /srv/files/secret|ok|ok|-|-
		a tree|$a read /srv/files/tree/a|ok|ok|-|-
		a tree, changed|$a file-update /srv/files/tree/a|ok|ok|-|-
		what its rules do not name|$a file-update /srv/files/open|ok|EPERM|-|-
		what they deny further down|$a read /srv/files/tree/more/b|ok|EPERM|-|-
		another program: a file|read /srv/files/secret|ok|EPERM|-|-
		another program: a tree|read /srv/files/tree/a|ok|EPERM|-|-
		another program: a tree, changed|file-update /srv/files/tree/a|ok|EPERM|-|-
		another program: what is open|read /srv/files/open|ok|ok|-|-
		its memory was written to|by-mem $PROG/allowed read /srv/files/secret|ok|EPERM|-|-
	EOF
}

climber_conf() {
	cat <<-EOF
		setuid = { deny = true; };
		rules = ( { programs = [ "$PROG/climber" ]; setuid = { allow = [ "$PROG/suid-root" ]; }; } );
	EOF
}

climber_cases() {
	cat <<-EOF
		setuid.allow of one program|via path $PROG/climber via path $PROG/suid-root is-euid 0|ok|ok|-|-
		another program|via path $PROG/suid-root is-euid 0|ok|EPERM|-|-
		that program, another setuid one|via path $PROG/climber via path /usr/bin/su is-root|-|EPERM|-|-
		that program when it was traced|by-mem $PROG/climber via path $PROG/suid-root is-euid 0|ok|EPERM|-|-
	EOF
}
