// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * /etc/ebpfguard.conf to a checked struct, in three steps, each refusing what the next would get
 * wrong.
 *
 * First our own lexer (config_scan.c) reads the text for what libconfig 1.5 lets through, follows
 * or gets wrong: integers that wrap,
 * @include, NUL, depth, comments that never end. It also notes the line of every setting, because
 * libconfig gives a string the line of the token after it. Then libconfig parses. Last, the schema
 * table is applied: unknown keys, types, values, defaults.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <libconfig.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "config_scan.h"
#include "util.h"

enum {
	PATH_SIZE = 128,    /* dotted key, NUL included */
	HINT_NAME_MAX = 32, /* longest name that a suggestion is sought for */
};

char *eg_err_format(const struct eg_err *err, char *buf, size_t size)
{
	size_t i;

	if (err->line)
		(void)snprintf(buf, size, "%s:%u: %s", err->file, err->line, err->text);
	else
		(void)snprintf(buf, size, "%s: %s", err->file, err->text);
	for (i = 0; i < size && buf[i]; i++) /* a path can hold anything; this stays one line */
		if ((unsigned char)buf[i] < ' ' || buf[i] == 0x7f)
			buf[i] = '?';
	return buf;
}

/* ---- parse */

static config_setting_t *element(const config_setting_t *setting, int i)
{
	return config_setting_get_elem(setting, (unsigned int)i);
}

static unsigned int line_of(const config_setting_t *setting)
{
	return (unsigned int)(uintptr_t)config_setting_get_hook(setting);
}

/* Gives each setting its line from the scan. Recurses EG_CONFIG_DEPTH_MAX deep at most: the scan
 * has seen to that. */
static void set_lines(const config_setting_t *parent, const struct eg_config_scan *scan,
		      size_t *next)
{
	int i, n = config_setting_length(parent);

	for (i = 0; i < n && *next < scan->n_lines; i++) {
		config_setting_t *child = element(parent, i);

		config_setting_set_hook(child, (void *)(uintptr_t)scan->lines[(*next)++]);
		if (config_setting_is_aggregate(child))
			set_lines(child, scan, next);
	}
}

static int count_settings(const config_setting_t *parent)
{
	int i, n = config_setting_length(parent), total = n;

	for (i = 0; i < n; i++)
		if (config_setting_is_aggregate(element(parent, i)))
			total += count_settings(element(parent, i));
	return total;
}

static int fail_parse(const struct eg_config_report *report, const config_t *tree)
{
	unsigned int line = (unsigned int)config_error_line(tree);
	const char *why = config_error_text(tree);

	if (why && strstr(why, "mismatched"))
		return eg_config_fail(report, -EINVAL, line,
				      "the elements of an array must all be of one type");
	return eg_config_fail(
		report, -EINVAL, line,
		"syntax error near line %u: settings are written key = value; and elements are "
		"separated by commas",
		line);
}

/* text: ends in a newline (libconfig 1.5 refuses a comment that ends with the file) and NUL. */
static int parse_text(const struct eg_config_report *report, config_t *tree, const char *text)
{
	__attribute__((cleanup(eg_config_scan_done))) struct eg_config_scan scan = {
		.report = report, .at = text, .end = text + strlen(text), .line = 1};
	size_t next = 0;
	int err = eg_config_scan(&scan);

	if (err < 0)
		return err;
	config_set_include_dir(tree, "/dev/null"); /* a second lock: the scan refuses @include */
	if (!config_read_string(tree, text))
		return fail_parse(report, tree);
	set_lines(config_root_setting(tree), &scan, &next);
	if ((size_t)count_settings(config_root_setting(tree)) != scan.n_lines)
		return eg_config_fail(
			report, -EINVAL, 0,
			"cannot be read in one way only; please report this as a bug");
	return 0;
}

/* ---- schema */

enum key_type { KEY_WORD, KEY_BOOL, KEY_NETWORKS };

