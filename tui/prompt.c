#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mailnode/base/codec.h"
#include "tui/key.h"
#include "tui/prompt.h"

void
prompt_init(struct prompt *p)
{
	memset(p, 0, sizeof *p);
	buf_init(&p->text, PROMPT_MAX);
	buf_init(&p->choices, 256 * 1024);
}

void
prompt_clear(struct prompt *p)
{
	size_t i, j;

	buf_clear(&p->text);
	buf_clear(&p->choices);
	free(p->typed);
	for (i = 0; i < HIST_MAX; i++)
		for (j = 0; j < HIST_KEEP; j++)
			free(p->hist[i][j]);
}

static void
set_text(struct prompt *p, const char *s)
{
	buf_reset(&p->text);
	buf_adds(&p->text, s);
	if (p->text.err != 0)
		buf_reset(&p->text);
	p->at = p->text.len;
}

void
prompt_open(struct prompt *p, const struct prompt_ask *a)
{
	p->ask = *a;
	(void)snprintf(p->label, sizeof p->label, "%s", a->label);
	(void)snprintf(p->keys, sizeof p->keys, "%s",
	    a->keys != NULL ? a->keys : "");
	p->ask.label = p->label;
	p->ask.keys = a->keys != NULL ? p->keys : NULL;
	set_text(p, a->text != NULL ? a->text : "");
	p->ask.text = NULL;
	p->open = true;
	p->cycling = p->pasting = false;
	p->nchoices = p->hist_at = 0;
	free(p->typed);
	p->typed = NULL;
}

void
prompt_cancel(struct prompt *p, bool quietly)
{
	if (!p->open)
		return;
	p->open = false;
	if (!quietly && p->ask.done != NULL)
		p->ask.done(p->ask.arg, NULL);
}

static void
remember(struct prompt *p, const char *text)
{
	char **h = p->hist[p->ask.hist], *copy;
	size_t i;

	if (p->ask.hist == HIST_NONE || *text == '\0')
		return;
	copy = strdup(text);
	if (copy == NULL)
		return;
	for (i = 0; i < HIST_KEEP - 1 && h[i] != NULL; i++)
		if (strcmp(h[i], text) == 0)
			break;
	free(h[i]);
	memmove(h + 1, h, i * sizeof *h);
	h[0] = copy;
}

static void
finish(struct prompt *p)
{
	char *text = strdup(buf_str(&p->text));

	p->open = false;
	if (text == NULL)
		return;
	remember(p, text);
	p->ask.done(p->ask.arg, text);
	free(text);
}

static void
changed(struct prompt *p)
{
	p->nchoices = 0;
	p->cycling = false;
	if (p->ask.changed != NULL)
		p->ask.changed(p->ask.arg, buf_str(&p->text));
}

/* ---- editing ---- */

static void
replace(struct prompt *p, size_t from, size_t to, const char *s, size_t n)
{
	struct buf b;

	buf_init(&b, PROMPT_MAX);
	buf_add(&b, p->text.data, from);
	buf_add(&b, s, n);
	buf_add(&b, p->text.data + to, p->text.len - to);
	if (b.err == 0) {
		buf_clear(&p->text);
		p->text = b;
		p->at = from + n;
	} else {
		buf_clear(&b);
	}
}

static size_t
back(const struct prompt *p, size_t at)
{
	while (at > 0 && (p->text.data[--at] & 0xc0) == 0x80)
		;
	return at;
}

static size_t
forth(const struct prompt *p, size_t at)
{
	if (at < p->text.len)
		at++;
	while (at < p->text.len && (p->text.data[at] & 0xc0) == 0x80)
		at++;
	return at;
}

static size_t
word_back(const struct prompt *p, size_t at)
{
	while (at > 0 && p->text.data[at - 1] == ' ')
		at--;
	while (at > 0 && p->text.data[at - 1] != ' ')
		at--;
	return at;
}

