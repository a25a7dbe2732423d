# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# shellcheck shell=bash
# Sourced by the tests of open flows, behind lib.sh: what the server's side gets of them, and what becomes of them. Programs
# that hold flows say that in a file for each, by say.py.

# ---- the server's side

# serve KIND:PORT...: until the test ends; jobs: a list.
serve() {
	# Not by the function peer: the number would be a shell's.
	ip netns exec client python3 "$T/sink.py" "$@" & jobs+=($!)
	until_true 120 served $# || fail "the server came up"
}
served() { [[ $(peer ss -Htuln '( sport >= :7100 and sport <= :7103 )' | wc -l) == "$1" ]]; }

# Packets that the table "seen" has counted for the comment.
seen() { peer nft list chain inet seen in | awk -v what="\"$1\"" '$NF == what { for (i = 1; i < NF; i++) if ($i == "packets") n += $(i + 1) } END { print n + 0 }'; }
grew() { if (($3 > $2)); then pass "$1"; else fail "$1: $2, then $3"; fi; }

# watch_packets FILE: from here on a line for each packet that comes to ports 7100 to 7103, with the time at which it did:
# to ask nft takes long enough to miss what came too late.
watch_packets() {
	ip netns exec client python3 "$T/packets.py" >"$1" & jobs+=($!)
	until_true 120 grep -q '^begins' "$1" || fail "packets are watched"
}
# packets_after FILE TIME REGEX: how many came later than that, as EPOCHREALTIME has it, to "ADDRESS PORT". What had left
# the session by then may be on its way: a busy host can take the processor from the machine in between.
packets_after() { awk -v time="$2" -v to="^($3)\$" '$2 " " $3 ~ to && $1 + 0 > time + 0.02 { n++ } END { print n + 0 }' "$1"; }

# ---- the sessions' side

# became FILE REGEX: it has one line, and that is it.
became() { [[ -e $1 && $(<"$1") =~ ^($2)$ ]]; }
has_become() { # DESCRIPTION FILE REGEX
	if until_true 120 became "$2" "$3"; then
		pass "$1: $(<"$2")"
	else
		fail "$1"
		printf '#   expected to match: %s\n#   got: %s\n' "$3" "$(cat "$2" 2>&1)"
	fi
}
