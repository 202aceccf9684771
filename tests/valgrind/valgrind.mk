# SPDX-License-Identifier: ISC
# The relay under valgrind. Kept apart from `check`: the sanitizers see most
# of it sooner. Memcheck replaces malloc(3), which it cannot in a static program.

VALGRIND_PACKAGES := valgrind ffmpeg python3
VALGRIND_BUILD := STATIC=0 BUILD=build/dynamic

check-valgrind: deps	## a relay under memcheck, with publishers and subscribers
	@tests/packages.sh $(VALGRIND_PACKAGES)
	@$(MAKE) --no-print-directory $(VALGRIND_BUILD) all run-valgrind

$(BUILD)/valgrind/lacks.so: tests/valgrind/lacks.c
	@mkdir -p $(@D)
	@echo "ld $@"
	@$(CC) -std=gnu11 $(WARN) $(CFLAGS) -D_GNU_SOURCE -fPIC -shared -o $@ $<

run-valgrind: $(PROGRAMS) $(BUILD)/valgrind/lacks.so
	RTMPD_BUILD=$(abspath $(BUILD)) $(PYTHON) tests/valgrind/run.py \
		$(BUILD)/valgrind/logs $(abspath $(BUILD)/valgrind/lacks.so)

.PHONY: check-valgrind run-valgrind
