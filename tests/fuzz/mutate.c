// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Runs a target over its corpus and over mutations of it, which are the same every time: what the
 * ordinary run has of fuzzing, with any compiler. Prints TAP.
 *
 *   test_mutated_TARGET [CORPUS]          CORPUS: a directory; else tests/fuzz/corpus/TARGET
 */
#include "fuzz.h"

#include <dirent.h>
#include <err.h>
#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include "util.h"

enum {
	FILES_MAX = 512,
	INPUT_MAX = 131072, /* bytes of one input */
	REPEATS = 300,	    /* of a byte, at once */
	STACK_MAX = 6,	    /* random mutations of one input, one over the other */
	RANDOM_PART = 4,    /* of all mutations, one in so many is random */
};

struct text {
	uint8_t *bytes; /* room for GROWN_MAX */
	size_t n;
};

enum { GROWN_MAX = 2 * INPUT_MAX };

/* A file of the corpus. */
struct file {
	char *name;
	struct text text;
};

static struct file files[FILES_MAX];
static size_t n_files;

/* What is run at the moment, for who must say what it was. */
static struct text now;
static const char *target, *doing;
static char found[512];

/* ---- mutations of one byte, at any place */

/* Those that mean something to one of the parsers; NUL is at the end. */
static const uint8_t bytes_of_note[] = "\xff\x7f\x80\1 \t\n\r\"\\/-=:.,;#|09aZ[]{}()*%@";

enum op {
	FLIP = 0, /* and the seven behind it */
	REMOVE = 8,
	DOUBLE,
	REPEAT,
	CUT_HERE,   /* and all behind it */
	CUT_BEFORE, /* all that is before it */
	SWAP,	    /* with the next */
	REPLACE,
	INSERT = REPLACE + sizeof(bytes_of_note),
	OPS = INSERT + sizeof(bytes_of_note),
};

static void insert(struct text *text, size_t at, uint8_t byte, size_t n)
{
	if (text->n + n > GROWN_MAX)
		return;
	memmove(text->bytes + at + n, text->bytes + at, text->n - at);
	memset(text->bytes + at, byte, n);
	text->n += n;
}

static void drop(struct text *text, size_t at, size_t n)
{
	memmove(text->bytes + at, text->bytes + at + n, text->n - at - n);
	text->n -= n;
}

/* at: below text->n. */
static void mutate(struct text *text, size_t at, unsigned int op)
{
	uint8_t *byte = text->bytes + at, was = *byte;

	if (op < REMOVE)
		*byte ^= (uint8_t)(1U << op);
	else if (op == REMOVE)
		drop(text, at, 1);
	else if (op == DOUBLE || op == REPEAT)
		insert(text, at, was, op == DOUBLE ? 1 : REPEATS);
	else if (op == CUT_HERE)
		text->n = at;
	else if (op == CUT_BEFORE)
		drop(text, 0, at);
	else if (op == SWAP && at + 1 < text->n) {
		byte[0] = byte[1];
		byte[1] = was;
	} else if (op >= INSERT)
		insert(text, at, bytes_of_note[op - INSERT], 1);
	else if (op >= REPLACE)
		*byte = bytes_of_note[op - REPLACE];
}

/* ---- running */

static void run(const struct text *text)
{
	now = *text;
	(void)LLVMFuzzerTestOneInput(text->bytes, text->n);
}

static void copy(struct text *to, const struct text *from)
{
	memcpy(to->bytes, from->bytes, from->n);
	to->n = from->n;
}

static void run_whole(void)
{
	doing = "the corpus";
	for (size_t i = 0; i < n_files; i++)
		run(&files[i].text);
}

static size_t gcd(size_t a, size_t b)
{
	return b ? gcd(b, a % b) : a;
}

/* Each operation at each byte; where these are more than `most`, one in so many. Returns how many
 * ran. */
static size_t run_file(struct text *room, const struct text *text, size_t most)
{
	size_t all = text->n * OPS, step = all / most + 1, ran = 0;

	/* With no factor in common with the number of operations, each comes to its turn. */
	while (gcd(step, OPS) != 1)
		step++;
	for (size_t at = 0; at < all; at += step, ran++) {
		copy(room, text);
		mutate(room, at / OPS, (unsigned int)(at % OPS));
		run(room);
	}
	return ran;
}

/* Each operation at each byte of each file; where these are more than the file's share of `most`,
 * one in so many. What small files leave is the larger ones'. Returns how many ran. */
static size_t run_each(struct text *room, size_t most)
{
	size_t ran = 0;

	doing = "mutations of one byte";
	for (size_t i = 0; i < n_files; i++)
		ran += run_file(room, &files[i].text, (most - ran) / (n_files - i));
	return ran;
}

