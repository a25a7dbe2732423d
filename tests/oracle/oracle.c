// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * oracle [--seed N] [--configs N] [--sabotage entry|line|segment|table|decider]: is what the kernel
 * says what the configuration says?
 *
 * Random configurations go the way of every configuration, from text through parser and compiler
 * into the running helper's own maps, but to a slot no session uses. oracle.bpf.c asks the
 * product's look-up; eg_policy_explain says what the answer must be. Each configuration goes there
 * twice, with its networks in tries and in flat tables, and where a table refuses, the rule must be
 * the one that the helper finds (helper/deciders.h). Prints "ok TEXT" and
 * "not ok TEXT", one a line, and each disagreement with its configuration.
 * With --sabotage one thing in the kernel is changed behind the compiler's back, and a run that
 * finds no disagreement has failed.
 */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <err.h>
#include <getopt.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bpf_maps.h"
#include "config.h"
#include "deciders.h"
#include "oracle.skel.h"
#include "policy.h"
#include "quick.h"
#include "random.h"
#include "spoil.h"
#include "util.h"

enum { TROUBLE = 2, SLOT = 200, PER_CONFIG = 20, SHOWN_MAX = 5 };

/* What is counted, and the least of it in 1000 configurations: fewer, and the run proves little. */
enum outcome {
	DENIED_RULE,
	DENIED_DEFAULT,
	DENIED_EMBEDDED,
	ALLOWED_RULE,
	ALLOWED_DEFAULT,
	DECIDED_BY_PORTS,
	IN_IPV6,
	BIND_DENIED,
	BIND_ALLOWED_RULE,
	BIND_FREE,
	BY_TABLE,
	BY_DECIDER,
	OUTCOMES,
};

static const struct {
	const char *name;
	unsigned int floor;
} outcomes[OUTCOMES] = {
	[DENIED_RULE] = {"denied by a rule", 2000},
	[DENIED_DEFAULT] = {"denied by default", 500},
	[DENIED_EMBEDDED] = {"denied for the IPv4 address inside", 100},
	[ALLOWED_RULE] = {"allowed by a rule", 1000},
	[ALLOWED_DEFAULT] = {"allowed by default or as loopback", 500},
	[DECIDED_BY_PORTS] = {"decided by a rule with ports or protocol", 1000},
	[IN_IPV6] = {"asked about IPv6", 2000},
	[BIND_DENIED] = {"bind denied", 500},
	[BIND_ALLOWED_RULE] = {"bind allowed by a rule", 500},
	[BIND_FREE] = {"bind no rule names", 200},
	[BY_TABLE] = {"policies with their networks in tables", 900},
	[BY_DECIDER] = {"refused by a table, the rule found by the helper", 500},
};

static const char *const map_names[EG_N_MAPS] = {
	[EG_MAP_PROFILES] = "eg_profiles", [EG_MAP_POLICIES] = "eg_policies",
	[EG_MAP_TRIES4] = "eg_tries4",	   [EG_MAP_TRIES6] = "eg_tries6",
	[EG_MAP_FLAT_1] = "eg_flat_1",	   [EG_MAP_FLAT_1 + 1] = "eg_flat_2",
	[EG_MAP_FLAT_1 + 2] = "eg_flat_3", [EG_MAP_SEGMENTS] = "eg_segments",
	[EG_MAP_ITEMS] = "eg_items",	   [EG_MAP_NAMES] = "eg_names",
	[EG_MAP_STATE] = "eg_state",	   [EG_MAP_QUICK] = "eg_quick",
};

struct run {
	struct eg_random random;
	struct eg_bpf bpf; /* the maps a policy is put into */
	int queries, prog;
	uint32_t generation;
	const char *sabotage;	      /* NULL = none */
	struct eg_deciders *deciders; /* owned: of the policy that is asked */
	unsigned int counts[OUTCOMES], asked, wrong, sabotaged;
};

/* ---- the kernel side ---- */

