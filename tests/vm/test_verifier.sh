#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# The kernel's verifier looks at a million instructions of a program at most, and each kernel counts otherwise. How many it
# is for each of ours, as each Debian's compiler makes it, is in verified.txt; one that grows by more than a quarter fails,
# until the record says so too.
# shellcheck source=tests/vm/lib.sh
. /srv/t/lib.sh
SCRIPT_NAME=verifier
kernel=$(uname -r | grep -oE '^[0-9]+\.[0-9]+')/$(sed -n 's/^VERSION_CODENAME=//p' /etc/os-release)
"$T/verified" | sort >/tmp/verified
sed -n "s,^$kernel ,,p" "$T/verified.txt" | sort >/tmp/recorded

is "each program is recorded, and no other" "" "$(diff <(cut -d' ' -f1 /tmp/recorded) <(cut -d' ' -f1 /tmp/verified))"
is "each was counted" "" "$(awk '$2 == 0' /tmp/verified)"
is "none has grown by more than a quarter" "" "$(join /tmp/recorded /tmp/verified | awk '$3 > $2 * 1.25 { print $1 ": " $2 ", now " $3 }')"
is "none is near a million" "" "$(awk '$2 > 500000' /tmp/verified)"
# What to put into verified.txt.
sed "s,^,# $kernel ," /tmp/verified
awk -v k="$kernel" '{ n += $2; if ($2 > most) { most = $2; name = $1 } } END { print "# " k ": " NR " programs, " n " instructions, most " most " (" name ")" }' /tmp/verified
