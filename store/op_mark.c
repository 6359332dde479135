/* What became of letters, in a word for each: QUEUE_MARKS of op_queue.h. */
#include <sqlite3.h>

#include "store/op_queue.h"
#include "store/store.h"

void
queue_marks_put(struct buf *args, const char *const *msgid, size_t n)
{
	size_t i;

	chan_put_u8(args, (uint8_t)n);
	for (i = 0; i < n; i++)
		chan_put_str(args, msgid[i]);
}

bool
queue_marks_get(struct chan_in *in, enum queue_mark *out, size_t n)
{
	uint8_t mark;
	bool ok = true;
	size_t i;

	for (i = 0; i < n; i++) {
		mark = chan_get_u8(in);
		ok = ok && mark < QUEUE_MARK_N;
		out[i] = ok ? (enum queue_mark)mark : QUEUE_MARK_NONE;
	}
	return chan_end(in) && ok;
}

/* From how many recipients have what fate. */
static enum queue_mark
mark_of(sqlite3_stmt *s)
{
	enum { FAILED, UNKNOWN, DEFERRED, FRESH, SENT, DROPPED, RETURNED, N };
	int64_t n[N];
	int i;

	for (i = 0; i < N; i++)
		n[i] = sqlite3_column_int64(s, i);
	if (n[FAILED] > 0)
		return QUEUE_MARK_FAILED;
	if (n[RETURNED] > 0)
		return QUEUE_MARK_RETURNED;
	if (n[UNKNOWN] > 0)
		return QUEUE_MARK_UNKNOWN;
	if (n[DEFERRED] > 0)
		return QUEUE_MARK_DEFERRED;
	if (n[FRESH] > 0)
		return n[SENT] > 0 ? QUEUE_MARK_PARTLY : QUEUE_MARK_WAITING;
	if (n[SENT] > 0)
		return QUEUE_MARK_SENT;
	return n[DROPPED] > 0 ? QUEUE_MARK_DROPPED : QUEUE_MARK_NONE;
}

static uint16_t
on_marks(void *service, struct op_call *c)
{
	static struct store_slot slot;
	char msgid[QUEUE_LINE_MAX];
	sqlite3_stmt *s;
	unsigned int i, n = chan_get_u8(&c->in);

	/* What another user submitted says nothing about the owner's. */
	s = store_ask(service, STORE_NODE, &slot, "SELECT"
	    " sum(fate IN (4, 5)), sum(fate = 1 OR twice <> 0),"
	    " sum(fate = 0 AND attempts > 0),"
	    " sum(fate = 0 AND attempts = 0), sum(fate IN (2, 3)),"
	    " sum(fate = 6), sum(EXISTS (SELECT 1 FROM queue_returned t"
	    " WHERE t.letter = queue_rcpt.letter AND action = 1 AND"
	    " belief >= 2)) FROM queue_rcpt WHERE letter = (SELECT id FROM"
	    " queue_letter WHERE msgid = ?1 AND role <> ?2 AND msgid <> ''"
	    " ORDER BY created DESC LIMIT 1)", "");
	if (s == NULL)
		return STORE_NOMEM;
	if (n > QUEUE_MARKS_MAX)
		return OP_BAD;
	for (i = 0; i < n; i++) {
		chan_get_str(&c->in, msgid, sizeof msgid);
		(void)sqlite3_bind_text(s, 1, msgid, -1, SQLITE_STATIC);
		sqlite3_bind_int64(s, 2, ROLE_LOCAL);
		chan_put_u8(c->out, sqlite3_step(s) == SQLITE_ROW ?
		    (uint8_t)mark_of(s) : QUEUE_MARK_NONE);
		(void)sqlite3_reset(s);
	}
	return chan_end(&c->in) ? STORE_OK : OP_BAD;
}

_Static_assert(QUEUE_UNKNOWN == 1 && QUEUE_FAILED == 4 &&
    QUEUE_EXPIRED == 5 && QUEUE_DROPPED == 6, "on_marks counts them");

const struct op mark_ops[] = {
	{ QUEUE_MARKS,	ROLE_BIT(ROLE_OWNER),	on_marks },
	{ 0, 0, NULL }
};
