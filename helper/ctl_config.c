// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * ebpfguardctl check and explain: what the configuration says, read from the file and from nothing
 * else.
 */
#include <arpa/inet.h>
#include <err.h>
#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

#include "cidr.h"
#include "config.h"
#include "ctl.h"
#include "policy.h"
#include "util.h"

/* ---- check ---- */

static void config_free_p(struct eg_config **config)
{
	eg_config_free(*config);
}

#define auto_config __attribute__((cleanup(config_free_p)))

/* No "ebpfguardctl: " in front: an editor finds file and line at the start. */
static void print_error(const struct eg_err *error)
{
	char text[EG_ERR_TEXT_SIZE + EG_PATH_TEXT_SIZE + 16], clean[EG_CTL_SAFE_SIZE];

	(void)fprintf(stderr, "%s\n",
		      eg_ctl_safe(eg_err_format(error, text, sizeof(text)), clean, sizeof(clean)));
}

/* Loads, or says on stderr why not. Returns NULL then. The caller frees. */
static struct eg_config *load(const char *path)
{
	struct eg_config *config = NULL;
	struct eg_err error = {0};

	if (eg_config_load(path, geteuid(), &config, NULL, NULL, &error) == 0)
		return config;
	print_error(&error);
	return NULL;
}

/* Would the helper put it in force? Says why not: too many rules for the kernel's tables. */
static bool compiles(const struct eg_config *config)
{
	struct eg_policy_image image = {0};
	struct eg_err error = {0};
	int err = eg_policy_compile(&config->profiles[0], &image, &error);

	eg_policy_done(&image);
	if (err < 0) {
		(void)snprintf(error.file, sizeof(error.file), "%s", config->file);
		print_error(&error);
	}
	return err == 0;
}

/* One finding of check: where, and what. Counted by the caller. */
__attribute__((format(printf, 3, 4))) static void
warn_at(const struct eg_config *config, unsigned int line, const char *format, ...)
{
	char text[EG_ERR_TEXT_SIZE], file[EG_CTL_SAFE_SIZE], clean[EG_CTL_SAFE_SIZE];
	va_list ap;

	va_start(ap, format);
	(void)vsnprintf(text, sizeof(text), format, ap);
	va_end(ap);
	(void)fprintf(stderr, "%s:%u: warning: %s\n", eg_ctl_safe(config->file, file, sizeof(file)),
		      line, eg_ctl_safe(text, clean, sizeof(clean)));
}

/* A rule in one family: "*" is in both. */
struct item {
	struct eg_cidr net;
	const struct eg_config_rule *rule;
};

/* By network, deny before allow. */
static int compare_items(const void *va, const void *vb)
{
	const struct item *a = va, *b = vb;
	int order = eg_cidr_compare(&a->net, &b->net);

	if (order == 0)
		order = (int)a->rule->allow - (int)b->rule->allow;
	return order ? order : (a->rule > b->rule) - (a->rule < b->rule);
}

/* All rules by network. Returns how many items, owned by the caller; -ENOMEM. */
static ssize_t sort_rules(const struct eg_config_rules *rules, struct item **ret)
{
	static const uint16_t families[] = {AF_INET, AF_INET6};
	struct item *items = calloc(2 * rules->n + 1, sizeof(*items));
	size_t n = 0;

	if (!items)
		return -ENOMEM;
	for (size_t i = 0; i < rules->n; i++) {
		const struct eg_config_rule *rule = &rules->list[i];

		if (rule->spec.net.family != AF_UNSPEC)
			items[n++] = (struct item){rule->spec.net, rule};
		for (size_t j = 0; rule->spec.net.family == AF_UNSPEC && j < 2; j++)
			items[n++] = (struct item){{.family = families[j]}, rule};
	}
	qsort(items, n, sizeof(*items), compare_items);
	*ret = items;
	return (ssize_t)n;
}

/* Does the first speak about all that the second does, in a network that both are for? */
static bool covers(const struct eg_rule_spec *a, const struct eg_rule_spec *b)
{
	if (eg_rule_is_plain(a))
		return true;
	if (eg_rule_is_plain(b) || (a->protocol != EG_PROTO_ANY && a->protocol != b->protocol))
		return false;
	if (a->port_low > b->port_low || a->port_high < b->port_high)
		return false;
	return a->protocol != EG_PROTO_ANY || b->protocol != EG_PROTO_ICMP;
}

static void warn_covered(const struct eg_config *config, const struct eg_config_rule *allow,
			 const struct eg_config_rule *deny)
{
	bool narrower = eg_rule_is_plain(&deny->spec) && !eg_rule_is_plain(&allow->spec);
	char text[EG_RULE_TEXT_SIZE], other[EG_RULE_TEXT_SIZE];

	warn_at(config, allow->line,
		"allow %s has no effect: line %u denies %s, and deny wins at equal length%s",
		eg_rule_format(&allow->spec, text), deny->line, eg_rule_format(&deny->spec, other),
		narrower ? "; to refuse all but this, leave that out and set default = \"deny\""
			 : "");
}

