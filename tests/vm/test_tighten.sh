#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# A policy is tightened while flows are open: from the reload on no byte leaves on a flow that is now denied, TCP sockets
# are reset, and what is allowed goes on. Bytes are counted by nftables on the server's side.
# shellcheck source=tests/vm/lib.sh
. /srv/t/lib.sh
# shellcheck source=tests/vm/flows.sh
. /srv/t/flows.sh
SCRIPT_NAME=tighten
strays_filtered && start_anew

work=$(mktemp -d)
chmod 1777 "$work"
good=$(cat /etc/ebpfguard.conf)
jobs=()

# ---- both ends of the flows

# flows.py DIR NAME:KIND:HOST:PORT...: opens flows; kinds: tcp sends all the time, idle waits for an answer that never
# comes, mptcp and mapped are tcp, udp is connected and sends all the time. DIR/NAME says what became of each: "open", then
# "send=ERRNO recv=ERRNO". Ends when DIR/stop is there.
cat >"$work/flows.py" <<'EOF'
import errno, os, select, socket, sys, threading, time
sys.path.append("/srv/t")
from say import say
where = sys.argv[1]
def word(e):
    return errno.errorcode.get(e.errno, str(e))
def make(kind, host, port):
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    s = socket.socket(family, socket.SOCK_DGRAM if kind == "udp" else socket.SOCK_STREAM, 262 if kind == "mptcp" else 0)
    s.settimeout(20)
    s.connect((host, port))
    return s
def send_on(s):
    while True:
        try:
            s.send(b"x" * 100)
        except OSError as e:
            return word(e)
        time.sleep(0.05)
def receive(s):
    try:
        return "data" if s.recv(1) else "end"
    except OSError as e:
        return word(e)
def flow(name, kind, host, port):
    to = f"{where}/{name}"
    try:
        s = make(kind, host, port)
    except OSError as e:
        return say(to, "connect=" + word(e))
    s.send(b"hello")
    s.settimeout(None)
    say(to, "open")
    sent = "none" if kind == "idle" else send_on(s)
    if kind != "idle":
        say(to, "send=" + sent)
    if kind == "udp":
        return
    # Shut down as it may be, a socket that hangs is neither readable nor in error.
    say(to, f"send={sent} recv={receive(s)}")
for spec in sys.argv[2:]:
    name, kind, rest = spec.split(":", 2)
    host, port = rest.rsplit(":", 1)
    threading.Thread(target=flow, args=(name, kind, host.strip("[]"), int(port)), daemon=True).start()
while not os.path.exists(where + "/stop"):
    time.sleep(0.1)
os._exit(0)
EOF

# In a network namespace of its own, both ends in the session: 18.9.9.9 is on its loopback. DIR/count: bytes that came.
cat >"$work/own.py" <<'EOF'
import os, socket, subprocess, sys, threading
where = sys.argv[1]
subprocess.run("ip link set lo up; ip addr add 18.9.9.9/32 dev lo", shell=True, check=True)
listener = socket.create_server(("18.9.9.9", 7100))
def count():
    total, s = 0, listener.accept()[0]
    while True:
        try:
            total += len(s.recv(65536))
        except OSError:
            return
        with open(where + "/count", "w") as f:
            f.write(str(total))
threading.Thread(target=count, daemon=True).start()
sys.argv = ["flows.py", where, "own:tcp:18.9.9.9:7100"]
exec(open(os.path.dirname(where) + "/flows.py").read())
EOF

# udp.py DIR HOST PORT: one connected socket; sends as many datagrams as DIR/go says and puts their errnos into DIR/went.
cat >"$work/udp.py" <<'EOF'
import errno, os, socket, sys, time
where = sys.argv[1]
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.connect((sys.argv[2], int(sys.argv[3])))
open(where + "/ready", "w").close()
while not os.path.exists(where + "/stop"):
    time.sleep(0.1)
    if not os.path.exists(where + "/go"):
        continue
    n, words = int(open(where + "/go").read()), []
    os.unlink(where + "/go")
    for _ in range(n):
        try:
            s.send(b"x")
            words.append("ok")
        except OSError as e:
            words.append(errno.errorcode[e.errno])
    with open(where + "/went.new", "w") as f:
        f.write(" ".join(words) + "\n")
    os.rename(where + "/went.new", where + "/went")
