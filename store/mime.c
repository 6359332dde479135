#define _GNU_SOURCE
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "mailnode/base/num.h"
#include "store/mime.h"
#include "store/mime_cap.h"
#include "store/mime_head.h"
#include "store/mime_mend.h"

static struct mime_part *
part_add(struct mime *m, size_t parent, GMimeObject *obj)
{
	struct mime_part *p;
	size_t cap;

	if (m->npart == m->cap) {
		cap = m->cap > 0 ? m->cap * 2 : 8;
		p = reallocarray(m->part, cap, sizeof *p);
		if (p == NULL)
			return NULL;
		m->part = p;
		m->cap = cap;
	}
	p = &m->part[m->npart++];
	memset(p, 0, sizeof *p);
	p->obj = obj;
	p->parent = parent;
	if (p != m->part) {
		p->depth = m->part[parent].depth + 1;
		p->nth = ++m->part[parent].nchild;
	}
	return p;
}

/* Where the first field of a header stands; `none` if there is none. */
static size_t
first_field(const struct mime *m, void *obj, size_t none)
{
	GMimeHeaderList *l = m->gm->g_mime_object_get_header_list(obj);
	int i, n = l != NULL ? m->gm->g_mime_header_list_get_count(l) : 0;
	size_t first = SIZE_MAX;
	gint64 at;

	for (i = 0; i < n; i++) {
		at = m->gm->g_mime_header_get_offset(
		    m->gm->g_mime_header_list_get_header_at(l, i));
		if (at >= 0 && (size_t)at < first)
			first = (size_t)at;
	}
	return first < m->size ? first : none;
}

/* The content's place in the file; false when GMime holds none. */
static bool
content_at(const struct mime *m, GMimeObject *obj, size_t *at, size_t *n)
{
	GMimeDataWrapper *w;
	GMimeStream *s;
	gint64 end;

	w = m->gm->g_mime_part_get_content((GMimePart *)obj);
	s = w != NULL ? m->gm->g_mime_data_wrapper_get_stream(w) : NULL;
	if (s == NULL || s->bound_start < 0 ||
	    (size_t)s->bound_start > m->limit)
		return false;
	end = s->bound_end;
	if (end < 0 || (size_t)end > m->limit)
		end = (gint64)m->limit;
	if (end < s->bound_start)
		return false;
	/* GMime's mistake before a last line that has no end: the line break
	 * is the delimiter's (RFC 2046 section 5.1.1), also its CR. */
	if (end > s->bound_start && (size_t)end < m->limit &&
	    m->data[end] == '\n' && m->data[end - 1] == '\r')
		end--;
	*at = (size_t)s->bound_start;
	*n = (size_t)(end - s->bound_start);
	return true;
}

/* Where [from, end) has the first delimiter of boundary b, or its end. */
static size_t
delimiter(const struct mime *m, size_t from, size_t end, const char *b)
{
	size_t len = strlen(b), at = from;
	const uint8_t *hit;

	while (at < end && b[0] != '\0') {
		hit = memmem(m->data + at, end - at, b, len);
		if (hit == NULL)
			return end;
		at = (size_t)(hit - m->data);
		if (at >= from + 2 && hit[-1] == '-' && hit[-2] == '-' &&
		    (at == from + 2 || hit[-3] == '\n') &&
		    mime_cap_delimits(hit + len, m->data + end))
			return at - 2;
		at += len;
	}
	return end;
}

/* The line break before a delimiter belongs to it (RFC 2046 section 5.1.1). */
static size_t
before_delimiter(const struct mime *m, size_t from, size_t at)
{
	if (at > from && m->data[at - 1] == '\n')
		at--;
	if (at > from && m->data[at - 1] == '\r')
		at--;
	return at;
}

/* As GMime has it, which cut the parts by it. */
static const char *
boundary(const struct mime *m, const struct mime_part *p)
{
	GMimeContentType *t = p->kind == MIME_MULTI ?
	    m->gm->g_mime_object_get_content_type(p->obj) : NULL;

	return t != NULL ?
	    m->gm->g_mime_content_type_get_parameter(t, "boundary") : NULL;
}

/* Where the first delimiter of any multipart around p stands. */
static size_t
next_delimiter(const struct mime *m, const struct mime_part *p)
{
	const struct mime_part *up = p;
	size_t end = m->limit;
	const char *b;

	while (up != m->part) {
		up = &m->part[up->parent];
		b = boundary(m, up);
		if (b != NULL)
			end = delimiter(m, p->head, end, b);
	}
	return end;
}

/* Is the last line of [from, end) an empty one? */
static bool
ends_blank(const struct mime *m, size_t from, size_t end)
{
	size_t at = before_delimiter(m, from, end);

	return at < end && (at == from || m->data[at - 1] == '\n');
}

