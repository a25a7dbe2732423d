# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# ebpfguard: PAM module, BPF programs, helper and their tests. `make help` lists the targets.

# --- tools
CC         ?= cc
CLANG      ?= clang
LLVM_STRIP ?= llvm-strip
BPFTOOL    ?= $(firstword $(wildcard /usr/sbin/bpftool /usr/local/sbin/bpftool) bpftool)
PKG_CONFIG ?= pkg-config
INSTALL    ?= install

# --- directories
MULTIARCH   := $(shell $(CC) -print-multiarch 2>/dev/null)
PREFIX      ?= /usr
SYSCONFDIR  ?= /etc
BINDIR      ?= $(PREFIX)/bin
SBINDIR     ?= $(PREFIX)/sbin
# Where there is no multiarch: /usr/lib64, unless that is a link to the other.
PAMLIB      := $(if $(MULTIARCH),lib/$(MULTIARCH),$(shell test -d /usr/lib64/security -a ! -L /usr/lib64 && echo lib64 || echo lib))
PAMDIR      ?= $(PREFIX)/$(PAMLIB)/security
MANDIR      ?= $(PREFIX)/share/man
DOCDIR      ?= $(PREFIX)/share/doc/ebpfguard
BASHCOMPDIR ?= $(PREFIX)/share/bash-completion/completions
UNITDIR     ?= /lib/systemd/system
EXAMPLEDIR  ?= $(DOCDIR)/examples
DESTDIR     ?=
BUILD       ?= build

# --- flags: CFLAGS, CPPFLAGS and LDFLAGS are the user's, EG_* are ours
VERSION    := 0.1.0
CFLAGS     ?= -O2 -g
CPPFLAGS   ?=
LDFLAGS    ?=
HARDENING  ?= -D_FORTIFY_SOURCE=2 -fstack-protector-strong -fstack-clash-protection
HARDENING_LD ?= -Wl,-z,relro,-z,now
WERROR     ?=
EG_WARN    := -Wall -Wextra -Wshadow -Wformat=2 -Wstrict-prototypes -Wmissing-prototypes -Wvla -Wundef \
              $(if $(filter 1,$(WERROR)),-Werror)
EG_CPPFLAGS := -D_GNU_SOURCE -DEG_VERSION='"$(VERSION)"' -DEG_PAM_DIR='"$(PAMDIR)"' -DEG_SBIN_DIR='"$(SBINDIR)"' -Ibpf -Ihelper
EG_CFLAGS  := -std=gnu11 $(EG_WARN) -fvisibility=hidden
EG_DEPS     = -MMD -MP
EG_BPFFLAGS := -g -O2 -ffile-prefix-map=$(CURDIR)=. -target bpf -mcpu=v3 -Wall -Wextra -Werror -Wno-unused-parameter -Ibpf \
              -D__TARGET_ARCH_$(shell uname -m | sed 's/x86_64/x86/;s/aarch64/arm64/') \
              $(if $(MULTIARCH),-idirafter /usr/include/$(MULTIARCH))

pkg = $(shell $(PKG_CONFIG) $(1) $(2) 2>/dev/null)

# --- objects, by name
# session.bpf.o comes first: it defines the maps the others declare, and bpftool 7.1 links extern maps in that order.
BPF_OBJS    := session.bpf.o cgroup.bpf.o quick.bpf.o brief.bpf.o event.bpf.o path.bpf.o program.bpf.o verdict.bpf.o socket.bpf.o egress.bpf.o \
               bind.bpf.o sockets.bpf.o packet.bpf.o flows.bpf.o stray.bpf.o setuid.bpf.o mount.bpf.o capable.bpf.o \
               leave.bpf.o services.bpf.o tamper.bpf.o files.bpf.o place.bpf.o learn.bpf.o run.bpf.o record.bpf.o \
               kept.bpf.o