/* A setting of the file. */
struct key {
	const char *path; /* dotted */
	enum key_type type;
	size_t offset; /* in struct eg_config_profile */
	int value;     /* default; KEY_NETWORKS: 1 = the rules allow */
	int limit;     /* KEY_NETWORKS: most of them, together with those applied before */
	const char *const *words; /* KEY_WORD: names of the values from 0, NULL-terminated */
};

static const char *const mode_words[] = {
	[EG_MODE_ENFORCE] = "enforce", [EG_MODE_AUDIT] = "audit", [EG_MODE_AUDIT + 1] = NULL};

/* One row a setting, in the order in which they are applied. */
#define FIELD(f) offsetof(struct eg_config_profile, f)
#define SCHEMA(ROW)                                                                                \
	ROW("mode", KEY_WORD, FIELD(mode), EG_MODE_ENFORCE, 0, mode_words)                         \
	ROW("deny", KEY_NETWORKS, FIELD(rules), 0, EG_CONFIG_RULES_MAX, NULL)                      \
	ROW("allow", KEY_NETWORKS, FIELD(rules), 1, EG_CONFIG_RULES_MAX, NULL)                     \
	ROW("setuid.deny", KEY_BOOL, FIELD(deny_setuid), 0, 0, NULL)                               \
	ROW("mount.deny", KEY_BOOL, FIELD(deny_mount), 0, 0, NULL)

#define ROW_KEY(...)	    {__VA_ARGS__},
#define ROW_NAME(path, ...) path,
static const struct key schema[] = {SCHEMA(ROW_KEY)};
static const char *const key_names[] = {SCHEMA(ROW_NAME) NULL};

const char *const *eg_config_keys(void)
{
	return key_names;
}

static const struct key *find_key(const char *path)
{
	size_t i;

	for (i = 0; i < EG_ARRAY_SIZE(schema); i++)
		if (strcmp(schema[i].path, path) == 0)
			return &schema[i];
	return NULL;
}

/* Does a key stand in the group of this path? */
static bool is_group(const char *path)
{
	size_t i, n = strlen(path);

	for (i = 0; i < EG_ARRAY_SIZE(schema); i++)
		if (strncmp(schema[i].path, path, n) == 0 && schema[i].path[n] == '.')
			return true;
	return false;
}

/*
 * The i-th key's name as it is seen from a group: "setuid" for setuid.deny in the file itself,
 * "setuid.deny" in setuid. prefix: the group's path with its dot, or "". Returns buf, or NULL when
 * the key is not there or was named before.
 */
static const char *name_in_group(size_t i, const char *prefix, char buf[PATH_SIZE])
{
	size_t n = strlen(prefix), len, j;

	if (strncmp(schema[i].path, prefix, n) != 0)
		return NULL;
	len = n + strcspn(schema[i].path + n, ".");
	for (j = 0; j < i; j++)
		if (strncmp(schema[j].path, schema[i].path, len) == 0 && schema[j].path[len] == '.')
			return NULL;
	(void)snprintf(buf, PATH_SIZE, "%.*s", (int)len, schema[i].path);
	return buf;
}

/* Edit distance, capitals aside; two neighbours that have changed places count once. Both at most
 * HINT_NAME_MAX. */
static unsigned int distance(const char *a, const char *b)
{
	unsigned int d[HINT_NAME_MAX + 1][HINT_NAME_MAX + 1] = {{0}};
	size_t i, j, na = strlen(a), nb = strlen(b);

	for (i = 0; i <= na; i++)
		for (j = 0; j <= nb; j++) {
			unsigned int best = (unsigned int)(i + j); /* when either is empty */

			if (i && j) {
				best = d[i - 1][j - 1] + ((a[i - 1] | 0x20) != (b[j - 1] | 0x20));
				best = d[i - 1][j] + 1 < best ? d[i - 1][j] + 1 : best;
				best = d[i][j - 1] + 1 < best ? d[i][j - 1] + 1 : best;
			}
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] &&
			    d[i - 2][j - 2] + 1 < best)
				best = d[i - 2][j - 2] + 1;
			d[i][j] = best;
		}
	return d[na][nb];
}

/* The known key that was probably meant: at most two edits away, and fewer than half of it. NULL =
 * none. */
