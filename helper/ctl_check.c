// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * ebpfguardctl check: would the helper take the configuration, and what would it do that was hardly
 * meant? Read from the file; besides that, only whether there are the users, groups and programs it
 * names.
 */
#include <arpa/inet.h>
#include <err.h>
#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <unistd.h>

#include "cidr.h"
#include "config.h"
#include "ctl.h"
#include "feed.h"
#include "policy.h"
#include "util.h"

/* Would the helper put it in force? Says why not: too many rules for the kernel's tables. */
static bool compiles(const struct eg_config *config)
{
	struct eg_policy_image image = {0};
	struct eg_err error = {0};
	int err = eg_policy_compile(&config->profiles[0], &image, &error);

	eg_policy_done(&image);
	if (err < 0) {
		(void)snprintf(error.file, sizeof(error.file), "%s", config->file);
		eg_ctl_print_error(&error);
	}
	return err == 0;
}

/* Are the feeds as the helper wants them? */
static bool has_feeds(const struct eg_config *config)
{
	struct eg_digests digests = {0};
	struct eg_err error = {0};
	int err = eg_feed_digests(&config->profiles[0], geteuid(), &digests, &error);

	eg_digests_done(&digests);
	if (err < 0) {
		if (!error.file[0])
			(void)snprintf(error.file, sizeof(error.file), "%s", config->file);
		eg_ctl_print_error(&error);
	}
	return err == 0;
}

static bool is_user(const char *name)
{
	errno = 0;
	return getpwnam(name) || (errno && errno != ENOENT && errno != ESRCH);
}

static bool is_group(const char *name)
{
	errno = 0;
	return getgrnam(name) || (errno && errno != ENOENT && errno != ESRCH);
}

/* Are there all that a list names? Where a source of names does not answer, nothing is said. */
static bool are_there(const struct eg_config *config, const struct eg_config_texts *texts,
		      bool (*is_there)(const char *name), const char *what)
{
	for (size_t i = 0; i < texts->n; i++) {
		const struct eg_config_text *text = &texts->list[i];
		struct eg_err error = {.line = text->line};

		if (text->text[strspn(text->text, "0123456789")] == '\0' || is_there(text->text))
			continue;
		(void)snprintf(error.file, sizeof(error.file), "%s", config->file);
		(void)snprintf(error.text, sizeof(error.text), "%s \"%s\"", what, text->text);
		eg_ctl_print_error(&error);
		return false;
	}
	return true;
}

/* Would the helper find the ids that it must refuse? */
static bool resolves(const struct eg_config *config)
{
	const struct eg_config_profile *profile = &config->profiles[0];

	return are_there(config, &profile->setuid_users, is_user,
			 "setuid.users: there is no user") &&
	       are_there(config, &profile->setuid_groups, is_group,
			 "setuid.groups: there is no group");
}

