#include <string.h>

#include "mailnode/smtp/data.h"

/*
 *	START -- "." --> DOT -- CR --> DOT_CR -- LF --> the end
 *	  ^               |
 *	  LF              any other octet (the dot is dropped)
 *	  |               v
 *	  CR <-- CR --- INSIDE
 *
 * Without dots (BDAT) START is INSIDE.
 */
enum { START, INSIDE, CR, DOT, DOT_CR };

void
data_init(struct data *d, bool dots, data_fn *fn, void *arg)
{
	memset(d, 0, sizeof *d);
	d->dots = dots;
	d->fn = fn;
	d->arg = arg;
	d->state = START;
}

static void
give(struct data *d, const uint8_t *p, const uint8_t *end)
{
	if (p == end)
		return;
	d->octets += (uint64_t)(end - p);
	d->fn(d->arg, p, (size_t)(end - p));
}

static void
count(struct data *d, size_t n)
{
	d->line += n;
	if (d->line > DATA_LINE_MAX)
		d->too_long = true;
}

/*
 * From inside a line to the CR of its end, or to `end`; NULL for an LF
 * without CR.
 */
static const uint8_t *
inside(struct data *d, const uint8_t *p, const uint8_t *end)
{
	size_t n = (size_t)(end - p);
	const uint8_t *lf = memchr(p, '\n', n);
	const uint8_t *stop = lf != NULL ? lf : end;
	const uint8_t *cr = memchr(p, '\r', (size_t)(stop - p));

	if (cr == NULL) {
		count(d, (size_t)(stop - p));
		return lf != NULL ? NULL : end;
	}
	count(d, (size_t)(cr - p));
	d->state = CR;
	return cr + 1;
}

/*
 * One step from *p on; what is to be given away begins at *run.  The dot
 * that is dropped ends one run and the next begins behind it.
 */
static enum data_err
step(struct data *d, const uint8_t **p, const uint8_t **run,
    const uint8_t *end)
{
	const uint8_t *at = *p;

	switch (d->state) {
	case START:
		d->line = 0;
		if (d->dots && *at == '.') {
			give(d, *run, at);
			*run = *p = at + 1;
			d->state = DOT;
			return DATA_MORE;
		}
		d->state = INSIDE;
		return DATA_MORE;
	case DOT:
		d->state = INSIDE;
		if (*at == '\r') {
			*run = *p = at + 1;
			d->state = DOT_CR;
		}
		return DATA_MORE;
	case DOT_CR:
		*run = *p = at + 1;
		return *at == '\n' ? DATA_END : DATA_BARE;
	case CR:
		*p = at + 1;
		d->state = START;
		return *at == '\n' ? DATA_MORE : DATA_BARE;
	default:
		at = inside(d, at, end);
		*p = at != NULL ? at : *p;
		return at != NULL ? DATA_MORE : DATA_BARE;
	}
}

enum data_err
data_push(struct data *d, const uint8_t *p, size_t n, size_t *used)
{
	const uint8_t *at = p, *run = p, *end = p + n;
	enum data_err err = DATA_MORE;

	while (at < end && err == DATA_MORE)
		err = step(d, &at, &run, end);
	*used = (size_t)(at - p);
	if (!d->nul && memchr(p, '\0', *used) != NULL)
		d->nul = true;
	if (err == DATA_MORE)
		give(d, run, end);
	return err;
}

enum data_err
data_last(struct data *d)
{
	static const uint8_t crlf[] = { '\r', '\n' };

	if (d->state == CR)
		return DATA_BARE;
	if (d->state == INSIDE)
		give(d, crlf, crlf + sizeof crlf);
	return DATA_END;
}
