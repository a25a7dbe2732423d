#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# A hook that the kernel lacks: said at start, shown by status, and with strict = true the helper does not start. The
# kernels we support have all of them, so a helper is built that does not see one (userns_create).
# And the lists the helper keeps in the kernel: what is in them, by our own numbers.
# shellcheck source=tests/vm/lib.sh
. /srv/t/lib.sh
SCRIPT_NAME=hooks

conf=/etc/ebpfguard.conf
saved=$(mktemp)
cp -p "$conf" "$saved"
drop_in=/run/systemd/system/ebpfguard.service.d
missing() { ebpfguardctl status | sed -n 's/^missing: //p'; }
# with_helper COMMAND: the service with another binary, from nothing pinned on.
with_helper() {
	systemctl stop ebpfguard.service ebpfguard.socket
	until_true 20 ebpfguard-helper --unload
	mkdir -p "$drop_in"
	printf '[Service]\nExecStart=\nExecStart=%s\n' "$1" >"$drop_in/helper.conf"
	systemctl daemon-reload
	systemctl reset-failed ebpfguard.service ebpfguard.socket 2>/dev/null
	systemctl start ebpfguard.socket
	systemctl start ebpfguard.service
}
new_namespace() { sh_as alice 'unshare -U true 2>/dev/null && echo made || echo refused'; }
settings() { # "KEY = VALUE;"...: in place of what the machine was booted with
	local line
	cp -p "$saved" "$conf"
	for line in "$@"; do
		sed -i "/^${line%% *} /d" "$conf"
		echo "$line" >>"$conf"
	done
}

within() { # DESCRIPTION LOW HIGH NUMBER
	if (($4 >= $2 && $4 <= $3)); then
		pass "$1: $4 entries"
	else
		fail "$1: $4 entries, not $2 to $3"
	fi
}

# ---- the helper as it is

is "no hook is missing on $(uname -r)" "" "$(missing)"
is "nor is one in the log" 0 "$(grep -c 'hook [a-z_]* is missing' /var/log/auth.log)"
is "a new user namespace is refused" refused "$(new_namespace)"

# ---- a hook less

mark
with_helper "$T/ebpfguard-helper-blind"
is "blind: the helper runs" active "$(systemctl is-active ebpfguard.service)"
logged "blind: a warning at start" "hook userns_create is missing: new user namespaces are not refused"
is "blind: one warning" 1 "$(since_mark | grep -c 'hook [a-z_]* is missing')"
is "blind: its program is not there" no "$([[ -e $pins/link_eg_userns_create ]] && echo yes || echo no)"
is "blind: status shows it" "userns_create: new user namespaces are not refused" "$(missing)"
is "blind: sessions are guarded" EPERM "$(sh_as alice "$T/try connect udp 18.4.5.6 9")"
is "blind: but for that" made "$(new_namespace)"

# ---- strict

generation() { ebpfguardctl status | sed -n 's/.*generation[ =:]*\([0-9]*\).*/\1/p'; }
before=$(generation)
settings 'strict = true;'
matches "strict: a reload is refused, with the reason" "strict = true, and this kernel has no hook userns_create" \
	"$(ebpfguardctl reload 2>&1)"
is "strict: the policy in force stays" "$before" "$(generation)"
mark
systemctl restart ebpfguard.service 2>/dev/null
is "strict: the helper does not start" failed "$(systemctl is-active ebpfguard.service)"
is "strict: its exit status is that of a kernel that cannot" 78 \
	"$(systemctl show -p ExecMainStatus --value ebpfguard.service)"
logged "strict: the log says why and how to go on" \
	"cannot start: .*strict = true, and this kernel has no hook userns_create: new user namespaces are not refused.*set strict = false"
is "strict: a login is refused" out "$([[ $(sh_as alice echo in 2>/dev/null) == in ]] && echo in || echo out)"

