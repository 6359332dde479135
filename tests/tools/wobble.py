#!/usr/bin/python3
"""wobble.py PORT ZONE SECONDS GREY KNOWN STRANGERS

While the name server of the file ZONE has one trouble after the other for
SECONDS, KNOWN correspondents (friendN.test, from 127.0.N.1) and STRANGERS
(from 127.1.N.1) send mail to PORT as mailers do: one message each now and
then, tried again later as long as the answer is 4xx.  Then the zone is well
again, nothing new is sent, and all that waits must come in.  Prints

	sent N known N strangers
	refused N			5xx, of anybody
	deferred N known N strangers	tries that were answered 4xx
	longest N s known N s strangers	from the first try to the 250
	left N				of all that was sent, at the end
	drained N s			after the wobble until nothing waited
	code N 451 4.4.3		how often each answer came
"""
import collections
import os
import random
import smtplib
import sys
import threading
import time

port, zone = int(sys.argv[1]), sys.argv[2]
seconds, grey = float(sys.argv[3]), float(sys.argv[4])
nknown, nstrangers = int(sys.argv[5]), int(sys.argv[6])
TROUBLES = [[], ['timeout'], ['servfail'], ['lossy=60'], ['moody=60'],
            ['slow=900'], ['lossy=30', 'moody=30', 'slow=300'], ['slow=2500'],
            ['garbage'], ['refused']]
RETRY = max(grey + 0.5, seconds / 60)      # s, as mailers count minutes
PAUSE = max(0.4, seconds / 300)            # between two messages of one
DRAIN_MAX = 60 + 4 * RETRY

lock = threading.Lock()
stop = threading.Event()
codes = collections.Counter()
queue = []              # (due, first try, known, from, to, id)
sent = {True: 0, False: 0}
deferred = {True: 0, False: 0}
longest = {True: 0.0, False: 0.0}
refused = []


def write_zone(good, troubles):
    with open(zone + '.new', 'w') as f:
        f.write(good)
        f.writelines('* ! %s\n' % t for t in troubles)
    os.rename(zone + '.new', zone)


def attempt(source, sender, ident):
    """The answer to one try; 4xx as well for a connection that fails."""
    text = ('From: <%s>\r\nTo: me@node.test\r\nSubject: wobble\r\n'
            'Message-ID: <%s>\r\n\r\nhello\r\n' % (sender, ident))
    try:
        with smtplib.SMTP('127.0.0.1', port, 'mail.' + sender.split('@')[1],
                          90, (source, 0)) as s:
            s.ehlo()
            for code, said in (s.mail(sender), s.rcpt('me@node.test'),
                               s.data(text)):
                if code >= 400:
                    return code, said.decode()
            return 250, said.decode()
    except (OSError, smtplib.SMTPException) as e:
        if isinstance(e, smtplib.SMTPResponseException):
            return e.smtp_code, str(e.smtp_error)
        return 400, '0.0.0 ' + type(e).__name__


def deliver(m):
    due, first, known, source, sender, ident = m
    code, said = attempt(source, sender, ident)
    now = time.monotonic()
    with lock:
        codes['%d %s' % (code, said.split()[0])] += 1
        if code < 400:
            longest[known] = max(longest[known], now - first)
        elif code < 500:
            deferred[known] += 1
            again = now + RETRY * random.uniform(1, 1.5)
            queue.append((again, first, known, source, sender, ident))
        else:
            refused.append((sender, code, said))


def worker():
    while True:
        with lock:
            now = time.monotonic()
            m = min(queue, default=None)
            if m is not None and m[0] <= now:
                queue.remove(m)
                busy.add(threading.get_ident())
            else:
                m = None
        if m is None:
            if stop.is_set() and not queue and not busy:
                return
            time.sleep(0.02)
            continue
        try:
            deliver(m)
        finally:
            with lock:
                busy.discard(threading.get_ident())


def write_mail(n, known):
    source = '127.%d.%d.1' % (0 if known else 1, n)
    count = 0
    while not stop.is_set():
        count += 1
        sender = 'ada@friend%d.test' % n if known else \
            'a%d@x%d-%d.test' % (count, n, count % 3)
        now = time.monotonic()
        with lock:
            sent[known] += 1
            queue.append((now, now, known, source, sender,
                          '%d.%d.%s@c.test' % (n, count, known)))
        stop.wait(PAUSE * random.uniform(0.5, 1.5))


busy = set()
good = open(zone).read()
threads = [threading.Thread(target=write_mail, args=(n, k), daemon=True)
           for k, total in ((True, nknown), (False, nstrangers))
           for n in range(1, total + 1)]
workers = [threading.Thread(target=worker, daemon=True) for _ in range(48)]
for t in threads + workers:
    t.start()
end = time.monotonic() + seconds
turn = 0
while time.monotonic() < end:
    turn += 1
    write_zone(good, random.choice(TROUBLES) if turn > len(TROUBLES)
               else TROUBLES[turn % len(TROUBLES)])
    time.sleep(min(end - time.monotonic() if end > time.monotonic() else 0,
                   random.uniform(0.5, 1.5) * max(1.0, seconds / 40)))
write_zone(good, [])
stop.set()
over = time.monotonic()
for t in threads:
    t.join()
for t in workers:
    t.join(max(0, over + DRAIN_MAX - time.monotonic()))
drained = time.monotonic() - over
with lock:
    print('sent %d known %d strangers' % (sent[True], sent[False]))
    print('refused %d' % len(refused))
    print('deferred %d known %d strangers' % (deferred[True],
                                              deferred[False]))
    print('longest %.1f s known %.1f s strangers' % (longest[True],
                                                     longest[False]))
    print('left %d' % (len(queue) + len(busy)))
    print('drained %.1f s' % drained)
    for code, n in sorted(codes.items()):
        print('code %d %s' % (n, code))
    for r in refused[:5]:
        print('# refused', r, file=sys.stderr)
