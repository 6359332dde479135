"""A list's server for one-click unsubscribing, over https.

	oneclick.py PEM KEY DIR

Writes DIR/port; each request appends a line of JSON to DIR/log.  /u/STATUS
answers with that status (30x: to plain http on the same port).
"""
import http.server
import json
import os
import ssl
import sys

PEM, KEY, DIR = sys.argv[1:]


class Handler(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers.get('Content-Length', 0)))
        with open(DIR + '/log', 'a') as f:
            f.write(json.dumps({
                'method': self.command, 'path': self.path,
                'body': body.decode('latin-1'),
                'fields': dict(self.headers.items())}) + '\n')
        status = int(self.path.split('/')[2].split('?')[0])
        self.send_response(status)
        self.send_header('Set-Cookie', 'a=b')
        if status // 100 == 3:
            self.send_header('Location', 'http://localhost:%d/u/200' %
                             self.server.server_address[1])
        self.send_header('Content-Length', '0')
        self.end_headers()

    do_GET = do_POST

    def log_message(self, *args):
        pass


server = http.server.ThreadingHTTPServer(('127.0.0.1', 0), Handler)
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(PEM, KEY)
server.socket = context.wrap_socket(server.socket, server_side=True)
with open(DIR + '/port.new', 'w') as f:
    f.write(str(server.server_address[1]))
os.rename(DIR + '/port.new', DIR + '/port')
server.serve_forever()
