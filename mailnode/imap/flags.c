#include <string.h>
#include <strings.h>

#include "mailnode/imap/talk.h"
#include "store/op_set.h"

static const struct {
	const char	*name;
	uint32_t	 flag;
} names[] = {
	{ "\\Answered", STORE_ANSWERED }, { "\\Flagged", STORE_FLAGGED },
	{ "\\Deleted", STORE_DELETED }, { "\\Seen", STORE_SEEN },
	{ "\\Draft", STORE_DRAFT }, { "$Forwarded", STORE_PASSED },
};

/* Tags that stand for flags in notmuch must not be keywords of their own;
 * these have one spelling, keywords being alike in any case. */
static const char *const spelled[] = {
	"$Junk", "$NotJunk", "$Phishing", "$MDNSent", "$SubmitPending",
	"$Submitted", "$Important", "Junk", "NonJunk", "NotJunk", NULL
};
static const char *const disguised[] = {
	"unread", "flagged", "replied", "passed", "draft", "deleted", NULL
};

static const char *
one_of(const char *const *list, const struct lex_str *s)
{
	for (; *list != NULL; list++)
		if (lex_is(s, *list))
			return *list;
	return NULL;
}

bool
flag_one(const struct lex_str *s, struct flag_list *out)
{
	size_t i, n = strlen(out->keywords);
	const char *word = one_of(spelled, s);

	for (i = 0; i < sizeof names / sizeof names[0]; i++)
		if (lex_is(s, names[i].name)) {
			out->flags |= names[i].flag;
			return true;
		}
	/* Ours to give, not to be stored. */
	if (lex_is(s, "\\Recent") || one_of(disguised, s) != NULL)
		return true;
	if (word == NULL)
		word = s->p;
	if (!set_keyword_ok(word) || !mail_tag_ok(word) ||
	    n + s->n + 2 > sizeof out->keywords)
		return false;
	if (n > 0)
		out->keywords[n++] = ' ';
	memcpy(out->keywords + n, word, s->n);
	out->keywords[n + s->n] = '\0';
	return true;
}

bool
flag_list(struct lex_at *at, bool bare, struct flag_list *out)
{
	struct lex_str s;
	bool parens = lex_open(at), some = false;

	memset(out, 0, sizeof *out);
	if (!parens && !bare)
		return false;
	if (!parens && lex_end(at))
		return false;
	for (; lex_atom(at, &s); some = true)
		if (!flag_one(&s, out))
			return false;
	return parens ? lex_close(at) : some;
}
