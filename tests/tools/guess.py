#!/usr/bin/python3
"""guess.py PORT N ADDR [USER]: N wrong logins from that address, three a
session, ten sessions at a time; prints the last answer, or "closed"."""
import base64
import socket
import ssl
import sys
import threading

port, n, addr = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
user = (sys.argv[4:] or ['root'])[0].encode()
c = ssl.create_default_context()
c.check_hostname = False
c.verify_mode = ssl.CERT_NONE
said, slots = [], threading.Semaphore(10)


def session(tries):
    try:
        s = socket.create_connection(('127.0.0.1', port), 20, (addr, 0))
        s = c.wrap_socket(s)
        f = s.makefile('rwb')
        f.readline()
        f.write(b'EHLO x\r\n')
        f.flush()
        while f.readline()[3:4] == b'-':
            pass
        for _ in range(tries):
            f.write(b'AUTH PLAIN ' + base64.b64encode(
                b'\0' + user + b'\0toor') + b'\r\n')
            f.flush()
            said.append(f.readline().decode().strip())
        s.close()
    except OSError:
        said.append('closed')
    slots.release()


threads = []
while n > 0:
    slots.acquire()
    t = threading.Thread(target=session, args=(min(n, 3),))
    t.start()
    threads.append(t)
    n -= 3
for t in threads:
    t.join()
print(said[-1])
