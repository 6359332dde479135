"""bad.py NODE SESSION PORT USER PASSWORD MAX: input that ought to hurt, as TAP: each
answered in bounded time, by processes of bounded memory."""
import os
import sys
import time
import traceback
import zlib

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

from imapcheck.wire import Conn, Fail, Where, expect, same      # noqa: E402

NODE, SESSION, PORT, USER, PASSWORD, MAX = sys.argv[1:]
WHERE = Where("127.0.0.1", int(PORT), USER, PASSWORD)
SECONDS = 30            # for each case, on a busy machine
# Of each process of the node.  A sanitizer keeps 256 MiB that were freed.
MIB = 24 if not os.environ.get("SAN") else 400


def memory():
    """The largest private memory of ours, MiB, and its name."""
    most = (0, "")
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open("/proc/%s/stat" % pid) as f:
                name, _, rest = f.read().rpartition(")")
            if rest.split()[3] != SESSION:
                continue
            with open("/proc/%s/smaps_rollup" % pid) as f:
                kib = sum(int(x.split()[1]) for x in f
                          if x.startswith("Private_"))
            most = max(most, (kib / 1024, name.split("(")[1]))
        except OSError:
            pass
    return most


def ends(c):
    """It hangs up, sooner or later, whatever it says."""
    try:
        while True:
            c.line()
    except (Fail, OSError):
        pass


def files():
    """Paths of all that stands in the Mail folder but the index."""
    return sorted(os.path.join(at, f)
                  for at, _, names in os.walk(os.path.join(NODE, "Mail"))
                  if "/.notmuch" not in at for f in names)


def settles(before, sessions=0):
    """Once that many sessions have ended the files are as before."""
    end = time.monotonic() + SECONDS
    while True:
        over, now = ended() >= sessions, files()
        if (over and now == before) or time.monotonic() > end:
            break
        time.sleep(0.1)
    expect(over, "a session goes on")
    same(now, before)


def ended():
    """How many IMAP sessions the log has seen the end of."""
    with open(os.path.join(NODE, "log")) as f:
        return sum(" role=imap " in x and " event=session " in x for x in f)


def fed(c, data):
    try:
        c.s.sendall(data)
    except OSError:
        pass


def line_of_a_mebibyte():
    c = Conn(WHERE)
    fed(c, b"a SEARCH " + b"SEEN " * 210000 + b"\r\n")
    a = c.answer()
    expect(a.kind in (b"BAD", b"BYE"), a)


def parentheses_in_every_place():
    for cmd in (b"SEARCH ", b"FETCH 1 ", b"STORE 1 FLAGS ", b"ID ",
                b"STATUS INBOX ", b"LIST ", b"SELECT INBOX ",
                b"APPEND INBOX "):
        c = Conn(WHERE)
        c.ok("SELECT INBOX")
        c.bad(cmd.decode() + "(" * 10000 + ")" * 10000)
        c.ok("NOOP")


def nots_and_ors():
    c = Conn(WHERE)
    c.ok("SELECT INBOX")
    c.refused("SEARCH " + "NOT " * 15000 + "SEEN")
    c.refused("SEARCH " + "OR SEEN " * 7000 + "SEEN")
    c.ok("NOOP")


def a_hundred_thousand_ranges():
    c = Conn(WHERE)
    c.ok("SELECT INBOX")
    ranges = ",".join(str(2 * i + 1) for i in range(100000))
    fed(c, b"r UID FETCH " + ranges.encode() + b" FLAGS\r\n")
    a = c.answer()
    expect(a.kind in (b"BAD", b"BYE"), a)
    c = Conn(WHERE)
    c.ok("SELECT INBOX")
    c.ok("UID FETCH " + ",".join(["1:4294967295"] * 4500) + " FLAGS")
    c.ok("UID SEARCH " + " ".join(["UID 1:*"] * 300))


def sets_out_of_bounds():
    c = Conn(WHERE)
    c.ok("SELECT INBOX")
    for s in ("0", "-1", "4294967296", "1:4294967296", "99999999999999999999",
              "*:0", "1::2", "1,", ",1", "1:2:3", "+1", "1 2", "0x1"):
        c.bad("UID FETCH %s FLAGS" % s)
        if c.n > 12:
            c = Conn(WHERE)
            c.ok("SELECT INBOX")
    c.ok("UID FETCH 4294967295 FLAGS")


