#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# test_bench.sh: what tests/bench/compare and tests/bench/table make of results, on results made up. TAP.
set -uo pipefail

# shellcheck source=tests/tap.sh
. "$(dirname "$0")/tap.sh"
bench=$(dirname "$0")/bench
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT

# results CONNECT SPAWN: a run in which an empty program costs 200 of 1200, and one run of it 70.
results() {
	printf '%s\n' 'insn connect nothing - 1000' 'insn connect empty - 1200' "insn connect ours unguarded $1" \
		'progs spawn empty - 1.0 70' "progs spawn ours unguarded 2.0 $2"
}
printf '%s\n' '# of some kernel' 'connect unguarded 2.000' 'spawn unguarded 10.000' >"$dir/recorded"
# compared CONNECT SPAWN: "ok" and "not ok" in their order, and the status
compared() {
	local out
	results "$1" "$2" | "$bench/compare" "$dir/recorded" - >"$dir/out"
	out=$?
	echo "$(sed -n 's/^\(ok\|not ok\) .*/\1/p' "$dir/out" | paste -sd,) $out"
}

is "as recorded" "ok,ok 0" "$(compared 1400 700)"
is "4.9 % more passes" "ok,ok 0" "$(compared 1419.6 734)"
is "5.1 % more of a call fails" "not ok,ok 1" "$(compared 1420.4 700)"
is "5.1 % more of programs fails" "ok,not ok 1" "$(compared 1400 735.7)"
is "much less passes" "ok,ok 0" "$(compared 1300 700)"
is "and is said" "# connect unguarded: much less than recorded: tests/bench/gate --record" "$(grep '^#' "$dir/out")"
is "a row that is missing fails" "not ok 1 - bench: spawn unguarded: not measured" \
	"$(results 1400 700 | grep -v 'progs spawn ours' | "$bench/compare" "$dir/recorded" - | grep '^not ok' | sed 's/ok 2/ok 1/')"
is "one without its floor is missing" "not ok,ok 1" \
	"$(results 1400 700 | grep -v 'connect empty' | "$bench/compare" "$dir/recorded" - >"$dir/out"; s=$?
	echo "$(sed -n 's/^\(ok\|not ok\) .*/\1/p' "$dir/out" | paste -sd,) $s")"
is "a row that is not recorded fails" "not ok 3 - bench: connect idle: not recorded: tests/bench/gate --record" \
	"$({ results 1400 700 && echo 'insn connect ours idle 1300'; } | "$bench/compare" "$dir/recorded" - | grep '^not ok')"
is "nothing recorded fails" 1 "$(results 1400 700 | "$bench/compare" /dev/null - >/dev/null; echo $?)"
is "no result at all fails" 1 "$("$bench/compare" "$dir/recorded" /dev/null >/dev/null; echo $?)"
is "what --record writes" "connect unguarded 2.000,spawn unguarded 10.000" \
	"$(results 1400 700 | "$bench/compare" -v record=1 /dev/null - | paste -sd,)"
is "and of nothing it writes nothing" " 1" "$("$bench/compare" -v record=1 /dev/null /dev/null; echo " $?")"

# table GOAL RESULT...: "VERDICT STATUS"
table() {
	local out status
	out=$(printf '%s\n' "${@:2}" | "$bench/table" <(echo "$1") -)
	status=$?
	echo "$(tail -n 1 <<<"$out" | grep -o 'met$\|NOT MET$\|not measured$') $status"
}
none=('insn connect nothing - 1000' 'insn connect empty - 1200')
is "a goal is met" "met 0" "$(table '1 most 1.25 hook connect ours unguarded' "${none[@]}" 'insn connect ours unguarded 1250')"
is "a goal is not met" "NOT MET 1" "$(table '1 most 1.25 hook connect ours unguarded' "${none[@]}" 'insn connect ours unguarded 1251')"
is "a goal is not measured" "not measured 3" "$(table '1 most 1.25 hook connect ours unguarded' "${none[@]}")"
is "nor without the floor" "not measured 3" "$(table '1 most 1.25 hook connect ours unguarded' 'insn connect ours unguarded 1250')"
is "a whole call" "met 0" "$(table '1 most 1.02 whole connect ours unguarded' "${none[@]}" 'insn connect ours unguarded 1020')"
is "a whole call that takes more" "NOT MET 1" "$(table '1 most 1.02 whole connect ours unguarded' "${none[@]}" 'insn connect ours unguarded 1021')"
peer=('insn connect teleport guarded-10000 2000' 'insn connect ours guarded-10000 1200')
is "against a peer" "met 0" "$(table '2 most 0.20 against connect guarded-10000 teleport' "${none[@]}" "${peer[@]}")"
is "against a better one" "NOT MET 1" "$(table '2 most 0.19 against connect guarded-10000 teleport' "${none[@]}" "${peer[@]}")"
other=('insn connect teleport both-10000 3000')
is "against a peer in another state" "met 0" \
	"$(table '2 most 0.10 against connect guarded-10000 teleport both-10000' "${none[@]}" "${peer[@]}" "${other[@]}")"
is "and one that is not measured there" "not measured 3" \
	"$(table '2 most 0.10 against connect guarded-10000 teleport both-100' "${none[@]}" "${peer[@]}" "${other[@]}")"
grown=('insn connect ours guarded-100 1200' 'insn connect ours guarded-1000000 1260')
is "growth" "met 0" "$(table '2 most 1.3 growth connect ours guarded-100 guarded-1000000' "${none[@]}" "${grown[@]}")"
is "more of it" "NOT MET 1" "$(table '2 most 1.29 growth connect ours guarded-100 guarded-1000000' "${none[@]}" "${grown[@]}")"
lookup='lookup IPv4 100 trie 44 flat 8.0 ratio 5.5 goal 5'
is "the word behind another" "met 0" "$(table '3 least 5 after ratio lookup IPv4 100' "$lookup")"
is "too little of it" "NOT MET 1" "$(table '3 least 5.6 after ratio lookup IPv4 100' "$lookup")"
is "of the line that begins so" "not measured 3" "$(table '3 least 5 after ratio lookup IPv4 1000' "$lookup")"
is "the last word" "NOT MET 1" "$(table '7 most 16384 last memory helper rss' 'memory helper rss 16385')"
is "each goal is of a kind that the table knows" "" \
	"$(awk '!/^#/ && NF && !($2 ~ /^(most|least)$/ && $3 > 0 && $4 ~ /^(hook|whole|against|growth|last|after)$/)' "$bench/GOALS")"
echo "1..$n"
