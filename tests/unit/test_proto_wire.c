// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Messages over real socketpairs: with descriptors, cut, hung up. */
#include "wire_helpers.h"

/* Sends raw bytes and n descriptors, past all checks. */
static void send_raw(int fd, const void *buf, size_t size, const int *fds, size_t n)
{
	char control[CMSG_SPACE(sizeof(int) * 253)] __attribute__((aligned(8))) = {0};
	struct iovec iov = {.iov_base = (void *)(uintptr_t)buf, .iov_len = size};
	struct msghdr mh = {.msg_iov = &iov, .msg_iovlen = 1};

	if (n) {
		struct cmsghdr *c;

		mh.msg_control = control;
		mh.msg_controllen = CMSG_SPACE(sizeof(int) * n);
		c = CMSG_FIRSTHDR(&mh);
		c->cmsg_level = SOL_SOCKET;
		c->cmsg_type = SCM_RIGHTS;
		c->cmsg_len = CMSG_LEN(sizeof(int) * n);
		memcpy(CMSG_DATA(c), fds, sizeof(int) * n);
	}
	assert_int_equal(sendmsg(fd, &mh, MSG_NOSIGNAL), size);
}

static void test_wire_every_message(void **state)
{
	struct wire *w = *state;
	union any m, got;

	for (size_t i = 0; i < EG_ARRAY_SIZE(all); i++) {
		size_t n = fill(i, &m);

		assert_int_equal(eg_proto_send(w->fd[0], &m, NULL, soon(1000)), 0);
		assert_int_equal(eg_proto_recv(w->fd[1], &got, sizeof(got), NULL, soon(1000)), n);
		assert_memory_equal(&m, &got, n);
	}
}

static bool is_same_file(int a, int b)
{
	struct stat one, other;

	assert_int_equal(fstat(a, &one), 0);
	assert_int_equal(fstat(b, &other), 0);
	return one.st_dev == other.st_dev && one.st_ino == other.st_ino;
}

/* One, two or none, and what is wanted of them. */
static void test_wire_passes_fds(void **state)
{
	struct wire *w = *state;
	const struct eg_passed cases[] = {
		{.dir = w->fd[0], .socket = -1},
		{.dir = w->fd[0], .socket = w->fd[1]},
		EG_PASSED_NONE,
		{.dir = -1, .socket = w->fd[1]}, /* the first is missing: so is the second */
	};
	union any m, got;
	size_t n = fill(1, &m);

	for (size_t i = 0; i < EG_ARRAY_SIZE(cases); i++) {
		struct eg_passed passed = {.dir = 1234, .socket = 1234};
		bool second = i == 1;

		assert_int_equal(eg_proto_send(w->fd[0], &m, &cases[i], soon(1000)), 0);
		assert_int_equal(eg_proto_recv(w->fd[1], &got, sizeof(got), &passed, soon(1000)),
				 n);
		if (i < 2) {
			assert_true(is_same_file(passed.dir, w->fd[0]));
			assert_int_equal(fcntl(passed.dir, F_GETFD), FD_CLOEXEC);
		} else {
			assert_int_equal(passed.dir, -1);
		}
		if (second) {
			assert_true(is_same_file(passed.socket, w->fd[1]));
			assert_int_equal(fcntl(passed.socket, F_GETFD), FD_CLOEXEC);
		} else {
			assert_int_equal(passed.socket, -1);
		}
		eg_passed_done(&passed);
		assert_int_equal(passed.dir + passed.socket, -2);
		eg_passed_done(&passed); /* nothing to close is fine */
	}
}

/* Another process sets our limits: valgrind keeps to itself what one asks of one's own. */
static pid_t start_limiter(int fd[2])
{
	pid_t pid, whose = getpid();
	struct rlimit rl;

	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fd), 0);
	pid = fork();
	assert_return_code(pid, errno);
	if (pid > 0)
		return pid;
	(void)close(fd[0]);
	while (recv(fd[1], &rl, sizeof(rl), 0) == (ssize_t)sizeof(rl)) {
		int r = prlimit(whose, RLIMIT_NOFILE, &rl, NULL);

		(void)send(fd[1], &r, sizeof(r), MSG_NOSIGNAL);
	}
	_exit(0);
}

static void limit_fds(int limiter, const struct rlimit *rl, rlim_t n)
{
	const struct rlimit asked = {.rlim_cur = n, .rlim_max = rl->rlim_max};
	int r;

	assert_int_equal(send(limiter, &asked, sizeof(asked), 0), sizeof(asked));
	assert_int_equal(recv(limiter, &r, sizeof(r), 0), sizeof(r));
	assert_int_equal(r, 0);
}

/* The reader may have no more than a few descriptors: it gets all of them or an error, and keeps
 * none. */
