#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "crypto/srs.h"
#include "mailnode/base/clock.h"
#include "store/alias.h"
#include "store/op_history.h"
#include "store/op_rcpt.h"
#include "store/spool.h"
#include "store/store.h"
#include "store/wire.h"

/* RFC 5321 section 4.5.1, RFC 2142, and where others report to. */
const char *const rcpt_system[] = {
	"postmaster", "abuse", RCPT_DMARC_LOCAL, RCPT_TLSRPT_LOCAL, NULL
};

bool
rcpt_ok(enum rcpt_class c)
{
	return c >= RCPT_USER && c <= RCPT_CATCHALL;
}

static bool
is_system(const char *local)
{
	size_t i;

	for (i = 0; rcpt_system[i] != NULL; i++)
		if (strcmp(local, rcpt_system[i]) == 0)
			return true;
	return false;
}

static const char *
our_domain(const struct store *st, const char *domain)
{
	size_t i;

	for (i = 0; i < st->conf->ndomains; i++)
		if (strcasecmp(domain, st->conf->domains[i]) == 0)
			return st->conf->domains[i];
	return NULL;
}

/* Addresses all of them, no mailbox. */
static bool
elsewhere(const char *dests)
{
	size_t n;

	for (; *dests != '\0'; dests += n + (dests[n] == '\n')) {
		n = strcspn(dests, "\n");
		if (n > 0 && memchr(dests, '@', n) == NULL)
			return false;
	}
	return true;
}

static bool
try_alias(struct store *st, const char *local, const char *domain,
    struct rcpt *out)
{
	char address[ALIAS_ADDR_MAX];
	struct alias a;

	if (snprintf(address, sizeof address, "%s@%s", local, domain) >=
	    (int)sizeof address || alias_get(st, address, &a) != STORE_OK)
		return false;
	out->class = alias_over(&a, clock_wall_s()) ? RCPT_BURNED : RCPT_ALIAS;
	snprintf(out->folder, sizeof out->folder, "%s", a.folder);
	snprintf(out->tags, sizeof out->tags, "%s", a.tags);
	snprintf(out->address, sizeof out->address, "%s", address);
	out->fans = a.dest[0] != '\0';
	out->only = out->fans && a.folder[0] == '\0' && elsewhere(a.dest);
	return true;
}

/* "*" stands for any octets.  In time of length times length. */
static bool
matches(const char *pattern, const char *s)
{
	const char *star = NULL, *again = NULL;

	while (*s != '\0') {
		if (*pattern == '*') {
			star = pattern++;
			again = s;
		} else if (*pattern == *s) {
			pattern++;
			s++;
		} else if (star != NULL) {
			pattern = star + 1;
			s = ++again;
		} else
			return false;
	}
	while (*pattern == '*')
		pattern++;
	return *pattern == '\0';
}

/* What the catch-all leaves refused. */
static bool
excepted(const struct store *st, const char *local)
{
	size_t i;

	for (i = 0; i < st->conf->ncatchall_refused &&
	    st->conf->catchall_refused[i] != NULL; i++)
		if (matches(st->conf->catchall_refused[i], local))
			return true;
	return false;
}

static void
classify(struct store *st, const char *local, const char *domain,
    struct rcpt *out)
{
	if (strcasecmp(local, st->conf->user) == 0)
		out->class = RCPT_USER;
	else if (is_system(local))
		out->class = RCPT_SYSTEM;
	else if (!try_alias(st, local, domain, out))
		out->class = RCPT_UNKNOWN;
}

/* The owner's and each alias's address takes a detail behind it. */
static void
without_detail(struct store *st, const char *local, const char *domain,
    struct rcpt *out)
{
	char before[RCPT_ADDR_MAX];
	size_t n = strcspn(local, st->conf->subaddress);

	if (st->conf->subaddress[0] == '\0' || n == 0 || local[n] == '\0')
		return;
	snprintf(before, sizeof before, "%.*s", (int)n, local);
	if (is_system(before))
		return;
	classify(st, before, domain, out);
	if (out->class != RCPT_UNKNOWN)
		snprintf(out->detail, sizeof out->detail, "%.120s",
		    local + n + 1);
}

