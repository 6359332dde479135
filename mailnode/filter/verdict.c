#include <ctype.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "mailnode/filter/learner.h"
#include "mailnode/filter/sample.h"
#include "mailnode/filter/verdict.h"

bool
verdict_bayes_junk(const struct bayes_score *r, unsigned int doubts)
{
	return r->enough && r->junk > (doubts != 0 ? VERDICT_DOUBT :
	    VERDICT_JUNK);
}

const char *
verdict_bayes_text(const struct bayes_score *r)
{
	if (!r->enough)
		return "unknown";
	return verdict_bayes_junk(r, 0) ? "junk" : "good";
}

/* ---- To and Cc ---- */

static bool
in_address(uint8_t c)
{
	return isalnum(c) || c >= 0x80 || c == '.' || c == '-' || c == '_' ||
	    c == '+';
}

static bool
holds(const uint8_t *p, const uint8_t *end, const char *address)
{
	size_t n = strlen(address);
	const uint8_t *at;

	for (at = p; (size_t)(end - at) >= n; at++)
		if (strncasecmp((const char *)at, address, n) == 0 &&
		    (at == p || !in_address(at[-1])) &&
		    (at + n == end || !in_address(at[n])))
			return true;
	return false;
}

/* Behind the field at p, its continuations included. */
static const uint8_t *
field_end(const uint8_t *p, const uint8_t *end)
{
	const uint8_t *nl;

	do {
		nl = memchr(p, '\n', (size_t)(end - p));
		p = nl != NULL ? nl + 1 : end;
	} while (p < end && (*p == ' ' || *p == '\t'));
	return p;
}

bool
verdict_addressed(const uint8_t *p, size_t n, const char *const *rcpt,
    size_t nrcpt)
{
	const uint8_t *end, *next;
	size_t i;

	if (n == 0)
		return false;
	end = p + n;
	for (; p < end && *p != '\n' && *p != '\r'; p = next) {
		next = field_end(p, end);
		if (next - p < 4 || (strncasecmp((const char *)p, "to:", 3)
		    != 0 && strncasecmp((const char *)p, "cc:", 3) != 0))
			continue;
		for (i = 0; i < nrcpt; i++)
			if (holds(p + 3, next, rcpt[i]))
				return true;
	}
	return false;
}

/* ---- for a session ---- */

void
verdict_preload(const char *home)
{
	static bool loaded;
	char path[4096];

	if (!loaded && learner_path(path, sizeof path, home) &&
	    access(path, R_OK) == 0)
		loaded = sample_init() == 0;
}

void
verdict_open(struct verdict_filter *f, const char *home)
{
	struct table_head h;
	char path[4096];

	memset(f, 0, sizeof *f);
	if (!learner_path(path, sizeof path, home) ||
	    table_open(&f->table, path) != TABLE_OK)
		return;
	if (!table_head(&f->table, &h) || sample_init() == -1 ||
	    tokens_init(&f->tokens, h.key, true) == -1)
		table_close(&f->table);
}

void
verdict_close(struct verdict_filter *f)
{
	tokens_clear(&f->tokens);
	table_close(&f->table);
}

/* The tokens that say most for the verdict, in a line. */
static void
put_reasons(struct verdict_filter *f, bool junk, struct buf *line)
{
	double *all = calloc(f->tokens.n + 1, sizeof *all);
	double by[VERDICT_TOKENS] = { 0 }, share;
	size_t best[VERDICT_TOKENS], n = 0, i, k;

	if (all == NULL)
		return;
	bayes_shares(&f->table, &f->tokens, all);
	for (i = 0; i < f->tokens.n; i++) {
		share = junk ? all[i] : -all[i];
		if (share <= 0 || (n == VERDICT_TOKENS &&
		    share <= by[n - 1]))
			continue;
		n += n < VERDICT_TOKENS;
		for (k = n - 1; k > 0 && by[k - 1] < share; k--) {
			by[k] = by[k - 1];
			best[k] = best[k - 1];
		}
		by[k] = share;
		best[k] = i;
	}
	for (k = 0; k < n; k++)
		buf_addf(line, "%s%s", k > 0 ? "," : "(",
		    tokens_name(&f->tokens, best[k]));
	if (n > 0)
		buf_addc(line, ')');
	free(all);
}

bool
verdict_words(struct verdict_filter *f, const uint8_t *p, size_t n,
    unsigned int doubts, struct buf *line)
{
	struct bayes_score r;
	bool junk;

	if (!bayes_enough(&f->table))
		return false;
	tokens_reset(&f->tokens);
	if (sample_tokens(&f->tokens, p, n) == -1)
		return false;
	bayes_score(&f->table, &f->tokens, &r);
	if (!r.enough)
		return false;
	junk = verdict_bayes_junk(&r, doubts);
	buf_addf(line, " bayes=%.3f", r.junk);
	put_reasons(f, junk, line);
	return junk;
}
