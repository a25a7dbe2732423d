// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Times as logs begin their lines with them, and as people ask for them. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "learn.h"
#include "util.h"

enum { MINUTE_S = 60, HOUR_S = 3600, DAY_S = 86400, AGO_MAX = 1000000000 };

/* A text that is read from its begin. */
struct reader {
	const char *at, *end;
};

static bool reads(struct reader *r, char c)
{
	if (r->at == r->end || *r->at != c)
		return false;
	r->at++;
	return true;
}

/* Exactly n digits, from low to high. */
static bool reads_number(struct reader *r, int n, int low, int high, int *ret)
{
	int value = 0;

	for (int i = 0; i < n; i++) {
		if (r->at == r->end || *r->at < '0' || *r->at > '9')
			return false;
		value = 10 * value + (*r->at++ - '0');
	}
	*ret = value;
	return value >= low && value <= high;
}

/* month: from 0. */
static int days_of(int year, int month)
{
	static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;

	return days[month] + (month == 1 && leap);
}

/* A day that no calendar has is read, too: see is_day. */
static bool reads_date(struct reader *r, struct tm *tm)
{
	if (!reads_number(r, 4, 1970, 9999, &tm->tm_year) || !reads(r, '-') ||
	    !reads_number(r, 2, 1, 12, &tm->tm_mon) || !reads(r, '-') ||
	    !reads_number(r, 2, 1, 31, &tm->tm_mday))
		return false;
	tm->tm_year -= 1900;
	tm->tm_mon--;
	return true;
}

static bool is_day(const struct tm *tm)
{
	return tm->tm_mday <= days_of(1900 + tm->tm_year, tm->tm_mon);
}

/* HH:MM, and :SS when it must or may be there. */
static bool reads_time(struct reader *r, bool seconds, struct tm *tm)
{
	if (!reads_number(r, 2, 0, 23, &tm->tm_hour) || !reads(r, ':') ||
	    !reads_number(r, 2, 0, 59, &tm->tm_min))
		return false;
	if (reads(r, ':'))
		return reads_number(r, 2, 0, 60, &tm->tm_sec);
	return !seconds;
}

/* "Z", "+01:00" or "+0100"; seconds east of UTC. */
static bool reads_zone(struct reader *r, int *ret)
{
	int hours = 0, minutes = 0, sign = 1;

	*ret = 0;
	if (reads(r, 'Z'))
		return true;
	if (!reads(r, '+')) {
		if (!reads(r, '-'))
			return false;
		sign = -1;
	}
	if (!reads_number(r, 2, 0, 23, &hours))
		return false;
	(void)reads(r, ':');
	if (!reads_number(r, 2, 0, 59, &minutes))
		return false;
	*ret = sign * (hours * HOUR_S + minutes * MINUTE_S);
	return true;
}

static bool reads_month(struct reader *r, struct tm *tm)
{
	static const char names[] = "JanFebMarAprMayJunJulAugSepOctNovDec";

	for (int i = 0; r->end - r->at >= 3 && i < 12; i++)
		if (memcmp(names + 3 * i, r->at, 3) == 0) {
			r->at += 3;
			tm->tm_mon = i;
			return true;
		}
	return false;
}

static int64_t local(struct tm tm)
{
	tm.tm_isdst = -1;
	return mktime(&tm);
}

/* "Nov  2 10:11:12" has no year: it is the last time this was. */
static bool reads_old(struct reader *r, int64_t now_s, int64_t *ret)
{
	struct tm tm = {0}, now = {0};
	time_t now_t = (time_t)now_s;

	if (!reads_month(r, &tm) || !reads(r, ' '))
		return false;
	if (reads(r, ' ') ? !reads_number(r, 1, 1, 9, &tm.tm_mday)
			  : !reads_number(r, 2, 10, 31, &tm.tm_mday))
		return false;
	if (!reads(r, ' ') || !reads_time(r, true, &tm) || !localtime_r(&now_t, &now))
		return false;
	tm.tm_year = now.tm_year;
	*ret = local(tm);
	if (*ret > now_s + DAY_S) {
		tm.tm_year--;
		*ret = local(tm);
	}
	return true;
}

