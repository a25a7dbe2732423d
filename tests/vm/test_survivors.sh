#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# What outlives a login stays guarded, and so does what the user's manager starts; the session ends with its last
# process and leaves nothing.
# shellcheck source=tests/vm/lib.sh
. /srv/t/lib.sh
SCRIPT_NAME=survivors
DENIED="$T/try connect tcp 18.4.5.6 7000"
ALLOWED="$T/try connect tcp 10.1.2.3 7000"

"$T/try" serve 7000 &
server=$!
rm -f /tmp/left.* /tmp/scope.* /tmp/unit.*

# tries FILE: a loop that writes both outcomes to FILE each time FILE.go appears.
cat >/tmp/tries <<E2
#!/bin/bash
for i in {1..600}; do
	if [[ -e \$1.go ]]; then
		rm -f "\$1.go"
		echo "\$($ALLOWED) \$($DENIED)" >"\$1.tmp"
		mv "\$1.tmp" "\$1.out"
	fi
	sleep 0.1
done
E2
chmod 755 /tmp/tries
outcome() { # FILE
	rm -f "$1.out"
	runuser -u alice -- touch "$1.go"
	until_true 20 test -e "$1.out" && cat "$1.out"
}

# nohup: the login ends, the process stays.
mark
sh_as alice "nohup /tmp/tries /tmp/left </dev/null >/dev/null 2>&1 &"
number=$(since_mark | sed -n 's/.*START session=\([0-9]*\) user=alice .*/\1/p' | head -n 1)
pid=$(pgrep -f '^/bin/bash /tmp/tries /tmp/left' | head -n 1)
leaf=/sys/fs/cgroup$(sed -n 's/^0:://p' "/proc/$pid/cgroup")
is "nohup: still guarded after logout" "ok EPERM" "$(outcome /tmp/left)"
matches "nohup: the session is listed as closed" "^ *$number .*closed" "$(ebpfguardctl sessions | grep "^ *$number ")"
test -d "$leaf" && pass "nohup: the leaf is there" || fail "nohup: the leaf is there"

# Root moves it out of the cgroup: the label holds.
echo "$pid" >/sys/fs/cgroup/cgroup.procs
is "moved to the root cgroup by root: still guarded" "ok EPERM" "$(outcome /tmp/left)"
sleep 3
matches "moved: the session lives on while a labelled task does" "^ *$number " "$(ebpfguardctl sessions | grep "^ *$number ")"
((labelled=$(labelled_tasks)))
((labelled > 0)) && pass "moved: labelled tasks are seen" || fail "moved: labelled tasks are seen"

mark
kill "$pid"
logged "nohup: the session ends when its last process does" "END session=$number user=alice .* refused=2 "
test -d "$leaf" && fail "nohup: the leaf is gone" || pass "nohup: the leaf is gone"

# A user-made nest of cgroups below the leaf, where the user may: none, the leaf is root's.
is "alice cannot make a cgroup in her leaf" "denied" \
	"$(sh_as alice 'mkdir /sys/fs/cgroup$(sed -n s/^0:://p /proc/self/cgroup)/x 2>/dev/null && echo made || echo denied')"

# The user manager, an ordinary user's way out of the session's cgroup.
version=$(systemctl --version | head -n 1)
is "systemd-run --user: guarded ($version)" "ok EPERM" \
	"$(sh_as alice "systemd-run --user --quiet --pipe --wait bash -c '$ALLOWED; $DENIED'" | paste -sd' ')"
is "systemd-run --user --scope: guarded ($version)" "ok EPERM" \
	"$(sh_as alice "systemd-run --user --quiet --scope bash -c '$ALLOWED; $DENIED' 2>/dev/null" | paste -sd' ')"

# Left behind by the manager when the login is over.
sh_as alice "systemd-run --user --quiet --scope /tmp/tries /tmp/scope </dev/null >/dev/null 2>&1 & sleep 2"
is "systemd-run --user --scope: guarded after logout" "ok EPERM" "$(outcome /tmp/scope)"
pkill -f '^/bin/bash /tmp/tries /tmp/scope'

# Deep nesting in the manager's delegated tree: no depth is out of range. In a file, because systemd expands $ in
# command lines.
cat >/tmp/nest <<E2
#!/bin/bash
top=/sys/fs/cgroup\$(sed -n s/^0:://p /proc/self/cgroup)
at=\$top
for i in {1..300}; do at=\$at/d; mkdir \$at || break; done
echo 0 >\$at/cgroup.procs
grep -o /d /proc/self/cgroup | wc -l
$ALLOWED
$DENIED
# systemd does not clear away a nest this deep, and could not start the manager anew beside it.
echo 0 >\$top/cgroup.procs
while [[ \$at != "\$top" ]]; do rmdir "\$at"; at=\${at%/d}; done
E2
chmod 755 /tmp/nest
is "300 nested cgroups below the manager: guarded" "300 ok EPERM" \
	"$(sh_as alice "systemd-run --user --quiet --pipe --wait -p Delegate=yes /tmp/nest" | paste -sd' ')"

# The manager stops and is started anew while a session lives.
cat >/tmp/anew <<E2
#!/bin/bash
systemctl --user exit
touch /tmp/anew.exited
export XDG_RUNTIME_DIR=/run/user/1000
for i in {1..300}; do
	[[ -e /tmp/anew.go ]] && break
	sleep 0.1
done
systemd-run --user --quiet --pipe --wait bash -c '$ALLOWED; $DENIED'
E2
chmod 755 /tmp/anew
rm -f /tmp/anew.go /tmp/anew.exited
sh_as alice /tmp/anew >/tmp/anew.out 2>&1 &
login=$!
gone() { ! systemctl is-active --quiet user@1000.service; }
until_true 60 test -e /tmp/anew.exited
if until_true 30 gone; then pass "the manager has stopped"; else fail "the manager has stopped"; fi
only_the_session() { [[ $(map_count eg_sessions) == 1 ]]; }
if until_true 10 only_the_session; then pass "its binding is gone"; else fail "its binding is gone"; fi
systemctl start user@1000.service
is "the new manager's cgroup is bound" 2 "$(map_count eg_sessions)"
touch /tmp/anew.go
wait "$login"
is "a manager made anew is guarded" "ok EPERM" "$(paste -sd' ' /tmp/anew.out)"

kill "$server"
all_over
