#include <stdio.h>
#include <string.h>

#include "mailnode/base/clock.h"
#include "store/came.h"
#include "store/known_as.h"
#include "store/letin.h"
#include "store/op_history.h"
#include "store/op_rcpt.h"
#include "store/wire.h"

/* ---- client ---- */

static void
get_facts(struct chan_in *in, struct history_facts *f)
{
	size_t i;

	for (i = 0; i < LISTED_KINDS; i++) {
		f->list[i].by = (enum history_by)chan_get_u8(in);
		f->list[i].allow = chan_get_u8(in) != 0;
		chan_get_str(in, f->list[i].name, sizeof f->list[i].name);
		if (f->list[i].by >= HISTORY_BYS)
			in->bad = true;
	}
	f->let_in = chan_get_u8(in) != 0;
	f->came = chan_get_u8(in) != 0;
	f->wrote = chan_get_u8(in) != 0;
	f->met = chan_get_u8(in) != 0;
	chan_get_str(in, f->like, sizeof f->like);
	for (i = 0; i < HISTORY_COUNTED; i++) {
		f->count[i].good = chan_get_u32(in);
		f->count[i].junk = chan_get_u32(in);
	}
	chan_get_str(in, f->signer, sizeof f->signer);
	chan_get_str(in, f->network, sizeof f->network);
}

uint16_t
history_ask(int ch, struct op_reply *r, const struct history_ask *q,
    struct history_facts *out)
{
	size_t i, n = q->nids < HISTORY_IDS_MAX ? q->nids : HISTORY_IDS_MAX;
	struct buf b;
	uint16_t status;

	memset(out, 0, sizeof *out);
	buf_init(&b, CHAN_DATA_MAX);
	chan_put_str(&b, q->author);
	chan_put_str(&b, q->written);
	chan_put_str(&b, q->name);
	chan_put_str(&b, q->domain);
	chan_put_str(&b, q->sender);
	chan_put_str(&b, q->ip);
	chan_put_str(&b, q->key);
	chan_put_u8(&b, q->aligned);
	chan_put_u8(&b, (uint8_t)n);
	for (i = 0; i < n; i++)
		chan_put_str(&b, q->ids[i]);
	status = wire_ask(ch, r, HISTORY_ASK, &b, HISTORY_WAIT_MS);
	if (status != OP_OK)
		return status;
	get_facts(&r->in, out);
	if (chan_end(&r->in))
		return OP_OK;
	memset(out, 0, sizeof *out);
	return OP_BAD;
}

/* ---- keeper ---- */

struct asked {
	char	author[HISTORY_NAME_MAX], written[HISTORY_NAME_MAX];
	char	name[PHRASE_MAX], domain[HISTORY_SHOWN_MAX];
	char	sender[RCPT_ADDR_MAX], ip[HISTORY_NET_MAX];
	char	key[LETIN_KEY_MAX];
	bool	aligned;
	char	id[HISTORY_IDS_MAX][HISTORY_NAME_MAX];
	size_t	nids;
};

static bool
get_asked(struct chan_in *in, struct asked *q)
{
	size_t i, n;

	chan_get_str(in, q->author, sizeof q->author);
	chan_get_str(in, q->written, sizeof q->written);
	chan_get_str(in, q->name, sizeof q->name);
	chan_get_str(in, q->domain, sizeof q->domain);
	chan_get_str(in, q->sender, sizeof q->sender);
	chan_get_str(in, q->ip, sizeof q->ip);
	chan_get_str(in, q->key, sizeof q->key);
	q->aligned = chan_get_u8(in) != 0;
	n = chan_get_u8(in);
	if (n > HISTORY_IDS_MAX)
		return false;
	for (i = 0; i < n; i++)
		chan_get_str(in, q->id[i], sizeof q->id[i]);
	q->nids = n;
	return chan_end(in);
}

static const char *
domain_of(const char *address)
{
	const char *at = strrchr(address, '@');

	return at != NULL ? at + 1 : "";
}

static void
found(struct history_facts *f, enum history_by by, const struct listed *l)
{
	struct history_list *to = &f->list[l->kind];

	to->by = by;
	to->allow = l->allow;
	memcpy(to->name, l->name, sizeof to->name);
}

/* What is proved comes first: what was only claimed may keep out, but lets
 * nobody in. */