/* A part for which GMime has no octets: perhaps it has no blank line. */
static void
empty_place(struct mime *m, struct mime_part *p)
{
	size_t end = next_delimiter(m, p);

	p->body = mime_head_end(m->data, p->head, m->limit);
	p->nbody = 0;
	if (p->body <= end && ends_blank(m, p->head, p->body))
		return;
	if (end < m->limit)
		end = before_delimiter(m, p->head, end);
	p->body = mime_head_text(m->data, p->head, end);
	p->nbody = end - p->body;
}

/* Base64 is nothing that somebody writes without thinking. */
static void
text_place(struct mime *m, struct mime_part *p)
{
	size_t at = mime_head_text_last(m->data, p->head, p->body), end;
	enum cte cte;

	if (at == p->body)
		return;
	cte = mime_cte(m, p);
	if (cte != CTE_IDENTITY && cte != CTE_QP)
		return;
	end = p->body + p->nbody;
	if (p->nbody == 0 && end < m->limit && next_delimiter(m, p) == end)
		end = before_delimiter(m, at, end);
	p->body = at;
	p->nbody = end - at;
}

static void
leaf_place(struct mime *m, struct mime_part *p)
{
	if (!content_at(m, p->obj, &p->body, &p->nbody) || p->nbody == 0)
		empty_place(m, p);
	if (p->body > p->head)
		text_place(m, p);
	if (p->body < p->head)
		p->head = p->body;
	p->nhead = p->body - p->head;
}

static int	walk(struct mime *, size_t, GMimeObject *, size_t);

/* Fields of a message and of its body share one header. */
static size_t
message_at(const struct mime *m, GMimeMessage *msg)
{
	GMimeObject *root = msg != NULL ?
	    m->gm->g_mime_message_get_mime_part(msg) : NULL;
	size_t a = SIZE_MAX, b = SIZE_MAX;

	if (msg != NULL)
		a = first_field(m, msg, SIZE_MAX);
	if (root != NULL)
		b = first_field(m, root, SIZE_MAX);
	return a < b ? a : b;
}

/* A header of no field: what stands before the content is its blank line. */
static size_t
empty_head(const struct mime *m, GMimeObject *obj, size_t from)
{
	size_t at = SIZE_MAX, n;

	if (mime_is_a(m, obj, m->gm->g_mime_message_part_get_type()))
		at = message_at(m, m->gm->g_mime_message_part_get_message(
		    (GMimeMessagePart *)obj));
	else if (!mime_is_a(m, obj, m->gm->g_mime_part_get_type()) ||
	    !content_at(m, obj, &at, &n))
		at = SIZE_MAX;
	if (at == SIZE_MAX || at < from)
		return from;
	if (at > from && m->data[at - 1] == '\n')
		at--;
	if (at > from && m->data[at - 1] == '\r')
		at--;
	return at;
}

static int
walk_multi(struct mime *m, size_t self, GMimeObject *obj)
{
	int i, n = m->gm->g_mime_multipart_get_count((GMimeMultipart *)obj);
	GMimeObject *child;

	for (i = 0; i < n && m->npart <= MIME_PARTS_MAX; i++) {
		child = m->gm->g_mime_multipart_get_part(
		    (GMimeMultipart *)obj, i);
		if (walk(m, self, child,
		    first_field(m, child, SIZE_MAX)) == -1)
			return -1;
	}
	return 0;
}

static int
walk_message(struct mime *m, size_t self, GMimeMessage *msg)
{
	GMimeObject *root = m->gm->g_mime_message_get_mime_part(msg);

	return root != NULL ? walk(m, self, root, message_at(m, msg)) : 0;
}

static int
walk(struct mime *m, size_t parent, GMimeObject *obj, size_t head)
{
	struct mime_part *p = part_add(m, parent, obj);
	size_t self = m->npart - 1, from;

	if (p == NULL)
		return -1;
	from = self > 0 ? m->part[self - 1].body : 0;
	p->head = head != SIZE_MAX ? head : empty_head(m, obj, from);
	if (p->depth > MIME_DEPTH_MAX + 2)
		return 0;
	if (mime_is_a(m, obj, m->gm->g_mime_multipart_get_type())) {
		p->kind = MIME_MULTI;
		p->body = mime_head_end(m->data, p->head, m->limit);
		p->nhead = p->body - p->head;
		return walk_multi(m, self, obj);
	}
	if (mime_is_a(m, obj, m->gm->g_mime_message_part_get_type())) {
		p->msg = m->gm->g_mime_message_part_get_message(
		    (GMimeMessagePart *)obj);
		p->body = mime_head_end(m->data, p->head, m->limit);
		p->nhead = p->body - p->head;
		if (p->msg == NULL)
			return 0;
		p->kind = MIME_MESSAGE;
		return walk_message(m, self, p->msg);
	}
	if (mime_is_a(m, obj, m->gm->g_mime_part_get_type()))
		leaf_place(m, p);
	else
		p->body = p->head;
	return 0;
}

