#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# test_ctl_check.sh EBPFGUARDCTL: what "ebpfguardctl check" finds in a configuration, each finding beside one that looks
# like it and is none; for what has no effect see test_ctl_idle.sh. TAP.
set -uo pipefail

# shellcheck source=tests/ctl_check.sh
. "$(dirname "$0")/ctl_check.sh"

no_effect='and deny wins at equal length'
first='never decides: for all that it names others come first, such as'

# ---- names of nothing

warns "a program that is not there" $'setuid = { deny = true;\n allow = [ "/bin/true", "/usr/bin/sduo" ]; };' \
	2 'setuid.allow: /usr/bin/sduo has no effect: No such file or directory'
warns "a program that is a directory" 'setuid = { deny = true; allow = [ "/usr/bin" ]; };' \
	1 'setuid.allow: /usr/bin has no effect: it is not a program'
refuses "setuid.users: a user that is not there" $'setuid = { deny = true;\n users = [ "root", "no-such-user" ]; };' \
	2 'setuid.users: there is no user "no-such-user"'
refuses "setuid.groups: a group that is not there" 'setuid = { deny = true; groups = [ "no-such-group" ]; };' \
	1 'setuid.groups: there is no group "no-such-group"'
fine "users and groups that are there, and numbers" \
	'setuid = { deny = true; users = [ "root", "12345678" ]; groups = [ "shadow", "12345678" ]; };'
warns "setuid.users without root" 'setuid = { deny = true; users = [ "daemon" ]; };' \
	1 'setuid.users does not name root: sessions may become root'
fine "setuid.users with root's number" 'setuid = { deny = true; users = [ "daemon", "0" ]; };'
fine "setuid.users without root where nothing is denied" 'setuid = { deny = false; users = [ "daemon" ]; };'
warns "managers.exempt: a user that is not there" 'managers = { exempt = [ "root", "no-such-user" ]; };' \
	1 'managers.exempt: there is no user "no-such-user"'
fine "managers.exempt: one that is" 'managers = { exempt = [ "root" ]; };'

# ---- rules of programs

# group PROGRAM [REST]
group() { printf '{ programs = [ "%s" ]; allow = [ "18.0.0.0/9" ]; %s }' "$1" "${2:-}"; }
base='deny = [ "18.0.0.0/9" ]; rules = ('
fine "two programs" "$base"$'\n'"$(group /bin/true),"$'\n'"$(group /bin/false) );"
warns "a group's program that is not there" "$base"$'\n'"$(group /bin/true),"$'\n'"$(group "$dir/none") );" \
	3 "rules[].programs: $dir/none has no effect: No such file or directory"
# As the helper: what others could replace is none, and of a script the interpreter counts.
cp /bin/true program
ln program program-linked
others='has no effect: others than root could put something else in its place'
warns "a group's program where others can write" "$base $(group "$dir/program") );" 1 "rules[].programs: $dir/program $others"
warns "a group's program that is a script" "$base $(group /usr/bin/ldd) );" \
	1 'rules[].programs: /usr/bin/ldd has no effect: it is a script, and what counts is its interpreter'
same() { echo "$1 is the same file as $2 on line 2, which has rules of its own already; a program is named once"; }
warns "a program named twice, by a link" "$base"$'\n'"$(group /usr/bin/true),"$'\n'"$(group /bin/true) );" \
	3 "$(same /bin/true /usr/bin/true)"
warns "a program named twice, by a second name" "$base"$'\n'"$(group "$dir/program"),"$'\n'"$(group "$dir/program-linked") );" \
	2 "rules[].programs: $dir/program $others" 3 "rules[].programs: $dir/program-linked $others" \
	3 "$(same "$dir/program-linked" "$dir/program")"
setuid="setuid = { deny = true; };"
fine "a group's setuid.allow" \
	"$setuid $base $(group /bin/true 'setuid = { allow = [ "/bin/true" ]; };') );"
warns "a group's setuid.allow that is not there" \
	"$setuid $base $(group /bin/true 'setuid = { allow = [ "/bin/none" ]; };') );" \
	1 'rules[].setuid.allow: /bin/none has no effect: No such file or directory'
