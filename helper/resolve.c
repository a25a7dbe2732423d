// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* From a profile's texts to what the kernel compares: ids, identities of files, names. */
#include "resolve.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <limits.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "builtin.h"
#include "place_disk.h"
#include "program.h"
#include "util.h"

enum { NSS_SIZE = 1024, NSS_SIZE_MAX = 1 << 20 /* a group with all its members */ };

/* ---- users and groups ---- */

static bool is_number(const char *text, uint32_t *ret)
{
	char *end;
	unsigned long long value;

	if (text[0] < '0' || text[0] > '9')
		return false;
	errno = 0;
	value = strtoull(text, &end, 10);
	if (*end || errno || value >= UINT32_MAX)
		return false;
	*ret = (uint32_t)value;
	return true;
}

/* One look-up by name with a buffer of that size. 0 and *ret, -ENOENT, -ERANGE (too small), or
 * another negative errno. */
static int ask_nss(enum eg_item kind, const char *name, char *buf, size_t size, uint32_t *ret)
{
	struct passwd pw, *user = NULL;
	struct group gr, *group = NULL;
	int r = kind == EG_ITEM_UID ? getpwnam_r(name, &pw, buf, size, &user)
				    : getgrnam_r(name, &gr, buf, size, &group);

	if (user)
		*ret = user->pw_uid;
	if (group)
		*ret = group->gr_gid;
	if (user || group)
		return 0;
	return r == 0 || r == ESRCH ? -ENOENT : -r; /* what "not found" is differs by source */
}

static int id_of(enum eg_item kind, const char *name, uint32_t *ret)
{
	if (is_number(name, ret))
		return 0;
	for (size_t size = NSS_SIZE; size <= NSS_SIZE_MAX; size *= 4) {
		char *buf eg_auto_free = malloc(size);
		int r = buf ? ask_nss(kind, name, buf, size, ret) : -ENOMEM;

		if (r != -ERANGE)
			return r;
	}
	return -ERANGE;
}

static void add_id(struct eg_resolved *to, enum eg_item kind, uint32_t id, unsigned int line)
{
	to->ids[to->n_ids++] =
		(struct eg_policy_item){.key = {.kind = (uint32_t)kind, .a = id}, .line = line};
}

/* Those a profile names. */
static int named_ids(const struct eg_config_texts *texts, enum eg_item kind, struct eg_resolved *to,
		     struct eg_err *err)
{
	for (size_t i = 0; i < texts->n; i++) {
		const struct eg_config_text *one = &texts->list[i];
		uint32_t id = 0;
		int r = id_of(kind, one->text, &id);

		if (r == -ENOENT)
			return eg_err_fail_at(err, r, one->line, "there is no %s \"%s\"",
					      kind == EG_ITEM_UID ? "user" : "group", one->text);
		if (r < 0)
			return eg_err_fail_at(err, r, one->line, "cannot look up \"%s\": %s",
					      one->text, strerror(-r));
		add_id(to, kind, id, one->line);
	}
	return 0;
}

/* Those that are meant where it names none: a host need not have all of them. Root is 0 also while
 * no source of names answers. */
static void default_ids(const char *const *names, enum eg_item kind, struct eg_resolved *to)
{
	for (; *names; names++) {
		uint32_t id = 0;

		if (!strcmp(*names, "root") || id_of(kind, *names, &id) == 0)
			add_id(to, kind, id, 0);
	}
}

static size_t count_names(const char *const *names)
{
	size_t n = 0;

	while (names[n])
		n++;
	return n;
}

static int resolve_ids(const struct eg_config_profile *profile, struct eg_resolved *to,
		       struct eg_err *err)
{
	const char *const *users = eg_config_default_users(), *const *groups =
								      eg_config_default_groups();
	int r = 0;

