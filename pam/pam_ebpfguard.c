// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The PAM module: exemptions, return codes, log lines. It lives in sshd: it never
 * aborts, never waits long. */
#include "address.h"
#include "args.h"
#include "cgroup.h"
#include "client.h"
#include "common.h"
#include "socket.h"
#include "util.h"

#include <security/pam_ext.h>
#include <security/pam_modules.h>
#include <security/pam_modutil.h>

#include <pwd.h>
#include <stdbool.h>
#include <string.h>
#include <syslog.h>

#define EG_EXPORT __attribute__((visibility("default")))

/* Name of what we leave with the PAM handle for close_session: a struct kept. */
#define EG_DATA "pam_ebpfguard_session"

enum {
	TIMEOUT_MS = 2000,
	WORD_SIZE = 4 * EG_USER_SIZE, /* a user name with every byte escaped */
	LINE_SIZE = 2048,
	ESCAPED_SIZE = 4, /* \xHH */
};

struct kept {
	uint64_t session; /* 0 = nothing to close */
};

/* One open or close. Everything borrowed from PAM for the time of the call. */
struct login {
	pam_handle_t *pamh;
	const struct eg_args *args;
	struct eg_client_person person;
	bool exempt;
	int64_t deadline_ms;
	char user[WORD_SIZE]; /* escaped, for the log */
};

/* --- log */

/*
 * Copies text so that it can stand in a log line: no control bytes, no terminal sequences, nothing
 * beyond ASCII. A word can stand behind "key=" too: no space, quote, '=' or backslash. Cut when to
 * (size bytes) is full.
 */
static void escape(char *to, size_t size, const char *text, bool word)
{
	static const char hex[] = "0123456789abcdef";
	char *end = to + size - 1;

	for (; *text; text++) {
		unsigned char c = (unsigned char)*text;
		bool raw = c >= (word ? '!' : ' ') && c < 0x7f && !(word && strchr("\"'\\=", c));

		if (end - to < (raw ? 1 : ESCAPED_SIZE))
			break;
		if (raw) {
			*to++ = (char)c;
			continue;
		}
		*to++ = '\\';
		*to++ = 'x';
		*to++ = hex[c >> 4];
		*to++ = hex[c & 0xf];
	}
	*to = '\0';
}

/* One line to syslog, safe whatever bytes went into it. */
__attribute__((format(printf, 3, 4))) static void say(const struct login *login, int priority,
						      const char *fmt, ...)
{
	char raw[LINE_SIZE], line[LINE_SIZE];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(raw, sizeof(raw), fmt, ap); /* a cut line is better than none */
	va_end(ap);
	escape(line, sizeof(line), raw, false);
	pam_syslog(login->pamh, priority, "%s", line);
}

/* --- arguments */

/* Parses all; a wrong one is counted, and the others count too: onerr above all, wherever it
 * stands. */
static void parse_args(struct eg_args *args, const struct login *login, int argc, const char **argv,
		       bool report)
{
	for (int i = 0; i < argc; i++) {
		int r = eg_args_parse(args, argv[i]);

		if (r == 0)
			continue;
		args->n_bad++;
		if (report)
			say(login, LOG_ERR,
			    r == -ENOENT ? "unknown argument: %s" : "malformed argument: %s",
			    argv[i]);
	}
}

/*
 * --- exemptions: decided before anything can fail, so that nobody is locked out, and without the
 * helper where the client is elsewhere. From this host the login may come out of a guarded session,
 * and then the exemption must not be the way out of it: the helper is asked.
 */

struct name {
	char text[EG_USER_SIZE];
};

/* The next name of a comma list. Returns false at its end; names too long for any account are left
 * out. */
static bool next_name(const char **list, struct name *ret_name)
{
	while (**list) {
		size_t n = strcspn(*list, ",");
		const char *start = *list;

		*list += n + (start[n] == ',');
		if (n == 0 || n >= sizeof(ret_name->text))
			continue;
		memcpy(ret_name->text, start, n);
		ret_name->text[n] = '\0';
		return true;
	}
	return false;
}

static const char *value_of(const char *arg, const char *name)
{
	size_t n = strlen(name);

	return strncmp(arg, name, n) == 0 && arg[n] == '=' ? arg + n + 1 : NULL;
}

