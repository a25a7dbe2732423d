// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * The configuration: what is valid and what it means, in full; the sample; and mutations of it all.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>
#include <cmocka.h>

#include "config_helpers.h"
#include "config_messages.h"

/* ---- what is valid */

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

static void test_parse_mutated(void **state)
{
	size_t i;

	(void)state;
	mutate(full);
	for (i = 0; i < EG_ARRAY_SIZE(valid); i++)
		mutate(valid[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_parse_valid),
		cmocka_unit_test(test_parse_empty_defaults),
		cmocka_unit_test(test_parse_empty_doors),
		cmocka_unit_test(test_default_ids),
		cmocka_unit_test(test_parse_doors),
		cmocka_unit_test(test_parse_groups),
		cmocka_unit_test(test_parse_groups_limit),
		cmocka_unit_test(test_parse_values_and_lines),
		cmocka_unit_test(test_parse_allow_first),
		cmocka_unit_test(test_sample_safe),
		cmocka_unit_test(test_parse_mutated),
	};

	return cmocka_run_group_tests_name("config_valid", tests, NULL, NULL);
}