static void open_kernel(struct run *run)
{
	struct oracle *skel = oracle__open();
	struct bpf_map *map;
	char path[256];
	int r;

	if (!skel)
		err(TROUBLE, "the BPF object in this binary");
	for (size_t i = 0; i < EG_N_MAPS; i++) {
		run->bpf.maps[i] = map_names[i] ? eg_bpf_pin_open("map", map_names[i]) : -1;
		if (map_names[i] && run->bpf.maps[i] < 0)
			errx(TROUBLE, "pin of %s: %s", map_names[i], strerror(-run->bpf.maps[i]));
	}
	if (eg_quick_map(run->bpf.maps[EG_MAP_QUICK], &run->bpf.quick) < 0)
		err(TROUBLE, "eg_quick");
	bpf_object__for_each_map(map, skel->obj) {
		int fd eg_auto_close = -1;

		if (bpf_map__is_internal(map) || map == skel->maps.eg_oracle)
			continue;
		(void)snprintf(path, sizeof(path), EG_PIN_DIR "/map_%s", bpf_map__name(map));
		fd = bpf_obj_get(path);
		if (fd < 0 || bpf_map__reuse_fd(map, fd) < 0)
			err(TROUBLE, "%s", path);
	}
	r = eg_bpf_networks_fit(skel->obj);
	if (r < 0)
		errx(TROUBLE, "arrays for tables: %s", strerror(-r));
	run->bpf.last_class = (unsigned int)r;
	if (oracle__load(skel) < 0)
		errx(TROUBLE, "the kernel refused the program");
	run->queries = bpf_map__fd(skel->maps.eg_oracle);
	run->prog = bpf_program__fd(skel->progs.eg_oracle_run);
}

/* Asks n questions and reads the answers back. */
static void ask(struct run *run, struct eg_oracle *queries, uint32_t n)
{
	static const char packet[64];
	struct eg_oracle end = {.kind = EG_ORACLE_END};
	LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = packet, .data_size_in = sizeof(packet));

	for (uint32_t i = 0; i <= n && i < EG_ORACLE_QUERIES; i++)
		if (bpf_map_update_elem(run->queries, &i, i < n ? &queries[i] : &end, BPF_ANY) < 0)
			err(TROUBLE, "eg_oracle");
	if (bpf_prog_test_run_opts(run->prog, &opts) < 0 || opts.retval != n)
		errx(TROUBLE, "the program answered %u of %u questions", opts.retval, n);
	for (uint32_t i = 0; i < n; i++)
		if (bpf_map_lookup_elem(run->queries, &i, &queries[i]) < 0 || !queries[i].done)
			errx(TROUBLE, "question %u was not answered", i);
}

static bool is_about(const struct run *run, const char *what)
{
	return run->sabotage && !strcmp(run->sabotage, what);
}

static uint32_t policy_of(struct run *run)
{
	struct eg_profile profile = {0};

	if (eg_bpf_profile_get(&run->bpf, SLOT, &profile) < 0)
		err(TROUBLE, "slot %d", SLOT);
	return profile.policy;
}

/* Leaves the slot as it was found: no policy, no tries. */
static void clean_up(struct run *run)
{
	static const struct eg_profile none;
	static const struct eg_policy empty;
	uint32_t slot = SLOT, policy = policy_of(run);

	if (!policy)
		return;
	(void)bpf_map_update_elem(run->bpf.maps[EG_MAP_PROFILES], &slot, &none, BPF_ANY);
	(void)bpf_map_update_elem(run->bpf.maps[EG_MAP_POLICIES], &policy, &empty, BPF_ANY);
	/* ENOENT is fine: not every policy has all three. */
	eg_bpf_networks_drop(&run->bpf, policy);
	(void)bpf_map_delete_elem(run->bpf.maps[EG_MAP_SEGMENTS], &policy);
}

/* ---- what must come back ---- */

static const uint8_t loopback4[4] = {127, 0, 0, 1};

