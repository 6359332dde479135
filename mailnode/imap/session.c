/*
 * States of a session, and the function that takes each edge:
 *
 *	            logged_in()            view_open_box()
 *	ST_GREETED ------------> ST_OWNER ----------------> ST_SELECTED
 *	                             ^                         |   |
 *	                             +------ view_leave() -----+   | SELECT of
 *	                                                       ^   | another
 *	                                                       +---+
 *
 * imap_end() leads from everywhere to ST_END.
 */
#include <errno.h>
#include <string.h>

#include "crypto/secret.h"
#include "mailnode/base/clock.h"
#include "mailnode/imap/talk.h"
#include "mailnode/node/conf.h"
#include "mailnode/node/log.h"
#include "store/op_watch.h"

enum {
	KEPT_MAX = 16 * 1024,	/* octets of a buffer, between commands */
	OUT_MAX = 64 * 1024 * 1024	/* octets of one answer */
};

void
imap_limits(struct imap_start *start)
{
	start->idle_ms = 31 * 60 * 1000;
	start->login_ms = 60 * 1000;
	start->rest_ms = 5 * 1000;
	/* Delta Chat's timer has 5 minutes; FairEmail takes what comes
	 * within 3 for a server that cannot wait. */
	start->alive_ms = 270 * 1000;
	start->message_max = conf.message_max;
}

void
imap_enter(struct session *s, enum state st)
{
	static const char *const names[] = { [ST_GREETED] = "greeted",
	    [ST_OWNER] = "owner", [ST_SELECTED] = "selected",
	    [ST_END] = "end" };

	if (s->state == st)
		return;
	log_line(LOG_DEBUG, "state", "trace=%s from=%s to=%s", s->id,
	    names[s->state], names[st]);
	s->state = st;
}

void
imap_end(struct session *s, const char *why)
{
	if (s->state == ST_END)
		return;
	s->why = why;
	imap_enter(s, ST_END);
}

/* A read failed: says so where that helps, and ends.  False. */
static bool
broken(struct session *s, enum line_err err)
{
	static const struct { enum line_err err; const char *text, *why; }
	    byes[] = {
		{ LINE_TIMEOUT, "idle for too long", "timeout" },
		{ LINE_BARE, "CR and LF come only in pairs", "bare-newline" },
		{ LINE_FLOOD, "a line without an end", "flood" },
	};
	size_t i;

	for (i = 0; i < sizeof byes / sizeof byes[0]; i++)
		if (byes[i].err == err)
			reply_bye(s, byes[i].text, byes[i].why);
	imap_end(s, err == LINE_END ? "closed" : line_err_text(err));
	return false;
}

/* ---- input ---- */

static void
told(void *arg, const struct chan_msg *m)
{
	struct session *s = arg;

	if (m->type == WATCH_CHANGE)
		s->told = s->told_boxes = true;
}

/* Between calls: records that came meanwhile, without waiting. */
void
listen_up(struct session *s)
{
	struct chan_msg m;

	while (*s->start->keeper != -1 && chan_recv(*s->start->keeper,
	    &s->keeper.store, &m, true) == 1)
		told(s, &m);
}

int
reader_of(struct session *s)
{
	if (s->index && !s->indexed)
		s->start->drop_reader(s->start->arg);
	if (*s->start->reader == -1)
		s->indexed = s->start->want_reader(s->start->arg, !s->index) &&
		    s->index;
	return *s->start->reader;
}

/* By the clock of a session, which rests without its reader. */
static enum line_err
wait_line(struct session *s, int64_t ms, char **text, size_t *n)
{
	const struct imap_start *start = s->start;
	enum line_err err = LINE_TIMEOUT;

	if (*start->reader != -1 && start->rest_ms < ms) {
		line_timeout(s->line, start->rest_ms);
		err = line_get(s->line, LEX_LINE_MAX, text, n);
		if (err == LINE_TIMEOUT)
			start->drop_reader(start->arg);
		ms -= start->rest_ms;
	}
	if (err == LINE_TIMEOUT) {
		line_timeout(s->line, ms);
		err = line_get(s->line, LEX_LINE_MAX, text, n);
	}
	/* For what follows: literals, and answers that are read slowly. */
	line_timeout(s->line, start->idle_ms);
	return err;
}