def utf7_nonsense():
    c = Conn(WHERE)
    for name in ("&", "&-&", "&AAA-", "&2D0-", "&3ADYPQ-",
                 "&////-", "&" + "A" * 1000 + "-", "&AGEAYg-", "&*-"):
        c.refused('CREATE "%s"' % name)
        c.refused('SELECT "%s"' % name)
        expect(c.cmd('LIST "" "%s"' % name).of(b"LIST") == [], name)
        c.close()
        c = Conn(WHERE)


def literals_before_login():
    for n in (b"4294967296", b"5000", b"99999999999999999999", b"-1", b""):
        c = Conn(WHERE, login=False)
        fed(c, b"a LOGIN {%s}\r\n" % n)
        a = c.answer()
        expect(a.kind in (b"BAD", b"NO", b"BYE"), a)
        c = Conn(WHERE, login=False)
        fed(c, b"a APPEND INBOX {%s+}\r\n" % n + b"x" * 100000 +
            b"\r\n")
        a = c.answer()
        expect(a.kind in (b"BAD", b"NO", b"BYE"), a)


def append_that_is_cut():
    before, sessions = files(), ended()
    for _ in range(5):
        c = Conn(WHERE)
        fed(c, b"a APPEND INBOX {%d+}\r\n" % (int(MAX) - 10) +
            b"x" * 300000)
        c.s.close()
    settles(before, sessions + 5)


def append_too_large():
    before = files()
    c = Conn(WHERE)
    c.no("APPEND INBOX {%d}" % (int(MAX) + 1))
    c.no("APPEND INBOX {52428800}") if int(MAX) < 52428800 else None
    c = Conn(WHERE)
    fed(c, b"a APPEND INBOX {%d+}\r\n" % (int(MAX) + 1) + b"x" * int(MAX))
    ends(c)
    settles(before)


def append_with_nul():
    before = files()
    c = Conn(WHERE)
    c.refused("APPEND INBOX {20+}\r\nSubject: x\r\n\r\na\0b\0c\0")
    c.ok("NOOP")
    settles(before)


def bombs():
    c = Conn(WHERE)
    c.ok("COMPRESS DEFLATE")
    z = zlib.compressobj(9, zlib.DEFLATED, -15)
    chunk = b"\0" * (1 << 20)
    for _ in range(200):
        fed(c, z.compress(chunk))
    fed(c, z.flush(zlib.Z_SYNC_FLUSH))
    ends(c)
    c = Conn(WHERE)
    c.ok("COMPRESS DEFLATE")
    fed(c, b"\xff" * 100000)
    ends(c)


def two_hundred_that_never_log_in():
    quiet = []
    for _ in range(200):
        try:
            quiet.append(Conn(WHERE, login=False))
        except (Fail, OSError):
            break
    expect(len(quiet) >= 20, "only %d" % len(quiet))
    for c in quiet:
        c.close()
    end = time.monotonic() + SECONDS
    while True:
        try:
            Conn(WHERE).ok("NOOP")
            return
        except (Fail, OSError):
            if time.monotonic() > end:
                raise


def one_octet_at_a_time():
    c = Conn(WHERE)
    for i in b"z UID SEARCH SUBJECT {3+}\r\nabc OR SEEN UNSEEN\r\n":
        fed(c, bytes([i]))
    a = c.answer()
    expect(a.tag == b"z", a)


def many_sections():
    c = Conn(WHERE)
    c.ok("SELECT INBOX")
    c.bad("FETCH 1 (%s)" % " ".join(["BODY.PEEK[]"] * 1000))
    c.bad("FETCH 1 (BODY.PEEK[%s])" % ".".join(["1"] * 5000))
    c.bad("FETCH 1 BODY.PEEK[HEADER.FIELDS (%s)]" % " ".join(["x"] * 9000))
    c.ok("NOOP")


def main():
    cases = [f for f in globals().values() if callable(f) and
             getattr(f, "__module__", "") == "__main__" and
             f.__code__.co_argcount == 0 and
             f.__name__ not in ("memory", "files", "ended", "main")]
    bad = 0
    for n, case in enumerate(cases, 1):
        start, why = time.monotonic(), None
        try:
            case()
            took = time.monotonic() - start
            expect(took < SECONDS * 3, "took %.1f s" % took)
            mib, name = memory()
            expect(mib < MIB or name == "mn-indexer", "%s has %.1f MiB" % (
                name, mib))
        except Fail as e:
            why = str(e)
        except Exception:
            why = traceback.format_exc()
        bad += why is not None
        print("%s %d - %s" % ("ok" if why is None else "not ok", n,
                              case.__name__.replace("_", " ")))
        if why:
            print("# " + why[:1500].replace("\n", "\n# "))
        sys.stdout.flush()
    print("1..%d" % len(cases))
    return 1 if bad else 0


sys.exit(main())
