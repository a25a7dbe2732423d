// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Settings to what the kernel looks up.
 *
 * A longest-prefix trie gives one entry for an address, but a rule that names ports leaves the
 * other ports to shorter prefixes. So the networks of a family are walked in the order of a trie,
 * each after those that hold it, and one with such rules gets a list in which what the networks
 * around it say is included. The kernel then needs one look-up, and a search in one list.
 */
#include "policy.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

#include "action.h"
#include "give_way.h"
#include "policy_nets.h"
#include "policy_lists.h"
#include "util.h"

enum { DEPTH = 129 /* networks around an address, one of each length */ };

/* A network that holds the one at hand, and what it says. */
struct node {
	const struct eg_net *item;
	struct eg_entry entry;
};

struct compiler {
	const struct eg_config_profile *profile;
	struct eg_err *reterr;
	struct eg_policy_image image;
	struct eg_lists lists;
	/* one family after the other: */
	uint16_t family;
	struct eg_nets nets;
	struct eg_rule *own; /* owned: the rules of the network at hand, the strongest first */
	size_t n_own;
	unsigned int line; /* of the first of them */
	struct node around[DEPTH];
	size_t depth;
};

/* ---- messages */

static int fail_memory(const struct compiler *compiler)
{
	*compiler->reterr = (struct eg_err){.text = "not enough memory"};
	return -ENOMEM;
}

/* Where the rules at hand are written: file and line. */
static void set_where(const struct compiler *compiler, unsigned int line)
{
	const struct eg_config_feed *feed = eg_config_feed_of(compiler->profile, line, &line);

	*compiler->reterr = (struct eg_err){.line = line};
	if (feed) /* a long path is cut */
		(void)snprintf(compiler->reterr->file, sizeof(compiler->reterr->file), "%s",
			       feed->path);
}

static int fail_networks(const struct compiler *compiler)
{
	set_where(compiler, compiler->line);
	(void)snprintf(compiler->reterr->text, sizeof(compiler->reterr->text),
		       "more than %d different %s networks", EG_PREFIXES_MAX,
		       compiler->family == AF_INET ? "IPv4" : "IPv6");
	return -E2BIG;
}

static int fail_list(const struct compiler *compiler, const char *what, unsigned int line)
{
	set_where(compiler, line);
	(void)snprintf(compiler->reterr->text, sizeof(compiler->reterr->text),
		       "the rules for %s make %zu different ranges of protocols and ports, at most "
		       "%d are possible",
		       what, compiler->lists.n_list, EG_LIST_MAX);
	return -E2BIG;
}

static int fail_segments(const struct compiler *compiler, unsigned int line)
{
	set_where(compiler, line);
	(void)snprintf(
		compiler->reterr->text, sizeof(compiler->reterr->text),
		"the rules for all networks together make more than %d different ranges of "
		"protocols and ports; rules that name a protocol with their ports make fewer",
		EG_SEGMENTS_MAX);
	return -E2BIG;
}

/* ---- one network */

static bool is_plain(const struct eg_rule *rule)
{
	return rule->protocol == EG_PROTO_ANY && rule->port_low == 0 &&
	       rule->port_high == UINT16_MAX;
}

static struct eg_rule rule_value(const struct eg_config_rule *rule)
{
	return (struct eg_rule){
		.verdict = rule->allow ? EG_VERDICT_ALLOW : EG_VERDICT_DENY,
		.prefix_len = rule->spec.net.prefix_len,
		.protocol = rule->spec.protocol,
		.line = rule->line,
		.port_low = rule->spec.port_low,
		.port_high = rule->spec.port_high,
	};
}

/* A network of a feed is a rule for every protocol and port. */
static struct eg_rule feed_value(const struct compiler *compiler, const struct eg_net *item)
{
	size_t number = (item->rule - EG_LINE_FEEDS) >> EG_LINE_BITS;
	bool allow = compiler->profile->feeds.list[number].allow;
	struct eg_rule rule = eg_lists_default(allow ? EG_VERDICT_ALLOW : EG_VERDICT_DENY);

	rule.prefix_len = item->prefix_len;
	rule.line = item->rule;
	return rule;
}

/* Adds the rules of one verdict to own, in the order of the file; true when a plain one is among
 * them: nothing behind it has a say. */
