# Tests: cmocka units from tests/unit, shell end-to-end from tests/*.t, all
# run by prove; libFuzzer targets from tests/fuzz; see also tests/lib.sh.

UNITSRC	= $(sort $(wildcard tests/unit/*.c))
UNITS	= $(UNITSRC:tests/unit/%.c=$(OBJ)/unit/%.t)
E2E	= $(sort $(wildcard tests/[0-9]*.t))
TESTLIB	= $(filter-out $(OBJ)/mailnode/main.o $(OBJ)/mailnode/cmd_%.o,$(LIBOBJ)) $(OBJ)/testconf.o

$(OBJ)/testconf.o: mailnode/node/conf.c config.def.h
	@mkdir -p $(@D)
	$(CC) $(ALLCFLAGS) $(ALLCPP) -DCONFIG_H='"$(abspath config.def.h)"' \
	    -c -o $@ mailnode/node/conf.c

$(OBJ)/unit/%.t: tests/unit/%.c $(TESTLIB)
	@mkdir -p $(@D)
	$(CC) $(ALLCFLAGS) -Wno-pedantic $(ALLCPP) $(ALLLD) -o $@ $< \
	    $(TESTLIB) -lcmocka $(LIBS)

deps:
	sh tests/deps build

testdeps:
	sh tests/deps build test

unit: $(UNITS)
	perl tests/run $(UNITS)

e2e: all tools replay
	SAN=$(SAN) perl tests/run $(E2E)

# A second make, so that what deps installs is seen by its wildcards.
check: testdeps
	$(MAKE) -s -j2 all tools replay $(UNITS)
	SAN=$(SAN) perl tests/run $(UNITS) $(E2E)

# Helpers in C for the tests: preloads (NAME.so.c) and programs (NAME.c).
TOOLSRC	= $(sort $(wildcard tests/tools/*.c))

tools: $(patsubst tests/tools/%.so.c,build/tools/%.so,$(filter %.so.c,$(TOOLSRC))) \
    $(patsubst tests/tools/%.c,build/tools/%,$(filter-out %.so.c,$(TOOLSRC)))

TOOLFLAGS = -std=c11 -D_GNU_SOURCE $(WARN) $(DEV) -O1 -g -I.

build/tools/%.so: tests/tools/%.so.c
	@mkdir -p $(@D)
	$(CC) $(TOOLFLAGS) -fPIC -shared -o $@ $< -ldl

build/tools/%: tests/tools/%.c
	@mkdir -p $(@D)
	$(CC) $(TOOLFLAGS) -o $@ $<

lint:
	mandoc -T lint -W warning $(MANUALS)

.PHONY: testdeps tools

# Fuzzing: tests/fuzz/NAME.c, seeds and finds in tests/fuzz/corpus/NAME.
# `make fuzz` wants clang and runs each target FUZZ_S seconds (FUZZ= names
# some); the check replays the corpus with whatever compiler there is.
FUZZ_S	= 20
FUZZ	= $(patsubst tests/fuzz/%.c,%,$(filter-out %/replay.c,$(sort \
	  $(wildcard tests/fuzz/*.c))))
FUZZCC	= clang
FUZZFLAGS = -std=c11 -O1 -g -fsanitize=address,undefined \
	  -fno-sanitize-recover=undefined
FUZZOBJ	= $(patsubst $(OBJ)/%.o,build/fuzz/%.o,$(TESTLIB))
REPLAY	= $(FUZZ:%=$(OBJ)/fuzz/%)

fuzz: fuzzdeps
	$(MAKE) -s -j2 $(FUZZ:%=build/fuzz/run/%)
	sh tests/fuzz/run $(FUZZ_S) $(FUZZ)

fuzzdeps:
	sh tests/deps build bench

build/fuzz/%.o: %.c
	@mkdir -p $(@D)
	$(FUZZCC) $(FUZZFLAGS) -fsanitize=fuzzer-no-link $(ALLCPP) -c -o $@ $<

build/fuzz/testconf.o: mailnode/node/conf.c config.def.h
	@mkdir -p $(@D)
	$(FUZZCC) $(FUZZFLAGS) $(ALLCPP) \
	    -DCONFIG_H='"$(abspath config.def.h)"' -c -o $@ $<

build/fuzz/lib.a: $(FUZZOBJ)
	rm -f $@
	ar rcs $@ $(FUZZOBJ)

build/fuzz/run/%: tests/fuzz/%.c build/fuzz/lib.a
	@mkdir -p $(@D)
	$(FUZZCC) $(FUZZFLAGS) -fsanitize=fuzzer $(ALLCPP) -o $@ $< \
	    build/fuzz/lib.a $(LIBS)

$(OBJ)/fuzz/%: tests/fuzz/%.c tests/fuzz/replay.c $(TESTLIB)
	@mkdir -p $(@D)
	$(CC) $(ALLCFLAGS) -D_POSIX_C_SOURCE=200809L -I. $(GMIMECPP) \
	    $(ALLLD) -o $@ \
	    $(filter %.c,$^) $(TESTLIB) $(LIBS)

replay: $(REPLAY)

.PHONY: fuzzdeps replay
.SECONDARY: $(FUZZOBJ) build/fuzz/lib.a

bench: all
	sh tests/deps build test bench
	sh tests/bench/run $(BENCH)

SUITES	= ../shared/suites
suites: all testdeps
	sh tests/suites $(SUITES)

# No CONFIG of its own: the demo builds two.
demo:
	sh tests/deps build demo
	sh examples/demo/run
