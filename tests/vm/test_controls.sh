#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# What must go on working in a guarded session, under a list of what is denied and under a list of what is allowed; each
# beside attempts that show that the session is guarded.
# shellcheck source=tests/vm/lib.sh
. /srv/t/lib.sh
SCRIPT_NAME=controls

work=$(mktemp -d)
chmod 0755 "$work"
good=$(cat /etc/ebpfguard.conf)
jobs=()
sysctl -q net.ipv4.ping_group_range='0 2147483647'

# ---- programs

# Echoes what it gets, TCP and UDP, both families.
cat >"$work/echo.py" <<'EOF'
import socket, sys, threading
port = int(sys.argv[1])
def talk(s):
    while (data := s.recv(65536)):
        s.sendall(data)
    s.close()
def udp():
    s = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
    s.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
    s.setsockopt(socket.IPPROTO_IP, 8, 1)  # IP_PKTINFO: answer from the address that was asked
    s.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_RECVPKTINFO, 1)
    s.bind(("::", port))
    while True:
        data, control, _, peer = s.recvmsg(2048, 256)
        control = [c for c in control if c[:2] == (socket.IPPROTO_IPV6, socket.IPV6_PKTINFO)]
        s.sendmsg([data], control, 0, peer)
threading.Thread(target=udp, daemon=True).start()
listener = socket.create_server(("::", port), family=socket.AF_INET6, dualstack_ipv6=True, backlog=64)
while True:
    threading.Thread(target=talk, args=(listener.accept()[0],), daemon=True).start()
EOF

# A name server at one address: every name is 10.1.2.3.
cat >"$work/dns.py" <<'EOF'
import socket, sys, threading
def answer(q):
    end = 12
    while q[end]:
        end += q[end] + 1
    kind = q[end + 1:end + 3]
    reply = q[:2] + b"\x85\x80\0\1" + (b"\0\1" if kind == b"\0\1" else b"\0\0") + bytes(4) + q[12:end + 5]
    if kind == b"\0\1":
        reply += b"\xc0\x0c\0\1\0\1\0\0\0\x3c\0\4" + bytes([10, 1, 2, 3])
    return reply
def tcp():
    listener = socket.create_server((sys.argv[1], 53))
    while True:
        s = listener.accept()[0]
        q = s.recv(2048)
        if len(q) == 2:
            q += s.recv(2048)
        a = answer(q[2:])
        s.sendall(len(a).to_bytes(2, "big") + a)
        s.close()
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.bind((sys.argv[1], 53))
threading.Thread(target=tcp, daemon=True).start()
while True:
    q, peer = s.recvfrom(2048)
    s.sendto(answer(q), peer)
EOF

# talk.py HOST PORT [SOURCE]: is there an echo?
cat >"$work/talk.py" <<'EOF'
import errno, socket, sys
try:
    s = socket.create_connection((sys.argv[1], int(sys.argv[2])), 20, (sys.argv[3], 0) if sys.argv[3:] else None)
    s.sendall(b"hello")
    print("ok" if s.recv(5) == b"hello" else "silent")
except OSError as e:
    print(errno.errorcode.get(e.errno, e))
EOF

# What a session does that needs no one else's program. Prints "NAME: ok" or what went wrong.
cat >"$work/inside.py" <<'EOF'
import array, errno, os, socket, struct, subprocess, sys, tempfile, threading
FAR4, FAR6, NEAR4, NEAR6 = "10.7.7.7", "2001:db8:900d::7", "10.1.2.3", "2001:db8:900d::1"
def echo(s):
    s.settimeout(20)
    s.send(b"hello")
    return s.recv(5) == b"hello"
def tcp(host, family=None):
    if not family:
        return echo(socket.create_connection((host, 7010), 20))
    s = socket.socket(family, socket.SOCK_STREAM)
    s.connect((host, 7010))
    return echo(s)
def udp(host, port=7010):
    s = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_DGRAM)
    s.settimeout(20)
    s.sendto(b"hello", (host, port))
    first = s.recv(5) == b"hello"
    s.connect((host, port))
    return first and echo(s)
def mptcp():
    s = socket.socket(socket.AF_INET, socket.SOCK_STREAM, 262)
    s.connect((FAR4, 7010))
    return echo(s)
def ping(host):
    six = ":" in host
    s = socket.socket(socket.AF_INET6 if six else socket.AF_INET, socket.SOCK_DGRAM,
                      socket.IPPROTO_ICMPV6 if six else socket.IPPROTO_ICMP)
    s.settimeout(20)
    s.sendto(struct.pack("!BBHHH", 128 if six else 8, 0, 0, 0, 1) + b"hello", (host, 0))
    return s.recv(64)[0] == (129 if six else 0)
