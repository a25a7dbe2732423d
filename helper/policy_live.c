// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Which rules ever decide, see policy_live.h. The rules are compiled with numbers for lines: those
 * whose numbers come out decide, where the network that has them has an address of its own, which
 * no longer network takes.
 */
#include "policy_live.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "policy.h"
#include "util.h"

enum { BESIDE_MAX = 10000 }; /* rules of a profile that are compiled with those of a group */

/* ---- rules with numbers ---- */

static int compare_nets(const void *va, const void *vb)
{
	const struct eg_config_rule *a = va, *b = vb;

	return eg_cidr_compare(&a->spec.net, &b->spec.net);
}

static int compare_widths(const void *va, const void *vb)
{
	const struct eg_config_rule *a = va, *b = vb;

	return (a->spec.port_high - a->spec.port_low) - (b->spec.port_high - b->spec.port_low);
}

/*
 * Numbers the rules from 1. beside: rules of a profile, where these are of a group; they get the
 * number behind. The compiler does not know that at the same network, or the same width of ports, a
 * group's come first, whatever they say: so those of the profile that are as narrow as some of the
 * group are left out, by compare.
 */
static int number_rules(const struct eg_config_rules *rules, const struct eg_config_rules *beside,
			int (*compare)(const void *, const void *), struct eg_config_rules *ret)
{
	size_t n_beside = beside && beside->n <= BESIDE_MAX ? beside->n : 0, n = rules->n;
	struct eg_config_rule *sorted eg_auto_free = calloc(n + 1, sizeof(*sorted));

	ret->list = calloc(n + n_beside + 1, sizeof(*ret->list));
	if (!sorted || !ret->list)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++) {
		sorted[i] = ret->list[i] = rules->list[i];
		ret->list[i].line = (unsigned int)i + 1;
	}
	ret->n = n;
	qsort(sorted, n, sizeof(*sorted), compare);
	for (size_t i = 0; i < n_beside; i++) {
		const struct eg_config_rule *rule = &beside->list[i];

		if (rule->spec.net.prefix_len == 0 && compare == compare_nets)
			continue; /* "*" is the same in both families; none is wider */
		if (bsearch(rule, sorted, n, sizeof(*sorted), compare))
			continue;
		ret->list[ret->n] = *rule;
		ret->list[ret->n++].line = (unsigned int)n + 1;
	}
	return 0;
}

/* ---- what comes out ---- */

struct marks {
	bool *live; /* n */
	size_t n;
};

static void mark(const struct marks *marks, const struct eg_rule *rule)
{
	if (rule->line && rule->line <= marks->n)
		marks->live[rule->line - 1] = true;
}

static void mark_list(const struct marks *marks, const struct eg_policy_image *image, uint32_t list,
		      uint32_t n)
{
	for (uint32_t i = list; i < list + n; i++)
		mark(marks, &image->segments[i].rule);
}

/* The networks of a family, by address, then length. */
static struct eg_cidr *networks_of(const struct eg_policy_image *image, uint16_t family, size_t n)
{
	struct eg_cidr *nets = calloc(n + 1, sizeof(*nets));

	for (size_t i = 0; nets && i < n; i++) {
		nets[i].family = family;
		if (family == AF_INET) {
			nets[i].prefix_len = (uint8_t)image->entries4[i].key.prefix_len;
			memcpy(nets[i].addr, image->entries4[i].key.addr, 4);
		} else {
			nets[i].prefix_len = (uint8_t)image->entries6[i].key.prefix_len;
			memcpy(nets[i].addr, image->entries6[i].key.addr, 16);
		}
	}
	return nets;
}

static int mark_family(const struct marks *marks, const struct eg_policy_image *image,
		       uint16_t family)
{
	size_t n = family == AF_INET ? image->n_entries4 : image->n_entries6;
	struct eg_cidr *nets eg_auto_free = networks_of(image, family, n);

	if (!nets)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++) {
		const struct eg_entry *entry =
			family == AF_INET ? &image->entries4[i].value : &image->entries6[i].value;

		if (eg_cidr_covered(&nets[i], &nets[i + 1], n - i - 1))
			continue;
		if (entry->n)
			mark_list(marks, image, entry->list, entry->n);
		else
			mark(marks, &entry->rule);
	}
	return 0;
}

/* ---- doors ---- */

static int find_live(const struct eg_config_profile *numbered, const struct marks *egress,
		     const struct marks *bind)
{
	__attribute__((cleanup(eg_policy_done))) struct eg_policy_image image = {0};
	struct eg_err error = {0};
	int r = eg_policy_compile(numbered, &image, &error);

	if (!r)
		r = mark_family(egress, &image, AF_INET);
	if (!r)
		r = mark_family(egress, &image, AF_INET6);
	if (!r)
		mark_list(bind, &image, image.policy.bind_list, image.policy.bind_n);
	return r;
}

int eg_policy_live(const struct eg_config_profile *profile, const struct eg_config_group *group,
		   bool *ret_egress, bool *ret_bind)
{
	const struct eg_config_rules *egress = group ? &group->egress : &profile->egress;
	const struct eg_config_rules *bind = group ? &group->bind : &profile->bind;
	struct eg_config_profile numbered = {0};
	int r = number_rules(egress, group ? &profile->egress : NULL, compare_nets,
			     &numbered.egress);

	if (!r)
		r = number_rules(bind, group ? &profile->bind : NULL, compare_widths,
				 &numbered.bind);
	if (!r)
		r = find_live(&numbered, &(struct marks){ret_egress, egress->n},
			      &(struct marks){ret_bind, bind->n});
	free(numbered.egress.list);
	free(numbered.bind.list);
	return r;
}
