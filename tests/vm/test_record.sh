#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# Recording: a session's story in the log is what it did, line by line; 10000 programs are all there; and under pressure
# what is left out is counted to the last one.
# shellcheck source=tests/vm/lib.sh
. /srv/t/lib.sh
# shellcheck source=tests/vm/cases.sh
. /srv/t/cases.sh
# shellcheck source=tests/vm/logins.sh
. /srv/t/logins.sh
SCRIPT_NAME=record
# A machine that leaves the long part to others (tests/check) makes it short.
if [[ -e $T/outside-elsewhere ]]; then PROGRAMS=1000; fi
PROGRAMS=${PROGRAMS:-10000}
good=$(cat /etc/ebpfguard.conf)
W=/srv/record
mkdir -p $W
chmod 1777 $W

# story.py COMMAND SESSION <lines: reads a session's lines.
#   steps   what was done between two "/bin/echo @N": one line a program, in the order of its text, as
#           "N PARENT EXE CWD ARGS => END", and one for each connection or file
#   storm N every program of "try storm N" is there once, and its end; prints what is not as it should be
#   kinds   how many lines of each kind, and what the session's last UNRECORDED and END say
cat >$W/story.py <<'E2'
import collections, re, sys
command, session = sys.argv[1:3]
records = []
for line in sys.stdin:
    found = re.search(r" ebpfguard-helper\[\d+\]: ([A-Z]+) (session=%s .*)$" % session, line.rstrip("\n"))
    if not found:
        continue
    kind, text = found.groups()
    args = None
    if kind == "EXEC":
        text, args = text.split(" args=", 1)
        args = args.split(" host=", 1)[0]
    records.append((kind, dict(word.split("=", 1) for word in text.split(" ")), args))

def end_of(f):
    return "status=" + f["status"] if "status" in f else "signal=%s core=%s" % (f["signal"], f["core"])

if command == "steps":
    step, name, steps, last = 0, {}, collections.defaultdict(list), {}
    for kind, f, args in records:
        pid = f.get("pid")
        if kind == "EXEC":
            echo = re.match(r'"/bin/echo" "@(\d+)"', args)
            if echo:
                step = int(echo[1])
                name[pid] = "@"
                continue
            what = [name.get(f["ppid"], "-"), f["exe"], f["cwd"], args, "exec"]
            if f["argc"] != str(len(re.findall(r'"[^"]*"', args))) and not args.endswith("..."):
                what[3] += " argc=" + f["argc"]
            name[pid] = f["exe"].split("/")[-1]
            last[pid] = what
            steps[step].append(what)
        elif kind == "EXIT":
            if pid in last:
                last.pop(pid)[4] = end_of(f)
            elif name.get(pid) != "@" and step:
                steps[step].append(["EXIT of what never began", pid])
            name.pop(pid, None)
        elif kind in ("CONNECT", "SEND"):
            steps[step].append([kind, name.get(pid, "-"), f["proto"], f["dst"], f["port"]])
        elif kind == "OPEN" and "record-" in f["path"]:
            steps[step].append([kind, name.get(pid, "-"), f["access"], f["path"]])
    for step in sorted(steps):
        for what in sorted(steps[step]):
            if len(what) == 5 and what[0] not in ("CONNECT", "SEND"):
                what[3:] = [what[3] + " => " + what[4]]
            print(step, *what)
elif command == "storm":
    n, pids, seen, ends = int(sys.argv[3]), {}, collections.Counter(), collections.Counter()
    wrong = 0
    for kind, f, args in records:
        if kind == "EXEC":
            found = re.match(r'"try" "exits" "(\d+)" "(\d+)"$', args)
            pids.pop(f["pid"], None)
            if found:
                pids[f["pid"]] = found.groups()
                seen[int(found[2])] += 1
        elif kind == "EXIT" and f["pid"] in pids:
            status, i = pids.pop(f["pid"])
            ends[int(i)] += 1
            wrong += f.get("status") != status
    missing = sum(not seen[i] for i in range(n)), sum(not ends[i] for i in range(n))
    twice = sum(seen[i] > 1 for i in range(n)), sum(ends[i] > 1 for i in range(n))
    print("missing %d %d twice %d %d wrong %d" % (missing + twice + (wrong,)))
