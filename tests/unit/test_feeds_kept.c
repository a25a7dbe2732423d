// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Last good copies of feeds: what is kept and when, and what is removed. */
#include <errno.h>

#include "feeds_helpers.h"
#include "util.h"

/* A copy was taken by what counted then: strict says something about the file. */
static void test_strict_later(void **state)
{
	struct eg_err err;

	(void)state;
	put(feed_a, "192.0.2.1\nbad\n192.0.2.2\n");
	assert_int_equal(load("deny_files = (A);", 0, &err), 2);
	assert_int_equal(load("deny_files = ({file = A; strict = true;});", 0, &err), 2);
	assert_non_null(strstr(heard, "a:2: \"bad\" is not "));
	assert_non_null(strstr(
		heard,
		" (deny_files at conf:1); its last good copy, of 2 networks, stays in force\n"));
}

/* What was never in force is no last good one. */
static void test_not_kept(void **state)
{
	struct eg_config *config;
	struct eg_feeds feeds = {0};
	struct eg_err err = {0};

	(void)state;
	put(feed_a, "192.0.2.1\n");
	assert_int_equal(load("deny_files = (A);", 0, &err), 1);
	put(feed_a, "192.0.2.1\n192.0.2.2\n192.0.2.3\n");
	config = config_of("deny_files = (A);");
	assert_int_equal(eg_feeds_load(config, geteuid(), state_dir, &feeds, &err), 0);
	assert_int_equal(feeds.list[0].networks.n, 3);
	assert_true(feeds.list[0].staged);
	eg_feeds_done(&feeds, config);
	eg_config_free(config);
	assert_int_equal(unlink(feed_a), 0);
	assert_int_equal(load("deny_files = (A);", 0, &err), 1);
}

/* The copy is as it was read, for root only, and not written where nothing has changed. */
static void test_kept(void **state)
{
	static const char text[] = "\xef\xbb\xbf# x\r\n192.0.2.1 ; y\nbad\n";
	char command[256], name[64 + 80] = "";
	struct stat first = {0}, second = {0};
	struct eg_config *config;
	struct eg_feeds feeds = {0};
	struct eg_err err;
	FILE *out;

	(void)state;
	put(feed_a, text);
	assert_int_equal(load("deny_files = (A);", 0, &err), 1);
	/* sha256sum and not us says what its name is. */
	(void)snprintf(command, sizeof(command), "printf %%s %s | sha256sum | cut -d' ' -f1",
		       feed_a);
	out = popen(command, "r");
	assert_non_null(out);
	(void)snprintf(command, sizeof(command), "%s/feeds/%%64s", state_dir);
	assert_int_equal(fscanf(out, "%64s", command), 1);
	assert_int_equal(pclose(out), 0);
	(void)snprintf(name, sizeof(name), "%s/feeds/%.64s.last", state_dir, command);
	assert_int_equal(stat(name, &first), 0);
	assert_int_equal(first.st_mode & 07777, 0600);
	assert_int_equal(first.st_size, strlen(text));
	config = config_of("deny_files = (A);");
	assert_int_equal(eg_feeds_load(config, geteuid(), state_dir, &feeds, &err), 0);
	assert_false(feeds.list[0].staged);
	eg_feeds_done(&feeds, config);
	eg_config_free(config);
	assert_int_equal(load("deny_files = (A);", 0, &err), 1);
	assert_int_equal(stat(name, &second), 0);
	assert_int_equal(first.st_ino, second.st_ino);
	put(feed_a, "192.0.2.1\n192.0.2.2\n");
	assert_int_equal(load("deny_files = (A);", 0, &err), 2);
	assert_int_equal(stat(name, &second), 0);
	assert_int_not_equal(first.st_ino, second.st_ino);
	/* A copy that others could have written is none. */
	assert_int_equal(chmod(name, 0622), 0);
	assert_int_equal(unlink(feed_a), 0);
	(void)load("deny_files = (A);", -ENOENT, &err);
	/* Nor is an empty one. */
	assert_int_equal(chmod(name, 0600), 0);
	assert_int_equal(load("deny_files = (A);", 0, &err), 2);
	assert_int_equal(truncate(name, 0), 0);
	(void)load("deny_files = (A);", -ENOENT, &err);
}

