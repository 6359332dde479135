#define _DEFAULT_SOURCE	/* reallocarray */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "mailnode/base/bug.h"
#include "mailnode/base/clock.h"
#include "mailnode/node/ask_dns.h"

enum { LABEL_MAX = 63 };	/* octets, RFC 1035 section 2.3.4 */

enum { FLAG_AD = 1, FLAG_OPEN = 2 };

void
dns_answer_init(struct dns_answer *a)
{
	memset(a, 0, sizeof *a);
	a->class = DNS_TEMPFAIL;
	buf_init(&a->store, DNS_DATA_MAX + DNS_RR_MAX);
}

void
dns_answer_clear(struct dns_answer *a)
{
	free(a->rr);
	buf_clear(&a->store);
	dns_answer_init(a);
}

const char *
dns_class_text(enum dns_class c)
{
	static const char *const text[] = {
		[DNS_OK] = "ok", [DNS_NODATA] = "nodata",
		[DNS_NXDOMAIN] = "nxdomain", [DNS_TEMPFAIL] = "tempfail"
	};

	return text[c];
}

static const struct {
	enum dns_type	 type;
	const char	*text;
} types[] = {
	{ DNS_A, "A" }, { DNS_NS, "NS" }, { DNS_CNAME, "CNAME" },
	{ DNS_SOA, "SOA" }, { DNS_PTR, "PTR" }, { DNS_MX, "MX" },
	{ DNS_TXT, "TXT" }, { DNS_AAAA, "AAAA" }, { DNS_TLSA, "TLSA" },
};

const char *
dns_type_text(enum dns_type t)
{
	size_t i;

	for (i = 0; i < sizeof types / sizeof types[0]; i++)
		if (types[i].type == t)
			return types[i].text;
	return "?";
}

static bool
type_known(unsigned int t)
{
	size_t i;

	for (i = 0; i < sizeof types / sizeof types[0]; i++)
		if (types[i].type == t)
			return t != DNS_SOA;
	return false;
}

/* No backslash: it would begin an escape in c-ares's form of names. */
static bool
labels_ok(const char *name, char lowest)
{
	size_t n = strlen(name), label = 0, i;

	if (n > 0 && name[n - 1] == '.')
		n--;
	if (n == 0 || n > DNS_NAME_MAX - 1)
		return false;
	for (i = 0; i < n; i++) {
		if (name[i] == '.') {
			if (label == 0)
				return false;
			label = 0;
		} else if (name[i] < lowest || name[i] == 0x7f ||
		    name[i] == '\\' || ++label > LABEL_MAX) {
			return false;
		}
	}
	return label > 0;
}

bool
dns_name_ok(const char *name)
{
	return labels_ok(name, '!');
}

bool
dns_question_ok(const char *name)
{
	return labels_ok(name, ' ');
}

int
dns_reverse_name(const char *ip, char *out, size_t size)
{
	uint8_t a[16];
	size_t at = 0;
	int i, n;

	if (inet_pton(AF_INET, ip, a) == 1) {
		n = snprintf(out, size, "%u.%u.%u.%u.in-addr.arpa",
		    a[3], a[2], a[1], a[0]);
		return n > 0 && (size_t)n < size ? 0 : -1;
	}
	if (inet_pton(AF_INET6, ip, a) != 1)
		return -1;
	for (i = 15; i >= 0; i--) {
		n = snprintf(out + at, size - at, "%x.%x.", a[i] & 15,
		    a[i] >> 4);
		if (n < 0 || (size_t)n >= size - at)
			return -1;
		at += (size_t)n;
	}
	n = snprintf(out + at, size - at, "ip6.arpa");
	return n > 0 && (size_t)n < size - at ? 0 : -1;
}

/* Records point into store; when it moves they move with it. */
static int
store(struct dns_answer *a, const void *p, size_t n, size_t *off)
{
	uintptr_t was = (uintptr_t)a->store.data;
	size_t i;

	*off = a->store.len;
	if (buf_add(&a->store, p, n) == -1 || buf_addc(&a->store, 0) == -1)
		return -1;
	if ((uintptr_t)a->store.data != was)
		for (i = 0; i < a->nrr; i++)
			a->rr[i].data = a->store.data +
			    ((uintptr_t)a->rr[i].data - was);
	return 0;
}

int
dns_answer_add(struct dns_answer *a, const struct dns_rr *rr)
{
	struct dns_rr *p;
	size_t off, cap;

	if (a->nrr == DNS_RR_MAX)
		return -1;
	if ((a->nrr & (a->nrr - 1)) == 0) {	/* 0, 1, 2, 4, 8 … */
		cap = a->nrr > 0 ? a->nrr * 2 : 1;
		p = reallocarray(a->rr, cap, sizeof *p);
		if (p == NULL)
			return -1;
		a->rr = p;
	}
	if (store(a, rr->data, rr->len, &off) == -1)
		return -1;
	a->rr[a->nrr] = *rr;
	a->rr[a->nrr++].data = a->store.data + off;
	return 0;
}