static bool add_own(struct compiler *compiler, const struct eg_net *nets, size_t n, uint8_t verdict)
{
	size_t i;

	for (i = 0; i < n; i++) {
		struct eg_rule rule = eg_lists_default(EG_VERDICT_ALLOW);

		if (nets[i].rule == EG_NET_DEFAULT)
			continue;
		if (nets[i].rule == EG_NET_LOOPBACK)
			rule.prefix_len = nets[i].prefix_len;
		else if (nets[i].rule >= EG_LINE_FEEDS)
			rule = feed_value(compiler, &nets[i]);
		else
			rule = rule_value(&compiler->profile->egress.list[nets[i].rule]);
		if (rule.verdict != verdict)
			continue;
		compiler->own[compiler->n_own++] = rule;
		if (is_plain(&rule))
			return true;
	}
	return false;
}

/* Stores what flattening has made; a list that says one thing only becomes a plain entry. */
static int store(struct compiler *compiler, struct eg_entry *ret)
{
	struct eg_lists *lists = &compiler->lists;
	struct eg_entry entry = {0};
	int err;

	if (lists->n_list == 1) {
		*ret = (struct eg_entry){.rule = lists->list[0].rule};
		return 0;
	}
	if (lists->n_list > EG_LIST_MAX)
		return fail_list(compiler, "this network and those around it", compiler->line);
	err = eg_lists_store(lists, &entry.list, &entry.n);
	if (err == -E2BIG)
		return fail_segments(compiler, compiler->line);
	if (err < 0)
		return fail_memory(compiler);
	*ret = entry;
	return 0;
}

/* What the network of n nets says: its own rules over what the nearest network around it says, or
 * else the default. */
static int make_entry(struct compiler *compiler, const struct eg_net *nets, size_t n,
		      struct eg_entry *ret)
{
	struct eg_entry base = {.rule = eg_lists_default(compiler->profile->default_deny
								 ? EG_VERDICT_DENY
								 : EG_VERDICT_ALLOW)};
	bool plain;

	if (compiler->depth)
		base = compiler->around[compiler->depth - 1].entry;
	compiler->n_own = 0;
	plain = add_own(compiler, nets, n, EG_VERDICT_DENY) ||
		add_own(compiler, nets, n, EG_VERDICT_ALLOW);
	compiler->line = compiler->n_own ? compiler->own[0].line : 0;
	if (plain)
		base = (struct eg_entry){.rule = compiler->own[--compiler->n_own]};
	if (compiler->n_own == 0) {
		*ret = base;
		return 0;
	}
	if (eg_lists_flatten(&compiler->lists, compiler->own, compiler->n_own, &base) < 0)
		return fail_memory(compiler);
	return store(compiler, ret);
}

static int emit(struct compiler *compiler, const struct eg_net *item, const struct eg_entry *entry)
{
	struct eg_policy_image *image = &compiler->image;

	if ((compiler->family == AF_INET ? image->n_entries4 : image->n_entries6) ==
	    EG_PREFIXES_MAX)
		return fail_networks(compiler);
	if (compiler->family == AF_INET) {
		struct eg_policy_entry4 *e = &image->entries4[image->n_entries4++];

		*e = (struct eg_policy_entry4){.key.prefix_len = item->prefix_len, .value = *entry};
		memcpy(e->key.addr, item->addr, sizeof(e->key.addr));
	} else {
		struct eg_policy_entry6 *e = &image->entries6[image->n_entries6++];

		*e = (struct eg_policy_entry6){.key.prefix_len = item->prefix_len, .value = *entry};
		memcpy(e->key.addr, item->addr, sizeof(e->key.addr));
	}
	return 0;
}

static int walk(struct compiler *compiler)
{
	size_t i, n;
	int err = 0;

	compiler->depth = 0;
	for (i = 0; i < compiler->nets.n && err == 0; i += n) {
		const struct eg_net *item = &compiler->nets.list[i];
		struct eg_entry entry = {0};

		eg_way_give();
		for (n = 1; i + n < compiler->nets.n && eg_nets_equal(item, &item[n]); n++)
			;
		while (compiler->depth &&
		       !eg_nets_around(compiler->around[compiler->depth - 1].item, item))
			compiler->depth--;
		err = make_entry(compiler, item, n, &entry);
		if (err < 0)
			return err;
		compiler->around[compiler->depth++] = (struct node){.item = item, .entry = entry};
		err = emit(compiler, item, &entry);
	}
	return err;
}

