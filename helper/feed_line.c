// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* One line of a feed of networks, in each of the forms that common lists have. */
#include "feed_networks.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

#include "rule.h"
#include "util.h"

enum { WORD_SIZE = 64 /* of a JSON string that counts, NUL included; a longer one is cut */ };

static int fail(char why[EG_FEED_WHY_SIZE], const char *text)
{
	(void)snprintf(why, EG_FEED_WHY_SIZE, "%s", text);
	return -EINVAL;
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r';
}

/* Blanks at both ends do not count. */
static const char *trim(const char *text, size_t *n)
{
	while (*n && is_blank(text[*n - 1]))
		--*n;
	for (; *n && is_blank(*text); --*n)
		text++;
	return text;
}

/* ---- networks and ranges */

static int parse_network(const char *text, size_t n, struct eg_cidr *ret,
			 char why[EG_FEED_WHY_SIZE])
{
	char buf[EG_CIDR_TEXT_SIZE], network[EG_CIDR_TEXT_SIZE];
	const char *reason = "holds no IPv4 or IPv6 network such as 192.0.2.0/24 or 2001:db8::/32";
	struct eg_cidr meant;

	if (n >= sizeof(buf))
		return fail(why, reason);
	memcpy(buf, text, n);
	buf[n] = '\0';
	if (eg_cidr_parse(buf, ret, &reason) == 0)
		return 1;
	if (eg_cidr_parse_loose(buf, &meant, &(const char *){NULL}) < 0)
		return fail(why, reason);
	(void)snprintf(why, EG_FEED_WHY_SIZE, "%s; the network is %s", reason,
		       eg_cidr_format(&meant, network));
	return -EINVAL;
}

/* The last address of the network of this length that addr begins. */
static void last_of(const uint8_t addr[16], unsigned int prefix_len, size_t size, uint8_t ret[16])
{
	memcpy(ret, addr, 16);
	for (size_t bit = prefix_len; bit < size * 8; bit++)
		ret[bit / 8] |= (uint8_t)(0x80 >> bit % 8);
}

/* The largest network that begins at an address and ends at `high` or before; its last address. */
static unsigned int widest(const uint8_t low[16], const uint8_t high[16], size_t size,
			   uint8_t ret_last[16])
{
	unsigned int prefix_len = (unsigned int)size * 8;
	uint8_t last[16];

	memcpy(ret_last, low, 16);
	while (prefix_len && !(low[(prefix_len - 1) / 8] & 0x80 >> (prefix_len - 1) % 8)) {
		last_of(low, prefix_len - 1, size, last);
		if (memcmp(last, high, size) > 0)
			break;
		memcpy(ret_last, last, sizeof(last));
		prefix_len--;
	}
	return prefix_len;
}

/* The networks that a range is, few and in order. */
static int split_range(const struct eg_cidr *low, const struct eg_cidr *high, struct eg_cidr *ret)
{
	size_t size = low->family == AF_INET ? 4 : 16;
	uint8_t addr[16], last[16] = {0};
	int n = 0;

	memcpy(addr, low->addr, sizeof(addr));
	do {
		struct eg_cidr net = {.family = low->family};
		char text[EG_CIDR_TEXT_SIZE];
		const char *why;

		net.prefix_len = (uint8_t)widest(addr, high->addr, size, last);
		memcpy(net.addr, addr, sizeof(addr));
		/* By its text, for what cidr.c knows about addresses that mean others. */
		if (eg_cidr_parse(eg_cidr_format(&net, text), &ret[n], &why) < 0)
			return -EINVAL;
		n++;
		memcpy(addr, last, sizeof(addr));
		for (size_t i = size; i-- > 0 && ++addr[i] == 0;)
			;
	} while (memcmp(last, high->addr, size) != 0);
	return n;
}

static int parse_range(const char *text, size_t n, size_t dash,
		       struct eg_cidr ret[EG_FEED_RANGE_MAX], char why[EG_FEED_WHY_SIZE])
{
	static const char expected[] = "is no range of addresses such as 192.0.2.0-192.0.2.99";
	size_t n_low = dash, n_high = n - dash - 1;
	const char *begin = trim(text, &n_low), *end = trim(text + dash + 1, &n_high);
	struct eg_cidr low, high;

	if (memchr(text, '/', n) || parse_network(begin, n_low, &low, why) < 0 ||
	    parse_network(end, n_high, &high, why) < 0 || low.family != high.family)
		return fail(why, expected);
	if (memcmp(low.addr, high.addr, sizeof(low.addr)) > 0)
		return fail(why, "is a range that ends before it begins");
	return split_range(&low, &high, ret);
}

