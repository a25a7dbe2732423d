#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# Names, programs, paths and arguments made to forge lines, fields and terminal effects, in each format and at each
# destination: what jq, journalctl and a parser of key=value read is what was there, byte by byte.
# shellcheck source=tests/vm/lib.sh
. /srv/t/lib.sh
# shellcheck source=tests/vm/cases.sh
. /srv/t/cases.sh
SCRIPT_NAME=injection
good=$(cat /etc/ebpfguard.conf)
W=/srv/injection
mkdir -p $W
chmod 1777 $W

# check.py attack: makes a program of each hostile name, and tries to connect, with hostile arguments.
#   verify FORMAT SESSION <what was logged: prints what differs from what was done.
cat >$W/check.py <<'E2'
import json, os, re, shutil, subprocess, sys

WORDS = [
    b'x session=1 user=root',
    b'nl\nNov  2 10:11:12 vm ebpfguard-helper[1]: DENY connect session=1 user=root',
    b'q"q\\x0aq', b'a=b', b'esc\x1b[31mred\x1b]0;title\x07', b'\xff\xfe\xc3(', b'tab\tcr\rnul',
    'ümläut \u202etxet'.encode(), b'{"event":"refusal"}', b'-', b'%s%n%x', b"'; rm -rf /;'", b'long' * 20,
]
PLACE = b"/srv/injection/d"
USER = os.environb.get(b"HOSTILE_USER", b"alice")

def names():
    return [w.replace(b"/", b"_")[:250] for w in WORDS]

def attack():
    for word, name in zip(WORDS, names()):
        directory = PLACE + b"/" + name
        os.makedirs(directory, exist_ok=True)
        program = directory + b"/" + name
        shutil.copy("/srv/t/try", program)
        os.chmod(program, 0o755)
        done = subprocess.run([program, b"link", b"tcp", b"18.7.7.7", b"7000", word], capture_output=True)
        if done.stdout.strip() != b"EPERM":
            print("not refused:", name, done.stdout, done.stderr)

def kv_value(text):
    out, i = b"", 0
    while i < len(text):
        if text[i] == "\\":
            if not re.match(r"\\x[0-9a-f]{2}", text[i:]):
                raise ValueError(text)
            out += bytes([int(text[i + 2:i + 4], 16)])
            i += 4
        else:
            if not 0x20 <= ord(text[i]) < 0x7f or text[i] in '"=':
                raise ValueError(text)
            out += text[i].encode()
            i += 1
    return out

def args_of(value):
    if not re.fullmatch(r'"[^"]*"( "[^"]*")*', value):
        raise ValueError(value)
    return [kv_value(a) for a in re.findall(r'"([^"]*)"', value)]

def from_kv(line):
    front = re.match(r"[^=\"]*? ebpfguard-helper\[\d+\]: ", line)
    rest = line[front.end():]
    fields = {}
    words = re.findall(r'((?:"[^"]*"|[^ "])+(?: "[^"]*")*(?:\.\.\.)?)(?: |$)', rest)
    if "".join(w + " " for w in words).strip() != rest.strip():
        raise ValueError(rest)
    fields["verdict"], fields["op"] = words[0].lower().encode(), words[1].encode()
    for word in words[2:]:
        key, value = word.split("=", 1)
        if key in fields:
            raise ValueError("twice: " + key)
        if key == "args":
            fields[key] = args_of(value)
        else:
            fields[key] = kv_value(value)
    return fields

def json_bytes(text):
    out, i = b"", 0
    while i < len(text):
        if re.match(r"\\x[0-9a-f]{2}", text[i:]):
            out += bytes([int(text[i + 2:i + 4], 16)])
            i += 4
        else:
            out += text[i].encode()
            i += 1
    return out

def from_json(line):
    line = line[line.index("{"):] if not line.startswith("{") else line
    fields = json.loads(line)
    return {k: [json_bytes(a) for a in v] if k == "args" else json_bytes(v) if isinstance(v, str) else str(v).encode()
            for k, v in fields.items()}

def from_journal(line):
    entry = json.loads(line)
    def raw(v):
        return bytes(v) if isinstance(v, list) and v and isinstance(v[0], int) else v.encode()
    fields = {k[10:].lower(): raw(v) for k, v in entry.items() if k.startswith("EBPFGUARD_")}
    # The one value that is not what was there: it is written as in a line.
    fields["args"] = args_of(fields["args"].decode("ascii"))
    return fields

def verify(form, session):
    read = {"kv": from_kv, "json": from_json, "journal": from_journal}[form]
    seen, n = [], 0
    for line in sys.stdin.buffer.read().decode("latin-1" if form == "kv" else "utf-8").split("\n"):
        if not line:
            continue
        try:
            f = read(line)
        except Exception as e:
            print("cannot be read:", repr(e)[:300], line[:300].encode())
            continue
        if f.get("verdict") != b"deny" or f.get("op") != b"connect":
            print("another line:", line[:200].encode())
            continue
        if f["session"] != session.encode() or f["user"] != USER or f["dst"] != b"18.7.7.7" or f["errno"] != b"EPERM":
            print("a field is not what it was:", line[:300].encode())
        seen.append((f["exe"], f["comm"], f["args"]))
        n += 1
    for word, name in zip(WORDS, names()):
        exe = PLACE + b"/" + name + b"/" + name
        match = [s for s in seen if s[0] == exe]
        if len(match) != 1:
            print("%d lines of" % len(match), exe, [s[0] for s in seen][:3])
            continue
        if match[0][1] != name[:15]:
            print("comm of", name, "is", match[0][1])
        args = [exe, b"link", b"tcp", b"18.7.7.7", b"7000", word]
        if match[0][2] != args:
            print("args of", name, "are", match[0][2])
    print("%d lines" % n)