static int compile_family(struct compiler *compiler, uint16_t family)
{
	struct eg_policy_image *image = &compiler->image;
	int err;

	eg_nets_done(&compiler->nets);
	free(compiler->own);
	compiler->family = family;
	compiler->own = NULL;
	err = eg_nets_collect(compiler->profile, family, &compiler->nets, compiler->reterr);
	if (err < 0)
		return err;
	compiler->own = calloc(compiler->nets.n + 1, sizeof(*compiler->own));
	if (!compiler->own)
		return fail_memory(compiler);
	/* One more than needed, so that NULL always means no memory. */
	if (family == AF_INET)
		image->entries4 = calloc(compiler->nets.n + 1, sizeof(*image->entries4));
	else
		image->entries6 = calloc(compiler->nets.n + 1, sizeof(*image->entries6));
	if (!(family == AF_INET ? (void *)image->entries4 : (void *)image->entries6))
		return fail_memory(compiler);
	return walk(compiler);
}

/* ---- bind */

/* The one that decides first: the narrowest, then deny, then the order of the file. */
static int compare_bind(const void *va, const void *vb)
{
	const struct eg_config_rule *a = *(const struct eg_config_rule *const *)va;
	const struct eg_config_rule *b = *(const struct eg_config_rule *const *)vb;
	int order = (a->spec.port_high - a->spec.port_low) - (b->spec.port_high - b->spec.port_low);

	if (order == 0)
		order = (int)a->allow - (int)b->allow;
	return order ? order : (a > b) - (a < b);
}

static int compile_bind(struct compiler *compiler)
{
	const struct eg_config_rules *rules = &compiler->profile->bind;
	const struct eg_entry base = {.rule = eg_lists_default(EG_VERDICT_ALLOW)};
	eg_auto_free const struct eg_config_rule **sorted =
		calloc(rules->n + 1, sizeof(const struct eg_config_rule *));
	eg_auto_free struct eg_rule *values = calloc(rules->n + 1, sizeof(*values));
	struct eg_policy *policy = &compiler->image.policy;
	size_t i;
	int err;

	if (!sorted || !values)
		return fail_memory(compiler);
	for (i = 0; i < rules->n; i++)
		sorted[i] = &rules->list[i];
	qsort(sorted, rules->n, sizeof(*sorted), compare_bind);
	for (i = 0; i < rules->n; i++)
		values[i] = rule_value(sorted[i]);
	if (eg_lists_flatten(&compiler->lists, values, rules->n, &base) < 0)
		return fail_memory(compiler);
	if (compiler->lists.n_list > EG_LIST_MAX)
		return fail_list(compiler, "bind", rules->list[0].line);
	err = eg_lists_store(&compiler->lists, &policy->bind_list, &policy->bind_n);
	if (err == -E2BIG)
		return fail_segments(compiler, rules->list[0].line);
	return err < 0 ? fail_memory(compiler) : 0;
}

/* ---- doors */

static void fill_policy(struct eg_policy_image *image, const struct eg_config_profile *profile)
{
	bool leaving = profile->actions[EG_ON_LEAVING] != EG_ACTION_ALLOW;
	bool tampering = profile->actions[EG_ON_TAMPERING] != EG_ACTION_ALLOW;

	image->policy.flags = (profile->deny_setuid ? EG_POLICY_DENY_SETUID : 0U) |
			      (profile->deny_mount ? EG_POLICY_DENY_MOUNT : 0U) |
			      (profile->files_deny_read.n ? EG_POLICY_READS : 0U) |
			      (profile->files_deny_write.n ? EG_POLICY_WRITES : 0U) |
			      (image->n_entries4 ? EG_POLICY_RULES4 : 0U) |
			      (image->n_entries6 ? EG_POLICY_RULES6 : 0U) |
			      (image->n_segments ? EG_POLICY_SEGMENTS : 0U) |
			      (profile->setuid_allow.n ? EG_POLICY_PROGRAMS : 0U) |
			      (profile->mount_allow.n ? EG_POLICY_MOUNTS : 0U) |
			      (leaving ? EG_POLICY_DENY_LEAVING : 0U) |
			      (tampering ? EG_POLICY_DENY_TAMPERING : 0U) |
			      (profile->deny_services ? EG_POLICY_DENY_SERVICES : 0U) |
			      (profile->deny_same_user ? EG_POLICY_DENY_SAME_USER : 0U) |
			      (profile->unix_deny.n ? EG_POLICY_UNIX_NAMES : 0U) |
			      (profile->exec_deny.n ? EG_POLICY_RUNS : 0U) |
			      (profile->exec_allow_only.n ? EG_POLICY_RUNS_ONLY : 0U) |
			      (profile->record_exec ? EG_POLICY_RECORD_EXEC : 0U) |
			      (profile->record_connect ? EG_POLICY_RECORD_CONNECT : 0U) |
			      (profile->record_open.n ? EG_POLICY_RECORD_OPEN : 0U);
	image->nets_in = profile->lookup;
	image->policy.families = 1ULL << AF_UNIX | 1ULL << AF_INET | 1ULL << AF_INET6 |
				 1ULL << AF_NETLINK | profile->families;
	image->policy.protocols = profile->protocols;
	image->policy.capabilities = profile->capabilities;
	image->policy.audit = eg_action_mask(profile, EG_ACTION_AUDIT);
	image->policy.kill = eg_action_mask(profile, EG_ACTION_KILL);
}

