#!/bin/sh
# NOTIFY, RFC 5465: who asked for news gets these, at once, and no others.
. "$(dirname "$0")/lib.sh"
. "$top/tests/phone.sh"

phone_node sessions_per_address 200 || exit 1
"$python" - "$imap" "$user" "$pw" <<'END'
import re, sys
sys.path.insert(0, "tests/tools")
from imapcheck.wire import Conn, Where, Str
import node

port, user, pw = int(sys.argv[1]), sys.argv[2], sys.argv[3]
where = Where("127.0.0.1", port, user, pw)
tap = node.Tap()
MSG = b"Subject: news\r\nFrom: ada@friend.test\r\n\r\n.\r\n"
BOTH = "MessageNew MessageExpunge"
other = Conn(where)


def plain(answers):
    """Without what is recent: that depends on who hears first."""
    return [re.sub(rb" ?\\Recent", b"", a.line) for a in answers
            if not a.line.endswith(b" RECENT")]


def hears(what, c, *patterns):
    """Exactly these, in this order, without a command."""
    for p in patterns:
        try:
            got = []
            while not got:
                got = plain([c.answer(10)])
            got = got[0]
        except Exception as e:
            return tap.ok(what, False, "%s: %s" % (p, e))
        if not re.fullmatch(p.encode(), got, re.S | re.I):
            return tap.ok(what, False, "%r is no %s" % (got, p))
    tap.ok(what, True)


def silent(what, c, how="NOOP"):
    got = plain(c.ok(how).all)
    tap.ok(what, got == [], got)


def told(what, reply, *patterns):
    got = [a.decode() for a in plain(reply.all)]
    tap.ok(what, len(got) == len(patterns) and all(
        re.fullmatch(p, g, re.S | re.I) for p, g in zip(patterns, got)), got)


def refusals():
    c = Conn(where)
    tap.ok("it is advertised", c.has("NOTIFY"))
    for args in ("", "SET", "SET STATUS", "NONE NONE", "SET (selected)",
                 "SET (selected ())", "SET (everywhere (%s))" % BOTH,
                 "SET (personal (MessageNew))",
                 "SET (personal (MessageExpunge))",
                 "SET (personal (FlagChange))",
                 "SET (personal MessageNew MessageExpunge)",
                 "SET (selected (MailboxName))",
                 "SET (selected (%s SubscriptionChange))" % BOTH,
                 "SET (selected (%s)) (selected-delayed (%s))" % (BOTH, BOTH),
                 "SET (selected NONE) (selected NONE)",
                 "SET (personal (MessageNew (uid) MessageExpunge))",
                 "SET (selected (MessageNew () MessageExpunge))",
                 "SET (selected (MessageNew (nonsense) MessageExpunge))",
                 "SET (mailboxes (%s))" % BOTH, "SET (subtree () NONE)",
                 "SET (personal (%s)" % BOTH, "SET personal (%s)" % BOTH):
        c.bad("NOTIFY " + args)
    tap.ok("what makes no sense is BAD", True)
    for event in ("AnnotationChange", "MailboxMetadataChange",
                  "ServerMetadataChange", "MessageRead"):
        r = c.no("NOTIFY SET (personal (%s %s))" % (BOTH, event))
        code = r.tagged.code
        if code[0] != b"BADEVENT" or sorted(code[1]) != [
                b"FlagChange", b"MailboxName", b"MessageExpunge",
                b"MessageNew", b"SubscriptionChange"]:
            tap.ok("BADEVENT", False, r.tagged)
    many = " ".join(["(personal NONE)"] * 200)
    r = c.no("NOTIFY SET " + many)
    tap.ok("too much is NO", r.tagged.code == [b"NOTIFICATIONOVERFLOW"],
           r.tagged)
    Conn(where, login=False).bad("NOTIFY NONE")
    c.close()


