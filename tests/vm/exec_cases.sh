# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# shellcheck shell=bash disable=SC2154 # T and ATTACK_PIDS come from lib.sh and cases.sh
# Every way to run a program that must not be run, for test_exec.sh; the form is that of egress_cases.sh, HOOKS and
# PACKETS do not apply.

# no: the denied tree. yes: beside it, open to all. only: what exec.allow_only names besides the system's own. Links and
# mounts that lead from one to another are there before the session.
R=/srv/run
LD=/lib64/ld-linux-x86-64.so.2
exec_world() {
	local dir
	install -d -m 1777 /run/try /srv/try
	install -d $R $R/no/sub $R/only $R/m/no $R/m/b
	install -d -m 0777 $R/yes # not sticky: a file of root's can be replaced
	for dir in no no/sub yes only; do
		install -m 0755 "$T/try" $R/$dir/prog
		printf '#!%s nothing\n' "$T/try" >$R/$dir/script
		printf '#!%s nothing\n' $R/yes/prog >$R/$dir/script-yes
		printf '#!%s nothing\n' $R/no/prog >$R/$dir/script-no
		printf '#!%s\n' $R/yes/script-no >$R/$dir/script-twice
		printf 'echo ok\n' >$R/$dir/say
		chmod 0755 $R/$dir/script* $R/$dir/say
		cp /usr/bin/id $R/$dir/id
		cp /lib/x86_64-linux-gnu/libz.so.1 $R/$dir/lib.so
		install -m 4755 "$T/try" $R/$dir/suid-root
	done
	# Files of alice's own, or the kernel keeps her from linking them.
	for dir in no/own yes/one yes/replaced; do
		install -m 0755 -o alice "$T/try" $R/$dir
	done
	ln -sfn ../no/prog $R/yes/soft
	ln -sfn ../no $R/yes/softdir
	ln -sfn ../only/prog $R/yes/soft-only
	ln -sfn ../yes/prog $R/only/soft
	ln -f $R/yes/one $R/yes/one-linked
	mount --make-rprivate /
	mount --bind $R/no $R/m/no
	# Files that are none of the kernel's formats, with an interpreter of their own.
	modprobe -q binfmt_misc
	mount -t binfmt_misc none /proc/sys/fs/binfmt_misc 2>/dev/null
	printf ':try-no:M::EGNO::%s:' $R/no/prog >/proc/sys/fs/binfmt_misc/register
	printf 'EGNO\n' >$R/yes/misc
	chmod 0755 $R/yes/misc

	broker_for root
	broker_for alice
	until_true 20 test -S /run/try/root -a -S /run/try/alice
}

exec_world_ends() {
	kill "${ATTACK_PIDS[@]}" 2>/dev/null
	wait "${ATTACK_PIDS[@]}" 2>/dev/null
	ATTACK_PIDS=()
	echo -1 >/proc/sys/fs/binfmt_misc/try-no
	umount $R/m/no
	mount --make-rshared /
	rm -rf $R /srv/try /run/try
	rmdir /sys/fs/cgroup/try-stray 2>/dev/null
}

# ---- by place

