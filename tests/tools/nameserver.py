"""A name server for tests on 127.0.0.1: nameserver.py ZONE [PORTFILE]

ZONE has a line a record, "NAME TYPE VALUE"; VALUE in master file form.
Instead of a type: SERVFAIL answers so, TIMEOUT not at all.  A line "AD"
makes every answer authenticated.  The file is read again for each question,
so that a test may change it.  The port goes to PORTFILE, or is printed.
"""
import os
import socket
import socketserver
import sys
import threading

import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdatatype
import dns.rrset


def zone():
    records, lies, ad = {}, {}, False
    with open(sys.argv[1], encoding="utf-8") as f:
        for line in f:
            word = line.split(None, 2)
            if not word or word[0].startswith("#"):
                continue
            if word == ["AD"]:
                ad = True
                continue
            name = dns.name.from_text(word[0])
            if word[1] in ("SERVFAIL", "TIMEOUT"):
                lies[name] = word[1]
            else:
                kind = dns.rdatatype.from_text(word[1])
                records.setdefault(name, {}).setdefault(kind, []).append(
                    word[2].strip())
    return records, lies, ad


def put(answer, name, kind, values):
    answer.answer.append(dns.rrset.from_text_list(
        name, 60, "IN", dns.rdatatype.to_text(kind), values,
        origin=dns.name.root, relativize=False))


def reply(wire):
    query = dns.message.from_wire(wire)
    answer = dns.message.make_response(query)
    answer.flags |= dns.flags.RA
    records, lies, ad = zone()
    name, kind = query.question[0].name, query.question[0].rdtype
    if lies.get(name) == "TIMEOUT":
        return None
    if lies.get(name) == "SERVFAIL":
        answer.set_rcode(dns.rcode.SERVFAIL)
        return answer
    if ad:
        answer.flags |= dns.flags.AD
    for _ in range(8):
        here = records.get(name)
        if here is None:
            if not any(n.is_subdomain(name) for n in records):
                answer.set_rcode(dns.rcode.NXDOMAIN)
            return answer
        if kind in here:
            put(answer, name, kind, here[kind])
            return answer
        if dns.rdatatype.CNAME not in here:
            return answer
        put(answer, name, dns.rdatatype.CNAME, here[dns.rdatatype.CNAME])
        name = dns.name.from_text(here[dns.rdatatype.CNAME][0])
    return answer


class Udp(socketserver.BaseRequestHandler):
    def handle(self):
        wire, sock = self.request
        answer = reply(wire)
        if answer is None:
            return
        out = answer.to_wire(max_size=65535)
        if len(out) > 1232:
            short = dns.message.make_response(dns.message.from_wire(wire))
            short.flags |= dns.flags.TC
            out = short.to_wire()
        sock.sendto(out, self.client_address)


class Tcp(socketserver.StreamRequestHandler):
    def handle(self):
        while len(size := self.rfile.read(2)) == 2:
            answer = reply(self.rfile.read(int.from_bytes(size, "big")))
            if answer is None:
                return
            out = answer.to_wire(max_size=65535)
            self.wfile.write(len(out).to_bytes(2, "big") + out)


class UdpServer(socketserver.ThreadingUDPServer):
    daemon_threads = True


class TcpServer(socketserver.ThreadingTCPServer):
    daemon_threads = True
    allow_reuse_address = True


def both():
    """The same port for both, of the kernel's choice."""
    while True:
        udp = UdpServer(("127.0.0.1", 0), Udp)
        try:
            return udp, TcpServer(udp.server_address, Tcp)
        except OSError:
            udp.server_close()


def main():
    udp, tcp = both()
    port = str(udp.server_address[1])
    if len(sys.argv) > 2:
        with open(sys.argv[2] + ".new", "w", encoding="ascii") as f:
            f.write(port + "\n")
        os.rename(sys.argv[2] + ".new", sys.argv[2])
    else:
        print(port, flush=True)
    threading.Thread(target=udp.serve_forever, daemon=True).start()
    tcp.serve_forever()


main()
