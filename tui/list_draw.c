#include <stdio.h>
#include <string.h>
#include <time.h>

#include "mailnode/base/clock.h"
#include "store/flag.h"
#include "store/tag.h"
#include "tui/fates.h"
#include "tui/list.h"
#include "tui/side.h"
#include "tui/term.h"
#include "tui/text.h"
#include "tui/waking.h"
#include "tui/when.h"

enum {
	SIGNS = 5,		/* mark, state, flag, attachment, blank */
	DATE_COLS = 7,		/* and a blank behind them */
	WAKING_COLS = 16,	/* likewise: "Mon 30 Nov 09:30" */
	NARROW = 50,		/* columns under which threads have no count */
	FROM_MIN = 14, FROM_MAX = 26,
	TREE_MAX = 12		/* columns of the deepest indent */
};

/* "14:05" today, "21 Nov" this year, "2019-11" before. */
static void
date_text(char *dst, size_t size, int64_t date)
{
	time_t when = (time_t)date, now = (time_t)clock_wall_s();
	struct tm tm, today;
	const char *fmt = "%Y-%m";

	dst[0] = '\0';
	if (localtime_r(&when, &tm) == NULL ||
	    localtime_r(&now, &today) == NULL)
		return;
	if (tm.tm_year == today.tm_year)
		fmt = tm.tm_yday == today.tm_yday ? "%H:%M" : "%d %b";
	else if (when > now - 180 * 86400 && when <= now)
		fmt = "%d %b";
	if (strftime(dst, size, fmt, &tm) == 0)
		dst[0] = '\0';
}

static int
from_cols(int w)
{
	int n = w / 4;

	return n < FROM_MIN ? FROM_MIN : n > FROM_MAX ? FROM_MAX : n;
}

struct look {
	int	y, x, w;
	int	paint;		/* of the row; cursor bit for all of it */
	int	over;		/* TERM_CURSOR or 0 */
};

static void
put_signs(struct look *l, bool marked, bool unread, uint32_t flags,
    bool attach)
{
	char s[SIGNS + 1];
	char state = unread ? 'N' : (flags & STORE_ANSWERED) ? 'r' :
	    (flags & STORE_PASSED) ? 'f' : ' ';

	if ((flags & STORE_DRAFT) != 0)
		state = 'd';
	(void)snprintf(s, sizeof s, "%c%c%c%c ", marked ? '*' : ' ', state,
	    (flags & STORE_FLAGGED) ? '!' : ' ', attach ? '@' : ' ');
	term_puts(l->y, l->x, SIGNS, s, l->paint | l->over);
	l->x += SIGNS;
	l->w -= SIGNS;
}

static void
put_cols(struct look *l, int cols, const char *s, int paint)
{
	if (l->w <= 0)
		return;
	if (cols > l->w)
		cols = l->w;
	term_field(l->y, l->x, cols, s, paint | l->over);
	l->x += cols;
	l->w -= cols;
}

/* In Snoozed: when it returns, once that is known. */
static void
put_date(struct look *l, const struct list_view *lv, int64_t date,
    uint64_t msg)
{
	int64_t at = lv->waking != NULL ? waking_at(lv->waking, msg) : 0;
	char s[40];
	int paint = l->paint == PAINT_TEXT ? PAINT_DATE : l->paint;

	if (at != 0)
		when_text(at, s, sizeof s);
	else
		date_text(s, sizeof s, date);
	put_cols(l, lv->waking != NULL ? WAKING_COLS : DATE_COLS, s,
	    at != 0 ? PAINT_WAIT : paint);
	put_cols(l, 1, "", paint);
}

/* Each is told from the others without colour, and in ASCII too. */
static void
put_fate(struct look *l, const struct list_view *lv, uint64_t msg)
{
	static const struct {
		const char *sign;
		enum conf_paint paint;
	} as[QUEUE_MARK_N] = {
		[QUEUE_MARK_NONE] = { "", PAINT_TEXT },
		[QUEUE_MARK_FAILED] = { "\xe2\x9c\x97", PAINT_BAD },
		[QUEUE_MARK_RETURNED] = { "\xe2\x86\xa9", PAINT_BAD },
		[QUEUE_MARK_UNKNOWN] = { "?", PAINT_WAIT },
		[QUEUE_MARK_DEFERRED] = { "%", PAINT_WAIT },
		[QUEUE_MARK_PARTLY] = { "/", PAINT_WAIT },
		[QUEUE_MARK_WAITING] = { "~", PAINT_WAIT },
		[QUEUE_MARK_SENT] = { "\xe2\x9c\x93", PAINT_GOOD },
		[QUEUE_MARK_DROPPED] = { "-", PAINT_TEXT },
	};
	enum queue_mark m;

	if (lv->fates == NULL)
		return;
	m = fates_mark(lv->fates, msg);
	put_cols(l, 2, as[m].sign, as[m].paint);
}

