// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* helper/people.c against a list that is walked from end to end. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "people.h"

enum { MOST = 600, STEPS = 20000, USERS = 40 };

struct model {
	struct eg_person person;
	char name[16];
	bool in;
};

static struct eg_people people;
static struct model models[MOST];

static size_t model_count(uint32_t uid, const char *name, bool manager)
{
	size_t n = 0;

	for (size_t i = 0; i < MOST; i++)
		n += models[i].in && models[i].person.manager == manager &&
		     (name ? !strcmp(models[i].name, name) : models[i].person.uid == uid);
	return n;
}

static void check(uint32_t uid, const char *name)
{
	const struct eg_person *manager = eg_people_manager(&people, uid);

	assert_int_equal(eg_people_sessions(&people, name), model_count(0, name, false));
	assert_int_equal(eg_people_has_session(&people, uid), model_count(uid, NULL, false) > 0);
	assert_int_equal(manager != NULL, model_count(uid, NULL, true) > 0);
	if (manager) {
		assert_true(manager->manager);
		assert_int_equal(manager->uid, uid);
	}
}

/* Numbers that share a bucket are among them, and names with two numbers: an account made anew. */
static uint32_t uid_of(unsigned int user)
{
	return user % 3 ? 1000 + user : user * EG_PEOPLE_BUCKETS + 7;
}

static void test_answers_are_those_of_a_walk(void **state)
{
	(void)state;
	srand(1);
	for (int step = 0; step < STEPS; step++) {
		struct model *model = &models[(unsigned int)rand() % MOST];
		unsigned int user = (unsigned int)rand() % USERS;

		if (model->in) {
			eg_people_take_out(&people, &model->person);
			model->in = false;
		} else {
			(void)snprintf(model->name, sizeof(model->name), "u%u", user / 2);
			model->person = (struct eg_person){.uid = uid_of(user),
							   .manager = rand() % 5 == 0,
							   .name = model->name};
			eg_people_add(&people, &model->person);
			model->in = true;
		}
		check(uid_of(user), model->name);
		check(uid_of(user + 1), "u0");
	}
	for (size_t i = 0; i < MOST; i++) {
		if (models[i].in)
			eg_people_take_out(&people, &models[i].person);
		models[i].in = false;
	}
	assert_memory_equal(&people, &(struct eg_people){0}, sizeof(people));
}

static void test_nobody_is_found_in_an_empty_table(void **state)
{
	(void)state;
	assert_null(eg_people_manager(&people, 0));
	assert_false(eg_people_has_session(&people, UINT32_MAX));
	assert_int_equal(eg_people_sessions(&people, ""), 0);
}

static void test_a_manager_is_no_session(void **state)
{
	struct eg_person manager = {.uid = 1000, .manager = true, .name = "alice"};

	(void)state;
	eg_people_add(&people, &manager);
	assert_false(eg_people_has_session(&people, 1000));
	assert_int_equal(eg_people_sessions(&people, "alice"), 0);
	assert_ptr_equal(eg_people_manager(&people, 1000), &manager);
	eg_people_take_out(&people, &manager);
	assert_null(eg_people_manager(&people, 1000));
}

/* The root of a host and an account with its number are two names. */
static void test_names_with_one_number_are_counted_apart(void **state)
{
	struct eg_person root = {.uid = 0, .name = "root"}, toor = {.uid = 0, .name = "toor"};

	(void)state;
	eg_people_add(&people, &root);
	eg_people_add(&people, &toor);
	assert_int_equal(eg_people_sessions(&people, "root"), 1);
	eg_people_take_out(&people, &root);
	assert_int_equal(eg_people_sessions(&people, "root"), 0);
	assert_int_equal(eg_people_sessions(&people, "toor"), 1);
	assert_true(eg_people_has_session(&people, 0));
	eg_people_take_out(&people, &toor);
	assert_false(eg_people_has_session(&people, 0));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_nobody_is_found_in_an_empty_table),
		cmocka_unit_test(test_a_manager_is_no_session),
		cmocka_unit_test(test_names_with_one_number_are_counted_apart),
		cmocka_unit_test(test_answers_are_those_of_a_walk),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
