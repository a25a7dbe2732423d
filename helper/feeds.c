// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Feeds of networks on the disk, and their last good copies. */
#include "feeds.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "key.h"
#include "util.h"

enum { DIGEST_SIZE = 32, NAME_SIZE = 2 * DIGEST_SIZE + sizeof(".last") };

/* ---- texts */

struct text {
	char *bytes; /* owned */
	size_t n;
	int64_t mtime_s; /* of the file it is from */
};

static void text_done(struct text *text)
{
	free(text->bytes);
}
#define auto_text __attribute__((cleanup(text_done)))

/* A feed, or a last good one. */
static int read_file(const struct eg_config_report *report, unsigned int owner, struct text *ret)
{
	eg_auto_close int fd = eg_config_open(report, owner, EG_FEED_NETWORKS_SIZE);
	struct stat st;

	if (fd < 0)
		return fd;
	if (fstat(fd, &st) == 0) /* for people: without it the time is not known */
		ret->mtime_s = st.st_mtim.tv_sec;
	return eg_config_read(report, fd, EG_FEED_NETWORKS_SIZE, &ret->bytes, &ret->n);
}

/* ---- last good ones */

/* What the copy of a feed is called: by the digest of its path, which can be longer than a name.
 * suffix: "last" or "new", the one that waits to be that. */
static void copy_name(const char *feed, const char *suffix, char ret[NAME_SIZE])
{
	uint8_t digest[DIGEST_SIZE];

	eg_key_sha256(feed, strlen(feed), digest);
	for (size_t i = 0; i < DIGEST_SIZE; i++)
		(void)snprintf(ret + 2 * i, 3, "%02x", digest[i]);
	(void)snprintf(ret + 2 * DIGEST_SIZE, NAME_SIZE - 2 * DIGEST_SIZE, ".%s", suffix);
}

static void copy_path(const char *state_dir, const char *feed, const char *suffix,
		      char ret[PATH_MAX])
{
	char name[NAME_SIZE];

	copy_name(feed, suffix, name);
	(void)snprintf(ret, PATH_MAX, "%.*s/feeds/%s", PATH_MAX - (int)NAME_SIZE - 8, state_dir,
		       name);
}

static int write_all(int fd, const struct text *text)
{
	for (size_t done = 0; done < text->n;) {
		ssize_t n = write(fd, text->bytes + done, text->n - done);

		if (n < 0 && errno != EINTR)
			return -errno;
		done += n > 0 ? (size_t)n : 0;
	}
	return fsync(fd) < 0 ? -errno : 0;
}

static void fail_copy(struct eg_feed *feed, const char *path, int error)
{
	const struct eg_config_report report = {.file = path, .reterr = &feed->unkept};

	(void)eg_config_fail(&report, error, 0,
			     "cannot keep a copy of %s for when that is refused: %s; an older one "
			     "stays",
			     feed->as.path, strerror(-error)); /* said, not returned */
}

/* Writes a text beside the last good one. Not being able to is no error now. */
static void stage(struct eg_feed *feed, const char *state_dir, const struct text *text)
{
	char path[PATH_MAX];
	eg_auto_close int fd = -1;
	int r;

	(void)snprintf(path, sizeof(path), "%s/feeds", state_dir);
	r = mkdir(path, 0700) < 0 && errno != EEXIST ? -errno : 0;
	copy_path(state_dir, feed->as.path, "new", path);
	if (!r) {
		fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
		r = fd < 0 ? -errno : write_all(fd, text);
		if (fd >= 0 && r < 0)
			(void)unlink(path); /* others need the room */
	}
	if (r < 0)
		fail_copy(feed, path, r);
	else
		feed->staged = true;
}

/* A file that one profile denies and another allows is read twice, and has one copy. */
static bool is_kept(const struct eg_feeds *feeds, size_t i)
{
	for (size_t k = 0; k < i; k++)
		if (feeds->list[k].kept && !strcmp(feeds->list[k].as.path, feeds->list[i].as.path))
			return true;
	return false;
}

/* So that a power loss after this, too, finds the copies that were renamed. Where it fails it may
 * find those before them. */
static void sync_copies(const char *state_dir)
{
	char path[PATH_MAX];
	eg_auto_close int dir = -1;

	(void)snprintf(path, sizeof(path), "%s/feeds", state_dir);
	dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dir >= 0)
		(void)fsync(dir);
}

