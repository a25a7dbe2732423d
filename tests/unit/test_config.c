// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * The configuration: what is valid and what it means, wrong files with the exact message for each,
 * limits, mutations of every valid text, the file itself, and that schema, manual page and sample
 * name the same keys.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <arpa/inet.h>
#include <cmocka.h>

#include "capability.h"
#include "config.h"
#include "skip.h"
#include "util.h"

/* Under AddressSanitizer each of libconfig's many realloc calls copies: the big texts get smaller
 * there. */
#ifndef __has_feature
#define __has_feature(f) 0
#endif
#if defined(__SANITIZE_ADDRESS__) || __has_feature(address_sanitizer)
#define BIG 20000
#else
#define BIG 1000000 /* EG_CONFIG_RULES_MAX */
#endif

static const char sample_path[] = "conf/ebpfguard.conf", page_path[] = "conf/ebpfguard.conf.5";

static int parse(const char *text, size_t n, struct eg_config **ret, char line[1024])
{
	struct eg_err err = {0};
	int r = eg_config_parse(text, n, "f", ret, &err);

	line[0] = '\0';
	if (r < 0)
		(void)eg_err_format(&err, line, 1024);
	return r;
}

static struct eg_config *must_parse(const char *text)
{
	struct eg_config *conf = NULL;
	char line[1024];

	if (parse(text, strlen(text), &conf, line) < 0)
		fail_msg("%s", line);
	return conf;
}

/* ---- what is valid */

#define DIGEST	    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
#define DIGEST_HIGH "E3B0C44298FC1C149AFBF4C8996FB92427AE41E4649B934CA495991B7852B855"

static const char full[] = "# all keys\n"
			   "mode = \"audit\"; // as said\n"
			   "deny = [\n"
			   "  \"18.0.0.0/9\", /* two\n"
			   "  lines */ \"2001:db8::/32\"\n"
			   ",\n"
			   "  \"10.0.0.0/8\"\n"
			   "\n"
			   "];\n"
			   "allow : ( \"10.1.0.0/16\",\n"
			   "\"[2001:db8::]/48:8000-8999/udp\" )\n"
			   "default = \"deny\";\n"
			   "bind = { allow = [\"8000-8999/tcp\"];\n"
			   " deny = [\"1-1023/tcp\", \"*\"]; };\n"
			   "sockets = { allow = [\"AF_PACKET\", \"AF_INET\",\n"
			   "\"AF_MCTP\", \"raw\", \"udplite\"]; };\n"
			   "setuid = { deny = TRUE; users = [\"root\",\n"
			   "\"1000\"]; groups = [];\n"
			   "allow = [\"/usr/bin/sudo\"]; };\n"
			   "mount : { deny : true, allow : (\"tmpfs\", \"/mnt\") }\n"
			   "capabilities = { deny = [\"sys_admin\", \"CAP_CHOWN\"]; };\n"
			   "unix = { deny = [\"@x\", \"/run/x\"]; services = \"allow\";\n"
			   "same_user = \"allow\"; };\n"
			   "leaving = \"allow\"; tampering = \"allow\"; strict = true;\n"
			   "action = \"kill\"; egress = { action = \"audit\"; };\n"
			   "files = { action = \"deny\"; };\n"
			   "managers = { exempt = [\"backup\"]; };\n"
			   "exec = { deny = [\"/tmp\", \"/home/x y\"]; allow_only = [\n"
			   "\"/usr\"]; deny_sha256 = [\"" DIGEST "\",\n"
			   "\"" DIGEST_HIGH "\"]; deny_sha256_files = [\"/etc/feed\"];\n"
			   "action : \"kill\" };\n"
			   "record = { exec = true; connect = \"all\";\n"
			   "open = [\"/etc/\", \"/srv/a b\"]; };\n";

static const char *const valid[] = {
	"",
	"\n",
	"# nothing",
	"// nothing\r\n",
	"/* nothing */",
	"deny = [\"18.0.0.0/9\"];",
	"deny = [\"18.0.0.0/9\"]",
	"deny = []; allow = ();",
	"deny = [\"10.0.0.0/8\"]; allow = [\"10.0.0.0/8\"];",
	"deny = [\"10.0.0.0/8\", \"10.0.0.0/9\", \"::/0\", \"::fffe:0:0/95\"];",
	"mode = \"enforce\"; deny = (\"1.2.3.4\", \"::1\");",
	"mode = \"\\x61udit\"",
	"setuid = {}; mount = {}; bind = {}; sockets = {}; unix = {}; capabilities = {}; managers "
	"= {};",
	"setuid={users=[\"0\",\"4294967294\",\"a "
	"b\",\"EX\\\\bob\",\"x-y_z$\",\"1000x\"];groups=(\"07x\");}",
	"setuid = { allow = [\"/\", \"/usr/bin/a b\", \"/usr/bin/../bin/sudo\"]; };",
	"mount = { allow = [\"9p\", \"cgroup2\", \"fuse\", \"binfmt_misc\", \"/\", \"/mnt/a.b\"]; "
	"};",
	"capabilities = { deny = (\"Cap_Bpf\", \"mknod\"); }; unix={deny=[\"@a "
	"b\",\"/x\",\"@/x\"]}",
	"egress = {}; files = {}; exec = {};",
	"action = \"deny\"; egress = { action = \"kill\"; }; leaving = \"audit\"; tampering = "
	"\"kill\";",
	"bind={action=\"deny\"} sockets={action=\"audit\"} setuid={action=\"kill\";deny=true}",
	"mount={action=\"audit\"} capabilities={action=\"kill\"} unix={action=\"audit\"}",
	"record = {}",
	"record = { exec = FALSE; connect = \"none\"; open = (); };",
	"rules = ();",
	"rules = ( { programs = (\"/a b\"); } );",
	"rules=({programs=[\"/a\"];deny=[];allow=();bind={};setuid={allow=[]}},{programs=[\"/"
	"b\"]})",
	"leaving = \"deny\"; tampering = \"deny\"; strict = false; unix = { same_user = \"deny\"; "
	"};",
	"exec = { deny = []; deny_sha256 = (); deny_sha256_files = []; };",
	"exec = { deny = [\"/usr\"]; allow_only = [\"/\", \"/usr\"]; };",
	"default = \"allow\"; bind = { deny = []; allow = (); }; sockets = { allow = []; };",
	"deny = [\"10.0.0.0/8\", \"10.0.0.0/8:443\", \"10.0.0.0/8/tcp\", \"*\", \"0.0.0.0/0\"];",
	"allow = [\"10.0.0.0/8:443\"]; deny = [\"10.0.0.0/8:443\", \"*:53/udp\", \"*/icmp\"];",
	"bind = { deny = [\"80\", \"80/tcp\", \"80-81\"]; allow = [\"80\"]; };",
	"sockets:{allow=(\"AF_UNIX\",\"AF_VSOCK\",\"AF_SMC\",\"AF_XDP\",\"sctp\",\"dccp\")}",
	"allow=[\"0.0.0.0/0\"]mode=\"audit\"setuid={deny=false}mount:{deny:False;}",
};

static void test_parse_valid(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < EG_ARRAY_SIZE(valid); i++)
		eg_config_free(must_parse(valid[i]));
}

static void test_parse_empty_defaults(void **state)
{
	struct eg_config *conf = NULL;
	struct eg_err err = {0};

	(void)state;
	assert_int_equal(eg_config_parse(NULL, 0, "/etc/ebpfguard.conf", &conf, &err), 0);
	assert_string_equal(conf->file, "/etc/ebpfguard.conf");
	assert_int_equal(conf->n_profiles, 1);
	assert_string_equal(conf->profiles[0].name, "default");
	assert_int_equal(conf->profiles[0].mode, EG_MODE_ENFORCE);
	assert_false(conf->profiles[0].deny_setuid);
	assert_false(conf->profiles[0].deny_mount);
	assert_false(conf->profiles[0].default_deny);
	assert_int_equal(conf->profiles[0].egress.n, 0);
	assert_int_equal(conf->profiles[0].bind.n, 0);
	assert_true(conf->profiles[0].families == 0);
	assert_int_equal(conf->profiles[0].protocols, 0);
	eg_config_free(conf);
	eg_config_free(NULL);
}

/* What nobody needs is refused by an empty file too; lists say that their defaults apply. */
static void test_parse_empty_doors(void **state)
{
	struct eg_config *conf = must_parse("");
	const struct eg_config_profile *profile = &conf->profiles[0];
	const struct eg_config_texts *lists[] = {&profile->setuid_users,
						 &profile->setuid_groups,
						 &profile->setuid_allow,
						 &profile->mount_allow,
						 &profile->unix_deny,
						 &conf->managers_exempt,
						 &profile->files_allow,
						 &profile->files_deny_read,
						 &profile->files_deny_write,
						 &profile->exec_deny,
						 &profile->exec_allow_only,
						 &profile->exec_deny_sha256,
						 &profile->exec_deny_sha256_files,
						 &profile->record_open};
	size_t i;

	(void)state;
	assert_int_equal(profile->action, EG_ACTION_DENY);
	for (unsigned int on = 0; on < EG_ON_MAX; on++)
		assert_int_equal(profile->actions[on], EG_ACTION_PROFILE);
	assert_true(profile->deny_services);
	assert_true(profile->deny_same_user);
	assert_true(profile->capabilities == 0);
	assert_false(conf->strict);
	assert_false(profile->record_exec);
	assert_false(profile->record_connect);
	for (i = 0; i < EG_ARRAY_SIZE(lists); i++) {
		assert_false(lists[i]->set);
		assert_int_equal(lists[i]->n, 0);
	}
	eg_config_free(conf);
	conf = must_parse("setuid = { users = []; };");
	assert_true(conf->profiles[0].setuid_users.set);
	assert_int_equal(conf->profiles[0].setuid_users.n, 0);
	assert_false(conf->profiles[0].setuid_groups.set);
	eg_config_free(conf);
}

/* The defaults are what the configuration would take as well, and what its page says. */
static void test_default_ids(void **state)
{
	static const char users[] = "root";
	static const char groups[] = "root shadow disk kmem sudo adm docker lxd libvirt";
	const struct {
		const char *const *names;
		const char *expected;
	} cases[] = {{eg_config_default_users(), users}, {eg_config_default_groups(), groups}};
	size_t i, k;

	(void)state;
	for (i = 0; i < EG_ARRAY_SIZE(cases); i++) {
		char all[256] = "";

		for (k = 0; cases[i].names[k]; k++) {
			(void)strcat(all, k ? " " : "");
			(void)strcat(all, cases[i].names[k]);
		}
		assert_string_equal(all, cases[i].expected);
	}
}

