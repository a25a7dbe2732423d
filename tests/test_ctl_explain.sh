#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# test_ctl_explain.sh EBPFGUARDCTL: which rules "ebpfguardctl explain --program" finds for a program, by the file that it is,
# and what it says where the helper would find none. The programs are the system's: those of a directory of ours are not
# root's alone. TAP.
set -uo pipefail

# shellcheck source=tests/tap.sh
. "$(dirname "$0")/tap.sh"
CTL=$(readlink -f "$1")
dir=$(readlink -f "$(mktemp -d)")
trap 'rm -rf "$dir"' EXIT
cd "$dir" || exit 1
group() { printf '{ programs = [ "%s" ]; allow = [ "18.0.0.0/9" ]; bind = { allow = [ "80" ]; }; }' "$1"; }
cat >conf <<END
deny = [ "18.0.0.0/9" ]; bind = { deny = [ "80" ]; }; rules = (
$(group /usr/bin/bash),
$(group /bin/dash),
$(group /usr/bin/env),
$(group /usr/bin/ldd),
$(group "$dir/copy"),
$(group "$dir/none"),
$(group /usr/bin) );
END
chmod 600 conf
# explains DESCRIPTION PROGRAM LINE [WARNING]: the line of the rule that decides, 1 for the profile's, 2 to 8 for those that
# only the program has; the warning without "ebpfguardctl: ".
explains() {
	local verdict="deny 18.0.0.0/9 at conf:1" own="deny 80 at conf:1" warning=${4:+"ebpfguardctl: $4"$'\n'}
	(($3 == 1)) || { verdict="allow 18.0.0.0/9 at conf:$3" own="allow 80 at conf:$3"; }
	is "$1" "$warning$verdict" "$("$CTL" -c conf -p "$2" explain root connect 18.1.2.3:443/tcp 2>&1)"
	is "$1: bind" "$warning$own" "$("$CTL" -c conf -p "$2" explain root bind 80/tcp 2>&1)"
}

explains "as the configuration names it" /usr/bin/bash 2
explains "through a link to a directory" /bin/bash 2
explains "the configuration's through a link" /usr/bin/dash 3
ln -s /usr/bin/dash soft
explains "through a link to the program" "$dir/soft" 3
explains "another program" /usr/bin/cat 1
cp /usr/bin/bash bash
explains "a copy" "$dir/bash" 1
mkdir sub
explains "a path with dots" /usr/bin/../bin/./bash 2

# ---- what the helper takes for none

cp /usr/bin/true copy
explains "a program that others could replace" "$dir/copy" 1 \
	"conf:6: the helper gives no rules to $dir/copy: others than root could put something else in its place"
rm copy
explains "a program that is not there, with rules" "$dir/none" 7 \
	"$dir/none: No such file or directory; what is said is for a program that is there by this path"
explains "a program that is not there, without rules" "$dir/nothing" 1 \
	"$dir/nothing: No such file or directory; what is said is for a program that is there by this path"
explains "a directory" /usr/bin 1 "/usr/bin: is not a program; what is said is for one without rules of its own"

# ---- scripts

is_script() { echo "$1: is a script, so the rules are those of its interpreter, $2${3:-}"; }
later=', and then of what that executes: ask about it'
# script FIRST-LINE
script() { printf '%b\n' "$1" >script && chmod 755 script; }
explains "a script that has rules" /usr/bin/ldd 2 "$(is_script /usr/bin/ldd /bin/bash)"
script '#!/bin/sh'
explains "a script" "$dir/script" 3 "$(is_script "$dir/script" /bin/sh)"
script '#! \t/bin/bash -e x'
explains "a script's argument" "$dir/script" 2 "$(is_script "$dir/script" /bin/bash)"
script '#!/usr/bin/env bash'
explains "a script of env" "$dir/script" 4 "$(is_script "$dir/script" /usr/bin/env "$later")"
printf '#!%s\n' "$dir/script" >script2
chmod 755 script2
script '#!/bin/sh'
explains "a script whose interpreter is one" "$dir/script2" 3 "$(is_script "$dir/script2" "$dir/script")
ebpfguardctl: $(is_script "$dir/script" /bin/sh)"
printf '#!%s\n' "$dir/loop" >loop
is "a script that is its own interpreter" 6 "$("$CTL" -c conf -p "$dir/loop" explain root bind 80/tcp 2>&1 | wc -l)"
script '#!/bin/none'
explains "a script without its interpreter" "$dir/script" 1 "$(is_script "$dir/script" /bin/none)
ebpfguardctl: /bin/none: No such file or directory; what is said is for a program without rules of its own"
for head in '#!' '#! ' '# !/bin/sh' '#' ''; do
	script "$head"
	explains "no script: ${head@Q}" "$dir/script" 1
done
printf '#!/%0500d' 1 >script
is "a long first line" 2 "$("$CTL" -c conf -p "$dir/script" explain root bind 80/tcp 2>&1 | grep -cE 'is a script|File name too long|No such file')"

if ((EUID)); then
	n=$((n + 1))
	echo "ok $n - a script that may not be read # SKIP only root can become somebody else"
else
	script '#!/bin/sh'
	chmod 711 script "$dir"
	is "a script that may not be read" "ebpfguardctl: $dir/script: cannot be read here; taken to be no script" \
		"$(cp "$CTL" conf . 2>/dev/null; chmod 644 conf; setpriv --reuid=65534 --regid=65534 --clear-groups \
			./ebpfguardctl -c conf -p "$dir/script" explain root bind 80/tcp 2>&1 | head -n 1)"
fi

# ---- wrong questions

"$CTL" -c conf -p bash explain root bind 80/tcp >out 2>&1
is "a program without its path" '2 ebpfguardctl: --program: "bash" is no absolute path such as /usr/bin/nc' "$? $(cat out)"
"$CTL" -c conf -p /bin/bash explain root >out 2>&1
is "a program without a target" \
	"2 ebpfguardctl: --program is for explain USER connect TARGET and explain USER bind TARGET" "$? $(cat out)"
echo "1..$n"
