// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Feeds of networks on the disk: which files are read, what is used when one is refused, what
 * people hear of it.
 */
#include <errno.h>
#include <sys/resource.h>
#include <time.h>

#include "feeds_helpers.h"
#include "skip.h"
#include "util.h"

static void test_load(void **state)
{
	struct eg_config *config;
	struct eg_feeds feeds = {0};
	struct eg_err err = {0};
	const struct eg_config_feeds *of;

	(void)state;
	put(feed_a, "192.0.2.0/24\n192.0.3.0/24\n");
	put(feed_b, "2001:db8::/32\n");
	config = config_of("deny_files = (A); allow_files = (B);");
	assert_int_equal(eg_feeds_load(config, geteuid(), NULL, &feeds, &err), 0);
	of = &config->profiles[0].feeds;
	assert_int_equal(feeds.n, 2);
	assert_int_equal(feeds.list[0].bytes, 26);
	assert_in_range(feeds.list[0].mtime_s, time(NULL) - 600, time(NULL));
	assert_int_equal(of->list[0].networks->n, 2);
	assert_false(of->list[0].allow);
	assert_int_equal(of->list[1].networks->n, 1);
	assert_true(of->list[1].allow);
	eg_feeds_done(&feeds, config);
	assert_null(of->list[0].networks);
	eg_config_free(config);
	config = config_of("");
	assert_int_equal(eg_feeds_load(config, geteuid(), state_dir, &feeds, &err), 0);
	assert_int_equal(feeds.n, 0);
	eg_feeds_done(&feeds, NULL);
	eg_config_free(config);
}

#define PAGE                                                                                       \
	":2: is a page of HTML or XML, not a list: what servers send in place of one that is "     \
	"gone or wants a login; look at what fetches the file"

/* Refused for each reason; without a copy that is the end, with one it is used. */
static void test_refused(void **state)
{
	static const char lenient[] = "deny_files = (\n\nA);", allow[] = "\n\nallow_files = (A);",
			  strict[] = "deny_files = (\n\n{file = A; strict = true; shrink = 20;});";
	static const struct {
		const char *config, *text; /* NULL: no file */
		mode_t mode;
		int r;
		const char *why;
	} cases[] = {
		{allow, NULL, 0, -ENOENT, ": No such file or directory"},
		{lenient, NULL, 0, -ENOENT, ": No such file or directory"},
		{lenient, "", 0600, -ENODATA, ": lists no network; an empty feed is refused"},
		{lenient, "# none\nx\n", 0600, -ENODATA,
		 ": lists no network; an empty feed is refused; 1 line is bad, as line 2: \"x\" is "
		 "not an IPv4 or IPv6 network such as 10.0.0.0/8 or 2001:db8::/32"},
		{lenient, "\nz/1\ny\n", 0600, -ENODATA,
		 ": lists no network; an empty feed is refused; 2 lines are bad, as line 2: "
		 "\"z/1\" "
		 "is not an IPv4 or IPv6 network such as 10.0.0.0/8 or 2001:db8::/32"},
		{lenient, "\n <!DOCTYPE html>\n192.0.2.1\n", 0600, -EINVAL, PAGE},
		{strict, "\xef\xbb\xbf\n<html>\n", 0600, -EINVAL, PAGE},
		{lenient, "192.0.2.1\n", 0620, -EPERM,
		 ": writable by others than its owner (mode 0620): run chmod go-w"},
		{strict, "192.0.2.1\nx\n", 0600, -EINVAL,
		 ":2: \"x\" is not an IPv4 or IPv6 network such as 10.0.0.0/8 or 2001:db8::/32; "
		 "a strict file is refused for one bad line"},
	};
	struct eg_err err;

	(void)state;
	for (size_t i = 0; i < EG_ARRAY_SIZE(cases); i++) {
		char line[1024], wanted[1024], with_rest[2048];

		assert_int_equal(clean(NULL), 0);
		(void)snprintf(wanted, sizeof(wanted), "%s%s (%s_files at conf:3)", feed_a,
			       cases[i].why, cases[i].config == allow ? "allow" : "deny");
		for (int copy = 0; copy < 2; copy++) {
			if (copy) {
				put(feed_a, "192.0.2.1\n192.0.2.2\n192.0.2.3\n");
				assert_int_equal(load(cases[i].config, 0, &err), 3);
				assert_string_equal(heard, "");
				assert_int_equal(unlink(feed_a), 0);
			}
			if (cases[i].text) {
				put(feed_a, cases[i].text);
				assert_int_equal(chmod(feed_a, cases[i].mode), 0);
			}
			if (!copy) {
				(void)load(cases[i].config, cases[i].r, &err);
				assert_string_equal(eg_err_format(&err, line, sizeof(line)),
						    wanted);
				continue;
			}
			for (int again = 0; again < 2; again++) { /* it stays the last good one */
				assert_int_equal(load(cases[i].config, 0, &err), 3);
				(void)snprintf(
					with_rest, sizeof(with_rest),
					"ERR %s; its last good copy, of 3 networks, stays in "
					"force\n",
					wanted);
				assert_string_equal(heard, with_rest);
			}
		}
	}
}

