# rtmpd - GNU make, no configure step. `make help` lists the targets.

PREFIX	?= /usr/local
SBINDIR	?= $(PREFIX)/sbin
MANDIR	?= $(PREFIX)/share/man
DOCDIR	?= $(PREFIX)/share/doc/rtmpd
SYSCONFDIR ?= /etc

VERSION	:= 0.1

# SAN=1 builds with AddressSanitizer and UndefinedBehaviorSanitizer, apart.
ifeq ($(SAN),1)
BUILD	?= build/san
SANFLAGS := -fsanitize=address,undefined -fno-sanitize-recover=all \
	    -fno-omit-frame-pointer
OPT	?= -O1
else
BUILD	?= build
OPT	?= -O2
endif

CFLAGS	?= $(OPT) -g
WARN	:= -Wall -Wextra -Wshadow -Wconversion -Wno-sign-conversion \
	   -Wstrict-prototypes -Wmissing-prototypes -Wpointer-arith \
	   -Wvla -Werror
ALLCFLAGS = -std=gnu11 $(WARN) $(CFLAGS) $(SANFLAGS) -fno-common \
	    -DRTMPD_VERSION='"$(VERSION)"' -DSYSCONFDIR='"$(SYSCONFDIR)"' \
	    -D_GNU_SOURCE -Icommon -MMD -MP \
	    -isystem /usr/include/bsd -DLIBBSD_OVERLAY
ALLLDFLAGS = $(LDFLAGS) $(SANFLAGS) -Wl,--as-needed
LIBS	= -lbsd -lconfuse -lcrypto
UNITLIBS = -lcriterion

COMMON	:= $(patsubst %.c,$(BUILD)/obj/%.o,$(wildcard common/*/*.c))
RTMPD	:= $(patsubst %.c,$(BUILD)/obj/%.o,$(wildcard rtmpd/*.c))
HUB	:= $(patsubst %.c,$(BUILD)/obj/%.o,$(wildcard hub/*.c))
UNIT	:= $(patsubst tests/unit/%.c,$(BUILD)/unit/%,$(wildcard tests/unit/test_*.c))
STRESS	:= $(patsubst tests/stress/%.c,$(BUILD)/stress/%,$(wildcard tests/stress/*.c))

all: $(BUILD)/rtmpd $(BUILD)/rtmphub	## build rtmpd and rtmphub

$(BUILD)/rtmpd: $(RTMPD) $(BUILD)/libcommon.a
	$(CC) $(ALLLDFLAGS) -o $@ $^ $(LIBS)

$(BUILD)/rtmphub: $(HUB) $(BUILD)/libcommon.a
	$(CC) $(ALLLDFLAGS) -o $@ $^ $(LIBS)

$(BUILD)/libcommon.a: $(COMMON)
	@rm -f $@
	$(AR) rcs $@ $^

$(BUILD)/obj/%.o: %.c
	@mkdir -p $(@D)
	@echo "cc $<"
	@$(CC) $(ALLCFLAGS) -c -o $@ $<

$(BUILD)/unit/%: $(BUILD)/obj/tests/unit/%.o $(BUILD)/libcommon.a
	@mkdir -p $(@D)
	$(CC) $(ALLLDFLAGS) -o $@ $^ $(LIBS) $(UNITLIBS)

$(BUILD)/stress/%: $(BUILD)/obj/tests/stress/%.o $(BUILD)/libcommon.a
	@mkdir -p $(@D)
	$(CC) $(ALLLDFLAGS) -o $@ $^ $(LIBS)

clean:	## remove everything that was built
	rm -rf build

.PHONY: all clean
.SECONDARY:

-include $(shell find $(BUILD)/obj -name '*.d' 2>/dev/null)