static void test_wire_no_room_for_fds(void **state)
{
	struct wire *w = *state;
	const struct eg_passed both = {.dir = w->fd[0], .socket = w->fd[1]};
	struct rlimit old;
	union any m, got;
	size_t n = fill(1, &m);
	int limiter[2];
	pid_t pid = start_limiter(limiter);

	assert_int_equal(getrlimit(RLIMIT_NOFILE, &old), 0);
	for (rlim_t room = 0; room <= 2; room++) {
		struct eg_passed passed = {.dir = -7, .socket = -7};
		int top = fcntl(w->fd[0], F_DUPFD_CLOEXEC, 0), before;
		ssize_t r;

		(void)close(top);
		before = count_fds();
		assert_int_equal(eg_proto_send(w->fd[0], &m, &both, soon(1000)), 0);
		limit_fds(limiter[0], &old, (rlim_t)top + room);
		r = eg_proto_recv(w->fd[1], &got, sizeof(got), &passed, soon(1000));
		limit_fds(limiter[0], &old, old.rlim_cur);
		assert_int_equal(r, room < 2 ? -EBADMSG : (ssize_t)n);
		if (room < 2)
			assert_int_equal(passed.dir + passed.socket, -14);
		else
			eg_passed_done(&passed);
		assert_int_equal(count_fds(), before);
	}
	(void)close(limiter[0]);
	(void)close(limiter[1]);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
}

/* {descriptors sent, wanted?} -> error; the teardown sees that none stayed open */
static void test_wire_unexpected_fds(void **state)
{
	static const struct {
		size_t sent;
		bool wanted;
	} cases[] = {{1, false}, {2, false}, {3, true},	  {3, false},  {8, true},
		     {9, true},	 {9, false}, {253, true}, {253, false}};
	struct wire *w = *state;
	union any m, got;
	size_t n = fill(0, &m);
	int many[253];

	for (size_t i = 0; i < EG_ARRAY_SIZE(many); i++)
		many[i] = w->fd[0];
	for (size_t i = 0; i < EG_ARRAY_SIZE(cases); i++) {
		struct eg_passed passed = {.dir = -7, .socket = -7};
		int open_before = count_fds();

		send_raw(w->fd[0], &m, n, many, cases[i].sent);
		assert_int_equal(eg_proto_recv(w->fd[1], &got, sizeof(got),
					       cases[i].wanted ? &passed : NULL, soon(1000)),
				 -EBADMSG);
		/* written only on success */
		assert_true(passed.dir == -7 && passed.socket == -7);
		assert_int_equal(count_fds(), open_before);
	}
}

static void test_wire_fd_with_bad_message(void **state)
{
	struct wire *w = *state;
	struct eg_passed passed = {.dir = -7, .socket = -7};
	const int fds[] = {w->fd[0], w->fd[1]};
	union any m, got;
	size_t n = fill(1, &m);

	m.head.type = 999;
	for (size_t n_fds = 1; n_fds <= 2; n_fds++) {
		send_raw(w->fd[0], &m, n, fds, n_fds);
		assert_int_equal(eg_proto_recv(w->fd[1], &got, sizeof(got), &passed, soon(1000)),
				 -EBADMSG);
		send_raw(w->fd[0], &m, 0, fds, n_fds); /* nothing but descriptors */
		assert_int_equal(eg_proto_recv(w->fd[1], &got, sizeof(got), &passed, soon(1000)),
				 -EBADMSG);
	}
	assert_true(passed.dir == -7 && passed.socket == -7);
}

/* A server that asked for credentials gets them beside the message; they are no descriptor and no
 * error. */
static void test_wire_credentials(void **state)
{
	struct wire *w = *state;
	union any m, got;
	size_t n = fill(1, &m);
	const struct eg_passed both = {.dir = w->fd[0], .socket = w->fd[1]};
	struct eg_passed passed = EG_PASSED_NONE;
	int on = 1;

	assert_int_equal(setsockopt(w->fd[1], SOL_SOCKET, SO_PASSCRED, &on, sizeof(on)), 0);
	assert_int_equal(eg_proto_send(w->fd[0], &m, NULL, soon(1000)), 0);
	assert_int_equal(eg_proto_recv(w->fd[1], &got, sizeof(got), NULL, soon(1000)), n);
	assert_int_equal(eg_proto_send(w->fd[0], &m, &both, soon(1000)), 0);
	assert_int_equal(eg_proto_recv(w->fd[1], &got, sizeof(got), &passed, soon(1000)), n);
	assert_true(passed.dir >= 0 && passed.socket >= 0);
	eg_passed_done(&passed);
}

static void test_wire_truncated(void **state)
{
	struct wire *w = *state;
	struct eg_msg small;
	union any m;
	size_t n = fill(1, &m);

	send_raw(w->fd[0], &m, n, NULL, 0);
	assert_int_equal(eg_proto_recv(w->fd[1], &small, sizeof(small), NULL, soon(1000)),
			 -EBADMSG);
	send_raw(w->fd[0], &m, n - 1, NULL, 0); /* short of what the head says */
	assert_int_equal(eg_proto_recv(w->fd[1], &m, sizeof(m), NULL, soon(1000)), -EBADMSG);
	send_raw(w->fd[0], &m, 3, NULL, 0);
	assert_int_equal(eg_proto_recv(w->fd[1], &m, sizeof(m), NULL, soon(1000)), -EBADMSG);
}

