// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Every key of the configuration: it is in the schema, the manual page, the sample and the table of
 * config_keys.h, or in none of them; it does what it says and nothing else, also in a profile, and
 * is inherited; a wrong value is refused, by name.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "config_dump.h"
#include "config_helpers.h"
#include "config_keys.h"

enum { TEXT_SIZE = 2048 };

/* ---- schema, page, sample and table name the same keys */

/* Is the key on a line of its own behind the prefix? "setuid.deny" is looked for as it is. */
static const char *find_line(const char *text, const char *prefix, const char *key)
{
	char line[256];
	const char *at;

	(void)snprintf(line, sizeof(line), "\n%s%s\n", prefix, key);
	at = strstr(text, line);
	return at ? at + strlen(line) : NULL;
}

static bool is_key(const char *name, size_t len)
{
	const char *const *keys = eg_config_keys();

	while (*keys && (strlen(*keys) != len || strncmp(*keys, name, len) != 0))
		keys++;
	return *keys;
}

/* How many lines with the prefix there are, each of which must name a key. */
static size_t count_keys(const char *path, const char *text, const char *prefix)
{
	char start[64];
	size_t n = 0;

	(void)snprintf(start, sizeof(start), "\n%s", prefix);
	for (text = strstr(text, start); text; text = strstr(text, start), n++) {
		size_t len = strcspn(text += strlen(start), "\n");

		if (!is_key(text, len))
			fail_msg("%s explains %.*s, which is no key", path, (int)len, text);
	}
	return n;
}

static const struct key_row *find_row(const char *key)
{
	for (size_t i = 0; i < EG_ARRAY_SIZE(key_rows); i++)
		if (strcmp(key_rows[i].key, key) == 0)
			return &key_rows[i];
	return NULL;
}

/* Keys of a group of its own stand there alone, and two others once in the file. */
static bool stands_in_profile(const char *key)
{
	return strcmp(key, "strict") != 0 && strcmp(key, "managers.exempt") != 0 &&
	       strncmp(key, "log.", 4) != 0 && strncmp(key, "profiles[]", 10) != 0 &&
	       strncmp(key, "match[]", 7) != 0;
}

static void check_row(const char *key)
{
	const struct key_row *row = find_row(key);

	if (!row)
		fail_msg("tests/unit/config_keys.h has no row for %s", key);
	if (!row->one || !row->does || !*row->does)
		fail_msg("%s: no test that it works", key);
	if (!row->bad || !row->why)
		fail_msg("%s: no test that a wrong value is refused", key);
	if (!row->other != !stands_in_profile(key))
		fail_msg("%s: another value is for what can stand in a profile", key);
}

static void test_in_step(void **state)
{
	eg_auto_free char *sample = read_whole(sample_path), *page = read_whole(page_path);
	const char *const *keys = eg_config_keys();
	size_t n;

	(void)state;
	for (n = 0; keys[n]; n++) {
		if (!find_line(page, ".It Ic ", keys[n]))
			fail_msg("%s does not explain %s", page_path, keys[n]);
		if (!find_line(sample, "# KEY ", keys[n]))
			fail_msg("%s does not explain %s", sample_path, keys[n]);
		check_row(keys[n]);
		for (size_t i = 0; i < n; i++)
			assert_string_not_equal(keys[i], keys[n]);
	}
	assert_true(n > 0); /* and none of them knows more */
	assert_int_equal(count_keys(page_path, page, ".It Ic "), n);
	assert_int_equal(count_keys(sample_path, sample, "# KEY "), n);
	assert_int_equal(EG_ARRAY_SIZE(key_rows), n);
}

/* What the page says of a key: up to the next; keys without a text of their own share that. Owned
 * by the caller. */
static char *page_entry(const char *page, const char *key)
{
	const char *from = find_line(page, ".It Ic ", key), *to;

	assert_non_null(from);
	while (strncmp(from, ".It Ic ", 7) == 0)
		from = strchr(from, '\n') + 1;
	to = strstr(from, "\n.It Ic ");
	if (!to)
		to = strstr(from, "\n.Sh ");
	assert_non_null(to);
	return strndup(from, (size_t)(to - from));
}

