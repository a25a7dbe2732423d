#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# Servers of the same user's that run outside of every session, real ones: what they do for whoever asks they do not do
# for a session. Logins on the console with the line in PAM. Managers that the helper cannot guard.
# flavour: tools
# shellcheck source=tests/vm/lib.sh
. /srv/t/lib.sh
# shellcheck source=tests/vm/logins.sh
. /srv/t/logins.sh
SCRIPT_NAME=servers

good=$(cat /etc/ebpfguard.conf)
DENIED="$T/try connect udp 18.4.5.6 9"
FAR=/tmp/far
own_key
install -d -m 0700 -o alice $FAR
by_alice() { runuser -u alice -- bash -c "cd; export TERM=xterm; unset XDG_RUNTIME_DIR; $1"; }

# Like the servers of editors: runs what it is told on a socket in a directory of the user's.
cat >/srv/editor.py <<'E2'
import os, socket, subprocess, sys
s = socket.socket(socket.AF_UNIX)
if sys.argv[1] == "serve":
    s.bind(sys.argv[2])
    s.listen()
    while True:
        c = s.accept()[0]
        c.sendall(subprocess.run(c.recv(4096).decode(), shell=True, capture_output=True).stdout)
        c.close()
try:
    s.connect(sys.argv[2])
    s.sendall(sys.argv[3].encode())
    print(s.recv(4096).decode().strip())
except OSError as e:
    print(e.strerror)
E2

# ---- outside: all of them serve

unguard_logins
by_alice "tmux -f /dev/null -L far new-session -d -s w 'sleep 1000'"
by_alice "screen -dmS far sleep 1000"
by_alice "ssh-agent -a $FAR/agent >/dev/null; SSH_AUTH_SOCK=$FAR/agent ssh-add -q .ssh/id_ed25519"
by_alice "ssh -f -N -M -S $FAR/mux localhost" >/dev/null 2>&1
by_alice "exec python3 /srv/editor.py serve $FAR/editor" &
until_true 30 test -S $FAR/editor -a -S $FAR/mux -a -S $FAR/agent

# NAME|COMMAND|OUTSIDE|GUARDED
servers() {
	local wait="for i in {1..100}; do [[ -s $FAR/out ]] && break; sleep 0.1; done; cat $FAR/out"
	cat <<-E2
		tmux|tmux -L far new-window '$DENIED >$FAR/out' && { $wait; }|^ok$|Operation not permitted
		screen|screen -S far -X screen bash -c '$DENIED >$FAR/out' && { $wait; }|^ok$|^[^o]
		ssh's ControlMaster|ssh -n -o BatchMode=yes -S $FAR/mux nowhere.invalid '$DENIED'|^ok$|Operation not permitted
		ssh-agent|SSH_AUTH_SOCK=$FAR/agent ssh-add -l|ED25519|Error connecting to agent: Operation not permitted
		an editor|python3 /srv/editor.py ask $FAR/editor '$DENIED'|^ok$|^Operation not permitted$
	E2
}
# ask_all WHERE COLUMN
ask_all() {
	local name command outside guarded
	while IFS='|' read -r name command outside guarded; do
		rm -f $FAR/out
		[[ $2 == guarded ]] || guarded=$outside
		matches "$1: $name" "$guarded" "$(sh_as alice "export TERM=xterm; $command" 2>&1 </dev/null | tr -d '\r' | paste -sd' ')"
	done < <(servers)
}
ask_all outside outside
guard_logins

# ---- guarded

mark
ask_all guarded guarded
is "guarded: a session is" EPERM "$(sh_as alice "$DENIED")"
# ssh gives its socket another name than it binds it to.
for name in tmp/tmux-1000/far run/screen/S-alice/[0-9]+[.]far 'tmp/far/mux[.][A-Za-z0-9]+' tmp/far/agent tmp/far/editor; do
	logged "log: $name" "DENY unix .* user=alice .* path=/$name reason=same-user rule=unix.same_user errno=EPERM"
done
configure "$good" 'unix = { same_user = "allow"; };'
ask_all "same_user allowed" outside
printf '%s\n' "$good" >/etc/ebpfguard.conf
ebpfguardctl reload >/dev/null
by_alice "tmux -L far kill-server; screen -S far -X quit; ssh -S $FAR/mux -O exit x" >/dev/null 2>&1
pkill -KILL -u alice -x ssh-agent
pkill -KILL -u alice -f 'editor.py serve'
wait 2>/dev/null

# ---- a login on the console

cat >/home/alice/.bash_profile <<E2
$DENIED >~/by-login
exit
E2
chown alice: /home/alice/.bash_profile
# by_login: what a denied connect says there.
by_login() {
	rm -f /home/alice/by-login
	timeout 60 script -qec 'login -f alice' /dev/null </dev/null >/dev/null 2>&1
	cat /home/alice/by-login 2>&1
}
is "login without the line in PAM" ok "$(by_login)"
cp -p /etc/pam.d/login /tmp/login.before
sed -i '/^@include common-session/a session required pam_ebpfguard.so timeout=30000' /etc/pam.d/login
mark
is "login with the line in PAM" EPERM "$(by_login)"
logged "log: a session of login's" 'START session=[0-9]+ user=alice .* service=login '
logged "log: that ends" 'END session=[0-9]+ user=alice '
mv /tmp/login.before /etc/pam.d/login
rm -f /home/alice/.bash_profile /home/alice/by-login

# ---- what cannot be guarded is said

gaps() { ebpfguardctl status | sed -n 's/^not guarded: //p' | grep -v '^jobs of '; }
until_true 60 no_session_left
is "status: no manager is unguarded" "" "$(gaps)"
mark
touch /var/lib/systemd/linger/ghost
there() { [[ $(gaps) ]]; }
until_true 90 there
is "status: a user who lingers and is nobody" "manager of lingering user ghost until it runs: not in /etc/passwd" "$(gaps)"
logged "log: a warning" 'not guarded: manager of lingering user ghost until it runs: not in /etc/passwd'
rm /var/lib/systemd/linger/ghost
rm -rf $FAR /srv/editor.py
all_over
