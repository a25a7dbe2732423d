#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# ebpfguardctl setup: from a machine that guards nobody to guarded logins and back; what stops it leaves nobody locked out.
# shellcheck source=tests/vm/lib.sh
. /srv/t/lib.sh
SCRIPT_NAME=setup
work=$(mktemp -d)
saved_pam=$(cat /etc/pam.d/sshd)
# The mark of this test's own, and no line: as the package leaves it.
sed -i '/pam_ebpfguard/d' /etc/pam.d/sshd
cp -p /etc/pam.d/sshd /etc/pam.d/cron /etc/pam.d/su /etc/ebpfguard.conf "$work/"
unset SUDO_USER

setup() { timeout 300 ebpfguardctl setup "$@" </dev/null >"$work/out" 2>&1; }
said() { # DESCRIPTION REGEX
	if grep -Eq -- "$2" "$work/out"; then
		pass "$1"
	else
		fail "$1"
		sed 's/^/#   | /' "$work/out"
	fi
}
pam_is_as_before() { cmp /etc/pam.d/sshd "$work/sshd" && cmp /etc/pam.d/cron "$work/cron" && cmp /etc/pam.d/su "$work/su"; }
unchanged() { if pam_is_as_before && cmp /etc/ebpfguard.conf "$work/ebpfguard.conf"; then pass "$1"; else fail "$1"; fi; }
undone() { setup --undo; is "undo${1:+ of $1}" 0 $?; }
nothing_is_left() {
	is "$1: no unit of the trial is left" "" "$(systemctl list-units --no-legend --all 'ebpfguard-trial*')"
	is "$1: nor its key" "" "$(compgen -G '/run/ebpfguard-trial.*')"
}
says_when_denied() { sh_as "$1" "$T/try connect udp 18.4.5.6 9"; }

# ---- what stops it, with nothing changed

setup
is "without a terminal, and without --yes" 2 $?
said "what to add" 'no terminal to answer at: add --yes and --exempt-user NAME'
setup --yes --exempt-user nobody_here
is "an exempt user who is not there" 1 $?
said "which" 'there is no user "nobody_here"'
setup --yes
is "nobody who is exempt" 1 $?
said "how to say who" 'get in whatever happens: --exempt-user NAME'
undone "the audit mode that it has begun"
unchanged "all is as it was"
runuser -u alice -- ebpfguardctl setup --yes --exempt-user bob >"$work/out" 2>&1
is "not root" 1 $?
said "who must be" 'run it as root'
setup --undo --enforce
is "undo and enforce" 2 $?
setup --undo --exempt-user bob
is "undo and a user" 2 $?
setup --undo cron
is "undo and a service" 2 $?
said "that it is for all" 'undo is for all that setup has changed: it takes no service'

echo 'deny = ["300.0.0.0/8"];' >/etc/ebpfguard.conf
setup --yes --exempt-user bob
is "a configuration that is wrong" 1 $?
said "where" '^/etc/ebpfguard.conf:1: deny\[0\]: '
printf 'deny = []; mode = "enforce";\n' >/etc/ebpfguard.conf
setup --yes --exempt-user bob
is "a mode on a line with other things" 1 $?
said "what to do about it" 'mode stands on a line with other things: give it one of its own'
printf 'deny = [];\nprofiles = ({ name = "strict"; mode = "enforce"; });\n' >/etc/ebpfguard.conf
setup --yes --exempt-user bob
is "a profile that enforces by itself" 1 $?
said "which" 'profile strict enforces all the same'
pam_is_as_before && pass "and no service has a line" || fail "and no service has a line"
cp -p "$work/ebpfguard.conf" /etc/ebpfguard.conf
ebpfguardctl reload >/dev/null
printf '# a \0 b\n@include common-session\n' >/etc/pam.d/egnul
setup --yes --exempt-user bob egnul
is "a file of PAM with a NUL" 1 $?
said "which" '/etc/pam.d/egnul: there is a NUL byte in it'
printf 'session optional pam_permit.so \\\n\tdebug\n' >/etc/pam.d/egnul
setup --yes --exempt-user bob egnul
is "lines that go on" 1 $?
said "what to do about them" '/etc/pam.d/egnul: lines of it end in a backslash, .* by hand'
is "it is as it was" 2 "$(grep -c . /etc/pam.d/egnul)"
rm /etc/pam.d/egnul
undone
unchanged "all is as it was, and the mode"