EOF

peer nft -f - <<'EOF'
table inet seen {
	chain in {
		type filter hook prerouting priority 0
		ip daddr 18.7.7.7 tcp dport { 7100, 7101 } counter comment "denied"
		ip daddr 18.7.7.7 udp dport 7100 counter comment "denied"
		ip daddr 18.7.7.7 udp dport 7103 counter comment "datagrams"
		ip6 daddr 2001:db8:bad::7 counter comment "denied"
		ip daddr 10.7.7.7 tcp dport 7100 counter comment "allowed"
		ip daddr 18.7.7.7 tcp dport 7102 counter comment "outside"
	}
}
EOF
serve tcp:7100 mptcp:7101 tcp:7102 udp:7100
watch_packets "$work/packets"
denied_after() { packets_after "$work/packets" "$1" '18[.]7[.]7[.]7 710[01]|2001:db8:bad::7 7100'; }

# ---- steps

open_policy='deny = ["203.0.113.0/24"];'
# The client's own address is among what is denied: its connection must live.
tight_policy='deny = ["18.0.0.0/9", "2001:db8:bad::/48", "10.99.0.2"];'
# Half of the steps have their networks in tables: the rule in a line is then the helper's to find.
in_tables='egress = { lookup = "table"; };'
all_flows="v4:tcp:18.7.7.7:7100 v6:tcp:[2001:db8:bad::7]:7100 mapped:tcp:[::ffff:18.7.7.7]:7100 mptcp:mptcp:18.7.7.7:7101
	idle:idle:18.7.7.7:7100 udp:udp:18.7.7.7:7100 allowed:tcp:10.7.7.7:7100"
read -ra all_flows <<<"$(tr '\n' ' ' <<<"$all_flows")"
stray_flows=()
for flow in "${all_flows[@]}"; do
	[[ $flow == mptcp:* ]] || stray_flows+=("$flow") # strays get no such socket
done

# start_flows DIR [USER]: in a session of alice, or outside as that user; with a namespace of its own in a session.
start_flows() {
	local dir=$1
	mkdir "$dir"
	chmod 1777 "$dir"
	if [[ ${2-} ]]; then
		runuser -u "$2" -- python3 "$work/flows.py" "$dir" "out:tcp:18.7.7.7:7102" & jobs+=($!)
		until_true 120 became "$dir/out" open || fail "outside: the flow is open"
		return
	fi
	sh_as alice "unshare -Urn python3 $work/own.py $dir & python3 $work/flows.py $dir ${all_flows[*]}; wait" & session=$!
	for name in v4 v6 mapped mptcp idle udp allowed own; do
		until_true 120 became "$dir/$name" open || fail "$dir: the flow $name is open: $(cat "$dir/$name" 2>&1)"
	done
}

# The same flows of a process that root has moved out of its session before it opened them.
start_stray_flows() { # DIR
	local dir=$1
	mkdir "$dir"
	chmod 1777 "$dir"
	mkdir -p "$CGROUPS/try-stray"
	sh_as alice "echo \$\$ >$dir/shell; until test -e $dir/moved; do sleep 0.1; done
		unshare -Urn python3 $work/own.py $dir & python3 $work/flows.py $dir ${stray_flows[*]}; wait" & session=$!
	until_true 120 test -s "$dir/shell"
	echo "$(<"$dir/shell")" >"$CGROUPS/try-stray/cgroup.procs"
	touch "$dir/moved"
	for name in v4 v6 mapped idle udp allowed own; do
		until_true 120 became "$dir/$name" open || fail "$dir: the flow $name is open: $(cat "$dir/$name" 2>&1)"
	done
}

stop_flows() { # DIR
	touch "$1/stop"
	wait "$session"
}

