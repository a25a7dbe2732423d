// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * The configuration as ebpfguardctl's check and explain load it; and explain, which says what it
 * means for one connection.
 */
#include <arpa/inet.h>
#include <err.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

#include "action.h"
#include "cidr.h"
#include "config.h"
#include "ctl.h"
#include "ctl_json.h"
#include "feed_networks.h"
#include "match_idle.h"
#include "policy.h"
#include "util.h"

enum { SHOWN_MAX = 20 }; /* elements of one list; a feed's worth of lines helps nobody */

/* ---- load ---- */

void eg_ctl_config_free(struct eg_config **config)
{
	eg_config_free(*config);
}

void eg_ctl_print_error(const struct eg_err *error)
{
	char text[EG_ERR_TEXT_SIZE + EG_PATH_TEXT_SIZE + 16], clean[EG_CTL_SAFE_SIZE];

	if (eg_ctl_finding_keep("error", error->file, error->line, error->text))
		return;
	(void)fprintf(stderr, "%s\n",
		      eg_ctl_safe(eg_err_format(error, text, sizeof(text)), clean, sizeof(clean)));
}

struct eg_config *eg_ctl_load(const char *path)
{
	struct eg_config *config = NULL;
	struct eg_err error = {0};

	if (eg_config_load(path, geteuid(), &config, NULL, NULL, &error) == 0)
		return config;
	eg_ctl_print_error(&error);
	return NULL;
}

/* ---- what decides ---- */

/* What explain has found out: the verdict, and the words for what decides. */
struct finding {
	bool deny;
	enum eg_restriction on;
	const char *why;   /* "rule", "feed", "default", "loopback" or "sockets" */
	const char *file;  /* of the rule, borrowed; NULL = there is none */
	unsigned int line; /* likewise */
	char rule[EG_RULE_TEXT_SIZE];
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
	ret->on = EG_ON_SOCKETS;
	ret->why = "sockets";
	(void)snprintf(ret->by, sizeof(ret->by), "sockets (sockets.allow does not name %s)",
		       eg_rule_protocol_name(proto));
	return true;
}

static void explain_rule(const struct eg_config *config, const struct eg_config_rule *rule,
			 bool bind, struct finding *ret)
{
	char text[EG_RULE_TEXT_SIZE], file[EG_CTL_SAFE_SIZE];

	ret->deny = !rule->allow;
	ret->why = "rule";
	ret->file = config->file;
	ret->line = rule->line;
	(void)snprintf(ret->rule, sizeof(ret->rule), "%s",
		       bind ? eg_rule_format_ports(&rule->spec, text)
			    : eg_rule_format(&rule->spec, text));
	(void)snprintf(ret->by, sizeof(ret->by), "%s at %s:%u", ret->rule,
		       eg_ctl_safe(config->file, file, sizeof(file)), rule->line);
}

static void explain_feed(const struct eg_policy_answer *answer, struct finding *ret)
{
	char text[EG_CIDR_TEXT_SIZE], file[EG_CTL_SAFE_SIZE];

	ret->deny = answer->deny;
	ret->why = "feed";
	ret->file = answer->feed->path;
	ret->line = answer->network->line;
	(void)snprintf(ret->rule, sizeof(ret->rule), "%s",
		       eg_cidr_format(&answer->network->net, text));
	(void)snprintf(ret->by, sizeof(ret->by), "%s at %s:%u", ret->rule,
		       eg_ctl_safe(answer->feed->path, file, sizeof(file)), answer->network->line);
}

static void explain_bind(const struct eg_config *config, const struct eg_config_profile *profile,
			 const struct eg_config_group *group, const struct eg_policy_target *target,
			 struct finding *ret)
{
	struct eg_policy_answer answer =
		eg_policy_explain_bind_for(profile, group, target->proto, target->port);

	ret->on = EG_ON_BIND;
	ret->why = "default";
	if (answer.rule)
		explain_rule(config, answer.rule, true, ret);
	else
		(void)strcpy(ret->by, "default (no rule names this port)");
}

