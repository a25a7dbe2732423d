// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* A line of the log, taken apart: exactly the form that the helper gives it. */
#include "record_line.h"

#include <errno.h>
#include <string.h>

#include "learn.h"
#include "util.h"

static const char tag[] = "ebpfguard-helper[";

/* What is still to be read. */
struct rest {
	const char *at, *end;
};

struct word {
	const char *at;
	size_t n;
};

/* ---- kinds */

#define WHO	"session user "
/* What kv lines of refusals have in front of what their operation adds. */
#define REFUSAL WHO "uid profile rhost rport tty pid ppid comm exe "
#define STORY	WHO "uid tty pid ppid "

static const struct eg_record_kind_row rows[] = {
	{"DENY", "refusal", "deny", EG_RECORD_REFUSAL, REFUSAL, false},
	{"AUDIT", "refusal", "audit", EG_RECORD_REFUSAL, REFUSAL, false},
	{"KILL", "refusal", "kill", EG_RECORD_REFUSAL, REFUSAL, false},
	{"RESET", "flow", "reset", EG_RECORD_FLOW, WHO "uid profile rhost ", false},
	{"BLOCK", "flow", "block", EG_RECORD_FLOW, WHO "uid profile rhost ", false},
	{"START", "start", NULL, EG_RECORD_START, WHO "uid profile rhost ", false},
	{"END", "end", NULL, EG_RECORD_END, WHO "uid profile seconds refused audited lost ", false},
	{"SUPPRESSED", "suppressed", NULL, EG_RECORD_SUPPRESSED, WHO "count ", false},
	{"LOST", "lost", NULL, EG_RECORD_LOST, WHO "count ", false},
	{"UNRECORDED", "unrecorded", NULL, EG_RECORD_UNRECORDED, WHO, false},
	{"STRAY", "stray", NULL, EG_RECORD_STRAY, WHO, false},
	{"EXEC", "exec", NULL, EG_RECORD_EXEC, STORY, false},
	{"EXIT", "exit", NULL, EG_RECORD_EXIT, STORY, false},
	{"CONNECT", "connect", NULL, EG_RECORD_CONNECT, STORY, false},
	{"SEND", "send", NULL, EG_RECORD_SEND, STORY, false},
	{"OPEN", "open", NULL, EG_RECORD_OPEN, STORY, false},
	{"QUARANTINE", "quarantine", NULL, EG_RECORD_QUARANTINE, WHO, false},
	{"RELEASE", "release", NULL, EG_RECORD_RELEASE, WHO, false},
	{"KILLED", "killed", NULL, EG_RECORD_KILLED, WHO, false},
	{"TIGHTEN", "tighten", NULL, EG_RECORD_TIGHTEN, WHO, false},
	{"REFUSED", "refused", NULL, EG_RECORD_REFUSED, "", true},
	{"ENFORCING", "enforcing", NULL, EG_RECORD_ENFORCING, "", true},
	{"POLICY", "policy", NULL, EG_RECORD_POLICY, "", true},
};

const struct eg_record_kind_row *eg_record_kind_of_word(const char *word, size_t n)
{
	for (size_t i = 0; i < EG_ARRAY_SIZE(rows); i++)
		if (strlen(rows[i].word) == n && memcmp(rows[i].word, word, n) == 0)
			return &rows[i];
	return NULL;
}

const struct eg_record_kind_row *eg_record_kind_of_event(const char *event, const char *verdict)
{
	for (size_t i = 0; i < EG_ARRAY_SIZE(rows); i++)
		if (strcmp(rows[i].event, event) == 0 &&
		    (!rows[i].verdict || (verdict && strcmp(rows[i].verdict, verdict) == 0)))
			return &rows[i];
	return NULL;
}

/* ---- the record */

char *eg_record_reserve(struct eg_record_line *line, size_t n)
{
	char *at = line->store + line->used;

	if (n >= sizeof(line->store) - line->used)
		return NULL;
	line->used += n + 1;
	at[n] = '\0';
	return at;
}

void eg_record_shorten(struct eg_record_line *line, char *text, size_t n)
{
	text[n] = '\0';
	line->used = (size_t)(text - line->store) + n + 1;
}

int eg_record_add(struct eg_record_line *line, const char *key, const char *value,
		  enum eg_record_type type)
{
	if (line->n_fields == EG_RECORD_FIELDS_MAX || eg_record_get(line, key))
		return -EBADMSG;
	line->fields[line->n_fields++] =
		(struct eg_record_field){.key = key, .value = value, .type = type};
	return 0;
}

