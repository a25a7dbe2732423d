#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# Orders for one session: quarantine is in force when its command returns, for open flows too, and leaves the connection
# of the client and other sessions alone; release undoes it; tighten holds for running shells and stays; kill leaves
# nobody. Packets are counted by nftables on the server's side.
# shellcheck source=tests/vm/lib.sh
. /srv/t/lib.sh
# shellcheck source=tests/vm/flows.sh
. /srv/t/flows.sh
SCRIPT_NAME=orders

work=$(mktemp -d)
chmod 1777 "$work"
good=$(cat /etc/ebpfguard.conf)
jobs=()
TRY="$T/try connect udp 10.7.7.7 9"

# ---- both ends of the flows

# hold.py DIR PORT: flows to 10.7.7.7 that are held: tcp sends all the time, idle waits for an answer that never comes,
# udp is connected and sends all the time, whatever becomes of it. DIR/NAME says "open", then what went wrong.
cat >"$work/hold.py" <<'EOF'
import errno, socket, sys, threading, time
sys.path.append("/srv/t")
from say import say
where, port = sys.argv[1], int(sys.argv[2])
def sending(s, to):
    while True:
        try:
            s.send(b"x" * 100)
            say(to, "open")
        except OSError as e:
            say(to, errno.errorcode[e.errno])
            if s.type == socket.SOCK_STREAM:
                return
            time.sleep(1)  # the log has room for so many lines of one session
        time.sleep(0.05)
def flow(name, kind):
    s, to = socket.socket(socket.AF_INET, kind), f"{where}/{name}"
    s.connect(("10.7.7.7", port))
    if name != "idle":
        return sending(s, to)
    say(to, "open")
    try:
        say(to, "data" if s.recv(1) else "end")
    except OSError as e:
        say(to, errno.errorcode[e.errno])
for name, kind in (("tcp", socket.SOCK_STREAM), ("idle", socket.SOCK_STREAM), ("udp", socket.SOCK_DGRAM)):
    threading.Thread(target=flow, args=(name, kind)).start()
EOF

# take.py PATH FILE: a socket that is handed over at PATH, and what becomes of what is sent on it. give.py PATH: hands over
# one that is connected to 10.7.7.7.
cat >"$work/take.py" <<'EOF'
import errno, os, socket, sys, time
sys.path.append("/srv/t")
from say import say
listener = socket.socket(socket.AF_UNIX)
listener.bind(sys.argv[1])
os.chmod(sys.argv[1], 0o777)
listener.listen()
_, fds, _, _ = socket.recv_fds(listener.accept()[0], 10, 1)
if not fds:
    say(sys.argv[2], "none")
    sys.exit()
taken = socket.socket(fileno=fds[0])
while True:
    try:
        taken.send(b"x")
        say(sys.argv[2], "ok")
    except OSError as e:
        say(sys.argv[2], errno.errorcode[e.errno])
    time.sleep(1)
EOF
cat >"$work/give.py" <<'EOF'
import socket, sys
given, to = socket.socket(socket.AF_INET, socket.SOCK_DGRAM), socket.socket(socket.AF_UNIX)
given.connect(("10.7.7.7", 7103))
to.connect(sys.argv[1])
socket.send_fds(to, [b"x"], [given.fileno()])
EOF

peer nft -f - <<'EOF'
table inet seen {
	chain in {
		type filter hook prerouting priority 0
		ip daddr 10.7.7.7 meta l4proto { tcp, udp } th dport 7100 counter comment "a"
		ip daddr 10.7.7.7 meta l4proto { tcp, udp } th dport 7101 counter comment "b"
		ip daddr 10.7.7.7 meta l4proto { tcp, udp } th dport 7102 counter comment "inner"
	}
}
EOF
serve {tcp,udp}:710{0..3}
watch_packets "$work/packets"
# came_after TIME PORT: packets, since then.
came_after() { packets_after "$work/packets" "$1" "10[.]7[.]7[.]7 $2"; }

# ---- sessions with a shell that can be asked, over the connection they came in by

