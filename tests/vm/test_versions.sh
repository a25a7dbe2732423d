#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# An upgrade and a downgrade to a helper of another ABI version, whose structs are laid out in another way. Sessions stay
# under what they were opened with, those that are opened since have the other; with the last of the former all that is
# left of it goes, and nothing is there twice. A helper that dies at any step of that, or finds a hook full, or pins that
# are nobody's.
# shellcheck source=tests/vm/lib.sh
. /srv/t/lib.sh
# shellcheck source=tests/vm/faults.sh
. /srv/t/faults.sh
# shellcheck source=tests/vm/logins.sh
. /srv/t/logins.sh
SCRIPT_NAME=versions
THIS=$T/ebpfguard-helper-faults # this version, with fault points for what it does about others
OTHER=$T/ebpfguard-helper-other
own=${pins##*/} # the set of this version
BPFFS=/sys/fs/bpf/ebpfguard
HELD=3
good=$(cat $CONF)
# What the policies of the two deny: each allows what the other denies.
FIRST=18.4.5.6 SECOND=10.1.2.3
conf_first() { printf '%s\n' "$good" >$CONF; }
conf_second() { printf '%s\n' 'deny = ["10.1.0.0/16"];' >$CONF; }
both() { echo "$T/try connect udp $FIRST 9; $T/try connect udp $SECOND 9"; }

use() { # HELPER
	HELPER=$1
	mkdir -p "$FAULT_DROP_IN"
	printf '[Service]\nExecStart=\nExecStart=%s\n' "$1" >"$FAULT_DROP_IN/helper.conf"
	systemctl daemon-reload
}
start_it() {
	systemctl start ebpfguard.socket
	systemctl start --no-block ebpfguard.service
	until_true 600 is_active || wrong+=("the helper does not start")
}
# The helper dies, and the next one is another.
swap() { # HELPER
	use "$1"
	kill -9 "$(helper_pid)"
	until_true 600 runs_now "$1" || wrong+=("${1##*/} does not run")
}
runs_now() { is_active && [[ $(readlink "/proc/$(helper_pid)/exe") == "$1" ]]; }

# What the kernel has of ours: programs, links, and programs at cgroups.
in_kernel() {
	echo "programs=$(bpftool prog show | grep -c ' name eg_')" \
		"links=$(bpftool link show | grep -Ec '^[0-9]+: (tracing|iter) ')" \
		"attached=$(bpftool cgroup tree 2>/dev/null | grep -Ec ' eg_(packet|stray)')"
}
sets() { (cd $BPFFS && echo v*); }
has_sets() { [[ $(sets) == "$1" ]]; }

# ---- sessions that live through it

hold() { # of the policy FIRST
	coproc held { "$T/pam_login" -H -n $HELD -i 400 -d "$1" -k "$2" -a "$PAM_ARGS" alice bob carol; }
	held_pid=$!
	read -r line <&"${held[0]}"
	is "$3: sessions are held" "held $HELD" "$line"
	[[ $line == "held $HELD" ]] || since_mark | grep -E 'ebpfguard|pam_' | tail -n 8 | sed 's/^/#   | /'
}
release() { # NAME
	eval "exec ${held[1]}>&-"
	read -r line <&"${held[0]}"
	matches "$1: sessions of before: none lost, none unguarded, none under another policy" \
		"^opened=$HELD refused=0 tries=[0-9]{2,} unguarded=0 tight=0 lost=0" "$line"
	wait $held_pid
}

# alice by ssh: tries until /tmp/over is there, does what /tmp/do says; and a service of her manager does the same.
cat >/srv/in_session <<E2
#!/bin/bash
# in_session NAME
while [[ ! -e /tmp/over ]]; do
	echo "\$($T/try connect udp $FIRST 9) \$($T/try connect udp $SECOND 9)" >>/tmp/tried.\$1
	if [[ -e /tmp/do.\$1 ]]; then bash /tmp/do.\$1 >/tmp/done.\$1 2>&1; rm -f /tmp/do.\$1; fi
	sleep 1
done
E2
chmod 0755 /srv/in_session
log_in() {
	rm -f /tmp/over /tmp/tried.* /tmp/do.* /tmp/done.*
	ip netns exec client ssh -n "alice@$HOST" "systemd-run --user --quiet /srv/in_session manager; /srv/in_session ssh" &
	ssh_pid=$!
	until_true 60 test -s /tmp/tried.ssh || wrong+=("no ssh session")
	until_true 60 test -s /tmp/tried.manager || wrong+=("no service of the manager")
}
log_out() {
	runuser -u alice -- touch /tmp/over
	wait $ssh_pid
}
tried() { sort -u "/tmp/tried.$1" | paste -sd,; }
# What it gives from now on: the try that is under way may be of before.
tries_now() { # NAME
	local n
	# shellcheck disable=SC2034 # by eval
	n=$(wc -l <"/tmp/tried.$1")
	until_true 30 eval "(( \$(wc -l </tmp/tried.$1) > n + 2 ))"
	tail -n 1 "/tmp/tried.$1"
}
in_session() { # NAME COMMAND: what it prints
	echo "$2" >"/tmp/do.$1.made"
	chmod 0644 "/tmp/do.$1.made"
	chown alice "/tmp/do.$1.made"
	mv "/tmp/do.$1.made" "/tmp/do.$1"
	until_true 60 eval "[[ ! -e /tmp/do.$1 ]]" || echo "no answer"
	cat "/tmp/done.$1"
}

# changed NAME VERSION: the other helper runs now, and is asked about the sessions of VERSION. $3, $4: what one denies, and
# allows, that is opened now.
changed() {
	local out
	logged "$1: said how many sessions stay under version $2" "$((HELD + 1)) sessions stay under version $2, pinned in .*orders"
	is "$1: a login has the policy of now" "$IN" "$(login -d "$3" -k "$4" bob)"
	out=$(ebpfguardctl status)
	matches "$1: status counts them" "sessions under version $2: $((HELD + 1)), guarded by the policy they had" "$out"
	matches "$1: status has the login by ssh among them" "ssh session under another version: alice pid=[0-9]+ .*: guarded by" "$out"
	matches "$1: and says that no login is not guarded" "ssh sessions not guarded: none" "$out"
	is "$1: the same for programs" "[{\"abi\":$2,\"sessions\":$((HELD + 1))}] alice 0" \
		"$(ebpfguardctl --json status | python3 -c '
import json, sys
s = json.load(sys.stdin)
print(json.dumps(s["other_versions"], separators=(",", ":")), *[x["user"] for x in s["ssh_other_version"]], len(s["ssh_not_guarded"]))')"
	# Who is in such a session is guarded, and no way leads out of it.
	is "$1: a caller from there is known to be guarded" "version guarded=1 refused EALREADY connect EPERM" \
		"$(bash -c 'echo $$ >"$1/cgroup.procs"; "$2/ask" version; "$2/ask" open "$1"; "$2/ask" control-status' _ "$(old_leaf)" $T |
			paste -sd' ')"
	mark
	# sshd's own status for a session that PAM has not opened
	is "$1: no login from there to this host" "status 254" \
		"$(in_session ssh "ssh -n -o BatchMode=yes -o StrictHostKeyChecking=no $HOST echo in 2>/dev/null; echo status \$?")"
	logged "$1: and the log says why" "REFUSED .*user=alice .*under another version, whose policy cannot be carried over"
}
# The cgroup of alice's session by ssh.
old_leaf() { echo "$CGROUPS$(sed -n 's/^0:://p' "/proc/$(pgrep -f '^/bin/bash /srv/in_session ssh' | head -n 1)/cgroup")"; }

