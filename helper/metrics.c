// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* What of the running helper is measured, see metrics.h. */
#include "metrics.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <time.h>

#include "helper.h"
#include "inforce.h"
#include "server.h"
#include "util.h"

enum {
	SEND_MS = 1000, /* who asked has that long to read it */
};

/* ---- counting ---- */

void eg_metrics_look(struct eg_helper *helper, struct eg_session *session)
{
	struct eg_totals now;

	if (eg_bpf_totals_get(helper->bpf, session->number, &now) == 0)
		eg_metrics_add(helper, session, &now);
}

void eg_metrics_add(struct eg_helper *helper, struct eg_session *session,
		    const struct eg_totals *now)
{
	if (memcmp(now, &session->seen, sizeof(*now)))
		eg_counters_add(
			eg_counters_of(&helper->metrics.counters, session->record.profile_name),
			now, &session->seen);
}

void eg_metrics_adopt(struct eg_helper *helper, struct eg_session *session)
{
	struct eg_written written = {0}; /* no account is one in which nothing is */
	struct eg_totals now;

	if (eg_bpf_totals_get(helper->bpf, session->number, &now) < 0)
		return;
	(void)eg_bpf_written_get(helper->bpf, session->number, &written);
	eg_counters_adopt(&now, &written, &session->seen);
}

/* The profile whose rule it was: a session that comes from another one is under that one's, too. */
static const char *profile_of(const struct eg_helper *helper, const struct eg_session *session,
			      uint32_t slot)
{
	for (size_t i = 0; i < helper->n_in_force; i++)
		if (helper->in_force[i].slot == slot && helper->in_force[i].name[0])
			return helper->in_force[i].name;
	return session ? session->record.profile_name : EG_COUNTERS_OTHER;
}

void eg_metrics_event(struct eg_helper *helper, const struct eg_session *session,
		      const struct eg_event *event)
{
	const char *profile = profile_of(helper, session, event->profile), *source = "";
	enum eg_metric_rule kind = EG_METRIC_RULE_BUILTIN;
	uint32_t line = 0;

	if (event->rule.line == EG_LINE_UNKNOWN) {
		kind = EG_METRIC_RULE_OTHER; /* of an older policy */
	} else if (event->rule.line >= EG_LINE_FEEDS) {
		source = eg_in_force_feed(helper, event->profile, event->generation,
					  event->rule.line);
		source = source ? source : EG_COUNTERS_OTHER; /* a feed of an older policy */
		kind = EG_METRIC_RULE_LINE;
		line = event->rule.line & ((1U << EG_LINE_BITS) - 1);
	} else if (event->rule.line) {
		source = helper->config_file;
		kind = EG_METRIC_RULE_LINE;
		line = event->rule.line;
	} else if (event->reason == EG_REASON_DEFAULT) {
		kind = EG_METRIC_RULE_DEFAULT;
	}
	eg_counters_hit(&helper->metrics.counters, profile, kind, source, line);
}

void eg_metrics_suppressed(struct eg_helper *helper, uint64_t lines)
{
	helper->metrics.counters.suppressed += lines;
}

/* ---- the answer, as it is when it is asked for ---- */

/* Messages one behind the other, each as long as its head says. */
struct answer {
	atomic_uint *answers; /* of the helper: goes down when this one has been sent */
	int fd;		      /* owned */
	char *bytes;	      /* owned */
	size_t n, room;
	int error; /* of the first message for which there was no memory */
};

static void add(struct answer *answer, void *msg, enum eg_msg_type type, size_t size)
{
	eg_proto_head(msg, type, size);
	if (answer->n + size > answer->room && !answer->error) {
		size_t room = 2 * answer->room + size;
		char *bigger = realloc(answer->bytes, room);

		answer->error = bigger ? 0 : -ENOMEM;
		answer->bytes = bigger ? bigger : answer->bytes;
		answer->room = bigger ? room : answer->room;
	}
	if (answer->error)
		return;
	memcpy(answer->bytes + answer->n, msg, size);
	answer->n += size;
}

static void add_helper(struct eg_helper *helper, struct answer *answer, uint32_t unfiltered)
{
	const struct eg_counters *from = &helper->metrics.counters;
	struct eg_msg_metric_helper msg = {
		.abi = EG_ABI_VERSION,
		.enforcing = helper->enforcing,
		.generation = helper->config ? helper->generation : 0,
		.unfiltered = unfiltered,
		.failed = helper->last_error[0] != '\0',
		.now_s = (uint64_t)time(NULL),
		.started_s = (uint64_t)helper->started_s,
		.loaded_s = (uint64_t)helper->loaded_s,
		.tried_s = from->tried_s,
		.exempt = from->exempt,
		.suppressed = from->suppressed,
		.unsaid = from->unsaid,
		.login_ns = from->login_ns,
		.product = EG_VERSION,
	};
	struct utsname uts;

	if (uname(&uts) == 0)
		(void)snprintf(msg.kernel, sizeof(msg.kernel), "%.63s", uts.release);
	memcpy(msg.reloads, from->reloads, sizeof(msg.reloads));
	memcpy(msg.refused, from->not_opened, sizeof(msg.refused));
	memcpy(msg.logins, from->logins, sizeof(msg.logins));
	memcpy(msg.unguarded, helper->gaps.n, sizeof(msg.unguarded));
	add(answer, &msg, EG_MSG_METRIC_HELPER, sizeof(msg));
}