PAM_OBJS    := pam_ebpfguard.o args.o cgroup.o cgroup_text.o client.o socket.o
PURE_OBJS   := eg_err.o ends.o cidr.o rule.o config.o config_schema.o config_names.o config_apply.o config_file.o \
               config_scan.o config_texts.o config_words.o config_groups.o config_tree.o config_profiles.o \
               config_match.o config_print.o match.o match_idle.o action.o slots.o policy.o policy_explain.o \
               policy_lists.o policy_live.o policy_sum.o deciders.o proto.o fields.o fields_encode.o fields_journal.o event.o event_act.o \
               event_socket.o key.o limit.o fold.o account.o diag.o event_story.o capability.o hooks.o builtin.o \
               place_tree.o digest.o feed.o program.o policy_nets.o config_feeds.o feed_line.o feed_networks.o feeds.o \
               feed_paths.o diff.o diff_feeds.o diff_match.o order_plan.o counters.o gaps.o people.o openmetrics.o \
               openmetrics_text.o pam_file.o utf8.o version.o give_way.o flat.o flat_runs.o quick.o pace.o setup_text.o
# What reads the log, for ebpfguardctl only.
READ_OBJS   := record_line.o record_json.o record_match.o record_print.o tally.o audit.o audit_text.o audit_svg.o \
               audit_html.o learn_time.o learn_propose.o learn.o learn_gaps.o learn_print.o
HELPER_OBJS := main.o log.o log_file.o log_socket.o notify.o lookup.o refresh.o watch.o profiles.o load.o reload.o \
               server.o opening.o peer.o control.o session.o session_open.o manager.o cgroup2.o bpf.o bpf_maps.o \
               bpf_policies.o bpf_inner.o bpf_networks.o selftest.o story.o connection.o origin.o address.o survey.o flows.o adopt.o report.o \
               bpf_pins.o bpf_packets.o stray.o bpf_sets.o bpf_places.o place_work.o place_ids.o place_disk.o \
               bpf_kernel.o bpf_rings.o ring.o rings.o inforce.o last_good.o attribute.o resolve.o places.o place_watch.o order.o order_set.o order_cut.o order_kill.o \
               order_move.o accounts.o metrics.o inquiry.o privilege.o bpf_drop.o bpf_versions.o versions.o bpf_briefs.o
CTL_OBJS    := ctl.o ctl_say.o ctl_check.o ctl_idle.o ctl_rules.o ctl_files.o ctl_near.o ctl_strict.o ctl_manager.o \
               ctl_config.o ctl_remote.o ctl_links.o ctl_match.o ctl_feeds.o ctl_program.o ctl_diff.o ctl_ask.o \
               ctl_order.o ctl_log.o ctl_save.o ctl_learn.o ctl_learn_json.o ctl_events.o ctl_report.o ctl_report_json.o \
               ctl_metrics.o ctl_metrics_json.o ctl_status.o ctl_sessions.o ctl_session.o ctl_host.o ctl_process.o \
               ctl_args.o ctl_unguarded.o ctl_logins.o ctl_json.o ctl_text.o ctl_top.o ctl_recent.o ctl_target.o \
               ctl_diff_json.o ctl_setup.o ctl_change.o ctl_trial.o ctl_run.o
UNIT_TESTS  := test_eg_err test_ends test_give_way test_cidr test_rule test_config test_config_valid test_config_words test_config_texts \
               test_config_syntax test_config_limits test_config_file test_config_keys test_policy test_policy_live \
               test_policy_limits test_policy_explain test_proto test_proto_wire test_proto_deadline test_fields test_fields_journal \
               test_log_file test_log_socket test_report test_event test_event_line test_event_rule test_event_hostile \
               test_key test_log test_limit test_fold test_account test_diag test_builtin test_hooks test_digest \
               test_feed test_place_tree test_event_story test_policy_groups test_slots test_precedence \
               test_precedence_random test_profiles test_profiles_wrong test_match test_match_random test_ctl \
               test_config_feeds test_config_scan test_config_scan_file test_config_reloads test_feed_networks \
               test_feeds test_feeds_kept test_policy_feeds test_refresh test_reload test_opening test_in_force \
               test_place_watch test_places test_watch test_place_disk test_learn test_learn_propose test_diff \
               test_ctl_diff test_order_plan test_learn_time test_record_line test_record_forged test_audit \
               test_counters test_gaps test_openmetrics test_metrics test_pam_file test_setup_text test_ctl_unguarded test_ctl_reasons test_ctl_json \
               test_notify test_people test_privilege test_version test_deciders test_attribute test_flat test_quick test_pace test_ring