static size_t
word_forth(const struct prompt *p, size_t at)
{
	while (at < p->text.len && p->text.data[at] == ' ')
		at++;
	while (at < p->text.len && p->text.data[at] != ' ')
		at++;
	return at;
}

static void
cut(struct prompt *p, size_t from, size_t to)
{
	if (from == to)
		return;
	replace(p, from, to, "", 0);
	changed(p);
}

static void do_left(struct prompt *p) { p->at = back(p, p->at); }
static void do_right(struct prompt *p) { p->at = forth(p, p->at); }
static void do_home(struct prompt *p) { p->at = 0; }
static void do_end(struct prompt *p) { p->at = p->text.len; }
static void do_word_left(struct prompt *p) { p->at = word_back(p, p->at); }
static void do_word_right(struct prompt *p) { p->at = word_forth(p, p->at); }
static void do_del(struct prompt *p) { cut(p, p->at, forth(p, p->at)); }
static void do_kill(struct prompt *p) { cut(p, p->at, p->text.len); }
static void do_kill_all(struct prompt *p) { cut(p, 0, p->at); }
static void do_kill_word(struct prompt *p)
{
	cut(p, word_back(p, p->at), p->at);
}
static void do_cancel(struct prompt *p) { prompt_cancel(p, false); }

static void
do_backspace(struct prompt *p)
{
	if (p->text.len == 0)
		prompt_cancel(p, false);
	else
		cut(p, back(p, p->at), p->at);
}

/* ---- history ---- */

static void
recall(struct prompt *p, size_t to)
{
	if (p->hist_at == 0) {
		free(p->typed);
		p->typed = strdup(buf_str(&p->text));
	}
	p->hist_at = to;
	set_text(p, to > 0 ? p->hist[p->ask.hist][to - 1] :
	    p->typed != NULL ? p->typed : "");
	changed(p);
}

static void
do_older(struct prompt *p)
{
	if (p->hist_at < HIST_KEEP &&
	    p->hist[p->ask.hist][p->hist_at] != NULL)
		recall(p, p->hist_at + 1);
}

static void
do_newer(struct prompt *p)
{
	if (p->hist_at > 0)
		recall(p, p->hist_at - 1);
}

/* ---- completion ---- */

static const char *
choice_at(const struct prompt *p, size_t i)
{
	const char *s = (const char *)p->choices.data;

	while (i-- > 0)
		s += strlen(s) + 1;
	return s;
}

/* Octets that all candidates have in common. */
static size_t
common(const struct prompt *p)
{
	const char *first = choice_at(p, 0), *s;
	size_t n = strlen(first), i, k;

	for (i = 1; i < p->nchoices; i++) {
		s = choice_at(p, i);
		for (k = 0; k < n && s[k] == first[k]; k++)
			;
		n = k;
	}
	while (n > 0 && ((uint8_t)first[n] & 0xc0) == 0x80)
		n--;
	return n;
}

static void
take(struct prompt *p, const char *s, size_t n)
{
	replace(p, p->from, p->at, s, n);
	if (p->ask.changed != NULL)
		p->ask.changed(p->ask.arg, buf_str(&p->text));
}

static void
begin_completion(struct prompt *p)
{
	size_t i, n;

	buf_reset(&p->choices);
	p->nchoices = 0;
	p->from = p->ask.complete(p->ask.complete_arg, buf_str(&p->text), p->at,
	    &p->choices);
	if (p->choices.err != 0)
		return;
	for (i = 0; i < p->choices.len; i++)
		p->nchoices += p->choices.data[i] == '\0';
	if (p->nchoices == 0)
		return;
	n = common(p);
	if (n > p->at - p->from || p->nchoices == 1)
		take(p, choice_at(p, 0), n);
	if (p->nchoices == 1)
		p->nchoices = 0;
}

