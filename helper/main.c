// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * ebpfguard-helper: options, start order, loop. Start: options -> settings -> log -> load or adopt
 * -> prove -> policy
 * -> live sessions -> sockets -> ready. Foreground always; systemd does the rest.
 */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <malloc.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/timerfd.h>
#include <sys/un.h>
#include <sys/utsname.h>
#include <time.h>

#include "fault.h"
#include "feed.h"
#include "feeds.h"
#include "helper.h"
#include "inforce.h"
#include "log.h"
#include "notify.h"
#include "order.h"
#include "privilege.h"
#include "refresh.h"
#include "util.h"
#include "versions.h"
#include "watch.h"

#define STATE_DIR "/var/lib/ebpfguard"
#define RUN_DIR	  "/run/ebpfguard"

/* What systemd passes, in the order of the unit; there may be fewer. */
static const int passed[] = {3, 4};

/* KERNEL_CANNOT is EX_CONFIG: the unit does not restart us for it, because trying again would not
 * help. */
enum { FAILED = 1, USAGE = 2, KERNEL_CANNOT = 78 };
enum { BIG = 1 << 17 /* bytes */ };

/* ---- systemd ---- */

/* Number of sockets passed by socket activation, from descriptor 3 on. */
static size_t passed_sockets(void)
{
	const char *pid = getenv("LISTEN_PID"), *fds = getenv("LISTEN_FDS");
	long n;

	if (!pid || !fds || atol(pid) != (long)getpid())
		return 0;
	n = atol(fds);
	return n > 0 && n <= 2 ? (size_t)n : 0;
}

/* ---- loop ---- */

int eg_loop_add(struct eg_helper *helper, struct eg_source *source, uint32_t events)
{
	struct epoll_event event = {.events = events, .data.ptr = source};

	return epoll_ctl(helper->epoll_fd, EPOLL_CTL_ADD, source->fd, &event) < 0 ? -errno : 0;
}

/* Only from the loop: when that stands, no login is answered, whatever the threads do. */
static void show_life(struct eg_helper *helper, int64_t now_ms)
{
	if (!helper->alive_every_ms || now_ms - helper->alive_ms < helper->alive_every_ms)
		return;
	helper->alive_ms = now_ms;
	eg_notify_alive();
}

static void on_timer(struct eg_helper *helper, struct eg_source *source, uint32_t events)
{
	int64_t now = eg_proto_now_ms();
	uint64_t ticks;

	(void)events;
	if (read(source->fd, &ticks, sizeof(ticks)) < 0)
		return; /* EAGAIN: already read */
	eg_server_tick(helper, now);
	eg_session_tick(helper, now);
	eg_versions_tick(helper);
	eg_flows_tick(helper);
	eg_order_tick(helper, now);
	eg_rings_tick(helper);
	show_life(helper, now);
}

static void on_signal(struct eg_helper *helper, struct eg_source *source, uint32_t events)
{
	struct signalfd_siginfo info;

	(void)events;
	if (read(source->fd, &info, sizeof(info)) != sizeof(info))
		return;
	if (info.ssi_signo == SIGHUP)
		eg_reload(helper, -1);
	else
		helper->stop = true;
}

static int open_loop(struct eg_helper *helper)
{
	struct itimerspec tick = {.it_interval.tv_sec = EG_TICK_MS / 1000,
				  .it_value.tv_sec = EG_TICK_MS / 1000};
	sigset_t set;
	int r;

	(void)sigemptyset(&set);
	(void)sigaddset(&set, SIGHUP);
	(void)sigaddset(&set, SIGTERM);
	(void)sigaddset(&set, SIGINT);
	if (sigprocmask(SIG_BLOCK, &set, NULL) < 0)
		return -errno;
	helper->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	helper->signals = (struct eg_source){.fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK),
					     .handle = on_signal};
	helper->timer = (struct eg_source){
		.fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK),
		.handle = on_timer};
	if (helper->epoll_fd < 0 || helper->signals.fd < 0 || helper->timer.fd < 0 ||
	    timerfd_settime(helper->timer.fd, 0, &tick, NULL) < 0)
		return -errno;
	r = eg_loop_add(helper, &helper->signals, EPOLLIN);
	return r < 0 ? r : eg_loop_add(helper, &helper->timer, EPOLLIN);
}

