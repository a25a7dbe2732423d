# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# The module's tests: tests/check runs them, as shipped in its group pam, under ASan and UBSan in its group san. They
# need root and a cgroup2 mount; without, those that need them are skipped (EG_MUST_RUN=1: they fail).

PAM_CGROUP_TESTS := test_cgroup_text test_cgroup
PAM_MODULE_TESTS := test_module test_module_person test_module_socket test_module_hard test_module_soak
PAM_TESTS        := $(addprefix $(BUILD)/tests/pam/,$(PAM_CGROUP_TESTS) $(PAM_MODULE_TESTS))
PAM_SAN_TESTS    := $(addprefix $(BUILD)/san/pam/,$(PAM_CGROUP_TESTS) $(PAM_MODULE_TESTS))
PAM_SAN_FLAGS    := -g -O1 -fno-omit-frame-pointer -fsanitize=address,undefined -fno-sanitize-recover=all
PAM_SAN_OBJS     := $(addprefix $(BUILD)/san/pam/,$(notdir $(PAM_OBJS)))
PAM_TEST_CPP      = $(EG_CPPFLAGS) -Ipam -Itests/pam $(CPPFLAGS) $(EG_CFLAGS)
PAM_TEST_LIBS     = $(call pkg,--cflags --libs,cmocka) -lpam

.PHONY: list-pam soak-module
list-pam:
	@echo $(PAM_TESTS)

# 10,000 opens under each condition, as shipped and with sanitizers: about a quarter of an hour.
soak-module: $(BUILD)/tests/pam/test_module_soak $(BUILD)/san/pam/test_module_soak
	EG_OPENS=$${EG_OPENS:-10000} $(BUILD)/tests/pam/test_module_soak
	EG_OPENS=$${EG_OPENS:-10000} $(BUILD)/san/pam/test_module_soak

