#include <string.h>

#include "crypto/sign.h"
#include "mailnode/base/codec.h"
#include "mailnode/node/conf.h"
#include "mailnode/ops/dnszone.h"
#include "store/op_rcpt.h"

enum { TXT_STRING_MAX = 255 };	/* octets, RFC 1035 section 3.3 */

static const char dkim[] = "dkim/";

/* Values are ours: ASCII without quotes or backslashes. */
static void
put_txt(struct buf *b, const char *name, const char *domain,
    const struct buf *value)
{
	size_t at, n;

	buf_addf(b, "%s%s%s.\tIN TXT\t(", name, name[0] != '\0' ? "." : "",
	    domain);
	for (at = 0; at < value->len; at += n) {
		n = value->len - at;
		if (n > TXT_STRING_MAX)
			n = TXT_STRING_MAX;
		buf_adds(b, " \"");
		buf_add(b, value->data + at, n);
		buf_adds(b, "\"");
	}
	buf_adds(b, " )\n");
}

static void
put_text(struct buf *b, const char *name, const char *domain,
    const char *value)
{
	struct buf v;

	buf_init(&v, DNSZONE_MAX);
	buf_adds(&v, value);
	put_txt(b, name, domain, &v);
	buf_clear(&v);
}

void
dnszone_dkim_value(struct buf *b, const struct vault_entry *e)
{
	buf_addf(b, "v=DKIM1; k=%s; p=",
	    e->kind == VAULT_ED25519_KEY ? "ed25519" : "rsa");
	codec_base64_put(b, e->pub, e->pub_len);
}

void
dnszone_dkim(struct buf *b, const struct vault_entry *e)
{
	struct buf value, name;
	size_t i;

	buf_init(&value, DNSZONE_MAX);
	buf_init(&name, VAULT_NAME_MAX + 16);
	dnszone_dkim_value(&value, e);
	buf_addf(&name, "%s._domainkey", e->name + strlen(dkim));
	for (i = 0; i < conf.ndomains && buf_str(&name) != NULL; i++)
		put_txt(b, buf_str(&name), conf.domains[i], &value);
	buf_clear(&value);
	buf_clear(&name);
}

static void
put_dkim(struct buf *b, const struct vault *v)
{
	const struct vault_entry *e;
	size_t i;

	for (i = 0; v != NULL && (e = vault_at(v, i)) != NULL; i++)
		if (strncmp(e->name, dkim, strlen(dkim)) == 0 && !e->retired)
			dnszone_dkim(b, e);
}

static void
put_reports(struct buf *b, const char *domain)
{
	struct buf v;

	buf_init(&v, DNSZONE_MAX);
	buf_addf(&v, "v=DMARC1; p=none; rua=mailto:%s@%s", RCPT_DMARC_LOCAL,
	    domain);
	put_txt(b, "_dmarc", domain, &v);
	buf_reset(&v);
	buf_addf(&v, "v=TLSRPTv1; rua=mailto:%s@%s", RCPT_TLSRPT_LOCAL,
	    domain);
	put_txt(b, "_smtp._tls", domain, &v);
	buf_clear(&v);
}

/* RFC 6186 and 8314 section 5.1: where phones look for the doors. */
static void
put_srv(struct buf *b, const char *domain)
{
	const struct conf_listener *l;
	const char *name;
	size_t i, k;

	for (i = 0; i < conf.nlisteners; i++) {
		l = &conf.listeners[i];
		name = l->service == CONF_IMAP ?
		    l->tls == CONF_TLS ? "_imaps" : "_imap" :
		    l->service == CONF_SUBMISSION ?
		    l->tls == CONF_TLS ? "_submissions" : "_submission" :
		    NULL;
		if (name == NULL || l->tls == CONF_PLAIN ||
		    strcmp(l->port, "0") == 0)
			continue;
		for (k = 0; k < i; k++)		/* IPv4 and IPv6 are one */
			if (conf.listeners[k].service == l->service &&
			    conf.listeners[k].tls == l->tls)
				break;
		if (k == i)
			buf_addf(b, "%s._tcp.%s.\tIN SRV\t0 1 %s %s.\n", name,
			    domain, l->port, conf.hostname);
	}
}

void
dnszone_put(struct buf *b, const struct vault *v, const uint8_t *spki)
{
	size_t i;

	buf_addf(b, "; %s needs A and AAAA records, and a PTR record of the "
	    "same name.\n", conf.hostname);
	for (i = 0; i < conf.ndomains; i++) {
		buf_addf(b, "%s.\tIN MX\t10 %s.\n", conf.domains[i],
		    conf.hostname);
		put_text(b, "", conf.domains[i], "v=spf1 mx ~all");
		put_reports(b, conf.domains[i]);
		put_srv(b, conf.domains[i]);
	}
	buf_adds(b, "; SPF: add your relay's include: in front of ~all.\n");
	buf_adds(b, "; DMARC: p=quarantine once the reports look right.\n");
	put_dkim(b, v);
	if (spki != NULL) {
		buf_adds(b, "; TLSA: only in a zone signed with DNSSEC.\n");
		buf_addf(b, "_25._tcp.%s.\tIN TLSA\t3 1 1 ", conf.hostname);
		codec_hex_put(b, spki, SHA256_OCTETS);
		buf_addc(b, '\n');
	}
	buf_addf(b, "; MTA-STS: publish _mta-sts.%s TXT \"v=STSv1; id=1\" "
	    "with a policy\n; at https://mta-sts.%s/.well-known/mta-sts.txt "
	    "naming mx: %s\n", conf.domains[0], conf.domains[0],
	    conf.hostname);
}