mkdir -p /etc/ssh/sshd_config.d
echo 'UsePAM no' >/etc/ssh/sshd_config.d/00-test.conf
setup --yes --exempt-user bob
is "an sshd without PAM" 1 $?
said "what to write" 'UsePAM no: .* Write "UsePAM yes" into /etc/ssh/sshd_config'
echo 'DenyUsers alice' >/etc/ssh/sshd_config.d/00-test.conf
setup --yes --exempt-user bob --trial-user alice
is "a trial login that sshd refuses" 1 $?
said "who" 'alice cannot log in: ssh says: .*Permission denied'
said "and the line is out again" '/etc/pam.d/sshd: the line is out'
rm /etc/ssh/sshd_config.d/00-test.conf
pam_is_as_before && pass "PAM is as it was" || fail "PAM is as it was"
nothing_is_left "after a failure"
undone "what a failure left"

setup --yes --exempt-user bob sshd no_service
is "a service that is not there" 1 $?
said "which one" '/etc/pam.d/no_service: there is no such service of PAM'
pam_is_as_before && pass "and none has a line" || fail "and none has a line"
setup --yes --exempt-user bob ../passwd
is "a name that is none" 1 $?
undone
unchanged "all is as it was again"
is "a login, unguarded" ok "$(says_when_denied alice)"

# The helper is gone, and nothing can start it: the trial is refused, so the line does not stay.
systemctl stop ebpfguard.service ebpfguard.socket
systemctl mask --runtime --quiet ebpfguard.service
setup --yes --exempt-user bob
is "a helper that cannot start" 1 $?
said "what is wrong with it" 'systemctl enable --now: .*masked'
systemctl unmask --runtime --quiet ebpfguard.service
undone
helper_is_up() { systemctl start ebpfguard.socket && systemctl start ebpfguard.service 2>/dev/null; }
until_true 120 helper_is_up

# Somebody stops it, or hangs up, in the middle of the trial, which waits for a slow login.
printf 'touch /run/egslow.begun\nsleep 20\n' >/srv/egslow.sh
for signal in INT HUP; do
	rm -f /run/egslow.begun
	sed -i '1i session optional pam_exec.so quiet /bin/sh /srv/egslow.sh' /etc/pam.d/sshd
	cp -p /etc/pam.d/sshd "$work/sshd.slow"
	# Not by a shell's &, which has SIGINT ignored.
	python3 -c 'import signal, subprocess, sys
signal.signal(signal.SIGINT, signal.SIG_DFL)
sys.exit(subprocess.call(sys.argv[1:]))' ebpfguardctl setup --yes --exempt-user bob </dev/null >"$work/out" 2>&1 &
	running=$!
	until_true 120 test -e /run/egslow.begun
	pkill -"$signal" -x ebpfguardctl
	wait "$running"
	is "stopped by SIG$signal: its status" 1 $?
	said "that it stops" 'setup stops here'
	cmp /etc/pam.d/sshd "$work/sshd.slow" && pass "the line is out again" || fail "the line is out again"
	nothing_is_left "after SIG$signal"
	cp -p "$work/sshd" /etc/pam.d/sshd
done
rm -f /srv/egslow.sh /run/egslow.begun
undone "it"
unchanged "all is as it was once more"

# ---- the whole way

mark
# The host's own port is not the trial's, and its command is not in the trial's way.
printf 'ListenAddress 127.0.0.1:2299\nAddressFamily inet\nForceCommand /bin/false\n' >/etc/ssh/sshd_config.d/00-test.conf
setup --yes --exempt-user bob sshd cron
is "setup" 0 $?
rm /etc/ssh/sshd_config.d/00-test.conf
said "what no trial can show" '^7/8 trial login +not by cron: try that by hand'
said "the kernel" '^1/8 kernel +Linux .*: BTF, BPF LSM and bpffs are there'
said "who is guarded" '^7/8 trial login +alice gets in, and is guarded'
said "who is not" '^7/8 trial login +bob gets in, and is not'
said "and that nothing is enforced" '^8/8 enforcement +not yet'
nothing_is_left "after it"
is "one line in each service" "/etc/pam.d/cron:1 /etc/pam.d/sshd:1" \
	"$(grep -c 'pam_ebpfguard.so exempt_user=bob # ebpfguardctl setup$' /etc/pam.d/cron /etc/pam.d/sshd | xargs)"
is "behind what all sessions have" "session required pam_ebpfguard.so exempt_user=bob # ebpfguardctl setup" \
	"$(sed -n '/^@include common-session$/{n;p}' /etc/pam.d/sshd)"