const char *eg_record_get(const struct eg_record_line *line, const char *key)
{
	for (size_t i = 0; i < line->n_fields; i++)
		if (strcmp(line->fields[i].key, key) == 0)
			return line->fields[i].value;
	return NULL;
}

static bool to_number(const char *text, size_t n, uint64_t *ret)
{
	uint64_t value = 0;

	for (size_t i = 0; i < n; i++) {
		if (text[i] < '0' || text[i] > '9' || i > 18)
			return false;
		value = 10 * value + (uint64_t)(text[i] - '0');
	}
	*ret = value;
	return n > 0;
}

static bool has_number(const struct eg_record_line *line, const char *key)
{
	const char *text = eg_record_get(line, key);
	uint64_t number;

	return text && to_number(text, strlen(text), &number);
}

uint64_t eg_record_number(const struct eg_record_line *line, const char *key)
{
	const char *text = eg_record_get(line, key);
	uint64_t number = 0;

	return text && to_number(text, strlen(text), &number) ? number : 0;
}

uint64_t eg_record_count(const struct eg_record_line *line)
{
	return has_number(line, "count") ? eg_record_number(line, "count") : 1;
}

/* Milliseconds of the fraction that a time of the helper's has. */
static int64_t fraction_of(const char *time)
{
	const char *dot = strchr(time, '.');
	uint64_t ms = 0;

	return dot && strlen(dot) == 5 && to_number(dot + 1, 3, &ms) ? (int64_t)ms : 0;
}

/* The helper's times are in UTC. */
static bool read_time(struct eg_record_line *line)
{
	const char *time = eg_record_get(line, "time");
	size_t used = 0;
	int64_t time_s;

	if (!time || !*time || time[strlen(time) - 1] != 'Z' ||
	    eg_learn_stamp(time, strlen(time), 0, &time_s, &used) < 0 || used != strlen(time))
		return false;
	line->time_ms = time_s * 1000 + fraction_of(time);
	return true;
}

static bool is_seconds(const char *text)
{
	return text && *text && strspn(text, "0123456789.") == strlen(text);
}

bool eg_record_is_whole(struct eg_record_line *line)
{
	const char *errno_text = eg_record_get(line, "errno");
	const char *last = line->n_fields ? line->fields[line->n_fields - 1].key : "";

	if (strcmp(last, "mono") != 0 || !is_seconds(eg_record_get(line, "mono")) ||
	    !read_time(line))
		return false;
	if (line->args && line->args_at == line->n_fields)
		return false; /* behind the last one */
	if (line->kind == EG_RECORD_REFUSAL &&
	    (!errno_text || (strcmp(line->verdict, "audit") == 0) != !strcmp(errno_text, "0")))
		return false;
	if ((line->kind == EG_RECORD_SUPPRESSED || line->kind == EG_RECORD_LOST) &&
	    !has_number(line, "count"))
		return false;
	return line->kind >= EG_RECORD_REFUSED || has_number(line, "session");
}

/* ---- values of kv lines */

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

int eg_record_escaped(const char *text, size_t n)
{
	int high, low;

	if (n < 4 || text[0] != '\\' || text[1] != 'x')
		return -EINVAL;
	high = hex_digit(text[2]);
	low = hex_digit(text[3]);
	return high < 0 || low < 0 || high + low == 0 ? -EINVAL : high << 4 | low;
}

/* The byte that begins at text; *ret_used: how many characters stand for it. -EINVAL: none that
 * eg_event_escape writes. */
static int one_byte(const char *text, size_t n, size_t *ret_used)
{
	unsigned char c = (unsigned char)text[0];

	*ret_used = c == '\\' ? 4 : 1;
	if (c == '\\')
		return eg_record_escaped(text, n);
	return c > 0x20 && c < 0x7f && c != '"' && c != '=' ? c : -EINVAL;
}

/* Undoes the escapes, into the store. blanks: they stand for themselves, as in quotes. NULL: this
 * is not what the helper writes. */
static char *unescape(struct eg_record_line *line, const char *text, size_t n, bool blanks)
{
	char *to = eg_record_reserve(line, n);
	size_t used, m = 0;

	for (size_t i = 0; to && i < n; i += used) {
		int c = one_byte(text + i, n - i, &used);

		if (c < 0 && !(blanks && text[i] == ' '))
			return NULL;
		to[m++] = (char)(c < 0 ? ' ' : c);
	}
	if (to)
		eg_record_shorten(line, to, m);
	return to;
}

/* Up to the next blank, which is passed over. False at the end, and for an empty one. */
static bool next_word(struct rest *rest, struct word *ret)
{
	const char *blank = memchr(rest->at, ' ', (size_t)(rest->end - rest->at));
	const char *end = blank ? blank : rest->end;

	*ret = (struct word){rest->at, (size_t)(end - rest->at)};
	rest->at = blank ? blank + 1 : rest->end;
	return ret->n > 0;
}

