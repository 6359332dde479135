/* What mailnode queue -j prints. */
#include <string.h>

#include "mailnode/base/json.h"
#include "mailnode/cmd_queue_json.h"

static void
json_num(struct buf *b, const char *key, int64_t v)
{
	buf_addf(b, ",\"%s\":%lld", key, (long long)v);
}

void
queue_json_row(struct buf *b, const struct queue_row *r)
{
	buf_adds(b, "{\"id\":");
	json_string(b, r->id);
	json_field(b, "state", queue_state_name(r->state));
	json_field(b, "from", r->from);
	json_field(b, "msgid", r->msgid);
	json_field(b, "subject", r->subject);
	json_field(b, "why", r->why);
	json_num(b, "created", r->created);
	json_num(b, "due", r->due);
	json_num(b, "expires", r->expires);
	json_num(b, "size", (int64_t)r->size);
	json_num(b, "rcpts", r->nrcpt);
	json_num(b, "waiting", r->nwaiting);
	json_num(b, "failed", r->nfailed);
	json_num(b, "returned", r->nreturned);
	json_num(b, "dropped", r->ndropped);
	json_num(b, "sending", r->sending);
	if (r->first[0] != '\0')
		json_field(b, "first", r->first);
}

static void
json_report(struct buf *b, const struct reported *r)
{
	buf_adds(b, "{\"report\":");
	json_string(b, reported_word(r->action));
	buf_addf(b, ",\"believed\":%s", reported_believed(r->belief) ?
	    "true" : "false");
	json_field(b, "belief", reported_belief_word(r->belief));
	json_field(b, "proof", r->proof);
	json_num(b, "at", r->at);
	json_field(b, "status", r->status);
	json_field(b, "said", r->said);
	json_field(b, "mta", r->mta);
	json_field(b, "by", r->by);
	json_field(b, "who", r->who);
	json_field(b, "trace", r->trace);
	buf_addc(b, '}');
}

/* Of recipient n, from 1; 0: of others that the letter did not name. */
static void
json_reports(struct buf *b, const struct queue_letter *l, size_t n)
{
	const char *before = "";
	size_t i;

	buf_adds(b, ",\"reports\":[");
	for (i = 0; i < l->nreport; i++)
		if (l->report[i].n == n) {
			buf_adds(b, before);
			json_report(b, &l->report[i]);
			before = ",";
		}
	buf_addc(b, ']');
}

static void
json_rcpt(struct buf *b, const struct queue_letter *l, size_t i)
{
	const struct queue_rcpt *r = &l->rcpt[i];

	buf_adds(b, "{\"addr\":");
	json_string(b, r->addr);
	json_field(b, "fate", queue_fate_name(r->fate));
	json_num(b, "attempts", r->attempts);
	json_num(b, "due", r->due);
	json_num(b, "changed", r->changed);
	json_field(b, "route", r->route);
	json_field(b, "reply", r->reply);
	buf_addf(b, ",\"maybe_twice\":%s", r->maybe_twice ? "true" :
	    "false");
	json_reports(b, l, i + 1);
	buf_addc(b, '}');
}

static void
json_attempt(struct buf *b, const struct queue_attempt *a)
{
	buf_addf(b, "{\"at\":%lld", (long long)a->at);
	json_field(b, "route", a->route);
	json_field(b, "peer", a->peer);
	json_field(b, "tls", a->tls);
	json_field(b, "rcpts", a->rcpts);
	json_field(b, "reply", a->reply);
	buf_addc(b, '}');
}

void
queue_json_letter(struct buf *b, const struct queue_letter *l)
{
	size_t i;

	queue_json_row(b, &l->row);
	buf_adds(b, ",\"rcpt\":[");
	for (i = 0; i < l->nrcpt; i++) {
		if (i > 0)
			buf_addc(b, ',');
		json_rcpt(b, l, i);
	}
	buf_addc(b, ']');
	json_reports(b, l, 0);
	buf_adds(b, ",\"attempt\":[");
	for (i = 0; i < l->nattempt; i++) {
		if (i > 0)
			buf_addc(b, ',');
		json_attempt(b, &l->attempt[i]);
	}
	buf_adds(b, "]}\n");
}
