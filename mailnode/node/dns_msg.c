#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "mailnode/node/dns_msg.h"

enum {
	HEADER = 12,		/* octets */
	CHAIN_MAX = 12,		/* CNAMEs followed within a message */
	RECORDS_MAX = DNS_RR_MAX, /* looked at, in all sections */
	CLASS_IN = 1,
	TYPE_OPT = 41,
	RCODE_OK = 0,
	RCODE_NXDOMAIN = 3
};

struct rr {
	char		 owner[DNS_NAME_MAX];
	unsigned int	 type, class;
	uint32_t	 ttl;
	size_t		 data, len;	/* offsets in the message */
};

struct msg {
	const uint8_t	*p;
	size_t		 n;
};

static unsigned int
get16(const struct msg *m, size_t at)
{
	return (unsigned int)(m->p[at] << 8 | m->p[at + 1]);
}

static uint32_t
get32(const struct msg *m, size_t at)
{
	return (uint32_t)get16(m, at) << 16 | get16(m, at + 2);
}

/*
 * The name at *at, lower case without the last dot; *at moves behind it.
 * -1: it leaves the message, loops, is too long, or holds what a question
 * cannot (then `strange` is set and the rest of the message is readable).
 * Pointers must go backwards, which ends every loop (RFC 1035, 4.1.4).
 */
static int
get_name(const struct msg *m, size_t *at, char out[DNS_NAME_MAX],
    bool *strange)
{
	size_t i = *at, len = 0, limit = *at, k, label;
	bool jumped = false;
	uint8_t c;

	*strange = false;
	for (;;) {
		if (i >= m->n)
			return -1;
		label = m->p[i];
		if (label >= 0xc0) {
			if (i + 1 >= m->n)
				return -1;
			if (!jumped)
				*at = i + 2;
			jumped = true;
			i = get16(m, i) & 0x3fff;
			if (i >= limit)
				return -1;
			limit = i;
			continue;
		}
		if (label >= 0x40 || i + 1 + label > m->n)
			return -1;
		i++;
		if (label == 0)
			break;
		if (len + label + 1 > DNS_NAME_MAX)
			return -1;
		for (k = 0; k < label; k++) {
			c = m->p[i++];
			if (c < ' ' || c >= 0x7f || c == '.' || c == '\\')
				*strange = true;
			if (c >= 'A' && c <= 'Z')
				c |= 0x20;
			out[len++] = (char)c;
		}
		out[len++] = '.';
	}
	if (!jumped)
		*at = i;
	out[len > 0 ? len - 1 : 0] = '\0';
	return *strange ? -1 : 0;
}

/* The record at *at.  -1: malformed; 1: read, but its owner is strange. */
static int
get_rr(const struct msg *m, size_t *at, struct rr *r)
{
	bool strange;

	if (get_name(m, at, r->owner, &strange) == -1 && !strange)
		return -1;
	if (m->n - *at < 10)
		return -1;
	r->type = get16(m, *at);
	r->class = get16(m, *at + 2);
	r->ttl = get32(m, *at + 4);
	if (r->ttl > INT32_MAX)		/* RFC 2181 section 8 */
		r->ttl = 0;
	r->len = get16(m, *at + 8);
	r->data = *at + 10;
	if (r->len > m->n - r->data)
		return -1;
	*at = r->data + r->len;
	return strange;
}

static int
add(struct dns_answer *a, struct dns_rr *rr, const void *p, size_t n)
{
	rr->data = p;
	rr->len = n;
	return dns_answer_add(a, rr);
}

static int
add_name(const struct msg *m, const struct rr *r, size_t off,
    struct dns_answer *a, struct dns_rr *rr)
{
	char name[DNS_NAME_MAX];
	size_t at = r->data + off;
	bool strange;

	if (get_name(m, &at, name, &strange) == -1)
		return strange ? 0 : -1;	/* leaves that record out */
	if (at != r->data + r->len)
		return -1;
	if (strchr(name, ' ') != NULL)		/* no host has such a name */
		return 0;
	return add(a, rr, name, strlen(name));
}

/* The strings of a TXT belong together (RFC 7208, 3.3; RFC 6376, 3.6.2.2). */
static int
add_txt(const struct msg *m, const struct rr *r, struct dns_answer *a,
    struct dns_rr *rr)
{
	size_t at = r->data, end = r->data + r->len, n;
	struct buf b;
	int rc = -1;

	buf_init(&b, DNS_DATA_MAX);
	for (; at < end; at += 1 + n) {
		n = m->p[at];
		if (n > end - at - 1 || buf_add(&b, m->p + at + 1, n) == -1)
			goto out;
	}
	rc = add(a, rr, b.data, b.len);
out:
	buf_clear(&b);
	return rc;
}

/* Address lengths and RFC 6698 section 2.1 are checked here. */
static int
add_record(const struct msg *m, const struct rr *r, struct dns_answer *a)
{
	const uint8_t *p = m->p + r->data;
	struct dns_rr rr = { 0 };

	switch (r->type) {
	case DNS_A:
		return r->len == 4 ? add(a, &rr, p, 4) : -1;
	case DNS_AAAA:
		return r->len == 16 ? add(a, &rr, p, 16) : -1;
	case DNS_TXT:
		return add_txt(m, r, a, &rr);
	case DNS_MX:
		if (r->len < 3)
			return -1;
		rr.preference = (uint16_t)get16(m, r->data);
		return add_name(m, r, 2, a, &rr);
	case DNS_TLSA:
		if (r->len < 4)
			return -1;
		rr.usage = p[0];
		rr.selector = p[1];
		rr.matching = p[2];
		return add(a, &rr, p + 3, r->len - 3);
	default:
		return add_name(m, r, 0, a, &rr);
	}
}

