#include <arpa/inet.h>
#include <pwd.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "crypto/sign.h"
#include "mailnode/base/codec.h"
#include "mailnode/node/ask_dns.h"
#include "mailnode/node/conf.h"
#include "mailnode/ops/dkimkey.h"
#include "mailnode/ops/doctor.h"

static const char publish[] = "mailnode init prints the records";

void
doctor_found(const struct doctor *d, enum doctor_verdict v, const char *what,
    const char *remedy, const char *fmt, ...)
{
	char text[DOCTOR_TEXT_MAX];
	struct buf plain;
	va_list ap;

	va_start(ap, fmt);
	if (vsnprintf(text, sizeof text, fmt, ap) < 0)
		text[0] = '\0';
	va_end(ap);
	buf_init(&plain, sizeof text * 4);
	if (codec_plain(&plain, text) == 0 && buf_addc(&plain, '\0') == 0)
		d->found(d->arg, v, what, (const char *)plain.data,
		    v == DOCTOR_OK ? "" : remedy);
	buf_clear(&plain);
}

bool
doctor_lingers(void)
{
	const struct passwd *pw = getpwuid(getuid());
	char path[512];

	if (pw == NULL || snprintf(path, sizeof path,
	    "/var/lib/systemd/linger/%s", pw->pw_name) >= (int)sizeof path)
		return true;
	return access(path, F_OK) == 0;
}

/* Asks; false when nobody knows, which is found here. */
static bool
ask(const struct doctor *d, enum dns_type type, const char *what,
    const char *name, struct dns_answer *a)
{
	dns_answer_init(a);
	if (ask_dns(d->dns, type, name, DOCTOR_DNS_MS, a) != DNS_TEMPFAIL)
		return true;
	doctor_found(d, DOCTOR_NOTE, what, "see resolvers[] in config.h",
	    "nobody answers for %s%s%s", name, a->why[0] != '\0' ? ": " : "",
	    a->why);
	dns_answer_clear(a);
	return false;
}

/* ---- the host: its addresses, and their names ---- */

static void
check_pointer(const struct doctor *d, const char *ip)
{
	char name[DNS_NAME_MAX], what[64];
	struct dns_answer a;
	size_t i;

	(void)snprintf(what, sizeof what, "PTR %s", ip);
	if (dns_reverse_name(ip, name, sizeof name) == -1 ||
	    !ask(d, DNS_PTR, what, name, &a))
		return;
	for (i = 0; i < a.nrr; i++)
		if (strcasecmp((const char *)a.rr[i].data, conf.hostname) ==
		    0)
			break;
	if (i < a.nrr)
		doctor_found(d, DOCTOR_OK, what, "", "%s", conf.hostname);
	else
		doctor_found(d, DOCTOR_NOTE, what, "who gave you the address "
		    "sets it; behind a relay it matters little",
		    "it is %s, not %s", a.nrr > 0 ?
		    (const char *)a.rr[0].data : "missing", conf.hostname);
	dns_answer_clear(&a);
}

/* How many addresses of that family, or -1: nobody knows. */
static int
check_family(const struct doctor *d, enum dns_type type)
{
	int family = type == DNS_A ? AF_INET : AF_INET6, n;
	char ip[INET6_ADDRSTRLEN];
	struct dns_answer a;
	size_t i;

	if (!ask(d, type, dns_type_text(type), conf.hostname, &a))
		return -1;
	n = (int)a.nrr;
	for (i = 0; i < a.nrr; i++)
		if (inet_ntop(family, a.rr[i].data, ip, sizeof ip) != NULL) {
			doctor_found(d, DOCTOR_OK, dns_type_text(type), "",
			    "%s is %s", conf.hostname, ip);
			check_pointer(d, ip);
		}
	dns_answer_clear(&a);
	return n;
}