# The kernel goes on with the sockets of processes that have ended. ends WHERE DIR
ends() {
	denied=$(seen denied)
	stop_flows "$2"
	logged "$1: the session ends" 'END session=[0-9]+ user=alice '
	sleep 5
	is "$1: nor when the session has ended does what was queued leave" "$denied" "$(seen denied)"
}

# counts: snapshots of what came, right after a reload, and a while later.
snapshot() { denied=$(seen denied) allowed=$(seen allowed) outside=$(seen outside) own=$(cat "$1/count" 2>/dev/null || echo 0); }
# Of the namespace's flow the counter is a program: give it a moment to count what had come.
settle() { sleep 1; own=$(cat "$1/count"); }

# The tight policy is put in force; nothing may come any more that is denied by it. tighten WHERE DIR POLICY...
tighten() {
	local where=$1 dir=$2 before started
	shift 2
	snapshot "$dir"
	before=$denied started=$EPOCHREALTIME
	sleep 1
	grew "$where: before, the server sees the flows" "$before" "$(seen denied)"
	grew "$where: and when they come" 0 "$(denied_after "$started")"
	mark
	configure "$@"
	reloaded=$EPOCHREALTIME
	snapshot "$dir"
	settle "$dir"
	sleep 3
}

nothing_came() { # WHERE DIR
	is "$1: no packet came after the reload" 0 "$(denied_after "$reloaded")"
	is "$1: no byte came in the session's own namespace" "$own" "$(cat "$2/count")"
	grew "$1: the allowed flow goes on" "$allowed" "$(seen allowed)"
	grew "$1: the flow of a process outside goes on" "$outside" "$(seen outside)"
	is "$1: the allowed flow has seen no error" open "$(cat "$2/allowed")"
	is "$1: the flow outside has seen no error" open "$(cat "$work/out/out")"
}

flow_line='session=[0-9]+ user=alice uid=[0-9]+ profile=default rhost=10.99.0.2 proto=tcp'
start_flows "$work/out" bob

# ---- reset

configure "$open_policy"
start_flows "$work/a"
tighten "reset" "$work/a" "$tight_policy" "$in_tables"
nothing_came "reset" "$work/a"
reset='ECONNABORTED|ECONNRESET'
for name in v4 v6 mapped own; do
	has_become "reset: $name" "$work/a/$name" "send=(EPERM recv=($reset)|($reset) .*)"
done
has_become "reset: idle" "$work/a/idle" "send=none recv=($reset)"
# The kernel has taken the last subflow away; the MPTCP socket waits a minute for another one before it gives up.
has_become "reset: mptcp" "$work/a/mptcp" 'send=EPERM.*'
has_become "reset: udp" "$work/a/udp" send=EPERM
logged "reset: v4 in the log" "RESET $flow_line src=10.99.0.1 sport=[0-9]+ dst=18.7.7.7 port=7100 rule=18.0.0.0/9"
logged "reset: v6 in the log" "RESET $flow_line src=fd99::1 sport=[0-9]+ dst=2001:db8:bad::7 port=7100 rule=2001:db8:bad::/48"
logged "reset: mptcp in the log" "RESET $flow_line src=10.99.0.1 sport=[0-9]+ dst=18.7.7.7 port=7101 rule=18.0.0.0/9"
logged "reset: the namespace's flow in the log" "RESET $flow_line src=18.9.9.9 sport=[0-9]+ dst=18.9.9.9 port=7100 rule=18.0.0.0/9"
is "reset: a line each for v4, mapped and idle" 3 "$(since_mark | grep -c 'RESET .* dst=18.7.7.7 port=7100 ')"
is "reset: nothing was only blocked" 0 "$(since_mark | grep -c 'BLOCK ')"
is "reset: not the connection of the client, whose address is denied too" 0 "$(since_mark | grep -Ec 'RESET .* dst=10\.99\.0\.2 ')"
is "reset: no denied TCP socket is left" "" "$(ss -Htn state connected dst 18.7.7.7 and dport != :7102)"
first_session=$session

