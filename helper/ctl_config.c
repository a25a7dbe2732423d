// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * ebpfguardctl check and explain: what the configuration says, read from the file and from nothing
 * else.
 */
#include <arpa/inet.h>
#include <ctype.h>
#include <err.h>
#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
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

/* Loads, or says on stderr why not. Returns NULL then. The caller frees. */
static struct eg_config *load(const char *path)
{
	struct eg_config *config = NULL;
	struct eg_err error = {0};
	char text[EG_ERR_TEXT_SIZE + EG_PATH_TEXT_SIZE + 16], clean[EG_CTL_SAFE_SIZE];

	if (eg_config_load(path, geteuid(), &config, NULL, NULL, &error) == 0)
		return config;
	/* No "ebpfguardctl: " in front: an editor finds file and line at the start. */
	(void)fprintf(stderr, "%s\n",
		      eg_ctl_safe(eg_err_format(&error, text, sizeof(text)), clean, sizeof(clean)));
	return NULL;
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

/* By network, deny before allow: the two of one network stand side by side. */
static int compare_rules(const void *va, const void *vb)
{
	const struct eg_config_rule *a = *(const struct eg_config_rule *const *)va;
	const struct eg_config_rule *b = *(const struct eg_config_rule *const *)vb;
	int order = eg_cidr_compare(&a->cidr, &b->cidr);

	return order ? order : (int)a->allow - (int)b->allow;
}

/* Networks that stand in both lists. Returns how many, or -ENOMEM. */
static int find_doubles(const struct eg_config *config, const struct eg_config_profile *profile)
{
	const struct eg_config_rule **sorted eg_auto_free =
		calloc(profile->n_rules + 1, sizeof(const void *));
	char net[EG_CIDR_TEXT_SIZE];
	int found = 0;

	if (!sorted)
		return -ENOMEM;
	for (size_t i = 0; i < profile->n_rules; i++)
		sorted[i] = &profile->rules[i];
	qsort(sorted, profile->n_rules, sizeof(const void *), compare_rules);
	for (size_t i = 1; i < profile->n_rules; i++) {
		const struct eg_config_rule *deny = sorted[i - 1], *allow = sorted[i];

		if (eg_cidr_compare(&deny->cidr, &allow->cidr) || deny->allow == allow->allow)
			continue;
		warn_at(config, allow->line,
			"allow %s has no effect: line %u denies the same network, and deny wins",
			eg_cidr_format(&allow->cidr, net), deny->line);
		found++;
	}
	return found;
}

/* Without deny an allow list forbids nothing: likely it was meant to. Returns how many findings. */
static int find_lone_allow(const struct eg_config *config, const struct eg_config_profile *profile)
{
	for (size_t i = 0; i < profile->n_rules; i++)
		if (!profile->rules[i].allow)
			return 0;
	if (!profile->n_rules)
		return 0;
	warn_at(config, profile->rules[0].line,
		"allow has no effect: without deny everything is allowed; to refuse the rest add "
		"deny = [ \"0.0.0.0/0\", \"::/0\" ];");
	return 1;
}

/* The rule that denies an address, NULL when it is allowed. */
static const struct eg_config_rule *denying(const struct eg_config_profile *profile,
					    const struct eg_cidr *address)
{
	const struct eg_config_rule *rule =
		eg_policy_explain(profile, address->family, address->addr);

	return rule && !rule->allow ? rule : NULL;
}

static int find_denied(const struct eg_config *config, const struct eg_config_profile *profile,
		       const char *address, const char *what)
{
	const struct eg_config_rule *rule;
	struct eg_cidr host = {0};
	const char *why;
	char net[EG_CIDR_TEXT_SIZE];

	if (eg_cidr_parse(address, &host, &why) < 0)
		return 0; /* from the environment: not an address, nothing to say about it */
	rule = denying(profile, &host);
	if (!rule)
		return 0;
	warn_at(config, rule->line, "deny %s covers %s, %s", eg_cidr_format(&rule->cidr, net),
		address, what);
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
	} local[] = {
		{"127.0.0.1", "this host itself: its name server, mail and databases"},
		{"127.0.0.53", "the name server of systemd-resolved"},
		{"::1", "this host itself: its name server, mail and databases"},
	};
	const struct eg_config_profile *profile = &config->profiles[0];
	int found = find_doubles(config, profile);
	char client[INET6_ADDRSTRLEN];

	if (found < 0)
		return found;
	found += find_lone_allow(config, profile);
	for (size_t i = 0; i < EG_ARRAY_SIZE(local); i++)
		found += find_denied(config, profile, local[i].address, local[i].what);
	if (client_address(client, sizeof(client)))
		found += find_denied(config, profile, client,
				     "the address you are logged in from: this connection stays, "
				     "sessions cannot "
				     "open new ones to there");
	return found;
}