static bool is_exempt_user(const char *user, int argc, const char **argv)
{
	struct name name;

	for (int i = 0; i < argc; i++) {
		const char *list = value_of(argv[i], "exempt_user");

		while (list && next_name(&list, &name))
			if (strcmp(name.text, user) == 0)
				return true;
	}
	return false;
}

/* Looks groups up, which may ask the network where accounts live there: so after the user names. */
static bool is_exempt_group(pam_handle_t *pamh, const char *user, int argc, const char **argv,
			    struct name *ret_group)
{
	struct name name;

	for (int i = 0; i < argc; i++) {
		const char *list = value_of(argv[i], "exempt_group");

		while (list && next_name(&list, &name)) {
			if (pam_modutil_user_in_group_nam_nam(pamh, user, name.text) == 1) {
				*ret_group = name;
				return true;
			}
		}
	}
	return false;
}

/* Is the client on this host? Each word that may name it is looked at: being wrong here only costs
 * a question. sshd behind a unix socket knows no address and says so. */
static bool is_local(const struct login *login)
{
	const char *words[] = {login->person.rhost, login->person.connection};

	for (size_t i = 0; i < EG_ARRAY_SIZE(words); i++) {
		char word[EG_RHOST_SIZE];

		if (!words[i])
			continue;
		(void)snprintf(word, sizeof(word), "%.*s", (int)strcspn(words[i], " "), words[i]);
		if (eg_address_is_local(word) || strcmp(word, "UNKNOWN") == 0)
			return true;
	}
	return false;
}

static bool is_exempt(const struct login *login, int argc, const char **argv)
{
	const char *user = login->person.user;
	const char *from = is_local(login) ? " from=this-host" : "";
	struct name group;

	if (!user || !*user)
		return false;
	if (is_exempt_user(user, argc, argv)) {
		say(login, LOG_NOTICE, "exempt user=%s by=exempt_user%s", login->user, from);
		return true;
	}
	if (is_exempt_group(login->pamh, user, argc, argv, &group)) {
		say(login, LOG_NOTICE, "exempt user=%s by=exempt_group group=%s%s", login->user,
		    group.text, from);
		return true;
	}
	return false;
}

/* --- the session */

static const char *item(pam_handle_t *pamh, int type)
{
	const void *value = NULL;

	return pam_get_item(pamh, type, &value) == PAM_SUCCESS ? value : NULL;
}

static void login_init(struct login *login, pam_handle_t *pamh, const struct eg_args *args)
{
	*login = (struct login){
		.pamh = pamh,
		.args = args,
		.person =
			{
				.user = item(pamh, PAM_USER),
				.service = item(pamh, PAM_SERVICE),
				.rhost = item(pamh, PAM_RHOST),
				.connection = pam_getenv(pamh, "SSH_CONNECTION"),
				.auth_info = pam_getenv(pamh, "SSH_AUTH_INFO_0"),
			},
	};
	escape(login->user, sizeof(login->user), login->person.user ? login->person.user : "",
	       true);
}

/* PAM's destructor. Runs in forked children too, so it must do nothing that others would notice. */
static void free_kept(pam_handle_t *pamh, void *data, int error_status)
{
	(void)pamh;
	(void)error_status;
	free(data);
}

/* Makes the place for the session's number before there is a session: once it is guarded nothing
 * may fail. */
static int keep_new(pam_handle_t *pamh, struct kept **ret_kept, struct eg_why *reterr_why)
{
	struct kept *kept = calloc(1, sizeof(*kept));
	int r;

	if (!kept)
		return eg_why_set(reterr_why, -ENOMEM, "no memory for the session");
	r = pam_set_data(pamh, EG_DATA, kept, free_kept);
	if (r != PAM_SUCCESS) {
		free(kept);
		return eg_why_set(reterr_why, -ENOMEM, "PAM does not keep our data: %s",
				  pam_strerror(pamh, r));
	}
	*ret_kept = kept; /* PAM's now */
	return 0;
}

/*
 * Asks the next helper when one ends before it has answered. That one has taken back what was half
 * done, or has found this process guarded: it was not when it first asked, so nothing was missing
 * but the answer.
 */
static int ask_until_answered(const struct login *login, int *fd, bool takes_socket,
			      struct eg_msg_open *msg, const struct eg_passed *passed,
			      struct eg_msg_opened *ret_opened, struct eg_why *reterr_why)
{
	int r = eg_client_open(*fd, takes_socket, msg, passed, login->deadline_ms, ret_opened,
			       reterr_why);

