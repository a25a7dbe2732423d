#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# Rules for programs of their own: they hold in both layers, for these programs and for nobody who passes for one.
# shellcheck source=tests/vm/lib.sh
. /srv/t/lib.sh
# shellcheck source=tests/vm/cases.sh
. /srv/t/cases.sh
# shellcheck source=tests/vm/program_cases.sh
. /srv/t/program_cases.sh
SCRIPT_NAME=programs
strays_filtered && start_anew
good=$(cat /etc/ebpfguard.conf)
attack_world 7000 7002
program_world

# later NAME COMMAND...: in a session of alice, in the background; what it prints goes to /run/try/NAME. Returns once the
# session is there.
later() {
	local name=$1
	shift
	rm -f "/run/try/$name" /run/try/go /run/try/go.ready
	mark
	sh_as alice "$*" >"/run/try/$name" &
	session=$!
	until_true 30 log_has 'START session=[0-9]+ user=alice '
	sleep 3
}

# ---- outside: all of it works
run_cases "outside, alice" outside outside_alice program_cases program_file_cases steal_cases climber_cases

# ---- both layers
mark
use_conf program_conf
logged "a script is no program" "$PROG/listed-script gets no rules of its own: it is a script"
logged "nor is a file of the user's" "$PROG/alices gets no rules of its own: others than root could"
logged "nor one that is not there" "$PROG/missing gets no rules of its own: it is not there"
mark
run_cases "guarded, alice" both inside_alice program_cases
who='session=[0-9]+ user=alice uid=1000 profile=default .*comm='
has_line "log: another program" "DENY connect ${who}try exe=$T/try proto=tcp dst=18.4.5.6 port=7000 rule=18.0.0.0/9 errno=EPERM"
has_line "log: a program's own rule" "DENY connect ${who}shut exe=$PROG/shut proto=tcp dst=10.7.7.7 port=7000 rule=10.7.7.7/32 errno=EPERM"
has_line "log: a program's own rule for a port" "DENY bind ${who}[a-z-]+ exe=$PROG/[a-z-]+ .*port=7300 rule=7300/tcp errno=EPERM"
run_cases "guarded, alice" both inside_alice program_file_cases steal_cases

# ---- a program's file is replaced, as an upgrade does
use_upgraded="$T/try via path $PROG/upgraded link tcp 18.4.5.6 7000"
is "before an upgrade" ok "$(sh_as alice "$use_upgraded")"
later during "until test -e /run/try/go; do sleep 0.1; done; $use_upgraded"
install -m 0755 "$T/try" "$PROG/new"
mv "$PROG/new" "$PROG/upgraded"
touch /run/try/go
wait "$session"
is "in a session that was there: the new file is another one" EPERM "$(</run/try/during)"
mark
is "from the next session on it is the program" ok "$(sh_as alice "$use_upgraded")"
logged "that was said" 'programs or mount targets that are exceptions of profile default have changed: taken in anew'

# ---- reload while a program uses its exception
keeps_conf() {
	echo 'deny = [ "18.0.0.0/9" ];'
	echo "rules = ( { programs = [ \"$PROG/allowed\" ]; allow = [ \"18.0.0.0/9\" ]; } );"
}
takes_conf() { echo 'deny = [ "18.0.0.0/9" ];'; }
use_conf keeps_conf
later idle "$T/try via path $PROG/allowed stay-idle 100 tcp 18.7.7.7 7000"
idle=$session
later stay "$T/try via path $PROG/allowed stay 120 tcp 18.7.7.7 7000"
use_conf keeps_conf
sleep 3
is "open while a reload keeps the rule" "" "$(cat /run/try/stay)"
mark
use_conf takes_conf
wait "$session"
matches "a reload that takes it away ends what is open" '^(EPERM|ECONNRESET|ECONNABORTED)$' "$(</run/try/stay)"
wait "$idle"
matches "and what is open and idle" '^(ECONNRESET|ECONNABORTED)$' "$(</run/try/idle)"
logged "its socket is reset" 'RESET session=[0-9]+ user=alice .*dst=18.7.7.7 port=7000 rule=18.0.0.0/9'
is "then it is a program like others" EPERM "$(sh_as alice "$T/try via path $PROG/allowed link tcp 18.4.5.6 7000")"

later late "$T/try via path $PROG/allowed after /run/try/go link tcp 18.4.5.6 7000"
until_true 60 test -e /run/try/go.ready
use_conf keeps_conf
touch /run/try/go
wait "$session"
is "what runs before its program has rules has none" EPERM "$(</run/try/late)"
is "what is executed from then on has" ok "$(sh_as alice "$T/try via path $PROG/allowed link tcp 18.4.5.6 7000")"

# ---- setuid.allow
use_conf climber_conf
run_cases "guarded, alice" both inside_alice climber_cases

# ---- the helper is restarted
use_conf keeps_conf
later stay "$T/try via path $PROG/allowed stay 20 tcp 18.7.7.7 7000"
systemctl restart ebpfguard.service
wait "$session"
is "a restart of the helper disturbs no program" ok "$(</run/try/stay)"

# ---- many groups, many times
many_conf() {
	local i
	echo 'deny = [ "18.0.0.0/9" ]; rules = ('
	for i in {1..63}; do
		echo "{ programs = [ \"/usr/bin/none-$i\" ]; allow = [ \"18.0.0.$i\" ]; bind = { deny = [ \"$i\" ]; }; },"
	done
	echo "{ programs = [ \"$PROG/allowed\" ]; allow = [ \"18.0.0.0/9\" ]; } );"
}
use_conf many_conf
tries=$(map_count eg_tries4) items=$(map_count eg_items)
for _ in {1..4}; do ebpfguardctl reload >/dev/null; done
is "reloads leave no tries behind" "$tries" "$(map_count eg_tries4)"
is "nor items" "$items" "$(map_count eg_items)"
is "and the last of 64 groups counts" ok "$(sh_as alice "$T/try via path $PROG/allowed link tcp 18.4.5.6 7000")"

# ---- the hooks alone
use_conf program_conf
run_cases "hooks alone, alice" hooks without_packets_alice program_cases steal_cases

# ---- the packet layer alone
systemctl restart ebpfguard.service
hooks_off
run_cases "packets alone, alice" packets inside_alice program_cases steal_cases

program_world_ends
attack_world_ends
printf '%s\n' "$good" >/etc/ebpfguard.conf
all_on_again
all_over