static void check_rule(const struct eg_config_rule *rule, const char *text, bool allow,
		       unsigned int line)
{
	char buf[EG_RULE_TEXT_SIZE];

	assert_string_equal(eg_rule_format(&rule->spec, buf), text);
	assert_int_equal(rule->allow, allow);
	assert_int_equal(rule->line, line);
}

static void check_ports(const struct eg_config_rule *rule, const char *text, bool allow,
			unsigned int line)
{
	char buf[EG_RULE_TEXT_SIZE];

	assert_string_equal(eg_rule_format_ports(&rule->spec, buf), text);
	assert_int_equal(rule->allow, allow);
	assert_int_equal(rule->line, line);
}

/* texts: "LINE:TEXT", blank separated. */
static void check_texts(const struct eg_config_texts *list, const char *texts)
{
	char all[1024] = "";
	size_t i, n = 0;

	for (i = 0; i < list->n; i++)
		n += (size_t)snprintf(all + n, sizeof(all) - n, "%s%u:%s", i ? " " : "",
				      list->list[i].line, list->list[i].text);
	assert_true(list->set);
	assert_string_equal(all, texts);
}

static void test_parse_doors(void **state)
{
	struct eg_config *conf = must_parse(full);
	const struct eg_config_profile *profile = &conf->profiles[0];

	(void)state;
	check_texts(&profile->setuid_users, "17:root 18:1000");
	check_texts(&profile->setuid_groups, "");
	check_texts(&profile->setuid_allow, "19:/usr/bin/sudo");
	check_texts(&profile->mount_allow, "20:tmpfs 20:/mnt");
	check_texts(&profile->unix_deny, "22:@x 22:/run/x");
	check_texts(&conf->managers_exempt, "27:backup");
	check_texts(&profile->exec_deny, "28:/tmp 28:/home/x y");
	check_texts(&profile->exec_allow_only, "29:/usr");
	check_texts(&profile->exec_deny_sha256, "29:" DIGEST " 30:" DIGEST_HIGH);
	check_texts(&profile->exec_deny_sha256_files, "30:/etc/feed");
	assert_int_equal(profile->setuid_users.line, 17);
	assert_int_equal(profile->setuid_groups.line, 18);
	assert_true(profile->capabilities == (1ULL << 21 | 1ULL << 0));
	assert_int_equal(profile->action, EG_ACTION_KILL);
	assert_int_equal(profile->actions[EG_ON_EGRESS], EG_ACTION_AUDIT);
	assert_int_equal(profile->actions[EG_ON_BIND], EG_ACTION_PROFILE);
	assert_int_equal(profile->actions[EG_ON_FILES], EG_ACTION_DENY);
	assert_int_equal(profile->actions[EG_ON_EXEC], EG_ACTION_KILL);
	assert_int_equal(profile->actions[EG_ON_LEAVING], EG_ACTION_ALLOW);
	assert_int_equal(profile->actions[EG_ON_TAMPERING], EG_ACTION_ALLOW);
	assert_false(profile->deny_services);
	assert_false(profile->deny_same_user);
	assert_true(conf->strict);
	assert_true(profile->record_exec);
	assert_true(profile->record_connect);
	check_texts(&profile->record_open, "33:/etc/ 33:/srv/a b");
	eg_config_free(conf);
}

static void test_parse_groups(void **state)
{
	struct eg_config *conf = must_parse("rules = (\n"
					    "{ programs = [\"/usr/bin/git\",\n"
					    "\"/b\"]; deny = [\"10.0.0.0/8\"];\n"
					    "allow = [\"*:443/tcp\", \"::1\"]; },\n"
					    "{ bind : { deny = (\"80\"); allow = [\"81\"]; },\n"
					    "setuid = { allow = [\"/usr/bin/sudo\"]; };\n"
					    "programs = [\"/c\"]; } );\n"
					    "deny = [\"18.0.0.0/9\"];");
	const struct eg_config_profile *profile = &conf->profiles[0];
	const struct eg_config_group *group = profile->groups;

	(void)state;
	assert_int_equal(profile->n_groups, 2);
	assert_int_equal(profile->egress.n, 1);
	assert_int_equal(group[0].line, 2);
	check_texts(&group[0].programs, "2:/usr/bin/git 3:/b");
	assert_int_equal(group[0].egress.n, 3);
	check_rule(&group[0].egress.list[0], "10.0.0.0/8", false, 3);
	check_rule(&group[0].egress.list[1], "*:443/tcp", true, 4);
	check_rule(&group[0].egress.list[2], "::1/128", true, 4);
	assert_int_equal(group[0].bind.n, 0);
	assert_int_equal(group[1].line, 5);
	check_texts(&group[1].programs, "7:/c");
	check_texts(&group[1].setuid_allow, "6:/usr/bin/sudo");
	assert_int_equal(group[1].egress.n, 0);
	assert_int_equal(group[1].bind.n, 2);
	check_ports(&group[1].bind.list[0], "80", false, 5);
	check_ports(&group[1].bind.list[1], "81", true, 5);
	eg_config_free(conf);
}

static void test_parse_groups_limit(void **state)
{
	for (int n = EG_PROGRAM_POLICIES_MAX; n <= EG_PROGRAM_POLICIES_MAX + 1; n++) {
		struct eg_config *conf = NULL;
		char text[8192] = "rules = (", line[1024];

		for (int i = 0; i < n; i++)
			(void)snprintf(text + strlen(text), sizeof(text) - strlen(text),
				       "%s{programs=[\"/%d\"];}", i ? "," : "", i);
		(void)strcat(text, ");");
		if (n <= EG_PROGRAM_POLICIES_MAX) {
			assert_int_equal(parse(text, strlen(text), &conf, line), 0);
			assert_int_equal(conf->profiles[0].n_groups, n);
			eg_config_free(conf);
		} else {
			assert_int_equal(parse(text, strlen(text), &conf, line), -EINVAL);
			assert_string_equal(line, "f:1: rules: 65 groups are too many; one profile "
						  "takes 64");
		}
	}
	(void)state;
}

/* Every capability, by each form of its name. */
static void test_parse_capabilities(void **state)
{
	static const char *const names[] = {
		"CHOWN",
		"DAC_OVERRIDE",
		"DAC_READ_SEARCH",
		"FOWNER",
		"FSETID",
		"KILL",
		"SETGID",
		"SETUID",
		"SETPCAP",
		"LINUX_IMMUTABLE",
		"NET_BIND_SERVICE",
		"NET_BROADCAST",
		"NET_ADMIN",
		"NET_RAW",
		"IPC_LOCK",
		"IPC_OWNER",
		"SYS_MODULE",
		"SYS_RAWIO",
		"SYS_CHROOT",
		"SYS_PTRACE",
		"SYS_PACCT",
		"SYS_ADMIN",
		"SYS_BOOT",
		"SYS_NICE",
		"SYS_RESOURCE",
		"SYS_TIME",
		"SYS_TTY_CONFIG",
		"MKNOD",
		"LEASE",
		"AUDIT_WRITE",
		"AUDIT_CONTROL",
		"SETFCAP",
		"MAC_OVERRIDE",
		"MAC_ADMIN",
		"SYSLOG",
		"WAKE_ALARM",
		"BLOCK_SUSPEND",
		"AUDIT_READ",
		"PERFMON",
		"BPF",
		"CHECKPOINT_RESTORE",
	};
	static const char *const prefixes[] = {"", "CAP_", "cap_"};
	size_t i, k;

	(void)state;
	assert_int_equal(EG_ARRAY_SIZE(names), 41);
	assert_null(eg_capability_name(41));
	assert_null(eg_capability_name(UINT32_MAX));
	for (i = 0; i < EG_ARRAY_SIZE(names); i++) {
		assert_string_equal(eg_capability_name((unsigned int)i), names[i]);
		for (k = 0; k < EG_ARRAY_SIZE(prefixes); k++) {
			struct eg_config *conf = NULL;
			char text[96];

			(void)snprintf(text, sizeof(text), "capabilities={deny=[\"%s%s\"]}",
				       prefixes[k], names[i]);
			conf = must_parse(text);
			assert_true(conf->profiles[0].capabilities == 1ULL << i);
			eg_config_free(conf);
		}
	}
}

static void test_parse_values_and_lines(void **state)
{
	struct eg_config *conf = NULL;
	const struct eg_config_profile *profile = NULL;

	(void)state;
	conf = must_parse(full);
	profile = &conf->profiles[0];
	assert_int_equal(profile->mode, EG_MODE_AUDIT);
	assert_true(profile->default_deny);
	assert_true(profile->deny_setuid);
	assert_true(profile->deny_mount);
	assert_int_equal(profile->egress.n, 5);
	check_rule(&profile->egress.list[0], "18.0.0.0/9", false, 4);
	check_rule(&profile->egress.list[1], "2001:db8::/32", false, 5);
	check_rule(&profile->egress.list[2], "10.0.0.0/8", false, 7);
	check_rule(&profile->egress.list[3], "10.1.0.0/16", true, 10);
	check_rule(&profile->egress.list[4], "[2001:db8::]/48:8000-8999/udp", true, 11);
	assert_int_equal(profile->bind.n, 3);
	check_ports(&profile->bind.list[0], "1-1023/tcp", false, 14);
	check_ports(&profile->bind.list[1], "*", false, 14);
	check_ports(&profile->bind.list[2], "8000-8999/tcp", true, 13);
	assert_true(profile->families == (1ULL << AF_PACKET | 1ULL << 45));
	assert_int_equal(profile->protocols, EG_OPEN_RAW | EG_OPEN_UDPLITE);
	eg_config_free(conf);
}

