"""suites.py AREA DIR MAILNODE: one area of real suites through this binary.

Prints "AREA: N passed, N failed" and the cases that failed; KNOWN lists
those that are wrong by the RFC, with the section that says so.
"""
import calendar
import email
import glob
import ipaddress
import json
import os
import re
import socket
import subprocess
import sys
import tempfile

import yaml

sys.path.insert(0, os.path.dirname(__file__))
import opinions     # noqa: E402

here = os.path.dirname(os.path.abspath(__file__))

# (area, case): why the suite is wrong.
KNOWN = {
    ("address", "mailbox_valid.txt Bill Gates <\"billy\"@retired."
     "Micr!osoft99.com>"): "RFC 5321 section 4.1.2: no ! in a domain",
    ("address", "mailbox_invalid.txt test@xn--example.com"):
        "RFC 5321 section 4.1.2 takes it; only a lookup can tell",
    ("spf", "all.yml 0.0"):
        "RFC 7208 section 4.6: an error anywhere (ip:) is a permerror",
    ("spf", "basic.yml 4.0"):
        "RFC 7208 section 4.6.4: ten names that are not there, two voids",
    ("spf", "basic.yml 4.7"):
        "RFC 1035 has no order of records: which ten of eleven is chance",
    ("spf", "exists.yml 0.1"): "RFC 7208 section 5.7: exists asks for A",
    ("spf", "macro.yml 1.1"): "RFC 7208 section 5.7: exists asks for A",
    ("spf", "ip.yml 1.3"):
        "RFC 7208 section 5: a mapped address is IPv4, and no ip6 matches",
    ("dmarc", "4"): "RFC 9989 section 4.10 steps 2, 3: several records are "
        "discarded, and the walk goes on",
    ("mime", "rfc/008.eml"): "RFC 2046 section 5.2.1: message/rfc822 in "
        "base64 is none; it is a file, decoded, and no tree",
    ("dmarc", "42"): "RFC 9989 section 5.3.1: two addresses, one domain",
}




def known(kind, numbers, why):
    for n in numbers:
        KNOWN["fields", "%s %d" % (kind, n)] = why


known("address", list(range(37, 42)) + list(range(43, 48)),
      "RFC 5322 section 3.4: URIs are no addresses")
known("address", [55], "RFC 5322 section 3.4: nothing stands behind < >")
known("date", [10, 12], "RFC 5322 section 3.3: no date without a month")
known("id", [8, 9, 10], "RFC 5322 section 3.6.4: an id stands in < >")
known("unstructured", [21], "RFC 2047 section 5: no blank that is not there")
known("unstructured", [27, 28],
      "RFC 2047 section 2: no folding within an encoded word")
known("content_type", [76, 77, 78], "RFC 2045 section 5.1: / is no token")
# Here the cases may be right: this is what we do otherwise.
known("date", [4, 5, 6], "ours: a row has no time before 1970")
known("address", [9], "ours: RFC 5322 section 4.1, a quoted line feed")
known("id", [6], "ours: RFC 5322 section 4.5.4, blanks within an id")


class Area:
    def __init__(self, name, dir_, binary):
        self.name, self.dir, self.binary = name, dir_, binary
        self.tools = os.path.join(os.path.dirname(os.path.dirname(
            os.path.abspath(dir_))), "tools")
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

def dkim_results(area, name, message, lines, epoch):
    """The word after each dkim= of Authentication-Results, in order."""
    names = Names(lines)
    try:
        out = area.run("verify", "-i", "192.0.2.1", "-h", "mx.test", "-f",
                       "a@mx.test", "-r", names.address, "-t", str(epoch),
                       input=message)
        text = out.stdout.decode("utf-8", "replace")
        got = re.findall(r"\bdkim=(\w+)", text)
        opinions.dkim(name, got, names.address, message)
    finally:
        names.close()
    return got, text + out.stderr.decode()


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
        got, text = dkim_results(area, os.path.basename(path), crlf(message),
                                 lines, int(stamp.group(1)) + 60 if stamp else 0)
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
        got, text = dkim_results(area, os.path.basename(stem), crlf(message),
                                 chasquid_dns(shared(stem + ".dns")), 1700000000)
        good = len(got) >= len(want["Results"]) and all(
            g in WANT[w["State"]] for g, w in zip(got, want["Results"]))
        area.case(os.path.basename(stem), good, "%s, want %s\n%s" % (
            got, [w["State"] for w in want["Results"]], text))