static const char *nearest(const char *path, const char *prefix, char buf[PATH_SIZE])
{
	unsigned int best = 3;
	char name[PATH_SIZE];
	size_t i, n = strlen(prefix);

	if (strlen(path) > HINT_NAME_MAX)
		return NULL;
	for (i = 0; i < EG_ARRAY_SIZE(schema); i++) {
		unsigned int edits;

		if (!name_in_group(i, prefix, name) || strlen(name) > HINT_NAME_MAX)
			continue;
		edits = distance(path, name);
		if (edits >= best || 2 * edits >= strlen(name) - n)
			continue;
		best = edits;
		(void)strcpy(buf, name);
	}
	return best < 3 ? buf : NULL;
}

static int fail_unknown(const struct eg_config_report *report, const config_setting_t *setting,
			const char *path, const char *prefix)
{
	char known[EG_ERR_TEXT_SIZE] = "", name[PATH_SIZE], quoted[EG_CONFIG_QUOTE_SIZE];
	size_t i, len = 0;

	eg_config_quote(quoted, path, strlen(path));
	if (nearest(path, prefix, name))
		return eg_config_fail(report, -EINVAL, line_of(setting),
				      "unknown key %s; did you mean \"%s\"?", quoted, name);
	for (i = 0; i < EG_ARRAY_SIZE(schema) && len < sizeof(known); i++)
		if (name_in_group(i, prefix, name))
			len += (size_t)snprintf(known + len, sizeof(known) - len, "%s%s",
						len ? ", " : "", name);
	return eg_config_fail(report, -EINVAL, line_of(setting),
			      "unknown key %s; known here: %.256s", quoted, known);
}

/* ---- apply */

/* What was found instead: a string as it is, for others their type. */
static const char *found(const config_setting_t *setting, char buf[EG_CONFIG_QUOTE_SIZE])
{
	static const char *const types[] = {
		[CONFIG_TYPE_NONE] = "nothing",	  [CONFIG_TYPE_GROUP] = "a group",
		[CONFIG_TYPE_INT] = "an integer", [CONFIG_TYPE_INT64] = "an integer",
		[CONFIG_TYPE_FLOAT] = "a number", [CONFIG_TYPE_STRING] = "a string",
		[CONFIG_TYPE_BOOL] = "a boolean", [CONFIG_TYPE_ARRAY] = "an array",
		[CONFIG_TYPE_LIST] = "a list",
	};
	const char *text = config_setting_get_string(setting);

	return text ? eg_config_quote(buf, text, strlen(text))
		    : types[config_setting_type(setting)];
}

static int fail_type(const struct eg_config_report *report, const config_setting_t *setting,
		     const char *what, const char *expected)
{
	char buf[EG_CONFIG_QUOTE_SIZE];

	return eg_config_fail(report, -EINVAL, line_of(setting), "%s: expected %s, got %s", what,
			      expected, found(setting, buf));
}

/* Refuses what the schema does not name. Descends into groups of the schema only. */
static int check_keys(const struct eg_config_report *report, const config_setting_t *group,
		      const char *prefix)
{
	int i, err = 0, n = config_setting_length(group);

	for (i = 0; i < n && err == 0; i++) {
		const config_setting_t *setting = element(group, i);
		char path[PATH_SIZE], below[PATH_SIZE + 1];

		(void)snprintf(path, sizeof(path), "%s%s", prefix, config_setting_name(setting));
		if (find_key(path)) /* a path that was cut is longer than any key */
			continue;
		if (!is_group(path))
			return fail_unknown(report, setting, path, prefix);
		if (!config_setting_is_group(setting))
			return fail_type(report, setting, path, "a group such as { deny = true; }");
		(void)snprintf(below, sizeof(below), "%s.", path);
		err = check_keys(report, setting, below);
	}
	return err;
}