mark
with_helper "$(command -v ebpfguard-helper)"
is "strict, all hooks: the helper runs" active "$(systemctl is-active ebpfguard.service)"
is "strict, all hooks: nothing is missing" "" "$(missing)"
is "strict, all hooks: no warning" 0 "$(since_mark | grep -c 'hook [a-z_]* is missing')"
is "strict, all hooks: a new user namespace is refused" refused "$(new_namespace)"

# ---- the lists in the kernel

pid=$(systemctl show -p MainPID --value ebpfguard.service)
helper_in_kernel() { bpftool map lookup pinned "$pins/map_eg_helper" key 0 0 0 0 | sed -n 's/.*"value": *//p'; }
is "the kernel knows the helper's process" "$pid" "$(helper_in_kernel)"

names=$(map_count eg_names)
within "built-in sockets" 80 300 "$names"

reload() { ebpfguardctl reload >/dev/null 2>&1 && echo taken || echo refused; }
settings
is "the settings as they were" taken "$(reload)"
# Those that are there, and the names, which need not be.
places=$(map_count eg_places) place_names=$(map_count eg_place_names)
within "protected places" 80 2000 "$places"
within "names of protected places" 150 4000 "$place_names"
items=$(map_count eg_items)
within "ids of root and the default groups" 2 20 "$items"
for _ in 1 2 3; do reload >/dev/null; done
is "reloads leave no item behind" "$items" "$(map_count eg_items)"
is "reloads leave no name behind" "$names" "$(map_count eg_names)"
is "reloads leave no place behind" "$places" "$(map_count eg_places)"

cp /bin/true /usr/local/bin/eg-exception
mark
settings 'setuid = { deny = true; allow = ["/usr/local/bin/eg-exception", "/usr/bin/not-there"]; };' \
	'unix = { deny = ["/run/eg-denied", "@eg-denied"]; };' 'mount = { deny = true; allow = ["/mnt", "tmpfs"]; };'
is "exceptions are taken in" taken "$(reload)"
is "items: a program and a target more" $((items + 2)) "$(map_count eg_items)"
# /run/eg-denied may be bound as /var/run/eg-denied
is "names: two sockets, one of them twice, and a type more" $((names + 4)) "$(map_count eg_names)"
logged "a program that is not there: said, with its line" "ebpfguard.conf:[0-9]+: /usr/bin/not-there is no exception: it is not there"
is "a login" in "$(sh_as alice echo in)"
is "nothing has changed: nothing is taken in anew" 0 "$(since_mark | grep -c 'taken in anew')"
cp /bin/true /usr/local/bin/eg-exception.new
mv /usr/local/bin/eg-exception.new /usr/local/bin/eg-exception
is "a login after an upgrade of the program" in "$(sh_as alice echo in)"
logged "its identity is taken in anew" "exceptions of profile default have changed: taken in anew"
is "the old one is gone" $((items + 2)) "$(map_count eg_items)"
chown alice /usr/local/bin/eg-exception
mark
is "a login after its owner changed" in "$(sh_as alice echo in)"
is "one that is not root's alone is none" $((items + 1)) "$(map_count eg_items)"
settings 'setuid = { deny = true; users = ["root", "nobody-of-that-name"]; };'
matches "a user that is not there is an error with file and line" "ebpfguard.conf:[0-9]+: there is no user \"nobody-of-that-name\"" \
	"$(ebpfguardctl reload 2>&1)"
is "and the policy in force stays" $((items + 1)) "$(map_count eg_items)"

rm -rf "$drop_in" /usr/local/bin/eg-exception
systemctl daemon-reload
cp -p "$saved" "$conf"
is "the settings as they were" taken "$(reload)"
is "items as they were" "$items" "$(map_count eg_items)"
is "names as they were" "$names" "$(map_count eg_names)"
systemctl stop ebpfguard.service
is "stopped: no process is the helper" 0 "$(helper_in_kernel)"
systemctl start ebpfguard.service
all_over