def dkim(area):
    dkim_stalwart(area)
    dkim_chasquid(area)


# ---- a name server that comes with the suites ----

class Zone:
    """suitedns over one zone, a dict as it reads them."""

    def __init__(self, area, zone):
        self.dir = tempfile.mkdtemp()
        self.path = os.path.join(self.dir, "zone.json")
        with open(self.path, "w") as f:
            json.dump(zone, f)
        self.p = None
        while self.p is None or not self.p.stdout.readline():
            with socket.socket() as s:      # whatever port is free
                s.bind(("127.0.0.1", 0))
                port = s.getsockname()[1]
            # Somebody may take it meanwhile: then another.
            self.p = subprocess.Popen(
                ["/usr/bin/python3", os.path.join(area.tools, "suitedns"),
                 "-p", str(port), self.path], stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL)
        self.address = "127.0.0.1:%d" % port

    def __enter__(self):
        return self.address

    def __exit__(self, *_):
        self.p.kill()
        self.p.wait()
        os.unlink(self.path)
        os.rmdir(self.dir)


# ---- SPF ----

def reverse(ip):
    return ipaddress.ip_address(ip).reverse_pointer


def spf_record(zone, kind, name, value):
    """One line of a scenario; an mx names addresses, not hosts."""
    def add(at, rr):
        zone.setdefault(at.rstrip(".").lower(), []).append(rr)
    values = [x.strip() for x in value.split(",")]
    if kind in ("spf", "exp"):
        add(name, {"TXT": value})
    elif kind == "ptr":
        for host in values:
            add(reverse(name), {"PTR": host})
    elif kind == "mx":
        for n, ip in enumerate(values):
            host = "mx-%d.%s" % (n, name)
            add(name, {"MX": [10, host]})
            add(host, {"AAAA" if ":" in ip else "A": ip})
    else:
        for ip in values:
            add(name, {kind.upper(): ip})


class Scenario:
    """One document: its zone, and cases (zone, ip, helo, sender, expect)."""

    def __init__(self):
        self.name, self.testing = "", False
        self.zone, self.own = {}, {}
        self.who, self.cases = {}, []

    def line(self, key, value, begins):
        if key == "name" and not self.testing:
            self.name = value
        elif key == "tests":
            self.testing = True
        elif key in ("domain", "sender"):
            self.who = dict({} if begins else self.who, **{key: value})
        elif key == "ip":
            self.who["ip"] = value
        elif key == "expect":
            zone = {k: list(v) for k, v in self.zone.items()}
            for name, rrs in self.own.items():
                zone[name] = [x for x in zone.get(name, [])
                              if "TXT" not in x] + rrs
            self.cases.append(dict(self.who, zone=zone, expect=value))
        elif key == "name":
            self.own = {}
        elif key != "records":
            name, _, text = value.partition(" ")
            if len(name) < 254 and max(map(len, name.split("."))) < 64:
                spf_record(self.own if self.testing else self.zone, key,
                           name, text.strip())


def spf_scenarios(path):
    """YAML whose keys repeat, so that a line is read at a time."""
    one = Scenario()
    with open(path, encoding="utf-8") as f:
        for line in list(f) + ["---"]:
            m = re.match(r"\s*(- )?(\w+):(?: (.*))?$", line)
            if line.startswith("---"):
                yield one
                one = Scenario()
            elif m and not line.startswith("#"):
                one.line(m[2], (m[3] or "").strip(), bool(m[1]))