fine "a script in setuid.allow" "$setuid $base $(group /bin/true 'setuid = { allow = [ "/usr/bin/ldd" ]; };') );"
warns "setuid.allow where others can write" 'setuid = { deny = true; allow = [ "'"$dir/program"'" ]; };' \
	1 "setuid.allow: $dir/program $others"
warns "a group's setuid.allow without setuid.deny" \
	"$base $(group /bin/true 'setuid = { allow = [ "/bin/true" ]; };') );" \
	1 'rules[].setuid.allow has no effect without setuid.deny = true'

# ---- what is likely to be missed

itself='this host itself: its name server, mail and databases'
fine "the addresses beside loopback" 'deny = [ "126.0.0.0/8", "128.0.0.0/8", "::2" ];'
warns "loopback" 'deny = [ "127.0.0.0/8" ];' 1 "deny 127.0.0.0/8 covers 127.0.0.1, $itself" \
	1 'deny 127.0.0.0/8 covers 127.0.0.53, the name server of systemd-resolved'
warns "loopback v6" 'deny = [ "::1" ];' 1 "deny ::1/128 covers ::1, $itself"
part='this host itself: what serves there cannot be reached'
warns "a port of loopback" 'deny = [ "127.0.0.1:25/tcp" ];' 1 "deny 127.0.0.1/32:25/tcp covers port 25/tcp of 127.0.0.1, $part"
warns "ports of loopback" 'deny = [ "127.0.0.0/8:25-30" ];' 1 "deny 127.0.0.0/8:25-30 covers ports 25-30 of 127.0.0.1, $part"
warns "a protocol of loopback" 'deny = [ "127.0.0.0/8/tcp" ];' 1 "deny 127.0.0.0/8/tcp covers tcp of 127.0.0.1, $part"
warns "a protocol of loopback v6" 'deny = [ "[::1]/udp" ];' 1 "deny ::1/128/udp covers udp of ::1, $part"
fine "a port of loopback that is excepted" $'deny = [ "127.0.0.0/8:25/tcp" ];\nallow = [ "127.0.0.1:25/tcp" ];'
warns "ports of loopback of which the first is excepted" $'deny = [ "127.0.0.0/8:25-30/tcp" ];\nallow = [ "127.0.0.1:25/tcp" ];' \
	1 "deny 127.0.0.0/8:25-30/tcp covers ports 25-30/tcp of 127.0.0.1, $part"
fine "a port everywhere, which leaves loopback" 'deny = [ "*:25/tcp", "0.0.0.0/0/udp" ];'
fine "a port of another address of loopback" 'deny = [ "127.0.0.2:25/tcp" ];'
warns "the name server by tcp" 'deny = [ "127.0.0.53/tcp" ];' \
	1 'deny 127.0.0.53/32/tcp covers tcp of 127.0.0.53, the name server of systemd-resolved'
warns "all of loopback, and a port of it" $'deny = [ "::1", "[::1]:25/tcp" ];' 1 "deny ::1/128 covers ::1, $itself" \
	1 "deny [::1]/128:25/tcp $first deny ::1/128 on line 1"
for rule in 127.0.0.1 127.0.0.1/tcp 127.0.0.1:25/tcp; do
	case $rule in
	*:25*) what="covers port 25/tcp of 127.0.0.1, $part" ;;
	*tcp) what="covers tcp of 127.0.0.1, $part" ;;
	*) what="covers 127.0.0.1, $itself" ;;
	esac
	warns "loopback in the rules of a program, $rule" $'rules = (\n{ programs = [ "/bin/true" ];\n'"deny = [ \"$rule\" ]; } );" \
		3 "deny ${rule/0.1/0.1\/32} $what"
done
fine "rules of a program about elsewhere" 'rules = ( { programs = [ "/bin/true" ]; deny = [ "18.0.0.0/9" ]; } );'
warns "the name server" 'deny = [ "127.0.0.53:53/udp" ];' \
	1 'deny 127.0.0.53/32:53/udp covers 127.0.0.53, the name server of systemd-resolved'
