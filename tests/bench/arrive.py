"""arrive.py PORT CLIENT IMPORT LETTERS: from the 250 of a delivery until the
row of the letter is in the client's list, in milliseconds, while the mail that
IMPORT brings in is being indexed."""
import os
import smtplib
import subprocess
import sys
import time

import client
import measure

TIMES = 20


def deliver(smtp, number):
    # No cell of it is what stood there before: a repaint is of changes only.
    word = (chr(65 + number) + str(number % 10)) * 5
    smtp.sendmail("a@bench.test", ["me@node.test"],
                  "From: a@bench.test\r\nSubject: %s\r\nMessage-ID: "
                  "<a%d@bench.test>\r\n\r\nx\r\n" % (word, number))
    return word.encode()


def main():
    port, command, importer, letters = sys.argv[1:5]
    s = client.Screen(command)
    try:
        s.until(b"INBOX", 20)
        s.settle()
        smtp = smtplib.SMTP("127.0.0.1", int(port))
        subprocess.run([importer, "import", "-q", letters], check=False,
                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        took = []
        for i in range(TIMES):
            # The cursor stays with its letter, and the screen with both:
            # only from the first row the next one is seen to come.
            os.write(s.fd, b"=")
            s.settle()
            word = deliver(smtp, i)
            s.start = time.monotonic()
            ms = s.until(word, 5)
            if ms is None:
                raise SystemExit("arrive: %r was never seen" % word)
            took.append(ms)
        left = subprocess.run([importer, "status"], check=False,
                              capture_output=True, text=True).stdout
        lag = [l.strip() for l in left.splitlines() if "index" in l]
        measure.row("250 to row, index busy (ms)", "median", "worst")
        measure.row("mailnode", "%.0f" % measure.median(took),
                    "%.0f" % max(took))
        print("  index at the end: " + "; ".join(lag))
    finally:
        s.close()


main()
