// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Digests: text to bytes, and sets of them. */
#include "digest.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "util.h"

enum { ROOM = 256, TABLE = 1024 /* to begin with */ };

/* ---- text ---- */

/* Value of a hex digit, -1 for anything else. */
static int nibble(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c = (char)(c | 0x20);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

int eg_digest_parse(const char *text, size_t n, struct eg_hash *ret)
{
	struct eg_hash hash = {0};

	if (n != EG_DIGEST_TEXT)
		return -EINVAL;
	for (size_t i = 0; i < EG_HASH_SIZE; i++) {
		int high = nibble(text[2 * i]), low = nibble(text[2 * i + 1]);

		if (high < 0 || low < 0)
			return -EINVAL;
		hash.sha256[i] = (uint8_t)(high << 4 | low);
	}
	*ret = hash;
	return 0;
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r';
}

/* May this follow a digest? */
static bool ends_field(char c)
{
	return is_blank(c) || c == ',' || c == ';';
}

int eg_digest_parse_line(const char *line, size_t n, struct eg_hash *ret, const char **ret_why)
{
	size_t quote = 0, digits = 0;

	while (n && is_blank(line[n - 1]))
		n--;
	for (; n && is_blank(*line); n--)
		line++;
	if (!n || *line == '#')
		return 0;
	/* sha256sum puts a backslash before a line whose file name has one. */
	if (*line == '"' || *line == '\\') {
		quote = *line == '"';
		line++;
		n--;
	}
	while (digits < n && nibble(line[digits]) >= 0)
		digits++;
	*ret_why = "holds no SHA-256 digest: expected 64 hex digits, alone or before a blank or "
		   "comma";
	if (eg_digest_parse(line, digits, ret) < 0) {
		if (digits == 32 || digits == 40 || digits == 96 || digits == 128)
			*ret_why = "holds a digest of another kind: expected SHA-256, 64 hex "
				   "digits";
		return -EINVAL;
	}
	if (quote && (digits == n || line[digits++] != '"'))
		return -EINVAL;
	return digits == n || ends_field(line[digits]) ? 1 : -EINVAL;
}

/* ---- sets ---- */

/* Where in a table to begin to look. Digests are random, but a feed made by hand need not be: the
 * mixing is that of MurmurHash3. */
static size_t slot_of(const struct eg_hash *hash, size_t size)
{
	uint64_t word, mixed = 0;

	for (size_t i = 0; i < EG_HASH_SIZE; i += sizeof(word)) {
		memcpy(&word, hash->sha256 + i, sizeof(word));
		mixed ^= word;
		mixed = (mixed ^ mixed >> 33) * 0xff51afd7ed558ccdULL;
		mixed = (mixed ^ mixed >> 33) * 0xc4ceb9fe1a85ec53ULL;
		mixed ^= mixed >> 33;
	}
	return mixed & (size - 1);
}

/* The slot of a digest, or the free one that it would get: there always is one. */
static size_t find(const struct eg_digests *in, const struct eg_hash *hash)
{
	size_t at = slot_of(hash, in->size);

	while (in->table[at] && memcmp(&in->list[in->table[at] - 1].hash, hash, sizeof(*hash)) != 0)
		at = (at + 1) & (in->size - 1);
	return at;
}

/* Makes the table twice as large. */
static int grow_table(struct eg_digests *of)
{
	size_t size = of->size ? 2 * of->size : TABLE;
	uint32_t *table = calloc(size, sizeof(*table));

	if (!table)
		return -ENOMEM;
	free(of->table);
	of->table = table;
	of->size = size;
	for (size_t i = 0; i < of->n; i++)
		of->table[find(of, &of->list[i].hash)] = (uint32_t)i + 1;
	return 0;
}

static int grow_list(struct eg_digests *of)
{
	size_t room = of->room ? 2 * of->room : ROOM;
	struct eg_digest *list = reallocarray(of->list, room, sizeof(*list));

	if (!list)
		return -ENOMEM;
	of->list = list;
	of->room = room;
	return 0;
}

int eg_digests_add(struct eg_digests *to, const struct eg_hash *hash, uint32_t line)
{
	size_t at;

	/* Half of it stays free. */
	if ((!to->size || 2 * to->n > to->size) && grow_table(to) < 0)
		return -ENOMEM;
	at = find(to, hash);
	if (to->table[at])
		return 0;
	if (to->n == EG_HASHES_MAX)
		return -E2BIG;
	if (to->n == to->room && grow_list(to) < 0)
		return -ENOMEM;
	to->list[to->n] = (struct eg_digest){.hash = *hash, .line = line};
	to->table[at] = (uint32_t)++to->n;
	return 1;
}

void eg_digests_done(struct eg_digests *digests)
{
	free(digests->list);
	free(digests->table);
	*digests = (struct eg_digests){0};
}
