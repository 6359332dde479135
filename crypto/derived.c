#include <stdlib.h>
#include <string.h>

#include "crypto/derived.h"
#include "crypto/scram.h"

struct entry {
	uint8_t	digest[SCRAM_KEY];
	uint8_t	verifier[DEVICE_VERIFIER];
};

struct table {
	uint8_t		key[SCRAM_KEY];
	struct entry	entry[DERIVED_KEPT];
};

struct derived {
	struct secret	*mem;		/* a struct table */
	size_t		 n;		/* ever put in */
};

static struct table *
table(const struct derived *m)
{
	return (struct table *)(void *)m->mem->data;
}

struct derived *
derived_new(void)
{
	struct derived *m = calloc(1, sizeof *m);

	if (m == NULL)
		return NULL;
	m->mem = secret_new(sizeof(struct table));
	if (m->mem == NULL) {
		free(m);
		return NULL;
	}
	random_bytes(table(m)->key, sizeof table(m)->key);
	return m;
}

void
derived_free(struct derived *m)
{
	if (m == NULL)
		return;
	secret_free(m->mem);
	free(m);
}

bool
derived_get(const struct derived *m, const struct secret *text,
    struct secret **v)
{
	const struct table *t = table(m);
	uint8_t digest[SCRAM_KEY];
	size_t i, have = m->n < DERIVED_KEPT ? m->n : DERIVED_KEPT;

	*v = NULL;
	scram_hmac(t->key, text->data, text->len, digest);
	for (i = 0; i < have; i++)
		if (mem_equal(t->entry[i].digest, sizeof digest, digest,
		    sizeof digest))
			*v = secret_copy(t->entry[i].verifier,
			    DEVICE_VERIFIER);
	mem_wipe(digest, sizeof digest);
	return *v != NULL;
}

void
derived_put(struct derived *m, const struct secret *text,
    const struct secret *v)
{
	struct entry *e = &table(m)->entry[m->n % DERIVED_KEPT];

	scram_hmac(table(m)->key, text->data, text->len, e->digest);
	memcpy(e->verifier, v->data, DEVICE_VERIFIER);
	m->n++;
}