/* Nobody has to guess what a key is when it is left out. */
static void test_page_defaults(void **state)
{
	eg_auto_free char *page = read_whole(page_path);
	const char *const *keys = eg_config_keys();

	(void)state;
	for (size_t n = 0; keys[n]; n++) {
		eg_auto_free char *entry = page_entry(page, keys[n]);

		if (!strstr(entry, "Default: ") && !strstr(entry, "Default:\n") &&
		    !strstr(entry, "Required") && !strstr(entry, "must be set"))
			fail_msg("%s: %s has no default in the page", keys[n], entry);
	}
}

/* All examples of the sample together are a configuration. */
static void test_sample_examples(void **state)
{
	static const char mark[] = "\n# Example:", go_on[] = "\n#    ";
	eg_auto_free char *sample = read_whole(sample_path), *all = calloc(1, WHOLE_SIZE);
	char *out = all;
	size_t n = 0;

	(void)state;
	assert_non_null(all);
	for (const char *at = strstr(sample, mark); at; at = strstr(at, mark), n++) {
		at += strlen(mark);
		do {
			size_t len = strcspn(at, "\n");

			out += sprintf(out, "%.*s\n", (int)len, at);
			at += len;
		} while (strncmp(at, go_on, strlen(go_on)) == 0 && (at += 2));
	}
	assert_true(n >= 15);
	eg_config_free(must_parse(all));
}

/* ---- it works */

/* The lines of a that b has not, separated by "; ". */
static void new_lines(const char *a, const char *b, char ret[TEXT_SIZE])
{
	ret[0] = '\0';
	while (*a) {
		size_t n = strcspn(a, "\n");
		char line[TEXT_SIZE / 2];

		(void)snprintf(line, sizeof(line), "\n%.*s\n", (int)n, a);
		if (!strstr(b, line) && strncmp(b, line + 1, n + 1) != 0)
			(void)snprintf(ret + strlen(ret), TEXT_SIZE - strlen(ret), "%s%.*s",
				       *ret ? "; " : "", (int)n, a);
		a += n + 1;
	}
}

/* The i-th profile that a text makes, -1 for all of it, as lines; owned by the caller. */
static char *dump_of(const char *text, int i)
{
	struct eg_config *conf = must_parse(text);
	char *lines = dump(conf, i);

	eg_config_free(conf);
	return lines;
}

static void test_works(void **state)
{
	(void)state;
	for (size_t i = 0; i < EG_ARRAY_SIZE(key_rows); i++) {
		const struct key_row *row = &key_rows[i];
		eg_auto_free char *with = dump_of(row->one, -1),
				  *without = dump_of(row->base ? row->base : "", -1);
		char got[TEXT_SIZE];

		new_lines(with, without, got);
		if (strcmp(got, row->does) != 0)
			fail_msg("%s: %s makes \"%s\", expected \"%s\"", row->key, row->one, got,
				 row->does);
	}
}

/* ---- it is inherited */

static void check_same(const char *key, const char *file, int i, const char *other_file)
{
	eg_auto_free char *a = dump_of(file, i), *b = dump_of(other_file, 0);

	if (strcmp(a, b) != 0)
		fail_msg("%s: profile %d of %s\nis\n%s\nexpected\n%s", key, i, file, a, b);
}

/* What is printed of a profile makes the same profile. */
static void check_printed(const char *key, const char *file)
{
	struct eg_config *conf = must_parse(file);
	char *text = NULL;
	size_t n = 0;
	FILE *out = open_memstream(&text, &n);

	assert_non_null(out);
	eg_config_print(&conf->profiles[0], 0, out);
	assert_int_equal(fclose(out), 0);
	check_same(key, text, 0, file);
	eg_config_free(conf);
	free(text);
}