CTL_LIBS    := json-c ncursesw

BPF_OBJS    := $(addprefix $(BUILD)/bpf/,$(BPF_OBJS))
PAM_OBJS    := $(addprefix $(BUILD)/pam/,$(PAM_OBJS)) $(BUILD)/pam/proto.o $(BUILD)/pam/address.o $(BUILD)/pam/ends.o
PURE_OBJS   := $(addprefix $(BUILD)/helper/,$(PURE_OBJS))
READ_OBJS   := $(addprefix $(BUILD)/helper/,$(READ_OBJS))
HELPER_OBJS := $(addprefix $(BUILD)/helper/,$(HELPER_OBJS))
CTL_OBJS    := $(addprefix $(BUILD)/helper/,$(CTL_OBJS))
UNIT_TESTS  := $(addprefix $(BUILD)/tests/unit/,$(UNIT_TESTS))
SKEL        := $(BUILD)/skel/ebpfguard.skel.h

Q := $(if $(filter 1,$(V)),,@)
say = $(if $(filter 1,$(V)),,@printf '  %-7s %s\n' $(1) $(2))

.DELETE_ON_ERROR:
.SUFFIXES:
.PHONY: all help check check-unit check-san check-pam check-vm demo lint install uninstall clean setup

all: $(BUILD)/pam_ebpfguard.so $(BUILD)/ebpfguard-helper $(BUILD)/ebpfguardctl

help:
	@echo 'make               build everything into $(BUILD)/'
	@echo 'sudo make demo     see it work in a throw-away virtual machine'
	@echo 'sudo make check    every test: lint, unit, PAM, sanitizers, valgrind, fuzzing, virtual machines'
	@echo 'make check-unit    the quick ones: no root, no network; check-lookup, check-pam, check-san, check-valgrind,'
	@echo '                   check-fuzz, check-vm and lint are parts of check, too'
	@echo 'make bench         what calls, logins and memory cost, beside others, and which goals are met (ONLY=hooks, KERNEL=6.12)'
	@echo 'make soak          100,000 sessions one after the other in a virtual machine, and 4,096 at once'
	@echo 'make soak-module   the module opened and closed 10,000 times under each of five conditions'
	@echo 'make soak-power    50 losses of power (EG_POWER_LOSSES=50), a boot after each: an hour or more'
	@echo 'sudo make storm    the helper killed 200 times, and at each step of a start, and upgraded, under logins without end'
	@echo 'make fuzz          each parser for 10 minutes of CPU time (SECONDS=600); make fuzz-coverage: what that reaches'
	@echo 'make lint          formatting, static analysis, shell, manual pages'
	@echo 'make install DESTDIR=...   make uninstall   make clean'

# --- BPF: one object per restriction, linked into one, turned into a header the helper includes
$(BUILD)/bpf/%.bpf.o: bpf/%.bpf.c
	$(call say,BPF,$@)
	@mkdir -p $(@D)
	$(Q)$(CLANG) $(EG_BPFFLAGS) -MMD -MP -MT $@ -c $< -o $@
	$(Q)$(LLVM_STRIP) -g $@ 2>/dev/null || true

$(BUILD)/bpf/ebpfguard.o: $(BPF_OBJS)
	$(call say,BPFLINK,$@)
	$(Q)$(BPFTOOL) gen object $@ $^

$(SKEL): $(BUILD)/bpf/ebpfguard.o
	$(call say,SKEL,$@)
	@mkdir -p $(@D)
	$(Q)$(BPFTOOL) gen skeleton $< name ebpfguard > $@

