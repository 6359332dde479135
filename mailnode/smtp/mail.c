#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mailnode/filter/sample.h"
#include "mailnode/node/conf.h"
#include "mailnode/smtp/judge.h"
#include "mailnode/smtp/mail.h"
#include "mailnode/smtp/stranger.h"

void
mail_init(struct mail *m, const struct smtp_backend *be)
{
	memset(m, 0, sizeof *m);
	m->be = be;
	m->max = conf.message_max;
	buf_init(&m->body, SPOOL_CHUNK);
	buf_init(&m->dsn, SPOOL_TEXT_MAX / 2);
	buf_init(&m->letter, conf.message_max);
	buf_init(&m->sample, SAMPLE_MAX);
	buf_init(&m->top, MSGKEY_HEADER_MAX);
	head_init(&m->head);
}

void
mail_clear(struct mail *m)
{
	size_t i;

	if (m->spool != 0)
		m->be->abort(m->be->arg, m->spool);
	auth_verify_free(m->auth);
	attach_free(m->attach);
	head_clear(&m->head);
	buf_clear(&m->body);
	buf_clear(&m->dsn);
	buf_clear(&m->letter);
	buf_clear(&m->sample);
	buf_clear(&m->top);
	for (i = 0; i < m->nrcpt; i++) {
		free(m->rcpt[i]);
		if (m->opt != NULL)
			free(m->opt[i]);
	}
	free(m->rcpt);
	free(m->opt);
	free(m->ids);
	mail_init(m, m->be);
}

/* ---- envelope ---- */

static bool
has_rcpt(const struct mail *m, const char *addr)
{
	size_t i;

	for (i = 0; i < m->nrcpt; i++)
		if (strcmp(m->rcpt[i], addr) == 0)
			return true;
	return false;
}

static bool
grow(struct mail *m)
{
	size_t cap = m->cap > 0 ? m->cap * 2 : 4;
	struct cmd_rcpt **opt;
	char **p;

	if (m->nrcpt < m->cap)
		return true;
	p = realloc(m->rcpt, cap * sizeof *p);
	if (p == NULL)
		return false;
	m->rcpt = p;
	if (m->be->submit != NULL) {
		opt = realloc(m->opt, cap * sizeof *opt);
		if (opt == NULL)
			return false;
		m->opt = opt;
	}
	m->cap = cap;
	return true;
}

/* RFC 3461: goes out with the letter. */
static bool
keep_options(struct mail *m, const struct cmd_rcpt *r)
{
	struct cmd_rcpt *copy = malloc(sizeof *copy);

	if (copy != NULL)
		*copy = *r;
	m->opt[m->nrcpt] = copy;
	return copy != NULL;
}

/* RFC 3461: kept with the message; what does not fit is not missed. */
static void
note_dsn(struct mail *m, const char *addr, const struct cmd_rcpt *r)
{
	if (r->notify == 0 && r->orcpt[0] == '\0')
		return;
	buf_addf(&m->dsn, " rcpt=%s", addr);
	if (r->notify != 0)
		buf_addf(&m->dsn, " notify=%s%s%s%s",
		    r->notify & CMD_NOTIFY_NEVER ? "N" : "",
		    r->notify & CMD_NOTIFY_SUCCESS ? "S" : "",
		    r->notify & CMD_NOTIFY_FAILURE ? "F" : "",
		    r->notify & CMD_NOTIFY_DELAY ? "D" : "");
	if (r->orcpt[0] != '\0')
		buf_addf(&m->dsn, " orcpt=%s", r->orcpt);
	m->dsn.err = 0;
}

bool
mail_add_rcpt(struct mail *m, const char *addr, const struct cmd_rcpt *r)
{
	size_t n = strlen(addr);

	if (has_rcpt(m, addr))
		return true;
	if (n > MAIL_RCPT_OCTETS - m->rcpt_octets || !grow(m))
		return false;
	m->rcpt[m->nrcpt] = strdup(addr);
	if (m->rcpt[m->nrcpt] == NULL)
		return false;
	if (m->be->submit != NULL && !keep_options(m, r)) {
		free(m->rcpt[m->nrcpt]);
		return false;
	}
	m->nrcpt++;
	m->rcpt_octets += n;
	note_dsn(m, addr, r);
	return true;
}

/* ---- the message ---- */

static void
fail(struct mail *m, enum mail_err err)
{
	if (m->err == MAIL_OK)
		m->err = err;
	buf_clear(&m->body);
	if (m->spool != 0)
		m->be->abort(m->be->arg, m->spool);
	m->spool = 0;
}

static void
fail_store(struct mail *m, uint16_t status)
{
	m->status = status;
	fail(m, MAIL_STORE);
}

