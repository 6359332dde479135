/* What a part says of itself, its number, and its content. */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "mailnode/base/decode.h"
#include "store/mime.h"
#include "store/mime_cap.h"

enum { PATH_ROOM = 16 * (MIME_DEPTH_MAX + 4) };

bool
mime_is_a(const struct mime *m, void *obj, GType type)
{
	return obj != NULL &&
	    m->gm->g_type_check_instance_is_a((GTypeInstance *)obj, type);
}

static GMimeContentType *
ctype(const struct mime *m, const struct mime_part *p)
{
	return p->obj != NULL ?
	    m->gm->g_mime_object_get_content_type(p->obj) : NULL;
}

const char *
mime_type(const struct mime *m, const struct mime_part *p)
{
	GMimeContentType *t = ctype(m, p);
	const char *s;

	if (p->untyped)
		return "text";
	s = t != NULL ? m->gm->g_mime_content_type_get_media_type(t) : NULL;
	return s != NULL && *s != '\0' ? s : "text";
}

const char *
mime_subtype(const struct mime *m, const struct mime_part *p)
{
	GMimeContentType *t = ctype(m, p);
	const char *s;

	if (p->untyped)
		return "plain";
	s = t != NULL ?
	    m->gm->g_mime_content_type_get_media_subtype(t) : NULL;
	return s != NULL && *s != '\0' ? s : "plain";
}

bool
mime_is(const struct mime *m, const struct mime_part *p, const char *type,
    const char *subtype)
{
	return strcasecmp(mime_type(m, p), type) == 0 && (subtype == NULL ||
	    strcasecmp(mime_subtype(m, p), subtype) == 0);
}

const char *
mime_param(const struct mime *m, const struct mime_part *p,
    const char *name)
{
	(void)m;
	return mparams_get(&p->type, name);
}

void
mime_disposition(const struct mime *m, const struct mime_part *p, char *dst,
    size_t size)
{
	GMimeContentDisposition *d = NULL;
	const char *s = NULL;
	size_t i;

	if (p->obj != NULL)
		d = m->gm->g_mime_object_get_content_disposition(p->obj);
	if (d != NULL)
		s = m->gm->g_mime_content_disposition_get_disposition(d);
	for (i = 0; s != NULL && s[i] != '\0' && i + 1 < size; i++)
		dst[i] = (char)tolower((unsigned char)s[i]);
	dst[i] = '\0';
}

const char *
mime_filename(const struct mime *m, const struct mime_part *p)
{
	const char *name = mparams_get(&p->disposition, "filename");

	(void)m;
	if (p->kind == MIME_MULTI)
		return NULL;
	if (name == NULL || *name == '\0')
		name = mparams_get(&p->type, "name");
	return name != NULL && *name != '\0' ? name : NULL;
}

/* Of several the last, which GMime makes its objects of. */
static int
read_field(const struct mime *m, GMimeHeaderList *list, const char *name,
    struct mparams *to)
{
	const char *raw = NULL, *s;
	GMimeHeader *h;
	int i;

	for (i = m->gm->g_mime_header_list_get_count(list); i > 0; i--) {
		h = m->gm->g_mime_header_list_get_header_at(list, i - 1);
		s = m->gm->g_mime_header_get_name(h);
		if (s == NULL || strcasecmp(s, name) != 0)
			continue;
		raw = m->gm->g_mime_header_get_raw_value(h);
		break;
	}
	return raw != NULL ? mparams_read(to, raw, strlen(raw)) : 0;
}

int
mime_read_params(const struct mime *m, struct mime_part *p)
{
	GMimeHeaderList *l = p->obj != NULL ?
	    m->gm->g_mime_object_get_header_list(p->obj) : NULL;

	if (l == NULL)
		return 0;
	if (read_field(m, l, "Content-Type", &p->type) == -1 ||
	    read_field(m, l, "Content-Disposition", &p->disposition) == -1)
		return -1;
	p->untyped = p->kind == MIME_LEAF && p->type.there &&
	    !p->type.good;
	return 0;
}

