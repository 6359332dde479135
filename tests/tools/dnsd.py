#!/usr/bin/python3
"""dnsd.py ZONE [PORTFILE [LOG]]: a DNS server for tests, UDP and TCP.

It listens on 127.0.0.1; the kernel chooses the port (or $PORT says it),
which is written to PORTFILE, or printed, when both sockets listen.  ZONE is
read again whenever it changed; its lines are

	NAME TYPE RDATA...	a record, in presentation form, TTL 300
	NAME TTL SECONDS	for the records of that name
	NAME ! FAULT [TYPE...]	for questions of that name and those types

NAME may be "*" before a fault (every name), or start with "*." (a wildcard,
RFC 4592).  Faults:

	servfail refused nxdomain formerr	that code; formerr only to
			questions with OPT, and without OPT in the answer
	timeout		no answer
	lossy=N		no answer to N of 100 questions, by chance
	moody=N		SERVFAIL to N of 100 questions, by chance
	slow=MS		an answer so much later
	garbage		octets that are no answer
	id		an answer to another question's id
	other		an answer to another question
	truncate	TC over UDP, whatever the size
	big		300 more records
	bomb		thousands of records, their names pointers to a
			long one, over TCP
	circle		a name that is a pointer to itself
	nosoa		no SOA where there is no answer
	ad		authenticated: AD, when asked for and when the whole
			chain of CNAMEs is so
	bogus		SERVFAIL, as from who validates

LOG gets a line "proto name type" for each question.
"""
import os
import random
import socket
import struct
import sys
import threading
import time

import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdatatype
import dns.rrset

SOA = 'ns.test. hostmaster.test. 1 3600 600 86400 60'
CODES = {'servfail': dns.rcode.SERVFAIL, 'bogus': dns.rcode.SERVFAIL,
         'refused': dns.rcode.REFUSED, 'nxdomain': dns.rcode.NXDOMAIN}
STAR = dns.name.from_text('*', origin=None)
EVERY = dns.name.from_text('*')
CHAIN_MAX = 16


def canonical(text):
    return dns.name.from_text(text).canonicalize()


class Zone:
    """Records and faults by name; a name that leads to others is there."""

    def __init__(self, path):
        self.path, self.stamp = path, None
        self.lock = threading.Lock()
        self.refresh()

    def refresh(self):
        with self.lock:
            st = os.stat(self.path)
            stamp = (st.st_mtime_ns, st.st_size, st.st_ino)
            if stamp != self.stamp:
                self.stamp = stamp
                self.read()

    def read(self):
        rr, faults, ttl, there = {}, {}, {}, set()
        with open(self.path, encoding='utf-8') as f:
            lines = [line.split(None, 2) for line in f]
        for w in lines:
            if len(w) < 3 or w[0].startswith('#'):
                continue
            name = canonical(w[0])
            if w[1] == '!':
                fault, *kinds = w[2].split()
                faults.setdefault(name, []).append((fault, kinds))
            elif w[1] == 'TTL':
                ttl[name] = int(w[2])
            else:
                rr.setdefault(name, []).append((w[1], w[2].strip()))
        for name in list(rr) + list(faults):
            while len(name) > 1:
                there.add(name)
                name = name.parent()
        self.rr, self.faults_of, self.ttl, self.there = rr, faults, ttl, there

    def owner(self, name):
        """The name whose records answer for this one; None: NXDOMAIN."""
        if name in self.there or len(name) <= 1:
            return name
        above = name.parent()
        while above not in self.there and len(above) > 1:
            above = above.parent()
        star = STAR.derelativize(above)
        return star if star != EVERY and star in self.there else None

    def faults(self, name, kind):
        own = self.faults_of.get(self.owner(name), [])
        every = self.faults_of.get(EVERY, [])
        return {f for f, kinds in own + every if not kinds or kind in kinds}


def put(r, name, ttl, kind, texts):
    r.answer.append(dns.rrset.from_text_list(
        name, ttl, 'IN', kind, texts, origin=dns.name.root,
        relativize=False))


def fill(zone, r, name, kind):
    """The answer; whether each name of the chain is authenticated."""
    ad = True
    for _ in range(CHAIN_MAX):
        ad = ad and 'ad' in zone.faults(name.canonicalize(), kind)
        owner = zone.owner(name.canonicalize())
        if owner is None:
            r.set_rcode(dns.rcode.NXDOMAIN)
            return ad
        ttl = zone.ttl.get(owner, 300)
        rrs = zone.rr.get(owner, [])
        hit = [t for k, t in rrs if k == kind]
        cname = [t for k, t in rrs if k == 'CNAME']
        if hit:
            put(r, name, ttl, kind, hit)
        if hit or not cname:
            return ad
        put(r, name, ttl, 'CNAME', cname[:1])
        name = dns.name.from_text(cname[0])
    return ad


def short(r, limit):
    """On the wire; None if it is too long."""
    try:
        return r.to_wire(max_size=limit)
    except dns.exception.TooBig:
        return None


def over_udp(q, r, faults):
    limit = max(q.payload, 512) if q.edns >= 0 else 512
    out = None if 'truncate' in faults else short(r, limit)
    if out is None:
        r.flags |= dns.flags.TC
        r.answer, r.authority = [], []
        out = r.to_wire()
    return out


