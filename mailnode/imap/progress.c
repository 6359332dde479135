/* INPROGRESS, RFC 9585: a word for those who wait. */
#include <string.h>

#include "mailnode/base/clock.h"
#include "mailnode/imap/talk.h"

/* RFC 9585 section 4.2: no sooner, and no more often. */
enum { PROGRESS_MS = 10 * 1000 };

static void
tell(struct session *s, uint64_t done, uint64_t goal)
{
	struct buf b;

	buf_init(&b, TEXT_MAX);
	(void)buf_adds(&b, "* OK [INPROGRESS (");
	put_string(&b, s->tag, strlen(s->tag));
	if (goal > 0)
		(void)buf_addf(&b, " %llu %llu", (unsigned long long)done,
		    (unsigned long long)goal);
	else
		(void)buf_adds(&b, " NIL NIL");
	(void)buf_adds(&b, ")] still at it\r\n");
	if (b.err == 0)
		line_put(s->line, b.data, b.len);
	(void)line_flush(s->line);
	buf_clear(&b);
	s->progress_ms = clock_mono_ms();
}

void
progress_tick(struct session *s, uint64_t done, uint64_t goal)
{
	if (clock_mono_ms() - s->progress_ms >= PROGRESS_MS && done < goal)
		tell(s, done, goal);
}

static void
slow(void *arg)
{
	tell(arg, 0, 0);
}

void
progress_wait(struct session *s, struct op_reply *r)
{
	r->slow = slow;
	r->slow_arg = s;
	r->slow_ms = PROGRESS_MS;
}

void
progress_end(struct op_reply *r)
{
	r->slow = NULL;
}