static struct eg_policy_answer expected(const struct eg_config_profile *profile,
					const struct eg_oracle *query, bool *ret_v4)
{
	static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff}, any[4];
	struct eg_policy_target target = {
		.family = query->family, .proto = query->proto, .port = query->port};

	memcpy(target.addr, query->addr, sizeof(target.addr));
	if (target.family == AF_INET6 && !memcmp(target.addr, mapped, sizeof(mapped))) {
		target.family = AF_INET;
		memcpy(target.addr, query->addr + sizeof(mapped), sizeof(any));
	}
	/* Where the kernel sends 0.0.0.0 to when the socket has an address of its own. */
	if (target.family == AF_INET && query->source && !memcmp(target.addr, any, sizeof(any)))
		memcpy(target.addr, &query->source, sizeof(query->source));
	*ret_v4 = target.family == AF_INET;
	return eg_policy_explain(profile, &target);
}

/* As the helper does with its records: see helper/attribute.c. */
static void attribute(struct run *run, struct eg_oracle *got)
{
	static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff}, any[4];
	struct eg_policy_target target = {.family = got->rule_family};

	if (!got->denied || !got->has_rule || got->rule.line != EG_LINE_UNKNOWN || !run->deciders)
		return;
	memcpy(target.addr, got->addr, sizeof(target.addr));
	if (got->family == AF_INET6 && !memcmp(got->addr, mapped, sizeof(mapped)))
		memcpy(target.addr, got->addr + sizeof(mapped), sizeof(any));
	else if (got->family == AF_INET6 && got->rule_family == AF_INET) {
		target.family = AF_INET6;
		(void)eg_policy_embedded(&target, target.addr);
		target.family = AF_INET;
	}
	/* The hooks tell where the kernel sends it. */
	if (target.family == AF_INET && !memcmp(target.addr, any, sizeof(any)))
		memcpy(target.addr, got->source ? (const void *)&got->source : loopback4, 4);
	if (target.family == AF_INET6 && !memcmp(target.addr, in6addr_any.s6_addr, 16))
		target.addr[15] = 1;
	run->counts[BY_DECIDER] +=
		eg_deciders_find(run->deciders, target.family, target.addr, &got->rule);
}

/* Is the rule that the kernel names the one of the configuration? */
static bool same_rule(const struct eg_oracle *got, const struct eg_config_rule *rule)
{
	const struct eg_rule_spec *spec = &rule->spec;

	return got->has_rule && got->rule.verdict == EG_VERDICT_DENY &&
	       got->rule.line == rule->line && got->rule.protocol == spec->protocol &&
	       got->rule.port_low == spec->port_low && got->rule.port_high == spec->port_high &&
	       (got->kind == EG_ORACLE_BIND || got->rule.prefix_len == spec->net.prefix_len);
}

static bool agrees(const struct run *run, const struct eg_oracle *got,
		   const struct eg_policy_answer *want, bool v4)
{
	if (got->denied != want->deny || got->generation != run->generation)
		return false;
	if (!want->deny)
		return true;
	if (got->reason != want->reason)
		return false;
	if (got->kind == EG_ORACLE_EGRESS &&
	    got->rule_family != (v4 || want->embedded ? AF_INET : AF_INET6))
		return false;
	return want->rule ? same_rule(got, want->rule) : !got->has_rule;
}

static void count(struct run *run, const struct eg_oracle *got, const struct eg_policy_answer *want,
		  bool v4)
{
	if (got->kind == EG_ORACLE_BIND) {
		run->counts[want->deny	 ? BIND_DENIED
			    : want->rule ? BIND_ALLOWED_RULE
					 : BIND_FREE]++;
		return;
	}
	if (want->deny)
		run->counts[want->embedded ? DENIED_EMBEDDED
			    : want->rule   ? DENIED_RULE
					   : DENIED_DEFAULT]++;
	else
		run->counts[want->rule ? ALLOWED_RULE : ALLOWED_DEFAULT]++;
	run->counts[DECIDED_BY_PORTS] += want->rule && !eg_rule_is_plain(&want->rule->spec);
	run->counts[IN_IPV6] += !v4;
}