# --- as shipped: the module itself, and what makes cgroups as it is in it
$(BUILD)/tests/pam/fake_helper.o: tests/pam/fake_helper.c
	$(call say,TEST,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $(PAM_TEST_CPP) $(CFLAGS) $(EG_DEPS) -c $< -o $@

$(addprefix $(BUILD)/tests/pam/,$(PAM_CGROUP_TESTS)): $(BUILD)/tests/pam/%: tests/pam/%.c $(BUILD)/pam/cgroup.o $(BUILD)/pam/cgroup_text.o
	$(call say,TEST,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $(PAM_TEST_CPP) $(CFLAGS) $(EG_DEPS) -MF $@.d $(LDFLAGS) -o $@ $< $(BUILD)/pam/cgroup.o \
		$(BUILD)/pam/cgroup_text.o $(PAM_TEST_LIBS)

# -rdynamic: libpam must find our syslog()
$(addprefix $(BUILD)/tests/pam/,$(PAM_MODULE_TESTS)): $(BUILD)/tests/pam/%: tests/pam/%.c $(BUILD)/tests/pam/fake_helper.o \
		$(BUILD)/pam/proto.o $(BUILD)/pam/address.o $(BUILD)/pam_ebpfguard.so
	$(call say,TEST,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $(PAM_TEST_CPP) $(CFLAGS) -fvisibility=default $(EG_DEPS) -MF $@.d \
		-DEG_MODULE='"$(abspath $(BUILD)/pam_ebpfguard.so)"' $(LDFLAGS) -rdynamic -o $@ $< \
		$(BUILD)/tests/pam/fake_helper.o $(BUILD)/pam/proto.o $(BUILD)/pam/address.o $(PAM_TEST_LIBS)

# --- for sshd under valgrind: a helper, what sshd cannot do there, and a module that leaks, as the control
PAM_VALGRIND := $(addprefix $(BUILD)/tests/pam/,scripted_helper sandbox.so leaky/pam_ebpfguard.so)
$(BUILD)/tests/pam/scripted_helper: tests/pam/scripted_helper.c $(BUILD)/tests/pam/fake_helper.o $(BUILD)/pam/proto.o
	$(call say,TEST,$@)
	$(Q)$(CC) $(PAM_TEST_CPP) $(CFLAGS) $(EG_DEPS) -MF $@.d $(LDFLAGS) -o $@ $(filter %.c %.o,$^) -pthread
$(BUILD)/tests/pam/sandbox.so: tests/pam/sandbox.c
	$(call say,TEST,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $(PAM_TEST_CPP) $(CFLAGS) -fPIC -shared $(LDFLAGS) -o $@ $<
$(BUILD)/tests/pam/leaky/pam_ebpfguard.so: tests/pam/leaky.c $(PAM_OBJS) pam/pam_ebpfguard.map
	$(call say,TEST,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $(PAM_TEST_CPP) $(CFLAGS) -g -fPIC -shared -Wl,--version-script=pam/pam_ebpfguard.map \
		-Wl,--wrap=eg_cgroup_done $(LDFLAGS) -o $@ $< $(PAM_OBJS) -lpam

# --- with sanitizers: module, fake helper and tests. No FORTIFY, which would hide calls from ASan.
$(BUILD)/san/pam/%.o: pam/%.c
	$(call say,SAN,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $(EG_CPPFLAGS) $(CPPFLAGS) $(EG_CFLAGS) -fPIC $(PAM_SAN_FLAGS) $(EG_DEPS) -c $< -o $@

$(BUILD)/san/pam/proto.o $(BUILD)/san/pam/address.o $(BUILD)/san/pam/ends.o: $(BUILD)/san/pam/%.o: helper/%.c
	$(call say,SAN,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $(EG_CPPFLAGS) $(CPPFLAGS) $(EG_CFLAGS) -fPIC $(PAM_SAN_FLAGS) $(EG_DEPS) -c $< -o $@

$(BUILD)/san/pam/fake_helper.o: tests/pam/fake_helper.c
	$(call say,SAN,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $(PAM_TEST_CPP) $(PAM_SAN_FLAGS) $(EG_DEPS) -c $< -o $@

# No -z defs: the sanitizers' functions are the test program's.
$(BUILD)/san/pam_ebpfguard.so: $(PAM_SAN_OBJS) pam/pam_ebpfguard.map
	$(call say,SAN,$@)
	$(Q)$(CC) -shared -Wl,--version-script=pam/pam_ebpfguard.map $(PAM_SAN_FLAGS) -o $@ $(PAM_SAN_OBJS) -lpam

$(addprefix $(BUILD)/san/pam/,$(PAM_CGROUP_TESTS)): $(BUILD)/san/pam/%: tests/pam/%.c $(BUILD)/san/pam/cgroup.o $(BUILD)/san/pam/cgroup_text.o
	$(call say,SAN,$@)
	$(Q)$(CC) $(PAM_TEST_CPP) $(PAM_SAN_FLAGS) $(EG_DEPS) -MF $@.d -o $@ $< $(BUILD)/san/pam/cgroup.o \
		$(BUILD)/san/pam/cgroup_text.o $(PAM_TEST_LIBS)

$(addprefix $(BUILD)/san/pam/,$(PAM_MODULE_TESTS)): $(BUILD)/san/pam/%: tests/pam/%.c $(BUILD)/san/pam/fake_helper.o \
		$(BUILD)/san/pam/proto.o $(BUILD)/san/pam/address.o $(BUILD)/san/pam_ebpfguard.so
	$(call say,SAN,$@)
	$(Q)$(CC) $(PAM_TEST_CPP) $(PAM_SAN_FLAGS) -fvisibility=default $(EG_DEPS) -MF $@.d \
		-DEG_MODULE='"$(abspath $(BUILD)/san/pam_ebpfguard.so)"' -rdynamic -o $@ $< \
		$(BUILD)/san/pam/fake_helper.o $(BUILD)/san/pam/proto.o $(BUILD)/san/pam/address.o \
		$(PAM_TEST_LIBS)