	to->ids = calloc(profile->setuid_users.n + profile->setuid_groups.n + count_names(users) +
				 count_names(groups) + 1,
			 sizeof(*to->ids));
	if (!to->ids)
		return eg_err_fail_at(err, -ENOMEM, 0, "not enough memory");
	if (profile->setuid_users.set)
		r = named_ids(&profile->setuid_users, EG_ITEM_UID, to, err);
	else
		default_ids(users, EG_ITEM_UID, to);
	if (!r && profile->setuid_groups.set)
		r = named_ids(&profile->setuid_groups, EG_ITEM_GID, to, err);
	else if (!r)
		default_ids(groups, EG_ITEM_GID, to);
	return r;
}

/* ---- files ---- */

/* A target's last component is not followed: its owner could turn it into a link to anywhere. */
static int stat_file(const struct eg_resolved_file *file, struct stat *ret)
{
	return fstatat(AT_FDCWD, file->text->text, ret,
		       file->kind == EG_ITEM_TARGET ? AT_SYMLINK_NOFOLLOW : 0);
}

static int64_t ctime_ns(const struct stat *st)
{
	return (int64_t)st->st_ctim.tv_sec * 1000000000 + st->st_ctim.tv_nsec;
}

/* Opens a file and says what, but for its identity, can be said of it. A descriptor, or -1 and its
 * trouble. */
static int open_file(struct eg_resolved_file *file)
{
	int fd eg_auto_close =
		open(file->text->text,
		     O_PATH | O_CLOEXEC | (file->kind == EG_ITEM_TARGET ? O_NOFOLLOW : 0));
	struct stat st;

	file->dev = file->ino = 0;
	file->ctime_ns = 0;
	file->trouble = "it is not there";
	if (fd < 0 || fstat(fd, &st) < 0)
		return -1;
	file->dev = st.st_dev;
	file->ino = st.st_ino;
	file->ctime_ns = ctime_ns(&st);
	if (file->kind == EG_ITEM_TARGET)
		file->trouble = S_ISLNK(st.st_mode) ? "it is a symbolic link" : NULL;
	else
		file->trouble =
			eg_program_trouble(file->text->text, &st, file->kind == EG_ITEM_RULES);
	return file->trouble ? -1 : eg_take_fd(&fd);
}

/*
 * Looks up all files in one walk over our descriptors. A target that was found before is kept as it
 * was: what is mounted there now hides it.
 */
static int resolve_files(struct eg_bpf *bpf, struct eg_resolved *of)
{
	int *fds eg_auto_free = calloc(of->n_files + 1, sizeof(*fds));
	struct eg_file *ids = NULL;
	size_t n_ids = 0;
	int r = fds ? 0 : -ENOMEM;

	for (size_t i = 0; i < of->n_files && fds; i++) {
		struct eg_resolved_file *file = &of->files[i];
		bool keep = file->kind == EG_ITEM_TARGET && file->ino && !file->trouble;

		fds[i] = keep ? -1 : open_file(file);
	}
	if (!r)
		r = eg_bpf_files(bpf, &ids, &n_ids);
	for (size_t i = 0; i < of->n_files && fds; i++) {
		struct eg_resolved_file *file = &of->files[i];
		const struct eg_file *id =
			fds[i] < 0 ? NULL : eg_place_disk_file(ids, n_ids, fds[i]);

		if (id)
			file->key = (struct eg_item_key){.kind = (uint32_t)file->kind,
							 .a = id->ino,
							 .b = (uint64_t)id->dev << 32 | id->gen};
		else if (fds[i] >= 0)
			file->trouble = "the kernel does not say which file it is";
		eg_close_p(&fds[i]);
	}
	free(ids);
	return r;
}

/*
 * A program that two groups name by two paths: which of them counts? The latter of the two gets
 * trouble. *ret: the former. NULL = there is none.
 */
static const struct eg_resolved_file *find_ambiguous(struct eg_resolved *of,
						     const struct eg_resolved_file **ret)
{
	for (size_t i = 0; i < of->n_files; i++)
		for (size_t j = 0; j < i; j++) {
			struct eg_resolved_file *a = &of->files[j], *b = &of->files[i];

			if (a->kind != EG_ITEM_RULES || b->kind != EG_ITEM_RULES || a->trouble ||
			    b->trouble || a->group == b->group ||
			    memcmp(&a->key, &b->key, sizeof(a->key)) != 0)
				continue;
			b->trouble = "another group of rules names the same file";
			*ret = a;
			return b;
		}
	return NULL;
}

