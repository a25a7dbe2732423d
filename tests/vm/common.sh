# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# shellcheck shell=bash disable=SC2154 # HERE, VM, REPO and BUILD are set by tests/vm/run
# What the parts of tests/vm/run share: messages, the versions file, the cache below $VM.

MIRROR=http://deb.debian.org
KEYRING=/usr/share/keyrings/debian-archive-keyring.gpg

say() { printf 'tests/vm/run: %s\n' "$*" >&2; }
die() { say "error: $*"; exit 125; }

# Fields after the first two of the lines "KIND NAME ..." in the versions file; NAME may be a second alternative.
versions() {
	awk -v kind="$1" -v name="$2" -v other="${3:-$2}" \
		'$1 == kind && ($2 == name || $2 == other) { $1 = $2 = ""; print }' "$HERE/versions" | xargs
}

hash_of() { cat "$@" | sha256sum | cut -c1-12; }

# sources.list lines for mirror suites. Everything is verified against Debian's own keys, whatever the host trusts.
deb_lines() {
	local s where
	for s; do
		where=debian
		[[ $s == *-security ]] && where=debian-security
		printf 'deb [arch=amd64 signed-by=%s] %s/%s %s main\n' "$KEYRING" "$MIRROR" "$where" "$s"
	done
}

# Make sure that $VM/NAME exists, made by "MAKER TEMP ARG...", which leaves it at TEMP; older versions of the same KIND go.
# Two runs may ask at once and either may be interrupted: so a lock, and a rename when complete. The shared lock is kept
# until the run has read the file (cached_done), so that no other run removes it meanwhile.
# cached KIND NAME MAKER ARG...
declare -A CACHE_LOCKS=()
cached() {
	local kind=$1 name=$2 maker=$3 fd old rc
	shift 3
	mkdir -p "$VM"
	exec {fd}>>"$VM/.lock-$kind"
	CACHE_LOCKS[$kind]=$fd
	flock -s "$fd"
	until [[ -e $VM/$name ]]; do
		# Whoever makes it keeps a shared lock afterwards, as long as his machine runs: nobody may wait for an exclusive
		# one then.
		flock -u "$fd"
		if ! flock -xn "$fd"; then
			sleep 0.5
		elif [[ ! -e $VM/$name ]]; then
			rm -rf --one-file-system "$VM/.new-$kind"
			# Not "(...) || die", which would switch off errexit inside. The lock must not outlive us in a daemon
			# that a package starts.
			set +e
			(set -e; exec {fd}>&-; "$maker" "$VM/.new-$kind" "$@") >&2
			rc=$?
			set -e
			((rc == 0)) || die "making $VM/$name failed, see above"
			for old in "$VM/$kind-"*; do
				[[ -e $old && $old != "$VM/$name" ]] && rm -rf --one-file-system "$old"
			done
			mv "$VM/.new-$kind" "$VM/$name"
		fi
		flock -s "$fd"
	done
}
cached_done() {
	local kind fd
	for kind; do
		fd=${CACHE_LOCKS[$kind]}
		exec {fd}>&-
	done
}

need_root() {
	[[ $(id -u) == 0 ]] || die "$1 needs root (it is cached afterwards); run this with sudo"
}

# A directory becomes an archive that the kernel unpacks over the ones before it. Everything belongs to root.
# Directories that the base already has are left out: an entry would reset their mode, and "lib" would replace a symlink.
# overlay_cpio DIR BASE
overlay_cpio() {
	(cd "$1" && find . -mindepth 1 -printf '%y %P\n' | LC_ALL=C sort -k2 |
		LC_ALL=C awk -v dirs="$2/dirs" 'BEGIN { while ((getline l < dirs) > 0) have[l] = 1 }
			{ p = substr($0, 3) } !($1 == "d" && p in have) { print p }' |
		cpio -o -H newc -R 0:0 --quiet)
}
