/* filter/traits, form, route: any fields; names must not change what is found,
 * and it is little. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "mailnode/filter/form.h"
#include "mailnode/filter/route.h"
#include "mailnode/filter/traits.h"

int	LLVMFuzzerTestOneInput(const uint8_t *, size_t);

enum { FIELDS = 40 };
/* Tokens. */
enum { EACH = 12, BEHIND = 8, EACH_ROUTE = ROUTE_FIELD_MAX /
    (ROUTE_WORD_MIN + 1) + 1 };

static const char *const known[] = { "from", "reply-to", "to", "cc",
    "message-id", "subject", "in-reply-to", "received", "date", "x-" };

/* Lines of a number that names a field, or a name and a colon, and a value.
 * Returns how many tokens these may be at most. */
static size_t
fields(struct tokens *t, const char *p, size_t n)
{
	enum { KNOWN = sizeof known / sizeof known[0] };
	const char *end = p + n, *nl, *colon, *name;
	struct traits x = { .recipients = 0 };
	struct form f = { .nbefore = 0 };
	size_t nname, count = 0, most = BEHIND;

	tokens_reset(t);
	t->head = true;
	for (; p < end && count < FIELDS; p = nl < end ? nl + 1 : end) {
		nl = memchr(p, '\n', (size_t)(end - p));
		nl = nl != NULL ? nl : end;
		colon = memchr(p, ':', (size_t)(nl - p));
		if (colon != NULL) {
			name = p;
			nname = (size_t)(colon - p);
			p = colon + 1;
		} else if (p < nl) {
			name = known[(uint8_t)*p++ % KNOWN];
			nname = strlen(name);
		} else
			continue;
		(void)traits_use(name, nname);
		traits_field(&x, t, name, nname, p, (size_t)(nl - p));
		form_field(&f, t, name, nname, p, (size_t)(nl - p));
		most += EACH;
		if (nname == 8 && memcmp(name, "received", 8) == 0) {
			route_field(t, p, (size_t)(nl - p));
			most += EACH_ROUTE;
		}
		count++;
	}
	traits_end(&x, t);
	return most;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	static struct tokens named, bare;
	static const uint8_t none;
	const char *p = (const char *)(n > 0 ? data : &none);
	size_t i, most;

	if (named.hash == NULL && (tokens_init(&named, 1, true) == -1 ||
	    tokens_init(&bare, 1, false) == -1))
		abort();
	most = fields(&named, p, n);
	(void)fields(&bare, p, n);
	if (named.n != bare.n || named.n > most)
		abort();
	for (i = 0; i < named.n; i++)
		if (named.hash[i] != bare.hash[i] ||
		    strlen(tokens_name(&named, i)) >= TOKEN_NAME_MAX)
			abort();
	return 0;
}