static void show(const struct run *run, const struct eg_oracle *got,
		 const struct eg_policy_answer *want, const char *text)
{
	printf("# %s family %u proto %u port %u source %08x addr ",
	       got->kind == EG_ORACLE_BIND ? "bind" : "egress", got->family, got->proto, got->port,
	       ntohl(got->source));
	for (size_t i = 0; i < (got->family == AF_INET ? 4 : 16); i++)
		printf("%02x", got->addr[i]);
	printf("\n#   want deny %d reason %u line %u embedded %d, generation %u\n", want->deny,
	       (unsigned int)want->reason, want->rule ? want->rule->line : 0, want->embedded,
	       run->generation);
	printf("#   got  deny %u reason %u line %u (has %u, verdict %u, /%u, proto %u, %u-%u, "
	       "family "
	       "%u), generation %u\n",
	       got->denied, got->reason, got->rule.line, got->has_rule, got->rule.verdict,
	       got->rule.prefix_len, got->rule.protocol, got->rule.port_low, got->rule.port_high,
	       got->rule_family, got->generation);
	for (unsigned int line = 1; *text; line++) {
		size_t n = strcspn(text, "\n");

		printf("#   %3u| %.*s\n", line, (int)n, text);
		text += n + (text[n] == '\n');
	}
}

/* ---- one configuration ---- */

static uint32_t make_queries(struct run *run, const struct eg_config_profile *profile,
			     size_t n_segments, struct eg_oracle *queries)
{
	uint32_t n = 0;

	for (; n < PER_CONFIG; n++) {
		eg_random_query(&run->random, profile, &queries[n]);
		queries[n].slot = SLOT;
	}
	if (!run->sabotage)
		return n;
	if (is_about(run, "decider"))
		return n;
	if (is_about(run, "table"))
		run->sabotaged += eg_spoil_table(&run->bpf, policy_of(run));
	else if (is_about(run, "segment"))
		run->sabotaged += eg_spoil_segment(&run->bpf, policy_of(run), n_segments);
	else if (eg_spoil_entry(&run->bpf, policy_of(run), is_about(run, "line"), &queries[n])) {
		run->sabotaged++;
		queries[n++].slot = SLOT;
	}
	return n;
}

static void compare_all(struct run *run, const struct eg_config_profile *profile,
			struct eg_oracle *queries, uint32_t n, const char *text)
{
	ask(run, queries, n);
	for (uint32_t i = 0; i < n; i++) {
		bool v4 = false;
		struct eg_policy_answer want =
			queries[i].kind == EG_ORACLE_BIND
				? eg_policy_explain_bind(profile, queries[i].proto, queries[i].port)
				: expected(profile, &queries[i], &v4);

		run->asked++;
		attribute(run, &queries[i]);
		count(run, &queries[i], &want, v4);
		if (agrees(run, &queries[i], &want, v4))
			continue;
		if (++run->wrong <= SHOWN_MAX && !run->sabotage)
			show(run, &queries[i], &want, text);
	}
}

/* Which of its networks the policy in force has in tables; keeps what these do not say. */
static void keep_deciders(struct run *run, struct eg_policy_image *image)
{
	uint32_t index = policy_of(run);
	struct eg_policy policy;

	if (bpf_map_lookup_elem(run->bpf.maps[EG_MAP_POLICIES], &index, &policy) < 0)
		err(TROUBLE, "policy %u", index);
	if (is_about(run, "decider")) {
		eg_spoil_lines(image);
		run->sabotaged++;
	}
	run->counts[BY_TABLE] += (policy.flags & (EG_POLICY_TABLE4 | EG_POLICY_TABLE6)) != 0;
	if (eg_deciders_new(image, policy.flags & EG_POLICY_TABLE4, policy.flags & EG_POLICY_TABLE6,
			    &run->deciders) < 0)
		err(TROUBLE, "memory");
}

