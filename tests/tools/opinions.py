"""Second opinions on the suites' cases, by python3-spf and python3-dkim: what
they say beside what this binary says.  EXPLAINED has the differences, one by
one, with the section that decides; any other is a failure."""
import base64
import hashlib
import json
import re
import tarfile

import dkim as dkimpy
import dns.resolver
import spf as pyspf

# (tool, case): why it differs.
EXPLAINED = {
    ("python3-dkim", "005.txt"): "RFC 6376 section 3.5, x=: it has no other "
        "clock than today's, by which this signature has expired",
    ("python3-dkim", "11-strict_domain_check_fail"): "RFC 6376 section 3.6.1: "
        "with t=s the domain of i= must be that of d=; it does not look",
    ("python3-spf", "basic.yml 0.0"): "RFC 7208 section 4.3: a name that is "
        "too long is none; it raises an exception",
    ("python3-spf", "basic.yml 0.2"): "RFC 7208 section 4.3: a name of one "
        "label is none; it asks for it",
    ("python3-spf", "basic.yml 4.5"): "RFC 7208 section 4.6.4: the eleventh "
        "exchange is an error when it is reached; one before it matches",
    ("python3-spf", "basic.yml 4.7"): "RFC 7208 section 4.6.4: of PTR those "
        "beyond ten are ignored, which is no error",
}

same = explained = 0
unexplained = []


def ask(address):
    host, port = address.rsplit(":", 1)
    r = dns.resolver.Resolver(configure=False)
    r.nameservers, r.port, r.lifetime = [host], int(port), 4
    dns.resolver.default_resolver = r


def compare(tool, name, ours, theirs):
    global same, explained
    if ours == theirs:
        same += 1
    elif (tool, name) in EXPLAINED:
        explained += 1
        print("# %s %s: %s, ours %s: %s" % (tool, name, theirs, ours,
                                            EXPLAINED[tool, name]))
    else:
        unexplained.append(name)
        print("# %s %s: %s, ours %s: not explained" % (tool, name, theirs,
                                                       ours))


def spf(name, ours, address, ip, helo, sender):
    ask(address)
    try:
        theirs = pyspf.check2(i=ip, s=sender or "postmaster@" + helo,
                              h=helo)[0]
    except Exception as e:      # it does so on names that are none
        theirs = type(e).__name__
    compare("python3-spf", name, ours, theirs)


def dkim(name, ours, address, message):
    ask(address)
    theirs = []
    for i in range(len(ours)):
        try:
            d = dkimpy.DKIM(message, timeout=4)
            theirs.append(d.verify(i))
        except Exception:
            theirs.append(False)
    compare("python3-dkim", name, [w == "pass" for w in ours], theirs)


class Hash:
    """What dkimpy.hash_headers wants to feed."""

    def __init__(self):
        self.update = (h := hashlib.sha256()).update
        self.digest, self.hexdigest = h.digest, h.hexdigest


def digests(message):
    """Of each signature: the digest of its header, and whether its bh= is
    that of the body; what can be said of real mail without its keys."""
    headers, body = dkimpy.rfc822_parse(message)
    for name, value in headers:
        if name.lower() != b"dkim-signature":
            continue
        tags = dkimpy.parse_tag_value(value)
        if b"sha256" not in tags[b"a"]:
            continue
        how = dkimpy.CanonicalizationPolicy.from_c_value(
            tags.get(b"c", b"simple/simple"))
        h = Hash()
        names = [x.lower() for x in re.split(rb"\s*:\s*",
                                             tags[b"h"].strip())]
        dkimpy.hash_headers(h, how, how.canonicalize_headers(headers), names,
                            (name, value), tags)
        text = how.canonicalize_body(body)
        if b"l" in tags:
            text = text[:int(tags[b"l"])]
        yield (h.hexdigest(), base64.b64encode(hashlib.sha256(
            text).digest()) == re.sub(rb"\s", b"", tags[b"bh"]))


def lists(area, path, server, step=20):
    """Real signatures of a list: the same octets are hashed."""
    with tarfile.open(path) as tar:
        for n, member in enumerate(x for x in tar if x.isfile()):
            if n % step != 0:
                continue
            message = re.sub(rb"\r?\n", b"\r\n",
                             tar.extractfile(member).read())
            # At that time no x= has passed.
            out = area.run("verify", "-j", "-r", server, "-t", "1",
                           input=message)
            lines = [json.loads(x) for x in out.stdout.splitlines()]
            heads = [x["sha256"] for x in lines
                     if x.get("step") == "dkim-header"]
            bodies = [x["reason"] != "body hash did not verify" for x in lines
                      if x.get("algorithm", "").endswith("-sha256")]
            compare("python3-dkim", member.name, list(zip(heads, bodies)),
                    list(digests(message)))


def end():
    print("opinions: %d alike, %d explained, %d failed" % (
        same, explained, len(unexplained)))
    return len(unexplained)