own_key
loginctl enable-linger alice
booted=$(in_kernel)
systemctl stop ebpfguard.service ebpfguard.socket
ebpfguard-helper --unload
# It lets go of programs a while after their pins are removed.
is_in_kernel() { [[ $(in_kernel) == "$1" ]]; }
in_kernel_is() { # NAME EXPECTED
	until_true 60 is_in_kernel "$2"
	is "$1" "$2" "$(in_kernel)"
}
in_kernel_is "nothing is pinned, and nothing is in the kernel" "programs=0 links=0 attached=0"

# ---- the upgrade: from the other version to this one

use "$OTHER"
conf_first
start_it
is "upgrade: the other version has its pins" "v4711" "$(sets)"
PAM_ARGS=timeout=60000
hold $FIRST $SECOND upgrade
log_in
verdict "upgrade: sessions by ssh"
is "upgrade: before it, the session, and its manager" "EPERM ok,EPERM ok" "$(tried ssh),$(tried manager)"
conf_second
mark
swap "$THIS"
verdict "upgrade: the new helper runs"
is "upgrade: each version has its pins" "v4711 $own" "$(sets)"
logged "upgrade: nothing of the other version is taken for ours" 'ENFORCING .*start="fresh start"'
changed upgrade 4711 $SECOND $FIRST
is "upgrade: a new session by ssh of a user whose manager both guard" "ok EPERM" "$(sh_as alice "$(both)" | paste -sd' ')"
is "upgrade: a manager that both guard" "EPERM EPERM" "$(tries_now manager)"
usual=$(in_kernel)
mark
for fault in "" "versions_open ENOMEM" ""; do
	[[ -z $fault ]] || inject "$fault"
	pid=$(helper_pid)
	kill -9 "$pid"
	until_true 600 is_another "$pid" || wrong+=("no other helper")
	[[ -z $fault ]] || was_reached
done
verdict "upgrade: three helpers are killed"
logged "upgrade: one that could not look after it said so" "v4711 is not a set of pins that this version can look after: "
in_kernel_is "upgrade: after three starts nothing is there twice" "$usual"
is "upgrade: a login has the policy of now" "$IN" "$(login -d $SECOND -k $FIRST bob)"