/* Containers end where what holds them says so.  Parents come first, so
 * each finds the end of its own parent done. */
static void
containers_end(struct mime *m)
{
	const struct mime_part *up;
	const char *b;
	struct mime_part *p;
	size_t i, j, last, end, at;

	for (i = 0; i < m->npart; i++) {
		p = &m->part[i];
		if (p->kind == MIME_LEAF)
			continue;
		up = &m->part[p->parent];
		end = i > 0 ? up->body + up->nbody : m->limit;
		last = p->body;
		for (j = i + 1; j < m->npart && m->part[j].depth > p->depth;
		    j++)
			if (m->part[j].kind == MIME_LEAF &&
			    m->part[j].body + m->part[j].nbody > last)
				last = m->part[j].body + m->part[j].nbody;
		b = i > 0 ? boundary(m, up) : NULL;
		last = last < end ? last : end;
		at = b != NULL ? delimiter(m, last, end, b) : end;
		end = at < end ? before_delimiter(m, last, at) : end;
		p->nbody = end > p->body ? end - p->body : 0;
	}
}

static int
as_text(struct mime *m)
{
	struct mime_part *p = part_add(m, 0, NULL);

	if (p == NULL)
		return -1;
	p->nbody = m->size;
	m->nohead = true;
	return 0;
}

static int
parse(struct mime *m)
{
	const struct dyn_gmime *gm = m->gm;
	struct mime_mend mend;
	GMimeParser *parser;
	size_t i;

	/* The stream owns the array, and the array our octets. */
	m->stream = gm->g_mime_stream_mem_new_with_byte_array(
	    gm->g_byte_array_new_take(m->data, m->limit));
	gm->g_mime_stream_mem_set_owner((GMimeStreamMem *)m->stream, TRUE);
	parser = gm->g_mime_parser_new_with_stream(m->stream);
	gm->g_mime_parser_set_persist_stream(parser, TRUE);
	mime_mend(&mend, m->data, m->limit);
	m->msg = gm->g_mime_parser_construct_message(parser, NULL);
	mime_mend_undo(&mend, m->data);
	gm->g_object_unref(parser);
	if (m->msg == NULL)
		return as_text(m);
	if (walk_message(m, 0, m->msg) == -1)
		return -1;
	if (m->npart == 0)
		return as_text(m);
	m->part[0].head = 0;
	m->part[0].nhead = m->part[0].body;
	containers_end(m);
	for (i = 0; i < m->npart; i++)
		if (mime_read_params(m, &m->part[i]) == -1)
			return -1;
	return 0;
}

int
mime_open(struct mime *m, uint8_t *data, size_t n)
{
	memset(m, 0, sizeof *m);
	m->data = data;
	m->size = n;
	m->gm = dyn_gmime();
	if (m->gm == NULL || data == NULL) {
		free(data);
		m->data = NULL;
		return -1;
	}
	m->limit = mime_cap(data, n);
	if (parse(m) == -1) {
		mime_close(m);
		return -1;
	}
	return 0;
}

void
mime_close(struct mime *m)
{
	size_t i;

	if (m->msg != NULL)
		m->gm->g_object_unref(m->msg);
	if (m->stream != NULL)
		m->gm->g_object_unref(m->stream);
	else
		free(m->data);
	for (i = 0; i < m->npart; i++) {
		mparams_clear(&m->part[i].type);
		mparams_clear(&m->part[i].disposition);
	}
	free(m->part);
	memset(m, 0, sizeof *m);
}

uint8_t *
mime_slurp(int fd, size_t max, size_t *n)
{
	size_t cap = 64 * 1024, got = 0, more;
	uint8_t *p = NULL, *q;
	off_t size;
	ssize_t r;

	*n = 0;
	size = lseek(fd, 0, SEEK_END);
	if (size > 0 && (size_t)size < max)
		cap = (size_t)size + 1;
	for (;;) {
		q = realloc(p, cap);
		if (q == NULL)
			break;
		p = q;
		more = cap - got;
		r = pread(fd, p + got, more, (off_t)got);
		if (r == -1 && errno == EINTR)
			continue;
		if (r == -1)
			break;
		got += (size_t)r;
		if (r == 0 || got >= max) {
			*n = got < max ? got : max;
			return p;
		}
		if (got == cap)
			cap *= 2;
	}
	free(p);
	return NULL;
}
