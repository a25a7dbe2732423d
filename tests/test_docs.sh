#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# The documentation refers to what there is: files, sections, pages, commands, options and keys, each way round, and the
# picture is that of the demo. TAP. No root, no machine: tests/vm/test_examples.sh runs the examples. Needs build/.
set -uo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/.." || exit 1
BUILD=${BUILD:-build}
PAGES=(pam/pam_ebpfguard.8 helper/ebpfguard-helper.8 helper/ebpfguardctl.8 conf/ebpfguard.conf.5)
TEXTS=(README.md conf/*.md)
n=0

# is DESCRIPTION EXPECTED GOT
is() {
	n=$((n + 1))
	if [[ $2 == "$3" ]]; then
		echo "ok $n - $1"
	else
		printf 'not ok %d - %s\n' "$n" "$1"
		diff <(echo "$2") <(echo "$3") | sed -n 's/^</#   expected:/p; s/^>/#   got:     /p' | head -n 40
	fi
}
none() { is "$1" "" "$2"; }
sorted() { LC_ALL=C sort -u | sed '/^$/d'; }

# ---- files

# What stands in backquotes in TEXTS, one a line, with the file's name before it.
quoted() {
	local f
	for f in "${TEXTS[@]}"; do
		# Not in blocks, which are examples; a quotation may go on in the next line.
		sed '/^    /d' "$f" | tr '\n' ' ' | grep -o '`[^`]*`' | tr -d '`' | sed "s|^|$f |"
	done
}

# A path in the tree: it begins with one of our directories. A * is for the shell, {a,b} too.
paths() {
	local f path found
	while read -r f path; do
		[[ $path =~ ^(\./)?(pam|bpf|helper|conf|tests|debian)/[^\ ]*$ ]] || continue
		path=${path%%:*}
		[[ $path != *NAME* ]] || continue # of something that is to be written
		for found in $(eval "echo $path"); do [[ -e $found ]] || echo "$f: $found"; done
	done < <(
		quoted | awk '{ for (i = 2; i <= NF; i++) print $1, $i }' | sed 's/[,;]$//'
		for f in "${TEXTS[@]}"; do
			# Links, from where the text is.
			grep -o '](\([^)]*\))' "$f" | sed 's/^](//; s/)$//; /^https\?:/d; /^#/d' | while read -r path; do
				echo "$f $(realpath --relative-to=. -m "$(dirname "$f")/$path" | sed 's|^\([^/]*\)$|\1|')"
			done
		done
	)
}
# Links whose target is not below one of the directories: at the top.
links() {
	local f path
	for f in "${TEXTS[@]}"; do
		grep -o '](\([^)]*\))' "$f" | sed 's/^](//; s/)$//; /^https\?:/d; /^#/d' | while read -r path; do
			[[ -e $(dirname "$f")/$path ]] || echo "$f: $path"
		done
	done
}

none "texts: each path in the tree is there" "$(paths)"
none "texts: each link leads to a file" "$(links)"
none "README: its layout is the tree's" "$(
	sed -n 's/^    \([a-z]*\)\/  .*/\1/p' README.md | while read -r d; do [[ -d $d ]] || echo "$d"; done
)"
is "README: the layout is whole" "$(git ls-files | sed -n 's|^\([a-z][^/]*\)/.*|\1|p' | sorted)" \
	"$(sed -n 's/^    \([a-z]*\)\/  .*/\1/p' README.md | sorted)"
none "README: shorter than 250 lines" "$(awk 'END { if (NR >= 250) print NR }' README.md)"

# Tests that are named as "tests/vm/suite KERNEL NAME...", and further names alone: "and `reloads`".
none "texts: each test of the suite is there" "$(
	quoted | sed -n 's|^\([^ ]*\) tests/vm/suite [0-9.]* \(.*\)|\1 \2|p' | while read -r f names; do
		for name in $names; do [[ -e tests/vm/test_$name.sh ]] || echo "$f: $name"; done
	done
)"

