# SPDX-License-Identifier: ISC
# The relay under valgrind. Kept apart from `check`: the sanitizers see most
# of it sooner.

VALGRIND_PACKAGES := valgrind ffmpeg python3

check-valgrind: deps	## a relay under memcheck, with publishers and subscribers
	@tests/packages.sh $(VALGRIND_PACKAGES)
	@$(MAKE) --no-print-directory all $(BUILD)/valgrind/lacks.so
	@$(MAKE) --no-print-directory run-valgrind

$(BUILD)/valgrind/lacks.so: tests/valgrind/lacks.c
	@mkdir -p $(@D)
	@echo "ld $@"
	@$(CC) -std=gnu11 $(WARN) $(CFLAGS) -D_GNU_SOURCE -fPIC -shared -o $@ $<

run-valgrind: $(BUILD)/valgrind/lacks.so
	RTMPD_BUILD=$(abspath $(BUILD)) $(PYTHON) tests/valgrind/run.py \
		$(BUILD)/valgrind/logs $(abspath $(BUILD)/valgrind/lacks.so)

.PHONY: check-valgrind run-valgrind
