#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mailnode/base/clock.h"
#include "store/came.h"
#include "store/letin.h"
#include "store/op_gate.h"
#include "store/reject.h"
#include "store/wire.h"

enum {
	IP_MAX = 64,
	TIDY_MS = 10 * 60 * 1000,
	TIDY_FIRST_MS = 5000		/* after the start */
};

struct gate {
	struct loop_timer tidy;
	struct {
		char	text[GATE_ZONE_MAX + GATE_WHY_MAX + 40];
		int64_t	at;		/* monotonic, ms; 0: none */
	} list[GATE_LISTS];
};

/* ---- client ---- */

uint16_t
gate_grey(int ch, struct op_reply *r, const struct grey_who *w,
    uint32_t wait_s, enum grey *g, uint32_t *left_s)
{
	struct buf b;
	uint16_t status;
	uint8_t what;

	*g = GREY_KNOWN;
	*left_s = 0;
	buf_init(&b, CHAN_DATA_MAX);
	chan_put_str(&b, w->ip);
	chan_put_bytes(&b, w->domain, strnlen(w->domain,
	    GREY_DOMAIN_MAX - 1));
	chan_put_u8(&b, w->spf);
	chan_put_u32(&b, wait_s);
	status = wire_ask(ch, r, GATE_GREY, &b, GATE_ASK_MS);
	if (status != OP_OK)
		return status;
	what = chan_get_u8(&r->in);
	*left_s = chan_get_u32(&r->in);
	if (!chan_end(&r->in) || what > GREY_WAIT) {
		*left_s = 0;
		return OP_BAD;
	}
	*g = (enum grey)what;
	return OP_OK;
}

void
gate_list(int ch, const char *zone, const char *why)
{
	struct buf b;

	buf_init(&b, CHAN_DATA_MAX);
	chan_put_str(&b, zone);
	chan_put_str(&b, why);
	(void)op_tell(ch, GATE_LIST, &b, -1);
	buf_clear(&b);
}

/* ---- keeper ---- */

static uint16_t
on_grey(void *service, struct op_call *c)
{
	char ip[IP_MAX], domain[GREY_DOMAIN_MAX];
	struct grey_who w = { .ip = ip, .domain = domain };
	uint32_t wait_s, left_s;
	enum grey g;

	chan_get_str(&c->in, ip, sizeof ip);
	chan_get_str(&c->in, domain, sizeof domain);
	w.spf = chan_get_u8(&c->in) != 0;
	wait_s = chan_get_u32(&c->in);
	if (!chan_end(&c->in))
		return OP_BAD;
	g = grey_ask(service, &w, wait_s, clock_wall_s(), &left_s);
	chan_put_u8(c->out, (uint8_t)g);
	chan_put_u32(c->out, left_s);
	return OP_OK;
}

static bool
plain(const char *s)
{
	for (; *s != '\0'; s++)
		if ((unsigned char)*s < ' ' || (unsigned char)*s >= 0x7f)
			return false;
	return true;
}

static void
list_is_bad(struct store *st, const char *zone, const char *why)
{
	struct gate *g = st->gate;
	char text[sizeof g->list[0].text];
	size_t i, at = GATE_LISTS;

	(void)snprintf(text, sizeof text, "DNS list %s: %s, and counts for "
	    "nothing", zone, why);
	for (i = 0; i < GATE_LISTS; i++) {
		if (g->list[i].at != 0 && strcmp(g->list[i].text, text) == 0) {
			g->list[i].at = clock_mono_ms();
			return;
		}
		if (g->list[i].at == 0 && at == GATE_LISTS)
			at = i;
	}
	if (at == GATE_LISTS)
		return;
	memcpy(g->list[at].text, text, sizeof text);
	g->list[at].at = clock_mono_ms();
	store_alarm(st, text);
}

static uint16_t
on_list(void *service, struct op_call *c)
{
	char zone[GATE_ZONE_MAX], why[GATE_WHY_MAX];

	chan_get_str(&c->in, zone, sizeof zone);
	chan_get_str(&c->in, why, sizeof why);
	if (!chan_end(&c->in) || !plain(zone) || !plain(why))
		return OP_BAD;
	list_is_bad(service, zone, why);
	return OP_OK;
}

const struct op gate_ops[] = {
	{ GATE_GREY,	ROLE_BIT(ROLE_SMTP),	on_grey },
	{ GATE_LIST,	ROLE_BIT(ROLE_SMTP),	on_list },
	{ 0, 0, NULL }
};

static void
tidy(void *arg)
{
	struct store *st = arg;
	struct gate *g = st->gate;
	int64_t now_s = clock_wall_s();
	size_t i;

	for (i = 0; i < GATE_LISTS; i++) {
		if (g->list[i].at == 0 || clock_mono_ms() - g->list[i].at <
		    GATE_LIST_S * INT64_C(1000))
			continue;
		g->list[i].at = 0;
		store_clear(st, g->list[i].text);
	}
	grey_trim(st, now_s);
	letin_trim(st, now_s);
	came_trim(st, now_s);
	reject_trim(st, now_s);
	loop_arm(st->loop, &g->tidy, TIDY_MS);
}

enum store_err
gate_open(struct store *st)
{
	st->gate = calloc(1, sizeof *st->gate);
	if (st->gate == NULL)
		return STORE_NOMEM;
	st->gate->tidy = (struct loop_timer){ .fn = tidy, .arg = st };
	loop_arm(st->loop, &st->gate->tidy, TIDY_FIRST_MS);
	return STORE_OK;
}

void
gate_close(struct store *st)
{
	if (st->gate == NULL)
		return;
	loop_disarm(st->loop, &st->gate->tidy);
	free(st->gate);
	st->gate = NULL;
}