/* False: nobody answers at all. */
static bool
check_host(const struct doctor *d)
{
	int v4 = check_family(d, DNS_A), v6 = check_family(d, DNS_AAAA);

	if (v4 == 0 && v6 == 0)
		doctor_found(d, DOCTOR_BAD, "A", "publish A or AAAA",
		    "%s has no address: nobody can deliver", conf.hostname);
	return v4 != -1 || v6 != -1;
}

/* RFC 7672: a record that fits no key of ours turns senders away. */
static void
check_tlsa(const struct doctor *d, const struct vault *v)
{
	const struct vault_entry *e = v != NULL ? vault_find(v, "tls/key") :
	    NULL;
	char name[DNS_NAME_MAX];
	uint8_t spki[SHA256_OCTETS];
	struct dns_answer a;
	size_t i;

	if (e == NULL || snprintf(name, sizeof name, "_25._tcp.%s",
	    conf.hostname) >= (int)sizeof name ||
	    !ask(d, DNS_TLSA, "TLSA", name, &a))
		return;
	sha256_of(e->pub, e->pub_len, spki);
	for (i = 0; i < a.nrr; i++)
		if (a.rr[i].usage == 3 && a.rr[i].selector == 1 &&
		    a.rr[i].matching == 1 && a.rr[i].len == sizeof spki &&
		    memcmp(a.rr[i].data, spki, sizeof spki) == 0)
			break;
	if (a.nrr > 0 && i < a.nrr)
		doctor_found(d, DOCTOR_OK, "TLSA", "", "fits our key");
	else if (a.nrr > 0)
		doctor_found(d, DOCTOR_BAD, "TLSA", publish,
		    "none of %s fits our key: who knows DANE does not "
		    "deliver", name);
	dns_answer_clear(&a);
}

/* ---- a domain ---- */

static void
check_mx(const struct doctor *d, const char *domain)
{
	struct dns_answer a;
	size_t i;

	if (!ask(d, DNS_MX, "MX", domain, &a))
		return;
	for (i = 0; i < a.nrr; i++)
		if (strcasecmp((const char *)a.rr[i].data, conf.hostname) ==
		    0)
			break;
	if (i < a.nrr)
		doctor_found(d, DOCTOR_OK, "MX", "", "%s to %s", domain,
		    conf.hostname);
	else
		doctor_found(d, DOCTOR_BAD, "MX", publish, "of %s %s%s, not "
		    "%s: mail does not come here", domain, a.nrr > 0 ?
		    "names " : "is missing", a.nrr > 0 ?
		    (const char *)a.rr[0].data : "", conf.hostname);
	dns_answer_clear(&a);
}

/* Of the TXT records of a name those that begin so, up to a blank or a
 * semicolon; *first: the first of them. */
static size_t
count_txt(const struct dns_answer *a, const char *tag,
    const struct dns_rr **first)
{
	size_t n = strlen(tag), i, found = 0;
	const char *p;

	for (i = 0; i < a->nrr; i++) {
		p = (const char *)a->rr[i].data;
		if (strncasecmp(p, tag, n) != 0 || (p[n] != '\0' &&
		    p[n] != ' ' && p[n] != ';'))
			continue;
		if (found++ == 0)
			*first = &a->rr[i];
	}
	return found;
}

static void
check_policy(const struct doctor *d, const char *what, const char *name,
    const char *tag, const char *without)
{
	const struct dns_rr *first = NULL;
	struct dns_answer a;
	size_t n;

	if (!ask(d, DNS_TXT, what, name, &a))
		return;
	n = count_txt(&a, tag, &first);
	if (n == 1)
		doctor_found(d, DOCTOR_OK, what, "", "%s has %.200s", name,
		    (const char *)first->data);
	else if (n > 1)
		doctor_found(d, DOCTOR_BAD, what, "leave one of them",
		    "%s has %zu records: all are void", name, n);
	else
		doctor_found(d, DOCTOR_NOTE, what, publish, "%s has none: %s",
		    name, without);
	dns_answer_clear(&a);
}

