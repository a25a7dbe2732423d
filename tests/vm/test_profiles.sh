#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# Several profiles at once: who gets which, and what happens to running sessions when they change.
# shellcheck source=tests/vm/lib.sh
. /srv/t/lib.sh
SCRIPT_NAME=profiles
FILE=/etc/ebpfguard.conf

good=$(cat $FILE)
# What each profile denies: default 18.4.5.6, ops 10.1.2.3, closed both and all the rest.
A="$T/try connect udp 18.4.5.6 9"
B="$T/try connect udp 10.1.2.3 9"
both() { sh_as "$1" "$A; $B" | paste -sd' '; }
configuration() { # MATCH [PROFILES]: what match holds, and profiles besides the usual ones
	cat <<-E2
		deny = [ "18.0.0.0/9" ];
		profiles = (
			$2
			{ name = "ops"; deny = [ "10.0.0.0/8" ]; },
			{ name = "closed"; extends = "ops"; default = "deny"; },
			{ name = "root-too"; extends = "default"; setuid = { deny = true; }; }
		);
		match = ( $1 );
	E2
}
put() {
	local out
	configuration "$@" >$FILE
	out=$(ebpfguardctl reload 2>&1) && return
	fail "reload: $out"
}
map_ids() { bpftool map show | awk '/name eg_lpm4/ { print $1 }' | sort; }
generation() { ebpfguardctl status | sed -n 's/^policy: generation \([0-9]*\).*/\1/p'; }

# ---- who gets which
groupadd -f people
usermod -aG people bob
key=$(ssh-keygen -lf /root/.ssh/id_ed25519.pub | awk '{ print $2 }')
put ''
is "no match: default for everybody" "EPERM ok / EPERM ok" "$(both alice) / $(both bob)"
put '{ user = "alice"; profile = "ops"; }'
is "user: alice ops, bob default" "ok EPERM / EPERM ok" "$(both alice) / $(both bob)"
put '{ user = [ "nobody", "alice" ]; profile = "closed"; }'
is "a list, a profile that extends: alice closed" "EPERM EPERM / EPERM ok" "$(both alice) / $(both bob)"
put '{ group = "people"; profile = "ops"; }'
is "group: bob ops, alice default" "ok EPERM / EPERM ok" "$(both bob) / $(both alice)"
put '{ group = "bob"; profile = "ops"; }'
is "the user's own group" "ok EPERM / EPERM ok" "$(both bob) / $(both alice)"
put '{ rhost = "10.99.0.0/24"; profile = "ops"; }'
is "rhost: the network he comes from" "ok EPERM" "$(both alice)"
put '{ rhost = "10.98.0.0/24"; profile = "ops"; }'
is "rhost: another network" "EPERM ok" "$(both alice)"
put '{ service = "sshd"; profile = "ops"; }'
is "service" "ok EPERM" "$(both alice)"
put '{ service = "login"; profile = "ops"; }'
is "another service" "EPERM ok" "$(both alice)"
put "{ key = \"$key\"; profile = \"ops\"; }"
is "key" "ok EPERM" "$(both alice)"
put '{ key = "SHA256:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"; profile = "ops"; }'
is "another key" "EPERM ok" "$(both alice)"
put '{ user = "alice"; group = "people"; profile = "ops"; }, { user = "alice"; profile = "closed"; }, { profile = "ops"; }'
is "all criteria must hold, the first entry wins" "EPERM EPERM / ok EPERM" "$(both alice) / $(both bob)"
mark
both alice >/dev/null
logged "the log: who has which" 'START session=[0-9]+ user=alice .*profile=closed'
logged "the log: by which profile it was refused" 'DENY connect session=[0-9]+ .*profile=closed .*dst=18[.]4[.]5[.]6'
put '{ user = "alice"; profile = "root-too"; }'
is "setuid of one profile only: alice" "Operation not permitted" \
	"$(sh_as alice 'sudo -n id -u 2>&1' | grep -o 'Operation not permitted')"
is "setuid of one profile only: carol may" 0 "$(sh_as carol 'sudo -n id -u 2>&1')"

# What is done about an attempt is a profile's own.
mark
put '{ user = "alice"; profile = "watched"; }, { user = "bob"; profile = "deadly"; }' \
	'{ name = "watched"; mode = "audit"; deny = [ "10.0.0.0/8" ]; }, { name = "deadly"; action = "kill"; deny = [ "10.0.0.0/8" ]; },'
