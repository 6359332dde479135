/* LIST_MSGS: pages of messages. */
#define _DEFAULT_SOURCE	/* reallocarray */
#include <stdlib.h>
#include <string.h>

#include "store/list.h"
#include "store/op_list.h"
#include "store/op_list_parts.h"
#include "store/search.h"
#include "store/wire.h"

void
list_msgs_put(struct buf *args, const struct list_msgs_ask *ask)
{
	chan_put_u8(args, (uint8_t)ask->which);
	chan_put_u64(args, ask->id);
	chan_put_str(args, ask->text);
	list_cursor_put(args, &ask->from);
	chan_put_u32(args, ask->skip);
	chan_put_u32(args, ask->n);
}

static bool
put_msg(void *arg, const struct list_msg *m)
{
	struct buf *out = arg;
	size_t before = out->len;

	chan_put_u8(out, 1);
	chan_put_u64(out, m->id);
	chan_put_u64(out, m->thread);
	chan_put_u64(out, m->mbox);
	chan_put_u32(out, m->uid);
	chan_put_u32(out, m->flags);
	chan_put_u64(out, m->modseq);
	chan_put_i64(out, m->date);
	chan_put_u64(out, m->size);
	chan_put_u32(out, m->depth);
	chan_put_u8(out, (uint8_t)(m->attach | m->other_copy << 1));
	chan_put_str(out, m->folder);
	chan_put_str(out, m->from);
	chan_put_str(out, m->to);
	chan_put_str(out, m->subject);
	chan_put_str(out, m->tags);
	chan_put_str(out, m->snippet);
	chan_put_str(out, m->msgid);
	return wire_fits(out, before, PAGE_TAIL);
}

static void
get_msg(struct wire *w, struct list_msg *m)
{
	uint8_t bits;

	m->id = chan_get_u64(w->in);
	m->thread = chan_get_u64(w->in);
	m->mbox = chan_get_u64(w->in);
	m->uid = chan_get_u32(w->in);
	m->flags = chan_get_u32(w->in);
	m->modseq = chan_get_u64(w->in);
	m->date = chan_get_i64(w->in);
	m->size = chan_get_u64(w->in);
	m->depth = chan_get_u32(w->in);
	bits = chan_get_u8(w->in);
	m->attach = bits & 1;
	m->other_copy = bits >> 1 & 1;
	m->folder = wire_str(w);
	m->from = wire_str(w);
	m->to = wire_str(w);
	m->subject = wire_str(w);
	m->tags = wire_str(w);
	m->snippet = wire_str(w);
	m->msgid = wire_str(w);
}

bool
list_msgs_get(struct chan_in *in, struct list_msgs *out)
{
	struct wire w;

	memset(out, 0, sizeof *out);
	if (!wire_init(&w, in, &out->text))
		return false;
	while (wire_row(&w, (void **)&out->row, &out->n, sizeof *out->row))
		get_msg(&w, &out->row[out->n - 1]);
	out->more = chan_get_u8(in) != 0;
	out->next = list_cursor_get(in);
	if (w.bad || !chan_end(in)) {
		list_msgs_clear(out);
		return false;
	}
	return true;
}

void
list_msgs_clear(struct list_msgs *m)
{
	free(m->row);
	free(m->text);
	memset(m, 0, sizeof *m);
}

enum { MSG_STRS = 7 };

static void
strs_of(struct list_msg *m, const char **s[MSG_STRS])
{
	s[0] = &m->folder;
	s[1] = &m->from;
	s[2] = &m->to;
	s[3] = &m->subject;
	s[4] = &m->tags;
	s[5] = &m->snippet;
	s[6] = &m->msgid;
}

/* Octets of the text that its rows use. */
static size_t
text_len(const struct list_msgs *m)
{
	const char **s[MSG_STRS];
	size_t i, j, end, len = 0;

	for (i = 0; i < m->n; i++) {
		strs_of(&m->row[i], s);
		for (j = 0; j < MSG_STRS; j++) {
			end = (size_t)(*s[j] - m->text) + strlen(*s[j]) + 1;
			len = end > len ? end : len;
		}
	}
	return len;
}

static void
rebase(struct list_msg *row, size_t n, const char *was, const char *now)
{
	const char **s[MSG_STRS];
	size_t i, j;

	for (i = 0; i < n; i++) {
		strs_of(&row[i], s);
		for (j = 0; j < MSG_STRS; j++)
			*s[j] = now + (*s[j] - was);
	}
}

bool
list_msgs_append(struct list_msgs *to, const struct list_msgs *page)
{
	size_t had = text_len(to), len = text_len(page);
	struct list_msg *row;
	char *text;

	text = malloc(had + len + 1);
	row = text == NULL ? NULL : reallocarray(to->row, to->n + page->n + 1,
	    sizeof *row);
	if (row == NULL) {
		free(text);
		return false;
	}
	to->row = row;
	if (page->n > 0)
		memcpy(row + to->n, page->row, page->n * sizeof *row);
	if (had > 0)
		memcpy(text, to->text, had);
	if (len > 0)
		memcpy(text + had, page->text, len);
	rebase(row, to->n, to->text, text);
	rebase(row + to->n, page->n, page->text, text + had);
	free(to->text);
	to->text = text;
	to->n += page->n;
	to->more = page->more;
	to->next = page->next;
	return true;
}

uint16_t
list_do_msgs(void *service, struct op_call *c)
{
	char text[LIST_QUERY_MAX + 1];
	struct list_msgs_ask ask = { 0 };
	struct list_cursor next = { 0 };
	bool more = false;
	uint8_t which;
	uint16_t rc;

	which = chan_get_u8(&c->in);
	ask.id = chan_get_u64(&c->in);
	chan_get_str(&c->in, text, sizeof text);
	ask.text = text;
	ask.from = list_cursor_get(&c->in);
	ask.skip = chan_get_u32(&c->in);
	ask.n = chan_get_u32(&c->in);
	if (!chan_end(&c->in) || ask.n == 0 || ask.n > LIST_PAGE_MAX ||
	    which > LIST_OF_QUERY)
		return OP_BAD;
	ask.which = which;
	rc = ask.which == LIST_OF_QUERY ?
	    search_each_msg(service, &ask, put_msg, c->out, &next, &more) :
	    list_each_msg(service, &ask, put_msg, c->out, &next, &more);
	chan_put_u8(c->out, 0);
	chan_put_u8(c->out, more);
	list_cursor_put(c->out, &next);
	return rc;
}

uint16_t
list_msgs(int ch, const struct list_msgs_ask *ask, struct list_msgs *out)
{
	struct op_reply r;
	struct buf args;
	uint16_t rc;

	memset(out, 0, sizeof *out);
	wire_call(&args, &r);
	list_msgs_put(&args, ask);
	rc = op_call(ch, LIST_MSGS, &args, -1, &r, LIST_WAIT_MS);
	if (rc == OP_OK && !list_msgs_get(&r.in, out))
		rc = OP_BAD;
	wire_done(&args, &r);
	return rc;
}
