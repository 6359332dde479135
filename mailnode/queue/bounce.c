#include <string.h>
#include <strings.h>

#include "mailnode/base/buf.h"
#include "mailnode/base/codec.h"
#include "mailnode/queue/bounce.h"

static bool
blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* Into dst, terminated: as much as fits, runs of blanks and controls one. */
static void
copy(char *dst, size_t size, const char *p, const char *end)
{
	size_t n = 0;

	while (p < end && blank(*p))
		p++;
	while (end > p && blank(end[-1]))
		end--;
	for (; p < end && n + 1 < size; p++)
		if ((unsigned char)*p > ' ' && *p != 0x7f)
			dst[n++] = *p;
		else if (n > 0 && dst[n - 1] != ' ')
			dst[n++] = ' ';
	dst[n] = '\0';
}

/* "\x{3B1}" at p: RFC 6533 section 3.  Its end, or NULL. */
static const char *
escape(const char *p, const char *end, uint32_t *c)
{
	const char *start;

	*c = 0;
	if (end - p < 5 || memcmp(p, "\\x{", 3) != 0)
		return NULL;
	for (start = p += 3; p < end && p - start < 6 &&
	    codec_hex_value(*p) >= 0; p++)
		*c = *c << 4 | (uint32_t)codec_hex_value(*p);
	return p > start && p < end && *p == '}' ? p + 1 : NULL;
}

/* An address of type utf-8, in any of its three encodings. */
static void
copy_utf8(char *dst, size_t size, const char *p, const char *end)
{
	const char *next;
	struct buf b;
	uint32_t c;

	buf_init(&b, BOUNCE_FIELD_MAX);
	while (p < end && b.err == 0) {
		next = *p == '\\' ? escape(p, end, &c) : NULL;
		if (next != NULL && (c <= ' ' || c == 0x7f))
			next = NULL;
		if (next != NULL)
			codec_utf8_put(&b, c);
		else
			buf_addc(&b, *p);
		p = next != NULL ? next : p + 1;
	}
	next = buf_str(&b) != NULL ? (const char *)b.data : "";
	copy(dst, size, next, next + strlen(next));
	buf_clear(&b);
}

/* "type; value": what is behind the semicolon, or all of it. */
static void
typed(char *dst, size_t size, const char *p, const char *end)
{
	const char *semi = memchr(p, ';', (size_t)(end - p));
	char type[16];

	if (semi == NULL) {
		copy(dst, size, p, end);
		return;
	}
	copy(type, sizeof type, p, semi);
	if (strcasecmp(type, "utf-8") == 0)
		copy_utf8(dst, size, semi + 1, end);
	else
		copy(dst, size, semi + 1, end);
}

/* An address perhaps in < >, as some write it. */
static void
address(char *dst, size_t size, const char *p, const char *end)
{
	size_t n;

	typed(dst, size, p, end);
	n = strlen(dst);
	if (n > 2 && dst[0] == '<' && dst[n - 1] == '>') {
		memmove(dst, dst + 1, n - 2);
		dst[n - 2] = '\0';
	}
}

static enum bounce_action
action(const char *p, const char *end)
{
	static const struct {
		const char	*name;
		enum bounce_action action;
	} known[] = {
		{ "failed", BOUNCE_FAILED }, { "delayed", BOUNCE_DELAYED },
		{ "delivered", BOUNCE_DELIVERED },
		{ "relayed", BOUNCE_RELAYED },
		{ "expanded", BOUNCE_EXPANDED },
		/* Said for "failed". */
		{ "failure", BOUNCE_FAILED }, { "fail", BOUNCE_FAILED },
		{ "error", BOUNCE_FAILED }
	};
	size_t i, n;

	while (p < end && blank(*p))
		p++;
	for (i = 0; i < sizeof known / sizeof known[0]; i++) {
		n = strlen(known[i].name);
		if ((size_t)(end - p) >= n && strncasecmp(p, known[i].name,
		    n) == 0 && ((size_t)(end - p) == n || blank(p[n]) ||
		    p[n] == '('))
			return known[i].action;
	}
	return BOUNCE_UNKNOWN;
}

/* RFC 8098 section 3.2.6: modes ";" type, perhaps "/" and modifiers. */
static enum bounce_action
disposition(const char *p, const char *end)
{
	static const char shown[] = "displayed";
	const char *semi = memchr(p, ';', (size_t)(end - p));

	for (p = semi != NULL ? semi + 1 : end; p < end && blank(*p); )
		p++;
	return (size_t)(end - p) >= sizeof shown - 1 && strncasecmp(p, shown,
	    sizeof shown - 1) == 0 ? BOUNCE_READ : BOUNCE_UNKNOWN;
}

