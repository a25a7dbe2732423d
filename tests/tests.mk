# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# Tests. tests/check runs and counts them; the targets here build what it runs and say where it is.

SAN        := -fsanitize=address,undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer -O1 -g
TSAN       := -fsanitize=thread -O1 -g
ATTACKS    := $(addprefix $(BUILD)/tests/attack/,try ask)

.PHONY: setup soak storm check-lookup check-fuzz check-valgrind unit-tests pam-tests san-tests vm-tools list-unit list-san list-tsan list-valgrind lint-flags \
	lint-bpf-flags

include tests/pam/pam.mk
include tests/fuzz/fuzz.mk
include tests/bench/bench.mk
include tests/bench/lookup.mk

setup:
	@BUILD=$(BUILD) tests/setup check

check: setup
	@BUILD=$(BUILD) tests/check

check-unit:
	@BUILD=$(BUILD) tests/check unit

check-pam:
	@BUILD=$(BUILD) tests/check pam

check-san: setup
	@BUILD=$(BUILD) tests/check san

check-lookup: setup
	@BUILD=$(BUILD) tests/check lookup

check-fuzz: setup
	@BUILD=$(BUILD) tests/check fuzz

# A test of some minutes each in the ordinary run. 7.2 kills where a start has no pins, 6.12 elsewhere.
storm: setup vm-tools
	@set -e; export BUILD=$(BUILD) EG_KILLS=$(or $(KILLS),200) EG_UPGRADES=$(or $(UPGRADES),5) EG_TIMEOUT=28800; \
		for job in '6.12 storm' '6.12 fault_starts fault_pins' '7.2 fault_pins' '6.12 upgrade'; do tests/vm/suite $$job; done

check-valgrind: setup
	@BUILD=$(BUILD) tests/check valgrind

check-vm: setup
	@BUILD=$(BUILD) tests/check vm

# What test_load.sh does with fewer sessions in `make check`, and as many at once as there may be, and some more.
soak: setup vm-tools
	@BUILD=$(BUILD) EG_OPENS=$${EG_OPENS:-100000} EG_HELD=$${EG_HELD:-4100} EG_TIMEOUT=$${EG_TIMEOUT:-28800} tests/vm/suite 6.12 load

lint: setup
	@BUILD=$(BUILD) tests/lint
lint-flags:
	@echo '$(subst ',,$(EG_CPPFLAGS)) $(EG_CFLAGS) $(call pkg,--cflags,libconfig libbpf json-c) -isystem $(BUILD)/skel'
lint-bpf-flags:
	@echo '$(filter-out -W%,$(EG_BPFFLAGS))'

demo:
	@tests/setup demo
	@BUILD=$(BUILD) tests/vm/demo

