# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# Tests. tests/check runs and counts them; the targets here build what it runs and say where it is.

SAN        := -fsanitize=address,undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer -O1 -g
ATTACKS    := $(addprefix $(BUILD)/tests/attack/,try ask)

.PHONY: setup unit-tests pam-tests san-tests vm-tools list-unit list-san lint-flags

include tests/pam/pam.mk

setup:
	@tests/setup check

check: setup
	@BUILD=$(BUILD) tests/check

check-unit:
	@BUILD=$(BUILD) tests/check unit

check-pam:
	@BUILD=$(BUILD) tests/check pam

check-san: setup
	@BUILD=$(BUILD) tests/check san

check-vm: setup
	@BUILD=$(BUILD) tests/check vm

lint: setup
	@BUILD=$(BUILD) tests/lint
lint-flags:
	@echo '$(subst ',,$(EG_CPPFLAGS)) $(EG_CFLAGS) $(call pkg,--cflags,libconfig libbpf) -isystem $(BUILD)/skel'

demo:
	@tests/setup demo
	@BUILD=$(BUILD) tests/vm/demo

unit-tests: $(UNIT_TESTS)
list-unit:
	@echo $(UNIT_TESTS)

pam-tests: $(PAM_TESTS) $(BUILD)/pam_ebpfguard.so

# The same sources once more under ASan and UBSan, into a tree of their own.
SAN_TESTS := $(addprefix $(BUILD)/san/tests/unit/,$(notdir $(UNIT_TESTS))) $(PAM_SAN_TESTS)
san-tests: $(PAM_SAN_TESTS)
	@$(MAKE) -s BUILD=$(BUILD)/san HARDENING= CFLAGS='$(SAN)' LDFLAGS='-fsanitize=address,undefined' unit-tests
list-san:
	@echo $(SAN_TESTS)

# Attack programs run in guests of several suites: static.
vm-tools: $(ATTACKS)
$(BUILD)/tests/attack/%: tests/attack/%.c helper/proto.c
	$(call say,CC,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $(EG_CPPFLAGS) $(CPPFLAGS) $(EG_CFLAGS) $(CFLAGS) $(EG_DEPS) -MF $@.d $(LDFLAGS) -static -o $@ $< helper/proto.c