# The example to follow is in each file that the five steps name, but for those that it did not change.
is "CONTRIBUTING: what it names knows mount.deny, and the rest is named as such" \
	"$(sed -n '/mount\.deny/,/had not/p' conf/CONTRIBUTING.md | grep -oE '\b(bpf|helper|conf|tests)/[^`]*' | sorted)" "$(
		sed -n '/^## 1/,/^## Before/p' conf/CONTRIBUTING.md | grep -oE '`(bpf|helper|conf|tests)/[^`]*`' | tr -d '`' |
			grep -v NAME | sorted | while read -r f; do grep -qi 'mount' "$f" || echo "$f"; done
	)"

# ---- targets of make

targets() { make -s --no-print-directory -pq -f Makefile 2>/dev/null | sed -n 's/^\([a-z][a-z-]*\):.*/\1/p' | sorted; }
none "texts: each target of make is one" "$(
	LC_ALL=C comm -13 <(targets) <(
		{
			quoted | sed 's/^[^ ]* //'
			sed -n 's/^    //p' "${TEXTS[@]}"
		} | grep -oE '\bmake [a-z][a-z-]*' | sed 's/make //' | grep -vxE 'git|pkgconf-pkg-config' | sorted
	)
)"

# ---- sections and pages

sections() { sed -n 's/^\.S[hs] //p' "$1"; }
none "pages: each section that is named is in the page" "$(
	for page in "${PAGES[@]}"; do
		here=$(sections "$page")
		sed -n 's/^\.Sx //p; s/.* Sx \([A-Z][A-Z ]*\).*/\1/p' "$page" | sed 's/\( [.,;:)]\{1,\}\)*$//; s/ Ns .*//; s/ $//' | sorted |
			while read -r s; do grep -qxF "$s" <<<"$here" || echo "$page: $s"; done
	done
)"
# Two words in capitals are the name of a section, of the page that is named before it or of this one.
# BPF LSM is no section, NOT PROPOSED a word of learn's.
all=$(sections <(cat "${PAGES[@]}"))
none "pages and texts: each section of another page is there" "$(
	cat "${PAGES[@]}" README.md | sed '/^\.Bd/,/^\.Ed/d; /^\.\\"/d; /^    /d; /^\.S[hs] /d' | grep -oE '\b[A-Z]{3,}( [A-Z]{2,})+\b' | sorted |
		grep -vxE 'BPF LSM|NOT PROPOSED' | while read -r s; do grep -qF "$s" <<<"$all" || echo "$s"; done
)"

# Pages of others: those of Debian 12 and 13, and of the kernel's manual. What is named and not here is a mistake, and so
# is what is here and not named.
OTHERS="apt-get(8) at(1) atd(8) atq(1) audit(7) bash(1) bind(2) bpf(2) btrfs-send(8) bwrap(1) capabilities(7)
	capget(2) capset(2) chfn(1) chpasswd(8) chsh(1) connect(2) cron(8) crontab(1) dlopen(3) dmesg(1)
	fsopen(2) fspick(2) fusermount3(1) inotify(7) io_uring(7) ioctl(2) journalctl(1) jq(1) kexec_load(2)
	listen(2) loginctl(1) logrotate(8) machinectl(1) memfd_create(2) mknod(2) modprobe(8) mount(8)
	mount_setattr(2) move_mount(2) newgrp(1) open_tree(2) pam.d(5) pam_env(8) pam_namespace(8)
	pam_systemd(8) passwd(1) perf_event_open(2) ping(8) pivot_root(2) pkexec(1) ps(1) reboot(2) runuser(1)
	screen(1) setgid(2) setgroups(2) setuid(2) sftp-server(8) sg(1) sha256sum(1) socket(2) ss(8) ssh(1)
	ssh-agent(1) sshd(8) sshd_config(5) sshfs(1) su(1) sudo(8) sudoers(5) sysctl(8) systemctl(1) systemd(1)
	systemd-journald(8) systemd-logind(8) systemd-resolved(8) systemd-run(1) systemd.resource-control(5)
	tmux(1) umount(8) unshare(1) useradd(8) vfork(2)"
