#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# As many files as a configuration may have, and one more.
# shellcheck source=tests/vm/lib.sh
. /srv/t/lib.sh
SCRIPT_NAME=files_capacity
FILE=/etc/ebpfguard.conf

good=$(cat $FILE)
D=/srv/c
# 100,000 files in 1,000 directories, of which every tenth is there.
files() { # EXTRA...
	awk -v d=$D -v extra="$*" 'BEGIN {
		printf "files = { deny_read = [\n"
		for (i = 0; i < 100000; i++)
			printf "\"%s/d%d/f%d\"%s\n", d, i / 100, i % 100, i < 99999 || extra ? "," : ""
		if (extra) printf "\"%s\"\n", extra
		printf "]; };\n"
	}'
}
exec 3>&1 # the times are for people, also where output is captured
seconds() { # COMMAND...: runs it, and says how long that took here
	local start=$SECONDS status
	"$@"
	status=$?
	echo "# $((SECONDS - start)) s: $*" >&3
	return $status
}
reload() { seconds ebpfguardctl reload 2>&1; echo "status $?"; }
generation() { ebpfguardctl status | sed -n 's/^policy: generation \([0-9]*\).*/\1/p'; }
rules() { map_count eg_place_rules; }
# Under emulation it takes half a minute to look all of them up, which the system calls of a real machine do in half a
# second: a login that waits only as long as usual would be about that.
sed -i.before 's/ timeout=[0-9]*/ timeout=60000/' /etc/pam.d/sshd
# Its status is 1 while the last reload has failed: an answer, too.
answers() { [[ $(ebpfguardctl status 2>/dev/null) == *"policy: generation"* ]]; }

install -d -o alice /srv/try
# One process: two thousand would cost half a minute of emulation.
python3 - $D <<'E2'
import os, sys
for i in range(1000):
    os.makedirs(f"{sys.argv[1]}/d{i}")
    for j in range(10):
        with open(f"{sys.argv[1]}/d{i}/f{j}", "w") as f:
            f.write("secret\n")
E2
is "a tenth of the files is there" 10000 "$(find $D -name 'f*' | wc -l)"
echo secret >$D/d999/f100
chown -R alice: $D

denied="d0/f0 d500/f5 d999/f9"
attempts() { for f in $1; do echo "$T/try read $D/$f;"; done; }
in_force() {
	until_true 120 answers
	is "$1: denied" "EPERM EPERM EPERM" "$(seconds sh_as alice "$(attempts "$denied")" | paste -sd' ')"
	is "$1: beside them" ok "$(sh_as alice "$T/try read $D/d999/f100")"
	is "$1: made since" "EPERM" "$(sh_as alice "rm -f $D/d7/f99; echo x >$D/d7/f99; $T/try read $D/d7/f99")"
}
before_rules=$(rules)
is "outside: every one can be read" "ok ok ok" "$(runuser -u alice -- bash -c "$(attempts "$denied")" | paste -sd' ')"
seconds files >$FILE
is "the file names 100,000" 100000 "$(grep -c "^\"$D" $FILE)"
is "check: 0" 0 "$(seconds ebpfguardctl check >/tmp/check 2>&1; echo $?)"
is "reload: 0" "status 0" "$(reload | tail -n 1)"
is "there is a rule for each" 100000 "$(($(rules) - before_rules))"
in_force "100,000"
echo "# helper: $(grep VmHWM "/proc/$(systemctl show -p MainPID --value ebpfguard.service)/status" | tr -s '\t ' ' ')"
until_true 120 answers
before=$(generation)

# A path that becomes a link: where that leads is found out when somebody logs in, and with it what has become of all
# the others. The login waits for that; another one, which has come meanwhile, has a look of its own, which finds
# nothing new; and who asks has his answer at once.
become_link() { rm -f "$D/d3/f50"; echo secret >"/srv/try/$1"; chmod 644 "/srv/try/$1"; ln -s "/srv/try/$1" "$D/d3/f50"; }
looks() { since_mark | grep -c 'files that rules are about have changed: taken in anew'; }
in_background() { # FILE COMMAND...: its output and status, and at its end FILE.over
	local file=$1
	shift
	rm -f "$file.over"
	(seconds "$@" >"$file" 2>&1; echo "status $?" >>"$file"; : >"$file.over") &
}
said() { paste -sd' ' "$1"; }
asked=0 failed=0
ask_until() { # FILE: asks until FILE is there
	asked=0 failed=0
	until [[ -e $1 ]]; do
		asked=$((asked + 1))
		answers || failed=$((failed + 1))
	done
}
until_true 60 no_session_left
seconds sh_as alice true # the usual
mark
become_link new1
in_background /tmp/alice sh_as alice "$T/try read /srv/try/new1"
sleep 3
in_background /tmp/bob sh_as bob "$T/try read /srv/try/new1"
ask_until /tmp/bob.over
wait
echo "# asked $asked times meanwhile"
is "all anew: the login is good, and where the link leads is denied" "EPERM status 0" "$(said /tmp/alice)"
is "meanwhile: another login, likewise" "EPERM status 0" "$(said /tmp/bob)"
is "meanwhile: every question is answered" "yes 0" "$( ((asked > 2)) && echo yes) $failed"
is "all anew: looked up once for both" 1 "$(looks)"

# The same, and a reload at the same time, which looks everything up, too. Both together may take longer here than the
# module waits at most, 60 s: then the login is refused.
mark
become_link new2
in_background /tmp/alice sh_as alice "$T/try read /srv/try/new2"
sleep 2
systemctl kill --kill-whom=main -s HUP ebpfguard.service
newer() { [[ $(generation) -gt $before ]]; }
until_true 300 newer
is "with a reload: it comes into force" "$((before + 1))" "$(generation)"
wait
matches "with a reload: the login is judged by where the link leads, or refused" '^EPERM status 0$|status 25[45]$' \
	"$(said /tmp/alice)"
settled() { [[ $(rules) == $((before_rules + 100001)) ]]; }
until_true 300 settled
is "with a reload: as many rules, and where the link leads" "$((before_rules + 100001))" "$(rules)"
in_force "with a reload"
rm -f $D/d3/f50
before=$(generation)

files $D/d999/f100 >$FILE
out=$(reload)
matches "one more: refused, with line and limit" "$FILE:1: .*100001 .*100000.*status 1" "$(paste -sd' ' <<<"$out")"
until_true 120 answers
is "one more: the generation is the old one" "$before" "$(generation)"
in_force "one more"

files >$FILE
is "the same anew: 0" "status 0" "$(reload | tail -n 1)"
is "the same anew: as many rules" 100000 "$(($(rules) - before_rules))"
seconds systemctl restart ebpfguard.service
is "restart: the helper runs" active "$(systemctl is-active ebpfguard.service)"
in_force "restart"

printf '%s\n' "$good" >$FILE
is "back to the small one: 0" "status 0" "$(reload | tail -n 1)"
is "as many rules as before" "$before_rules" "$(rules)"
is "the files can be read" "ok ok ok" "$(sh_as alice "$(attempts "$denied")" | paste -sd' ')"
rm -rf $D /srv/try
mv /etc/pam.d/sshd.before /etc/pam.d/sshd
all_over