# ---- strays

is "no session has strayed, and nothing is at the root of all cgroups" 0 "$(stray_filters)"
configure "$open_policy"
mark
start_stray_flows "$work/s"
logged "stray: said" "STRAY session=[0-9]+ user=alice pid=$(<"$work/s/shell") cgroup=/try-stray "
is "stray: said once" 1 "$(since_mark | grep -c ' STRAY ')"
if until_true 10 strays_filtered; then pass "stray: programs at the root"; else fail "stray: programs at the root"; fi
is "stray: none of the flows is in the session's cgroup" /try-stray "$(sed -n 's/^0:://p' "/proc/$(pgrep -u alice -f "^python3 $work/flows.py $work/s")/cgroup")"
tighten "stray" "$work/s" "$tight_policy"
nothing_came "stray" "$work/s"
for name in v4 v6 mapped own; do
	has_become "stray: $name" "$work/s/$name" "send=(EPERM recv=($reset)|($reset) .*)"
done
has_become "stray: idle" "$work/s/idle" "send=none recv=($reset)"
has_become "stray: udp" "$work/s/udp" send=EPERM
logged "stray: v4 in the log" "RESET $flow_line src=10.99.0.1 sport=[0-9]+ dst=18.7.7.7 port=7100 rule=18.0.0.0/9"
logged "stray: the namespace's flow in the log" "RESET $flow_line src=18.9.9.9 sport=[0-9]+ dst=18.9.9.9 port=7100 rule=18.0.0.0/9"
is "stray: nothing was only blocked" 0 "$(since_mark | grep -c 'BLOCK ')"
ends "stray" "$work/s"

# ---- audit: nothing is reset

configure "$open_policy"
start_flows "$work/b"
tighten "audit" "$work/b" 'mode = "audit";' "$tight_policy"
grew "audit: the flows go on" "$denied" "$(seen denied)"
for name in v4 v6 mapped mptcp idle udp own; do
	is "audit: $name" open "$(cat "$work/b/$name")"
done
grew "audit: packets come after the reload" 0 "$(denied_after "$reloaded")"
is "audit: no flow is reset or blocked" 0 "$(since_mark | grep -Ec '(RESET|BLOCK) ')"
logged "audit: what would be refused is reported" "AUDIT sendmsg .* proto=udp dst=18.7.7.7 port=7100 rule=18.0.0.0/9 errno=0"

# ---- no inet_diag: dropped and said

# Nothing may load it again.
mkdir -p /run/modprobe.d
printf 'install %s /bin/false\n' tcp_diag inet_diag udp_diag mptcp_diag >/run/modprobe.d/none.conf
modprobe -r mptcp_diag udp_diag tcp_diag raw_diag inet_diag 2>/dev/null
is "no diag: the module is gone" 0 "$(grep -c '^tcp_diag ' /proc/modules)"
tighten "no diag" "$work/b" "$tight_policy"
nothing_came "no diag" "$work/b"
for name in v4 v6 mapped own; do
	has_become "no diag: $name" "$work/b/$name" 'send=EPERM.*'
done
has_become "no diag: udp" "$work/b/udp" send=EPERM
is "no diag: the idle flow is not reset" open "$(cat "$work/b/idle")"
logged "no diag: in the log" "BLOCK $flow_line src=10.99.0.1 sport=[0-9]+ dst=18.7.7.7 port=7100 rule=18.0.0.0/9 reason=no-inet-diag"
logged "no diag: the namespace's flow" "BLOCK $flow_line src=18.9.9.9 .* reason=no-inet-diag"
is "no diag: nothing was reset" 0 "$(since_mark | grep -c 'RESET ')"
ends "no diag" "$work/b"

# ---- the packet layer alone: no hook for connect and send

