// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Arguments of the module's line in /etc/pam.d. */
#include "args.h"
#include "common.h"
#include "proto.h"
#include "util.h"

#include <string.h>
#include <sys/un.h>

enum { TIMEOUT_MS_MAX = 60000 };

static int set_onerr(struct eg_args *args, const char *value)
{
	if (strcmp(value, "fail") != 0 && strcmp(value, "succeed") != 0)
		return -EINVAL;
	args->onerr_succeed = strcmp(value, "succeed") == 0;
	return 0;
}

static int set_timeout(struct eg_args *args, const char *value)
{
	int ms = 0;

	if (!*value)
		return -EINVAL;
	for (; *value; value++) {
		if (*value < '0' || *value > '9')
			return -EINVAL;
		ms = ms * 10 + (*value - '0');
		if (ms > TIMEOUT_MS_MAX)
			return -ERANGE;
	}
	if (ms == 0)
		return -ERANGE;
	args->timeout_ms = ms;
	return 0;
}

static int set_socket(struct eg_args *args, const char *value)
{
	if (*value != '/' || strlen(value) >= sizeof(((struct sockaddr_un *)0)->sun_path))
		return -EINVAL;
	args->socket = value;
	return 0;
}

static int set_debug(struct eg_args *args, const char *value)
{
	if (value)
		return -EINVAL;
	args->debug = true;
	return 0;
}

/* The names were looked at before (is_exempt); here only whether the list is one. */
static int check_list(struct eg_args *args, const char *value)
{
	(void)args; /* a row of the table like the others */
	for (const char *p = value;; p++) {
		size_t n = strcspn(p, ",");

		if (n == 0 || n >= EG_USER_SIZE)
			return -EINVAL;
		p += n;
		if (!*p)
			return 0;
	}
}

static const struct {
	const char *name;
	bool has_value;
	int (*set)(struct eg_args *args, const char *value);
} arg_table[] = {
	{"onerr", true, set_onerr},	    {"timeout", true, set_timeout},
	{"socket", true, set_socket},	    {"exempt_user", true, check_list},
	{"exempt_group", true, check_list}, {"debug", false, set_debug},
};

int eg_args_parse(struct eg_args *args, const char *arg)
{
	size_t n = strcspn(arg, "=");
	const char *value = arg[n] ? arg + n + 1 : NULL;

	for (size_t i = 0; i < EG_ARRAY_SIZE(arg_table); i++) {
		if (strlen(arg_table[i].name) != n || memcmp(arg_table[i].name, arg, n) != 0)
			continue;
		if (arg_table[i].has_value && !value)
			return -EINVAL;
		return arg_table[i].set(args, value);
	}
	return -ENOENT;
}
