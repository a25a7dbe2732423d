#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# test_ctl_idle.sh EBPFGUARDCTL: what "ebpfguardctl check" finds that has no effect: rules that never decide, exceptions
# from nothing, entries of match for nobody; each beside one that looks like it and has one. TAP.
set -uo pipefail

# shellcheck source=tests/ctl_check.sh
. "$(dirname "$0")/ctl_check.sh"

# ---- rules without effect

no_effect='and deny wins at equal length'
instead='; to refuse all but this, leave that out and set default = "deny"'
fine "deny alone" 'deny = [ "18.0.0.0/9" ];'
warns "allow and deny of one network" $'deny = [ "18.0.0.0/9" ];\nallow = [ "18.0.0.0/9" ];' \
	2 "allow 18.0.0.0/9 has no effect: line 1 denies 18.0.0.0/9, $no_effect"
fine "allow of a longer prefix" $'deny = [ "18.0.0.0/9" ];\nallow = [ "18.0.0.0/10" ];'
warns "the same written differently" $'deny = [ "2001:db8::/32" ];\nallow = [ "2001:0db8:0::/32" ];' \
	2 "allow 2001:db8::/32 has no effect: line 1 denies 2001:db8::/32, $no_effect"
warns "allow of a port where all is denied" $'deny = [ "18.0.0.0/9" ];\nallow = [ "18.0.0.0/9:443/tcp" ];' \
	2 "allow 18.0.0.0/9:443/tcp has no effect: line 1 denies 18.0.0.0/9, $no_effect$instead"
fine "allow of all where a port is denied" $'deny = [ "18.0.0.0/9:443/tcp" ];\nallow = [ "18.0.0.0/9" ];'
warns "ports within the ports that are denied" $'deny = [ "18.0.0.0/9:400-500" ];\nallow = [ "18.0.0.0/9:443/tcp" ];' \
	2 "allow 18.0.0.0/9:443/tcp has no effect: line 1 denies 18.0.0.0/9:400-500, $no_effect"
fine "ports that go beyond" $'deny = [ "18.0.0.0/9:400-500" ];\nallow = [ "18.0.0.0/9:443-501/tcp" ];'
fine "ports that begin before" $'deny = [ "18.0.0.0/9:400-500" ];\nallow = [ "18.0.0.0/9:399-443/tcp" ];'
fine "another protocol" $'deny = [ "18.0.0.0/9:443/udp" ];\nallow = [ "18.0.0.0/9:443/tcp" ];'
warns "everywhere, in both families" $'deny = [ "*:53/udp" ];\nallow = [ "*:53/udp" ];' \
	2 "allow *:53/udp has no effect: line 1 denies *:53/udp, $no_effect"
fine "everywhere, denied in one family" $'deny = [ "0.0.0.0/0:53/udp" ];\nallow = [ "*:53/udp" ];'
warns "allow without deny" $'# nothing\nallow = [ "10.0.0.0/8" ];' \
	2 'allow has no effect: without deny everything is allowed; to refuse the rest add default = "deny";'
fine "allow with a default" $'default = "deny";\nallow = [ "10.0.0.0/8", "127.0.0.0/8" ];'
warns "bind.allow without bind.deny" 'bind = { allow = [ "8000-8999/tcp" ]; };' \
	1 'bind.allow has no effect: without bind.deny every port may be bound; to refuse the rest add deny = [ "*" ];'
fine "bind.allow with bind.deny" 'bind = { allow = [ "8000-8999/tcp" ]; deny = [ "*" ]; };'
wide='and deny wins at equal width'
warns "bind.allow of a port that is denied" $'bind = { deny = [ "80" ];\nallow = [ "80/tcp" ]; };' \
	2 "bind.allow 80/tcp has no effect: line 1 denies 80, $wide"
warns "bind.allow of ports that are denied" $'bind = { deny = [ "*" ];\nallow = [ "*/udp" ]; };' \
	2 "bind.allow */udp has no effect: line 1 denies *, $wide"
