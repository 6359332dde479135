#include <stdlib.h>
#include <string.h>

#include "mailnode/filter/token.h"

/* Slots to begin with: most messages need no more, and they are quickly
 * emptied. */
enum { SLOTS_FIRST = 2048 };

_Static_assert(TOKEN_SLOTS > 2 * TOKEN_MAX, "half of the slots are free");

int
tokens_init(struct tokens *t, uint64_t key, bool named)
{
	memset(t, 0, sizeof *t);
	t->key = key;
	t->named = named;
	buf_init(&t->names, TOKEN_NAMES_MAX);
	t->token = malloc(TOKEN_MAX * sizeof *t->token);
	t->slot = calloc(TOKEN_SLOTS, sizeof *t->slot);
	t->mask = SLOTS_FIRST - 1;
	if (t->token != NULL && t->slot != NULL)
		return 0;
	tokens_clear(t);
	return -1;
}

void
tokens_clear(struct tokens *t)
{
	free(t->token);
	free(t->slot);
	buf_clear(&t->names);
	t->token = NULL;
	t->slot = NULL;
	t->n = 0;
}

static size_t
slot_of(const struct tokens *t, uint64_t hash)
{
	return (size_t)(hash >> 20) & t->mask;
}

static void
grow(struct tokens *t)
{
	size_t i, at;

	t->mask = 2 * t->mask + 1;
	memset(t->slot, 0, (t->mask + 1) * sizeof *t->slot);
	for (i = 0; i < t->n; i++) {
		at = slot_of(t, t->token[i].hash);
		while (t->slot[at] != 0)
			at = (at + 1) & t->mask;
		t->slot[at] = (uint16_t)(i + 1);
	}
}

void
tokens_reset(struct tokens *t)
{
	memset(t->slot, 0, (t->mask + 1) * sizeof *t->slot);
	t->mask = SLOTS_FIRST - 1;
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
	size_t at = slot_of(t, hash);

	hash = t->head ? hash | TOKEN_OF_HEAD : hash & ~TOKEN_OF_HEAD;
	for (; t->slot[at] != 0; at = (at + 1) & t->mask)
		if (t->token[t->slot[at] - 1].hash == hash)
			return;
	if (t->n == TOKEN_MAX)
		return;
	t->token[t->n].hash = hash;
	t->token[t->n].name = 0;
	if (t->named)
		t->token[t->n].name = keep_name(t, name != NULL ? name : "",
		    name != NULL ? n : 0);
	t->slot[at] = (uint16_t)++t->n;
	if (2 * t->n > t->mask)
		grow(t);
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

void
tokens_put(struct tokens *t, enum token_field f, const char *text, size_t n)
{
	uint64_t h = token_text(token_begin(t, f), text, n);
	const char *field = token_field_name(f);
	char name[TOKEN_NAME_MAX];
	size_t len = 0;

	if (t->named) {
		len = strlen(field);
		memcpy(name, field, len);
		n = n < sizeof name - len ? n : sizeof name - len;
		memcpy(name + len, text, n);
		len += n;
	}
	tokens_add(t, token_join(h, t->key), name, len);
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

	if (!t->named || names == NULL || t->token[i].name >= t->names.len)
		return "";
	return names + t->token[i].name;
}