/* RFC 3463 section 2: class "." subject "." detail, perhaps more behind. */
static void
status(char dst[16], const char *p, const char *end)
{
	size_t n = 0, dots = 0;

	while (p < end && blank(*p))
		p++;
	for (; p < end && n < 11 && ((*p >= '0' && *p <= '9') || *p == '.');
	    p++) {
		dots += *p == '.';
		dst[n++] = *p;
	}
	dst[n] = '\0';
	if (dots != 2 || strchr("245", dst[0]) == NULL || dst[1] != '.' ||
	    dst[n - 1] == '.' || strstr(dst, "..") != NULL)
		dst[0] = '\0';
}

static void
recipient_field(struct bounce_rcpt *r, const char *name, size_t n,
    const char *p, const char *end)
{
#define IS(s)	(n == sizeof(s) - 1 && strncasecmp(name, s, n) == 0)
	if (IS("Final-Recipient"))
		address(r->final, sizeof r->final, p, end);
	else if (IS("Original-Recipient"))
		address(r->original, sizeof r->original, p, end);
	else if (IS("Action"))
		r->action = action(p, end);
	else if (IS("Disposition"))
		r->action = disposition(p, end);
	else if (IS("Status"))
		status(r->status, p, end);
	else if (IS("Diagnostic-Code"))
		typed(r->diagnostic, sizeof r->diagnostic, p, end);
	else if (IS("Remote-MTA"))
		typed(r->mta, sizeof r->mta, p, end);
}

static void
message_field(struct bounce *b, const char *name, size_t n, const char *p,
    const char *end)
{
	if (IS("Reporting-MTA"))
		typed(b->reporting_mta, sizeof b->reporting_mta, p, end);
	else if (IS("Original-Envelope-Id"))
		copy(b->envid, sizeof b->envid, p, end);
}

/* Does a group tell of a recipient?  The first one must not. */
static bool
of_recipient(const char *name, size_t n, bool *who)
{
	*who = IS("Final-Recipient") || IS("Original-Recipient");
	return *who || IS("Action");
#undef IS
}

struct reader {
	struct bounce	*b;
	struct buf	 field;		/* unfolded */
	bool		 open;		/* the group has a recipient */
	struct bounce_rcpt extra;	/* of those that are not kept */
};

static struct bounce_rcpt *
current(struct reader *r)
{
	return r->b->total > BOUNCE_RCPTS_MAX ? &r->extra :
	    &r->b->rcpt[r->b->total - 1];
}

/* Some put Action before the blank line, into a group that names nobody: it
 * is of whom the next one names. */
static void
group_begins(struct reader *r, bool who)
{
	r->open = true;
	if (who && r->b->total > 0 && current(r)->final[0] == '\0' &&
	    current(r)->original[0] == '\0')
		return;
	r->b->total++;
	memset(current(r), 0, sizeof r->extra);
}

static void
field_ends(struct reader *r)
{
	const char *p = (const char *)r->field.data, *end, *colon;
	bool who;
	size_t n;

	if (r->field.len > 0 && r->field.err == 0 &&
	    (colon = memchr(p, ':', r->field.len)) != NULL) {
		end = p + r->field.len;
		for (n = (size_t)(colon - p); n > 0 && blank(p[n - 1]); )
			n--;
		if (!r->open && of_recipient(p, n, &who))
			group_begins(r, who);
		message_field(r->b, p, n, colon + 1, end);
		if (r->open)
			recipient_field(current(r), p, n, colon + 1, end);
	}
	buf_reset(&r->field);
}

static void
line(struct reader *r, const char *p, size_t n)
{
	size_t i = 0;

	while (i < n && blank(p[i]))
		i++;
	if (i == n) {
		field_ends(r);
		r->open = false;
	} else {
		if (i == 0)
			field_ends(r);
		buf_add(&r->field, p, n);
	}
}

void
bounce_parse(struct bounce *b, const char *p, size_t n)
{
	const char *end = p + n, *lf;
	struct reader r = { .b = b };

	memset(b, 0, sizeof *b);
	buf_init(&r.field, BOUNCE_FIELD_MAX);
	for (; p < end; p = lf < end ? lf + 1 : end) {
		lf = memchr(p, '\n', (size_t)(end - p));
		if (lf == NULL)
			lf = end;
		line(&r, p, (size_t)(lf - p));
	}
	field_ends(&r);
	buf_clear(&r.field);
	b->n = b->total < BOUNCE_RCPTS_MAX ? b->total : BOUNCE_RCPTS_MAX;
}

const char *
bounce_action_text(enum bounce_action a)
{
	static const char *const text[] = {
		[BOUNCE_UNKNOWN] = "unknown", [BOUNCE_FAILED] = "failed",
		[BOUNCE_DELAYED] = "delayed",
		[BOUNCE_DELIVERED] = "delivered",
		[BOUNCE_RELAYED] = "relayed", [BOUNCE_EXPANDED] = "expanded",
		[BOUNCE_READ] = "read"
	};

	return text[a];
}
