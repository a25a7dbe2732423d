# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# What `make bench` runs in the guest: static, as the attack programs are.

BENCH       := $(BUILD)/tests/bench
.PHONY: bench bench-tools
bench: setup bench-tools
	@BUILD=$(BUILD) tests/bench/all $(if $(KERNEL),--kernel $(KERNEL)) $(ONLY)
bench-tools: vm-tools $(BENCH)/probe $(BENCH)/peers $(BENCH)/event

$(BENCH)/probe: tests/bench/probe.c
	$(call say,CC,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $(EG_CPPFLAGS) $(CPPFLAGS) $(EG_CFLAGS) $(CFLAGS) -fno-pie $(EG_DEPS) -MF $@.d $(LDFLAGS) -static -o $@ $<
$(BENCH)/peers.bpf.o: tests/bench/peers.bpf.c
	$(call say,BPF,$@)
	@mkdir -p $(@D)
	$(Q)$(CLANG) $(EG_BPFFLAGS) -MMD -MP -MT $@ -c $< -o $@
	$(Q)$(LLVM_STRIP) -g $@ 2>/dev/null || true
$(BENCH)/skel/peers.skel.h: $(BENCH)/peers.bpf.o
	$(call say,SKEL,$@)
	@mkdir -p $(@D)
	$(Q)$(BPFTOOL) gen skeleton $< name peers > $@
$(BENCH)/peers: tests/bench/peers.c $(BENCH)/skel/peers.skel.h
	$(call say,CC,$@)
	$(Q)$(CC) $(EG_CPPFLAGS) $(CPPFLAGS) $(EG_CFLAGS) $(call pkg,--cflags,libbpf) $(CFLAGS) $(EG_DEPS) -MF $@.d \
		-isystem $(BENCH)/skel $(LDFLAGS) -static -o $@ $< $(call pkg,--static --libs,libbpf)
# With the product's own objects.
$(BENCH)/event.bpf.o: tests/bench/event.bpf.c
	$(call say,BPF,$@)
	@mkdir -p $(@D)
	$(Q)$(CLANG) $(EG_BPFFLAGS) -MMD -MP -MT $@ -c $< -o $@
	$(Q)$(LLVM_STRIP) -g $@ 2>/dev/null || true
$(BENCH)/skel/event.skel.h: $(BENCH)/event.bpf.o $(BUILD)/bpf/event.bpf.o $(BUILD)/bpf/path.bpf.o
	$(call say,SKEL,$@)
	@mkdir -p $(@D)
	$(Q)$(BPFTOOL) gen object $(BENCH)/event_linked.o $^
	$(Q)$(BPFTOOL) gen skeleton $(BENCH)/event_linked.o name event > $@
$(BENCH)/event: tests/bench/event.c $(BENCH)/skel/event.skel.h
	$(call say,CC,$@)
	$(Q)$(CC) $(EG_CPPFLAGS) $(CPPFLAGS) $(EG_CFLAGS) $(call pkg,--cflags,libbpf) $(CFLAGS) $(EG_DEPS) -MF $@.d \
		-isystem $(BENCH)/skel $(LDFLAGS) -static -o $@ $< $(call pkg,--static --libs,libbpf)
-include $(wildcard $(BENCH)/*.d)
