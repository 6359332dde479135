#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "store/mime_cap.h"
#include "store/mime_row.h"
#include "store/mime_text.h"
#include "store/mtext.h"
#include "store/mword.h"

/* A string of the answer: one line of clean UTF-8 of at most max octets. */
static void
put_line(struct buf *out, const char *s, size_t max, bool lower)
{
	struct buf utf8, line;
	size_t i;

	buf_init(&utf8, MIME_HEAD_MAX);
	buf_init(&line, MIME_HEAD_MAX);
	if (s != NULL && mtext_utf8(&utf8, NULL, s, strlen(s)) == 0)
		(void)mtext_line(&line, (char *)utf8.data, utf8.len, max);
	for (i = 0; lower && i < line.len; i++)
		line.data[i] = (uint8_t)tolower(line.data[i]);
	chan_put_bytes(out, line.data, line.len);
	buf_clear(&utf8);
	buf_clear(&line);
}

static void
put_headers(const struct mime *m, struct buf *out)
{
	const struct dyn_gmime *gm = m->gm;
	GMimeHeaderList *l;
	GMimeHeader *h;
	struct buf utf8;
	const char *name, *raw;
	int i, n;

	l = m->msg != NULL ?
	    gm->g_mime_object_get_header_list((GMimeObject *)m->msg) : NULL;
	n = l != NULL ? gm->g_mime_header_list_get_count(l) : 0;
	for (i = 0; i < n; i++) {
		h = gm->g_mime_header_list_get_header_at(l, i);
		name = gm->g_mime_header_get_name(h);
		raw = gm->g_mime_header_get_raw_value(h);
		if (raw == NULL)
			continue;
		chan_put_u8(out, 1);
		put_line(out, name, 200, false);
		buf_init(&utf8, MIME_HEAD_MAX);
		(void)mword_field(&utf8, name, raw, strlen(raw));
		put_line(out, buf_str(&utf8), 64 * 1024, false);
		buf_clear(&utf8);
	}
	chan_put_u8(out, 0);
}

/* Never a path: what stands behind the last slash of either kind. */
static const char *
base_name(const char *s)
{
	const char *p;

	for (p = s; s != NULL && *p != '\0'; p++)
		if (*p == '/' || *p == '\\')
			s = p + 1;
	return s;
}

static void
put_part(const struct mime *m, const struct mime_part *p, uint32_t flags,
    struct buf *out)
{
	GMimeHeaderList *l = p->obj != NULL ?
	    m->gm->g_mime_object_get_header_list(p->obj) : NULL;
	char *description = mime_field_of(m, l, "Content-Description");
	char *encoding = mime_field_of(m, l, "Content-Transfer-Encoding");
	char disposition[32], type[200];
	struct buf path;

	buf_init(&path, PARSE_PATH_MAX);
	mime_path(m, p, &path);
	snprintf(type, sizeof type, "%s/%s", mime_type(m, p),
	    mime_subtype(m, p));
	mime_disposition(m, p, disposition, sizeof disposition);
	chan_put_u8(out, 1);
	chan_put_bytes(out, path.data, path.len);
	put_line(out, type, sizeof type, true);
	put_line(out, mime_param(m, p, "charset"), 40, true);
	put_line(out, base_name(mime_filename(m, p)), 255, false);
	put_line(out, disposition, sizeof disposition, true);
	put_line(out, p->obj != NULL ?
	    m->gm->g_mime_object_get_content_id(p->obj) : NULL, 255, false);
	put_line(out, description, 500, false);
	put_line(out, encoding, 40, true);
	chan_put_u64(out, p->nbody);
	chan_put_u32(out, p->depth);
	chan_put_u32(out, flags);
	buf_clear(&path);
	free(description);
	free(encoding);
}

static const struct mime_part *
html_body(const struct mime *m, const uint32_t *flags)
{
	size_t i;

	for (i = 0; i < m->npart; i++)
		if ((flags[i] & (PARSE_P_HTML | PARSE_P_ATTACH)) ==
		    PARSE_P_HTML)
			return &m->part[i];
	return NULL;
}

/* Of a text in parts the start, cut between characters. */
static bool
cut(struct buf *text, size_t max)
{
	size_t n = max;

	if (text->len <= max)
		return false;
	while (n > 0 && (text->data[n] & 0xc0) == 0x80)
		n--;
	text->len = n;
	return true;
}

/* The text that is to be read; *more: there is more of it. */
static void
make_text(const struct mime *m, const uint32_t *flags, struct buf *text,
    bool *html, bool *more)
{
	size_t i;

	buf_init(text, PARSE_ANSWER_MAX);
	(void)mime_body(m, flags, text, html);
	*more = cut(text, m->text_max > 0 ? m->text_max : ROW_SHOW_MAX) &&
	    m->text_max > 0;
	for (i = 0; i < m->npart; i++)
		*more = *more || ((flags[i] & PARSE_P_BODY) != 0 &&
		    mime_is_cut(m, &m->part[i]));
	*more = *more || m->part_of_it;
}

static void
put_text(const struct mime *m, const uint32_t *flags, const struct buf *text,
    bool html, struct buf *out)
{
	const struct mime_part *p = html_body(m, flags);
	struct buf path;

	buf_init(&path, PARSE_PATH_MAX);
	if (p != NULL)
		mime_path(m, p, &path);
	chan_put_bytes(out, text->data, text->len);
	chan_put_u8(out, html);
	chan_put_u8(out, p != NULL);
	chan_put_bytes(out, path.data, path.len);
	buf_clear(&path);
}

/* Of the first calendar that is not the text itself. */
static void
put_event(const struct mime *m, const uint32_t *flags, struct buf *out)
{
	struct buf event;
	size_t i;

	buf_init(&event, PARSE_ANSWER_MAX);
	for (i = 0; i < m->npart && event.len == 0; i++)
		if ((flags[i] & PARSE_P_BODY) == 0)
			(void)mime_event(m, &m->part[i], false, &event);
	chan_put_bytes(out, event.data, event.err == 0 ? event.len : 0);
	buf_clear(&event);
}

int
mime_show(const struct mime *m, enum parse_want want, struct buf *out)
{
	uint32_t *flags = calloc(m->npart, sizeof *flags);
	bool html, more;
	struct buf text;
	size_t i;

	if (flags == NULL)
		return -1;
	mime_pick(m, want, flags);
	make_text(m, flags, &text, &html, &more);
	chan_put_u32(out, (m->limit < m->size ? PARSE_CUT : 0) |
	    (m->nohead ? PARSE_NOHEAD : 0) | (more ? PARSE_MORE : 0) |
	    (mime_has_attachment(m, flags) ? PARSE_ATTACH : 0));
	put_headers(m, out);
	for (i = 0; i < m->npart; i++)
		put_part(m, &m->part[i], flags[i], out);
	chan_put_u8(out, 0);
	put_text(m, flags, &text, html, out);
	put_event(m, flags, out);
	buf_clear(&text);
	free(flags);
	return out->err ? -1 : 0;
}

int
mime_show_text(const struct mime *m, enum parse_want want, struct buf *out)
{
	uint32_t *flags = calloc(m->npart, sizeof *flags);
	bool html, more;
	struct buf text;

	if (flags == NULL)
		return -1;
	mime_pick(m, want, flags);
	make_text(m, flags, &text, &html, &more);
	buf_add(out, text.data, text.len);
	buf_clear(&text);
	free(flags);
	return out->err ? -1 : 0;
}