void eg_feeds_keep(struct eg_feeds *feeds, const char *state_dir)
{
	bool renamed = false;

	for (size_t i = 0; i < feeds->n; i++) {
		char new[PATH_MAX], last[PATH_MAX];

		if (!feeds->list[i].staged || is_kept(feeds, i))
			continue;
		copy_path(state_dir, feeds->list[i].as.path, "new", new);
		copy_path(state_dir, feeds->list[i].as.path, "last", last);
		feeds->list[i].kept = rename(new, last) == 0;
		if (!feeds->list[i].kept)
			fail_copy(&feeds->list[i], last, -errno);
		renamed |= feeds->list[i].kept;
		feeds->list[i].staged = false;
	}
	if (renamed)
		sync_copies(state_dir);
}

/* The names of the copies that the feeds have, one behind the other. NULL: no memory. */
static char (*names_of(const struct eg_feeds *feeds))[NAME_SIZE]
{
	char(*names)[NAME_SIZE] = calloc(feeds->n + 1, sizeof(*names));

	for (size_t i = 0; i < feeds->n && names; i++)
		copy_name(feeds->list[i].as.path, "last", names[i]);
	return names;
}

/* Is this what a copy is called? Other files are not ours to remove. */
static bool is_copy(const char *name)
{
	return strspn(name, "0123456789abcdef") == 2 * DIGEST_SIZE &&
	       (strcmp(name + 2 * DIGEST_SIZE, ".last") == 0 ||
		strcmp(name + 2 * DIGEST_SIZE, ".new") == 0);
}

void eg_feeds_prune(const struct eg_feeds *feeds, const char *state_dir)
{
	char(*names)[NAME_SIZE] eg_auto_free = names_of(feeds);
	const struct dirent *entry;
	char path[PATH_MAX];
	DIR *dir = NULL;

	(void)snprintf(path, sizeof(path), "%s/feeds", state_dir);
	dir = names ? opendir(path) : NULL;
	while (dir && (entry = readdir(dir))) {
		bool named = !is_copy(entry->d_name);

		for (size_t i = 0; i < feeds->n && !named; i++)
			named = strcmp(names[i], entry->d_name) == 0;
		if (!named) /* what stays is in nobody's way, and tried again at the next load */
			(void)unlinkat(dirfd(dir), entry->d_name, 0);
	}
	if (dir)
		(void)closedir(dir);
}

/* The last good one, parsed; what it was accepted with does not count any more. */
static int parse_last(const struct eg_config_report *report, const struct eg_config_feed *as,
		      const struct text *text, struct eg_networks *ret)
{
	struct eg_config_feed lenient = *as;
	int r;

	lenient.strict = false;
	r = eg_feed_networks_parse(report, &lenient, text->bytes, text->n, ret);
	if (!r && !ret->n) {
		eg_networks_done(ret);
		r = -ENODATA;
	}
	return r;
}

/* A last good one, counted: a million lines are many to have twice. */
struct last {
	size_t n; /* networks */
	size_t n_text;
	int64_t mtime_s;
};

static int read_last(const struct eg_config_feed *as, unsigned int owner, const char *state_dir,
		     char path[PATH_MAX], struct text *ret)
{
	struct eg_err ignored = {0}; /* whatever it is, there is no last good one */
	const struct eg_config_report report = {.file = path, .reterr = &ignored};

	copy_path(state_dir, as->path, "last", path);
	return read_file(&report, owner, ret);
}

static int load_last(const struct eg_config_feed *as, unsigned int owner, const char *state_dir,
		     struct eg_networks *ret_networks, struct last *ret)
{
	char path[PATH_MAX];
	struct eg_err ignored = {0};
	const struct eg_config_report report = {.file = path, .reterr = &ignored};
	auto_text struct text text = {0};
	int r = read_last(as, owner, state_dir, path, &text);

	if (!r)
		r = parse_last(&report, as, &text, ret_networks);
	if (r < 0)
		return r;
	*ret = (struct last){.n = ret_networks->n, .n_text = text.n, .mtime_s = text.mtime_s};
	return 0;
}

/* ---- one feed */

/* Who reads of a feed is to know what names it. */
static void add_place(struct eg_err *err, const char *config, const struct eg_config_feed *feed)
{
	eg_err_append(err, " (%s at %s:%u)", feed->allow ? "allow_files" : "deny_files", config,
		      feed->line);
}