/* Tags that other columns do not show already, nor where the list is. */
static void
shown_tags(struct buf *b, const char *tags, bool ours)
{
	static const char *const known[] = { "unread", "flagged", "replied",
	    "passed", "attachment", "inbox", "signed", "encrypted", "draft",
	    TAG_LOOKALIKE, TAG_LEAK };
	size_t i, n;

	for (; *tags != '\0'; tags += n, tags += strspn(tags, " ")) {
		n = strcspn(tags, " ");
		for (i = 0; i < sizeof known / sizeof known[0]; i++)
			if (strlen(known[i]) == n &&
			    memcmp(known[i], tags, n) == 0)
				break;
		if (i < sizeof known / sizeof known[0] ||
		    (ours && n == 4 && memcmp(tags, "sent", 4) == 0))
			continue;
		if (b->len > 0)
			buf_addc(b, ' ');
		buf_add(b, tags, n);
	}
}

/* At the right, where there is room; false: there is none. */
static bool
put_right(struct look *l, const char *s, int paint)
{
	int w = (int)text_width(s, strlen(s)) + 1;

	if (w >= l->w / 2)
		return false;
	term_puts(l->y, l->x + l->w - w + 1, w - 1, s, paint | l->over);
	l->w -= w;
	return true;
}

static void
put_tags(struct look *l, const char *tags, bool ours)
{
	static const char *const bad[] = { TAG_LOOKALIKE, TAG_LEAK };
	struct buf b;
	size_t i;

	for (i = 0; i < sizeof bad / sizeof bad[0]; i++)
		if (tag_in(tags, bad[i]) && !put_right(l, bad[i], PAINT_BAD))
			put_cols(l, 2, "!", PAINT_BAD);
	buf_init(&b, 200);
	shown_tags(&b, tags, ours);
	if (b.len > 0 && b.err == 0)
		(void)put_right(l, buf_str(&b), PAINT_TAGS);
	buf_clear(&b);
}

static const char nobody[] = "(no sender)";
static const char no_subject[] = "(no subject)";

/* "Name" of "Name <a@b>"; the address when there is no name. */
static void
put_from(struct look *l, int cols, const char *from)
{
	const char *p = from + strspn(from, "\" ");
	size_t n = strcspn(p, "<");
	char name[200];

	while (n > 0 && (p[n - 1] == ' ' || p[n - 1] == '"'))
		n--;
	if (n == 0) {
		p += strspn(p, "< ");
		n = strcspn(p, ">");
	}
	if (n >= sizeof name)
		n = sizeof name - 1;
	memcpy(name, p, n);
	name[n] = '\0';
	put_cols(l, cols, n > 0 ? name : nobody, l->paint);
}

/* Of letters of ours, whom they are to. */
static void
put_to(struct look *l, int cols, const char *to)
{
	put_cols(l, 3, "To ", l->paint);
	put_from(l, cols - 3, to);
}

static void
draw_thread(const struct list_view *lv, struct look *l,
    const struct list_thread *t, bool marked)
{
	char count[16] = "";
	int w = l->w;

	if (t->unread > 0)
		l->paint = PAINT_UNREAD;
	if ((t->flags & STORE_FLAGGED) != 0)
		l->paint = PAINT_FLAGGED;
	if (marked)
		l->paint = PAINT_MARKED;
	put_signs(l, marked, t->unread > 0, t->flags, t->attach);
	put_fate(l, lv, t->newest);
	put_date(l, lv, t->date, t->newest);
	if (lv->ours && t->to[0] != '\0')
		put_to(l, from_cols(w), t->to);
	else
		put_cols(l, from_cols(w), t->authors[0] != '\0' ? t->authors :
		    nobody, l->paint);
	if (t->count > 1)
		(void)snprintf(count, sizeof count, t->count > 99 ? "%4u " :
		    "%3u  ", t->count > 9999 ? 9999 : t->count);
	put_cols(l, w < NARROW ? 1 : 5, w < NARROW ? "" : count, PAINT_TREE);
	put_tags(l, t->tags, lv->ours);
	term_puts(l->y, l->x, l->w, t->subject[0] != '\0' ? t->subject :
	    no_subject, l->paint | l->over);
}

