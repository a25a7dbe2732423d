// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Records as datagrams for journald: taken apart by a reader of their own, also the hostile ones
 * and the longest. */
#include "event_helpers.h"

static const char *kv(const struct eg_fields *fields)
{
	static char line[EG_LINE_MAX];

	assert_in_range(eg_fields_kv(fields, line, sizeof(line)), 1, EG_LINE_MAX - 1);
	return line;
}

struct entry {
	const char *key;
	size_t key_n;
	const unsigned char *value;
	size_t n;
};

/* Takes a datagram apart; fails when it is none. Returns how many entries there are. */
static size_t read_journal(const char *bytes, size_t size, struct entry *entries, size_t max)
{
	const char *at = bytes, *end = bytes + size;
	size_t n = 0;

	while (at < end) {
		struct entry *entry = &entries[n++];
		const char *newline = memchr(at, '\n', (size_t)(end - at));
		const char *equals = newline ? memchr(at, '=', (size_t)(newline - at)) : NULL;

		assert_true(n <= max);
		assert_non_null(newline);
		entry->key = at;
		if (equals) {
			entry->key_n = (size_t)(equals - at);
			entry->value = (const unsigned char *)equals + 1;
			entry->n = (size_t)(newline - equals - 1);
			at = newline + 1;
		} else {
			uint64_t len = 0;

			entry->key_n = (size_t)(newline - at);
			assert_true(end - newline > 9);
			for (int i = 7; i >= 0; i--)
				len = len << 8 | (unsigned char)newline[1 + i];
			assert_true(len < (uint64_t)(end - newline - 9));
			entry->value = (const unsigned char *)newline + 9;
			entry->n = (size_t)len;
			at = newline + 9 + len;
			assert_int_equal(*at, '\n');
			at++;
		}
		assert_in_range(entry->key_n, 1, 64);
		for (size_t i = 0; i < entry->key_n; i++)
			assert_true((entry->key[i] >= 'A' && entry->key[i] <= 'Z') ||
				    entry->key[i] == '_' ||
				    (i && entry->key[i] >= '0' && entry->key[i] <= '9'));
		assert_int_not_equal(entry->key[0], '_'); /* journald drops those */
	}
	return n;
}

static const struct entry *find_entry(const struct entry *entries, size_t n, const char *key)
{
	const struct entry *found = NULL;

	for (size_t i = 0; i < n; i++)
		if (entries[i].key_n == strlen(key) && !memcmp(entries[i].key, key, strlen(key))) {
			assert_null(found);
			found = &entries[i];
		}
	return found;
}

static void assert_entry(const struct entry *entries, size_t n, const char *key, const char *value)
{
	const struct entry *entry = find_entry(entries, n, key);

	if (!entry)
		fail_msg("no %s", key);
	assert_int_equal(entry->n, strlen(value));
	assert_memory_equal(entry->value, value, entry->n);
}

static char journal_bytes[EG_JOURNAL_MAX];

static size_t journal(const struct eg_fields *fields, const char *message, bool args,
		      struct entry entries[EG_FIELDS_MAX])
{
	ssize_t n = eg_fields_journal(fields, message, 5, 10, args, journal_bytes,
				      sizeof(journal_bytes));

	assert_in_range(n, 1, EG_JOURNAL_MAX);
	return read_journal(journal_bytes, (size_t)n, entries, EG_FIELDS_MAX);
}

static void test_journal(void **state)
{
	struct eg_event_session session = full_session();
	struct eg_event e = full_event();
	struct entry entries[EG_FIELDS_MAX];
	struct eg_fields fields;
	size_t n;

	(void)state;
	session.rhost = "";
	assert_int_equal(eg_event_make(&e, &session, &added, &fields), 0);
	n = journal(&fields, "the line", true, entries);
	assert_entry(entries, n, "MESSAGE", "the line");
	assert_entry(entries, n, "PRIORITY", "5");
	assert_entry(entries, n, "SYSLOG_FACILITY", "10");
	assert_entry(entries, n, "SYSLOG_IDENTIFIER", "ebpfguard-helper");
	assert_entry(entries, n, "EBPFGUARD_EVENT", "refusal");
	assert_entry(entries, n, "EBPFGUARD_VERDICT", "deny");
	assert_entry(entries, n, "EBPFGUARD_OP", "connect");
	assert_entry(entries, n, "EBPFGUARD_SESSION", "17");
	assert_entry(entries, n, "EBPFGUARD_AUDIT_SESSION", "3");
	assert_entry(entries, n, "EBPFGUARD_KEY", FULL_KEY);
	assert_entry(entries, n, "EBPFGUARD_ARGS", "\"curl\" \"http://18.4.5.6/ x\"");
	assert_entry(entries, n, "EBPFGUARD_MONO", "1.002");
	assert_null(find_entry(entries, n, "EBPFGUARD_RHOST"));
	n = journal(&fields, "the line", false, entries);
	assert_null(find_entry(entries, n, "EBPFGUARD_ARGS"));
	assert_entry(entries, n, "EBPFGUARD_MONO", "1.002");
	for (size_t size = 0; size < 500; size++)
		assert_int_equal(eg_fields_journal(&fields, "x", 5, 10, true, journal_bytes, size),
				 -EMSGSIZE);
}