def at_hand():
    c = Conn(where)
    c.ok("SELECT INBOX")
    other.append("INBOX", MSG)
    told("NOTIFY tells what is new at once", c.ok(
        "NOTIFY SET (selected (MessageNew (uid flags body.peek["
        "header.fields (subject)]) MessageExpunge FlagChange))"),
        r"\* 1 EXISTS", r"\* 1 FETCH \(UID 1 FLAGS \(\) BODY\[HEADER\."
        r"FIELDS \(subject\)\] \{17\}\r\nSubject: news\r\n\r\n\)")
    other.append("INBOX", MSG, "\\Seen")
    hears("new mail comes with what was asked for", c, r"\* 2 EXISTS",
          r"\* 2 FETCH \(UID 2 FLAGS \(\\Seen\) BODY.*news.*\)")
    other.ok("SELECT INBOX")
    other.ok("STORE 1 +FLAGS (\\Flagged)")
    hears("a flag", c, r"\* 1 FETCH \(UID 1 FLAGS \(\\Flagged\)\)")
    other.ok("STORE 1 +FLAGS.SILENT (\\Deleted)")
    hears("another", c, r"\* 1 FETCH \(.*Deleted.*\)")
    other.ok("EXPUNGE")
    hears("what goes", c, r"\* 1 EXPUNGE")
    r = c.append("INBOX", MSG)
    told("of what it brings itself no more than that it came", r,
         r"\* 2 EXISTS")
    silent("and nothing twice", c)
    c.send("x IDLE\r\n")
    hears("IDLE begins", c, r"\+ .*")
    other.append("INBOX", MSG)
    hears("in IDLE the same", c, r"\* 3 EXISTS", r"\* 3 FETCH \(UID 4 .*")
    c.send("DONE\r\n")
    c.finish("x")
    c.ok("NOTIFY SET (selected (%s))" % BOTH)
    other.ok("NOOP")
    other.ok("STORE 1 +FLAGS (\\Answered)")
    other.append("INBOX", MSG)
    hears("flags that were not asked for are not told", c, r"\* 4 EXISTS")
    told("but later, when they are", c.ok(
        "NOTIFY SET (selected-delayed (%s FlagChange))" % BOTH),
        r"\* 1 FETCH .*Answered.*", r"\* 4 FETCH .*")
    other.ok("STORE 1 +FLAGS.SILENT (\\Deleted)")
    other.ok("EXPUNGE")
    other.append("INBOX", MSG)
    got = [c.answer(10).line for _ in range(1)]
    while not got[-1].endswith(b"EXISTS"):
        got.append(c.answer(10).line)
    tap.ok("delayed: new mail at once", got[-1] == b"* 5 EXISTS", got)
    told("and no expunge while numbers are used", c.ok("FETCH 5 UID"),
         r"\* 5 FETCH \(UID 6\)")
    told("until a command that may tell it", c.ok("NOOP"), r"\* 1 EXPUNGE")
    for how in "NOTIFY NONE", "NOTIFY SET (selected NONE)", \
            "NOTIFY SET (mailboxes Sent (%s))" % BOTH:
        c.ok(how)
        other.append("INBOX", MSG)
        silent(how + ": no news", c)
    c.ok("STORE 1 +FLAGS.SILENT (\\Deleted)")
    tap.ok("but of what it expunges itself", re.search(
        r"\* 1 EXPUNGE", str(c.ok("EXPUNGE").all)))
    c.close()


def with_resync():
    c = Conn(where)
    c.ok("COMPRESS DEFLATE")
    c.compress()
    c.ok("ENABLE QRESYNC")
    c.ok("SELECT INBOX")
    c.ok("NOTIFY SET (selected (MessageNew (flags) MessageExpunge "
         "FlagChange)) (mailboxes (Archive) (%s FlagChange))" % BOTH)
    other.append("INBOX", MSG)
    hears("compressed, with QRESYNC: what is new", c, r"\* \d+ EXISTS",
          r"\* \d+ FETCH \(UID \d+ FLAGS \(\) MODSEQ \(\d+\)\)")
    other.ok("SELECT INBOX")
    n = other.uids()[0]
    other.ok("UID STORE %d +FLAGS.SILENT (\\Deleted)" % n)
    hears("and changed", c, r"\* 1 FETCH \(UID %d .* MODSEQ \(\d+\)\)" % n)
    other.ok("UID EXPUNGE %d" % n)
    hears("and gone", c, r"\* VANISHED %d" % n)
    other.append("Archive", MSG)
    hears("elsewhere, too", c, r'\* STATUS "Archive" \(MESSAGES 1 UIDNEXT 2 '
          r'UIDVALIDITY \d+ UNSEEN 1 HIGHESTMODSEQ \d+\)')
    other.ok("SELECT Archive")
    other.ok("STORE 1 +FLAGS ($Work)")
    hears("be it a keyword", c, r'\* STATUS "Archive" .*HIGHESTMODSEQ \d+\)')
    other.ok("STORE 1 +FLAGS.SILENT (\\Deleted)")
    hears("or a mark", c, r'\* STATUS "Archive" .*')
    other.ok("EXPUNGE")
    hears("or less", c, r'\* STATUS "Archive" \(MESSAGES 0 UIDNEXT 2 .*')
    c.close()


