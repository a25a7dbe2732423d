// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * 10,000 loads of good and bad files, as a helper that runs for years sees them: nothing of ours
 * stays behind, no memory and no descriptor, and of the library's no more than is known.
 *
 * EG_RELOADS: how many; sanitizers make them slow.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

#include "config.h"
#include "feeds.h"
#include "policy.h"
#include "util.h"

#ifndef __has_feature
#define __has_feature(f) 0
#endif
#if defined(__SANITIZE_ADDRESS__) || __has_feature(address_sanitizer)
/* gcc brings no header for it. */
size_t __sanitizer_get_current_allocated_bytes(void);
#define USED() __sanitizer_get_current_allocated_bytes()
#else
#define USED() (mallinfo2().uordblks + mallinfo2().hblkhd)
#endif

enum {
	RELOADS = 10000,
	WARM_UP = 2, /* rounds, until all is there that is made once */
	/*
	 * libconfig 1.5 drops the string that it reads when it meets a syntax error. That is one
	 * at most: our scan refuses two side by side, and one of more than 1,024 bytes. The
	 * library takes room for it in steps of 64 bytes, malloc needs 16 for itself.
	 */
	LEAK_MAX = 1024 + 64 + 16,
};

/* ---- files */

static char dir[] = "/tmp/eg_reloads.XXXXXX", state_dir[64];

static void put(const char *path, const char *text, mode_t mode)
{
	eg_auto_close int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	assert_int_equal(fchmod(fd, mode), 0);
}

static void put_feed(const char *name, const char *text, mode_t mode)
{
	char path[96];

	(void)snprintf(path, sizeof(path), "%s/%s", dir, name);
	put(path, text, mode);
}

static int make_dir(void **state)
{
	(void)state;
	if (!mkdtemp(dir))
		return -1;
	(void)snprintf(state_dir, sizeof(state_dir), "%s/state", dir);
	put_feed("good", "192.0.2.0/24\n# x\n2001:db8::/32 # y\n", 0600);
	put_feed("bad", "192.0.2.0/24\n\n192.0.2.0/33\nx\n", 0600);
	put_feed("worse", "192.0.2.0/24\nx\n", 0600);
	put_feed("empty", "# nothing\n", 0600);
	put_feed("open", "192.0.2.0/24\n", 0622);
	return mkdir(state_dir, 0700);
}

static int remove_dir(void **state)
{
	char command[128];

	(void)state;
	(void)snprintf(command, sizeof(command), "rm -rf %s", dir);
	return system(command);
}

/* The configuration of these words; '~' stands for the directory. Written once: the disk would take
 * most of the time. */
static void put_config(const char *path, const char *text)
{
	char full[4096];
	size_t n = 0;

	for (; *text; text++) {
		assert_true(n + sizeof(dir) < sizeof(full));
		if (*text == '~')
			n += (size_t)sprintf(full + n, "%s", dir);
		else
			full[n++] = *text;
	}
	full[n] = '\0';
	put(path, full, 0600);
}

/* Where the i-th of a kind is: 'o' or 'l'. */
static const char *path_of(char kind, size_t i, char buf[96])
{
	(void)snprintf(buf, 96, "%s/%c%zu", dir, kind, i);
	return buf;
}

/* ---- one load: all that a reload does short of the kernel */

static void hear(void *data, bool serious, const struct eg_err *what)
{
	(void)serious;
	assert_true(what->text[0] != '\0');
	(*(size_t *)data)++;
}

static int compile(const struct eg_config *config, struct eg_err *err)
{
	int r = 0;

	for (size_t i = 0; i < config->n_profiles && !r; i++) {
		struct eg_policy_image image = {0};

		r = eg_policy_compile(&config->profiles[i], &image, err);
		eg_policy_done(&image);
	}
	return r;
}

/* Returns what is wrong, "" when nothing is. *ret_told: how much people hear of feeds. */
static int load(const char *path, char line[1024], size_t *ret_told)
{
	struct eg_config *config = NULL;
	struct eg_feeds feeds = {0};
	struct eg_err err = {0};
	eg_auto_free char *text = NULL;
	size_t n = 0;
	int r = eg_config_load(path, geteuid(), &config, &text, &n, &err);

	if (!r)
		r = eg_feeds_load(config, geteuid(), state_dir, &feeds, &err);
	if (!r)
		r = compile(config, &err);
	if (!r) {
		eg_feeds_keep(&feeds, state_dir);
		eg_feeds_tell(&feeds, hear, ret_told);
	}
	eg_feeds_done(&feeds, config);
	eg_config_free(config);
	line[0] = '\0';
	if (r < 0)
		(void)eg_err_format(&err, line, 1024);
	return r;
}

/* ---- what is loaded */