/* How long to wait for an event: until a ring is to be read or the walk over the tasks is due, or
 * for ever. */
static int patience_ms(const struct eg_helper *helper)
{
	int64_t left = helper->reap_after_ms - eg_proto_now_ms();
	int rings = eg_rings_wait_ms(helper);

	if (!helper->reap_due)
		return rings;
	left = left > 0 ? left : 0;
	return rings >= 0 && rings < left ? rings : (int)left;
}

static void reap_if_due(struct eg_helper *helper)
{
	int64_t now = eg_proto_now_ms();

	if (!helper->reap_due || now < helper->reap_after_ms)
		return;
	eg_session_reap(helper);
	helper->reap_after_ms = now + EG_REAP_MS;
}

static int loop(struct eg_helper *helper)
{
	while (!helper->stop) {
		struct epoll_event event;
		int n = epoll_wait(helper->epoll_fd, &event, 1, patience_ms(helper));
		struct eg_source *source = event.data.ptr;

		if (n < 0 && errno != EINTR)
			return -errno;
		if (n == 1)
			source->handle(helper, source, event.events);
		eg_rings_read(helper);
		reap_if_due(helper);
	}
	return 0;
}

/* ---- start ---- */

/* The feeds that the configuration names: those that can be read, and their digests. */
static int check_feeds(struct eg_config *config, struct eg_err *err)
{
	struct eg_digests digests = {0};
	struct eg_feeds feeds = {0};
	int r = eg_feeds_load(config, geteuid(), NULL, &feeds, err);

	for (size_t i = 0; i < config->n_profiles && !r; i++) {
		r = eg_feed_digests(config->file, &config->profiles[i], geteuid(), &digests, err);
		eg_digests_done(&digests);
	}
	eg_feeds_done(&feeds, config);
	return r;
}

/* -t: is the configuration good? Needs neither root nor a kernel. */
static int check_only(const char *path)
{
	struct eg_config *config = NULL;
	struct eg_err err = {0};
	char text[EG_TEXT_SIZE + EG_PATH_TEXT_SIZE];
	int r = eg_config_load(path, geteuid(), &config, NULL, NULL, &err);

	if (!r)
		r = check_feeds(config, &err);
	eg_config_free(config);
	if (r < 0) {
		(void)fprintf(stderr, "%s\n", eg_err_format(&err, text, sizeof(text)));
		return 1;
	}
	(void)printf("%s: fine\n", path);
	return 0;
}

/*
 * One helper at a time: two would share one ring buffer and hand out the same session numbers. The
 * lock goes with the process. Returns its descriptor, -EBUSY, or another negative errno.
 */
static int take_lock(struct eg_err *err)
{
	int fd = -1;

	if (mkdir(RUN_DIR, 0755) == 0 || errno == EEXIST)
		/* not for writing: one that is there will do when /run has become read-only */
		fd = open(RUN_DIR "/lock", O_RDONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0) {
		(void)snprintf(err->text, sizeof(err->text), "cannot open " RUN_DIR "/lock: %s",
			       strerror(errno));
		return -errno;
	}
	if (flock(fd, LOCK_EX | LOCK_NB) < 0) {
		(void)snprintf(err->text, sizeof(err->text),
			       "another ebpfguard-helper is running: systemctl stop "
			       "ebpfguard.service ebpfguard.socket "
			       "before you start one by hand");
		(void)close(fd);
		return -EBUSY;
	}
	return fd;
}

static void log_enforcing(struct eg_helper *helper, enum eg_bpf_start how)
{
	static const char *const started[] = {[EG_BPF_FRESH] = "fresh start",
					      [EG_BPF_ADOPTED] = "pins taken over",
					      [EG_BPF_REPLACED] =
						      "pins taken over, programs replaced"};
	struct eg_fields fields;

	eg_fields_begin(&fields, "ENFORCING", NULL);
	eg_fields_add_word(&fields, "version", EG_VERSION);
	eg_fields_add_number(&fields, "abi", EG_ABI_VERSION);
	eg_fields_add_phrase(&fields, "start", started[how]);
	eg_fields_add_phrase(
		&fields, "seen",
		helper->packets_seen
			? "a denied connect of our own child gave EPERM, a denied "
			  "packet to it was dropped"
			: "a denied connect of our own child gave EPERM; packets could "
			  "not be tried: loopback passes none");
	(void)eg_report_put(helper, LOG_NOTICE, &fields);
}

