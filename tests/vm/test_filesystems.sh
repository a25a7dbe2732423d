#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# Rules about files on btrfs, where files of two subvolumes have one device, on overlays, where one file has two
# numbers, and on mounts that change owners: what holds elsewhere holds there, and overlays of one's own lead around
# nothing.
# shellcheck source=tests/vm/lib.sh
. /srv/t/lib.sh
# shellcheck source=tests/vm/cases.sh
. /srv/t/cases.sh
# shellcheck source=tests/vm/files_cases.sh
. /srv/t/files_cases.sh
# shellcheck source=tests/vm/filesystem_cases.sh
. /srv/t/filesystem_cases.sh
SCRIPT_NAME=filesystems
CASES_AT_ONCE=1 # they move each other's files
good=$(cat /etc/ebpfguard.conf)

filesystems_world
tables=(btrfs_cases overlay_cases layer_cases mapped_cases own_overlay_cases base_cases)
run_cases "outside, alice" outside outside_alice "${tables[@]}"
run_cases "outside, root" outside outside_root root_btrfs_cases
echo 3 >/proc/sys/vm/drop_caches
run_cases "outside, alice" outside outside_alice uncased_cases

# Found under the name that the rule has, what has been asked for in another case before.
echo 3 >/proc/sys/vm/drop_caches
use_conf filesystems_conf
mark
for table in "${tables[@]}"; do run_cases "guarded, alice" both inside_alice "$table"; done
logged "log: an overlay" "DENY mount session=[0-9]+ user=alice .* path=$D/own type=overlay rule=files errno=EPERM"
logged "log: a subvolume" "DENY file session=[0-9]+ user=alice .*access=create path=$D/a/keep reason=place rule=files line=[0-9]+ errno=EPERM"
run_cases "guarded, root" both inside_root root_btrfs_cases
echo 3 >/proc/sys/vm/drop_caches
run_cases "guarded, alice" both inside_alice uncased_cases

# A snapshot made in the session.
is "snapshot: alice makes one" ok "$(sh_as alice "$T/try snapshot $D/a $D/bt hers")"
is "snapshot: what is refused there, and what is not" "EPERM EPERM ok" \
	"$(sh_as alice "$T/try read $D/bt/hers/secret; $T/try read $D/bt/hers/tree/x; $T/try read $D/bt/hers/free" | paste -sd' ')"

# ---- other files by the same names, and the same by other numbers

replaced() { # DIR: by root, outside
	cp "$1/secret" "$1/new" && mv "$1/new" "$1/secret"
	mkdir -p "$1/tree2/sub" && printf 'secret\n' | tee "$1"/tree2/{x,sub/y} >/dev/null
	mv "$1/tree" "$1/tree3" && mv "$1/tree2" "$1/tree"
	chown -R alice: "$1/tree"
}
for dir in $D/a $D/ov $D/ox; do replaced "$dir"; done
echo secret >$D/a/later
chmod 0644 $D/a/later $D/{a,ov,ox}/secret
umount $D/b && mount -o subvol=b "$LOOP" $D/b
echo 3 >/proc/sys/vm/drop_caches
for dir in $D/a $D/ov $D/ox; do
	is "$dir replaced: outside" "ok ok ok" \
		"$(runuser -u alice -- bash -c "for f in secret tree/x tree/sub/y; do $T/try read $dir/\$f; done" | paste -sd' ')"
	is "$dir replaced: inside" "EPERM EPERM EPERM ok" \
		"$(sh_as alice "for f in secret tree/x tree/sub/y free; do $T/try read $dir/\$f; done" | paste -sd' ')"
done
is "mounted anew, and made since" "EPERM EPERM ok" \
	"$(sh_as alice "$T/try read $D/b/secret; $T/try read $D/a/later; $T/try read $D/b/free" | paste -sd' ')"

# ---- the oldest that is known gives way

ln $D/base/tree/x $D/try/hard
is "hard link made since: refused" EPERM "$(sh_as alice "$T/try read $D/try/hard")"
is "flood: 80,000 files" ok "$(sh_as alice "$T/try flood $D/base/mine 80000")"
is "hard link made since: refused still" EPERM "$(sh_as alice "$T/try read $D/try/hard")"

use_conf overlay_allowed_conf
run_cases "guarded, alice" both inside_alice overlay_allowed_cases
matches "check: it is not idle" "^0 " "$(ebpfguardctl check 2>&1 | grep -c mount.allow) $(ebpfguardctl check 2>&1 | grep mount.allow)"

printf '%s\n' "$good" >/etc/ebpfguard.conf
is "the configuration is put back" 0 "$(ebpfguardctl reload >/dev/null; echo $?)"
filesystems_world_ends
all_over
