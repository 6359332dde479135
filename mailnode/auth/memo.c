#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "mailnode/auth/memo.h"
#include "mailnode/base/clock.h"

void
memo_init(struct memo *m)
{
	size_t i;

	memset(m, 0, sizeof *m);
	for (i = 0; i < MEMO_ANSWERS; i++)
		dns_answer_init(&m->e[i].answer);
}

void
memo_clear(struct memo *m)
{
	size_t i;

	for (i = 0; i < MEMO_ANSWERS; i++)
		dns_answer_clear(&m->e[i].answer);
	m->n = m->next = 0;
}

static struct memo_entry *
find(struct memo *m, enum dns_type type, const char *name)
{
	size_t i;

	for (i = 0; i < m->n; i++)
		if (m->e[i].type == type &&
		    strcasecmp(m->e[i].name, name) == 0)
			return &m->e[i];
	return NULL;
}

bool
memo_get(struct memo *m, enum dns_type type, const char *name,
    struct dns_answer *a)
{
	struct memo_entry *e = find(m, type, name);

	return e != NULL && e->until_ms > clock_mono_ms() &&
	    dns_answer_copy(a, &e->answer) == 0;
}

void
memo_put(struct memo *m, enum dns_type type, const char *name,
    const struct dns_answer *a)
{
	struct memo_entry *e = find(m, type, name);
	uint32_t s = a->ttl_s < MEMO_S ? a->ttl_s : MEMO_S;

	if (a->class == DNS_TEMPFAIL || a->store.len > MEMO_OCTETS ||
	    s == 0 || strlen(name) >= DNS_NAME_MAX)
		return;
	if (e == NULL) {
		e = &m->e[m->next];
		m->next = (m->next + 1) % MEMO_ANSWERS;
		m->n += m->n < MEMO_ANSWERS;
	}
	e->type = type;
	(void)snprintf(e->name, sizeof e->name, "%s", name);
	e->until_ms = dns_answer_copy(&e->answer, a) == 0 ?
	    clock_mono_ms() + (int64_t)s * 1000 : 0;
}
