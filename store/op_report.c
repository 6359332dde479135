#include <stdlib.h>
#include <string.h>

#include "mailnode/base/codec.h"
#include "store/op_report.h"
#include "store/wire.h"

enum { ROOM_AFTER = 16 };	/* octets kept for the end of the rows */

void
report_put(struct buf *out, const struct report *r)
{
	const struct report_rcpt *x;
	size_t i, before;

	chan_put_str(out, r->envid);
	chan_put_str(out, r->msgid);
	chan_put_str(out, r->by);
	chan_put_u8(out, (uint8_t)r->nids);
	for (i = 0; i < r->nids; i++)
		chan_put_str(out, r->id[i]);
	chan_put_str(out, r->author);
	chan_put_u32(out, r->total);
	for (i = 0; i < r->n; i++) {
		x = &r->rcpt[i];
		before = out->len;
		chan_put_u8(out, 1);
		chan_put_u8(out, (uint8_t)x->action);
		chan_put_str(out, x->original);
		chan_put_str(out, x->final);
		chan_put_str(out, x->status);
		chan_put_str(out, x->said);
		chan_put_str(out, x->mta);
		if (!wire_fits(out, before, ROOM_AFTER))
			break;
	}
	chan_put_u8(out, 0);
}

/* It goes into logs, listings and a terminal. */
static const char *
line(struct wire *w)
{
	const char *s = wire_str(w), *p;

	for (p = s; *p != '\0'; p++)
		w->bad = w->bad || (unsigned char)*p < ' ' || *p == 0x7f;
	w->bad = w->bad || !codec_utf8_ok(s, strlen(s));
	return s;
}

static void
get_rcpt(struct wire *w, struct report_rcpt *x)
{
	unsigned int action = chan_get_u8(w->in);

	w->bad = w->bad || action >= REPORT_ACTIONS;
	x->action = (enum report_action)action;
	x->original = line(w);
	x->final = line(w);
	x->status = line(w);
	x->said = line(w);
	x->mta = line(w);
}

bool
report_get(struct chan_in *in, struct report *r)
{
	struct wire w;
	size_t i, n;

	memset(r, 0, sizeof *r);
	if (!wire_init(&w, in, &r->text))
		return false;
	r->envid = line(&w);
	r->msgid = line(&w);
	r->by = line(&w);
	n = chan_get_u8(in);
	for (i = 0; i < n && i < REPORT_IDS_MAX; i++)
		r->id[r->nids++] = line(&w);
	w.bad = w.bad || n > REPORT_IDS_MAX;
	r->author = line(&w);
	r->total = chan_get_u32(in);
	while (wire_row(&w, (void **)&r->rcpt, &r->n, sizeof *r->rcpt))
		get_rcpt(&w, &r->rcpt[r->n - 1]);
	if (!w.bad && chan_end(in) && r->n <= REPORT_RCPTS_MAX)
		return true;
	report_clear(r);
	return false;
}

void
report_clear(struct report *r)
{
	free(r->rcpt);
	free(r->text);
	memset(r, 0, sizeof *r);
}