if sys.argv[1] == "attack":
    attack()
else:
    verify(sys.argv[2], sys.argv[3])
E2
N=13 # words
# A name that useradd would not make, and that nobody keeps an administrator from having in LDAP.
EVIL=$'e"v=il \x1b[31m\xc3\xa9\\x0a session=1'
evil_home=/home/evil
printf '%s:*:4242:4242::%s:/bin/bash\n' "$EVIL" $evil_home >>/etc/passwd
printf 'evil:x:4242:\n' >>/etc/group
install -d -m 0700 -o 4242 -g 4242 $evil_home $evil_home/.ssh
install -m 0600 -o 4242 -g 4242 /home/alice/.ssh/authorized_keys $evil_home/.ssh/authorized_keys

hostile_conf() { # LOG
	echo 'deny = ["18.0.0.0/9"];'
	echo "log = { $1 };"
}
gone() { [[ -z $(ebpfguardctl sessions --json | jq -r '.sessions[] | select(.state != "manager") | .session') ]]; }
# attacked LOG USER: a session that does all of it under this configuration.
attacked() {
	hostile_conf "$1" >/etc/ebpfguard.conf
	matches "$1: in force" reloaded "$(ebpfguardctl reload 2>&1)"
	rm -rf $W/d
	mark
	# On its command line the client takes no such name.
	# shellcheck disable=SC2001 # what & means there depends on the version of bash
	printf 'User "%s"\n' "$(sed 's/[\\"]/\\&/g' <<<"$2")" >$W/ssh_config
	is "$1: each is refused" "" "$(peer ssh -n -F $W/ssh_config -o StrictHostKeyChecking=no "$HOST" "python3 $W/check.py attack" 2>&1 | grep -v '^Warning: Permanently')"
	until_true 30 gone
}
clean() { LC_ALL=C grep -c '[^ -~]'; } # lines with anything but printable ASCII
# is_over WHAT COMMAND...: the log is complete once what the command reads of it has the session's end.
is_over() {
	until_true 30 eval "${*:2}" || fail "$1: the end of the session is in the log"
}
F=/var/log/ebpfguard/ebpfguard.log

attacked 'format = "kv"; destination = "syslog";' alice
session=$(since_mark | sed -n 's/.* START session=\([0-9]*\) user=alice .* service=sshd .*/\1/p' | tail -n 1)
is_over "kv in syslog" 'log_has "END session=$session "'
is "kv in syslog: what was done, byte by byte" "$N lines" "$(since_mark | grep 'ebpfguard-helper\[.* DENY ' | python3 $W/check.py verify kv "$session")"
is "kv in syslog: printable ASCII" 0 "$(since_mark | grep 'ebpfguard-helper\[' | clean)"
is "events: as many lines, of printable ASCII" "$N 0" \
	"$(ebpfguardctl events --session "$session" --verdict deny | tail -n +2 | tee $W/events | wc -l) $(clean <$W/events)"
out=$(ebpfguardctl report --since today --session "$session")
matches "report: all of them" "refused: +$N"$'\n' "$out"
is "report: printable ASCII" 0 "$(clean <<<"$out")"

rm -f $F
attacked 'format = "json"; destination = "file";' "$EVIL"
session=$(jq -r 'select(.event == "start" and .service == "sshd") | .session' $F | tail -n 1)
is_over "json in a file" 'grep -q "\"event\":\"end\",\"session\":$session," $F'
is "json in a file: the user's name" "$EVIL" "$(jq -r 'select(.event == "start") | .user' $F | tail -n 1 | sed 's/\\x5c/\\/g')"
is "json in a file: what was done, byte by byte" "$N lines" \
	"$(jq -c 'select(.event == "refusal")' $F | HOSTILE_USER=$EVIL python3 $W/check.py verify json "$session")"
is "json in a file: one object a line" "$(wc -l <$F)" "$(jq -c . $F | wc -l)"
is "json in a file: no control characters" 0 "$(LC_ALL=C grep -c '[[:cntrl:]]' $F)"

attacked 'format = "kv"; destination = "journal";' "$EVIL"
session=$(journalctl -q -o json EBPFGUARD_EVENT=start EBPFGUARD_SERVICE=sshd -n 1 | jq -r .EBPFGUARD_SESSION)
is_over journal 'journalctl --sync; journalctl -q -o cat EBPFGUARD_SESSION=$session EBPFGUARD_EVENT=end | grep -q .'
is "journal: what was done, byte by byte" "$N lines" \
	"$(journalctl -q --all -o json "EBPFGUARD_SESSION=$session" EBPFGUARD_EVENT=refusal | HOSTILE_USER=$EVIL python3 $W/check.py verify journal "$session")"
is "journal: messages of printable ASCII" 0 "$(journalctl -q --all -o cat "EBPFGUARD_SESSION=$session" | clean)"

sed -i '$d' /etc/passwd
sed -i '$d' /etc/group
rm -rf $W $evil_home $F
printf '%s\n' "$good" >/etc/ebpfguard.conf
ebpfguardctl reload >/dev/null
all_over