/* Every message mutated on its way: only what the header documents comes back. */
static void test_wire_mutations(void **state)
{
	struct wire *w = *state;
	union any m, got;
	unsigned int seed = 20240607;

	for (size_t i = 0; i < EG_ARRAY_SIZE(all); i++) {
		for (int round = 0; round < 200; round++) {
			size_t n = fill(i, &m), cut;
			ssize_t r;

			for (int flips = rand_r(&seed) % 4; flips >= 0; flips--)
				((unsigned char *)&m)[(size_t)rand_r(&seed) %
						      (round % 2 ? 16 : n)] ^=
					(unsigned char)(1U << rand_r(&seed) % 8);
			cut = rand_r(&seed) % 4 ? n : 1 + (size_t)rand_r(&seed) % n;
			send_raw(w->fd[0], &m, cut, NULL, 0);
			r = eg_proto_recv(w->fd[1], &got, sizeof(got), NULL, soon(1000));
			assert_true(r == -EBADMSG || (r == (ssize_t)n && cut == n));
			assert_true(r > 0 || eg_proto_check(&m, cut) < 0);
		}
	}
}

static void test_wire_hang_up(void **state)
{
	struct wire *w = *state;
	union any m, got;

	(void)fill(0, &m);
	close(w->fd[0]);
	w->fd[0] = -1;
	assert_int_equal(eg_proto_recv(w->fd[1], &got, sizeof(got), NULL, soon(1000)), 0);
	assert_int_equal(eg_proto_send(w->fd[1], &m, NULL, soon(1000)), -EPIPE);
}

static void test_wire_hang_up_unread(void **state)
{
	struct wire *w = *state;
	union any m, got;

	(void)fill(0, &m);
	assert_int_equal(eg_proto_send(w->fd[1], &m, NULL, soon(1000)), 0);
	close(w->fd[0]); /* with our message unread */
	w->fd[0] = -1;
	assert_int_equal(eg_proto_recv(w->fd[1], &got, sizeof(got), NULL, soon(1000)), -ECONNRESET);
}

static void test_wire_bad_fd(void **state)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	union any m;

	(void)state;
	(void)fill(0, &m);
	assert_int_equal(eg_proto_send(-1, &m, NULL, soon(100)), -EBADF);
	assert_int_equal(eg_proto_recv(-1, &m, sizeof(m), NULL, soon(100)), -EBADF);
	assert_int_equal(eg_proto_recv(null, &m, sizeof(m), NULL, 0), -ENOTSOCK);
	close(null);
}

static void test_wire_high_fds(void **state)
{
	struct wire *w = *state;
	struct rlimit rl;
	union any m, got;
	size_t n = fill(1, &m);
	struct eg_passed one = EG_PASSED_NONE, passed = EG_PASSED_NONE;
	int high[2];

	assert_int_equal(getrlimit(RLIMIT_NOFILE, &rl), 0);
	if (rl.rlim_cur < 2048) {
		rl.rlim_cur = rl.rlim_max < 4096 ? rl.rlim_max : 4096;
		(void)setrlimit(RLIMIT_NOFILE, &rl);
	}
	for (int i = 0; i < 2; i++) {
		high[i] = fcntl(w->fd[i], F_DUPFD_CLOEXEC, 1500);
		if (high[i] < 0)
			skip_because("RLIMIT_NOFILE is below 1500");
	}
	assert_int_equal(eg_proto_recv(high[1], &got, sizeof(got), NULL, soon(20)), -ETIMEDOUT);
	one.dir = high[0];
	assert_int_equal(eg_proto_send(high[0], &m, &one, soon(1000)), 0);
	assert_int_equal(eg_proto_recv(high[1], &got, sizeof(got), &passed, soon(1000)), n);
	assert_true(passed.dir >= 0);
	eg_passed_done(&passed);
	close(high[0]);
	close(high[1]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		WIRE(test_wire_every_message),
		WIRE(test_wire_passes_fds),
		WIRE(test_wire_no_room_for_fds),
		WIRE(test_wire_unexpected_fds),
		WIRE(test_wire_fd_with_bad_message),
		WIRE(test_wire_credentials),
		WIRE(test_wire_truncated),
		WIRE(test_wire_mutations),
		WIRE(test_wire_hang_up),
		WIRE(test_wire_hang_up_unread),
		WIRE(test_wire_bad_fd),
		WIRE(test_wire_high_fds),
	};

	return cmocka_run_group_tests_name("proto_wire", tests, NULL, NULL);
}
