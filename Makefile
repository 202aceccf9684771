# rtmpd - GNU make, no configure step. `make help` lists the targets.

PREFIX	?= /usr/local
BINDIR	?= $(PREFIX)/bin
SBINDIR	?= $(PREFIX)/sbin
MANDIR	?= $(PREFIX)/share/man
DOCDIR	?= $(PREFIX)/share/doc/rtmpd
COMPLETIONDIR ?= $(PREFIX)/share/bash-completion/completions
SYSCONFDIR ?= /etc

VERSION	:= 0.1

BUILD_PACKAGES := libbsd-dev libconfuse-dev libjansson-dev libmd-dev \
	libmicrohttpd-dev libncurses-dev libseccomp-dev
# libwrap0, libtirpc3, libevent and netbase are for inetd and xinetd, which
# cannot be installed together and are unpacked by the tests themselves.
CHECK_PACKAGES := libcriterion-dev libssl-dev ffmpeg mandoc python3 \
	python3-pytest python3-pytest-xdist libwrap0 libtirpc3 libevent-2.1-7 \
	netbase iproute2 prometheus chromium curl jq

# Debian's: pytest is one of its packages.
PYTHON	?= /usr/bin/python3
E2E_JOBS ?= 4

# SAN=1 builds with AddressSanitizer and UndefinedBehaviorSanitizer, apart.
ifeq ($(SAN),1)
BUILD	?= build/san
SANFLAGS := -fsanitize=address,undefined -fno-sanitize-recover=all \
	    -fno-omit-frame-pointer
OPT	?= -O1
else
BUILD	?= build
OPT	?= -O2
STATIC	?= 1
endif

# PROBE=1 builds in what the tests of the sandbox use, apart.
ifeq ($(PROBE),1)
BUILD	:= build/probe
PROBEFLAGS := -DRTMPD_PROBE
endif

# NEXT=1 builds what a later release may look like, NEXT=alien one that does not
# talk to this: for the tests of the upgrade, apart.
ifeq ($(NEXT),1)
BUILD	:= build/next
VERSION	:= $(VERSION)-next
NEXTFLAGS := -DRTMPD_NEXT
else ifeq ($(NEXT),alien)
BUILD	:= build/alien
VERSION	:= $(VERSION)-alien
NEXTFLAGS := -DHUBMSG_VERSION=99u
endif

# rtmpd is forked for each connection, and each would have its own of what a
# dynamic linker maps and writes. STATIC=0 for whoever needs one: memcheck.
# Sorted by alignment, variables that are HOT (footprint.h) share a page. libc
# comes before libbsd for its arc4random(3), which keeps no state.
ifeq ($(STATIC),1)
RTMPD_LDFLAGS := -static-pie -Wl,-z,now,--sort-section=alignment
RTMPD_LIBS := -lc
STATICFLAGS := -DRTMPD_STATIC -fdata-sections
endif

CFLAGS	?= $(OPT) -g
WARN	:= -Wall -Wextra -Wshadow -Wconversion -Wno-sign-conversion \
	   -Wstrict-prototypes -Wmissing-prototypes -Wpointer-arith \
	   -Wvla -Werror
ALLCFLAGS = -std=gnu11 $(WARN) $(CFLAGS) $(SANFLAGS) $(PROBEFLAGS) \
	    $(NEXTFLAGS) $(STATICFLAGS) -fno-common -fPIE \
	    -DRTMPD_VERSION='"$(VERSION)"' -DSYSCONFDIR='"$(SYSCONFDIR)"' \
	    -D_GNU_SOURCE -Icommon -MMD -MP \
	    -isystem /usr/include/bsd -DLIBBSD_OVERLAY
ALLLDFLAGS = $(LDFLAGS) $(SANFLAGS) -Wl,--as-needed
LIBS	= -lbsd -lconfuse -lmd -lseccomp
# OpenSSL is what the tests hold our HMAC against; no program links it.
UNITLIBS = -lcriterion -lcrypto -ljansson

