"""SMTP dialogues of another server against ours: dialogue.py PORT FILE...

Lines are "c -> TEXT", "c ~> PYTHON BYTES", "c <- TEXT", "c <~ REGEX" and
"c <... TEXT" (up to that line).  The words of a reply are each server's own:
what must agree is its first digit, and that it comes.  "RCPT TO: a@b" is
written with the brackets that RFC 5321 section 4.1.2 asks for.  Dialogues
that need what is no part of SMTP on port 25 are left out.
"""
import ast
import os
import re
import socket
import sys

LEFT_OUT = {
    "t-04-aliases-test_chasquid_util.cmy": "another program's commands",
    "t-12-minor_dialogs-auth_multi_dialog.cmy": "submission",
    "t-12-minor_dialogs-auth_too_many_failures.cmy": "submission",
    "t-12-minor_dialogs-bad_data.cmy":
        "RFC 5321 section 6.4: a server passes on text it cannot parse",
}


class End(Exception):
    pass


def evaluate(text):
    """'a' * 3 + 'b': strings, numbers, + and * of them."""
    def value(node):
        if isinstance(node, ast.Expression):
            return value(node.body)
        if isinstance(node, ast.Constant):
            return node.value
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
            return value(node.left) + value(node.right)
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mult):
            return value(node.left) * value(node.right)
        raise ValueError(text)
    return value(ast.parse(text.strip(), mode="eval")).encode("latin-1")


def bracketed(line):
    return re.sub(r"^(MAIL FROM|RCPT TO): *(?!<)(\S+)$", r"\1:<\2>",
                  re.sub(r"^(MAIL FROM|RCPT TO): +<", r"\1:<", line))


class Talk:
    def __init__(self, port):
        self.port, self.sock, self.file = port, None, None

    def connect(self):
        self.close()
        self.sock = socket.create_connection(("127.0.0.1", self.port), 20)
        self.file = self.sock.makefile("rb")

    def close(self):
        if self.sock is not None:
            self.file.close()
            self.sock.close()
            self.sock = None

    def send(self, data):
        try:
            self.sock.sendall(data)
        except OSError:
            pass                    # what it said before is still read

    def reply(self):
        while True:
            try:
                line = self.file.readline().decode("utf-8", "replace")
            except OSError as e:
                raise End("connection reset") from e
            if line == "":
                raise End("connection closed")
            if line[3:4] != "-":
                return line.rstrip()


def step(talk, line):
    """None, or why this line does not hold."""
    word, _, rest = line.partition(" ")
    if word == "tcp_connect":
        talk.connect()
    elif word == "close":
        talk.close()
    elif word == "->":
        talk.send(bracketed(rest).encode() + b"\r\n")
    elif word == "~>":
        talk.send(evaluate(rest))
    elif word in ("<-", "<~", "<..."):
        got = talk.reply()
        if got[:1] != rest.strip()[:1]:
            return "got %r, want %r" % (got, rest)
    else:
        raise ValueError(line)
    return None


def play(port, path):
    talk = Talk(port)
    last = ""
    try:
        with open(path, encoding="utf-8") as f:
            for line in f:
                line = line.rstrip("\n")
                if not line.startswith("c "):
                    continue
                why = step(talk, line[2:])
                if why:
                    return "after %s: %s" % (last[:60], why)
                if line.startswith(("c ->", "c ~>")):
                    last = line
    except (End, socket.timeout) as e:
        return "after %s: %s" % (last[:60], e)
    finally:
        talk.close()
    return None


def main():
    passed = failed = 0
    for path in sys.argv[2:]:
        name = os.path.basename(path)
        if name in LEFT_OUT:
            print("# smtp %s: left out: %s" % (name, LEFT_OUT[name]))
            continue
        why = play(int(sys.argv[1]), path)
        passed += why is None
        failed += why is not None
        if why:
            print("# smtp %s: %s" % (name, why))
    print("smtp: %d passed, %d failed" % (passed, failed))
    raise SystemExit(failed > 0)


main()