void
rcpt_resolve(struct store *st, const char *addr, struct rcpt *out)
{
	char local[RCPT_ADDR_MAX];
	const char *at = strrchr(addr, '@'), *domain;
	size_t i, n = at != NULL ? (size_t)(at - addr) : strlen(addr);

	memset(out, 0, sizeof *out);
	snprintf(out->address, sizeof out->address, "%s", addr);
	if (n == 0 || n >= sizeof local)
		return;
	for (i = 0; i < n; i++)
		local[i] = (char)(addr[i] >= 'A' && addr[i] <= 'Z' ?
		    addr[i] + 32 : addr[i]);
	local[n] = '\0';
	domain = at != NULL ? our_domain(st, at + 1) : st->conf->domains[0];
	if (at == NULL || (domain == NULL &&
	    strcasecmp(at + 1, st->conf->hostname) == 0)) {
		/* RFC 5321 section 4.5.1: of the host, too. */
		if (strcmp(local, "postmaster") == 0)
			out->class = RCPT_SYSTEM;
		else if (at != NULL)
			out->class = RCPT_UNKNOWN;
		return;
	}
	if (domain == NULL)
		return;
	snprintf(out->address, sizeof out->address, "%.300s@%.200s", local,
	    domain);
	classify(st, local, domain, out);
	if (out->class == RCPT_UNKNOWN)
		without_detail(st, local, domain, out);
	if (out->class == RCPT_UNKNOWN && srs_is(addr)) {
		out->class = RCPT_SRS;
		out->fans = true;
	}
	if (out->class == RCPT_UNKNOWN && st->conf->catchall != NULL &&
	    !excepted(st, local)) {
		out->class = RCPT_CATCHALL;
		snprintf(out->folder, sizeof out->folder, "%s",
		    st->conf->catchall);
	}
}

uint16_t
rcpt_check(int ch, struct op_reply *r, const char *addr, struct rcpt *out)
{
	struct buf b;
	uint16_t status;

	memset(out, 0, sizeof *out);
	buf_init(&b, CHAN_DATA_MAX);
	chan_put_str(&b, addr);
	status = wire_ask(ch, r, RCPT_CHECK, &b, RCPT_WAIT_MS);
	if (status != OP_OK)
		return status;
	out->class = (enum rcpt_class)chan_get_u8(&r->in);
	chan_get_str(&r->in, out->address, sizeof out->address);
	chan_get_str(&r->in, out->detail, sizeof out->detail);
	chan_get_str(&r->in, out->folder, sizeof out->folder);
	chan_get_str(&r->in, out->tags, sizeof out->tags);
	out->fans = chan_get_u8(&r->in) != 0;
	out->knows = chan_get_u8(&r->in) != 0;
	if (chan_end(&r->in) && out->class <= RCPT_SRS)
		return OP_OK;
	memset(out, 0, sizeof *out);
	return OP_BAD;
}

static uint16_t
on_check(void *service, struct op_call *c)
{
	struct store *st = service;
	char addr[RCPT_ADDR_MAX];
	enum store_err rc = STORE_OK;
	struct rcpt out;

	chan_get_str(&c->in, addr, sizeof addr);
	if (!chan_end(&c->in))
		return OP_BAD;
	rcpt_resolve(st, addr, &out);
	/* A stranger hears here that nothing is taken now, before the
	 * message is sent in vain; asking for that alone costs a turn. */
	if (c->role == ROLE_SMTP && (rcpt_ok(out.class) ||
	    out.class == RCPT_SRS))
		rc = spool_may(st, 0);
	if (rc != STORE_OK)
		return (uint16_t)rc;
	chan_put_u8(c->out, (uint8_t)out.class);
	chan_put_str(c->out, out.address);
	chan_put_str(c->out, out.detail);
	chan_put_str(c->out, out.folder);
	chan_put_str(c->out, out.tags);
	chan_put_u8(c->out, out.fans);
	chan_put_u8(c->out, c->role == ROLE_SMTP && history_knows(st));
	if (out.class == RCPT_BURNED)
		(void)alias_count(st, out.address, true, clock_wall_s());
	return OP_OK;
}

const struct op rcpt_ops[] = {
	{ RCPT_CHECK, ROLE_BIT(ROLE_SMTP) | ROLE_BIT(ROLE_SUBMISSION) |
	    ROLE_BIT(ROLE_SENDER) | ROLE_BIT(ROLE_OWNER), on_check },
	{ 0, 0, NULL }
};