ours() { printf '%s\n' "${PAGES[@]##*/}" | sed 's/\(.*\)\.\([58]\)$/\1(\2)/'; }
named() { cat "${PAGES[@]}" | grep '^\.' | grep -oE '\bXr [^ ]+ [1-8]\b' | sed 's/Xr \([^ ]*\) \(.\)/\1(\2)/' | sorted; }
is "pages: each page that is named is ours or known" "$(tr -s ' \t\n' '\n' <<<"$OTHERS" | sorted)" \
	"$(LC_ALL=C comm -13 <(ours | sorted) <(named))"
none "texts: man names pages of ours" "$(
	quoted | sed -n 's/^[^ ]* man \([a-z][^ ]*\)$/man \1/p' | sed 's/man //' | sorted |
		while read -r page; do [[ $(ours) == *"$page("* ]] || echo "$page"; done
)"

# ---- commands and options

help=$("$BUILD/ebpfguardctl" --help)
helper_help=$("$BUILD/ebpfguard-helper" --help)
commands() { sed -n '/^options:/q; s/^  \([a-z]*\)[ ].*/\1/p' <<<"$help" | sorted; }
# options HELP: with their dashes.
options() { grep -E '^ +-' <<<"$1" | grep -oE '(^|[ ,])--?[a-zA-Z][a-z-]*' | tr -d ' ,' | sorted; }
# tagged PAGE SECTION...: the items of the lists in these sections.
tagged() {
	local page=$1 s
	shift
	for s; do sed -n "/^\.Sh $s\$/,/^\.Sh /p" "$page" | grep '^\.It '; done
}
is "ebpfguardctl: its page explains each command, and no other" "$(commands)" "$(
	tagged helper/ebpfguardctl.8 COMMANDS ORDERS | sed -n 's/^\.It Cm \([a-z]*\)\( .*\)\{0,1\}$/\1/p' |
		grep -vxE 'default|loopback|sockets|rule|feed|profile|match|extends' | sorted
)"
is "ebpfguardctl: its page has its options, and no other" "$(options "$help" | grep -vxE -- '-h|-V|--help|--version')" "$(
	tagged helper/ebpfguardctl.8 OPTIONS | grep -oE '\bFl -?[a-zA-Z-]+' | sed 's/Fl /-/' |
		grep -vxE -- '-h|-V|--help|--version' | sorted
)"
is "ebpfguard-helper: its page has its options, and no other" "$(options "$helper_help" | sed '/^-h$/d; /^--help$/d')" "$(
	tagged helper/ebpfguard-helper.8 OPTIONS | grep -oE '\bFl -?[a-zA-Z-]+' | sed 's/Fl /-/' |
		grep -vxE -- '-h|--help' | sorted
)"
is "module: its page has its arguments, and no other" "$(
	sed -n '/arg_table\[\]/,/^};/p' pam/args.c | grep -oE '\{"[a-z_]+"' | tr -d '{"' | sorted
)" "$(tagged pam/pam_ebpfguard.8 OPTIONS | sed 's/^\.It Cm \([a-z_]*\).*/\1/' | sorted)"
is "README: it names each command of ebpfguardctl" "$(commands)" "$(
	# The table, and no word of it that is none.
	sed -n '/^| command | does |$/,/^$/p' README.md | cut -d'|' -f2 | grep -oE '`[^`]*`' | tr -d '`' |
		sed 's/^ebpfguardctl //' | awk '{ print $1 }' | sorted
)"
# used PROGRAM: what texts and examples call it with, a line each.
used() {
	{
		quoted | sed 's/^[^ ]* //'
		sed -n 's/^    //p' "${TEXTS[@]}" | sed 's/  # .*//'
		cat "${PAGES[@]}" | sed 's/\\&//g; s/\\-/-/g'
	} | grep -oE "\b$1 [^|\`&;]*"
}
none "texts and pages: each command of ebpfguardctl is one" "$(
	used ebpfguardctl | sed 's/^ebpfguardctl //; s/^\(--[a-z]* [^ ]* \)*//' | sed -n 's/^\([a-z]\{3,\}\)\( .*\)\{0,1\}$/\1/p' |
		grep -vxE 'does|prints|has|alone|and' | sorted | LC_ALL=C comm -13 <(commands) -
)"
none "texts and pages: each option of ebpfguardctl is one" "$(
	used ebpfguardctl | grep -oE ' --?[a-zA-Z][a-z-]*' | tr -d ' ' | grep -v '^-[0-9]' | sorted |
		LC_ALL=C comm -13 <(options "$help") - | grep -vxE -- '-[a-z]{2,}'
)"
none "texts and pages: each option of ebpfguard-helper is one" "$(
	used ebpfguard-helper | grep -oE ' --?[a-zA-Z][a-z-]*' | tr -d ' ' | sorted |
		LC_ALL=C comm -13 <(options "$helper_help") -
)"
none "completion: it has each command" "$(
	commands | while read -r c; do grep -qw -- "$c" conf/ebpfguardctl.bash-completion || echo "$c"; done
)"

