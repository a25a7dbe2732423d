// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The built-in lists: what can be wrong with data that nobody parses. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/un.h>
#include <cmocka.h>

#include "abi.h"
#include "builtin.h"
#include "util.h"

static bool is_clean(const char *path)
{
	size_t n = strlen(path);

	return path[0] == '/' && n > 1 && path[n - 1] != '/' && !strstr(path, "//") &&
	       !strstr(path, "/./") && !strstr(path, "/../");
}

static void test_sockets_are_sound(void **state)
{
	size_t n;
	const struct eg_builtin_socket *sockets = eg_builtin_sockets(&n);
	char buf[EG_ARG_SIZE];

	(void)state;
	assert_in_range(2 * n, 1, EG_NAMES_MAX / 2); /* the other half is for policies */
	for (size_t i = 0; i < n; i++) {
		const char *name = sockets[i].name;

		assert_true(name[0] == '@' || is_clean(name));
		assert_in_range(strlen(name), 2, sizeof(((struct sockaddr_un *)0)->sun_path));
		assert_in_range(strlen(name), 2, EG_ARG_SIZE - 1);
		assert_false(sockets[i].flags & ~EG_SOCKET_ROOT);
		/* The list has the form with /run; the other is made of it, and must fit. */
		assert_int_not_equal(strncmp(name, "/var/run/", 9), 0);
		if (!strncmp(name, "/run/", 5))
			assert_non_null(eg_builtin_twin(name, buf, sizeof(buf)));
		for (size_t k = 0; k < i; k++)
			assert_string_not_equal(name, sockets[k].name);
	}
}

static void test_sockets_that_must_be_there(void **state)
{
	static const char *const musts[] = {
		"/run/docker.sock",
		"/run/containerd/containerd.sock",
		"/run/podman/podman.sock",
		"/run/libvirt/libvirt-sock",
		"/run/snapd.socket",
		"/run/systemd/private",
		"/run/ebpfguard/control.sock",
		"/run/dbus/system_bus_socket",
	};
	size_t n;
	const struct eg_builtin_socket *sockets = eg_builtin_sockets(&n);

	(void)state;
	for (size_t i = 0; i < EG_ARRAY_SIZE(musts); i++) {
		size_t k = 0;

		while (k < n && strcmp(musts[i], sockets[k].name) != 0)
			k++;
		assert_in_range(k, 0, n - 1);
		assert_int_equal(sockets[k].flags,
				 strstr(musts[i], "system_bus") ? EG_SOCKET_ROOT : 0);
	}
}

static void test_places_are_sound(void **state)
{
	/* Sessions write there, by ordinary means: of these and what is above them none may be a
	 * place. */
	static const char *const open[] = {
		"/tmp/x",
		"/var/tmp/x",
		"/home/alice/x",
		"/root/x",
		"/var/log/wtmp",
		"/run/utmp",
		"/run/user/1000/x",
		"/var/lib/lastlog",
		"/var/mail/alice",
		"/dev/pts/0",
		"/dev/null",
		"/run/systemd/sessions/1",
		"/run/systemd/notify",
		"/proc/self/mem",
		"/run/sudo/ts/x",
		"/etc/mtab",
		"/run/lock/x",
		"/dev/shm/x",
		"/run/screen/x",
		"/srv/x",
	};
	size_t n;
	const char *const *places = eg_builtin_places(&n);

	(void)state;
	assert_in_range(4 * n, 1, EG_PLACES_MAX); /* names, identities, real paths, directories */
	for (size_t i = 0; i < n; i++) {
		const char *name = strrchr(places[i], '/') + 1;

		assert_true(is_clean(places[i]));
		assert_in_range(strlen(name), 1, EG_PLACE_NAME_SIZE - 1);
		for (size_t k = 0; k < i; k++)
			assert_string_not_equal(places[i], places[k]);
		for (size_t k = 0; k < EG_ARRAY_SIZE(open); k++) {
			size_t len = strlen(places[i]);

			assert_false(!strncmp(open[k], places[i], len) &&
				     (!open[k][len] || open[k][len] == '/'));
		}
	}
}

static void test_twin(void **state)
{
	static const struct {
		const char *name, *twin;
	} cases[] = {
		{"/run/docker.sock", "/var/run/docker.sock"},
		{"/var/run/docker.sock", "/run/docker.sock"},
		{"/run/a/b", "/var/run/a/b"},
		{"/var/lib/lxd/unix.socket", NULL},
		{"/runner/x", NULL},
		{"@/run/x", NULL},
		{"/run", NULL},
		{"", NULL},
	};
	char buf[EG_ARG_SIZE];

	(void)state;
	for (size_t i = 0; i < EG_ARRAY_SIZE(cases); i++) {
		const char *twin = eg_builtin_twin(cases[i].name, buf, sizeof(buf));

		if (cases[i].twin)
			assert_string_equal(twin, cases[i].twin);
		else
			assert_null(twin);
	}
	assert_null(eg_builtin_twin("/run/docker.sock", buf, sizeof("/var/run/docker.sock") - 1));
	assert_non_null(eg_builtin_twin("/run/docker.sock", buf, sizeof("/var/run/docker.sock")));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sockets_are_sound),
		cmocka_unit_test(test_sockets_that_must_be_there),
		cmocka_unit_test(test_places_are_sound),
		cmocka_unit_test(test_twin),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