def run(*command):
    return lambda: subprocess.run(command[:-1], capture_output=True, text=True).stdout.count(command[-1]) > 0
def unix(kind):
    a, b = socket.socketpair(socket.AF_UNIX, kind)
    a.send(b"pair")
    if b.recv(4) != b"pair":
        return False
    server, client = socket.socket(socket.AF_UNIX, kind), socket.socket(socket.AF_UNIX, kind)
    path = tempfile.mkdtemp() + "/s"
    server.bind(path)
    if kind != socket.SOCK_DGRAM:
        server.listen()
    client.connect(path)
    client.send(b"name")
    return (server if kind == socket.SOCK_DGRAM else server.accept()[0]).recv(4) == b"name"
def loopback(host):
    server = socket.create_server((host, 0), family=socket.AF_INET6 if ":" in host else socket.AF_INET)
    client = socket.create_connection(server.getsockname()[:2], 20)
    other = server.accept()[0]
    client.send(b"ab")
    other.send(other.recv(2))
    return client.recv(2) == b"ab"
def passed():
    """A connected socket goes from a child to its parent, both of this session."""
    a, b = socket.socketpair()
    if not os.fork():
        s = socket.create_connection((FAR4, 7010), 20)
        a.sendmsg([b"x"], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [s.fileno()]))])
        os._exit(0)
    fds = socket.recv_fds(b, 1, 1)[1]
    return len(fds) == 1 and echo(socket.socket(fileno=fds[0]))
def netlink():
    s = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, socket.NETLINK_ROUTE)
    s.bind((0, 0))
    s.send(struct.pack("=IHHIIB", 17, 18, 0x301, 1, 0, 0))  # RTM_GETLINK, dump
    return len(s.recv(65536)) > 16
checks = [
    ("tcp v4", lambda: tcp(NEAR4)), ("tcp v4, remote", lambda: tcp(FAR4)),
    ("tcp v6", lambda: tcp(NEAR6)), ("tcp v6, remote", lambda: tcp(FAR6)),
    ("tcp v4-mapped", lambda: tcp("::ffff:" + FAR4, socket.AF_INET6)), ("mptcp", mptcp),
    ("udp v4", lambda: udp(NEAR4)), ("udp v4, remote", lambda: udp(FAR4)), ("udp v6, remote", lambda: udp(FAR6)),
    ("ping v4", lambda: ping(FAR4)), ("ping v6", lambda: ping(FAR6)), ("ping, this host", lambda: ping(NEAR4)),
    ("ip route", run("ip", "route", "10.7.7.7")), ("ss", run("ss", "-ltn", ":22 ")), ("netlink", netlink),
    ("unix stream", lambda: unix(socket.SOCK_STREAM)), ("unix dgram", lambda: unix(socket.SOCK_DGRAM)),
    ("unix seqpacket", lambda: unix(socket.SOCK_SEQPACKET)),
    ("loopback server and client", lambda: loopback("127.0.0.1")), ("the same, v6", lambda: loopback("::1")),
    ("loopback, another address", lambda: loopback("127.9.9.9")),
    ("loopback service outside", lambda: tcp("127.0.0.1")), ("the same, udp", lambda: udp("127.0.0.1")),
    ("0.0.0.0 is loopback", lambda: tcp("0.0.0.0")), (":: is loopback", lambda: tcp("::")),
    ("socket passed within the session", passed),
    ("DENIED tcp v4", lambda: tcp("18.7.7.7")), ("DENIED udp v4", lambda: udp("18.7.7.7")),
    ("DENIED tcp v6", lambda: tcp("2001:db8:bad::7")), ("DENIED ping", lambda: ping("18.7.7.7")),
    ("DENIED packet socket", lambda: socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, 0)),
]
for name, check in checks:
    try:
        print(f"{name}: {'ok' if check() else 'wrong'}")
    except OSError as e:
        print(f"{name}: {errno.errorcode.get(e.errno, e)}")
EOF

# An X server that lets everybody in, and a client that shows the cookie it was given.
cat >"$work/xserver.py" <<'EOF'
import socket
listener = socket.create_server(("127.0.0.1", 6000))
while True:
    s = listener.accept()[0]
    s.recv(64)
    s.sendall(b"\1\0\x0b\0\0\0\0\0")
    s.close()