# What the attempts need besides: user namespaces, mounts in them, an accomplice of the same user.
exec_base_conf() { printf '%s\n' 'setuid = { deny = false; };' 'unix = { same_user = "allow"; };'; }
exec_deny_conf() {
	exec_base_conf
	echo "exec = { deny = [ \"$R/no\", \"$R/yes/one\", \"$R/yes/replaced\", \"$R/yes/not-there-yet\" ]; };"
}
exec_deny_cases() {
	cat <<-EOF
		allowed: beside it|via path $R/yes/prog nothing|ok|ok|-|-
		allowed: a script beside it|via path $R/yes/script|ok|ok|-|-
		allowed: a copy in another place|run-by copied $R/no/prog nothing|ok|ok|-|-
		allowed: what a shell reads|via path /bin/sh $R/no/say|ok|ok|-|-
		allowed: reading it|file-read $R/no/prog|ok|ok|-|-
		allowed: a program's own loader and libraries|loads /usr/bin/id|ok|ok|-|-
		allowed: mapping without a file|map-nothing|ok|ok|-|-
		allowed: mapping a file without a name|map-memfd|ok|ok|-|-
		by its path|via path $R/no/prog nothing|ok|EPERM|-|-
		further down|via path $R/no/sub/prog nothing|ok|EPERM|-|-
		by dots|via path $R/yes/../no/./prog nothing|ok|EPERM|-|-
		by a relative path|run-by relative $R/no/prog nothing|ok|EPERM|-|-
		by a relative path to its directory|run-by dirfd $R/no/prog nothing|ok|EPERM|-|-
		by a symbolic link|via path $R/yes/soft nothing|ok|EPERM|-|-
		by a symbolic link to its directory|via path $R/yes/softdir/prog nothing|ok|EPERM|-|-
		by /proc/self/root|run-by root $R/no/prog nothing|ok|EPERM|-|-
		by execveat|via at $R/no/prog nothing|ok|EPERM|-|-
		by descriptor|via fd $R/no/prog nothing|ok|EPERM|-|-
		by /proc/self/fd|via proc $R/no/prog nothing|ok|EPERM|-|-
		by another mount|via path $R/m/no/prog nothing|ok|EPERM|-|-
		by a mount in a namespace of one's own|user-mntns both bind $R/no $R/m/b , via path $R/m/b/prog nothing|ok|EPERM|-|-
		in a user namespace|userns via path $R/no/prog nothing|ok|EPERM|-|-
		a file by its path|via path $R/yes/one nothing|ok|EPERM|-|-
		a file by another name|via path $R/yes/one-linked nothing|ok|EPERM|-|-
		a file by a name given to it now|run-by linked $R/yes/one nothing|ok|EPERM|-|-
		a file of the tree by a name given to it now|run-by linked $R/no/own nothing|ok|EPERM|-|-
		a file that took its name|run-by replaced $R/yes/replaced nothing|ok|EPERM|-|-
		a file that did not exist|copy-run $R/yes/not-there-yet $R/yes/prog nothing|ok|EPERM|-|-
		a script|via path $R/no/script|ok|EPERM|-|-
		a script's interpreter|via path $R/yes/script-no|ok|EPERM|-|-
		a script's interpreter's interpreter|via path $R/yes/script-twice|ok|EPERM|-|-
		an interpreter of binfmt_misc|exec $R/yes/misc|ok|EPERM|-|-
		a setuid program|via path $R/no/suid-root is-euid 0|ok|EPERM|-|-
		a file in memory|run-by memfd $R/yes/prog nothing|ok|EPERM|-|-
		a file without a name|run-by tmpfile $R/yes/prog nothing|ok|EPERM|-|-
		a file that was removed|run-by deleted $R/yes/prog nothing|ok|EPERM|-|-
		from a vfork child|vfork via path $R/no/prog nothing|ok|EPERM|-|-
		from a thread|thread via path $R/no/prog nothing|ok|EPERM|-|-
		by posix_spawn|run-by spawn $R/no/prog nothing|ok|EPERM|-|-
		moved out by root|stray via path $R/no/prog nothing|ok|EPERM|-|-
		by the dynamic loader|loads $LD $R/no/id|ok|EPERM|-|-
		a library, LD_PRELOAD|loads LD_PRELOAD=$R/no/lib.so /usr/bin/id|ok|EPERM|-|-
		a library, dlopen|loads /usr/bin/python3 -c __import__("ctypes").CDLL("$R/no/lib.so")|ok|EPERM|-|-
		mmap|map-exec $R/no/id|ok|EPERM|-|-
		mmap, shared|map-shared $R/no/id|ok|EPERM|-|-
		mmap of what can be read, in a personality|map-implied $R/no/id|ok|EPERM|-|-
		mprotect|map-later $R/no/id|ok|EPERM|-|-
		mprotect with a key|map-later-pkey $R/no/id|ok|EPERM|-|-
		mprotect of a copy|map-copied $R/no/id|ok|EPERM|-|-
	EOF
}
# In a session of the manager's own in the log.
manager_exec_cases() { echo "by the user manager|manager via path $R/no/prog nothing|ok|EPERM|-|-"; }
root_exec_cases() { echo "by a file handle|run-by handle $R/no/prog nothing|ok|EPERM|-|-"; }