/* Before there is any thread. A helper with more than it needs guards all the same. */
static void drop_privileges(void)
{
	char missing[EG_TEXT_SIZE];
	int r = eg_privilege_drop(missing, sizeof(missing));

	if (r < 0)
		eg_log(LOG_WARNING, "cannot give up capabilities: %s; they are kept", strerror(-r));
	else if (missing[0])
		eg_log(LOG_WARNING,
		       "without%s: what needs it fails; see CapabilityBoundingSet= of the unit",
		       missing);
}

static int start(struct eg_helper *helper, struct eg_err *err)
{
	enum eg_bpf_start how = EG_BPF_FRESH;
	int r, n;

	r = eg_fault(start_lock) ?: take_lock(err);
	if (r < 0)
		return r;
	r = eg_fault(start_cgroup2) ?: eg_cgroup2_open(&helper->cgroup2);
	if (r < 0) {
		(void)snprintf(err->text, sizeof(err->text),
			       "no cgroup2 file system is mounted: %s", strerror(-r));
		return r;
	}
	r = eg_bpf_open(&helper->bpf, &how, helper->debug, err);
	if (!r)
		r = eg_selftest(helper, err);
	if (r < 0)
		return r;
	helper->enforcing = true;
	drop_privileges();
	helper->generation = eg_bpf_generation(helper->bpf);
	r = eg_fault(start_accounts) ?: eg_accounts_open(helper);
	if (r < 0)
		return r;
	eg_bpf_events_set(helper->bpf, eg_session_event, helper);
	eg_bpf_story_set(helper->bpf, eg_story_record, helper);
	r = eg_inforce_start(helper, err);
	if (r < 0)
		return r;
	log_enforcing(helper, how); /* the configuration has said where to */
	n = eg_adopt_sessions(helper, err);
	if (n < 0)
		return n;
	if (n)
		eg_log(LOG_NOTICE, "took over %d sessions", n);
	r = eg_rings_open(helper);
	if (!r)
		r = eg_server_open(helper, passed, passed_sockets(), err);
	return r;
}

static void usage(FILE *out)
{
	(void)fputs("usage: ebpfguard-helper [-dtVh] [-f FILE]\n"
		    "       ebpfguard-helper --check-kernel | --unload\n"
		    "  -d, --debug     log to stderr, in detail\n"
		    "  -f, --config F  configuration file (" EG_CONFIG_FILE ")\n"
		    "  -t, --test      check the configuration and exit\n"
		    "      --check-kernel  has the kernel what it takes?\n"
		    "      --unload    remove what is pinned in the kernel: guarding ends\n"
		    "  -V, --version   print the version\n",
		    out);
}

static int check_kernel(void)
{
	struct utsname kernel = {0};
	struct eg_err err = {0};

	if (eg_bpf_kernel_check(&err) < 0) {
		(void)fprintf(stderr, "%s\n", err.text);
		return FAILED;
	}
	(void)uname(&kernel);
	(void)printf("Linux %s: BTF, BPF LSM and bpffs are there\n", kernel.release);
	return 0;
}

