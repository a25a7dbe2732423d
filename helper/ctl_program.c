// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The program that explain is asked about: whose rules it has, by the file that it is. */
#include <err.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "ctl.h"
#include "policy.h"
#include "program.h"
#include "util.h"

enum { SCRIPTS_MAX = 5 /* as many interpreters of interpreters as the kernel goes along with */ };

/* The helper has no rules for what the configuration names, though that is the file asked about. */
static void warn_trouble(const struct eg_config *config, const struct eg_config_text *program,
			 const char *trouble)
{
	char file[EG_CTL_SAFE_SIZE], clean[EG_CTL_SAFE_SIZE];

	warnx("%s:%u: the helper gives no rules to %s: %s",
	      eg_ctl_safe(config->file, file, sizeof(file)), program->line,
	      eg_ctl_safe(program->text, clean, sizeof(clean)), trouble);
}

/* The group that names the file by whatever path, and that the helper takes for one. */
static const struct eg_config_group *find_group(const struct eg_config *config,
						const struct eg_config_profile *profile,
						const struct stat *file)
{
	for (size_t i = 0; i < profile->n_groups; i++) {
		const struct eg_config_texts *programs = &profile->groups[i].programs;

		for (size_t k = 0; k < programs->n; k++) {
			const struct eg_config_text *program = &programs->list[k];
			const char *trouble;
			struct stat st;

			if (stat(program->text, &st) < 0 || st.st_dev != file->st_dev ||
			    st.st_ino != file->st_ino)
				continue;
			trouble = eg_program_trouble(program->text, &st, true);
			if (!trouble)
				return &profile->groups[i];
			warn_trouble(config, program, trouble);
		}
	}
	return NULL;
}

/* "env" finds another program, and executes that in its place. */
static bool is_env(const char *path)
{
	const char *slash = strrchr(path, '/');

	return strcmp(slash ? slash + 1 : path, "env") == 0;
}

/* What the kernel runs when the program is executed: itself, or a script's interpreter. */
static void find_executed(const char *program, char ret[PATH_MAX])
{
	char clean[EG_CTL_SAFE_SIZE], next[PATH_MAX], other[EG_CTL_SAFE_SIZE];
	int r = 0;

	(void)snprintf(ret, PATH_MAX, "%s", program);
	for (int i = 0; i < SCRIPTS_MAX && r == 0; i++) {
		r = eg_program_interpreter(ret, next);
		eg_ctl_safe(ret, clean, sizeof(clean));
		if (r < 0)
			break;
		warnx("%s: is a script, so the rules are those of its interpreter, %s%s", clean,
		      eg_ctl_safe(next, other, sizeof(other)),
		      is_env(next) ? ", and then of what that executes: ask about it" : "");
		(void)snprintf(ret, PATH_MAX, "%s", next);
	}
	if (r == -EACCES)
		warnx("%s: cannot be read here; taken to be no script", clean);
}

const struct eg_config_group *eg_ctl_group_of(const struct eg_config *config,
					      const struct eg_config_profile *profile,
					      const char *program)
{
	char clean[EG_CTL_SAFE_SIZE], executed[PATH_MAX];
	struct stat st;

	eg_ctl_safe(program, clean, sizeof(clean));
	if (stat(program, &st) < 0) {
		warnx("%s: %s; what is said is for a program that is there by this path", clean,
		      strerror(errno));
		return eg_policy_group_of(profile, program);
	}
	if (!S_ISREG(st.st_mode)) {
		warnx("%s: is not a program; what is said is for one without rules of its own",
		      clean);
		return NULL;
	}
	find_executed(program, executed);
	if (stat(executed, &st) == 0)
		return find_group(config, profile, &st);
	warnx("%s: %s; what is said is for a program without rules of its own",
	      eg_ctl_safe(executed, clean, sizeof(clean)), strerror(errno));
	return NULL;
}