configure "$open_policy"
start_flows "$work/c"
rm "$pins/link_eg_socket_sendmsg" "$pins/link_eg_socket_connect"
tighten "packets only" "$work/c" "$tight_policy" "$in_tables"
nothing_came "packets only" "$work/c"
is "packets only: a send on tcp is not refused" open "$(cat "$work/c/v4")"
logged "packets only: reported" "DENY egress session=[0-9]+ user=alice uid=1000 profile=default rhost=10.99.0.2 rport=[0-9]+ tty=- pid=- ppid=- comm=- exe=- proto=tcp dst=18.7.7.7 port=7100 rule=18.0.0.0/9 errno=EPERM"
logged "packets only: v6" "DENY egress .* proto=tcp dst=2001:db8:bad::7 port=7100 rule=2001:db8:bad::/48 errno=EPERM"
logged "packets only: mptcp" "DENY egress .* dst=18.7.7.7 port=7101 rule=18.0.0.0/9 errno=EPERM"
logged "packets only: the namespace's flow" "DENY egress .* proto=tcp dst=18.9.9.9 port=7100 rule=18.0.0.0/9 errno=EPERM"
# v4 and mapped are two flows; idle has sent nothing. The kernel goes on with the flows of the session before, which are
# new to this policy.
number=$(ebpfguardctl sessions | awk '$2 == "alice" && $1 > n { n = $1 } END { print n }')
two_flows() { since_mark | grep -c "DENY egress session=$number .* proto=tcp dst=18.7.7.7 port=7100 "; }
# The second may be taken for a repeat of the first, which has its line when it is known how many there are.
until_true 10 eval '(($(two_flows) >= 2))'
is "packets only: one event for each of two flows to the same port" 2 "$(two_flows)"
ends "packets only" "$work/c"

# Numbers, with datagrams: nothing repeats them by itself.
configure "$tight_policy" "$in_tables"
mkdir "$work/d"
chmod 0777 "$work/d"
mark
sh_as alice "python3 $work/udp.py $work/d 18.7.7.7 7103" & session=$!
until_true 120 test -e "$work/d/ready"
# send N: what became of them.
send() {
	rm -f "$work/d/went"
	echo "$1" >"$work/d/go.new" && mv "$work/d/go.new" "$work/d/go"
	until_true 20 test -e "$work/d/went" && cat "$work/d/went"
}
events() { since_mark | grep -c 'DENY egress .* proto=udp dst=18.7.7.7 port=7103 rule=18.0.0.0/9 errno=EPERM'; }
is "packets counted: five datagrams" "EPERM EPERM EPERM EPERM EPERM" "$(send 5)"
until_true 10 log_has 'DENY egress .* proto=udp'
sleep 1
is "packets counted: one event" 1 "$(events)"
configure "$tight_policy"
is "packets counted: three more after a reload" "EPERM EPERM EPERM" "$(send 3)"
two_events() { [[ $(events) -ge 2 ]]; }
until_true 10 two_events
sleep 1
is "packets counted: one more event" 2 "$(events)"
is "packets counted: none came" 0 "$(seen datagrams)"
touch "$work/d/stop"
wait "$session"
logged "packets counted: the totals" "END session=[0-9]+ user=alice .* refused=2 .*lost=0 .*egress=2( |$)"
logged "packets counted: the packets" "END session=[0-9]+ user=alice .* packets=8( |$)"

# ---- whole again

mark
systemctl restart ebpfguard.service
logged "restart: the missing hooks are back" "ENFORCING "
is "restart: a denied connect is refused by the call" EPERM "$(sh_as alice "$T/try connect udp 18.7.7.7 9")"
logged "restart: and reported by it" 'DENY connect .* dst=18.7.7.7 '

has_become "reset: mptcp, in the end" "$work/a/mptcp" 'send=EPERM recv=(E[A-Z]+|end)'
session=$first_session
stop_flows "$work/a"
is "the first session's connection lived to its end" 0 $?

rm /run/modprobe.d/none.conf
touch "$work/out/stop"
printf '%s\n' "$good" >/etc/ebpfguard.conf
ebpfguardctl reload >/dev/null
peer nft delete table inet seen
kill "${jobs[@]}" 2>/dev/null
rm -rf "$work"
all_over
