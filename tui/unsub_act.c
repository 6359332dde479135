/* Unsubscribing: the question, the request or letter, and its result. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "hooks/post.h"
#include "mailnode/base/clock.h"
#include "store/op_event.h"
#include "store/op_queue.h"
#include "tui/outgoing.h"
#include "tui/program.h"
#include "tui/reply.h"
#include "tui/run.h"
#include "tui/send.h"
#include "tui/unsub.h"

enum { STATUS_TEXT = 200 };

struct leaving {
	struct tui	*t;
	struct unsub	 u;
	struct letter	 l;		/* of UNSUB_MAIL */
	char		 msgid[320];
	char		 id[QUEUE_ID_MAX];
};

static void
leaving_free(struct leaving *g)
{
	letter_clear(&g->l);
	free(g);
}

/* "shop.example" of the URL, for people. */
static int
host_len(const char *url)
{
	return (int)strcspn(strstr(url, "://") + 3, "/?#");
}

static const char *
host(const char *url)
{
	return strstr(url, "://") + 3;
}

/* For `mailnode why` of the message. */
static void
tell(const struct leaving *g, const char *text)
{
	char addr[EVENT_ADDR_MAX];
	struct buf b;

	(void)snprintf(addr, sizeof addr, "<%s>", g->msgid);
	buf_init(&b, CHAN_DATA_MAX);
	chan_put_str(&b, "");
	chan_put_str(&b, addr);
	chan_put_str(&b, "unsubscribe");
	chan_put_str(&b, text);
	talk_send(g->t->keeper, EVENT_ADD, &b, -1, NULL, NULL);
	buf_clear(&b);
}

/* ---- one click ---- */

/* The answer is a number; anything before it is curl's complaint. */
static void
posted(void *arg, enum hook_err rc, int status, const struct buf *out)
{
	struct leaving *g = arg;
	char said[STATUS_TEXT], text[STATUS_TEXT + UNSUB_URL_MAX];
	const char *code;
	bool ok;

	(void)snprintf(said, sizeof said, "%.*s", (int)(out->len <
	    sizeof said ? out->len : sizeof said - 1),
	    out->len > 0 ? (const char *)out->data : "");
	said[strcspn(said, "\r\n")] = '\0';
	ok = rc == HOOK_OK && status == 0 && said[0] == '2' &&
	    strlen(said) == 3;
	code = rc != HOOK_OK ? hook_err_text(rc) : said;
	(void)snprintf(text, sizeof text, "method=post result=%s answer=%s "
	    "url=%s", ok ? "done" : "failed", code, g->u.url);
	text[EVENT_TEXT_MAX - 1] = '\0';
	tell(g, text);
	if (ok)
		app_note(g->t, "unsubscribed: %.*s answered %s",
		    host_len(g->u.url), host(g->u.url), code);
	else
		app_error(g->t, "not unsubscribed: %.*s: %s",
		    host_len(g->u.url), host(g->u.url), code);
	leaving_free(g);
}

static void
post(struct leaving *g)
{
	enum hook_err rc;
	struct hook *h;

	rc = hook_post_start(&h, g->u.url, conf.unsubscribe_ca);
	if (rc != HOOK_OK || program_watch(g->t, h, posted, g) == NULL) {
		app_error(g->t, "not unsubscribed: curl: %s",
		    hook_err_text(rc != HOOK_OK ? rc : HOOK_NOMEM));
		leaving_free(g);
		return;
	}
	app_note(g->t, "asking %.*s ...", host_len(g->u.url),
	    host(g->u.url));
}

/* ---- a letter ---- */

static void
sent(void *arg, uint16_t status, const char *id)
{
	struct leaving *g = arg;
	char text[700], when[SEND_WHEN_MAX];

	if (status != OP_OK) {
		app_status_error(g->t, "not unsubscribed", status);
		leaving_free(g);
		return;
	}
	(void)snprintf(text, sizeof text, "method=mail to=%s id=%s",
	    g->u.addr, id);
	tell(g, text);
	send_remember(g->t, "unsubscribing", id);
	(void)send_when(g->t, when, sizeof when);
	app_note(g->t, "a letter goes to %s: %s", g->u.addr, when);
	leaving_free(g);
}

static void
write_letter(struct leaving *g)
{
	struct queue_to to = { .addr = g->u.addr, .orcpt = "" };
	struct queue_envelope e = { .envid = "", .flags = QUEUE_COPY,
	    .to = &to, .nto = 1 };
	struct outgoing o;

	letter_set(&g->l, LETTER_TO, g->u.addr);
	letter_set(&g->l, LETTER_CC, "");
	letter_set(&g->l, LETTER_IRT, "");
	letter_set(&g->l, LETTER_REFS, "");
	letter_set(&g->l, LETTER_SUBJECT, g->u.subject[0] != '\0' ?
	    g->u.subject : "unsubscribe");
	letter_set_body(&g->l, g->u.body, strlen(g->u.body));
	if (outgoing_make(&o, &g->l, false) != OUTGOING_OK) {
		app_error(g->t, "not unsubscribed: %s", o.why);
		leaving_free(g);
		return;
	}
	e.from = o.from;
	e.msgid = o.msgid;
	e.subject = g->l.field[LETTER_SUBJECT];
	e.due_s = conf.undo_s > 0 ? clock_wall_s() + conf.undo_s : 0;
	send_letter(g->t, &e, o.fd, sent, g);
}

/* ---- asking ---- */

static void
answered(void *arg, const char *text)
{
	struct leaving *g = arg;

	if (text == NULL || *text != 'y') {
		leaving_free(g);
		return;
	}
	if (g->u.kind == UNSUB_POST) {
		post(g);
	} else if (g->u.kind == UNSUB_MAIL) {
		write_letter(g);
	} else {
		if (!run_open(g->t, g->u.url))
			app_error(g->t, "cannot open %s", g->u.url);
		leaving_free(g);
	}
}

static void
put_question(char *label, size_t size, const struct unsub *u)
{
	switch (u->kind) {
	case UNSUB_POST:
		(void)snprintf(label, size, "Unsubscribe by one click at "
		    "%.*s? (y/n) ", host_len(u->url) < 40 ?
		    host_len(u->url) : 40, host(u->url));
		break;
	case UNSUB_MAIL:
		(void)snprintf(label, size, "Unsubscribe by a letter to "
		    "%.40s? (y/n) ", u->addr);
		break;
	default:
		(void)snprintf(label, size, "Open %.55s? (y/n) ", u->url);
	}
}

void
unsub_ask(struct tui *t, const struct fetched *f)
{
	struct leaving *g = calloc(1, sizeof *g);
	char label[PROMPT_LABEL_MAX];
	struct prompt_ask ask = { .label = label, .keys = "yn",
	    .done = answered, .arg = g };

	if (g == NULL)
		return;
	g->t = t;
	(void)snprintf(g->msgid, sizeof g->msgid, "%s", f->info.msgid);
	unsub_find(&g->u, &f->show, conf.hostname);
	if (g->u.kind == UNSUB_NONE || !letter_init(&g->l)) {
		app_error(t, "it does not say how to unsubscribe");
		free(g);
		return;
	}
	/* From the address that the list knows. */
	if (g->u.kind == UNSUB_MAIL)
		(void)reply_fill(&g->l, &f->show, REPLY_SENDER);
	put_question(label, sizeof label, &g->u);
	if (g->u.kind == UNSUB_OPEN)
		app_note(t, "no one click: %s; %s", g->u.why, g->u.url);
	else if (g->u.kind == UNSUB_MAIL)
		app_note(t, "no one click: %s", g->u.why);
	app_prompt(t, &ask);
}