COMMON	:= $(patsubst %.c,$(BUILD)/obj/%.o,$(wildcard common/*/*.c))
RTMPD	:= $(patsubst %.c,$(BUILD)/obj/%.o,$(wildcard rtmpd/*.c))
HUB	:= $(patsubst %.c,$(BUILD)/obj/%.o,$(wildcard hub/*.c))
TOOLS	:= $(notdir $(wildcard tools/rtmp*))
BENCH	:= $(patsubst %.c,$(BUILD)/obj/%.o,$(wildcard tests/bench/*.c))
FLOOR	:= $(filter $(BUILD)/obj/tests/bench/floor%,$(BENCH))
UNIT	:= $(patsubst tests/unit/%.c,$(BUILD)/unit/%,$(wildcard tests/unit/test_*.c))
STRESS	:= $(patsubst tests/stress/%.c,$(BUILD)/stress/%,$(wildcard tests/stress/*.c))

# What a tool needs beyond LIBS.
LIBS_rtmpctl := -ljansson -lncursesw
LIBS_rtmpmetrics := -ljansson -lmicrohttpd

PROGRAMS := $(addprefix $(BUILD)/,rtmpd rtmphub $(TOOLS))

all: $(PROGRAMS)	## build rtmpd, rtmphub and the tools

$(BUILD)/rtmpd: $(RTMPD) $(BUILD)/libcommon.a
	@echo "ld $@"
	@$(CC) $(ALLLDFLAGS) $(RTMPD_LDFLAGS) -o $@ $^ $(RTMPD_LIBS) $(LIBS)

$(BUILD)/rtmphub: $(HUB) $(BUILD)/libcommon.a
	@echo "ld $@"
	@$(CC) $(ALLLDFLAGS) -o $@ $^ $(LIBS)

define tool
$(BUILD)/$(1): $(patsubst %.c,$(BUILD)/obj/%.o,$(wildcard tools/$(1)/*.c)) \
		$(BUILD)/libcommon.a
	@echo "ld $$@"
	@$$(CC) $$(ALLLDFLAGS) -o $$@ $$^ $$(LIBS) $$(LIBS_$(1))
endef
$(foreach t,$(TOOLS),$(eval $(call tool,$(t))))

# The page is within the program.
$(BUILD)/obj/tools/rtmpmetrics/page.o: $(addprefix tools/rtmpmetrics/,\
	page.html page.css page.js chart.js)

$(BUILD)/libcommon.a: $(COMMON)
	@rm -f $@
	$(AR) rcs $@ $^

$(BUILD)/obj/%.o: %.c
	@mkdir -p $(@D)
	@echo "cc $<"
	@$(CC) $(ALLCFLAGS) -c -o $@ $<

$(BUILD)/unit/test_totals: $(BUILD)/obj/hub/totals.o \
	$(BUILD)/obj/hub/inherit.o
$(BUILD)/obj/tests/unit/test_totals.o: ALLCFLAGS += -I. -Ihub
$(BUILD)/unit/test_host: $(BUILD)/obj/tools/rtmpmetrics/host.o
$(BUILD)/obj/tests/unit/test_host.o: ALLCFLAGS += -I.
$(BUILD)/unit/test_joins: $(BUILD)/obj/rtmpd/joins.o
$(BUILD)/obj/tests/unit/test_joins.o: ALLCFLAGS += -I.

$(BUILD)/unit/%: $(BUILD)/obj/tests/unit/%.o $(BUILD)/libcommon.a
	@mkdir -p $(@D)
	@echo "ld $@"
	@$(CC) $(ALLLDFLAGS) -o $@ $(filter %.o,$^) $(filter %.a,$^) $(LIBS) \
	    $(UNITLIBS)

$(BUILD)/bench/load: $(filter-out $(FLOOR),$(BENCH))
$(BUILD)/bench/floor: $(FLOOR) $(patsubst %,$(BUILD)/obj/tests/bench/%.o,\
	chunk command media wire)
$(BUILD)/bench/%:
	@mkdir -p $(@D)
	@echo "ld $@"
	@$(CC) $(ALLLDFLAGS) -o $@ $^ -lbsd

$(BUILD)/stress/%: $(BUILD)/obj/tests/stress/%.o $(BUILD)/libcommon.a
	@mkdir -p $(@D)
	@echo "ld $@"
	@$(CC) $(ALLLDFLAGS) -o $@ $^ $(LIBS)

run: deps	## install what is missing, build, relay on port 1935
	@$(MAKE) --no-print-directory all
	$(BUILD)/rtmpd -d

deps:	## install the packages that building needs
	@tests/packages.sh $(BUILD_PACKAGES)

check: deps	## install what is missing, build everything, run every test
	@tests/packages.sh $(CHECK_PACKAGES)
	@$(MAKE) --no-print-directory check-all

# One after the other whatever -j says: the tests measure time.
check-all:
	@$(MAKE) --no-print-directory all lint clang
	@$(MAKE) --no-print-directory SAN=1 all unit stress
	@$(MAKE) --no-print-directory check-unit check-stress check-fuzz
	@$(MAKE) --no-print-directory PROBE=1 all
	@$(MAKE) --no-print-directory NEXT=1 all
	@$(MAKE) --no-print-directory NEXT=alien all
	@$(MAKE) --no-print-directory check-e2e
	@$(MAKE) --no-print-directory check-chaos
	@$(MAKE) --no-print-directory SAN=1 check-e2e

unit: $(UNIT)
stress: $(STRESS)
bench: all $(BUILD)/bench/load $(BUILD)/bench/floor	## CPU, latency, memory beside nginx-rtmp
	BUILD=$(BUILD) tests/bench/run.sh

check-unit:	## unit tests, under ASan and UBSan
	@$(MAKE) --no-print-directory SAN=1 run-unit

run-unit: $(UNIT)
	@for t in $(UNIT); do \
		echo "== $$(basename $$t)"; \
		LSAN_OPTIONS=suppressions=$(abspath tests/unit/lsan.supp):print_suppressions=0 \
		    $$t -j2 || exit 1; done

check-stress:	## readers and a writer on one ring, short form
	@$(MAKE) --no-print-directory run-stress
	@$(MAKE) --no-print-directory SAN=1 STRESS_RECORDS=100000 run-stress

STRESS_RECORDS ?= 1000000
run-stress: $(STRESS)
	$(BUILD)/stress/ring -n $(STRESS_RECORDS)

check-e2e: $(PROGRAMS)	## the real thing with real programs
	RTMPD_BUILD=$(abspath $(BUILD)) $(PYTHON) -m pytest -q -n $(E2E_JOBS) \
		-p no:cacheprovider tests/e2e

check-long: all		## the end-to-end tests that take minutes
	RTMPD_BUILD=$(abspath $(BUILD)) $(PYTHON) -m pytest -q -m long \
		-p no:cacheprovider tests/e2e

lint:	## man pages, and who may include whom
	mandoc -T lint -W warning man/*.[1-9]
	tests/layers.sh

# A second compiler's opinion, where there is one.
clang:
	@if command -v clang >/dev/null; then \
		$(MAKE) --no-print-directory CC=clang BUILD=build/clang \
		    all unit stress; \
	else echo "skipped: clang is not installed"; fi

install: all	## install programs, man pages and samples (DESTDIR, PREFIX)
	install -d $(DESTDIR)$(BINDIR) $(DESTDIR)$(SBINDIR) \
	    $(DESTDIR)$(DOCDIR)/etc/systemd $(DESTDIR)$(DOCDIR)/etc/grafana
	install -m 755 $(BUILD)/rtmpcat $(DESTDIR)$(BINDIR)
	install -m 755 $(filter-out %/rtmpcat,$(PROGRAMS)) $(DESTDIR)$(SBINDIR)
	for m in man/*.[1-9]; do \
		install -D -m 644 $$m \
		    $(DESTDIR)$(MANDIR)/man$${m##*.}/$${m##*/} || exit 1; done
	install -m 644 README.md SECURITY.md LICENSE $(DESTDIR)$(DOCDIR)
	install -m 644 etc/README.md etc/rtmpd.conf etc/inetd.conf \
	    etc/xinetd.rtmp $(DESTDIR)$(DOCDIR)/etc
	install -d $(DESTDIR)$(COMPLETIONDIR)
	install -m 644 etc/bash-completion/* $(DESTDIR)$(COMPLETIONDIR)
	install -m 644 etc/systemd/* $(DESTDIR)$(DOCDIR)/etc/systemd
	install -m 644 etc/grafana/* $(DESTDIR)$(DOCDIR)/etc/grafana

clean:	## remove everything that was built
	rm -rf build

help:	## this list
	@awk -F ':.*## ?' '/^[a-z-]+:.*##/ { printf "%-14s %s\n", $$1, $$2 }' \
	    $(filter-out %.d,$(MAKEFILE_LIST))

include tests/chaos/chaos.mk
include tests/fuzz/fuzz.mk
include tests/interop/interop.mk
include tests/valgrind/valgrind.mk

.PHONY: all run deps check check-all unit stress bench check-unit run-unit \
	check-stress run-stress check-e2e check-long lint clang install clean help
.SECONDARY:

-include $(shell find $(BUILD)/obj -name '*.d' 2>/dev/null)