# Stand in for the helper: in test_metrics.sh; and as a script has it, in test_ctl_live.sh.
FAKES := $(BUILD)/tests/fake_metrics $(BUILD)/tests/fake_helper
$(FAKES): $(BUILD)/tests/%: tests/%.c $(BUILD)/helper/proto.o
	$(call say,LD,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $(EG_CPPFLAGS) $(CPPFLAGS) $(EG_CFLAGS) $(CFLAGS) $(EG_DEPS) -MF $@.d $(LDFLAGS) -o $@ $(filter %.c %.o,$^)
-include $(FAKES:%=%.d)

unit-tests: $(UNIT_TESTS) $(MUTATED) $(FAKES)
list-unit:
	@echo $(UNIT_TESTS) $(MUTATED)

pam-tests: $(PAM_TESTS) $(PAM_VALGRIND) $(BUILD)/pam_ebpfguard.so

# The same sources once more under ASan and UBSan, into a tree of their own.
# Those with threads, under ThreadSanitizer as well.
THREAD_TESTS := $(addprefix $(BUILD)/tsan/tests/unit/,test_refresh test_reload test_metrics)
SAN_TESTS := $(addprefix $(BUILD)/san/tests/unit/,$(notdir $(UNIT_TESTS))) \
	$(addprefix $(BUILD)/san/tests/fuzz/,$(notdir $(MUTATED))) $(PAM_SAN_TESTS)
san-tests: $(PAM_SAN_TESTS)
	@$(MAKE) -s BUILD=$(BUILD)/san HARDENING= CFLAGS='$(SAN)' LDFLAGS='-fsanitize=address,undefined' unit-tests \
		$(BUILD)/san/ebpfguardctl
	@$(MAKE) -s BUILD=$(BUILD)/tsan HARDENING= CFLAGS='$(TSAN)' LDFLAGS=-fsanitize=thread $(THREAD_TESTS)
list-san:
	@echo $(SAN_TESTS)
list-tsan:
	@echo $(THREAD_TESTS)

# Once more under valgrind. Not those that fill everything to its limit or try tens of thousands of things, which takes them
# minutes there; nor config_reloads and module_soak, which start themselves again by /proc/self/exe: that is valgrind then.
NO_VALGRIND := policy_limits policy_live config_limits config_reloads event_hostile precedence_random profiles \
               profiles_wrong match feed feed_networks policy_feeds flat
list-valgrind:
	@echo $(filter-out $(NO_VALGRIND:%=$(BUILD)/tests/unit/test_%),$(UNIT_TESTS)) $(filter-out %/test_module_soak,$(PAM_TESTS))

# A machine that loses its power, again and again: tests/vm/power.
.PHONY: soak-power
soak-power: all vm-tools
	EG_POWER_LOSSES=$${EG_POWER_LOSSES:-50} tests/vm/power

# Attack programs run in guests of several suites: static. Rings made by another process are used at the addresses of
# this one, so they stay where the linker has put them: no PIE.
ATTACK_SRCS := try call look identity mounts serve net uring net_connect net_send net_route net_raw net_family net_sctp \
               net_uring net_pass net_where net_bind net_incoming broker gain mounts_new ceiling trace cgroups unixes doors files kills reads story steal runs layers watch disguise flood
ATTACK_OBJS := $(patsubst %,$(BUILD)/tests/attack/%.o,$(ATTACK_SRCS))
vm-tools: $(ATTACKS)
$(BUILD)/tests/attack/%.o: tests/attack/%.c
	$(call say,CC,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $(EG_CPPFLAGS) $(CPPFLAGS) $(EG_CFLAGS) $(CFLAGS) -fno-pie $(EG_DEPS) -MF $@.d -c -o $@ $<
$(BUILD)/tests/attack/try: $(ATTACK_OBJS)
	$(call say,LD,$@)
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) -static -o $@ $(ATTACK_OBJS)
# The same once more, dynamically linked and with a library that others can take the place of.
STEAL := $(addprefix $(BUILD)/tests/attack/,dynamic libegnothing.so.1 libsteal.so)
vm-tools: $(STEAL)
$(BUILD)/tests/attack/libegnothing.so.1 $(BUILD)/tests/attack/libsteal.so: tests/attack/libsteal.c
	$(call say,LD,$@)
	$(Q)$(CC) $(EG_CPPFLAGS) $(CPPFLAGS) $(EG_CFLAGS) $(CFLAGS) $(if $(filter %.1,$@),-DEG_HONEST) -fPIC -shared \
		-Wl,-soname,libegnothing.so.1 $(LDFLAGS) -o $@ $<
$(BUILD)/tests/attack/dynamic: $(ATTACK_OBJS) tests/attack/linked.c $(BUILD)/tests/attack/libegnothing.so.1
	$(call say,LD,$@)
	$(Q)$(CC) $(EG_CPPFLAGS) $(CPPFLAGS) $(EG_CFLAGS) $(CFLAGS) -fno-pie $(LDFLAGS) -no-pie -Wl,--no-as-needed -o $@ \
		tests/attack/linked.c $(BUILD)/tests/attack/libegnothing.so.1 $(ATTACK_OBJS) -pthread
# Names of groups that take their time.
vm-tools: $(BUILD)/tests/attack/libnss_egslow.so.2
$(BUILD)/tests/attack/libnss_egslow.so.2: tests/attack/libnss_egslow.c
	$(call say,LD,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $(EG_CPPFLAGS) $(CPPFLAGS) $(EG_CFLAGS) -fvisibility=default $(CFLAGS) -fPIC -shared -Wl,-soname,libnss_egslow.so.2 $(LDFLAGS) -o $@ $<
$(BUILD)/tests/attack/ask: tests/attack/ask.c helper/proto.c
	$(call say,CC,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $(EG_CPPFLAGS) $(CPPFLAGS) $(EG_CFLAGS) $(CFLAGS) $(EG_DEPS) -MF $@.d $(LDFLAGS) -static -o $@ $< helper/proto.c

# The helper with a hook it does not see, although the kernel has it. Its libraries are linked in: guests have others.
BLIND       := $(BUILD)/tests/ebpfguard-helper-blind
vm-tools: $(BLIND)
$(BUILD)/tests/hooks_blind.o: helper/hooks.c helper/hooks.h
	$(call say,CC,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $(EG_CPPFLAGS) $(CPPFLAGS) $(EG_CFLAGS) $(CFLAGS) -fPIE -DEG_BLIND_HOOK='"userns_create"' -c -o $@ $<
$(BLIND): $(HELPER_OBJS) $(filter-out %/hooks.o,$(PURE_OBJS)) $(BUILD)/tests/hooks_blind.o
	$(call say,LD,$@)
	$(Q)$(CC) -pie $(LDFLAGS) -o $@ $^ -Wl,-Bstatic $(call pkg,--static --libs,libbpf libconfig) -Wl,-Bdynamic

# The helper with points at which a test lets a step fail (helper/fault.h), statically linked like the one above.
FAULTY      := $(BUILD)/tests/ebpfguard-helper-faults
FAULTY_OBJS := $(patsubst $(BUILD)/helper/%,$(BUILD)/tests/faults/%,$(HELPER_OBJS) $(PURE_OBJS)) $(BUILD)/tests/faults/fault.o
vm-tools: $(FAULTY)
$(BUILD)/tests/faults/bpf.o: $(SKEL)
$(BUILD)/tests/faults/%.o: helper/%.c
	$(call say,CC,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $(EG_CPPFLAGS) $(CPPFLAGS) $(EG_CFLAGS) $(call pkg,--cflags,libconfig libbpf) $(CFLAGS) -fPIE -DEG_FAULTS \
		$(EG_DEPS) -isystem $(BUILD)/skel -c -o $@ $<
$(FAULTY): $(FAULTY_OBJS)
	$(call say,LD,$@)
	$(Q)$(CC) -pie $(LDFLAGS) -o $@ $^ -Wl,-Bstatic $(call pkg,--static --libs,libbpf libconfig) -Wl,-Bdynamic

# The helper of another ABI version, whose structs are laid out in another way (bpf/abi.h): with its own BPF programs.
OTHER       := $(BUILD)/tests/ebpfguard-helper-other
OTHER_BPF   := $(patsubst $(BUILD)/bpf/%,$(BUILD)/tests/other/%,$(BPF_OBJS))
OTHER_OBJS  := $(patsubst $(BUILD)/helper/%,$(BUILD)/tests/other/%,$(HELPER_OBJS) $(PURE_OBJS))
vm-tools: $(OTHER)
$(BUILD)/tests/other/%.bpf.o: bpf/%.bpf.c
	$(call say,BPF,$@)
	@mkdir -p $(@D)
	$(Q)$(CLANG) $(EG_BPFFLAGS) -DEG_ABI_OTHER -MMD -MP -MT $@ -c $< -o $@
	$(Q)$(LLVM_STRIP) -g $@ 2>/dev/null || true
$(BUILD)/tests/other/skel/ebpfguard.skel.h: $(OTHER_BPF)
	$(call say,SKEL,$@)
	@mkdir -p $(@D)
	$(Q)$(BPFTOOL) gen object $(BUILD)/tests/other/ebpfguard.o $^
	$(Q)$(BPFTOOL) gen skeleton $(BUILD)/tests/other/ebpfguard.o name ebpfguard > $@
$(BUILD)/tests/other/bpf.o: $(BUILD)/tests/other/skel/ebpfguard.skel.h
$(BUILD)/tests/other/%.o: helper/%.c
	$(call say,CC,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $(EG_CPPFLAGS) $(CPPFLAGS) $(EG_CFLAGS) $(call pkg,--cflags,libconfig libbpf) $(CFLAGS) -fPIE -DEG_ABI_OTHER \
		$(EG_DEPS) -isystem $(BUILD)/tests/other/skel -c -o $@ $<
$(OTHER): $(OTHER_OBJS)
	$(call say,LD,$@)
	$(Q)$(CC) -pie $(LDFLAGS) -o $@ $^ -Wl,-Bstatic $(call pkg,--static --libs,libbpf libconfig) -Wl,-Bdynamic

# Takes the places that a hook of the kernel has for programs.
FILL        := $(BUILD)/tests/attack/fill
vm-tools: $(FILL)
$(FILL): tests/attack/fill.c
	$(call say,CC,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $(EG_CPPFLAGS) $(CPPFLAGS) $(EG_CFLAGS) $(call pkg,--cflags,libbpf) $(CFLAGS) $(EG_DEPS) -MF $@.d $(LDFLAGS) -o $@ $< \
		-Wl,-Bstatic $(call pkg,--static --libs,libbpf) -Wl,-Bdynamic

# Logins without sshd, by the guest's own libpam.
LOGIN       := $(BUILD)/tests/attack/pam_login
vm-tools: $(LOGIN)
$(LOGIN): tests/attack/pam_login.c tests/attack/pam_session.c tests/attack/pam_session.h
	$(call say,CC,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $(EG_CPPFLAGS) $(CPPFLAGS) $(EG_CFLAGS) $(CFLAGS) $(EG_DEPS) -MF $@.d $(LDFLAGS) -o $@ $(filter %.c,$^) -lpam

# The oracle asks the kernel what policies say: the product's parser, compiler and map code, static for the same reason.
ORACLE      := $(BUILD)/tests/oracle
ORACLE_OBJS := $(addprefix $(ORACLE)/,oracle.o random.o spoil.o) $(PURE_OBJS) $(addprefix $(BUILD)/helper/,bpf_maps.o bpf_policies.o bpf_inner.o bpf_networks.o bpf_pins.o bpf_sets.o bpf_places.o bpf_briefs.o)
vm-tools: $(ORACLE)/oracle $(ORACLE)/verified
$(ORACLE)/%.bpf.o: tests/oracle/%.bpf.c
	$(call say,BPF,$@)
	@mkdir -p $(@D)
	$(Q)$(CLANG) $(EG_BPFFLAGS) -MMD -MP -MT $@ -c $< -o $@
	$(Q)$(LLVM_STRIP) -g $@ 2>/dev/null || true
$(ORACLE)/skel/oracle.skel.h: $(ORACLE)/oracle.bpf.o
	$(call say,SKEL,$@)
	@mkdir -p $(@D)
	$(Q)$(BPFTOOL) gen skeleton $< name oracle > $@
$(ORACLE)/oracle.o: $(ORACLE)/skel/oracle.skel.h
$(ORACLE)/%.o: tests/oracle/%.c
	$(call say,CC,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $(EG_CPPFLAGS) $(CPPFLAGS) $(EG_CFLAGS) $(call pkg,--cflags,libconfig libbpf) $(CFLAGS) $(EG_DEPS) \
		-isystem $(ORACLE)/skel -c $< -o $@
$(ORACLE)/oracle: $(ORACLE_OBJS)
	$(call say,LD,$@)
	$(Q)$(CC) $(LDFLAGS) -static -o $@ $^ $(call pkg,--static --libs,libbpf libconfig)
$(ORACLE)/verified: $(ORACLE)/verified.o
	$(call say,LD,$@)
	$(Q)$(CC) $(LDFLAGS) -static -o $@ $^ $(call pkg,--static --libs,libbpf)
-include $(wildcard $(ORACLE)/*.d)
