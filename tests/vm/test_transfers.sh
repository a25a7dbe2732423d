#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# What people do with ssh goes on working when guarded, and each way in is guarded: a denied connect from inside it
# gives EPERM.
# shellcheck source=tests/vm/lib.sh
. /srv/t/lib.sh
SCRIPT_NAME=transfers
DENIED="$T/try connect tcp 18.4.5.6 7000"

"$T/try" serve 7000 &
server=$!
work=$(mktemp -d)
head -c 300000 /dev/urandom >"$work/file"

# ssh host command, with data both ways.
is "command: data goes in and out" "$(sha256sum <"$work/file")" "$(peer ssh "alice@$HOST" sha256sum <"$work/file")"
is "command: guarded" EPERM "$(sh_as alice "$DENIED")"

# scp (over sftp) and the old protocol; what scp runs on the other side is in a guarded session like any other.
mark
peer scp -q "$work/file" "alice@$HOST:copy"
is "scp: copied" "$(sha256sum <"$work/file")" "$(sha256sum </home/alice/copy)"
peer scp -O -q "alice@$HOST:copy" "$work/back"
is "scp -O: copied back" "$(sha256sum <"$work/file")" "$(sha256sum <"$work/back")"
two_starts() { [[ $(since_mark | grep -c 'START session=.* user=alice ') == 2 ]]; }
if until_true 10 two_starts; then pass "scp: each of the two was a guarded session"; else fail "scp: each of the two was a guarded session"; fi

mark
printf 'put %s sftp-copy\nls -l sftp-copy\n' "$work/file" | peer sftp -q -b - "alice@$HOST" >/dev/null
is "sftp: copied" "$(sha256sum <"$work/file")" "$(sha256sum </home/alice/sftp-copy)"
logged "sftp: a guarded session" "START session=[0-9]+ user=alice "

# Forwarding: the connect is made by the user's side of sshd, inside the session.
peer ssh -f -N -M -S "$work/fwd" -o ExitOnForwardFailure=yes \
	-L 127.0.0.1:9001:10.1.2.3:7000 -L 127.0.0.1:9002:18.4.5.6:7000 "alice@$HOST"
mark
# The server closes at once, so what tells is whether the channel was refused.
allowed=$(peer ssh -S "$work/fwd" -O check x 2>&1)
matches "-N -L: the connection is up" "Master running" "$allowed"
peer timeout 10 bash -c 'exec 3<>/dev/tcp/127.0.0.1/9001; cat <&3' >/dev/null 2>&1
peer timeout 10 bash -c 'exec 3<>/dev/tcp/127.0.0.1/9002; cat <&3' >/dev/null 2>&1
logged "-L: forwarding to a denied address is refused" "DENY connect session=[0-9]+ user=alice .* dst=18.4.5.6 port=7000 "
if log_has 'DENY connect .* dst=10.1.2.3'; then fail "-L: an allowed one is not"; else pass "-L: an allowed one is not"; fi
peer ssh -S "$work/fwd" -O exit x 2>/dev/null

# One connection, three sessions.
mark
peer ssh -f -N -M -S "$work/mux" "alice@$HOST"
for i in 1 2 3; do
	is "ControlMaster session $i: works and is guarded" "ok EPERM" \
		"$(peer ssh -n -S "$work/mux" "alice@$HOST" "$T/try connect tcp 10.1.2.3 7000; $DENIED" | paste -sd' ')"
done
is "ControlMaster: one session in the log" 1 "$(since_mark | grep -c 'START session=')"
peer ssh -S "$work/mux" -O exit x 2>/dev/null

# Agent forwarding: the agent outside answers through the session.
peer bash -c "
	eval \$(ssh-agent) >/dev/null
	ssh-add -q /root/.ssh/id_ed25519
	ssh -n -A alice@$HOST 'ssh-add -l; $DENIED'
	ssh-agent -k >/dev/null
" >"$work/agent" 2>&1
matches "agent forwarding: the key is listed" "ED25519" "$(cat "$work/agent")"
is "agent forwarding: guarded" EPERM "$(tail -n 1 "$work/agent")"

# A terminal.
out=$(peer ssh -tt "alice@$HOST" 'tty; '"$DENIED" </dev/null 2>/dev/null | tr -d '\r' | paste -sd' ')
matches "pty: there is one, and it is guarded" '^/dev/pts/[0-9]+ EPERM$' "$out"

# The setgid agent Debian ships still runs inside a session.
is "ssh-agent (setgid) starts in a session" ok "$(sh_as alice "$T/try exec /usr/bin/ssh-agent -D -a /nonexistent/x")"

kill "$server"
rm -rf "$work" /home/alice/copy /home/alice/sftp-copy
all_over