/* Every family of the C library's, by its own name; the usual four need no naming. */
static void test_parse_families(void **state)
{
	static const struct {
		const char *name;
		unsigned int number;
	} families[] = {
		{"AF_AX25", AF_AX25},	  {"AF_DECnet", AF_DECnet}, {"AF_KEY", AF_KEY},
		{"AF_PACKET", AF_PACKET}, {"AF_CAN", AF_CAN},	    {"AF_BLUETOOTH", AF_BLUETOOTH},
		{"AF_ALG", AF_ALG},	  {"AF_VSOCK", AF_VSOCK},   {"AF_QIPCRTR", AF_QIPCRTR},
		{"AF_RDS", AF_RDS},	  {"AF_TIPC", AF_TIPC},	    {"AF_SMC", 43},
		{"AF_XDP", 44},		  {"AF_MCTP", 45},	    {"AF_UNIX", 64},
		{"AF_LOCAL", 64},	  {"AF_INET", 64},	    {"AF_INET6", 64},
		{"AF_NETLINK", 64},	  {"AF_ROUTE", 64},
	};
	size_t i;

	(void)state;
	for (i = 0; i < EG_ARRAY_SIZE(families); i++) {
		struct eg_config *conf = NULL;
		char text[64];

		(void)snprintf(text, sizeof(text), "sockets={allow=[\"%s\"]}", families[i].name);
		conf = must_parse(text);
		assert_true(conf->profiles[0].families ==
			    (families[i].number == 64 ? 0 : 1ULL << families[i].number));
		assert_int_equal(conf->profiles[0].protocols, 0);
		eg_config_free(conf);
	}
}

/* Rules stand deny first, also when the file does not. */
static void test_parse_allow_first(void **state)
{
	struct eg_config *conf = must_parse("allow = [\"10.0.0.0/8\"];\ndeny = [\"0.0.0.0/0\"];\n");

	(void)state;
	assert_int_equal(conf->profiles[0].egress.n, 2);
	check_rule(&conf->profiles[0].egress.list[0], "0.0.0.0/0", false, 2);
	check_rule(&conf->profiles[0].egress.list[1], "10.0.0.0/8", true, 1);
	eg_config_free(conf);
}

/* ---- what is refused, in which words */

#define SYNTAX(n)                                                                                  \
	"f:" #n ": syntax error near line " #n                                                     \
	": settings are written key = value; and elements are "                                    \
	"separated by commas"
#define NETWORK " is not an IPv4 or IPv6 network such as 10.0.0.0/8 or 2001:db8::/32"
#define KNOWN                                                                                      \
	"; known here: mode, action, default, deny, allow, deny_files, allow_files, egress, "      \
	"bind, sockets, setuid, mount, capabilities, unix, files, exec, leaving, tampering, "      \
	"record, rules, strict, managers, profiles, match"
#define WRONG_ACTION(group)                                                                        \
	{                                                                                          \
		group " = { action = \"allow\"; };",                                               \
			"f:1: " group ".action: expected \"deny\" or \"kill\" or \"audit\", "      \
			"got \"allow\""                                                            \
	}
#define CAPABILITIES "; known are those of capabilities(7) such as SYS_ADMIN and NET_RAW"
#define NAME_LETTERS "holds what no name does: a colon, a slash or a control character"
#define ID	     "needs to be a number from 0 to 4294967294 without leading zeros"
#define MOUNT	     "is neither a file system type such as tmpfs nor an absolute path such as /mnt"
#define SERVER	     "is neither an absolute path such as /run/x nor an abstract name such as @x"
#define NAMES                                                                                      \
	"; known are raw, sctp, dccp, udplite and the families of address_families(7) such as "    \
	"AF_PACKET and AF_VSOCK"
#define RANGE " is out of range; integers go from -2147483648 to 2147483647"