static int check_ambiguous(struct eg_resolved *of, struct eg_err *err)
{
	const struct eg_resolved_file *first = NULL, *again = find_ambiguous(of, &first);

	if (!again)
		return 0;
	return eg_err_fail_at(
		err, -EEXIST, again->text->line,
		"\"%s\" is the same file as \"%s\" on line %u, which has rules of its own "
		"already; a program is named once",
		again->text->text, first->text->text, first->text->line);
}

static void collect_files(const struct eg_config_texts *texts, enum eg_item kind, size_t group,
			  struct eg_resolved *to)
{
	for (size_t i = 0; i < texts->n; i++)
		if (texts->list[i].text[0] == '/')
			to->files[to->n_files++] = (struct eg_resolved_file){
				.text = &texts->list[i], .kind = kind, .group = group};
}

static void collect_groups(const struct eg_config_profile *profile, struct eg_resolved *to)
{
	to->n_groups = profile->n_groups;
	for (size_t i = 0; i < profile->n_groups; i++) {
		collect_files(&profile->groups[i].programs, EG_ITEM_RULES, i + 1, to);
		collect_files(&profile->groups[i].setuid_allow, EG_ITEM_PROGRAM, i + 1, to);
	}
}

static size_t count_files(const struct eg_config_profile *profile)
{
	size_t n = profile->setuid_allow.n + profile->mount_allow.n;

	for (size_t i = 0; i < profile->n_groups; i++)
		n += profile->groups[i].programs.n + profile->groups[i].setuid_allow.n;
	return n;
}

int eg_resolve(struct eg_bpf *bpf, const struct eg_config_profile *profile, struct eg_resolved *ret,
	       struct eg_err *reterr)
{
	__attribute__((cleanup(eg_resolved_done))) struct eg_resolved to = {0};
	int r = resolve_ids(profile, &to, reterr);

	if (r < 0)
		return r;
	to.files = calloc(count_files(profile) + 1, sizeof(*to.files));
	if (!to.files)
		return eg_err_fail_at(reterr, -ENOMEM, 0, "not enough memory");
	collect_files(&profile->setuid_allow, EG_ITEM_PROGRAM, 0, &to);
	collect_files(&profile->mount_allow, EG_ITEM_TARGET, 0, &to);
	collect_groups(profile, &to);
	if (to.n_files)
		r = resolve_files(bpf, &to);
	if (r < 0)
		return eg_err_fail_at(reterr, r, 0,
				      "cannot look up the files of the exceptions: %s",
				      strerror(-r));
	r = check_ambiguous(&to, reterr);
	if (r < 0)
		return r;
	*ret = to;
	to = (struct eg_resolved){0};
	return 0;
}

bool eg_resolve_is_stale(const struct eg_resolved *resolved)
{
	for (size_t i = 0; i < resolved->n_files; i++) {
		const struct eg_resolved_file *file = &resolved->files[i];
		struct stat st = {0};
		bool there = stat_file(file, &st) == 0;

		if (file->kind == EG_ITEM_TARGET
			    ? there && !file->ino
			    : st.st_ino != file->ino || st.st_dev != file->dev ||
				      ctime_ns(&st) != file->ctime_ns)
			return true;
	}
	return false;
}

/* No file is like that, not even one that is not there. */
void eg_resolved_distrust(struct eg_resolved *resolved)
{
	for (size_t i = 0; i < resolved->n_files; i++) {
		resolved->files[i].ino = 0;
		resolved->files[i].ctime_ns = -1;
	}
}

/* ---- what becomes of them ---- */

/* Items of the profile, group 0, or what one of its groups has besides. What leads to the groups'
 * rules is the profile's. */
