// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * One setting's value, as libconfig has parsed it, to where it belongs: by its type, with what is
 * wrong about it said in full. Lists of strings are config_texts.c's.
 */
#include "config_apply.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "util.h"

enum {
	PERCENT_MAX = 100,
	N_SOCKETS = 64, /* families in a bitmap; as many bits again for EG_OPEN_* */
};

/* ---- messages */

/* What was found instead: a string as it is, for others their type. */
static const char *found(const config_setting_t *setting, char buf[EG_CONFIG_QUOTE_SIZE])
{
	static const char *const types[] = {
		[CONFIG_TYPE_NONE] = "nothing",	  [CONFIG_TYPE_GROUP] = "a group",
		[CONFIG_TYPE_INT] = "an integer", [CONFIG_TYPE_INT64] = "an integer with L",
		[CONFIG_TYPE_FLOAT] = "a number", [CONFIG_TYPE_STRING] = "a string",
		[CONFIG_TYPE_BOOL] = "a boolean", [CONFIG_TYPE_ARRAY] = "an array",
		[CONFIG_TYPE_LIST] = "a list",
	};
	const char *text = config_setting_get_string(setting);

	return text ? eg_config_quote(buf, text, strlen(text))
		    : types[config_setting_type(setting)];
}

int eg_config_fail_type(const struct eg_config_report *report, const config_setting_t *setting,
			const char *what, const char *expected)
{
	char buf[EG_CONFIG_QUOTE_SIZE];

	return eg_config_fail(report, -EINVAL, eg_config_line(setting), "%s: expected %s, got %s",
			      what, expected, found(setting, buf));
}

/* ---- words, booleans and numbers */

static int apply_word(const struct eg_config_report *report, const struct eg_config_key *key,
		      const config_setting_t *setting, void *owner)
{
	const char *text = config_setting_get_string(setting);
	void *field = (char *)owner + key->offset;
	char expected[EG_CONFIG_QUOTE_SIZE] = "";
	size_t len = 0;
	int i;

	for (i = 0; key->words[i]; i++) {
		if (text && strcmp(text, key->words[i]) == 0) {
			if (key->type == EG_CONFIG_WORD_BOOL)
				*(bool *)field = i;
			else
				*(unsigned int *)field = (unsigned int)i;
			return 0;
		}
		if (len < sizeof(expected))
			len += (size_t)snprintf(expected + len, sizeof(expected) - len, "%s\"%s\"",
						i ? " or " : "", key->words[i]);
	}
	return eg_config_fail_type(report, setting, key->path, expected);
}

static int apply_bool(const struct eg_config_report *report, const struct eg_config_key *key,
		      const config_setting_t *setting, void *owner)
{
	if (config_setting_type(setting) != CONFIG_TYPE_BOOL)
		return eg_config_fail_type(report, setting, key->path, "true or false");
	*(bool *)((char *)owner + key->offset) = config_setting_get_bool(setting);
	return 0;
}

static int apply_number(const struct eg_config_report *report, const struct eg_config_key *key,
			const config_setting_t *setting, void *owner)
{
	bool percent = key->type == EG_CONFIG_PERCENT;
	int number = config_setting_get_int(setting), low = key->type == EG_CONFIG_COUNT;
	int high = percent ? PERCENT_MAX : key->limit;
	char expected[EG_CONFIG_PATH_SIZE];

	(void)snprintf(expected, sizeof(expected), "%sa number from %d to %d",
		       percent				? "percent, "
		       : key->type == EG_CONFIG_SECONDS ? "seconds, "
							: "",
		       low, high);
	if (config_setting_type(setting) != CONFIG_TYPE_INT)
		return eg_config_fail_type(report, setting, key->path, expected);
	if (number < low || number > high)
		return eg_config_fail(report, -EINVAL, eg_config_line(setting),
				      "%s: expected %s, got %d", key->path, expected, number);
	*(unsigned int *)((char *)owner + key->offset) = (unsigned int)number;
	return 0;
}

/* ---- a path */

