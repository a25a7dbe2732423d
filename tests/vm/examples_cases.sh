# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# shellcheck shell=bash disable=SC2154 # page, where, d, out are of test_examples.sh
# Sourced by test_examples.sh: the machine that the examples are of, and what single ones need before and leave behind.
W=/srv/examples # where all of it is put
PEER=10.0.0.5 # where the pages' people log in from

# ---- the machine

prepare() {
	mkdir -p $W /var/lib/feeds /srv/log /run/mysqld
	cp -a /etc/pam.d $W/pam.d
	cp /etc/ebpfguard.conf $W/ebpfguard.conf
	ip -n client addr add $PEER/32 dev lo
	ip route add $PEER/32 via 10.99.0.2
	# Programs, users and groups that the pages name: curl and git are played by nc.
	cp /usr/bin/nc.openbsd /usr/bin/curl
	mkdir -p /usr/lib/git-core
	for p in /usr/bin/git /usr/lib/git-core/git-remote-http; do [[ -e $p ]] || cp /usr/bin/nc.openbsd $p; done
	for g in ops wheel vendor guest oncall web; do groupadd -f $g; done
	useradd -m -s /bin/bash webhook
	cp -a /home/alice/.ssh /home/webhook/ && chown -R webhook: /home/webhook/.ssh
	usermod -aG adm carol
	python3 -c 'import socket, time
s = socket.socket(socket.AF_UNIX); s.bind("/run/mysqld/mysqld.sock"); s.listen(); time.sleep(100000)' &
	# Feeds as Spamhaus and FireHOL write them.
	printf '192.0.2.0/24 ; SBL1\n198.51.100.0/24 ; SBL2\n' >/var/lib/feeds/drop.txt
	printf '# netset\n203.0.113.0/24\n' >/var/lib/feeds/level1.netset
}

# Before a page: the configuration that the machine was booted with, the module's line, no sessions.
begin() {
	leave
	cp -a $W/pam.d/. /etc/pam.d/
	if [[ $page == ebpfguardctl.8 ]]; then
		# The pages' session has the number 1.
		until_true 60 no_session_left
		echo 'default = "allow";' >/etc/ebpfguard.conf
		start_anew
	else
		cp $W/ebpfguard.conf /etc/ebpfguard.conf
		systemctl start ebpfguard.socket ebpfguard.service
		ebpfguardctl reload >/dev/null
	fi
}

finish() {
	leave
	cp $W/ebpfguard.conf /etc/ebpfguard.conf
	cp -a $W/pam.d/. /etc/pam.d/
	systemctl disable -q --now ebpfguard-metrics.timer 2>/dev/null
	if no_pin; then
		# The last example has taken it out; another test's first login starts it.
		systemctl enable -q --now ebpfguard.socket
		systemctl enable -q ebpfguard.service
		until_true 60 eval '[[ ! $(find /sys/fs/cgroup -type d -name "ebpfguard-*") ]]' # sessions that end
		is "nothing is left: cgroups" "" "$(find /sys/fs/cgroup -type d -name 'ebpfguard-*')"
	else
		ebpfguardctl reload >/dev/null
		all_over
	fi
}

# ---- people who are logged in

# enter USER: a login that does what it is told by typed(), until leave().
enter() {
	rm -f $W/in
	mkfifo $W/in
	peer ssh -b $PEER "$1@$HOST" 'while IFS= read -r line; do eval "$line"; done' <$W/in >$W/said 2>&1 &
	entered=$!
	exec 7>$W/in
	tell 'echo in'
	until_true 60 grep -q '^in$' $W/said
}
tell() { echo "$1" >&7; }
leave() {
	[[ ! ${entered:-} ]] || { exec 7>&-; wait "$entered"; }
	entered=''
}

# ---- commands

# elsewhere COMMAND: why it is not run in this machine; nothing when it is.
elsewhere() {
	case $1 in
	*'apt install '*) echo "SKIP the machine has no network" ;;
	'sudo make demo'* | 'sudo make check'*) echo "it would make this machine in this machine" ;;
	'sudo tests/setup build') echo "it has run where this machine's programs were built" ;;
	'make && sudo make install') echo "it has put ebpfguard here (tests/vm/product.sh); tests/test_install.sh sees what it does" ;;
	esac
}

