/* Flags and keywords, of commands and in answers. */
#include <stdio.h>
#include <string.h>

#include "mailnode/imap/talk.h"

static const struct lex_name names[] = {
	{ "\\Answered", STORE_ANSWERED }, { "\\Flagged", STORE_FLAGGED },
	{ "\\Deleted", STORE_DELETED }, { "\\Seen", STORE_SEEN },
	{ "\\Draft", STORE_DRAFT }, { "$Forwarded", STORE_PASSED },
	{ "\\Recent", FLAG_RECENT },	/* ours to give, not to be stored */
	{ NULL, 0 }
};

/* ---- of commands ---- */

bool
flag_one(struct lex *l, struct flag_list *out)
{
	size_t n = strlen(out->keywords);
	unsigned int flag;
	struct lex_str s;
	const char *tag;

	if (lex_one_of(l, names, &flag)) {
		out->flags |= flag & ~(unsigned int)FLAG_RECENT;
		return true;
	}
	if (!lex_atom(l, &s) || (tag = tag_of_keyword(s.p)) == NULL ||
	    n + s.n + 2 > sizeof out->keywords)
		return false;
	if (*tag != '\0')
		(void)snprintf(out->keywords + n, sizeof out->keywords - n,
		    "%s%s", n > 0 ? " " : "", tag);
	return true;
}

bool
flag_list(struct lex *l, bool bare, struct flag_list *out)
{
	bool parens = lex_open(l);

	memset(out, 0, sizeof *out);
	if (!parens && (!bare || lex_end(l)))
		return false;
	while (parens ? !lex_close(l) : !lex_end(l))
		if (!flag_one(l, out))
			return false;
	return true;
}

/* ---- in answers ---- */

/* A keyword that the client has not heard of goes into FLAGS, which
 * send_out() tells first.  False: there is no room for it. */
static bool
note_keyword(struct session *s, const char *word)
{
	struct view *v = &s->view;
	const char *list = buf_str(&v->keywords);

	if (list == NULL || tag_in(list, word))
		return list != NULL;
	if (buf_addf(&v->keywords, " %s", word) == -1) {
		v->keywords.err = 0;
		return false;
	}
	v->untold = true;
	return true;
}

void
put_flags(struct session *s, struct buf *b, uint32_t flags, const char *tags)
{
	const struct lex_name *name;
	char word[MAIL_TAGS_MAX];

	(void)buf_addc(b, '(');
	for (name = names; name->name != NULL; name++)
		if (flags & name->v)
			put_word(b, name->name);
	while (tag_next(&tags, word, sizeof word))
		if (set_keyword_ok(word) && note_keyword(s, word))
			put_word(b, word);
	(void)buf_addc(b, ')');
}

/* RFC 3501 section 7.1: what stands in FLAGS alone could not be kept. */
void
tell_flags(struct session *s)
{
	static const char flags[] = "\\Answered \\Flagged \\Deleted \\Seen "
	    "\\Draft $Forwarded";
	const char *words = buf_str(&s->view.keywords);

	if (words == NULL)
		words = "";
	line_putf(s->line, "* FLAGS (%s%s)\r\n", flags, words);
	if (s->view.readonly)
		untagged(s, "OK [PERMANENTFLAGS ()] nothing can be changed");
	else
		line_putf(s->line, "* OK [PERMANENTFLAGS (%s%s \\*)] kept\r\n",
		    flags, words);
	s->view.untold = false;
}
