# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# Fuzzing: one target a parser (fuzz_NAME.c), in three builds. With our own main (mutate.c) it runs in the ordinary tests
# and under the sanitizers, and says which lines it reaches; with libFuzzer's it looks for more.

FUZZ         := proto config networks digests rule event key record
MUTATED      := $(FUZZ:%=$(BUILD)/tests/fuzz/test_mutated_%)
FUZZERS      := $(FUZZ:%=$(BUILD)/tests/fuzz/fuzz_%)
FUZZ_FLAGS   := -fsanitize=address,undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer -O1 -g

.PHONY: fuzz fuzz-coverage fuzz-merge fuzzers fuzzers-here mutated covered list-fuzz

# SECONDS of CPU time for each target.
SECONDS ?= 600
fuzz: setup fuzzers
	@BUILD=$(BUILD) tests/fuzz/run $(SECONDS) $(FUZZ)

# Takes into the tree what runs have found, as little of it as reaches the same.
fuzz-merge: setup fuzzers
	@BUILD=$(BUILD) tests/fuzz/run merge $(FUZZ)

fuzz-coverage: setup covered
	@tests/fuzz/coverage $(BUILD)/coverage
covered:
	@$(MAKE) -s BUILD=$(BUILD)/coverage HARDENING= CC=$(CLANG) CFLAGS='-O0 -g -fprofile-instr-generate -fcoverage-mapping' \
		LDFLAGS='-fprofile-instr-generate -fcoverage-mapping' mutated

fuzzers:
	@$(MAKE) -s BUILD=$(BUILD)/fuzz HARDENING= CC=$(CLANG) CFLAGS='$(FUZZ_FLAGS) -fsanitize=fuzzer-no-link' \
		LDFLAGS='$(FUZZ_FLAGS) -fsanitize=fuzzer' fuzzers-here
fuzzers-here: $(FUZZERS)
mutated: $(MUTATED)
list-fuzz:
	@echo $(FUZZ)

FUZZ_OBJS := $(BUILD)/tests/fuzz/common.o $(READ_OBJS) $(PURE_OBJS)
$(BUILD)/tests/fuzz/%.o: tests/fuzz/%.c
	$(call say,CC,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $(EG_CPPFLAGS) $(CPPFLAGS) $(EG_CFLAGS) $(call pkg,--cflags,libconfig $(CTL_LIBS)) $(CFLAGS) $(EG_DEPS) -c $< -o $@
$(MUTATED): $(BUILD)/tests/fuzz/test_mutated_%: $(BUILD)/tests/fuzz/fuzz_%.o $(BUILD)/tests/fuzz/mutate.o $(FUZZ_OBJS)
	$(call say,TEST,$@)
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(call pkg,--libs,libconfig $(CTL_LIBS))
$(FUZZERS): $(BUILD)/tests/fuzz/fuzz_%: $(BUILD)/tests/fuzz/fuzz_%.o $(FUZZ_OBJS)
	$(call say,FUZZER,$@)
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(call pkg,--libs,libconfig $(CTL_LIBS))
$(BUILD)/tests/fuzz/test_mutated_event $(BUILD)/tests/fuzz/fuzz_event: $(BUILD)/tests/fuzz/fuzz_lines.o
-include $(wildcard $(BUILD)/tests/fuzz/*.d)
