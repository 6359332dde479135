"""A node that a test made (lib.sh: node_config, node_build, node_init), as
seen from Python: start, stop, kill, deliver, look."""
import json
import os
import signal
import socket
import subprocess
import time

top = os.path.abspath(os.path.join(os.path.dirname(__file__), "../.."))
PASS = b"correct horse battery staple\n"


def wait_for(what, seconds=30):
    end = time.monotonic() + seconds
    while True:
        got = what()
        if got or time.monotonic() > end:
            return got
        time.sleep(0.01)


class Tap:
    """ok() lines and the plan."""

    def __init__(self):
        self.number = self.failures = 0

    def ok(self, what, good, why=""):
        self.number += 1
        self.failures += not good
        print("%sok %d - %s" % ("" if good else "not ", self.number, what),
              flush=True)
        if not good and why:
            print("# " + str(why).replace("\n", "\n# "), flush=True)
        return good

    def end(self):
        print("1..%d" % self.number)
        raise SystemExit(self.failures > 0)


class Node:
    def __init__(self, dir_):
        self.dir = dir_
        self.home = os.path.join(dir_, "home")
        self.mail = os.path.join(dir_, "Mail")
        self.binary = os.path.join(dir_, "build/mailnode")
        self.log = os.path.join(dir_, "log")
        self.daemon = None
        self.env = dict(os.environ, MAILNODE_HOME=self.home, HOME=dir_)

    # ---- life ----

    def start(self, seconds=60, **more):
        """True when the doors are open; more: environment."""
        listeners = os.path.join(self.home, "run/listeners")
        if os.path.exists(listeners):
            os.unlink(listeners)
        with open(self.log, "ab") as log:
            self.daemon = subprocess.Popen(
                [self.binary, "serve"], stdin=subprocess.DEVNULL, stdout=log,
                stderr=log, env=dict(self.env, **more),
                start_new_session=True)
        # lib.sh ends what this names, should we die.
        with open(os.path.join(self.dir, "serve.pid"), "w") as f:
            f.write("%d\n" % self.daemon.pid)
        wait_for(lambda: os.path.exists(listeners) or
                 self.daemon.poll() is not None, seconds)
        return os.path.exists(listeners)

    def kill(self):
        """kill -9 of every process at once: all stand still first, so that
        none can act on another's end."""
        if self.daemon is None:
            return
        for pid in self.members():
            try:
                os.kill(pid, signal.SIGSTOP)
            except ProcessLookupError:
                pass
        wait_for(lambda: not self._kill_members(), 10)
        self.daemon.wait()
        self.daemon = None

    def members(self):
        out = []
        for pid in os.listdir("/proc"):
            if not pid.isdigit():
                continue
            try:
                with open("/proc/%s/stat" % pid, errors="replace") as f:
                    word = f.read().rsplit(")", 1)[1].split()
            except OSError:
                continue
            if int(word[3]) == self.daemon.pid and word[0] != "Z":
                out.append(int(pid))
        return out

    def _kill_members(self):
        found = self.members()
        for pid in found:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
        return found

    def stop(self, seconds=60):
        """The exit status of an orderly stop, None if it had to be killed."""
        self.daemon.terminate()
        try:
            rc = self.daemon.wait(seconds)
        except subprocess.TimeoutExpired:
            rc = None
        self.kill()
        return rc

    def pid_of(self, role):
        """pids of a role's processes."""
        out = []
        for pid in self.members():
            try:
                with open("/proc/%d/comm" % pid) as f:
                    if f.read().strip() == "mn-" + role:
                        out.append(pid)
            except OSError:
                pass
        return out

    # ---- asking ----

    def run(self, *args, input=b"", timeout=60, **more):
        return subprocess.run([self.binary] + list(args), input=input,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                              env=dict(self.env, **more), timeout=timeout)

    def json(self, *args):
        out = self.run(*args).stdout.decode()
        return [json.loads(line) for line in out.splitlines()]

    def whole(self):
        """All is listed: behind a crash IMAP waits for that."""
        return wait_for(lambda: any(
            s.get("partial") is False for s in self.json("status", "-j")))

    def unlock(self):
        return self.run("vault", "unlock", "--passphrase-stdin",
                        input=PASS).returncode == 0

    def port(self, service="smtp"):
        with open(os.path.join(self.home, "run/listeners")) as f:
            for line in f:
                word = line.split()
                if word[0] == service:
                    return int(word[3])
        return None

    def files(self, folder="INBOX"):
        out = []
        for sub in ("new", "cur"):
            d = os.path.join(self.mail, folder, sub)
            if os.path.isdir(d):
                out += [os.path.join(d, f) for f in os.listdir(d)]
        return sorted(out)

    def ids(self, folder="INBOX"):
        """Message-IDs of a folder, sorted, as often as they are there."""
        out = []
        for path in self.files(folder):
            try:
                with open(path, "rb") as f:
                    head = f.read(65536)
            except OSError:
                continue
            for line in head.split(b"\n"):
                if line.lower().startswith(b"message-id:"):
                    out.append(line.split(b":", 1)[1].strip().decode())
                    break
        return sorted(out)


class Smtp:
    """A client that says what it is told to."""

    def __init__(self, port, timeout=30):
        self.sock = socket.create_connection(("127.0.0.1", port), timeout)
        self.file = self.sock.makefile("rb")

    def reply(self):
        """The last line of a reply; "" at the end of the connection."""
        while True:
            line = self.file.readline().decode("latin-1")
            if line[3:4] != "-":
                return line.rstrip("\r\n")

    def say(self, line):
        try:
            self.sock.sendall(line.encode("latin-1") + b"\r\n")
            return self.reply()
        except OSError:
            return ""

    def hello(self):
        return self.reply() and self.say("EHLO client.test")

    def send(self, data, to="me@node.test", sender="a@sender.test"):
        """The reply to the final dot, or the first refusal."""
        for line in ("MAIL FROM:<%s>" % sender, "RCPT TO:<%s>" % to,
                     "DATA"):
            got = self.say(line)
            if not got or got[0] not in "23":
                return got
        try:
            self.sock.sendall(data + b".\r\n")
            return self.reply()
        except OSError:
            return ""

    def close(self):
        self.file.close()
        self.sock.close()


def message(number, octets=600):
    """A letter with Message-ID <NUMBER@test>."""
    head = ("From: Ada <a@sender.test>\r\nTo: me@node.test\r\n"
            "Subject: letter %s\r\nMessage-ID: <%s@test>\r\n"
            "Date: Sat, 21 Nov 2026 06:00:00 +0000\r\n\r\n" %
            (number, number)).encode()
    line = b"All work and no play makes Ada a dull girl.\r\n"
    return head + line * max(1, (octets - len(head)) // len(line))
