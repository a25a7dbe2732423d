# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# Flat tables against tries, by programs that load on any kernel: a test and a benchmark (tests/bench/lookup). Static, so
# that they run in machines, too.

LOOKUP      := $(BUILD)/tests/lookup
LOOKUP_OBJS := $(LOOKUP)/structures.o $(PURE_OBJS)

.PHONY: lookup-tools
lookup-tools: $(addprefix $(LOOKUP)/,test_lookup lookup reload)
$(LOOKUP)/lookup.bpf.o: tests/bench/lookup.bpf.c
	$(call say,BPF,$@)
	@mkdir -p $(@D)
	$(Q)$(CLANG) $(EG_BPFFLAGS) -MMD -MP -MT $@ -c $< -o $@
	$(Q)$(LLVM_STRIP) -g $@ 2>/dev/null || true
$(LOOKUP)/skel/lookup.skel.h: $(LOOKUP)/lookup.bpf.o
	$(call say,SKEL,$@)
	@mkdir -p $(@D)
	$(Q)$(BPFTOOL) gen skeleton $< name lookup_bpf > $@
$(LOOKUP)/structures.o: $(LOOKUP)/skel/lookup.skel.h
$(LOOKUP)/%.o: tests/bench/%.c
	$(call say,CC,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $(EG_CPPFLAGS) -Itests $(CPPFLAGS) $(EG_CFLAGS) $(call pkg,--cflags,libconfig libbpf) $(CFLAGS) $(EG_DEPS) \
		-isystem $(LOOKUP)/skel -c $< -o $@
$(LOOKUP)/test_lookup $(LOOKUP)/lookup $(LOOKUP)/reload: $(LOOKUP)/%: $(LOOKUP)/%.o $(LOOKUP_OBJS)
	$(call say,LD,$@)
	$(Q)$(CC) $(LDFLAGS) -static -o $@ $^ $(call pkg,--static --libs,libbpf libconfig)
-include $(wildcard $(LOOKUP)/*.d)
