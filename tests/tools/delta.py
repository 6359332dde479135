"""delta.py DIR IMAP SUBMISSION USER PASSWORD: Delta Chat's core, twice, over
JSON-RPC: what one device sends the other has, and no warning."""
import json
import os
import queue
import subprocess
import sys
import threading
import time

sys.path.insert(0, os.path.dirname(__file__))
import imapc                                            # noqa: E402
import node                                             # noqa: E402

top, imap, smtp, user, password = sys.argv[1:]
tap = node.Tap()
SELF = 1                                # the contact that is the user
NOTES = 6                               # it slows itself down after more
BIG = 1 << 20                           # octets of a file


class Device:
    def __init__(self, name):
        self.dir = os.path.join(top, name)
        self.calls, self.answers, self.told = 0, {}, queue.Queue()
        self.wrong = []
        self.proc = subprocess.Popen(
            ["deltachat-rpc-server"], stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
            env=dict(os.environ, DC_ACCOUNTS_PATH=self.dir))
        for job in self.read, self.listen:
            threading.Thread(target=job, daemon=True).start()
        self.id = self.ask("add_account")

    def read(self):
        for line in self.proc.stdout:
            got = json.loads(line)
            self.answers[got["id"]].put(got)

    def ask(self, method, *args, seconds=60):
        self.calls += 1
        n = self.calls
        self.answers[n] = queue.Queue()
        self.proc.stdin.write(json.dumps({
            "jsonrpc": "2.0", "id": n, "method": method,
            "params": args}).encode() + b"\n")
        self.proc.stdin.flush()
        got = self.answers[n].get(timeout=seconds)
        del self.answers[n]
        if "error" in got:
            raise RuntimeError("%s: %s" % (method, got["error"]))
        return got["result"]

    def on(self, method, *args):
        return self.ask(method, self.id, *args)

    def listen(self):
        while True:
            e = self.ask("get_next_event", seconds=None)["event"]
            if e["kind"] in ("Warning", "Error"):
                self.wrong.append(e["msg"])
            if e["kind"] != "Info":
                self.told.put(e)

    def wait(self, kind, seconds=20):
        """Until it is told, of a message where it is about one."""
        end = time.monotonic() + seconds
        while True:
            try:
                e = self.told.get(timeout=max(0, end - time.monotonic()))
            except queue.Empty:
                return None
            if e["kind"] == kind and e.get("msgId", 1) > 0:
                return e

    def start(self):
        self.on("start_io")
        return self.wait("ImapInboxIdle") is not None

    def chat(self):
        return self.on("create_chat_by_contact_id", SELF)

    def texts(self):
        return [self.on("get_message", m)["text"] for m in
                self.on("get_message_ids", self.chat(), False, False)]

    def end(self):
        self.proc.terminate()
        self.proc.wait()


def until(what, test):
    tap.ok(what, node.wait_for(test, 20))


a = Device("a")
a.on("set_config", "bcc_self", "1")
# As device add draws it (8102-device); these ports, and any certificate.
code = "dclogin://%s?p=%s&v=1&ih=localhost&ip=%s&is=ssl&sh=localhost&sp=%s" \
    "&ss=ssl&ic=3" % (user, password, imap, smtp)
tap.ok("the code is read", a.on("check_qr", code) == {
    "kind": "login", "address": user})
a.on("add_transport_from_qr", code)
tap.ok("configured", a.on("is_configured"))
os.mkdir(os.path.join(top, "copy"))
a.on("export_backup", os.path.join(top, "copy"), None)
b = Device("b")
b.on("import_backup", os.path.join(top, "copy", os.listdir(
    os.path.join(top, "copy"))[0]), None)
tap.ok("both idle", a.start() and b.start())

for i in range(NOTES):
    one, other = (a, b) if i % 2 == 0 else (b, a)
    one.on("misc_send_text_message", one.chat(), "note %d \u00fc" % i)
    tap.ok("note %d is sent" % i, one.wait("MsgDelivered") is not None)
    until("and there", lambda: "note %d \u00fc" % i in other.texts())
tap.ok("both have the same", a.texts() == b.texts(),
       "%r\n%r" % (a.texts(), b.texts()))

with open(os.path.join(top, "file"), "wb") as f:
    f.write(os.urandom(BIG))
a.on("send_msg", a.chat(), {
    "text": "file", "file": f.name, "filename": "file.bin",
    "viewtype": "File", "html": None, "location": None,
    "overrideSenderName": None, "quotedMessageId": None, "quotedText": None})
until("a file comes over", lambda: any(
    b.on("get_message", m)["fileBytes"] == BIG for m in
    b.on("get_message_ids", b.chat(), False, False)))

c = imapc.Imap(int(imap))
c.login(user, password)


def here():
    """Messages in the inbox; no session of ours stays with it."""
    line = c.ok("STATUS INBOX (MESSAGES)")[0]
    return int(line.split(b"MESSAGES ")[1].rstrip(b")\r\n"))


had = here()
a.on("delete_messages", a.on("get_message_ids", a.chat(), False, False)[-2:])
until("deleted here, gone from the node", lambda: here() == had - 2)
for d in a, b:
    tap.ok("it has nothing to say", not d.wrong, "\n".join(d.wrong))
    d.end()
tap.end()
