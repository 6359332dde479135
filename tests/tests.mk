# Tests: cmocka units from tests/unit, shell end-to-end from tests/*.t, all
# run by prove; libFuzzer targets from tests/fuzz; see also tests/lib.sh.

UNITSRC	= $(sort $(wildcard tests/unit/*.c))
UNITS	= $(UNITSRC:tests/unit/%.c=$(OBJ)/unit/%.t)
E2E	= $(sort $(wildcard tests/[0-9]*.t))
TESTLIB	= $(filter-out $(OBJ)/mailnode/main.o,$(LIBOBJ)) $(OBJ)/testconf.o

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
	CMOCKA_MESSAGE_OUTPUT=TAP $(PROVE) -j2 -e '' $(UNITS)

e2e: all tools
	SAN=$(SAN) perl tests/run $(E2E)

# A second make, so that what deps installs is seen by its wildcards.
check: testdeps
	$(MAKE) -s -j2 all tools $(UNITS)
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