static void
draw_msg(const struct list_view *lv, struct look *l,
    const struct list_thread *t, const struct list_msg *m, bool marked)
{
	bool unread = (m->flags & STORE_SEEN) == 0;
	char tree[2 * TREE_MAX + 8];
	int w = l->w, depth;

	if (unread)
		l->paint = PAINT_UNREAD;
	if ((m->flags & STORE_FLAGGED) != 0)
		l->paint = PAINT_FLAGGED;
	if (marked)
		l->paint = PAINT_MARKED;
	put_signs(l, marked, unread, m->flags, m->attach);
	put_fate(l, lv, m->id);
	put_date(l, lv, m->date, m->id);
	depth = m->depth * 2 > TREE_MAX ? TREE_MAX : (int)m->depth * 2;
	(void)snprintf(tree, sizeof tree, "%*s%s", depth, "",
	    m->depth > 0 ? "\xe2\x94\x94 " : "");
	put_cols(l, depth + (m->depth > 0 ? 2 : 0), tree, PAINT_TREE);
	/* In an open thread there may be others' as well. */
	if (lv->ours && m->to[0] != '\0' && strcmp(m->folder, lv->name) == 0)
		put_to(l, from_cols(w), m->to);
	else
		put_from(l, from_cols(w), m->from);
	put_cols(l, 1, "", l->paint);
	if (m->mbox == 0 || m->depth == 0 || strstr(m->subject, t->subject) ==
	    NULL) {
		put_tags(l, m->tags, lv->ours);
		term_puts(l->y, l->x, l->w, m->subject[0] != '\0' ? m->subject :
		    no_subject, l->paint | l->over);
		return;
	}
	put_tags(l, m->tags, lv->ours);
	term_puts(l->y, l->x, l->w, m->snippet, PAINT_SIGNATURE | l->over);
}

static void
draw_line(const struct list_view *lv, size_t i, int y, const struct area *a)
{
	const struct rows_line *line = rows_line(&lv->rows, i);
	struct rows_at at = rows_at(&lv->rows, i);
	struct look l = { .y = y, .x = a->x, .w = a->w };
	bool marked = list_marked(lv, at);

	l.over = i == lv->cur ? TERM_CURSOR : 0;
	l.paint = PAINT_TEXT;
	if (l.over)
		term_fill(y, a->x, a->w, PAINT_TEXT | TERM_CURSOR);
	if (line->m == NULL)
		draw_thread(lv, &l, &line->t->s, marked);
	else
		draw_msg(lv, &l, &line->t->s, line->m, marked);
}

static void
scroll(struct list_view *lv)
{
	size_t h = (size_t)lv->height, n = rows_lines(&lv->rows);

	if (lv->cur < lv->top)
		lv->top = lv->cur;
	if (lv->cur >= lv->top + h)
		lv->top = lv->cur - h + 1;
	if (n <= h)
		lv->top = 0;
	else if (lv->top > n - h && lv->rows.bottom)
		lv->top = n - h;
}

void
list_draw(struct view *v, const struct area *a)
{
	struct list_view *lv = (struct list_view *)v;
	size_t i, n = rows_lines(&lv->rows);

	lv->height = a->h;
	scroll(lv);
	for (i = 0; i < (size_t)a->h && lv->top + i < n; i++)
		draw_line(lv, lv->top + i, a->y + (int)i, a);
	if (n == 0 && lv->loaded && !lv->req[PAGE_FRESH].busy)
		term_puts(a->y, a->x + 1, a->w - 1, lv->narrow[0] != '\0' ?
		    "(nothing matches)" : "(empty)", PAINT_TEXT);
	list_fill(lv);
	if (lv->fates != NULL)
		fates_fill(lv->fates);
	if (lv->waking != NULL)
		waking_fill(lv->waking);
}

void
list_status(struct view *v, struct buf *left, struct buf *right)
{
	struct list_view *lv = (struct list_view *)v;
	const struct side_row *r = side_find(v->t->side, lv->name);
	size_t n = rows_lines(&lv->rows);

	buf_adds(left, lv->name);
	if (lv->narrow[0] != '\0')
		buf_addf(left, " [%s]", lv->narrow);
	else if (r != NULL && r->total != LIST_UNKNOWN)
		buf_addf(left, "  %u message%s, %u unread", r->total,
		    r->total == 1 ? "" : "s", r->unread);
	if (lv->sort != LIST_BY_DATE && lv->mbox != 0 &&
	    lv->narrow[0] == '\0')
		buf_addf(left, "  by %s", list_sort_names[lv->sort]);
	if (lv->reverse)
		buf_adds(left, "  reversed");
	if (lv->nmarks > 0)
		buf_addf(left, "  %zu marked", lv->nmarks);
	if (lv->behind)
		buf_adds(left, "  the index is behind");
	/* Without the first rows there is no number to count from. */
	if (n > 0 && lv->rows.top)
		buf_addf(right, "%zu/%zu%s", lv->cur + 1, n,
		    lv->rows.bottom ? "" : "+");
	else if (lv->rows.bottom && lv->cur + 1 < n)
		buf_addf(right, "end-%zu", n - lv->cur - 1);
	else if (lv->rows.bottom && n > 0)
		buf_adds(right, "end");
}
