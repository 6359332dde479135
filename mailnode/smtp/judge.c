#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "mailnode/filter/ladder.h"
#include "mailnode/filter/proof.h"
#include "mailnode/filter/verdict.h"
#include "mailnode/node/conf.h"
#include "mailnode/node/idna.h"
#include "mailnode/node/net.h"
#include "mailnode/smtp/stranger.h"
#include "mailnode/smtp/judge.h"
#include "store/tag.h"

static bool
below(const char *domain, const char *ours)
{
	size_t n = strlen(domain), k = strlen(ours);

	return n >= k && strcasecmp(domain + n - k, ours) == 0 &&
	    (n == k || domain[n - k - 1] == '.');
}

/* An author of our domains, or below one, that nothing proves: sent on from
 * here it would pass for ours (SPF aligns with the rewritten sender). */
static bool
claims_us(const struct auth_verdict *v)
{
	char ours[DNS_NAME_MAX];
	size_t i, k;

	if (v->dmarc.result == DMARC_PASS)
		return false;
	for (k = 0; k < conf.ndomains; k++) {
		if (idna_ascii(conf.domains[k], strlen(conf.domains[k]), ours) ==
		    -1)
			return true;
		for (i = 0; i < v->from.ndomains; i++)
			if (below(v->from.domain[i], ours))
				return true;
	}
	return v->from.more || v->from.bad || v->from_fields != 1;
}

/* ---- facts ---- */

/* The owner's forwarders bring all there is, junk and mail: that they vouch,
 * and their address, says nothing of who wrote it. */
static void
forget_forwarders(const struct auth_verdict *v, struct history_facts *h)
{
	const char *who;
	size_t i;

	for (i = 0; i < conf.nforwarders; i++) {
		who = conf.forwarders[i];
		if (who == NULL)
			continue;
		if (v->ip != NULL && net_match(v->ip, who))
			memset(&h->count[HISTORY_NETWORK], 0,
			    sizeof h->count[0]);
		if (h->signer[0] != '\0' && below(h->signer, who))
			memset(&h->count[HISTORY_SIGNER], 0,
			    sizeof h->count[0]);
	}
}

/* Nothing known, nothing asked; when keeper does not say, nothing is held
 * against the message. */
static void
ask_keeper(struct mail *m, const struct auth_verdict *v,
    const struct proof *p, struct ladder_facts *f)
{
	char name[PHRASE_MAX];
	char shown[HISTORY_SHOWN_MAX];
	const char *at = strrchr(p->author, '@');
	struct history_ask q = { .author = p->author, .written = p->written,
	    .name = name, .domain = shown, .sender = m->folded,
	    .ip = v->ip != NULL ? v->ip : "",
	    .key = m->key, .aligned = p->aligned,
	    .ids = p->id, .nids = p->nids };

	/* Who is not proved, where nobody is known, is nobody yet. */
	if (m->be->history == NULL || !(m->known || p->aligned))
		return;
	if (at != NULL)
		phrase_decode(p->name, strlen(p->name), name);
	else
		(void)snprintf(name, sizeof name, "%s", p->name);
	idna_shown(at != NULL ? at + 1 : "", shown, sizeof shown);
	f->asked = m->be->history(m->be->arg, &q, &f->known) == STORE_OK;
	forget_forwarders(v, &f->known);
	f->lookalike = f->known.like[0] != '\0';
}

static unsigned int
doubts(const struct mail *m)
{
	const struct auth_verdict *v = auth_verify_verdict(m->auth);
	unsigned int d = 0;

	if (!m->tls)
		d |= VERDICT_NO_TLS;
	if (v->ip != NULL && v->iprev.result != IPREV_PASS)
		d |= VERDICT_NO_NAME;
	if (!verdict_addressed(m->sample.data, m->sample.len,
	    (const char *const *)m->rcpt, m->nrcpt))
		d |= VERDICT_NOT_TO_ME;
	return d;
}

/* Junk goes to Junk: the owner finds it there, and can say that it is none. */
static enum ladder_found
ask_words(struct mail *m, struct buf *words)
{
	size_t had = words->len;
	bool junk;

	if (m->be->words == NULL || m->sample.err != 0 ||
	    m->sample.len == 0)
		return LADDER_NOTHING;
	junk = m->be->words(m->be->arg, m->sample.data, m->sample.len,
	    doubts(m), words);
	if (words->len == had)
		return LADDER_NOTHING;	/* too little was learnt */
	return junk ? LADDER_BAD : LADDER_GOOD;
}

