/* IDLE: RFC 9051 section 6.3.13. */
#include <string.h>
#include <strings.h>

#include "mailnode/imap/talk.h"

static void
tell(struct session *s, unsigned int how)
{
	view_sync(s, SYNC_NEW | SYNC_GONE | how, NULL);
	notify_boxes(s);
	(void)line_flush(s->line);
}

/* One line of the client, telling news meanwhile; false: it is over. */
static bool
wait_done(struct session *s, char **text, size_t *n)
{
	enum line_err err;

	for (;;) {
		err = wait_line(s, s->start->alive_ms, text, n);
		if (err == LINE_WAKE) {
			listen_up(s);
			if (!s->start->woken(s->start->arg)) {
				tell(s, 0);
				if (s->state == ST_END)
					return false;
				continue;
			}
		}
		if (err == LINE_TIMEOUT) {
			untagged(s, "OK Still here");
			if (line_flush(s->line) == LINE_OK)
				continue;
		}
		if (err == LINE_OK)
			return true;
		imap_broken(s, err);
		return false;
	}
}

void
on_idle(struct session *s, struct lex_at *at)
{
	char *text;
	size_t n;

	(void)at;
	reply_go_on(s, "idling");
	tell(s, SYNC_FORCE);
	do {
		if (s->state == ST_END || !wait_done(s, &text, &n))
			return;
	} while (n == 0);
	line_timeout(s->line, s->start->idle_ms);
	if (n == 4 && strncasecmp(text, "DONE", 4) == 0)
		reply_ok(s, "", "done");
	else
		reply_bad(s, "DONE ends it");
}
