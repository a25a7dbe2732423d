// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * What would let one line of AUDIT through: the narrowest element that a list of the configuration
 * can have. Where no element says just that, or none would help, the reason goes with it.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <stdarg.h>
#include <string.h>

#include "config_apply.h"
#include "event.h"
#include "learn.h"
#include "rule.h"
#include "util.h"

typedef int (*proposer)(const struct eg_record_line *line, struct eg_learn_proposal *ret);

static bool is_in(const char *word, const char *text)
{
	return word && strcmp(word, text) == 0;
}

/* False when it does not fit, or there is none. */
static bool copy(const char *text, char *buf, size_t size)
{
	return text && (size_t)snprintf(buf, size, "%s", text) < size;
}

/* ---- what no list has */

__attribute__((format(printf, 3, 4))) static void append(struct eg_learn_proposal *to, size_t *used,
							 const char *format, ...)
{
	va_list ap;
	int n;

	va_start(ap, format);
	n = vsnprintf(to->text + *used, sizeof(to->text) - *used, format, ap);
	va_end(ap);
	if (n > 0)
		*used += (size_t)n < sizeof(to->text) - *used ? (size_t)n
							      : sizeof(to->text) - *used - 1;
}

/* Is it a field of every line, or one that differs each time? */
static bool is_left_out(const char *key)
{
	static const char *const keys[] = {"session", "user", "uid",	   "profile", "rhost",
					   "rport",   "tty",  "pid",	   "ppid",    "comm",
					   "exe",     "line", "target_pid"};

	for (size_t i = 0; i < EG_ARRAY_SIZE(keys); i++)
		if (strcmp(key, keys[i]) == 0)
			return true;
	return false;
}

/* The operation and its fields. */
static int describe(const struct eg_record_line *line, const char *why,
		    struct eg_learn_proposal *ret)
{
	size_t used = 0;

	ret->list = EG_LEARN_NONE;
	ret->why_not = why;
	append(ret, &used, "%s", line->op);
	for (size_t i = 0; i < line->n_fields; i++) {
		const struct eg_record_field *field = &line->fields[i];
		char word[EG_LINE_PATH_SIZE];

		if (is_in(field->key, "errno"))
			break;
		if (!is_left_out(field->key))
			append(ret, &used, " %s=%s", field->key,
			       eg_event_escape(field->value, word, sizeof(word)));
	}
	return 0;
}

static int propose_nothing(const struct eg_record_line *line, struct eg_learn_proposal *ret)
{
	return describe(line, "there is no list of exceptions from this", ret);
}

/* ---- sockets */

/* A socket of the internet: of another, no rule could name the address. */
static bool is_inet(const struct eg_record_line *line)
{
	const char *family = eg_record_get(line, "family");

	return !family || is_in(family, "AF_INET") || is_in(family, "AF_INET6");
}

/* Family and protocol of a socket that sockets.allow does not open. */
static int propose_socket(const struct eg_record_line *line, struct eg_learn_proposal *ret)
{
	const char *family = eg_record_get(line, "family");
	const char *proto = eg_record_get(line, "proto");
	bool inet = is_inet(line);
	unsigned int number = 0;
	uint32_t open = 0;

	if (!proto)
		return -EBADMSG;
	if (!is_in(eg_record_get(line, "rule"), "sockets"))
		return propose_nothing(line, ret);
	if (!copy(inet ? proto : family, ret->text, sizeof(ret->text)))
		return -EBADMSG;
	if (inet && (eg_config_socket(ret->text, &number, &open) < 0 || !open))
		(void)strcpy(ret->text, "raw"); /* of these only SOCK_RAW is not open */
	else if (eg_config_socket(ret->text, &number, &open) < 0)
		return describe(line, "the family has no name in sockets.allow", ret);
	ret->list = EG_LEARN_SOCKETS;
	return 0;
}

/* ---- addresses and ports */

/* A protocol as rules name it; -EINVAL for one that they do not. */
static int to_protocol(const char *word, uint8_t *ret)
{
	char name[32];

	if (!copy(word, name, sizeof(name)))
		return -EINVAL;
	if (strcmp(name, "mptcp") == 0)
		(void)strcpy(name, "tcp");
	if (strcmp(name, "ipv6-icmp") == 0)
		(void)strcpy(name, "icmp");
	return eg_rule_protocol(name, ret);
}