# --- C
$(BUILD)/helper/%.o: helper/%.c
	$(call say,CC,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $(EG_CPPFLAGS) $(HARDENING) $(CPPFLAGS) $(EG_CFLAGS) -fPIE $(call pkg,--cflags,libconfig libbpf $(CTL_LIBS)) \
		$(CFLAGS) $(EG_DEPS) -isystem $(BUILD)/skel -c $< -o $@

$(BUILD)/helper/bpf.o: $(SKEL)

$(BUILD)/pam/%.o: pam/%.c
	$(call say,CC,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $(EG_CPPFLAGS) $(HARDENING) $(CPPFLAGS) $(EG_CFLAGS) -fPIC $(CFLAGS) $(EG_DEPS) -c $< -o $@

$(BUILD)/pam/proto.o $(BUILD)/pam/address.o $(BUILD)/pam/ends.o: $(BUILD)/pam/%.o: helper/%.c
	$(call say,CC,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $(EG_CPPFLAGS) $(HARDENING) $(CPPFLAGS) $(EG_CFLAGS) -fPIC $(CFLAGS) $(EG_DEPS) -c $< -o $@

$(BUILD)/pam_ebpfguard.so: $(PAM_OBJS) pam/pam_ebpfguard.map
	$(call say,LD,$@)
	$(Q)$(CC) -shared -Wl,--version-script=pam/pam_ebpfguard.map -Wl,-z,defs $(HARDENING_LD) $(LDFLAGS) \
		-o $@ $(PAM_OBJS) -lpam

$(BUILD)/ebpfguard-helper: $(HELPER_OBJS) $(PURE_OBJS)
	$(call say,LD,$@)
	$(Q)$(CC) -pie $(HARDENING_LD) $(LDFLAGS) -o $@ $^ $(call pkg,--libs,libbpf libconfig)

$(BUILD)/ebpfguardctl: $(CTL_OBJS) $(READ_OBJS) $(PURE_OBJS)
	$(call say,LD,$@)
	$(Q)$(CC) -pie $(HARDENING_LD) $(LDFLAGS) -o $@ $^ $(call pkg,--libs,libconfig $(CTL_LIBS))

# --- unit tests: pure objects under cmocka
$(BUILD)/tests/unit/%: tests/unit/%.c $(READ_OBJS) $(PURE_OBJS)
	$(call say,TEST,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $(EG_CPPFLAGS) -Itests $(CPPFLAGS) $(EG_CFLAGS) $(CFLAGS) $(EG_DEPS) -MF $@.d $(LDFLAGS) -o $@ $< $(filter %.o,$^) \
		$(call pkg,--cflags --libs,cmocka libconfig $(CTL_LIBS))

$(BUILD)/tests/unit/test_ctl $(BUILD)/tests/unit/test_ctl_diff: | $(BUILD)/ebpfguardctl
$(BUILD)/tests/unit/test_refresh: $(BUILD)/helper/refresh.o
$(BUILD)/tests/unit/test_reload: $(BUILD)/helper/refresh.o $(BUILD)/helper/reload.o
$(BUILD)/tests/unit/test_give_way: $(BUILD)/helper/give_way.o
$(BUILD)/tests/unit/test_place_disk: $(BUILD)/helper/place_disk.o
$(BUILD)/tests/unit/test_places: $(addprefix $(BUILD)/helper/,places.o place_work.o place_ids.o)
$(BUILD)/tests/unit/test_watch: $(BUILD)/helper/watch.o
$(BUILD)/tests/unit/test_in_force: $(addprefix $(BUILD)/helper/,profiles.o attribute.o)
$(BUILD)/tests/unit/test_attribute: $(BUILD)/helper/attribute.o
$(BUILD)/tests/unit/test_place_watch: $(BUILD)/helper/place_watch.o
$(BUILD)/tests/unit/test_opening: $(BUILD)/helper/opening.o
$(BUILD)/tests/unit/test_log: $(addprefix $(BUILD)/helper/,log.o log_file.o)
$(BUILD)/tests/unit/test_log_file: $(BUILD)/helper/log_file.o
$(BUILD)/tests/unit/test_log_socket: $(BUILD)/helper/log_socket.o
$(BUILD)/tests/unit/test_metrics: $(BUILD)/helper/metrics.o
$(BUILD)/tests/unit/test_notify: $(BUILD)/helper/notify.o
$(BUILD)/tests/unit/test_privilege: $(BUILD)/helper/privilege.o
$(BUILD)/tests/unit/test_report: $(BUILD)/helper/report.o
$(BUILD)/tests/unit/test_ring: $(BUILD)/helper/ring.o

$(BUILD)/tests/unit/test_ctl_reasons: $(addprefix $(BUILD)/helper/,ctl_host.o ctl_run.o ctl_process.o ctl_args.o ctl_unguarded.o)
$(BUILD)/tests/unit/test_ctl_unguarded: $(addprefix $(BUILD)/helper/,ctl_host.o ctl_run.o ctl_process.o ctl_args.o ctl_unguarded.o \
                                        ctl_logins.o)
$(BUILD)/tests/unit/test_ctl_json: $(BUILD)/helper/ctl_json.o

include tests/tests.mk

# none is enabled by an installation
UNITS := ebpfguard.service ebpfguard.socket ebpfguard-metrics.service ebpfguard-metrics.timer

# --- install: never touches /etc/pam.d, never overwrites the configuration
install: all
	$(INSTALL) -d $(DESTDIR)$(PAMDIR) $(DESTDIR)$(SBINDIR) $(DESTDIR)$(UNITDIR) $(DESTDIR)$(SYSCONFDIR) \
		$(DESTDIR)$(MANDIR)/man5 $(DESTDIR)$(MANDIR)/man8 $(DESTDIR)$(DOCDIR) $(DESTDIR)$(EXAMPLEDIR) $(DESTDIR)$(BASHCOMPDIR)
	$(INSTALL) -m 0644 $(BUILD)/pam_ebpfguard.so $(DESTDIR)$(PAMDIR)/
	$(INSTALL) -m 0755 $(BUILD)/ebpfguard-helper $(BUILD)/ebpfguardctl $(DESTDIR)$(SBINDIR)/
	for u in $(UNITS); do \
		sed 's|@SBINDIR@|$(SBINDIR)|g' conf/$$u > $(DESTDIR)$(UNITDIR)/$$u && \
		chmod 0644 $(DESTDIR)$(UNITDIR)/$$u || exit 1; done
	$(INSTALL) -m 0644 conf/ebpfguard.conf $(DESTDIR)$(DOCDIR)/ebpfguard.conf.sample
	$(INSTALL) -m 0644 conf/grafana-dashboard.json conf/prometheus-alerts.yml $(DESTDIR)$(EXAMPLEDIR)/
	$(INSTALL) -m 0644 conf/ebpfguard.logrotate conf/COMPARISON.md $(DESTDIR)$(DOCDIR)/
	test -e $(DESTDIR)$(SYSCONFDIR)/ebpfguard.conf || \
		$(INSTALL) -m 0600 conf/ebpfguard.conf $(DESTDIR)$(SYSCONFDIR)/ebpfguard.conf
	$(INSTALL) -m 0644 conf/ebpfguardctl.bash-completion $(DESTDIR)$(BASHCOMPDIR)/ebpfguardctl
	$(INSTALL) -m 0644 conf/ebpfguard.conf.5 $(DESTDIR)$(MANDIR)/man5/
	$(INSTALL) -m 0644 pam/pam_ebpfguard.8 helper/ebpfguard-helper.8 helper/ebpfguardctl.8 $(DESTDIR)$(MANDIR)/man8/

# The configuration stays: it is the administrator's.
uninstall:
	rm -f $(DESTDIR)$(PAMDIR)/pam_ebpfguard.so $(DESTDIR)$(SBINDIR)/ebpfguard-helper $(DESTDIR)$(SBINDIR)/ebpfguardctl \
		$(addprefix $(DESTDIR)$(UNITDIR)/,$(UNITS)) \
		$(DESTDIR)$(MANDIR)/man5/ebpfguard.conf.5 $(DESTDIR)$(MANDIR)/man8/pam_ebpfguard.8 \
		$(DESTDIR)$(MANDIR)/man8/ebpfguard-helper.8 $(DESTDIR)$(MANDIR)/man8/ebpfguardctl.8 \
		$(DESTDIR)$(BASHCOMPDIR)/ebpfguardctl
	rm -rf $(DESTDIR)$(DOCDIR)

clean:
	rm -rf $(BUILD)

DEP_DIRS := bpf helper pam tests/unit tests/pam tests/attack tests/faults tests/other san/helper san/pam san/tests/unit
-include $(foreach d,$(DEP_DIRS),$(wildcard $(BUILD)/$(d)/*.d))
