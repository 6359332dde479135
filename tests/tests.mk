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

unit: $(UNITS)
	CMOCKA_MESSAGE_OUTPUT=TAP $(PROVE) -j2 -e '' $(UNITS)

e2e: all
	$(PROVE) -j2 $(E2E)

check: deps
	$(MAKE) all $(UNITS)
	CMOCKA_MESSAGE_OUTPUT=TAP sh tests/run $(UNITS) $(E2E)

lint:
	mandoc -T lint -W warning $(MANUALS)