exec_only_conf() {
	exec_base_conf
	echo "exec = { allow_only = [ \"/usr/bin\", \"/usr/sbin\", \"/usr/lib\", \"$T\", \"$R/only\" ]; };"
}
exec_only_cases() {
	cat <<-EOF
		named: a program|via path $R/only/prog nothing|ok|ok|-|-
		named: by a link from elsewhere|via path $R/yes/soft-only nothing|ok|ok|-|-
		named: a script|via path $R/only/script|ok|ok|-|-
		named: what a shell reads|via path /bin/sh $R/yes/say|ok|ok|-|-
		named: the system's own|loads /bin/sh -c id|ok|ok|-|-
		named: the system's own, an interpreter|loads /usr/bin/python3 -c 1|ok|ok|-|-
		named: the system's own, a pager of a pipe|loads /bin/bash -c :|ok|ok|-|-
		named: a setuid program|via path $R/only/suid-root is-euid 0|ok|ok|-|-
		a library from elsewhere is none|loads LD_PRELOAD=$R/yes/lib.so /usr/bin/id|ok|ok|-|-
		nor is a mapping|map-exec $R/yes/id|ok|ok|-|-
		nor what the dynamic loader is given|loads $LD $R/yes/id|ok|ok|-|-
		not named|via path $R/yes/prog nothing|ok|EPERM|-|-
		not named: by descriptor|via fd $R/yes/prog nothing|ok|EPERM|-|-
		not named: by /proc/self/root|run-by root $R/yes/prog nothing|ok|EPERM|-|-
		not named: by a link from a named place|via path $R/only/soft nothing|ok|EPERM|-|-
		not named: a copy of a named one|run-by copied $R/only/prog nothing|ok|EPERM|-|-
		not named: another name for a file|run-by linked $R/yes/one nothing|ok|EPERM|-|-
		not named: a script|via path $R/yes/script|ok|EPERM|-|-
		not named: a script's interpreter|via path $R/only/script-yes|ok|EPERM|-|-
		not named: an interpreter of binfmt_misc|exec $R/yes/misc|ok|EPERM|-|-
		not named: a file in memory|run-by memfd $R/only/prog nothing|ok|EPERM|-|-
		not named: a file without a name|run-by tmpfile $R/only/prog nothing|ok|EPERM|-|-
		not named: a file that was removed|run-by deleted $R/only/prog nothing|ok|EPERM|-|-
		not named: by posix_spawn|run-by spawn $R/yes/prog nothing|ok|EPERM|-|-
		not named: moved out by root|stray via path $R/yes/prog nothing|ok|EPERM|-|-
	EOF
}
# Whoever may mount can put something else there; but not so that others see it.
mounted_over_cases() {
	cat <<-EOF
		not named: mounted over a named place|user-mntns both bind $R/yes $R/only , via path $R/only/prog nothing|ok|EPERM|-|-
		not named: a file, mounted over a named one|user-mntns both bind $R/yes/prog $R/only/prog , via path $R/only/prog nothing|ok|EPERM|-|-
	EOF
}

# The nearer path decides, for the same one deny.
exec_both_conf() {
	exec_base_conf
	cat <<-EOF
		exec = { deny = [ "$R", "$R/only/script", "$R/only/sub" ];
			allow_only = [ "/usr/bin", "/usr/sbin", "/usr/lib", "$T", "$R/only", "$R/only/script", "$R/no/sub/prog" ]; };
	EOF
}
exec_both_cases() {
	cat <<-EOF
		deny, and a tree below it is named|via path $R/only/prog nothing|ok|ok|-|-
		deny, and a file below it is named|via path $R/no/sub/prog nothing|ok|ok|-|-
		deny, and nothing below is named|via path $R/yes/prog nothing|ok|EPERM|-|-
		deny, and beside it a file is named|via path $R/no/sub/script|ok|EPERM|-|-
		the same path in both|via path $R/only/script|ok|EPERM|-|-
		a library below a tree that is named|map-exec $R/only/id|ok|ok|-|-
		a library where nothing is named|map-exec $R/yes/id|ok|EPERM|-|-
		neither|loads /usr/bin/python3 -c 1|ok|ok|-|-
	EOF
}

# ---- by digest