static const struct {
	const char *text, *message;
} wrong[] = {
	/* unknown keys */
	{"\n\ndney = [];", "f:3: unknown key \"dney\"; did you mean \"deny\"?"},
	{"Deny = [];", "f:1: unknown key \"Deny\"; did you mean \"deny\"?"},
	{"den = [];", "f:1: unknown key \"den\"; did you mean \"deny\"?"},
	{"denny = [];", "f:1: unknown key \"denny\"; did you mean \"deny\"?"},
	{"allows = [];", "f:1: unknown key \"allows\"; did you mean \"allow\"?"},
	{"set-uid = { deny = true; };", "f:1: unknown key \"set-uid\"; did you mean \"setuid\"?"},
	{"colour = 1;", "f:1: unknown key \"colour\"" KNOWN},
	{"x = 1;", "f:1: unknown key \"x\"" KNOWN},
	{"* = 1;", "f:1: unknown key \"*\"" KNOWN},
	{"profile = { deny = []; };", "f:1: unknown key \"profile\"; did you mean \"profiles\"?"},
	{"socket = { allow = []; };", "f:1: unknown key \"socket\"; did you mean \"sockets\"?"},
	{"bind = {\n forbid = [];\n};",
	 "f:2: unknown key \"bind.forbid\"; known here: bind.deny, bind.allow, bind.action"},
	{"sockets = { deny = []; };",
	 "f:1: unknown key \"sockets.deny\"; known here: sockets.allow, sockets.action"},
	{"setuid = {\n dney = true;\n};",
	 "f:2: unknown key \"setuid.dney\"; did you mean \"setuid.deny\"?"},
	{"mount = {\n options = 1;\n};",
	 "f:2: unknown key \"mount.options\"; known here: mount.deny, mount.allow, mount.action"},
	{"a123456789b123456789c123456789d123456789e123456789f123456789g123456789 = 1;",
	 "f:1: unknown key "
	 "\"a123456789b123456789c123456789d123456789e123456789f123456789g123...\"" KNOWN},
	/* wrong types and values */
	{"\nmode = \"enforcing\";",
	 "f:2: mode: expected \"enforce\" or \"audit\", got \"enforcing\""},
	{"mode = \"\";", "f:1: mode: expected \"enforce\" or \"audit\", got \"\""},
	{"mode = \"AUDIT\";", "f:1: mode: expected \"enforce\" or \"audit\", got \"AUDIT\""},
	{"mode = 1;", "f:1: mode: expected \"enforce\" or \"audit\", got an integer"},
	{"mode = 5000000000L;",
	 "f:1: mode: expected \"enforce\" or \"audit\", got an integer with L"},
	{"mode = 1.5;", "f:1: mode: expected \"enforce\" or \"audit\", got a number"},
	{"mode = [\"audit\"];", "f:1: mode: expected \"enforce\" or \"audit\", got an array"},
	{"mode = true;", "f:1: mode: expected \"enforce\" or \"audit\", got a boolean"},
	{"deny = \"10.0.0.0/8\";",
	 "f:1: deny: expected an array of networks such as [ \"10.0.0.0/8\" ], got \"10.0.0.0/8\""},
	{"allow = { };",
	 "f:1: allow: expected an array of networks such as [ \"10.0.0.0/8\" ], got a group"},
	{"deny = true;",
	 "f:1: deny: expected an array of networks such as [ \"10.0.0.0/8\" ], got a boolean"},
	{"setuid = true;", "f:1: setuid: expected a group such as { deny = true; }, got a boolean"},
	{"mount = ( );", "f:1: mount: expected a group such as { deny = true; }, got a list"},
	{"setuid = { deny = 1; };", "f:1: setuid.deny: expected true or false, got an integer"},
	{"mount = {\n deny = \"yes\";\n};", "f:2: mount.deny: expected true or false, got \"yes\""},
	{"mount = { deny = [ \"10.0.0.0/8\" ]; };",
	 "f:1: mount.deny: expected true or false, got an array"},
	{"default = \"refuse\";", "f:1: default: expected \"allow\" or \"deny\", got \"refuse\""},
	{"default = { deny = []; };", "f:1: default: expected \"allow\" or \"deny\", got a group"},
	{"default = true;", "f:1: default: expected \"allow\" or \"deny\", got a boolean"},
	{"bind = [ \"80\" ];",
	 "f:1: bind: expected a group such as { deny = [ \"1-1023/tcp\" ]; }, got an array"},
	{"sockets = [ \"raw\" ];",
	 "f:1: sockets: expected a group such as { allow = [ \"AF_PACKET\" ]; }, got an array"},
	{"bind = { deny = \"80\"; };",
	 "f:1: bind.deny: expected an array of ports such as [ \"1-1023/tcp\" ], got \"80\""},
	{"sockets = { allow = true; };", "f:1: sockets.allow: expected an array of names such as "
					 "[ \"AF_PACKET\", \"raw\" ], got a boolean"},
	/* ports */
	{"bind = {\n allow = [ 80 ];\n};", "f:2: bind.allow[0]: expected ports in quotes such as "
					   "\"8000-8999/tcp\", got an integer"},
	{"bind = { deny = [\n\"80\",\n\"10.0.0.0/8\"]; };",
	 "f:3: bind.deny[1]: \"10.0.0.0/8\" is not a port such as 8080, a range such as "
	 "8000-8999 or \"*\" for all"},
	{"bind = { deny = [\"90-80\"]; };",
	 "f:1: bind.deny[0]: \"90-80\" has a range of ports that ends before it begins"},
	{"bind = { deny = [\"0/icmp\"]; };",
	 "f:1: bind.deny[0]: \"0/icmp\" names icmp, which has no ports"},
	{"bind = { deny = [\n\"*\",\n\"0-65535\"]; };",
	 "f:3: bind.deny[1]: \"0-65535\" stands here twice; first on line 2"},
	/* rules of programs */
	{"rules = { programs = [\"/a\"]; };", "f:1: rules: expected a list of groups such as ( { "
					      "programs = [ \"/usr/bin/git\" ]; allow = "
					      "[ \"10.0.0.0/8\" ]; } ), got a group"},
	{"rules = [\"/a\"];", "f:1: rules: expected a list of groups such as ( { programs = [ "
			      "\"/usr/bin/git\" ]; allow = [ \"10.0.0.0/8\" ]; } ), got an array"},
	{"rules = (\n{ programs = [\"/a\"]; },\n7);",
	 "f:3: rules[1]: expected a group such as { programs = [ \"/usr/bin/git\" ]; allow = "
	 "[ \"10.0.0.0/8\" ]; }, got an integer"},
	{"rules = ({ deny = [\"10.0.0.0/8\"]; });",
	 "f:1: rules[0]: names no programs; add programs = [ \"/usr/bin/git\" ];"},
	{"rules = ({ programs = []; });",
	 "f:1: rules[0]: names no programs; add programs = [ \"/usr/bin/git\" ];"},
	{"rules = ({ programs = [\"git\"]; });",
	 "f:1: rules[0].programs[0]: \"git\" is not an absolute path such as /usr/bin/sudo"},
	{"rules = ({ programs = [\"/a\"]; },\n{ programs = [\"/b\"];\ndeny = [\"10.0.0.0/8\", "
	 "\"x\"]; });",
	 "f:3: rules[1].deny[1]: \"x\"" NETWORK},
	{"rules = ({ programs = [\"/a\"]; bind = { allow = [80]; }; });",
	 "f:1: rules[0].bind.allow[0]: expected ports in quotes such as \"8000-8999/tcp\", got an "
	 "integer"},
	{"rules = ({ programs = [\"/a\"]; dney = []; });",
	 "f:1: unknown key \"rules[].dney\"; did you mean \"rules[].deny\"?"},
	{"rules = ({ programs = [\"/a\"]; mode = \"audit\"; });",
	 "f:1: unknown key \"rules[].mode\"; known here: rules[].programs, rules[].deny, "
	 "rules[].allow, rules[].bind, rules[].setuid, rules[].files"},
	{"rules = ({ programs = [\"/a\"]; setuid = { deny = true; }; });",
	 "f:1: unknown key \"rules[].setuid.deny\"; known here: rules[].setuid.allow"},
	{"rules = ({ programs = [\"/a\"]; bind = [\"80\"]; });",
	 "f:1: rules[].bind: expected a group such as { deny = [ \"1-1023/tcp\" ]; }, got an "
	 "array"},
	{"rules = ({ programs = [\"/a\",\n\"/a\"]; });",
	 "f:2: rules[0].programs[1]: \"/a\" stands here twice; first on line 1"},
	{"rules = ({ programs = [\"/a\",\n\"/b\"]; },\n{ programs = [\"/c\", \"/b\"]; });",
	 "f:3: rules[1].programs[1]: \"/b\" has rules of its own already, on line 2; a program is "
	 "named once"},
	/* sockets */
	{"sockets = { allow = [\"raw\",\n\"AF_PAKCET\"]; };",
	 "f:2: sockets.allow[1]: unknown name \"AF_PAKCET\"; did you mean \"AF_PACKET\"?"},
	{"sockets = { allow = [\"af_vsock\"]; };",
	 "f:1: sockets.allow[0]: unknown name \"af_vsock\"; did you mean \"AF_VSOCK\"?"},
	{"sockets = { allow = [\"packet\"]; };",
	 "f:1: sockets.allow[0]: unknown name \"packet\"; did you mean \"AF_PACKET\"?"},
	{"sockets = { allow = [\"RAW\"]; };",
	 "f:1: sockets.allow[0]: unknown name \"RAW\"; did you mean \"raw\"?"},
	{"sockets = { allow = [\"tcp\"]; };", "f:1: sockets.allow[0]: unknown name \"tcp\"" NAMES},
	{"sockets = { allow = [\"\"]; };", "f:1: sockets.allow[0]: unknown name \"\"" NAMES},
	{"sockets = { allow = [17]; };", "f:1: sockets.allow[0]: expected a name in quotes such as "
					 "\"AF_PACKET\", got an integer"},
	{"sockets = { allow = [\"raw\",\n\"sctp\",\n\"raw\"]; };",
	 "f:3: sockets.allow[2]: \"raw\" stands here twice; first on line 1"},
	{"sockets = { allow = [\"AF_UNIX\",\n\"AF_LOCAL\"]; };",
	 "f:2: sockets.allow[1]: \"AF_LOCAL\" stands here twice; first on line 1"},
	/* keys of doors */
	{"setuid = {\n user = [];\n};",
	 "f:2: unknown key \"setuid.user\"; did you mean \"setuid.users\"?"},
	{"setuid = { programs = []; };", "f:1: unknown key \"setuid.programs\"; known here: "
					 "setuid.deny, setuid.users, setuid.groups, setuid.allow, "
					 "setuid.action"},
	{"unix = { sameuser = 1; };",
	 "f:1: unknown key \"unix.sameuser\"; did you mean \"unix.same_user\"?"},
	{"capability = { };", "f:1: unknown key \"capability\"" KNOWN},
	{"capabilties = { };", "f:1: unknown key \"capabilties\"; did you mean \"capabilities\"?"},
	{"tempering = \"deny\";", "f:1: unknown key \"tempering\"; did you mean \"tampering\"?"},
	{"manager = { };", "f:1: unknown key \"manager\"; did you mean \"managers\"?"},
	{"capabilities = [ \"SYS_ADMIN\" ];", "f:1: capabilities: expected a group such as "
					      "{ deny = [ \"SYS_ADMIN\" ]; }, got an array"},
	{"unix = \"deny\";", "f:1: unix: expected a group such as "
			     "{ deny = [ \"/run/mysqld/mysqld.sock\" ]; }, got \"deny\""},
	{"managers = [ \"backup\" ];", "f:1: managers: expected a group such as "
				       "{ exempt = [ \"backup\" ]; }, got an array"},
	/* recording */
	{"record = true;", "f:1: record: expected a group such as { connect = \"all\"; }, "
			   "got a boolean"},
	{"record = { run = true; };", "f:1: unknown key \"record.run\"; known here: "
				      "record.connect, record.exec, record.open"},
	{"record = { exec = \"all\"; };", "f:1: record.exec: expected true or false, got \"all\""},
	{"record = {\nconnect = true; };",
	 "f:2: record.connect: expected \"none\" or \"all\", got a boolean"},
	{"record = { connect = \"some\"; };",
	 "f:1: record.connect: expected \"none\" or \"all\", got \"some\""},
	{"record = { open = [ \"/etc/\",\n\"etc\" ]; };",
	 "f:2: record.open[1]: \"etc\" is not an absolute path such as /etc/shadow"},
	{"record = { open = \"/etc/\"; };", "f:1: record.open: expected an array of absolute paths "
					    "such as [ \"/etc/shadow\", \"/srv\" ], "
					    "got \"/etc/\""},
	{"record = { open = [ \"/etc\",\n\"/etc\" ]; };",
	 "f:2: record.open[1]: \"/etc\" stands here twice; first on line 1"},
	/* words and booleans of doors */
	{"leaving = false;",
	 "f:1: leaving: expected \"deny\" or \"kill\" or \"audit\" or \"allow\", got a boolean"},
	{"tampering = \"no\";",
	 "f:1: tampering: expected \"deny\" or \"kill\" or \"audit\" or \"allow\", got \"no\""},
	{"action = \"audit\";", "f:1: action: expected \"deny\" or \"kill\", got \"audit\""},
	{"action = \"\";", "f:1: action: expected \"deny\" or \"kill\", got \"\""},
	{"actoin = \"kill\";", "f:1: unknown key \"actoin\"; did you mean \"action\"?"},
	WRONG_ACTION("egress"),
	WRONG_ACTION("bind"),
	WRONG_ACTION("sockets"),
	WRONG_ACTION("setuid"),
	WRONG_ACTION("mount"),
	WRONG_ACTION("capabilities"),
	WRONG_ACTION("unix"),
	WRONG_ACTION("files"),
	WRONG_ACTION("exec"),
	{"egress = \"kill\";",
	 "f:1: egress: expected a group such as { action = \"kill\"; }, got \"kill\""},
	{"exec = { actoin = \"kill\"; };",
	 "f:1: unknown key \"exec.actoin\"; did you mean \"exec.action\"?"},
	{"unix = {\nservices = true; };",
	 "f:2: unix.services: expected \"allow\" or \"deny\", got a boolean"},
	{"unix = { same_user = [ \"allow\" ]; };",
	 "f:1: unix.same_user: expected \"allow\" or \"deny\", got an array"},
	{"strict = \"true\";", "f:1: strict: expected true or false, got \"true\""},
	{"strict = 1;", "f:1: strict: expected true or false, got an integer"},
	/* users and groups */
	{"setuid = { users = \"root\"; };",
	 "f:1: setuid.users: expected an array of names or numbers in quotes such as "
	 "[ \"root\", \"1000\" ], got \"root\""},
	{"setuid = { groups = [\n0\n]; };",
	 "f:2: setuid.groups[0]: expected a name or number in quotes such as \"root\" or "
	 "\"1000\", got an integer"},
	{"setuid = { users = [\"\"]; };", "f:1: setuid.users[0]: \"\" is empty"},
	{"setuid = { users = [\"-1\"]; };",
	 "f:1: setuid.users[0]: \"-1\" begins with -, as no name does"},
	{"setuid = { users = [\"00\"]; };", "f:1: setuid.users[0]: \"00\" " ID},
	{"setuid = { groups = [\"root\",\n\"4294967295\"]; };",
	 "f:2: setuid.groups[1]: \"4294967295\" " ID},
	{"setuid = { groups = [\"99999999999999999999\"]; };",
	 "f:1: setuid.groups[0]: \"99999999999999999999\" " ID},
	{"setuid = { users = [\"a:b\"]; };", "f:1: setuid.users[0]: \"a:b\" " NAME_LETTERS},
	{"setuid = { users = [\"/root\"]; };", "f:1: setuid.users[0]: \"/root\" " NAME_LETTERS},
	{"setuid = { users = [\"a\tb\"]; };", "f:1: setuid.users[0]: \"a\\x09b\" " NAME_LETTERS},
	{"setuid = { users = [\"a\x7f\"]; };", "f:1: setuid.users[0]: \"a\\x7F\" " NAME_LETTERS},
	{"setuid = { users = [\"root\",\n\"bob\",\n\"root\"]; };",
	 "f:3: setuid.users[2]: \"root\" stands here twice; first on line 1"},
	{"managers = { exempt = \"backup\"; };",
	 "f:1: managers.exempt: expected an array of names of users such as [ \"backup\" ], got "
	 "\"backup\""},
	{"managers = { exempt = [33]; };",
	 "f:1: managers.exempt[0]: expected a name in quotes such "
	 "as \"backup\", got an integer"},
	{"managers = { exempt = [\"33\"]; };",
	 "f:1: managers.exempt[0]: \"33\" is a number; expected the user's name"},
	{"managers = { exempt = [\"\"]; };", "f:1: managers.exempt[0]: \"\" is empty"},
	{"managers = { exempt = [\"a\",\n\"a\"]; };",
	 "f:2: managers.exempt[1]: \"a\" stands here twice; first on line 1"},
	/* programs, mounts and sockets */
	{"setuid = { allow = true; };",
	 "f:1: setuid.allow: expected an array of absolute paths such as [ \"/usr/bin/sudo\" ], "
	 "got a boolean"},
	{"setuid = { allow = [1]; };", "f:1: setuid.allow[0]: expected an absolute path in quotes "
				       "such as \"/usr/bin/sudo\", got an integer"},
	{"setuid = {\n allow = [\n\"sudo\"]; };",
	 "f:3: setuid.allow[0]: \"sudo\" is not an absolute path such as /usr/bin/sudo"},
	{"setuid = { allow = [\"\"]; };",
	 "f:1: setuid.allow[0]: \"\" is not an absolute path such as /usr/bin/sudo"},
	{"setuid = { allow = [\"/a\",\n\"/a\"]; };",
	 "f:2: setuid.allow[1]: \"/a\" stands here twice; first on line 1"},
	{"mount = { allow = true; };",
	 "f:1: mount.allow: expected an array of file system types and absolute paths such as "
	 "[ \"tmpfs\", \"/mnt\" ], got a boolean"},
	{"mount = { allow = [1]; };",
	 "f:1: mount.allow[0]: expected a file system type or absolute path in quotes such as "
	 "\"tmpfs\" or \"/mnt\", got an integer"},
	{"mount = { allow = [\"\"]; };", "f:1: mount.allow[0]: \"\" " MOUNT},
	{"mount = { allow = [\"mnt/usb\"]; };", "f:1: mount.allow[0]: \"mnt/usb\" " MOUNT},
	{"mount = { allow = [\"./m\"]; };", "f:1: mount.allow[0]: \"./m\" " MOUNT},
	{"mount = { allow = [\"a.b/c\"]; };", "f:1: mount.allow[0]: \"a.b/c\" " MOUNT},
	{"mount = { allow = [\"tmpfs \"]; };", "f:1: mount.allow[0]: \"tmpfs \" " MOUNT},
	{"mount = { allow = [\"ext4\",\n\"fuse.sshfs\"]; };",
	 "f:2: mount.allow[1]: \"fuse.sshfs\" has a part behind a dot, which is not compared; "
	 "write "
	 "what stands before it"},
	{"mount = { allow = [\"fuse\",\n\"fuse\"]; };",
	 "f:2: mount.allow[1]: \"fuse\" stands here twice; first on line 1"},
	{"files = { deny_read = true; };",
	 "f:1: files.deny_read: expected an array of absolute paths such as "
	 "[ \"/etc/shadow\", \"/srv\" ], got a boolean"},
	{"files = { deny_write = [1]; };", "f:1: files.deny_write[0]: expected an absolute path in "
					   "quotes such as \"/etc/shadow\", got an integer"},
	{"files = { allow = [\"a\"]; };",
	 "f:1: files.allow[0]: \"a\" is not an absolute path such as /etc/shadow"},
	{"files = { allow = [\"/a/../b\"]; };", "f:1: files.allow[0]: \"/a/../b\" has a component "
						"\"..\"; write the path without it"},
	{"files = { allow = [\"/a\",\n\"/b\",\n\"/a\"]; };",
	 "f:3: files.allow[2]: \"/a\" stands here twice; first on line 1"},
	{"files = { deny = [\"/a\"]; };",
	 "f:1: unknown key \"files.deny\"; known here: files.deny_read, files.deny_write, "
	 "files.allow, files.action"},
	{"unix = { deny = \"@x\"; };",
	 "f:1: unix.deny: expected an array of names of sockets such as "
	 "[ \"/run/mysqld/mysqld.sock\", \"@name\" ], got \"@x\""},
	{"unix = { deny = [1]; };", "f:1: unix.deny[0]: expected a name in quotes such as "
				    "\"/run/mysqld/mysqld.sock\" or \"@name\", got an integer"},
	{"unix = { deny = [\"x\"]; };", "f:1: unix.deny[0]: \"x\" " SERVER},
	{"unix = { deny = [\"\"]; };", "f:1: unix.deny[0]: \"\" " SERVER},
	{"unix = { deny = [\"@\"]; };", "f:1: unix.deny[0]: \"@\" names no socket"},
	{"unix = { deny = [\"/\"]; };", "f:1: unix.deny[0]: \"/\" names no socket"},
	{"unix = { deny = [\"@x\",\n\"/x\",\n\"@x\"]; };",
	 "f:3: unix.deny[2]: \"@x\" stands here twice; first on line 1"},
	/* programs that must not be run */
	{"exec = [ \"/tmp\" ];",
	 "f:1: exec: expected a group such as { deny = [ \"/tmp\" ]; }, got an array"},
	{"exec = { allow = []; };",
	 "f:1: unknown key \"exec.allow\"; known here: "
	 "exec.deny_sha256, exec.deny, exec.allow_only, exec.deny_sha256_files, exec.action"},
	{"exec = { deny = [\"bin/sh\"]; };",
	 "f:1: exec.deny[0]: \"bin/sh\" is not an absolute path such as /etc/shadow"},
	{"exec = { deny = [\"/b\",\n\"/a\",\n\"/b\", \"/a\"]; };",
	 "f:3: exec.deny[2]: \"/b\" stands here twice; first on line 1"},
	{"exec = { allow_only = \"/usr\"; };",
	 "f:1: exec.allow_only: expected an array of absolute paths such as "
	 "[ \"/etc/shadow\", \"/srv\" ], got \"/usr\""},
	{"exec = {\nallow_only = []; };",
	 "f:2: exec.allow_only: an empty list would refuse everything; to refuse nothing, leave "
	 "the key out"},
	{"exec = { deny_sha256 = true; };",
	 "f:1: exec.deny_sha256: expected an array of SHA-256 digests in hex, as sha256sum prints "
	 "them, got a boolean"},
	{"exec = { deny_sha256 = [1]; };", "f:1: exec.deny_sha256[0]: expected a digest in quotes, "
					   "64 hex digits, got an integer"},
	{"exec = { deny_sha256 = [\"\"]; };",
	 "f:1: exec.deny_sha256[0]: \"\" is no SHA-256 digest: 64 hex digits"},
	{"exec = { deny_sha256 = [\"" DIGEST "\",\n\"" DIGEST "0\"]; };",
	 "f:2: exec.deny_sha256[1]: \"" DIGEST "...\" is no SHA-256 digest: 64 hex digits"},
	{"exec = { deny_sha256_files = [\"feed\"]; };",
	 "f:1: exec.deny_sha256_files[0]: \"feed\" is not an absolute path such as "
	 "/usr/bin/sudo"},
	/* capabilities */
	{"capabilities = { deny = \"SYS_ADMIN\"; };",
	 "f:1: capabilities.deny: expected an array of capabilities such as "
	 "[ \"SYS_ADMIN\", \"NET_RAW\" ], got \"SYS_ADMIN\""},
	{"capabilities = { deny = [21]; };", "f:1: capabilities.deny[0]: expected a capability in "
					     "quotes such as \"SYS_ADMIN\", got an integer"},
	{"capabilities = { deny = [\"SYS_ADMN\"]; };",
	 "f:1: capabilities.deny[0]: unknown capability \"SYS_ADMN\"; did you mean \"SYS_ADMIN\"?"},
	{"capabilities = { deny = [\"KILL\",\n\"cap_sysadmin\"]; };",
	 "f:2: capabilities.deny[1]: unknown capability \"cap_sysadmin\"; did you mean "
	 "\"SYS_ADMIN\"?"},
	{"capabilities = { deny = [\"ALL\"]; };",
	 "f:1: capabilities.deny[0]: unknown capability \"ALL\"" CAPABILITIES},
	{"capabilities = { deny = [\"\"]; };",
	 "f:1: capabilities.deny[0]: unknown capability \"\"" CAPABILITIES},
	{"capabilities = { deny = [\"CAP_\"]; };",
	 "f:1: capabilities.deny[0]: unknown capability \"CAP_\"" CAPABILITIES},
	{"capabilities = { deny = [\"CAP_CAP_BPF\"]; };",
	 "f:1: capabilities.deny[0]: unknown capability \"CAP_CAP_BPF\"" CAPABILITIES},
	{"capabilities = { deny = [\"BPF\",\n\"cap_bpf\"]; };",
	 "f:2: capabilities.deny[1]: \"cap_bpf\" stands here twice; first on line 1"},
	/* networks */
	{"deny = [\"18.4.5.6/9:443/tcp\"];",
	 "f:1: deny[0]: \"18.4.5.6/9:443/tcp\" has host bits set; the network is 18.0.0.0/9"},
	{"deny = [\"18.4.5.6/9:http\"];",
	 "f:1: deny[0]: \"18.4.5.6/9:http\" needs a port or a range such as 443 or 8000-8999 "
	 "behind the colon, from 0 to 65535 and without leading zeros"},
	{"allow = [\"10.0.0.0/8/TCP\"];",
	 "f:1: allow[0]: \"10.0.0.0/8/TCP\" ends in a protocol that is none of tcp, udp, icmp, "
	 "sctp, dccp, udplite"},
	{"allow = [\"2001:db8::/32:443\"];",
	 "f:1: allow[0]: \"2001:db8::/32:443\" needs brackets around an IPv6 address that ports "
	 "follow, as in [2001:db8::]/32:443"},
	{"deny = [\n\"10.0.0.0/8:443/tcp\",\n\"10.0.0.0/8:443\",\n\"10.0.0.0/8:443-443/tcp\"];",
	 "f:4: deny[2]: \"10.0.0.0/8:443-443/tcp\" stands here twice; first on line 2"},
	{"deny = [\n \"10.0.0.0/8\",\n \"18.4.5.6/9\"\n];",
	 "f:3: deny[1]: \"18.4.5.6/9\" has host bits set; the network is 18.0.0.0/9"},
	{"allow = [\"2001:db8::1/32\"];",
	 "f:1: allow[0]: \"2001:db8::1/32\" has host bits set; the network is 2001:db8::/32"},
	{"deny = [\"::ffff:10.0.0.1/104\"];",
	 "f:1: deny[0]: \"::ffff:10.0.0.1/104\" has host bits set; the network is 10.0.0.0/8"},
	{"deny = [\"10.0.0.0/33\"];",
	 "f:1: deny[0]: \"10.0.0.0/33\" needs a prefix length from 0 to 32, without leading zeros"},
	{"deny = [\"::/129\"];",
	 "f:1: deny[0]: \"::/129\" needs a prefix length from 0 to 128, without leading zeros"},
	{"deny = [\"10.0.0/8\"];", "f:1: deny[0]: \"10.0.0/8\"" NETWORK},
	{"deny = [\"\"];", "f:1: deny[0]: \"\"" NETWORK},
	{"deny = [\"example.org\"];", "f:1: deny[0]: \"example.org\"" NETWORK},
	{"deny = [\"10.0.0.0/8 \"];",
	 "f:1: deny[0]: \"10.0.0.0/8 \" needs a prefix length from 0 to 32, without leading zeros"},
	{"deny = [1, 2];",
	 "f:1: deny[0]: expected a network in quotes such as \"10.0.0.0/8\", got an integer"},
	{"deny = (\"10.0.0.0/8\",\n [\"11.0.0.0/8\"]);",
	 "f:2: deny[1]: expected a network in quotes such as \"10.0.0.0/8\", got an array"},
	{"deny = (\"10.0.0.0/8\",\n true\n);",
	 "f:2: deny[1]: expected a network in quotes such as \"10.0.0.0/8\", got a boolean"},
	{"deny = ({ net = \"10.0.0.0/8\"; });",
	 "f:1: deny[0]: expected a network in quotes such as \"10.0.0.0/8\", got a group"},
	{"deny = [\"10.0.0.0/8\", 7];", "f:1: the elements of an array must all be of one type"},
	/* twice */
	{"deny = [\n\"10.0.0.0/8\",\n\"11.0.0.0/8\",\n\"10.0.0.0/8\"\n];",
	 "f:4: deny[2]: \"10.0.0.0/8\" stands here twice; first on line 2"},
	{"deny = [\"9.0.0.0/8\", \"9.0.0.0/8\",\n\"8.0.0.0/8\",\n\"8.0.0.0/8\"];",
	 "f:1: deny[1]: \"9.0.0.0/8\" stands here twice; first on line 1"},
	{"allow = [\n\"10.0.0.1\",\n\"10.0.0.1/32\"];",
	 "f:3: allow[1]: \"10.0.0.1/32\" stands here twice; first on line 2"},
	{"deny = [\"10.0.0.0/8\",\n\"::ffff:10.0.0.0/104\"];",
	 "f:2: deny[1]: \"::ffff:10.0.0.0/104\" stands here twice; first on line 1"},
	{"deny = [\"2001:db8::/32\",\n\"2001:DB8:0::/32\"];",
	 "f:2: deny[1]: \"2001:DB8:0::/32\" stands here twice; first on line 1"},
	{"mode = \"audit\";\ndeny = [];\nmode = \"enforce\";",
	 "f:3: \"mode\" is set twice; first on line 1"},
	{"setuid = {\n deny = true;\n deny = true;\n};",
	 "f:3: \"deny\" is set twice; first on line 2"},
	{"b = 1;\na = 1;\nb = 1;\na = 1;\n", "f:3: \"b\" is set twice; first on line 1"},
	/* syntax */
	{"mode \"audit\";", SYNTAX(1)},
	{"\ndeny = [\"10.0.0.0/8\",];", SYNTAX(2)},
	{"deny = [\"10.0.0.0/8\"; \"11.0.0.0/8\"];", SYNTAX(1)},
	{"= 1;", SYNTAX(1)},
	{"mode = ;", SYNTAX(1)},
	{"mode = enforce;", SYNTAX(1)},
	{"true = 1;", SYNTAX(1)},
	{"mode = \"audit\";;", SYNTAX(1)},
	{"deny = [\n\"10.0.0.0/8\"\n\"11.0.0.0/8\"];",
	 "f:3: two strings side by side; is a comma missing between them?"},
	{"mode = \"aud\" /* */ \"it\";",
	 "f:1: two strings side by side; is a comma missing between them?"},
	{"mode = \"audit;\ndeny = [];", "f:1: this string is not closed on its line"},
	{"mode = \"audit\\\n\";", "f:1: this string is not closed on its line"},
	{"mode = \"audit", "f:1: this string is not closed on its line"},
	{"mode = 'audit';", "f:1: unexpected \"'\"; strings are written in double quotes"},
	{"deny = [10.0.0.0/8];", "f:1: unexpected \"/\"; strings are written in double quotes"},
	{"\xef\xbb\xbfmode = \"audit\";",
	 "f:1: unexpected \"\\xEF\"; strings are written in double quotes"},
	{"mode = \x1b[31m;", "f:1: unexpected \"\\x1B\"; strings are written in double quotes"},
	{"mode = -;", "f:1: unexpected \"-\"; strings are written in double quotes"},
	{"deny = [\n\"10.0.0.0/8\"\n;\nmode = \"audit\";\n", "f:1: \"[\" is not closed"},
	{"setuid = {\n deny = true;\n", "f:1: \"{\" is not closed"},
	{"deny = (\n\"10.0.0.0/8\"];",
	 "f:2: \"]\" cannot close the \"(\" on line 1; expected \")\""},
	{"deny = [];\n];", "f:2: \"]\" closes nothing"},
	{"deny = [\"10.0.0.0/8\"];\n/* deny = [];\nmode = \"audit\";\n",
	 "f:2: this comment is not closed"},
	{"/*/", "f:1: this comment is not closed"},
	/* what libconfig would do in silence */
	{"mode = \"audit\";\n  @include \"/etc/passwd\"\n",
	 "f:2: @include is not allowed; all settings stand in this file"},
	{"mode = \"audit\"; @include \"x\"",
	 "f:1: @include is not allowed; all settings stand in this file"},
	{"@incl", "f:1: unexpected \"@\"; strings are written in double quotes"},
	{"mode = \"audit\\x00\";", "f:1: \\x00 in a string"},
	{"limit = 4294967297;", "f:1: \"4294967297\"" RANGE},
	{"limit = -2147483649;", "f:1: \"-2147483649\"" RANGE},
	{"limit = 0xFFFFFFFF;", "f:1: \"0xFFFFFFFF\"" RANGE},
	{"limit = 4294967297b = 1;", "f:1: \"4294967297\"" RANGE},
	{"limit = 99999999999999999999L;",
	 "f:1: \"99999999999999999999L\" is out of range; integers go from "
	 "-9223372036854775808 to 9223372036854775807"},
	{"limit = 2147483647;", "f:1: unknown key \"limit\"" KNOWN},
	{"a = ((((((((1))))))));", "f:1: unknown key \"a\"" KNOWN},
	{"a = (((((((\n((1)))))))));", "f:2: nested deeper than 8"},
	/* bytes that must not reach a terminal or a log as they are */
	{"mode = \"\x1b[2J\xff\xe2\x80\xae\\\"\\\\\\n\";",
	 "f:1: mode: expected \"enforce\" or \"audit\", got "
	 "\"\\x1B[2J\\xFF\\xE2\\x80\\xAE\\x22\\x5C\\x0A\""},
	{"deny = [\"\x7f\"];", "f:1: deny[0]: \"\\x7F\"" NETWORK},
};