static int apply_path(const struct eg_config_report *report, const struct eg_config_key *key,
		      const config_setting_t *setting, void *owner)
{
	struct eg_config_text *path = (void *)((char *)owner + key->offset);
	const char *text = config_setting_get_string(setting);
	char quoted[EG_CONFIG_QUOTE_SIZE];

	if (!text)
		return eg_config_fail_type(report, setting, key->path,
					   "an absolute path in quotes such as \"/var/log/x\"");
	if (text[0] != '/' || text[strlen(text) - 1] == '/' || strlen(text) >= EG_PATH_TEXT_SIZE)
		return eg_config_fail(report, -EINVAL, eg_config_line(setting),
				      "%s: %s is not the absolute path of a file such as "
				      "\"/var/log/x\"",
				      key->path, eg_config_quote(quoted, text, strlen(text)));
	path->line = eg_config_line(setting);
	path->text = strdup(text);
	return path->text ? 0 : eg_config_fail_memory(report);
}

/* ---- names of profiles */

static int apply_label(const struct eg_config_report *report, const struct eg_config_key *key,
		       const config_setting_t *setting, void *owner)
{
	static const char letters[] =
		"-_.0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
	const char *text = config_setting_get_string(setting);
	char quoted[EG_CONFIG_QUOTE_SIZE];
	size_t n = text ? strlen(text) : 0;

	if (!text)
		return eg_config_fail_type(report, setting, key->path,
					   "a profile's name in quotes such as \"ops\"");
	if (n == 0 || n >= EG_CONFIG_LABEL_SIZE || strspn(text, letters) != n)
		return eg_config_fail(report, -EINVAL, eg_config_line(setting),
				      "%s: %s is no name for a profile: 1 to %d letters, digits, "
				      "\"_\", \".\" and \"-\"",
				      key->path, eg_config_quote(quoted, text, n),
				      EG_CONFIG_LABEL_SIZE - 1);
	memcpy((char *)owner + key->offset, text, n + 1);
	return 0;
}

/* ---- lists */

bool eg_config_is_list(const config_setting_t *setting)
{
	return config_setting_is_array(setting) || config_setting_is_list(setting);
}

char *eg_config_what(char *buf, const struct eg_config_key *key, int i)
{
	if (i < 0)
		(void)snprintf(buf, EG_CONFIG_WHAT_SIZE, "%s", key->path);
	else
		(void)snprintf(buf, EG_CONFIG_WHAT_SIZE, "%s[%d]", key->path, i);
	return buf;
}

const char *eg_config_element_text(const struct eg_config_report *report,
				   const struct eg_config_key *key, const config_setting_t *setting,
				   int i, const char *expected)
{
	const char *text = config_setting_get_string(setting);
	char what[EG_CONFIG_WHAT_SIZE];

	if (!text) /* the caller returns */
		(void)eg_config_fail_type(report, setting, eg_config_what(what, key, i), expected);
	return text;
}

int eg_config_fail_twice(const struct eg_config_report *report, const struct eg_config_key *key,
			 int i, const char *text, unsigned int line, unsigned int first_line)
{
	char quoted[EG_CONFIG_QUOTE_SIZE];

	return eg_config_fail(report, -EINVAL, line,
			      "%s[%d]: %s stands here twice; first on line %u", key->path, i,
			      eg_config_quote(quoted, text, strlen(text)), first_line);
}

/* ---- rules */

static int fail_rule(const struct eg_config_report *report, const struct eg_config_key *key,
		     const config_setting_t *setting, const char *text, const char *why)
{
	char quoted[EG_CONFIG_QUOTE_SIZE], network[EG_CIDR_TEXT_SIZE];
	int i = config_setting_index(setting);
	struct eg_rule_spec spec = {0};

	eg_config_quote(quoted, text, strlen(text));
	if (key->type == EG_CONFIG_PORTS || eg_rule_parse_loose(text, &spec, &why) < 0)
		return eg_config_fail(report, -EINVAL, eg_config_line(setting), "%s[%d]: %s %s",
				      key->path, i, quoted, why);
	return eg_config_fail(report, -EINVAL, eg_config_line(setting),
			      "%s[%d]: %s %s; the network is %s", key->path, i, quoted, why,
			      eg_cidr_format(&spec.net, network));
}

