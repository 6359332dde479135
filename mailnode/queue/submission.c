#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "crypto/sign.h"
#include "mailnode/base/clock.h"
#include "mailnode/node/conf.h"
#include "mailnode/node/log.h"
#include "mailnode/queue/prepare.h"
#include "mailnode/queue/submission.h"
#include "mailnode/smtp/mail.h"
#include "mailnode/smtp/policy.h"
#include "store/op_device.h"
#include "store/op_submit.h"

enum {
	UNIQUE_OCTETS = 12,
	AGAIN_MS = 100,		/* a new keeper hears of our login soon */
	AGAIN_TRIES = 50
};

/* What one letter needs on its way. */
struct letter {
	struct submission_backend *s;
	const struct mail *m;
	const struct device *d;
	struct prepare	 p;
	struct queue_to	*to;
	uint8_t		 hash[QUEUE_HASH];
	char		 id[QUEUE_ID_MAX];
	bool		 again;
};

static int
keeper(const struct submission_backend *s)
{
	return s->handin.pr->link[ROLE_KEEPER];
}

/* ---- once ---- */

static int
by_text(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* The same letter to the same people, in whatever order they came.  As the
 * client sent it: what we add is different each time. */
static bool
hash_letter(struct letter *l)
{
	const struct mail *m = l->m;
	char **sorted = calloc(m->nrcpt, sizeof *sorted);
	struct sha256 h;
	size_t i;

	if (sorted == NULL)
		return false;
	memcpy(sorted, m->rcpt, m->nrcpt * sizeof *sorted);
	qsort(sorted, m->nrcpt, sizeof *sorted, by_text);
	sha256_init(&h);
	for (i = 0; i < m->nrcpt; i++)
		sha256_add(&h, sorted[i], strlen(sorted[i]) + 1);
	sha256_add(&h, "", 1);
	sha256_add(&h, m->letter.data, m->letter.len);
	sha256_end(&h, l->hash);
	free(sorted);
	return true;
}

/* ---- the letter ---- */

static const struct answer *
prepare_answer(enum prepare_err e)
{
	static const struct answer from = { 550, "5.6.0",
	    "From has to be one address" };
	static const struct answer sender = { 550, "5.6.0",
	    "Sender or Resent-From is no address" };
	static const struct answer big = { 552, "5.3.4",
	    "message too big" };
	static const struct answer header = { 552, "5.3.4",
	    "header too big" };

	switch (e) {
	case PREPARE_OK:
		return NULL;
	case PREPARE_TOOBIG:
		return &big;
	case PREPARE_HEADER:
		return &header;
	case PREPARE_FROM:
		return &from;
	case PREPARE_SENDER:
		return &sender;
	default:
		return policy_store(STORE_NOMEM);
	}
}

/* *foreign: what to say when it is none of ours. */
static const struct answer *
check_address(struct letter *l, const char *addr,
    const struct answer *foreign, char detail[SUBMIT_DETAIL_MAX])
{
	struct handin *h = &l->s->handin;
	struct rcpt who;
	uint16_t rc;

	rc = rcpt_check(keeper(l->s), &h->reply, addr, &who);
	if (rc != STORE_OK)
		return policy_store(rc);
	if (rcpt_ok(who.class))
		return NULL;
	snprintf(detail, SUBMIT_DETAIL_MAX, "%.250s", addr);
	return foreign;
}

/* Who wrote it and who sent it are ours, or nobody would know whose letter
 * it is. */
static const struct answer *
check_author(struct letter *l, char detail[SUBMIT_DETAIL_MAX])
{
	static const struct answer author = { 550, "5.7.1",
	    "From is none of your addresses" };
	static const struct answer sender = { 550, "5.7.1",
	    "Sender or Resent-From is none of your addresses" };
	const char *addr = (const char *)l->p.senders.data;
	const struct answer *a = NULL;
	size_t i;

	if (l->p.author[0] != '\0')
		a = check_address(l, l->p.author, &author, detail);
	for (i = 0; i < l->p.nsenders && a == NULL; i++) {
		a = check_address(l, addr, &sender, detail);
		addr += strlen(addr) + 1;
	}
	return a;
}

static uint32_t
notify_of(unsigned int n)
{
	return (n & CMD_NOTIFY_NEVER ? QUEUE_NOTIFY_NEVER : 0) |
	    (n & CMD_NOTIFY_SUCCESS ? QUEUE_NOTIFY_SUCCESS : 0) |
	    (n & CMD_NOTIFY_FAILURE ? QUEUE_NOTIFY_FAILURE : 0) |
	    (n & CMD_NOTIFY_DELAY ? QUEUE_NOTIFY_DELAY : 0);
}

static uint16_t
hand_in(struct letter *l)
{
	const struct mail *m = l->m;
	uint32_t undo = l->d->undo_s != DEVICE_UNDO_CONF ? l->d->undo_s :
	    conf.undo_s;
	struct queue_envelope e = { .from = m->env.from.address,
	    .msgid = l->p.msgid, .subject = l->p.subject,
	    .envid = m->env.envid, .to = l->to, .nto = m->nrcpt };
	int ch = keeper(l->s);
	uint16_t rc;

	e.flags = (l->p.eightbit ? QUEUE_8BIT : 0) |
	    (l->p.utf8 || m->env.utf8 ? QUEUE_UTF8 : 0) | QUEUE_COPY;
	if (undo > 0)
		e.due_s = clock_wall_s() + undo;
	rc = queue_begin(ch, &e, l->id);
	/* A printer's second "toner low" is no second try of the first: who
	 * means to try again has given it a Message-ID. */
	if (rc == STORE_OK && l->p.named)
		rc = queue_once(ch, l->hash);
	if (rc == STORE_OK)
		rc = queue_data(ch, l->p.text.data, l->p.text.len);
	return rc == STORE_OK ? queue_commit_once(ch, l->id, &l->again) : rc;
}

/* When keeper was started anew it learns of our login in a moment. */
static uint16_t
hand_in_soon(struct letter *l)
{
	const struct timespec pause = { .tv_nsec = AGAIN_MS * 1000000L };
	uint16_t rc;
	int i;

	for (i = 0; (rc = hand_in(l)) == OP_LOGIN && i < AGAIN_TRIES; i++)
		(void)nanosleep(&pause, NULL);
	return rc;
}

static const struct answer *
submit_answer(struct letter *l, uint16_t rc, char detail[SUBMIT_DETAIL_MAX])
{
	static const struct answer queued = { 250, "2.0.0", "queued as" };
	static const struct answer before = { 250, "2.0.0",
	    "was queued before as" };
	static const struct answer identity = { 553, "5.7.1",
	    "the sender is none of your addresses" };
	static const struct answer rcpt = { 550, "5.1.3",
	    "a recipient is no address" };
	static const struct answer scope = { 550, "5.7.1",
	    "this device may not send" };

	switch (rc) {
	case STORE_OK:
		snprintf(detail, SUBMIT_DETAIL_MAX, "%s", l->id);
		return l->again ? &before : &queued;
	case QUEUE_E_IDENTITY:
		return &identity;
	case QUEUE_E_RCPT:
		return &rcpt;
	case OP_SCOPE:
		return &scope;
	default:
		log_line(LOG_WARN, "submit", "trace=%s error=%s",
		    l->m->trace, submit_text(rc));
		return policy_store(rc);
	}
}

static bool
make_to(struct letter *l)
{
	const struct mail *m = l->m;
	size_t i;

	l->to = calloc(m->nrcpt, sizeof *l->to);
	for (i = 0; l->to != NULL && i < m->nrcpt; i++)
		l->to[i] = (struct queue_to){ m->rcpt[i], m->opt[i]->orcpt,
		    notify_of(m->opt[i]->notify) };
	return l->to != NULL;
}

static const struct answer *
send_letter(struct letter *l, char detail[SUBMIT_DETAIL_MAX])
{
	uint8_t raw[UNIQUE_OCTETS];
	char unique[2 * UNIQUE_OCTETS + 1];
	const struct answer *a;
	size_t i;

	random_bytes(raw, sizeof raw);
	for (i = 0; i < sizeof raw; i++)
		snprintf(unique + 2 * i, 3, "%02x", raw[i]);
	l->p.from = l->m->env.from.address;
	l->p.name = conf.realname;
	l->p.domain = conf.domains[0];
	l->p.now = clock_wall_s();
	l->p.unique = unique;
	if (!hash_letter(l) || !make_to(l))
		return policy_store(STORE_NOMEM);
	a = prepare_answer(prepare_letter(&l->p, l->m->letter.data,
	    l->m->letter.len));
	if (a == NULL)
		a = check_author(l, detail);
	return a != NULL ? a : submit_answer(l, hand_in_soon(l), detail);
}

static const struct answer *
on_letter(void *arg, const struct mail *m, const struct device *d,
    char detail[SUBMIT_DETAIL_MAX])
{
	struct handin *h = arg;
	struct letter l = { .s = (struct submission_backend *)h, .m = m,
	    .d = d };
	const struct answer *a;

	prepare_init(&l.p, conf.message_max);
	a = send_letter(&l, detail);
	prepare_clear(&l.p);
	free(l.to);
	return a;
}

static void
on_seen(void *arg, const char *client)
{
	const struct handin *h = arg;
	const struct device_note n = { client, NULL, 0 };

	(void)device_note(h->pr->link[ROLE_KEEPER], &n);
}

/* ---- */

void
submission_init(struct submission_backend *s, struct proc *pr,
    struct tls_server *chain, bool tls_first, struct smtp_backend *be)
{
	/* handin is what be->arg points to, hence first in the struct */
	handin_init(&s->handin, pr, chain, be);
	s->submit = (struct smtp_submit){ .vault = &pr->link[ROLE_VAULT],
	    .tls_first = tls_first, .letter = on_letter, .seen = on_seen };
	be->submit = &s->submit;
}

void
submission_clear(struct submission_backend *s)
{
	handin_clear(&s->handin);
}
