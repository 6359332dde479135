/* Above a letter of ours: what became of it, where that is worth a line. */
#include <string.h>
#include <time.h>

#include "store/tag.h"
#include "tui/message_parts.h"

enum { FATE_LINES = 6, FATE_LINE_MAX = 1000 /* octets */ };

static void
put_time(struct buf *b, int64_t at)
{
	time_t t = (time_t)at;
	char text[32];
	struct tm tm;

	if (localtime_r(&t, &tm) != NULL &&
	    strftime(text, sizeof text, "%d %b %H:%M", &tm) > 0)
		buf_addf(b, ", %s", text);
}

static void
put_report(struct doc *d, const struct queue_letter *l,
    const struct reported *r)
{
	bool sure = reported_believed(r->belief);
	struct buf b;

	buf_init(&b, FATE_LINE_MAX);
	if (!sure)
		buf_adds(&b, "NOT PROVED: ");
	if (r->n > 0 && r->n <= l->nrcpt)
		buf_addf(&b, "%s ", l->rcpt[r->n - 1].addr);
	reported_text(r, &b);
	put_time(&b, r->at);
	doc_header(d, "Delivery", buf_str(&b), sure &&
	    r->action == REPORT_FAILED ? PAINT_BAD : !sure ||
	    r->action == REPORT_DELAYED ? PAINT_WAIT : PAINT_GOOD);
	buf_clear(&b);
}

static void
put_failed(struct doc *d, const struct queue_rcpt *r)
{
	struct buf b;

	buf_init(&b, FATE_LINE_MAX);
	buf_addf(&b, "%s %s: %s", r->addr, queue_fate_name(r->fate),
	    r->reply);
	put_time(&b, r->changed);
	doc_header(d, "Delivery", buf_str(&b), PAINT_BAD);
	buf_clear(&b);
}

void
message_fate_put(struct doc *d, const struct queue_letter *l)
{
	size_t i, n = 0;

	for (i = 0; i < l->nrcpt; i++)
		if ((l->rcpt[i].fate == QUEUE_FAILED ||
		    l->rcpt[i].fate == QUEUE_EXPIRED) && n++ < FATE_LINES)
			put_failed(d, &l->rcpt[i]);
	for (i = 0; i < l->nreport; i++)
		if (n++ < FATE_LINES)
			put_report(d, l, &l->report[i]);
	if (n > FATE_LINES)
		doc_header(d, "Delivery", "and more", PAINT_WAIT);
}

static void
got(void *arg, uint16_t status, struct chan_in *in, int *fd)
{
	struct message_view *m = arg;
	struct queue_letter l;

	(void)fd;
	if (status != OP_OK || !queue_show_get(in, &l))
		return;		/* not sent from here, or long ago */
	queue_letter_clear(&m->fate);
	m->fate = l;
	if (l.nreport > 0 || l.row.nfailed > 0)
		message_rebuild(m);
}

void
message_fate_ask(struct message_view *m)
{
	struct talk *keeper = m->p.v.t->keeper;
	struct buf b;

	talk_forget(keeper, m);
	if (!m->f.parsed || (strcmp(m->f.info.folder, "Sent") != 0 &&
	    !tag_in(m->f.info.tags, "sent")))
		return;
	buf_init(&b, CHAN_DATA_MAX);
	queue_fate_put(&b, m->f.info.msgid);
	talk_send(keeper, QUEUE_FATE, &b, -1, got, m);
	buf_clear(&b);
}
