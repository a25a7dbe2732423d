#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# test_valgrind.sh MODULE: sshd under valgrind with the module in its PAM stack, for EG_LOGINS (50) logins by ssh with a
# key, some more that the helper refuses, and two with a module that leaks, as the control. TAP.
#
# sshd, its PAM stack, accounts and network are private: namespaces of their own, with a copy of /etc. A scripted helper
# stands in for the real one. Only what valgrind says of a stack with a frame of the module counts here.
set -uo pipefail

here=$(readlink -f "$(dirname "$0")")
# shellcheck source=tests/tap.sh
. "$here/../tap.sh"
MODULE=$(readlink -f "${1:?usage: test_valgrind.sh MODULE}")
BUILD=$(dirname "$MODULE")
TOOLS=$BUILD/tests/pam
LOGINS=${EG_LOGINS:-50}
AT_ONCE=$(($(nproc) < 8 ? $(nproc) + 1 : 8)) # each is some 150 MiB
PORT=2222
LEAKY=$TOOLS/leaky/pam_ebpfguard.so
UNPACKED=$BUILD/tools/sshd # by tests/setup, where sshd is not installed

lacking() {
	if [[ ${EG_MUST_RUN:-} == 1 ]]; then
		printf '1..1\nnot ok 1 - EG_MUST_RUN=1, but %s\n' "$1"
		exit 1
	fi
	echo "1..0 # SKIP $1"
	exit 0
}

find_sshd() {
	local p
	for p in /usr/sbin/sshd "$UNPACKED/usr/sbin/sshd"; do
		[[ ! -x $p ]] || { echo "$p" && return; }
	done
	return 1
}

# ---- outside: what it takes, a cgroup of our own, and namespaces

outside() {
	local tool scope
	[[ $(id -u) == 0 ]] || lacking 'not root'
	for tool in valgrind ssh ssh-keygen ip unshare; do
		type -P "$tool" >/dev/null || lacking "no $tool"
	done
	find_sshd >/dev/null || lacking 'no sshd'
	cgroup2=$(awk '$(NF - 2) == "cgroup2" || / - cgroup2 / { print $5; exit }' /proc/self/mountinfo)
	[[ $cgroup2 ]] || lacking 'no cgroup2 mount'
	unshare -mnpf --mount-proc true 2>/dev/null || lacking 'no namespaces here'
	scope=$cgroup2/eg-test-$$/session-1.scope
	mkdir -p "$scope" 2>/dev/null || lacking 'cannot make cgroups'
	work=$(mktemp -d) || exit 1
	chmod 0755 "$work"
	trap 'cleanup "$scope"' EXIT
	export cgroup2 work
	(echo "$BASHPID" >"$scope/cgroup.procs" && exec unshare -mnpf --mount-proc --kill-child --propagation private \
		"$0" inside "$MODULE")
	status=$?
	exit $status
}

cleanup() { # SCOPE
	find "$1" -mindepth 1 -depth -type d -exec rmdir {} +
	rmdir "$1" "${1%/*}" && rm -rf "$work"
}

# ---- inside: a copy of /etc with our stack and accounts, our helper, our sshd

# Nobody outside sees any of this.
private_files() {
	local etc=$work/etc stack=$UNPACKED/etc/pam.d/sshd
	[[ ! -e /etc/pam.d/sshd ]] || stack=/etc/pam.d/sshd
	mount -t tmpfs -o mode=0755 none /run && mkdir /run/sshd || return 1
	cp -a /etc "$etc"
	sed '/pam_ebpfguard/d' "$stack" >"$etc/pam.d/sshd.ours"
	mv "$etc/pam.d/sshd.ours" "$etc/pam.d/sshd"
	sed -i '/^sshd:/d' "$etc/passwd"
	echo 'sshd:x:74:65534::/run/sshd:/usr/sbin/nologin' >>"$etc/passwd"
	echo "egtest:x:4242:4242::$work/home:/bin/sh" >>"$etc/passwd"
	echo 'egtest:*:19000:0:99999:7:::' >>"$etc/shadow"
	{ echo "$TOOLS/sandbox.so" && find "$UNPACKED" -name 'lib*.so.*' -type f; } >"$etc/ld.so.preload" 2>/dev/null
	mount --bind "$etc" /etc
}

stack_with() { # MODULE
	sed -i '/pam_ebpfguard/d' /etc/pam.d/sshd
	sed -i "/^@include common-session/a session required $1 socket=$socket timeout=20000" /etc/pam.d/sshd
	grep -q pam_ebpfguard /etc/pam.d/sshd || { echo "# no @include common-session in /etc/pam.d/sshd"; return 1; }
}