fine "everything, which leaves loopback" $'deny = [ "0.0.0.0/0", "::/0" ];\nallow = [ "10.0.0.0/8" ];'
here='the address you are logged in from: this connection stays, sessions cannot open new ones to there'
export SSH_CONNECTION='18.1.2.3 4242 10.0.0.1 22'
warns "where one is logged in from" 'deny = [ "18.0.0.0/9" ];' 1 "deny 18.0.0.0/9 covers 18.1.2.3, $here"
fine "elsewhere" 'deny = [ "19.0.0.0/9" ];'
there='the address you are logged in from: this connection stays, sessions cannot open such ones to there'
warns "a port there" 'deny = [ "18.0.0.0/9:25/tcp" ];' 1 "deny 18.0.0.0/9:25/tcp covers port 25/tcp of 18.1.2.3, $there"
warns "a protocol there" 'deny = [ "18.0.0.0/9/tcp" ];' 1 "deny 18.0.0.0/9/tcp covers tcp of 18.1.2.3, $there"
warns "a protocol everywhere" 'deny = [ "*/tcp" ];' 1 "deny */tcp covers tcp of 18.1.2.3, $there"
fine "a port everywhere" 'deny = [ "*:25/tcp", "0.0.0.0/0:465" ];'
fine "a port there where nothing but loopback can be reached" 'default = "deny"; deny = [ "18.0.0.0/9:25/tcp" ];'
warns "there in the rules of a program" $'rules = (\n{ programs = [ "/bin/true" ];\ndeny = [ "18.0.0.0/9" ]; } );' \
	3 "deny 18.0.0.0/9 covers 18.1.2.3, $here"
export SSH_CONNECTION='fe80::1%eth0 4242 fe80::2%eth0 22'
warns "where one is logged in from, by an interface" 'deny = [ "fe80::/10" ];' 1 "deny fe80::/10 covers fe80::1, $here"
for SSH_CONNECTION in '' ' ' 'nonsense 1 2 3' "$(printf '1%.0s' {1..200}) 1 2 3"; do
	fine "logged in from \"${SSH_CONNECTION:0:10}\"" 'deny = [ "18.0.0.0/9" ];'
done
unset SSH_CONNECTION

# ---- audit that is none

# audited PROFILES: each on a line of its own, from 2 on; "a" is given.
audited() { printf 'mode = "audit"; match = ( { user = "root"; profile = "a"; } ); profiles = (\n%s );' "$1"; }
enforces='enforces, though the file says audit: give it mode = "audit", or extends = "default"; where that is meant, mode = "enforce"'
warns "a profile that enforces beside audit" "$(audited '{ name = "a"; }')" 2 "profile a $enforces"
warns "one that others extend" "$(audited $'{ name = "b"; },\n{ name = "a"; extends = "b"; }')" 2 "profile b $enforces"
fine "one that audits" "$(audited '{ name = "a"; mode = "audit"; }')"
fine "one that is said to enforce" "$(audited '{ name = "a"; mode = "enforce"; }')"
fine "one that extends default" "$(audited '{ name = "a"; extends = "default"; }')"
fine "where the file enforces" 'match = ( { user = "root"; profile = "a"; } ); profiles = ( { name = "a"; } );'

# ---- managers: who gets a profile that is stricter than that of the user's manager

