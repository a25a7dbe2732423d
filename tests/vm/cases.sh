# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# shellcheck shell=bash disable=SC2154,SC2034 # T is set by lib.sh; REFUSED, SESSION and END are for who sources this
# Sourced behind lib.sh by the tests that run tables of attempts: the world the attempts need, and how a table is run
# and compared. The tables' form is explained in egress_cases.sh.

ATTACK_PIDS=()
KERNEL=$(uname -r)
[[ $KERNEL =~ ^[0-9]+\.[0-9]+ ]] && KERNEL=${BASH_REMATCH[0]}

# World PORTS...: servers here and elsewhere, accomplices outside every session, and what a stock Debian refuses to
# everybody and would hide what we refuse: protocols by default not loaded for ordinary users, ping, source routes.
attack_world() {
	local m
	for m in sctp dccp_ipv4 dccp_ipv6 vsock_loopback algif_hash tipc rds kcm af_key l2tp_ip mip6 smc; do
		modprobe -q "$m"
	done
	sysctl -qw net.ipv4.ping_group_range='0 2147483647' net.ipv4.ip_unprivileged_port_start=1024
	peer sysctl -qw net.ipv4.conf.all.accept_source_route=1 net.ipv4.conf.veth0.accept_source_route=1 \
		net.ipv6.conf.all.seg6_enabled=1 net.ipv6.conf.veth0.seg6_enabled=1 net.ipv6.conf.lo.seg6_enabled=1 \
		net.ipv6.conf.all.accept_source_route=1 net.ipv6.conf.veth0.accept_source_route=1
	# The mobile node takes packets of ours that come by way of 2001:db8:bad::7.
	ip -n client xfrm state add src fd99::1 dst 2001:db8:900d::7 proto route2 mode ro coa 2001:db8:bad::7
	ip -n client xfrm policy add src fd99::1 dst 2001:db8:900d::7 dir in tmpl proto route2 mode ro level use
	# The allowed server elsewhere announces the denied one as its second address.
	ip mptcp limits set add_addr_accepted 2 subflows 2
	peer ip mptcp limits set subflows 2
	peer ip mptcp endpoint add 18.7.7.7 signal
	install -d -m 1777 /run/try
	"$T/try" echo "$@" &
	ATTACK_PIDS+=($!)
	ip netns exec client "$T/try" echo 7000 7005 &
	ATTACK_PIDS+=($!)
	"$T/try" broker /run/try/root &
	ATTACK_PIDS+=($!)
	setpriv --reuid=alice --regid=alice --clear-groups -- "$T/try" broker /run/try/alice &
	ATTACK_PIDS+=($!)
	ip netns exec client "$T/try" broker /run/try/client &
	ATTACK_PIDS+=($!)
	until_true 20 test -S /run/try/root -a -S /run/try/alice -a -S /run/try/client
	until_true 20 world_answers
}
world_answers() { [[ $("$T/try" link tcp 127.0.0.1 7000) == ok && $("$T/try" link tcp 10.7.7.7 7000) == ok ]]; }

attack_world_ends() {
	kill "${ATTACK_PIDS[@]}" 2>/dev/null
	wait "${ATTACK_PIDS[@]}" 2>/dev/null
	ATTACK_PIDS=()
	rmdir /sys/fs/cgroup/try-stray 2>/dev/null
	peer ip mptcp endpoint flush
	ip -n client xfrm policy flush
	ip -n client xfrm state flush
}

# Helpers of the worlds of attempts that have nothing to do with the network: outside of every session, run as a user.
as_accomplice() { # USER COMMAND...
	local user=$1
	shift
	if [[ $user == root ]]; then
		"$@" &
	else
		setpriv --reuid="$user" --regid="$user" --init-groups -- "$@" &
	fi
	ATTACK_PIDS+=($!)
}
broker_for() { as_accomplice "$1" "$T/try" broker "/run/try/$1"; }
holder_for() { as_accomplice "$1" "$T/try" hold "${@:2}"; } # USER NAME [userns]
server_for() { as_accomplice "$1" "$T/try" serve-unix "${@:2}"; } # USER TYPE NAME...