static bool starts(const struct rest *rest, const char *text)
{
	size_t n = strlen(text);

	return (size_t)(rest->end - rest->at) >= n && memcmp(rest->at, text, n) == 0;
}

/* A text in quotes, which stands at the begin. */
static char *next_quoted(struct eg_record_line *line, struct rest *rest)
{
	const char *begin = rest->at + 1;
	const char *end = memchr(begin, '"', (size_t)(rest->end - begin));

	if (!end)
		return NULL;
	rest->at = end + 1;
	return unescape(line, begin, (size_t)(end - begin), true);
}

/* Behind a value: a blank, or the end of the line. */
static int pass_blank(struct rest *rest)
{
	if (rest->at == rest->end)
		return 0;
	return *rest->at++ == ' ' ? 0 : -EBADMSG;
}

/* One in quotes, or "-"; of a program that was cut, the dots stand outside of the quotes, where no
 * user can write. */
static int read_args(struct eg_record_line *line, struct rest *rest)
{
	struct rest dash = *rest;
	struct word word;

	if (next_word(&dash, &word) && word.n == 1 && *word.at == '-') {
		*rest = dash;
		return 0;
	}
	line->args = line->store + line->used;
	line->args_at = line->n_fields;
	while (starts(rest, "\"")) {
		if (!next_quoted(line, rest))
			return -EBADMSG;
		line->n_args++;
		if (starts(rest, " \""))
			rest->at++;
	}
	line->args_cut = starts(rest, "...");
	if (line->args_cut)
		rest->at += 3;
	return line->n_args || line->args_cut ? pass_blank(rest) : -EBADMSG;
}

/* ---- fields of kv lines */

static bool is_key(const struct word *word)
{
	for (size_t i = 0; i < word->n; i++) {
		char c = word->at[i];

		if (!(c >= 'a' && c <= 'z') && !(c >= '0' && c <= '9') && c != '_')
			return false;
	}
	return word->n > 0;
}

/* Fields that are numbers in JSON, too, wherever they are one here. Others are texts, even when a
 * user has the name 1. */
static enum eg_record_type type_of(const struct eg_record_line *line, const char *key,
				   const char *value)
{
	static const char *const numbers =
		" session uid rport pid ppid port sport dport count loginuid audit_session cgroup "
		"generation line target gid target_pid number argc status seconds refused audited "
		"lost origin abi mono prefixes4 prefixes6 digests order by_uid by_loginuid by_pid "
		"processes ";
	char word[64];

	if (!is_seconds(value))
		return EG_RECORD_TEXT;
	(void)snprintf(word, sizeof(word), " %s ", key);
	if (strstr(numbers, word) ||
	    (line->kind == EG_RECORD_REFUSAL && strcmp(key, "signal") == 0) ||
	    (line->kind == EG_RECORD_REFUSED && strstr(" type errno ", word)))
		return EG_RECORD_NUMBER;
	/* There the keys are names of operations, or of kinds. */
	return (line->kind == EG_RECORD_END || line->kind == EG_RECORD_SUPPRESSED ||
		line->kind == EG_RECORD_LOST || line->kind == EG_RECORD_UNRECORDED) &&
			       strcmp(key, "user") && strcmp(key, "profile") && strcmp(key, "host")
		       ? EG_RECORD_NUMBER
		       : EG_RECORD_TEXT;
}

static int read_value(struct eg_record_line *line, struct rest *rest, const char *key)
{
	const char *value;
	struct word word;

	if (starts(rest, "\"")) {
		value = next_quoted(line, rest);
		if (!value || pass_blank(rest) < 0)
			return -EBADMSG;
		return eg_record_add(line, key, value, EG_RECORD_TEXT);
	}
	if (!next_word(rest, &word))
		return -EBADMSG;
	if (word.n == 1 && *word.at == '-')
		return 0;
	value = unescape(line, word.at, word.n, false);
	return value ? eg_record_add(line, key, value, type_of(line, key, value)) : -EBADMSG;
}

/* Has it a place of its own in the record? In JSON these are members as well. */
static bool is_reserved(const struct eg_record_line *line, const char *key)
{
	return strcmp(key, "event") == 0 || strcmp(key, "verdict") == 0 ||
	       strcmp(key, "args_cut") == 0 ||
	       (strcmp(key, "op") == 0 && line->kind != EG_RECORD_FLOW);
}