static void explain_connect(const struct eg_config *config, const struct eg_config_profile *profile,
			    const struct eg_config_group *group,
			    const struct eg_policy_target *target, struct finding *ret)
{
	struct eg_policy_answer answer = eg_policy_explain_for(profile, group, target);
	char inside[INET_ADDRSTRLEN];
	uint8_t addr[4] = {0};
	size_t len;

	ret->on = EG_ON_EGRESS;
	if (answer.rule || answer.feed) {
		if (answer.feed)
			explain_feed(&answer, ret);
		else
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
	ret->why = profile->default_deny && !answer.deny ? "loopback" : "default";
	if (profile->default_deny && !answer.deny)
		(void)strcpy(ret->by, "loopback (no rule names it)");
	else
		(void)strcpy(ret->by, "default (no rule names this)");
}

/* The same for programs. */
static int json_finding(const char *user, const char *target,
			const struct eg_config_profile *profile, const struct finding *finding)
{
	enum eg_action action = eg_action_of(profile, finding->on);
	struct json_object *json = eg_ctl_json_object();
	bool passes = !finding->deny || action == EG_ACTION_AUDIT;

	eg_ctl_json_add_text(json, "user", user);
	eg_ctl_json_add_text(json, "profile", profile->name);
	eg_ctl_json_add_text(json, "target", target);
	eg_ctl_json_add_text(json, "verdict",
			     passes			? "allow"
			     : action == EG_ACTION_KILL ? "kill"
							: "deny");
	eg_ctl_json_add_bool(json, "audit", finding->deny && passes);
	eg_ctl_json_add_text(json, "reason", finding->why);
	eg_ctl_json_add_text(json, "rule", finding->rule);
	eg_ctl_json_add_text(json, "file", finding->file);
	if (finding->line)
		eg_ctl_json_add_number(json, "line", finding->line);
	eg_ctl_json_add_text(json, "text", finding->by);
	eg_ctl_json_print(json);
	return passes ? EG_CTL_FINE : EG_CTL_FINDING;
}

static int print_finding(const struct eg_config_profile *profile, const struct finding *finding)
{
	enum eg_action action = eg_action_of(profile, finding->on);

	if (!finding->deny) {
		(void)printf("allow %s\n", finding->by);
		return EG_CTL_FINE;
	}
	if (action == EG_ACTION_AUDIT) {
		(void)printf("allow (audit: would be denied by %s; it is reported and let "
			     "through)\n",
			     finding->by);
		return EG_CTL_FINE;
	}
	(void)printf("%s %s\n", action == EG_ACTION_KILL ? "kill" : "deny", finding->by);
	return EG_CTL_FINDING;
}

/* ---- the profile ---- */

/* Of each criterion what made it hold, and of how many. */
static void print_match(const struct eg_config *config, const struct eg_config_match *match,
			const struct eg_match_reason *why)
{
	const struct {
		const char *key, *held;
		size_t n;
	} criteria[] = {{"user", why->user, match->user.n},
			{"group", why->group, match->group.n},
			{"service", why->service, match->service.n},
			{"rhost", why->rhost, match->rhost.n},
			{"key", why->key, match->key.n}};
	char clean[EG_CTL_SAFE_SIZE];
	const char *separator = ": ";

	(void)printf("match: %s:%u", eg_ctl_safe(config->file, clean, sizeof(clean)), match->line);
	for (size_t i = 0; i < EG_ARRAY_SIZE(criteria); i++) {
		if (!criteria[i].held)
			continue;
		(void)printf("%s%s %s", separator, criteria[i].key,
			     eg_ctl_safe(criteria[i].held, clean, sizeof(clean)));
		if (criteria[i].n > 1)
			(void)printf(" (one of %zu)", criteria[i].n);
		separator = ", ";
	}
	(void)puts(*separator == ':' ? ": everybody" : "");
}

/* The same for programs. */
static struct json_object *json_of_match(const struct eg_config *config,
					 const struct eg_config_match *match,
					 const struct eg_match_reason *why)
{
	struct json_object *json = eg_ctl_json_object();

	eg_ctl_json_add_text(json, "file", config->file);
	eg_ctl_json_add_number(json, "line", match->line);
	eg_ctl_json_add_text(json, "user", why->user);
	eg_ctl_json_add_text(json, "group", why->group);
	eg_ctl_json_add_text(json, "service", why->service);
	eg_ctl_json_add_text(json, "rhost", why->rhost);
	eg_ctl_json_add_text(json, "key", why->key);
	return json;
}

/* What print_profile and eg_config_print say; the settings are text of a configuration. */
static void json_profile(const char *user, const struct eg_config *config,
			 const struct eg_config_profile *profile,
			 const struct eg_config_match *match, const struct eg_match_reason *why)
{
	struct json_object *json = eg_ctl_json_object(), *extends = eg_ctl_json_array();
	char *settings eg_auto_free = NULL;
	size_t n = 0;
	FILE *out = open_memstream(&settings, &n);

	eg_ctl_json_add_text(json, "user", user);
	eg_ctl_json_add_text(json, "profile", profile->name);
	if (match)
		eg_ctl_json_add(json, "match", json_of_match(config, match, why));
	if (out) {
		eg_config_print(profile, SHOWN_MAX, out);
		(void)fclose(out); /* in memory: it has all, or settings is NULL */
	}
	while (&config->profiles[profile->parent] != profile) {
		profile = &config->profiles[profile->parent];
		eg_ctl_json_append(extends, eg_ctl_json_text(profile->name, strlen(profile->name)));
	}
	eg_ctl_json_add(json, "extends", extends);
	eg_ctl_json_add_text(json, "settings", settings);
	eg_ctl_json_print(json);
}

/* Which profile, why, and what is in it. The settings can be read as a configuration. */
static void print_profile(const struct eg_config *config, const struct eg_config_profile *profile,
			  const struct eg_config_match *match, const struct eg_match_reason *why)
{
	char clean[EG_CTL_SAFE_SIZE];

	(void)printf("profile: %s\n", profile->name);
	if (match)
		print_match(config, match, why);
	else
		(void)puts(config->n_matches ? "match: no entry matches" : "match: no entries");
	eg_ctl_safe(config->file, clean, sizeof(clean));
	while (&config->profiles[profile->parent] != profile) {
		profile = &config->profiles[profile->parent];
		if (profile->line)
			(void)printf("extends: %s at %s:%u\n", profile->name, clean, profile->line);
		else
			(void)printf("extends: %s\n", profile->name);
	}
}

/* ---- explain ---- */

/* What no login has would match nothing, and the answer be one about another question. */
static bool parse_login(const struct eg_ctl_options *options)
{
	const char *bad = options->key ? eg_config_bad_fingerprint(options->key) : NULL;
	unsigned int lacks = eg_match_lacks(options->service);
	char clean[EG_CTL_SAFE_SIZE];
	struct eg_cidr address;

	if (bad) {
		warnx("--key: \"%s\" %s", eg_ctl_safe(options->key, clean, sizeof(clean)), bad);
		return false;
	}
	if (options->rhost && eg_cidr_parse_host(options->rhost, &address) < 0) {
		warnx("--rhost: \"%s\" is no address such as 192.0.2.1 or 2001:db8::1",
		      eg_ctl_safe(options->rhost, clean, sizeof(clean)));
		return false;
	}
	if (!options->service[0]) {
		warnx("--service is empty");
		return false;
	}
	if (options->rhost && lacks & EG_MATCH_RHOST) {
		warnx("--rhost: sessions of the service \"%s\" come from no address",
		      options->service);
		return false;
	}
	if (options->key && lacks & EG_MATCH_KEY) {
		warnx("--key: sessions of the service \"%s\" have none", options->service);
		return false;
	}
	return true;
}

static bool parse_program(const struct eg_ctl_options *options, bool has_target)
{
	char clean[EG_CTL_SAFE_SIZE];

	if (options->program && !has_target) {
		warnx("--program is for explain USER connect TARGET and explain USER bind TARGET");
		return false;
	}
	if (options->program && options->program[0] != '/') {
		warnx("--program: \"%s\" is no absolute path such as /usr/bin/nc",
		      eg_ctl_safe(options->program, clean, sizeof(clean)));
		return false;
	}
	return true;
}

/* What the command line asks for: none of these is wrong, bind and target are filled. */
static bool parse_question(const struct eg_ctl_options *options, char **args, bool *ret_bind,
			   struct eg_policy_target *ret)
{
	char clean[EG_CTL_SAFE_SIZE];

	if (!args[0][0]) {
		warnx("USER is empty");
		return false;
	}
	if (!parse_login(options) || !parse_program(options, args[1]))
		return false;
	if (!args[1])
		return true;
	*ret_bind = strcmp(args[1], "bind") == 0;
	if (!*ret_bind && strcmp(args[1], "connect")) {
		warnx("%s: cannot explain this; expected connect or bind",
		      eg_ctl_safe(args[1], clean, sizeof(clean)));
		return false;
	}
	if (!args[2]) {
		warnx("%s: TARGET is missing", args[1]);
		return false;
	}
	return (*ret_bind ? eg_ctl_target_own(args[2], ret) : eg_ctl_target_peer(args[2], ret)) ==
	       0;
}

int eg_ctl_explain(const struct eg_ctl_options *options, char **args)
{
	struct eg_config *config eg_ctl_auto_config = NULL;
	struct eg_feeds feeds eg_ctl_auto_feeds = {0};
	const struct eg_config_group *group = NULL;
	const struct eg_config_profile *profile = NULL;
	const struct eg_config_match *match = NULL;
	struct eg_match_reason why = {0};
	struct eg_policy_target target = {0};
	struct finding finding = {0};
	char clean[EG_CTL_SAFE_SIZE];
	bool bind = false;
	int r;

	if (!parse_question(options, args, &bind, &target))
		return EG_CTL_USAGE;
	config = eg_ctl_load(options->config);
	if (!config || eg_ctl_feeds_load(config, &feeds) < 0)
		return EG_CTL_FINDING;
	r = eg_ctl_choose(config, options, args[0], &profile, &match, &why);
	if (r < 0) {
		warnx("%s", strerror(-r));
		return EG_CTL_FINDING;
	}
	if (r == 0 && !eg_ctl_is_user(args[0])) /* else that has been said */
		warnx("%s: there is no such user here", eg_ctl_safe(args[0], clean, sizeof(clean)));
	if (!args[1] && options->json) {
		json_profile(args[0], config, profile, match, &why);
		return EG_CTL_FINE;
	}
	if (!args[1]) {
		print_profile(config, profile, match, &why);
		(void)putchar('\n');
		eg_config_print(profile, SHOWN_MAX, stdout);
		return EG_CTL_FINE;
	}
	if (options->program)
		group = eg_ctl_group_of(config, profile, options->program);
	if (!explain_socket(profile, target.proto, &finding)) {
		if (bind)
			explain_bind(config, profile, group, &target, &finding);
		else
			explain_connect(config, profile, group, &target, &finding);
	}
	if (options->json)
		return json_finding(args[0], args[2], profile, &finding);
	return print_finding(profile, &finding);
}