static void test_parse_wrong(void **state)
{
	size_t i;

	(void)state;
	assert_true(EG_ARRAY_SIZE(wrong) >= 40);
	for (i = 0; i < EG_ARRAY_SIZE(wrong); i++) {
		struct eg_config *conf = NULL;
		char line[1024];

		if (parse(wrong[i].text, strlen(wrong[i].text), &conf, line) != -EINVAL)
			fail_msg("taken: %s", wrong[i].text);
		assert_string_equal(line, wrong[i].message);
		assert_null(conf);
	}
}

static void test_parse_nul(void **state)
{
	static const char text[] = "mode = \"audit\";\n\0deny = [];";
	struct eg_config *conf = NULL;
	char line[1024];

	(void)state;
	assert_int_equal(parse(text, sizeof(text) - 1, &conf, line), -EINVAL);
	assert_string_equal(line, "f:2: NUL byte; a configuration is plain text");
}

/* ---- limits */

/* A text of `before`, n times `unit`, `after`; owned by the caller. */
static char *repeat(const char *before, const char *unit, size_t n, const char *after)
{
	size_t n_unit = strlen(unit), n_before = strlen(before), i;
	char *text = malloc(n_before + n_unit * n + strlen(after) + 1);

	assert_non_null(text);
	memcpy(text, before, n_before);
	for (i = 0; i < n; i++)
		memcpy(text + n_before + i * n_unit, unit, n_unit);
	(void)strcpy(text + n_before + n * n_unit, after);
	return text;
}

