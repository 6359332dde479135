#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "store/flag.h"
#include "tui/rows.h"

static struct list_thread
thread(uint64_t id)
{
	struct list_thread t = { .id = id, .newest = 100 + id,
	    .date = (int64_t)(1000 - id), .count = 1, .unread = 1,
	    .authors = "a", .to = "b", .subject = "s", .tags = "", .key = "",
	    .msgid = "" };

	return t;
}

/* Threads from..to as a page; newer ones come nearest first. */
static void
page(struct list_threads *p, struct list_thread *row, uint64_t from,
    uint64_t to, bool more)
{
	uint64_t id;

	memset(p, 0, sizeof *p);
	p->row = row;
	for (id = from; id != to; id += from < to ? 1 : (uint64_t)-1)
		row[p->n++] = thread(id);
	p->more = more;
	p->next.date = row[p->n - 1].date;
	p->next.id = row[p->n - 1].id;
}

static void
has(const struct rows *r, uint64_t from, uint64_t to)
{
	uint64_t id;
	size_t i = 0;

	assert_int_equal(rows_lines(r), to - from + 1);
	for (id = from; id <= to; id++)
		assert_int_equal(rows_at(r, i++).thread, id);
}

static const struct list_cursor start = { 0 };

static void
pages(void **state)
{
	struct list_thread row[20];
	struct list_threads p;
	struct rows r;

	(void)state;
	rows_init(&r);
	page(&p, row, 10, 15, true);
	assert_true(rows_replace(&r, &p, start));
	assert_true(r.top);
	assert_false(r.bottom);
	page(&p, row, 13, 18, false);		/* two of them again */
	assert_true(rows_append(&r, &p, r.next));
	has(&r, 10, 17);
	assert_true(r.bottom);
	page(&p, row, 9, 6, true);		/* 9 8 7: turned round */
	assert_true(rows_prepend(&r, &p));
	has(&r, 7, 17);
	assert_false(r.top);
	rows_clear(&r);
}

static struct list_msgs
msgs(uint64_t th, size_t n)
{
	struct list_msgs m = { .n = n };
	size_t i;

	m.row = calloc(n, sizeof *m.row);
	m.text = strdup("");
	assert_non_null(m.row);
	for (i = 0; i < n; i++) {
		m.row[i].id = th * 10 + i;
		m.row[i].thread = th;
		m.row[i].from = m.row[i].subject = m.row[i].tags = m.text;
		m.row[i].folder = m.row[i].to = m.row[i].snippet = m.text;
		m.row[i].msgid = m.text;
	}
	return m;
}

static void
places(void **state)
{
	struct list_thread row[20];
	struct list_threads p;
	struct rows_at at = { 2, 21 };
	struct list_msgs m;
	struct rows r;

	(void)state;
	rows_init(&r);
	page(&p, row, 1, 4, false);
	assert_true(rows_replace(&r, &p, start));
	assert_int_equal(rows_find(&r, at), 1);	/* closed: its thread */
	m = msgs(2, 3);
	rows_open(&r, rows_thread(&r, 2), true);
	rows_set_msgs(&r, rows_thread(&r, 2), &m);
	assert_int_equal(rows_lines(&r), 5);
	assert_int_equal(rows_find(&r, at), 2);
	assert_int_equal(rows_line(&r, 2)->m->id, 21);
	/* New mail in front: it stays open, and its place is its place. */
	page(&p, row, 0, 4, false);
	row[0] = thread(9);
	assert_true(rows_replace(&r, &p, start));
	assert_int_equal(rows_lines(&r), 6);
	assert_int_equal(rows_find(&r, at), 3);
	rows_open(&r, rows_thread(&r, 2), false);
	assert_int_equal(rows_find(&r, at), 2);
	at.thread = 77;
	assert_int_equal(rows_find(&r, at), SIZE_MAX);
	assert_null(rows_line(&r, 100));
	rows_clear(&r);
}

static void
changes(void **state)
{
	struct list_thread row[20];
	struct list_threads p;
	struct list_msgs m;
	struct rows r;

	(void)state;
	rows_init(&r);
	page(&p, row, 1, 4, false);
	assert_true(rows_replace(&r, &p, start));
	rows_flags(&r, 101, STORE_SEEN, 0);
	assert_int_equal(r.thread[0]->s.unread, 0);
	rows_flags(&r, 101, STORE_SEEN, 0);	/* twice is once */
	rows_flags(&r, 101, 0, STORE_SEEN);
	assert_int_equal(r.thread[0]->s.unread, 1);
	rows_flags(&r, 101, STORE_FLAGGED, 0);
	assert_true(r.thread[0]->s.flags & STORE_FLAGGED);
	rows_remove_msg(&r, 101);		/* its only one */
	has(&r, 2, 3);
	m = msgs(2, 2);
	rows_open(&r, rows_thread(&r, 2), true);
	rows_set_msgs(&r, rows_thread(&r, 2), &m);
	rows_remove_msg(&r, 20);
	assert_int_equal(rows_lines(&r), 2);
	rows_remove_msg(&r, 21);		/* the last: no thread */
	has(&r, 3, 3);
	rows_remove_msg(&r, 4711);
	rows_remove(&r, 4711);
	has(&r, 3, 3);
	rows_clear(&r);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pages),
		cmocka_unit_test(places),
		cmocka_unit_test(changes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