is "the file's mode" 644 "$(stat -c %a /etc/pam.d/sshd)"
is "and the configuration's" 600 "$(stat -c %a /etc/ebpfguard.conf)"
is "a login is only watched" ok "$(says_when_denied alice)"
logged "and reported" "AUDIT connect .* user=alice .* dst=18.4.5.6 "
is "the exempt one" ok "$(says_when_denied bob)"

setup --yes --enforce --exempt-user bob
is "again, to enforce" 0 $?
said "what is there stays" '^6/8 PAM +/etc/pam.d/sshd has a line of the module, which stays'
said "it is on" '^8/8 enforcement +is on; alice still gets in'
is "a login is guarded" EPERM "$(says_when_denied alice)"
is "the exempt one still is not" ok "$(says_when_denied bob)"
is "a line still" 1 "$(grep -c pam_ebpfguard /etc/pam.d/sshd)"

# A service more, on a host that enforces: it does not stop enforcing.
setup --yes --exempt-user bob sshd su
is "another service, later" 0 $?
said "the mode stays" '^5/8 audit mode +logins over SSH are guarded already, and mode = "enforce" stays'
said "so it is on" '^8/8 enforcement +is on already'
is "a login still is guarded" EPERM "$(says_when_denied alice)"

# What setup cannot take back is said, and does not keep the rest from it.
printf 'session required pam_ebpfguard.so # ebpfguardctl setup\n' >"$work/elsewhere"
ln -s "$work/elsewhere" /etc/pam.d/eglink
mkfifo /etc/pam.d/egfifo
systemctl stop ebpfguard.service ebpfguard.socket
setup --undo
is "undo without a helper" 1 $?
said "what is not in force" 'it is not in force: the helper has not taken it'
unchanged "all is as it was all the same, in the services and the configuration"
is "what a link leads to is left" 1 "$(grep -c . "$work/elsewhere")"
rm /etc/pam.d/eglink /etc/pam.d/egfifo
until_true 120 helper_is_up
is "a login is nobody's" ok "$(says_when_denied alice)"
undone "nothing"
said "finds nothing" 'no service of PAM has a line'

# ---- with somebody who answers

cat >"$work/answers.py" <<'PY'
import os, pty, sys, time

pid, fd = pty.fork()
if pid == 0:
    os.environ["SUDO_USER"] = "bob"
    os.execvp("ebpfguardctl", ["ebpfguardctl", "setup"])
answers = {b"whatever happens to the helper? [bob]": b"\n", b"whose login is to be tried": b"alice\n",
           b"for the trial, which refuses nothing? [yes]": b"\n", b'put mode = "enforce" there now? [no]': b"yes\n"}
said = b""
while True:
    try:
        more = os.read(fd, 4096)
    except OSError:
        break
    if not more:
        break
    said += more
    for question in list(answers):
        if question in said:
            os.write(fd, answers.pop(question))
sys.stdout.buffer.write(said)
sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) or len(answers))
PY
python3 "$work/answers.py" >"$work/out" 2>&1
is "asked for what it needs, with SUDO_USER for a guess" 0 $?
said "and enforced" '8/8 enforcement +is on'
is "guarded" EPERM "$(says_when_denied alice)"
undone "it"
unchanged "and all is as it was"

# ---- units that setup has enabled are disabled again

systemctl disable --quiet ebpfguard.socket ebpfguard.service
systemctl enable --quiet ebpfguard.socket
setup --yes --exempt-user bob
is "setup, and one of the units was not enabled" 0 $?
is "both are" "enabled enabled" "$(systemctl is-enabled ebpfguard.socket ebpfguard.service | xargs)"
echo 'session required pam_ebpfguard.so' >>/etc/pam.d/cron
setup --undo
is "undo while a service asks for the module" 1 $?
said "which" 'the service cron of PAM still asks for the module'
is "so both stay" "enabled enabled" "$(systemctl is-enabled ebpfguard.socket ebpfguard.service | xargs)"
cp -p "$work/cron" /etc/pam.d/cron
undone
is "what setup has enabled is not any more" "enabled disabled" "$(systemctl is-enabled ebpfguard.socket ebpfguard.service | xargs)"
is "nothing is kept" "" "$(find /var/lib/ebpfguard -name 'setup-*')"

systemctl enable --quiet ebpfguard.socket ebpfguard.service
until_true 120 helper_is_up
echo "$saved_pam" >/etc/pam.d/sshd
ebpfguardctl reload >/dev/null
all_over
rm -rf "$work"