/*
 * Allow rules that a deny of the same network covers, "*" when it is covered in both families.
 * Returns how many, or -ENOMEM.
 */
static int find_covered(const struct eg_config *config, const struct eg_config_rules *rules)
{
	struct item *items eg_auto_free = NULL;
	ssize_t n = sort_rules(rules, &items);
	uint8_t *families eg_auto_free = calloc(rules->n + 1, 1); /* in which each is covered */
	size_t first = 0;					  /* of the same network */
	int found = 0;

	if (n < 0 || !families)
		return -ENOMEM;
	for (size_t i = 0; i < (size_t)n; i++) {
		const struct eg_config_rule *allow = items[i].rule, *deny = NULL;
		size_t index = (size_t)(allow - rules->list);

		if (eg_cidr_compare(&items[first].net, &items[i].net))
			first = i;
		for (size_t j = first; allow->allow && j < i && !items[j].rule->allow && !deny; j++)
			if (covers(&items[j].rule->spec, &allow->spec))
				deny = items[j].rule;
		if (!deny || ++families[index] < (allow->spec.net.family == AF_UNSPEC ? 2 : 1))
			continue;
		warn_covered(config, allow, deny);
		found++;
	}
	return found;
}

static bool any_deny(const struct eg_config_rules *rules)
{
	for (size_t i = 0; i < rules->n; i++)
		if (!rules->list[i].allow)
			return true;
	return false;
}

/* Without deny an allow list forbids nothing: likely it was meant to. Returns how many findings. */
static int find_lone_allow(const struct eg_config *config, const struct eg_config_profile *profile)
{
	int found = 0;

	if (profile->egress.n && !profile->default_deny && !any_deny(&profile->egress)) {
		warn_at(config, profile->egress.list[0].line,
			"allow has no effect: without deny everything is allowed; to refuse the "
			"rest add default = \"deny\";");
		found++;
	}
	if (profile->bind.n && !any_deny(&profile->bind)) {
		warn_at(config, profile->bind.list[0].line,
			"bind.allow has no effect: without bind.deny every port may be bound; to "
			"refuse the rest add deny = [ \"*\" ];");
		found++;
	}
	return found;
}

/* proto, port: what to ask about; EG_PROTO_OTHER finds rules for all protocols only. */
static int find_denied(const struct eg_config *config, const struct eg_config_profile *profile,
		       const char *address, uint8_t proto, uint16_t port, const char *what)
{
	struct eg_policy_target target = {.proto = proto, .port = port};
	struct eg_policy_answer answer;
	struct eg_cidr host = {0};
	const char *why;
	char text[EG_RULE_TEXT_SIZE];

	if (eg_cidr_parse(address, &host, &why) < 0)
		return 0; /* from the environment: not an address, nothing to say about it */
	target.family = host.family;
	memcpy(target.addr, host.addr, sizeof(target.addr));
	answer = eg_policy_explain(profile, &target);
	if (!answer.deny || !answer.rule)
		return 0;
	warn_at(config, answer.rule->line, "deny %s covers %s, %s",
		eg_rule_format(&answer.rule->spec, text), address, what);
	return 1;
}

/* Where this shell was logged in from, by $SSH_CONNECTION. Returns false when it was not, or not
 * from an address. */
static bool client_address(char *buf, size_t size)
{
	const char *connection = getenv("SSH_CONNECTION");
	size_t n =
		connection ? strcspn(connection, " %") : 0; /* '%': scope of a link-local address */

	if (!n || n >= size)
		return false;
	memcpy(buf, connection, n);
	buf[n] = '\0';
	return true;
}

/* Returns how many findings, or a negative errno. */
static int find_all(const struct eg_config *config)
{
	static const struct {
		const char *address, *what;
		uint8_t proto;
		uint16_t port;
	} local[] = {
		{"127.0.0.1", "this host itself: its name server, mail and databases",
		 EG_PROTO_OTHER, 0},
		{"127.0.0.53", "the name server of systemd-resolved", EG_PROTO_UDP, 53},
		{"::1", "this host itself: its name server, mail and databases", EG_PROTO_OTHER, 0},
	};
	const struct eg_config_profile *profile = &config->profiles[0];
	int found = find_covered(config, &profile->egress);
	char client[INET6_ADDRSTRLEN];

	if (found < 0)
		return found;
	found += find_lone_allow(config, profile);
	for (size_t i = 0; i < EG_ARRAY_SIZE(local); i++)
		found += find_denied(config, profile, local[i].address, local[i].proto,
				     local[i].port, local[i].what);
	if (client_address(client, sizeof(client)))
		found += find_denied(config, profile, client, EG_PROTO_OTHER, 0,
				     "the address you are logged in from: this connection stays, "
				     "sessions cannot open new ones to there");
	return found;
}