# bad, by several names; better has one byte more; unreadable can only be executed.
exec_hash_world() {
	local dir
	for dir in no yes; do
		(cat "$T/try"; echo bad) >$R/$dir/bad
		(cat "$T/try"; echo bed) >$R/$dir/better
		printf '#!%s nothing\n#bad\n' "$T/try" >$R/$dir/bad-script
		printf '#!%s nothing\n#better\n' "$T/try" >$R/$dir/better-script
		printf '#!%s nothing\n' $R/$dir/bad >$R/$dir/bad-interpreter
		printf 'echo ok #bad\n' >$R/$dir/bad-say
		(cat /usr/bin/id; echo bad) >$R/$dir/bad-id
		chmod 0755 $R/$dir/{bad,better}*
	done
	ln -f $R/yes/bad $R/yes/bad-linked
	ln -sfn ../yes/bad $R/no/bad-soft
	install -m 0111 $R/yes/bad $R/yes/bad-unreadable
	install -m 4755 $R/yes/bad $R/yes/bad-suid
	: >$R/yes/empty
	chmod 0755 $R/yes/empty
	{
		printf '# bad things\r\n\r\n'
		sha256sum $R/yes/bad-script $R/yes/bad-say
		printf '%s,bad-id,"a comment"\r\n' "$(sha256sum <$R/yes/bad-id | cut -d' ' -f1 | tr a-f A-F)"
	} >/etc/ebpfguard-feed
}
exec_hash_conf() {
	exec_base_conf
	echo "exec = { deny_sha256 = [ \"$(sha256sum <$R/yes/bad | cut -d' ' -f1)\" ]; deny_sha256_files = [ \"/etc/ebpfguard-feed\" ]; };"
}
exec_hash_cases() {
	cat <<-EOF
		allowed: one byte is another|via path $R/yes/better nothing|ok|ok|-|-
		allowed: one byte more|run-by changed $R/yes/bad nothing|ok|ok|-|-
		allowed: a script with another line|via path $R/yes/better-script|ok|ok|-|-
		allowed: what a shell reads|via path /bin/sh $R/yes/bad-say|ok|ok|-|-
		allowed: what the dynamic loader is given|loads $LD $R/yes/bad-id|ok|ok|-|-
		allowed: a file in memory|run-by memfd $R/yes/better nothing|ok|ok|-|-
		by its path|via path $R/yes/bad nothing|ok|EPERM|-|-
		in another place|via path $R/no/bad nothing|ok|EPERM|-|-
		by another name|via path $R/yes/bad-linked nothing|ok|EPERM|-|-
		by a symbolic link|via path $R/no/bad-soft nothing|ok|EPERM|-|-
		by descriptor|via fd $R/yes/bad nothing|ok|EPERM|-|-
		a copy|run-by copied $R/yes/bad nothing|ok|EPERM|-|-
		a copy in memory|run-by memfd $R/yes/bad nothing|ok|EPERM|-|-
		a copy without a name|run-by tmpfile $R/yes/bad nothing|ok|EPERM|-|-
		a copy that was removed|run-by deleted $R/yes/bad nothing|ok|EPERM|-|-
		a file that cannot be read|via path $R/yes/bad-unreadable nothing|ok|EPERM|-|-
		a setuid program|via path $R/yes/bad-suid is-euid 0|ok|EPERM|-|-
		a script|via path $R/yes/bad-script|ok|EPERM|-|-
		a script's interpreter|via path $R/yes/bad-interpreter|ok|EPERM|-|-
		what a shell could read, executed|exec $R/yes/bad-say|ENOEXEC|EPERM|-|-
		a program that a feed names in capitals|exec $R/no/bad-id|ok|EPERM|-|-
		from a vfork child|vfork via path $R/yes/bad nothing|ok|EPERM|-|-
		by posix_spawn|run-by spawn $R/yes/bad nothing|ok|EPERM|-|-
		in a user namespace|userns via path $R/yes/bad nothing|ok|EPERM|-|-
		moved out by root|stray via path $R/yes/bad nothing|ok|EPERM|-|-
		an empty file|exec $R/yes/empty|ENOEXEC|ENOEXEC|-|-
	EOF
}
manager_hash_cases() { echo "by the user manager|manager via path $R/yes/bad nothing|ok|EPERM|-|-"; }
