"""suites.py AREA DIR MAILNODE: one area of real suites through this binary.

Prints "AREA: N passed, N failed" and the cases that failed; KNOWN lists
those that are wrong by the RFC, with the section that says so.
"""
import glob
import json
import os
import re
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.dirname(__file__))
here = os.path.dirname(os.path.abspath(__file__))

# (area, case): why the suite is wrong.
KNOWN = {
    ("address", "mailbox_valid.txt Bill Gates <\"billy\"@retired."
     "Micr!osoft99.com>"): "RFC 5321 section 4.1.2: no ! in a domain",
    ("address", "mailbox_invalid.txt test@xn--example.com"):
        "RFC 5321 section 4.1.2 takes it; only a lookup can tell",
}


class Area:
    def __init__(self, name, dir_, binary):
        self.name, self.dir, self.binary = name, dir_, binary
        self.passed = self.failed = 0

    def case(self, name, good, why=""):
        if good:
            self.passed += 1
        elif (self.name, name) in KNOWN:
            print("# %s %s: left out: %s" % (self.name, name,
                                             KNOWN[self.name, name]))
        else:
            self.failed += 1
            print("# %s %s: %s" % (self.name, name, why))

    def run(self, *args, input=b""):
        return subprocess.run([self.binary] + list(args), input=input,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                              timeout=60)

    def end(self):
        print("%s: %d passed, %d failed" % (self.name, self.passed,
                                            self.failed))
        return self.failed


class Names:
    """A name server with the records of one case; see dnsd.py."""

    def __init__(self, lines):
        self.dir = tempfile.mkdtemp()
        self.zone = os.path.join(self.dir, "zone")
        with open(self.zone, "w") as f:
            f.write("\n".join(lines) + "\n")
        self.p = subprocess.Popen(
            ["/usr/bin/python3", os.path.join(here, "dnsd.py"),
             self.zone], stdout=subprocess.PIPE)
        self.address = "127.0.0.1:" + self.p.stdout.readline().decode().strip()

    def close(self):
        self.p.kill()
        self.p.wait()
        os.unlink(self.zone)
        os.rmdir(self.dir)


def quoted(text):
    """A TXT value in strings of at most 255 octets."""
    text = text.replace("\\", "\\\\").replace('"', '\\"')
    return " ".join('"%s"' % text[i:i + 200]
                    for i in range(0, max(len(text), 1), 200))


def crlf(data):
    return re.sub(rb"\r?\n", b"\r\n", data)


# ---- DKIM ----

def dkim_results(area, message, lines, epoch):
    """The word after each dkim= of Authentication-Results, in order."""
    names = Names(lines)
    try:
        out = area.run("verify", "-i", "192.0.2.1", "-h", "mx.test", "-f",
                       "a@mx.test", "-r", names.address, "-t", str(epoch),
                       input=message)
    finally:
        names.close()
    text = out.stdout.decode("utf-8", "replace")
    return re.findall(r"\bdkim=(\w+)", text), text + out.stderr.decode()


def dkim_stalwart(area):
    for path in sorted(glob.glob(os.path.join(area.dir, "0*.txt"))):
        with open(path, "rb") as f:
            head, _, message = f.read().partition(b"\n\n")
        lines = []
        for line in head.decode().splitlines():
            name, _, value = line.strip().partition(" ")
            if name:
                lines.append("%s TXT %s" % (name, quoted(value)))
        stamp = re.search(rb"[;\s]t=(\d+)", message)
        got, text = dkim_results(area, crlf(message), lines,
                                 int(stamp.group(1)) + 60 if stamp else 0)
        area.case(os.path.basename(path), got and set(got) == {"pass"}, text)


def chasquid_dns(path):
    lines = []
    if not os.path.exists(path):
        return lines
    with open(path) as f:
        text = f.read().replace("\\\n", " ")
    for line in text.splitlines():
        if ":" not in line or line.startswith("#"):
            continue
        name, value = (x.strip() for x in line.split(":", 1))
        if value == "TEMPERROR":
            lines.append(name + " ! servfail")
        elif value != "PERMERROR":
            lines.append("%s TXT %s" % (name, quoted(value)))
    return lines


# Links of the suite that were lost: whose file a case shares.
SHARED = {"02-too_many_headers.dns": "01-rfc8463.dns",
          "09-limited_body.dns": "08-our_signature.dns",
          "10-strict_domain_check_pass.msg": "01-rfc8463.msg"}