elif command == "kinds":
    n = collections.Counter("CONNECT" if kind == "SEND" else kind for kind, f, args in records)
    lost = [f for kind, f, args in records if kind == "UNRECORDED"] or [{}]
    end = [f for kind, f, args in records if kind == "END"] or [{}]
    for kind in ("exec", "exit", "connect", "open"):
        print(kind, n[kind.upper()], lost[-1].get(kind, 0), end[0].get("unrecorded_" + kind, 0),
              end[0].get("recorded_" + kind, 0))
E2
# The log can be a while behind: a session's END comes when all it did is in it.
all_told() {
	until_true 600 log_has ' END session=[0-9]+ user=alice .* recorded_exec='
	session_ended alice
}
story() { since_mark | python3 $W/story.py "$@"; }

recording() {
	cat <<-'EOF'
		deny = ["18.0.0.0/9", "2001:db8:bad::/48"];
		record = { exec = true; connect = "all"; open = [ "/etc/" ]; };
	EOF
}

# ---- the story of one session

# Each step is a command line and what it must leave in the story, in the order of its text.
# The shell is the login's own: it has no line of a parent's. "-" is a subshell, which has no line either.
cat >$W/script <<'EOF'
#!/bin/sh -e
exit 4
EOF
cat >$W/threads.py <<'EOF'
import ctypes, os, sys, threading, time
libc = ctypes.CDLL(None)
how = sys.argv[1]
if how == "many": # a process ends once, whoever of its threads ends it
    for i in range(40):
        threading.Thread(target=time.sleep, args=(60,)).start()
    threading.Thread(target=os._exit, args=(7,)).start()
    time.sleep(60)
elif how == "exec": # a thread takes the process's place
    threading.Thread(target=os.execv, args=("/bin/true", ["as-thread"])).start()
    time.sleep(60)
elif how == "first": # the first thread ends first, by itself: whose code counts is up to the kernel
    def last():
        time.sleep(2)
        libc.syscall(60, 9)
    threading.Thread(target=last).start()
    libc.syscall(60, 3)
EOF
cat >$W/net.py <<'EOF'
import socket, sys
udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
for i in range(5): # each address once
    udp.sendto(b"x", ("10.1.2.3", 7001))
    udp.sendto(b"x", ("10.1.2.4", 7001))
udp.connect(("10.1.2.3", 7002))
udp.send(b"x") # part of the connection
for i in range(2):
    try:
        udp.sendto(b"x", ("18.4.5.6", 7001))
    except PermissionError:
        pass
udp6 = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
udp6.sendto(b"x", ("::ffff:10.1.2.3", 7003))
udp6.sendto(b"x", ("2001:db8:900d::1", 7003))
tcp = socket.create_connection(("10.1.2.3", 7000))
try:
    socket.create_connection(("10.1.2.3", 7009)) # nobody listens: it was tried
except ConnectionRefusedError:
    pass
try:
    socket.create_connection(("18.4.5.6", 7000)) # denied: a line of its own kind
except PermissionError:
    pass
local = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
local.connect("/run/systemd/journal/dev-log") # not of the network
EOF
chmod 755 $W/script
steps() {
	cat <<-'EOF'
		cd /tmp; /bin/true "a b" ""|bash /usr/bin/true /tmp "/bin/true" "a b" "" => status=0
		/bin/false|bash /usr/bin/false /tmp "/bin/false" => status=1
		sh -c 'exit 255'|bash /usr/bin/dash /tmp "sh" "-c" "exit 255" => status=255
		sh -c 'kill -9 $$'|bash /usr/bin/dash /tmp "sh" "-c" "kill -9 $$" => signal=KILL core=no
		sh -c 'kill -TERM $$'|bash /usr/bin/dash /tmp "sh" "-c" "kill -TERM $$" => signal=TERM core=no
		sh -c 'kill -40 $$'|bash /usr/bin/dash /tmp "sh" "-c" "kill -40 $$" => signal=40 core=no
		(cd /srv/record; ulimit -c unlimited; exec sh -c 'kill -SEGV $$')|bash /usr/bin/dash /srv/record "sh" "-c" "kill -SEGV $$" => signal=SEGV core=yes
		/bin/echo x ^ /usr/bin/tr x y ^ /bin/cat >/dev/null|bash /usr/bin/cat /tmp "/bin/cat" => status=0|bash /usr/bin/echo /tmp "/bin/echo" "x" => status=0|bash /usr/bin/tr /tmp "/usr/bin/tr" "x" "y" => status=0
		(exit 5); true; [ -d / ]
		/nonexistent; /etc/passwd; nosuch
		/srv/record/script "to it"|bash /usr/bin/dash /tmp "/bin/sh" "-e" "/srv/record/script" "to it" => status=4
		/usr/bin/env -i /bin/false x|bash /usr/bin/env /tmp "/usr/bin/env" "-i" "/bin/false" "x" => exec|bash /usr/bin/false /tmp "/bin/false" "x" => status=1
		sh -c '/bin/true; /bin/false; exit 2'|bash /usr/bin/dash /tmp "sh" "-c" "/bin/true; /bin/false; exit 2" => status=2|dash /usr/bin/false /tmp "/bin/false" => status=1|dash /usr/bin/true /tmp "/bin/true" => status=0
		/bin/true $'\nEXEC session=1' '" status=0' $'\e[31m' $'\xff' '\x22' '=' ...|bash /usr/bin/true /tmp "/bin/true" "\x0aEXEC session\x3d1" "\x22 status\x3d0" "\x1b[31m" "\xff" "\x5cx22" "\x3d" "..." => status=0
		(cd /; exec -a '' /bin/true)|bash /usr/bin/true / "" => status=0
		(mkdir /srv/record/gone; cd /srv/record/gone; rmdir /srv/record/gone; /bin/true)|- /usr/bin/mkdir /tmp "mkdir" "/srv/record/gone" => status=0|- /usr/bin/rmdir /srv/record/gone "rmdir" "/srv/record/gone" => status=0|bash /usr/bin/true /srv/record/gone "/bin/true" => status=0
		python3 /srv/record/threads.py many|bash PYTHON /tmp "python3" "/srv/record/threads.py" "many" => status=7
		python3 /srv/record/threads.py exec|bash PYTHON /tmp "python3" "/srv/record/threads.py" "exec" => exec|bash /usr/bin/true /tmp "as-thread" => status=0
		python3 /srv/record/threads.py first|bash PYTHON /tmp "python3" "/srv/record/threads.py" "first" => status=WAIT
		python3 /srv/record/net.py|CONNECT PYTHON- tcp 10.1.2.3 7000|CONNECT PYTHON- tcp 10.1.2.3 7009|CONNECT PYTHON- udp 10.1.2.3 7002|SEND PYTHON- udp 10.1.2.3 7001|SEND PYTHON- udp 10.1.2.3 7003|SEND PYTHON- udp 10.1.2.4 7001|SEND PYTHON- udp 2001:db8:900d::1 7003|bash PYTHON /tmp "python3" "/srv/record/net.py" => status=0
		/bin/cat /etc/record-a >/dev/null|OPEN cat read /etc/record-a|bash /usr/bin/cat /tmp "/bin/cat" "/etc/record-a" => status=0
		cd /srv/record; /bin/cat ../../etc/./record-a >/dev/null|OPEN cat read /etc/record-a|bash /usr/bin/cat /srv/record "/bin/cat" "../../etc/./record-a" => status=0
		/bin/cat /srv/record/link >/dev/null|OPEN cat read /etc/record-a|bash /usr/bin/cat /srv/record "/bin/cat" "/srv/record/link" => status=0
		echo more >>/etc/record-a|OPEN bash write /etc/record-a
		exec 9<>/etc/record-a; exec 9>&-|OPEN bash read+write /etc/record-a
		read -r x </etc/record-late|OPEN bash read /etc/record-late
		true </etc/record-secret; true </srv/record/script; true </proc/self/root/etc/record-a|OPEN bash read /etc/record-a
	EOF
}
# A step's pipes are written ^, since | separates.
script_of_steps() {
	local i=0 command rest
	while IFS='|' read -r command rest; do
		echo "/bin/echo @$((++i)) >/dev/null"
		# shellcheck disable=SC2001 # blanks around it
		sed 's/ ^ / | /g' <<<"$command"
		echo "echo $i \$?"
	done < <(steps)
	echo "/bin/echo @$((++i)) >/dev/null"
}