# What the pages say of exit statuses: a warning, a denial, a difference is 1.
status_of() {
	case $1 in
	'ebpfguardctl check /root/new.conf' | *'new.conf explain alice connect'* | 'ebpfguardctl diff '*) echo 1 ;;
	*) echo 0 ;;
	esac
}

# Numbers are of a log that we do not have.
numbers_of() { [[ $1 == ebpfguardctl.8:* && $printed == *'allow = ['* ]] && echo numbers; }

before() {
	case $1 in
	'ebpfguardctl diff '*) enter alice ;;
	*'--since yesterday'*)
		date -s "$(date -d yesterday '+%F %T')" >/dev/null
		mark
		[[ ${entered:-} ]] || enter alice
		tell 'curl -w1 18.4.5.6 443'
		until_true 20 log_has 'DENY connect .* dst=18.4.5.6 port=443'
		date -s "$(date -d tomorrow '+%F %T')" >/dev/null
		;;
	*'--since today'* | *'--verdict audit')
		mark
		enter alice
		tell 'curl -w1 18.4.5.6 443'
		until_true 20 log_has '(DENY|AUDIT) connect .* dst=18.4.5.6 port=443'
		leave
		;;
	*'--user bob --json'*)
		mark
		sh_as bob 'for i in {1..120}; do true >/dev/tcp/18.4.0.$i/443; done' 2>/dev/null
		until_true 60 log_has 'END .* user=bob'
		;;
	*"grep 'not guarded'")
		sed -i '/pam_ebpfguard/d' /etc/pam.d/sshd
		enter carol
		;;
	*'--user webhook')
		leave
		cp $W/pam.d/sshd /etc/pam.d/sshd
		configure 'profiles = ( { name = "watched"; default = "deny"; mode = "audit"; } );' \
			'match = ( { user = "webhook"; profile = "watched"; } );'
		mark
		for _ in 1 2; do sh_as webhook 'curl -w1 192.0.2.10 443; sleep 1'; done
		until_true 60 eval '(($(since_mark | grep -c "END .* user=webhook") == 2))'
		;;
	*ebpfguard-metrics.timer) mkdir -p /var/lib/prometheus/node-exporter ;;
	*'sed -i '*'common-session'*) sed -i '/pam_ebpfguard/d' /etc/pam.d/sshd ;;
	'sudo ebpfguardctl sessions') enter bob ;;
	'ebpfguardctl setup --yes --exempt-user '* | 'sudo ebpfguardctl setup')
		leave
		cp $W/pam.d/sshd /etc/pam.d/sshd
		sed -i '/pam_ebpfguard/d' /etc/pam.d/sshd
		configure 'deny = [ "18.0.0.0/9" ];'
		;;
	'systemctl disable --now ebpfguard.socket'*) sed -i '/pam_ebpfguard/d' /etc/pam.d/sshd ;;
	esac
}

# The helper is there again if an example before has taken it out: its start is the longest of all steps, and after the
# last example it is not needed.
taken_out=''
put_back() {
	[[ ! $taken_out ]] || systemctl enable -q --now ebpfguard.socket ebpfguard.service
	taken_out=''
}

no_pin() { [[ ! -e /sys/fs/bpf/ebpfguard ]]; }