int eg_ctl_check(const struct eg_ctl_options *options, char **args)
{
	const char *path = args[0] ? args[0] : options->config;
	struct eg_config *config auto_config = load(path);
	char clean[EG_CTL_SAFE_SIZE];
	int found;

	if (!config)
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

/* A destination as explain takes it. */
struct target {
	struct eg_cidr host;
	unsigned int port;
};

static int bad_target(const char *text, const char *why)
{
	char clean[EG_CTL_SAFE_SIZE];

	warnx("%s: %s; expected ADDR:PORT/PROTO such as 192.0.2.1:443/tcp or [2001:db8::1]:53/udp",
	      eg_ctl_safe(text, clean, sizeof(clean)), why);
	return -EINVAL;
}

/* Decimal digits only, 0..65535. */
static bool parse_port(const char *text, size_t n, unsigned int *ret)
{
	unsigned int port = 0;

	if (!n || n > 5)
		return false;
	for (size_t i = 0; i < n; i++) {
		if (!isdigit((unsigned char)text[i]))
			return false;
		port = port * 10 + (unsigned int)(text[i] - '0');
	}
	*ret = port;
	return port <= UINT16_MAX;
}

/* Address without its brackets into ret: IPv6 has them, IPv4 has not. */
static int parse_host(const char *text, size_t n, struct target *ret, const char **ret_why)
{
	bool brackets = n >= 2 && text[0] == '[' && text[n - 1] == ']';
	char host[INET6_ADDRSTRLEN];
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
	if (!brackets && strchr(host, ':')) {
		*ret_why = "an IPv6 address needs brackets";
		return -EINVAL;
	}
	if (brackets && !strchr(host, ':')) {
		*ret_why = "brackets are for IPv6 addresses";
		return -EINVAL;
	}
	return eg_cidr_parse(host, &ret->host, &why);
}

/* Returns 0, or -EINVAL with the reason printed. */
static int parse_target(const char *text, struct target *ret)
{
	const char *slash = strrchr(text, '/'), *colon, *why;

	if (!slash)
		return bad_target(text, "no protocol");
	if (strcmp(slash, "/tcp") && strcmp(slash, "/udp"))
		return bad_target(text, "the protocol is neither tcp nor udp");
	colon = memrchr(text, ':', (size_t)(slash - text));
	if (!colon || memchr(colon, ']', (size_t)(slash - colon)))
		return bad_target(text, "no port");
	if (!parse_port(colon + 1, (size_t)(slash - colon - 1), &ret->port))
		return bad_target(text, "the port is not a number from 0 to 65535");
	if (parse_host(text, (size_t)(colon - text), ret, &why) < 0)
		return bad_target(text, why);
	return 0;
}

/* Rules name no protocol or port yet, so the address alone decides. */
static int explain_connect(const struct eg_config *config, const struct eg_config_profile *profile,
			   const struct target *target)
{
	const struct eg_config_rule *rule =
		eg_policy_explain(profile, target->host.family, target->host.addr);
	char net[EG_CIDR_TEXT_SIZE], file[EG_CTL_SAFE_SIZE];

	if (!rule) {
		(void)puts("allow (no rule names this address)");
		return EG_CTL_FINE;
	}
	(void)eg_cidr_format(&rule->cidr, net);
	(void)eg_ctl_safe(config->file, file, sizeof(file));
	if (rule->allow) {
		(void)printf("allow %s at %s:%u\n", net, file, rule->line);
		return EG_CTL_FINE;
	}
	if (profile->mode == EG_MODE_AUDIT) {
		(void)printf("allow (audit: would be denied by %s at %s:%u; it is reported and let "
			     "through)\n",
			     net, file, rule->line);
		return EG_CTL_FINE;
	}
	(void)printf("deny %s at %s:%u\n", net, file, rule->line);
	return EG_CTL_FINDING;
}

int eg_ctl_explain(const struct eg_ctl_options *options, char **args)
{
	struct eg_config *config auto_config = NULL;
	struct target target = {0};
	char clean[EG_CTL_SAFE_SIZE];

	if (!args[0][0]) {
		warnx("USER is empty");
		return EG_CTL_USAGE;
	}
	if (strcmp(args[1], "connect")) {
		warnx("%s: cannot explain this; expected connect",
		      eg_ctl_safe(args[1], clean, sizeof(clean)));
		return EG_CTL_USAGE;
	}
	if (parse_target(args[2], &target) < 0)
		return EG_CTL_USAGE;
	config = load(options->config);
	if (!config)
		return EG_CTL_FINDING;
	return explain_connect(config,
			       &config->profiles[eg_policy_select(config, args[0], "sshd", "", "")],
			       &target);
}