def answer(zone, q, name, kind, faults):
    r = dns.message.make_response(q, recursion_available=True)
    for f in sorted(faults & CODES.keys()):
        r.set_rcode(CODES[f])
        return r
    if 'formerr' in faults:
        r.use_edns(False)
        if q.edns >= 0:
            r.set_rcode(dns.rcode.FORMERR)
            return r
    if name == dns.name.root and kind == 'NS':
        put(r, name, 300, kind, ['a.root.test.'])
        ad = False
    else:
        ad = fill(zone, r, name, kind)
    if 'big' in faults:
        put(r, name, 300, kind, ['"%d %s"' % (i, 'x' * 100)
                                 for i in range(300)])
    if not r.answer and 'nosoa' not in faults:
        r.authority.append(dns.rrset.from_text('test.', 900, 'IN', 'SOA',
                                               SOA))
    if ad and (q.flags & dns.flags.AD or q.ednsflags & dns.flags.DO):
        r.flags |= dns.flags.AD
    if 'other' in faults:
        r.question[0].name = dns.name.from_text('other.test.')
    if 'id' in faults:
        r.id ^= 1
    return r


def pointers(wire, q, tcp, circle):
    """Records of the type that was asked for, their names compressed."""
    kind = q.question[0].rdtype
    asked = wire[12:wire.index(b'\0', 12) + 5]
    if not circle and not tcp:
        return wire[:2] + b'\x83\x80\0\1\0\0\0\0\0\0' + asked
    at = 12 + len(asked)
    if circle:
        return (wire[:2] + b'\x81\x80\0\1\0\1\0\0\0\0' + asked +
                struct.pack('!HHHIH', 0xc000 | at, kind, 1, 300, 2) +
                struct.pack('!H', 0xc000 | at))
    # The first has the long name in its data; all others point to that.
    mx = kind == dns.rdatatype.MX
    long_name = (b'\x3b' + b'x' * 59) * 3 + b'\xc0\x0c'
    to = struct.pack('!H', 0xc000 | at + 12 + 2 * mx)
    short_data = {dns.rdatatype.A: b'\x7f\0\0\1', dns.rdatatype.TXT: b'\1x'}
    answers, n = b'', 0
    while len(answers) < 60000:
        data = short_data.get(kind) or b'\0\1' * mx + (to if n else long_name)
        answers += struct.pack('!HHHIH', 0xc00c, kind, 1, 300, len(data)) + data
        n += 1
    return (wire[:2] + b'\x81\x80\0\1' + struct.pack('!H', n) +
            b'\0\0\0\0' + asked + answers)


def reply(zone, wire, tcp, log):
    q = dns.message.from_wire(wire)
    name = q.question[0].name
    kind = dns.rdatatype.to_text(q.question[0].rdtype)
    zone.refresh()
    faults = zone.faults(name.canonicalize(), kind)
    if log:
        log.write('%s %s %s\n' % ('tcp' if tcp else 'udp',
                  name.canonicalize().to_text(True), kind))
        log.flush()
    for f in faults:
        if f.startswith('slow='):
            time.sleep(int(f[5:]) / 1000)
        elif f.startswith('lossy=') and random.randrange(100) < int(f[6:]):
            return None
        elif f.startswith('moody=') and random.randrange(100) < int(f[6:]):
            r = dns.message.make_response(q, recursion_available=True)
            r.set_rcode(dns.rcode.SERVFAIL)
            return r.to_wire()
    if 'timeout' in faults:
        return None
    if 'garbage' in faults:
        return wire[:2] + b'\xff' * 40
    if 'bomb' in faults or 'circle' in faults:
        return pointers(wire, q, tcp, 'circle' in faults)
    r = answer(zone, q, name, kind, faults)
    return short(r, 65535) if tcp else over_udp(q, r, faults)


def safely(zone, wire, tcp, log):
    try:
        return reply(zone, wire, tcp, log)
    except Exception as e:      # a test's zone may be wrong: say so, go on
        print('dnsd: %r' % e, file=sys.stderr)
        return None


def serve_udp(zone, sock, log):
    def one(wire, peer):
        out = safely(zone, wire, False, log)
        if out is not None:
            sock.sendto(out, peer)
    while True:
        wire, peer = sock.recvfrom(65535)
        threading.Thread(target=one, args=(wire, peer), daemon=True).start()


def read_exactly(c, n):
    data = b''
    while len(data) < n:
        part = c.recv(n - len(data))
        if not part:
            return None
        data += part
    return data


def stream(zone, c, log):
    with c:
        while True:
            head = read_exactly(c, 2)
            wire = head and read_exactly(c, struct.unpack('!H', head)[0])
            if not wire:
                return
            out = safely(zone, wire, True, log)
            if out is not None:
                c.sendall(struct.pack('!H', len(out)) + out)


def serve_tcp(zone, sock, log):
    while True:
        c, _ = sock.accept()
        threading.Thread(target=stream, args=(zone, c, log),
                         daemon=True).start()


def both():
    """The same port for both."""
    while True:
        u = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        u.bind(('127.0.0.1', int(os.environ.get('PORT', 0))))
        t = socket.socket()
        t.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            t.bind(u.getsockname())
        except OSError:
            continue
        t.listen(50)
        return u, t


def main():
    zone = Zone(sys.argv[1])
    log = open(sys.argv[3], 'a') if len(sys.argv) > 3 else None
    u, t = both()
    port = '%d' % u.getsockname()[1]
    if len(sys.argv) > 2:
        with open(sys.argv[2] + '.new', 'w') as f:
            f.write(port + '\n')
        os.rename(sys.argv[2] + '.new', sys.argv[2])
    else:
        print(port, flush=True)
    threading.Thread(target=serve_tcp, args=(zone, t, log),
                     daemon=True).start()
    serve_udp(zone, u, log)


if __name__ == '__main__':
    main()