/* The text of arguments is that of the other forms, quotes and all: hostile[], in its order. */
static const char *const hostile_args[] = {
	"\"a uid\\x3d0 user\\x3droot\"",
	"\"x\\x0aNov 21 01:02:03 host ebpfguard-helper: DENY connect session\\x3d1 user\\x3droot\"",
	"\"x\\x0d\\x0aSTART session\\x3d99 user\\x3droot\"",
	"\"\\x1b]0;owned\\x07\\x1b[2J\\x1b[1;31m\"",
	"\"\\x22quoted\\x22 reason\\x3d\\x22fine\\x22\"",
	"\"back\\x5cslash\\x5cx20\\x5c\"",
	"\"\\xff\\xfe\\xc0\\xaf\\xed\\xa0\\x80\"",
	"\"caf\\xc3\\xa9 \\xe2\\x80\\xae gnp.exe\"",
	"\"\\xc2\\x9b[31m\"",
	"\"\\x3d\"",
	"\"\\x3d\\x3dsession\\x3d1\"",
	"\" \"",
	"\"\\x09\\x0b\\x0c\"",
	"\"-\"",
	"\"...\"",
	"\"%s%n%x\"",
	"\"\\x7f\"",
};

static void test_journal_hostile(void **state)
{
	struct entry entries[EG_FIELDS_MAX];
	struct eg_fields fields;

	(void)state;
	assert_int_equal(EG_ARRAY_SIZE(hostile_args), EG_ARRAY_SIZE(hostile));
	for (size_t i = 0; i < EG_ARRAY_SIZE(hostile); i++) {
		struct eg_event_session session = full_session();
		struct eg_event e = full_event();
		size_t n, usual;

		assert_int_equal(eg_event_make(&e, &session, &added, &fields), 0);
		usual = journal(&fields, "x", true, entries);
		session.user = hostile[i];
		e.n_args = (uint16_t)(strlen(hostile[i]) + 1);
		memcpy(e.args, hostile[i], e.n_args);
		assert_int_equal(eg_event_make(&e, &session, &added, &fields), 0);
		n = journal(&fields, kv(&fields), true, entries);
		assert_int_equal(n, usual); /* no field more */
		assert_entry(entries, n, "EBPFGUARD_USER", hostile[i]);
		assert_entry(entries, n, "EBPFGUARD_ARGS", hostile_args[i]);
		assert_entry(entries, n, "EBPFGUARD_UID", "1000");
	}
}

static void test_longest(void **state)
{
	static const char bytes[] = {'a', '\n', '\x80'};
	struct entry entries[EG_FIELDS_MAX];
	struct eg_event_session session;
	struct eg_event_added by;
	struct eg_fields fields;
	struct eg_event e;
	char text[1024];

	(void)state;
	for (uint16_t op = 0; op < EG_OP_MAX; op++)
		for (size_t b = 0; b < sizeof(bytes); b++) {
			size_t n;

			fill(&e, &session, &by, text, sizeof(text), bytes[b]);
			e.op = op;
			assert_int_equal(eg_event_make(&e, &session, &by, &fields), 0);
			n = journal(&fields, kv(&fields), true, entries);
			assert_non_null(find_entry(entries, n, "EBPFGUARD_MONO"));
		}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_journal),
		cmocka_unit_test(test_journal_hostile),
		cmocka_unit_test(test_longest),
	};

	return cmocka_run_group_tests_name("fields_journal", tests, NULL, NULL);
}
