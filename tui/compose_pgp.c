/* A letter's signature and encryption: the toggles, and the keys shown. */
#include <stdio.h>
#include <string.h>

#include "tui/compose_view.h"
#include "tui/pgp.h"
#include "tui/term.h"

void
compose_pgp_look(struct compose_view *c)
{
	unsigned int how = pgp_wanted(&c->l);
	struct buf b;

	c->pgp_ok = true;
	c->pgp[0] = '\0';
	if (how == 0)
		return;
	buf_init(&b, 4096);
	c->pgp_ok = pgp_keys(c->v.t, &c->l, how, &b);
	(void)snprintf(c->pgp, sizeof c->pgp, "%s%s: %s", (how & PGP_SIGN) ?
	    "sign" : "", (how & PGP_ENCRYPT) == 0 ? "" : (how & PGP_SIGN) ?
	    " and encrypt" : "encrypt", buf_str(&b));
	buf_clear(&b);
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
	else if (!c->pgp_ok)
		app_error(v->t, "%s", c->pgp);
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
	if (c->pgp[0] == '\0')
		return 0;
	term_puts(y, a->x, 9, "PGP", PAINT_HEADER);
	term_puts(y, a->x + 9, a->w - 9, c->pgp, c->pgp_ok ? PAINT_GOOD :
	    PAINT_BAD);
	return 1;
}

bool
compose_pgp_wrap(struct compose_view *c, struct outgoing *o)
{
	struct buf why;
	bool ok = true;

	if (pgp_wanted(&c->l) == 0)
		return true;
	buf_init(&why, 4096);
	ok = pgp_wrap(c->v.t, o, &c->l, &why);
	if (!ok)
		app_error(c->v.t, "not sent: %s", buf_str(&why));
	buf_clear(&why);
	return ok;
}