def shared(path):
    name = os.path.basename(path)
    return os.path.join(os.path.dirname(path), SHARED.get(name, name))


WANT = {"SUCCESS": {"pass"}, "TEMPFAIL": {"temperror"},
        "PERMFAIL": {"fail", "permerror", "neutral", "policy"}}


def dkim_chasquid(area):
    for path in sorted(glob.glob(os.path.join(area.dir, "chasquid/*.result"))):
        stem = path[:-len(".result")]
        with open(path) as f:
            want = json.load(f)
        with open(shared(stem + ".msg"), "rb") as f:
            message = f.read()
        got, text = dkim_results(area, crlf(message),
                                 chasquid_dns(shared(stem + ".dns")), 1700000000)
        good = len(got) >= len(want["Results"]) and all(
            g in WANT[w["State"]] for g, w in zip(got, want["Results"]))
        area.case(os.path.basename(stem), good, "%s, want %s\n%s" % (
            got, [w["State"] for w in want["Results"]], text))


def dkim(area):
    dkim_stalwart(area)
    dkim_chasquid(area)


# ---- addresses ----

def address(area):
    for path in sorted(glob.glob(os.path.join(area.dir, "*.txt"))):
        valid = "invalid" not in os.path.basename(path)
        local = "localpart" in os.path.basename(path)
        with open(path, encoding="utf-8") as f:
            cases = [re.sub(r"\s{8,}#.*", "", x.rstrip("\n")) for x in f]
        cases = [x for x in cases if x.strip() and not x.startswith("#")]
        cases = [x + "@example.org" if local else x for x in cases]
        out = area.run("probe", "address",
                       input="".join(x + "\n" for x in cases).encode())
        verdicts = out.stdout.decode("utf-8", "replace").splitlines()
        if len(verdicts) != len(cases):
            area.case(os.path.basename(path), False, "%d verdicts for %d" % (
                len(verdicts), len(cases)))
            continue
        for text, v in zip(cases, verdicts):
            good = not re.match(r"(invalid|bad|error|no)\b", v)
            area.case("%s %s" % (os.path.basename(path), text),
                      good == valid, v)


# ---- MIME ----

def leaves(parts, out):
    """Parts that hold data, in order, of a tree of mail-parser's JSON."""
    for p in parts:
        out.append(p)
    return out


def mime(area):
    for path in sorted(glob.glob(os.path.join(area.dir, "**/*.eml"),
                                 recursive=True)):
        name = os.path.relpath(path, area.dir)
        out = area.run("probe", "mime", "-j", path)
        lines = out.stdout.decode("utf-8", "replace").splitlines()
        if out.returncode != 0 or not lines:
            area.case(name, False, out.stderr.decode())
            continue
        parts = [json.loads(x) for x in lines]
        want = path[:-4] + ".json"
        if not os.path.exists(want):
            area.case(name, True)
            continue
        with open(want, encoding="utf-8") as f:
            tree = json.load(f)
        area.case(name, *mime_same(tree, parts))


def mime_same(tree, parts):
    """Do the parts of a file agree with the tree that is expected?"""
    def kind(p):
        for h in p["headers"]:
            if h["name"] == "content_type" and "ContentType" in h["value"]:
                c = h["value"]["ContentType"]
                return "%s/%s" % (c["c_type"].lower(),
                                  (c.get("c_subtype") or "").lower())
        return None
    def flat(t):
        # A message within the message stands behind the part that holds it.
        for p in t["parts"]:
            yield p
            if isinstance(p["body"], dict) and "Message" in p["body"]:
                yield from flat(p["body"]["Message"])
    want = [kind(p) for p in flat(tree)]
    got = [p.get("type", "").lower() for p in parts]
    if len(want) != len(got):
        return False, "%d parts, want %d: %s, want %s" % (
            len(got), len(want), got, want)
    bad = [(g, w) for g, w in zip(got, want) if w is not None and g != w]
    return not bad, "types %s" % bad


def main():
    name, dir_, binary = sys.argv[1:4]
    area = Area(name, dir_, binary)
    {"dkim": dkim, "address": address, "mime": mime}[name](area)
    raise SystemExit(area.end() > 0)


if __name__ == "__main__":
    main()