fine "bind.allow that is narrower, wider, and of more protocols" \
	'bind = { deny = [ "80-89", "90", "100/tcp" ]; allow = [ "80-88", "90-91", "100/udp", "100" ]; };'
programs='programs = [ "/bin/true" ];'
warns "allow and deny of one network in the rules of a program" \
	"rules = ( { $programs deny = [ \"18.0.0.0/9\" ];"$'\nallow = [ "18.0.0.0/9" ]; } );' \
	2 "allow 18.0.0.0/9 has no effect: line 1 denies 18.0.0.0/9, $no_effect"
warns "bind.allow of a port that is denied in the rules of a program" \
	"rules = ( { $programs bind = { deny = [ \"80\" ];"$'\nallow = [ "80/tcp" ]; }; } );' \
	2 "bind.allow 80/tcp has no effect: line 1 denies 80, $wide"
fine "allow in the rules of a program of what the profile denies" \
	"deny = [ \"18.0.0.0/9\" ]; bind = { deny = [ \"80\" ]; }; rules = ( { $programs allow = [ \"18.0.0.0/9\" ]; bind = { allow = [ \"80\" ]; }; } );"
first='never decides: for all that it names others come first, such as'
echo 18.0.0.0/9 >fed
warns "a rule that another says already" $'deny = [ "18.0.0.0/9", \n"18.0.0.0/9:443/tcp" ];' \
	2 "deny 18.0.0.0/9:443/tcp $first deny 18.0.0.0/9 on line 1"
fine "the same, the narrow one first" 'deny = [ "18.0.0.0/9:443/tcp", "18.0.0.0/9" ];'
warns "ports that two rules name together" $'deny = [ "18.0.0.0/9:1-500", "18.0.0.0/9:501-1000",\n"18.0.0.0/9:1-1000" ];' \
	2 "deny 18.0.0.0/9:1-1000 $first deny 18.0.0.0/9:1-500 on line 1"
fine "ports that two rules do not name all" 'deny = [ "18.0.0.0/9:1-500", "18.0.0.0/9:501-999", "18.0.0.0/9:1-1000" ];'
warns "allow of ports that two rules deny together" \
	$'deny = [ "18.0.0.0/9:1-500",\n"18.0.0.0/9:501-1000/tcp" ];\nallow = [ "18.0.0.0/9:400-600/tcp" ];' \
	3 "allow 18.0.0.0/9:400-600/tcp $first deny 18.0.0.0/9:1-500 on line 1"
fine "allow of those for more protocols" 'deny = [ "18.0.0.0/9:1-500", "18.0.0.0/9:501-1000/tcp" ]; allow = [ "18.0.0.0/9:400-600" ];'
warns "a network of which both halves have rules" $'deny = [ "18.0.0.0/8",\n"18.0.0.0/9" ];\nallow = [ "18.128.0.0/9" ];' \
	1 "deny 18.0.0.0/8 $first deny 18.0.0.0/9 on line 2"
fine "one half for a port only" 'deny = [ "18.0.0.0/8", "18.0.0.0/9" ]; allow = [ "18.128.0.0/9:443" ];'
warns "everything, in each family by another rule" $'allow = [ "*" ]; deny = [ "10.0.0.0/8",\n"0.0.0.0/0", "::/0" ];' \
	1 "allow * has no effect: line 2 denies ::/0, $no_effect"
warns "no rule to show" 'default = "deny"; allow = [ "0.0.0.0/1/tcp", "128.0.0.0/1/tcp", "0.0.0.0/0:25/tcp" ];' \
	1 'allow 0.0.0.0/0:25/tcp never decides: for all that it names others come first'
warns "no rule to show, but one for the IPv4 address in that of IPv6" \
	$'deny = [ "10.0.0.0/8" ]; allow = [ "2002:a00::/24",\n"[2002:a00::]/24:80" ];' \
	2 'allow [2002:a00::]/24:80 never decides: for all that it names others come first'