static int apply_word(const struct eg_config_report *report, const struct key *key,
		      const config_setting_t *setting, struct eg_config_profile *profile)
{
	const char *text = config_setting_get_string(setting);
	char expected[PATH_SIZE] = "";
	size_t len = 0;
	int i;

	for (i = 0; key->words[i]; i++) {
		if (text && strcmp(text, key->words[i]) == 0) {
			*(unsigned int *)((char *)profile + key->offset) = (unsigned int)i;
			return 0;
		}
		if (len < sizeof(expected))
			len += (size_t)snprintf(expected + len, sizeof(expected) - len, "%s\"%s\"",
						i ? " or " : "", key->words[i]);
	}
	return fail_type(report, setting, key->path, expected);
}

static int apply_bool(const struct eg_config_report *report, const struct key *key,
		      const config_setting_t *setting, struct eg_config_profile *profile)
{
	if (config_setting_type(setting) != CONFIG_TYPE_BOOL)
		return fail_type(report, setting, key->path, "true or false");
	*(bool *)((char *)profile + key->offset) = config_setting_get_bool(setting);
	return 0;
}

static int fail_network(const struct eg_config_report *report, const struct key *key,
			const config_setting_t *setting, const char *text, const char *why)
{
	char quoted[EG_CONFIG_QUOTE_SIZE], network[EG_CIDR_TEXT_SIZE];
	int i = config_setting_index(setting);
	struct eg_cidr cidr = {0};

	eg_config_quote(quoted, text, strlen(text));
	if (eg_cidr_parse_loose(text, &cidr, &why) < 0)
		return eg_config_fail(report, -EINVAL, line_of(setting), "%s[%d]: %s %s", key->path,
				      i, quoted, why);
	return eg_config_fail(report, -EINVAL, line_of(setting), "%s[%d]: %s %s; the network is %s",
			      key->path, i, quoted, why, eg_cidr_format(&cidr, network));
}

static int apply_network(const struct eg_config_report *report, const struct key *key,
			 const config_setting_t *setting, int i, struct eg_config_rule *ret)
{
	const char *text = config_setting_get_string(setting), *why = NULL;
	struct eg_config_rule rule = {.allow = key->value, .line = line_of(setting)};
	char what[PATH_SIZE];

	if (!text) {
		(void)snprintf(what, sizeof(what), "%s[%d]", key->path, i);
		return fail_type(report, setting, what,
				 "a network in quotes such as \"10.0.0.0/8\"");
	}
	if (eg_cidr_parse(text, &rule.cidr, &why) < 0)
		return fail_network(report, key, setting, text, why);
	*ret = rule;
	return 0;
}

static int compare_rules(const void *va, const void *vb)
{
	const struct eg_config_rule *a = *(const struct eg_config_rule *const *)va;
	const struct eg_config_rule *b = *(const struct eg_config_rule *const *)vb;
	int order = eg_cidr_compare(&a->cidr, &b->cidr);

	return order ? order : (a > b) - (a < b);
}

/* Refuses a network that stands twice among n rules of one list, naming the first of those in the
 * file. */
static int check_networks_once(const struct eg_config_report *report, const struct key *key,
			       const config_setting_t *list, const struct eg_config_rule *rules,
			       size_t n)
{
	eg_auto_free const struct eg_config_rule **sorted =
		calloc(n + 1, sizeof(struct eg_config_rule *));
	size_t i, again = n; /* index of the first that is there already */
	unsigned int first_line = 0;
	char quoted[EG_CONFIG_QUOTE_SIZE];
	const char *text = NULL;

	if (!sorted)
		return eg_config_fail_memory(report);
	for (i = 0; i < n; i++)
		sorted[i] = &rules[i];
	qsort(sorted, n, sizeof(*sorted), compare_rules);
	for (i = 1; i < n; i++) {
		size_t at = (size_t)(sorted[i] - rules);

		if (at > again || eg_cidr_compare(&sorted[i - 1]->cidr, &sorted[i]->cidr) != 0)
			continue;
		again = at;
		first_line = sorted[i - 1]->line;
	}
	if (again == n)
		return 0;
	text = config_setting_get_string_elem(list, (int)again);
	return eg_config_fail(report, -EINVAL, rules[again].line,
			      "%s[%d]: %s stands here twice; first on line %u", key->path,
			      (int)again, eg_config_quote(quoted, text, strlen(text)), first_line);
}

