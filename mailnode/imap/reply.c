#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "mailnode/base/clock.h"
#include "mailnode/base/codec.h"
#include "mailnode/imap/talk.h"
#include "store/err.h"

/* RFC 9585 section 4.2: no sooner, and no more often. */
enum { PROGRESS_MS = 10 * 1000 };

/* ---- tagged ---- */

/* Kept until answer_out(): news come first. */
static void
tagged(struct session *s, const char *what, const char *code, const char *text)
{
	if (s->answered)
		return;
	s->answered = true;
	s->astray = strcmp(what, "BAD") == 0 ? s->astray + 1 : 0;
	buf_reset(&s->last);
	(void)buf_addf(&s->last, "%s %s ", s->tag[0] != '\0' ? s->tag : "*",
	    what);
	if (code[0] != '\0')
		(void)buf_addf(&s->last, "[%s] ", code);
	(void)buf_adds(&s->last, text);
	if (strcmp(what, "OK") != 0)
		(void)buf_addf(&s->last, " (%s)", s->id);
	(void)buf_adds(&s->last, "\r\n");
}

void
answer_out(struct session *s)
{
	if (s->answered && s->state != ST_END && s->last.err == 0)
		line_put(s->line, s->last.data, s->last.len);
	else if (s->last.err != 0)
		reply_bye(s, "out of memory", "memory");
	buf_reset(&s->last);
}

void
reply_ok(struct session *s, const char *code, const char *text)
{
	tagged(s, "OK", code, text);
}

void
reply_out(struct session *s, const char *text)
{
	tagged(s, "OK", s->out.err == 0 ? buf_str(&s->out) : "", text);
	buf_reset(&s->out);
}

bool
reply_no(struct session *s, const char *code, const char *text)
{
	tagged(s, "NO", code, text);
	return false;
}

bool
reply_bad(struct session *s, const char *text)
{
	if (s->answered || s->state == ST_END)
		return false;
	s->errors++;
	if (s->state == ST_GREETED && s->start->fault != NULL)
		s->start->fault(s->start->arg, text);
	tagged(s, "BAD", "", text);
	return false;
}

bool
well(struct session *s, uint16_t status)
{
	return status == OP_OK || reply_failed(s, status);
}

bool
reply_failed(struct session *s, uint16_t status)
{
	static const struct { uint16_t status; const char *code, *text; }
	    said[] = {
		{ STORE_NOTFOUND, "NONEXISTENT", "there is no such mailbox" },
		{ STORE_EXISTS, "ALREADYEXISTS", "there is one of that name" },
		{ STORE_KEPT, "CANNOT", "that mailbox has to stay" },
		{ STORE_NAME, "CANNOT", "no mailbox can have that name" },
		{ STORE_TOOBIG, "LIMIT", "over a limit of size or number" },
		{ STORE_NOSPACE, "OVERQUOTA", "the disk is full" },
		{ STORE_BUSY, "INUSE", "busy, try again" },
		{ STORE_DENIED, "NOPERM", "not for this device" },
		{ OP_DENIED, "NOPERM", "not for this device" },
		{ OP_SCOPE, "NOPERM", "not for this device" },
		{ OP_BAD, "SERVERBUG", "we did not understand each other" },
	};
	size_t i;

	if (status == OP_GONE || status == STORE_GONE)
		return reply_bye(s, "[UNAVAILABLE] the mail is away for a "
		    "moment, come again", "service-gone");
	for (i = 0; i < sizeof said / sizeof said[0]; i++)
		if (said[i].status == status)
			return reply_no(s, said[i].code, said[i].text);
	return reply_no(s, "UNAVAILABLE", store_status_text(status));
}

bool
reply_no_target(struct session *s, uint16_t status)
{
	return status == STORE_NOTFOUND ? reply_no(s, "TRYCREATE",
	    "there is no such mailbox") : reply_failed(s, status);
}

void
untagged(struct session *s, const char *fmt, ...)
{
	char text[TEXT_MAX * 4];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	line_putf(s->line, "* %s\r\n", text);
}

bool
reply_bye(struct session *s, const char *text, const char *why)
{
	if (s->state == ST_END)
		return false;
	untagged(s, "BYE %s (%s)", text, s->id);
	imap_end(s, why);
	return false;
}

void
reply_go_on(struct session *s, const char *text)
{
	line_putf(s->line, "+ %s\r\n", text);
	(void)line_flush(s->line);
}

/* ---- INPROGRESS ---- */

static void
tell_progress(struct session *s, uint64_t done, uint64_t goal)
{
	if (goal > 0)
		untagged(s, "OK [INPROGRESS (\"%s\" %llu %llu)] still at it",
		    s->tag, (unsigned long long)done,
		    (unsigned long long)goal);
	else
		untagged(s, "OK [INPROGRESS (\"%s\" NIL NIL)] still at it",
		    s->tag);
	(void)line_flush(s->line);
	s->progress_ms = clock_mono_ms();
}

void
progress_tick(void *arg, const struct set_done *done)
{
	struct session *s = arg;
	uint64_t n = set_count(&done->was);

	if (clock_mono_ms() - s->progress_ms >= PROGRESS_MS &&
	    n < s->progress_goal)
		tell_progress(s, n, s->progress_goal);
}

/* Of news between commands nobody waits for the end. */
static void
slow(void *arg)
{
	const struct session *s = arg;

	if (s->tag[0] != '\0')
		tell_progress(arg, 0, 0);
}

void
asks_init(struct session *s, struct op_reply *r)
{
	op_reply_init(r);
	r->slow = slow;
	r->slow_arg = s;
	r->slow_ms = PROGRESS_MS;
}

/* ---- pieces ---- */

void
put_word(struct buf *b, const char *word)
{
	if (b->len > 0 && b->data[b->len - 1] != '(')
		(void)buf_addc(b, ' ');
	(void)buf_adds(b, word);
}

void
put_objectid(struct buf *b, char kind, const uint8_t *p, size_t n)
{
	(void)buf_addf(b, "(%c", kind);
	(void)codec_hex_put(b, p, n);
	(void)buf_addc(b, ')');
}

void
send_line(struct session *s)
{
	(void)buf_adds(&s->out, "\r\n");
	send_out(s);
}

void
send_out(struct session *s)
{
	enum { KEPT = 64 * 1024 };

	if (s->view.untold)
		tell_flags(s);
	if (s->out.err == 0)
		line_put(s->line, s->out.data, s->out.len);
	else
		reply_bye(s, "out of memory", "memory");
	if (s->out.cap > KEPT)
		buf_clear(&s->out);
	buf_reset(&s->out);
}