/* What the rung wants to know. */
static void
find_out(struct mail *m, enum ladder_rung rung, struct ladder_facts *f,
    struct buf *words)
{
	const struct auth_verdict *v = auth_verify_verdict(m->auth);

	switch (rung) {
	case LADDER_DNSBL:
		stranger_dnsbl(m, v, f, words);
		break;
	case LADDER_GREYLIST:
		stranger_grey(m, v, f);
		break;
	default:
		f->words = ask_words(m, words);
		break;
	}
}

/* ---- the verdict ---- */

/* What the owner should see of who it is. */
static void
mark(struct mail *m, const struct ladder_facts *f, const struct ladder *d)
{
	bool first = f->asked && f->aligned && !f->known.met &&
	    d->out == LADDER_ACCEPT;
	const char *unproved = ladder_unproved(f);

	(void)snprintf(m->like, sizeof m->like, "%s", f->known.like);
	(void)snprintf(m->unproved, sizeof m->unproved, "%s",
	    unproved != NULL && d->rung != LADDER_ALLOW ? unproved : "");
	(void)snprintf(m->tags, sizeof m->tags, "%s%s%s",
	    first ? TAG_FIRST : "", first && f->lookalike ? " " : "",
	    f->lookalike ? TAG_LOOKALIKE : "");
}

static void
climb(struct mail *m, enum auth_action action, struct ladder *d,
    struct buf *words)
{
	const struct auth_verdict *v = auth_verify_verdict(m->auth);
	struct ladder_facts f = { .auth = action, .auth_why = m->why };
	struct proof p;

	proof_of(v, &p);
	proof_address(m->env.from.address, m->folded);
	(void)snprintf(m->claimed, sizeof m->claimed, "%s", p.author);
	f.author = p.author;
	f.aligned = p.aligned;
	f.dns_broken = stranger_dns_broken(m, v);
	if (p.aligned)
		(void)snprintf(m->author, sizeof m->author, "%s", p.author);
	ask_keeper(m, v, &p, &f);
	while (ladder_decide(&f, d) == LADDER_ASK)
		find_out(m, d->rung, &f, words);
	if (d->rung == LADDER_RESOLVER && d->out == LADDER_DEFER)
		stranger_waits(m, v);
	mark(m, &f, d);
}

/* One line for the log and `why`: what was proved, who decided, by what. */
static void
write_verdict(struct mail *m, const struct ladder *d, const struct buf *words)
{
	struct buf line;
	size_t i;

	buf_init(&line, sizeof m->verdict - 1);
	(void)auth_verify_line(m->auth, &line);
	if (m->like[0] != '\0')
		buf_addf(&line, " lookalike=%s", m->like);
	if (m->unproved[0] != '\0')
		buf_addf(&line, " unproved=%s", m->unproved);
	if (d->rung != LADDER_NONE)
		buf_addf(&line, " rung=%s", ladder_rung_text(d->rung));
	if (d->why[0] != '\0' && d->rung != LADDER_AUTHOR)
		buf_addf(&line, "(%s)", d->why);
	buf_add(&line, words->data, words->len);
	for (i = 0; i < line.len; i++)
		m->verdict[i] = line.data[i] < ' ' || line.data[i] == 0x7f ?
		    '?' : (char)line.data[i];
	m->verdict[i] = '\0';
	buf_clear(&line);
}

/* Whoever cannot be sure takes it: the DNS's trouble refuses nothing. */
enum mail_err
judge_mail(struct mail *m)
{
	enum auth_action action;
	struct buf words;
	struct ladder d;

	if (auth_verify_end(m->auth, m->be->dns) == -1)
		return MAIL_NOMEM;
	action = auth_verify_action(m->auth, &m->why);
	m->forged = claims_us(auth_verify_verdict(m->auth));
	buf_init(&words, sizeof m->verdict / 2);
	climb(m, action, &d, &words);
	write_verdict(m, &d, &words);
	buf_clear(&words);
	m->junk = d.out == LADDER_JUNK;
	if (d.out == LADDER_REFUSE)
		return d.rung == LADDER_AUTHOR ? MAIL_POLICY : MAIL_REFUSED;
	if (d.out != LADDER_DEFER)
		return MAIL_OK;
	m->why = m->wait;
	return d.rung == LADDER_RESOLVER ? MAIL_NO_DNS : MAIL_DEFERRED;
}
