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

/* Is the list what the profile extended has, from the same lines? Then it was looked at there. */
static bool is_inherited(const struct eg_config_texts *texts, const struct eg_config_texts *parents)
{
	if (texts == parents || texts->n != parents->n || texts->line != parents->line)
		return false;
	for (size_t i = 0; i < texts->n; i++)
		if (texts->list[i].line != parents->list[i].line ||
		    strcmp(texts->list[i].text, parents->list[i].text) != 0)
			return false;
	return true;
}

/* Would the helper put it in force? Says why not: too many rules for the kernel's tables. */
static bool compiles(const struct eg_config *config, const struct eg_config_profile *profile)
{
	struct eg_policy_image image = {0};
	struct eg_err error = {0};
	int err = eg_policy_compile(profile, &image, &error);

	eg_policy_done(&image);
	if (err < 0) {
		if (!error.file[0])
			(void)snprintf(error.file, sizeof(error.file), "%s", config->file);
		eg_ctl_print_error(&error);
	}
	return err == 0;
}

/* Are the feeds as the helper wants them? */
static bool has_feeds(const struct eg_config *config, const struct eg_config_profile *profile)
{
	const struct eg_config_profile *parent = &config->profiles[profile->parent];
	struct eg_digests digests = {0};
	struct eg_err error = {0};
	int err;

	if (is_inherited(&profile->exec_deny_sha256_files, &parent->exec_deny_sha256_files) &&
	    is_inherited(&profile->exec_deny_sha256, &parent->exec_deny_sha256))
		return true;
	err = eg_feed_digests(profile, geteuid(), &digests, &error);
	eg_digests_done(&digests);
	if (err < 0) {
		if (!error.file[0])
			(void)snprintf(error.file, sizeof(error.file), "%s", config->file);
		eg_ctl_print_error(&error);
	}
	return err == 0;
}

bool eg_ctl_is_user(const char *name)
{
	errno = 0;
	return getpwnam(name) || (errno && errno != ENOENT && errno != ESRCH);
}