static int unload(void)
{
	struct eg_cgroup2 cgroup2;
	bool mounted = false;
	struct eg_err err = {0};
	int lock eg_auto_close = take_lock(&err);
	int r;

	/* A running helper would go on as if it guarded. */
	if (lock < 0) {
		(void)fprintf(stderr, "ebpfguard-helper: %s\n", err.text);
		return FAILED;
	}
	mounted = eg_cgroup2_open(&cgroup2) == 0;
	r = eg_bpf_unload(mounted ? &cgroup2 : NULL);
	if (r < 0)
		(void)fprintf(stderr,
			      "ebpfguard-helper: cannot remove all of " EG_PIN_PARENT
			      ", or of the packet programs: %s\n",
			      strerror(-r));
	if (mounted)
		eg_cgroup2_close(&cgroup2);
	return r < 0 ? FAILED : 0;
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{"debug", no_argument, NULL, 'd'},  {"config", required_argument, NULL, 'f'},
		{"test", no_argument, NULL, 't'},   {"check-kernel", no_argument, NULL, 'k'},
		{"unload", no_argument, NULL, 'u'}, {"version", no_argument, NULL, 'V'},
		{"help", no_argument, NULL, 'h'},   {0}};
	static struct eg_helper helper = {
		.cgroup2.root_fd = -1,
		.config_file = EG_CONFIG_FILE,
		.state_dir = STATE_DIR,
		.epoll_fd = -1,
		.listeners = {{.fd = -1}, {.fd = -1}},
	};
	const struct rlimit files = {65536, 65536};
	struct eg_err err = {0};
	char text[EG_TEXT_SIZE + EG_PATH_TEXT_SIZE];
	bool test = false;
	int c, r;

	while ((c = getopt_long(argc, argv, "df:tVh", options, NULL)) != -1) {
		switch (c) {
		case 'd':
			helper.debug = true;
			break;
		case 'f':
			helper.config_file = optarg;
			break;
		case 't':
			test = true;
			break;
		case 'k':
			return check_kernel();
		case 'u':
			return unload();
		case 'V':
			(void)puts("ebpfguard-helper " EG_VERSION);
			return 0;
		case 'h':
			usage(stdout);
			return 0;
		default:
			usage(stderr);
			return USAGE;
		}
	}
	if (optind < argc) {
		usage(stderr);
		return USAGE;
	}
	if (test)
		return check_only(helper.config_file);
	eg_log_open(helper.debug, helper.debug);
	helper.started_s = time(NULL);
	/* one or two a session; systemd's unit sets it too */
	(void)setrlimit(RLIMIT_NOFILE, &files);
	(void)signal(SIGXFSZ, SIG_IGN); /* a log that may not grow is an error of write(2) */
	/* What a million rules took goes back at once, not when malloc has learned their size. */
	(void)mallopt(M_MMAP_THRESHOLD, BIG);
	r = open_loop(&helper);
	if (!r)
		r = start(&helper, &err);
	if (r < 0) {
		if (!err.text[0])
			(void)snprintf(err.text, sizeof(err.text), "%s", strerror(-r));
		eg_log(LOG_ERR, "cannot start: %s", eg_err_format(&err, text, sizeof(text)));
		if (!helper.debug)
			(void)fprintf(stderr, "ebpfguard-helper: cannot start: %s\n", text);
		if (r != -EOPNOTSUPP)
			return FAILED; /* who waits, waits on for the next start */
		eg_server_refuse_waiting(passed, passed_sockets(), r, text);
		return KERNEL_CANNOT;
	}
	helper.alive_every_ms = eg_notify_alive_every_ms();
	(void)eg_fault(start_ready);
	eg_notify_ready();
	r = loop(&helper);
	eg_notify_stopping();
	eg_log(r < 0 ? LOG_ERR : LOG_NOTICE, "stopping%s%s: sessions stay guarded",
	       r < 0 ? ": " : "", r < 0 ? strerror(-r) : "");
	eg_server_close(&helper);
	eg_refresh_close(&helper);
	eg_reload_close(&helper);
	eg_watch_close(&helper);
	eg_order_close(&helper);
	eg_flows_close(&helper);
	eg_accounts_flush(&helper);
	eg_session_free_all(&helper);
	eg_versions_close(&helper);
	eg_counters_done(&helper.metrics.counters);
	eg_accounts_close(&helper);
	(void)eg_bpf_helper_set(helper.bpf, 0); /* else a number that is nobody's stays protected */
	eg_place_watch_done(&helper.place_watch);
	eg_places_close(helper.places);
	eg_bpf_close(helper.bpf);
	eg_in_force_free(&helper);
	eg_config_free(helper.config);
	free(helper.feeds);
	eg_cgroup2_close(&helper.cgroup2);
	return r < 0;
}