static int apply_networks(const struct eg_config_report *report, const struct key *key,
			  const config_setting_t *setting, struct eg_config_profile *profile)
{
	int i, err, n = config_setting_length(setting);
	struct eg_config_rule *rules = NULL;

	if (!config_setting_is_array(setting) && !config_setting_is_list(setting))
		return fail_type(report, setting, key->path,
				 "an array of networks such as [ \"10.0.0.0/8\" ]");
	if (profile->n_rules + (size_t)n > (size_t)key->limit)
		return eg_config_fail(
			report, -EINVAL, line_of(setting),
			"%s: %zu networks are too many; deny and allow together take %d", key->path,
			profile->n_rules + (size_t)n, key->limit);
	rules = reallocarray(profile->rules, profile->n_rules + (size_t)n + 1, sizeof(*rules));
	if (!rules)
		return eg_config_fail_memory(report);
	profile->rules = rules;
	rules += profile->n_rules;
	for (i = 0; i < n; i++) {
		err = apply_network(report, key, element(setting, i), i, &rules[i]);
		if (err < 0)
			return err;
	}
	profile->n_rules += (size_t)n;
	return check_networks_once(report, key, setting, rules, (size_t)n);
}

static void apply_default(const struct key *key, struct eg_config_profile *profile)
{
	if (key->type == KEY_WORD)
		*(unsigned int *)((char *)profile + key->offset) = (unsigned int)key->value;
	else if (key->type == KEY_BOOL)
		*(bool *)((char *)profile + key->offset) = key->value;
}

static int apply(const struct eg_config_report *report, const config_t *tree,
		 struct eg_config_profile *profile)
{
	static int (*const appliers[])(const struct eg_config_report *, const struct key *,
				       const config_setting_t *, struct eg_config_profile *) = {
		[KEY_WORD] = apply_word,
		[KEY_BOOL] = apply_bool,
		[KEY_NETWORKS] = apply_networks,
	};
	int err = check_keys(report, config_root_setting(tree), "");
	size_t i;

	for (i = 0; i < EG_ARRAY_SIZE(schema) && err == 0; i++) {
		const config_setting_t *setting = config_lookup(tree, schema[i].path);

		apply_default(&schema[i], profile);
		if (setting)
			err = appliers[schema[i].type](report, &schema[i], setting, profile);
	}
	return err;
}

/* ---- doors */

static void config_free_p(struct eg_config **config)
{
	eg_config_free(*config);
}

static struct eg_config *config_new(const char *name)
{
	struct eg_config *config = calloc(1, sizeof(*config));
	struct eg_config_profile *profiles = calloc(1, sizeof(*profiles));

	if (!config || !profiles) {
		free(profiles);
		free(config);
		return NULL;
	}
	config->profiles = profiles;
	config->n_profiles = 1;
	(void)snprintf(config->file, sizeof(config->file), "%s", name); /* a long path is cut */
	(void)strcpy(profiles[0].name, "default");
	return config;
}

void eg_config_free(struct eg_config *config)
{
	size_t i;

	if (!config)
		return;
	for (i = 0; i < config->n_profiles; i++)
		free(config->profiles[i].rules);
	free(config->profiles);
	free(config);
}

static int check_bytes(const struct eg_config_report *report, const char *text, size_t n)
{
	const char *nul = n ? memchr(text, 0, n) : NULL;
	unsigned int line = 1;
	const char *at;

	if (n > EG_CONFIG_SIZE_MAX)
		return eg_config_fail(report, -EINVAL, 0, "larger than %d bytes",
				      EG_CONFIG_SIZE_MAX);
	if (!nul)
		return 0;
	for (at = text; at < nul; at++)
		line += *at == '\n';
	return eg_config_fail(report, -EINVAL, line, "NUL byte; a configuration is plain text");
}

/* The text as parse_text wants it, owned by the caller; NULL when there is no memory. */
static char *copy_text(const char *text, size_t n)
{
	char *copy = malloc(n + 2);

	if (!copy)
		return NULL;
	if (n)
		memcpy(copy, text, n);
	(void)strcpy(copy + n, "\n");
	return copy;
}

