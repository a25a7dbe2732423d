# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# shellcheck shell=bash
# Sourced by tests of what reads the log: lines as the helper writes them, in the format that FORMAT names, kv or json.
# It knows the rules of the formats by itself, not by the code that is tested.

NUMBERS=' session uid rport pid ppid port sport count line loginuid audit_session generation refused audited lost connect setuid seconds target order by_uid by_loginuid by_pid prefixes4 '

# kv_text TEXT BLANKS: escaped; a blank stays when BLANKS is not empty.
kv_text() {
	local LC_ALL=C i c
	for ((i = 0; i < ${#1}; i++)); do
		c=${1:i:1}
		case $c in
		' ') [[ $2 ]] && printf ' ' || printf '\\x20' ;;
		'"' | \\ | '=' | [![:graph:]]) printf '\\x%02x' "$(($(printf '%d' "'$c") & 255))" ;;
		*) printf %s "$c" ;;
		esac
	done
}

# json_text TEXT: what is not ASCII is taken for invalid UTF-8, which it is in these tests.
json_text() {
	local LC_ALL=C i c
	printf '"'
	for ((i = 0; i < ${#1}; i++)); do
		c=${1:i:1}
		case $c in
		'"') printf '\\"' ;;
		\\) printf '\\\\x5c' ;;
		[[:cntrl:]]) printf '\\u%04x' "'$c" ;;
		[![:print:]]) printf '\\\\x%02x' "$(($(printf '%d' "'$c") & 255))" ;;
		*) printf %s "$c" ;;
		esac
	done
	printf '"'
}

kv_fields() { # KEY=VALUE... with args=WORD once for each argument
	local field in_args=
	for field; do
		case $field in
		args=-) printf ' args=-' ;;
		args=*)
			[[ $in_args ]] || printf ' args='
			printf '%s"%s"' "${in_args:+ }" "$(kv_text "${field#args=}" blanks)"
			in_args=1
			;;
		*) printf ' %s=%s' "${field%%=*}" "$(kv_text "${field#*=}" '')" ;;
		esac
	done
}

json_fields() {
	local field key value in_args=
	for field; do
		key=${field%%=*} value=${field#*=}
		if [[ $in_args && $key != args ]]; then
			printf ']'
			in_args=
		fi
		[[ $value != - ]] || continue
		if [[ $key == args ]]; then
			[[ $in_args ]] && printf , || printf ',"args":['
			in_args=1
			json_text "$value"
		elif [[ $key == mono || ($key == errno && $value != [E0]*) || $NUMBERS == *" $key "* ]]; then
			printf ',"%s":%s' "$key" "$value"
		else
			printf ',"%s":' "$key"
			json_text "$value"
		fi
	done
}

# record TIME "WORD [OPERATION]" KEY=VALUE...: one line; TIME as 2026-11-20T10:00:00.
record() {
	local time=$1 word=${2%% *} op=${2#* }
	shift 2
	[[ $op != "$word" ]] || op=
	set -- "$@" host=bastion1 "time=$time.123Z" mono=1234.567
	if [[ $FORMAT == kv ]]; then
		printf '%s%s%s\n' "$word" "${op:+ $op}" "$(kv_fields "$@")"
		return
	fi
	case $word in
	DENY | AUDIT | KILL) printf '{"event":"refusal","verdict":"%s","op":"%s"' "${word,,}" "$op" ;;
	RESET | BLOCK) printf '{"event":"flow","verdict":"%s"' "${word,,}" ;;
	*) printf '{"event":"%s"%s' "${word,,}" "${op:+,\"op\":\"$op\"}" ;;
	esac
	json_fields "$@"
	printf '}\n'
}

# refusal TIME "WORD OPERATION" SESSION USER RHOST KEY EXE COUNT KEY=VALUE...: the rest is what the operation has.
refusal() {
	local time=$1 word=$2 errno=EPERM count=$8 session=$3 user=$4 rhost=$5 key=$6 exe=$7
	shift 8
	[[ $word != AUDIT* ]] || errno=0
	record "$time" "$word" "session=$session" "user=$user" uid=1000 profile=default "rhost=$rhost" rport=50022 tty=pts/0 pid=812 \
		ppid=800 "comm=${exe##*/}" "exe=$exe" "$@" "errno=$errno" "count=$count" layer=call src=10.0.0.2 sport=40112 \
		service=sshd "key=$key" loginuid=1000 audit_session=3 generation=7 config=/etc/ebpfguard.conf "args=${exe##*/}" "args=a b"
}

# behind TAG: what rsyslog writes in front of each line.
behind() { sed "s|^|2026-11-20T10:00:00.123456+00:00 bastion1 $1: |"; }

# shellcheck disable=SC2034 # for who sources it
helper='ebpfguard-helper[123]'

# sample: a day of three people.
sample() {
	record 2026-11-20T09:00:00 START session=17 user=alice uid=1000 profile=default rhost=10.0.0.5 rport=50022 service=sshd \
		key=SHA256:alice pid=700 origin=- cgroup=/ebpfguard/17
	refusal 2026-11-20T10:00:00 'DENY connect' 17 alice 10.0.0.5 SHA256:alice /usr/bin/curl 1 proto=tcp dst=18.4.5.6 port=443 rule=18.0.0.0/9
	refusal 2026-11-20T10:00:05 'DENY connect' 17 alice 10.0.0.5 SHA256:alice /usr/bin/curl 3 proto=tcp dst=18.4.5.6 port=443 rule=18.0.0.0/9
	refusal 2026-11-20T11:00:00 'AUDIT sendmsg' 18 bob 10.0.0.6 SHA256:bob /usr/bin/dig 2 proto=udp dst=2001:db8::1 port=53 rule=2001:db8::/32 feed=/srv/drop.txt line=31
	refusal 2026-11-20T11:30:00 'KILL exec' 18 bob 10.0.0.6 SHA256:bob /bin/bash 1 path=/usr/bin/su target=0 rule=setuid
	refusal 2026-11-20T12:00:00 'DENY bind' 18 bob 10.0.0.6 SHA256:bob /usr/bin/nc 1 proto=tcp src=0.0.0.0 port=8080 'rule=*' |
		sed 's/ src=10.0.0.2 sport=40112//; s/,"src":"10.0.0.2","sport":40112//'
	refusal 2026-11-20T12:30:00 'DENY file' 19 carol host.example - /usr/bin/vim 1 access=read path=/etc/shadow reason=place rule=files line=3
	record 2026-11-20T13:00:00 SUPPRESSED session=17 user=alice count=57 connect=50 setuid=7
	record 2026-11-20T13:00:01 LOST session=18 user=bob count=20 connect=20
	record 2026-11-20T14:00:00 RESET session=17 user=alice uid=1000 profile=default rhost=10.0.0.5 proto=tcp src=10.0.0.2 sport=4 \
		dst=18.4.5.7 port=22 rule=18.0.0.0/9
	record 2026-11-20T15:00:00 END session=17 user=alice uid=1000 profile=default seconds=21600 refused=4 audited=0 lost=0 connect=4
}