/* Something woke us, or nothing came; false: that is the end. */
static bool
meanwhile(struct session *s, enum line_err err)
{
	if (err == LINE_TIMEOUT && s->hears == HEARS_IDLE) {
		untagged(s, "OK Still here");
		return line_flush(s->line) == LINE_OK;
	}
	if (err != LINE_WAKE)
		return false;
	listen_up(s);
	switch (s->start->woken(s->start->arg)) {
	case IMAP_STOP:
		return reply_bye(s, "the server ends this session", "stop");
	case IMAP_ALONE:
		return reply_failed(s, OP_GONE);
	default:
		break;
	}
	if (s->hears == HEARS_NOTIFY)
		notify_tell(s);
	else if (s->hears == HEARS_IDLE)
		tell_news(s, SYNC_NEW | SYNC_GONE);
	return true;
}

bool
next_line(struct session *s, size_t max, char **text, size_t *n)
{
	const char *head;
	enum line_err err;

	while (s->state != ST_END) {
		err = s->state == ST_GREETED ? line_get(s->line, max, text, n) :
		    wait_line(s, s->hears == HEARS_IDLE ? s->start->alive_ms :
		    s->start->idle_ms, text, n);
		/* iOS sends empty lines now and then. */
		if (meanwhile(s, err) || (err == LINE_OK && *n == 0 &&
		    s->hears != HEARS_NOTHING))
			continue;
		if (err == LINE_OK)
			return true;
		if (err != LINE_LONG && err != LINE_NUL)
			return broken(s, err);
		/* Tagged, if it began a command: who gets no answer waits
		 * for one. */
		head = line_head(s->line, n);
		if (s->tag[0] == '\0')
			lex_tag(head, *n, s->tag);
		return reply_bad(s, line_err_text(err));
	}
	return false;
}

size_t
take_octets(struct session *s, uint64_t *left, const uint8_t **p)
{
	enum line_err err;
	size_t n;

	do
		err = line_peek(s->line, p, &n);
	while (meanwhile(s, err));
	if (err != LINE_OK) {
		broken(s, err);
		return 0;
	}
	if (n > *left)
		n = (size_t)*left;
	if (n > TAKE_MAX)
		n = TAKE_MAX;
	line_drop(s->line, n);
	*left -= n;
	return n;
}

/* Rule 16 of STYLE: one that does not wait is read over, or the connection
 * closed. */
void
pass_over(struct session *s, const struct lex_literal *first)
{
	struct lex_literal lit = *first;
	const uint8_t *p;
	char *text;
	size_t n;

	while (s->state != ST_END && !lit.sync) {
		if (s->state == ST_GREETED ||
		    lit.octets > s->start->message_max) {
			answer_out(s);
			reply_bye(s, "that is too much to read over",
			    "literal");
		}
		while (s->state != ST_END && lit.octets > 0)
			(void)take_octets(s, &lit.octets, &p);
		if (!next_line(s, LEX_LINE_MAX, &text, &n) ||
		    !lex_tail(text, n, &lit))
			return;
	}
}

/* A literal that is an argument. */
static bool
argument(struct session *s, const struct lex_literal *lit)
{
	size_t max = s->state == ST_GREETED ? LITERAL_EARLY_MAX : LITERAL_MAX;
	bool fits = lit->octets <= max && !lit->binary;
	char *to = fits ? lex_literal(&s->lex, (size_t)lit->octets) : NULL;
	uint64_t left = lit->octets;
	const uint8_t *p;
	size_t n;

	if (to == NULL) {
		reply_no(s, "TOOBIG", "literal or command too large");
		pass_over(s, lit);
		return false;
	}
	if (lit->sync)
		reply_go_on(s, "more");
	for (; left > 0; to += n) {
		n = take_octets(s, &left, &p);
		if (n == 0)
			return false;
		memcpy(to, p, n);
		if (memchr(p, '\0', n) != NULL)
			s->lex.text.err = EMSGSIZE;
	}
	return true;
}

/* One command, with all its literals; false: there is nothing to run. */
static bool
read_command(struct session *s)
{
	enum lex_result r;
	struct lex_literal lit;
	char *text;
	size_t n;
	bool got;

	lex_reset(&s->lex);
	s->answered = false;
	s->tag[0] = '\0';
	s->hears = HEARS_NOTIFY;
	notify_tell(s);
	got = next_line(s, LEX_LINE_MAX, &text, &n);
	s->hears = HEARS_NOTHING;
	if (!got)
		return false;
	lex_tag(text, n, s->tag);
	for (;;) {
		r = lex_line(&s->lex, text, n, &lit);
		if (r != LEX_WANT)
			break;
		if (append_literal(s, &lit) || !argument(s, &lit) ||
		    !next_line(s, LEX_LINE_MAX, &text, &n))
			return false;
	}
	if (r == LEX_END && s->lex.text.err == 0)
		return true;
	reply_bad(s, r == LEX_BIG || s->lex.text.err != 0 ?
	    "command too large" : "no command looks like that");
	if (lex_tail(text, n, &lit))
		pass_over(s, &lit);
	return false;
}

