#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# Each example of the manual pages and of the README, as it stands: configurations are checked and put in force, commands
# are run and say what the page says, records have the fields of real ones. tests/vm/examples.py finds them; one that
# nothing here knows how to run is a failure.
# shellcheck disable=SC2001 # sed puts a mark before each line
# shellcheck source=tests/vm/lib.sh
. /srv/t/lib.sh
SCRIPT_NAME=examples
# shellcheck source=tests/vm/examples_cases.sh
. /srv/t/examples_cases.sh

# ---- each kind. All work on the step in $d, of which $where and $text are known.

# A configuration: nothing to complain of, unless the page says that it is warned of, and it comes into force.
run_conf() {
	local out expected='^/etc/ebpfguard.conf: fine$'
	words=$(cat "$d/words")
	[[ $words != warned ]] || expected='warning: .*/etc/ebpfguard.conf: valid, [0-9]+ warnings?$'
	if [[ $words == "with the one before" ]]; then
		printf '%s\n' "$text" >>/etc/ebpfguard.conf
	else
		printf '%s\n' "$text" >/etc/ebpfguard.conf
	fi
	out=$(ebpfguardctl check 2>&1)
	matches "$where: check: ${text%%$'\n'*}" "$expected" "$out"
	out=$(ebpfguardctl reload 2>&1) || fail "$where: reload: $out"
	matches "$where: in force" 'enforcing: yes' "$(ebpfguardctl status)"
}

# How a rule is written: every form that can be read off it is one.
run_form() {
	local form
	is "$where: the form" "Ar network Ns Oo : Ns Ar port Ns Oo - Ns Ar port Oc Oc Ns Oo / Ns Ar protocol Oc" "$text"
	for form in 10.0.0.0/8 10.0.0.0/8:443 10.0.0.0/8:443-444 10.0.0.0/8:443/tcp 10.0.0.0/8:443-444/udp 10.0.0.0/8/icmp; do
		printf 'deny = [ "%s" ];\n' "$form" >/etc/ebpfguard.conf
		matches "$where: $form" 'conf: fine$' "$(ebpfguardctl check 2>&1)"
	done
}

# same PATTERN-FILE GOT [numbers]: is it what the page says?
same() {
	if python3 "$T/docs/examples.py" match ${3:+"$3"} "$1" <<<"$2"; then
		pass "$where: it prints what is shown"
	else
		fail "$where: it prints what is shown"
		sed 's/^/#   shown: | /' "$1"
		sed 's/^/#   got:   | /' <<<"$2"
	fi
}

run_commands() {
	local command=$text reason status
	reason=$(elsewhere "$command")
	case $reason in
	SKIP*) skip "$where: $command" "${reason#SKIP }" && return ;;
	?*) echo "# $where: $command: not here: $reason" && return ;;
	esac
	before "$command"
	if [[ $command == *"events -f "* ]]; then
		follow "$command"
	else
		# From a directory of its own: a page is written to where one is.
		if asks "$command"; then
			out=$(answered "$command")
		else
			out=$(cd $W && timeout 300 bash -o pipefail -c "$command" 2>&1 </dev/null)
		fi
		status=$?
		is "$where: ${command%%$'\n'*}" "$(status_of "$command")" $status
		((status == $(status_of "$command"))) || sed 's/^/#   | /' <<<"$out"
	fi
	printed=$out
	[[ ! -s $d/output ]] || same "$d/output" "$out"
	after "$command"
}

# What the command before has printed, or what another one prints that the words name.
run_output() {
	local words
	words=$(cat "$d/words")
	case $words in
	'') same "$d/unfolded" "$printed" "$(numbers_of "$where")" ;;
	*) shown_by "$words" ;;
	esac
}

run_records() {
	story_told
	out=$(python3 "$T/docs/examples.py" fields "$d/text" $W/story)
	is "$where: such records are written" "" "$out"
}

run_file() { printf '%s\n' "$text" >"$(cat "$d/words")"; }
run_message() { echo "# $where: a message, not here: tests/test_docs.sh finds it in its source, test_oldkernel.sh sees it"; }
run_picture() { echo "# $where: a picture, nothing to run: tests/test_docs.sh looks at what it names"; }

# PAM lines, each behind the include of common-session of the files that the line above names.
run_pam() {
	local line file files=()
	while IFS= read -r line; do
		case $line in
		'#'*) mapfile -t files < <(grep -o '/etc/pam[.]d/[a-z-]*' <<<"$line") ;;
		*)
			for file in "${files[@]}"; do
				pam_line "$file" "$line" || fail "$where: $file has no include of common-session to put it behind"
				pam_works "$file" "$line"
			done
			;;
		esac
	done <<<"$text"
	cp -a $W/pam.d/. /etc/pam.d/
}

# What stands below the command is typed in the editor that it starts.
run_edit() {
	sed '1d' "$d/text" >$W/typed
	# shellcheck disable=SC2016 # the editor's
	printf '#!/bin/sh\ncat %s >"$1"\n' $W/typed >$W/editor
	chmod +x $W/editor
	SYSTEMD_EDITOR=$W/editor script -qec "$(sed -n '1s/^# //p' "$d/text")" /dev/null >/dev/null 2>&1 </dev/null
	is "$where: $(sed -n 1p "$d/text")" 0 $?
	matches "$where: it is in force" '/srv/log' "$(systemctl show -p ReadWritePaths ebpfguard.service)"
}

prepare
rm -rf $W/steps
# The first are of the first session that a helper knows, the last takes it out of the machine.
python3 "$T/docs/examples.py" steps $W/steps "$T/docs/"{ebpfguardctl.8,ebpfguard.conf.5,pam_ebpfguard.8,README.md,ebpfguard-helper.8} ||
	fail "the examples cannot be read"
n=0 page=''
for d in "$W"/steps/*; do
	where=$(cat "$d/where") text=$(cat "$d/text") kind=$(cat "$d/kind")
	[[ $kind == message || $kind == picture ]] || put_back
	if [[ ${where%:*} != "$page" ]]; then
		page=${where%:*}
		begin
	fi
	if [[ $(type -t "run_$kind") == function ]]; then
		"run_$kind"
	else
		fail "$where: nobody knows how to run an example of the kind $kind"
	fi
	n=$((n + 1))
done
matches "there are examples" '^[0-9]{2,}$' $n
finish
