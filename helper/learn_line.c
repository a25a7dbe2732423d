// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* A line of the log, taken apart: exactly the form that event.c and report.c give it. */
#include <errno.h>
#include <string.h>

#include "learn.h"
#include "util.h"

static const char tag[] = "ebpfguard-helper[";

/* What is still to be read. */
struct rest {
	const char *at, *end;
};

/* ---- words */

/* Up to the next blank, which is passed over. False at the end, and for an empty one. */
static bool next_word(struct rest *rest, struct eg_learn_word *ret)
{
	const char *blank = memchr(rest->at, ' ', (size_t)(rest->end - rest->at));
	const char *end = blank ? blank : rest->end;

	*ret = (struct eg_learn_word){rest->at, (size_t)(end - rest->at)};
	rest->at = blank ? blank + 1 : rest->end;
	return ret->n > 0;
}

bool eg_learn_word_is(const struct eg_learn_word *word, const char *text)
{
	return word->n == strlen(text) && memcmp(word->at, text, word->n) == 0;
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* The byte that begins at text; *ret_used: how many characters stand for it. -EINVAL: none that
 * eg_event_escape writes. */
static int one_byte(const char *text, size_t n, size_t *ret_used)
{
	unsigned char c = (unsigned char)text[0];
	int high, low;

	*ret_used = 1;
	if (c != '\\')
		return c > 0x20 && c < 0x7f && c != '"' && c != '=' ? c : -EINVAL;
	if (n < 4 || text[1] != 'x')
		return -EINVAL;
	high = hex_digit(text[2]);
	low = hex_digit(text[3]);
	*ret_used = 4;
	return high < 0 || low < 0 || high + low == 0 ? -EINVAL : high << 4 | low;
}

static bool is_value(const struct eg_learn_word *word)
{
	size_t used;

	for (size_t i = 0; i < word->n; i += used)
		if (one_byte(word->at + i, word->n - i, &used) < 0)
			return false;
	return word->n > 0;
}

int eg_learn_unescape(const struct eg_learn_word *word, char *buf, size_t size)
{
	size_t n = 0, used;

	for (size_t i = 0; i < word->n; i += used) {
		int c = one_byte(word->at + i, word->n - i, &used);

		if (n + 1 >= size)
			return -ERANGE;
		buf[n++] = (char)c;
	}
	buf[n] = '\0';
	return 0;
}

/* ---- fields */

static bool is_key(const struct eg_learn_word *word)
{
	for (size_t i = 0; i < word->n; i++) {
		char c = word->at[i];

		if (!(c >= 'a' && c <= 'z') && !(c >= '0' && c <= '9') && c != '_')
			return false;
	}
	return word->n > 0;
}

static bool next_field(struct rest *rest, struct eg_learn_field *ret)
{
	struct eg_learn_word word;
	const char *equals;

	if (!next_word(rest, &word))
		return false;
	equals = memchr(word.at, '=', word.n);
	if (!equals)
		return false;
	ret->key = (struct eg_learn_word){word.at, (size_t)(equals - word.at)};
	ret->value = (struct eg_learn_word){equals + 1, (size_t)(word.at + word.n - equals - 1)};
	return is_key(&ret->key) && is_value(&ret->value);
}

/* The next field must have this key. ret: may be NULL. */
static bool field_is(struct rest *rest, const char *key, struct eg_learn_word *ret)
{
	struct eg_learn_field field;

	if (!next_field(rest, &field) || !eg_learn_word_is(&field.key, key))
		return false;
	if (ret)
		*ret = field.value;
	return true;
}

static bool to_number(const struct eg_learn_word *word, uint64_t *ret)
{
	uint64_t value = 0;

	for (size_t i = 0; i < word->n; i++) {
		char c = word->at[i];

		if (c < '0' || c > '9' || i > 18)
			return false;
		value = 10 * value + (uint64_t)(c - '0');
	}
	*ret = value;
	return word->n > 0;
}

/* ---- kinds of lines */

static bool read_who(struct rest *rest, struct eg_learn_line *ret)
{
	uint64_t number;

	return field_is(rest, "session", &ret->session) && to_number(&ret->session, &number) &&
	       field_is(rest, "user", &ret->user);
}

static bool read_audit(struct rest *rest, struct eg_learn_line *ret)
{
	struct eg_learn_field *field = NULL;

	if (!next_word(rest, &ret->op) || !is_key(&ret->op) || !read_who(rest, ret) ||
	    !field_is(rest, "uid", NULL) || !field_is(rest, "profile", &ret->profile) ||
	    !field_is(rest, "rhost", NULL) || !field_is(rest, "rport", NULL) ||
	    !field_is(rest, "tty", NULL) || !field_is(rest, "pid", NULL) ||
	    !field_is(rest, "ppid", NULL) || !field_is(rest, "comm", &ret->comm) ||
	    !field_is(rest, "exe", &ret->exe))
		return false;
	while (rest->at < rest->end) {
		if (ret->n_fields == EG_LEARN_FIELDS_MAX)
			return false;
		field = &ret->fields[ret->n_fields++];
		if (!next_field(rest, field))
			return false;
	}
	/* Without its end a line has been cut, and so may be what stands before. */
	if (!field || !eg_learn_word_is(&field->key, "errno") ||
	    !eg_learn_word_is(&field->value, "0"))
		return false;
	ret->n_fields--;
	return true;
}

static bool read_suppressed(struct rest *rest, struct eg_learn_line *ret)
{
	struct eg_learn_word count;

	return read_who(rest, ret) && field_is(rest, "count", &count) &&
	       to_number(&count, &ret->count) && rest->at == rest->end;
}

static bool read_end(struct rest *rest, struct eg_learn_line *ret)
{
	struct eg_learn_word lost;

	return read_who(rest, ret) && field_is(rest, "uid", NULL) &&
	       field_is(rest, "profile", &ret->profile) && field_is(rest, "seconds", NULL) &&
	       field_is(rest, "refused", NULL) && field_is(rest, "audited", NULL) &&
	       field_is(rest, "lost", &lost) && to_number(&lost, &ret->count);
}

static const struct {
	const char *word;
	bool (*read)(struct rest *rest, struct eg_learn_line *ret);
} kinds[] = {
	[EG_LEARN_AUDIT] = {"AUDIT", read_audit},
	[EG_LEARN_SUPPRESSED] = {"SUPPRESSED", read_suppressed},
	[EG_LEARN_END] = {"END", read_end},
};

/* What syslog writes in front: a time, a host, "ebpfguard-helper[PID]:". */
static bool read_front(struct rest *rest, int64_t now_s, int64_t *ret)
{
	struct eg_learn_word host, from;
	uint64_t pid;
	size_t used;

	if (eg_learn_stamp(rest->at, (size_t)(rest->end - rest->at), now_s, ret, &used) < 0)
		return false;
	rest->at += used;
	if (rest->at == rest->end || *rest->at++ != ' ' || !next_word(rest, &host) ||
	    !next_word(rest, &from) || from.n < sizeof(tag) + 2 ||
	    memcmp(from.at, tag, sizeof(tag) - 1) != 0 || memcmp(from.at + from.n - 2, "]:", 2))
		return false;
	from.at += sizeof(tag) - 1;
	from.n -= sizeof(tag) + 1;
	return to_number(&from, &pid);
}

int eg_learn_line_parse(const char *text, size_t n, int64_t now_s, struct eg_learn_line *ret)
{
	struct eg_learn_line line = {0};
	struct rest rest = {text, text + n};
	struct eg_learn_word first;

	/* Most lines of a log are not the helper's. */
	if (!memmem(text, n, tag, sizeof(tag) - 1) || !read_front(&rest, now_s, &line.time_s) ||
	    !next_word(&rest, &first))
		return -ENOMSG;
	for (size_t i = 0; i < EG_ARRAY_SIZE(kinds); i++) {
		if (!eg_learn_word_is(&first, kinds[i].word))
			continue;
		line.kind = (enum eg_learn_kind)i;
		if (!kinds[i].read(&rest, &line)) {
			/* Who stands at the end may have been cut there. */
			if (line.user.n && line.user.at + line.user.n == text + n)
				line.user = (struct eg_learn_word){0};
			*ret = line;
			return -EBADMSG;
		}
		*ret = line;
		return 0;
	}
	return -ENOMSG;
}

const struct eg_learn_word *eg_learn_field(const struct eg_learn_line *line, const char *key)
{
	for (size_t i = 0; i < line->n_fields; i++)
		if (eg_learn_word_is(&line->fields[i].key, key))
			return &line->fields[i].value;
	return NULL;
}