/* How many sessions and managers have a profile now. */
struct live {
	uint32_t sessions, managers;
};

/* Looks at all of them. live: by profile, as the counters have them, and one for others. Returns
 * how many lack the packet layer. */
static uint32_t look_at_all(struct eg_helper *helper, struct live *live)
{
	struct eg_counters *counters = &helper->metrics.counters;
	uint32_t unfiltered = 0;

	for (size_t i = 0; i < EG_BUCKETS; i++) {
		for (struct eg_session *s = helper->buckets[i]; s; s = s->next) {
			size_t at = eg_counters_index(counters, s->record.profile_name);

			eg_metrics_look(helper, s);
			unfiltered += s->unfiltered;
			live[at].managers += !!(s->record.flags & EG_GUARD_MANAGER);
			live[at].sessions += !(s->record.flags & EG_GUARD_MANAGER);
		}
	}
	return unfiltered;
}

static void add_profile(struct answer *answer, const struct eg_counters_profile *from,
			const struct live *live)
{
	struct eg_msg_metric_profile msg = {
		.killed = from->killed,
		.lost = from->lost,
		.packets = from->packets,
		.packets_audited = from->packets_audited,
		.opened = from->opened,
		.ended = from->ended,
		.sessions = live->sessions,
		.managers = live->managers,
	};

	memcpy(msg.refused, from->refused, sizeof(msg.refused));
	memcpy(msg.audited, from->audited, sizeof(msg.audited));
	(void)snprintf(msg.profile, sizeof(msg.profile), "%s", from->name);
	add(answer, &msg, EG_MSG_METRIC_PROFILE, sizeof(msg));
}

static void add_rules(const struct eg_counters *counters, struct answer *answer)
{
	struct eg_msg_metric_rule other = {.hits = counters->other_rules,
					   .kind = EG_METRIC_RULE_OTHER};

	for (size_t i = 0; i < EG_COUNTERS_SLOTS; i++) {
		const struct eg_counters_rule *rule = &counters->rules[i];
		struct eg_msg_metric_rule msg = {
			.hits = rule->hits, .kind = rule->kind, .line = rule->line};

		if (!rule->hits)
			continue;
		(void)snprintf(msg.profile, sizeof(msg.profile), "%s",
			       rule->profile < counters->n_profiles
				       ? counters->profiles[rule->profile]->name
				       : EG_COUNTERS_OTHER);
		(void)snprintf(msg.source, sizeof(msg.source), "%s",
			       counters->sources[rule->source]);
		add(answer, &msg, EG_MSG_METRIC_RULE, sizeof(msg));
	}
	(void)snprintf(other.profile, sizeof(other.profile), EG_COUNTERS_OTHER);
	if (other.hits)
		add(answer, &other, EG_MSG_METRIC_RULE, sizeof(other));
}

static int compare_paths(const void *va, const void *vb)
{
	const char *const *a = va, *const *b = vb;

	return strcmp(*a, *b);
}

/* All of them, as the configuration names them. Returns how many; list: room for so many, NULL =
 * they are counted only. */
static size_t list_feeds(const struct eg_config *config, const char **list)
{
	size_t n = 0;

	for (size_t i = 0; config && i < config->n_profiles; i++) {
		const struct eg_config_profile *profile = &config->profiles[i];

		for (size_t k = 0; k < profile->feeds.n; k++, n++)
			if (list)
				list[n] = profile->feeds.list[k].path;
		for (size_t k = 0; k < profile->exec_deny_sha256_files.n; k++, n++)
			if (list)
				list[n] = profile->exec_deny_sha256_files.list[k].text;
	}
	return n;
}

/* Each once. When it was modified is looked up later. */
static void add_feeds(const struct eg_config *config, struct answer *answer)
{
	size_t n = list_feeds(config, NULL);
	const char **list eg_auto_free = n ? calloc(n, sizeof(*list)) : NULL;

	if (!list) {
		if (n && !answer->error)
			answer->error = -ENOMEM;
		return;
	}
	(void)list_feeds(config, list);
	qsort(list, n, sizeof(*list), compare_paths);
	for (size_t i = 0; i < n; i++) {
		struct eg_msg_metric_feed msg = {0};

		if ((i && !strcmp(list[i - 1], list[i])) || strlen(list[i]) >= sizeof(msg.path))
			continue;
		memcpy(msg.path, list[i], strlen(list[i]));
		add(answer, &msg, EG_MSG_METRIC_FEED, sizeof(msg));
	}
}