/* The next field. head: the keys that are still expected, in this order. */
static int read_field(struct eg_record_line *line, struct rest *rest, const char **head)
{
	const char *equals = memchr(rest->at, '=', (size_t)(rest->end - rest->at));
	struct word word = {rest->at, equals ? (size_t)(equals - rest->at) : 0};
	char *key;

	if (!is_key(&word))
		return -EBADMSG;
	if (**head) {
		size_t n = strcspn(*head, " ");

		if (word.n != n || memcmp(word.at, *head, n) != 0)
			return -EBADMSG;
		*head += n + 1;
	}
	key = eg_record_reserve(line, word.n);
	if (!key)
		return -EBADMSG;
	memcpy(key, word.at, word.n);
	if (is_reserved(line, key))
		return -EBADMSG;
	rest->at = equals + 1;
	if (strcmp(key, "args") != 0)
		return read_value(line, rest, key);
	return line->args ? -EBADMSG : read_args(line, rest);
}

static int read_kv(struct rest *rest, const struct eg_record_kind_row *row,
		   struct eg_record_line *line)
{
	const char *head = row->head, *mono;
	struct word op;

	if (row->kind == EG_RECORD_REFUSAL || row->kind == EG_RECORD_REFUSED) {
		if (!next_word(rest, &op) || !is_key(&op))
			return -EBADMSG;
		line->op = unescape(line, op.at, op.n, false);
	}
	while (rest->at < rest->end) {
		int r = read_field(line, rest, &head);

		if (r < 0)
			return r;
	}
	if (*head || rest->end[-1] == ' ' || !eg_record_is_whole(line))
		return -EBADMSG;
	/* Nor may a digit of it be missing. */
	mono = strchr(eg_record_get(line, "mono"), '.');
	return mono && strlen(mono) == 4 ? 0 : -EBADMSG;
}

/* ---- messages */

/* What syslog writes in front: a time, a host, "ebpfguard-helper[PID]:". */
static bool read_front(struct rest *rest, int64_t now_s, int64_t *ret_ms)
{
	struct word host, from;
	uint64_t pid;
	int64_t time_s;
	size_t used;

	if (eg_learn_stamp(rest->at, (size_t)(rest->end - rest->at), now_s, &time_s, &used) < 0)
		return false;
	rest->at += used;
	if (rest->at == rest->end || *rest->at++ != ' ' || !next_word(rest, &host) ||
	    !next_word(rest, &from) || from.n < sizeof(tag) + 2 ||
	    memcmp(from.at, tag, sizeof(tag) - 1) != 0 || memcmp(from.at + from.n - 2, "]:", 2))
		return false;
	*ret_ms = time_s * 1000;
	return to_number(from.at + sizeof(tag) - 1, from.n - sizeof(tag) - 1, &pid);
}

/* The message alone, as in a file of the helper's own. */
static bool is_bare(struct rest rest)
{
	struct word first;

	return next_word(&rest, &first) && eg_record_kind_of_word(first.at, first.n);
}

static void clear(struct eg_record_line *line, int64_t time_ms)
{
	line->event = line->verdict = line->op = line->args = NULL;
	line->time_ms = time_ms;
	line->n_fields = line->n_args = line->args_at = line->used = 0;
	line->args_cut = false;
}

static int parse_kv(struct rest rest, struct eg_record_line *ret)
{
	const struct eg_record_kind_row *row;
	struct word first;
	int r;

	if (!next_word(&rest, &first) || !(row = eg_record_kind_of_word(first.at, first.n)))
		return -ENOMSG;
	ret->kind = row->kind;
	ret->event = row->event;
	ret->verdict = row->verdict;
	r = read_kv(&rest, row, ret);
	if (r < 0 && row->free)
		return -ENOMSG;
	/* What stands at the end may have been cut there. */
	if (r < 0 && ret->n_fields && rest.at == rest.end)
		ret->n_fields--;
	return r;
}

int eg_record_line_parse(const char *text, size_t n, int64_t now_s, struct eg_record_line *ret)
{
	struct rest rest = {text, text + n};
	int64_t time_ms = 0;

	if (!n || n > EG_RECORD_LINE_MAX)
		return -ENOMSG;
	/* Most lines of a log are not the helper's, and have a front. */
	if (*text != '{' && !is_bare(rest) &&
	    (!memmem(text, n, tag, sizeof(tag) - 1) || !read_front(&rest, now_s, &time_ms)))
		return -ENOMSG;
	clear(ret, time_ms);
	if (starts(&rest, "{"))
		return eg_record_parse_json(rest.at, (size_t)(rest.end - rest.at), ret);
	return parse_kv(rest, ret);
}
