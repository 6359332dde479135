#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "crypto/secret.h"
#include "store/queue_envelope.h"

/* What would break a line of the head, of the log, of the dialogue. */
static bool
clean(const char *s)
{
	for (; *s != '\0'; s++)
		if ((unsigned char)*s < ' ' || *s == 127)
			return false;
	return true;
}

bool
queue_address_ok(const char *s)
{
	const char *at = strrchr(s, '@');

	return at != NULL && at > s && at[1] != '\0' && clean(s) &&
	    strlen(s) < QUEUE_ADDR_MAX && s[0] != ' ' &&
	    strpbrk(at, " <>\",") == NULL &&
	    (s[0] == '"' || strpbrk(s, " <>\",") == NULL);
}

static char *
take_string(struct chan_in *in, char **at, size_t max)
{
	const uint8_t *p;
	char *s = *at;
	size_t n;

	p = chan_get_bytes(in, max - 1, &n);
	if (p == NULL || memchr(p, '\0', n) != NULL) {
		in->bad = true;
		n = 0;
	} else
		memcpy(s, p, n);
	s[n] = '\0';
	*at += n + 1;
	if (!clean(s))
		in->bad = true;
	return s;
}

/* Strings are copied into head.text: a length of four octets each leaves
 * room for their NULs, and those of the first four that are cut off have
 * some of their own. */
enum store_err
queue_envelope_take(struct queue_head *h, struct chan_in *in)
{
	struct queue_envelope *e = &h->env;
	char *at;

	h->text = at = malloc((size_t)(in->end - in->p) + 4);
	h->to = calloc(QUEUE_RCPTS_MAX, sizeof *h->to);
	if (at == NULL || h->to == NULL)
		return STORE_NOMEM;
	e->to = h->to;
	e->from = take_string(in, &at, QUEUE_ADDR_MAX);
	e->msgid = take_string(in, &at, QUEUE_LINE_MAX);
	e->subject = take_string(in, &at, QUEUE_LINE_MAX);
	e->envid = take_string(in, &at, QUEUE_LINE_MAX);
	e->flags = chan_get_u32(in) & QUEUE_ASKED;
	e->due_s = chan_get_i64(in);
	while (!in->bad && chan_get_u8(in) == 1) {
		struct queue_to *to = &h->to[e->nto];

		if (e->nto >= QUEUE_RCPTS_MAX)
			return STORE_TOOBIG;
		to->addr = take_string(in, &at, QUEUE_ADDR_MAX);
		to->orcpt = take_string(in, &at, QUEUE_ADDR_MAX);
		to->notify = chan_get_u32(in);
		if (in->bad || !queue_address_ok(to->addr) || to->notify > 15 ||
		    strchr(to->orcpt, ' ') != NULL)
			return in->bad ? STORE_CORRUPT : STORE_NORCPT;
		e->nto++;
	}
	if (!chan_end(in) || e->due_s < 0)
		return STORE_CORRUPT;
	return e->nto > 0 ? STORE_OK : STORE_NORCPT;
}

void
queue_envid(struct queue_envelope *e, char dst[QUEUE_ENVID_MAX])
{
	uint8_t raw[QUEUE_ENVID_MAX / 2];
	size_t i;

	if (e->from[0] == '\0' || e->envid[0] != '\0')
		return;
	random_bytes(raw, sizeof raw);
	for (i = 0; i < sizeof raw; i++)
		(void)snprintf(dst + 2 * i, 3, "%02x", raw[i]);
	e->envid = dst;
	e->flags |= QUEUE_ENVID;
}
