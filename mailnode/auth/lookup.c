#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#include "mailnode/auth/lookup.h"
#include "mailnode/base/bug.h"
#include "mailnode/base/clock.h"

static void
trace_record(struct trace *t, enum dns_type type, const struct dns_rr *rr)
{
	char ip[INET6_ADDRSTRLEN];

	if (type == DNS_A || type == DNS_AAAA)
		trace_str(t, "record", inet_ntop(type == DNS_A ? AF_INET :
		    AF_INET6, rr->data, ip, sizeof ip) != NULL ? ip : "?");
	else
		trace_bytes(t, "record", rr->data, rr->len);
}

/* A line a record, so that a line stays as short as its record. */
static void
trace_answer(struct trace *t, unsigned int nth, const char *why,
    const struct dns_question *q)
{
	const struct dns_answer *a = &q->answer;
	size_t i;

	for (i = 0; i == 0 || i < a->nrr; i++) {
		trace_begin(t, "dns");
		trace_str(t, "for", why);
		trace_num(t, "question", nth);
		trace_str(t, "type", dns_type_text(q->type));
		trace_str(t, "name", q->name);
		trace_str(t, "class", dns_class_text(a->class));
		if (a->why[0] != '\0')
			trace_str(t, "reason", a->why);
		if (i < a->nrr)
			trace_record(t, q->type, &a->rr[i]);
		trace_end(t);
	}
}

void
lookup_many(struct lookup *l, const char *why, struct dns_question *q,
    size_t n)
{
	unsigned int first = l->asked + 1;
	size_t i;

	BUG_ON(n > DNS_ASK_MANY);
	if (n > LOOKUP_MAX - l->asked) {
		for (i = 0; i < n; i++) {
			dns_answer_clear(&q[i].answer);
			(void)snprintf(q[i].answer.why,
			    sizeof q[i].answer.why, "%s",
			    "the message asks for too much");
		}
	} else {
		l->asked += (unsigned int)n;
		l->ask(l->arg, q, n);
	}
	for (i = 0; l->trace != NULL && i < n; i++)
		trace_answer(l->trace, first + (unsigned int)i, why, &q[i]);
}

enum dns_class
lookup_one(struct lookup *l, const char *why, enum dns_type type,
    const char *name, struct dns_answer *a)
{
	struct dns_question q = { .type = type, .name = name };

	dns_answer_init(&q.answer);
	lookup_many(l, why, &q, 1);
	dns_answer_clear(a);
	*a = q.answer;		/* what records point to is on the heap */
	return a->class;
}

void
lookup_phase(struct lookup *l, int64_t ms)
{
	if (l->phase != NULL)
		l->phase(l->arg, ms);
}

static void
phase_of_channel(void *arg, int64_t ms)
{
	struct lookup_channel *c = arg;

	c->until_ms = c->begin_ms + ms;
}

static void
over_channel(void *arg, struct dns_question *q, size_t n)
{
	struct lookup_channel *c = arg;
	int64_t left = c->until_ms - clock_mono_ms();
	struct dns_question new[DNS_ASK_MANY];
	size_t at[DNS_ASK_MANY], nnew = 0, i;

	for (i = 0; i < n; i++) {
		if (c->memo != NULL && memo_get(c->memo, q[i].type, q[i].name,
		    &q[i].answer))
			continue;
		at[nnew] = i;
		new[nnew++] = q[i];
	}
	if (nnew > 0)
		ask_dns_many(left > 0 ? c->ch : -1, new, nnew,
		    left > 0 ? left : 0);
	for (i = 0; i < nnew; i++) {
		q[at[i]].answer = new[i].answer;	/* moved */
		if (c->memo != NULL)
			memo_put(c->memo, new[i].type, new[i].name,
			    &new[i].answer);
	}
}

void
lookup_ahead(int ch, struct memo *memo, const struct dns_question *q,
    size_t n)
{
	struct dns_question new[DNS_ASK_MANY];
	size_t nnew = 0, i;

	BUG_ON(n > DNS_ASK_MANY);
	for (i = 0; i < n; i++)
		if (memo == NULL || !memo_knows(memo, q[i].type, q[i].name))
			new[nnew++] = q[i];
	ask_dns_ahead(ch, new, nnew);
}

void
lookup_over(struct lookup *l, struct lookup_channel *c, int ch,
    int64_t timeout_ms, struct trace *trace)
{
	c->ch = ch;
	c->memo = NULL;
	c->begin_ms = clock_mono_ms();
	c->until_ms = c->begin_ms + timeout_ms;
	*l = (struct lookup){ .ask = over_channel,
	    .phase = phase_of_channel, .arg = c, .trace = trace };
}
