#include <ctype.h>
#include <string.h>

#include "mailnode/filter/form.h"

struct text {
	char	p[TOKEN_NAME_MAX + 8];	/* room to read eight */
	size_t	n;
};

_Static_assert(2 * FORM_NAME_MAX + 8 <= TOKEN_NAME_MAX, "two names fit");
_Static_assert(FORM_SHAPE_MAX + 12 <= TOKEN_NAME_MAX, "a shape fits");

static void
add(struct text *x, const char *p, size_t n)
{
	memcpy(x->p + x->n, p, n);
	x->n += n;
}

static void
begin(struct text *x, const char *what)
{
	x->n = 0;
	add(x, what, strlen(what));
}

static void
put(const struct text *x, struct tokens *t)
{
	tokens_put_room(t, TOKEN_HEAD, x->p, x->n);
}

/* "written=Message-Id: ", "written=TO:" */
static void
spelling(struct tokens *t, const char *name, size_t nname, bool blank)
{
	struct text x;

	begin(&x, "written=");
	add(&x, name, nname);
	add(&x, ": ", blank ? 2 : 1);
	put(&x, t);
}

/* "order=from>to" */
static void
order(struct form *f, struct tokens *t, const char *name, size_t nname)
{
	struct text x;
	size_t i;

	begin(&x, "order=");
	add(&x, f->before, f->nbefore);
	add(&x, ">", 1);
	for (i = 0; i < nname; i++)
		f->before[i] = (char)tolower((unsigned char)name[i]);
	f->nbefore = nname;
	add(&x, f->before, nname);
	put(&x, t);
}

static char
class_of(unsigned char c)
{
	if (isspace(c))
		return ' ';
	if (isdigit(c))
		return '9';
	if (isupper(c))
		return 'A';
	if (islower(c))
		return 'a';
	return c >= 0x80 ? '8' : (char)c;
}

/* Runs of one kind of letter, and of blanks and dashes, are one. */
static void
shape(struct tokens *t, const char *p, size_t n)
{
	char c, last = '\0';
	struct text x;
	size_t begun;

	begin(&x, "from-shape=");
	begun = x.n;
	while (n > 0 && isspace((unsigned char)p[n - 1]))
		n--;
	for (; n > 0 && isspace((unsigned char)*p); n--)
		p++;
	for (; n > 0 && x.n < begun + FORM_SHAPE_MAX; n--, p++) {
		c = class_of((unsigned char)*p);
		if (c != last || strchr("9aA- ", c) == NULL)
			x.p[x.n++] = c;
		last = c;
	}
	put(&x, t);
}

void
form_field(struct form *f, struct tokens *t, const char *name, size_t nname,
    const char *p, size_t n)
{
	if (nname > FORM_NAME_MAX)
		nname = FORM_NAME_MAX;
	spelling(t, name, nname, n > 0 && *p == ' ');
	order(f, t, name, nname);
	if (nname == 4 && memcmp(f->before, "from", 4) == 0)
		shape(t, p, n);
}