static int apply_rule(const struct eg_config_report *report, const struct eg_config_key *key,
		      const config_setting_t *setting, int i, struct eg_config_rule *ret)
{
	bool ports = key->type == EG_CONFIG_PORTS;
	struct eg_config_rule rule = {.allow = key->value, .line = eg_config_line(setting)};
	const char *why = NULL;
	const char *text =
		eg_config_element_text(report, key, setting, i,
				       ports ? "ports in quotes such as \"8000-8999/tcp\""
					     : "a network in quotes such as \"10.0.0.0/8\"");

	if (!text)
		return -EINVAL;
	if ((ports ? eg_rule_parse_ports(text, &rule.spec, &why)
		   : eg_rule_parse(text, &rule.spec, &why)) < 0)
		return fail_rule(report, key, setting, text, why);
	*ret = rule;
	return 0;
}

static int compare_rules(const void *va, const void *vb)
{
	const struct eg_config_rule *a = *(const struct eg_config_rule *const *)va;
	const struct eg_config_rule *b = *(const struct eg_config_rule *const *)vb;
	int order = eg_rule_compare(&a->spec, &b->spec);

	return order ? order : (a > b) - (a < b);
}

/* Refuses a rule that stands twice among n of one list, naming the first of those in the file. */
static int check_rules_once(const struct eg_config_report *report, const struct eg_config_key *key,
			    const config_setting_t *list, const struct eg_config_rule *rules,
			    size_t n)
{
	eg_auto_free const struct eg_config_rule **sorted =
		calloc(n + 1, sizeof(struct eg_config_rule *));
	size_t i, again = n; /* index of the first that is there already */
	unsigned int first_line = 0;

	if (!sorted)
		return eg_config_fail_memory(report);
	for (i = 0; i < n; i++)
		sorted[i] = &rules[i];
	qsort(sorted, n, sizeof(*sorted), compare_rules);
	for (i = 1; i < n; i++) {
		size_t at = (size_t)(sorted[i] - rules);

		if (at > again || eg_rule_compare(&sorted[i - 1]->spec, &sorted[i]->spec) != 0)
			continue;
		again = at;
		first_line = sorted[i - 1]->line;
	}
	if (again == n)
		return 0;
	return eg_config_fail_twice(report, key, (int)again,
				    config_setting_get_string_elem(list, (int)again),
				    rules[again].line, first_line);
}

static int apply_rules(const struct eg_config_report *report, const struct eg_config_key *key,
		       const config_setting_t *setting, void *owner)
{
	struct eg_config_rules *rules = (void *)((char *)owner + key->offset);
	struct eg_config_rule *list = NULL;
	int i, err, n = config_setting_length(setting);

	if (!eg_config_is_list(setting))
		return eg_config_fail_type(report, setting, key->path,
					   key->type == EG_CONFIG_PORTS
						   ? "an array of ports such as [ \"1-1023/tcp\" ]"
						   : "an array of networks such as "
						     "[ \"10.0.0.0/8\" ]");
	if (rules->n + (size_t)n > (size_t)key->limit)
		return eg_config_fail(report, -EINVAL, eg_config_line(setting),
				      "%s: %zu rules are too many; deny and allow together take %d",
				      key->path, rules->n + (size_t)n, key->limit);
	list = reallocarray(rules->list, rules->n + (size_t)n + 1, sizeof(*list));
	if (!list)
		return eg_config_fail_memory(report);
	rules->list = list;
	list += rules->n;
	for (i = 0; i < n; i++) {
		err = apply_rule(report, key, eg_config_element(setting, i), i, &list[i]);
		if (err < 0)
			return err;
	}
	rules->n += (size_t)n;
	return check_rules_once(report, key, setting, list, (size_t)n);
}

/* ---- sockets */

static int fail_socket(const struct eg_config_report *report, const struct eg_config_key *key,
		       const config_setting_t *setting, int i, const char *text)
{
	const char *meant = eg_config_socket_nearest(text);
	char quoted[EG_CONFIG_QUOTE_SIZE];

	eg_config_quote(quoted, text, strlen(text));
	if (meant)
		return eg_config_fail(report, -EINVAL, eg_config_line(setting),
				      "%s[%d]: unknown name %s; did you mean \"%s\"?", key->path, i,
				      quoted, meant);
	return eg_config_fail(report, -EINVAL, eg_config_line(setting),
			      "%s[%d]: unknown name %s; known are raw, sctp, dccp, udplite and the "
			      "families of address_families(7) such as AF_PACKET and AF_VSOCK",
			      key->path, i, quoted);
}

/* The bit of *open, a bitmap of what may be opened, that a name stands for; its number, 0..127, for
 * finding doubles. -EINVAL when there is no such name. */
