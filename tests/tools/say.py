#!/usr/bin/python3
"""say.py PORT clear|tls LINE...: says each line when the one before was
answered, and prints the answers; none after the server closed."""
import socket
import ssl
import sys

s = socket.create_connection(('127.0.0.1', int(sys.argv[1])), 20)
if sys.argv[2] == 'tls':
    c = ssl.create_default_context()
    c.check_hostname = False
    c.verify_mode = ssl.CERT_NONE
    s = c.wrap_socket(s)
f = s.makefile('rwb')


def hear():
    while True:
        line = f.readline()
        sys.stdout.write(line.decode())
        if line[3:4] != b'-':
            return line


hear()
for line in sys.argv[3:]:
    f.write(line.encode() + b'\r\n')
    f.flush()
    if not hear():
        break