# on_kernel FIELD: the outcome for this kernel: "ok;7.2=absent:X" is ok elsewhere.
on_kernel() {
	local part field=$1
	REPLY=${field%%;*}
	while [[ $field == *";"* ]]; do
		field=${field#*;}
		part=${field%%;*}
		[[ ${part%%=*} == "$KERNEL" ]] && REPLY=${part#*=}
	done
}

# A table's line, read: sets NAME, COMMAND and WANT for a column (outside, both, hooks, packets). WANT "-": not run.
read_case() {
	local outside both hooks packets
	IFS='|' read -r NAME COMMAND outside both hooks packets || return 1
	on_kernel "$outside"
	WANT=$REPLY
	[[ $1 == outside ]] && return
	if [[ $REPLY == absent:* ]]; then
		WANT=-
		return
	fi
	on_kernel "${!1}"
	WANT=$REPLY
}

# commands_of COLUMN TABLE...: what "try all" reads.
commands_of() {
	local column=$1 table NAME COMMAND WANT
	shift
	for table in "$@"; do
		"$table" | while read_case "$column"; do
			[[ $WANT == - ]] && echo - || echo "$COMMAND"
		done
	done
}

# compare_cases WHERE COLUMN OUTPUT-FILE TABLE...: one result a case that was to run.
compare_cases() {
	local where=$1 column=$2 got table NAME COMMAND WANT i=0
	mapfile -t got <"$3"
	shift 3
	for table in "$@"; do
		while read_case "$column"; do
			[[ $WANT == - ]] || is "$where: $NAME: $WANT" "$WANT" "${got[i]:-nothing}"
			i=$((i + 1))
		done < <("$table")
	done
}

# What the hooks have refused, by what "try all" was told (COMMANDS) and said (OUTPUT): one call each, but sendmmsg
# does not give the errno of its second message, and is asked once more.
count_refused() {
	paste -d'|' "$1" "$2" | awk -F'|' '$2 == "EPERM" || $2 == "CTRUNC" { n += $1 ~ /^second / ? 2 : 1 } END { print n + 0 }'
}

# run_cases WHERE COLUMN RUNNER TABLE...: RUNNER is a command that runs a shell command line. Sets REFUSED, and STRAYED:
# how many attempts had themselves moved out of their session.
CASES_AT_ONCE=8
run_cases() {
	local where=$1 column=$2 runner=$3 dir limit=6000
	shift 3
	# Where packets are dropped, silence is what is waited for. Elsewhere SCTP may lose a packet, and tries again after
	# three seconds.
	[[ $column == packets ]] && limit=3000
	dir=$(mktemp -d)
	chmod 0755 "$dir"
	commands_of "$column" "$@" >"$dir/commands"
	"$runner" "TRY_LIMIT_MS=$limit $T/try all $CASES_AT_ONCE <$dir/commands" >"$dir/out" 2>"$dir/err"
	REFUSED=$(count_refused "$dir/commands" "$dir/out")
	STRAYED=$(grep -cE '(^| )stray ' "$dir/commands")
	compare_cases "$where" "$column" "$dir/out" "$@"
	sed 's/^/# /' "$dir/err" | head -n 40
	rm -rf "$dir"
}

# The same for tables that test_unguarded.sh has as well: where it runs on this kernel, nothing is said here. What they
# give outside of sessions beside a running helper is then another kernel's to show.
outside_cases() { # WHERE RUNNER TABLE...
	[[ -e $T/outside-elsewhere ]] || run_cases "$1" outside "${@:2}"
}

# alice's manager must be there for her attempts outside to use it; started by root it belongs to no session, and the
# helper is not to guard it, however long the attempts take. The next use_conf takes that back.
outside_manager() {
	if [[ -e /etc/ebpfguard.conf ]]; then
		echo 'managers = { exempt = [ "alice" ]; };' >/etc/ebpfguard.conf
		ebpfguardctl reload >/dev/null
	fi
	systemctl start user@1000.service
}

# Runners.
outside_alice() { XDG_RUNTIME_DIR=/run/user/1000 runuser -u alice -- bash -c "$1"; }
outside_root() { bash -c "$1"; }
inside_alice() { sh_as alice "$1"; }
inside_root() { sh_as root "$1"; }

# In a session whose cgroup has lost its packet programs.
without_packets() { # USER COMMAND-LINE
	local dir leaf
	dir=$(mktemp -d)
	chmod 1777 "$dir"
	sh_as "$1" "sed -n s/^0:://p /proc/self/cgroup >$dir/part; mv $dir/part $dir/leaf
		until test -e $dir/go; do sleep 0.1; done; $2" &
	until_true 90 test -e "$dir/leaf"
	leaf=/sys/fs/cgroup$(<"$dir/leaf")
	bpftool cgroup detach "$leaf" cgroup_inet_egress pinned "$pins/prog_eg_packet_out" multi
	bpftool cgroup detach "$leaf" cgroup_inet_ingress pinned "$pins/prog_eg_packet_in" multi
	[[ -z $(bpftool cgroup show "$leaf") ]] || echo "packet programs are still attached" >&2
	# The helper believes that they are there, and does not attach them again.
	bpftool cgroup detach "$CGROUPS" cgroup_inet_egress pinned "$pins/prog_eg_stray_out" multi 2>/dev/null
	bpftool cgroup detach "$CGROUPS" cgroup_inet_ingress pinned "$pins/prog_eg_stray_in" multi 2>/dev/null
	touch "$dir/go"
	wait $!
	rm -rf "$dir"
}
without_packets_alice() { without_packets alice "$1"; }
without_packets_root() { without_packets root "$1"; }

# Takes the network's hooks away, for everybody; the packet programs stay with their cgroups.
network_hooks() { bpftool prog show | grep -cE 'name eg_(socket_|file_receive|file_permiss|sctp_|conn_)'; }
no_network_hooks() { [[ $(network_hooks) == 0 ]]; }
hooks_off() {
	rm -f "$pins"/link_eg_{socket_connect,socket_sendmsg,socket_create,socket_bind,socket_listen,socket_setsockopt} \
		"$pins"/link_eg_{file_receive,file_permission,sctp_bind_connect,conn_request}
	if until_true 30 no_network_hooks; then pass "the network's hooks are off"; else fail "the network's hooks are off"; fi
	# Three seconds after it began the helper looks a second time for flows that are denied, and resets them: also those
	# that only now try to be one.
	sleep 10
}
all_on_again() {
	start_anew
	is "the hooks are back" EPERM "$(sh_as alice "$T/try connect udp 18.4.5.6 9")"
}

# ---- configuration and log

# use_conf FUNCTION: what it prints is in force.
use_conf() {
	"$1" >/etc/ebpfguard.conf
	is "configuration: $1" 0 "$(ebpfguardctl reload >/dev/null; echo $?)"
}

# has_line DESCRIPTION REGEX: like logged, without waiting.
has_line() { if log_has "$2"; then pass "$1"; else fail "$1"; fi; }

# session_ended USER: waits for the end of the first session of the user since the mark; sets SESSION and END. The
# user's manager has sessions too.
session_ended() {
	SESSION=$(since_mark | sed -n "s/.* START session=\([0-9]*\) user=$1 .* service=sshd .*/\1/p" | head -n 1)
	until_true 60 log_has " END session=$SESSION "
	END=$(since_mark | grep " END session=$SESSION ")
}
# How many refusals the lines of an operation (a regular expression) stand for: repeats share one, with their count.
lines_of() {
	since_mark | grep -E " DENY $1 session=$SESSION " | sed -n 's/.* errno=[A-Z]*//; s/.* count=\([0-9]*\).*/\1/; s/^$/1/; p' |
		awk '{ n += /^[0-9]+$/ ? $1 : 1 } END { print n + 0 }'
}
# How many have no line, for the limit (SUPPRESSED), or as their records never reached the helper (LOST).
counted() { since_mark | sed -n "s/.* $1 session=$SESSION user=[^ ]* count=\([0-9]*\).*/\1/p" | awk '{ n += $1 } END { print n + 0 }'; }

# refusals_logged USER N: in the user's session since the mark at least N calls were refused, and each refusal has its
# line or is counted in a summary. One attempt may be refused more than once: a program tries on by other means.
refusals_logged() {
	local left_out refused
	session_ended "$1"
	left_out=$(counted SUPPRESSED)
	refused=$(sed -n 's/.* refused=\([0-9]*\) .*/\1/p' <<<"$END")
	if ((refused >= $2 && $2 > 0)); then pass "log, $1: calls refused: $refused"; else fail "log, $1: calls refused: ${refused:-none} < $2"; fi
	is "log, $1: a line for each, but for $left_out over the limit" $((refused + STRAYED)) \
		$(($(lines_of '[a-z_]+') + $(since_mark | grep -c " STRAY session=$SESSION ") + left_out))
}

# calls_logged USER N: in the user's session since the mark N calls were refused, each has its line or is counted in a
# summary, and no packet was dropped: what a hook refuses does not become a packet. Who strays has a line, too.
calls_logged() {
	local left_out
	session_ended "$1"
	left_out=$(counted SUPPRESSED)
	matches "log, $1: calls refused: $2" " refused=$2 audited=0 lost=0 " "$END"
	is "log, $1: a line for each, but for $left_out over the limit" $(($2 + STRAYED)) \
		$(($(lines_of '[a-z_]+') + $(since_mark | grep -c " STRAY session=$SESSION ") + left_out))
	is "log, $1: nothing from the packet layer" "" "$(grep -oE ' (egress|ingress|packets)=[0-9]+' <<<"$END")"
	is "log, $1: each line names the rule" "" \
		"$(since_mark | grep -E " DENY [a-z_]+ session=$SESSION " | grep -vE ' rule=[^ ]+ (line=[0-9]+ )?errno=EPERM ' | head -n 3)"
}