static void
shorten(struct dns_answer *a, uint32_t ttl, uint32_t max)
{
	ttl = ttl < max ? ttl : max;
	if (ttl < a->ttl_s)
		a->ttl_s = ttl;
}

/* One walk over the answer section for records of that owner. */
static int
walk(const struct msg *m, size_t at, unsigned int count, enum dns_type type,
    const char *owner, struct dns_answer *a, char next[DNS_NAME_MAX])
{
	struct rr r;
	size_t to;
	bool strange;
	int n;

	next[0] = '\0';
	for (; count > 0; count--) {
		n = get_rr(m, &at, &r);
		if (n == -1)
			return -1;
		if (n == 1 || r.class != CLASS_IN ||
		    strcasecmp(r.owner, owner) != 0)
			continue;
		if (r.type == (unsigned int)type) {
			shorten(a, r.ttl, DNS_TTL_MAX);
			if (add_record(m, &r, a) == -1)
				return -1;
		} else if (r.type == DNS_CNAME) {
			shorten(a, r.ttl, DNS_TTL_MAX);
			to = r.data;
			if (get_name(m, &to, next, &strange) == -1 &&
			    !strange)
				return -1;
			if (strange || strchr(next, ' ') != NULL)
				next[0] = '\0';
		}
	}
	return 0;
}

static int
follow(const struct msg *m, size_t at, enum dns_type type, const char *name,
    struct dns_answer *a)
{
	unsigned int count = get16(m, 6);
	char next[DNS_NAME_MAX];
	int i;

	snprintf(a->owner, sizeof a->owner, "%s", name);
	for (i = 0; i < CHAIN_MAX; i++) {
		if (walk(m, at, count, type, a->owner, a, next) == -1)
			return -1;
		if (a->nrr > 0 || next[0] == '\0')
			return 0;
		memcpy(a->owner, next, sizeof a->owner);
	}
	return -1;
}

/*
 * The other sections: OPT, and the SOA that says how long a negative answer
 * holds (RFC 2308 section 5).  Without one it is not kept at all.
 */
static int
rest(const struct msg *m, size_t at, bool negative, struct dns_msg *msg,
    struct dns_answer *a)
{
	unsigned int i, count = get16(m, 6) + get16(m, 8) + get16(m, 10);
	uint32_t minimum;
	bool soa = false;
	struct rr r;

	for (i = 0; i < count; i++) {
		if (get_rr(m, &at, &r) == -1)
			return -1;
		if (r.type == TYPE_OPT)
			msg->edns = true;
		if (r.type != DNS_SOA || r.len < 22 || i < get16(m, 6))
			continue;
		minimum = get32(m, r.data + r.len - 4);
		soa = true;
		if (negative)
			shorten(a, r.ttl < minimum ? r.ttl : minimum,
			    DNS_NEGATIVE_MAX);
	}
	if (negative && !soa)
		a->ttl_s = 0;
	return 0;
}

static int
question(const struct msg *m, size_t *at, enum dns_type type,
    const char *name)
{
	char asked[DNS_NAME_MAX];
	size_t len = strlen(name);
	bool strange;

	if (len > 0 && name[len - 1] == '.')
		len--;
	if ((m->p[2] & 0x80) == 0 || get16(m, 4) != 1 ||
	    get16(m, 6) + get16(m, 8) + get16(m, 10) > RECORDS_MAX ||
	    get_name(m, at, asked, &strange) == -1 || m->n - *at < 4 ||
	    strlen(asked) != len || strncasecmp(asked, name, len) != 0 ||
	    get16(m, *at) != (unsigned int)type ||
	    get16(m, *at + 2) != CLASS_IN)
		return -1;
	*at += 4;
	return 0;
}

static const char *
rcode_text(unsigned int rcode)
{
	static const char *const text[] = {
		"ok", "FORMERR", "SERVFAIL", "NXDOMAIN", "NOTIMP", "REFUSED"
	};

	return rcode < sizeof text / sizeof text[0] ? text[rcode] :
	    "unknown rcode";
}

static int
fail(struct dns_answer *a, const char *why)
{
	dns_answer_clear(a);
	snprintf(a->why, sizeof a->why, "%s", why);
	return -1;
}

int
dns_msg_parse(struct dns_msg *msg, struct dns_answer *a, const uint8_t *p,
    size_t n, enum dns_type type, const char *name)
{
	struct msg m = { p, n };
	char plain[DNS_NAME_MAX];
	size_t at = HEADER, records;

	memset(msg, 0, sizeof *msg);
	dns_answer_clear(a);
	if (n < HEADER || question(&m, &at, type, name) == -1)
		return fail(a, "malformed answer");
	msg->rcode = p[3] & 15;
	msg->tc = (p[2] & 2) != 0;
	a->ad = msg->ad = (p[3] & 0x20) != 0;
	a->ttl_s = UINT32_MAX;
	records = at;
	snprintf(plain, sizeof plain, "%s", name);
	plain[strlen(plain) - (name[strlen(name) - 1] == '.')] = '\0';
	if (msg->rcode != RCODE_OK && msg->rcode != RCODE_NXDOMAIN) {
		(void)rest(&m, records, false, msg, a);
		(void)fail(a, rcode_text(msg->rcode));
		return 0;
	}
	if (msg->tc)
		return fail(a, "answer was cut short");
	if (follow(&m, records, type, plain, a) == -1 ||
	    rest(&m, records, a->nrr == 0, msg, a) == -1)
		return fail(a, "malformed answer");
	a->class = a->nrr > 0 ? DNS_OK :
	    msg->rcode == RCODE_NXDOMAIN ? DNS_NXDOMAIN : DNS_NODATA;
	return 0;
}