strict='{ name = "strict"; extends = "default"; deny = [ "18.0.0.0/9", "19.0.0.0/9" ]; }'
loose='{ name = "loose"; extends = "default"; mode = "audit"; }'
# matched PROFILES ENTRIES: the profiles on line 2, each entry on a line of its own, from 4 on.
matched() { printf 'deny = [ "18.0.0.0/9" ];\nprofiles = ( %s );\nmatch = (\n%s );' "$1" "$2"; }
# looser SESSION WHERE MANAGER WHERE KEY ABOVE: what is said.
looser() {
	printf 'sessions that get "%s"%s can have programs run by the user%ss systemd manager, which gets "%s"%s: it is not as strict, or not known to be, in %s; give it "%s", too, by an entry for the same people with service = "systemd-user"%s' \
		"$1" "$2" "'" "$3" "$4" "$5" "$1" "$6"
}
none=' because no entry matches' above=' above that one'
for who in 'rhost = "192.0.2.0/24"' "key = \"SHA256:$(printf 'A%.0s' {1..43})\"" 'service = "sshd"' 'service = "cron"'; do
	warns "manager: stricter by $who" "$(matched "$strict" "{ $who; profile = \"strict\"; }")" \
		4 "$(looser strict ' here' default "$none" 'deny, allow and default' '')"
	fine "manager: the same by $who" "$(matched "$strict" "{ $who; profile = \"default\"; }, { user = \"root\"; profile = \"strict\"; }")"
done
fine "manager: by user and group it is in step" "$(matched "$strict, $loose" \
	$'{ user = "daemon"; profile = "strict"; },\n{ group = "adm"; profile = "loose"; }')"
warns "manager: said once for two profiles" "$(matched "$strict" \
	$'{ rhost = "192.0.2.0/24"; profile = "strict"; },\n{ rhost = "192.0.3.0/24"; profile = "strict"; }')" \
	4 "$(looser strict ' here' default "$none" 'deny, allow and default' '')"
fine "manager: no service is sshd" "$(matched "$strict" $'{ service = "sshd"; profile = "default"; },
{ rhost = "192.0.2.0/24"; profile = "strict"; }')"
fine "manager: given the same" "$(matched "$strict" \
	$'{ rhost = "192.0.2.0/24"; profile = "strict"; },\n{ service = "systemd-user"; profile = "strict"; }')"
fine "manager: stricter than sessions" "$(matched "$strict" '{ service = "systemd-user"; profile = "strict"; }')"
warns "manager: an entry for it that is looser" "$(matched "$loose" '{ service = [ "cron", "systemd-user" ]; profile = "loose"; }')" \
	4 "$(looser default "$none" loose ' here' mode "$above")"
warns "manager: both by entries" "$(matched "$strict, $loose" \
	$'{ service = "systemd-user"; profile = "loose"; },\n{ rhost = "192.0.2.0/24"; profile = "strict"; },\n{ profile = "loose"; }')" \
	5 "$(looser strict ' here' loose ' by line 4' mode "$above")"
warns "manager: of who is in two groups" "$(matched "$strict, $loose" \
	$'{ group = "adm"; service = "systemd-user"; profile = "loose"; },\n{ group = "games"; profile = "strict"; },\n{ profile = "loose"; }')" \
	5 "$(looser strict ' here' loose ' by line 4' mode "$above")"
warns "manager: a user is in the groups he is in" "$(matched "$strict, $loose" \
	$'{ user = "daemon"; rhost = "192.0.2.0/24"; profile = "strict"; },\n{ group = "daemon"; profile = "loose"; },\n{ user = "daemon"; profile = "strict"; }')" \
	4 "$(looser strict ' here' loose ' by line 5' mode "$above")"