/* The value of p=, blanks left out, is that key. */
static bool
same_key(const char *record, const struct vault_entry *e)
{
	const char *p = strstr(record, "p="), *want;
	struct buf b;
	bool same;

	buf_init(&b, VAULT_PUB_MAX * 2);
	codec_base64_put(&b, e->pub, e->pub_len);
	want = buf_str(&b);
	for (p = p != NULL ? p + 2 : ""; want != NULL && *p != '\0' &&
	    *p != ';'; p++) {
		if (*p == ' ' || *p == '\t')
			continue;
		if (*p != *want)
			break;
		want++;
	}
	same = want != NULL && *want == '\0' && (*p == '\0' || *p == ';');
	buf_clear(&b);
	return same;
}

/* Whether one of the records is that key. */
static bool
has_key(const struct dns_answer *a, const struct vault_entry *e)
{
	size_t i;

	for (i = 0; i < a->nrr; i++)
		if (same_key((const char *)a->rr[i].data, e))
			return true;
	return false;
}

static bool
key_name(const struct vault_entry *e, const char *domain,
    char name[DNS_NAME_MAX])
{
	return snprintf(name, DNS_NAME_MAX, "%s._domainkey.%s", e->name +
	    strlen("dkim/"), domain) < (int)DNS_NAME_MAX;
}

bool
doctor_lacks_key(int dns, const struct vault_entry *e, const char *domain)
{
	char name[DNS_NAME_MAX];
	struct dns_answer a;
	bool lacks;

	dns_answer_init(&a);
	lacks = key_name(e, domain, name) && ask_dns(dns, DNS_TXT, name,
	    DOCTOR_DNS_MS, &a) != DNS_TEMPFAIL && !has_key(&a, e);
	dns_answer_clear(&a);
	return lacks;
}

static void
check_dkim(const struct doctor *d, const struct vault *v,
    const struct vault_entry *e, const char *domain)
{
	/* One that waits signs nothing yet, nor does Ed25519 unasked. */
	bool signs = strcmp(dkimkey_state(v, e), "active") == 0 &&
	    (e->kind == VAULT_RSA_KEY || conf.sign_ed25519);
	enum doctor_verdict bad = signs ? DOCTOR_BAD : DOCTOR_NOTE;
	char name[DNS_NAME_MAX];
	struct dns_answer a;

	if (!key_name(e, domain, name) || !ask(d, DNS_TXT, "DKIM", name, &a))
		return;
	if (has_key(&a, e))
		doctor_found(d, DOCTOR_OK, "DKIM", "", "%s is our key", name);
	else
		doctor_found(d, bad, "DKIM", publish, "%s %s%s", name,
		    a.nrr > 0 ? "is another key" : "is missing", signs ?
		    ": what you send fails" : "; it does not sign yet");
	dns_answer_clear(&a);
}

static void
check_domain(const struct doctor *d, const struct vault *v,
    const char *domain)
{
	const struct vault_entry *e;
	char name[DNS_NAME_MAX];
	size_t i;

	check_mx(d, domain);
	check_policy(d, "SPF", domain, "v=spf1", "receivers cannot tell "
	    "who may send for you");
	for (i = 0; v != NULL && (e = vault_at(v, i)) != NULL; i++)
		if (strncmp(e->name, "dkim/", 5) == 0 && !e->retired)
			check_dkim(d, v, e, domain);
	if (snprintf(name, sizeof name, "_dmarc.%s", domain) <
	    (int)sizeof name)
		check_policy(d, "DMARC", name, "v=DMARC1", "anybody's "
		    "forgeries of you are believed");
}

void
doctor_dns(const struct doctor *d, const struct vault *v)
{
	size_t i;

	if (ask_dns_health(d->dns, DOCTOR_DNS_MS) == DNS_NONE) {
		doctor_found(d, DOCTOR_NOTE, "DNS", "see resolvers[] in "
		    "config.h", "no resolver is configured: nothing is "
		    "proved of senders");
		return;
	}
	if (!check_host(d))
		return;
	check_tlsa(d, v);
	for (i = 0; i < conf.ndomains; i++)
		check_domain(d, v, conf.domains[i]);
}
