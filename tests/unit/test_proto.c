// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Messages: every documented errno, and every valid message mutated. */
#include "proto_helpers.h"

static void test_check_valid(void **state)
{
	union any m;

	(void)state;
	for (size_t i = 0; i < EG_ARRAY_SIZE(all); i++) {
		size_t n = fill(i, &m);

		assert_int_equal(eg_proto_size((uint16_t)all[i].type), n);
		assert_int_equal(eg_proto_check(&m, n), 0);
		assert_true(n <= EG_MSG_MAX);
	}
}

static void test_check_version(void **state)
{
	union any m;

	(void)state;
	for (size_t i = 0; i < EG_ARRAY_SIZE(all); i++) {
		size_t n = fill(i, &m);

		m.head.version = EG_PROTO_VERSION + 1;
		assert_int_equal(eg_proto_check(&m, n), -EPROTONOSUPPORT);
		/* Said even when nothing else is right: it is what an upgrade looks like. */
		m.head.type = 999;
		assert_int_equal(eg_proto_check(&m, n), -EPROTONOSUPPORT);
		m.head.version = 0;
		assert_int_equal(eg_proto_check(&m, n), -EPROTONOSUPPORT);
	}
}

static void test_check_type(void **state)
{
	union any m;

	(void)state;
	for (unsigned int type = 0; type <= UINT16_MAX; type++) {
		bool known = false;

		for (size_t i = 0; i < EG_ARRAY_SIZE(all); i++)
			known |= (unsigned int)all[i].type == type;
		if (known)
			continue;
		(void)fill(0, &m);
		m.head.type = (uint16_t)type;
		assert_int_equal(eg_proto_check(&m, sizeof(m.head)), -ENOMSG);
		assert_int_equal(eg_proto_size((uint16_t)type), 0);
	}
}

static void test_check_size(void **state)
{
	union any m;

	(void)state;
	for (size_t i = 0; i < EG_ARRAY_SIZE(all); i++) {
		size_t n = fill(i, &m);

		for (size_t cut = 0; cut < n; cut++)
			assert_int_equal(eg_proto_check(&m, cut), -EMSGSIZE);
		assert_int_equal(eg_proto_check(&m, n + 1), -EMSGSIZE);
		m.head.size = (uint32_t)n + 1; /* the head lies, longer and shorter */
		assert_int_equal(eg_proto_check(&m, n), -EMSGSIZE);
		assert_int_equal(eg_proto_check(&m, n + 1), -EMSGSIZE);
		m.head.size = 0;
		assert_int_equal(eg_proto_check(&m, n), -EMSGSIZE);
	}
}

static void test_check_unterminated(void **state)
{
	union any m;

	(void)state;
	for (size_t i = 0; i < EG_ARRAY_SIZE(all); i++) {
		for (const struct string *s = all[i].strings; s->size; s++) {
			size_t n = fill(i, &m);

			((char *)&m)[s->offset + s->size - 1] = 'x';
			assert_int_equal(eg_proto_check(&m, n), -EBADMSG);
		}
	}
}

static void test_check_padding(void **state)
{
	union any m;

	(void)state;
	memset(&m, 0, sizeof(m));
	eg_proto_head(&m, EG_MSG_REFUSED, sizeof(m.refused));
	assert_int_equal(eg_proto_check(&m, sizeof(m.refused)), 0);
	m.refused.pad = 1U << 31;
	assert_int_equal(eg_proto_check(&m, sizeof(m.refused)), -EBADMSG);

	memset(&m, 0, sizeof(m));
	eg_proto_head(&m, EG_MSG_IS_DETAILS, sizeof(m.is_details));
	assert_int_equal(eg_proto_check(&m, sizeof(m.is_details)), 0);
	m.is_details.pad = 1;
	assert_int_equal(eg_proto_check(&m, sizeof(m.is_details)), -EBADMSG);
}

static void test_check_flags(void **state)
{
	union any m;

	(void)state;
	for (unsigned int bit = 0; bit < 32; bit++) {
		bool known = EG_OPEN_FLAGS & 1U << bit;

		memset(&m, 0, sizeof(m));
		eg_proto_head(&m, EG_MSG_OPEN, sizeof(m.open));
		m.open.flags = 1U << bit;
		assert_int_equal(eg_proto_check(&m, sizeof(m.open)), known ? 0 : -EBADMSG);
	}
}

static bool is_documented(int r)
{
	return r == 0 || r == -EPROTONOSUPPORT || r == -ENOMSG || r == -EMSGSIZE || r == -EBADMSG;
}

/* Each bit of each valid message flipped, in a heap block of the exact size, so that ASan sees one
 * byte too far. */
static void test_check_mutations(void **state)
{
	union any m;

	(void)state;
	for (size_t i = 0; i < EG_ARRAY_SIZE(all); i++) {
		size_t n = fill(i, &m);
		unsigned char *exact = malloc(n);

		assert_non_null(exact);
		memcpy(exact, &m, n);
		/* The big one: every bit of the head and of the first KiB, then a stride. */
		for (size_t bit = 0; bit < n * 8; bit += bit < 8192 ? 1 : 61) {
			exact[bit / 8] ^= (unsigned char)(1U << bit % 8);
			assert_true(is_documented(eg_proto_check(exact, n)));
			/* version and size; a flip of the type may name another of this layout */
			if (bit < 16 || (bit >= 32 && bit < 64))
				assert_int_not_equal(eg_proto_check(exact, n), 0);
			exact[bit / 8] ^= (unsigned char)(1U << bit % 8);
		}
		assert_int_equal(eg_proto_check(exact, n), 0);
		free(exact);
	}
}

static void test_check_truncations(void **state)
{
	union any m;

	(void)state;
	for (size_t i = 0; i < EG_ARRAY_SIZE(all); i++) {
		size_t n = fill(i, &m);

		for (size_t cut = 0; cut < n; cut += 1 + cut / 64) {
			void *exact = malloc(cut + 1); /* malloc(0) may be NULL */

			assert_non_null(exact);
			memcpy(exact, &m, cut);
			assert_int_equal(eg_proto_check(exact, cut), -EMSGSIZE);
			free(exact);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_check_valid),	   cmocka_unit_test(test_check_version),
		cmocka_unit_test(test_check_type),	   cmocka_unit_test(test_check_size),
		cmocka_unit_test(test_check_unterminated), cmocka_unit_test(test_check_padding),
		cmocka_unit_test(test_check_flags),	   cmocka_unit_test(test_check_mutations),
		cmocka_unit_test(test_check_truncations),
	};

	return cmocka_run_group_tests_name("proto", tests, NULL, NULL);
}