is "mode of one profile: alice is watched, carol refused" "ok ok / EPERM ok" "$(both alice) / $(both carol)"
logged "mode of one profile: said" 'AUDIT connect session=[0-9]+ user=alice .*profile=watched .*dst=10[.]1[.]2[.]3 .*errno=0'
is "action of one profile: bob's program is killed" "ok" "$(both bob)"
logged "action of one profile: said" 'KILL connect session=[0-9]+ user=bob .*profile=deadly .*dst=10[.]1[.]2[.]3 .*errno=EPERM'

# What the watched did, made into a list, is what they need: enforced, it refuses them nothing of it. The journal tells
# the helper's lines from those of others; a file does not.
forged="AUDIT connect session=1 user=alice uid=1 profile=watched rhost=- rport=0 tty=- pid=1 ppid=1 comm=x exe=- proto=tcp dst=6.6.6.6 port=6 rule=default errno=0 count=1 layer=call host=vm args=- time=$(date -u +%FT%T.000Z) mono=1.000"
runuser -u alice -- logger -t ebpfguard-helper --id=1 -p authpriv.notice "$forged"
journalctl --sync
learned=$(ebpfguardctl learn --since '1 hour ago' --profile watched)
is "learn: from the journal" 'allow=["10.1.2.3:9/udp"];' "$(grep -v '^[[:space:]]*#' <<<"$learned" | tr -d ' \t\n')"
logged "learn: there is a forged line" 'helper\[1\]: AUDIT .*6[.]6[.]6[.]6'
matches "learn: a file has it" '"6.6.6.6:6/tcp"' "$(ebpfguardctl learn --profile watched /var/log/auth.log)"
put '{ user = "alice"; profile = "watched"; }' "{ name = \"watched\"; default = \"deny\"; $learned
},"
is "learn: what was done is allowed, and no more" "EPERM ok" "$(both alice)"

# The user's manager has no address and no key: it is matched by service.
put '{ user = "alice"; service = "systemd-user"; profile = "closed"; }, { user = "alice"; profile = "ops"; }'
until_true 60 no_session_left
is "a manager's own profile" "EPERM EPERM / ok EPERM" \
	"$(sh_as alice "systemd-run --user --quiet --pipe --wait bash -c '$A; $B'" | paste -sd' ') / $(both alice)"
until_true 60 no_session_left

# ---- sessions that are there when it changes
cat >/tmp/tries <<E2
#!/bin/bash
until [[ -e \$1.end ]]; do
	if [[ -e \$1.go ]]; then
		rm -f "\$1.go"
		echo "\$($A) \$($B)" >"\$1.tmp"
		mv "\$1.tmp" "\$1.out"
	fi
	sleep 0.1
done
E2
chmod 755 /tmp/tries
outcome() { # USER
	rm -f "/tmp/at.$1.out"
	runuser -u "$1" -- touch "/tmp/at.$1.go"
	until_true 30 test -e "/tmp/at.$1.out" && cat "/tmp/at.$1.out"
}
rm -f /tmp/at.*
put '{ user = "alice"; profile = "ops"; }'
for user in alice bob; do
	sh_as $user "/tmp/tries /tmp/at.$user" &
done
until_true 60 eval '(($(ebpfguardctl sessions | grep -c sshd) >= 2))'
is "two sessions, two profiles" "ok EPERM / EPERM ok" "$(outcome alice) / $(outcome bob)"
configuration '{ user = "alice"; profile = "ops"; }' | sed 's,"10.0.0.0/8","18.0.0.0/9",' >/root/new.conf
chmod 600 /root/new.conf
ebpfguardctl diff /root/new.conf >/tmp/diff
is "diff: it differs" 1 $?
matches "diff: alice's session" "^[0-9]+ alice from 10[.]99[.]0[.][0-9]+, ops: its profile changes: 1 rule more, 1 less\$" "$(grep -v manager /tmp/diff | grep ' alice from')"
matches "diff: bob's" "^[0-9]+ bob from 10[.]99[.]0[.][0-9]+, default: unchanged\$" "$(grep -v manager /tmp/diff | grep ' bob from')"
before=$(map_ids) old=$(generation)
put '{ user = "alice"; profile = "ops"; }'
is "the same again: no new map" "$before" "$(map_ids)"
is "the same again: a new generation" $((old + 1)) "$(generation)"
put '{ user = "alice"; profile = "ops"; }' '{ name = "new"; deny = [ "11.0.0.0/8" ]; },'
is "a profile in front of it: those there keep their maps" "$before" "$(comm -12 <(echo "$before") <(map_ids))"
is "a profile in front of it: nothing changes for sessions" "ok EPERM / EPERM ok" "$(outcome alice) / $(outcome bob)"
configuration '{ user = "alice"; profile = "ops"; }' | sed 's,"10.0.0.0/8","18.0.0.0/9",' >$FILE
ebpfguardctl reload
is "ops changes: alice's session at once, bob's not" "EPERM ok / EPERM ok" "$(outcome alice) / $(outcome bob)"
# Those of default, root-too and the helper's own test stay; ops and closed, which extends it, are new.
is "ops changes: the others keep their maps" 3 "$(comm -12 <(echo "$before") <(map_ids) | wc -l)"
put '{ user = "alice"; profile = "ops"; }'
is "and back" "ok EPERM / EPERM ok" "$(outcome alice) / $(outcome bob)"