/* A state directory that takes nothing is said, and the feed is used. */
static void test_unkept(void **state)
{
	struct eg_err err;

	(void)state;
	assert_int_equal(rmdir(state_dir), 0);
	put(state_dir, "a file");
	put(feed_a, "192.0.2.1\n");
	assert_int_equal(load("deny_files = (A);", 0, &err), 1);
	assert_non_null(strstr(heard, "ERR "));
	assert_non_null(strstr(heard, " for when that is refused: Not a directory; an older one "
				      "stays\n"));
}

/* How many copies there are of this kind. */
static int count_copies(const char *suffix)
{
	char command[128], text[16] = "";
	FILE *out;

	(void)snprintf(command, sizeof(command), "ls %s/feeds | grep -c '[.]%s$'", state_dir,
		       suffix);
	out = popen(command, "r");
	assert_non_null(out);
	assert_non_null(fgets(text, sizeof(text), out));
	(void)pclose(out);
	return atoi(text);
}

/* Loads, keeps when that is wanted, and removes what the configuration does not name. */
static void prune(const char *text, bool keep)
{
	struct eg_config *config = config_of(text);
	struct eg_feeds feeds = {0};
	struct eg_err err = {0};

	assert_int_equal(eg_feeds_load(config, geteuid(), state_dir, &feeds, &err), 0);
	if (keep)
		eg_feeds_keep(&feeds, state_dir);
	eg_feeds_prune(&feeds, state_dir);
	eg_feeds_done(&feeds, config);
	eg_config_free(config);
}

static void test_prune(void **state)
{
	static const char both[] = "profiles = ({name = \"x\"; deny_files = (B);}); "
				   "deny_files = (A);";
	char other[256], name[65];
	struct eg_err err;

	(void)state;
	put(feed_a, "192.0.2.0/24\n");
	put(feed_b, "192.0.3.0/24\n");
	prune(both, true);
	assert_int_equal(count_copies("last"), 2);
	/* not ours: almost named so */
	memset(name, 'f', 64);
	name[64] = '\0';
	(void)snprintf(other, sizeof(other), "%s/feeds/%.63s.last", state_dir, name);
	put(other, "");
	(void)snprintf(other, sizeof(other), "%s/feeds/%s.last~", state_dir, name);
	put(other, "");
	(void)snprintf(other, sizeof(other), "%s/feeds/%s.last", state_dir, name);
	put(other, "");
	assert_int_equal(count_copies("last"), 4);
	prune(both, true);
	assert_int_equal(count_copies("last"), 3);
	assert_int_equal(count_copies("last~"), 1);
	/* a load that came to nothing removes nothing, and leaves a copy that waits */
	put(feed_b, "192.0.4.0/24\n");
	(void)load("deny_files = (A);", 0, &err);
	assert_int_equal(count_copies("last"), 3);
	prune(both, false);
	assert_int_equal(count_copies("last"), 3);
	assert_int_equal(count_copies("new"), 0);
	/* the last good one of a feed that is refused is named, too */
	put(feed_b, "");
	assert_int_equal(load(both, 0, &err), 1);
	assert_non_null(strstr(heard, "its last good copy, of 1 networks, stays in force"));
	prune(both, true);
	assert_int_equal(load(both, 0, &err), 1);
	assert_non_null(strstr(heard, "its last good copy, of 1 networks, stays in force"));
	prune("deny_files = (A);", true);
	assert_int_equal(count_copies("last"), 2);
	(void)load(both, -ENODATA, &err);
	prune("", true);
	assert_int_equal(count_copies("last"), 1);
	(void)unlink(feed_a);
	(void)load("deny_files = (A);", -ENOENT, &err);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_strict_later), TEST(test_not_kept), TEST(test_kept),
		TEST(test_unkept),	 TEST(test_prune),
	};

	return cmocka_run_group_tests_name("feeds kept", tests, make_dir, remove_dir);
}