static void check_inherits(const struct key_row *row)
{
	eg_auto_free char *one = dump_of(row->one, 0), *other = dump_of(row->other, 0);
	char text[TEXT_SIZE];

	assert_string_not_equal(one, other); /* so all below can fail */
	(void)snprintf(text, sizeof(text),
		       "%s profiles = ({ name = \"p\"; extends = \"default\"; }, "
		       "{ name = \"q\"; extends = \"p\"; }, { name = \"r\"; });",
		       row->one);
	check_same(row->key, text, 0, row->one);
	check_same(row->key, text, 1, row->one);
	check_same(row->key, text, 2, row->one);
	check_same(row->key, text, 3, "");
	(void)snprintf(text, sizeof(text),
		       "profiles = ({ name = \"p\"; extends = \"default\"; %s },"
		       "{ name = \"q\"; %s }, { name = \"r\"; extends = \"p\"; }); %s",
		       row->other, row->one, row->one);
	check_same(row->key, text, 1, row->other);
	check_same(row->key, text, 2, row->one);
	check_same(row->key, text, 3, row->other);
}

static void test_inherits(void **state)
{
	size_t n = 0;

	(void)state;
	for (size_t i = 0; i < EG_ARRAY_SIZE(key_rows); i++) {
		if (!key_rows[i].other)
			continue;
		check_printed(key_rows[i].key, key_rows[i].one);
		check_printed(key_rows[i].key, key_rows[i].other);
		check_inherits(&key_rows[i]);
		n++;
	}
	assert_true(n >= 50);
}

/* ---- a wrong value is refused */

static void check_wrong_in(const char *before, const struct key_row *row, const char *after,
			   const char *where)
{
	char text[TEXT_SIZE], message[MESSAGE_SIZE];

	(void)snprintf(text, sizeof(text), "%s%s%s", before, row->bad, after);
	(void)snprintf(message, sizeof(message), "f:1: %s%s", where, row->why);
	check_wrong(text, message);
}

/* A message names its key, with the numbers of what it stands in: no row does another's work. */
static void check_named(const struct key_row *row)
{
	const char *why = row->why;

	for (const char *key = row->key; *key; key++, why++) {
		if (*key != *why)
			fail_msg("%s: \"%s\" is about another key", row->key, row->why);
		if (*key == '[' && why[1] == '0')
			why++;
	}
	assert_non_null(strchr("[:", *why));
}

static void test_wrong(void **state)
{
	(void)state;
	for (size_t i = 0; i < EG_ARRAY_SIZE(key_rows); i++) {
		check_named(&key_rows[i]);
		check_wrong_in("", &key_rows[i], "", "");
		if (key_rows[i].other)
			check_wrong_in("profiles = ({ name = \"p\"; ", &key_rows[i], " });",
				       "profiles[0].");
	}
}

/* What is for the file as a whole is no key of a profile, with any value. */
static void test_not_in_profile(void **state)
{
	size_t n = 0;

	(void)state;
	for (size_t i = 0; i < EG_ARRAY_SIZE(key_rows); i++) {
		const struct key_row *row = &key_rows[i];
		char text[TEXT_SIZE], message[MESSAGE_SIZE], top[64];

		if (row->other || row->base)
			continue;
		(void)snprintf(top, sizeof(top), "%.*s", (int)strcspn(row->key, "."), row->key);
		(void)snprintf(text, sizeof(text), "profiles = ({ name = \"p\"; %s });", row->one);
		(void)snprintf(message, sizeof(message),
			       "f:1: \"profiles[].%s\": %s is for the whole file; set it outside "
			       "of profiles",
			       top, top);
		check_wrong(text, message);
		n++;
	}
	assert_int_equal(n, 10);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_in_step),		cmocka_unit_test(test_page_defaults),
		cmocka_unit_test(test_sample_examples), cmocka_unit_test(test_works),
		cmocka_unit_test(test_inherits),	cmocka_unit_test(test_wrong),
		cmocka_unit_test(test_not_in_profile),
	};

	return cmocka_run_group_tests_name("config_keys", tests, NULL, NULL);
}