int
dns_answer_copy(struct dns_answer *dst, const struct dns_answer *src)
{
	size_t i;

	dns_answer_clear(dst);
	for (i = 0; i < src->nrr; i++)
		if (dns_answer_add(dst, &src->rr[i]) == -1) {
			dns_answer_clear(dst);
			return -1;
		}
	dst->class = src->class;
	dst->ad = src->ad;
	dst->open = src->open;
	dst->ttl_s = src->ttl_s;
	(void)snprintf(dst->owner, sizeof dst->owner, "%s", src->owner);
	(void)snprintf(dst->why, sizeof dst->why, "%s", src->why);
	return 0;
}

void
dns_answer_put(struct buf *b, const struct dns_answer *a)
{
	size_t i;

	chan_put_u8(b, (uint8_t)a->class);
	chan_put_u8(b, (uint8_t)((a->ad ? FLAG_AD : 0) |
	    (a->open ? FLAG_OPEN : 0)));
	chan_put_u32(b, a->ttl_s);
	chan_put_str(b, a->owner);
	chan_put_str(b, a->why);
	chan_put_u16(b, (uint16_t)a->nrr);
	for (i = 0; i < a->nrr; i++) {
		chan_put_u16(b, a->rr[i].preference);
		chan_put_u8(b, a->rr[i].usage);
		chan_put_u8(b, a->rr[i].selector);
		chan_put_u8(b, a->rr[i].matching);
		chan_put_bytes(b, a->rr[i].data, a->rr[i].len);
	}
}

static int
bad_answer(struct dns_answer *a)
{
	dns_answer_clear(a);
	snprintf(a->why, sizeof a->why, "%s", "malformed answer");
	return -1;
}

int
dns_answer_get(struct chan_in *in, struct dns_answer *a)
{
	struct dns_rr rr;
	uint8_t class, flags;
	uint16_t n;

	dns_answer_clear(a);
	class = chan_get_u8(in);
	flags = chan_get_u8(in);
	a->ttl_s = chan_get_u32(in);
	chan_get_str(in, a->owner, sizeof a->owner);
	chan_get_str(in, a->why, sizeof a->why);
	n = chan_get_u16(in);
	if (in->bad || class > DNS_TEMPFAIL || n > DNS_RR_MAX)
		return bad_answer(a);
	for (; n > 0; n--) {
		rr.preference = chan_get_u16(in);
		rr.usage = chan_get_u8(in);
		rr.selector = chan_get_u8(in);
		rr.matching = chan_get_u8(in);
		rr.data = chan_get_bytes(in, DNS_DATA_MAX, &rr.len);
		if (in->bad || dns_answer_add(a, &rr) == -1)
			return bad_answer(a);
	}
	a->class = class;
	a->ad = (flags & FLAG_AD) != 0;
	a->open = (flags & FLAG_OPEN) != 0;
	return chan_end(in) ? 0 : bad_answer(a);
}

/* ---- the asking end ---- */

int
ask_dns_send(int ch, uint32_t id, enum dns_type type, const char *name)
{
	struct chan_msg m = { .type = OP_DNS_ASK, .id = id, .fd = -1 };
	struct buf b;
	int rc;

	BUG_ON(id == 0);
	if (!dns_question_ok(name)) {
		errno = EINVAL;
		return -1;
	}
	buf_init(&b, DNS_NAME_MAX + 16);
	chan_put_u16(&b, (uint16_t)type);
	chan_put_str(&b, name);
	rc = chan_send(ch, &m, &b, false);
	buf_clear(&b);
	return rc;
}

static void
failed(struct dns_answer *a, const char *why)
{
	dns_answer_clear(a);
	snprintf(a->why, sizeof a->why, "%s", why);
}

static void
decode(struct chan_msg *m, struct dns_answer *a)
{
	struct chan_in in;

	if (m->fd != -1)
		close(m->fd);
	chan_in_init(&in, m->data, m->len);
	if (m->status == OP_OK)
		(void)dns_answer_get(&in, a);
	else
		failed(a, "refused by the resolver");
}

int
ask_dns_read(int ch, uint32_t *id, struct dns_answer *a)
{
	struct chan_msg m;
	struct buf in;
	int n;

	buf_init(&in, CHAN_RECORD_MAX + 1);
	n = chan_recv(ch, &in, &m, true);
	if (n == 1) {
		*id = m.id;
		decode(&m, a);
	}
	buf_clear(&in);
	return n;
}

/* Ids go on over calls, lest a late answer be taken for a later one's. */
static uint32_t
take_ids(size_t n)
{
	static uint32_t next = 1;
	uint32_t first = next;

	if (first > UINT32_MAX - DNS_ASK_MANY)
		first = 1;
	next = first + (uint32_t)n;
	return first;
}