int eg_ctl_check(const struct eg_ctl_options *options, char **args)
{
	const char *path = args[0] ? args[0] : options->config;
	struct eg_config *config auto_config = load(path);
	char clean[EG_CTL_SAFE_SIZE];
	int found;

	if (!config || !compiles(config))
		return EG_CTL_FINDING;
	found = find_all(config);
	if (found < 0) {
		warnx("%s", strerror(-found));
		return EG_CTL_FINDING;
	}
	if (found)
		(void)printf("%s: valid, %d warning%s\n", eg_ctl_safe(path, clean, sizeof(clean)),
			     found, found > 1 ? "s" : "");
	else
		(void)printf("%s: fine\n", eg_ctl_safe(path, clean, sizeof(clean)));
	return found ? EG_CTL_FINDING : EG_CTL_FINE;
}

/* ---- explain ---- */

static int bad_target(const char *text, const char *why, const char *expected)
{
	char clean[EG_CTL_SAFE_SIZE];

	warnx("%s: %s; expected %s", eg_ctl_safe(text, clean, sizeof(clean)), why, expected);
	return -EINVAL;
}

static int bad_peer(const char *text, const char *why)
{
	return bad_target(text, why,
			  "ADDR:PORT/PROTO such as 192.0.2.1:443/tcp or [2001:db8::1]:53/udp, or "
			  "ADDR/icmp");
}

/* Address without its brackets into ret: IPv6 has them when a port follows, IPv4 has not. */
static int parse_host(const char *text, size_t n, bool port, struct eg_policy_target *ret,
		      const char **ret_why)
{
	bool brackets = n >= 2 && text[0] == '[' && text[n - 1] == ']';
	char host[INET6_ADDRSTRLEN];
	struct eg_cidr cidr = {0};
	const char *why; /* speaks of networks */

	*ret_why = "not an address";
	if (brackets) {
		text++;
		n -= 2;
	}
	if (!n || n >= sizeof(host) || memchr(text, '/', n))
		return -EINVAL;
	memcpy(host, text, n);
	host[n] = '\0';
	if (port && !brackets && strchr(host, ':')) {
		*ret_why = "an IPv6 address needs brackets";
		return -EINVAL;
	}
	if (brackets && !strchr(host, ':')) {
		*ret_why = "brackets are for IPv6 addresses";
		return -EINVAL;
	}
	if (eg_cidr_parse(host, &cidr, &why) < 0)
		return -EINVAL;
	ret->family = cidr.family;
	memcpy(ret->addr, cidr.addr, sizeof(ret->addr));
	return 0;
}

/* Returns 0, or -EINVAL with the reason printed. */
static int parse_peer(const char *text, struct eg_policy_target *ret)
{
	const char *slash = strrchr(text, '/'), *end = slash, *colon, *why;

	if (!slash)
		return bad_peer(text, "no protocol");
	if (eg_rule_protocol(slash + 1, &ret->proto) < 0)
		return bad_peer(text, "the protocol is none of tcp udp icmp sctp dccp udplite");
	if (eg_rule_has_ports(ret->proto)) {
		colon = memrchr(text, ':', (size_t)(slash - text));
		if (!colon || memchr(colon, ']', (size_t)(slash - colon)))
			return bad_peer(text, "no port");
		if (eg_rule_port(colon + 1, (size_t)(slash - colon - 1), &ret->port) < 0)
			return bad_peer(text, "the port is not a number from 0 to 65535");
		end = colon;
	}
	if (parse_host(text, (size_t)(end - text), end != slash, ret, &why) < 0)
		return bad_peer(text, why);
	return 0;
}

/* PORT/PROTO, likewise. */
static int parse_own(const char *text, struct eg_policy_target *ret)
{
	static const char expected[] = "PORT/PROTO such as 8080/tcp";
	const char *slash = strrchr(text, '/');

	if (!slash)
		return bad_target(text, "no protocol", expected);
	if (eg_rule_protocol(slash + 1, &ret->proto) < 0 || !eg_rule_has_ports(ret->proto))
		return bad_target(text, "the protocol is none of tcp udp sctp dccp udplite",
				  expected);
	if (eg_rule_port(text, (size_t)(slash - text), &ret->port) < 0)
		return bad_target(text, "the port is not a number from 0 to 65535", expected);
	return 0;
}

