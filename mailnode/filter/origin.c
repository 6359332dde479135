#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "mailnode/auth/from.h"
#include "mailnode/auth/header.h"
#include "mailnode/auth/results.h"
#include "mailnode/filter/origin.h"
#include "mailnode/filter/proof.h"
#include "mailnode/node/idna.h"

enum { ORIGIN_HEADER_MAX = 256 * 1024 };	/* octets: HEAD_MAX */

/* ---- our own results ---- */

static const char *
prop(const struct results_item *it, const char *ptype, const char *name)
{
	size_t i;

	for (i = 0; i < it->nprops; i++)
		if (strcasecmp(it->props[i].ptype, ptype) == 0 &&
		    strcasecmp(it->props[i].name, name) == 0)
			return it->props[i].value;
	return NULL;
}

static bool
is(const struct results_item *it, const char *method, const char *result)
{
	return strcasecmp(it->method, method) == 0 &&
	    strcasecmp(it->result, result) == 0;
}

static void
add_id(struct origin *o, const char *domain)
{
	char name[DNS_NAME_MAX];
	size_t i;

	if (domain == NULL || o->nids == HISTORY_IDS_MAX ||
	    idna_ascii(domain, strlen(domain), name) == -1)
		return;
	for (i = 0; i < o->nids; i++)
		if (strcmp(o->id[i], name) == 0)
			return;
	memcpy(o->id[o->nids++], name, sizeof name);
}

/* A pass with a remark covers a part only: dkim.c. */
static bool
whole(const struct results_item *it)
{
	return it->reason == NULL || it->reason[0] == '\0';
}

/* The first spf= is that of MAIL FROM, or with <> of the HELO name. */
static void
take_ids(struct origin *o, const struct results *r)
{
	const char *from, *at;
	bool first = true;
	size_t i;

	for (i = 0; i < r->nitems; i++) {
		if (is(&r->items[i], "dkim", "pass") && whole(&r->items[i]))
			add_id(o, prop(&r->items[i], "header", "d"));
		if (strcasecmp(r->items[i].method, "spf") != 0 || !first)
			continue;
		first = false;
		from = prop(&r->items[i], "smtp", "mailfrom");
		if (from == NULL)
			from = prop(&r->items[i], "smtp", "helo");
		if (!is(&r->items[i], "spf", "pass") || from == NULL)
			continue;
		at = strrchr(from, '@');
		add_id(o, at != NULL ? at + 1 : from);
	}
}

static void
take_results(struct origin *o, const struct results *r)
{
	const char *ids[HISTORY_IDS_MAX], *at = strrchr(o->author, '@');
	enum dmarc_result dmarc = DMARC_FAIL;
	const char *ip;
	size_t i;

	take_ids(o, r);
	for (i = 0; i < r->nitems; i++) {
		if (is(&r->items[i], "dmarc", "pass"))
			dmarc = DMARC_PASS;
		else if (is(&r->items[i], "dmarc", "none"))
			dmarc = DMARC_NONE;
		ip = prop(&r->items[i], "policy", "iprev");
		if (ip != NULL)
			(void)snprintf(o->ip, sizeof o->ip, "%s", ip);
	}
	for (i = 0; i < o->nids; i++)
		ids[i] = o->id[i];
	o->aligned = at != NULL && proof_aligned(dmarc, at + 1, ids, o->nids);
}

/* ---- the header ---- */

static void
take_author(struct origin *o, const struct header *h)
{
	const struct header_field *f;
	struct from from;
	size_t i, n = 0;

	from_init(&from);
	for (i = 0; i < h->nfields; i++) {
		if (!header_is(h, i, "From", 4))
			continue;
		f = &h->fields[i];
		from_add(&from, (const char *)header_text(h, i) + f->name + 1,
		    f->len - f->name - 1);
		n++;
	}
	if (n != 1 || from.addresses != 1 || from.bad)
		return;
	(void)snprintf(o->author, sizeof o->author, "%s", from.address);
	phrase_decode(from.name, strlen(from.name), o->name);
}

/* The first one stands above all that came with the message. */
static void
take_first(struct origin *o, const struct header *h, const char *id)
{
	static const char name[] = "Authentication-Results";
	const struct header_field *f;
	struct results r;
	size_t i;

	for (i = 0; i < h->nfields; i++)
		if (header_is(h, i, name, sizeof name - 1))
			break;
	if (i == h->nfields)
		return;
	f = &h->fields[i];
	if (results_parse(&r, (const char *)header_text(h, i) + f->name + 1,
	    f->len - f->name - 1) == -1)
		return;
	if (idna_same(r.id, id)) {
		take_author(o, h);
		take_results(o, &r);
	}
	results_clear(&r);
}

int
origin_read(const uint8_t *p, size_t n, const char *authserv_id,
    struct origin *o)
{
	struct header h;
	int rc = 0;

	memset(o, 0, sizeof *o);
	header_init(&h, ORIGIN_HEADER_MAX);
	(void)header_feed(&h, p, n);
	header_end(&h);
	if (h.nomem)
		rc = -1;
	else if (!h.over)
		take_first(o, &h, authserv_id);
	header_clear(&h);
	return rc;
}

/* ---- on its way to keeper ---- */

void
origin_put(struct buf *b, const struct origin *o)
{
	size_t i;

	chan_put_str(b, o->author);
	chan_put_str(b, o->name);
	chan_put_u8(b, o->aligned);
	chan_put_str(b, o->ip);
	chan_put_u8(b, (uint8_t)o->nids);
	for (i = 0; i < o->nids; i++)
		chan_put_str(b, o->id[i]);
}

void
origin_get(struct chan_in *in, struct origin *o)
{
	size_t i, n;

	memset(o, 0, sizeof *o);
	chan_get_str(in, o->author, sizeof o->author);
	chan_get_str(in, o->name, sizeof o->name);
	o->aligned = chan_get_u8(in) != 0;
	chan_get_str(in, o->ip, sizeof o->ip);
	n = chan_get_u8(in);
	if (n > HISTORY_IDS_MAX)
		in->bad = true;
	for (i = 0; i < n && !in->bad; i++)
		chan_get_str(in, o->id[i], sizeof o->id[i]);
	o->nids = in->bad ? 0 : n;
}

enum store_err
origin_learn(struct store *st, const struct origin *o, int good, int junk)
{
	const char *at = strrchr(o->author, '@');
	char network[HISTORY_NET_MAX];
	enum store_err rc = STORE_OK;
	size_t i;

	if (o->aligned && at != NULL) {
		rc = history_add(st, HISTORY_SENDER, o->author, good, junk);
		if (rc == STORE_OK)
			rc = history_add(st, HISTORY_DOMAIN, at + 1, good,
			    junk);
	}
	for (i = 0; i < o->nids && rc == STORE_OK; i++)
		rc = history_add(st, HISTORY_SIGNER, o->id[i], good, junk);
	history_network(o->ip, network);
	return rc == STORE_OK ? history_add(st, HISTORY_NETWORK, network,
	    good, junk) : rc;
}