EOF
cat >"$work/xclient.py" <<'EOF'
import os, socket, struct
host, _, display = os.environ["DISPLAY"].partition(":")
cookie = [line.split()[3] for line in open(os.path.expanduser("~/.cookie")) if line.startswith("add ")][-1]
s = socket.create_connection((host, 6000 + int(display.split(".")[0])), 20)
s.sendall(struct.pack("<2sHHHHH", b"l\0", 11, 0, 18, 16, 0) + b"MIT-MAGIC-COOKIE-1\0\0" + bytes.fromhex(cookie))
print("ok" if s.recv(8)[:1] == b"\1" else "refused")
EOF
# In place of xauth(1), which the machine does not have: keeps what sshd tells it.
printf '#!/bin/sh\nexec cat >"$HOME/.cookie"\n' >"$work/xauth"
chmod 0755 "$work/xauth"
printf '%s\n' "X11Forwarding yes" "XAuthLocation $work/xauth" >/etc/ssh/sshd_config.d/controls.conf
systemctl reload ssh

python3 "$work/echo.py" 7010 & jobs+=($!)
ip netns exec client python3 "$work/echo.py" 7010 & jobs+=($!)
python3 "$work/dns.py" 127.0.0.53 & jobs+=($!)
ip netns exec client python3 "$work/dns.py" 10.7.7.7 & jobs+=($!)
ip netns exec client python3 "$work/xserver.py" & jobs+=($!)
served() {
	[[ $(ss -Htln '( sport = :7010 or sport = :53 )' | wc -l) -ge 2 &&
		$(peer ss -Htln '( sport = :7010 or sport = :53 or sport = :6000 )' | wc -l) -ge 3 ]]
}
until_true 60 served || fail "the servers of this test came up"

# ---- checks

# mux COMMAND: in the session that master opened.
master() { peer ssh -f -N -M -S "$work/mux" -o ExitOnForwardFailure=yes "$@" "alice@$HOST"; }
mux() { peer ssh -n -S "$work/mux" x "$1"; }
master_gone() { ! peer ssh -S "$work/mux" -O check x 2>/dev/null; }
end_master() { peer ssh -S "$work/mux" -O exit x 2>/dev/null; until_true 10 master_gone; }

# inside WHERE DENIED COMMAND...: runs inside.py and expects "ok" throughout, and DENIED of the attempts that are.
inside() {
	local where=$1 denied=$2 line n=0
	shift 2
	while IFS= read -r line; do
		case $line in
		*" packet socket: "*) is "$where: packet socket" EPERM "${line##*: }" ;; # outside it needs root
		"DENIED "*) is "$where: ${line%: *}" "$denied" "${line##*: }" ;;
		*) is "$where: ${line%: *}" ok "${line##*: }" ;;
		esac
		n=$((n + 1))
	done < <("$@" 2>&1)
	is "$where: every check was made" 31 "$n"
}

names() { # WHERE
	printf 'nameserver 127.0.0.53\n' >/etc/resolv.conf
	matches "$1: resolver on loopback" '^10\.1\.2\.3 ' "$(mux 'getent ahostsv4 a.test')"
	printf 'nameserver 127.0.0.53\noptions use-vc\n' >/etc/resolv.conf
	matches "$1: resolver on loopback, tcp" '^10\.1\.2\.3 ' "$(mux 'getent ahostsv4 b.test')"
	printf 'nameserver 10.7.7.7\n' >/etc/resolv.conf
	matches "$1: DNS server on the network" '^10\.1\.2\.3 ' "$(mux 'getent ahostsv4 c.test')"
	printf 'nameserver 10.7.7.7\noptions use-vc\n' >/etc/resolv.conf
	matches "$1: DNS server on the network, tcp" '^10\.1\.2\.3 ' "$(mux 'getent ahostsv4 d.test')"
	printf 'nameserver 18.7.7.7\noptions timeout:1 attempts:1\n' >/etc/resolv.conf
	is "$1: a denied DNS server" "" "$(mux 'getent ahostsv4 e.test')"
	: >/etc/resolv.conf
}

forwards() { # WHERE
	is "$1: -L" ok "$(peer python3 "$work/talk.py" 127.0.0.1 9001)"
	is "$1: -L to IPv6" ok "$(peer python3 "$work/talk.py" 127.0.0.1 9002)"
	is "$1: -R" ok "$(mux "python3 $work/talk.py 127.0.0.1 9003")"
	mark
	matches "$1: -L to a denied address" '^(silent|ECONNRESET)$' "$(peer python3 "$work/talk.py" 127.0.0.1 9004)"
	logged "$1: and it was the policy" 'DENY connect session=[0-9]+ user=alice .* dst=18.4.5.6 port=7010 '
}

fetch='import http.client, sys
c = http.client.HTTPConnection(sys.argv[1], 8080, 30, (sys.argv[2], 0))
c.request("GET", "/file")
print(c.getresponse().read().decode().strip())'