/* What waits here goes to keeper. */
static void
hand_on(struct mail *m)
{
	uint16_t status;

	if (m->spool == 0) {
		status = m->be->begin(m->be->arg, &m->spool);
		if (status != STORE_OK) {
			m->spool = 0;
			fail_store(m, status);
			return;
		}
	}
	if (m->body.len > 0 && m->be->data(m->be->arg, m->spool, m->body.data,
	    m->body.len) == -1)
		fail_store(m, OP_GONE);
	buf_reset(&m->body);
}

/* The filter looks at so much and no more; without memory at nothing. */
static void
sample(struct mail *m, const uint8_t *p, size_t n)
{
	size_t top = MSGKEY_HEADER_MAX - m->top.len;

	(void)buf_add(&m->top, p, n < top ? n : top);
	if ((m->be->words == NULL && !stranger_lists()) ||
	    m->sample.err != 0)
		return;
	if (n > SAMPLE_MAX - m->sample.len)
		n = SAMPLE_MAX - m->sample.len;
	(void)buf_add(&m->sample, p, n);
}

static void
keep(void *arg, const uint8_t *p, size_t n)
{
	struct mail *m = arg;
	size_t part;

	m->kept += n;
	sample(m, p, n);
	if (m->attach != NULL)
		attach_push(m->attach, p, n);
	while (n > 0 && m->err == MAIL_OK) {
		part = SPOOL_CHUNK - m->body.len;
		if (part > n)
			part = n;
		if (buf_add(&m->body, p, part) == -1)
			fail(m, MAIL_NOMEM);
		p += part;
		n -= part;
		if (m->err == MAIL_OK && m->body.len == SPOOL_CHUNK)
			hand_on(m);
	}
}

static void
seen(void *arg, const uint8_t *p, size_t n)
{
	struct mail *m = arg;

	if (m->err == MAIL_OK && auth_verify_feed(m->auth, p, n) == -1)
		fail(m, MAIL_NOMEM);
}

/* From data.c, dots removed. */
static void
message(void *arg, const uint8_t *p, size_t n)
{
	struct mail *m = arg;

	if (m->err != MAIL_OK)
		return;
	if (m->data.octets > m->max) {
		fail(m, MAIL_TOO_BIG);
		return;
	}
	head_push(&m->head, p, n);
	if (m->head.over)
		fail(m, MAIL_HEADER_BIG);
	else if (m->head.nomem)
		fail(m, MAIL_NOMEM);
}

static void
whole(void *arg, const uint8_t *p, size_t n)
{
	struct mail *m = arg;

	if (m->err != MAIL_OK)
		return;
	if (m->data.octets > m->max)
		m->err = MAIL_TOO_BIG;
	else if (buf_add(&m->letter, p, n) == -1)
		m->err = MAIL_NOMEM;
	if (m->err != MAIL_OK)
		buf_clear(&m->letter);
}

enum mail_err
mail_whole(struct mail *m)
{
	if (m->err == MAIL_OK && m->data.nul)
		m->err = MAIL_NUL;
	else if (m->err == MAIL_OK && m->data.too_long)
		m->err = MAIL_LINE_LONG;
	return m->err;
}

bool
mail_open(struct mail *m, const struct auth_conn *conn, bool dots)
{
	size_t i;

	m->open = true;
	if (m->be->submit != NULL) {
		data_init(&m->data, dots, whole, m);
		return true;
	}
	m->ids = calloc(conf.ndomains + 1, sizeof *m->ids);
	m->auth = auth_verify_new(conn);
	m->memo = conn->memo;
	m->ip = conn->ip != NULL ? conn->ip : "";
	if (conf.nattachments > 0 && conf.attachments[0].what != NULL) {
		m->attach = attach_new(conf.attachments, conf.nattachments);
		if (m->attach == NULL)
			return false;
	}
	if (m->ids == NULL || m->auth == NULL)
		return false;
	m->ids[0] = conf.hostname;
	for (i = 0; i < conf.ndomains; i++)
		m->ids[i + 1] = conf.domains[i];
	m->head.seen = seen;
	m->head.keep = keep;
	m->head.arg = m;
	m->head.ids = m->ids;
	m->head.nids = conf.ndomains + 1;
	m->head.rcpt = (const char *const *)m->rcpt;
	m->head.nrcpt = m->nrcpt;
	data_init(&m->data, dots, message, m);
	return true;
}

enum data_err
mail_push(struct mail *m, const uint8_t *p, size_t n, size_t *used)
{
	return data_push(&m->data, p, n, used);
}

/* ---- its end ---- */

static void
judge(struct mail *m)
{
	if (m->err != MAIL_OK)
		return;
	if (m->data.nul)
		fail(m, MAIL_NUL);
	else if (m->data.too_long)
		fail(m, MAIL_LINE_LONG);
	else if (m->head.received > MAIL_HOPS_MAX)
		fail(m, MAIL_LOOP);
	else if (m->fans && m->head.again)
		fail(m, MAIL_AGAIN);
}