char *
mime_field_of(const struct mime *m, GMimeHeaderList *list, const char *name)
{
	GMimeHeader *h;
	const char *raw;
	char *s, *owned = NULL;

	h = list != NULL ?
	    m->gm->g_mime_header_list_get_header(list, name) : NULL;
	raw = h != NULL ? m->gm->g_mime_header_get_raw_value(h) : NULL;
	if (raw == NULL)
		return NULL;
	s = m->gm->g_mime_utils_header_unfold(raw);
	if (s != NULL)
		owned = strdup(s);
	m->gm->g_free(s);
	return owned;
}

char *
mime_field(const struct mime *m, const char *name)
{
	GMimeHeaderList *l;

	if (m->msg == NULL)
		return NULL;
	l = m->gm->g_mime_object_get_header_list((GMimeObject *)m->msg);
	return mime_field_of(m, l, name);
}

/* A body that is one part has the number 1; a multipart right below a
 * message has no number of its own. */
static bool
has_number(const struct mime *m, const struct mime_part *p)
{
	return p->kind != MIME_MULTI || (p != m->part &&
	    m->part[p->parent].kind == MIME_MULTI);
}

void
mime_path(const struct mime *m, const struct mime_part *p, struct buf *out)
{
	const struct mime_part *up = &m->part[p->parent];

	if (p == m->part) {
		if (p->kind != MIME_MULTI)
			buf_adds(out, "1");
		return;
	}
	mime_path(m, up, out);
	if (!has_number(m, p))
		return;
	buf_addf(out, "%s%u", out->len > 0 ? "." : "",
	    (unsigned)(up->kind == MIME_MULTI ? p->nth : 1));
}

const struct mime_part *
mime_find(const struct mime *m, const char *path)
{
	struct buf b;
	const struct mime_part *hit = NULL;
	const char *s;
	size_t i;

	buf_init(&b, PATH_ROOM);
	for (i = 0; i < m->npart && hit == NULL; i++) {
		buf_reset(&b);
		mime_path(m, &m->part[i], &b);
		s = buf_str(&b);
		if (s != NULL && strcmp(s, path) == 0)
			hit = &m->part[i];
	}
	buf_clear(&b);
	return hit;
}

/* What GMime alone undoes: uuencode. */
static int
decode_other(const struct mime *m, const struct mime_part *p,
    struct buf *out)
{
	const struct dyn_gmime *gm = m->gm;
	GMimeDataWrapper *w = NULL;
	GMimeStream *s;
	GByteArray *bytes;
	int rc = -1;

	if (mime_is_a(m, p->obj, gm->g_mime_part_get_type()) &&
	    gm->g_mime_part_get_content_encoding((GMimePart *)p->obj) ==
	    GMIME_CONTENT_ENCODING_UUENCODE)
		w = gm->g_mime_part_get_content((GMimePart *)p->obj);
	if (w == NULL)
		return buf_add(out, m->data + p->body, p->nbody);
	s = gm->g_mime_stream_mem_new();
	if (gm->g_mime_data_wrapper_write_to_stream(w, s) != -1) {
		bytes = gm->g_mime_stream_mem_get_byte_array(
		    (GMimeStreamMem *)s);
		rc = buf_add(out, bytes->data, bytes->len);
	}
	gm->g_object_unref(s);
	return rc;
}

static void
take(void *arg, const char *p, size_t n)
{
	(void)buf_add(arg, p, n);
}

enum cte
mime_cte(const struct mime *m, const struct mime_part *p)
{
	char *raw;
	enum cte cte = CTE_IDENTITY;

	if (p->kind != MIME_LEAF || p->obj == NULL)
		return cte;
	raw = mime_field_of(m, m->gm->g_mime_object_get_header_list(p->obj),
	    "Content-Transfer-Encoding");
	if (raw != NULL)
		cte = decode_named(raw, strlen(raw));
	free(raw);
	return cte;
}

int
mime_decode(const struct mime *m, const struct mime_part *p,
    struct buf *out)
{
	enum cte cte = mime_cte(m, p);
	struct decoder d;

	if (cte == CTE_IDENTITY)
		return buf_add(out, m->data + p->body, p->nbody);
	if (cte == CTE_UNKNOWN)
		return decode_other(m, p, out);
	decode_init(&d, cte, take, out);
	decode_as_is(&d);
	decode_put(&d, (const char *)m->data + p->body, p->nbody);
	decode_end(&d);
	return out->err != 0 ? -1 : 0;
}
