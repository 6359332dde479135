#include <stdlib.h>
#include <string.h>

#include "mailnode/auth/results.h"
#include "mailnode/auth/verify.h"

struct auth_verify {
	struct auth_conn	 conn;		/* borrowed strings */
	struct message		 message;
	struct dkim_verify	*dkim;
};

static int
begin(void *arg, struct message *m)
{
	struct auth_verify *a = arg;

	return dkim_verify_begin(a->dkim, &m->header, &m->bodies);
}

struct auth_verify *
auth_verify_new(const struct auth_conn *c)
{
	struct auth_verify *a;

	a = calloc(1, sizeof *a);
	if (a == NULL)
		return NULL;
	a->conn = *c;
	a->dkim = dkim_verify_new(c->now_s, NULL);
	message_init(&a->message, begin, a, NULL);
	if (a->dkim == NULL) {
		free(a);
		return NULL;
	}
	return a;
}

void
auth_verify_free(struct auth_verify *a)
{
	if (a == NULL)
		return;
	message_clear(&a->message);
	dkim_verify_free(a->dkim);
	free(a);
}

int
auth_verify_feed(struct auth_verify *a, const void *p, size_t n)
{
	return message_feed(&a->message, p, n);
}

int
auth_verify_end(struct auth_verify *a, int dns)
{
	struct dns_question q[DKIM_SIGNATURES_MAX];
	size_t i, n;

	if (message_end(&a->message) == -1)
		return -1;
	dkim_verify_end(a->dkim, &a->message.bodies);
	for (n = 0; n < DKIM_SIGNATURES_MAX; n++) {
		q[n].type = DNS_TXT;
		q[n].name = dkim_verify_ask(a->dkim, n);
		if (q[n].name == NULL)
			break;
		dns_answer_init(&q[n].answer);
	}
	if (n > 0)
		ask_dns_many(dns, q, n, AUTH_DNS_MS);
	for (i = 0; i < n; i++) {
		dkim_verify_answer(a->dkim, i, &q[i].answer);
		dns_answer_clear(&q[i].answer);
	}
	return 0;
}

const struct dkim_signature *
auth_verify_dkim(struct auth_verify *a, size_t i)
{
	return dkim_verify_result(a->dkim, i);
}

static void
add_prop(struct results_item *it, const char *ptype, const char *name,
    const char *value)
{
	if (value[0] != '\0')
		it->props[it->nprops++] =
		    (struct results_prop){ ptype, name, value };
}

/* RFC 8601 section 2.7.1, header.b by RFC 6008, header.a and .s by 8601. */
static void
dkim_item(struct results_item *it, const struct dkim_signature *s)
{
	memset(it, 0, sizeof *it);
	it->method = "dkim";
	it->result = dkim_result_text(s->result);
	it->reason = s->reason;
	add_prop(it, "header", "d", s->domain);
	if (s->identity[0] != '\0' && s->identity[0] != '@')
		add_prop(it, "header", "i", s->identity);
	add_prop(it, "header", "s", s->selector);
	add_prop(it, "header", "a", s->algorithm);
	add_prop(it, "header", "b", s->b);
}

int
auth_verify_put(struct auth_verify *a, struct buf *out)
{
	struct results_item items[RESULTS_MAX];
	const struct dkim_signature *s;
	size_t n;

	for (n = 0; n < RESULTS_MAX; n++) {
		s = dkim_verify_result(a->dkim, n);
		if (s == NULL)
			break;
		dkim_item(&items[n], s);
	}
	/* RFC 8601 section 2.7.1: "none" is said when nothing was signed. */
	if (n == 0)
		items[n++] = (struct results_item){ .method = "dkim",
		    .result = dkim_result_text(DKIM_NONE) };
	return results_put(out, a->conn.authserv_id, items, n);
}

int
auth_verify_line(struct auth_verify *a, struct buf *out)
{
	const struct dkim_signature *s;
	size_t i;

	for (i = 0; (s = dkim_verify_result(a->dkim, i)) != NULL &&
	    i < RESULTS_MAX; i++) {
		buf_addf(out, "%sdkim=%s", i > 0 ? " " : "",
		    dkim_result_text(s->result));
		if (s->domain[0] != '\0')
			buf_addf(out, "(%s)", s->domain);
	}
	if (i == 0)
		buf_adds(out, "dkim=none");
	return out->err != 0 ? -1 : 0;
}