int eg_config_parse(const char *text, size_t n, const char *name, struct eg_config **ret,
		    struct eg_err *reterr)
{
	__attribute__((cleanup(config_free_p))) struct eg_config *config = config_new(name);
	__attribute__((cleanup(config_destroy))) config_t tree = {0};
	const struct eg_config_report report = {.file = name, .reterr = reterr};
	eg_auto_free char *copy = NULL;
	int err;

	if (!config)
		return eg_config_fail_memory(&report);
	err = check_bytes(&report, text, n);
	if (err < 0)
		return err;
	copy = copy_text(text, n);
	if (!copy)
		return eg_config_fail_memory(&report);
	config_init(&tree);
	err = parse_text(&report, &tree, copy);
	if (err < 0)
		return err;
	err = apply(&report, &tree, &config->profiles[0]);
	if (err < 0)
		return err;
	*ret = eg_take_ptr(&config);
	return 0;
}

/* May this file say what sessions are allowed? Whoever can write it could lift every restriction.
 */
static int check_file(const struct eg_config_report *report, int fd, unsigned int owner)
{
	struct stat st = {0};

	if (fstat(fd, &st) < 0)
		return eg_config_fail(report, -errno, 0, "fstat: %s", strerror(errno));
	if (!S_ISREG(st.st_mode))
		return eg_config_fail(report, -EINVAL, 0, "not a regular file");
	if (st.st_uid != 0 && st.st_uid != owner)
		return eg_config_fail(report, -EPERM, 0,
				      "owned by uid %u; expected uid %u: run chown %u", st.st_uid,
				      owner, owner);
	if (st.st_mode & (S_IWGRP | S_IWOTH)) /* an ACL's widest entry shows as the group's */
		return eg_config_fail(
			report, -EPERM, 0,
			"writable by others than its owner (mode %04o): run chmod go-w",
			st.st_mode & 07777U);
	if (st.st_size > EG_CONFIG_SIZE_MAX)
		return eg_config_fail(report, -EFBIG, 0, "larger than %d bytes",
				      EG_CONFIG_SIZE_MAX);
	return 0;
}

/* Reads to the end, wherever fstat said it is: the file may be growing. */
static int read_text(const struct eg_config_report *report, int fd, char **ret, size_t *ret_n)
{
	eg_auto_free char *text = NULL;
	size_t n = 0, size = 0;
	char *bigger = NULL;
	ssize_t got = 1;

	while (got > 0) {
		if (n > EG_CONFIG_SIZE_MAX)
			return eg_config_fail(report, -EFBIG, 0, "larger than %d bytes",
					      EG_CONFIG_SIZE_MAX);
		if (n == size) {
			size = size ? size * 2 : 4096;
			bigger = realloc(text, size);
			if (!bigger)
				return eg_config_fail_memory(report);
			text = bigger;
		}
		got = read(fd, text + n, size - n);
		if (got < 0)
			return eg_config_fail(report, -errno, 0, "read: %s", strerror(errno));
		n += (size_t)got;
	}
	*ret = eg_take_ptr(&text);
	*ret_n = n;
	return 0;
}

int eg_config_load(const char *path, unsigned int owner, struct eg_config **ret, char **ret_text,
		   size_t *ret_n, struct eg_err *reterr)
{
	/* Links are followed and then what was opened is judged. A FIFO or a device must not hold
	 * us up. */
	eg_auto_close int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	const struct eg_config_report report = {.file = path, .reterr = reterr};
	eg_auto_free char *text = NULL;
	size_t n = 0;
	int err;

	if (fd < 0)
		return eg_config_fail(&report, -errno, 0, "%s", strerror(errno));
	err = check_file(&report, fd, owner);
	if (err < 0)
		return err;
	err = read_text(&report, fd, &text, &n);
	if (err < 0)
		return err;
	err = eg_config_parse(text, n, path, ret, reterr);
	if (err < 0)
		return err;
	if (ret_text) {
		*ret_text = eg_take_ptr(&text);
		*ret_n = n;
	}
	return 0;
}