static int image_items(const struct eg_resolved *from, size_t group, struct eg_policy_image *image)
{
	image->items = calloc(from->n_ids + from->n_files + 1, sizeof(*image->items));
	image->n_items = 0;
	if (!image->items)
		return -ENOMEM;
	for (size_t i = 0; !group && i < from->n_ids; i++)
		image->items[image->n_items++] = from->ids[i];
	for (size_t i = 0; i < from->n_files; i++) {
		const struct eg_resolved_file *file = &from->files[i];
		bool leads = file->kind == EG_ITEM_RULES;

		if (file->trouble || (leads ? 0 : file->group) != group)
			continue;
		image->items[image->n_items++] = (struct eg_policy_item){
			.key = file->key, .line = leads ? (uint32_t)file->group : file->text->line};
	}
	return 0;
}

/* The image has its groups. */
static int image_all_items(const struct eg_resolved *from, struct eg_policy_image *image)
{
	int r = image_items(from, 0, image);

	for (size_t i = 0; i < image->n_groups && !r; i++)
		r = image_items(from, i + 1, &image->groups[i]);
	return r;
}

int eg_resolve_again(struct eg_bpf *bpf, uint32_t slot, struct eg_resolved *resolved)
{
	struct eg_policy_image image = {
		.groups = calloc(resolved->n_groups + 1, sizeof(*image.groups)),
	};
	const struct eg_resolved_file *first;
	int r = image.groups ? resolve_files(bpf, resolved) : -ENOMEM;

	image.n_groups = r ? 0 : resolved->n_groups;
	while (!r && find_ambiguous(resolved, &first))
		; /* each has its trouble now */
	if (!r)
		r = image_all_items(resolved, &image);
	if (!r)
		r = eg_bpf_items_replace(bpf, slot, &image);
	eg_policy_done(&image);
	if (r < 0)
		eg_resolved_distrust(resolved); /* the next refresh tries again */
	return r;
}

/* Adds a name; size: how much of it counts. The image has room. */
static int add_name(struct eg_policy_image *image, enum eg_name kind, const char *name, size_t size,
		    const struct eg_config_text *text, struct eg_err *err)
{
	struct eg_policy_name *to = &image->names[image->n_names];

	if (size >= sizeof(to->key.name))
		return eg_err_fail_at(err, -ENAMETOOLONG, text->line, "\"%s\" is too long",
				      text->text);
	*to = (struct eg_policy_name){.key.kind = (uint32_t)kind};
	memcpy(to->key.name, name, size);
	image->n_names++;
	return 0;
}

static int add_socket(struct eg_policy_image *image, const struct eg_config_text *text,
		      struct eg_err *err)
{
	char buf[EG_ARG_SIZE];
	const char *twin = eg_builtin_twin(text->text, buf, sizeof(buf));
	int r = add_name(image, EG_NAME_SOCKET, text->text, strlen(text->text), text, err);

	return r || !twin ? r : add_name(image, EG_NAME_SOCKET, twin, strlen(twin), text, err);
}

int eg_resolve_image(const struct eg_resolved *resolved, const struct eg_config_profile *profile,
		     struct eg_policy_image *image, struct eg_err *reterr)
{
	const struct eg_config_texts *mounts = &profile->mount_allow, *names = &profile->unix_deny;
	int r = image_all_items(resolved, image);

	image->names = calloc(mounts->n + 2 * names->n + 1, sizeof(*image->names));
	if (r < 0 || !image->names)
		return eg_err_fail_at(reterr, -ENOMEM, 0, "not enough memory");
	for (size_t i = 0; i < mounts->n && !r; i++)
		if (mounts->list[i].text[0] != '/')
			/* "fuse.sshfs" is "fuse" to the kernel side */
			r = add_name(image, EG_NAME_FSTYPE, mounts->list[i].text,
				     strcspn(mounts->list[i].text, "."), &mounts->list[i], reterr);
	for (size_t i = 0; i < names->n && !r; i++)
		r = add_socket(image, &names->list[i], reterr);
	return r;
}

void eg_resolved_done(struct eg_resolved *resolved)
{
	free(resolved->ids);
	free(resolved->files);
	*resolved = (struct eg_resolved){0};
}