# ---- keys

# The rows of the schema, as the page writes them: lists are name[].key.
keys() {
	sed -n 's/^\tROW(\([A-Z]*(\)\{0,1\}"\([a-z0-9_.]*\)").*/\1 \2/p; s/^\tROW("\([a-z0-9_.]*\)",.*/- \1/p' \
		helper/config_schema.c | sed 's/^FEED( /deny_files[]./; s/^IN( /rules[]./; s/^NAMED( /profiles[]./
			s/^WHO( /match[]./; s/^- //' | sorted
}
groups() { keys | sed -n 's/[].[]*[a-z0-9_]*$//p' | sed 's/\[\]$//; s/\[\].*//; s/\..*//' | sorted; }
is "configuration: the page explains each key, and no other" "$(keys)" \
	"$(sed -n 's/^\.It Ic //p' conf/ebpfguard.conf.5 | grep -v ' ' | sorted)"
# Elsewhere a key stands as it is, or by what it is called in its group; a * is for all of a group.
none "pages: each key that is named is one" "$(
	known=$(keys; groups; keys | sed 's/.*[].]//')
	{
		cat "${PAGES[@]}" | sed -n 's/^\.Ic \([^ ]*\).*/\1/p'
		quoted | sed 's/^[^ ]* //' | grep -xE '[a-z]+\.[a-z0-9_]+' | grep -vE '\.(sh|py|conf|c|h|md|5|8|service|timer|socket|html|txt|json)$'
	} | sorted | grep -vxE '[A-Za-z]*=|[sq]|exempt_user|exempt_group|socket\.sock' |
		while read -r key; do
			grep -qxF -- "${key%.\*}" <<<"$known" || echo "$key"
		done
)"

# ---- PAM files of others, by what their packages have

fedora='session    optional     pam_motd.so
session    include      password-auth
session    include      postlogin'
arch='account   include   system-remote-login
session   include   system-remote-login'
# placed FILE-TEXT PATTERN: what the line of BUILDING.md that has PATTERN makes of it.
placed() { bash -c "$(sed -n "s|^    sudo \(sed -i '/.*$2.*\) /etc/pam.d/sshd\$|\1|p" conf/BUILDING.md | sed 's/sed -i/sed/')" <<<"$1"; }
ours='session required pam_ebpfguard.so exempt_group=wheel'
is "BUILDING: Fedora's line is behind pam_systemd's include" "${fedora/%session    include      postlogin/$ours
session    include      postlogin}" "$(placed "$fedora" password-auth)"
is "BUILDING: so is Arch's" "$arch
$ours" "$(placed "$arch" system-remote-login)"

# ---- figures

# insn OPERATION WHO STATE: as it was measured last.
insn() { awk -v what="insn $1 $2 $3" '$1 " " $2 " " $3 " " $4 == what { n = $5 } END { print n }' tests/bench/results/6.12.txt; }
# more OPERATION WHO STATE: than with nothing there.
more() { echo $(($(insn "$@") - $(insn "$1" nothing -))); }
# Of the README's sentence: what does nothing, who is not guarded, lately, not lately, with a million networks.
is "README: what it costs is what was measured" \
	"$(more connect empty -) $(more connect ours unguarded) $(more connect ours guarded-100) $(
		more connect_new ours guarded-100) $(more connect_new ours guarded-1000000)" \
	"$(sed -n '/^In instructions of/,/^$/p' README.md | tr '\n' ' ' | sed 's/ with .*//; s/6\.12//' | grep -oE '\b[0-9]{3,}\b' | xargs)"
