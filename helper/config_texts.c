// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Lists of strings in the configuration: users, groups, programs, mounts, sockets, capabilities.
 * Only their form is judged: what of it there is on this host is for others to find out.
 */
#include "config_apply.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "capability.h"
#include "digest.h"
#include "util.h"

enum {
	ID_DIGITS_MAX = 10,    /* of 4294967294; (uid_t)-1 is nobody's */
	SOCKET_NAME_MAX = 107, /* of the 108 bytes of sun_path, one is its NUL */
	FSTYPE_MAX = 31,       /* what mount.bpf.c reads of a type; none comes near */
	CAPABILITIES_MAX = 64,
	SERVICE_MAX = EG_RECORD_SERVICE_SIZE - 1,
	FINGERPRINT_DIGITS = 43, /* of base64, for the 32 bytes of SHA-256 */
};

/* ---- what an element may look like: each returns what is wrong about it, NULL = nothing */

static const char *check_name(const char *text)
{
	size_t i, n = strlen(text);

	if (n == 0)
		return "is empty";
	if (n > EG_CONFIG_NAME_MAX)
		return "is longer than 255 bytes";
	if (text[0] == '-')
		return "begins with -, as no name does";
	for (i = 0; i < n; i++)
		if ((unsigned char)text[i] < ' ' || strchr(":/\x7f", text[i]))
			return "holds what no name does: a colon, a slash or a control character";
	return NULL;
}

static const char *check_id(const char *text)
{
	size_t digits = strspn(text, "0123456789");

	if (digits == 0 || text[digits])
		return check_name(text);
	if ((text[0] == '0' && digits > 1) || digits > ID_DIGITS_MAX ||
	    strtoull(text, NULL, 10) >= UINT32_MAX)
		return "needs to be a number from 0 to 4294967294 without leading zeros";
	return NULL;
}

static const char *check_user(const char *text)
{
	if (text[0] && text[strspn(text, "0123456789")] == '\0')
		return "is a number; expected the user's name";
	return check_name(text);
}

static const char *check_member(const char *text)
{
	if (text[0] && text[strspn(text, "0123456789")] == '\0')
		return "is a number; expected the group's name";
	return check_name(text);
}

static const char *check_service(const char *text)
{
	size_t n = strlen(text);

	if (n == 0)
		return "is empty";
	if (n > SERVICE_MAX)
		return "is longer than 63 bytes";
	for (size_t i = 0; i < n; i++)
		if (text[i] <= ' ' || text[i] > '~' || text[i] == '/')
			return "holds what no name of a service does: a blank, a slash or a "
			       "character that is not printable ASCII";
	return NULL;
}

/* Of its form only what tells a host's name from a mistake in an address; config_match.c parses. */
static const char *check_source(const char *text)
{
	return text[0] ? NULL : "is empty";
}

const char *eg_config_bad_fingerprint(const char *text)
{
	static const char wrong[] =
		"is no fingerprint of a key: SHA256: and 43 characters, as ssh-keygen -l prints it";
	static const char digits[] =
		"+/0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";

	if (strncmp(text, "SHA256:", 7) != 0)
		return wrong;
	text += 7;
	if (strlen(text) != FINGERPRINT_DIGITS || strspn(text, digits) != FINGERPRINT_DIGITS)
		return wrong;
	/* 43 digits have two bits more than 32 bytes: those are zero. */
	return strchr("AEIMQUYcgkosw048", text[FINGERPRINT_DIGITS - 1]) ? NULL : wrong;
}

static const char *check_path(const char *text)
{
	return text[0] == '/' ? NULL : "is not an absolute path such as /usr/bin/sudo";
}

static const char *check_tree(const char *text)
{
	static const char *const troubles[] = {
		"is not an absolute path such as /etc/shadow",
		"has a component \"..\"; write the path without it",
		"is longer than a path can be",
		"has a component of more than 255 bytes, as no name has",
	};
	size_t n;

	if (text[0] != '/')
		return troubles[0];
	if (strlen(text) >= PATH_MAX)
		return troubles[2];
	for (const char *at = text; *at; at += n) {
		at += strspn(at, "/");
		n = strcspn(at, "/");
		if (n == 2 && !strncmp(at, "..", n))
			return troubles[1];
		if (n > NAME_MAX)
			return troubles[3];
	}
	return NULL;
}