/* A file with nothing but bad lines is empty: the first says what it is. */
static void add_bad(struct eg_err *err, const struct eg_networks *networks)
{
	if (networks->n_bad)
		eg_err_append(err, "; %zu line%s bad, as line %u: %s", networks->n_bad,
			      networks->n_bad > 1 ? "s are" : " is", networks->bad[0].line,
			      networks->bad[0].text);
}

/* Is the text the last good one's? */
static bool is_last(const struct eg_config_feed *as, unsigned int owner, const char *state_dir,
		    const struct last *last, const struct text *text)
{
	char path[PATH_MAX];
	auto_text struct text other = {0};

	return last->n && text->n == last->n_text &&
	       read_last(as, owner, state_dir, path, &other) == 0 && other.n == text->n &&
	       memcmp(other.bytes, text->bytes, text->n) == 0;
}

/* The file itself, against the last good one. */
static int load_file(struct eg_feed *feed, unsigned int owner, const char *state_dir,
		     const struct last *last, struct eg_err *reterr)
{
	const struct eg_config_report report = {.file = feed->as.path, .reterr = reterr};
	struct eg_networks networks = {0};
	auto_text struct text text = {0};
	int r = read_file(&report, owner, &text);

	if (!r)
		r = eg_feed_networks_parse(&report, &feed->as, text.bytes, text.n, &networks);
	if (!r)
		r = eg_feed_networks_judge(&report, &feed->as, networks.n, last->n);
	if (r == -ENODATA)
		add_bad(reterr, &networks);
	if (r < 0) {
		eg_networks_done(&networks);
		return r;
	}
	feed->networks = networks;
	feed->bytes = text.n;
	feed->mtime_s = text.mtime_s;
	if (state_dir && !is_last(&feed->as, owner, state_dir, last, &text))
		stage(feed, state_dir, &text);
	return 0;
}

static int load_feed(struct eg_feed *feed, const char *config, unsigned int owner,
		     const char *state_dir, struct eg_err *reterr)
{
	struct eg_networks networks = {0};
	struct eg_err refused = {0};
	struct last last = {0};
	int r;

	if (state_dir && load_last(&feed->as, owner, state_dir, &networks, &last) == 0)
		eg_networks_done(&networks);
	r = load_file(feed, owner, state_dir, &last, &refused);
	if (r < 0)
		add_place(&refused, config, &feed->as);
	if (!r || !last.n || r == -ENOMEM ||
	    load_last(&feed->as, owner, state_dir, &networks, &last) < 0) {
		if (r < 0)
			*reterr = refused;
		return r;
	}
	feed->networks = networks;
	feed->bytes = last.n_text;
	feed->mtime_s = last.mtime_s;
	feed->last_good = true;
	feed->refused = refused;
	return 0;
}

/* ---- all feeds */

static size_t count_feeds(const struct eg_config *config)
{
	size_t n = 0;

	for (size_t i = 0; i < config->n_profiles; i++)
		n += config->profiles[i].feeds.n;
	return n;
}

/* The feed, read already or now. */
static int get_feed(struct eg_feeds *feeds, const struct eg_config *config,
		    const struct eg_config_feed *as, unsigned int owner, const char *state_dir,
		    const struct eg_feed **ret, struct eg_err *reterr)
{
	const struct eg_config_report report = {.file = config->file, .reterr = reterr};
	struct eg_feed *feed;
	int r;

	for (feed = feeds->list; feed < feeds->list + feeds->n; feed++) {
		if (strcmp(feed->as.path, as->path) != 0)
			continue;
		if (feed->as.strict != as->strict || feed->as.shrink != as->shrink)
			return eg_config_fail(&report, -EINVAL, as->line,
					      "%s is named with another strict or shrink on line "
					      "%u; give both the same",
					      as->path, feed->as.line);
		*ret = feed;
		if (feed->as.allow == as->allow)
			return 0;
	}
	feed->as = *as;
	feed->as.networks = NULL;
	feed->as.path = strdup(as->path);
	if (!feed->as.path)
		return eg_config_fail_memory(&report);
	feeds->n++;
	r = load_feed(feed, config->file, owner, state_dir, reterr);
	feed->n_networks = feed->networks.n;
	*ret = feed;
	return r;
}