bool eg_ctl_is_group(const char *name)
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
static bool resolves(const struct eg_config *config, const struct eg_config_profile *profile)
{
	return are_there(config, &profile->setuid_users, eg_ctl_is_user,
			 "setuid.users: there is no user") &&
	       are_there(config, &profile->setuid_groups, eg_ctl_is_group,
			 "setuid.groups: there is no group");
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

static int warn_covered(const struct eg_config *config, const struct eg_config_rule *allow,
			const struct eg_config_rule *deny)
{
	bool narrower = eg_rule_is_plain(&deny->spec) && !eg_rule_is_plain(&allow->spec);
	char text[EG_RULE_TEXT_SIZE], other[EG_RULE_TEXT_SIZE];

	return eg_ctl_warn_at(
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
		found += warn_covered(config, allow, deny);
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

	if (profile->egress.n && !profile->default_deny && !any_deny(&profile->egress) &&
	    !(profile->feeds.n && !profile->feeds.list[0].allow)) { /* deny comes first */
		found += eg_ctl_warn_at(
			config, profile->egress.list[0].line,
			"allow has no effect: without deny everything is allowed; to refuse the "
			"rest add default = \"deny\";");
	}
	if (profile->bind.n && !any_deny(&profile->bind)) {
		found += eg_ctl_warn_at(
			config, profile->bind.list[0].line,
			"bind.allow has no effect: without bind.deny every port may be bound; to "
			"refuse the rest add deny = [ \"*\" ];");
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
	if (answer.deny && answer.feed)
		return eg_ctl_warn_at(config, answer.feed->line,
				      "deny_files: %s in line %u of %s covers %s, %s",
				      eg_cidr_format(&answer.network->net, text),
				      answer.network->line, answer.feed->path, address, what);
	if (!answer.deny || !answer.rule)
		return 0;
	return eg_ctl_warn_at(config, answer.rule->line, "deny %s covers %s, %s",
			      eg_rule_format(&answer.rule->spec, text), address, what);
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
		found += eg_ctl_warn_at(config, program->line, "%s names no program: %s: %s", key,
					program->text, there ? "not a file" : strerror(errno));
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
				return eg_ctl_warn_at(
					config, programs->list[k].line,
					"%s is the same file as %s on line %u, which has rules of "
					"its own already; a program is named once",
					programs->list[k].text, others->list[m].text,
					others->list[m].line);
			}
	return 0;
}

/* Exceptions from what nothing denies. */
static int find_idle(const struct eg_config *config, const struct eg_config_texts *texts,
		     const char *key, const char *group)
{
	if (!texts->n)
		return 0;
	return eg_ctl_warn_at(config, texts->list[0].line,
			      "%s has no effect without %s.deny = true", key, group);
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

/* Does mount.allow open what rules about files refuse? */
static bool opens_overlay(const struct eg_config_profile *profile)
{
	if (!profile->files_deny_read.n && !profile->files_deny_write.n)
		return false;
	for (size_t i = 0; i < profile->mount_allow.n; i++)
		if (!strcmp(profile->mount_allow.list[i].text, "overlay"))
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
	if (!profile->deny_mount && !opens_overlay(profile))
		found += find_idle(config, &profile->mount_allow, "mount.allow", "mount");
	if (profile->deny_setuid && profile->setuid_users.set &&
	    !names_root(&profile->setuid_users)) {
		found +=
			eg_ctl_warn_at(config, profile->setuid_users.line,
				       "setuid.users does not name root: sessions may become root");
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
		if (eg_ctl_is_user(users->list[i].text))
			continue;
		found += eg_ctl_warn_at(config, users->list[i].line,
					"managers.exempt: there is no user \"%s\"",
					users->list[i].text);
	}
	return found;
}

/* What a profile denies that is near. Returns how many findings. */
static int find_near(const struct eg_config *config, const struct eg_config_profile *profile)
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
	char client[INET6_ADDRSTRLEN];
	int found = 0;

	for (size_t i = 0; i < EG_ARRAY_SIZE(local); i++)
		found += find_denied(config, profile, local[i].address, local[i].proto,
				     local[i].port, local[i].what);
	if (client_address(client, sizeof(client)))
		found += find_denied(config, profile, client, EG_PROTO_OTHER, 0,
				     "the address you are logged in from: this connection stays, "
				     "sessions cannot open new ones to there");
	return found;
}

/* Returns how many findings, or a negative errno. */
static int find_in_profile(const struct eg_config *config, const struct eg_config_profile *profile)
{
	const struct eg_config_profile *parent = &config->profiles[profile->parent];
	int found = find_covered(config, &profile->egress), links = 0;

	if (found < 0)
		return found;
	found += find_lone_allow(config, profile);
	found += find_gain_and_mount(config, profile);
	found += find_in_groups(config, profile);
	if (!is_inherited(&profile->files_deny_read, &parent->files_deny_read) ||
	    !is_inherited(&profile->files_deny_write, &parent->files_deny_write) ||
	    !is_inherited(&profile->files_allow, &parent->files_allow))
		links = eg_ctl_find_links(config, profile);
	return links < 0 ? links : found + links + find_near(config, profile);
}

static int find_all(const struct eg_config *config)
{
	int found = eg_ctl_find_matches(config);

	for (size_t i = 0; i < config->n_profiles && found >= 0; i++) {
		int more = find_in_profile(config, &config->profiles[i]);

		found = more < 0 ? more : found + more;
	}
	return found < 0 ? found : found + find_no_user(config);
}

bool eg_ctl_is_right(const struct eg_config *config)
{
	for (size_t i = 0; i < config->n_profiles; i++) {
		const struct eg_config_profile *profile = &config->profiles[i];

		if (!compiles(config, profile) || !resolves(config, profile) ||
		    !has_feeds(config, profile))
			return false;
	}
	return true;
}

int eg_ctl_check(const struct eg_ctl_options *options, char **args)
{
	const char *path = args[0] ? args[0] : options->config;
	struct eg_config *config eg_ctl_auto_config = eg_ctl_load(path);
	struct eg_feeds feeds eg_ctl_auto_feeds = {0};
	int found, bad = config ? eg_ctl_feeds_load(config, &feeds) : -EINVAL;
	char clean[EG_CTL_SAFE_SIZE];

	if (bad < 0 || !eg_ctl_is_right(config))
		return EG_CTL_FINDING;
	found = find_all(config);
	if (found < 0) {
		warnx("%s", strerror(-found));
		return EG_CTL_FINDING;
	}
	found += bad;
	if (found)
		(void)printf("%s: valid, %d warning%s\n", eg_ctl_safe(path, clean, sizeof(clean)),
			     found, found > 1 ? "s" : "");
	else
		(void)printf("%s: fine\n", eg_ctl_safe(path, clean, sizeof(clean)));
	return found ? EG_CTL_FINDING : EG_CTL_FINE;
}