/* ---- the loop ---- */

static bool
start_tls(struct session *s)
{
	enum line_err err = LINE_NOMEM;
	struct tls *t;

	if (s->start->tls == NULL)
		return true;
	t = s->start->tls(s->start->arg, s->start->fd);
	if (t != NULL)
		err = line_tls(s->line, t);
	if (err == LINE_OK)
		return true;
	if (t != NULL && err == LINE_TLS && tls_peer_failed(t) &&
	    s->start->fault != NULL)
		s->start->fault(s->start->arg, tls_error(t));
	imap_end(s, t == NULL ? "no-certificate" : err == LINE_TLS ?
	    tls_error(t) : line_err_text(err));
	return false;
}

/* What a large command needed is not kept while the client thinks. */
static void
let_go(struct session *s)
{
	op_reply_clear(&s->keeper);
	op_reply_clear(&s->reader);
	op_reply_clear(&s->rows);
	s->ours = false;
	set_clear(&s->uids);
	set_clear(&s->seqs);
	set_done_clear(&s->done);
	find_prog_clear(&s->prog);
	fetch_free(s->fetch);
	s->fetch = NULL;
	s->index = false;
	if (s->out.cap > KEPT_MAX)
		buf_clear(&s->out);
	lex_reset(&s->lex);
}

static void
talk(struct session *s)
{
	struct sasl_binding b;
	bool early;

	if (s->start->tls != NULL)
		sasl_bind(line_tls_of(s->line), &b);
	s->sasl = sasl_new(s->start->vault, s->start->tls != NULL ? &b : NULL);
	if (s->sasl == NULL) {
		imap_end(s, "memory");
		return;
	}
	(void)buf_adds(&s->out, "* OK [");
	put_capabilities(s);
	(void)buf_addf(&s->out, "] %s IMAP mailnode", conf.hostname);
	send_line(s);
	while (s->state != ST_END) {
		early = s->state == ST_GREETED;
		if (read_command(s))
			imap_verb(s);
		if (early)
			buf_wipe(&s->lex.text);	/* it may hold a password */
		answer_out(s);
		let_go(s);
		if (s->state == ST_GREETED &&
		    clock_mono_ms() - s->began_ms > s->start->login_ms)
			reply_bye(s, "log in sooner", "no-login");
		if (s->astray >= (s->state == ST_GREETED ?
		    ASTRAY_EARLY_MAX : ASTRAY_MAX))
			reply_bye(s, "too many errors", "errors");
	}
	line_bye(s->line);
	if (strcmp(s->why, "closed") != 0)
		line_linger(s->line);
}

void
imap_run(const struct imap_start *start)
{
	struct session s = { .start = start, .state = ST_GREETED,
	    .why = "closed", .began_ms = clock_mono_ms() };
	bool up;

	trace_new(s.id, start->number);
	lex_init(&s.lex);
	asks_init(&s, &s.keeper);
	asks_init(&s, &s.reader);
	asks_init(&s, &s.rows);
	s.keeper.told = told;
	s.keeper.told_arg = &s;
	buf_init(&s.out, OUT_MAX);
	buf_init(&s.last, OUT_MAX);
	s.line = line_new(start->fd, LEX_LINE_MAX + 8);
	if (s.line == NULL) {
		log_line(LOG_ERROR, "session", "error=%s", "out of memory");
		return;
	}
	line_alive(s.line);
	line_wake(s.line, start->wake);
	line_timeout(s.line, start->login_ms);
	up = start_tls(&s);
	if (up)
		talk(&s);
	if (up && line_received(s.line) == 0 && start->fault != NULL &&
	    (strcmp(s.why, "closed") == 0 || strcmp(s.why, "timeout") == 0))
		start->fault(start->arg, "said nothing");
	log_line(LOG_INFO, "session", "trace=%s peer=%s device=%s client=%s "
	    "fetched=%llu errors=%u octets=%llu end=%s", s.id, start->peer,
	    s.sasl != NULL && sasl_device(s.sasl) != NULL ?
	    sasl_device(s.sasl)->name : "", s.client,
	    (unsigned long long)s.fetched, s.errors,
	    (unsigned long long)line_received(s.line), s.why);
	view_leave(&s);
	let_go(&s);
	notify_free(s.notify);
	deflate_free(s.deflate);
	sasl_free(s.sasl);
	lex_clear(&s.lex);
	buf_clear(&s.out);
	buf_clear(&s.last);
	line_free(s.line);
}