static bool reads_new(struct reader *r, int64_t *ret)
{
	struct tm tm = {0};
	int zone;

	if (!reads_date(r, &tm) || !is_day(&tm) || !reads(r, 'T') || !reads_time(r, true, &tm))
		return false;
	if (reads(r, '.') || reads(r, ','))
		while (r->at < r->end && *r->at >= '0' && *r->at <= '9')
			r->at++;
	if (!reads_zone(r, &zone))
		return false;
	*ret = (int64_t)timegm(&tm) - zone;
	return true;
}

int eg_learn_stamp(const char *text, size_t n, int64_t now_s, int64_t *ret, size_t *ret_used)
{
	struct reader r = {text, text + n};
	int64_t time_s = 0;

	if (!n || (text[0] >= '0' && text[0] <= '9' ? !reads_new(&r, &time_s)
						    : !reads_old(&r, now_s, &time_s)))
		return -EINVAL;
	*ret = time_s;
	*ret_used = (size_t)(r.at - text);
	return 0;
}

/* ---- what people write */

/* "2h", with "ago" behind it or not; what is behind the unit stays in r. */
static bool reads_span(struct reader *r, int64_t *ret)
{
	static const struct {
		const char *name;
		int seconds;
	} units[] = {{"min", MINUTE_S}, {"m", MINUTE_S}, {"s", 1}, {"h", HOUR_S}, {"d", DAY_S}};
	const char *begin = r->at;
	int64_t value = 0;

	while (r->at < r->end && *r->at >= '0' && *r->at <= '9' && value < AGO_MAX)
		value = 10 * value + (*r->at++ - '0');
	if (r->at == begin || value >= AGO_MAX)
		return false;
	(void)reads(r, ' ');
	for (size_t i = 0; i < EG_ARRAY_SIZE(units); i++) {
		size_t n = strlen(units[i].name);

		if ((size_t)(r->end - r->at) < n || memcmp(r->at, units[i].name, n) != 0)
			continue;
		r->at += n;
		*ret = value * units[i].seconds;
		return true;
	}
	return false;
}

static bool is_ago(struct reader r, int64_t *ret)
{
	static const char ago[] = " ago";
	bool minus = reads(&r, '-');

	if (!reads_span(&r, ret))
		return false;
	if (minus)
		return r.at == r.end;
	return (size_t)(r.end - r.at) == strlen(ago) && memcmp(r.at, ago, strlen(ago)) == 0;
}

/* 0; -ERANGE for a day that no calendar has, which mktime would take for one of the next month;
 * -EINVAL for what is no date. */
static int parse_date(struct reader r, int64_t *ret)
{
	struct tm tm = {0};

	if (!reads_date(&r, &tm))
		return -EINVAL;
	if (r.at != r.end && (!(reads(&r, ' ') || reads(&r, 'T')) || !reads_time(&r, false, &tm)))
		return -EINVAL;
	if (r.at != r.end)
		return -EINVAL;
	if (!is_day(&tm))
		return -ERANGE;
	*ret = local(tm);
	return 0;
}

int eg_learn_since(const char *text, int64_t now_s, int64_t *ret)
{
	struct reader r = {text, text + strlen(text)};
	time_t now_t = (time_t)now_s;
	struct tm tm = {0};
	int64_t value = 0;
	int err;

	if (is_ago(r, &value)) {
		*ret = now_s - value;
		return 0;
	}
	err = parse_date(r, ret);
	if (err != -EINVAL)
		return err;
	if (strcmp(text, "now") == 0) {
		*ret = now_s;
		return 0;
	}
	if ((strcmp(text, "today") != 0 && strcmp(text, "yesterday") != 0) ||
	    !localtime_r(&now_t, &tm))
		return -EINVAL;
	tm.tm_mday -= text[0] == 'y';
	tm.tm_hour = tm.tm_min = tm.tm_sec = 0;
	*ret = local(tm);
	return 0;
}