#define ALL                                                                                        \
	"mode = \"audit\"; deny = [ \"10.0.0.0/8\", \"[2001:db8::]/48:80/tcp\" ]; allow = [ "      \
	"\"10.1.0.0/16\" ];\n"                                                                     \
	"bind = { deny = [ \"1-1023/tcp\" ]; }; sockets = { allow = [ \"raw\" ]; };\n"             \
	"setuid = { deny = true; users = [ \"root\" ]; allow = [ \"/usr/bin/sudo\" ]; };\n"        \
	"mount = { deny = true; allow = [ \"tmpfs\" ]; }; unix = { deny = [ \"@x\" ]; };\n"        \
	"capabilities = { deny = [ \"BPF\" ]; }; files = { deny_read = [ \"/etc/shadow\" ]; };\n"  \
	"exec = { deny = [ \"/tmp\" ]; }; record = { open = [ \"/etc\" ]; };\n"                    \
	"managers = { exempt = [ \"backup\" ]; };\n"                                               \
	"rules = ( { programs = [ \"/usr/bin/git\" ]; allow = [ \"10.2.0.0/16\" ]; } );\n"
#define PROFILES                                                                                   \
	"profiles = ( { name = \"a\"; extends = \"default\"; deny = [ \"11.0.0.0/8\" ]; },\n"      \
	"{ name = \"b\"; extends = \"a\"; deny_files = ( \"~/good\" ); } );\n"
#define MATCHES                                                                                    \
	"match = ( { user = [ \"u\", \"v\" ]; group = \"g\"; profile = \"a\"; },\n"                \
	"{ rhost = [ \"10.0.0.0/8\", \"::1\" ]; service = \"sshd\"; profile = \"b\"; } );\n"
#define X64   "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
#define X1024 X64 X64 X64 X64 X64 X64 X64 X64 X64 X64 X64 X64 X64 X64 X64 X64

/* Good ones, and bad ones that we refuse: before libconfig, after it, or for a feed. */
static const struct {
	const char *text;
	bool good;
} ours[] = {
	{"# nothing", true},
	{"", false},
	{"deny = [ \"18.0.0.0/9\" ];", true},
	{ALL, true},
	{ALL PROFILES MATCHES, true},
	{"deny_files = ( \"~/good\" ); allow_files = ( { file = \"~/bad\"; shrink = 10; } );",
	 true},
	{"deny_files = ( { file = \"~/turns\"; shrink = 20; strict = true; } );", true},
	{"profiles = ( { name = \"a\"; deny_files = ( \"~/turns\" ); } ); deny_files = "
	 "( \"~/good\" );",
	 true},
	/* the scan */
	{"deny_files = ( { file = \"/a\"; shrink = 4294967296; } );", false},
	{ALL "mode = \"audit\";", false},
	{ALL "a = (((((((((1)))))))));", false},
	{ALL "@include \"x\"", false},
	{ALL "/*", false},
	{ALL "mode = \"x", false},
	{ALL "a \"" X1024 "x\";", false},
	{ALL "a \"x\" \"y\";", false},
	{ALL "mode = \"\\x00\";", false},
	{ALL "deny = [", false},
	{ALL "]", false},
	/* the library, without a string in hand */
	{ALL "default = ;", false},
	{ALL "default = [ \"x\", 1 ];", false},
	/* the schema */
	{ALL "colour = \"x\";", false},
	{ALL "default = \"x\";", false},
	{ALL "strict = \"true\";", false},
	{"deny = [ \"10.0.0.0/8\", \"10.0.0.1/8\" ];", false},
	{"deny = [ \"10.0.0.0/8\", \"10.0.0.0/8\" ];", false},
	{"bind = { deny = [ \"80\", \"x\" ]; };", false},
	{"setuid = { users = [ \"a\", \"b:\" ]; };", false},
	{"unix = { deny = [ \"/a\", \"a\" ]; };", false},
	{"capabilities = { deny = [ \"BPF\", \"x\" ]; };", false},
	{"exec = { deny_sha256 = [ \"12\" ]; };", false},
	{"files = { deny_read = [ \"/a\", \"/../b\" ]; };", false},
	{"rules = ( { programs = [ \"/a\" ]; }, { programs = [ \"/b\", \"/a\" ]; } );", false},
	/* profiles and match */
	{ALL PROFILES "match = ( { user = \"u\"; profile = \"c\"; } );", false},
	{ALL PROFILES "match = ( { user = [ \"u\", 1 ]; profile = \"a\"; } );", false},
	{ALL PROFILES "match = ( { rhost = [ \"10.0.0.0/8\", \"x\" ]; profile = \"a\"; } );",
	 false},
	{ALL PROFILES "match = ( { profile = \"a\"; }, { user = \"u\"; profile = \"b\"; } );",
	 false},
	{ALL "profiles = ( { name = \"a\"; }, { name = \"a\"; } );", false},
	{ALL "profiles = ( { name = \"a\"; extends = \"b\"; }, { name = \"b\"; } );", false},
	{ALL "profiles = ( { name = \"a\"; extends = \"default\"; deny_files = ( \"x\" ); } );",
	 false},
	/* feeds */
	{"deny_files = ( \"~/good\", { file = \"~/worse\"; strict = true; } );", false},
	{"deny_files = ( \"~/good\", \"~/empty\" );", false},
	{"deny_files = ( \"~/good\" ); allow_files = ( \"~/missing\" );", false},
	{"deny_files = ( \"~/good\", \"~/open\" );", false},
	{"deny_files = ( \"~/good\", \"~/good\" );", false},
	{ALL PROFILES "deny_files = ( { file = \"~/good\"; shrink = 1; } );", false},
};

