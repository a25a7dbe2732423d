// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* What ebpfguardctl diff says with --json. */
#include "ctl_diff.h"

static struct json_object *change(struct json_object *array, const char *profile, const char *word,
				  const char *key)
{
	struct json_object *json = eg_ctl_json_object();

	eg_ctl_json_add_text(json, "profile", profile);
	eg_ctl_json_add_text(json, "key", key);
	eg_ctl_json_add_text(json, "change", word);
	eg_ctl_json_append(array, json);
	return json;
}

static void add_place(struct json_object *json, const char *file, unsigned int line)
{
	if (!line)
		return;
	eg_ctl_json_add_text(json, "file", file);
	eg_ctl_json_add_number(json, "line", line);
}

void eg_ctl_diff_json_change(struct json_object *array, const char *profile,
			     const struct eg_diff *diff, const char *file)
{
	static const char *const words[] = {
		[EG_DIFF_VALUE] = "value",
		[EG_DIFF_MORE] = "more",
		[EG_DIFF_LESS] = "less",
		[EG_DIFF_NETWORK_MORE] = "network-more",
		[EG_DIFF_NETWORK_LESS] = "network-less",
	};
	struct json_object *json = change(array, profile, words[diff->what], diff->key);

	eg_ctl_json_add_text(json, "was", diff->was);
	eg_ctl_json_add_text(json, "text", diff->text);
	add_place(json, file, diff->line);
}

void eg_ctl_diff_json_networks(struct json_object *array, const char *profile, const char *key,
			       size_t more, size_t less)
{
	struct json_object *json = change(array, profile, "networks", key);

	eg_ctl_json_add_number(json, "more", more);
	eg_ctl_json_add_number(json, "less", less);
}

void eg_ctl_diff_json_profile(struct json_object *array, const char *profile, bool comes,
			      const char *file, unsigned int line)
{
	add_place(change(array, profile, comes ? "profile-new" : "profile-gone", NULL), file, line);
}