static int to_port(const char *word, uint16_t *ret)
{
	return eg_rule_port(word, strlen(word), ret);
}

/* One address; those that mean this host are judged as loopback. */
static int to_address(const char *word, struct eg_cidr *ret)
{
	static const uint8_t nowhere[16];
	char text[64];
	const char *why;

	if (!copy(word, text, sizeof(text)) || strchr(text, '/') ||
	    eg_cidr_parse(text, ret, &why) < 0)
		return -EINVAL;
	if (memcmp(ret->addr, nowhere, sizeof(nowhere)) == 0)
		return eg_cidr_parse(ret->family == AF_INET ? "127.0.0.1" : "::1", ret, &why);
	return 0;
}

/* ADDR:PORT/PROTO, without the length of a network of one. */
static void format_peer(const struct eg_rule_spec *spec, char *buf, size_t size)
{
	char host[INET6_ADDRSTRLEN];

	(void)inet_ntop(spec->net.family, spec->net.addr, host, sizeof(host));
	if (!eg_rule_has_ports(spec->protocol))
		(void)snprintf(buf, size, "%s/%s", host, eg_rule_protocol_name(spec->protocol));
	else if (spec->net.family == AF_INET6)
		(void)snprintf(buf, size, "[%s]:%u/%s", host, spec->port_low,
			       eg_rule_protocol_name(spec->protocol));
	else
		(void)snprintf(buf, size, "%s:%u/%s", host, spec->port_low,
			       eg_rule_protocol_name(spec->protocol));
}

/* Why an element of allow would not help against the rule that has denied. */
static const char *against(const struct eg_rule_spec *denied, const struct eg_cidr *address)
{
	if (denied->net.family != AF_UNSPEC && denied->net.family != address->family)
		return "the rule is about the IPv4 address that this one carries, which no "
		       "exception for this one changes";
	if (denied->net.prefix_len == address->prefix_len)
		return "a rule in deny names just this address, and deny wins at equal length: "
		       "take it out there";
	return NULL;
}

/* The same where the rule is a feed's: it is to be changed there. */
static void against_feed(const struct eg_record_line *line, struct eg_learn_proposal *ret)
{
	const char *feed = eg_record_get(line, "feed");

	if (!feed || !eg_record_get(line, "line") || !ret->why_not)
		return;
	ret->feed = feed;
	ret->line = eg_record_number(line, "line");
	ret->why_not = "a feed in deny_files denies just this address, and deny wins at equal "
		       "length; it is in";
}

static int propose_peer(const struct eg_record_line *line, struct eg_learn_proposal *ret)
{
	bool inward = is_in(line->op, "ingress");
	const char *peer = eg_record_get(line, inward ? "src" : "dst");
	const char *proto = eg_record_get(line, "proto");
	const char *port = eg_record_get(line, "port");
	const char *rule = eg_record_get(line, "rule");
	struct eg_rule_spec spec = {0}, denied = {0};
	char text[EG_RULE_TEXT_SIZE];
	const char *why;

	if (is_in(rule, "sockets") || !is_inet(line))
		return propose_socket(line, ret);
	if (!rule)
		return propose_nothing(line, ret);
	if (!copy(rule, text, sizeof(text)))
		return -EBADMSG;
	if (strcmp(text, "default") != 0 && eg_rule_parse(text, &denied, &why) < 0)
		return propose_nothing(line, ret);
	if (!proto || !port || to_port(port, &spec.port_low) < 0)
		return -EBADMSG;
	if (!peer || to_address(peer, &spec.net) < 0)
		return describe(line, "the address is not known", ret);
	if (to_protocol(proto, &spec.protocol) < 0)
		return describe(line,
				"rules have no name for the protocol; one without a protocol "
				"would allow all of them",
				ret);
	spec.port_high = spec.port_low;
	ret->list = EG_LEARN_ALLOW;
	ret->why_not = strcmp(text, "default") ? against(&denied, &spec.net) : NULL;
	if (denied.net.family == spec.net.family)
		against_feed(line, ret);
	if (inward && eg_rule_has_ports(spec.protocol)) {
		/* Else each of a scanner's ports would be one. */
		(void)inet_ntop(spec.net.family, spec.net.addr, ret->text, sizeof(ret->text));
		ret->why_not = "it has connected in from a port that is another each time; to let "
			       "it, all of its ports would have to be allowed";
		return 0;
	}
	format_peer(&spec, ret->text, sizeof(ret->text));
	return 0;
}

