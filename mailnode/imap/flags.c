/* Flags and keywords, of commands and in answers. */
#include <stdio.h>
#include <string.h>

#include "mailnode/imap/talk.h"
#include "store/op_set.h"

static const struct lex_name names[] = {
	{ "\\Answered", STORE_ANSWERED }, { "\\Flagged", STORE_FLAGGED },
	{ "\\Deleted", STORE_DELETED }, { "\\Seen", STORE_SEEN },
	{ "\\Draft", STORE_DRAFT }, { "$Forwarded", STORE_PASSED },
	{ "\\Recent", 0 },		/* ours to give, not to be stored */
	{ NULL, 0 }
};

/* ---- of commands ---- */

bool
flag_one(struct lex_at *at, struct flag_list *out)
{
	size_t n = strlen(out->keywords);
	unsigned int flag;
	struct lex_str s;
	const char *tag;

	if (lex_one_of(at, names, &flag)) {
		out->flags |= flag;
		return true;
	}
	if (!lex_atom(at, &s) || (tag = tag_of_keyword(s.p)) == NULL ||
	    n + s.n + 2 > sizeof out->keywords)
		return false;
	if (*tag != '\0')
		(void)snprintf(out->keywords + n, sizeof out->keywords - n,
		    "%s%s", n > 0 ? " " : "", tag);
	return true;
}

bool
flag_list(struct lex_at *at, bool bare, struct flag_list *out)
{
	bool parens = lex_open(at);

	memset(out, 0, sizeof *out);
	if (!parens && (!bare || lex_end(at)))
		return false;
	while (parens ? !lex_close(at) : !lex_end(at))
		if (!flag_one(at, out))
			return false;
	return true;
}

/* ---- in answers ---- */

/* A keyword that the client has not heard of goes into FLAGS first. */
static void
note_keyword(struct session *s, const char *word)
{
	char *list = s->view.keywords;
	size_t n = strlen(word), len = strlen(list);

	if (tag_in(list, word) || len + n + 2 > sizeof s->view.keywords)
		return;
	(void)snprintf(list + len, n + 2, " %s", word);
	tell_flags(s);
}

void
put_flags(struct session *s, struct buf *b, uint32_t flags, const char *tags)
{
	const struct lex_name *name;
	char word[MAIL_TAGS_MAX];
	size_t n;

	(void)buf_addc(b, '(');
	for (name = names; name->name != NULL; name++)
		if (flags & name->v)
			put_word(b, name->name);
	for (; *tags != '\0'; tags += n + (tags[n] == ' ')) {
		n = strcspn(tags, " ");
		if (n == 0 || n >= sizeof word)
			continue;
		memcpy(word, tags, n);
		word[n] = '\0';
		if (!set_keyword_ok(word))
			continue;
		note_keyword(s, word);
		put_word(b, word);
	}
	(void)buf_addc(b, ')');
}

void
tell_flags(struct session *s)
{
	line_putf(s->line, "* FLAGS (\\Answered \\Flagged \\Deleted \\Seen "
	    "\\Draft $Forwarded%s)\r\n", s->view.keywords);
}
