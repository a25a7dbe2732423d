// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The configuration: every name of a capability and of a family of sockets. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>
#include <cmocka.h>

#include "capability.h"
#include "config_helpers.h"

/* Every capability, by each form of its name. */
static void test_parse_capabilities(void **state)
{
	static const char *const names[] = {
		"CHOWN",
		"DAC_OVERRIDE",
		"DAC_READ_SEARCH",
		"FOWNER",
		"FSETID",
		"KILL",
		"SETGID",
		"SETUID",
		"SETPCAP",
		"LINUX_IMMUTABLE",
		"NET_BIND_SERVICE",
		"NET_BROADCAST",
		"NET_ADMIN",
		"NET_RAW",
		"IPC_LOCK",
		"IPC_OWNER",
		"SYS_MODULE",
		"SYS_RAWIO",
		"SYS_CHROOT",
		"SYS_PTRACE",
		"SYS_PACCT",
		"SYS_ADMIN",
		"SYS_BOOT",
		"SYS_NICE",
		"SYS_RESOURCE",
		"SYS_TIME",
		"SYS_TTY_CONFIG",
		"MKNOD",
		"LEASE",
		"AUDIT_WRITE",
		"AUDIT_CONTROL",
		"SETFCAP",
		"MAC_OVERRIDE",
		"MAC_ADMIN",
		"SYSLOG",
		"WAKE_ALARM",
		"BLOCK_SUSPEND",
		"AUDIT_READ",
		"PERFMON",
		"BPF",
		"CHECKPOINT_RESTORE",
	};
	static const char *const prefixes[] = {"", "CAP_", "cap_"};
	size_t i, k;

	(void)state;
	assert_int_equal(EG_ARRAY_SIZE(names), 41);
	assert_null(eg_capability_name(41));
	assert_null(eg_capability_name(UINT32_MAX));
	for (i = 0; i < EG_ARRAY_SIZE(names); i++) {
		assert_string_equal(eg_capability_name((unsigned int)i), names[i]);
		for (k = 0; k < EG_ARRAY_SIZE(prefixes); k++) {
			struct eg_config *conf = NULL;
			char text[96];

			(void)snprintf(text, sizeof(text), "capabilities={deny=[\"%s%s\"]}",
				       prefixes[k], names[i]);
			conf = must_parse(text);
			assert_true(conf->profiles[0].capabilities == 1ULL << i);
			eg_config_free(conf);
		}
	}
}

/* Every family of the C library's, by its own name; the usual four need no naming. */
static void test_parse_families(void **state)
{
	static const struct {
		const char *name;
		unsigned int number;
	} families[] = {
		{"AF_AX25", AF_AX25},	  {"AF_DECnet", AF_DECnet}, {"AF_KEY", AF_KEY},
		{"AF_PACKET", AF_PACKET}, {"AF_CAN", AF_CAN},	    {"AF_BLUETOOTH", AF_BLUETOOTH},
		{"AF_ALG", AF_ALG},	  {"AF_VSOCK", AF_VSOCK},   {"AF_QIPCRTR", AF_QIPCRTR},
		{"AF_RDS", AF_RDS},	  {"AF_TIPC", AF_TIPC},	    {"AF_SMC", 43},
		{"AF_XDP", 44},		  {"AF_MCTP", 45},	    {"AF_UNIX", 64},
		{"AF_LOCAL", 64},	  {"AF_INET", 64},	    {"AF_INET6", 64},
		{"AF_NETLINK", 64},	  {"AF_ROUTE", 64},
	};
	size_t i;

	(void)state;
	for (i = 0; i < EG_ARRAY_SIZE(families); i++) {
		struct eg_config *conf = NULL;
		char text[64];

		(void)snprintf(text, sizeof(text), "sockets={allow=[\"%s\"]}", families[i].name);
		conf = must_parse(text);
		assert_true(conf->profiles[0].families ==
			    (families[i].number == 64 ? 0 : 1ULL << families[i].number));
		assert_int_equal(conf->profiles[0].protocols, 0);
		eg_config_free(conf);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_parse_capabilities),
		cmocka_unit_test(test_parse_families),
	};

	return cmocka_run_group_tests_name("config_words", tests, NULL, NULL);
}