static void check_repeat(const char *before, const char *unit, size_t n, const char *after,
			 const char *message)
{
	eg_auto_free char *text = repeat(before, unit, n, after);
	struct eg_config *conf = NULL;
	char line[1024];

	(void)parse(text, strlen(text), &conf, line);
	assert_string_equal(line, message);
	eg_config_free(conf);
}

static void test_parse_size_limit(void **state)
{
	(void)state;
	check_repeat("", " ", EG_CONFIG_SIZE_MAX, "", "");
	check_repeat("", " ", EG_CONFIG_SIZE_MAX + 1, "", "f: larger than 67108864 bytes");
}

static void test_parse_string_limit(void **state)
{
	char expected[256];

	(void)state;
	check_repeat("mode = \"", "x", 1025, "\";", "f:1: this string is longer than 1024 bytes");
	(void)snprintf(expected, sizeof(expected),
		       "f:1: mode: expected \"enforce\" or \"audit\", got \"%.64s...\"",
		       "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx");
	check_repeat("mode = \"", "x", 1024, "\";", expected);
}

static void test_parse_depth_limit(void **state)
{
	(void)state;
	check_repeat("a = ", "(", 1000000, "", "f:1: nested deeper than 8");
	check_repeat("", "a={", 1000000, "", "f:1: nested deeper than 8");
}

static void test_parse_name_limit(void **state)
{
	(void)state;
	check_repeat("a=({b=1;}\n", ",{b=1;}\n", 32767, ");",
		     "f:32768: more than 32768 settings in one file");
	check_repeat("a=({b=1;}\n", ",{b=1;}\n", 32766, ");", "f:1: unknown key \"a\"" KNOWN);
	check_repeat("", "a=1;\n", 257, "", "f:257: more than 256 settings in one group");
	check_repeat("", "a=1;\n", 256, "", "f:2: \"a\" is set twice; first on line 1");
	check_repeat("a={", "a=1;\n", 257, "}", "f:257: more than 256 settings in one group");
}