# A profile and one that the manager has instead: KEY, or nothing.
pairs=(
	'' '' ''
	'mode = "audit"; tampering = "kill";' '' ''
	'deny = [ "19.0.0.0/9" ];' 'default = "deny";' ''
	'deny = [];' 'default = "deny"; allow = [ "20.0.0.0/9" ];' ''
	'mode = "audit"; deny = [ "19.0.0.0/9" ]; setuid = { deny = true; };' '' ''
	'deny = [ "19.0.0.0/9" ]; allow = [ "18.0.0.0/9:443" ];' 'deny = [ "19.0.0.0/9", "20.0.0.0/9" ];' ''
	'deny = [ "19.0.0.0/9" ];' 'deny = [ "19.0.0.0/9" ]; allow = [ "19.1.0.0/16" ];' 'deny, allow and default'
	'deny = [ "19.0.0.0/9" ];' 'deny = [ "19.0.0.0/8" ];' 'deny, allow and default'
	'default = "deny";' '' 'deny, allow and default'
	'action = "kill";' '' 'deny, allow and default'
	'action = "kill"; egress = { action = "deny"; }; unix = { action = "audit"; }; leaving = "deny"; tampering = "deny"; bind = { action = "deny"; }; sockets = { action = "deny"; }; setuid = { action = "deny"; }; mount = { action = "deny"; }; capabilities = { action = "deny"; }; files = { action = "deny"; }; exec = { action = "deny"; };' '' ''
	'leaving = "deny";' 'leaving = "audit";' leaving
	'tampering = "kill";' 'tampering = "deny";' tampering
	'bind = { deny = [ "80" ]; };' '' bind
	'bind = { deny = [ "80" ]; };' 'bind = { deny = [ "80", "81" ]; };' ''
	'' 'sockets = { allow = [ "raw" ]; };' sockets
	'' 'sockets = { allow = [ "AF_PACKET" ]; };' sockets
	'sockets = { allow = [ "raw" ]; };' '' ''
	'setuid = { deny = true; };' '' setuid
	'setuid = { deny = true; };' 'setuid = { deny = true; allow = [ "/bin/true" ]; };' setuid
	'setuid = { deny = true; };' 'setuid = { deny = true; users = [ "root" ]; };' setuid
	'mount = { deny = true; };' '' mount
	'mount = { deny = true; };' 'mount = { deny = true; allow = [ "tmpfs" ]; };' mount
	'' 'mount = { deny = true; allow = [ "tmpfs" ]; };' ''
	'capabilities = { deny = [ "BPF" ]; };' 'capabilities = { deny = [ "CHOWN" ]; };' capabilities
	'unix = { deny = [ "@x" ]; };' '' unix
	'' 'unix = { services = "allow"; };' unix
	'' 'unix = { same_user = "allow"; };' unix
	'files = { deny_read = [ "/x" ]; };' 'files = { deny_write = [ "/x" ]; };' files
	'files = { deny_write = [ "/x" ]; };' 'files = { deny_write = [ "/x" ]; allow = [ "/x/y" ]; };' files
	'exec = { deny = [ "/x" ]; };' '' exec
	'exec = { allow_only = [ "/x" ]; };' 'exec = { allow_only = [ "/x", "/y" ]; };' exec
	'exec = { allow_only = [ "/x", "/y" ]; };' 'exec = { allow_only = [ "/x" ]; };' ''
	'rules = ( { programs = [ "/bin/true" ]; deny = [ "20.0.0.0/9" ]; } );' '' rules
	'rules = ( { programs = [ "/bin/true" ]; allow = [ "18.1.0.0/16" ]; } );' '' ''
	'' 'rules = ( { programs = [ "/bin/true" ]; allow = [ "18.1.0.0/16" ]; } );' rules
	'record = { exec = true; };' '' ''
)
for ((i = 0; i < ${#pairs[@]}; i += 3)); do
	conf=$(matched "{ name = \"a\"; extends = \"default\"; ${pairs[i]} }, { name = \"b\"; extends = \"default\"; ${pairs[i + 1]} }" \
		$'{ service = "systemd-user"; profile = "b"; },\n{ profile = "a"; }')
	expected=''
	[[ ${pairs[i + 2]} ]] && expected="conf:5: warning: $(looser a ' here' b ' by line 4' "${pairs[i + 2]}" "$above")"
	is "manager: ${pairs[i]:-nothing}, and for it ${pairs[i + 1]:-nothing}" "$expected" "$(said "$conf" | grep 'systemd manager')"
done

# ---- hard links

elsewhere='a hard link elsewhere is not covered'
files() { printf 'files = {\n deny_read = [ %s ];\n allow = [ %s ];\n deny_write = [ %s ];\n};' "${1:-}" "${2:-}" "${3:-}"; }
quoted() { printf "\"$dir/%s\", " "$@" | sed 's/, $//'; }
mkdir -p tree/sub tree/open out
echo x | tee single double tree/a tree/sub/b tree/open/c tree/d >/dev/null
ln double out/double
ln tree/sub/b out/b
ln tree/d tree/sub/d
ln -s double soft
ln -s tree soft-tree
fine "a file with one name" "$(files "$(quoted single)")"
warns "a file with another" "$(files "$(quoted single double)")" 2 "$dir/double has 2 names; $elsewhere"
warns "by a link" "$(files "$(quoted soft)")" 2 "$dir/soft has 2 names; $elsewhere"
warns "that may not be written" "$(files '' '' "$(quoted double)")" 4 "$dir/double has 2 names; $elsewhere"
fine "both names are denied" "$(files "$(quoted double out/double)")"
fine "both names are denied, one here and one there" "$(files "$(quoted double)" '' "$(quoted out/double)")"
warns "one name that is denied twice" "files = { deny_read = [ $(quoted double) ]; deny_write = [ $(quoted double) ]; };" \
	1 "$dir/double has 2 names; $elsewhere"
fine "a file that is not there" "$(files "$(quoted none)")"
warns "a tree, with names in it and elsewhere" "$(files "$(quoted tree)")" 2 "$dir/tree/sub/b has 2 names; $elsewhere"
warns "a tree by a link" "$(files "$(quoted soft-tree)")" 2 "$dir/soft-tree/sub/b has 2 names; $elsewhere"
fine "a tree and where the names are" "$(files "$(quoted tree out/b)")"
ln tree/open/c out/c
fine "what is allowed is not looked at" "$(files "$(quoted tree)" "$(quoted tree/open)" "$(quoted out/b)")"
warns "but what is not" "$(files "$(quoted tree)" "$(quoted tree/sub)")" \
	2 "$dir/tree/d has 2 names; $elsewhere" 2 "$dir/tree/open/c has 2 names; $elsewhere"

mkdir many many-out
for ((i = 10; i < 31; i++)); do
	: >many/$i
	ln many/$i many-out/$i
done
out=$(said "$(files "$(quoted many)")")
is "many: twenty are listed" 20 "$(grep -c "^conf:2: warning: $dir/many/[0-9]* has 2 names; $elsewhere\$" <<<"$out")"
is "many: the others are counted" $'conf:2: warning: 1 more file has names elsewhere that are not covered\nconf: valid, 21 warnings\nstatus 1' \
	"$(tail -n 3 <<<"$out")"
: >many/31
ln many/31 many-out/31
is "many: and are many" "conf:2: warning: 2 more files have names elsewhere that are not covered" \
	"$(said "$(files "$(quoted many)")" | grep more)"
rm many/3?
fine=$(said "$(files "$(quoted many)")")
is "many: twenty and no more" $'conf: valid, 20 warnings\nstatus 1' "$(tail -n 2 <<<"$fine")"

# Who is not root; only root can become that.
if ((!EUID)); then
	mkdir -p shut/readable/not
	chmod 711 . shut
	chmod 700 shut/readable/not
	cp "$CTL" ctl
	nobody_said() { # CONFIGURATION
		printf '%s\n' "$1" | install -o 65534 -m 644 /dev/stdin shut/conf
		(cd shut && setpriv --reuid=65534 --regid=65534 --clear-groups ../ctl check conf 2>&1)
	}
	unseen() { echo "conf:$1: warning: hard links could not be looked for in $2, and maybe elsewhere, for lack of permission: run check as root"; }
	is "not root: a directory that cannot be read" "$(unseen 2 "$dir/shut")"$'\nconf: valid, 1 warning' \
		"$(nobody_said "$(files "$(quoted shut)")")"
	is "not root: one below it" "$(unseen 4 "$dir/shut/readable/not")"$'\nconf: valid, 1 warning' \
		"$(nobody_said "$(files '' '' "$(quoted shut/readable)")")"
	is "not root: a file in one" "$(unseen 2 "$dir/shut/readable/not/x")"$'\nconf: valid, 1 warning' \
		"$(nobody_said "$(files "$(quoted shut/readable/not/x none)")")"
	is "not root: what is not there, and what can be read" "conf: fine" "$(nobody_said "$(files "$(quoted none single)")")"
fi
fine "root sees it" "$(files "$(quoted shut)")"

# deep N: a tree with a directory of N levels, and behind it a file with a name elsewhere.
deep() {
	rm -rf deep
	mkdir -p "deep/$(printf 'd/%.0s' $(seq "$1"))"
	: >deep/last
	ln -f deep/last out/last
}
deep 64
warns "a deep tree" "$(files "$(quoted deep)")" 2 "$dir/deep/last has 2 names; $elsewhere"
deep 65
warns "a deeper one: said, and the rest is looked at" "$(files "$(quoted deep)")" 2 "$dir/deep/last has 2 names; $elsewhere" \
	2 'hard links were looked for 64 directories down only'
rm -rf deep out/last

# A hundred ways to one directory, which counts itself: looked at as often, two hundred thousand in all.
mkdir full
(cd full && seq 1999 | xargs touch)
for ((i = 10; i < 110; i++)); do ln -s full way$i; done
ways=$(quoted way{10..109})
fine "as many files as are looked at" "$(files "$ways")"
: >full/more
warns "and more" "$(files "$ways")" 2 'hard links were looked for in the first 200000 files only'

# ---- errors, and all of it at once

refuses "an unknown key" $'\ndney = [ "10.0.0.0/8" ];' 2 'unknown key "dney"; did you mean "deny"?'
refuses "more ports than the kernel's tables have room for" \
	"deny = [ $(seq -f '"18.0.0.0/9:%.0f/tcp"' 1 2 4999 | paste -sd,) ];" 1 \
	'the rules for this network and those around it make 5001 different ranges of protocols and ports, at most 4096 are possible'
is "a feed that is not there" $'/nonexistent: No such file or directory (exec.deny_sha256_files at conf:1)\nstatus 1' \
	"$(said 'exec = { deny_sha256_files = [ "/nonexistent" ]; };')"
printf '%s\n' 1.2.3.4 nonsense >feed
is "a bad line of a feed" "$dir/feed:2: warning: \"nonsense\" is not an IPv4 or IPv6 network such as 10.0.0.0/8 or 2001:db8::/32; passed over (deny_files at conf:1)
conf: valid, 1 warning
status 1" "$(said "deny_files = [ \"$dir/feed\" ];")"
# page TEXT: what is said of it as a feed that is named on line 2.
page() {
	printf '%b' "$1" >feed
	said $'\n'"allow_files = [ \"$dir/feed\" ];"
}
is "a page of HTML in place of a feed" "$dir/feed:2: is a page of HTML or XML, not a list: what servers send in place of one that is gone or wants a login; look at what fetches the file (allow_files at conf:2)
status 1" "$(page '\n<html>\n192.0.2.1\n')"
is "a feed that is empty" "$dir/feed: lists no network; an empty feed is refused (allow_files at conf:2)
status 1" "$(page '# nothing\n')"
is "a feed with bad lines only" "$dir/feed: lists no network; an empty feed is refused; 1 line is bad, as line 1: \"error 429\" holds more than a network and a comment behind # or ; (allow_files at conf:2)
status 1" "$(page 'error 429')"
chmod 620 feed
is "a feed that others can write" "$dir/feed: writable by others than its owner (mode 0620): run chmod go-w (allow_files at conf:2)
status 1" "$(page '192.0.2.1\n')"
chmod 600 feed
warns "several" $'deny = [ "18.0.0.0/9", "::1" ];\nallow = [ "18.0.0.0/9" ];\nbind = { allow = [ "80" ]; };\nmount = { allow = [ "tmpfs" ]; };' \
	2 "allow 18.0.0.0/9 has no effect: line 1 denies 18.0.0.0/9, $no_effect" \
	3 'bind.allow has no effect: without bind.deny every port may be bound; to refuse the rest add deny = [ "*" ];' \
	4 'mount.allow has no effect without mount.deny = true' 1 "deny ::1/128 covers ::1, $itself"
echo "1..$n"