"$T/try" serve 7000 &
server=$!
install -o alice -m 644 /dev/null /etc/record-a
install -m 600 /dev/null /etc/record-secret
ln -s /etc/record-a $W/link
use_conf recording
echo late >/etc/record-late
python=$(readlink -f "$(command -v python3)")
sysctl -qw kernel.core_pattern=core
mark
script_of_steps | peer ssh "alice@$HOST" bash >$W/statuses 2>$W/errors
session_ended alice
story steps "$SESSION" >$W/told
i=0
while IFS='|' read -r command rest; do
	i=$((i + 1))
	rest=${rest//PYTHON-/${python##*/}}
	rest=${rest//WAIT/$(sed -n "s/^$i //p" $W/statuses)}
	is "story: $command" "${rest//PYTHON/$python}" "$(sed -n "s/^$i //p" $W/told | paste -sd'|')"
done < <(steps)
is "story: nothing before the first step but the login" "" \
	"$(sed -n 's/^0 //p' $W/told | grep -v -E 'run-parts|update-motd|"bash"|/etc/update-motd|^- ')"
# What wait() has said to the shell.
is "story: the shell saw the same ends" \
	"0 1 255 137 143 168 139 0 0 127 4 1 2 0 0 0 7 0 N 0 0 0 0 0 0 0 0" \
	"$(cut -d' ' -f2 $W/statuses | paste -sd' ' | sed -E 's/ 7 0 [39] / 7 0 N /')"
who="session=$SESSION user=alice uid=1000 tty=- pid=[0-9]+ ppid=[0-9]+"
has_line "line: who and from where" "START session=$SESSION user=alice uid=1000 profile=default rhost=10.99.0.2 rport=[0-9]+ "
has_line "line: a program" "EXEC $who exe=/usr/bin/true cwd=/tmp argc=3 args=\"/bin/true\" \"a b\" \"\" host=[^ ]+ time=20[0-9-]{8}T[0-9:]{8}\\.[0-9]{3}Z mono=[0-9]+\\.[0-9]{3}\$"
has_line "line: its end" "EXIT $who comm=true seconds=[0-9]+\\.[0-9]{3} status=0 host="
has_line "line: an end by signal" "EXIT $who comm=sh seconds=[0-9.]+ signal=SEGV core=yes host="
has_line "line: a connection" "CONNECT $who comm=python3 exe=$python proto=tcp dst=10.1.2.3 port=7000 host="
has_line "line: a datagram" "SEND $who comm=python3 exe=$python proto=udp dst=2001:db8:900d::1 port=7003 host="
has_line "line: a file" "OPEN $who comm=cat exe=/usr/bin/cat access=read path=/etc/record-a host="
has_line "line: what was refused has its own" "DENY connect session=$SESSION .* dst=18.4.5.6 port=7000 "
# Programs that execute another have two beginnings and one end.
matches "totals: nothing is missing" ' recorded_exec=([0-9]+) recorded_exit=([0-9]+) recorded_connect=7 recorded_open=[0-9]+ host=' "$END"
is "totals: each line is counted" "" "$(story kinds "$SESSION" | awk '$2 != $5 || $3 || $4')"

# ---- long things

mark
sh_as alice '/bin/true "$(printf %0102400d 0)"; /bin/true $(seq 1 10000)
	d=/srv/record/deep; for i in $(seq 40); do d=$d/d; done; mkdir -p $d; cd $d; /bin/true; true'
session_ended alice
args=$(since_mark | sed -n "s/.* EXEC session=$SESSION .* argc=2 args=\"\/bin\/true\" \(.*\) host=vm time=.*/\1/p")
is "100 KiB: as much as is kept, and the mark" "$(printf '"%02038d"...' 0 | wc -c)" "${#args}"
matches "100 KiB: the mark stands outside of the quotes" '^"0+"[.]{3}$' "$args"
args=$(since_mark | sed -n "s/.* EXEC session=$SESSION .* argc=10001 args=\(.*\) host=vm time=.*/\1/p")
matches "10000 arguments: those at the front, and the mark" '^"/bin/true" "1" "2" .* "5[0-9]+"([.]{3})$' "$args"
has_line "deep: a current directory that is cut" "EXEC session=$SESSION .* exe=/usr/bin/true cwd=[.]{3}(/d)+ argc=1 "
rm -rf $W/deep

# ---- other ways in

mark
echo data >$W/file
peer scp -q $W/file "alice@$HOST:copy"
session_ended alice
has_line "scp: the server's program, and its end" "EXEC session=$SESSION user=alice .* exe=/usr/lib/openssh/sftp-server cwd=/home/alice argc=1 "
has_line "scp: its end" "EXIT session=$SESSION user=alice .* comm=sftp-server .* status=0"
mark
peer scp -O -q $W/file "alice@$HOST:copy"
session_ended alice
has_line "scp -O: its command" "EXEC session=$SESSION user=alice .* args=\"scp\" \"-t\" \"copy\""
mark
peer ssh -tt "alice@$HOST" /bin/true </dev/null >/dev/null 2>&1
session_ended alice
has_line "pty: the terminal" "EXEC session=$SESSION user=alice uid=1000 tty=pts/[0-9]+ .* args=\"/bin/true\""
mark
own_key
sh_as alice "ssh -n -o StrictHostKeyChecking=no alice@$HOST '/bin/true inner'; /bin/true outer"
session_ended alice
inner=$(since_mark | sed -n "s/.* START session=\([0-9]*\) user=alice .* origin=$SESSION .*/\1/p")
# Not has_line: the inner one is another session, and may be over later. And if not, this shows what was said.
logged "nested: the inner one's program" "EXEC session=${inner:-none} user=alice .* args=\"/bin/true\" \"inner\""
has_line "nested: the outer one's" "EXEC session=$SESSION user=alice .* args=\"/bin/true\" \"outer\""
has_line "nested: how it got there" "CONNECT session=$SESSION user=alice .* comm=ssh exe=/usr/bin/ssh proto=tcp dst=10.99.0.1 port=22"

# ---- on and off

# A session that is there gets what the file says now.
quiet() { echo 'deny = ["18.0.0.0/9"];'; }
use_conf quiet
mark
sh_as alice "/bin/true before; touch $W/ready; until test -e $W/go; do sleep 0.2; done; /bin/true after; true" &
until_true 60 test -e $W/ready
use_conf recording
touch $W/go
wait $!
session_ended alice
is "on by reload: from then on" '"after"' "$(since_mark | sed -n "s/.* EXEC session=$SESSION .* args=\"\/bin\/true\" \(.*\) host=vm time=.*/\1/p" | paste -sd' ')"

# The helper is killed: the ring waits for the next one.
mark
sh_as alice "$T/try storm 300" >$W/out &
until_true 60 log_has 'EXEC .* args="try" "exits" "20" "20"'
systemctl kill -s KILL ebpfguard.service
wait $!
is "helper killed: the programs ran" 300 "$(<$W/out)"
session_ended alice
# The record it died over comes again.
matches "helper killed: nothing is missing" '^missing 0 0 twice [01] [01] wrong 0$' "$(story storm "$SESSION" 300)"

# ---- 10000 programs

mark
is "$PROGRAMS programs ran" "$PROGRAMS" "$(sh_as alice "$T/try storm $PROGRAMS")"
all_told
is "$PROGRAMS programs: each is there once, and its end" "missing 0 0 twice 0 0 wrong 0" "$(story storm "$SESSION" "$PROGRAMS")"
is "$PROGRAMS programs: totals" "" "$(story kinds "$SESSION" | awk '$2 != $5 || $3 || $4')"
is "nothing was passed over on the way to the log" "" "$(journalctl -q --no-pager | grep -E 'Forwarding to syslog missed|Suppressed .* messages')"

# ---- pressure: nobody empties the ring

watchdog off
mark
long=$(printf %02000d 0)
sh_as alice "touch $W/stop; until test -e $W/stopped; do sleep 0.2; done; $T/try storm 5000 $long; touch $W/made" >$W/out &
until_true 60 test -e $W/stop
pid=$(systemctl show -P MainPID ebpfguard.service)
kill -STOP "$pid"
touch $W/stopped
until_true 600 test -e $W/made
kill -CONT "$pid"
wait $!
is "pressure: the programs ran" 5000 "$(<$W/out)"
all_told
story kinds "$SESSION" >$W/kinds
awk '$1 == "exec" { n += $3 } END { exit n < 100 }' $W/kinds && lost=yes || lost=no
is "pressure: there was some" yes "$lost"
sed 's/^/# /' $W/kinds
is "pressure: lines and losses are the kernel's totals" "" "$(awk '$2 + $4 != $5' $W/kinds)"
is "pressure: UNRECORDED and END agree" "" "$(awk '$3 != $4' $W/kinds)"
# and a refusal made meanwhile has a ring of its own
has_line "pressure: UNRECORDED" "UNRECORDED session=$SESSION user=alice exec=[0-9]+ exit=[0-9]+ connect=0 open=[0-9]+"
watchdog on

kill "$server"
wait "$server" 2>/dev/null
printf '%s\n' "$good" >/etc/ebpfguard.conf
ebpfguardctl reload
rm -rf $W /home/alice/copy /etc/record-*
all_over