/* Before anything is asked of others: what is not wanted, whoever sent it. */
static const struct conf_attachment *
attached(struct mail *m)
{
	const struct conf_attachment *c = m->err == MAIL_OK &&
	    m->attach != NULL ? attach_found(m->attach) : NULL;

	if (c != NULL && c->verdict == CONF_REFUSE) {
		m->why = c->what;
		fail(m, MAIL_ATTACHED);
	}
	return c;
}

static void
attached_junk(struct mail *m, const struct conf_attachment *c)
{
	size_t n = strlen(m->verdict);

	if (m->err != MAIL_OK || c == NULL)
		return;
	m->junk = true;
	(void)snprintf(m->verdict + n, sizeof m->verdict - n,
	    "%sattachment=%s", n > 0 ? " " : "", c->what);
}

static int
write_head(struct mail *m, const struct received *trace, struct buf *head)
{
	if (received_return_path(head, m->env.from.address) == -1 ||
	    received_envelope(head, (const char *const *)m->rcpt, m->nrcpt) ==
	    -1 ||
	    received_put(head, trace) == -1)
		return -1;
	return auth_verify_put(m->auth, head);
}

static void
commit(struct mail *m, const struct buf *head, int64_t now_s,
    const char *peer)
{
	const struct spool_msg msg = {
		.trace = m->trace,
		.sender = m->env.from.address,
		.rcpt = (const char *const *)m->rcpt,
		.nrcpt = m->nrcpt,
		.folder = m->junk ? "Junk" : "",
		.tags = m->tags,
		.verdict = m->verdict,
		.peer = peer,
		.received = now_s,
		.stays = m->forged || m->head.again,
		.key = m->key,
		.from = m->folded,
		.author = m->author,
		.ip = m->ip,
	};
	uint64_t id = m->spool;
	uint16_t status;

	m->spool = 0;	/* from here on it is keeper's to forget */
	status = m->be->commit(m->be->arg, id, &msg, head,
	    id == 0 ? &m->body : NULL, m->kept);
	if (status != STORE_OK)
		fail_store(m, status);
}

/* Not taken, and yet not lost: for Rejects. */
static void
keep_copy(struct mail *m, enum mail_err err, const struct received *trace,
    struct buf *head)
{
	char from[PHRASE_MAX], subject[PHRASE_MAX];
	struct reject r = { .as = err == MAIL_DEFERRED || err == MAIL_NO_DNS ?
	    REJECT_DEFERRED : REJECT_REFUSED, .trace = m->trace,
	    .sender = m->folded, .ip = m->ip, .key = m->key, .from = from,
	    .subject = subject, .why = m->verdict };
	uint64_t id;

	if (m->be->reject == NULL || err == MAIL_NOMEM)
		return;
	msgkey_text(m->top.data, m->top.len, "From", from);
	msgkey_text(m->top.data, m->top.len, "Subject", subject);
	if (m->spool != 0)
		hand_on(m);
	if (m->err != MAIL_OK || write_head(m, trace, head) == -1)
		return;
	id = m->spool;
	m->spool = 0;
	m->be->reject(m->be->arg, id, &r, head, id == 0 ? &m->body : NULL,
	    m->kept);
}

/* Filed mail has our Received on top, which is the first hop of what came
 * without any: the filter sees here what it will learn from. */
static void
sample_whole(struct mail *m, const struct received *trace)
{
	struct buf with;

	if (m->sample.err != 0 || m->sample.len == 0)
		return;
	buf_init(&with, SAMPLE_MAX + SPOOL_HEAD_MAX);
	if (received_put(&with, trace) == 0 && buf_add(&with,
	    m->sample.data, m->sample.len) == 0) {
		buf_clear(&m->sample);
		m->sample = with;
	} else
		buf_clear(&with);
}

enum mail_err
mail_hand_in(struct mail *m, const struct received *trace, const char *peer)
{
	const struct conf_attachment *c;
	enum mail_err err;
	struct buf head;

	buf_init(&head, SPOOL_HEAD_MAX);
	head_end(&m->head);
	judge(m);
	sample_whole(m, trace);
	c = attached(m);
	msgkey_of(m->top.data, m->top.len, m->key);
	if (m->err == MAIL_OK && (err = judge_mail(m)) != MAIL_OK) {
		keep_copy(m, err, trace, &head);
		fail(m, err);
	}
	attached_junk(m, c);
	if (m->err == MAIL_OK && (m->spool != 0 ||
	    m->body.len > SPOOL_INLINE))
		hand_on(m);
	if (m->err == MAIL_OK && write_head(m, trace, &head) == -1)
		fail(m, MAIL_NOMEM);
	if (m->err == MAIL_OK)
		commit(m, &head, trace->now_s, peer);
	buf_clear(&head);
	return m->err;
}
