#include "tui/lines.h"
#include "tui/term.h"

enum { LINE_MAX = 8192 };		/* octets */

static struct lines_view *
self(struct view *v)
{
	return (struct lines_view *)v;
}

void
lines_go(struct lines_view *l, size_t line)
{
	if (line >= l->n)
		line = l->n > 0 ? l->n - 1 : 0;
	l->cur = line;
}

void
lines_next(struct view *v, const char *arg)
{
	(void)arg;
	lines_go(self(v), self(v)->cur + 1);
}

void
lines_prev(struct view *v, const char *arg)
{
	(void)arg;
	if (self(v)->cur > 0)
		lines_go(self(v), self(v)->cur - 1);
}

void
lines_first(struct view *v, const char *arg)
{
	(void)arg;
	lines_go(self(v), 0);
}

void
lines_last(struct view *v, const char *arg)
{
	(void)arg;
	lines_go(self(v), self(v)->n);
}

bool
lines_ask(struct lines_view *l)
{
	l->again = l->busy;
	l->busy = true;
	return !l->again;
}

bool
lines_got(struct lines_view *l)
{
	bool again = l->again;

	l->busy = l->again = false;
	l->loaded = true;
	lines_go(l, l->cur);
	app_dirty(l->v.t);
	return again;
}

bool
lines_waits(const struct view *v)
{
	return !((const struct lines_view *)v)->loaded;
}

void
lines_draw(struct lines_view *l, const struct area *a, const char *none,
    int (*put)(struct lines_view *l, size_t line, struct buf *b))
{
	size_t i, h = (size_t)a->h;
	struct buf b;
	int paint;

	if (l->cur < l->top)
		l->top = l->cur;
	if (l->cur >= l->top + h)
		l->top = l->cur - h + 1;
	if (l->loaded && l->n == 0)
		term_puts(a->y, a->x + 1, a->w, none, PAINT_TEXT);
	buf_init(&b, LINE_MAX);
	for (i = l->top; i < l->top + h && i < l->n; i++) {
		buf_reset(&b);
		paint = put(l, i, &b) | (i == l->cur ? TERM_CURSOR : 0);
		term_field(a->y + (int)(i - l->top), a->x, a->w, buf_str(&b),
		    paint);
	}
	buf_clear(&b);
}

void
lines_place(const struct lines_view *l, struct buf *right)
{
	if (l->n > 0)
		buf_addf(right, "%zu/%zu", l->cur + 1, l->n);
}
