#include <string.h>

#include "store/mime_imap.h"
#include "store/mime_place.h"

static uint32_t
get32(const uint8_t *p)
{
	uint32_t v;

	memcpy(&v, p, sizeof v);
	return v;
}

static uint64_t
get64(const uint8_t *p)
{
	uint64_t v;

	memcpy(&v, p, sizeof v);
	return v;
}

size_t
mime_places(const uint8_t *blob, size_t n)
{
	size_t count;

	if (n < 8 || get32(blob) != MIME_PARTS_VERSION)
		return 0;
	count = get32(blob + 4);
	return count == (n - 8) / MIME_PART_OCTETS &&
	    (n - 8) % MIME_PART_OCTETS == 0 ? count : 0;
}

bool
mime_place(const uint8_t *blob, size_t n, size_t i, uint64_t size,
    struct mime_place *p)
{
	const uint8_t *at = blob + 8 + i * MIME_PART_OCTETS;
	size_t count = mime_places(blob, n);

	memset(p, 0, sizeof *p);
	if (i >= count || get32(at) > MIME_MESSAGE)
		return false;
	p->kind = get32(at);
	p->parent = get32(at + 4);
	p->nth = get32(at + 8);
	p->nchild = get32(at + 12);
	p->head = get64(at + 16);
	p->nhead = get64(at + 24);
	p->body = get64(at + 32);
	p->nbody = get64(at + 40);
	p->lf_head = get32(at + 48);
	p->lf_body = get32(at + 52);
	p->lines = get32(at + 56);
	p->depth = get32(at + 60);
	return (i == 0 ? p->parent == 0 : p->parent < i) &&
	    p->head <= size && p->nhead <= size - p->head &&
	    p->body <= size && p->nbody <= size - p->body;
}

/* ---- by numbers ---- */

static bool
child(const struct mime_table *t, size_t parent, uint32_t nth, size_t *out)
{
	size_t i, count = mime_places(t->blob, t->n);
	struct mime_place p;

	for (i = parent + 1; i < count; i++)
		if (mime_place(t->blob, t->n, i, t->size, &p) &&
		    p.parent == parent && p.nth == nth) {
			*out = i;
			return true;
		}
	return false;
}

/*
 * Part n of a message whose content is entry `root`: a multipart has
 * children, anything else is its own part 1.
 */
static bool
part_of_message(const struct mime_table *t, size_t root, uint32_t nth,
    size_t *out)
{
	struct mime_place p;

	if (!mime_place(t->blob, t->n, root, t->size, &p))
		return false;
	if (p.kind == MIME_MULTI)
		return child(t, root, nth, out);
	*out = root;
	return nth == 1;
}

/* The content of the message that entry i holds. */
static bool
message_in(const struct mime_table *t, size_t i, size_t *out)
{
	struct mime_place p;

	return mime_place(t->blob, t->n, i, t->size, &p) &&
	    p.kind == MIME_MESSAGE && child(t, i, 1, out);
}

/* A multipart of none has one empty part, as mime_bodystructure() has it. */
static bool
nothing(const struct mime_table *t, size_t multi, uint32_t nth,
    struct mime_place *p)
{
	if (nth != 1 || !mime_place(t->blob, t->n, multi, t->size, p) ||
	    p->kind != MIME_MULTI || p->nchild != 0)
		return false;
	*p = (struct mime_place){ .kind = MIME_LEAF };
	return true;
}

bool
mime_place_find(const struct mime_table *t, const uint32_t *part,
    size_t npart, bool inside, struct mime_place *p)
{
	size_t i, at = 0, root;

	memset(p, 0, sizeof *p);
	for (i = 0; i < npart; i++) {
		root = at;
		if (!mime_place(t->blob, t->n, at, t->size, p) ||
		    (i > 0 && p->kind != MIME_MULTI &&
		    !message_in(t, at, &root)))
			return false;
		if (!part_of_message(t, root, part[i], &at))
			return i + 1 == npart && !inside &&
			    nothing(t, root, part[i], p);
	}
	if (npart > 0 && inside && !message_in(t, at, &at))
		return false;
	return mime_place(t->blob, t->n, at, t->size, p);
}
