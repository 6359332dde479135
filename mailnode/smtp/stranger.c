#include <stdio.h>
#include <string.h>

#include "mailnode/filter/dnsbl.h"
#include "mailnode/node/conf.h"
#include "mailnode/node/idna.h"
#include "mailnode/smtp/stranger.h"

enum { AHEAD_MAX = 4 };

static const char *
domain_of(const char *address)
{
	const char *at = strrchr(address, '@');

	return at != NULL ? at + 1 : "";
}

/* ---- without the DNS ---- */

static bool
unanswered(const struct auth_verdict *v)
{
	size_t i;

	for (i = 0; i < v->ndkim; i++)
		if (v->dkim[i]->result == DKIM_TEMPERROR)
			return true;
	return (v->has_spf && v->spf.result == SPF_TEMPERROR) ||
	    (v->has_helo && v->helo.result == SPF_TEMPERROR) ||
	    v->dmarc.result == DMARC_TEMPERROR ||
	    (v->ip != NULL && v->iprev.result == IPREV_TEMPERROR);
}

/* One domain whose servers are silent is no trouble of ours. */
bool
stranger_dns_broken(const struct mail *m, const struct auth_verdict *v)
{
	return m->be->dns_broken != NULL && unanswered(v) &&
	    m->be->dns_broken(m->be->arg);
}

/* ---- lists ---- */

bool
stranger_lists(void)
{
	return conf.ndnsbls > 0 && conf.dnsbls[0].zone != NULL;
}

static void
subject_of(const struct mail *m, const struct auth_verdict *v,
    struct dnsbl_subject *s)
{
	const char *sender = domain_of(m->env.from.address);
	size_t i;

	dnsbl_subject_init(s, v->ip);
	for (i = 0; i < v->from.ndomains; i++)
		dnsbl_subject_add(s, v->from.domain[i],
		    strlen(v->from.domain[i]));
	dnsbl_subject_add(s, sender, strlen(sender));
	if (m->sample.err == 0)
		dnsbl_subject_links(s, m->sample.data, m->sample.len);
}

/* Which list decides: one that refuses goes before one that does not. */
static void
decide(const struct dnsbl_verdict *d, struct ladder_facts *f)
{
	size_t i;

	for (i = 0; i < d->n; i++)
		if (d->list[i].listed && (!d->refuse ||
		    conf.dnsbls[i].then == CONF_LIST_REFUSE)) {
			f->dnsbl_why = conf.dnsbls[i].zone;
			break;
		}
	f->dnsbl = d->junk ? LADDER_BAD : LADDER_NOTHING;
	f->dnsbl_refuse = d->refuse;
}

void
stranger_dnsbl(struct mail *m, const struct auth_verdict *v,
    struct ladder_facts *f, struct buf *line)
{
	struct lookup_channel c;
	struct dnsbl_subject s;
	struct dnsbl_verdict d;
	struct lookup l;
	size_t i;

	f->dnsbl = LADDER_NOTHING;
	if (!stranger_lists() || m->be->dns == -1)
		return;
	subject_of(m, v, &s);
	lookup_over(&l, &c, m->be->dns, DNSBL_MS, NULL);
	c.memo = m->memo;
	dnsbl_check(conf.dnsbls, conf.ndnsbls, &s, &l, &d);
	dnsbl_line(conf.dnsbls, &d, line);
	decide(&d, f);
	for (i = 0; i < d.n; i++)
		if (d.list[i].state != DNSBL_GOOD &&
		    d.list[i].state != DNSBL_UNKNOWN &&
		    m->be->list_bad != NULL)
			m->be->list_bad(m->be->arg, conf.dnsbls[i].zone,
			    dnsbl_state_text(d.list[i].state));
}

/* ---- the greylist ---- */

static enum grey
ask_grey(struct mail *m, const struct auth_verdict *v, uint32_t *left_s)
{
	char domain[DNS_NAME_MAX];
	const char *of = domain_of(m->env.from.address);
	struct grey_who w = { .ip = v->ip != NULL ? v->ip : "",
	    .domain = domain };

	*left_s = 0;
	if (conf.greylist_s == 0 || m->be->grey == NULL || v->ip == NULL)
		return GREY_KNOWN;
	w.spf = v->has_spf && v->spf.result == SPF_PASS;
	if (w.spf)
		(void)snprintf(domain, sizeof domain, "%s", v->spf.domain);
	else if (idna_ascii(of, strlen(of), domain) == -1)
		domain[0] = '\0';
	return m->be->grey(m->be->arg, &w, conf.greylist_s, left_s);
}

void
stranger_waits(struct mail *m, const struct auth_verdict *v)
{
	uint32_t left_s;

	(void)ask_grey(m, v, &left_s);
}

/* While the DNS is out, everybody's proof is missing, and those who were
 * let wait would all come at once: nobody waits then. */
void
stranger_grey(struct mail *m, const struct auth_verdict *v,
    struct ladder_facts *f)
{
	uint32_t left_s;

	f->grey = LADDER_NOTHING;
	if (m->be->dns_broken != NULL && m->be->dns_broken(m->be->arg))
		return;
	switch (ask_grey(m, v, &left_s)) {
	case GREY_WAIT:
		(void)snprintf(m->wait, sizeof m->wait, "not known here: "
		    "come again in %u s", (unsigned int)left_s);
		f->grey = LADDER_BAD;
		f->grey_why = m->wait;
		break;
	case GREY_PASSED:
	case GREY_KNOWN:
		break;
	}
}

/* ---- ahead ---- */

void
stranger_ahead(int dns, struct memo *memo, const char *ip, const char *helo,
    const char *sender)
{
	struct dns_question q[AHEAD_MAX];
	char reverse[DNS_NAME_MAX], dmarc[DNS_NAME_MAX + 8];
	char from[DNS_NAME_MAX], host[DNS_NAME_MAX];
	const char *of = domain_of(sender);
	struct dnsbl_subject s;
	size_t n = 0;

	if (dns == -1)
		return;
	memset(q, 0, sizeof q);
	if (idna_ascii(of, strlen(of), from) == 0) {
		q[n++] = (struct dns_question){ .type = DNS_TXT,
		    .name = from };
		(void)snprintf(dmarc, sizeof dmarc, "_dmarc.%s", from);
		q[n++] = (struct dns_question){ .type = DNS_TXT,
		    .name = dmarc };
	}
	if (idna_ascii(helo, strlen(helo), host) == 0 &&
	    strchr(host, '.') != NULL && strcmp(host, from) != 0)
		q[n++] = (struct dns_question){ .type = DNS_TXT,
		    .name = host };
	if (dns_reverse_name(ip, reverse, sizeof reverse) == 0)
		q[n++] = (struct dns_question){ .type = DNS_PTR,
		    .name = reverse };
	lookup_ahead(dns, memo, q, n);
	if (!stranger_lists())
		return;
	dnsbl_subject_init(&s, ip);
	dnsbl_subject_add(&s, of, strlen(of));
	dnsbl_ahead(dns, memo, conf.dnsbls, conf.ndnsbls, &s);
}
