/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * cmocka's skip() has no room for a reason: tests/check takes it from the line before.
 */
#ifndef EG_TEST_SKIP_H
#define EG_TEST_SKIP_H

/* Ends the test as skipped. reason: a constant, for people. */
#define skip_because(reason)                                                                       \
	do {                                                                                       \
		print_message("SKIP: %s\n", reason);                                               \
		skip();                                                                            \
	} while (0)

#endif