static void
complete(struct prompt *p, bool forward)
{
	if (p->ask.complete == NULL)
		return;
	if (p->nchoices == 0) {
		p->cycling = false;
		begin_completion(p);
		return;
	}
	if (!p->cycling)
		p->choice = forward ? 0 : p->nchoices - 1;
	else
		p->choice = (p->choice + (forward ? 1 : p->nchoices - 1)) %
		    p->nchoices;
	p->cycling = true;
	take(p, choice_at(p, p->choice), strlen(choice_at(p, p->choice)));
}

static void do_complete(struct prompt *p) { complete(p, true); }
static void do_complete_back(struct prompt *p) { complete(p, false); }

const char *
prompt_choices(const struct prompt *p, size_t *n, size_t *at)
{
	*n = p->open ? p->nchoices : 0;
	*at = p->cycling ? p->choice : SIZE_MAX;
	return (const char *)p->choices.data;
}

void
prompt_offer(struct buf *out, const char *word, const char *start, size_t n)
{
	if (strncmp(word, start, n) == 0)
		buf_add(out, word, strlen(word) + 1);
}

/* ---- keys ---- */

static const struct {
	uint32_t	key;
	void		(*fn)(struct prompt *);
} edits[] = {
	{ TK_ENTER, finish },		{ TK_CTRL('j'), finish },
	{ TK_ESC, do_cancel },		{ TK_CTRL('g'), do_cancel },
	{ TK_CTRL('c'), do_cancel },	{ TK_BACKSPACE, do_backspace },
	{ TK_LEFT, do_left },		{ TK_CTRL('b'), do_left },
	{ TK_RIGHT, do_right },		{ TK_CTRL('f'), do_right },
	{ TK_HOME, do_home },		{ TK_CTRL('a'), do_home },
	{ TK_END, do_end },		{ TK_CTRL('e'), do_end },
	{ TK_DEL, do_del },		{ TK_CTRL('d'), do_del },
	{ TK_CTRL('k'), do_kill },	{ TK_CTRL('u'), do_kill_all },
	{ TK_CTRL('w'), do_kill_word },
	{ TK_ALT | TK_BACKSPACE, do_kill_word },
	{ TK_ALT | 'b', do_word_left },	{ TK_ALT | 'f', do_word_right },
	{ TK_UP, do_older },		{ TK_CTRL('p'), do_older },
	{ TK_DOWN, do_newer },		{ TK_CTRL('n'), do_newer },
	{ TK_TAB, do_complete },	{ TK_BACKTAB, do_complete_back },
};

static void
type(struct prompt *p, uint32_t key)
{
	struct buf c;

	buf_init(&c, 8);
	codec_utf8_put(&c, key);
	replace(p, p->at, p->at, (const char *)c.data, c.len);
	buf_clear(&c);
	changed(p);
}

static void
answer(struct prompt *p, uint32_t key)
{
	char text[2] = { (char)key, '\0' };

	if (key > ' ' && key < 0x7f && strchr(p->keys, (int)key) != NULL) {
		p->open = false;
		p->ask.done(p->ask.arg, text);
	} else if (key == TK_ESC || key == TK_CTRL('g') ||
	    key == TK_CTRL('c')) {
		prompt_cancel(p, false);
	}
}

void
prompt_key(struct prompt *p, uint32_t key)
{
	size_t i;

	if (key == TK_PASTE || key == TK_PASTE_END) {
		p->pasting = key == TK_PASTE;
		return;
	}
	if (p->ask.keys != NULL) {
		if (!p->pasting)
			answer(p, key);
		return;
	}
	if (p->pasting && key < ' ' + 0U)	/* never acts */
		key = ' ';
	if (p->pasting && key == TK_ENTER)
		key = ' ';
	for (i = 0; i < sizeof edits / sizeof edits[0]; i++)
		if (edits[i].key == key) {
			edits[i].fn(p);
			return;
		}
	if (key >= ' ' && key < TK_FN && !(key >= 0x7f && key < 0xa0))
		type(p, key);
}