static void fill(struct eg_helper *helper, struct answer *answer)
{
	struct eg_counters *counters = &helper->metrics.counters;
	struct live live[EG_COUNTERS_PROFILES_MAX + 1] = {{0}};
	uint32_t unfiltered;
	struct eg_msg ok;

	/* Those that nobody has had, too: a counter that begins at 0 shows its first step. */
	for (size_t i = 0; i < helper->n_in_force; i++)
		if (helper->in_force[i].name[0])
			(void)eg_counters_of(counters, helper->in_force[i].name);
	unfiltered = look_at_all(helper, live);
	add_helper(helper, answer, unfiltered);
	for (size_t i = 0; i < counters->n_profiles; i++)
		add_profile(answer, counters->profiles[i], &live[i]);
	if (counters->other.name[0])
		add_profile(answer, &counters->other, &live[EG_COUNTERS_PROFILES_MAX]);
	add_rules(counters, answer);
	add_feeds(helper->config, answer);
	add(answer, &ok, EG_MSG_OK, sizeof(ok));
}

/* ---- sending, beside the loop ---- */

/* What has to be looked up on a disk, or takes its time. */
static uint64_t count_fds(void)
{
	DIR *dir = opendir("/proc/self/fd");
	uint64_t n = 0;

	while (dir && readdir(dir))
		n++;
	if (dir)
		(void)closedir(dir); /* opened for reading only */
	return n > 3 ? n - 3 : 0;    /* ".", ".." and that of the directory */
}

static uint64_t resident(void)
{
	FILE *file = fopen("/proc/self/statm", "re");
	unsigned long long pages = 0;

	if (file && fscanf(file, "%*u %llu", &pages) != 1)
		pages = 0;
	if (file)
		(void)fclose(file); /* opened for reading only */
	return pages * (uint64_t)sysconf(_SC_PAGESIZE);
}

static void look_up(void *msg)
{
	const struct eg_msg *head = msg;
	struct eg_msg_metric_helper *helper = msg;
	struct eg_msg_metric_feed *feed = msg;
	struct stat st;

	if (head->type == EG_MSG_METRIC_HELPER) {
		helper->memory = resident();
		helper->fds = count_fds();
	} else if (head->type == EG_MSG_METRIC_FEED && stat(feed->path, &st) == 0) {
		feed->modified_s = (uint64_t)st.st_mtime;
	}
}

static void send_all(struct answer *answer, int64_t deadline_ms)
{
	struct eg_msg head;

	for (size_t at = 0; at < answer->n; at += head.size) {
		look_up(answer->bytes + at);
		memcpy(&head, answer->bytes + at, sizeof(head));
		/* who has gone needs no answer, and one that does not read gets no more */
		if (eg_proto_send(answer->fd, answer->bytes + at, NULL, deadline_ms) < 0)
			return;
	}
}

static void answer_free(struct answer *answer)
{
	eg_close_p(&answer->fd);
	free(answer->bytes);
	atomic_fetch_sub(answer->answers, 1);
	free(answer);
}

static void *run(void *arg)
{
	struct answer *answer = arg;

	send_all(answer, eg_proto_now_ms() + SEND_MS);
	answer_free(answer);
	return NULL;
}

static int start(struct answer *answer)
{
	pthread_attr_t detached;
	pthread_t thread;
	int r = -pthread_attr_init(&detached);

	if (r < 0)
		return r;
	r = -pthread_attr_setdetachstate(&detached, PTHREAD_CREATE_DETACHED);
	if (!r)
		r = -pthread_create(&thread, &detached, run, answer);
	(void)pthread_attr_destroy(&detached); /* always succeeds */
	return r;
}

int eg_metrics_answer(struct eg_helper *helper, int fd)
{
	struct answer *answer;
	int r = 0;

	if (atomic_load(&helper->metrics.answers) >= EG_METRICS_ANSWERS_MAX)
		return eg_server_refuse(fd, -EAGAIN, "too many ask for metrics at once");
	answer = calloc(1, sizeof(*answer));
	if (!answer)
		return -ENOMEM;
	atomic_fetch_add(&helper->metrics.answers, 1);
	answer->answers = &helper->metrics.answers;
	answer->fd = fcntl(fd, F_DUPFD_CLOEXEC, 0);
	r = answer->fd < 0 ? -errno : 0;
	if (!r) {
		fill(helper, answer);
		r = answer->error;
	}
	if (!r)
		r = start(answer);
	if (r < 0)
		answer_free(answer);
	return r;
}