# What a command is there for has come about.
after() {
	case $1 in
	*"--user bob --json"*) matches "$where: counted" '^\["18\.4\.0\.[0-9]+",1\]' "$out" ;;
	*"grep INCOMPLETE") matches "$where: something is missing" INCOMPLETE "$out" ;;
	*"grep 'not guarded'") matches "$where: who" 'ssh session not guarded: carol .*from=10[.]0[.]0[.]5 ' "$out" ;;
	*'--html '*)
		matches "$where: a page" '^(<!DOCTYPE html>|<!doctype html>)' "$(cat /root/week.html $W/week.html 2>/dev/null)"
		rm -f /root/week.html $W/week.html
		;;
	'ebpfguardctl quarantine '*) is "$where: cut off" true "$(ebpfguardctl session 1 --json | jq .quarantined)" ;;
	'ebpfguardctl release '*) is "$where: no longer" false "$(ebpfguardctl session 1 --json | jq '.quarantined // false')" ;;
	'ebpfguardctl kill '*)
		wait "$entered" && fail "$where: ssh has ended as if nothing was" || pass "$where: the connection has ended"
		entered=''
		exec 7>&-
		;;
	*ebpfguard-metrics.timer)
		systemctl start ebpfguard-metrics.service
		matches "$where: metrics" 'ebpfguard_' "$(cat /var/lib/prometheus/node-exporter/ebpfguard.prom)"
		;;
	*'sed -i '*'common-session'*)
		is "$where: one line, behind common-session" "@include common-session" "$(grep -B1 pam_ebpfguard /etc/pam.d/sshd | head -n 1)"
		sed -i '/pam_ebpfguard/s/$/ timeout=30000/' /etc/pam.d/sshd # emulated
		;;
	'sudo ebpfguardctl sessions')
		matches "$where: who has logged in is guarded" 'bob' "$out"
		leave
		;;
	*'explain alice connect 18.4.5.6:443/tcp')
		[[ $1 != sudo* ]] || matches "$where: what the text says" \
			'^allow [(]audit: would be denied by 18[.]0[.]0[.]0/9 at /etc/ebpfguard.conf:2; ' "$out"
		;;
	*'ebpfguardctl setup --undo')
		is "$where: the line is out" "" "$(grep pam_ebpfguard /etc/pam.d/sshd)"
		is "$where: the configuration is as it was" 'deny = [ "18.0.0.0/9" ];' "$(cat /etc/ebpfguard.conf)"
		;;
	*'ebpfguardctl setup --yes --enforce '*) matches "$where: enforced" 'mode: enforce' "$(ebpfguardctl status)" ;;
	*'ebpfguardctl setup'*)
		matches "$where: nothing is refused" 'mode: audit' "$(ebpfguardctl status)"
		is "$where: one line, behind common-session" "@include common-session" "$(grep -B1 pam_ebpfguard /etc/pam.d/sshd | head -n 1)"
		sed -i 's/exempt_user=carol/& timeout=30000/' /etc/pam.d/sshd # emulated
		mark
		sh_as carol true
		logged "$where: carol is exempt" 'exempt user=carol by=exempt_user'
		;;
	*'--verdict audit' | *'--dst 18.4.5.6'*) matches "$where: alice's attempt" ' connect +alice .*/usr/bin/curl +18[.]4[.]5[.]6:443' "$out" ;;
	*"'s/^mode = "*) matches "$where: enforced" 'mode: enforce' "$(ebpfguardctl status)" ;;
	"sudo sed -i '/pam_ebpfguard/d'"*)
		is "$where: no line is left" "" "$(grep pam_ebpfguard /etc/pam.d/sshd)"
		mark
		is "$where: one can log in" hello "$(sh_as bob 'echo hello')"
		! log_has 'START .* user=bob' && pass "$where: unguarded" || fail "$where: unguarded"
		;;
	*'disable --now ebpfguard'*) is "$where: stopped" inactive "$(systemctl is-active ebpfguard.service)" ;;
	*'ebpfguard-helper --unload')
		until_true 20 no_pin && pass "$where: nothing is pinned" || fail "$where: nothing is pinned"
		taken_out=1
		;;
	esac
}

# asks COMMAND: does it ask questions?
asks() { [[ $1 == 'sudo ebpfguardctl setup' ]]; }
# answered COMMAND: on a terminal, as someone who wants carol to be exempt, alice's login tried, and nothing enforced.
answered() { printf '%s\n' yes carol alice no | script -qec "$1" /dev/null 2>&1; }

# follow COMMAND: it runs until it is interrupted, and prints what comes.
follow() {
	bash -c "exec $1" >$W/followed 2>&1 </dev/null &
	local pid=$!
	sleep 2
	tell 'curl -w1 18.4.5.6 443'
	until_true 30 grep -q 'DENY.* connect.*18[.]4[.]5[.]6:443' $W/followed && pass "$where: $1: it prints what comes" ||
		fail "$where: $1: $(cat $W/followed)"
	kill "$pid"
	wait "$pid" 2>/dev/null
	out=$(cat $W/followed)
}

