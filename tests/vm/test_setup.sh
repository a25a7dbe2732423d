#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# ebpfguardctl setup: from a machine that guards nobody to guarded logins and back; what stops it leaves nobody locked out.
# shellcheck source=tests/vm/lib.sh
. /srv/t/lib.sh
SCRIPT_NAME=setup
work=$(mktemp -d)
saved_conf=$(cat /etc/ebpfguard.conf)
saved_pam=$(cat /etc/pam.d/sshd)
# The mark of this test's own, and no line: as the package leaves it.
sed -i '/pam_ebpfguard/d' /etc/pam.d/sshd
cp /etc/pam.d/sshd /etc/pam.d/cron "$work/"
unset SUDO_USER

setup() { ebpfguardctl setup "$@" </dev/null >"$work/out" 2>&1; }
said() { # DESCRIPTION REGEX
	if grep -Eq -- "$2" "$work/out"; then
		pass "$1"
	else
		fail "$1"
		sed 's/^/#   | /' "$work/out"
	fi
}
pam_is_as_before() { cmp -s /etc/pam.d/sshd "$work/sshd" && cmp -s /etc/pam.d/cron "$work/cron"; }
unchanged() { if pam_is_as_before && [[ $(cat /etc/ebpfguard.conf) == "$1" ]]; then pass "$2"; else fail "$2"; fi; }
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
setup --undo
is "undo of the audit mode that it has begun" 0 $?
unchanged "$saved_conf" "all is as it was"
runuser -u alice -- ebpfguardctl setup --yes --exempt-user bob >"$work/out" 2>&1
is "not root" 1 $?
said "who must be" 'run it as root'
setup --undo --enforce
is "undo and enforce" 2 $?

cp /etc/ebpfguard.conf "$work/conf"
echo 'deny = ["300.0.0.0/8"];' >/etc/ebpfguard.conf
setup --yes --exempt-user bob
is "a configuration that is wrong" 1 $?
said "where" '^/etc/ebpfguard.conf:1: deny\[0\]: '
printf 'deny = []; mode = "enforce";\n' >/etc/ebpfguard.conf
setup --yes --exempt-user bob
is "a mode on a line with other things" 1 $?
said "what to do about it" 'mode stands on a line with other things: give it one of its own'
cp "$work/conf" /etc/ebpfguard.conf
ebpfguardctl reload >/dev/null

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
setup --undo

setup --yes --exempt-user bob sshd no_service
is "a service that is not there" 1 $?
said "which one" '/etc/pam.d/no_service: there is no such service of PAM'
pam_is_as_before && pass "and none has a line" || fail "and none has a line"
setup --yes --exempt-user bob ../passwd
is "a name that is none" 1 $?
setup --undo
unchanged "$saved_conf" "all is as it was again"
is "a login, unguarded" ok "$(says_when_denied alice)"

# The helper is gone, and nothing can start it: the trial is refused, so the line does not stay.
systemctl stop ebpfguard.service ebpfguard.socket
systemctl mask --runtime --quiet ebpfguard.service
setup --yes --exempt-user bob
is "a helper that cannot start" 1 $?
said "what is wrong with it" 'systemctl enable --now: .*masked'
systemctl unmask --runtime --quiet ebpfguard.service
systemctl start ebpfguard.socket
until_true 120 systemctl start ebpfguard.service 2>/dev/null

# ---- the whole way

mark
setup --yes --exempt-user bob sshd cron
is "setup" 0 $?
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

setup --undo
is "undo" 0 $?
unchanged "$saved_conf" "all is as it was, in both services and the configuration"
is "a login is nobody's" ok "$(says_when_denied alice)"
setup --undo
is "undo once more" 0 $?
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
setup --undo
unchanged "$saved_conf" "and undone"

# ---- units that setup has enabled are disabled again

systemctl disable --quiet ebpfguard.socket ebpfguard.service
setup --yes --exempt-user bob
is "units that were not enabled" "enabled enabled" "$(systemctl is-enabled ebpfguard.socket ebpfguard.service | xargs)"
setup --undo
is "are not any more" "disabled disabled" "$(systemctl is-enabled ebpfguard.socket ebpfguard.service | xargs)"

systemctl enable --quiet ebpfguard.socket ebpfguard.service
systemctl start ebpfguard.socket
until_true 120 systemctl start ebpfguard.service 2>/dev/null
echo "$saved_pam" >/etc/pam.d/sshd
ebpfguardctl reload >/dev/null
all_over
rm -rf "$work"