/* xorshift64: the same on every machine. */
static size_t below(uint64_t *seed, size_t n)
{
	*seed ^= *seed << 13;
	*seed ^= *seed >> 7;
	*seed ^= *seed << 17;
	return (size_t)(*seed >> 11) % n;
}

/* The beginning of one with the end of another. */
static void join(struct text *text, const struct text *other, uint64_t *seed)
{
	size_t head = below(seed, text->n + 1), from = below(seed, other->n + 1);

	if (head + other->n - from > GROWN_MAX)
		return;
	memcpy(text->bytes + head, other->bytes + from, other->n - from);
	text->n = head + other->n - from;
}

static void run_random(struct text *room, size_t n)
{
	uint64_t seed = 88172645463325252ULL;

	doing = "mutations at random";
	for (size_t i = 0; i < n; i++) {
		copy(room, &files[below(&seed, n_files)].text);
		if (below(&seed, 2))
			join(room, &files[below(&seed, n_files)].text, &seed);
		for (size_t left = below(&seed, STACK_MAX); left && room->n; left--)
			mutate(room, below(&seed, room->n), (unsigned int)below(&seed, OPS));
		run(room);
	}
}

/* ---- when one fails: what it was is kept */

/* In a signal handler there is no printf. */
static void say(const char *text)
{
	size_t n = 0;

	while (text[n])
		n++;
	if (write(STDOUT_FILENO, text, n) < 0)
		_exit(1);
}

static void keep(void)
{
	int fd = open(found, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	if (fd < 0 || write(fd, now.bytes, now.n) != (ssize_t)now.n)
		say("# the input could not be kept\n");
	say("not ok 1 - ");
	say(target);
	say(": ");
	say(doing);
	say(": this input fails: ");
	say(found);
	say("\n");
}

static void on_abort(int signal)
{
	(void)signal;
	keep();
	_exit(1);
}

/* Of the sanitizers, where they are. */
__attribute__((weak)) void __sanitizer_set_death_callback(void (*callback)(void));

/* ---- the corpus */

/* The small ones first. */
static int by_size(const void *va, const void *vb)
{
	const struct file *a = va, *b = vb;

	if (a->text.n != b->text.n)
		return a->text.n < b->text.n ? -1 : 1;
	return strcmp(a->name, b->name);
}

static void read_file(int dir, const char *name)
{
	struct file *file = &files[n_files];
	int fd = openat(dir, name, O_RDONLY | O_CLOEXEC);
	ssize_t n;

	if (n_files++ == FILES_MAX)
		errx(1, "more than %d files", FILES_MAX);
	file->name = strdup(name);
	file->text.bytes = malloc(INPUT_MAX);
	if (fd < 0 || !file->name || !file->text.bytes)
		err(1, "%s", name);
	n = read(fd, file->text.bytes, INPUT_MAX);
	if (n < 0 || n == INPUT_MAX)
		err(1, "%s", name);
	file->text.n = (size_t)n;
	(void)close(fd);
}

static void read_corpus(const char *path)
{
	DIR *dir = opendir(path);

	if (!dir)
		err(1, "%s", path);
	for (const struct dirent *entry; (entry = readdir(dir));)
		if (entry->d_name[0] != '.')
			read_file(dirfd(dir), entry->d_name);
	(void)closedir(dir);
	if (!n_files)
		errx(1, "%s: there is no corpus", path);
	qsort(files, n_files, sizeof(*files), by_size);
}

int main(int argc, char **argv)
{
	struct text room = {.bytes = malloc(GROWN_MAX)};
	const char *name = strstr(argv[0], "test_mutated_");
	char path[512];
	size_t n;

	if (!name || !room.bytes)
		errx(1, "must be called test_mutated_TARGET");
	target = name + strlen("test_mutated_");
	(void)snprintf(path, sizeof(path), "tests/fuzz/corpus/%s", target);
	(void)snprintf(found, sizeof(found), "%s.found", argv[0]);
	read_corpus(argc > 1 ? argv[1] : path);
	(void)signal(SIGABRT, on_abort);
	if (__sanitizer_set_death_callback)
		__sanitizer_set_death_callback(keep);
	(void)LLVMFuzzerInitialize(&argc, &argv);

	(void)printf("1..2\n");
	run_whole();
	(void)printf("ok 1 - %s: %zu inputs of its corpus\n", target, n_files);
	n = run_each(&room, eg_fuzz_mutations);
	run_random(&room, eg_fuzz_mutations / RANDOM_PART);
	(void)printf("ok 2 - %s: %zu mutations of one byte, %u at random\n", target, n,
		     eg_fuzz_mutations / RANDOM_PART);
	for (size_t i = 0; i < n_files; i++) {
		free(files[i].name);
		free(files[i].text.bytes);
	}
	free(room.bytes);
	return 0;
}
