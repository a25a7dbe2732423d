# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# shellcheck shell=bash
# Sourced by tests/vm/suite, for tests of what dpkg does: the packages of this source as two versions, for the build
# machine's Debian. The second has another BPF object, with a program more: each change from one to the other puts new programs
# in the place of all that are pinned, and one of them finds a pin that has no successor.

# A version that changes the ABI would be made here, too, by a function like next_version.
next_version() {
	local version
	version=$(sed -n 's/^VERSION *:= *//p' Makefile)+next
	sed -i "s/^\(VERSION *:= *\).*/\1$version/" Makefile
	sed -i "1s/(.*)/($version)/" debian/changelog
	cat >>bpf/session.bpf.c <<-EOF

		SEC("iter/task")
		int eg_iter_next(struct bpf_iter__task *ctx)
		{
			return 0;
		}
	EOF
	# make knows nothing of the version.
	grep -l EG_VERSION helper/*.c | xargs touch
}

# packages_one DIR [CHANGE]: the source as CHANGE leaves it, built on top of what the first one's build has left.
packages_one() {
	local dir=$1
	mkdir -p "$dir/source"
	(cd "$REPO" && cp -a --parents LICENSE Makefile README.md bpf conf debian helper pam tests "$dir/source")
	[[ $dir == */first ]] || cp -a "${dir%/*}/first/source/build" "$dir/source/"
	(
		unset MAKEFLAGS MFLAGS MAKELEVEL MAKEOVERRIDES DESTDIR BUILD
		cd "$dir/source" || exit
		"${@:2}"
		DEB_BUILD_OPTIONS="nocheck noautodbgsym parallel=$(nproc)" dpkg-buildpackage -b -nc -us -uc
	) >"$dir/log" 2>&1 || {
		tail -n 30 "$dir/log" >&2
		return 1
	}
}

# packages_make DIR: leaves them in DIR/first and DIR/next.
packages_make() {
	packages_one "$1/first" && packages_one "$1/next" next_version || return
	rm -rf "$1"/*/source "$1"/*/log "$1"/*/*.{changes,buildinfo}
}