mark
systemctl kill -s KILL ebpfguard.service
until_true 60 systemctl is-active --quiet ebpfguard.service
until_true 60 ebpfguardctl status >/dev/null 2>&1
is "helper killed: each keeps its own" "ok EPERM / EPERM ok" "$(outcome alice) / $(outcome bob)"
put '{ user = "alice"; profile = "ops"; }' '{ name = "new"; deny = [ "0.0.0.0/0" ]; },'
is "helper killed, then a new profile: it takes nobody's place" "ok EPERM / EPERM ok" "$(outcome alice) / $(outcome bob)"

# From one into the other: both apply.
install -o alice -g alice -m 0600 /root/.ssh/id_ed25519 /home/alice/.ssh/id_ed25519
is "ssh from ops to a user with default: both apply" "EPERM EPERM" "$(sh_as alice "ssh -n bob@127.0.0.1 '$A; $B'" | paste -sd' ')"

# Taken out of the file: who has it keeps it.
printf '%s\n' 'deny = [ "18.0.0.0/9" ];' >$FILE
mark
is "ops is gone from the file: 0" 0 "$(ebpfguardctl reload >/dev/null; echo $?)"
is "ops is gone from the file: alice's session keeps it" "ok EPERM / EPERM ok" "$(outcome alice) / $(outcome bob)"
is "ops is gone from the file: the next gets default" "EPERM ok" "$(both alice)"
logged "ops is gone: said" 'profile ops is no longer configured'
is "what cannot be loaded changes nothing" "ok EPERM / EPERM ok" "$(
	configuration '{ user = "alice"; profile = "none"; }' >$FILE
	ebpfguardctl reload >/tmp/reload 2>&1
	echo "$(outcome alice) / $(outcome bob)")"
matches "what cannot be loaded: file, line, name" "$FILE:[0-9]+: .*none" "$(cat /tmp/reload)"
touch /tmp/at.{alice,bob}.end
wait
until_true 60 no_session_left

# ---- names that do not come
install -m 0644 $T/libnss_egslow.so.2 /lib/x86_64-linux-gnu/
cp /etc/nsswitch.conf /etc/nsswitch.conf.before
sed -i 's/^group:.*/group: files egslow/' /etc/nsswitch.conf
put '{ group = "people"; profile = "ops"; }'
systemctl restart ebpfguard.service
is "a slow source, that answers: carol default" "EPERM ok" "$(both carol)"
# The module gives up, if later than it would by default.
sed -i.before 's/ timeout=[0-9]*/ timeout=8000/' /etc/pam.d/sshd
touch /run/egslow
mark
start=$(date +%s)
sh_as carol "$A" >/tmp/carol 2>&1 &
carol=$!
# Whose groups come at once is not kept waiting: the helper serves others meanwhile.
is "it hangs: bob logs in" "ok EPERM" "$(both bob)"
logged "it hangs: carol is refused, with the reason" 'REFUSED open user=carol .*groups'
rm -f /run/egslow
wait $carol
is "it hangs: carol ran nothing" "" "$(grep -E '^(ok|EPERM)$' /tmp/carol)"
echo "# $(($(date +%s) - start)) s"
mv /etc/pam.d/sshd.before /etc/pam.d/sshd
is "it answers again: carol default" "EPERM ok" "$(both carol)"
mv /etc/nsswitch.conf.before /etc/nsswitch.conf

printf '%s\n' "$good" >$FILE
is "back: 0" 0 "$(ebpfguardctl reload >/dev/null; echo $?)"
gpasswd -d bob people >/dev/null
all_over
