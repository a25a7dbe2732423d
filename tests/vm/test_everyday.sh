#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# What people do all day works in a session with every restriction on, as it does outside, and nothing of it is reported
# as refused. Then the few things that root's session has to do without.
# flavour: tools
# shellcheck source=tests/vm/lib.sh
. /srv/t/lib.sh
# shellcheck source=tests/vm/logins.sh
. /srv/t/logins.sh
SCRIPT_NAME=everyday

work=$(mktemp -d)
chmod 0755 "$work"
good=$(cat /etc/ebpfguard.conf)
jobs=()
"$T/try" serve 7000 & jobs+=($!)
own_key

# Each function works_* is one thing that people do. Prints "THING: ok", or what went wrong.
cat >"$work/each" <<'E2'
each() {
	local thing out status
	for thing in $(compgen -A function "$1"); do
		out=$(set -eo pipefail; cd "$(mktemp -d)"; "$thing" 2>&1)
		status=$?
		thing=${thing#"$1"}
		((status == 0)) && echo "${thing//_/ }: ok" || echo "${thing//_/ }: status $status, $(tail -n 1 <<<"$out")"
	done
}
# waits COMMAND...: until it succeeds, for 20 seconds.
waits() {
	local i
	for ((i = 0; i < 100; i++)); do
		"$@" && return
		sleep 0.2
	done
	return 1
}
# Reads to the end, or who writes would fail with SIGPIPE.
has() { grep -- "$1" >/dev/null; }
terminal() { TERM=xterm script -qec "$1" "${2:-/dev/null}" </dev/null; }
export -f waits terminal
E2

cat >"$work/alice" <<'E2'
#!/bin/bash
. "${0%/*}/each"
works_pipes() { [[ $(printf '%s\n' b a c | sort | tee >(cat >/dev/null) | head -n 1) == a ]]; diff <(echo x) <(echo x); }
works_here_documents() {
	local large
	large=$(head -c 200000 /dev/zero | tr '\0' x)
	[[ $(cat <<<word) == word && $(wc -c <<<"$large") == 200001 ]]
}
works_job_control() {
	set -m
	sleep 60 &
	kill -STOP %1
	waits grep -q '^State:.T' "/proc/$!/status"
	kill -CONT %1
	kill %1
	! wait %1
}
works_limits() { (ulimit -n 64; ulimit -c 0; ulimit -v 1000000; [[ $(ulimit -n) == 64 ]]); nice -n 5 true; }
works_traps() { [[ $(trap 'echo caught' USR1; kill -USR1 $BASHPID) == caught ]]; }
works_signals_to_own_processes() { sleep 60 & kill -0 $!; kill -TERM $!; ! wait $!; }
works_files() {
	mkdir -p a/b
	echo one >a/b/f
	ln a/b/f hard
	ln -s a/b/f soft
	sed -i s/one/two/ a/b/f
	chmod 0600 soft
	mv a/b/f a/g
	find . -name g -newer hard -o -name g | has g
	cp -a a copy
	rm -r a copy
	mkfifo pipe
	touch ~/.profile ~/.ssh/authorized_keys
}
works_dot_files() { echo "alias ll='ls -l'" >>~/.bash_aliases; mkdir -p ~/.config/systemd/user; rm ~/.bash_aliases; }
works_open_files() { ls -l /proc/self/fd /proc/$$/fd >/dev/null; [[ $(readlink /proc/$$/exe) == */bash ]]; }
works_looking_around() {
	ps aux | has '[s]shd'
	top -b -n 1 | has alice
	df >/dev/null
	free >/dev/null
	uptime >/dev/null
	id alice >/dev/null
	ss -tln | has :22
	ip addr >/dev/null
	loginctl list-sessions | has alice
	cat /proc/sys/kernel/ostype /etc/passwd >/dev/null
}
works_vim() {
	printf 'one\n' >f
	terminal "vim -Nu NONE -c '%s/one/two/' -c wq f"
	[[ $(<f) == two ]]
}
works_vim_without_a_terminal() { printf 'one\n' >f; vim -Es -u NONE -c '%s/one/two/' -c wq f; [[ $(<f) == two ]]; }
commit() {
	git init -q "$1"
	cd "$1"
	git config user.email alice@vm
	git config user.name alice
	echo text >file
	git add file
	git commit -qm first
	cd ..
}
works_git() {
	commit repo
	git clone -q "file://$PWD/repo" local
	(cd local; git checkout -qb topic; git log --oneline | has first; git gc -q)
}
works_git_over_ssh() {
	commit repo
	git clone -q "alice@localhost:$PWD/repo" remote
	[[ $(<remote/file) == text ]]
}
works_ssh_to_this_host() { [[ $(ssh -n localhost 'echo $USER') == alice ]]; }
works_tar() { mkdir d; echo x >d/f; tar czf d.tgz d; rm -r d; tar xzf d.tgz; [[ $(<d/f) == x ]]; }
works_building() {
	printf '#include <stdio.h>\nint main(void)\n{\n\treturn puts("hello") < 0;\n}\n' >hello.c
	printf 'hello: hello.c\n\t$(CC) -O1 -o $@ $<\n' >Makefile
	make -s
	[[ $(./hello) == hello ]]
	strace -f -o trace ./hello
	grep -q '^[0-9]* *write(1, "hello' trace
}
works_tracing_by_process() { sleep 60 & timeout 5 strace -p $! -o trace || [[ $? == 124 ]]; kill $!; grep -Eq 'sleep|restart' trace; }
works_python() {
	cat >p.py <<-'EOF'
		import multiprocessing, multiprocessing.shared_memory, os, socket, subprocess, tempfile
		def square(n):
		    return n * n
		if __name__ == "__main__":
		    assert subprocess.run(["true"]).returncode == 0
		    with multiprocessing.Pool(2) as pool:
		        assert pool.map(square, [1, 2, 3]) == [1, 4, 9]
		    lock = multiprocessing.Lock()
		    with lock:
		        m = multiprocessing.shared_memory.SharedMemory(create=True, size=4096)
		    m.buf[0] = 7
		    m.close()
		    m.unlink()
		    socket.create_connection(("10.1.2.3", 7000), 20).close()
		    server = socket.create_server(("127.0.0.1", 0))
		    socket.create_connection(server.getsockname(), 20)
		    tempfile.NamedTemporaryFile().write(b"x")
	EOF
	python3 p.py
}
works_tmux() {
	tmux -L one new-session -d -s w 'sleep 60'
	tmux -L one ls | has '^w:'
	terminal 'tmux -L one attach -t w' seen &
	waits bash -c 'tmux -L one list-clients | grep -q pts'
	tmux -L one detach-client -s w
	wait $!
	grep -q detached seen
	tmux -L one kill-server
}
works_screen() {
	screen -dmS w sleep 60
	waits bash -c 'screen -ls | grep -q "[.]w"'
	screen -S w -X quit
}
works_ssh_agent() {
	eval "$(ssh-agent)" >/dev/null
	ssh-add -q ~/.ssh/id_ed25519
	ssh-add -l | has ED25519
	ssh-agent -k >/dev/null
}
works_systemctl_user() { systemctl --user status --no-pager | has running; systemctl --user list-units >/dev/null; }
works_systemd_run_user() { [[ $(systemd-run --user --quiet --wait --pipe echo in) == in ]]; }
works_systemd_run_scope() { [[ $(systemd-run --user --quiet --scope echo in) == in ]]; }
works_busctl_user() { busctl --user list | has org.freedesktop.systemd1; }
works_journal() { logger -t everyday hello; journalctl --user -n 1 >/dev/null || true; }
works_crontab_list() { [[ $(crontab -l 2>&1) == 'no crontab for alice' ]]; }
works_nohup() { nohup sleep 1 >/dev/null & wait $!; setsid true; }
each works_
E2

cat >"$work/root" <<'E2'
#!/bin/bash
. "${0%/*}/each"
works_vim() {
	for f in /root/notes /srv/notes; do
		printf 'one\n' >$f
		terminal "vim -Nu NONE -c '%s/one/two/' -c wq $f"
		[[ $(cat $f) == two ]]
		rm $f
	done
}
works_tar() { tar czf etc.tgz -C / etc 2>/dev/null; tar tzf etc.tgz | has etc/passwd; tar xzf etc.tgz etc/hostname; }
works_owner_and_mode() { mkdir -p /srv/www; touch /srv/www/f; chown -R alice: /srv/www; chmod 0640 /srv/www/f; rm -r /srv/www; }
works_configuration_of_a_service() { mkdir -p /etc/thing; echo 'a = 1' >/etc/thing/thing.conf; rm -r /etc/thing; }
works_apt_simulated() { apt-get --simulate remove strace | has '^Remv strace'; dpkg -l bash | has ^ii; }
works_journalctl() { journalctl -n 5 --no-pager | has .; journalctl -u ssh -n 1 --no-pager >/dev/null; }
works_sockets_by_process() { ss -tlnp | has sshd; }
works_processes() { ps aux | has '[s]shd'; top -b -n 1 | has systemd; }
works_kernel_messages() { dmesg | has .; }
works_reading() { cat /etc/shadow /proc/sys/kernel/core_pattern /etc/ssh/sshd_config >/dev/null; tail -n 1 /var/log/auth.log >/dev/null; }
works_killing_a_daemon_of_users() { kill -0 "$(pgrep -x rsyslogd)"; }
works_becoming_a_user() { [[ $(su - alice -c 'id -un') == alice && $(runuser -u bob -- id -un) == bob ]]; }
works_git() { git init -q r; cd r; echo x >f; git add f; git -c user.name=r -c user.email=r@vm commit -qm x; }
works_network_state() { ip route >/dev/null; ip addr >/dev/null; ip neigh >/dev/null; }
each works_
E2
chmod 0755 "$work"/*

# compare WHERE OUTPUT NUMBER
all_ok() {
	local line n=0
	while IFS= read -r line; do
		is "$1: ${line%%: *}" ok "${line#*: }"
		n=$((n + 1))
	done <<<"$2"
	is "$1: everything was tried" "$3" "$n"
}
alice_n=$(grep -c '^works_' "$work/alice") root_n=$(grep -c '^works_' "$work/root")

unguard_logins
all_ok "outside, alice" "$(sh_as alice "$work/alice" 2>&1)" "$alice_n"
all_ok "outside, root" "$(sh_as root "$work/root" 2>&1)" "$root_n"
guard_logins
until_true 60 no_manager

configure 'default = "deny";' 'allow = ["10.1.2.3:7000/tcp", "10.99.0.0/24"];' 'bind = { deny = ["1-1023"]; };' \
	'setuid = { deny = true; };' 'mount = { deny = true; };' \
	'capabilities = { deny = ["SYS_ADMIN", "SYS_MODULE", "NET_ADMIN", "SYS_RAWIO", "SYS_BOOT", "SYS_TIME", "MKNOD", "NET_RAW"]; };'
mark
all_ok "guarded, alice" "$(sh_as alice "$work/alice" 2>&1)" "$alice_n"
none_refused "guarded, alice"

# Two sessions of alice share a tmux server that the first has started.
mark
sh_as alice 'tmux -L two new-session -d -s kept "sleep 600"' >/dev/null
matches "tmux of another session with the same profile: listed" '^kept: ' "$(sh_as alice 'tmux -L two ls' 2>&1)"
peer ssh -tt "alice@$HOST" 'TERM=xterm tmux -L two attach -t kept' </dev/null >"$work/seen" 2>&1 &
attached() { sh_as alice 'tmux -L two list-clients' 2>/dev/null | grep -q pts; }
if until_true 40 attached; then pass "and attached"; else fail "and attached"; fi
sh_as alice 'tmux -L two detach-client -s kept; tmux -L two kill-server' >/dev/null 2>&1
wait $!
# From the peer: the agent forwarded, files copied both ways.
peer bash -c "
	eval \$(ssh-agent) >/dev/null
	ssh-add -q /root/.ssh/id_ed25519
	ssh -n -A alice@$HOST 'ssh-add -l; ssh -n localhost echo by agent'
	ssh-agent -k >/dev/null" >"$work/agent" 2>&1
matches "agent forwarding, used for a login to this host" 'ED25519.*by agent' "$(paste -sd' ' "$work/agent")"
head -c 100000 /dev/urandom >"$work/file"
for way in -O -s; do
	peer scp -q $way "$work/file" "alice@$HOST:copy" && peer scp -q $way "alice@$HOST:copy" "$work/copy"
	is "scp $way there and back" "$(sha256sum <"$work/file")" "$(sha256sum <"$work/copy")"
done
printf 'put %s up\nrename up down\nrm down\nls\n' "$work/file" | peer sftp -q -b - "alice@$HOST" >/dev/null 2>&1
is "sftp" 0 $?
none_refused "sessions from the peer"

mark
all_ok "guarded, root" "$(sh_as root "$work/root" 2>&1)" "$root_n"
# Without CAP_NET_ADMIN, ss, su and root's manager do with the receive buffer that anybody gets. For su, pam_systemd asks for a
# session on the system bus, and goes on without.
none_refused "guarded, root" 'comm=(ss|su|systemd) .* (cap=CAP_NET_ADMIN reason=ceiling|path=/run/dbus/system_bus_socket reason=service) '

# What does not work, and how it says so.
mark
is "alice: docker is not there" "status 1" "$(sh_as alice 'command -v docker; echo status $?')"
matches "alice: sudo" 'sudo: Operation not permitted status 126' "$(sh_as alice '{ sudo -n true; echo status $?; } 2>&1' | paste -sd' ')"
logged "alice: sudo is reported" 'DENY exec .* user=alice .* path=/usr/bin/sudo target=0 rule=setuid errno=EPERM'
matches "root: systemctl status" 'Failed to connect to .*: Operation not permitted' "$(sh_as root 'systemctl status ssh' 2>&1)"
logged "root: systemctl is reported" 'DENY unix .* user=root .* path=/run/(systemd/private|dbus/system_bus_socket) reason=service rule=unix.services errno=EPERM'
matches "root: apt-get install" 'status [1-9]' "$(sh_as root 'apt-get -y remove strace; echo status $?' 2>&1 | paste -sd' ')"
is "root: the package is still there" 0 "$(strace -V >/dev/null 2>&1; echo $?)"

printf '%s\n' "$good" >/etc/ebpfguard.conf
ebpfguardctl reload >/dev/null
kill "${jobs[@]}"
rm -rf "$work"
all_over