def elsewhere():
    other.ok("CREATE Lists/linux")
    other.ok("CREATE Lists/bsd")
    other.append("Lists/linux", MSG)
    c = Conn(where)
    r = c.ok("NOTIFY SET STATUS (selected (%s)) (subtree Lists (%s)) "
             "(mailboxes (Sent Nowhere \"\") (%s FlagChange)) "
             "(mailboxes Drafts NONE)" % (BOTH, BOTH, BOTH))
    told("STATUS of all that were named", r,
         r'\* STATUS "Drafts" \(MESSAGES 0 UIDNEXT 1 UIDVALIDITY \d+\)',
         r'\* STATUS "Lists/bsd" \(MESSAGES 0 UIDNEXT 1 UIDVALIDITY \d+\)',
         r'\* STATUS "Lists/linux" \(MESSAGES 1 UIDNEXT 2 UIDVALIDITY \d+\)',
         r'\* STATUS "Sent" \(MESSAGES 0 UIDNEXT 1 UIDVALIDITY \d+ UNSEEN 0 '
         r'HIGHESTMODSEQ \d+\)')
    other.append("Lists/linux", MSG)
    hears("new mail in no mailbox at hand", c, r'\* STATUS "Lists/linux" '
          r'\(MESSAGES 2 UIDNEXT 3 UIDVALIDITY \d+\)')
    other.ok("SELECT Lists/linux")
    other.ok("STORE 1 +FLAGS (\\Seen)")
    other.append("Trash", MSG)
    other.append("Sent", MSG)
    hears("no flags, nor what others want", c, r'\* STATUS "Sent" \(.*'
          r'UNSEEN 1.*\)')
    other.ok("SELECT Sent")
    other.ok("STORE 1 +FLAGS ($Work)")
    other.ok("STORE 1 +FLAGS (\\Seen)")
    hears("read, but no keyword without CONDSTORE", c,
          r'\* STATUS "Sent" \(.*UNSEEN 0.*\)')
    c.ok("SELECT Lists/linux")
    other.append("Lists/linux", MSG)
    hears("selected, it is at hand", c, r"\* 3 EXISTS")
    c.ok("UNSELECT")
    silent("and left, nothing is told again", c)
    other.append("Lists/linux", MSG)
    hears("but what comes then", c, r'\* STATUS "Lists/linux" \(MESSAGES 4.*')
    c.append("Lists/bsd", MSG)
    silent("of what it brings itself nothing", c)
    c.ok("SELECT Lists/linux")
    c.ok("COPY 1:2 Lists/bsd")
    silent("nor of what it copies", c)
    c.ok("EXAMINE INBOX")
    other.append("Lists/bsd", MSG)
    hears("that was it", c, r'\* STATUS "Lists/bsd" \(MESSAGES 4 UIDNEXT 5.*')
    c.close()


def names():
    c = Conn(where)
    told("no STATUS without events of messages",
         c.ok("NOTIFY SET STATUS (inboxes (MailboxName))"))
    other.ok("CREATE A")
    hears("one came", c, r'\* LIST \(\\HasNoChildren\) "/" "A"')
    other.ok("CREATE A/b")
    hears("below another, which is told", c,
          r'\* LIST \(.*HasNoChildren.*\) "/" "A/b"',
          r'\* LIST \(\\HasChildren.*\) "/" "A"')
    other.ok("RENAME A B")
    hears("renamed, with what is below", c,
          r'\* LIST \(\\HasChildren.*\) "/" "B" \("OLDNAME" \("A"\)\)')
    other.ok("RENAME B/b C")
    hears("alone", c, r'\* LIST .* "C" \("OLDNAME" \("B/b"\)\)')
    other.ok("DELETE C")
    hears("gone", c, r'\* LIST \(\\NonExistent.*\) "/" "C"')
    other.ok("UNSUBSCRIBE B")
    c.ok("CREATE M&APw-ll")
    c.ok("CREATE M&APw-ll/D")
    c.ok("RENAME M&APw-ll N&APw-ll")
    c.ok("SUBSCRIBE N&APw-ll")
    c.ok("SUBSCRIBE B")
    c.ok("DELETE B")
    silent("of what it does itself nothing", c)
    other.append("INBOX", MSG)
    c.ok("NOTIFY SET (subscribed (SubscriptionChange)) "
         "(mailboxes N&APw-ll (MailboxName))")
    other.ok("UNSUBSCRIBE N&APw-ll")
    hears("subscriptions", c, r'\* LIST \(\\HasChildren\) "/" "N&APw-ll"')
    other.ok("SUBSCRIBE N&APw-ll")
    hears("both ways", c,
          r'\* LIST \(\\HasChildren \\Subscribed\) "/" "N&APw-ll"')
    other.ok("SUBSCRIBE Gone")
    hears("be it of what is not there", c,
          r'\* LIST \(\\NonExistent.*\\Subscribed\) "/" "Gone"')
    other.ok("DELETE N&APw-ll/D")
    hears("its level", c, r'\* LIST \(\\HasNoChildren.* "N&APw-ll"')
    other.ok("DELETE N&APw-ll")
    hears("itself", c, r'\* LIST \(\\NonExistent.* "N&APw-ll"')
    c.ok("NOTIFY NONE")
    other.ok("CREATE Z")
    silent("and no more", c)
    c.close()


try:
    refusals()
    at_hand()
    with_resync()
    elsewhere()
    names()
except Exception as e:
    import traceback
    tap.ok("goes through", False, traceback.format_exc())
tap.end()
END