static int propose_receive(const struct eg_record_line *line, struct eg_learn_proposal *ret)
{
	return is_in(eg_record_get(line, "rule"), "sockets") ? propose_socket(line, ret)
							     : propose_nothing(line, ret);
}

static int propose_bind(const struct eg_record_line *line, struct eg_learn_proposal *ret)
{
	const char *proto = eg_record_get(line, "proto");
	const char *port = eg_record_get(line, "port");
	const char *rule = eg_record_get(line, "rule");
	struct eg_rule_spec spec = {0}, denied = {0};
	char text[EG_RULE_TEXT_SIZE];
	const char *why;

	if (is_in(rule, "sockets") || !is_inet(line))
		return propose_socket(line, ret);
	if (!rule)
		return propose_nothing(line, ret);
	if (!copy(rule, text, sizeof(text)))
		return -EBADMSG;
	if (eg_rule_parse_ports(text, &denied, &why) < 0)
		return propose_nothing(line, ret);
	if (!proto || !port || to_port(port, &spec.port_low) < 0)
		return -EBADMSG;
	if (to_protocol(proto, &spec.protocol) < 0 || !eg_rule_has_ports(spec.protocol))
		return describe(line, "rules have no name for the protocol", ret);
	ret->list = EG_LEARN_BIND;
	(void)snprintf(ret->text, sizeof(ret->text), "%u/%s", spec.port_low,
		       eg_rule_protocol_name(spec.protocol));
	if (denied.port_low == denied.port_high)
		ret->why_not = "a rule in bind.deny names just this port, and deny wins at equal "
			       "width: take it out there";
	return 0;
}

/* ---- paths */

/* A whole path, as lists of paths take it. What was cut at either end is none. */
static bool to_path(const char *word, char *buf, size_t size)
{
	size_t n, part;

	if (!copy(word, buf, size) || buf[0] != '/')
		return false;
	n = strlen(buf);
	if (n >= 3 && strcmp(buf + n - 3, "...") == 0)
		return false;
	for (const char *at = buf; *at; at += part) {
		at += strspn(at, "/");
		part = strcspn(at, "/");
		if (part == 2 && memcmp(at, "..", 2) == 0)
			return false;
	}
	return true;
}

static int propose_path(const struct eg_record_line *line, enum eg_learn_list list,
			struct eg_learn_proposal *ret)
{
	const char *path = eg_record_get(line, "path");

	if (!to_path(path, ret->text, sizeof(ret->text)))
		return describe(line, "the path is not known as a whole", ret);
	ret->list = list;
	return 0;
}

static int propose_file(const struct eg_record_line *line, struct eg_learn_proposal *ret)
{
	if (!is_in(eg_record_get(line, "rule"), "files") ||
	    !is_in(eg_record_get(line, "reason"), "place"))
		return propose_nothing(line, ret);
	return propose_path(line, EG_LEARN_FILES, ret);
}

/* ---- programs */

/*
 * Does the program do whatever its user tells it: run a command, or a script? By its name, alone or
 * with what Debian puts behind one: a version or a flavour, as in python3.11, vim.basic.
 */