static const char *check_mount(const char *text)
{
	static const char letters[] =
		"-_0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
	size_t n = strspn(text, letters);

	if (text[0] == '/')
		return NULL;
	if (n && text[n] == '.' && !strchr(text, '/'))
		return "has a part behind a dot, which is not compared; write what stands before "
		       "it";
	if (n == 0 || text[n])
		return "is neither a file system type such as tmpfs nor an absolute path such as "
		       "/mnt";
	return n > FSTYPE_MAX ? "is longer than 31 bytes, as no type is" : NULL;
}

static const char *check_server(const char *text)
{
	if (text[0] != '/' && text[0] != '@')
		return "is neither an absolute path such as /run/x nor an abstract name such "
		       "as @x";
	if (!text[1])
		return "names no socket";
	return strlen(text) > SOCKET_NAME_MAX ? "is longer than 107 bytes, as no socket's name is"
					      : NULL;
}

static const char *check_digest(const char *text)
{
	struct eg_hash hash;

	return eg_digest_parse(text, strlen(text), &hash) < 0
		       ? "is no SHA-256 digest: 64 hex digits"
		       : NULL;
}

static const struct {
	const char *list, *element; /* what is expected */
	const char *(*check)(const char *text);
} forms[] = {
	[EG_CONFIG_IDS] = {"an array of names or numbers in quotes such as [ \"root\", \"1000\" ]",
			   "a name or number in quotes such as \"root\" or \"1000\"", check_id},
	[EG_CONFIG_USERS] = {"an array of names of users such as [ \"backup\" ]",
			     "a name in quotes such as \"backup\"", check_user},
	[EG_CONFIG_PATHS] = {"an array of absolute paths such as [ \"/usr/bin/sudo\" ]",
			     "an absolute path in quotes such as \"/usr/bin/sudo\"", check_path},
	[EG_CONFIG_TREES] = {"an array of absolute paths such as [ \"/etc/shadow\", \"/srv\" ]",
			     "an absolute path in quotes such as \"/etc/shadow\"", check_tree},
	[EG_CONFIG_MOUNTS] = {"an array of file system types and absolute paths such as "
			      "[ \"tmpfs\", \"/mnt\" ]",
			      "a file system type or absolute path in quotes such as \"tmpfs\" or "
			      "\"/mnt\"",
			      check_mount},
	[EG_CONFIG_SERVERS] = {"an array of names of sockets such as "
			       "[ \"/run/mysqld/mysqld.sock\", \"@name\" ]",
			       "a name in quotes such as \"/run/mysqld/mysqld.sock\" or \"@name\"",
			       check_server},
	[EG_CONFIG_DIGESTS] = {"an array of SHA-256 digests in hex, as sha256sum prints them",
			       "a digest in quotes, 64 hex digits", check_digest},
	/* those of match may be one string: what is expected of it is said of the list as well */
	[EG_CONFIG_MEMBERS] = {NULL, "a group's name in quotes such as \"wheel\"", check_member},
	[EG_CONFIG_SERVICES] = {NULL, "a service of PAM in quotes such as \"sshd\"", check_service},
	[EG_CONFIG_SOURCES] = {NULL, "an address or network in quotes such as \"10.0.0.0/8\"",
			       check_source},
	[EG_CONFIG_FINGERPRINTS] = {NULL, "a key's fingerprint in quotes such as \"SHA256:...\"",
				    eg_config_bad_fingerprint},
};

/* ---- lists of strings */

static int compare_texts(const void *va, const void *vb)
{
	const struct eg_config_text *a = *(const struct eg_config_text *const *)va;
	const struct eg_config_text *b = *(const struct eg_config_text *const *)vb;
	int order = strcmp(a->text, b->text);

	return order ? order : (a > b) - (a < b);
}

