#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "mailnode/base/bug.h"
#include "mailnode/node/ask_hook.h"
#include "mailnode/node/conf.h"

bool
hook_wanted(const char *event)
{
	size_t i;

	for (i = 0; i < conf.nhooks; i++)
		if (conf.hooks[i].event != NULL &&
		    strcmp(conf.hooks[i].event, event) == 0)
			return true;
	return false;
}

void
hook_event_put(struct buf *b, const struct hook_event *e)
{
	size_t i, n = 0;

	while (e->vars != NULL && e->vars[n] != NULL)
		n++;
	BUG_ON(n > HOOK_ASK_VARS || strlen(e->name) >= HOOK_EVENT_MAX);
	buf_init(b, HOOK_ASK_VARS * (HOOK_VAR_MAX + 8) + HOOK_EVENT_MAX);
	chan_put_str(b, e->name);
	chan_put_u16(b, (uint16_t)n);
	for (i = 0; i < n; i++)
		chan_put_str(b, e->vars[i]);
}

static int
send_event(int ch, uint32_t id, const struct hook_event *e, bool nowait)
{
	struct chan_msg m = { .type = OP_HOOK_RUN, .id = id, .fd = e->fd };
	struct buf b;
	int rc;

	hook_event_put(&b, e);
	errno = b.err;
	rc = b.err != 0 ? -1 : chan_send(ch, &m, &b, nowait);
	buf_clear(&b);
	return rc;
}

int
ask_hook_send(int ch, uint32_t id, const struct hook_event *e)
{
	return send_event(ch, id, e, false);
}

int
ask_hook_tell(int ch, const struct hook_event *e)
{
	return send_event(ch, 0, e, true);
}

int
hook_answer_get(struct chan_in *in, struct hook_answer *a)
{
	uint8_t err = chan_get_u8(in);

	memset(a, 0, sizeof *a);
	a->status = (int)chan_get_i64(in);
	a->ran = chan_get_u16(in);
	chan_get_str(in, a->said, sizeof a->said);
	chan_get_str(in, a->verdict, sizeof a->verdict);
	if (!chan_end(in) || err > HOOK_KILLED || a->status < -1 ||
	    a->status > 255) {
		memset(a, 0, sizeof *a);
		a->err = HOOK_SYSTEM;
		a->status = -1;
		return -1;
	}
	a->err = err;
	return 0;
}

uint16_t
ask_hook(int ch, const struct hook_event *e, int64_t timeout_ms,
    struct hook_answer *a)
{
	struct op_reply r;
	uint16_t status;
	struct buf b;

	memset(a, 0, sizeof *a);
	a->err = HOOK_SYSTEM;
	a->status = -1;
	hook_event_put(&b, e);
	op_reply_init(&r);
	status = b.err != 0 ? OP_BAD : op_call(ch, OP_HOOK_RUN, &b, e->fd,
	    &r, timeout_ms);
	if (status == OP_OK && hook_answer_get(&r.in, a) == -1)
		status = OP_GONE;
	op_reply_clear(&r);
	buf_clear(&b);
	return status;
}

/* ---- the runner's end ---- */

/* Names of ours only: no LD_PRELOAD, no PATH from a message. */
static bool
var_ok(const char *s)
{
	static const char prefix[] = "MAILNODE_";
	size_t i = sizeof prefix - 1;

	if (strncmp(s, prefix, i) != 0)
		return false;
	while ((s[i] >= 'A' && s[i] <= 'Z') || s[i] == '_')
		i++;
	return s[i] == '=';
}

static bool
get_event(struct op_call *c, struct hook_request *r)
{
	size_t i, n;

	chan_get_str(&c->in, r->event, sizeof r->event);
	n = chan_get_u16(&c->in);
	if (c->in.bad || n > HOOK_ASK_VARS)
		return false;
	for (i = 0; i < n; i++) {
		r->vars[i] = chan_get_strdup(&c->in, HOOK_VAR_MAX);
		if (r->vars[i] == NULL || !var_ok(r->vars[i]))
			return false;
		r->nvars++;
	}
	return chan_end(&c->in);
}

static uint16_t
on_run(void *service, struct op_call *c)
{
	struct ask_hook_service *s = service;
	struct hook_request *r;

	r = calloc(1, sizeof *r);
	if (r == NULL)
		return OP_BAD;
	r->fd = -1;
	if (!get_event(c, r)) {
		hook_request_free(r);
		return OP_BAD;
	}
	r->peer = c->peer;
	r->id = c->id;
	r->fd = c->fd;
	c->fd = -1;
	s->run(s, r);
	return OP_LATER;
}

const struct op ask_hook_ops[] = {
	{ OP_HOOK_RUN, ROLE_BIT(ROLE_KEEPER), on_run },
	{ 0, 0, NULL }
};

void
ask_hook_reply(const struct hook_request *r, const struct hook_answer *a)
{
	struct buf b;

	if (r->peer == NULL || r->id == 0)
		return;
	buf_init(&b, 2 * HOOK_SAID_MAX + 64);
	chan_put_u8(&b, (uint8_t)a->err);
	chan_put_i64(&b, a->status);
	chan_put_u16(&b, (uint16_t)a->ran);
	chan_put_str(&b, a->said);
	chan_put_str(&b, a->verdict);
	op_reply(r->peer, OP_HOOK_RUN, r->id, OP_OK, &b, -1);
	buf_clear(&b);
}

void
hook_request_free(struct hook_request *r)
{
	size_t i;

	if (r == NULL)
		return;
	for (i = 0; i <= r->nvars; i++)
		free(r->vars[i]);
	if (r->fd != -1)
		close(r->fd);
	free(r);
}
