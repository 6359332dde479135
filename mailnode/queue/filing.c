#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "crypto/secret.h"
#include "mailnode/base/clock.h"
#include "mailnode/base/date.h"
#include "mailnode/node/conf.h"
#include "mailnode/queue/filing.h"
#include "mailnode/queue/route.h"
#include "store/op_spool.h"
#include "store/queue_file.h"

/* [at, at + n) of the letter into p.  0, or -1. */
static int
read_letter(const struct sender_letter *l, uint64_t at, void *p, size_t n)
{
	uint8_t *to = p;
	ssize_t k;

	while (n > 0) {
		k = pread(l->fd, to, n, (off_t)(l->offset + at));
		if (k <= 0)
			return -1;
		to += k;
		at += (uint64_t)k;
		n -= (size_t)k;
	}
	return 0;
}

static uint16_t
stream(int keeper, struct op_reply *r, const struct sender_letter *l,
    uint64_t *id)
{
	static uint8_t piece[SPOOL_CHUNK];
	uint64_t at;
	uint16_t rc;
	size_t n;

	rc = spool_begin(keeper, r, id);
	for (at = 0; at < l->size && rc == STORE_OK; at += n) {
		n = l->size - at < sizeof piece ? (size_t)(l->size - at) :
		    sizeof piece;
		if (read_letter(l, at, piece, n) == -1)
			rc = STORE_IO;
		else if (spool_data(keeper, *id, piece, n) == -1)
			rc = OP_GONE;
	}
	if (rc != STORE_OK && rc != OP_GONE)
		spool_abort(keeper, *id);
	return rc;
}

static uint16_t
hand_in(int keeper, struct op_reply *r, const struct sender_letter *l,
    const struct spool_msg *m, const struct buf *head)
{
	static uint8_t small[SPOOL_INLINE];
	uint64_t id = 0;
	uint16_t rc;

	if (l->size <= sizeof small) {
		if (read_letter(l, 0, small, (size_t)l->size) == -1)
			return STORE_IO;
		return spool_commit(keeper, r, 0, m, head->data, head->len,
		    small, l->size);
	}
	rc = stream(keeper, r, l, &id);
	return rc == STORE_OK ? spool_commit(keeper, r, id, m, head->data,
	    head->len, NULL, l->size) : rc;
}

uint16_t
filing_sent(int keeper, struct op_reply *r, const struct sender_letter *l)
{
	char trace[QUEUE_ID_MAX];
	struct spool_msg m = { .trace = trace, .sender = l->from,
	    .folder = "Sent", .tags = "sent", .verdict = "our own",
	    .peer = "queue", .received = l->created };
	struct buf none = { .len = 0 };

	queue_id_text(l->id, trace);
	return hand_in(keeper, r, l, &m, &none);
}

static void
put_received(struct buf *b, const struct sender_letter *l)
{
	char id[QUEUE_ID_MAX], date[48];

	queue_id_text(l->id, id);
	date_text(clock_wall_s(), date, sizeof date);
	buf_addf(b, "Return-Path: <%s>\r\nReceived: by %s (mailnode queue) "
	    "id %s;\r\n\t%s\r\n", l->from, conf.hostname, id, date);
}

uint16_t
filing_local(int keeper, struct op_reply *r, const struct sender_letter *l,
    const size_t *at, size_t n)
{
	char trace[QUEUE_ID_MAX];
	struct spool_msg m = { .trace = trace, .sender = l->from,
	    .folder = "", .tags = "", .verdict = "our own", .peer = "queue",
	    .received = clock_wall_s() };
	const char **rcpt = calloc(n, sizeof *rcpt);
	struct buf head;
	uint16_t rc;
	size_t i;

	if (rcpt == NULL)
		return STORE_NOMEM;
	for (i = 0; i < n; i++)
		rcpt[i] = l->rcpt[at[i]].addr;
	m.rcpt = rcpt;
	m.nrcpt = n;
	queue_id_text(l->id, trace);
	buf_init(&head, SPOOL_HEAD_MAX);
	put_received(&head, l);
	rc = head.err == 0 ? hand_in(keeper, r, l, &m, &head) : STORE_NOMEM;
	buf_clear(&head);
	free(rcpt);
	return rc;
}

/* Octets of the header, up to and without the empty line. */
static size_t
header_length(const uint8_t *p, size_t n)
{
	size_t i;

	for (i = 0; i + 4 <= n; i++)
		if (memcmp(p + i, "\r\n\r\n", 4) == 0)
			return i + 2;
	return n;
}

static void
unique_text(char *dst, size_t size)
{
	uint8_t r[12];
	size_t i;

	random_bytes(r, sizeof r);
	for (i = 0; i < sizeof r && 2 * i + 2 < size; i++)
		snprintf(dst + 2 * i, size - 2 * i, "%02x", r[i]);
}

uint16_t
filing_notice(int keeper, struct op_reply *r, const struct sender_letter *l,
    enum dsn_kind kind, const struct dsn_rcpt *rcpt, size_t n,
    int64_t expires)
{
	static uint8_t header[DSN_HEADER_MAX];
	char id[QUEUE_ID_MAX], unique[32] = "";
	struct dsn d = { .kind = kind, .hostname = conf.hostname,
	    .to = l->flags & QUEUE_FORWARD ? route_own() : l->from,
	    .id = id, .msgid = l->msgid,
	    .subject = l->subject,
	    .envid = l->flags & QUEUE_ENVID ? "" : l->envid,
	    .now = clock_wall_s(), .created = l->created,
	    .expires = expires, .rcpt = rcpt, .nrcpt = n,
	    .header = header };
	struct spool_msg m = { .trace = id, .sender = "", .folder = "INBOX",
	    .tags = "", .verdict = "notice of the queue", .peer = "queue",
	    .received = d.now };
	size_t have = l->size < sizeof header ? (size_t)l->size :
	    sizeof header;
	struct buf b;
	uint16_t rc;

	queue_id_text(l->id, id);
	unique_text(unique, sizeof unique);
	if (read_letter(l, 0, header, have) == -1)
		have = 0;
	d.nheader = header_length(header, have);
	buf_init(&b, SPOOL_INLINE);
	buf_adds(&b, "Return-Path: <>\r\n");
	dsn_put(&b, &d, unique);
	rc = b.err == 0 ? spool_commit(keeper, r, 0, &m, NULL, 0, b.data,
	    b.len) : STORE_TOOBIG;
	buf_clear(&b);
	return rc;
}