static void test_parse_value_limit(void **state)
{
	(void)state;
	check_repeat("a=[", "1,", 1032768, "1]", "f:1: more than 1032768 values in one file");
}

/* A deny list of n rules, none twice, one a line; owned by the caller. */
static char *rules_text(unsigned int n, const char *ports)
{
	char *text = malloc((size_t)n * (20 + strlen(ports)) + 64), *at = text;
	unsigned int i;

	assert_non_null(text);
	at += sprintf(at, "deny=[\n");
	for (i = 0; i < n; i++) /* scattered, so that sorting has work */
		at += sprintf(at, "%s\"%u.%u.%u.%u%s\"", i ? ",\n" : "", i % 16, i >> 4 & 255,
			      i >> 12 & 255, i * 7 % 16 ^ (i >> 20), ports);
	(void)strcpy(at, "];");
	return text;
}

static void test_parse_many_rules(void **state)
{
	static const char *const ports[] = {"", ":443/tcp"};
	size_t i;

	(void)state;
	for (i = 0; i < EG_ARRAY_SIZE(ports); i++) {
		eg_auto_free char *text = rules_text(BIG, ports[i]);
		clock_t start = clock();
		struct eg_config *conf = must_parse(text);

		print_message("%d rules such as \"10.1.2.3%s\" parsed in %.1f s\n", BIG, ports[i],
			      (double)(clock() - start) / CLOCKS_PER_SEC);
		assert_int_equal(conf->profiles[0].egress.n, BIG);
		assert_int_equal(conf->profiles[0].egress.list[BIG - 1].line, BIG + 1);
		eg_config_free(conf);
	}
}

/* The number is judged before the networks, so the empty ones of a list that is not too long are
 * what is wrong. */
static void test_parse_rules_limit(void **state)
{
	(void)state;
	if (BIG < EG_CONFIG_RULES_MAX)
		skip_because("the whole table takes minutes under sanitizers");
	check_repeat("deny=[", "\"\",", EG_CONFIG_RULES_MAX - 1, "\"\"]",
		     "f:1: deny[0]: \"\"" NETWORK);
	check_repeat(
		"deny=[\"::/0\"];allow=[", "\"\",", EG_CONFIG_RULES_MAX - 1, "\"\"]",
		"f:1: allow: 1000001 rules are too many; deny and allow together take 1000000");
}

static void test_parse_ports_limit(void **state)
{
	(void)state;
	check_repeat(
		"bind={deny=[\n", "\"\",", EG_CONFIG_PORTS_MAX - 1, "\"\"]}",
		"f:2: bind.deny[0]: \"\" is not a port such as 8080, a range such as 8000-8999 "
		"or \"*\" for all");
	check_repeat("bind={deny=[\"*\"];\nallow=[", "\"\",", EG_CONFIG_PORTS_MAX - 1, "\"\"]}",
		     "f:2: bind.allow: 4097 rules are too many; deny and allow together take 4096");
}

/* A list of n different numbers for a key of the group; owned by the caller. */
static char *texts_text(const char *before, const char *start, unsigned int n)
{
	char *text = malloc(strlen(before) + (size_t)n * (strlen(start) + 16) + 8), *at = text;
	unsigned int i;

	assert_non_null(text);
	at += sprintf(at, "%s", before);
	for (i = 0; i < n; i++)
		at += sprintf(at, "%s\"%s%u\"", i ? "," : "", start, i);
	(void)strcpy(at, "]};");
	return text;
}

static void test_parse_texts_limit(void **state)
{
	static const struct {
		const char *key, *before, *start;
	} cases[] = {
		{"setuid.users", "setuid={users=[", ""},
		{"setuid.groups", "setuid={groups=[", "g"},
		{"setuid.allow", "setuid={allow=[", "/usr/bin/"},
		{"mount.allow", "mount={allow=[", "fs"},
		{"unix.deny", "unix={deny=[", "@"},
		{"managers.exempt", "managers={exempt=[", "u"},
	};
	size_t i;

	(void)state;
	for (i = 0; i < EG_ARRAY_SIZE(cases); i++) {
		eg_auto_free char *most =
			texts_text(cases[i].before, cases[i].start, EG_CONFIG_TEXTS_MAX);
		eg_auto_free char *more =
			texts_text(cases[i].before, cases[i].start, EG_CONFIG_TEXTS_MAX + 1);
		struct eg_config *conf = must_parse(most);
		char line[1024], expected[128];

		eg_config_free(conf);
		assert_int_equal(parse(more, strlen(more), &conf, line), -EINVAL);
		(void)snprintf(expected, sizeof(expected),
			       "f:1: %s: 257 entries are too many; it takes 256", cases[i].key);
		assert_string_equal(line, expected);
	}
}

/* The lists of files have one limit together. */
static void test_parse_files_limit(void **state)
{
	enum { HALF = EG_CONFIG_FILES_MAX / 2 };
	char *text = malloc(2 * HALF * 12 + 100), *at = text, line[1024];
	struct eg_config *conf = NULL;

	(void)state;
	assert_non_null(text);
	at += sprintf(at, "files={deny_read=[");
	for (int i = 0; i < HALF; i++)
		at += sprintf(at, "%s\"/d%d\"", i ? "," : "", i);
	at += sprintf(at, "];\nallow=[");
	for (int i = 0; i < HALF; i++)
		at += sprintf(at, "%s\"/a%d\"", i ? "," : "", i);
	(void)strcpy(at, "];};");
	conf = must_parse(text);
	assert_int_equal(conf->profiles[0].files_allow.n, HALF);
	eg_config_free(conf);
	(void)strcpy(at, ",\"/a0b\"];};");
	assert_int_equal(parse(text, strlen(text), &conf, line), -EINVAL);
	assert_string_equal(line, "f:2: files.allow: 100001 entries are too many; all lists of "
				  "files together take 100000");
	free(text);
}

static void test_parse_text_length(void **state)
{
	static const char a64[] =
		"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
	static const struct {
		const char *key, *before;
		size_t n; /* that many still fit */
		const char *why;
	} cases[] = {
		{"setuid.users", "setuid={users=[\"", 255, "is longer than 255 bytes"},
		{"managers.exempt", "managers={exempt=[\"", 255, "is longer than 255 bytes"},
		{"mount.allow", "mount={allow=[\"", 31, "is longer than 31 bytes, as no type is"},
		{"files.allow", "files={allow=[\"/", 255,
		 "has a component of more than 255 bytes, as no name has"},
		{"unix.deny", "unix={deny=[\"@", 106,
		 "is longer than 107 bytes, as no socket's name is"},
		{"unix.deny", "unix={deny=[\"/", 106,
		 "is longer than 107 bytes, as no socket's name is"},
	};
	size_t i;

	(void)state;
	for (i = 0; i < EG_ARRAY_SIZE(cases); i++) {
		char first = cases[i].before[strlen(cases[i].before) - 1], message[256];

		check_repeat(cases[i].before, "a", cases[i].n, "\"]}", "");
		(void)snprintf(message, sizeof(message), "f:1: %s[0]: \"%.*s%.*s%s\" %s",
			       cases[i].key, first == '"' ? 0 : 1, &first,
			       cases[i].n < 64 ? (int)cases[i].n + 1 : 64 - (first != '"'), a64,
			       cases[i].n < 64 ? "" : "...", cases[i].why);
		check_repeat(cases[i].before, "a", cases[i].n + 1, "\"]}", message);
	}
}

static void test_parse_long_name(void **state)
{
	eg_auto_free char *name = repeat("/", "n", 300, "");
	struct eg_config *conf = NULL;
	struct eg_err err = {0};
	char line[1024];

	(void)state;
	assert_int_equal(eg_config_parse("a", 1, name, &conf, &err), -EINVAL);
	assert_int_equal(strlen(err.file), sizeof(err.file) - 1);
	assert_int_equal(eg_config_parse("", 0, name, &conf, &err), 0);
	eg_config_free(conf);
	err = (struct eg_err){.file = "a\nb\x1b", .text = "c"};
	assert_string_equal(eg_err_format(&err, line, sizeof(line)), "a?b?: c");
}

/* ---- mutations: never a crash, always 0 or a message that is one clean line */

static void check_mutant(const char *text, size_t n)
{
	eg_auto_free char *exact =
		malloc(n ? n : 1); /* so that a sanitizer sees a read past the end */
	struct eg_config *conf = NULL;
	char line[1024];
	size_t i;
	int r;

	assert_non_null(exact);
	memcpy(exact, text, n);
	r = parse(exact, n, &conf, line);
	eg_config_free(conf);
	if (r == 0)
		return;
	if (r != -EINVAL)
		fail_msg("%d for %.*s", r, (int)n, text);
	assert_true(strlen(line) > 6);
	assert_null(strstr(line, "one way only"));
	for (i = 0; line[i]; i++)
		assert_in_range(line[i], ' ', '~');
}

static void mutate(const char *original)
{
	size_t i, bit, n = strlen(original);
	eg_auto_free char *text = strdup(original);

	assert_non_null(text);
	for (i = 0; i < n; i++) {
		check_mutant(text, i);
		check_mutant(text + i, n - i);
		for (bit = 0; bit < 8; bit++) {
			text[i] = (char)(original[i] ^ (1 << bit));
			check_mutant(text, n);
		}
		memmove(text + i, original + i + 1, n - i);
		check_mutant(text, n - 1);
		memcpy(text, original, n + 1);
	}
}

static void test_parse_mutated(void **state)
{
	size_t i;

	(void)state;
	mutate(full);
	for (i = 0; i < EG_ARRAY_SIZE(valid); i++)
		mutate(valid[i]);
	for (i = 0; i < EG_ARRAY_SIZE(wrong); i++)
		mutate(wrong[i].text);
}

