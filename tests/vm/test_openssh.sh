#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# The regression tests of OpenSSH for logins, transfers and forwarding, with servers of their own, have the same results
# in a session of alice's with every restriction on as outside. From Debian's package openssh-tests.
# flavour: tools
# shellcheck source=tests/vm/lib.sh
. /srv/t/lib.sh
# shellcheck source=tests/vm/logins.sh
. /srv/t/logins.sh
SCRIPT_NAME=openssh
good=$(cat /etc/ebpfguard.conf)
tests=(connect proxy-connect exit-status-signal transfer stderr-after-eof sftp-cmds scp-uri forwarding agent-subprocess)

# regress DIR TEST...: one line a test, NAME and its last word.
cat >/srv/regress <<'E2'
#!/bin/bash
# One type of key instead of six, and a fast exchange: the rest is a matter of cryptography. UsePAM, which Debian has
# put in, needs a server that root has started.
dir=$1
shift
if [[ ! -e $dir ]]; then
	cp -r /usr/lib/openssh/regress "$dir"
	sed -i -e 's/UsePAM.*yes/UsePAM no/' -e 's/^SSH_\(KEY\|HOSTKEY_\)TYPES=.*/SSH_\1TYPES=ssh-ed25519/' "$dir/test-exec.sh"
fi
cd "$dir" || exit 1
export SUDO='' TEST_SHELL=/bin/sh BUILDDIR=$dir OBJ=$dir PATH=$PATH:/usr/sbin TEST_SSH_UNSAFE_PERMISSIONS=1
export TEST_SSH_SSH=/usr/bin/ssh TEST_SSH_SFTPSERVER=/usr/lib/openssh/sftp-server TEST_SSH_ECC=yes
export TEST_SSH_SSHD_AUTH=/usr/lib/openssh/sshd-auth TEST_SSH_SSHD_SESSION=/usr/lib/openssh/sshd-session
export TEST_SSH_SSH_CONFOPTS='KexAlgorithms curve25519-sha256'
for t; do
	out=$(timeout 120 /bin/sh test-exec.sh "$dir" "$dir/$t.sh" </dev/zero 2>&1)
	echo "$t: status $?, $(tail -n 1 <<<"$out")"
done
E2
chmod 0755 /srv/regress

run_all() { echo "/srv/regress /home/alice/regress ${tests[*]}"; }
unguard_logins
outside=$(sh_as alice "$(run_all)" 2>&1)
guard_logins
for t in "${tests[@]}"; do
	matches "outside: $t" '^status 0, ok ' "$(sed -n "s/^$t: //p" <<<"$outside")"
done

configure 'default = "deny";' 'bind = { deny = ["1-1023"]; };' 'setuid = { deny = true; };' 'mount = { deny = true; };' \
	'capabilities = { deny = ["SYS_ADMIN", "SYS_MODULE", "NET_ADMIN", "SYS_RAWIO", "SYS_BOOT", "NET_RAW"]; };'
mark
inside=$(sh_as alice "$(run_all)" 2>&1)
for t in "${tests[@]}"; do
	is "guarded: $t: the same" "$(sed -n "s/^$t: //p" <<<"$outside")" "$(sed -n "s/^$t: //p" <<<"$inside")"
done
none_refused "guarded"

printf '%s\n' "$good" >/etc/ebpfguard.conf
ebpfguardctl reload >/dev/null
rm -rf /home/alice/regress
# Some of the scripts leave agents and servers running, outside as well: a session lives as long as they do.
pkill -KILL -u alice
all_over
