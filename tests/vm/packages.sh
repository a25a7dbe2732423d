# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# shellcheck shell=bash
# Sourced by tests/vm/suite, for tests of what dpkg does: the packages of this source as two versions, for Debian 12. The second
# has another BPF object, with a program more; so each change from one to the other puts new programs in the place of all
# that are pinned, and one of them also leaves a pin behind that has no successor.

PACKAGES=$BUILD/packages

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

# packages_one NAME [CHANGE]: the source as CHANGE leaves it, built on top of what the first one's build has left.
packages_one() {
	local dir=$PACKAGES/$1
	mkdir -p "$dir/source"
	(cd "$REPO" && cp -a --parents LICENSE Makefile README.md bpf conf debian helper pam tests "$dir/source")
	[[ $1 == first ]] || cp -a "$PACKAGES/first/source/build" "$dir/source/"
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

# packages_make STAGE: leaves them in STAGE/first and STAGE/next.
packages_make() {
	local name
	: #rm -rf "$PACKAGES"
	packages_one first && packages_one next next_version || return
	for name in first next; do
		mkdir -p "$1/$name"
		cp "$PACKAGES/$name"/*.deb "$1/$name/"
	done
	: #rm -rf "$PACKAGES"
}
