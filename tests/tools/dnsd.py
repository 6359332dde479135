#!/usr/bin/python3
"""dnsd.py ZONE PORTFILE [LOG]: a DNS server for tests, on 127.0.0.1, UDP and TCP.

The kernel chooses the port (or $PORT says it), which is written to PORTFILE
when both sockets listen.  ZONE is read again whenever it changed; lines are

	NAME TYPE RDATA...	a record, in presentation form, TTL 300
	NAME TTL SECONDS	for the records of that name
	NAME ! FAULT		for questions of that name ("*": of every name)

FAULT: servfail, refused, timeout, formerr (to questions with OPT, without
OPT in the answer), garbage, other (another question's answer), truncate
(UDP only), big (300 more records), nosoa, ad (sets AD when asked for), or
slow=MS.  "*.NAME" is a wildcard.  LOG gets a line "proto name type" for
each question.
"""
import os
import socket
import struct
import sys
import threading
import time

import dns.flags
import dns.message
import dns.name
import dns.opcode
import dns.rcode
import dns.rdata
import dns.rdataclass
import dns.rdatatype
import dns.rrset

SOA = 'ns.test. hostmaster.test. 1 3600 600 86400 60'


class Zone:
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
        self.rr, self.fault, self.ttl = {}, {}, {}
        for line in open(self.path):
            f = line.split(None, 2)
            if len(f) < 3 or line.startswith('#'):
                continue
            name = f[0].rstrip('.').lower()
            if f[1] == '!':
                self.fault.setdefault(name, []).append(f[2].strip())
            elif f[1] == 'TTL':
                self.ttl[name] = int(f[2])
            else:
                self.rr.setdefault(name, []).append((f[1], f[2].strip()))

    def lookup(self, name):
        if name in self.rr or name in self.fault:
            return self.rr.get(name, [])
        parts = name.split('.')
        for i in range(1, len(parts)):
            star = '*.' + '.'.join(parts[i:])
            if star in self.rr:
                return self.rr[star]
        tail = '.' + name
        if any(k.endswith(tail) for k in self.rr):
            return []
        return None

    def faults(self, name):
        return self.fault.get('*', []) + self.fault.get(name, [])


def rrset(name, ttl, kind, texts):
    return dns.rrset.from_text_list(dns.name.from_text(name), ttl, 'IN',
                                    kind, texts)


def fill(zone, r, name, kind):
    for _ in range(10):
        rrs = zone.lookup(name)
        if rrs is None:
            r.set_rcode(dns.rcode.NXDOMAIN)
            return
        ttl = zone.ttl.get(name, 300)
        hit = [t for k, t in rrs if k == kind]
        if hit:
            r.answer.append(rrset(name + '.', ttl, kind, hit))
            return
        cname = [t for k, t in rrs if k == 'CNAME']
        if not cname:
            return
        r.answer.append(rrset(name + '.', ttl, 'CNAME', cname))
        name = cname[0].rstrip('.').lower()


def reply(zone, wire, tcp, log):
    q = dns.message.from_wire(wire)
    question = q.question[0]
    name = question.name.to_text().rstrip('.').lower()
    kind = dns.rdatatype.to_text(question.rdtype)
    zone.refresh()
    faults = zone.faults(name)
    if log:
        log.write('%s %s %s\n' % ('tcp' if tcp else 'udp', name, kind))
        log.flush()
    for f in faults:
        if f.startswith('slow='):
            time.sleep(int(f[5:]) / 1000)
    if 'timeout' in faults:
        return None
    if 'garbage' in faults:
        return wire[:2] + b'\xff' * 40
    r = dns.message.make_response(q, recursion_available=True)
    for f, code in (('servfail', dns.rcode.SERVFAIL),
                    ('refused', dns.rcode.REFUSED)):
        if f in faults:
            r.set_rcode(code)
            return r.to_wire()
    if 'formerr' in faults and q.edns >= 0:
        r.set_rcode(dns.rcode.FORMERR)
        r.use_edns(False)
        return r.to_wire()
    if 'formerr' in faults:
        r.use_edns(False)
    if 'other' in faults:
        r.question[0].name = dns.name.from_text('other.test.')
    if name or kind != 'NS':
        fill(zone, r, name, kind)
    else:
        r.answer.append(rrset('.', 300, 'NS', ['a.root.test.']))
    if 'big' in faults:
        r.answer.append(rrset(name + '.', 300, kind,
                              ['"%d %s"' % (i, 'x' * 100)
                               for i in range(300)]))
    if not r.answer and 'nosoa' not in faults:
        r.authority.append(rrset('test.', 900, 'SOA', [SOA]))
    if 'ad' in faults and (q.flags & dns.flags.AD or
                           q.ednsflags & dns.flags.DO):
        r.flags |= dns.flags.AD
    if tcp:
        return r.to_wire(max_size=65535)
    limit = max(q.payload, 512) if q.edns >= 0 else 512
    out = None
    if 'truncate' not in faults:
        try:
            out = r.to_wire(max_size=limit)
        except dns.exception.TooBig:
            pass
    if out is None:
        r.flags |= dns.flags.TC
        r.answer, r.authority = [], []
        out = r.to_wire()
    return out


def udp(zone, sock, log):
    def one(wire, peer):
        try:
            out = reply(zone, wire, False, log)
        except Exception as e:
            print('dnsd: %r' % e, file=sys.stderr)
            return
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
            out = reply(zone, wire, True, log)
            if out is not None:
                c.sendall(struct.pack('!H', len(out)) + out)


def tcp(zone, sock, log):
    while True:
        c, _ = sock.accept()
        threading.Thread(target=stream, args=(zone, c, log),
                         daemon=True).start()


def both():
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
    with open(sys.argv[2] + '.new', 'w') as f:
        f.write('%d\n' % u.getsockname()[1])
    os.rename(sys.argv[2] + '.new', sys.argv[2])
    threading.Thread(target=tcp, args=(zone, t, log), daemon=True).start()
    udp(zone, u, log)


main()