warns "a rule before it, and not a feed's" "deny_files = [ \"$dir/fed\" ]; default = \"deny\";"$' allow = [ "18.0.0.0/8",\n"18.0.0.0/8:80" ];' \
	2 "allow 18.0.0.0/8:80 $first allow 18.0.0.0/8 on line 1"
warns "ports to bind that two rules name together" $'bind = { deny = [ "1-500", "501-1000" ];\nallow = [ "1-1000" ]; };' \
	2 "bind.allow 1-1000 $first deny 1-500 on line 1"
fine "ports to bind that they do not name all" 'bind = { deny = [ "1-500", "502-1000" ]; allow = [ "1-1000" ]; };'
warns "a program's network of which both halves have rules for everybody" \
	"deny = [ \"18.0.0.0/9\", \"18.128.0.0/9\" ]; rules = ( { $programs"$'\nallow = [ "18.0.0.0/8", "18.0.0.0/9" ]; } );' \
	2 "allow 18.0.0.0/8 $first allow 18.0.0.0/9 on line 2"
warns "a program's ports of which each has a rule for everybody" \
	"bind = { deny = [ \"80\", \"81\" ]; }; rules = ( { $programs"$'\nbind = { allow = [ "80-81" ]; }; } );' \
	2 "bind.allow 80-81 $first deny 80 on line 1"
fine "a program's rules that do not fit together with those for everybody: nothing is known of them" \
	"deny = [ $(seq -f '"18.0.0.0/9:%.0f/tcp"' 1 2 2999 | paste -sd,) ]; rules = ( { $programs allow = [ $(seq -f '"18.0.0.0/8:%.0f/tcp"' 4000 2 6998 | paste -sd,) ]; } );"
warns "what a profile takes over, said once" "profiles = ( { name = \"a\"; extends = \"default\"; } ); match = ( { profile = \"a\"; } );"$'\ndeny = [ "18.0.0.0/9",\n"18.0.0.0/9:443" ];' \
	3 "deny 18.0.0.0/9:443 $first deny 18.0.0.0/9 on line 2"
out=$(said "deny = [ \"18.0.0.0/9\", $(seq -f '"18.0.0.0/9:%.0f"' 1 40 | paste -sd,) ];")
is "many: twenty are shown with another" '20 40' "$(grep -c 'such as' <<<"$out") $(grep -c 'never decides' <<<"$out")"
printf '%s\n' '# list' 19.0.0.0/9 18.0.0.0/9 18.0.0.0/9 2001:db8::/32 >feed
fed="deny_files: line 3 of $dir/feed denies 18.0.0.0/9, $no_effect"
warns "allow of a network that a feed denies" "deny_files = [ \"$dir/feed\" ];"$'\nallow = [ "20.0.0.0/9",\n"18.0.0.0/9:443",\n"18.0.0.0/9",\n"2001:db8::/32" ];' \
	3 "allow 18.0.0.0/9:443 has no effect: $fed" 4 "allow 18.0.0.0/9 has no effect: $fed" \
	5 "allow 2001:db8::/32 has no effect: deny_files: line 5 of $dir/feed denies 2001:db8::/32, $no_effect"
fine "allow of what is in a network that a feed denies, around it and beside" \
	"deny_files = [ \"$dir/feed\" ]; allow = [ \"18.0.0.0/10\", \"18.0.0.0/8\", \"18.128.0.0/9\", \"*:80\" ]; deny = [ \"19.0.0.0/9\" ];"
fine "deny of a network that a feed allows" "allow_files = [ \"$dir/feed\" ]; deny = [ \"18.0.0.0/9\", \"20.0.0.0/9\" ]; allow = [ \"18.0.0.0/10\" ];"
fine "allow of a network that a feed allows" "allow_files = [ \"$dir/feed\" ]; deny = [ \"20.0.0.0/9\" ]; allow = [ \"18.0.0.0/9\" ];"
fine "allow for a program of what a feed denies" \
	"deny_files = [ \"$dir/feed\" ]; rules = ( { $programs allow = [ \"18.0.0.0/9\" ]; } );"