keys_and_config() {
	mkdir -p "$work/home/.ssh" "$work/logs"
	chmod 1777 "$work/logs" # sshd's processes of the user's report, too
	ssh-keygen -qt ed25519 -N '' -f "$work/hostkey"
	ssh-keygen -qt ed25519 -N '' -f "$work/key"
	cp "$work/key.pub" "$work/home/.ssh/authorized_keys"
	chown -R 4242:4242 "$work/home"
	echo "[127.0.0.1]:$PORT $(cut -d' ' -f1,2 "$work/hostkey.pub")" >"$work/known_hosts"
	{
		printf '%s\n' "Port $PORT" 'ListenAddress 127.0.0.1' "HostKey $work/hostkey" 'UsePAM yes' 'PidFile none' \
			'PasswordAuthentication no' 'KbdInteractiveAuthentication no' 'LoginGraceTime 0' 'MaxStartups 100'
		[[ ! -x $UNPACKED/usr/lib/openssh/sshd-session ]] ||
			echo "SshdSessionPath $UNPACKED/usr/lib/openssh/sshd-session"
		[[ ! -x $UNPACKED/usr/lib/openssh/sshd-auth ]] || echo "SshdAuthPath $UNPACKED/usr/lib/openssh/sshd-auth"
	} >"$work/sshd_config"
}

start_helper() {
	coproc HELPER { exec "$TOOLS/scripted_helper"; }
	read -r socket <&"${HELPER[0]}"
}
helper_does() { # WORD
	local word
	echo "$1" >&"${HELPER[1]}"
	read -r word <&"${HELPER[0]}" && [[ $word == "$1" ]]
}
# helper_ends: what it saw goes into $saw. Not in a subshell: it ends when its last writer is gone.
helper_ends() {
	local to=${HELPER[1]} from=${HELPER[0]}
	exec {to}>&-
	read -r saw <&"$from"
}

# -r: each login in a fork of the first process, not in a program started anew, which under valgrind takes a second or
# two. What users start is not sshd.
start_sshd() { # NAME
	valgrind --trace-children=yes --trace-children-skip='/bin/*,/usr/bin/*' --vgdb=no --leak-check=full --track-fds=yes \
		--keep-debuginfo=yes --num-callers=40 --log-file="$work/logs/$1.%p" \
		"$(find_sshd)" -D -e -r -f "$work/sshd_config" 2>>"$work/sshd.log" &
	sshd=$!
	for _ in $(seq 300); do
		(exec 3<>"/dev/tcp/127.0.0.1/$PORT") 2>/dev/null && return
		sleep 0.2
	done
	return 1
}