/* What explain has found out: the verdict, and the words for what decides. */
struct finding {
	bool deny;
	char by[EG_CTL_SAFE_SIZE + EG_RULE_TEXT_SIZE + 2 * INET6_ADDRSTRLEN];
};

/* Is no socket of this protocol to be had? Then no rule is asked. */
static bool explain_socket(const struct eg_config_profile *profile, uint8_t proto,
			   struct finding *ret)
{
	static const uint32_t opens[EG_PROTO_MAX] = {[EG_PROTO_SCTP] = EG_OPEN_SCTP,
						     [EG_PROTO_DCCP] = EG_OPEN_DCCP,
						     [EG_PROTO_UDPLITE] = EG_OPEN_UDPLITE};

	if (!opens[proto] || (profile->protocols & opens[proto]))
		return false;
	ret->deny = true;
	(void)snprintf(ret->by, sizeof(ret->by), "sockets (sockets.allow does not name %s)",
		       eg_rule_protocol_name(proto));
	return true;
}

static void explain_rule(const struct eg_config *config, const struct eg_config_rule *rule,
			 bool bind, struct finding *ret)
{
	char text[EG_RULE_TEXT_SIZE], file[EG_CTL_SAFE_SIZE];

	ret->deny = !rule->allow;
	(void)snprintf(ret->by, sizeof(ret->by), "%s at %s:%u",
		       bind ? eg_rule_format_ports(&rule->spec, text)
			    : eg_rule_format(&rule->spec, text),
		       eg_ctl_safe(config->file, file, sizeof(file)), rule->line);
}

static void explain_bind(const struct eg_config *config, const struct eg_config_profile *profile,
			 const struct eg_policy_target *target, struct finding *ret)
{
	struct eg_policy_answer answer =
		eg_policy_explain_bind(profile, target->proto, target->port);

	if (answer.rule)
		explain_rule(config, answer.rule, true, ret);
	else
		(void)strcpy(ret->by, "default (no rule names this port)");
}

static void explain_connect(const struct eg_config *config, const struct eg_config_profile *profile,
			    const struct eg_policy_target *target, struct finding *ret)
{
	struct eg_policy_answer answer = eg_policy_explain(profile, target);
	char inside[INET_ADDRSTRLEN];
	uint8_t addr[4] = {0};
	size_t len;

	if (answer.rule) {
		explain_rule(config, answer.rule, false, ret);
		if (!answer.embedded || !eg_policy_embedded(target, addr))
			return;
		len = strlen(ret->by);
		(void)snprintf(ret->by + len, sizeof(ret->by) - len,
			       " (this IPv6 address carries the IPv4 address %s)",
			       inet_ntop(AF_INET, addr, inside, sizeof(inside)));
		return;
	}
	ret->deny = answer.deny;
	if (profile->default_deny && !answer.deny)
		(void)strcpy(ret->by, "loopback (no rule names it)");
	else
		(void)strcpy(ret->by, "default (no rule names this)");
}

static int print_finding(const struct eg_config_profile *profile, const struct finding *finding)
{
	if (!finding->deny) {
		(void)printf("allow %s\n", finding->by);
		return EG_CTL_FINE;
	}
	if (profile->mode == EG_MODE_AUDIT) {
		(void)printf("allow (audit: would be denied by %s; it is reported and let "
			     "through)\n",
			     finding->by);
		return EG_CTL_FINE;
	}
	(void)printf("deny %s\n", finding->by);
	return EG_CTL_FINDING;
}

int eg_ctl_explain(const struct eg_ctl_options *options, char **args)
{
	struct eg_config *config auto_config = NULL;
	const struct eg_config_profile *profile;
	struct eg_policy_target target = {0};
	struct finding finding = {0};
	char clean[EG_CTL_SAFE_SIZE];
	bool bind = strcmp(args[1], "bind") == 0;

	if (!args[0][0]) {
		warnx("USER is empty");
		return EG_CTL_USAGE;
	}
	if (!bind && strcmp(args[1], "connect")) {
		warnx("%s: cannot explain this; expected connect or bind",
		      eg_ctl_safe(args[1], clean, sizeof(clean)));
		return EG_CTL_USAGE;
	}
	if ((bind ? parse_own(args[2], &target) : parse_peer(args[2], &target)) < 0)
		return EG_CTL_USAGE;
	config = load(options->config);
	if (!config)
		return EG_CTL_FINDING;
	profile = &config->profiles[eg_policy_select(config, args[0], "sshd", "", "")];
	if (explain_socket(profile, target.proto, &finding))
		return print_finding(profile, &finding);
	if (bind)
		explain_bind(config, profile, &target, &finding);
	else
		explain_connect(config, profile, &target, &finding);
	return print_finding(profile, &finding);
}