# shown_by WORD: outputs that no command of the page stands before.
shown_by() {
	local got
	case $1 in
	log)
		printf '%s\n' 192.0.2.{1..6}/32 x >/srv/drop.txt
		mark
		configure '# one' '# two' 'deny_files = [ "/srv/drop.txt" ];'
		until_true 20 log_has '/srv/drop.txt:7: '
		same "$d/unfolded" "$(since_mark | grep -o '/srv/drop.txt:7: .*')"
		;;
	diff)
		{ printf '# %s\n' {1..30} && echo 192.0.2.7; } >/srv/drop.txt
		printf '%s\n' 'mode = "audit";' '' 'deny = [ "18.0.0.0/9" ];' >/etc/ebpfguard.conf
		printf '%s\n' '' '' 'deny_files = [ "/srv/drop.txt" ];' 'deny = [ "10.0.0.0/8" ];' '' '' '' 'profiles = (' \
			'{ name = "ops"; } );' >$W/new.conf
		got=$(cd $W && ebpfguardctl --socket /nowhere diff new.conf 2>/dev/null)
		same "$d/unfolded" "$got"
		echo 'default = "allow";' >/etc/ebpfguard.conf
		;;
	*) fail "$where: nobody knows what prints this: $1" ;;
	esac
}

# ---- records: one session that has every kind of them, in both forms

story_told() {
	[[ ! -s $W/story ]] || return 0
	local format
	for format in kv json; do
		configure 'deny = [ "18.0.0.0/9" ]; setuid = { deny = true; };' 'record = { exec = true; connect = "all"; };' "log = { format = \"$format\"; };"
		mark
		# Of a session with a terminal, from a port of one's own: in JSON what is not known is left out.
		peer ssh -tt -b $PEER "alice@$HOST" "curl -s $HOST -p 40112 -w1 18.4.5.6 443" </dev/null >/dev/null 2>&1
		enter alice
		tell 'cd /tmp; ls /etc | wc -l; sh -c "kill -9 \$\$"; true >/dev/udp/10.1.2.3/9; curl -z -w1 10.1.2.3 22'
		tell 'curl -w1 18.4.5.6 443; sudo -n true'
		tell "python3 -c 'from socket import *; socket(AF_INET, SOCK_DGRAM).sendto(b\"x\", (\"18.4.5.6\", 9))'"
		leave
		until_true 60 eval '(($(since_mark | grep -cE "END .*user=alice|\"event\":\"end\".*\"user\":\"alice\"") == 2))'
		since_mark | grep -E ' user=alice |"user":"alice"| session=' >>$W/story
	done
}

# ---- PAM

# pam_line FILE LINE: behind the include of common-session, in the place of another of ours.
pam_line() {
	sed -i '/pam_ebpfguard/d' "$1"
	sed -i "/^@include common-session\(-noninteractive\)\? *\$/a $2 timeout=30000" "$1"
	grep -q pam_ebpfguard "$1"
}

# pam_works FILE LINE: a session of this service is guarded, who is exempt is not.
pam_works() {
	mark
	case ${1##*/} in
	sshd)
		if [[ $2 == *onerr=succeed* ]]; then
			systemctl stop ebpfguard.socket ebpfguard.service
			sed -i 's/timeout=30000/timeout=1000/' "$1"
			is "$where: let in when the helper is down" hello "$(sh_as alice 'echo hello')"
			logged "$where: and reported" 'session of user alice is NOT guarded: .*onerr=succeed'
			systemctl start ebpfguard.socket ebpfguard.service
			return
		fi
		sh_as alice true
		logged "$where: sshd: alice is guarded" 'START .* user=alice .* service=sshd'
		sh_as carol true
		logged "$where: sshd: carol, of adm, is exempt" 'exempt user=carol by=exempt_group group=adm'
		;;
	cron)
		systemctl start cron.service
		printf '* * * * * alice true\n' >/etc/cron.d/example
		until_true 90 log_has 'START .* user=alice .* service=cron'
		rm /etc/cron.d/example
		logged "$where: cron: alice's job is guarded" 'START .* user=alice .* service=cron'
		;;
	atd)
		systemctl start atd.service
		runuser -u alice -- sh -c 'echo true | at now' >/dev/null 2>&1
		until_true 90 log_has 'START .* user=alice .* service=atd'
		logged "$where: atd: alice's job is guarded" 'START .* user=alice .* service=atd'
		;;
	login)
		script -qec 'login -f bob' /dev/null >/dev/null 2>&1 <<<'exit'
		logged "$where: login: bob is guarded" 'START .* user=bob .* service=login'
		;;
	su)
		su bob -c true
		logged "$where: su: root becoming bob is guarded" 'START .* user=bob .* service=su '
		mark
		su - bob -c true
		logged "$where: su -l: so is a login shell" 'START .* user=bob .* service=su-l'
		;;
	*) fail "$where: nobody knows how to open a session of ${1##*/}" ;;
	esac
}
