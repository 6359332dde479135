#define _DEFAULT_SOURCE	/* strncasecmp */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "store/op_list.h"
#include "tui/addrbook.h"
#include "tui/side.h"

struct addrbook {
	struct tui	*t;
	struct addrs	 known;		/* of people I wrote to: first */
};

struct addrbook *
addrbook_new(struct tui *t)
{
	struct addrbook *b = calloc(1, sizeof *b);

	if (b != NULL)
		b->t = t;
	return b;
}

void
addrbook_free(struct addrbook *b)
{
	if (b == NULL)
		return;
	talk_forget(b->t->reader, b);
	addrs_clear(&b->known);
	free(b);
}

static void
learn(struct addrbook *b, const char *field)
{
	struct addrs l = { NULL, 0 };
	size_t i;

	(void)addrs_read(&l, field, NULL);
	for (i = 0; i < l.n; i++)
		if (!addr_is_own(l.a[i].addr))
			(void)addrs_add(&b->known, l.a[i].name, l.a[i].addr);
	addrs_clear(&l);
}

static void
got(void *arg, uint16_t status, struct chan_in *in, int *fd)
{
	struct addrbook *b = arg;
	struct list_msgs l;
	size_t i;

	(void)fd;
	if (status != OP_OK || !list_msgs_get(in, &l))
		return;
	for (i = 0; i < l.n; i++) {
		learn(b, l.row[i].to);
		learn(b, l.row[i].from);
	}
	list_msgs_clear(&l);
}

void
addrbook_load(struct addrbook *b)
{
	static const char *const boxes[] = { "Sent", "INBOX" };
	struct list_msgs_ask ask = { .which = LIST_OF_MAILBOX,
	    .n = LIST_PAGE_MAX };
	const struct side_row *r;
	struct buf args;
	size_t i;

	buf_init(&args, CHAN_DATA_MAX);
	for (i = 0; i < sizeof boxes / sizeof boxes[0]; i++) {
		r = side_find(b->t->side, boxes[i]);
		if (r == NULL)
			continue;
		ask.id = r->id;
		buf_reset(&args);
		list_msgs_put(&args, &ask);
		talk_send(b->t->reader, LIST_MSGS, &args, -1, got, b);
	}
	buf_clear(&args);
}

bool
addrbook_fits(const struct addr *a, const char *start, size_t n)
{
	const char *p = a->name;

	if (strncasecmp(a->addr, start, n) == 0)
		return true;
	while (*p != '\0') {
		if (strncasecmp(p, start, n) == 0)
			return true;
		p += strcspn(p, " ,.-");
		p += strspn(p, " ,.-");
	}
	return false;
}

size_t
addrbook_complete(void *book, const char *text, size_t n, struct buf *out)
{
	struct addrbook *b = book;
	struct buf one;
	size_t from = n, i;

	while (from > 0 && text[from - 1] != ',')
		from--;
	while (from < n && text[from] == ' ')
		from++;
	if (from == n)
		return from;
	buf_init(&one, 2000);
	for (i = 0; i < b->known.n; i++) {
		if (!addrbook_fits(&b->known.a[i], text + from, n - from))
			continue;
		buf_reset(&one);
		addr_put(&one, &b->known.a[i]);
		if (one.err == 0)
			buf_add(out, buf_str(&one), one.len + 1);
	}
	buf_clear(&one);
	return from;
}