def spf(area):
    for path in sorted(glob.glob(os.path.join(area.dir, "*.yml"))):
        for n, one in enumerate(spf_scenarios(path)):
            for k, c in enumerate(one.cases):
                for kind in ("_dns_error.org", "_dns_error.test.org"):
                    c["zone"][kind] = ["SERVFAIL"]
                if one.name == "HELO identity":
                    c["sender"] = ""
                with Zone(area, c.pop("zone")) as server:
                    spf_case(area, "%s %d.%d" % (os.path.basename(path), n,
                                                 k), server, c)


def spf_case(area, name, server, c):
    sender = c.get("sender", "")
    helo = c.get("domain") or sender.rpartition("@")[2]
    out = area.run("probe", "spf", "-j", "-r", server, "-i", c["ip"], "-h",
                   helo, "-f", sender)
    result, _, why = c["expect"].partition(" ")
    try:
        got = json.loads(out.stdout)
    except ValueError:
        area.case(name, False, out.stderr.decode())
        return
    opinions.spf(name, got["result"], server, c["ip"], helo, sender)
    area.case(name, got["result"] == result and
              (not why or got["explanation"] == why.strip()),
              "%s, want %s" % (got, c))


# ---- DMARC ----

def dmarc_zone(v):
    """The zone of a vector; where it was lost, what its result implies."""
    if v["zone"] is not None:
        return {name: [{"TXT": one} for one in rr["TXT"]]
                for name, rr in v["zone"].items()}
    author = v["from"][0] if isinstance(v["from"], list) else v["from"]
    author = author.rpartition("@")[2]
    if v["result"] == "temperror":
        return {"_dmarc." + author: ["SERVFAIL"]}
    if not v.get("p"):
        return {}
    a = v["alignment"]
    own = "own record" in v["test"] or author.count(".") == 1
    at = author if own else author.split(".", 1)[1]
    return {"_dmarc." + at: [{"TXT": "v=DMARC1; p=%s; sp=%s; adkim=%s; "
                              "aspf=%s" % (
        v["p"], v["sp"], "s" if a["dkim"]["strict"] else "r",
        "s" if a["spf"]["strict"] else "r")}]}


def dmarc(area):
    with open(os.path.join(area.dir, "mailauth-dmarc-vectors.json"),
              encoding="utf-8") as f:
        vectors = json.load(f)
    for n, v in enumerate(vectors):
        with Zone(area, dmarc_zone(v)) as server:
            dmarc_case(area, str(n), server, v)


def dmarc_case(area, name, server, v):
    who = v["from"]
    args = ["-f", ", ".join(who) if isinstance(who, list) else who]
    for flag, ids in (("-d", v["dkim"]), ("-s", v["spf"])):
        for i in ids:
            args += [flag, i if isinstance(i, str) else i["domain"]]
    out = area.run("probe", "dmarc", "-j", "-r", server, *args)
    try:
        got = json.loads(out.stdout)
    except ValueError:
        area.case(name, False, out.stderr.decode())
        return
    good = got["result"] == v["result"]
    for key in ("policy", "p", "sp"):
        good = good and (key not in v or got.get(key) == v[key])
    for way in ("dkim", "spf") if isinstance(v.get("alignment"), dict) else ():
        want = v["alignment"][way].get("result")
        good = good and got["alignment"][way]["result"] == want
    area.case(name, good, "%s, want %s" % (got, v))


# ---- ARC ----

def arc_result(area, message, server, epoch=1700000000):
    out = area.run("verify", "-j", "-r", server, "-t", str(epoch),
                   input=message)
    for line in out.stdout.decode("utf-8", "replace").splitlines():
        d = json.loads(line)
        if d.get("method") == "arc":
            return d["result"], d["reason"]
    return "", out.stderr.decode()