/* Texts that libconfig stumbles over with a string in hand, of which the last is the longest. */
static const char *const librarys[] = {
	ALL "a \"x\";",
	ALL PROFILES "\"x\" = 1;",
	"deny = [ \"10.0.0.0/8\" ]; default = \"x\" b \"y\";",
	"deny_files ( \"~/good\" );",
	"match = ( { user \"" X64 "\"; } );",
	"a \"" X1024 "\";",
};

/* ---- the tests */

static unsigned int n_reloads(void)
{
	const char *text = getenv("EG_RELOADS");

	return text ? (unsigned int)atoi(text) : RELOADS;
}

static size_t count_fds(void)
{
	DIR *fds = opendir("/proc/self/fd");
	size_t n = 0;

	assert_non_null(fds);
	while (readdir(fds))
		n++;
	(void)closedir(fds);
	return n;
}

/* The feed that is good and empty by turns: its last good copy is in force then, which people hear.
 */
static void turn(unsigned int round)
{
	char link[96];

	(void)snprintf(link, sizeof(link), "%s/turns", dir);
	(void)unlink(link); /* the first time there is none */
	assert_int_equal(symlink(round % 2 ? "empty" : "good", link), 0);
}

/* All of ours once. They say each time what they said the first time. */
static void load_ours(unsigned int round, char messages[][1024])
{
	turn(round);
	for (size_t i = 0; i < EG_ARRAY_SIZE(ours); i++) {
		char path[96], line[1024];
		size_t told = 0;

		if ((load(path_of('o', i, path), line, &told) == 0) != ours[i].good)
			fail_msg("%s: %s", ours[i].text, line);
		assert_int_equal(line[0] == '\0', ours[i].good);
		if (round == 0)
			(void)strcpy(messages[i], line);
		assert_string_equal(line, messages[i]);
		if (strstr(ours[i].text, "~/turns"))
			assert_int_equal(told, round % 2);
	}
}

static void test_ours(void **state)
{
	static char messages[EG_ARRAY_SIZE(ours)][1024];
	unsigned int rounds = (n_reloads() + EG_ARRAY_SIZE(ours) - 1) / EG_ARRAY_SIZE(ours), round;
	size_t used = 0, fds = count_fds();
	char path[96];

	(void)state;
	for (size_t i = 0; i < EG_ARRAY_SIZE(ours); i++)
		put_config(path_of('o', i, path), ours[i].text);
	rounds += rounds % 2; /* so that the feed's turns end as they began */
	for (round = 0; round < WARM_UP + rounds; round++) {
		if (round == WARM_UP)
			used = USED();
		load_ours(round, messages);
	}
	used = USED() - used;
	print_message("%zu loads: %zd bytes\n", rounds * EG_ARRAY_SIZE(ours), (ssize_t)used);
	assert_int_equal(used, 0);
	assert_int_equal(count_fds(), fds);
}

/* Also shows what a leak looks like to the test above, where the library has it. */
static void test_library(void **state)
{
	unsigned int n = n_reloads() / 10, i;
	size_t fds = count_fds();
	char path[96], line[1024];

	(void)state;
	for (size_t k = 0; k < EG_ARRAY_SIZE(librarys); k++) {
		size_t used = 0, told = 0;

		put_config(path_of('l', k, path), librarys[k]);
		for (i = 0; i < WARM_UP + n; i++) {
			if (i == WARM_UP)
				used = USED();
			assert_int_equal(load(path, line, &told), -EINVAL);
			assert_non_null(strstr(line, ": syntax error near line "));
		}
		used = USED() - used;
		print_message("%u loads: %zu bytes each\n", n, used / n);
		assert_true(used <= (size_t)n * LEAK_MAX);
	}
	assert_int_equal(count_fds(), fds);
}

/* glibc counts what its caches per thread hold as used, which comes and goes. */
static void without_caches(char **argv)
{
	static const char name[] = "GLIBC_TUNABLES", value[] = "glibc.malloc.tcache_count=0";
	const char *now = getenv(name);

	if (now && strcmp(now, value) == 0)
		return;
	if (setenv(name, value, 1) == 0)
		(void)execv("/proc/self/exe", argv);
	fail_msg("cannot run once more: %s", strerror(errno));
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ours),
		cmocka_unit_test(test_library),
	};

	(void)argc;
	without_caches(argv);
	return cmocka_run_group_tests_name("config_reloads", tests, make_dir, remove_dir);
}
