# fuzz.mk - fuzz targets, one program for each fuzz_NAME.c; see README.md.
# Included by the Makefile at the top.

FUZZ_PACKAGES := clang libclang-rt-dev llvm
FUZZ_TIME ?= 60
FUZZ_JOBS ?= 2
FUZZ_RUNS ?= 20000

FUZZ_NAMES := $(patsubst tests/fuzz/fuzz_%.c,%,\
	$(wildcard tests/fuzz/fuzz_*.c))
FUZZ	:= $(addprefix $(BUILD)/fuzz/,$(FUZZ_NAMES))

# libFuzzer brings a main of its own: `make fuzz` empties the first and fills
# the second.
FUZZ_MAIN = $(addprefix $(BUILD)/obj/tests/fuzz/,main.o mutate.o)
FUZZ_LDFLAGS =

# What two targets share, and what they test outside of libcommon.
FUZZ_RING = $(BUILD)/obj/tests/fuzz/ring_image.o
$(BUILD)/fuzz/ring: $(FUZZ_RING)
$(BUILD)/fuzz/chunk: $(BUILD)/obj/tests/fuzz/mutate.o
$(BUILD)/fuzz/batch: $(FUZZ_RING) \
	$(addprefix $(BUILD)/obj/rtmpd/,batch.o output.o)

$(BUILD)/fuzz/%: $(BUILD)/obj/tests/fuzz/fuzz_%.o $(FUZZ_MAIN) \
		$(BUILD)/libcommon.a
	@mkdir -p $(@D)
	@echo "ld $@"
	@$(CC) $(ALLLDFLAGS) $(FUZZ_LDFLAGS) -o $@ $(filter %.o,$^) $(filter %.a,$^) \
	    $(LIBS)

FUZZ_SAN := address,undefined
FUZZ_ENGINE := CC=clang BUILD=build/fuzz OPT=-O1 FUZZ_MAIN= \
	FUZZ_LDFLAGS=-fsanitize=fuzzer \
	SANFLAGS="-fsanitize=fuzzer-no-link,$(FUZZ_SAN) \
	-fno-sanitize-recover=all -fno-omit-frame-pointer"
FUZZ_COVER := CC=clang BUILD=build/cover OPT=-O1 \
	SANFLAGS="-fprofile-instr-generate -fcoverage-mapping"
FUZZ_RUN = FUZZ_TIME=$(FUZZ_TIME) FUZZ_JOBS=$(FUZZ_JOBS) \
	FUZZ_RUNS=$(FUZZ_RUNS) tests/fuzz/run.sh

fuzz-targets: $(FUZZ)

fuzz:	## each fuzzer for FUZZ_TIME seconds, with clang's libFuzzer
	@tests/packages.sh $(BUILD_PACKAGES) $(FUZZ_PACKAGES)
	@$(MAKE) --no-print-directory $(FUZZ_ENGINE) fuzz-targets
	@$(FUZZ_RUN) fuzz build/fuzz/fuzz $(FUZZ_NAMES)

fuzz-merge:	## keep what `make fuzz` found new in tests/fuzz/corpus
	@$(MAKE) --no-print-directory $(FUZZ_ENGINE) fuzz-targets
	@$(FUZZ_RUN) merge build/fuzz/fuzz $(FUZZ_NAMES)

check-fuzz:	## replay the corpora and some mutations, under ASan and UBSan
	@$(MAKE) --no-print-directory SAN=1 fuzz-targets
	@$(FUZZ_RUN) check build/san/fuzz $(FUZZ_NAMES)

fuzz-coverage:	## which lines of common/ the corpora and a run reach
	@tests/packages.sh $(BUILD_PACKAGES) $(FUZZ_PACKAGES)
	@$(MAKE) --no-print-directory $(FUZZ_COVER) fuzz-targets
	@$(FUZZ_RUN) coverage build/cover/fuzz $(FUZZ_NAMES)

.PHONY: fuzz fuzz-targets fuzz-merge check-fuzz fuzz-coverage
