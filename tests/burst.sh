# For tests that kill the node under a burst of letters, numbered by round.

# burst ROUND PORT RCPT: until it is gone; a line in $tmp/taken for each that
# was acknowledged.  Every fifth is large.
burst() { "$python" - "$1" "$2" "$3" <<'END' >>"$tmp/taken"
import smtplib, sys
for i in range(60):
    n = 'r%s-%d' % (sys.argv[1], i)
    try:
        with smtplib.SMTP('127.0.0.1', int(sys.argv[2]), timeout=20) as s:
            s.ehlo('x.test'); s.mail('ada@x.test'); s.rcpt(sys.argv[3])
            if s.data('From: ada@x.test\r\nMessage-ID: <%s@x.test>\r\n'
                      'Subject: %s\r\n\r\n%s\r\n' % (n, n, 'x' * 70 * (
                      1 if i % 5 else 1500)))[0] == 250:
                print(n, flush=True)
    except (OSError, smtplib.SMTPException):
        break
END
}
: >"$tmp/taken"

# Until nothing waits in the spool: also what was taken, and not
# acknowledged, stands where it belongs.
burst_filed() { wait_for 'mn status -j | grep -q "\"spooled\":0,"' 20; }

# Their subjects in a mailbox, and in the queue; what was taken and is not in
# a sorted file.
subjects() { cat "$HOME/Mail/$1"/new/* "$HOME/Mail/$1"/cur/* 2>/dev/null |
    sed -n 's/^Subject: \(r[-0-9]*\).*/\1/p' | sort; }
letters() { cat "$MAILNODE_HOME"/queue/* | tr -d '\r' |
    sed -n 's/^Subject: \(r[-0-9]*\)$/\1/p' | sort; }
lacks() { sort "$tmp/taken" | comm -23 - "$1"; }
