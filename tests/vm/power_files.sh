# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# shellcheck shell=bash disable=SC2034 # what it sets is for those who source it
# Sourced by power_guest and power_before: the files that tests/vm/power has rewritten over and over, each with a number.

CONF=/etc/ebpfguard.conf
FEED=/var/lib/feed
STATE=/var/lib/ebpfguard
BEFORE=/run/before # what there was before the first helper of this boot

# What number N denies, and no other number near it does.
denied() { echo "198.18.$(($1 / 200 % 200)).$(($1 % 200))"; }
denied_by_feed() { echo "198.19.$(($1 % 200)).7"; }

config_text() {
	cat <<-EOF
		# number $1
		deny = ["18.0.0.0/9", "$(denied "$1")"];
		deny_files = ["$FEED"];
		log = { format = "json"; destination = "file"; };
		# end of $1
	EOF
}
feed_text() {
	printf '# number %d\n' "$1"
	printf "198.19.$(($1 % 200)).%d\n" {1..200}
	printf '# end of %d\n' "$1"
}

# number KIND FILE: of a configuration or a feed that is there as a whole; else nothing.
number() {
	local n
	n=$(sed -n '1s/^# number //p' "$2" 2>/dev/null)
	[[ $n =~ ^[0-9]+$ ]] && "$1_text" "$n" | cmp -s - "$2" && echo "$n"
}

# durable FILE <TEXT: replaces it in one step, and has it on the disk.
durable() {
	cat >"$1.new"
	sync "$1.new"
	mv "$1.new" "$1"
	sync "${1%/*}"
}