static int load_profile(struct eg_feeds *feeds, const struct eg_config *config,
			struct eg_config_profile *profile, unsigned int owner,
			const char *state_dir, struct eg_err *reterr)
{
	const struct eg_config_report report = {.file = config->file, .reterr = reterr};
	size_t total = 0;

	for (size_t i = 0; i < profile->feeds.n; i++) {
		struct eg_config_feed *as = &profile->feeds.list[i];
		const struct eg_feed *feed = NULL;
		int r = get_feed(feeds, config, as, owner, state_dir, &feed, reterr);

		if (r < 0 || !feed)
			return r;
		total += feed->networks.n;
		if (total > EG_FEEDS_NETWORKS_MAX)
			return eg_config_fail(&report, -E2BIG, as->line,
					      "with %s the feeds of this profile have %zu entries; "
					      "they may have %d together",
					      as->path, total, EG_FEEDS_NETWORKS_MAX);
		as->networks = &feed->networks;
	}
	return 0;
}

int eg_feeds_load(struct eg_config *config, unsigned int owner, const char *state_dir,
		  struct eg_feeds *ret, struct eg_err *reterr)
{
	const struct eg_config_report report = {.file = config->file, .reterr = reterr};
	/* All at once: profiles refer to them. */
	struct eg_feeds feeds = {.list = calloc(count_feeds(config) + 1, sizeof(*feeds.list))};
	int r = feeds.list ? 0 : eg_config_fail_memory(&report);

	(void)snprintf(feeds.config, sizeof(feeds.config), "%s", config->file);
	for (size_t i = 0; i < config->n_profiles && r == 0; i++)
		r = load_profile(&feeds, config, &config->profiles[i], owner, state_dir, reterr);
	if (r < 0) {
		eg_feeds_done(&feeds, config);
		return r;
	}
	*ret = feeds;
	return 0;
}

void eg_feeds_release(struct eg_feeds *feeds, const struct eg_config *config, size_t compiled)
{
	for (size_t i = 0; i < feeds->n; i++) {
		struct eg_networks *networks = &feeds->list[i].networks;
		bool needed = false;

		for (size_t k = compiled; k < config->n_profiles && !needed; k++)
			for (size_t f = 0; f < config->profiles[k].feeds.n && !needed; f++)
				needed = config->profiles[k].feeds.list[f].networks == networks;
		if (needed)
			continue;
		free(eg_take_ptr(&networks->list));
		networks->n = networks->room = 0;
	}
}

static void tell_bad(const struct eg_feed *feed, const char *config,
		     void (*tell)(void *data, bool serious, const struct eg_err *what), void *data)
{
	const struct eg_networks *networks = &feed->networks;
	struct eg_err what = {0};
	size_t shown = 0;

	/* Those of a last good one are in a file that nobody is meant to mend. */
	if (feed->last_good || !networks->n_bad)
		return;
	(void)snprintf(what.file, sizeof(what.file), "%s", feed->as.path); /* a long one is cut */
	for (; shown < networks->n_bad && shown < EG_FEED_BAD_SHOWN; shown++) {
		what.line = networks->bad[shown].line;
		(void)snprintf(what.text, sizeof(what.text), "%.*s; passed over",
			       EG_ERR_TEXT_SIZE - 16, networks->bad[shown].text);
		add_place(&what, config, &feed->as);
		tell(data, false, &what);
	}
	if (shown == networks->n_bad)
		return;
	what.line = 0;
	(void)snprintf(what.text, sizeof(what.text), "%zu more lines are bad and passed over",
		       networks->n_bad - shown);
	add_place(&what, config, &feed->as);
	tell(data, false, &what);
}

void eg_feeds_tell(const struct eg_feeds *feeds,
		   void (*tell)(void *data, bool serious, const struct eg_err *what), void *data)
{
	for (size_t i = 0; i < feeds->n; i++) {
		const struct eg_feed *feed = &feeds->list[i];

		if (feed->last_good) {
			struct eg_err what = feed->refused;

			eg_err_append(&what,
				      "; its last good copy, of %zu networks, stays in force",
				      feed->n_networks);
			tell(data, true, &what);
		}
		tell_bad(feed, feeds->config, tell, data);
		if (feed->unkept.text[0])
			tell(data, true, &feed->unkept);
	}
}

void eg_feeds_done(struct eg_feeds *feeds, struct eg_config *config)
{
	for (size_t i = 0; config && i < config->n_profiles; i++)
		for (size_t k = 0; k < config->profiles[i].feeds.n; k++)
			config->profiles[i].feeds.list[k].networks = NULL;
	for (size_t i = 0; i < feeds->n; i++) {
		free(feeds->list[i].as.path);
		eg_networks_done(&feeds->list[i].networks);
	}
	free(feeds->list);
	*feeds = (struct eg_feeds){0};
}