static int open_socket(const char *name, struct eg_config_profile *profile)
{
	static const uint64_t usual =
		1ULL << AF_UNIX | 1ULL << AF_INET | 1ULL << AF_INET6 | 1ULL << AF_NETLINK;
	unsigned int family = 0;
	uint32_t protocol = 0;

	if (eg_config_socket(name, &family, &protocol) < 0)
		return -EINVAL;
	profile->protocols |= protocol;
	if (protocol)
		return N_SOCKETS + __builtin_ctz(protocol);
	profile->families |= 1ULL << family & ~usual; /* those are open anyway */
	return (int)family;
}

static int apply_sockets(const struct eg_config_report *report, const struct eg_config_key *key,
			 const config_setting_t *setting, void *owner)
{
	unsigned int lines[2 * N_SOCKETS] = {0}; /* where each was named */
	int i, bit, n = config_setting_length(setting);

	if (!eg_config_is_list(setting))
		return eg_config_fail_type(report, setting, key->path,
					   "an array of names such as [ \"AF_PACKET\", \"raw\" ]");
	for (i = 0; i < n; i++) {
		const config_setting_t *element = eg_config_element(setting, i);
		const char *text = eg_config_element_text(report, key, element, i,
							  "a name in quotes such as \"AF_PACKET\"");

		if (!text)
			return -EINVAL;
		bit = open_socket(text, owner);
		if (bit < 0)
			return fail_socket(report, key, element, i, text);
		if (lines[bit])
			return eg_config_fail_twice(report, key, i, text, eg_config_line(element),
						    lines[bit]);
		lines[bit] = eg_config_line(element);
	}
	return 0;
}

/* ---- doors */

void eg_config_apply_default(const struct eg_config_key *key, void *owner)
{
	void *field = (char *)owner + key->offset;

	if (key->type == EG_CONFIG_WORD || key->type == EG_CONFIG_PERCENT ||
	    key->type == EG_CONFIG_COUNT || key->type == EG_CONFIG_SECONDS)
		*(unsigned int *)field = (unsigned int)key->value;
	else if (key->type == EG_CONFIG_BOOL || key->type == EG_CONFIG_WORD_BOOL)
		*(bool *)field = key->value;
}

int eg_config_apply(const struct eg_config_report *report, const struct eg_config_key *key,
		    const config_setting_t *setting, void *owner)
{
	static int (*const appliers[])(const struct eg_config_report *,
				       const struct eg_config_key *, const config_setting_t *,
				       void *) = {
		[EG_CONFIG_WORD] = apply_word,
		[EG_CONFIG_WORD_BOOL] = apply_word,
		[EG_CONFIG_BOOL] = apply_bool,
		[EG_CONFIG_NETWORKS] = apply_rules,
		[EG_CONFIG_PORTS] = apply_rules,
		[EG_CONFIG_SOCKETS] = apply_sockets,
		[EG_CONFIG_FEEDS] = eg_config_apply_feeds,
		[EG_CONFIG_IDS] = eg_config_apply_texts,
		[EG_CONFIG_USERS] = eg_config_apply_texts,
		[EG_CONFIG_PATHS] = eg_config_apply_texts,
		[EG_CONFIG_TREES] = eg_config_apply_texts,
		[EG_CONFIG_MOUNTS] = eg_config_apply_texts,
		[EG_CONFIG_SERVERS] = eg_config_apply_texts,
		[EG_CONFIG_DIGESTS] = eg_config_apply_texts,
		[EG_CONFIG_MEMBERS] = eg_config_apply_texts,
		[EG_CONFIG_SERVICES] = eg_config_apply_texts,
		[EG_CONFIG_SOURCES] = eg_config_apply_texts,
		[EG_CONFIG_FINGERPRINTS] = eg_config_apply_texts,
		[EG_CONFIG_CAPABILITIES] = eg_config_apply_capabilities,
		[EG_CONFIG_FEED_PATH] = eg_config_apply_file,
		[EG_CONFIG_PERCENT] = apply_number,
		[EG_CONFIG_COUNT] = apply_number,
		[EG_CONFIG_SECONDS] = apply_number,
		[EG_CONFIG_PATH] = apply_path,
		[EG_CONFIG_LABEL] = apply_label,
	};

	return appliers[key->type](report, key, setting, owner);
}