# All of them end; the helper dies twice on the way to the end of what they leave.
mark
inject "drop_gone kill" "drop_emptied kill"
log_out
verdict "upgrade: alice logs out"
is "upgrade: her session by ssh: never another policy" "EPERM ok" "$(tried ssh)"
release upgrade
was_reached
until_true 120 has_sets "$own" || wrong+=("pins: $(sets)")
verdict "upgrade: with the last session all pins of the other version go, and not by halves"
until_true 600 is_active
states() { bpftool map show | grep -c ' name eg_state '; }
has_one_state() { [[ $(states) == 1 ]]; }
until_true 60 has_one_state
is "upgrade: what is left in the kernel is one version's" 1 "$(states)"
is "upgrade: as many programs and links as before any of this" "${booted% *}" "$(in_kernel | sed 's/ attached=.*//')"

conf_second
ebpfguardctl reload >/dev/null
log_in
is "upgrade: a manager that lives on is guarded by this version" "ok EPERM" "$(tries_now manager)"
log_out

# ---- the downgrade: from this version to the other one, which finds a hook full

systemctl stop user@1000.service
conf_first
ebpfguardctl reload >/dev/null
hold $FIRST $SECOND downgrade
log_in
verdict "downgrade: sessions by ssh"
one=$(in_kernel)
mkfifo /tmp/fill
"$T/fill" file_open </tmp/fill >/tmp/filled &
fill_pid=$!
exec 7>/tmp/fill
until_true 60 test -s /tmp/filled
matches "a hook is full: 38 programs are all that the kernel takes" "^full 3[5-7]$" "$(cat /tmp/filled)" # systemd's may be there
conf_second
mark
use "$OTHER"
kill -9 "$(helper_pid)"
refused() { log_has 'cannot start: hook lsm/file_open is full'; }
until_true 600 refused || wrong+=("no such line")
verdict "a hook is full: the helper does not start, and says which"
is "a hook is full: sessions stay guarded by what there is" "EPERM ok" "$(tries_now ssh)"
exec 7>&-
wait $fill_pid
mark
until_true 600 runs_now "$OTHER" || wrong+=("$(basename "$OTHER") does not run")
verdict "downgrade: the older helper runs"
is "downgrade: each version has its pins" "v4711 $own" "$(sets)"
pins=$BPFFS/v4711
changed downgrade "${own#v}" $SECOND $FIRST
log_out
is "downgrade: the session by ssh: never another policy" "EPERM ok" "$(tried ssh)"
release downgrade
until_true 120 has_sets v4711 || wrong+=("pins: $(sets)")
verdict "downgrade: with the last session all pins of this version go"
logged "downgrade: and the log says so" "no session is left under version ${own#v}: its programs and pins are dropped"
echo "# in the kernel: $one with this version, $(in_kernel) with the other"
loginctl disable-linger alice
systemctl stop user@1000.service
all_over

# ---- pins that are nobody's; the end of all

mark
hold $SECOND $FIRST unload
mkdir $BPFFS/v99 $BPFFS/v98 $BPFFS/v97_new $BPFFS/v96_gone
bpftool map create $BPFFS/v99/map_eg_sessions type hash key 200 value 500 entries 4 name nobodys
bpftool map create $BPFFS/v97_new/map_eg_sessions type hash key 8 value 8 entries 4 name nobodys
key=$(printf '1 %.0s' {1..200}) value=$(printf '2 %.0s' {1..500})
# shellcheck disable=SC2086 # bytes
bpftool map update pinned $BPFFS/v99/map_eg_sessions key $key value $value
bpftool map create $BPFFS/v98/map_eg_state type array key 4 value 4000 entries 1 name nobodys
swap "$THIS"
verdict "pins that are nobody's: the helper runs"
logged "pins that are nobody's: said, of a key of another size" "v99 is not a set .*: map_eg_sessions is of another kind: type 1, key 200, "
logged "pins that are nobody's: said, of one that is missing" "v98 is not a set .*: map_eg_sessions: No such file"
is "pins that are nobody's: they stay, what a helper left half done goes" "v4711 $own v98 v99" "$(sets)"
matches "unload: three versions have programs" "$HELD sessions stay under version 4711" "$(since_mark)"
systemctl stop ebpfguard.service ebpfguard.socket
is "unload: all versions" 0 "$("$THIS" --unload >&2; echo $?)"
in_kernel_is "unload: nothing is in the kernel" "programs=0 links=0 attached=0"
is "unload: no pins" "" "$(ls -d $BPFFS 2>/dev/null)"
eval "exec ${held[1]}>&-"
wait $held_pid
pins=$BPFFS/$own
conf_first
use_real_helper
systemctl start ebpfguard.socket
until_true 600 is_active
is "the real helper again" active "$(systemctl is-active ebpfguard.service)"
# Of the sessions that --unload has let go: nobody was told of their end. The helper looks once a minute for old ones.
no_leaf() { [[ -z $(find "$CGROUPS/ebpfguard" -mindepth 1 -type d) ]]; }
until_true 150 no_leaf
all_over
