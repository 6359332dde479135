#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mailnode/base/codec.h"
#include "tui/key.h"

struct bound {
	uint32_t	seq[KEY_SEQ_MAX];
	size_t		n;
};

struct keymap {
	const struct conf_key	*keys;
	struct bound		*bound;		/* one for each key */
	size_t			 n;
	uint32_t		 seq[KEY_SEQ_MAX];
	size_t			 nseq;		/* pressed so far */
};

static const struct { const char *name; uint32_t key; } names[] = {
	{ "Up", TK_UP }, { "Down", TK_DOWN }, { "Left", TK_LEFT },
	{ "Right", TK_RIGHT }, { "Home", TK_HOME }, { "End", TK_END },
	{ "PgUp", TK_PGUP }, { "PgDn", TK_PGDN }, { "Ins", TK_INS },
	{ "Del", TK_DEL }, { "Enter", TK_ENTER }, { "Space", ' ' },
	{ "Tab", TK_TAB }, { "Backtab", TK_BACKTAB },
	{ "Backspace", TK_BACKSPACE }, { "Esc", TK_ESC },
	{ "F10", TK_F1 + 9 }, { "F11", TK_F1 + 10 }, { "F12", TK_F12 },
	{ "F1", TK_F1 }, { "F2", TK_F1 + 1 }, { "F3", TK_F1 + 2 },
	{ "F4", TK_F1 + 3 }, { "F5", TK_F1 + 4 }, { "F6", TK_F1 + 5 },
	{ "F7", TK_F1 + 6 }, { "F8", TK_F1 + 7 }, { "F9", TK_F1 + 8 },
};
enum { NNAMES = sizeof names / sizeof names[0] };

static const struct { const char *name, *text; } acts[DO_MAX] = {
#define X(name, text)	[DO_##name] = { #name, text },
	CONF_ACTIONS(X)
#undef X
};

/* A name or a single character; no modifiers. */
static uint32_t
read_plain(const char *p, size_t n)
{
	const uint8_t *at = (const uint8_t *)p, *end = at + n;
	uint32_t c;
	size_t i;

	for (i = 0; i < NNAMES; i++)
		if (strlen(names[i].name) == n &&
		    memcmp(names[i].name, p, n) == 0)
			return names[i].key;
	c = codec_utf8_next(&at, end);
	return at == end && c > ' ' && c != 0x7f ? c : 0;
}

uint32_t
key_read(const char **spec)
{
	const char *p = *spec;
	size_t n = strcspn(p, " ");
	uint32_t alt = 0, key;

	*spec = p + n + strspn(p + n, " ");
	if (n > 2 && p[0] == 'M' && p[1] == '-') {
		alt = TK_ALT;
		p += 2;
		n -= 2;
	}
	if (n == 0)
		return 0;
	if (n == 3 && p[0] == 'C' && p[1] == '-')
		return p[2] >= '@' && p[2] <= 'z' ? TK_CTRL(p[2]) | alt : 0;
	key = read_plain(p, n);
	return key != 0 ? key | alt : 0;
}

void
key_text(uint32_t key, char name[KEY_NAME_MAX])
{
	const char *alt = (key & TK_ALT) != 0 ? "M-" : "";
	struct buf b;
	size_t i;

	key &= ~TK_ALT;
	for (i = 0; i < NNAMES; i++)
		if (names[i].key == key) {
			(void)snprintf(name, KEY_NAME_MAX, "%s%s", alt,
			    names[i].name);
			return;
		}
	if (key < ' ') {
		(void)snprintf(name, KEY_NAME_MAX, "%sC-%c", alt,
		    (int)(key | '`'));
		return;
	}
	buf_init(&b, 8);
	codec_utf8_put(&b, key);
	(void)snprintf(name, KEY_NAME_MAX, "%s%s", alt, buf_str(&b));
	buf_clear(&b);
}

struct keymap *
keymap_new(const struct conf_key *keys, size_t n, const char **bad)
{
	struct keymap *m = calloc(1, sizeof *m);
	struct bound *b;
	const char *p;
	size_t i;

	*bad = NULL;
	if (m == NULL || (m->bound = calloc(n + 1, sizeof *m->bound)) == NULL) {
		free(m);
		return NULL;
	}
	m->keys = keys;
	m->n = n;
	for (i = 0; i < n; i++) {
		b = &m->bound[i];
		for (p = keys[i].key; *p != '\0'; b->n++) {
			if (b->n == KEY_SEQ_MAX)
				goto fail;
			b->seq[b->n] = key_read(&p);
			if (b->seq[b->n] == 0)
				goto fail;
		}
		if (b->n == 0)
			goto fail;
	}
	return m;
fail:
	*bad = keys[i].key;
	keymap_free(m);
	return NULL;
}

void
keymap_free(struct keymap *m)
{
	if (m == NULL)
		return;
	free(m->bound);
	free(m);
}

void
keymap_reset(struct keymap *m)
{
	m->nseq = 0;
}

bool
keymap_pending(const struct keymap *m)
{
	return m->nseq > 0;
}

const struct conf_key *
keymap_press(struct keymap *m, unsigned int view, uint32_t key)
{
	const struct bound *b;
	bool more = false;
	size_t i;

	m->seq[m->nseq++] = key;
	for (i = 0; i < m->n; i++) {
		b = &m->bound[i];
		if ((m->keys[i].views & view) == 0 || b->n < m->nseq ||
		    memcmp(b->seq, m->seq, m->nseq * sizeof m->seq[0]) != 0)
			continue;
		if (b->n == m->nseq) {
			if (more)	/* a longer one stands before it */
				break;
			m->nseq = 0;
			return &m->keys[i];
		}
		more = true;
	}
	if (!more)
		m->nseq = 0;
	return NULL;
}

bool
key_shadowed(const struct conf_key *keys, size_t entry, unsigned int view)
{
	const struct conf_key *k = &keys[entry];
	size_t i;

	for (i = 0; i < entry; i++)
		if ((keys[i].views & k->views & view) != 0 &&
		    strcmp(keys[i].key, k->key) == 0)
			return true;
	return false;
}

const char *
keymap_of(const struct keymap *m, unsigned int view, enum conf_action act)
{
	size_t i;

	for (i = 0; i < m->n; i++)
		if (m->keys[i].act == act &&
		    (m->keys[i].views & view) != 0 &&
		    !key_shadowed(m->keys, i, view))
			return m->keys[i].key;
	return NULL;
}

const char *
act_text(enum conf_action act)
{
	return acts[act].text;
}

void
act_name(enum conf_action act, char *name, size_t size)
{
	const char *p = acts[act].name;
	size_t i;

	for (i = 0; i + 1 < size && p[i] != '\0'; i++)
		name[i] = p[i] == '_' ? '-' : (char)(p[i] | 0x20);
	name[i] = '\0';
}

enum conf_action
act_named(const char *name)
{
	char have[32];
	int i;

	for (i = 0; i < DO_MAX; i++) {
		act_name((enum conf_action)i, have, sizeof have);
		if (strcmp(have, name) == 0)
			break;
	}
	return (enum conf_action)i;
}
