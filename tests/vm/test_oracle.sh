#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# The kernel's look-up against the definition: 1,000 random configurations through parser, compiler and the running
# helper's maps, with the networks in tries and in tables, 20 questions each time near the rules' edges (tests/oracle).
# SEED=N repeats a run.
# shellcheck source=tests/vm/lib.sh
. /srv/t/lib.sh
SCRIPT_NAME=oracle

# oracle OPTION...: its lines as TAP.
oracle() {
	local line said=0
	while IFS= read -r line; do
		case $line in
		"ok "*) pass "${line#ok }" && said=1 ;;
		"not ok "*) fail "${line#not ok }" && said=1 ;;
		*) printf '%s\n' "$line" ;;
		esac
	done < <("$T/oracle" --seed "$seed" "$@" 2>&1 || echo "# oracle: status $?")
	((said)) || fail "oracle $*: said nothing"
}

seed=${SEED:-$(od -An -N4 -tu4 /dev/urandom | tr -d ' ')}
((seed)) || seed=1
# Each policy waits for a few grace periods, which are all of the run's time otherwise.
echo 1 >/sys/kernel/rcu_expedited
# The test is of the running product's maps: it must be there, enforcing, and take no harm.
matches "the product is running" "enforcing: yes" "$(ebpfguardctl status)"
maps() { bpftool map list | grep -c -e lpm_trie -e 'name eg_flat '; }
before=$(maps)

oracle --configs 1000
# And it can fail: one entry, line or segment changed behind the compiler's back is noticed.
for what in entry line segment table decider; do
	oracle --configs 100 --sabotage "$what"
done

same_maps() { [[ $(maps) == "$before" ]]; }
if until_true 30 same_maps; then pass "no trie and no table is left behind"; else fail "no trie and no table is left behind: $before before, $(maps) now"; fi
matches "the product is still running" "enforcing: yes" "$(ebpfguardctl status)"
is "and refuses" EPERM "$(sh_as alice "$T/try connect udp 18.4.5.6 9")"
echo 0 >/sys/kernel/rcu_expedited
all_over
