#include <stddef.h>
#include <string.h>

#include "crypto/op_vault.h"
#include "mailnode/node/ask_dns.h"
#include "mailnode/node/log.h"
#include "mailnode/smtp/handin.h"
#include "store/op_event.h"

static int
keeper(const struct handin *h)
{
	return h->pr->link[ROLE_KEEPER];
}

static uint16_t
on_rcpt(void *arg, const char *addr, struct rcpt *out)
{
	struct handin *h = arg;

	return rcpt_check(keeper(h), &h->reply, addr, out);
}

static enum crypto_err
on_srs(void *arg, const char *addr)
{
	struct handin *h = arg;
	char inner[SRS_ADDR_MAX];

	h->asked_vault = true;
	return vault_srs_reverse(h->pr->link[ROLE_VAULT], addr, inner);
}

/* When nobody can say, the hand-in itself will. */
static bool
on_refusing(void *arg)
{
	struct handin *h = arg;
	struct spool_status st;

	return spool_status(keeper(h), &h->reply, &st) == STORE_OK &&
	    st.refusing;
}

static uint16_t
on_begin(void *arg, uint64_t *id)
{
	struct handin *h = arg;

	return spool_begin(keeper(h), &h->reply, id);
}

static int
on_data(void *arg, uint64_t id, const void *p, size_t n)
{
	struct handin *h = arg;

	return spool_data(keeper(h), id, p, n);
}

static void
on_abort(void *arg, uint64_t id)
{
	struct handin *h = arg;

	spool_abort(keeper(h), id);
}

static uint16_t
on_commit(void *arg, uint64_t id, const struct spool_msg *m,
    const struct buf *head, const struct buf *body, uint64_t n)
{
	struct handin *h = arg;
	uint16_t status;

	status = spool_commit(keeper(h), &h->reply, id, m, head->data,
	    head->len, body != NULL ? body->data : NULL, n);
	if (status != STORE_OK)
		log_line(LOG_WARN, "hand-in", "trace=%s error=%s", m->trace,
		    store_status_text(status));
	return status;
}

static void
on_event(void *arg, const char *trace, const char *addr, const char *kind,
    const char *text)
{
	struct handin *h = arg;

	(void)event_tell(keeper(h), trace, addr, kind, text);
}

static uint16_t
on_history(void *arg, const struct history_ask *q, struct history_facts *out)
{
	struct handin *h = arg;

	return history_ask(keeper(h), &h->reply, q, out);
}

static void
on_fault(void *arg, enum ban_kind kind, const char *what)
{
	struct handin *h = arg;

	proc_fault(h->pr, kind, what);
}

enum { HEALTH_MS = 2000 };

static bool
on_dns_broken(void *arg)
{
	struct handin *h = arg;

	return ask_dns_health(h->pr->link[ROLE_RESOLVER], HEALTH_MS) ==
	    DNS_BROKEN;
}

static void
on_list_bad(void *arg, const char *zone, const char *why)
{
	gate_list(keeper(arg), zone, why);
}

static enum grey
on_grey(void *arg, const struct grey_who *w, uint32_t wait_s,
    uint32_t *left_s)
{
	struct handin *h = arg;
	enum grey g;

	(void)gate_grey(keeper(h), &h->reply, w, wait_s, &g, left_s);
	return g;
}

static void
on_reject(void *arg, uint64_t id, const struct reject *r,
    const struct buf *head, const struct buf *body, uint64_t n)
{
	reject_tell(keeper(arg), id, r, head->data, head->len,
	    body != NULL ? body->data : NULL, n);
}

static bool
on_has_tls(void *arg)
{
	return ((struct handin *)arg)->chain != NULL;
}

static struct tls *
on_tls(void *arg, int fd)
{
	struct handin *h = arg;

	h->asked_vault = true;
	return tls_accept(h->chain, fd, vault_tls_sign,
	    &h->pr->link[ROLE_VAULT]);
}

/* What the parent says is heard between lines: new channels, and stop. */
static bool
on_woken(void *arg)
{
	struct handin *h = arg;

	if (loop_turn(h->pr->loop, 0) == -1)
		return true;
	h->be->dns = h->pr->link[ROLE_RESOLVER];
	return h->stopping;
}

static void
stop(void *arg)
{
	((struct handin *)arg)->stopping = true;
}

void
handin_init(struct handin *h, struct proc *pr, struct tls_server *chain,
    struct smtp_backend *be)
{
	/* The memo is touched when the DNS is asked, not by who only waits. */
	memset(h, 0, offsetof(struct handin, memo));
	memo_init(&h->memo);
	h->pr = pr;
	h->chain = chain;
	h->be = be;
	op_reply_init(&h->reply);
	proc_on_stop(pr, stop, h);
	*be = (struct smtp_backend){
		.arg = h,
		.dns = pr->link[ROLE_RESOLVER],
		.memo = &h->memo,
		.known = &h->known,
		.rcpt = on_rcpt,
		.srs = on_srs,
		.refusing = on_refusing,
		.begin = on_begin,
		.data = on_data,
		.abort = on_abort,
		.commit = on_commit,
		.event = on_event,
		.history = on_history,
		.fault = on_fault,
		.dns_broken = on_dns_broken,
		.list_bad = on_list_bad,
		.grey = on_grey,
		.reject = on_reject,
		.has_tls = on_has_tls,
		.tls = on_tls,
		.woken = on_woken,
	};
}

static bool
on_words(void *arg, const uint8_t *p, size_t n, unsigned int doubts,
    struct buf *line)
{
	struct handin *h = arg;

	return verdict_words(&h->filter, p, n, doubts, line);
}

void
handin_filter(struct handin *h)
{
	verdict_open(&h->filter, h->pr->home);
	if (h->filter.table.map != NULL)
		h->be->words = on_words;
}

void
handin_clear(struct handin *h)
{
	verdict_close(&h->filter);
	memo_clear(&h->memo);
	op_reply_clear(&h->reply);
}
