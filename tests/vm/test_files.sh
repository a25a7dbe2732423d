#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# Files that may not be read or changed: every way to them works outside of a session, and inside it is refused, with a
# line in the log; also after they were replaced, and while they are.
# shellcheck source=tests/vm/lib.sh
. /srv/t/lib.sh
# shellcheck source=tests/vm/cases.sh
. /srv/t/cases.sh
# shellcheck source=tests/vm/files_cases.sh
. /srv/t/files_cases.sh
SCRIPT_NAME=files
CASES_AT_ONCE=1 # they move each other's files
good=$(cat /etc/ebpfguard.conf)
rules() { map_count eg_place_rules; }
names() { map_count eg_place_names; }

names_before=$(names) rules_before=$(rules)
files_world
outside_manager
run_cases "outside, alice" outside outside_alice read_cases alice_read_cases write_cases manager_file_cases
run_cases "outside, root" outside outside_root read_cases root_read_cases root_write_cases
echo 3 >/proc/sys/vm/drop_caches
run_cases "outside, root" outside outside_root uncached_cases
systemctl stop user@1000.service
hard_links

use_conf files_conf
mark
run_cases "guarded, alice" both inside_alice read_cases
refusals_logged alice "$REFUSED"
who='session=[0-9]+ user=alice uid=1000 profile=default .*comm=try exe=/srv/t/try'
has_line "log: a file read" "DENY file $who access=read path=$F/secret reason=place rule=files line=5 errno=EPERM"
has_line "log: a file below a tree, denied by another line" "DENY file $who access=read path=$F/tree/pub/hidden reason=place rule=files line=6 errno=EPERM"
has_line "log: a file executed" "DENY file $who access=read path=$F/prog reason=place rule=files line=7 errno=EPERM"
mark
run_cases "guarded, alice" both inside_alice alice_read_cases
mark
run_cases "guarded, alice" both inside_alice write_cases
refusals_logged alice "$REFUSED"
has_line "log: a file changed" "DENY file $who access=write path=$F/fixed reason=place rule=files line=10 errno=EPERM"
has_line "log: the way" "DENY file $who access=rename path=$F reason=place rule=files line=10 errno=EPERM"
rmdir $F/way # nobody inside can
run_cases "guarded, alice" both inside_alice manager_file_cases
mark
run_cases "guarded, root" both inside_root read_cases
refusals_logged root "$REFUSED"
mark
run_cases "guarded, root" both inside_root root_read_cases
mark
run_cases "guarded, root" both inside_root root_write_cases
refusals_logged root "$REFUSED"
rmdir $F/way
mark
echo 3 >/proc/sys/vm/drop_caches
run_cases "guarded, root" both inside_root uncached_cases
logged "log: a file whose place is not known" "DENY file .*access=read path=.* reason=nowhere rule=files errno=EPERM"

# ---- replaced, by root outside

cp $F/secret $F/new && mv $F/new $F/secret
rm "$F/$LONG" && echo secret >"$F/$LONG"
echo secret >$F/elsewhere && rm $F/prog && ln -s $F/elsewhere $F/prog
echo secret >$F/new && mv $F/new $F/later
umount $F/tree/mnt
mkdir -p /srv/w/tree2/new /srv/w/tree2/pub && mv $F/tree /srv/w/tree3
printf 'secret\n' | tee /srv/w/tree2/{a,open,new/deep,pub/c,pub/hidden} >/dev/null
mv /srv/w/tree2 $F/tree
mkdir /srv/w/dir2 && echo secret >/srv/w/dir2/s && mv $F/dir /srv/w/dir3 && mv /srv/w/dir2 $F/dir
ln $F/tree/new/deep /srv/m/hard-later
mkdir -p $F/way/deep && echo secret >$F/way/deep/later
mount -t tmpfs none $F/since && echo secret >$F/since/x
chown -hR alice: /srv/w
run_cases "outside, alice" outside outside_alice replaced_cases
run_cases "guarded, alice" both inside_alice replaced_cases

# ---- while it is replaced

race() { # RUNNER
	rm -f /srv/try/stop*
	"$1" "$T/try read-often $F/raced /srv/try/stop" >/srv/try/raced &
	until_true 60 test -e /srv/try/stop.ready
	is "raced, $1: renamed a thousand times" ok "$("$T/try" replace-often $F raced 1000 /srv/try/stop)"
	wait $!
	RACED=$(</srv/try/raced)
}
race outside_alice
is "raced: outside it can be had" ok "$RACED"
race inside_alice
is "raced: inside not once" EPERM "$RACED"
race inside_root
is "raced: nor by root" EPERM "$RACED"

# ---- the helper comes and goes

is "before: rules are there" yes "$( (($(rules) > rules_before)) && echo yes)"
rules_now=$(rules) names_now=$(names)
systemctl kill -s KILL ebpfguard.service
until_true 60 systemctl -q is-active ebpfguard.service
until_true 60 ebpfguardctl status >/dev/null
is "restart: denied as before" "EPERM EPERM ok" "$(sh_as alice "$T/try read $F/secret; $T/try read $F/tree/new/deep; $T/try read $F/tree/pub/c" | paste -sd' ')"
is "restart: as many rules" "$rules_now" "$(rules)"
is "restart: as many names" "$names_now" "$(names)"