services() { # WHERE
	mkdir -p "$work/www"
	echo served >"$work/www/file"
	chmod -R a+rX "$work/www"
	mux "python3 -m http.server 8080 --bind $HOST --directory $work/www >/dev/null 2>&1 & echo \$!" >"$work/pid"
	listening() { ss -Htln 'sport = :8080' | grep -q .; }
	until_true 30 listening
	is "$1: a server in the session, asked by an allowed client" served "$(peer python3 -c "$fetch" "$HOST" 10.7.7.7 2>&1 | tail -n 1)"
	kill "$(cat "$work/pid")"
}

logins() { # WHERE
	peer bash -c "
		eval \$(ssh-agent) >/dev/null
		ssh-add -q /root/.ssh/id_ed25519
		ssh -n -A alice@$HOST 'ssh-add -l; $T/try connect udp 18.7.7.7 9'
		ssh-agent -k >/dev/null" >"$work/agent" 2>&1
	matches "$1: agent forwarding" 'ED25519.*EPERM' "$(paste -sd' ' "$work/agent")"
	is "$1: X11 forwarding" "ok EPERM" \
		"$(DISPLAY=127.0.0.1:0 peer ssh -n -Y "alice@$HOST" "python3 $work/xclient.py; $T/try connect udp 18.7.7.7 9" | paste -sd' ')"
}

controls() { # WHERE
	master -L "127.0.0.1:9001:10.1.2.3:7010" -L "127.0.0.1:9002:[2001:db8:900d::1]:7010" \
		-L "127.0.0.1:9004:18.4.5.6:7010" -R "127.0.0.1:9003:127.0.0.1:7010"
	inside "$1" EPERM mux "python3 $work/inside.py"
	names "$1"
	forwards "$1"
	services "$1"
	end_master
	logins "$1"
}

inside outside ok runuser -u alice -- python3 "$work/inside.py"

configure 'default = "allow";' 'deny = ["18.0.0.0/9", "2001:db8:bad::/48", "*:25/tcp", "198.51.100.0/24"];' \
	'bind = { deny = ["1-1023"]; };'
controls "denied by list"

configure 'default = "deny";' 'allow = ["10.1.2.3:7010", "10.1.2.3/icmp", "10.7.7.7", "2001:db8:900d::/48"];'
controls "allowed by list"
mark
is "allowed by list: another port of an allowed address" EPERM "$(sh_as alice "$T/try connect tcp 10.1.2.3 7011")"
logged "allowed by list: the log names the default" 'DENY connect .* dst=10.1.2.3 port=7011 rule=default errno=EPERM'

# ---- the connection a session came in by

head -c 300000 /dev/urandom >"$work/file"
sum=$(sha256sum <"$work/file")
# works WHERE: the session that master opened goes on.
works() {
	is "$1: a command" alive "$(mux 'echo alive')"
	is "$1: data both ways" "$sum" "$(peer ssh -S "$work/mux" x cat <"$work/file" | sha256sum)"
}
configure 'deny = ["18.0.0.0/9"];'
master
is "client's address allowed: connect to it" ok "$(mux "$T/try connect tcp 10.99.0.2 7010")"
mark
configure 'deny = ["18.0.0.0/9", "10.99.0.2"];'
works "client's address denied while connected"
is "client's address denied: connect to it" EPERM "$(mux "$T/try connect tcp 10.99.0.2 7010")"
is "client's address denied: udp to it" EPERM "$(mux "$T/try sendto udp 10.99.0.2 7010")"
is "client's address denied: outside a session nothing changed" ok "$(runuser -u bob -- "$T/try" connect tcp 10.99.0.2 7010)"
logged "client's address denied: reported" 'DENY connect .* dst=10.99.0.2 port=7010 rule=10.99.0.2/32 '
systemctl restart ebpfguard.service
works "after a restart of the helper"
configure 'default = "deny";'
works "everything denied"
end_master
is "everything denied: a new session" "alive EPERM" "$(sh_as alice "echo alive; $T/try connect tcp 10.99.0.2 7010" | paste -sd' ')"
out=$(peer ssh -tt "alice@$HOST" 'tty >/dev/null && echo terminal; exit 7' </dev/null 2>/dev/null | tr -d '\r')
is "everything denied: a terminal" terminal "$out"
is "the connection itself was never denied or reset" "" \
	"$(since_mark | grep -E '(DENY|RESET|BLOCK) .* dst=10\.99\.0\.2 ' | grep -v ' port=7010 ')"

printf '%s\n' "$good" >/etc/ebpfguard.conf
ebpfguardctl reload >/dev/null
rm /etc/ssh/sshd_config.d/controls.conf
systemctl reload ssh
kill "${jobs[@]}"
rm -rf "$work"
all_over