void eg_ctl_warn_at(const struct eg_config *config, unsigned int line, const char *format, ...)
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

	eg_ctl_warn_at(
		config, allow->line,
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
		eg_ctl_warn_at(
			config, profile->egress.list[0].line,
			"allow has no effect: without deny everything is allowed; to refuse the "
			"rest add default = \"deny\";");
		found++;
	}
	if (profile->bind.n && !any_deny(&profile->bind)) {
		eg_ctl_warn_at(
			config, profile->bind.list[0].line,
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
	eg_ctl_warn_at(config, answer.rule->line, "deny %s covers %s, %s",
		       eg_rule_format(&answer.rule->spec, text), address, what);
	return 1;
}

/* Programs that are none: a name that is misspelt lets nobody do anything, which is found out late.
 * What is there is taken by its identity, a link's by what it leads to. */
static int find_no_program(const struct eg_config *config, const struct eg_config_texts *programs,
			   const char *key)
{
	struct stat st = {0};
	int found = 0;

	for (size_t i = 0; i < programs->n; i++) {
		const struct eg_config_text *program = &programs->list[i];
		bool there = stat(program->text, &st) == 0;

		if (there && S_ISREG(st.st_mode))
			continue;
		eg_ctl_warn_at(config, program->line, "%s names no program: %s: %s", key,
			       program->text, there ? "not a file" : strerror(errno));
		found++;
	}
	return found;
}

/* A program that two groups name by two paths; the helper refuses that. */
static int find_same_program(const struct eg_config *config,
			     const struct eg_config_profile *profile, size_t i)
{
	const struct eg_config_texts *programs = &profile->groups[i].programs, *others;
	struct stat a = {0}, b = {0};

	for (size_t j = 0; j < i; j++)
		for (size_t k = 0; k < programs->n; k++)
			for (size_t m = 0; m < profile->groups[j].programs.n; m++) {
				others = &profile->groups[j].programs;
				if (stat(programs->list[k].text, &a) < 0 ||
				    stat(others->list[m].text, &b) < 0 || a.st_ino != b.st_ino ||
				    a.st_dev != b.st_dev)
					continue;
				eg_ctl_warn_at(
					config, programs->list[k].line,
					"%s is the same file as %s on line %u, which has rules of "
					"its own already; a program is named once",
					programs->list[k].text, others->list[m].text,
					others->list[m].line);
				return 1;
			}
	return 0;
}

/* Exceptions from what nothing denies. */
static int find_idle(const struct eg_config *config, const struct eg_config_texts *texts,
		     const char *key, const char *group)
{
	if (!texts->n)
		return 0;
	eg_ctl_warn_at(config, texts->list[0].line, "%s has no effect without %s.deny = true", key,
		       group);
	return 1;
}

static int find_in_groups(const struct eg_config *config, const struct eg_config_profile *profile)
{
	int found = 0;

	for (size_t i = 0; i < profile->n_groups; i++) {
		const struct eg_config_group *group = &profile->groups[i];

		found += find_no_program(config, &group->programs, "rules[].programs");
		found += find_no_program(config, &group->setuid_allow, "rules[].setuid.allow");
		found += find_same_program(config, profile, i);
		if (!profile->deny_setuid)
			found += find_idle(config, &group->setuid_allow, "rules[].setuid.allow",
					   "setuid");
	}
	return found;
}

static bool names_root(const struct eg_config_texts *users)
{
	for (size_t i = 0; i < users->n; i++)
		if (!strcmp(users->list[i].text, "root") || !strcmp(users->list[i].text, "0"))
			return true;
	return false;
}

/* Exceptions that say nothing, and a setuid.deny that is none. */
static int find_gain_and_mount(const struct eg_config *config,
			       const struct eg_config_profile *profile)
{
	int found = find_no_program(config, &profile->setuid_allow, "setuid.allow");

	if (!profile->deny_setuid)
		found += find_idle(config, &profile->setuid_allow, "setuid.allow", "setuid");
	if (!profile->deny_mount)
		found += find_idle(config, &profile->mount_allow, "mount.allow", "mount");
	if (profile->deny_setuid && profile->setuid_users.set &&
	    !names_root(&profile->setuid_users)) {
		eg_ctl_warn_at(config, profile->setuid_users.line,
			       "setuid.users does not name root: sessions may become root");
		found++;
	}
	return found;
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

static int find_no_user(const struct eg_config *config)
{
	const struct eg_config_texts *users = &config->managers_exempt;
	int found = 0;

	for (size_t i = 0; i < users->n; i++) {
		if (is_user(users->list[i].text))
			continue;
		eg_ctl_warn_at(config, users->list[i].line,
			       "managers.exempt: there is no user \"%s\"", users->list[i].text);
		found++;
	}
	return found;
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
	int links;

	if (found < 0)
		return found;
	found += find_lone_allow(config, profile);
	found += find_gain_and_mount(config, profile);
	found += find_in_groups(config, profile);
	found += find_no_user(config);
	links = eg_ctl_find_links(config, profile);
	if (links < 0)
		return links;
	found += links;
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
	struct eg_config *config eg_ctl_auto_config = eg_ctl_load(path);
	char clean[EG_CTL_SAFE_SIZE];
	int found;

	if (!config || !compiles(config) || !resolves(config) || !has_feeds(config))
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
