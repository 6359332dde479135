# GNU make: pattern rules keep sources and builds apart, so that a variant
# (make CONFIG=path/config.h BUILD=dir) compiles one file and links.
CONFIG	= config.h
BUILD	= build
PREFIX	= /usr/local
MANDIR	= $(PREFIX)/share/man
PKGS	= openssl libsodium sqlite3 libcares libidn2 ncursesw

# SAN=1: everything under AddressSanitizer and UBSan, in a tree of its own.
ifdef SAN
OBJ	= build/san
SANFLAGS = -fsanitize=address,undefined -fno-sanitize-recover=undefined
else
OBJ	= build/obj
HARDEN	= -D_FORTIFY_SOURCE=2 -fstack-protector-strong -fstack-clash-protection
endif

WARN	= -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wstrict-prototypes
DEV	= -Werror
CFLAGS	= -O2 -g
ALLCFLAGS = -std=c11 $(WARN) $(DEV) -fPIE $(HARDEN) $(SANFLAGS) $(CFLAGS)
# GMime is loaded at run time (store/dyn.h); only its types are needed here.
GMIMECPP := $(patsubst -I%,-isystem%,$(shell pkg-config --cflags gmime-3.0 2>/dev/null))

ALLCPP	= -D_POSIX_C_SOURCE=200809L -I. -MMD -MP $(GMIMECPP) $(CPPFLAGS)
ALLLD	= -pie -Wl,-z,relro,-z,now $(SANFLAGS) $(LDFLAGS)

# In the order of the arrows, which tests/0001-layers.t proves: a file
# includes only its own room and rooms before it.
ROOMS	= mailnode/base crypto store hooks mailnode/node mailnode/auth \
	  mailnode/filter mailnode/smtp mailnode/queue mailnode/imap \
	  mailnode/ops tui mailnode/role mailnode
SRC	= $(foreach r,$(ROOMS),$(sort $(wildcard $(r)/*.c)))
MANUALS	= $(foreach r,$(ROOMS),$(sort $(wildcard $(r)/*.[1578])))

# conf.o alone depends on the configuration.
LIBOBJ	= $(patsubst %.c,$(OBJ)/%.o,$(filter-out mailnode/node/conf.c,$(SRC)))
CONFOBJ	= $(BUILD)/conf.o
LIBS	= -lssl -lcrypto -lsodium -lsqlite3 -lcares -lqrencode -lidn2 -lncursesw -ltinfo -lz -lm

all: $(BUILD)/mailnode

$(BUILD)/mailnode: $(LIBOBJ) $(CONFOBJ)
	$(CC) $(ALLLD) -o $@.new $(LIBOBJ) $(CONFOBJ) $(LIBS)
	$(abspath $@.new) check
	mv -f $@.new $@
	ln -sf mailnode $(BUILD)/sendmail

$(OBJ)/%.o: %.c
	@mkdir -p $(@D)
	$(CC) $(ALLCFLAGS) $(ALLCPP) -c -o $@ $<

$(CONFOBJ): mailnode/node/conf.c $(CONFIG)
	@mkdir -p $(@D)
	$(CC) $(ALLCFLAGS) $(ALLCPP) -DCONFIG_H='"$(abspath $(CONFIG))"' \
	    -c -o $@ mailnode/node/conf.c

# Never overwritten: it is the owner's.
config.h:
	cp config.def.h $@

include tests/tests.mk

install: all
	install -d $(DESTDIR)$(PREFIX)/bin $(DESTDIR)$(MANDIR)/man1 \
	    $(DESTDIR)$(MANDIR)/man5 $(DESTDIR)$(MANDIR)/man7 \
	    $(DESTDIR)$(MANDIR)/man8
	install -m 755 $(BUILD)/mailnode $(DESTDIR)$(PREFIX)/bin/mailnode
	for m in $(MANUALS); do install -m 644 $$m \
	    $(DESTDIR)$(MANDIR)/man$${m##*.}/ || exit 1; done

clean:
	rm -rf build

-include $(shell find build -name '*.d' 2>/dev/null)

.PHONY: all install clean check unit e2e bench fuzz lint deps demo suites
