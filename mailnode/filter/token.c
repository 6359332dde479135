#include <stdlib.h>
#include <string.h>

#include "mailnode/filter/token.h"

/* Slots to begin with: most messages need no more, and they are quickly
 * emptied. */
enum { SLOTS_FIRST = 4096 };

_Static_assert(TOKEN_SLOTS > 2 * TOKEN_MAX, "half of the slots are free");

static void
slots_are(struct tokens *t, size_t n)
{
	t->mask = n - 1;
	t->room = n / 2 < TOKEN_MAX ? n / 2 : TOKEN_MAX;
}

int
tokens_init(struct tokens *t, uint64_t key, bool named)
{
	unsigned int f;

	memset(t, 0, sizeof *t);
	t->key = key;
	for (f = 0; f < TOKEN_FIELDS; f++)
		t->begin[f] = token_join(key, f + 1);
	t->named = named;
	buf_init(&t->names, TOKEN_NAMES_MAX);
	t->hash = malloc(TOKEN_MAX * sizeof *t->hash);
	t->slot = calloc(TOKEN_SLOTS, sizeof *t->slot);
	if (named)
		t->name = malloc(TOKEN_MAX * sizeof *t->name);
	slots_are(t, SLOTS_FIRST);
	if (t->hash != NULL && t->slot != NULL && (t->name != NULL || !named))
		return 0;
	tokens_clear(t);
	return -1;
}

void
tokens_clear(struct tokens *t)
{
	free(t->hash);
	free(t->name);
	free(t->slot);
	buf_clear(&t->names);
	t->hash = NULL;
	t->name = NULL;
	t->slot = NULL;
	t->n = 0;
}

bool
tokens_grow(struct tokens *t)
{
	size_t i, at;

	if (t->n == TOKEN_MAX)
		return false;
	slots_are(t, 2 * (t->mask + 1));
	memset(t->slot, 0, (t->mask + 1) * sizeof *t->slot);
	for (i = 0; i < t->n; i++) {
		at = (size_t)(t->hash[i] >> 20) & t->mask;
		while (t->slot[at] != 0)
			at = (at + 1) & t->mask;
		t->slot[at] = t->hash[i];
	}
	return true;
}

void
tokens_reset(struct tokens *t)
{
	memset(t->slot, 0, (t->mask + 1) * sizeof *t->slot);
	slots_are(t, SLOTS_FIRST);
	t->n = 0;
	t->head = false;
	buf_reset(&t->names);
}

static uint32_t
keep_name(struct tokens *t, const char *name, size_t n)
{
	size_t at = t->names.len;

	if (n >= TOKEN_NAME_MAX)
		n = TOKEN_NAME_MAX - 1;
	while (n > 0 && n == TOKEN_NAME_MAX - 1 &&
	    ((unsigned char)name[n] & 0xc0) == 0x80)
		n--;		/* cut between characters */
	buf_add(&t->names, name, n);
	buf_addc(&t->names, '\0');
	return (uint32_t)at;
}

void
tokens_add(struct tokens *t, uint64_t hash, const char *name, size_t n)
{
	if (tokens_new(t, hash) && t->named)
		t->name[t->n - 1] = keep_name(t, name != NULL ? name : "",
		    name != NULL ? n : 0);
}

const char *
token_field_name(enum token_field f)
{
	static const char *const names[TOKEN_FIELDS] = {
		"", "subject:", "from:", "to:", "reply:", "head:", "url:",
		"html:", "file:", "hidden:", "via:"
	};

	return names[f];
}

static void
put_named(struct tokens *t, enum token_field f, uint64_t hash,
    const char *text, size_t n)
{
	const char *field = token_field_name(f);
	size_t len = strlen(field);
	char name[TOKEN_NAME_MAX];

	memcpy(name, field, len);
	n = n < sizeof name - len ? n : sizeof name - len;
	memcpy(name + len, text, n);
	tokens_add(t, hash, name, len + n);
}

void
tokens_put(struct tokens *t, enum token_field f, const char *text, size_t n)
{
	uint64_t h = token_text(token_begin(t, f), text, n, false);

	h = token_join(h, t->key);
	if (t->named)
		put_named(t, f, h, text, n);
	else
		(void)tokens_new(t, h);
}

void
tokens_puts(struct tokens *t, enum token_field f, const char *text)
{
	tokens_put(t, f, text, strlen(text));
}

const char *
tokens_name(const struct tokens *t, size_t i)
{
	const char *names = (const char *)t->names.data;

	if (!t->named || names == NULL || t->name[i] >= t->names.len)
		return "";
	return names + t->name[i];
}
