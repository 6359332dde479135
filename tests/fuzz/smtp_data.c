/*
 * smtp/data and smtp/head: a message means the same however its octets are
 * cut, and nothing that is kept has a bare CR or LF or our own name in an
 * Authentication-Results.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "mailnode/auth/results.h"
#include "mailnode/smtp/data.h"
#include "mailnode/smtp/head.h"

int	LLVMFuzzerTestOneInput(const uint8_t *, size_t);

enum { MAX = 1 << 22 };

static const char *const ids[] = { "mail.node.test" };

struct taken {
	struct data	 data;
	struct head	 head;
	struct buf	 seen, kept;
	enum data_err	 err;
	size_t		 used;
};

static void
on_data(void *arg, const uint8_t *p, size_t n)
{
	struct taken *t = arg;

	head_push(&t->head, p, n);
}

static void
on_seen(void *arg, const uint8_t *p, size_t n)
{
	struct taken *t = arg;

	if (buf_add(&t->seen, p, n) == -1)
		abort();
}

static void
on_kept(void *arg, const uint8_t *p, size_t n)
{
	struct taken *t = arg;

	if (buf_add(&t->kept, p, n) == -1)
		abort();
}

static void
take(struct taken *t, const uint8_t *p, size_t n, bool dots, size_t piece)
{
	size_t part, used;

	buf_init(&t->seen, MAX);
	buf_init(&t->kept, MAX);
	head_init(&t->head);
	t->head.seen = on_seen;
	t->head.keep = on_kept;
	t->head.arg = t;
	t->head.ids = ids;
	t->head.nids = 1;
	data_init(&t->data, dots, on_data, t);
	t->err = DATA_MORE;
	for (t->used = 0; t->used < n && t->err == DATA_MORE; ) {
		part = n - t->used < piece ? n - t->used : piece;
		t->err = data_push(&t->data, p + t->used, part, &used);
		t->used += used;
	}
	if (!dots && t->err == DATA_MORE)
		t->err = data_last(&t->data);
	head_end(&t->head);
}

static void
clear(struct taken *t)
{
	head_clear(&t->head);
	buf_clear(&t->seen);
	buf_clear(&t->kept);
}

static void
pairs(const struct buf *b)
{
	size_t i;

	for (i = 0; i < b->len; i++) {
		if (b->data[i] == '\n' && (i == 0 || b->data[i - 1] != '\r'))
			abort();
		if (b->data[i] == '\r' && (i + 1 == b->len ||
		    b->data[i + 1] != '\n'))
			abort();
	}
}

static void
same(const struct buf *a, const struct buf *b)
{
	if (a->len != b->len ||
	    (a->len > 0 && memcmp(a->data, b->data, a->len) != 0))
		abort();
}

/* Each field that was kept, unfolded lines and all. */
static void
none_of_ours(const struct buf *kept)
{
	const char *p, *end, *lf, *field;

	if (kept->len == 0)
		return;
	field = p = (const char *)kept->data;
	end = p + kept->len;
	while (p < end && *p != '\r') {
		lf = memchr(p, '\n', (size_t)(end - p));
		p = lf != NULL ? lf + 1 : end;
		if (p < end && (*p == ' ' || *p == '\t'))
			continue;
		if (results_claim(field, (size_t)(p - field), true, ids, 1) ==
		    RESULTS_OURS)
			abort();
		field = p;
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct taken a, b;
	size_t piece;
	bool dots;

	if (n < 2 || n > 65536)
		return 0;
	dots = data[0] & 1;
	piece = data[1] + 1U;
	take(&a, data + 2, n - 2, dots, n);
	take(&b, data + 2, n - 2, dots, piece);
	if (a.err != b.err)
		abort();
	if (a.err == DATA_END) {
		if (a.used != b.used || a.data.nul != b.data.nul)
			abort();
		same(&a.seen, &b.seen);
		same(&a.kept, &b.kept);
		pairs(&a.kept);
		pairs(&a.seen);
		none_of_ours(&a.kept);
		if (a.head.received != b.head.received ||
		    a.head.cut != b.head.cut)
			abort();
	}
	clear(&a);
	clear(&b);
	return 0;
}