audit_conf() { files_conf; echo 'mode = "audit";'; }
use_conf audit_conf
mark
is "audit: read" ok "$(sh_as alice "$T/try read $F/secret")"
logged "audit: a line" "AUDIT file .*access=read path=$F/secret reason=place rule=files line=5"

bad_conf() { echo "files = { deny_read = [ \"/etc/../etc/shadow\" ]; };"; }
bad_conf >/etc/ebpfguard.conf
matches "a path with dots: refused" 'ebpfguard.conf:1: files.deny_read\[0\]: .*component ".."' "$(ebpfguardctl reload 2>&1)"

root_conf() {
	echo 'files = { deny_write = [ "/" ]; allow = [ "/srv/try", "/tmp", "/dev", "/run", "/proc", "/home/alice" ]; };'
}
use_conf root_conf
is "everything: what is allowed" "ok ok" "$(sh_as alice "touch /srv/try/hers; $T/try file-write /srv/try/hers; $T/try read $F/secret" | paste -sd' ')"
is "everything: what is not" "EPERM EPERM EPERM" \
	"$(sh_as alice "$T/try file-write $F/secret; $T/try file-create $F/new; $T/try file-write /srv/m/over/o" | paste -sd' ')"

# ---- a rule goes, and its directory stays one on the way to another

went_conf() { echo "files = { deny_read = [ \"$F\", \"$F/went\", \"$F/went/sub/b\" ]; };"; }
gone_conf() { echo "files = { deny_read = [ \"$F\", \"$F/went/sub/b\" ]; };"; }
mkdir -p $F/went/sub
echo secret | tee $F/went/a >$F/went/sub/b
chown -hR alice: $F/went
use_conf went_conf
use_conf gone_conf
ln $F/went/a /srv/m/hard-went
is "a rule has gone: a link made since, outside" ok "$(outside_alice "$T/try read /srv/m/hard-went")"
is "a rule has gone: that of the directory above holds for it" EPERM "$(sh_as alice "$T/try read /srv/m/hard-went")"

# ---- a link made outside of sessions, from where several rules are one below the other

# nested NAME: what alice may do by a link to F/went/a that was made under the configuration in force: read, and write.
nested() {
	ln -f $F/went/a "/srv/m/hard-$1"
	sh_as alice "$T/try read /srv/m/hard-$1; $T/try file-write /srv/m/hard-$1" | paste -sd' '
}
other() { echo "profiles = ( { name = \"other\"; $1 } ); match = ( { user = \"nobody\"; profile = \"other\"; } );"; }
nested1_conf() { echo "files = { deny_read = [ \"$F\" ]; deny_write = [ \"$F/went\" ]; };"; }
nested2_conf() { echo "files = { deny_read = [ \"$F\" ]; };"; other "files = { deny_read = [ \"$F/went\", \"$F/went/a\" ]; };"; }
nested3_conf() { echo "files = { deny_read = [ \"$F\" ]; allow = [ \"$F/went\" ]; };"; }
nested4_conf() { echo "files = { deny_read = [ \"$F/went/a\" ]; deny_write = [ \"$F\" ]; };"; }
# fresh CONF: with a file that was never linked before: what one has been is remembered.
fresh() {
	rm -f $F/went/a /srv/m/hard-*
	install -m 0666 /dev/null $F/went/a
	use_conf "$1"
}
for n in 1 2 3 4; do
	fresh nested${n}_conf
	case $n in
	1) is "links: a rule about writes below one about reads" "EPERM EPERM" "$(nested 1)" ;;
	2) is "links: somebody else's rules below" "EPERM ok" "$(nested 2)" ;;
	3) is "links: what is allowed below what is not" "ok ok" "$(nested 3)" ;;
	4) is "links: a rule about the file below one about writes" "EPERM EPERM" "$(nested 4)" ;;
	esac
	is "links, $n: outside" "ok ok" "$(outside_alice "$T/try read /srv/m/hard-$n; $T/try file-write /srv/m/hard-$n" | paste -sd' ')"
done

# What is allowed where a file was says nothing about the other name, and what keeps the names there keeps no other.
fresh nested3_conf
install -d $F/up/sub
ln -f $F/went/a $F/up/sub/x
is "links: the other name's directories count" "EPERM ok" "$(sh_as alice "$T/try read $F/up/sub/x; $T/try read $F/went/a" | paste -sd' ')"
is "links: outside" "ok ok" "$(outside_alice "$T/try read $F/up/sub/x; $T/try read $F/went/a" | paste -sd' ')"
nested5_conf() { echo "files = { deny_write = [ \"$F/went/sub/b\" ]; };"; other "files = { deny_read = [ \"$F/went\" ]; };"; }
fresh nested5_conf
install -d -m 0777 /srv/m/hers
ln $F/went/a /srv/m/hers/x
is "links: the other name may go, the directory may not" "EPERM gone" \
	"$(sh_as alice "$T/try file-rename-away $F/went; rm -f /srv/m/hers/x; [[ -e /srv/m/hers/x ]] || echo gone" | paste -sd' ')"
rm -rf $F/up

printf '%s\n' "$good" >/etc/ebpfguard.conf
is "the configuration is put back" 0 "$(ebpfguardctl reload >/dev/null; echo $?)"
is "no rule stays" "$rules_before" "$(rules)"
is "no name stays" "$names_before" "$(names)"
is "what was denied can be read" ok "$(sh_as alice "$T/try read $F/secret")"
files_world_ends
all_over
