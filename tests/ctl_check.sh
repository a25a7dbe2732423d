# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# shellcheck shell=bash
# Sourced by the tests of "ebpfguardctl check", with its path as $1: a directory of their own, and what check says of a
# configuration. All that it says is compared.

# shellcheck source=tests/tap.sh
. "$(dirname "${BASH_SOURCE[0]}")/tap.sh"
CTL=$(readlink -f "$1")
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir" || exit 1
unset SSH_CONNECTION
# said CONFIGURATION: all that check says of it, and its status.
said() {
	printf '%s\n' "$1" >conf
	"$CTL" check conf 2>&1
	echo "status $?"
}
# warns DESCRIPTION CONFIGURATION [LINE TEXT]...: these warnings and no other, in whatever order, which for files is that
# of their numbers; none: the file is fine.
warns() {
	local what=$1 conf=$2 expected='' found=$((($# - 2) / 2))
	shift 2
	while (($#)); do
		expected+="conf:$1: warning: $2"$'\n'
		shift 2
	done
	case $found in
	0) expected+="conf: fine"$'\nstatus 0' ;;
	1) expected+="conf: valid, 1 warning"$'\nstatus 1' ;;
	*) expected+="conf: valid, $found warnings"$'\nstatus 1' ;;
	esac
	is "$what" "$(sort <<<"$expected")" "$(said "$conf" | sort)"
}
fine() { warns "$@"; } # DESCRIPTION CONFIGURATION
# refuses DESCRIPTION CONFIGURATION LINE TEXT: an error, and nothing besides.
refuses() { is "$1" "conf:$3: $4"$'\nstatus 1' "$(said "$2")"; }