declare -A into number client
# begin NAME USER: a session; number[NAME], and client[NAME], the peer's ssh.
begin() {
	local name=$1 user=$2
	mkfifo "$work/$name.in"
	: >"$work/$name.out"
	mark
	peer ssh -T "$user@$HOST" bash <"$work/$name.in" >>"$work/$name.out" 2>&1 &
	client[$name]=$!
	exec {fd}>"$work/$name.in"
	into[$name]=$fd
	ask "$name" true >/dev/null || fail "$name: the shell answers"
	until_true 60 log_has "START session=[0-9]+ user=$user .* rhost=10.99.0.2 "
	number[$name]=$(since_mark | sed -n "s/.*START session=\([0-9]*\) user=$user .* rhost=10.99.0.2 .*/\1/p" | tail -n 1)
}
answered() { grep -q "^END $2$" "$work/$1.out"; }
asked=0
# ask NAME COMMAND...: what it prints in that session's shell.
ask() {
	local name=$1
	shift
	asked=$((asked + 1))
	: >"$work/$name.out"
	printf '{ %s; } 2>&1 </dev/null; echo; echo END %d\n' "$*" "$asked" >&"${into[$name]}"
	until_true 120 answered "$name" "$asked" || return
	sed -n "/^END $asked\$/q; /./p" "$work/$name.out"
}
finish() { # NAME
	echo exit >&"${into[$1]}"
	eval "exec ${into[$1]}>&-"
	wait "${client[$1]}"
}
hold() { # NAME PORT
	mkdir -p "$work/$1"
	chmod 1777 "$work/$1"
	rm -f "$work/$1"/*
	ask "$1" "setsid -f python3 $work/hold.py $work/$1 $2 >$work/$1.log 2>&1 </dev/null"
	for flow in tcp idle udp; do
		until_true 120 became "$work/$1/$flow" open || fail "$1: the flow $flow is open"
	done
}
# ordered DESCRIPTION COMMAND...: ebpfguardctl does it.
ordered() {
	local what=$1 out
	shift
	if out=$(ebpfguardctl "$@" 2>&1); then pass "$what: ${out//$'\n'/; }"; else fail "$what: $out"; fi
}
refused() { # DESCRIPTION STATUS REGEX COMMAND...
	local what=$1 status=$2 wanted=$3 out
	shift 3
	out=$(ebpfguardctl "$@" 2>&1)
	is "$what: status" "$status" $?
	matches "$what" "$wanted" "$out"
}

profiles='profiles = ( { name = "strict"; extends = "default"; deny = ["18.0.0.0/9", "10.7.0.0/16"]; },
	{ name = "other"; deny = ["192.0.2.0/24"]; } );'
open_policy='deny = ["18.0.0.0/9"]; unix = { same_user = "allow"; };'
configure "$open_policy" "$profiles"

# ---- quarantine

begin a alice
begin b alice
hold a 7100
hold b 7101
# Opened from within a, by ssh to this host.
install -o alice -g alice -m 0600 /root/.ssh/id_ed25519 /home/alice/.ssh/id_ed25519
mkdir "$work/inner"
chmod 1777 "$work/inner"
mark
ask a "setsid -f ssh -n -o StrictHostKeyChecking=no alice@127.0.0.1 'python3 $work/hold.py $work/inner 7102' >/dev/null 2>&1 </dev/null"
for flow in tcp idle udp; do
	until_true 120 became "$work/inner/$flow" open || fail "inner: the flow $flow is open"
done
logged "a session is opened from within a" "START session=[0-9]+ user=alice .* rhost=127.0.0.1 .* origin=${number[a]} "
number[inner]=$(since_mark | sed -n "s/.*START session=\([0-9]*\) user=alice .* origin=${number[a]} .*/\1/p")
is "before: a's way out" ok "$(ask a "$TRY")"
is "before: by the manager" ok "$(ask b "systemd-run --user --wait --pipe -q $TRY")"
is "before: io_uring" silent "$(ask a "$T/try uring-connect plain tcp 10.7.7.7 7103")"

# hand_over NAME: from b to a.
hand_over() {
	ask a "setsid -f python3 $work/take.py $work/$1.sock $work/$1 >/dev/null 2>&1 </dev/null"
	until_true 20 test -S "$work/$1.sock"
	sleep 0.5
	ask b "python3 $work/give.py $work/$1.sock" >/dev/null
}
hand_over early
has_become "before: a socket that b has handed over" "$work/early" ok

was_a=$(seen a) was_inner=$(seen inner)
start=$EPOCHREALTIME
sleep 1
grew "before: the server sees a" "$was_a" "$(seen a)"
grew "before: the server sees inner" "$was_inner" "$(seen inner)"
grew "before: and when packets of a come" 0 "$(came_after "$start" 7100)"
grew "before: and when those of inner do" 0 "$(came_after "$start" 7102)"
mark
start=$EPOCHREALTIME
out=$(ebpfguardctl quarantine "${number[a]}" 2>&1)
status=$?
end=$EPOCHREALTIME
was_b=$(seen b)
is "quarantine: status" 0 "$status"
matches "quarantine: what it says" "^session ${number[a]} is cut off, and 1 session opened from within it, and its user's manager, which serves all sessions of a user" "$out"
matches "quarantine: flows" "open TCP flows: [4-9][0-9]* reset, 0 could not be" "$out"
echo "# quarantine took $(((${end/./} - ${start/./}) / 1000)) ms"
is "quarantine: connect" EPERM "$(ask a "$TRY")"
sleep 3 # who sends and is refused waits for one second in between
is "quarantine: no packet of a came after the command" 0 "$(came_after "$end" 7100)"
is "quarantine: nor of the session within" 0 "$(came_after "$end" 7102)"
grew "quarantine: the other session goes on" "$was_b" "$(seen b)"
reset='ECONNABORTED|ECONNRESET'
for where in a inner; do
	has_become "quarantine: $where: tcp" "$work/$where/tcp" "EPERM|$reset"
	has_become "quarantine: $where: idle" "$work/$where/idle" "$reset"
	has_become "quarantine: $where: udp" "$work/$where/udp" EPERM
done
for flow in tcp idle udp; do
	is "quarantine: b: $flow" open "$(cat "$work/b/$flow")"
done
is "quarantine: b's connect" ok "$(ask b "$TRY")"
is "quarantine: loopback" EPERM "$(ask a "$T/try connect tcp 127.0.0.1 22")"
is "quarantine: to an address that no rule is about, by IPv6" EPERM "$(ask a "$T/try sendto udp 2001:db8:900d::1 9")"
for mode in plain async polled; do
	is "quarantine: io_uring, $mode" EPERM "$(ask a "$T/try uring-connect $mode tcp 10.7.7.7 7103")"
	is "quarantine: io_uring sends, $mode" EPERM "$(ask a "$T/try uring-sendto $mode udp 10.7.7.7 7103")"
done
is "quarantine: sendmmsg" EPERM "$(ask a "$T/try message udp 10.7.7.7 9")"
is "quarantine: by the manager" EPERM "$(ask b "systemd-run --user --wait --pipe -q $TRY")"
has_become "quarantine: a socket that b had handed over" "$work/early" EPERM
hand_over late
has_become "quarantine: one that b hands over now" "$work/late" none
is "quarantine: unix sockets go on" ok "$(ask a "$T/try socketpair 1 1")"
is "quarantine: and netlink" ok "$(ask a "$T/try netlink")"
ask a "setsid -f python3 -c 'import socket; s = socket.create_server((\"\", 7200)); s.settimeout(20); s.accept(); open(\"$work/came\", \"w\")' >/dev/null 2>&1 </dev/null"
listens() { [[ $(ss -Htln 'sport = :7200' | wc -l) == 1 ]]; }
until_true 20 listens
peer timeout 3 bash -c "</dev/tcp/$HOST/7200" 2>/dev/null
is "quarantine: nobody connects in" "124 no" "$? $(test -e "$work/came" && echo yes || echo no)"
logged "quarantine: in the log" "QUARANTINE session=${number[a]} user=alice uid=[0-9]+ profile=default order=${number[a]} by_uid=0 by_loginuid=[-0-9]+ by_pid=[0-9]+"
is "quarantine: a line for each of the three" 3 "$(since_mark | grep -c " QUARANTINE session=[0-9]* .* order=${number[a]} ")"
logged "quarantine: refusals say why" "DENY connect session=${number[a]} .* dst=10.7.7.7 port=9 rule=quarantine errno=EPERM"
logged "quarantine: packets" "DENY ingress session=${number[a]} .* rule=quarantine errno=EPERM"
logged "quarantine: resets" "RESET session=${number[a]} .* dst=10.7.7.7 port=7100 rule=quarantine"
is "quarantine: whoami is answered over the connection" alice "$(ask a whoami)"
ordered "quarantine twice" quarantine "${number[a]}"

is "quarantine: no ssh to this host" 255 "$(ask a 'ssh -n -o ConnectTimeout=5 alice@127.0.0.1 true >/dev/null 2>&1; echo $?')"

# ---- it outlives the helper

kill -9 "$(systemctl show -P MainPID ebpfguard.service)"
is "helper killed: still cut off" EPERM "$(ask a "$TRY")"
until_true 120 ebpfguardctl status >/dev/null
is "helper back: still cut off" EPERM "$(ask a "$TRY")"
is "helper back: b is not" ok "$(ask b "$TRY")"
is "helper back: orders" 3 "$(map_count eg_orders)"
sleep 3
is "helper back: no packet of a" 0 "$(came_after "$end" 7100)"

# ---- release

mark
ordered "release" release "${number[a]}"
is "released: connect" ok "$(ask a "$TRY")"
has_become "released: udp goes on" "$work/a/udp" open
has_become "released: the socket that b had handed over" "$work/early" ok
is "released: by the manager" ok "$(ask b "systemd-run --user --wait --pipe -q $TRY")"
is "released: no order is left" 0 "$(map_count eg_orders)"
logged "released: in the log" "RELEASE session=${number[a]} user=alice .* order=${number[a]} by_uid=0"
refused "release of one that is not cut off" 1 'not in quarantine' release "${number[a]}"

# ---- a session that was opened from within the user's manager before

mkdir "$work/within"
chmod 1777 "$work/within"
mark
ask b "systemd-run --user -q ssh -n -o StrictHostKeyChecking=no alice@127.0.0.1 'python3 $work/hold.py $work/within 7103'"
until_true 120 became "$work/within/udp" open || fail "within the manager: the flow is open"
number[within]=$(since_mark | sed -n 's/.*START session=\([0-9]*\) user=alice .* rhost=127.0.0.1 .*/\1/p')
ordered "within the manager: quarantine of a" quarantine "${number[a]}"
has_become "within the manager: udp" "$work/within/udp" EPERM
is "within the manager: b" ok "$(ask b "$TRY")"
refused "within the manager: released alone" 1 "cut off with session ${number[a]}," release "${number[within]}"
has_become "within the manager: still" "$work/within/udp" EPERM
ordered "the inner one by its own number" quarantine "${number[inner]}"
ordered "the outer one is released" release "${number[a]}"
is "the outer one is released: connect" ok "$(ask a "$TRY")"
has_become "the inner one is not" "$work/inner/udp" EPERM
has_become "nor the manager, which serves it, and what is within" "$work/within/udp" EPERM
ordered "the inner one is released" release "${number[inner]}"
has_become "within the manager: released" "$work/within/udp" open
is "no order is left" 0 "$(map_count eg_orders)"
# A process that was moved, and no room for the cgroup in which it would be killed.
mkdir -p "$CGROUPS/try-full"
stray=$(pgrep -u alice -f "^python3 $work/hold.py $work/within" | head -n 1)
echo "$stray" >"$CGROUPS/try-full/cgroup.procs"
mkdir -p "$CGROUPS/ebpfguard"
echo 0 >"$CGROUPS/ebpfguard/cgroup.max.descendants"
refused "no room for its cgroup: kill" 1 "still there: $stray; some cannot be moved to where they would be: Resource temporarily unavailable" \
	kill "${number[within]}"
logged "no room for its cgroup: said" "session ${number[within]}: 1 processes would not be killed; $stray; some cannot be moved"
echo max >"$CGROUPS/ebpfguard/cgroup.max.descendants"
ordered "within the manager: kill" kill "${number[within]}"
gone() { [[ ! -e /proc/$stray ]]; }
if until_true 10 gone; then pass "within the manager: it is gone"; else fail "within the manager: it is gone"; fi
rmdir "$CGROUPS/try-full"

# ---- under audit

configure 'mode = "audit";' "$open_policy" "$profiles"
mark
is "audit: before" ok "$(ask a "$T/try connect udp 18.4.5.6 9")"
ordered "audit: quarantine" quarantine "${number[a]}"
is "audit: connect" EPERM "$(ask a "$TRY")"
is "audit: io_uring" EPERM "$(ask a "$T/try uring-connect plain tcp 10.7.7.7 7103")"
has_become "audit: udp" "$work/a/udp" EPERM
logged "audit: refused, not only reported" "DENY connect session=${number[a]} .* port=9 rule=quarantine errno=EPERM"
is "audit: b is only reported" ok "$(ask b "$T/try connect udp 18.4.5.6 9")"
ordered "audit: release" release "${number[a]}"
configure "$open_policy" "$profiles"

# ---- tighten

hold a 7100
mark
refused "tighten: looser is refused" 1 'other is not as strict as default.*deny' tighten "${number[a]}" other
refused "tighten: no such profile" 1 'no profile none' tighten "${number[a]}" none
refused "tighten: nor for the helper" 1 'no such profile' tighten --force "${number[a]}" none
is "tighten: nothing has changed" ok "$(ask a "$TRY")"
ordered "tighten" tighten "${number[a]}" strict
end=$EPOCHREALTIME
was_b=$(seen b)
is "tightened: the running shell" EPERM "$(ask a "$TRY")"
is "tightened: the session within is too" 2 "$(ebpfguardctl sessions | awk '$6 == "strict" && !/ manager /' | wc -l)"
is "tightened: the manager too" EPERM "$(ask b "systemd-run --user --wait --pipe -q $TRY")"
has_become "tightened: tcp" "$work/a/tcp" "EPERM|$reset"
has_become "tightened: idle" "$work/a/idle" "$reset"
has_become "tightened: udp" "$work/a/udp" EPERM
sleep 3
is "tightened: no packet of a" 0 "$(came_after "$end" 7100)"
grew "tightened: the other session goes on" "$was_b" "$(seen b)"
is "tightened: b" ok "$(ask b "$TRY")"
logged "tightened: in the log" "TIGHTEN session=${number[a]} user=alice uid=[0-9]+ profile=strict order=${number[a]} by_uid=0 .* before=default"
logged "tightened: refusals are the new profile's" "DENY connect session=${number[a]} .* profile=strict .* rule=10.7.0.0/16"
configure "$open_policy" "$profiles"
is "tightened: after a reload" EPERM "$(ask a "$TRY")"
kill -9 "$(systemctl show -P MainPID ebpfguard.service)"
until_true 120 ebpfguardctl status >/dev/null
is "tightened: after a restart" EPERM "$(ask a "$TRY")"
systemctl stop ebpfguard.service
key=$(printf '%016x\n' "${number[a]}" | fold -w 2 | tac | paste -sd' ')
# shellcheck disable=SC2086 # words
bpftool map delete pinned "$pins/map_eg_orders" key hex $key
is "tightened: without its entry it would not be" ok "$(ask a "$TRY")"
systemctl start ebpfguard.service
is "tightened: a helper killed before the entry was there" EPERM "$(ask a "$TRY")"
configure "$open_policy"
is "tightened: the profile is no longer configured" EPERM "$(ask a "$TRY")"
configure "$open_policy" 'profiles = ( { name = "x1"; }, { name = "x2"; }, { name = "x3"; } );'
is "tightened: nor is its slot another's" EPERM "$(ask a "$TRY")"
configure "$open_policy" "$profiles"
ordered "tighten: force" --force tighten "${number[a]}" default
is "tighten: force: the running shell" ok "$(ask a "$TRY")"

# ---- kill

# Those that are not in its cgroup: one moved by root, one with threads by PID 1 to the user's manager, one below a cgroup
# that is frozen.
ENDING=$CGROUPS/ebpfguard/ending
mkdir -p "$CGROUPS/try-stray" "$CGROUPS/try-frozen/below"
cat >"$work/threads.py" <<'EOF'
import os, sys, threading, time
for _ in range(3):
    threading.Thread(target=time.sleep, args=(1000,)).start()
with open(sys.argv[1], "w") as to:
    print(os.getpid(), file=to)
EOF
ask a "systemd-run --user --scope -q setsid -f python3 $work/threads.py $work/scope >/dev/null 2>&1 </dev/null; sleep 1002 & echo \$! >$work/frozen"
until_true 60 test -s "$work/scope" || fail "kill: a process in a scope of the manager"
matches "kill: it is below the manager" '^0::/user.slice/.*user@[0-9]+.service/' "$(cat "/proc/$(<"$work/scope")/cgroup")"
echo "$(<"$work/frozen")" >"$CGROUPS/try-frozen/below/cgroup.procs"
echo 1 >"$CGROUPS/try-frozen/cgroup.freeze"
# A process of nobody's session: the number of one that is to be moved could have become its.
mkdir -p "$ENDING"
sleep 1003 &
stranger=$!
echo $stranger >"$ENDING/cgroup.procs"
ask a "setsid nohup sleep 1000 >/dev/null 2>&1 & echo \$! >$work/pids; sleep 1001 & echo \$! >>$work/pids; echo \$! >$work/stray; echo \$\$ >>$work/pids"
echo "$(<"$work/stray")" >"$CGROUPS/try-stray/cgroup.procs"
# A bomb that is bounded: each of its processes makes others all the time.
ask a "(ulimit -u 300; for i in 1 2 3 4 5 6 7 8; do (while :; do (while :; do :; done & sleep 0.01); done) & done) >/dev/null 2>&1 </dev/null & true"
sleep 1
# began_at PID: when it began; nothing for a process that is gone or dead.
began_at() { sed -nE 's/^[0-9]+ \(.*\) [^ZX]( [^ ]+){18} ([0-9]+) .*/\2/p' "/proc/$1/stat" 2>/dev/null; }
comm_of() { cat "/proc/$1/comm" 2>/dev/null; }
cat "$work"/{pids,scope,frozen} | while read -r pid; do echo "$pid $(began_at "$pid")"; done >"$work/began"
is "kill: there are five of which each is known" 5 "$(grep -cE '^[0-9]+ [0-9]+$' "$work/began")"
mark
# With the bomb, all takes its time.
start=$EPOCHREALTIME
ebpfguardctl status >/dev/null
end=$EPOCHREALTIME
usual=$(((${end/./} - ${start/./}) / 1000))
start=$EPOCHREALTIME
ordered "kill" kill "${number[a]}"
end=$EPOCHREALTIME
took=$(((${end/./} - ${start/./}) / 1000))
if ((took < 3 * usual + 5000)); then pass "kill: took $took ms, status $usual"; else fail "kill: took $took ms, status $usual"; fi
left=''
while read -r pid began; do
	# One that is being reaped is gone, and the bomb may have used up all numbers: it could be another process by now.
	[[ $(began_at "$pid") != "$began" ]] || left+=" $pid $(comm_of "$pid")"
done <"$work/began"
is "kill: the survivors are gone, the strays with them" "" "$left"
is "kill: one of nobody's session lives, elsewhere" "alive 0::/" "$(kill -0 $stranger && echo alive) $(cat /proc/$stranger/cgroup)"
logged "kill: which is said" "process $stranger was moved to the cgroup ebpfguard/ending, but is of no session"
is "kill: who was moved for it is no stray of the log" 0 "$(since_mark | grep -c ' STRAY session=.* cgroup=/ebpfguard/ending')"
is "kill: their cgroup is gone" no "$([[ -e $ENDING ]] && echo yes || echo no)"
kill $stranger
ended() { ! kill -0 "${client[a]}" 2>/dev/null; }
if until_true 10 ended; then pass "kill: the connection is gone"; else fail "kill: the connection is gone"; fi
eval "exec ${into[a]}>&-"
logged "kill: in the log" "KILLED session=${number[a]} user=alice .* order=${number[a]} by_uid=0 .* processes=[1-9][0-9]*"
logged "kill: the session ends" "END session=${number[a]} "
is "kill: the same user's other session lives" alice "$(ask b whoami)"
was_b=$(seen b)
sleep 2
grew "kill: the other session's flows go on" "$was_b" "$(seen b)"
for flow in tcp idle udp; do # its program lives, and would say so
	is "kill: b: $flow" open "$(cat "$work/b/$flow")"
done
refused "kill: it is gone" 1 'there is no session' kill "${number[a]}"
rmdir "$CGROUPS/try-stray" "$CGROUPS/try-frozen/below" "$CGROUPS/try-frozen"

# ---- who may, and the end

refused "no number" 2 'not the number' quarantine 0
refused "no such session" 1 'there is no session 4000000000' quarantine 4000000000
matches "not from a session" "only root|guarded session" "$(ask b "/usr/sbin/ebpfguardctl quarantine ${number[b]}")"
ordered "the order ends with the session" quarantine "${number[b]}"
ask b "pkill -u alice -f hold.py" >/dev/null
finish b
one_order() { [[ $(map_count eg_orders) -le 1 ]]; }
if until_true 20 one_order; then pass "the order has ended"; else fail "the order has ended"; fi
printf '%s\n' "$good" >/etc/ebpfguard.conf
ebpfguardctl reload >/dev/null
peer nft delete table inet seen
kill "${jobs[@]}" 2>/dev/null
rm -rf "$work"
all_over
is "nothing is left: orders" 0 "$(map_count eg_orders)"