static void test_shrunk(void **state)
{
	static const char config[] = "deny_files = ({file = A; shrink = 50;});",
			  any[] = "deny_files = ({file = A; shrink = 100;});";
	struct eg_err err;

	(void)state;
	put(feed_a, "192.0.2.1\n192.0.2.2\n192.0.2.3\n192.0.2.4\n");
	assert_int_equal(load(config, 0, &err), 4);
	put(feed_a, "192.0.2.9\n");
	assert_int_equal(load(config, 0, &err), 4);
	assert_non_null(strstr(
		heard, "a: lists 1 networks, and the last good one 4: it has shrunk by more "
		       "than 50 percent. If that is right, set shrink = 100 for this file until it "
		       "is taken (deny_files at conf:1); its last good copy, of 4 networks, stays "
		       "in force\n"));
	put(feed_a, "192.0.2.9\n192.0.2.8\n");
	assert_int_equal(load(config, 0, &err), 2);
	assert_string_equal(heard, "");
	put(feed_a, "192.0.2.9\n"); /* half of what is the last good one now */
	assert_int_equal(load(config, 0, &err), 1);
	put(feed_a, "192.0.2.1\n192.0.2.2\n192.0.2.3\n192.0.2.4\n");
	assert_int_equal(load(config, 0, &err), 4);
	put(feed_a, "192.0.2.9\n");
	assert_int_equal(load(any, 0, &err), 1);
	assert_string_equal(heard, "");
	assert_int_equal(load(config, 0, &err), 1);
	assert_string_equal(heard, "");
}

static void test_bad_lines(void **state)
{
	struct eg_err err;

	(void)state;
	put(feed_a, "x1\nx2\nx3\nx4\nx5\n192.0.2.1\n");
	assert_int_equal(load("deny_files = (A);", 0, &err), 1);
	assert_null(strstr(heard, "more lines"));
	put(feed_a, "192.0.2.1\nx1\nx2\nx3\nx4\nx5\nx6\nx7\n");
	assert_int_equal(load("deny_files = (A);", 0, &err), 1);
	assert_non_null(strstr(heard, "WARNING "));
	assert_null(strstr(heard, "ERR"));
	assert_non_null(
		strstr(heard, "a:2: \"x1\" is not an IPv4 or IPv6 network such as "
			      "10.0.0.0/8 or 2001:db8::/32; passed over (deny_files at conf:1)\n"));
	assert_non_null(strstr(heard, "a:6: \"x5\""));
	assert_null(strstr(heard, "x6"));
	assert_non_null(
		strstr(heard, "a: 2 more lines are bad and passed over (deny_files at conf:1)\n"));
}