def field(name, value):
    """A field of the suite, as it was signed: without folding in values."""
    tags = [x.strip() for x in value.strip().rstrip(";").split(";")]
    tags = [re.sub(r"\s+", "" if re.match("(b|bh|h)=", x) else " ", x)
            for x in tags]
    return name + ": " + "; ".join(tags) + "\r\n"


def arc_sign(area):
    with open(os.path.join(area.dir, "arc-draft-sign-tests.yml"),
              encoding="utf-8") as f:
        suites = [x for x in yaml.safe_load_all(f) if x]
    for suite in suites:
        zone = {name: [{"TXT": text.replace("\n", "").strip()}]
                for name, text in suite["txt-records"].items()}
        with Zone(area, zone) as server:
            for name, t in suite["tests"].items():
                if not t.get("AS"):
                    area.case("sign " + name, True)
                    continue
                message = (field("ARC-Seal", t["AS"]) +
                           field("ARC-Message-Signature", t["AMS"]) +
                           field("ARC-Authentication-Results", t["AAR"]) +
                           t["message"].replace("\n", "\r\n"))
                got, why = arc_result(area, message.encode(), server)
                want = "fail" if "cv=fail" in t["AS"] else "pass"
                area.case("sign " + name, got == want,
                          "%s (%s), want %s" % (got, why, want))


def arc_recorded(area):
    zone = {}
    for path in glob.glob(os.path.join(area.dir, "blaze/cache/*.dns")):
        with open(path) as f:
            zone[os.path.basename(path)[:-4]] = [
                {k.upper(): v} for k, _, v in
                (x.partition(":") for x in f.read().splitlines())]
    with Zone(area, zone) as server:
        for path in sorted(glob.glob(os.path.join(area.dir,
                                                  "blaze/*.mail"))):
            with open(path, "rb") as f:
                message = crlf(f.read())
            seals = re.findall(rb"(?mi)^arc-seal:.*",
                               re.sub(rb"\r\n[ \t]+", b" ", message))
            want = "none" if not seals else "fail" if any(
                b"cv=fail" in x for x in seals) else "pass"
            got, why = arc_result(area, message, server)
            area.case("blaze/" + os.path.basename(path), got == want,
                      "%s (%s), want %s" % (got, why, want))


def arc(area):
    arc_sign(area)
    arc_recorded(area)


# ---- fields: what a row says of a header ----

def header_of(area, name, value):
    if not value.endswith("\n"):
        value += "\r\n"
    out = area.run("probe", "header", "-j", input=(
        name + ": " + value + "\r\nInner: one\r\n\r\ntext\r\n").encode())
    return json.loads(out.stdout)


ENVELOPE = re.compile(r'\{(\d+)\}\r\n|"((?:\\.|[^"\\])*)"|[()]|NIL')


def envelope(text):
    """IMAP's list as Python's; octets of literals are of UTF-8."""
    data = text.encode().decode("latin-1")
    stack, at = [[]], 0
    while at < len(data):
        m = ENVELOPE.match(data, at)
        if not m:
            at += 1
            continue
        at = m.end()
        if m[0] == "(":
            stack.append([])
        elif m[0] == ")":
            stack[-2].append(stack.pop())
        elif m[0] == "NIL":
            stack[-1].append(None)
        else:
            if m[1]:
                word, at = data[at:at + int(m[1])], at + int(m[1])
            else:
                word = re.sub(r"\\(.)", r"\1", m[2])
            stack[-1].append(word.encode("latin-1").decode("utf-8",
                                                          "replace"))
    return stack[0][0]


def addresses(text):
    return ["%s@%s" % (a[2], a[3]) if a[3] else a[2]
            for a in envelope(text)[5] or [] if a[3] is not None]


def field_address(area, c):
    want = c["expected"] or {}
    groups = want.get("Group") or [{"addresses": want.get("List", [])}]
    want = [re.sub(r"^@[^:]*:", "", re.sub(r"\s", "", a["address"]))
            for g in groups for a in g["addresses"] if a["address"]]
    got = addresses(header_of(area, "To", c["header"])["envelope"])
    return got == want, "%s, want %s" % (got, want)