# stop_sshd: waits for its last process, whose report is as good as the first's.
stop_sshd() {
	kill "$sshd"
	for _ in $(seq 300); do
		[[ $(readlink /proc/[0-9]*/exe) == */valgrind/* ]] || return 0
		sleep 0.2
	done
	return 1
}

login() { # OUTPUT: its cgroup, and how it ended
	ssh -F /dev/null -i "$work/key" -p "$PORT" -o BatchMode=yes -o UserKnownHostsFile="$work/known_hosts" \
		-o ConnectTimeout=100 egtest@127.0.0.1 'sed -n s/^0:://p /proc/self/cgroup; id -u' >"$1" 2>"$1.err" </dev/null
	echo "status $?" >>"$1"
}
logins() { # NAME NUMBER
	local i
	for ((i = 1; i <= $2; i++)); do
		login "$work/$1.$i" &
		while (($(jobs -rp | wc -l) >= AT_ONCE + 2)); do wait -n; done # and sshd and the helper
	done
	while (($(jobs -rp | wc -l) > 2)); do wait -n; done
}

# about_module WHAT NAME: valgrind's paragraphs of that kind in which a frame is the module's: of an object, or by its
# sources where there are line numbers.
about_module() {
	local sources
	sources=$(cd "$here/../../pam" && printf '%s|' ./*.c ./*.h | sed 's|\./||g; s/|$//')
	awk -v what="$1" -v frame="(^|[^a-z_])(pam_ebpfguard\\.so|$sources|proto\\.c|address\\.c|util\\.h)[:)]" '
		function flush() {
			kind = head ~ /^Open / ? "descriptor" : head ~ /lost in loss record/ ? "leak" : \
				head ~ /still reachable/ ? "reachable" : "error"
			if (head != "" && ours && kind == what) printf "%s", text
			head = text = ""; ours = 0
		}
		{ sub(/^==[0-9]+== ?/, "") }
		/^ *$/ { flush(); next }
		head == "" { head = $0 }
		/^ +(at|by) 0x/ && $0 ~ frame { ours = 1 }
		{ text = text "# " $0 "\n" }
		END { flush() }' "$work/logs/$2".*
}
silent() { # DESCRIPTION WHAT NAME
	local found
	found=$(about_module "$2" "$3")
	is "$1" '' "$(head -n 40 <<<"$found")"
}
reported() { # DESCRIPTION WHAT NAME
	is "$1" yes "$([[ $(about_module "$2" "$3") ]] && echo yes)"
}
# Of the processes the first sshd has made, which open and close the sessions: how many have reported in full.
whole_reports() { # NAME
	local logs
	mapfile -t logs < <(grep -lx "==[0-9]*== Parent PID: $sshd" "$work/logs/$1".*)
	echo "$(grep -l 'ERROR SUMMARY' "${logs[@]}" | wc -l) of ${#logs[@]}"
}

with_module() {
	local word i
	stack_with "$MODULE" && start_sshd product || { echo 'Bail out! sshd does not start' && sed 's/^/# /' "$work/sshd.log"; exit 1; }
	logins granted "$LOGINS"
	for word in refuse hang-up garbage; do
		helper_does "$word" || echo "# the helper does not take $word"
		logins "$word" 1
	done
	helper_does grant || echo '# the helper does not take grant'
	is "sshd ends" yes "$(stop_sshd && echo yes)"
	is "$LOGINS logins succeed" "$LOGINS" "$(cat "$work"/granted.* | grep -cx 'status 0')"
	is "... as the user" "$LOGINS" "$(cat "$work"/granted.* | grep -cx 4242)"
	is "... each in a cgroup of its own" "$LOGINS" "$(cat "$work"/granted.* | grep -E '/ebpfguard-[0-9a-f]{16}$' | sort -u | wc -l)"
	for word in refuse hang-up garbage; do
		is "none when the helper does: $word" 'status 254 and nothing run' \
			"$(tail -n 1 "$work/$word.1") and $(grep -cx 4242 "$work/$word.1" | sed 's/^0$/nothing run/')"
	done
	for ((i = 1; i <= LOGINS; i++)); do
		grep -qx 'status 0' "$work/granted.$i" || sed "s/^/# login $i: /" "$work/granted.$i.err"
	done
	# and one who only looked whether sshd listens
	is "valgrind reports of each process with a session" "$((LOGINS + 4)) of $((LOGINS + 4))" "$(whole_reports product)"
	is "no process of sshd's was ended by a signal" '' "$(grep -h 'Process terminating' "$work"/logs/product.* | sort | uniq -c)"
	silent "no error in the module" error product
	silent "no leak of the module's" leak product
	silent "no descriptor of the module's" descriptor product
}

with_leaky_module() {
	stack_with "$LEAKY" && start_sshd leaky || { echo 'Bail out! sshd does not start' && sed 's/^/# /' "$work/sshd.log"; exit 1; }
	logins control 2
	is "control: sshd ends" yes "$(stop_sshd && echo yes)"
	is "control: a module that leaks lets them in, too" 2 "$(cat "$work"/control.* | grep -cx 'status 0')"
	reported "control: a read behind a block is reported" error leaky
	reported "control: a leak is reported" leak leaky
	reported "control: a descriptor left open is reported" descriptor leaky
}

inside() {
	ip link set lo up && private_files && keys_and_config || { echo 'Bail out! no private surroundings' && exit 1; }
	start_helper
	with_module
	with_leaky_module
	helper_ends
	# Where it hangs up the module asks again until its time is over.
	opens=${saw#opens=} opens=${opens%% *}
	is "the helper saw each login, and the end of each session" "opens=$opens closes=$((LOGINS + 2)) bad=0" "$saw"
	is "and was asked for each" yes "$( ((opens >= LOGINS + 5)) && echo yes)"
	echo "1..$n"
}

if [[ $1 == inside ]]; then
	MODULE=$2 BUILD=$(dirname "$2") TOOLS=$(dirname "$2")/tests/pam
	LEAKY=$TOOLS/leaky/pam_ebpfguard.so UNPACKED=$BUILD/tools/sshd
	inside
else
	outside
fi