static void test_files(void **state)
{
	struct eg_err err;

	(void)state;
	assert_int_equal(mkfifo(feed_a, 0600), 0); /* must not hold us up */
	(void)load("deny_files = (A);", -EINVAL, &err);
	assert_string_equal(err.text, "not a regular file (deny_files at conf:1)");
	assert_int_equal(unlink(feed_a), 0);
	assert_int_equal(mkdir(feed_a, 0700), 0);
	(void)load("deny_files = (A);", -EINVAL, &err);
	assert_int_equal(rmdir(feed_a), 0);
	put(feed_a, "192.0.2.1\n");
	assert_int_equal(truncate(feed_a, (off_t)EG_FEED_NETWORKS_SIZE + 1), 0);
	(void)load("deny_files = (A);", -EFBIG, &err);
	assert_string_equal(err.file, feed_a);
	put(feed_a, "192.0.2.1\n");
	assert_int_equal(symlink(feed_a, feed_b), 0); /* is followed, as for the configuration */
	assert_int_equal(load("deny_files = (B);", 0, &err), 1);
	if (geteuid() != 0)
		skip_because("only root can give a file away");
	assert_int_equal(chown(feed_a, 1, 1), 0);
	(void)load("deny_files = (A);", -EPERM, &err);
}

/* One file for several profiles is read once; its settings must then be the same. */
static void test_shared(void **state)
{
	struct eg_config *one, *two;
	struct eg_config_profile profiles[2];
	struct eg_config both = {.file = "conf", .profiles = profiles, .n_profiles = 2};
	struct eg_feeds feeds = {0};
	struct eg_err err = {0};

	(void)state;
	put(feed_a, "192.0.2.1\n");
	one = config_of("deny_files = (A);");
	two = config_of("\ndeny_files = (A);");
	profiles[0] = one->profiles[0];
	profiles[1] = two->profiles[0];
	assert_int_equal(eg_feeds_load(&both, geteuid(), NULL, &feeds, &err), 0);
	assert_int_equal(feeds.n, 1);
	assert_ptr_equal(profiles[0].feeds.list[0].networks, profiles[1].feeds.list[0].networks);
	eg_feeds_release(&feeds, &both, 1); /* the other still needs it */
	assert_int_equal(feeds.list[0].networks.n, 1);
	eg_feeds_release(&feeds, &both, 2);
	assert_int_equal(feeds.list[0].networks.n, 0);
	assert_null(feeds.list[0].networks.list);
	assert_int_equal(feeds.list[0].n_networks, 1);
	eg_feeds_done(&feeds, &both);
	profiles[1].feeds.list[0].strict = true;
	assert_int_equal(eg_feeds_load(&both, geteuid(), NULL, &feeds, &err), -EINVAL);
	assert_string_equal(err.file, "conf");
	assert_int_equal(err.line, 2);
	assert_non_null(strstr(err.text, " is named with another strict or shrink on line 1; give "
					 "both the same"));
	profiles[1].feeds.list[0].strict = false;
	profiles[1].feeds.list[0].allow = true; /* read twice: ports are judged differently */
	assert_int_equal(eg_feeds_load(&both, geteuid(), NULL, &feeds, &err), 0);
	assert_int_equal(feeds.n, 2);
	eg_feeds_done(&feeds, &both);
	eg_config_free(one);
	eg_config_free(two);
}