/* Refuses a text that stands twice in the list, naming the first of those in the file. */
static int check_texts_once(const struct eg_config_report *report, const struct eg_config_key *key,
			    const struct eg_config_texts *texts)
{
	eg_auto_free const struct eg_config_text **sorted =
		calloc(texts->n + 1, sizeof(struct eg_config_text *));
	size_t again = texts->n; /* index of the first that is there already */
	unsigned int first_line = 0;

	if (!sorted)
		return eg_config_fail_memory(report);
	for (size_t i = 0; i < texts->n; i++)
		sorted[i] = &texts->list[i];
	qsort(sorted, texts->n, sizeof(*sorted), compare_texts);
	for (size_t i = 1; i < texts->n; i++) {
		size_t at = (size_t)(sorted[i] - texts->list);

		if (at > again || strcmp(sorted[i - 1]->text, sorted[i]->text) != 0)
			continue;
		again = at;
		first_line = sorted[i - 1]->line;
	}
	if (again == texts->n)
		return 0;
	return eg_config_fail_twice(report, key, (int)again, texts->list[again].text,
				    texts->list[again].line, first_line);
}

static int apply_text(const struct eg_config_report *report, const struct eg_config_key *key,
		      const config_setting_t *element, int i, struct eg_config_text *ret)
{
	const char *text =
		eg_config_element_text(report, key, element, i, forms[key->type].element);
	const char *why = text ? forms[key->type].check(text) : NULL;
	unsigned int line = eg_config_line(element);
	char quoted[EG_CONFIG_QUOTE_SIZE], what[EG_CONFIG_WHAT_SIZE];

	if (!text)
		return -EINVAL;
	if (why)
		return eg_config_fail(report, -EINVAL, line, "%s: %s %s",
				      eg_config_what(what, key, i),
				      eg_config_quote(quoted, text, strlen(text)), why);
	ret->line = line;
	/* strdup, but gcc's analyzer would take the list's elements for leaks. */
	return asprintf(&ret->text, "%s", text) < 0 ? eg_config_fail_memory(report) : 0;
}

/* Trees have one limit for all lists of the profile, and one for those of a group. */
static int check_count(const struct eg_config_report *report, const struct eg_config_key *key,
		       const config_setting_t *setting, const void *owner)
{
	size_t n = (size_t)config_setting_length(setting), limit = EG_CONFIG_TEXTS_MAX;
	const struct eg_config_profile *profile = owner;
	const struct eg_config_group *group = owner;

	if (key->type == EG_CONFIG_TREES && key->owner == EG_CONFIG_OF_GROUP) {
		n += group->files_deny_read.n + group->files_deny_write.n + group->files_allow.n;
	} else if (key->type == EG_CONFIG_TREES) {
		n += profile->files_deny_read.n + profile->files_deny_write.n +
		     profile->files_allow.n + profile->exec_deny.n + profile->exec_allow_only.n;
	}
	if (key->limit)
		limit = (size_t)key->limit;
	if (n <= limit)
		return 0;
	return eg_config_fail(report, -EINVAL, eg_config_line(setting),
			      "%s: %zu entries are too many; %s %zu", key->path, n,
			      key->type == EG_CONFIG_TREES ? "all lists of files together take"
							   : "it takes",
			      limit);
}

static int fail_list(const struct eg_config_report *report, const struct eg_config_key *key,
		     const config_setting_t *setting)
{
	char expected[EG_CONFIG_QUOTE_SIZE];

	if (key->owner != EG_CONFIG_OF_MATCH)
		return eg_config_fail_type(report, setting, key->path, forms[key->type].list);
	(void)snprintf(expected, sizeof(expected), "%s, or an array of them",
		       forms[key->type].element);
	return eg_config_fail_type(report, setting, key->path, expected);
}

