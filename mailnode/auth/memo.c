#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "mailnode/auth/memo.h"
#include "mailnode/base/clock.h"

void
memo_init(struct memo *m)
{
	m->n = m->next = 0;
}

void
memo_clear(struct memo *m)
{
	size_t i;

	for (i = 0; i < m->n; i++)
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

static bool
lasts(const struct memo_entry *e)
{
	return e != NULL && e->until_ms > clock_mono_ms();
}

bool
memo_knows(struct memo *m, enum dns_type type, const char *name)
{
	return lasts(find(m, type, name));
}

bool
memo_get(struct memo *m, enum dns_type type, const char *name,
    struct dns_answer *a)
{
	struct memo_entry *e = find(m, type, name);

	return lasts(e) && dns_answer_copy(a, &e->answer) == 0;
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
		if (m->next == m->n) {
			dns_answer_init(&e->answer);
			m->n++;
		}
		m->next = (m->next + 1) % MEMO_ANSWERS;
	}
	e->type = type;
	(void)snprintf(e->name, sizeof e->name, "%s", name);
	e->until_ms = dns_answer_copy(&e->answer, a) == 0 ?
	    clock_mono_ms() + (int64_t)s * 1000 : 0;
}