/* What sessions must not write: every feed of every profile, once. */
static void test_paths(void **state)
{
	static const char text[] =
		"deny_files = (\"/x//n/./drop\"); allow_files = (\"/x/allow\");"
		"exec = { deny_sha256_files = [ \"/x/digests\", \"/x/n/drop/\" ]; };"
		"profiles = ({name = \"p\"; extends = \"default\"; deny_files = (A);},"
		"{name = \"q\"; deny_files = (\"/none/../none\", \"/proc/../x/b\", "
		"\"/etc/../etc\");"
		"exec = { deny_sha256_files = [ \"/x/more\" ]; };});";
	const char *wanted[] = {"/etc", feed_a, "/x/allow", "/x/digests", "/x/more", "/x/n/drop"};
	struct eg_config *config = config_of(text), *other;
	size_t n = 0;
	char **paths = eg_feeds_paths(config, &n);

	(void)state;
	assert_non_null(paths);
	assert_int_equal(n, EG_ARRAY_SIZE(wanted));
	for (size_t i = 0; i < n; i++)
		assert_string_equal(paths[i], wanted[i]);
	eg_feeds_paths_done(paths, n);
	other = config_of("deny_files = (A);");
	assert_true(eg_feeds_have_same_paths(config, config));
	assert_false(eg_feeds_have_same_paths(config, other));
	assert_false(eg_feeds_have_same_paths(other, config));
	assert_false(eg_feeds_have_same_paths(NULL, other));
	eg_config_free(other);
	other = config_of("allow_files = (A);");
	assert_false(eg_feeds_have_same_paths(other, config));
	eg_config_free(other);
	eg_config_free(config);
	config = config_of("");
	assert_true(eg_feeds_have_same_paths(NULL, config));
	paths = eg_feeds_paths(config, &n);
	assert_non_null(paths);
	assert_int_equal(n, 0);
	eg_feeds_paths_done(paths, n);
	eg_feeds_paths_done(NULL, 0);
	eg_config_free(config);
}

static bool no_memory;

/* In place of the C library's. */
char *strdup(const char *text)
{
	size_t size = strlen(text) + 1;
	char *copy = no_memory ? NULL : malloc(size);

	return copy ? memcpy(copy, text, size) : NULL;
}

/* One that could not be taken in must not be left out: it would not be protected. */
static void test_paths_without_memory(void **state)
{
	struct eg_config *config = config_of("deny_files = (A);");
	size_t n = 77;
	char **paths;

	(void)state;
	no_memory = true;
	paths = eg_feeds_paths(config, &n);
	assert_false(eg_feeds_have_same_paths(config, config));
	no_memory = false;
	assert_null(paths);
	assert_int_equal(n, 77);
	eg_config_free(config);
}

/* A million lines of which one changes: with the copies and all, what a reload takes. */
static void test_million(void **state)
{
	struct rusage usage = {0};
	struct eg_err err;
	clock_t start;

	(void)state;
	for (unsigned int round = 0; round < 2; round++) {
		FILE *file = fopen(feed_a, "w");

		assert_non_null(file);
		for (uint32_t i = round; i < EG_FEED_NETWORKS_MAX + round; i++) {
			uint32_t a = i * 2654435761U;

			(void)fprintf(file, "%u.%u.%u.%u\n", a >> 24, a >> 16 & 255, a >> 8 & 255,
				      a & 255);
		}
		assert_int_equal(fclose(file), 0);
		assert_int_equal(chmod(feed_a, 0600), 0);
		start = clock();
		assert_int_equal(load("deny_files = (A);", 0, &err), EG_FEED_NETWORKS_MAX);
		assert_string_equal(heard, "");
		assert_int_equal(getrusage(RUSAGE_SELF, &usage), 0);
		print_message("a million lines, %s: loaded and kept in %.2f s, peak %ld MiB\n",
			      round ? "changed" : "new", (double)(clock() - start) / CLOCKS_PER_SEC,
			      usage.ru_maxrss / 1024);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_load),    TEST(test_refused),
		TEST(test_shrunk),  TEST(test_bad_lines),
		TEST(test_files),   TEST(test_shared),
		TEST(test_paths),   TEST(test_paths_without_memory),
		TEST(test_million),
	};

	return cmocka_run_group_tests_name("feeds", tests, make_dir, remove_dir);
}