static bool is_interpreter(const char *path)
{
	static const char *const names[] = {
		/* shells */
		"sh", "ash", "bash", "bash-static", "dash", "zsh", "zsh-static", "ksh", "mksh",
		"lksh", "csh", "bsd-csh", "tcsh", "fish", "rbash", "rksh", "rzsh", "yash", "posh",
		"sash", "elvish", "pwsh", "busybox",
		/* languages */
		"perl", "python", "pypy", "ruby", "irb", "node", "nodejs", "js", "lua", "luajit",
		"php", "phpdbg", "tclsh", "wish", "expect", "awk", "gawk", "mawk", "nawk",
		"original-awk", "guile", "java", "jshell", "erl", "octave", "R", "Rscript", "ghci",
		"ocaml", "julia", "gdb", "bpftrace", "sed", "m4", "jrunscript", "cpan", "pip",
		/* editors and pagers */
		"vi", "vim", "nvim", "gvim", "rvim", "view", "rview", "gview", "rgview", "rgvim",
		"ex", "vimdiff", "elvis", "nvi", "emacs", "emacs-gtk", "emacs-nox", "emacs-lucid",
		"emacsclient", "nano", "rnano", "pico", "mg", "joe", "jed", "jmacs", "ne", "micro",
		"mc", "mcedit", "ed", "red", "less", "lesspipe", "more", "most", "pg", "man",
		"sensible-editor", "sensible-pager", "editor", "pager",
		/* what runs a command */
		"env", "find", "xargs", "parallel", "nice", "nohup", "timeout", "time", "stdbuf",
		"setsid", "ionice", "chrt", "taskset", "flock", "watch", "script", "screen", "tmux",
		"byobu", "xterm", "make", "gmake", "ninja", "socat", "nc", "ncat", "tar", "rsync",
		"ssh", "scp", "sftp", "zip", "git", "strace", "ltrace", "perf", "valgrind", "capsh",
		"chroot", "unshare", "nsenter", "setpriv", "setarch", "bwrap", "fakeroot",
		"start-stop-daemon", "systemd-run", "run-parts", "logrotate", "apt", "apt-get",
		"dpkg", "docker", "podman", "lxc", "ld.so", "ld-linux", "ld-linux-x86-64.so"};
	const char *name = strrchr(path, '/') + 1;

	for (size_t i = 0; i < EG_ARRAY_SIZE(names); i++) {
		size_t n = strlen(names[i]);

		if (strncmp(name, names[i], n) != 0)
			continue;
		if (name[n] == '-')
			n++; /* lua-5.4, but ssh-keysign is not ssh */
		else if (!name[n] || name[n] == '.')
			return true;
		if (name[n] >= '0' && name[n] <= '9')
			return true;
	}
	return false;
}

static int propose_exec(const struct eg_record_line *line, struct eg_learn_proposal *ret)
{
	const char *rule = eg_record_get(line, "rule");
	int err;

	if (is_in(rule, "exec.allow_only"))
		return propose_path(line, EG_LEARN_EXEC, ret);
	if (is_in(rule, "exec.deny"))
		return describe(line, "exec.deny names it: take it out there", ret);
	if (!is_in(rule, "setuid"))
		return propose_nothing(line, ret);
	err = propose_path(line, EG_LEARN_SETUID, ret);
	if (!err && ret->list == EG_LEARN_SETUID && is_interpreter(ret->text))
		ret->why_not = "it does as root whatever its user tells it";
	return err;
}

static int propose_gain(const struct eg_record_line *line, struct eg_learn_proposal *ret)
{
	return describe(line,
			"setuid.allow is about programs that gain when they are executed, not "
			"about calls",
			ret);
}

/* ---- mounts */

static int propose_mount(const struct eg_record_line *line, struct eg_learn_proposal *ret)
{
	int err = propose_path(line, EG_LEARN_MOUNT, ret);

	/* fsconfig(2) knows no place, and its lines have the root's. */
	if (!err && ret->list == EG_LEARN_MOUNT && strcmp(ret->text, "/") == 0)
		return describe(line,
				"where is not known, and a type in mount.allow is for "
				"everywhere",
				ret);
	return err;
}

static int propose_remount(const struct eg_record_line *line, struct eg_learn_proposal *ret)
{
	return describe(line, "where is not known, and a type in mount.allow is for everywhere",
			ret);
}

/* ---- operations */

static const struct {
	const char *op;
	proposer propose;
} ops[] = {
	{"connect", propose_peer},  {"sendmsg", propose_peer},	   {"egress", propose_peer},
	{"ingress", propose_peer},  {"bind", propose_bind},	   {"listen", propose_bind},
	{"socket", propose_socket}, {"receive", propose_receive},  {"exec", propose_exec},
	{"setuid", propose_gain},   {"setgid", propose_gain},	   {"setgroups", propose_gain},
	{"capset", propose_gain},   {"userns", propose_gain},	   {"mount", propose_mount},
	{"umount", propose_mount},  {"move_mount", propose_mount}, {"remount", propose_remount},
	{"file", propose_file},
};

int eg_learn_propose(const struct eg_record_line *line, struct eg_learn_proposal *ret)
{
	ret->why_not = NULL;
	ret->feed = NULL;
	for (size_t i = 0; i < EG_ARRAY_SIZE(ops); i++)
		if (is_in(line->op, ops[i].op))
			return ops[i].propose(line, ret);
	return propose_nothing(line, ret);
}