void
ask_dns_many(int ch, struct dns_question *q, size_t n, int64_t timeout_ms)
{
	int64_t until = clock_mono_ms() + timeout_ms, wait;
	bool open[DNS_ASK_MANY] = { false };
	uint32_t first = take_ids(n), i;
	size_t left = 0;
	struct chan_msg m;
	struct buf in;

	BUG_ON(n > DNS_ASK_MANY);
	buf_init(&in, CHAN_RECORD_MAX + 1);
	for (i = 0; i < n; i++) {
		failed(&q[i].answer, "no answer from the resolver");
		errno = EBADF;
		open[i] = ch != -1 && ask_dns_send(ch, first + i, q[i].type,
		    q[i].name) == 0;
		left += open[i];
		if (!dns_question_ok(q[i].name)) {
			failed(&q[i].answer, "");
			q[i].answer.class = DNS_NXDOMAIN;
		}
	}
	while (left > 0) {
		wait = until - clock_mono_ms();
		if (chan_recv_in(ch, &in, &m, wait > 0 ? wait : 0) != 1)
			break;
		i = m.id - first;
		if (i < n && open[i]) {
			decode(&m, &q[i].answer);
			open[i] = false;
			left--;
		} else if (m.fd != -1) {
			close(m.fd);
		}
	}
	buf_clear(&in);
}

/* Late answers must not pile up in the channel: their peer would lose it. */
static void
read_over(int ch)
{
	struct chan_msg m;
	struct buf in;

	buf_init(&in, CHAN_RECORD_MAX + 1);
	while (chan_recv(ch, &in, &m, true) == 1)
		if (m.fd != -1)
			close(m.fd);
	buf_clear(&in);
}

void
ask_dns_ahead(int ch, const struct dns_question *q, size_t n)
{
	uint32_t first = take_ids(n), i;

	BUG_ON(n > DNS_ASK_MANY);
	if (ch == -1)
		return;
	read_over(ch);
	for (i = 0; i < n; i++)
		(void)ask_dns_send(ch, first + i, q[i].type, q[i].name);
}

enum dns_class
ask_dns(int ch, enum dns_type type, const char *name, int64_t timeout_ms,
    struct dns_answer *a)
{
	struct dns_question q = { .type = type, .name = name };

	dns_answer_init(&q.answer);
	ask_dns_many(ch, &q, 1, timeout_ms);
	dns_answer_clear(a);
	*a = q.answer;		/* what records point to is on the heap */
	return a->class;
}

enum dns_health
ask_dns_health(int ch, int64_t timeout_ms)
{
	int64_t until = clock_mono_ms() + timeout_ms, left = timeout_ms;
	struct chan_msg m = { .type = OP_DNS_HEALTH, .id = take_ids(1),
	    .fd = -1 };
	uint8_t health = DNS_BROKEN;
	uint32_t id = m.id;
	struct chan_in in;
	struct buf b;

	if (ch == -1)
		return DNS_BROKEN;
	buf_init(&b, CHAN_RECORD_MAX + 1);
	if (chan_send(ch, &m, &b, false) == 0)
		do {
			if (chan_recv_in(ch, &b, &m, left) != 1)
				break;
			if (m.fd != -1)
				close(m.fd);
			left = until - clock_mono_ms();
		} while (m.id != id && left > 0);
	if (m.id == id && m.type == OP_DNS_HEALTH && m.status == OP_OK &&
	    m.len == 1) {
		chan_in_init(&in, m.data, m.len);
		health = chan_get_u8(&in);
	}
	buf_clear(&b);
	return health <= DNS_NONE ? (enum dns_health)health : DNS_BROKEN;
}

/* ---- the resolver's end ---- */

static uint16_t
on_ask(void *service, struct op_call *c)
{
	struct ask_dns_service *s = service;
	char name[DNS_NAME_MAX + 1];
	uint16_t type;

	type = chan_get_u16(&c->in);
	chan_get_str(&c->in, name, sizeof name);
	if (!chan_end(&c->in) || c->id == 0 || !type_known(type) ||
	    !dns_question_ok(name))
		return OP_BAD;
	s->ask(s, c->peer, c->id, type, name);
	return OP_LATER;
}

static uint16_t
on_health(void *service, struct op_call *c)
{
	struct ask_dns_service *s = service;

	if (!chan_end(&c->in))
		return OP_BAD;
	chan_put_u8(c->out, (uint8_t)s->health(s));
	return OP_OK;
}

#define MAY_ASK	(ROLE_BIT(ROLE_SMTP) | ROLE_BIT(ROLE_RELAY) | \
	ROLE_BIT(ROLE_SENDER) | ROLE_BIT(ROLE_OWNER))

const struct op ask_dns_ops[] = {
	{ OP_DNS_ASK, MAY_ASK, on_ask },
	{ OP_DNS_HEALTH, MAY_ASK, on_health },
	{ 0, 0, NULL }
};

void
ask_dns_reply(struct op_peer *p, uint32_t id, const struct dns_answer *a)
{
	struct buf b;

	buf_init(&b, CHAN_DATA_MAX);
	dns_answer_put(&b, a);
	if (b.err == 0)
		op_reply(p, OP_DNS_ASK, id, OP_OK, &b, -1);
	else
		op_drop(p, "answer too large");
	buf_clear(&b);
}