	while (eg_client_try_again(r, login->deadline_ms)) {
		struct eg_client_state state = {0};

		eg_close_p(fd);
		*fd = r = eg_client_reach(login->args->socket, login->deadline_ms, &state,
					  reterr_why);
		if (r < 0)
			return r;
		if (state.guarded) {
			ret_opened->session = state.session;
			return 0;
		}
		r = eg_client_open(*fd, state.takes_socket, msg, passed, login->deadline_ms,
				   ret_opened, reterr_why);
	}
	return r;
}

/* Asks with all that the helper needs to see for itself. */
static int ask_for_session(const struct login *login, int *fd, bool takes_socket,
			   struct eg_msg_open *msg, int cgroup_fd, struct eg_msg_opened *ret_opened,
			   struct eg_why *reterr_why)
{
	bool looked = false;
	eg_auto_close int socket = eg_socket_find(login->person.connection, &looked);
	const struct eg_passed passed = {.dir = cgroup_fd, .socket = socket};

	msg->flags |= looked ? EG_OPEN_LOOKED : 0;
	return ask_until_answered(login, fd, takes_socket, msg, &passed, ret_opened, reterr_why);
}

static int enter_and_ask(const struct login *login, int *fd, bool takes_socket,
			 struct eg_msg_open *msg, struct eg_cgroup *cg,
			 struct eg_msg_opened *ret_opened, struct eg_why *reterr_why)
{
	int r = eg_cgroup_make(cg, "/proc/self/mountinfo", "/proc/self/cgroup", reterr_why);

	if (r == 0)
		r = eg_cgroup_enter(cg, reterr_why);
	if (r == 0 && login->args->debug)
		say(login, LOG_DEBUG, "entered cgroup=%s from=%s", cg->path, cg->origin);
	if (r == 0)
		r = ask_for_session(login, fd, takes_socket, msg, cg->fd, ret_opened, reterr_why);
	return r;
}

/* Takes back what there is of a session. */
static void undo(const struct login *login, struct eg_cgroup *cg, int *fd)
{
	struct eg_why why = {0};

	/* First the connection, which takes a binding back whose answer came too late. */
	eg_close_p(fd);
	*fd = -1;
	if (eg_cgroup_undo(cg, &why) < 0)
		say(login, LOG_ERR, "user=%s: left behind: %s", login->user, why.text);
}

/* The helper has bound the session, or says that an exempt one need not be. */
static void say_outcome(const struct login *login, const struct eg_msg_opened *opened,
			const char *cgroup)
{
	if (login->exempt)
		say(login, LOG_NOTICE,
		    "user=%s is exempt, but comes from a guarded session: guarded like that "
		    "session=%llu profile=%s",
		    login->user, (unsigned long long)opened->session, opened->profile);
	else if (login->args->debug)
		say(login, LOG_DEBUG, "guarded user=%s session=%llu profile=%s cgroup=%s",
		    login->user, (unsigned long long)opened->session, opened->profile, cgroup);
}

/* Moves the process into a session of its own; takes everything back when that fails at any point,
 * or when there is nothing to guard. */
static int start_session(const struct login *login, int *fd, bool takes_socket,
			 struct eg_msg_open *msg, struct eg_why *reterr_why)
{
	struct eg_cgroup cg = EG_CGROUP_INIT;
	struct eg_msg_opened opened = {0};
	struct kept *kept = NULL;
	int r = keep_new(login->pamh, &kept, reterr_why);

	if (r < 0)
		return r;
	r = enter_and_ask(login, fd, takes_socket, msg, &cg, &opened, reterr_why);
	if (r) {
		undo(login, &cg, fd);
		if (r > 0)
			say(login, LOG_NOTICE, "user=%s comes from no guarded session: not guarded",
			    login->user);
		return r < 0 ? r : 0;
	}
	kept->session = opened.session;
	say_outcome(login, &opened, cg.path);
	eg_cgroup_done(&cg);
	return 0;
}

/* The uid goes along because the helper never asks NSS: here it may take its time, in one login's
 * process. */
static int fill_account(const struct login *login, struct eg_msg_open *msg,
			struct eg_why *reterr_why)
{
	const struct passwd *pw = pam_modutil_getpwnam(login->pamh, login->person.user);