for op in udp tcp; do
	is "comparison: what the others cost, $op" "${op^^} $(insn $op nothing -) $(insn $op ours guarded-10000) $(
		insn $op teleport guarded-10000) $(insn $op systemd guarded) $(insn $op nftables guarded-10000)" \
		"$(grep "^| ${op^^} |" conf/COMPARISON.md | tr -d '|' | xargs)"
done
is "comparison: who is not restricted" "$(insn udp ours unguarded) $(insn tcp ours unguarded)" \
	"$(sed -n '/restricted pays/,/^$/p' conf/COMPARISON.md | grep -oE '\b[0-9]{4,}\b' | xargs)"

# ---- examples, messages, the picture

if out=$(python3 tests/vm/examples.py list "${PAGES[@]}" "${TEXTS[@]}" 2>&1); then
	none "examples: each display says what it is an example of" ""
	is "examples: each page has some in its section" "${PAGES[*]}" "$(
		for page in "${PAGES[@]}"; do
			at=$(grep -n '^\.Sh EXAMPLES' "$page" | cut -d: -f1)
			awk -F'[: ]' -v page="$page" -v at="${at:-999999}" '$1 == page && $2 > at { print page; exit }' <<<"$out"
		done | paste -sd' '
	)"
else
	none "examples: each display says what it is an example of" "$out"
fi
# A message is in its source, apart from what differs each time.
none "examples: messages are what programs say" "$(
	tmp=$(mktemp -d)
	python3 tests/vm/examples.py steps "$tmp" "${PAGES[@]}"
	for d in "$tmp"/*; do
		[[ $(cat "$d/kind") == message ]] || continue
		source=$(cat "$d/words")
		strings=$(tr -d '\n' <"$source" | sed 's/"[ \t]*"//g' | tr -s ' \t' ' ')
		tr '\n' ' ' <"$d/text" | sed 's/5\.10\.0-[^ ,]*/%s/; s/ $//; s/: its BPF/\n&/; s/^: //; s/)\. Boot/)\n. Boot/' | sed 's/^: //' |
			while IFS= read -r part || [[ $part ]]; do grep -qF -- "$part" <<<"$strings" || echo "$source: $part"; done
	done
	rm -rf "$tmp"
)"
is "picture: it is that of the recorded demo" "$(cat tests/vm/demo.svg)" "$(tests/vm/picture <tests/vm/demo.txt)"
is "picture: it is one" 1 "$(grep -c '^<svg ' tests/vm/demo.svg)"
is "picture: the README shows it" 1 "$(grep -c '](tests/vm/demo.svg)' README.md)"
# What the script is given must be a demo's output that went well, and one that did not is another picture.
n=$((n + 1))
if tests/vm/picture </dev/null >/dev/null 2>&1; then
	echo "not ok $n - picture: of nothing there is none"
else
	echo "ok $n - picture: of nothing there is none"
fi
none "picture: the recorded demo went well" "$(grep -E '^NOT|write error' tests/vm/demo.txt; grep -cE '^demo: ([0-9]+) of \1 steps' tests/vm/demo.txt | grep -vx 1)"
is "picture: demo and script have the same sections" \
	"$(sed -n 's/^heading "\([0-9]*\. [^/$]*\).*/\1/p' tests/vm/demo_guest | sed 's/ alice.*//; s/[ :]*$//' | cut -c1-12)" \
	"$(sed -n 's/^== \([0-9]*\. [^/$]*\).*/\1/p' tests/vm/demo.txt | sed 's/ alice.*//; s/[ :]*$//' | cut -c1-12)"
echo "1..$n"