def field_date(area, c):
    got, want = header_of(area, "Date", c["header"])["date"], 0
    d = c["expected"]
    if d:
        zone = (d["tz_hour"] * 60 + d["tz_minute"]) * 60
        want = calendar.timegm((d["year"], d["month"], d["day"], d["hour"],
                                d["minute"], d["second"])) + (
            zone if d["tz_before_gmt"] else -zone)
    return got == want, "%s, want %s" % (got, want)


def field_id(area, c):
    got = header_of(area, "References", c["header"])["references"].split()
    want = [re.sub(r"\s|\([^)]*\)", "", x) for x in c["expected"] or []]
    return got == want, "%s, want %s" % (got, want)


def field_unstructured(area, c):
    got = header_of(area, "Subject", c["header"])["subject"]
    want = re.sub(r"\s+", " ", c["expected"])
    return got == want, "%r, want %r" % (got, want)


def field_content_type(area, c):
    body = envelope(header_of(area, "Content-Type",
                              c["header"])["bodystructure"])
    want = c["expected"] or {"c_type": "text", "c_subtype": "plain"}
    if want.get("c_subtype") is None:   # RFC 2045 section 5.2: then text
        want = {"c_type": "text", "c_subtype": "plain"}
    if isinstance(body[0], list):       # a multipart without parts
        got = ("multipart", body[1])
    else:
        got = (body[0], body[1])
    want = (want["c_type"], want["c_subtype"])
    return [x.lower() for x in got] == [x.lower() for x in want], \
        "%s, want %s" % (got, want)


# Received and comma lists are nothing that a row tells.
FIELDS = {"address": field_address, "date": field_date, "id": field_id,
          "unstructured": field_unstructured,
          "content_type": field_content_type}


def fields(area):
    for kind, check in FIELDS.items():
        with open(os.path.join(area.dir, kind + ".json"),
                  encoding="utf-8") as f:
            cases = json.load(f)
        for n, c in enumerate(cases):
            good, why = check(area, c)
            area.case("%s %d" % (kind, n), good, "%s in %r" % (
                why, c["header"]))


# ---- bounces ----

def bounce_want(data):
    """The same by Python's own parser: action, status, recipient."""
    out = []
    for part in email.message_from_bytes(data).walk():
        if part.get_content_type() == "message/delivery-status":
            for group in part.get_payload():
                if group["Final-Recipient"]:
                    out.append((group["Action"], group["Status"],
                                group["Final-Recipient"].partition(";")[2]))
    return out


def bounce(area):
    for path in sorted(glob.glob(os.path.join(area.dir, "**/*.*"),
                                 recursive=True)):
        out = area.run("probe", "bounce", "-j", path)
        lines = [json.loads(x) for x in out.stdout.decode().splitlines()]
        got = [(d["action"], d["status"], d["recipient"]) for d in lines[1:]]
        with open(path, "rb") as f:
            want = bounce_want(f.read())
        area.case(os.path.relpath(path, area.dir), out.returncode == 0 and
                  got == want, "%s, want %s" % (got, want))


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


def lists(area):
    # Without a word of the DNS it is the body that decides.
    for path in sorted(glob.glob(os.path.join(area.dir, "*.tar.*"))):
        opinions.lists(area, path, "127.0.0.1:1")
    area.passed, area.failed = opinions.same, len(opinions.unexplained)


def main():
    name, dir_, binary = sys.argv[1:4]
    area = Area(name, dir_, binary)
    {"spf": spf, "dkim": dkim, "arc": arc, "dmarc": dmarc,
     "address": address, "mime": mime, "fields": fields,
     "bounce": bounce, "lists": lists}[name](area)
    bad = area.end()
    if name in ("spf", "dkim", "lists"):
        bad += opinions.end()
    raise SystemExit(bad > 0)


if __name__ == "__main__":
    main()