	if (!pw)
		return eg_why_set(reterr_why, -ENOENT, "there is no account of that name");
	msg->uid = pw->pw_uid;
	msg->flags = login->exempt ? EG_OPEN_EXEMPT : 0;
	return 0;
}

static int guard(const struct login *login, struct eg_why *reterr_why)
{
	eg_auto_free struct eg_msg_open *msg = calloc(1, sizeof(*msg));
	eg_auto_close int fd = -1;
	struct eg_client_state state = {0};
	bool cut = false;
	int r;

	if (!msg)
		return eg_why_set(reterr_why, -ENOMEM, "no memory for a message");
	r = eg_client_fill(&login->person, msg, &cut, reterr_why);
	if (r == 0)
		r = fill_account(login, msg, reterr_why);
	if (r < 0)
		return r;
	if (cut)
		say(login, LOG_WARNING,
		    "user=%s: SSH_AUTH_INFO_0 is too long; lines beyond %d bytes are not used to "
		    "choose a profile",
		    login->user, EG_KEY_SIZE - 1);
	fd = eg_client_reach(login->args->socket, login->deadline_ms, &state, reterr_why);
	if (fd < 0)
		return fd;
	if (state.guarded) {
		/* su, sudo -i, a nested login: leaving the session we are in could only loosen it.
		 */
		say(login, LOG_INFO, "user=%s stays in session=%llu: already guarded", login->user,
		    (unsigned long long)state.session);
		return 0;
	}
	return start_session(login, &fd, state.takes_socket, msg, reterr_why);
}

/* The one place where a failure becomes PAM's answer. */
static int fail(const struct login *login, const struct eg_why *why)
{
	if (login->args->onerr_succeed) {
		say(login, LOG_ALERT, "session of user %s is NOT guarded: %s (onerr=succeed)",
		    login->user, why->text);
		return PAM_SUCCESS;
	}
	say(login, LOG_ERR, "cannot guard the session of user %s: %s; login refused (onerr=fail)",
	    login->user, why->text);
	return PAM_SESSION_ERR;
}

EG_EXPORT int pam_sm_open_session(pam_handle_t *pamh, int flags, int argc, const char **argv)
{
	struct eg_args args = {.timeout_ms = TIMEOUT_MS, .socket = EG_HELPER_SOCKET};
	struct eg_why why = {0};
	struct login login;
	int r;

	(void)flags; /* PAM_SILENT is about the user's terminal, which we never write to */
	login_init(&login, pamh, &args);
	login.exempt = is_exempt(&login, argc, argv);
	if (login.exempt && !is_local(&login))
		return PAM_SUCCESS;
	parse_args(&args, &login, argc, argv, true);
	login.deadline_ms = eg_proto_now_ms() + args.timeout_ms;
	if (args.n_bad && !login.exempt)
		r = eg_why_set(&why, -EINVAL, "%u wrong argument(s) on the module's line",
			       args.n_bad);
	else
		r = guard(&login, &why);
	return r < 0 ? fail(&login, &why) : PAM_SUCCESS;
}

EG_EXPORT int pam_sm_close_session(pam_handle_t *pamh, int flags, int argc, const char **argv)
{
	struct eg_args args = {.timeout_ms = TIMEOUT_MS, .socket = EG_HELPER_SOCKET};
	const void *data = NULL;
	const struct kept *kept;
	eg_auto_close int fd = -1;
	struct eg_why why = {0};
	struct login login;
	int r;

	(void)flags;
	if (pam_get_data(pamh, EG_DATA, &data) != PAM_SUCCESS || !data)
		return PAM_SUCCESS; /* exempt, already guarded, or never opened */
	kept = data;
	if (!kept->session)
		return PAM_SUCCESS; /* let in by onerr=succeed */
	login_init(&login, pamh, &args);
	parse_args(&args, &login, argc, argv, false); /* open_session has reported them */
	login.deadline_ms = eg_proto_now_ms() + args.timeout_ms;
	r = fd = eg_client_connect(args.socket, login.deadline_ms, &why);
	if (r >= 0)
		r = eg_client_close(fd, kept->session, login.deadline_ms, &why);
	if (r < 0)
		say(&login, LOG_WARNING,
		    "user=%s session=%llu: %s; the helper will notice the end of the session by "
		    "itself",
		    login.user, (unsigned long long)kept->session, why.text);
	return PAM_SUCCESS;
}