/* A line that is no JSON, its comment cut off. */
static int parse_plain(const char *text, size_t n, bool allow, struct eg_cidr *ret,
		       char why[EG_FEED_WHY_SIZE])
{
	const char *dash = memchr(text, '-', n), *bar = memchr(text, '|', n);
	uint16_t port;

	if (dash)
		return parse_range(text, n, (size_t)(dash - text), ret, why);
	if (memchr(text, ' ', n) || memchr(text, '\t', n))
		return fail(why, "holds more than a network and a comment behind # or ;");
	if (!bar)
		return parse_network(text, n, ret, why);
	if (memchr(text, '/', n) || eg_rule_port(bar + 1, n - (size_t)(bar + 1 - text), &port) < 0)
		return fail(why, "is no address with a port such as 192.0.2.1|443");
	if (allow)
		return fail(why, "names a port, and a feed allows all of them; write a rule in "
				 "allow instead");
	return parse_network(text, (size_t)(bar - text), ret, why);
}

/* ---- JSON: one flat object a line */

struct json {
	const char *at, *end;
};

static void skip_blanks(struct json *json)
{
	while (json->at < json->end && is_blank(*json->at))
		json->at++;
}

static bool take(struct json *json, char c)
{
	skip_blanks(json);
	if (json->at == json->end || *json->at != c)
		return false;
	json->at++;
	return true;
}

static bool is_hex(char c)
{
	return (c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'f');
}

/* The character behind a backslash, as far as it counts here: '?' for one that no network and no
 * key that we know has. '\0' when it is none of JSON's. */
static char take_escape(struct json *json)
{
	char c = '\0';

	if (json->at < json->end)
		c = *json->at++;
	if (c == '"' || c == '\\' || c == '/')
		return c;
	if (c && strchr("bfnrt", c))
		return '?';
	if (c != 'u' || json->end - json->at < 4)
		return '\0';
	for (size_t i = 0; i < 4; i++)
		if (!is_hex(*json->at++))
			return '\0';
	return '?';
}

static bool take_string(struct json *json, char ret[WORD_SIZE])
{
	size_t n = 0;

	if (!take(json, '"'))
		return false;
	while (json->at < json->end) {
		char c = *json->at++;

		if (c == '"') {
			ret[n] = '\0';
			return true;
		}
		if (c == '\\')
			c = take_escape(json);
		if (c == '\0' || (unsigned char)c < ' ')
			return false;
		if (n < WORD_SIZE - 1)
			ret[n++] = c;
	}
	return false;
}

/* A number, roughly, or true, false, null. */
static bool take_literal(struct json *json)
{
	const char *from;

	skip_blanks(json);
	from = json->at;
	while (json->at < json->end &&
	       ((*json->at >= 'a' && *json->at <= 'z') || (*json->at >= '0' && *json->at <= '9') ||
		memchr("+-.E", *json->at, 4)))
		json->at++;
	if (json->at == from)
		return false;
	if ((*from >= '0' && *from <= '9') || *from == '-')
		return true;
	return (json->at - from == 4 && (!memcmp(from, "true", 4) || !memcmp(from, "null", 4))) ||
	       (json->at - from == 5 && !memcmp(from, "false", 5));
}

/* What an object says, of what counts. */
struct object {
	char cidr[WORD_SIZE];
	unsigned int n_cidr;
	bool metadata;
};

static bool take_member(struct json *json, struct object *object)
{
	char key[WORD_SIZE], value[WORD_SIZE];
	bool cidr;

	if (!take_string(json, key) || !take(json, ':'))
		return false;
	cidr = strcmp(key, "cidr") == 0;
	if (take_string(json, value)) {
		if (cidr)
			memcpy(object->cidr, value, sizeof(value));
		object->n_cidr += cidr;
		object->metadata |= !strcmp(key, "type") && !strcmp(value, "metadata");
		return true;
	}
	return !cidr && take_literal(json);
}

static int parse_json(const char *text, size_t n, struct eg_cidr *ret, char why[EG_FEED_WHY_SIZE])
{
	struct json json = {text, text + n};
	struct object object = {0};

	if (!take(&json, '{'))
		return -EINVAL; /* not reached: the caller has seen it */
	do {
		if (!take_member(&json, &object))
			return fail(why, "is no JSON object of strings and numbers on one line");
	} while (take(&json, ','));
	if (!take(&json, '}') || json.at != json.end)
		return fail(why, "is no JSON object of strings and numbers on one line");
	if (!object.n_cidr && object.metadata)
		return 0;
	if (object.n_cidr != 1)
		return fail(why, "is a JSON object that has no \"cidr\", or more than one");
	return parse_network(object.cidr, strlen(object.cidr), ret, why);
}

/* ---- door */

/* Bytes before a comment. */
static size_t uncommented(const char *text, size_t n)
{
	size_t i = 0;

	while (i < n && text[i] != '#' && text[i] != ';')
		i++;
	return i;
}

int eg_feed_line(const char *line, size_t n, bool allow, struct eg_cidr ret[EG_FEED_RANGE_MAX],
		 char why[EG_FEED_WHY_SIZE])
{
	if (n > EG_FEED_NETWORKS_LINE)
		return fail(why, "is too long for a line of a feed");
	if (memchr(line, '\0', n))
		return fail(why, "holds a NUL byte; a feed is plain text");
	line = trim(line, &n);
	if (n && *line == '{')
		return parse_json(line, n, ret, why);
	n = uncommented(line, n);
	line = trim(line, &n);
	return n ? parse_plain(line, n, allow, ret, why) : 0;
}