static void
look_lists(struct store *st, const struct asked *q, struct history_facts *f)
{
	struct listed l;
	size_t i;

	if (listed_address(st, q->author, &l) == STORE_OK)
		found(f, HISTORY_BY_AUTHOR, &l);
	else if (listed_address(st, q->sender, &l) == STORE_OK)
		found(f, HISTORY_BY_SENDER, &l);
	for (i = 0; i < q->nids &&
	    f->list[LISTED_DOMAIN].by == HISTORY_BY_NONE; i++)
		if (listed_domain(st, q->id[i], &l) == STORE_OK)
			found(f, HISTORY_BY_ID, &l);
	if (f->list[LISTED_DOMAIN].by == HISTORY_BY_NONE) {
		if (listed_domain(st, domain_of(q->author), &l) == STORE_OK)
			found(f, HISTORY_BY_AUTHOR, &l);
		else if (listed_domain(st, domain_of(q->sender), &l) ==
		    STORE_OK)
			found(f, HISTORY_BY_SENDER, &l);
	}
	if (listed_network(st, q->ip, &l) == STORE_OK)
		found(f, HISTORY_BY_IP, &l);
}

/* Of several that vouch, the one that most is known of. */
static void
look_signers(struct store *st, const struct asked *q,
    struct history_facts *f)
{
	struct history_count c, *most = &f->count[HISTORY_SIGNER];
	size_t i;

	for (i = 0; i < q->nids; i++) {
		history_get(st, HISTORY_SIGNER, q->id[i], &c);
		if (c.good + c.junk <= most->good + most->junk)
			continue;
		*most = c;
		memcpy(f->signer, q->id[i], sizeof f->signer);
	}
}

static void
look_history(struct store *st, const struct asked *q,
    struct history_facts *f)
{
	struct history_count wrote;

	history_get(st, HISTORY_WROTE, q->author, &wrote);
	if (wrote.good == 0)
		history_get(st, HISTORY_WROTE, q->written, &wrote);
	f->wrote = wrote.good > 0;
	history_get(st, HISTORY_SENDER, q->author, &f->count[HISTORY_SENDER]);
	history_get(st, HISTORY_DOMAIN, domain_of(q->author),
	    &f->count[HISTORY_DOMAIN]);
	look_signers(st, q, f);
	history_network(q->ip, f->network);
	history_get(st, HISTORY_NETWORK, f->network,
	    &f->count[HISTORY_NETWORK]);
}

/* Whoever the owner wrote to is himself. */
static void
look_alike(struct store *st, const struct asked *q, struct history_facts *f)
{
	const struct history_count *c = &f->count[HISTORY_SENDER];
	struct history_count met;
	struct rcpt who;

	/* Nor is the owner himself anybody new. */
	rcpt_resolve(st, q->author, &who);
	if (rcpt_ok(who.class)) {
		f->met = true;
		return;
	}
	history_get(st, HISTORY_MET, q->author, &met);
	if (met.good == 0)
		history_get(st, HISTORY_MET, q->written, &met);
	f->met = met.good > 0 || f->wrote || c->good + c->junk > 0;
	if (!f->wrote && !(c->good >= HISTORY_MANY_NAMES && c->junk == 0))
		(void)known_as_other(st, q->author, q->name, q->domain,
		    f->like);
}

static void
look_gate(struct store *st, const struct asked *q, struct history_facts *f)
{
	struct letin_try t = { .author = q->author, .sender = q->sender,
	    .ip = q->ip, .key = q->key, .aligned = q->aligned };

	f->let_in = letin_find(st, &t, clock_wall_s()) == STORE_OK;
	f->came = came_before(st, q->author, q->ip);
}

static void
put_facts(struct buf *b, const struct history_facts *f)
{
	size_t i;

	for (i = 0; i < LISTED_KINDS; i++) {
		chan_put_u8(b, (uint8_t)f->list[i].by);
		chan_put_u8(b, f->list[i].allow);
		chan_put_str(b, f->list[i].name);
	}
	chan_put_u8(b, f->let_in);
	chan_put_u8(b, f->came);
	chan_put_u8(b, f->wrote);
	chan_put_u8(b, f->met);
	chan_put_str(b, f->like);
	for (i = 0; i < HISTORY_COUNTED; i++) {
		chan_put_u32(b, f->count[i].good);
		chan_put_u32(b, f->count[i].junk);
	}
	chan_put_str(b, f->signer);
	chan_put_str(b, f->network);
}

bool
history_knows(struct store *st)
{
	return listed_any(st) || history_any(st) || letin_any(st);
}

static uint16_t
on_ask(void *service, struct op_call *c)
{
	struct history_facts f;
	struct asked q;

	memset(&f, 0, sizeof f);
	memset(&q, 0, sizeof q);
	if (!get_asked(&c->in, &q))
		return OP_BAD;
	look_lists(service, &q, &f);
	look_history(service, &q, &f);
	look_alike(service, &q, &f);
	look_gate(service, &q, &f);
	put_facts(c->out, &f);
	return OP_OK;
}

const struct op history_ops[] = {
	{ HISTORY_ASK,	ROLE_BIT(ROLE_SMTP),	on_ask },
	{ 0, 0, NULL }
};