# Each against each would be ten thousand millions.
awk 'BEGIN { for (i = 0; i < 1000000; i++) printf "18.%d.%d.%d\n", i / 65536, i / 256 % 256, i % 256 }' >million
{
	echo "deny_files = [ \"$dir/million\" ]; allow = ["
	awk 'BEGIN { for (i = 0; i < 10000; i++) printf "\"19.%d.%d.%d\",\n", i / 65536, i / 256 % 256, i % 256 }'
	echo '"18.15.0.0" ];'
} >conf
is "a million lines" "conf:10002: warning: allow 18.15.0.0/32 has no effect: deny_files: line 983041 of $dir/million denies 18.15.0.0/32, $no_effect
conf: valid, 1 warning" "$(timeout 40 "$CTL" check conf 2>&1)"
rm million
warns "setuid.allow without setuid.deny" $'setuid = {\n allow = [ "/bin/true" ];\n};' \
	2 'setuid.allow has no effect without setuid.deny = true'
fine "setuid.allow with setuid.deny" 'setuid = { deny = true; allow = [ "/bin/true" ]; };'
warns "mount.allow without mount.deny" 'mount = { allow = [ "tmpfs" ]; };' \
	1 'mount.allow has no effect without mount.deny = true'
fine "mount.allow with mount.deny" 'mount = { deny = true; allow = [ "tmpfs" ]; };'

# ---- exceptions for paths

same='names the same, and what denies wins'
without='has no effect without files.deny_read or files.deny_write'
# allows READ WRITE REST: /nowhere/x on line 2, beside these lists.
allows() { printf 'files = { deny_read = [ %s ]; deny_write = [ %s ]; allow = [\n"/nowhere/x" ]; }; %s' "$1" "$2" "${3:-}"; }
# of_program FILES: the same for a program.
of_program() { printf 'rules = ( { %s files = { %s }; } );' "$programs" "$1"; }
warns "files.allow alone" "$(allows '' '')" 2 "files.allow $without"
warns "files.allow of what may not be read, and nothing else is denied" "$(allows '"/nowhere/x"' '')" \
	2 "files.allow /nowhere/x has no effect: files.deny_read on line 1 $same"
warns "files.allow of what may not be written, and nothing else is denied" "$(allows '' '"/nowhere/x", "/b", "/a"')" \
	2 "files.allow /nowhere/x has no effect: files.deny_write on line 1 $same"
warns "files.allow of what may be neither read nor written" "$(allows '"/nowhere/x"' '"/nowhere/x"')" \
	2 "files.allow /nowhere/x has no effect: files.deny_read on line 1 $same"
warns "the same written differently" "$(allows '"/nowhere//./x/"' '')" \
	2 "files.allow /nowhere/x has no effect: files.deny_read on line 1 $same"
fine "files.allow of what may not be read, and be written" "$(allows '"/nowhere/x"' '"/nowhere"')"
fine "files.allow of what may be read, and not be written" "$(allows '"/nowhere"' '"/nowhere/x"')"
fine "files.allow below" "$(allows '"/nowhere"' '')"
fine "files.allow above" "$(allows '"/nowhere/x/y"' '')"
fine "files.allow of a longer name" "$(allows '"/nowhere/xy"' '')"
fine "files.allow of what a program may not" "$(allows '' '' "$(of_program 'deny_read = [ "/nowhere" ];')")"
fine "files.allow of what one may not read, and a program not write" \
	"$(allows '"/nowhere/x"' '' "$(of_program 'deny_write = [ "/nowhere" ];')")"
warns "files.allow of what neither may" "$(allows '"/nowhere/x"' '' "$(of_program 'deny_read = [ "/nowhere" ];')")" \
	2 "files.allow /nowhere/x has no effect: files.deny_read on line 1 $same"
warns "a program's files.allow alone" "$(of_program $'allow = [\n"/nowhere/x" ];')" 2 "rules[].files.allow $without"
fine "a program's files.allow of what everybody may not" \
	"files = { deny_read = [ \"/nowhere/x\" ]; }; $(of_program 'allow = [ "/nowhere/x" ];')"