/* Random texts of tokens: our lexer and libconfig's must never disagree on where a value stands. */
static void test_parse_random_tokens(void **state)
{
	static const char *const tokens[] = {
		"deny",	    "mode",	"a",	   "b",
		"*",	    "true",	"FALSE",   "falsey",
		"=",	    ":",	"=",	   ";",
		",",	    "(",	")",	   "[",
		"]",	    "{",	"}",	   "\"x\"",
		"\"",	    "\\",	"1",	   "-1",
		"0x1f",	    "0x",	"1L",	   "1LL",
		"1LLL",	    "1.",	".5",	   "1e5",
		"1e",	    "-.e2",	"+",	   ".",
		"1.5.6",    "08",	"#c",	   "//c",
		"/*c*/",    "\n",	" ",	   "\t",
		"\r",	    "\f",	"\v",	   "/",
		"\"\\\"\"", "\"\\x4\"", "\"\\q\"", "@include \"x\"",
		"=1;",	    "={",	"};",	   "=(",
		");",	    "=[",	"];",	   "x=\"y\";",
	};
	uint32_t random = 20240229;
	unsigned int i, n;

	(void)state;
	print_message("seed %u\n", random);
	for (i = 0; i < 60000; i++) {
		char text[256] = "";

		for (n = 0; n < 3 + i % 12; n++) {
			random ^= random << 13;
			random ^= random >> 17;
			random ^= random << 5;
			(void)strcat(text, tokens[random % EG_ARRAY_SIZE(tokens)]);
		}
		check_mutant(text, strlen(text));
	}
}

/* ---- the file */

static char dir[] = "/tmp/eg_config.XXXXXX";

static int set_up_dir(void **state)
{
	(void)state;
	return mkdtemp(dir) ? 0 : -1;
}

static int tear_down_dir(void **state)
{
	(void)state;
	return rmdir(dir); /* each test removes what it made */
}

static int load(const char *path, unsigned int owner, char line[1024])
{
	struct eg_config *conf = NULL;
	struct eg_err err = {0};
	int r = eg_config_load(path, owner, &conf, NULL, NULL, &err);

	line[0] = '\0';
	if (r < 0)
		(void)eg_err_format(&err, line, 1024);
	eg_config_free(conf);
	return r;
}

static void write_file(const char *path, const char *text, mode_t mode)
{
	eg_auto_close int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	assert_int_equal(fchmod(fd, mode), 0);
}

static void test_load_good_file(void **state)
{
	struct eg_config *conf = NULL;
	struct eg_err err = {0};
	char path[64], link[64];
	eg_auto_free char *text = NULL;
	size_t n = 0;

	(void)state;
	(void)snprintf(path, sizeof(path), "%s/f", dir);
	(void)snprintf(link, sizeof(link), "%s/link", dir);
	write_file(path, "deny = [\"18.0.0.0/9\"];", 0644);
	assert_int_equal(symlink("f", link), 0);
	assert_int_equal(eg_config_load(link, getuid(), &conf, &text, &n, &err), 0);
	assert_int_equal(conf->profiles[0].egress.n, 1);
	assert_string_equal(conf->file, link);
	assert_int_equal(n, 22);
	assert_memory_equal(text, "deny = [\"18.0.0.0/9\"];", n);
	eg_config_free(conf);
	(void)unlink(link);
	(void)unlink(path);
}

static void check_load(const char *path, unsigned int owner, int error, const char *message)
{
	char line[1024], expected[1024];

	assert_int_equal(load(path, owner, line), error);
	(void)snprintf(expected, sizeof(expected), "%s%s", path, message);
	assert_string_equal(line, error ? expected : "");
}

static void test_load_bad_content(void **state)
{
	char path[64];

	(void)state;
	(void)snprintf(path, sizeof(path), "%s/f", dir);
	write_file(path, "\ndney = [];", 0600);
	check_load(path, getuid(), -EINVAL, ":2: unknown key \"dney\"; did you mean \"deny\"?");
	(void)unlink(path);
}

static void test_load_writable(void **state)
{
	char path[64];

	(void)state;
	(void)snprintf(path, sizeof(path), "%s/f", dir);
	write_file(path, "", 0620);
	check_load(path, getuid(), -EPERM,
		   ": writable by others than its owner (mode 0620): run chmod go-w");
	write_file(path, "", 0602);
	check_load(path, getuid(), -EPERM,
		   ": writable by others than its owner (mode 0602): run chmod go-w");
	(void)unlink(path);
}

static void test_load_other_owner(void **state)
{
	char path[64], message[128];

	(void)state;
	(void)snprintf(path, sizeof(path), "%s/f", dir);
	write_file(path, "", 0600);
	if (getuid() == 0)
		assert_int_equal(chown(path, 12345, 0), 0);
	(void)snprintf(message, sizeof(message), ": owned by uid %u; expected uid 77: run chown 77",
		       getuid() == 0 ? 12345 : getuid());
	check_load(path, 77, -EPERM, message);
	(void)unlink(path);
}

/* None of these may block: the test would hang. */
static void test_load_not_regular(void **state)
{
	char path[64];

	(void)state;
	(void)snprintf(path, sizeof(path), "%s/f", dir);
	assert_int_equal(mkfifo(path, 0600), 0);
	check_load(path, getuid(), -EINVAL, ": not a regular file");
	(void)unlink(path);
	check_load(path, getuid(), -ENOENT, ": No such file or directory");
	check_load(dir, getuid(), -EINVAL, ": not a regular file");
	check_load("/dev/null", getuid(), -EINVAL, ": not a regular file");
}

static void test_load_too_big(void **state)
{
	char path[64];

	(void)state;
	(void)snprintf(path, sizeof(path), "%s/f", dir);
	write_file(path, "", 0600);
	assert_int_equal(truncate(path, EG_CONFIG_SIZE_MAX + 1), 0);
	check_load(path, getuid(), -EFBIG, ": larger than 67108864 bytes");
	(void)unlink(path);
}

/* ---- schema, manual page and sample name the same keys */

static char *read_whole(const char *path)
{
	FILE *f = fopen(path, "re");
	char *text = calloc(1, 1 << 20);

	if (!f)
		fail_msg("%s: run this from the top of the tree", path);
	assert_non_null(text);
	(void)fread(text, 1, (1 << 20) - 1, f);
	(void)fclose(f);
	return text;
}

/* Is the key on a line of its own behind the prefix? "setuid.deny" is looked for as it is. */
static bool has_line(const char *text, const char *prefix, const char *key)
{
	char line[256];

	(void)snprintf(line, sizeof(line), "\n%s%s\n", prefix, key);
	return strstr(text, line) != NULL;
}

static size_t count_lines(const char *text, const char *prefix)
{
	char start[64];
	size_t n = 0;

	(void)snprintf(start, sizeof(start), "\n%s", prefix);
	for (text = strstr(text, start); text; text = strstr(text + 1, start))
		n++;
	return n;
}

static void test_keys_documented(void **state)
{
	eg_auto_free char *sample = read_whole(sample_path), *page = read_whole(page_path);
	const char *const *keys = eg_config_keys();
	size_t n;

	(void)state;
	for (n = 0; keys[n]; n++) {
		if (!has_line(page, ".It Ic ", keys[n]))
			fail_msg("%s does not explain %s", page_path, keys[n]);
		if (!has_line(sample, "# KEY ", keys[n]))
			fail_msg("%s does not explain %s", sample_path, keys[n]);
	}
	assert_true(n > 0);
	assert_int_equal(count_lines(page, ".It Ic "), n);
	assert_int_equal(count_lines(sample, "# KEY "), n);
}

/* The sample is what an administrator tries first: it must be valid and must not lock anybody out.
 */
static void test_sample_safe(void **state)
{
	eg_auto_free char *sample = read_whole(sample_path);
	struct eg_config *conf = must_parse(sample);

	(void)state;
	assert_int_equal(conf->profiles[0].mode, EG_MODE_AUDIT);
	assert_false(conf->profiles[0].default_deny);
	assert_int_equal(conf->profiles[0].bind.n, 0);
	assert_false(conf->profiles[0].deny_setuid);
	assert_false(conf->profiles[0].deny_mount);
	/* a group that this host does not have is an error once the file names it */
	assert_false(conf->profiles[0].setuid_groups.set);
	assert_int_equal(conf->profiles[0].setuid_allow.n, 0);
	assert_true(conf->profiles[0].capabilities == 0);
	assert_int_equal(conf->profiles[0].unix_deny.n, 0);
	assert_false(conf->strict);
	assert_int_equal(conf->managers_exempt.n, 0);
	assert_int_equal(conf->profiles[0].egress.n, 1);
	check_rule(&conf->profiles[0].egress.list[0], "169.254.169.254/32", false,
		   conf->profiles[0].egress.list[0].line);
	eg_config_free(conf);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_parse_valid),
		cmocka_unit_test(test_parse_empty_defaults),
		cmocka_unit_test(test_parse_empty_doors),
		cmocka_unit_test(test_default_ids),
		cmocka_unit_test(test_parse_values_and_lines),
		cmocka_unit_test(test_parse_doors),
		cmocka_unit_test(test_parse_groups),
		cmocka_unit_test(test_parse_groups_limit),
		cmocka_unit_test(test_parse_capabilities),
		cmocka_unit_test(test_parse_families),
		cmocka_unit_test(test_parse_allow_first),
		cmocka_unit_test(test_parse_wrong),
		cmocka_unit_test(test_parse_nul),
		cmocka_unit_test(test_parse_size_limit),
		cmocka_unit_test(test_parse_string_limit),
		cmocka_unit_test(test_parse_depth_limit),
		cmocka_unit_test(test_parse_name_limit),
		cmocka_unit_test(test_parse_value_limit),
		cmocka_unit_test(test_parse_many_rules),
		cmocka_unit_test(test_parse_rules_limit),
		cmocka_unit_test(test_parse_ports_limit),
		cmocka_unit_test(test_parse_texts_limit),
		cmocka_unit_test(test_parse_files_limit),
		cmocka_unit_test(test_parse_text_length),
		cmocka_unit_test(test_parse_long_name),
		cmocka_unit_test(test_parse_mutated),
		cmocka_unit_test(test_parse_random_tokens),
		cmocka_unit_test(test_load_good_file),
		cmocka_unit_test(test_load_bad_content),
		cmocka_unit_test(test_load_writable),
		cmocka_unit_test(test_load_other_owner),
		cmocka_unit_test(test_load_not_regular),
		cmocka_unit_test(test_load_too_big),
		cmocka_unit_test(test_keys_documented),
		cmocka_unit_test(test_sample_safe),
	};

	return cmocka_run_group_tests_name("config", tests, set_up_dir, tear_down_dir);
}
