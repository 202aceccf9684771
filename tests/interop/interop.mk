# SPDX-License-Identifier: ISC
# The clients that people use, against the real relay. Kept apart from
# `check`: the clients are large.

INTEROP_PACKAGES = $(shell cat tests/interop/packages)
INTEROP_JOBS ?= 3

check-interop: deps	## install real clients, build, pair publishers with subscribers
	@tests/packages.sh $(INTEROP_PACKAGES)
	@$(MAKE) --no-print-directory all
	@$(MAKE) --no-print-directory run-interop

run-interop:
	RTMPD_BUILD=$(abspath $(BUILD)) $(PYTHON) -m pytest -v -n $(INTEROP_JOBS) \
		-p no:cacheprovider tests/interop

.PHONY: check-interop run-interop
