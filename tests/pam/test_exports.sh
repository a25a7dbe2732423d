#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# What the module shows to sshd and what it pulls in: two entry points, libpam and libc. TAP.
set -u
so=${1:?usage: test_exports.sh MODULE}
bad=0

check() { # check N NAME GOT WANT
	if [ "$3" = "$4" ]; then
		echo "ok $1 - $2"
	else
		echo "not ok $1 - $2"
		printf '# got:    %s\n# wanted: %s\n' "$3" "$4"
		bad=1
	fi
}

echo 1..5
check 1 'exports exactly the two entry points' \
	"$(nm -D --defined-only "$so" | awk '$2 != "A" { print $3 }' | sort | tr '\n' ' ')" \
	'pam_sm_close_session pam_sm_open_session '
check 2 'needs libpam and libc only' \
	"$(readelf -dW "$so" | sed -n 's/.*(NEEDED).*\[\(.*\)\]/\1/p' | sort | tr '\n' ' ')" \
	'libc.so.6 libpam.so.0 '
check 3 'is fully bound at load (relro, now)' \
	"$(readelf -dW "$so" | grep -c 'BIND_NOW\|FLAGS.*NOW' | sed 's/^[1-9].*/yes/')" yes
check 4 'has no executable stack' \
	"$(readelf -lW "$so" | awk '$1 == "GNU_STACK" { print $7 }')" RW
# Nothing that blocks without a deadline, ends the process, or reads the environment.
check 5 'calls nothing a module in sshd must not call' \
	"$(nm -D --undefined-only "$so" | awk '{ sub("@.*", "", $2); print $2 }' |
		grep -xE '(__)?(abort|exit|_exit|__assert_fail|select|pselect|sigaction|signal|alarm|sleep|usleep|getenv|secure_getenv|setenv|putenv|fopen|fopen64|fork|system|popen|pthread_create|printf|fprintf|__printf_chk|__fprintf_chk|fdopen|syslog)' | tr '\n' ' ')" ''
exit $bad