static void try_in(struct run *run, enum eg_nets_in in, const struct eg_config_profile *profile,
		   struct eg_policy_image *image, const char *text)
{
	struct eg_oracle queries[EG_ORACLE_QUERIES] = {0};
	int r;

	image->nets_in = in;
	r = eg_bpf_policy_put(&run->bpf, SLOT, image, ++run->generation);
	if (r < 0)
		errx(TROUBLE, "putting a policy: %s", strerror(-r));
	keep_deciders(run, image);
	compare_all(run, profile, queries, make_queries(run, profile, image->n_segments, queries),
		    text);
	eg_deciders_free(eg_take_ptr(&run->deciders));
}

static void try_config(struct run *run)
{
	char *text eg_auto_free = eg_random_config(&run->random);
	struct eg_policy_image image = {0};
	struct eg_config *config = NULL;
	struct eg_err error = {0};
	char line[1024];

	if (!text)
		err(TROUBLE, "memory");
	if (eg_config_parse(text, strlen(text), "random", &config, &error) < 0 ||
	    eg_policy_compile(&config->profiles[0], &image, &error) < 0)
		errx(TROUBLE, "%s\n%s", eg_err_format(&error, line, sizeof(line)), text);
	if (!is_about(run, "table") && !is_about(run, "decider"))
		try_in(run, EG_NETS_IN_TRIE, &config->profiles[0], &image, text);
	if (!run->sabotage || is_about(run, "table") || is_about(run, "decider"))
		try_in(run, EG_NETS_IN_TABLE, &config->profiles[0], &image, text);
	eg_policy_done(&image);
	eg_config_free(config);
}

/* ---- the report ---- */

static void say(bool good, const char *text, unsigned int n, const char *more)
{
	printf("%s %s: %u%s\n", good ? "ok" : "not ok", text, n, more);
}

static bool report(const struct run *run, unsigned int configs)
{
	bool good = !run->wrong;

	if (run->sabotage) {
		printf("# %s: %u of %u policies were changed\n", run->sabotage, run->sabotaged,
		       configs);
		say(run->wrong > 0, "a change in the kernel is noticed, disagreements", run->wrong,
		    "");
		return run->wrong > 0;
	}
	for (size_t i = 0; i < OUTCOMES; i++) {
		unsigned int floor = outcomes[i].floor * configs / 1000;
		char more[64];

		(void)snprintf(more, sizeof(more), " (at least %u)", floor);
		say(run->counts[i] >= floor, outcomes[i].name, run->counts[i], more);
		good = good && run->counts[i] >= floor;
	}
	say(configs >= 1, "configurations parsed, compiled, put into the kernel", configs, "");
	say(!run->wrong, "questions the kernel answered as the configuration does", run->asked, "");
	if (run->wrong)
		printf("# %u answers differ\n", run->wrong);
	return good;
}

int main(int argc, char **argv)
{
	static const struct option options[] = {{"seed", required_argument, NULL, 's'},
						{"configs", required_argument, NULL, 'c'},
						{"sabotage", required_argument, NULL, 'x'},
						{0}};
	struct run run = {.random.state = 1};
	unsigned int configs = 1000;
	int c;

	while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (c == 's')
			run.random.state = strtoull(optarg, NULL, 10);
		else if (c == 'c')
			configs = (unsigned int)strtoul(optarg, NULL, 10);
		else if (c == 'x')
			run.sabotage = optarg;
		else
			return TROUBLE;
	}
	printf("# seed %llu\n", (unsigned long long)run.random.state);
	if (!run.random.state)
		errx(TROUBLE, "a seed other than 0, please");
	open_kernel(&run);
	for (unsigned int i = 0; i < configs; i++)
		try_config(&run);
	clean_up(&run);
	return report(&run, configs) ? 0 : 1;
}