static int fail_empty(const struct eg_config_report *report, const struct eg_config_key *key,
		      const config_setting_t *setting)
{
	return eg_config_fail(
		report, -EINVAL, eg_config_line(setting), "%s: an empty list %s", key->path,
		key->owner == EG_CONFIG_OF_MATCH
			? "would match nobody; for everybody, leave the key out"
		: strncmp(key->path, EG_CONFIG_PROFILES, strlen(EG_CONFIG_PROFILES))
			? "would refuse everything; to refuse nothing, leave the key out"
			: "would refuse everything; to refuse nothing, leave the key "
			  "out, or, when the profile extends one that has it, write "
			  "[ \"/\" ]");
}

int eg_config_apply_texts(const struct eg_config_report *report, const struct eg_config_key *key,
			  const config_setting_t *setting, void *owner)
{
	struct eg_config_texts *texts = (void *)((char *)owner + key->offset);
	bool alone = key->owner == EG_CONFIG_OF_MATCH && config_setting_get_string(setting);
	int i, err, n = alone ? 1 : config_setting_length(setting);

	if (!alone && !eg_config_is_list(setting))
		return fail_list(report, key, setting);
	err = check_count(report, key, setting, owner);
	if (err < 0)
		return err;
	if (n == 0 && key->value)
		return fail_empty(report, key, setting);
	texts->list = reallocarray(NULL, (size_t)n + 1, sizeof(*texts->list));
	if (!texts->list)
		return eg_config_fail_memory(report);
	texts->set = true;
	texts->line = eg_config_line(setting);
	for (i = 0; i < n; i++) {
		err = apply_text(report, key, alone ? setting : eg_config_element(setting, i),
				 alone ? -1 : i, &texts->list[i]);
		if (err < 0)
			return err;
		texts->n++;
	}
	return check_texts_once(report, key, texts);
}

void eg_config_texts_done(struct eg_config_texts *texts)
{
	size_t i;

	for (i = 0; i < texts->n; i++)
		free(texts->list[i].text);
	free(texts->list);
	*texts = (struct eg_config_texts){0};
}

/* ---- capabilities */

static int fail_capability(const struct eg_config_report *report, const struct eg_config_key *key,
			   const config_setting_t *element, int i, const char *text)
{
	const char *meant = eg_config_capability_nearest(text);
	char quoted[EG_CONFIG_QUOTE_SIZE];

	eg_config_quote(quoted, text, strlen(text));
	if (meant)
		return eg_config_fail(report, -EINVAL, eg_config_line(element),
				      "%s[%d]: unknown capability %s; did you mean \"%s\"?",
				      key->path, i, quoted, meant);
	return eg_config_fail(report, -EINVAL, eg_config_line(element),
			      "%s[%d]: unknown capability %s; known are those of capabilities(7) "
			      "such as SYS_ADMIN and NET_RAW",
			      key->path, i, quoted);
}

int eg_config_apply_capabilities(const struct eg_config_report *report,
				 const struct eg_config_key *key, const config_setting_t *setting,
				 void *owner)
{
	uint64_t *denied = (void *)((char *)owner + key->offset);
	unsigned int lines[CAPABILITIES_MAX] = {0}; /* where each was named */
	int i, n = config_setting_length(setting);

	if (!eg_config_is_list(setting))
		return eg_config_fail_type(
			report, setting, key->path,
			"an array of capabilities such as [ \"SYS_ADMIN\", \"NET_RAW\" ]");
	for (i = 0; i < n; i++) {
		const config_setting_t *element = eg_config_element(setting, i);
		const char *text = eg_config_element_text(
			report, key, element, i, "a capability in quotes such as \"SYS_ADMIN\"");
		unsigned int number = 0;

		if (!text)
			return -EINVAL;
		if (eg_capability_parse(text, &number) < 0)
			return fail_capability(report, key, element, i, text);
		if (lines[number])
			return eg_config_fail_twice(report, key, i, text, eg_config_line(element),
						    lines[number]);
		lines[number] = eg_config_line(element);
		*denied |= 1ULL << number;
	}
	return 0;
}
