# SPDX-License-Identifier: ISC
# chaos.mk - a live relay whose parts are killed, and one that runs for long;
# see README.md. Included by the Makefile at the top.

CHAOS_MINUTES ?= 60
SOAK_MINUTES ?= 60
CHAOS = RTMPD_BUILD=$(abspath $(BUILD)) $(PYTHON) tests/chaos/run.py

check-chaos: all	## a minute of chaos, by a seed that is printed
	RTMPD_BUILD=$(abspath $(BUILD)) $(PYTHON) -m pytest -q \
		-p no:cacheprovider tests/chaos
	$(CHAOS) --minutes 1 $(CHAOS_OPTIONS)

chaos: all	## the same for CHAOS_MINUTES=60
	$(CHAOS) --minutes $(CHAOS_MINUTES) $(CHAOS_OPTIONS)

soak: all	## 100 subscribers come and go for SOAK_MINUTES=60; memory stays flat
	RTMPD_BUILD=$(abspath $(BUILD)) $(PYTHON) tests/chaos/soak.py \
		--minutes $(SOAK_MINUTES)

.PHONY: check-chaos chaos soak