warns "a program's files.allow of what it may not" "$(of_program $'deny_read = [ "/nowhere/x" ]; allow = [\n"/nowhere/x" ];')" \
	2 "rules[].files.allow /nowhere/x has no effect: files.deny_read on line 1 $same"
fine "a program's files.allow of what it may not read, and nobody write" \
	"files = { deny_write = [ \"/nowhere\" ]; }; $(of_program 'deny_read = [ "/nowhere/x" ]; allow = [ "/nowhere/x" ];')"
only() { printf 'exec = { allow_only = [ "/nowhere",\n"/nowhere/x" ]; deny = [ %s ]; };' "$1"; }
warns "exec.allow_only of what exec.deny names" "$(only '"/nowhere/x/"')" \
	2 "exec.allow_only /nowhere/x lets nothing be executed: exec.deny on line 2 $same"
fine "exec.allow_only of what is below and above" "$(only '"/nowhere/x/y", "/"')"
fine "exec.deny of what is not in exec.allow_only: libraries from there" "$(only '"/tmp"')"

# ---- what profiles take over from each other

# taken_over DESCRIPTION CONFIGURATION KEYS [LINE TEXT]...: all warnings, but for those about managers.
taken_over() {
	local what=$1 expected=''
	local conf="$2
profiles = ( { name = \"p\"; extends = \"default\";
$3 } );
match = ( { rhost = \"18.0.0.1\"; profile = \"p\"; } );"
	shift 3
	while (($#)); do
		expected+="conf:$1: warning: $2"$'\n'
		shift 2
	done
	is "$what" "${expected%$'\n'}" "$(said "$conf" | grep warning: | grep -v 'systemd manager')"
}
files='files = { deny_read = [ "/nowhere" ];'$'\nallow = [ "/nowhere/x" ]; };'
taken_over "files.allow that one profile has nothing to except from" "$files" 'files = { deny_read = []; };'
taken_over "one that neither has: said once" $'files = {\nallow = [ "/nowhere/x" ]; };' 'setuid = { deny = true; };' 2 "files.allow $without"
taken_over "one that names what another profile denies" "$files" 'files = { deny_read = [ "/nowhere/x" ]; };'
taken_over "one that names what each denies" $'files = { deny_read = [ "/nowhere/x" ];\nallow = [ "/nowhere/x" ]; };' \
	'files = { deny_write = [ "/nowhere/x" ]; };' 2 "files.allow /nowhere/x has no effect: files.deny_read on line 1 $same"
taken_over "one that has no effect but where reading is denied, too" \
	$'files = { deny_write = [ "/nowhere/x" ];\nallow = [ "/nowhere/x" ]; };' 'files = { deny_read = [ "/nowhere" ]; };'
taken_over "one of a list, of which one profile has nothing to except from" \
	$'files = { deny_read = [ "/nowhere/x", "/nowhere/y" ];\nallow = [ "/nowhere/x",\n"/nowhere/y/z" ]; };' 'files = { deny_read = []; };' \
	2 "files.allow /nowhere/x has no effect: files.deny_read on line 1 $same"
taken_over "files.allow where one alone denies anything" 'files = { allow = [ "/nowhere/x" ]; };' 'files = { deny_read = [ "/nowhere" ]; };'
taken_over "files.allow where one alone denies anything, and that just the same" $'files = {\nallow = [ "/nowhere/x" ]; };' \
	'files = { deny_read = [ "/nowhere/x" ]; };' 2 "files.allow /nowhere/x has no effect: files.deny_read on line 4 $same" \
	2 "files.allow $without"
taken_over "a program's files.allow" "rules = ( { $programs files = { allow = [ \"/nowhere/x\" ]; }; } ); files = { deny_read = [ \"/nowhere\" ]; };" \
	'files = { deny_read = []; };'
taken_over "a program's files.allow that has no effect in either" "rules = ( { $programs files = {"$'\nallow = [ "/nowhere/x" ]; }; } );' \
	'files = { deny_read = []; };' 2 "rules[].files.allow $without"
taken_over "exec.allow_only that one profile denies" 'exec = { allow_only = [ "/nowhere" ]; };' 'exec = { deny = [ "/nowhere" ]; };'
taken_over "exec.allow_only that both deny" $'exec = { deny = [ "/nowhere" ];\nallow_only = [ "/nowhere" ]; };' 'exec = { deny = [ "/nowhere/" ]; };' \
	2 "exec.allow_only /nowhere lets nothing be executed: exec.deny on line 1 $same"
taken_over "setuid.allow where one denies nothing" 'setuid = { deny = true; allow = [ "/bin/true" ]; };' 'setuid = { deny = false; };'
taken_over "setuid.allow where one alone denies" 'setuid = { allow = [ "/bin/true" ]; };' 'setuid = { deny = true; };'
taken_over "setuid.allow where none denies" $'setuid = {\nallow = [ "/bin/true" ]; };' 'setuid = { deny = false; };' \
	2 'setuid.allow has no effect without setuid.deny = true'
taken_over "a program's setuid.allow where one alone denies" "rules = ( { $programs setuid = { allow = [ \"/bin/true\" ]; }; } );" \
	'setuid = { deny = true; };'
taken_over "mount.allow where one alone denies" 'mount = { allow = [ "tmpfs" ]; };' 'mount = { deny = true; };'
taken_over "deny that decides in one" 'deny = [ "18.0.0.0/8:25/tcp" ];' 'allow = [ "18.0.0.0/9", "18.128.0.0/9" ];'
taken_over "deny that others leave nothing of in either" $'deny = [ "18.0.0.0/8",\n"18.0.0.0/8:25/tcp" ];' 'allow = [ "18.0.0.0/9" ];' \
	2 "deny 18.0.0.0/8:25/tcp $first deny 18.0.0.0/8 on line 1"
taken_over "allow that one denies, and the other does not" 'deny = [ "18.0.0.0/8" ]; allow = [ "18.0.0.0/9" ];' 'deny = [ "18.0.0.0/9" ];'
taken_over "allow that a feed of one denies" 'default = "deny"; allow = [ "18.0.0.0/9" ];' "deny_files = [ \"$dir/fed\" ];"
taken_over "allow where one alone denies anything" 'allow = [ "18.0.0.0/9" ];' 'default = "deny";'
taken_over "allow where one alone denies anything, and that just the same" $'\nallow = [ "18.0.0.0/9" ];' 'deny = [ "18.0.0.0/9" ];' \
	2 "allow 18.0.0.0/9 has no effect: line 4 denies 18.0.0.0/9, $no_effect" \
	2 'allow has no effect: without deny everything is allowed; to refuse the rest add default = "deny";'
taken_over "bind.allow where one alone denies anything" 'bind = { allow = [ "80" ]; };' 'bind = { deny = [ "*" ]; };'
taken_over "bind.allow that one denies" 'bind = { deny = [ "*" ]; allow = [ "80" ]; };' 'bind = { deny = [ "80" ]; };'
taken_over "a program's rules that decide in one" \
	"deny = [ \"20.0.0.0/8\" ]; rules = ( { $programs allow = [ \"18.0.0.0/8\" ]; } );" 'deny = [ "18.0.0.0/9", "18.128.0.0/9" ];'
taken_over "a program's rules that decide in neither" \
	"deny = [ \"18.0.0.0/9\", \"18.128.0.0/9\" ]; rules = ( { $programs"$'\nallow = [ "18.0.0.0/8" ]; } );' 'setuid = { deny = true; };' \
	2 "allow 18.0.0.0/8 $first deny 18.0.0.0/9 on line 1"

# ---- entries of match that decide for nobody

# entries ENTRY...: each on a line of its own, from 2 on.
entries() {
	local IFS=,
	printf 'match = (\n'
	printf '%s' "${*/%/ profile = \"default\"; \}$'\n'}"
	printf ');'
}
nowhere() { echo "this entry of match never holds: it names rhost, and sessions of the service \"$1\" come from no address"; }
keyless() { echo "this entry of match never holds: it names key, and sessions of the service \"$1\" have none"; }
idle() { echo "this entry of match never decides: whom it matches, those from line $1 on do before it"; }
key="key = \"SHA256:$(printf 'A%.0s' {1..43})\";"
for name in systemd-user cron crond atd su su-l runuser runuser-l; do
	warns "match: $name comes from nowhere" "$(entries "{ service = \"$name\"; rhost = \"10.0.0.0/8\";")" 2 "$(nowhere $name)"
	warns "match: $name has no key" "$(entries "{ service = \"$name\"; $key")" 2 "$(keyless $name)"
done
for name in sudo sudo-i login; do
	warns "match: $name has no key" "$(entries "{ service = \"$name\"; $key")" 2 "$(keyless $name)"
	fine "match: $name may come from somewhere" "$(entries "{ service = \"$name\"; rhost = \"10.0.0.0/8\";")"
done
warns "match: none of the services, and of a key" "$(entries "{ service = [ \"cron\", \"su\" ]; rhost = \"::/0\"; $key")" \
	2 "$(nowhere cron)"
warns "match: each of the services lacks something" "$(entries "{ service = [ \"login\", \"su\" ]; rhost = \"::/0\"; $key")" \
	2 "$(keyless login)"
fine "match: one of the services" "$(entries "{ service = [ \"cron\", \"sshd\" ]; rhost = \"::/0\"; $key")"
fine "match: services alone" "$(entries '{ service = [ "cron", "su", "systemd-user" ];')"
warns "match: who never comes gets no profile, and no manager that is looser" "deny = [ \"18.0.0.0/9\" ];
profiles = ( { name = \"a\"; extends = \"default\"; deny = [ \"19.0.0.0/9\" ]; } );
match = ( { service = \"cron\"; rhost = \"::/0\"; profile = \"a\"; } );" \
	3 "$(nowhere cron)" 2 'nobody gets the profile "a": add an entry to match, such as { user = "..."; profile = "a"; }'
wide='{ rhost = "10.0.0.0/8";'
warns "match: two halves of a network" "$(entries '{ rhost = "10.0.0.0/9";' '{ rhost = "10.128.0.0/9";' "$wide")" 4 "$(idle 2)"
fine "match: a half and less" "$(entries '{ rhost = "10.0.0.0/9";' '{ rhost = "10.128.0.0/10";' "$wide")"
warns "match: all of IPv4" "$(entries '{ rhost = "0.0.0.0/1";' '{ rhost = "::/0";' '{ rhost = "128.0.0.0/1";' '{ rhost = "0.0.0.0/0";')" \
	5 "$(idle 2)"
fine "match: who has no address is in no network" "$(entries '{ rhost = "0.0.0.0/0";' '{ rhost = "::/0";' '{ service = "sshd";')"
warns "match: halves for more people" "$(entries '{ rhost = "10.0.0.0/9"; group = [ "adm", "root" ];' '{ rhost = "10.128.0.0/9";' \
	'{ rhost = "10.0.0.0/8"; group = "adm"; service = "sshd";')" 4 "$(idle 2)"
fine "match: a half for fewer" "$(entries '{ rhost = "10.0.0.0/9"; user = "root";' '{ rhost = "10.128.0.0/9";' "$wide")"
warns "match: each user for himself" "$(entries '{ user = "root";' '{ user = "daemon";' '{ user = [ "daemon", "root" ];')" 4 "$(idle 2)"
fine "match: one user not" "$(entries '{ user = "root";' '{ user = "daemon";' '{ user = [ "daemon", "root", "bin" ];')"
warns "match: a service is left that comes from nowhere" \
	"$(entries '{ service = "sshd";' '{ service = [ "cron", "sshd" ]; rhost = "10.0.0.0/8";')" 3 "$(idle 2)"
echo "1..$n"
