/* A letter's signature and encryption: the toggles, and the keys shown. */
#include <stdio.h>
#include <string.h>

#include "tui/compose_view.h"
#include "tui/pgp.h"
#include "tui/term.h"
#include "tui/text.h"

enum { INDENT = 9, PGP_ROWS = 4 };	/* columns, rows at most */

static void
looked(void *arg, struct pgp_keys *k, const char *text)
{
	struct compose_view *c = arg;
	unsigned int how = pgp_wanted(&c->l);

	c->find = NULL;
	c->pgp_ok = k != NULL;
	(void)snprintf(c->pgp, sizeof c->pgp, "%s%s: %s", (how & PGP_SIGN) ?
	    "sign" : "", (how & PGP_ENCRYPT) == 0 ? "" : (how & PGP_SIGN) ?
	    " and encrypt" : "encrypt", text);
	if (k == NULL)
		app_error(c->v.t, "%s", c->pgp);
}

void
compose_pgp_look(struct compose_view *c)
{
	unsigned int how = pgp_wanted(&c->l);

	pgp_find_stop(c->find);
	c->find = NULL;
	c->pgp_ok = true;
	c->pgp[0] = '\0';
	if (how == 0)
		return;
	(void)snprintf(c->pgp, sizeof c->pgp, "looking for the keys");
	c->find = pgp_keys_find(c->v.t, &c->l, how, looked, c);
}

void
compose_pgp_stop(struct compose_view *c)
{
	pgp_find_stop(c->find);
	pgp_wrap_stop(c->wrap);
	c->find = NULL;
	c->wrap = NULL;
}

static void
toggle(struct view *v, unsigned int what)
{
	struct compose_view *c = (struct compose_view *)v;

	if (c->busy)
		return;
	pgp_want(&c->l, pgp_wanted(&c->l) ^ what);
	compose_keep(c);
	if (pgp_wanted(&c->l) == 0)
		app_note(v->t, "neither signed nor encrypted");
}

void
compose_sign(struct view *v, const char *arg)
{
	(void)arg;
	toggle(v, PGP_SIGN);
}

void
compose_encrypt(struct view *v, const char *arg)
{
	(void)arg;
	toggle(v, PGP_ENCRYPT);
}

/* The rows it takes. */
int
compose_pgp_draw(const struct compose_view *c, int y, const struct area *a)
{
	int paint = c->find != NULL ? PAINT_WAIT : c->pgp_ok ? PAINT_GOOD :
	    PAINT_BAD, rows = 0;
	const char *s = c->pgp;
	size_t left = strlen(s), n, skip;

	if (left == 0 || a->w <= INDENT)
		return 0;
	term_puts(y, a->x, INDENT, "PGP", PAINT_HEADER);
	for (; left > 0 && rows < PGP_ROWS; rows++) {
		skip = 0;
		n = rows + 1 < PGP_ROWS ? text_wrap(s, left,
		    (size_t)(a->w - INDENT), &skip) : left;
		(void)term_put(y + rows, a->x + INDENT, a->w - INDENT, s, n,
		    paint);
		s += n + skip;
		left -= n + skip;
	}
	return rows;
}
