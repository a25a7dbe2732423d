# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# shellcheck shell=bash
# Sourced by the tests of real programs: logins with and without guard, programs that ask for a password, and a count
# of what was refused.

# The same login, user manager included, for the control: sshd without our line. The manager of a user who was guarded
# before is over first, or it would be the old one.
unguard_logins() {
	sed -i.guarded '/pam_ebpfguard/d' /etc/pam.d/sshd
}
guard_logins() { mv /etc/pam.d/sshd.guarded /etc/pam.d/sshd; }
no_manager() { ! systemctl is-active --quiet user@1000.service; }

# refusals: the lines of what was refused since mark(). The log is complete once the line of a login that is made for
# this purpose, and its refusal, are in it.
refusals() {
	local flag
	flag=192.0.2.$((RANDOM % 250 + 1))
	sh_as bob "$T/try connect udp $flag 9" >/dev/null
	until_true 20 log_has "DENY connect .* user=bob .* dst=${flag//./[.]} "
	since_mark | grep -E ' (DENY|DROP|BLOCK|RESET) ' | grep -v " dst=$flag " | sed 's/^.*ebpfguard[^:]*: //'
}

# none_refused WHERE [KNOWN]: nothing was, since mark(), but for lines that match KNOWN.
none_refused() {
	local lines
	lines=$(refusals | grep -Ev "${2:-^$}")
	is "$1: nothing was refused" "" "$(head -n 20 <<<"$lines")"
}

# alice can log in to this host herself.
own_key() {
	runuser -u alice -- bash -c 'cd; [[ -e .ssh/id_ed25519 ]] || ssh-keygen -q -t ed25519 -N "" -f .ssh/id_ed25519
		cat .ssh/id_ed25519.pub >>.ssh/authorized_keys'
}

# typing.py PASSWORD COMMAND...: runs it on a terminal of its own and types the password whenever it is asked for one, once
# the terminal no longer shows what is typed: polkit's agent asks first and throws away what was typed until then.
# Prints what it said in one line; the status is its own, 126 if it could not be executed.
cat >/srv/typing.py <<'E2'
import os, pty, re, select, sys, termios, time
pid, fd = pty.fork()
if not pid:
    os.execv("/bin/bash", ["bash", "-c", '"$@"', "typing"] + sys.argv[2:])
said, asked, end = b"", 0, time.monotonic() + 240
while time.monotonic() < end:
    if select.select([fd], [], [], 0.05)[0]:
        try:
            data = os.read(fd, 4096)
        except OSError:
            break
        if not data:
            break
        said += data
    hidden = not termios.tcgetattr(fd)[3] & termios.ECHO
    if hidden and len(re.findall(rb"[Pp]assword( for [^:]*)?: ", said)) > asked:
        asked += 1
        os.write(fd, sys.argv[1].encode() + b"\n")
else:
    os.kill(pid, 9)
status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
text = re.sub(rb"\x1b[\[\]][0-9;?]*[A-Za-z]|\x1b\][^\x07\x1b]*(\x07|\x1b\\)", b"", said).decode(errors="replace")
print(" ".join(text.split()))
sys.exit(status if status >= 0 else 128 - status)
E2
