#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "mailnode/base/codec.h"
#include "mailnode/imap/talk.h"
#include "store/err.h"
#include "store/flag.h"
#include "store/op_set.h"

/* ---- tagged ---- */

/* Kept until answer_out(): news come first. */
static void
tagged(struct session *s, const char *what, const char *code,
    const char *text, bool traced)
{
	if (s->answered)
		return;
	s->answered = true;
	buf_reset(&s->last);
	(void)buf_adds(&s->last, s->tag[0] != '\0' ? s->tag : "*");
	(void)buf_addc(&s->last, ' ');
	(void)buf_adds(&s->last, what);
	if (code[0] != '\0') {
		(void)buf_adds(&s->last, " [");
		(void)buf_adds(&s->last, code);
		(void)buf_addc(&s->last, ']');
	}
	(void)buf_addc(&s->last, ' ');
	(void)buf_adds(&s->last, text);
	if (traced)
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
	tagged(s, "OK", code, text, false);
}

void
reply_no(struct session *s, const char *code, const char *text)
{
	tagged(s, "NO", code, text, true);
}

void
reply_bad(struct session *s, const char *text)
{
	s->errors++;
	if (s->state == ST_GREETED && s->start->fault != NULL)
		s->start->fault(s->start->arg, text);
	tagged(s, "BAD", "", text, true);
}

void
reply_done(struct session *s, uint16_t status)
{
	if (status == OP_OK)
		reply_ok(s, "", "done");
	else
		reply_failed(s, status);
}

void
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

	if (status == OP_GONE || status == STORE_GONE) {
		reply_bye(s, "try again in a moment", "service-gone");
		return;
	}
	for (i = 0; i < sizeof said / sizeof said[0]; i++)
		if (said[i].status == status) {
			reply_no(s, said[i].code, said[i].text);
			return;
		}
	reply_no(s, "UNAVAILABLE", store_status_text(status));
}

void
reply_no_target(struct session *s, uint16_t status)
{
	if (status == STORE_NOTFOUND)
		reply_no(s, "TRYCREATE", "there is no such mailbox");
	else
		reply_failed(s, status);
}

void
untagged(struct session *s, const char *fmt, ...)
{
	char text[TEXT_MAX * 4];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	line_puts(s->line, "* ");
	line_puts(s->line, text);
	line_puts(s->line, "\r\n");
}

void
reply_bye(struct session *s, const char *text, const char *why)
{
	if (s->state == ST_END)
		return;
	untagged(s, "BYE %s (%s)", text, s->id);
	imap_end(s, why);
}

void
reply_go_on(struct session *s, const char *text)
{
	line_puts(s->line, "+ ");
	line_puts(s->line, text);
	line_puts(s->line, "\r\n");
	(void)line_flush(s->line);
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
put_string(struct buf *b, const char *p, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		if ((unsigned char)p[i] < ' ' || (unsigned char)p[i] >= 0x7f)
			break;
	if (i < n || n > 1000) {
		(void)buf_addf(b, "{%zu}\r\n", n);
		(void)buf_add(b, p, n);
		return;
	}
	(void)buf_addc(b, '"');
	for (i = 0; i < n; i++) {
		if (p[i] == '"' || p[i] == '\\')
			(void)buf_addc(b, '\\');
		(void)buf_addc(b, p[i]);
	}
	(void)buf_addc(b, '"');
}

void
put_objectid(struct buf *b, char kind, const uint8_t *p, size_t n)
{
	(void)buf_addf(b, "(%c", kind);
	(void)codec_hex_put(b, p, n);
	(void)buf_addc(b, ')');
}

static bool
listed(const char *list, const char *word, size_t n)
{
	size_t len;

	for (; *list != '\0'; list += len + (list[len] == ' ')) {
		len = strcspn(list, " ");
		if (len == n && memcmp(list, word, n) == 0)
			return true;
	}
	return false;
}

/* A keyword that the client has not heard of goes into FLAGS first. */
static void
note_keyword(struct session *s, const char *word, size_t n)
{
	char *list = s->view.keywords;
	size_t len = strlen(list);

	if (listed(list, word, n) || len + n + 2 > sizeof s->view.keywords)
		return;
	if (len > 0)
		list[len++] = ' ';
	memcpy(list + len, word, n);
	list[len + n] = '\0';
	tell_flags(s);
}

void
put_flags(struct session *s, struct buf *b, uint32_t flags, const char *tags)
{
	static const struct { uint32_t flag; const char *name; } names[] = {
		{ STORE_ANSWERED, "\\Answered" }, { STORE_FLAGGED, "\\Flagged" },
		{ STORE_DELETED, "\\Deleted" }, { STORE_SEEN, "\\Seen" },
		{ STORE_DRAFT, "\\Draft" }, { STORE_PASSED, "$Forwarded" },
	};
	size_t i, n;
	char word[MAIL_TAGS_MAX];

	(void)buf_addc(b, '(');
	for (i = 0; i < sizeof names / sizeof names[0]; i++)
		if (flags & names[i].flag)
			put_word(b, names[i].name);
	for (; *tags != '\0'; tags += n + (tags[n] == ' ')) {
		n = strcspn(tags, " ");
		if (n == 0 || n >= sizeof word)
			continue;
		memcpy(word, tags, n);
		word[n] = '\0';
		if (!set_keyword_ok(word))
			continue;
		note_keyword(s, word, n);
		put_word(b, word);
	}
	(void)buf_addc(b, ')');
}

void
tell_flags(struct session *s)
{
	const char *more = s->view.keywords;

	line_putf(s->line, "* FLAGS (\\Answered \\Flagged \\Deleted \\Seen "
	    "\\Draft $Forwarded%s%s)\r\n", more[0] != '\0' ? " " : "", more);
}

void
send_out(struct session *s)
{
	enum { KEPT = 64 * 1024 };

	if (s->out.err == 0)
		line_put(s->line, s->out.data, s->out.len);
	else
		reply_bye(s, "out of memory", "memory");
	if (s->out.cap > KEPT)
		buf_clear(&s->out);
	buf_reset(&s->out);
}