static void compiler_done(struct compiler *compiler)
{
	eg_nets_done(&compiler->nets);
	free(compiler->own);
	eg_lists_done(&compiler->lists);
	eg_policy_done(&compiler->image);
}

/* All but the groups. */
static int compile_one(const struct eg_config_profile *profile, struct eg_policy_image *ret,
		       struct eg_err *reterr)
{
	__attribute__((cleanup(compiler_done))) struct compiler compiler = {.profile = profile,
									    .reterr = reterr};
	int err = compile_family(&compiler, AF_INET);

	if (err == 0)
		err = compile_family(&compiler, AF_INET6);
	if (err == 0 && profile->bind.n)
		err = compile_bind(&compiler);
	if (err < 0)
		return err;
	eg_lists_take(&compiler.lists, &compiler.image.segments, &compiler.image.n_segments);
	fill_policy(&compiler.image, profile);
	*ret = compiler.image;
	compiler.image = (struct eg_policy_image){0};
	return 0;
}

/* A group's rules are a profile that says nothing else. Loopback is in there, as in every other, so
 * that a rule for all networks leaves it to the profile. */
static int compile_group(const struct eg_config_group *group, struct eg_policy_image *ret,
			 struct eg_err *reterr)
{
	const struct eg_config_profile alone = {.egress = group->egress,
						.bind = group->bind,
						.setuid_allow = group->setuid_allow,
						.files_deny_read = group->files_deny_read,
						.files_deny_write = group->files_deny_write};

	int err = compile_one(&alone, ret, reterr);

	if (err < 0)
		return err;
	ret->is_group = true;
	/* a switch is the profile's */
	ret->policy.flags &= EG_POLICY_RULES4 | EG_POLICY_RULES6 | EG_POLICY_SEGMENTS |
			     EG_POLICY_PROGRAMS | EG_POLICY_READS | EG_POLICY_WRITES;
	return 0;
}

int eg_policy_compile(const struct eg_config_profile *profile, struct eg_policy_image *ret,
		      struct eg_err *reterr)
{
	struct eg_policy_image image = {0};
	int err = compile_one(profile, &image, reterr);

	if (err == 0 && profile->n_groups) {
		image.policy.flags |= EG_POLICY_BY_PROGRAM;
		image.groups = calloc(profile->n_groups, sizeof(*image.groups));
		if (!image.groups) {
			*reterr = (struct eg_err){.text = "not enough memory"};
			err = -ENOMEM;
		}
	}
	for (; err == 0 && image.n_groups < profile->n_groups; image.n_groups++) {
		struct eg_policy_image *group = &image.groups[image.n_groups];

		err = compile_group(&profile->groups[image.n_groups], group, reterr);
		/* The hooks ask about files where somebody may be refused one. */
		image.policy.flags |= group->policy.flags & (EG_POLICY_READS | EG_POLICY_WRITES);
	}
	if (err < 0) {
		eg_policy_done(&image);
		return err;
	}
	*ret = image;
	return 0;
}

static void image_done(struct eg_policy_image *image)
{
	free(image->entries4);
	free(image->entries6);
	free(image->segments);
	free(image->items);
	free(image->names);
	eg_digests_done(&image->digests);
	free(image->places);
}

void eg_policy_done(struct eg_policy_image *image)
{
	size_t i;

	for (i = 0; image->groups && i < image->n_groups; i++)
		image_done(&image->groups[i]);
	free(image->groups);
	image_done(image);
	*image = (struct eg_policy_image){0};
}
